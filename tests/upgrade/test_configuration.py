"""An upgrade with another configuration, or during other orders to the server: the last order is the one in force."""
import os
import pwd
import re
import signal
import socket
import subprocess
from pathlib import Path

from facts import Settings, Skip
from harness import ADMIN, alive, as_nobody, check, equal, give_away, listen_socket, test, wait_for
from media import MP3_FRAME
from ports import free_port
from replacing import own_program, put_program, refused_upgrade, same_everywhere, serving, taken, upgrade
from syscalls import Faults, Rule
from tls_bench import TLS_SOCKETS, certificate, tls

PATIENT = "<source-timeout>120</source-timeout>"


def refused(port, host="127.0.0.1"):
    with socket.socket() as one:
        return one.connect_ex((host, port)) != 0


@test
def a_port_that_is_gone_is_closed_and_a_new_one_is_open(t):
    server = t.unstarted_server(limits=PATIENT)
    stays, goes, comes = free_port(), free_port(), free_port()
    server.write_config(sockets=listen_socket(stays) + listen_socket(goes))
    server.start()
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener(port=port) for port in (stays, goes)]
    server.write_config(sockets=listen_socket(stays) + listen_socket(comes))
    upgrade(server)
    # Open, it would take connections that nobody answers.
    wait_for(lambda: refused(goes), "the port is closed")
    sent += source.play(20)
    same_everywhere(listeners, sent, MP3_FRAME)
    server.listener(port=comes).read(MP3_FRAME)
    server.reload(sockets=listen_socket(stays) + listen_socket(goes))
    server.listener(port=goes).read(MP3_FRAME)


@test
def a_port_keeps_its_number_at_another_address(t):
    port = free_port()
    one, all_ = listen_socket(port), listen_socket(port).replace("127.0.0.1", "0.0.0.0")
    server = t.server(limits=PATIENT, sockets=one)
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener()]
    for sockets in (all_, one):
        server.write_config(sockets=sockets)
        upgrade(server)
        wait_for(lambda: refused(port, "127.0.0.2") == (sockets == one), "it is open where the configuration says")
        listeners.append(server.listener())
    sent += source.play(20)
    same_everywhere(listeners, sent, MP3_FRAME)


@test
def what_one_configuration_leaves_is_free_for_a_later_one(t):
    """The archive is in another directory for a while, and the audience is off."""
    give_away(t.dir)
    state = "<state-dir>%s</state-dir>" % t.dir
    archive = "<archive><dir>%s/%%s</dir></archive><mount type='default'><archive>1</archive></mount>" % t.dir
    here, elsewhere = "<console>1</console><audience/>" + archive % "here", archive % "elsewhere"
    server = t.server(limits=PATIENT, body=here, paths=state)
    source = server.source()

    def records(place):
        source.play(20)
        return sum(path.stat().st_size for path in (t.dir / place).glob("**/*.data"))
    wait_for(lambda: records("here") > 0, "it records")
    for number, (body, place) in enumerate(((elsewhere, "elsewhere"), (here, "here")) * 2, 1):
        server.write_config(body=body)
        upgrade(server)
        wait_for(lambda: server.log().count("this process has ended its part") == number, "the process before is gone")
        before = records(place)
        wait_for(lambda: records(place) > before + 40 * MP3_FRAME, "it records there: " + server.log()[-800:])
    check("another server" not in server.log(), "no lock is left: " + server.log()[-800:])


class Slow:
    """A program that becomes the server when it is released."""

    def __init__(self, t):
        """Called before the server is started."""
        self.place, self.whole, self.go = own_program(t), t.dir / "whole", t.dir / "go"

    def begin(self, server):
        put_program(self.whole, like=self.place)
        put_program(self.place, "#!/bin/sh\nwhile [ ! -e %s ]; do sleep 0.02; done\nexec %s \"$@\"\n" % (self.go, self.whole))
        server.send_signal(signal.SIGUSR2)
        server.wait_for_log("an upgrade begins")

    def let_go(self):
        self.go.touch()


@test
def a_reload_meanwhile_is_made_by_the_process_that_serves_then(t):
    slow = Slow(t)
    server = t.server(limits=PATIENT)
    server.source().play(50)
    slow.begin(server)
    server.write_config(limits=PATIENT + "<clients>61</clients>")
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("an upgrade is under way; the configuration is read again behind it")
    slow.let_go()
    wait_for(lambda: taken(server), "the server is replaced")
    server.wait_for_log("configuration re-read")
    equal(server.get("/status-json.xsl").status, 200)


