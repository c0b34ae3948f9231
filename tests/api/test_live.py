"""GET /api/v1/live: a state, then changes; by role; resumed; with many changes at once, and with readers that stop
reading.

LB_FULL=1: a thousand listeners a second at eight nodes.
"""
import json
import os
import pathlib
import socket
import threading
import time

import jsonschema
from api import Api, store_server, with_api
from crowd import Crowd, hearing
from harness import ADMIN, Failed, check, equal, test, wait_for
from link_bench import Feeder, edge, feed, percentile
from test_api_nodes import store_master
from wire import basic, request

FULL = os.environ.get("LB_FULL") == "1"
NODES, RATE, SECONDS = (8, 1000, 6) if FULL else (2, 100, 2)
# How far the sum may be behind what listeners have been answered; beside other tests a process waits for its turn.
BEHIND = 0.3 if FULL else 2
STOPPED, READER_BYTES = 16, 256 * 1024


class Live:
    """A reader's state, built from the events as a program would build it."""

    def __init__(self, api, query="", last_id=None):
        self.api, self.wire = api, api.server.wire()
        headers = ["Host: x"] + (["Last-Event-ID: " + last_id] if last_id is not None else [])
        self.wire.send(request("GET /api/v1/live%s HTTP/1.1" % query, headers, api.login, b""))
        self.head = self.wire.reply_head()
        self.id, self.mounts, self.nodes, self.totals, self.kinds = None, {}, {}, None, []
        self.listeners, self.others, self.told = {}, None, []

    def event(self, timeout=5):
        fields = {}
        while True:
            line = self.wire.take_until(b"\n").decode().rstrip("\n")
            if line == "" and "data" in fields:
                return fields
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value

    def take(self):
        event = self.event()
        kind, data = event["event"], json.loads(event["data"])
        self.kinds.append(kind)
        self.id = event.get("id", self.id)
        if kind == "event":
            self.told.append(data)
            return kind, data
        if kind == "totals":
            self.totals = data
            return kind, data
        description = self.api.describe()
        jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Live", "components": description["components"]}).validate(data)
        if data["first"] and kind == "state":
            self.mounts, self.nodes, self.listeners = {}, {}, {}
        self.mounts.update({row["mount"]: row for row in data["mounts"]})
        self.nodes.update({row["id"]: row for row in data["nodes"]})
        for name in data["gone"]["mounts"]:
            self.mounts.pop(name, None)
        for name in data["gone"]["nodes"]:
            self.nodes.pop(name, None)
        self.listeners.update({"%s/%s" % (row["node"], row["id"]): row for row in data.get("listeners", [])})
        for name in data["gone"].get("listeners", []):
            self.listeners.pop(name, None)
        self.others = data.get("others")
        self.totals = data["totals"]
        return kind, data

    def until(self, fact, what):
        for _ in range(100):
            if fact(self):
                return self
            self.take()
        raise Failed("not %s: %r" % (what, self.__dict__))


def staff(t):
    server, api = with_api(store_server(t, body="<console/>"))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(201, "POST", "/accounts", {"id": "other"})
    logins = {}
    for name, role, more in (("olga", "owner", {"account": "acme"}), ("otto", "operator", {"mounts": ["/theirs"]}),
                             ("vera", "viewer", {})):
        made = api.want(201, "POST", "/users", {"name": name, "role": role, **more}).json()
        logins[name] = api.as_user("%s:%s" % (name, made["password"]))
    sources = {name: api.mount(name, **more) for name, more in (("/acme-1", {"account": "acme"}), ("/theirs", {"account": "other"}))}
    return server, api, logins, sources


