"""Icecast's commands at a master about a mount whose source or listeners are at its nodes."""
import re
import signal
import time

from api import Api
from bench import ADMIN, Failed, check, equal, test, wait_for
from crowd import Crowd, hearing
from link_bench import edge, feed, linked_master
from placed import home, login_of, store_master, up

MOUNT, OTHER = "/placed.mp3", "/other.mp3"


class Row:
    def __init__(self, number, text):
        self.number, self.node = int(number), re.findall("<node>(.*?)</node>", text)
        self.relay, self.address = "<relay>" in text, re.search("<IP>(.*?)</IP>", text).group(1)
        for name in ("UserAgent", "Connected", "ID"):
            check("<%s>" % name in text, text)


class Scene:
    """A mount whose home is edge12; edge13 and the master m11 relay it from there."""

    def __init__(self, b, settings={}):
        self.b, self.settings = b, settings
        self.master = store_master(b, 11, (12, 13))
        self.home, self.other = [home(b, number, self.master, 'max-sources="10"') for number in (12, 13)]
        self.servers = {"edge12": self.home, "edge13": self.other, "m11": self.master}
        up(self.master, [self.home, self.other])
        self.api, self.crowd = Api(self.master), Crowd(b)
        self.source = self.play(MOUNT)

    def play(self, mount):
        made = self.api.want(201, "POST", "/mounts", {"mount": mount, "place": {"node": "edge12"}, "settings": self.settings}).json()
        self.login = login_of(made)
        source = wait_for(lambda: self.begin(mount), "the home takes the source of " + mount, 15)
        wait_for(lambda: mount in self.ask("listmounts"), "the master knows " + mount)
        return source

    def begin(self, mount):
        try:
            return feed(self.b, self.home, mount, login=self.login)
        except Failed:
            return None

    def hearing(self, mount=MOUNT):
        return {name: hearing(self.crowd, server, mount) for name, server in self.servers.items()}

    def ask(self, command, query="", status=200):
        answer = self.master.get("/admin/%s?%s" % (command, query), ADMIN)
        equal(answer.status, status, answer.text)
        return answer.text

    def listed(self, mount=MOUNT):
        text = self.ask("listclients", "mount=" + mount)
        rows = [Row(*found) for found in re.findall('<listener id="([0-9]+)">(.*?)</listener>', text)]
        people = [row for row in rows if not row.relay]
        equal(re.findall("<Listeners>(.*?)</Listeners>", text), [str(len(rows))])
        return people

    def at(self, nodes, mount=MOUNT, patience=10, plays=None):
        """The listeners by node, once each node has one; plays: a source to be played meanwhile, or relays would find
        it silent."""
        def found():
            if plays:
                plays.play(2)
            time.sleep(0.1)  # a node answers 20 questions a second
            rows = {(row.node or ["m11"])[0]: row for row in self.listed(mount)}
            return rows if sorted(rows) == sorted(nodes) else None
        try:
            return wait_for(found, "the master lists those at %s" % sorted(nodes), patience)
        except Failed as late:
            raise Failed("%s: %s" % (late, self.ask("listclients", "mount=" + mount))) from None


def result(text):
    return re.search("<message>(.*)</message><return>([01])</return>", text).groups()


@test
def listeners_at_all_nodes_are_listed_and_killed_by_their_numbers(b):
    scene = Scene(b)
    ones = scene.hearing()
    rows = scene.at(ones)
    equal(len({row.number for row in rows.values()}), 3, "numbers are of one listener each")
    equal({row.address for row in rows.values()}, {"127.0.0.77"})
    again = scene.at(ones)
    equal([again[name].number for name in ones], [rows[name].number for name in ones], "the numbers of another list")
    page = scene.ask("listclients.xsl", "mount=" + MOUNT)
    check(all("(edge%d)" % number in page for number in (12, 13)) and "3 listeners" in page, page)
    for name, row in rows.items():
        equal(result(scene.ask("killclient", "mount=%s&id=%d" % (MOUNT, row.number))), ("Client %d removed" % row.number, "1"))
        wait_for(lambda: ones[name].ended, "the listener at %s has ended" % name)
        check(result(scene.ask("killclient", "mount=%s&id=%d" % (MOUNT, row.number)))[1] == "0", "it is gone")
    for number in ("-1", "x", "0", "99999"):
        equal(result(scene.ask("killclient", "mount=%s&id=%s" % (MOUNT, number)))[1], "0", number)


