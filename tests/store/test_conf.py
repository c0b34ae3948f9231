"""CONF: nodes enforce the records of their master, linked to their masters and without them."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

from api import Api, encoded
from bench import ADMIN, check, equal, test, wait_for
from etcd import PREFIX, Cluster, needs_etcd
from harness import SOURCE, request
from link_bench import RawNode, edge, feed, kill9, linked_master, percentile
from threads import all_at_once

MOUNT = "/live.mp3"
STAY = "<max-redirect-slaves>0</max-redirect-slaves>"
FULL = bool(os.environ.get("LB_FULL"))


def next_directory(b):
    return b.dir / ("server%d" % len(b.servers))


def store_master(b, number, nodes, store=True, **more):
    path = next_directory(b)
    body = '<store type="files" path="%s/records"/>' % path if store else ""
    master = linked_master(b, number, nodes, redirects=STAY, body_more=body, paths="<state-dir>%s</state-dir>" % path, **more)
    master.api = Api(master)
    return master


def state_edge(b, number, masters, **more):
    """A node with a directory for its copy."""
    made = edge(b, number, masters, paths="<state-dir>%s</state-dir>" % next_directory(b), **more)
    made.api = Api(made)
    return made


def cache(server):
    path = server.dir / "conf.cache"
    return path.read_text() if path.exists() else ""


def given_home(master, mount, node, **attributes):
    """Edits the record by hand, as if the mount had been placed there."""
    path = master.dir / "records" / "mounts.d" / (encoded(mount[1:]) + ".xml")
    wait_for(path.exists, "the file of " + mount)
    text = path.read_text()
    text, n = re.subn(r'home="[^"]*"', 'home="%s"' % node, text)
    if n == 0:
        text, n = re.subn(r"<home>[^<]*</home>", "<home>%s</home>" % node, text)
    equal(n, 1, "one home in " + text)
    path.write_text(text)
    master.reload()
    wait_for(lambda: master.api.want(200, "GET", "/mounts/" + encoded(mount)).json().get("home") == node, "the home is " + node)


def hash_of(master, mount):
    path = master.dir / "records" / "mounts.d" / (encoded(mount[1:]) + ".xml")
    wait_for(path.exists, "the file of " + mount)
    found = re.search(r"\$[0-9a-z]+\$[^\"<\s]+", path.read_text())
    check(found, "a hash in " + path.read_text())
    return found.group(0)


def status(server, mount=MOUNT, source="127.0.0.90"):
    """The status of one listener, which leaves again; None: the connection was refused."""
    with socket.socket() as wire:
        wire.settimeout(5)
        wire.bind((source, 0))
        try:
            wire.connect(server.address)
            wire.send(("GET %s HTTP/1.0\r\nHost: x\r\n\r\n" % mount).encode())
            head = wire.recv(200)
        except ConnectionError:
            return None
        return int(head.split(b" ")[1]) if head else None


def put(server, mount, login):
    """The status of a source that sends no data."""
    wire = server.wire()
    wire.send(request("PUT %s HTTP/1.1" % mount, ["Host: x", "Content-Type: audio/mpeg", "Expect: 100-continue"], login))
    try:
        return wire.reply_head().status
    finally:
        wire.close()


def listening(server, mount=MOUNT, source="127.0.0.90"):
    wire = server.wire(source_address=source)
    wire.send("GET %s HTTP/1.0\r\nHost: x\r\n\r\n" % mount)
    equal(wire.reply_head().status, 200, "status of %s at %s" % (mount, server.host))
    wire.take(2000)
    return wire


def follow(nodes, fact, patience=10):
    """The seconds until the fact holds at each node, all watched at once."""
    began, took = time.monotonic(), {}

    def watch(node):
        while time.monotonic() < began + patience:
            if fact(node):
                took[node.host] = time.monotonic() - began
                return
            time.sleep(0.004)
    all_at_once(watch, nodes)
    equal(len(took), len(nodes), "nodes where it holds, of %r: %r" % ([status(node) for node in nodes], took))
    return list(took.values())


def knows(server, mount):
    """Whether the node has the record."""
    return ("mounts/" + encoded(mount)) in cache(server)


@test
def a_change_at_the_master_is_enforced_at_eight_nodes(b):
    numbers = range(12, 20)
    master = store_master(b, 11, ["edge%d" % n for n in numbers])
    login = master.api.mount(MOUNT, place={"node": master.name})
    feed(b, master, MOUNT, login=login)
    nodes = [state_edge(b, n, master) for n in numbers]
    for node in nodes:
        wait_for(lambda: status(node) == 200, "%s has the mount" % node.host)
    present = [listening(node) for node in nodes]
    took, changes = [], 200 if FULL else 15
    for _ in range(changes):
        for limit, is_open in ((1, False), (50, True)):
            master.api.want(200, "PATCH", "/mounts/" + encoded(MOUNT), {"settings": {"max-listeners": limit}})
            took += follow(nodes, lambda node: (status(node) == 200) == is_open)
    check(all(wire.is_open() for wire in present), "those that listen go on")
    worst, usual = percentile(took, 0.99), percentile(took, 0.5)
    check(worst <= 0.3, "enforced after %.0f ms (p99 of %d)" % (1000 * worst, len(took)))
    check(max(took) <= 1, "the longest was %.0f ms" % (1000 * max(took)))
    return "%d changes: half within %.0f ms, p99 %.0f ms, longest %.0f ms after the answer" % (
        2 * changes, 1000 * usual, 1000 * worst, 1000 * max(took))


def conf_lag(master, name):
    found = re.search(r'^icecast_conf_lag_seconds\{node="%s"\} (\S+)$' % name, master.get("/metrics", ADMIN).text, re.M)
    return float(found.group(1)) if found else None


@test
def the_master_says_how_far_a_node_is_behind(b):
    master = store_master(b, 11, ["edge12", "edge13", "edge14"])
    state_edge(b, 12, master)
    silent, behind = RawNode(b, master, "edge13"), RawNode(b, master, "edge14")
    enforced = {"conf": 1000}
    for node, more in ((silent, dict), (behind, lambda: enforced)):
        equal(node.hello(proto=[1, 2])["proto"], [1, 2], "the version")
        node.keep_alive(more)
    master.api.mount(MOUNT)
    wait_for(lambda: conf_lag(master, "edge14") == 0 and conf_lag(master, "edge12") == 0, "both enforce all")
    enforced = {"conf": 0}
    master.api.want(200, "PATCH", "/mounts/" + encoded(MOUNT), {"settings": {"max-listeners": 7}})
    wait_for(lambda: (conf_lag(master, "edge14") or 0) > 1, "one is behind")
    wait_for(lambda: conf_lag(master, "edge12") == 0, "the other one enforces all")
    enforced = {"conf": 1000}
    wait_for(lambda: conf_lag(master, "edge14") == 0, "both enforce all again")
    equal(conf_lag(master, "edge13"), None, "of one that does not say")


@test
def a_ban_ends_a_listener_at_any_node(b):
    master = store_master(b, 11, ["edge12", "edge13"])
    login = master.api.mount(MOUNT)
    feed(b, master, MOUNT, login=login)
    nodes = [state_edge(b, n, master) for n in (12, 13)]
    for node in nodes:
        wait_for(lambda: status(node) == 200, "%s has the mount" % node.host)
    theirs, ours = [listening(node, source="127.0.0.91") for node in nodes], [listening(node) for node in nodes]
    ban = master.api.want(201, "POST", "/bans", {"match": {"address": "127.0.0.91"}, "reason": "a test"}).json()
    began = time.monotonic()
    for wire in theirs:
        wait_for(lambda: not wire.is_open(), "it has ended")
    took = time.monotonic() - began
    check(took < 0.3, "after %.0f ms" % (1000 * took))
    for node in nodes:
        equal(status(node, source="127.0.0.91"), None, "it is not let in")
        equal(status(node), 200, "others are")
    check(all(wire.is_open() for wire in ours), "others listen on")
    master.api.want(204, "DELETE", "/bans/" + ban["id"])
    follow(nodes, lambda node: status(node, source="127.0.0.91") == 200)
    return "both ended %.0f ms after the answer" % (1000 * took)


@test
def the_home_takes_the_records_source_and_no_other_node_has_its_hash(b):
    master = store_master(b, 11, {"edge12": 'sources="/home/*"', "edge13": ""})
    mount = "/home/a.mp3"
    login = master.api.mount(mount)
    given_home(master, mount, "edge12")
    home, other = state_edge(b, 12, master), state_edge(b, 13, master)
    for node in (home, other):
        wait_for(lambda: knows(node, mount), "%s has a copy: %s" % (node.host, node.log()[-500:]))
    secret = hash_of(master, mount)
    check(secret in cache(home), "the home has the hash")
    for path in other.dir.rglob("*"):
        if path.is_file():
            check(secret.encode() not in path.read_bytes(), "another node has it in " + path.name)
    equal(oct((home.dir / "conf.cache").stat().st_mode & 0o777), "0o600", "rights of the copy")
    # Elsewhere neither the record's login nor the password of the server's own file opens it.
    for given in (login, SOURCE):
        equal(put(other, mount, given), 401, "status at another node of " + given)
    equal(put(home, mount, SOURCE), 401, "status of another password")
    source = feed(b, home, mount, login=login)
    for server in (home, master, other):
        wait_for(lambda: status(server, mount) == 200, "%s plays it: %s" % (server.host, server.log()[-500:]))
    # Suspended: the source ends, and is not let in.
    master.api.want(200, "POST", "/mounts/%s/suspend" % encoded(mount))
    wait_for(lambda: status(home, mount) == 404, "the source at its home has ended")
    equal(put(home, mount, login), 403, "status while it is suspended")
    master.api.want(200, "POST", "/mounts/%s/resume" % encoded(mount))
    follow([home], lambda node: put(node, mount, login) == 100)
    feed(b, home, mount, login=login)
    wait_for(lambda: status(home, mount) == 200, "it plays again")
    master.api.want(204, "DELETE", "/mounts/" + encoded(mount))
    wait_for(lambda: status(home, mount) == 404, "the source of a mount that is gone has ended")
    follow([home, other], lambda node: not knows(node, mount))
    source.close()


@test
def a_node_starts_from_its_copy_without_its_master(b):
    master = store_master(b, 11, {"edge12": 'sources="/home/*"'})
    mount = "/home/a.mp3"
    login = master.api.mount(mount)
    given_home(master, mount, "edge12")
    home = state_edge(b, 12, master)
    master.api.want(201, "POST", "/bans", {"match": {"address": "127.0.0.91"}})
    wait_for(lambda: knows(home, mount) and "bans/" in cache(home), "it has a copy")
    kill9(master)
    kill9(home)
    home.start()
    home.wait_for_log(r"conf\.cache: \d+ items of the last run are in force")
    feed(b, home, mount, login=login)
    wait_for(lambda: status(home, mount) == 200, "its source comes, its listeners hear")
    equal(status(home, mount, source="127.0.0.91"), None, "the ban is in force")
    equal(put(home, "/home/b.mp3", login), 401, "the login is not one of other mounts")
    # The master comes back with another ban; what was removed meanwhile is removed here.
    master.start()
    bans = master.api.want(200, "GET", "/bans").json()["items"]
    master.api.want(204, "DELETE", "/bans/" + bans[0]["id"])
    wait_for(lambda: status(home, mount, source="127.0.0.91") == 200, "the ban is gone", 15)
    check(status(home, mount) == 200, "its source went on")


@test
def a_copy_that_is_damaged_is_not_believed(b):
    master = store_master(b, 11, ["edge12"])
    master.api.mount(MOUNT)
    home = state_edge(b, 12, master)
    wait_for(lambda: knows(home, MOUNT), "it has a copy")
    kill9(home)
    path = home.dir / "conf.cache"
    path.write_bytes(path.read_bytes()[:-20])
    home.start()
    home.wait_for_log("conf.cache: is not a copy of what masters have said")
    wait_for(lambda: knows(home, MOUNT) and cache(home).endswith("end\n"), "the master tells it again")


@test
def two_masters_with_two_stores(b):
    """Both count; if both have an item of one name, the first <master>'s counts, which the log reports once."""
    first, second = (store_master(b, n, ["edge13"]) for n in (11, 12))
    for master in (first, second):
        master.login = master.api.mount("/both.mp3")
        master.own = master.api.mount("/of%s.mp3" % master.name)
        given_home(master, "/both.mp3", "edge13")
        given_home(master, "/of%s.mp3" % master.name, "edge13")
    node = state_edge(b, 13, [first, second])
    wait_for(lambda: all(knows(node, mount) for mount in ("/both.mp3", "/ofm11.mp3", "/ofm12.mp3")), "it has a copy")
    node.wait_for_log("the stores of the masters m11 and m12 both have a record")
    # The copy on the disk may be there before the records are in force.
    wait_for(lambda: put(node, "/ofm11.mp3", first.own) == 100, "the first one's login is taken")
    wait_for(lambda: put(node, "/ofm12.mp3", second.own) == 100, "the second one's is")
    equal(put(node, "/both.mp3", second.login), 401, "status of the login that does not count")
    equal(put(node, "/both.mp3", first.login), 100, "status of the one that does")
    kill9(first)
    node.wait_for_log("m11 .*the link has ended")
    equal(put(node, "/both.mp3", second.login), 401, "it stays so without the first one")
    equal(node.log().count("both have a record"), 1, "once in the log")


