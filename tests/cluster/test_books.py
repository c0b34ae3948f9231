"""Rows of the audience over links: each reaches the database of one master exactly once."""
import os
import re
import sqlite3
import time

from api import Api
from bench import Failed, check, equal, test, wait_for
from crowd import Crowd, hearing
from events import Events
from harness import ADMIN, give_away
from link_bench import RawMaster, RawNode, edge, feed, kill9, link_port, linked_master, node, up
from test_link import tls_master

AUDIENCE = "<console>1</console><audience/>"


def with_state(server):
    (server.dir / "state").mkdir()
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    return server.start()


def book_master(b, ids, **options):
    return with_state(linked_master(b, 11, ids, start=False, body_more=AUDIENCE, **options))


def book_edge(b, number, masters, **options):
    return with_state(edge(b, number, masters, start=False, body=AUDIENCE, **options))


def sessions(server, query=""):
    reply = Api(server).ask("GET", "/audience/sessions?most=500" + query)
    return reply.json()["items"] if reply.status == 200 else []


def ended(server, count, query=""):
    def all_there():
        rows = [row for row in sessions(server, query) if not row["open"]]
        return rows if len(rows) == count else None
    return wait_for(all_there, "%d sessions have ended" % count, 30)


def listeners(server):
    return Api(server).want(200, "GET", "/audience/summary").json()["listeners"]


def seconds(server):
    return Api(server).want(200, "GET", "/audience/summary").json()["seconds"]


def hears(b, server, agent="VLC/3.0.20", count=100_000):
    """Listens for longer than a quick look; the source plays at ten times its rate."""
    listener = server.listener(lines=["User-Agent: " + agent])
    listener.read(count)
    return listener


def in_journal(server, kind):
    """The number of rows of this kind in the file; acknowledged rows stay there for a while."""
    lines = (server.dir / "state" / "audience.journal").read_text().splitlines()
    return sum(line.startswith(kind + "\t") for line in lines)


def same_keys(master, *nodes):
    """Checks that the nodes have the master's keys of today and tomorrow."""
    def lines(server):
        path = server.dir / "state" / "audience.keys"
        return set(path.read_text().split("\n")[:-1]) if path.exists() else set()
    wait_for(lambda: len(lines(master)) >= 2 and all(lines(node) == lines(master) for node in nodes), "the keys are the same", 30)


def chosen(server):
    path = server.dir / "state" / "audience.master"
    return path.read_text().strip() if path.exists() else None


@test
def listenings_of_all_nodes_are_in_one_database(b):
    master = book_master(b, ["edge12", "edge13"])
    edges = [book_edge(b, number, master) for number in (12, 13)]
    up(master, "edge12", "edge13")
    feed(b, master)
    same_keys(master, *edges)
    heard = [hears(b, server, agent) for server, agent in zip((*edges, master), ("VLC/3.0.20", "mpv 0.35", "Winamp 5"))]
    wait_for(lambda: listeners(master) == 3, "three listen", 30)
    for listener in heard:
        listener.close()
    rows = ended(master, 3)
    check(all(row["bytes"] >= 100_000 and row["seconds"] >= 5 and row["mount"] == "/live.mp3" for row in rows), rows)
    for server in edges:
        equal(chosen(server), "m11")
        equal(sessions(server, "&all=1"), [], "it has none of its own")
    # A listener of a node is forgotten where its rows are, by one of its sessions or by its address.
    refused = Api(edges[0]).problem("refused", "DELETE", "/audience/sessions?address=127.0.0.1&agent=VLC/3.0.20")
    check("in the database of its master" in refused.text, refused.text)
    log = edges[0].ask("POST /api/v1/audience/plays?mount=live.mp3 HTTP/1.1", ["Host: x", "Content-Type: text/csv", "Content-Length: 4"], ADMIN, body=b"a,b\n")
    equal((log.status, log.json()["type"], "in the database of its master, which takes" in log.text), (409, "/api/problems#refused", True), log.text)
    gone = next(row for row in rows if row["id"] == min(row["id"] for row in rows))
    equal(Api(master).want(200, "DELETE", "/audience/sessions?session=" + gone["id"]).json(), {"sessions": 1})
    equal(sorted(row["id"] for row in sessions(master)), sorted(row["id"] for row in rows if row is not gone))
    left = next(row["player"] for row in sessions(master) if row["player"] != "Winamp")
    agent = {"VLC": "VLC/3.0.20", "mpv": "mpv%200.35"}[left]
    equal(Api(master).want(200, "DELETE", "/audience/sessions?address=127.0.0.1&agent=" + agent).json(), {"sessions": 1}, "of a node")
    # Relays of the nodes are kept apart.
    equal(sorted(row["kind"] for row in sessions(master, "&all=1")).count("listener"), 1)
    titles = master.set_title(song="A%20-%20B")
    equal(titles.status, 200)
    wait_for(lambda: [row["title"] for row in Api(master).want(200, "GET", "/audience/titles").json()["items"]] == ["A - B"],
             "the title is there once")


