"""Users that <sessions-per-user> counts, while the servers of their listenings are replaced: one listening each, on all
nodes together."""
from bench import equal, test, wait_for
from crowd import Crowd
from link_bench import up
from replacing import upgrade
from seats_bench import MOUNT, club, listens, warm


def status_in_time(crowd, server, user):
    """None: the server above did not answer in 300 ms, so this one decided by what it knows (doc/link.md)."""
    one = listens(crowd, server, user)
    if one.status != 200 or one.answered - one.began < 0.3:
        return one.status
    crowd.leave(one)
    wait_for(lambda: one.ended, "it has left")
    return None


@test
def a_user_listens_once_through_upgrades_of_all(b):
    master, nodes = club(b)
    up(master, *(node.name for node in nodes))
    crowd = Crowd(b)
    warm(crowd, nodes)
    ann, bob = listens(crowd, nodes[0], "ann"), listens(crowd, nodes[1], "bob")
    equal((ann.status, bob.status), (200, 200), "both listen")
    for server in [nodes[0], master, nodes[1], master, nodes[0]]:
        upgrade(server)
        up(master, *(node.name for node in nodes))
        for other, user in ((nodes[1], "ann"), (nodes[0], "bob"), (master, "ann")):
            status = wait_for(lambda: status_in_time(crowd, other, user), "%s answers in time" % other.host, 15)
            equal(status, 403, "%s listens already, %s says" % (user, other.host))
    equal([one for one in (ann, bob) if one.ended], [], "those that were ended")
    for one in (ann, bob):
        crowd.leave(one)
    for other, user in ((nodes[1], "ann"), (nodes[0], "bob")):
        def again():
            one = listens(crowd, other, user)
            crowd.leave(one)
            return one.status == 200
        wait_for(again, "%s may listen again: %s" % (user, master.log()[-500:]), 15)


@test
def one_that_leaves_while_links_are_made_is_forgotten(b):
    master, nodes = club(b)
    up(master, *(node.name for node in nodes))
    crowd = Crowd(b)
    warm(crowd, nodes)
    for server in (nodes[0], master):
        ann = wait_for(lambda: (lambda one: one.status == 200 and one)(listens(crowd, nodes[0], "ann")), "she listens", 15)
        upgrade(server)
        crowd.leave(ann)

        def elsewhere():
            one = listens(crowd, nodes[1], "ann")
            crowd.leave(one)
            wait_for(lambda: one.ended, "it has left")
            return one.status == 200
        wait_for(elsewhere, "she listens at another node", 15)
    equal(master.stat(MOUNT, "listeners") in (None, "0"), True, "nobody is left")
