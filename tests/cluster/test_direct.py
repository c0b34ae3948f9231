"""Players that do not follow a redirect, at a server that does not carry the mount: they are served directly from the
server that has it, within <balance direct-budget>."""
import errno
import os
import time

from bench import ADMIN, check, equal, test, wait_for
from harness import give_away
from link_bench import feed, kill9
from media import mp3_numbers
from pull_bench import STUCK, known, pair, relays, stuck
from syscalls import Faults, Rule

def descriptors(server):
    return len(os.listdir("/proc/%d/fd" % server.process.pid))


def listeners(server, mount="/live.mp3"):
    return server.stat(mount, "listeners")


@test
def a_player_that_cannot_follow_gets_what_only_a_node_has(b):
    near, far, _ = pair(b)
    feed(b, far)
    known(near)
    reply, wire = stuck(near)
    equal(reply.status, 200, "status")
    equal(reply.get("Content-Type"), "audio/mpeg", "type")
    data = wire.take(40000)
    check(data.count(b"\xff\xfb") > 50, "MPEG frames in %d bytes" % len(data))
    equal(relays(near), 0, "relays that were started for one listener")
    # The person is one: here.  There it is a server that listens.
    wait_for(lambda: listeners(near) == "1", "the master counts one: " + str(listeners(near)))
    wait_for(lambda: listeners(far) == "1", "so does the node's cluster")
    equal(far.stat("/live.mp3", "listeners_local"), "0", "people at the node itself")
    equal(near.get("/status-json.xsl").status, 200, "statistics")
    rows = near.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().findall(".//listener")
    equal([row.findtext("UserAgent") for row in rows], [STUCK.split(": ")[1]], "the administrator's list")
    wire.close()
    wait_for(lambda: listeners(near) == "0" and listeners(far) == "0", "and forgets them", 15)


@test
def metadata_passes_through_for_those_who_want_it(b):
    near, far, _ = pair(b)
    source = feed(b, far)
    known(near)
    reply, wire = stuck(near, headers=["Icy-MetaData: 1"])
    equal(reply.status, 200, "status")
    interval = int(reply.get("icy-metaint"))
    far.get("/admin/metadata?mount=/live.mp3&mode=updinfo&song=Passed%20on", ADMIN)
    found = b""
    deadline = time.monotonic() + 8
    while b"Passed on" not in found and time.monotonic() < deadline:
        wire.take(interval)
        found = wire.take(16 * wire.take(1)[0])
    equal(found.rstrip(b"\0"), b"StreamTitle='Passed on';", "block")
    equal(relays(near), 0, "relays")
    # Who did not ask for it gets none, at the same mount.
    reply, other = stuck(near)
    equal((reply.status, reply.get("icy-metaint")), (200, None), "plain")
    check(source is not None and b"StreamTitle" not in other.take(60000), "no blocks")


@test
def the_second_one_starts_a_relay_for_all_that_follow(b):
    near, far, _ = pair(b)
    feed(b, far)
    known(near)
    first, second, third = (stuck(near) for _ in range(3))
    for reply, wire in (first, second, third):
        equal(reply.status, 200, "status")
        wire.take(10000)
    wait_for(lambda: relays(near) == 1, "relays")
    wait_for(lambda: listeners(near) == "3", "three people")
    equal(far.stat("/live.mp3", "listeners_local"), "0", "people at the node")
    first[1].take(20000)


@test
def when_the_node_dies_the_listener_ends_and_nothing_is_left(b):
    near, far, _ = pair(b)
    feed(b, far)
    known(near)
    stuck(near)[1].close()
    wait_for(lambda: listeners(near) == "0", "the first one has gone", 15)
    before = descriptors(near)
    _, wire = stuck(near)
    wire.take(10000)
    kill9(far)
    wire.take_all()
    wait_for(lambda: descriptors(near) <= before, "%d descriptors, %d before" % (descriptors(near), before), 15)
    reply, _ = stuck(near)
    check(reply.status in (404, 503), "afterwards: %d" % reply.status)


