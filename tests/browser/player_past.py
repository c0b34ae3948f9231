"""The page of a stream in the past, for times that only the recording has."""
import contextlib
import os
import signal
import time

from stage import harness
from harness import check, equal, open_folder, test, wait_for
from player import HEARD, QUALITIES, WATCHED, comes_back, jumps_of, playing_page, quiet, sets_title


def the_past_is_shown_in_time(s, mount, others=(), stations=""):
    """The page of another stream of the station is used if there is one."""
    kept = open_folder(s.bench.dir / "kept")
    mounts = "".join(harness.mount(name, "<archive>1</archive><linger-for>30</linger-for><max-history>90</max-history>") for name in (mount, *others))
    server = s.start(body=stations + "<archive><dir>%s</dir></archive>%s" % (kept, mounts))
    for other in others:
        s.feed(other, "Radio Example")
    feeder = s.feed(mount, "Radio Example")
    now, jumps = jumps_of(server, mount)
    wait_for(lambda: server.get("/api/v1/now%s/place" % mount).status == 200, "the stream has times", 20)
    begun = now()["live"]["wall_ms"]
    for count in range(1, 11):
        feeder = comes_back(s, feeder, now, jumps, mount)
        if count == 2:
            title = sets_title(server, now, "Second Song", mount)
            for other in others:   # the page has the titles of the first
                title = sets_title(server, lambda: server.get("/api/v1/now" + other).json(), "Second Song", other)

    def recorded():
        seams = server.get("/api/v1/now%s?from=%d" % (mount, begun)).json()["seams"]
        return {seam["after_wall_ms"]: seam["wall_ms"] - seam["after_wall_ms"] for seam in seams}
    wait_for(lambda: len(recorded()) == len(jumps), "all seams are recorded: %s" % jumps, 20)
    told = recorded()
    print("beside those of the stream: %s ms" % [at - after for at, after in zip(sorted(told), sorted(jumps))])
    for (at, jump), (after, of_stream) in zip(sorted(told.items()), sorted(jumps.items())):
        check(abs(at - after) <= 5 and abs(jump - of_stream) <= 5, "seams of the recording: %s, and of the stream: %s" % (told, jumps))
    equal(now()["title"], None)  # the last encoder sends no title
    playing_page(s, "/listen/" + ("rock" if others else mount[1:]))
    if others:
        s.browser.script("const one = document.getElementById('quality'); one.value = arguments[0]; one.dispatchEvent(new Event('change'))", mount)
        # At once: the change waits for the next heard moment, and must not undo the jump.
    s.browser.wait(lambda: s.browser.script("return !document.getElementById('past').hidden"), "the past is offered", harness.Settings.patience)
    s.browser.script(WATCHED)
    s.browser.script("const bar = document.getElementById('bar'), now = arguments[0]; bar.value = Number(bar.max) - Math.round((now - arguments[1]) / 1000); "
                     "bar.dispatchEvent(new Event('input')); bar.dispatchEvent(new Event('change'))", now()["live"]["wall_ms"], min(jumps) - 2000)
    s.browser.wait(lambda: mount + "?from=" in s.browser.script("return document.querySelector('audio').src"), "the past plays", harness.Settings.patience)
    began = s.browser.script("return Number(new URL(document.querySelector('audio').src).searchParams.get('from'))") * 1000
    s.browser.wait(lambda: [1 for text, when in s.browser.script("return titlesSeen") if text == "Second Song"], "it is shown", 30)
    at = [when for text, when in s.browser.script("return titlesSeen") if text == "Second Song"][0]
    # The titles are those of another quality: one that was set while this one had no source is heard at the seam.
    passed = sum(min(jump, title["wall_ms"] - after) for after, jump in jumps.items() if began <= after <= title["wall_ms"])
    late = began + at * 1000 - (title["wall_ms"] - passed)
    check(passed > 2000 and -100 <= late <= 700, "the title is shown %d ms after it is heard, behind %d ms of seams" % (late, passed))
    s.browser.script("localStorage.clear()")
    quiet(s)


@test
def in_the_past_titles_are_shown_in_time_behind_seams_that_the_recording_alone_remembers(s):
    the_past_is_shown_in_time(s, "/live.mp3")


