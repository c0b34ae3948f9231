"""Every setting of <balance>, <capacity> and <node> has its configured effect."""
import collections

from bench import ADMIN, Cluster, ask, ask_and_close, check, equal, test, wait_for

OFF = 'affinity="0" hold="0" '


def spread(c, times, path="/live.mp3"):
    return collections.Counter(c.name_of(ask_and_close(c.master, path)) for _ in range(times))


def explain(server, mount="/live.mp3"):
    return server.get("/admin/cluster/explain?mount=%s&ip=192.0.2.9&ua=P/1" % mount, ADMIN).json()


def mount_rules(rules, name="/live.mp3"):
    return "<mount><mount-name>%s</mount-name><balance %s/></mount>" % (name, rules)


def sized(**listeners):
    return {name: 'max-listeners="%d"' % count for name, count in listeners.items()}


@test
def first_fills_the_nodes_in_their_order(b):
    c = Cluster(b, sized(e1=4, e2=1000), balance=OFF + 'policy="first"')
    equal([c.name_of(ask_and_close(c.master)) for _ in range(7)], ["e1"] * 4 + ["e2"] * 3, "nodes")


@test
def round_robin_gives_everybody_his_turn(b):
    c = Cluster(b, sized(e1=1000, e2=1000, e3=1000), balance=OFF + 'policy="round-robin"')
    equal(set(spread(c, 30).values()), {10}, "listeners at each")


@test
def least_conn_counts_and_does_not_weigh(b):
    c = Cluster(b, sized(e1=1000, e2=50), balance=OFF + 'policy="least-conn"')
    counts = spread(c, 40)
    check(abs(counts["e1"] - counts["e2"]) <= 2, str(counts))


@test
def least_util_weighs(b):
    c = Cluster(b, sized(e1=1000, e2=500), balance=OFF + 'policy="least-util"')
    counts = spread(c, 30)
    check(18 <= counts["e1"] <= 22, str(counts))


@test
def two_choices_weigh_too(b):
    c = Cluster(b, sized(e1=1000, e2=500), balance=OFF + 'policy="p2c"')
    counts = spread(c, 60)
    check(34 <= counts["e1"] <= 46, str(counts))


@test
def hash_keeps_a_mount_at_its_node(b):
    c = Cluster(b, sized(e1=1000, e2=1000, e3=1000), balance=OFF + 'policy="hash" floor="0.3"', source=False)
    mounts = ["/h%d.mp3" % i for i in range(8)]
    homes = set()
    for mount in mounts:
        c.master.source(mount).play(10)
        counts = spread(c, 5, mount)
        equal(len(counts), 1, "nodes of %s" % mount)
        homes |= set(counts)
    check(len(homes) > 1, "not all at one node")


@test
def a_mount_has_a_policy_and_affinity_of_its_own(b):
    c = Cluster(b, sized(e1=1000, e2=1000), balance='hold="0" policy="p2c"',
                root=mount_rules('policy="round-robin" affinity="0"'))
    c.master.source("/other.mp3").play(10)
    equal([(explain(c.master, m)["policy"], explain(c.master, m)["affinity"]) for m in ("/live.mp3", "/other.mp3")],
          [("round-robin", False), ("p2c", True)], "rules")
    equal(set(spread(c, 20).values()), {10}, "turns")
    # Another configuration counts at once.
    c.master.reload(body=c.master.slots["body"].replace('policy="round-robin"', 'policy="first"'))
    wait_for(lambda: explain(c.master)["policy"] == "first", "after HUP")
    equal(set(spread(c, 5)), {"e1"}, "nodes")


@test
def min_carriers_and_busy_listeners_of_the_cluster_and_of_a_mount(b):
    c = Cluster(b, sized(e1=1000, e2=1000, e3=1000), balance='hold="0" floor="1" min-carriers="2" busy-listeners="4"',
                root=mount_rules('min-carriers="3" busy-listeners="2"', "/wide.mp3"))
    c.master.source("/wide.mp3").play(10)
    equal(len(spread(c, 4)), 1, "nodes for four listeners")
    equal(len(spread(c, 8)), 1 + 1, "nodes with more")
    equal(len(spread(c, 8, "/wide.mp3")), 3, "nodes of the other mount")


@test
def when_full_redirects_only_those_whom_this_server_has_no_room_for(b):
    c = Cluster(b, sized(e1=1000), balance=OFF + 'when="full"', capacity='max-listeners="2"')
    kept = []
    for _ in range(2):
        reply, wire = ask(c.master)
        equal(reply.status, 200, "while there is room")
        kept.append(wire)
    equal(ask_and_close(c.master).status, 302, "and then")
    for wire in kept:
        wire.close()


@test
def a_mount_may_be_redirected_only_when_this_server_is_full(b):
    c = Cluster(b, sized(e1=1000), balance=OFF, capacity='max-listeners="5000"', root=mount_rules('when="full"'))
    equal(ask_and_close(c.master).status, 200, "status")
    c.master.source("/other.mp3").play(10)
    equal(explain(c.master, "/other.mp3")["reason"], "drawn by the policy", "another mount")


@test
def eps_and_floor_bound_the_nodes(b):
    c = Cluster(b, sized(e1=1000), balance='hold="0" eps="0.5" floor="0.25"')
    equal(explain(c.master)["bound"], 0.25, "the floor")
    spread(c, 500)
    found = explain(c.master)
    check(abs(found["bound"] - 1.5 * found["mean_utilisation"]) < 1e-6 and found["bound"] > 0.25, str(found)[:300])


@test
def retry_after_is_as_configured(b):
    c = Cluster(b, sized(e1=1), balance=OFF + 'retry-after="30"', capacity='max-listeners="1"')
    replies = [ask(c.master)[0] for _ in range(6)]
    found = {int(reply.get("Retry-After")) for reply in replies if reply.status == 503}
    check(found and found <= {30, 31}, "%s: %s" % ([reply.status for reply in replies], found))


@test
def max_accept_limits_new_listeners_a_second(b):
    c = Cluster(b, {"e1": 'max-listeners="1000" max-accept="4"', "e2": 'max-listeners="1000"'},
                balance=OFF + 'policy="first"')
    counts = spread(c, 20)
    check(1 <= counts["e1"] <= 6 and counts["e2"] >= 14, str(counts))


@test
def max_bandwidth_of_a_node_and_of_its_row(b):
    c = Cluster(b, {"e1": 'max-bandwidth="400k"', "e2": 'max-bandwidth="100M"'}, balance=OFF + 'policy="first"',
                attributes={"e2": 'max-bandwidth="400k"'}, capacity='self-weight="0"')
    fit = int(400 // explain(c.master)["kbps"])
    check(fit > 0, "a node has room for one")
    redirected = sum(ask_and_close(c.master).status == 302 for _ in range(2 * fit + 4))
    equal(redirected, 2 * fit, "listeners, where each node has room for %d" % fit)


@test
def weight_0_gets_nobody(b):
    c = Cluster(b, sized(e1=1000, e2=1000), balance=OFF, attributes={"e1": 'weight="0"'})
    equal(set(spread(c, 10)), {"e2"}, "nodes")
    out = {row["node"]: row["out"] for row in explain(c.master)["draw"]}
    equal(out["e1"], "weight 0", "why not")
