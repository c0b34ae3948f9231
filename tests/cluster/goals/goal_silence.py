"""A host that falls silent (G7): nothing is closed, nothing is refused, nothing comes any more."""
import time

from bench import wait_for
from crowd_bench import Crowd, crowd_master, nodes_of
from goal_appear import spread
from table import goal
from silent_bench import EDGE, MASTER, SOCKET, Network, Watcher, start_in

ROUNDS = 12
CROWD, OVER, SILENT_AT, LINK_LASTS = 10000, 5, 2.5, 0.9
found = {}


def swallow_and_heal(b):
    """(ms until suspect, ms until dead) of each round; measured once."""
    if found:
        return found["suspect"], found["dead"]
    network = Network(b)
    master = b.unstarted_server(sockets=SOCKET, body=MASTER)
    edge = b.unstarted_server(sockets=SOCKET, body=EDGE)
    start_in(network, 0, master)
    start_in(network, 2, edge)
    watcher = Watcher(b, network)
    watcher.when("up", 0)
    suspects, deaths = [], []
    for i in range(ROUNDS):
        # Anywhere between two reports, which come every 250 ms.
        time.sleep(0.3 + 0.25 * i / ROUNDS)
        begin = time.monotonic()
        network.swallow()
        suspects.append((watcher.when("suspect", begin) - begin) * 1000)
        deaths.append((watcher.when("dead", begin) - begin) * 1000)
        network.heal()
        healed = time.monotonic()
        watcher.when("up", healed, 15)
    found.update(suspect=suspects, dead=deaths)
    return suspects, deaths


@goal("G7", "a host falls silent -> suspect: nobody is sent there while there are others (worst)", at_most=600, unit="ms")
def g7_suspect(b):
    """Master and edge in network namespaces with a router between them, whose routes to both become blackholes: what is
    sent goes nowhere and nobody is told.  12 times, at another moment between two reports each time, until the master's
    /admin/cluster.json, read every 10 ms, says suspect."""
    suspects, _ = swallow_and_heal(b)
    return max(suspects), spread(suspects)


@goal("G7", "a host falls silent -> dead (worst)", at_most=1300, unit="ms")
def g7_dead(b):
    """The same rounds, until it says dead."""
    _, deaths = swallow_and_heal(b)
    return max(deaths), spread(deaths)


@goal("G7", "a host falls silent in a crowd: listeners still sent there, of all", at_most=2, unit="%")
def g7_wasted(b):
    """10,000 listeners in 5 s, one master, 12 simulated nodes of 10:5:1 on links (bench/crowd.cc); after 2.5 s one of the
    largest reports no more while its connection stays until it is given up.  Counted: who asked after that moment and
    was sent there."""
    sizes = [1500] * 4 + [750] * 4 + [150] * 4
    nodes = nodes_of([int(size * CROWD / 0.8 / sum(sizes)) for size in sizes])
    master = crowd_master(b, nodes, tokens=True)
    crowd = Crowd(b, master, nodes, requests=CROWD, over=OVER, tokens=1, settle=0)
    crowd.event("begin")
    begin = time.monotonic()
    wait_for(lambda: time.monotonic() > begin + SILENT_AT, "half of them have come")
    crowd.say("silence n0", "out n0")
    # A simulated node would come again at once when the master gives its link up, which a host
    # without a network cannot.
    wait_for(lambda: time.monotonic() > begin + SILENT_AT + LINK_LASTS, "the link is about to end")
    crowd.say("kill n0")
    wait_for(lambda: time.monotonic() > begin + OVER + 1, "the others have come", 10)
    end = crowd.end()
    return 100 * end["wrong"] / CROWD, "%d of %d" % (end["wrong"], CROWD)
