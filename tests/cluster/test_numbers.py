"""The numbers of the cluster are right; and the playlists."""
import base64
import re
import xml.etree.ElementTree as ET

from bench import ADMIN, LISTENER, Cluster, Site, ask_and_close, check, cluster_json, equal, matches, start, test, wait_for


@test
def the_masters_numbers_are_the_clusters_without_relays(bench):
    c = Cluster(bench, {"e1": "", "e2": ""}, capacity="")
    on_e1 = [c["e1"].listener(source_address=LISTENER) for _ in range(3)]
    on_e2 = [c["e2"].listener(source_address=LISTENER) for _ in range(2)]
    here = [c.master.listener(lines=["User-Agent: Icecast 2.4.4"])]  # a relay more
    own = c.master.listener(lines=["Authorization: Basic YWRtaW46YWRtLXNlY3JldA=="], source_address=LISTENER)
    c.source.play(5)

    def both():
        source = c.master.public_source("/live.mp3")
        return (source["listeners"], source["listeners_local"], source["listener_peak"]) == (6, 1, 6)
    wait_for(both, "six of the cluster, one of them here")
    equal((c.master.stat("/live.mp3", "listeners"), c.master.stat("/live.mp3", "listeners_local")), ("6", "1"), "admin/stats")
    equal(c.master.stats().findtext("listeners"), "6", "of the server")
    row = c.master.get("/admin/listmounts", ADMIN).xml().find("source")
    equal((row.findtext("listeners"), row.findtext("listeners_local")), ("6", "1"), "listmounts")
    equal(cluster_json(c.master)["listeners"], 6, "cluster.json")
    on_e2.pop().close()

    def one_has_left():
        c.source.play(1)    # only who writes to a socket notices that it is closed
        return c.master.public_source("/live.mp3")["listeners"] == 5
    wait_for(one_has_left, "one has left")
    equal(c.master.stat("/live.mp3", "listener_peak"), "6", "the peak stays")
    local = c["e1"].public_source("/live.mp3")
    equal((local["listeners"], "listeners_local" in local), (3, False), "a plain slave counts its own")
    equal((len(on_e1), len(on_e2), len(here), own.head.status), (3, 1, 1, 200), "everybody listens")


@test
def without_redirecting_a_server_counts_its_own_people(bench):
    server = start(bench, Site(11), "")
    server.source().play(20)
    relay = server.listener(lines=["User-Agent: Icecast 2.4.4"])
    person = server.listener()
    source = server.public_source("/live.mp3")
    equal((source["listeners"], "listeners_local" in source, relay.head.status, person.head.status), (1, False, 200, 200),
          "the relay is not one of them")


@test
def the_relay_password_alone_makes_a_server(bench):
    def counted(server):
        document = server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml()
        return server.stat("/live.mp3", "listeners"), document.findtext("source/relays")

    def asked(server, login):
        word = base64.b64encode(login.encode()).decode()
        return server.listener(lines=["Host: a", "User-Agent: Player/9", "Authorization: Basic " + word])
    single = start(bench, Site(21), "")
    single.source().play(20)
    relay, guess = asked(single, "relay:rel-secret"), asked(single, "relay:wrong")
    equal((relay.head.status, guess.head.status, counted(single)), (200, 200, ("1", "1")), "a listener and a relay of a single server")
    c = Cluster(bench, {"e1": ""})
    c.source.play(20)
    relay = asked(c.master, "relay:rel-secret")
    equal((relay.head.status, counted(c.master)), (200, ("0", "1")), "a relay of a master")


