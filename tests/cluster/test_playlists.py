"""NAME.m3u, .pls and .xspf of a mount: the servers in the list, the servers that are left out, and their addresses."""
import re
import xml.etree.ElementTree as ET

from bench import ADMIN, LISTENER, Cluster, check, equal, node_at, request, test, wait_for
from harness import give_away
from link_bench import edge, feed, first_line, kill9, linked_master, up

OWN = "master.example:9"


def entries(server, path="/live.mp3.m3u", headers=("Host: " + OWN,)):
    reply = server.ask("GET %s HTTP/1.1" % path, list(headers), source_address=LISTENER)
    equal(reply.status, 200, "status of " + path)
    if path.partition("?")[0].endswith(".xspf"):
        return [node.text for node in ET.fromstring(reply.body).iter("{http://xspf.org/ns/0/}location")]
    if path.partition("?")[0].endswith(".pls"):
        return re.findall(r"^File\d+=(.*)\r$", reply.text, re.M)
    return reply.text.split("\r\n")[:-1]


def hosts(server, path="/live.mp3.m3u", headers=("Host: " + OWN,)):
    return [re.match(r"https?://([^/]+)/", entry).group(1) for entry in entries(server, path, headers)]


@test
def drained_and_dead_nodes_are_not_listed(b):
    master = linked_master(b, 11, {"edge12": "", "edge13": "", "edge14": ""})
    nodes = {n: edge(b, n, master) for n in (12, 13, 14)}
    up(master, "edge12", "edge13", "edge14")
    feed(b, master)
    address = {n: "127.0.0.%d:%d" % (n, nodes[n].given_port) for n in nodes}
    equal(set(hosts(master)), {*address.values(), OWN}, "all of them")
    nodes[12].get("/admin/drain?mode=soft", ADMIN)
    wait_for(lambda: node_at(master, "edge12")["state"] == "draining", "one drains")
    equal(set(hosts(master)), {address[13], address[14], OWN}, "without it")
    kill9(nodes[13])
    wait_for(lambda: node_at(master, "edge13")["state"] == "dead", "one is dead")
    for kind in ("m3u", "pls", "xspf"):
        equal(hosts(master, "/live.mp3." + kind), [address[14], OWN], "the last one, then the master: " + kind)
    # The master drains: it would answer 503.
    master.get("/admin/drain?mode=soft", ADMIN)
    wait_for(lambda: hosts(master) == [address[14]], "without the master")


def with_many_addresses(b):
    """edge12 has a name for https and an IPv6 literal besides its IPv4 address; edge13 has only an IPv4 address."""
    master = linked_master(b, 11, {"edge12": 'allow-public="edge.example.org:8443 [2001:db8::2]:8000"', "edge13": ""},
                           paths="<x-forwarded-for>%s</x-forwarded-for>" % LISTENER)
    more = ('<public-address scheme="https">edge.example.org:8443</public-address>'
            "<public-address>[2001:db8::2]:8000</public-address>")
    nodes = [edge(b, 12, master, more=more), edge(b, 13, master)]
    up(master, "edge12", "edge13")
    feed(b, master)
    return master, ["127.0.0.%d:%d" % (n, node.given_port) for n, node in zip((12, 13), nodes)]


@test
def over_https_only_https_addresses(b):
    master, plain = with_many_addresses(b)
    client = ("Host: " + OWN, "X-Forwarded-For: 192.0.2.1")
    equal(set(hosts(master, headers=client)), {*plain, OWN}, "plain")
    for kind in ("m3u", "pls", "xspf"):
        equal(entries(master, "/live.mp3." + kind, headers=[*client, "X-Forwarded-Proto: https"]),
              ["https://edge.example.org:8443/live.mp3", "https://%s/live.mp3" % OWN], kind + " behind TLS")


@test
def ipv6_addresses_have_brackets_and_go_to_ipv6_alone(b):
    master, plain = with_many_addresses(b)
    check("[" not in " ".join(entries(master, headers=["Host: " + OWN, "X-Forwarded-For: 192.0.2.1"])), "an IPv4 client")
    for kind in ("m3u", "pls", "xspf"):
        equal(entries(master, "/live.mp3." + kind, headers=["Host: [2001:db8::1]:8000", "X-Forwarded-For: 2001:db8::99"]),
              ["http://[2001:db8::2]:8000/live.mp3", "http://[2001:db8::1]:8000/live.mp3"], kind)


