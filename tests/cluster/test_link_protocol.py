"""The transcripts of doc/link.md, replayed to a real master."""
import pathlib
import re
import threading

from bench import ADMIN, Failed, check, equal, node_at, test, wait_for
from link_bench import RawMaster, RawNode, edge, feed, first_line, linked_master

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "doc" / "link.md"


def transcript(name):
    found = re.search(r"^```transcript %s\n(.*?)^```" % name, PAGE.read_text(), re.M | re.S)
    if not found:
        raise Failed("doc/link.md has no transcript %s" % name)
    return [(line[0], line[2:]) for line in found.group(1).splitlines()]


def same(pattern, line):
    return re.fullmatch("(?s:.*?)".join(re.escape(part) for part in pattern.split("…")), line)


HEADS = ("upgrade", "refused")  # lines of HTTP: CRLF


class Stage:
    """A master m1 with a stream, and the node edge1, played by the test."""

    def __init__(self, b, attributes="", source=True, **options):
        self.b = b
        self.master = linked_master(b, 11, {"edge1": 'allow-public="127.0.0.12:8000" ' + attributes}, name="m1", **options)
        if source:
            self.master.source("/rock.mp3").play(20)
        self.node = RawNode(b, self.master, "edge1", upgrade=False)
        self.source, self.order = None, None

    def play(self, name):
        for side, text in transcript(name):
            if side == ">":
                self.node.send(text + ("\r\n" if name in HEADS else "\n"))
            elif side == "<":
                ending = b"\r\n" if name in HEADS else b"\n"
                line = self.node.take_until(ending)
                check(line is not None, "the link has ended instead of %r: %s" % (text, self.master.log()[-500:]))
                line = line[:-len(ending)].decode()
                check(same(text, line), "the master says %r, the page %r" % (line, text))
            else:
                self.act(text)

    def act(self, text):
        for pattern, function in self.ACTS:
            found = re.fullmatch(pattern, text)
            if found:
                return function(self, *found.groups())
        raise Failed("nobody knows how to do: " + text)

    def connect(self, mount):
        self.source = self.master.source(mount)

    def leave(self, mount):
        self.source.leave()

    def is_called(self, state):
        wait_for(lambda: node_at(self.master, "edge1")["state"] == state, "it is " + state)

    def publish(self, text, topic):
        equal(self.master.get("/admin/cluster/message?topic=%s&text=%s" % (topic, text), ADMIN).status, 200, "status")

    def kick(self, listener, mount):
        self.command("do=kick&mount=%s&id=%s" % (mount, listener))

    def command(self, query):
        def run():
            self.answer = self.master.get("/admin/cluster/command?node=edge1&" + query, ADMIN).json()
        self.order = threading.Thread(target=run)
        self.order.start()

    def answered(self, word, why):
        self.order.join(5)
        equal(self.answer, {"ok": word == "answered", "why": why}, "answer")

    def listens(self, mount):
        self.asked = []
        wire = self.master.wire()

        def ask():
            wire.send("GET %s HTTP/1.0\r\n\r\n" % mount)
            self.asked.append(wire.reply_head().status)
        self.order = threading.Thread(target=ask)
        self.order.start()

    def is_answered(self, status):
        self.order.join(5)
        equal(self.asked, [int(status)], "status")

    def asks(self, mount):
        def run():
            self.answer = self.master.get("/api/v1/mounts/%s/listeners" % mount.replace("/", "%2F"), ADMIN).json()
        self.order = threading.Thread(target=run)
        self.order.start()

    def is_told(self, addresses, missing):
        self.order.join(5)
        found = " ".join(row["address"] for row in self.answer["items"] if row["node"] == "edge1") or "no listener"
        equal((found, self.answer.get("missing")), (addresses, [missing] if missing else None), "what is told")

    def counts(self, number):
        wait_for(lambda: node_at(self.master, "edge1")["listeners"] == int(number), "it counts " + number)

    def counts_behind(self, number):
        wait_for(lambda: node_at(self.master, "edge1")["below"] == int(number), "it counts %s behind" % number)

    def enforces_all(self):
        wait_for(lambda: 'icecast_conf_lag_seconds{node="edge1"} 0\n' in self.master.get("/metrics", ADMIN).text, "it enforces all")

    def clock_is_behind(self):
        self.master.wait_for_log(r"node edge1 .*: its clock is \d+\.\d s behind ours; it checks our redirects by our clock")
        check(node_at(self.master, "edge1")["clock_skew_ms"] < -5000, "in cluster.json")

    def ends(self, why):
        self.node.expect_end()
        self.master.wait_for_log("node edge1 .*the link has ended: " + why.replace("…", ".*"))

    def api(self, status, line, body=b""):
        headers = ["Host: x", "Content-Type: application/json"] if body else ["Host: x"]
        reply = self.master.ask(line + " HTTP/1.1", headers, ADMIN, body)
        equal(reply.status, status, reply.text)

    def set_title(self, mount, text):
        equal(self.master.set_title(mount, song=text.replace(" ", "%20")).status, 200, "status")

    def make(self, mount):
        self.api(201, "POST /api/v1/mounts", b'{"mount":"%s"}' % mount.encode())

    def remove(self, mount):
        self.api(204, "DELETE /api/v1/mounts" + mount)

    def ban(self, address):
        self.api(201, "POST /api/v1/bans", b'{"match":{"address":"%s"}}' % address.encode())

    ACTS = [(r"the administrator makes the mount (\S+)", make), (r"the administrator removes the mount (\S+)", remove),
            (r"the administrator bans (\S+)", ban), (r"a source connects to (\S+)", connect), (r"the source of (\S+) leaves", leave),
            (r"the master calls edge1 (\w+)", is_called), (r"the administrator publishes (\w+) on topic (\w+)", publish),
            (r"the administrator orders edge1 to kick listener (\d+) of (\S+)", kick),
            (r"the administrator orders edge1: (.*)", command), (r"the order is (\w+): (.*)", answered),
            (r"the administrator asks for the listeners of (\S+)", asks),
            (r"it is told of ([^,]*)(?:, and (\w+) is missing)?", is_told),
            (r"a listener asks the master for (\S+)", listens), (r"it is answered (\d+)", is_answered),
            (r"the master counts (\d+) listeners at edge1", counts),
            (r"the master counts (\d+) listeners behind edge1", counts_behind),
            (r"the master counts no run of CONF that edge1 does not enforce", enforces_all),
            (r"the title of (\S+) is (.*)", set_title),
            (r"the master says that the clock of edge1 is behind its own", clock_is_behind),
            (r"the link ends: (.*)", ends), (r"the connection ends", lambda self: self.node.expect_end())]


