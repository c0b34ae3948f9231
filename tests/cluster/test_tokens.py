"""The signed parameter of a redirect: bound to node, mount and time, and invisible to other parts."""
import base64
import time

from bench import Cluster, Failed, Site, ask, ask_and_close, check, equal, master_body, matches, node_at, slave_body, start, test
from bench import wait_for, wait_until_up
from harness import ADMIN
from token_bench import mac, token

KEYS = '<token keys="second first"/>'


def bytes_of(text):
    return base64.urlsafe_b64decode(text + "=")


def wait_for_tokens(c, path="/live.mp3"):
    """The address of a redirect, once the master knows that the node checks tokens."""
    reply = ask_and_close(c.master, path)
    return reply.get("Location")


@test
def it_comes_last_and_is_made_as_the_protocol_says(bench):
    c = Cluster(bench, {"e1": ""}, master=KEYS, slave=KEYS)
    location = wait_for_tokens(c, "/live.mp3?x=1")
    made = matches(r"\Ahttp://%s/live\.mp3\?x=1&lb=([A-Za-z0-9_-]{27})\Z" % c.sites["e1"].address, location).group(1)
    facts = bytes_of(made)[:8]
    equal((facts[0], facts[1], facts[2]), (1, mac(b"second", b"icecast-lb key")[0], 1), "version, key, hops")
    check(abs(int.from_bytes(facts[3:7], "big") - time.time() - 60) <= 2, "sixty seconds")
    node_secret = mac(b"second", b"icecast-lb node e1")
    equal(bytes_of(made)[8:], mac(node_secret, facts + b"/live.mp3")[:12], "mac")
    equal(wait_for_tokens(c).split("?")[1][:3], "lb=", "without another parameter")


@test
def a_node_without_keys_gets_none(bench):
    c = Cluster(bench, {"e1": ""}, master=KEYS)
    equal(wait_for_tokens(c), "http://%s/live.mp3" % c.sites["e1"].address, "Location")


@test
def nobody_behind_the_first_look_sees_it(bench):
    c = Cluster(bench, {"e1": ""}, master=KEYS, slave=KEYS)
    path = wait_for_tokens(c, "/live.mp3?x=1").split(c.sites["e1"].address)[1]
    reply, wire = ask(c["e1"], path)
    equal(reply.status, 200, "served")
    wire.close()

    def logged():
        c.source.play(5)
        return "/live.mp3" in c["e1"].log("access")
    wait_for(logged, "the access log has the listener")
    check("lb=" not in c["e1"].log("access") and "lb=" not in c["e1"].log(), "a token in a log")


@test
def arrivals_are_counted_one_by_one(bench):
    c = Cluster(bench, {"e1": ""}, master=KEYS, slave=KEYS)
    wires = []
    for _ in range(4):
        location = wait_for_tokens(c)
        reply, wire = ask(c["e1"], location.split(c.sites["e1"].address)[1])
        equal(reply.status, 200, "status at the node")
        wires.append(wire)

    def counts():
        row = node_at(c.master, "e1")
        return [row[what] for what in ("arrived", "listeners", "unacknowledged")]
    try:
        wait_for(lambda: counts() == [4, 4, 0], "all four are confirmed", 10)
    except Failed as failure:
        raise Failed("%s: arrived, listeners, unacknowledged: %r" % (failure, counts()))


@test
def who_waited_for_a_new_mount_has_arrived_too(bench):
    """The edge requests the list every four seconds, and sooner for a listener with a token."""
    site, edge_site = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge_site, "")}, 'hold="0"', 'self-weight="0"', KEYS))
    edge = start(bench, edge_site, slave_body(site, "e1", edge_site, cluster=KEYS, interval=4))
    wait_until_up(master, "e1")
    master.source("/late.mp3").play(200)
    wires = []
    for _ in range(2):
        location = ask_and_close(master, "/late.mp3").get("Location")
        reply, wire = ask(edge, location.split(edge_site.address)[1])
        equal(reply.status, 200, "with a token")
        wires.append(wire)
    wait_for(lambda: node_at(master, "e1")["arrived"] == 2, "both are confirmed", 10)
    equal(node_at(master, "e1")["unacknowledged"], 0, "unacknowledged")


