"""Logins of listeners, sources and administrators: password files, URL authentication, lists, guesses."""
import select
import signal
import threading

from backend import ACCEPT, Backend
from harness import ADMIN, SOURCE, check, equal, free_port, listen_socket, matches, test, wait_for
from auth_bench import SECRET, backend_of, file_mount, url_mount


def kill_and_start_again(server):
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    server.out.unlink()
    server.start()


def wait_for_spool(server, done):
    """Waits until the spool notes this many ends that the backend has accepted since the start: they are not sent
    again."""
    spool = server.dir / "log" / "auth.spool"
    wait_for(lambda: sum(line.startswith("D ") for line in spool.read_text().splitlines()) >= done,
             "%d ends are noted" % done, 20)


# -- listener_add and listener_remove

@test
def every_listener_that_was_let_in_is_told_once_when_it_leaves(t):
    backend = backend_of(t)
    server = t.server(body=url_mount("/m", listener_add=backend.url("/add"), listener_remove=backend.url("/remove")))
    source = server.source("/m")
    listeners = [server.listener("/m") for _ in range(20)]
    source.play(5)
    for listener in listeners:
        listener.close()

    def all_heard():
        source.play(1)
        return len(backend.of("listener_remove")) == 20
    wait_for(all_heard, "all have left")
    added = sorted(int(form["client"]) for form in backend.of("listener_add"))
    removed = sorted(int(form["client"]) for form in backend.of("listener_remove"))
    equal(removed, added)
    equal(len(set(added)), 20)


@test
def a_server_that_stops_tells_of_all_its_listeners(t):
    backend = backend_of(t)
    server = t.server(body=url_mount("/m", listener_add=backend.url(), listener_remove=backend.url(),
                                     mount_remove=backend.url()))
    server.source("/m")
    for _ in range(30):
        server.listener("/m")
    equal(server.stop(), 0)
    equal(len(backend.of("listener_remove")), 30)
    equal(len(backend.of("mount_remove")), 1)


@test
def after_kill_9_each_of_200_listeners_is_told_exactly_once_with_its_id(t):
    backend = backend_of(t)
    server = t.server(limits="<clients>1000</clients>",
                      body=url_mount("/m", listener_add=backend.url("/add"), listener_remove=backend.url("/remove")))
    source = server.source("/m")
    listeners = [server.listener("/m", login="user%d:pw" % i) for i in range(200)]
    source.play(5)
    listeners.pop().close()     # one has left before

    def one_heard():
        source.play(1)
        return len(backend.of("listener_remove")) == 1
    wait_for(one_heard, "the one who left is told")
    wait_for_spool(server, 1)
    added = {form["client"]: form for form in backend.of("listener_add")}
    kill_and_start_again(server)
    removed = backend.wait_for("listener_remove", 200, patience=20)
    equal(sorted(form["client"] for form in removed), sorted(added))
    for form in removed:
        for field in ("server", "mount", "user", "pass", "ip", "agent"):
            equal(form[field], added[form["client"]][field], field)
        check(0 <= int(form["duration"]) < 60, "a duration that makes no sense: " + form["duration"])
    server.wait_for_log("replaying listener_remove for 199 listeners of the previous run")
    # Clients of this run have other ids, and a third start has nothing left to tell.
    server.source("/m")
    server.listener("/m")
    check(int(backend.of("listener_add")[-1]["client"]) > max(map(int, added)), "an id was used twice")
    wait_for_spool(server, 199)
    kill_and_start_again(server)
    equal(len(backend.wait_for("listener_remove", 201)), 201)
    equal(len({form["client"] for form in backend.of("listener_remove")}), 201)


@test
def what_a_dead_backend_did_not_hear_is_told_when_it_lives_again(t):
    backend = Backend()
    server = t.server(body=url_mount("/m", listener_add=backend.url("/add"), listener_remove=backend.url("/remove")))
    source = server.source("/m")
    listeners = [server.listener("/m") for _ in range(10)]
    source.play(5)
    added = sorted(form["client"] for form in backend.of("listener_add"))
    backend.close()
    for listener in listeners:
        listener.close()

    def all_gone():
        source.play(1)
        return server.stat("/m", "listeners") == "0"
    wait_for(all_gone, "all have left")
    server.wait_for_log("events wait, next try")
    again = t.owned(Backend(port=backend.port))
    removed = again.wait_for("listener_remove", 10, patience=15)
    equal(sorted(form["client"] for form in removed), added)


