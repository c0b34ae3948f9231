"""<security><confine>: the forbidden actions of the process, its programs and its successor, and the functions that
still work."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from api import Api
from encoders import Ear
from facts import Settings
from harness import check, equal, free_port, give_away, matches, mount, test, wait_for
from http_backend import HttpBackend, send
from media import MP3_FRAME, mp3_numbers
from recorder import Studio, check_consecutive, ranges, recorded_seconds
from replacing import own_program, serving, upgrade
from tasks import tasks_of
from tls_bench import TLS_SOCKETS, certificate, tls

# That of the system, which every user may run.
PYTHON = shutil.which("python3", path="/usr/bin:/bin")
CONFINE = "<security><confine>1%s</confine></security>"
# What a program of the server tries; each a line "name: done" or "name: errno".
ESCAPES = r'''
import ctypes, errno, mmap, os, socket, sys
outside, prey, log = sys.argv[1:4]
only = sys.argv[4:]
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *numbers):
    ctypes.set_errno(0)
    if getattr(libc, name)(*numbers) == -1:
        raise OSError(ctypes.get_errno(), name)
def raw(number):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0) == -1:
        raise OSError(ctypes.get_errno(), str(number))
tries = {
    "read": lambda: open(outside + "/secret").read(),
    "list": lambda: os.listdir(outside),
    "write": lambda: open(outside + "/mine", "w"),
    "append": lambda: open(outside + "/secret", "a"),
    "remove": lambda: os.unlink(outside + "/secret"),
    "link": lambda: os.symlink("/", log + "/link"),
    "environ": lambda: open("/proc/%s/environ" % prey, "rb").read(),
    "ptrace": lambda: call("ptrace", 16, int(prey), 0, 0),
    "memory": lambda: call("process_vm_readv", int(prey), 0, 0, 0, 0, 0),
    "kill": lambda: os.kill(int(prey), 0),
    "mount": lambda: call("mount", b"none", b"/proc", b"proc", 0, 0),
    "unshare": lambda: call("unshare", 0x10000000),
    "chroot": lambda: os.chroot("/usr"),
    "raw": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "code": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC),
    "keyring": lambda: raw(250 if os.uname().machine == "x86_64" else 219),
    "io_uring": lambda: raw(425),
    "new": lambda: raw(500),
    "allowed": lambda: (open(log + "/allowed", "w").close(), os.listdir("/usr"), os.listdir("/etc"), os.fork() or os._exit(0)),
}
with open(log + "/escapes.new", "w") as out:
    for name, act in tries.items():
        if only and name not in only:
            continue
        try:
            act()
            how = "done"
        except OSError as e:
            how = errno.errorcode.get(e.errno, str(e))
        out.write("%s: %s\n" % (name, how))
os.rename(log + "/escapes.new", log + "/escapes")
'''
HARMLESS = ("read", "write", "environ", "kill", "netlink", "allowed")
WITHOUT_LANDLOCK = r'''
import ctypes, os, struct, sys
def rule(code, true, false, k): return struct.pack("HBBI", code, true, false, k)
rules = rule(0x20, 0, 0, 0) + rule(0x15, 0, 1, 444) + rule(0x06, 0, 0, 0x50000 | 38) + rule(0x06, 0, 0, 0x7fff0000)
held = ctypes.create_string_buffer(rules)
libc = ctypes.CDLL(None, use_errno=True)
program = struct.pack("HxxxxxxP", 4, ctypes.addressof(held))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
'''


def outside(t):
    """A directory outside of all rules, which every user may read and write."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="icecast-lb-outside-"))
    place.chmod(0o777)
    (place / "secret").write_text("nothing of the server's\n")
    (place / "secret").chmod(0o666)
    t.owned(Removed(place))
    return place


class Removed:
    def __init__(self, place):
        self.place = place

    def close(self):
        shutil.rmtree(self.place, ignore_errors=True)


class Prey:
    """A process of the same user that does not belong to the server."""

    def __init__(self, t):
        command = [PYTHON, "-c", "print('here', flush=True); import signal; signal.pause()"]
        options = dict(user="nobody", group="nogroup", extra_groups=[]) if os.getuid() == 0 else {}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd="/", **options)
        self.process.stdout.readline()
        t.owned(self)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def escaping(t, confined, place, prey, only=()):
    """A server whose first source starts the program above; the actions in which the program succeeded."""
    server = t.unstarted_server()
    hook, program = server.dir / "hook", server.dir / "escapes.py"
    program.write_text(ESCAPES)
    hook.write_text("#!/bin/sh\nexec %s -B %s %s %d %s/log %s\n" % (PYTHON, program, place, prey.process.pid, server.dir, " ".join(only)))
    hook.chmod(0o755)
    (server.dir / "web" / "out.txt").symlink_to(place / "secret")
    server.write_config(body=mount("/live.mp3", "<on-connect>%s</on-connect>" % hook) + (CONFINE % "" if confined else ""))
    server.start()
    status = server.get("/out.txt").status
    server.source("/live.mp3")
    told = server.dir / "log" / "escapes"
    wait_for(told.exists, "the program has tried all: " + server.log()[-500:])
    return server, status, dict(re.findall(r"(\w+): (\S+)", told.read_text()))


