"""Files and programs of a mount: intro, fallback files, dumps, on-connect."""
import os
import re
import time

from harness import ADMIN, RELAY, check, equal, give_away, matches, mount, test, wait_for
from media import MP3_FRAME, adts_frame, mp3_numbers, opus_headers, opus_page
from web_files import mp3_file, order, started


def script(server, name, text):
    path = server.dir / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


INTRO = mount("/a.mp3", "<intro>/intro.mp3</intro>")


@test
def the_intro_comes_whole_before_the_stream(t):
    server = started(t, INTRO, {"intro.mp3": mp3_file("I", 50, b"ID3\x04\0\0\0\0\0\x0a" + bytes(10))})
    source = server.source("/a.mp3", tag="A")
    source.play(20)
    listener = server.listener("/a.mp3")
    listener.read(70 * MP3_FRAME)
    equal(mp3_numbers(listener.audio), [("I", n) for n in range(50)] + [("A", n) for n in range(20)])
    source.play(1)
    listener.read(MP3_FRAME)
    equal(server.stat("/a.mp3", "listeners"), "1")


@test
def titles_keep_their_place_through_the_intro(t):
    server = started(t, INTRO, {"intro.mp3": mp3_file("I", 100)})
    source = server.source("/a.mp3", tag="A")
    source.play(200)
    server.set_title("/a.mp3", song="the song")
    source.play(100)
    listener = server.listener("/a.mp3", icy=True)
    listener.read_title(b"StreamTitle='the song';")
    check(listener.blocks >= 3, "blocks came inside the intro")
    whole = len(listener.audio) // MP3_FRAME * MP3_FRAME
    listener.audio = listener.audio[:whole]
    equal(order(listener), "IA")


@test
def an_intro_of_another_format_is_skipped_and_named_once(t):
    server = started(t, INTRO, {"intro.mp3": b"".join(adts_frame("I", n) for n in range(50))})
    source = server.source("/a.mp3", tag="A")
    source.play(10)
    for _ in range(2):
        listener = server.listener("/a.mp3")
        listener.read(5 * MP3_FRAME)
        equal(order(listener), "A")
    matches("intro /intro.mp3 is skipped", server.log())
    equal(server.log().count("is skipped"), 1)


@test
def a_missing_intro_is_only_a_warning(t):
    server = started(t, INTRO)
    server.source("/a.mp3", tag="A").play(10)
    server.listener("/a.mp3").read(5 * MP3_FRAME)
    server.wait_for_log("WARN.*intro.mp3 is not a file")


@test
def who_hears_an_intro_is_a_listener_of_its_mount(t):
    server = started(t, INTRO, {"intro.mp3": mp3_file("I", 20000)})
    server.source("/a.mp3", tag="A").play(10)
    listener = server.listener("/a.mp3")
    page = server.get("/admin/listclients?mount=/a.mp3", ADMIN).text
    number = matches("<ID>([0-9]+)</ID>", page).group(1)
    server.get("/admin/killclient?mount=/a.mp3&id=" + number, ADMIN)
    listener.expect_end()
    wait_for(lambda: server.stat("/a.mp3", "listeners") == "0", "the listener is counted no more")


@test
def a_dump_has_every_byte_of_the_stream(t):
    server = started(t, mount("/a.mp3", "<dump-file>%(dir)s/dump-%%Y.mp3</dump-file>"))
    source = server.source("/a.mp3", tag="A")
    sent = b"".join(source.play(100) for _ in range(5))
    source.leave()
    server.wait_for_log("dump-file .* closed after %d bytes" % len(sent))
    equal((server.dir / time.strftime("dump-%Y.mp3")).read_bytes(), sent)
    source = server.source("/a.mp3", tag="B")
    more = source.play(10)
    source.leave()
    server.wait_for_log("dump-file .* closed after %d bytes" % len(more))
    equal((server.dir / time.strftime("dump-%Y.mp3")).read_bytes(), sent + more)


