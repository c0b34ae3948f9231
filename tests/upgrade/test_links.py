"""Servers of a cluster are replaced: none counts as dead at another at any moment, no redirect is invalid, listeners
hear every byte once."""
import base64
import re
import time

from bench import ADMIN, Cluster, check, cluster_json, equal, node_at, test, wait_for
from heard import read_until_heard
from link_bench import Crowd, edge, linked_master, plays, public, up
from media import MP3_FRAME
from replacing import upgrade

PATIENT = "<clients>5000</clients><source-timeout>120</source-timeout>"
WITH_RETURN = ("<mount><mount-name>/live</mount-name><fallback-mount>/spare</fallback-mount>"
               "<fallback-override>1</fallback-override></mount>")
UNCLAIMED = 5  # seconds until a relay of the process before that no plan wants is ended


class Pair:
    """A master with two edges, which pull its stream for a listener each."""

    def __init__(self, b, more="", body_more="", edge_body=""):
        self.master = linked_master(b, 11, public(12, 13), limits=PATIENT, more=more, body_more=body_more)
        self.edges = [edge(b, n, self.master, limits=PATIENT, body=edge_body) for n in (12, 13)]
        up(self.master, "edge12", "edge13")
        self.source = self.master.source()
        self.sent = self.source.play(200)
        self.listeners = [plays(each) for each in self.edges]
        self.states = len(self.talk())

    def play(self, units=40):
        self.sent += self.source.play(units)

    def talk(self):
        """The master's log lines about the state of its nodes."""
        return re.findall(r"node edge\d+ is (?:down|suspect)[^\n]*", self.master.log())

    def all_is_well(self):
        wait_for(lambda: all(node_at(self.master, "edge%d" % n)["state"] == "up" for n in (12, 13)), "the edges are up")
        equal(self.talk()[self.states:], [], "what is said of nodes")

    def heard_once(self):
        last = self.sent[-3 * MP3_FRAME:-2 * MP3_FRAME]
        for listener in self.listeners:
            while last not in listener.audio[-3 * MP3_FRAME:]:
                listener.read(MP3_FRAME)
            begin = self.sent.find(listener.audio[:4 * MP3_FRAME])
            check(begin >= 0, "it begins with what was sent")
            equal(listener.audio == self.sent[begin:begin + len(listener.audio)], True, "every byte once")


def followed(server, crowd_begin, crowd):
    """All requests since then were redirected to a node; returns the slowest answer in ms."""
    answers = [a for a in list(crowd.answers) if a[0] >= crowd_begin]
    wrong = [a for a in answers if a[2] != 302]
    equal([a[2] for a in wrong][:5], [], "answers that are not a redirect, of %d; %s" % (len(answers), server.log()[-1500:]))
    return max((a[1] - a[0]) * 1000 for a in answers)


def linked_again(pair, before):
    """Each edge has made its links again since."""
    def made():
        return all(len(re.findall("node edge%d [^\n]*is linked" % n, pair.master.log())) > before[n] for n in before)
    wait_for(made, "the links are made again: " + pair.master.log()[-1500:])


def links(pair, *numbers):
    return {n: len(re.findall("node edge%d [^\n]*is linked" % n, pair.master.log())) for n in numbers}


@test
def a_node_that_is_replaced_is_the_same_to_its_master(b):
    pair = Pair(b)
    epoch = re.search(r"node edge12 [^\n]*epoch (\w+)", pair.master.log()).group(1)
    crowd = Crowd(pair.master.address, "/live.mp3", threads=2, pause=0.005)
    begin = time.monotonic()
    for _ in range(3):
        before = links(pair, 12)
        pair.play()
        upgrade(pair.edges[0])
        linked_again(pair, before)
        pair.play()
    crowd.close()
    followed(pair.master, begin, crowd)
    equal(set(re.findall(r"node edge12 [^\n]*epoch (\w+)", pair.master.log())), {epoch}, "epochs")
    pair.all_is_well()
    pair.heard_once()
    wait_for(lambda: all(row["unacknowledged"] == 0 for row in cluster_json(pair.master)["nodes"]), "all redirects are confirmed or lost", 15)


