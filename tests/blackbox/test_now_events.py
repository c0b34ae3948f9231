"""The present title as server-sent events: /api/v1/now/MOUNT/events."""
import json
import socket
import struct

from harness import check, equal, request, test, wait_for


class Reader:
    """A reader of a mount's events."""

    def __init__(self, server, mount="/live.mp3", last_id=None, lines=()):
        self.wire = server.wire()
        self.wire.send(request("GET /api/v1/now%s/events HTTP/1.1" % mount,
                               ["Host: localhost", *lines] + (["Last-Event-ID: " + last_id] if last_id else [])))
        self.head = self.wire.reply_head()
        self.id = None

    def next(self, kind=None):
        """The data of the next event (of that kind)."""
        while True:
            lines = self.wire.take_until(b"\n\n").decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":") and line)
            if "event" not in fields:
                continue
            self.id = fields["id"]
            if kind in (None, fields["event"]):
                return fields["event"], json.loads(fields["data"])


def set_title(server, text, mount="/live.mp3"):
    equal(server.set_title(mount, song=text.replace(" ", "%20")).status, 200)


@test
def a_reader_gets_the_state_and_then_what_changes(t):
    server = t.server()
    source = server.source("/live.mp3", lines=["ice-name: Radio"])
    source.play(2)
    reader = Reader(server)
    equal((reader.head.status, reader.head.get("Content-Type"), reader.head.get("Access-Control-Allow-Origin"), reader.head.get("X-Accel-Buffering")),
          (200, "text/event-stream", "*", "no"))
    kind, state = reader.next()
    equal((kind, state["mount"], state["name"], state["on_air"], state["title"]), ("state", "/live.mp3", "Radio", True, None))
    set_title(server, "One - Two")
    kind, title = reader.next()
    equal((kind, title["text"], title["artist"], title["title"]), ("title", "One - Two", "One", "Two"))
    second = Reader(server)
    equal(second.next()[1]["title"], title, "a newcomer has the title in its state")
    source.leave()
    equal(reader.next("air")[1], {"on_air": False})
    server.source("/live.mp3").play(2)
    equal(reader.next("air")[1], {"on_air": True})


@test
def who_comes_back_gets_what_it_missed(t):
    server = t.server()
    server.source("/live.mp3").play(1)
    stays, goes = Reader(server), Reader(server)
    stays.next("state"), goes.next("state")
    set_title(server, "First")
    for reader in (stays, goes):
        equal(reader.next("title")[1]["text"], "First")
    last = goes.id
    goes.wire.close()
    set_title(server, "Second")
    equal(stays.next("title")[1]["text"], "Second")
    again = Reader(server, last_id=last)
    kind, title = again.next()
    equal((kind, title["text"]), ("title", "Second"), "what was missed, and no state before it")
    # An id of another run, one of nothing, and one behind the end: the state.
    run = last.split("-")[0]
    for other in ("1-000000000000", "x", "-", run + "-ffffffffffff", run + "-1", run + "-00000000000g", last + "0"):
        kind, state = Reader(server, last_id=other).next()
        equal((kind, state["title"]["text"]), ("state", "Second"), other)


@test
def readers_are_no_listeners(t):
    server = t.server(limits="<clients>6</clients>", body="<now max-readers=\"9\"/>")
    server.source("/live.mp3").play(1)
    readers = [Reader(server) for _ in range(9)]
    for reader in readers:
        equal(reader.next()[0], "state")
    refused = Reader(server)
    equal((refused.head.status, refused.head.get("Retry-After")), (503, "5"), "the tenth")
    seen = server.get("/api/v1/now/live.mp3").json()
    equal(seen["listeners"], 0)
    equal(server.stat("/live.mp3", "listeners"), "0")
    refused.wire.close()
    # One that closes its side alone would be missed with the next comment.
    gone = readers.pop().wire
    gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.close()

    def is_taken():
        one = Reader(server)
        one.wire.close()
        return one.head.status == 200
    wait_for(is_taken, "its place is given back")
    wait_for(lambda: "/api/v1/now/live.mp3/events" in server.log("access"), "a line in the access log")


@test
def an_address_has_so_many_readers(t):
    server = t.server(body="<now per-address=\"2\"/>")
    server.source("/live.mp3").play(1)
    readers = [Reader(server), Reader(server)]
    equal([reader.head.status for reader in readers], [200, 200])
    equal(Reader(server).head.status, 503)


@test
def a_reader_that_left_before_an_event_gives_its_place_back(t):
    """The closed connection's answer to the event has the same effect as the end of input, which was read before."""
    server = t.server(body="<now per-address=\"1\"/>")
    server.source("/live.mp3").play(1)
    reader = Reader(server)
    reader.next("state")
    reader.wire.take_until(b":\n\n")     # the next heartbeat comes in 20 s
    reader.wire.close()
    server.set_title("/live.mp3", song="Event")
    wait_for(lambda: Reader(server).head.status == 200, "its place is given back")


@test
def what_is_hidden_or_unknown_has_no_events(t):
    server = t.server(body="<mount><mount-name>/secret</mount-name><hidden>1</hidden></mount>")
    server.source("/secret")
    for mount in ("/secret", "/none", "", "/station:none"):
        equal(Reader(server, mount).head.status, 404, mount)
    server.source("/live.mp3").play(1)
    equal(Reader(server, "/station:live").next()[1]["mount"], "/live.mp3")
    head = server.ask("HEAD /api/v1/now/live.mp3/events HTTP/1.0")
    equal((head.status, head.get("Content-Type"), head.body), (200, "text/event-stream", b""))


@test
def events_of_a_station_are_those_of_its_stream_that_plays(t):
    server = t.server(body='<station id="rock" name="Rock"><mount>/a.mp3</mount><mount>/b.mp3</mount></station>')
    first, second = server.source("/a.mp3"), server.source("/b.mp3")
    for mount, title in (("/a.mp3", "On A"), ("/b.mp3", "On B")):
        set_title(server, title, mount)
    wait_for(lambda: "On A" in server.get("/api/v1/now/station:rock").text, "the first stream has its title")
    wire = server.wire()
    wire.send("GET /api/v1/now/station:rock/events HTTP/1.0\r\n\r\n")
    wire.take_until(b"event: state")
    wire.take_until(b"On A")
    first.leave()
    wire.take_until(b"event: state")
    check(b'"mount":"/b.mp3"' in wire.take_until(b"On B"), "the other stream is told")
    set_title(server, "On B again", "/b.mp3")
    check(b"event: title" in wire.take_until(b"On B again"), "its titles too")
    back = server.source("/a.mp3")
    set_title(server, "Back on A", "/a.mp3")
    check(b"event: state" in wire.take_until(b"Back on A"), "and that the first one is back")
    for one in (second, back):
        one.leave()
    wire.take_until(b'{"on_air":false}')
