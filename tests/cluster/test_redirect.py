"""The target of a redirect, and the bytes of the answer."""
import collections

from bench import (Cluster, Site, ask, ask_and_close, check, equal, kill, master_body, node_at, post_report, request,
                   slave_body, start, target_of, test, wait_for, wait_until_up)


@test
def the_answer_has_exactly_these_bytes(bench):
    c = Cluster(bench, {"e1": ""})
    wire = c.master.wire(source_address="127.0.0.77")
    wire.send(b"GET /live.mp3?x=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: VLC/3.0.20\r\n\r\n")
    url = "http://%s/live.mp3?x=1" % c.sites["e1"].address
    body = '<a href="%s">%s</a>\r\n' % (url, url)
    equal(wire.take_all().decode(),
          "HTTP/1.0 302 Temporarily Moved\r\nLocation: %s\r\nContent-Type: text/html; charset=utf-8\r\n"
          "Content-Length: %d\r\nConnection: close\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\n\r\n%s"
          % (url, len(body), body))


@test
def a_redirected_listener_hears_the_stream(bench):
    c = Cluster(bench, {"e1": ""})
    check(target_of(ask_and_close(c.master)) == c.sites["e1"].address, "redirected")
    listener = c["e1"].listener(source_address="127.0.0.77")
    c.source.play(20)
    listener.read(384 * 10)
    equal(listener.head.get("Access-Control-Allow-Origin"), "*", "CORS of the second hop")


@test
def listeners_are_shared_out_by_capacity(bench):
    c = Cluster(bench, {"e1": 'max-listeners="1000"', "e2": 'max-listeners="500"', "e3": 'max-listeners="100"'})
    counts = collections.Counter(c.name_of(ask_and_close(c.master)) for _ in range(800))
    # 500 : 250 : 50; four standard deviations of the draw and more.
    check(430 <= counts["e1"] <= 570 and 190 <= counts["e2"] <= 310 and 20 <= counts["e3"] <= 85, str(counts))


@test
def a_weight_multiplies_the_capacity(bench):
    c = Cluster(bench, {"e1": 'max-listeners="1000"', "e2": 'max-listeners="1000"'}, attributes={"e1": 'weight="3"'})
    counts = collections.Counter(c.name_of(ask_and_close(c.master)) for _ in range(200))
    check(120 <= counts["e1"] <= 175, str(counts))


@test
def this_server_takes_part_with_its_own_weight(bench):
    c = Cluster(bench, {"e1": 'max-listeners="500"'}, capacity='max-listeners="500"')
    statuses = collections.Counter(ask_and_close(c.master).status for _ in range(120))
    check(30 <= statuses[200] <= 90 and statuses[200] + statuses[302] == 120, str(statuses))


@test
def with_affinity_few_listeners_share_one_node(bench):
    c = Cluster(bench, {"e1": "", "e2": "", "e3": ""}, balance='floor="0.3" hold="0"')
    counts = collections.Counter(c.name_of(ask_and_close(c.master)) for _ in range(8))
    equal(len(counts), 1, "nodes for eight listeners: %s" % counts)
    counts.update(c.name_of(ask_and_close(c.master)) for _ in range(20))
    equal(len(counts), 2, "nodes for a busy mount: %s" % counts)


@test
def nobody_is_redirected_by_default(bench):
    site = Site(11)
    server = start(bench, site, "")
    server.source().play(10)
    equal(ask_and_close(server).status, 200, "status")


@test
def reports_count_for_nothing_while_redirecting_is_off(bench):
    c = Cluster(bench, {"e1": ""}, root="<max-redirect-slaves>0</max-redirect-slaves>")
    equal(ask_and_close(c.master).status, 200, "status")
    equal(node_at(c.master, "e1")["state"], "up", "what the administrator sees")


@test
def max_redirect_slaves_limits_the_nodes(bench):
    c = Cluster(bench, {"e1": "", "e2": "", "e3": ""}, root="<max-redirect-slaves>1</max-redirect-slaves>")
    targets = {c.name_of(ask_and_close(c.master)) for _ in range(30)}
    equal(len(targets), 1, "nodes used: %s" % targets)


