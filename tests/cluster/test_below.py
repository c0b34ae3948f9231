"""Listeners behind nodes: a server counts each person once, wherever it pulls the stream from."""
import re
import time

import link_bench
from bench import ADMIN, LISTENER, check, cluster_json, equal, test, wait_for
from link_bench import edge, kill9, link_port, linked_master, master_block, node, public, up
from peer_bench import peers

MOUNT = "/live.mp3"


def feed(b, server, mount=MOUNT):
    """Slowly, because the listeners do not read: with more, those of a long test lag behind and are dropped."""
    link_bench.feed(b, server, mount, units=1)


def listen(b, server, count, mount=MOUNT):
    """Listeners that stay at this server, even if it would rather redirect them."""
    wires = []
    for _ in range(count):
        def begin():
            wire = server.wire(source_address=LISTENER)
            wire.send("GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWRtaW46YWRtLXNlY3JldA==\r\nUser-Agent: P%d/1\r\n\r\n"
                      % (mount, len(wires)))
            if wire.reply_head().status == 200:
                return wire
            wire.close()
        wires.append(wait_for(begin, "%s serves a listener" % server.host))
    return wires


def leave(wires):
    while wires:
        wires.pop().close()


def total(server, mount=MOUNT):
    row = server.public_source(mount)
    return row["listeners"] if row else None


def shows(server, count, what, mount=MOUNT, patience=10):
    wait_for(lambda: total(server, mount) == count, "%s: %s shows %d" % (what, server.host, count), patience)


def heard(server):
    """The bytes received from each of its nodes."""
    rows = server.get("/admin/cluster/links.json", ADMIN).json()
    return {row["id"]: row["bytes_in"] for row in rows if row["role"] == "node" and row["up"]}


def report(servers):
    """All nodes have reported."""
    before = {server.host: heard(server) for server in servers}
    wait_for(lambda: all(now > before[server.host].get(name, 0) for server in servers for name, now in heard(server).items()), "a report")


def changes(bench):
    """Links that have ended, and connections that streams have come by."""
    return sum(len(re.findall(r"the link has ended|relay/relay relay .*: streams ", server.log())) for server in bench.servers)


def is_stable(servers, count, reports=8):
    """Over some reports of all nodes: four a second come from each.  On a busy machine a link may end, or a stream
    change its way; the reports of its old and its new way do not come at the same time, so the sums count again behind it."""
    bench, left = servers[0].bench, reports
    known, deadline = changes(bench), time.monotonic() + 60
    while left:
        report(servers)
        shown = {server.host: total(server) for server in servers}
        if changes(bench) == known:
            equal(shown, {server.host: count for server in servers}, "shown")
            left -= 1
            continue
        check(time.monotonic() < deadline, "the links do not come to rest")
        report(servers)
        report(servers)
        for server in servers:
            shows(server, count, "the links are as before")
        known, left = changes(bench), reports


def middle(b, number, masters, nodes, more=""):
    """A node of its masters that has nodes of its own."""
    name = "edge%d" % number
    blocks = "<master-public-slave>1</master-public-slave>" + "".join(master_block(m, name, number) for m in masters)
    return linked_master(b, number, public(*nodes), name=name, masters=blocks,
                         more="<public-address>127.0.0.%d:%%PORT%%</public-address>%s" % (number, more))


def mount_row(server, mount=MOUNT):
    found = [row for row in cluster_json(server)["mounts"] if row["mount"] == mount]
    return found[0] if found else None


@test
def the_first_master_of_a_chain_counts_listeners_below_its_nodes(b):
    master = linked_master(b, 11, public(12))
    first = middle(b, 12, [master], [13])
    second = edge(b, 13, first)
    up(master, "edge12")
    up(first, "edge13")
    feed(b, master)
    there = listen(b, second, 7)
    shows(first, 7, "its node's")
    shows(master, 7, "behind its node")
    equal(master.public_source(MOUNT)["listeners_local"], 0, "of which here")
    equal((master.stat(MOUNT, "listeners"), master.stats().findtext("listeners")), ("7", "7"), "stats.xml")
    state = cluster_json(master)
    equal((state["listeners"], state["below"]), (0, 7), "cluster.json, at the nodes and behind them")
    equal({row["id"]: (row["listeners"], row["below"]) for row in state["nodes"]}, {"m11": (0, 0), "edge12": (0, 7)}, "nodes")
    equal((mount_row(master)["listeners"], mount_row(master)["below"]), (0, 7), "the mount")
    row = [row for row in state["nodes"] if row["id"] == "edge12"][0]
    equal((row["unacknowledged"], row["estimate_kbps"], row["utilisation"]), (0, 0, 0), "and is not a load of the node")
    lines = master.get("/metrics").text.splitlines()
    equal([line.rsplit(" ", 1)[1] for line in lines if line.startswith("icecast_cluster_listeners{")], ["0", "7"], "metrics")
    own = listen(b, first, 2)
    shows(master, 9, "with those of the node")
    is_stable((master, first), 9)
    leave(there)
    shows(master, 2, "they have left")
    there = listen(b, second, 3)
    shows(master, 5, "others have come")
    kill9(first)
    shows(master, 0, "the node has died")
    leave(own + there)


