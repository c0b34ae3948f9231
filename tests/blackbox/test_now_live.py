"""AzuraCast's live feed, /api/live/nowplaying/sse, read like its programs do."""
import json
import urllib.parse

from harness import check, equal, request, test, wait_for

PATH = "/api/live/nowplaying/sse"
HITS = """<mount><mount-name>/hits.mp3</mount-name><burst-size>0</burst-size></mount>
<mount><mount-name>/secret.mp3</mount-name><hidden>1</hidden></mount>"""


class Player:
    """EventSource and the handler of AzuraCast's programs; `np` has the shown state, by the name of the channel."""

    def __init__(self, server, subs, host="localhost", encode=True, lines=(), source=None):
        connect = json.dumps({"subs": subs}, separators=(",", ":"))
        # A browser escapes the quotes alone.
        query = urllib.parse.quote(connect) if encode else connect.replace('"', "%22")
        self.wire = server.wire(source_address=source)
        self.wire.send(request("GET %s?cf_connect=%s HTTP/1.1" % (PATH, query), ["Host: " + host, "Accept: text/event-stream", *lines]))
        self.head = self.wire.reply_head()
        self.np, self.time, self.frames = {}, None, []

    def read(self):
        """The next message, as EventSource delivers it; comments are skipped."""
        while True:
            data, kind = [], "message"
            for line in self.wire.take_until(b"\n\n").decode().splitlines():
                name, _, value = line.partition(":")
                if name == "data":
                    data.append(value.removeprefix(" "))
                elif name == "event":
                    kind = value.strip()
            if data:
                break
        equal(kind, "message", "onmessage hears of no other")
        message = json.loads("\n".join(data))
        self.frames.append(message)
        if "connect" in message:
            for name, sub in message["connect"]["subs"].items():
                for publication in sub["publications"]:
                    self.take(name, publication["data"])
        elif "pub" in message:
            self.take(message["channel"], message["pub"]["data"])
        return message

    def take(self, name, data):
        if "np" in data:
            self.np[name] = data["np"]
        if "current_time" in data:
            self.time = data["current_time"]

    def read_until(self, fact):
        while not fact(self):
            self.read()


def set_title(server, mount, text):
    equal(server.set_title(mount, song=text.replace(" ", "%20")).status, 200)


def song_of(player, name="station:hits"):
    return player.np[name]["now_playing"]["song"]["text"]


@test
def a_player_of_azuracast_shows_what_plays(t):
    server = t.server(body=HITS)
    source = server.source("/hits.mp3", lines=["ice-name: Hits", "ice-bitrate: 128"])
    source.play(5)
    set_title(server, "/hits.mp3", "A - One")
    wait_for(lambda: server.get("/api/nowplaying/hits").json()["now_playing"]["song"]["text"] == "A - One", "the title is there")
    player = Player(server, {"station:hits": {"recover": True}, "global:time": {}}, encode=False)
    equal((player.head.status, player.head.get("Content-Type"), player.head.get("Access-Control-Allow-Origin"), player.head.get("X-Accel-Buffering")),
          (200, "text/event-stream", "*", "no"))
    first = player.read()
    equal(set(first["connect"]), {"client", "version", "subs", "ping"})
    equal(set(first["connect"]["subs"]), {"station:hits", "global:time"})
    equal(song_of(player), "A - One")
    check(isinstance(player.time, int), player.time)
    # The object is that of /api/nowplaying, but for the clock.
    polled = server.get("/api/nowplaying/hits").json()
    for key in ("station", "listeners", "live", "playing_next", "song_history", "is_online"):
        equal(player.np["station:hits"][key], polled[key], key)
    set_title(server, "/hits.mp3", "B - Two")
    player.read_until(lambda p: song_of(p) == "B - Two")
    frame = player.frames[-1]
    equal((set(frame), frame["channel"], set(frame["pub"]["data"])), ({"channel", "pub"}, "station:hits", {"np", "current_time", "triggers"}))
    equal([past["song"]["text"] for past in player.np["station:hits"]["song_history"]], ["A - One"])
    source.leave()
    player.read_until(lambda p: not p.np["station:hits"]["is_online"])


@test
def one_connection_has_several_stations(t):
    server = t.server(body=HITS)
    for mount in ("/hits.mp3", "/rock.mp3", "/alone.mp3"):
        server.source(mount).play(2)
    # By its number too, as its programs may; and twice the same.
    player = Player(server, {"station:hits": {}, "station:rock": {}, "station:2": {}})
    player.read()
    equal(set(player.np), {"station:hits", "station:rock", "station:2"})
    equal(player.np["station:2"]["station"]["shortcode"], "hits")
    set_title(server, "/alone.mp3", "Nobody - Asked")
    set_title(server, "/rock.mp3", "R - One")
    player.read_until(lambda p: "R - One" in [song_of(p, name) for name in p.np])
    check(not any("Nobody" in json.dumps(frame) for frame in player.frames), "a station that was not asked for")


