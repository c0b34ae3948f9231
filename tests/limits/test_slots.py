"""<max-listeners-cluster>: one exact limit over all nodes."""
import random
import time

from bench import ADMIN, LISTENER, check, equal, test, wait_for
from crowd import Crowd, hears, of_status
from harness import mount
from link_bench import edge, feed, first_line, first_redirect, kill9, link_port, linked_master, master_block, node, node_at, up
from slots_bench import STAY

MOUNT = "/live.mp3"
LIMITED = mount(MOUNT, "<max-listeners-cluster>%d</max-listeners-cluster>")
PATIENCE = 15


def cluster(b, limit, edges=(12, 13, 14), limited_edges=True, more=""):
    master = linked_master(b, 11, ["edge%d" % n for n in edges], redirects=STAY, body_more=LIMITED % limit + more)
    feed(b, master, MOUNT)
    body = LIMITED % limit if limited_edges else ""
    nodes = [edge(b, n, master, body=body) for n in edges]
    return master, nodes


def is_open(crowd, server):
    """Whether one more listener is let in; it leaves again."""
    one = crowd.join(server.address, MOUNT)
    wait_for(lambda: one.status != 0 or one.ended, "an answer of " + server.host)
    let_in = one.status == 200
    if let_in:
        wait_for(lambda: hears(one), "audio of " + server.host)
    crowd.leave(one)
    wait_for(lambda: one.ended, "it has left")
    return let_in


def warm(crowd, servers):
    """Waits until every node has the mount and gives slots, and no listener is left."""
    for server in servers:
        wait_for(lambda: is_open(crowd, server), "%s lets listeners in: %s" % (server.host, server.log()[-300:]), PATIENCE)
    wait_for(lambda: listeners(servers) == 0, "nobody listens")


def listeners(servers):
    return sum(int(server.stat(MOUNT, "listeners_local") or server.stat(MOUNT, "listeners") or 0) for server in servers)


def slots(server, kind):
    for line in server.get("/metrics", ADMIN).text.splitlines():
        if line.startswith('icecast_slots{mount="%s",kind="%s"}' % (MOUNT, kind)):
            return int(line.split(" ")[-1])
    return None


def pour(crowd, servers, number, seconds, limit, rng):
    """`number` more listeners within this many seconds, at any server; returns them, and the most in the statistics at
    once."""
    began, ones, worst = time.monotonic(), [], 0
    sampled = 0
    while len(ones) < number:
        due = number if seconds == 0 else min(number, int((time.monotonic() - began) / seconds * number) + 1)
        while len(ones) < due:
            ones.append(crowd.join(rng.choice(servers).address, MOUNT))
        check(crowd.inside <= limit, "%d listeners hear, the limit is %d" % (crowd.inside, limit))
        if time.monotonic() - sampled > 0.1:
            sampled = time.monotonic()
            worst = max(worst, listeners(servers))
            check(worst <= limit, "%d listeners in the statistics, the limit is %d" % (worst, limit))
        time.sleep(0.005)
    return ones, worst


def settled(ones):
    return all(one.status != 0 or one.ended for one in ones)


@test
def a_limit_of_100_holds_over_three_nodes(b):
    master, nodes = cluster(b, 100)
    crowd = Crowd(b)
    warm(crowd, nodes)
    rng = random.Random(11)
    ones, worst = pour(crowd, nodes, 300, 2, 100, rng)
    began = time.monotonic()
    wait_for(lambda: settled(ones), "all are answered")
    wait_for(lambda: crowd.inside == 100, "100 hear, not %d: %r" % (crowd.inside, of_status(ones)))
    took = time.monotonic() - began
    check(took < 1, "after %.2f s" % took)
    equal(crowd.peak, 100, "the most at once")
    counts = of_status(ones)
    equal(counts.get(200), 100, "let in, of %r" % counts)
    check(set(counts) <= {200, 403, 503}, "answers %r" % counts)
    equal(listeners(nodes), 100, "in the statistics")
    equal(slots(master, "limit"), 100, "the limit in /metrics")
    equal(sum(slots(node, "used") for node in nodes), 100, "used slots in /metrics")
    spread = [len(crowd.at(node.address)) for node in nodes]
    return "100 after %.2f s, %r, answers %r" % (took, spread, counts)


@test
def all_at_once_too_and_at_the_origin_itself(b):
    master, nodes = cluster(b, 50, edges=(12, 13))
    crowd = Crowd(b)
    warm(crowd, [master, *nodes])
    ones, worst = pour(crowd, [master, *nodes], 300, 0, 50, random.Random(3))
    wait_for(lambda: settled(ones), "all are answered")
    wait_for(lambda: crowd.inside == 50, "50 hear, not %d" % crowd.inside)
    equal(crowd.peak, 50, "the most at once")


