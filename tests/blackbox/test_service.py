"""The server and a service manager such as systemd: notifications, the watchdog, inherited sockets."""
import array
import ctypes
import os
import pathlib
import signal
import socket
import struct

from harness import check, equal, free_port, listen_socket, matches, test, wait_for
from replacing import own_program, put_program, serving, taken
from tasks import tasks_of

# Like the manager, bash knows the process's number only when it has become that process.
AS_SERVICE = ["bash", "-c", 'export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$@"', "-"]
INHERITING = ["bash", "-c", 'export LISTEN_PID=$$; exec "$@" 3<&$INHERITED', "-"]
MOVING = [part.replace("$INHERITED", "$INHERITED-") for part in INHERITING]  # the server has no other copy


class Manager:
    """The manager's end of NOTIFY_SOCKET."""

    def __init__(self, t, watchdog_seconds=0.0):
        path = t.dir / "notify"
        self.socket = t.owned(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        self.socket.bind(str(path))
        path.chmod(0o777)
        # From now on each message has its sender: the kernel notes it when the message is sent.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.environment = dict(os.environ, NOTIFY_SOCKET=str(path))
        if watchdog_seconds:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_seconds * 1e6))

    def next(self, patience=5.0):
        """The next message as a dictionary; None: none came in time."""
        self.socket.settimeout(patience)
        try:
            return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())
        except socket.timeout:
            return None

    def expect(self, **wanted):
        got = self.next()
        check(got is not None, "no message came, expected %r" % wanted)
        equal({key: got.get(key) for key in wanted}, wanted, "the message %r" % got)
        return got

    def stored(self):
        """The next message, and the descriptors that came with it."""
        self.socket.settimeout(5.0)
        text, fds, _, _ = socket.recv_fds(self.socket, 4096, 64)
        return dict(line.split("=", 1) for line in text.decode().splitlines()), fds

    def attributed(self, patience=5.0):
        """The next message, its sender's process id, and its descriptors; ({}, 0, []): none came."""
        self.socket.settimeout(patience)
        try:
            text, parts, _, _ = self.socket.recvmsg(4096, 4096)
        except socket.timeout:
            return {}, 0, []
        sender, fds = 0, []
        for _, kind, data in parts:
            if kind == socket.SCM_CREDENTIALS:
                sender = struct.unpack("3i", data)[0]
            elif kind == socket.SCM_RIGHTS:
                fds += array.array("i", data)
        return dict(line.split("=", 1) for line in text.decode().splitlines()), sender, fds

    def start(self, server):
        server.start(through=AS_SERVICE, env=self.environment)
        return server


@test
def the_manager_hears_of_start_reload_and_stop(t):
    manager = Manager(t)
    server = manager.start(t.unstarted_server())
    manager.expect(READY="1", STATUS="serving on port %d" % server.port)
    equal(server.get("/none").status, 404)
    before = int(pathlib.Path("/proc/uptime").read_text().split(".")[0]) - 5
    server.send_signal(signal.SIGHUP)
    told = manager.expect(RELOADING="1")
    check(before < int(told["MONOTONIC_USEC"]) / 1e6 < before + 60, "not the steady clock: %r" % told)
    manager.expect(READY="1", STATUS="configuration read again")
    server.send_signal(signal.SIGTERM)
    manager.expect(STOPPING="1")
    equal(server.wait_exit(), 0)


@test
def a_reload_ends_also_when_the_file_is_broken_and_logs_are_opened_again(t):
    manager = Manager(t)
    server = manager.start(t.unstarted_server())
    manager.expect(READY="1")
    good = server.config.read_text()
    for broken in ("<icecast>", good.replace("</limits>", "</limits><security><chroot>perhaps</chroot></security>")):
        server.config.write_text(broken)
        log = server.dir / "log" / "access.log"
        log.rename(str(log) + ".1")
        server.send_signal(signal.SIGHUP)
        manager.expect(RELOADING="1")
        check("the old one stays" in manager.expect(READY="1")["STATUS"], "the status is silent about it")
        check(log.exists(), "READY came before the logs were open")
        equal(server.get("/none").status, 404)
        server.wait_for_log("GET /none", "access")


@test
def reloads_in_a_row_end_with_one_word(t):
    manager = Manager(t)
    server = manager.start(t.unstarted_server())
    manager.expect(READY="1")
    for _ in range(20):
        server.send_signal(signal.SIGHUP)
    last = None
    while (told := manager.next(1.0)) is not None:
        last = told
    check(last is not None and last.get("READY") == "1", "the last word is %r" % last)