@test
def rows_from_before_the_first_link_reach_the_master(b):
    master = linked_master(b, 11, ["edge12"], start=False, body_more=AUDIENCE)
    server = book_edge(b, 12, master)
    feed(b, server)
    listener = hears(b, server)
    wait_for(lambda: "no master that keeps a database of the audience has been linked yet" in server.log(), "it waits for the master", 30)
    listener.close()
    equal((sessions(server, "&all=1"), chosen(server)), ([], None), "it has none of its own")
    with_state(master)
    equal([row["bytes"] >= 100_000 for row in ended(master, 1)], [True])
    equal((sessions(server, "&all=1"), chosen(server)), ([], "m11"))


@test
def a_server_whose_master_has_no_links_has_its_own_database(b):
    port = link_port()
    _, file = tls_master(b, port)
    # 401, as Icecast answers.
    block = ("<master><server>127.0.0.11</server><ssl-port>%d</ssl-port><username>edge12</username>"
             "<password>wrong</password><bind>127.0.0.12</bind></master><cluster><id>edge12</id></cluster>" % port)
    os.environ["SSL_CERT_FILE"] = str(file)
    try:
        server = with_state(node(b, 12, block + AUDIENCE, start=False))
        feed(b, server)
        listener = hears(b, server)
        server.wait_for_log("answered 401 and has no cluster link")
        wait_for(lambda: len(sessions(server)) == 1, "it has its own database", 30)
        listener.close()
        ended(server, 1)
    finally:
        del os.environ["SSL_CERT_FILE"]


@test
def a_listener_that_goes_to_another_node_goes_on_with_its_session(b):
    master = book_master(b, ["edge12", "edge13"])
    edges = [book_edge(b, number, master) for number in (12, 13)]
    up(master, "edge12", "edge13")
    feed(b, master)
    same_keys(master, *edges)
    for n, server in enumerate((*edges, master, edges[0])):
        listener = hears(b, server)
        wait_for(lambda: [row["connections"] for row in sessions(master, "&all=1") if row["open"] and row["kind"] != "relay"] == [n + 1], "it is the same one", 30)
        if n == 0:
            wait_for(lambda: listeners(master) == 1, "it is counted", 30)
        listener.close()
        ended(master, 1)
    told = Api(master).want(200, "GET", "/audience/summary").json()
    equal((told["sessions"], told["people"], sessions(master)[0]["connections"]), (1, 1, 4))
    # The keys are there after a restart, and a node that was away gets those of today.
    edges[1].stop()
    (edges[1].dir / "state" / "audience.keys").unlink()
    edges[1].start()
    up(master, "edge13")
    same_keys(master, *edges)


