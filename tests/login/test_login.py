"""Logins of people: the page, sessions and their end, forged tokens, requests of other sites."""
import base64
import crypt
import json
import re
import stat
import subprocess
import time

from api import with_api
from browser_login import ADMIN_FORM, FORM, JSON, PAGE, Browser
from harness import ADMIN, RELAY, SOURCE, Settings, as_nobody, check, equal, test, wait_for

CONSOLE = "<console/>"


def server_with(t, console=CONSOLE, **slots):
    """A server with its own state directory."""
    server = t.unstarted_server(body=console + slots.pop("body", ""))
    server.write_config(paths="<state-dir>%s</state-dir>" % server.dir + slots.pop("paths", ""), **slots)
    return server.start()


def audit_of(server):
    return [json.loads(line) for line in server.log("audit").splitlines()]


@test
def a_person_gets_a_login_page_and_a_program_gets_401(t):
    server = server_with(t)
    person = Browser(server)
    for path in ("/admin/", "/admin/stats.xsl", "/admin/events", "/admin/archive.json", "/admin/listclients.xsl?mount=/a"):
        reply = person.get(path)
        equal(reply.status, 302, path)
        check(reply.get("Location").startswith("/admin/login?back=%2Fadmin%2F"), reply.get("Location"))
    for headers in ([], ["Accept: */*"], [*PAGE, "Authorization: Basic " + base64.b64encode(b"admin:no").decode()]):
        reply = person.get("/admin/", headers)
        equal((reply.status, reply.get("WWW-Authenticate")), (401, 'Basic realm="Icecast2 Server"'), str(headers))
    page = person.get(person.get("/admin/listclients.xsl?mount=/a").get("Location"))
    equal((page.status, page.get("Content-Type")), (200, "text/html; charset=utf-8"))
    check('name="back" value="/admin/listclients.xsl?mount=/a"' in page.text, page.text)
    check(page.text.count("<script") == 1 and page.get("Content-Security-Policy").startswith("default-src 'self';"), "no script but the one for its password")
    german = person.get("/admin/login", [*PAGE, "Accept-Language: de-AT,de;q=0.9,en;q=0.5"])
    check('<html lang="de">' in german.text and ">Anmelden</button>" in german.text, german.text)
    equal((server.get("/admin/login.js").status, server.get("/admin/login.js").get("X-Content-Type-Options")), (200, "nosniff"))


@test
def a_login_leads_back_and_opens_the_pages(t):
    server = server_with(t)
    person = Browser(server)
    reply = person.log_in(back="/admin/listmounts.xsl")
    equal(reply.get("Location"), "/admin/listmounts.xsl")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        check(word in person.cookie_line.split("; "), person.cookie_line)
    check("Secure" not in person.cookie_line and person.cookie.startswith("v1."), person.cookie_line)
    page = person.get("/admin/listmounts.xsl")
    equal(page.status, 200)
    check("Log out admin" in page.text, page.text)
    equal(person.get("/admin/login?back=/admin/").get("Location"), "/admin/")
    # The log knows the name, and no line anywhere knows the password.
    server.wait_for_log(r'login of "admin" \(admin\) from 127.0.0.1: a session has begun')
    for name in ("access", "error", "audit"):
        check("adm-secret" not in server.log(name), name)


@test
def only_paths_of_this_server_are_gone_back_to(t):
    server = server_with(t)
    for back in ("//evil.example/", "https://evil.example/", "/\\evil.example", "/admin/\r\nSet-Cookie: x=1", "admin", ""):
        person = Browser(server)
        reply = person.log_in(back=back)
        equal(reply.get("Location"), "/admin/", repr(back))
        equal(len(reply.all("Set-Cookie")), 1)


@test
def a_wrong_login_is_told_without_a_box_for_passwords(t):
    server = server_with(t)
    person = Browser(server)
    for user, password in (("admin", "no"), ("nobody", "adm-secret")):
        reply = person.post("/admin/login", {"user": user, "password": password, "back": "/admin/listmounts.xsl"})
        equal((reply.status, reply.get("Set-Cookie")), (401, None))
        check(not reply.get("WWW-Authenticate").startswith("Basic"), reply.get("WWW-Authenticate"))
        check('role="alert"' in reply.text and 'value="/admin/listmounts.xsl"' in reply.text, reply.text)
        check('value="%s"' % user in reply.text and "adm-secret" not in reply.text, "the name stays, the password goes")
    equal(person.post("/admin/login", {"user": "a:b", "password": "x"}).status, 400)
    equal([(row["do"], row["result"], row["on"]) for row in audit_of(server)],
          [("login", "wrong", "admin"), ("login", "wrong", "nobody")])


