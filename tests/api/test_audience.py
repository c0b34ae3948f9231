"""The audience: each listening is counted once, whatever happens to the server; invalid requests are refused with a
reason."""
import csv
import datetime
import io
import json
import re
import sqlite3
import subprocess
import time
import urllib.parse

from api import Api, store_server, with_api
from harness import ADMIN, Skip, check, equal, give_away, test, wait_for
from recorder import Studio

AUDIENCE = "<console>1</console><audience/>"
ENOUGH = 400  # frames: more than a quick look gets


def audience_server(t, body=AUDIENCE, **slots):
    server = t.unstarted_server(**slots)
    (server.dir / "state").mkdir()
    server.write_config(body=body, paths="<state-dir>%s/state</state-dir>" % server.dir)
    return server.start()


def audience_with_store(t, body="<console/><audience/>"):
    server = store_server(t, body=body)
    server.stop()
    (server.dir / "state").mkdir()
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    return server


def on_air(server, mount="/live.mp3"):
    source = server.source(mount)
    source.play(ENOUGH)
    return source


def listens(server, agent="VLC/3.0.20 LibVLC/3.0.20", mount="/live.mp3", **options):
    listener = server.listener(mount, lines=["User-Agent: " + agent], **options)
    listener.read(384 * 8)
    return listener


def leaves(server, source, listener):
    """The listener gets enough to be counted, and closes."""
    source.play(ENOUGH)
    listener.read(100_000)
    listener.close()


def sessions(server, query="", login=ADMIN):
    return Api(server, login).want(200, "GET", "/audience/sessions?most=500" + query).json()["items"]


def summary(server, query=""):
    return Api(server).want(200, "GET", "/audience/summary" + query).json()


def report(server, path):
    reply = server.get("/api/v1/audience/" + path, login=ADMIN)
    equal(reply.status, 200, reply.text)
    check(reply.get("Content-Type").startswith("text/csv"), reply.get("Content-Type"))
    return list(csv.DictReader(io.StringIO(reply.text)))


def heard_long_enough(server, count):
    """Waits until this many listeners have listened for longer than a quick look."""
    def so_many():
        reply = Api(server).ask("GET", "/audience/summary")
        return reply.json() if reply.status == 200 and reply.json()["listeners"] == count else None
    return wait_for(so_many, "%d listen" % count, 20)


def ended(server, count, query=""):
    def all_there():
        rows = [row for row in sessions(server, query) if not row["open"]]
        return rows if len(rows) == count else None
    return wait_for(all_there, "%d sessions have ended" % count, 20)


@test
def listeners_are_sessions_and_others_are_kept_apart(t):
    server = audience_server(t)
    source = on_air(server)
    vlc = listens(server)
    mpv = listens(server, "mpv 0.35", icy=True)
    bot = listens(server, "UptimeRobot/2.0 (bot; +http://example.org)")
    relay = listens(server, "Icecast 2.4.4")
    quick = listens(server, "curl/8.0")
    quick.close()
    now = heard_long_enough(server, 2)
    equal((now["sessions"], now["people"]), (2, 2))
    for one in (vlc, mpv, bot, relay):
        leaves(server, source, one)
    rows = ended(server, 2)
    equal(sorted(row["player"] for row in rows), ["VLC", "mpv"])
    check(all(row["bytes"] >= 100_000 and row["mount"] == "/live.mp3" and row["way"] == "stream" for row in rows), rows)
    everything = ended(server, 5, "&all=1")
    equal(sorted(row["kind"] for row in everything), ["bot", "listener", "listener", "quick-look", "relay"])
    after = summary(server)
    equal((after["listeners"], after["sessions"]), (0, 2))
    equal(round(after["seconds"], 3), round(sum(row["seconds"] for row in rows), 3), "the sum is that of the sessions")
    equal(after["bytes"], sum(row["bytes"] for row in rows))
    players = Api(server).want(200, "GET", "/audience/players").json()["items"]
    equal(sorted(row["player"] for row in players), ["VLC", "mpv"])
    # What the access log says of them, to the second.
    lines = [line for line in server.log("access").splitlines() if "GET /live.mp3" in line and ("VLC" in line or "mpv" in line)]
    logged = sorted(int(line.rsplit(" ", 1)[1]) for line in lines)
    check(all(abs(a - b["seconds"]) <= 1 for a, b in zip(logged, sorted(rows, key=lambda row: row["seconds"]))), (logged, rows))
    server.stop()
    for file in (server.dir / "state").glob("audience*"):
        # The server's own name is its address here.
        found = re.search(rb".{20}127\.0\.0\.1(?!:[0-9]|[0-9a-f]{32}).{20}", file.read_bytes(), re.S)
        check(not found, "%s has an address: %r" % (file.name, found and found.group()))
        equal(file.stat().st_mode & 0o077, 0, "others may read " + file.name)


@test
def a_stream_without_a_listener_yet_has_sums_of_nothing(t):
    server = audience_server(t)
    on_air(server)
    equal([summary(server, "?mount=/live.mp3")[name] for name in ("listeners", "sessions", "seconds")], [0, 0, 0])
    for report in ("hours", "countries", "titles", "reports/songs"):
        Api(server).want(200, "GET", "/audience/%s?mount=/live.mp3" % report)
    Api(server).want(404, "GET", "/audience/summary?mount=/other.mp3")
    for report in ("countries", "players"):
        told = Api(server).want(200, "GET", "/audience/%s?from=2026-11-01T10:20&to=2026-11-01T12:05&zone=Asia/Kolkata" % report).json()
        equal((told["from"][11:], told["to"][11:]), ("09:30:00+05:30", "12:30:00+05:30"), "the hours (UTC) that these sums have")


