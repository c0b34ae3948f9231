"""Listeners that check every byte they hear: numbered units, each once, except where the script has cut a source.

A witness stays connected.  If its server dies or disconnects it, which the script must have caused, it reconnects and
checks from there.  A loose witness may be moved between mounts: each part of one stream is checked.
"""
import re
import socket
import time

import media
from threads import Threaded
from tls_bench import tls

COUNTER = re.compile(rb"<([A-Z])(\d{9})>")


def opus_frame(_tag, number):
    return media.opus_page(4711, number)


FORMATS = {"mp3": media.mp3_frame, "opaque": media.mp3_frame, "aac": media.adts_frame, "opus": opus_frame}


class Frames:
    """Units by tag and number; kept because all witnesses of a mount need the same ones at about the same time."""

    def __init__(self, kind):
        self.make, self.known = FORMATS[kind], {}

    def __call__(self, tag, number):
        frame = self.known.get((tag, number))
        if frame is None:
            if len(self.known) > 4000:
                self.known.clear()
            frame = self.known[tag, number] = self.make(tag, number)
        return frame


class Judge:
    """Checks one connection's audio; `breaks`: (tag, expected number, tag, received number, bytes between, when)."""

    def __init__(self, frames):
        self.frames, self.rest, self.due, self.breaks, self.units = frames, b"", None, [], 0

    def take(self, data):
        self.rest += data
        while self.due:
            frame = self.frames(*self.due)
            if not self.rest.startswith(frame):
                break
            self.rest = self.rest[len(frame):]
            self.due = (self.due[0], self.due[1] + 1)
            self.units += 1
        if len(self.rest) > 2000 or not self.due:
            self.look()

    def look(self):
        """The begin of the next whole unit."""
        for found in COUNTER.finditer(self.rest):
            tag, number = found[1].decode(), int(found[2])
            frame = self.frames(tag, number)
            at = self.rest.find(frame)
            if at < 0:
                continue
            if self.due:
                self.breaks.append((*self.due, tag, number, at, time.monotonic()))
            self.rest, self.due = self.rest[at:], (tag, number)
            return self.take(b"")


class Witness(Threaded):
    def __init__(self, world, name, mount, address, icy=False, secure=False, loose=False):
        self.world, self.name, self.mount, self.address, self.icy, self.secure, self.loose = world, name, mount, address, icy, secure, loose
        self.frames, self.judges, self.at = world.frames[mount], [], None
        self.joins, self.wrong, self.last, self.longest = 0, [], time.monotonic(), 0.0
        self.start()

    # -- its thread
    def run(self):
        while self.going:
            try:
                if self.join():
                    self.hear()
            except OSError as e:
                self.why = str(e)
            if self.going:
                if self.at:
                    self.world.left(self)
                self.at = None
                time.sleep(0.3)

    def join(self):
        address, mount, secure = self.address, self.mount, self.secure
        for _ in range(6):
            self.socket = socket.socket()
            self.socket.bind(("127.0.0.77", 0))
            self.socket.settimeout(10)
            self.socket.connect(address)
            if secure:
                self.socket = tls()(self.socket)
                self.socket.settimeout(10)
            self.socket.sendall(("GET %s HTTP/1.0\r\nHost: x\r\nUser-Agent: witness\r\n%s\r\n" % (
                mount, "Icy-MetaData: 1\r\n" if self.icy else "")).encode())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                one = self.socket.recv(1)
                if not one:
                    self.socket.close()
                    return False
                head += one
            status, text = int(head.split(b" ", 2)[1]), head.decode("latin-1")
            if status != 302:
                break
            self.socket.close()
            scheme, host, port, mount = re.search(r"^Location: (https?)://([^:/]+):(\d+)(\S*)", text, re.M | re.I).groups()
            address, secure = (host, int(port)), scheme == "https"
        if status != 200:
            self.socket.close()
            return False
        found = re.search(r"(?i)icy-metaint: *(\d+)", text)
        self.metaint = int(found[1]) if found and self.icy else 0
        self.at, self.joins, self.last = address, self.joins + 1, time.monotonic()
        self.judge = Judge(self.frames)
        self.judges.append(self.judge)
        return True

    def hear(self):
        left, block, pending = self.metaint, -1, b""
        while self.going:
            data = self.socket.recv(65536)
            if not data:
                return
            now = time.monotonic()
            self.longest, self.last = max(self.longest, now - self.last), now
            if not self.metaint:
                self.judge.take(data)
                continue
            pending += data
            while pending:
                if left > 0:
                    part, pending = pending[:left], pending[left:]
                    left -= len(part)
                    self.judge.take(part)
                    continue
                size = 1 + pending[0] * 16
                if len(pending) < size:
                    break
                text, pending, left = pending[1:size], pending[size:], self.metaint
                if text and not text.startswith(b"StreamTitle='"):
                    self.wrong.append("an ICY block is out of phase: %r" % text[:40])

    def close(self):
        self.going = False
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.thread.join(12)

    # -- results
    def problems(self):
        """Breaks that the script does not explain, each once."""
        found, self.wrong = self.wrong, []
        for judge in self.judges:
            breaks, judge.breaks = judge.breaks, []
            for tag, due, tag_now, number, skipped, when in breaks:
                if tag != tag_now and self.loose:
                    continue
                if tag == tag_now and not skipped and self.world.was_cut(tag, due, number):
                    continue
                if self.loose and not skipped and self.world.moved_within(self.mount, when):
                    continue
                found.append("%s at %s: %s%d was due, %s%d came, %d bytes between" % (
                    self.name, self.at, tag, due, tag_now, number, skipped))
        self.judges = self.judges[-1:]
        return found