@test
def its_own_row_and_that_of_a_server_that_never_reports_go_on(b):
    target, port = "127.0.0.14", 8010
    redirect = "<redirect><host>%s</host><port>%d</port></redirect>" % (target, port)
    master = linked_master(b, 11, public(12), body_more=redirect, limits="<max-listeners>1</max-listeners>")
    name = "redirect-%s-%d" % (target, port)
    master.source().play(50)
    stays = master.listener()

    def rows():
        return {row["id"]: row for row in cluster_json(master)["nodes"] if row["kind"] in ("self", "static")}
    for _ in range(3):
        wire = master.wire()
        wire.send(b"GET /live.mp3 HTTP/1.0\r\n\r\n")
        equal(wire.reply_head().status, 302)
    before = wait_for(lambda: rows() if rows()[name]["issued"] == 3 else None, "three were sent there: %r" % rows())
    equal((len(before), before[name]["unacknowledged"]), (2, 3))
    upgrade(master)
    now = rows()
    for row, old in before.items():
        equal((now[row]["issued"], now[row]["unacknowledged"]), (old["issued"], old["unacknowledged"]), row)
        check(now[row]["state_seconds"] >= old["state_seconds"], "%s is in its state since then: %r, %r" % (row, old, now[row]))
    check(stays.is_open(), "its listener stays")


@test
def a_master_that_is_replaced_knows_its_nodes_and_they_it(b):
    pair = Pair(b)
    crowd = Crowd(pair.master.address, "/live.mp3", threads=2, pause=0.005)
    begin = time.monotonic()
    issued = 0
    for _ in range(3):
        before = links(pair, 12, 13)
        pair.play()
        upgrade(pair.master)
        linked_again(pair, before)
        pair.play()
        now = sum(row["issued"] for row in cluster_json(pair.master)["nodes"])
        check(now >= issued, "redirects are counted on: %d after %d" % (now, issued))
        issued = now
    crowd.close()
    followed(pair.master, begin, crowd)
    pair.all_is_well()
    pair.heard_once()
    wait_for(lambda: all(row["unacknowledged"] == 0 for row in cluster_json(pair.master)["nodes"]), "all redirects are confirmed or lost", 15)
    for each in pair.edges:
        check("link has ended: it says goodbye: its program is replaced" in each.log(), "the edge hears why: " + each.log()[-1500:])


@test
def both_are_replaced_again_and_again(b):
    pair = Pair(b)
    for _ in range(3):
        for server in [pair.master] + pair.edges:
            upgrade(server)
            pair.play(20)
    pair.all_is_well()
    pair.heard_once()


@test
def listeners_of_nodes_keep_their_numbers(b):
    pair = Pair(b)
    ask = lambda command, query: pair.master.get("/admin/%s?mount=/live.mp3%s" % (command, query), ADMIN).text

    def numbers():
        rows = re.findall('<listener id="([0-9]+)">(.*?)</listener>', ask("listclients", ""))
        return dict((re.search("<node>(.*?)</node>", text).group(1), number) for number, text in rows if "<node>" in text)
    known = wait_for(lambda: numbers() if len(numbers()) == 2 else None, "both are listed: " + ask("listclients", ""), 10)
    for server in [pair.edges[0], pair.master, pair.master]:
        before = links(pair, 12, 13) if server is pair.master else links(pair, 12)
        pair.play()
        upgrade(server)
        linked_again(pair, before)
        wait_for(lambda: numbers() == known, "the numbers are %r: %r" % (known, numbers()), 10)
    # Of a list that was made before the upgrade.
    before = links(pair, 12, 13)
    upgrade(pair.master)
    linked_again(pair, before)
    check("<return>1</return>" in ask("killclient", "&id=" + known["edge13"]), "it is killed by its old number")
    wait_for(lambda: list(numbers().items()) == [("edge12", known["edge12"])], "the other one is left: %r" % numbers(), 10)


@test
def a_listener_who_was_sent_before_is_let_in_behind_it(b):
    """The token of a redirect is signed by a key of the master's run, which the next process has."""
    from bench import ask_and_close
    pair = Pair(b)
    targets = []
    for _ in range(6):
        reply = ask_and_close(pair.master)
        equal(reply.status, 302)
        targets.append(reply.get("Location"))
    check(all("lb=" in target for target in targets), "redirects have tokens: %r" % targets)
    for server in [pair.master] + pair.edges:
        upgrade(server)
    for target in targets:
        host, path = re.match(r"http://([^/]+)(/.*)", target).groups()
        there = next(each for each in pair.edges if "%s:%d" % (each.host, each.given_port) == host)
        equal(ask_and_close(there, path).status, 200, "the node serves whom the master before has sent")


