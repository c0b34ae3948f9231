"""Recordings written as files, like those that a server leaves, so that hours of them take no time."""
import datetime
import json
import re
import struct

from harness import ADMIN, open_folder
from media import MP3_FRAME, mp3_frame


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0x82F63B78 if value & 1 else value >> 1
        table.append(value)
    return table


TABLE = crc_table()


def passed(crc, data):
    table = TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def crc32c(data, before=0):
    return passed(before ^ 0xFFFFFFFF, data) ^ 0xFFFFFFFF


class FrameSums:
    """Checksums of frames of mp3_frame(), without a step for each byte: a checksum is linear, so a frame adds that of the
    text in it, which is there 29 times, to what the frames before it have become."""

    def __init__(self):
        text = len(b"<S%09d>" % 0)
        self.head = passed(passed(0, mp3_frame("S", 0)[:36]), bytes(MP3_FRAME - 36))
        self.over_frame = self.tables(lambda crc: passed(crc, bytes(MP3_FRAME)))
        self.over_text = self.tables(lambda crc: passed(crc, bytes(text)))
        self.repeated = self.tables(self.repeat)

    @staticmethod
    def tables(step):
        bits, tables = [step(1 << bit) for bit in range(32)], []
        for part in range(4):
            table = [0]
            for bit in bits[8 * part:8 * part + 8]:
                table += [one ^ bit for one in table]
            tables.append(table)
        return tables

    @staticmethod
    def through(tables, crc):
        a, b, c, d = tables
        return a[crc & 0xFF] ^ b[crc >> 8 & 0xFF] ^ c[crc >> 16 & 0xFF] ^ d[crc >> 24]

    def repeat(self, crc):
        whole = 0
        for _ in range((MP3_FRAME - 36) // 12):
            whole = self.through(self.over_text, whole) ^ crc
        return whole

    def of(self, first, count):
        crc = 0xFFFFFFFF
        for number in range(first, first + count):
            crc = self.through(self.over_frame, crc) ^ self.head ^ self.through(self.repeated, passed(0, b"<S%09d>" % number))
        return crc ^ 0xFFFFFFFF


def record(kind, payload):
    front = struct.pack("<BH", kind, len(payload))
    return front + struct.pack("<I", crc32c(payload, crc32c(front))) + payload


def mark(offset, samples, wall_ms, crc, kind=2):
    return record(kind, struct.pack("<QQqI", offset, samples, wall_ms, crc))


class Recording:
    """Numbered frames at a fixed rate from a wall time on, in closed files of 300 s."""

    RATE = 48000

    def __init__(self, begin_s, seconds, frames_a_second=42, identity=0x1122334455667788):
        self.begin_s, self.frames_a_second, self.identity = begin_s, frames_a_second, identity
        self.seconds = [(b"".join(mp3_frame("S", second * frames_a_second + i) for i in range(frames_a_second)))
                        for second in range(seconds)]
        sums = FrameSums()
        self.sums = [sums.of(second * frames_a_second, frames_a_second) for second in range(seconds)]

    def number_at(self, wall_s):
        return int((wall_s - self.begin_s) * self.frames_a_second)

    def wall_of(self, number):
        return self.begin_s + number / self.frames_a_second

    @property
    def bytes_a_second(self):
        return self.frames_a_second * MP3_FRAME

    def write(self, directory, mount="%2Flive%2Emp3", skip=0, inner=False):
        """skip: seconds that this node has missed at the beginning. inner: this node has marks within the seconds."""
        cell = skip
        while cell < len(self.seconds):
            end = min(cell + 300 - (self.begin_s + cell) % 300, len(self.seconds))
            self.write_file(directory / mount, cell, end, inner)
            cell = end

    def write_file(self, directory, first, end, inner=False):
        wall = self.begin_s + first
        origin = first * self.bytes_a_second
        day = directory / datetime.datetime.fromtimestamp(wall, datetime.timezone.utc).strftime("%Y-%m-%d")
        day.mkdir(parents=True, exist_ok=True)
        stem = day / ("%d-%08x-%x" % (wall, self.identity >> 32, origin))
        kind = b"audio/mpeg"
        head = struct.pack("<BQQQQIqBQQqI", 1, self.identity, 1, origin, first * self.RATE, self.RATE, wall * 1000, 1,
                           0, 0, self.begin_s * 1000, 6000) + struct.pack("<H", len(kind)) + kind
        index = record(1, head) + mark(0, first * self.RATE, wall * 1000, 0)
        for i in range(first, end):
            offset = (i + 1 - first) * self.bytes_a_second
            crc = self.sums[i]
            if inner:
                part = 10 * MP3_FRAME
                index += mark(offset - self.bytes_a_second + part, i * self.RATE + 10 * 1152, (self.begin_s + i) * 1000 + 240, crc32c(self.seconds[i][:part]))
                crc = crc32c(self.seconds[i][part:])
            index += mark(offset, (i + 1) * self.RATE, (self.begin_s + i + 1) * 1000, crc, kind=2 if i + 1 < end else 5)
        stem.with_name(stem.name + ".data").write_bytes(b"".join(self.seconds[first:end]))
        stem.with_name(stem.name + ".idx").write_bytes(index)
        for path in (directory, day):
            path.chmod(0o777)
        for path in day.iterdir():
            path.chmod(0o666)


def directory(b, number):
    return open_folder(b.dir / ("archive%d" % number))


def metric(server, name):
    text = server.get("/metrics", ADMIN).text
    found = re.search(r"^%s (\S+)$" % re.escape(name), text, re.M)
    return float(found.group(1)) if found else 0.0


def places(server):
    document = json.loads(server.get("/admin/archive.json", ADMIN).text)
    return [name for each in document["mounts"] for part in each["ranges"] for name in part["where"]]