@test
def relays_of_a_cluster_are_no_listeners_in_metrics_and_lists(bench):
    c = Cluster(bench, {"e1": "", "e2": ""}, capacity='max-listeners="100"')
    def through(node):
        return c[node].listener(source_address="127.0.0.77")
    there = [through("e1"), through("e2"), through("e2")]
    c.source.play(50)

    def gauge(server, name):
        text = server.get("/metrics").text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    def apart():
        return (gauge(c.master, "icecast_server_listeners "), gauge(c.master, "icecast_server_listening_relays "),
                gauge(c.master, "icecast_listeners{"), gauge(c["e2"], "icecast_server_listeners ")) == (0, 2, 0, 2)
    wait_for(apart, "the master has two relays and nobody, e2 two people")
    document = c.master.get("/admin/listclients?mount=/live.mp3", ADMIN).xml()
    equal((document.findtext("source/Listeners"), document.findtext("source/relays"),
           [row.findtext("relay") for row in document.findall("source/listener")]), ("0", "2", ["1", "1"]))
    equal(sum(gauge(server, "icecast_server_listeners ") for server in (c.master, c["e1"], c["e2"])), len(there))


@test
def explain_tells_who_would_be_sent_where_and_why(bench):
    c = Cluster(bench, {"e1": "", "e2": ""}, root="<mount><mount-name>/limited.mp3</mount-name><max-listeners>5</max-listeners></mount>")
    got = c.master.get("/admin/cluster/explain?mount=/live.mp3&ip=192.0.2.9&ua=VLC", ADMIN).json()
    equal((got["answer"], got["reason"], got["node"] in ("e1", "e2")), ("redirect", "drawn by the policy", True), "answer")
    equal({row["node"]: row["candidate"] for row in got["draw"]}, {"m1": False, "e1": True, "e2": True}, "the draw")
    equal(got["origin"], "http://" + c.sites[got["node"]].address, "origin")
    got = c.master.get("/admin/cluster/explain?mount=/limited.mp3&ip=192.0.2.9", ADMIN).json()
    equal({row["out"] for row in got["draw"] if row["node"] != "m1"}, {"does not enforce what the mount asks for"}, "limits")
    got = c.master.get("/admin/cluster/explain?mount=/live.mp3&ip=192.0.2.9&https=1", ADMIN).json()
    equal((got["answer"], {row["out"] for row in got["draw"] if row["node"] != "m1"}),
          ("serve", {"no public address for this scheme and address family"}), "https")
    got = c.master.get("/admin/cluster/explain?mount=/live.mp3&ua=node-icy", ADMIN).json()
    equal(got["reason"], "the client does not follow redirects", "a player that cannot follow")
    equal(cluster_json(c.master)["nodes"][1]["issued"], 0, "nothing was counted")
    for path, status in (("/admin/cluster/explain", 400), ("/admin/cluster/explain?mount=/a&ip=x", 400)):
        equal(c.master.get(path, ADMIN).status, status, path)
    for path in ("/admin/cluster.json", "/admin/cluster/explain?mount=/a"):
        equal(c.master.get(path, "relay:rel-secret").status, 401, path)


@test
def playlists_name_the_nodes_and_then_this_server(bench):
    c = Cluster(bench, {"e1": "", "e2": "", "e3": "", "e4": ""})
    edges = {"http://%s/live.mp3" % site.address for site in c.sites.values()}
    own = "http://%s/live.mp3" % c.site.address
    host = ["Host: " + c.site.address]
    m3u = c.master.ask("GET /live.mp3.m3u HTTP/1.1", host)
    lines = m3u.text.split("\r\n")[:-1]
    equal((m3u.get("Content-Type"), len(lines), lines[-1], set(lines[:-1]) <= edges, len(set(lines))),
          ("audio/x-mpegurl", 4, own, True, 4), "m3u: %s" % lines)
    pls = c.master.ask("GET /live.mp3.pls HTTP/1.1", host)
    found = dict(re.findall(r"^File(\d)=(.*)\r$", pls.text, re.M))
    equal((pls.get("Content-Type"), found["4"], "NumberOfEntries=4" in pls.text, {found[n] for n in "123"} <= edges),
          ("audio/x-scpls", own, True, True), "pls: %s" % pls.text)
    xspf = c.master.ask("GET /live.mp3.xspf HTTP/1.1", host)
    places = [node.text for node in ET.fromstring(xspf.body).iter("{http://xspf.org/ns/0/}location")]
    equal((xspf.get("Content-Type"), places[-1], set(places[:-1]) <= edges, len(places)),
          ("application/xspf+xml", own, True, 4), "xspf")
    firsts = {c.master.ask("GET /live.mp3.m3u HTTP/1.1", host).text.split("\r\n")[0] for _ in range(40)}
    check(len(firsts) >= 3, "who comes first changes: %s" % firsts)


