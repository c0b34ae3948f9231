"""Streams of five formats that run by themselves, and crowds that compare every received byte with the sent ones."""
import http.client
import re
import selectors
import socket
import ssl
import threading
import time

import media
from facts import Failed
from harness import request
from tls_bench import tls

TITLED = 1000   # bytes of audio between the titles inside an encoder's stream


class Stream:
    """One encoder, in real time and some seconds ahead; `sent`: all bytes after the headers, `head`: the headers."""

    def __init__(self, server, mount, kind, seconds, frame, head=b"", login="source:src-secret", form="SOURCE", secure=False):
        self.mount, self.frame, self.seconds, self.head, self.form = mount, frame, seconds, head, form
        self.sent, self.number, self.failed, self.wire_bytes = bytearray(), 0, None, 0
        lines = ["Content-Type: " + ("audio/x-unknown" if kind == "opaque" else media.KINDS[kind].content_type)]
        first = "SOURCE %s HTTP/1.0"
        if form == "chunked":
            first, lines = "PUT %s HTTP/1.1", [*lines, "Host: x", "Transfer-Encoding: chunked"]
        if form == "titled":
            lines.append("icy-metaint: %d" % TITLED)
        opened = socket.create_connection((server.host, server.tls_port if secure else server.given_port), 10)
        self.socket = tls()(opened) if secure else opened
        self.socket.settimeout(30)
        self.socket.sendall(request(first % mount, lines, login))
        answer = self.socket.recv(4096)
        if b" 200 " not in answer.split(b"\r\n")[0]:
            raise Failed("%s refused: %r" % (mount, answer[:80]))
        if head:
            self.put(head)
        self.begin = time.monotonic()

    def put(self, data):
        if self.form == "chunked":
            data = b"%x\r\n%s\r\n" % (len(data), data)
        elif self.form == "titled":
            out, at = b"", 0
            while at < len(data):
                part = data[at:at + TITLED - self.wire_bytes % TITLED]
                at, self.wire_bytes = at + len(part), self.wire_bytes + len(part)
                out += part
                if self.wire_bytes % TITLED == 0:
                    text = b"StreamTitle='%d';" % (self.wire_bytes // TITLED // 40) if self.wire_bytes // TITLED % 40 == 1 else b""
                    out += bytes([(len(text) + 15) // 16]) + text.ljust((len(text) + 15) // 16 * 16, b"\0")
            data = out
        self.socket.sendall(data)

    def play(self, now, ahead=4.0):
        due = int((now - self.begin + ahead) / self.seconds)
        if due <= self.number or self.failed:
            return
        data = b"".join(self.frame(number) for number in range(self.number, due))
        self.number = due
        self.sent += data   # noted first, because a listener may receive it before sendall() returns
        try:
            self.put(data)
        except OSError as e:
            self.failed = "the encoder of %s: %s" % (self.mount, e)


class Witness:
    """Compares the received bytes with the sent ones; `wrong`: the differences, `longest`: the longest silence in
    seconds since it was set to 0."""

    def __init__(self, server, stream, path=None, secure=False):
        self.stream, self.rest, self.at, self.wrong, self.ended = stream, b"", None, [], False
        self.longest, self.last, self.bytes, self.name = 0.0, time.monotonic(), 0, path or stream.mount
        opened = socket.create_connection((server.host, server.tls_port if secure else server.given_port), 10)
        self.socket = tls()(opened) if secure else opened
        self.socket.sendall(("GET %s HTTP/1.0\r\nHost: x\r\n\r\n" % (path or stream.mount)).encode())
        while b"\r\n\r\n" not in self.rest:
            data = self.socket.recv(4096)
            if not data:
                raise Failed("%s: no answer: %r" % (self.name, self.rest[:60]))
            self.rest += data
        answer, self.rest = self.rest.split(b"\r\n\r\n", 1)
        if b" 200 " not in answer.split(b"\r\n")[0]:
            raise Failed("%s: refused: %r" % (self.name, answer[:80]))
        self.socket.setblocking(False)

    def ready(self):
        while not self.ended:
            try:
                data = self.socket.recv(1 << 16)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError:
                data = b""
            if not data:
                self.ended = True
                return
            now = time.monotonic()
            self.longest, self.last = max(self.longest, now - self.last), now
            self.take(data)

    def take(self, data):
        sent = self.stream.sent
        self.bytes += len(data)
        if self.at is None:
            self.rest += data
            if len(self.rest) < len(self.stream.head) + 1000:
                return
            if self.rest.startswith(self.stream.head):
                self.rest = self.rest[len(self.stream.head):]
            self.at, data = sent.find(self.rest[:600]), self.rest
            if self.at < 0:
                self.wrong.append("its first bytes were not sent: %r" % self.rest[:60])
                self.at, self.rest = None, b""
                return
            self.rest = b""
        if sent[self.at:self.at + len(data)] == data:
            self.at += len(data)
            return
        found = sent.find(data[-600:])
        self.wrong.append("at byte %d of %s: %d bytes on" % (self.at, self.name, found + len(data[-600:]) - self.at - len(data)))
        self.at, self.rest = None, b""


class Player:
    """A player of HLS: fetches each segment once, in order, over one connection, and compares it."""

    def __init__(self, server, stream, path, number):
        self.stream, self.wrong, self.last, self.at, self.segments = stream, [], None, None, 0
        self.wire = http.client.HTTPConnection(server.host, server.given_port, timeout=20)
        self.agent, self.longest, self.heard = "player/%d" % number, 0.0, time.monotonic()
        self.path = re.search(r"(?m)^[^#\n].*$", self.get(path).decode())[0]
        if not self.path.startswith("/"):
            self.path = path.rsplit("/", 1)[0] + "/" + self.path

    def get(self, path):
        self.wire.request("GET", path, headers={"User-Agent": self.agent})
        reply = self.wire.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise Failed("%s: %d" % (path, reply.status))
        return body

    def poll(self):
        try:
            self.look(self.get(self.path).decode())
        except (OSError, http.client.HTTPException, Failed) as e:
            self.wrong.append("%s: %r" % (self.agent, e))
            self.wire.close()

    def look(self, text):
        if "#EXT-X-DISCONTINUITY\n" in text:
            self.wrong.append("a discontinuity")
        found = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)
        if not found:
            raise Failed("a list of segments was %r" % text)
        number = int(found[1])
        for uri in re.findall(r"(?m)^[^#\n].*$", text):
            if self.last is None or number == self.last + 1:
                self.last = number
                self.hear(self.get(self.path.rsplit("/", 1)[0] + "/" + uri if not uri.startswith("/") else uri))
            elif number > self.last:
                self.wrong.append("segment %d behind %d" % (number, self.last))
                self.last = number
            number += 1

    def hear(self, body):
        tag = body[6:10]
        sound = body[10 + (tag[0] << 21 | tag[1] << 14 | tag[2] << 7 | tag[3]):]
        now = time.monotonic()
        self.longest, self.heard, self.segments = max(self.longest, now - self.heard), now, self.segments + 1
        at = self.stream.sent.find(sound[:600]) if self.at is None else self.at
        if at < 0 or self.stream.sent[at:at + len(sound)] != sound:
            self.wrong.append("segment %d is not what was sent" % self.last)
            self.at = None
        else:
            self.at = at + len(sound)


class Everything:
    """Encoders on a thread, witnesses on another, players on a third, until it is closed."""

    def __init__(self):
        self.streams, self.witnesses, self.players, self.going = [], [], [], True
        self.selector = selectors.DefaultSelector()
        self.threads = []

    def add(self, witness):
        self.witnesses.append(witness)
        self.selector.register(witness.socket, selectors.EVENT_READ, witness)

    def play(self):
        while self.going:
            for stream in list(self.streams):
                stream.play(time.monotonic())
            time.sleep(0.04)

    def hear(self):
        while self.going:
            for key, _ in self.selector.select(0.1):
                key.data.ready()
                if key.data.ended:
                    self.selector.unregister(key.fileobj)

    def watch(self):
        while self.going:
            begin = time.monotonic()
            for player in self.players:
                player.poll()
            time.sleep(max(0.0, 2 - (time.monotonic() - begin)))

    def run(self, *works):
        for work in works:
            self.threads.append(threading.Thread(target=work, daemon=True))
            self.threads[-1].start()

    def gaps(self):
        """The longest silence since the last call: of witnesses, and of players (between two segments)."""
        found = (max((w.longest for w in self.witnesses), default=0), max((p.longest for p in self.players), default=0))
        for one in self.witnesses + self.players:
            one.longest = 0.0
        return found

    def wrong(self):
        found = [stream.failed for stream in self.streams if stream.failed]
        for witness in self.witnesses:
            found += witness.wrong + (["%s was disconnected" % witness.name] if witness.ended else [])
            found += [] if witness.at else ["%s has heard nothing" % witness.name]
        for player in self.players:
            found += player.wrong
        return found

    def close(self):
        self.going = False
        for thread in self.threads:
            thread.join(25)
        for one in self.witnesses + self.streams:
            one.socket.close()
