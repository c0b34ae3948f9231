"""A mount with two homes: its source is accepted at either, one at a time, and no listener or source moves by
itself."""
import time
import urllib.request

from harness import check, equal, test, wait_for
from moves import ear_at
from placed import Api, home, login_of, store_master, up

from encoders import Encoder, parse_mp3

MOUNT = "/two.mp3"
PATIENCE = 20
IN_USE = "Mountpoint in use"


def let_in(b, server, login):
    one = Encoder(b, server, "mp3", login, mount="/far.mp3", options=["-write_xing", "0", "-id3v2_version", "0"])
    time.sleep(0.3)
    return one if one.process.poll() is None else None


class Pair:
    """A mount with homes at two of three nodes, before its first source."""

    def __init__(self, b, at="edge12", capacity='self-weight="0" max-sources="0"'):
        self.b = b
        self.master = store_master(b, 11, (12, 13, 14), capacity=capacity)
        edges = [home(b, n, self.master, 'max-sources="%d"' % (n < 14)) for n in (12, 13, 14)]
        up(self.master, edges)
        self.nodes = {each.name: each for each in (self.master, *edges)}
        self.api = Api(self.master)
        self.made = self.api.want(201, "POST", "/mounts", {"mount": MOUNT, "place": {"node": at, "homes": 2}}).json()
        self.login = login_of(self.made)
        self.first, self.second = self.nodes[self.made["home"]], self.nodes[self.made["backup"]]

    def address(self, server):
        return "http://%s:%d%s" % (server.host, server.given_port, MOUNT)

    def show(self):
        return self.api.want(200, "GET", "/mounts" + MOUNT).json()

    def encoder(self, server, tone):
        """Retries until it is accepted, as encoders do."""
        def begin():
            one = Encoder(self.b, server, "mp3", self.login, tone=tone, mount=MOUNT, options=["-write_xing", "0", "-id3v2_version", "0"])
            time.sleep(0.3)
            return one if one.process.poll() is None else None
        return wait_for(begin, "an encoder is let in at %s: %s" % (server.name, server.log()[-900:]), PATIENCE)

    def refuses(self, server):
        """Refuses a second encoder with the right password, at a home that knows the first one's stream."""
        lines = ["Host: x", "Content-Type: audio/mpeg", "Expect: 100-continue"]
        answer = server.ask("PUT %s HTTP/1.1" % MOUNT, lines, self.login)
        equal((answer.status, IN_USE in answer.text), (403, True), "status at %s: %s" % (server.name, answer.text[:200]))
        check("its stream comes from another server, the source from 127.0.0.1 was refused" in server.log(), server.log()[-500:])

    def plays_at(self, server):
        return MOUNT in server.get("/admin/listmounts", "admin:adm-secret").text

    def ears_at(self, *servers):
        for server in servers:
            wait_for(lambda: self.plays_at(server), "%s has the stream: %s" % (server.name, server.log()[-800:]), PATIENCE)
        ears = [ear_at(self.b, server, MOUNT) for server in servers]
        self.go_on(ears)
        return ears

    def go_on(self, ears):
        """All get the bytes that are sent from now on, in whole frames; none has been disconnected."""
        heard = [len(ear.raw()) for ear in ears]
        wait_for(lambda: all(len(ear.raw()) > was + 30000 or ear.ended for ear, was in zip(ears, heard)),
                 "the ears get more: %s" % self.master.log()[-1500:], PATIENCE)
        equal([ear.ended for ear in ears], [False] * len(ears), "ended")
        check(all(parse_mp3(ear.raw()) > 40 for ear in ears), "frames")

    def origin(self):
        return self.master.stat(MOUNT, "source_ip")


