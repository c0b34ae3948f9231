"""HAProxy with the configuration of deploy/: agent-check, health checks, PROXY v2, names from SRV records."""
import csv
import io
import re
import socket
import threading
import time

from harness import ADMIN, Failed, Settings, check, equal, free_port, listen_socket, matches, request, test, wait_for
from stand import from_deploy, name_server, name_server_port, seconds

PROXY = "<proxy-protocol>1</proxy-protocol>"


class Node:
    """A server with a public port, one for HAProxy, and one for its agent."""

    def __init__(self, t, name, clients=20, **slots):
        self.plain, self.proxied, self.agent = free_port(), free_port(), free_port()
        slots["body"] = "<cluster><id>%s</id><agent port='%d' bind-address='127.0.0.1'/></cluster>" % (
            name, self.agent) + slots.get("body", "")
        self.name = name
        self.server = t.server(limits="<clients>%d</clients>" % clients,
                               sockets=listen_socket(self.plain) + listen_socket(self.proxied, PROXY), **slots)
        self.source = self.server.source()


class Balancer:
    def __init__(self, t, nodes, *changes, ingest=()):
        self.t, self.port, self.sources = t, free_port(), free_port()
        self.admin = t.dir / "haproxy.sock"
        default = "agent-port 8002 weight 100"
        servers = "".join("  server %s 127.0.0.1:%d agent-port %d\n" % (node.name, node.proxied, node.agent)
                          for node in nodes)
        text = from_deploy(
            "haproxy/haproxy.cfg", ("maxconn 50000", "maxconn 2000"), ("/run/haproxy/admin.sock", str(self.admin)),
            ("bind :8080", "bind 127.0.0.1:%d" % self.port), ("bind :8081", "bind 127.0.0.1:%d" % self.sources),
            (default, "weight 100"),
            ("  server edge1 192.0.2.11:8001\n  server edge2 192.0.2.12:8001\n", servers),
            ("192.0.2.1:8001", "127.0.0.1:%d" % (ingest[0] if ingest else 9)),
            ("192.0.2.2:8001", "127.0.0.1:%d" % (ingest[1] if ingest else 9)),
            ("inter 2s", "inter 200ms"), *changes)
        file = t.dir / "haproxy.cfg"
        file.write_text(text)
        check("valid" in t.call("haproxy", "-c", "-f", file), "haproxy -c")
        self.program = t.program("haproxy", "-db", "-f", file)
        wait_for(lambda: self.listens() or not self.program.alive(), "it starts")
        check(self.program.alive(), "it lives: " + self.program.said())

    def listens(self):
        try:
            return self.ask("show info")
        except OSError:
            return False

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as wire:
            wire.connect(str(self.admin))
            wire.sendall(command.encode() + b"\n")
            return wire.makefile().read()

    def rows(self):
        """{server: row of its statistics} of the backend edges."""
        text = self.ask("show stat").lstrip("# ")
        return {row["svname"]: row for row in csv.DictReader(io.StringIO(text))
                if row["pxname"] == "edges" and row["svname"] != "BACKEND"}

    def wait_for_row(self, name, what, **fields):
        """Waits until the fields of the server match these patterns."""
        def holds():
            row = self.rows().get(name, {})
            return all(re.fullmatch(pattern, row.get(field, "")) for field, pattern in fields.items())
        try:
            return seconds(holds, what)
        except Failed:
            row = self.rows().get(name, {})
            raise Failed("%s: %s" % (what, {field: row.get(field) for field in (
                *fields, "check_desc", "agent_desc", "last_chk", "last_agt")})) from None


def listen(t, port, mount="/live.mp3"):
    """A listener by way of HAProxy."""
    wire = t.owned(socket.create_connection(("127.0.0.1", port), Settings.patience))
    wire.sendall(request("GET %s HTTP/1.1" % mount, ["Host: radio", "User-Agent: Player/1"]))
    head = b""
    while b"\r\n\r\n" not in head:
        part = wire.recv(4096)
        if not part:
            break
        head += part
    return wire, int(head.split(b" ")[1]) if head else 0


@test
def the_configuration_as_it_is_shipped_is_valid(t):
    file = t.dir / "haproxy.cfg"
    file.write_text(from_deploy("haproxy/haproxy.cfg"))
    check("valid" in t.call("haproxy", "-c", "-f", file), "haproxy -c")


@test
def the_agent_sets_weights_by_what_is_free(t):
    small, large = Node(t, "small", 10), Node(t, "large", 100)
    balancer = Balancer(t, [small, large])
    balancer.wait_for_row("small", "the small node's weight is what is free", status="UP.*", weight="90")
    balancer.wait_for_row("large", "the large node's too", status="UP.*", weight="99")
    for _ in range(4):
        small.server.listener()
    balancer.wait_for_row("small", "its weight follows its listeners", weight="50")
    equal(balancer.rows()["small"]["slim"], "10", "maxconn, from the agent")


