"""A club: a mount with <sessions-per-user> at a master and two nodes."""
import hashlib

from bench import check, equal, wait_for
from crowd import hears
from harness import mount
from link_bench import edge, feed, linked_master
from slots_bench import STAY

MOUNT = "/club.mp3"


def users(b, *names):
    """Icecast's format: name:MD5 of the password; each one's password is its name."""
    path = b.dir / "users"
    path.write_text("".join("%s:%s\n" % (name, hashlib.md5(name.encode()).hexdigest()) for name in names))
    path.chmod(0o644)
    return path


def club(b, options="", number=1, names=("ann", "bob")):
    path = users(b, *names)
    inside = ('<sessions-per-user>%d</sessions-per-user><authentication type="htpasswd"><option name="filename" value="%s"/>'
              '%s</authentication>' % (number, path, options))
    master = linked_master(b, 11, ["edge12", "edge13"], redirects=STAY, body_more=mount(MOUNT, inside))
    feed(b, master, MOUNT)
    return master, [edge(b, n, master, body=mount(MOUNT, inside)) for n in (12, 13)]


def listens(crowd, server, user):
    one = crowd.join(server.address, MOUNT, "%s:%s" % (user, user))
    wait_for(lambda: one.status != 0 or one.ended, "an answer of " + server.host)
    if one.status == 200:
        wait_for(lambda: hears(one), "it hears")
    return one


def warm(crowd, servers, user="bob"):
    for server in servers:
        def once():
            one = listens(crowd, server, user)
            crowd.leave(one)
            wait_for(lambda: one.ended, "it has left")
            return one.status == 200
        wait_for(once, "%s plays it: %s" % (server.host, server.log()[-300:]), 15)
        wait_for(lambda: server.stat(MOUNT, "listeners") in (None, "0"), "nobody listens at " + server.host)


def refused(one):
    equal(one.status, 403, "status of the second one")
    check(one.answered - one.began < 0.3, "refused after %.3f s" % (one.answered - one.began))
    return one.answered - one.began