@test
def the_home_dies_and_its_encoder_goes_to_the_other_one(b):
    pair = Pair(b)
    made, first, second, third = pair.made, pair.first, pair.second, pair.nodes["edge14"]
    equal((made["home"], made["backup"], made["backup-state"]), ("edge12", "edge13", "up"))
    equal((made["source"]["url"], made["source"]["backup"]), (pair.address(first), pair.address(second)))
    equal(pair.show()["source"], {"url": pair.address(first), "backup": pair.address(second), "shoutcast": None})
    pair.encoder(first, 440)
    ears = pair.ears_at(pair.master, second, third)
    pair.refuses(second)
    equal(pair.origin(), first.host)
    began = time.monotonic()
    first.kill()
    pair.encoder(second, 880)
    took = time.monotonic() - began
    pair.go_on(ears)
    equal(pair.origin(), second.host)
    # It comes back: nothing moves, and it takes no source.
    first.start()
    up(pair.master, [first])
    ears += pair.ears_at(first)
    pair.refuses(first)
    pair.go_on(ears)
    equal(pair.origin(), second.host)
    equal((pair.show()["home"], pair.show()["backup"]), ("edge12", "edge13"))
    return "let in at the second home %.2f s after the first was killed; longest pause %s s" % (
        took, ", ".join("%.2f" % ear.longest_pause(began) for ear in ears[:3]))


def goes_and_comes_back(b, pair):
    """Both homes live, and the encoder loses the first one, then the second one."""
    old = pair.encoder(pair.first, 440)
    ears = pair.ears_at(pair.first, pair.second, pair.nodes["edge14"])
    began = time.monotonic()
    for server, other, tone in ((pair.second, pair.first, 880), (pair.first, pair.second, 440)):
        old.close()
        old = pair.encoder(server, tone)
        pair.go_on(ears)
        pair.refuses(other)
    return "longest pause %s s" % ", ".join("%.2f" % ear.longest_pause(began) for ear in ears)


@test
def an_encoder_goes_to_the_second_home_and_comes_back(b):
    return goes_and_comes_back(b, Pair(b))


@test
def the_master_is_one_of_the_homes(b):
    pair = Pair(b, at="m11", capacity='self-weight="0" max-sources="10"')
    return goes_and_comes_back(b, pair)


@test
def where_no_encoder_comes_the_listeners_are_ended(b):
    pair = Pair(b)
    old = pair.encoder(pair.first, 440)
    ears = pair.ears_at(pair.first, pair.nodes["edge14"])
    old.close()
    wait_for(lambda: all(ear.ended for ear in ears), "the stream ends everywhere", 30)


@test
def of_two_sources_that_did_not_know_of_each_other_one_is_left(b):
    pair = Pair(b)
    for server in (pair.first, pair.second):    # both know the login
        pair.encoder(server, 440).close()
    pair.master.kill()
    encoders = [pair.encoder(server, tone) for server, tone in ((pair.first, 440), (pair.second, 880))]
    pair.master.start()
    up(pair.master, [pair.first, pair.second])

    def left():
        return [one for one in encoders if one.process.poll() is None]
    wait_for(lambda: len(left()) == 1, "one of them is ended: %s" % pair.first.log()[-900:], PATIENCE)
    ears = pair.ears_at(pair.master, pair.first, pair.second, pair.nodes["edge14"])
    pair.go_on(ears)
    equal(len(left()), 1)


@test
def a_move_to_the_second_home_makes_the_first_one_the_second(b):
    pair = Pair(b)
    old = pair.encoder(pair.first, 440)
    ears = pair.ears_at(pair.master, pair.second, pair.nodes["edge14"])
    moving = pair.api.want(200, "POST", "/mounts%s/move" % MOUNT, {"to": pair.second.name}).json()
    equal((moving["source"]["url"], moving["source"]["backup"]), (pair.address(pair.second), pair.address(pair.first)))
    # Both may send while it moves; where it arrives counts, and the other one is ended.
    pair.encoder(pair.second, 880)
    wait_for(lambda: (pair.show()["state"], pair.show()["home"], pair.show()["backup"]) == ("active", "edge13", "edge12"),
             "it has moved: %r" % pair.show(), PATIENCE)
    wait_for(lambda: old.process.poll() is not None, "the source at the old home is ended", PATIENCE)
    pair.go_on(ears)
    pair.refuses(pair.first)
    # Its home dies now: the old one is the second.
    pair.second.kill()
    ears = [ears[0], ears[2]]
    pair.encoder(pair.first, 440)
    pair.go_on(ears)
    b.servers.remove(pair.second)


