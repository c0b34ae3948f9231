"""Attacks in the compatible forms: posts, lists, Icecast-KH's registration, tokens, proofs."""
import socket

from bench import (ADMIN, LISTENER, RELAY, Cluster, Site, ask_and_close, check, cluster_json, equal, master_body, matches,
                   node_at, post_report, start, target_of, test, wait_for)
from harness import request

REDIRECTS = "<max-redirect-slaves>-1</max-redirect-slaves>"


def two_nodes(bench, more=""):
    """A master with a stream, e1 up by a report, and e6, which is the attacker's."""
    site, place, evil = Site(11), Site(12), Site(13)
    master = start(bench, site, master_body({"e1": (place, ""), "e6": (evil, "")}, more=more))
    master.source().play(10)
    header = "e1; public=%s; interval=60; seq=1; epoch=a" % place.address
    equal(post_report(master, "e1:s-e1", header, b"/live.mp3\t3\n").status, 200, "the honest report")
    return master, place, evil


def unharmed(master, place, *others):
    row = node_at(master, "e1")
    equal((row["state"], row["listeners"], row["addresses"]), ("up", 3, ["http://" + place.address]), "the honest node")
    check(target_of(ask_and_close(master)) in (place.address, *others), "where a listener goes")


@test
def a_known_node_says_nothing_about_another(bench):
    master, place, evil = two_nodes(bench)
    lies = ["e1; public=%s; interval=5; seq=9; epoch=b" % evil.address,
            "e1; public=%s; interval=5; seq=9; epoch=a; leaving=1" % place.address,
            "e1; public=%s; interval=5; seq=9; epoch=a; draining=1" % place.address,
            "e1; public=%s; interval=5; seq=9; epoch=a; listeners=99999" % place.address]
    for lie in lies:
        reply = post_report(master, "e6:s-e6", lie)
        equal((reply.status, "speaks for e1" in reply.text), (403, True), lie)
    # A second id, in any place where an id could be looked for, is none.
    for header, body in (("e6; public=%s; interval=5; seq=1; epoch=a; id=e1; node=e1" % evil.address, b""),
                         ("e6; public=%s; interval=5; seq=2; epoch=a" % evil.address, b"# id=e1 leaving=1\n")):
        equal(post_report(master, "e6:s-e6", header, body).status, 200, header)
    equal(post_report(master, "e6:s-e6", "e6; public=%s; interval=5; seq=3; epoch=a" % place.address).status, 403,
          "another node's address")
    unharmed(master, place)


