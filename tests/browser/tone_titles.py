"""Songs with a different tone each: the page shows a title when its tone is heard, in Chromium, Firefox and
WebKitGTK.

LB_FULL=1 in the environment: 60 songs of 10 s.  Browsers that are not installed are skipped.
"""
import os
import statistics
import time

from engines import firefox, null_sink, webkit
from loudspeaker import Loudspeaker
from stage import harness
from harness import Failed, check, equal, open_folder, test, wait_for
from tones import TONES, Songs, frames, tone

FULL = os.environ.get("LB_FULL") == "1"
SECONDS = 10.0 if FULL else 3.0
JUDGED = 58 if FULL else 5
WRONG_MS, STALL_MS = 100, 1000
MOUNT = "/live.mp3"
SHOWN = """
const shown = window.shown = [], title = document.getElementById('title');
new MutationObserver(() => shown.push([Number(title.textContent.split(' ')[1]), performance.now()])).observe(title, {childList: true, characterData: true, subtree: true});
"""
# The heard tone by the given frequencies, also of an element that is added later.
HEARD = """
const [tones] = arguments, heard = window.heard = [];
const context = new AudioContext(), analyser = context.createAnalyser(), hooked = new WeakSet();
analyser.fftSize = 1024;
analyser.smoothingTimeConstant = 0;
analyser.connect(context.destination);
context.resume();
const bins = new Float32Array(analyser.frequencyBinCount), width = context.sampleRate / analyser.fftSize;
let last = -1;
setInterval(() => {
  const audio = document.querySelector('audio');
  if (!hooked.has(audio)) {
    hooked.add(audio);
    context.createMediaElementSource(audio).connect(analyser);
  }
  analyser.getFloatFrequencyData(bins);
  const levels = tones.map(one => Math.max(bins[Math.round(one / width)], bins[Math.round(one / width) - 1], bins[Math.round(one / width) + 1]));
  const best = levels.indexOf(Math.max(...levels));
  if (levels[best] > -50 && best !== last) heard.push([best, performance.now()]);
  if (levels[best] > -50) last = best;
}, 5);
"""


class InPage:
    """Hears with the browser's own AudioContext, as Chromium has no sound server."""

    def __init__(self, browser):
        self.browser = browser

    def page_opened(self):
        self.browser.script(HEARD, [tone(song) for song in range(TONES)])

    def heard(self):
        return self.browser.script("return heard")

    def forget(self):
        self.browser.script("heard.length = 0")


class AtSink:
    """Hears the browser's output, by the clock of its page."""

    def __init__(self, s, browser, sound):
        self.browser, self.speaker, self.begin = browser, Loudspeaker(s.bench, sound), 0.0

    def page_opened(self):
        self.speaker.forget()

        def asked():
            before = time.monotonic()
            now = self.browser.script("return performance.now()")
            after = time.monotonic()
            return after - before, (before + after) / 2 - now / 1000
        # The answer with the shortest round trip is the most exact.
        self.begin = min(asked() for _ in range(20))[1]

    def heard(self):
        return [(one, (at - self.begin) * 1000) for one, at in self.speaker.heard()]

    def forget(self):
        self.speaker.forget()


def at_sink(s, make):
    """A browser, with an ear for its output."""
    sound = null_sink(s.bench)
    browser = make(s.bench, sound)
    return browser, AtSink(s, browser, sound)


def differences(browser, ear):
    """The delay of each title after its tone in ms, by song."""
    heard, shown, found = ear.heard(), browser.script("return shown"), {}
    for song, when in shown:
        near = [at for one, at in heard if one == song % TONES and abs(at - when) < SECONDS * 1000]
        if near:
            found[song] = when - min(near, key=lambda at: abs(at - when))
    return found


def newest(browser, ear, count):
    """The figures of the newest songs, without the first one, with which the page began."""
    return list(differences(browser, ear).values())[1:][-count:]


def are_right(off):
    """Allows for a browser on a busy machine, whose delay is not a fault of the page."""
    return statistics.median(map(abs, off)) <= WRONG_MS and max(map(abs, off)) <= STALL_MS


def judge(browser, ear, what, count):
    try:
        browser.wait(lambda: len(newest(browser, ear, count)) == count, "so many songs are heard", SECONDS * (count + 9))
    except Failed:
        raise Failed("%s, %s: of %d songs only these were heard and shown: %s, %s" % (browser.name, what, count, ear.heard(), browser.script("return shown"))) from None
    try:
        # A busy machine delays all songs of that time.
        browser.wait(lambda: are_right(newest(browser, ear, count)), "titles come with their tones", SECONDS * 3 * count)
    except Failed:
        raise Failed("%s, %s: so many ms after: %s" % (browser.name, what, [round(one) for one in newest(browser, ear, count)])) from None
    off = newest(browser, ear, count)
    print("%s, %s: a title is shown %.0f to %.0f ms after its tone is heard, %d songs" % (browser.name, what, min(off), max(off), len(off)))


def clear(browser, ear):
    browser.script("shown.length = 0")
    ear.forget()


def has_times(of):
    wait_for(lambda: of.get("/api/v1/now%s/place" % MOUNT).status == 200, "the stream has times", 30)


def is_young(of):
    now = of.get("/api/v1/now" + MOUNT)
    return now.status == 200 and now.json()["live"] and now.json()["live"]["wall_ms"] is None


