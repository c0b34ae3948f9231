"""A mount that moves to another home: listeners at the old home, the new one, the master and other nodes."""
import os
import time

from crowd import Crowd, hears
from harness import Failed, check, equal, wait_for
from placed import Api, home, login_of, store_master, up

from encoders import PARSERS, Ear, Encoder

MOUNT = "/move.mp3"
EACH = 500 if os.environ.get("LB_FULL") else 30
PATIENCE = 20
# As raw frames: no head in front, whose frame has no sound.
OPTIONS = {"mp3": ["-write_xing", "0", "-id3v2_version", "0"]}
# Some seconds of a tone.
SOME = {"mp3": 30000, "vorbis": 8000, "opus": 12000}


def encoder_at(b, server, login, kind="mp3", tone=440, mount=MOUNT):
    """An encoder at the server, as soon as the server knows the login."""
    def begin():
        one = Encoder(b, server, kind, login, tone=tone, mount=mount, options=OPTIONS.get(kind, []))
        time.sleep(0.3)
        return one if one.process.poll() is None else None
    return wait_for(begin, "an encoder is let in at %s: %s" % (server.name, server.log()[-500:]), PATIENCE)


def plays_at(server, mount=MOUNT):
    return mount in server.get("/admin/listmounts", "admin:adm-secret").text


def ear_at(b, server, mount=MOUNT):
    """A listener; repeated, because a node that begins to pull may still redirect it to the master."""
    def begin():
        try:
            return Ear(b, server, mount)
        except Failed:
            return None
    return wait_for(begin, "%s plays: %s" % (server.name, server.log()[-500:]), PATIENCE)


class Scene:
    """A mount at edge12, listeners there, at edge13, at the master and at the nodes `edges` beside them."""

    def __init__(self, b, to="edge13", at="edge12", capacity='self-weight="0" max-sources="10"', kind="mp3", edges=(), each=EACH,
                 ears=True, body="", redirects=0, sources=10, **made):
        self.b, self.kind = b, kind
        numbers = (12, 13, *edges)
        self.master = store_master(b, 11, numbers, capacity=capacity, body=body, redirects=redirects, limits="<clients>5000</clients>")
        self.nodes = {"edge%d" % n: home(b, n, self.master, 'max-sources="%d"' % sources, body=body) for n in numbers}
        up(self.master, self.nodes.values())
        self.nodes["m11"] = self.master
        self.api = Api(self.master)
        made = self.placed({"mount": MOUNT, "place": {"node": at}, **made})
        equal(made["home"], at)
        self.login, self.first, self.second = login_of(made), self.nodes[at], self.nodes[to]
        self.to = to
        self.old = self.encoder(self.first, 440)
        for server in self.nodes.values():
            wait_for(lambda: plays_at(server), "%s has the stream: %s" % (server.name, server.log()[-800:]), PATIENCE)
        self.ears = [ear_at(b, server) for server in self.nodes.values()] if ears else []
        self.crowd = Crowd(b)
        self.ones = [self.crowd.join(server.address, MOUNT) for server in (self.first, self.second) for _ in range(each)]
        wait_for(lambda: all(hears(one) for one in self.ones), "all hear", 30)

    def placed(self, mount):
        """Creates a mount; repeated, because on a busy machine a node may be suspect for a moment."""
        def answer():
            reply = self.api.ask("POST", "/mounts", mount)
            return None if reply.status == 409 and "it is not up" in reply.text else reply
        reply = wait_for(answer, "the mount is placed", PATIENCE)
        equal(reply.status, 201, reply.text)
        return reply.json()

    def encoder(self, server, tone):
        return encoder_at(self.b, server, self.login, self.kind, tone)

    def show(self):
        return self.api.want(200, "GET", "/mounts" + MOUNT).json()

    def move(self, **more):
        answer = self.api.want(200, "POST", "/mounts%s/move" % MOUNT, {"to": self.to, **more}).json()
        equal((answer["state"], answer["home"]), ("moving", self.first.name))
        equal(answer["source"]["url"], "http://%s:%d%s" % (self.second.host, self.second.given_port, MOUNT))

    def arrived(self):
        def at_home():
            shown = self.show()
            return (shown["state"], shown["home"]) == ("active", self.to)
        wait_for(at_home, "the record says that it is at home: %r" % self.show(), PATIENCE)

    def all_go_on(self):
        """Checks that all receive bytes sent from now on, and that none was disconnected."""
        before, more = [one.audio for one in self.ones], SOME[self.kind]
        heard = [len(ear.raw()) for ear in self.ears]
        wait_for(lambda: all(one.audio > was + more or one.ended for one, was in zip(self.ones, before)), "all get more", PATIENCE)
        wait_for(lambda: all(len(ear.raw()) > was + more or ear.ended for ear, was in zip(self.ears, heard)), "the ears get more", PATIENCE)
        equal(sum(one.ended is not None for one in self.ones), 0, "listeners that were disconnected")
        equal([ear.ended for ear in self.ears], [False] * len(self.ears))
        if self.kind == "mp3" and self.ears:
            frames = self.parsed()
            check(min(frames) > 40, frames)

    def parsed(self):
        """The parsed bytes of each listener: frames, or chains of Ogg."""
        found = []
        for name, ear in zip(self.nodes, self.ears):
            try:
                found.append(PARSERS[self.kind](ear.raw()))
            except Failed as broken:
                raise Failed("at %s: %s" % (name, broken)) from None
        return found

    def quiet(self, since):
        pauses = ", ".join("%.2f" % ear.longest_pause(since) for ear in self.ears)
        return "%d listeners and %d ears, none lost%s" % (len(self.ones), len(self.ears), "; longest pause %s s" % pauses if pauses else "")