@test
def the_page_says_how_a_link_begins_changes_and_ends(b):
    stage = Stage(b)
    stage.play("upgrade")
    stage.play("beginning")
    equal(node_at(stage.master, "edge1")["listeners"], 829, "listeners that the master has been told")
    stage.play("changes")
    stage.play("rest")


@test
def the_page_says_what_loads_are_and_how_a_wrong_one_ends(b):
    stage = Stage(b)
    for name in ("upgrade", "beginning", "loads"):
        stage.play(name)


@test
def the_page_says_what_plays_elsewhere(b):
    stage = Stage(b, 'sources="/live.test"', body_more="<mount><mount-name>/live.test</mount-name></mount>")
    stage.play("upgrade")
    stage.play("titles")


@test
def the_page_says_who_is_behind_a_node(b):
    stage = Stage(b)
    stage.play("upgrade")
    stage.play("below")


@test
def the_page_says_what_is_ordered(b):
    stage = Stage(b)
    for name in ("upgrade", "beginning", "orders"):
        stage.play(name)


@test
def the_page_says_which_node_captures_a_mount(b):
    relay = ("<relay><server>127.0.0.1</server><port>1</port><mount>/live.test</mount><local-mount>/live.test</local-mount>"
             "<ingest>once</ingest></relay>")
    stage = Stage(b, 'sources="/live.test"', source=False, body_more=relay)
    stage.play("upgrade")
    stage.play("ingest")


@test
def the_page_says_what_nodes_have_recorded(b):
    stage = Stage(b, source=False)
    stage.play("upgrade")
    stage.play("arch")


@test
def the_page_says_where_slots_are(b):
    limited = "<mount><mount-name>/rock.mp3</mount-name><max-listeners-cluster>2</max-listeners-cluster></mount>"
    stage = Stage(b, source=False, body_more=limited)
    feed(b, stage.master, "/rock.mp3")
    # In its first second a master does not know which slots nodes have.
    wait_for(lambda: status_of(stage.master, "/rock.mp3") == 200, "the master gives slots")
    wait_for(lambda: stage.master.stat("/rock.mp3", "listeners") == "0", "its listener has left")
    stage.play("upgrade")
    stage.play("slots")


@test
def the_page_says_which_users_listen(b):
    stage = Stage(b)
    stage.play("upgrade")
    stage.play("seats")


@test
def the_page_says_what_a_node_is_to_enforce(b):
    store = '<store type="files" path="%s/server%d/records"/>' % (b.dir, len(b.servers))
    stage = Stage(b, source=False, body_more=store)
    stage.play("upgrade")
    stage.play("conf")


@test
def a_node_that_does_not_know_slots_does_not_get_the_mount(b):
    limited = "<mount><mount-name>/rock.mp3</mount-name><max-listeners-cluster>2</max-listeners-cluster></mount>"
    stage = Stage(b, body_more=limited)
    stage.play("upgrade")
    stage.node.send('{"t":"HELLO","id":"edge1","epoch":"9f3c21aa","proto":[1,0]}\n')
    check(b"WELCOME" in stage.node.take_until(b"\n"), "it is welcome")
    equal(stage.node.take_until(b"\n"), b'{"t":"SNAP","seq":1}\n', "what it is offered")


