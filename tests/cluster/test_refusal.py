"""A node that cannot serve: it cannot pull, or its mount is full.  A listener that was promised a stream gets one."""
import asyncio
import collections
import os
import re
import socket
import threading
import time
import types

from bench import ADMIN, LISTENER, Failed, ask_and_close, check, cluster_json, equal, node_at, test, wait_for
from link_bench import edge, feed, linked_master

# REFUSAL_LISTENERS=1000 REFUSAL_SECONDS=60 for the goal: at most 5 for a reason need a second request.
LISTENERS = int(os.environ.get("REFUSAL_LISTENERS", "60"))
SECONDS = float(os.environ.get("REFUSAL_SECONDS", "3"))
MOUNTS = ("/a.mp3", "/b.mp3")


class Upstream:
    """The server at the address where an edge expects its master's streams; `answer` may be changed at any time."""

    def __init__(self, b, answer, backlog=64, listens=True, first=b""):
        self.answer, self.asked, self.held, self.first = answer, 0, [], first
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.11", 0))
        self.port = self.socket.getsockname()[1]
        if listens:
            self.socket.listen(backlog)
        b.owned(self)
        if answer is not None:
            threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                wire, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(wire,), daemon=True).start()

    def serve(self, wire):
        try:
            wire.settimeout(5)
            wire.sendall(self.first)
            head = b""
            while b"\r\n\r\n" not in head:
                data = wire.recv(4096)
                if not data:
                    return
                head += data
            path = head.split(b" ")[1].decode()
            self.asked += not path.startswith("/_lb/")
            if not self.answer(wire, path, head):
                wire.close()
            else:
                self.held.append(wire)
        except OSError:
            pass

    def close(self):
        # Wakes the accept() of the other thread; closing alone does not.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        for wire in self.held:
            wire.close()


def answers(status, more="", body=b"no"):
    """An answer function: the path is open, requests for mounts get this status."""
    def answer(wire, path, _):
        if path.startswith("/_lb/"):
            wire.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            wire.sendall(b"HTTP/1.0 %s\r\n%s\r\n" % (status.encode(), more.encode()) + body)
        return False
    return answer


def resets(wire, path, _):
    if path.startswith("/_lb/"):
        wire.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        return False
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return False


def stalls(wire, path, _):
    """Requests for mounts get no answer, all others do."""
    if path.startswith("/_lb/"):
        wire.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        return False
    return True


def full_backlog(b):
    """A port that neither accepts nor refuses connections, as behind a firewall that drops packets."""
    upstream = Upstream(b, None, backlog=0)
    for _ in range(8):
        waits = socket.socket()
        waits.setblocking(False)
        waits.connect_ex(("127.0.0.11", upstream.port))
        upstream.held.append(waits)
    time.sleep(0.05)
    with socket.socket() as probe:
        probe.settimeout(0.3)
        try:
            probe.connect(("127.0.0.11", upstream.port))
            raise Failed("the port with a full backlog takes connections")
        except TimeoutError:
            pass
    return upstream


def seen_from(master, port):
    """The master for an edge whose configuration has this port for its streams."""
    return types.SimpleNamespace(host=master.host, given_port=port, link_port=master.link_port, name=master.name)


class Heard:
    def __init__(self):
        self.play, self.ends, self.asked = 0, collections.Counter(), collections.Counter()

    def __str__(self):
        return "%d play, by requests %s, others %s" % (self.play, dict(self.asked), dict(self.ends))


async def listen(address, path, number, heard, over):
    """A player: follows redirects, and does not ask again when it is refused."""
    requests, host, port, mount = 0, address[0], address[1], path
    while True:
        requests += 1
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(host, port, local_addr=(LISTENER, 0)), 5)
            writer.write(("GET %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: Player%d/1\r\n\r\n" % (
                mount, host, port, number)).encode())
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode("latin-1")
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            heard.ends[type(error).__name__ + "@" + host] += 1
            return
        status = int(head.split(" ", 2)[1])
        if status == 302 and requests < 6:
            host, port, mount = re.search(r"\r\nLocation: http://([^:/]+):(\d+)(\S+)", head).groups()
            port = int(port)
            writer.close()
            continue
        if status != 200:
            heard.ends["%d@%s" % (status, host)] += 1
            writer.close()
            return
        try:
            await asyncio.wait_for(reader.readexactly(4000), 20)
            heard.play += 1
            heard.asked[requests] += 1
            await over.wait()
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
            heard.ends["no audio: %s@%s" % (type(error).__name__, host)] += 1
        writer.close()
        return


