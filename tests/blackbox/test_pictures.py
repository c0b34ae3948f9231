"""Pictures of titles: their senders, the accepted formats, and how they are sent."""
import json
import subprocess

from harness import ADMIN, SOURCE, check, equal, open_folder, request, test, wait_for
from pictures import comment, id3, jpeg_head, png, webp_head
from test_now import now, set_title
from test_now_events import Reader

BODY = "<console>1</console><mount><mount-name>/live.mp3</mount-name><max-history>9</max-history></mount>"


def put(server, picture, mount="%2Flive.mp3", login=ADMIN, kind="image/png", query=""):
    lines = ["Content-Type: " + kind] if kind else []
    return server.ask("PUT /api/v1/mounts/%s/art%s HTTP/1.1" % (mount, query), ["Host: 127.0.0.1", "Connection: close", *lines], login, picture)


def begin(t, **options):
    server = t.server(body=options.pop("body", BODY), **options)
    source = server.source("/live.mp3")
    source.play(3)
    set_title(server, "/live.mp3", "A - One")
    now(server, "/live.mp3", lambda s: s["title"] and s["title"]["text"] == "A - One")
    return server, source


@test
def the_picture_of_a_title_is_shown_wherever_the_title_is(t):
    server, _ = begin(t)
    reader = Reader(server)
    equal(reader.next("state")[1]["title"]["art"], None)
    equal(server.get("/api/v1/now/live.mp3/art").status, 404)
    given = put(server, png(seed=1))
    equal((given.status, set(given.json())), (200, {"art"}), given.text)
    art = given.json()["art"]
    equal(reader.next("title")[1]["art"], art)
    equal(now(server, "/live.mp3", lambda s: s["title"]["art"])["title"]["art"], art)
    song = wait_for(lambda: [s for s in [server.get("/api/nowplaying/live").json()["now_playing"]["song"]] if s["art"]], "AzuraCast's page shows it")[0]
    check(song["art"].startswith("http://") and song["art"].endswith(art), song["art"])
    there = server.get("/api/v1/now/live.mp3/art")
    equal((there.status, there.get("Location")), (302, art))
    reply = server.get(art)
    equal((reply.status, reply.body, reply.get("Content-Type"), reply.get("X-Content-Type-Options"), reply.get("Content-Security-Policy"),
           reply.get("Cache-Control")),
          (200, png(seed=1), "image/png", "nosniff", "default-src 'none'; sandbox", "public, max-age=31536000, immutable"))
    equal(server.get(art, headers=["Origin: https://other.example.org"]).get("Access-Control-Allow-Origin"), "*")
    wire = server.wire()
    wire.send("HEAD %s HTTP/1.0\r\n\r\n" % art)
    head = wire.reply_head()
    equal((head.status, head.get("Content-Length")), (200, str(len(png(seed=1)))))
    # Another title has none; the one before keeps its own.
    set_title(server, "/live.mp3", "B - Two")
    seen = now(server, "/live.mp3", lambda s: s["title"]["text"] == "B - Two")
    equal((seen["title"]["art"], seen["history"][0]["art"]), (None, art))


@test
def a_picture_may_come_before_its_title(t):
    server, _ = begin(t)
    given = put(server, png(seed=2), query="?keep=1")
    equal(given.status, 200, given.text)
    art = given.json()["art"]
    equal(now(server, "/live.mp3")["title"]["art"], None)
    body = json.dumps({"title": "Two", "artist": "B", "art": art, "next": {"title": "Three"}}).encode()
    lines = ["Host: 127.0.0.1", "Connection: close", "Content-Type: application/json", "Content-Length: %d" % len(body)]
    equal(server.ask("POST /api/v1/mounts/%2Flive.mp3/title HTTP/1.1", lines, ADMIN, body).status, 204)
    seen = now(server, "/live.mp3", lambda s: s["title"]["text"] == "B - Two")
    equal((seen["title"]["art"], seen["next"]["title"]), (art, "Three"))
    body = json.dumps({"title": "X", "art": "https://10.0.0.1/x.png"}).encode()
    lines[-1] = "Content-Length: %d" % len(body)
    wrong = server.ask("POST /api/v1/mounts/%2Flive.mp3/title HTTP/1.1", lines, ADMIN, body)
    equal((wrong.status, wrong.json()["errors"][0]["pointer"]), (422, "/art"))


