"""Hostile answers of a server whose stream is passed through to a listener: no part of them reaches the listener's head
unescaped, and none ends the master."""
from bench import LISTENER, check, equal, test, wait_for
from harness import request
from link_bench import edge, link_port, node, up
from upstream import Upstream, stream

AUDIO = b"\xff\xfb\x90\x00" + b"a" * 413


def near(b, upstream):
    """A master that pulls /live.mp3 on demand from a server of the test."""
    port = link_port()
    made = node(b, 11, "<max-redirect-slaves>-1</max-redirect-slaves>"
                       "<relay><server>127.0.0.1</server><port>%d</port><mount>/live.mp3</mount>"
                       "<local-mount>/live.mp3</local-mount><on-demand>1</on-demand></relay>"
                       "<cluster><id>m11</id><cluster-port>%d</cluster-port>"
                       "<capacity max-bandwidth=\"100M\" self-weight=\"0\"/><balance hold=\"0\"/>"
                       "<node id=\"edge13\" secret=\"s-edge13\"/></cluster>" % (upstream.port, port))
    made.link_port, made.name = port, "m11"
    up(made, edge(b, 13, made).name)
    return made


def stuck(server, headers=()):
    wire = server.wire(source_address=LISTENER)
    wire.send(request("GET /live.mp3 HTTP/1.0", ["Host: x", "User-Agent: WinampMPEG/2.8", *headers]))
    return wire


def alive(server):
    equal(server.get("/_lb/live").status, 200, "the master lives")


@test
def the_request_is_a_relays_and_names_its_way(b):
    far = Upstream(b, lambda _: stream() + AUDIO * 20)
    server = near(b, far)
    wire = stuck(server, ["Via: 1.1 proxy", "Cookie: secret", "Authorization: Basic am9lOnNlY3JldA=="])
    equal(wire.reply_head().status, 200, "status")
    equal(wire.take(len(AUDIO)), AUDIO, "the bytes as they are")
    asked = far.requests[0]
    check("X-LB-Relay: m11." in asked and "Via: 1.1 proxy, 1.1 m11." in asked, asked)
    check("Cookie" not in asked and "Authorization" not in asked, "what the listener told us only: " + asked)


@test
def header_lines_are_made_anew(b):
    evil = (b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name: nice\x07\x1b[31m<b>\r\n"
            b"Set-Cookie: a=b\r\nX-Evil: 1\r\nLocation: http://evil/\r\nice-audio-info: \xff\xfe\r\n\r\n")
    server = near(b, Upstream(b, lambda _: evil + AUDIO * 20))
    reply = stuck(server).reply_head()
    equal(reply.status, 200, "status")
    for name in ("Set-Cookie", "X-Evil", "Location"):
        equal(reply.get(name), None, name)
    check(b"\x1b" not in reply.head and b"\x07" not in reply.head, "control characters in %r" % reply.head)


@test
def nonsense_is_refused(b):
    answers = {
        "a huge head": b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nX: " + b"x" * 3_000_000 + b"\r\n\r\n",
        "many lines": b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n" + b"X: y\r\n" * 200_000 + b"\r\n",
        "no HTTP": b"\x00\x01\x02" * 1000 + b"\r\n\r\n",
        "a page": b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>",
        "an error": b"HTTP/1.0 500 No\r\nContent-Type: audio/mpeg\r\n\r\n",
        "silence": None,
    }
    answer = {}
    far = Upstream(b, lambda _: answers[answer["now"]])
    server = near(b, far)
    for name in answers:
        answer["now"] = name
        reply = stuck(server).reply()
        equal(reply.status, 404, name)
        check(b"script" not in reply.body, "the page of %s" % name)
        alive(server)
    check(server.log().count("cannot be passed on") >= 1, "the log says why")


@test
def redirects_end(b):
    where = {}
    far = Upstream(b, lambda _: ("HTTP/1.0 302 Found\r\nLocation: %s\r\n\r\n" % where["to"]).encode())
    server = near(b, far)
    count = [0]

    def next_one(_):
        count[0] += 1
        return ("HTTP/1.0 302 Found\r\nLocation: /again%d\r\n\r\n" % count[0]).encode()
    for to in ("http://127.0.0.1:%d/live.mp3" % far.port, "javascript:alert(1)", "ftp://x/", "http://", "/\x00"):
        where["to"] = to
        equal(stuck(server).reply().status, 404, "led to " + repr(to))
        alive(server)
    far.answer = next_one
    equal(stuck(server).reply().status, 404, "an endless chain")
    check(count[0] <= 30, "%d requests" % count[0])


@test
def our_own_stream_does_not_come_back(b):
    mark = {}
    far = Upstream(b, lambda _: stream("X-LB-Path: far.1 %s\r\n" % mark["own"]) + AUDIO)
    server = near(b, far)
    mark["own"] = "none.1"
    wire = stuck(server)
    wire.reply_head()
    wire.close()
    mark["own"] = far.requests[0].split("X-LB-Relay: ")[1].split("\r\n")[0]
    far.hang_up()
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "0", "nobody", 15)
    equal(stuck(server).reply().status, 404, "a circle")


@test
def transfer_codings_and_metadata_go_by_way_of_the_relay(b):
    far = Upstream(b, lambda text: stream("Transfer-Encoding: chunked\r\n") + (b"%x\r\n" % len(AUDIO) + AUDIO + b"\r\n") * 30)
    server = near(b, far)
    wire = stuck(server)
    equal(wire.reply_head().status, 200, "status")
    equal(wire.take(len(AUDIO) * 2), AUDIO * 2, "without the lengths of the chunks")
    check("answers with a transfer-coding" in server.log(), "why it is not passed on")


@test
def metadata_that_was_not_asked_for_is_taken_out(b):
    block = b"\x01StreamTitle='x';"
    far = Upstream(b, lambda text: stream("icy-metaint: %d\r\n" % len(AUDIO)) + (AUDIO + block) * 30)
    server = near(b, far)
    wire = stuck(server)
    equal(wire.reply_head().status, 200, "status")
    equal(wire.take(len(AUDIO) * 3), AUDIO * 3, "audio alone")


@test
def a_mount_that_nobody_knows_starts_nothing(b):
    far = Upstream(b, lambda _: stream() + AUDIO)
    server = near(b, far)
    wire = server.wire(source_address=LISTENER)
    wire.send(request("GET /other.mp3 HTTP/1.0", ["Host: x", "User-Agent: WinampMPEG/2.8"]))
    equal(wire.reply_head().status, 404, "status")
    equal(far.requests, [], "requests upstream")