@test
def a_node_that_does_not_answer_is_named(b):
    scene = Scene(b)
    ones = scene.hearing()
    rows = scene.at(ones)
    scene.other.send_signal(signal.SIGSTOP)
    try:
        text = scene.ask("listclients", "mount=" + MOUNT)
        check("<missing>edge13</missing>" in text and "<node>edge12</node>" in text, text)
        message, code = result(scene.ask("killclient", "mount=%s&id=%d" % (MOUNT, rows["edge13"].number)))
        check(code == "0" and message.startswith("Client %d not removed: node edge13" % rows["edge13"].number), message)
    finally:
        scene.other.send_signal(signal.SIGCONT)
    # It keeps its number.
    equal(scene.at(ones)["edge13"].number, rows["edge13"].number)
    check(not ones["edge13"].ended, "it hears on")


@test
def a_title_at_the_master_is_the_title_everywhere(b):
    scene = Scene(b)
    ones = scene.hearing()
    scene.at(ones)
    ears = [server.listener(MOUNT, icy=True) for server in scene.servers.values()]
    for query, title in (("song=One", "One"), ("artist=%C4nna&title=Lied&charset=ISO-8859-1", "Änna - Lied"), ("artist=A&title=B", "A - B")):
        equal(result(scene.ask("metadata", "mode=updinfo&mount=%s&%s" % (MOUNT, query))), ("Metadata update successful", "1"))
        for ear in ears:
            ear.read_title(b"StreamTitle='%s';" % title.encode())
        equal(scene.home.stat(MOUNT, "title"), title, "the title at the home")
    equal(result(scene.ask("metadata", "mode=updinfo&mount=%s&title=Alone" % MOUNT))[1], "1", "Icecast takes it and does nothing")


@test
def killing_the_source_at_the_master_ends_it_at_its_home(b):
    scene = Scene(b)
    ones = scene.hearing()
    equal(result(scene.ask("killsource", "mount=" + MOUNT)), ("Source Removed", "1"))
    scene.home.wait_for_log("orders kick of " + MOUNT)
    for name, one in ones.items():
        wait_for(lambda: one.ended, "its listener at %s has ended" % name, 15)
    equal(scene.home.get(MOUNT).status, 404, "at its home")


@test
def one_encoder_is_killed_at_its_home_by_its_number_there(b):
    scene = Scene(b, {"standby-sources": 1})
    second = scene.begin(MOUNT)

    def encoders():
        return re.findall('<encoder id="([0-9]+)">.*?<state>(.*?)</state>', scene.home.get("/admin/listmounts", ADMIN).text)
    ids = wait_for(lambda: encoders() if [state for _, state in encoders()] == ["writes", "flows"] else None, "one stands by at the home", 10)
    kill = lambda number: result(scene.ask("killsource", "mount=%s&id=%s" % (MOUNT, number)))
    message, code = kill(999999)
    check(code == "0" and "node edge12: there is no such encoder" in message, message)
    equal(kill(ids[1][0]), ("Source %s removed" % ids[1][0], "1"))
    wait_for(lambda: len(encoders()) == 1, "the one that stood by has ended", 10)
    equal(encoders(), [(ids[0][0], "writes")], "the other one goes on: %s" % second)


