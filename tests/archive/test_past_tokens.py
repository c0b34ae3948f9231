"""A node that requires tokens of redirects also requires them for the past (doc/redirects.md)."""
import time

from bench import Cluster, ask_and_close, check, equal, test, wait_for
from harness import ADMIN, open_folder
from recorded import Recording
from token_bench import token
from wire import basic

KEYS = '<token keys="second first"/>'
INSISTS = '<token keys="second first" require="%s"/>'


def edge_with_a_past(b, require):
    """(cluster, edge, begin): /live.mp3 plays, /gone.mp3 is off the air; the edge has recorded both."""
    place = open_folder(b.dir / "archive")
    begin = int(time.time()) - 900
    for mount in ("live", "gone"):
        Recording(begin, 600, frames_a_second=2).write(place, "%%2F%s%%2Emp3" % mount)
    root = "<hls><segment>6</segment><window>12</window></hls><archive><dir>%s</dir></archive>" % place + "".join(
        "<mount><mount-name>/%s.mp3</mount-name><hls>1</hls><archive><enabled>1</enabled></archive></mount>" % mount
        for mount in ("live", "gone"))
    c = Cluster(b, {"e1": ""}, master=KEYS, slave=INSISTS % require, slave_root=root)
    # It reads the list after its report: before that it knows neither the stream nor where its master is.
    wait_for(lambda: "/live.mp3" in c["e1"].get("/admin/listmounts", ADMIN).text, "the edge knows the stream")
    return c, c["e1"], begin


def questions(mount, begin):
    return [mount + "?from=%d" % begin, mount + "?timeshift=600", mount + "?from=%d&to=%d" % (begin, begin + 60),
            mount + "/archive-%d-60.mp3" % begin, mount + "/archive-%d-60.m3u8" % begin, mount + "/archive-%d-now.m3u8" % begin,
            mount + "/rewind-800.m3u8", mount + "/timeshift_rel-600.m3u8"]


@test
def without_a_token_nothing_of_the_past_is_given(b):
    c, edge, begin = edge_with_a_past(b, "hard")
    equal(ask_and_close(edge).status, 403, "live")
    for mount in ("/live.mp3", "/gone.mp3"):
        for path in questions(mount, begin):
            sign = "&" if "?" in path else "?"
            equal(ask_and_close(edge, path).status, 403, path)
            equal(ask_and_close(edge, path + sign + "lb=" + token("e1", "/other.mp3")).status, 403, path + " with a token of another mount")
            equal(ask_and_close(edge, path + sign + "lb=" + token("e1", mount)).status, 200, path + " with a token")
        equal(ask_and_close(edge, mount + "?from=%d&to=%d" % (begin, begin + 9), headers=["Host: a", "Authorization: " + basic(ADMIN)]).status, 200,
              "an administrator")


@test
def those_without_a_token_are_sent_to_a_master_once(b):
    c, edge, begin = edge_with_a_past(b, "soft")
    for path in questions("/live.mp3", begin):
        agent = "Bookmark/" + path.replace("/", "-")
        reply = ask_and_close(edge, path, agent=agent)
        equal((reply.status, reply.get("Location")), (302, "http://" + c.site.address + path), path)
        check(ask_and_close(edge, path, agent=agent).status == 200, path + ": back again")