@test
def the_session_by_the_api(t):
    server, api = with_api(server_with(t))

    class Validated(Browser):
        """Accepts only answers that openapi.json describes."""

        def ask(self, line, *more, **options):
            reply = super().ask(line, *more, **options)
            if (reply.get("Content-Type") or "").startswith("application/") and "PUT" not in line:
                api.validate(*line.split(" ", 1)[0:1], line.split(" ")[1].removeprefix("/api/v1"), reply)
            return reply
    person = Validated(server)
    equal(person.get("/api/v1/session", []).status, 401)
    wrong = person.ask("POST /api/v1/session", JSON, json.dumps({"user": "admin", "password": "no"}).encode())
    equal((wrong.status, wrong.get("Content-Type")), (401, "application/problem+json"))
    equal(wrong.json()["type"], "/api/problems#wrong-login")
    reply = person.ask("POST /api/v1/session", JSON, json.dumps(ADMIN_FORM).encode())
    equal(reply.status, 200)
    told = reply.json()
    equal((told["user"], told["role"], told["account"]), ("admin", "admin", None))
    check(abs(told["expires"] - time.time() - 900) < 60, str(told))
    equal({**person.get("/api/v1/session", []).json(), "expires": 0}, {**told, "expires": 0})
    equal(server.get("/api/v1/session", ADMIN).json()["csrf"], None, "a program with a password needs none")
    equal(person.ask("DELETE /api/v1/session").status, 403)
    gone = person.cookie
    equal(person.ask("DELETE /api/v1/session", ["X-LB-CSRF: " + told["csrf"]]).status, 204)
    equal(person.cookie, "", "the browser forgets it")
    person.cookie = gone
    equal(person.get("/api/v1/session", []).status, 401, "and so does the server")
    equal(person.ask("PUT /api/v1/session").status, 405)
    equal(api.seen, {"logIn", "readSession", "logOut"}, "a logout without its value is a problem as others are")
    described = api.describe()["paths"]["/session"]
    equal(list(described["delete"]["responses"]), ["204", "default"])
    equal([row["name"] for row in described["delete"]["parameters"]], [], "nothing but the session itself")


@test
def logging_out_ends_the_session_for_good(t):
    server = server_with(t)
    person = Browser(server).logged_in()
    stolen = person.cookie
    equal(person.post("/admin/logout", {}).status, 403, "not without the value of a page")
    equal(person.ask("GET /admin/logout").status, 405)
    reply = person.post("/admin/logout", {"csrf": person.csrf()})
    equal((reply.status, reply.get("Location")), (303, "/admin/login?out=1"))
    check("Max-Age=0" in person.cookie_line, person.cookie_line)
    check("logged out" in person.get("/admin/login?out=1").text, "the page says so")
    thief = Browser(server)
    thief.cookie = stolen
    equal(thief.get("/admin/stats.xsl").status, 302)
    equal(thief.get("/admin/stats.xsl", []).status, 401)


@test
def logging_out_everywhere_ends_all_sessions_of_a_user(t):
    server = server_with(t)
    here, there = Browser(server), Browser(server, "127.0.0.3")
    here.log_in()
    there.log_in()
    equal(there.get("/admin/stats.xsl").status, 200)
    equal(here.ask("DELETE /api/v1/users/admin/sessions", ["X-LB-CSRF: " + here.csrf()]).status, 204)
    for one in (here, there):
        equal(one.get("/admin/stats.xsl").status, 302)
    here.log_in()
    equal(here.get("/admin/stats.xsl").status, 200, "a new login counts")


@test
def a_session_ends_when_it_is_not_used_and_is_renewed_by_use(t):
    server = server_with(t, '<console idle="2s" most="60s"/>')
    idle, busy = Browser(server), Browser(server)
    idle.log_in()
    busy.log_in()
    first = busy.cookie
    wait_for(lambda: busy.get("/admin/stats.xsl").status == 200 and
             Browser_with(server, first).get("/admin/stats.xsl").status == 302, "the first token of the busy one is over")
    equal(busy.get("/admin/stats.xsl").status, 200, "and its session goes on with another one")
    check(busy.cookie != first, "it was renewed")
    equal(Browser_with(server, idle.cookie).get("/admin/stats.xsl").status, 302, "the idle one is over")


