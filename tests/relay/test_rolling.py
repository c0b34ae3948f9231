"""Two upstreams are restarted one after the other, or fall silent in turn: the edge asks the returned one at once."""
import random
import re
import signal
import time

import foreign
from bench import Site
from harness import Failed, check, test, wait_for
from media import mp3_frame
from recorder import FRAME_S
from test_relay import FULL, Ear, chain, figures, hosts, upstream_of, whole
from threads import Threaded

ROUNDS = 50 if FULL else 2
# The goals; on a busy machine it is only to be seen that no upstream's rest is waited for.
KILLED_S, SILENT_S = (0.5, 1.8) if FULL else (1.5, 3.0)
# The default, and what makes a rest that is waited for seen.
RETRY = "<retry-delay>10</retry-delay>"


def pause():
    """The pause between two restarts."""
    return random.uniform(1, 20) if FULL else random.uniform(0.3, 1)


class OwnEncoder(Threaded):
    """Sends numbered frames in real time, the same as others of its kind, and reconnects whenever its server is
    back."""

    def __init__(self, t, server, begin):
        self.server, self.begin = server, begin
        self.flows_since = None
        self.start(t)

    def run(self):
        while self.going:
            try:
                source = self.server.source("/live")
                source.socket.settimeout(5)
                self.send(source)
            except (OSError, Failed):
                self.flows_since = None
                time.sleep(0.1)

    def send(self, source):
        number = int((time.monotonic() - self.begin) / FRAME_S)
        self.flows_since = time.monotonic()
        while self.going:
            due = int((time.monotonic() - self.begin) / FRAME_S)
            # A stopped server's encoder does not send in a burst what it could not send.
            number = max(number, due - 400)
            while number < due:
                source.send(mp3_frame("S", number))
                number += 1
            time.sleep(0.02)


def stock_pair(t):
    servers = [foreign.stock(t, Site(number), "").start() for number in (33, 34)]
    begin = time.monotonic()
    encoders = {server.port: OwnEncoder(t, server, begin) for server in servers}
    for server in servers:
        wait_for(lambda: server.stat("/live", "server_type"), "a stock server has its encoder", 15)
    return servers, lambda victim: encoders[victim.port].flows_since is not None


def ours_pair(t, more=""):
    _, _, relays, edge = chain(t, extra=more)
    return relays, edge, lambda victim: victim.stat("/live", "server_type")


def edge_of(t, servers):
    edge = t.server(body=hosts(servers).replace("<retry-delay>1</retry-delay>", RETRY))
    wait_for(lambda: edge.stat("/live", "server_type"), "the edge plays")
    return edge


def is_back(victim, plays):
    wait_for(lambda: victim.stat("/live", "server_type") and plays(victim), "the server has its stream again", 30)


def restarts(edge, servers, ear, plays, down=lambda: random.uniform(0, 7 if FULL else 1)):
    """The stalls of the listener; in each round the present upstream is killed and started again."""
    stalls = []
    for _ in range(ROUNDS):
        for _ in servers:
            victim = upstream_of(edge, servers)
            ear.reset()
            victim.kill()
            ear.hears_more(30, 30)
            stalls.append(ear.reset())
            time.sleep(down())
            victim.start()
            is_back(victim, plays)
            time.sleep(pause())
            ear.hears_more()
    return sorted(stalls)


def stops(edge, servers, ear):
    stalls = []
    for _ in range(ROUNDS):
        for _ in servers:
            victim = upstream_of(edge, servers)
            ear.reset()
            victim.send_signal(signal.SIGSTOP)
            try:
                ear.hears_more(30, 30)
                stalls.append(ear.reset())
                time.sleep(random.uniform(0, 3) if FULL else 0)
            finally:
                victim.send_signal(signal.SIGCONT)
            time.sleep(pause())
            ear.hears_more()
    return sorted(stalls)


@test
def two_of_ours_are_restarted_in_turn(t):
    relays, first, plays = ours_pair(t)
    first.stop()
    edge = edge_of(t, relays)
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = restarts(edge, relays, ear, plays)
    print("two of ours, restarted in turn: " + figures(stalls))
    whole(ear)
    check(stalls[-1] < KILLED_S, "stalls: %r" % stalls)


@test
def two_of_ours_fall_silent_in_turn(t):
    relays, first, _ = ours_pair(t)
    first.stop()
    edge = edge_of(t, relays)
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = stops(edge, relays, ear)
    print("two of ours, silent in turn: " + figures(stalls))
    whole(ear)
    check(stalls[-1] < SILENT_S, "stalls: %r" % stalls)


@test
def two_stock_servers_are_restarted_in_turn(t):
    servers, plays = stock_pair(t)
    edge = edge_of(t, servers)
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = restarts(edge, servers, ear, plays)
    print("two stock servers, restarted in turn: " + figures(stalls))
    ear.numbers()
    check(stalls[-1] < KILLED_S, "stalls: %r" % stalls)


@test
def a_stock_server_that_rests_is_asked_when_the_other_one_is_killed(t):
    """The edge has asked the first server in vain for seconds when it returns; a moment later the second server is
    lost."""
    servers, plays = stock_pair(t)
    edge = edge_of(t, servers)
    ear = Ear(t, edge)
    ear.hears_more()
    servers[0].kill()
    wait_for(lambda: re.search("asked again in (3200|4000)ms", edge.log()), "the edge has asked for seconds", 20)
    servers[0].start()
    is_back(servers[0], plays)
    ear.reset()
    servers[1].kill()
    ear.hears_more(30, 30)
    stall = ear.reset()
    print("silent for %.0f ms" % (stall * 1000))
    check(stall < KILLED_S, "silent for %.2f s" % stall)
    servers[1].start()
