"""The playlist log of an automation completes the titles of streams: POST /api/v1/audience/plays."""
import csv
import io
import sqlite3

from api import Api, store_server
from harness import ADMIN, Settings, check, equal, test, wait_for

AT = 1_795_000_000   # 2026-11-18T11:06:40Z
PLAYED = ("Die Ärzte - Schrei nach Liebe", "BAND - SONG (Radio Edit)", "The Beatles - Girl", "Station Jingle")
REPORT = "/api/v1/audience/reports/playlist?from=%d&to=%d&format=csv" % (AT - 3600, AT + 3600)


def log_server(t, mounts=("/live.mp3",)):
    server = store_server(t, body="<console/><audience/>")
    server.stop()
    state = server.dir / "state"
    state.mkdir()
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    wait_for(lambda: server.get("/api/v1/audience/summary", ADMIN).status == 200, "its tables")
    with sqlite3.connect(state / "audience.db") as database:
        for number, mount in enumerate(mounts, 1):
            database.execute("INSERT INTO mount VALUES(?,?)", (number, mount))
            for n, title in enumerate(PLAYED):
                at = 1000 * (AT + 200 * n)
                database.execute("INSERT INTO play(mount, began, title, ended, performances) VALUES(?,?,?,?,1)", (number, at, title, at + 200_000))
    database.close()
    return server


def send(server, text, query="mount=live.mp3", login=ADMIN, kind="text/csv"):
    body = text if isinstance(text, bytes) else text.encode()
    return server.ask("POST /api/v1/audience/plays?%s HTTP/1.1" % query, ["Host: x", "Content-Type: " + kind, "Content-Length: %d" % len(body)], login, body=body)


def filled(server, text, query="mount=live.mp3"):
    reply = send(server, text, query)
    equal(reply.status, 200, reply.text)
    return reply.json()


def isrcs(server):
    reply = server.get(REPORT, ADMIN)
    equal(reply.status, 200, reply.text)
    return {row["title"]: row["isrc"] for row in csv.DictReader(io.StringIO(reply.body.decode("utf-8-sig")), delimiter=";")}


LOG = """Time;Artist;Title;ISRC;Album;Label-Code;Length
2026-11-18 12:06:38;die ärzte;SCHREI NACH LIEBE;DE-A46-93-00123;"Das ""Beste""; live";LC 0001;4:13
2026-11-18T11:12:00Z;Band;Song;usabc1234567;;;3:00

2026-11-18T12:13:20+01:00;The Beatles;Help;GBAAA6500001;Help;;2:18
1795003000;Band;Song;USABC1234567;;;3:00
"""


@test
def it_fills_in_by_time_and_likeness(t):
    server = log_server(t)
    query = "mount=live.mp3&zone=Europe/Berlin"
    told = {"rows": 4, "filled": 2, "known": 0, "unmatched": 2, "unmatched_rows": [5, 6]}
    equal(filled(server, LOG, query + "&dry-run=1"), told)
    equal(set(isrcs(server).values()), {""}, "a dry run changes nothing")
    equal(filled(server, LOG, query), told)
    equal(isrcs(server), {"Schrei nach Liebe": "DEA469300123", "SONG (Radio Edit)": "USABC1234567", "Girl": "", "Station Jingle": ""})
    equal(filled(server, LOG, query), dict(told, filled=0, known=2), "again")
    # What is known stays, and what was empty is filled in.
    filled(server, "\ufefftime,title,artist,isrc,composer\r\n%d,Song,Band,DEXXX0000000,Somebody\r\n" % (AT + 200))
    rows = list(csv.DictReader(io.StringIO(server.get(REPORT, ADMIN).body.decode("utf-8-sig")), delimiter=";"))
    equal([(row["isrc"], row["composer"]) for row in rows][1], ("USABC1234567", "Somebody"))
    api = Api(server)
    lines = [row for row in api.want(200, "GET", "/audit").json()["items"] if row["do"] == "fill"]
    equal([row["on"] for row in lines], ["mounts/%2Flive.mp3"] * 2, lines)
    # The report with its empty columns filled in goes back.
    report = server.get(REPORT, ADMIN).body.decode("utf-8-sig").replace(";;;1\r\n", ";;DEJIN0000001;1\r\n")
    equal(filled(server, report)["filled"], 2, report)
    equal(isrcs(server)["Station Jingle"], "DEJIN0000001")


@test
def a_time_that_clocks_show_twice_may_be_either(t):
    server = log_server(t)
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        for at, title in ((1792888200, "Band - Summer"), (1792891800, "Band - Winter")):   # 00:30 and 01:30 UTC, both 02:30 in Berlin
            database.execute("INSERT INTO play(mount, began, title, ended, performances) VALUES(1,?,?,?,1)", (at * 1000, title, (at + 200) * 1000))
    database.close()
    log = "".join("2026-10-25 02:30:10%s,Band,%s,%s\n" % row for row in (("", "Summer", "DEAAA0000001"), ("", "Winter", "DEAAA0000002"), ("+02:00", "Winter", "DEAAA0000003")))
    told = filled(server, "time,artist,title,isrc\n" + log, "mount=live.mp3&zone=Europe/Berlin")
    equal((told["filled"], told["unmatched_rows"]), (2, [4]), told)


