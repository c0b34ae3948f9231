"""Pages with numbers of the whole server, read by operators, owners and viewers: they get their own part, or a
refusal."""
import json
import re

from api import store_server, with_api
from harness import ADMIN, check, equal, test, wait_for
from wire import request


def staff(t):
    server, api = with_api(store_server(t, body="<console/><metrics><allow>none</allow></metrics>"))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    logins = {}
    for name, role, more in (("otto", "operator", {"mounts": ["/acme-1"]}), ("olga", "owner", {"account": "acme"}),
                             ("vera", "viewer", {}), ("vito", "viewer", {"addresses": True})):
        made = api.want(201, "POST", "/users", {"name": name, "role": role, **more}).json()
        logins[name] = "%s:%s" % (name, made["password"])
    sources = {name: api.mount(name, **more) for name, more in (("/acme-1", {"account": "acme"}), ("/theirs", {}))}
    return server, api, logins, sources


def follow(server, login):
    wire = server.wire()
    wire.send(request("GET /admin/events HTTP/1.1", ["Host: x"], login, b""))
    equal(wire.reply_head().status, 200, login)
    return wire


def events(wire, last):
    """All events up to the one of this name."""
    found = []
    while not found or found[-1]["event"] != last:
        line = wire.take_until(b"\n").decode()
        if line.startswith("data: "):
            found.append(json.loads(line[6:]))
    return found


@test
def metrics_of_own_mounts(t):
    server, api, logins, sources = staff(t)
    for name, login in sources.items():
        server.source(name, login=login).play(4)

    def samples(login):
        reply = server.get("/metrics", login)
        equal(reply.status, 200, login)
        return [line for line in reply.text.splitlines() if not line.startswith("#")]
    for who in ("otto", "olga"):
        wait_for(lambda: 'icecast_source_up{mount="/acme-1"} 1' in samples(logins[who]), "the numbers of " + who)
        for line in samples(logins[who]):
            check('{mount="/acme-1"' in line, line)
    for login in (logins["vera"], ADMIN):
        lines = samples(login)
        check(any("/theirs" in line for line in lines) and any(line.startswith("icecast_server_") for line in lines), login)
    equal(server.get("/metrics").status, 401)
    # The next who asks gets what is his, whoever asked before.
    check(not any("/theirs" in line for line in samples(logins["otto"])), "no shared text")


@test
def events_of_own_mounts_and_without_addresses(t):
    server, api, logins, sources = staff(t)
    readers = {who: follow(server, login) for who, login in [*logins.items(), ("admin", ADMIN)]}
    for name in ("/theirs", "/acme-1"):
        server.source(name, login=sources[name]).play(4)
        wait_for(lambda: server.stat(name, "listeners") is not None, name + " is on air")
    equal(server.get("/admin/drain?mode=soft", ADMIN).status, 200)
    heard = {who: events(wire, "drained") for who, wire in readers.items()}
    for who in ("otto", "olga"):
        equal({row["subject"] for row in heard[who] if row["event"] == "source-connect"}, {"/acme-1"}, who)
        check(all("address" in row for row in heard[who] if row["event"] == "source-connect"), who)
        check(all("mode" not in row for row in heard[who] if row["event"].startswith("drain")), "no details of the node")
    for who, seen in (("vera", False), ("vito", True), ("admin", True)):
        rows = [row for row in heard[who] if row["event"] == "source-connect"]
        equal({row["subject"] for row in rows}, {"/acme-1", "/theirs"}, who)
        equal({"address" in row for row in rows}, {seen}, who)


@test
def a_reader_of_events_goes_with_its_login(t):
    server, api, logins, sources = staff(t)
    wires = {who: follow(server, logins[who]) for who in ("otto", "vera")}
    api.want(200, "PATCH", "/users/otto", {"disabled": True})
    wait_for(lambda: not wires["otto"].is_open(), "the stream of a disabled user ends")
    check(wires["vera"].is_open(), "that of others goes on")
    # Long before the next beat of the stream, which is 15 s away.
    made = api.want(201, "POST", "/tokens", {"name": "panel", "role": "viewer"}).json()
    wire = server.wire()
    wire.send("GET /admin/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % made["token"])
    equal(wire.reply_head().status, 200)
    api.want(204, "DELETE", "/tokens/" + made["id"])
    wait_for(lambda: not wire.is_open(), "the stream of a deleted token ends", 8)


@test
def stats_are_of_the_whole_server_or_of_none(t):
    server, api, logins, sources = staff(t)
    server.source("/acme-1", login=sources["/acme-1"]).play(4)
    for who in ("otto", "olga"):
        reply = server.ask("STATS / HTTP/1.0", [], logins[who])
        equal(reply.status, 403, who)
        check("/admin/stats?mount=" in reply.text, reply.text)
        equal(server.get("/admin/stats?mount=/acme-1", logins[who]).status, 200, who)
    equal(server.ask("STATS / HTTP/1.0", [], "otto:wrong").status, 401)
    for login, seen in ((logins["vera"], False), (logins["vito"], True), (ADMIN, True)):
        wire = server.wire()
        wire.send(request("STATS / HTTP/1.0", [], login, b""))
        text = ""
        while "EVENT /acme-1 total_bytes_sent" not in text:
            text += wire.take_until(b"\n").decode()
        equal(bool(re.search("^EVENT /acme-1 source_ip ", text, re.M)), seen, login)
        for path in ("/admin/stats", "/admin/stats?mount=/acme-1"):
            text = server.get(path, login).text
            check("<user_agent>" in text or "<listenurl>" in text, text)
            equal("<source_ip>" in text, seen, path + " as " + login)
