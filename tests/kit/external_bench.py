"""The common part of the tests of <config-external>: its element, and views of the server (doc/external.md)."""
import pathlib

from external_backend import ExternalBackend
from harness import ADMIN, SOURCE, check, equal, request, wait_for

TOP = pathlib.Path(__file__).resolve().parents[2]
LOGIN = "dj:p%40ss w"
SIX = {"/m%d" % i: {"settings": {"stream-name": "M%d" % i}, "source": {"user": "dj", "password": "p%40ss w"}} for i in range(6)}


def element(url, **more):
    words = dict({"url": url, "poll": "1s", "timeout": "1s", "confirm": "manual"}, **more)
    return "<config-external %s/>" % " ".join('%s="%s"' % (name.replace("_", "-"), value) for name, value in words.items())


def backend_of(t, mounts=None, **options):
    backend = ExternalBackend(SIX if mounts is None else mounts, **options)
    t.owned(backend)
    return backend


def sight(server):
    reply = server.get("/admin/external.json", ADMIN)
    equal(reply.status, 200, "the answer of external.json")
    return reply.json()


def in_force(server, count):
    def holds():
        now = sight(server)
        return now["mounts"] == count and now["applied"]
    wait_for(holds, "%d mounts are in force: %s" % (count, sight(server)), 10)


def copied(server, text):
    path = server.dir / "log" / "external.json"
    wait_for(lambda: path.exists() and text in path.read_text(), "the copy on the disk has %s" % text)
    equal(oct(path.stat().st_mode & 0o777), "0o600", "the mode of the copy")


def is_served(server, name="/m2", title="M2"):
    """Checks that only the mount's own login gets in as its source, and that the settings of its record apply."""
    source = server.source(name, login=LOGIN)
    source.play(10)
    wait_for(lambda: server.stat(name, "server_name") == title, "%s is called %s: %s" % (name, title, server.stat(name, "server_name")))
    source.close()
    wait_for(lambda: server.stat(name, "server_type") is None, name + " has ended")


def accepts(server, name, login=SOURCE):
    wire = server.wire()
    wire.send(request("SOURCE %s HTTP/1.0" % name, ["Content-Type: audio/mpeg"], login))
    status = wire.reply_head().status
    wire.close()
    return status == 200


def is_refused(server, name, login):
    check(not accepts(server, name, login), "%s let in %s" % (name, login))
