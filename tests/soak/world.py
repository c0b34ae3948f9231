"""The servers of a soak: two masters, three nodes, streams of several formats, and the resources of each process."""
import os
import pathlib
import re
import signal
import socket
import struct
import time

import media
from backend import Backend
from bench import Failed, wait_for
from harness import ADMIN, SOURCE, listen_socket, request
from link_bench import edge, link_port, linked_master, up
from replacing import TAKEN
from syscalls import Faults
from threads import Threaded
from tls_bench import certificate, tls
from witness import FORMATS, Frames

# mount: format, tag, seconds of a unit, over TLS, its master, settings
STREAMS = {
    "/a.mp3": ("mp3", "A", 0.024, False, 0, ""),
    "/b.aac": ("aac", "B", 1024 / 44100, False, 0, ""),
    "/c.opus": ("opus", "C", 0.020, False, 0, ""),
    "/d.bin": ("opaque", "D", 0.024, False, 1, ""),
    "/e.mp3": ("mp3", "E", 0.024, True, 1, ""),
    "/f.mp3": ("mp3", "F", 0.024, False, 0, "<fallback-mount>/g.mp3</fallback-mount><fallback-override>1</fallback-override>"),
    "/g.mp3": ("mp3", "G", 0.024, False, 0, ""),
    "/h.mp3": ("mp3", "H", 0.024, False, 1, '<authentication type="url"><option name="listener_add" value="BACKEND"/>'
                                             '<option name="listener_remove" value="BACKEND"/></authentication>'),
}
LOOSE = ("/f.mp3", "/g.mp3")    # listeners are moved between them
LINGER = "<linger-for>30</linger-for>"


class Encoder(Threaded):
    """Sends numbered units in real time; after the end of its connection it reconnects, and continues with the next
    number."""

    def __init__(self, world, mount):
        self.world, self.mount = world, mount
        self.kind, self.tag, self.unit, self.secure, self.master, _ = STREAMS[mount]
        self.number, self.cuts, self.socket, self.away = 0, [], None, 0.0
        self.start()

    def run(self):
        while self.going:
            try:
                if time.monotonic() >= self.away:
                    self.send()
            except (OSError, Failed) as e:
                self.world.note("encoder of %s: %s" % (self.mount, e))
            if self.socket:
                self.socket.close()
                self.socket = None
            time.sleep(0.1)

    def send(self):
        server = self.world.masters[self.master]
        opened = socket.create_connection((server.host, server.tls_port if self.secure else server.given_port), 10)
        self.socket = tls()(opened) if self.secure else opened
        self.socket.settimeout(20)
        content_type = "audio/x-unknown" if self.kind == "opaque" else media.KINDS[self.kind].content_type
        self.socket.sendall(request("SOURCE %s HTTP/1.0" % self.mount, ["Content-Type: " + content_type], SOURCE))
        answer = self.socket.recv(4096)
        if b" 200 " not in answer:
            raise Failed("refused: %r" % answer[:60])
        if self.kind == "opus":
            self.socket.sendall(media.opus_headers(4711))
        make, begin, first = FORMATS[self.kind], time.monotonic(), self.number
        self.cuts.append(first)
        while self.going and self.socket.fileno() >= 0:
            due = first + int((time.monotonic() - begin) / self.unit)
            if due > self.number:
                self.socket.sendall(b"".join(make(self.tag, n) for n in range(self.number, due)))
                self.number = due
            time.sleep(0.02)

    def kill(self, seconds):
        """Like a crash: bytes on their way are lost."""
        self.away = time.monotonic() + seconds
        held = self.socket
        if held:
            try:
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                os.close(held.detach())
            except OSError:
                pass