def play(browser, ear, of, young=False):
    wait_for(lambda: is_young(of), "the stream has no times yet") if young else has_times(of)
    browser.open("http://127.0.0.1:%d/listen/live.mp3" % of.port)
    browser.script(SHOWN)
    ear.page_opened()
    browser.wait(lambda: browser.script("return performance.getEntriesByType('resource').some(one => one.name.includes('/place') && one.responseEnd)"),
                 "the page knows where to begin")
    browser.script("document.getElementById('play').click()")
    browser.wait(lambda: browser.script("return document.querySelector('audio').currentTime") > 0.5, "it plays")


def pause(songs, seconds):
    """Pauses the encoder; returns the one that continues."""
    songs.close()
    silent = time.monotonic()
    wait_for(lambda: time.monotonic() - silent > seconds, "a pause", seconds + 3)
    return Songs(songs.bench, songs.server, MOUNT, songs.data, SECONDS, first=songs.song + 1)


def seam_is_known(server):
    wait_for(lambda: server.get("/api/v1/now" + MOUNT).json()["seams"], "the seam is known", 30)


def shown_in_time(s, browser, ear):
    kept = open_folder(s.bench.dir / "kept")
    body = harness.mount(MOUNT, "<archive>1</archive><linger-for>30</linger-for><max-history>70</max-history>")
    server = s.start(body="<archive><dir>%s</dir></archive>%s" % (kept, body))
    data = frames(server.dir, SECONDS, TONES)
    relay = "<relay><server>127.0.0.1</server><port>%d</port><mount>%s</mount></relay>"
    second = s.bench.server(body=harness.mount(MOUNT, "<max-history>70</max-history>") + relay % (server.port, MOUNT))
    third = s.bench.server(body=harness.mount(MOUNT, "<max-history>70</max-history>") + relay % (second.port, MOUNT))
    songs = Songs(s.bench, server, MOUNT, data, SECONDS)

    # At an edge two hops away.
    play(browser, ear, third)
    judge(browser, ear, "two relays further", 4)
    play(browser, ear, server)
    judge(browser, ear, "live", JUDGED)
    # Back by ten minutes, or as far as there are recordings.
    browser.script("document.getElementById('far').click()")
    browser.wait(lambda: browser.script("const a = document.querySelector('audio'); return a.src.includes('at=') || a.src.includes('from=')"), "it is asked for what was")
    clear(browser, ear)
    judge(browser, ear, "in the past", 4)
    browser.script("document.getElementById('live').click()")
    browser.wait(lambda: browser.script("return document.querySelector('audio').currentTime") < 3, "it is live again")
    browser.wait(lambda: browser.script("return document.querySelector('audio').currentTime") > 0.5, "it plays")
    # Another encoder continues: the wall time jumps, and the sound does not.
    again = pause(songs, 2)      # titles would be late by this
    seam_is_known(server)
    clear(browser, ear)
    judge(browser, ear, "behind a seam", 4)
    for one in (songs, again):
        equal(one.fault, None)


def shown_in_time_of_a_young_stream(s, browser, ear):
    server = s.start(body=harness.mount(MOUNT, "<linger-for>30</linger-for><max-history>70</max-history>"))
    songs = Songs(s.bench, server, MOUNT, frames(server.dir, SECONDS, TONES), SECONDS)
    play(browser, ear, server, young=True)
    judge(browser, ear, "of a stream that has no times yet", 4)
    again = pause(songs, 2)
    play(browser, ear, server, young=True)
    judge(browser, ear, "behind a seam that is not known yet", 4)
    for one in (songs, again):
        equal(one.fault, None)


@test
def a_page_that_began_before_the_times_shows_titles_with_their_tones_in_chromium(s):
    shown_in_time_of_a_young_stream(s, s.browser, InPage(s.browser))


@test
def a_page_that_began_before_the_times_shows_titles_with_their_tones_in_firefox(s):
    shown_in_time_of_a_young_stream(s, *at_sink(s, firefox))


@test
def a_title_is_shown_with_its_tone_in_chromium(s):
    shown_in_time(s, s.browser, InPage(s.browser))


@test
def a_title_is_shown_with_its_tone_in_firefox(s):
    shown_in_time(s, *at_sink(s, firefox))


@test
def a_title_is_shown_with_its_tone_in_webkit(s):
    shown_in_time(s, *at_sink(s, webkit))


@test
def webkit_is_heard_again_where_the_encoder_was_away_for_longer_than_a_burst(s):
    browser, ear = at_sink(s, webkit)
    server = s.start(body=harness.mount(MOUNT, "<linger-for>30</linger-for><max-history>70</max-history>"))
    songs = Songs(s.bench, server, MOUNT, frames(server.dir, SECONDS, TONES), SECONDS)
    play(browser, ear, server)
    judge(browser, ear, "before a long pause", 2)
    first = browser.script("return document.querySelector('audio').src")
    place = server.get("/api/v1/now%s/place" % MOUNT).json()
    again = pause(songs, (place["live_ms"] - place["wall_ms"]) / 1000 + 1)
    seam_is_known(server)
    browser.wait(lambda: browser.script("const a = document.querySelector('audio'); return a.src !== arguments[0] && a.currentTime > 0.5", first), "it begins again")
    clear(browser, ear)
    judge(browser, ear, "behind a long pause", 4)
    for one in (songs, again):
        equal(one.fault, None)
