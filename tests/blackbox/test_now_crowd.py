"""Two thousand readers of a stream's events: what they cost, and when the last one has a title.

The figure for 10,000 of doc/titles.md is of the same program: tests/blackbox/run.py --only now_crowd with READERS=10000.
"""
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
    """On one thread, the test's own."""

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
        """Seconds until the last one has it."""
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
    fields = open("/proc/%d/stat" % server.process.pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


@test
def a_crowd_of_readers_is_small_and_hears_soon(t):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < READERS + 100:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, READERS + 100), hard))
    server = t.server(body='<now max-readers="%d" per-address="%d"/>' % (READERS, READERS))
    server.source("/live.mp3").play(2)
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
    spent = processor_ms(server)
    equal(server.set_title("/live.mp3", song="Second").status, 200)
    last = crowd.until_all_have(b'"Second"', 10)
    print("the last one has a title after %.2f s; the server took %d ms of processor time" % (last, processor_ms(server) - spent))
    check(last < 5, "the last one has it after %.2f s" % last)
    equal(server.stat("/live.mp3", "listeners"), "0")
