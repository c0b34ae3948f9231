"""A node with a valid secret that reports false data about itself: the shares of the honest nodes, and the limits on
its orders and tables.

The liar is RawNode (link_bench.py), which can send any frame over a real link.  The other two are servers with real
listeners.
"""
import collections
import socket
import threading
import time

from bench import LISTENER, Failed, check, equal, node_at, test, wait_for
from link_bench import RawMaster, RawNode, edge, feed, first_line, first_redirect, link_port, linked_master, plays, public, readable, up
from road import Road

TIMES = 240
TWENTIETH = 0.05
KEYS = '<token keys="k"/>'


class Liar:
    """Reports every 50 ms the result of `say(issued)`; issued: the number of listeners that the master claims to have
    sent there."""

    def __init__(self, b, master, say, **hello):
        self.node = RawNode(b, master, "edge66", source="127.0.0.66")
        hello.setdefault("cap", {"lis": 1000})
        welcome = self.node.hello(tokens=True, arr=0, pub={"http": ["127.0.0.66:8000"]}, **hello)
        equal(welcome["t"], "WELCOME", "the answer to its hello")
        self.issued, self.say, self.going = 0, say, True
        for run in (self.listen, self.report):
            threading.Thread(target=run, daemon=True).start()
        b.owned(self)

    def listen(self):
        try:
            while self.going:
                frame = self.node.frame(patience=30)
                if frame is None:
                    return
                if frame["t"] == "ACK":
                    self.issued = frame["iss"]
        except (Failed, ValueError, OSError, AttributeError):
            return

    def report(self):
        try:
            while self.going and self.node.process and self.node.process.poll() is None:
                self.node.load(**self.say(self.issued))
                time.sleep(0.05)
        except (OSError, ValueError, AttributeError):
            return

    def close(self):
        self.going = False


def shares(b, say, balance, **hello):
    """The parts of TIMES listeners that two honest nodes get, where the listeners stay; say None: the third node is
    honest too."""
    attributes = 'max-listeners="1000"'
    master = linked_master(b, 11, {"edge12": attributes, "edge13": attributes, "edge66": attributes},
                           more=KEYS + "<balance %s/>" % balance)
    edges = [edge(b, n, master, capacity=attributes, more=KEYS) for n in (12, 13)]
    # About 600 kbit/s, which nobody knows when the first listeners come.
    feed(b, master)
    if say is None:
        third = edge(b, 66, master, capacity=attributes, more=KEYS)
    else:
        third = Liar(b, master, say, **hello)
    up(master, "edge12", "edge13", "edge66")
    count, stay = collections.Counter(), []
    for _ in range(TIMES):
        status, where, path = first_redirect(master.address, "/live.mp3")
        equal(status, 302, "status")
        count[where] += 1
        if say is None or not where.startswith("127.0.0.66"):
            stay.append(follow(where, path))
        time.sleep(0.01)
    (third.stop if say is None else third.close)()
    for wire in stay:
        wire.close()
    for server in [*edges, master]:
        server.stop()
    return [count["%s:%d" % (server.host, server.given_port)] / TIMES for server in edges]


def follow(where, path):
    """A listener that stays at an edge."""
    host, port = where.split(":")
    wire = socket.create_connection((host, int(port)), 5, source_address=(LISTENER, 0))
    wire.sendall(b"GET %s HTTP/1.0\r\nUser-Agent: Stays/1\r\n\r\n" % path.encode())
    return wire


LIES = {
    "the truth": None,
    "nobody listens there": lambda issued: {"lis": 0, "kbps": 0, "c": [["/live.mp3", 0]]},
    "all have arrived and gone": lambda issued: {"lis": 0, "kbps": 0, "arr": 10 * issued + 1000, "c": [["/live.mp3", 0]]},
    "millions listen there": lambda issued: {"lis": 10000000, "kbps": 1e9, "c": [["/live.mp3", 10000000]]},
}

# What chance explains of a share.  The default draws: four standard deviations of TIMES draws by a third.  The emptiest is
# not drawn: a few listeners come before all nodes have measured the bitrate.
DRAWN, COUNTED = 4 * (1 / 3 * 2 / 3 / TIMES) ** 0.5, 4 / TIMES
BALANCES = {'affinity="0"': DRAWN, 'affinity="1"': DRAWN, 'policy="least-util" affinity="0"': COUNTED,
            'policy="least-util" affinity="1"': COUNTED}


def honest_nodes_keep_their_shares(b, balance):
    """Of three equal nodes each has a third.  The exact bound, over 20,160 draws, is in
    tests/unit/cluster/young_liar_test.cc."""
    least = 1 / 3 - TWENTIETH - BALANCES[balance]
    for what, lie in LIES.items():
        now = shares(b, lie, balance, cap={"lis": 9000000, "kbps": 1e9}, tags=["t%d" % i for i in range(32)])
        check(min(now) >= least, "%s, <balance %s>: %r, and %.3f is the least" % (what, balance, now, least))


