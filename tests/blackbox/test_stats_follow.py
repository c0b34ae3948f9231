"""The STATS method."""
import os
import socket

from harness import ADMIN, SOURCE, check, equal, request, test, wait_for


def follow(server):
    wire = server.wire()
    wire.send(request("STATS / HTTP/1.0", (), ADMIN))
    equal(wire.take_until(b"\r\n\r\n"), b"HTTP/1.0 200 OK\r\n\r\n")
    return wire


def cpu_of(server):
    """Seconds of processor time that the server has used."""
    fields = open("/proc/%d/stat" % server.process.pid).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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
def a_follower_that_sends_no_more_still_reads(t):
    """As `nc -N` and `socat -` do at the end of their input."""
    server = t.server()
    wire = server.wire()
    wire.send(request("STATS / HTTP/1.0", (), ADMIN))
    wire.socket.shutdown(socket.SHUT_WR)
    equal(wire.take_until(b"\r\n\r\n"), b"HTTP/1.0 200 OK\r\n\r\n")
    wire.take_until(b"EVENT global stats 1\n")
    server.source("/a.mp3")
    wire.take_until(b"EVENT /a.mp3 listeners 0\n")
    # No event of its socket is taken again and again meanwhile.
    used = cpu_of(server)
    server.set_title("/a.mp3", song="next")
    wire.take_until(b"EVENT /a.mp3 title next\n")
    check(cpu_of(server) - used < 0.5, "it rests")
    wire.close()
    wait_for(lambda: server.stats().findtext("stats") == "0", "the follower is counted no more")


@test
def only_the_administrator_may_follow(t):
    server = t.server()
    for login in (None, SOURCE, "admin:wrong"):
        equal(server.ask("STATS / HTTP/1.0", login=login).status, 401)


@test
def lines_too_long_for_a_clients_buffer_are_left_out(t):
    server = t.server()
    server.source("/a.mp3")
    wire = follow(server)
    wire.take_until(b"EVENT /a.mp3 total_bytes_sent 0\n")
    server.set_title("/a.mp3", song="x" * 250)
    server.set_title("/a.mp3", song="x" * 100)
    changes = wire.take_until(b"EVENT /a.mp3 title %s\n" % (b"x" * 100))
    check(all(len(line) < 200 for line in changes.split(b"\n")), "a line of 200 bytes")


@test
def a_dump_has_the_form_of_2_4(t):
    server = t.server(body="<mount><mount-name>/hidden</mount-name><hidden>1</hidden></mount>")
    server.source("/b", lines=["ice-name: Name of B"])
    server.source("/hidden")
    wire = follow(server)
    lines = wire.take_until(b"EVENT /hidden total_bytes_sent 0\n").decode().splitlines()
    check(all(line.startswith("EVENT ") and len(line.split(" ")) >= 4 for line in lines), "%r" % lines)
    order = [tuple(line.split(" ")[1:3]) for line in lines]
    for where in ("global", "/b", "/hidden"):
        names = [name for place, name in order if place == where]
        check(names and names == sorted(names), "%s: %r" % (where, names))
    check("EVENT /b server_name Name of B" in lines, "%r" % lines)
