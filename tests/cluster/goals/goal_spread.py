"""G4, G5: how evenly a crowd is spread, by real requests to a real master with 12 simulated nodes.

The nodes are of capacity 10:5:1, four of each; 10,000 listeners are 80 % of what all of them hold.  A listener arrives
20 to 300 ms after his redirect.  The measure is the highest utilisation that a node ever has (in kbit/s, as the node
itself counts), against the mean of all at the end, which is what a perfect spread would give to each.
"""
import re

from bench import Failed, Site, ask_and_close, start
from bench import slave_body, master_body, wait_until_up
from crowd_bench import Crowd, all_served, crowd_master, nodes_of, peak
from table import goal

REQUESTS, SECONDS = 10000, 5
SHARE = 12500 / 64  # listeners of a node of capacity 1
SIZES = [round(SHARE * size) for size in (10, 5, 1) for _ in range(4)]
SLOWEST_MEAN = 0.9  # of the requests a second that are wanted; slower than this the machine was too busy


def crowd_of(bench, balance="", tokens=True, mixed=False, mounts=1, posts=0, requests=REQUESTS, over=SECONDS, sizes=SIZES,
             kbps=128, settle=1, **options):
    nodes = nodes_of(sizes, kbps, posts)
    master = crowd_master(bench, nodes, balance, tokens, mounts=mounts, mixed=mixed)
    crowd = Crowd(bench, master, nodes, requests=requests, over=over, settle=settle, mounts=mounts, tokens=int(tokens),
                  bitrates="mixed" if mixed else "same", **options)
    crowd.event("begin", 30)
    end = crowd.event("end", over * 4 + settle + 30)
    all_served(end)
    if end["arrived"] != requests:
        raise Failed("%d of %d have arrived; %s" % (end["arrived"], requests, end["statuses"]))
    return end


def worst(ends):
    found = [peak(end) for end in ends]
    return max(found), "peak/ideal of %d crowds: %s; answers p50 %.1f ms, p99 %.1f ms; nobody refused, nobody above a cap" % (
        len(found), " ".join("%.3f" % value for value in found), max(e["answer_ms_p50"] for e in ends),
        max(e["answer_ms_p99"] for e in ends))


@goal("G4", "10,000 in 5 s on 10:5:1, default (affinity, weighted-random): peak/ideal", at_most=1.05)
def g4_default(bench):
    """12 linked nodes that confirm arrivals, and once without confirmation (no <token>), one mount each; the worse."""
    return worst([crowd_of(bench, tokens=tokens) for tokens in (True, False)])


@goal("G4p2c", "the same, policy p2c: peak/ideal", at_most=1.02)
def g4_p2c(bench):
    """affinity off, p2c."""
    return worst([crowd_of(bench, 'policy="p2c" affinity="0"')])


@goal("G4wr", "the same, weighted-random without affinity: peak/ideal", at_most=1.12)
def g4_weighted_random(bench):
    return worst([crowd_of(bench, 'affinity="0"')])


@goal("G4mix", "the same, 40 mounts of 64, 128 and 320 kbit/s (Zipf), default: peak/ideal", at_most=1.08)
def g4_mixed(bench):
    """The nodes' capacity is in kbit/s; half of the mounts have 64, 35 % 128, 15 % 320.  The bar of one
    bitrate is 1.05."""
    return worst([crowd_of(bench, mixed=True, mounts=40, kbps=140)])


@goal("G4mixp2c", "the same mixed bitrates, p2c without affinity: peak/ideal", at_most=1.08)
def g4_mixed_p2c(bench):
    return worst([crowd_of(bench, 'policy="p2c" affinity="0"', mixed=True, mounts=40, kbps=140)])


@goal("G4age", "default, reports of 0.25, 5 and 120 s age (posts): worst peak/ideal", at_most=1.05)
def g4_age(bench):
    """Nodes without a link post every 0.25, 5, 120 s.  With 120 s no report comes during the whole crowd."""
    return worst([crowd_of(bench, posts=posts) for posts in (250, 5000, 120000)])


@goal("G4demo", "300 listeners on three real nodes of 1000:500:100: largest deviation from 192:91:16", at_most=25,
      unit="listeners")
def g4_demo(bench):
    """A master and three real edges (posts every second, weighted-random, affinity on), 300 real requests that are
    not followed: what the master counts.  Shares of 300 by capacity are 187.5 : 93.75 : 18.75; doc/decisions.md C6 expects about
    192 : 91 : 16.  25 is 3 standard deviations of a draw."""
    sites = {"e1": Site(12), "e2": Site(13), "e3": Site(14)}
    sizes = {"e1": 1000, "e2": 500, "e3": 100}
    master_site = Site(11)
    master = start(bench, master_site, master_body({name: (site, "") for name, site in sites.items()}))
    source = master.source()
    source.play(200)
    for name, site in sites.items():
        start(bench, site, slave_body(master_site, name, site, 'max-listeners="%d"' % sizes[name]))
    wait_until_up(master, *sites)
    counts = dict.fromkeys(sites, 0)
    names = {site.address: name for name, site in sites.items()}
    for _ in range(300):
        reply = ask_and_close(master)
        counts[names[re.match(r"https?://([^/]+)/", reply.get("Location")).group(1)]] += 1
    off = max(abs(counts[name] - wanted) for name, wanted in zip(sites, (192, 91, 16)))
    return off, "%(e1)d : %(e2)d : %(e3)d" % counts


@goal("G5", "relay streams, 1000 mounts (Zipf), 12 nodes, 7,000 listeners", at_most=1150)
def g5(bench):
    """Real requests: 7,000 listeners in 20 s (56 % of capacity) who stay 60 s on average and are followed by others,
    another 20 s; relay streams are pairs of node and mount with at least one listener, counted at the nodes at the end.
    The first design asked for 1,050, doc/decisions.md C6 settles 1,150 with the smaller EPS."""
    nodes = nodes_of(SIZES)
    master = crowd_master(bench, nodes, tokens=True, mounts=1000)
    crowd = Crowd(bench, master, nodes, requests=7000, over=20, settle=20, mounts=1000, tokens=1, stay=60, renew=1)
    crowd.event("begin", 30)
    end = crowd.event("end", 120)
    used = end["used_mounts"]
    return end["relays"], "%d mounts in use, %.2f relays each; most at a time %d; peak/ideal %.3f" % (
        used, end["relays"] / used, end["most_relays"], peak(end))


