"""Reports of nodes to a master: the bytes, the accepted values, and the refused ones."""
import collections

from bench import (ADMIN, LISTENER, RELAY, Cluster, Site, ask_and_close, check, cluster_json, equal, kill, master_body,
                   matches, node_at, post_report, request, slave_body, start, target_of, test, wait_for, wait_until_up)


class FakeMaster:
    """Takes requests, one a connection, and sends the prepared answers."""

    def __init__(self, bench, site, answers):
        import socket
        import threading
        self.listener = socket.create_server((site.host, site.port))
        self.requests, self.answers, self.done = [], answers, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        bench.owned(self)

    def run(self):
        while True:
            try:
                wire, _ = self.listener.accept()
            except OSError:
                return
            wire.settimeout(5)
            data = b""
            try:
                while b"\r\n\r\n" not in data:
                    data += wire.recv(65536)
                head, _, body = data.partition(b"\r\n\r\n")
                found = matches_or_none(rb"Content-Length: (\d+)", head)
                while found and len(body) < int(found):
                    body += wire.recv(65536)
                self.requests.append(head + b"\r\n\r\n" + body)
                for pattern, answer in self.answers:
                    if head.startswith(pattern):
                        wire.sendall(answer)
                        break
            except OSError:
                pass
            wire.close()

    def close(self):
        self.listener.close()


def matches_or_none(pattern, data):
    import re
    found = re.search(pattern, data)
    return found.group(1) if found else None


# Naming nodes turns redirecting on; naming old slaves does not.
REDIRECTS = "<max-redirect-slaves>-1</max-redirect-slaves>"
LIST = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n/live.mp3\r\n"
TAKEN = b"HTTP/1.0 200 OK\r\nX-LB-Master: m1\r\nContent-Length: 4\r\n\r\nOK\r\n"


@test
def a_slave_posts_these_bytes_right_before_it_asks_for_the_list(bench):
    site, edge = Site(11), Site(12)
    fake = FakeMaster(bench, site, [(b"POST", TAKEN), (b"GET /admin", LIST)])
    slave = start(bench, edge, slave_body(site, "e1", edge, 'max-listeners="300" max-bandwidth="40M" max-accept="9"',
                                          "<tags>eu premium</tags>"))
    wait_for(lambda: len(fake.requests) >= 4, "two rounds")
    post, get = fake.requests[0].decode(), fake.requests[1].decode()
    matches(r"\APOST /admin/sourcelist\.txt HTTP/1\.0\r\nAuthorization: Basic ZTE6cy1lMQ==\r\nHost: 127\.0\.0\.11\r\n"
            r"User-Agent: Icecast 2\.4\.4 \(icecast-lb [^)]*\)\r\n"
            r"X-LB-Node: e1; public=%s; port=%d; max=300; max-kbps=40000; accept=9; listeners=0; kbps=0; interval=1; seq=1; "
            r"epoch=[0-9a-f]{8}; now=\d{13}; tags=eu,premium\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n\Z"
            % (edge.address, edge.port), post)
    matches(r"\AGET /admin/streamlist\.txt HTTP/1\.0\r\nAuthorization: Basic ZTE6cy1lMQ==\r\nHost: 127\.0\.0\.11\r\n"
            r"User-Agent: [^\r]*\r\nX-LB-Relay: (e1\.[0-9a-f]{8})\r\nVia: 1\.1 \1\r\n\r\n\Z", get)
    check(fake.requests[2].startswith(b"POST") and fake.requests[3].startswith(b"GET"), "again in this order")
    slave.stop()


@test
def its_body_names_what_it_carries(bench):
    c = Cluster(bench, {"e1": ""})
    listeners = [c["e1"].listener(source_address=LISTENER) for _ in range(3)]
    c.source.play(5)

    def counted():
        rows = [m for m in cluster_json(c.master)["mounts"] if m["mount"] == "/live.mp3"]
        return rows and [r for r in rows[0]["carriers"] if r["node"] == "e1" and r["reported"] and r["listeners"] == 3]
    wait_for(counted, "the master knows of three listeners: %s" % cluster_json(c.master)["mounts"])
    equal(len(listeners), 3, "listeners")


