"""A host that falls silent without a word: network namespaces, and a router in between that swallows packets.

Needs root and ip(8); skipped without them.
"""
import time

from bench import check, test, wait_for
from link_bench import percentile, rounds, say
from silent_bench import EDGE, MASTER, Network, SOCKET, Watcher, start_in

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
