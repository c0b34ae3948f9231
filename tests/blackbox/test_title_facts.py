"""The facts about a title besides its text, the time when it sounds, and the titles of a recording."""
import json
import time

from events import Events
from harness import ADMIN, check, equal, test, wait_for
from media import MP3_FRAME, opus_headers, opus_page
from test_now import now, set_title

NO_BURST = "<console>1</console><mount><mount-name>/hit.mp3</mount-name><burst-size>0</burst-size><max-history>9</max-history>%s</mount>"


def post(server, mount, body):
    text = json.dumps(body).encode()
    lines = ["Host: 127.0.0.1", "Connection: close", "Content-Type: application/json", "Content-Length: %d" % len(text)]
    return server.ask("POST /api/v1/mounts/%%2F%s/title HTTP/1.1" % mount[1:], lines, ADMIN, text)


def mount_of_relay(port, mount):
    return "<relay><server>127.0.0.1</server><port>%d</port><mount>%s</mount><local-mount>%s</local-mount></relay>" % (port, mount, mount)


def timed(server, mount, **more):
    """A source that has sent for long enough that its stream has times."""
    source = server.source(mount, **more)
    wait_for(lambda: source.play(2) and (now(server, mount)["live"] or {}).get("wall_ms") is not None, "the stream has times", 15)
    return source


