"""A node that drains: its masters send no listeners any more, and its own return by way of them."""
import json
import signal
import stat
import time

from bench import ADMIN, Site, check, equal, matches, master_body, node_at, slave_body, start, test, wait_for
from bench import ask_and_close, target_of, wait_until_up
from harness import request
from link_bench import Crowd, edge, feed, first_line, kill9, linked_master, plays, public, up


def health(server):
    reply = server.get("/_lb/health")
    return reply.status, reply.json()["state"]


def drain(server, arguments=b"mode=soft&time=300"):
    reply = server.ask("POST /admin/drain HTTP/1.1", ["Host: x", "Content-Type: application/x-www-form-urlencoded"],
                       ADMIN, arguments)
    equal(reply.status, 200, "status of the drain: " + reply.text)


def undrain(server):
    reply = server.ask("POST /admin/undrain HTTP/1.1", ["Host: x", "Content-Length: 0"], ADMIN)
    equal(reply.status, 200, "status of undrain: " + reply.text)


def address_of(server):
    return "%s:%d" % (server.host, server.given_port if hasattr(server, "given_port") else server.port)


def linked_nodes(b):
    """A master that plays /live.mp3, and edge12 and edge13, up."""
    master = linked_master(b, 11, public(12, 13))
    nodes = edge(b, 12, master), edge(b, 13, master)
    feed(b, master)
    up(master, "edge12", "edge13")
    return master, *nodes


def posting_nodes(b):
    """The same master with e1 and e2, which only post, every half minute."""
    site, sites = Site(11), {"e1": Site(12), "e2": Site(13)}
    master = start(b, site, master_body({name: (s, "") for name, s in sites.items()}, 'affinity="0" hold="0"'))
    feed(b, master)
    nodes = [start(b, s, slave_body(site, name, s, interval=30)) for name, s in sites.items()]
    wait_until_up(master, "e1", "e2")
    return master, *nodes


def last_to(crowd, address):
    """The time of the last request that ended at this address."""
    return max([sent for sent, _, _, node in crowd.answers if node == address] or [0])


def stops_sending_within_300_ms(b, master, node, others):
    """Listeners request all the time; none of the requests later than 0.3 s after the drain is sent there."""
    crowd = b.owned(Crowd(master.address, "/live.mp3"))
    wait_for(lambda: last_to(crowd, address_of(node)), "it gets listeners")
    begin = time.monotonic()
    drain(node)
    wait_for(lambda: time.monotonic() > begin + 0.6 and len(crowd.answers) > 50, "time for others has come")
    crowd.close()
    took = (last_to(crowd, address_of(node)) - begin) * 1000
    check(took < 300, "the last one was sent there %.0f ms after the drain" % took)
    equal({status for _, _, status, _ in crowd.answers}, {302}, "statuses")
    later = {where for sent, _, _, where in crowd.answers if sent > begin + 0.3}
    equal(later, {address_of(other) for other in others}, "where listeners go then")


@test
def a_linked_node_that_drains_gets_nobody_and_comes_back(b):
    master, first, second = linked_nodes(b)
    stops_sending_within_300_ms(b, master, first, [second])
    equal(node_at(master, "edge12")["state"], "draining", "its state at the master")
    undrain(first)
    up(master, "edge12")
    wait_for(lambda: first_line(master.address, "/live.mp3")[1] == address_of(first), "it gets listeners again")


@test
def a_node_that_only_posts_is_heard_at_once_too(b):
    """Its next report is due in half a minute; it reports the begin and the end of the drain at once."""
    master, first, second = posting_nodes(b)
    stops_sending_within_300_ms(b, master, first, [second])
    equal(node_at(master, "e1")["state"], "draining", "its state at the master")
    undrain(first)
    wait_until_up(master, "e1", patience=2)
    wait_for(lambda: first_line(master.address, "/live.mp3")[1] == address_of(first), "it gets listeners again")