@test
def a_mount_deleted_in_one_of_two_stores_ends_its_source_and_opens_to_the_others(b):
    first, second = (store_master(b, n, ["edge13"]) for n in (11, 12))
    for master in (first, second):
        master.login = master.api.mount("/both.mp3")
        given_home(master, "/both.mp3", "edge13")
    node = state_edge(b, 13, [first, second])
    node.wait_for_log("the stores of the masters m11 and m12 both have a record")
    wait_for(lambda: put(node, "/both.mp3", first.login) == 100, "the first one's login is taken")
    source = feed(b, node, "/both.mp3", login=first.login)
    second.api.want(200, "PATCH", "/mounts/%2Fboth.mp3", {"settings": {"genre": "other"}})
    first.api.want(200, "PATCH", "/mounts/%2Fboth.mp3", {"settings": {"genre": "rock"}})
    wait_for(lambda: node.api.want(200, "GET", "/mounts/%2Fboth.mp3").json()["settings"].get("genre") == "rock", "a change")
    equal((put(node, "/both.mp3", second.login), source.is_open()), (401, True), "the other's login, and whether the source is there")
    first.api.want(204, "DELETE", "/mounts/%2Fboth.mp3")
    wait_for(lambda: put(node, "/both.mp3", second.login) == 100, "the place is the other record's")
    equal(put(node, "/both.mp3", first.login), 401, "status of the login of the deleted record")


