"""icecast-lb --upgrade: it waits and reports the outcome; wrong use ends with a sentence."""
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from facts import Settings, Skip
from harness import as_nobody, check, equal, listen_socket, matches, test, wait_for
from media import MP3_FRAME
from replacing import own_program, put_program, refused_upgrade, serving, taken, upgrade


def with_pid_file(t, **slots):
    return t.server(paths="<pidfile>%s/pid</pidfile>" % (t.dir / "server0"), **slots)


@test
def the_command_waits_and_says_how_it_ended(t):
    server = with_pid_file(t)
    source = server.source()
    sent = source.play(50)
    listener = server.listener()
    for round_ in range(2):
        status, out, err = t.run("-c", server.config, "--upgrade")
        equal((status, out), (0, ""), err)
        matches(r"icecast-lb: process %d has taken over 1 listeners, 1 sources, 1 mounts; pause \d+ ms\n" % serving(server), err)
        equal((server.dir / "pid").read_text(), "%d\n" % server.process.pid, "the pid file")
        sent += source.play(20)
    got = listener.read(len(sent) - MP3_FRAME)
    check(sent.startswith(got), "what came differs from what was sent")
    equal(server.stop(), 0)
    check(not (server.dir / "pid").exists(), "the pid file is gone")


@test
def without_a_pid_file_the_server_with_this_configuration_is_found(t):
    server, other = t.server(), t.server()
    source, listener = server.source(), None
    sent = source.play(50)
    listener = server.listener()
    for round_ in range(3):
        status, out, err = t.run("-c", server.config, "--upgrade")
        equal((status, out), (0, ""), err)
        matches(r"icecast-lb: process %d has taken over 1 listeners, 1 sources, 1 mounts; pause \d+ ms\n" % serving(server), err)
        sent += source.play(20)
    check(sent.startswith(listener.read(len(sent) - MP3_FRAME)), "what came differs from what was sent")
    check("has taken over" not in other.log(), "the other server was left alone")
    equal(server.stop(), 0)
    status, _, err = t.run("-c", server.config, "--upgrade")
    equal((status, "no server of this user runs with %s; start it instead" % server.config in err), (1, True), err)


@test
def in_the_background_each_process_is_found_by_the_pid_file(t):
    server = t.unstarted_server(paths="<pidfile>%s/pid</pidfile>" % (t.dir / "server0"))
    pid_file = server.dir / "pid"
    subprocess.run(as_nobody([Settings.binary, "-b", "-c", str(server.config)]), stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=server.dir, check=True)
    wait_for(lambda: pid_file.exists() and "server started" in server.log(), "it has started")
    pids = [int(pid_file.read_text())]
    try:
        for _ in range(3):
            status, _, err = t.run("-c", server.config, "--upgrade")
            equal(status, 0, err)
            matches(r"process \d+ has taken over 0 listeners", err)
            # Where a next --upgrade looks for it.
            pids.append(int(pid_file.read_text()))
            check(pids[-1] not in pids[:-1] and "process %d has" % pids[-1] in err, "each has a number of its own: %s, %s" % (pids, err))
    finally:
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
    wait_for(lambda: not pid_file.exists(), "the last one ends in order")


@test
def a_server_whose_pid_file_is_gone_is_found_by_its_configuration(t):
    server = with_pid_file(t)
    (server.dir / "pid").unlink()
    status, _, err = t.run("-c", server.config, "--upgrade")
    equal(status, 0, err)
    matches(r"process \d+ has taken over 0 listeners", err)


@test
def wrong_use_ends_with_a_sentence(t):
    server = with_pid_file(t)
    config = server.config.read_text()
    nowhere = t.dir / "nowhere.xml"
    for text, why in ((config.replace("pidfile>", "unknown>"), "no server of this user runs with"),
                      (config.replace("/pid<", "/none<"), "no server runs with .*start it instead"),
                      (config.replace("<paths>", "<paths"), "nowhere.xml")):
        nowhere.write_text(text)
        status, _, err = t.run("-c", nowhere, "--upgrade")
        equal(status, 1, err)
        matches(why, err)
    for text, why in (("1\n", "names no process"), ("%d\n" % dead_process(), "is not there; start it instead")):
        (server.dir / "other").write_text(text)
        nowhere.write_text(config.replace("/pid<", "/other<"))
        status, _, err = t.run("-c", nowhere, "--upgrade")
        equal(status, 1, err)
        matches(why, err)
    sleeper = subprocess.Popen(as_nobody(["sleep", "60"]))
    try:
        (server.dir / "other").write_text("%d\n" % sleeper.pid)
        status, _, err = t.run("-c", nowhere, "--upgrade")
        equal(status, 1, err)
        matches("does not know how to be replaced", err)
        equal(sleeper.poll(), None, "a process that is not a server is left alone")
    finally:
        sleeper.kill()
        sleeper.wait()
    status, _, err = t.run("--upgrade")
    equal(status, 1)
    server.source().play(20)
    server.listener().close()


