"""A host that falls silent without closing: network namespaces, with a router that drops packets.

Needs root and ip(8); skipped without them.
"""
import socket
import threading
import time

import media
from bench import check, equal, test, wait_for
from crowd import in_namespace
from harness import SOURCE
from link_bench import Feeder, percentile, readable, rounds, say
from silent_bench import EDGE, MASTER, Network, SOCKET, Watcher, start_in
from wire import Source

CUT = 3.5   # s: TCP asks again after 3 s and after 6.2 s


def within(space, make):
    """A socket belongs to the namespace of the thread that makes it."""
    made = []

    def run():
        in_namespace(space)
        made.append(make())
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    check(made, "made in its namespace")
    return made[0]


class Ear:
    """A listener whose frames are complete and in order; the longest silence since it was last asked."""

    def __init__(self, b, space):
        self.socket = within(space, lambda: socket.create_connection(("127.0.0.1", 8000), 5))
        self.socket.sendall(b"GET /live.mp3 HTTP/1.0\r\n\r\n")
        self.head, self.audio, self.last, self.longest = b"", b"", time.monotonic(), 0.0
        b.owned(self)

    def listen(self, seconds):
        self.last, self.longest = time.monotonic(), 0.0
        end = self.last + seconds
        while time.monotonic() < end:
            if not readable(self.socket, 0.1):
                continue
            data = self.socket.recv(65536)
            check(data, "the listener stays")
            now = time.monotonic()
            self.longest, self.last = max(self.longest, now - self.last), now
            if not self.audio:
                self.head += data
                self.audio = self.head.partition(b"\r\n\r\n")[2]
            else:
                self.audio += data
        return self.longest

    def close(self):
        self.socket.close()


@test
def a_stream_goes_on_at_the_exact_byte_when_its_way_is_open_again(b):
    network = Network(b)
    master = b.unstarted_server(sockets=SOCKET, body=MASTER)
    edge = b.unstarted_server(sockets=SOCKET, body=EDGE.replace("<cluster-port>", "<port>8000</port><cluster-port>"))
    start_in(network, 0, master)
    start_in(network, 2, edge)
    source = within(network.names[0], lambda: Source(("127.0.0.1", 8000), "/live.mp3", "mp3", "A", (), None, SOURCE))
    b.owned(source)
    b.owned(Feeder(source, 2))
    edge.wait_for_log("streams can be pulled from")
    ear = Ear(b, network.names[2])
    ear.listen(6)
    begin = time.monotonic()
    healed = threading.Timer(CUT, network.heal)
    network.swallow()
    healed.start()
    silence = ear.listen(CUT + 5)
    healed.join()
    check(CUT - 1 < silence < CUT + 1.5, "silent for %.2f s" % silence)
    numbers = [number for _, number in media.mp3_numbers(ear.audio)]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "frames")
    return "cut for %.1f s, silent for %.2f s; %.1f s" % (CUT, silence, time.monotonic() - begin)


@test
def a_host_that_falls_silent_is_suspect_then_dead(b):
    network = Network(b)
    master = b.unstarted_server(sockets=SOCKET, body=MASTER)
    edge = b.unstarted_server(sockets=SOCKET, body=EDGE)
    start_in(network, 0, master)
    start_in(network, 2, edge)
    watcher = Watcher(b, network)
    watcher.when("up", 0)
    suspects, deaths, ends, back = [], [], [], []
    for _ in range(rounds(1, 20)):
        if rounds(0, 1):
            time.sleep(3.2)
        ended = edge.log().count("the link has ended")
        begin = time.monotonic()
        network.swallow()
        suspects.append((watcher.when("suspect", begin) - begin) * 1000)
        deaths.append((watcher.when("dead", begin) - begin) * 1000)
        wait_for(lambda: edge.log().count("the link has ended") > ended, "the edge notices it too", 5)
        ends.append((time.monotonic() - begin) * 1000)
        network.heal()
        healed = time.monotonic()
        back.append((watcher.when("up", healed, 15) - healed) * 1000)
    say("blackhole -> suspect", suspects)
    say("blackhole -> dead", deaths)
    say("blackhole -> the edge ends its side", ends)
    say("healed -> up again", back)
    check(percentile(suspects, 0.5) <= 600, "suspect after %r ms" % suspects)
    check(percentile(deaths, 0.5) <= 1300, "dead after %r ms" % deaths)
    check(max(ends) <= 2500, "the edge noticed after %r ms" % ends)