@test
def a_listener_that_comes_back_goes_on_with_its_session(t):
    server = audience_server(t)
    source = on_air(server)
    first = listens(server)
    heard_long_enough(server, 1)
    leaves(server, source, first)
    ended(server, 1)
    again = listens(server)
    leaves(server, source, again)
    row = wait_for(lambda: next((row for row in sessions(server) if row["connections"] == 2 and not row["open"]), None), "it went on")
    equal((len(sessions(server)), row["connections"]), (1, 2))


@test
def after_a_kill_each_ends_where_it_was_heard_last_and_nothing_counts_twice(t):
    server = audience_server(t)
    source = on_air(server)
    first = listens(server)
    began = time.time()
    # At its last sign of life it has been heard for longer than a quick look.
    wait_for(lambda: summary(server)["seconds"] > 7, "it has listened for a while", 20)
    server.kill()
    heard = time.time() - began
    first.close()
    source.close()
    server.start()
    rows = ended(server, 1)
    check(abs(rows[0]["seconds"] - heard) < 1.7, "it was heard for %.2f s, and %.2f s are known" % (heard, rows[0]["seconds"]))
    server.wait_for_log(r"audience/journal .*: 1 listenings of the previous run end where they were heard last")
    before = summary(server)["seconds"]
    server.kill()
    server.start()
    equal(summary(server)["seconds"], before, "after one more kill")
    source = on_air(server)
    second = listens(server, "mpv 0.35")
    heard_long_enough(server, 1)
    leaves(server, source, second)
    ended(server, 2)


@test
def a_database_that_cannot_be_used_stops_no_listener_and_loses_no_row(t):
    server = t.unstarted_server()
    state = server.dir / "state"
    state.mkdir()
    database = state / "audience.db"
    database.write_bytes(b"this is no database, but a letter of many words" * 100)
    server.write_config(body=AUDIENCE, paths="<state-dir>%s</state-dir>" % state)
    server.start()
    server.wait_for_log(r"audience.db: file is not a database; the database is damaged: stop the server, move the file away")
    source = on_air(server)
    listener = listens(server)
    refused = Api(server).ask("GET", "/audience/summary")
    equal(refused.status, 503, refused.text)
    check("move the file away" in refused.json()["detail"], refused.text)
    equal(database.read_bytes()[:16], b"this is no datab", "it is left as it is")
    database.unlink()
    heard_long_enough(server, 1)
    leaves(server, source, listener)
    ended(server, 1)


@test
def a_database_of_a_later_version_is_left_alone(t):
    server = t.unstarted_server()
    state = server.dir / "state"
    state.mkdir()
    with sqlite3.connect(state / "audience.db") as later:
        later.execute("CREATE TABLE session(id)")
        later.execute("PRAGMA application_id=%d" % 0x6c626175)
        later.execute("PRAGMA user_version=99")
    later.close()
    give_away(state)
    before = (state / "audience.db").read_bytes()
    server.write_config(body=AUDIENCE, paths="<state-dir>%s</state-dir>" % state)
    server.start()
    server.wait_for_log(r"has tables of version 99, and this program has version 1; go on with the version of icecast-lb that wrote it")
    listens_on = on_air(server)
    leaves(server, listens_on, listens(server))
    equal((state / "audience.db").read_bytes(), before, "it is left as it is")


@test
def a_locked_database_and_one_of_another_program_are_waited_for(t):
    server = audience_server(t)
    source = on_air(server)
    path = server.dir / "state" / "audience.db"
    wait_for(path.exists, "the database")
    equal(server.get("/api/v1/audience/summary", ADMIN).status, 200)
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    listener = listens(server)
    server.wait_for_log(r"audience.db: .*; another program holds it: end that one; it is tried again; \d+ rows wait in the journal")
    leaves(server, source, listener)
    held.execute("ROLLBACK")
    held.close()
    ended(server, 1, "&all=1")
    server.stop()
    for file in path.parent.glob("audience.db*"):
        file.unlink()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE letters(id)")
    foreign.close()
    give_away(path)
    before = path.read_bytes()
    server.start()
    server.wait_for_log(r"audience.db: is the database of another program, and is left as it is; name another file in <audience><database>")
    source = on_air(server)
    leaves(server, source, listens(server, "mpv 0.35"))
    refused = Api(server).ask("GET", "/audience/summary")
    equal(refused.status, 503, refused.text)
    check("another program" in refused.json()["detail"], refused.text)
    equal(path.read_bytes(), before)
    path.unlink()
    wait_for(lambda: server.get("/api/v1/audience/summary", ADMIN).status == 200, "another one is made", 20)
    rows = wait_for(lambda: [row for row in sessions(server, "&all=1") if not row["open"]], "the journal has waited", 20)
    check("mpv" in [row["player"] for row in rows], rows)


@test
def a_full_disk_lets_rows_wait(t):
    """The database is on a small file system of its own."""
    disk = t.dir / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=768k", "tmpfs", disk], capture_output=True).returncode != 0:
        raise Skip("no file system can be mounted here")
    try:
        disk.chmod(0o777)
        server = t.unstarted_server()
        (server.dir / "state").mkdir()
        server.write_config(body="<console>1</console><audience><database>%s/audience.db</database></audience>" % disk,
                            paths="<state-dir>%s/state</state-dir>" % server.dir)
        server.start()
        equal(server.get("/api/v1/audience/summary", ADMIN).status, 200)
        source = on_air(server)
        with open(disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(1024))
            except OSError:
                pass
        # What room SQLite has left in its files, it takes first.
        for n in range(60):
            leaves(server, source, listens(server, "mpv 0.35"))
            if "the disk is full" in server.log():
                break
        server.wait_for_log(r"audience.db: .*; the disk is full, or the file may not be written: make room.*; \d+ rows wait in the journal")
        last = listens(server, VLC)
        (disk / "filler").unlink()
        leaves(server, source, last)
        wait_for(lambda: sum(row["connections"] for row in sessions(server, "&all=1") if not row["open"]) == n + 2, "all are there", 30)
        equal(server.stop(), 0)
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