def Browser_with(server, cookie):
    browser = Browser(server)
    browser.cookie = cookie
    return browser


@test
def a_session_ends_at_its_longest_however_much_it_is_used(t):
    server = server_with(t, '<console idle="2s" most="3s"/>')
    person = Browser(server).logged_in()
    begin = time.monotonic()
    wait_for(lambda: person.get("/admin/stats.xsl").status == 302, "the session ends while it is used")
    check(time.monotonic() - begin < 5, "after 3 s")


@test
def twenty_ways_to_alter_a_token_are_refused(t):
    server = server_with(t)
    person = Browser(server).logged_in()
    good = person.cookie
    version, payload, signature = good.split(".")
    told = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    def pack(value):
        return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()

    def with_(**changes):
        return ".".join((version, pack(dict(told, **changes)), signature))
    last = signature[-1]
    other = next(c for c in "AQgw" if c != last)
    twin = next(c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                if c != last and "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(c) // 16 ==
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(last) // 16)
    altered = [
        with_(), with_(user="root"), with_(role="admin", user="eve"), with_(exp=told["exp"] + 86400), with_(aud="other"),
        with_(sid="AAAA"), with_(epoch=told["epoch"] + 1), with_(kid="AAAAAAAAAAA"), with_(login=told["login"] + 3600),
        with_(iat=told["iat"] - 1), "v2" + good[2:], "h1" + good[2:], good[:-1], good + "A", good[:-1] + other,
        good[:-1] + twin, version + "." + payload + ".", version + "." + payload, payload + "." + signature,
        version + "." + payload + "=." + signature, version + "..", good.upper(), "." + good, good + "." + signature,
        version + "." + signature + "." + payload, "v1." + "A" * 4000,
    ]
    for token in altered:
        if token == good:
            continue
        reply = Browser_with(server, token).get("/admin/stats", [])
        equal(reply.status, 401, token)
    equal(person.get("/admin/stats", []).status, 200, "the right one is right")


@test
def with_a_session_nothing_changes_by_get_or_without_the_value_of_a_page(t):
    server = server_with(t)
    source = server.source("/live.mp3")
    source.play(4)
    person = Browser(server).logged_in()
    for path in ("/admin/killsource?mount=/live.mp3", "/admin/killsource.xsl?mount=/live.mp3",
                 "/admin/metadata?mount=/live.mp3&mode=updinfo&song=x", "/admin/drain?mode=soft"):
        reply = person.get(path)
        equal(reply.status, 403, path)
        check("cookie-needs-post" in reply.text, reply.text)
    fields = {"mount": "/live.mp3"}
    equal(person.post("/admin/killsource.xsl", fields).status, 403)
    equal(person.post("/admin/killsource.xsl", dict(fields, csrf="wrong")).status, 403)
    equal(person.post("/admin/killsource.xsl?csrf=" + person.csrf(), fields).status, 403, "not in the address")
    other = Browser(server).logged_in()
    equal(person.post("/admin/killsource.xsl", dict(fields, csrf=other.csrf())).status, 403, "of another session")
    cross = ["Sec-Fetch-Site: cross-site", "Origin: http://evil.example"]
    equal(person.post("/admin/killsource.xsl", dict(fields, csrf=person.csrf()), cross).status, 403)
    check(source.is_open(), "nothing has changed")
    reply = person.post("/admin/killsource.xsl", dict(fields, csrf=person.csrf()))
    equal(reply.status, 200, reply.text)
    wait_for(lambda: not source.is_open(), "the source ends")


@test
def every_form_of_a_page_brings_its_value_along(t):
    server = server_with(t)
    server.source("/live.mp3").play(4)
    server.source("/other.mp3").play(4)
    person = Browser(server).logged_in()
    csrf = person.csrf()
    for page in ("stats.xsl", "listmounts.xsl", "listclients.xsl?mount=/live.mp3", "updatemetadata.xsl?mount=/live.mp3",
                 "moveclients.xsl?mount=/live.mp3"):
        text = person.get("/admin/" + page).text
        forms = re.findall(r'<form[^>]*method="post"[^>]*>(.*?)</form>', text, re.S)
        check(forms, page)
        for form in forms:
            check('name="csrf" value="%s"' % csrf in form, page + ": " + form)
        # With a password in the request nothing is put in.
        check("csrf" not in server.get("/admin/" + page, ADMIN).text, page)


@test
def no_page_can_be_framed(t):
    server = server_with(t)
    person = Browser(server).logged_in()
    for browser, path in ((person, "/admin/stats.xsl"), (Browser(server), "/admin/login"), (person, "/admin/killsource?mount=/x")):
        reply = browser.get(path)
        check("frame-ancestors 'none'" in reply.get("Content-Security-Policy"), path)
        equal(reply.get("X-Frame-Options"), "DENY", path)
        equal(reply.get("Cross-Origin-Opener-Policy"), "same-origin", path)


@test
def a_login_that_another_site_sends_is_refused(t):
    server = server_with(t)
    person = Browser(server)
    reply = person.post("/admin/login", ADMIN_FORM, ["Sec-Fetch-Site: cross-site"])
    equal((reply.status, person.cookie), (403, None))
    reply = person.post("/admin/login", {"token": "h1.e30.AAAA"}, ["Origin: http://evil.example"])
    equal((reply.status, person.cookie), (401, None))


@test
def passwords_work_as_they_did(t):
    server = server_with(t)
    server.source("/live.mp3").play(4)
    equal(server.get("/admin/stats", ADMIN).status, 200)
    equal(server.get("/admin/streamlist.txt", RELAY).status, 200)
    equal(server.get("/admin/stats?mount=/live.mp3", SOURCE).status, 200)
    equal(server.get("/admin/stats", SOURCE).status, 401)
    equal(server.get("/admin/metadata?mount=/live.mp3&mode=updinfo&song=x", ADMIN).status, 200, "by GET")
    equal(server.get("/admin/stats", "admin:wrong").get("WWW-Authenticate"), 'Basic realm="Icecast2 Server"')
    # A wrong Authorization wins over a cookie: a browser sends it for ever.
    person = Browser(server).logged_in()
    wrong = "Authorization: Basic " + base64.b64encode(b"admin:no").decode()
    equal(person.get("/admin/stats.xsl", [*PAGE, wrong]).status, 401)


@test
def without_a_console_everything_is_as_before(t):
    server = t.server(body="<api>0</api>")
    person = Browser(server)
    for path in ("/admin/", "/admin/stats.xsl"):
        reply = person.get(path)
        equal((reply.status, reply.get("WWW-Authenticate")), (401, 'Basic realm="Icecast2 Server"'))
        for name in ("Cross-Origin-Opener-Policy", "Set-Cookie", "Location"):
            equal(reply.get(name), None)
    equal(person.get("/admin/login", []).status, 400, "an unknown command")
    equal(person.post("/admin/login", ADMIN_FORM).status, 400)
    equal(person.get("/api/v1/session", []).status, 404)
    off = server.ask("DELETE /api/v1/session HTTP/1.1", ["Host: x"])
    equal((off.status, off.json()["type"]), (404, "/api/problems#api-off"), "it is told why")
    # A mount may be called so.
    server.source("/api/v1/session").play(4)
    equal(server.listener("/api/v1/session").head.status, 200)
    equal(server.get("/admin/stats", ADMIN).get("Cross-Origin-Opener-Policy"), None)
    equal(sorted(path.name for path in (server.dir / "log").iterdir()), ["access.log", "error.log", "playlist.log"])
    check(not re.search("^icecast_sessions ", server.get("/metrics").text, re.M), "no session is counted")


@test
def the_key_is_private_and_outlives_the_server(t):
    server = server_with(t)
    person = Browser(server).logged_in()
    path = server.dir / "session.keys"
    equal(stat.S_IMODE(path.stat().st_mode), 0o600)
    server.stop()
    server.start()
    equal(person.get("/admin/stats.xsl").status, 200, "the session goes on")
    # Another password in the file ends what began with the old one.
    server.reload(authentication="<source-password>src-secret</source-password><relay-password>rel-secret</relay-password>"
                                 "<admin-user>admin</admin-user><admin-password>other</admin-password>")
    equal(person.get("/admin/stats.xsl").status, 302)
    equal([audit_of(server)[-1][name] for name in ("do", "via", "on", "result")], ["reload", "signal", str(server.config), "ok"])


@test
def keys_change_with_and_without_an_end_of_sessions(t):
    server = server_with(t)
    person = Browser(server).logged_in()

    def rotate(*more):
        status, out, errors = t.run("-c", str(server.config), "--rotate-keys", *more)
        equal(status, 0, errors)
        kid = re.search(r"the key (\S+);", out).group(1)
        server.wait_for_log("signed by the key " + re.escape(kid))
    rotate()
    equal(person.get("/admin/stats.xsl").status, 200, "an ordinary change ends nothing")
    equal(stat.S_IMODE((server.dir / "session.keys").stat().st_mode), 0o600)
    rotate("--revoke")
    equal(person.get("/admin/stats.xsl").status, 302)
    person.log_in()
    equal(person.get("/admin/stats.xsl").status, 200)


@test
def without_a_state_directory_sessions_live_as_long_as_the_server(t):
    server = t.server(body=CONSOLE)
    server.wait_for_log("they end with this process")
    person = Browser(server).logged_in()
    equal(person.get("/admin/stats.xsl").status, 200)
    server.stop()
    server.start()
    equal(person.get("/admin/stats.xsl").status, 302)


@test
def servers_at_two_ports_of_a_host_leave_each_other_their_sessions(t):
    people = [Browser(server_with(t)) for _ in range(2)]
    for person in people:
        person.log_in()
        check(person.cookie_line.startswith("lb_session-%d=v1." % person.server.port), person.cookie_line)
    # A browser has all of them in one jar, and sends all to both.
    jar = "Cookie: " + "; ".join("%s=%s" % (person.cookie_name, person.cookie) for person in people)
    for person in people:
        equal(person.ask("GET /admin/stats.xsl", [*PAGE, jar], send_cookie=False).status, 200)
    gone = people[0].ask("POST /admin/logout", [*FORM, jar], ("csrf=" + people[0].csrf()).encode(), send_cookie=False)
    equal(gone.status, 303)
    check(people[0].cookie_line.startswith("lb_session-%d=;" % people[0].server.port), people[0].cookie_line)
    equal(people[1].get("/admin/stats.xsl").status, 200)


@test
def a_password_is_hashed_from_standard_input(t):
    done = subprocess.run(as_nobody([Settings.binary, "--passwd", "anna"]), input=b"geheim\n", capture_output=True,
                          timeout=Settings.patience)
    equal(done.returncode, 0, done.stderr.decode())
    user, hashed = done.stdout.decode().strip().split(":", 1)
    equal((user, crypt.crypt("geheim", hashed)), ("anna", hashed))
    check(hashed.startswith("$y$"), hashed)
    for arguments, given in ((["--passwd", "a:b"], b"x\n"), (["--passwd"], b"")):
        done = subprocess.run(as_nobody([Settings.binary, *arguments]), input=given, capture_output=True, timeout=Settings.patience)
        equal(done.returncode, 1, str(arguments))


@test
def the_api_may_be_left_out(t):
    server = server_with(t, body="<api>0</api>")
    person = Browser(server)
    equal(person.get("/api/v1/session", []).status, 404)
    person.log_in()
    equal(person.get("/admin/stats.xsl").status, 200)


@test
def a_login_by_the_api_is_a_body_as_others_are(t):
    server = server_with(t)

    def problem(body, kind, status, headers=JSON):
        reply = Browser(server).ask("POST /api/v1/session", headers, body)
        equal((reply.status, reply.get("Content-Type"), reply.json()["type"]), (status, "application/problem+json", "/api/problems#" + kind), body)
        return [fault["pointer"] for fault in reply.json().get("errors", [])]
    right = json.dumps(ADMIN_FORM).encode()
    equal(problem(b"{}", "invalid", 422), ["/user", "/password"])
    equal(problem(b"[]", "invalid", 422), ["/user", "/password"])
    equal(problem(b'{"user":"admin"}', "invalid", 422), ["/password"])
    equal(problem(b'{"user":"admin","password":""}', "invalid", 422), ["/password"])
    equal(problem(b'{"user":7,"password":"x"}', "invalid", 422), ["/user"])
    equal(problem(b'{"user":"ad:min","password":"x"}', "invalid", 422), ["/user"])
    for body in (b"no", right[:-1], b'{"user":"admin","user":"anna","password":"adm-secret"}'):
        equal(problem(body, "bad-request", 400), [])
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        equal(problem(right, "media-type", 415, ["Content-Type: " + kind]), [])
    equal(problem(b'{"user":"admin","password":"no"}', "wrong-login", 401), [])
    for headers in ([], ["Content-Type: Application/JSON; charset=utf-8"]):
        equal(Browser(server).ask("POST /api/v1/session", headers, right).status, 200, headers)


@test
def a_chunked_login_is_answered_411(t):
    wire = server_with(t).wire()
    wire.send("POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    reply = wire.reply()
    equal(reply.status, 411)
    check(b"length-required" in reply.body, "%r" % reply.body)
