"""<ingest>once: one of five peers pulls each mount from the studio, and another one takes over when it is lost."""
import os
import signal
import time

from bench import ADMIN, check, equal, test, wait_for
from link_bench import kill9
from peer_bench import peers
from studio import Studio

NUMBERS = (11, 12, 13, 14, 15)
MOUNTS = ["/m%d.test" % i for i in range(200 if os.environ.get("LB_FULL") else 20)]
HELD = 10       # seconds that a better node is there before it is handed its mounts back


def host(number):
    return "127.0.0.%d" % number


def relays(studio, mounts, more=""):
    return lambda number: "".join(
        "<relay><server>127.0.0.1</server><port>%d</port><bind>%s</bind><mount>%s</mount><local-mount>%s</local-mount>"
        "<ingest>once</ingest>%s</relay>" % (studio.port, host(number), mount, mount, more) for mount in mounts)


def group(b, mounts=MOUNTS, numbers=NUMBERS, more=""):
    studio = Studio(b)
    made = peers(b, numbers, root=relays(studio, mounts, more))
    settled(studio, mounts)
    return studio, dict(zip(numbers, made))


def settled(studio, mounts=MOUNTS, patience=10):
    wait_for(lambda: all(len(studio.owners(mount)) == 1 for mount in mounts),
             "each mount has one connection: %r" % {mount: studio.owners(mount) for mount in mounts}, patience)


def listener_at(server, mount):
    """A listener that a relay serves: the first listener of a mount may get the upstream's own connection, so this is
    the second."""
    wait_for(lambda: mount in server.get("/admin/listmounts", ADMIN).text, "%s knows %s" % (server.host, mount))
    for _ in range(2):
        wire = server.wire()
        wire.send("GET %s HTTP/1.0\r\n\r\n" % mount)
        equal(wire.reply_head().status, 200, "status of a listener of %s at %s" % (mount, server.host))
    hears(wire)
    return wire


def hears(wire, lines=2):
    for _ in range(lines):
        wire.take_until(b"\n")


def number_of(peer):
    return int(peer.rsplit(".", 1)[1])


def owned_metric(server):
    text = server.get("/metrics", ADMIN).text
    return int(text.split("\nlb_ingest_owned ")[1].split("\n")[0])


@test
def each_mount_has_one_connection_and_a_killed_peer_is_replaced(b):
    studio, group_of = group(b)
    equal(studio.most_at_once(), {}, "connections at once while they start")
    shares = {n: len(studio.owned_by(host(n))) for n in NUMBERS}
    check(max(shares.values()) < len(MOUNTS), "they are shared out: %r" % shares)
    for n, server in group_of.items():
        equal(owned_metric(server), shares[n], "lb_ingest_owned of %s" % server.host)
    # A listener at a peer that does not capture it, and at one that does.
    mount = next(m for m in MOUNTS if studio.owners(m))
    owner = number_of(studio.owners(mount)[0])
    others = [n for n in NUMBERS if n != owner]
    here = listener_at(group_of[others[0]], mount)
    hears(here)
    equal(len(studio.owners(mount)), 1, "connections with a listener elsewhere")

    lost, before = studio.owned_by(host(owner)), studio.connections()
    kill9(group_of[owner])
    began = time.monotonic()
    wait_for(lambda: all(studio.owners(m) and studio.owners(m) != [host(owner)] for m in lost), "all are captured again")
    took = time.monotonic() - began
    check(took < 2, "captured again after %.2f s" % took)
    time_to_hear = time.monotonic()
    here.pending = b""
    hears(here, 5)
    check(time.monotonic() - time_to_hear < 3, "the listener goes on")
    after = studio.connections()
    equal([m for m in MOUNTS if m not in lost and before[m] is not after.get(m)], [], "mounts of others that were touched")
    equal(studio.most_at_once(began), {}, "connections at once")

    group_of[owner].start()
    wait_for(lambda: studio.owned_by(host(owner)) == lost, "its mounts are handed back", HELD + 10)
    settled(studio)
    check(time.monotonic() - began >= HELD, "not before %d s" % HELD)
    hears(here, 5)
    equal(studio.most_at_once(began), {}, "connections at once while they are handed back")
    return "%d mounts, shares %s, captured again after %.2f s" % (len(MOUNTS), sorted(shares.values()), took)