@test
def tags_and_protection_hold_for_lists_too(b):
    root = ('<mount><mount-name>/live.mp3</mount-name><balance tags="premium"/></mount>'
            '<mount><mount-name>/locked.mp3</mount-name><authentication type="htpasswd">'
            '<option name="filename" value="/nowhere"/></authentication></mount>')
    c = Cluster(b, {"e1": "", "e2": ""}, root=root)
    c.master.source("/locked.mp3").play(20)
    equal(hosts(c.master), [OWN], "no node has the tag")
    equal(hosts(c.master, "/locked.mp3.m3u"), [OWN], "no node enforces it")


@test
def a_node_with_the_tag_is_listed(b):
    root = '<mount><mount-name>/live.mp3</mount-name><balance tags="premium"/></mount>'
    c = Cluster(b, {"e1": ""}, root=root, slave="<tags>premium eu</tags>")
    equal(hosts(c.master), [c.sites["e1"].address, OWN], "the list")


@test
def tokens_in_lists_let_in_and_confirm_no_redirect(b):
    keys = '<token keys="key-of-the-cluster"/>'
    c = Cluster(b, {"e1": ""}, master=keys, slave='<token keys="key-of-the-cluster" require="hard"/>')
    first, own = entries(c.master, "/live.mp3.m3u?x=1&lb=%s" % ("A" * 27))
    check(re.fullmatch(r"http://%s/live\.mp3\?x=1&lb=[\w-]{27}" % c.sites["e1"].address, first), first)
    equal(own, "http://%s/live.mp3?x=1" % OWN, "the master's own: the query, and nobody's token")

    def status(target):
        wire = c["e1"].wire(source_address=LISTENER)
        wire.send(request("GET %s HTTP/1.1" % target, ["Host: x", "User-Agent: P/1"]))
        return wire.reply_head().status
    target = first.split(c.sites["e1"].address)[1]
    equal(status(target), 200, "with the list's")
    equal(status("/live.mp3"), 403, "without a token")
    equal(status(target.replace("/live", "/other")), 404, "for another mount")
    wait_for(lambda: node_at(c.master, "e1")["listeners"] == 1, "the master has heard of the listener")
    equal(node_at(c.master, "e1")["arrived"], 0, "redirects that the node confirms")


@test
def names_and_queries_are_harmless(b):
    c = Cluster(b, {"e1": ""}, source=False)
    c.master.source(mount="/a%20b&c.mp3").play(10)
    query = "?q=%22%0d%0aX:1&x=\"<>"
    for kind in ("m3u", "pls", "xspf"):
        found = entries(c.master, "/a%20b&c.mp3." + kind + query)
        equal(found, ["http://%s/a%%20b&c.mp3?q=%%22%%0d%%0aX:1&x=%%22%%3C%%3E" % host
                      for host in (c.sites["e1"].address, OWN)], kind)


@test
def the_list_of_what_nobody_knows_has_this_server_alone(b):
    c = Cluster(b, {"e1": ""})
    (c.master.dir / "web" / "live.mp3.pls").write_text("a file of the web root")
    give_away(c.master.dir)
    equal(c.master.get("/nothing.mp3.m3u").text, "http://127.0.0.1:%d/nothing.mp3\r\n" % c.master.port)
    equal(c.master.get("/live.mp3.pls").text, "a file of the web root", "a file wins")
    c.master.reload(body=c.master.slots["body"].replace("<cluster>", "<max-redirect-slaves>0</max-redirect-slaves><cluster>"))
    wait_for(lambda: c.master.get("/live.mp3.xspf").status == 200 and len(entries(c.master)) == 1, "nobody is redirected")


@test
def every_entry_plays(b):
    c = Cluster(b, {"e1": "", "e2": "", "e3": ""})
    found = hosts(c.master)
    equal(len(found), 4, "entries")
    for name, site in c.sites.items():
        check(site.address in found, name)
        equal(first_line((site.host, site.port), "/live.mp3")[0], 200, "status of " + name)
