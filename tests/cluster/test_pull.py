"""Nodes pull protected mounts, and prove themselves without showing their secrets."""
import re
import secrets
import time

from backend import ACCEPT, Backend
from bench import check, equal, node_at, test, wait_for
from link_bench import RawMaster, certificate, edge, feed, kill9, link_port, linked_master, master_block, node, public, up
from pull_bench import JOE, Player, Pulled, Sniffer, known, locked, mark, mark_of_master, now, pair, relays, shapes_of, stuck

REFUSED = {":status": 403}


def asked(backend, mount):
    return ('<mount><mount-name>%s</mount-name><authentication type="url"><option name="listener_add" value="%s"/>'
            '<option name="listener_remove" value="%s"/><option name="allow_duplicate_users" value="1"/>'
            '</authentication></mount>'
            % (mount, backend.url("/add"), backend.url("/remove")))


def plays_with_password(server, mount="/live.mp3", number=1, hops=0):
    def listen():
        player = Player(server.address, mount, number)
        if player.status == 200:
            return player
        player.close()
        return None
    player = wait_for(listen, "%s plays on %s: %s" % (mount, server.host, server.log()[-1500:]), 8)
    server.bench.owned(player)
    equal(player.hops, hops, "redirects")
    check(player.hears(10000), "audio comes")
    return player


@test
def protected_mounts_play_through_every_edge_and_no_packet_shows_a_secret(b):
    """200 of 200, over plain http and without <relay-auth>; the backend is asked only about listeners."""
    backend = b.owned(Backend(lambda form: ACCEPT if form.get("user") == "joe" and form.get("pass") == "password" else REFUSED))
    names = ["edge" + secrets.token_hex(8) for _ in range(2)]  # their secrets are "s-NAME"
    shown = [shape for name in names for text in ("s-" + name, name + ":s-" + name) for shape in shapes_of(text)]
    sniffer = Sniffer(b, [*shown, b"X-LB-Pull: " + names[0].encode(), b"X-LB-Pull: " + names[1].encode()],
                      ["127.0.0.%d" % (211 + i) for i in range(3)])
    body = locked(b, "/file.mp3") + asked(backend, "/url.mp3")
    master = linked_master(b, 211, {name: "" for name in names}, body_more=body + locked(b, "/own.mp3"))
    edges = [edge(b, 212 + i, master, name=name, body=body) for i, name in enumerate(names)]
    up(master, *names)
    for mount in ("/file.mp3", "/url.mp3", "/own.mp3"):
        feed(b, master, mount)
    for each in edges:
        known(each, "/file.mp3"), known(each, "/url.mp3")

    # What an edge may serve is known with its next report.
    def shared(mount):
        first = Player(master.address, mount, 0)
        first.close()
        return first.hops == 1
    wait_for(lambda: shared("/file.mp3") and shared("/url.mp3"), "listeners are sent on: " + master.log()[-1000:])
    players = [b.owned(Player(master.address, "/url.mp3" if i % 2 else "/file.mp3", i)) for i in range(200)]
    equal([p.status for p in players].count(200), 200, "of 200 played; others: %s; %s" % (
        sorted({(p.status, p.address) for p in players if p.status != 200}), edges[0].log()[-800:]))
    equal([p.hears(8000) for p in players].count(True), 200, "of 200 heard audio")
    equal({p.address for p in players}, {e.address for e in edges}, "who served them")
    # Where only the master asks for the password, it serves the mount itself.
    for i in range(4):
        own = b.owned(Player(master.address, "/own.mp3", 1000 + i))
        equal((own.status, own.hops), (200, 0), "a mount that only the master protects")
    for each in [master, *edges]:
        for mount in ("/file.mp3", "/url.mp3"):
            equal(Player(each.address, mount, 2000, ["Authorization: Basic am9lOndyb25n"]).status in (401, 403, 302), True,
                  "a wrong password at " + each.host)
            if each is not master:
                check(Player(each.address, mount, 2001, []).status in (401, 403), "no password at " + each.host)
    # Of the relays no backend has heard, and each of its listeners leaves once.
    wrong = [f for f in backend.of("listener_add") if "Icecast" in f.get("agent", "") or f.get("user", "") not in ("joe", "")]
    equal(wrong, [], "what the backend was asked about relays")
    # To the master those who pull are servers: they are among nobody's listeners.
    wait_for(lambda: node_at(master, "m211")["listeners"] == 4, "the master's own: %s" % node_at(master, "m211"))
    wait_for(lambda: [master.stat(m, "listeners") for m in ("/file.mp3", "/url.mp3")] == ["100", "100"],
             "all listeners: %s" % [master.stat(m, "listeners") for m in ("/file.mp3", "/url.mp3")])
    for player in players:
        player.close()
    wait_for(lambda: len(backend.of("listener_remove")) >= 100, "the backend hears of the ends", 10)
    check(all(f.get("user") == "joe" for f in backend.of("listener_remove")), "who has left")
    for name in names:
        wait_for(lambda: sniffer.counts[b"X-LB-Pull: " + name.encode()] > 0, "the capture has the pulls")
    equal({text: n for text, n in sniffer.counts.items() if n and text in shown}, {}, "secrets among %d packets" % sniffer.packets)
    equal(sniffer.lost(), 0, "packets that the capture has missed")
    # It would have seen one: the list of streams is asked for with id and secret.
    for login in ("%s:s-%s" % (name, name) for name in names):
        equal(master.get("/admin/streamlist.txt", login).status, 200, "the list")
    for name in names:
        wait_for(lambda: any(sniffer.counts[shape] for shape in shapes_of("s-" + name)), "the capture finds a secret that is shown")


