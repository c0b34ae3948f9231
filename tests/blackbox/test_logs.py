"""The three logs, line by line, and their rotation."""
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess

from auth_bench import backend_of, url_mount
from backend import ACCEPT
from harness import ADMIN, SOURCE, Settings, as_nobody, check, equal, free_port, give_away, request, test, wait_for

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
def a_source_that_a_backend_judges_is_named(t):
    backend = backend_of(t, lambda form: ACCEPT if form["pass"] == "right" else {})
    server = t.server(body=url_mount("/m", stream_auth=backend.url()))
    server.source("/m", login="dj:right").leave()
    server.ask("SOURCE /m HTTP/1.0", ["Content-Type: audio/mpeg"], "eve:wrong")
    server.source("/free").leave()
    for user, request, status in (("dj", "SOURCE /m", 200), ("eve", "SOURCE /m", 401), ("-", "SOURCE /free", 200)):
        server.wait_for_log(r'^127\.0\.0\.1 - %s %s "%s HTTP/1\.0" %d ' % (user, TIME, request, status), "access")


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
    server.wait_for_log(r"^\[\d{4}-\d\d-\d\d  \d\d:\d\d:\d\d\] INFO source/source_main listener count on /m now 1$")
    listener.close()
    wait_for(lambda: source.play(1) and "listener count on /m now 0\n" in server.log(), "the listener is gone")
    source.leave()
    for line in server.log().splitlines():
        check(re.match(r"\[\d{4}-\d\d-\d\d  \d\d:\d\d:\d\d\] (EROR|WARN|INFO|DBUG) \S+/\S+ \S", line), "odd line %r" % line)


@test
def the_error_log_counts_listeners_that_change_their_mount(t):
    server = t.server(body="<mount><mount-name>/m</mount-name><fallback-mount>/n</fallback-mount><fallback-override>1</fallback-override></mount>")
    source, spare = server.source("/m"), server.source("/n")
    server.listener("/m")
    server.wait_for_log("listener count on /m now 1$")
    source.leave()
    server.wait_for_log("listener count on /n now 1$")
    source = server.source("/m")
    wait_for(lambda: spare.play(1) and source.play(1) and "listener count on /n now 0\n" in server.log(), "the listener has left the fallback")
    equal([line.split("on ")[1] for line in server.log().splitlines() if "listener count on /m" in line],
          ["/m now 1", "/m now 0", "/m now 1"])


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
        # A file that is there is not yet the one that is written.
        wait_for(lambda: server.get("/now") and "GET /now " in server.log("access"), "there is a new access.log")
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
    new = server.dir / "log" / "access.log"
    wait_for(new.exists, "there is a new one")
    check(new.stat().st_size <= 3000, "the new one is as large")


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


# -- beside Icecast itself

ICECAST_CONFIG = """<icecast>
  <limits><clients>100</clients><sources>10</sources><header-timeout>5</header-timeout></limits>
  <authentication><source-password>src-secret</source-password><admin-user>admin</admin-user>
    <admin-password>adm-secret</admin-password></authentication>
  <hostname>127.0.0.1</hostname>
  <listen-socket><port>%(port)d</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <fileserve>1</fileserve>
  <paths><basedir>/usr/share/icecast2</basedir><logdir>%(dir)s</logdir><webroot>%(web)s</webroot>
    <adminroot>/usr/share/icecast2/admin</adminroot></paths>
  %(mount)s
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>4</loglevel></logging>
</icecast>
"""
PROTECTED = """<mount><mount-name>/members.mp3</mount-name><authentication type="htpasswd">
    <option name="filename" value="%s"/></authentication></mount>"""
