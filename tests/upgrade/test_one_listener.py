"""One listener at an edge, through all orders of an operator to the servers on its stream's way; every byte once."""
import os
import random
import signal

from bench import check, equal, test, wait_for
from encoders import Ear
from harness import listen_socket
from link_bench import edge, link_port, linked_master, public, up
from media import mp3_frame, mp3_numbers
from recorder import check_consecutive
from replacing import taken, upgrade
from tls_bench import certificate, tls

FULL = os.environ.get("LB_FULL")
# How often: the master replaced, the edge replaced, read again, another certificate, another encoder.
TIMES = {"master": 25 if FULL else 2, "edge": 25 if FULL else 2, "reload": 20 if FULL else 2, "certificate": 20 if FULL else 2,
         "takeover": 10 if FULL else 3}
LIMITS = "<clients>5000</clients><source-timeout>120</source-timeout>"
MOUNT = "<mount><mount-name>/live.mp3</mount-name><linger-for>60</linger-for></mount>"


class Stream:
    """The stream of several encoders in turn: each continues with the next frame, with or without TLS."""

    def __init__(self, server):
        self.server, self.number, self.source = server, 0, None

    def play(self, frames=20):
        self.source.send(b"".join(mp3_frame("S", self.number + n) for n in range(frames)))
        self.number += frames

    def takeover(self):
        if self.source:
            ends = self.server.log().count("source_shutdown")
            self.source.leave()
            # Over TLS behind an upgrade its end comes by way of the process before; the next encoder does not.
            wait_for(lambda: self.server.log().count("source_shutdown") > ends, "the encoder's end is seen")
        secure = self.number % 2
        self.source = self.server.source(port=self.server.tls_port if secure else None, wrap=tls() if secure else None)
        self.play(21)


def with_tls(server):
    server.tls_port = link_port()
    certificate(server.dir, "radio.test")
    sockets = listen_socket(server.given_port) + listen_socket(server.tls_port, "<ssl>1</ssl>")
    server.write_config(sockets=sockets.replace("127.0.0.1", server.host), paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    return server.start()


@test
def it_hears_every_byte_once_through_all_of_it(b):
    master = with_tls(linked_master(b, 11, public(12), limits=LIMITS, body_more=MOUNT, start=False))
    node = with_tls(edge(b, 12, master, limits=LIMITS, body=MOUNT, start=False))
    up(master, "edge12")
    stream = Stream(master)
    stream.takeover()
    stream.play(200)
    ears = [Ear(b, node, "/live.mp3"), Ear(b, node, "/live.mp3", icy=True), Ear(b, node, "/live.mp3", port=node.tls_port, wrap=tls())]
    wait_for(lambda: all(ear.chunks for ear in ears), "it hears")
    orders = [what for what, times in TIMES.items() for _ in range(times)]
    random.Random(20).shuffle(orders)
    for what in orders:
        stream.play()
        if what == "takeover":
            stream.takeover()
        elif what in ("master", "edge"):
            upgrade(master if what == "master" else node)
        else:
            for server in (master, node):
                if what == "certificate":
                    certificate(server.dir, "radio.test")
                server.reload()
        stream.play()
        # Each is over before the next begins: the newest frame but one, which waits for its successor, is heard.
        newest = b"<S%09d>" % (stream.number - 2)
        wait_for(lambda: all(newest in ear.raw()[-30000:] or ear.ended for ear in ears), "it is heard behind " + what, 15)
        check(not any(ear.ended for ear in ears), "a listener was disconnected by " + what)
    for name, ear in zip(("plain", "ICY", "TLS"), ears):
        data = ear.audio()[0]
        numbers = [n for _, n in mp3_numbers(data[data.index(b"\xff\xfb\x94\x00"):])]
        check_consecutive(numbers, name)
        check(numbers[-1] >= stream.number - 3, "%s has heard all" % name)
    equal((len(taken(master)), len(taken(node))), (TIMES["master"], TIMES["edge"]), "upgrades")
    for server in (node, master):
        server.send_signal(signal.SIGTERM)
        equal(server.wait_exit(), 0, "exit status")
