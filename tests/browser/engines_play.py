"""The page of a stream in three engines: each format by http and https, and a network that fails for ten seconds."""
import time

from encoders import Encoder
from engines import firefox, null_sink, webkit
from road import Road
from stage import harness
from tls_bench import certificate
from harness import check, equal, free_port, listen_socket, open_folder, test, wait_for

KINDS = {"mp3": "/live.mp3", "aac": "/live.aac", "vorbis": "/live.ogg", "opus": "/live.opus"}
AWAY = 10.0     # s
BACK_MS = 2000
AT = "return document.querySelector('audio').currentTime"
PLACES = """
window.places = [];
const ask = window.fetch;
window.fetch = async (...what) => {
  const answer = await ask(...what);
  if (String(what[0]).includes('/place?wall=') && answer.ok) places.push([Number(String(what[0]).split('wall=')[1]), await answer.clone().json()]);
  return answer;
};
"""


def plays(s, browser):
    certificate(s.bench.dir, "127.0.0.1")
    secure = free_port()
    server = s.start(sockets=listen_socket(free_port()) + listen_socket(secure, "<ssl>1</ssl>"),
                     paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % s.bench.dir)
    heard = []
    for kind, mount in KINDS.items():
        encoder = Encoder(s.bench, server, kind, mount=mount)
        wait_for(lambda: server.get("/api/v1/now" + mount).status == 200 and server.get("/api/v1/now" + mount).json()["on_air"], mount + " is on the air", 30)
        for origin in ("http://127.0.0.1:%d" % server.port, "https://127.0.0.1:%d" % secure):
            browser.open(origin + "/listen" + mount)
            browser.script("document.getElementById('play').click()")
            browser.wait(lambda: browser.script(AT) > 1.0, "%s plays %s from %s: %s" % (browser.name, mount, origin, browser.script("return document.body.innerText")))
            heard.append("%s by %s" % (kind, origin.split(":")[0]))
        encoder.close()
    print("%s plays %s" % (browser.name, ", ".join(heard)))


def comes_back(s, browser):
    kept = open_folder(s.bench.dir / "kept")
    server = s.start(body="<archive><dir>%s</dir></archive>%s" % (kept, harness.mount("/live.mp3", "<archive>1</archive>")))
    s.feed("/live.mp3")
    wait_for(lambda: server.get("/api/v1/now/live.mp3/place").status == 200, "the stream has times", 30)
    network = Road(s.bench, (server.host, server.port))
    browser.open("http://127.0.0.1:%d/listen/live.mp3" % network.port)
    browser.script(PLACES)
    browser.wait(lambda: browser.script("return performance.getEntriesByType('resource').some(one => one.name.includes('/place') && one.responseEnd)"),
                 "the page knows where to begin")
    browser.script("document.getElementById('play').click()")
    browser.wait(lambda: browser.script(AT) > 2, "it plays")
    network.cut()
    gone = time.monotonic()
    while time.monotonic() - gone < AWAY:
        time.sleep(0.05)        # the duration of the network's failure
    network.there = True
    back = time.monotonic()
    browser.wait(lambda: browser.script("const a = document.querySelector('audio'); return places.length && a.src.endsWith(places.at(-1)[1].url) && a.currentTime > 0.05"), "it goes on")
    late = (time.monotonic() - back) * 1000
    stopped, place = browser.script("return places.at(-1)")
    print("%s goes on %.0f ms after the network is back, %.0f ms before the sound that was last heard" % (browser.name, late, stopped - place["wall_ms"]))
    check(0 <= stopped - place["wall_ms"] < 100, "it stopped at %d, and goes on at %d" % (stopped, place["wall_ms"]))
    check(late < BACK_MS + 500, "it took %d ms" % late)
    equal(browser.script("return document.getElementById('status').textContent"), "")


@test
def chromium_plays_each_format_by_http_and_https(s):
    s.browser.name = "Chromium"
    plays(s, s.browser)


@test
def firefox_plays_each_format_by_http_and_https(s):
    plays(s, firefox(s.bench, null_sink(s.bench)))


@test
def webkit_plays_each_format_by_http_and_https(s):
    plays(s, webkit(s.bench, null_sink(s.bench)))


@test
def chromium_goes_on_at_the_byte_when_the_network_is_back(s):
    comes_back(s, s.browser)


@test
def firefox_goes_on_at_the_byte_when_the_network_is_back(s):
    comes_back(s, firefox(s.bench, null_sink(s.bench)))


@test
def webkit_goes_on_at_the_byte_when_the_network_is_back(s):
    comes_back(s, webkit(s.bench, null_sink(s.bench)))
