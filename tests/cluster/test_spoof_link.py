"""Attacks on a link and over it: frames cut anywhere, recorded and replayed, under another node's name, from a false
master."""
import itertools
import json
import re
import signal
import socket
import threading
import time

from bench import ADMIN, check, cluster_json, equal, node_at, test, wait_for
from link_bench import RawMaster, RawNode, edge, first_line, linked_master, master_with_a_victim, plays, public, unharmed, up
from road import Road

SOURCES = itertools.count(1)

# One of every type that a node may send.
NODE_FRAMES = [
    {"t": "HELLO", "id": "edge66", "epoch": "e9", "pub": {"http": ["127.0.0.66:8000"]}, "cap": {"lis": 5, "kbps": 100}},
    {"t": "SNAP", "seq": 2, "carried": [["/live.mp3", 7]]},
    {"t": "LOAD", "seq": 2, "at": 1, "lis": 3, "kbps": 384, "c": [["/live.mp3", 3]], "arr": 3},
    {"t": "DRAIN", "mode": "soft", "why": "x"},
    {"t": "RES", "id": 1, "ok": True, "why": "done"},
    {"t": "MSG", "topic": "meta", "from": "edge66", "id": "e1.1", "b": "aGVsbG8="},
    {"t": "WHO", "m": "/live.mp3"},
    {"t": "BYE", "why": "x", "code": 0},
]
# One of every type that a master may send.
MASTER_FRAMES = [
    {"t": "SNAP", "seq": 1, "mounts": [{"m": "/live.mp3", "ct": "audio/mpeg", "from": ["m9"]}]},
    {"t": "DELTA", "seq": 2, "add": [{"m": "/new.mp3", "from": ["m9"]}], "del": ["/live.mp3"]},
    {"t": "ACK", "seq": 1, "now": 1, "iss": 0},
    {"t": "CMD", "id": 1, "do": "drain", "mode": "hard"},
    {"t": "MSG", "topic": "meta", "from": "m9", "id": "e1.1", "b": "aGVsbG8="},
    {"t": "WHO", "m": "/live.mp3", "ok": True},
    {"t": "PROVE", "ask": "aa", "say": "bb"},
    {"t": "BYE", "why": "x"},
]