@test
def a_dump_of_a_pattern_is_named_by_its_mount(t):
    server = started(t, mount("/*", "<dump-file>%(dir)s/${mount}.dump</dump-file>"))
    for name in ("a.mp3", "per%25Y.mp3"):
        source = server.source("/" + name, tag="A")
        sent = source.play(20)
        source.leave()
        server.wait_for_log("dump-file .*%s.dump closed after %d bytes" % (name.replace("%25", "%"), len(sent)))
        equal((server.dir / (name.replace("%25", "%") + ".dump")).read_bytes(), sent)


@test
def an_ogg_dump_begins_with_its_headers(t):
    server = started(t, mount("/a.ogg", "<dump-file>%(dir)s/dump.ogg</dump-file>"))
    source = server.source("/a.ogg", kind="opus")
    sent = source.play(60)
    source.leave()
    server.wait_for_log("dump-file .* closed")
    equal((server.dir / "dump.ogg").read_bytes(), sent)


@test
def a_full_disk_ends_the_dump_and_nothing_else(t):
    server = started(t, mount("/a.mp3", "<dump-file>/dev/full</dump-file>"))
    source = server.source("/a.mp3", tag="A")
    listener = server.listener("/a.mp3")
    source.play(50)
    server.wait_for_log("EROR.*/dev/full: No space left on device")
    source.play(50)
    listener.read(100 * MP3_FRAME)
    equal(server.log().count("No space left"), 1)


@test
def programs_run_when_a_source_comes_and_goes(t):
    server = t.unstarted_server()
    for name in ("on", "off"):
        script(server, name, 'echo "$0 $1 $# $EVENT_TRIGGER $SOURCE_MEDIA_TYPE $ICECAST_HOSTNAME" >> %s/%s.txt\n' % (server.dir, name))
    server.write_config(body=mount("/a.mp3", "<on-connect>%s/on</on-connect><on-disconnect>%s/off</on-disconnect>" %
                                   (server.dir, server.dir)))
    server.start()

    def told(name):
        path = server.dir / (name + ".txt")
        return wait_for(lambda: path.exists() and path.read_text(), name + " has run")
    source = server.source("/a.mp3")
    equal(told("on"), "%s/on /a.mp3 1 source-connect audio/mpeg 127.0.0.1\n" % server.dir)
    source.leave()
    equal(told("off"), "%s/off /a.mp3 1 source-disconnect audio/mpeg 127.0.0.1\n" % server.dir)

    def states():
        found = []
        for entry in os.listdir("/proc"):
            try:
                fields = open("/proc/%s/stat" % entry).read().rsplit(")", 1)[1].split() if entry.isdigit() else []
            except OSError:
                continue
            if fields and fields[1] == str(server.process.pid):
                found.append(fields[0])
        return found
    wait_for(lambda: not states(), "the programs that have ended are reaped")


@test
def a_program_may_have_arguments_in_place_of_the_mount(t):
    server = t.unstarted_server()
    script(server, "on", 'echo "$# $*" >> %s/on.txt\n' % server.dir)
    (server.dir / "a place").mkdir()
    script(server, "a place/off", 'echo "$# $*" >> %s/off.txt\n' % server.dir)
    server.write_config(body=mount("/live/*", "<on-connect>%s/on start 'of a' ${mount}</on-connect><on-disconnect>%s/a place/off"
                                   "</on-disconnect>" % (server.dir, server.dir)) +
                        mount("/-*", "<on-connect>%s/dash -n ${mount}</on-connect>" % server.dir))
    script(server, "dash", 'echo "$*" > %s/dash.tmp; mv %s/dash.tmp %s/dash.txt\n' % ((server.dir,) * 3))
    server.start()

    def told(name):
        path = server.dir / (name + ".txt")
        return wait_for(lambda: path.exists() and path.read_text(), name + " has run")
    source = server.source("/live/a.mp3")
    equal(told("on"), "3 start of a live/a.mp3\n")
    source.leave()
    equal(told("off"), "1 /live/a.mp3\n")
    server.source("/-rf").leave()
    equal(told("dash"), "-n ./-rf\n", "a name is not an option")
    status, out, err = t.run("--check-config", server.config)
    check("on-connect" not in out + err, "no report of the program: " + out + err)


