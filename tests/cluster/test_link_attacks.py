"""Attacks of a stranger, a thief of one secret, or a broken node on a master over the link: none succeeds."""
import json
import re
import socket

from bench import check, equal, node_at, test, wait_for
from http_backend import HttpBackend, send
from link_bench import RawNode, edge, feed, first_line, linked_master, master_with_a_victim, node, plays, public, unharmed, up

@test
def every_wrong_frame_ends_the_link_with_a_reason(b):
    master, victim = master_with_a_victim(b)
    big = "x" * 70000
    wrong = [
        ("GET / HTTP/1.0\r\n\r\n", "not understood: JSON"),
        ('{"t":"LOAD","seq":2', None),                                     # cut off: silence ends it
        ("\x00\x01\x02\xff\n", "not understood: JSON"),
        ("[" * 1000 + "\n", "nested deeper"),
        ('{"t":"LOAD","x":"' + big + '"}\n', "more than 65535 bytes"),
        (big, "more than 65535 bytes"),
        ('{"t":"HELLO","id":"edge66","epoch":"e9"}\n', "said HELLO twice"),
        ('{"t":"WELCOME","id":"edge66","epoch":"e9"}\n', "only a master may"),
        ('{"t":"ACK","seq":2}\n', "only a master may"),
        ('{"t":"CMD","id":1,"do":"kick","m":"/live.mp3"}\n', "only a master may"),
        ('{"t":"DELTA","seq":2,"del":["/live.mp3"]}\n', "only a master may"),
        ('{"t":"SNAP","seq":2}\n', "second SNAP"),
        ('{"t":"LOAD","seq":2,"at":1,"lis":-1,"kbps":0}\n', "lis is not a whole number"),
        ('{"t":"LOAD","seq":2,"at":1,"lis":1e9,"kbps":0}\n', "lis is not a whole number"),
        ('{"t":"LOAD","seq":2,"at":1,"lis":99999999,"kbps":0}\n', "the most is 10000000"),
        ('{"t":"LOAD","seq":2,"at":1,"lis":0,"kbps":1e300}\n', "kbps is out of range"),
        ('{"t":"LOAD","seq":2,"at":1,"lis":0,"kbps":0,"c":[["/a\\r\\nX: y",1]]}\n', "not a mount"),
        ('{"t":"LOAD","seq":2,"at":1,"lis":0,"kbps":0,"c":[["/admin/x",1]]}\n', "not a mount"),
        ('{"t":"LOAD","seq":2,"at":9,"lis":0,"kbps":0}\n{"t":"LOAD","seq":3,"at":8,"lis":0,"kbps":0}\n', "goes backward"),
        ('{"t":"LOAD","seq":2,"at":9,"lis":0,"kbps":0}\n{"t":"LOAD","seq":2,"at":9,"lis":0,"kbps":0}\n', "3 comes next"),
        ('{"t":"LOAD","seq":7,"at":9,"lis":0,"kbps":0}\n', "2 comes next"),
        ('{"t":"MSG","topic":"x","from":"edge12","id":"1","b":""}\n', "in the name of edge12"),
        ('{"t":"MSG","topic":"x","from":"edge66","id":"1","b":"%s"}\n' % ("A" * 8000), "the most is 4096"),
        ('{"t":"DRAIN","mode":"all"}\n', "not one of off, soft, move, hard"),
        ('{"t":"WHO","m":"/../../etc/passwd.xsl"}\n', "not a mount"),
        ('{"t":"RES","id":1}\n', "ok is missing"),
        ('{"t":"SEAT","rows":[{"m":"/live.mp3","u":"7a","n":1,"do":"ask","most":0,"drop":true}]}\n', "most is 0"),
        ('{"t":"WHO","m":"/live.mp3"}\n' * 2000, "frames in a second"),
    ]
    for i, (bytes_, reason) in enumerate(wrong):
        node = RawNode(b, master, "edge66")
        equal(node.hello(epoch="e%d" % i)["t"], "WELCOME", "the answer to hello")
        seen = len(re.findall("node edge66 .*the link has ended", master.log()))
        node.send(bytes_)
        node.expect_end()
        node.close()
        wait_for(lambda: len(re.findall("node edge66 .*the link has ended", master.log())) > seen, "the end is logged")
        last = re.findall("node edge66 .*the link has ended: (.*)", master.log())[-1]
        check((reason or "silent for") in last, "%r ended with %r" % (bytes_[:60], last))
        check("\x00" not in master.log() and "\r" not in master.log(), "the log is clean")
        wait_for(lambda: node_at(master, "edge66")["state"] == "dead", "it is dead")
    unharmed(master, victim)