@test
def so_they_are_where_another_quality_than_the_first_is_heard(s):
    the_past_is_shown_in_time(s, "/rock-2.mp3", ("/rock.mp3",), QUALITIES)


# What the page asks for, late, and a recording that seems to be ten minutes longer.
LONGER = """
    const asks = window.fetch;
    window.wallsAsked = [];
    window.fetch = async (...what) => {
      const place = String(what[0]).includes('/place'), wall = place && new URL(what[0], location.href).searchParams.get('wall');
      if (wall) {
        wallsAsked.push(Number(wall));
        await new Promise(done => setTimeout(done, 400));
      }
      const answer = await asks(...what);
      if (!place || !answer.ok) return answer;
      const told = await answer.json();
      return new Response(JSON.stringify({...told, oldest_ms: told.oldest_ms - 600000}));
    }"""


@contextlib.contextmanager
def from_the_first_line(s, script):
    """Every page that is opened runs it before its own scripts."""
    made = s.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"]
    try:
        yield
    finally:
        s.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=made)


OFFERED = "return !document.getElementById('past').hidden"


def recorded_page(s):
    kept = open_folder(s.bench.dir / "kept")
    server = s.start(body="<archive><dir>%s</dir></archive>%s" % (kept, harness.mount("/live.mp3", "<archive>1</archive>")))
    s.feed("/live.mp3", "Radio Example")

    def reach_ms():
        reply = server.get("/api/v1/now/live.mp3/place")
        return reply.json()["live_ms"] - reply.json()["oldest_ms"] if reply.status == 200 else 0
    wait_for(lambda: reach_ms() > 6000, "there is a past of six seconds", 40)
    return server


@test
def each_step_back_is_one_from_where_the_one_before_goes(s):
    recorded_page(s)
    with from_the_first_line(s, LONGER):
        playing_page(s, seconds=3)
    s.browser.wait(lambda: s.browser.script(OFFERED), "the past is offered", harness.Settings.patience)
    s.browser.script("const back = document.getElementById('back'); back.click(); setTimeout(() => back.click(), 150)")
    first, second = s.browser.wait(lambda: len(s.browser.script("return wallsAsked")) > 1 and s.browser.script("return wallsAsked"), "two steps")[:2]
    equal(first - second, 30000)
    # There is no such moment, which stays said while it plays.
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    s.see("That moment is not there any more")
    s.browser.wait(lambda: "not there any more" not in s.browser.text, "it is said for a while", 20)
    s.browser.complaints()      # the 404 answers


@test
def a_pause_during_a_loss_goes_on_where_it_was_lost(s):
    server = recorded_page(s)
    s.browser.open(s.url("/listen/live.mp3"))
    s.browser.wait(lambda: s.browser.script("return performance.getEntriesByType('resource').some(one => one.name.includes('/place') && one.responseEnd)"), "the page knows where to begin")
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 12, "it plays for twelve seconds", 40)
    s.browser.wait(lambda: s.browser.script(OFFERED), "the past is offered", harness.Settings.patience)
    lost_ms = time.time() * 1000
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        s.see("The connection was lost")
        s.browser.find("#play").click()
        s.browser.wait(lambda: s.browser.script("return !document.getElementById('stopped').hidden"), "it may go on where it stopped", 30)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    wait_for(lambda: server.get("/api/v1/now/live.mp3/place").status == 200, "the server answers")
    s.browser.find("#resume").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    began = s.browser.script("return performance.getEntriesByType('resource').map(one => Number(new URL(one.name).searchParams.get('wall'))).filter(Boolean).at(-1)")
    check(-6000 < began - lost_ms < 1000, "it goes on %d ms from the loss" % (began - lost_ms))
    s.browser.complaints()      # the questions without an answer