@test
def what_is_no_picture_is_refused_with_the_reason(t):
    server, source = begin(t)
    equal(put(server, jpeg_head(), kind="image/jpeg").status, 200)
    equal(put(server, webp_head(), kind="").status, 200)
    for picture, status, words in (
            (b"", 415, "art: the request has no picture"), (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 415, "art: it is not a JPEG"),
            (b"GIF89a" + bytes(50), 415, "art: it is not a JPEG"), (b"<html>", 415, "art: it is not a JPEG"),
            (png()[:20], 422, "its headers do not say"), (png(8, 64), 422, "8 x 64 pixels; 16 to 4096"),
            (jpeg_head(4097, 64), 422, "4097 x 64 pixels")):
        reply = put(server, picture)
        equal(reply.status, status, "%r: %s" % (picture[:20], reply.text))
        check(words in reply.text, reply.text)
        check(status != 422 or reply.json()["errors"][0]["pointer"] == "/art", reply.text)
    wire = server.wire()  # what is too large is refused before it is sent
    wire.send(request("PUT /api/v1/mounts/%2Flive.mp3/art HTTP/1.1", ["Host: x", "Content-Length: 524289"], ADMIN))
    reply = wire.reply()
    equal((reply.status, reply.json()["detail"]), (413, "art: the body has 524289 bytes; at most 524288 are accepted"))
    for path in ("/_lb/art/", "/_lb/art/x", "/_lb/art/" + 32 * "0" + ".png", "/_lb/art/" + 32 * "0" + ".svg", "/_lb/art/a/b.png"):
        check(server.get(path).status in (400, 404), path)
    equal(put(server, png(), query="?keep=2").status, 400)
    # Who may: nobody without a login, none with one that is no operator's.
    equal(put(server, png(), login=None).status, 401)
    equal(put(server, png(), login="admin:wrong").status, 401)
    equal(put(server, png(), mount="%2Fnone").status, 404)
    source.leave()
    server.wait_until_gone("/live.mp3")
    check(put(server, png()).status in (404, 409), "a mount without a source")


@test
def encoders_bring_pictures_in_their_tags(t):
    server = t.server(body=BODY)
    tagged = t.dir / "tagged.ogg"
    (t.dir / "meta").write_text(";FFMETADATA1\ntitle=Tune\nartist=B\n%s\n" % comment(png(seed=3)).replace("=", "=", 1).replace("==", "\\=\\="))
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "anoisesrc=r=48000:d=8", "-i", str(t.dir / "meta"), "-map_metadata", "1", "-c:a", "libopus", str(tagged)],
                   check=True, stdin=subprocess.DEVNULL)
    check(b"METADATA_BLOCK_PICTURE=" in tagged.read_bytes(), "ffmpeg has written no picture")
    wire = server.source("/live.ogg", lines=["Content-Type: audio/ogg"], kind="opus")
    wire.send(tagged.read_bytes())
    seen = now(server, "/live.ogg", lambda s: s["title"] and s["title"]["art"])
    equal((seen["title"]["text"], server.get(seen["title"]["art"]).body), ("B - Tune", png(seed=3)))
    # ID3 between the frames of an MP3; it is of the title that plays.
    source = server.source("/live.mp3")
    source.play(3)
    set_title(server, "/live.mp3", "A - One")
    now(server, "/live.mp3", lambda s: s["title"] and s["title"]["text"] == "A - One")
    source.send(id3(png(seed=4)))
    source.play(3)
    equal(server.get(now(server, "/live.mp3", lambda s: s["title"]["art"])["title"]["art"]).body, png(seed=4))
    source.send(id3(b"<svg>"))
    source.play(3)
    wait_for(lambda: "the picture in a tag of its stream is not shown: it is not a JPEG" in server.log("error"), "a line of the log")

    def refused():
        return server.get("/api/v1/mounts/live.mp3", ADMIN).json()["picture-refused"]
    equal(refused(), "it is not a JPEG, PNG or WebP by its first bytes")
    source.send(id3(png(seed=5)))
    source.play(3)
    wait_for(lambda: refused() is None, "a picture that is shown is not a problem")


@test
def a_station_has_a_picture_for_titles_without_one(t):
    station = '<station id="rock" logo="/logo.png" default-art="/cover.png"><mount>/live.mp3</mount></station>'
    server, _ = begin(t, body=BODY + station)
    seen = now(server, "/live.mp3")
    equal((seen["title"]["art"], seen["logo"]), ("/cover.png", "/logo.png"))
    equal(server.get("/api/v1/now/station:rock/art").get("Location"), "/cover.png")
    art = put(server, png(seed=5)).json()["art"]
    equal(now(server, "/live.mp3", lambda s: s["title"]["art"] == art)["title"]["art"], art)
    wait_for(lambda: server.get("/api/v1/now/station:rock/art").get("Location") == art, "the station shows it")


