"""Encoders that stand by when the program is replaced: they stay, with their ranks and their newest bytes."""
from harness import ADMIN, SOURCE, equal, mount, test, wait_for
from media import MP3_FRAME, mp3_frame, mp3_numbers
from replacing import LongPause, upgrade
from wire import request

MAIN, BACKUP, THIRD = "main:main-secret", "backup:backup-secret", "third:third-secret"
ROWS = ('<encoder username="main" password="main-secret" priority="1"/>'
        '<encoder username="backup" password="backup-secret" priority="2"/>'
        '<encoder username="third" password="third-secret" priority="3"/>')


def server_with(t, more):
    return t.server(limits="<source-timeout>120</source-timeout>",
                    body="<mount><mount-name>/live.mp3</mount-name>%s%s</mount>" % (ROWS, more))


def states(server):
    """{user: state} of the encoders of the mount"""
    listed = server.get("/admin/listmounts", ADMIN).xml().findall("source[@mount='/live.mp3']/encoder")
    return {node.find("username").text: node.find("state").text for node in listed}


def wait_for_states(server, **wanted):
    wait_for(lambda: states(server) == wanted, "encoders are %r: %s" % (wanted, server.log()[-900:]), 10)


def heard(listener, tag, *playing):
    """Reads until a frame of this encoder comes; the encoders in `playing` send meanwhile."""
    def come():
        for source in playing:
            source.play(5)
        listener.read(MP3_FRAME)
        while len(listener.pending) >= MP3_FRAME:
            listener.read(MP3_FRAME)
        return mp3_numbers(listener.audio)[-1][0] == tag
    wait_for(come, "the listener hears " + tag)


def runs(listener):
    """The tags of the heard encoders, in order; every frame is whole, and no frame of one run is missing."""
    order = ""
    last = {}
    for tag, number in mp3_numbers(listener.audio):
        if order[-1:] == tag:
            equal(number, last[tag] + 1, "frame of " + tag)
        else:
            order += tag
        last[tag] = number
    return order


@test
def encoders_that_stand_by_go_over(t):
    server = server_with(t, "<takeover-after>60000</takeover-after><return-after>0</return-after>")
    main = server.source(tag="A", login=MAIN)
    sent = main.play(50)
    backup = server.source(tag="B", login=BACKUP)
    backup.play(50)
    wait_for_states(server, main="writes", backup="flows")
    listeners = [server.listener() for _ in range(5)]
    for round_ in range(3):
        sent += main.play(20)
        backup.play(20)
        listeners_now, sources, mounts, _ = upgrade(server)
        equal((listeners_now, sources, mounts), (5, 1, 1))
        wait_for_states(server, main="writes", backup="flows")
    for listener in listeners:
        got = listener.audio + listener.read(len(sent) - MP3_FRAME - len(listener.audio))
        equal(got == sent[:len(got)], True, "every byte once")
    backup.play(20)
    upgrade(server)
    main.leave()
    for listener in listeners:
        heard(listener, "B", backup)
    wait_for_states(server, backup="writes")
    # The better one comes back.
    upgrade(server)
    again = server.source(tag="C", login=MAIN)
    for listener in listeners:
        heard(listener, "C", backup, again)
        equal(runs(listener), "ABC")
    upgrade(server)
    wait_for_states(server, main="writes", backup="flows")


@test
def one_that_is_silent_gives_way_behind_an_upgrade(t):
    server = server_with(t, "<takeover-after>1500</takeover-after><return-after>0</return-after>")
    main, listener = server.source(tag="A", login=MAIN), None
    main.play(50)
    backup = server.source(tag="B", login=BACKUP)
    backup.play(20)
    listener = server.listener()
    main.play(20)
    upgrade(server)
    heard(listener, "B", backup)
    wait_for_states(server, main="silent", backup="writes")
    upgrade(server)
    wait_for_states(server, main="silent", backup="writes")
    heard(listener, "A", main, backup)
    equal(runs(listener), "ABA")


@test
def ranks_stay(t):
    server = server_with(t, "<takeover-after>60000</takeover-after>")
    main = server.source(tag="A", login=MAIN)
    main.play(50)
    listener = server.listener()
    third = server.source(tag="C", login=THIRD)
    third.play(20)
    backup = server.source(tag="B", login=BACKUP)
    backup.play(20)
    wait_for_states(server, main="writes", backup="flows", third="flows")
    upgrade(server)
    main.leave()
    heard(listener, "B", backup, third)
    upgrade(server)
    backup.leave()
    heard(listener, "C", third)
    equal(runs(listener), "ABC")


@test
def one_that_ends_and_comes_again_in_the_pause_is_heard_to_its_last_byte(t):
    pause = LongPause(t)
    server = t.server(body=mount("/live.mp3", "<fallback-mount>/other.mp3</fallback-mount><fallback-override>1</fallback-override>"))
    server.source("/other.mp3", tag="O").play(50)
    first = server.source(tag="A")
    first.play(50)
    listeners = [server.listener(icy=number % 2) for number in range(6)]
    for listener in listeners:
        listener.read(49 * MP3_FRAME)
    pause.begin(server)
    first.play(20)
    first.leave()
    # Its login waits with the server.
    wire = server.wire()
    wire.send(request("SOURCE /live.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE))
    pause.end(server)
    equal(wire.reply_head().status, 200)
    wire.send(b"".join(mp3_frame("B", number) for number in range(50)))
    for listener in listeners:
        listener.read_until(b"<B%09d>" % 40)
        frames = mp3_numbers(listener.audio)
        equal([number for tag, number in frames if tag == "A"], list(range(70)), "frames of the first")