@test
def a_drained_node_gets_no_new_listeners_and_comes_back(t):
    first, second = Node(t, "first"), Node(t, "second")
    balancer = Balancer(t, [first, second])
    for node in (first, second):
        balancer.wait_for_row(node.name, node.name + " is up", status="UP.*")
    kept, _ = listen(t, balancer.port)
    wait_for(lambda: first.server.stat("/live.mp3", "listeners") == "1" or
             second.server.stat("/live.mp3", "listeners") == "1", "somebody listens")
    drained, other = (first, second) if first.server.stat("/live.mp3", "listeners") == "1" else (second, first)
    drained.server.get("/admin/drain?mode=soft&time=300", ADMIN)
    took = balancer.wait_for_row(drained.name, "HAProxy knows of the drain", status="DRAIN.*|DOWN.*")
    for _ in range(6):
        equal(listen(t, balancer.port)[1], 200, "a listener")
    equal(drained.server.stat("/live.mp3", "listeners"), "1", "listeners of the drained node")
    equal(other.server.stat("/live.mp3", "listeners"), "6", "listeners of the other one")
    drained.source.play(20)
    check(kept.recv(1) != b"", "who was there still listens")
    drained.server.get("/admin/undrain", ADMIN)
    balancer.wait_for_row(drained.name, "it is back", status="UP.*")
    for _ in range(5):
        listen(t, balancer.port)
    check(int(drained.server.stat("/live.mp3", "listeners")) > 1, "it gets listeners again")
    return "known after %.2f s" % took


@test
def a_full_node_is_left_out_and_a_dead_one_too(t):
    full, other = Node(t, "full", 4), Node(t, "other", 50)
    balancer = Balancer(t, [full, other])
    balancer.wait_for_row("full", "it is up", status="UP.*")
    for _ in range(3):
        full.server.listener()
    balancer.wait_for_row("full", "the health check finds it full", status="DOWN.*")
    equal(listen(t, balancer.port)[1], 200, "a listener of the other")
    other.server.kill()
    t.servers.remove(other.server)
    took = balancer.wait_for_row("other", "HAProxy knows that it is dead", status="DOWN.*")
    return "dead after %.2f s" % took


@test
def the_nodes_see_the_addresses_of_the_listeners(t):
    node = Node(t, "only", paths="<x-forwarded-for>127.0.0.1</x-forwarded-for>")
    balancer = Balancer(t, [node])
    balancer.wait_for_row("only", "it is up", status="UP.*")
    with socket.socket() as wire:
        wire.bind(("127.0.0.77", 0))
        wire.connect(("127.0.0.1", balancer.port))
        wire.sendall(request("GET /live.mp3 HTTP/1.1", ["Host: radio", "User-Agent: Player/1"]))
        wait_for(lambda: node.server.stat("/live.mp3", "listeners") == "1", "it listens")
        clients = node.server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml()
        equal([ip.text for ip in clients.iter("IP")], ["127.0.0.77"], "its address")


@test
def sources_go_by_tcp_to_the_first_master_that_is_well(t):
    first, second = Node(t, "m1"), Node(t, "m2")
    balancer = Balancer(t, [first], ingest=(first.proxied, second.proxied))
    def source(mount):
        wire = t.owned(socket.create_connection(("127.0.0.1", balancer.sources), Settings.patience))
        wire.sendall(request("SOURCE %s HTTP/1.0" % mount, ["Content-Type: audio/mpeg"], "source:src-secret"))
        return wire.recv(100)[:12]
    wait_for(lambda: source("/in.mp3") == b"HTTP/1.0 200", "a source is taken")
    check(first.server.stat("/in.mp3", "listeners") is not None, "by the first")
    first.server.get("/admin/drain?mode=soft", ADMIN)
    wait_for(lambda: source("/in2.mp3") == b"HTTP/1.0 200", "it is taken while the first drains")
    check(second.server.stat("/in2.mp3", "listeners") is not None, "by the second")