@test
def honest_nodes_beside_a_liar_keep_their_shares_of_what_is_drawn(b):
    honest_nodes_keep_their_shares(b, 'affinity="0"')


@test
def honest_nodes_beside_a_liar_keep_their_shares_with_affinity(b):
    honest_nodes_keep_their_shares(b, 'affinity="1"')


@test
def honest_nodes_beside_a_liar_keep_their_shares_of_what_goes_to_the_emptiest(b):
    honest_nodes_keep_their_shares(b, 'policy="least-util" affinity="0"')


@test
def honest_nodes_beside_a_liar_keep_their_shares_of_what_goes_to_the_emptiest_with_affinity(b):
    honest_nodes_keep_their_shares(b, 'policy="least-util" affinity="1"')


@test
def one_node_fills_no_table(b):
    """It invents mounts until its link ends, with a reason in both logs; the other node's rows remain."""
    master = linked_master(b, 11, public(12, 66))
    honest = edge(b, 12, master)
    node = RawNode(b, master, "edge66", source="127.0.0.66")
    node.hello()
    up(master, "edge12")
    first, last = 0, None
    while last is None and first < 30000:
        node.load(c=[["/junk%d" % (first + i), 1] for i in range(2000)])
        first += 2000
        try:
            last = node.frame("BYE", patience=0.3)
            break
        except Failed:
            pass
    check(last is not None and last["code"] == 429, "it is told why: %r" % last)
    check("has named more than 20000 mounts" in last["why"], last["why"])
    wait_for(lambda: "the link has ended: has named more than 20000 mounts" in master.log(), "and the master's log says so")
    feed(b, master)
    plays(honest)
    wait_for(lambda: first_line(master.address, "/live.mp3")[1] == "127.0.0.12:%d" % honest.given_port,
             "listeners go to the honest one")


@test
def a_wrong_secret_shuts_out_no_other_behind_its_address(b):
    """All nodes have one address; each side logs the fault."""
    master = linked_master(b, 11, public(12, 13))
    wrong = edge(b, 13, master, secret="not-this-one")
    wait_for(lambda: "node edge13 from 127.0.0.13: its secret is not that of" in master.log(), "the master names it")
    wait_for(lambda: "the secret of <node id=\"edge13\"> there may differ" in wrong.log(), "the node guesses why")
    for i in range(6):
        stranger = RawNode(b, master, "edge13", secret="no%d" % i, source="127.0.0.12", upgrade=False)
        stranger.process.wait(5)
    begin = time.monotonic()
    edge(b, 12, master)
    up(master, "edge12")
    check(time.monotonic() - begin < 3, "it is linked at once: %.1f s" % (time.monotonic() - begin))


class SlowRoad(Road):
    """Passes on each byte `way` seconds after it has arrived."""

    def __init__(self, b, target, way, host="127.0.0.19"):
        self.way = way
        super().__init__(b, target, host)

    def carry(self, one, other, of_client):
        waiting, over = collections.deque(), False
        while waiting or not over:
            try:
                left = max(0, waiting[0][0] - time.monotonic()) if waiting else 1
                if not over and readable(one, left):
                    data = one.recv(65536)
                    over = not data
                    waiting.append((time.monotonic() + self.way, data))
                elif over:
                    time.sleep(left)
                while waiting and waiting[0][0] <= time.monotonic():
                    data = waiting.popleft()[1]
                    if not data:
                        other.shutdown(socket.SHUT_WR)
                        return
                    other.sendall(data)
            except (OSError, ValueError):
                return