@test
def a_hello_cannot_lie(b):
    master, victim = master_with_a_victim(b)
    lies = [
        (dict(id="edge12"), "has logged in as edge66"),
        (dict(id="edge66\r\nX"), "id "),
        (dict(proto=[2, 0]), "speaks version 2"),
        (dict(pub={"http": ["user:pw@evil:80"]}), "pub.http"),
        (dict(pub={"http": ["evil:80\r\nSet-Cookie: x"]}), "pub.http"),
        (dict(cap={"lis": -5}), "cap.lis"),
        (dict(tags=["x"] * 1000), "tags has 1000 elements"),
    ]
    for i, (more, reason) in enumerate(lies):
        # Five failures would shut the door to one address.
        node = RawNode(b, master, "edge66", source="127.0.1.%d" % (i + 1))
        frame = dict(t="HELLO", id="edge66", epoch="x%d" % i)
        frame.update(more)
        node.say(**frame)
        node.expect_end()
        wait_for(lambda: reason in master.log(), "%r is logged: %s" % (reason, master.log()[-600:]))
    equal(node_at(master, "edge66"), None, "the row of the liar")
    node = RawNode(b, master, "edge66", source="127.0.2.1")
    equal(node.hello(pub={"http": ["127.0.0.12:%d" % victim.given_port, "evil.example:80"]},
                     cap={"lis": 10 ** 7, "kbps": 1e9})["t"], "WELCOME", "an address of others")
    node.keep_alive()
    up(master, "edge66")
    equal(node_at(master, "edge66")["addresses"], [], "addresses that are used")
    for _ in range(20):
        where = first_line(master.address, "/live.mp3")[1]
        equal(where, "127.0.0.12:%d" % victim.given_port, "where listeners go")
    unharmed(master, victim)


@test
def an_address_where_somebody_else_answers_is_not_used(b):
    """The configuration allows the node this address, but it belongs to another server."""
    other = node(b, 14, "")
    allowed = 'allow-public="127.0.0.14:%d"' % other.given_port
    master = linked_master(b, 11, {"edge12": allowed, "edge13": ""})
    honest = edge(b, 13, master)
    feed(b, master)
    edge(b, 12, master, public=False,
                more="<public-address>127.0.0.14:%d</public-address>" % other.given_port)
    master.wait_for_log("node edge12 .*no listener is sent to http://127.0.0.14:%d: another server answers" % other.given_port)
    equal(node_at(master, "edge12")["addresses"], [], "addresses that are used")
    equal(first_line(master.address, "/live.mp3")[1], "127.0.0.13:%d" % honest.given_port, "where listeners go")
    # Nobody can make it answer: neither without having announced the question, nor with it later.
    equal(honest.get("/_lb/proof?ask=00").status, 404, "a question that nobody announced")
    check("cannot be tried" not in master.log() and "edge13 .*no listener" not in master.log(), "the honest one is used")


@test
def a_process_does_not_answer_for_the_one_before_it(b):
    """A node ends while its address is tried, and starts again: the new process does not know the question."""
    known, asked = {}, []

    def answer(handler):
        ask = handler.path.partition("?ask=")[2]
        asked.append(ask)
        send(handler, 200 if ask in known else 404, known.get(ask, "").encode())

    door = b.owned(HttpBackend({"GET": answer}))
    address = "127.0.0.1:%d" % door.port
    master = linked_master(b, 11, {"edge12": 'allow-public="%s"' % address})
    before = RawNode(b, master, "edge12")
    before.hello(epoch="e1", pub={"http": [address]})
    forgotten = before.frame("PROVE")["ask"]
    wait_for(lambda: forgotten in asked, "the address is tried")
    before.say(t="BYE", why="restart", code=0)
    before.expect_end()
    after = RawNode(b, master, "edge12")
    after.hello(epoch="e2", pub={"http": [address]})
    proof = after.frame("PROVE")
    known[proof["ask"]] = proof["say"]
    after.keep_alive()
    wait_for(lambda: asked.count(forgotten) == 2, "the first process is asked for once more")
    wait_for(lambda: proof["ask"] in asked, "the second process is asked for")
    up(master, "edge12")
    equal(node_at(master, "edge12")["addresses"], ["http://" + address], "addresses that are used")


