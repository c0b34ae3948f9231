"""Placement: new mounts go to the node with the most room, near and with their tags; two masters place like one."""
import os

from api import encoded
from bench import node_at
from etcd import Cluster
from harness import check, equal, test, wait_for
from link_bench import RawNode
from placed import Api, etcd_store, home, homes, store_master, up
from threads import all_at_once

NUMBER = 160 if os.environ.get("LB_FULL") else 32
SHARES = {"edge12": 10, "edge13": 5, "edge14": 1}


def nodes_of(b, masters):
    nodes = [home(b, n, masters, 'max-sources="%d" max-ingest="%dk"' % (SHARES["edge%d" % n] * NUMBER, SHARES["edge%d" % n] * NUMBER * 128))
             for n in (12, 13, 14)]
    up(masters, nodes)
    return nodes


def made(masters, nodes, parts):
    """So many threads make the mounts, through one of the masters each.  On a busy machine a node is suspect for a moment and
    gets none, as an answer then says: all are deleted and made again."""
    apis = [Api(master) for master in masters]
    for api in apis:
        api.describe()

    def done():
        up(masters, nodes)

        def make(part):
            return [apis[part % len(apis)].ask("POST", "/mounts", {"mount": "/m%d-%d" % (part, i)}) for i in range(NUMBER // parts)]
        answers = sum(all_at_once(make, range(parts)), [])
        if not any("is not up" in answer.text for answer in answers):
            equal([answer.status for answer in answers], [201] * NUMBER)
            return True
        wait_for(none_left, "they are deleted")
        return False

    def none_left():
        for name in apis[0].mounts():
            apis[0].ask("DELETE", "/mounts/" + encoded(name[1:]))
        return not any(api.mounts() for api in apis)
    wait_for(done, "all nodes are up while mounts are made", 30)
    return apis


def expected():
    return {name: share * NUMBER // 16 for name, share in SHARES.items()}


@test
def equal_mounts_follow_the_capacities_exactly(b):
    master = store_master(b, 11, (12, 13, 14))
    nodes = nodes_of(b, master)
    api, = made([master], nodes, 1)
    equal(homes(api), expected())
    return "%d mounts: %r" % (NUMBER, homes(api))


@test
def requests_at_once_are_placed_as_one_after_the_other(b):
    master = store_master(b, 11, (12, 13, 14))
    nodes = nodes_of(b, master)
    api, = made([master], nodes, 16)
    equal(homes(api), expected())


@test
def two_masters_with_one_etcd_place_as_one(b):
    cluster = Cluster(b)
    store = etcd_store(cluster)
    masters = [store_master(b, n, (12, 13, 14), store=store) for n in (10, 11)]
    nodes = nodes_of(b, masters)
    for api in made(masters, nodes, 4):
        wait_for(lambda: sum(homes(api).values()) == NUMBER, "both masters have all")
        equal(homes(api), expected())


@test
def tags_country_name_and_spread_choose_the_node(b):
    master = store_master(b, 11, (12, 13, 14))
    nodes = [home(b, 12, master, 'max-sources="100"', "<tags>eu big</tags><countries>DE AT</countries>"),
             home(b, 13, master, 'max-sources="10"', "<tags>eu</tags><countries>FR</countries>"),
             home(b, 14, master, 'max-sources="2"', "<tags>us</tags>")]
    up(master, nodes)
    api = Api(master)

    def made(name, **place):
        return api.want(201, "POST", "/mounts", {"mount": name, "place": place}).json()
    equal(made("/a")["home"], "edge12")
    answer = made("/b", country="FR")
    equal(answer["home"], "edge13")
    equal(answer["source"]["url"], "http://127.0.0.13:%d/b" % nodes[1].given_port)
    equal(answer["listen"]["http"], "http://127.0.0.11:%d/b" % master.given_port)
    equal(answer["home-state"], "up")
    equal([row["node"] for row in answer["why"]][0], "edge13")
    equal(made("/c", tags=["us"])["home"], "edge14")
    equal(made("/d", node="edge14")["home"], "edge14")
    equal(made("/e1", spread="news")["home"], "edge12")
    equal(made("/e2", spread="news")["home"], "edge13")
    # Nothing is written by a dry run, and it says why.
    dry = api.want(201, "POST", "/mounts?dry-run=1", {"mount": "/dry"}).json()
    check({row["node"] for row in dry["why"]} == {"edge12", "edge13", "edge14", "m11"}, dry)
    api.problem("not-found", "GET", "/mounts/dry")
    # None has room: each says why.
    full = api.problem("no-room", "POST", "/mounts", {"mount": "/f", "place": {"tags": ["us"]}}).json()
    equal(sorted(full["nodes"]), ["edge12: it does not have the tag us", "edge13: it does not have the tag us",
                                  "edge14: its 2 sources are reserved", "m11: its max-sources is 0"])


@test
def what_drains_or_is_dead_is_no_home(b):
    master = store_master(b, 11, (12, 13))
    nodes = [home(b, n, master, 'max-sources="10"') for n in (12, 13)]
    up(master, nodes)
    api = Api(master)
    made = api.want(201, "POST", "/mounts", {"mount": "/a", "place": {"node": "edge12"}}).json()
    equal(made["home-state"], "up")
    nodes[0].process.kill()
    nodes[0].process.wait()
    b.servers.remove(nodes[0])
    wait_for(lambda: api.want(200, "GET", "/mounts/a").json()["home-state"] == "down", "the dead home is shown")
    refused = api.problem("no-room", "POST", "/mounts", {"mount": "/b", "place": {"node": "edge12"}}).json()
    check("edge12: it is not up" in refused["nodes"], refused)
    equal(api.want(201, "POST", "/mounts", {"mount": "/b"}).json()["home"], "edge13")
    api.problem("no-room", "POST", "/mounts/a/move", {"to": "m11"})


@test
def a_node_that_claims_to_be_immense_is_not_the_home_of_every_new_mount(b):
    for attributes, least in (("", 2), ('max-sources="10"', 16)):
        master = store_master(b, 11, {12: "", 13: "", 66: attributes})
        nodes = [home(b, n, master, 'max-sources="10"') for n in (12, 13)]
        up(master, nodes)
        liar = RawNode(b, master, "edge66", source="127.0.0.66")
        equal(liar.hello(cap={"lis": 10, "src": 900000, "in": 9e7}, pub={"http": ["127.0.0.66:8000"]})["t"], "WELCOME", "its hello")
        liar.load()
        liar.keep_alive()
        wait_for(lambda: (node_at(master, "edge66") or {}).get("state") == "up", "it is up")
        api = Api(master)
        for i in range(24):
            api.want(201, "POST", "/mounts", {"mount": "/m%d" % i})
        count = homes(api)
        check(24 - count["edge66"] >= least, count)
        for server in [*nodes, master]:
            server.stop()