@test
def a_node_may_insist_on_it(bench):
    c = Cluster(bench, {"e1": ""}, master=KEYS, slave='<token keys="second first" require="hard"/>')
    edge = c["e1"]
    location = wait_for_tokens(c)
    path = location.split(c.sites["e1"].address)[1]
    equal(ask_and_close(edge, path).status, 200, "with a token")
    equal(ask_and_close(edge).status, 403, "without")
    good = path[-27:]
    bad = {"of another node": token("e2", "/live.mp3"), "of another mount": token("e1", "/other.mp3"),
           "with another key": token("e1", "/live.mp3", key=b"third"), "expired": token("e1", "/live.mp3", lifetime=-10),
           "changed": good[:5] + ("A" if good[5] != "A" else "B") + good[6:], "nonsense": "x" * 27, "short": good[:-1]}
    for what, value in bad.items():
        equal(ask_and_close(edge, "/live.mp3?lb=" + value).status, 403, what)
    equal(ask_and_close(edge, "/live.mp3?lb=" + token("e1", "/live.mp3", key=b"first")).status, 200, "signed with the old key")
    equal(ask_and_close(edge, headers=["Host: a", "User-Agent: Icecast 2.4.4"]).status, 200, "a relay")


@test
def without_one_no_new_mount_is_learnt_and_played(bench):
    """The edge requests its master's list every half minute, and sooner for a listener with a token."""
    site, edge_site = Site(11), Site(12)
    master = start(bench, site, master_body({"e1": (edge_site, "")}, 'hold="0"', 'self-weight="0"', KEYS))
    hard = '<token keys="second first" require="hard"/>'
    edge = start(bench, edge_site, slave_body(site, "e1", edge_site, cluster=hard, interval=30))
    wait_until_up(master, "e1")
    master.source("/late.mp3").play(200)
    for _ in range(5):
        check(ask_and_close(edge, "/late.mp3").status in (403, 404), "without")
    equal(ask_and_close(edge, "/late.mp3?lb=" + token("e1", "/late.mp3")).status, 200, "with a token")
    equal(ask_and_close(edge, "/late.mp3").status, 403, "without, when the node knows the mount")


@test
def a_new_mount_is_protected_like_any_other(bench):
    """By a pattern: only the master's answer that the mount exists shows whether its authenticator has to be asked."""
    site, edge_site = Site(11), Site(12)
    users = bench.dir / "users"
    users.write_text("me:5ebe2294ecd0e0f08eab7690d2a6ee69\n")
    users.chmod(0o644)
    protected = ('<mount><mount-name>/late*</mount-name><authentication type="htpasswd"><option name="filename" value="%s"/>'
                 '</authentication></mount>' % users)
    master = start(bench, site, master_body({"e1": (edge_site, "")}, 'hold="0"', 'self-weight="0"', KEYS))
    edge = start(bench, edge_site, slave_body(site, "e1", edge_site, cluster=KEYS, root=protected, interval=30))
    wait_until_up(master, "e1")
    for mount, login, status in (("/late1.mp3", "", 401), ("/late2.mp3", "me:wrong", 401), ("/late3.mp3", "me:secret", 200)):
        master.source(mount).play(200)
        lines = ["Host: a", "User-Agent: Player%s" % mount]
        if login:
            lines.append("Authorization: Basic " + base64.b64encode(login.encode()).decode())
        equal(ask_and_close(edge, mount + "?lb=" + token("e1", mount), headers=lines).status, status, "as %r" % login)


