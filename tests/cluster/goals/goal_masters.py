"""A master dies and another one answers (G11); so does a polling slave, which nobody tells (G8)."""
import pathlib
import signal
import socket
import sys
import threading
import time

import foreign
import harness
from bench import Failed, Site, cluster_json, kill, master_body, slave_body, start, wait_for, wait_until_up
from goal_appear import spread
from link_bench import Feeder, edge, feed, first_line, linked_master
from table import goal

KILLS, ADDRESS_ROUNDS, RATE = 10, 4, 2000


def kill9(server):
    server.process.kill()
    server.process.wait()
    server.process = None
    (server.dir / "out").unlink()


@goal("G11", "a master dies -> a listener who tries the next address of its name is redirected by another (worst)",
      at_most=100, unit="ms")
def g11_names(b):
    """Two masters that know nothing of each other, two edges with links to both, a listener each 10 ms who tries the first
    address, then the other, as a player does with two A records.  The first master is killed with -9, ten times.  The time
    of each listener's whole try is taken; every one of them must get a 302."""
    masters = [linked_master(b, number, {"edge13": "", "edge14": ""}) for number in (11, 12)]
    for master in masters:
        feed(b, master)
    for number in (13, 14):
        # These listeners never arrive, and each keeps its place for a while: with 100 Mbit/s both nodes are full.
        edge(b, number, masters, capacity='max-bandwidth="10G"')
    answers, going, unanswered = [], [True], []

    def ask():
        while going:
            begin = time.monotonic()
            for master in masters:
                if first_line(master.address, "/live.mp3", patience=1.0)[0] == 302:
                    break
            else:
                unanswered.append(begin)
            answers.append((begin, time.monotonic() - begin))
            time.sleep(0.01)
    for master in masters:
        wait_until_up(master, "edge13", "edge14")
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    worst = []
    for _ in range(KILLS):
        wait_until_up(masters[0], "edge13", "edge14", patience=30)  # they try again after ten seconds at the latest
        begin = time.monotonic()
        kill9(masters[0])
        wait_for(lambda: time.monotonic() > begin + 0.5, "a moment has passed")
        worst.append(1000 * max(took for sent, took in answers if sent > begin - 0.5))
        masters[0].start()
        feed(b, masters[0])
    going.clear()
    thread.join(3)
    if unanswered:
        raise Failed("%d of %d listeners were redirected by neither" % (len(unanswered), len(answers)))
    return max(worst), "%d listeners, none without a redirect; kills: %s" % (len(answers), spread(worst))


@goal("G11", "a master dies -> the other answers at the common address (keepalived, 200 ms adverts; worst)", at_most=1, unit="s")
def g11_address(b):
    """tests/orchestration/test_keepalived.py: keepalived with deploy/keepalived in namespaces of the network, a client that
    asks a hundred times a second; the server that has the address is killed with -9, and the host that has it loses its
    network, twice each.  Without a healthy answer."""
    sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "orchestration"))
    import stand
    import test_keepalived
    gaps = []
    for i in range(ADDRESS_ROUNDS):
        t = stand.Stand()
        try:
            first, second, poll = test_keepalived.two_hosts(t)
            if i % 2:
                t.call("ip", "-n", first.name, "link", "set", "eth0", "down")
            else:
                first.server.process.send_signal(signal.SIGKILL)
                first.server.process.wait()
                t.servers.remove(first.server)
            wait_for(lambda: poll.last()[1:] == ("200", "second"), "the second one has it", 10)
            gaps.append(poll.gap("first", "second"))
        finally:
            t.close(False)
    return max(gaps), "killed %s s, silent %s s" % tuple(
        ", ".join("%.2f" % gap for gap in gaps[part::2]) for part in (0, 1))