def crowd(master, listeners=None, seconds=None, mounts=MOUNTS, query=""):
    listeners, seconds, heard = listeners or LISTENERS, SECONDS if seconds is None else seconds, Heard()

    async def run():
        over, tasks = asyncio.Event(), []
        for i in range(listeners):
            tasks.append(asyncio.create_task(listen(master.address, mounts[i % len(mounts)] + query, i, heard, over)))
            await asyncio.sleep(seconds / listeners)
        deadline = time.monotonic() + 25
        while heard.play + sum(heard.ends.values()) < listeners and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        over.set()
        await asyncio.gather(*tasks)

    asyncio.run(run())
    return heard


def all_play(heard, more=5):
    """Each needs two requests: the master's, and the node's."""
    equal(dict(heard.ends), {}, "those who hear nothing (%s)" % heard)
    sent_back = sum(count for requests, count in heard.asked.items() if requests > 2)
    check(sent_back <= more, "%d listeners were sent back: %s" % (sent_back, heard))
    if "REFUSAL_LISTENERS" in os.environ:
        print("MEASURED %s" % heard, flush=True)


def three_edges(b, upstream, more="", keys="", tls=False):
    """e12 and e13 are healthy; e14 has another address for its master's streams."""
    ids = {"edge%d" % n: "" for n in (12, 13, 14)}
    master = linked_master(b, 11, ids, body_more=more, more=keys)
    edges = [edge(b, n, master, more=keys) for n in (12, 13)]
    for mount in MOUNTS:
        feed(b, master, mount)
    seen = seen_from(master, upstream)
    last = edge(b, 14, seen, more=keys, start=False)
    if tls:
        last.write_config(body=last.slots["body"].replace("<port>%d</port>" % upstream, "<ssl-port>%d</ssl-port>" % upstream))
    edges.append(last.start())
    wait_for(lambda: all((node_at(master, n) or {}).get("state") in ("up", "suspect") for n in ids),
             "all nodes are there: " + master.log()[-1500:])
    wait_for(lambda: all((node_at(master, n) or {}).get("state") == "up" for n in ("edge12", "edge13")), "two are up")
    return master, edges


KEYS = "<token keys=\"secret-of-the-cluster\"/>"


def explained(master, node, mount="/a.mp3"):
    found = master.get("/admin/cluster/explain?mount=" + mount, ADMIN).json()["draw"]
    return [row for row in found if row["node"] == node][0]


def suspect_and_never_chosen(b, port, why, tls=False):
    master, edges = three_edges(b, port, tls=tls)
    wait_for(lambda: node_at(master, "edge14")["state"] == "suspect", "edge14 is suspect: " + master.log()[-1500:])
    all_play(crowd(master), more=0)
    row = node_at(master, "edge14")
    equal((row["state"], row["cannot_pull"], row["issued"]), ("suspect", why, 0), "edge14 at the master")
    equal(explained(master, "edge14")["out"], "cannot-pull", "why it is not chosen")
    check("it cannot pull streams" in row["why"], "why: %r" % row["why"])
    # Once, and not with every report.
    equal(len(re.findall("node edge14 is suspect", master.log())), 1, "lines about it")
    return master, edges


@test
def a_refused_port_is_known_before_the_first_listener(b):
    closed = Upstream(b, None, listens=False)
    suspect_and_never_chosen(b, closed.port, "refused")


@test
def a_port_that_a_firewall_drops_is_known_before_the_first_listener(b):
    suspect_and_never_chosen(b, full_backlog(b).port, "timeout")