@test
def a_program_inherits_nothing(t):
    server = t.unstarted_server()
    # The shell reads its own state: while it starts another program it blocks every signal for a moment.
    script(server, "on", "ls -l /proc/$$/fd > %s/fds.tmp; while read -r line; do echo \"$line\"; done "
           "< /proc/$$/status >> %s/fds.tmp; mv %s/fds.tmp %s/fds\n" % ((server.dir,) * 4))
    server.write_config(body=mount("/b.mp3", "<on-connect>%s/on</on-connect>" % server.dir))
    server.start()
    server.source("/a.mp3").play(1)
    listeners = [server.listener("/a.mp3") for _ in range(5)]
    server.source("/b.mp3")
    text = wait_for(lambda: (server.dir / "fds").exists() and (server.dir / "fds").read_text(), "the program has run")
    for ours in ("socket:", "memfd", "eventfd", "eventpoll", ".log"):
        check(ours not in text, "no descriptor of the server: " + text)
    equal(text.count("/dev/null"), 3, "standard input, output and error")
    matches("SigBlk:\t0+$", text)
    # Of the C library's own signals, 32 and 33, nobody can say how they are treated.
    matches(r"SigIgn:\t0{7}[01][08]0{7}$", text)
    del listeners


@test
def a_program_sees_no_password_of_the_environment(t):
    server = t.unstarted_server()
    script(server, "on", "env > %s/env.tmp; mv %s/env.tmp %s/env\n" % ((server.dir,) * 3))
    server.write_config(body=mount("/b.mp3", "<on-connect>%s/on</on-connect>" % server.dir))
    server.start(env=dict(os.environ, ICECAST_ADMIN_PASSWORD="hunter2", NOTIFY_SOCKET_X="x", TZ="Europe/Prague"))
    server.source("/b.mp3")
    text = wait_for(lambda: (server.dir / "env").exists() and (server.dir / "env").read_text(), "the program has run")
    check("hunter2" not in text and "NOTIFY_SOCKET_X" not in text, "no strange variable: " + text)
    check("TZ=Europe/Prague" in text and "PATH=" in text and "EVENT_TRIGGER=" in text, "what it needs: " + text)


@test
def a_program_that_cannot_run_is_named(t):
    server = started(t, mount("/a.mp3", "<on-connect>/nowhere/at/all</on-connect>"))
    server.source("/a.mp3")
    server.wait_for_log("EROR.*mount /a.mp3: program /nowhere/at/all could not be run .No such file")


FALLBACK = mount("/a.mp3", "<fallback-mount>/file.mp3</fallback-mount><fallback-override>1</fallback-override>")


@test
def a_mount_without_a_source_plays_its_fallback_file_in_a_loop(t):
    server = started(t, FALLBACK, {"file.mp3": mp3_file("F", 40)}, limits="<burst-size>16000</burst-size>")
    wait_for(lambda: server.ask("HEAD /a.mp3 HTTP/1.0").status == 200, "the file is ready")
    began = time.monotonic()
    listener = server.listener("/a.mp3")
    equal(listener.head.get("content-type"), "audio/mpeg")
    listener.read(100 * MP3_FRAME)
    took = time.monotonic() - began
    numbers = [number for _, number in mp3_numbers(listener.audio)]
    for one, next_one in zip(numbers, numbers[1:]):
        equal(next_one, (one + 1) % 40, "frame after %d" % one)
    # 38400 bytes less the burst, at 16000 bytes a second.
    check(0.9 <= took <= 4, "the file is paced: %.2fs" % took)
    equal(server.stats().findtext("sources"), "1")
    check(server.public_stats().get("source") is None or "file.mp3" not in str(server.public_stats()), "the file is hidden")
    row = re.search(r'<source mount="/file.mp3">.*?</source>', server.get("/admin/listmounts", ADMIN).text)
    equal(row and row[0], '<source mount="/file.mp3"><fallback></fallback><listeners>1</listeners>'
          '<content-type>audio/mpeg</content-type></source>')
    equal(server.get("/admin/streamlist.txt", RELAY).text, "", "no slave relays a file")
    listener.close()
    wait_for(lambda: server.stats().findtext("sources") == "0", "the file rests when nobody listens")


