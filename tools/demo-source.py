#!/usr/bin/env python3
"""Sends the pieces in demo/ to a server, round and round: /demo.mp3 and /demo.ogg.

usage: demo-source.py --config FILE [--port N] [--host H]

The source password comes from the configuration of the server.  Nothing is decoded or encoded: MP3
frames go out at their pace with titles set by /admin/metadata; every round of an Ogg piece is a
chained stream with a serial number of its own, whose title is in its comments.
A server that goes away is tried again every two seconds.  Needs Python's own library only.
"""
import argparse
import base64
import encodings.idna  # noqa: F401  socket loads it late, when a dropped user may not be able to
import os
import pathlib
import random
import signal
import socket
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET

ROUNDS = 4          # of one piece before the next
TIMEOUT = 30        # seconds that the server may take for an answer
LEAD = 2.0          # seconds sent ahead, so that the first listener need not wait
DEMO = pathlib.Path(__file__).resolve().parent.parent / "demo"


class Piece:
    """units: (seconds since the beginning of the piece, bytes) in the order of sending."""

    def __init__(self, title, units, seconds):
        self.title, self.units, self.seconds = title, units, seconds


def mp3_piece(path):
    data = path.read_bytes()
    tags = {}
    if data[:3] == b"ID3":
        end = 10 + (data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9])
        at = 10
        while at + 10 <= end and data[at]:
            size = int.from_bytes(data[at + 4:at + 8], "big")
            tags[data[at:at + 4]] = data[at + 11:at + 10 + size].decode("latin-1")
            at += 10 + size
        data = data[end:]
    # make-demo.py writes nothing but 128 kbit/s at 48 kHz.
    size, seconds = 384, 1152 / 48000
    frames = [data[i:i + size] for i in range(0, len(data), size)]
    if not all(f[:3] == data[:3] and len(f) == size for f in frames):
        sys.exit("%s: not what make-demo.py writes" % path)
    batch = 10      # frames in one go: a quarter of a second
    units = [(i * seconds, b"".join(frames[i:i + batch])) for i in range(0, len(frames), batch)]
    title = " - ".join(tags[k] for k in (b"TPE1", b"TIT2") if k in tags)
    return Piece(title, units, len(frames) * seconds)


def crc_table():
    table = []
    for i in range(256):
        r = i << 24
        for _ in range(8):
            r = (r << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if r & 0x80000000 else r << 1
        table.append(r)
    return table


CRC_TABLE = crc_table()


def with_serial(page, serial):
    """An Ogg page with another serial number (RFC 3533)."""
    page = bytearray(page)
    page[14:18] = serial.to_bytes(4, "little")
    page[22:26] = b"\0\0\0\0"
    crc = 0
    for byte in page:
        crc = (crc << 8 & 0xFFFFFFFF) ^ CRC_TABLE[crc >> 24 ^ byte]
    page[22:26] = crc.to_bytes(4, "little")
    return bytes(page)


def ogg_piece(path):
    data, at, units, begun, rate = path.read_bytes(), 0, [], 0.0, 0
    while at < len(data):
        segments = data[at + 26]
        end = at + 27 + segments + sum(data[at + 27:at + 27 + segments])
        page = data[at:end]
        body = page[27 + segments:]
        if body[:7] == b"\x01vorbis":
            rate = int.from_bytes(body[12:16], "little")
        units.append((begun, page))
        granule = int.from_bytes(page[6:14], "little", signed=True)
        if granule > 0:
            begun = granule / rate
        at = end
    return Piece("", units, begun)


class Sender(threading.Thread):
    """Feeds one mount for ever."""

    def __init__(self, options, password, mount, content_type, pieces):
        super().__init__(daemon=True)
        self.address = (options.host, options.port)
        self.login = base64.b64encode(("source:" + password).encode()).decode()
        self.mount, self.content_type, self.pieces = mount, content_type, pieces

    def run(self):
        while True:
            try:
                self.feed()
            except OSError as e:
                print("demo %s: %s; trying again" % (self.mount, e), file=sys.stderr)
            time.sleep(2)

    def feed(self):
        with socket.create_connection(self.address, TIMEOUT) as s:
            s.sendall(("SOURCE %s HTTP/1.0\r\nAuthorization: Basic %s\r\nContent-Type: %s\r\nUser-Agent: icecast-lb-demo\r\n"
                       "ice-name: icecast-lb demo\r\nice-description: Two short loops\r\nice-genre: Demo\r\nice-public: 0\r\n"
                       "ice-bitrate: %d\r\n\r\n" % (self.mount, self.login, self.content_type, self.bitrate())).encode())
            status = s.recv(4096).split(b"\r\n")[0].decode("latin-1")
            if " 200 " not in status + " ":
                raise OSError("refused: " + status)
            begun, played = time.monotonic() - LEAD, 0.0
            while True:
                for piece in self.pieces:
                    threading.Thread(target=self.tell_title, args=(piece.title,), daemon=True).start()
                    for _ in range(ROUNDS):
                        serial = random.getrandbits(31)
                        for at, unit in piece.units:
                            time.sleep(max(0.0, begun + played + at - time.monotonic()))
                            s.sendall(with_serial(unit, serial) if unit[:4] == b"OggS" else unit)
                        played += piece.seconds

    def bitrate(self):
        size = sum(len(unit) for piece in self.pieces for _, unit in piece.units)
        return round(size * 8 / sum(piece.seconds for piece in self.pieces) / 1000)

    def tell_title(self, title):
        if not title:
            return
        query = urllib.parse.urlencode({"mount": self.mount, "mode": "updinfo", "charset": "UTF-8", "song": title})
        try:
            with socket.create_connection(self.address, TIMEOUT) as s:
                s.sendall(("GET /admin/metadata?%s HTTP/1.0\r\nAuthorization: Basic %s\r\n\r\n" % (query, self.login)).encode())
                status = s.recv(4096).split(b"\r\n")[0].decode("latin-1")
        except OSError as e:
            status = str(e)
        if " 200 " not in status + " ":
            print("demo %s: the title was not taken: %s" % (self.mount, status), file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Plays demo/ to a server.")
    parser.add_argument("--config", required=True, help="configuration of the server")
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    root = ET.parse(options.config).getroot()
    options.port = options.port or int(root.findtext("listen-socket/port") or root.findtext("port") or 8000)
    options.host = options.host or root.findtext("listen-socket/bind-address") or "127.0.0.1"
    password = root.findtext("authentication/source-password") or ""
    mp3 = [mp3_piece(p) for p in sorted(DEMO.glob("*.mp3"), reverse=True)]
    ogg = [ogg_piece(p) for p in sorted(DEMO.glob("*.ogg"), reverse=True)]
    if os.getuid() == 0:    # root is not needed from here on
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Sender(options, password, "/demo.mp3", "audio/mpeg", mp3).start()
    Sender(options, password, "/demo.ogg", "application/ogg", ogg).start()
    parent = os.getppid()
    while os.getppid() == parent:   # our parent process has ended: so do we
        time.sleep(1)


main()
