"""The bench of the cluster tests: several real servers on addresses of their own, real redirects.

Built on tests/blackbox/harness.py.  Nodes listen on 127.0.0.11, .12 …; listeners come from
127.0.0.77, because a connection to any 127.x.y.z comes from 127.0.0.1 unless it is bound, and what
comes from there may be a relay.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "blackbox"))
import harness  # noqa: E402
from harness import ADMIN, RELAY, Failed, check, equal, matches, request, test, wait_for  # noqa: E402, F401

LISTENER = "127.0.0.77"


def socket_on(host, port=0):
    return ("<listen-socket><port>%d</port><bind-address>%s</bind-address></listen-socket>" % (port, host))


def node(bench, number, body="", port=0, start=True, hostname=None, **slots):
    """A server of ours on 127.0.0.NUMBER."""
    host = "127.0.0.%d" % number
    port = port or free_port(host)
    slots.setdefault("sockets", socket_on(host, port))
    slots.setdefault("limits", "<clients>5000</clients>")
    made = bench.unstarted_server(body=body.replace("%PORT%", str(port)), **slots)
    made.host, made.number = host, number
    made.given_port = port
    if start:
        made.start()
    return made


def free_port(host):
    import socket
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def master_of(nodes, more="", balance='hold="0"', ids="m1", redirects=""):
    """The body of a master's configuration.  nodes: id → attributes."""
    rows = "".join('<node id="%s" secret="s-%s" %s/>' % (name, name, more_attributes)
                   for name, more_attributes in nodes.items())
    return "%s<cluster><id>%s</id><balance %s/>%s%s</cluster>" % (redirects, ids, balance, rows, more)


def slave_of(master, name, capacity="", more="", interval=1, on_demand=1, cluster=""):
    """The body of a slave's configuration; %PORT% is its own port."""
    masters = master if isinstance(master, (list, tuple)) else [master]
    blocks = "".join(
        "<master><server>%s</server><port>%d</port><username>%s</username><password>s-%s</password>"
        "<interval>%d</interval><on-demand>%d</on-demand></master>" % (m.host, m.given_port, name, name, interval, on_demand)
        for m in masters)
    return ("<relays-on-demand>%d</relays-on-demand>%s<master-public-slave>1</master-public-slave>"
            "<cluster><id>%s</id><capacity %s/>%s</cluster>%s" % (on_demand, blocks, name, capacity, cluster, more))


def ask_redirect(server, path="/live.mp3", headers=("User-Agent: Player/1",), source=LISTENER, version="HTTP/1.1"):
    """One request of a listener; the head of the answer, read no further when it streams."""
    wire = server.wire(source_address=source)
    wire.send(request("GET %s %s" % (path, version), ["Host: %s:%d" % (server.host, server.port), *headers]))
    reply = wire.reply_head()
    wire.head = reply
    return reply, wire


def cluster_json(server):
    return server.get("/admin/cluster.json", ADMIN).json()


def node_in(server, name):
    found = [row for row in cluster_json(server)["nodes"] if row["id"] == name]
    return found[0] if found else None


def wait_until_up(server, *names):
    def up():
        states = {row["id"]: row["state"] for row in cluster_json(server)["nodes"]}
        return all(states.get(name) == "up" for name in names)
    wait_for(up, "nodes %s are up at %s: %s" % (names, server.host, server.log()[-500:]), 10)


def target_of(reply):
    equal(reply.status, 302, "status")
    return re.match(r"https?://([^/]+)/", reply.get("Location")).group(1)
