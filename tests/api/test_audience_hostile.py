"""Invalid and malicious requests: each address of the audience names the wrong parameter, and shows no other account's
data."""
import concurrent.futures
import csv
import io
import re
import threading
import urllib.parse

from api import Api, with_api
from harness import ADMIN, check, equal, test, wait_for
from test_audience import audience_server, audience_with_store, ENOUGH, ended, leaves, listens
from test_session_files import KEPT

SUMS = ("summary", "hours", "sessions", "countries", "players", "titles", "usage")
REPORTS = ("reports/songs", "reports/playlist", "reports/soundexchange?service=A", "reports/soundexchange-incomplete", "reports/triton", "reports/npr?mount=/live.mp3")
NONSENSE = (("zone", "zone=Mars/Olympus"), ("zone", "zone=../../etc/passwd"), ("zone", "zone=%00"), ("zone", "zone=" + "x" * 2000),
            ("from", "from=yesterday"), ("from", "from=2026-02-30"), ("from", "from=-1"), ("from", "from=NaN"), ("from", "from=2026-01-01'--"),
            ("to", "to=" + "9" * 400), ("to", "to=2026-10-25T24:00"), ("to", "to=%ff%fe"), ("from", "from=2000-01-01&to=2026-01-01"),
            ("from", "from=2026-02-01&to=2026-02-01"), ("from", "from=2026-02-02&to=2026-02-01"), ("format", "format=xls"), ("format", "format=csv%00"),
            ("zone", "zone="), ("tz", "tz="), ("zone", "zone=right/UTC"), ("zone", "zone=posix/Europe/Berlin"), ("zone", "zone=localtime"),
            ("zone", "zone=Europe//Berlin"), ("to", "to=0"), ("zone", "zone=UTC&zone=UTC"), ("from", "from=1&fro%6d=2"),
            ("by", "by=week"), ("account", "account=none"), ("account", "account="), ("mount", "mount="), ("account", "account=%27%20OR%201=1--"), ("account", "account=" + "a" * 2000))


@test
def each_address_answers_nonsense_with_the_parameter(t):
    server = audience_server(t, KEPT)
    source = server.source("/live.mp3")
    source.play(ENOUGH)
    leaves(server, source, listens(server))
    ended(server, 1, "&all=1")
    api = Api(server)
    for path in SUMS + REPORTS:
        joined = path + ("&" if "?" in path else "?")
        api.want(200, "GET", "/audience/" + path)
        for parameter, query in NONSENSE:
            reply = api.ask("GET", "/audience/" + joined + query)
            check(reply.status in (400, 404), "%s%s: %d %s" % (joined, query[:60], reply.status, reply.text[:300]))
            equal((reply.json().get("parameter"), reply.get("Content-Type")), (parameter, "application/problem+json"), joined + query[:60])
            check(len(reply.text) < 2500, reply.text)
    for path in SUMS + REPORTS[:-1]:
        reply = api.ask("GET", "/audience/%s%smount=%%2fnone%%0d%%0aX:%%20y" % (path, "&" if "?" in path else "?"))
        equal((reply.status, reply.json().get("parameter"), reply.get("X")), (404, "mount", None), path)
    for service in ("", "%0a", "%5e%7c", "%20%09"):
        reply = api.ask("GET", "/audience/reports/soundexchange?format=csv&service=" + service)
        equal((reply.status, reply.json().get("parameter")), (400, "service"), service)
    for path in ("/history", "/mounts/live.mp3/history"):
        for parameter, query in (("of", "of=x"), ("from", "from=x"), ("from", "from=-1"), ("to", "to="), ("points", "points=0"), ("points", "points=" + "9" * 400),
                                 ("by", "by=x"), ("from", "from=9&to=8"), ("to", "to=9&to=9")):
            reply = api.ask("GET", path + "?" + query)
            check(400 <= reply.status < 500, "%s?%s: %d" % (path, query, reply.status))
            equal((reply.json().get("parameter"), reply.get("Content-Type")), (parameter, "application/problem+json"), path + query)


@test
def an_owner_gets_nothing_of_another_account_by_any_address(t):
    server, api = with_api(audience_with_store(t))
    for account in ("acme", "other"):
        api.want(201, "POST", "/accounts", {"id": account})
        source = server.source("/%s-1" % account, login=api.mount("/%s-1" % account, account=account))
        source.play(ENOUGH)
        server.ask("GET /admin/metadata?mode=updinfo&mount=/%s-1&song=Secret%%20of%%20%s HTTP/1.0" % (account, account), [], ADMIN)
        leaves(server, source, listens(server, "VLC of " + account, mount="/%s-1" % account))
    ended(server, 2, "&all=1")
    login = "ida:" + api.want(201, "POST", "/users", {"name": "ida", "role": "owner", "account": "acme"}).json()["password"]
    ida = Api(server, login)
    mine, theirs = (next(row["id"] for row in api.want(200, "GET", "/audience/sessions?all=1&mount=/%s-1" % one).json()["items"]) for one in ("acme", "other"))
    for path in SUMS + ("reports/songs", "reports/playlist", "reports/soundexchange?service=A&country=all"):
        joined = path + ("&" if "?" in path else "?")
        for query in ("", "format=csv", "account=acme", "mount=/acme-1", "all=1&after=0", "mount=/acme-1&mount=/other-1", "account=acme&account=other",
                      "after=1.%d" % (int(theirs) - 1)):
            reply = server.get("/api/v1/audience/" + joined + query, login)
            check(reply.status in (200, 400, 404), (path, query, reply.text))
            check(reply.status != 200 or not re.search(r"other-1\b|of other|^other,|\bother\b.*\bhours", reply.text), (path, query, reply.text))
        for query in ("mount=/other-1", "mount=other-1", "mount=%2fother-1", "account=other", "account=acme&mount=/other-1"):
            reply = ida.ask("GET", "/audience/" + joined + query)
            equal((reply.status, reply.json().get("parameter") in ("mount", "account")), (404, True), path + query + reply.text)
    for one in (mine, theirs):
        check(ida.ask("DELETE", "/audience/sessions?session=%s" % one).status == 403, "an administrator forgets")
    for path in ("/mounts/other-1/history", "/mounts/other-1/listeners"):
        equal(ida.ask("GET", path).status, 404, path)