@test
def a_node_may_send_those_without_one_to_a_master_once(bench):
    c = Cluster(bench, {"e1": ""}, master=KEYS, slave='<token keys="second first" require="soft"/>')
    # It reads the list after its report: before that it would first have to learn of the stream.
    wait_for(lambda: "/live.mp3" in c["e1"].get("/admin/listmounts", ADMIN).text, "the edge knows the stream")
    reply = ask_and_close(c["e1"], "/live.mp3?y=2", agent="Bookmark/1")
    equal(reply.get("Location"), "http://%s/live.mp3?y=2" % c.site.address, "to the master")
    equal(ask_and_close(c["e1"], "/live.mp3?y=2", agent="Bookmark/1").status, 200, "back again: served")
    equal(ask_and_close(c["e1"], "/live.mp3?lb=" + token("e1", "/live.mp3")).status, 200, "with a token")


def two_peers(bench, keys):
    """Each is the master and the slave of the other, and redirects its listeners."""
    sites = [Site(11), Site(12)]
    servers = []
    for i, (site, other) in enumerate(zip(sites, reversed(sites))):
        own, peer = "p%d" % (i + 1), "p%d" % (2 - i)
        body = slave_body(other, own, site, 'max-listeners="1000" self-weight="0"',
                          '%s<balance hold="0"/><node id="%s" secret="s-%s" allow-public="%s"/>' % (keys[i], peer, own, other.address))
        body = body.replace("<password>s-%s<" % own, "<password>s-%s<" % peer)
        servers.append(start(bench, site, body))
    wait_until_up(servers[0], "p2")
    wait_until_up(servers[1], "p1")
    servers[0].source().play(100)

    def both_have_it():
        return all(ask_and_close(server).status == 302 for server in servers)
    wait_for(both_have_it, "each sends to the other")
    return sites, servers


@test
def who_was_redirected_is_never_redirected_again(bench):
    sites, servers = two_peers(bench, [KEYS, KEYS])
    location = ask_and_close(servers[0]).get("Location")
    check(location.startswith("http://" + sites[1].address), location)
    reply, wire = ask(servers[1], location.split(sites[1].address)[1])
    equal(reply.status, 200, "served by the second, which would redirect too")
    wire.close()
    equal(ask_and_close(servers[1]).status, 302, "without a token it redirects")


@test
def peers_with_different_keys_redirect_once_as_well(bench):
    """Each signs with a key that the other does not know."""
    sites, servers = two_peers(bench, ['<token keys="apple"/>', '<token keys="pear"/>'])
    for i in (0, 1):
        other = 1 - i
        location = ask_and_close(servers[i]).get("Location")
        check(location.startswith("http://%s/live.mp3?lb=" % sites[other].address), location)
        reply, wire = ask(servers[other], location.split(sites[other].address)[1])
        equal(reply.status, 200, "served by p%d, which would redirect too" % (other + 1))
        wire.close()
    for what, value in {"nonsense": "x" * 27, "of yesterday": token("p2", "/live.mp3", key=b"apple", lifetime=-10),
                        "of tomorrow": token("p2", "/live.mp3", key=b"apple", lifetime=86400),
                        "of a list": token("p2", "/live.mp3", key=b"apple", hops=0),
                        "of our key, for another": token("p1", "/live.mp3", key=b"pear")}.items():
        equal(ask_and_close(servers[1], "/live.mp3?lb=" + value).status, 302, what)


@test
def who_was_redirected_to_a_full_node_is_told_when_to_come_again(bench):
    c = Cluster(bench, {"e1": ""}, master=KEYS, slave=KEYS, slave_root="<limits><max-listeners>1</max-listeners></limits>")
    first = ask(c["e1"], wait_for_tokens(c).split(c.sites["e1"].address)[1])
    equal(first[0].status, 200, "the first")
    second = ask_and_close(c["e1"], "/live.mp3?lb=" + token("e1", "/live.mp3"))
    equal(second.status, 302, "the second goes back to the master once")
    check("/live.mp3?lb=" in second.get("Location"), second.get("Location"))
    again = ask_and_close(c["e1"], "/live.mp3?lb=" + token("e1", "/live.mp3", hops=3))
    equal(again.status, 503, "sent again after that")
    check(1 <= int(again.get("Retry-After")) <= 3, "Retry-After")
    equal(ask_and_close(c["e1"]).status, 302, "one that was not redirected")
