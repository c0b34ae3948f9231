"""A listener whose stream is passed through from another node without a log, while the servers on its way are
replaced."""
import time

from backend import ACCEPT, Backend
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


@test
def its_backend_is_told_once_at_its_end(b):
    backend = b.owned(Backend(lambda form: ACCEPT))
    near, far, _ = pair(b, body='<mount><mount-name>/live.mp3</mount-name><authentication type="url">'
                                '<option name="listener_add" value="%s"/><option name="listener_remove" value="%s"/>'
                                '</authentication></mount>' % (backend.url("/add"), backend.url("/remove")))
    feed(b, far)
    known(near)
    reply, wire = stuck(near)
    equal(reply.status, 200, "status")
    wire.take(40000)
    began = time.monotonic()
    for _ in range(2):
        upgrade(near)
        up(near, "edge13"), up(far, "m11")
        wire.take(40000)
        equal(backend.of("listener_remove"), [], "ends of one that hears on")
    wait_for(lambda: time.monotonic() - began > 1, "a second is over")
    heard = int(time.monotonic() - began)
    wire.close()
    told = backend.wait_for("listener_remove", 1, 15)
    equal(len(told), 1, "ends")
    check(int(told[0]["duration"]) >= heard, "the whole time of %d s: %s" % (heard, told))
    equal(len(backend.of("listener_add")), 1, "begins")
