"""HLS as hls.js plays it in Chromium, over takeovers of encoders and the death of a node (doc/hls.md).

hls.js comes from npm, once.
"""
import http.server
import os
import threading
import time

from harness import ADMIN, Failed, check, equal, test, wait_for
from webdriver import DriverError

import bench
import link_bench
from encoders import Encoder
from npm import packed

FULL = os.environ.get("LB_FULL") == "1"
SECONDS = 60 if FULL else 15
LOST = 2            # the number of lost ones that is allowed
TYPES = {"mp3": "audio/mpeg", "aac": "audio/aac"}
BODY = "<hls><segment>2</segment><window>24</window></hls>"
PAGE = b"""<!doctype html><title>hls.js</title><audio></audio><script src="hls.js"></script><script>
const audio = document.querySelector('audio'), seen = window.seen = {errors: [], waiting: [], loads: []};
// A browser without processor time stands still with seconds in its buffer: no fault of what it was sent.
function starved() {
  const there = audio.buffered, now = audio.currentTime;
  for (let i = 0; i < there.length; ++i) if (there.start(i) <= now && now <= there.end(i)) return there.end(i) - now > 2;
  return false;
}
audio.addEventListener('waiting', () => starved() || seen.waiting.push(audio.currentTime));
audio.addEventListener('error', () => seen.errors.push('audio: ' + audio.error.message));
function play(url) {
  const hls = window.hls = new Hls();
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.details !== 'bufferStalledError' || !starved())
      seen.errors.push(data.details + ' ' + data.fatal + ' ' + (data.reason || data.error || ''));
  });
  hls.on(Hls.Events.FRAG_LOADED, (_, data) => seen.loads.push(data.frag.url));
  hls.on(Hls.Events.MANIFEST_PARSED, () => audio.play());
  hls.loadSource(url);
  hls.attachMedia(audio);
}
</script>"""


class Site:
    """A page of another site, with hls.js."""

    def __init__(self, directory):
        pages = {"/": (PAGE, "text/html"), "/hls.js": (packed("hls.js@1.7.4", "dist/hls.min.js", directory), "text/javascript")}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body, kind = pages.get(self.path, (b"", "text/plain"))
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Player:
    def __init__(self, s, url):
        self.browser = s.browser
        site = s.bench.owned(Site(s.bench.dir))
        self.browser.open(site.url)
        self.browser.script("play(arguments[0])", url)
        try:
            self.browser.wait(lambda: self.time() > 0, "it plays", 30)
        except DriverError:
            raise Failed("it does not play: %r" % self.seen()) from None

    def time(self):
        return self.browser.script("return document.querySelector('audio').currentTime")

    def seen(self):
        return self.browser.script("return seen")


def has_list(server, mount):
    """One session, because each master playlist has another session id."""
    names = []

    def found():
        if not names:
            names.extend(line for line in server.get(mount + "/live.m3u8").text.split("\n") if line.startswith("live.m3u8"))
        return names and server.get("%s/%s" % (mount, names[0])).text.count("#EXTINF") >= 4
    wait_for(found, "a list of four segments", 30)


def plays_over_takeovers(s, kind):
    mount = "/m." + kind
    server = s.start(body=BODY + "<mount><mount-name>%s</mount-name><hls>1</hls><standby-sources>1</standby-sources>"
                                 "<takeover-after>500</takeover-after></mount>" % mount)
    encoders = [Encoder(s.bench, server, kind, tone=440, mount=mount)]
    wait_for(lambda: server.stat(mount, "server_type") == TYPES[kind], "the stream begins", 20)
    encoders.append(Encoder(s.bench, server, kind, tone=660, mount=mount))
    has_list(server, mount)
    player = Player(s, "http://%s%s/live.m3u8" % (s.host, mount))
    begin, first = time.monotonic(), player.time()
    started = len(player.seen()["waiting"])
    for at in range(3):
        while time.monotonic() - begin < SECONDS * (2 * at + 1) / 8:
            time.sleep(0.05)
        encoders.pop(0).close()
        wait_for(lambda: server.log("error").count("takes over") > at, "takeover %d" % at, 10)
        encoders.append(Encoder(s.bench, server, kind, tone=440 + 220 * (at % 2), mount=mount))
    while time.monotonic() - begin < SECONDS:
        time.sleep(0.05)
    played, seen = player.time() - first, player.seen()
    print("      %s: %.1f of %.1f s played, %d segments, waiting at %r" %
          (kind, played, time.monotonic() - begin, len(seen["loads"]), seen["waiting"]), flush=True)
    equal(seen["errors"], [], "errors of hls.js")
    check(played >= SECONDS - LOST, "%.1f s of %d played: %r" % (played, SECONDS, seen))
    check(len(seen["waiting"]) - started <= 1, "it waits at %r" % seen["waiting"])
    agents = [row.text for row in server.get("/admin/listclients?mount=" + mount, ADMIN).xml().iter("UserAgent")]
    equal(sum("Mozilla" in agent for agent in agents), 1, "listeners that are browsers, of %r" % agents)
    s.browser.open("about:blank")


