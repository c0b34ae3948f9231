#!/usr/bin/env python3
"""Builds the Debian package, installs it into a clean Debian, uses it there, and takes it away again.

usage: run.py --build DIR [--deb FILE] [--mirror URL] [--keep]

--build   a configured build directory; the package is built in DIR/package from what make dist packs
--deb     a package that is there already, instead of building one
--mirror  where Debian comes from (http://deb.debian.org/debian)
--keep    leave the installed system in /tmp

Prints PASS or FAIL, seconds, and what was looked at; "N passed, N failed" at the end.  Needs root, and
debhelper, debootstrap, curl, ffmpeg.  The system is installed in a directory of its own under /tmp, where
no service is started by anybody but this test; its server runs in network and mount name spaces of its
own, so no port of this machine is touched.
"""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

TOP = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 20.0
CONFIG = "etc/icecast-lb/icecast-lb.xml"
# What apt, dpkg and the other packages write while ours comes and goes.
NOT_OURS = re.compile(r"^(proc|sys|dev|tmp|run|var/cache|var/lib/(apt|dpkg|logrotate)|var/log/(apt|dpkg\.log|alternatives\.log)|"
                      r"etc/(passwd|group|shadow|gshadow|subuid|subgid)-|etc/ld\.so\.cache|usr/sbin/policy-rc\.d)(/|$)")
counts = {True: 0, False: 0}
begun = time.monotonic()


def say(text):
    print("--- %5.0f s  %s" % (time.monotonic() - begun, text), flush=True)


def check(fact, what, detail=""):
    counts[bool(fact)] += 1
    print("%s %5.0f s  %s%s" % ("PASS" if fact else "FAIL", time.monotonic() - begun, what,
                                "" if fact or not detail else ": %s" % (detail,)), flush=True)
    return fact


class Broken(Exception):
    """What everything after it needs did not work."""


def run(command, what, timeout=600, **options):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout, **options)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise Broken("%s ended with %d:\n%s" % (what, done.returncode, text[-4000:]))
    return text