def dead_process():
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


@test
def a_second_upgrade_meanwhile_is_refused(t):
    place = own_program(t)
    server = with_pid_file(t)
    whole = t.dir / "whole"
    put_program(whole, like=place)
    put_program(place, "#!/bin/sh\nexec sleep 20\n")
    source = server.source()
    source.play(20)
    server.send_signal(signal.SIGUSR2)
    server.wait_for_log("an upgrade begins")
    server.send_signal(signal.SIGUSR2)
    server.wait_for_log("under way already")
    server.listener().close()
    children = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split()
    equal(len(children), 1, "new processes")
    os.kill(int(children[0]), signal.SIGKILL)
    server.wait_for_log("the upgrade was not made.*has ended")
    put_program(place, like=whole)
    status, _, err = t.run("-c", server.config, "--upgrade")
    equal(status, 0, err)


@test
def a_configuration_that_no_server_starts_with_is_named(t):
    """The command's own configuration, and the server's: with its first fatal fault."""
    server = with_pid_file(t)
    other = t.dir / "other.xml"
    other.write_text(server.config.read_text().replace("<paths>", '<store type="files"/><paths>'))
    status, _, err = t.run("-c", other, "--upgrade")
    equal(status, 1, err)
    matches("other.xml cannot be used, and the server was left alone; its faults: icecast-lb -c .*other.xml --check-config", err)
    equal(taken(server), [], "upgrades")
    server.write_config(body='<burst-size>many</burst-size><store type="files"/>')
    refused_upgrade(server, r"the new program refuses: .*server\.xml.*type files needs a path")


@test
def a_configuration_that_the_server_does_not_run_with_is_refused(t):
    """An upgrade reads the file of the server's start, so nothing of another one would apply."""
    server = with_pid_file(t)
    other, same = t.dir / "other.xml", t.dir / "same.xml"
    other.write_text(server.config.read_text())
    same.symlink_to(server.config)
    listener = server.source().play(20) and server.listener()
    # The second time the process of the pid file is the one that stands in.
    for done in (1, 2):
        status, _, err = t.run("-c", other, "--upgrade")
        equal(status, 1, err)
        matches(r"process %d of \S+/pid runs with %s, which .* not %s; it was left alone: change that file, or restart" %
                (server.process.pid, server.config, other), err)
        status, _, err = t.run("-c", same, "--upgrade")
        equal(status, 0, err)
        equal(len(taken(server)), done, "upgrades")
    check(listener.is_open(), "its listener stays")


@test
def each_of_many_at_once_is_answered(t):
    """The kernel keeps one USR2 for a process that has not taken it yet."""
    server = with_pid_file(t)
    server.source().play(20)
    listener = server.listener()
    command = as_nobody([Settings.binary, "-c", str(server.config), "--upgrade"])
    for _ in range(2):
        server.send_signal(signal.SIGSTOP)
        asking = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=t.dir) for _ in range(4)]
        try:
            wait_for(lambda: open("/proc/net/unix").read().count("@icecast-lb-upgrade-%d" % server.process.pid) == 4, "all wait")
            os.kill(server.process.pid, signal.SIGCONT)
            said = [one.communicate(timeout=20)[1] for one in asking]
        finally:
            for one in asking:
                one.kill()
                one.wait()
        for status, text in zip([one.returncode for one in asking], said):
            matches("has taken over" if status == 0 else "it goes on: an upgrade is under way already", text)
        check(0 in [one.returncode for one in asking], "one of them is made: %r" % said)
    check(listener.is_open(), "its listener stays")


@test
def a_command_that_has_had_its_answer_asks_for_nothing(t):
    """Its last USR2 may come behind the answer, as it asks again each second."""
    place = own_program(t)
    server = with_pid_file(t)
    whole = t.dir / "whole"
    put_program(whole, like=place)
    put_program(place, "#!/bin/sh\nexit 3\n")

    def ask():
        equal(ctypes.CDLL(None).sigqueue(server.process.pid, int(signal.SIGUSR2), ctypes.c_void_p(4711)), 0)
    ask()
    server.wait_for_log("the upgrade was not made.*has ended")
    ask()
    put_program(place, like=whole)
    status, _, err = t.run("-c", server.config, "--upgrade")
    equal(status, 0, err)
    server.wait_for_log("this process has ended its part")
    equal(server.log().count("the upgrade was not made"), 1, "upgrades that failed")
    # The one that failed may have ended before it was logged that it begins.
    check(server.log().count("an upgrade begins") <= 2, "one that failed, one that was made: " + server.log()[-900:])


