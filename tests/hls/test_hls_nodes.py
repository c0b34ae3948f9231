"""An origin and two edges, while encoders take over: one list, and segments with the same bytes (doc/hls.md)."""
import os
import time

from bench import Cluster
from encoders import Encoder
from harness import check, equal, request, test, wait_for
from test_hls import hls_mount, poll_for, watch

SECONDS = 120 if os.environ.get("LB_FULL") == "1" else 20
TAKEOVERS = 3
HLS = "<hls><segment>2</segment><window>16</window></hls>"
STANDBY = "<standby-sources>1</standby-sources><takeover-after>500</takeover-after>"
RELAY = "<relay><local-mount>/m.mp3</local-mount><host><server>127.0.0.1</server><port>%d</port><mount>/m.mp3</mount></host></relay>"


@test
def all_nodes_print_the_same_lists_over_takeovers(t):
    origin = t.server(body=HLS + hls_mount("/m.mp3", STANDBY))
    encoders = [Encoder(t, origin, "mp3", mount="/m.mp3")]
    wait_for(lambda: origin.stat("/m.mp3", "server_type"), "the stream begins", 20)
    encoders.append(Encoder(t, origin, "mp3", tone=660, mount="/m.mp3"))
    nodes = [origin] + [t.server(body=HLS + hls_mount("/m.mp3") + RELAY % origin.port) for _ in range(2)]
    watches = [watch(t, node, "/m.mp3") for node in nodes]
    for one in watches:
        wait_for(lambda: one.ask(one.path or one.master()[0][1])[0].status == 200, "a list", 30)
    begin = time.monotonic()
    for takeover in range(TAKEOVERS):
        poll_for(begin + SECONDS * (takeover + 0.5) / (TAKEOVERS + 0.5) - time.monotonic(), *watches)
        encoders.pop(0).close()
        wait_for(lambda: origin.log("error").count("takes over") > takeover, "takeover %d" % takeover, 10)
        encoders.append(Encoder(t, origin, "mp3", tone=440 + 220 * (takeover % 2), mount="/m.mp3"))
    poll_for(max(0, begin + SECONDS - time.monotonic()), *watches)
    # What follows the last takeover is in the lists of all.
    def all_have_the_last_source():
        poll_for(0, *watches)
        return all(len({s[0].discontinuity for s in one.seen.values()}) > TAKEOVERS for one in watches)
    wait_for(all_have_the_last_source, "the segments of the last source at all nodes", 30)
    first = watches[0]
    for number, one in enumerate(watches[1:], 1):
        both = set(first.seen) & set(one.seen)
        check(len(both) >= SECONDS // 2 - 8, "%d segments of both" % len(both))
        for sequence in sorted(both):
            ours, theirs = first.seen[sequence], one.seen[sequence]
            equal(vars(theirs[0]), vars(ours[0]), "what node %d says of segment %d" % (number, sequence))
            check(theirs[1] == ours[1], "segment %d has other bytes at node %d" % (sequence, number))
            equal(theirs[4], ours[4], "the timestamp of segment %d at node %d" % (sequence, number))
        windows = set(first.lists) & set(one.lists)
        check(len(windows) >= SECONDS // 8, "%d lists of both" % len(windows))
        for window in windows:
            equal(one.lists[window], first.lists[window], "the list of %d-%d at node %d" % (*window, number))
        one.sound()


@test
def a_node_that_first_asks_for_the_stream_lists_what_its_home_does(t):
    body = HLS + hls_mount("/m.mp3")
    cluster = Cluster(t, {"e1": ""}, root=body, slave_root=body, source=False)
    Encoder(t, cluster.master, "mp3", mount="/m.mp3")

    wait_for(lambda: int(cluster.master.stat("/m.mp3", "total_bytes_read") or 0) > 15 * 16000, "it has played for 15 s", 30)

    def segments(server):
        lines = server.get("/m.mp3/live.m3u8").text.splitlines()
        session = next(line for line in lines if "?s=" in line).partition("?s=")[2]
        return server.get("/m.mp3/live.m3u8?s=" + session).text.count("#EXTINF")
    at_home, begun = segments(cluster.master), segments(cluster["e1"])
    check(at_home > 4 and begun >= at_home - 1, "the node lists %d segments, its home %d" % (begun, at_home))


@test
def listeners_who_come_with_hls_to_a_node_are_no_further_behind_than_alone(t):
    """What HLS wants of the past is not for them."""
    body = HLS + hls_mount("/m.mp3")
    cluster = Cluster(t, {"e1": ""}, root=body, slave_root=body, source=False)
    Encoder(t, cluster.master, "mp3", mount="/m.mp3")
    wait_for(lambda: int(cluster.master.stat("/m.mp3", "total_bytes_read") or 0) > 25 * 16000, "it has played for 25 s", 40)
    node = cluster["e1"]
    text = node.get("/m.mp3/live.m3u8").text
    session = next(line for line in text.splitlines() if "?s=" in line).partition("?s=")[2]
    asks = [node.wire(), node.wire()]
    asks[0].send(request("GET /m.mp3/live.m3u8?s=%s HTTP/1.1" % session, ["Host: x"]))
    asks[1].send(request("GET /m.mp3 HTTP/1.0"))
    later = node.listener("/m.mp3")
    equal(asks[0].reply_head().status, 200)
    equal(asks[1].reply_head().status, 200)
    got = {"beside HLS": asks[1], "later": later}
    began = int(node.stat("/m.mp3", "total_bytes_read") or 0)

    def of_a_second():
        for wire in got.values():
            check(wire.fill(time.monotonic() + 5), "the stream has ended")
        return int(node.stat("/m.mp3", "total_bytes_read") or 0) > began + 16000
    wait_for(of_a_second, "a second has come", 10)
    heard = {name: len(wire.pending) for name, wire in got.items()}
    check(max(heard.values()) < 65536 + 6 * 16000, "they got %r bytes" % heard)