@test
def an_order_of_the_master_drains_the_node_itself(b):
    master, first, second = linked_nodes(b)
    listener = plays(first)

    def order(query):
        reply = master.get("/admin/cluster/command?node=edge12&do=drain&" + query, ADMIN)
        equal(reply.status, 200, "status of the order: " + reply.text)
    order("mode=soft")
    equal(health(first), (503, "draining"), "health of the node")
    equal(first_line(first.address, "/live.mp3"), (302, address_of(master)), "a listener who comes to it")
    wait_for(lambda: node_at(master, "edge12")["state"] == "draining", "the master knows")
    check(listener.is_open(), "whoever listens there stays")
    first.wait_for_log("asked by a master of the cluster")
    order("mode=off")
    equal(health(first), (200, "up"), "health of the node again")
    up(master, "edge12")
    order("mode=hard")
    listener.expect_end()
    equal({first_line(master.address, "/live.mp3")[1] for _ in range(10)}, {address_of(second)}, "targets")


@test
def on_term_listeners_come_back_by_way_of_the_master(b):
    """Like a player: each closed listener asks the master again, and plays on at another node."""
    master = linked_master(b, 11, public(12, 13))
    leaving = edge(b, 12, master, more='<drain mode="move" time="2s" rate="10"/>')
    feed(b, master)
    up(master, "edge12")
    listeners = [plays(leaving) for _ in range(6)]
    other = edge(b, 13, master)
    up(master, "edge13")
    leaving.send_signal(signal.SIGTERM)
    for listener in listeners:
        listener.expect_end()
        equal(first_line(master.address, "/live.mp3"), (302, address_of(other)), "where the master sends it")
        plays(other)
    equal(leaving.wait_exit(), 0, "status of the process")
    matches("closed|moved|drained: no listener is left", leaving.log())
    master.wait_for_log("node edge12 is down: says goodbye")


def comes_back_by_the_master(master, node, others):
    """A player with the address of the node asks there again; it is sent to the master before any other server."""
    reply = ask_and_close(node, "/live.mp3?a=1", agent="Clock radio/1")
    equal((reply.status, reply.get("Location"), reply.get("Cache-Control")),
          (302, "http://%s/live.mp3?a=1" % address_of(master), "no-store"), "who comes to a node that drains")
    where = target_of(ask_and_close(master, "/live.mp3?a=1", agent="Clock radio/1"))
    check(where in [address_of(other) for other in others], "the master sends it to %s" % where)
    reply = ask_and_close(node, "/live.mp3?a=1", agent="Clock radio/1")
    equal((reply.status, reply.get("Retry-After")), (503, "10"), "again and at once: no circles")
    equal(node.ask("HEAD /live.mp3 HTTP/1.0").status, 503, "who only asks")
    equal(ask_and_close(node, headers=["Host: x", "User-Agent: Icecast 2.4.4"]).status, 200, "a relay")


@test
def who_comes_to_a_draining_node_is_sent_to_its_master_once(b):
    master, first, second = linked_nodes(b)
    drain(first)
    wait_for(lambda: node_at(master, "edge12")["state"] == "draining", "the master knows")
    comes_back_by_the_master(master, first, [second])
    kill9(master)
    wait_for(lambda: ask_and_close(first).status == 503, "with nobody to be sent to")


@test
def a_node_that_only_posts_sends_to_its_master_too(b):
    master, first, second = posting_nodes(b)
    drain(first)
    wait_for(lambda: node_at(master, "e1")["state"] == "draining", "the master knows")
    comes_back_by_the_master(master, first, [second])