@test
def who_leaves_while_the_backend_thinks_is_told_too(t):
    backend = backend_of(t, lambda form: None if form["action"] == "listener_add" else ACCEPT)
    server = t.server(body=url_mount("/m", listener_add=backend.url(), listener_remove=backend.url()))
    server.source("/m")
    wire = server.wire()
    wire.send("GET /m HTTP/1.0\r\n\r\n")
    backend.wait_for("listener_add", 1)
    wire.socket.setsockopt(__import__("socket").SOL_SOCKET, __import__("socket").SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wire.close()    # by a reset
    backend.release.set()
    equal(backend.wait_for("listener_remove", 1)[0]["duration"], "0")


@test
def a_request_for_the_head_alone_is_asked_for_and_told_at_once(t):
    backend = backend_of(t)
    server = t.server(body=url_mount("/m", listener_add=backend.url(), listener_remove=backend.url()))
    server.source("/m")
    equal(server.ask("HEAD /m HTTP/1.0").status, 200)
    equal(backend.wait_for("listener_remove", 1)[0]["client"], backend.of("listener_add")[0]["client"])


@test
def a_full_mount_gives_back_whom_the_backend_let_in(t):
    backend = backend_of(t)
    body = url_mount("/m", listener_add=backend.url(), listener_remove=backend.url())
    server = t.server(body=body.replace("<authentication", "<max-listeners>1</max-listeners><authentication", 1))
    server.source("/m")
    server.listener("/m")
    equal(server.get("/m").status, 401)
    equal(backend.wait_for("listener_remove", 1)[0]["client"], backend.of("listener_add")[1]["client"])


# -- what a backend may say

@test
def a_zero_is_refused_as_by_icecast(t):
    backend = backend_of(t, lambda form: {"icecast-auth-user": "0", "icecast-auth-message": "geo-blocked"})
    server = t.server(body=url_mount("/m", listener_add=backend.url(), auth_header="icecast-auth-user: 1"))
    server.source("/m")
    reply = server.get("/m")
    equal((reply.status, reply.get("WWW-Authenticate")), (401, 'Basic realm="Icecast2 Server"'))
    server.wait_for_log('failed with "geo-blocked"')


@test
def a_backend_may_send_listeners_elsewhere(t):
    answers = {"/here": {"Location": "http://other.example/m"},
               "/mount": {"icecast-auth-user": "1", "Mountpoint": "/second"}}
    backend = backend_of(t, lambda form: answers[form["mount"]])
    server = t.server(body=url_mount("/here", listener_add=backend.url()) +
                      url_mount("/mount", listener_add=backend.url()))
    for mount, tag in (("/here", "A"), ("/mount", "B")):
        server.source(mount)
    second = server.source("/second", tag="C")
    reply = server.get("/here")
    equal((reply.status, reply.get("Location")), (302, "http://other.example/m"))
    listener = server.listener("/mount")
    sent = second.play(5)
    equal(listener.read(500), sent[:500])
    equal(server.stat("/second", "listeners"), "1")


@test
def a_relay_named_by_the_backend_passes_the_limit(t):
    backend = backend_of(t, lambda form: dict(ACCEPT, **{"icecast-slave": "1"}) if form["user"] == "edge" else ACCEPT)
    body = url_mount("/m", listener_add=backend.url()).replace("<auth", "<max-listeners>1</max-listeners><auth", 1)
    server = t.server(body=body)
    server.source("/m")
    server.listener("/m")
    equal(server.get("/m").status, 401)
    server.listener("/m", login="edge:pw")


@test
def a_name_from_the_backend_is_the_one_in_lists_and_logs(t):
    backend = backend_of(t, lambda form: dict(ACCEPT, **{"ice-username": "jane"}))
    server = t.server(body=url_mount("/m", listener_add=backend.url()))
    source = server.source("/m")
    listener = server.listener("/m", login="token:x")
    check("<username>jane</username>" in server.get("/admin/listclients?mount=/m", ADMIN).text, "jane is not listed")
    listener.close()

    def logged():
        source.play(1)
        return " - jane [" in server.log("access")
    wait_for(logged, "the log names jane")


@test
def a_silent_backend_costs_only_those_who_wait_for_it(t):
    backend = backend_of(t, lambda form: None)
    server = t.server(body=url_mount("/locked", listener_add=backend.url(), handlers=5) +
                      url_mount("/too", listener_add=backend.url(), handlers=5, timeout=1))
    server.source("/locked")
    server.source("/too")
    free = server.source("/free")
    waiting = []
    for _ in range(120):
        wire = server.wire()
        wire.send("GET /locked HTTP/1.0\r\n\r\n")
        waiting.append(wire)
    wait_for(lambda: len(backend.forms) == 5, "five are asked for at once")
    # Two workers took them, so it is not known which ones came last.
    def answered():
        ready = select.select([wire.socket for wire in waiting], [], [], 0)[0]
        return ready if len(ready) >= 14 else None
    ready = wait_for(answered, "14 of 120 are turned away")
    busy = [wire for wire in waiting if wire.socket in ready]
    waiting = [wire for wire in waiting if wire.socket not in ready]
    equal((len(busy), len(waiting)), (14, 106))
    for wire in busy:
        reply = wire.reply()
        equal((reply.status, reply.text), (403, "busy, please try again later"))
    listener = server.listener("/free")
    sent = free.play(5)
    equal(listener.read(500), sent[:500])
    equal(server.get("/admin/stats", ADMIN).status, 200)
    equal(server.get("/too").status, 401)
    backend.release.set()
    for wire in waiting:
        equal(wire.reply_head().status, 200)


# -- pages and files

@test
def pages_are_never_locked_by_a_pattern_or_the_default_mount(t):
    backend = backend_of(t, lambda form: {})
    lock = '<authentication type="url"><option name="listener_add" value="%s"/></authentication>' % backend.url()
    server = t.server(body='<mount type="default">%s</mount><mount><mount-name>/live/*</mount-name>%s</mount>' % (lock, lock))
    server.source("/any")
    server.source("/live/one")
    for page in ("/status-json.xsl", "/status.xsl", "/no-such-file", "/live/no-such-file", "/live/x.xsl"):
        check(server.get(page).status in (200, 404), page + " is locked")
    equal(len(backend.forms), 0)
    for mount in ("/any", "/live/one"):
        equal(server.get(mount).status, 401)
    equal(len(backend.forms), 2)


@test
def a_page_or_file_with_a_mount_section_of_its_name_obeys_it(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("alice:%s\n" % SECRET)
    (server.dir / "web" / "paid.mp3").write_bytes(b"x" * 5000)
    server.write_config(body=file_mount("/paid.mp3", users) + file_mount("/status-json.xsl", users))
    server.start()
    for path in ("/paid.mp3", "/status-json.xsl"):
        equal(server.get(path).status, 401)
        equal(server.get(path, "alice:secret").status, 200)


# -- password files

@test
def new_users_are_hashed_by_yescrypt_where_nothing_else_is_said(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("# none yet\n")
    server.write_config(body=file_mount("/y", users))
    server.start()
    server.source("/y").play(10)
    check("User added" in server.get("/admin/manageauth?mount=/y&action=add&username=yo&password=pw", ADMIN).text, "not added")
    matches(r"^# none yet\nyo:\$y\$\S+\n$", users.read_text())
    server.listener("/y", login="yo:pw")


@test
def who_asks_again_at_once_is_let_in_and_a_second_one_is_not(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("alice:%s\n" % SECRET)
    server.write_config(body=file_mount("/m", users))
    server.start()
    server.source("/m").play(20)
    listener = server.listener("/m", login="alice:secret")
    equal(server.get("/m", "alice:secret").status, 401, "a second one while the first listens")
    for delay in (0, 0.05, 0.15):                        # a browser ends one request and asks again, or the other way round
        if delay:
            threading.Timer(delay, listener.close).start()
        else:
            listener.close()
        listener = server.listener("/m", login="alice:secret")
    equal(listener.head.status, 200)


@test
def the_users_of_a_file_are_listed_in_the_order_of_their_bytes(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("".join("%s:%s\n" % (user, SECRET) for user in ("zoe", "\u00fcl", "Bob", "ann")))
    server.write_config(body=file_mount("/m", users))
    server.start()
    server.source("/m")
    listed = server.get("/admin/manageauth?mount=/m", ADMIN).xml().findall("source/User/username")
    equal([user.text for user in listed], ["Bob", "ann", "zoe", "\u00fcl"])


@test
def users_may_have_modern_hashes(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("# made by manageauth below\n")
    server.write_config(body=file_mount("/b", users, hash="bcrypt", allow_duplicate_users=1) +
                        file_mount("/y", users, hash="yescrypt", allow_duplicate_users=1))
    server.start()
    server.source("/b")
    server.source("/y")
    for mount, user in (("/b", "bo"), ("/y", "yo")):
        reply = server.get("/admin/manageauth?mount=%s&action=add&username=%s&password=p%%20w" % (mount, user), ADMIN)
        check("User added" in reply.text, reply.text)
    matches(r"^# made by manageauth below\nbo:\$2y\$\S{56}\nyo:\$y\$\S+\n$", users.read_text())
    for mount in ("/b", "/y"):
        for user in ("bo", "yo"):
            server.listener(mount, login=user + ":p w")
            equal(server.get(mount, user + ":wrong").status, 401)
        equal(server.get(mount, "nobody:wrong").status, 401)


@test
def a_mount_whose_authenticator_cannot_be_set_up_lets_nobody_in(t):
    server = t.server(body='<mount><mount-name>/m</mount-name><authentication type="ldap"/></mount>')
    server.source("/m")
    equal(server.get("/m", "alice:secret").status, 403)
    server.wait_for_log('authenticator type "ldap" is not known; every listener is refused')


@test
def a_reload_changes_who_is_asked(t):
    one, two = backend_of(t), backend_of(t, lambda form: {})
    server = t.server(body=url_mount("/m", listener_add=one.url(), listener_remove=one.url()))
    source = server.source("/m")
    first = server.listener("/m")
    server.reload(body=url_mount("/m", listener_add=two.url()))
    equal(server.get("/m").status, 401)
    first.close()

    def heard():
        source.play(1)
        return one.of("listener_remove")
    wait_for(heard, "the first backend hears of the listener that it let in")
    equal(len(one.of("listener_add")), 1)
    equal(len(two.of("listener_add")), 1)


# -- sources

@test
def a_source_whose_backend_cannot_be_reached_is_not_said_to_be_refused_by_it(t):
    server = t.server(body=url_mount("/m", stream_auth="http://127.0.0.1:%d/" % free_port()))
    equal(server.ask("SOURCE /m HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE).status, 401)
    server.wait_for_log('WARN source/admission source "source" from 127.0.0.1 refused on /m: its backend did not answer$')


@test
def a_backend_that_judges_by_the_address_takes_titles_without_a_login(t):
    backend = backend_of(t, lambda form: ACCEPT if form["ip"] == "127.0.0.1" else {})
    server = t.server(body=url_mount("/m", stream_auth=backend.url()))
    server.source("/m", login=None)
    title = "GET /admin/metadata?mount=/m&mode=updinfo&song=By+address HTTP/1.0"
    equal(server.ask(title).status, 200)
    equal([backend.forms[-1][name] for name in ("user", "pass", "admin")], ["", "", "1"])
    equal(server.stat("/m", "title"), "By address")
    equal(server.ask(title, source_address="127.0.0.9").status, 401)
    before = len(backend.forms)
    equal(server.get("/admin/killsource?mount=/m").status, 401)   # no source may do this
    equal(len(backend.forms), before)


@test
def stream_auth_alone_decides_about_sources(t):
    backend = backend_of(t, lambda form: ACCEPT if form["user"] == "dj" and form["pass"] == "x:y" else {})
    server = t.server(body=url_mount("/m", stream_auth=backend.url()))
    for login in (SOURCE, "dj:wrong"):
        equal(server.ask("SOURCE /m HTTP/1.0", ["Content-Type: audio/mpeg"], login).status, 401)
    server.source("/m", login="dj:x:y")
    title = "/admin/metadata?mount=/m&mode=updinfo&song=x"
    equal(server.get(title, SOURCE).status, 401)
    equal(server.get(title, "dj:x:y").status, 200)
    equal(backend.forms[-1]["admin"], "1")
    equal(server.get("/admin/killsource?mount=/m", "dj:x:y").status, 401)
    equal(server.get("/admin/metadata?mount=/m&mode=updinfo&song=x", ADMIN).status, 200)
    before = len(backend.forms)
    server.source("/free")
    equal(server.get("/admin/metadata?mount=/free&mode=updinfo&song=x", SOURCE).status, 200)
    equal(len(backend.forms), before)


@test
def a_shoutcast_source_is_asked_for_by_stream_auth_too(t):
    backend = backend_of(t, lambda form: ACCEPT if form["pass"] == "good" else {})
    server = t.server(sockets=listen_socket(0, "<shoutcast-compat>1</shoutcast-compat><shoutcast-mount>/sc</shoutcast-mount>")
                      + listen_socket(0), body=url_mount("/sc", stream_auth=backend.url()))
    plain = server.ports[1]

    def login(password):
        wire = server.wire()
        wire.send(password + "\r\n")
        equal(wire.take_until(b"\r\n\r\n"), b"OK2\r\nicy-caps:11\r\n\r\n")
        wire.send("icy-name:x\r\ncontent-type:audio/mpeg\r\n\r\n")
        return wire
    bad = login("bad")
    bad.take_all()
    login("good")
    wait_for(lambda: b"200" in server.wire(plain).socket.recv(0) + ask_raw(server, plain, "/sc"), "the source is there")


def ask_raw(server, port, mount):
    wire = server.wire(port)
    wire.send("HEAD %s HTTP/1.0\r\n\r\n" % mount)
    return wire.take_until(b"\r\n")
