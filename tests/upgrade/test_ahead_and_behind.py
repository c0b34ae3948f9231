"""Listeners outside the window of their stream, behind it or ahead of it, while the server is replaced."""
from harness import check, equal, test, wait_for
from media import MP3_FRAME, mp3_frame
from replacing import upgrade


def sound(tag, first, count):
    return b"".join(mp3_frame(tag, number) for number in range(first, first + count))


def read_so_far(server, count, mount="/live.mp3"):
    wait_for(lambda: int(server.stat(mount, "total_bytes_read") or 0) >= count, "%d bytes were read" % count)


@test
def one_that_asked_for_bytes_which_come_later_gets_them(t):
    """Like a relaying server, or a returning player, that has read further at another server."""
    server = t.server()
    source, first, then = server.source(), sound("A", 0, 400), sound("A", 400, 100)
    source.send(first)
    read_so_far(server, len(first) - MP3_FRAME)
    live = wait_for(lambda: server.get("/api/v1/now/live.mp3").json()["live"], "the stream is live")
    at = len(first) + 20 * MP3_FRAME
    player = server.listener("/live.mp3?at=%s.%d&exact=1" % (live["at"].split(".")[0], at))
    upgrade(server)
    upgrade(server)
    source.send(then)
    want = (first + then)[at:-MP3_FRAME]
    equal(player.read(len(want)) == want, True, "the bytes that were asked for")


@test
def one_that_still_reads_a_stream_which_is_over_hears_its_end(t):
    for next_one in (False, True):
        server = t.server(limits="<queue-size>2000000</queue-size><burst-size>1900000</burst-size>")
        source, first = server.source(), sound("A", 0, 5000)
        source.send(first)
        read_so_far(server, len(first) - MP3_FRAME)
        slow = server.listener(receive_buffer=4096)
        source.leave()
        server.wait_until_gone("/live.mp3")
        if next_one:
            source = server.source(tag="B")
            source.send(sound("B", 0, 50))
            read_so_far(server, 49 * MP3_FRAME)
        upgrade(server)
        upgrade(server)
        got = slow.take_all()
        check(got == first[-len(got):] and len(got) > 1000000, "%d bytes up to the end of the stream" % len(got))
