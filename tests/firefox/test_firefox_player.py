"""The page of a stream in Firefox: each format is heard, titles change with the sound, and what is around it does not end
it."""
import pathlib
import sys
import time

from encoders import Encoder
from engines import firefox, null_sink
from harness import check, equal, test, wait_for
from replacing import own_program, upgrade

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
from stage import Feeder  # noqa: E402

KINDS = {"mp3": "/live.mp3", "aac": "/live.aac", "vorbis": "/live.ogg", "opus": "/live.opus", "flac": "/live.flac"}
AT = "return document.querySelector('audio').currentTime"
SOURCE = "return document.querySelector('audio').src"
SHOWN = "return document.getElementById('title').textContent"
STATUS = "return document.getElementById('status').textContent"


def page(server, path):
    return "http://%s:%d%s" % (server.host, server.port, path)


def on_the_air(server, path):
    wait_for(lambda: server.get("/api/v1/now%s/place" % path).status == 200, path + " has times", 30)


def played(browser, server, path):
    """The page of the stream, once it plays."""
    browser.open(page(server, "/listen" + path))
    browser.find("#play").click()
    browser.wait(lambda: browser.script(AT) > 1, "%s plays: %s" % (path, browser.text), 30)


@test
def each_format_plays_and_its_titles_are_shown(t):
    server = t.server()
    browser = firefox(t, null_sink(t))
    for kind, path in KINDS.items():
        encoder = Encoder(t, server, kind, mount=path)
        on_the_air(server, path)
        played(browser, server, path)
        if kind in ("mp3", "aac"):
            for song in ("First", "Second"):
                equal(server.set_title(path, song=song).status, 200)
                browser.wait(lambda: browser.script(SHOWN) == song, "%s of %s is shown" % (song, path), 30)
        browser.script("document.getElementById('play').click()")
        encoder.close()
    equal(browser.complaints(), [])


@test
def a_playlist_that_is_opened_does_not_end_the_sound(t):
    """Firefox ends all requests of a page as soon as a link is followed, also one that becomes a download."""
    server = t.server()
    feeder = t.owned(Feeder(server, "/live.mp3", "Radio Example"))
    on_the_air(server, "/live.mp3")
    browser = firefox(t, null_sink(t))
    played(browser, server, "/live.mp3")
    before = browser.script(SOURCE)
    at = browser.script(AT)
    browser.find("a[href$=m3u]").click()
    browser.wait(lambda: browser.downloads.exists() and list(browser.downloads.glob("*.m3u*")), "the playlist is there", 20)
    browser.wait(lambda: browser.script(AT) > at + 6, "it plays on", 20)
    equal(browser.script(SOURCE), before, "it has not had to connect again")
    # So on the page of all streams, whose players cannot come back by themselves.
    browser.open(page(server, "/status.xsl"))
    browser.script("document.querySelector('audio').play()")
    browser.wait(lambda: browser.script(AT) > 1, "it plays", 20)
    for kind in ("m3u", "xspf", "vclt"):
        browser.find("a[href$=%s]" % kind).click()
    at = browser.script(AT)
    browser.wait(lambda: browser.script(AT) > at + 6, "it plays on", 20)
    equal(browser.complaints(), [])
    feeder.close()


@test
def it_plays_on_while_the_server_is_replaced(t):
    own_program(t)
    server = t.server()
    feeder = t.owned(Feeder(server, "/live.mp3", "Radio Example"))
    on_the_air(server, "/live.mp3")
    browser = firefox(t, null_sink(t))
    played(browser, server, "/live.mp3")
    before, at, since = browser.script(SOURCE), browser.script(AT), time.monotonic()
    upgrade(server)
    equal(server.set_title("/live.mp3", song="Behind").status, 200)
    browser.wait(lambda: browser.script(SHOWN) == "Behind", "its titles are told by the next process", 20)
    heard, passed = browser.script(AT) - at, time.monotonic() - since
    check(passed - heard < 0.5, "of %.1f s %.1f s were heard" % (passed, heard))
    equal((browser.script(SOURCE), browser.script(STATUS)), (before, ""))
    feeder.close()


@test
def what_it_cannot_play_is_said(t):
    """As a Firefox without the codecs of its system."""
    server = t.server()
    encoder = Encoder(t, server, "aac", mount="/live.aac")
    on_the_air(server, "/live.aac")
    browser = firefox(t, null_sink(t), {"media.ffmpeg.enabled": False, "media.ffvpx.enabled": False, "media.rdd-process.enabled": False, "media.utility-process.enabled": False})
    browser.open(page(server, "/listen/live.aac"))
    browser.find("#play").click()
    browser.wait(lambda: browser.script(STATUS) == "This browser cannot play this format.", "it says so: " + browser.text, 20)
    said = browser.script("return new Promise(done => { const said = [], at = document.getElementById('status'); new MutationObserver(() => said.push(at.textContent)).observe(at, {childList: true}); setTimeout(() => done(said), 6000); })")
    equal(said, [], "it stays so while it tries again")
    encoder.close()


@test
def without_leave_to_play_it_offers_the_button(t):
    server = t.server()
    feeder = t.owned(Feeder(server, "/live.mp3", "Radio Example"))
    on_the_air(server, "/live.mp3")
    browser = firefox(t, null_sink(t), {"media.autoplay.default": 5, "media.autoplay.blocking_policy": 2})
    browser.open(page(server, "/listen/live.mp3"))
    browser.script("document.getElementById('play').click()")   # of no person
    browser.wait(lambda: browser.script("return document.querySelector('audio').hasAttribute('src') && document.querySelector('audio').paused"), "it is refused")
    browser.wait(lambda: browser.find("#play").text == "Play", "the button offers to play")
    browser.find("#play").click()
    browser.wait(lambda: browser.script(AT) > 1, "it plays", 20)
    feeder.close()