@test
def who_does_not_read_holds_up_nobody(b):
    near, far, _ = pair(b)
    feed(b, far), feed(b, far, "/other.mp3")
    known(near), known(near, "/other.mp3")
    _, lazy = stuck(near)
    lazy.take(100)
    _, wire = stuck(near, "/other.mp3")
    begin = time.monotonic()
    wire.take(60000)
    check(time.monotonic() - begin < 10, "the other one waits")
    slowest = 0
    for _ in range(50):
        begin = time.monotonic()
        equal(near.get("/_lb/live").status, 200, "alive")
        slowest = max(slowest, time.monotonic() - begin)
    check(slowest < 0.5, "a request took %.2f s" % slowest)


@test
def a_thousand_that_come_and_go_leave_nothing_behind(b):
    near, far, _ = pair(b, balance='direct-budget="1"')
    mounts = ["/m%d.mp3" % i for i in range(10)]
    for mount in mounts:
        feed(b, far, mount)
    for mount in mounts:
        known(near, mount)
    for mount in mounts:
        stuck(near, mount)[1].close()
    quiet = lambda: near.stats().findtext("listeners") == "0"  # noqa: E731
    wait_for(quiet, "nobody", 20)
    before = [descriptors(server) for server in (near, far)]
    for round_ in range(100):
        wires = [stuck(near, mount) for mount in mounts]
        for reply, wire in wires:
            equal(reply.status, 200, "status in round %d" % round_)
            wire.close()
        for mount in mounts:
            # Each starts alone.
            wait_for(lambda: near.stat(mount, "listeners") == "0", "%s is left" % mount, 20)
    wait_for(quiet, "nobody", 20)
    wait_for(lambda: [descriptors(server) for server in (near, far)] <= [n + 2 for n in before],
             "descriptors: %s, before %s" % ([descriptors(s) for s in (near, far)], before), 20)


@test
def above_the_budget_the_player_gets_what_others_get(b):
    # 0.2 % of 100 Mbit/s: one listener of 128 kbit/s, and not a second one.
    near, far, _ = pair(b, balance='direct-budget="0.002"')
    feed(b, far)
    known(near)
    statuses = [stuck(near)[0].status for _ in range(3)]
    equal(statuses, [200, 302, 302], "statuses")


@test
def a_protected_mount_asks_first(b):
    users = b.dir / "users"
    users.write_text("joe:5f4dcc3b5aa765d61d8327deb882cf99\njane:5f4dcc3b5aa765d61d8327deb882cf99\n")  # MD5 of "password", as Icecast writes it
    give_away(b.dir)
    locked = ('<mount><mount-name>/live.mp3</mount-name><authentication type="htpasswd">'
              '<option name="filename" value="%s"/></authentication></mount>' % users)
    near, far, _ = pair(b, body=locked, far_body=locked, block="<relay-auth>1</relay-auth>")
    feed(b, far)
    known(near)
    equal(stuck(near)[0].status, 401, "without a password")
    reply, wire = stuck(near, headers=["Authorization: Basic am9lOnBhc3N3b3Jk"])
    equal(reply.status, 200, "with it")
    check(len(wire.take(10000)) == 10000, "audio")
    # The second one comes by way of a relay, which the node lets in as one of the cluster's.
    reply, wire = stuck(near, headers=["Authorization: Basic amFuZTpwYXNzd29yZA=="])
    equal(reply.status, 200, "the second one")
    wait_for(lambda: relays(near) == 1, "it has a relay")  # the log is written by another thread


@test
def what_is_passed_on_in_the_least_parts_is_whole(b):
    faults = Faults(b)
    os.environ.update({name: faults.environment[name] for name in ("LD_PRELOAD", "LB_FAULTS")})
    near, far, _ = pair(b)
    feed(b, far, units=3)
    known(near)
    reply, wire = stuck(near)
    equal(reply.status, 200, "status")
    data = wire.take(20000)
    for rule in (Rule("splice", short=1, every=2, times=500), Rule("splice", error=errno.EAGAIN, every=-20, times=300),
                 Rule("splice", error=errno.EINTR, every=2, times=50)):
        faults.put([rule])
        wait_for(lambda: faults.hits() >= 20, "it happens that %s" % rule, 10)
        data += wire.take(20000)
        faults.clear()
        data += wire.take(20000)
    numbers = [n for _, n in mp3_numbers(data[data.index(b"\xff\xfb\x94\x00"):])]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "frames")