@test
def escapes_are_refused(t):
    place, prey = outside(t), Prey(t)
    server, status, could = escaping(t, True, place, prey)
    matches(r"main/confine the process is confined: files are read below \d+ and written below \d+ directories, system calls are filtered",
            server.log())
    equal(status, 404, "a link of the web root that leads outside")
    equal(could.pop("allowed"), "done", "what a program needs")
    by_landlock = {name: could.pop(name) for name in ("read", "list", "write", "append", "remove", "link", "environ")}
    equal({name: how for name, how in by_landlock.items() if how not in ("EACCES", "EPERM")}, {}, "files")
    equal(could.pop("new"), "ENOSYS", "a call that nobody has judged")
    equal({could.pop("raw"), could.pop("netlink")}, {"EAFNOSUPPORT"}, "families of sockets")
    if could.pop("kill") != "EPERM":
        print("this kernel's landlock knows no signals")
    equal(could, dict.fromkeys(could, "EPERM"), "system calls")
    equal((place / "secret").read_text(), "nothing of the server's\n")
    equal(sorted(path.name for path in place.iterdir()), ["secret"])
    matches(r"(?m)^Max core file size +0 +0 ", pathlib.Path("/proc/%d/limits" % server.process.pid).read_text())
    for _, task in tasks_of(server.process.pid):
        held = (task / "status").read_text()
        matches(r"(?m)^Seccomp:\t2$", held, "thread " + task.name)
        matches(r"(?m)^NoNewPrivs:\t1$", held, "thread " + task.name)


@test
def without_it_nothing_is_refused_by_it(t):
    place, prey = outside(t), Prey(t)
    server, status, could = escaping(t, False, place, prey, HARMLESS)
    equal(status, 200, "a link of the web root is followed")
    equal(could, dict.fromkeys(HARMLESS, "done"))
    check("main/confine" not in server.log(), server.log())


@test
def a_confined_server_does_all_that_it_did(t):
    server = t.unstarted_server()
    for name, text in (("hook", 'echo "$1" >>%s/log/hook.txt\n' % server.dir),
                       ("program", "while :; do dd if=/dev/zero bs=1000 count=1 2>/dev/null; sleep 0.05; done\n")):
        (server.dir / name).write_text("#!/bin/sh\n" + text)
        (server.dir / name).chmod(0o755)
    (server.dir / "web" / "page.html").write_text("a page\n")
    body = CONFINE % "" + mount("/live.mp3", "<on-connect>%s/hook</on-connect><dump-file>%s/dumps/d.mp3</dump-file>" % (server.dir, server.dir))
    body += ("<relay><local-mount>/x.test</local-mount><content-type>audio/x-test</content-type><exec>%s/program</exec></relay>"
             '<archive><dir>%s/kept</dir></archive><store type="files" path="%s/records"/>' % (server.dir, server.dir, server.dir))
    (server.dir / "dumps").mkdir()
    server.write_config(body=body, paths="<state-dir>%s/state</state-dir><pidfile>%s/pid</pidfile>" % (server.dir, server.dir))
    server.start()
    source, listener = server.source("/live.mp3"), server.listener("/live.mp3")
    sent = source.play(30)
    check(sent.startswith(listener.read(20 * 384)), "the stream differs")
    wait_for(lambda: (server.dir / "log" / "hook.txt").exists(), "the program of on-connect has run")
    check(server.listener("/x.test").read(2000) == bytes(2000), "what <exec> writes is heard")
    equal(server.get("/page.html").text, "a page\n")
    log = server.dir / "log" / "access.log"
    log.rename(str(log) + ".1")
    server.reload(body=body.replace("<dump-file>", "<max-listeners>7</max-listeners><dump-file>"))
    wait_for(lambda: server.get("/after") and log.exists() and "GET /after" in log.read_text(), "the log is opened again")
    check("ermission denied" not in server.log(), server.log())
    equal(server.stop(), 0)
    check(not (server.dir / "pid").exists(), "the pid file is gone")
    check(any(path.stat().st_size for path in (server.dir / "dumps").iterdir()), "the dump is written")


@test
def twenty_upgrades_keep_it_and_add_nothing(t):
    server = t.server(body=CONFINE % "")
    source = server.source()
    listener, sent = server.listener(), source.play(30)
    for _ in range(20):
        equal(upgrade(server)[:3], (1, 1, 1))
        sent += source.play(5)
    got = listener.read(len(sent) - 2 * MP3_FRAME)
    check(sent.startswith(got), "what came differs from what was sent")
    held = pathlib.Path("/proc/%d/status" % serving(server)).read_text()
    matches(r"(?m)^Seccomp:\t2$", held)
    filters = re.search(r"(?m)^Seccomp_filters:\t(\d+)$", held)
    check(filters is None or int(filters.group(1)) == 1, "filters: " + held)
    matches("the process is confined like the previous one", server.log())
    server.write_config(body="", paths="<state-dir>%s/state</state-dir>" % outside(t))
    upgrade(server)
    matches("the process stays confined until a restart", server.log())
    matches(r"directory /tmp/icecast-lb-outside-\w+/?\w* is named in the configuration, but was not when the process was confined",
            server.log())