@test
def what_the_api_tells_of_a_song_is_shown(t):
    server = t.server(body=NO_BURST % "")
    timed(server, "/hit.mp3")
    equal(post(server, "/hit.mp3", {"title": "Two", "artist": "B", "album": "Best <of>", "duration_ms": 180000, "isrc": "de-a12-34-56789",
                                    "next": {"title": "Three", "artist": "C", "album": "More", "duration_ms": 200000}}).status, 204)
    seen = now(server, "/hit.mp3", lambda s: s["title"] and s["next"])
    equal([seen["title"][key] for key in ("text", "album", "duration_ms", "isrc")], ["B - Two", "Best <of>", 180000, "DEA123456789"])
    equal(seen["next"], {"text": "C - Three", "artist": "C", "title": "Three", "album": "More", "duration_ms": 200000, "isrc": None})
    one = wait_for(lambda: [one for one in [server.get("/api/nowplaying/hit").json()] if one["now_playing"]["song"]["text"] == "B - Two"], "AzuraCast's page shows it")[0]
    playing, coming = one["now_playing"], one["playing_next"]
    equal((playing["song"]["album"], playing["song"]["isrc"], playing["duration"]), ("Best <of>", "DEA123456789", 180))
    equal(playing["elapsed"] + playing["remaining"], 180, str(playing))
    equal((coming["duration"], coming["song"]["album"], coming["played_at"]), (200, "More", (seen["title"]["wall_ms"] + 180000) // 1000))
    # A title of the encoder's has nothing of it.
    set_title(server, "/hit.mp3", "D - Four")
    seen = now(server, "/hit.mp3", lambda s: s["title"]["text"] == "D - Four")
    equal((seen["title"]["album"], seen["title"]["duration_ms"], seen["next"]), (None, None, None))
    equal(seen["history"][0]["album"], "Best <of>")
    # One that sounds for longer than was said has not more than that behind it.
    wait_for(lambda: time.time() * 1000 > seen["title"]["wall_ms"], "the title before has begun, as the stream was sent ahead")
    equal(post(server, "/hit.mp3", {"title": "Short", "duration_ms": 1000, "at_ms": int(time.time() * 1000) - 60000}).status, 204)
    # It began after the title before it.
    began = now(server, "/hit.mp3", lambda s: s["title"]["text"] == "Short")["title"]["wall_ms"]
    check(began > seen["title"]["wall_ms"], "it began %d ms before the title before it" % (seen["title"]["wall_ms"] - began))
    playing = wait_for(lambda: [one["now_playing"] for one in [server.get("/api/nowplaying/hit").json()]
                                if one["now_playing"]["song"]["text"] == "Short" and time.time() * 1000 > began + 2000],
                       "AzuraCast's page shows it, and it has sounded for longer")[0]
    equal((playing["elapsed"], playing["remaining"]), (1, 0), str(playing))


@test
def what_cannot_be_true_of_a_song_is_refused_by_its_field(t):
    server = t.server(body=NO_BURST % "")
    server.source("/hit.mp3").play(2)
    now_ms = int(time.time() * 1000)
    for field, value in (("duration_ms", -1), ("duration_ms", 86_400_001), ("duration_ms", "3:00"), ("isrc", "nonsense"), ("isrc", "DEA12345678X"),
                         ("album", "x" * 1025), ("album", 7), ("at_ms", now_ms + 700_000), ("at_ms", now_ms - 700_000), ("at_ms", "now"), ("at_ms", -1), ("url", "javascript:alert(1)"), ("url", "https://x/ y")):
        reply = post(server, "/hit.mp3", {"title": "x", field: value})
        equal((reply.status, reply.get("Content-Type")), (422, "application/problem+json"), "%s %r" % (field, value))
        check("/" + field in reply.text, reply.text)
    reply = post(server, "/hit.mp3", {"title": "x", "next": {"title": "y", "isrc": "?"}})
    check(reply.status == 422 and "/next/isrc" in reply.text, reply.text)


@test
def a_title_that_is_told_ahead_begins_at_its_moment(t):
    server = t.server(body=NO_BURST % "")
    source = timed(server, "/hit.mp3")
    set_title(server, "/hit.mp3", "First")
    now(server, "/hit.mp3", lambda s: s["title"])
    at_ms = int(time.time() * 1000) + 1500
    equal(post(server, "/hit.mp3", {"title": "Ahead", "album": "Later", "at_ms": at_ms}).status, 204)
    equal(now(server, "/hit.mp3")["title"]["text"], "First")
    seen = now(server, "/hit.mp3", lambda s: source.play(1) and s["title"]["text"] == "Ahead")
    equal((seen["title"]["wall_ms"], seen["title"]["album"]), (at_ms, "Later"))
    check(seen["now_ms"] >= at_ms, "it came %d ms before its time" % (at_ms - seen["now_ms"]))
    # So many wait, no more; one of the same moment is in its place.
    later = int(time.time() * 1000) + 500_000
    for i in range(32):
        equal(post(server, "/hit.mp3", {"title": "T%d" % i, "at_ms": later + i}).status, 204)
    equal(post(server, "/hit.mp3", {"title": "again", "at_ms": later}).status, 204)
    reply = post(server, "/hit.mp3", {"title": "one more", "at_ms": later + 100})
    check(reply.status == 409 and "32" in reply.json()["detail"], reply.text)


@test
def a_title_that_is_told_late_has_begun_before(t):
    server = t.server(body=NO_BURST % "")
    timed(server, "/hit.mp3").play(10)
    place = server.get("/api/v1/now/hit.mp3/place").json()
    at_ms = place["oldest_ms"] + (place["live_ms"] - place["oldest_ms"]) // 2
    equal(post(server, "/hit.mp3", {"title": "Late", "at_ms": at_ms}).status, 204)
    title = now(server, "/hit.mp3", lambda s: s["title"])["title"]
    equal(title["wall_ms"], at_ms)
    # Its address is that of the moment.
    equal(title["id"], server.get("/api/v1/now/hit.mp3/place?wall=%d" % at_ms).json()["at"])
    # Of the title that plays the time is put right.
    equal(post(server, "/hit.mp3", {"title": "Late", "at_ms": at_ms - 3000, "album": "Known now"}).status, 204)
    seen = now(server, "/hit.mp3", lambda s: s["title"]["wall_ms"] == at_ms - 3000)
    equal((seen["title"]["album"], seen["history"]), ("Known now", []))


@test
def no_title_begins_before_the_one_before_it(t):
    server = t.server(body=NO_BURST % "")
    source = timed(server, "/hit.mp3")
    for text in ("One", "Two"):
        source.play(20)
        equal(post(server, "/hit.mp3", {"title": text}).status, 204)
        told = now(server, "/hit.mp3", lambda s: (s["title"] or {}).get("text") == text)["title"]
    # The source sends ahead of the clock.
    wait_for(lambda: time.time() * 1000 > told["wall_ms"] + 1, "the title has begun", 15)
    for back_ms in (20_000, 500_000):
        text = "Late by %d" % back_ms
        equal(post(server, "/hit.mp3", {"title": text, "at_ms": int(time.time() * 1000) - back_ms}).status, 204)
        seen = now(server, "/hit.mp3", lambda s: s["title"]["text"] == text)
        wait_for(lambda: time.time() * 1000 > seen["title"]["wall_ms"] + 1, "it has begun")
        times = [one["wall_ms"] for one in (seen["title"], *seen["history"])]
        check(all(a > b for a, b in zip(times, times[1:])), "times of titles, newest first: %s" % times)
    lasted = lambda: [row["duration"] for row in server.get("/api/nowplaying/hit").json()["song_history"]]
    wait_for(lambda: len(lasted()) == 3, "AzuraCast's page has all")
    check(min(lasted()) >= 0, "durations: %s" % lasted())


@test
def an_encoder_that_is_always_early_or_late_is_put_right(t):
    server = t.server(body=NO_BURST % "<title-offset>4s</title-offset>" +
                      "<mount><mount-name>/late.mp3</mount-name><title-offset>-2500ms</title-offset></mount>"
                      "<mount><mount-name>/true.mp3</mount-name></mount>")
    found = {}
    for mount in ("/hit.mp3", "/late.mp3", "/true.mp3"):
        timed(server, mount)
        live_ms = now(server, mount)["live"]["wall_ms"]
        set_title(server, mount, "T")
        found[mount] = now(server, mount, lambda s: s["title"])["title"]["wall_ms"] - live_ms
    check(abs(found["/true.mp3"]) < 100 and abs(found["/hit.mp3"] - 4000) < 100 and abs(found["/late.mp3"] + 2500) < 100, str(found))


@test
def the_titles_of_a_recording_are_told_by_time(t):
    server = t.unstarted_server()
    server.write_config(body="<archive><dir>%s</dir></archive>" % (server.dir / "archive") +
                        "<mount><mount-name>/rec.mp3</mount-name><archive><enabled>1</enabled></archive></mount>"
                        "<mount><mount-name>/shut.mp3</mount-name><archive><enabled>1</enabled><listeners>none</listeners></archive></mount>")
    server.start()
    source = timed(server, "/rec.mp3")
    begins = []
    for text in ("A - One", "B - Two"):
        source.play(20)     # not where a second begins
        set_title(server, "/rec.mp3", text)
        begins.append(now(server, "/rec.mp3", lambda s: s["title"] and s["title"]["text"] == text)["title"]["wall_ms"])
        source.play(120)
    path = "/api/v1/now/rec.mp3?from=0&to=%d" % (int(time.time() * 1000) + 10_000)
    wait_for(lambda: source.play(1) and len(server.get(path).json()["titles"]) == 2, "both are recorded")
    told = server.get(path).json()
    equal([(one["text"], one["artist"], one["title"]) for one in told["titles"]], [("A - One", "A", "One"), ("B - Two", "B", "Two")])
    first, second = (one["wall_ms"] for one in told["titles"])
    # Its own clock has the recording of the first seconds.
    check(abs((second - first) - (begins[1] - begins[0])) <= 30, "told with %s, not %s, with which the stream has them" % ([first, second], begins))
    equal([one["text"] for one in server.get("/api/v1/now/rec.mp3?from=%d" % second).json()["titles"]], ["B - Two"])
    equal([one["text"] for one in server.get("/api/v1/now/rec.mp3?from=%d&to=%d" % (first, second - 1)).json()["titles"]], ["A - One"])
    oldest = now(server, "/rec.mp3")["past"]["oldest_ms"]
    equal(oldest, server.get("/api/v1/now/rec.mp3/place").json()["oldest_ms"])
    for query in ("from=x", "from=%00", "from=5&to=4", "to=-1", "from=99999999999999999999"):
        reply = server.get("/api/v1/now/rec.mp3?" + query)
        equal((reply.status, reply.json()["parameter"]), (400, query.split("=")[0]), query)
    server.source("/shut.mp3").play(2)
    equal(server.get("/api/v1/now/shut.mp3?from=0").status, 404)
    equal(server.get("/api/v1/now/none?from=0").status, 404)


@test
def the_place_of_a_stream_says_why_it_is_refused(t):
    server = t.unstarted_server()
    server.write_config(body="<console>1</console>"
                           "<mount><mount-name>/one.mp3</mount-name><max-listeners>1</max-listeners></mount>"
                           "<mount><mount-name>/shut.mp3</mount-name><no-mount>1</no-mount></mount>"
                           '<mount><mount-name>/login.mp3</mount-name><authentication type="htpasswd"><option name="filename" value="%s"/></authentication></mount>' % (server.dir / "users"))
    server.start()
    for mount in ("/one.mp3", "/login.mp3"):
        timed(server, mount)
    server.source("/shut.mp3").play(1)
    ask = lambda mount, query="": server.get("/api/v1/now%s/place%s" % (mount, query))
    equal((ask("/one.mp3").status, ask("/one.mp3", "?enter=1").status), (200, 200))
    server.listener("/one.mp3").read(100)
    equal(ask("/one.mp3").status, 200, "who listens may ask")
    refused = ask("/one.mp3", "?enter=1")
    equal((refused.status, refused.get("X-Reason")), (403, "full"))
    refused = ask("/login.mp3", "?enter=1")
    equal((refused.status, refused.get("X-Reason")), (401, "login"))
    equal(ask("/login.mp3").status, 200)
    equal((ask("/shut.mp3").status, server.get("/shut.mp3").status), (403, 403))
    equal(ask("/none.mp3", "?enter=1").status, 404)


@test
def a_title_has_the_time_of_the_byte_at_which_it_came(t):
    server = t.server(body=NO_BURST % "")
    source = timed(server, "/hit.mp3")
    for number in range(3):
        source.play(1)      # a frame of 24 ms; not each of them is where a decoder may start
        text = "Song %d" % number
        set_title(server, "/hit.mp3", text)
        title = now(server, "/hit.mp3", lambda s, text=text: s["title"] and s["title"]["text"] == text)["title"]
        source.play(3)
        place = wait_for(lambda: (reply := server.get("/api/v1/now/hit.mp3/place?wall=%d" % title["wall_ms"])).status == 200 and reply.json(), "it is there")
        frames = (int(title["id"].split(".")[1]) - int(place["at"].split(".")[1])) // MP3_FRAME
        equal(title["wall_ms"] - place["wall_ms"], 24 * frames, "so many ms behind the last place, which is %d frames before" % frames)


@test
def a_recording_has_the_times_of_its_stream(t):
    server = t.unstarted_server()
    recorded = "<archive><enabled>1</enabled></archive>"
    server.write_config(body="<archive><dir>%s</dir></archive>" % (server.dir / "archive") + "".join(
        "<mount><mount-name>%s</mount-name>%s%s</mount>" % (mount, recorded, more) for mount, more in
        (("/early.mp3", "<title-offset>3s</title-offset>"), ("/late.mp3", "<title-offset>-2500ms</title-offset>"), ("/told.mp3", ""))))
    server.start()
    sources = {mount: timed(server, mount) for mount in ("/early.mp3", "/late.mp3", "/told.mp3")}
    relaying = t.unstarted_server()
    relaying.write_config(body="<archive><dir>%s</dir></archive>" % (relaying.dir / "archive") + mount_of_relay(server.port, "/late.mp3") +
                          "<mount><mount-name>/late.mp3</mount-name>%s</mount>" % recorded)
    relaying.start()
    wait_for(lambda: relaying.get("/api/v1/now/late.mp3/place").status == 200 or not sources["/late.mp3"].play(1), "the relay has times", 15)
    for mount in ("/early.mp3", "/late.mp3"):
        set_title(server, mount, "Song")
    equal(post(server, "/told.mp3", {"title": "Song", "at_ms": int(time.time() * 1000) - 2000}).status, 204)
    for where, mount in ((server, "/early.mp3"), (server, "/late.mp3"), (server, "/told.mp3"), (relaying, "/late.mp3")):
        shown = now(where, mount, lambda s: s["title"])["title"]["wall_ms"]
        titles = wait_for(lambda: sources[mount].play(1) and where.get("/api/v1/now%s?from=0" % mount).json()["titles"], mount + " is recorded", 15)
        equal([(one["text"], one["wall_ms"]) for one in titles], [("Song", shown)], mount)


@test
def a_title_goes_on_in_a_recording_where_a_standby_takes_over(t):
    server = t.unstarted_server()
    server.write_config(body="<archive><dir>%s</dir></archive>" % (server.dir / "archive") +
                        "<mount><mount-name>/rec.mp3</mount-name><standby-sources>1</standby-sources><archive><enabled>1</enabled></archive></mount>")
    server.start()
    first = timed(server, "/rec.mp3")
    second = server.source("/rec.mp3")
    both = lambda: first.play(2) and second.play(2)
    wait_for(lambda: both() and "stands by" in server.log(), "it stands by", 15)
    set_title(server, "/rec.mp3", "One")
    now(server, "/rec.mp3", lambda s: both() and s["title"])
    first.leave()
    wait_for(lambda: second.play(2) and now(server, "/rec.mp3")["seams"], "the seam is known", 15)
    set_title(server, "/rec.mp3", "Two")
    titles = wait_for(lambda: second.play(2) and [list_ for list_ in [server.get("/api/v1/now/rec.mp3?from=0").json()["titles"]] if list_ and list_[-1]["text"] == "Two"], "both are recorded", 15)[0]
    equal([one["text"] for one in titles], ["One", "Two"])


def words(title):
    return title["text"], title["artist"], title["title"]


@test
def an_artist_that_is_told_apart_is_not_looked_for_in_the_text(t):
    server = t.server(body=NO_BURST % "" + "<mount><mount-name>/hit.opus</mount-name><max-history>9</max-history></mount>")
    timed(server, "/hit.mp3")
    events = Events(server)
    equal(post(server, "/hit.mp3", {"artist": "A - B", "title": "C", "next": {"artist": "D - E", "title": "F"}}).status, 204)
    seen = now(server, "/hit.mp3", lambda s: s["title"] and s["next"])
    equal((words(seen["title"]), words(seen["next"])), (("A - B - C", "A - B", "C"), ("D - E - F", "D - E", "F")))
    equal(words(events.next("title")), ("A - B - C", "A - B", "C"))
    equal(server.set_title("/hit.mp3", artist="D%20-%20E", title="F%20-%20G").status, 200)
    seen = now(server, "/hit.mp3", lambda s: s["title"]["title"] == "F - G")
    equal((words(seen["title"]), words(seen["history"][0])), (("D - E - F - G", "D - E", "F - G"), ("A - B - C", "A - B", "C")))
    song = server.get("/api/nowplaying/hit").json()["now_playing"]["song"]
    equal((song["artist"], song["title"]), ("D - E", "F - G"))
    # As Ogg's comments have them.
    source = server.source("/hit.opus", kind="opus")
    for serial, artist, title in ((1, "H - I", "K"), (2, "L", ""), (3, "", "M - N")):
        source.send(opus_headers(serial, title, artist) + b"".join(opus_page(serial, i, i == 49) for i in range(50)))
        text = " - ".join(filter(None, (artist, title)))
        seen = now(server, "/hit.opus", lambda s: s["title"] and s["title"]["text"] == text)
        equal(words(seen["title"]), (text, *((artist, title) if artist else ("M", "N"))))
