"""The page of a stream in a browser: it plays, its title changes, it recovers after a loss."""
import time

import accessibility
from pages import BROKEN, WIDER, EvilSite, quiet
from pictures import png
from stage import harness
from harness import ADMIN, check, equal, open_folder, test, wait_for

HEARD = "return document.querySelector('audio').currentTime"
NAME = "Radio \"Example\" <b>&</b>"


def playing_page(s, path="/listen/live.mp3", seconds=1):
    s.browser.open(s.url(path))
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > seconds, "it plays", harness.Settings.patience)


def looks(s, name):
    """Checks that it fits in a frame, on a phone and on a desktop, light and dark, and is accessible."""
    for size, width in {"small": 320, "phone": 390, "desk": 1280}.items():
        for dark in (False, True):
            s.browser.look(width, dark)
            equal(s.browser.script(WIDER), None, "wider than %d: " % width)
            equal(s.browser.script(BROKEN), [], "in %d" % width)
            equal(s.browser.script(accessibility.FAULTS), [], "faults (%s, %s)" % (size, dark))
            s.browser.screenshot(s.shots / ("%s-%s-%s.png" % (name, size, "dark" if dark else "light")))
    s.browser.look(1280)


@test
def a_stream_plays_and_its_title_changes(s):
    server = s.start()
    s.feed("/live.mp3", NAME, lines=["ice-description: Music for people who stay up late"])
    equal(server.set_title("/live.mp3", song="First%20Song").status, 200)
    playing_page(s)
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "1", "a listener is counted")
    s.see(NAME, "First Song", "Pause")
    evil = "<img src=x onerror=document.body.remove()>"
    equal(server.set_title("/live.mp3", song="%3Cimg%20src=x%20onerror=document.body.remove()%3E").status, 200)
    s.see(evil)
    equal(s.browser.script("return document.title.startsWith(arguments[0])", evil), True)
    equal(s.browser.script("return navigator.mediaSession.metadata.title"), evil)
    s.see("Played before")
    s.browser.wait(lambda: s.browser.find("#played").text.count("First Song") == 1, "the history")
    looks(s, "player")
    quiet(s)


@test
def a_title_is_shown_when_it_is_heard(s):
    server = s.start()
    s.feed("/live.mp3", "Radio Example")
    equal(server.set_title("/live.mp3", song="First%20Song").status, 200)

    def burst_ms():
        reply = server.get("/api/v1/now/live.mp3/place")
        return reply.json()["live_ms"] - reply.json()["wall_ms"] if reply.status == 200 else 0
    wait_for(lambda: burst_ms() > 3000, "a player begins three seconds behind live", 30)
    s.browser.open(s.url("/listen/live.mp3"))
    s.browser.wait(lambda: s.browser.script("return performance.getEntriesByType('resource').some(one => one.name.includes('/place') && one.responseEnd)"),
                   "the page knows where to begin")
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    equal("?at=" in s.browser.script("return document.querySelector('audio').src"), True)
    equal(server.set_title("/live.mp3", song="Second%20Song").status, 200)
    # The server has sent the title, but its sound has not begun.
    wait_for(lambda: server.get("/api/v1/now/live.mp3").json()["title"]["text"] == "Second Song", "the server tells it")
    equal(s.browser.find("#title").text, "First Song")
    s.see("Second Song")
    quiet(s)


@test
def a_title_is_said_at_most_once_in_five_seconds(s):
    server = s.start()
    s.feed("/live.mp3", "Radio Example")
    s.browser.open(s.url("/listen/live.mp3"))
    s.browser.script("window.said = []; for (const one of document.querySelectorAll('[aria-live]')) "
                     "new MutationObserver(() => said.push([performance.now(), one.textContent])).observe(one, {childList: true, characterData: true, subtree: true})")
    for number in range(4):
        equal(server.set_title("/live.mp3", song="Song%%20%d" % number).status, 200)
        s.browser.wait(lambda: s.browser.find("#title").text == "Song %d" % number, "song %d is shown" % number)
    said = s.browser.wait(lambda: s.browser.script("return said.length && said.at(-1)[1] === 'Song 3' && said"), "the last one is said")
    equal([text for _, text in said][0], "Song 0")
    equal([b - a >= 4900 for (a, _), (b, _) in zip(said, said[1:])], [True] * (len(said) - 1), "%s" % said)
    quiet(s)


