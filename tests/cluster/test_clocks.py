"""Nodes whose wall clock differs from their master's: tokens are judged by the master's clock, and the difference is
logged."""
import glob
import re
import signal
import time

from api import STORE, Api
from bench import LISTENER, Cluster, Failed, ask_and_close, check, equal, node_at, target_of, test, wait_for, wait_until_up
from link_bench import edge, feed, link_port, linked_master, node
from token_bench import token

KEYS = '<token keys="second first"%s/>'


def clock_ahead(ahead):
    """Fakes only the wall clock; waits and measurements are not affected.  Not for root: its semaphore would belong to
    root."""
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not libraries:
        raise Failed("libfaketime is not here: tools/install-packages test")
    return ("env", "LD_PRELOAD=" + libraries[0], "FAKETIME=%+ds" % ahead, "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "FAKETIME_DISABLE_SHM=1")


def set_clock_of(master, name, ahead):
    """Waits until the master has measured the clock of this node."""
    def is_so():
        skew = node_at(master, name)["clock_skew_ms"]
        return skew is not None and abs(skew - 1000 * ahead) < 1500
    wait_for(is_so, "clock_skew_ms is about %d" % (1000 * ahead))


def lets_in_the_same_tokens(master, server, name):
    for i in range(12):
        answer = ask_and_close(master, agent="Clock-%s-%d/1" % (name, i))
        location = answer.get("Location")
        check(location, "redirect %d: %d %s %s" % (i, answer.status, master.log()[-1500:], server.log()[-1500:]))
        equal(ask_and_close(server, "/live.mp3?" + location.split("?")[1]).status, 200, "redirect %d" % i)
    for lifetime, status in ((60, 200), (1, 200), (-3, 200), (-8, 403), (-3000, 403), (63, 200), (70, 403), (3600, 403)):
        made = token(name, "/live.mp3", lifetime=lifetime, master=MASTER_BYTE[0])
        equal(ask_and_close(server, "/live.mp3?lb=" + made).status, status, "a token that ends in %d s" % lifetime)
    equal(ask_and_close(server).status, 403, "without one")


MASTER_BYTE = [0]


def learn_master_byte(location):
    import base64
    MASTER_BYTE[0] = base64.urlsafe_b64decode(location.split("lb=")[1] + "=")[7]


@test
def a_linked_node_goes_by_the_clock_of_its_master(b):
    clocks = {"e1": 70, "e2": 3600, "e3": -3600}
    ports = {name: link_port() for name in clocks}
    rows = {name: 'allow-public="127.0.0.%d:%d"' % (12 + i, ports[name]) for i, name in enumerate(clocks)}
    master = linked_master(b, 11, rows, name="m1", more=KEYS % "")
    source = master.source("/live.mp3")
    source.play(200)
    for i, (name, ahead) in enumerate(clocks.items()):
        body = ("<master><server>127.0.0.11</server><cluster-port>%d</cluster-port><username>%s</username><password>s-%s"
                "</password></master><master-public-slave>1</master-public-slave><relays-on-demand>1</relays-on-demand><cluster><id>%s</id>"
                "<public-address>127.0.0.%d:%d</public-address>%s</cluster>"
                % (master.link_port, name, name, name, 12 + i, ports[name], KEYS % ' require="hard"'))
        edge = node(b, 12 + i, body, port=ports[name], start=False)
        edge.start(as_its_user=clock_ahead(ahead))
        wait_until_up(master, name)
        set_clock_of(master, name, ahead)
        size = r"\d+\.\d s"
        master.wait_for_log(r"node %s .*: its clock is %s %s ours; it checks our redirects by our clock"
                            % (name, size, "ahead of" if ahead > 0 else "behind"))
        edge.wait_for_log(r"master m1 .*: its clock is %s %s ours; its redirects are checked by its clock"
                          % (size, "behind" if ahead > 0 else "ahead of"))
        location = ask_and_close(master, agent="First-%s/1" % name).get("Location")
        equal(target_of(ask_and_close(master, agent="Second-%s/1" % name)), "127.0.0.%d:%d" % (12 + i, ports[name]), "the only node")
        learn_master_byte(location)
        source.play(20)
        lets_in_the_same_tokens(master, edge, name)
        equal(len(re.findall("its clock is", edge.log())), 1, "lines about clocks at %s" % name)
        edge.stop()


@test
def a_posting_node_goes_by_the_clock_of_its_master(b):
    c = Cluster(b, {"e1": ""}, master=KEYS % "", slave=KEYS % ' require="hard"')
    c["e1"].stop()
    c["e1"].start(as_its_user=clock_ahead(-3600))
    wait_until_up(c.master, "e1")
    set_clock_of(c.master, "e1", -3600)
    c.master.wait_for_log(r"node e1: its clock is \d+\.\d s behind ours; it checks our redirects by our clock")
    c["e1"].wait_for_log(r"its clock is \d+\.\d s ahead of ours; its redirects are checked by its clock")
    location = ask_and_close(c.master).get("Location")
    learn_master_byte(location)
    for lifetime, status in ((60, 200), (1, 200), (-9, 403), (-3000, 403), (72, 403)):
        made = token("e1", "/live.mp3", lifetime=lifetime, master=MASTER_BYTE[0])
        equal(ask_and_close(c["e1"], "/live.mp3?lb=" + made).status, status, "a token that ends in %d s" % lifetime)


@test
def a_ban_with_an_end_is_over_by_the_clock_of_the_master(b):
    clocks = {"e1": 3600, "e2": -3600}
    ports = {name: link_port() for name in clocks}
    rows = {name: 'allow-public="127.0.0.%d:%d"' % (12 + i, ports[name]) for i, name in enumerate(clocks)}
    master = linked_master(b, 11, rows, start=False, name="m1")
    (master.dir / "state").mkdir()
    master.write_config(body=STORE % {"dir": master.dir} + "<console/>" + master.slots["body"],
                        paths="<state-dir>%s/state</state-dir>" % master.dir)
    master.start()
    feed(b, master)
    edges = []
    for i, (name, ahead) in enumerate(clocks.items()):
        body = ("<master><server>127.0.0.11</server><cluster-port>%d</cluster-port><username>%s</username><password>s-%s"
                "</password></master><master-public-slave>1</master-public-slave><cluster><id>%s</id>"
                "<public-address>127.0.0.%d:%d</public-address></cluster>"
                % (master.link_port, name, name, name, 12 + i, ports[name]))
        edges.append(node(b, 12 + i, body, port=ports[name], start=False))
        edges[-1].start(as_its_user=clock_ahead(ahead))
        wait_until_up(master, name)
        set_clock_of(master, name, ahead)

    def answers():
        return [ask_and_close(edge).status for edge in edges]
    equal(answers(), [200, 200])
    until = int(time.time()) + 8
    Api(master).want(201, "POST", "/bans", {"match": {"address": LISTENER}, "mounts": ["/live.mp3"], "until": until})
    wait_for(lambda: answers() == [403, 403], "both refuse it", 3)
    check(time.time() < until, "that took too long")
    wait_for(lambda: answers() == [200, 200], "both let it in again", 15)
    check(time.time() >= until - 1, "while it was banned")


@test
def a_stopped_master_does_not_blame_the_clocks_of_its_nodes(b):
    """What they have sent meanwhile lies in its sockets, and is read afterwards."""
    master = linked_master(b, 11, ["edge12"], name="m1")
    edge(b, 12, master, public=False)
    wait_until_up(master, "edge12")
    set_clock_of(master, "edge12", 0)
    master.send_signal(signal.SIGSTOP)
    time.sleep(9)
    master.send_signal(signal.SIGCONT)
    wait_until_up(master, "edge12")
    set_clock_of(master, "edge12", 0)
    check("its clock" not in master.log(), master.log()[-1500:])
