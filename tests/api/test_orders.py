"""Orders of a master to the node that is the home of a mount: kicks, titles, moves and lists of listeners.

Only the master whose record placed the mount there may order about it.
"""
import time

from api import encoded
from bench import ADMIN, Failed, check, equal, test, wait_for
from crowd import Crowd, hearing
from etcd import Cluster
from link_bench import feed
from placed import Api, etcd_store, home, login_of, store_master, up

MOUNT, OTHER = "/placed.mp3", "/other.mp3"
NOT_ITS = "mount %s is not relayed from this master, and no record of this master is in force for it"


def placed(api, mount, node):
    """Makes a mount whose home is this node; returns the login of its source."""
    made = api.want(201, "POST", "/mounts", {"mount": mount, "place": {"node": node}}).json()
    equal(made["home"], node)
    return login_of(made)


def source_at(b, server, mount, login):
    """Feeds the mount as soon as the server knows the login."""
    def begin():
        try:
            return feed(b, server, mount, login=login)
        except Failed:
            return None
    return wait_for(begin, "%s takes the source of %s: %s" % (server.name, mount, server.log()[-500:]), 15)


def listed(api, mount, nodes):
    """The rows of this mount's listeners, once all of these nodes have sent theirs: [(node, id)]."""
    rows = []

    def told():
        answer = api.want(200, "GET", "/mounts/%s/listeners" % encoded(mount)).json()
        rows[:] = [(row["node"], row["id"]) for row in answer["items"]]
        return "partial" not in answer and [node for node, _ in rows] == nodes
    wait_for(told, "%s lists listeners at %s: %r" % (api.server.name, nodes, rows), 10)
    return rows


def orders(master, node, **what):
    """Sends an order by the page of the cluster: (done, why)."""
    query = "&".join("%s=%s" % row for row in what.items())
    answer = master.get("/admin/cluster/command?node=%s&%s" % (node, query), ADMIN).json()
    return answer["ok"], answer["why"]


class Scene:
    """A mount whose home is edge12; edge13 and the master relay it from there."""

    def __init__(self, b, body=""):
        self.b = b
        self.master = store_master(b, 11, (12, 13))
        self.home = home(b, 12, self.master, 'max-sources="10"', body=body)
        self.other = home(b, 13, self.master, 'max-sources="10"')
        up(self.master, [self.home, self.other])
        self.api = Api(self.master)
        self.login = placed(self.api, MOUNT, "edge12")
        source_at(b, self.home, MOUNT, self.login)
        self.crowd = Crowd(b)

    def hearing(self, server, mount=MOUNT):
        return hearing(self.crowd, server, mount)


@test
def listeners_at_the_home_are_listed_and_ended(b):
    scene = Scene(b)
    servers = {"edge12": scene.home, "edge13": scene.other, "m11": scene.master}
    ones = {name: scene.hearing(server) for name, server in servers.items()}
    rows = dict(listed(scene.api, MOUNT, sorted(servers)))
    scene.api.want(204, "DELETE", "/mounts/%s/listeners/edge12/%s" % (encoded(MOUNT), rows["edge12"]))
    wait_for(lambda: ones["edge12"].ended, "the listener at the home has ended")
    # The same by the cluster's page, and by the page of the home itself.
    second, third = scene.hearing(scene.home), scene.hearing(scene.home)
    rows = [number for node, number in listed(scene.api, MOUNT, ["edge12", "edge12", "edge13", "m11"]) if node == "edge12"]
    equal(orders(scene.master, "edge12", do="kick", mount=MOUNT, id=rows[0]), (True, "the listener is ended"))
    wait_for(lambda: second.ended, "the second one has ended")
    page = scene.home.get("/admin/killclient?mount=%s&id=%s" % (MOUNT, rows[1]), ADMIN).text
    check("<return>1</return>" in page, page)
    wait_for(lambda: third.ended, "the third one has ended")
    equal([ones[name].ended for name in ("edge13", "m11")], [None, None], "the others")
    # A ban goes with it.
    fourth = scene.hearing(scene.home)
    number = listed(scene.api, MOUNT, ["edge12", "edge13", "m11"])[0][1]
    scene.api.want(204, "DELETE", "/mounts/%s/listeners/edge12/%s?ban=1" % (encoded(MOUNT), number))
    wait_for(lambda: fourth.ended, "the fourth one has ended")
    wait_for(lambda: all(one.ended for one in ones.values()), "so have the others from its address")


