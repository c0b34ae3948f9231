"""Passwords that the server has to send elsewhere: sealed in the store, in no other file, and never shown."""
import base64
import http.server
import os
import threading
import urllib.parse

from api import Api, occurs
from etcd import Cluster
from harness import Failed, check, equal, free_port, test, wait_for

SECRET = "hunter2-of-the-backend"
STORE = '<store type="files" path="%s/records"%s/>'


class Backend:
    """Accepts listeners if the server has the right password; keeps all requests."""

    def __init__(self, bench):
        self.logins = logins = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                given = self.headers.get("Authorization", "")
                login = base64.b64decode(given[6:]).decode() if given.startswith("Basic ") else ""
                logins.append(login)
                self.send_response(200)
                if login == "lb:" + SECRET:
                    self.send_header("icecast-auth-user", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/add" % self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        bench.owned(self)

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def key_of(byte):
    return base64.b64encode(bytes([byte]) * 32).decode()


def body(backend, password=SECRET):
    return {"mount": "/rock", "settings": {"authentication": {"type": "url", "option": [
        {"name": "listener_add", "value": backend.url}, {"name": "username", "value": "lb"},
        {"name": "password", "value": password}]}}}


def keyed_server(b, *keys):
    port = free_port()
    server = b.unstarted_server(sockets="<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address></listen-socket>" % port)
    with_keys(server, *keys)
    return server.start()


def with_keys(server, *keys):
    server.write_config(body=STORE % (server.dir, ' key="%s"' % " ".join(keys) if keys else ""))


def lets_listeners_in(server, login):
    source = server.source("/rock", login=login)
    source.play(20)
    try:
        listener = server.listener("/rock")
        listener.read(384)
        listener.close()
        return True
    except Failed as e:
        check("401" in str(e) or "status" in str(e), e)
        return False
    finally:
        source.leave()
        # A backend that refuses is asked before it is known whether there is a source.
        wait_for(lambda: server.stat("/rock", "listenurl") is None, "/rock has no source")


@test
def a_password_for_a_backend_is_sealed_in_every_file_and_sent_as_it_is(b):
    backend = Backend(b)
    server = keyed_server(b, key_of(1))
    api = Api(server)
    made = api.want(201, "POST", "/mounts", body(backend), ["Idempotency-Key: 0123456789abcdef"])
    check(SECRET not in made.text, made.text)
    login = "source:" + made.json()["source"]["password"]
    check(lets_listeners_in(server, login), "the backend lets listeners in: %r" % backend.logins)
    shown = api.want(200, "GET", "/mounts/rock")
    equal([row["value"] for row in shown.json()["settings"]["authentication"]["option"]][2], True)
    # What was shown may be sent back: it keeps the password.
    api.want(200, "PATCH", "/mounts/rock", {"settings": dict(shown.json()["settings"], genre="rock")})
    check(SECRET not in api.want(200, "GET", "/mounts?most=500").text, "a list does not show it")
    check(lets_listeners_in(server, login), "the password has stayed")
    for secret in (SECRET, urllib.parse.quote(SECRET), base64.b64encode(SECRET.encode()).decode()[:24]):
        equal(occurs(server.dir, secret), [], "files with the password")
    server.kill()
    server.start()
    check(lets_listeners_in(server, login), "after a kill -9")
    check("sealed:v1:" in (server.dir / "records" / "mounts.d" / "rock.xml").read_text(), "it is sealed")


@test
def keys_are_changed_by_two_of_them(b):
    backend = Backend(b)
    server = keyed_server(b, key_of(1))
    made = Api(server).want(201, "POST", "/mounts", body(backend)).json()
    login = "source:" + made["source"]["password"]
    face = server.dir / "records" / "mounts.d" / "rock.xml"
    first = wait_for(lambda: face.exists() and face.read_text(), "the record is written")
    for keys, opens in (((key_of(1), key_of(2)), True), ((key_of(2), key_of(1)), True), ((key_of(2),), True), ((key_of(1),), False)):
        server.stop()
        with_keys(server, *keys)
        server.start()
        if keys == (key_of(2), key_of(1)):
            wait_for(lambda: "were sealed by the first key" in server.log(), "it was sealed again", 10)
            wait_for(lambda: face.read_text() != first, "the file is another one", 10)
        equal(lets_listeners_in(server, login), opens, "listeners with the keys %r" % (keys,))
    check("sealed by none of the keys" in server.log(), server.log()[-500:])
    # Nothing is lost: the right key opens it again, though the record was changed meanwhile.
    Api(server).want(200, "PATCH", "/mounts/rock", {"settings": {"genre": "x"}})
    server.stop()
    with_keys(server, key_of(2))
    server.start()
    check(lets_listeners_in(server, login), "the right key opens it")


@test
def without_a_key_it_is_refused_with_a_pointer(b):
    backend = Backend(b)
    server = keyed_server(b)
    api = Api(server)
    problem = api.problem("invalid", "POST", "/mounts", body(backend)).json()
    equal([fault["pointer"] for fault in problem["errors"]], ["/settings/authentication/option/2/value"])
    equal(occurs(server.dir, SECRET), [])
    # What was written into a file by hand is taken, and sealed from the first start with a key on.
    plain = body(backend)
    del plain["settings"]["authentication"]["option"][2]
    made = api.want(201, "POST", "/mounts", plain).json()
    face = server.dir / "records" / "mounts.d" / "rock.xml"
    text = wait_for(lambda: face.exists() and face.read_text(), "the file is there")
    server.stop()
    face.write_text(text.replace('<option name="username"', '<option name="password" value="%s"/><option name="username"' % SECRET))
    with_keys(server, key_of(3))
    server.start()
    check(lets_listeners_in(server, "source:" + made["source"]["password"]), "the password is taken")
    wait_for(lambda: not occurs(server.dir, SECRET), "it is sealed", 10)


@test
def in_etcd_it_is_sealed_too_and_so_in_the_copy(b):
    backend = Backend(b)
    cluster = Cluster(b, 1)
    server = b.unstarted_server()
    server.write_config(body='<store type="etcd" path="%s/store.copy" prefix="/radio/" key="%s"><member>%s</member></store>' % (
        server.dir, key_of(1), cluster.urls[0]))
    server.start()
    made = Api(server).want(201, "POST", "/mounts", body(backend)).json()
    check(lets_listeners_in(server, "source:" + made["source"]["password"]), "the backend lets listeners in")
    copy = server.dir / "store.copy"
    wait_for(lambda: copy.exists() and "%2Frock" in copy.read_text(), "the copy has it", 10)
    # An address with a login in it is another one, also for a master whose key is wrong.
    backend.url = backend.url.replace("//", "//lb:%s@" % SECRET)
    equal(Api(server).ask("PATCH", "/mounts/rock", dict(body(backend), mount=None)).status, 200, "an address with a login")
    shown = Api(server).want(200, "GET", "/mounts/rock").json()["settings"]["authentication"]["option"]
    equal([row["value"] for row in shown], [True, "lb", True])
    equal([key for key, row in cluster.records().items() if SECRET in row[0]], [], "values of etcd with the password")
    check("sealed:v1:" in cluster.records()["mounts/%2Frock"][0], "it is sealed")
    # No file of the server, no file of etcd: its log is written before its tables.
    for place in (server.dir, *(member.dir for member in cluster.members)):
        equal(occurs(place, SECRET), [], "files with the password in " + os.path.basename(place))