@test
def a_link_over_two_seconds_there_and_back_comes_up_and_stays(b):
    port = link_port()
    master = linked_master(b, 11, {"edge12": 'allow-public="127.0.0.12:%d"' % port})
    feed(b, master)
    road = SlowRoad(b, (master.host, master.link_port), 1.0)
    streams = SlowRoad(b, master.address, 0)
    road.given_port = streams.link_port
    node = edge(b, 12, road, port=port)
    wait_for(lambda: (node_at(master, "edge12") or {}).get("state") == "up", "it is up: %s" % master.log()[-800:], 20)
    wait_for(lambda: first_line(master.address, "/live.mp3")[1] == "127.0.0.12:%d" % port, "listeners are sent there", 10)
    plays(node)
    # Longer than what was said of it in its first seconds, and than PROVE lasts.
    until, states = time.monotonic() + 12, []
    while time.monotonic() < until:
        states.append(node_at(master, "edge12")["state"])
        time.sleep(0.2)
    # A report that comes late on a busy machine is a moment's suspicion.
    check(states.count("suspect") <= len(states) // 10 and set(states) <= {"up", "suspect"}, "its states %s: %s" % (states, master.log()[-800:]))
    equal((node_at(master, "edge12")["addresses"] != [], "another server answers" in master.log()), (True, False), "its address")
    equal(node.log().count("the link has ended"), 0, "links that have ended")


NOT_ITS = "mount %s is not relayed from this master, and no record of this master is in force for it"


class Master9(RawMaster):
    """A compromised master, or any peer in a mesh: it can send anything to its node."""

    def link(self, *mounts):
        self.take_until(b"\r\n\r\n", 15)
        self.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n")
        self.say(t="WELCOME", id="m9", epoch="e1", every=250, dead=5000, http=9)
        self.say(t="SNAP", seq=1, mounts=[{"m": m, "ct": "audio/mpeg", "from": ["m9"]} for m in mounts])
        self.number = 0

    def order(self, **what):
        self.number += 1
        self.say(t="CMD", id=self.number, **what)
        answer = self.frame("RES")
        return answer["ok"], answer.get("why", "")


@test
def a_master_orders_nothing_about_streams_that_are_not_its_own(b):
    master = Master9(b, "edge12")
    node = edge(b, 12, master, streams=False)
    feed(b, node, "/own.mp3")
    master.link()
    for order in (dict(do="kick", m="/own.mp3"), dict(do="metadata", m="/own.mp3", title="Hijacked"),
                  dict(do="move", m="/own.mp3", to="/own.mp3")):
        equal(master.order(**order), (False, NOT_ITS % "/own.mp3"), "the answer to %r" % order)
    plays(node, "/own.mp3")
    check("Hijacked" not in node.get("/status-json.xsl").text, "its title")
    wait_for(lambda: "its order kick of /own.mp3 is not carried out: mount /own.mp3 is not relayed" in node.log(), "it is said")
    # A server that takes in no nodes is an edge: its master may drain it.
    equal(master.order(do="drain", mode="soft"), (True, "soft"), "drain")


@test
def a_peer_does_not_drain_another_unless_it_may(b):
    for orders, done in (("", False), ("all", True), ("none", False)):
        master = Master9(b, "edge12")
        peer = edge(b, 12, master, streams=False, more='<node id="p9" secret="s-p9"/>', start=False)
        text = peer.config.read_text()
        if orders:
            peer.config.write_text(text.replace("</password><bind>", "</password><orders>%s</orders><bind>" % orders))
        peer.start()
        master.link()
        ok, why = master.order(do="drain", mode="hard")
        equal((ok, "<orders>" in why), (done, not done), "drain with orders %r: %s" % (orders, why))
        equal(peer.get("/_lb/health").status, 503 if done else 200, "its health with orders %r" % orders)
        peer.stop()
        master.close()


@test
def a_node_that_changes_its_state_all_the_time_keeps_no_mount_from_its_program(b):
    b.dir.chmod(0o755)
    programs = {}
    for name, text in (("slow", "echo x >> %s/slow.out\nsleep 3"), ("connect", "echo $1 >> %s/connect.out")):
        programs[name] = b.dir / (name + ".sh")
        programs[name].write_text("#!/bin/sh\n" + text % b.dir + "\n")
        programs[name].chmod(0o755)
        (b.dir / (name + ".out")).touch()
        (b.dir / (name + ".out")).chmod(0o666)
    master = linked_master(b, 11, {"edge66": ""}, more="<on-node-event>%s</on-node-event>" % programs["slow"],
                           body_more="<mount><mount-name>/live.mp3</mount-name><on-connect>%s</on-connect></mount>" % programs["connect"])
    liar = RawNode(b, master, "edge66", source="127.0.0.66")
    equal(liar.hello(pub={"http": ["127.0.0.66:8000"]})["t"], "WELCOME", "the answer to its hello")
    liar.load()
    for i in range(601):
        liar.say(t="DRAIN", mode="off" if i % 2 else "soft")
        if i % 20 == 0:
            liar.load()
        time.sleep(0.004)  # within what a link may send
    liar.keep_alive()
    wait_for(lambda: (node_at(master, "edge66") or {}).get("state") == "draining", "the last one is in force", 10)
    feed(b, master)
    wait_for(lambda: "/live.mp3" in (b.dir / "connect.out").read_text(), "the mount's program runs", 10)
    told = [line for line in master.log().splitlines() if "node edge66 " in line]
    check(len(told) < 30, "%d lines of the node" % len(told))
    wait_for(lambda: "takes no new listeners" in [line for line in master.log().splitlines() if "node edge66 " in line][-1],
             "the last state is told", 10)
    check((b.dir / "slow.out").read_text().count("x") <= 32, "programs of the node")
