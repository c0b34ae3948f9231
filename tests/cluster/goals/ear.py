"""A publisher that keeps real time, and a player that knows which frame it plays when."""
import re
import socket
import threading
import time

import media

FRAME = 0.024  # s of 384 bytes
NUMBER = re.compile(rb"<[A-Z](\d{9})>")


class Publisher:
    """The same numbered frames to several servers, each at its own connection, all by one clock."""

    def __init__(self, b, servers, mount="/live.mp3", ahead=4.0):
        """ahead: seconds of audio that are there at once, as with an encoder that has been running."""
        self.mount, self.began, self.going = mount, time.monotonic() - ahead, True
        self.threads = []
        b.owned(self)
        for server in servers:
            self.add(server)

    def add(self, server):
        """A server that comes later, or again, begins with the frame of now."""
        source = server.source(self.mount)
        thread = threading.Thread(target=self.run, args=(source, self.now() if self.threads and not self.first() else 0),
                                  daemon=True)
        self.threads.append(thread)
        thread.start()

    def first(self):
        return self.now() * FRAME < 4.5

    def now(self):
        """The number of the frame of this moment."""
        return int((time.monotonic() - self.began) / FRAME)

    def run(self, source, sent):
        while self.going:
            due = self.now()
            try:
                if due > sent:
                    source.socket.settimeout(30)
                    source.socket.sendall(b"".join(media.mp3_frame("A", i) for i in range(sent, due)))
                    sent = due
            except OSError:
                return
            time.sleep(FRAME / 2)

    def close(self):
        self.going = False


class Ear:
    """A listener of one server, who plays what it gets from the first frame on."""

    def __init__(self, b, server, mount="/live.mp3", source="127.0.0.77", port=None):
        self.wire = socket.socket()
        if source:
            self.wire.bind((source, 0))
        self.wire.settimeout(20)
        self.wire.connect((server.host, port or server.given_port))
        self.wire.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: Ear/%d\r\n\r\n" % (mount.encode(), id(self)))
        self.frames = []        # (number, when it came)
        self.came = []          # when something came
        self.broken, self.ended = 0, False
        b.owned(self)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        data, head = b"", True
        while True:
            try:
                part = self.wire.recv(1 << 16)
            except OSError:
                part = b""
            if not part:
                self.ended = True
                return
            now = time.monotonic()
            data += part
            if head:
                if b"\r\n\r\n" not in data:
                    continue
                data, head = data.split(b"\r\n\r\n", 1)[1], False
            self.came.append(now)
            while len(data) >= media.MP3_FRAME:
                found = NUMBER.search(data, 0, 60)
                if found and data[:media.MP3_FRAME] == media.mp3_frame("A", int(found.group(1))):
                    self.frames.append((int(found.group(1)), now))
                    data = data[media.MP3_FRAME:]
                    continue
                self.broken += 1
                at = data.find(media.MP3_HEADER, 1)
                data = data[at:] if at > 0 else b""

    def gap(self, after):
        """The longest silence that began after that moment, or went on then."""
        times = [t for t in self.came if t <= after][-1:] + [t for t in self.came if t > after]
        return max((later - earlier for earlier, later in zip(times, times[1:])), default=0)

    def behind(self, publisher):
        """Seconds between what is published now and what this player plays now: a player never goes faster."""
        now, played, at = time.monotonic(), None, 0.0
        for number, came in list(self.frames):
            at = max(at + FRAME, came)
            if at > now:
                break
            played = number
        return (publisher.now() - played) * FRAME if played is not None else None

    def lost_and_twice(self):
        """(frames that never came, frames that came again), between the first and the last."""
        numbers = [number for number, _ in self.frames]
        return max(numbers) - min(numbers) + 1 - len(set(numbers)), len(numbers) - len(set(numbers))

    def close(self):
        self.wire.close()