@test
def an_encoder_with_a_wrong_password_does_not_keep_the_others_out(t):
    """All come through HAProxy; each is judged by its own address."""
    node = Node(t, "m1")
    balancer = Balancer(t, [node], ingest=(node.proxied, free_port()))

    def source(address, login):
        with socket.socket() as wire:
            wire.bind((address, 0))
            wire.settimeout(Settings.patience)
            wire.connect(("127.0.0.1", balancer.sources))
            wire.sendall(request("SOURCE /in.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], login))
            return wire.recv(100)[9:12]
    wait_for(lambda: source("127.0.0.9", "source:src-secret") == b"200", "a source is taken")
    wait_for(lambda: source("127.0.0.66", "source:wrong") == b"429", "the one that guesses is slowed down", 20)
    equal(source("127.0.0.9", "source:src-secret"), b"200", "the right one")


class Audience(threading.Thread):
    """Listeners that reconnect at once when they lose their stream; counts the lost time."""

    def __init__(self, port, size):
        super().__init__(daemon=True)
        self.port, self.size, self.ends = port, size, threading.Event()
        self.silent = [0.0] * size   # seconds without a stream
        self.lost = [0] * size

    def run(self):
        threads = [threading.Thread(target=self.listen, args=(i,), daemon=True) for i in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def listen(self, me):
        wire, since = None, None
        while not self.ends.is_set():
            if wire is None:
                try:
                    wire = socket.create_connection(("127.0.0.1", self.port), 2)
                    wire.settimeout(0.5)
                    wire.sendall(request("GET /live.mp3 HTTP/1.1", ["Host: radio"]))
                    good = wire.recv(12)[9:] == b"200"
                except OSError:
                    good = False
                if not good:
                    wire = wire and wire.close()
                    time.sleep(0.02)  # as a player
                    continue
                if since is not None:
                    self.silent[me] += time.monotonic() - since
                    since = None
            try:
                data = wire.recv(65536)
            except socket.timeout:
                continue
            except OSError:
                data = b""
            if not data:
                wire = wire.close()
                since = time.monotonic()
                self.lost[me] += 1


@test
def a_node_moves_its_listeners_and_nobody_is_left_without_a_stream(t):
    size, time_to_move = 100, 8
    first, second = Node(t, "first", 300), Node(t, "second", 300)
    balancer = Balancer(t, [first, second])
    for node in (first, second):
        balancer.wait_for_row(node.name, node.name + " is up", status="UP.*")
    audience = Audience(balancer.port, size)
    audience.start()
    stop = threading.Event()

    def play(source):
        while not stop.is_set():
            source.play(4)
            time.sleep(0.1)
    players = [threading.Thread(target=play, args=(node.source,), daemon=True) for node in (first, second)]
    for player in players:
        player.start()

    def listeners(node):
        return node.server.get("/_lb/health").json()["listeners"]
    wait_for(lambda: listeners(first) + listeners(second) == size, "all listen", 20)
    moved = listeners(first)
    begin = time.monotonic()
    first.server.get("/admin/drain?mode=move&time=%d&rate=1" % time_to_move, ADMIN)
    wait_for(lambda: listeners(first) == 0, "the node is empty", time_to_move + 10)
    took = time.monotonic() - begin
    wait_for(lambda: listeners(second) == size, "all are at the other", 10)
    audience.ends.set()
    stop.set()
    audience.join(10)
    equal(sum(audience.lost), moved, "how often a stream was lost")
    check(took >= time_to_move * 0.8, "it took its time: %.1f s" % took)
    share = sum(audience.silent) / (size * took)
    check(share < 0.01, "%.2f %% of the listening was lost" % (100 * share))
    return "%d listeners moved in %.1f s, %.3f %% of the listening lost" % (moved, took, 100 * share)


@test
def nodes_are_found_by_their_srv_records(t):
    first, second = Node(t, "first"), Node(t, "second")
    names, shared_agent = name_server_port(), first.agent
    name_server(t, "127.0.0.1", names, [("first", first.proxied), ("second", second.proxied)])
    balancer = Balancer(t, [first], ("  server first 127.0.0.1:%d agent-port %d\n" % (first.proxied, shared_agent), ""),
                        ("# server-template edge 1-20", "server-template edge 1-3"),
                        ("nameserver local 127.0.0.1:53", "nameserver local 127.0.0.1:%d" % names), ("agent-check agent-inter 200ms ", ""),
                        ("hold valid 5s", "hold valid 1s\n  hold obsolete 1s"))

    def up():
        return sum(row["status"].startswith("UP") for row in balancer.rows().values())
    wait_for(lambda: up() == 2, "two servers are found", 20)
    for _ in range(4):
        equal(listen(t, balancer.port)[1], 200, "a listener")
    equal((first.server.stat("/live.mp3", "listeners"), second.server.stat("/live.mp3", "listeners")), ("2", "2"),
          "listeners of both")
    t.programs[0].stop()
    name_server(t, "127.0.0.1", names, [("second", second.proxied)])
    wait_for(lambda: up() == 1, "the one without a record is gone", 20)
    matches("second|127.0.0.1", balancer.ask("show servers state edges"))