@test
def listeners_show_their_connections_and_are_moved_one_by_one(b):
    scene = Scene(b)
    other = placed(scene.api, OTHER, "edge12")
    source_at(b, scene.home, OTHER, other)
    ones = [scene.hearing(scene.home), scene.hearing(scene.other), scene.hearing(scene.master), scene.hearing(scene.home)]
    base = "/mounts/%s/listeners" % encoded(MOUNT)
    numbers = listed(scene.api, MOUNT, ["edge12", "edge12", "edge13", "m11"])
    # The ways of the stream are those of the last reports.
    ways = {"edge12": ["edge12"], "m11": ["edge12", "m11"], "edge13": ["edge12", "m11", "edge13"]}

    def rows():
        return scene.api.want(200, "GET", base).json()["items"]
    wait_for(lambda: all(row["path"] == ways[row["node"]] for row in rows()), "the ways of the stream: %r" % rows(), 10)
    for row in rows():
        check(0 < row["rtt_ms"] < 5000 and row["retransmits"] >= 0 and row["queue_bytes"] >= 0 and 0 <= row["lag_ms"] < 60000, "%r" % row)
    # Pages of one go through all of them.
    seen, after = [], ""
    while after is not None:
        page = scene.api.want(200, "GET", "%s?most=1%s" % (base, "&after=" + encoded(after) if after else "")).json()
        seen += [(row["node"], row["id"]) for row in page["items"]]
        after = page.get("next")
    equal(seen, numbers)
    for node in ("edge12", "edge13", "m11"):
        told = scene.api.want(200, "GET", "%s?node=%s" % (base, node)).json()
        equal(([(row["node"], row["id"]) for row in told["items"]], "next" in told), ([one for one in numbers if one[0] == node], False))
    told = scene.api.want(200, "GET", base + "?node=edge12&most=1").json()
    equal([row["id"] for row in scene.api.want(200, "GET", "%s?node=edge12&after=%s" % (base, encoded(told["next"]))).json()["items"]], [numbers[1][1]])
    for parameter, query, status in (("node", "node=edge99", 404), ("node", "node=", 404), ("after", "after=edge12", 400)):
        told = scene.api.ask("GET", "%s?%s" % (base, query))
        equal((told.status, told.json().get("parameter")), (status, parameter), told.text)
    # One at the home, one at a node that has the other mount only when it is asked for, one here.
    for one, (node, number) in zip((ones[0], ones[1], ones[2]), (numbers[0], numbers[2], numbers[3])):
        scene.api.want(204, "POST", "%s/%s/%s/move" % (base, node, number), {"to": OTHER})
    listed(scene.api, OTHER, ["edge12", "edge13", "m11"])
    equal(listed(scene.api, MOUNT, ["edge12"]), [numbers[1]])
    heard = [one.audio for one in ones]
    wait_for(lambda: all(one.audio > before for one, before in zip(ones, heard)), "all hear on: %r" % heard)
    equal([one.ended for one in ones], [None] * 4, "no connection has ended")
    for body, pointer in (({}, "/to"), ({"to": MOUNT}, "/to"), ({"to": "/none"}, "/to"), ({"to": OTHER, "x": 1}, "/x")):
        told = scene.api.want(422, "POST", "%s/edge12/%s/move" % (base, numbers[1][1]), body).json()
        equal(told["errors"][0]["pointer"], pointer)
    scene.api.want(409, "POST", base + "/edge12/9999/move", {"to": OTHER})
    scene.api.want(404, "POST", base + "/m11/9999/move", {"to": OTHER})
    scene.api.want(404, "POST", base + "/edge99/1/move", {"to": OTHER})


@test
def a_title_reaches_the_home_and_is_heard_everywhere(b):
    scene = Scene(b)
    ears = []
    for server in (scene.home, scene.other, scene.master):
        scene.hearing(server)
        ears.append(server.listener(MOUNT, icy=True))
    base = "/mounts/" + encoded(MOUNT)
    wait_for(lambda: scene.api.want(200, "GET", base).json()["on-air"], "it is on air")
    for title in ({"artist": "Änna", "title": "Lied"}, {"title": "Nur ein Text"}):
        scene.api.want(204, "POST", base + "/title", title)
        text = " - ".join(title.values())
        for ear in ears:
            ear.read_title(b"StreamTitle='%s';" % text.encode())
        equal(scene.home.stat(MOUNT, "title"), text, "the title at the home")
        wait_for(lambda: scene.api.want(200, "GET", base).json()["title"] == text, "the master shows it")
    texts = lambda: [row["text"] for row in scene.api.want(200, "GET", base + "/titles").json()["items"]]
    wait_for(lambda: texts()[:2] == ["Nur ein Text", "Änna - Lied"], "the master lists both: %r" % texts())
    scene.api.want(404, "GET", "/mounts/%2Fnone.mp3/titles")