@test
def the_master_answers_these_bytes(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}))
    wire = master.wire()
    body = b"/live.mp3\t12\n/jazz%20x.ogg\t0\n"
    wire.send(request("POST /admin/sourcelist.txt HTTP/1.0",
                      ["X-LB-Node: e1; public=%s; max=5000; listeners=1234; interval=5; seq=17; epoch=9f3c; later=x" % edge.address,
                       "Content-Type: text/plain"], "e1:s-e1", body))
    reply = wire.reply()
    equal((reply.line, reply.text, reply.get("X-LB-Master")), ("HTTP/1.0 200 OK", "OK\r\n", "m1"), "answer")
    node = node_at(master, "e1")
    equal((node["listeners"], node["capacity"]["listeners"], node["interval_ms"], node["scope"]), (1234, 5000, 5000, "all"), "node")
    mounts = {m["mount"]: m["listeners"] for m in cluster_json(master)["mounts"]}
    equal(mounts, {"/live.mp3": 12, "/jazz x.ogg": 0}, "mounts")


@test
def a_report_of_the_old_patch_is_enough(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({}, root=REDIRECTS, more='<legacy-slave address="127.0.0.88" public="%s"/>' % edge.address))
    for mount in ("/a.mp3", "/b.mp3"):
        master.source(mount=mount).play(10)
    equal(post_report(master, RELAY, None, b"/a.mp3\r\n", source="127.0.0.88").status, 200, "taken")
    equal(target_of(ask_and_close(master, "/a.mp3")), edge.address, "what it mirrors")
    equal(ask_and_close(master, "/b.mp3").status, 200, "what it does not mirror")


@test
def the_first_line_of_a_body_may_say_the_rest(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}))
    equal(post_report(master, "e1:s-e1", None, b"# public=%s max=7 interval=9\n/a.mp3\t3\n" % edge.address.encode()).status,
          200, "taken")
    node = node_at(master, "e1")
    equal((node["capacity"]["listeners"], node["listeners"], node["addresses"]), (7, 3, ["http://" + edge.address]), "node")


@test
def the_configuration_clamps_what_a_node_claims(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, 'max-listeners="50" max-bandwidth="1M"')}))
    post_report(master, "e1:s-e1", "e1; public=%s; max=9000; max-kbps=900000; interval=5; seq=1; epoch=a" % edge.address)
    equal(node_at(master, "e1")["capacity"]["listeners"], 50, "listeners")
    equal(node_at(master, "e1")["capacity"]["kbps"], 1000, "kbit/s")


@test
def reports_from_strangers_are_refused(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, ""), "e2": (edge, "")}))
    header = "e1; public=%s; interval=5; seq=1; epoch=a" % edge.address
    for login, status in ((None, 401), ("e1:wrong", 401), ("e9:s-e1", 401), ("source:src-secret", 401), (ADMIN, 401),
                          ("e1:", 401), (RELAY, 403), ("e2:s-e2", 403)):
        equal(post_report(master, login, header).status, status, "status of %s" % login)
    equal([n["id"] for n in cluster_json(master)["nodes"]], ["m1"], "nodes in the table")
    master.wait_for_log("a report from 127.0.0.1 was refused: it needs the secret of a <node>")


@test
def a_node_announces_only_what_it_may(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}))
    for public in ("evil.example:8000", "127.0.0.12:1", "127.0.0.13:%d" % edge.port):
        reply = post_report(master, "e1:s-e1", "e1; public=%s; interval=5; seq=1; epoch=a" % public)
        equal((reply.status, "allow-public" in reply.text), (403, True), public)
    equal(node_at(master, "e1"), None, "the table")
    equal(post_report(master, "e1:s-e1", "e1; public=127.0.0.1:9; interval=5; seq=1; epoch=a").status, 200,
          "the address that it connects from is its own")


@test
def without_a_public_address_a_node_gets_nobody_and_is_told_why(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, ""), "e2": (edge, 'allow-peer-address="1"')}))
    master.source().play(10)
    equal(post_report(master, "e1:s-e1", "e1; interval=5; seq=1; epoch=a").status, 200, "taken")
    master.wait_for_log("node e1 reports and gets no listeners: it announces no public address")
    equal(ask_and_close(master).status, 200, "served here")
    equal(post_report(master, "e2:s-e2", "e2; port=8123; interval=5; seq=1; epoch=a", source="127.0.0.88").status, 200, "taken")
    equal(target_of(ask_and_close(master)), "127.0.0.88:8123", "the peer's address, allowed")


