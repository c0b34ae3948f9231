"""Nodes with links, for the tests of test_link*.py; built on bench.py.

Each node has an address of its own for listeners and a cluster-port of its own for nodes.
"""
import itertools
import os
import selectors
import socket
import subprocess
import threading
import time

from bench import LISTENER, Failed, check, equal, node_at, wait_for
from harness import give_away
from ports import free_port
from threads import Threaded


def link_port():
    """A port that is free on all addresses."""
    return free_port("")


def node(b, number, body, port=None, start=True, **slots):
    """A server on 127.0.0.NUMBER; %PORT% in its configuration is its own port."""
    host, port = "127.0.0.%d" % number, port or link_port()
    slots.setdefault("sockets", "<listen-socket><port>%d</port><bind-address>%s</bind-address></listen-socket>" % (port, host))
    slots.setdefault("limits", "<clients>5000</clients>")
    made = b.unstarted_server(body=body.replace("%PORT%", str(port)), **slots)
    made.host, made.given_port = host, port
    if start:
        made.start()
    return made


def linked_master(b, number, ids, start=True, name=None, masters="", more="", redirects=None, body_more="",
                  **slots):
    """A master on 127.0.0.NUMBER that accepts the nodes `ids`; ids may be {id: attributes}."""
    rows = ids if isinstance(ids, dict) else {each: "" for each in ids}
    port = link_port()
    nodes = "".join('<node id="%s" secret="s-%s" %s/>' % (each, each, attributes)
                    for each, attributes in rows.items())
    body = ("%s%s%s<cluster><id>%s</id><cluster-port>%d</cluster-port><capacity self-weight=\"0\"/>"
            "<balance hold=\"0\"/>%s%s</cluster>" % (
                "<max-redirect-slaves>-1</max-redirect-slaves>" if redirects is None else redirects, masters,
                body_more, name or "m%d" % number, port, nodes, more))
    made = node(b, number, body, start=start, **slots)
    made.link_port = port
    made.name = name or "m%d" % number
    return made


def master_block(master, name, number, streams=True, secret=None, port=None):
    """A <master> whose link comes from the node's own address, which it may then announce."""
    return ("<master><server>%s</server>%s<cluster-port>%d</cluster-port><username>%s</username>"
            "<password>%s</password><bind>127.0.0.%d</bind></master>" % (
                master.host, "<port>%d</port>" % master.given_port if streams else "", port or master.link_port, name,
                secret or "s-" + name, number))


def edge(b, number, masters, name=None, start=True, secret=None, capacity='max-bandwidth="100M"', more="", body="",
         streams=True, ports=None, public=True, **slots):
    """A node with links to these masters, which are not configured otherwise."""
    masters = masters if isinstance(masters, (list, tuple)) else [masters]
    name = name or "edge%d" % number
    blocks = "".join(master_block(m, name, number, streams, secret, ports[i] if ports else None) for i, m in enumerate(masters))
    host = "127.0.0.%d" % number
    address = "<public-address>%s:%%PORT%%</public-address>" % host if public else ""
    made = node(b, number, "%s<master-public-slave>1</master-public-slave>%s<cluster><id>%s</id>%s<capacity %s/>%s"
                                   "</cluster>" % (blocks, body, name, address, capacity, more), start=start, **slots)
    made.name = name
    return made


def kill9(server):
    """Kills the server like a crash; it may be started again."""
    server.process.kill()
    server.process.wait()
    server.process = None
    (server.dir / "out").unlink()


class Feeder(Threaded):
    """A source that sends units at about the real rate until it is closed."""

    def __init__(self, source, units=10, pause=0.05):
        self.source, self.units, self.pause = source, units, pause
        self.start()

    def run(self):
        while self.going:
            try:
                self.source.play(self.units)
            except (Failed, OSError):
                return
            time.sleep(self.pause)


def feed(b, server, mount="/live.mp3", units=10, **options):
    source = server.source(mount, **options)
    source.play(20)
    b.owned(Feeder(source, units))
    return source


def readable(wire, seconds):
    """Whether bytes or the end arrive within this time.  Not select(): a test may have more than 1023 descriptors."""
    with selectors.DefaultSelector() as selector:
        selector.register(wire, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


PLAYERS = itertools.count(1)


def first_line(address, mount, source=LISTENER, patience=2.0):
    """The first request of a new listener: (status, node), the head's status and the node in its Location."""
    return first_redirect(address, mount, source, patience)[:2]


def first_redirect(address, mount, source=LISTENER, patience=2.0):
    """(status, node, path) of one request of a new listener.

    Each has a player name of its own, because the master itself serves a player that keeps returning.
    """
    import re
    with socket.socket() as wire:
        wire.bind((source, 0))
        wire.settimeout(patience)
        try:
            wire.connect(address)
            wire.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: Player%d/1\r\n\r\n" % (
                mount.encode(), next(PLAYERS)))
            head = b""
            while b"\r\n\r\n" not in head:
                data = wire.recv(4096)
                if not data:
                    break
                head += data
        except OSError:
            return 0, None, None
    found = re.search(rb"\r\nLocation: https?://([^/]+)(/[^\r]*)\r", head)
    status = head.split(b" ", 2)
    where, path = (part.decode() for part in found.groups()) if found else (None, None)
    return (int(status[1]) if len(status) > 2 else 0), where, path


