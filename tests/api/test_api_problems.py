"""The API answers every request below /api, errors by application/problem+json; requests of other sites change
nothing."""
import json
import os
import pathlib
import re

from api import Api, store_server, with_api
from browser_login import Browser
from external_bench import backend_of, element, in_force
from harness import ADMIN, check, equal, request, test, wait_for

JSON = ["Host: x", "Content-Type: application/json"]
EVIL = ["Sec-Fetch-Site: cross-site", "Origin: https://evil.example"]
NEW = json.dumps({"name": "eve", "role": "admin", "password": "a-long-password"}).encode()


TABLE = (pathlib.Path(__file__).resolve().parents[2] / "doc" / "api.md").read_text()


def asked(server, line, headers=("Host: x",), login=None, body=b""):
    """The answer to these bytes, which may be any."""
    wire = server.wire()
    wire.send(request(line, headers, login, body))
    return wire.reply()


def processor_seconds(server):
    fields = pathlib.Path("/proc/%d/stat" % server.process.pid).read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def problem(reply, name, status):
    equal((reply.status, (reply.get("Content-Type") or "").split(";")[0]), (status, "application/problem+json"), reply.text[:300])
    told = reply.json()
    equal((told["type"], told["status"]), ("/api/problems#" + name, status))
    check(re.search(r"(?m)^- %d: .*`%s` " % (status, name), TABLE), name + " is in the table of doc/api.md")
    return told["detail"]


@test
def errors_below_api_are_problems_whoever_makes_them(t):
    server, api = with_api(store_server(t))
    for line, name, status in (
            ("GET /api/nope HTTP/1.1", "not-found", 404), ("GET /api HTTP/1.1", "not-found", 404),
            ("GET /api/nowplaying/../stations HTTP/1.1", "not-found", 404), ("DELETE /api/nowplaying HTTP/1.1", "method", 405),
            ("PATCH /api/station/x HTTP/1.1", "method", 405),
            ("PUT /api/v1/session HTTP/1.1", "method", 405), ("GET /api/v1/session/handover HTTP/1.1", "method", 405),
            ("BREW /api/v1/mounts HTTP/1.1", "unknown-method", 501), ("TRACE /api/v1/mounts HTTP/1.1", "unknown-method", 501),
            ("GET /api/v1/%s HTTP/1.1" % ("x" * 9000), "address-too-long", 414), ("GET /api/v1/mounts HTTP/2.0", "version", 505)):
        problem(asked(server, line), name, status)
    problem(asked(server, "GET /api/v1/mounts HTTP/1.1", ["Host: x"] + ["A: b"] * 200), "head-too-large", 431)
    problem(asked(server, "GET /api/v1/mounts HTTP/1.1", ["Host: x", "bad name: b"]), "bad-request", 400)
    problem(asked(server, "DELETE /api/v1/session HTTP/1.1", ["Host: x", *EVIL]), "other-site", 403)
    equal(asked(server, "DELETE /api/stations HTTP/1.1").get("Allow"), "GET, HEAD")
    page = asked(server, "GET /nope HTTP/1.1", ["Host: x"])
    check("html" in page.get("Content-Type"), "elsewhere as before")


@test
def a_wrong_password_is_told_as_one_and_slowed_as_a_problem(t):
    server, api = with_api(store_server(t))
    detail = problem(asked(server, "GET /api/v1/mounts HTTP/1.1", login="admin:wrong"), "unauthorised", 401)
    check("the user name or the password is wrong" in detail, detail)
    detail = problem(asked(server, "GET /api/v1/mounts HTTP/1.1"), "unauthorised", 401)
    check("a login is needed" in detail, detail)
    slowed = None
    for _ in range(60):
        slowed = asked(server, "GET /api/v1/mounts HTTP/1.1", login="admin:wrong")
        if slowed.status == 429:
            break
    problem(slowed, "slowed", 429)
    check(int(slowed.get("Retry-After")) >= 1, "Retry-After")


