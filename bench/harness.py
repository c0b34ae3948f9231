"""What the measurements share: servers, sources, listeners, and what the kernel says of a process.

Every server runs from a directory of its own, from a configuration written here, on a free port of
127.0.0.1, as nobody when we are root.  Only processes started here are ended.
"""
import contextlib, json, os, pathlib, re, resource, shutil, signal, socket, subprocess
import sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
from build_kh import BuildFailed, build_kh  # noqa: E402

PASSWORD = "bench-password"
CONFIG = """<icecast>
  <hostname>localhost</hostname>
  <limits>
    <clients>10000</clients><sources>2000</sources>
    <queue-size>512000</queue-size><burst-size>65536</burst-size>
    <client-timeout>30</client-timeout><header-timeout>15</header-timeout>
    <source-timeout>10</source-timeout>
  </limits>
  <authentication>
    <source-password>{password}</source-password><relay-password>{password}-relay</relay-password>
    <admin-user>admin</admin-user><admin-password>{password}-admin</admin-password>
  </authentication>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <paths>
    <basedir>{home}</basedir><logdir>{home}/log</logdir>
    <webroot>{home}/web</webroot><adminroot>{home}/admin</adminroot>
  </paths>
  <logging>
    <accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>3</loglevel>
  </logging>
</icecast>
"""


