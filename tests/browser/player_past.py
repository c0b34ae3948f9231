"""The page of a stream in the past, for times that only the recording has."""
from stage import harness
from harness import check, equal, test, wait_for
from player import QUALITIES, WATCHED, comes_back, jumps_of, playing_page, quiet, sets_title


def the_past_is_shown_in_time(s, mount, others=(), stations=""):
    """The page of another stream of the station is used if there is one."""
    kept = s.bench.dir / "kept"
    kept.mkdir()
    kept.chmod(0o777)
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
    passed = sum(jump for after, jump in jumps.items() if began <= after <= title["wall_ms"])
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
