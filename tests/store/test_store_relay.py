"""Relays in records of a store: pulled at the home of their mount, and set only by administrators."""
import base64

from api import Api, encoded, occurs, store_server
from harness import ADMIN, SOURCE, check, equal, test, wait_for
from link_bench import feed
from placed import home, store_master, up
from test_conf import cache, next_directory
from upstream import Upstream, stream

KEY = base64.b64encode(b"k" * 32).decode()
STORE = '<store type="files" path="%%(dir)s/records" key="%s"/>' % KEY
SECRET = "s3cret-of-the-relay"
LOGIN = "Authorization: Basic " + base64.b64encode(("u:" + SECRET).encode()).decode()
NAME = "/r.mp3"
AT = "/mounts/" + encoded(NAME)


def origin(b, tag="A"):
    server = b.server()
    feed(b, server, tag=tag, login=SOURCE)
    return server


def pulls(server):
    return server.get("/admin/listclients?mount=/live.mp3", ADMIN).text.count("<listener id")


def relay_of(port, **more):
    return dict({"server": "127.0.0.1", "port": port, "mount": "/live.mp3"}, **more)


def plays(server):
    def heard():
        if server.get("/admin/listclients?mount=" + NAME, ADMIN).status != 200:
            return False
        listener = server.listener(NAME)
        try:
            return listener.read(800)
        finally:
            listener.close()
    wait_for(heard, "%s plays at %s: %s" % (NAME, server.host, server.log()[-900:]), 20)


def is_off(server):
    wait_for(lambda: server.get("/admin/listclients?mount=" + NAME, ADMIN).status != 200, "%s is over at %s" % (NAME, server.host), 30)


@test
def a_relay_is_pulled_at_the_home_and_plays_everywhere(b):
    one, two = origin(b), origin(b, "B")
    master = store_master(b, 11, (12, 13), store=STORE, capacity='self-weight="0" max-sources="10"',
                          paths="<state-dir>%s</state-dir>" % next_directory(b))
    nodes = [home(b, n, master, 'max-sources="10"', paths="<state-dir>%s</state-dir>" % next_directory(b)) for n in (12, 13)]
    up(master, nodes)
    api = Api(master)
    made = api.want(201, "POST", "/mounts", {"mount": NAME, "place": {"node": "edge12"},
                                             "relay": relay_of(one.port, username="u", password=SECRET)}).json()
    equal((made["home"], made["relay"]["password"], made["relay"]["port"]), ("edge12", True, one.port))
    for server in (nodes[0], master, nodes[1]):
        plays(server)
    # A listener of plays() that has just left the home's upstream, or a pull that took over, is still there for a moment.
    wait_for(lambda: pulls(one) == 1, "one pulls", 20)
    check("relay[%s] added" % NAME in nodes[0].log(), "the log of the home: " + nodes[0].log()[-900:])
    check("relay[%s]" % NAME not in master.log() + nodes[1].log(), "only the home has the relay")
    # The password: sealed at the master, in the clear at its home, nowhere else.
    wait_for(lambda: all("%2Fr.mp3" in cache(node) for node in nodes), "the nodes have copies")
    check(SECRET in cache(nodes[0]) and SECRET not in cache(nodes[1]), "its home alone is told the password")
    equal(occurs(master.dir, SECRET), [], "files of the master")
    # Another upstream; the mount moves with its relay; it ends.
    api.want(200, "PATCH", AT, {"relay": {"port": two.port, "password": True}})
    wait_for(lambda: (pulls(one), pulls(two)) == (0, 1), "the other upstream is pulled", 20)
    plays(nodes[1])
    equal(api.want(200, "POST", AT + "/move", {"to": "edge13"}).json()["home"], "edge13")
    wait_for(lambda: "relay[%s] removed" % NAME in nodes[0].log() and "relay[%s] added" % NAME in nodes[1].log(), "the new home pulls it", 20)
    wait_for(lambda: pulls(two) == 1, "one pulls", 20)
    for server in (nodes[1], master, nodes[0]):
        plays(server)
    api.want(200, "PATCH", AT, {"relay": None})
    wait_for(lambda: pulls(two) == 0, "the pull has ended", 20)
    for server in (master, *nodes):
        is_off(server)
    check("relay" not in api.want(200, "GET", AT).json(), "the record has none")


@test
def only_administrators_set_a_relay(b):
    backend = Upstream(b, lambda request: stream() if LOGIN in request else b"HTTP/1.0 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n")
    plain = store_server(b)
    api = Api(plain)

    def refused(asked, pointer, method, path, body):
        problem = asked.problem("invalid", method, path, body).json()
        equal([row["pointer"] for row in problem["errors"]], [pointer], problem)
    # Without a key no password is kept; without a password it needs none.
    refused(api, "/relay/password", "POST", "/mounts", {"mount": NAME, "relay": relay_of(backend.port, password=SECRET)})
    api.want(201, "POST", "/mounts", {"mount": NAME, "relay": relay_of(backend.port)})
    backend.asked()
    for more in ({"exec": "/bin/true"}, {"local-mount": "/x"}, {"private-redirects": True}, {"content-type": "audio/aac"}):
        refused(api, "/relay/" + next(iter(more)), "PATCH", AT, {"relay": more})
    plain.stop()

    server = store_server(b)
    server.stop()
    server.write_config(body=STORE % {"dir": server.dir})
    server.start()
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme", "password": "anna's password"})
    owner = api.as_user("anna:anna's password")
    backend.requests.clear()
    wanted = relay_of(backend.port, username="u", password=SECRET)
    refused(owner, "/relay", "POST", "/mounts", {"mount": NAME, "relay": wanted})
    api.want(201, "POST", "/mounts", {"mount": NAME, "account": "acme", "relay": wanted})
    wait_for(lambda: any(LOGIN in request for request in backend.requests), "the upstream is told the password: %r" % backend.requests)
    shown = owner.want(200, "GET", AT).json()
    equal(shown["relay"], dict(relay_of(backend.port), username="u", password=True))
    equal(occurs(server.dir, SECRET), [], "files with the password")
    # An owner keeps it, whatever else changes; and changes nothing of it.
    owner.want(200, "PATCH", AT, {"settings": {"genre": "rock"}})
    owner.want(200, "PATCH", AT, {"relay": None})
    owner.want(200, "PUT", AT, {"mount": NAME, "settings": {"genre": "pop"}})
    refused(owner, "/relay", "PATCH", AT, {"relay": {"port": 1}})
    equal(owner.want(200, "GET", AT).json()["relay"], shown["relay"])
    # After a kill it is the same.
    backend.requests.clear()
    server.kill()
    server.start()
    wait_for(lambda: any(LOGIN in request for request in backend.requests), "the password is there after a kill")
    # Suspended, nothing is pulled.
    api.want(200, "POST", AT + "/suspend")
    wait_for(lambda: server.stat(NAME, "listenurl") is None, "it is off")
    api.want(200, "POST", AT + "/resume")
    check("relay[%s]" % NAME in server.log(), server.log()[-900:])
