"""A server that records is replaced: the recording is one range, in the same files, with every byte once."""
import os
import re
import signal
import time

from backend import ACCEPT, Backend
from harness import check, equal, give_away, mount, test, wait_for
from media import MP3_FRAME
from replacing import own_program, put_program, refused_upgrade, taken, upgrade
from syscalls import Faults, Rule

ARCHIVE = "<mount type='default'><archive>1</archive></mount>"
PATIENT = "<source-timeout>120</source-timeout>"


def recorder(t, body=ARCHIVE, **slots):
    give_away(t.dir)
    return t.server(limits=PATIENT, body="<archive><dir>%s</dir></archive>%s" % (t.dir / "archive", body), **slots)


def data_files(t):
    return sorted((t.dir / "archive").glob("**/*.data"))


def recorded(t, sent):
    """The content of the files equals the sent bytes, as far as it was written; returns its size."""
    got = b"".join(path.read_bytes() for path in data_files(t))
    equal(got == sent[:len(got)], True, "what was recorded")
    return len(got)


@test
def the_same_file_goes_on_byte_for_byte(t):
    server = recorder(t)
    source = server.source()
    sent = source.play(100)
    wait_for(lambda: data_files(t) and recorded(t, sent) > 10 * MP3_FRAME, "it records")
    for _ in range(4):
        before = recorded(t, sent)
        upgrade(server)
        sent += source.play(80)
        wait_for(lambda: recorded(t, sent) > before + 40 * MP3_FRAME, "it goes on recording: " + server.log()[-1500:])
    equal(len(data_files(t)), 1, "files")
    check("made whole after a crash" not in server.log(), "no file is taken for one of a crash: " + server.log()[-1500:])
    # What lies in a socket when the server ends was never read.
    wait_for(lambda: int(server.stat("/live.mp3", "total_bytes_read") or 0) >= len(sent), "all has been read")
    equal(server.stop(), 0)
    check(recorded(t, sent) >= len(sent) - 2 * MP3_FRAME, "all of it is there: %d of %d" % (recorded(t, sent), len(sent)))
    # What is there is read by the next process.
    server = recorder(t)
    wait_for(lambda: re.search(r"archive [^\n]*: 1 files", server.log()), "its files are found")
    check("made whole" not in server.log() and "not readable" not in server.log(), server.log()[-1000:])


@test
def an_upgrade_that_is_not_made_leaves_the_recording_as_it_was(t):
    place = own_program(t)
    server = recorder(t)
    source = server.source()
    sent = source.play(100)
    wait_for(lambda: data_files(t) and recorded(t, sent) > 10 * MP3_FRAME, "it records")
    program = t.dir / "whole"
    put_program(program, like=place)
    # It takes the offer and all that there is, and dies before it says so.
    put_program(place, "#!/bin/sh\nulimit -v 60000; exec %s \"$@\"\n" % program)
    for _ in range(2):
        refused_upgrade(server, "has ended|refuses")
        before = recorded(t, sent)
        sent += source.play(80)
        wait_for(lambda: recorded(t, sent) > before + 40 * MP3_FRAME, "it goes on recording: " + server.log()[-1500:])
    put_program(place, like=program)
    upgrade(server)
    sent += source.play(80)
    wait_for(lambda: recorded(t, sent) >= len(sent) - 45 * MP3_FRAME, "it goes on recording")
    equal(len(data_files(t)), 1, "files")


@test
def a_dump_file_goes_on(t):
    dump = t.dir / "dump.mp3"
    give_away(t.dir)
    server = t.server(limits=PATIENT, body="<mount><mount-name>/live.mp3</mount-name><dump-file>%s</dump-file></mount>" % dump)
    source = server.source()
    sent = source.play(50)
    for _ in range(3):
        upgrade(server)
        sent += source.play(50)
        wait_for(lambda: dump.stat().st_size >= len(sent) - 2 * MP3_FRAME, "it is dumped")
    equal(server.stop(), 0)
    equal(dump.read_bytes() == sent[:dump.stat().st_size], True, "what was dumped")


@test
def a_configuration_that_records_no_more_ends_the_file(t):
    server = recorder(t)
    source = server.source()
    sent = source.play(100)
    wait_for(lambda: data_files(t) and recorded(t, sent) > 10 * MP3_FRAME, "it records")
    server.write_config(limits=PATIENT, body="<archive><dir>%s</dir></archive>" % (t.dir / "archive"))
    upgrade(server)
    sent += source.play(60)
    server.wait_for_log("recording ended, because it was switched off")
    wait_for(lambda: data_files(t)[0].with_suffix(".idx").read_bytes()[-35] == 5, "its index has an END")
    recorded(t, sent)


@test
def streams_that_end_or_begin_while_an_upgrade_begins_are_whole(t):
    """The files are at rest, and a backend has not answered yet: a recording and a dump end, and other dumps begin."""
    backend = t.owned(Backend(lambda form: None if form["action"] == "listener_add" else ACCEPT))
    give_away(t.dir)
    dumped = mount("/%s.mp3", "<linger-for>0</linger-for><dump-file>" + str(t.dir) + "/dump-%s</dump-file>")
    server = t.server(limits=PATIENT, body="<archive><dir>%s</dir></archive>" % (t.dir / "archive") + dumped % ("b", "b") + dumped % ("c", "c") +
                      mount("/a.mp3", "<linger-for>0</linger-for><archive>1</archive>"
                            "<authentication type='url'><option name='listener_add' value='%s'/></authentication>" % backend.url()))
    a, b = server.source("/a.mp3"), server.source("/b.mp3")
    recording, dumps = a.play(100), {"b": b.play(50)}
    wait_for(lambda: data_files(t) and recorded(t, recording) > 10 * MP3_FRAME, "it records")
    server.wire().send("GET /a.mp3 HTTP/1.0\r\n\r\n")
    backend.wait_for("listener_add", 1)
    server.send_signal(signal.SIGUSR2)
    # Nothing shows that the next process is ready, and answers are waited for for 2 s.
    time.sleep(0.8)
    for source in (a, b):
        source.leave()
    server.wait_until_gone("/b.mp3")
    again = {name: server.source("/%s.mp3" % name, tag=name.upper()) for name in "bc"}
    for name, source in again.items():
        dumps[name] = dumps.get(name, b"") + source.play(50)
    backend.release.set()
    wait_for(lambda: taken(server), "it is replaced: " + server.log()[-900:], 10)
    check("was not made" not in server.log(), server.log()[-900:])
    check(recorded(t, recording) > 90 * MP3_FRAME, "the recording has its end")
    for name, source in again.items():
        sent, path = dumps[name] + source.play(50), t.dir / ("dump-" + name)
        wait_for(lambda: path.stat().st_size >= len(sent) - 2 * MP3_FRAME, "%s is dumped: %d of %d" % (name, path.stat().st_size, len(sent)))
        equal(path.read_bytes() == sent[:path.stat().st_size], True, "what was dumped")
