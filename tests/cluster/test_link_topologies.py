"""One master with nodes; several masters that are peers; masters without knowledge of each other (C15)."""
import socket
import time

from bench import ADMIN, check, equal, node_at, test, wait_for
from harness import Skip
from link_bench import edge, feed, first_line, kill9, link_port, linked_master, master_block, node, plays, public, up
from peer_bench import peers


@test
def one_master_and_its_children(b):
    numbers = (12, 13, 14)
    master = linked_master(b, 11, public(*numbers))
    nodes = [edge(b, n, master) for n in numbers]
    up(master, *[n.name for n in nodes])
    feed(b, master)
    targets = set()
    for _ in range(60):
        status, where = first_line(master.address, "/live.mp3")
        equal(status, 302, "status")
        targets.add(where)
    equal(targets, {"%s:%d" % (n.host, n.given_port) for n in nodes}, "where listeners are sent")
    for n in nodes:
        plays(n)
    wait_for(lambda: [node_at(master, n.name)["listeners"] for n in nodes] == [1, 1, 1],
             "the master knows the audience of each")


@test
def any_peer_plays_what_any_other_has(b):
    all_peers = peers(b, (11, 12, 13))
    for i, peer in enumerate(all_peers):
        feed(b, peer, "/of%d.mp3" % i, tag="ABC"[i])
    for i in range(3):
        for peer in all_peers:
            wait_for(lambda: "/of%d.mp3" % i in peer.get("/admin/listmounts", ADMIN).text,
                     "%s knows the stream of %d" % (peer.host, i))
    # One hop and no more: where the redirect leads, the stream is served.
    for i in range(3):
        for peer in all_peers:
            for _ in range(10):
                status, where = first_line(peer.address, "/of%d.mp3" % i)
                if status == 302:
                    target = [p for p in all_peers if "%s:%d" % (p.host, p.given_port) == where]
                    equal(len(target), 1, "known servers at " + where)
                else:
                    equal(status, 200, "status of a peer")


@test
def peers_do_not_relay_their_own_streams_in_a_circle(b):
    first, second, third = peers(b, (11, 12, 13))
    source = feed(b, first, "/round.mp3")
    for peer in (second, third, second, third):  # who is alone, and cannot be redirected, needs no relay
        plays(peer, "/round.mp3")
    wait_for(lambda: len(first.stats().findall("source[@mount='/round.mp3']")) == 1, "the first has it")
    # Both others pull from the first, not from each other, and the first from nobody.
    for peer in (second, third):
        equal(peer.stat("/round.mp3", "source_ip"), "127.0.0.11", "where %s pulls from" % peer.host)
    source.leave()
    # The listeners are kept for the ten seconds in which the source may come back, not for an echo.
    for peer in (first, second, third):
        wait_for(lambda: "/round.mp3" not in peer.get("/admin/listmounts", ADMIN).text,
                 "%s lets go of it" % peer.host, 14)


@test
def a_stream_is_passed_on_through_a_node_at_the_middle(b):
    """m11 <- hub12 <- edge13: the edge does not know m11."""
    top = linked_master(b, 11, public(12))
    hub = linked_master(b, 12, public(13), name="edge12", masters=master_block(top, "edge12", 12), redirects="")
    leaf = edge(b, 13, hub)
    up(top, "edge12"), up(hub, "edge13")
    feed(b, top)
    plays(leaf)
    equal(hub.stat("/live.mp3", "source_ip"), "127.0.0.11", "where the hub pulls from")
    equal(leaf.stat("/live.mp3", "source_ip"), "127.0.0.12", "where the edge pulls from")


@test
def two_masters_that_know_nothing_of_each_other(b):
    one, two = linked_master(b, 11, public(13, 14)), linked_master(b, 12, public(13, 14))
    edges = [edge(b, 13, [one, two]), edge(b, 14, [one, two])]
    for master in (one, two):
        up(master, "edge13", "edge14")
    feed(b, one, tag="A"), feed(b, two, tag="A")
    listener = plays(edges[0])
    equal(edges[0].stat("/live.mp3", "source_ip"), "127.0.0.11", "the first one is preferred")
    wait_for(lambda: node_at(one, "edge13")["listeners"] == 1 and node_at(two, "edge13")["listeners"] == 1,
             "both know the audience")
    equal(node_at(two, "edge13")["masters"], 2, "masters that the node has")
    for master in (one, two):
        equal(first_line(master.address, "/live.mp3")[0], 302, "each sends listeners")
    kill9(one)
    begin = time.monotonic()
    listener.read(40000)
    wait_for(lambda: edges[0].stat("/live.mp3", "source_ip") == "127.0.0.12", "the edge pulls from the other one")
    equal(edges[0].stat("/live.mp3", "listeners"), "1", "listeners that stay")
    check(time.monotonic() - begin < 3, "the other one took over after %.1f s" % (time.monotonic() - begin))
    equal(first_line(two.address, "/live.mp3")[0], 302, "the other one goes on")


@test
def nodes_link_by_the_address_family_of_the_masters_listen_sockets(b):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        raise Skip("no IPv6 here") from None
    port, links = link_port(), link_port()
    master = b.unstarted_server(
        sockets="<listen-socket><port>%d</port><bind-address>::1</bind-address></listen-socket>" % port,
        body='<cluster><id>m1</id><cluster-port>%d</cluster-port><node id="six" secret="s-six"/>'
             '<node id="four" secret="s-four"/></cluster>' % links)
    master.host = "::1"
    master.start()
    for number, name, address in ((12, "six", "::1"), (13, "four", "127.0.0.1")):
        node(b, number, "<master><server>%s</server><port>%d</port><cluster-port>%d</cluster-port><username>%s</username>"
                        "<password>s-%s</password></master><cluster><id>%s</id></cluster>" % (address, port, links, name, name, name))
        master.wait_for_log(r"node %s \(%s\): is linked" % (name, address))


@test
def two_masters_at_one_host_of_which_one_has_no_link(b):
    linked, polled = (linked_master(b, 11, public(13), name=name) for name in ("m1", "m2"))
    block = master_block(polled, "edge13", 13).replace("<cluster-port>%d</cluster-port>" % polled.link_port, "<interval>1</interval>")
    server = edge(b, 13, linked, body=block)
    up(linked, "edge13")
    feed(b, polled, "/polled.mp3")
    wait_for(lambda: first_line(polled.address, "/polled.mp3")[0] == 302, "it is polled, and sends listeners")
    plays(server, "/polled.mp3")