@test
def a_node_of_an_older_minor_goes_on_and_is_told_nothing(b):
    master = store_master(b, 11, ["edge12", "edge13"])
    master.api.mount(MOUNT)
    old, new = RawNode(b, master, "edge12"), RawNode(b, master, "edge13")
    for node, version in ((old, [1, 1]), (new, [1, 2])):
        equal(node.hello(proto=version)["proto"], version, "the version")
        node.keep_alive()
    frame = new.frame("CONF")
    check(frame["all"], "everything first: %r" % frame)
    said = {item["k"]: item["v"] for item in frame["set"]}
    check("mounts/" + encoded(MOUNT) in said and "masters/m11" in said, "items: %r" % list(said))
    check("$" not in json.dumps(said), "no hash: %r" % said)
    master.api.want(200, "PATCH", "/mounts/" + encoded(MOUNT), {"settings": {"stream-name": "Rock"}})
    change = new.frame("CONF")
    check("all" not in change and change["store"] == frame["store"] and change["rev"] > frame["rev"], "then changes: %r" % change)
    equal([item["k"] for item in change["set"]], ["mounts/" + encoded(MOUNT)])
    master.api.want(204, "DELETE", "/mounts/" + encoded(MOUNT))
    equal(new.frame("CONF")["del"], ["mounts/" + encoded(MOUNT)])
    seen = time.monotonic() + 1
    while time.monotonic() < seen:
        check(old.frame()["t"] != "CONF", "the older one is told nothing")