@test
def logs_moved_away_meanwhile_are_left_by_the_process_that_serves_then(t):
    faults, place = Faults(t), own_program(t)
    server = t.server(limits=PATIENT)
    put_program(t.dir / "whole", like=place)
    put_program(place, "#!/bin/sh\nexec %s %s \"$@\"\n" % (faults.words(), t.dir / "whole"))
    # It has opened its logs, and says so late.
    faults.put([Rule("sendmsg", seconds=1, times=1)])
    server.send_signal(signal.SIGUSR2)
    wait_for(lambda: faults.hits() > 0, "it is nearly ready")
    logs = server.dir / "log"
    for name in ("error", "access"):
        (logs / (name + ".log")).rename(logs / (name + ".old"))
    server.send_signal(signal.SIGUSR1)
    wait_for((logs / "error.log").exists, "the logs are opened again")
    server.wait_for_log("has taken over")

    def serves():
        server.get("/status-json.xsl")
        return "status-json" in server.log("access")
    wait_for(serves, "the next process writes to the new log")
    wait_for(lambda: not any("old" in os.readlink(fd) for fd in Path("/proc/%d/fd" % serving(server)).iterdir()), "it has left the old ones")


@test
def a_reload_meanwhile_is_made_where_no_upgrade_comes_of_it(t):
    slow = Slow(t)
    server = t.server(limits=PATIENT)
    slow.begin(server)
    server.write_config(limits=PATIENT + "<clients>61</clients>")
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("is read again behind it")
    child = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
    os.kill(int(child[0]), signal.SIGKILL)
    server.wait_for_log("the upgrade was not made")
    server.wait_for_log("configuration re-read.* 1 change")


@test
def an_upgrade_that_is_asked_for_during_a_reload_comes_behind_it(t):
    server = t.server()
    for number in range(5):
        server.write_config(limits="<clients>%d</clients>" % (number + 40))
        server.send_signal(signal.SIGHUP)
        server.send_signal(signal.SIGUSR2)
        wait_for(lambda: len(taken(server)) > number or "was not made" in server.log(), "it is over")
    equal(len(taken(server)), 5, "upgrades that were made")
    wait_for(lambda: server.log().count("configuration re-read") == 5, "each configuration is read: " + server.log()[-500:])


@test
def another_number_of_workers_is_said_to_need_a_restart(t):
    server = t.server(limits="<threads>2</threads>")
    upgrade(server)
    check("needs restart" not in server.log(), "the number is the same")
    server.write_config(limits="<threads>3</threads>")
    upgrade(server)
    server.wait_for_log("WARN main/main limits/threads is 3, and the 2 of the previous process stay: needs restart")


@test
def another_user_is_said_to_need_a_restart(t):
    server = t.server()
    upgrade(server)
    check("needs restart" not in server.log(), "the user is the same")
    server.write_config(body="<security><changeowner><user>daemon</user><group>daemon</group></changeowner></security>")
    upgrade(server)
    server.wait_for_log("WARN main/main security/changeowner/user is daemon, and user [0-9]+ of the previous process stays: needs restart")


@test
def a_drain_that_begins_meanwhile_goes_on(t):
    slow = Slow(t)
    server = t.server(limits=PATIENT)
    source = server.source()
    source.play(50)
    listener = server.listener()
    slow.begin(server)
    equal(server.ask("POST /admin/drain?mode=soft HTTP/1.0", ["Content-Length: 0"], ADMIN).status, 200)
    slow.let_go()
    server.wait_for_log("the upgrade was not made.*draining: cancel that")
    check(b"not draining" not in server.get("/admin/drain", ADMIN).body, "it drains")
    check(listener.is_open(), "its listener listens")


@test
def a_server_that_ends_meanwhile_takes_the_new_process_along(t):
    slow = Slow(t)
    server = t.server(limits=PATIENT)
    slow.begin(server)
    child = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
    equal(server.stop(), 0)
    wait_for(lambda: not alive(int(child[0])), "no process is left")


@test
def signals_at_the_start_wait_for_the_server(t):
    """A rotation of logs, an upgrade: neither ends a process that is not ready for it yet."""
    server = t.unstarted_server(limits=PATIENT)
    server.out = server.dir / "out"
    with open(server.out, "wb") as out:
        server.process = subprocess.Popen(as_nobody([Settings.binary, "-c", str(server.config)]), stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=out, cwd=server.dir)

    def holds():
        blocked = re.search(r"SigBlk:\s*(\S+)", open("/proc/%d/status" % server.process.pid).read())
        return int(blocked[1], 16) >> signal.SIGHUP - 1 & 1
    wait_for(holds, "the program has begun")
    for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2):
        server.process.send_signal(number)
    wait_for(server.ready_line, "it is ready")
    server.wait_for_log("configuration re-read|has taken over")
    equal(server.process.poll(), None)