@test
def never_redirected(bench):
    c = Cluster(bench, {"e1": ""})
    agent = "User-Agent: Player/9"
    for headers in (["User-Agent: Icecast 2.4.4"], [agent, "X-LB-Relay: e7.1"],
                    [agent, "Authorization: Basic cmVsYXk6cmVsLXNlY3JldA=="],
                    [agent, "Authorization: Basic YWRtaW46YWRtLXNlY3JldA=="],
                    [agent, "Authorization: Basic ZTE6cy1lMQ=="]):
        reply = ask_and_close(c.master, headers=["Host: a", *headers])
        equal(reply.status, 200, "status with %s" % headers)
    for line, status in (("HEAD /live.mp3 HTTP/1.1", 200), ("GET /status-json.xsl HTTP/1.1", 200),
                         ("GET /nowhere.mp3 HTTP/1.1", 404), ("OPTIONS /live.mp3 HTTP/1.1", 204)):
        reply = c.master.ask(line, ["Host: a", agent], source_address="127.0.0.77")
        equal(reply.status, status, line)
    equal(c.master.get("/admin/stats", "admin:adm-secret").status, 200, "admin")
    reply, _ = ask(c.master, headers=["Host: a", "User-Agent: Mozilla/5.0 Version/17 Safari/605.1.15", "Range: bytes=0-1"])
    equal(reply.status, 206, "Safari's question for two bytes")


@test
def a_player_that_cannot_follow_is_served_here(bench):
    c = Cluster(bench, {"e1": ""}, master="<no-redirect>OddRadio</no-redirect>")
    for agent in ("node-icy/1.0", "ESP32audioI2S", "OddRadio/3"):
        equal(ask_and_close(c.master, agent=agent).status, 200, agent)
    equal(ask_and_close(c.master, headers=[], version="HTTP/1.0").status, 200, "no Host, no User-Agent")
    equal(ask_and_close(c.master, agent="Winamp/5").status, 302, "another player")


@test
def who_comes_back_at_once_is_sent_elsewhere_then_served(bench):
    c = Cluster(bench, {"e1": "", "e2": "", "e3": ""})
    first = c.name_of(ask_and_close(c.master, agent="Lost/1"))
    second = c.name_of(ask_and_close(c.master, agent="Lost/1"))
    check(first != second, "sent to %s twice" % first)
    equal(ask_and_close(c.master, agent="Lost/1").status, 200, "served at the third time")
    # One that is served does not ask at once again: this is another one behind the same address.
    equal(ask_and_close(c.master, agent="Lost/1").status, 302, "the next one")


@test
def queries_and_names_arrive_whole_and_harmless(bench):
    c = Cluster(bench, {"e1": ""}, source=False)
    c.master.source(mount="/a%20b&c.mp3").play(10)
    reply = ask_and_close(c.master, "/a%20b&c.mp3?q=%22%0d%0aX:1&user=joe&x=\"<é>")
    equal(reply.get("Location"),
          "http://%s/a%%20b&c.mp3?q=%%22%%0d%%0aX:1&user=joe&x=%%22%%3C%%E9%%3E" % c.sites["e1"].address, "Location")
    equal(len(reply.all("X")), 0, "injected headers")


@test
def userinfo_is_never_copied(bench):
    c = Cluster(bench, {"e1": ""})
    reply = ask_and_close(c.master, headers=["Host: a", "User-Agent: P/1", "Authorization: Basic am9lOnNla3JldA=="])
    check("joe" not in reply.get("Location") and "@" not in reply.get("Location"), reply.get("Location"))


@test
def an_alias_is_resolved_before_the_choice(bench):
    c = Cluster(bench, {"e1": ""}, paths='<alias source="/radio" destination="/live.mp3"/>')
    check(ask_and_close(c.master, "/radio?x=1").get("Location").endswith("/live.mp3?x=1"), "destination")