@test
def what_is_told_of_a_title_and_its_moment_are_those_of_all_nodes(b):
    scene = Scene(b)
    path = "/api/v1/now" + MOUNT
    title = lambda server: (server.get(path).json().get("title") or {}) if server.get(path).status == 200 else {}
    wait_for(lambda: (scene.home.get(path).json().get("live") or {}).get("wall_ms"), "the stream has times", 15)
    at_ms = int(time.time() * 1000) + 1000
    scene.api.want(204, "POST", "/mounts/%s/title" % encoded(MOUNT), {"title": "Ahead", "album": "Album", "duration_ms": 60000, "isrc": "DEA123456789",
                                                                   "at_ms": at_ms, "next": {"title": "Next", "album": "More", "duration": 90}})
    for server in (scene.home, scene.master, scene.other):
        seen = wait_for(lambda: [one for one in [title(server)] if one.get("album")], "it is told at " + server.host, 10)[0]
        equal([seen[key] for key in ("text", "wall_ms", "album", "duration_ms", "isrc")], ["Ahead", at_ms, "Album", 60000, "DEA123456789"], server.host)
        wait_for(lambda: (server.get(path).json()["next"] or {}).get("duration_ms") == 90000, "what is next is told at " + server.host)
    # A time that is told later.
    scene.api.want(204, "POST", "/mounts/%s/title" % encoded(MOUNT), {"title": "Ahead", "at_ms": at_ms - 2000})
    for server in (scene.home, scene.master, scene.other):
        wait_for(lambda: (title(server)["wall_ms"], title(server)["album"]) == (at_ms - 2000, None), "the time is put right at " + server.host, 10)


@test
def the_source_at_the_home_is_ended_and_may_come_back(b):
    scene = Scene(b)
    heard = [scene.hearing(server) for server in (scene.home, scene.master)]
    scene.api.want(204, "POST", "/mounts/%s/kick-source" % encoded(MOUNT))
    for one in heard:
        wait_for(lambda: one.ended, "its listeners have ended")
    equal(scene.home.get(MOUNT).status, 404, "at its home")
    scene.home.wait_for_log("orders kick of " + MOUNT)
    source_at(b, scene.home, MOUNT, scene.login)
    scene.hearing(scene.home)


@test
def a_node_that_relays_the_mount_sends_orders_about_its_source_to_the_masters(b):
    scene = Scene(b)
    one = scene.hearing(scene.home)
    scene.hearing(scene.other)
    away, base = Api(scene.other), "/mounts/" + encoded(MOUNT)
    scene.api.want(204, "POST", base + "/title", {"title": "Before"})
    title = lambda: scene.other.stat(MOUNT, "title")
    wait_for(lambda: title() == "Before", "the title is known at the other node")
    for what, body in (("/title", {"title": "After"}), ("/kick-source", None)):
        told = away.problem("not-here", "POST", base + what, body).json()
        equal(told["masters"], ["%s:%d" % (scene.master.host, scene.master.given_port)], "where to ask")
    equal([title(), scene.home.stat(MOUNT, "title"), one.ended], ["Before", "Before", None])
    # The node of the source carries them out.
    Api(scene.home).want(204, "POST", base + "/title", {"title": "After"})
    wait_for(lambda: title() == "After", "the title is known at the other node")


@test
def listeners_move_to_another_mount_of_the_home(b):
    scene = Scene(b)
    source_at(b, scene.home, OTHER, placed(scene.api, OTHER, "edge12"))
    one = scene.hearing(scene.home)
    listed(scene.api, MOUNT, ["edge12"])
    equal(orders(scene.master, "edge12", do="move", mount=MOUNT, destination=OTHER), (True, "1 listeners are moved"))
    listed(scene.api, MOUNT, [])
    listed(scene.api, OTHER, ["edge12"])
    before = one.audio
    wait_for(lambda: one.audio > before + 20000, "it hears on")


@test
def what_the_file_of_a_node_has_is_not_ordered_about(b):
    own = "/own.mp3"
    scene = Scene(b, body="<mount><mount-name>%s</mount-name></mount>" % own)
    # The master has a record of the name, which the file of the node hides.
    placed(scene.api, own, "edge12")
    feed(b, scene.home, own)
    one = scene.hearing(scene.home, own)
    refused = (False, NOT_ITS % own)
    for what in (dict(do="kick", id=1), dict(do="kick"), dict(do="metadata", song="x"), dict(do="move", destination=MOUNT)):
        equal(orders(scene.master, "edge12", mount=own, **what), refused, "the answer to %r" % what)
    equal(orders(scene.master, "edge12", do="move", mount=MOUNT, destination=own), refused, "a move to there")
    scene.home.wait_for_log("its order kick of %s is not carried out: %s" % (own, NOT_ITS % own))
    wait_for(lambda: scene.api.want(200, "GET", "/mounts/" + encoded(own)).json()["on-air"], "the master knows its source")
    problem = scene.api.problem("refused", "POST", "/mounts/%s/kick-source" % encoded(own)).json()
    check(NOT_ITS % own in problem["detail"], problem)

    def missing():
        answer = scene.api.want(200, "GET", "/mounts/%s/listeners" % encoded(own)).json()
        return (answer["items"], answer.get("missing")) == ([], ["edge12"])
    wait_for(missing, "its listeners are not told")
    check(not one.ended, "its listener hears on")


