"""A lost store is rebuilt from the copies of its nodes (conf.cache)."""
import base64
import pathlib
import shutil

from api import encoded
from harness import check, equal, give_away, test, wait_for
from placed import Api, login_of, store_master, up
from test_conf import cache, next_directory, put, state_edge

KEY = ' key="%s"' % base64.b64encode(b"k" * 32).decode()
STORE = '<store type="files" path="%%(dir)s/records"%s/>'
SECRET = "hunter2-of-the-backend"
BACKEND = {"authentication": {"type": "url", "option": [
    {"name": "listener_add", "value": "http://127.0.0.1:1/add"}, {"name": "username", "value": "lb"}, {"name": "password", "value": SECRET}]}}
AT = {"edge12": "/one.mp3", "edge13": "/two.mp3", "m11": "/three.mp3"}


def master_of(b, key=KEY):
    return store_master(b, 11, (12, 13), store=STORE % key, capacity='self-weight="0" max-sources="10"',
                        paths="<state-dir>%s</state-dir>" % next_directory(b))


def everything_is_told(nodes, words):
    for node in nodes:
        wait_for(lambda: all(word in cache(node) for word in words), "%s has a copy: %s" % (node.name, cache(node)[-900:]))


def taken_away(b, node):
    """A copy of the node's file, as an administrator brings it to the master's machine."""
    path = b.dir / (node.name + ".cache")
    shutil.copy(node.dir / "conf.cache", path)
    give_away(b.dir)
    return path


def lose(master):
    """Removes everything except its configuration."""
    master.stop()
    for path in master.dir.iterdir():
        if path.is_dir() and path.name not in ("log", "web", "admin"):
            shutil.rmtree(path)
        elif path.is_file() and path != master.config and path.name != "out":
            path.unlink()


@test
def a_lost_store_is_made_again_out_of_the_copies_of_its_nodes(b):
    master = master_of(b)
    nodes = [state_edge(b, n, master) for n in (12, 13)]
    up(master, nodes)
    api = Api(master)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme", "password": "anna's password"})
    logins = {}
    for home, mount in AT.items():
        made = api.want(201, "POST", "/mounts", {"mount": mount, "account": "acme", "place": {"node": home}, "settings": dict(
            {"stream-name": "Of " + home}, **(BACKEND if home == "edge12" else {}))}).json()
        equal(made["home"], home)
        logins[home] = login_of(made)
    # The password of now, not the one of then.
    made = api.want(200, "POST", "/mounts/%s/password" % encoded(AT["edge13"])).json()
    old, logins["edge13"] = logins["edge13"], login_of(made)
    api.want(201, "POST", "/bans", {"match": {"network": "192.0.2.0/24"}})
    before = {row["mount"]: row for row in api.want(200, "GET", "/mounts").json()["items"]}
    everything_is_told(nodes, ["192.0.2.0/24", encoded(AT["m11"])])
    wait_for(lambda: put(nodes[1], AT["edge13"], logins["edge13"]) == 100, "the new password is at its home")
    lose(master)
    copies = [taken_away(b, node) for node in nodes]

    # One copy alone: the mount of the other node has no password, which is said by name.
    status, out, err = b.run("-c", master.config, "--store-rebuild", copies[0])
    equal((status, err), (0, ""), out)
    closed = next(line for line in out.splitlines() if "have no password" in line)
    check(AT["edge13"] + " (home edge13)" in closed and AT["m11"] + " (home m11)" in closed and AT["edge12"] not in closed, closed)
    status, out, err = b.run("-c", master.config, "--store-rebuild", *copies)
    equal((status, out.count("\n")), (1, 2), err)
    check("--overwrite" in err, err)
    status, out, err = b.run("-c", master.config, "--store-rebuild", *copies, "--overwrite")
    equal((status, err), (0, ""), out)
    check("4 records (bans 1, mounts 3)" in out and "anna (owner of acme)" in out and "ids: acme" in out, out)
    closed = next(line for line in out.splitlines() if "have no password" in line)
    check(AT["m11"] in closed and AT["edge13"] not in closed, closed)

    records = master.dir / "records" / "mounts.d"
    face = (records / (encoded(AT["edge12"][1:]) + ".xml")).read_text()
    check("sealed:v1:" in face and SECRET not in face, face)
    master.start()
    up(master, nodes)
    now = {row["mount"]: row for row in api.want(200, "GET", "/mounts").json()["items"]}
    for row in (*before.values(), *now.values()):
        row.pop("revision")
    equal(now, before)
    equal(len(api.want(200, "GET", "/bans").json()["items"]), 1, "bans")
    # The nodes take the new store for what it is.
    api.want(200, "PATCH", "/mounts/" + encoded(AT["edge12"]), {"account": None, "settings": {"genre": "rebuilt"}})
    wait_for(lambda: all("rebuilt" in cache(node) for node in nodes), "the nodes are told of changes")
    for node in nodes:
        node.source(AT[node.name], login=logins[node.name]).play(3)
    equal(put(nodes[1], AT["edge13"], old), 401, "the password of before")
    equal(put(master, AT["m11"], logins["m11"]), 401, "a mount without a password")
    api.problem("not-empty", "POST", "/accounts", {"id": "acme"})
    api.want(201, "POST", "/accounts?mounts=keep", {"id": "acme"})
    made = api.want(200, "POST", "/mounts/%s/password" % encoded(AT["m11"])).json()
    wait_for(lambda: put(master, AT["m11"], login_of(made)) == 100, "a new password opens it")


@test
def copies_that_cannot_be_joined_change_nothing(b):
    master = master_of(b)
    node = state_edge(b, 12, master)
    up(master, [node])
    Api(master).want(201, "POST", "/mounts", {"mount": "/a.mp3", "place": {"node": "edge12"}, "settings": BACKEND})
    everything_is_told([node], ["%2Fa.mp3", SECRET])
    lose(master)
    copy = taken_away(b, node)

    def fails(what, *arguments):
        status, out, err = b.run("-c", master.config, "--store-rebuild", *arguments)
        check(status == 1 and what in err, "%d, %s: %s%s" % (status, what, out, err))
        check(not list(master.dir.glob("records/mounts.d/*")), "nothing is written")
    foreign = b.dir / "foreign.cache"
    lines = copy.read_text().split("\n")
    check(lines[1].startswith("master m11 "), lines[:3])
    words = lines[1].split(" ")
    foreign.write_text("\n".join([lines[0], " ".join([*words[:3], "f" * 32, *words[4:]]), *lines[2:]]))
    fails("of 2 stores", copy, foreign)
    masters = b.dir / "masters.copy"
    masters.write_text("icecast-lb-store-copy 1 %2Fradio%2F 3\nput users/bob 3 0 2\n{}\nend 1\n")
    fails("not joined", copy, masters)
    broken = b.dir / "broken.cache"
    broken.write_text(copy.read_text()[:-5])
    fails(str(broken), copy, broken)
    fails("nowhere.cache", pathlib.Path("nowhere.cache"))
    # A password for a backend is not written in the clear.
    master.write_config(body=master.slots["body"].replace(KEY, ""))
    fails("has no key", copy)