@test
def titles_have_performances_and_csv_is_safe_in_spreadsheets(t):
    server = audience_server(t)
    source = on_air(server)
    listener = listens(server)
    title = '=HYPERLINK("http://example.org"), "x"'
    server.set_title(song=urllib.parse.quote(title))
    source.play(ENOUGH)
    row = wait_for(lambda: next((row for row in report(server, "titles?format=csv") if "HYPERLINK" in row["title"]), None), "the title is there")
    equal(row["title"], "'" + title)
    equal(row["mount"], "/live.mp3")
    items = Api(server).want(200, "GET", "/audience/titles").json()["items"]
    equal([row["title"] for row in items if "HYPERLINK" in row["title"]], [title], "JSON has the title as it is")
    leaves(server, source, listener)


def plays(server, path="titles"):
    return Api(server).want(200, "GET", "/audience/" + path).json()["items"]


def titled(server, song, mount="/live.mp3"):
    server.set_title(mount, song=urllib.parse.quote(song))


def last_play(server, title, mount="/live.mp3"):
    return next((row for row in plays(server) if (row["title"], row["mount"]) == (title, mount)), None)


@test
def a_title_ends_with_its_source(t):
    server = audience_server(t)
    source = on_air(server)
    titled(server, "A - One")
    source.play(20)
    wait_for(lambda: last_play(server, "A - One"), "it plays", 20)
    source.close()
    row = wait_for(lambda: next((row for row in [last_play(server, "A - One")] if row["ended"]), None), "it has ended", 20)
    # Its encoder is back with the same title: that is one performance.
    source = on_air(server)
    titled(server, "A - One")
    source.play(20)
    again = wait_for(lambda: next((row for row in [last_play(server, "A - One")] if not row["ended"]), None), "it goes on", 20)
    equal(again["began"], row["began"])
    source.close()
    wait_for(lambda: last_play(server, "A - One")["ended"], "it has ended again", 20)
    on_air(server)
    titled(server, "B - Two")
    wait_for(lambda: last_play(server, "B - Two"), "the next plays", 20)
    equal(sorted(row["title"] for row in plays(server)), ["A - One", "B - Two"])
    equal(server.stop(), 0)


@test
def who_hears_the_fallback_hears_its_titles(t):
    server = audience_server(t, AUDIENCE + "<mount><mount-name>/live.mp3</mount-name><fallback-mount>/auto.mp3</fallback-mount></mount>")
    source = on_air(server)
    titled(server, "DJ - Last")
    wait_for(lambda: last_play(server, "DJ - Last"), "it plays", 20)
    auto = on_air(server, "/auto.mp3")
    titled(server, "Auto - Zero", "/auto.mp3")
    wait_for(lambda: last_play(server, "Auto - Zero", "/auto.mp3"), "the fallback plays", 20)
    check(not last_play(server, "Auto - Zero"), "the fallback is not heard yet")
    begun = time.monotonic()
    wait_for(lambda: auto.play(2) and source.play(2) and time.monotonic() > begun + 3, "it has played for 3 s", 20)
    source.close()
    ended = wait_for(lambda: last_play(server, "DJ - Last")["ended"], "it has ended", 20)
    equal(wait_for(lambda: last_play(server, "Auto - Zero"), "the fallback's title is heard", 20)["began"], ended)
    late = {"title": "Auto - Late", "at_ms": int(time.time() * 1000) - 2500}
    equal(Api(server).ask("POST", "/mounts/%2Fauto.mp3/title", late).status, 204)
    auto.play(20)
    heard = wait_for(lambda: last_play(server, "Auto - Late"), "a title that is told late is heard too", 20)
    check(heard["began"] >= ended, "nowhere before the fallback was heard: " + str(heard))
    equal(last_play(server, "DJ - Last")["ended"], ended)
    wait_for(lambda: last_play(server, "Auto - Zero")["ended"], "the title before has ended", 5)
    titled(server, "Auto - One", "/auto.mp3")
    auto.play(20)
    wait_for(lambda: last_play(server, "Auto - One"), "the next title of the fallback too", 20)
    on_air(server)
    wait_for(lambda: last_play(server, "Auto - One")["ended"], "the source is back", 20)
    titled(server, "Auto - Two", "/auto.mp3")
    wait_for(lambda: last_play(server, "Auto - Two", "/auto.mp3"), "the fallback goes on", 20)
    check(not last_play(server, "Auto - Two"), "and is not heard here")


@test
def a_player_by_hls_behind_a_cache_is_a_listener(t):
    """The cache has its segments, so the server sends it lists only."""
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    server.write_config(body=AUDIENCE + "<hls><segment>2</segment></hls><mount><mount-name>/live.mp3</mount-name><hls>1</hls></mount>",
                        paths="<state-dir>%s/state</state-dir><x-forwarded-for>127.0.0.1</x-forwarded-for>" % server.dir)
    server.start()
    Studio(t, server)

    def fetch(path, address):
        reply = server.get(path, headers=["X-Forwarded-For: " + address, "User-Agent: AppleCoreMedia/1.0.0"])
        return reply.text if reply.status == 200 else ""

    def its_list(address):
        names = [line for line in fetch("/live.mp3/live.m3u8", address).splitlines() if line and not line.startswith("#")]
        return urllib.parse.urljoin("/live.mp3/live.m3u8", names[0]) if names else None
    path = wait_for(lambda: its_list("203.0.113.7"), "its list is there", 20)
    fetch(wait_for(lambda: its_list("203.0.113.8"), "a list for one that leaves"), "203.0.113.8")
    began = asked = time.monotonic()

    def is_listening():
        """A list each 3 seconds, all together a few kB."""
        nonlocal asked
        if time.monotonic() > asked + 3:
            asked = time.monotonic()
            fetch(path, "203.0.113.7")
        return asked > began + 14
    wait_for(is_listening, "it listens", 30)
    for row in server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().findall("source/listener"):
        server.get("/admin/killclient?mount=/live.mp3&id=" + row.get("id"), ADMIN)
    rows = wait_for(lambda: (lambda rows: rows if len(rows) == 2 and not any(row["open"] for row in rows) else None)(sessions(server, "&all=1")),
                    "both have ended", 20)
    equal(sorted(row["kind"] for row in rows), ["listener", "quick-look"])
    now = summary(server)
    equal(now["sessions"], 1)
    check(now["seconds"] > 12 and now["bytes"] < 65_536, now)


