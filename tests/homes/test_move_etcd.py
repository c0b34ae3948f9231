"""A mount moves over etcd: one master orders the move, the other one sees it, and both lead to the new home."""
import itertools
import re

from api import refused
from crowd import Crowd, hears
from etcd import Cluster
from harness import check, equal, test, wait_for
from moves import MOUNT, PATIENCE, ear_at, encoder_at, plays_at
from placed import Api, etcd_store, home, login_of, store_master, up

from encoders import parse_mp3


class Pair:
    """Masters a and b with one etcd; the mount is at edge12, and moves to edge13."""

    def __init__(self, b):
        self.b, store = b, etcd_store(Cluster(b))
        self.masters = [store_master(b, n, (12, 13), store=store, redirects=-1) for n in (10, 11)]
        self.first, self.second = (home(b, n, self.masters, 'max-sources="10" max-bandwidth="100M"') for n in (12, 13))
        self.nodes = [self.first, self.second]
        up(self.masters, self.nodes)
        self.apis = [Api(master) for master in self.masters]
        made = self.apis[0].want(201, "POST", "/mounts", {"mount": MOUNT, "place": {"node": "edge12"}}).json()
        self.login = login_of(made)
        self.all_show("active", "edge12")
        self.old = encoder_at(b, self.first, self.login)
        for server in self.nodes + self.masters:
            wait_for(lambda: plays_at(server), "%s has the stream" % server.name, PATIENCE)
        self.ears = [ear_at(b, server) for server in self.nodes]
        self.crowd = Crowd(b)
        self.ones = [self.crowd.join(master.address, MOUNT) for master in self.masters for _ in range(10)]
        wait_for(lambda: all(hears(one) for one in self.ones), "all hear", PATIENCE)

    def shown(self, api):
        answer = api.ask("GET", "/mounts" + MOUNT)
        if answer.status == 404:   # the other master has made it, a moment ago
            return None
        row = answer.json()
        return row["state"], row["home"]

    def all_show(self, state, node, apis=None):
        for api in apis or self.apis:
            wait_for(lambda: self.shown(api) == (state, node), "%s shows %s at %s: %r" % (api.server.name, state, node, self.shown(api)), PATIENCE)

    def order(self, api, to):
        return api.want(200, "POST", "/mounts%s/move" % MOUNT, {"to": to}).json()

    def all_go_on(self):
        heard, before = [len(ear.raw()) for ear in self.ears], [one.audio for one in self.ones]
        wait_for(lambda: all(len(ear.raw()) > was + 30000 or ear.ended for ear, was in zip(self.ears, heard)), "the ears get more", PATIENCE)
        wait_for(lambda: all(one.audio > was + 30000 or one.ended for one, was in zip(self.ones, before)), "all get more", PATIENCE)
        equal([ear.ended for ear in self.ears], [False] * len(self.ears))
        equal(sum(one.ended is not None for one in self.ones), 0, "listeners that were disconnected")
        check(min(parse_mp3(ear.raw()) for ear in self.ears) > 40, "frames")


def led_to(master, players=itertools.count()):
    """The status for a listener, and the host that it is redirected to.  Each is another one: a player that comes again and
    again, and never to where it is sent, is served here."""
    player = next(players)
    wire = master.wire(source_address="127.2.%d.%d" % divmod(player, 250))
    wire.send("GET %s HTTP/1.0\r\nUser-Agent: player%d/1\r\n\r\n" % (MOUNT, player))
    reply = wire.reply_head()
    wire.close()
    return reply.status, (re.match(r"http://([^:/]+)", reply.get("Location") or "") or [None, None])[1]


def leads_to_the_new_home(pair, masters):
    """The refusal of a source names the new home; a listener is redirected there once the old home is dead."""
    for master in masters:
        reply = master.ask("PUT %s HTTP/1.1" % MOUNT, ["Host: x", "Content-Type: audio/mpeg", "Expect: 100-continue"], pair.login)
        equal((reply.status, "edge13" in reply.text), (403, True), "%s: %s" % (master.name, reply.text))
    text = refused(pair.first, MOUNT, pair.login)
    check("401" in text or "403" in text, "the old home: " + text)
    pair.first.kill()
    pair.b.servers.remove(pair.first)
    for master in masters:
        wait_for(lambda: led_to(master) == (302, pair.second.host), "%s sends a listener to the new home: %r" % (master.name, led_to(master)), PATIENCE)
    ear = pair.ears[1]
    heard = len(ear.raw())
    wait_for(lambda: len(ear.raw()) > heard + 30000, "the new home plays on without the old one", PATIENCE)
    check(not ear.ended, "its listener stays")


@test
def one_master_orders_it_and_the_other_one_leads_there(b):
    pair = Pair(b)
    answer = pair.order(pair.apis[0], "edge13")
    equal(answer["source"]["url"], "http://%s:%d%s" % (pair.second.host, pair.second.given_port, MOUNT))
    pair.all_show("moving", "edge12")
    equal(pair.apis[1].want(200, "GET", "/mounts" + MOUNT).json()["source"]["url"], answer["source"]["url"])
    pair.old.close()
    encoder_at(b, pair.second, pair.login, tone=880)
    pair.all_show("active", "edge13")
    pair.all_go_on()
    leads_to_the_new_home(pair, pair.masters)


@test
def a_second_encoder_takes_over_while_the_first_one_sends(b):
    pair = Pair(b)
    pair.order(pair.apis[1], "edge13")
    pair.all_show("moving", "edge12")
    encoder_at(b, pair.second, pair.login, tone=880)
    pair.all_show("active", "edge13")
    wait_for(lambda: pair.old.process.poll() is not None, "the source at the old home is ended", PATIENCE)
    pair.all_go_on()
    leads_to_the_new_home(pair, pair.masters)


@test
def what_one_master_orders_the_other_one_calls_off(b):
    pair = Pair(b)
    pair.order(pair.apis[0], "edge13")
    pair.all_show("moving", "edge12")
    equal(pair.order(pair.apis[1], "edge12")["state"], "active")
    pair.all_show("active", "edge12")
    wait_for(lambda: "40" in refused(pair.second, MOUNT, pair.login), "edge13 takes it no longer", PATIENCE)
    pair.all_go_on()
    equal(pair.old.process.poll(), None)


@test
def the_master_that_ordered_it_dies_and_the_other_one_ends_it(b):
    pair = Pair(b)
    pair.order(pair.apis[0], "edge13")
    pair.all_show("moving", "edge12")
    pair.masters[0].kill()
    b.servers.remove(pair.masters[0])
    # What the dead master had is gone.
    pair.ones = [one for one in pair.ones if one.address != pair.masters[0].address]
    pair.old.close()
    encoder_at(b, pair.second, pair.login, tone=880)
    pair.all_show("active", "edge13", pair.apis[1:])
    pair.all_go_on()
    leads_to_the_new_home(pair, pair.masters[1:])
