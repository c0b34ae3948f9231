"""Streams whose source is anywhere in the cluster: nodes are replaced, a studio has one connection, and listeners hear
every byte once."""
import re
import threading
import time

from api import Api
from bench import ADMIN, Failed, check, equal, test, wait_for
from link_bench import edge, feed, linked_master
from media import MP3_FRAME
from peer_bench import peers
from placed import home, login_of, store_master, up
from replacing import LongPause, upgrade
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


@test
def a_stream_of_a_node_is_there_at_once_when_its_master_is_replaced(b):
    """Before the node is linked again; nobody listens to it at the master."""
    master = linked_master(b, 11, {"edge12": 'sources="/live/*"'}, limits=PATIENT, redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    node = edge(b, 12, master, limits=PATIENT)
    source = node.source("/live/a.mp3")
    source.play(200)
    node.set_title("/live/a.mp3", song="Here")
    source.play(5)
    now = "/api/v1/now/live/a.mp3"

    def shown():
        reply = master.get(now)
        return reply.json()["title"] if reply.status == 200 else reply.status
    for _ in range(2):
        wait_for(lambda: "Here" in str(shown()), "the master knows the title: %r" % shown(), 10)
        upgrade(master)
        end, answers = time.monotonic() + 0.5, []
        while time.monotonic() < end:
            title = shown()
            answers.append(title["text"] if isinstance(title, dict) else title)
        equal([each for each in answers if each != "Here"][:3], [], "of %d titles" % len(answers))
    upgrade(master)
    listener = master.listener("/live/a.mp3")
    listener.read(MP3_FRAME)


@test
def a_source_that_ends_while_its_node_is_replaced_ends_at_the_master(b):
    """Its listeners there get their fallback, and the reason is known."""
    fallback = "<mount><mount-name>/live/a.mp3</mount-name><fallback-mount>/other.mp3</fallback-mount></mount>"
    master = linked_master(b, 11, {"edge12": 'sources="/live/*"'}, limits=PATIENT, body_more=fallback, redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    pause = LongPause(b)
    node = edge(b, 12, master, limits=PATIENT)
    other = master.source("/other.mp3", tag="O")
    other.play(100)
    source = node.source("/live/a.mp3")
    source.play(200)
    wait_for(lambda: knows(master, "/live/a.mp3"), "the master knows it")
    listener = master.listener("/live/a.mp3")
    listener.read(MP3_FRAME)
    pause.begin(node)
    source.leave()
    pause.end(node)

    def off_air():
        told = master.get("/api/v1/mounts/%2Flive%2Fa.mp3", ADMIN).json()["off-air"]
        return told and (told["why"], told["node"])
    wait_for(lambda: off_air() == ("ended", "edge12"), "it is off the air: %r" % (off_air(),))
    wait_for(lambda: other.play(2) and listener.is_open() and b"<O" in listener.pending, "its listener hears the fallback", 5)


@test
def titles_at_the_master_reach_the_home_while_each_is_replaced(b):
    """Its link is made again; a program that sends each title once sends it once."""
    master = store_master(b, 11, (12,))
    node = home(b, 12, master, 'max-sources="10"')
    up(master, [node])
    made = Api(master).want(201, "POST", "/mounts", {"mount": "/a.mp3", "place": {"node": "edge12"}}).json()

    def begun():
        try:
            return feed(b, node, "/a.mp3", login=login_of(made))
        except Failed:
            return None
    source = wait_for(begun, "the home takes the source", 15)
    source.play(20)
    wait_for(lambda: "Metadata update successful" in master.set_title("/a.mp3", song="First").text, "the master knows it")
    sent, stop = [], threading.Event()

    def sends():
        while not stop.is_set():
            song = "Song%d" % len(sent)
            reply = master.set_title("/a.mp3", song=song)
            sent.append((song, re.findall("<message>(.*?)</message>", reply.text) or (reply.status, reply.text)))
    sender = threading.Thread(target=sends)
    sender.start()
    try:
        for server in (master, node, master, node):
            before = len(sent)
            upgrade(server)
            wait_for(lambda: len(sent) > before + 20, "titles are sent: " + server.log()[-600:], 10)
    finally:
        stop.set()
        sender.join()
    equal([each for each in sent if each[1] != ["Metadata update successful"]][:3], [], "refused, of %d titles" % len(sent))

    def shown():
        source.play(1)
        return node.get("/api/v1/now/a.mp3").json()["title"]
    wait_for(lambda: (shown() or {}).get("text") == sent[-1][0], "the last one is heard: %r" % shown())