@test
def https_is_never_sent_to_http(bench):
    proxy = "<x-forwarded-for>127.0.0.78</x-forwarded-for>"
    c = Cluster(bench, {"e1": ""}, paths=proxy)
    said = ["Host: a", "User-Agent: P/2", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https"]
    equal(ask_and_close(c.master, headers=said, source="127.0.0.78").status, 200, "served here")
    plain = ask_and_close(c.master, headers=[*said[:3], "X-Forwarded-Proto: http"], source="127.0.0.78")
    check(plain.get("Location").startswith("http://"), "http stays http")


@test
def https_goes_to_the_https_address(bench):
    site, edge = Site(11), Site(12)
    nodes = '<node id="e1" secret="s-e1" allow-public="%s edge.example.org:8443"/>' % edge.address
    master = start(bench, site, master_body({}, more=nodes), paths="<x-forwarded-for>127.0.0.78</x-forwarded-for>")
    master.source().play(10)
    equal(post_report(master, "e1:s-e1", "e1; public=%s; public-https=edge.example.org:8443; interval=5; seq=1; epoch=a"
                      % edge.address).status, 200, "report")
    reply = ask_and_close(master, headers=["Host: a", "User-Agent: P/3", "X-Forwarded-For: 203.0.113.9",
                                           "X-Forwarded-Proto: https"], source="127.0.0.78")
    equal(reply.get("Location"), "https://edge.example.org:8443/live.mp3", "Location")


def sends_on_what_is_full_here(bench, balance):
    site, edge = Site(11), Site(12)
    node = '<node id="e1" secret="s-e1" allow-public="%s"/>' % edge.address
    limit = "<mount><mount-name>/live.mp3</mount-name><max-listeners>1</max-listeners></mount>"
    master = start(bench, site, limit + master_body({}, more=node, balance=balance, capacity='max-listeners="500"'))
    master.source().play(10)
    master.listener("/live.mp3", ["Host: a", "User-Agent: ESP32"])     # does not follow, so it is served here
    equal(post_report(master, "e1:s-e1", "e1; public=%s; max=100; interval=5; seq=1; epoch=a" % edge.address,
                      b"/live.mp3\t0\tlimits,free=50\n").status, 200, "report")
    equal([ask_and_close(master).status for _ in range(20)], [302] * 20, "listeners beyond the one place")


@test
def a_mount_that_is_full_here_is_left_to_nodes_that_have_room(bench):
    sends_on_what_is_full_here(bench, 'affinity="0"')


@test
def a_mount_that_is_full_here_counts_as_full_where_only_that_redirects(bench):
    sends_on_what_is_full_here(bench, 'when="full"')


@test
def ipv6_stands_in_brackets_and_is_for_its_own_family(bench):
    site = Site(11)
    node = '<node id="e1" secret="s-e1" allow-public="[2001:db8::2]:8000"/>'
    master = start(bench, site, master_body({}, more=node), paths="<x-forwarded-for>127.0.0.78</x-forwarded-for>")
    master.source().play(10)
    equal(post_report(master, "e1:s-e1", "e1; public=[2001:db8::2]:8000; interval=5; seq=1; epoch=a").status, 200, "report")
    headers = ["Host: a", "User-Agent: P/4", "X-Forwarded-For: 2001:db8::99"]
    equal(ask_and_close(master, headers=headers, source="127.0.0.78").get("Location"),
          "http://[2001:db8::2]:8000/live.mp3", "Location")
    equal(ask_and_close(master, headers=[*headers[:1], "User-Agent: P/5", "X-Forwarded-For: 192.0.2.9"],
                        source="127.0.0.78").status, 200, "of a client with IPv4")


@test
def when_nobody_has_room_it_says_when_to_come_again(bench):
    c = Cluster(bench, {"e1": 'max-listeners="2"'}, capacity='max-listeners="1"')
    replies = [ask(c.master) for _ in range(8)]
    statuses = collections.Counter(reply.status for reply, _ in replies)
    check(statuses[302] == 2 and statuses[200] == 1 and statuses[503] == 5, str(statuses))
    full = [reply for reply, _ in replies if reply.status == 503][0]
    check(1 <= int(full.get("Retry-After")) <= 3, "Retry-After %s" % full.get("Retry-After"))
    equal(full.get("Access-Control-Allow-Origin"), "*", "CORS")


@test
def kh_redirect_servers_are_for_those_who_find_no_room(bench):
    site = Site(11)
    server = start(bench, site, "<redirect><host>old.example.org</host><port>8010</port></redirect>"
                                "<cluster><capacity max-listeners='1'/></cluster>")
    server.source().play(10)
    reply, _ = ask(server)
    equal(reply.status, 200, "there is room")
    equal(ask_and_close(server).get("Location"), "http://old.example.org:8010/live.mp3", "Location")


@test
def a_mount_has_rules_of_its_own(bench):
    c = Cluster(bench, {"e1": ""}, root='<mount><mount-name>/own*</mount-name><balance when="never"/></mount>')
    c.master.source(mount="/own.mp3").play(10)
    wait_for(lambda: ask_and_close(c.master, "/own.mp3").status == 200, "the pattern holds")
    equal(ask_and_close(c.master).status, 302, "another mount")


@test
def a_mount_asks_for_tags(bench):
    c = Cluster(bench, {"e1": "", "e2": ""}, slave="<tags>cheap</tags>",
                root='<mount><mount-name>/live.mp3</mount-name><balance tags="premium"/></mount>')
    equal(ask_and_close(c.master).status, 200, "no node has the tag")


@test
def every_answer_on_the_way_lets_players_in_pages_follow(bench):
    root = ('<mount><mount-name>/locked.mp3</mount-name><authentication type="htpasswd"><option name="filename" value="/nowhere"/>'
            '</authentication></mount>')
    c = Cluster(bench, {"e1": ""}, capacity='max-listeners="1"', root=root)
    c.master.source(mount="/locked.mp3").play(5)
    for server in (c.master, c["e1"]):
        for line in ("HEAD /live.mp3 HTTP/1.1", "OPTIONS /live.mp3 HTTP/1.1", "GET /none.xyz HTTP/1.1"):
            reply = server.ask(line, ["Host: a", "Origin: https://page.example"], source_address="127.0.0.77")
            equal(reply.all("Access-Control-Allow-Origin"), ["*"], "%s at %s" % (line, server.host))
        equal(ask_and_close(server).all("Access-Control-Allow-Origin"), ["*"], "a listener at " + server.host)
    equal(ask_and_close(c.master, "/locked.mp3").all("Access-Control-Allow-Origin"), ["*"], "a mount with a password")


@test
def two_masters_that_do_not_know_each_other(bench):
    one, two, edge = Site(11), Site(21), Site(12)
    masters = [start(bench, site, master_body({"e1": (edge, "")}, ident=name)) for site, name in ((one, "m1"), (two, "m2"))]
    sources = [master.source() for master in masters]
    for source in sources:
        source.play(200)
    slave = start(bench, edge, slave_body([one, two], "e1", edge))
    for master in masters:
        wait_until_up(master, "e1")
        equal(target_of(ask_and_close(master)), edge.address, "target of " + master.host)
        equal(node_at(master, "e1")["masters"], 2, "masters that it reports to")
    listener = slave.listener(source_address="127.0.0.77")
    sources[0].play(10)
    listener.read(384 * 5)
    kill(masters[0])
    check(wait_for(lambda: (sources[1].play(5), slave.stat("/live.mp3", "listeners") == "1" and
                            "streams audio/mpeg from 127.0.0.21" in slave.log())[1], "the other master feeds it"), "fed")
    listener.read(384 * 5)
    equal(target_of(ask_and_close(masters[1])), edge.address, "target afterwards")


@test
def requests_wait_for_the_nodes_after_a_start(bench):
    site, edge = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge, "")}, balance='hold="20s"'))
    master.source().play(10)
    wire = master.wire(source_address="127.0.0.77")
    wire.send(request("GET /live.mp3 HTTP/1.1", ["Host: a", "User-Agent: Early/1"]))
    post_report(master, "e1:s-e1", "e1; public=%s; interval=5; seq=1; epoch=a" % edge.address)
    equal(wire.reply_head().status, 302, "as soon as all nodes are here")