@test
def names_titles_agents_and_referers_are_no_formula_no_markup_and_no_sql(t):
    server = audience_server(t, KEPT)
    evil = ("=HYPERLINK(\"http://x\",\"y\")", "  +1+1", "\"-2+3\"", "\uff20SUM(A1)", "\t=1", "<script>alert(1)</script>", "'; DROP TABLE session; --", "a\"b,c;d^e|f", "\u202e\u0000x")
    mount = "/" + urllib.parse.quote("x';DROP TABLE play;--,\"<b>", safe="")
    source = server.source(mount)
    source.play(ENOUGH)
    name = next(iter(Api(server).want(200, "GET", "/mounts").json()["items"]))["mount"]
    for one in evil:
        server.ask("GET /admin/metadata?mode=updinfo&mount=%s&song=%s HTTP/1.0" % (mount, urllib.parse.quote(one, safe="")), [], ADMIN)
        wire = server.wire()
        clean = re.sub(r"[\x00-\x1f\x7f]", "", one).encode()
        wire.send(b"GET " + mount.encode() + b" HTTP/1.0\r\nUser-Agent: " + clean + b"\r\nReferer: " + clean + b"\r\n\r\n")
        wire.take_until(b"\r\n\r\n")
        wire.close()
    server.ask("GET /admin/metadata?mode=updinfo&mount=%s&song=last HTTP/1.0" % mount, [], ADMIN)
    api = Api(server)
    wait_for(lambda: source.play(5) or len([row for row in api.want(200, "GET", "/audience/sessions?all=1&most=500").json()["items"] if not row["open"]]) == len(evil),
             "they are gone", 20)
    wait_for(lambda: api.want(200, "GET", "/audience/titles?most=500").json()["items"][-1:], "titles", 20)
    wait_for(lambda: api.want(200, "GET", "/audience/titles?most=500").json()["items"][-1]["title"] == "last", "the last title", 20)
    equal({row["mount"] for row in api.want(200, "GET", "/audience/sessions?all=1").json()["items"]}, {name})
    # The character that parts cells, and what reads a line.
    for path, parts in (("sessions?all=1", ","), ("titles", ","), ("countries", ","), ("players", ","), ("usage", ","), ("reports/songs", ","),
                        ("reports/playlist", ";"), ("reports/triton", "\t"), ("reports/npr?mount=" + mount, "\t")):
        reply = server.get("/api/v1/audience/%s%sformat=csv" % (path, "&" if "?" in path else "?"), ADMIN)
        equal(reply.status, 200, reply.text)
        check(not reply.get("Content-Type").startswith("text/html") and reply.get("X-Content-Type-Options") == "nosniff", dict(reply.headers))
        check("attachment" in (reply.get("Content-Disposition") or ""), "it is saved, not shown")
        for row in csv.reader(io.StringIO(reply.text.lstrip("\ufeff"), newline=""), delimiter=parts, quotechar='"'):
            for cell in row:
                bare = cell if cell.startswith("'") else cell.lstrip(" \"")
                check(not bare or bare[0] not in "=+@\t\r\uff20" and not re.match(r"-[^\d]", bare) or cell == "-", (path, row))
                check(reply.status != 200 or not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", cell), (path, row))
    check(api.want(200, "GET", "/audience/summary").json() and api.want(200, "GET", "/audience/titles").json(), "the tables are there")


@test
def reports_of_one_customer_keep_out_no_other(t):
    server = audience_with_store(t)
    api = Api(server)
    owners = []
    for account in ("north", "south"):
        api.want(201, "POST", "/accounts", {"id": account})
        user = api.want(201, "POST", "/users", {"name": "owner-" + account, "role": "owner", "account": account})
        owners.append(api.as_user("owner-%s:%s" % (account, user.json()["password"])))
    north, south = owners
    equal(south.want(200, "GET", "/audience/summary").json()["sessions"], 0)
    api.mount("/north", account="north")
    plays = b"time,title,artist\n" + b"2026-11-30T10:00:00,Song,Band\n" * 2000
    refused = []
    asked = threading.Event()

    def flood(_):
        while not asked.is_set():
            reply = north.server.ask("POST /api/v1/audience/plays?mount=/north&zone=UTC HTTP/1.1", ["Host: x", "Content-Type: text/csv"], north.login, plays)
            if reply.status == 503:
                refused.append(reply)
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        floods = [pool.submit(flood, number) for number in range(24)]
        try:
            wait_for(lambda: len(refused) >= 50, "most of the customer's own are refused", 30)
            for who in (south, api) * 10:
                who.want(200, "GET", "/audience/summary")
        finally:
            asked.set()
    for one in floods:
        one.result()
    check("other reports of the audience are in progress" in refused[-1].text, refused[-1].text)
