"""A session is handed over from one server to another: once, within half a minute, and with its user's rights."""
import json
import os
import re
import signal
import time

from api import Api, store_server
from browser_login import Browser
from etcd import PREFIX, b64
from handover_bench import PASSWORD, Pair, Person, unurl64, url64
from harness import check, equal, test, wait_for
from link_bench import kill9


@test
def a_session_goes_from_one_server_to_the_other(b):
    pair = Pair(b)
    anna = pair.at_a()
    api = Api(pair.a)
    api.validate("POST", "/session/handover", anna.hand_over("c"))
    api.validate("POST", "/session/handover", anna.hand_over("nobody"))
    page = anna.hand_over("c", page=True)
    equal((page.status, page.get("Referrer-Policy")), (200, "origin"), page.text)
    policy = page.get("Content-Security-Policy")
    equal(re.findall(r"form-action ([^;]*)", policy), [pair.origin(pair.c)], "where the form may go")
    check("frame-ancestors 'none'" in policy and "script" not in page.text, policy)
    equal(re.findall(r'<form[^>]*action="([^"]*)"', page.text), [pair.origin(pair.c) + "/admin/login"])
    token = re.search(r'name="token" value="([^"]+)"', page.text).group(1)
    there = Person(pair.c)
    reply = there.bring(token, pair.origin())
    equal(reply.status, 200, reply.text)
    check('http-equiv="refresh" content="0; url=/admin/"' in reply.text, reply.text)
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        check(word in there.cookie_line.split("; "), there.cookie_line)
    told = there.session().json()
    equal((told["user"], told["role"]), ("anna", "operator"))
    check(0 < told["expires"] - time.time() <= 900, str(told))
    # Its role is the record's there too.
    pair.c.source("/live.mp3").play(4)
    pair.c.source("/other.mp3").play(4)
    listed = there.get("/admin/listmounts.xsl").text
    check("/live.mp3" in listed and "/other.mp3" not in listed, listed)
    equal(there.post("/admin/killsource.xsl", {"mount": "/live.mp3"}).status, 403, "without the value of C's own pages")
    equal(there.post("/admin/killsource.xsl", {"mount": "/other.mp3", "csrf": there.csrf()}).status, 401)
    equal(there.post("/admin/killsource.xsl", {"mount": "/live.mp3", "csrf": there.csrf()}).status, 200)
    # A cookie is its server's own.
    stranger = Person(pair.a)
    stranger.cookie = there.cookie
    equal(stranger.session().status, 401, "C's cookie at A")
    equal(anna.session().status, 200, "A's session goes on")
    for server in (pair.a, pair.c):
        for name in ("access", "error", "audit"):
            check(token not in server.log(name), "the token is in no log: " + name)
    rows = [json.loads(line) for line in pair.a.log("audit").splitlines()]
    check(any((row["do"], row["who"], row["on"]) == ("handover", "anna", "c") for row in rows), pair.a.log("audit"))
    rows = [json.loads(line) for line in pair.c.log("audit").splitlines()]
    check(any((row["do"], row["who"], row["on"]) == ("handed-over", "anna", pair.origin()) for row in rows), pair.c.log("audit"))


@test
def at_a_node_an_owner_has_the_mounts_of_the_account(b):
    pair = Pair(b, by_conf=True)
    for path, body in (("/accounts", {"id": "acme"}), ("/users", {"name": "olga", "role": "owner", "account": "acme", "password": PASSWORD}),
                       ("/mounts", {"mount": "/ours", "account": "acme"}), ("/mounts", {"mount": "/theirs"})):
        made = pair.api("POST", path, body)
        equal(made.status, 201, made.text)
    wait_for(lambda: Person(pair.c).bring(pair.at_a("olga").token("c"), pair.origin()).status == 200, "C has heard of olga")
    there = pair.at_c(pair.at_a("olga"))
    told = there.session().json()
    equal((told["user"], told["role"], told["account"]), ("olga", "owner", "acme"))

    def may(mount):
        reply = there.get("/admin/listclients.xsl?mount=" + mount)
        return reply.status != 401
    wait_for(lambda: may("/ours"), "C has heard whose mount it is")
    check(not may("/theirs"), "a mount of no account")