@test
def without_a_watch_the_server_is_silent(t):
    manager = Manager(t)
    manager.start(t.unstarted_server())
    manager.expect(READY="1")
    equal(manager.next(0.5), None)


@test
def the_watchdog_is_fed(t):
    manager = Manager(t, watchdog_seconds=0.2)
    manager.start(t.unstarted_server())
    manager.expect(READY="1")
    for _ in range(6):
        manager.expect(WATCHDOG="1")


class HeldThread:
    """Stops one thread of a process, as only a debugger can."""
    SEIZE, INTERRUPT, DETACH, WALL = 0x4206, 0x4207, 17, 0x40000000

    def __init__(self, thread):
        self.thread = thread
        self.ptrace(self.SEIZE)
        self.ptrace(self.INTERRUPT)
        os.waitpid(thread, self.WALL)

    def ptrace(self, what):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.ptrace(ctypes.c_long(what), ctypes.c_long(self.thread), None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")

    def release(self):
        self.ptrace(self.DETACH)


@test
def a_worker_that_hangs_is_told_by_silence(t):
    manager = Manager(t, watchdog_seconds=0.2)
    server = manager.start(t.unstarted_server(limits="<threads>2</threads>"))
    manager.expect(READY="1")
    manager.expect(WATCHDOG="1")
    threads = {}
    for name, task in tasks_of(server.process.pid):
        threads.setdefault(name, []).append(int(task.name))
    equal(len(threads["worker"]), 2, "workers among %r" % threads)
    for worker in threads["worker"]:
        held = HeldThread(worker)
        try:
            while manager.next(1.0):  # a round that was on its way
                pass
        finally:
            held.release()
        for _ in range(3):
            manager.expect(WATCHDOG="1")
    # Nobody's stream depends on the clerk.
    held = HeldThread(threads["clerk"][0])
    try:
        for _ in range(6):
            manager.expect(WATCHDOG="1")
    finally:
        held.release()


@test
def programs_that_it_starts_do_not_take_the_manager_for_theirs(t):
    manager = Manager(t, watchdog_seconds=30)
    script, out = t.dir / "hook", t.dir / "server0" / "hook-said"
    script.write_text("#!/bin/sh\nenv >%s.new; mv %s.new %s\n" % (out, out, out))
    script.chmod(0o755)
    server = t.unstarted_server(body="<mount><mount-name>/m</mount-name><on-connect>%s</on-connect></mount>" % script)
    manager.start(server)
    server.source("/m")
    wait_for(out.exists, "the program has run")
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID"):
        check(name + "=" not in out.read_text(), name + " is in its environment")


def inherited_socket(t, address="127.0.0.1"):
    made = t.owned(socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET))
    made.bind((address, 0))
    made.listen(64)
    return made


def start_with(server, inherited, count=1):
    environment = dict(os.environ, LISTEN_FDS=str(count), INHERITED=str(inherited.fileno()))
    return server.start(through=INHERITING, env=environment, pass_fds=[inherited.fileno()])


@test
def a_socket_of_the_manager_is_served(t):
    inherited = inherited_socket(t)
    port = inherited.getsockname()[1]
    server = start_with(t.unstarted_server(sockets=listen_socket(port) + listen_socket(0), limits="<threads>2</threads>"),
                        inherited)
    equal(server.ports[0], port)
    equal(len(server.ports), 2)
    source = server.source()
    listeners = [server.listener(port=port) for port in server.ports * 4]
    sent = source.play(30)
    for listener in listeners:
        check(sent.startswith(listener.read(25 * 384)), "the stream differs")
    for _ in range(50):
        equal(server.get("/none").status, 404)


@test
def a_restart_refuses_nobody(t):
    inherited = inherited_socket(t)
    server = t.unstarted_server(sockets=listen_socket(inherited.getsockname()[1]))
    start_with(server, inherited)
    equal(server.get("/one").status, 404)
    equal(server.stop(), 0)
    waiting = server.wire()  # connected while no server runs
    waiting.send("GET /two HTTP/1.0\r\n\r\n")
    start_with(server, inherited)
    equal(waiting.reply().status, 404)


@test
def one_on_all_addresses_of_both_families_fits_where_no_address_is_written(t):
    inherited = inherited_socket(t, "::")
    port = inherited.getsockname()[1]
    server = start_with(t.unstarted_server(sockets="<listen-socket><port>%d</port></listen-socket>" % port), inherited)
    equal(server.ports, [port])
    equal(server.get("/none").status, 404)
    server.wait_for_log('^127.0.0.1 - - .*"GET /none', "access")


