"""Two thousand readers of a stream's events: their cost compared with a bare loop of send(), and the delay of a title
at the last reader.

The figure for 10,000 in doc/titles.md is from the same program: tests/blackbox/run.py --only now_crowd with
READERS=10000.
"""
import contextlib
import glob
import os
import resource
import selectors
import socket
import time

from harness import check, equal, test, wait_for
from test_crowds import heap

READERS = int(os.environ.get("READERS", "2000"))
ASK = b"GET /api/v1/now/live.mp3/events HTTP/1.1\r\nHost: x\r\n\r\n"


class Readers:
    """All readers on one thread of the test."""

    def __init__(self, bench, port, count):
        self.selector = selectors.DefaultSelector()
        self.seen = {}
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port))
            one.sendall(ASK)
            one.setblocking(False)
            self.seen[one] = b""
            self.selector.register(one, selectors.EVENT_READ)
            self.read(0)
        bench.owned(self)

    def read(self, patience):
        for key, _ in self.selector.select(patience):
            got = key.fileobj.recv(65536)
            check(got, "a reader was sent away: %r" % self.seen[key.fileobj][-200:])
            self.seen[key.fileobj] = (self.seen[key.fileobj] + got)[-4096:]

    def until_all_have(self, text, patience):
        """The seconds until the last reader has it."""
        began = time.monotonic()
        while time.monotonic() - began < patience:
            self.read(0.05)
            if all(text in seen for seen in self.seen.values()):
                return time.monotonic() - began
        left = sum(text not in seen for seen in self.seen.values())
        raise AssertionError("%d readers have no %r after %g s" % (left, text, patience))

    def close(self):
        for one in self.seen:
            one.close()
        self.selector.close()


def processor_ms(server):
    spent = 0
    for thread in glob.glob("/proc/%d/task/*/schedstat" % server.process.pid):
        spent += int(open(thread).read().split()[0])
    return spent / 1e6


def floor_ms(count, text):
    """The cost of a bare loop of send() to as many connections on this machine: the best of three."""
    pairs = []
    with socket.create_server(("127.0.0.1", 0)) as listening, contextlib.ExitStack() as closing:
        for _ in range(min(count, 4000)):
            there = closing.enter_context(socket.create_connection(listening.getsockname()))
            here = closing.enter_context(listening.accept()[0])
            here.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pairs.append((here, there))
        best = None
        for _ in range(3):
            began = time.thread_time()
            for here, _ in pairs:
                here.send(text)
            spent = (time.thread_time() - began) * 1000 * count / len(pairs)
            best = min(spent, best or spent)
            for _, there in pairs:
                there.recv(65536)
    return best


@test
def a_crowd_of_readers_is_small_and_hears_soon(t):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < READERS + 100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, READERS + 100), hard))
    server = t.server(body='<now max-readers="%d" per-address="%d"/>' % (READERS, READERS))
    source = server.source("/live.mp3")
    source.play(2)
    equal(server.set_title("/live.mp3", song="First").status, 200)
    wait_for(lambda: b"First" in server.get("/api/v1/now/live.mp3").body, "the title")
    few = Readers(t, server.port, 10)
    few.until_all_have(b"event: state", 10)
    before = heap(server)
    crowd = Readers(t, server.port, READERS - 10)
    crowd.until_all_have(b"event: state", 30)
    each = (heap(server) - before) / (READERS - 10)
    print("%d readers: %.2f kB each" % (READERS, each / 1024))
    check(each < 3072, "%d bytes a reader" % each)
    cost = None
    for song in ("Second", "Third", "Fourth"):
        source.play(1)   # or it is gone, behind so many logins
        spent = processor_ms(server)
        equal(server.set_title("/live.mp3", song=song).status, 200)
        last = crowd.until_all_have(b'"%s"' % song.encode(), 10)
        check(last < 5, "the last one has it after %.2f s" % last)
        spent = processor_ms(server) - spent
        cost = min(spent, cost or spent)
    crowd.close()
    floor = floor_ms(READERS, b"x" * 266)   # what an event of a short title has
    print("the last one has a title after %.2f s; the server took %.1f ms of processor time, a bare loop of send() %.1f ms, ratio %.2f"
          % (last, cost, floor, cost / floor))
    check(cost < 3 * floor, "%.1f ms of processor time a title, a bare loop of send() takes %.1f ms" % (cost, floor))
    equal(server.stat("/live.mp3", "listeners"), "0")