@test
def a_protected_mount_comes_through_two_tiers(b):
    """m11 <- edge12, itself a master <- edge13."""
    body = locked(b, "/live.mp3")
    top = linked_master(b, 11, public(12), body_more=body)
    hub = linked_master(b, 12, public(13), name="edge12", masters=master_block(top, "edge12", 12), redirects="", body_more=body)
    leaf = edge(b, 13, hub, body=body)
    up(top, "edge12"), up(hub, "edge13")
    feed(b, top)
    plays_with_password(leaf)
    equal(leaf.stat("/live.mp3", "source_ip"), "127.0.0.12", "where the edge pulls from")
    equal(Player(leaf.address, "/live.mp3", 3, []).status, 401, "status without a password")


@test
def peers_pull_protected_mounts_from_each_other(b):
    from test_link_topologies import peers
    one, two = peers(b, (11, 12), capacity='self-weight="1"')
    for peer in (one, two):
        peer.reload(body=peer.slots["body"] + locked(b, "/of11.mp3", "/of12.mp3"))
    for peer, mount in ((one, "/of11.mp3"), (two, "/of12.mp3")):
        feed(b, peer, mount)
    for peer, mount, other in ((one, "/of12.mp3", "127.0.0.12"), (two, "/of11.mp3", "127.0.0.11")):
        known(peer, mount)
        # Whichever of the two is chosen: one of ten is served where the stream has to be pulled.
        found = [b.owned(Player(p.address, mount, 10 * i)) for i in range(5) for p in (one, two)]
        equal([p.status for p in found].count(200), 10, "of 10 played " + mount)
        wait_for(lambda: peer.stat(mount, "source_ip") == other, "%s pulls %s" % (peer.host, mount))


@test
def a_player_that_cannot_follow_gets_a_protected_mount_passed_on(b):
    near, far, _ = pair(b, body=locked(b, "/live.mp3"), far_body=locked(b, "/live.mp3"))
    feed(b, far)
    known(near)
    equal(stuck(near)[0].status, 401, "without a password")
    for number in (1, 2):  # one directly, and then a relay
        reply, wire = stuck(near, headers=[JOE])
        equal(reply.status, 200, "status of player %d: %s" % (number, near.log()[-500:]))
        check(len(wire.take(10000)) == 10000, "audio")
    wait_for(lambda: relays(near) == 1, "the second one has made a relay")
    check("may not pull" not in far.log(), "every mark was believed")


@test
def a_protected_mount_is_pulled_over_tls(b):
    port = link_port()
    body = locked(b, "/live.mp3")
    master = linked_master(b, 11, public(12), body_more=body, start=False)
    more = "<listen-socket><port>%d</port><bind-address>127.0.0.11</bind-address><ssl>1</ssl></listen-socket>" % port
    file = certificate(master.dir, "127.0.0.11")
    master.write_config(sockets=master.slots["sockets"] + more, paths="<ssl-certificate>%s</ssl-certificate>" % file)
    master.start()
    block = ("<master><server>127.0.0.11</server><ssl-port>%d</ssl-port><cluster-port>%d</cluster-port>"
             "<username>edge12</username><password>s-edge12</password><bind>127.0.0.12</bind></master>"
             % (port, master.link_port))
    made = node(b, 12, block + body + "<master-public-slave>1</master-public-slave><cluster><id>edge12</id></cluster>",
                paths="<ssl-cafile>%s</ssl-cafile>" % file)
    feed(b, master)
    plays_with_password(made)
    kill9(made)
    # The access log says who it was.
    master.wait_for_log(r'127\.0\.0\.12 - edge12 .*"GET /live\.mp3 HTTP/1\.0" 200', "access")


