"""Real encoders (ffmpeg), a listener that notes the time of each byte, and strict parsers of the received bytes."""
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time

from harness import SOURCE, Failed, check, equal
from media import ogg_crc
from tasks import freeze

FORMATS = {
    "mp3": ("audio/mpeg", ["-c:a", "libmp3lame", "-b:a", "128k", "-f", "mp3"]),  # LAME's defaults: a reservoir
    "aac": ("audio/aac", ["-c:a", "aac", "-b:a", "96k", "-f", "adts"]),
    "vorbis": ("audio/ogg", ["-c:a", "libvorbis", "-page_duration", "100000", "-f", "ogg"]),
    "opus": ("audio/ogg", ["-c:a", "libopus", "-page_duration", "100000", "-f", "ogg"]),
    "flac": ("audio/ogg", ["-c:a", "flac", "-page_duration", "100000", "-f", "ogg"]),
}
# The longest pause between two pages (or frames) of a flowing stream, with ffmpeg's own timing included.
PULSE = 0.25


class Encoder:
    """ffmpeg in real time."""

    def __init__(self, bench, server, kind, login=SOURCE, tone=440, mount="/live", options=(), sound="sine=%d:sample_rate=44100"):
        content_type, codec = FORMATS[kind]
        self.process = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", sound % tone, "-ac", "2",
             *options, *codec, "-flush_packets", "1", "-content_type", content_type,
             "icecast://%s@%s:%d%s" % (login, server.host, server.port, mount)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        bench.owned(self)

    def stop(self):
        freeze(self.process.pid)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Ear:
    """A listener on a thread, with all bytes and the times of their arrival."""

    def __init__(self, bench, server, mount="/live", icy=False, port=None, wrap=None):
        """wrap: makes another socket of the connected one, such as one that speaks TLS."""
        self.socket = socket.create_connection((server.host, port or server.port))
        if wrap:
            self.socket = wrap(self.socket)
        lines = "Icy-MetaData: 1\r\n" if icy else ""
        self.socket.sendall(("GET %s HTTP/1.0\r\nHost: x\r\n%s\r\n" % (mount, lines)).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            one = self.socket.recv(1)
            if not one:
                raise Failed("no head: %r" % head)
            head += one
        check(b" 200 OK" in head.split(b"\r\n")[0], "head %r" % head)
        found = re.search(rb"(?i)icy-metaint: *(\d+)", head)
        self.metaint = int(found.group(1)) if found else 0
        self.chunks, self.ended = [], False
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        bench.owned(self)

    def listen(self):
        while True:
            try:
                data = self.socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                self.ended = True
                return
            self.chunks.append((time.monotonic(), data))

    def raw(self):
        return b"".join(data for _, data in list(self.chunks))

    def audio(self):
        """The audio without the ICY blocks, whose positions are checked; and the titles."""
        raw, audio, titles, at = self.raw(), [], [], 0
        if not self.metaint:
            return raw, titles
        while at + self.metaint < len(raw):
            audio.append(raw[at:at + self.metaint])
            at += self.metaint
            size = raw[at] * 16
            text = raw[at + 1:at + 1 + size]
            if len(text) < size:
                return b"".join(audio), titles
            check(not text or text.startswith(b"StreamTitle='"), "ICY block out of phase at %d: %r" % (at, text[:40]))
            if text:
                titles.append(text.rstrip(b"\0").decode())
            at += 1 + size
        return b"".join(audio) + raw[at:], titles

    def longest_pause(self, begin):
        """The longest pause between two arrivals since a moment."""
        times = [when for when, _ in list(self.chunks)]
        pauses = [(b - a, a - begin) for a, b in zip(times, times[1:]) if b > begin]
        return max(pauses, default=(0, 0))[0]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(5)
        self.socket.close()


# -- strict parsers: every byte must belong to a whole unit, except at the end ---------------------

def parse_mp3(data):
    rates = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
    at = frames = 0
    while at + 4 <= len(data):
        head = data[at:at + 4]
        check(head[0] == 0xFF and head[1] & 0xFE == 0xFA and 0 < head[2] >> 4 < 15 and head[2] & 0x0C == 0,
              "no frame at %d of %d, after %d frames: %r" % (at, len(data), frames, head))
        at += 144000 * rates[head[2] >> 4] // 44100 + (head[2] >> 1 & 1)
        frames += 1
    return frames


def parse_adts(data):
    at = frames = 0
    while at + 7 <= len(data):
        head = data[at:at + 7]
        check(head[0] == 0xFF and head[1] & 0xF6 == 0xF0, "no frame at %d of %d, after %d frames: %r" % (at, len(data), frames, head))
        at += (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        frames += 1
    return frames


def parse_ogg(data):
    """The number of chains.  A chain begins with a BOS page and ends with EOS; its page numbers have no gap, except
    one after the headers, where the listener (or the mount) joined."""
    at, chains, before, stream = 0, 0, None, None
    while at + 27 <= len(data):
        check(data[at:at + 5] == b"OggS\0", "no page at %d of %d: %r" % (at, len(data), data[at:at + 8]))
        flags, granule, serial, number, crc, segments = struct.unpack("<BqIIIB", data[at + 5:at + 27])
        lacing = data[at + 27:at + 27 + segments]
        size = 27 + segments + sum(lacing)
        page = data[at:at + size]
        if len(page) < size:
            break
        equal(ogg_crc(page[:22] + b"\0\0\0\0" + page[26:]), crc, "checksum of the page at %d" % at)
        if flags & 2:
            check(stream is None, "a chain begins at %d before the last one has ended" % at)
            check(serial != before, "the chain at %d has the serial number of the one before it" % at)
            stream, chains = {"serial": serial, "next": 1, "open": False, "granule": 0, "packets": 1, "steps": 0}, chains + 1
            body = page[27 + segments:]
            stream["headers"] = (3 if body[:7] == b"\x01vorbis" else 2 if body[:8] == b"OpusHead"
                                 else 1 + struct.unpack(">H", body[7:9])[0])
        else:
            check(stream is not None, "a page at %d outside of a chain" % at)
            equal(serial, stream["serial"], "serial number of the page at %d" % at)
            if number != stream["next"]:
                check(stream["packets"] == stream["headers"] and not stream["steps"],
                      "page %d at %d, where %d comes" % (number, at, stream["next"]))
                stream["steps"] = 1
            check(bool(flags & 1) == stream["open"] or not lacing, "a packet is torn at %d" % at)
            stream["next"] = number + 1
            if lacing:
                stream["open"] = lacing[-1] == 255
            if stream["packets"] < stream["headers"]:
                stream["packets"] += sum(1 for value in lacing if value < 255)
                check(stream["packets"] <= stream["headers"], "headers and media on one page at %d" % at)
            if granule != -1:
                check(granule >= stream["granule"], "granule goes back at %d" % at)
                stream["granule"] = granule
            if flags & 4:
                check(not stream["open"], "the chain ends within a packet at %d" % at)
                before, stream = serial, None
        at += size
    return chains


PARSERS = {"mp3": parse_mp3, "aac": parse_adts, "vorbis": parse_ogg, "opus": parse_ogg, "flac": parse_ogg}


def full():
    return os.environ.get("LB_FULL") == "1"