@test
def all_that_goes_over_does_so_in_a_confined_server(t):
    """TLS, HLS, the past, programs, books, a store, links and webhooks, through three upgrades; SIGSYS would end the
    process."""
    place = own_program(t)
    server = t.unstarted_server(sockets=TLS_SOCKETS)
    certificate(server.dir, "radio.test")
    got = []
    receiver = t.owned(HttpBackend({"POST": lambda handler: (got.append(handler.rfile.read(int(handler.headers["Content-Length"]))), send(handler, 200))}))
    program = server.dir / "program"
    program.write_text("#!/bin/sh\nwhile :; do dd if=/dev/zero bs=1000 count=1 2>/dev/null; sleep 0.05; done\n")
    program.chmod(0o755)
    server.write_config(
        paths="<state-dir>%s/state</state-dir><ssl-certificate>%s/tls.pem</ssl-certificate>" % (server.dir, server.dir),
        limits="<source-timeout>60</source-timeout>",
        body=(CONFINE % ("<read>%s</read>" % place) + '<console>1</console><audience/><hls><segment>2</segment></hls><archive><dir>%s/kept</dir></archive>'
              '<store type="files" path="%s/records"/><webhook url="%s" events="source-connect,upgrade"/>'
              '<cluster><id>m</id><cluster-port>%d</cluster-port><node id="n" secret="s-n" allow-public="127.0.0.1:1"/></cluster>'
              "<relay><local-mount>/x.test</local-mount><content-type>audio/x-test</content-type><exec>%s</exec></relay>" % (
                  server.dir, server.dir, receiver.address("/"), free_port(), program)) +
        mount("/live.mp3", "<hls>1</hls><archive>1</archive>"))
    server.start()
    studio, api = Studio(t, server), Api(server)
    wait_for(lambda: recorded_seconds(server) >= 3, "it is recorded", 20)
    ears = {"plain": Ear(t, server, "/live.mp3"), "TLS": Ear(t, server, "/live.mp3", port=server.ports[1], wrap=tls()),
            "the past": Ear(t, server, "/live.mp3?timeshift=2")}
    made = server.listener("/x.test")
    for round_ in range(3):
        upgrade(server)
        api.want(201, "POST", "/mounts", {"mount": "/m%d.mp3" % round_})
        equal(server.get("/live.mp3/live.m3u8").status, 200, "a list of HLS")
        number = studio.number
        for what, ear in ears.items():
            wait_for(lambda ear=ear: b"<S%09d>" % (number + 5) in ear.raw()[-40000:] or ear.ended, what + " hears on")
        check(made.read(2000) == bytes(2000), "the program is heard")
        server.source("/s%d.mp3" % round_).play(10)
        wait_for(lambda: any(b"/s%d.mp3" % round_ in one for one in got), "the webhook is told")
    for what, ear in ears.items():
        data = ear.audio()[0]
        check_consecutive([n for _, n in mp3_numbers(data[data.index(b"\xff\xfb\x94\x00"):])], what)
    equal(len(ranges(server)), 1, "ranges of the recording")
    equal([line for line in server.log().splitlines() if "denied" in line or "not permitted" in line], [], "what was refused")
    held = pathlib.Path("/proc/%d/status" % serving(server)).read_text()
    matches(r"(?m)^Seccomp:\t2$", held)


@test
def on_a_kernel_without_landlock_it_starts_with_a_sentence(t):
    server = t.unstarted_server(body=CONFINE % "")
    server.start(through=[sys.executable, "-c", WITHOUT_LANDLOCK, shutil.which("env")])
    matches(r"<confine>: this kernel has no landlock: Function not implemented; files are not confined", server.log())
    matches("the process is confined: system calls are filtered", server.log())
    equal(server.get("/none").status, 404)


@test
def a_check_knows_it(t):
    server = t.unstarted_server(body=CONFINE % "<read>/nowhere/at/all</read><write>/usr</write>")
    status, out, err = t.run("--check-config", server.config)
    matches(r'warning: <read>: "/nowhere/at/all": No such file or directory', out + err)
    server.write_config(body="<security><confine>perhaps</confine></security>")
    status, out, err = t.run("--check-config", server.config)
    equal(status, 1, out + err)
    server.write_config(body=CONFINE % "<read>/usr</read><write>%s/log</write>" % server.dir)
    give_away(server.dir)
    equal(t.run("--check-config", server.config)[0], 0)
    server.start()
    server.reload(body="")
    server.wait_for_log("security/confine 1→0 needs restart")