@test
def of_two_stores_the_master_whose_record_counts_orders(b):
    masters = [store_master(b, n, (13,)) for n in (11, 12)]
    node = home(b, 13, masters, 'max-sources="10"')
    up(masters, [node])
    first, second = [Api(master) for master in masters]
    both, their = "/both.mp3", "/of-m12.mp3"
    login = placed(first, both, "edge13")
    placed(second, both, "edge13")
    source_at(b, node, both, login)
    source_at(b, node, their, placed(second, their, "edge13"))
    node.wait_for_log("the stores of the masters m11 and m12 both have a record")
    crowd = Crowd(b)
    one, other = hearing(crowd, node, both), hearing(crowd, node, their)
    (_, number), = listed(first, both, ["edge13"])
    for what in (dict(do="kick", id=number), dict(do="kick"), dict(do="metadata", song="x"), dict(do="move", destination=their)):
        equal(orders(masters[1], "edge13", mount=both, **what), (False, NOT_ITS % both), "the second one's %r" % what)
    equal(orders(masters[1], "edge13", do="move", mount=their, destination=both), (False, NOT_ITS % both), "a move to there")
    node.wait_for_log("master m12 .*its order kick of %s is not carried out: mount %s is not relayed" % (both, both))

    def missing():
        return second.want(200, "GET", "/mounts/%s/listeners" % encoded(both)).json().get("missing") == ["edge13"]
    wait_for(missing, "the second one is told nothing", 10)
    # What only the second one has is its own.
    equal(orders(masters[0], "edge13", do="kick", mount=their), (False, NOT_ITS % their))
    (_, its), = listed(second, their, ["edge13"])
    second.want(204, "DELETE", "/mounts/%s/listeners/edge13/%s" % (encoded(their), its))
    wait_for(lambda: other.ended, "its listener has ended")
    check(not one.ended, "the first one's listener has heard on")
    first.want(204, "DELETE", "/mounts/%s/listeners/edge13/%s" % (encoded(both), number))
    wait_for(lambda: one.ended, "the first one ends it")


@test
def both_masters_of_one_store_order(b):
    store = etcd_store(Cluster(b, 1))
    masters = [store_master(b, n, (13,), store=store) for n in (11, 12)]
    node = home(b, 13, masters, 'max-sources="10"')
    up(masters, [node])
    apis = [Api(master) for master in masters]
    source_at(b, node, MOUNT, placed(apis[0], MOUNT, "edge13"))
    crowd = Crowd(b)
    for api in apis:
        one = hearing(crowd, node, MOUNT)
        (_, number), = listed(api, MOUNT, ["edge13"])
        api.want(204, "POST", "/mounts/%s/title" % encoded(MOUNT), {"title": "of " + api.server.name})
        equal(node.stat(MOUNT, "title"), "of " + api.server.name)
        api.want(204, "DELETE", "/mounts/%s/listeners/edge13/%s" % (encoded(MOUNT), number))
        wait_for(lambda: one.ended, "its listener has ended")


@test
def a_mount_that_is_suspended_or_deleted_ends_at_all_nodes_at_once(b):
    """The nodes behind its home wait for no stream that is not to come."""
    scene = Scene(b)
    for order in ("suspend", "delete"):
        ones = [scene.hearing(server) for server in (scene.home, scene.master, scene.other)]
        began = time.monotonic()
        if order == "suspend":
            scene.api.want(200, "POST", "/mounts/%s/suspend" % encoded(MOUNT))
        else:
            scene.api.want(204, "DELETE", "/mounts/" + encoded(MOUNT))
        wait_for(lambda: all(one.ended for one in ones), "%s: all have ended: %r" % (order, [one.ended for one in ones]), 20)
        late = [round(one.ended - began, 2) for one in ones]
        check(max(late) < 3, "%s: they ended after %r s" % (order, late))
        wait_for(lambda: {server.get(MOUNT).status for server in (scene.home, scene.master, scene.other)} == {404}, "no listener is let in")
        if order == "suspend":
            scene.api.want(200, "POST", "/mounts/%s/resume" % encoded(MOUNT))
            source_at(b, scene.home, MOUNT, scene.login)