@test
def a_master_without_a_store_says_nothing_and_no_file_is_made(b):
    master = store_master(b, 11, ["edge12"], store=False)
    node = state_edge(b, 12, master)
    feed(b, master, MOUNT)
    wait_for(lambda: status(node) == 200, "it plays")
    check(not (node.dir / "conf.cache").exists(), "there is no copy")


@test
def a_thousand_mounts_are_told_at_once(b):
    count = 5000 if FULL else 1000
    master = store_master(b, 11, ["edge12", "edge13"])
    faces = master.dir / "records" / "mounts.d"
    master.api.mount("/m0.mp3")
    wait_for((faces / "m0.mp3.xml").exists, "the first file")
    text = (faces / "m0.mp3.xml").read_text()
    for n in range(1, count):
        (faces / ("m%d.mp3.xml" % n)).write_text(text.replace("/m0.mp3", "/m%d.mp3" % n))
    master.reload()
    wait_for(lambda: "%d records were edited by hand" % (count - 1) in master.log(), "they are read", 30)
    first = state_edge(b, 12, master)
    began = time.monotonic()
    last = "/m%d.mp3" % (count - 1)
    wait_for(lambda: knows(first, last) and knows(first, "/m0.mp3"), "all have come", 20)
    took = time.monotonic() - began
    # Another one is told everything while changes go on to the first.
    second = state_edge(b, 13, master)
    longest = 0
    for n in range(10):
        ban = master.api.want(201, "POST", "/bans", {"match": {"address": "127.0.1.%d" % (n + 1)}}).json()
        longest = max(longest, *follow([first], lambda node: status(node, source="127.0.1.%d" % (n + 1)) is None))
        check(ban["id"], "a ban")
    wait_for(lambda: knows(second, last), "the second one has them", 20)
    check(longest < 1, "a ban took %.0f ms meanwhile" % (1000 * longest))
    return "%d mounts in %.2f s with the copy; a ban meanwhile within %.0f ms" % (count, took, 1000 * longest)