@test
def the_keyboard_plays_pauses_and_sets_the_volume(s):
    s.start()
    s.feed("/live.mp3")
    s.browser.open(s.url("/listen/live.mp3"))
    audio = "const a = document.querySelector('audio'); return [a.paused, Math.round(a.volume * 100), a.muted]"
    s.browser.press(" ")
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    equal(s.browser.script(audio), [False, 100, False])
    s.browser.press("\ue012", "\ue012", "m")        # ← ←
    equal(s.browser.script(audio), [False, 90, True])
    s.browser.press("\ue012")                       # ← is no wish to hear it again
    equal(s.browser.script(audio), [False, 85, True])
    s.browser.press("\ue014")                       # →
    equal(s.browser.script(audio), [False, 90, False])
    s.browser.press(" ")
    equal(s.browser.script(audio), [True, 90, False])
    s.browser.open(s.url("/listen/live.mp3"))
    equal(s.browser.script(audio)[1], 90, "the volume is kept")
    equal(s.browser.script("return document.cookie"), "")
    s.browser.script("localStorage.clear()")
    quiet(s)


@test
def it_plays_on_after_a_loss(s):
    server = s.start()
    feeder = s.feed("/live.mp3", "Radio Example")
    equal(server.set_title("/live.mp3", song="First%20Song").status, 200)
    playing_page(s)
    s.see("First Song")
    feeder.source.close()
    s.see("The connection was lost")
    s.feed("/live.mp3", "Radio Example", file="morning.mp3")
    s.browser.wait(lambda: s.browser.script(HEARD) > 1 and "lost" not in s.browser.text, "it plays again", harness.Settings.patience)
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "1", "one listener")
    s.browser.wait(lambda: s.browser.find("#title").text == "", "the title of before is over", 30)
    s.browser.find("#play").click()
    s.see("Play")
    s.browser.complaints()      # the 404 answers in between


@test
def the_title_of_a_fallback_is_over_with_it(s):
    server = s.start(body=harness.mount("/live.mp3", "<fallback-mount>/auto.mp3</fallback-mount><fallback-override>1</fallback-override>"))
    s.feed("/auto.mp3", "The automation")
    equal(server.set_title("/auto.mp3", song="Auto").status, 200)
    feeder = s.feed("/live.mp3", "Radio Example")
    playing_page(s, seconds=12)    # the page asks rarely by now, because it gets events
    feeder.source.close()
    s.see("Auto")
    s.feed("/live.mp3", "Radio Example", file="morning.mp3")
    wait_for(lambda: server.get("/api/v1/now/live.mp3").json()["title"] is None, "the server tells of no title")
    s.browser.wait(lambda: s.browser.find("#title").text == "", "the title is over", 8)
    quiet(s)


@test
def why_a_stream_is_refused_is_said(s):
    server = s.start(body=harness.mount("/live.mp3", "<max-listeners>1</max-listeners>"))
    s.feed("/live.mp3", "Radio Example")
    other = server.listener("/live.mp3")
    other.read(100)
    s.browser.open(s.url("/listen/live.mp3"))
    s.browser.find("#play").click()
    s.see("All places are taken")
    looks(s, "player-full")
    other.close()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays when there is one", harness.Settings.patience)
    s.browser.wait(lambda: "places" not in s.browser.text, "nothing is said any more")
    s.browser.complaints()      # the refusals


@test
def it_is_shown_in_a_frame_only_as_an_embed(s):
    s.start()
    s.feed("/live.mp3", "Radio Example")
    other = s.bench.owned(EvilSite({"/embed": "<iframe src='%s'></iframe>" % s.url("/listen/live.mp3?embed=1"),
                                    "/page": "<iframe src='%s'></iframe>" % s.url("/listen/live.mp3")}))
    for path, framed in (("/embed", True), ("/page", False)):
        s.browser.open("http://evil.test:%d%s" % (other.port, path))
        s.browser.call("/frame", {"id": 0})
        s.browser.wait(lambda: s.browser.script("return document.readyState") == "complete", "the frame is there")
        equal("Radio Example" in s.browser.text, framed, path)
        if framed:
            s.browser.find("#play").click()
            s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
        s.browser.call("/frame", {"id": None})
    s.browser.complaints()      # the refused frame