@test
def only_a_session_with_its_value_is_handed_over(b):
    pair = Pair(b)
    anna = pair.at_a()
    equal(anna.post("/api/v1/session/handover", {"node": "c"}).status, 403, "without the value of a page")
    equal(anna.hand_over("c", page=True, headers=["Sec-Fetch-Site: cross-site"]).status, 403)
    equal(anna.hand_over("c", page=True, headers=["Origin: http://evil.example"]).status, 403)
    equal(anna.get("/api/v1/session/handover").status, 405)
    for node in ("", "a", "nobody", "d"):
        equal(anna.hand_over(node).status, 404, node)
    equal(pair.api("POST", "/session/handover", {"node": "c"}).status, 403, "a password is not a session")
    nobody = Browser(pair.a)
    equal(nobody.ask("POST /api/v1/session/handover").status, 401)
    page = anna.get("/admin/cluster.json", []).json()
    equal([node.get("takes_sessions") for node in page["nodes"] if node["id"] == "c"], [True], "a way for operators too")
    equal([node["addresses"] for node in page["nodes"] if node["id"] == "c"], [[]], "of which they see no address")


@test
def a_token_is_good_once_here_and_now(b):
    pair = Pair(b)
    equal(pair.api("POST", "/users/anna/password", {"password": PASSWORD}).status, 200)  # her second epoch
    anna = pair.at_a()
    used = anna.token("c")
    pair.takes(used)
    pair.refuses(used, "a second time")
    now = int(time.time())
    good = anna.token("c")
    cases = {
        "another node": lambda t: t.update(aud="d"), "the master itself": lambda t: t.update(aud="a"),
        "expired": lambda t: t.update(iat=now - 31, exp=now - 1), "too long": lambda t: t.update(exp=now + 60),
        "of the future": lambda t: t.update(iat=now + 60, exp=now + 80),
        "of before the server's start": lambda t: t.update(iat=now - 3600, exp=now + 20),
        "another user": lambda t: t.update(user="nobody"), "an older epoch": lambda t: t.update(epoch=0),
        "of no session": lambda t: t.pop("of"), "an unknown key": lambda t: t.update(kid="AAAAAAAAAAA"),
    }
    for what, change in cases.items():
        pair.refuses(pair.forge(good, lambda t: (t.update(sid=url64(os.urandom(16))), change(t))), what)
    pair.refuses(pair.forge(good, lambda t: None, os.urandom(32)), "signed by another key")
    pair.refuses(pair.forge(good, lambda t: None, unurl64(pair.ring(pair.c)["keys"][0]["seed"])), "signed by C's key")
    pair.refuses(anna.cookie, "a cookie")
    pair.refuses("h1" + anna.cookie[2:], "a cookie as a hand-over")
    thief = Person(pair.c)
    thief.cookie = "v1" + good[2:]
    equal(thief.session().status, 401, "a hand-over as a cookie")
    # The forger's tools work: unchanged, and signed by A's key, it is taken.
    pair.takes(pair.forge(good, lambda t: t.update(sid=url64(os.urandom(16)))))
    pair.takes(good)


@test
def a_tampered_token_is_refused(b):
    pair = Pair(b)
    good = pair.at_a().token("c")
    head, payload, signature = good.split(".")
    rights = json.loads(unurl64(payload))

    def with_payload(**changes):
        return ".".join((head, url64(json.dumps({**rights, **changes}, separators=(",", ":")).encode()), signature))
    last = "A" if signature[0] != "A" else "B"
    tampered = {
        "a role": with_payload(role="admin"), "a user": with_payload(user="admin"), "a file's administrator": with_payload(file=True),
        "mounts": with_payload(mounts=["/*"]), "a node": with_payload(aud="d"), "a time": with_payload(exp=rights["exp"] + 600),
        "an id": with_payload(sid="x" * 22), "an epoch": with_payload(epoch=99), "another order": with_payload(),
        "no signature": head + "." + payload, "an empty signature": head + "." + payload + ".",
        "a cut signature": good[:-1], "a changed signature": ".".join((head, payload, last + signature[1:])),
        "a longer signature": good + "A", "signature twice": good + "." + signature, "another kind": "v1" + good[2:],
        "no kind": good[3:], "a next version": "h2" + good[2:], "empty payload": head + ".." + signature,
        "no JSON": ".".join((head, url64(b"admin"), signature)), "padding": good + "=", "a space in front": " " + good,
        "a line end": good + "\r\n", "too long": good + "A" * 4000, "nonsense": "h1.e30.AAAA",
    }
    check(len(tampered) >= 20, "%d kinds" % len(tampered))
    for what, token in tampered.items():
        if token != good:
            stranger = Person(pair.c)
            reply = stranger.bring(token, pair.origin())
            equal(stranger.cookie, None, what)
            check(reply.status in ((401, 413) if what == "too long" else (401,)), "%s: %d" % (what, reply.status))
    pair.takes(good)


