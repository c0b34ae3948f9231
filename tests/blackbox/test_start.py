"""The start, the command line, sockets, the process."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

from harness import ADMIN, Settings, as_nobody, check, equal, free_port, listen_socket, matches, test, wait_for


@test
def the_ready_line_names_the_port_that_the_system_chose(t):
    server = t.server()
    check(server.port > 0, "port %d" % server.port)
    equal(server.get("/nothing").status, 404)
    server.wait_for_log(r"\] INFO main/main Icecast .* server started$")


@test
def every_listen_socket_is_served(t):
    server = t.server(sockets=listen_socket(0) * 3)
    equal(len(set(server.ports)), 3, "number of ports")
    server.source("/a.mp3", port=server.ports[2]).play(10)
    for port in server.ports:
        wire = server.wire(port)
        wire.send("GET /a.mp3 HTTP/1.0\r\n\r\n")
        equal(wire.reply_head().status, 200)


@test
def it_listens_on_ipv6(t):
    server = t.server(host="::1", sockets="<listen-socket><port>0</port><bind-address>::1</bind-address></listen-socket>")
    source = server.source()
    listener = server.listener()
    sent = source.play(30)
    check(sent.startswith(listener.read(25 * 384)), "the stream differs")
    reply = server.get("/admin/listclients?mount=/live.mp3", "admin:adm-secret")
    equal(reply.xml().findtext("source/listener/IP"), "::1")


@test
def two_colons_are_both_families_and_ipv4_looks_like_ipv4(t):
    server = t.server(sockets="<listen-socket><port>0</port><bind-address>::</bind-address></listen-socket>")
    source = server.source()
    server.listener()
    source.play(5)
    reply = server.get("/admin/listclients?mount=/live.mp3", "admin:adm-secret")
    equal(reply.xml().findtext("source/listener/IP"), "127.0.0.1")


@test
def version_begins_with_the_words_that_tools_look_for(t):
    for option in ("-v", "--version"):
        status, out, _ = t.run(option)
        equal(status, 0)
        matches(r"\AIcecast 2\.4\.4 \(icecast-lb \d+\.\d+(\.\d+)?\)", out)


@test
def without_a_configuration_it_prints_the_usage(t):
    for arguments in ([], ["-c"], ["--check-config"]):
        status, out, err = t.run(*arguments)
        equal(status, 1, "status of %r" % arguments)
        matches("usage: icecast-lb", out + err)


@test
def a_configuration_may_come_by_standard_input(t):
    server = t.unstarted_server()
    from_pipe = ["sh", "-c", 'file=$1; shift; mkfifo pipe; cat "$file" > pipe & exec "$@" < pipe', "sh", str(server.config)]
    server.start(["-c", "-"], through=from_pipe)
    equal(server.get("/admin/stats", ADMIN).status, 200)
    server.send_signal(signal.SIGHUP)  # a pipe is at its end
    server.wait_for_log("Error parsing config file -: .*; the old configuration stays")
    equal(server.get("/admin/stats", ADMIN).status, 200)


@test
def help_ends_well(t):
    status, out, _ = t.run("--help")
    equal(status, 0)
    matches("--check-config", out)


def configuration(t, text):
    path = t.dir / "c.xml"
    path.write_text(text)
    return path


GOOD = ("<icecast><authentication><source-password>aaa-long-one</source-password><admin-user>admin</admin-user>"
        "<admin-password>bbb-long-one</admin-password></authentication>%s</icecast>")


@test
def check_config_accepts_a_good_file(t):
    status, out, err = t.run("--check-config", configuration(t, GOOD % ""))
    equal(status, 0, "status; it said " + out + err)


@test
def check_config_warns_of_an_unknown_element_and_accepts_the_file(t):
    status, out, err = t.run("--check-config", configuration(t, GOOD % "<limits><cleints>5</cleints></limits>"))
    equal(status, 0)
    matches(r"cleints.*clients", out + err)


@test
def check_config_refuses_a_wrong_value_and_says_where(t):
    status, out, err = t.run("--check-config", configuration(t, GOOD % "\n<limits>\n<clients>many</clients></limits>"))
    equal(status, 1)
    matches(r":3\b.*clients", out + err)


def check_as_root(t, text):
    """The output of --check-config for a configuration, run as root, and its status."""
    t.dir.chmod(0o755)
    done = subprocess.run([Settings.binary, "--check-config", str(configuration(t, text))],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
    return done.returncode, done.stdout + done.stderr


@test
def check_config_of_root_tries_files_as_the_user_of_changeowner(t):
    if os.geteuid() != 0:
        return  # another user tries what it may itself, which the next test does
    closed = t.dir / "closed"
    closed.mkdir(mode=0o700)
    secret = closed / "users"
    secret.write_text("tom:x\n")
    program = t.dir / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    whole = GOOD.replace("%s", "%%s<security><changeowner><user>nobody</user><group>nogroup</group></changeowner>"
                               "</security><paths><logdir>%s</logdir><deny-ip>%s</deny-ip></paths>"
                               "<mount><mount-name>/a.mp3</mount-name><intro>/none.mp3</intro>"
                               "<on-connect>%s</on-connect>"
                               "<authentication type='htpasswd'><option name='filename' value='%s'/></authentication>"
                               "</mount>" % (closed, secret, program, secret))
    status, said = check_as_root(t, whole % "")
    equal(status, 1, "status; it said " + said)
    for pattern in (r'error: <logdir>: ".*/closed": Permission denied for the user "nobody"; the server does not start',
                    r'warning: <deny-ip>: ".*/users": Permission denied for the user "nobody"; no address is refused',
                    r'warning: <intro>: ".*/none\.mp3": No such file or directory',
                    r'warning: <on-connect>: ".*/program": Permission denied',
                    r'error: <authentication>: the file ".*/users": Permission denied .*; every listener is refused\n'):
        matches(pattern, said)
    closed.chmod(0o777)
    secret.chmod(0o644)
    program.chmod(0o755)
    status, said = check_as_root(t, whole % "")
    equal(status, 0, "status; it said " + said)
    check("Permission denied" not in said, said)


@test
def check_config_says_what_is_lost_without_the_state_directory(t):
    if os.geteuid() != 0:
        return  # as above
    closed = t.dir / "closed"
    closed.mkdir(mode=0o700)
    text = GOOD.replace("%s", "<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>"
                              "<paths><logdir>/tmp</logdir><state-dir>" + str(closed) + "/state</state-dir></paths>%s")
    fault = '<state-dir>: ".*/closed/state": cannot be made in ".*/closed": Permission denied for the user "nobody"; sessions and '
    for more, status, words in (("", 0, "warning: " + fault + "their keys end with the server\n"),
                                ("<audience/>", 1, "error: " + fault + "their keys .*, nothing of the audience is written down")):
        equal(check_as_root(t, text % more)[0], status)
        matches(words, check_as_root(t, text % more)[1])


@test
def check_config_of_another_machine_tries_no_files(t):
    text = GOOD % "<paths><logdir>/nonexistent/log</logdir></paths>"
    status, out, err = t.run("--check-config", configuration(t, text))
    equal(status, 1, "status; it said " + out + err)
    matches(r'error: <logdir>: "/nonexistent/log": No such file or directory; the server does not start', out + err)
    status, out, err = t.run("--check-config", configuration(t, text), "--elsewhere")
    equal(status, 0, "status; it said " + out + err)


@test
def check_config_tells_of_icecasts_own_pages(t):
    pages = pathlib.Path("/usr/share/icecast2/web")
    if not pages.is_dir():
        return  # Debian's icecast2 is not installed
    status, out, err = t.run("--check-config", configuration(t, GOOD % ("<paths><webroot>%s</webroot></paths>" % pages)))
    equal(status, 0, "status; it said " + out + err)
    matches(r'note: <webroot>: "/usr/share/icecast2/web" has Icecast\'s pages', out + err)


@test
def a_wrong_option_is_named_before_the_usage(t):
    status, out, err = t.run("--no-such-option")
    equal(status, 1)
    equal(err.strip(), 'icecast-lb: unknown option "--no-such-option"')
    equal(len(out.splitlines()), 2, "lines of usage")


@test
def check_config_refuses_broken_xml(t):
    for text in ("<icecast><limits></icecast>", "<other/>", ""):
        status, out, err = t.run("--check-config", configuration(t, text))
        equal(status, 1, "status for %r" % text)
        check(out + err, "nothing was said about %r" % text)


@test
def a_broken_file_ends_the_start_with_icecasts_words(t):
    status, out, err = t.run("-c", configuration(t, "<icecast>"))
    equal(status, 1)
    matches(r"FATAL: error parsing config file \(.*c\.xml\)", out + err)
    matches("XML config parsing error", out + err)


@test
def the_well_known_password_is_refused_unless_it_is_allowed(t):
    auth = ("<source-password>hackme</source-password><admin-user>admin</admin-user>"
            "<admin-password>hackme</admin-password>")
    server = t.unstarted_server(authentication=auth)
    status, out, err = t.run("-c", server.config)
    equal(status, 1)
    matches("password", out + err)
    server.start(["--allow-default-passwords", "-c", str(server.config)])
    equal(server.get("/nothing").status, 404)


@test
def a_port_that_is_taken_ends_the_start(t):
    taken = t.owned(socket.socket())
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    server = t.unstarted_server(sockets=listen_socket(taken.getsockname()[1]))
    status, out, err = t.run("-c", server.config)
    equal(status, 1)
    matches("Server startup failed. Exiting", out + err)


@test
def a_port_that_is_taken_is_skipped_where_another_is_free(t):
    taken = t.owned(socket.socket())
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = taken.getsockname()[1]
    server = t.server(sockets=listen_socket(port) + listen_socket(0))
    check(port not in server.ports, "it says that it has port %d" % port)
    equal(server.get("/nothing").status, 404)


@test
def a_log_that_cannot_be_written_ends_the_start(t):
    server = t.unstarted_server(logging="<errorlog>/nonexistent/error.log</errorlog>")
    status, out, err = t.run("-c", server.config)
    equal(status, 1)
    matches("FATAL: could not open error logging", out + err)
    matches("FATAL: Could not start logging", out + err)


@test
def the_pid_file_is_written_and_removed(t):
    server = t.unstarted_server()
    pid_file = server.dir / "pid"
    server.write_config(paths="<pidfile>%s</pidfile>" % pid_file)
    server.start()
    equal(int(pid_file.read_text()), server.process.pid)
    equal(server.stop(), 0)
    check(not pid_file.exists(), "the pid file is still there")


@test
def in_the_background_it_lets_go_of_its_callers_output(t):
    server = t.unstarted_server()
    pid_file = server.dir / "pid"
    for logs, stays in (("", False), ("<errorlog>-</errorlog>", True)):
        server.write_config(paths="<pidfile>%s</pidfile>" % pid_file, sockets=listen_socket(free_port()))
        if logs:
            config = server.config.read_text()
            server.config.write_text(re.sub("<errorlog>.*?</errorlog>", logs, config))
        program = subprocess.Popen(as_nobody([Settings.binary, "-b", "-c", str(server.config)]), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        pid = int(wait_for(lambda: pid_file.exists() and pid_file.read_text().strip(), "there is a pid file"))
        try:
            if stays:
                wait_for(lambda: os.readlink("/proc/%d/fd/1" % pid) == "/dev/null", "standard output is given up")
                check(os.readlink("/proc/%d/fd/2" % pid).startswith("pipe:"), "the log stays where it was sent")
            else:
                out, _ = program.communicate(timeout=Settings.patience)   # until the end of the pipe
                check(b"Detaching from the console" in out, "%r" % out)
        finally:
            os.kill(pid, signal.SIGTERM)
            program.communicate(timeout=Settings.patience)
        wait_for(lambda: not pid_file.exists(), "the child ends")


@test
def in_the_background_the_parent_ends_and_the_child_serves(t):
    server = t.unstarted_server()
    port = free_port()
    pid_file = server.dir / "pid"
    server.write_config(paths="<pidfile>%s</pidfile>" % pid_file, sockets=listen_socket(port))
    with open(server.dir / "out", "w+") as out:
        done = subprocess.run(as_nobody([Settings.binary, "-b", "-c", str(server.config)]), stdin=subprocess.DEVNULL,
                              stdout=out, stderr=out, timeout=Settings.patience)
    equal(done.returncode, 0)
    matches("Starting icecast2\nDetaching from the console\n", (server.dir / "out").read_text())
    pid = int(wait_for(lambda: pid_file.exists() and pid_file.read_text().strip(), "there is a pid file"))
    try:
        server.ports = [port]

        def served():
            try:
                return server.get("/nothing").status == 404
            except ConnectionError:
                return False
        wait_for(served, "the child serves")
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not pid_file.exists(), "the child ends")


@test
def root_without_changeowner_is_refused(t):
    if os.getuid() != 0:
        return  # nothing to see for others
    server = t.unstarted_server()
    done = subprocess.run([Settings.binary, "-c", server.config], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=Settings.patience)
    equal(done.returncode, 1)
    matches("You should not run icecast2 as root\nUse the changeowner directive", done.stderr.decode())


@test
def another_user_than_root_is_told_that_changeowner_has_no_effect(t):
    """The configuration may be from a machine with other users."""
    server = t.server(body="<security><changeowner><user>no-such-user</user><group>nogroup</group></changeowner></security>")
    matches(r"^WARNING: Can't change user id unless you are root\.$", server.out.read_text())


@test
def root_becomes_the_configured_user(t):
    if os.getuid() != 0:
        return
    server = t.unstarted_server(body="<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>")
    with open(server.dir / "out", "wb") as out:
        server.out = server.dir / "out"
        server.process = subprocess.Popen([Settings.binary, "-c", str(server.config)], stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out)
    wait_for(server.ready_line, "the server is ready")
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    matches(r"^Uid:\t65534\t65534\t65534\t65534$", status)
    matches(r"^Gid:\t65534\t65534\t65534\t65534$", status)
    groups = re.search(r"^Groups:\t([\d ]*)$", status, re.M).group(1).split()
    check("0" not in groups, "still in the group of root: %s" % groups)
    # Others of that user may not read its memory: the kernel gives the files of such a process to root.
    equal(os.stat("/proc/%d/mem" % server.process.pid).st_uid, 0, "owner of the memory")


@test
def root_does_not_write_where_a_file_of_another_user_says(t):
    """The configuration belongs to the user nobody, and names a file of root's that would be emptied."""
    if os.getuid() != 0:
        return
    server = t.unstarted_server(body="<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>")
    precious = t.dir / "precious"
    precious.write_text("root's")
    precious.chmod(0o644)
    server.write_config(paths="<pidfile>%s</pidfile>" % precious)
    with open(server.dir / "out", "wb") as out:
        server.out = server.dir / "out"
        server.process = subprocess.Popen([Settings.binary, "-c", str(server.config)], stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out)
    wait_for(server.ready_line, "the server is ready")
    equal(precious.read_text(), "root's")
    matches("paths/pidfile: cannot write .*; running without one", server.out.read_text())