def exchange_lines(text):
    """A reader for 37 CFR 370.4(e): one character separates the fields, another one encloses texts."""
    lines = []
    for line in text.split("\r\n")[:-1]:
        fields, inside = [""], False
        for letter in line:
            if letter == "^":
                inside = not inside
            elif letter == "|" and not inside:
                fields.append("")
            else:
                fields[-1] += letter
        lines.append(fields)
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


@test
def reports_for_collecting_societies_have_what_was_played(t):
    server = audience_server(t)
    source = on_air(server)
    leaves(server, source, listens(server))
    for song in ("Band%20-%20Song", "%3D1%2B1%20-%20x%3By", "End"):
        server.set_title(song=song)
        wait_for(lambda song=song: any(row["title"] == urllib.parse.unquote(song) for row in report(server, "titles?format=csv")) or song[0] == "%",
                 "the title is there")
    wait_for(lambda: len([row for row in Api(server).want(200, "GET", "/audience/titles").json()["items"] if row["ended"]]) >= 2, "two have ended")
    # What the automation knows of a song, told with its title.
    facts = {"isrc": "DE-A12-34-56789", "album": "An album", "label": "A label", "label_code": "LC 01234", "composer": "Somebody"}
    Api(server).want(204, "POST", "/mounts/live.mp3/title", {"artist": "Band", "title": "Song", **facts})
    # As five minutes later, with listeners of two countries.
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        plays = dict(database.execute("SELECT title, id FROM play WHERE ended IS NOT NULL"))
        for title, count in (("Band - Song", (7, 5)), ("=1+1 - x;y", (1, 0))):
            database.execute("UPDATE play SET performances=? WHERE id=?", (sum(count), plays[title]))
            for country, n in zip(("US", "DE"), count):
                database.execute("INSERT OR REPLACE INTO play_country VALUES(?,?,?)", (plays[title], country, n))
    database.close()
    reports = "reports/%s?format=csv"
    songs = report(server, reports % "songs")
    equal([(row["artist"], row["title"], row["country"], row["performances"]) for row in songs if row["performances"] != "0"],
          [("Band", "Song", "US", "7"), ("Band", "Song", "DE", "5"), ("'=1+1", "x;y", "US", "1")])
    reply = server.get("/api/v1/audience/" + reports % "soundexchange" + "&service=Acme%20Radio", login=ADMIN)
    equal((reply.status, reply.get("Content-Type")), (200, "text/plain; charset=us-ascii"))
    check(re.search(r'filename="ACMERADIO\d{8}-\d{8}_A\.txt"', reply.get("Content-Disposition")), reply.get("Content-Disposition"))
    reply = server.get("/api/v1/audience/" + reports % "soundexchange" + "&service=KFAKE&category=H", login=ADMIN)
    check(re.search(r'filename="KFAKE\d{8}-\d{8}_H\.txt"', reply.get("Content-Disposition")), "the category is in the name: %s" % reply.get("Content-Disposition"))
    rows = wait_for(lambda: exchange_lines(server.get("/api/v1/audience/" + reports % "soundexchange" + "&service=A", login=ADMIN).text),
                    "the facts are there")
    equal([(row["FEATURED_ARTIST"], row["SOUND_RECORDING_TITLE"], row["ACTUAL_TOTAL_PERFORMANCES"]) for row in rows], [("BAND", "SONG", "7")])
    equal([(row["ISRC"], row["ALBUM_TITLE"], row["MARKETING_LABEL"]) for row in rows], [("DEA123456789", "AN ALBUM", "A LABEL")])
    everywhere = Api(server).want(200, "GET", "/audience/reports/soundexchange?service=A&country=all").json()
    equal(([row["performances"] for row in everywhere["items"]], everywhere["incomplete"], everywhere["unknown"]), ([12], 1, 0))
    # What lacks ISRC, and album or label, is in the other file.
    lacking = report(server, reports % "soundexchange-incomplete")
    equal([(row["artist"], row["title"], row["performances"], row["reason"]) for row in lacking],
          [("'=1+1", "x;y", "1", "no ISRC, no album and no label")])
    playlist = server.get("/api/v1/audience/" + reports % "playlist" + "&zone=Europe/Berlin", login=ADMIN).text
    check(playlist.startswith("\ufeffstation;date;begin;duration_s;title;artist;composer;label;label_code;isrc;performances\r\n"), playlist[:200])
    played = list(csv.DictReader(io.StringIO(playlist.lstrip("\ufeff")), delimiter=";"))
    band = next(row for row in played if row["artist"] == "Band")
    equal((band["station"], band["title"], band["performances"]), ("/live.mp3", "Song", "12"))
    equal((band["isrc"], band["label"], band["label_code"], band["composer"]), ("DEA123456789", "A label", "LC 01234", "Somebody"))
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00", band["begin"]), band["begin"])
    renamed = "&columns=" + urllib.parse.quote("artist:Interprète, title:Titre;,station:Sender")
    equal(server.get("/api/v1/audience/" + reports % "playlist" + renamed, login=ADMIN).text.split("\r\n")[0],
          '\ufeffSender;date;begin;duration_s;"Titre;";Interprète;composer;label;label_code;isrc;performances')
    equal(list(Api(server).want(200, "GET", "/audience/reports/playlist?columns=begin:Time").json()["items"][0])[:4], ["station", "date", "Time", "duration_s"])
    for names in ("none:x", "title", ":x", "title:", "title:artist", "title:a,title:b", "title:=x", "title:x,", "title:a%0d%0aX", "title:%ff", "title:" + "x" * 65,
                  "title:x,artist:x", "x" * 3000, ","):
        refused = Api(server).ask("GET", "/audience/reports/playlist?columns=" + names)
        equal((refused.status, refused.json().get("parameter")), (400, "columns"), refused.text)
    Api(server).want(200, "GET", "/audience/reports/playlist")
    Api(server).want(200, "GET", "/audience/reports/songs")
    for parameter, query in (("service", ""), ("service", "service="), ("service", "service=" + "x" * 101), ("service", "service=%ff"), ("category", "service=a&category=Z"),
                             ("country", "service=a&country=USA"), ("country", "service=a&country=us"), ("country", "service=a&country=//"), ("zone", "service=a&zone=Mars"), ("tz", "service=a&tz=Mars")):
        refused = Api(server).ask("GET", "/audience/reports/soundexchange?" + query)
        equal((refused.status, refused.json().get("parameter")), (400, parameter), refused.text)


