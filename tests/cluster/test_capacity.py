"""The capacity that a node announces is the capacity that it has."""
import re

from bench import check, equal, node_at, test, wait_for
from link_bench import edge, feed, linked_master, public, up
from pull_bench import Player


@test
def a_node_announces_no_more_than_its_descriptors_allow(b):
    master = linked_master(b, 11, public(12))
    made = edge(b, 12, master, capacity='max-listeners="1000"', start=False)
    made.start(through=["prlimit", "--nofile=120:120"])
    said = made.wait_for_log(r"capacity: 1000 listeners are configured, but the limit of 120 file descriptors "
                             r"\(ulimit -n\) leaves room for (\d+), and this number is announced")
    places = int(re.search(r"leaves room for (\d+)", made.log()).group(1))
    check(10 <= places <= 100, "%r: %r" % (places, said))
    up(master, "edge12")
    equal(node_at(master, "edge12")["capacity"]["listeners"], places, "what the master knows")
    feed(b, master)
    # All who come are served, and the node gets no more than it has said.
    players = []
    for i in range(places + 30):
        players.append(b.owned(Player(master.address, "/live.mp3", i, ())))
        equal(players[-1].status, 200, "status of listener %d; the node: %s" % (i, made.log()[-500:]))
    at_edge = [p for p in players if p.address == made.address]
    check(5 <= len(at_edge) <= places, "%d listeners are at the node, which has said %d" % (len(at_edge), places))
    # And it has room for as many as it has said, if they all come.
    for i in range(places - len(at_edge)):
        players.append(b.owned(Player(made.address, "/live.mp3", 1000 + i, ())))
        equal(players[-1].status, 200, "status of one more listener at the node: " + made.log()[-500:])
    equal([p.hears(4000) for p in players].count(True), len(players), "all hear it")
    check("no file descriptor" not in made.log(), "it never ran out of descriptors")


@test
def a_node_with_room_for_all_says_nothing(b):
    master = linked_master(b, 11, public(12))
    made = edge(b, 12, master, capacity='max-listeners="300"')
    up(master, "edge12")
    wait_for(lambda: node_at(master, "edge12")["capacity"]["listeners"] == 300, "%s" % node_at(master, "edge12"))
    for server in (master, made):
        check("capacity:" not in server.log(), server.log())
