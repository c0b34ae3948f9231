"""The bench of the black-box tests: the real server, fake sources, fake listeners, facts with deadlines.

A test is a function with the decorator @test; its name is a sentence.  It gets a Bench, which ends
whatever was started through it.  Nothing sleeps to let time pass: a test waits for a fact (a byte,
a log line, a number in the statistics), and fails when the fact has not come true by a deadline.
"""
import base64
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET

import media

SOURCE, ADMIN, RELAY = "source:src-secret", "admin:adm-secret", "relay:rel-secret"
TESTS = []


class Failed(Exception):
    """What a test expected did not come true."""


def test(function):
    function.group = function.__module__
    TESTS.append(function)
    return function


class Settings:
    """Of the whole run, set by run.py."""
    binary = None
    patience = 5.0      # seconds that a fact may take
    started = 0         # servers; so that a run that tests nothing is noticed


def check(fact, text):
    if not fact:
        raise Failed(text)


def equal(got, wanted, what="value"):
    if got != wanted:
        raise Failed("%s is %r, expected %r" % (what, got, wanted))


def matches(pattern, text, what="text"):
    found = re.search(pattern, text, re.S | re.M)
    if not found:
        raise Failed("%s does not match %r: %r" % (what, pattern, text[-800:]))
    return found


def wait_for(fact, what, patience=None):
    """Asks again and again until fact() is true; returns what it returned."""
    deadline = time.monotonic() + (patience or Settings.patience)
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed("it did not happen that " + what)
        time.sleep(0.005)


def basic(login):
    if isinstance(login, str):
        login = login.encode()
    return "Basic " + base64.b64encode(login).decode()


def request(line, headers=(), login=None, body=b"", end="\r\n"):
    """The bytes of a request.  headers: lines such as "Range: bytes=0-1"."""
    lines = [line]
    if login:
        lines.append("Authorization: " + basic(login))
    lines += headers
    if body:
        lines.append("Content-Length: %d" % len(body))
    return (end.join(lines) + "\r\n\r\n").encode("latin-1") + body


class Reply:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        self.head, self.line, self.body = head, lines[0], b""
        self.status = int(self.line.split(" ")[1])
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        return (self.all(name) + [None])[0]

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.text)

    def xml(self):
        return ET.fromstring(self.body)


class Wire:
    """One TCP connection of a test, read with deadlines."""

    def __init__(self, address, receive_buffer=None, source_address=None, wrap=None):
        """wrap: makes another socket of the connected one, such as one that speaks TLS."""
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source_address:
            self.socket.bind((source_address, 0))
        self.socket.settimeout(Settings.patience)
        self.socket.connect(address)
        if wrap:
            self.socket = wrap(self.socket)
        self.pending, self.ended = b"", False

    def send(self, data):
        self.socket.settimeout(Settings.patience)
        try:
            self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        except socket.timeout:
            raise Failed("the server does not take what is sent to it") from None

    def fill(self, deadline):
        """Receives what there is; False at the end of the connection."""
        if self.ended:
            return False
        left = deadline - time.monotonic()
        if left <= 0:
            raise Failed("nothing more came; so far %d bytes: %r" % (len(self.pending), self.pending[-200:]))
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(1 << 16)
        except socket.timeout:
            return self.fill(0)
        except ConnectionError:
            data = b""
        self.ended = not data
        self.pending += data
        return bool(data)

    def take(self, size):
        """Exactly `size` bytes."""
        deadline = time.monotonic() + Settings.patience
        while len(self.pending) < size:
            if not self.fill(deadline):
                raise Failed("closed after %d of %d bytes: %r" % (len(self.pending), size, self.pending[-200:]))
        data, self.pending = self.pending[:size], self.pending[size:]
        return data

    def take_until(self, ending):
        deadline = time.monotonic() + Settings.patience
        while ending not in self.pending:
            if not self.fill(deadline):
                raise Failed("closed before %r, after %r" % (ending, self.pending[-300:]))
        data, self.pending = self.pending.split(ending, 1)
        return data + ending

    def take_all(self, patience=None):
        """Everything until the server closes."""
        deadline = time.monotonic() + (patience or Settings.patience)
        while self.fill(deadline):
            pass
        data, self.pending = self.pending, b""
        return data

    def reply_head(self):
        return Reply(self.take_until(b"\r\n\r\n")[:-4])

    def reply(self):
        """A whole reply: by its Content-Length, else until the connection ends."""
        reply = self.reply_head()
        length = reply.get("Content-Length")
        reply.body = self.take_all() if length is None else self.take(int(length))
        return reply

    def expect_silence_and_close(self):
        equal(self.take_all(), b"", "what came before the close")

    def is_open(self):
        """Without waiting; what has come is kept."""
        self.socket.setblocking(False)
        try:
            while True:
                data = self.socket.recv(1 << 16)
                if not data:
                    self.ended = True
                    return False
                self.pending += data
        except BlockingIOError:
            return not self.ended
        except ConnectionError:
            self.ended = True
            return False

    def close(self):
        self.socket.close()