@test
def a_state_and_then_changes_by_role(t):
    server, api, logins, sources = staff(t)
    feed(t, server, "/acme-1", login=sources["/acme-1"])
    everything, owner, operator = Live(api), Live(logins["olga"]), Live(logins["otto"])
    equal([one.head.status for one in (everything, owner, operator)], [200] * 3)
    equal(everything.head.get("Content-Type"), "text/event-stream")
    equal((everything.take()[0], owner.take()[0], operator.take()[0]), ("state",) * 3)
    everything.until(lambda live: "/acme-1" in live.mounts, "on air")
    name = next(iter(everything.nodes))
    equal(everything.nodes[name]["state"], "up")
    check("listeners" in everything.nodes[name] and set(owner.nodes[name]) == {"id", "state"}, "%r" % owner.nodes)
    feed(t, server, "/theirs", login=sources["/theirs"])
    crowd = Crowd(t)
    hearing(crowd, server, "/theirs"), hearing(crowd, server, "/acme-1"), hearing(crowd, server, "/acme-1")
    everything.until(lambda live: len(live.mounts) == 2 and sum(row["listeners"] for row in live.mounts.values()) == 3, "all of it")
    owner.until(lambda live: live.mounts.get("/acme-1", {}).get("listeners") == 2 and live.totals["listeners"] == 2, "its own")
    operator.until(lambda live: live.mounts.get("/theirs", {}).get("listeners") == 1, "its own")
    equal((set(owner.mounts), set(operator.mounts)), ({"/acme-1"}, {"/theirs"}))
    equal(everything.totals["listeners"], 3)
    # With the id of what it had, only what is new; with any other the state.
    again = Live(api, last_id=everything.id)
    hearing(crowd, server, "/theirs")
    again.until(lambda live: live.mounts.get("/theirs", {}).get("listeners") == 2, "the change")
    check("state" not in again.kinds and "/acme-1" not in again.mounts, "%r" % again.kinds)
    for bad in ("", "nonsense", "1-2-3", "9" * 3000, everything.id + "0", owner.id):
        equal(Live(api, last_id=bad).take()[0], "state", bad[:40])
    stolen = Live(logins["olga"], last_id=everything.id)
    equal((stolen.take()[0], set(stolen.mounts)), ("state", {"/acme-1"}), "an id of another role opens nothing")
    one = Live(api, "?mount=acme-1")
    one.take()
    equal(set(one.mounts), {"/acme-1"})
    one = Live(api, "?account=other")
    one.take()
    equal((set(one.mounts), one.totals["on_air"]), ({"/theirs"}, 1))


def kinds(live):
    return [(row["event"], row["subject"]) for row in live.told]


@test
def events_come_with_what_is_heard(t):
    server, api, logins, sources = staff(t)
    everything, owner, viewer = Live(api), Live(logins["olga"]), Live(logins["vera"])
    one = Live(api, "?mount=/acme-1")
    for live in (everything, owner, viewer, one):
        live.take()
    feed(t, server, "/acme-1", login=sources["/acme-1"])
    feed(t, server, "/theirs", login=sources["/theirs"])
    node = next(iter(everything.nodes))
    api.want(204, "POST", "/nodes/%s/drain" % node, {"on": True, "mode": "soft"})
    everything.until(lambda live: ("drain", node) in kinds(live), "told of the drain")
    both = [("source-connect", "/acme-1"), ("source-connect", "/theirs")]
    equal([row for row in kinds(everything) if row[0] == "source-connect"], both)
    for live in (owner, viewer):
        live.until(lambda live: ("drain", node) in kinds(live), "told of the drain")
    check(both[0] in kinds(owner) and both[1] not in kinds(owner), "an owner is told of its own mounts: %r" % owner.told)
    equal([row["address"] for row in everything.told if row["event"] == "source-connect"], ["127.0.0.1"] * 2)
    check(all("address" not in row for row in viewer.told), "%r" % viewer.told)
    check("mode" not in owner.told[-1], "an owner sees no details of the node: %r" % owner.told)
    one.until(lambda live: both[0] in kinds(live), "told of its mount")
    # What was missed comes again, and only that.
    before = everything.id
    api.want(204, "POST", "/nodes/%s/drain" % node, {"on": False})
    again = Live(api, last_id=before)
    again.until(lambda live: live.told, "told what it missed")
    again.until(lambda live: ("undrain", node) in kinds(live), "told what it missed")
    check("state" not in again.kinds, "%r" % again.kinds)
    equal({row["id"] for row in again.told} & {row["id"] for row in everything.told}, set())
    check(all(subject == "/acme-1" for _, subject in kinds(one)), "%r" % one.told)
    stolen = Live(logins["olga"], last_id=before)
    stolen.until(lambda live: live.told, "told what is its own")
    check(both[1] not in kinds(stolen), "%r" % stolen.told)


