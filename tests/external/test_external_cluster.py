"""<config-external for="cluster">: a master asks the backend, and its nodes enforce the answer (doc/external.md)."""
import re
import threading
import time

from bench import ADMIN, check, equal, kill, test, wait_for
from external_bench import backend_of, element, in_force, sight
from harness import SOURCE, request
from link_bench import edge, feed, kill9, linked_master
from replacing import upgrade

LOGIN = "dj:s3cret-of-dj"


def headed(value):
    """Settings with this header; a node that enforces them sends it to listeners."""
    return {"http-headers": {"header": [{"name": "X-List", "value": value}]}}


ROWS = {"/live.mp3": {"settings": headed("one"), "source": {"user": "dj", "password": "s3cret-of-dj"}},
        "/there.mp3": {"home": "edge12", "source": {"user": "dj", "password": "s3cret-of-dj"}}}
STAY = "<max-redirect-slaves>0</max-redirect-slaves>"


def directory_of(b):
    return b.dir / ("server%d" % len(b.servers))


def master_of(b, backend, nodes=("edge12", "edge13"), **more):
    return linked_master(b, 11, list(nodes), redirects=STAY, body_more=element(backend.url(), **more))


def node_of(b, number, master, body=""):
    return edge(b, number, master, body=body, paths="<state-dir>%s</state-dir>" % directory_of(b))


def cache(server):
    path = server.dir / "conf.cache"
    return path.read_text() if path.exists() else ""


def knows(server, mount):
    return 'external/%2F' + mount[1:] in cache(server)


def put(server, mount, login):
    wire = server.wire()
    wire.send(request("PUT %s HTTP/1.1" % mount, ["Host: x", "Content-Type: audio/mpeg", "Expect: 100-continue"], login))
    try:
        return wire.reply_head().status
    finally:
        wire.close()


def status(server, mount, source):
    wire = server.wire(source_address=source)
    wire.send("GET %s HTTP/1.0\r\nHost: x\r\n\r\n" % mount)
    return wire, wire.reply_head().status


def header_of(server):
    wire = server.wire(source_address="127.0.0.90")
    wire.send("GET /live.mp3 HTTP/1.0\r\nHost: x\r\n\r\n")
    head = wire.reply_head()
    wire.close()
    equal(head.status, 200, "a listener at " + server.host)
    return head.get("X-List")


@test
def nodes_enforce_the_list_of_their_master(b):
    backend = backend_of(b, ROWS)
    master = master_of(b, backend)
    nodes = [node_of(b, number, master) for number in (12, 13)]
    in_force(master, 2)
    source = b.owned(master.source("/live.mp3", login=LOGIN))
    source.play(200)
    for node in nodes:
        wait_for(lambda: knows(node, "/live.mp3"), "the node has it: " + node.log()[-600:], 10)
        equal(header_of(node), "one", "what a listener at %s gets" % node.host)
        # A source is expected at the master: no password of the node's own opens the mount.
        equal(put(node, "/live.mp3", SOURCE), 401, "the node's password")
        equal(put(node, "/live.mp3", LOGIN), 401, "the mount's password at a node that is not its home")
    # A change.
    began = time.monotonic()
    backend.change(dict(ROWS, **{"/live.mp3": dict(ROWS["/live.mp3"], settings=headed("two")), "/new.mp3": {}}))
    for node in nodes:
        wait_for(lambda: header_of(node) == "two", "the change is in force", 10)
    took = time.monotonic() - began
    check(took < 3, "it took %.2f s" % took)
    equal(len({re.search(r"node=([^&]*)", path)[1] for path in backend.paths}), 1, "the servers that ask: %r" % backend.paths)
    # Gone: for the nodes, too.
    backend.change({"/live.mp3": ROWS["/live.mp3"], "/new.mp3": {}})
    for node in nodes:
        wait_for(lambda: "mount[/there.mp3] removed" in node.log(), "it is gone", 10)
    return "%.0f ms from the backend to the second node" % (took * 1000)


@test
def a_password_goes_to_the_home_of_its_mount_alone(b):
    backend = backend_of(b, ROWS)
    master = master_of(b, backend)
    home, other = node_of(b, 12, master), node_of(b, 13, master)
    for node in (home, other):
        wait_for(lambda: knows(node, "/there.mp3"), "the node has it", 10)
    check("s3cret-of-dj" in cache(home), "the home has no login")
    check("s3cret-of-dj" not in cache(other), "a password is at a node that needs none")
    equal(put(home, "/there.mp3", LOGIN), 100, "a source at the home")
    equal(put(home, "/there.mp3", SOURCE), 401, "another login at the home")
    equal(put(other, "/there.mp3", LOGIN), 401, "a source elsewhere")