@test
def a_title_by_the_command_of_icecast_may_have_what_reports_need(t):
    server = audience_server(t)
    source = on_air(server)

    def told(song, **facts):
        query = urllib.parse.urlencode({"mode": "updinfo", "mount": "/live.mp3", "song": song, **facts})
        check("update successful" in server.ask("GET /admin/metadata?%s HTTP/1.0" % query, [], ADMIN).text, "the title is set, whatever stands beside it")
        source.play(20)
        row = wait_for(lambda: next((row for row in Api(server).want(200, "GET", "/audience/reports/playlist").json()["items"]
                                     if row["title"] == song.split(" - ")[1]), None), "it was played", 20)
        return [row[name] for name in ("isrc", "label", "label_code", "composer")]
    facts = {"isrc": "de-a12-34-56789", "album": "An album " + "x" * 300, "label": "Größe", "label-code": "LC 01234", "composer": "Somebody", "duration": 185}
    equal(told("Band - Song", **facts), ["DEA123456789", "Größe", "LC 01234", "Somebody"])
    now = json.loads(server.get("/api/v1/now/live.mp3").text)["title"]
    equal((now["album"], now["isrc"], now["duration_ms"]), (facts["album"], "DEA123456789", 185_000))
    equal(told("Band - Tune", isrc="12", label="x" * 201, composer=b"\xff\x00y", duration="-1", charset="nonsense")[:3], [None] * 3)
    equal(told("Band - Air", label=b"Gr\xf6\xdfe", charset="ISO-8859-1")[1], "Größe")


@test
def usage_of_accounts_is_the_sum_of_their_mounts(t):
    server, api = with_api(audience_with_store(t))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    olga = "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme"}).json()["password"]
    login = api.mount("/acme-1", account="acme")
    sources = {"/acme-1": server.source("/acme-1", login=login), "/live.mp3": server.source("/live.mp3")}
    for mount, source in sources.items():
        source.play(ENOUGH)
    heard = {mount: listens(server, mount=mount) for mount in sources}
    heard_long_enough(server, 2)
    for mount, source in sources.items():
        leaves(server, source, heard[mount])
    rows = ended(server, 2)

    def usage(who, query=""):
        return Api(server, who).want(200, "GET", "/audience/usage" + query).json()["items"]
    here = "?zone=UTC&from=%d&to=%d" % (time.time() - 600, time.time() + 600)
    items = usage(ADMIN, here)
    for account, mount in (("acme", "/acme-1"), (None, "/live.mp3")):
        of = [row for row in items if row["account"] == account]
        of_mount = [row for row in rows if row["mount"] == mount]
        equal((sum(row["bytes"] for row in of), sum(row["sessions"] for row in of)), (of_mount[0]["bytes"], 1), items)
        equal(round(sum(row["seconds"] for row in of), 3), round(of_mount[0]["seconds"], 3))
    check(all(row["from"][8:] == "01T00:00:00+00:00" for row in items), items)
    equal({row["account"] for row in usage(olga, here)}, {"acme"}, "an owner sees its own")
    equal({row["account"] for row in usage(ADMIN, here + "&account=acme")}, {"acme"})
    equal(sum(row["bytes"] for row in usage(ADMIN, here + "&by=day")), sum(row["bytes"] for row in rows))
    equal(Api(server).ask("GET", "/audience/usage?by=hour").json().get("parameter"), "by")
    # A mount that another account has now leaves it what was heard before.
    api.want(201, "POST", "/accounts", {"id": "bolt"})

    def accounts_of(table):
        database = sqlite3.connect("file:%s/state/audience.db?mode=ro" % server.dir, uri=True)
        try:
            return [account for account, in database.execute("SELECT account FROM " + table)]
        finally:
            database.close()
    wait_for(lambda: accounts_of("mount_account") == ["acme"], "the account is kept", 30)
    api.want(200, "PATCH", "/mounts/acme-1", {"account": "bolt"})
    wait_for(lambda: accounts_of("mount_before") == ["acme"], "the former account is kept", 30)
    equal(usage(ADMIN, here), items)
    equal(usage(olga, here), [row for row in items if row["account"] == "acme"])
    equal(usage(ADMIN, here + "&account=bolt"), [])


