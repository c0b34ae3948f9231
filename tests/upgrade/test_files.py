"""Listeners of an intro and of a fallback file, while the server is replaced: each hears on, byte for byte."""
from harness import check, equal, mount, test, wait_for
from media import MP3_FRAME, mp3_numbers, opus_headers, opus_page
from replacing import upgrade
from web_files import mp3_file, order, started

PATIENT = "<source-timeout>120</source-timeout>"
INTRO = mount("/a.mp3", "<intro>/intro.mp3</intro>")
FALLBACK = mount("/a.mp3", "<fallback-mount>/file.mp3</fallback-mount><fallback-override>1</fallback-override>")


def loops(numbers, length):
    for one, next_one in zip(numbers, numbers[1:]):
        equal(next_one, (one + 1) % length, "frame after %d" % one)


@test
def an_intro_is_heard_to_its_end_and_then_the_stream(t):
    frames = 20000
    server = started(t, INTRO, {"intro.mp3": mp3_file("I", frames)}, limits=PATIENT)
    source = server.source("/a.mp3", tag="A")
    source.play(20)
    listeners = [server.listener("/a.mp3") for _ in range(4)]
    for round_ in range(4):
        for listener in listeners:
            listener.read(1000 * MP3_FRAME + 100)
        if round_ == 2:
            # The file is another one meanwhile: what has begun is heard to its end.
            (server.dir / "web" / "intro.mp3").write_bytes(mp3_file("J", 50))
        upgrade(server)
        equal(server.stat("/a.mp3", "listeners"), "4", "they are listeners of the mount")
    for listener in listeners:
        # In parts: each has its own time on a busy machine.
        while len(listener.audio) < frames * MP3_FRAME:
            listener.read(min(1000 * MP3_FRAME, frames * MP3_FRAME - len(listener.audio)))
        equal(mp3_numbers(listener.audio) == [("I", n) for n in range(frames)], True, "the whole intro")
    late = server.listener("/a.mp3")
    wait_for(lambda: late.read(MP3_FRAME) and ("A", 19) in mp3_numbers(late.audio), "the stream follows the new intro")
    equal(order(late), "JA")
    source.play(5)
    for listener in listeners:
        wait_for(lambda: listener.read(MP3_FRAME) and ("A", 24) in mp3_numbers(listener.audio[frames * MP3_FRAME:]), "the stream follows")
        equal(order(listener), "IA")
    equal(server.stat("/a.mp3", "listeners"), "5")
    equal(server.stop(), 0)


@test
def an_intro_of_a_stream_that_has_ended_leads_to_its_rest_and_on(t):
    server = started(t, mount("/a.mp3", "<intro>/intro.mp3</intro><fallback-mount>/b.mp3</fallback-mount><linger-for>0</linger-for>"),
                     {"intro.mp3": mp3_file("I", 4000)}, limits=PATIENT)
    fallback, source = server.source("/b.mp3", tag="B"), server.source("/a.mp3", tag="A")
    fallback.play(20)
    source.play(20)
    listeners = [server.listener("/a.mp3", icy=bool(n)) for n in range(2)]
    source.leave()
    server.wait_for_log('at "/a.mp3" exiting')
    for _ in range(3):
        for listener in listeners:
            listener.read(700 * MP3_FRAME)
        upgrade(server)
    for listener in listeners:
        listener.read(4020 * MP3_FRAME - len(listener.audio))
        wanted = [("I", n) for n in range(4000)] + [("A", n) for n in range(20)]
        equal(mp3_numbers(listener.audio) == wanted, True, "the intro and the stream, whole: " + order(listener))
        wait_for(lambda: fallback.play(1) and listener.read(MP3_FRAME) and order(listener) == "IAB", "the fallback follows")