class Askers:
    """A crowd: RATE listeners a second that ask a master, in some threads.  Whoever is sent where nobody answers
    comes back to the master at once, as himself."""

    def __init__(self, master, dead, threads=4):
        self.master, self.dead, self.going = master, dead, True
        self.sent, self.returned = [], []  # times of redirects to the dead address, and of those who came back from there
        self.asked = 0
        self.numbers = iter(range(1, 10 ** 9))
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        next_at = time.monotonic()
        while self.going:
            next_at = max(next_at + 4 / RATE, time.monotonic() - 0.1)
            time.sleep(max(0.0, next_at - time.monotonic()))
            with self.lock:
                number = next(self.numbers)
            source = "127.0.%d.%d" % (100 + number // 250 % 100, number % 250 + 1)
            for turn in range(3):
                now = time.monotonic()
                if turn:
                    self.returned.append(now)
                where = ask_as(self.master, number, source)
                self.asked += 1
                if where != self.dead:
                    break
                self.sent.append(time.monotonic())
                host, port = where.split(":")
                try:
                    socket.create_connection((host, int(port)), 1).close()
                    break
                except OSError:
                    pass

    def close(self):
        self.going = False
        for thread in self.threads:
            thread.join(3)


def ask_as(master, number, source):
    """Where this listener is sent; None: it is served, or not answered."""
    with socket.socket() as wire:
        wire.bind((source, 0))
        wire.settimeout(2)
        try:
            wire.connect(master.address)
            wire.sendall(b"GET /live.mp3 HTTP/1.1\r\nHost: x\r\nUser-Agent: Crowd%d/1\r\n\r\n" % number)
            head = b""
            while b"\r\n\r\n" not in head and (data := wire.recv(4096)):
                head += data
        except OSError:
            return None
    at = head.find(b"\r\nLocation: http://")
    return head[at + 19:].split(b"/", 1)[0].decode() if at >= 0 else None


@goal("G8", "Icecast-KH as a slave is killed in a crowd: third listener back from there -> nobody is sent there (worst)",
      at_most=2, unit="s")
def g8(b):
    """A KH slave, registered by its query every 5 s, beside two nodes of ours that post; 2,000 listeners
    a second ask our master.  The KH slave is killed with -9; whoever is sent there finds nobody and comes back
    at once.  From the third who came back until the last redirect to its address; five times."""
    took, rates = [], []
    for _ in range(5):
        round_of = harness.Bench()
        try:
            seconds, rate = kh_round(round_of)
        finally:
            round_of.close(False)
        took.append(seconds)
        rates.append(rate)
    return max(took), "each: %s s; %.0f listeners a second" % (", ".join("%.2f" % t for t in took), sum(rates) / len(rates))


def kh_round(b):
    """(seconds, listeners a second)"""
    site, place, others = Site(11), Site(12), [Site(13), Site(14)]
    nodes = {"e%d" % i: (other, "") for i, other in enumerate(others)}
    master = start(b, site, master_body(nodes, 'affinity="0" hold="0"',
                                        more='<legacy-slave address="127.0.0.1" public="%s"/>' % place.address))
    source = master.source()
    source.play(400)
    b.owned(Feeder(source))
    for name, (other, _) in nodes.items():
        # Room for everybody: a suspect node gets listeners again when all others are full.
        start(b, other, slave_body(site, name, other, 'max-bandwidth="100G" max-listeners="1000000"'))
    slave = foreign.kh(b, place, foreign.kh_slave_body(site)).start()
    wait_until_up(master, *nodes)

    def is_up():
        return any(row["id"].startswith("legacy-") and row["state"] == "up" for row in cluster_json(master)["nodes"])
    wait_for(is_up, "the KH slave is up", 20)
    crowd = b.owned(Askers(master, place.address))
    wait_for(lambda: place.address in [ask_as(master, 10 ** 6 + i, "127.0.99.1") for i in range(20)], "it gets listeners", 20)
    begin, asked = time.monotonic(), crowd.asked
    kill(slave)
    killed = time.monotonic()
    # Where fewer than three came back, the master has found out by itself.
    wait_for(lambda: len([t for t in crowd.returned if t > killed]) >= 3 or not is_up(), "three have come back, or it is out", 20)
    out = time.monotonic()
    wait_for(lambda: time.monotonic() > killed + 5, "five seconds have passed", 10)
    rate = (crowd.asked - asked) / (time.monotonic() - begin)
    crowd.close()
    third = (sorted(t for t in crowd.returned if t > killed) + 3 * [out])[2]
    return max([t - third for t in crowd.sent if t > killed] + [0]), rate