@test
def a_slot_that_is_left_at_one_node_is_taken_at_another(b):
    master, nodes = cluster(b, 20)
    crowd = Crowd(b)
    warm(crowd, nodes)
    for _ in range(20):
        one = crowd.join(nodes[0].address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        equal(one.status, 200, "status")
    longest = 0
    for turn in range(10):
        gone = crowd.at(nodes[turn % 2].address)[0]
        other = nodes[1 - turn % 2]
        crowd.leave(gone)
        wait_for(lambda: listeners(nodes) == 19, "it has left")
        one = crowd.join(other.address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        equal(one.status, 200, "status in turn %d" % turn)
        longest = max(longest, one.answered - one.began)
        check(crowd.inside <= 20, "%d hear" % crowd.inside)
    refused = crowd.join(nodes[2].address, MOUNT)
    wait_for(lambda: refused.status != 0, "an answer")
    equal(refused.status, 403, "status of one too many")
    check(longest < 0.3, "it took %.3f s" % longest)
    return "taken after %.0f ms at most" % (1000 * longest)


@test
def the_edges_need_no_number_of_their_own(b):
    master, nodes = cluster(b, 5, edges=(12, 13), limited_edges=False)
    crowd = Crowd(b)
    warm(crowd, nodes)
    ones, worst = pour(crowd, nodes, 30, 0.5, 5, random.Random(5))
    wait_for(lambda: settled(ones), "all are answered")
    equal(crowd.inside, 5, "hear")


@test
def an_edge_behind_an_edge_has_its_slots_from_there(b):
    master = linked_master(b, 11, ["edge12"], redirects=STAY, body_more=LIMITED % 10)
    feed(b, master, MOUNT)
    port = link_port()
    middle = node(b, 12, STAY + master_block(master, "edge12", 12) + "<master-public-slave>1</master-public-slave>"
                  "<cluster><id>edge12</id><cluster-port>%d</cluster-port><public-address>127.0.0.12:%%PORT%%</public-address>"
                  '<balance hold="0"/><node id="edge13" secret="s-edge13"/><node id="edge14" secret="s-edge14"/></cluster>' % port)
    middle.link_port, middle.name = port, "edge12"
    ends = [edge(b, 13, middle), edge(b, 14, middle)]
    crowd = Crowd(b)
    warm(crowd, [middle, *ends])
    ones, worst = pour(crowd, [master, middle, *ends], 60, 1, 10, random.Random(8))
    wait_for(lambda: settled(ones), "all are answered")
    wait_for(lambda: crowd.inside == 10, "10 hear, not %d" % crowd.inside)
    # One leaves anywhere; one comes at an end.
    time_out = time.monotonic() + 5
    gone = crowd.hearing()[0]
    crowd.leave(gone)

    def comes():
        one = crowd.join(ends[1].address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        return one.status == 200
    wait_for(comes, "one comes in at an edge behind an edge")
    check(crowd.inside <= 10 and time.monotonic() < time_out, "%d hear" % crowd.inside)


@test
def slots_of_an_edge_that_dies_are_free_after_a_second(b):
    master, nodes = cluster(b, 60)
    crowd = Crowd(b)
    warm(crowd, nodes)
    rng = random.Random(2)
    pour(crowd, nodes, 200, 1, 60, rng)
    wait_for(lambda: crowd.inside == 60, "60 hear, not %d" % crowd.inside)
    kill9(nodes[0])
    b.servers.remove(nodes[0])
    died = time.monotonic()
    wait_for(lambda: not crowd.at(nodes[0].address), "its listeners have gone")
    statuses = set()
    while crowd.inside < 60 and time.monotonic() - died < 5:
        one = crowd.join(rng.choice(nodes[1:]).address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        if one.status == 200:
            wait_for(lambda: hears(one), "it hears")
        elif 0.3 < time.monotonic() - died < 0.7:  # before, an answer of a moment ago may hold
            statuses.add((one.status, "Retry-After: 1" in one.head))
        check(crowd.inside <= 60, "%d hear" % crowd.inside)
    took = time.monotonic() - died
    equal(crowd.inside, 60, "hear")
    check(statuses == {(503, True)}, "while they are held: %r" % statuses)
    check(0.9 < took < 3, "all slots are used again after %.2f s" % took)
    equal(crowd.peak, 60, "the most at once")
    # It is back with nothing, and slots come to it.
    b.servers.append(nodes[0])
    nodes[0].start()
    for one in crowd.hearing()[:30]:
        crowd.leave(one)
    wait_for(lambda: is_open(crowd, nodes[0]), "the edge that is back lets listeners in", PATIENCE)
    return "after %.2f s" % took


@test
def when_the_origin_restarts_the_edges_claim_what_they_use(b):
    master, nodes = cluster(b, 40, edges=(12, 13))
    crowd = Crowd(b)
    warm(crowd, nodes)
    rng = random.Random(4)
    pour(crowd, nodes, 100, 1, 40, rng)
    wait_for(lambda: crowd.inside == 40, "40 hear, not %d" % crowd.inside)
    before = crowd.hearing()
    kill9(master)
    master.start()
    feed(b, master, MOUNT)
    began = time.monotonic()
    while time.monotonic() - began < 4:
        one = crowd.join(rng.choice([master, *nodes]).address, MOUNT)
        wait_for(lambda: one.status != 0 or one.ended, "an answer")
        check(crowd.inside <= 40, "%d hear" % crowd.inside)
    equal(len([one for one in before if hears(one)]), 40, "of those that listened before still do")
    for one in before[:10]:
        crowd.leave(one)
    ones = []

    def full_again():
        ones.append(crowd.join(master.address, MOUNT))
        wait_for(lambda: settled(ones), "answers")
        check(crowd.inside <= 40, "%d hear" % crowd.inside)
        return crowd.inside == 40
    wait_for(full_again, "those that are free are used at the origin", 10)
    equal(crowd.peak, 40, "the most at once")


@test
def max_listeners_of_a_node_holds_beside_it(b):
    inside = "<max-listeners-cluster>20</max-listeners-cluster>"
    master = linked_master(b, 11, ["edge12"], redirects=STAY, body_more=mount(MOUNT, inside))
    feed(b, master, MOUNT)
    small = edge(b, 12, master, body=mount(MOUNT, inside + "<max-listeners>3</max-listeners>"))
    crowd = Crowd(b)
    warm(crowd, [small])
    ones = [crowd.join(small.address, MOUNT) for _ in range(10)]
    wait_for(lambda: settled(ones), "all are answered")
    equal(len(crowd.at(small.address)), 3, "at the node")  # the others are sent to the master
    ones = [crowd.join(master.address, MOUNT) for _ in range(40)]
    wait_for(lambda: settled(ones), "all are answered")
    wait_for(lambda: crowd.inside == 20, "20 hear, not %d" % crowd.inside)


@test
def a_changed_number_holds_at_once(b):
    master, nodes = cluster(b, 5, edges=(12,), limited_edges=False)
    crowd = Crowd(b)
    warm(crowd, nodes)
    ones = [crowd.join(nodes[0].address, MOUNT) for _ in range(10)]
    wait_for(lambda: settled(ones) and crowd.inside == 5, "5 hear")
    master.reload(body=master.slots["body"].replace("cluster>5<", "cluster>8<"))

    def more():
        one = crowd.join(nodes[0].address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        return crowd.inside == 8
    wait_for(more, "8 hear")
    refused = crowd.join(nodes[0].address, MOUNT)
    wait_for(lambda: refused.status != 0, "an answer")
    equal(refused.status, 403, "status")
    # Without one any number comes in.
    master.reload(body=master.slots["body"].replace("<max-listeners-cluster>8</max-listeners-cluster>", ""))

    def any_number():
        one = crowd.join(nodes[0].address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        return crowd.inside == 12
    wait_for(any_number, "12 hear")


@test
def a_raised_number_is_there_at_once_for_nodes_that_are_asked_all_the_time(b):
    master, nodes = cluster(b, 100, limited_edges=False)
    crowd = Crowd(b)
    warm(crowd, nodes)
    pour(crowd, nodes, 60, 1, 100, random.Random(21))
    wait_for(lambda: crowd.inside == 60, "60 hear, not %d" % crowd.inside)
    stay = set(crowd.hearing())
    text = master.slots["body"]

    def ask(seconds):
        """One more listener each 4 ms, at each node in turn; accepted ones leave.  Returns the time until which some
        were refused."""
        began, ones, refused = time.monotonic(), [], 0
        while time.monotonic() - began < seconds:
            ones.append(crowd.join(nodes[len(ones) % len(nodes)].address, MOUNT))
            for one in [one for one in ones[-400:] if one.status == 200 and not one.ended]:
                crowd.leave(one)
            time.sleep(0.004)
        wait_for(lambda: settled(ones), "all are answered")
        for one in ones:
            crowd.leave(one)
        return max([one.answered - began for one in ones if one.status in (403, 503)], default=0)
    master.reload(body=text.replace("cluster>100<", "cluster>20<"))
    wait_for(lambda: slots(master, "limit") == 20, "the lowered number holds")
    ask(1)
    equal(len([one for one in stay if hears(one)]), 60, "of those that listened before still do")
    master.reload(body=text)
    wait_for(lambda: slots(master, "limit") == 100, "the raised number holds")
    last = ask(4)
    check(last < 1, "some were refused %.2f s after the raise" % last)
    return "the last one was refused after %.0f ms" % (1000 * last)


@test
def those_who_are_too_many_stay_or_the_newest_end(b):
    limited = mount(MOUNT, '<max-listeners-cluster over="%s">%d</max-listeners-cluster>')
    master = linked_master(b, 11, ["edge12", "edge13"], redirects=STAY, body_more=limited % ("keep", 12))
    feed(b, master, MOUNT)
    nodes = [edge(b, n, master) for n in (12, 13)]
    crowd = Crowd(b)
    warm(crowd, nodes)
    ones = []
    for turn in range(12):
        ones.append(crowd.join(nodes[turn % 2].address, MOUNT))
        wait_for(lambda: hears(ones[-1]), "listener %d hears" % turn)
    text = master.slots["body"]
    master.reload(body=text.replace('"keep">12<', '"keep">6<'))
    wait_for(lambda: slots(master, "limit") == 6, "the lowered number holds")
    began = time.monotonic()
    while time.monotonic() - began < 2.5:  # longer than it takes to end them
        one = crowd.join(nodes[0].address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        check(one.status in (403, 503), "one more was answered %d" % one.status)
    equal(len([one for one in ones if hears(one)]), 12, "stay")
    master.reload(body=text.replace('"keep">12<', '"keep">6<').replace('"keep"', '"kick"'))
    began = time.monotonic()
    wait_for(lambda: len([one for one in ones if hears(one)]) <= 6, "six of them end")
    took = time.monotonic() - began
    equal([hears(one) for one in ones], 6 * [True] + 6 * [False], "the oldest listen, the newest do not")
    for server in nodes:
        wait_for(lambda: "the newest 3 of 6 are ended" in server.log(), "%s says so: %s" % (server.host, server.log()[-300:]))
    wait_for(lambda: slots(master, "given") == 6, "no slot is out beyond the number")
    equal(len([one for one in ones if hears(one)]), 6, "no further one ends")
    return "ended after %.2f s" % took


@test
def redirects_send_listeners_to_nodes_that_have_slots(b):
    master = linked_master(b, 11, ["edge12", "edge13"], body_more=LIMITED % 10)
    feed(b, master, MOUNT)
    nodes = [edge(b, n, master) for n in (12, 13)]
    crowd = Crowd(b)
    warm(crowd, nodes)
    wait_for(lambda: all(node_at(master, "edge%d" % n)["state"] == "up" for n in (12, 13)), "they are up")
    statuses = [first_line(master.address, MOUNT) for _ in range(10)]
    equal({status for status, _ in statuses}, {302}, "answers of the master")


@test
def a_listener_that_is_refused_because_all_slots_are_used_has_arrived(b):
    """Otherwise its node would be suspect: of the listeners sent there, less than half arrived."""
    master = linked_master(b, 11, ["edge12"], body_more=LIMITED % 1)
    feed(b, master, MOUNT)
    node = edge(b, 12, master)
    up(master, "edge12")

    def follow():
        status, _, path = first_redirect(master.address, MOUNT)
        equal(status, 302, "the master's answer")
        wire = node.wire(source_address=LISTENER)
        wire.send("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        return wire.reply_head().status
    wait_for(lambda: follow() == 200, "one listens")
    before = node_at(master, "edge12")["arrived"]
    wait_for(lambda: follow() == 403, "the next one is refused")
    equal([follow() for _ in range(4)], [403] * 4, "answers")
    wait_for(lambda: node_at(master, "edge12")["arrived"] >= before + 5, "they have arrived")


@test
def a_single_server_counts_alone(b):
    server = b.server(body=LIMITED % 3)
    feed(b, server, MOUNT)
    crowd = Crowd(b, source=None)
    ones = [crowd.join(server.address, MOUNT) for _ in range(8)]
    wait_for(lambda: settled(ones) and crowd.inside == 3, "3 hear: %r" % of_status(ones))
    equal(of_status(ones), {200: 3, 403: 5}, "answers")
    crowd.leave(crowd.hearing()[0])
    wait_for(lambda: crowd.inside == 2, "it has left")

    def comes():
        one = crowd.join(server.address, MOUNT)
        wait_for(lambda: one.status != 0, "an answer")
        return one.status == 200
    wait_for(comes, "one comes in")