@test
def health_by_role(t):
    server, api, logins, _ = staff(t)
    whole = api.want(200, "GET", "/health").json()
    equal((whole["state"], whole["takes_listeners"], whole["listeners"], whole["nodes"], whole["not_up"], whole["reasons"]),
          ("up", True, 0, 1, [], []))
    api.want(204, "POST", "/nodes/%s/drain" % whole["node"], {"on": True, "mode": "soft"})
    whole = api.want(200, "GET", "/health").json()
    equal((whole["state"], whole["takes_listeners"], whole["reasons"]),
          ("draining", False, ["this server drains (soft), and takes no listeners"]))
    part = logins["olga"].want(200, "GET", "/health").json()
    equal((part["state"], part["listeners"], part["capacity_used"], part["reasons"]), ("draining", None, None, []))
    equal(server.ask("GET /api/v1/health HTTP/1.1", ["Host: x"]).status, 401)


@test
def what_is_not_theirs_is_not_there(t):
    server, api, logins, sources = staff(t)
    for who, query in ((api, "?mount=/none"), (logins["olga"], "?mount=/theirs"), (logins["olga"], "?account=other"),
                       (logins["otto"], "?account=acme"), (api, "?account=none")):
        reply = who.server.ask("GET /api/v1/live%s HTTP/1.1" % query, ["Host: x"], who.login)
        equal((reply.status, reply.json()["type"]), (404, "/api/problems#not-found"), query)
        check(reply.json()["parameter"] in query, reply.text)
    for query in ("?mount=%00", "?mount=%zz", "?account=a%2"):
        reply = server.ask("GET /api/v1/live%s HTTP/1.1" % query, ["Host: x"], ADMIN)
        equal((reply.status, reply.json()["type"]), (400, "/api/problems#bad-request"), query)
    equal(server.ask("GET /api/v1/live HTTP/1.1", ["Host: x"]).status, 401)
    for login in ("source:src-secret", "relay:rel-secret"):
        check(server.ask("GET /api/v1/live HTTP/1.1", ["Host: x"], login).status in (401, 403), login)
    equal(server.ask("POST /api/v1/live HTTP/1.1", ["Host: x"], ADMIN).status, 405)
    equal(server.ask("HEAD /api/v1/live HTTP/1.1", ["Host: x"], ADMIN).status, 200)
    # A login that ends takes its stream along.
    live = Live(logins["olga"])
    live.take()
    api.want(200, "PATCH", "/users/olga", {"disabled": True})
    wait_for(lambda: not live.wire.is_open(), "the stream of a disabled user ends")


@test
def who_listens_is_told_no_longer_where_the_mount_goes_to_another_account(t):
    server, api, logins, sources = staff(t)
    feed(t, server, "/acme-1", login=sources["/acme-1"])
    hearing(Crowd(t), server, "/acme-1")
    query = "?mount=acme-1&listeners=1"
    own, everything = Live(logins["olga"], query), Live(api, query)
    for one in (own, everything):
        one.until(lambda one: len(one.listeners) == 1, "its listener")
    api.want(200, "PATCH", "/mounts/acme-1", {"account": "other"})
    wait_for(lambda: not own.wire.is_open(), "the stream of the former owner ends")
    equal(server.ask("GET /api/v1/live%s HTTP/1.1" % query, ["Host: x"], logins["olga"].login).status, 404)
    check(everything.wire.is_open(), "the administrator's goes on")


@test
def the_sum_is_that_of_the_nodes(b):
    master = store_master(b, 11, ["edge12", "edge13"])
    api = Api(master)
    login = api.mount("/live.mp3")
    feed(b, master, login=login)
    edges = [edge(b, 12, master), edge(b, 13, master)]
    crowd = Crowd(b)
    live = Live(api)
    live.until(lambda one: all(one.nodes.get("edge%d" % n, {}).get("state") == "up" for n in (12, 13)), "both are up")
    hearing(crowd, master)
    for server in edges:
        hearing(crowd, server), hearing(crowd, server)
    live.until(lambda one: one.totals["listeners"] == 5 and sum(row["listeners"] for row in one.nodes.values()) == 5
               and one.mounts["/live.mp3"]["listeners"] == 5, "five")
    edges[1].stop()
    live.until(lambda one: one.nodes["edge13"]["state"] == "down" and one.totals["listeners"] == 3, "the node is down")