@test
def a_frame_of_180_px_holds_what_it_shows(s):
    kept = open_folder(s.bench.dir / "kept")
    station = ('<station id="rock" name="Rock Antenna, a station with a long name" description="Guitars since 1989" logo="/icecast.png"><mount>/rock.mp3</mount>'
               '<mount>/rock-2.mp3</mount></station><player><link name="Imprint" url="https://example.org/imprint"/><link name="Privacy" url="https://example.org/"/></player>')
    server = s.start(body="<archive><dir>%s</dir></archive>%s%s" % (kept, harness.mount("/rock*", "<archive>1</archive>"), station))
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        s.feed(mount, "Rock")
    equal(server.set_title("/rock.mp3", song="An%20Artist%20-%20A%20title" + "%20that%20is%20long" * 6).status, 200)
    wait_for(lambda: (server.get("/api/v1/now/rock.mp3").json()["past"] or {}).get("oldest_ms", 1e15) < time.time() * 1000 - 6000, "there is a past", 20)
    for language in ("en", "de", "es"):
        s.browser.open(s.url("/listen/rock?embed=1&lang=" + language))
        s.browser.find("#play").click()
        s.browser.wait(lambda: s.browser.script("return !document.getElementById('past').hidden && !document.getElementById('qualities').hidden"), "all is offered", 30)
        for width in (320, 400, 480, 640):
            s.browser.look(width, height=180)
            equal(s.browser.script(WIDER), None, "wider than %d" % width)
            equal(s.browser.script("return document.documentElement.scrollHeight"), 180, "%s, %d px" % (language, width))
            equal(s.browser.script(accessibility.FAULTS), [], "faults (%s, %d)" % (language, width))
        s.browser.screenshot(s.shots / ("frame-%s.png" % language))
    s.browser.look(1280)
    quiet(s)


@test
def one_may_go_back_and_return(s):
    kept = open_folder(s.bench.dir / "kept")
    server = s.start(body="<archive><dir>%s</dir></archive>%s" % (kept, harness.mount("/live.mp3", "<archive>1</archive><queue-size>100000</queue-size>")))
    s.feed("/live.mp3", "Radio Example")

    def reach_ms():
        reply = server.get("/api/v1/now/live.mp3/place")
        return reply.json()["live_ms"] - reply.json()["oldest_ms"] if reply.status == 200 else 0
    wait_for(lambda: reach_ms() > 12000, "there is a past of twelve seconds", 40)
    equal(server.set_title("/live.mp3", song="First%20Song").status, 200)
    playing_page(s)
    late = "const t = document.getElementById('behind').textContent; return t ? Number(t.slice(1).split(':')[0]) * 60 + Number(t.slice(1).split(':')[1]) : 0"
    s.browser.wait(lambda: s.browser.script("return !document.getElementById('past').hidden"), "the past is offered", harness.Settings.patience)
    before = s.browser.script(late)
    s.browser.find("#back").click()
    s.browser.wait(lambda: s.browser.script(late) >= before + 4 and s.browser.script(HEARD) > 0.5, "it plays what was before", harness.Settings.patience)
    s.browser.find("#live").click()
    s.browser.wait(lambda: s.browser.script(late) <= before + 1 and s.browser.script(HEARD) > 0.5, "it is live again", harness.Settings.patience)
    # A title whose begin can be played again.
    equal(server.set_title("/live.mp3", song="Second%20Song" + "%20or%20another%20one" * 6).status, 200)
    s.see("Second Song")
    equal(server.set_title("/live.mp3", song="Third%20Song").status, 200)
    s.browser.wait(lambda: s.browser.script("return [...document.querySelectorAll('#played li')].some(one => one.querySelector('button') && one.textContent.includes('Second Song'))"),
                   "the titles of before", harness.Settings.patience)
    looks(s, "player-past")
    # A position on the bar.
    s.browser.script("const bar = document.getElementById('bar'); bar.value = 2; bar.dispatchEvent(new Event('input')); bar.dispatchEvent(new Event('change'))")
    s.browser.wait(lambda: s.browser.script(late) >= before + 8 and s.browser.script(HEARD) > 0.5, "it plays from there", harness.Settings.patience)
    s.browser.find("#live").click()
    s.browser.wait(lambda: s.browser.script(late) <= before + 1 and s.browser.script(HEARD) > 0.5, "it is live once more", harness.Settings.patience)
    # A pause long enough that the connection is closed and the stream's window has moved on.
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script("return !document.getElementById('stopped').hidden"), "it may go on where it stopped", 20)
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "0", "the connection is closed")
    s.browser.find("#resume").click()
    s.browser.wait(lambda: s.browser.script(late) >= before + 8 and s.browser.script(HEARD) > 0.5, "it goes on there", harness.Settings.patience)
    equal("?from=" in s.browser.script("return document.querySelector('audio').src"), True)
    quiet(s)