@test
def a_title_is_told_when_it_is_heard(t):
    server = t.server(body="<mount><mount-name>/slow.mp3</mount-name><burst-size>32000</burst-size></mount>")
    source = server.source("/slow.mp3", lines=["ice-bitrate: 128"])
    set_title(server, "/slow.mp3", "A - First")
    wait_for(lambda: source.play(2) and (server.get("/api/v1/now/slow.mp3").json()["live"] or {}).get("wall_ms") is not None, "the stream has times", 15)
    player = Player(server, {"station:slow": {}})
    player.read()
    set_title(server, "/slow.mp3", "B - Second")
    player.read_until(lambda p: song_of(p, "station:slow") == "B - Second")
    told = player.np["station:slow"]["now_playing"]
    # The frame comes by itself: nothing else changes meanwhile.
    equal(told["song"]["text"], "B - Second")
    check(told["elapsed"] >= 0, told["elapsed"])


@test
def a_title_of_a_fallback_follows_the_one_before_it(t):
    server = t.server(body="<mount><mount-name>/main.mp3</mount-name><fallback-mount>/auto.mp3</fallback-mount></mount>"
                           "<mount><mount-name>/auto.mp3</mount-name><burst-size>32000</burst-size></mount>")
    auto, main = server.source("/auto.mp3", lines=["ice-bitrate: 128"]), server.source("/main.mp3")
    set_title(server, "/auto.mp3", "Unheard")
    set_title(server, "/auto.mp3", "Auto 1")
    set_title(server, "/main.mp3", "Live")
    wait_for(lambda: auto.play(2) and (server.get("/api/v1/now/auto.mp3").json()["live"] or {}).get("wall_ms") is not None, "the fallback has times", 15)
    main.leave()

    def songs():
        one = server.get("/api/nowplaying/main").json()
        return [one["now_playing"]["song"]["text"], *(each["song"]["text"] for each in one["song_history"])]
    wait_for(lambda: songs() == ["Auto 1", "Live"], "the fallback is heard")
    set_title(server, "/auto.mp3", "Auto 2")
    seen = []
    wait_for(lambda: seen.append(songs()) or seen[-1][0] == "Auto 2", "its next title is heard")
    # Players are a burst behind: until then they hear the title before it.
    equal((seen[0], seen[-1]), (["Auto 1", "Live"], ["Auto 2", "Auto 1", "Live"]))
    check(all(each in (seen[0], seen[-1]) for each in seen), seen)


@test
def its_addresses_are_those_of_the_reader(t):
    server = t.server(body=HITS)
    server.source("/hits.mp3").play(2)
    configured = urllib.parse.urlsplit(server.get("/api/nowplaying/hits", headers=["Host: localhost"]).json()["station"]["listen_url"]).netloc
    for host in ("radio.example.org:8000", "localhost"):
        player = Player(server, {"station:hits": {}}, host=host)
        player.read()
        wanted = host if ":" in host else configured
        station = player.np["station:hits"]["station"]
        for url in (station["listen_url"], station["playlist_m3u_url"], station["public_player_url"], station["mounts"][0]["url"]):
            check(url.startswith("http://%s/" % wanted), "%s of %s" % (url, host))