@test
def a_socket_that_is_not_in_the_configuration_is_told_of(t):
    inherited = inherited_socket(t)
    server = start_with(t.unstarted_server(), inherited)
    matches(r"inherited socket 127\.0\.0\.1:%d matches no <listen-socket>" % inherited.getsockname()[1],
            server.out.read_text())
    check(inherited.getsockname()[1] not in server.ports, "it is served")


@test
def a_descriptor_that_is_no_socket_is_told_of(t):
    with open("/dev/null") as null:
        server = start_with(t.unstarted_server(), null)
    matches("inherited descriptor 3 is not a listening TCP socket", server.out.read_text())
    equal(server.get("/none").status, 404)


@test
def a_reload_gives_an_inherited_socket_new_settings_and_does_not_close_it(t):
    inherited = inherited_socket(t)
    port = inherited.getsockname()[1]
    server = start_with(t.unstarted_server(sockets=listen_socket(port) + listen_socket(0)), inherited)
    other = server.ports[1]
    server.reload(sockets=listen_socket(0))
    server.wait_for_log("port %d was opened by the service manager and stays open until a restart" % port)
    equal(server.get("/none").status, 404)
    server.reload(sockets=listen_socket(port, "<queue-len>7</queue-len>") + listen_socket(0))
    equal(server.get("/none").status, 404)
    equal(server.ask("GET /none HTTP/1.0", port=other).status, 404)


@test
def a_port_of_a_manager_for_another_process_is_opened_as_usual(t):
    port = free_port()
    server = t.unstarted_server(sockets=listen_socket(port))
    server.start(env=dict(os.environ, LISTEN_FDS="1", LISTEN_PID="1"))
    equal(server.ports, [port])
    equal(server.get("/none").status, 404)


@test
def sockets_that_the_manager_keeps_refuse_nobody_after_a_kill(t):
    manager = Manager(t)
    manager.environment["FDSTORE"] = "8"
    port, other = free_port(), free_port()
    server = manager.start(t.unstarted_server(sockets=listen_socket(port) + listen_socket(other), limits="<threads>1</threads>"))
    manager.expect(READY="1")
    store = {}
    while len(store) < 2:
        told, fds = manager.stored()
        equal(told["FDSTORE"], "1", told)
        store[told["FDNAME"]] = fds
    equal(sorted(store), ["icecast-lb-listen-%d-127.0.0.1" % one for one in sorted((port, other))])
    server.reload(sockets=listen_socket(port))
    name = "icecast-lb-listen-%d-127.0.0.1" % other
    wait_for(lambda: manager.next() == {"FDSTOREREMOVE": "1", "FDNAME": name}, "what is closed is kept no longer")
    os.close(store.pop(name).pop())
    (name, (kept,)), = store.items()
    server.kill()
    waiting = server.wire(port=port)  # connected while no server runs
    waiting.send("GET /one HTTP/1.0\r\n\r\n")
    environment = dict(manager.environment, LISTEN_FDS="1", LISTEN_FDNAMES=name, INHERITED=str(kept))
    server.start(through=INHERITING, env=environment, pass_fds=[kept])
    os.close(kept)
    equal(waiting.reply().status, 404)
    equal(server.ports, [port])
    server.reload(sockets=listen_socket(other))
    server.wait_for_log("port %d is closed" % port)


@test
def a_kept_port_that_has_no_certificate_now_takes_no_connection(t):
    manager = Manager(t)
    inherited = inherited_socket(t)
    port = inherited.getsockname()[1]
    name = "icecast-lb-listen-%d-127.0.0.1" % port
    environment = dict(manager.environment, FDSTORE="8", LISTEN_FDS="1", LISTEN_FDNAMES=name, INHERITED=str(inherited.fileno()))
    server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(port, "<ssl>1</ssl>"))
    server.start(through=MOVING, env=environment, pass_fds=[inherited.fileno()])
    wait_for(lambda: manager.next() == {"FDSTOREREMOVE": "1", "FDNAME": name}, "it is kept no longer")
    inherited.close()

    def refused():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            return True
        return False
    wait_for(refused, "nothing listens there")


def hand_over(manager, server, wanted):
    """Sends USR2; returns the messages that the manager gets from the process that it knows, up to the one for which
    `wanted` holds, and the main process.

    As with NotifyAccess=main of systemd, messages from other processes do not count."""
    main, heard = serving(server), []
    os.kill(main, signal.SIGUSR2)
    while not wanted(heard):
        told, sender, fds = manager.attributed(10)
        check(told, "no message came behind %r" % heard)
        if "BARRIER" in told:
            for fd in fds:
                os.close(fd)
        elif sender == main:
            heard.append(told)
            main = int(told.get("MAINPID", main))
    return heard, main