@test
def in_the_past_the_title_is_that_of_the_recording(s):
    kept = open_folder(s.bench.dir / "kept")
    server = s.start(body="<archive><dir>%s</dir></archive>%s" % (kept, harness.mount("/live.mp3", "<archive>1</archive><max-history>1</max-history>")))
    s.feed("/live.mp3", "Radio Example")
    wait_for(lambda: server.get("/api/v1/now/live.mp3/place").status == 200, "the stream has times", 20)
    begins = {}
    for title in ("First", "Second", "Third", "Fourth"):
        equal(server.set_title("/live.mp3", song=title + "%20Song").status, 200)
        told = lambda: server.get("/api/v1/now/live.mp3").json()
        wait_for(lambda: told()["title"] and told()["title"]["text"] == title + " Song", title)
        begins[title] = told()["title"]["wall_ms"]
        wait_for(lambda: told()["live"]["wall_ms"] > begins[title] + 5000, "it plays for five seconds", 15)
    # The server reports the last two; no title was before the first.
    playing_page(s)
    s.see("Fourth Song")
    for title, seen, before in (("First", "First Song", []), ("Second", "Second Song", ["First Song"])):
        s.browser.wait(lambda: s.browser.script("return !document.getElementById('past').hidden"), "the past is offered", harness.Settings.patience)
        s.browser.script("const bar = document.getElementById('bar'), now = arguments[0]; bar.value = Number(bar.max) - Math.round((now - arguments[1]) / 1000) + 2; "
                         "bar.dispatchEvent(new Event('input')); bar.dispatchEvent(new Event('change'))", told()["live"]["wall_ms"], begins[title])
        s.browser.wait(lambda: s.browser.find("#title").text == seen, "it shows %s, and not %s" % (seen, s.browser.find("#title").text), harness.Settings.patience)
        equal([one.text.split("\n")[-1] for one in s.browser.find_all("#played li span")], before)
    s.browser.find("#live").click()
    s.see("Fourth Song")
    quiet(s)


STATION = ('<station id="rock" name="Rock Antenna" description="Guitars since 1989" genre="Rock" logo="/icecast.png" colour="#ffcc00">'
           "<mount>/rock.mp3</mount></station>"
           '<player past="0" languages="en"><link name="Imprint" url="https://example.org/imprint"/><link name="Privacy" url="https://example.org/privacy"/></player>')
LOOK = "const s = getComputedStyle(document.querySelector('#play')); return [s.backgroundColor, s.color]"


@test
def a_station_has_its_colour_its_logo_and_its_links(s):
    s.start(body=STATION)
    s.feed("/rock.mp3", "What the encoder says")
    playing_page(s, "/listen/rock")
    s.see("Rock Antenna", "Guitars since 1989", "Imprint")
    equal(s.browser.script(LOOK), ["rgb(255, 204, 0)", "rgb(0, 0, 0)"])
    s.browser.wait(lambda: s.browser.script("const logo = document.querySelector('#logo'); return logo.complete && logo.naturalWidth > 0"), "the logo")
    check(s.browser.script("return navigator.mediaSession.metadata.artwork[0].src").endswith("/icecast.png"), "no picture for the lock screen")
    for size, width in {"small": 320, "desk": 1280}.items():
        for dark in (False, True):
            s.browser.look(width, dark)
            equal(s.browser.script(WIDER), None, "wider than %d: " % width)
            equal(s.browser.script(accessibility.FAULTS), [], "faults (%s, %s)" % (size, dark))
            s.browser.screenshot(s.shots / ("station-%s-%s.png" % (size, "dark" if dark else "light")))
    s.browser.look(1280)
    quiet(s)


