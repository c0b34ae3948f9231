"""Listeners of a trace that behave as players, each from an address of its own, and the facts of each listening by this
process's clock: its begin, its length, its bytes."""
import fcntl
import http.client
import re
import selectors
import socket
import ssl
import struct
import termios
import threading
import time
import urllib.parse

AGAIN = 0.3      # seconds until a player tries again
SEGMENT = 2.0    # seconds of HLS: the last one is heard behind its request


class Part:
    """One listening. killed: its server was; exact: all bytes that its server has sent are known."""

    def __init__(self, host, now, wall):
        self.host, self.began, self.wall = host, now, wall
        self.ended, self.bytes, self.killed, self.exact = None, 0, False, False

    @property
    def seconds(self):
        return self.ended - self.began


class Ear:
    """A player: listens from `start` for `length` seconds, at another server if its own is gone; plan: (address, path)
    of its first request; home: the address that redirects it later."""

    def __init__(self, trace, number, start, length, plan, agent="VLC/3.0.20", lines=(), wrap=None, way="stream", home=None, leaves=None):
        self.trace, self.number, self.start, self.length = trace, number, start, length
        self.plan, self.agent, self.lines, self.wrap, self.way = plan, agent, list(lines), wrap, way
        self.leaves = leaves    # (seconds, plan): it leaves after so long, and asks another server a second later
        self.address = "127.7.%d.%d" % (number // 250, number % 250 + 1)
        self.mount = plan[1].split("?")[0].removesuffix("/live.m3u8")
        self.home = (home, self.mount) if home and way == "stream" else None
        self.parts, self.wire, self.part = [], None, None
        self.next, self.over, self.refused = start, False, []
        self.at, self.head = plan, b""

    @property
    def until(self):
        """When it leaves."""
        return self.start + self.length

    def turn(self, now):
        """Does what is due."""
        if self.over:
            return
        if self.part and self.leaves and now >= self.part.began + self.leaves[0]:
            self.leave(now)
            self.at, self.leaves, self.next = self.leaves[1], None, now + 1
        elif now >= self.until:
            self.leave(now)
        elif self.wire is None and now >= self.next:
            self.call(now)

    def call(self, now):
        self.head, self.next = b"", now + AGAIN
        try:
            self.wire = socket.create_connection(self.at[0], 5, source_address=(self.address, 0))
            if self.wrap and self.at is self.plan:
                self.wire = self.wrap(self.wire)
            asked = ["GET %s HTTP/1.0" % self.at[1], "Host: x", "User-Agent: " + self.agent, *self.lines]
            self.wire.sendall(("\r\n".join(asked) + "\r\n\r\n").encode())
            self.wire.setblocking(False)
        except (OSError, AssertionError):
            self.lose()
            self.at = self.home or self.at
            return
        self.trace.selector.register(self.wire, selectors.EVENT_READ, self)

    def lose(self):
        if self.wire:
            try:
                self.trace.selector.unregister(self.wire)
            except (KeyError, ValueError):
                pass
            self.wire.close()
        self.wire = None

    def leave(self, now):
        """It closes, at once; a server notices when it next sends."""
        if self.part:
            self.part.bytes += self.unread()
        self.end(now)

    def unread(self):
        if isinstance(self.wire, ssl.SSLSocket):
            return 0
        return struct.unpack("i", fcntl.ioctl(self.wire, termios.FIONREAD, bytes(4)))[0]

    def end(self, now, exact=False):
        """The connection is over; exact: the server has closed it, behind all that it has sent."""
        part, self.part = self.part, None
        self.lose()
        if part:
            part.ended, part.exact = now, exact and not part.killed
            self.parts.append(part)
        self.over = now >= self.until
        self.at, self.next = self.home or self.at, now + AGAIN

    def read(self, now):
        while self.wire:
            try:
                data = self.wire.recv(1 << 16)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError:
                return self.end(now)
            if not data:
                return self.end(now, exact=True)
            if self.part:
                self.part.bytes += len(data)
            else:
                self.take_head(data, now)

    def take_head(self, data, now):
        self.head += data
        if b"\r\n\r\n" not in self.head:
            return
        status = int(self.head.split(b" ")[1])
        if status == 200:
            self.part = Part(self.at[0][0], now, self.trace.clock.now())
            self.part.bytes = len(self.head)
            return
        where = re.search(rb"Location: http://([0-9.]+):([0-9]+)(\S+)", self.head)
        self.lose()
        if status == 302 and where:
            self.at, self.next = ((where[1].decode(), int(where[2])), where[3].decode()), now
        else:
            self.refused.append((round(now - self.trace.began, 1), self.at, self.head[:80]))
            self.at = self.home or self.at


class HlsEar(Ear):
    """A player of HLS on a thread of its own: the list each second, and its new segments."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **dict(options, way="hls"))
        self.thread = None

    def turn(self, now):
        if self.thread is None and now >= self.start:
            self.thread = threading.Thread(target=self.run, daemon=True)
            self.thread.start()

    def get(self, path):
        wire = http.client.HTTPConnection(*self.at[0], timeout=5, source_address=(self.address, 0))
        try:
            wire.request("GET", path, headers={"User-Agent": self.agent})
            asked, reply = time.monotonic(), wire.getresponse()
            body = reply.read()
        finally:
            wire.close()
        if reply.status != 200:
            raise OSError("%s: %d" % (path, reply.status))
        if self.part is None:
            self.part = Part(self.at[0][0], asked, self.trace.clock.now())
        self.part.bytes += len(body)
        self.part.ended = time.monotonic() + SEGMENT
        return body.decode("latin-1")

    def names(self, path):
        return [urllib.parse.urljoin(path, line) for line in self.get(path).splitlines() if line and line[0] != "#"]

    def run(self):
        place, had = self.at[1], set()
        while (now := time.monotonic()) < self.until:
            try:
                names = self.names(place)
                if names and "m3u8" in names[0]:
                    place = names[0]
                    names = self.names(place)
                for name in names[-3:]:
                    if name not in had:
                        had.add(name)
                        self.get(name)
            except (OSError, http.client.HTTPException) as lost:
                self.refused.append((round(now - self.trace.began, 1), self.at, str(lost)))
            time.sleep(1)
        if self.part:
            self.parts.append(self.part)
        self.over = True


class Trace:
    """All listeners on this thread, and what happens at its times."""

    def __init__(self, clock):
        self.clock, self.ears, self.selector = clock, [], selectors.DefaultSelector()
        self.began, self.late = time.monotonic(), 0.0

    def now(self):
        return time.monotonic() - self.began

    def run(self, events):
        """events: pairs of seconds and functions, each on a thread; until they are over, and all listeners have left."""
        events, waiting, going = sorted(events, key=lambda one: one[0]), sorted(self.ears, key=lambda ear: ear.start), []
        failed, threads = [], []

        def happens(what):
            try:
                what()
            except Exception as why:  # for the test's thread
                failed.append(why)
        for ear in waiting:
            ear.start += self.began
            ear.next = ear.start
        turned = 0.0
        while events or waiting or going:
            for key, _ in self.selector.select(0.02):
                key.data.read(time.monotonic())
            now = time.monotonic()
            if events and now >= self.began + events[0][0]:
                threads.append(threading.Thread(target=happens, args=(events.pop(0)[1],), daemon=True))
                threads[-1].start()
            while waiting and now >= waiting[0].start:
                going.append(waiting.pop(0))
            if now > turned + 0.02:
                self.late = max(self.late, now - turned if turned else 0.0)
                for ear in going:
                    ear.turn(now)
                going = [ear for ear in going if not ear.over]
                turned = time.monotonic()
            if failed:
                raise failed[0]
        self.selector.close()
        for thread in threads:
            thread.join(30)
        if failed:
            raise failed[0]

    def killed(self, host):
        now = time.monotonic()
        for ear in self.ears:
            # One that has just left: the server may not have noticed.
            for part in [*ear.parts[-1:], *([ear.part] if ear.part else [])]:
                if part.host == host and (part.ended is None or part.ended > now - 0.5 or part is ear.part):
                    part.killed, part.exact = True, False
