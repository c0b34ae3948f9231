"""The three logs, line by line, and their rotation (compat.md 8.3)."""
import re
import signal

from harness import ADMIN, check, equal, request, test, wait_for

TIME = r"\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]"


@test
def the_access_log_has_icecasts_lines(t):
    server = t.server()
    server.ask("GET /none?secret=1 HTTP/1.0", ["Referer: http://r/", "User-Agent: Agent/1 (x)"])
    server.get("/admin/stats", ADMIN)
    server.wait_for_log(r'^127\.0\.0\.1 - - %s "GET /none HTTP/1\.0" 404 \d+ "http://r/" "Agent/1 \(x\)" 0$' % TIME, "access")
    server.wait_for_log(r'^127\.0\.0\.1 - - %s "GET /admin/stats HTTP/1\.0" 200 \d+ "-" "-" 0$' % TIME, "access")
    check("secret" not in server.log("access"), "the query is in the log")


@test
def listeners_and_sources_are_logged_when_they_end(t):
    server = t.server()
    source = server.source("/m", lines=["User-Agent: Enc/1"])
    listener = server.listener("/m", lines=["User-Agent: Player/1"])
    source.play(20)
    listener.read(18 * 384)
    check("Player/1" not in server.log("access"), "logged before its end")
    listener.close()
    wait_for(lambda: source.play(1) and "Player/1" in server.log("access"), "the listener is logged")
    found = server.wait_for_log(r'^127\.0\.0\.1 - - %s "GET /m HTTP/1\.0" 200 (\d+) "-" "Player/1" \d+$' % TIME, "access")
    check(18 * 384 < int(found.group(1)) < 40 * 384, "bytes " + found.group(1))
    source.leave()
    server.wait_for_log(r'^127\.0\.0\.1 - - %s "SOURCE /m HTTP/1\.0" 200 \d+ "-" "Enc/1" \d+$' % TIME, "access")


@test
def what_is_sent_cannot_break_a_line(t):
    server = t.server()
    server.ask("GET /none HTTP/1.0", ['User-Agent: a"b\\c`d\xe4\x7fe', "Referer: x\ty"])
    line = server.wait_for_log(r'^.*"GET /none HTTP/1\.0" 404 .*$', "access").group(0)
    check(line.endswith('"x.y" "a.b.c.d..e" 0'), line)
    equal(line.count('"'), 6)


@test
def silent_clients_are_not_in_the_access_log(t):
    server = t.server()
    wire = server.wire()
    wire.send("BREW / HTTP/1.0\r\n\r\n")
    wire.expect_silence_and_close()
    server.get("/last")
    server.wait_for_log("/last", "access")
    check("BREW" not in server.log("access"), server.log("access"))


@test
def the_error_log_has_icecasts_lines(t):
    server = t.server()
    source = server.source("/m")
    listener = server.listener("/m")
    server.wait_for_log(r"^\[\d{4}-\d\d-\d\d  \d\d:\d\d:\d\d\] INFO [a-z_]+/[a-z_]+ listener count on /m now 1$")
    listener.close()
    wait_for(lambda: source.play(1) and "listener count on /m now 0\n" in server.log(), "the listener is gone")
    source.leave()
    for line in server.log().splitlines():
        check(re.match(r"\[\d{4}-\d\d-\d\d  \d\d:\d\d:\d\d\] (EROR|WARN|INFO|DBUG) \S+/\S+ \S", line), "odd line %r" % line)


@test
def the_level_decides_what_is_written(t):
    server = t.server(logging="<loglevel>1</loglevel>")
    server.source("/m").leave()
    server.wait_until_gone("/m")
    equal(server.log(), "")


@test
def hup_and_usr1_write_on_in_a_new_file(t):
    for number in (signal.SIGHUP, signal.SIGUSR1):
        server = t.server()
        for name in ("access", "error", "playlist"):
            path = server.dir / "log" / (name + ".log")
            path.rename(str(path) + ".1")
        server.send_signal(number)
        wait_for(lambda: (server.dir / "log" / "access.log").exists(), "there is a new access.log")
        server.get("/after")
        server.wait_for_log("GET /after ", "access")
        check("/after" not in (server.dir / "log" / "access.log.1").read_text(), "the old file is still written")


@test
def no_line_is_lost_across_rotations(t):
    server = t.server()
    log = server.dir / "log" / "access.log"
    for n in range(30):
        server.get("/n%d" % n)
        if n % 10 == 5:
            log.rename(server.dir / "log" / ("access.%d" % n))
            server.send_signal(signal.SIGUSR1)
            wait_for(log.exists, "there is a new access.log")

    def lines():
        return sum((path.read_text().splitlines() for path in (server.dir / "log").glob("access*")), [])
    wait_for(lambda: len(lines()) == 30, "there are 30 lines: %d" % len(lines()))


@test
def a_log_that_grows_too_large_is_renamed(t):
    server = t.server(logging="<logsize>2</logsize>")
    for n in range(40):
        server.ask("GET /n%d HTTP/1.0" % n, ["User-Agent: " + "x" * 100])
    old = server.dir / "log" / "access.log.old"
    wait_for(old.exists, "there is an access.log.old")
    check((server.dir / "log" / "access.log").stat().st_size <= 3000, "the new one is as large")


@test
def term_writes_the_lines_of_those_who_were_there(t):
    server = t.server()
    source = server.source("/m")
    listeners = [server.listener("/m") for _ in range(3)]
    source.play(10)
    for listener in listeners:
        listener.read(384)
    equal(server.stop(), 0)
    log = server.log("access")
    equal(log.count('"GET /m HTTP/1.0" 200'), 3, "lines of listeners")
    equal(log.count('"SOURCE /m HTTP/1.0" 200'), 1, "lines of sources")
    check(re.search(r"INFO main/main Shutting down\n\Z", server.log()), server.log()[-200:])


@test
def a_password_is_in_no_log(t):
    server = t.server()
    wire = server.wire()
    wire.send(request("SOURCE /m HTTP/1.0", ["Content-Type: audio/mpeg", "ice-password: topsecret"], "source:topsecret"))
    wire.take_all()
    server.get("/admin/metadata?mode=updinfo&mount=/m&song=x&pass=topsecret", "admin:topsecret")
    server.get("/admin.cgi?pass=topsecret&mode=updinfo&song=x")
    server.stop()
    for name in ("access", "error", "playlist"):
        check("topsecret" not in server.log(name), name + ".log")
    check("topsecret" not in server.out.read_text(), "the output")
