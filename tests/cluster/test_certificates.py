"""One certificate for a name that several nodes have: a master orders it, each node answers the authority and gets the
certificate over the link."""
import re

from authority import Authority
from bench import ADMIN, check, equal, matches, test, wait_for
from harness import open_folder
from https_radio import NAME, comes, verified
from link_bench import edge, link_port, linked_master, up


def sockets(number, plain, tls):
    one = "<listen-socket><port>%d</port><bind-address>127.0.0.%d</bind-address>%s</listen-socket>"
    return one % (plain, number, "") + one % (tls, number, "<ssl>1</ssl>")


def state(b, number):
    return "<state-dir>%s</state-dir>" % open_folder(b.dir / ("state%d" % number))


def cluster(b, numbers, challenges, having=None, more="", names=NAME):
    """A master on 127.0.0.11 and edges; the authority connects to ports that all of them have."""
    plain, tls = link_port(), link_port()
    authority = Authority(b, plain, tls_port=tls)
    has = 'certificates="%s"' % names
    ids = {"edge%d" % n: 'allow-public="127.0.0.%d:%d" %s' % (n, plain, has if n in (having or numbers) else "") for n in numbers}
    master = linked_master(
        b, 11, ids, start=False, port=plain, sockets=sockets(11, plain, tls), paths=state(b, 11),
        body_more="<hostname>%s</hostname><acme><ports>off</ports><challenges>%s</challenges>%s%s</acme>" % (NAME, challenges, more, authority.element()))
    edges = [edge(b, n, master, start=False, port=plain, sockets=sockets(n, plain, tls), paths=state(b, n)) for n in numbers]
    return authority, master, edges, tls


def serves(server, tls, authority):
    def has():
        try:
            server.wire(tls, wrap=verified(authority)).close()
            return True
        except OSError:
            return False
    wait_for(has, "%s serves the name: %s" % (server.host, server.log()[-1500:]), 15)


def ordered_through(b, challenges):
    authority, master, (first, second), tls = cluster(b, (12, 13), challenges)
    authority.lead(NAME, "127.0.0.13")  # it is asked, and the master has ordered
    for one in (master, first, second):
        one.start()
    comes(master)
    for one in (master, first, second):
        serves(one, tls, authority)
    equal(authority.issued(), 1, "certificates")
    check("is not known yet" not in master.log(), "all were told in time: " + master.log()[-900:])
    # Nothing is left to be asked for.
    equal(second.get("/.well-known/acme-challenge/" + "a" * 43).status, 404)
    return authority, master, first, second, tls


@test
def any_node_of_the_name_answers_by_http(b):
    authority, master, first, second, tls = ordered_through(b, "http-01")
    # It is there without its master, after a restart too.
    wait_for(lambda: "PRIVATE KEY" in (b.dir / "state12/conf.cache").read_text(), "it is kept")
    equal((b.dir / "state12/conf.cache").stat().st_mode & 0o777, 0o600, "for the server alone")
    master.stop()
    first.stop()
    first.start()
    serves(first, tls, authority)
    check("PRIVATE KEY" not in first.log() + first.out.read_text(), "no key is in a log")


@test
def any_node_of_the_name_answers_in_a_handshake(b):
    ordered_through(b, "tls-alpn-01")


@test
def a_key_goes_to_the_nodes_of_its_name_alone(b):
    authority, master, (its, other), tls = cluster(b, (12, 13), "http-01", having=(12,))
    authority.lead(NAME, "127.0.0.12")
    for one in (master, its, other):
        one.start()
    comes(master)
    serves(its, tls, authority)
    up(master, "edge12", "edge13")
    wait_for((b.dir / "state13/conf.cache").exists, "the other one keeps what it is told")
    check("PRIVATE" not in (b.dir / "state13/conf.cache").read_text(), "it was told the key")
    try:
        other.wire(tls, wrap=verified(authority)).close()
        served = True
    except OSError as error:
        served = False
        matches("(?i)unrecognized.name", str(error))
    equal(served, False, "the other one serves it")


@test
def a_node_that_is_away_is_named_and_not_waited_for(b):
    authority, master, (there, away), tls = cluster(b, (12, 13), "http-01")
    authority.lead(NAME, "127.0.0.12")
    master.start()
    there.start()
    comes_late = lambda: "a new certificate for" in master.log()
    wait_for(comes_late, "it comes: " + master.log()[-900:], 30)
    matches(r"WARN tls/acme the answer for the CA is not known yet at edge13, which radio\.example\.org leads to as well; the CA is asked to look all the same",
            master.log())
    serves(there, tls, authority)
    # It gets it when it comes.
    away.start()
    serves(away, tls, authority)


@test
def a_node_does_not_order_what_its_master_has(b):
    authority, master, (own,), tls = cluster(b, (12,), "http-01")
    authority.lead(NAME, "127.0.0.11")
    master.start()
    comes(master)
    own.write_config(body=own.slots["body"] + "<hostname>%s</hostname><acme><ports>off</ports><challenges>http-01</challenges>%s</acme>" % (
        NAME, authority.element()))
    own.start()
    serves(own, tls, authority)
    rows = own.get("/metrics", ADMIN).text
    check("icecast_acme_failures" not in rows or 'names="%s"' % NAME not in rows.split("icecast_acme_failures", 1)[1].split("icecast_log", 1)[0],
          "it orders none")
    equal(authority.issued(), 1, "certificates")


@test
def each_of_five_nodes_answers_in_turn(b):
    """The authority asks another node with each order; a certificate with unchanged settings in <acme> is not ordered
    again."""
    other, numbers = "www.example.org", (12, 13, 14, 15)
    authority, master, edges, tls = cluster(b, numbers, "http-01", names=NAME + " " + other)
    nodes = [master, *edges]
    authority.lead(NAME, master.host)
    for one in nodes:
        one.start()
    comes(master)
    up(master, *("edge%d" % number for number in numbers))
    times = 1
    for challenge in ("http-01", "tls-alpn-01"):
        for one in nodes:
            times += 1
            for name in (NAME, other):
                authority.lead(name, one.host)
            master.reload(body=re.sub("<acme>.*?<challenges>[^<]*", "<acme><ports>off</ports><names>%s%s</names><challenges>%s" % (
                NAME, " " + other if times % 2 == 0 else "", challenge), master.slots["body"]))
            comes(master, times)
    for one in nodes:
        serves(one, tls, authority)
    equal(authority.issued(), times, "certificates")
    check("no certificate for" not in master.log(), "each was shown at once: " + master.log()[-900:])
    check("is not known yet" not in master.log(), "all were told in time: " + master.log()[-900:])
    for one in nodes:
        rows = one.get("/metrics", ADMIN).text
        for challenge in ("http-01", "tls-alpn-01"):
            matches(r'icecast_acme_challenges_answered_total\{type="%s",known="yes"\} [1-9]' % challenge, rows)