@test
def absurd_reports_are_refused_whole(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}))
    good = "e1; public=%s; interval=5; seq=1; epoch=a" % edge.address
    for bad in ("listeners=-1", "listeners=99999999999", "max=1e9", "kbps=nan", "interval=0", "interval=99999999", "seq=-5",
                "public=", "public=a b:80", "public=x:0", "public=x:70000", "public=joe@x:80", "public=x/y:80",
                "public-https=[::1:80", "public=2130706433:80", "port=0", "tags=a b", "epoch=" + "x" * 80, "tokens=2"):
        equal(post_report(master, "e1:s-e1", good + "; " + bad).status, 400, bad)
    equal(post_report(master, "e1:s-e1", "e1; " + "x=y; " * 600).status, 413, "a long header")
    for body in (b"nothing\n", b"/a.mp3\tmany\n", b"/a.mp3\t-1\n", b"/../x\t1\n", b"/admin/x\t1\n", b"/a%0d%0aX:1.mp3\t1\n",
                 b"/a\x00b\t1\n", b"\xff\xfe\n"):
        equal(post_report(master, "e1:s-e1", good, body).status, 400, repr(body))
    equal(post_report(master, "e1:s-e1", good, b"/m%d.mp3\t1\n" * 1).status, 400, "a broken escape")
    equal(post_report(master, "e1:s-e1", good, b"".join(b"/m%d.mp3\t1\n" % i for i in range(10001))).status, 413, "mounts")
    equal(node_at(master, "e1"), None, "the table")
    equal(post_report(master, "e1:s-e1", good).status, 200, "a good one after all of them")


@test
def oversized_bodies_are_refused_unread(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}))
    for login, status in (("e1:s-e1", 413), (None, 401)):
        wire = master.wire()
        wire.send(request("POST /admin/sourcelist.txt HTTP/1.0", ["Content-Length: 900000000"], login))
        equal(wire.reply_head().status, status, "status of %s" % login)
    wire = master.wire()
    wire.send(request("POST /admin/sourcelist.txt HTTP/1.0", [], "e1:s-e1"))
    equal(wire.reply_head().status, 411, "without a length")
    equal(master.ask("GET /admin/sourcelist.txt HTTP/1.0", [], "e1:s-e1").status, 405, "a GET")


@test
def old_and_doubled_reports_are_refused(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}))

    def send(seq, epoch):
        return post_report(master, "e1:s-e1", "e1; public=%s; interval=5; seq=%d; epoch=%s" % (edge.address, seq, epoch)).status
    equal([send(5, "a"), send(5, "a"), send(4, "a"), send(6, "a")], [200, 409, 409, 200], "one run")
    equal([send(1, "b"), send(7, "a"), send(2, "b")], [200, 409, 200], "another run takes over, and the old one is refused")


@test
def a_report_cannot_write_headers(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({}, root=REDIRECTS, more='<legacy-slave address="127.0.0.88"/>'))
    master.source().play(10)
    for value in ("evil%0d%0aX-Inj:1", "evil/x", "evil?x", "joe:p@evil", "", "%22%3e%3cscript%3e"):
        reply = master.ask("GET /admin/streamlist.txt?rserver=%s&rport=8000&interval=5 HTTP/1.0" % value, [], RELAY,
                           source_address="127.0.0.88")
        equal(reply.status, 200, "the list is given")
    equal(ask_and_close(master).status, 200, "nobody is redirected")
    master.wait_for_log("rserver=.* cannot be")


@test
def kh_registers_by_its_query(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({}, root=REDIRECTS, more='<legacy-slave address="127.0.0.88" public="%s"/>' % edge.address))
    master.source().play(10)
    query = "?rserver=127.0.0.12&rport=%d&interval=5" % edge.port
    for _ in range(2):
        equal(master.ask("GET /admin/streams%s HTTP/1.1" % query, [], RELAY, source_address="127.0.0.88").status, 404, "KH goes on")
        reply = master.ask("GET /admin/streamlist.txt%s HTTP/1.1" % query, [], RELAY, source_address="127.0.0.88")
        equal(reply.text, "/live.mp3\r\n", "the list")
    node = node_at(master, "legacy-127.0.0.88")
    equal((node["state"], node["interval_ms"], node["counts_load"]), ("up", 5000, False), "node")
    equal(target_of(ask_and_close(master)), edge.address, "target")
    # From elsewhere the same query means nothing but a request for the list.
    reply = master.ask("GET /admin/streamlist.txt%s HTTP/1.1" % query, [], RELAY, source_address="127.0.0.89")
    equal(reply.status, 200, "the list for another")
    equal(len(cluster_json(master)["nodes"]), 2, "nodes")