@test
def it_is_taken_from_pages_of_its_master_alone(b):
    pair = Pair(b)
    token = pair.at_a().token("c")
    for origin in (None, "null", "http://evil.example", pair.origin(pair.c), pair.origin() + "0", pair.origin().replace("http", "https")):
        pair.refuses(token, "from %s" % origin, origin)
    pair.takes(token)


@test
def the_administrator_of_a_file_comes_along(b):
    pair = Pair(b)
    person = pair.at_a("admin", "adm-secret")
    page = person.get("/admin/cluster.json", []).json()
    equal([node.get("takes_sessions") for node in page["nodes"] if node["id"] == "c"], [True])
    there = pair.at_c(person)
    told = there.session().json()
    equal((told["user"], told["role"]), ("admin", "admin"))
    equal(there.get("/admin/stats.xsl").status, 200)
    reply = there.hand_over("a")
    equal(reply.status, 404, "C knows no nodes: " + reply.text)


FIVE = [(name, "operator", ["/live.mp3"]) for name in ("anna", "bert", "cleo", "dora", "emil")]


@test
def what_is_revoked_ends_at_the_other_master_within_a_moment(b):
    return revocation(Pair(b, FIVE))


@test
def what_is_revoked_ends_at_a_node_within_a_moment(b):
    return revocation(Pair(b, FIVE, by_conf=True))


def revocation(pair):
    took = []

    def ends(name, method, path, body=None, status=200):
        there = pair.at_c(pair.at_a(name))
        other = pair.at_c(pair.at_a("emil"))
        late = pair.at_a(name).token("c")
        begin = time.monotonic()
        answer = pair.api(method, path, body)
        equal(answer.status, status, answer.text)
        answered = time.monotonic()
        wait_for(lambda: there.session().status == 401, "the session of %s at C ends" % name)
        took.append(time.monotonic() - answered)
        check(took[-1] <= 0.3, "%s %s: it ended after %.0f ms" % (method, path, took[-1] * 1000))
        check(time.monotonic() - begin < 5, "the change itself took long")
        pair.refuses(late, "a token from before")
        equal(other.session().status, 200, "others go on")
    ends("anna", "PATCH", "/users/anna", {"disabled": True})
    ends("bert", "POST", "/users/bert/password", {"password": "another-long-one"})
    ends("cleo", "DELETE", "/users/cleo/sessions", None, 204)
    ends("dora", "DELETE", "/users/dora", None, 204)
    # Other rights end it too, and the next one has them.
    there = pair.at_c(pair.at_a("emil"))
    equal(pair.api("PATCH", "/users/emil", {"role": "viewer"}).status, 200)
    wait_for(lambda: there.session().status == 401, "the rights of the session have changed")
    equal(pair.at_c(pair.at_a("emil")).session().json()["role"], "viewer")
    return "ended %.0f ms after the change was answered, at most" % (max(took) * 1000)


@test
def a_logout_ends_its_login_at_the_other_master_within_a_moment(b):
    return logout(Pair(b, FIVE))


@test
def a_logout_ends_its_login_at_a_node_within_a_moment(b):
    return logout(Pair(b, FIVE, by_conf=True), by_conf=True)


def logout(pair, by_conf=False):
    took = []

    def over(person, answered, what):
        wait_for(lambda: person.session().status == 401, what)
        took.append(time.monotonic() - answered)
        check(took[-1] <= 0.3, "%s: after %.0f ms" % (what, took[-1] * 1000))
    for user, password, by_form in (("anna", PASSWORD, False), ("bert", PASSWORD, True), ("admin", "adm-secret", False)):
        here = pair.at_a(user, password)
        there, late, stolen = pair.at_c(here), here.token("c"), here.cookie
        elsewhere = pair.at_a(user, password)
        other = pair.at_c(elsewhere)
        equal(there.session().status, 200)
        over(there, log_out(here, by_form), "the session of %s at C ends" % user)
        pair.refuses(late, "a token from before the logout")
        equal(with_cookie(pair.a, stolen).session().status, 401, "at A it has ended too")
        equal((elsewhere.session().status, other.session().status), (200, 200), "another login of %s goes on" % user)
    # And the other way round.
    here = pair.at_a("cleo")
    there = pair.at_c(here)
    beside, answered = pair.at_c(here), log_out(there)
    if by_conf:
        equal((here.session().status, beside.session().status), (200, 200), "a node without a store ends its own session")
        pair.at_c(here)
    else:
        over(here, answered, "the session at A ends by a logout at C")
        over(beside, answered, "and another one of that login at C")
    return "ended %.0f ms after the logout was answered, at most" % (max(took) * 1000)


