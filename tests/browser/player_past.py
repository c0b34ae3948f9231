"""The page of a stream in the past, where the recording alone knows what is asked for."""
from stage import harness
from harness import check, equal, test, wait_for
from player import WATCHED, comes_back, jumps_of, playing_page, quiet, sets_title


@test
def in_the_past_titles_are_shown_in_time_behind_seams_that_the_recording_alone_remembers(s):
    kept = s.bench.dir / "kept"
    kept.mkdir()
    kept.chmod(0o777)
    server = s.start(body="<archive><dir>%s</dir></archive>%s" % (kept, harness.mount("/live.mp3", "<archive>1</archive><linger-for>30</linger-for><max-history>90</max-history>")))
    feeder = s.feed("/live.mp3", "Radio Example")
    now, jumps = jumps_of(server)
    wait_for(lambda: server.get("/api/v1/now/live.mp3/place").status == 200, "the stream has times", 20)
    begun = now()["live"]["wall_ms"]
    for count in range(1, 11):
        feeder = comes_back(s, feeder, now, jumps)
        if count == 2:
            title = sets_title(server, now, "Second Song")

    def recorded():
        seams = server.get("/api/v1/now/live.mp3?from=%d" % begun).json()["seams"]
        return {seam["after_wall_ms"]: seam["wall_ms"] - seam["after_wall_ms"] for seam in seams}
    wait_for(lambda: len(recorded()) == len(jumps), "all seams are recorded: %s" % jumps, 20)
    told = recorded()
    for (at, jump), (after, of_stream) in zip(sorted(told.items()), sorted(jumps.items())):
        check(abs(at - after) <= 150 and abs(jump - of_stream) <= 150, "seams of the recording: %s, and of the stream: %s" % (told, jumps))
    equal(now()["title"], None)  # the last encoder gives none
    playing_page(s)
    s.browser.wait(lambda: s.browser.script("return !document.getElementById('past').hidden"), "the past is offered", harness.Settings.patience)
    s.browser.script(WATCHED)
    s.browser.script("const bar = document.getElementById('bar'), now = arguments[0]; bar.value = Number(bar.max) - Math.round((now - arguments[1]) / 1000); "
                     "bar.dispatchEvent(new Event('input')); bar.dispatchEvent(new Event('change'))", now()["live"]["wall_ms"], min(jumps) - 2000)
    s.browser.wait(lambda: "from=" in s.browser.script("return document.querySelector('audio').src"), "the past plays", harness.Settings.patience)
    began = s.browser.script("return Number(new URL(document.querySelector('audio').src).searchParams.get('from'))") * 1000
    s.browser.wait(lambda: [1 for text, when in s.browser.script("return titlesSeen") if text == "Second Song"], "it is shown", 30)
    at = [when for text, when in s.browser.script("return titlesSeen") if text == "Second Song"][0]
    passed = sum(jump for after, jump in jumps.items() if began <= after <= title["wall_ms"])
    late = began + at * 1000 - (title["wall_ms"] - passed)
    check(passed > 2000 and -100 <= late <= 700, "the title is shown %d ms after it is heard, behind %d ms of seams" % (late, passed))
    quiet(s)
