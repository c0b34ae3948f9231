"""<max-listeners-cluster> with other ways of streams: among peers, from a node, by HLS."""
import random
import re
import time

from bench import Failed, check, equal, test, wait_for
from crowd import Crowd, hearing, hears, of_status
from harness import mount
from link_bench import edge, feed, linked_master
from peer_bench import all_know, peers
from placed import Api, home, login_of, store_master, up
from slots_bench import STAY
from test_slots import LIMITED, MOUNT, is_open, pour, settled, slots


def joins(crowd, servers, limit, seconds, rng):
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        one = crowd.join(rng.choice(servers).address, MOUNT)
        wait_for(lambda: one.status != 0 or one.ended, "an answer")
        check(crowd.inside <= limit, "%d hear, the limit is %d" % (crowd.inside, limit))


@test
def peers_have_one_limit(b):
    """Each is master and node of the others, so any two have two links."""
    three = peers(b, (11, 12, 13), root=lambda number: LIMITED % 20)
    feed(b, three[0], MOUNT)
    all_know(three)
    crowd = Crowd(b)
    for server in three:
        wait_for(lambda: is_open(crowd, server), "%s lets listeners in: %s" % (server.host, server.log()[-300:]), 15)
    wait_for(lambda: crowd.inside == 0, "nobody listens")
    rng = random.Random(6)
    ones = [crowd.join(rng.choice(three).address, MOUNT) for _ in range(80)]
    wait_for(lambda: settled(ones), "all are answered")
    wait_for(lambda: crowd.inside == 20, "20 hear, not %d: %r" % (crowd.inside, of_status(ones)))
    joins(crowd, three, 20, 1, rng)
    for one in crowd.hearing()[:5]:
        crowd.leave(one)
    joins(crowd, three, 20, 2, rng)
    equal(crowd.inside, 20, "hear")
    equal(crowd.peak, 20, "the most at once")


@test
def the_encoder_goes_to_another_peer_and_the_limit_along(b):
    three = peers(b, (11, 12, 13), root=lambda number: LIMITED % 12)
    source = three[0].source(MOUNT)
    source.play(60)
    all_know(three)
    crowd = Crowd(b)
    rng = random.Random(7)
    wait_for(lambda: is_open(crowd, three[1]) or True, "an answer")
    began = time.monotonic()
    while crowd.inside < 12 and time.monotonic() - began < 10:
        source.play(4)
        one = crowd.join(rng.choice(three).address, MOUNT)
        wait_for(lambda: one.status != 0 or one.ended, "an answer")
    equal(crowd.inside, 12, "hear")
    source.leave()

    def taken():
        try:
            return feed(b, three[1], MOUNT)
        except Failed:      # while the first peer has the stream the others refuse one
            return None
    wait_for(taken, "the second peer takes the encoder")
    joins(crowd, three, 12, 4, rng)
    for one in crowd.hearing()[:4]:
        crowd.leave(one)
    joins(crowd, three, 12, 3, rng)
    equal(crowd.inside, 12, "hear at the end")
    equal(crowd.peak, 12, "the most at once")


def over_to_another_home(b, place, to, go):
    """Two of 20 slots are free, and players join at all servers from the moment when the other home has the encoder."""
    master = store_master(b, 10, (12, 13, 14))
    nodes = {"edge%d" % number: home(b, number, master, 'max-sources="20"') for number in (12, 13, 14)}
    up(master, nodes.values())
    api, servers = Api(master), [master, *nodes.values()]
    made = api.want(201, "POST", "/mounts", {"mount": MOUNT, "place": place, "limits": {"listeners": 20}}).json()
    login = login_of(made)
    first, second = nodes[made["home"]], nodes[to or made["backup"]]

    def takes(server):
        try:
            return feed(b, server, MOUNT, login=login)
        except Failed:
            return None
    before = wait_for(lambda: takes(first), "the first home takes the source")
    crowd = Crowd(b)
    for server in servers:
        wait_for(lambda: is_open(crowd, server), "%s lets listeners in: %s" % (server.host, server.log()[-300:]), 15)
    wait_for(lambda: crowd.inside == 0, "nobody listens")
    ones = [hearing(crowd, servers[number % 4], MOUNT) for number in range(18)]
    equal([one.ended for one in ones], [None] * 18)
    go(api, before)
    wait_for(lambda: takes(second), "the second home takes the source", 15)
    began = time.monotonic()
    while time.monotonic() - began < 6:
        ones = [crowd.join(server.address, MOUNT) for server in servers for _ in range(6)]
        wait_for(lambda: settled(ones), "all are answered")
        check(crowd.inside <= 20, "%d hear, the limit is 20" % crowd.inside)
    wait_for(lambda: crowd.inside == 20, "20 hear, not %d" % crowd.inside)
    equal(crowd.peak, 20, "the most at once")