@test
def pictures_and_their_titles_outlive_the_server(t):
    state = open_folder(t.dir / "state")
    server, source = begin(t, paths="<state-dir>%s</state-dir>" % state)
    art = put(server, png(seed=6)).json()["art"]
    early = put(server, png(seed=7), query="?keep=1").json()["art"]
    now(server, "/live.mp3", lambda s: s["title"]["art"] == art)
    files = state / "art"
    wait_for(files.is_dir, "a directory for them")
    wait_for(lambda: {one.name for one in files.iterdir()} >= {art.split("/")[-1], early.split("/")[-1], "titles.json"}, "they are files")
    equal({oct(one.stat().st_mode & 0o777) for one in files.iterdir()}, {"0o600"})
    server.stop()
    (files / ("0" * 32 + ".png")).write_bytes(png(seed=8))  # not the bytes of this name
    server.start()
    reply = server.get(art)
    equal((reply.status, reply.body, reply.get("Content-Type")), (200, png(seed=6), "image/png"))
    equal(server.get(early).body, png(seed=7))
    equal(server.get("/_lb/art/" + "0" * 32 + ".png").status, 404)
    # The encoder comes back, and says what plays.
    source = server.source("/live.mp3")
    source.play(3)
    set_title(server, "/live.mp3", "A - One")
    now(server, "/live.mp3", lambda s: s["title"] and s["title"]["art"] == art)
    set_title(server, "/live.mp3", "B - Two")
    equal(now(server, "/live.mp3", lambda s: s["title"]["text"] == "B - Two")["title"]["art"], None)


@test
def the_login_of_a_source_gives_titles_and_pictures_to_its_mount_alone(t):
    own = "<mount><mount-name>/own.mp3</mount-name><username>dj</username><password>dj-secret</password></mount>"
    server, _ = begin(t, body=BODY + own)
    server.source("/own.mp3", login="dj:dj-secret").play(3)
    body = json.dumps({"title": "Two", "artist": "B"}).encode()

    def title(mount, login):
        lines = ["Host: 127.0.0.1", "Connection: close", "Content-Type: application/json", "Content-Length: %d" % len(body)]
        return server.ask("POST /api/v1/mounts/%s/title HTTP/1.1" % mount, lines, login, body)
    equal(title("%2Flive.mp3", SOURCE).status, 204)
    now(server, "/live.mp3", lambda s: s["title"]["text"] == "B - Two")
    art = put(server, png(seed=9), login=SOURCE)
    equal(art.status, 200, art.text)
    now(server, "/live.mp3", lambda s: s["title"]["art"] == art.json()["art"])
    equal(title("own.mp3", "dj:dj-secret").status, 204)
    equal(put(server, png(seed=9), mount="%2Fown.mp3", login="dj:dj-secret").status, 200)
    # Not those of others, and nothing else of its own.
    for mount, login, status in (("%2Flive.mp3", "dj:dj-secret", 403), ("%2Fown.mp3", SOURCE, 403), ("%2Flive.mp3", "source:wrong", 401)):
        equal((title(mount, login).status, put(server, png(), mount=mount, login=login).status), (status, status), "%s as %s" % (mount, login))
    for method, path in (("GET", "/api/v1/mounts/%2Flive.mp3"), ("GET", "/api/v1/mounts"), ("DELETE", "/api/v1/mounts/%2Flive.mp3/source")):
        equal(server.ask("%s %s HTTP/1.1" % (method, path), ["Host: 127.0.0.1", "Connection: close"], SOURCE).status, 403, path)


@test
def the_address_that_a_stream_names_is_told_and_asked_only_where_that_is_allowed(t):
    hosts = "127.0.0.1 10.0.0.1 169.254.169.254 covers.example.test"
    kinds = {"127": "127.0.0.1, which is a loopback address", "10": "10.0.0.1, which is a private address", "169": "169.254.169.254, which is a link-local address"}
    server, _ = begin(t, body=BODY + '<art fetch="%s"/>' % hosts)
    for number, (url, told, why) in enumerate((
            ("https://shop.example.test/song?id=1", True, None), ("javascript:alert(1)", False, None), ("http://127.0.0.1/a.png", True, None),
            ("https://127.0.0.1/a.png", True, True), ("https://10.0.0.1/a.png", True, True), ("https://169.254.169.254/latest", True, True),
            ("https://127.0.0.1/b.png", True, None), ("https://127.0.0.1:8443/a.png", True, None), ("https://x@127.0.0.1/a.png", True, None))):
        song = "Song %d" % number
        equal(server.set_title("/live.mp3", song=song.replace(" ", "%20"), url=url.replace("?", "%3F").replace("=", "%3D").replace("@", "%40")).status, 200)
        seen = now(server, "/live.mp3", lambda s: s["title"]["text"] == song)
        equal((seen["title"]["url"], seen["title"]["art"]), (url if told else None, None))
        shown = url.split("?")[0]
        if why:
            line = "no picture from %s: leads to %s and is not asked; its titles are shown without one" % (shown, kinds[url[8:].split(".")[0]])
            wait_for(lambda: line in server.log("error"), line)
            said = server.get("/api/v1/mounts/live.mp3", ADMIN).json()["picture-refused"]
            check(said.startswith("%s: leads to " % shown), said)
        else:
            check("no picture from %s:" % shown not in server.log("error"), url)