AGENTS = ["VLC/3.0.18 LibVLC/3.0.18", 'a"b\\c`d', "tab\there", "Gr\xfc\xdfe \xe2\x82\xac", "(x; y) z", " padded", "-"]
REQUESTS = [
    request("GET /hello.txt HTTP/1.0"),
    request("GET /hello.txt HTTP/1.1", ["Host: h"]),
    request("GET /hello.txt?a=b&c=d HTTP/1.0"),
    request("GET /with%20space.txt HTTP/1.0"),
    request("GET /caf%C3%A9.txt HTTP/1.0"),
    request("GET /none HTTP/1.0", ["Referer: http://r.example/page?x=1"]),
    request("GET /none HTTP/1.0", login="some:body"),
    request("GET /admin/stats HTTP/1.0"),
    request("GET /admin/stats HTTP/1.0", login=ADMIN),
    request("GET /admin/stats HTTP/1.0", login="admin:wrong"),
    request("GET /admin/listmounts?x=y HTTP/1.0", login=ADMIN),
    request("GET /admin/metadata?mount=/none&mode=updinfo&song=x HTTP/1.0", login=SOURCE),
    request("GET /admin/killsource?mount=/none HTTP/1.0", login=ADMIN),
    request("GET /admin.cgi?pass=src-secret&mode=updinfo&song=x HTTP/1.0"),
    request("SOURCE /refused HTTP/1.0", ["Content-Type: audio/mpeg"], "source:wrong"),
    request("SOURCE /refused HTTP/1.0", ["User-Agent: Enc/1"]),
    request("GET /members.mp3 HTTP/1.0", login="alice:wrong"),
    request("GET /members.mp3 HTTP/1.0", login="nobody:x"),
    request("GET /members.mp3 HTTP/1.0", login="al ice:x y"),
    request("GET /members.mp3 HTTP/1.0"),
    *(request("GET /hello.txt HTTP/1.0", ["User-Agent: " + agent]) for agent in AGENTS),
    *(request("GET /none HTTP/1.0", ["Referer: " + agent]) for agent in AGENTS),
]


def masked_lines(path):
    """The lines of an access log without the values that differ between two servers: time, bytes, seconds."""
    text = path.read_text(errors="surrogateescape") if path.exists() else ""
    return re.sub(r'(?m)^(\S+ - \S+ )%s ("[^"]*" \d+) \d+ (.*) \d+$' % TIME, r"\1[] \2 N \3 N", text).splitlines()


def talk(address, data):
    with socket.create_connection(address, Settings.patience) as s:
        s.settimeout(Settings.patience)
        s.sendall(data)
        while s.recv(65536):
            pass


def stream_and_leave(address, mount, login=None):
    """A source and its listener, which have both ended on return."""
    with socket.create_connection(address, Settings.patience) as source:
        source.sendall(request("SOURCE %s HTTP/1.0" % mount, ["Content-Type: audio/mpeg", "User-Agent: Enc/1"], SOURCE))
        source.settimeout(Settings.patience)
        check(b" 200 " in source.recv(4096), "the source is refused")
        source.sendall(b"\0" * 4096)
        listener = socket.create_connection(address, Settings.patience)
        listener.sendall(request("GET %s?x HTTP/1.0" % mount, ["User-Agent: Player/1", "Referer: http://r/"], login))
        listener.settimeout(Settings.patience)
        check(b" 200 " in listener.recv(4096), "the listener is refused")
    while listener.recv(65536):
        pass
    listener.close()


@test
def the_access_log_is_what_icecast_itself_writes(t):
    if not shutil.which("icecast2"):
        return  # test.sh installs it
    theirs = t.dir / "icecast2"
    (theirs / "web").mkdir(parents=True)
    users = t.dir / "users"
    users.write_text("alice:%s\n" % hashlib.md5(b"secret").hexdigest())
    ours = t.unstarted_server(body=PROTECTED % users)
    for web in (theirs / "web", ours.dir / "web"):
        for name in ("hello.txt", "with space.txt", "caf\u00e9.txt"):
            (web / name).write_text("Hello\n")
    port = free_port()
    (theirs / "icecast.xml").write_text(ICECAST_CONFIG % {
        "port": port, "dir": theirs, "web": theirs / "web", "mount": PROTECTED % users})
    give_away(t.dir)
    icecast = subprocess.Popen(as_nobody(["icecast2", "-c", str(theirs / "icecast.xml")]), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: (theirs / "error.log").exists() and "server started" in (theirs / "error.log").read_text(),
                 "icecast2 starts")
        ours.start()
        for address, log in ((("127.0.0.1", port), theirs / "access.log"), (ours.address, ours.dir / "log" / "access.log")):
            for number, data in enumerate(REQUESTS):
                talk(address, data)
                wait_for(lambda: len(masked_lines(log)) == number + 1, "request %d is logged: %r" % (number, data))
            stream_and_leave(address, "/m.mp3")
            stream_and_leave(address, "/members.mp3", "alice:secret")
            wait_for(lambda: len(masked_lines(log)) == len(REQUESTS) + 4, "the ends of streams are logged")
    finally:
        icecast.terminate()
        icecast.wait()
    wanted, got = masked_lines(theirs / "access.log"), masked_lines(ours.dir / "log" / "access.log")
    for theirs_line, our_line in zip(wanted, got[:len(REQUESTS)]):
        equal(our_line, theirs_line, "our line")
    # Source and listener end at the same time; who is first is chance.
    equal(sorted(got[len(REQUESTS):]), sorted(wanted[len(REQUESTS):]), "our lines of streams")


# -- what Icecast does not have

def json_lines(server, name="access"):
    return [json.loads(line) for line in server.log(name).splitlines()]