def forget(server, login=ADMIN, **named):
    place = "/audience/who?" if "address" in named else "/audience/sessions?"
    return Api(server, login).ask("DELETE", place + urllib.parse.urlencode(named))


VLC = "VLC/3.0.20 LibVLC/3.0.20"


@test
def a_listener_that_asks_for_it_is_forgotten_and_the_sums_stay(t):
    server = audience_server(t)
    source = on_air(server)
    for agent in (VLC, "mpv 0.35"):
        leaves(server, source, listens(server, agent))
    ended(server, 2, "&all=1")  # quick looks
    stays = listens(server, VLC)
    heard_long_enough(server, 1)
    equal(len(sessions(server, "&all=1")), 2)
    would = forget(server, address="127.0.0.1", agent=VLC, **{"dry-run": 1})
    equal((would.status, would.json()), (200, {"sessions": 1}))
    before = summary(server)
    gone = forget(server, address="127.0.0.1", agent=VLC)
    equal((gone.status, gone.json()), (200, {"sessions": 1}), gone.text)
    after = summary(server)
    equal((after["sessions"], after["people"]), (before["sessions"], before["people"]))
    check(0 <= after["seconds"] - before["seconds"] < 5, (before, after))
    equal(after["listeners"], 0, "what goes on is of nobody")
    leaves(server, source, stays)
    left = sessions(server, "&all=1")
    equal([row["player"] for row in left], ["mpv"])
    # Of a session, whoever it was.
    again = listens(server, VLC)
    leaves(server, source, again)
    row = next(row for row in wait_for(lambda: [row for row in sessions(server, "&all=1") if row["player"] == "VLC" and not row["open"]], "it is new"))
    equal(forget(server, session=row["id"]).json(), {"sessions": 1})
    equal([row["player"] for row in sessions(server, "&all=1")], ["mpv"])
    equal(summary(server)["seconds"], after["seconds"], "it counts no further")
    entries = [json.loads(line) for line in server.log("audit").splitlines()]
    deeds = [entry for entry in entries if entry["do"] == "forget"]
    equal([(entry["on"], entry["result"]) for entry in deeds], [("audience", "ok")] * 2)
    check("127.0.0.1" not in str([entry.get("changes") for entry in deeds]) and "VLC" not in str(deeds), deeds)


@test
def rows_of_a_forgotten_listener_that_wait_in_the_journal_are_passed_over(t):
    """The database is locked while the rows arrive, so its numbers of the journal do not change."""
    server = audience_server(t)
    source = on_air(server)
    first = listens(server, VLC)
    heard_long_enough(server, 1)
    leaves(server, source, first)
    ended(server, 1)
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        (who,), = database.execute("SELECT who FROM session")
        rows = list(database.execute("SELECT node, epoch, seen FROM journal"))
    equal(len(rows), 1)
    server.stop()
    # What a server knows that could not deliver for an hour, and then that its listener was forgotten.
    node, epoch, seen = rows[0]
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        database.execute("INSERT INTO forgotten VALUES(?,?)", (who, int(time.time() * 1000) + 1000))
    database.close()
    journal = server.dir / "state" / "audience.journal"
    at = int(time.time() * 1000) - 3_600_000
    with journal.open("a") as waiting:
        for number, name in ((seen + 1, who & (2 ** 64 - 1)), (seen + 3, 4711)):
            waiting.write("B\t%d\t%d\t%x\t0\t0\t0\t%%2Flive.mp3\t\tVLC\n" % (number, at, name))
            waiting.write("E\t%d\t%d\t%d\t1000000\t0\n" % (number + 1, number, at + 60_000))
    server.start()
    rows = ended(server, 2)
    equal(sorted(round(row["seconds"]) for row in rows)[-1], 60, "that of somebody else is there, this one is not")
    check(sum(row["seconds"] for row in rows) < 100, rows)


@test
def who_is_forgotten_has_to_be_named(t):
    server, api = with_api(audience_with_store(t))
    for parameter, named in (("session", {}), ("session", {"session": "1", "address": "127.0.0.1"}), ("session", {"session": "x"}),
                             ("session", {"session": "99999999999999999999"}), ("session", {"session": "-1"}), ("session", {"session": ""}),
                             ("user", {"address": "192.0.2.7", "user": "\0"}),
                             ("address", {"address": "nobody"}), ("address", {"address": ""}), ("address", {"address": "x" * 3000})):
        refused = forget(server, **named)
        equal((refused.status, refused.json().get("parameter")), (400, parameter), refused.text)
        check(len(refused.text) < 2000, refused.text)
    for named in ({"session": "7"}, {"address": "192.0.2.7"}, {"address": "2001:db8::7", "agent": "x\ny" * 500}):
        equal(forget(server, **named).json()["type"], "/api/problems#not-found", named)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    for role in ("viewer", "operator", "owner"):
        login = role + ":" + api.want(201, "POST", "/users", {"name": role, "role": role, "account": "acme"}).json()["password"]
        equal(forget(server, login, address="127.0.0.1").status, 403, role)
    equal(server.ask("DELETE /api/v1/audience/sessions?session=1 HTTP/1.1", ["Host: x"]).status, 401)
    off = audience_server(t, body="<console>1</console>")
    equal(forget(off, address="127.0.0.1").status, 404)


@test
def a_title_that_was_told_late_was_heard_before(t):
    server = audience_server(t)
    source = on_air(server)
    times = lambda: server.get("/api/v1/now/live.mp3").json()
    begun = time.monotonic()
    wait_for(lambda: source.play(2) and times()["live"]["wall_ms"] and time.monotonic() > begun + 4, "the stream has times, and has lasted", 15)
    Api(server).want(204, "POST", "/mounts/%2Flive.mp3/title", {"title": "Late", "at_ms": int(time.time() * 1000) - 3500})
    row = wait_for(lambda: Api(server).want(200, "GET", "/audience/titles").json()["items"], "the title is counted")[0]
    told = wait_for(lambda: times()["title"], "it is told")["wall_ms"] / 1000
    off = datetime.datetime.fromisoformat(row["began"]).timestamp() - told
    check(abs(off) <= 1, "it began %.1f s after its time" % off)