@test
def a_port_that_accepts_and_never_answers_is_known_before_the_first_listener(b):
    suspect_and_never_chosen(b, Upstream(b, lambda *_: True).port, "timeout")


@test
def a_port_that_closes_every_connection_is_known_before_the_first_listener(b):
    suspect_and_never_chosen(b, Upstream(b, lambda *_: False).port, "closed")


@test
def tls_that_fails_is_known_before_the_first_listener(b):
    """The streams are pulled by TLS from a server without TLS."""
    plain = Upstream(b, answers("200 OK"), first=b"220 This is no TLS\r\n")
    suspect_and_never_chosen(b, plain.port, "tls", tls=True)


def after_a_few(b, answer, why, keys=""):
    upstream = Upstream(b, answer)
    master, edges = three_edges(b, upstream.port, keys=keys)
    heard = crowd(master)
    all_play(heard)
    row = node_at(master, "edge14")
    check(row["issued"] <= 5, "%d were sent to the node that cannot pull" % row["issued"])
    for mount in MOUNTS:
        if upstream.asked and row["cannot_pull"]:
            equal(explained(master, "edge14", mount)["out"], "cannot-pull", "why it is not chosen for " + mount)
    check(upstream.asked > 0, "edge14 has been asked")
    equal((row["state"], row["cannot_pull"]), ("suspect", why), "edge14 at the master")
    return master, edges, upstream


@test
def an_upstream_that_answers_401(b):
    after_a_few(b, answers("401 Unauthorized"), "denied")


@test
def an_upstream_that_answers_404(b):
    after_a_few(b, answers("404 Not Found"), "not-found", keys=KEYS)


@test
def an_upstream_that_answers_500(b):
    after_a_few(b, answers("500 Broken"), "status")


@test
def an_upstream_that_answers_with_a_page(b):
    after_a_few(b, answers("200 OK", "Content-Type: text/html\r\n", b"<p>hotel</p>"), "no-stream")


@test
def an_upstream_that_resets(b):
    after_a_few(b, resets, "closed", keys=KEYS)


@test
def an_upstream_whose_mounts_never_answer_keeps_nobody_waiting(b):
    master, edges, _ = after_a_few_slow(b)
    equal(node_at(master, "edge14")["state"], "suspect", "edge14 at the master")


def after_a_few_slow(b):
    upstream = Upstream(b, stalls)
    master, edges = three_edges(b, upstream.port)
    begin = time.monotonic()
    heard = crowd(master, listeners=12, seconds=1.5)
    equal(dict(heard.ends), {}, "those who hear nothing (%s)" % heard)
    check(time.monotonic() - begin < 6, "it took %.1f s" % (time.monotonic() - begin))
    # Known by now: no one else goes there.
    all_play(crowd(master, listeners=12, seconds=0.5), more=0)
    return master, edges, upstream


@test
def a_node_finds_out_by_itself_that_it_can_pull_again(b):
    upstream = Upstream(b, answers("404 Not Found"))
    master, edges = three_edges(b, upstream.port)
    all_play(crowd(master, seconds=1))
    equal(node_at(master, "edge14")["state"], "suspect", "edge14 at the master")
    heads = b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"

    def mends(wire, path, _):
        wire.sendall(heads)
        return True
    upstream.answer = mends
    asked = upstream.asked
    # No one listens there, and no one is sent there to find out.
    wait_for(lambda: node_at(master, "edge14")["state"] == "up", "edge14 is well: " + edges[2].log()[-1500:], 15)
    check(upstream.asked > asked, "it has asked for the mounts")
    # Each mount rests by itself, up to retry-delay (10 s) and a quarter; one row may name both, in any order.
    wait_for(lambda: re.search(r"node edge14 says no more that it cannot pull (\S+, )?/a\.mp3", master.log()),
             "/a.mp3 can be pulled", 15)
    equal(explained(master, "edge14")["out"] == "cannot-pull", False, "it is a candidate again")


