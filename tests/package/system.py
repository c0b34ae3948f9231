"""A clean Debian in a directory, with a running server."""
import os
import pathlib
import re
import shutil
import socket
import subprocess
import xml.etree.ElementTree as ET

from report import Broken, PATIENCE, run, wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]

CONFIG = "etc/icecast-lb/icecast-lb.xml"

# Files written by apt, dpkg and other packages while ours is installed and removed.
NOT_OURS = re.compile(r"^(proc|sys|dev|tmp|run|var/cache|var/lib/(apt|dpkg|logrotate)|var/log/(apt|dpkg\.log|alternatives\.log)|"
                      r"etc/(passwd|group|shadow|gshadow|subuid|subgid)-|etc/ld\.so\.cache|usr/sbin/policy-rc\.d)(/|$)")


class System:
    """A Debian in a directory."""

    def __init__(self, place, mirror):
        self.root = place / "root"
        self.mirror = mirror

    def make(self, foreign=None):
        """foreign: another architecture whose packages can be installed too."""
        if foreign:
            own = run(["dpkg", "--print-architecture"], "dpkg").strip()
            run(["mmdebstrap", "--quiet", "--variant=apt", "--architectures=%s,%s" % (own, foreign), "bookworm", self.root, self.mirror],
                "mmdebstrap", timeout=1200)
        else:
            run(["debootstrap", "--variant=minbase", "bookworm", self.root, self.mirror], "debootstrap", timeout=1200)
        policy = self.root / "usr/sbin/policy-rc.d"
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        for name in ("resolv.conf", "hosts"):
            shutil.copy("/etc/" + name, self.root / "etc" / name)
        for name in pathlib.Path("/etc/apt/apt.conf.d").glob("*proxy*"):
            shutil.copy(name, self.root / "etc/apt/apt.conf.d")

    def command(self, *command):
        """A command in the system, with a /proc of its own."""
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
        """Every path, and the contents of the files that package scripts might change."""
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
        """In the server's network, but outside of its system."""
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
        """The number of bytes of a stream in this time."""
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