@test
def the_manager_follows_two_upgrades_and_feels_each_process_alive(t):
    place = own_program(t)
    manager = Manager(t, watchdog_seconds=0.4)
    server = manager.start(t.unstarted_server())
    manager.expect(READY="1")
    source = server.source()
    source.play(30)
    listener = server.listener()
    for _ in range(2):
        before = serving(server)
        heard, main = hand_over(manager, server, lambda heard: any("READY" in told for told in heard) and heard[-1].get("WATCHDOG"))
        words = [word for told in heard for word in told if word in ("RELOADING", "MAINPID", "READY")]
        equal(words, ["RELOADING", "MAINPID", "READY"], heard)
        wait_for(lambda: serving(server) == main, "the new process is the main one")
        check(main != before, "it is another one")
        source.play(30)
        listener.read(20 * 384)
        wait_for(lambda: before == server.process.pid or not pathlib.Path("/proc/%d" % before).exists(), "the one before has ended", 2)
        for _ in range(3):
            wait_for(lambda: "WATCHDOG" in (lambda told, sender, _: told if sender == main else {})(*manager.attributed()), "it is fed")
    # One that cannot take over: what the manager knows stays, and its status says why.
    put_program(place, "#!/bin/sh\nexit 3\n")
    heard, still = hand_over(manager, server, lambda heard: any("READY" in told for told in heard))
    words = [word for told in heard for word in told if word in ("RELOADING", "MAINPID", "READY")]
    equal((words, still), (["RELOADING", "READY"], main), heard)
    matches("not made", " ".join(told.get("STATUS", "") for told in heard))
    # A reload is none, and a stop is the last process's.
    os.kill(main, signal.SIGHUP)
    wait_for(lambda: (lambda told, sender, _: sender == main and "configuration read again" in told.get("STATUS", ""))(*manager.attributed()),
             "a reload ends")
    equal(len(taken(server)), 2, "upgrades")
    os.kill(main, signal.SIGTERM)
    wait_for(lambda: (lambda told, sender, _: sender == main and "STOPPING" in told)(*manager.attributed()), "it stops")
    wait_for(lambda: not pathlib.Path("/proc/%d" % main).exists(), "and ends")


@test
def sockets_are_kept_over_upgrades_for_a_process_that_is_killed_behind_them(t):
    manager = Manager(t)
    manager.environment["FDSTORE"] = "8"
    port, other = free_port(), free_port()
    server = manager.start(t.unstarted_server(sockets=listen_socket(port), limits="<threads>1</threads>"))
    manager.expect(READY="1")
    (told, _), name = manager.stored(), "icecast-lb-listen-%d-127.0.0.1"
    equal(told["FDNAME"], name % port)
    # The next process has a port more, and gives the manager what it has in place of what it found.
    server.write_config(sockets=listen_socket(port) + listen_socket(other))
    first, main = serving(server), serving(server)
    os.kill(first, signal.SIGUSR2)
    store = {}
    while main == first or len(store) < 2:
        told, sender, fds = manager.attributed(10)
        check(told, "no message came")
        main = int(told.get("MAINPID", main))
        if "FDSTORE" in told:
            check(sender == main and told["FDNAME"] in (name % port, name % other), "what is kept, and by which process: %r of %d" % (told, sender))
            store[told["FDNAME"]] = fds
    wait_for(lambda: serving(server) == main, "it serves")
    os.kill(main, signal.SIGKILL)
    waiting = [server.wire(port=one) for one in (port, other)]   # connected while no server runs
    for wire in waiting:
        wire.send("GET /one HTTP/1.0\r\n\r\n")
    wait_for(lambda: not pathlib.Path("/proc/%d" % main).exists() or "Z" in pathlib.Path("/proc/%d/stat" % main).read_text(), "it is killed")
    server.process.wait(10)
    server.process = None
    (server.dir / "out").unlink()
    fds = [store[name % port][0], store[name % other][0]]
    environment = dict(manager.environment, LISTEN_FDS="2", LISTEN_FDNAMES=":".join((name % port, name % other)),
                       FIRST=str(fds[0]), SECOND=str(fds[1]))
    server.start(through=["bash", "-c", 'export LISTEN_PID=$$; exec "$@" 3<&$FIRST 4<&$SECOND', "-"], env=environment, pass_fds=fds)
    equal([wire.reply().status for wire in waiting], [404, 404])