@test
def days_are_as_long_as_clocks_make_them(t):
    api = Api(audience_server(t))
    query = "/audience/hours?zone=Europe/Berlin&by=%s&from=%s&to=%s"
    days = api.want(200, "GET", query % ("day", "2026-10-24", "2026-10-27")).json()["items"]
    equal([(row["from"], row["length_s"] / 3600) for row in days],
          [("2026-10-24T00:00:00+02:00", 24), ("2026-10-25T00:00:00+02:00", 25), ("2026-10-26T00:00:00+01:00", 24)])
    equal(api.want(200, "GET", (query % ("day", "2026-10-24", "2026-10-27")).replace("zone=", "tz=")).json()["items"], days)
    days = api.want(200, "GET", query % ("day", "2026-03-29", "2026-03-30")).json()["items"]
    equal([(row["from"], row["length_s"] / 3600) for row in days], [("2026-03-29T00:00:00+01:00", 23)])
    hours = api.want(200, "GET", query % ("hour", "2026-10-25T01:00", "2026-10-25T04:00")).json()["items"]
    equal([row["from"] for row in hours], ["2026-10-25T01:00:00+02:00", "2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00",
                                           "2026-10-25T03:00:00+01:00"])
    lord_howe = api.want(200, "GET", "/audience/hours?zone=Australia/Lord_Howe&from=2026-04-05T01:00&to=2026-04-05T03:00").json()["items"]
    equal([(row["from"], row["length_s"] / 60) for row in lord_howe],
          [("2026-04-05T01:00:00+11:00", 60), ("2026-04-05T01:30:00+10:30", 30), ("2026-04-05T02:00:00+10:30", 60)])
    months = api.want(200, "GET", query % ("month", "2026-01-01", "2027-01-01")).json()["items"]
    equal([len(months), sum(row["length_s"] for row in months)], [12, 365 * 86400])
    nepal = api.want(200, "GET", "/audience/hours?zone=Asia/Kathmandu&by=day&from=2026-10-24&to=2026-10-26").json()["items"]
    # The first and the last are cut by the range.
    for by in ("hour", "day", "month"):
        rows = api.want(200, "GET", query % (by, "2026-10-24T13:15", "2026-11-02T02:45")).json()["items"]
        begins = [datetime.datetime.fromisoformat(row["from"]).timestamp() for row in rows]
        equal(rows[0]["from"], "2026-10-24T13:15:00+02:00", by)
        equal([begin + row["length_s"] for begin, row in zip(begins, rows)][:-1], begins[1:], by)
        equal(begins[-1] + rows[-1]["length_s"], datetime.datetime.fromisoformat("2026-11-02T02:45:00+01:00").timestamp(), by)
    equal([(row["from"], row["length_s"]) for row in nepal], [("2026-10-%dT00:00:00+05:45" % day, 86400) for day in (24, 25)])


@test
def nonsense_is_answered_with_the_parameter(t):
    server, api = with_api(audience_server(t))
    for parameter, query in (
            ("zone", "zone=Mars/Olympus"), ("zone", "zone=../../etc/passwd"), ("zone", "zone=" + "x" * 2000), ("from", "from=yesterday"),
            ("from", "from=2026-02-30"), ("from", "from=-5"), ("to", "to=99999999999999999999"), ("to", "to=2026-10-25T25:00"),
            ("from", "from=2000-01-01&to=2026-01-01"), ("from", "from=2026-02-01&to=2026-01-01"), ("format", "format=xls"), ("by", "by=week"),
            ("mount", "mount=/none.mp3"), ("account", "account=none")):
        reply = api.ask("GET", "/audience/hours?" + query)
        check(reply.status in (400, 404), "%s: %d %s" % (query, reply.status, reply.text))
        equal(reply.json().get("parameter"), parameter, reply.text)
        check(len(reply.text) < 2000, reply.text)
    for parameter, path in (("after", "sessions?after=x"), ("after", "titles?after=-1"), ("most", "sessions?most=0"),
                            ("most", "titles?most=" + "9" * 3000), ("order", "titles?order=alphabet"),
                            ("account", "usage?account=%00"), ("mount", "summary?mount=%ff%0a" + "x" * 2000),
                            ("from", "summary?from=2026-13-01"), ("from", "summary?from=1e3"), ("to", "summary?to=2026-10-25T02:60"),
                            ("zone", "reports/playlist?zone=/etc/localtime"), ("zone", "titles?zone=Europe%00/Berlin"),
                            ("mount", "reports/songs?mount=none"), ("from", "usage?from=9999-12-31T23:59:59&to=1970-01-01")):
        reply = api.ask("GET", "/audience/" + path)
        check(reply.status in (400, 404), "%s: %d" % (path, reply.status))
        equal(reply.json().get("parameter"), parameter, reply.text)
        check(len(reply.text) < 2500, reply.text)
    equal(api.ask("POST", "/audience/summary", {}).status, 405)
    equal(server.get("/api/v1/audience/summary").status, 401)


