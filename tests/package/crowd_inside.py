"""Inside the booted Debian: an encoder with a counted stream, listeners that check it, connects at a rate.

usage: crowd_inside.py --port N --password P --listeners N [--rate N] --to FILE

FILE.count has the counts, written again each 50 ms; it ends when FILE.end is there.  Whoever is
disconnected comes back at once: encoder and listeners; away is the longest time from the end of a
connection to sound.
"""
import argparse
import base64
import os
import selectors
import socket
import struct
import time

FRAME = 417  # of MP3 at 128 kbit/s, 44.1 kHz: a header, a number, zeros
HEADER = b"\xff\xfb\x90\x00"
PACE = 0.026


def frame(number):
    return (HEADER + struct.pack(">Q", number)).ljust(FRAME, b"\0")


class Listener:
    def __init__(self, crowd):
        self.crowd, self.left = crowd, None
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.crowd.port))
        self.socket.sendall(b"GET /crowd.mp3 HTTP/1.0\r\nUser-Agent: crowd\r\n\r\n")
        self.socket.setblocking(False)
        self.crowd.selector.register(self.socket, selectors.EVENT_READ, self)
        self.rest, self.next, self.has_head = b"", None, False

    def ready(self):
        try:
            got = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            got = b""
        if not got:
            return self.lost()
        self.rest += got
        if not self.has_head:
            if b"\r\n\r\n" not in self.rest:
                return
            head, self.rest = self.rest.split(b"\r\n\r\n", 1)
            if b" 200 " not in head.split(b"\r\n")[0]:
                return self.lost()
            self.has_head = True
        while len(self.rest) >= FRAME:
            number = struct.unpack(">Q", self.rest[4:12])[0]
            if self.rest[:4] != HEADER or (self.next is not None and number != self.next):
                self.crowd.wrong += 1
            self.next, self.rest = number + 1, self.rest[FRAME:]
            if self.left is not None:
                self.crowd.away = max(self.crowd.away, time.monotonic() - self.left)
                self.left = None

    def lost(self):
        self.crowd.selector.unregister(self.socket)
        self.socket.close()
        if self.has_head:
            self.crowd.lost += 1
        if self.left is None:
            self.left = time.monotonic()
        self.crowd.again.append((time.monotonic() + 0.02, self))


class Crowd:
    def __init__(self, options):
        self.port, self.options = options.port, options
        self.selector = selectors.DefaultSelector()
        self.lost = self.wrong = self.connects = self.refused = 0
        self.away, self.number, self.again = 0.0, 0, []
        self.begun = time.monotonic()
        self.encoder = None

    def encode(self, now):
        if self.encoder is None:
            self.encoder = socket.create_connection(("127.0.0.1", self.port))
            login = base64.b64encode(("source:" + self.options.password).encode()).decode()
            self.encoder.sendall(("PUT /crowd.mp3 HTTP/1.0\r\nAuthorization: Basic %s\r\nContent-Type: audio/mpeg\r\n\r\n" % login).encode())
            self.encoder.settimeout(20)
            self.first, self.sent = now, 0
        due = int((now - self.first) / PACE) + 100 - self.sent
        if due <= 0:
            return
        try:
            self.encoder.sendall(b"".join(frame(self.number + i) for i in range(due)))
            self.number, self.sent = self.number + due, self.sent + due
        except OSError:
            self.encoder.close()
            self.encoder = None

    def join(self, now):
        """Opens idle connections, as many as are due."""
        for _ in range(min(int((now - self.begun) * self.options.rate) - self.connects, 400)):
            self.connects += 1
            one = socket.socket()
            # Ends without TIME_WAIT, because there are fewer ports than connections.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                one.connect(("127.0.0.1", self.port))
            except OSError:
                self.refused += 1
            one.close()

    def write(self, listeners, **more):
        numbers = [one.next or 0 for one in listeners]
        text = {"hearing": sum(one.has_head and one.next is not None for one in listeners), "lost": self.lost, "wrong": self.wrong,
                "least": min(numbers), "most": max(numbers), "connects": self.connects, "refused": self.refused,
                "rate": self.connects / max(time.monotonic() - self.begun, 0.001), "away": self.away, **more}
        with open(self.options.to + ".new", "w") as out:
            out.write(" ".join("%s=%.6f" % item for item in text.items()) + "\n")
        os.rename(self.options.to + ".new", self.options.to + ".count")

    def run(self):
        self.encode(time.monotonic())
        self.encoder.recv(1000)  # it is let in; later it does not wait for that, so that connects go on meanwhile
        listeners = [Listener(self) for _ in range(self.options.listeners)]
        self.begun, written = time.monotonic(), 0.0
        while not os.path.exists(self.options.to + ".end"):
            for key, _ in self.selector.select(0.001 if self.options.rate else 0.01):
                key.data.ready()
            now = time.monotonic()
            self.encode(now)
            again, self.again = self.again, []
            for when, one in again:
                one.connect() if when <= now else self.again.append((when, one))
            if self.options.rate:
                self.join(now)
            if now - written > 0.05:
                self.write(listeners)
                written = now
        self.write(listeners, ended=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--password")
    parser.add_argument("--listeners", type=int)
    parser.add_argument("--rate", type=int, default=0)
    parser.add_argument("--to")
    Crowd(parser.parse_args()).run()
