"""A source at any node: its master pulls the mounts that the configuration allows the node, and offers them to all."""
import os
import socket
import threading
import time

from api import Api, encoded
from bench import ADMIN, check, equal, test, wait_for
from harness import SOURCE
from link_bench import Feeder, edge, feed, kill9, linked_master, percentile
from threads import all_at_once


def rows(master):
    return master.get("/admin/cluster/ingest.json", ADMIN).json()


def refused(master, mount):
    return [row["refused"] for row in rows(master) if row["mount"] == mount]


def knows(server, mount):
    return mount in server.get("/admin/listmounts", ADMIN).text


def hears(server, mount, size=4000):
    wait_for(lambda: knows(server, mount), "%s knows %s: %s" % (server.host, mount, server.log()[-500:]))
    wire = server.wire()
    wire.send("GET %s HTTP/1.0\r\n\r\n" % mount)
    equal(wire.reply_head().status, 200, "status of %s at %s" % (mount, server.host))
    wire.take(size)
    return wire


def cluster(b):
    master = linked_master(b, 11, {"edge12": 'sources="/live/*"', "edge13": ""}, redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    return master, edge(b, 12, master), edge(b, 13, master)


@test
def what_a_node_may_bring_is_heard_at_its_master_and_at_the_other_nodes(b):
    master, first, second = cluster(b)
    feed(b, first, "/live/a.mp3")
    listeners = [hears(server, "/live/a.mp3") for server in (master, master, second, second)]
    equal(refused(master, "/live/a.mp3"), [""], "refused")
    for wire in listeners:
        wire.take(4000)
    check(not [row for row in rows(second)], "the master does not repeat it: %r" % rows(second))


@test
def an_order_for_the_source_of_an_idle_relay_is_the_nodes_to_refuse(b):
    """The mount has no record of the master: the node's answer gives this reason, and not a missing source."""
    master, first, _ = cluster(b)
    mount, api = "/live/a.mp3", Api(master)
    feed(b, first, mount)
    wait_for(lambda: knows(master, mount), "the master has the offer")
    why = "node edge12: mount %s is not relayed from this master, and no record of this master is in force for it" % mount
    for path, body in (("title", {"title": "One"}), ("kick-source", None)):
        equal(api.problem("refused", "POST", "/mounts/%s/%s" % (encoded(mount), path), body).json()["detail"], why, path)
    for command, words in (("metadata?mode=updinfo&song=One&", "Metadata not updated: "), ("killsource?", "Source not removed: ")):
        told = master.get("/admin/%smount=%s" % (command, mount), ADMIN).xml()
        check(why in told.findtext("message") and told.findtext("return") == "0", "%s: %s" % (command, told.findtext("message")))
    hears(first, mount)


@test
def an_idle_relay_that_no_node_feeds_has_no_source_to_end(b):
    up = b.server()
    up.source("/live/a.mp3")
    idle = b.server(body="<relay><server>127.0.0.1</server><port>%d</port><mount>/live/a.mp3</mount><on-demand>1</on-demand></relay>" % up.port)
    api = Api(idle)
    for path, body in (("title", {"title": "One"}), ("kick-source", None)):
        api.problem("no-source", "POST", "/mounts/%s/%s" % (encoded("/live/a.mp3"), path), body)
    # As Icecast 2.4.4 does.
    equal(idle.get("/admin/killsource?mount=/live/a.mp3", ADMIN).xml().findtext("message"), "Source Removed")


@test
def what_a_node_may_not_bring_is_refused_and_shown(b):
    master, first, second = cluster(b)
    feed(b, first, "/other.mp3")
    feed(b, second, "/live/b.mp3")
    for mount in ("/other.mp3", "/live/b.mp3"):
        wait_for(lambda: refused(master, mount) == ["its <node> has no sources that name the mount"], "%s: %r" % (mount, rows(master)))
        check(not knows(master, mount), "%s is not at the master" % mount)


@test
def a_node_that_is_not_allowed_cannot_take_over_a_stream(b):
    """It has a source of the same name, before and while the allowed node has one."""
    master, first, second = cluster(b)
    feed(b, second, "/live/c.mp3")
    no = "its <node> has no sources that name the mount"
    wait_for(lambda: refused(master, "/live/c.mp3") == [no], "it is refused: %r" % rows(master))
    feed(b, first, "/live/c.mp3")
    listeners = [hears(master, "/live/c.mp3") for _ in range(2)]
    wait_for(lambda: sorted(refused(master, "/live/c.mp3")) == ["", no], "both are shown: %r" % rows(master))
    equal(master.stat("/live/c.mp3", "source_ip"), first.host, "where it is pulled from")
    # The allowed one dies: the other one is still not let in.
    kill9(first)
    wait_for(lambda: refused(master, "/live/c.mp3") == [no], "one row: %r" % rows(master))
    for wire in listeners:
        check(end_of(wire.socket) < 15, "its listeners wait, and end")
    wait_for(lambda: not knows(master, "/live/c.mp3"), "it is not at the master")


@test
def a_source_of_the_master_itself_comes_first(b):
    master, first, second = cluster(b)
    feed(b, master, "/live/d.mp3", tag="M")
    wait_for(lambda: knows(first, "/live/d.mp3"), "the node has the offer")
    feed(b, first, "/live/e.mp3")
    hears(master, "/live/e.mp3")
    lines = ["Host: x", "Content-Type: audio/mpeg", "Expect: 100-continue"]
    check(master.ask("PUT /live/e.mp3 HTTP/1.1", lines, SOURCE).status == 403, "an encoder at the master is refused")


@test
def when_the_node_leaves_its_stream_ends(b):
    master, first, second = cluster(b)
    feed(b, first, "/live/f.mp3")
    hears(master, "/live/f.mp3")
    first.stop()
    b.servers.remove(first)
    wait_for(lambda: not refused(master, "/live/f.mp3"), "the row has gone: %r" % rows(master))
    wait_for(lambda: not knows(master, "/live/f.mp3"), "the mount has gone", 15)


def end_of(wire, patience=15):
    """The seconds until the server closes this listener's connection."""
    began = time.monotonic()
    wire.settimeout(patience)
    while True:
        try:
            data = wire.recv(65536)
        except socket.timeout:
            return float("inf")
        if not data:
            return time.monotonic() - began


def ends_of(wires):
    return all_at_once(lambda wire: end_of(wire.socket), wires)


@test
def when_the_source_ends_the_master_ends_the_mount_at_once(b):
    master, first, second = cluster(b)
    source = first.source("/live/g.mp3")
    source.play(20)
    feeder = Feeder(source)
    wires = [hears(server, "/live/g.mp3") for server in (first, master, master)]
    hears(second, "/live/g.mp3")
    feeder.close()
    source.leave()
    took = ends_of(wires)
    check(max(took) < 2, "at its node and at the master after %s s" % ["%.2f" % each for each in took])
    wait_for(lambda: not knows(master, "/live/g.mp3"), "the mount has gone")
    # As with any stream that a master has withdrawn: its listeners at other nodes wait for relays 10 s.
    wait_for(lambda: not knows(second, "/live/g.mp3"), "the mount has gone", 15)
    return "after at most %.2f s" % max(took)


@test
def when_its_node_dies_listeners_wait_for_the_encoder_at_another_node(b):
    master = linked_master(b, 11, {"edge12": 'sources="/live/*"', "edge13": 'sources="/live/*"'}, redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    first, second = edge(b, 12, master), edge(b, 13, master)
    feed(b, first, "/live/h.mp3")
    wire = hears(master, "/live/h.mp3")
    hears(master, "/live/h.mp3")
    kill9(first)
    time.sleep(1)       # as an encoder that sees the end and connects elsewhere
    feed(b, second, "/live/h.mp3")
    wire.pending = b""
    wire.take(8000)


TRIALS = 100 if os.environ.get("LB_FULL") else 10
GOAL_MS = 100


def first_sound(server, mount, until, out):
    """The time of the first byte of the stream; the mount is requested until it is known."""
    while time.monotonic() < until:
        with socket.create_connection(server.address, timeout=5) as wire:
            wire.sendall(("GET %s HTTP/1.0\r\nHost: x\r\n\r\n" % mount).encode())
            data = b""
            while b"\r\n\r\n" not in data:
                more = wire.recv(4096)
                if not more:
                    break
                data += more
            if b" 200 " not in data[:20]:
                time.sleep(0.005)
                continue
            head, _, body = data.partition(b"\r\n\r\n")
            if body or wire.recv(1):
                out.append(time.monotonic())
                return


@test
def a_new_source_is_heard_at_another_node_within_100_ms(b):
    """From the encoder's 200 to the first byte at another node, where a listener requests the mount all the time."""
    master, first, second = cluster(b)
    feed(b, first, "/live/warm.mp3")
    hears(second, "/live/warm.mp3")
    took = []
    for i in range(TRIALS):
        mount, heard = "/live/n%d.mp3" % i, []
        listening = threading.Thread(target=first_sound, args=(second, mount, time.monotonic() + 10, heard))
        listening.start()
        time.sleep(0.05 + (i % 10) * 0.01)     # not in step with any timer
        source = first.source(mount)
        began = time.monotonic()
        feeder = Feeder(source, units=2, pause=0.02)
        listening.join()
        feeder.close()
        source.leave()
        check(heard, "%s is heard: %s" % (mount, second.log()[-600:]))
        took.append((heard[0] - began) * 1000)
    p99 = sorted(took)[int(0.99 * (len(took) - 1))]
    figures = "p50 %.0f, p99 %.0f, worst %.0f ms of %d" % (percentile(took, 0.5), p99, max(took), len(took))
    check((p99 if TRIALS >= 100 else percentile(took, 0.5)) <= GOAL_MS, figures)
    return figures