@test
def after_a_restart_of_the_master_or_of_the_edge_it_is_pulled_again(b):
    body = locked(b, "/live.mp3")
    master = linked_master(b, 11, public(12), body_more=body)
    made = edge(b, 12, master, body=body)
    up(master, "edge12")
    feed(b, master)
    plays_with_password(made)
    kill9(master)
    master.start()
    feed(b, master)
    plays_with_password(made, number=2)
    kill9(made)
    made.start()
    plays_with_password(made, number=3)


@test
def relay_auth_is_what_it_was(b):
    """With it, id and secret are sent without a mark; without it, only the mark is sent, over TLS too."""
    file = certificate(b.dir, "127.0.0.11")
    for tls in (None, file):
        pulled = Pulled(b, "127.0.0.11", tls)
        for block, wanted in (("<relay-auth>1</relay-auth>", "Authorization: Basic "), ("", "X-LB-Pull: ")):
            heads = heads_of_a_pull(b, pulled, block, paths="<ssl-cafile>%s</ssl-cafile>" % file)
            check(all(wanted in head for head in heads), "%r" % heads)
            check(all(head.count("X-LB-Pull") + head.count("Authorization") == 1 for head in heads), "%r" % heads)


def heads_of_a_pull(b, pulled, block="", skew=0, paths=""):
    """The requests of an edge that is linked to the test, whose clock is `skew` seconds ahead."""
    del pulled.heads[:]
    master = RawMaster(b, "edge12")
    master.given_port = pulled.port
    blocks = master_block(master, "edge12", 12).replace("</master>", block + "</master>")
    if pulled.tls:
        blocks = re.sub(r"<port>(\d+)</port>", r"<ssl-port>\1</ssl-port>", blocks)
    made = node(b, 12, blocks + locked(b, "/live.mp3") + "<cluster><id>edge12</id></cluster>", paths=paths)
    check(master.take_until(b"\r\n\r\n") is not None, "the node asks for the link")
    master.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lbedge-cluster/1\r\n\r\n")
    equal(master.frame()["t"], "HELLO", "the first frame")
    master.say(t="WELCOME", id="m11", epoch="77e0aa01", now=int((time.time() + skew) * 1000), every=250, dead=20000)
    master.say(t="SNAP", seq=1, mounts=[{"m": "/live.mp3", "ct": "audio/mpeg", "from": ["m11"], "needs": ["auth"]}])
    known(made)
    reply = made.wire()
    reply.send("GET /live.mp3 HTTP/1.0\r\n%s\r\n\r\n" % JOE)
    wait_for(lambda: any("GET /live.mp3" in head for head in pulled.heads), "the edge asks for the stream: " + made.log()[-800:])
    reply.close()
    heads = [head for head in pulled.heads if not head.startswith("GET /_lb/live ")]
    master.close()
    made.stop()
    return heads


@test
def a_node_whose_clock_is_wrong_signs_with_the_masters(b):
    pulled = Pulled(b, "127.0.0.11")
    for skew in (3600, -7 * 24 * 3600):
        for head in heads_of_a_pull(b, pulled, skew=skew):
            found = re.search(r"\r\nX-LB-Pull: (edge12\.(\w+); to=(\S+); n=(\d+); t=(\d+); mac=\w{64})\r\n", head)
            check(found, "%r" % head)
            value, epoch, to, number, at = found.groups()
            equal(to, "m11.77e0aa01", "whom it is for")
            check(abs(int(at) - now() - skew) < 20, "t=%s, by the master's clock it is %d" % (at, now() + skew))
            equal(value, mark("edge12", "s-edge12", to, int(number), int(at), "/live.mp3", epoch), "the mark")


class Attacks:
    """A master with a protected mount, and requests for it that claim to be from edge12."""

    def __init__(self, b):
        self.backend = b.owned(Backend(lambda form: REFUSED))
        body = locked(b, "/live.mp3", "/other.mp3") + asked(self.backend, "/url.mp3")
        self.master = linked_master(b, 11, {"edge12": "", "edge13": ""}, body_more=body)
        for mount in ("/live.mp3", "/other.mp3", "/url.mp3", "/free.mp3"):
            feed(b, self.master, mount)
        self.to = mark_of_master(self.master, "/free.mp3")
        self.number = 0

    def mark(self, node="edge12", secret=None, to=None, number=None, late=0, mount="/live.mp3", **options):
        self.number += 1
        return mark(node, secret or "s-" + node, to or self.to, number or self.number, now() - late, mount, **options)

    def status(self, value, mount="/live.mp3", source="127.0.0.12", lines=()):
        wire = self.master.wire(source_address=source)
        more = "".join(line + "\r\n" for line in lines)
        wire.send("GET %s HTTP/1.0\r\nUser-Agent: Icecast 2.4.4\r\nX-LB-Pull: %s\r\n%s\r\n" % (mount, value, more))
        status = wire.reply_head().status
        wire.close()
        return status


