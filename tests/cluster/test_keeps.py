"""Streams and listeners that need not end do not end: a peer dies, a process is stopped, a <master> has other
settings."""
import re
import select
import signal
import socket
import threading
import time

from bench import ADMIN, Failed, Site, check, cluster_json, node_at, slave_body, start, test, wait_for
from link_bench import Feeder, edge, feed, kill9, linked_master, master_block, public, up
from peer_bench import HUMBLE, all_know, head_for_player, peers
from threads import Threaded

SOURCE_TIMEOUT = "<clients>5000</clients><source-timeout>5</source-timeout>"


class Ear:
    """A listener that follows a redirect, and then notes the times at which it receives sound."""

    def __init__(self, address, mount, agent, follow=True):
        self.ended, self.heard, self.kind = None, [], None
        path = mount
        for _ in range(3 if follow else 1):
            wire = socket.socket()
            head = head_for_player(wire, address, path, agent, 10)
            found = re.search(rb"\r\nLocation: http://([^:/]+):(\d+)(\S+)\r\n", head)
            if not found:
                break
            wire.close()
            address, path = (found.group(1).decode(), int(found.group(2))), found.group(3).decode()
        if b" 200 " not in head.split(b"\r\n")[0]:
            wire.close()
            raise Failed("%s at %s: %r" % (agent, address, head[:200]))
        self.wire, self.address = wire, address


class Crowd(Threaded):
    """Ears that are read all the time."""

    def __init__(self, b):
        self.ears = []
        self.start(b)

    def add(self, address, mount="/live.mp3", follow=True):
        ear = Ear(address, mount, "Ear%d-%d/1" % (len(self.ears), time.monotonic_ns()), follow)
        self.ears.append(ear)
        return ear

    def at(self, *servers):
        addresses = {tuple(server.address) for server in servers}
        return [ear for ear in self.ears if tuple(ear.address) in addresses]

    def run(self):
        while self.going:
            open_ears = {ear.wire: ear for ear in list(self.ears) if ear.ended is None}
            for wire in select.select(list(open_ears), [], [], 0.1)[0] if open_ears else time.sleep(0.05) or []:
                ear = open_ears[wire]
                try:
                    data = wire.recv(65536)
                except OSError:
                    data = b""
                if data:
                    ear.heard.append(time.monotonic())
                else:
                    ear.ended = time.monotonic()

    def close(self):
        super().close()
        for ear in self.ears:
            ear.wire.close()


def silence(ear, since):
    """The longest time without sound."""
    times = [since] + [t for t in ear.heard if t > since] + [time.monotonic()]
    return max(b - a for a, b in zip(times, times[1:]))


def all_hear(ears, since, what, patience=12, servers=()):
    """Each of them has received sound since that moment, and none has been disconnected."""
    def ready():
        gone = [ear for ear in ears if ear.ended is not None]
        check(not gone, "%s: %d of %d listeners have ended: %s" % (
            what, len(gone), len(ears), "\n".join(server.log()[-1500:] for server in servers)))
        return all(ear.heard and ear.heard[-1] > since for ear in ears)
    check(ears, "there are listeners")
    try:
        wait_for(ready, "all %d hear on" % len(ears), patience)
    except Failed as why:
        deaf = [ear.address for ear in ears if not ear.heard or ear.heard[-1] <= since]
        raise Failed("%s: %s; deaf: %s; %s" % (what, why, deaf, "\n".join(s.log()[-1500:] for s in servers))) from None


def gather(crowd, server, elsewhere, count):
    """This many listeners at the server; they ask the other servers, which redirect them."""
    for i in range(count * 12):
        if len(crowd.at(server)) >= count:
            return
        try:
            crowd.add(elsewhere[i % len(elsewhere)].address)
        except Failed:
            time.sleep(0.05)  # the relay has not begun
    check(False, "%d listeners at %s" % (len(crowd.at(server)), server.host))


