"""A server that pulls streams is replaced, and so is the one that it pulls from: listeners of both hear every byte once."""
from harness import check, equal, test, wait_for
from media import MP3_FRAME
from replacing import upgrade

PATIENT = "<source-timeout>120</source-timeout>"


def edge_of(t, upstream, on_demand, upstream_mount="/live.mp3"):
    return t.server(limits=PATIENT, body="<relay><server>127.0.0.1</server><port>%d</port><mount>%s</mount>"
                    "<local-mount>/edge.mp3</local-mount><on-demand>%d</on-demand></relay>" % (upstream.port, upstream_mount, on_demand))


def joined(edge, source, count):
    """Listeners of the relay, when it flows; what was sent so far."""
    sent = source.play(100)
    listeners = [edge.listener("/edge.mp3")]
    wait_for(lambda: edge.stat("/edge.mp3", "listeners") == "1", "the relay has begun")
    listeners += [edge.listener("/edge.mp3") for _ in range(count - 1)]
    return listeners, sent


def heard_once(listeners, sent, last):
    """From where each began, all that was sent is there once, up to `last`."""
    for listener in listeners:
        listener.read_until(last)
        begin = sent.find(listener.audio[:4 * MP3_FRAME])
        check(begin >= 0, "it begins with what was sent")
        equal(listener.audio == sent[begin:begin + len(listener.audio)], True, "every byte once")


def through_upgrades(t, on_demand, replaced):
    upstream = t.server(limits=PATIENT)
    source = upstream.source()
    edge = edge_of(t, upstream, on_demand)
    listeners, sent = joined(edge, source, 8)
    for round_ in range(4):
        sent += source.play(40)
        for server in replaced(upstream, edge):
            upgrade(server)
            sent += source.play(40)
    heard_once(listeners, sent, sent[-3 * MP3_FRAME:-2 * MP3_FRAME])
    equal(edge.stat("/edge.mp3", "listeners"), "8")
    equal(edge.stop(), 0)
    equal(upstream.stop(), 0)


@test
def listeners_of_a_relay_hear_on_when_its_server_is_replaced(t):
    through_upgrades(t, False, lambda upstream, edge: [edge])


@test
def so_do_those_of_a_relay_on_demand(t):
    through_upgrades(t, True, lambda upstream, edge: [edge])


@test
def so_they_do_when_the_upstream_is_replaced_and_both_are(t):
    through_upgrades(t, False, lambda upstream, edge: [upstream, edge])