def log_out(person, by_form=False):
    csrf = person.csrf()
    if by_form:
        equal(person.post("/admin/logout", {"csrf": csrf}).status, 303)
    else:
        equal(person.ask("DELETE /api/v1/session", ["X-LB-CSRF: " + csrf]).status, 204)
    return time.monotonic()


def with_cookie(server, cookie):
    person = Person(server)
    person.cookie = cookie
    return person


@test
def a_session_that_was_handed_on_and_back_ends_with_its_login(b):
    pair = Pair(b)
    anna = pair.at_a()
    there = pair.at_c(anna)
    # C hands it on as A does: to a node of its own.  There is none here, so C's key is lent.
    claims = json.loads(unurl64(there.cookie.split(".")[1]))
    now = int(time.time())
    token = pair.forge(anna.token("c"), lambda t: t.update(
        aud="a", kid=pair.ring(pair.c)["keys"][0]["kid"], sid=url64(os.urandom(16)), of=claims["sid"], root=claims["of"],
        iat=now, exp=now + 30), unurl64(pair.ring(pair.c)["keys"][0]["seed"]))
    back = Person(pair.a)
    equal(back.bring(token, pair.origin(pair.c)).status, 200, pair.a.log()[-600:])
    equal(back.session().status, 200)
    log_out(back)
    equal(anna.session().status, 401, "the login itself")
    wait_for(lambda: there.session().status == 401, "the one between")


@test
def only_a_session_with_its_value_writes_a_record_and_one_that_is_past_is_removed(b):
    pair = Pair(b, FIVE)
    anna, bert = pair.at_a(), pair.at_a("bert")
    stolen = anna.cookie
    nobody = Person(pair.a)
    for person in (nobody, with_cookie(pair.a, stolen[:-4] + "AAAA"), with_cookie(pair.c, stolen)):
        equal(person.ask("DELETE /api/v1/session").status, 401)
        equal(person.post("/admin/logout", {}).status, 303)
    for csrf in ("", "x" * 43, bert.csrf()):
        equal(anna.ask("DELETE /api/v1/session", ["X-LB-CSRF: " + csrf]).status, 403)
        equal(anna.post("/admin/logout", {"csrf": csrf}).status, 403)
    equal(pair.api("DELETE", "/session").status, 204, "with a password there is no session")
    equal(anna.session().status, 200)
    sid = json.loads(unurl64(anna.cookie.split(".")[1]))["sid"]
    log_out(anna)
    wait_for(lambda: pair.told("ended/"), "the logout is written down")
    (key, record), = pair.told("ended/").items()
    equal((key, record["user"], sorted(record)), ("ended/" + sid, "anna", ["until", "user"]))
    check(abs(record["until"] - time.time() - 12 * 3600) < 120, str(record))
    equal(with_cookie(pair.a, stolen).ask("DELETE /api/v1/session").status, 401, "a second time")
    pair.etcd.put("ended/past", '{"user":"anna","until":%d}' % time.time())
    wait_for(lambda: list(pair.told("ended/")) == [key], "what is past is removed", 20)


@test
def a_logout_is_remembered_over_restarts(b):
    pair = Pair(b, by_conf=True)
    anna = pair.at_a()
    there, stolen = pair.at_c(anna), anna.cookie
    going_on = pair.at_c()
    log_out(anna)
    wait_for(lambda: pair.told("ended/") and "ended/" in (pair.c.dir / "conf.cache").read_text(), "it is on both disks")
    check("anna" not in re.search(r"ended/.*\n.*", (pair.c.dir / "conf.cache").read_text()).group(0), "a node is not told the user")
    kill9(pair.a)
    pair.c.stop()
    pair.c.start()
    equal((there.session().status, going_on.session().status), (401, 200), "by the copy of what its master said")
    pair.a.start()
    wait_for(lambda: pair.at_a().session().status == 200, "A is back")
    wait_for(lambda: with_cookie(pair.a, stolen).session().status == 401, "A has read it in the store")


@test
def a_logout_while_the_store_is_dead_is_told_when_it_is_back(b):
    pair = Pair(b)
    anna = pair.at_a()
    there, stolen = pair.at_c(anna), anna.cookie
    for member in pair.etcd.members:
        member.kill()
    begin = time.monotonic()
    log_out(anna)
    check(time.monotonic() - begin < 2, "a logout waits for no store")
    equal(with_cookie(pair.a, stolen).session().status, 401, "at A it is over")
    equal(there.session().status, 200, "C cannot know")
    for member in pair.etcd.members:
        member.start()
    wait_for(lambda: there.session().status == 401, "C is told", 30)