@test
def the_home_obeys_the_master_that_supplies_its_mount(b):
    master = master_of(b, backend_of(b, ROWS))
    home = node_of(b, 12, master)
    wait_for(lambda: "mount[/there.mp3] added" in home.log(), "it is in force at the home: " + home.log()[-900:], 10)
    feed(b, home, "/there.mp3", login=LOGIN)

    def orders(what):
        reply = master.get("/admin/cluster/command?node=edge12&mount=/there.mp3&" + what, ADMIN).json()
        return reply["ok"], reply["why"]
    equal(orders("do=metadata&song=Tune"), (True, "the title is set"))
    equal(home.stat("/there.mp3", "title"), "Tune")
    equal(orders("do=kick"), (True, "the source is ended"))
    wait_for(lambda: home.get("/there.mp3").status == 404, "its source is gone")


@test
def a_node_that_asks_for_itself_does_not_listen_to_its_master(b):
    backend, own = backend_of(b, ROWS), backend_of(b, {"/own.mp3": {}})
    master = master_of(b, backend)
    node = node_of(b, 12, master, body=element(own.url()))
    in_force(node, 1)
    wait_for(lambda: knows(node, "/live.mp3"), "its master has told it", 10)
    check("mount[/live.mp3]" not in node.log(), "it has taken the master's")
    # Its own element goes: the master's mounts are in force.
    node.reload(body=node.slots["body"].replace(element(own.url()), ""))
    wait_for(lambda: "mount[/live.mp3] added" in node.log(), "the master's mounts are in force: " + node.log()[-900:], 10)


@test
def for_node_keeps_the_list_at_the_master(b):
    backend = backend_of(b, ROWS)
    master = master_of(b, backend, **{"for": "node"})
    node = node_of(b, 12, master)
    in_force(master, 2)
    wait_for(lambda: node.get("/admin/cluster.json", ADMIN).status == 200 and "is linked" in node.log() + master.log(), "they are linked")
    equal(put(node, "/live.mp3", SOURCE), 100, "a source at the node")
    check(not knows(node, "/live.mp3"), "the node was told")


@test
def a_node_enforces_the_list_without_its_master_and_after_a_kill(b):
    backend = backend_of(b, ROWS)
    master = master_of(b, backend)
    node = node_of(b, 12, master)
    wait_for(lambda: knows(node, "/live.mp3"), "the node has it", 10)
    backend.close()
    kill(master)
    kill9(node)
    node.start()
    equal(put(node, "/live.mp3", SOURCE), 401, "the node's own password")
    equal(put(node, "/there.mp3", LOGIN), 100, "a source at its home")


@test
def a_relay_of_the_list_is_pulled_by_the_master_and_heard_at_the_node(b):
    origin = b.server()
    source = b.owned(origin.source("/live.mp3"))
    source.play(300)
    row = {"relay": {"server": "127.0.0.1", "port": origin.port, "mount": "/live.mp3", "password": "s3cret-relay", "username": "u"}}
    backend = backend_of(b, {"/r.mp3": row})
    master = master_of(b, backend, private_relays="1")
    node = node_of(b, 12, master)
    wait_for(lambda: knows(node, "/r.mp3"), "the node has it", 10)
    wait_for(lambda: master.stat("/r.mp3", "server_type"), "the master pulls it: " + master.log()[-600:], 15)
    wire, code = status(node, "/r.mp3", "127.0.0.90")
    equal(code, 200, "a listener at the node")
    check(wire.take(400), "it hears nothing")
    equal(origin.get("/admin/listclients?mount=/live.mp3", ADMIN).text.count("<listener id"), 1, "pulls")
    check("s3cret-relay" not in cache(node), "the password of the relay is at the node")
    equal(sight(master)["mounts"], 1, "the mounts")


@test
def titles_at_the_master_reach_the_home_while_each_is_replaced(b):
    """A node carries out orders about mounts that it has been told over the present link."""
    master = master_of(b, backend_of(b, dict(ROWS, **{"/zz%05d.mp3" % k: {"settings": headed("z" * 200)} for k in range(1000)})))
    home = node_of(b, 12, master)
    wait_for(lambda: "mount[/there.mp3] added" in home.log(), "it is in force at the home: " + home.log()[-900:], 10)
    feed(b, home, "/there.mp3", login=LOGIN)
    wait_for(lambda: "Metadata update successful" in master.set_title("/there.mp3", song="First").text, "the master knows it", 10)
    sent, stop = [], threading.Event()

    def sends():
        while not stop.is_set():
            sent.append(master.set_title("/there.mp3", song="S%d" % len(sent)).text)
    sender = threading.Thread(target=sends)
    sender.start()
    try:
        for server in (home, master, home, master, home, master):
            before = len(sent)
            upgrade(server)
            wait_for(lambda: len(sent) > before + 20, "titles are sent", 10)
    finally:
        stop.set()
        sender.join()
    equal([answer for answer in sent if "Metadata update successful" not in answer][:3], [], "refused, of %d titles" % len(sent))
