"""The presenter of a mount, as AzuraCast's programs show it: a login with that mark, while it is on the air."""
import time

from api import store_server, with_api
from harness import ADMIN, check, equal, test, wait_for
from test_hours import login_of

MOUNT = "/talk.mp3"


def nowplaying(server):
    reply = server.get("/api/nowplaying/talk")
    return reply.json() if reply.status == 200 else {}


def presented(server, name):
    """Waits until the answer names this presenter."""
    return wait_for(lambda: [n for n in [nowplaying(server)] if n.get("live", {}).get("streamer_name") == name and n["is_online"]],
                    "%r is named: %s" % (name, nowplaying(server).get("live")))[0]


@test
def a_marked_login_is_the_presenter_while_it_sends(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": MOUNT, "sources": [{"user": "tom", "live": True, "until": int(time.time()) + 4, "grace": 600}, {"user": "eva"}]}).json()
    tom = server.source(MOUNT, login=login_of(made, "tom"))
    tom.play(2)
    server.set_title(MOUNT, song="A+-+B")
    seen = presented(server, "tom")
    equal((seen["live"]["is_live"], seen["now_playing"]["streamer"], seen["live"]["art"]), (True, "tom", None))
    check(abs(seen["live"]["broadcast_start"] - time.time()) < 10, "since when: %s" % seen["live"])
    equal([s["streamer"] for s in seen["song_history"]], [""] * len(seen["song_history"]), "songs before")
    # Another login takes over, which is not marked.
    wait_for(lambda: time.time() > made["sources"][0]["until"], "his time is over", 6)
    server.source(MOUNT, login=login_of(made, "eva"), tag="B").play(2)
    seen = presented(server, "")
    equal((seen["live"]["is_live"], seen["live"]["broadcast_start"], seen["now_playing"]["streamer"]), (False, None, ""))
    tom.close()


@test
def the_mark_is_set_and_taken_away_while_it_sends(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": MOUNT, "sources": [{"user": "tom"}]}).json()
    server.source(MOUNT, login=login_of(made, "tom")).play(2)
    server.set_title(MOUNT, song="A+-+B")
    presented(server, "")
    for live in (True, False):
        api.want(200, "PATCH", "/mounts/%2Ftalk.mp3", {"sources": [{"user": "tom", "live": live}]})
        presented(server, "tom" if live else "")
    reply = server.ask("PATCH /api/v1/mounts/%2Ftalk.mp3 HTTP/1.1", ["Host: x", "Connection: close", "Content-Type: application/json"], ADMIN,
                       b'{"sources": [{"user": "tom", "live": "yes"}]}')
    equal((reply.status, [e["pointer"] for e in reply.json()["errors"]]), (422, ["/sources/0/live"]), reply.text)
