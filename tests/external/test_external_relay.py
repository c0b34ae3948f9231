"""Relays in the list of a <config-external>: pulled while the list has them, and only from allowed servers
(doc/external.md)."""
from external_bench import backend_of, element, in_force, sight
from harness import ADMIN, check, equal, test, wait_for
from upstream import Upstream


def row(port, **more):
    return {"settings": {"stream-name": "Relayed"}, "relay": dict({"server": "127.0.0.1", "port": port, "mount": "/live.mp3"}, **more)}


def origin(t, tag):
    server = t.server()
    server.encoder = t.owned(server.source(tag=tag))
    server.encoder.play(200)
    return server


def pulled(server):
    """The number of clients that pull its stream; the end of one is detected by a write."""
    server.encoder.play(1)
    return server.get("/admin/listclients?mount=/live.mp3", ADMIN).text.count("<listener id")


def plays(server, name="/r.mp3"):
    wait_for(lambda: server.stat(name, "server_name") == "Relayed", "%s is pulled: %s" % (name, server.log()[-600:]), 15)
    check(server.listener(name).read(400), "%s is not heard" % name)


@test
def a_relay_of_the_list_is_pulled_as_long_as_it_is_there(t):
    one, two = origin(t, "A"), origin(t, "B")
    backend = backend_of(t, {"/m0": {}, "/r.mp3": row(one.port)})
    server = t.server(body=element(backend.url(), private_relays="1"))
    in_force(server, 2)
    plays(server)
    check("relay[/r.mp3] added" in server.log(), "the log does not say what has changed: " + server.log()[-900:])
    # Another upstream: the listener stays.
    listener = t.owned(server.listener("/r.mp3"))
    listener.read(400)
    backend.change({"/m0": {}, "/r.mp3": row(two.port)})
    wait_for(lambda: "relay[/r.mp3]/port" in server.log(), "the change is in the log")
    wait_for(lambda: pulled(two) == 1, "the other upstream is pulled")
    # A change of the mount alone does not touch the pull.
    backend.change({"/m0": {"settings": {"hidden": True}}, "/r.mp3": row(two.port)})
    wait_for(lambda: "mount[/m0]/hidden" in server.log(), "the change is in the log")
    equal(len([line for line in server.log().splitlines() if "relay[/r.mp3]" in line]), 2, "changes of the relay")
    # Suspended: no stream; then gone.
    backend.change({"/m0": {}, "/r.mp3": dict(row(two.port), state="suspended")})
    server.wait_until_gone("/r.mp3")
    backend.change({"/m0": {}, "/r.mp3": row(one.port)})
    plays(server)
    backend.change({"/m0": {}, "/q.mp3": {}})
    in_force(server, 2)
    server.wait_until_gone("/r.mp3")
    wait_for(lambda: pulled(one) == 0, "the pull has ended")
    equal(server.get("/r.mp3").status, 404, "the mount")


@test
def a_relay_of_the_list_is_pulled_after_a_kill_without_the_backend(t):
    up = origin(t, "A")
    backend = backend_of(t, {"/r.mp3": row(up.port, username="u", password="s3cret-relay")})
    server = t.server(body=element(backend.url(), private_relays="1"))
    plays(server)
    path = server.dir / "log" / "external.json"
    wait_for(lambda: path.exists() and "s3cret-relay" in path.read_text(), "the copy has it")
    check("s3cret-relay" not in server.log() + server.get("/admin/external.json", ADMIN).text, "a password is shown")
    backend.close()
    server.kill()
    server.start()
    plays(server)


@test
def an_idle_relay_of_the_list_starts_with_its_first_listener(t):
    up = origin(t, "A")
    backend = backend_of(t, {"/r.mp3": row(up.port, **{"on-demand": True, "run-on": 0})})
    server = t.server(body=element(backend.url(), private_relays="1"))
    in_force(server, 1)
    equal(pulled(up), 0, "pulls before it is asked for")
    listener = server.listener("/r.mp3")
    check(listener.read(400), "it is not heard")
    equal(pulled(up), 1, "pulls")


@test
def a_list_cannot_make_the_server_ask_private_addresses(t):
    upstream = Upstream(t, lambda request: b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n")
    rows = {"/ip": row(upstream.port), "/name": row(upstream.port, server="localhost"),
            "/hosts": {"relay": {"port": upstream.port, "host": [{"server": "127.0.0.1"}, {"server": "[::1]"}]}},
            "/idle": row(upstream.port, **{"on-demand": True})}
    backend = backend_of(t, rows)
    server = t.server(body=element(backend.url()))
    in_force(server, 4)
    for name in rows:
        if name != "/idle":
            wait_for(lambda: any("is a loopback address" in line and name in line for line in server.log().splitlines()),
                     "the log says why %s is not pulled: %s" % (name, server.log()[-1500:]))
    check(server.get("/idle").status in (404, 503), "what the idle relay's listener is told")
    equal(upstream.requests, [], "what the upstream was asked")
    # The file says so: then it may.
    server.reload(body=element(backend.url(), private_relays="1"))
    upstream.asked()


@test
def a_list_cannot_start_programs_or_leave_its_mount(t):
    more = {"exec": "/bin/true", "content-type": "audio/mpeg", "local-mount": "/admin", "private-redirects": True, "uri": "http://a/"}
    rows = {"/bad-%s" % name: row(8000, **{name: value}) for name, value in more.items()}
    rows.update({"/no-server": {"relay": {"port": 8000}}, "/no-port": {"relay": {"server": "a.example"}}, "/list": {"relay": []},
                 "/huge-port": row(10 ** 30), "/good": {}})
    backend = backend_of(t, rows)
    server = t.server(body=element(backend.url()))
    in_force(server, 1)
    faults = {bad["mount"]: bad["errors"] for bad in sight(server)["faults"]}
    equal(set(faults), set(rows) - {"/good"}, "the faults")
    for name in more:
        pointer = faults["/bad-" + name][0]["pointer"]
        check(pointer.endswith("/relay/" + name), "%s: %s" % (name, pointer))
        check("only the configuration file" in faults["/bad-" + name][0]["detail"], faults["/bad-" + name])


@test
def a_relay_of_the_file_counts_before_one_of_the_list(t):
    mine, theirs = origin(t, "A"), origin(t, "B")
    backend = backend_of(t, {"/r.mp3": row(theirs.port)})
    file = ("<relay><server>127.0.0.1</server><port>%d</port><mount>/live.mp3</mount><local-mount>/r.mp3</local-mount></relay>" % mine.port)
    server = t.server(body=element(backend.url(), private_relays="1") + file)
    in_force(server, 1)
    plays(server)
    wait_for(lambda: pulled(mine) == 1, "the file's upstream is pulled")
    equal(pulled(theirs), 0, "pulls of the list's upstream")