@test
def a_login_is_told_nothing_of_other_accounts(t):
    server, api = with_api(audience_with_store(t))
    for account in ("acme", "other"):
        api.want(201, "POST", "/accounts", {"id": account})
    login = api.mount("/other-1", account="other")
    source = server.source("/other-1", login=login)
    source.play(ENOUGH)
    leaves(server, source, listens(server, mount="/other-1"))
    ended(server, 1, "&all=1")
    olga = "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme"}).json()["password"]
    for parameter, query in (("account", "account=other"), ("account", "account=none"), ("mount", "mount=/other-1"), ("mount", "mount=/none")):
        for path in ("summary", "hours", "sessions", "countries", "players", "titles", "usage", "reports/songs", "reports/playlist"):
            reply = Api(server, olga).ask("GET", "/audience/%s?%s" % (path, query))
            equal((reply.status, reply.json().get("parameter")), (404, parameter), path + reply.text)
    equal(sessions(server, "&all=1", olga), [])
    # Of the own account each of its logins may ask, whatever its role.
    for role in ("viewer", "operator", "owner"):
        login = role + ":" + api.want(201, "POST", "/users", {"name": role, "role": role, "account": "other"}).json()["password"]
        for path in ("summary", "titles", "usage", "reports/songs"):
            Api(server, login).want(200, "GET", "/audience/%s?account=other" % path)
        equal(server.ask("HEAD /api/v1/live?account=other HTTP/1.1", ["Host: x"], login).status, 200, role)
        equal([row["mount"] for row in sessions(server, "&all=1&account=other", login)], ["/other-1"], role)


@test
def titles_and_agents_of_any_bytes_are_bounded_and_text(t):
    server = audience_server(t)
    source = on_air(server)
    for sent in ("ctl%01%0d%0a%09%7fend", "bad%ff%c3utf", "x" * 2000, "%e2%80%ae" * 200):
        server.set_title(song=sent)
    huge = server.ask("GET /admin/metadata?mode=updinfo&mount=/live.mp3&song=%s HTTP/1.0" % ("y" * 100_000), [], ADMIN)
    check(400 <= huge.status < 500, "100 kB are refused, with %d" % huge.status)
    server.set_title(song="last")
    rows = wait_for(lambda: (lambda all_: all_ if all_ and all_[-1]["title"] == "last" else None)(
        Api(server).want(200, "GET", "/audience/titles").json()["items"]), "the last title")
    for row in rows:
        check(len(row["title"].encode()) <= 500 and not re.search(r"[\x00-\x1f\x7f]", row["title"]), row)
    text = server.get("/api/v1/audience/titles?format=csv", ADMIN).body.decode()
    equal(len(list(csv.DictReader(io.StringIO(text)))), len(rows), "a line each")
    for agent in ("\x01\x02 VLC/3", "=cmd|x", "x" * 3000, "\xff\xfe"):
        listener = server.wire()
        listener.send(b"GET /live.mp3 HTTP/1.0\r\nUser-Agent: " + agent.encode("latin-1") + b"\r\n\r\n")
        listener.take_until(b"\r\n")
        listener.close()
    long = server.wire()
    long.send(b"GET /live.mp3 HTTP/1.0\r\nUser-Agent: " + b"z" * 100_000 + b"\r\n\r\n")
    check(b" 4" in long.take_until(b"\r\n"), "an agent of 100 kB is refused")
    source.play(ENOUGH)
    for row in wait_for(lambda: sessions(server, "&all=1"), "quick looks"):
        check(len(row["player"]) < 100, row)
    equal(server.get("/api/v1/audience/sessions?all=1&format=csv", ADMIN).status, 200)


@test
def without_the_element_nothing_is_written(t):
    server = audience_server(t, body="<console>1</console>")
    source = on_air(server)
    leaves(server, source, listens(server))
    equal(Api(server).ask("GET", "/audience/summary").status, 404)
    equal([file.name for file in (server.dir / "state").glob("audience*")], [])


@test
def without_a_state_directory_the_log_tells_it(t):
    server = t.server(body=AUDIENCE)
    server.wait_for_log(r"<audience> needs a state directory, and there is none")
    source = on_air(server)
    leaves(server, source, listens(server))


@test
def a_csv_is_whole_or_refused(t):
    """A file that ends in the middle cannot be told from a whole one."""
    server = store_server(t, body="<console/><audience/>")
    server.stop()
    state = server.dir / "state"
    state.mkdir()
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    wait_for((state / "audience.db").exists, "the database")
    wait_for(lambda: server.get("/api/v1/audience/summary", ADMIN).status == 200, "its tables")
    server.stop()
    many, began = 250_000, (int(time.time()) - 80_000) * 1000
    with sqlite3.connect(state / "audience.db") as database:
        database.execute("INSERT INTO mount VALUES(1, '/live.mp3')")
        database.execute("INSERT INTO player VALUES(1, 'VLC')")
        database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?) INSERT INTO session "
                         "SELECT i, 1, i, ?+i*200, ?+i*200+60000, 60000, 1000000, 'DE', 1, 0, 0, 0, 1, 1 FROM n", (many, began, began))
    database.close()
    server.start()
    refused = server.get("/api/v1/audience/sessions?format=csv", ADMIN)
    equal((refused.status, refused.json()["parameter"]), (400, "from"), refused.text[:500])
    check("100000 lines or more" in refused.text and "after=0" in refused.text, refused.text)
    path, seen = "/api/v1/audience/sessions?format=csv&after=0&mount=live.mp3", []
    while path:
        part = server.get(path, ADMIN)
        equal((part.status, part.get("Content-Type")), (200, "text/csv; charset=utf-8"))
        lines = part.text.splitlines()
        check(lines[0].startswith("id,began") and len(lines) <= 100_001, lines[0])
        seen += [line.split(",")[0] for line in lines[1:]]
        link = part.get("Link")
        path = link and re.fullmatch('<(/api/v1/audience/sessions[?][^>]*)>; rel="next"', link).group(1)
    equal((len(seen), len(set(seen)), seen[0], seen[-1]), (many, many, "1", str(many)))
    short = server.get("/api/v1/audience/sessions?format=csv&to=%d" % (began // 1000 + 900), ADMIN)
    equal((short.status, short.get("Link")), (200, None))
