"""X-LB-Stream from a hostile client or server: it costs no more than a listener, and no frame."""
from harness import check, equal, request, test, wait_for
from media import mp3_frame, mp3_numbers
from upstream import Upstream, stream

ID = "4f2a00000000000000000000000000c1"
TOP = str(2 ** 64 - 1)
TAIL = "; m=0/44100; t=1795158080123; z=1795158000100; n=598386000; g=1795158000; c=6000; h=0"
ASKS = ["any", ID + ".0", ID + "." + TOP, ID + "." + str(2 ** 59), ID + ".-1", "0" * 32 + ".0", ID, ID + ".", "any" * 300, "\x7f" * 64, "; ; ;"]
LIES = [
    ID + "." + str(2 ** 59) + TAIL,
    ID + "." + TOP + TAIL,
    ID + ".0; m=%s/1; t=1; z=1; n=1; g=1; c=6000; h=0" % TOP,
    ID + ".0; m=0/0; t=%d; z=%d; n=%d; g=%d; c=60000; h=0" % (2 ** 59, 2 ** 59, 2 ** 59, 2 ** 59),
    ID + ".0; m=%d/1000000; t=1; z=%d; n=0; g=0; c=500; h=0" % (2 ** 59, 2 ** 59),
    ID + ".0; m=0/44100; c=0; h=0",
    ID + ".0; m=0/44100; c=6000; h=1048575",
    ID + ".0; m=0/44100; c=6000; h=99999999999",
    "0" * 32 + ".0" + TAIL,
    (ID + ".0; ") * 80,
    "x" * 3000,
]


def frames(first, count):
    return b"".join(mp3_frame("S", n) for n in range(first, first + count))


@test
def a_forged_question_is_answered_as_a_listeners(t):
    server = t.server(limits="<clients>100</clients><burst-size>8000</burst-size>")
    source = server.source("/live")
    source.send(frames(0, 400))
    wait_for(lambda: int(server.stat("/live", "total_bytes_read") or 0) >= 400 * 384, "the source was read")
    for asked in ASKS:
        wire = server.wire()
        wire.send(request("GET /live HTTP/1.0", ["User-Agent: Icecast 2.4.4 (icecast-lb 0.1.0)", "X-LB-Relay: e1.1", "X-LB-Stream: " + asked]))
        head = wire.reply_head()
        equal(head.status, 200, "status for %r" % asked[:60])
        body = wire.take(20 * 384)
        check(len(mp3_numbers(body)) == 20, "no whole frames for %r" % asked[:60])
        wire.close()
    wire = server.wire()
    wire.send(request("GET /live HTTP/1.0", ["X-LB-Relay: e1.1", "X-LB-Stream: " + ID + "." + "9" * 200000]))
    check(wire.reply_head().status >= 400, "a head of 200 kB was accepted")


@test
def an_upstream_that_lies_is_played_all_the_same(t):
    up = Upstream(t, lambda asked: stream("X-LB-Stream: %s\r\n" % LIES[int(asked.split(" ")[1][2:])]) + frames(0, 60))
    relays = "".join("<relay><server>127.0.0.1</server><port>%d</port><mount>/l%d</mount><local-mount>/l%d</local-mount>"
                     "<retry-delay>1</retry-delay></relay>" % (up.port, i, i) for i in range(len(LIES)))
    edge = t.server(body=relays)
    for i, lie in enumerate(LIES):
        wait_for(lambda: edge.stat("/l%d" % i, "server_type"), "a mount plays for %r" % lie[:60])
        listener = edge.wire()
        listener.send(request("GET /l%d HTTP/1.0" % i, []))
        equal(listener.reply_head().status, 200, "status for %r" % lie[:60])
        check(len(mp3_numbers(listener.take(20 * 384))) == 20, "no whole frames for %r" % lie[:60])
    # All end their span at once, and lie again about what follows.
    before = len(up.requests)
    up.hang_up()
    wait_for(lambda: len(up.requests) >= before + len(LIES), "the relays ask again")
    equal(edge.get("/status-json.xsl").status, 200, "the edge answers")
