"""Guessed passwords are slowed down, right ones are not; lists of addresses and of programs."""
from auth_bench import ACCEPT, SECRET, backend_of, file_mount, url_mount
from harness import ADMIN, RELAY, SOURCE, Failed, check, equal, listen_socket, request, test, wait_for


def guess(server, n, path="/admin/stats", user="admin"):
    return [server.get(path, "%s:guess%d" % (user, i)).status for i in range(n)]


@test
def guesses_are_slowed_down_and_nobody_else(t):
    server = t.server()
    answers = guess(server, 40)
    equal(answers[:20], [401] * 20)
    check(answers.count(401) <= 24, "%d of 40 guesses were judged" % answers.count(401))
    reply = server.get("/admin/stats", "admin:guess")
    if reply.status == 429:
        equal(reply.get("Retry-After"), "1")
    # Another name, another address, nobody's name: not slowed down.
    server.source("/m")
    equal(server.get("/admin/metadata?mount=/m&mode=updinfo&song=x", SOURCE).status, 200)
    equal(server.ask("GET /admin/stats HTTP/1.0", (), ADMIN, source_address="127.0.0.9").status, 200)
    equal(server.get("/admin/stats").status, 401)
    # And the right password works again soon.
    wait_for(lambda: server.get("/admin/stats", ADMIN).status == 200, "the administrator gets in")


@test
def a_right_password_gets_in_however_many_wrong_ones_come_from_its_address(t):
    server = t.server(sockets=listen_socket(0) + listen_socket(0, "<shoutcast-compat>1</shoutcast-compat><shoutcast-mount>/sc</shoutcast-mount>"),
                      body="<shoutcast-mount>/sc</shoutcast-mount>")

    def shoutcast(password):
        wire = server.wire(server.ports[1])
        wire.send(password + "\r\n")
        return wire
    wrong_source = lambda: server.ask("SOURCE /other HTTP/1.0", ["Content-Type: audio/mpeg"], "source:bad").status
    for _ in range(40):
        server.get("/admin/stats", "admin:bad")
        server.get("/metrics", "admin:bad")
        wrong_source()
    server.source("/sc")   # right, and 429 before
    for _ in range(10):
        check(wrong_source() in (401, 429), "a wrong source was let in")
        check(server.get("/admin/stats", "admin:bad").status in (401, 429), "a wrong administrator was let in")
        equal(server.get("/admin/stats", ADMIN).status, 200)
        equal(server.get("/admin/metadata?mount=/sc&mode=updinfo&song=x", SOURCE).status, 200)
        # Let in; only a Shoutcast source takes titles this way.
        check("illegal metadata call" in server.get("/admin.cgi?pass=src-secret&mode=updinfo&song=x").text, "admin.cgi")
        equal(server.get("/metrics", ADMIN).status, 200)
    source = server.source("/m")
    source.leave()
    server.get("/admin/killsource?mount=/sc", ADMIN)
    server.wait_until_gone("/sc")
    shoutcast("bad").expect_silence_and_close()
    equal(shoutcast("src-secret").take_until(b"\r\n\r\n"), b"OK2\r\nicy-caps:11\r\n\r\n")
    check([guess(server, 1)[0] for _ in range(40)].count(429) > 10, "wrong ones are still slowed down")


@test
def guesses_without_a_name_count_as_the_administrators(t):
    server = t.server(body="<shoutcast-mount>/sc</shoutcast-mount>")
    server.source("/sc")
    for i in range(40):
        server.get("/admin.cgi?pass=guess%d&mode=updinfo&song=x" % i)
    answers = guess(server, 10)
    check(answers.count(429) >= 5, "the administrator's password may be guessed as often again: %r" % answers)
    equal(server.get("/admin/stats", ADMIN).status, 200)


@test
def what_is_no_guess_costs_nothing(t):
    server = t.server()
    server.source("/m")
    for _ in range(30):
        equal(server.get("/admin/stats", RELAY).status, 401)        # right, in the wrong role
        equal(server.get("/admin/stats", SOURCE).status, 401)
        equal(server.get("/admin/stats").status, 401)               # none at all
        equal(server.get("/admin/stats", ADMIN).status, 200)
    cross = ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"]
    for _ in range(30):
        equal(server.ask("GET /admin/killsource?mount=/m HTTP/1.0", cross, "admin:wrong").status, 403)
    equal(server.get("/admin/stats", "admin:wrong").status, 401)