@test
def a_stranger_gets_no_further_than_the_handshake(b):
    master, victim = master_with_a_victim(b)
    with socket.create_connection((master.host, master.link_port)) as wire:  # no TLS at all
        wire.settimeout(5)
        wire.sendall(RawNode.UPGRADE.encode())
        heard = b""
        try:
            while True:
                data = wire.recv(4096)
                if not data:
                    break
                heard += data
        except OSError:
            pass
        check(b"HTTP" not in heard and b"lbedge" not in heard, "what a stranger hears: %r" % heard)
    for name, secret in (("edge66", "wrong"), ("nobody", "s-nobody"), ("", ""), ("edge66", "s-edge12")):
        node = RawNode(b, master, name, secret, upgrade=False, source="127.0.3.1")
        node.send(RawNode.UPGRADE)
        equal(node.take_until(b"\r\n\r\n"), None, "the answer to %s" % name)
    unharmed(master, victim)


@test
def five_failures_shut_the_door_for_that_address_only(b):
    master, victim = master_with_a_victim(b)
    for _ in range(5):
        node = RawNode(b, master, "edge66", "wrong", upgrade=False, source="127.0.4.1")
        equal(node.take_until(b"\n"), None, "the end")
    master.wait_for_log("127.0.4.1.* failed 5 times within a minute and is refused")
    node = RawNode(b, master, "edge66", upgrade=False, source="127.0.4.1")
    node.send(RawNode.UPGRADE)
    equal(node.take_until(b"\r\n\r\n"), None, "with the right secret from there")
    node = RawNode(b, master, "edge66", source="127.0.4.2")
    equal(node.hello()["t"], "WELCOME", "with the right secret from elsewhere")
    unharmed(master, victim)


@test
def the_cluster_port_serves_nothing_else(b):
    master, victim = master_with_a_victim(b)
    for head in ("GET /admin/stats HTTP/1.1\r\n\r\n", "GET /live.mp3 HTTP/1.0\r\n\r\n", "SOURCE /x.mp3 HTTP/1.0\r\n\r\n",
                 "GET /admin/cluster HTTP/1.1\r\n\r\n"):
        node = RawNode(b, master, "edge66", upgrade=False, source="127.0.5.1")
        node.send(head)
        answer = node.take_until(b"\r\n\r\n")
        check(answer.startswith(b"HTTP/1.1 426 "), "the answer to %r is %r" % (head, answer))
    unharmed(master, victim)


@test
def idle_connections_keep_no_node_out(b):
    master = linked_master(b, 11, public(12))
    idle = [socket.create_connection((master.host, master.link_port)) for _ in range(400)]
    node = edge(b, 12, master)
    up(master, "edge12")
    for wire in idle:
        wire.close()
    plays_something(b, master, node)


def plays_something(b, master, node):
    feed(b, master)
    plays(node)


@test
def a_node_that_lies_about_its_mounts_costs_bounded_memory(b):
    master, victim = master_with_a_victim(b)

    def resident():
        return int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % master.process.pid).read()).group(1))
    before = resident()
    # Made before the link is: a node that is silent for a second has none.
    lies = "".join(json.dumps({"t": "SNAP", "seq": i + 1, "more": True, "carried": [["/%d-%d-%s" % (i, j, "x" * 40), 1] for j in range(900)]}) + "\n"
                   for i in range(40))
    node = RawNode(b, master, "edge66")
    node.say(t="HELLO", id="edge66", epoch="e1")
    equal(node.frame()["t"], "WELCOME", "answer")
    node.send(lies)
    node.expect_end()
    master.wait_for_log("more than 20000 mounts")
    check(resident() - before < 64 * 1024, "it grew by %d kB" % (resident() - before))
    unharmed(master, victim)


@test
def a_master_that_is_not_ours_is_not_believed(b):
    """A stranger listens at the master's address: it gets no secret and redirects no listener."""
    with socket.create_server(("127.0.0.11", 0)) as door:
        class Fake:
            host, link_port, given_port = "127.0.0.11", door.getsockname()[1], 1
        node = edge(b, 12, Fake)
        door.settimeout(5)
        wire, _ = door.accept()
        wire.settimeout(5)
        heard = wire.recv(4096)
        check(heard[:1] == b"\x16", "a handshake comes first: %r" % heard[:20])
        check(b"s-edge12" not in heard, "the secret is not in it")
        wire.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: lbedge-cluster/1\r\n\r\n")
        node.wait_for_log(r"cannot be reached \(TLS: ")
        wire.close()