def etcd_master(b, number, cluster):
    path = next_directory(b)
    store = '<store type="etcd" path="%s/store.copy" prefix="%s"><member>%s</member></store>' % (path, PREFIX, cluster.members[0].url)
    master = linked_master(b, number, ["edge13"], redirects=STAY, body_more=store, paths="<state-dir>%s</state-dir>" % path)
    master.api = Api(master)
    return master


def lives(node):
    """The life of each master's store, in the node's copy."""
    return sorted(int(row.split()[4]) for row in cache(node).splitlines() if row.startswith("master "))


@test
def a_restored_store_is_believed_though_its_revisions_are_lower(b):
    needs_etcd("etcdctl", "etcd-client")
    cluster = Cluster(b, 1)
    member, = cluster.members
    masters = [etcd_master(b, n, cluster) for n in (11, 12)]
    node = state_edge(b, 13, masters)
    api = masters[0].api
    api.mount("/kept.mp3")
    backup = str(b.dir / "backup.db")
    environment = dict(os.environ, ETCDCTL_API="3")
    subprocess.run(["etcdctl", "--endpoints", member.url, "snapshot", "save", backup], env=environment, check=True, capture_output=True)
    for n in range(10):
        api.mount("/lost%d.mp3" % n)
    wait_for(lambda: knows(node, "/lost9.mp3") and lives(node) == [1, 1], "the node has all of them, in the first life")
    member.kill()
    shutil.rmtree(member.dir)
    subprocess.run(["etcdctl", "snapshot", "restore", backup, "--name", member.name, "--data-dir", str(member.dir),
                    "--initial-cluster", "%s=%s" % (member.name, member.peer_url),
                    "--initial-advertise-peer-urls", member.peer_url], env=environment, check=True, capture_output=True)
    member.start()
    began = time.monotonic()
    wait_for(lambda: knows(node, "/kept.mp3") and not knows(node, "/lost0.mp3"), "what the back-up has not is gone", 20)
    took = time.monotonic() - began
    wait_for(lambda: lives(node) and set(lives(node)) == {max(lives(node))} and max(lives(node)) > 1, "the store has another life: %r" % lives(node), 20)
    wait_for(lambda: masters[1].api.ask("POST", "/mounts", {"mount": "/new.mp3"}).status in (201, 409), "it can be written", 20)
    wait_for(lambda: knows(node, "/new.mp3"), "the node hears what is new")
    return "at the node %.1f s after the member was started" % took