class World:
    def __init__(self, bench, note):
        self.bench, self.note = bench, note
        self.frames = {mount: Frames(row[0]) for mount, row in STREAMS.items()}
        self.disturbed, self.moves, self.begun, self.unexplained = {}, [], {}, []
        self.masters, self.nodes, self.faults = [], [], {}
        self.backend, self.forms = Backend(), []
        mounts = "".join("<mount><mount-name>%s</mount-name>%s%s</mount>" % (name, LINGER, row[5]) for name, row in STREAMS.items()).replace("BACKEND", self.backend.url())
        ids = {"edge%d" % n: "" for n in (13, 14, 15)}
        for number in (11, 12):
            self.add(self.masters, linked_master(bench, number, ids, start=False, body_more=mounts, limits=self.limits()))
        for number in (13, 14, 15):
            self.add(self.nodes, edge(bench, number, self.masters, start=False, body=mounts, limits=self.limits()))
        self.servers = self.masters + self.nodes
        for master in self.masters:
            up(master, *ids)
        self.encoders = {mount: Encoder(self, mount) for mount in STREAMS}
        for mount, row in STREAMS.items():
            wait_for(lambda mount=mount, row=row: self.masters[row[4]].stat(mount, "listeners") is not None, mount + " is there", 20)

    @staticmethod
    def limits():
        return "<clients>5000</clients><source-timeout>60</source-timeout><queue-size>524288</queue-size>"

    def add(self, to, server):
        server.tls_port = link_port()
        (server.dir / "state").mkdir()
        certificate(server.dir, "radio.test")
        server.write_config(sockets=listen_socket(server.given_port).replace("127.0.0.1", server.host) +
                            listen_socket(server.tls_port, "<ssl>1</ssl>").replace("127.0.0.1", server.host),
                            paths="<ssl-certificate>%s/tls.pem</ssl-certificate><state-dir>%s/state</state-dir>" % (server.dir, server.dir))
        place = type("Place", (), {"dir": server.dir, "owned": self.bench.owned})()
        self.faults[server] = Faults(place)
        self.start(server)
        to.append(server)

    def start(self, server):
        self.begun[server] = len(server.log())
        server.start(env=self.faults[server].environment)

    # -- processes
    def log(self, server):
        """The log of this run of the server."""
        return server.log()[self.begun[server]:]

    def serving(self, server):
        rows = re.findall(TAKEN, self.log(server))
        return int(rows[-1][0]) if rows else server.process.pid

    def kill(self, server):
        os.kill(self.serving(server), signal.SIGKILL)
        server.process.wait(10)
        (server.dir / "out").unlink()

    def held(self, server):
        """The resources of its process; an upgrade that comes to its end meanwhile makes it another one."""
        process = self.serving(server)
        try:
            return self.held_by(server, process)
        except FileNotFoundError:
            if self.serving(server) == process:
                raise
            return self.held(server)

    def held_by(self, server, process):
        place = pathlib.Path("/proc/%d" % process)
        names = []
        for one in (place / "fd").iterdir():
            try:
                names.append(os.readlink(one))
            except OSError:
                pass
        maps = (place / "maps").read_text().splitlines()
        status = (place / "status").read_text()
        held = re.search(r"RssAnon:\s+(\d+)", status)
        if not held:
            raise Failed("%s: process %s serves, and has ended (%s):\n%s" % (server.host, place.name, re.search("State:.*", status)[0], server.log()[-2000:]))
        return {"threads": len(list((place / "task").iterdir())), "sockets": sum(n.startswith("socket:") for n in names),
                "memfds": sum(n.startswith("/memfd:") for n in names),
                "files": sum(not n.startswith(("socket:", "/memfd:")) for n in names),
                "mappings": sum("/memfd:" not in row for row in maps), "logs": sum("/memfd:" in row for row in maps),
                "KiB": int(held[1])}

    def listeners(self, server):
        return sum(int(node.text) for node in server.stats().findall("source/listeners"))

    # -- the script's actions, for the judges
    def disturb(self, server, seconds):
        self.disturbed[server.host] = time.monotonic() + seconds

    def left(self, witness):
        """A witness was disconnected."""
        if time.monotonic() > self.disturbed.get(witness.at[0], 0):
            self.unexplained.append("%s at %s was disconnected" % (witness.name, witness.at))

    def was_cut(self, tag, due, number):
        """Whether a jump is over the units that a killed encoder had not delivered."""
        return any(due <= first == number and number - due < 400 for e in self.encoders.values() if e.tag == tag for first in e.cuts[1:])

    def moved_within(self, mount, when):
        return mount in LOOSE and any(0 <= when - moved < 60 for moved in self.moves)

    def backend_away(self):
        """The backend is down: present listeners stay, new ones are refused."""
        self.backend.close()
        self.forms += self.backend.forms

    def backend_back(self):
        self.backend = Backend(port=self.backend.port)

    def told(self, action):
        """The number of notices of this action at the backends."""
        return sum(form.get("action") == action for form in self.forms + list(self.backend.forms))

    def admin(self, server, path):
        return server.get(path, ADMIN)

    def close(self):
        for encoder in self.encoders.values():
            encoder.going = False
        for encoder in self.encoders.values():
            encoder.thread.join(5)
        self.backend.close()