@test
def the_picture_of_a_title_is_on_the_page_and_on_the_lock_screen(s):
    server = s.start(body="<console>1</console>")
    s.feed("/live.mp3", "Radio Example")
    equal(server.set_title("/live.mp3", song="First%20Song").status, 200)
    playing_page(s)
    s.see("First Song")
    shown = "const cover = document.getElementById('cover'); return !cover || cover.hidden ? null : [new URL(cover.src).pathname, cover.naturalWidth]"
    equal(s.browser.script(shown), None)
    picture = png(256, 256, seed=3)
    given = server.ask("PUT /api/v1/mounts/%2Flive.mp3/art HTTP/1.1", ["Host: x", "Connection: close"], ADMIN, picture)
    equal(given.status, 200, given.text)
    art = given.json()["art"]
    s.browser.wait(lambda: s.browser.script(shown) == [art, 256], "the picture", harness.Settings.patience)
    check(s.browser.script("return navigator.mediaSession.metadata.artwork[0].src").endswith(art), "the lock screen has another one")
    looks(s, "player-cover")
    # The picture goes with its title.
    equal(server.set_title("/live.mp3", song="Second%20Song").status, 200)
    s.see("Second Song")
    s.browser.wait(lambda: s.browser.script(shown) is None, "the picture goes")
    quiet(s)


# What the page shows, with the time by its clock; and the places that it received.
WATCHED = """
    const title = document.getElementById('title'), audio = document.querySelector('audio'), asks = window.fetch;
    window.titlesSeen = [];
    window.placesSeen = {};
    new MutationObserver(() => titlesSeen.push([title.textContent, audio.currentTime])).observe(title, {childList: true, characterData: true, subtree: true});
    window.fetch = async (...what) => {
      const answer = await asks(...what);
      if (String(what[0]).includes('/place') && answer.ok) {
        const place = await answer.clone().json();
        placesSeen[place.at] = place.wall_ms;
      }
      return answer;
    }"""


@test
def titles_are_shown_in_time_behind_a_seam(s):
    server = s.start(body=harness.mount("/live.mp3", "<burst-size>400000</burst-size><linger-for>30</linger-for><max-history>9</max-history>"))
    first = s.feed("/live.mp3", "Radio Example")

    def now():
        reply = server.get("/api/v1/now/live.mp3")
        return reply.json() if reply.status == 200 else {}

    def place():
        reply = server.get("/api/v1/now/live.mp3/place")
        return reply.json() if reply.status == 200 else None
    wait_for(lambda: place() and place()["live_ms"] - place()["wall_ms"] > 9000, "a player begins nine seconds behind live", 60)
    equal(server.set_title("/live.mp3", song="First%20Song").status, 200)
    s.browser.open(s.url("/listen/live.mp3"))
    s.browser.script(WATCHED)
    s.browser.wait(lambda: s.browser.script("return Object.keys(placesSeen).length"), "the page knows where to begin", harness.Settings.patience)
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    first.close()
    end_ms = place()["live_ms"]
    first.source.leave()
    wait_for(lambda: now().get("on_air") is False, "it is off the air")
    silent = time.monotonic()
    wait_for(lambda: time.monotonic() - silent > 5 and time.time() * 1000 - end_ms > 5000,
             "a pause that titles would be late by, longer than the encoder was ahead", 20)
    s.feed("/live.mp3", "Radio Example")
    wait_for(lambda: now().get("seams"), "the seam is known", 20)
    equal(server.set_title("/live.mp3", song="Second%20Song").status, 200)
    title = wait_for(lambda: [t for t in [now().get("title")] if t and t["text"] == "Second Song" and t["wall_ms"]], "the server tells it")[0]
    seam = now()["seams"][-1]
    jump = seam["wall_ms"] - seam["after_wall_ms"]
    check(jump > 2000, seam)
    s.see("Second Song")
    at = [when for text, when in s.browser.script("return titlesSeen") if text == "Second Song"][0]
    began = s.browser.script("return placesSeen[new URL(document.querySelector('audio').src).searchParams.get('at')]")
    late = began + at * 1000 - (title["wall_ms"] - jump)
    check(-100 <= late <= 700, "the title is shown %d ms after it is heard; the seam is one of %d ms" % (late, jump))
    quiet(s)


