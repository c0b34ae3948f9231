"""The title of a mount that plays at another node: its picture, the next title, and readers of events that a node
redirects."""
import json

from bench import ADMIN, equal, test, wait_for
from link_bench import edge, feed, linked_master
from pictures import png

MOUNT = "/live.mp3"
SECTION = "<console>1</console><mount><mount-name>%s</mount-name><max-history>9</max-history></mount>" % MOUNT


def now(server):
    reply = server.get("/api/v1/now" + MOUNT)
    return reply.json() if reply.status == 200 else {}


def told(server, fact, what):
    return wait_for(lambda: [s for s in [now(server)] if s.get("title") and fact(s)], "%s: %s" % (server.name, what), 15)[0]


def set_title(server, **body):
    text = json.dumps(body).encode()
    lines = ["Host: x", "Connection: close", "Content-Type: application/json", "Content-Length: %d" % len(text)]
    return server.ask("POST /api/v1/mounts/%2Flive.mp3/title HTTP/1.1", lines, ADMIN, text)


def put(server, picture):
    lines = ["Host: x", "Connection: close", "Content-Type: image/png", "Content-Length: %d" % len(picture)]
    return server.ask("PUT /api/v1/mounts/%2Flive.mp3/art HTTP/1.1", lines, ADMIN, picture)


@test
def pictures_and_what_plays_next_are_known_at_every_node(b):
    master = linked_master(b, 11, ["edge1", "edge2"], body_more=SECTION, name="m1")
    edges = [edge(b, 12, master, "edge1", body=SECTION), edge(b, 13, master, "edge2", body=SECTION)]
    feed(b, master, MOUNT)
    equal(wait_for(lambda: [r for r in [set_title(master, title="Two", artist="B", next={"title": "Three", "artist": "C"})] if r.status == 204], "the title is set")[0].status, 204)
    given = put_when_told(master, png(seed=1))
    for server in [master, *edges]:
        seen = told(server, lambda s: s["title"]["art"] and s["next"], "title, picture and next")
        equal((seen["title"]["text"], seen["title"]["art"], seen["next"]), ("B - Two", given, {"text": "C - Three", "artist": "C", "title": "Three", "album": None, "duration_ms": None, "isrc": None}), server.name)
    for server in edges:
        for _ in range(3):
            reply = server.get(given)
            equal((reply.status, reply.body, reply.get("Content-Type")), (200, png(seed=1), "image/png"), server.name)
    # It travels once to each node.
    asked = [line for line in master.log("access").splitlines() if "GET " + given in line]
    equal(len(asked), 2, asked)
    equal(edges[0].get("/_lb/art/" + "0" * 32 + ".png").status, 404)
    # Another title has neither.
    set_title(master, title="Four")
    for server in [master, *edges]:
        seen = told(server, lambda s: s["title"]["text"] == "Four", "the next title")
        equal((seen["title"]["art"], seen["next"]), (None, None), server.name)
    # The artist that was told apart is so everywhere, though ICY has it in one text with the title.
    set_title(master, title="Five", artist="E - F")
    for server in [master, *edges]:
        seen = told(server, lambda s: s["title"]["text"] == "E - F - Five" and s["title"]["artist"] != "E", "the artist")
        equal((seen["title"]["artist"], seen["title"]["title"]), ("E - F", "Five"), server.name)


def put_when_told(server, picture):
    wait_for(lambda: (now(server).get("title") or {}).get("text") == "B - Two", "the title plays")
    reply = put(server, picture)
    equal(reply.status, 200, reply.text)
    return reply.json()["art"]


@test
def a_picture_of_a_source_at_a_node_is_had_through_its_master(b):
    master = linked_master(b, 11, {"edge1": 'sources="%s" allow-public="127.0.0.12:%%PORT12%%"' % MOUNT, "edge2": ""}, body_more=SECTION, name="m1")
    source_node = edge(b, 12, master, "edge1", body=SECTION)
    other = edge(b, 13, master, "edge2", body=SECTION)
    feed(b, source_node, MOUNT)
    wait_for(lambda: set_title(source_node, title="Two", artist="B", next={"title": "Three"}).status == 204, "the title is set")
    given = put_when_told(source_node, png(seed=2))
    for server in (master, other):
        seen = told(server, lambda s: s["title"]["art"] and s["next"], "title, picture and next")
        equal((seen["title"]["art"], seen["next"]["text"]), (given, "Three"), server.name)
        wait_for(lambda: server.get(given).body == png(seed=2), "%s has the picture" % server.name)


def events(server):
    wire = server.wire()
    wire.send("GET /api/v1/now%s/events HTTP/1.1\r\nHost: x\r\n\r\n" % MOUNT)
    head = wire.reply_head()
    return wire, head


@test
def a_full_or_drained_node_sends_readers_of_events_on(b):
    body = SECTION + '<now max-readers="1"/>'
    master = linked_master(b, 11, ["edge1"], body_more=body, name="m1")
    node = edge(b, 12, master, "edge1", body=SECTION + '<now max-readers="2"/>')
    feed(b, master, MOUNT)
    wait_for(lambda: now(node).get("mount") == MOUNT and "edge1" in master.get("/admin/cluster.json", ADMIN).text, "the node knows the mount")
    first, head = events(master)
    equal(head.status, 200)

    def sent_on():
        wire, head = events(master)
        wire.close()
        return [head] if head.status == 307 else None
    head = wait_for(sent_on, "the second reader is sent on", 15)[0]
    to = "http://127.0.0.12:%d/api/v1/now%s/events?lb-sent=1" % (node.port, MOUNT)
    equal((head.get("Location"), head.get("Access-Control-Allow-Origin")), (to, "*"))
    # A node sends those that it has no place for to its master, and none that was sent to it.
    readers = [events(node), events(node)]
    equal([head.status for _, head in readers], [200, 200])
    wire, head = events(node)
    equal((head.status, head.get("Location")), (307, "http://127.0.0.11:%d/api/v1/now%s/events?lb-sent=1" % (master.port, MOUNT)))
    wire.close()
    wire = node.wire()
    wire.send("GET /api/v1/now%s/events?lb-sent=1 HTTP/1.1\r\nHost: x\r\n\r\n" % MOUNT)
    head = wire.reply_head()
    equal((head.status, head.get("Retry-After")), (503, "5"))
    for reader, _ in readers:
        reader.close()