@test
def what_cannot_be_answered_is_said(t):
    server = t.server(body=HITS)
    for mount in ("/hits.mp3", "/secret.mp3"):
        server.source(mount).play(1)
    sub = '{"subs":{"station:hits":{}}}'
    for query, status, words in (("", 400, "cf_connect"), ("?cf_connect=", 400, "JSON"), ("?cf_connect=x", 400, "JSON"), ("?cf_connect={}", 400, "subs"),
                                 ("?cf_connect=[]", 400, "subs"), ('?cf_connect={"subs":[]}', 400, "subs"), ('?cf_connect={"subs":{}}', 400, "subs"),
                                 ("?cf_connect=" + sub[:-1], 400, "JSON"), ("?cf_connect=" + "[" * 1000, 400, "JSON"),
                                 ("?cf_connect=" + json.dumps({"subs": {"station:hits": {"x": "y" * 3000}}}), 400, "2048"),
                                 ("?cf_connect=" + json.dumps({"subs": {"station:%d" % i: {} for i in range(17)}}), 400, "16"),
                                 ('?cf_connect={"subs":{"station:none":{}}}', 404, "station:none"), ('?cf_connect={"subs":{"hits":{}}}', 404, "hits"),
                                 ('?cf_connect={"subs":{"station:secret":{}}}', 404, "station:secret"), ('?cf_connect={"subs":{"station:":{}}}', 404, "station"),
                                 ('?cf_connect={"subs":{"station:hits":{},"station:\\u0000\\ud83d\\ude00<b>":{}}}', 404, "station")):
        reply = server.get(PATH + query.replace('"', "%22").replace(" ", "%20").replace("<", "%3C"))
        equal((reply.status, reply.get("Content-Type"), reply.get("Access-Control-Allow-Origin")), (status, "application/problem+json", "*"), query[:60])
        check(words in reply.json()["detail"], "%s: %s" % (query[:60], reply.text))
        equal(reply.json()["parameter"], "cf_connect", query[:60])
    head = server.ask("HEAD %s?cf_connect=%s HTTP/1.0" % (PATH, urllib.parse.quote(sub)))
    equal((head.status, head.get("Content-Type"), head.body), (200, "text/event-stream", b""))
    check(server.ask("POST %s HTTP/1.0" % PATH).status >= 400, "POST is answered")


@test
def there_are_so_many_sets(t):
    server = t.server(limits="<clients>300</clients>", body='<now per-address="200"/>' + HITS)
    server.source("/hits.mp3").play(1)
    players = []
    for i in range(64):
        # A stranger chooses the name of this server, but only of half of them; an address begins 16.
        address = "127.0.7.%d" % (1 + i // 16)
        players.append(Player(server, {"station:hits": {}, "global:%d" % i: {}}, host="x%d:80" % i, source=address))
        equal(players[-1].head.status, 200, i)
    players[0].read(), players[63].read()
    check("http://x0:80/" in json.dumps(players[0].frames), "the first has its name")
    check("http://x63:80/" not in json.dumps(players[63].frames), "the last has the configured one")
    refused = Player(server, {"station:hits": {}, "global:none": {}})
    equal((refused.head.status, refused.head.get("Retry-After")), (503, "5"))
    equal(Player(server, {"station:hits": {}, "global:63": {}}).head.status, 200, "one that is there already")
    # A station by its own names is none of these sets.
    for name in ("station:hits", "station:1"):
        for subs in ({name: {}}, {name: {}, "global:time": {}}):
            equal(Player(server, subs, host="x:80").head.status, 200, subs)
    players[5].wire.close()
    wait_for(lambda: Player(server, {"station:hits": {}, "global:none": {}}).head.status == 200, "a place that a reader has left")
    server.source("/live.mp3").play(1)
    equal(server.get("/api/v1/now/live.mp3").status, 200)


@test
def a_stranger_takes_no_place_of_a_feed_without_reading_it(t):
    server = t.server(body=HITS + "".join("<mount><mount-name>/m%d.mp3</mount-name></mount>" % i for i in range(520)))
    server.source("/hits.mp3").play(1)
    for i in range(80):
        Player(server, {"station:hits": {}, "global:%d" % i: {}}, source="127.0.7.1").wire.close()
    for i in range(520):
        # At once, as a browser that leaves the page; some are beyond the places of the address.
        wire = server.wire(source_address="127.0.7.1")
        wire.send(request("GET /api/v1/now/m%d.mp3/events HTTP/1.1" % i, ["Host: localhost"]))
        check(wire.reply_head().status in (200, 503), i)
        wire.close()
    several = {"station:hits": {}, "station:m0": {}}
    for subs in ({"station:hits": {}, "global:time": {}}, several):
        equal(Player(server, subs, source="127.0.7.2").head.status, 200, subs)
    for path in ("hits.mp3", "station:hits"):
        wire = server.wire(source_address="127.0.7.2")
        wire.send(request("GET /api/v1/now/%s/events HTTP/1.1" % path, ["Host: localhost"]))
        equal(wire.reply_head().status, 200, path)
        wire.close()
    # With readers, one address has a quarter of the sets.
    held = [Player(server, {"station:hits": {}, "global:own%d" % i: {}}, source="127.0.7.3") for i in range(20)]
    equal([one.head.status for one in held], 16 * [200] + 4 * [503])


@test
def a_mount_of_that_name_goes_first(t):
    server = t.server()
    server.source(PATH).play(5)
    equal(server.ask("HEAD %s HTTP/1.0" % PATH).get("Content-Type"), "audio/mpeg")
