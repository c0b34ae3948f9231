"""<ingest>once in a cluster that is cut in two: network namespaces.  Needs root and ip(8); skipped without them."""
import os
import time

from bench import check, equal, test, wait_for
from halves import STUDIO, Halves, address, seen_as
from studio import Studio

NUMBERS = (1, 2, 3, 4, 5)
MOUNTS = ["/m%d.test" % i for i in range(200 if os.environ.get("LB_FULL") else 10)]
SOCKET = "<listen-socket><port>8000</port></listen-socket>"


def peer(b, number, studio):
    others = [n for n in NUMBERS if n != number]
    masters = "".join(
        "<master><server>%s</server><cluster-port>8100</cluster-port><username>p%d</username><password>s-p%d</password></master>"
        % (address(n), number, number) for n in others)
    nodes = "".join('<node id="p%d" secret="s-p%d"/>' % (n, n) for n in others)
    relays = "".join("<relay><server>%s</server><port>%d</port><mount>%s</mount><local-mount>%s</local-mount><ingest>once</ingest></relay>"
                     % (STUDIO, studio.port, mount, mount) for mount in MOUNTS)
    return b.unstarted_server(
        sockets=SOCKET, limits="<clients>5000</clients>",
        body='<max-redirect-slaves>-1</max-redirect-slaves><master-public-slave>1</master-public-slave>%s%s<cluster><id>p%d</id>'
             '<cluster-port>8100</cluster-port><balance hold="0"/><public-address>%s:8000</public-address>'
             '<capacity max-bandwidth="100M"/>%s</cluster>' % (masters, relays, number, address(number), nodes))


def counts(studio):
    return sorted({len(studio.owners(mount)) for mount in MOUNTS})


def settled(studio, what, patience):
    began = time.monotonic()
    wait_for(lambda: counts(studio) == [1], "each mount has one connection %s, not %r" % (what, counts(studio)), patience)
    return time.monotonic() - began


@test
def both_halves_capture_and_the_duplicates_end_when_they_meet(b):
    network = Halves(b, NUMBERS)
    studio = Studio(b, listening=network.listening_socket())
    servers = {n: peer(b, n, studio) for n in NUMBERS}
    for n in NUMBERS:
        network.start(n, servers[n])
    settled(studio, "at the start", 20)
    sides = [{seen_as(n) for n in side} for side in network.sides]

    def captured_by_both():
        return all(len(owners) == 2 and all(len(side & set(owners)) == 1 for side in sides) for owners in map(studio.owners, MOUNTS))
    before = studio.connections()
    began = time.monotonic()
    network.cut()
    wait_for(captured_by_both, "each half has one connection a mount, not %r" % counts(studio), 15)
    cut = time.monotonic() - began
    with studio.lock:
        still = {entry[2] for entry in studio.open}
    equal([m for m in MOUNTS if before[m] not in still], [], "captures that were touched by the cut")
    network.heal()
    healed = settled(studio, "after the cut", 30)
    for _ in range(20):     # and stays so
        equal(counts(studio), [1], "connections a mount")
        time.sleep(0.1)
    check(cut < 3, "both capture %.2f s after the cut" % cut)
    check(healed < 5, "duplicates end %.2f s after the cut is healed" % healed)
    return "%d mounts: both halves capture after %.2f s, duplicates end after %.2f s" % (len(MOUNTS), cut, healed)