def peers_with_listeners(b, count):
    made = peers(b, (11, 12, 13), capacity=HUMBLE)
    source = made[0].source("/live.mp3")
    source.play(40)
    b.owned(Feeder(source))
    all_know(made)
    crowd = Crowd(b)
    gather(crowd, made[1], (made[0], made[2]), count)
    gather(crowd, made[2], (made[0], made[1]), count)
    ears = crowd.at(*made[1:])
    all_hear(ears, time.monotonic(), "before", servers=made)
    time.sleep(2.2)  # a stream that lasted so long has flowed
    return made, source, crowd, ears


def taken_by(b, peer, deadline, **options):
    """The encoder asks this peer until it is accepted; returns the time of that."""
    while True:
        try:
            source = peer.source("/live.mp3", **options)
            break
        except Failed as refusal:
            check("403" in str(refusal), str(refusal))
            check(time.monotonic() < deadline, "the encoder is still refused: " + peer.log()[-2500:])
            time.sleep(0.02)
    when = time.monotonic()
    source.play(40)
    b.owned(Feeder(source))
    return source, when


@test
def a_peer_dies_its_encoder_goes_elsewhere_and_who_listens_elsewhere_hears_on(b):
    made, source, crowd, ears = peers_with_listeners(b, 25)
    died = time.monotonic()
    kill9(made[0])
    time.sleep(0.3)
    source, when = taken_by(b, made[1], died + 3)
    check(when - died < 1.5, "taken after %.2f s" % (when - died))
    time.sleep(1)
    all_hear(ears, time.monotonic(), "after the death", servers=made[1:])
    longest = max(silence(ear, died) for ear in ears)
    check(longest <= 3.0, "the longest silence was %.2f s" % longest)
    # And back: the first peer returns, and has the stream from the second.
    made[0].start()
    wait_for(lambda: "/live.mp3" in made[0].get("/admin/listmounts", ADMIN).text, "the first one knows it again")
    try:
        made[0].source("/live.mp3")
        check(False, "a second source is let in")
    except Failed as refusal:
        check("403" in str(refusal), str(refusal))
    time.sleep(1)
    all_hear(ears, time.monotonic(), "after the return", servers=made[1:])


@test
def an_encoder_that_comes_two_seconds_later_finds_them_too(b):
    made, source, crowd, ears = peers_with_listeners(b, 10)
    died = time.monotonic()
    kill9(made[0])
    time.sleep(2)
    source, when = taken_by(b, made[2], time.monotonic() + 1)
    time.sleep(0.5)
    all_hear(ears, time.monotonic(), "after the death", servers=made[1:])
    longest = max(silence(ear, died) for ear in ears)
    check(longest <= 3.5, "the longest silence was %.2f s" % longest)


@test
def an_encoder_that_leaves_one_peer_for_another_takes_the_listeners_along(b):
    made, source, crowd, ears = peers_with_listeners(b, 10)
    for here, there in ((0, 1), (1, 2)):
        source.leave()
        left = time.monotonic()
        others = crowd.at(*[peer for peer in made[1:] if peer is not made[here]])
        time.sleep(0.5)
        source, when = taken_by(b, made[there], left + 2.5)
        time.sleep(0.5)
        all_hear(others, time.monotonic(), "after move %d" % (here + 1), servers=made)


@test
def another_format_ends_what_cannot_go_on(b):
    """No player changes its decoder: no listener of the old stream gets bytes of the new one."""
    made, source, crowd, ears = peers_with_listeners(b, 5)
    kill9(made[0])
    time.sleep(0.2)
    here = crowd.at(made[1])
    taken_by(b, made[1], time.monotonic() + 3, kind="opus")
    wait_for(lambda: all(ear.ended for ear in here), "they are let go")


