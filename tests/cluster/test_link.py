"""The link between nodes and masters: streams that appear by themselves, death, restarts, orders, messages."""
import itertools
import os
import re
import signal
import time

from bench import ADMIN, ask_and_close, check, equal, matches, node_at, test, wait_for
from link_bench import Crowd, ROUNDS, certificate, edge, feed, first_line, kill9, link_port, linked_master, node, percentile, plays, public, rounds, say, up
from road import Road

@test
def a_stream_that_no_configuration_names_plays_on_the_edge(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    up(master, "edge12")
    feed(b, master)
    plays(node)
    # On demand: nothing is pulled before somebody listens.
    feed(b, master, "/other.mp3")
    wait_for(lambda: "/other.mp3" in node.get("/admin/listmounts", ADMIN).text, "the edge knows the other one")
    check("/other.mp3" not in [s.get("mount") for s in master.stats().findall("source") if s.findtext("listeners") != "0"],
          "nobody pulls it")


@test
def an_edge_needs_no_port_of_the_masters_streams(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master, streams=False)
    feed(b, master)
    plays(node)


@test
def a_listener_who_comes_before_the_news_waits_for_it(b):
    """WHO: the request arrives before the source; the master's answer reports the source that begins a moment later."""
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    up(master, "edge12")
    begin = time.monotonic()
    equal(node.get("/nothing.mp3").status, 404, "status of a mount that nobody has")
    check(time.monotonic() - begin < 0.25, "a master that knows nothing is not waited for")
    for i in range(10):
        mount = "/quick%d.mp3" % i
        feed(b, master, mount)
        equal(first_line(node.address, mount)[0], 200, "the first request after the source's 200: " + node.log()[-1500:])


@test
def a_source_is_playable_on_every_edge_without_waiting_for_an_interval(b):
    """Goal G3 has the figure (goals/goal_appear.py).  This test requires a quarter within 100 ms, which neither the
    interval of reports (250 ms) nor a requested list would allow; a busy machine may delay the rest."""
    master = linked_master(b, 11, public(12, 13))
    nodes = [edge(b, 12, master), edge(b, 13, master)]
    up(master, "edge12", "edge13")
    took = []
    for i in range(rounds(20, 500)):
        mount, node = "/new%d.mp3" % i, nodes[i % 2]
        begin = time.monotonic()
        source = master.source(mount)
        source.play(40)
        wait_for(lambda: first_line(node.address, mount)[0] == 200, mount + " plays", 15)
        took.append((time.monotonic() - begin) * 1000)
        source.leave()
        if ROUNDS:
            time.sleep(0.05)
    say("source connect -> playable on an edge", took)
    check(percentile(took, 0.9 if ROUNDS else 0.25) < 100, "source to edge took %r ms" % sorted(took))


@test
def an_edge_gets_listeners_within_300_ms_of_its_start(b):
    master = linked_master(b, 11, public(12))
    feed(b, master)
    node = edge(b, 12, master, start=False)
    took = []
    for i in range(rounds(3, 100)):
        crowd = Crowd(master.address, "/live.mp3", threads=1, pause=0.004)
        begin = time.monotonic()
        node.start()
        wait_for(lambda: any(a[2] == 302 for a in list(crowd.answers)), "a redirect: " + master.log()[-800:])
        crowd.close()
        took.append((min(a[1] for a in crowd.answers if a[2] == 302) - begin) * 1000)
        kill9(node)
        wait_for(lambda: node_at(master, "edge12")["state"] == "dead", "it is gone")
    say("edge start -> first redirect", took)
    check(percentile(took, 0.5) < 400, "start to redirect took %r ms" % took)


@test
def the_death_of_a_process_is_noticed_at_once(b):
    master = linked_master(b, 11, public(12, 13))
    feed(b, master)
    nodes = [edge(b, 12, master), edge(b, 13, master)]
    up(master, "edge12", "edge13")
    late, wasted = [], []
    for i in range(rounds(2, 30)):
        crowd = Crowd(master.address, "/live.mp3", threads=2, pause=0.001)
        wait_for(lambda: len({a[3] for a in list(crowd.answers)}) >= 2, "both get listeners")
        victim = nodes[i % 2]
        name = "%s:%d" % (victim.host, victim.given_port)
        killed = time.monotonic()
        kill9(victim)
        wait_for(lambda: node_at(master, victim.name)["state"] == "dead", "it is dead")
        time.sleep(0.1)
        crowd.close()
        after = [a[1] - killed for a in crowd.answers if a[3] == name and a[1] > killed]
        late.append(max(after, default=0) * 1000)
        wasted.append(len(after))
        victim.start()
        up(master, victim.name)
    say("kill -9 -> last redirect there", late)
    check(percentile(late, 0.5) <= 50, "the last redirect came %r ms after the death" % late)


@test
def a_node_that_hangs_is_suspect_then_dead(b):
    master = linked_master(b, 11, public(12, 13))
    feed(b, master)
    node, other = edge(b, 12, master), edge(b, 13, master)
    up(master, "edge12", "edge13")
    suspects, deaths = [], []
    for _ in range(rounds(1, 20)):
        if ROUNDS:
            time.sleep(3.2)  # links that have lived are tried quickly
        begin = time.monotonic()
        node.send_signal(signal.SIGSTOP)
        seen = {}
        while "dead" not in seen and time.monotonic() - begin < 5:
            state = node_at(master, "edge12")["state"]
            seen.setdefault(state, (time.monotonic() - begin) * 1000)
            if state != "up":
                equal(first_line(master.address, "/live.mp3")[1], "127.0.0.13:%d" % other.given_port, "where listeners go")
            time.sleep(0.01)
        node.send_signal(signal.SIGCONT)
        suspects.append(seen["suspect"])
        deaths.append(seen["dead"])
        up(master, "edge12")
    say("SIGSTOP -> suspect", suspects)
    say("SIGSTOP -> dead", deaths)
    check(max(suspects) <= 600, "suspect after %r ms" % suspects)
    check(max(deaths) <= 1300, "dead after %r ms" % deaths)


@test
def a_master_that_restarts_has_all_nodes_back_within_a_second(b):
    numbers = range(12, 17)
    master = linked_master(b, 11, public(*numbers))
    nodes = [edge(b, n, master) for n in numbers]
    up(master, *[n.name for n in nodes])
    took = []
    for _ in range(rounds(1, 20)):
        if ROUNDS:
            time.sleep(3.2)  # links that have lived are tried quickly
        kill9(master)
        master.start()
        begin = time.monotonic()
        up(master, *[n.name for n in nodes])
        took.append((time.monotonic() - begin) * 1000)
    say("master is ready again -> all nodes up", took)
    check(max(took) <= 1100, "the nodes were back after %r ms" % took)
    for n in nodes:
        equal(n.process.poll(), None, "the nodes live")


@test
def listeners_of_an_edge_stay_while_its_master_restarts(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    feed(b, master)
    listener = plays(node)
    kill9(master)
    master.start()
    feed(b, master, tag="B")
    before = len(listener.audio)
    listener.read(20000)
    check(b"<B0000" in listener.audio[before:], "the new stream comes")


@test
def a_stream_that_ends_at_the_master_leaves_the_edge(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    source = feed(b, master)
    wait_for(lambda: "/live.mp3" in node.get("/admin/listmounts", ADMIN).text, "the edge knows it")
    source.leave()
    wait_for(lambda: "/live.mp3" not in node.get("/admin/listmounts", ADMIN).text, "the edge forgets it")


@test
def a_wrong_secret_links_nothing_and_is_said_on_both_sides(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master, secret="wrong")
    master.wait_for_log(r'cluster-port: node edge12 from 127.0.0.12: its secret is not that of')
    node.wait_for_log(r"master 127.0.0.11:\d+: cannot be reached \(TLS: .*retrying")
    equal(node_at(master, "edge12"), None, "the row of the node")


@test
def a_hangup_tries_a_master_again_at_once(b):
    master = linked_master(b, 11, public(12))
    kill9(master)
    node = edge(b, 12, master)
    node.wait_for_log("the next time in 100ms")
    time.sleep(1.7)  # by now it waits for more than a second
    master.start()
    begin = time.monotonic()
    node.reload()
    up(master, "edge12")
    check(time.monotonic() - begin < 0.8, "it was linked %.2f s after the signal" % (time.monotonic() - begin))


@test
def a_node_that_is_no_longer_configured_is_let_go(b):
    master = linked_master(b, 11, public(12, 13))
    edge(b, 12, master), edge(b, 13, master)
    up(master, "edge12", "edge13")
    master.reload(body=re.sub(r'<node id="edge12"[^>]*>', "", master.slots["body"]))
    master.wait_for_log("node edge12 .*removed from the configuration")
    wait_for(lambda: node_at(master, "edge12") is None, "it leaves the table")
    equal(node_at(master, "edge13")["state"], "up", "the other one")


@test
def the_page_of_a_stream_may_load_it_from_each_node(b):
    master = linked_master(b, 11, public(12))
    feed(b, master, "/live.mp3")
    policy = lambda: master.get("/listen/live.mp3").get("Content-Security-Policy")
    check("127.0.0.12" not in policy(), policy())
    one = edge(b, 12, master)
    up(master, "edge12")
    origin = "http://127.0.0.12:%d" % one.port
    wait_for(lambda: origin in policy(), "the node is named: " + policy())
    for kind in ("connect", "media"):
        sources = [part.split() for part in policy().split("; ") if part.startswith(kind + "-src ")][0]
        check(sources[1] == "'self'" and origin in sources and "http:" not in sources, policy())


@test
def a_shutdown_is_said(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    up(master, "edge12")
    node.stop()
    master.wait_for_log("node edge12 is down: says goodbye: shutdown")


@test
def two_processes_with_one_id_do_not_share_it(b):
    master = linked_master(b, 11, public(12))
    first = edge(b, 12, master)
    up(master, "edge12")
    second = edge(b, 13, master, name="edge12")
    second.wait_for_log("duplicate id: another process is connected as edge12")
    equal(node_at(master, "edge12")["state"], "up", "the first one")
    check("the link has ended" not in first.log(), "the first one is left alone")


@test
def a_protected_mount_is_not_relayed_by_an_edge_that_does_not_protect_it(b):
    mount = '<mount><mount-name>/secret.mp3</mount-name><authentication type="htpasswd"><option name="filename" value="%s"/></authentication></mount>'
    users = b.dir / "users"
    users.write_text("me:5ebe2294ecd0e0f08eab7690d2a6ee69\n")
    users.chmod(0o644)
    master = linked_master(b, 11, public(12, 13), body_more=mount % users)
    open_edge = edge(b, 12, master)
    closed_edge = edge(b, 13, master, body=mount % users)
    feed(b, master, "/secret.mp3")
    feed(b, master, "/free.mp3")
    plays(open_edge, "/free.mp3")
    status, target = first_line(open_edge.address, "/secret.mp3")
    equal((status, target), (302, "%s:%d" % master.address), "on the edge that does not know whom to let in")
    equal(first_line(closed_edge.address, "/secret.mp3")[0], 401, "on the edge that does")


@test
def orders_reach_other_nodes(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    feed(b, master)
    feed(b, master, "/second.mp3", tag="C")
    listener = plays(node)
    kept = plays(node, "/second.mp3")

    def order(query, status=200):
        reply = master.get("/admin/cluster/command?node=edge12&" + query, ADMIN)
        equal(reply.status, status, "status of %s: %s" % (query, reply.text))
        return reply.json()["why"]
    clients = node.get("/admin/listclients?mount=/live.mp3", ADMIN).xml()
    number = clients.find(".//ID").text if clients.find(".//ID") is not None else clients.find(".//listener").get("id")
    equal(order("do=kick&mount=/live.mp3&id=" + number), "the listener is ended", "answer")
    listener.expect_end()
    order("do=kick&mount=/live.mp3&id=" + number, 409)
    order("do=kick&mount=/nothing.mp3", 409)
    plays(node)
    equal(order("do=metadata&mount=/second.mp3&song=Hello"), "the title is set", "answer")
    wait_for(lambda: node.stat("/second.mp3", "title") == "Hello", "the edge shows the title")
    matches("^\d+ listeners are moved$", order("do=move&mount=/second.mp3&destination=/live.mp3"))
    kept.read_until(b"<A")
    equal(order("do=drain&mode=soft"), "soft", "answer")
    wait_for(lambda: node_at(master, "edge12")["state"] == "draining", "it drains")
    equal(first_line(master.address, "/live.mp3")[0], 200, "served here, as nobody else is left")
    order("do=drain&mode=off")
    up(master, "edge12")
    equal(master.get("/admin/cluster/command?node=edge99&do=drain", ADMIN).status, 409, "of a node that is not there")
    equal(master.get("/admin/cluster/command?node=edge12&do=reboot", ADMIN).status, 400, "of an order that does not exist")
    equal(master.get("/admin/cluster/command?node=edge12&do=drain").status, 401, "without the password")


@test
def a_message_reaches_every_node_once(b):
    numbers = range(12, 16)
    master = linked_master(b, 11, public(*numbers))
    nodes = [edge(b, n, master) for n in numbers]
    up(master, *[n.name for n in nodes])
    begin = time.monotonic()
    equal(nodes[0].get("/admin/cluster/message?topic=meta&text=hello", ADMIN).status, 200, "status")

    def has(server):
        return [m for m in server.get("/admin/cluster/messages.json", ADMIN).json() if m["topic"] == "meta"]
    wait_for(lambda: all(has(s) for s in [master, *nodes]), "all have it")
    took = (time.monotonic() - begin) * 1000
    for server in [master, *nodes]:
        equal([(m["from"], m["bytes"]) for m in has(server)], [("edge12", "aGVsbG8=")], "messages at " + server.host)
    say("message -> on 4 nodes", [took])
    equal(master.get("/admin/cluster/message?topic=a%20b&text=x", ADMIN).status, 400, "a topic that is none")


def tls_master(b, tls_port):
    """A master without a cluster-port: its nodes connect to the TLS listen-socket."""
    master = node(b, 11, '<max-redirect-slaves>-1</max-redirect-slaves><cluster><id>m11</id><capacity self-weight="0"/>'
                         '<balance hold="0"/><node id="edge12" secret="s-edge12"/></cluster>', start=False)
    more = ("<listen-socket><port>%d</port><bind-address>127.0.0.11</bind-address><ssl>1</ssl></listen-socket>" % tls_port)
    file = certificate(master.dir, "127.0.0.11")
    master.write_config(sockets=master.slots["sockets"] + more, paths="<ssl-certificate>%s</ssl-certificate>" % file)
    return master.start(), file


@test
def a_master_with_a_certificate_needs_no_cluster_port(b):
    port = link_port()
    master, file = tls_master(b, port)
    block = ("<master><server>127.0.0.11</server><ssl-port>%d</ssl-port><username>edge12</username>"
             "<password>%s</password><bind>127.0.0.12</bind></master>")
    body = ('<master-public-slave>1</master-public-slave><cluster><id>edge12</id>'
            '<public-address>127.0.0.12:%PORT%</public-address></cluster>')
    os.environ["SSL_CERT_FILE"] = str(file)
    try:
        edge12 = node(b, 12, block % (port, "s-edge12") + body)
        up(master, "edge12")
        feed(b, master)
        plays(edge12)
        thief = node(b, 13, block.replace("127.0.0.12", "127.0.0.13") % (port, "wrong") + body)
        thief.wait_for_log("answered 401 and has no cluster link")
    finally:
        del os.environ["SSL_CERT_FILE"]
    stranger = node(b, 14, block.replace("127.0.0.12", "127.0.0.14") % (port, "s-edge12") + body)
    stranger.wait_for_log(r"cannot be reached \(TLS: the certificate is not accepted")
    plain = master.ask("GET /admin/cluster HTTP/1.1", ["Connection: Upgrade", "Upgrade: lbedge-cluster/1"], "edge12:s-edge12")
    equal(plain.status, 403, "status without TLS")


class PublicRoad(Road):
    """The public address of a node on 127.0.0.12."""

    def __init__(self, b):
        self.asked, self.to = b"", link_port()
        super().__init__(b, ("127.0.0.12", self.to), "127.0.0.12")
        self.address = "127.0.0.12:%d" % self.port

    def passes(self, data, of_client):
        self.asked += data if of_client else b""


@test
def a_public_address_that_stops_answering_is_found_by_a_few_listeners_that_do_not_return(b):
    """The link stays, but a firewall closes the port of the node; fewer than twenty listeners come in ten seconds."""
    road = PublicRoad(b)
    master = linked_master(b, 11, {"edge12": 'allow-public="%s"' % road.address})
    shut = edge(b, 12, master, public=False, more="<public-address>%s</public-address>" % road.address, port=road.to)
    feed(b, master)
    up(master, "edge12")
    shut.wait_for_log("GET /_lb/proof", "access")
    road.cut()

    def is_found():
        first_line(master.address, "/live.mp3")
        time.sleep(1)
        return node_at(master, "edge12")["why"] == "its public address does not answer"
    wait_for(is_found, "it is suspect", 20)
    equal(node_at(master, "edge12")["state"], "suspect", "its state")
    road.there = True
    wait_for(lambda: node_at(master, "edge12")["state"] == "up", "it is up again", 30)


@test
def a_node_is_tried_at_the_public_address_that_answers_from_here(b):
    """Its first one is of IPv6, which this machine lacks; listeners come back without having arrived."""
    road = PublicRoad(b)
    both = ["[fd00::1]:%d" % road.port, road.address]
    master = linked_master(b, 11, {"edge12": 'allow-public="%s"' % " ".join(both)})
    edge(b, 12, master, public=False, port=road.to, more="".join("<public-address>%s</public-address>" % each for each in both))
    feed(b, master)
    up(master, "edge12")
    master.wait_for_log(r"fd00::1.* cannot be tried from here")
    players = itertools.count()

    def is_tried():
        some = ["Again%d/1" % next(players) for _ in range(4)]
        for _ in range(2):
            for agent in some:
                ask_and_close(master, agent=agent)
            time.sleep(0.6)
        return b"GET /_lb/health" in road.asked
    wait_for(is_tried, "the master tries it there", 10)
    wait_for(lambda: node_at(master, "edge12")["state"] == "up", "it is up")
