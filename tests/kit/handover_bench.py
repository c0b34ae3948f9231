"""A session moves from master A to C, a node of A that reads the same etcd or receives logins by CONF."""
import base64
import json
import subprocess
import urllib.parse

from browser_login import FORM, JSON, PAGE, Browser
from etcd import PREFIX, Cluster
from harness import check, equal, wait_for
from link_bench import edge, linked_master

PASSWORD = "a-long-password"
# PKCS #8 of an Ed25519 key: the bytes before its 32 bytes (RFC 8410).
KEY_HEAD = bytes.fromhex("302e020100300506032b657004220420")


def url64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unurl64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Person(Browser):
    """A person with a browser at a server with an address of its own."""

    def origin(self):
        return "http://%s:%d" % (self.server.host, self.server.port)

    def log_in(self, user="admin", password="adm-secret"):
        reply = self.post("/admin/login", {"user": user, "password": password})
        equal(reply.status, 303, "a login: " + reply.text)
        return reply

    def session(self):
        return self.ask("GET /api/v1/session")

    def csrf(self):
        return self.session().json()["csrf"]

    def hand_over(self, node, page=False, **more):
        """The answer to a hand-over by a script, or by a form of a page."""
        if page:
            return self.post("/api/v1/session/handover", {"node": node, "csrf": self.csrf()}, **more)
        return self.ask("POST /api/v1/session/handover", [*JSON, "X-LB-CSRF: " + self.csrf()], json.dumps({"node": node}).encode())

    def token(self, node):
        reply = self.hand_over(node)
        equal(reply.status, 200, reply.text)
        return reply.json()["token"]

    def bring(self, token, origin):
        """Posts the token as a page of `origin` does."""
        headers = [*FORM, *PAGE] + (["Origin: " + origin] if origin is not None else [])
        return self.ask("POST /admin/login", headers, urllib.parse.urlencode({"token": token}).encode())


def store(cluster, server_dir_name="store.copy"):
    members = "".join("<member>%s</member>" % url for url in cluster.urls)
    return '<store type="etcd" prefix="%s" path="%%(dir)s/%s">%s</store>' % (PREFIX, server_dir_name, members)


def with_state(b, server, cluster, body_store=True):
    """A server whose state, and copy of the store, are in its own directory."""
    body = server.slots["body"] + "<console/>"
    if body_store:
        body += store(cluster) % {"dir": server.dir}
    server.write_config(body=body, paths="<state-dir>%s</state-dir>" % server.dir)
    return server.start()


class Pair:
    """Master A and its node C, linked."""

    def __init__(self, b, users=(("anna", "operator", ["/live.mp3"]),), by_conf=False):
        self.bench = b
        self.etcd = Cluster(b, 1)
        self.a = with_state(b, linked_master(b, 21, {"c": "", "d": ""}, start=False, name="a"), self.etcd)
        self.c = with_state(b, edge(b, 22, self.a, name="c", start=False), self.etcd, not by_conf)
        for name, role, mounts in users:
            made = self.api("POST", "/users", {"name": name, "role": role, "mounts": mounts, "password": PASSWORD})
            equal(made.status, 201, made.text)
        wait_for(lambda: self.link_is_up(), "C is linked to A")
        if by_conf:
            for name, *_ in users:
                wait_for(lambda: Person(self.c).bring(self.at_a(name).token("c"), self.origin()).status == 200,
                         "C has heard of A and of %s: %s" % (name, self.c.log()[-600:]))
            return
        wait_for(lambda: len(self.told("keys/")) == 2 and len(self.told("masters/")) == 2, "both have told their keys")
        for name, *_ in users:
            wait_for(lambda: self.api("GET", "/users/" + name, server=self.c).status == 200, "C knows " + name)
        self.c.wait_for_log("told the keys")
        self.a.wait_for_log("told the keys")

    def api(self, method, path, body=None, server=None):
        return (server or self.a).ask("%s /api/v1%s HTTP/1.1" % (method, path), ["Host: x", *JSON], "admin:adm-secret",
                                      b"" if body is None else json.dumps(body).encode())

    def link_is_up(self):
        nodes = self.a.get("/admin/cluster.json", "admin:adm-secret").json()["nodes"]
        return any(node["id"] == "c" and node["state"] == "up" and node["addresses"] for node in nodes)

    def told(self, family):
        return {key: json.loads(row[0]) for key, row in self.etcd.records().items() if key.startswith(family)}

    def origin(self, server=None):
        server = server or self.a
        return "http://%s:%d" % (server.host, server.port)

    def at_a(self, user="anna", password=PASSWORD):
        person = Person(self.a)
        person.log_in(user, password)
        return person

    def at_c(self, person=None):
        """A session at C that came from A."""
        return self.takes((person or self.at_a()).token("c"))

    def takes(self, token):
        there = Person(self.c)
        reply = there.bring(token, self.origin())
        equal(reply.status, 200, "a hand-over; C says: " + self.c.log()[-600:])
        check(there.cookie, "C sets a cookie of its own")
        return there

    def refuses(self, token, what, origin=""):
        stranger = Person(self.c)
        reply = stranger.bring(token, self.origin() if origin == "" else origin)
        equal((reply.status, stranger.cookie), (401, None), what)

    # -- forging with the real key of a master

    def ring(self, server=None):
        return json.loads(((server or self.a).dir / "session.keys").read_text())

    def sign(self, text, seed):
        place = self.bench.dir
        (place / "key.der").write_bytes(KEY_HEAD + seed)
        (place / "text").write_bytes(text.encode())
        done = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", "key.der", "-keyform", "DER", "-rawin", "-in", "text"],
                              cwd=place, capture_output=True, check=True)
        return done.stdout

    def forge(self, token, change, seed=None):
        """The token with changed members, signed by the newest key of A, or by that seed."""
        payload = json.loads(unurl64(token.split(".")[1]))
        change(payload)
        text = "h1." + url64(json.dumps(payload, separators=(",", ":")).encode())
        return text + "." + url64(self.sign(text, seed or unurl64(self.ring()["keys"][0]["seed"])))
