"""Bans: the listeners and sources that a ban matches end at once, and are refused when they return."""
import time

from api import Api, store_server, with_api
from harness import ADMIN, SOURCE, check, equal, test, wait_for
from wire import request


def listener_from(server, address, mount="/rock.mp3"):
    wire = server.wire(source_address=address)
    wire.send("GET %s HTTP/1.0\r\nHost: x\r\n\r\n" % mount)
    return wire


def on_air(t):
    server, api = with_api(store_server(t))
    login = api.mount("/rock.mp3")
    source = server.source("/rock.mp3", login=login)
    source.play(20)
    return server, api, source


@test
def a_banned_network_is_cut_off_and_shut_out(t):
    server, api, source = on_air(t)
    theirs, ours = listener_from(server, "127.0.0.5"), listener_from(server, "127.0.0.1")
    equal(theirs.reply_head().status, 200)
    equal(ours.reply_head().status, 200)
    begin = time.monotonic()
    ban = api.want(201, "POST", "/bans", {"match": {"network": "127.0.0.4/30"}, "reason": "a test"}).json()
    wait_for(lambda: not theirs.is_open(), "the listener has ended", 3)
    check(time.monotonic() - begin < 1.3, "cut off after %.2f s" % (time.monotonic() - begin))
    check(ours.is_open(), "another one stays")
    server.wire(source_address="127.0.0.6").expect_silence_and_close()
    api.want(204, "DELETE", "/bans/" + ban["id"])
    wait_for(lambda: comes_in(server, "127.0.0.5"), "it may come back", 3)


def comes_in(server, address, mount="/rock.mp3"):
    wire = listener_from(server, address, mount)
    try:
        return wire.reply_head().status == 200
    except Exception:
        return False
    finally:
        wire.close()


@test
def a_ban_of_one_mount_leaves_the_others(t):
    server, api, source = on_air(t)
    login = api.mount("/other.mp3")
    server.source("/other.mp3", login=login).play(20)
    api.want(201, "POST", "/bans", {"match": {"address": "127.0.0.5"}, "mounts": ["/rock*"]})
    equal(listener_from(server, "127.0.0.5").reply().status, 403)
    check(comes_in(server, "127.0.0.5", "/other.mp3"), "the other mount takes it")


@test
def a_ban_ends_by_its_time_and_may_leave_present_listeners(t):
    server, api, source = on_air(t)
    present = listener_from(server, "127.0.0.5")
    equal(present.reply_head().status, 200)
    until = int(time.time()) + 2
    api.want(201, "POST", "/bans", {"match": {"address": "127.0.0.5"}, "until": until, "kick": False})
    server.wire(source_address="127.0.0.5").expect_silence_and_close()
    check(present.is_open(), "it listens on")
    wait_for(lambda: comes_in(server, "127.0.0.5"), "the ban is over", 6)
    check(time.time() >= until, "not before its time")
    # Its record says so for a while, and goes by itself; one without an end stays.
    api.want(201, "POST", "/bans", {"match": {"address": "127.0.0.6"}, "until": None})
    bans = api.want(200, "GET", "/bans").json()["items"]
    equal({ban["match"]["address"]: ban["over"] for ban in bans}, {"127.0.0.5": True, "127.0.0.6": False}, "what is over")
    wait_for(lambda: [ban["match"]["address"] for ban in api.want(200, "GET", "/bans").json()["items"]] == ["127.0.0.6"],
             "the record is gone", 30)


@test
def a_ban_never_shuts_out_its_maker(t):
    server, api, source = on_air(t)
    api.problem("invalid", "POST", "/bans", {"match": {"network": "127.0.0.0/8"}})
    equal(api.want(200, "GET", "/bans").json()["items"], [])


@test
def a_ban_ends_a_standby_too(t):
    """It would be heard when it takes over."""
    server = store_server(t, body="<mount><mount-name>/live.mp3</mount-name><standby-sources>1</standby-sources></mount>")
    server.source("/live.mp3").play(20)
    standby = server.wire(source_address="127.0.0.66")
    standby.send(request("SOURCE /live.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE))
    equal(standby.reply_head().status, 200)
    wait_for(lambda: "<IP>127.0.0.66</IP>" in server.get("/admin/listmounts", ADMIN).text, "it stands by")
    Api(server).want(201, "POST", "/bans", {"match": {"address": "127.0.0.66"}})
    wait_for(lambda: "<IP>127.0.0.66</IP>" not in server.get("/admin/listmounts", ADMIN).text, "it is ended")
    check("<IP>127.0.0.1</IP>" in server.get("/admin/listmounts", ADMIN).text, "the other one stays")
