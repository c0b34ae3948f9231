"""The STATS method (compat.md 5.8)."""
from harness import ADMIN, SOURCE, equal, request, test, wait_for


def follow(server):
    wire = server.wire()
    wire.send(request("STATS / HTTP/1.0", (), ADMIN))
    equal(wire.take_until(b"\r\n\r\n"), b"HTTP/1.0 200 OK\r\n\r\n")
    return wire


@test
def a_follower_gets_a_dump_and_then_every_change(t):
    server = t.server()
    wire = follow(server)
    wire.take_until(b"EVENT global admin admin@example.org\n")
    wire.take_until(b"EVENT global stats 1\n")
    source = server.source("/a.mp3", lines=["ice-name: Event Name"])
    wire.take_until(b"EVENT /a.mp3 server_name Event Name\n")
    listener = server.listener("/a.mp3")
    wire.take_until(b"EVENT /a.mp3 listeners 1\n")
    source.leave()
    wire.take_until(b"EVENT /a.mp3 null null\n")
    equal(server.stats().findtext("stats_connections"), "1")
    wire.close()
    wait_for(lambda: server.stats().findtext("stats") == "0", "the follower is counted no more")
    server.wait_for_log('"STATS / HTTP/1.0" 200', "access")
    del listener


@test
def only_the_administrator_may_follow(t):
    server = t.server()
    for login in (None, SOURCE, "admin:wrong"):
        equal(server.ask("STATS / HTTP/1.0", login=login).status, 401)