@test
def a_kill_of_either_loses_nothing_and_counts_nothing_twice(b):
    master = book_master(b, ["edge12"])
    node = book_edge(b, 12, master)
    up(master, "edge12")
    feed(b, node)
    hears(b, node).close()
    wait_for(lambda: [row for row in sessions(master, "&all=1") if not row["open"]], "it is there", 20)
    # The master is away: listenings wait.
    kill9(master)
    second = hears(b, node, "mpv 0.35")
    time.sleep(5.2)    # a session is heard for 5 s at least
    second.close()
    wait_for(lambda: in_journal(node, "E") == 2, "rows wait")
    master.start()
    ended(master, 1)
    # The node is away, in the middle of a listening.
    third = hears(b, node, "Winamp 5")
    wait_for(lambda: listeners(master) == 1, "it listens", 20)
    # At its last sign of life it has been heard for longer than a quick look.
    before = seconds(master)
    wait_for(lambda: seconds(master) > before + 2, "it has listened for a while", 20)
    kill9(node)
    third.close()
    node.start()
    up(master, "edge12")
    rows = ended(master, 2)
    equal(sorted(row["player"] for row in rows), ["Winamp", "mpv"])
    everything = sessions(master, "&all=1")
    equal(len([row for row in everything if row["kind"] != "relay"]), 3)
    kill9(master)
    master.start()
    node.stop()
    node.start()
    up(master, "edge12")
    equal(sessions(master, "&all=1"), everything, "after one more kill")
    check("never came" not in master.log(), master.log()[-800:])


