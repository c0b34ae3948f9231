"""Listeners and encoders of a server that is replaced: no byte is lost or doubled, no connection ends."""
import signal
import struct
import threading

from harness import ADMIN, check, equal, give_away, mount, test, wait_for
from heard import read_until_heard, tags
from media import MP3_FRAME, mp3_numbers, ogg_packets, ogg_page, opus_page, short_adts
from replacing import own_program, put_program, refused_upgrade, serving, taken, upgrade


@test
def a_stream_goes_on_byte_for_byte_through_five_upgrades(t):
    server = t.server()
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener() for _ in range(20)]
    for round_ in range(5):
        sent += source.play(20)
        listeners_now, sources, mounts, pause = upgrade(server)
        equal((listeners_now, sources, mounts), (20, 1, 1), "what was handed over")
        check(pause < 1000, "the pause was %d ms" % pause)
        sent += source.play(20)
    for listener in listeners:
        got = listener.read(len(sent) - MP3_FRAME)
        check(sent.startswith(got), "what came differs from what was sent")
    equal(server.stat("/live.mp3", "listeners"), "20")
    late = server.listener()
    source.play(10)
    check(mp3_numbers(late.read(40 * MP3_FRAME)), "a new listener gets whole frames")
    equal(server.stop(), 0, "exit status")


@test
def formats_and_framings_go_on(t):
    server = t.server(limits="<source-timeout>120</source-timeout>")
    kinds = {"/a.mp3": ("mp3", "A", 384), "/b.aac": ("aac", "B", 300), "/c.opus": ("opus", "C", None), "/d.webm": ("webm", "D", None)}
    sources = {name: server.source(name, kind=kind, tag=tag) for name, (kind, tag, _) in kinds.items()}
    sent = {name: source.play(40) for name, source in sources.items()}
    listeners = {name: [server.listener(name) for _ in range(3)] for name in kinds}
    heads = {}
    for round_ in range(3):
        for name, source in sources.items():
            sent[name] += source.play(15)
        upgrade(server)
        for name, source in sources.items():
            sent[name] += source.play(15)
    for name, some in listeners.items():
        heads[name] = some[0].read(1000)
        last = sent[name][-4000:-2500]
        for listener in some:
            listener.read_until(last)
            equal(len(listener.audio), len(some[0].audio), "bytes of each listener of " + name)
            equal(listener.audio == some[0].audio, True, "the same bytes for each listener of " + name)
        # Behind headers that a joiner gets first, the stream is what was sent.
        tail = some[0].audio[-len(last) - 20000:]
        check(tail in sent[name], "the end of %s came as it was sent" % name)


@test
def titles_are_told_once_and_icy_blocks_stay_whole(t):
    server = t.server()
    source = server.source()
    sent = source.play(100)
    listeners = [server.listener(icy=True) for _ in range(5)]
    for round_ in range(4):
        equal(server.set_title("/live.mp3", song="Title+%d" % round_).status, 200)
        sent += source.play(60)
        upgrade(server)
        sent += source.play(60)
        # A title is told once bytes have come behind it; the next one takes its place before.
        listeners[0].read(len(sent) - 2 * MP3_FRAME - len(listeners[0].audio))
    for listener in listeners:
        listener.read(len(sent) - 2 * MP3_FRAME - len(listener.audio))
        got = listener.audio
        equal(sent.startswith(got), True, "audio between the blocks")
        songs = [title for title in listener.titles if b"Title " in title]
        equal(songs, [b"StreamTitle='Title %d';" % i for i in range(4)])
    equal(server.stat("/live.mp3", "title"), "Title 3")


