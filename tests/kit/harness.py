"""The bench of the black-box tests: the real server, fake sources, fake listeners, facts with deadlines.

A test is a function with the decorator @test; its name is a sentence.  It gets a Bench, which ends everything that was
started through it.  No test sleeps to let time pass: it waits for a fact (a byte, a log line, a number in the
statistics), and fails if the fact is not true by a deadline.
"""
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from facts import TESTS, Failed, Settings, Skip, check, equal, matches, test, wait_for  # noqa: F401
from log_thread import wait_for_lines
from ports import free_port  # noqa: F401
from tasks import freeze
from wire import Listener, Reply, Source, Wire, basic, request  # noqa: F401

SOURCE, ADMIN, RELAY = "source:src-secret", "admin:adm-secret", "relay:rel-secret"
CONFIG = """<icecast>
  <hostname>127.0.0.1</hostname>
  <location>Testland</location>
  <admin>admin@example.org</admin>
  <limits>%(limits)s</limits>
  <authentication>%(authentication)s</authentication>
  %(sockets)s
  %(body)s
  <paths>
    <logdir>%(dir)s/log</logdir>
    <webroot>%(dir)s/web</webroot>
    <adminroot>%(dir)s/admin</adminroot>
    %(paths)s
  </paths>
  <logging>
    <errorlog>error.log</errorlog>
    <accesslog>access.log</accesslog>
    <playlistlog>playlist.log</playlistlog>
    <loglevel>4</loglevel>
    %(logging)s
  </logging>
</icecast>
"""
# A test's source is silent while the test does something else, which takes long on a busy machine.
PATIENT = "<source-timeout>60</source-timeout>"
DEFAULTS = {
    "limits": "",
    "authentication": "<source-password>src-secret</source-password><relay-password>rel-secret</relay-password>"
                      "<admin-user>admin</admin-user><admin-password>adm-secret</admin-password>",
    "sockets": "<listen-socket><port>0</port><bind-address>127.0.0.1</bind-address></listen-socket>",
    "body": "", "paths": "", "logging": "",
}


def mount(name, inside):
    return "<mount><mount-name>%s</mount-name>%s</mount>" % (name, inside)


def listen_socket(port, more=""):
    return "<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address>%s</listen-socket>" % (port, more)


def copy_program(program, place):
    """Copies the server into the folder, with icelb, which it starts from there; returns the server's path."""
    icelb = pathlib.Path(program).parent / "icelb"
    if icelb.exists():  # a build with sanitizers may only have the server
        shutil.copy(icelb, place)
    return shutil.copy(program, place)


