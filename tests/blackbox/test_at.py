"""?at= of a mount that is not recorded: exactly that byte of its live window, or an error."""
from harness import check, equal, test, wait_for
from media import MP3_FRAME, mp3_frame


def playing(t, frames=400, body=""):
    """A server with a known byte position in its stream, and the identity of the stream."""
    server = t.server(body=body)
    source = server.source("/live.mp3")
    sound = b"".join(mp3_frame("A", number) for number in range(frames))
    source.send(sound)
    wait_for(lambda: int(server.stat("/live.mp3", "total_bytes_read") or 0) >= len(sound) - MP3_FRAME, "it was read")
    found = []

    def is_told():
        found[:] = [server.get("/api/v1/now/live.mp3").json()["live"]]
        return found[0] is not None and found[0]["at"]
    wait_for(is_told, "the stream has addresses")
    return server, source, sound, found[0]["at"].split(".")[0]


@test
def a_player_gets_the_stream_from_that_byte_on(t):
    server, _, sound, identity = playing(t)
    for position in (0, 1, 384, 50_000, 77_777, len(sound) - 2 * MP3_FRAME):
        for more in ("", "&exact=1"):
            listener = server.listener("/live.mp3?at=%s.%d%s" % (identity, position, more))
            equal(listener.head.get("X-LB-Stream"), "%s.%d" % (identity, position))
            check("X-LB-Stream" in listener.head.get("Access-Control-Expose-Headers"), "pages may read it")
            rest = sound[position:len(sound) - MP3_FRAME]
            check(listener.read(len(rest)) == rest, "other bytes from %d on" % position)
            listener.close()
    wire = server.wire()
    wire.send("HEAD /live.mp3?at=%s.384&exact=1 HTTP/1.0\r\n\r\n" % identity)
    head = wire.reply_head()
    equal((head.status, head.get("X-LB-Stream")), (200, identity + ".384"))


@test
def a_byte_that_is_not_there_is_404_and_no_address_400(t):
    server, _, sound, identity = playing(t, 2000, "<limits><queue-size>100000</queue-size></limits>")
    for at in (identity + ".0", identity + ".%d" % (len(sound) + 100_000_000), identity[::-1] + ".50000"):
        for more in ("", "&exact=1"):
            equal(server.get("/live.mp3?at=" + at + more).status, 404, at + more)
    for at in ("", "x", identity, identity + ".", identity + ".-1", identity + ".1x", "%00", identity + ".5%zz"):
        for more in ("", "exact=1&"):
            reply = server.get("/live.mp3?%sat=%s" % (more, at))
            equal((reply.status, reply.text), (400, "at is not a position of a stream, such as X-LB-Stream gives\r\n"), at)
    # No time, as links of sites have it: the stream plays.
    wire = server.wire()
    wire.send("HEAD /live.mp3?from=newsletter HTTP/1.0\r\n\r\n")
    equal(wire.reply_head().status, 200)
    equal(server.get("/none.mp3?exact=1&at=%s.0" % identity).status, 404)
    equal(server.get("/live.mp3?timeshift=5").status, 404, "what is not recorded")


@test
def behind_the_end_of_a_stream_nothing_is_exact(t):
    server, source, sound, identity = playing(t)
    source.leave()
    server.wait_until_gone("/live.mp3")
    server.source("/live.mp3", tag="B").play(100)
    wait_for(lambda: int(server.stat("/live.mp3", "total_bytes_read") or 0) >= 99 * MP3_FRAME, "the next source is read")
    equal(server.get("/live.mp3?exact=1&at=%s.%d" % (identity, len(sound))).status, 404)