def attacker(b, master, **options):
    """A node with an address of its own, since five failures shut an address out."""
    number = next(SOURCES)
    return RawNode(b, master, "edge66", source="127.2.%d.%d" % (number // 250, number % 250 + 1), **options)


def ends_of(server, pattern):
    return re.findall(pattern + ".*the link has ended: (.*)", server.log())


@test
def a_frame_that_is_cut_anywhere_changes_nothing(b):
    master, victim = master_with_a_victim(b)
    for frame in NODE_FRAMES:
        whole = json.dumps(frame)
        for part in (1, len(whole) // 3, len(whole) // 2, len(whole) - 1):
            node = attacker(b, master)
            equal(node.hello(epoch="e%d" % next(SOURCES))["t"], "WELCOME", "the answer to hello")
            before = len(ends_of(master, "node edge66 "))
            node.send(whole[:part] + "\n")
            node.expect_end()
            node.close()
            wait_for(lambda: len(ends_of(master, "node edge66 ")) > before, "the end is logged")
            check("not understood: " in ends_of(master, "node edge66 ")[-1], "%r: %s" % (whole[:part], ends_of(master, "node edge66 ")[-1]))
            row = node_at(master, "edge66")
            equal((row["state"], row["listeners"]), ("dead", 0), "its row after %r" % whole[:part])
    equal([m for m in master.get("/admin/cluster/messages.json", ADMIN).json()], [], "messages")
    unharmed(master, victim)


@test
def a_member_of_another_kind_ends_the_link(b):
    """Every member of every frame, in turn, gets an impossible value."""
    master, victim = master_with_a_victim(b)
    passed_over = {("BYE", "why")}  # ends it anyway
    for frame in NODE_FRAMES:
        for member in frame:
            if member in ("t",) or (frame["t"], member) in passed_over:
                continue
            wrong = dict(frame, **{member: {"x": [None]} if not isinstance(frame[member], dict) else 7})
            node = attacker(b, master)
            if frame["t"] == "HELLO":
                node.say(**wrong)
            else:
                node.hello(epoch="e%d" % next(SOURCES))
                node.say(**wrong)
            node.expect_end()
            node.close()
    equal(master.process.poll(), None, "the master")
    unharmed(master, victim)


class Tap(Road):
    """A connection between a node and its master that keeps the node's bytes."""

    def __init__(self, b, target):
        self.heard = []
        super().__init__(b, target, "127.0.0.11", source="127.0.0.12")

    def passes(self, data, of_client):
        if of_client:
            self.heard.append(data)


@test
def what_was_recorded_on_the_wire_cannot_be_played_again(b):
    master = linked_master(b, 11, public(12))
    tap = Tap(b, (master.host, master.link_port))
    tap.given_port = master.given_port
    node = edge(b, 12, tap)
    up(master, "edge12")
    wait_for(lambda: len(tap.heard) > 6, "something has been said")
    node.stop()
    wait_for(lambda: node_at(master, "edge12")["state"] == "dead", "it has gone")
    recorded = list(tap.heard)
    check(b"s-edge12" not in b"".join(recorded) and b"HELLO" not in b"".join(recorded), "nothing can be read")
    for pause in (0, 0.02):
        with socket.socket() as wire:
            wire.bind(("127.3.0.%d" % (1 if pause else 2), 0))
            wire.settimeout(5)
            wire.connect((master.host, master.link_port))
            try:
                for part in recorded:
                    wire.sendall(part)
                    time.sleep(pause)
                while wire.recv(65536):
                    pass
            except OSError:
                pass
    equal(node_at(master, "edge12")["state"], "dead", "its state")
    equal(master.log().count("edge12 (127.0.0.12): is linked"), 1, "times that it was taken in")


@test
def nobody_answers_an_order_that_was_given_to_another(b):
    master = linked_master(b, 11, public(12, 66))
    asked, liar = RawNode(b, master, "edge12"), attacker(b, master)
    for node in (asked, liar):
        node.hello(pub={"http": ["127.0.0.12:8000"]} if node is asked else {})
        node.keep_alive()
    up(master, "edge12", "edge66")
    answers = []
    order = threading.Thread(target=lambda: answers.append(
        master.get("/admin/cluster/command?node=edge12&do=drain&mode=soft", ADMIN).json()))
    order.start()
    number = asked.frame("CMD")["id"]
    for guess in range(number + 3):
        liar.say(t="RES", id=guess, ok=True, why="all is well")
    # What the liar said has been read when its question is answered.
    liar.say(t="WHO", m="/nothing.mp3")
    liar.frame("WHO")
    equal(answers, [], "answers so far")
    asked.say(t="RES", id=number, ok=False, why="no")
    order.join(5)
    equal(answers[0]["why"], "no", "the answer")


@test
def nobody_drains_or_moves_another(b):
    """A node's reports are about itself, whatever they name."""
    master, victim = master_with_a_victim(b)
    node = attacker(b, master)
    node.hello()
    node.keep_alive()
    up(master, "edge66")
    node.say(t="DRAIN", mode="hard", why="x", id="edge12", node="edge12")
    wait_for(lambda: node_at(master, "edge66")["state"] == "draining", "the liar drains")
    equal(node_at(master, "edge12")["state"], "up", "the other")
    node.say(t="BYE", why="edge12 leaves", id="edge12")
    node.expect_end()
    wait_for(lambda: node_at(master, "edge66")["state"] == "dead", "the liar has gone")
    unharmed(master, victim)


@test
def a_node_gets_no_listeners_by_boasting(b):
    """No claimed capacity exceeds the configured one, and a number of listeners cannot be negative."""
    master = linked_master(b, 11, {"edge12": "", "edge66": 'max-listeners="10" max-bandwidth="1M"'})
    honest = edge(b, 12, master)
    master.source().play(20)
    node = attacker(b, master)
    node.hello(cap={"lis": 10000000, "kbps": 1e9, "acc": 0}, pub={"http": ["%s:8000" % node_address(node)]})
    node.keep_alive()
    up(master, "edge12", "edge66")
    row = node_at(master, "edge66")
    equal((row["capacity"]["listeners"], row["capacity"]["kbps"]), (10, 1000), "what it may carry")
    where = [first_line(master.address, "/live.mp3")[1] for _ in range(60)]
    check(sum(one != "127.0.0.12:%d" % honest.given_port for one in where) <= 10, "where listeners go: %r" % where)


def node_address(node):
    return node.process.args[node.process.args.index("-bind") + 1].split(":")[0]


@test
def a_stranger_before_hello_is_not_heard(b):
    """The frames of a node that has logged in and has not sent HELLO."""
    master, victim = master_with_a_victim(b)
    for frame in NODE_FRAMES[1:]:
        node = attacker(b, master)
        node.say(**frame)
        node.expect_end()
        node.close()
    equal(node_at(master, "edge66"), None, "its row")
    equal(len(cluster_json(master)["nodes"]), 2, "rows")
    unharmed(master, victim)


@test
def a_false_frame_of_a_master_ends_the_link_and_nothing_else(b):
    """The node of a broken master keeps its own configuration and its streams, and connects again."""
    master = RawMaster(b, "edge12")
    node = edge(b, 12, master, streams=False)
    node.source().play(60)
    welcome = '{"t":"WELCOME","id":"m9","epoch":"e%d","every":250,"dead":1000}\n'
    wrong = [json.dumps(frame)[:-1] for frame in MASTER_FRAMES] + [
        '{"t":"LOAD","seq":1,"at":1,"lis":0,"kbps":0}', '{"t":"HELLO","id":"m9","epoch":"x"}', '{"t":"DRAIN","mode":"hard"}',
        '{"t":"RES","id":1,"ok":true}', '{"t":"DELTA","seq":1,"add":[{"m":"/admin/x","from":["m9"]}]}',
        '{"t":"DELTA","seq":1,"add":[{"m":"/../x","from":["m9"]}]}', '{"t":"SNAP","seq":1,"mounts":7}',
        '{"t":"CMD","id":1,"do":"reboot"}', '{"t":"CMD","id":-1,"do":"drain","mode":"hard"}',
        '{"t":"MSG","topic":"a b","from":"m9","id":"1","b":""}', '{"t":"PROVE","ask":"a b","say":"x"}', "\x00\x01",
        '{"t":"ACK","seq":"x","now":0}', "x" * 70000, "[" * 999]
    for i, text in enumerate(wrong):
        head = master.take_until(b"\r\n\r\n", 15)
        while head is not None and b"GET /admin/cluster " not in head:
            head = master.take_until(b"\r\n\r\n", 15)
        before = len(ends_of(node, r"master m9 \("))
        master.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n" +
                    welcome % i + text + "\n")
        wait_for(lambda: len(ends_of(node, r"master m9 \(")) > before, "%r ends it: %s" % (text[:60], node.log()[-300:]))
        check("silent" not in ends_of(node, r"master m9 \(")[-1], "%r is refused at once: %s" % (
            text[:60], ends_of(node, r"master m9 \(")[-1]))
        node.send_signal(signal.SIGHUP)  # it comes again at once
    equal(node.get("/_lb/health").status, 200, "health")
    plays(node)
    check("draining" not in node.log(), "it never drained")