def jumps_of(server, mount="/live.mp3"):
    """/now as a function; and for each later seam, the jump of wall time by the sound before it."""
    jumps = {}

    def now():
        state = server.get("/api/v1/now" + mount).json()
        jumps.update((seam["after_wall_ms"], seam["wall_ms"] - seam["after_wall_ms"]) for seam in state["seams"])
        return state
    return now, jumps


def comes_back(s, feeder, now, jumps, mount="/live.mp3"):
    """Another encoder continues after a pause."""
    before = len(jumps)
    feeder.close()
    feeder.source.leave()
    wait_for(lambda: now()["on_air"] is False, "it is off the air")
    silent = time.monotonic()
    wait_for(lambda: time.monotonic() - silent > 1.2, "a pause that a title would be late by", 3)
    feeder = s.feed(mount, "Radio Example", seconds_ahead=0.4)
    wait_for(lambda: now() and len(jumps) == before + 1, "its seam is known: %s" % jumps, 20)
    return feeder


def sets_title(server, now, text, mount="/live.mp3"):
    equal(server.set_title(mount, song=text.replace(" ", "%20")).status, 200)
    return wait_for(lambda: [t for t in [now()["title"]] if t and t["text"] == text and t["wall_ms"]], "the server tells it")[0]


@test
def titles_are_shown_in_time_behind_more_seams_than_the_server_remembers(s):
    server = s.start(body=harness.mount("/live.mp3", "<burst-size>250000</burst-size><linger-for>30</linger-for>"))
    feeder = s.feed("/live.mp3", "Radio Example", seconds_ahead=15.0)
    now, jumps = jumps_of(server)
    wait_for(lambda: server.get("/api/v1/now/live.mp3/place").status == 200, "the stream has times", 20)
    s.browser.open(s.url("/listen/live.mp3"))
    s.browser.script(WATCHED)
    s.browser.wait(lambda: s.browser.script("return Object.keys(placesSeen).length"), "the page knows where to begin", harness.Settings.patience)
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    for _ in range(9):
        feeder = comes_back(s, feeder, now, jumps)
    check(now()["seams"][0]["after_wall_ms"] != min(jumps) > 0, "the server has forgotten the first: %s" % jumps)
    asked = "return performance.getEntriesByType('resource').filter(entry => entry.name.includes('history=')).length"
    before = s.browser.script(asked)
    s.browser.wait(lambda: s.browser.script(asked) > before, "the page asks again", 40)
    title = sets_title(server, now, "Last Song")
    s.browser.wait(lambda: "Last Song" in s.browser.text, "it is shown", 30)
    at = [when for text, when in s.browser.script("return titlesSeen") if text == "Last Song"][0]
    began = s.browser.script("return placesSeen[new URL(document.querySelector('audio').src).searchParams.get('at')]")
    late = began + at * 1000 - (title["wall_ms"] - sum(jumps.values()))
    check(-100 <= late <= 700, "the title is shown %d ms after it is heard; the seams are %s" % (late, jumps))
    quiet(s)


QUALITIES = ('<station id="rock" name="Rock Antenna"><mount>/rock.mp3</mount><mount>/rock-2.mp3</mount></station>')
# The texts of the page meanwhile, and the longest pause in the sound.
LISTENED = """
    const status = document.getElementById('status');
    window.said = [];
    window.pauses = [];
    new MutationObserver(() => said.push(status.textContent)).observe(status, {childList: true, characterData: true, subtree: true});
    let last = null, since = performance.now();
    setInterval(() => {
      const audio = document.querySelector('audio'), now = performance.now(), at = audio.src + audio.currentTime;
      if (at !== last) {
        pauses.push(now - since);
        since = now;
      }
      last = at;
    }, 20);"""


