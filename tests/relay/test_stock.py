"""An edge whose upstreams are two stock icecast2 that relay one origin: it continues where it finds the same bytes."""
import os
import re

import foreign
from bench import Site
from encoders import Encoder
from harness import check, test, wait_for
from recorder import Studio
from test_relay import FULL, Ear, figures, hosts, upstream_of, whole

KILLS = 50 if FULL else 6
CONTENT = 49 if FULL else 5     # of them, by content
CONTENT_SEAM, UNIT_SEAM = "the stream goes on where the same bytes were found", "the stream goes on at a unit"


def stock_chain(t, origin, more=""):
    relay = ("<master-update-interval>2</master-update-interval><relay><server>127.0.0.1</server><port>%d</port><mount>/live</mount>"
             "<local-mount>/live</local-mount><on-demand>0</on-demand></relay>" % origin.port)
    relays = [foreign.stock(t, Site(number), relay).start() for number in (31, 32)]
    for each in relays:
        wait_for(lambda: each.stat("/live", "server_type"), "a stock relay plays", 15)
    edge = t.server(body=hosts(relays, more))
    wait_for(lambda: edge.stat("/live", "server_type"), "the edge plays")
    return relays, edge


def bounce(t, relays, edge, ear, times):
    """Kills the upstream this many times; returns the stalls."""
    stalls = []
    for _ in range(times):
        victim = upstream_of(edge, relays)
        ear.reset()
        victim.kill()
        ear.hears_more(40)
        stalls.append(ear.reset())
        victim.start()
        wait_for(lambda: victim.stat("/live", "server_type"), "the stock relay is back", 20)
        # Stock servers take a while to fill their bursts; and the edge may take the better one back.
        ear.hears_more(60)
    return sorted(stalls)


def seams(edge):
    log = edge.log()
    return len(re.findall(CONTENT_SEAM, log)), len(re.findall(UNIT_SEAM, log))


def told(name, stalls, edge):
    content, unit = seams(edge)
    print("%s: %d seams by content, %d at a unit; stall %s" % (name, content, unit, figures(stalls)))
    check(unit <= KILLS - CONTENT, "%d seams at a unit, %d by content" % (unit, content))
    check(content >= CONTENT, "only %d seams by content" % content)
    return unit


@test
def stock_upstreams_are_joined_where_the_same_bytes_are(t):
    origin = t.server()
    Studio(t, origin, "/live")
    relays, edge = stock_chain(t, origin)
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = bounce(t, relays, edge, ear, KILLS)
    ear.numbers()     # raises where a frame is not whole
    if told("warm", stalls, edge) == 0:
        whole(ear)


@test
def a_hot_standby_is_joined_where_the_same_bytes_are(t):
    origin = t.server()
    Studio(t, origin, "/live")
    relays, edge = stock_chain(t, origin, "<standby>hot</standby>")
    ear = Ear(t, edge)
    ear.hears_more()
    stalls = bounce(t, relays, edge, ear, KILLS)
    ear.numbers()
    if told("hot", stalls, edge) == 0:
        whole(ear)


@test
def lames_reservoir_is_not_cut(t):
    """The edge's listener hears the same bytes as the origin's."""
    origin = t.server()
    # Noise: the frames of a tone come again, and a place among them is not known by its bytes.
    Encoder(t, origin, "mp3", sound="anoisesrc=r=44100:a=0.3:seed=%d")
    wait_for(lambda: origin.stat("/live", "server_type"), "the encoder sends")
    relays, edge = stock_chain(t, origin)
    at_origin, ear = Ear(t, origin), Ear(t, edge)
    ear.hears_more()
    bounce(t, relays, edge, ear, 3)
    heard, sent = (bytes(each.data).split(b"\r\n\r\n", 1)[1] for each in (ear, at_origin))
    content, unit = seams(edge)
    check(content >= 3, "%d seams by content, %d at a unit" % (content, unit))
    begin = heard.find(sent[:4096])
    check(begin >= 0, "the two listeners have nothing in common")
    both = min(len(heard) - begin, len(sent))
    check(both > 60000, "only %d bytes were heard by both" % both)
    check(heard[begin:begin + both] == sent[:both],
          "what the edge's listener heard is not what the origin sent from byte %d of %d on; %d seams by content, %d at a unit" % (
              len(os.path.commonprefix([heard[begin:begin + both], sent[:both]])), both, content, unit))
