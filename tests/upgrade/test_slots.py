"""A limit over the cluster while its servers are replaced: never more listeners than it allows, and no slot is lost."""
import random

from bench import check, equal, test, wait_for
from crowd import Crowd, hears
from link_bench import up
from replacing import upgrade
from slots_bench import LIMIT, MOUNT, cluster, listeners


def lets_in(crowd, server):
    """Whether one listener is let in; it leaves again."""
    one = crowd.join(server.address, MOUNT)
    wait_for(lambda: hears(one) or one.ended or one.status >= 400, "an answer of " + server.host)
    heard = hears(one)
    crowd.leave(one)
    wait_for(lambda: one.ended, "it has left")
    return heard


def fill(crowd, servers, rng, count=60):
    """More listeners than fit, at any server."""
    ones = [crowd.join(rng.choice(servers).address, MOUNT) for _ in range(count)]
    wait_for(lambda: all(one.status != 0 or one.ended for one in ones), "all are answered", 15)
    return ones


@test
def it_holds_and_nothing_is_lost(b):
    master, nodes = cluster(b)
    up(master, *(node.name for node in nodes))
    crowd, rng = Crowd(b), random.Random(7)
    for node in nodes:
        wait_for(lambda: lets_in(crowd, node), "%s lets listeners in: %s" % (node.host, node.log()[-500:]), 15)
    wait_for(lambda: listeners(nodes) == 0, "nobody listens")

    def full():
        fill(crowd, nodes, rng, 10)
        return crowd.inside == LIMIT
    wait_for(full, "all places are taken, not %d" % crowd.inside, 15)
    for round_ in range(2):
        for server in [master] + nodes:
            stayed = [one for one in list(crowd.all) if hears(one)]
            upgrade(server)
            ones = [crowd.join(rng.choice(nodes).address, MOUNT) for _ in range(20)]
            wait_for(lambda: all(one.status != 0 or one.ended for one in ones), "all are answered", 15)
            check(crowd.peak <= LIMIT, "%d listened at once, the limit is %d" % (crowd.peak, LIMIT))
            equal([one for one in stayed if one.ended], [], "listeners that were ended")
    equal(crowd.inside, LIMIT, "listeners")
    equal(listeners(nodes), LIMIT, "in the statistics")
    # Half leave, others take their places.
    for one in crowd.hearing()[::2]:
        crowd.leave(one)
    wait_for(lambda: crowd.inside <= LIMIT // 2, "half have left")
    upgrade(master)

    def taken():
        fill(crowd, nodes, rng, 10)
        return crowd.inside == LIMIT
    wait_for(taken, "their places are taken again: %d" % crowd.inside, 20)
    check(crowd.peak <= LIMIT, "%d listened at once, the limit is %d" % (crowd.peak, LIMIT))