def owned_by_root(t, more=""):
    if os.getuid() != 0:
        raise Skip("only root can begin as root")
    server = t.unstarted_server(limits=PATIENT, sockets=TLS_SOCKETS)
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir,
                        body="<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>" + more)
    os.chown(server.dir / "tls.pem", 0, 0)
    os.chmod(server.dir / "tls.pem", 0o600)
    server.out = server.dir / "out"
    with open(server.out, "wb") as out:
        server.process = subprocess.Popen([Settings.binary, "-c", str(server.config)], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=server.dir)
    server.ports = [int(port) for port in wait_for(server.ready_line, "it is ready", 10).group(1).split()]
    return server


@test
def a_key_that_root_alone_may_read_goes_over(t):
    server = owned_by_root(t)
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener(port=server.ports[1], wrap=tls())]
    for round_ in range(3):
        upgrade(server)
        sent += source.play(20)
        listeners.append(server.listener(port=server.ports[1], wrap=tls()))
    same_everywhere(listeners[:1], sent, MP3_FRAME)
    uids = re.search(r"Uid:\s*(\d+)", open("/proc/%d/status" % serving(server)).read())
    check(uids[1] != "0", "it serves as nobody")
    # What is on the disk, where it can be read, comes first.
    certificate(server.dir, "radio.example")
    os.chmod(server.dir / "tls.pem", 0o644)
    upgrade(server)
    shown = server.wire(port=server.ports[1], wrap=tls()).socket.getpeercert(binary_form=True)
    check(b"radio.example" in shown, "the new certificate is shown")
    equal(server.stop(), 0)


@test
def a_renewal_that_root_alone_may_read_is_said(t):
    server = owned_by_root(t)
    file = server.dir / "tls.pem"
    certificate(server.dir, "radio.example")
    os.chown(file, 0, 0)
    os.chmod(file, 0o600)
    server.send_signal(signal.SIGHUP)
    server.wait_for_log(r"EROR connection/tls \S+tls\.pem: has changed, and this user may not read it; what it held at the start stays in use until a restart\n")
    server.wait_for_log(r"INFO connection/tls certificate for radio\.test \(EC 256\) is in use, from \S+tls\.pem as it was at the start, valid until")
    shown = server.wire(port=server.ports[1], wrap=tls()).socket.getpeercert(binary_form=True)
    check(b"radio.test" in shown, "what was loaded is shown")


@test
def no_upgrade_leaves_players_without_a_certificate(t):
    server = t.unstarted_server(limits=PATIENT, sockets=TLS_SOCKETS)
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    whole = (server.dir / "tls.pem").read_text()
    (server.dir / "tls.pem").write_text("nothing")
    refused_upgrade(server, "no certificate could be loaded: .*tls.pem: holds no certificate")
    server.source().play(20)
    server.listener(port=server.ports[1], wrap=tls()).read(MP3_FRAME)
    (server.dir / "tls.pem").write_text(whole)
    upgrade(server)
    server.listener(port=server.ports[1], wrap=tls()).read(MP3_FRAME)


@test
def no_upgrade_loses_one_of_two_certificates(t):
    """A reload would keep the certificate; the next process could not get it."""
    server = t.unstarted_server(limits=PATIENT, sockets=TLS_SOCKETS)
    files = ["<ssl-certificate>%s/%d.pem</ssl-certificate>" % (server.dir, n) for n in (1, 2)]

    def shown(name):
        return name.encode() in server.wire(port=server.ports[1], wrap=tls(name)).socket.getpeercert(binary_form=True)
    for n, name in enumerate(("first.test", "second.test"), 1):
        certificate(server.dir, name, "%d.pem" % n)
    server.write_config(paths="".join(files))
    server.start()
    (server.dir / "2.pem").write_text("nothing")
    refused_upgrade(server, "a certificate that is in use could not be loaded: .*2.pem: holds no certificate")
    check(shown("first.test") and shown("second.test"), "both are shown")
    server.write_config(paths=files[0])
    upgrade(server)
    check(shown("first.test") and not shown("second.test"), "the one that is configured is shown")
    # What was broken before there was one is no reason.
    server.write_config(paths="".join(files))
    for _ in range(2):
        upgrade(server)
    check(shown("first.test"), "the whole one is shown")