@test
def who_listens_comes_and_goes(b):
    master = store_master(b, 11, ["edge12"])
    api = Api(master)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    olga = Api(master, "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "viewer", "account": "acme"}).json()["password"])
    feed(b, master, login=api.mount("/live.mp3", account="acme"))
    feed(b, master, "/other.mp3", login=api.mount("/other.mp3"))
    node = edge(b, 12, master)
    crowd = Crowd(b)
    first = [hearing(crowd, server) for server in (master, node)]
    hearing(crowd, master, "/other.mp3")
    live, shown = Live(api, "?mount=live.mp3&listeners=1"), Live(olga, "?mount=/live.mp3&listeners=1")
    for one in (live, shown):
        one.until(lambda one: {row["node"] for row in one.listeners.values()} == {"m11", "edge12"}, "one at each node")
        equal((len(one.listeners), one.others), (2, False), "none of another mount")
    row = next(row for row in live.listeners.values() if row["node"] == "edge12")
    equal((row["address"], row["path"], row["hls"]), ("127.0.0.77", ["m11", "edge12"], False), row)
    check(abs(row["since"] - time.time()) < 30 and row["rtt_ms"] is not None and row["lag_ms"] is not None, row)
    equal({row["address"] for row in shown.listeners.values()}, {None}, "a viewer sees no address")
    hearing(crowd, node)
    live.until(lambda one: len(one.listeners) == 3, "one came")
    crowd.leave(first[0])
    live.until(lambda one: [row["node"] for row in one.listeners.values()] == ["edge12"] * 2, "one went")
    # It ends one of them by its row.
    victim = next(iter(live.listeners))
    api.want(204, "DELETE", "/mounts/live.mp3/listeners/" + victim)
    live.until(lambda one: victim not in one.listeners, "it has gone")
    # What was missed comes, and no state.
    last, rows = live.id, dict(live.listeners)
    live.wire.close()
    hearing(crowd, node)
    again = Live(api, "?mount=live.mp3&listeners=1", last)
    again.listeners = rows
    again.until(lambda one: len(one.listeners) == 2, "the one that came meanwhile")
    check("state" not in again.kinds, again.kinds)
    for id_of_another in (shown.id, Live(api, "?mount=live.mp3", last).until(lambda one: one.id, "a state").id):
        equal(Live(api, "?mount=live.mp3&listeners=1", id_of_another).take()[0], "state")
    for query in ("?listeners=1", "?listeners=2&mount=live.mp3"):
        reply = master.ask("GET /api/v1/live%s HTTP/1.1" % query, ["Host: x"], ADMIN)
        equal((reply.status, reply.json().get("parameter")), (400, "listeners"), reply.text)
    equal(master.ask("GET /api/v1/live?mount=other.mp3&listeners=1 HTTP/1.1", ["Host: x"], olga.login).status, 404)


class Sums(threading.Thread):
    """The totals that a reader receives, with their times."""

    def __init__(self, live):
        super().__init__(daemon=True)
        self.live, self.seen = live, []
        self.start()

    def run(self):
        while True:
            try:
                self.live.take()
            except (Failed, OSError):
                return
            self.seen.append((time.monotonic(), self.live.totals["listeners"]))

    def close(self):
        self.live.wire.close()
        self.join(5)

    def behind(self, answered):
        """For each sum: how long the reader had it after more listeners than that had been answered."""
        found = []
        for (_, told), (until, _) in zip(self.seen, self.seen[1:]):
            if told < len(answered):
                found.append(max(0, until - answered[told]))
        return found


@test
def sums_follow_a_crowd(b):
    names = ["edge%d" % (12 + n) for n in range(NODES)]
    master = store_master(b, 11, names)
    api = Api(master)
    source = master.source("/live.mp3", login=api.mount("/live.mp3"))
    source.play(20)
    b.owned(Feeder(source, 1, 0.5))   # few bytes: the crowd is in this process
    edges = [edge(b, 12 + n, master) for n in range(NODES)]
    crowd = Crowd(b)
    for server in edges:
        hearing(crowd, server)
    live = Live(api)
    live.take()
    live.until(lambda one: one.totals["listeners"] == NODES and len(one.nodes) == NODES + 1, "the first ones")
    sums = Sums(live)
    b.owned(sums)
    begin, asked = time.monotonic(), 0
    while asked < RATE * SECONDS:
        while asked < min(RATE * SECONDS, int((time.monotonic() - begin) * RATE)):
            crowd.join(edges[asked % NODES].address, "/live.mp3")
            asked += 1
        time.sleep(0.005)
    everybody = NODES + asked
    wait_for(lambda: crowd.inside == everybody, "all %d hear" % everybody, 30)
    answered = sorted(one.answered for one in crowd.hearing())
    came = answered[-1] - begin
    wait_for(lambda: sums.seen[-1][1] == everybody, "the sum is %d: %r" % (everybody, sums.seen[-1:]), 10)
    at_nodes = {row["id"]: row["listeners"] for row in api.want(200, "GET", "/nodes").json()["items"]}
    equal(sum(at_nodes[name] for name in names), everybody, "the nodes' own numbers: %r" % at_nodes)
    behind = sums.behind(answered)
    print("%d listeners at %d nodes in %.1f s; %d sums, behind by %.0f ms in the median, %.0f of one in a hundred, %.0f at most" % (
        everybody, NODES, came, len(behind), *(1000 * percentile(behind, part) for part in (0.5, 0.99, 1))))
    check(max(behind) <= BEHIND, "a sum was %.3f s behind" % max(behind))


def resident(server):
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def queued(server):
    """The bytes that wait in the kernel on the server's side of its connections."""
    rows = [line.split() for line in pathlib.Path("/proc/%d/net/tcp" % server.process.pid).read_text().splitlines()[1:]]
    return [int(row[4].split(":")[0], 16) for row in rows if int(row[1].split(":")[1], 16) == server.port and row[3] == "01"]


@test
def a_customer_leaves_places_to_others(t):
    server, api = with_api(store_server(t, body="<console/>", limits="<clients>500</clients>"))
    tokens = {}
    for account in ("acme", "other"):
        api.want(201, "POST", "/accounts", {"id": account})
        tokens[account] = [api.want(201, "POST", "/tokens", {"name": "x", "role": "viewer", "account": account}).json()["token"] for _ in range(2)]

    def status(path, authorization):
        wire = server.wire()
        wire.send("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n" % (path, authorization))
        head = wire.reply_head()
        if head.status == 503 and path.startswith("/api/"):
            told = json.loads(wire.take(int(head.get("Content-Length"))))
            equal((head.get("Content-Type"), told["type"], told["status"]), ("application/problem+json", "/api/problems#overloaded", 503))
        return head.status
    for path in ("/api/v1/live", "/admin/events"):
        answers = [status(path, "Bearer " + token) for token in tokens["acme"] for _ in range(12)]
        equal((answers.count(200), answers.count(503)), (16, 8), path)
        equal((status(path, "Bearer " + tokens["other"][0]), status(path, basic(ADMIN))), (200, 200), path)


@test
def readers_that_stop_cost_little(t):
    server, api = with_api(store_server(t, body="<console/>", limits="<clients>500</clients><sources>100</sources><source-timeout>600</source-timeout>"))
    mounts = ["/m%02d.mp3" % n for n in range(40)]
    sources = []
    for mount in mounts:
        sources.append(server.source(mount, login=api.mount(mount)))
        sources[-1].play(5)

    def entitle(word):
        for mount in mounts:
            api.want(204, "POST", "/mounts/%s/title" % mount[1:], {"title": (word + " ") * (1000 // (len(word) + 1))})
        live.until(lambda one: all(one.mounts.get(mount, {}).get("title", "").startswith(word) for mount in mounts), word)
    def entitled(name):
        """The growth of the server's memory while all rows change twelve times; the changed rows have half a
        megabyte."""
        before = resident(server)
        for n in range(12):
            entitle("%s-%d" % (name, n))
        return resident(server) - before
    live = Live(api)
    entitle("first")
    # Titles are kept for other purposes, too.
    others = entitled("alone")
    for n in range(STOPPED):
        stopped = socket.socket()
        t.owned(stopped)
        stopped.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stopped.connect(server.address)
        stopped.sendall(b"GET /api/v1/live%s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n" % (
            b"?mount=m%02d.mp3&listeners=1" % (n % 16) if n % 2 else b"", basic(ADMIN).encode()))
    cost = (max(0, entitled("beside") - others) + sum(queued(server))) / STOPPED
    print("a reader that stops costs %.0f kB, %.0f of them in the kernel" % (cost / 1024, sum(queued(server)) / STOPPED / 1024))
    check(cost <= READER_BYTES, "a reader that stops costs %.0f kB" % (cost / 1024))