@test
def hls_js_plays_on_when_the_encoder_was_away(s):
    """With the defaults of a mount with <hls>, the encoder leaves and returns some seconds later."""
    mount, away = "/away.mp3", 5
    # With LB_FULL as configured by default: segments of 6 s, which take half a minute to fill a list.  Three segments of
    # 2 s are played before the encoder is back and its clock known: then the player waits.
    body = "<hls><segment>%d</segment></hls>" % (6 if FULL else 2)
    server = s.start(body=body + "<mount><mount-name>%s</mount-name><hls>1</hls></mount>" % mount)
    encoder = Encoder(s.bench, server, "mp3", tone=440, mount=mount)
    has_list(server, mount)
    player = Player(s, "http://%s%s/live.m3u8" % (s.host, mount))
    started = len(player.seen()["waiting"])
    time.sleep(3)
    encoder.close()
    wait_for(lambda: server.stat(mount, "server_type") is None, "the source has left", 10)
    time.sleep(away)
    Encoder(s.bench, server, "mp3", tone=660, mount=mount)
    back = len(player.seen()["loads"])
    wait_for(lambda: len(player.seen()["loads"]) >= back + 3, "segments of the encoder that is back", 40)
    at = player.time()
    wait_for(lambda: player.time() > at + 3, "it plays on: %r" % player.seen(), 20)
    seen = player.seen()
    print("      %.1f s played, %d segments, waiting at %r, errors %r" % (player.time(), len(seen["loads"]), seen["waiting"], seen["errors"]),
          flush=True)
    check(not [error for error in seen["errors"] if " true " in error or error.startswith("audio")], "fatal errors of hls.js: %r" % seen["errors"])
    if FULL:
        check(len(seen["waiting"]) - started <= 1, "it waits at %r" % seen["waiting"])
    s.browser.open("about:blank")


@test
def hls_js_plays_mp3_over_takeovers(s):
    plays_over_takeovers(s, "mp3")


@test
def hls_js_plays_aac_over_takeovers(s):
    plays_over_takeovers(s, "aac")


@test
def hls_js_plays_on_when_its_node_dies(s):
    """The master playlist names two nodes; the node that the player uses is killed."""
    mount = "/m.mp3"
    body = BODY + "<mount><mount-name>%s</mount-name><hls>1</hls></mount>" % mount
    names = {"edge%d" % n: 'allow-public="127.0.0.%d"' % n for n in (12, 13)}
    master = link_bench.linked_master(s.bench, 11, names, name="m1", body_more=body)
    edges = {n: link_bench.edge(s.bench, n, master, capacity='max-listeners="50"', body=body) for n in (12, 13)}
    s.server = master
    bench.wait_until_up(master, *names)
    Encoder(s.bench, master, "mp3", mount=mount)
    wait_for(lambda: master.stat(mount, "server_type"), "the stream begins", 20)
    for edge in edges.values():
        has_list(edge, mount)
    wait_for(lambda: master.get(mount + "/live.m3u8").text.count("\nhttp://127.0.0.1") == 2, "two places in the master playlist", 20)
    player = Player(s, "http://%s:%d%s/live.m3u8" % (*master.address, mount))
    s.browser.wait(lambda: len(player.seen()["loads"]) >= 5, "it has some segments", 20)
    host = player.seen()["loads"][-1].split("/")[2].split(":")[0]
    doomed = edges[int(host.split(".")[3])]
    link_bench.kill9(doomed)
    s.bench.servers.remove(doomed)
    died, longest, moved = time.monotonic(), 0.0, time.monotonic()
    at = player.time()
    while time.monotonic() - died < 25:
        now = player.time()
        if now > at:
            at, moved = now, time.monotonic()
        longest = max(longest, time.monotonic() - moved)
        time.sleep(0.1)
    seen = player.seen()
    print("      silent for %.1f s, waiting at %r, errors %r" % (longest, seen["waiting"], seen["errors"]), flush=True)
    check(longest <= 10, "silent for %.1f s after the death of its node: %r" % (longest, seen))
    check(host not in seen["loads"][-1], "it still asks the dead node: %r" % seen["loads"][-1])
    check(not any(" true " in error for error in seen["errors"]), "a fatal error: %r" % seen["errors"])
    s.browser.open("about:blank")


@test
def the_status_page_offers_hls_beside_the_stream(s):
    """The page plays a mount with HLS as a plain stream if the browser can; the player also has the list, and the
    page a link."""
    server = s.start(body=BODY + "<mount><mount-name>/m.mp3</mount-name><hls>1</hls></mount>")
    s.feed("/m.mp3", "With HLS")
    s.feed("/plain.mp3", "Without")
    has_list(server, "/m.mp3")
    s.browser.open(s.url("/status.xsl"))
    s.see("With HLS", "Without", "HLS")
    links = [link for link in s.browser.script("return [...document.querySelectorAll('a.play')].map(a => a.href)") if link.endswith("/live.m3u8")]
    equal(links, [s.url("/m.mp3/live.m3u8")], "links to lists")
    sources = s.browser.script("return [...document.querySelectorAll('audio source')].map(e => [e.src, e.type])")
    equal(sources, [[s.url("/m.mp3"), ""], [s.url("/m.mp3/live.m3u8"), "application/vnd.apple.mpegurl"]], "what its player may play")
    listed = server.stat("/m.mp3", "hls_url")
    check(listed.endswith("/m.mp3/live.m3u8"), listed)
    equal(server.stat("/plain.mp3", "hls_url"), None)
    for width, name in ((1280, "desk"), (360, "phone")):
        s.browser.look(width)
        s.browser.screenshot(s.shots / ("hls-status-%s.png" % name))
    player = "document.querySelector('audio source').parentElement"
    s.browser.script(player + ".play()")
    s.browser.wait(lambda: s.browser.script("return %s.currentTime" % player) > 1, "it plays")
    equal(s.browser.script("return %s.currentSrc" % player), s.url("/m.mp3"), "what it plays")
    s.browser.open("about:blank")