@test
def no_join_is_refused_meanwhile(t):
    server = t.server()
    source = server.source()
    source.play(100)
    stop, sends, joined, failed = threading.Event(), threading.Lock(), [], []

    def join():
        while not stop.is_set():
            try:
                listener = server.listener()
                mp3_numbers(listener.read(5 * MP3_FRAME))
                listener.close()
                # Where nothing is sent, nothing shows that a listener has left, and its place is kept.
                with sends:
                    source.play(1)
                joined.append(1)
            except Exception as error:  # noqa: BLE001: any is a failure
                failed.append(error)
                return
    threads = [threading.Thread(target=join) for _ in range(4)]
    for thread in threads:
        thread.start()
    for round_ in range(5):
        before = len(joined)
        upgrade(server)
        wait_for(lambda: failed or len(joined) > before + 3, "listeners join after an upgrade")
    stop.set()
    for thread in threads:
        thread.join()
    equal(failed, [], "joins that failed")


@test
def a_mount_that_waits_for_its_source_waits_on(t):
    server = t.server(body="<mount><mount-name>/live.mp3</mount-name><linger-for>60</linger-for></mount>")
    source = server.source()
    sent = source.play(50)
    listener = server.listener()
    source.leave()
    server.wait_for_log("wait up to")
    upgrade(server)
    again = server.source(tag="B")
    more = again.play(40)
    got = listener.read(len(sent) + 30 * MP3_FRAME)
    check(got.startswith(sent), "what was sent before")
    check(more[:20 * MP3_FRAME] in got, "what was sent behind it")


@test
def the_silence_of_an_encoder_counts_on(t):
    server = t.server(limits="<source-timeout>2</source-timeout>")
    source = server.source()
    source.play(20)

    def ended():
        upgrade(server)
        return not source.is_open()
    wait_for(ended, "it is ended, whatever is replaced meanwhile: " + server.log()[-400:])
    server.wait_for_log(r"source silent 2s \(limit 2s\), ended")


@test
def its_process_number_stays_and_signals_reach_it(t):
    server = t.server()
    source = server.source()
    source.play(50)
    listener = server.listener()
    for round_ in range(3):
        upgrade(server)
        check(serving(server) != server.process.pid, "another process serves")
        server.reload(limits="<clients>%d</clients>" % (50 + round_))
        sent = source.play(20)
        listener.read_until(sent[-2 * MP3_FRAME:-MP3_FRAME])
    equal(server.stop(), 0, "exit status")
    listener.expect_end()


@test
def a_new_program_that_fails_changes_nothing(t):
    place = own_program(t)
    server = t.server()
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener() for _ in range(5)]
    program = t.dir / "whole"
    put_program(program, like=place)
    for text, why in (("#!/bin/sh\nexit 1\n", "has ended"), ("#!/bin/sh\nkill -9 $$\n", "has ended"), ("nonsense", "could not be started"),
                      ("#!/bin/sh\nprintf nonsense >&3; exec sleep 1\n", "sizes|ended")):
        put_program(place, text)
        refused_upgrade(server, why)
        sent += source.play(10)
    place.unlink()
    refused_upgrade(server, "could not be started")
    put_program(place, like=program)
    server.write_config(limits="<clients>many</clients><sources>-</sources><nonsense")
    refused_upgrade(server, "refuses")
    server.write_config(limits="")
    sent += source.play(10)
    upgrade(server)
    sent += source.play(20)
    for listener in listeners:
        got = listener.read(len(sent) - MP3_FRAME)
        check(sent.startswith(got), "what came differs from what was sent")
    equal(len(taken(server)), 1)


@test
def it_is_refused_while_it_drains(t):
    server = t.server()
    server.source().play(20)
    listener = server.listener()
    equal(server.ask("POST /admin/drain?mode=soft HTTP/1.0", ["Content-Length: 0"], ADMIN).status, 200)
    server.send_signal(signal.SIGUSR2)
    server.wait_for_log(r"the upgrade was not made.*draining: cancel that \(/admin/undrain\)")
    equal(server.get("/admin/undrain", ADMIN).status, 200)
    upgrade(server)
    check(listener.is_open(), "its listener stays")