@test
def a_mount_with_a_password_goes_only_where_it_is_asked_for(bench):
    auth = ('<mount><mount-name>/live.mp3</mount-name><authentication type="htpasswd">'
            '<option name="filename" value="%s"/></authentication></mount>')
    users = bench.dir / "users"
    users.write_text("joe:" + "5ebe2294ecd0e0f08eab7690d2a6ee69\n")  # MD5 of "secret"
    users.chmod(0o644)
    site, edge, other = Site(11), Site(12), Site(13)
    master = start(bench, site, master_body({"e1": (edge, ""), "e2": (other, "")}, root=auth % users,
                                            more='<legacy-slave address="127.0.0.88" public="127.0.0.88:8000"/>'))
    master.source().play(10)
    login = ["Host: a", "Authorization: Basic am9lOnNlY3JldA=="]
    post_report(master, RELAY, None, b"/live.mp3\n", source="127.0.0.88")
    post_report(master, "e2:s-e2", "e2; public=%s; interval=5; seq=1; epoch=a" % other.address, b"/live.mp3\t0\n")
    equal(ask_and_close(master, headers=[*login, "User-Agent: A/1"]).status, 200, "neither of them enforces it")
    start(bench, edge, slave_body(site, "e1", edge, root=auth % users))
    wait_until_up(master, "e1")
    wait_for(lambda: ask_and_close(master, headers=[*login, "User-Agent: A/%d" % next(counter)]).status == 302,
             "the node that says so gets them")
    equal({target_of(ask_and_close(master, headers=[*login, "User-Agent: B/%d" % i])) for i in range(10)}, {edge.address}, "targets")


counter = iter(range(2, 10**6))


@test
def a_slave_of_a_stock_master_is_a_plain_slave(bench):
    site, edge = Site(11), Site(12)
    fake = FakeMaster(bench, site, [(b"POST", b"HTTP/1.0 400 Bad Request\r\n\r\n"), (b"GET /admin", LIST)])
    slave = start(bench, edge, slave_body(site, "e1", edge))
    slave.wait_for_log("takes no reports .answered 400 Bad Request.: it is asked for its streams only, and again in 60 minutes")
    wait_for(lambda: len(fake.requests) >= 4, "more lists")
    equal([r[:4] for r in fake.requests[:4]], [b"POST", b"GET ", b"GET ", b"GET "], "requests")
    matches(r"\AGET /admin/streamlist\.txt\?rserver=127\.0\.0\.12&rport=%d&interval=5 HTTP/1\.0\r\n" % edge.port,
            fake.requests[2].decode(), "KH's registration")


@test
def a_master_that_resets_posts_is_a_stock_one_too(bench):
    site, edge = Site(11), Site(12)
    fake = FakeMaster(bench, site, [(b"GET /admin", LIST)])
    slave = start(bench, edge, slave_body(site, "e1", edge))
    slave.wait_for_log("takes no reports")
    equal(collections.Counter(r[:4] for r in fake.requests)[b"POST"], 4, "posts")


@test
def a_slave_that_ends_says_so(bench):
    c = Cluster(bench, {"e1": "", "e2": ""})
    c["e1"].stop()
    equal(node_at(c.master, "e1")["state"], "dead", "state as soon as it has ended")
    equal({c.name_of(ask_and_close(c.master)) for _ in range(10)}, {"e2"}, "targets")


@test
def a_slave_that_is_killed_is_found_by_those_who_come_back(bench):
    c = Cluster(bench, {"e1": "", "e2": ""}, slave="", attributes={})
    kill(c["e1"])
    for i in range(40):  # listeners who found it dead, and ask again
        agent = "Back%d/1" % i
        if c.name_of(ask_and_close(c.master, agent=agent)) == "e1":
            equal(c.name_of(ask_and_close(c.master, agent=agent)), "e2", "not to the same node again")
        if node_at(c.master, "e1")["state"] != "up":
            break
    wait_for(lambda: node_at(c.master, "e1")["state"] in ("suspect", "dead"), "a probe finds that nobody answers")
    equal({c.name_of(ask_and_close(c.master)) for _ in range(10)}, {"e2"}, "targets afterwards")


@test
def a_node_that_stops_reporting_expires(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}))
    post_report(master, "e1:s-e1", "e1; public=%s; interval=1; seq=1; epoch=a" % edge.address)
    equal(node_at(master, "e1")["state"], "up", "state")
    wait_for(lambda: node_at(master, "e1")["state"] == "suspect", "suspect after interval + 2 s", 6)
    wait_for(lambda: node_at(master, "e1")["state"] == "dead", "dead after interval + 10 s", 12)


@test
def a_node_that_leaves_the_configuration_leaves_the_table(bench):
    c = Cluster(bench, {"e1": "", "e2": ""})
    body = master_body({"e2": (c.sites["e2"], "")}, 'affinity="0" hold="0"')
    c.master.reload(body=body)
    equal(node_at(c.master, "e1"), None, "e1")
    equal({c.name_of(ask_and_close(c.master)) for _ in range(10)}, {"e2"}, "targets")