@test
def a_file_that_plays_under_the_name_of_a_section_has_one_row(t):
    server = started(t, FALLBACK + mount("/file.mp3", "<fallback-mount>/standby.mp3</fallback-mount>"), {"file.mp3": mp3_file("F", 40)})
    server.source("/standby.mp3")
    rows = lambda: [row.findtext("listeners") for row in server.stats().findall("source") if row.get("mount") == "/file.mp3"]  # noqa: E731
    equal(rows(), ["0"], "its fallback plays")
    listener = server.listener("/a.mp3")
    listener.read(MP3_FRAME)
    equal(rows(), ["1"], "the file plays")


@test
def listeners_of_a_fallback_file_are_listed_and_killed_under_its_name(t):
    server = started(t, FALLBACK, {"file.mp3": mp3_file("F", 40)})
    wait_for(lambda: server.ask("HEAD /a.mp3 HTTP/1.0").status == 200, "the file is ready")
    listener = server.listener("/a.mp3")
    listener.read(MP3_FRAME)
    check('mount="/file.mp3"' in server.get("/admin/stats?mount=/file.mp3", ADMIN).text, "the file is not in the statistics")
    found = re.findall("<ID>([0-9]+)", server.get("/admin/listclients?mount=/file.mp3", ADMIN).text)
    equal(len(found), 1, "listeners of the file")
    check("removed" in server.get("/admin/killclient?mount=/file.mp3&id=" + found[0], ADMIN).text, "the listener is not found")
    listener.expect_end()


@test
def a_fallback_file_has_the_settings_of_its_own_name(t):
    def header(value):
        return '<http-headers><header name="X-Page" value="%s"/></http-headers>' % value
    every = '<mount type="default">%s<mp3-metadata-interval>4000</mp3-metadata-interval></mount>'
    server = started(t, FALLBACK + every % header("one"), {"file.mp3": mp3_file("F", 40)})
    wait_for(lambda: server.ask("HEAD /a.mp3 HTTP/1.0").status == 200, "the file is ready")
    head = server.listener("/a.mp3", icy=True).head
    equal((head.get("x-page"), head.get("icy-metaint")), ("one", "4000"))
    server.reload(body=FALLBACK + mount("/file.mp3", header("two")) + every % "")
    wait_for(lambda: server.listener("/a.mp3").head.get("x-page") == "two", "a reload counts for the file too")


@test
def listeners_hear_the_file_while_the_source_is_away(t):
    server = started(t, FALLBACK, {"file.mp3": mp3_file("F", 40)})
    source = server.source("/a.mp3", tag="A")
    listener = server.listener("/a.mp3", icy=True)
    source.play(20)
    listener.read(20 * MP3_FRAME)
    source.leave()
    listener.read(60 * MP3_FRAME)
    equal(order(listener), "AF")
    source = server.source("/a.mp3", tag="B")

    def is_home():
        source.play(5)
        listener.read(5 * MP3_FRAME)
        return order(listener) == "AFB"
    wait_for(is_home, "the listener comes home")
    wait_for(lambda: server.stat("/a.mp3", "listeners") == "1", "it is counted at home")