@test
def two_encoders_on_two_peers_are_named_at_both(b):
    first, second = peers(b, (11, 12), capacity=HUMBLE)
    sources = [None, None]

    def come(i, peer):
        try:
            sources[i] = peer.source("/live.mp3", tag="AB"[i])
        except Failed:
            pass
    for _ in range(20):
        threads = [threading.Thread(target=come, args=(i, peer)) for i, peer in enumerate((first, second))]
        [t.start() for t in threads]
        [t.join() for t in threads]
        if all(sources):
            break
        for i, each in enumerate(sources):
            if each:
                each.leave()
            sources[i] = None
        for peer in (first, second):
            wait_for(lambda: "/live.mp3" not in peer.get("/admin/listmounts", ADMIN).text, "it is gone", 15)
    check(all(sources), "in twenty races both were never let in")
    for source in sources:
        source.play(40)
        b.owned(Feeder(source))
    for peer, other in ((first, second), (second, first)):
        wait_for(lambda: "mount /live.mp3 has two sources: one here, and another that %s:" % other.host in peer.log(),
                 "%s says it: %s" % (peer.host, peer.log()[-800:]), 10)


# -- stopped ----------------------------------------------------------------------------------------

def stopped(b, who):
    master = linked_master(b, 11, public(12), redirects="<max-redirect-slaves>0</max-redirect-slaves>", limits=SOURCE_TIMEOUT)
    node = edge(b, 12, master, limits=SOURCE_TIMEOUT)
    up(master, "edge12")
    # In seven seconds more than twice queue-size: it arrives at once when the server goes on.
    feed(b, master, units=20)
    crowd = Crowd(b)
    for server in (master, node):
        for _ in range(5):
            wait_for(lambda: listens(crowd, server), "it plays")
    all_hear(crowd.ears, time.monotonic(), "before", servers=(master, node))
    time.sleep(2.2)
    servers = [{"master": master, "edge": node}[each] for each in who]
    for server in servers:
        server.send_signal(signal.SIGSTOP)
    time.sleep(7)
    for server in servers:
        server.send_signal(signal.SIGCONT)
        time.sleep(0.4)
    all_hear(crowd.ears, time.monotonic() + 1.5, "%s stopped" % " and ".join(who), servers=(master, node))
    check("ended" not in "".join(re.findall("source silent.*", master.log())), master.log()[-1500:])
    check("edge" in who or "no report for" not in master.log(), "the node was silent, not the stopped master: " + master.log()[-1500:])


def listens(crowd, server):
    try:
        return crowd.add(server.address, follow=False)
    except Failed:
        return None


@test
def a_master_that_was_stopped_keeps_its_source_and_all_listeners(b):
    stopped(b, ["master"])


@test
def an_edge_that_was_stopped_keeps_its_relays_and_all_listeners(b):
    stopped(b, ["edge"])


@test
def both_stopped_keep_everything(b):
    stopped(b, ["edge", "master"])


# -- other settings of a <master> ---------------------------------------------------------------------

def kept(b, crowd, node, what, body, servers=()):
    node.reload(body=body)
    all_hear(crowd.ears, time.monotonic() + 1.0, what, servers=(node, *servers))


def crowd_at(b, node, count=5):
    crowd = Crowd(b)
    for _ in range(count):
        wait_for(lambda: listens(crowd, node), "it plays: " + node.log()[-1500:])
    all_hear(crowd.ears, time.monotonic(), "before")
    return crowd