@test
def what_is_wrong_is_told_with_its_row_and_column(t):
    server = log_server(t)
    good = "%d,A,B,,\n" % AT
    for pointer, text in (
            ("/1", ""), ("/1/time", "artist,title\nA,B\n"), ("/1/title", "time,artist\n1,A\n"), ("/1/isrc", "time,title,isrc,ISRC\n"),
            ("/3/time", "time,artist,title,isrc,x\n" + good + "yesterday,A,B,,\n"), ("/3/time", "time,artist,title,isrc,x\n" + good + ",A,B,,\n"),
            ("/3/title", "time,artist,title,isrc,x\n" + good + "1,A,,,\n"), ("/3/isrc", "time,artist,title,isrc,x\n" + good + "1,A,B,XX,\n"),
            ("/2/time", "time,title\n2026-02-30T00:00,B\n"), ("/2/time", "time,title\n2026-02-03T00:00:00+99:00,B\n"), ("/2/label", "time,title,label\n1,B," + "x" * 300),
            ("/2", "time,title\n1,B,C\n"), ("/2", "time,title\n1\n"), ("/2", "time,title\n1,\"B\n"), ("/2/title", b"time,title\n1,\xff\xfe\n"),
            ("/2/title", "time,title\n1,a\x01b\n"), ("/1", "time," * 1_600_000 + "title\n"), ("/2", "time,title\n1,B" + "," * 8_000_000), ("/2/title", "time,title\n1," + "x" * 100_000)):
        reply = send(server, text)
        equal((reply.status, reply.get("Content-Type")), (422, "application/problem+json"), (text[:80], reply.text))
        equal(reply.json()["errors"][0]["pointer"], pointer, (text[:80], reply.text))
        check(len(reply.text) < 1000, reply.text)
    many = send(server, "time,title\n" + "x,y\n" * 5000)
    equal(len(many.json()["errors"]), 20)
    for status, parameter, query in ((400, "mount", ""), (404, "mount", "mount=none"), (400, "zone", "mount=live.mp3&zone=Mars")):
        reply = send(server, LOG, query)
        equal((reply.status, reply.json().get("parameter")), (status, parameter), reply.text)
    equal(send(server, "{}", kind="application/json").status, 415)
    equal(server.ask("POST /api/v1/audience/plays?mount=live.mp3 HTTP/1.1", ["Host: x", "Content-Type: text/csv", "Content-Length: 8388609"], ADMIN).status, 413)
    equal(set(isrcs(server).values()), {""}, "nothing of it is there")
    off = store_server(t, body="<console/>")
    equal(send(off, LOG).status, 404)


@test
def who_acts_on_the_mount_may_fill_in(t):
    server = log_server(t, ("/acme-1", "/other-1"))
    api = Api(server)
    for account in ("acme", "other"):
        api.want(201, "POST", "/accounts", {"id": account})
        api.mount("/%s-1" % account, account=account)
    for role, status in (("viewer", 403), ("operator", 200), ("owner", 200)):
        login = role + ":" + api.want(201, "POST", "/users", {"name": role, "role": role, "account": "acme"}).json()["password"]
        equal(send(server, LOG, "mount=acme-1", login).status, status, role)
        if status == 200:
            for mount in ("other-1", "none"):
                reply = send(server, LOG, "mount=" + mount, login)
                equal((reply.status, reply.json().get("parameter")), (404, "mount"), role)
    equal(send(server, LOG, "mount=acme-1", None).status, 401)
    equal(send(server, LOG, "mount=other-1").status, 200)
    site = server.ask("POST /api/v1/audience/plays?mount=acme-1 HTTP/1.1",
                      ["Host: x", "Content-Type: text/csv", "Content-Length: 4", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"], ADMIN, body=b"a,b\n")
    equal(site.status, 403)


@test
def a_long_log_is_read_at_once(t):
    server = log_server(t)
    text = "time,artist,title,isrc\n" + "".join("%d,Band,Song number %d,USABC%07d\n" % (AT + n, n, n) for n in range(99_999))
    equal(filled(server, text)["rows"], 99_999)
    reply = send(server, text + "1,A,B,\n")
    equal((reply.status, reply.json()["errors"][0]["pointer"]), (422, "/100001"), reply.text)


@test
def a_log_that_is_too_much_to_compare_is_refused(t):
    server = log_server(t)
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        database.executemany("INSERT INTO play(mount, began, title, ended, performances) VALUES(1,?,?,?,1)",
                             ((1000 * AT + 50 * n, "%d " % n * 100, 1000 * AT + 50 * n + 50) for n in range(1, 2000)))
    database.close()
    Settings.patience = 30   # it is some seconds' work
    reply = send(server, "time,title\n" + ("%d,%s\n" % (AT, "a b " * 100)) * 10_000)
    equal((reply.status, reply.json()["detail"]), (413, "the titles near the times of the rows are too many to compare; send fewer rows at once"))
    equal(filled(server, LOG, "mount=live.mp3&zone=Europe/Berlin")["filled"], 2)