class Source(Wire):
    """A logged-in source; sends numbered units, whose numbers go on from call to call."""

    def __init__(self, address, mount, kind, tag, lines, first_line, login, wrap=None):
        super().__init__(address, wrap=wrap)
        self.mount, self.units = mount, media.KINDS[kind].units(tag)
        self.send(request(first_line or "SOURCE %s HTTP/1.0" % mount,
                          ["Content-Type: " + media.KINDS[kind].content_type, "ice-public: 0", *lines], login))
        self.welcome = self.reply_head()
        if self.welcome.status == 100:
            self.welcome = self.reply_head()
        if self.welcome.status != 200:
            raise Failed("source %s refused: %s" % (mount, self.welcome.line))

    def play(self, units):
        """Sends so many units (frames, pages, clusters) and returns their bytes."""
        data = b"".join(next(self.units) for _ in range(units))
        self.send(data)
        return data

    def leave(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.close()


class Listener(Wire):
    """A listener after its head: `audio` has what was read so far, `titles` the ICY blocks."""

    def __init__(self, address, mount, lines, version, receive_buffer, login, **options):
        super().__init__(address, receive_buffer, **options)
        self.send(request("GET %s %s" % (mount, version), lines, login))
        self.head = self.reply_head()
        equal(self.head.status, 200, "status of a listener of " + mount)
        self.metaint = int(self.head.get("icy-metaint") or 0)
        self.until_block = self.metaint
        self.audio, self.titles, self.blocks = b"", [], 0

    def read(self, size):
        """`size` more bytes of audio, without the ICY blocks; returns them."""
        wanted = len(self.audio) + size
        while len(self.audio) < wanted:
            part = wanted - len(self.audio)
            if self.metaint:
                if self.until_block == 0:
                    block = self.take(self.take(1)[0] * 16)
                    self.blocks += 1
                    if block:
                        self.titles.append(block.rstrip(b"\0"))
                    self.until_block = self.metaint
                part = min(part, self.until_block)
                self.until_block -= part
            self.audio += self.take(part)
        return self.audio[wanted - size:]

    def read_until(self, wanted):
        """Reads until the audio ends with the bytes `wanted`."""
        while not self.audio.endswith(wanted):
            self.read(1)
        return self.audio

    def read_title(self, wanted):
        while wanted not in self.titles:
            self.read(1)

    def expect_end(self):
        self.take_all()


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
DEFAULTS = {
    "limits": "",
    "authentication": "<source-password>src-secret</source-password><relay-password>rel-secret</relay-password>"
                      "<admin-user>admin</admin-user><admin-password>adm-secret</admin-password>",
    "sockets": "<listen-socket><port>0</port><bind-address>127.0.0.1</bind-address></listen-socket>",
    "body": "", "paths": "", "logging": "",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listen_socket(port, more=""):
    return "<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address>%s</listen-socket>" % (port, more)


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
        # In one step: the server may be about to read it.
        new = self.config.with_suffix(".new")
        new.write_text(CONFIG % dict(self.slots, dir=self.dir))
        new.replace(self.config)
        give_away(self.dir)

    def start(self, arguments=None, through=(), **options):
        """through: a program that runs the command behind it; options: Popen's."""
        self.out = self.dir / "out"
        self.out_before = self.out.stat().st_size if self.out.exists() else 0
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                [*through, *as_nobody([Settings.binary, *(arguments or ["-c", str(self.config)])])],
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
        """One request, its whole reply.  line: "GET / HTTP/1.0"."""
        wire = self.wire(**options)
        wire.send(request(line, headers, login, body))
        reply = wire.reply()
        wire.close()
        return reply

    def get(self, path, login=None, headers=()):
        return self.ask("GET %s HTTP/1.0" % path, headers, login)

    def source(self, mount="/live.mp3", kind="mp3", tag="A", lines=(), first_line=None, login=SOURCE, port=None, wrap=None):
        return self.bench.owned(Source((self.host, port or self.port), mount, kind, tag, lines, first_line, login, wrap))

    def listener(self, mount="/live.mp3", lines=(), version="HTTP/1.0", receive_buffer=None, login=None, icy=False, port=None, **options):
        if icy:
            lines = [*lines, "Icy-MetaData: 1"]
        return self.bench.owned(Listener((self.host, port or self.port), mount, lines, version, receive_buffer, login, **options))

    def set_title(self, mount="/live.mp3", login=ADMIN, **values):
        query = "&".join("%s=%s" % item for item in values.items())
        return self.get("/admin/metadata?mount=%s&mode=updinfo&%s" % (mount, query), login)

    # -- what can be known about it
    def stats(self):
        return self.get("/admin/stats", ADMIN).xml()

    def stat(self, mount, name):
        node = self.stats().find("source[@mount='%s']/%s" % (mount, name))
        return None if node is None else node.text

    def public_stats(self, fact=lambda stats: True):
        """status-json.xsl once `fact` holds; public pages may be half a second old."""
        found = []

        def holds():
            found[:] = [self.get("/status-json.xsl").json()["icestats"]]
            return fact(found[0])
        wait_for(holds, "the public statistics come true: %r" % found)
        return found[0]

    def public_source(self, mount):
        """Current when it is asked for the first time within half a second."""
        return self.get("/status-json.xsl?mount=" + mount).json()["icestats"]["source"]

    def log(self, name="error"):
        path = self.dir / "log" / (name + ".log")
        return path.read_text(errors="surrogateescape") if path.exists() else ""

    def wait_for_log(self, pattern, name="error"):
        return wait_for(lambda: re.search(pattern, self.log(name), re.M), "%s.log matches %r: %s" % (
            name, pattern, self.log(name)[-600:]))

    def wait_until_gone(self, mount):
        wait_for(lambda: self.get(mount).status == 404, mount + " has no source")

    # -- changing it
    def send_signal(self, number):
        self.process.send_signal(number)

    def reload(self, **slots):
        """A changed configuration, HUP, and the line that says it is in force."""
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
    """Root makes the files, nobody runs the server."""
    if os.getuid() != 0:
        return
    user = pwd.getpwnam("nobody")
    for root, directories, files in os.walk(directory):
        for name in [".", *directories, *files]:
            os.chown(os.path.join(root, name), user.pw_uid, user.pw_gid, follow_symlinks=False)


class Bench:
    """What a test gets: everything started through it ends with it."""

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
        """The program with other arguments than a server's; its status, output and errors."""
        give_away(self.dir)
        done = subprocess.run(as_nobody([Settings.binary, *map(str, arguments)]), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=Settings.patience * 2, cwd=self.dir)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def close(self, keep_alive_check=True):
        """Ends all; a server that has died by itself is a failure of the test."""
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