@test
def a_symbolic_link_names_the_next_program(t):
    place = own_program(t)
    for version in ("v1", "v2"):
        (t.dir / version).mkdir()
        put_program(t.dir / version / "icecast-lb", like=place)
    current = t.dir / "current"
    current.symlink_to("v1")
    for program in (str(current / "icecast-lb"), "current/icecast-lb"):
        Settings.binary = program
        server = t.unstarted_server()
        server.start(through=["env", "-C", str(t.dir)])
        for version in ("v2", "v1"):
            current.unlink()
            current.symlink_to(version)
            upgrade(server)
            equal(os.readlink("/proc/%d/exe" % serving(server)), "%s/%s/icecast-lb" % (t.dir, version))


@test
def another_user_is_told_so(t):
    if os.getuid() != 0:
        raise Skip("only root can be another user")
    server = with_pid_file(t)
    done = subprocess.run(["setpriv", "--reuid", "daemon", "--regid", "nogroup", "--clear-groups", Settings.binary,
                           "-c", str(server.config), "--upgrade"], capture_output=True, text=True, cwd="/")
    equal(done.returncode, 1, done.stderr)
    matches("could not be sent USR2 .*as the user of the server, or as root", done.stderr)
    equal(server.get("/status-json.xsl").status, 200)
    wait_for(lambda: server.process.poll() is None, "the server serves")


@test
def what_cannot_be_done_now_is_a_sentence_and_costs_nothing(t):
    place = own_program(t)
    server = with_pid_file(t, body="<cluster><id>m</id><node id='n' secret='s-n' allow-public='127.0.0.1:1'/></cluster>")
    source = server.source()
    sent = source.play(50)
    listener = server.listener()

    def refused(why):
        status, out, err = t.run("-c", server.config, "--upgrade")
        equal((status, out), (1, ""), err)
        matches(why, err)
        return err
    # The file that the server would read: wrong as a text, and wrong in what it says.
    taken_port = socket.create_server(("127.0.0.1", 0))
    for slots, why in (({"limits": "<nonsense"}, "server.xml"),
                       ({"sockets": listen_socket(taken_port.getsockname()[1])}, "was not replaced, it goes on: the new program refuses: .*cannot bind")):
        before = dict(server.slots)
        server.write_config(**slots)
        refused(why)
        server.write_config(**before)
        sent += source.play(10)
    taken_port.close()
    # Two commands at once: one is told of the other, and one upgrade is tried.
    whole = t.dir / "whole"
    put_program(whole, like=place)
    put_program(place, "#!/bin/sh\nexec sleep 20\n")
    begun = server.log().count("an upgrade begins")
    first = subprocess.Popen(as_nobody([str(whole), "-c", str(server.config), "--upgrade"]), stderr=subprocess.PIPE, text=True, cwd=t.dir)
    try:
        wait_for(lambda: server.log().count("an upgrade begins") > begun, "the first has sent USR2, and waits")
        second = subprocess.run(as_nobody([str(whole), "-c", str(server.config), "--upgrade"]), capture_output=True, text=True, cwd=t.dir, timeout=20)
        equal(second.returncode, 1, second.stderr)
        matches("was not replaced, it goes on: an upgrade is under way already", second.stderr)
        for child in subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True).stdout.split():
            os.kill(int(child), signal.SIGKILL)
        said = first.communicate(timeout=20)[1]
        equal(first.returncode, 1, said)
        matches("was not replaced, it goes on: .*has ended", said)
    finally:
        first.kill()
        first.wait()
    put_program(place, like=whole)
    # During a drain.
    equal(server.ask("POST /admin/drain?mode=soft HTTP/1.0", ["Content-Length: 0"], "admin:adm-secret").status, 200)
    refused("the server is draining: cancel that")
    equal(server.get("/admin/undrain", "admin:adm-secret").status, 200)
    status, _, err = t.run("-c", server.config, "--upgrade")
    equal(status, 0, err)
    sent += source.play(30)
    got = listener.read(len(sent) - MP3_FRAME)
    check(sent.startswith(got), "what came differs from what was sent")


