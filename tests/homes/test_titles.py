"""The title of a mount whose source is at another node: every node knows it, with the time of the source's node."""
from bench import check, equal, test, wait_for
from link_bench import edge, feed, linked_master

MOUNT = "/live/a.mp3"


def cluster(b):
    master = linked_master(b, 11, {"edge12": 'sources="/live/*"', "edge13": ""}, redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    return master, edge(b, 12, master), edge(b, 13, master)


def now(server, mount=MOUNT):
    reply = server.get("/api/v1/now" + mount)
    return reply.json() if reply.status == 200 else {}


def text(server, mount=MOUNT):
    return (now(server, mount).get("title") or {}).get("text")


def set_title(server, words, mount=MOUNT):
    equal(server.set_title(mount, song=words.replace(" ", "%20")).status, 200, "status")


@test
def the_title_of_a_node_is_that_of_all(b):
    servers = master, first, second = cluster(b)
    feed(b, first, MOUNT)
    wait_for(lambda: (now(first).get("live") or {}).get("wall_ms"), "the stream has times")
    for words in ("One - Two", "Three"):
        set_title(first, words)
        for server in servers:
            wait_for(lambda: text(server) == words, "%s shows %s: %s" % (server.host, words, now(server)))
        told = now(first)["title"]
        check(told["id"] and told["wall_ms"], "a place: %s" % told)
        for server in (master, second):
            equal(now(server)["title"], told, "at " + server.host)
            check(now(server)["on_air"], "it is on the air at " + server.host)
    equal([one["text"] for one in now(second)["history"]], ["One - Two"], "history")
    # It is pulled here: the stream brings the same.
    wire = second.wire()
    wire.send("GET %s HTTP/1.0\r\n\r\n" % MOUNT)
    equal(wire.reply_head().status, 200, "status")
    wire.take(8000)
    wait_for(lambda: (now(second).get("live") or {}).get("wall_ms"), "it is relayed")
    for words in ("Three", "Four"):
        if words == "Four":
            set_title(first, words)
        wait_for(lambda: text(second) == words, "the relay shows " + words)
        # Each shows it when it sounds there.
        wait_for(lambda: now(second)["title"] == now(first)["title"], "the relay shows it as the source's node does: %s, %s" % (now(second), now(first)))
    wire.close()


@test
def a_title_goes_with_its_source(b):
    master, first, second = cluster(b)
    source = feed(b, first, MOUNT)
    set_title(first, "One")
    for server in (master, second):
        wait_for(lambda: text(server) == "One", "%s shows it" % server.host)
    source.leave()
    for server in (master, second):
        wait_for(lambda: text(server) is None, "%s shows none: %s" % (server.host, now(server)), 30)


@test
def a_node_that_may_not_bring_a_mount_does_not_name_its_titles(b):
    master, first, second = cluster(b)
    master.source(MOUNT).play(10)
    set_title(master, "True")
    wait_for(lambda: text(first) == "True" and text(second) == "True", "the nodes show the master's title")
    feed(b, second, "/live/b.mp3")
    set_title(second, "False", "/live/b.mp3")
    feed(b, first, "/live/c.mp3")
    set_title(first, "Later", "/live/c.mp3")
    wait_for(lambda: text(master, "/live/c.mp3") == "Later", "what a node may bring is shown")
    check(text(master, "/live/b.mp3") is None, "what it may not bring is not")
    equal(text(master), "True")
