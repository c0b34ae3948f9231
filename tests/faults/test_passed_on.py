"""splice(2) fails or moves less under a stream that is passed through from another node without a log."""
import errno

from bench import check, equal, test, wait_for
from link_bench import feed, kill9, up
from media import mp3_numbers
from pull_bench import known, pair, relays, stuck
from recorder import check_consecutive
from syscalls import Faults, Rule


@test
def what_is_passed_on_in_the_least_parts_is_whole(b):
    near, far, _ = pair(b)
    faults = Faults(b)
    kill9(near)
    near.start(env=faults.environment)
    up(far, "m11")
    feed(b, far)
    known(near)
    reply, wire = stuck(near)
    equal(reply.status, 200, "status")
    data = wire.take(20000)
    for rule, most in ((Rule("splice", short=1, times=300), 100), (Rule("splice", error=errno.EAGAIN, every=2, times=100), 20),
                       (Rule("splice", error=errno.EINTR, every=2, times=50), 10), (Rule("splice", error=errno.ENOMEM, every=2, times=50), 10)):
        faults.put([rule])
        while faults.hits() < most:
            data += wire.take(2000)
        faults.clear()
        data += wire.take(20000)
    check_consecutive([n for _, n in mp3_numbers(data[data.index(b"\xff\xfb"):])], "the listener")
    equal(relays(near), 0, "relays that were started for it")
    wire.close()
    wait_for(lambda: near.stat("/live.mp3", "listeners") == "0", "it is forgotten", 15)
    check(near.process.poll() is None, "it serves")