@test
def a_database_that_takes_nothing_lets_the_journals_wait(b):
    master = book_master(b, ["edge12"])
    node = book_edge(b, 12, master)
    up(master, "edge12")
    feed(b, node)
    # One without its tables would be opened again only after five seconds.
    wait_for(lambda: Api(master).ask("GET", "/audience/summary").status == 200, "the database is open")
    held = sqlite3.connect(master.dir / "state" / "audience.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    listener = hears(b, node)
    node.wait_for_log("m11 has not taken rows of the audience: .*another program holds it.* rows wait in the journal")
    master.wait_for_log("rows of edge12 are not taken")
    held.execute("ROLLBACK")
    held.close()
    wait_for(lambda: listeners(master) == 1, "it is counted", 30)
    listener.close()
    ended(master, 1)


def anon_bytes(server):
    return 1024 * int(re.search(r"RssAnon:\s+(\d+)", open("/proc/%d/status" % server.process.pid).read()).group(1))


def say_book(raw, last, rows, epoch="5d0c"):
    raw.say(t="BOOK", epoch=epoch, last=last, rows=rows)
    return raw.frame("BOOKED", 20)


@test
def a_lost_acknowledgement_counts_nothing_twice_and_lies_count_nothing(b):
    master = book_master(b, ["edge12", "edge13"])
    now = int(time.time() * 1000)
    raw = RawNode(b, master, "edge12")
    equal(raw.hello()["audience"], True)
    raw.keep_alive()
    rows = ["B 1 %d a1 0 0 0 %%2Frock.mp3 DE VLC" % (now - 60_000), "E 2 1 %d 1000000 0" % (now - 30_000)]
    for _ in range(2):
        equal(say_book(raw, 2, rows), {"t": "BOOKED", "epoch": "5d0c", "last": 2})
    more = [*rows, "B 3 %d b2 0 0 0 %%2Frock.mp3 FR mpv" % (now - 50_000), "E 4 3 %d 2000000 0" % (now - 40_000)]
    equal(say_book(raw, 4, more)["last"], 4)
    equal([(row["seconds"], row["bytes"], row["country"]) for row in sessions(master)], [(30, 1000000, "DE"), (10, 2000000, "FR")])
    # The end of a listening of another node, times of another age, no rows at all.
    liar = RawNode(b, master, "edge13")
    liar.hello()
    liar.keep_alive()
    open_one = "B 5 %d c3 0 0 0 %%2Frock.mp3 DE VLC" % (now - 20_000)
    equal(say_book(raw, 5, [open_one])["last"], 5)
    lies = ["E 6 5 %d 70000 0" % now, "B 7 1 a1 0 0 0 %2Frock.mp3 DE VLC", "E 8 7 253402300799999 5 0", "junk", "B 9 %d a1 0 0 0 rock DE VLC" % now]
    equal(say_book(liar, 9, lies)["last"], 9)
    master.wait_for_log("edge13 has sent 4 rows that cannot be its own")
    row = next(row for row in sessions(master, "&all=1") if row["open"])
    equal((row["ended"], len(sessions(master, "&all=1"))), (None, 3), "the open one is open: %s" % row)
    equal(say_book(raw, 6, ["E 6 5 %d 5000000 0" % now])["last"], 6)
    equal([row["bytes"] for row in ended(master, 3)], [1000000, 2000000, 5000000])
    # Rows that the node has no more.
    events = Events(master)
    equal(say_book(raw, 9, ["B 9 %d d4 0 0 0 %%2Frock.mp3 DE VLC" % now])["last"], 9)
    gap = events.next("audience-gap")
    equal((gap["subject"], gap["rows"], gap["why"]), ("edge12", "2", "they never came"))
    check(re.search(r"^\S+ .*audience/book", master.log(), re.M), "the log names it")


@test
def a_month_of_hearing_on_each_of_many_mounts_takes_little_memory(b):
    """Reported by one node: 700 rows make a million sums."""
    master = book_master(b, ["edge12"])
    raw = RawNode(b, master, "edge12")
    raw.hello()
    raw.keep_alive()
    now = int(time.time() * 1000)
    began = now - 31 * 86_400_000
    rows = []
    for i in range(350):
        rows += ["B %d %d %x 0 0 0 %%2Fm%d DE VLC" % (2 * i + 1, began, i + 1, i), "E %d %d %d 9999999 0" % (2 * i + 2, 2 * i + 1, now)]
    before, most, answer = anon_bytes(master), 0, None
    raw.say(t="BOOK", epoch="5d0c", last=700, rows=rows)
    while answer is None:
        most = max(most, anon_bytes(master))
        try:
            answer = raw.frame("BOOKED", 0.05)
        except Failed:
            check(master.process.poll() is None, "it lives")
    equal(answer["last"], 700)
    check(most - before < 64 << 20, "it took %d MB" % (most - before >> 20))
    heard = Api(master).want(200, "GET", "/audience/summary?from=%d&to=%d" % (began // 1000 - 3600, now // 1000)).json()
    equal((heard["sessions"], heard["seconds"]), (350, 350 * 31 * 86_400))


@test
def a_master_without_a_database_takes_none(b):
    master = linked_master(b, 11, ["edge12"])
    raw = RawNode(b, master, "edge12")
    equal("audience" in raw.hello(), False)
    raw.keep_alive()
    answer = say_book(raw, 1, [])
    equal((answer["last"], answer["why"]), (0, "it has no database of the audience"))
    raw.close()
    node = book_edge(b, 12, master)
    up(master, "edge12")
    feed(b, node)
    hears(b, node).close()
    wait_for(lambda: sessions(node, "&all=1"), "it has a database of its own", 30)
    equal(chosen(node), None)


def next_book(raw):
    return raw.frame("BOOK", 30)


@test
def a_node_keeps_what_is_not_acknowledged(b):
    raw = RawMaster(b, "edge12")
    node = book_edge(b, 12, raw, streams=False)

    def welcome(**more):
        raw.take_until(b"\r\n\r\n", 15)
        raw.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n")
        equal(raw.frame()["t"], "HELLO")
        raw.say(**dict(dict(t="WELCOME", id="m1", epoch="77e0", proto=[1, 2], every=250, dead=60000, audience=True), **more))
        raw.say(t="SNAP", seq=1)
        raw.say(t="ACK", seq=raw.frame("LOAD")["seq"], now=0, iss=0)
    welcome()
    feed(b, node)
    listener = node.listener()
    book = next_book(raw)
    check(all(re.match("[BT] [0-9]+ [0-9]{13} ", row) for row in book["rows"]), book["rows"])
    check("127.0.0" not in str(book["rows"]), book["rows"])
    raw.say(t="BOOKED", epoch="another", last=book["last"])
    raw.say(t="BOOKED", epoch=book["epoch"], last=0, why="the disk is full")
    node.wait_for_log("m1 has not taken rows of the audience: the disk is full; [0-9]+ rows wait in the journal")
    listener.close()
    again = next_book(raw)
    equal(again["rows"][:len(book["rows"])], book["rows"], "the same rows again")
    raw.say(t="BOOKED", epoch=again["epoch"], last=again["last"])
    rows = list(again["rows"])
    while not any(row.startswith("E ") for row in rows):
        book = next_book(raw)
        equal(book["rows"][0].split()[1], str(int(rows[-1].split()[1]) + 1), "the next one")
        rows += book["rows"]
        raw.say(t="BOOKED", epoch=book["epoch"], last=book["last"])
    equal([int(row.split()[1]) for row in rows], list(range(1, len(rows) + 1)), "each once")
    equal(chosen(node), "m1")
    # Its next run waits for this master, and for no other.
    raw.close()
    node.stop()
    node.start()
    feed(b, node)
    heard_by = in_journal(node, "E")
    hears(b, node).close()
    wait_for(lambda: in_journal(node, "E") > heard_by, "it is in the journal")
    equal(sessions(node, "&all=1"), [])


def listened(b, node, master, agent, count):
    """A further listener listens for longer than a quick look, and leaves."""
    heard = hears(b, node, agent)
    wait_for(lambda: listeners(master) == 1, "it is counted", 30)
    heard.close()
    return ended(master, count)


@test
def a_copy_is_put_back_and_another_master_goes_on_with_it(b):
    """By the steps of doc/audience.md."""
    first = book_master(b, ["edge13"])
    second = with_state(linked_master(b, 12, ["edge13"], start=False, body_more="<console>1</console>"))
    node = book_edge(b, 13, [first, second])
    up(first, "edge13"), up(second, "edge13")
    feed(b, node)
    told = listened(b, node, first, "VLC/3.0.20", 1)
    database, copy = first.dir / "state" / "audience.db", b.dir / "copy.db"
    with sqlite3.connect(database) as open_one:
        open_one.execute("VACUUM INTO ?", (str(copy),))
    open_one.close()
    listened(b, node, first, "mpv 0.35", 2)
    first.stop()

    def put(into):
        for path in into.parent.glob(into.name + "*"):
            path.unlink()
        into.write_bytes(copy.read_bytes())
    put(database)
    give_away(first.dir)
    first.start()
    up(first, "edge13")
    rows = wait_for(lambda: sessions(first), "the rows of the copy", 20)
    equal([row for row in rows if row["player"] == "VLC"], told, "it is as it was")
    after = listened(b, node, first, "Winamp 5", len(rows) + 1)
    equal(len({row["id"] for row in after}), len(after))
    equal(sorted(row["player"] for row in after).count("VLC"), 1, "nothing is there twice")
    equal(round(seconds(first), 3), round(sum(row["seconds"] for row in after), 3))
    # To the other master.
    for server in (node, first, second):
        server.stop()
    copy.write_bytes(database.read_bytes())
    put(second.dir / "state" / "audience.db")
    (node.dir / "state" / "audience.master").unlink()
    for server, has, gets in ((first, AUDIENCE, "<console>1</console>"), (second, "<console>1</console>", AUDIENCE)):
        server.write_config(body=server.slots["body"].replace(has, gets, 1))
    for server in (first, second, node):
        server.start()
    up(second, "edge13")
    equal(wait_for(lambda: sessions(second), "they are there", 20), after)
    feed(b, node)
    moved = listened(b, node, second, "foobar2000/1.6", len(after) + 1)
    equal([row for row in moved if row["player"] != "foobar2000"], after, "nothing counts twice")
    equal(round(seconds(second), 3), round(sum(row["seconds"] for row in moved), 3))
    equal(chosen(node), "m12")


@test
def a_node_whose_journal_was_put_back_while_the_master_is_away_loses_no_listener(b):
    master = book_master(b, ["edge12"])
    node = book_edge(b, 12, master)
    up(master, "edge12")
    feed(b, node)
    hears(b, node).close()
    ended(master, 1, "&all=1")
    journal = node.dir / "state" / "audience.journal"
    node.stop()
    copy = journal.read_bytes()
    node.start()
    up(master, "edge12")
    feed(b, node)
    hears(b, node, "mpv 0.35").close()
    hears(b, node, "Winamp 5").close()
    before = ended(master, 3, "&all=1")
    for server in (node, master):
        server.stop()
    journal.write_bytes(copy)
    node.start()
    feed(b, node)
    others = ["foobar2000/1.6", "iTunes/12", "VLC/2"]
    ends = in_journal(node, "E")
    for agent in others:
        hears(b, node, agent).close()
    wait_for(lambda: in_journal(node, "E") == ends + len(others), "rows wait")
    master.start()
    up(master, "edge12")
    after = ended(master, len(before) + len(others), "&all=1")
    equal([row for row in after if row["id"] in {row["id"] for row in before}], before, "what was known")
    node.wait_for_log("WARN .*the journal is an older copy of itself")
    check("never came" not in master.log(), master.log()[-800:])


@test
def a_journal_that_has_waited_is_there_soon(b):
    """30,000 rows over one link."""
    master, many = book_master(b, ["edge12"]), 15_000
    node = book_edge(b, 12, master)
    up(master, "edge12")
    feed(b, node)
    hears(b, node).close()
    wait_for(lambda: in_journal(node, "E") == 1, "its journal")
    node.stop()
    seen = max(int(line.split("\t")[1]) for line in (node.dir / "state" / "audience.journal").read_text().splitlines() if line[:2] in ("B\t", "E\t", "T\t"))
    at = int(time.time() * 1000) - 7_200_000
    with (node.dir / "state" / "audience.journal").open("a") as journal:
        for n in range(many):
            begun = seen + 1 + 2 * n
            journal.write("B\t%d\t%d\t%x\t0\t0\t0\t%%2Flive.mp3\tDE\tVLC\n" % (begun, at + n * 100, (n + 1) * 0x9E3779B97F4A7C15 % 2 ** 64))
            journal.write("E\t%d\t%d\t%d\t1000000\t0\n" % (begun + 1, begun, at + n * 100 + 60_000))
    began = time.monotonic()
    node.start()
    wait_for(lambda: Api(master).want(200, "GET", "/audience/summary").json()["sessions"] >= many, "all are merged", 60)
    rate = 2 * many / (time.monotonic() - began)
    check(rate > 1000, "%d rows a second" % rate)


@test
def listeners_of_a_node_that_is_gone_are_counted_until_then(b):
    master = book_master(b, ["edge12", "edge13"])
    nodes = [book_edge(b, number, master) for number in (12, 13)]
    up(master, "edge12", "edge13")
    feed(b, master)
    crowd, began = Crowd(b), time.monotonic()
    heard = [hearing(crowd, node) for node in nodes]
    wait_for(lambda: listeners(master) == 2 and time.monotonic() > began + 7, "two listen for longer than a quick look", 30)
    kill9(nodes[0])
    gone = time.monotonic()
    wait_for(lambda: listeners(master) == 1, "one is counted no more", 60)
    check(heard[0].ended and not heard[1].ended, "it is the one of that node")
    told, known = seconds(master), gone - began + time.monotonic() - began
    check(abs(told - known) < 6, "%.1f s are told, and they have heard %.1f" % (told, known))
    nodes[0].start()
    ended(master, 1)


@test
def a_node_whose_audience_is_not_counted_is_named(b):
    master = book_master(b, ["edge12", "edge13"])
    counted, other = book_edge(b, 12, master), edge(b, 13, master)
    up(master, "edge12", "edge13")
    feed(b, master)
    crowd = Crowd(b)
    for server in (counted, other):
        hearing(crowd, server)
    wait_for(lambda: "the listeners of edge13 are missing in the figures of the audience" in master.log(), "it is named", 60)
    check("edge12" not in next(line for line in master.log().splitlines() if "are missing in the figures" in line), "the other is counted")