@test
def sources_and_listeners_are_slowed_down_too(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("alice:%s\n" % SECRET)
    server.write_config(body=file_mount("/locked", users))
    server.start()
    server.source("/locked")
    feed = [server.ask("SOURCE /x HTTP/1.0", ["Content-Type: audio/mpeg"], "source:bad%d" % i).status for i in range(40)]
    listen = guess(server, 40, "/locked", "alice")
    for answers in (feed, listen):
        check(20 <= answers.count(401) <= 24 and 429 in answers, "answers %r" % answers)


@test
def a_listener_with_the_right_password_gets_in_beside_wrong_ones(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("alice:%s\n" % SECRET)
    backend = backend_of(t, lambda form: ACCEPT if form.get("pass") == "good" else {})
    server.write_config(body=file_mount("/locked", users, allow_duplicate_users="1")
                        + url_mount("/asked", listener_add=backend.url(), allow_duplicate_users="1")
                        + url_mount("/feed", stream_auth=backend.url()))
    server.start()
    server.source("/locked")
    server.source("/asked")
    server.listener("/asked", login="bob:good").close()
    guess(server, 40, "/locked", "alice")
    guess(server, 40, "/asked", "bob")

    def feed(word):
        wire = server.wire()
        wire.send(request("SOURCE /feed HTTP/1.0", ["Content-Type: audio/mpeg"], "dj:" + word))
        status = wire.reply_head().status
        wire.close()
        return status
    equal(feed("good"), 200)
    for i in range(40):
        feed("bad%d" % i)
    for _ in range(5):
        server.listener("/locked", login="alice:secret").close()
        server.listener("/asked", login="bob:good").close()
        check(feed("good") in (200, 403), "a right one is let in, or finds the mount in use")
        server.get("/locked", "alice:bad"), server.get("/asked", "bob:bad"), feed("bad")
    for _ in range(30):
        equal(server.get("/admin/stats?mount=/locked", "alice:secret").status, 401)   # right, in the wrong role
    asked = len(backend.forms)
    check(guess(server, 20, "/asked", "bob").count(429) > 10 and len(backend.forms) < asked + 10, "wrong ones are slowed down still")


@test
def guesses_at_the_feed_of_counters_count_as_all_others(t):
    server = t.server()
    feed = [server.ask("STATS / HTTP/1.0", (), "admin:guess%d" % i).status for i in range(40)]
    check(20 <= feed.count(401) <= 24 and 429 in feed, "answers %r" % feed)
    answers = guess(server, 10)
    check(answers.count(429) >= 5, "the administrator's password may be guessed as often again: %r" % answers)
    server.wait_for_log(r'login of "admin" from 127\.0\.0\.1 refused on /: wrong password')
    wire = server.wire()
    wire.send(request("STATS / HTTP/1.0", (), ADMIN))
    equal(wire.take_until(b"\r\n\r\n"), b"HTTP/1.0 200 OK\r\n\r\n", "a right one gets in")


# -- lists

@test
def lists_of_addresses_are_read_again_when_they_change(t):
    server = t.unstarted_server()
    deny = server.dir / "deny"
    deny.write_text("127.0.0.0/30\n!\n")
    server.write_config(paths="<deny-ip>%s</deny-ip>" % deny)
    server.write_config()
    server.start_raw = server.start
    server.start()
    from_there = {"source_address": "127.0.0.3"}
    server.wire(**from_there).expect_silence_and_close()
    server.wait_for_log('"!" is not an address, network or pattern')
    deny.write_text("# nobody\n")

    def welcome():
        try:
            return server.ask("GET /status-json.xsl HTTP/1.0", **from_there).status == 200
        except Failed:
            return False
    wait_for(welcome, "the list is read again", patience=15)


@test
def programs_may_be_refused_by_their_name(t):
    server = t.unstarted_server()
    agents = server.dir / "agents"
    agents.write_text("# bad\n*badbot*\n")
    server.write_config(paths="<deny-agents>%s</deny-agents>" % agents)
    server.start()
    server.source("/m")
    equal(server.get("/status-json.xsl", headers=["User-Agent: Some BadBot/1"]).status, 403)
    equal(server.get("/m", headers=["User-Agent: badbot"]).status, 403)
    equal(server.get("/status-json.xsl", headers=["User-Agent: VLC"]).status, 200)
    equal(server.get("/status-json.xsl").status, 200)
