"""<sessions-per-user>: one listening of a user on all nodes together."""
import signal
import time

from bench import check, equal, test, wait_for
from crowd import Crowd, hears
from link_bench import kill9
from seats_bench import MOUNT, club, listens, refused, warm


@test
def the_second_is_refused_at_another_node(b):
    master, nodes = club(b)
    crowd = Crowd(b)
    warm(crowd, [*nodes, master])
    longest = 0
    first = listens(crowd, nodes[0], "ann")
    equal(first.status, 200, "the first one")
    for server in (nodes[1], master, nodes[1], nodes[0]):  # where it listens, too
        longest = max(longest, refused(listens(crowd, server, "ann")))
    equal(listens(crowd, nodes[1], "bob").status, 200, "another user")
    crowd.leave(first)

    def comes():
        return listens(crowd, nodes[1], "ann").status == 200
    wait_for(comes, "the first one has left")
    refused(listens(crowd, nodes[0], "ann"))
    return "refused after %.0f ms at most" % (1000 * longest)


@test
def or_the_first_one_ends(b):
    master, nodes = club(b, '<option name="drop_existing_listener" value="1"/>')
    crowd = Crowd(b)
    warm(crowd, [*nodes, master])
    first = listens(crowd, nodes[0], "ann")
    second = listens(crowd, nodes[1], "ann")
    equal((first.status, second.status), (200, 200), "answers")
    wait_for(lambda: first.ended, "the first one is ended")
    check(second.ended is None, "the second one listens")
    third = listens(crowd, master, "ann")
    wait_for(lambda: second.ended, "the second one is ended")
    check(third.ended is None, "the third one listens")


@test
def users_of_a_dead_node_may_listen_after_a_second(b):
    master, nodes = club(b)
    crowd = Crowd(b)
    warm(crowd, [*nodes, master])
    equal(listens(crowd, nodes[0], "ann").status, 200, "the first one")
    kill9(nodes[0])
    b.servers.remove(nodes[0])
    died = time.monotonic()
    wait_for(lambda: listens(crowd, nodes[1], "ann").status == 200, "ann listens elsewhere")
    took = time.monotonic() - died
    check(took < 2.5, "after %.2f s" % took)


@test
def without_the_master_a_node_decides_itself(b):
    master, nodes = club(b)
    crowd = Crowd(b)
    warm(crowd, [*nodes, master])
    first = listens(crowd, nodes[0], "ann")
    equal(first.status, 200, "the first one")
    kill9(master)
    equal(listens(crowd, nodes[0], "ann").status, 403, "the same user at the same node")
    b.servers.remove(master)


@test
def a_crowd_puts_no_answer_off(b):
    """The master is stopped, and a new listener comes every 5 ms: each gets its answer when its 300 ms are over."""
    names = ["u%d" % i for i in range(400)]
    master, nodes = club(b, names=names)
    crowd, came = Crowd(b), []
    warm(crowd, nodes[:1], names[0])
    master.send_signal(signal.SIGSTOP)
    for name in names[1:]:
        came.append(crowd.join(nodes[0].address, MOUNT, "%s:%s" % (name, name)))
        time.sleep(0.005)
        if came[0].status:
            break
    master.send_signal(signal.SIGCONT)
    equal(came[0].status, 200, "the first of %d listeners" % len(came))
    waited = came[0].answered - came[0].began
    check(waited < 0.6, "the first one was answered after %.3f s, with others behind it" % waited)  # the link is lost later
    wait_for(lambda: all(one.status for one in came), "all are answered")
    equal({one.status for one in came}, {200}, "answers")


@test
def two_of_each_where_two_are_allowed(b):
    master, nodes = club(b, number=2)
    crowd = Crowd(b)
    warm(crowd, [*nodes, master])
    equal([listens(crowd, server, "ann").status for server in (*nodes, master)], [200, 200, 403], "answers")
