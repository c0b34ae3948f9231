"""An edge loses its upstream: it continues at the same byte, and its listeners hear every frame once
(doc/failover.md)."""
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from bench import kill
from harness import ADMIN, Failed, Skip, check, equal, free_port, listen_socket, request, test, wait_for
from media import mp3_numbers
from recorder import Studio
from threads import Threaded
from upstream import Upstream

FULL = os.environ.get("LB_FULL") == "1"
KILLS, CUTS = (100, 10) if FULL else (6, 2)
PROGRAMS = """<mount><mount-name>/live</mount-name>
    <on-connect>%(dir)s/on</on-connect><on-disconnect>%(dir)s/off</on-disconnect></mount>"""
# The goals of the stall; beside other tests it is only to be seen that no upstream's rest is waited for.
RESET_S, SILENT_S = (0.3, 1.8) if FULL else (1.0, 4.0)


def figures(stalls):
    """The figures of sorted stalls in seconds, as text."""
    rank = -(-99 * len(stalls) // 100) - 1
    return "median %.0f ms, p99 %.0f ms, most %.0f ms" % tuple(s * 1000 for s in (stalls[len(stalls) // 2], stalls[rank], stalls[-1]))


class Ear(Threaded):
    """A listener that keeps its bytes, and measures its longest silence."""

    def __init__(self, t, server, mount="/live"):
        self.data, self.longest, self.ended = bytearray(), 0.0, False
        self.wire = socket.create_connection(server.address, 10)
        self.wire.sendall(b"GET %s HTTP/1.0\r\n\r\n" % mount.encode())
        self.start(t)

    def run(self):
        self.wire.settimeout(0.2)
        last = None
        while self.going:
            try:
                data = self.wire.recv(65536)
            except socket.timeout:
                continue
            except OSError:
                break
            if not data:
                self.ended = True
                break
            now = time.monotonic()
            if last is not None:
                self.longest = max(self.longest, now - last)
            last = now
            self.data += data

    def reset(self):
        """Measures from now on; returns the longest silence before."""
        before, self.longest = self.longest, 0.0
        return before

    def close(self):
        super().close()
        self.wire.close()

    def numbers(self):
        body = bytes(self.data).split(b"\r\n\r\n", 1)[1]
        return [number for _, number in mp3_numbers(body)]

    def hears_more(self, frames=20, seconds=10):
        heard = len(self.data)
        wait_for(lambda: len(self.data) > heard + frames * 384 or self.ended, "the listener hears more", seconds)
        check(not self.ended, "the listener was ended")


def all_hear_more(ears, frames=20, seconds=10):
    heard = [len(ear.data) for ear in ears]
    wait_for(lambda: all(len(ear.data) > had + frames * 384 for ear, had in zip(ears, heard)), "all hear more", seconds)
    check(not any(ear.ended for ear in ears), "a listener was ended")


def hosts(servers, more=""):
    rows = "".join("<host><server>%s</server><port>%d</port><mount>/live</mount></host>" % s.address for s in servers)
    return "<relay><local-mount>/live</local-mount><retry-delay>1</retry-delay>%s%s</relay>" % (more, rows)


class Line:
    """A network namespace with one link to this host."""

    def __init__(self, t):
        if os.getuid() != 0 or not shutil.which("ip"):
            raise Skip("needs root and ip(8)")
        self.name = "lbline%d" % os.getpid()
        self.inner, outer = "lbi%d" % os.getpid(), "lbo%d" % os.getpid()
        net = os.getpid() % 200 + 20
        self.here, self.there = "10.98.%d.1" % net, "10.98.%d.2" % net
        if not self.ip("netns", "add", self.name):
            raise Skip("no network namespaces here")
        t.owned(self)
        done = (self.ip("link", "add", outer, "type", "veth", "peer", "name", self.inner, "netns", self.name)
                and self.ip("address", "add", self.here + "/30", "dev", outer) and self.ip("link", "set", outer, "up")
                and self.ip("-n", self.name, "address", "add", self.there + "/30", "dev", self.inner)
                and self.ip("-n", self.name, "link", "set", "lo", "up") and self.set("up"))
        if not done:
            raise Skip("no veth links here")

    @staticmethod
    def ip(*command):
        return subprocess.run(["ip", *command], capture_output=True).returncode == 0

    def set(self, state):
        return self.ip("-n", self.name, "link", "set", self.inner, state)

    def close(self):
        self.ip("netns", "del", self.name)


def with_programs(t, body, mount="", **slots):
    """A server whose programs note their arguments; %(dir)s in `mount`: its directory."""
    server = t.unstarted_server(**slots)
    for name in ("on", "off"):
        path = server.dir / name
        path.write_text("#!/bin/sh\necho %s $1 >> %s/told\n" % (name, server.dir))
        path.chmod(0o755)
    mount = mount or PROGRAMS
    server.write_config(body=body + mount % {"dir": server.dir}, **slots)
    return server.start()


def told(server):
    """The lines that its programs have noted."""
    path = server.dir / "told"
    return path.read_text().splitlines() if path.exists() else []


def chain(t, more="", extra=""):
    """An origin, two relays of it, and an edge that has both relays as upstreams."""
    origin = t.server()
    studio = Studio(t, origin, "/live")
    relays = [t.server(body=hosts([origin]), sockets=listen_socket(free_port())) for _ in range(2)]
    for relay in relays:
        wait_for(lambda: relay.stat("/live", "server_type"), "the relay plays")
    edge = with_programs(t, hosts(relays, extra), more)
    wait_for(lambda: edge.stat("/live", "server_type"), "the edge plays")
    return origin, studio, relays, edge


def whole(ear):
    """Every frame once, in order."""
    numbers = ear.numbers()
    check(len(numbers) > 50, "too little was heard: %d frames" % len(numbers))
    wrong = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
    check(not wrong, "frames are lost or doubled: %r" % wrong[:5])


def standbys(edge):
    return int(re.search(r"^lb_relay_standbys (\d+)", edge.get("/metrics", ADMIN).text, re.M).group(1))


def upstream_of(edge, relays):
    """The relay that has last answered the edge."""
    def find():
        asked = re.findall(r"streams audio/mpeg from [\d.]+:(\d+)/", edge.log())
        return next((relay for relay in relays if asked and relay.port == int(asked[-1])), None)
    return wait_for(find, "the edge has an upstream")


def stalls_of_kills(edge, relays, ear, ready=lambda: None):
    """Kills the edge's upstream repeatedly; the stalls of its listener, sorted."""
    stalls = []
    for _ in range(KILLS):
        ready()
        victim = upstream_of(edge, relays)
        ear.reset()
        victim.kill()
        ear.hears_more(30)
        stalls.append(ear.reset())
        victim.start()
        wait_for(lambda: victim.stat("/live", "server_type"), "the relay is back")
        ear.hears_more()
    whole(ear)
    return sorted(stalls)


@test
def a_killed_upstream_costs_no_byte(t):
    _, _, relays, edge = chain(t)
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = stalls_of_kills(edge, relays, ear)
    print("stall after kill -9: " + figures(stalls))
    # Listeners get their bytes once a pulse at the latest; on a busy machine one of them may wait longer.
    check(stalls[len(stalls) // 2] < RESET_S, "stalls: %r" % stalls)


@test
def a_silent_upstream_is_replaced_without_ending_it(t):
    _, _, relays, edge = chain(t)
    ear = Ear(t, edge)
    ear.hears_more()
    victim = upstream_of(edge, relays)
    ear.reset()
    victim.send_signal(signal.SIGSTOP)
    try:
        ear.hears_more(30)
        stall = ear.reset()
    finally:
        victim.send_signal(signal.SIGCONT)
    check(stall < SILENT_S, "silent for %.2f s" % stall)
    check("is asked" in edge.log(), "the log does not say that the next upstream was asked")
    ear.hears_more(100)
    whole(ear)


@test
def an_upstream_whose_line_is_cut_without_a_word_is_replaced(t):
    """Its host is a namespace: when its link goes down, no side sends or gets a packet."""
    line = Line(t)
    loopback, outside = free_port(), free_port()
    origin = t.server(sockets=listen_socket(loopback) + listen_socket(outside).replace("127.0.0.1", line.here))
    Studio(t, origin, "/live")
    far = t.unstarted_server(body=hosts([origin]).replace("127.0.0.1", line.here).replace("<port>%d" % loopback, "<port>%d" % outside),
                             sockets=listen_socket(free_port()).replace("127.0.0.1", line.there))
    far.start(through=["ip", "netns", "exec", line.name])
    far.host = line.there
    near = t.server(body=hosts([origin]))
    for relay in (far, near):
        wait_for(lambda: relay.stat("/live", "server_type"), "the relay plays")
    edge = t.server(body=hosts([far, near]))
    wait_for(lambda: edge.stat("/live", "server_type"), "the edge plays")
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = []

    def taken():
        return len(re.findall("streams audio/mpeg from %s" % line.there, edge.log()))
    wait_for(taken, "the line is used")
    for _ in range(CUTS):
        before = taken()
        ear.reset()
        line.set("down")
        ear.hears_more(40)
        stalls.append(ear.reset())
        line.set("up")
        # The better upstream takes the stream back.
        wait_for(lambda: taken() > before, "the line is used again", 30)
        ear.hears_more()
    whole(ear)
    stalls.sort()
    print("stall of a line that is cut: " + figures(stalls))
    check(stalls[len(stalls) // 2] < SILENT_S, "stalls: %r" % stalls)


@test
def another_encoder_at_the_origin_is_followed_without_a_gap(t):
    origin, studio, _, edge = chain(t)
    ear = Ear(t, edge)
    ear.hears_more(40)
    studio.close()
    studio.source.leave()
    wait_for(lambda: "listeners wait" in origin.log() or origin.stat("/live", "server_type") is None, "the origin has lost its encoder")
    Studio(t, origin, "/live")
    ear.hears_more(60)
    numbers = ear.numbers()
    seams = [i for i, (a, b) in enumerate(zip(numbers, numbers[1:])) if b != a + 1]
    check(len(seams) <= 1, "more than one seam: %r" % seams)


@test
def a_seam_and_a_switch_are_no_news_of_a_source(t):
    """Programs, events, the dump and the log get one report of the source; and another one after an absence longer than
    a seam."""
    origin, studio, relays, edge = chain(t, """<mount><mount-name>/live</mount-name><dump-file>%(dir)s/dump.mp3</dump-file>
        <on-connect>%(dir)s/on</on-connect><on-disconnect>%(dir)s/off</on-disconnect></mount>""")
    ear = Ear(t, edge)
    ear.hears_more(40)
    kill(upstream_of(edge, relays))
    ear.hears_more(40)
    studio.close()
    studio.source.leave()
    Studio(t, origin, "/live")
    ear.hears_more(60)
    log = edge.log()
    equal(len(re.findall("Source logging in at mountpoint", log)), 1, "logins of a source in the log: " + log)
    equal(len(re.findall("dumping to", log)), 1, "dump files that were opened")
    check("listeners wait" not in log and "no source has come" not in log, "the log tells that listeners wait")
    wait_for(lambda: told(edge), "the program was run")
    equal(told(edge), ["on /live"], "what programs were told")
    dump = edge.dir / "dump.mp3"
    size = dump.stat().st_size
    wait_for(lambda: dump.stat().st_size > size, "the dump goes on")


@test
def listeners_wait_for_an_edge_that_lost_all_and_hear_on(t):
    """Master and source are away for longer than a seam: all listeners stay, and the new source is reported once."""
    port = free_port()
    origin = t.server(sockets=listen_socket(port))
    studio = Studio(t, origin, "/live")
    edge = with_programs(t, hosts([origin]))
    wait_for(lambda: edge.stat("/live", "server_type"), "the edge plays")
    ears = [Ear(t, edge) for _ in range(20)]
    all_hear_more(ears)
    studio.close()
    origin.kill()
    edge.wait_for_log("mount /live: no source, 20 listeners wait up to 8000ms for one")
    check("off /live" not in told(edge), "a listener's wait was told as an end")
    equal(edge.stat("/live", "listeners"), "20", "listeners that wait")
    origin.start()
    Studio(t, origin, "/live")
    all_hear_more(ears)
    equal(edge.stat("/live", "listeners"), "20", "listeners that stayed")
    wait_for(lambda: told(edge) == ["on /live", "on /live"], "the new source is told: %r" % told(edge))
    edge.wait_for_log("goes on")


@test
def relays_that_lost_one_server_do_not_come_back_in_one_moment(t):
    """100 relays: their second requests are spread over a quarter around the rest."""
    asked, lock = {}, threading.Lock()

    def answer(text):
        with lock:
            asked.setdefault(text.split(" ")[1], []).append(time.monotonic())
        return b"HTTP/1.0 404 Not Found\r\n\r\n"
    up = Upstream(t, answer)
    t.server(body="".join("<relay><server>127.0.0.1</server><port>%d</port><mount>/r%d</mount><local-mount>/r%d</local-mount></relay>"
                          % (up.port, i, i) for i in range(100)))
    wait_for(lambda: len(asked) == 100 and all(len(times) >= 2 for times in asked.values()), "all have asked twice")
    rests = sorted(times[1] - times[0] for times in asked.values())
    check(0.7 < rests[0] and rests[-1] < 1.25 + 0.5, "rests of %.2f to %.2f s" % (rests[0], rests[-1]))
    again = sorted(times[1] for times in asked.values())
    most = max(sum(1 for when in again if begin <= when < begin + 0.1) for begin in again)
    check(again[-1] - again[0] > 0.3 and most < 60, "%d of 100 came within 0.1 s, all within %.2f s" % (most, again[-1] - again[0]))


@test
def an_edge_says_how_it_went_on(t):
    _, _, relays, edge = chain(t)
    ear = Ear(t, edge)
    ear.hears_more(40)
    events = edge.wire()
    events.send(request("GET /admin/events HTTP/1.0", [], ADMIN))
    equal(events.reply_head().status, 200, "status of the events")
    first = upstream_of(edge, relays)
    kill(first)
    ear.hears_more(30)
    other = next(relay for relay in relays if relay is not first)
    wait_for(lambda: "goes on at the exact byte" in edge.log(), "the log says how the stream went on")
    events.take_until(b"event: relay-switch\n")
    told = events.take_until(b"\n\n").decode()
    for fact in ('"how":"exact"', '"from":"127.0.0.1:%d/live"' % first.port, '"to":"127.0.0.1:%d/live"' % other.port, '"gap-ms":'):
        check(fact in told.replace(": ", ":"), "%s is not in %s" % (fact, told))
    wait_for(lambda: 'lb_relay_switches_total{how="exact"} 1\n' in edge.get("/metrics", ADMIN).text, "the switch is counted")
    wait_for(lambda: re.search(r'lb_relay_gap_seconds\{mount="/live"\} 0\.\d', edge.get("/metrics", ADMIN).text), "its gap is measured")
    if not ear.numbers():
        raise Failed("nothing was heard")


@test
def a_hot_standby_goes_on_at_the_byte(t):
    """The spare replaces the killed upstream at the same byte, and the better upstream takes over again at the same
    byte."""
    _, _, relays, edge = chain(t, extra="<standby>hot</standby>")
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = stalls_of_kills(edge, relays, ear, lambda: wait_for(
        lambda: edge.stat("/live", "standby_sources") == "1" and standbys(edge) == 1, "a standby flows"))
    print("stall with a hot standby: " + figures(stalls))
    check(stalls[len(stalls) // 2] < RESET_S, "stalls: %r" % stalls)


@test
def a_hot_standby_takes_over_from_one_that_is_silent(t):
    _, _, relays, edge = chain(t, extra="<standby>hot</standby>")
    ear = Ear(t, edge)
    ear.hears_more()
    wait_for(lambda: standbys(edge) == 1, "a standby flows")
    victim = upstream_of(edge, relays)
    ear.reset()
    victim.send_signal(signal.SIGSTOP)
    try:
        ear.hears_more(30)
        stall = ear.reset()
        edge.wait_for_log("its standby 127.0.0.1:[0-9]+/live takes over")
    finally:
        victim.send_signal(signal.SIGCONT)
    check(stall < SILENT_S, "silent for %.2f s" % stall)
    ear.hears_more(100)
    whole(ear)


@test
def a_hot_standby_follows_the_next_encoder_of_the_origin(t):
    """Both upstreams end their span at once; the same one is asked for the next span, and a standby flows again."""
    origin, studio, relays, edge = chain(t, extra="<standby>hot</standby>")
    ear = Ear(t, edge)
    ear.hears_more(40)
    wait_for(lambda: standbys(edge) == 1, "a standby flows")
    before = upstream_of(edge, relays)
    for _ in range(3):
        studio.close()
        studio.source.leave()
        studio = Studio(t, origin, "/live")
        ear.hears_more(60)
        wait_for(lambda: standbys(edge) == 1, "a standby flows again")
    seams = [(a, b) for a, b in zip(ear.numbers(), ear.numbers()[1:]) if b != a + 1]
    check(len(seams) <= 3, "more seams than encoders: %r" % seams)
    equal(upstream_of(edge, relays).port, before.port, "its upstream")
    equal(len(re.findall("Source logging in at mountpoint", edge.log())), 1, "logins of a source")


@test
def an_edge_whose_upstream_and_standby_die_together_hears_on(t):
    _, _, relays, edge = chain(t, extra="<standby>hot</standby>")
    ear = Ear(t, edge)
    ear.hears_more(40)
    wait_for(lambda: standbys(edge) == 1, "a standby flows")
    for relay in relays:
        relay.kill()
    edge.wait_for_log("Connection refused")
    relays[1].start()
    ear.hears_more(40)
    ear.numbers()
    relays[0].start()
    wait_for(lambda: standbys(edge) == 1, "a standby flows again")
    # The better one is back, and takes over at the byte.
    wait_for(lambda: upstream_of(edge, relays) is relays[0], "the better one writes")
    ear.hears_more(40)
    ear.numbers()