@test
def a_draining_master_sends_everybody_to_others(b):
    master = linked_master(b, 11, public(12), name="m11")
    body = master.slots["body"].replace('self-weight="0"', 'self-weight="1"')
    master.reload(body=body)
    node = edge(b, 12, master)
    feed(b, master)
    up(master, "edge12")
    wait_for(lambda: first_line(master.address, "/live.mp3")[0] == 200, "it serves some itself")
    drain(master)
    # The edge has nothing yet: it pulls the stream from the master that drains.
    equal({first_line(master.address, "/live.mp3") for _ in range(20)}, {(302, address_of(node))}, "answers")
    listener = plays(node)
    equal(first_line(node.address, "/live.mp3")[0], 200, "the edge")
    master.reload(body=body + " ")
    equal(health(master), (503, "draining"), "health after a reload")
    equal({first_line(master.address, "/live.mp3")[0] for _ in range(10)}, {302}, "statuses after a reload")
    node.stop()
    listener.expect_end()
    wait_for(lambda: first_line(master.address, "/live.mp3")[0] == 503, "the master knows of nobody else", 2)
    undrain(master)
    equal(first_line(master.address, "/live.mp3")[0], 200, "when it drains no more")


@test
def a_drain_leaves_relays_alone(b):
    """A relay has listeners of other nodes behind it: neither move nor hard ends it, and new relays are let in."""
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    feed(b, master)
    up(master, "edge12")
    here = plays(master)
    there = plays(node)
    for arguments in (b"mode=move&time=1", b"mode=hard"):
        drain(master, arguments)
        here.expect_end()
        wait_for(lambda: "drained: no listener is left" in master.log(), "nobody is left")
        got = len(there.read(40000))
        equal(got, 40000, "bytes that still come")
        undrain(master)
        here = plays(master)
    equal(node.stat("/live.mp3", "listeners"), "1", "listeners at the edge")
    check(there.is_open(), "it is the same connection")


@test
def a_reload_is_no_reason_to_serve_again(b):
    master = linked_master(b, 11, public(12, 13))
    first = edge(b, 12, master)
    edge(b, 13, master)
    up(master, "edge12", "edge13")
    drain(first)
    wait_for(lambda: node_at(master, "edge12")["state"] == "draining", "it drains")
    first.reload(body=first.slots["body"] + " ")
    master.reload(body=master.slots["body"] + " ")
    equal(health(first), (503, "draining"), "health")
    equal(node_at(master, "edge12")["state"], "draining", "its state at the master")
    # A new link, and it is said anew.
    master.kill()
    (master.dir / "out").unlink()
    master.start()
    up(master, "edge13")
    wait_for(lambda: (node_at(master, "edge12") or {}).get("state") == "draining", "the new master knows too")


class Events:
    def __init__(self, server):
        self.wire = server.wire()
        self.wire.send(request("GET /admin/events HTTP/1.0", [], ADMIN))
        self.wire.reply_head()

    def next(self, kind):
        while True:
            lines = self.wire.take_until(b"\n\n").decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":") and line)
            if fields.get("event") == kind:
                return json.loads(fields["data"])


PROGRAM = """#!/bin/sh
echo "$1 $EVENT_SUBJECT $EVENT_NODE" >>%s
"""


@test
def what_nodes_do_is_told_to_readers_and_programs(b):
    heard, program = b.dir / "heard", b.dir / "program"
    heard.touch()
    heard.chmod(0o666)
    program.write_text(PROGRAM % heard)
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    master = linked_master(b, 11, public(12), more="<on-node-event>%s</on-node-event>" % program)
    events = Events(master)
    node = edge(b, 12, master)
    equal(events.next("node-up")["subject"], "edge12", "who is up")
    drain(node)
    equal(events.next("node-drain")["why"], "it says so", "why it takes nobody")
    undrain(node)
    events.next("node-up")
    node.send_signal(signal.SIGSTOP)
    matches(r"^no report for \d+ ms$", events.next("node-suspect")["why"])
    node.send_signal(signal.SIGCONT)
    events.next("node-up")
    node.stop()
    equal(events.next("node-down")["why"], "says goodbye: shutdown", "why it is down")
    # Programs run side by side, so the last event's need not write last; other nodes' events are heard too.
    wanted = {"node-up", "node-drain", "node-suspect", "node-down"}
    wait_for(lambda: wanted <= {line.split()[0] for line in heard.read_text().splitlines() if line.endswith(" edge12 m11")},
             "the program hears all: %s" % heard.read_text())