@test
def a_node_of_an_older_version_is_sent_no_order_that_it_does_not_know(b):
    stage = Stage(b)
    stage.play("upgrade")
    stage.node.send('{"t":"HELLO","id":"edge1","epoch":"9f3c21aa","proto":[1,3]}\n{"t":"SNAP","seq":1}\n')
    check(b"WELCOME" in stage.node.take_until(b"\n"), "it is welcome")
    ask = lambda: stage.master.get("/admin/cluster/command?node=edge1&do=fallback&mount=/rock.mp3&fallback=/jazz.ogg", ADMIN)
    reply = wait_for(lambda: (lambda one: "older version" in one.text and one)(ask()), "it is refused", 5)
    equal(reply.status, 409, reply.text)


def status_of(server, mount):
    wire = server.wire()
    wire.send("GET %s HTTP/1.0\r\n\r\n" % mount)
    status = wire.reply_head().status
    wire.close()
    return status


@test
def the_page_says_what_is_asked_of_a_node(b):
    stage = Stage(b, body_more="<console/>")
    for name in ("upgrade", "beginning", "asks"):
        stage.play(name)


@test
def the_page_says_how_a_long_list_is_cut_and_a_second_process_refused(b):
    stage = Stage(b)
    stage.play("upgrade")
    stage.play("parts")
    stage.node = RawNode(b, stage.master, "edge1", upgrade=False)
    stage.play("upgrade")
    stage.play("twice")
    stage.node.expect_end()


@test
def the_page_says_what_a_cluster_port_answers_to_others(b):
    Stage(b).play("refused")


@test
def the_page_says_how_rows_of_the_audience_are_booked(b):
    stage = Stage(b, body_more="<audience/>", source=False, start=False)
    (stage.master.dir / "state").mkdir()
    stage.master.write_config(paths="<state-dir>%s/state</state-dir>" % stage.master.dir)
    stage.master.start()
    stage.node = RawNode(b, stage.master, "edge1", upgrade=False)
    stage.play("upgrade")
    stage.play("books")


@test
def every_transcript_of_the_page_is_played(b):
    played = ["upgrade", "refused", "beginning", "parts", "changes", "loads", "below", "rest", "orders", "asks", "ingest", "arch", "slots", "seats", "titles", "books", "conf", "twice", "node"]
    equal(sorted(re.findall(r"^```transcript (\S+)$", PAGE.read_text(), re.M)), sorted(played), "transcripts")
    said = "".join(text for name in played for side, text in transcript(name) if side in "<>")
    for kind in ("HELLO", "WELCOME", "SNAP", "DELTA", "LOAD", "ACK", "WHO", "DRAIN", "CMD", "RES", "MSG", "PROVE", "INGEST", "ARCH", "SLOT", "SEAT", "TITLE", "BOOK", "BOOKED", "ASK", "TELL", "CONF", "BYE"):
        check('{"t":"%s"' % kind in said, "no transcript shows " + kind)
    linked_master(b, 11, ["edge1"])


@test
def the_messages_of_the_page_reach_the_master(b):
    stage = Stage(b)
    for name in ("upgrade", "beginning", "changes", "rest"):
        stage.play(name)
    messages = stage.master.get("/admin/cluster/messages.json", ADMIN).json()
    equal([(m["topic"], m["from"]) for m in messages], [("meta", "m1"), ("ban", "edge1")], "messages")


@test
def a_node_says_what_the_page_says(b):
    master = RawMaster(b, "edge12")
    node = edge(b, 12, master, streams=False)
    asked, in_head = [], True
    for side, text in transcript("node"):
        ending = b"\r\n" if in_head else b"\n"
        if side == ">":
            line = next_line(master, ending, skip_loads='"LOAD"' not in text)
            check(same(text, line), "the node says %r, the page %r" % (line, text))
        elif side == "<":
            in_head = in_head and text != ""
            master.send(text.encode() + ending)
        elif text.startswith("the node lists "):
            wait_for(lambda: text.split()[-1] in node.get("/admin/listmounts", ADMIN).text, text)
        elif text.startswith("a listener asks the node for "):
            asked = [threading.Thread(target=lambda: asked.append(first_line(node.address, text.split()[-1])[0]))]
            asked[0].start()
            asked[0].join(0.05)
        elif text.startswith("GET /_lb/proof"):
            path, answer = re.match(r"GET (\S+) .*: (\w+)$", text).groups()
            wait_for(lambda: node.get(path).status == 200, "the node has been told the answer")
            equal(node.get(path).text, answer + "\r\n", "the proof")
        elif text == "it is answered 404":
            asked[0].join(5)
            equal(asked[1:], [404], "status")
        else:
            node.wait_for_log(re.escape(text.replace("the node ends the link", "the link has ended")))
            node.wait_for_log("message x.1 of edge9: meta, 5 bytes")


def next_line(master, ending, skip_loads):
    while True:
        line = master.take_until(ending)
        if line is None:
            raise Failed("the node has ended the link")
        line = line[:-len(ending)].decode()
        if not (skip_loads and line.startswith('{"t":"LOAD"')):
            return line