@test
def a_stream_with_a_mark_in_each_few_bytes_goes_over(t):
    """Otherwise one encoder could prevent every upgrade of the server."""
    server = t.server(limits="<queue-size>4000000</queue-size><source-timeout>120</source-timeout>",
                      body='<mount type="default"><hls>1</hls></mount>')
    good = server.source("/good.mp3")
    sent = good.play(20)
    listener = server.listener("/good.mp3")
    hostile = {name: server.source(name, kind="aac") for name in ("/rates.aac", "/seconds.aac")}
    readers = [server.listener(name, receive_buffer=2048) for name in hostile]  # they stand still, so the windows are large
    rates = b"".join(short_adts(rate) * 2 for rate in (12, 11, 4, 3)) * 1000
    for _ in range(20):
        hostile["/rates.aac"].send(rates)
        hostile["/seconds.aac"].send(short_adts(12) * 8000)
    for name in hostile:
        wait_for(lambda name=name: int(server.stat(name, "total_bytes_read")) == 1_280_000, "all of %s is read" % name, 60)
    equal(upgrade(server)[1:3], (3, 3), "sources and mounts that were handed over")
    sent += good.play(20)
    check(sent.startswith(listener.read(len(sent) - MP3_FRAME)), "the listener of the other stream hears every byte")
    for wire in readers:
        wire.close()


@test
def listeners_that_have_not_read_large_headers_go_over(t):
    """Each is handed over with the headers, of 200 KB here: a crowd that stands still may not prevent an upgrade."""
    server = t.server(limits="<clients>400</clients><source-timeout>120</source-timeout>")
    source = server.source("/cover.opus", kind="opus")
    tags = b"OpusTags" + struct.pack("<I", 4) + b"test" + struct.pack("<I", 1) + struct.pack("<I", 200_006) + b"COVER=" + bytes(200_000)
    source.send(ogg_page(b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 312, 48000, 0, 0), 7, 0, 0, 2) + ogg_packets([tags], 7, 1)
                + b"".join(opus_page(7, number) for number in range(3000)))
    wait_for(lambda: server.stat("/cover.opus", "total_bytes_read") and int(server.stat("/cover.opus", "total_bytes_read")) > 900_000, "the burst begins behind the headers")
    readers = [server.wire(receive_buffer=1024) for _ in range(120)]
    for wire in readers:
        wire.send("GET /cover.opus HTTP/1.0\r\n\r\n")
    wait_for(lambda: server.stat("/cover.opus", "listeners") == "120", "all have begun")
    equal(upgrade(server)[0], 120, "listeners that were handed over")
    readers[0].reply_head()
    check(readers[0].take(200_300).endswith(bytes(1000)), "the headers go on where they stopped")


@test
def listeners_stay_on_the_fallback_while_their_source_sends_nothing(t):
    server = t.server(body=mount("/live", "<fallback-mount>/spare</fallback-mount><fallback-override>1</fallback-override>"))
    live, spare = (server.source("/" + name, tag=name[0].upper()) for name in ("live", "spare"))
    listener = server.listener("/live")
    read_until_heard(listener, live, "L", spare)
    live.leave()
    read_until_heard(listener, spare, "LS")
    live = server.source("/live", tag="M")
    for _ in range(2):
        upgrade(server)
        for _ in range(40):
            spare.play(5)
            listener.read(5 * 384)
    equal(tags(listener), "LS")
    read_until_heard(listener, live, "LSM", spare)


@test
def listeners_that_were_moved_stay_there_behind_it(t):
    server = t.server(body=mount("/live", "<fallback-mount>/spare</fallback-mount><fallback-override>1</fallback-override>"))
    live, spare, other = (server.source("/" + name, tag=name[0].upper()) for name in ("live", "spare", "other"))
    moved = server.listener("/live")
    read_until_heard(moved, live, "L", spare, other)
    equal(server.get("/admin/moveclients?mount=/live&destination=/other", ADMIN).xml().findtext("return"), "1")
    read_until_heard(moved, other, "LO", live, spare)
    falls_back = server.listener("/live")
    read_until_heard(falls_back, live, "L", spare, other)
    upgrade(server)
    live.leave()
    read_until_heard(falls_back, spare, "LS", other)
    live = server.source("/live", tag="M")
    read_until_heard(falls_back, live, "LSM", spare, other)
    for _ in range(40):
        for source in (live, spare, other):
            source.play(5)
        moved.read(384)
    equal(tags(moved), "LO")
