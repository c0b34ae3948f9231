"""A silent upstream costs no byte between our servers, whatever the burst and the format."""
import os
import re
import signal

from encoders import FORMATS, Encoder
from harness import check, free_port, listen_socket, test, wait_for
from test_relay import Ear, hosts

FULL = os.environ.get("LB_FULL") == "1"
BURSTS = {"0": "<burst-size>0</burst-size>", "2048": "<burst-size>2048</burst-size>", "default": ""}
# FLAC of noise has 0.7 to 1 Mbit/s: the default burst is half a second of it.
NOISE = "anoisesrc=r=44100:a=0.3:seed=%d"
TIMES = 3 if FULL else 1


def limits(burst):
    return "<clients>100</clients>" + BURSTS[burst]


def upstream(edge, relays):
    def find():
        asked = re.findall(r"streams audio/\w+ from [\d.]+:(\d+)/", edge.log())
        return next((relay for relay in relays if asked and relay.port == int(asked[-1])), None)
    return wait_for(find, "the edge has an upstream")


def body(ear):
    return bytes(ear.data).split(b"\r\n\r\n", 1)[1]


def silent_upstreams(t, kind, burst, more=""):
    """The edge's listener hears the same bytes as the origin's, over upstreams that fall silent."""
    origin = t.server(limits=limits(burst))
    Encoder(t, origin, kind, sound=NOISE)
    wait_for(lambda: origin.stat("/live", "server_type"), "the encoder sends", 20)
    relays = [t.server(body=hosts([origin]), sockets=listen_socket(free_port()), limits=limits(burst)) for _ in range(2)]
    for relay in relays:
        wait_for(lambda: relay.stat("/live", "server_type"), "the relay plays", 20)
    edge = t.server(body=hosts(relays, more), limits=limits(burst))
    wait_for(lambda: edge.stat("/live", "server_type"), "the edge plays", 20)
    at_origin, ear = Ear(t, origin), Ear(t, edge)
    ear.hears_more(80, 20)
    place = len(body(ear))
    for _ in range(TIMES):
        victim = upstream(edge, relays)
        victim.send_signal(signal.SIGSTOP)
        try:
            ear.hears_more(40, 20)
        finally:
            victim.send_signal(signal.SIGCONT)
        ear.hears_more(40, 20)
    sent, heard = body(at_origin), body(ear)
    begin = sent.find(heard[place - 2048:place])
    check(begin >= 0, "the listeners have nothing in common")
    heard = heard[place - 2048:]
    both = min(len(heard), len(sent) - begin)
    seams = re.findall("the stream goes on (at .*|where .*)", edge.log())
    same = heard[:both] == sent[begin:begin + both]
    check(same, "%s, burst %s: bytes are lost or doubled; seams: %r" % (kind, burst, seams))
    check(both > 40 * 384, "only %d bytes were heard by both" % both)
    check("is asked" in edge.log() or "takes over" in edge.log(), "no upstream was found silent")
    check("at a unit" not in seams, "seams: %r" % seams)
    edge.stop()
    for server in (*relays, origin):
        server.stop()


@test
def a_silent_upstream_costs_no_byte_without_a_burst(t):
    for kind in FORMATS if FULL else ["mp3"]:
        silent_upstreams(t, kind, "0")


@test
def a_silent_upstream_costs_no_byte_with_a_small_burst(t):
    for kind in FORMATS if FULL else ["opus"]:
        silent_upstreams(t, kind, "2048")


@test
def a_silent_upstream_costs_no_byte_with_the_default_burst(t):
    for kind in FORMATS if FULL else ["flac"]:
        silent_upstreams(t, kind, "default")


@test
def a_hot_standby_has_what_a_silent_upstream_has_not_sent(t):
    silent_upstreams(t, "flac", "default", "<standby>hot</standby>")
