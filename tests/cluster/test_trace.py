"""A trace of listenings over three nodes, with all kinds of events, compared with the later data of the audience.

Each listener has an address of its own, and each of its listenings is measured at its socket. LB_FULL=1 makes 10,000 of
them. tests/unit/audience/trace_test.cc has the same of the rows alone, in virtual time.
"""
import base64
import datetime
import hashlib
import hmac
import itertools
import os
import random
import re
import signal
import sqlite3
import time

from api import STORE, Api, encoded
from bench import Failed, check, equal, test, wait_for
from clock import Clock
from ears import Ear, HlsEar, Trace
from harness import ADMIN, give_away
from link_bench import edge, feed, kill9, link_port, linked_master, up
from replacing import upgrade
from road import Road
from syscalls import Faults, Rule
from tasks import children_of
from forms import forms_of
from tls_bench import certificate, tls

MANY = int(os.environ.get("LB_TRACE", 10_000 if os.environ.get("LB_FULL") == "1" else 240))
MOST = 1_700    # listenings in a round
ROUNDS = -(-MANY // MOST)
FIRST, EACH_ROUND = 9, 42   # seconds until the first round, and of each
AUDIENCE = "<console>1</console><audience/>"
MOUNTS = ("<hls><segment>2</segment></hls><archive><dir>%s</dir></archive><mount><mount-name>/live.mp3</mount-name><fallback-mount>/back.mp3</fallback-mount>"
          "<fallback-override>1</fallback-override><archive><enabled>1</enabled></archive><hls>1</hls></mount>")
COUNTED, KEPT_APART = ("VLC/3.0.20", "mpv 0.35", "foobar2000/1.6"), {"UptimeRobot/2.0 (bot)": "bot", "Icecast 2.4.4": "relay"}
SOURCES = ("/live.mp3", "/back.mp3", "/other.mp3", "/acme.mp3")
QUICK, FEWEST = 5.0, 65_536
# The first one is that of a month; New York's 1 November has 25 hours.
MIDNIGHTS = "2026-10-31T23:59:48", "2026-11-01T23:59:48"


def with_state(server):
    (server.dir / "state").mkdir()
    give_away(server.dir)
    server.write_config(paths="<state-dir>%s/state</state-dir>%s" % (server.dir, server.slots["paths"]))


def a_node(b, number, master, road, environment):
    host, port, secure = "127.0.0.%d" % number, link_port(), link_port()
    sockets = "".join("<listen-socket><port>%d</port><bind-address>%s</bind-address>%s</listen-socket>" % (one, host, more)
                      for one, more in ((port, ""), (secure, "<ssl>1</ssl>")))
    made = edge(b, number, master, start=False, port=port, sockets=sockets, ports=[road.port] if road else None)
    made.secure = secure
    certificate(made.dir, "radio.test")
    made.write_config(body=AUDIENCE + MOUNTS % (made.dir / "archive") + made.slots["body"].replace("<master>", "<master><on-demand>0</on-demand>", 1),
                      paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % made.dir)
    with_state(made)
    return made.start(env=environment)


class Lossy(Road):
    """Passes nothing of the master while it loses: what the node sends has its effect, and no answer arrives."""
    loses = False

    def passes(self, data, of_client):
        while self.loses and not of_client:
            time.sleep(0.01)


def crash(server):
    """kill -9 of the process that serves, and of the one that stands in for it."""
    for pid in children_of(server.process.pid):
        os.kill(pid, signal.SIGKILL)
    kill9(server)


class Stage:
    """A master and two edges, with a clock that is set and system calls that fail."""

    def __init__(self, b):
        self.b, self.faults = b, Faults(b)
        self.clock = Clock(b, self.faults.environment)
        self.env = self.clock.environment
        self.clock.set_to("2026-10-31T23:58:00")
        self.master = linked_master(b, 11, ["edge12", "edge13"], start=False, body_more="@more@")
        self.master.write_config(body=self.master.slots["body"].replace("@more@", AUDIENCE + STORE % {"dir": self.master.dir}))
        with_state(self.master)
        self.master.start(env=self.env)
        self.api = Api(self.master)
        self.api.want(201, "POST", "/accounts", {"id": "acme"})
        self.logins = {"/acme.mp3": self.api.mount("/acme.mp3", account="acme", settings={"hls": True})}
        self.road = Lossy(b, (self.master.host, self.master.link_port), host=self.master.host, source="127.0.0.12")
        self.nodes = [a_node(b, number, self.master, road, self.env) for number, road in ((12, self.road), (13, None))]
        self.servers = [self.master, *self.nodes]
        up(self.master, "edge12", "edge13")
        self.sources, self.keys = {}, {}
        for mount in SOURCES:
            self.feeds(mount)
        self.trace = Trace(self.clock)
        self.home = (self.master.host, self.master.given_port)

    def feeds(self, mount):
        """A source at the master, as soon as it is let in."""
        options = {"login": self.logins[mount]} if mount in self.logins else {}

        def begins():
            try:
                return feed(self.b, self.master, mount, units=2, **options)
            except (Failed, OSError):
                return None
        self.sources[mount] = wait_for(begins, "%s has a source" % mount, 10)

    def note_keys(self):
        """The keys of the days so far: with them each session is found of its listener."""
        for server in self.servers:
            path = server.dir / "state" / "audience.keys"
            for line in path.read_text().splitlines() if path.exists() else ():
                self.keys[line] = base64.urlsafe_b64decode(line.split(" ")[1] + "==")

    # -- what happens
    def falls_back(self):
        self.sources["/live.mp3"].leave()

    def loses_an_acknowledgement(self):
        """Of rows that are in the database, and for the node are not."""
        node = self.nodes[0]

        def acknowledged():
            lines = (node.dir / "state" / "audience.journal").read_text().splitlines()[1:]
            unsent = re.search(r"(?m)^icecast_audience_unsent_rows (\d+)$", node.get("/metrics", ADMIN).text)
            return max(int(line.split("\t")[1]) for line in lines if line[0] in "BETS") - int(unsent[1])
        self.road.loses = True
        wait_for(lambda: self.merged(node.name) > acknowledged(), "rows of edge12 are merged: " + node.log()[-800:], 10)
        self.road.cut()
        self.road.loses, self.road.there = False, True

    def merged(self, node):
        with sqlite3.connect("file:%s?mode=ro" % (self.master.dir / "state" / "audience.db"), uri=True, timeout=5) as database:
            (seen,), = database.execute("SELECT COALESCE(MAX(seen), 0) FROM journal WHERE node=?", (node,))
        database.close()
        return seen

    def moves_listeners(self):
        """By the API, to another mount."""
        base = "/mounts/%s/listeners" % encoded("/live.mp3")
        rows = [row for row in self.api.want(200, "GET", base + "?most=100").json()["items"] if row["node"] != "m11"][:6]
        moved = [self.api.ask("POST", "%s/%s/%s/move" % (base, row["node"], row["id"]), {"to": "/other.mp3"}).status for row in rows]
        check(204 in moved, (moved, rows))
        return len(moved)

    def drains(self, node):
        Api(node).want(204, "POST", "/nodes/%s/drain" % node.name, {"on": True, "mode": "move", "time": 2})

    def takes_again(self, node):
        Api(node).want(204, "POST", "/nodes/%s/drain" % node.name, {"on": False})

    def killed(self, server):
        self.note_keys()
        self.trace.killed(server.host)
        crash(server)
        server.start(env=self.env)

    def kills_the_master(self):
        self.killed(self.master)
        for mount in self.sources:
            self.feeds(mount)

    def probes(self):
        """A question without a listening."""
        for node in self.nodes:
            node.ask("HEAD /live.mp3 HTTP/1.0", ["User-Agent: Monitor/1"], source_address="127.9.0.1")

    def disks_are_full(self, *rules):
        self.faults.put(rules)

    def there_is_room(self):
        self.full = [self.faults.hits(n) for n in range(2)]
        check(sum(self.full) > 0, "the disk was full")
        self.faults.clear()

    def next_day(self, day):
        self.note_keys()
        self.clock.set_to(MIDNIGHTS[day])


def events_of(stage, number):
    """The first round begins 12 s before midnight, and has two of them."""
    master, (first, second) = stage.master, stage.nodes
    full_journal = Rule("write", error=28, path="server1/state/audience.journal")
    full_database = [Rule(call, error=28, path="server0/state/audience.db") for call in ("pwrite64", "pwrite")]
    events = [
        (2, lambda: stage.disks_are_full(full_journal)), (4, stage.there_is_room),
        (5, lambda: upgrade(first)), (6, stage.probes), (7, stage.falls_back), (10, lambda: stage.feeds("/live.mp3")),
        (13.2, stage.loses_an_acknowledgement), (16, stage.moves_listeners), (16.5, lambda: stage.disks_are_full(*full_database)),
        (18.5, stage.there_is_room), (19, lambda: stage.drains(second)), (22, lambda: stage.takes_again(second)),
        (26, lambda: stage.killed(second)), (29, stage.kills_the_master),
        (32, lambda: upgrade(master))]
    # A node gets the next day's key in advance, so days shorter than its pause of 10 minutes are too short.
    if number == 0:
        events += [(0, lambda: stage.next_day(0)), (23, lambda: stage.next_day(1))]
    return [(FIRST + EACH_ROUND * number + at, what) for at, what in events]


def ears_of(stage, dice, count, base, first):
    """Listeners of all kinds in a round that begins at `base`, numbered from `first`."""
    trace, places, ears = stage.trace, [(node.host, node.given_port) for node in stage.nodes], []

    def add(start, length, plan, kind=Ear, **options):
        ears.append(kind(trace, first + len(ears), base + start, length, plan, home=stage.home, **options))
    for n in range(count):
        agent, place, start = COUNTED[n % 3], places[n // 3 % 2], dice.uniform(0.5, 30)
        length, way = min(dice.uniform(7, 18), 39 - start), n % 12
        plain = (place, "/live.mp3")
        if way < 3:
            add(start, length, plain, agent=agent)
        elif way == 3:
            add(start, length, plain, agent=agent, lines=["Icy-MetaData: 1"])
        elif way == 4:
            node = stage.nodes[n // 12 % 2]
            add(start, length, ((node.host, node.secure), "/live.mp3"), agent=agent, wrap=tls())
        elif way in (5, 6):
            add(start, length, (stage.home, "/live.mp3" if way == 5 else "/acme.mp3"), agent=agent)
        elif way == 7:   # of what is recorded: before the clock is set
            add(dice.uniform(-2, -1), dice.uniform(8, 20), (place, "/live.mp3?timeshift=5"), agent=agent, way="past")
        elif way == 8:   # at the other node a second later
            add(dice.uniform(0.5, 8), 16, plain, agent=agent, leaves=(dice.uniform(5.5, 7), (places[1 - n // 3 % 2], "/live.mp3")))
        elif way == 9:
            add(start, 1, plain, agent=agent)
        elif way == 10:
            add(start, length, plain, agent=list(KEPT_APART)[n // 12 % 2])
        elif n // 12 % 4 < 2:
            add(dice.uniform(0.5, 6), dice.uniform(8, 12), (places[n // 12 % 2], "/acme.mp3/live.m3u8"), HlsEar, agent="AppleCoreMedia/1.0.0")
        else:
            add(start, length, plain, agent=agent, lines=["Icy-MetaData: 1"])
    return ears


# -- what must be known of them

class Known:
    """A session, as it was measured: listenings with pauses below a minute by the clock."""

    def __init__(self, ear, parts):
        self.ear, self.parts = ear, parts
        self.seconds = sum(part.seconds for part in parts)
        self.bytes = sum(part.bytes for part in parts)
        self.cut = any(part.killed for part in parts)
        kind = KEPT_APART.get(ear.agent)
        counts = self.seconds >= QUICK and (self.bytes >= FEWEST or self.cut)
        self.kinds = {kind or ("listener" if counts else "quick-look")}
        if self.cut and kind is None and self.seconds < QUICK + 2:  # the kill may have made a quick look of it
            self.kinds = {"listener", "quick-look"}
        # A kill right behind the head may come before the row is written.
        self.counted = range(len([part for part in parts if not part.killed or part.seconds > 0.5]), len(parts) + 1)
        # A server may have sent more than arrives at a socket that its listener closes.
        self.most = self.bytes + (0 if all(part.exact for part in parts) else 65_536)

    def faults(self, row):
        """What is wrong in the row of the API."""
        late, slack = row["seconds"] - self.seconds, self.ear.trace.late  # of the clock that judges
        begin = datetime.datetime.fromisoformat(row["began"]).timestamp() - self.parts[0].wall
        holds = {"begin": -1.5 - slack <= begin <= 0.5 + slack, "seconds": -(2 if self.cut else 1) - slack <= late <= 1 + slack, "mount": row["mount"] == self.ear.mount,
                 "way": row["way"] == self.ear.way, "connections": row["connections"] in self.counted, "kind": row["kind"] in self.kinds,
                 "bytes": self.cut or self.ear.way == "hls" or self.bytes <= row["bytes"] <= self.most}
        return [name for name, right in holds.items() if not right]

    def __repr__(self):
        began = self.ear.trace.began
        return "%s %s %s, %.2f s, %d bytes, %s, %r" % (
            self.ear.agent, self.ear.way, self.ear.mount, self.seconds, self.bytes, self.kinds,
            [(part.host, round(part.began - began, 2), round(part.seconds, 2), part.killed, part.exact) for part in self.parts])


def known_of(ear):
    """Its sessions. The clock may have been set by a day between two of its listenings."""
    groups = []
    for part in ear.parts:
        if groups and part.wall - groups[-1][-1].wall - groups[-1][-1].seconds < 60:
            groups[-1].append(part)
        else:
            groups.append([part])
    return [Known(ear, parts) for parts in groups]


def sessions(server):
    found, after = [], ""
    while after is not None:
        reply = Api(server).want(200, "GET", "/audience/sessions?all=1&most=500&from=2026-10-30&to=2026-12-02" + after).json()
        found += reply["items"]
        after = "&after=" + reply["next"] if "next" in reply else None
    return found


def of_listeners(stage, rows):
    """The rows of each listener, by the numbers that its address has by the keys of the days."""
    who = {}
    for ear in stage.trace.ears:
        for key in stage.keys.values():
            digest = hmac.new(key, ("%s\n%s\n" % (ear.address, ear.agent)).encode(), hashlib.sha256).digest()
            who[int.from_bytes(digest[:8], "little", signed=True)] = ear
    with sqlite3.connect(stage.master.dir / "state" / "audience.db") as database:
        number = dict(database.execute("SELECT id, who FROM session"))
    database.close()
    found, strangers = {}, []
    for row in rows:
        ear = who.get(number[int(row["id"])])
        if ear is None:
            strangers.append(row)
        else:
            found.setdefault(ear, []).append(row)
    return found, strangers


def compared(stage, known, rows):
    """Each session with its row; what is wrong, and the largest differences: of those that no kill has cut, and of others."""
    found, strangers = of_listeners(stage, rows)
    wrong, worst = [], {False: 0.0, True: 0.0}
    for ear, ones in known.items():
        of_ear = sorted(found.pop(ear, []), key=lambda row: row["began"])
        if len(of_ear) != len(ones):
            wrong.append(("%d rows" % len(of_ear), ones, of_ear))
            continue
        for one, row in zip(ones, of_ear):
            worst[one.cut] = max(worst[one.cut], abs(row["seconds"] - one.seconds))
            if faults := one.faults(row):
                wrong.append((faults, one, row))
    # Nodes that pull streams, and the listeners that keep them there.
    others = [row for row in strangers + sum(found.values(), []) if row["kind"] != "relay"]
    return wrong + [("of no listener", row) for row in others], worst


def check_sums(api, rows):
    """What the API sums up is exactly the sum of the sessions, over all, by days of zones, and by account."""
    of = {account: [row for row in rows if row["kind"] == "listener" and (not account or row["mount"] == "/acme.mp3")] for account in (None, "acme")}

    def sums(items):
        return round(sum(item["seconds"] for item in items), 1), sum(item["bytes"] for item in items)
    want, period = sums(of[None]), "from=2026-10-30&to=2026-12-02"
    told = api.want(200, "GET", "/audience/summary?" + period).json()
    equal((told["sessions"], told["listeners"]), (len(of[None]), 0))
    equal((round(told["seconds"], 1), told["bytes"]), want, "the sum")
    for zone in ("UTC", "America/New_York", "Asia/Kathmandu"):
        days = api.want(200, "GET", "/audience/hours?by=day&zone=%s&%s" % (zone, period)).json()["items"]
        equal(sums(days), want, zone)
        equal([day["length_s"] for day in days if day["from"].startswith("2026-11-01")], [90_000 if "York" in zone else 86_400], zone)
    months = api.want(200, "GET", "/audience/usage?zone=UTC&account=acme&" + period).json()["items"]
    equal(sums(months), sums(of["acme"]), "the usage of the account")
    check(len([month for month in months if month["seconds"] > 0]) == 2, months)


def check_no_address(stage):
    """Neither in the database and its copy nor at the nodes; the copy is made here."""
    stage.api.want(200, "POST", "/audience/backup")
    some = [form for ear in stage.trace.ears[::max(1, MANY // 20)] for form in forms_of(ear.address).values()] + [b"127.7."]
    for server in stage.servers:
        files = [path for path in (server.dir / "state").rglob("*") if path.is_file()]
        check("audience.journal" in [path.name for path in files], files)
        for path in files:
            data = path.read_bytes()
            equal([form for form in some if form in data], [], "%s has an address" % path)
    check((stage.master.dir / "state" / "audience.db.backup").stat().st_size > 10_000, "a backup")


@test
def each_listening_of_a_trace_is_known_once_and_to_the_second(b):
    stage, dice = Stage(b), random.Random(7)
    trace = stage.trace
    # Of all streams, so that the nodes have them, and record.
    keep = [Ear(trace, 20_000 + n, 0, FIRST + ROUNDS * EACH_ROUND, ((node.host, node.given_port), mount), agent="Icecast 2.4.4")
            for n, (node, mount) in enumerate(itertools.product(stage.nodes, SOURCES))]
    for number in range(ROUNDS):
        trace.ears += ears_of(stage, dice, MANY // ROUNDS, FIRST + EACH_ROUND * number, len(trace.ears))
    of_all, trace.ears = trace.ears, trace.ears + keep
    trace.began = time.monotonic()
    trace.run([(0.5 * n, stage.note_keys) for n in range(2 * (FIRST + ROUNDS * EACH_ROUND))] +
              [event for number in range(ROUNDS) for event in events_of(stage, number)])
    stage.note_keys()
    known = {ear: known_of(ear) for ear in of_all if ear.parts}
    check(len(known) > 0.98 * len(of_all), "%d of %d were let in" % (len(known), len(of_all)))
    wait_for(lambda: not [row for row in sessions(stage.master) if row["open"] and row["kind"] != "relay"], "all have ended", 60)
    rows = sessions(stage.master)
    wrong, worst = compared(stage, known, rows)
    listenings = sum(len(ear.parts) for ear in known)
    cut = sum(part.killed for ear in known for part in ear.parts)
    figures = "%d players, %d listenings, %d cut by a kill, %d rows; worst %.2f s, of those cut %.2f s; this process was %.2f s late" % (
        len(known), listenings, cut, len(rows), worst[False], worst[True], trace.late)
    equal(len(wrong), 0, "%s: %s" % (figures, "; ".join(map(repr, wrong[:6]))))
    check(cut > 0 and max(len(ear.parts) for ear in known) > 1, figures)
    check_sums(stage.api, rows)
    for server in stage.servers:
        check("never came" not in server.log() and "are lost so far" not in server.log(), "no row is missing")
    check_no_address(stage)
    return figures