@test
def the_limit_holds_while_a_mount_moves_to_another_home(b):
    def go(api, before):
        api.want(200, "POST", "/mounts%s/move" % MOUNT, {"to": "edge13"})
    over_to_another_home(b, {"node": "edge12"}, "edge13", go)


@test
def the_limit_holds_while_an_encoder_goes_to_the_second_home(b):
    over_to_another_home(b, {"homes": 2}, None, lambda api, before: before.leave())


@test
def a_source_at_a_node_is_the_origin(b):
    """Its master pulls the stream from it, and gets its slots from it."""
    limited = mount("/live.mp3", "<max-listeners-cluster>8</max-listeners-cluster>")
    master = linked_master(b, 11, {"edge12": 'sources="/live*"', "edge13": ""}, redirects=STAY, body_more=limited)
    first, second = edge(b, 12, master, body=limited), edge(b, 13, master, body=limited)
    feed(b, first, MOUNT)
    crowd = Crowd(b)
    for server in (first, master, second):
        wait_for(lambda: is_open(crowd, server), "%s lets listeners in: %s" % (server.host, server.log()[-300:]), 15)
    rng = random.Random(1)
    ones, worst = pour(crowd, [master, second], 40, 1, 8, rng)
    wait_for(lambda: settled(ones), "all are answered")
    joins(crowd, [master, second], 8, 1, rng)
    equal(crowd.inside, 8, "hear, slots: %r" % [(s.host, [slots(s, kind) for kind in ("limit", "used", "idle", "given", "held")])
                                                for s in (first, master, second)])
    joins(crowd, [first, master, second], 8, 1, rng)
    crowd.leave(crowd.hearing()[0])
    joins(crowd, [first], 8, 1, rng)
    equal(crowd.inside, 8, "hear")
    check(len(crowd.at(first.address)) == 1, "one at the origin itself")
    equal(crowd.peak, 8, "the most at once")


@test
def a_listener_by_hls_holds_a_slot(b):
    inside = "<hls>1</hls><max-listeners-cluster>3</max-listeners-cluster>"
    hls = "<hls><segment>2</segment><window>12</window></hls>"
    master = linked_master(b, 11, ["edge12"], redirects=STAY, body_more=hls + mount(MOUNT, inside))
    feed(b, master, MOUNT, units=60)
    node = edge(b, 12, master, body=hls + mount(MOUNT, inside))
    crowd = Crowd(b)
    for server in (master, node):
        wait_for(lambda: is_open(crowd, server), "%s lets listeners in: %s" % (server.host, server.log()[-300:]), 15)
    wait_for(lambda: crowd.inside == 0, "nobody listens")
    stays = crowd.join(node.address, MOUNT)
    wait_for(lambda: hears(stays), "one listens at the node")

    def list_for_a_player(server):
        """The master playlist names its own list."""
        top = server.get(MOUNT + "/live.m3u8")
        equal(top.status, 200, "status of the master playlist")
        return server.get(MOUNT + "/" + re.search(r"^[^#\s]\S*$", top.text, re.M).group(0))
    wait_for(lambda: list_for_a_player(node).status == 200, "a player listens")
    ones = [crowd.join(server.address, MOUNT) for server in (master, node, master, node)]
    wait_for(lambda: settled(ones), "all are answered")
    equal(crowd.inside, 2, "listeners beside the player: %r" % of_status(ones))
    check(list_for_a_player(master).status in (403, 503), "one more player is refused")
    equal(slots(node, "used") + slots(master, "used"), 3, "used slots")