@test
def the_access_log_may_be_json(t):
    server = t.server(logging="<accesslog-format>json</accesslog-format>")
    agent = 'Gr\u00fc\u00dfe "q" \\ \t'.encode().decode("latin-1")
    server.ask('GET /none"x"?secret=1 HTTP/1.1', ["Host: h", "User-Agent: " + agent, "Referer: http://r/"])
    server.get("/admin/stats", ADMIN)
    source = server.source("/m", lines=["User-Agent: Enc/1"])
    source.leave()
    lines = wait_for(lambda: len(json_lines(server)) == 3 and json_lines(server), "there are three lines")
    for line in lines:
        equal(list(line), ["time", "ip", "user", "method", "path", "protocol", "status", "bytes", "referer", "agent", "seconds"])
        age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(line.pop("time"))
        check(abs(age.total_seconds()) < 60, "the time is off by %s" % age)
        check(isinstance(line["bytes"], int) and line.pop("bytes") > 0, "bytes")
    equal(lines[0], {"ip": "127.0.0.1", "user": None, "method": "GET", "path": '/none"x"', "protocol": "HTTP/1.1",
                     "status": 404, "referer": "http://r/", "agent": 'Gr\u00fc\u00dfe "q" \\', "seconds": 0})
    equal([lines[1][key] for key in ("user", "method", "path", "status")], ["admin", "GET", "/admin/stats", 200])
    equal([lines[2][key] for key in ("user", "method", "path", "agent")], ["source", "SOURCE", "/m", "Enc/1"])


@test
def the_playlist_log_may_be_json(t):
    server = t.server(logging="<playlistlog-format>json</playlistlog-format>")
    source = server.source("/live.mp3")
    listener = server.listener("/live.mp3")
    source.play(4)
    listener.read(384)
    server.set_title(song="A%20%22b%22%20%5C%20%C3%A9|c", charset="UTF-8")
    wait_for(lambda: source.play(1) and server.log("playlist"), "the title is logged")
    line = json_lines(server, "playlist")[0]
    datetime.datetime.fromisoformat(line.pop("time"))
    equal(line, {"mount": "/live.mp3", "listeners": 1, "title": 'A "b" \\ \u00e9|c'})