@test
def term_and_int_end_it_well(t):
    for number in (signal.SIGTERM, signal.SIGINT):
        equal(t.server().stop(number), 0, "exit status after signal %d" % number)


@test
def a_command_of_icelb_without_icelb_is_refused_and_names_where_it_was_looked_for(t):
    """icelb is taken from the program's directory, whatever PATH or a symbolic link says."""
    place = t.dir / "alone"
    place.mkdir()
    shutil.copy(Settings.binary, place / "icecast-lb")
    t.dir.chmod(0o755)
    link = t.dir / "linked"
    link.symlink_to(place / "icecast-lb")
    foreign = t.dir / "icelb"
    foreign.write_text("#!/bin/sh\necho foreign\n")
    foreign.chmod(0o755)
    for program in (place / "icecast-lb", link):
        done = subprocess.run([program, "--simulate", "demo", "--seeds", "1"], env={"PATH": str(t.dir)}, cwd=t.dir,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20)
        equal((done.returncode, done.stdout), (1, ""))
        matches(re.escape("icecast-lb: %s/icelb: No such file or directory; " % place), done.stderr)
    equal(subprocess.run([link, "--version"], capture_output=True, timeout=20).returncode, 0, "what the server prints itself")
    shutil.copy(pathlib.Path(Settings.binary).parent / "icelb", place)
    done = subprocess.run([link, "--simulate", "demo", "--seeds", "1"], capture_output=True, text=True, timeout=60)
    equal(done.returncode, 0, "the simulation with icelb: " + done.stderr)
    done = subprocess.run([place / "icelb", "-c", "/nonexistent"], capture_output=True, text=True, timeout=20)
    equal((done.returncode, done.stderr), (1, "icelb: it does not serve; icecast-lb -c does\n"))


