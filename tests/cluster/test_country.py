"""Countries: a listener is sent to a near node while one of those has room."""
import collections

import countries
from bench import ADMIN, Cluster, ask_and_close, check, equal, node_at, test, wait_for
from harness import give_away
from link_bench import edge, feed, first_line, linked_master, up

HERE, ABROAD, UNKNOWN = "127.0.0.77", "127.0.0.78", "127.0.0.79"


def database(b, networks=None):
    path = b.dir / "countries.mmdb"
    countries.write(path, networks or {HERE + "/32": "DE", ABROAD + "/32": "US"})
    give_away(b.dir)
    return path


def paths(path):
    return "<geoipdb>%s</geoipdb>" % path


def cluster(b, path, **options):
    """e1 and e2 are near to DE, e3 to US."""
    near = {"e1": 'countries="DE AT"', "e2": 'countries="de"', "e3": 'countries="US"'}
    return Cluster(b, dict.fromkeys(near, ""), attributes=near, paths=paths(path), **options)


def nodes_of(c, source, times=20):
    return collections.Counter(c.name_of(ask_and_close(c.master, source=source)) for _ in range(times))


def explain(server, ip):
    return server.get("/admin/cluster/explain?mount=/live.mp3&ip=%s&ua=P/1" % ip, ADMIN).json()


@test
def listeners_go_to_the_nodes_of_their_country(b):
    c = cluster(b, database(b))
    equal(set(nodes_of(c, HERE)), {"e1", "e2"}, "from DE")
    equal(set(nodes_of(c, ABROAD)), {"e3"}, "from US")
    equal(set(nodes_of(c, UNKNOWN, 40)), {"e1", "e2", "e3"}, "from somewhere")
    equal(node_at(c.master, "e2")["countries"], ["DE"], "what the administrator sees")


@test
def explain_names_the_country(b):
    c = cluster(b, database(b, {HERE + "/32": "DE", "2001:db8::/32": "AT"}))
    equal([explain(c.master, ip)["country"] for ip in (HERE, "2001:db8::7", "2001:db9::7", ABROAD)],
          ["DE", "AT", "", ""], "countries")
    out = {row["node"]: row["out"] for row in explain(c.master, HERE)["draw"]}
    equal(out["e3"], "of another country", "why not e3")


@test
def abroad_is_better_than_nowhere(b):
    near = {"e1": 'countries="DE" max-listeners="3"', "e2": 'countries="US"'}
    c = Cluster(b, dict.fromkeys(near, ""), attributes=near, paths=paths(database(b)))
    counts = nodes_of(c, HERE, 10)
    equal(counts["e1"], 3, "as many as fit in the own country: %s" % counts)
    equal(counts["e2"], 7, "the others")


@test
def a_node_says_itself_where_it_is_unless_the_master_knows_better(b):
    c = Cluster(b, {"e1": "", "e2": ""}, attributes={"e2": 'countries="US"'}, slave="<countries>DE fr</countries>",
                paths=paths(database(b)))
    equal(node_at(c.master, "e1")["countries"], ["DE", "FR"], "as it says")
    equal(node_at(c.master, "e2")["countries"], ["US"], "as the master says")
    equal(set(nodes_of(c, HERE)), {"e1"}, "from DE")


@test
def over_the_link_too(b):
    master = linked_master(b, 11, {"edge12": "", "edge13": 'countries="US"'}, paths=paths(database(b)))
    home = edge(b, 12, master, more="<countries>DE</countries>")
    edge(b, 13, master)
    up(master, "edge12", "edge13")
    feed(b, master)
    targets = {first_line(master.address, "/live.mp3", HERE)[1] for _ in range(15)}
    equal(targets, {"127.0.0.12:%d" % home.given_port}, "from DE")
    # Another configuration of the master's counts at once.
    master.reload(body=master.slots["body"].replace('countries="US"', 'countries="DE"'))
    wait_for(lambda: node_at(master, "edge13")["countries"] == ["DE"], "after HUP")


@test
def the_database_is_read_again(b):
    path = database(b)
    c = cluster(b, path)
    equal(explain(c.master, HERE)["country"], "DE", "at first")
    # A broken one leaves the old one in its place, and the log says so.
    path.write_bytes(b"nonsense")
    c.master.reload()
    c.master.wait_for_log("is not a country database .*the one that was read before stays")
    equal(explain(c.master, HERE)["country"], "DE", "with a broken file")
    database(b, {HERE + "/32": "FR"})
    c.master.reload()
    wait_for(lambda: explain(c.master, HERE)["country"] == "FR", "the new file is read after HUP")
    database(b, {HERE + "/32": "AT"})
    wait_for(lambda: explain(c.master, HERE)["country"] == "AT", "and when it changes", 15)
    c.master.reload(paths="")
    wait_for(lambda: explain(c.master, HERE)["country"] == "", "without <geoipdb>")


@test
def without_a_database_everybody_is_near(b):
    c = cluster(b, b.dir / "missing.mmdb")
    c.master.wait_for_log("missing.mmdb: cannot be opened.*the country of a listener is not known")
    equal(set(nodes_of(c, HERE, 40)), {"e1", "e2", "e3"}, "nodes")


@test
def what_is_no_country_is_named(b):
    server = b.unstarted_server(body="<cluster><id>m</id><countries>DE Germany</countries>"
                                     "<node id=\"e\" secret=\"s-e-secret\" countries=\"X1\"/></cluster>")
    status, out, err = b.run("--check-config", "-c", server.config)
    check('<countries>: "Germany" is not a two-letter country code' in out + err, out + err)
    check('"X1" is not a two-letter country code' in out + err, out + err)
    equal(status, 0, "warnings")
