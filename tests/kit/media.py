"""Streams whose every byte is known: numbered units in several formats, and checks of the received ones."""
import itertools
import struct
import zlib


class Broken(Exception):
    """A listener received something else than the stream."""


# --- MP3: MPEG-1 layer III, 128 kbit/s, 48 kHz: 384 bytes a frame, no padding ----------------------
MP3_FRAME = 384
MP3_HEADER = b"\xff\xfb\x94\x00"


def mp3_frame(tag, number):
    return MP3_HEADER + bytes(32) + b"<%s%09d>" % (tag.encode(), number) * 29


def numbers_of(data, frame, size, at):
    """The (tag, number) of every frame; `data` must consist of whole frames; `at`: the place of a frame's tag."""
    found = []
    for begin in range(0, len(data) - size + 1, size):
        given = data[begin:begin + size]
        try:
            tag, number = given[at:at + 1].decode("ascii"), int(given[at + 1:at + 10])
            whole = frame(tag, number)
        except ValueError:
            whole = b""
        if given != whole:
            raise Broken("no whole frame at byte %d: %r" % (begin, given[:60]))
        found.append((tag, number))
    return found


def mp3_units(tag):
    return (mp3_frame(tag, number) for number in itertools.count())


def mp3_numbers(data):
    return numbers_of(data, mp3_frame, MP3_FRAME, 37)


# --- AAC in ADTS: 44.1 kHz, stereo, 300 bytes a frame -----------------------------------------------
ADTS_FRAME = 300


def adts_frame(tag, number):
    size = ADTS_FRAME
    header = bytes([0xFF, 0xF1, 0x50, 0x80 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC])
    body = b"<%s%09d>" % (tag.encode(), number) * 25
    return (header + body)[:size]


def short_adts(rate):
    """The shortest frame, 8 bytes, of 4096 samples; rate: its index, of which 12 is 7350 Hz, the lowest."""
    return bytes([0xFF, 0xF1, 0x40 | rate << 2, 0x80, 1, 0x1F, 0xFF, 0])


def adts_units(tag):
    return (adts_frame(tag, number) for number in itertools.count())


def adts_numbers(data):
    return numbers_of(data, adts_frame, ADTS_FRAME, 8)


# --- Ogg Opus: two header pages, then 20 ms a packet, one packet a page ------------------------------
REVERSED = bytes(int("{:08b}".format(byte)[::-1], 2) for byte in range(256))


