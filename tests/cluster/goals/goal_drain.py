"""A node is emptied (G20)."""
import time

from bench import ADMIN, Failed, wait_for, wait_until_up
from goal_appear import spread
from link_bench import Crowd, Feeder, edge, linked_master
from audience import Players
from table import goal, quantile

ROUNDS, LISTENERS, TIME = 50, 1000, 60


def post(server, path, form):
    reply = server.ask("POST %s HTTP/1.1" % path, ["Host: x", "Content-Type: application/x-www-form-urlencoded"]
                       + ([] if form else ["Content-Length: 0"]), ADMIN, form)
    if reply.status != 200:
        raise Failed("%s is answered %d: %s" % (path, reply.status, reply.text))


@goal("G20", "a node is told to drain -> the last listener is sent there (worst)", at_most=300, unit="ms")
def g20_last(b):
    """50 times: from before the POST to /admin/drain of a linked node until the last request was sent to the master that
    was answered with this node's address; two listeners at a time ask without a pause."""
    master = linked_master(b, 11, {"edge12": "", "edge13": ""})
    source = master.source()
    source.play(20)
    b.owned(Feeder(source))
    node, _ = edge(b, 12, master), edge(b, 13, master)
    address = "%s:%d" % (node.host, node.given_port)
    took = []
    for _ in range(ROUNDS):
        wait_until_up(master, "edge12", "edge13")
        crowd = b.owned(Crowd(master.address, "/live.mp3"))
        wait_for(lambda: any(where == address for _, _, _, where in crowd.answers), "it gets listeners")
        begin = time.monotonic()
        post(node, "/admin/drain", b"mode=soft&time=300")
        wait_for(lambda: time.monotonic() > begin + 0.4, "a moment has passed")
        crowd.close()
        took.append(1000 * max([sent - begin for sent, _, _, where in crowd.answers if where == address] + [0]))
        post(node, "/admin/undrain", b"")
    return max(took), spread(took)


@goal("G20", "1,000 listeners are moved in 60 s: listening time lost", at_most=1, unit="%")
def g20_move(b):
    """1,000 players at two edges; the first drains (move, 60 s, 2 % a second).  Whoever is closed asks the master at once,
    follows, and listens on.  Lost: the seconds between the last byte and the next, of all who were moved, in parts of
    their number times 60 s; somebody who does not listen at the end has lost the whole time."""
    master = linked_master(b, 11, {"edge12": "", "edge13": ""})
    source = master.source()
    source.play(20)
    b.owned(Feeder(source, units=2, pause=0.05))
    leaving = edge(b, 12, master)
    wait_until_up(master, "edge12")
    crowd = Players(b, master, "/live.mp3", LISTENERS, over=5)
    wait_for(lambda: crowd.listening() == LISTENERS, "all listen", 30)
    place = (leaving.host, leaving.given_port)
    moved = [p for p in crowd.players if p.place == place]
    edge(b, 13, master)
    wait_until_up(master, "edge13")
    begin = time.monotonic()
    post(leaving, "/admin/drain", b"mode=move&time=%d&rate=2%%25" % TIME)
    wait_for(lambda: "drained: no listener is left" in leaving.log(), "it is empty", TIME + 10)
    took = time.monotonic() - begin
    wait_for(lambda: all(p.wire and p.head is None and p.place != place for p in moved), "all listen elsewhere", 10)
    crowd.close()
    gaps = [seconds for p in moved for _, seconds in p.gaps]
    refused = sum(len(p.refused) for p in moved)
    return 100 * sum(gaps) / (len(moved) * TIME), "%d moved in %.1f s; gaps p50 %.0f, p99 %.0f, max %.0f ms; %d refusals" % (
        len(moved), took, quantile(gaps, 0.5) * 1000, quantile(gaps, 0.99) * 1000, max(gaps) * 1000, refused)
