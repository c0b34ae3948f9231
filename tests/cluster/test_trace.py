"""A trace of listenings over three nodes, with all kinds of events, compared with the later data of the audience.

Each listener has an address of its own, and the length of its listening is measured at its socket. 10,000 listenings
over two changes of day, with lost acknowledgements and full disks, run in virtual time:
tests/unit/audience/trace_test.cc.
"""
import itertools
import os
import re
import selectors
import socket
import sqlite3
import threading
import time

from api import Api
from bench import check, equal, test, wait_for
from harness import ADMIN, give_away
from hls_check import Watch
from link_bench import edge, feed, kill9, link_port, linked_master, up
from replacing import upgrade
from tls_bench import certificate, tls

EACH = 40 if os.environ.get("LB_FULL") == "1" else 1   # listeners of a kind and a node
LONG, SHORT = 30, 9    # seconds
AUDIENCE = "<console>1</console><audience/>"
MOUNTS = ("<hls><segment>2</segment></hls><archive><dir>%s</dir></archive><mount><mount-name>/live.mp3</mount-name><fallback-mount>/back.mp3</fallback-mount>"
          "<fallback-override>1</fallback-override><archive><enabled>1</enabled></archive><hls>1</hls></mount>")
ADDRESSES = ("127.7.%d.%d" % (one // 250, one % 250 + 1) for one in itertools.count(1))
COUNTED, KEPT_APART = ("VLC/3.0.20", "mpv 0.35", "foobar2000/1.6"), ("UptimeRobot/2.0 (bot)", "Icecast 2.4.4")


class Ear:
    """One listener: the time of its head, its bytes, and its end; cut: it was ended by another side."""

    def __init__(self, address, path, seconds, agent="VLC/3.0.20", lines=(), wrap=None, way="stream"):
        self.way, self.agent, self.seconds = way, agent, seconds
        self.head, self.bytes, self.began, self.ended, self.cut = b"", 0, None, None, False
        self.wire = socket.create_connection(address, 10, source_address=(next(ADDRESSES), 0))
        if wrap:
            self.wire = wrap(self.wire)
        self.asked = path
        asked = ["GET %s HTTP/1.0" % path, "Host: x", "User-Agent: " + agent, *lines]
        self.wire.sendall(("\r\n".join(asked) + "\r\n\r\n").encode())
        self.wire.setblocking(False)

    def read(self):
        while self.ended is None:
            try:
                data = self.wire.recv(1 << 16)
            except (BlockingIOError, OSError) as nothing:
                if isinstance(nothing, ConnectionError):
                    return self.end(cut=True)
                return None
            if not data:
                return self.end(cut=True)
            if self.began is None:
                self.head += data
                if b"\r\n\r\n" in self.head:
                    check(b" 200 " in self.head.split(b"\r\n")[0], (self.wire.getpeername(), self.asked, self.head[:200]))
                    self.began = time.monotonic()
            self.bytes += len(data)
        return None

    def end(self, cut=False):
        self.ended, self.cut = time.monotonic(), cut
        self.wire.close()

    @property
    def heard(self):
        return self.ended - self.began


class Ears:
    """All of them, on this thread."""

    def __init__(self):
        self.all, self.began = [], time.monotonic()

    def hear(self, until=None):
        """Reads until this many seconds of the trace are over; None: until all listeners have ended."""
        with selectors.DefaultSelector() as selector:
            going = [ear for ear in self.all if ear.ended is None]
            for ear in going:
                selector.register(ear.wire, selectors.EVENT_READ, ear)
            while going if until is None else time.monotonic() < self.began + until:
                for key, _ in selector.select(0.1):
                    key.data.read()
                for ear in [ear for ear in going if ear.ended is not None or ear.began and time.monotonic() > ear.began + ear.seconds]:
                    selector.unregister(ear.wire)
                    going.remove(ear)
                    if ear.ended is None:
                        ear.end()


class Player:
    """An HLS player: requests the list each second, and its new segments."""

    def __init__(self, address, seconds):
        self.watch = Watch(*address, "/live.mp3/live.m3u8", agent="AppleCoreMedia/1.0.0")
        self.watch.wire.source_address = (next(ADDRESSES), 0)
        self.began = self.ended = time.monotonic()
        self.thread = threading.Thread(target=self.run, args=(seconds,), daemon=True)
        self.thread.start()

    def run(self, seconds):
        while time.monotonic() < self.began + seconds:
            self.watch.poll()
            self.ended = time.monotonic()
            time.sleep(1)
        self.watch.close()


def node(b, number, master):
    host, port, secure = "127.0.0.%d" % number, link_port(), link_port()
    sockets = "".join("<listen-socket><port>%d</port><bind-address>%s</bind-address>%s</listen-socket>" % (one, host, more)
                      for one, more in ((port, ""), (secure, "<ssl>1</ssl>")))
    made = edge(b, number, master, start=False, body="", port=port, sockets=sockets)
    made.secure = secure
    (made.dir / "state").mkdir()
    certificate(made.dir, "radio.test")
    give_away(made.dir)
    made.write_config(body=made.slots["body"].replace("<master>", AUDIENCE + MOUNTS % (made.dir / "archive") + "<master>", 1),
                      paths="<state-dir>%s/state</state-dir><ssl-certificate>%s/tls.pem</ssl-certificate>" % (made.dir, made.dir))
    return made.start()


def sessions(server, query=""):
    found, after = [], ""
    while after is not None:
        reply = Api(server).ask("GET", "/audience/sessions?most=500" + query + after)
        if reply.status != 200:
            return []
        found += reply.json()["items"]
        after = "&after=" + reply.json()["next"] if "next" in reply.json() else None
    return found


def is_recorded_until_now(server):
    """If a source or the archive has stopped for seconds, requests for the past are served live."""
    mounts = server.get("/admin/archive.json", ADMIN).json()["mounts"]
    return mounts and mounts[0]["newest"] > time.time() - 2


def redirected(master, path):
    with socket.create_connection((master.host, master.given_port), 10) as wire:
        wire.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: Player%d\r\n\r\n" % (path, id(wire))).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            data = wire.recv(4096)
            check(data, head)
            head += data
    where = re.search(rb"Location: http://([0-9.]+):([0-9]+)(\S+)", head)
    check(where, head)
    return (where.group(1).decode(), int(where.group(2))), where.group(3).decode()


def pairs(told, measured):
    """The largest difference in seconds, with both lists sorted by length."""
    equal(len(told), len(measured), (sorted(told), sorted(measured)))
    return max([abs(a - b) for a, b in zip(sorted(told), sorted(measured))] + [0])


@test
def each_listening_of_a_trace_is_known_once_and_to_the_second(b):
    master = linked_master(b, 11, ["edge12", "edge13", "edge14"], start=False, body_more=AUDIENCE)
    (master.dir / "state").mkdir()
    master.write_config(paths="<state-dir>%s/state</state-dir>" % master.dir)
    master.start()
    nodes = [node(b, number, master) for number in (12, 13, 14)]
    up(master, "edge12", "edge13", "edge14")
    feed(b, master, "/m.mp3", units=2)
    lives = [feed(b, one, "/live.mp3", units=2) for one in nodes]
    for one in nodes:
        feed(b, one, "/back.mp3", units=2)
    ears = Ears()
    ears.hear(7)
    wait_for(lambda: all(is_recorded_until_now(one) for one in nodes), "archives are there, and not late")
    ears.began = time.monotonic() - 7
    for at, one in enumerate(nodes):
        place = (one.host, one.given_port)
        for n in range(EACH):
            length = LONG + 2 * at + 3 * (n % 4)
            ears.all += [Ear(place, "/live.mp3", length, COUNTED[n % 3]), Ear(place, "/live.mp3", length + 1, lines=["Icy-MetaData: 1"]),
                         Ear((one.host, one.secure), "/live.mp3", SHORT + at, wrap=tls()),
                         Ear(place, "/live.mp3?timeshift=5", SHORT + 4 + at, way="past"),
                         *(Ear(place, "/live.mp3", SHORT, agent) for agent in KEPT_APART), Ear(place, "/live.mp3", 1)]
            where, path = redirected(master, "/m.mp3")
            ears.all.append(Ear(where, path, SHORT - 1 + at))
    player = Player((nodes[0].host, nodes[0].given_port), SHORT)
    ears.hear(11)
    upgrade(nodes[0])
    ears.hear(14)
    lives[2].leave()    # and they hear /back.mp3
    ears.hear(19)
    kill9(nodes[1])
    ears.hear(20)
    nodes[1].start()
    ears.hear(24)
    kill9(master)
    ears.hear(27)
    master.start()
    ears.hear()
    check(all(ear.began for ear in ears.all), "each was let in")
    counted = [ear for ear in ears.all if ear.heard >= 5 and ear.agent not in KEPT_APART]
    cut = [ear for ear in counted if ear.cut]
    check(2 * EACH <= len(cut) <= 3 * EACH, "%d were cut" % len(cut))

    def all_there():
        rows = sessions(master)
        return rows if len(rows) == len(counted) + 1 and not any(row["open"] for row in rows) else None
    rows = wait_for(all_there, "%d sessions have ended" % (len(counted) + 1), 60)
    equal({row["mount"] for row in rows}, {"/live.mp3", "/m.mp3"}, "a fallback is not a mount of theirs")
    worst = max(pairs([row["seconds"] for row in rows if row["way"] == way], [ear.heard for ear in counted if ear.way == way])
                for way in ("stream", "past"))
    by_hls = [row["seconds"] for row in rows if row["way"] == "hls"]
    # Until its last request, or until its last segment was over.
    check(len(by_hls) == 1 and player.ended - player.began - 1 <= by_hls[0] <= player.ended - player.began + 7, by_hls)
    # The kill, and what this process was late.
    check(worst <= 1.5, "one is wrong by %.2f s: %r, and heard were %r" % (
        worst, sorted((row["way"], row["seconds"], row["mount"]) for row in rows), sorted((ear.way, round(ear.heard, 3), ear.asked, ear.cut) for ear in counted)))
    equal([row["connections"] for row in rows], [1] * len(rows), "none was taken for two")
    told = Api(master).want(200, "GET", "/audience/summary").json()
    equal((round(told["seconds"], 3), told["sessions"]), (round(sum(row["seconds"] for row in rows), 3), len(rows)))
    equal(told["bytes"], sum(row["bytes"] for row in rows))
    kinds = [row["kind"] for row in sessions(master, "&all=1")]
    equal((kinds.count("listener"), kinds.count("bot"), kinds.count("quick-look")), (len(counted) + 1, 3 * EACH, 3 * EACH), "others are kept apart")
    check("never came" not in master.log(), "no row is missing")
    # No address: neither in the database and a copy of it, nor at the nodes.
    with sqlite3.connect(master.dir / "state" / "audience.db") as database:
        database.execute("VACUUM INTO ?", (str(master.dir / "state" / "copy.db"),))
    for one in (master, *nodes):
        for path in (one.dir / "state").rglob("*"):
            if path.is_file():
                check(b"127.7." not in path.read_bytes(), "%s has an address" % path)