@test
def a_peer_that_is_cut_off_and_comes_back_makes_no_lasting_duplicate(b):
    mounts = MOUNTS[:8]
    studio, group_of = group(b, mounts, (11, 12, 13))
    owner = max(group_of, key=lambda n: len(studio.owned_by(host(n))))
    lost = studio.owned_by(host(owner))
    group_of[owner].send_signal(signal.SIGSTOP)
    began = time.monotonic()
    try:
        wait_for(lambda: all(len(studio.owners(m)) == 2 for m in lost), "the others capture its mounts")
        took = time.monotonic() - began
    finally:
        group_of[owner].send_signal(signal.SIGCONT)
    check(took < 2.5, "captured by another one after %.2f s of silence" % took)
    back = time.monotonic()
    settled(studio, mounts)
    healed = time.monotonic() - back
    check(healed < 5, "duplicates end after %.2f s" % healed)
    return "captured after %.2f s of silence, duplicates ended after %.2f s" % (took, healed)


@test
def the_preferred_node_captures_and_without_hand_back_it_is_not_given_back(b):
    mounts = MOUNTS[:2]
    studio, group_of = group(b, mounts, (11, 12, 13), "<capture-at>p12</capture-at><hand-back>0</hand-back>")
    equal({m: studio.owners(m) for m in mounts}, {m: [host(12)] for m in mounts}, "owners")
    kill9(group_of[12])
    wait_for(lambda: all(studio.owners(m) and studio.owners(m) != [host(12)] for m in mounts), "captured again")
    settled(studio, mounts)
    next_owners = {m: studio.owners(m) for m in mounts}
    group_of[12].start()
    listener = listener_at(group_of[12], mounts[0])
    hears(listener)
    end = time.monotonic() + HELD + 2
    while time.monotonic() < end:       # it stays so, longer than it would take
        equal({m: studio.owners(m) for m in mounts}, next_owners, "owners")
        hears(listener)


@test
def on_demand_the_studio_is_asked_for_listeners_anywhere(b):
    studio = Studio(b)
    made = peers(b, (11, 12, 13), root=relays(studio, ["/d.test"], "<capture-at>p12</capture-at><on-demand>1</on-demand>"))
    made[1].wait_for_log("mount /d.test: this node captures it")
    equal(studio.history, [], "connections before there is a listener")
    listener = listener_at(made[2], "/d.test")
    hears(listener)
    equal(studio.owners("/d.test"), [host(12)], "connections")


@test
def the_program_of_an_exec_runs_at_one_peer_and_at_the_next_after_its_death(b):
    path = b.dir / "program.sh"
    path.write_text("#!/bin/sh\necho $$ > %s/$1.pid\nwhile :; do echo 'line of the program, again and again'; sleep 0.02; done\n" % b.dir)
    path.chmod(0o755)
    b.dir.chmod(0o777)

    def root(number):
        return ("<relay><local-mount>/x.test</local-mount><content-type>audio/x-test</content-type><ingest>once</ingest>"
                "<capture-at>p12</capture-at><exec>%s %d</exec></relay>" % (path, number))

    made = dict(zip((11, 12, 13), peers(b, (11, 12, 13), root=root)))

    def running():
        return [n for n in made if (b.dir / ("%d.pid" % n)).exists() and alive(int((b.dir / ("%d.pid" % n)).read_text() or 0))]
    wait_for(lambda: running() == [12], "it runs at p12")
    listener = listener_at(made[11], "/x.test")
    hears(listener)
    kill9(made[12])
    began = time.monotonic()
    wait_for(lambda: 12 not in running(), "the program has gone with its node")
    gone = time.monotonic() - began
    wait_for(lambda: len(running()) == 1, "it runs at the next peer")
    took = time.monotonic() - began
    check(gone <= 0.1, "gone after %.0f ms" % (gone * 1000))
    check(took < 2, "runs again after %.2f s" % took)
    listener.pending = b""
    hears(listener, 5)
    return "gone after %.0f ms, at the next peer after %.2f s" % (gone * 1000, took)


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
