"""A busy cluster while its servers are replaced: joins, changes of records, a moving mount and a limit, all at once.

LB_FULL=1: 200 joins a second, and each of the two servers is replaced five times.
"""
import os
import random
import re
import time

from bench import check, cluster_json, equal, test, wait_for
from crowd import Crowd, hears
from link_bench import Crowd as Joins
from moves import MOUNT, Scene, encoder_at
from placed import login_of
from replacing import taken, upgrade
from test_store_goes_over import Writer

FULL = os.environ.get("LB_FULL")
ROUNDS, THREADS = (5, 3) if FULL else (1, 1)
FEW, LIMIT = "/few.mp3", 20


def limited(scene):
    """A mount that may have LIMIT listeners, on all nodes together."""
    asked = {"mount": FEW, "place": {"node": "edge12"}, "settings": {"max-listeners-cluster": LIMIT}}

    def placed():
        # A node of a busy machine may be suspect for a moment, and gets no mount then.
        reply = scene.api.ask("POST", "/mounts", asked)
        return reply.json() if reply.status == 201 else None
    made = wait_for(placed, "edge12 takes it", 20)
    encoder_at(scene.b, scene.first, login_of(made), mount=FEW)
    for node in (scene.first, scene.second):
        wait_for(lambda node=node: FEW in node.get("/admin/listmounts", "admin:adm-secret").text, node.name + " has it", 20)
    return Crowd(scene.b)


@test
def joins_changes_and_a_mount_that_moves_notice_nothing(b):
    scene = Scene(b, edges=(14,), each=15, ears=False, redirects=-1, sources=5000)
    few, rng = limited(scene), random.Random(20)
    writer = Writer(b, scene.master, "mounts")
    joins, begin = Joins(scene.master.address, MOUNT, threads=THREADS, pause=0.004 if FULL else 0.02), time.monotonic()
    # A loop that is late is that of a busy machine.
    states = r"node edge\d+ is (?:down|suspect)(?!: its loop took)[^\n]*"
    before = len(re.findall(states, scene.master.log()))

    def crowded():
        ones = [few.join(rng.choice((scene.first, scene.second)).address, FEW) for _ in range(10)]
        wait_for(lambda: all(one.status != 0 or one.ended for one in ones), "all are answered", 20)
        return few.inside == LIMIT
    wait_for(crowded, "all places of the limit are taken: %d" % few.inside, 30)
    stayed = [one for one in few.all if hears(one)]
    for round_ in range(ROUNDS):
        made = len(writer.made)
        upgrade(scene.master)
        crowded()
        upgrade(scene.second)
        crowded()
        wait_for(lambda: len(writer.made) > made + 2 or writer.wrong, "changes are made: %r" % writer.wrong, 20)
        if round_ == 0:
            scene.move()
            new = scene.encoder(scene.second, 880)
            upgrade(scene.master)
            scene.arrived()
            upgrade(scene.second)
    joins.close()
    seconds = time.monotonic() - begin
    scene.all_go_on()
    check(new.process.poll() is None, "the encoder at the new home is connected")
    writer.close()
    equal(writer.wrong, [], "answers of another kind")
    known = set(scene.api.mounts())
    equal([mount for mount in writer.names() if mount not in known], [], "acknowledged changes that are not there")
    check(few.peak <= LIMIT, "%d listened at once, the limit is %d" % (few.peak, LIMIT))
    equal([one for one in stayed if one.ended], [], "listeners under the limit that were ended")
    equal(re.findall(states, scene.master.log())[before:], [], "what the master says of its nodes")
    wrong = [answer for answer in joins.answers if answer[2] not in (200, 302)]
    equal(wrong[:5], [], "joins that got another answer, of %d" % len(joins.answers))
    wait_for(lambda: all(row["unacknowledged"] == 0 for row in cluster_json(scene.master)["nodes"]), "all redirects are confirmed or lost", 15)
    return "%d upgrades of the master, %d of a node in %.0f s; %.0f joins a second, the slowest answered in %.0f ms; %d changes; %s" % (
        len(taken(scene.master)), len(taken(scene.second)), seconds, len(joins.answers) / seconds,
        1000 * max(a[1] - a[0] for a in joins.answers), len(writer.made), scene.quiet(begin))
