"""A mount whose source is away at the master, which plays its fallback: listeners hear it by way of an edge, too."""
from bench import ask_and_close, check, equal, target_of, test, wait_for
from link_bench import edge, linked_master, up

AWAY = ("<mount><mount-name>/a.mp3</mount-name><fallback-mount>/b.mp3</fallback-mount>"
        "<fallback-override>1</fallback-override></mount>")
VLC = "VLC/3.0.20"


def player(server, mount="/a.mp3", agent=VLC):
    return ask_and_close(server, mount, agent=agent)


def follows(master, reply, sent):
    """A player that follows the redirect, and hears these bytes."""
    address = "%s:%d" % master.address
    equal(target_of(reply), address)
    listener = master.listener(reply.get("Location").partition(address)[2], lines=["User-Agent: " + VLC])
    check(listener.read(20_000) in sent, "it hears something else")
    return listener


@test
def the_fallback_of_a_master_is_heard_by_way_of_an_edge(b):
    master = linked_master(b, 11, ["edge12"], body_more=AWAY)
    node = edge(b, 12, master)
    up(master, "edge12")
    equal(player(node).status, 404, "nothing plays")
    fallback = master.source("/b.mp3", tag="b")
    sent = fallback.play(200)
    wait_for(lambda: player(node).status != 404, "the fallback plays")
    for _ in range(3):    # the same player, again and again
        listener = follows(master, player(node), sent)
    equal(player(node, "/c.mp3").status, 404, "no mount of the master")
    equal(player(node, agent="Icecast 2.4.4").status, 404, "a server is not redirected")
    # The source comes: those at the master return to it, and others hear it at the edge.
    source = master.source("/a.mp3", tag="a")
    sent = source.play(200)

    def hears_it():
        nonlocal sent
        sent += source.play(5)
        fallback.play(5)
        return listener.read(1500)[-400:] in sent
    wait_for(hears_it, "it hears the source", 20)
    wait_for(lambda: player(node).status == 200, "the edge has it")
    check(node.listener("/a.mp3").read(20_000) in sent, "it hears the source at the edge")


@test
def of_two_masters_that_which_plays_the_fallback_is_asked(b):
    masters = [linked_master(b, 11, ["edge13"]), linked_master(b, 12, ["edge13"], body_more=AWAY)]
    node = edge(b, 13, masters)
    for master in masters:
        up(master, "edge13")
    fallback = masters[1].source("/b.mp3", tag="b")
    sent = fallback.play(200)
    wait_for(lambda: player(node).status != 404, "the fallback plays")
    follows(masters[1], player(node), sent)
    fallback.leave()
    wait_for(lambda: player(node).status == 404, "nothing plays any more", 20)