@test
def a_port_that_is_opened_is_used_again(b):
    closed = Upstream(b, None, listens=False)
    master, edges = suspect_and_never_chosen(b, closed.port, "refused")
    closed.socket.listen(64)
    closed.answer = answers("200 OK", "Content-Type: audio/mpeg\r\n")
    threading.Thread(target=closed.run, daemon=True).start()
    wait_for(lambda: node_at(master, "edge14")["state"] == "up", "edge14 is well", 15)


@test
def the_only_edge_cannot_pull_and_its_master_serves(b):
    upstream = Upstream(b, answers("500 Broken"))
    master = linked_master(b, 11, {"edge14": ""})
    feed(b, master, "/a.mp3")
    feed(b, master, "/b.mp3")
    edge(b, 14, seen_from(master, upstream.port))
    wait_for(lambda: (node_at(master, "edge14") or {}).get("state") == "up", "it is up")
    all_play(crowd(master))
    check(node_at(master, "edge14")["issued"] <= 5, "sent there: %r" % node_at(master, "edge14"))


@test
def who_comes_to_the_node_itself_is_sent_to_the_master_that_has_the_mount(b):
    closed = Upstream(b, None, listens=False)
    master, edges = three_edges(b, closed.port)
    reply = ask_and_close(edges[2], "/a.mp3")
    equal(reply.status, 302, "status")
    check(reply.get("Location").startswith("http://%s:%d/a.mp3?lb=" % (master.host, master.given_port)),
          "where to: %r" % reply.get("Location"))
    equal(ask_and_close(edges[2], "/nothing.mp3").status, 404, "of what no one has")
    # It is not sent back to the one that has sent it.
    path = reply.get("Location").split(":%d" % master.given_port)[1]
    for _ in range(10):
        again = ask_and_close(master, path)
        equal(again.status, 302, "status at the master")
        check("127.0.0.14" not in again.get("Location"), "where to: %r" % again.get("Location"))


@test
def nobody_is_sent_back_twice(b):
    closed = Upstream(b, None, listens=False)
    master, edges = three_edges(b, closed.port, keys=KEYS)
    first = ask_and_close(edges[2], "/a.mp3")
    path = first.get("Location").split(":%d" % master.given_port)[1]
    again = ask_and_close(master, path)
    equal(again.status, 302, "status at the master")
    token = again.get("Location").split("lb=")[1]
    # The token is for another node, so this one asks its master, and no token says that it may not.
    check(len(token) == 27, "a token: %r" % token)
    # The edge that is well serves a listener who comes with it.
    host = re.match("http://([^:]+)", again.get("Location")).group(1)
    node = [each for each in edges if each.host == host][0]
    with_token = node.listener("/a.mp3?lb=" + token, source_address=LISTENER)
    check(len(with_token.read(4000)) == 4000, "audio comes")


@test
def a_full_mount_gets_nobody_while_another_has_room(b):
    """The master has 100 places, e12 5, e13 60: all of 40 listeners play."""
    limit = "<mount><mount-name>/a.mp3</mount-name><max-listeners>%d</max-listeners></mount>"
    master = linked_master(b, 11, {"edge12": "", "edge13": ""}, body_more=limit % 100)
    for number, most in ((12, 5), (13, 60)):
        edge(b, number, master, body=limit % most)
    feed(b, master, "/a.mp3")
    wait_for(lambda: all((node_at(master, n) or {}).get("state") == "up" for n in ("edge12", "edge13")), "both are up")
    heard = crowd(master, listeners=40, seconds=2, mounts=("/a.mp3",))
    all_play(heard, more=2)
    rows = {row["id"]: row for row in cluster_json(master)["nodes"]}
    check(rows["edge12"]["issued"] <= 7, "%d were sent to the one with 5 places" % rows["edge12"]["issued"])


