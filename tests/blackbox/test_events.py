"""Events of a node: /admin/events, and the program of <on-node-event>."""
import stat

from events import Events
from harness import ADMIN, RELAY, SOURCE, check, equal, request, test, wait_for


@test
def a_reader_hears_of_sources_and_of_the_drain(bench):
    server = bench.server(body="<cluster><id>edge1</id></cluster>")
    events = Events(server)
    equal(events.head.status, 200, "status")
    equal(events.head.get("Content-Type"), "text/event-stream", "type")
    source = server.source(lines=["User-Agent: Enc \"1\""])
    event = events.next()
    equal((event["event"], event["subject"], event["node"]), ("source-connect", "/live.mp3", "edge1"), "the first event")
    equal((event["type"], event["user-agent"], event["relay"]), ("audio/mpeg", 'Enc "1"', "0"), "its facts")
    source.leave()
    equal(events.next()["event"], "source-disconnect", "the second event")
    server.get("/admin/drain?mode=soft", ADMIN)
    equal(events.next()["mode"], "soft", "mode of the drain")
    equal(events.next()["event"], "drained", "an empty node is drained at once")
    server.get("/admin/undrain", ADMIN)
    equal(events.next()["event"], "undrain", "kind")
    server.reload()
    equal(events.next()["result"], "applied", "the reload")
    server.stop()
    equal(events.next()["event"], "stop", "the last event")
    check(not events.wire.take_all(), "nothing more")


@test
def who_comes_back_hears_what_was_missed(bench):
    server = bench.server()
    events = Events(server)
    server.source("/a.mp3")
    first = events.next("source-connect")
    events.wire.close()
    server.source("/b.mp3")
    server.source("/c.mp3")
    wait_for(lambda: "/c.mp3" in server.log(), "all are there")
    again = Events(server, first["id"])
    equal([again.next()["subject"], again.next()["subject"]], ["/b.mp3", "/c.mp3"], "what was missed")
    other_run = Events(server, "1-1")
    equal(other_run.next()["event"], "start", "the first event of this run")


@test
def events_are_for_the_administrator(bench):
    server = bench.server()
    for login in (None, SOURCE, RELAY, "admin:wrong"):
        equal(Events(server, login=login).head.status, 401, "status for %r" % login)


@test
def a_reader_is_a_client_and_has_a_line_in_the_access_log(bench):
    server = bench.server()
    events = Events(server)
    server.source()
    events.next()
    equal(server.stats().findtext("clients"), "3", "clients: reader, source, and this request")
    events.wire.close()
    server.source("/more.mp3")
    server.wait_for_log(r'127\.0\.0\.1 - - \[.*\] "GET /admin/events HTTP/1\.0" 200 ', "access")


@test
def a_title_is_told_when_it_sounds_and_of_many_at_once_the_newest(bench):
    server = bench.server()
    source = server.source()
    wait_for(lambda: source.play(2) and (server.get("/api/v1/now/live.mp3").json()["live"] or {}).get("wall_ms"), "the stream has times", 20)
    events = Events(server)
    equal(server.set_title(song="One%20-%20Two").status, 200)
    told = events.next("title")
    since = wait_for(lambda: server.get("/api/v1/now/live.mp3").json()["title"], "the title is known")["wall_ms"]
    equal((told["subject"], told["text"], told["artist"], told["title"], told["since"]), ("/live.mp3", "One - Two", "One", "Two", str(since)))
    for number in range(20):
        equal(server.set_title(song="Flood%%20%d" % number).status, 200)
    seen = []
    while not seen or seen[-1] != "Flood 19":
        seen.append(events.next("title")["text"])
    check(len(seen) < 20, "all were told: %s" % seen)


@test
def a_reader_who_does_not_read_is_let_go(bench):
    server = bench.server(limits="<sources>200</sources><clients>400</clients>")
    reader = server.wire(receive_buffer=2048)
    reader.send(request("GET /admin/events HTTP/1.0", [], ADMIN))
    long_name = "User-Agent: " + "x" * 8000

    def gone():
        for _ in range(20):
            server.source(lines=[long_name]).leave()
            server.wait_until_gone("/live.mp3")
        return server.get("/metrics").text.find("icecast_event_readers 0") > 0
    wait_for(gone, "the reader has been dropped", 60)


@test
def a_program_is_run_for_every_event_without_a_shell(bench):
    told = bench.dir / "told"
    told.mkdir(mode=0o777)
    told.chmod(0o777)
    program = bench.dir / "tell me"
    program.write_text("#!/bin/sh\nenv >%s/$$.new\necho \"ARGUMENTS=$#:$1\" >>%s/$$.new\nmv %s/$$.new %s/$$.env\n"
                       % (told, told, told, told))
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    server = bench.server(body="<cluster><id>edge1</id><on-node-event>%s</on-node-event></cluster>" % program)
    server.source("/a;touch%20x.mp3", lines=["User-Agent: $(id)"])

    def event():
        for path in told.glob("*.env"):
            lines = dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
            if lines.get("EVENT_TRIGGER") == "source-connect":
                return lines
        return None
    lines = wait_for(event, "the program was run: " + server.log())
    equal(lines["EVENT_SUBJECT"], "/a;touch x.mp3", "EVENT_SUBJECT")
    equal(lines["EVENT_USER_AGENT"], "$(id)", "EVENT_USER_AGENT")
    equal((lines["EVENT_NODE"], lines["EVENT_RELAY"]), ("edge1", "0"), "node and relay")
    equal(lines["ARGUMENTS"], "1:source-connect", "its arguments")
