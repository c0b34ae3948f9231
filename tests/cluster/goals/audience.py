"""Many players in one thread: each asks the master, follows its redirect, listens, and asks again when it ends."""
import re
import select
import socket
import time
from threads import Threaded

LOCATION = re.compile(rb"\r\nLocation: https?://([0-9.]+):(\d+)(/[^\r]*)\r\n", re.I)


class Player:
    def __init__(self, number, source):
        self.number, self.source = number, source
        self.wire, self.head, self.place = None, None, None
        self.heard = None       # when the last byte of audio came
        self.gaps = []          # (when it ended, seconds without audio)
        self.places = []        # where it has heard audio
        self.retry_at = 0.0
        self.refused = []       # statuses that were neither 200 nor 302


class Players(Threaded):
    """`many` players of one mount at a master; they come within `over` seconds."""

    def __init__(self, b, master, mount, many, over=2.0, retry=0.1):
        self.master, self.mount, self.retry = master, mount, retry
        self.players = [Player(i, "127.0.77.%d" % (i % 200 + 1)) for i in range(many)]
        self.poll, self.by_file = select.epoll(), {}
        begin = time.monotonic()
        for i, player in enumerate(self.players):
            player.retry_at = begin + over * i / many
        self.start(b)

    def listening(self):
        return sum(player.wire is not None and player.head is None for player in self.players)

    def run(self):
        while self.going:
            now = time.monotonic()
            for player in self.players:
                if player.wire is None and now >= player.retry_at:
                    self.ask(player, (self.master.host, self.master.given_port), self.mount)
            for file, events in self.poll.poll(0.01):
                player = self.by_file.get(file)
                if player:
                    self.serve(player, events)

    def ask(self, player, address, path):
        wire = socket.socket()
        wire.bind((player.source, 0))
        wire.setblocking(False)
        wire.connect_ex(address)
        player.wire, player.head = wire, b""
        player.place = address
        player.request = b"GET %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: Player%d/1\r\n\r\n" % (
            path if isinstance(path, bytes) else path.encode(), address[0].encode(), address[1], player.number)
        self.by_file[wire.fileno()] = player
        self.poll.register(wire.fileno(), select.EPOLLOUT)

    def drop(self, player, pause):
        self.poll.unregister(player.wire.fileno())
        del self.by_file[player.wire.fileno()]
        player.wire.close()
        player.wire, player.retry_at = None, time.monotonic() + pause

    def serve(self, player, events):
        try:
            if events & select.EPOLLOUT:
                player.wire.send(player.request)
                self.poll.modify(player.wire.fileno(), select.EPOLLIN)
                return
            data = player.wire.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self.drop(player, self.retry if player.head is not None else 0)
            return
        if player.head is None:
            self.audio(player)
            return
        player.head += data
        if b"\r\n\r\n" not in player.head:
            return
        status, found = player.head.split(b" ", 2)[1], LOCATION.search(player.head)
        if status == b"302" and found:
            self.drop(player, 0)
            self.ask(player, (found.group(1).decode(), int(found.group(2))), found.group(3))
        elif status == b"200":
            if not player.head.endswith(b"\r\n\r\n"):
                self.audio(player)
            player.head = None
        else:
            player.refused.append(int(status))
            self.drop(player, self.retry)

    @staticmethod
    def audio(player):
        now = time.monotonic()
        if player.heard is not None and (not player.places or player.places[-1] != player.place):
            player.gaps.append((now, now - player.heard))
        if not player.places or player.places[-1] != player.place:
            player.places.append(player.place)
        player.heard = now

    def close(self):
        super().close()
        for player in self.players:
            if player.wire:
                player.wire.close()
        self.poll.close()