@test
def a_fallback_file_goes_on_at_its_byte(t):
    server = started(t, FALLBACK, {"file.mp3": mp3_file("F", 40)}, limits=PATIENT + "<burst-size>16000</burst-size>")
    wait_for(lambda: server.ask("HEAD /a.mp3 HTTP/1.0").status == 200, "the file is ready")
    listeners = [server.listener("/a.mp3", icy=bool(n % 2)) for n in range(4)]
    for round_ in range(4):
        for listener in listeners:
            listener.read(50 * MP3_FRAME)
        if round_ == 1:
            (server.dir / "web" / "file.mp3").write_bytes(mp3_file("G", 30))
        upgrade(server)
        # From the first turn of its worker on.
        wait_for(lambda: server.stats().findtext("sources") == "1", "the file counts as a source")
    for listener in listeners:
        # Its round is played to the end; the next one is the new file's.
        wait_for(lambda: listener.read(10 * MP3_FRAME) and order(listener) == "FG", "the new file is heard")
        heard = mp3_numbers(listener.audio[:len(listener.audio) // MP3_FRAME * MP3_FRAME])
        old = [number for tag, number in heard if tag == "F"]
        loops(old, 40)
        equal(old[-1], 39, "the old one was played to its end")
        loops([number for tag, number in heard if tag == "G"], 30)
    source = server.source("/a.mp3", tag="B")

    def is_home(listener):
        source.play(5)
        listener.read(5 * MP3_FRAME)
        return order(listener) == "FGB"
    for listener in listeners:
        wait_for(lambda: is_home(listener), "the listener comes home: " + order(listener))
    wait_for(lambda: server.stat("/a.mp3", "listeners") == "4", "they are counted at home")
    wait_for(lambda: server.stats().findtext("sources") == "1", "the file rests")
    equal(server.stop(), 0)


@test
def a_fallback_file_of_ogg_stays_whole(t):
    content = opus_headers(9) + b"".join(opus_page(9, n) for n in range(120))
    server = started(t, mount("/a.ogg", "<fallback-mount>/file.ogg</fallback-mount>"), {"file.ogg": content},
                     limits=PATIENT + "<burst-size>8192</burst-size>")
    wait_for(lambda: server.ask("HEAD /a.ogg HTTP/1.0").status == 200, "the file is ready")
    listener = server.listener("/a.ogg")
    for _ in range(5):
        listener.read(len(content) // 4 + 37)
        upgrade(server)
    listener.read(2 * len(content) - len(listener.audio) - 1)
    serials, at, last = [], 0, None
    while at + 27 + 255 < len(listener.audio):
        equal(listener.audio[at:at + 4], b"OggS", "page at %d" % at)
        serial, number = listener.audio[at + 14:at + 18], int.from_bytes(listener.audio[at + 18:at + 22], "little")
        if listener.audio[at + 5] & 2:
            serials.append(serial)
        elif at > 0:
            equal(number, last + 1, "no page is missing")
        last = number
        equal(serial, serials[-1])
        lacing = listener.audio[at + 27:at + 27 + listener.audio[at + 26]]
        at += 27 + len(lacing) + sum(lacing)
    equal(len(serials), 2, "chains")
    equal(server.stop(), 0)


@test
def one_whose_fallback_is_gone_from_the_configuration_ends_whole(t):
    server = started(t, FALLBACK, {"file.mp3": mp3_file("F", 40)}, limits=PATIENT)
    wait_for(lambda: server.ask("HEAD /a.mp3 HTTP/1.0").status == 200, "the file is ready")
    listener = server.listener("/a.mp3")
    listener.read(50 * MP3_FRAME)
    server.write_config(body=mount("/a.mp3", ""))
    upgrade(server)
    rest = listener.take_all()
    equal(len(rest) % MP3_FRAME, 0, "it ends behind a frame")
    loops([number for _, number in mp3_numbers(listener.audio)], 40)
    check(server.get("/a.mp3").status == 404, "and nothing plays there")
    equal(server.stop(), 0)
