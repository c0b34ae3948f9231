"""Titles of a chained Ogg stream whose pages have a second, as ffmpeg writes them."""
import shutil
import subprocess
import time

from harness import Skip, check, equal, test, wait_for
from ogg_pages import pages_of
from threads import Threaded

MOUNT = "/live.ogg"
RATE, SECONDS, SONGS = 44100, 4, 4
BOS = 2
WRONG_MS = 100


class Songs(Threaded):
    """Sends one chain for each song, at the pace of its granules."""

    def __init__(self, bench, source):
        self.source, self.pages = source, []
        for song in range(SONGS):
            path = str(bench.dir / ("%d.ogg" % song))
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "anoisesrc=r=%d:a=0.3:d=%d" % (RATE, SECONDS), "-metadata", "title=Song %d" % song,
                            "-c:a", "libvorbis", "-serial_offset", str(song + 1), path], check=True, stdin=subprocess.DEVNULL)
            with open(path, "rb") as file:
                self.pages += [(song * SECONDS + max(0, granule) / RATE, whole) for whole, _, granule, _ in pages_of(file.read())]
        self.start(bench)

    def run(self):
        began = time.monotonic()
        for due, whole in self.pages:
            time.sleep(max(0, began + due - time.monotonic()))
            if not self.going:
                return
            self.source.send(whole)


def now(server):
    reply = server.get("/api/v1/now" + MOUNT)
    return reply.json() if reply.status == 200 else {}


def title(server):
    return now(server).get("title") or {}


def place(server, wall_ms):
    return server.get("/api/v1/now%s/place?wall=%d" % (MOUNT, wall_ms))


def sound_until_a_chain(data, before):
    """The ms of the pages before the next chain; before: granules at which pages may begin."""
    chains, first, last = 0, None, None
    for _, flags, granule, _ in pages_of(data):
        chains += flags & BOS > 0
        if chains == 2:
            return (last - max(one for one in before if one < first)) * 1000 / RATE
        if granule > 0:
            first, last = first or granule, granule
    return None


@test
def a_title_is_told_where_its_chain_sounds(t):
    if not shutil.which("ffmpeg"):
        raise Skip("ffmpeg is not here")
    server = t.server(limits="<queue-size>4000000</queue-size>")
    songs = Songs(t, server.source(MOUNT, kind="opus"))
    wait_for(lambda: title(server).get("text") == "Song 2", "the third song plays", 20)
    told = title(server)
    wait_for(lambda: now(server)["live"]["wall_ms"] > told["wall_ms"], "two pages of it have come")
    there = place(server, told["wall_ms"]).json()
    equal((there["at"], there["wall_ms"]), (told["id"], told["wall_ms"]), "the page of its moment")
    earlier = place(server, told["wall_ms"] - 1500).json()
    ends = [granule for whole in [b"".join(page for _, page in songs.pages)] for _, _, granule, _ in pages_of(whole)]
    listener = server.listener(earlier["url"])
    heard = []
    wait_for(lambda: heard.append(listener.read(4000)) or sound_until_a_chain(b"".join(heard), ends), "the next chain is heard")
    off = earlier["wall_ms"] + sound_until_a_chain(b"".join(heard), ends) - told["wall_ms"]
    check(abs(off) <= WRONG_MS, "it sounds %d ms after its time" % off)
    return "it sounds %d ms after its time" % off