class Server:
    def __init__(self, bench, directory, host="127.0.0.1", **slots):
        self.bench, self.dir, self.host = bench, directory, host
        self.slots = dict(DEFAULTS, **slots)
        for name in ("log", "web", "admin"):
            (directory / name).mkdir()
        self.config = directory / "server.xml"
        self.write_config()
        self.process, self.ports, self.out_before = None, [], 0

    def write_config(self, **slots):
        self.slots.update(slots)
        # In one step, because the server may read it at this moment.
        new = self.config.with_suffix(".new")
        limits = self.slots["limits"]
        new.write_text(CONFIG % dict(self.slots, dir=self.dir, limits=limits + ("" if "source-timeout" in limits else PATIENT)))
        new.replace(self.config)
        give_away(self.dir)

    def start(self, arguments=None, through=(), as_its_user=(), **options):
        """through: a program that runs the command; as_its_user: another one, which runs as nobody; options: for
        Popen."""
        self.out = self.dir / "out"
        self.out_before = self.out.stat().st_size if self.out.exists() else 0
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                [*through, *as_nobody([*as_its_user, Settings.binary, *(arguments or ["-c", str(self.config)])])],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.dir, **options)
        Settings.started += 1
        ready = wait_for(self.ready_line, "the server is ready: " + self.out.read_text(), Settings.patience * 2)
        self.ports = [int(port) for port in ready.group(1).split()]
        return self

    def ready_line(self):
        if self.process.poll() is not None:
            raise Failed("the server ended with %d at its start: %s" % (self.process.returncode, self.out.read_text()))
        return re.search(r"^icecast-lb ready: port((?: \d+)+)\n", self.out.read_text()[self.out_before:], re.M)

    @property
    def port(self):
        return self.ports[0]

    @property
    def address(self):
        return (self.host, self.port)

    # -- talking to it
    def wire(self, port=None, **options):
        return self.bench.owned(Wire((self.host, port or self.port), **options))

    def ask(self, line, headers=(), login=None, body=b"", **options):
        """One request, and its whole reply.  line: "GET / HTTP/1.0"."""
        wire = self.wire(**options)
        wire.send(request(line, headers, login, body))
        reply = wire.reply()
        wire.close()
        return reply

    def get(self, path, login=None, headers=()):
        return self.ask("GET %s HTTP/1.0" % path, headers, login)

    def source(self, mount="/live.mp3", kind="mp3", tag="A", lines=(), first_line=None, login=SOURCE, port=None, wrap=None, content_type=None):
        return self.bench.owned(Source((self.host, port or self.port), mount, kind, tag, lines, first_line, login, wrap, content_type))

    def listener(self, mount="/live.mp3", lines=(), version="HTTP/1.0", receive_buffer=None, login=None, icy=False, port=None, **options):
        if icy:
            lines = [*lines, "Icy-MetaData: 1"]
        return self.bench.owned(Listener((self.host, port or self.port), mount, lines, version, receive_buffer, login, **options))

    def set_title(self, mount="/live.mp3", login=ADMIN, **values):
        query = "&".join("%s=%s" % item for item in values.items())
        return self.get("/admin/metadata?mount=%s&mode=updinfo&%s" % (mount, query), login)

    # -- facts about it
    def stats(self):
        return self.get("/admin/stats", ADMIN).xml()

    def stat(self, mount, name):
        node = self.stats().find("source[@mount='%s']/%s" % (mount, name))
        return None if node is None else node.text

    def public_stats(self, fact=lambda stats: True):
        """status-json.xsl once `fact` is true; public pages may be half a second old."""
        found = []

        def holds():
            found[:] = [self.get("/status-json.xsl").json()["icestats"]]
            return fact(found[0])
        wait_for(holds, "the public statistics come true: %r" % found)
        return found[0]

    def public_source(self, mount):
        """The source's public statistics; the first call in half a second is current."""
        return self.get("/status-json.xsl?mount=" + mount).json()["icestats"]["source"]

    def log(self, name="error"):
        if self.process and self.process.poll() is None:
            wait_for_lines(self.process.pid)
        path = self.dir / "log" / (name + ".log")
        return path.read_text(errors="surrogateescape") if path.exists() else ""

    def wait_for_log(self, pattern, name="error"):
        return wait_for(lambda: re.search(pattern, self.log(name), re.M), "%s.log matches %r: %s" % (
            name, pattern, self.log(name)[-600:]))

    def wait_until_gone(self, mount):
        wait_for(lambda: self.get(mount).status == 404, mount + " has no source")

    # -- changing it
    def send_signal(self, number):
        if number == signal.SIGSTOP:
            freeze(self.process.pid)
        else:
            self.process.send_signal(number)

    def reload(self, **slots):
        """Changes the configuration, sends HUP, and waits for the line of the reload."""
        before = len(re.findall("configuration re-read", self.log()))
        self.write_config(**slots)
        self.send_signal(signal.SIGHUP)
        wait_for(lambda: len(re.findall("configuration re-read", self.log())) > before,
                 "the configuration is read again: " + self.log()[-600:])

    def stop(self, number=signal.SIGTERM):
        self.send_signal(number)
        return self.wait_exit()

    def wait_exit(self):
        try:
            return self.process.wait(Settings.patience * 2)
        except subprocess.TimeoutExpired:
            raise Failed("the server does not end") from None

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def as_nobody(command):
    if os.getuid() != 0:
        return command
    return ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *command]


def give_away(directory):
    """Gives files made by root to nobody, the user of the server."""
    if os.getuid() != 0:
        return
    user = pwd.getpwnam("nobody")
    for root, directories, files in os.walk(directory):
        for name in [".", *directories, *files]:
            try:
                os.chown(os.path.join(root, name), user.pw_uid, user.pw_gid, follow_symlinks=False)
            except FileNotFoundError:
                pass  # a file that was being replaced


def open_folder(path):
    """Makes a directory that the server may write in."""
    path.mkdir(exist_ok=True)
    path.chmod(0o777)
    return path


class Bench:
    """The argument of a test: everything started through it ends with it."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="icecast-lb-blackbox-"))
        self.dir.chmod(0o755)
        self.owned_things, self.servers = [], []

    def owned(self, thing):
        self.owned_things.append(thing)
        return thing

    def unstarted_server(self, **slots):
        directory = self.dir / ("server%d" % len(self.servers))
        directory.mkdir()
        self.servers.append(Server(self, directory, **slots))
        return self.servers[-1]

    def server(self, **slots):
        return self.unstarted_server(**slots).start()

    def run(self, *arguments):
        """Runs the program with other arguments than a server's; returns its status, output and errors."""
        give_away(self.dir)
        done = subprocess.run(as_nobody([Settings.binary, *map(str, arguments)]), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=Settings.patience * 2, cwd=self.dir)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def close(self, keep_alive_check=True):
        """Ends everything; a server that has ended by itself fails the test."""
        try:
            if keep_alive_check:
                for server in self.servers:
                    status = server.process and server.process.poll()
                    if status is not None and status != 0:
                        raise Failed("the server ended with %d: %s" % (status, server.out.read_text()[-2000:]))
        finally:
            for thing in self.owned_things:
                thing.close()
            for server in self.servers:
                server.kill()
            shutil.rmtree(self.dir, ignore_errors=True)


def alive(pid):
    try:
        return open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