@test
def with_files_a_logout_is_a_file_until_it_is_past(b):
    server = store_server(b, paths="<state-dir>%s/server%d</state-dir>" % (b.dir, len(b.servers)))
    person, going_on = Person(server), Person(server)
    person.log_in()
    going_on.log_in()
    stolen = person.cookie
    log_out(person)
    folder = server.dir / "records" / "ended.d"
    path = wait_for(lambda: list(folder.glob("*.json")), "the record")[0]
    row = json.loads(path.read_text())
    equal(row["user"], "admin")
    server.stop()
    server.start()
    wait_for(lambda: going_on.session().status == 200, "the server is back, with its keys")
    equal(with_cookie(server, stolen).session().status, 401, "after a restart too")
    path.write_text(json.dumps(dict(row, until=int(time.time()))))
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: not list(folder.iterdir()), "what is past is removed", 20)


@test
def a_key_that_is_replaced_goes_on_and_one_that_is_revoked_does_not(b):
    rotation(b, Pair(b))


@test
def a_node_hears_of_keys_that_are_replaced_and_revoked(b):
    rotation(b, Pair(b, by_conf=True))


def rotation(b, pair):

    def rotate(*more):
        before = set(pair.told("keys/a/"))
        status, out, errors = b.run("-c", str(pair.a.config), "--rotate-keys", *more)
        equal(status, 0, errors)
        wait_for(lambda: set(pair.told("keys/a/")) - before, "the new key is told")
    there, token = pair.at_c(), pair.at_a().token("c")
    rotate()
    told = pair.told("keys/a/")
    equal(len(told), 2, "the old one is told with its end: %r" % told)
    equal(sorted(abs(row["until"] - time.time() - 12 * 3600) < 60 for row in told.values() if row["until"]), [True], str(told))
    equal(there.session().status, 200, "an ordinary change ends nothing")
    pair.takes(token)  # of the key before
    there, anna = pair.at_c(), pair.at_a()
    token, kept = anna.token("c"), pair.ring()
    rotate("--revoke")
    wait_for(lambda: len(pair.told("keys/a/")) == 1, "the old ones are deleted: %r" % pair.told("keys/a/"))
    wait_for(lambda: there.session().status == 401, "the session at C ends with the key that vouched for it")
    pair.refuses(token, "a token of a revoked key")
    now = int(time.time())
    for row in kept["keys"]:
        pair.refuses(pair.forge(token, lambda t: t.update(kid=row["kid"], sid=url64(os.urandom(16)), iat=now, exp=now + 30), unurl64(row["seed"])),
                     "a new token by a revoked key")
    equal(anna.session().status, 401, "at A it has ended too")
    pair.at_c()


@test
def a_key_whose_record_is_deleted_is_believed_no_longer(b):
    deletion(Pair(b))


@test
def a_key_whose_record_is_deleted_is_believed_at_no_node(b):
    deletion(Pair(b, by_conf=True))


def deletion(pair):
    there, anna = pair.at_c(), pair.at_a()
    token = anna.token("c")
    key, = pair.told("keys/a/")
    pair.etcd.members[0].ask("/v3/kv/deleterange", {"key": b64(PREFIX + key)})
    wait_for(lambda: there.session().status == 401, "the session at C ends")
    pair.refuses(token, "a token of that key")
    wait_for(lambda: anna.session().status == 401, "the session at A ends")
    wait_for(lambda: pair.told("keys/a/") and key not in pair.told("keys/a/"), "A signs by another key")
    pair.at_c()


@test
def a_restart_keeps_what_was_handed_over_and_lets_no_token_in_twice(b):
    restart(Pair(b))


@test
def a_node_that_starts_without_its_master_keeps_what_was_handed_over(b):
    pair = Pair(b, by_conf=True)
    restart(pair, at_once=False)
    there = pair.at_c()
    wait_for(lambda: "anna" in (pair.c.dir / "conf.cache").read_text(), "what the master said is kept")
    kill9(pair.a)
    pair.c.stop()
    pair.c.start()
    equal(there.session().status, 200, "by the copy of what its master said")


def restart(pair, at_once=True):
    anna = pair.at_a()
    token = anna.token("c")
    there = Person(pair.c)
    equal(there.bring(token, pair.origin()).status, 200)
    pair.c.stop()
    # Of another second than the token.
    wait_for(lambda: int(time.time()) > json.loads(unurl64(token.split(".")[1]))["iat"], "a second has gone")
    pair.c.start()
    wait_for(lambda: there.session().status == 200, "the session goes on", 0.1 if at_once else None)
    pair.refuses(token, "the token once more, at a server that has forgotten it")
    # With the store dead, C goes on with what it had.
    for member in pair.etcd.members:
        member.kill()
    equal(there.session().status, 200)
    pair.takes(anna.token("c"))