@test
def a_chain_of_four_is_counted_to_its_end(b):
    master = linked_master(b, 11, public(12))
    first = middle(b, 12, [master], [13])
    second = middle(b, 13, [first], [14])
    third = edge(b, 14, second)
    up(master, "edge12")
    up(first, "edge13")
    up(second, "edge14")
    feed(b, master)
    there = listen(b, third, 4) + listen(b, second, 1)
    for server in (master, first, second):
        shows(server, 5, "all behind it")
    leave(there)
    for server in (master, first, second):
        shows(server, 0, "all have left")


@test
def peers_show_the_true_total_and_go_on_doing_so(b):
    all_peers = peers(b, (11, 12, 13))
    feed(b, all_peers[0])
    wires = [wire for i, peer in enumerate(all_peers) for wire in listen(b, peer, i + 2)]
    for peer in all_peers:
        shows(peer, 9, "its own and those of the others")
    is_stable(all_peers, 9)
    leave(wires)
    for peer in all_peers:
        shows(peer, 0, "all have left")


@test
def peers_with_edges_of_their_own_show_the_true_total(b):
    own = {11: '<node id="edge14" secret="s-edge14"/>', 12: '<node id="edge15" secret="s-edge15"/>'}
    all_peers = peers(b, (11, 12), only=own)
    edges = [edge(b, 14 + i, peer) for i, peer in enumerate(all_peers)]
    for peer, of_it in zip(all_peers, edges):
        wait_for(lambda: heard(peer).get(of_it.name), "%s is linked" % of_it.name)
    feed(b, all_peers[0])
    wires = [wire for i, server in enumerate(all_peers + edges) for wire in listen(b, server, i + 1)]
    for peer in all_peers:
        shows(peer, 10, "its own, the other's, and those of the edges of both")
    is_stable(all_peers, 10)
    leave(wires)
    for peer in all_peers:
        shows(peer, 0, "all have left")


@test
def a_ring_of_which_each_is_a_node_of_the_next_stays_finite(b):
    numbers = (11, 12, 13)
    names, ports = {n: "p%d" % n for n in numbers}, {n: link_port() for n in numbers}
    listen_at = {n: link_port() for n in numbers}
    ring = []
    for i, n in enumerate(numbers):
        above, below = numbers[i - 1], names[numbers[(i + 1) % 3]]
        ring.append(node(
            b, n, "<max-redirect-slaves>-1</max-redirect-slaves><master-public-slave>1</master-public-slave>"
                  "<master><server>127.0.0.%d</server><port>%d</port><cluster-port>%d</cluster-port><username>%s</username>"
                  "<password>s-%s</password><bind>127.0.0.%d</bind></master><cluster><id>%s</id><cluster-port>%d</cluster-port>"
                  "<balance hold=\"0\"/><public-address>127.0.0.%d:%d</public-address><node id=\"%s\" secret=\"s-%s\"/></cluster>"
            % (above, listen_at[above], ports[above], names[n], names[n], n, names[n], ports[n], n, listen_at[n], below, below),
            port=listen_at[n]))
    for i, server in enumerate(ring):
        up(server, names[numbers[(i + 1) % 3]])
    feed(b, ring[0])
    wires = [wire for i, server in enumerate(ring) for wire in listen(b, server, i + 1)]
    # The first has the source and all others behind it.  The second knows nothing of what is before it,
    # and the third, of the first, from which the stream comes, only its own.
    for server, count in zip(ring, (6, 5, 4)):
        shows(server, count, "each once")
        is_stable([server], count)
    leave(wires)
    for server in ring:
        shows(server, 0, "all have left")


@test
def a_source_that_goes_from_peer_to_peer_changes_no_total(b):
    """The way of the stream changes at each of them."""
    all_peers = peers(b, (11, 12, 13))
    for turn in (0, 1, 2):
        mount = "/turn%d.mp3" % turn
        feed(b, all_peers[turn], mount)
        wires = [wire for i, peer in enumerate(all_peers) for wire in listen(b, peer, i + 1, mount)]
        for peer in all_peers:
            shows(peer, 6, "with the source at %d" % turn, mount)
        leave(wires)


@test
def a_node_of_a_node_and_of_its_master_is_counted_once(b):
    """It may pull from either of them."""
    master = linked_master(b, 11, public(12, 13))
    first = middle(b, 12, [master], [13])
    second = edge(b, 13, [first, master])
    up(master, "edge12", "edge13")
    up(first, "edge13")
    feed(b, master)
    there = listen(b, second, 3) + listen(b, first, 1)
    shows(master, 4, "pulled from either")
    is_stable((master,), 4)
    leave(there)


@test
def an_edge_of_two_masters_counts_once_at_what_is_above_both(b):
    """The edge pulls from one of them, and only that one reports it."""
    top = linked_master(b, 11, public(12, 13))
    left = middle(b, 12, [top], [14])
    right = middle(b, 13, [top], [14])
    below = edge(b, 14, [left, right])
    up(top, "edge12", "edge13")
    up(left, "edge14")
    up(right, "edge14")
    feed(b, top)
    there = listen(b, below, 5)
    for server in (top, left, right):
        shows(server, 5, "each person once")
    is_stable((top, left, right), 5)
    kill9(left)
    wait_for(lambda: len(cluster_json(right)["nodes"]) == 2 and cluster_json(top)["listeners"] == 0, "one has died")
    shows(right, 5, "those who hear on")
    shows(top, 5, "now behind the other")
    leave(there)
    shows(top, 0, "all have left")