@test
def a_report_that_is_cut_off_is_none(bench):
    """The connection ends before the body: no part of the report counts."""
    master, place, _ = two_nodes(bench)
    whole = request("POST /admin/sourcelist.txt HTTP/1.0",
                    ["X-LB-Node: e1; public=%s; interval=5; seq=2; epoch=a" % place.address, "Content-Type: text/plain"],
                    "e1:s-e1", b"/live.mp3\t0\n/other.mp3\t5\n")
    for part in [1, 20, len(whole) // 2, *range(len(whole) - 30, len(whole), 3)]:
        with socket.create_connection(master.address) as wire:
            wire.sendall(whole[:part])
            wire.shutdown(socket.SHUT_WR)
            wire.settimeout(5)
            heard = wire.recv(4096)
        check(b" 200 " not in heard[:20], "%d of %d bytes were taken: %r" % (part, len(whole), heard[:40]))
        equal(node_at(master, "e1")["listeners"], 3, "listeners after %d bytes" % part)
    unharmed(master, place)


@test
def two_lengths_or_chunks_smuggle_nothing(bench):
    master, place, evil = two_nodes(bench)
    inner = request("POST /admin/sourcelist.txt HTTP/1.0", ["X-LB-Node: e6; public=%s; interval=5; seq=1; epoch=a" % evil.address,
                                                            "Content-Length: 0"], "e6:s-e6")
    good = ["X-LB-Node: e1; public=%s; interval=60; seq=%d; epoch=a" % (place.address, 2)]
    for i, lines in enumerate((["Content-Length: 0", "Content-Length: %d" % len(inner)],
                               ["Transfer-Encoding: chunked", "Content-Length: 3"], ["Content-Length: -1"],
                               ["Content-Length: 0x10"], ["Content-Length: 5, 0"], ["Content-Length: 99999999999999999999"])):
        with socket.create_connection(master.address) as wire:
            wire.sendall(request("POST /admin/sourcelist.txt HTTP/1.1", ["Host: x", *good, *lines], "e1:s-e1") + inner)
            wire.settimeout(5)
            heard = b""
            try:
                while data := wire.recv(4096):
                    heard += data
            except ConnectionError:
                pass
        check(heard.count(b"HTTP/1.") <= 1, "%r had %d answers" % (lines, heard.count(b"HTTP/1.")))
        equal(node_at(master, "e6"), None, "who was smuggled in by %r" % lines)
    equal(node_at(master, "e1")["state"], "up", "the honest node")


@test
def two_headers_that_name_a_node_are_not_two_reports(bench):
    master, place, evil = two_nodes(bench)
    reply = master.ask("POST /admin/sourcelist.txt HTTP/1.0",
                       ["X-LB-Node: e6; public=%s; interval=5; seq=1; epoch=a" % evil.address,
                        "X-LB-Node: e1; public=%s; interval=5; seq=9; epoch=a; leaving=1" % place.address,
                        "Content-Length: 0"], "e6:s-e6")
    check(reply.status in (200, 400, 403), "status %d" % reply.status)
    unharmed(master, place)


@test
def a_recorded_report_counts_once(bench):
    master, place, _ = two_nodes(bench)
    recorded = request("POST /admin/sourcelist.txt HTTP/1.0",
                       ["X-LB-Node: e1; public=%s; interval=60; seq=2; epoch=a" % place.address], "e1:s-e1", b"/live.mp3\t3\n")
    answers = []
    for source in (None, None, "127.0.0.99"):
        wire = master.wire(source_address=source)
        wire.send(recorded)
        answers.append(wire.reply().status)
    equal(answers, [200, 409, 409], "statuses")
    # A farewell, recorded: it ends the run that it was of, and no later one.
    bye = request("POST /admin/sourcelist.txt HTTP/1.0",
                  ["X-LB-Node: e1; public=%s; interval=60; seq=3; epoch=a; leaving=1" % place.address, "Content-Length: 0"], "e1:s-e1")
    wire = master.wire()
    wire.send(bye)
    equal(wire.reply().status, 200, "the farewell")
    header = "e1; public=%s; interval=60; seq=1; epoch=b" % place.address
    equal(post_report(master, "e1:s-e1", header, b"/live.mp3\t3\n").status, 200, "the next run")
    wire = master.wire()
    wire.send(bye)
    equal(wire.reply().status, 409, "the farewell again")
    unharmed(master, place)


@test
def a_stranger_registers_nothing_in_khs_form(bench):
    master, place, evil = two_nodes(bench, more='<legacy-slave address="127.0.0.88" public="127.0.0.88:8000"/>')
    query = "?rserver=%s&rport=%d&interval=5" % (evil.host, evil.port)
    for login, source in ((None, None), (RELAY, "127.0.0.89"), ("relay:wrong", "127.0.0.88"), ("e9:s-e9", None), (ADMIN, "127.0.0.89")):
        for path in ("/admin/streams", "/admin/streamlist.txt"):
            master.ask("GET %s%s HTTP/1.0" % (path, query), [], login, source_address=source)
            master.ask("GET %s%s HTTP/1.0" % (path, query), [], login, source_address=source)
    equal(sorted(row["id"] for row in cluster_json(master)["nodes"]), ["e1", "m1"], "rows")
    # Who may register, but names the address of another: the configuration's counts.
    for _ in range(2):
        equal(master.ask("GET /admin/streamlist.txt%s HTTP/1.0" % query, [], RELAY, source_address="127.0.0.88").status, 200, "list")
    equal(node_at(master, "legacy-127.0.0.88")["addresses"], ["http://127.0.0.88:8000"], "its address")
    check(evil.address not in master.get("/admin/cluster.json", ADMIN).text, "the other one is nowhere")
    # And with a node's secret, only what allow-public names.
    for bad in ("evil.example", place.host):
        master.ask("GET /admin/streamlist.txt?rserver=%s&rport=%d&interval=5 HTTP/1.0" % (bad, place.port), [], "e6:s-e6")
    equal(node_at(master, "e6"), None, "the attacker's row")
    unharmed(master, place, "127.0.0.88:8000")


@test
def absurd_registrations_in_khs_form_are_refused(bench):
    more = '<legacy-slave address="127.0.0.88" public="127.0.0.88:8000"/>'
    master, place, _ = two_nodes(bench, more=more)
    bad = ["rserver=a&rport=0&interval=5", "rserver=a&rport=70000&interval=5", "rserver=a&rport=-1&interval=5",
           "rserver=a&rport=8000&interval=99999999", "rserver=a&rport=8000&interval=0", "rserver=&rport=8000&interval=5",
           "rserver=%00&rport=8000&interval=5", "rserver=a%0d%0ab&rport=8000", "rserver=" + "a" * 300 + "&rport=8000",
           "rserver=[::1&rport=8000&interval=5", "rserver=a b&rport=8000", "rserver=2130706433&rport=8000&interval=5",
           "rserver=0x7f.1&rport=8000&interval=5", "rserver=a&rport=8e3&interval=5"]
    for query in bad:
        wire = master.wire(source_address="127.0.0.88")
        wire.send(request("GET /admin/streamlist.txt?%s HTTP/1.0" % query.replace(" ", "%20"), [], RELAY))
        wire.take_all()
        row = node_at(master, "legacy-127.0.0.88")
        check(row is None or row["interval_ms"] <= 3600000, "%r made %r" % (query, row))
        check(row is None or row["state"] != "up" or row["addresses"] == ["http://127.0.0.88:8000"], "%r made %r" % (query, row))
    unharmed(master, place)


@test
def nobody_makes_himself_a_server_by_words_alone(bench):
    """The marks of a relay prevent a redirect of the listener, and give it no other right."""
    limits = "<clients>5000</clients>"
    mount = "<mount><mount-name>/live.mp3</mount-name><max-listeners>2</max-listeners></mount>"
    site, place = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (place, "")}, root=mount), limits=limits)
    master.source().play(10)
    marks = ["X-LB-Relay: e1.aaaa", "Via: 1.1 e1.aaaa", "User-Agent: Icecast 2.4.4"]
    wires = []
    statuses = []
    for _ in range(4):
        wire = master.wire(source_address=LISTENER)
        wire.send(request("GET /live.mp3 HTTP/1.1", ["Host: x", *marks]))
        statuses.append(wire.reply_head().status)
        wires.append(wire)
    equal(statuses[:2], [200, 200], "within the limit")
    check(set(statuses[2:]) == {403}, "above the limit of the mount: %r" % statuses)
    equal(master.get("/admin/streamlist.txt").status, 401, "the list of streams without a password")