@test
def too_little_memory_is_a_sentence_with_its_numbers(t):
    if os.geteuid() != 0:
        raise Skip("needs root, to show the server another /proc/meminfo")
    server = t.unstarted_server(paths="<pidfile>%s/pid</pidfile>" % (t.dir / "server0"))
    facts = t.dir / "meminfo"
    facts.write_text("MemTotal: 4014044 kB\nMemAvailable: 2048 kB\n")
    server.start(through=["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /proc/meminfo && exec "$@"', str(facts)])
    listener = server.source().play(20) and server.listener()
    refused_upgrade(server, r"a second process may need \d+ MB of memory for a moment, and 2 MB are free here: free some, or restart")
    equal(taken(server), [], "upgrades")
    facts.write_text("MemTotal: 4014044 kB\nMemAvailable: 2048000 kB\n")
    upgrade(server)
    check(listener.is_open(), "its listener stays")


def tell_without_end(address):
    """Another user of this machine, which reports repeatedly that the server was replaced."""
    os.setgid(1)
    os.setuid(1)
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    while True:
        try:
            sender.sendto(b"0said by a stranger", address)
        except OSError:
            time.sleep(0.001)


def listen_at(address, heard):
    """Another user of this machine, which has bound the address before any --upgrade."""
    os.setgid(1)
    os.setuid(1)
    waiting = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    waiting.bind(address)
    os.write(heard, b"bound\n")
    while True:
        os.write(heard, waiting.recv(4096) + b"\n")


@test
def a_stranger_that_has_the_address_hides_no_outcome_and_hears_no_reason(t):
    if os.geteuid() != 0:
        raise Skip("needs root, to be another user")
    server = with_pid_file(t)
    heard, theirs = os.pipe()
    stranger = os.fork()
    if stranger == 0:
        try:
            listen_at(b"\0icecast-lb-upgrade-%d" % server.process.pid, theirs)
        finally:
            os._exit(1)
    try:
        equal(os.read(heard, 100), b"bound\n")
        # The second one goes through the process that stands in for the server.
        for _ in range(2):
            status, _, err = t.run("-c", server.config, "--upgrade")
            equal(status, 0, err)
            matches("has taken over", err)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server.write_config(sockets=listen_socket(taken.getsockname()[1]))
            status, _, err = t.run("-c", server.config, "--upgrade")
            equal(status, 1, err)
            matches("was not replaced, it goes on: .*cannot bind", err)
            server.send_signal(signal.SIGUSR2)
            equal(os.read(heard, 4096), b"1see its error log\n", "what the stranger hears of a USR2 by hand")
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.waitpid(stranger, 0)


@test
def a_stranger_does_not_say_how_it_ended(t):
    if os.geteuid() != 0:
        raise Skip("needs root, to be another user")
    server = with_pid_file(t)
    stranger = os.fork()
    if stranger == 0:
        try:
            tell_without_end(b"\0icecast-lb-upgrade-%d" % server.process.pid)
        finally:
            os._exit(1)
    try:
        status, _, err = t.run("-c", server.config, "--upgrade")
    finally:
        os.kill(stranger, signal.SIGKILL)
        os.waitpid(stranger, 0)
    check("stranger" not in err, err)
    check(status != 0 or "has taken over" in err, err)


@test
def within_a_chroot_the_server_is_found_and_says_where_its_program_has_to_be(t):
    if os.getuid() != 0:
        raise Skip("only root may change the root directory")
    server = t.unstarted_server()
    text = server.config.read_text().replace(str(server.dir) + "/", "/")
    server.config.write_text(text.replace("</paths>", "<basedir>%s</basedir></paths><security><chroot>1</chroot><changeowner>"
                                          "<user>nobody</user><group>nogroup</group></changeowner></security>" % server.dir))
    command = [Settings.binary, "-c", str(server.config)]
    server.out = server.dir / "out"
    with open(server.out, "ab") as out:
        server.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    server.ports = [int(port) for port in wait_for(server.ready_line, "the server is ready").group(1).split()]
    source = server.source()
    source.play(20)
    for _ in "without", "with":     # a copy of the configuration within, for the next process
        done = subprocess.run([*command, "--upgrade"], capture_output=True, text=True, timeout=60)
        equal(done.returncode, 1, done.stderr)
        matches(r"icecast-lb: .*program .* could not be started \(No such file or directory\): it and its libraries have to be "
                r"within the <chroot> %s.*\n" % server.dir, done.stderr)
        source.play(20)
        copy = pathlib.Path("%s%s" % (server.dir, server.config))
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(server.config, copy)
    check(source.is_open(), "the encoder is connected")
