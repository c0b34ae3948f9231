"""A listener whose stream is passed through from another node without a log, while the servers on its way are
replaced."""
from bench import check, equal, test, wait_for
from link_bench import feed, up
from pull_bench import known, pair, relays, stuck
from replacing import upgrade


@test
def one_that_cannot_follow_hears_on(b):
    near, far, _ = pair(b)
    feed(b, far)
    known(near)
    reply, wire = stuck(near)
    equal(reply.status, 200, "status")
    data = wire.take(40000)
    for _ in range(3):
        upgrade(near)
        up(near, "edge13"), up(far, "m11")
        data += wire.take(40000)
        wait_for(lambda: near.stat("/live.mp3", "listeners") == "1", "it is counted here: " + str(near.stat("/live.mp3", "listeners")))
        equal(far.stat("/live.mp3", "listeners_local"), "0", "people at the node itself")
    upgrade(far)
    data += wire.take(40000)
    frames = data.split(b"\xff\xfb")[1:-1]
    check(len({len(frame) for frame in frames[1:]}) == 1, "frames are whole")
    equal(relays(near), 0, "relays that were started for it")
    wire.close()
    wait_for(lambda: near.stat("/live.mp3", "listeners") == "0" and far.stat("/live.mp3", "listeners") == "0", "both forget it", 15)
