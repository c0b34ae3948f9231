"""A server that pulls streams is replaced, and so is its upstream: listeners of both hear every byte once."""
from harness import check, equal, test, wait_for
from media import MP3_FRAME
from replacing import upgrade

PATIENT = "<source-timeout>120</source-timeout>"


def edge_of(t, upstream, on_demand, mount=""):
    return t.server(limits=PATIENT, body="<relay><server>127.0.0.1</server><port>%d</port><mount>/live.mp3</mount><local-mount>/edge.mp3"
                    "</local-mount><on-demand>%d</on-demand></relay>%s" % (upstream.port, on_demand, mount))


def joined(edge, source, count, on_demand):
    """Listeners of the relay, once it flows; the bytes sent so far."""
    sent = source.play(100)
    if not on_demand:
        wait_for(lambda: edge.get("/status-json.xsl").body.count(b"/edge.mp3"), "the relay has begun")
    return [edge.listener("/edge.mp3") for _ in range(count)], sent


def heard_once(listeners, sent, last):
    """Each listener has all sent bytes once, from its first one up to `last`."""
    for listener in listeners:
        while last not in listener.audio[-3 * MP3_FRAME:]:
            listener.read(MP3_FRAME)
        begin = sent.find(listener.audio[:4 * MP3_FRAME])
        check(begin >= 0, "it begins with what was sent")
        equal(listener.audio == sent[begin:begin + len(listener.audio)], True, "every byte once")


def through_upgrades(t, on_demand, replaced):
    upstream = t.server(limits=PATIENT)
    source = upstream.source()
    edge = edge_of(t, upstream, on_demand)
    listeners, sent = joined(edge, source, 8, on_demand)
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


@test
def titles_come_to_the_listeners_of_a_relay_in_order(t):
    upstream = t.server(limits=PATIENT)
    source = upstream.source()
    # Its mount does not wait for another source otherwise.
    edge = edge_of(t, upstream, False, "<mount><mount-name>/edge.mp3</mount-name><linger-for>0</linger-for></mount>")
    sent = source.play(100)
    wait_for(lambda: b"/edge.mp3" in edge.get("/status-json.xsl").body, "the relay has begun")
    listeners = [edge.listener("/edge.mp3", icy=True) for _ in range(4)]
    for round_ in range(4):
        equal(upstream.set_title("/live.mp3", song="Title+%d" % round_).status, 200)
        sent += source.play(60)
        wait_for(lambda: edge.stat("/edge.mp3", "title") == "Title %d" % round_, "the relay knows the title")
        upgrade(edge)
        equal(edge.stat("/edge.mp3", "title"), "Title %d" % round_)
        sent += source.play(60)
    heard_once(listeners, sent, sent[-3 * MP3_FRAME:-2 * MP3_FRAME])
    for listener in listeners:
        songs = [title for title in listener.titles if b"Title " in title]
        equal(songs, [b"StreamTitle='Title %d';" % i for i in range(4)])