@test
def a_state_dir_that_is_not_there_is_made(t):
    server = t.unstarted_server(body="<console/>")
    state = server.dir / "state"
    server.write_config(paths="<state-dir>%s</state-dir>" % state)
    server.start()
    equal(oct(state.stat().st_mode & 0o777), "0o700", "its mode")
    wait_for(lambda: (state / "session.keys").exists() and (state / "art").exists(), "keys and pictures are kept in it")
    check("end with this process" not in server.log(), server.log())


@test
def a_fifo_in_place_of_the_pid_file_is_not_waited_for(t):
    server = t.unstarted_server()
    os.mkfifo(server.dir / "pid", 0o666)
    server.write_config(paths="<pidfile>%s/pid</pidfile>" % server.dir)
    server.start()
    matches("WARNING: paths/pidfile: cannot write .*; running without one", server.out.read_text())


@test
def a_term_as_soon_as_there_is_a_pid_file_takes_it_along(t):
    server = t.unstarted_server()
    pid_file = server.dir / "pid"
    server.write_config(paths="<pidfile>%s</pidfile>" % pid_file)
    for _ in range(5):
        program = subprocess.Popen(as_nobody([Settings.binary, "-c", str(server.config)]), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: pid_file.exists() and pid_file.read_text().strip(), "there is a pid file")
        program.terminate()
        equal((program.wait(Settings.patience), pid_file.exists()), (0, False), "status, and whether the file stays")
