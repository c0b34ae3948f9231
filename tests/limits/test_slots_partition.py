"""<max-listeners-cluster> while half of the nodes is cut off: network namespaces.  Needs root and ip(8)."""
import random
import threading
import time

from bench import check, equal, test, wait_for
from crowd import Crowd, hears, in_namespace
from halves import Halves, address, seen_as
from harness import SOURCE
from link_bench import Feeder
from wire import Source

MOUNT = "/live.mp3"
LIMIT = 30
LIMITED = "<mount><mount-name>%s</mount-name><max-listeners-cluster>%d</max-listeners-cluster></mount>" % (MOUNT, LIMIT)
SOCKET = "<listen-socket><port>8000</port></listen-socket>"


def origin(b):
    nodes = "".join('<node id="e%d" secret="s-e%d"/>' % (n, n) for n in (2, 3, 4))
    return b.unstarted_server(sockets=SOCKET, body='<max-redirect-slaves>0</max-redirect-slaves>%s<cluster><id>m1</id><cluster-port>8100'
                              '</cluster-port><balance hold="0"/>%s</cluster>' % (LIMITED, nodes))


def node(b, n):
    return b.unstarted_server(sockets=SOCKET, body="%s<master><server>%s</server><port>8000</port><cluster-port>8100</cluster-port><username>e%d</username>"
                              "<password>s-e%d</password></master><master-public-slave>1</master-public-slave><cluster><id>e%d</id>"
                              "<public-address>%s:8000</public-address></cluster>" % (LIMITED, address(1), n, n, n, address(n)))


def feed_in(b, space, target):
    made = []

    def connect():
        in_namespace(space)
        made.append(Source(target, MOUNT, "mp3", "A", (), None, SOURCE))
    thread = threading.Thread(target=connect)
    thread.start()
    thread.join(10)
    check(made, "the encoder is connected")
    b.owned(made[0])
    made[0].play(20)
    b.owned(Feeder(made[0]))


def door(number):
    return (seen_as(number), 8000)


def comes(crowd, number):
    one = crowd.join(door(number), MOUNT)
    wait_for(lambda: one.status != 0 or one.ended, "an answer of node %d" % number)
    if one.status == 200:
        wait_for(lambda: hears(one) or one.ended, "it hears")
    return one.status == 200


def count(crowd, numbers):
    return sum(len(crowd.at(door(n))) for n in numbers)


@test
def those_who_listen_go_on_and_no_others_come(b):
    network = Halves(b, (1, 2, 3, 4))
    servers = {1: origin(b), 2: node(b, 2), 3: node(b, 3), 4: node(b, 4)}
    for n, server in servers.items():
        network.start(n, server)
    feed_in(b, network.switch, door(1))
    crowd = Crowd(b, network.switch)
    rng = random.Random(9)
    began = time.monotonic()
    while crowd.inside < LIMIT and time.monotonic() - began < 20:
        comes(crowd, rng.choice((2, 3, 4)))
        check(crowd.inside <= LIMIT, "%d hear" % crowd.inside)
    equal(crowd.inside, LIMIT, "hear before the cut")
    # Some slots are idle on both sides.
    for n in (2, 3, 4):
        for one in crowd.at(door(n))[:2]:
            crowd.leave(one)
    wait_for(lambda: crowd.inside == LIMIT - 6, "six have left")
    network.cut()
    cut = time.monotonic()
    far = count(crowd, (3, 4))
    most_far, late = far, 0
    while time.monotonic() - cut < 19:
        since = time.monotonic() - cut
        let_in = comes(crowd, rng.choice((3, 4)))
        # Its stream has gone by then, or it lets none in: the slots are void 12 s after the last word.
        late += let_in and since > 13.5
        comes(crowd, 2)
        now_far = count(crowd, (3, 4))
        most_far = max(most_far, now_far)
        near = count(crowd, (1, 2))
        check(near <= LIMIT, "%d hear on the side of the origin" % near)
        check(near + now_far <= LIMIT + most_far, "%d and %d hear" % (near, now_far))
        if since < 14:
            check(near + now_far <= LIMIT, "%d and %d hear while slots are held" % (near, now_far))
        time.sleep(0.05)
    equal(late, 0, "let in at cut-off nodes after 13.5 s")
    wait_for(lambda: comes(crowd, 2) or count(crowd, (1, 2)) >= LIMIT, "the origin's side has the slots")
    near = count(crowd, (1, 2))
    network.heal()
    healed = time.monotonic()
    while time.monotonic() - healed < 4:
        comes(crowd, rng.choice((2, 3, 4)))
        total = crowd.inside
        check(total <= LIMIT + most_far, "%d hear after the cut" % total)
        time.sleep(0.05)
    # The excess leaves by itself; once it has, the limit holds again.
    for one in crowd.hearing()[LIMIT - 5:]:
        crowd.leave(one)
    wait_for(lambda: crowd.inside <= LIMIT - 5, "they have left")

    def full():
        comes(crowd, rng.choice((2, 3, 4)))
        check(crowd.inside <= LIMIT, "%d hear" % crowd.inside)
        return crowd.inside == LIMIT
    wait_for(full, "the limit is reached again", 20)
    return "%d at cut-off nodes at the cut, %d at most; %d on the other side after 19 s" % (far, most_far, near)