@test
def a_mark_opens_what_it_was_made_for_once_and_nothing_else(b):
    a = Attacks(b)
    recorded = a.mark()
    equal(a.status(recorded), 200, "the status of a right mark")
    equal(a.status(recorded), 403, "of the same again")
    equal(a.status(recorded, source="127.0.0.66"), 403, "from elsewhere")
    equal(a.status(a.mark(), "/%6cive.mp3"), 200, "of one for the mount in another spelling")
    wrong = {
        "of another mount": (a.mark(mount="/other.mp3"), "/live.mp3"),
        "of a backend's mount": (a.mark(), "/url.mp3"),
        "of another node's id": (a.mark().replace("edge12.", "edge13."), "/live.mp3"),
        "of another node's secret": (a.mark(secret="s-edge13"), "/live.mp3"),
        "of a stranger": (a.mark(node="edge99"), "/live.mp3"),
        "for another master": (a.mark(to="m12." + a.to.split(".")[1]), "/live.mp3"),
        "for the master before its restart": (a.mark(to=a.to[:-8] + "00000000"), "/live.mp3"),
        "from long ago": (a.mark(late=75), "/live.mp3"),
        "from the future": (a.mark(late=-75), "/live.mp3"),
        "with another time": (re.sub(r"t=\d+", "t=%d" % (now() + 1), a.mark(late=5)), "/live.mp3"),
        "with another number": (re.sub(r"n=\d+", "n=4711", a.mark()), "/live.mp3"),
        "without its end": (a.mark()[:-1], "/live.mp3"),
        "with more": (a.mark() + "; x=1", "/live.mp3"),
        "of 7000 bytes": ("a" * 7000, "/live.mp3"),
        "of 4000 parts": (";" * 4000, "/live.mp3"),
    }
    for name, (value, mount) in wrong.items():
        equal(a.status(value, mount), 403, "the status of a mark " + name)
    equal(a.status(""), 401, "the status of an empty line, which is none")
    flipped = a.mark()
    for at in (-1, -32, -64):
        changed = list(flipped)
        changed[at] = "0" if changed[at] != "0" else "1"
        equal(a.status("".join(changed)), 403, "the status of a flipped mark")
    equal(a.status(flipped), 200, "the status of the mark itself, which nothing of this has used up")
    equal(a.status(a.mark(mount="/url.mp3"), "/url.mp3"), 200, "of a right one for the backend's mount")
    equal(a.backend.forms, [], "what the backend was asked")
    # Where nobody needs a password nobody looks at marks.
    equal(a.status("x", "/free.mp3"), 200, "status of a free mount")
    # With a password beside it, that is what counts.
    equal(a.status("x", lines=[JOE]), 200, "status with a listener's password")
    for said in (r"node edge12 may not pull /live.mp3: its mark number 1 has been used before",):
        a.master.wait_for_log(said)


@test
def guesses_at_a_secret_are_throttled_and_lock_nobody_else_out(b):
    a = Attacks(b)
    statuses = [a.status(a.mark(secret="guess%d" % i), source="127.0.0.66") for i in range(60)]
    check(20 <= statuses.count(403) <= 30 and 429 in statuses, "answers %r" % statuses)
    equal(a.status(a.mark(), source="127.0.0.66"), 429, "the right one from there, now")
    equal(a.status(a.mark(), source="127.0.0.12"), 200, "the node where it is")
    equal(a.status(a.mark(node="edge13"), source="127.0.0.66"), 200, "another node behind the same address")
    # What is no guess costs nothing: a clock that is wrong, a request that is repeated.
    again = a.mark(node="edge13")
    equal(a.status(again, source="127.0.0.13"), 200, "a node")
    for _ in range(30):
        equal(a.status(again, source="127.0.0.13"), 403, "repeated")
        equal(a.status(a.mark(node="edge13", late=600), source="127.0.0.13"), 403, "late")
    equal(a.status(a.mark(node="edge13"), source="127.0.0.13"), 200, "the node afterwards")
