"""A source at any node: its master pulls what the configuration lets it bring, and offers it to all."""
from bench import ADMIN, check, equal, test, wait_for
from harness import SOURCE
from link_bench import edge, feed, linked_master


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
def what_a_node_may_not_bring_is_refused_and_shown(b):
    master, first, second = cluster(b)
    feed(b, first, "/other.mp3")
    feed(b, second, "/live/b.mp3")
    for mount in ("/other.mp3", "/live/b.mp3"):
        wait_for(lambda: refused(master, mount) == ["its <node> has no sources that name the mount"], "%s: %r" % (mount, rows(master)))
        check(not knows(master, mount), "%s is not at the master" % mount)
    # And it cannot take over a stream that is there.
    feed(b, first, "/live/c.mp3")
    listener = hears(master, "/live/c.mp3")
    feed(b, second, "/other2.mp3")
    wait_for(lambda: refused(master, "/other2.mp3"), "the row is there")
    listener.take(4000)


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
