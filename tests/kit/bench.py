"""The bench of the cluster tests: several real servers on addresses of their own, and real redirects.

It is built on harness.py.  Nodes listen on 127.0.0.11, .12 …; listeners come from 127.0.0.77, because an unbound
connection to any 127.x.y.z comes from 127.0.0.1, and a server takes that address for a possible relay.
"""
import itertools
import re

import harness
from ports import free_port  # noqa: F401
from harness import ADMIN, RELAY, Failed, Skip, check, equal, matches, request, test, wait_for  # noqa: F401

LISTENER = "127.0.0.77"
numbers = itertools.count(1)


class Site:
    """A place for a server: an address of its own, known before the server starts."""

    def __init__(self, number):
        self.host = "127.0.0.%d" % number
        self.port = free_port(self.host)
        self.address = "%s:%d" % (self.host, self.port)

    @property
    def socket(self):
        return "<listen-socket><port>%d</port><bind-address>%s</bind-address></listen-socket>" % (self.port, self.host)


def start(bench, site, body, **slots):
    """Starts a server at the site."""
    slots.setdefault("sockets", site.socket)
    slots.setdefault("limits", "<clients>5000</clients>")
    server = bench.unstarted_server(body=body, **slots)
    server.host = site.host
    return server.start()


def master_body(nodes, balance='hold="0"', capacity='self-weight="0"', more="", root="", ident="m1"):
    """nodes: {id: (Site, attributes)}; an id's secret is "s-ID"."""
    rows = "".join('<node id="%s" secret="s-%s" allow-public="%s" %s/>' % (name, name, site.address, attributes)
                   for name, (site, attributes) in nodes.items())
    return "%s<cluster><id>%s</id><balance %s/><capacity %s/>%s%s</cluster>" % (root, ident, balance, capacity, rows, more)


def slave_body(masters, name, site, capacity="", cluster="", root="", interval=1, on_demand=1):
    """A node that reports to the masters (sites) every second."""
    blocks = "".join(
        "<master><server>%s</server><port>%d</port><username>%s</username><password>s-%s</password>"
        "<interval>%d</interval><on-demand>%d</on-demand></master>" % (m.host, m.port, name, name, interval, on_demand)
        for m in (masters if isinstance(masters, list) else [masters]))
    return ("<relays-on-demand>%d</relays-on-demand>%s<master-public-slave>1</master-public-slave>%s"
            "<cluster><id>%s</id><public-address>%s</public-address><capacity %s/>%s</cluster>"
            % (on_demand, blocks, root, name, site.address, capacity, cluster))


class Cluster:
    """One master at 127.0.0.11 and slaves at .12, .13 …, up and with a source on /live.mp3."""

    def __init__(self, bench, slaves={"e1": "", "e2": ""}, balance='affinity="0" hold="0"', capacity='self-weight="0"',
                 master="", slave="", root="", slave_root="", source=True, on_demand=1, attributes={}, units=200, **slots):
        self.bench, self.site = bench, Site(11)
        self.sites = {name: Site(12 + i) for i, name in enumerate(slaves)}
        nodes = {name: (site, attributes.get(name, "")) for name, site in self.sites.items()}
        self.master = start(bench, self.site, master_body(nodes, balance, capacity, master, root), **slots)
        self.source = self.master.source() if source else None
        if source:
            self.source.play(units)
        self.slaves = {}
        for name, site in self.sites.items():
            body = slave_body(self.site, name, site, slaves[name], slave, slave_root, on_demand=on_demand)
            self.slaves[name] = start(bench, site, body)
        self.wait_until_up(*slaves)

    def __getitem__(self, name):
        return self.slaves[name]

    def wait_until_up(self, *names):
        wait_until_up(self.master, *names)

    def name_of(self, reply):
        """The node that a redirect names."""
        target = target_of(reply)
        return {site.address: name for name, site in self.sites.items()}.get(target, target)


def kill(server):
    """Kills the server on purpose, without a farewell."""
    server.kill()
    server.bench.servers.remove(server)


def ask(server, path="/live.mp3", headers=None, source=LISTENER, version="HTTP/1.1", agent=None):
    """One request of a new listener; returns the head of the answer, and its wire."""
    wire = server.wire(source_address=source)
    lines = ["Host: %s:%d" % (server.host, server.port), "User-Agent: %s" % (agent or "Player%d/1" % next(numbers))]
    wire.send(request("GET %s %s" % (path, version), lines if headers is None else list(headers)))
    reply = wire.reply_head()
    return reply, wire


def ask_and_close(server, *arguments, **options):
    reply, wire = ask(server, *arguments, **options)
    wire.close()
    return reply


def target_of(reply):
    equal(reply.status, 302, "status of %r" % reply.head)
    return re.match(r"https?://([^/]+)/", reply.get("Location")).group(1)


def cluster_json(server):
    return server.get("/admin/cluster.json", ADMIN).json()


def node_at(server, name):
    found = [row for row in cluster_json(server)["nodes"] if row["id"] == name]
    return found[0] if found else None


def wait_until_up(server, *names, patience=10):
    def up():
        states = {row["id"]: row["state"] for row in cluster_json(server)["nodes"]}
        return all(states.get(name) == "up" for name in names)
    wait_for(up, "%s are up at %s: %s" % (names, server.host, server.log()[-500:]), patience)


def post_report(server, login, header=None, body=b"", source=None, headers=()):
    lines = [*headers, "Content-Type: text/plain"]
    if header is not None:
        lines.append("X-LB-Node: " + header)
    if not body:
        lines.append("Content-Length: 0")
    return server.ask("POST /admin/sourcelist.txt HTTP/1.0", lines, login, body, source_address=source)