def ogg_crc(page):
    """Ogg's checksum is that of zlib with the bits of each byte, and those of the result, in the other order."""
    turned = zlib.crc32(page.translate(REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(turned.to_bytes(4, "little").translate(REVERSED), "big")


def ogg_with_serial(data, serial):
    """Whole pages under another serial number."""
    out, at = b"", 0
    while at < len(data):
        body = at + 27 + data[at + 26]
        end = body + sum(data[at + 27:body])
        head = data[at:at + 14] + struct.pack("<I", serial) + data[at + 18:at + 22]
        crc = ogg_crc(head + bytes(4) + data[at + 26:end])
        out, at = out + head + struct.pack("<I", crc) + data[at + 26:end], end
    return out


def ogg_page(packet, serial, sequence, granule, flags=0):
    lacing = [255] * (len(packet) // 255) + [len(packet) % 255]
    page = bytearray(b"OggS\0" + struct.pack("<BqIII", flags, granule, serial, sequence, 0) + bytes([len(lacing), *lacing]) + packet)
    page[22:26] = struct.pack("<I", ogg_crc(page))
    return bytes(page)


def ogg_packets(packets, serial, sequence):
    """Pages with packets of any size, whose granule is 0."""
    body, lacing, begins = b"".join(packets), [], []
    for packet in packets:
        begins += [True] + [False] * (len(packet) // 255)
        lacing += [255] * (len(packet) // 255) + [len(packet) % 255]
    out = b""
    for at in range(0, len(lacing), 255):
        some = lacing[at:at + 255]
        page = bytearray(b"OggS\0" + struct.pack("<BqIII", 0 if begins[at] else 1, 0, serial, sequence + at // 255, 0) + bytes([len(some), *some]) + body[:sum(some)])
        page[22:26] = struct.pack("<I", ogg_crc(page))
        out, body = out + bytes(page), body[sum(some):]
    return out


def opus_headers(serial, title="", artist=""):
    comments = [c.encode() for c in ("TITLE=" + title, "ARTIST=" + artist) if not c.endswith("=")]
    tags = b"OpusTags" + struct.pack("<I", 4) + b"test" + struct.pack("<I", len(comments))
    tags += b"".join(struct.pack("<I", len(c)) + c for c in comments)
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 312, 48000, 0, 0)
    return ogg_page(head, serial, 0, 0, 2) + ogg_page(tags, serial, 1, 0)


def opus_page(serial, number, last=False):
    packet = b"\xfc" + b"<A%09d>" % number * 20
    return ogg_page(packet, serial, number + 2, (number + 1) * 960, 4 if last else 0)


def opus_units(_tag, serial=4711):
    """The first unit is the headers."""
    yield opus_headers(serial, "First Title", "Some Artist")
    number = 0
    while True:
        yield opus_page(serial, number)
        number += 1


def ogg_pages(data):
    """[(serial, sequence, flags, granule, body)]; the last page may be cut off."""
    pages, at = [], 0
    while at + 27 <= len(data):
        if data[at:at + 5] != b"OggS\0":
            raise Broken("no Ogg page at byte %d: %r" % (at, data[at:at + 40]))
        flags, granule, serial, sequence, crc, segments = struct.unpack("<BqIIIB", data[at + 5:at + 27])
        body = at + 27 + segments
        end = body + sum(data[at + 27:body])
        if body > len(data) or end > len(data):
            break
        packet = data[body:end]
        if ogg_crc(data[at:at + 22] + bytes(4) + data[at + 26:end]) != crc:
            raise Broken("Ogg page at byte %d has a wrong checksum" % at)
        pages.append((serial, sequence, flags, granule, packet))
        at = end
    return pages


# --- WebM: EBML head, an endless segment, one block a cluster -----------------------------------------
def _element(identifier, body):
    return identifier + struct.pack(">Q", len(body) | 1 << 56)[0:8] + body


def webm_head():
    ebml = _element(b"\x1a\x45\xdf\xa3", _element(b"\x42\x82", b"webm") + _element(b"\x42\x87", b"\2") + _element(b"\x42\x85", b"\2"))
    info = _element(b"\x15\x49\xa9\x66", _element(b"\x2a\xd7\xb1", b"\x0f\x42\x40"))
    track = _element(b"\xd7", b"\1") + _element(b"\x73\xc5", b"\1") + _element(b"\x83", b"\2") + _element(b"\x86", b"A_OPUS")
    tracks = _element(b"\x16\x54\xae\x6b", _element(b"\xae", track))
    return ebml + b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" + info + tracks


def webm_cluster(number):
    block = b"\x81\0\0\x80" + b"<A%09d>" % number * 25
    return _element(b"\x1f\x43\xb6\x75", _element(b"\xe7", struct.pack(">I", number * 20)) + _element(b"\xa3", block))


def webm_units(_tag):
    """The first unit is the head."""
    yield webm_head()
    number = 0
    while True:
        yield webm_cluster(number)
        number += 1


class Kind:
    def __init__(self, content_type, units):
        self.content_type, self.units = content_type, units


KINDS = {
    "mp3": Kind("audio/mpeg", mp3_units),
    "aac": Kind("audio/aac", adts_units),
    "opus": Kind("audio/ogg", opus_units),
    "webm": Kind("audio/webm", webm_units),
    "opaque": Kind("application/x-unknown", mp3_units),
}