@test
def another_quality_begins_where_the_one_before_is(s):
    server = s.start(body=QUALITIES + harness.mount("/rock*", "<burst-size>100000</burst-size>"))
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        s.feed(mount, "Rock", seconds_ahead=6.0)

    def burst_ms(mount):
        reply = server.get("/api/v1/now%s/place" % mount)
        return reply.json()["live_ms"] - reply.json()["wall_ms"] if reply.status == 200 else 0
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        wait_for(lambda: burst_ms(mount) > 4000, "a player of %s begins four seconds behind live" % mount, 40)
    s.browser.open(s.url("/listen/rock"))
    s.browser.wait(lambda: s.browser.script("return performance.getEntriesByType('resource').some(one => one.name.includes('/place') && one.responseEnd)"),
                   "the page knows where to begin")
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 1, "it plays", harness.Settings.patience)
    s.browser.script(LISTENED)
    s.browser.script("const one = document.getElementById('quality'); one.value = '/rock-2.mp3'; one.dispatchEvent(new Event('change'))")
    s.browser.wait(lambda: s.browser.script("const audio = document.querySelector('audio'); return audio.src.includes('/rock-2.mp3?at=') && !audio.paused"),
                   "the other one plays", harness.Settings.patience)
    heard = s.browser.script(HEARD)
    s.browser.wait(lambda: s.browser.script(HEARD) > heard + 1, "and plays on", harness.Settings.patience)
    equal(s.browser.script("return said"), [], "the page has not had to connect again")
    print("the longest pause: %d ms" % max(s.browser.script("return pauses")))
    wait_for(lambda: server.stat("/rock.mp3", "listeners") == "0" and server.stat("/rock-2.mp3", "listeners") == "1", "one connection is left")
    s.browser.script("localStorage.clear()")
    quiet(s)


@test
def titles_are_shown_in_time_behind_a_seam_of_another_quality(s):
    server = s.start(body=QUALITIES + harness.mount("/rock*", "<burst-size>250000</burst-size><linger-for>30</linger-for>"))
    s.feed("/rock.mp3", "Rock", seconds_ahead=15.0)
    feeder = s.feed("/rock-2.mp3", "Rock", seconds_ahead=15.0)
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        wait_for(lambda: server.get("/api/v1/now%s/place" % mount).status == 200, "%s has times" % mount, 20)
    s.browser.open(s.url("/listen/rock"))
    s.browser.script(WATCHED)
    s.browser.script("const one = document.getElementById('quality'); one.value = '/rock-2.mp3'; one.dispatchEvent(new Event('change'))")
    s.browser.wait(lambda: s.browser.script("return performance.getEntriesByType('resource').some(one => one.name.includes('/rock-2.mp3/place') && one.responseEnd)"),
                   "the page knows where to begin", 20)
    s.browser.find("#play").click()
    s.browser.wait(lambda: s.browser.script(HEARD) > 0.5, "it plays", harness.Settings.patience)
    feeder.close()
    feeder.source.leave()
    now = lambda: server.get("/api/v1/now/rock-2.mp3").json()
    wait_for(lambda: now()["on_air"] is False, "it is off the air")
    silent = time.monotonic()
    wait_for(lambda: time.monotonic() - silent > 4, "a pause that titles would be late by", 8)
    s.feed("/rock-2.mp3", "Rock", seconds_ahead=0.4)
    seam = wait_for(lambda: now()["seams"], "the seam is known", 20)[-1]
    jump = seam["wall_ms"] - seam["after_wall_ms"]
    check(jump > 2000, seam)
    asked = "return performance.getEntriesByType('resource').filter(entry => entry.name.includes('history=')).length"
    before = s.browser.script(asked)
    s.browser.wait(lambda: s.browser.script(asked) > before, "the page asks again", 40)
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        equal(server.set_title(mount, song="Next%20Song").status, 200)
    title = wait_for(lambda: [t for t in [server.get("/api/v1/now/station:rock").json()["title"]] if t and t["wall_ms"]], "the server tells it")[0]
    s.browser.wait(lambda: "Next Song" in s.browser.text, "it is shown", 30)
    at = [when for text, when in s.browser.script("return titlesSeen") if text == "Next Song"][0]
    began = s.browser.script("return placesSeen[new URL(document.querySelector('audio').src).searchParams.get('at')]")
    late = began + at * 1000 - (title["wall_ms"] - jump)
    check(-100 <= late <= 700, "the title is shown %d ms after it is heard; the seam is one of %d ms" % (late, jump))
    # After a seam another quality begins at the place of this one.
    wait_for(lambda: server.get("/api/v1/now/rock.mp3/place?wall=%d" % title["wall_ms"]).status == 200, "the title is behind live")
    at = s.browser.script("const one = document.getElementById('quality'), at = document.querySelector('audio').currentTime;"
                          "one.value = '/rock.mp3'; one.dispatchEvent(new Event('change')); return at")
    s.browser.wait(lambda: s.browser.script("return document.querySelector('audio').src.includes('/rock.mp3?at=')"), "the other one plays", harness.Settings.patience)
    ahead = s.browser.script("return placesSeen[new URL(document.querySelector('audio').src).searchParams.get('at')]") - (began + at * 1000 + jump)
    check(500 <= ahead <= 2500, "the other one begins %d ms behind what was heard when it was chosen" % ahead)
    s.browser.script("localStorage.clear()")
    quiet(s)


