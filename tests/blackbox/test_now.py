"""The present title: /api/v1/now, and AzuraCast's addresses."""
import json
import time

from harness import check, equal, matches, test, wait_for

FIELDS = {"events", "now_ms", "mount", "station", "on_air", "name", "genre", "url", "type", "bitrate", "listeners", "title", "history", "live", "streams", "logo", "next", "seams", "past"}


def now(server, mount, fact=lambda seen: True, query=""):
    """The answer about a mount as soon as `fact` holds; it may be half a second old."""
    found = []

    def holds():
        reply = server.get("/api/v1/now" + mount + query)
        found[:] = [reply.json()] if reply.status == 200 else []
        return bool(found) and fact(found[0])
    wait_for(holds, "/api/v1/now%s shows it" % mount)
    return found[0]


def set_title(server, mount, text):
    equal(server.set_title(mount, song=text.replace(" ", "%20")).status, 200)


@test
def a_title_is_told_with_the_time_at_which_it_sounds(t):
    server = t.server(body="<mount><mount-name>/live.mp3</mount-name><max-history>9</max-history></mount>")
    source = server.source("/live.mp3", lines=["ice-bitrate: 128", "ice-name: Radio <B>", "ice-genre: Jazz"])
    source.play(5)
    server.listener("/live.mp3")
    seen = now(server, "/live.mp3", lambda s: s["listeners"] == 1)
    equal(set(seen), FIELDS)
    equal((seen["mount"], seen["station"], seen["on_air"], seen["name"], seen["genre"], seen["type"], seen["bitrate"], seen["title"]),
          ("/live.mp3", "live", True, "Radio <B>", "Jazz", "audio/mpeg", 128, None))
    # The stream has times when its source has sent for some seconds.
    wait_for(lambda: source.play(2) and (now(server, "/live.mp3")["live"] or {}).get("wall_ms") is not None, "the stream has times", 15)
    before = time.time() * 1000
    set_title(server, "/live.mp3", "One - Two")
    title = now(server, "/live.mp3", lambda s: s["title"] is not None)["title"]
    equal((title["text"], title["artist"], title["title"]), ("One - Two", "One", "Two"))
    check(abs(title["wall_ms"] - before) < 30000, "the title sounds at %s, it came at %s" % (title["wall_ms"], before))
    check(title["id"].count(".") == 1, "no address: " + title["id"])
    set_title(server, "/live.mp3", "Three")
    seen = now(server, "/live.mp3", lambda s: s["title"]["text"] == "Three")
    equal([one["text"] for one in seen["history"]], ["One - Two"])
    equal(seen["history"][0], title, "a title of before")
    check(seen["title"]["wall_ms"] >= title["wall_ms"], "times go back")
    # The same times as elsewhere.
    played = server.get("/played.json?mount=/live.mp3").json()["history"][0]["played"]
    equal([one["unix"] for one in played], [seen["title"]["wall_ms"] // 1000, title["wall_ms"] // 1000])
    equal(now(server, "/live.mp3", query="?history=0")["history"], [])
    source.leave()
    server.wait_until_gone("/live.mp3")
    seen = now(server, "/live.mp3", lambda s: not s["on_air"])
    equal((seen["title"], len(seen["history"])), (None, 2))


@test
def what_is_hidden_or_unknown_is_not_told(t):
    server = t.server(body="<mount><mount-name>/secret</mount-name><hidden>1</hidden></mount>")
    for mount in ("/secret", "/shown"):
        server.source(mount)
        set_title(server, mount, "Title of " + mount[1:])
    wait_for(lambda: "Title of shown" in server.get("/api/v1/now").text, "the shown mount has its title")
    check("secret" not in server.get("/api/v1/now").text, "a hidden mount is told")
    for path in ("/api/v1/now/secret", "/api/v1/now/none", "/api/v1/now/station:none", "/api/v1/now/station:", "/api/nowplaying/secret",
                 "/api/nowplaying/2", "/api/nowplaying/0", "/api/nowplaying_static/shown", "/api/station/secret"):
        reply = server.get(path)
        equal((reply.status, reply.get("Content-Type")), (404, "application/problem+json"), path)
    for wrong in ("-1", "101", "x", "", "%00", "99999999999999999999"):
        reply = server.get("/api/v1/now/shown?history=" + wrong)
        equal((reply.status, reply.get("Content-Type")), (400, "application/problem+json"), wrong)
        equal(reply.json()["parameter"], "history", reply.text)
    equal(server.get("/api/v1/now/station:shown").json()["mount"], "/shown")


@test
def pages_of_other_sites_may_ask(t):
    server = t.server()
    server.source("/m.mp3")
    for path in ("/api/v1/now", "/api/v1/now/m.mp3", "/api/nowplaying", "/api/stations"):
        reply = server.get(path, headers=["Origin: https://other.example.org"])
        equal((reply.status, reply.get("Access-Control-Allow-Origin")), (200, "*"), path)
        wire = server.wire()
        wire.send("HEAD %s HTTP/1.0\r\n\r\n" % path)
        equal(wire.reply_head().status, 200, path)
    equal(server.get("/api/v1/mounts", headers=["Origin: https://other.example.org"]).get("Access-Control-Allow-Origin"), None)
    # Why a player is refused.
    refused = server.get("/api/v1/now/m.mp3/place?wall=5", headers=["Origin: https://other.example.org"])
    equal((refused.status, refused.get("X-Reason")), (404, "no-times"))
    check("X-Reason" in refused.get("Access-Control-Expose-Headers").split(", "), "pages may not read why: %s" % refused.get("Access-Control-Expose-Headers"))
    check(server.ask("DELETE /api/v1/now/m.mp3 HTTP/1.0").status in (401, 404, 405), "DELETE is answered")


@test
def azuracasts_programs_read_what_plays(t):
    server = t.server(body="<mount><mount-name>/hit.mp3</mount-name><burst-size>0</burst-size></mount>")
    source = server.source("/hit.mp3", lines=["ice-bitrate: 128", "ice-name: Hits"])
    source.play(5)
    for text in ("A - One", "B - Two"):
        set_title(server, "/hit.mp3", text)
        now(server, "/hit.mp3", lambda s: s["title"] and s["title"]["text"] == text)
    wait_for(lambda: server.get("/api/nowplaying/hit").json()["now_playing"]["song"]["text"] == "B - Two", "AzuraCast's page shows it")
    one = server.get("/api/nowplaying/hit").json()
    station = one["station"]
    equal((station["id"], station["shortcode"], station["name"], station["mounts"][0]["path"], station["mounts"][0]["bitrate"],
           station["mounts"][0]["format"], station["remotes"]), (1, "hit", "Hits", "/hit.mp3", 128, "mp3", []))
    check(station["listen_url"].startswith("http://") and station["listen_url"].endswith("/hit.mp3"), station["listen_url"])
    equal(set(one), {"station", "listeners", "live", "now_playing", "playing_next", "song_history", "is_online", "cache"})
    song = one["now_playing"]["song"]
    equal((song["artist"], song["title"], len(song["id"])), ("B", "Two", 32))
    equal([past["song"]["text"] for past in one["song_history"]], ["A - One"])
    for key in ("sh_id", "played_at", "duration", "elapsed", "remaining"):
        check(isinstance(one["now_playing"][key], int), key)
    equal(one["is_online"], True)
    for path in ("/api/nowplaying/1", "/api/nowplaying_static/hit.json", "/api/nowplaying_static/1.json"):
        equal(server.get(path).json()["station"], station, path)
    equal([each["station"] for each in server.get("/api/nowplaying").json()], [station])
    equal(server.get("/api/stations").json(), [station])
    equal(server.get("/api/station/hit").json(), station)


INT, TEXT, YES, ANY_TEXT = (int,), (str,), (bool,), (str, type(None))
COUNT = {"total": INT, "unique": INT, "current": INT}
SONG = {"id": TEXT, "art": TEXT, "text": TEXT, "artist": TEXT, "title": TEXT, "album": TEXT, "genre": TEXT, "isrc": ANY_TEXT, "lyrics": ANY_TEXT, "custom_fields": [None]}
PLAYED = {"sh_id": INT, "played_at": INT, "duration": INT, "playlist": ANY_TEXT, "streamer": ANY_TEXT, "is_request": YES, "song": SONG}
# The types of AzuraCast's Api_NowPlaying, as its documents have them.
NOW_PLAYING = {
    "station": {"id": INT, "name": TEXT, "shortcode": TEXT, "description": TEXT, "frontend": TEXT, "backend": TEXT, "timezone": TEXT, "listen_url": ANY_TEXT,
                "url": ANY_TEXT, "public_player_url": TEXT, "playlist_pls_url": TEXT, "playlist_m3u_url": TEXT, "is_public": YES, "hls_enabled": YES,
                "hls_is_default": YES, "hls_url": ANY_TEXT, "hls_listeners": INT, "remotes": [None],
                "mounts": [{"id": INT, "name": TEXT, "url": TEXT, "bitrate": (int, type(None)), "format": ANY_TEXT, "listeners": COUNT, "path": TEXT, "is_default": YES}]},
    "listeners": COUNT,
    "live": {"is_live": YES, "streamer_name": TEXT, "broadcast_start": (int, type(None)), "art": ANY_TEXT},
    "now_playing": {**PLAYED, "elapsed": INT, "remaining": INT}, "playing_next": (type(None),), "song_history": [PLAYED], "is_online": YES, "cache": ANY_TEXT}


def has_types(value, wanted, where="np"):
    if isinstance(wanted, dict):
        for key, inner in wanted.items():
            check(key in value, "%s.%s is missing" % (where, key))
            has_types(value[key], inner, where + "." + key)
    elif isinstance(wanted, list):
        check(isinstance(value, list), "%s is %r" % (where, value))
        for one in value:
            has_types(one, wanted[0], where + "[]")
    else:
        # True is an int to Python.
        check(type(value) in wanted, "%s is %r" % (where, value))


@test
def each_field_has_azuracasts_type(t):
    server = t.server(body="<mount><mount-name>/hit.mp3</mount-name><burst-size>0</burst-size><max-history>9</max-history></mount>")
    for text in (None, "A - One", "Only"):
        if text is None:
            source = server.source("/hit.mp3")  # no name, no bitrate, no title
        else:
            set_title(server, "/hit.mp3", text)
        source.play(3)
        wait_for(lambda: server.get("/api/nowplaying/hit").json()["now_playing"]["song"]["text"] == (text or ""), "it shows " + repr(text))
        has_types(server.get("/api/nowplaying/hit").json(), NOW_PLAYING)
    source.leave()
    server.wait_until_gone("/hit.mp3")
    server.source("/other.mp3").play(1)
    for one in server.get("/api/nowplaying").json():
        has_types(one, NOW_PLAYING)
    for one in server.get("/api/stations").json():
        has_types(one, NOW_PLAYING["station"], "station")


@test
def a_stream_is_called_as_mounts_are_in_the_api(t):
    server = t.server()
    source = server.source("/hit.mp3")
    wait_for(lambda: source.play(2) and server.get("/api/v1/now/hit.mp3/place").status == 200, "the stream has times", 15)
    for what in ("", "/place", "/art"):
        equal([server.get("/api/v1/now/%s%s" % (name, what)).status for name in ("hit.mp3", "%2Fhit.mp3", "%2F%2Fhit.mp3")], [404 if what == "/art" else 200] * 2 + [404], what)
    equal(server.get("/api/v1/now/%2Fhit.mp3").json()["mount"], "/hit.mp3")
    wire = server.wire()
    wire.send("GET /api/v1/now/%2Fhit.mp3/events HTTP/1.0\r\n\r\n")
    check(b'"mount":"/hit.mp3"' in wire.take_until(b'"mount":"/hit.mp3"'), "no state")


@test
def a_name_is_written_as_a_part_of_an_address(t):
    server = t.server(body="<hls/><mount><mount-name>/a b#é.mp3</mount-name><hls>1</hls></mount>")
    server.source("/a%20b%23%C3%A9.mp3").play(10)
    own = "http://127.0.0.1:%d/a%%20b%%23%%C3%%A9.mp3" % server.port
    (one,) = server.get("/api/nowplaying", headers=["Host: 127.0.0.1:%d" % server.port]).json()
    station = one["station"]
    equal([station[key] for key in ("listen_url", "playlist_pls_url", "playlist_m3u_url", "hls_url")], [own, own + ".pls", own + ".m3u", own + "/live.m3u8"])
    equal((station["mounts"][0]["url"], station["mounts"][0]["path"]), (own, "/a b#é.mp3"))
    (stream,) = server.get("/api/v1/now/a%20b%23%C3%A9.mp3").json()["streams"]
    equal((stream["mount"], stream["hls"]), ("/a b#é.mp3", "/a%20b%23%C3%A9.mp3/live.m3u8"))
    equal(server.get(stream["hls"]).status, 200)


@test
def addresses_are_by_the_name_that_was_asked_by(t):
    server = t.server()
    server.source("/hit.mp3").play(2)
    for path in ("/api/nowplaying", "/api/nowplaying/hit", "/api/stations", "/api/station/hit"):
        answer = server.get(path, headers=["Host: radio.example.org:8000"]).json()
        one = answer[0] if isinstance(answer, list) else answer
        station = one.get("station", one)
        for key in ("listen_url", "public_player_url", "playlist_pls_url", "playlist_m3u_url"):
            check(station[key].startswith("http://radio.example.org:8000/"), "%s: %s" % (path, station[key]))
        equal(station["mounts"][0]["url"], station["listen_url"])
    for host in ("radio.example.org:8000/evil", 'a"b:80', "a b:80", "x:99999999"):
        text = server.get("/api/nowplaying/hit", headers=["Host: " + host]).text
        check(host not in text, "%s is believed" % host)


@test
def names_that_encoders_choose_stay_text(t):
    server = t.server()
    hostile = "</script><img src=x onerror=alert(1)>\" \\u0000 ' & \u00e4"
    server.source("/x.mp3", lines=["ice-name: " + hostile, "ice-genre: " + hostile])
    seen = now(server, "/x.mp3")
    equal(seen["genre"], seen["name"])
    check("<img src=x" in seen["name"], seen["name"])
    reply = server.get("/api/v1/now/x.mp3")
    equal(reply.get("X-Content-Type-Options"), "nosniff")
    json.loads(reply.text)


@test
def a_young_stream_has_a_place_whose_time_is_known_later(t):
    server = t.server()
    source = server.source("/live.mp3", lines=["ice-bitrate: 128"])
    path = "/api/v1/now/live.mp3/place"
    wait_for(lambda: source.play(2) and server.get(path + "?young=1").status == 200 and server.get(path + "?young=1").json()["at"], "it has addresses")
    young = server.get(path + "?young=1").json()
    equal((young["wall_ms"], young["live_ms"], young["oldest_ms"], server.get(path).status), (None, None, None, 404))
    equal(young["url"], "/live.mp3?at=%s&exact=1" % young["at"])
    wait_for(lambda: source.play(2) and server.get(path).status == 200, "the stream has times", 15)
    known = server.get(path + "?young=1").json()
    equal(known["at"].split(".")[0], young["at"].split(".")[0])
    began = known["wall_ms"] - (known["media_ms"] - young["media_ms"])
    check(abs(began - server.get("/api/v1/now/live.mp3").json()["now_ms"]) < 60000 and began < known["wall_ms"], "%s, then %s" % (young, known))


@test
def the_place_of_a_moment_is_a_byte_at_which_a_player_begins(t):
    server = t.server()
    source = server.source("/live.mp3", lines=["ice-bitrate: 128"])
    path = "/api/v1/now/live.mp3/place"
    equal(server.get(path).status, 404, "nothing has times yet")
    wait_for(lambda: source.play(2) and server.get(path).status == 200, "the stream has times", 15)
    sent = source.play(60)
    wait_for(lambda: server.get(path).json()["live_ms"] > server.get(path).json()["wall_ms"], "there is a burst")
    live = server.get(path).json()
    equal(set(live), {"at", "wall_ms", "media_ms", "url", "live_ms", "oldest_ms", "recorded"})
    equal(live["url"], "/live.mp3?at=%s&exact=1" % live["at"])
    check(live["oldest_ms"] <= live["wall_ms"] <= live["live_ms"], str(live))
    # What comes from there is whole frames of the stream, and its later moments lie further on.
    middle = server.get(path + "?wall=%d" % (live["live_ms"] - 500)).json()
    check(live["live_ms"] - 1600 <= middle["wall_ms"] <= live["live_ms"] - 500, "%s of %s" % (middle, live))
    listener = server.listener(middle["url"])
    check(listener.read(384) in sent, "it is not of the stream")
    check(int(middle["at"].split(".")[1]) <= int(server.get(path + "?wall=%d" % live["live_ms"]).json()["at"].split(".")[1]), "places go on")
    for wrong, status in (("x", 400), ("-1", 400), ("", 400), ("%00", 400), ("99999999999999999999", 400), ("9223372036854775807", 416), ("0", 416),
                          (str(live["live_ms"] + 60000), 416)):
        reply = server.get(path + "?wall=" + wrong)
        equal((reply.status, reply.get("Content-Type")), (status, "application/problem+json"), wrong)
        equal(reply.json()["parameter"], "wall", reply.text)
        equal(reply.json()["status"], status, wrong)
    equal(server.get("/api/v1/now/none/place").status, 404)


@test
def a_place_is_there_for_a_while_though_nothing_else_holds_the_window(t):
    server = t.server()
    source = server.source("/live.mp3", lines=["ice-bitrate: 128"])
    path = "/api/v1/now/live.mp3/place"
    wait_for(lambda: source.play(2) and server.get(path).status == 200, "the stream has times", 15)
    for _ in range(6):  # many bursts, each with a time of its own
        known = server.get("/api/v1/now/live.mp3").json()["live"]["wall_ms"]
        source.play(100)
        wait_for(lambda: server.get("/api/v1/now/live.mp3").json()["live"]["wall_ms"] > known, "it has come", 15)
    place = server.get(path).json()
    check(place["oldest_ms"] < place["wall_ms"] < place["live_ms"], str(place))
    sent = source.play(10)
    check(server.listener(place["url"]).read(384) is not None and sent, "it plays from there")


def at_its_pace(source, seconds):
    """Frames of 24 ms, each sent when it is due."""
    began, sent = time.monotonic(), [0]

    def goes_on():
        due = int((time.monotonic() - began) / 0.024)
        source.play(due - sent[0])
        sent[0] = due
        return due * 0.024 >= seconds
    wait_for(goes_on, "it plays at its pace", seconds + 10)


@test
def a_place_that_was_told_is_there_until_its_player_has_come(t):
    server = t.server()
    source = server.source("/live.mp3", lines=["ice-bitrate: 128"])
    at_its_pace(source, 9)
    place = server.get("/api/v1/now/live.mp3/place").json()
    at_its_pace(source, 4)  # it was three seconds behind, of the burst's four
    check(server.listener(place["url"]).read(384) is not None, "it plays from there")


@test
def only_web_addresses_are_told_as_links(t):
    server = t.server(body='<station id="b" url="javascript:alert(2)"><mount>/b.mp3</mount></station>')
    keep = [server.source(mount, lines=["ice-url: " + url]) for mount, url in (("/a.mp3", "JavaScript:alert(1)"), ("/b.mp3", "data:text/html,x"), ("/c.mp3", "HTTPS://radio.example.org/?a=1"),
                                                                              ("/d.mp3", "www.example.org/radio"))]
    for one in keep:
        one.play(2)
    wait_for(lambda: sum(one["on_air"] for one in server.get("/api/v1/now").json()["mounts"]) == 4, "all are on the air")
    told = {one["mount"]: one["url"] for one in server.get("/api/v1/now").json()["mounts"]}
    equal(told, {"/a.mp3": "", "/b.mp3": "", "/c.mp3": "HTTPS://radio.example.org/?a=1", "/d.mp3": "http://www.example.org/radio"})
    equal({one["station"]["shortcode"]: one["station"]["url"] for one in server.get("/api/nowplaying").json()}, {"a": "", "b": "", "c": "HTTPS://radio.example.org/?a=1", "d": "http://www.example.org/radio"})
    matches(r'<a href="http://www\.example\.org/radio" rel="[^"]+">', server.get("/status.xsl").text)


@test
def what_plays_is_only_read(t):
    server = t.server()
    for path in ("/api/v1/now", "/api/v1/now/live.mp3", "/api/v1/now/live.mp3/events"):
        for method in ("POST", "PUT", "DELETE"):
            reply = server.ask("%s %s HTTP/1.1" % (method, path), headers=["Host: x", "Content-Length: 0"])
            equal((reply.status, reply.get("Allow"), reply.get("Content-Type")), (405, "GET, HEAD", "application/problem+json"), method + " " + path)


STATION = ('<station id="rock" name="Rock Antenna" description="Guitars" url="https://rock.example.org/" genre="Rock" timezone="Europe/Berlin" '
           'logo="/rock.png"><mount>/rock.mp3</mount><mount>/rock-64.mp3</mount><mount>/secret.mp3</mount></station>'
           '<mount><mount-name>/secret.mp3</mount-name><hidden>1</hidden></mount>')


@test
def a_station_is_its_streams(t):
    server = t.server(body=STATION)
    # A station is known before it plays.
    seen = now(server, "/rock.mp3")
    equal((seen["station"], seen["name"], seen["on_air"]), ("rock", "Rock Antenna", False))
    equal(server.get("/api/nowplaying/rock").json()["is_online"], False)
    other = server.source("/a.mp3", lines=["ice-name: Another"])
    small = server.source("/rock-64.mp3", lines=["ice-name: What the encoder says", "ice-bitrate: 64"])
    secret = server.source("/secret.mp3")
    for source in (other, small, secret):
        source.play(5)
    set_title(server, "/rock-64.mp3", "A - Small")
    for path in ("/rock-64.mp3", "/rock-64.mp3", "/secret.mp3"):
        server.listener(path)
    wait_for(lambda: server.get("/api/nowplaying/rock").json()["listeners"]["total"] == 2, "two listen to the small stream")
    # What plays is told, though it is not the first one.
    seen = now(server, "/station:rock", lambda s: s["title"] is not None)
    equal((seen["mount"], seen["name"], seen["genre"], seen["url"], seen["logo"], seen["title"]["text"]),
          ("/rock-64.mp3", "Rock Antenna", "Rock", "https://rock.example.org/", "/rock.png", "A - Small"))
    equal([one["mount"] for one in seen["streams"]], ["/rock-64.mp3", "/rock.mp3"])
    large = server.source("/rock.mp3", lines=["ice-bitrate: 128"])
    large.play(5)
    set_title(server, "/rock.mp3", "A - Large")
    server.listener("/rock.mp3")
    wait_for(lambda: server.get("/api/nowplaying/rock").json()["listeners"]["total"] == 3, "one more listens to the large stream")
    equal(now(server, "/station:rock", lambda s: s["title"] is not None)["mount"], "/rock.mp3")
    wait_for(lambda: server.get("/api/nowplaying/rock").json()["now_playing"]["song"]["text"] == "A - Large", "AzuraCast's page shows it")
    one = server.get("/api/nowplaying/rock").json()
    station = one["station"]
    equal((station["id"], station["shortcode"], station["name"], station["description"], station["timezone"]),
          (3, "rock", "Rock Antenna", "Guitars", "Europe/Berlin"))
    check(station["public_player_url"].endswith("/listen/rock"), station["public_player_url"])
    equal([(m["path"], m["id"], m["is_default"]) for m in station["mounts"]], [("/rock.mp3", 3, True), ("/rock-64.mp3", 2, False)])
    check(one["now_playing"]["song"]["art"].endswith("/rock.png"), one["now_playing"]["song"]["art"])
    equal([each["station"]["shortcode"] for each in server.get("/api/nowplaying").json()], ["a", "rock"])
    equal([each["shortcode"] for each in server.get("/api/stations").json()], ["a", "rock"])
    both = server.get("/api/v1/now").json()
    equal([each["mount"] for each in both["mounts"]], ["/a.mp3", "/rock-64.mp3", "/rock.mp3"])
    equal([(each["id"], each["listeners"], each["mounts"], each["timezone"], each["page"]) for each in both["stations"]],
          [("a", 0, ["/a.mp3"], "UTC", "/listen/a.mp3"),
           ("rock", 3, ["/rock.mp3", "/rock-64.mp3"], "Europe/Berlin", "/listen/rock")])
    check("secret" not in server.get("/api/v1/now").text + server.get("/api/nowplaying").text, "a hidden mount of a station is told")


@test
def a_title_beyond_what_is_kept_has_its_time_and_stands_once(t):
    server = t.server()
    source = server.source("/live.mp3")
    wait_for(lambda: source.play(2) and server.get("/api/v1/now/live.mp3/place").status == 200, "the stream has times", 15)
    set_title(server, "/live.mp3", "x" * 2000)
    seen = now(server, "/live.mp3", lambda s: s["title"] is not None)
    equal((seen["title"]["text"], seen["history"]), ("x" * 1000, []))
    check(seen["title"]["wall_ms"] is not None and seen["title"]["id"], "no time: %s" % seen["title"])


@test
def a_source_without_a_title_has_not_that_of_the_one_before(t):
    server = t.server(body="<mount><mount-name>/hit.mp3</mount-name><burst-size>0</burst-size></mount>")
    source = server.source("/hit.mp3")
    set_title(server, "/hit.mp3", "A - One")
    text = lambda: server.get("/api/nowplaying/hit").json()["now_playing"]["song"]["text"]
    wait_for(lambda: text() == "A - One", "AzuraCast's page shows it")
    source.leave()
    wait_for(lambda: not server.get("/api/nowplaying/hit").json()["is_online"], "it has gone")
    server.source("/hit.mp3").play(2)
    wait_for(lambda: server.get("/api/nowplaying/hit").json()["is_online"], "it is back")
    one = server.get("/api/nowplaying/hit").json()
    equal((one["now_playing"]["song"]["text"], [each["song"]["text"] for each in one["song_history"]]), ("", ["A - One"]))


@test
def while_a_fallback_is_heard_its_title_is_told(t):
    server = t.server(body="<mount><mount-name>/main.mp3</mount-name><fallback-mount>/auto.mp3</fallback-mount><fallback-override>1</fallback-override></mount>"
                           "<mount><mount-name>/auto.mp3</mount-name><hidden>1</hidden></mount>")
    auto, main = server.source("/auto.mp3"), server.source("/main.mp3")
    set_title(server, "/auto.mp3", "Auto 1")
    set_title(server, "/main.mp3", "Live")
    now(server, "/main.mp3", lambda s: s["title"] and s["title"]["text"] == "Live")
    wire = server.wire()
    wire.send("GET /api/v1/now/main.mp3/events HTTP/1.0\r\n\r\n")
    wire.take_until(b'"Live"')
    left = int(time.time() * 1000)
    main.leave()
    seen = now(server, "/main.mp3", lambda s: s["title"] and s["title"]["text"] == "Auto 1")
    equal((seen["on_air"], seen["mount"], seen["live"], [one["text"] for one in seen["history"]]), (True, "/main.mp3", None, ["Live"]))
    # It is heard when the stream is over, however long the fallback has played it.
    check(left <= seen["title"]["wall_ms"] <= seen["now_ms"], "%s sounds at %s" % (seen["title"], left))
    wire.take_until(b'"Auto 1"')
    set_title(server, "/auto.mp3", "Auto 2")
    wire.take_until(b'"Auto 2"')
    one = wait_for(lambda: [one for one in [server.get("/api/nowplaying/main").json()] if one["now_playing"]["song"]["text"] == "Auto 2"], "AzuraCast's page shows it")[0]
    equal(one["is_online"], True)
    check("Auto 2" in server.get("/listen/main.mp3").text, "the page shows it")
    back = server.source("/main.mp3")
    now(server, "/main.mp3", lambda s: s["on_air"] and s["title"] is None)
    for one in (back, auto):
        one.leave()
    now(server, "/main.mp3", lambda s: not s["on_air"] and s["title"] is None)
