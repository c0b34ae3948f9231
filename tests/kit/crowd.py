"""A crowd of listeners on one thread: counts those that are let in, that hear, and that are refused, with times."""
import ctypes
import re
import selectors
import socket
import threading
import time

from bench import wait_for
from threads import Threaded

CLONE_NEWNET = 0x40000000


def in_namespace(space):
    with open("/run/netns/" + space) as handle:
        if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class One:
    def __init__(self, address, mount, source, login=None):
        self.address, self.mount, self.source, self.login = address, mount, source, login
        self.began, self.answered, self.ended = time.monotonic(), None, None
        self.status, self.head, self.pending, self.audio = 0, "", b"", 0
        self.sent, self.hops = False, 0
        self.socket = None


class Crowd(Threaded):
    """Listeners that stay until the test ends them; all numbers are current."""

    def __init__(self, b, space=None, source="127.0.0.77"):
        self.space, self.source = space, source
        self.lock = threading.Lock()
        self.tasks, self.all, self.peak = [], [], 0
        self.inside = 0     # 200, with audio, and not closed
        self.wake, self.waker = socket.socketpair()
        self.start(b)

    def join(self, address, mount, login=None):
        one = One(address, mount, self.source, login)
        with self.lock:
            self.tasks.append(one)
            self.all.append(one)
        self.waker.send(b"x")
        return one

    def leave(self, one):
        with self.lock:
            self.tasks.append((one,))
        self.waker.send(b"x")

    def at(self, address):
        return [one for one in list(self.all) if one.address == address and hears(one)]

    def hearing(self):
        return [one for one in list(self.all) if hears(one)]

    def close(self):
        self.going = False
        self.waker.send(b"x")
        self.thread.join(5)

    # -- its thread
    def run(self):
        if self.space:
            in_namespace(self.space)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.wake, selectors.EVENT_READ, None)
        while self.going:
            for key, events in self.selector.select(1):
                if key.data is None:
                    self.wake.recv(65536)
                else:
                    self.serve(key.data, events)
            with self.lock:
                tasks, self.tasks = self.tasks, []
            for task in tasks:
                if isinstance(task, tuple):
                    self.end(task[0])
                else:
                    self.begin(task)
        for one in self.all:
            if one.socket:
                one.socket.close()
        self.selector.close()
        self.wake.close()
        self.waker.close()

    def begin(self, one):
        one.socket = socket.socket()
        one.socket.setblocking(False)
        if self.space is None and self.source:
            one.socket.bind((self.source, 0))
        one.socket.connect_ex(one.address)
        self.selector.register(one.socket, selectors.EVENT_WRITE, one)

    def serve(self, one, events):
        try:
            if not one.sent:
                lines = "GET %s HTTP/1.0\r\nUser-Agent: Player%d\r\n" % (one.mount, id(one))
                if one.login:
                    from wire import basic
                    lines += "Authorization: %s\r\n" % basic(one.login)
                one.socket.send((lines + "\r\n").encode())
                one.sent = True
                self.selector.modify(one.socket, selectors.EVENT_READ, one)
                return
            data = one.socket.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            return self.end(one)
        if one.status == 0:
            one.pending += data
            if b"\r\n\r\n" not in one.pending:
                return
            head, data = one.pending.split(b"\r\n\r\n", 1)
            one.head = head.decode("latin-1")
            status = int(one.head.split(" ")[1])
            if status == 302 and one.hops < 6:
                return self.follow(one)
            one.status, one.answered = status, time.monotonic()
        if one.status == 200:
            if one.audio == 0 and data:
                self.inside += 1
                self.peak = max(self.peak, self.inside)
            one.audio += len(data)

    def follow(self, one):
        """Follows a redirect."""
        self.selector.unregister(one.socket)
        one.socket.close()
        host, port, one.mount = re.search(r"^Location: http://([^:/]+):(\d+)(\S*)", one.head, re.M | re.I).groups()
        one.address, one.pending, one.sent, one.hops = (host, int(port)), b"", False, one.hops + 1
        self.begin(one)

    def end(self, one):
        if one.ended is not None:
            return
        if hears(one):
            self.inside -= 1
        one.ended = time.monotonic()
        try:
            self.selector.unregister(one.socket)
        except KeyError:
            pass
        one.socket.close()


def hears(one):
    return one.status == 200 and one.audio > 0 and one.ended is None


def hearing(crowd, server, mount="/live.mp3"):
    """Adds a listener that hears; repeats the request while a node does not know the mount yet."""
    ones = []

    def let_in():
        if not ones or ones[-1].ended or ones[-1].status not in (0, 200):
            ones.append(crowd.join(server.address, mount))
        return hears(ones[-1])
    wait_for(let_in, "%s has a listener" % server.host, 15)
    return ones[-1]


def of_status(ones):
    counts = {}
    for one in ones:
        counts[one.status] = counts.get(one.status, 0) + 1
    return counts