@test
def a_mount_that_a_slave_does_not_know_yet_plays_all_the_same(bench):
    c = Cluster(bench, {"e1": ""})
    for i in range(3):
        source = c.master.source(mount="/new%d.mp3" % i)
        source.play(50)
        reply = ask_and_close(c.master, "/new%d.mp3" % i)
        equal(reply.status, 302, "redirected")
        listener = c["e1"].listener("/new%d.mp3" % i, source_address=LISTENER)
        source.play(5)
        listener.read(384)
    equal(ask_and_close(c["e1"], "/none.mp3").status, 404, "what no master has")
    equal(ask_and_close(c["e1"], "/none.png").status, 404, "what is not a mount, at once")


@test
def a_report_of_a_kh_slave_counts_nobody(bench):
    master = start(bench, Site(11), "<max-redirect-slaves>-1</max-redirect-slaves><cluster><balance hold='0'/>"
                                    "<legacy-slave address='127.0.0.88' public='127.0.0.12:8000'/></cluster>")
    master.source().play(20)
    master.ask("GET /admin/streamlist.txt?rserver=x&rport=1&interval=5 HTTP/1.0", [], "relay:rel-secret", source_address="127.0.0.88")
    equal(master.public_source("/live.mp3")["listeners"], 0, "listeners")


@test
def streams_do_not_run_in_a_circle(bench):
    # Two peers; when the source has gone neither feeds the other with its echo.
    from bench import slave_body, wait_until_up
    sites = [Site(11), Site(12)]
    servers = []
    for i, (site, other) in enumerate(zip(sites, reversed(sites))):
        own, peer = "p%d" % (i + 1), "p%d" % (2 - i)
        body = slave_body(other, own, site, "", '<balance hold="0"/><node id="%s" secret="s-%s" allow-public="%s"/>'
                          % (peer, own, other.address), on_demand=0)
        servers.append(start(bench, site, body.replace("<password>s-%s<" % own, "<password>s-%s<" % peer)))
    wait_until_up(servers[0], "p2")
    source = servers[0].source()
    source.play(300)
    wait_for(lambda: servers[1].stat("/live.mp3", "total_bytes_read") not in (None, "0"), "the second has it")
    paths = []
    for server in servers:
        wire = server.wire()
        wire.send("GET /live.mp3 HTTP/1.0\r\nX-LB-Relay: p9.1\r\nVia: 1.1 p9.1\r\n\r\n")
        paths.append(wire.reply_head().get("X-LB-Path"))
        wire.close()
    first, second = matches(r"\A(p1\.[0-9a-f]{8}) (p2\.[0-9a-f]{8})\Z", paths[1], "path at the second").groups()
    equal(paths[0], first, "path at the first")
    for via, status in (("1.1 %s, 1.1 p9.1" % first, 508), ("1.1 a.1, 1.1 b.1, 1.1 c.1, 1.1 d.1, 1.1 e.1", 508)):
        reply = servers[0].ask("GET /live.mp3 HTTP/1.0", ["X-LB-Relay: p9.1", "Via: " + via])
        equal(reply.status, status, via)
    source.leave()
    for server in servers:
        wait_for(lambda: server.get("/admin/listmounts", ADMIN).text.count("/live.mp3") == 0 or
                 server.stat("/live.mp3", "listeners") is None, "the mount is gone at " + server.host, 20)
