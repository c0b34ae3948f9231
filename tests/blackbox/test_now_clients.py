"""AzuraCast's answers as client programs parse them.

The requirements of each program are taken from its source: AzuraCast's own Api_NowPlaying classes, 6gh/AzuraCast.js
(its types), ARandomBoiIsMe/AzuracastPy (constructors that accept only known names), polvallverdu/azuracast-np (an
enforced schema), AzuraCast/nowplaying (which reads an Icecast server, not AzuraCast).
"""
import json
import xml.etree.ElementTree

from harness import ADMIN, check, equal, test, wait_for
from test_now import now, set_title

LISTENERS = {"total", "unique", "current"}
SONG = {"id", "text", "artist", "title", "album", "genre", "isrc", "lyrics", "art", "custom_fields"}
PLAYED = {"sh_id", "played_at", "duration", "playlist", "streamer", "is_request", "song"}
# Constructors take these names alone: one more is an error of theirs, as one less is.
KEYS = {
    "": {"station", "listeners", "live", "now_playing", "playing_next", "song_history", "is_online", "cache"},
    "station": {"id", "name", "shortcode", "description", "frontend", "backend", "timezone", "listen_url", "url", "public_player_url", "playlist_pls_url",
                "playlist_m3u_url", "is_public", "requests_enabled", "mounts", "remotes", "hls_enabled", "hls_is_default", "hls_url", "hls_listeners"},
    "station.mounts[]": {"id", "name", "url", "bitrate", "format", "listeners", "path", "is_default"}, "station.mounts[].listeners": LISTENERS,
    "listeners": LISTENERS, "live": {"is_live", "streamer_name", "broadcast_start", "art"},
    "now_playing": PLAYED | {"elapsed", "remaining"}, "now_playing.song": SONG,
    "playing_next": {"cued_at", "played_at", "duration", "playlist", "is_request", "song"}, "playing_next.song": SONG,
    "song_history[]": PLAYED, "song_history[].song": SONG,
}
# What is null in AzuraCast itself where it is not known; a schema that does not know that fails there, too.
MAY_BE_NULL = {"station.hls_url", "live.broadcast_start", "live.art", "playing_next"}


def walk(value, where=""):
    """(path, value) of everything in it."""
    yield where, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from walk(inner, (where + "." if where else "") + key)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner, where + "[]")


def parses(answer):
    for where, value in walk(answer):
        if isinstance(value, dict):
            equal(set(value), KEYS[where], "the names of np." + where)
        check(value is not None or where in MAY_BE_NULL, "np.%s is null" % where)
    check(answer["cache"] in ("hit", "database", "station"), answer["cache"])


def first_event(server, subs):
    wire = server.wire()
    wire.send("GET /api/live/nowplaying/sse?cf_connect=%s HTTP/1.0\r\n\r\n" % json.dumps({"subs": subs}).replace('"', "%22").replace(" ", ""))
    line = wire.take_until(b"\n\n").split(b"data: ", 1)[1]
    wire.close()
    return json.loads(line)


@test
def programs_that_know_azuracast_parse_all_addresses(t):
    server = t.server(body="<console>1</console><mount><mount-name>/hit.mp3</mount-name><burst-size>0</burst-size><max-history>9</max-history></mount>")
    server.source("/hit.mp3", lines=["ice-bitrate: 128", "ice-name: Hits"]).play(3)
    parses(server.get("/api/nowplaying/hit").json())      # no title yet
    set_title(server, "/hit.mp3", "A - One")
    body = json.dumps({"title": "Two", "artist": "B", "next": {"title": "Three", "artist": "C"}}).encode()
    lines = ["Host: 127.0.0.1", "Connection: close", "Content-Type: application/json", "Content-Length: %d" % len(body)]
    equal(server.ask("POST /api/v1/mounts/%2Fhit.mp3/title HTTP/1.1", lines, ADMIN, body).status, 204)
    wait_for(lambda: (server.get("/api/nowplaying/hit").json()["playing_next"] or {}).get("song", {}).get("text") == "C - Three", "what is next is told")
    for path in ("/api/nowplaying/hit", "/api/nowplaying/1", "/api/nowplaying_static/hit.json"):
        parses(server.get(path).json())
    for one in server.get("/api/nowplaying").json():
        parses(one)
    for station in (server.get("/api/station/hit").json(), *server.get("/api/stations").json()):
        equal(set(station), KEYS["station"])
    # The first event: in connect.subs, a row of publications each.
    connect = first_event(server, {"station:hit": {"recover": True}})["connect"]
    parses(connect["subs"]["station:hit"]["publications"][0]["data"]["np"])


@test
def without_pages_of_streams_azuracasts_programs_get_addresses_all_the_same(t):
    server = t.server(body='<player enabled="0"/>')
    server.source("/hit.mp3").play(3)
    wait_for(lambda: server.get("/api/nowplaying/hit").status == 200, "it is shown")
    parses(server.get("/api/nowplaying/hit").json())


@test
def a_program_that_reads_icecasts_statistics_gets_the_same_song(t):
    server = t.server(body="<mount><mount-name>/hit.mp3</mount-name><burst-size>0</burst-size></mount>")
    server.source("/hit.mp3", lines=["ice-bitrate: 128"]).play(3)
    server.listener("/hit.mp3", lines=["User-Agent: VLC/3"])
    set_title(server, "/hit.mp3", "A - One")
    song = now(server, "/hit.mp3", lambda s: s["title"])["title"]["text"]
    row = wait_for(lambda: [r for r in [server.get("/status-json.xsl").json()["icestats"]["source"]] if r.get("title") == song and r["listeners"] == 1], "the JSON shows it")[0]
    equal((row["server_type"], row["bitrate"]), ("audio/mpeg", 128))
    check(row["listenurl"].endswith("/hit.mp3"), row["listenurl"])
    stats = xml.etree.ElementTree.fromstring(server.get("/admin/stats", ADMIN).text)
    equal(" - ".join(filter(None, (stats.findtext("source/artist"), stats.findtext("source/title")))), song)
    equal((stats.findtext("source/bitrate"), stats.findtext("source/server_type"), stats.findtext("source/listeners")), ("128", "audio/mpeg", "1"))
    clients = xml.etree.ElementTree.fromstring(server.get("/admin/listclients?mount=/hit.mp3", ADMIN).text)
    equal([clients.findtext("source/listener/" + name) for name in ("IP", "UserAgent")], ["127.0.0.1", "VLC/3"])
    check(clients.findtext("source/listener/ID") and clients.findtext("source/listener/Connected"), "ID and Connected")
    wait_for(lambda: server.get("/api/nowplaying/hit").json()["now_playing"]["song"]["text"] == song, "AzuraCast's address says the same")