def free_root_port():
    for port in range(600, 1024):
        with socket.socket() as one:
            try:
                one.bind(("0.0.0.0", port))
            except OSError:
                continue
            return port
    raise Skip("no port of root's is free")


@test
def a_port_that_the_user_may_not_open_is_said(t):
    """The server begins as root and can open it; its successor has another user: it keeps the open ports, and opens
    only unprivileged ones."""
    if os.getuid() != 0:
        raise Skip("only root can begin as root")
    kept, more = free_root_port(), free_port()
    server = t.unstarted_server(limits=PATIENT)
    owner = "<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>"
    server.write_config(sockets=listen_socket(kept), body=owner)
    server.out = server.dir / "out"
    with open(server.out, "wb") as out:
        server.process = subprocess.Popen([Settings.binary, "-c", str(server.config)], stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=server.dir)
    server.ports = [int(port) for port in wait_for(server.ready_line, "it is ready", 10).group(1).split()]
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener()]
    server.write_config(sockets=listen_socket(kept).replace("127.0.0.1", "127.0.0.2"), body=owner)
    refused_upgrade(server, r"\b%d\b.*Permission denied" % kept)
    # As at a start: what cannot be opened is skipped where another port can be.
    new = free_root_port()
    server.write_config(sockets=listen_socket(kept) + listen_socket(new), body=owner)
    upgrade(server)
    server.wait_for_log(r"EROR .*127\.0\.0\.1:%d: cannot bind \(Permission denied\).*it is skipped" % new)
    sent += source.play(20)
    listeners.append(server.listener())
    server.write_config(sockets=listen_socket(kept) + listen_socket(more).replace("127.0.0.1", "127.0.0.2"), body=owner)
    for _ in range(2):
        upgrade(server)
    check(not refused(more, "127.0.0.2"), "another address is open")
    sent += source.play(20)
    same_everywhere(listeners[:1], sent, MP3_FRAME)
    equal(server.stop(), 0)


@test
def a_pid_file_of_another_name_takes_the_place_of_the_old_one(t):
    server = t.unstarted_server(paths="<pidfile>%s/pid</pidfile>" % (t.dir / "server0"))
    old, new = server.dir / "pid", server.dir / "other"
    subprocess.run(as_nobody([Settings.binary, "-b", "-c", str(server.config)]), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, cwd=server.dir, check=True)
    wait_for(lambda: old.exists() and "server started" in server.log(), "it has started")
    first = int(old.read_text())
    server.write_config(paths="<pidfile>%s</pidfile>" % new)
    try:
        os.kill(first, signal.SIGUSR2)
        wait_for(lambda: new.exists() and new.read_text().strip() not in ("", str(first)), "the new name is there: " + server.log()[-600:])
        wait_for(lambda: not old.exists(), "the old one is gone")
        status, _, err = t.run("-c", server.config, "--upgrade")
        equal(status, 0, err)
    finally:
        os.kill(int((new if new.exists() else old).read_text()), signal.SIGTERM)
    wait_for(lambda: not new.exists(), "the last one ends in order")


@test
def the_memory_stays_closed_to_its_user(t):
    if os.getuid() != 0:
        raise Skip("only root can change the user of a process")
    user = "<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>"
    for more, owner in ([], 0), (["--debuggable"], pwd.getpwnam("nobody").pw_uid):
        server = t.unstarted_server(body=user)
        server.out = server.dir / "out"
        with open(server.out, "wb") as out:
            server.process = subprocess.Popen([Settings.binary, *more, "-c", str(server.config)], stdin=subprocess.DEVNULL,
                                              stdout=out, stderr=out)
        server.ports = [int(wait_for(server.ready_line, "the server is ready").group(1))]
        for _ in range(3):
            equal(os.stat("/proc/%d/mem" % serving(server)).st_uid, owner)
            upgrade(server)


@test
def without_another_user_the_memory_stays_as_it_was(t):
    server = t.server()
    begun = os.stat("/proc/%d/mem" % serving(server)).st_uid
    for _ in range(2):
        upgrade(server)
        equal(os.stat("/proc/%d/mem" % serving(server)).st_uid, begun)


@test
def what_is_unclear_in_its_file_is_in_the_log(t):
    server = t.server(limits=PATIENT)
    server.write_config(body="<shoutcast-mont>/live</shoutcast-mont>")
    upgrade(server)
    wait_for(lambda: re.search(r"WARN .*shoutcast-mont", server.log()), "the finding is in the log")