class Skip(Exception):
    """A part that cannot be measured here; the text is the reason."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """utime + stime of all threads, also ended ones, in nanosecond steps (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def last_words(popen):
    """The last line of a server's output, if that went to a file."""
    with contextlib.suppress(AttributeError, OSError, IndexError):
        return ": " + pathlib.Path(popen["stderr"].name).read_text().splitlines()[-1]
    return ""


class Process:
    """A running server and what the kernel says of it."""

    def __init__(self, command, port, **popen):
        self.port = port
        self.child = subprocess.Popen(command, **popen)
        self.pid = self.child.pid
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.child.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                time.sleep(0.5)
                return
            time.sleep(0.05)
        status = self.child.poll()
        self.stop()
        raise Skip(f"the server does not listen on port {port} after 15 s" if status is None else
                   f"the server ended with status {status} before it listened{last_words(popen)}")

    def cpu_seconds(self):
        return cpu_seconds(self.pid)

    def cpu_ticks(self):
        fields = self.read("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def read(self, name):
        return pathlib.Path(f"/proc/{self.pid}/{name}").read_text()

    def kib(self, name):
        """A field of /proc/PID/status, in KiB."""
        return int(re.search(rf"^{name}:\s+(\d+)", self.read("status"), re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def mappings(self):
        return self.read("maps").count("\n")

    def memfd_kib(self):
        """Pages of all memfds, mapped or not."""
        total = 0
        for fd in os.listdir(f"/proc/{self.pid}/fd"):
            path = f"/proc/{self.pid}/fd/{fd}"
            with contextlib.suppress(OSError):
                if os.readlink(path).startswith("/memfd:"):
                    total += os.stat(path).st_blocks // 2
        return total

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class Bench:
    """The build tree's tools and the servers that can be had here."""

    def __init__(self, build, ours=None, kh_tarball=None):
        self.build = pathlib.Path(build).resolve()
        self.ours = pathlib.Path(ours) if ours else self.build / "src" / "icecast-lb"
        self.kh_tarball = pathlib.Path(kh_tarball or HERE.parent / "../shared/peers/icecast-kh.tar.gz")
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="icelb-bench-"))
        self.home.chmod(0o755)
        self.children = []
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 20000
        if soft < wanted:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
            except (ValueError, OSError):
                raise SystemExit(f"open files: {wanted} are needed, the limit is {hard}; "
                                 "raise it with ulimit -Hn")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.stop() if isinstance(child, Process) else end(child)
        shutil.rmtree(self.home, ignore_errors=True)

    def program(self, kind):
        """The program of a kind of server; raises Skip with the reason."""
        if kind == "icecast2":
            found = shutil.which("icecast2") or shutil.which("icecast2", path="/usr/bin:/usr/sbin")
            if not found:
                raise Skip("Debian's package icecast2 is not installed")
            return found
        if kind == "kh":
            try:
                return build_kh(self.kh_tarball)
            except BuildFailed as e:
                raise Skip(str(e)) from e
        if not self.ours.is_file():
            raise Skip(f"{self.ours} is not built")
        return self.ours

    def start(self, kind, pulse_ms=750.0, body=""):
        """Starts ours, icecast2, kh or loop; returns a Process.  body: more of its configuration."""
        port = free_port()
        if kind == "loop":
            command = [self.build / "bench" / "sendfile-loop", "--at", f"127.0.0.1:{port}",
                       "--pulse", f"{pulse_ms:.3f}"]
            server = Process([str(word) for word in command], port, stderr=subprocess.DEVNULL)
        else:
            program = self.program(kind)
            home = pathlib.Path(tempfile.mkdtemp(prefix=kind + "-", dir=self.home))
            for name in ("log", "web", "admin"):
                (home / name).mkdir()
            config = home / "icecast.xml"
            text = CONFIG.format(port=port, home=home, password=PASSWORD)
            config.write_text(text.replace("</icecast>", body.format(home=home) + "</icecast>"))
            copy = home / "server"  # nobody may not be able to look into the build tree
            shutil.copy(program, copy)
            for path in (home, copy, home / "log", home / "web", home / "admin"):
                path.chmod(0o755)
            command = [str(copy), "-c", str(config)]
            if os.geteuid() == 0:
                shutil.chown(home / "log", "nobody")
                command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
                           *command]
            output = open(home / "log" / "output", "w")
            server = Process(command, port, stdout=output, stderr=output)
            server.home = home
        self.children.append(server)
        return server

    def feed(self, server, *options, seconds=600):
        """Starts sources and waits until they are accepted."""
        command = [str(self.build / "tools" / "icelb-feed"), "--to", f"127.0.0.1:{server.port}",
                   "--password", PASSWORD, "--seconds", str(seconds), *map(str, options)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.children.append(child)
        line = child.stderr.readline()
        if not line.startswith("ready"):
            raise Skip(f"icelb-feed: {line.strip() or 'ended'}")
        return child

    def listen(self, server, *options):
        """Starts listeners; wait_for() their events, then result()."""
        command = [str(self.build / "tools" / "icelb-listen"), "--to", f"127.0.0.1:{server.port}",
                   *map(str, options)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.children.append(child)
        return child


def wait_for(child, word):
    """Reads events until one starts with the word."""
    for line in child.stderr:
        if line.startswith(word):
            return line.split()
    raise Skip(f"{child.args[0]}: ended before '{word}'")


def result(child):
    line = child.stdout.readline()
    child.wait()
    if not line:
        raise Skip(f"{child.args[0]}: ended without a result, status {child.returncode}")
    return json.loads(line)


def end(child):
    """Ends sources or listeners; returns their JSON line, if they wrote one."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        out, _ = child.communicate(timeout=5)
        return json.loads(out) if out else {}
    child.kill()
    child.wait()
    return {}


def meminfo_kib(name):
    text = pathlib.Path("/proc/meminfo").read_text()
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])


def sockstat_kib():
    """Memory that TCP has accounted, which is not always memory that is used."""
    text = pathlib.Path("/proc/net/sockstat").read_text()
    return int(re.search(r"^TCP:.* mem (\d+)", text, re.M)[1]) * resource.getpagesize() // 1024


def busy_seconds():
    """CPU seconds of the whole machine that were not idle."""
    fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def readings(server, *tools):
    """Seconds: of the clock, of the server (two ways), of our tools, of the whole machine."""
    return (time.monotonic(), server.cpu_seconds(), server.cpu_ticks(),
            sum(cpu_seconds(tool.pid) for tool in tools), busy_seconds())


class Window:
    """What happened between its making and end(): CPU of the server, of our tools, of others."""

    def __init__(self, server, *tools):
        self.parts = (server, *tools)
        self.before = readings(*self.parts)

    def end(self):
        wall, cpu, ticks, tools, busy = (
            after - first for after, first in zip(readings(*self.parts), self.before))
        return {"window_s": wall, "cpu_s": cpu, "cpu_s_by_ticks": ticks,
                "server_percent": 100 * cpu / wall, "generators_percent": 100 * tools / wall,
                "others_percent": max(0.0, 100 * (busy - cpu - tools) / wall)}


def machine():
    cpu = re.search(r"model name\s+: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"processors": os.cpu_count(), "model": cpu[1] if cpu else "unknown",
            "kernel": os.uname().release, "memory_kib": meminfo_kib("MemTotal"),
            "load_at_start": os.getloadavg()[0]}
