"""Connections of a test: requests, sources and listeners, read with deadlines."""
import base64
import json
import socket
import ssl
import time
import xml.etree.ElementTree as ET

import media
from facts import Failed, Settings, equal


def basic(login):
    if isinstance(login, str):
        login = login.encode()
    return "Basic " + base64.b64encode(login).decode()


def request(line, headers=(), login=None, body=b"", end="\r\n"):
    """The bytes of a request.  headers: lines such as "Range: bytes=0-1"."""
    lines = [line]
    if login:
        lines.append("Authorization: " + basic(login))
    lines += headers
    if body:
        lines.append("Content-Length: %d" % len(body))
    return (end.join(lines) + "\r\n\r\n").encode("latin-1") + body


class Reply:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.head, self.line, self.body = head, lines[0], b""
        self.status = int(self.line.split(" ")[1])
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        return (self.all(name) + [None])[0]

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.text)

    def xml(self):
        return ET.fromstring(self.body)


class Wire:
    """One TCP connection of a test, read with deadlines."""

    def __init__(self, address, receive_buffer=None, source_address=None, wrap=None):
        """wrap: makes another socket of the connected one, such as one that speaks TLS."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source_address:
            self.socket.bind((source_address, 0))
        self.socket.settimeout(Settings.patience)
        self.socket.connect(address)
        if wrap:
            self.socket = wrap(self.socket)
        self.pending, self.ended = b"", False

    def send(self, data):
        self.socket.settimeout(Settings.patience)
        try:
            self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        except socket.timeout:
            raise Failed("the server does not take what is sent to it") from None

    def fill(self, deadline):
        """Receives available bytes; False at the end of the connection."""
        if self.ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise Failed("nothing more came; so far %d bytes: %r" % (len(self.pending), self.pending[-200:]))
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(1 << 16)
        except socket.timeout:
            return self.fill(0)
        except ConnectionError:
            data = b""
        self.ended = not data
        self.pending += data
        return bool(data)

    def take(self, size):
        """Exactly `size` bytes."""
        deadline = time.monotonic() + Settings.patience
        while len(self.pending) < size:
            if not self.fill(deadline):
                raise Failed("closed after %d of %d bytes: %r" % (len(self.pending), size, self.pending[-200:]))
        data, self.pending = self.pending[:size], self.pending[size:]
        return data

    def take_until(self, ending):
        deadline = time.monotonic() + Settings.patience
        while ending not in self.pending:
            if not self.fill(deadline):
                raise Failed("closed before %r, after %r" % (ending, self.pending[-300:]))
        data, self.pending = self.pending.split(ending, 1)
        return data + ending

    def take_all(self, patience=None):
        """Everything until the server closes."""
        deadline = time.monotonic() + (patience or Settings.patience)
        while self.fill(deadline):
            pass
        data, self.pending = self.pending, b""
        return data

    def reply_head(self):
        return Reply(self.take_until(b"\r\n\r\n")[:-4])

    def reply(self):
        """A whole reply, by its Content-Length; without it, until the connection ends."""
        reply = self.reply_head()
        length = reply.get("Content-Length")
        reply.body = self.take_all() if length is None else self.take(int(length))
        return reply

    def expect_silence_and_close(self):
        equal(self.take_all(), b"", "what came before the close")

    def is_open(self):
        """Whether the connection is open, without waiting; received bytes are kept."""
        self.socket.setblocking(False)
        try:
            while True:
                data = self.socket.recv(1 << 16)
                if not data:
                    self.ended = True
                    return False
                self.pending += data
        except (BlockingIOError, ssl.SSLWantReadError):
            return not self.ended
        except ConnectionError:
            self.ended = True
            return False

    def close(self):
        self.socket.close()


class Source(Wire):
    """A logged-in source; sends numbered units, whose numbers continue from call to call."""

    def __init__(self, address, mount, kind, tag, lines, first_line, login, wrap=None, content_type=None):
        super().__init__(address, wrap=wrap)
        self.mount, self.units = mount, media.KINDS[kind].units(tag)
        self.send(request(first_line or "SOURCE %s HTTP/1.0" % mount,
                          ["Content-Type: " + (content_type or media.KINDS[kind].content_type), "ice-public: 0", *lines], login))
        self.welcome = self.reply_head()
        if self.welcome.status == 100:
            self.welcome = self.reply_head()
        if self.welcome.status != 200:
            raise Failed("source %s refused: %s" % (mount, self.welcome.line))

    def play(self, units):
        """Sends this number of units (frames, pages, clusters) and returns their bytes."""
        data = b"".join(next(self.units) for _ in range(units))
        self.send(data)
        return data

    def leave(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.close()


class Listener(Wire):
    """A listener after its head: `audio` has the bytes read so far, `titles` the ICY blocks."""

    def __init__(self, address, mount, lines, version, receive_buffer, login, **options):
        super().__init__(address, receive_buffer, **options)
        self.send(request("GET %s %s" % (mount, version), lines, login))
        self.head = self.reply_head()
        equal(self.head.status, 200, "status of a listener of " + mount)
        self.metaint = int(self.head.get("icy-metaint") or 0)
        self.until_block = self.metaint
        self.audio, self.titles, self.blocks = b"", [], 0

    def read(self, size):
        """`size` more bytes of audio, without the ICY blocks; returns them."""
        wanted = len(self.audio) + size
        while len(self.audio) < wanted:
            part = wanted - len(self.audio)
            if self.metaint:
                if self.until_block == 0:
                    block = self.take(self.take(1)[0] * 16)
                    self.blocks += 1
                    if block:
                        self.titles.append(block.rstrip(b"\0"))
                    self.until_block = self.metaint
                part = min(part, self.until_block)
                self.until_block -= part
            self.audio += self.take(part)
        return self.audio[wanted - size:]

    def read_until(self, wanted):
        """Reads until the audio ends with the bytes `wanted`."""
        while not self.audio.endswith(wanted):
            self.read(1)
        return self.audio

    def read_title(self, wanted):
        while wanted not in self.titles:
            self.read(1)

    def expect_end(self):
        self.take_all()