@test
def each_outage_begins_with_the_first_frame_of_the_file(t):
    server = started(t, FALLBACK, {"file.mp3": mp3_file("F", 400)})
    listeners = []
    for outage, tag in enumerate("ABC"):
        source = server.source("/a.mp3", tag=tag)
        if not listeners:
            listeners += [server.listener("/a.mp3") for _ in range(3)]

        def is_home():
            source.play(5)
            for one in listeners:
                one.read(5 * MP3_FRAME)
            return all(order(one).endswith(tag) for one in listeners)
        wait_for(is_home, "all hear source " + tag)
        source.leave()
        for one in listeners:
            def after_source():
                one.read(5 * MP3_FRAME)
                heard = mp3_numbers(one.audio)
                return heard[max(at for at, (of, _) in enumerate(heard) if of == tag) + 1:]
            wait_for(lambda: len(after_source()) >= 20, "the file is heard")
            equal(after_source()[:20], [("F", number) for number in range(20)], "outage %d" % outage)


@test
def an_ogg_file_loops_in_chains_of_their_own(t):
    content = opus_headers(9) + b"".join(opus_page(9, n) for n in range(100))
    server = started(t, mount("/a.ogg", "<fallback-mount>/file.ogg</fallback-mount>"), {"file.ogg": content},
                     limits="<burst-size>%d</burst-size>" % (len(content) * 2))
    wait_for(lambda: server.ask("HEAD /a.ogg HTTP/1.0").status == 200, "the file is ready")
    listener = server.listener("/a.ogg")
    check(listener.head.get("content-type") in ("application/ogg", "audio/ogg"), "its type is Ogg")
    listener.read(len(content) * 2)
    serials, at = [], 0
    while at < len(listener.audio):
        equal(listener.audio[at:at + 4], b"OggS", "page at %d" % at)
        serial = listener.audio[at + 14:at + 18]
        if listener.audio[at + 5] & 2:
            check(serial not in serials, "a new serial")
            serials.append(serial)
        equal(serial, serials[-1])
        lacing = listener.audio[at + 27:at + 27 + listener.audio[at + 26]]
        at += 27 + len(lacing) + sum(lacing)
    equal(len(serials), 2)


@test
def names_of_a_type_may_differ_between_a_stream_and_its_fallback_file(t):
    content = opus_headers(9) + b"".join(opus_page(9, n) for n in range(100))
    server = started(t, mount("/a.ogg", "<fallback-mount>/file.ogg</fallback-mount>"), {"file.ogg": content})
    source = server.source("/a.ogg", kind="opus")
    listener = server.listener("/a.ogg")
    sent = source.play(60)
    listener.read(len(sent))
    source.leave()
    listener.read(len(content) // 2)
    equal(listener.audio[len(sent):len(sent) + 4], b"OggS")


@test
def a_fallback_file_whose_rate_is_not_known_needs_it_in_its_name(t):
    server = started(t, mount("/a.webm", "<fallback-mount>/f.webm</fallback-mount>"),
                     {"f.webm": b"\x1a\x45\xdf\xa3" + bytes(5000)})
    server.wait_for_log("WARN.*fallback-mount /f.webm: its bit rate is not known")
    equal(server.get("/a.webm").status, 404)


@test
def a_client_that_reads_nothing_of_a_file_has_little_of_it_in_the_kernel(t):
    """Otherwise 300 such clients at once would occupy a worker, and its listeners, for a second."""
    server = t.server()
    (server.dir / "web" / "large.bin").write_bytes(bytes(8_000_000))
    give_away(server.dir)
    wire = server.wire(receive_buffer=4096)
    wire.send("GET /large.bin HTTP/1.0\r\n\r\n")
    wire.take(1)
    ports = "0100007F:%04X 0100007F:%04X" % (server.port, wire.socket.getsockname()[1])

    def queued():
        line = next(line for line in open("/proc/net/tcp") if ports in line)
        return int(line.split()[4].split(":")[0], 16)
    wait_for(lambda: queued() > 50_000, "it gets what fits")
    for _ in range(50):     # as many turns of the worker
        server.get("/none")
    check(queued() < 500_000, "%d bytes wait for it in the kernel" % queued())
