"""nginx as the cache of two nodes, with the configuration of doc/hls.md, and many players behind it."""
import asyncio
import os
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import harness
from harness import ADMIN, Failed, Skip, check, equal, test, wait_for
from test_hls import Encoder, encoded, hls_mount

FULL = os.environ.get("LB_FULL") == "1"
PLAYERS = 100  # of each node
SECONDS = 60 if FULL else 12
PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "doc" / "hls.md"
RELAY = "<relay><local-mount>/m.mp3</local-mount><host><server>127.0.0.1</server><port>%d</port><mount>/m.mp3</mount></host></relay>"


class Cache:
    """nginx with the block of the page, once for each node."""

    def __init__(self, t, nodes):
        if not shutil.which("nginx"):
            raise Skip("no nginx")
        block = re.search(r"```nginx\n(.*?)```", PAGE.read_text(), re.S)[1]
        path, rest = block.split("\n", 1)
        place = t.dir / "nginx"
        place.mkdir()
        self.ports, blocks = [], [path.replace("/var/cache/nginx/hls", str(place / "cache"))]
        for number, node in enumerate(nodes):
            self.ports.append(harness.free_port())
            one = rest.replace("127.0.0.1:8000", "127.0.0.1:%d" % node.port).replace("listen 80;", "listen 127.0.0.1:%d;" % self.ports[-1])
            blocks.append(one.replace("radio", "radio%d" % number))
        user = "user root;" if os.getuid() == 0 else ""
        config = place / "nginx.conf"
        config.write_text("%s daemon off; worker_processes 1; pid %s/pid; error_log %s/error.log;\nevents { worker_connections 4096; }\n"
                          "http { access_log off; %s\n%s }\n" % (user, place, place, " ".join(
                              "%s_temp_path %s/%s;" % (name, place, name) for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
                              "\n".join(blocks)))
        self.process = subprocess.Popen(["nginx", "-p", str(place), "-e", str(place / "error.log"), "-c", str(config)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        t.owned(self)
        for port in self.ports:
            wait_for(lambda: self.answers(port), "nginx answers", 10)

    def answers(self, port):
        if self.process.poll() is not None:
            raise Failed("nginx has ended: " + self.process.stderr.read().decode())
        try:
            harness.Wire(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Player:
    """Fetches its list once a second, and each new segment once, over one connection."""

    def __init__(self, number, port):
        self.number, self.port = number, port
        self.segments, self.wire = {}, None

    async def get(self, path):
        reader, writer = self.wire
        writer.write(("GET %s HTTP/1.1\r\nHost: radio.test\r\nUser-Agent: player/%d\r\n\r\n" % (path, self.number)).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        check(head.startswith("HTTP/1.1 200 "), "%s: %r" % (path, head.split("\r\n")[0]))
        return await reader.readexactly(int(re.search(r"(?i)content-length: (\d+)", head)[1]))

    async def play(self, seconds):
        address = "127.0.%d.%d" % (2 + self.number // 200, 1 + self.number % 200)
        self.wire = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        master = (await self.get("/m.mp3/live.m3u8")).decode()
        path = urllib.parse.urljoin("/m.mp3/", [line for line in master.split("\n") if line and line[0] != "#"][0])
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            for line in (await self.get(path)).decode().split("\n"):
                if line and line[0] != "#" and line not in self.segments:
                    self.segments[line] = len(await self.get(urllib.parse.urljoin(path, line)))
            await asyncio.sleep(1)
        self.wire[1].close()


def segments_fetched(node):
    return int(float(re.search(r'lb_hls_requests_total\{kind="segment"\} (\S+)', node.get("/metrics").text)[1]))


def behind_a_cache(t, sessions):
    body = "<hls><segment>2</segment><window>12</window><sessions>%s</sessions></hls>" % sessions + hls_mount("/m.mp3")
    options = {"limits": "<clients>2000</clients>", "paths": "<x-forwarded-for>127.0.0.1</x-forwarded-for>"}
    origin = t.server(body=body, **options)
    Encoder(t, origin, "/m.mp3", "mp3", encoded("mp3", SECONDS + 60))
    nodes = [origin, t.server(body=body + RELAY % origin.port, **options)]
    cache = Cache(t, nodes)
    wait_for(lambda: nodes[1].get("/m.mp3/live.m3u8").status == 200, "the edge plays", 20)
    wait_for(lambda: nodes[1].get("/m.mp3/live.m3u8?s=-").status != 503, "it has a segment", 20)
    before = [segments_fetched(node) for node in nodes]
    players = [Player(i, cache.ports[i % 2]) for i in range(2 * PLAYERS)]

    async def play():
        await asyncio.gather(*(player.play(SECONDS) for player in players))
    asyncio.run(play())
    for number, node in enumerate(nodes):
        its = [player for player in players if player.number % 2 == number]
        wanted = set().union(*(player.segments for player in its))
        check(all(len(player.segments) >= SECONDS // 2 for player in its), "a player got %d segments" % min(len(p.segments) for p in its))
        equal(segments_fetched(node) - before[number], len(wanted), "segments fetched from node %d by %d players" % (number, len(its)))
    return nodes


@test
def behind_nginx_each_segment_is_fetched_once_a_node_and_each_player_is_a_listener(t):
    nodes = behind_a_cache(t, "token")
    for node in nodes:
        equal(node.stat("/m.mp3", "listeners"), str(PLAYERS), "listeners")
        rows = [row for row in node.get("/admin/listclients?mount=/m.mp3", ADMIN).xml().findall("source/listener")
                if row.find("UserAgent").text.startswith("player/")]
        equal(len(rows), PLAYERS, "rows of listclients")
        idents = {row.get("id") for row in rows}
        equal(len(idents), PLAYERS, "different numbers")
        equal(len({row.find("IP").text for row in rows}), PLAYERS, "different addresses")
        node.get("/admin/killclient?mount=/m.mp3&id=" + min(idents), ADMIN)
        equal(node.stat("/m.mp3", "listeners"), str(PLAYERS - 1), "one is killed, and no other")
    for node in nodes:
        wait_for(lambda: node.log("access").count("live.m3u8") == PLAYERS, "an access line for each, at its end", 40)


@test
def by_address_the_lists_are_of_the_cache_too(t):
    for node in behind_a_cache(t, "address"):
        count = int(node.stat("/m.mp3", "listeners"))
        check(1 <= count <= PLAYERS, "%d listeners" % count)