@test
def the_bar_goes_on_when_it_is_let_go_where_it_was_taken(s):
    recorded_page(s)
    playing_page(s)
    s.browser.wait(lambda: s.browser.script(OFFERED), "the past is offered", harness.Settings.patience)
    place = s.browser.script("const bar = document.getElementById('bar').getBoundingClientRect(), all = document.getElementById('bar'); "
                             "return [bar.x + 8 + (bar.width - 16) * all.value / all.max, bar.y + bar.height / 2].map(Math.round)")
    hold = {"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}}

    def moved(x):
        return {"type": "pointerMove", "x": x, "y": place[1], "duration": 50}
    s.browser.script("window.inputs = 0; window.changes = 0; const bar = document.getElementById('bar'); bar.addEventListener('input', () => ++inputs); bar.addEventListener('change', () => ++changes)")
    s.browser.call("/actions", {"actions": [{**hold, "actions": [moved(place[0]), {"type": "pointerDown", "button": 0}, moved(place[0] - 150), moved(place[0]), {"type": "pointerUp", "button": 0}]}]})
    check(s.browser.script("return inputs") > 1, "the bar was not dragged")
    equal(s.browser.script("return changes"), 0, "it was let go elsewhere")
    s.browser.wait(lambda: s.browser.script("return /^(−|$)/.test(document.getElementById('behind').textContent)"), "how late it is stands there again", 5)
    quiet(s)


# The actions of the lock screen, from the first line of the page on.
ACTIONS = "window.acts = {}; const set = navigator.mediaSession.setActionHandler.bind(navigator.mediaSession); navigator.mediaSession.setActionHandler = (key, act) => { acts[key] = !!act; set(key, act); }"
STEPS = "return ['play', 'seekbackward', 'seekforward', 'seekto'].map(key => acts[key])"


@test
def the_lock_screen_offers_steps_where_there_is_a_past(s):
    recorded_page(s)
    s.feed("/other.mp3", "Radio Example")
    for path, there in (("/listen/other.mp3", False), ("/listen/live.mp3", True)):
        with from_the_first_line(s, ACTIONS):
            playing_page(s, path)
        s.browser.wait(lambda: s.browser.script(STEPS) == [True] + [there] * 3, "the steps of %s are %s" % (path, there), harness.Settings.patience)
    quiet(s)


# Every element that a change of the quality makes.
MADE = "window.made = []; const make = document.createElement.bind(document); document.createElement = (tag, ...more) => { const one = make(tag, ...more); if (tag === 'audio') made.push(one); return one; }"
CHOOSES = "const one = document.getElementById('quality'); one.value = arguments[0]; one.dispatchEvent(new Event('change'))"


@test
def qualities_that_are_passed_leave_no_connection(s):
    server = s.start(body=QUALITIES + harness.mount("/rock*", "<burst-size>100000</burst-size>"))
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        s.feed(mount, "Rock", seconds_ahead=6.0)

    def burst_ms(mount):
        reply = server.get("/api/v1/now%s/place" % mount)
        return reply.json()["live_ms"] - reply.json()["wall_ms"] if reply.status == 200 else 0
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        wait_for(lambda: burst_ms(mount) > 4000, "a player of %s begins four seconds behind live" % mount, 40)
    s.browser.open(s.url("/listen/rock"))
    s.browser.wait(lambda: s.browser.script("return performance.getEntriesByType('resource').some(one => one.name.includes('/place') && one.responseEnd)"), "the page knows where to begin")
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 1, "it plays", harness.Settings.patience)
    s.browser.script(MADE)
    chosen = ""
    for count in range(5):
        chosen = "/rock-2.mp3" if count % 2 == 0 else "/rock.mp3"
        s.browser.script(CHOOSES, chosen)
        if chosen == "/rock-2.mp3":
            s.browser.wait(lambda: s.browser.script("return made.some(one => one.src)"), "its sound is asked for", harness.Settings.patience)
            s.browser.wait(lambda: s.browser.script("return made.at(-1).src || document.querySelector('audio') === made.at(-1)"), "that of the last one", harness.Settings.patience)
    # What is pressed meanwhile holds for what comes.
    s.browser.find("#mute").click()
    s.browser.wait(lambda: s.browser.script("const one = document.querySelector('audio'); return one === made.at(-1) && one.src.includes('/rock-2.mp3') && !one.paused"), "the last one plays", harness.Settings.patience)
    equal(s.browser.script("return [document.querySelector('audio').muted, document.getElementById('mute').getAttribute('aria-pressed')]"), [True, "true"])
    s.browser.wait(lambda: s.browser.script("return made.every(one => one === document.querySelector('audio') || one.networkState === 0)"), "the others are empty", 5)
    wait_for(lambda: server.stat("/rock.mp3", "listeners") == "0" and server.stat("/rock-2.mp3", "listeners") == "1", "one connection is left")
    s.browser.script("localStorage.clear()")
    quiet(s)
