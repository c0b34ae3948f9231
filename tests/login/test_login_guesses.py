"""Guessed passwords: their cost for the guesser, and the owner of the password can still log in."""
import json
import threading
import time

from api import Api, store_server, with_api
from browser_login import ADMIN_FORM, JSON, PAGE, Browser
from harness import Settings, check, equal, test, wait_for
from test_login import audit_of, server_with


@test
def wrong_logins_of_strangers_do_not_fill_the_audit_log(t):
    server = server_with(t)
    for i in range(40):
        Browser(server, "127.0.3.%d" % (1 + i)).post("/admin/login", {"user": "nobody%d" % i, "password": "no"})
    for i in range(8):
        Browser(server, "127.0.4.%d" % (1 + i)).post("/admin/login", {"user": "admin", "password": "no%d" % i})
    rows = [row["who"] for row in audit_of(server)]
    equal((rows.count("admin"), len(rows)), (8, 9), "a line of each at the administrator, one of the others")


@test
def titles_and_refusals_of_a_customer_do_not_fill_the_audit_log(t):
    server, api = with_api(store_server(t, "<console/>"))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    login = "ida:" + api.want(201, "POST", "/users", {"name": "ida", "role": "owner", "account": "acme"}).json()["password"]
    server.source("/a.mp3", login=api.mount("/a.mp3", account="acme"))
    for i in range(800):
        equal(server.get("/admin/metadata?mount=/a.mp3&mode=updinfo&song=t%d" % i, login).status, 200)
    for _ in range(20):
        equal(server.ask("DELETE /api/v1/mounts/none HTTP/1.0", [], login).status, 404)
    api.want(200, "PATCH", "/mounts/a.mp3", {"settings": {"stream-name": "New"}})
    ours = [row for row in audit_of(server) if row["who"] == "ida"]
    equal([row["do"] for row in ours], ["metadata"] * 600)
    equal([row["do"] for row in audit_of(server)][-1], "change", "what is done by others")


@test
def guesses_are_slowed_down_and_the_owner_gets_in_meanwhile(t):
    server = server_with(t)
    owner = Browser(server).logged_in()
    answers, lock, going = [], threading.Lock(), threading.Event()

    def guess(address, times):
        thief = Browser(server, address)
        for number in range(times):
            # Another one each time: the same several times at once is one guess.
            body = json.dumps({"user": "admin", "password": "guess %s %d" % (address, number)}).encode()
            status = thief.ask("POST /api/v1/session", JSON, body).status
            with lock:
                answers.append(status)
            going.set()
    threads = [threading.Thread(target=guess, args=("127.0.1.%d" % (1 + i), 25)) for i in range(40)]
    for thread in threads:
        thread.start()
    going.wait(Settings.patience)
    begin = time.monotonic()
    owner.log_in()
    check(time.monotonic() - begin < 2, "the owner waited %.1f s" % (time.monotonic() - begin))
    for thread in threads:
        thread.join()
    equal(len(answers), 1000)
    check(set(answers) == {401, 429}, str(set(answers)))
    check(answers.count(401) <= 40, "%d of 1000 guesses were judged" % answers.count(401))
    stranger = Browser(server, "127.0.0.77")
    slowed = stranger.post("/admin/login", ADMIN_FORM)
    equal(slowed.status, 429)
    check(1 <= int(slowed.get("Retry-After")) <= 30 and "try again in" in slowed.text, slowed.text)


@test
def guesses_at_the_old_password_from_a_session_are_slowed_down(t):
    server = store_server(t, "<console/>")
    Api(server).want(201, "POST", "/users", {"name": "vera", "role": "viewer", "password": "password of vera"})
    person = Browser(server, "127.0.0.9")
    equal(person.post("/admin/login", {"user": "vera", "password": "password of vera"}).status, 303)
    lines = [*JSON, "X-LB-CSRF: " + person.csrf()]

    def change(old):
        body = json.dumps({"old": old, "password": "a new one of vera"}).encode()
        return person.ask("POST /api/v1/users/vera/password", lines, body).status
    answers = [change("guess %d" % number) for number in range(40)]
    check(set(answers) == {403, 429}, str(set(answers)))
    check(answers.count(403) <= 24, "%d of 40 guesses were judged" % answers.count(403))
    server.wait_for_log(r'login of "vera" from 127\.0\.0\.9 refused on /api/v1/users/vera/password: wrong password')
    equal(change("password of vera"), 200, "the right one")


@test
def a_known_address_stays_known_after_a_restart(t):
    server = server_with(t)
    owner = Browser(server, "127.0.0.5").logged_in()
    path = server.dir / "known-addresses"
    wait_for(path.exists, "the address is written down")
    check(b"127.0.0.5" not in path.read_bytes() and b"admin" not in path.read_bytes(), "not in the clear")
    server.stop()
    server.start()
    for i in range(12):
        Browser(server, "127.0.2.%d" % (1 + i)).post("/admin/login", {"user": "admin", "password": "no"})
    equal(Browser(server, "127.0.0.6").post("/admin/login", ADMIN_FORM).status, 429)
    owner.log_in()


@test
def passwords_over_plain_http_are_for_near_addresses(t):
    proxied = dict(paths="<x-forwarded-for>127.0.0.1</x-forwarded-for>")
    server = server_with(t, **proxied)
    person = Browser(server)
    far = ["X-Forwarded-For: 8.8.8.8"]
    page = person.get("/admin/login", [*PAGE, *far])
    check('type="password"' not in page.text and "https" in page.text, page.text)
    equal(person.post("/admin/login", ADMIN_FORM, far).status, 403)
    body = json.dumps(ADMIN_FORM).encode()
    equal(person.ask("POST /api/v1/session", [*JSON, *far], body).json()["type"], "/api/problems#plain-http")
    near = ["X-Forwarded-For: 192.168.1.9"]
    check('type="password"' in person.get("/admin/login", [*PAGE, *near]).text, "a private network")
    https = [*far, "X-Forwarded-Proto: https"]
    check('type="password"' in person.get("/admin/login", [*PAGE, *https]).text, "https")
    equal(person.post("/admin/login", ADMIN_FORM, https).status, 303)
    words = person.cookie_line.split("; ")
    # Browsers believe the name only with these, and without a domain (RFC 6265bis).
    check(words[0].startswith("__Host-lb_session-%d=v1." % server.port), person.cookie_line)
    check("Secure" in words and "Path=/" in words and "Domain" not in person.cookie_line, person.cookie_line)
    equal(person.get("/admin/stats.xsl", [*PAGE, *https]).status, 200)
    plain = ["Cookie: lb_session-%d=%s" % (server.port, person.cookie), *https]
    equal(person.ask("GET /admin/stats.xsl", [*PAGE, *plain], send_cookie=False).status, 302, "a cookie that came over http is none over https")
    server.reload(body='<console allow-plain="1"/>')
    equal(person.post("/admin/login", ADMIN_FORM, far).status, 303)


@test
def encoders_are_no_guessers_at_a_user_of_their_name(t):
    server, api = with_api(store_server(t, "<console/>"))
    login = api.mount("/own")
    server.source("/own", login=login).play(4)
    api.want(201, "POST", "/users", {"name": "source", "role": "viewer"})
    for i in range(5):
        equal(server.get("/admin/metadata?mount=/own&mode=updinfo&song=T%d" % i, login).status, 200)
    equal(server.get("/admin/metadata?mount=/own&mode=updinfo&song=x", "source:wrong").status, 401)
    server.wait_for_log(r'login of "source" .* refused on /admin/metadata: wrong password')
    equal(server.log().count("refused on /admin/metadata"), 1)