def wait_for(fact, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if fact():
            return True
        time.sleep(0.05)
    return False


# --- the package ----------------------------------------------------------------------------------

def build_package(build):
    place = build / "package"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    run(["make", "-s", "-C", build, "distdir"], "make distdir")
    packed = sorted(build.glob("icecast-lb-[0-9]*/"))
    check(len(packed) == 1 and (packed[0] / "debian/rules").exists(), "make dist packs debian/", packed)
    source = place / "icecast-lb"
    packed[0].rename(source)
    environment = dict(os.environ, DEB_BUILD_OPTIONS="parallel=1 nocheck")
    begin = time.monotonic()
    with open(place / "build.log", "wb") as log:
        done = subprocess.run(["nice", "dpkg-buildpackage", "-us", "-uc", "-b"], cwd=source, stdin=subprocess.DEVNULL,
                              stdout=log, stderr=log, env=environment, timeout=7200)
    if done.returncode != 0:
        raise Broken("dpkg-buildpackage ended with %d:\n%s" % (
            done.returncode, (place / "build.log").read_text(errors="replace")[-4000:]))
    say("dpkg-buildpackage took %.0f s" % (time.monotonic() - begin))
    made = [path for path in place.glob("icecast-lb_*.deb")]
    check(len(made) == 1, "dpkg-buildpackage makes the package", made)
    return made[0]


def look_at_package(deb):
    say("%s, %d bytes" % (deb.name, deb.stat().st_size))
    names = {line.split()[5][1:] for line in run(["dpkg-deb", "--contents", deb], "dpkg-deb").splitlines()}
    for wanted in ("/usr/bin/icecast-lb", "/usr/share/man/man1/icecast-lb.1.gz", "/usr/share/man/man5/icecast-lb.xml.5.gz",
                   "/usr/share/icecast-lb/web/status.xsl", "/usr/share/icecast-lb/admin/stats.xsl",
                   "/usr/share/icecast-lb/icecast-lb.xml.in", "/lib/systemd/system/icecast-lb.service",
                   "/etc/logrotate.d/icecast-lb", "/usr/share/doc/icecast-lb/operations.md",
                   "/usr/share/doc/icecast-lb/examples/icecast-lb.socket", "/usr/share/doc/icecast-lb/copyright"):
        check(wanted in names or wanted + ".gz" in names, "the package has " + wanted)
    check("/" + CONFIG not in names, "the configuration is not dpkg's: it is written at installation")
    depends = run(["dpkg-deb", "--field", deb, "Depends"], "dpkg-deb")
    check(all(library in depends for library in ("libcurl4", "libevent", "libogg0", "libssl3", "libxslt1.1", "adduser")),
          "it depends on its libraries", depends)


# --- a clean Debian -------------------------------------------------------------------------------

class System:
    """A Debian in a directory."""

    def __init__(self, place, mirror):
        self.root = place / "root"
        self.mirror = mirror

    def make(self):
        run(["debootstrap", "--variant=minbase", "bookworm", self.root, self.mirror], "debootstrap", timeout=1200)
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        for name in ("resolv.conf", "hosts"):
            shutil.copy("/etc/" + name, self.root / "etc" / name)
        for name in pathlib.Path("/etc/apt/apt.conf.d").glob("*proxy*"):
            shutil.copy(name, self.root / "etc/apt/apt.conf.d")

    def command(self, *command):
        """In the system, with a /proc that ends with the command."""
        return ["unshare", "--mount", "sh", "-c", 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', str(self.root),
                "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
                *map(str, command)]

    def run(self, *command, timeout=600):
        return run(self.command(*command), " ".join(map(str, command)), timeout)

    def apt(self, *arguments):
        return self.run("apt-get", "-q", "-y", "-o", "Acquire::Retries=3", "--no-install-recommends", *arguments, timeout=1200)

    def status(self, *command):
        return subprocess.run(self.command(*command), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=60).returncode

    def files(self):
        """Every path, and the contents of those files that a package's scripts might change."""
        found = {}
        for directory, directories, names in os.walk(self.root):
            inside = os.path.relpath(directory, self.root)
            inside = "" if inside == "." else inside + "/"
            directories[:] = [name for name in directories if not NOT_OURS.match(inside + name)]
            for name in [*directories, *names]:
                path = inside + name
                if NOT_OURS.match(path):
                    continue
                full = self.root / path
                shown = full.is_file() and not full.is_symlink() and path.startswith("etc/")
                found[path] = full.read_bytes() if shown else None
        return found

    def path(self, name):
        return self.root / name

    def owner(self, name):
        return self.run("stat", "-c", "%U:%G %a", "/" + name).strip()


# --- its server -----------------------------------------------------------------------------------

class Running:
    """The server of the system, started as its unit does, in a network of its own."""

    def __init__(self, system):
        self.system, self.started = system, []
        self.network = self.begin(["unshare", "--net", "sleep", "infinity"])
        own = os.readlink("/proc/self/ns/net")
        if not wait_for(lambda: os.readlink("/proc/%d/ns/net" % self.network.pid) != own):
            raise Broken("there is no network name space to be had")
        run(self.beside("ip", "link", "set", "lo", "up"), "ip link")
        unit = (system.path("lib/systemd/system/icecast-lb.service")).read_text()
        self.program = re.search(r"(?m)^ExecStart=(.*)$", unit).group(1).split()
        config = ET.parse(system.path(CONFIG)).getroot()
        self.port = int(config.findtext("listen-socket/port"))
        self.admin = "admin:" + config.findtext("authentication/admin-password")
        self.url = "http://127.0.0.1:%d" % self.port

    def begin(self, command, **options):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
        self.started.append(process)
        return process

    def beside(self, *command):
        """In the network of the server, but outside of its system."""
        return ["nsenter", "--net=/proc/%d/ns/net" % self.network.pid, *map(str, command)]

    def start(self):
        """As systemd does: RuntimeDirectory=, NOTIFY_SOCKET, User=."""
        directory = self.system.path("run/icecast-lb")
        self.system.run("install", "-d", "-o", "icecast-lb", "-g", "icecast-lb", "/run/icecast-lb")
        notify = self.system.path("run/notify")
        notify.unlink(missing_ok=True)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(notify))
        notify.chmod(0o777)
        self.manager.settimeout(PATIENCE)
        command = self.system.command("setpriv", "--reuid=icecast-lb", "--regid=icecast-lb", "--init-groups", "--no-new-privs",
                                      "env", "NOTIFY_SOCKET=/run/notify", *self.program)
        self.process = self.begin(self.beside(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return directory

    def told(self):
        try:
            return self.manager.recv(4096).decode()
        except socket.timeout:
            return ""

    def get(self, path, *options):
        done = subprocess.run(self.beside("curl", "-s", "-m", "10", *options, self.url + path), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE)
        return done.stdout

    def listen(self, path, seconds):
        """Bytes of a stream in so many seconds."""
        done = subprocess.run(self.beside("curl", "-s", "-m", seconds, "-A", "package-test", self.url + path),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        return len(done.stdout)

    def log(self, name):
        path = self.system.path("var/log/icecast-lb/" + name)
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.terminate()
        for process in self.started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


# --- the story ------------------------------------------------------------------------------------

def passwords_of(system):
    text = system.path(CONFIG).read_text()
    return re.findall(r"(?m)^ *<(?:source|admin)-password>([^<]*)<", text)


def install(system, deb):
    shutil.copy(deb, system.path("tmp/icecast-lb.deb"))
    said = system.apt("install", "/tmp/icecast-lb.deb")
    check("wrote /" + CONFIG in said, "the installation says that it wrote the configuration")
    check(system.run("dpkg-query", "-W", "-f", "${Status}", "icecast-lb") == "install ok installed", "it is installed")
    check(system.run("dpkg-query", "-W", "-f", "${Status}", "icecast2") == "install ok installed", "icecast2 is, too")
    check(system.run("dpkg", "--verify", "icecast2", "icecast-lb") == "", "no file of either has been changed")
    check(re.match(r"uid=\d+\(icecast-lb\) gid=\d+\(icecast-lb\) groups=\d+\(icecast-lb\)$", system.run("id", "icecast-lb").strip()),
          "there is a user icecast-lb with a group of its own")
    check(system.run("getent", "passwd", "icecast-lb").strip().endswith(":/usr/sbin/nologin"), "who cannot log in")
    check(system.owner(CONFIG) == "root:icecast-lb 640", "only root and the server read the configuration", system.owner(CONFIG))
    for name in ("var/log/icecast-lb", "var/lib/icecast-lb"):
        check(system.owner(name) == "icecast-lb:icecast-lb 750", "/" + name + " is the server's", system.owner(name))
    passwords = passwords_of(system)
    check(len(set(passwords)) == 2 and all(re.fullmatch("[0-9a-f]{32}", word) for word in passwords), "the passwords are random")
    text = system.path(CONFIG).read_text()
    check(not re.search(r"(?m)^ *<[\w-]*password>(hackme|change-me)", text), "none is from an example")
    check("<port>8010</port>" in text, "beside icecast2 it takes port 8010")
    said = system.run("setpriv", "--reuid=icecast-lb", "--regid=icecast-lb", "--init-groups", "icecast-lb", "--check-config", "/" + CONFIG)
    check("valid" in said and "warning" not in said, "the configuration is valid, without a warning", said)
    link = system.path("etc/systemd/system/multi-user.target.wants/icecast-lb.service")
    check(link.is_symlink(), "the service is enabled")
    return passwords


def install_again(system, passwords):
    config = system.path(CONFIG)
    changed = config.read_text().replace("<location>Earth</location>", "<location>Mine</location>")
    config.write_text(changed)
    log = system.path("var/log/icecast-lb/kept.log")
    log.write_text("kept\n")
    system.run("dpkg", "-i", "/tmp/icecast-lb.deb")
    check(config.read_text() == changed and passwords_of(system) == passwords, "an upgrade leaves the configuration alone")
    check(log.read_text() == "kept\n" and system.owner(CONFIG) == "root:icecast-lb 640", "and logs and owners")
    log.unlink()


def use(system, server):
    say("the server, as its user, on port %d" % server.port)
    server.start()
    told = server.told()
    check("READY=1" in told and str(server.port) in told, "it tells its manager that it serves", told)
    pid_file = system.path("run/icecast-lb/icecast-lb.pid")
    pid = int(pid_file.read_text())
    status = pathlib.Path("/proc/%d/status" % pid).read_text()
    number = system.run("id", "-u", "icecast-lb").strip()
    check(re.search(r"(?m)^Uid:(\t%s){4}$" % number, status), "it runs as its user", status)
    check(re.search(r"(?m)^CapEff:\t0+$", status), "without a capability")
    source = server.begin(server.beside(sys.executable, "-B", TOP / "tools/demo-source.py", "--config", system.path(CONFIG),
                                        "--port", server.port))
    check(wait_for(lambda: b'"demo.mp3' in server.get("/status-json.xsl") or b"demo.mp3" in server.get("/status-json.xsl")),
          "a source from outside is accepted with the password of the installation")
    for mount in ("/demo.mp3", "/demo.ogg"):
        done = subprocess.run(server.beside("ffmpeg", "-v", "error", "-xerror", "-t", "4", "-i", server.url + mount, "-f", "null", "-"),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        check(done.returncode == 0 and not done.stdout, mount + " is clean audio", done.stdout.decode())
    heard = server.listen("/demo.mp3", 3)
    check(heard > 64 * 1024, "a listener hears it (%d bytes in 3 s)" % heard)
    check(b"demo.mp3" in server.get("/"), "the page shows it")
    check(b"<icestats>" in server.get("/admin/stats", "-u", server.admin), "the administrator gets in with the password of the installation")
    check(server.get("/admin/stats", "-u", "admin:hackme", "-o", "/dev/null", "-w", "%{http_code}") == b"401", "and with no other")
    line = r'(?m)^127\.0\.0\.1 - - \[[^]]+\] "GET /demo\.mp3 HTTP/1\.1" 200 \d+ "-" "package-test" [23]$'
    check(wait_for(lambda: re.search(line, server.log("access.log"))), "the access log has its line", server.log("access.log")[-500:])
    check("Icecast 2.4.4 server started" in server.log("error.log"), "the error log has the start")
    return pid, source


@contextlib.contextmanager
def listening_through(server, what):
    """A listener for the time of the block, who must not be disturbed by it."""
    listener = server.begin(server.beside("curl", "-s", "-N", "-A", "stays", server.url + "/demo.mp3"), stdout=subprocess.PIPE)
    os.set_blocking(listener.stdout.fileno(), False)
    heard = 0

    def more():
        nonlocal heard
        with contextlib.suppress(BlockingIOError):
            heard += len(os.read(listener.stdout.fileno(), 1 << 20))
        return heard
    if not wait_for(lambda: more() > 64 * 1024):
        raise Broken("a listener hears nothing")
    yield
    before = more()
    check(wait_for(lambda: more() > before + 32 * 1024) and listener.poll() is None, what)
    listener.terminate()
    listener.wait()


def reload(system, server, pid):
    config = system.path(CONFIG)
    config.write_text(config.read_text().replace("<clients>1000</clients>", "<clients>900</clients>"))
    with listening_through(server, "listeners hear on through a reload"):
        os.kill(pid, 1)
        check(all("=1" in server.told() for _ in range(2)), "it tells its manager of the reload and of its end")
        check(wait_for(lambda: "limits/clients 1000→900 live" in server.log("error.log")), "HUP reads the configuration again",
              server.log("error.log")[-500:])


def rotate(system, server):
    with listening_through(server, "listeners hear on through a rotation"):
        inode = system.path("var/log/icecast-lb/access.log").stat().st_ino
        system.run("logrotate", "--force", "/etc/logrotate.d/icecast-lb")
        check(wait_for(lambda: server.get("/after-rotation") and "after-rotation" in server.log("access.log")),
              "after logrotate the server writes into the new file")
        check(system.path("var/log/icecast-lb/access.log").stat().st_ino != inode, "which is another")
        check("package-test" in server.log("access.log.1") and "after-rotation" not in server.log("access.log.1"), "the old one is kept as it was")
        check(system.owner("var/log/icecast-lb/access.log") == "icecast-lb:icecast-lb 640", "the new one is the server's")
    check(wait_for(lambda: '"stays"' in server.log("access.log")), "who came before the rotation is logged after it")
    system.run("logrotate", "--force", "/etc/logrotate.d/icecast-lb")
    check(system.path("var/log/icecast-lb/access.log.2.gz").exists(), "the one before is compressed at the next turn")


def stop(system, server, source):
    source.terminate()
    source.wait()
    os.kill(int(system.path("run/icecast-lb/icecast-lb.pid").read_text()), 15)
    check("STOPPING=1" in server.told(), "it tells its manager that it stops")
    check(server.process.wait(PATIENCE) == 0, "TERM ends it with status 0")
    check(not system.path("run/icecast-lb/icecast-lb.pid").exists(), "the pid file is gone")


def in_a_container(system, server):
    """packaging/container-start, without a container around it."""
    script = system.path("tmp/container-start")
    shutil.copy(TOP / "packaging/container-start", script)
    script.chmod(0o755)
    config = system.path(CONFIG)
    aside = config.rename(config.with_suffix(".aside"))
    theirs = system.path("etc/icecast2/icecast.xml")
    theirs_aside = theirs.rename(theirs.with_suffix(".aside"))
    try:
        with tempfile.TemporaryFile() as out:
            environment = ["env", "ICECAST_PORT=8020", "ICECAST_SOURCE_PASSWORD=a<b&c", "ICECAST_MAX_CLIENTS=77",
                           "ICECAST_HOSTNAME=radio.example.org", "ICECAST_TRUSTED_PROXY_IPS=192.0.2.1,2001:db8::/32"]
            as_user = ["setpriv", "--reuid=10000", "--regid=10000", "--clear-groups"]
            process = server.begin(server.beside(*system.command(*as_user, *environment, "/tmp/container-start")), stdout=out, stderr=out)

            def said():
                out.seek(0)
                return out.read().decode(errors="replace")
            check(wait_for(lambda: "icecast-lb ready: port 8020" in said()), "container-start serves with what the environment says", said())
            healthy = server.beside(*system.command(*environment, "/tmp/container-start", "--health"))
            check(subprocess.run(healthy).returncode == 0, "its health is good")
            password = re.search(r"ICECAST_ADMIN_PASSWORD is not set; made up: ([0-9a-f]{32})", said())
            check(password is not None, "a password that is missing is made up", said())
            url = "http://127.0.0.1:8020"
            stats = subprocess.run(server.beside("curl", "-s", "-u", "admin:" + (password.group(1) if password else ""), url + "/admin/stats"),
                                   stdout=subprocess.PIPE).stdout
            check(b"<host>radio.example.org</host>" in stats, "and lets the administrator in", stats[:300])
            sent = subprocess.run(server.beside("curl", "-s", "-m", "5", "-T", TOP / "demo/morning.mp3", "-u", "source:a<b&c", "-o", "/dev/null",
                                                "-w", "%{http_code}", "-H", "Content-Type: audio/mpeg", url + "/x.mp3"), stdout=subprocess.PIPE).stdout
            check(sent == b"200", "a password may have any letters", sent)
            check(wait_for(lambda: '"GET /admin/stats HTTP/1.1" 200' in said()), "logs go to the output")
            process.terminate()
            check(process.wait(PATIENCE) == 0, "TERM ends it with status 0")
            check(subprocess.run(healthy, stderr=subprocess.DEVNULL).returncode != 0, "then its health is bad")
    finally:
        aside.rename(config)
        theirs_aside.rename(theirs)
        script.unlink()


def take_away(system, before, passwords):
    system.path("var/lib/icecast-lb/data").write_text("data\n")
    system.apt("remove", "icecast-lb")
    check(not system.path("usr/bin/icecast-lb").exists(), "remove: the program is gone")
    check(passwords_of(system) == passwords and system.path("var/log/icecast-lb/access.log").exists(), "remove: configuration and logs stay")
    shutil.rmtree(system.path("run/icecast-lb"), ignore_errors=True)  # systemd ends a RuntimeDirectory= with its service
    system.run("dpkg", "-i", "/tmp/icecast-lb.deb")
    check(passwords_of(system) == passwords, "installed again: the passwords are as before")
    system.apt("purge", "--autoremove", "icecast-lb")
    after = system.files()
    left = sorted(path for path in after if path not in before)
    check(not left, "purge: no file is left over", left[:20])
    gone = sorted(path for path in before if path not in after)
    check(not gone, "purge: nothing else has gone", gone[:20])
    changed = sorted(path for path in after if path in before and after[path] != before[path])
    check(not changed, "purge: /etc is what it was", changed[:20])
    check(system.status("getent", "passwd", "icecast-lb") != 0 and system.status("getent", "group", "icecast-lb") != 0,
          "purge: user and group are gone")
    check(system.run("dpkg", "--verify", "icecast2") == "" and system.path("etc/icecast2/icecast.xml").exists(), "icecast2 has not noticed")
    system.apt("install", "/tmp/icecast-lb.deb")
    check(passwords_of(system) != passwords and len(passwords_of(system)) == 2, "a new installation has new passwords")
    system.apt("purge", "--autoremove", "icecast-lb")


def look_at_units():
    for unit in ("icecast-lb.service", "icecast-lb.socket"):
        text = (TOP / "packaging" / unit).read_text()
        with tempfile.TemporaryDirectory() as place:
            # The program is not installed here; what is asked is whether the rest is understood.
            for name in ("icecast-lb.service", "icecast-lb.socket"):
                changed = (TOP / "packaging" / name).read_text().replace("/usr/bin/icecast-lb", "/bin/true")
                (pathlib.Path(place) / name).write_text(re.sub("(?m)^Documentation=.*$", "", changed))
            done = subprocess.run(["systemd-analyze", "verify", os.path.join(place, unit)], capture_output=True, text=True)
            check(done.returncode == 0 and unit not in done.stderr, "systemd understands " + unit, done.stderr)
        if unit.endswith(".service"):
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", TOP / "packaging" / unit],
                                  capture_output=True, text=True)
            score = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
            check(done.returncode == 0 and score, "its exposure is %s of 10 (at most 2.0)" % (score.group(1) if score else "?"), done.stdout[-300:])
            check("MemoryDenyWriteExecute=yes" in text, "and no memory may be both written and run")


def main():
    parser = argparse.ArgumentParser(description="Builds, installs, uses and removes the Debian package.")
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--deb", type=pathlib.Path)
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    if not options.build and not options.deb:
        parser.error("--build or --deb")
    os.umask(0o022)
    place = pathlib.Path(tempfile.mkdtemp(prefix="icecast-lb-package-"))
    place.chmod(0o755)
    try:
        if os.getuid() != 0:
            raise Broken("this needs root")
        look_at_units()
        deb = options.deb or build_package(options.build.resolve())
        look_at_package(deb)
        system = System(place, options.mirror)
        say("debootstrap")
        system.make()
        system.apt("update")
        system.apt("install", "icecast2", "logrotate")
        before = system.files()
        say("installing")
        passwords = install(system, deb)
        install_again(system, passwords)
        with contextlib.closing(Running(system)) as server:
            pid, source = use(system, server)
            reload(system, server, pid)
            rotate(system, server)
            stop(system, server, source)
            in_a_container(system, server)
        say("removing")
        take_away(system, before, passwords)
    except Broken as e:
        check(False, str(e))
    except Exception as e:  # a test that breaks off is a failure, not silence
        import traceback
        traceback.print_exc()
        check(False, "the test broke off: %r" % e)
    finally:
        if options.keep:
            print("kept: %s" % place)
        else:
            shutil.rmtree(place, ignore_errors=True)
    print("%d passed, %d failed" % (counts[True], counts[False]))
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