@test
def two_homes_need_room_at_two_nodes(b):
    pair = Pair(b)
    full = pair.api.problem("no-room", "POST", "/mounts", {"mount": "/b.mp3", "place": {"homes": 2}}).json()
    equal(sorted(full["nodes"]), ["edge12: its 1 sources are reserved", "edge13: its 1 sources are reserved",
                                  "edge14: its max-sources is 0", "m11: its max-sources is 0"])
    pair.api.problem("invalid", "POST", "/mounts", {"mount": "/b.mp3", "place": {"homes": 3}})


def nowplaying(server):
    reply = server.get("/api/nowplaying/far")
    return reply.json() if reply.status == 200 else None


@test
def the_master_tells_who_is_on_the_air_at_a_home_and_who_listens_there(b):
    master = store_master(b, 11, (12,))
    one = home(b, 12, master, 'max-sources="5"')
    up(master, [one])
    api = Api(master)
    made = api.want(201, "POST", "/mounts", {"mount": "/far.mp3", "place": {"node": "edge12"}, "settings": {"hls": True},
                                             "sources": [{"user": "tom", "live": True}, {"user": "eva"}]}).json()
    equal(made["fed-by"], None)
    logins = {row["user"]: "%s:%s" % (row["user"], row["password"]) for row in made["logins"]}

    def far(as_whom=api, what="fed-by"):
        return as_whom.want(200, "GET", "/mounts/far.mp3").json()[what]
    for user in ("tom", "eva"):
        began = int(time.time())
        encoder = wait_for(lambda: let_in(b, one, logins[user]), user + " is let in", PATIENCE)
        by = wait_for(lambda: (now := far()) and now["user"] == user and now, "the source is told", PATIENCE)
        equal((by["node"], by["address"], by["agent"].startswith("Lavf")), ("edge12", "127.0.0.1", True))
        check(began <= by["since"] <= time.time(), repr(by))
        # Its login is marked as that of a presenter, which listeners see anywhere.
        one.set_title("/far.mp3", song="A+-+" + user)
        live = wait_for(lambda: (now := nowplaying(master)) and now["now_playing"]["song"]["title"] == user and now["live"], "the title is told", PATIENCE)
        equal((live["is_live"], live["streamer_name"]), (user == "tom", "tom" if user == "tom" else ""), user)
        if user == "tom":
            encoder.close()
            wait_for(lambda: far() is None, "nobody is on the air", PATIENCE)
            off = wait_for(lambda: far(what="off-air"), "it is off the air", PATIENCE)
            equal((off["why"], off["node"]), ("ended", "edge12"))
            check(began <= off["since"] <= time.time(), repr(off))
    made = api.want(201, "POST", "/users", {"name": "vic", "role": "viewer"}).json()
    viewer = far(api.as_user("vic:" + made["password"]))
    equal((viewer["user"], viewer["address"]), ("eva", None), "without the right to see addresses")

    ear = one.listener("/far.mp3")
    listed = one.get("/far.mp3/live.m3u8").text.split("\n")[-2]
    # The list waits for its first segment.
    with urllib.request.urlopen("http://%s:%d/far.mp3/%s" % (one.host, one.given_port, listed), timeout=PATIENCE) as answer:
        equal(answer.status, 200, "status of the list")

    def listeners():
        return sorted((row["node"], row["hls"]) for row in api.want(200, "GET", "/mounts/far.mp3/listeners").json()["items"])
    wait_for(lambda: listeners() == [("edge12", False), ("edge12", True)], "both listeners are told", PATIENCE)
    here = master.listener("/far.mp3")
    wait_for(lambda: ("m11", False) in listeners(), "and that of the master", PATIENCE)
    # What is pulled here is measured here, and fed there.
    wait_for(lambda: (far()["node"], far()["kbps"]) == ("edge12", 128), "it is measured", 30)
    ear.close()
    here.close()
    # The node dies with it.
    one.kill()
    b.servers.remove(one)
    off = wait_for(lambda: (now := far(what="off-air")) and now["why"] == "node-gone" and now, "it is off the air with its node", PATIENCE)
    equal(off["node"], "edge12")