@test
def a_page_of_another_site_changes_nothing_by_the_api(t):
    server, api = with_api(store_server(t, "<console/>"))
    for headers in (EVIL, EVIL[:1], ["Origin: https://evil.example"], ["Referer: https://evil.example/x"]):
        for kind in ("text/plain", "application/json"):
            reply = asked(server, "POST /api/v1/users HTTP/1.1", ["Host: x", "Content-Type: " + kind, *headers], ADMIN, NEW)
            problem(reply, "other-site", 403)
    person = Browser(server).logged_in()
    csrf = person.ask("GET /api/v1/session").json()["csrf"]
    reply = person.ask("POST /api/v1/users", ["Content-Type: application/json", "X-LB-CSRF: " + csrf, *EVIL], NEW)
    problem(reply, "other-site", 403)
    equal([user["name"] for user in api.want(200, "GET", "/users").json()["items"]], [])
    # A program with a token, which no browser sends by itself, may be a page elsewhere; ours are of this site.
    made = api.want(201, "POST", "/tokens", {"name": "panel", "role": "admin"}).json()
    reply = asked(server, "POST /api/v1/users HTTP/1.1", [*JSON, *EVIL, "Authorization: Bearer " + made["token"]], body=NEW)
    equal(reply.status, 201, reply.text)


@test
def a_body_is_json_with_each_name_once(t):
    server, api = with_api(store_server(t))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"):
        problem(asked(server, "POST /api/v1/users HTTP/1.1", ["Host: x", "Content-Type: " + kind], ADMIN, NEW), "media-type", 415)
    # RFC 7396 has a type of its own, for what only PATCH does.
    merge = ["Host: x", "Content-Type: application/merge-patch+json; charset=utf-8"]
    problem(asked(server, "POST /api/v1/users HTTP/1.1", merge, ADMIN, NEW), "media-type", 415)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    reply = asked(server, "PATCH /api/v1/accounts/acme HTTP/1.1", merge, ADMIN, b'{"name":"Acme"}')
    equal((reply.status, reply.json()["name"]), (200, "Acme"))
    detail = problem(asked(server, "PATCH /api/v1/accounts/acme HTTP/1.1", ["Host: x", "Content-Type: text/plain"], ADMIN, b"{}"), "media-type", 415)
    equal(detail, "the body must be application/json or application/merge-patch+json")
    for path, verbs in api.describe()["paths"].items():
        if "patch" in verbs:
            equal(set(verbs["patch"]["requestBody"]["content"]), {"application/json", "application/merge-patch+json"}, path)
    twice = b'{"mount":"/a.mp3","mount":"/b.mp3"}'
    detail = problem(asked(server, "POST /api/v1/mounts HTTP/1.1", JSON, ADMIN, twice), "bad-request", 400)
    check("mount twice" in detail, detail)
    inner = b'{"mount":"/a.mp3","settings":{"genre":"x","hidden":true,"genre":"y"}}'
    problem(asked(server, "POST /api/v1/mounts HTTP/1.1", JSON, ADMIN, inner), "bad-request", 400)
    same = b'{"mount":"/a.mp3","sources":[{"user":"a","password":"p-long-enough"},{"user":"b","password":"p-long-enough"}]}'
    reply = asked(server, "POST /api/v1/mounts HTTP/1.1", ["Host: x", "Content-Type: Application/JSON; charset=utf-8"], ADMIN, same)
    equal(reply.status, 201, reply.text)


@test
def the_faults_of_a_body_are_counted_and_the_first_of_them_named(t):
    server = store_server(t, body="<console/>")
    body = json.dumps({"m%d" % at: 1 for at in range(5000)}).encode()
    for path in ("accounts", "users", "tokens", "bans", "mounts"):
        reply = asked(server, "POST /api/v1/%s HTTP/1.1" % path, JSON, ADMIN, body)
        equal((reply.status, len(reply.json().get("errors", ()))), (422, 50), path + ": " + reply.text[:200])
        check(len(reply.body) < 8000, "%s: %d bytes" % (path, len(reply.body)))
    detail = asked(server, "POST /api/v1/users HTTP/1.1", JSON, ADMIN, body).json()["detail"]
    check(re.match(r"50\d\d members are wrong; the first 50 are named$", detail), detail)


