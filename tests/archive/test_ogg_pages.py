"""Recordings of Ogg with long pages, or with pages of which nearly all begin within a packet (doc/archive.md)."""
import pathlib
import random
import shutil

from encoders import parse_ogg
from harness import Skip, check, equal, test, wait_for
from ogg_pages import Player, Stream, encoded, packets_of
from recorder import newest, recorder
from test_archive import FULL, decoded, probed

FLAC = ["-sample_fmt", "s32", "-c:a", "flac", "-f", "ogg"]
OPUS = ["-c:a", "libopus", "-page_duration", "60000000", "-f", "ogg"]


def recorded(t, kind, stream, seconds):
    # A recording begins with the first frame, whose time of day is known three seconds later.
    server = recorder(t, inside="</archive><queue-size>16000000</queue-size><archive>")
    player = Player(t, server.source("/live", kind="opus"), stream)
    wait_for(lambda: newest(server, "/live")[1] - newest(server, "/live")[0] >= seconds, "%d s of %s are recorded" % (seconds, kind), 60)
    return server, player


def check_ranges(t, server, player, stream, turns, shortest):
    begin, end = newest(server, "/live")
    end -= stream.longest_page() + 0.5      # the newest mark is of a page that is not recorded yet
    worst = 0.0
    for turn in range(turns):
        start = begin + 0.1 + random.random() * (end - begin - shortest - 0.2)
        length = shortest + random.random() * (end - start - shortest)
        reply = server.get("/live?from=%.3f&duration=%.3f" % (start, length))
        equal(reply.status, 200)
        equal(parse_ogg(reply.body), 1)
        path = pathlib.Path(t.dir) / "part.ogg"
        path.write_bytes(reply.body)
        sound, told = decoded(path), probed(path)
        check(abs(sound - length) <= 1.1, "%.2f s were asked for, %.2f came" % (length, sound))
        check(abs(told - sound) <= 0.05, "%.3f s are told, %.3f came" % (told, sound))
        first = next(packet for packet, _, _ in packets_of(reply.body) if packet in stream.index)
        off = player.began + stream.seconds_of(first) - start
        worst = max(worst, abs(off))
        check(abs(off) <= 1.1, "a range begins %.2f s beside what was asked" % off)
    return worst


def check_starts(server, player, stream, turns, size=200_000):
    """Listeners of the past begin with the packet of the requested moment."""
    begin, end = newest(server, "/live")
    end -= 2 * stream.longest_page() + 2
    worst = 0.0
    for turn in range(turns):
        start = begin + 0.2 + random.random() * (end - begin - 0.2)
        listener = server.listener("/live?from=%.3f" % start)
        heard = listener.read(len(stream.headers) + size)
        listener.close()
        equal(parse_ogg(heard), 1)
        first = next(packet for packet, _, _ in packets_of(heard) if packet in stream.index)
        off = player.began + stream.seconds_of(first) - start
        worst = max(worst, abs(off))
        check(abs(off) <= 1.1, "a listener began %.2f s beside what it asked for" % off)
    return worst


@test
def packets_of_flac_go_over_the_ends_of_all_pages(t):
    if not shutil.which("ffmpeg"):
        raise Skip("ffmpeg is not here")
    stream = Stream(encoded(t.dir / "noise.ogg", 96000, 22, FLAC), 96000, 8192, full_pages=True)
    check(stream.torn_pages() > 0.9 * len(stream.pages), "%d of %d pages begin within a packet" % (stream.torn_pages(), len(stream.pages)))
    server, player = recorded(t, "flac", stream, 12)
    ranges = check_ranges(t, server, player, stream, 20 if FULL else 4, 1)
    starts = check_starts(server, player, stream, 20 if FULL else 4)
    check("slower than the stream" not in server.log(), "bytes were lost that the queue had")
    return "ranges begin within %.2f s, listeners within %.2f s" % (ranges, starts)


@test
def packets_of_flac_may_have_two_pages_each(t):
    if not shutil.which("ffmpeg"):
        raise Skip("ffmpeg is not here")
    stream = Stream(encoded(t.dir / "noise.ogg", 192000, 14, FLAC), 192000, 16384, full_pages=False)
    check(2 * stream.torn_pages() >= len(stream.pages) - 2, "packets have one page each")
    server, player = recorded(t, "flac", stream, 7)
    ranges = check_ranges(t, server, player, stream, 10 if FULL else 3, 1)
    starts = check_starts(server, player, stream, 10 if FULL else 3)
    return "ranges begin within %.2f s, listeners within %.2f s" % (ranges, starts)


@test
def pages_of_opus_may_have_seconds(t):
    if not shutil.which("ffmpeg"):
        raise Skip("ffmpeg is not here")
    stream = Stream(encoded(t.dir / "noise.ogg", 48000, 40, [*OPUS[:2], "-b:a", "80k", *OPUS[2:]]), 48000, 960, full_pages=False)
    longest = stream.longest_page()
    check(longest >= 2, "a page has at most %.1f s" % longest)
    server, player = recorded(t, "opus", stream, 20)
    ranges = check_ranges(t, server, player, stream, 20 if FULL else 4, 1)
    starts = check_starts(server, player, stream, 20 if FULL else 4, size=50_000)
    return "pages of %.1f s: ranges begin within %.2f s, listeners within %.2f s" % (longest, ranges, starts)