@test
def no_element_of_a_linked_master_drops_a_listener(b):
    master = linked_master(b, 11, public(12))
    other = linked_master(b, 13, public(12))
    node = edge(b, 12, master)
    up(master, "edge12")
    feed(b, master)
    crowd = crowd_at(b, node)
    body = node.slots["body"]
    block = master_block(master, "edge12", 12)
    check(block in body, body)

    def changed(what, new):
        kept(b, crowd, node, what, body.replace(block, new), (master,))

    def with_more(lines):
        return block.replace("</master>", lines + "</master>")
    changed("retry-max", with_more("<retry-max>9</retry-max>"))
    check("the link has ended" not in node.log(), "for its retry-max the link is not made anew: " + node.log()[-600:])
    changed("interval", with_more("<interval>7</interval>"))
    changed("run-on", with_more("<run-on>70</run-on>"))
    changed("retry-delay", with_more("<retry-delay>3</retry-delay>"))
    changed("relay-auth", with_more("<relay-auth>1</relay-auth>"))
    changed("a second master", block + master_block(other, "edge12", 12))
    changed("the order of two", master_block(other, "edge12", 12) + block)
    changed("one of two removed", block)
    changed("its port is learnt", master_block(master, "edge12", 12, streams=False))
    changed("without bind", block.replace("<bind>127.0.0.12</bind>", ""))
    changed("another spelling", block.replace("<server>127.0.0.11</server>", "<server>::ffff:127.0.0.11</server>"))
    changed("as before", block)
    # The secret at both sides, the edge first; and one that is wrong, for longer than a lost master's streams are kept.
    changed("another secret here", master_block(master, "edge12", 12, secret="new"))
    master.reload(body=master.slots["body"].replace('secret="s-edge12"', 'secret="new"'))
    all_hear(crowd.ears, time.monotonic() + 1.0, "and there", servers=(node, master))
    wait_for(lambda: (node_at(master, "edge12") or {}).get("state") == "up", "it is linked: " + node.log()[-1500:], 20)
    changed("a wrong secret", master_block(master, "edge12", 12, secret="wrong"))
    time.sleep(11)
    all_hear(crowd.ears, time.monotonic(), "and 11 s later", servers=(node, master))
    kept(b, crowd, node, "tags", body.replace(block, master_block(master, "edge12", 12, secret="new")).replace(
        "</cluster>", "<tags>x,y</tags></cluster>"), (master,))
    # The same master by lists instead of its link, and back.
    by_list = ("<master><server>127.0.0.11</server><port>%d</port><username>edge12</username><password>new</password>"
               "<interval>1</interval><on-demand>1</on-demand></master>" % master.given_port)
    changed("by lists", by_list)
    changed("by lists, seldom", by_list.replace("<interval>1<", "<interval>9<"))
    changed("by lists, with another run-on", by_list.replace("</master>", "<run-on>60</run-on></master>"))
    changed("by lists, with a wrong password", by_list.replace(">new<", ">wrong<"))
    changed("linked again", master_block(master, "edge12", 12, secret="new"))


@test
def a_master_that_is_removed_lets_its_listeners_go_after_the_linger(b):
    master = linked_master(b, 11, public(12))
    node = edge(b, 12, master)
    up(master, "edge12")
    feed(b, master)
    crowd = crowd_at(b, node)
    begin = time.monotonic()
    node.reload(body=node.slots["body"].replace(master_block(master, "edge12", 12), ""))
    wait_for(lambda: (node_at(master, "edge12") or {"state": "gone"})["state"] != "up", "the master knows at once", 0.5)
    wait_for(lambda: all(ear.ended for ear in crowd.ears), "they are let go in the end", 20)
    check(min(ear.ended for ear in crowd.ears) - begin > 8, "not before the linger")
    wait_for(lambda: "/live.mp3" not in node.get("/admin/listmounts", ADMIN).text, "the mount has gone")


@test
def a_posting_node_that_loses_its_master_says_so_at_once(b):
    sites = Site(11), Site(12)
    master = start(b, sites[0], '<cluster><id>m1</id><balance hold="0"/><capacity self-weight="0"/><node id="e1" secret="s-e1" '
                   'allow-public="%s"/></cluster>' % sites[1].address)
    node = start(b, sites[1], slave_body(sites[0], "e1", sites[1], interval=60))
    up(master, "e1")
    without = re.sub("<master>.*</master>", "", node.slots["body"])
    node.reload(body=without)
    wait_for(lambda: (node_at(master, "e1") or {"state": "gone"})["state"] != "up",
             "it has left: %s" % cluster_json(master)["nodes"], 0.5)