@test
def a_fallback_is_set_at_the_home_and_where_listeners_are(b):
    scene = Scene(b)
    fallback_source = scene.play(OTHER)
    ones = scene.hearing()
    scene.at(ones)
    seen = lambda server: re.findall('<source mount="%s"><fallback>(.*?)</fallback>' % MOUNT, server.get("/admin/listmounts", ADMIN).text)
    for fallback in (OTHER, ""):
        text = scene.ask("fallbacks", "mount=%s&fallback=%s" % (MOUNT, fallback))
        check("<p>Fallback configured</p>" in text, text)
        equal({name: seen(server) for name, server in scene.servers.items()}, dict.fromkeys(scene.servers, [fallback]))
    scene.ask("fallbacks", "mount=%s&fallback=%s" % (MOUNT, OTHER))
    equal(result(scene.ask("killsource", "mount=" + MOUNT))[1], "1")
    heard = {name: one.audio for name, one in ones.items()}
    scene.at(ones, OTHER, 40, fallback_source)   # a relay waits 8 s for its source
    wait_for(lambda: fallback_source.play(2) and all(one.audio > heard[name] for name, one in ones.items()), "all hear the fallback")
    scene.other.send_signal(signal.SIGSTOP)
    try:
        text = scene.ask("fallbacks", "mount=%s&fallback=" % OTHER)
        check("Fallback configured, but not at node edge13: " in text, text)
    finally:
        scene.other.send_signal(signal.SIGCONT)


@test
def listeners_of_all_nodes_move(b):
    scene = Scene(b)
    scene.play(OTHER)
    ones = scene.hearing()
    scene.at(ones)
    text = scene.ask("moveclients", "mount=%s&destination=%s" % (MOUNT, OTHER))
    equal(result(text.replace("</return><moved>", "</return>,<moved>")), ("Clients moved from %s to %s" % (MOUNT, OTHER), "1"))
    check(int(re.search("<moved>(.*)</moved>", text).group(1)) >= 3, text)
    scene.at(ones, OTHER)
    heard = {name: one.audio for name, one in ones.items()}
    wait_for(lambda: all(one.audio > heard[name] for name, one in ones.items()), "all hear on")
    equal([one.ended for one in ones.values()], [None] * 3)


@test
def listeners_at_nodes_of_a_source_at_the_master_are_the_masters(b):
    master = linked_master(b, 11, {"edge12": "", "edge13": ""})
    nodes = [edge(b, number, master) for number in (12, 13)]
    up(master, nodes)
    sources = [feed(b, master, mount) for mount in (MOUNT, OTHER)]
    crowd = Crowd(b)
    for node in nodes:
        wait_for(lambda: MOUNT in node.get("/admin/listmounts", ADMIN).text, "the node knows it")
    ones = [hearing(crowd, node, MOUNT) for node in nodes]
    get = lambda command, query: master.get("/admin/%s?%s" % (command, query), ADMIN).text

    def listed():
        found = re.findall("<ID>([0-9]+)</ID>(?:(?!<listener).)*?<node>(.*?)</node>", get("listclients", "mount=" + MOUNT))
        return dict((node, number) for number, node in found) if len(found) == 2 else None
    rows = wait_for(listed, "both are listed: " + get("listclients", "mount=" + MOUNT), 10)
    equal(result(get("killclient", "mount=%s&id=%s" % (MOUNT, rows["edge12"])))[1], "1")
    wait_for(lambda: ones[0].ended, "it has ended")
    wait_for(lambda: "<listeners>1</listeners>" in get("listmounts", ""), "one is left", 10)
    text = get("moveclients", "mount=%s&destination=%s" % (MOUNT, OTHER))
    check("<return>1</return>" in text, text)
    wait_for(lambda: get("listclients", "mount=" + OTHER).count("<node>edge13</node>") == 1, "the other one has moved to a mount that nobody heard there: " + text, 10)
    heard = ones[1].audio
    wait_for(lambda: ones[1].audio > heard, "it hears on")
    check(not ones[1].ended and sources, "it has not ended")