@test
def a_false_token_counts_no_arrival(bench):
    """Arrivals confirm redirects: invented ones could make a dead node look healthy."""
    from test_tokens import KEYS, token, wait_for_tokens
    c = Cluster(bench, {"e1": ""}, master=KEYS, slave=KEYS)
    path = wait_for_tokens(c).split(c.sites["e1"].address)[1]
    good = path[-27:]
    bad = ["x" * 27, good[:-1], good + "A", good[:5] + ("A" if good[5] != "A" else "B") + good[6:], token("e2", "/live.mp3"),
           token("e1", "/other.mp3"), token("e1", "/live.mp3", lifetime=-10), token("e1", "/live.mp3", key=b"third"),
           "%00" * 27, "A" * 4000, ""]
    for value in bad:
        check(ask_and_close(c["e1"], "/live.mp3?lb=" + value).status in (200, 414), "it is served as anybody: %r" % value[:40])
    equal(ask_and_close(c["e1"], path).status, 200, "with a good one")
    wait_for(lambda: node_at(c.master, "e1")["arrived"] >= 1, "the good one is told", 3)
    equal(node_at(c.master, "e1")["arrived"], 1, "arrivals")


@test
def nothing_of_a_report_reaches_an_answer_or_a_page_unescaped(bench):
    site, place = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (place, "")}))
    evil = b"/%3cscript%3ealert(1)%3c%2fscript%3e.mp3\t1\n/%22%27%26.mp3\t2\n/%e2%80%ae.mp3\t3\n"
    header = "e1; public=%s; interval=60; seq=1; epoch=a; tags=a.b,c_d" % place.address
    equal(post_report(master, "e1:s-e1", header, evil).status, 200, "names that may be")
    for path in ("/admin/cluster.json", "/admin/stats", "/status-json.xsl", "/admin/stats.xsl", "/metrics"):
        reply = master.get(path, ADMIN)
        # JSON may hold the characters: it is no page, and says so.
        if "json" in path:
            reply.json()
            matches("^application/json", reply.get("Content-Type"))
        else:
            check(b"<script>alert" not in reply.body, "a script in " + path)
    for mount in ("/%3cscript%3ealert(1)%3c%2fscript%3e.mp3", "/%22%27%26.mp3"):
        reply = ask_and_close(master, mount)
        check(b"<script>" not in reply.head, "head: %r" % reply.head)


@test
def a_flood_of_refused_reports_fills_no_log_and_stops_nobody(bench):
    master, place, _ = two_nodes(bench)
    before = len(master.log())
    for i in range(300):
        post_report(master, "e6:s-e6", "e1; public=%s; interval=5; seq=9; epoch=b" % place.address)
    check(len(master.log()) - before < 20000, "%d bytes of log" % (len(master.log()) - before))
    unharmed(master, place)