class Crowd:
    """Listeners that ask one server repeatedly, each answer with its time."""

    def __init__(self, address, mount, threads=2, pause=0.002):
        self.address, self.mount, self.pause = address, mount, pause
        self.answers, self.going = [], True
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while self.going:
            sent = time.monotonic()
            status, node = first_line(self.address, self.mount)
            self.answers.append((sent, time.monotonic(), status, node))
            time.sleep(self.pause)

    def close(self):
        self.going = False
        for thread in self.threads:
            thread.join(3)


def psk_of(name, secret):
    import hashlib
    import hmac
    return hmac.new(secret.encode(), b"lbedge-cluster/1 psk " + name.encode(), hashlib.sha256).hexdigest()


class RawNode:
    """A node implemented by the test: TLS by `openssl s_client`, everything above by hand."""

    UPGRADE = ("GET /admin/cluster HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n")

    def __init__(self, b, master, name, secret=None, upgrade=True, source=None):
        import subprocess
        command = ["openssl", "s_client", "-quiet", "-tls1_3", "-psk_identity", name, "-psk",
                   psk_of(name, secret or "s-" + name), "-connect", "%s:%d" % (master.host, master.link_port)]
        if source:
            command += ["-bind", source + ":0"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0)
        self.pending, self.name = b"", name
        b.owned(self)
        if upgrade:
            self.send(self.UPGRADE)
            self.head = self.take_until(b"\r\n\r\n")

    def send(self, text):
        try:
            self.process.stdin.write(text.encode("latin-1") if isinstance(text, str) else text)
        except BrokenPipeError:
            pass

    def say(self, **frame):
        import json
        self.send(json.dumps(frame) + "\n")

    def hello(self, epoch="e1", **more):
        self.say(t="HELLO", id=self.name, epoch=epoch, **more)
        welcome = self.frame()
        if welcome and welcome["t"] == "WELCOME":
            self.say(t="SNAP", seq=1)
            self.seq, self.snap = 1, self.frame()
        return welcome

    def load(self, **more):
        self.seq += 1
        self.say(**dict(dict(t="LOAD", seq=self.seq, at=int(time.monotonic() * 1000), lis=0, kbps=0), **more))

    def keep_alive(self, more=dict):
        """Sends reports, with the members that more() returns, until the test or the link ends."""
        def run():
            while self.process and self.process.poll() is None:
                self.load(**more())
                time.sleep(0.2)
        threading.Thread(target=run, daemon=True).start()

    def take_until(self, ending, patience=5.0):
        deadline = time.monotonic() + patience
        while ending not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not readable(self.process.stdout, left):
                raise Failed("nothing more came; so far %r" % self.pending[-300:])
            data = self.process.stdout.read(65536)
            if not data:
                return None
            self.pending += data
        data, self.pending = self.pending.split(ending, 1)
        return data + ending

    def frame(self, kind=None, patience=5.0):
        """The next frame (of that type); None: the link has ended."""
        import json
        while True:
            line = self.take_until(b"\n", patience)
            if line is None:
                return None
            frame = json.loads(line)
            if kind is None or frame["t"] == kind:
                return frame

    def expect_end(self, patience=5.0):
        while self.frame(patience=patience) is not None:
            pass

    def close(self):
        process, self.process = self.process, None
        if process:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


class RawMaster(RawNode):
    """A master implemented by the test, for one node at a time."""

    def __init__(self, b, name, host="127.0.0.11"):
        import subprocess
        self.host, self.link_port, self.given_port, self.name = host, link_port(), 1, name
        command = ["openssl", "s_server", "-quiet", "-tls1_3", "-nocert", "-psk_identity", name, "-psk",
                   psk_of(name, "s-" + name), "-accept", "%s:%d" % (host, self.link_port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0)
        self.pending = b""
        b.owned(self)


# LINK_ROUNDS=100 makes a long run for measurements.
ROUNDS = int(os.environ.get("LINK_ROUNDS", "0"))


def rounds(few, many):
    return many if ROUNDS else few


def say(name, values, unit="ms"):
    if ROUNDS:
        print("MEASURED %s: n %d, median %.1f, p99 %.1f, max %.1f %s" % (
            name, len(values), percentile(values, 0.5), percentile(values, 0.99), max(values), unit), flush=True)


def up(master, *names):
    wait_for(lambda: all((node_at(master, name) or {}).get("state") == "up" for name in names),
             "%s are up: %s" % (names, master.log()[-1500:]))


def plays(server, mount="/live.mp3", patience=5):
    def listen():
        try:
            return server.listener(mount, source_address=LISTENER)
        except Failed:
            return None
    listener = wait_for(listen, "%s plays on %s: %s" % (mount, server.host, server.log()[-1500:]), patience)
    check(len(listener.read(10000)) == 10000, "audio comes")
    return listener


def public(*numbers):
    """<node>s that may announce the address of their connection."""
    return {"edge%d" % n: "" for n in numbers}


def master_with_a_victim(b, more=()):
    """A master, an honest node that must survive everything, and a place for an attacker."""
    master = linked_master(b, 11, public(12, 66, *more))
    victim = edge(b, 12, master)
    feed(b, master)
    up(master, "edge12")
    return master, victim


def unharmed(master, victim):
    # On a busy machine it may be suspect for a moment; its link has never ended.
    wait_for(lambda: node_at(master, "edge12")["state"] == "up", "the honest node is up")
    equal(victim.log().count("is linked"), 1, "links that it has had")
    plays(victim)


def certificate(directory, address):
    """A self-signed certificate for a literal address; the file has its key too."""
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", "3", "-subj", "/CN=m", "-addext", "subjectAltName=IP:" + address, "-keyout", "-"],
                          check=True, capture_output=True, text=True)
    path = directory / "tls.pem"
    path.write_text(made.stdout)
    give_away(directory)
    return path
