"""The server that a stream comes from dies or falls silent (G10); where listeners are in the stream afterwards (G22)."""
import ctypes
import os
import threading
import time

import test_link_silence as silence
from bench import wait_for, wait_until_up
from ear import Ear, Publisher
from goal_appear import spread
from goal_masters import kill9
from link_bench import edge, linked_master
from table import goal

KILLS, SILENCES, MOVES = 5, 3, 10


def heard_more(ear, seconds):
    begin = time.monotonic()
    return wait_for(lambda: time.monotonic() > begin + seconds and not ear.ended, "%.0f s have passed" % seconds, seconds + 5)


def two_masters(b, *edges):
    masters = [linked_master(b, number, {"edge%d" % e: "" for e in edges}) for number in (11, 12)]
    publisher = Publisher(b, masters)
    nodes = [edge(b, number, masters) for number in edges]
    for master in masters:
        wait_until_up(master, *["edge%d" % e for e in edges])
    return masters, publisher, nodes


@goal("G10", "the upstream of an edge is killed -> audio of the other one (longest silence of a listener)", at_most=300, unit="ms")
def g10_killed(b):
    """Two masters with the same numbered frames by one clock, an edge with links to both, a listener there.  The first
    master is killed with -9 and comes back, then the second, and so on, five in all: the longest time between two reads
    of the listener, around each.  No frame may be cut or missing."""
    masters, publisher, (node,) = two_masters(b, 13)
    ear = Ear(b, node)
    heard_more(ear, 3)
    gaps = []
    for i in range(KILLS):
        victim = masters[i % 2]
        begin = time.monotonic()
        kill9(victim)
        heard_more(ear, 3)
        gaps.append(ear.gap(begin) * 1000)
        victim.start()
        publisher.add(victim)
        wait_until_up(victim, "edge13", patience=20)
        heard_more(ear, 2.5)
    lost, twice = ear.lost_and_twice()
    if lost or ear.broken:
        return 1e9, "%d frames are missing, %d were cut" % (lost, ear.broken)
    return max(gaps), "gaps: %s; nothing cut, nothing missing, %d frames twice" % (spread(gaps), twice)


def in_space(name, function):
    """Runs function in a thread whose sockets and programs are in that namespace of the network."""
    found = []

    def run():
        handle = os.open("/run/netns/" + name, os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(handle, 0x40000000) != 0:  # CLONE_NEWNET
                raise OSError(ctypes.get_errno(), "setns")
            found.append((True, function()))
        except Exception as e:
            found.append((False, e))
        finally:
            os.close(handle)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if not found[0][0]:
        raise found[0][1]
    return found[0][1]


MASTER = ('<max-redirect-slaves>-1</max-redirect-slaves><cluster><id>%s</id><cluster-port>%d</cluster-port>'
          '<capacity self-weight="0"/><balance hold="0"/><node id="e1" secret="s-e1"/></cluster>')
BLOCK = ("<master><server>%s</server><port>%d</port><cluster-port>%d</cluster-port><username>e1</username>"
         "<password>s-e1</password></master>")


def place(b, host, port, body):
    server = b.unstarted_server(body=body, sockets="<listen-socket><port>%d</port></listen-socket>" % port,
                                limits="<source-timeout>10</source-timeout>")
    server.host, server.given_port = host, port
    return server


@goal("G10", "the host of an edge's upstream falls silent -> audio of the other one (longest silence of a listener)",
      at_most=1.8, unit="s")
def g10_silent(b):
    """The same in namespaces of the network: the first master is behind a router whose routes become blackholes.  Three
    times, each after the edge has gone back to the first master."""
    network = silence.Network(b)
    far = place(b, "10.99.1.1", 8000, MASTER % ("m1", 8100))
    near = place(b, "10.99.2.1", 8010, MASTER % ("m2", 8110))
    node = place(b, "10.99.2.1", 8000, BLOCK % ("10.99.1.1", 8000, 8100) + BLOCK % ("10.99.2.1", 8010, 8110)
                 + "<cluster><id>e1</id></cluster>")
    silence.start_in(network, 0, far)
    silence.start_in(network, 2, near)
    far.ports, near.ports = [8000], [8010]

    def measure():
        publisher = Publisher(b, [far, near])
        silence_gaps = []
        node.start()
        wait_for(lambda: node.log().count("is linked") == 2, "the edge is linked to both", 10)
        for i in range(SILENCES):
            wait_for(lambda: "streams audio/mpeg from 10.99.1.1" in node.log().rsplit("streams audio/mpeg", 1)[-1] or not i
                     or node.log().rstrip().rsplit("streams audio/mpeg from ", 1)[-1].startswith("10.99.1.1"),
                     "it is back at the first", 60)
            ear = Ear(b, node, source=None)
            heard_more(ear, 3)
            begin = time.monotonic()
            network.swallow()
            heard_more(ear, 14)
            silence_gaps.append(ear.gap(begin))
            network.heal()
            ear.close()
            publisher.add(far)
        return silence_gaps
    gaps = in_space(network.names[2], measure)
    return max(gaps), "each: " + ", ".join("%.2f s" % gap for gap in gaps)


@goal("G22", "where two players are in the stream, one of whom has come from another edge (worst difference)", at_most=1, unit="s")
def g22_moved(b):
    """Frames carry numbers.  A player plays what it gets from its first frame on, at the pace of the stream.  One listens at
    an edge the whole time; another one leaves the other edge and comes to this one, ten times.  The difference of what
    both play three seconds later."""
    _, publisher, (one, other) = two_masters(b, 13, 14)
    steady = Ear(b, other)
    heard_more(steady, 2)
    skews = []
    for _ in range(MOVES):
        mover = Ear(b, one)
        heard_more(mover, 1)
        mover.close()
        mover = Ear(b, other)
        heard_more(mover, 3)
        skews.append(abs(mover.behind(publisher) - steady.behind(publisher)))
        mover.close()
    return max(skews), "each: " + ", ".join("%.2f s" % skew for skew in skews)


@goal("G22", "where two players are in the stream whose edges have another upstream since one of two masters died (worst difference)",
      at_most=1, unit="s")
def g22_upstream(b):
    """The same two masters and two edges, a player at each.  The first master is killed with -9 and comes back, three
    times: the difference between a player at the edge that had to change and one at an edge that pulls from the other
    master all the time."""
    masters = [linked_master(b, number, {"edge13": "", "edge14": ""}) for number in (11, 12)]
    publisher = Publisher(b, masters)
    changes, stays = edge(b, 13, masters), edge(b, 14, list(reversed(masters)))
    for master in masters:
        wait_until_up(master, "edge13", "edge14")
    skews, twice = [], 0
    for _ in range(3):
        ears = [Ear(b, changes), Ear(b, stays)]
        heard_more(ears[0], 3)
        kill9(masters[0])
        heard_more(ears[0], 6)
        skews.append(abs(ears[0].behind(publisher) - ears[1].behind(publisher)))
        masters[0].start()
        publisher.add(masters[0])
        wait_until_up(masters[0], "edge13", "edge14", patience=20)
        heard_more(ears[0], 4)
        skews.append(abs(ears[0].behind(publisher) - ears[1].behind(publisher)))
        twice = max(twice, ears[0].lost_and_twice()[1])
        for ear in ears:
            ear.close()
    return max(skews), "each: %s; at most %d frames twice" % (", ".join("%.2f s" % skew for skew in skews), twice)