@test
def a_node_pulls_what_is_full_for_listeners(b):
    """The limits of a mount, and of the whole master: those who found no place there hear it at the node."""
    limit = "<mount><mount-name>/a.mp3</mount-name><max-listeners>%d</max-listeners></mount>"
    for number, body, limits in ((11, limit % 2, ""), (13, "", "<max-listeners>2</max-listeners>")):
        name = "edge%d" % (number + 1)
        master = linked_master(b, number, {name: ""}, body_more=body, limits=limits)
        feed(b, master, "/a.mp3")
        kept = [master.listener("/a.mp3", source_address=LISTENER) for _ in range(2)]
        node = edge(b, number + 1, master, body=limit % 10)
        wait_for(lambda: (node_at(master, name) or {}).get("state") == "up", "it is up")
        reply = ask_and_close(master, "/a.mp3")
        equal(reply.status, 302, "status at the master")
        check(len(node.listener("/a.mp3", source_address=LISTENER).read(4000)) == 4000, "its listener hears it")
        equal(len(kept), 2, "listeners")


@test
def what_a_mounts_bandwidth_lets_in_is_announced(b):
    """The limit of a mount in Icecast-KH's form: the number of places is not known before the bitrate is."""
    limit = "<mount><mount-name>/a.mp3</mount-name><max-bandwidth>%d</max-bandwidth></mount>"
    master = linked_master(b, 11, {"edge12": ""}, body_more=limit % 100_000_000)
    node = edge(b, 12, master, body=limit % 2_500_000)
    feed(b, master, "/a.mp3")
    wait_for(lambda: (node_at(master, "edge12") or {}).get("state") == "up", "it is up")
    kept = [node.listener("/a.mp3", source_address=LISTENER)]

    def full():
        try:
            kept.append(node.listener("/a.mp3", source_address=LISTENER))
        except Failed:
            pass
        return explained(master, "edge12")["out"] == "full"
    wait_for(full, "the master knows that nobody more fits: %r" % explained(master, "edge12"), 10)
    check(1 < len(kept) < 20, "%d fit" % len(kept))


@test
def where_every_mount_is_full_the_answer_says_when_to_come_again(b):
    limit = "<mount><mount-name>/a.mp3</mount-name><max-listeners>3</max-listeners></mount>"
    master = linked_master(b, 11, {"edge12": ""}, body_more=limit)
    node = edge(b, 12, master, body=limit)
    feed(b, master, "/a.mp3")
    wait_for(lambda: (node_at(master, "edge12") or {}).get("state") == "up", "it is up")
    kept = [node.listener("/a.mp3", source_address=LISTENER) for _ in range(3)]
    wait_for(lambda: explained(master, "edge12")["out"] == "full", "the master knows: %r" % explained(master, "edge12"))
    kept += [master.listener("/a.mp3", source_address=LISTENER) for _ in range(3 - 1)]  # the relay has a place
    # Who comes to the node goes back to the master, once, and is told there when to come again.
    reply = ask_and_close(node, "/a.mp3")
    equal(reply.status, 302, "status at the node")
    path = reply.get("Location").split(":%d" % master.given_port)[1]
    reply = ask_and_close(master, path)
    equal(reply.status, 503, "status at the master")
    check(re.match(r"\d+$", reply.get("Retry-After") or ""), "it says when to come again")
    equal(len(kept), 5, "listeners")


@test
def an_arrival_counts_when_the_stream_begins(b):
    """A listener at a node that does not serve it has not arrived there."""
    upstream = Upstream(b, answers("404 Not Found"))
    ids = {"edge14": ""}
    master = linked_master(b, 11, ids, more=KEYS)
    feed(b, master, "/a.mp3")
    node = edge(b, 14, seen_from(master, upstream.port), more=KEYS)
    wait_for(lambda: (node_at(master, "edge14") or {}).get("state") == "up", "it is up")
    reply = ask_and_close(master, "/a.mp3")
    equal(reply.status, 302, "status at the master")
    back = ask_and_close(node, reply.get("Location").split(":%d" % node.given_port)[1])
    equal(back.status, 302, "status at the node")
    wait_for(lambda: node_at(master, "edge14")["cannot_pull"], "it says so")
    row = node_at(master, "edge14")
    equal((row["issued"], row["arrived"]), (1, 0), "sent there, and arrived")
    upstream.answer = None
