"""The two programs of an upgrade have different versions: unknown records are ignored, or the upgrade is refused."""
import os
import pathlib

from encoders import Ear
from harness import check, equal, listen_socket, mount, test, wait_for
from media import mp3_numbers
from recorder import Studio, check_consecutive
from replacing import own_program, put_program, refused_upgrade, taken, upgrade
from tls_bench import certificate, tls

WRITER = pathlib.Path(__file__).resolve().parent.parent / "kit" / "future_writer.py"


class Versions:
    """A server with a listener of each kind, a standby, a recording and an HLS session, whose next program gets records
    that it does not know."""

    def __init__(self, t):
        self.place, self.whole, self.writer = own_program(t), t.dir / "whole", t.dir / "writer.py"
        os.link(self.place, self.whole)
        server = self.server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<ssl>1</ssl>"))
        certificate(server.dir, "radio.test")
        server.write_config(
            paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir, limits="<source-timeout>60</source-timeout>",
            body="<hls><segment>2</segment></hls><archive><dir>%s/archive</dir></archive><relay><local-mount>/made</local-mount>"
            "<content-type>audio/x-test</content-type><exec>/bin/sh -c 'while :; do echo line; sleep 0.1; done'</exec></relay>%s" % (
                server.dir, mount("/live.mp3", "<hls>1</hls><archive>1</archive>") +
                mount("/two.mp3", '<encoder username="e1" password="p" priority="1"/><encoder username="e2" password="p" priority="2"/>')))
        server.start()
        self.studio = Studio(t, server).until_recorded(3)
        self.encoders = [server.source("/two.mp3", login="e%d:p" % n) for n in (1, 2)]
        for encoder in self.encoders:
            encoder.play(20)
        equal(server.get("/live.mp3/live.m3u8").status, 200, "what a player of HLS gets")
        self.ears = {"plain": Ear(t, server, "/live.mp3"), "ICY": Ear(t, server, "/live.mp3", icy=True),
                     "TLS": Ear(t, server, "/live.mp3", port=server.ports[1], wrap=tls()),
                     "the past": Ear(t, server, "/live.mp3?timeshift=2")}
        wait_for(lambda: all(ear.chunks for ear in self.ears.values()), "all hear")

    def next_is(self, way):
        # In the directory of the test, which the server's user may read.
        put_program(self.writer, WRITER.read_text())
        put_program(self.place, "#!/bin/sh\nexec /usr/bin/python3 -B %s %s %s \"$@\"\n" % (self.writer, self.whole, way))

    def hear(self):
        number = self.studio.number
        for what, ear in self.ears.items():
            wait_for(lambda ear=ear: b"<S%09d>" % (number + 5) in ear.raw()[-40000:] or ear.ended, what + " hears on")
            check(not ear.ended, what + " is connected")

    def judge(self):
        self.hear()
        for what, ear in self.ears.items():
            data = ear.audio()[0]
            check_consecutive([n for _, n in mp3_numbers(data[data.index(b"\xff\xfb\x94\x00"):])], what)
        equal(int(self.server.stat("/live.mp3", "listeners")), len(self.ears), "listeners")


@test
def what_a_later_version_adds_is_passed_over_by_both(t):
    v = Versions(t)
    v.next_is("later")
    upgrade(v.server)
    v.hear()
    upgrade(v.server)
    v.judge()


@test
def what_must_be_known_refuses_the_upgrade_and_nothing_is_lost(t):
    v = Versions(t)
    for way, why in (("field", r"refuses: record listeners: field 950 must be known, and this version does not know it"),
                     ("record", r"refuses: a record of type 998 is not known to this program")):
        v.next_is(way)
        refused_upgrade(v.server, why)
        v.hear()
    equal(taken(v.server), [], "programs that took over")
    put_program(v.place, like=v.whole)
    upgrade(v.server)
    v.judge()