@test
def no_field_of_a_json_line_can_break_it(t):
    server = t.server(logging="<accesslog-format>json</accesslog-format>")
    for number, junk in enumerate(("\x01" * 3000, "\xff" * 3000, '"' * 3000, "\\u0000\x1b[2J\x9b", "},{")):
        server.ask("GET /n%d HTTP/1.0" % number, ["User-Agent: a" + junk, "Referer: b" + junk])
        line = wait_for(lambda: len(json_lines(server)) == number + 1 and json_lines(server)[number], "it is logged")
        equal(line["path"], "/n%d" % number)
        check(line["agent"].startswith("a") and line["referer"].startswith("b"), "fields of %r" % line)
    check(not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", server.log("access")), "a control character is in the log")


@test
def addresses_can_be_left_out_of_the_access_log(t):
    for logging, pattern in (("<accesslog_ip>0</accesslog_ip>", r'^- - - %s "GET /none HTTP/1\.0" 404 ' % TIME),
                             ("<accesslog_ip>0</accesslog_ip><accesslog-format>json</accesslog-format>", r'"ip":null,')):
        server = t.server(logging=logging)
        server.get("/none")
        source = server.source("/m")
        server.listener("/m").close()
        wait_for(lambda: source.play(1) and '/m' in server.log("access"), "the listener is logged")
        source.leave()
        wait_for(lambda: len(server.log("access").splitlines()) == 3, "the source is logged")
        server.wait_for_log(pattern, "access")
        check("127.0.0.1" not in server.log("access"), server.log("access"))


@test
def a_reload_changes_how_lines_look(t):
    server = t.server()
    server.get("/text")
    server.reload(logging="<accesslog-format>json</accesslog-format>")
    # The logs are opened again on a thread of its own, a moment after the line that says so.
    wait_for(lambda: server.get("/again").status == 404 and '"path":"/again"' in server.log("access"), "lines are JSON")
    server.wait_for_log(r'^127\.0\.0\.1 - - .* "GET /text HTTP/1\.0" 404 ', "access")


@test
def a_log_that_is_old_is_renamed(t):
    server = t.server(logging="<logduration>1</logduration>")
    old = server.dir / "log" / "access.log.old"
    wait_for(lambda: server.get("/n").status == 404 and old.exists(), "access.log becomes old")
    check("GET /n " in old.read_text(), "the old one is empty")
    check(not (server.dir / "log" / "playlist.log.old").exists(), "an empty log was renamed")


@test
def an_archive_is_named_by_its_time_and_none_is_lost(t):
    server = t.server(logging="<logsize>1</logsize><logarchive>1</logarchive>")
    wanted = ["/n%d" % n for n in range(60)]
    for n, path in enumerate(wanted):
        server.get(path)
        if n % 12 == 0:
            server.log("access")    # lines that come while the thread is late are written together

    def got():
        files = sorted((server.dir / "log").glob("access.log*"))
        return sorted(found for path in files for found in re.findall('"GET (/n\\d+) ', path.read_text()))
    wait_for(lambda: got() == sorted(wanted), "all lines are in one of the files")
    archives = [path.name for path in (server.dir / "log").glob("access.log.*")]
    check(len(archives) >= 3, "archives: %r" % archives)
    for name in archives:
        check(re.fullmatch(r"access\.log\.\d{8}_\d{6}(\.\d+)?", name), "odd name " + name)


@test
def one_log_may_have_rules_of_its_own(t):
    server = t.server(logging="<logsize>0</logsize><accesslog><name>own.log</name><size>20k</size>"
                      "<archive>1</archive></accesslog>")
    directory = server.dir / "log"
    for n in range(120):  # lines of 1 KB
        server.get("/n%d" % n, headers=["User-Agent: " + "x" * 900])
    wait_for(lambda: list(directory.glob("own.log.2*")), "own.log is archived")
    check(min(path.stat().st_size for path in directory.glob("own.log.2*")) >= 99_000, "it is archived at once")
    check(not list(directory.glob("error.log.*")), "so is error.log")


@test
def logs_may_go_to_standard_error_and_output(t):
    for errors, accesses in (("-", "-"), ("/dev/stderr", "/dev/stdout"), ("-", "/dev/stdout")):
        server = t.server(logging="<errorlog>%s</errorlog><accesslog>%s</accesslog><logsize>1</logsize>"
                          "<logduration>1</logduration>" % (errors, accesses))
        for n in range(30):
            server.get("/n%d" % n)
        server.send_signal(signal.SIGUSR1)
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: "configuration re-read" in server.out.read_text(), "it is read again")
        server.get("/last")
        wait_for(lambda: '"GET /last HTTP/1.0" 404' in server.out.read_text(), "the line is on the output")
        out = server.out.read_text()
        for n in range(30):
            check('"GET /n%d HTTP/1.0" 404' % n in out, "/n%d is missing" % n)
        check("server started" in out, out)
        check(not list(server.dir.glob("**/*.old")), "something was renamed")


@test
def a_reader_of_a_log_that_stands_still_stops_nobody(t):
    server = t.unstarted_server()
    fifo = server.dir / "log" / "fifo"
    os.mkfifo(fifo)
    server.write_config(logging="<accesslog>fifo</accesslog>")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        server.start()
        for n in range(1500):  # more than a pipe holds
            equal(server.get("/n%d" % n, headers=["User-Agent: " + "x" * 100]).status, 404)
        lines = os.read(reader, 1 << 20).decode()
        check(lines.endswith(" 0\n") and lines.count("\n") < 1500, "lines are torn")
    finally:
        os.close(reader)


@test
def a_file_that_may_not_grow_ends_nothing(t):
    """With `ulimit -f`, SIGXFSZ would end the process."""
    most = 2 << 20
    server = t.unstarted_server()
    log = server.dir / "log" / "error.log"
    log.write_bytes(b"x" * most)
    give_away(t.dir)
    server.start(through=["prlimit", "--fsize=%d" % most])
    source = server.source("/m")
    listener = server.listener("/m")
    source.play(20)
    listener.read(18 * 384)
    equal(log.stat().st_size, most)


@test
def a_source_that_names_titles_without_end_does_not_fill_the_logs(t):
    server = t.server()
    source = server.source("/m")
    for n in range(40):
        server.set_title("/m", song="title%d" % n)
    check(server.log("playlist").count("|title") < 30, "every title of a storm is in the playlist log")
    check(server.log().count("title is now") < 30, "every title of a storm is in the error log")

    def the_newest_title():
        source.play(1)
        return "|title39\n" in server.log("playlist")
    wait_for(the_newest_title, "the title at which the storm ended is in the playlist log")

    def a_later_title():
        source.play(1)
        server.set_title("/m", song="later%d" % server.log("access").count("metadata"))
        return re.search(r"title is now \"later\d+\" \(\d\d titles before it are not in the logs\)\n", server.log())
    wait_for(a_later_title, "a title after the storm tells how many are not logged")
    check("|later" in server.log("playlist"), "the title after the storm is not in the playlist log")