@test
def titles_go_on_where_the_first_stream_of_a_station_ends(s):
    server = s.start(body=QUALITIES)
    feeder = s.feed("/rock.mp3", "Rock")
    s.feed("/rock-2.mp3", "Rock")
    for mount in ("/rock.mp3", "/rock-2.mp3"):
        equal(server.set_title(mount, song="First%20Song").status, 200)
    s.browser.open(s.url("/listen/rock"))
    s.browser.script("const one = document.getElementById('quality'); one.value = '/rock-2.mp3'; one.dispatchEvent(new Event('change'))")
    s.browser.find("#play").click()
    s.see("First Song")
    s.browser.wait(lambda: s.browser.script(HEARD) > 1, "it plays", harness.Settings.patience)
    feeder.source.close()
    wait_for(lambda: server.get("/api/v1/now/station:rock").json()["mount"] == "/rock-2.mp3", "the other stream is that of the station")
    equal(server.set_title("/rock-2.mp3", song="Second%20Song").status, 200)
    s.see("Second Song")
    s.browser.script("localStorage.clear()")
    quiet(s)


@test
def what_plays_is_split_and_the_page_can_be_shared_and_falls_asleep(s):
    server = s.start()
    s.feed("/live.mp3", "Radio Example")
    equal(server.set_title("/live.mp3", song="Someone%20-%20A%20Song").status, 200)
    playing_page(s)
    s.browser.wait(lambda: s.browser.find("#title").text == "A Song" and s.browser.find("#artist").text == "Someone", "artist and title")
    equal(s.browser.script("const now = navigator.mediaSession.metadata; return [now.title, now.artist, now.album]"), ["A Song", "Someone", "Radio Example"])
    # The page's clock is set forward, so that events due in 15 minutes are due now.
    s.browser.script("window.later = []; const real = window.setTimeout; window.setTimeout = (act, ms, ...more) => ms >= 900000 ? later.push(act) : real(act, ms, ...more)")
    s.browser.script("const one = document.getElementById('sleep'); one.value = '15'; one.dispatchEvent(new Event('change'))")
    equal(s.browser.script("const due = later.length; later.forEach(act => act()); return [due, document.querySelector('audio').paused, document.getElementById('sleep').value]"), [1, True, "0"])
    s.see("Play")
    s.browser.script("window.shared = null; Object.defineProperty(navigator, 'share', {value: async what => { window.shared = what; }, configurable: true}); document.getElementById('share').click()")
    s.browser.wait(lambda: s.browser.script("return window.shared && shared.url") == s.url("/listen/live.mp3"), "its address is shared")
    quiet(s)
