"""Ogg with pages as a test needs them: packets of ffmpeg on full pages, as libogg writes them."""
import bisect
import struct
import subprocess
import time

from media import ogg_crc
from threads import Threaded

NOISE = "anoisesrc=r=%d:a=0.5:seed=1[a];anoisesrc=r=%d:a=0.5:seed=2[b];[a][b]join=inputs=2:channel_layout=stereo[o]"


def encoded(path, rate, seconds, options):
    """Noise in two channels, encoded by ffmpeg."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-filter_complex", NOISE % (rate, rate), "-map", "[o]", "-t", str(seconds), *options, str(path)],
                   check=True, stdin=subprocess.DEVNULL)
    return path.read_bytes()


def pages_of(data):
    """(bytes, flags, granule, lacing) of each whole page."""
    at = 0
    while at + 27 <= len(data) and data[at:at + 4] == b"OggS":
        segments = data[at + 26]
        lacing = data[at + 27:at + 27 + segments]
        size = 27 + segments + sum(lacing)
        if at + size > len(data):
            return
        yield data[at:at + size], data[at + 5], struct.unpack("<q", data[at + 6:at + 14])[0], lacing
        at += size


def packets_of(data):
    """[(packet, granule of the page where it ends, number of packets that end there after it)]; the rest of a packet
    that began before is left out."""
    found, part = [], None
    for page, flags, granule, lacing in pages_of(data):
        if not flags & 1:
            part = b""
        at, ended = 27 + len(lacing), []
        for value in lacing:
            if part is not None:
                part += page[at:at + value]
            at += value
            if value < 255:
                if part is not None:
                    ended.append(part)
                part = b""
        found += [(packet, granule, len(ended) - 1 - i) for i, packet in enumerate(ended)]
    return found


def page(flags, granule, serial, number, lacing, body):
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, serial, number, 0) + bytes([len(lacing)]) + bytes(lacing)
    whole = head + body
    return whole[:22] + struct.pack("<I", ogg_crc(whole)) + whole[26:]


class Stream:
    """A recording of one logical stream: its header pages, and its media pages with their end times."""

    def __init__(self, data, rate, packet_samples, full_pages):
        self.rate, self.packet_samples = rate, packet_samples
        pages = list(pages_of(data))
        first = next(i for i, (_, _, granule, lacing) in enumerate(pages) if i > 0 and granule != 0)
        self.headers = b"".join(whole for whole, _, _, _ in pages[:first])
        media = b"".join(whole for whole, _, _, _ in pages[first:])
        self.packets = [packet for packet, _, _ in packets_of(media)]
        self.index = {packet: i for i, packet in enumerate(self.packets)}
        self.pages = self.repaged(struct.unpack("<I", data[14:18])[0], first) if full_pages else self.timed(pages[first:])

    def timed(self, pages):
        """A page without the end of a packet has the time of the next one."""
        out, when = [], 0.0
        for whole, _, granule, _ in reversed(pages):
            when = granule / self.rate if granule >= 0 else when
            out.append((when, whole))
        return out[::-1]

    def longest_page(self):
        return max(b - a for (a, _), (b, _) in zip(self.pages, self.pages[1:]))

    def repaged(self, serial, number):
        """The same packets on pages of 255 segments, wherever they begin."""
        out, lacing, body, granule, ended, torn = [], [], b"", -1, 0, 0
        for i, packet in enumerate(self.packets):
            values = [255] * (len(packet) // 255) + [len(packet) % 255]
            at = 0
            for value in values:
                lacing.append(value)
                body += packet[at:at + value]
                at += value
                if value < 255:
                    granule = ended = (i + 1) * self.packet_samples
                if len(lacing) == 255:
                    out.append((ended / self.rate, page(torn, granule, serial, number, lacing, body)))
                    number, torn = number + 1, 1 if lacing[-1] == 255 else 0
                    lacing, body, granule = [], b"", -1
        return out

    def seconds_of(self, packet):
        return self.index[packet] * self.packet_samples / self.rate

    def torn_pages(self):
        return sum(whole[5] & 1 for _, whole in self.pages)


class Player(Threaded):
    """Sends a stream in real time; began: the wall time of its first sample."""

    def __init__(self, bench, source, stream):
        self.source, self.stream = source, stream
        source.send(stream.headers)
        self.began = time.time()
        self.start(bench)

    def run(self):
        begin, times = time.monotonic(), [when for when, _ in self.stream.pages]
        sent = 0
        while self.going and sent < len(times):
            due = bisect.bisect_right(times, time.monotonic() - begin)
            for _, whole in self.stream.pages[sent:due]:
                try:
                    self.source.send(whole)
                except OSError:
                    return
            sent = max(sent, due)
            time.sleep(0.02)
