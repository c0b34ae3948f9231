"""Encoders that stand by when the program is replaced: they stay, with their ranks and their newest bytes."""
import time

from harness import ADMIN, SOURCE, check, equal, mount, test, wait_for
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


class Titled:
    """An encoder with titles inside its stream.  It always keeps back some bytes, so that the server waits within the
    head of a chunk, a chunk, or a block of a title."""

    def __init__(self, server, tag, login, chunked):
        lines = ["icy-metaint: 1000"] + (["Host: x", "Transfer-Encoding: chunked"] if chunked else [])
        self.wire = server.source(tag=tag, login=login, lines=lines, first_line="PUT /live.mp3 HTTP/1.1" if chunked else None)
        self.tag, self.chunked, self.number, self.audio, self.out, self.kept = tag, chunked, 0, 0, b"", 0

    def play(self, frames):
        made = b""
        for number in range(self.number, self.number + frames):
            frame = mp3_frame(self.tag, number)
            split = 1000 - self.audio % 1000
            block = b""
            if split <= MP3_FRAME:
                text = b"StreamTitle='%s%d';" % (self.tag.encode(), number)
                block = b"\2" + text.ljust(32, b"\0")
            made += frame[:split] + block + frame[split:]
            self.audio += MP3_FRAME
        self.number += frames
        if self.chunked:
            made = b"".join(b"%x\r\n%s\r\n" % (len(made[i:i + 701]), made[i:i + 701]) for i in range(0, len(made), 701))
        self.out += made
        self.kept = (self.kept + 11) % 41
        whole = len(self.out) - self.kept
        self.wire.send(self.out[:whole])
        self.out = self.out[whole:]


@test
def those_with_titles_and_chunks_inside_go_on_at_their_byte(t):
    server = server_with(t, "<takeover-after>60000</takeover-after>")
    main = Titled(server, "A", MAIN, True)
    main.play(50)
    third, backup = Titled(server, "C", THIRD, True), Titled(server, "B", BACKUP, False)
    for encoder in (third, backup):
        encoder.play(50)
    wait_for_states(server, main="writes", backup="flows", third="flows")
    listeners = [server.listener(icy=bool(number)) for number in range(2)]
    for _ in range(15):
        for encoder in (main, backup, third):
            encoder.play(9)
        upgrade(server)
    wait_for_states(server, main="writes", backup="flows", third="flows")
    for gone, tag, playing in ((main, "B", (backup, third)), (backup, "C", (third,))):
        gone.wire.leave()
        for listener in listeners:
            heard(listener, tag, *playing)
        upgrade(server)
    for listener in listeners:
        equal(runs(listener), "ABC")
    titles = [title[13:14] for title in listeners[1].titles]
    equal(titles == sorted(titles) and set(titles), {b"A", b"B", b"C"}, "the encoders of the titles: %r" % listeners[1].titles)


@test
def the_silence_of_one_that_writes_and_the_time_of_a_better_one_count_on(t):
    server = server_with(t, "<takeover-after>2500</takeover-after><return-after>3</return-after>")
    main = server.source(tag="A", login=MAIN)
    main.play(50)
    backup = server.source(tag="B", login=BACKUP)
    backup.play(50)
    wait_for_states(server, main="writes", backup="flows")

    def time_until(user, *playing):
        began = time.monotonic()

        def writes():
            for source in playing:
                source.play(5)
            upgrade(server)
            return states(server)[user] == "writes"
        wait_for(writes, user + " writes", 10)
        return time.monotonic() - began
    main.play(2)
    took = time_until("backup", backup)
    check(2.3 <= took <= 2.5 + 2, "the silence was %.1f s" % took)
    took = time_until("main", backup, main)
    check(2.8 <= took <= 3 + 2, "the better one had to wait for %.1f s" % took)