@test
def where_no_member_is_known_a_body_has_none(t):
    server, api = with_api(store_server(t))
    api.want(201, "POST", "/mounts", {"mount": "/rock.mp3"})
    line = "POST /api/v1/mounts/rock.mp3/%s HTTP/1.1"
    for body, pointer in ((b'{"until":5}', "/until"), (b"[]", ""), (b"null", "")):
        reply = asked(server, line % "suspend", JSON, ADMIN, body)
        equal((reply.status, [fault["pointer"] for fault in reply.json().get("errors", ())]), (422, [pointer]), reply.text)
    equal(api.ask("GET", "/mounts/rock.mp3").json()["state"], "active")
    for body, state in ((b"", "suspended"), (b"{}", "suspended")):
        equal(asked(server, line % "suspend", JSON, ADMIN, body).json()["state"], state)
    for path in ("/mounts/{mount}/titles", "/certificates"):  # not in pages
        equal([one["name"] for one in api.describe()["paths"][path]["get"]["parameters"] if one["in"] == "query"], [], path)


@test
def texts_are_bounded_by_their_bytes_as_openapi_says(t):
    server = store_server(t, body="<console/>")
    api = Api(server)
    check("bytes of UTF-8" in api.describe()["info"].get("description", ""), api.describe()["info"])
    equal(api.describe()["components"]["schemas"]["AccountNew"]["properties"]["name"]["maxLength"], 200)
    api.want(201, "POST", "/accounts", {"id": "acme", "name": "\u00e4" * 100})
    equal(api.want(422, "POST", "/accounts", {"id": "other", "name": "\u00e4" * 101}).json()["errors"][0]["pointer"], "/name")


@test
def a_body_of_wrong_names_takes_no_time_of_others(t):
    """Measured by the processor time of twenty such bodies, which control reads."""
    server, api = with_api(store_server(t, body="<console/>"))
    many = ",".join('"k%d":1' % i for i in range(6000))
    bodies = ["{%s}" % many, '{"mount": "/a", "settings": {%s}}' % many, '{"mount": "/a", "settings": {"%s": 1}}' % ("a" * 60_000)]
    before = processor_seconds(server)
    for _ in range(20):
        for body in bodies:
            api.want(422, "POST", "/mounts", body.encode())
    used = processor_seconds(server) - before
    check(used < 1.5, "60 bodies took %.2f s" % used)


@test
def a_switch_of_a_query_is_0_or_1_and_nothing_happens_by_another(t):
    api = Api(store_server(t))
    api.mount("/live")
    api.want(201, "POST", "/bans", {"match": {"address": "192.0.2.7"}})
    ban = api.want(200, "GET", "/bans").json()["items"][0]["id"]
    for value in ("true", "yes", "2", "on", ""):
        for method, path in (("DELETE", "/mounts/live?dry-run="), ("DELETE", "/bans/%s?dry-run=" % ban), ("POST", "/mounts/live/suspend?dry-run="),
                             ("DELETE", "/mounts/live/listeners/self/1?ban="), ("PUT", "/mounts/live/art?keep="), ("GET", "/audience/sessions?all="),
                             ("GET", "/live?mount=/live&listeners="), ("POST", "/certificates/x/order?staging="), ("POST", "/certificates/x/order?revoke=")):
            reply = api.ask(method, path + value)
            equal((reply.status, reply.json().get("parameter")), (400, re.search(r"([a-z-]+)=$", path).group(1)), path + value)
    equal((api.want(200, "GET", "/mounts/live").json()["state"], len(api.want(200, "GET", "/bans").json()["items"])), ("active", 1))
    api.want(204, "DELETE", "/mounts/live?dry-run=1")
    api.want(204, "DELETE", "/mounts/live?dry-run=0")
    api.problem("not-found", "DELETE", "/mounts/live")


@test
def what_a_parameter_names_and_is_not_there_is_404_with_the_parameter(t):
    server = store_server(t, body="<console>1</console><audience/>")
    server.stop()
    (server.dir / "state").mkdir(exist_ok=True)
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    api = Api(server)
    api.mount("/live")
    for method, path in (("GET", "/history?mount=/nothing"), ("GET", "/mounts/live/listeners?node=nothing"), ("GET", "/audience/hours?mount=/nothing"),
                         ("DELETE", "/audience/sessions?session=4711"), ("GET", "/live?account=nothing"), ("GET", "/live?mount=nothing")):
        reply = api.ask(method, path)
        equal((reply.status, reply.json().get("parameter")), (404, path[path.index("?") + 1:path.index("=")]), path)


