"""Peers that redirect to peers: one hop, never a loop, whatever each knows of the others."""
import re
import socket

from bench import LISTENER, Failed, Site, check, equal, slave_body, start, test, wait_for, wait_until_up
from link_bench import Feeder, feed, kill9
from peer_bench import HUMBLE, all_know, head_for_player, peers

KEYS = '<token keys="key-of-all-peers"/>'
def journey(address, path="/live.mp3", agent="Wanderer/1", most=12, keep_query=True):
    """The way of a player that follows redirects: (redirects, last status)."""
    for hop in range(most):
        with socket.socket() as wire:
            head = head_for_player(wire, address, path, agent, 5)
        status = int(head.split(b" ", 2)[1])
        if status != 302:
            return hop, status
        host, port, path = re.search(rb"\r\nLocation: http://([^:/]+):(\d+)(\S+)\r\n", head).groups()
        address, path = (host.decode(), int(port)), path.decode()
        if not keep_query:
            path = path.partition("?")[0]
    return most, 302


def stay(address, agent):
    """A listener that follows at most one redirect, and stays."""
    path = "/live.mp3"
    for _ in range(2):
        wire = socket.socket()
        wire.bind((LISTENER, 0))
        wire.settimeout(5)
        wire.connect(address)
        wire.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r\n\r\n" % (path, agent)).encode())
        head = wire.recv(4096)
        found = re.search(rb"\r\nLocation: http://([^:/]+):(\d+)(\S+)\r\n", head)
        if not found:
            check(head.startswith(b"HTTP/1.0 200"), "%r" % head)
            return wire
        wire.close()
        address, path = (found.group(1).decode(), int(found.group(2))), found.group(3).decode()
    check(False, "%s is redirected twice" % agent)


def one_hop(b, **options):
    all_peers = peers(b, (11, 12, 13), capacity=HUMBLE, **options)
    feed(b, all_peers[0])
    all_know(all_peers)
    journeys = [journey(peer.address, agent="Wanderer%d-%d/1" % (i, k))
                for i, peer in enumerate(all_peers) for k in range(20)]
    equal(set(journeys), {(1, 200)}, "redirects and status of sixty listeners")
    return all_peers


@test
def with_tokens_one_hop(b):
    one_hop(b, more=KEYS)


@test
def without_tokens_one_hop_too(b):
    one_hop(b)


@test
def with_keys_at_some_of_them_too(b):
    one_hop(b, only={11: KEYS})


@test
def who_loses_the_parameter_is_served_in_the_end(b):
    all_peers = peers(b, (11, 12, 13), capacity=HUMBLE)
    feed(b, all_peers[0])
    all_know(all_peers)
    for peer in all_peers:
        hops, status = journey(peer.address, agent="Forgetful-%s/1" % peer.host, keep_query=False, most=20)
        equal(status, 200, "status after %d redirects" % hops)
        check(hops <= 9, "%d redirects" % hops)


@test
def anybody_may_say_that_he_was_redirected_and_wins_nothing(b):
    all_peers = peers(b, (11, 12), capacity=HUMBLE)
    feed(b, all_peers[0])
    all_know(all_peers)
    with socket.socket() as wire:
        wire.bind((LISTENER, 0))
        wire.connect(all_peers[0].address)
        wire.sendall(b"GET /live.mp3 HTTP/1.1\r\nHost: x\r\nUser-Agent: P/1\r\n\r\n")
        token = re.search(rb"lb=([\w-]{27})", wire.recv(4096)).group(1).decode()
    # For another mount, of another node, altered: it is no token.
    equal(journey(all_peers[0].address, "/live.mp3?lb=" + token, "A/1"), (1, 200), "at the other node")
    equal(journey(all_peers[1].address, "/live.mp3?lb=" + ("A" if token[20] != "A" else "B").join((token[:20], token[21:])), "B/1"),
          (1, 200), "altered")
    equal(journey(all_peers[1].address, "/live.mp3?lb=" + token, "C/1"), (0, 200), "as it was given")


@test
def without_links_too(b):
    """Peers that know each other only by posts and lists."""
    sites = {name: Site(11 + i) for i, name in enumerate(("p1", "p2", "p3"))}
    made = {}
    for name, site in sites.items():
        others = {other: s for other, s in sites.items() if other != name}
        # Every secret is that of the name that logs in.
        body = slave_body(list(others.values()), name, site, capacity=HUMBLE, cluster='<balance hold="0"/>' + "".join(
            '<node id="%s" secret="s-%s" allow-public="%s"/>' % (other, other, s.address) for other, s in others.items()))
        made[name] = start(b, site, body)
    for name in made:
        wait_until_up(made[name], *[other for other in made if other != name])
    feed(b, made["p1"])
    all_know(made.values())
    wait_for(lambda: journey((sites["p2"].host, sites["p2"].port), agent="First/%d" % len(made["p2"].log()))[1] == 200,
             "it plays")
    for name, site in sites.items():
        for k in range(10):
            hops, status = journey((site.host, site.port), agent="W%s-%d/1" % (name, k))
            equal((status, hops <= 1), (200, True), "after %d redirects from %s" % (hops, name))


@test
def a_publisher_goes_to_another_peer_when_his_own_dies(b):
    first, second, third = peers(b, (11, 12, 13), capacity=HUMBLE)
    feed(b, first)
    all_know((second, third))

    def accepted():
        try:
            return second.source("/live.mp3")
        except Failed as refusal:
            check("403" in str(refusal), str(refusal))
            return None
    equal(accepted(), None, "one stream of a name is enough while the first is there")
    kill9(first)
    source = wait_for(accepted, "the second peer takes the encoder: " + second.log()[-800:], 15)
    b.owned(Feeder(source))
    wait_for(lambda: journey(third.address, agent="After/%d" % len(third.log()))[1] == 200, "the third plays it", 10)


@test
def a_peer_that_is_full_sends_on_and_who_was_sent_is_told_to_wait(b):
    """Two peers for four listeners each.  A listener that asks again gets a place while there is one for a redirect of
    each master, so the last place of a node may stay free; no peer gets a fifth listener."""
    all_peers = peers(b, (11, 12), capacity='max-listeners="4"')
    feed(b, all_peers[0])
    all_know(all_peers)
    kept = []

    def place():
        try:
            return stay(all_peers[len(kept) % 2].address, "Stays%d/1" % len(kept))
        except Failed:
            return None  # full, or not known yet not to be
    while len(kept) < 9:
        try:
            kept.append(wait_for(place, "a place", 3))
        except Failed:
            break
    here = [int(peer.stat("/live.mp3", "listeners_local") or 0) for peer in all_peers]
    check(sum(here) >= 6 and max(here) <= 4, "listeners: %s" % here)
    hops, status = journey(all_peers[0].address, agent="Late/1")
    check(status == 503 and hops <= 1, "who comes late: %d after %d redirects" % (status, hops))
    for wire in kept:
        wire.close()