@test
def messages_and_marks_of_the_run_go_on(b):
    pair = Pair(b)

    def heard(server):
        return [m["bytes"] for m in server.get("/admin/cluster/messages.json", ADMIN).json()]

    for round_ in range(2):
        before = links(pair, 12, 13)
        upgrade(pair.master)
        linked_again(pair, before)
        # Another mount: each edge asks the master for it, by a mark with a number that was not used before.
        source = pair.master.source("/more%d.mp3" % round_)
        source.play(100)
        for each in pair.edges:
            plays(each, "/more%d.mp3" % round_)
        text = base64.b64encode(b"news%d" % round_).decode()
        equal(pair.master.get("/admin/cluster/message?topic=t&text=news%d" % round_, ADMIN).status, 200)
        for each in pair.edges:
            wait_for(lambda: heard(each).count(text) == 1, "the message of this process of the master is new")
        upgrade(pair.edges[0])
        pair.play(20)
    check("used before" not in pair.master.log(), "no mark is used twice: " + pair.master.log()[-1500:])
    pair.heard_once()


@test
def nodes_that_post_are_known_behind_it_and_go_on_posting(b):
    """Without links a master knows its nodes by their posts, and the next one may be seconds away."""
    cluster = Cluster(b, slaves={"e1": "", "e2": ""}, slave_root="<interval>1</interval>")
    listeners = [plays(each) for each in cluster.slaves.values()]
    crowd = Crowd(cluster.master.address, "/live.mp3", threads=2, pause=0.005)
    begin = time.monotonic()
    for _ in range(2):
        for server in [cluster.master] + list(cluster.slaves.values()):
            upgrade(server)
            sent = cluster.source.play(60)
    crowd.close()
    followed(cluster.master, begin, crowd)
    last = sent[-3 * MP3_FRAME:-2 * MP3_FRAME]
    for listener in listeners:
        while last not in listener.audio[-3 * MP3_FRAME:]:
            listener.read(MP3_FRAME)
    equal({node_at(cluster.master, name)["state"] for name in ("e1", "e2")}, {"up"})
    equal(re.findall(r"node e\d is (?:down|suspect)[^\n]*", cluster.master.log()), [], "what is said of nodes")


@test
def a_node_that_posts_counts_on_behind_its_own_upgrade(b):
    """Its master, which is not replaced, refuses a report whose number it has had."""
    cluster = Cluster(b, slaves={"e1": ""}, slave_root="<interval>1</interval>")
    e1, taken = cluster["e1"], "takes this node's reports"
    wait_for(lambda: cluster.master.log("access").count("POST /admin/sourcelist.txt") >= 3, "e1 has posted several times")
    before = e1.log().count(taken)
    upgrade(e1)
    wait_for(lambda: e1.log().count(taken) > before, "its posts are taken: " + e1.log()[-800:])
    equal(re.findall("a report from [^\n]* was refused[^\n]*", cluster.master.log()), [], "refused reports")


@test
def listeners_of_a_mount_that_plays_its_fallback_at_the_master_stay(b):
    """The master has withdrawn the mount: the node keeps its relay for those who listen."""
    master = linked_master(b, 11, public(12), limits=PATIENT, body_more=WITH_RETURN)
    node = edge(b, 12, master, limits=PATIENT)
    up(master, "edge12")
    live, spare = master.source("/live", tag="L"), master.source("/spare", tag="S")
    live.play(100)
    listener = plays(node, "/live")
    read_until_heard(listener, live, "L", spare)
    live.leave()
    read_until_heard(listener, spare, "LS")
    upgrade(node)
    upgraded = time.monotonic()
    while time.monotonic() < upgraded + UNCLAIMED + 1:
        spare.play(5)
        listener.read(5 * MP3_FRAME)
        time.sleep(0.05)
    check("not configured any more" not in node.log(), "the relay goes on: " + node.log()[-800:])
    live = master.source("/live", tag="M")
    read_until_heard(listener, live, "LSM", spare)