@test
def a_word_for_the_mounts_of_an_account_is_the_right_one_or_nothing_happens(t):
    api = Api(store_server(t))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    for method, path, body in (("DELETE", "/accounts/acme", None), ("POST", "/accounts", {"id": "other"})):
        for word in ("all", "keeps", "delete,keep", ""):
            reply = api.ask(method, "%s?mounts=%s" % (path, word), body)
            equal((reply.status, reply.json().get("parameter")), (400, "mounts"), method + word)
    equal([row["id"] for row in api.want(200, "GET", "/accounts").json()["items"]], ["acme"])
    api.want(204, "DELETE", "/accounts/acme?mounts=delete")
    api.want(201, "POST", "/accounts?mounts=keep", {"id": "acme"})


@test
def a_place_near_no_country_is_none(t):
    api = Api(store_server(t))
    for country in ("Germany", "de", "D", "D1", "49"):
        reply = api.problem("invalid", "POST", "/mounts", {"mount": "/a", "place": {"country": country}})
        equal([fault["pointer"] for fault in reply.json()["errors"]], ["/place/country"], country)
    equal(api.want(201, "POST", "/mounts", {"mount": "/a", "place": {"country": "DE"}}).json()["place"], {"country": "DE"})


@test
def the_api_is_there_for_the_administrator_of_a_stock_file(t):
    server = t.server()
    reply = asked(server, "GET /api/v1/mounts HTTP/1.1", login=ADMIN)
    equal((reply.status, reply.get("Content-Type")), (200, "application/json"), reply.text)
    problem(asked(server, "GET /api/v1/mounts HTTP/1.1"), "unauthorised", 401)


@test
def an_api_that_is_off_says_so(t):
    no_administrator = {"authentication": "<source-password>src-secret</source-password>"}
    for slots in (no_administrator, {"body": "<console/><api>0</api>"}):
        server = t.server(**slots)
        for line in ("GET /api/v1/external HTTP/1.1", "DELETE /api/v1/mounts/x HTTP/1.1", "POST /api/v1/mounts HTTP/1.1"):
            reply = asked(server, line, login=ADMIN)
            equal((reply.status, reply.get("Content-Type"), reply.json()["type"]), (404, "application/problem+json", "/api/problems#api-off"))
            check(re.match("the API is off: ", reply.json()["detail"]), reply.text)
    backend = backend_of(t)
    server = t.server(body=element(backend.url()))
    in_force(server, 6)
    reply = asked(server, "GET /api/v1/external HTTP/1.1", login=ADMIN)
    equal((reply.status, reply.json()["mounts"]), (200, 6), reply.text)
    equal(asked(server, "GET /api/v1/external HTTP/1.1").status, 401)


@test
def readers_of_long_answers_that_stop_take_bounded_memory(t):
    """A client may request as often as it likes; another client does not wait for it."""
    server, api = with_api(store_server(t, limits="<clients>2000</clients><sources>200</sources>"))
    for i in range(120):
        api.want(201, "POST", "/mounts", {"mount": "/m%d" % i, "settings": {"stream-description": "d" * 1500}})
    long = len(api.want(200, "GET", "/mounts?most=500").body)
    check(long > 200_000, "the list has %d bytes" % long)
    rss = lambda: 1024 * int(re.search(r"RssAnon:\s+(\d+)", pathlib.Path("/proc/%d/status" % server.process.pid).read_text()).group(1))
    before, wires = rss(), []
    for _ in range(700):
        wires.append(server.wire(receive_buffer=4096))
        wires[-1].send(request("GET /api/v1/mounts?most=500 HTTP/1.1", ["Host: x"], ADMIN))
    replies = [wire.reply_head() for wire in wires]
    busy = [reply for reply in replies if reply.status == 503]
    check(len(busy) > 200 and all(reply.get("Retry-After") == "2" for reply in busy), "%d were refused" % len(busy))
    check(rss() - before < 120 << 20, "it took %d MB" % (rss() - before >> 20))
    other = server.ask("GET /api/v1/mounts?most=500 HTTP/1.1", ["Host: x"], ADMIN, source_address="127.0.0.9")
    equal((other.status, len(other.body)), (200, long), "another address")
    for wire in wires:
        wire.close()
    wait_for(lambda: asked(server, "GET /api/v1/mounts?most=500 HTTP/1.1", login=ADMIN).status == 200, "they have gone")
