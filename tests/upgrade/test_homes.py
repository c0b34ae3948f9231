"""Streams whose source is anywhere in the cluster: nodes are replaced, a studio has one connection, and listeners hear
every byte once."""
import time

from bench import ADMIN, check, equal, test, wait_for
from link_bench import edge, linked_master
from media import MP3_FRAME
from peer_bench import peers
from replacing import upgrade
from studio import Studio

PATIENT = "<clients>5000</clients><source-timeout>120</source-timeout>"


def knows(server, mount):
    return mount in server.get("/admin/listmounts", ADMIN).text


@test
def a_source_at_a_node_is_heard_on_while_node_and_master_are_replaced(b):
    master = linked_master(b, 11, {"edge12": 'sources="/live/*"', "edge13": ""}, limits=PATIENT,
                           redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    first, second = (edge(b, n, master, limits=PATIENT) for n in (12, 13))
    source = first.source("/live/a.mp3")
    sent = source.play(200)
    for server in (master, second):
        wait_for(lambda: knows(server, "/live/a.mp3"), "%s knows it: %s" % (server.host, server.log()[-800:]))
    listeners = [server.listener("/live/a.mp3") for server in (first, master, master, second, second)]
    for _ in range(2):
        for server in (first, master, second):
            sent += source.play(40)
            upgrade(server)
            sent += source.play(40)
    last = sent[-3 * MP3_FRAME:-2 * MP3_FRAME]
    for listener in listeners:
        while last not in listener.audio[-3 * MP3_FRAME:]:
            listener.read(MP3_FRAME)
        begin = sent.find(listener.audio[:4 * MP3_FRAME])
        check(begin >= 0, "it begins with what was sent")
        equal(listener.audio == sent[begin:begin + len(listener.audio)], True, "every byte once")


@test
def what_one_node_captures_for_all_is_never_pulled_twice(b):
    """Each peer pulls its part from the studio; a replaced peer asks again, and no other one takes its part over."""
    mounts = ["/m%d.test" % i for i in range(6)]
    numbers = (11, 12, 13)
    studio = Studio(b)

    def relays(number):
        return "".join("<relay><server>127.0.0.1</server><port>%d</port><bind>127.0.0.%d</bind><mount>%s</mount><local-mount>%s"
                       "</local-mount><ingest>once</ingest></relay>" % (studio.port, number, mount, mount) for mount in mounts)
    made = peers(b, numbers, root=relays)
    wait_for(lambda: all(len(studio.owners(mount)) == 1 for mount in mounts), "each mount has one connection", 10)
    # What was open twice while they settled is not the upgrade's.
    begin = time.monotonic()
    owners = {mount: studio.owners(mount) for mount in mounts}
    for _ in range(2):
        for server in made:
            upgrade(server)
            wait_for(lambda: all(len(studio.owners(mount)) == 1 for mount in mounts),
                     "each mount has one connection: %r" % {mount: studio.owners(mount) for mount in mounts}, 10)
    equal(studio.most_at_once(begin), {}, "mounts with two connections at once")
    equal({mount: studio.owners(mount) for mount in mounts}, owners, "who pulls what")
