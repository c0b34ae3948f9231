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
def streams_that_end_or_begin_while_an_upgrade_begins_do_not_refuse_it(t):
    """Of a dump's slow disk, the recordings are at rest for a while before all stands still."""
    faults = Faults(t)
    give_away(t.dir)
    names = ["a%d" % n for n in range(16)]
    dumped = "<linger-for>0</linger-for><archive>1</archive><dump-file>%s/dump-%%s</dump-file>" % t.dir
    server = t.unstarted_server(limits=PATIENT + "<sources>40</sources>", body="<archive><dir>%s</dir></archive>" % (t.dir / "archive") + "".join(
        mount("/" + name, dumped % name) for name in ["slow"] + names))
    server.start(env=dict(os.environ, **faults.environment))
    slow = server.source("/slow")
    faults.put([Rule("write", path="dump-slow", seconds=0.4)])
    wait_for(lambda: slow.play(1) and faults.hits() > 0, "the disk is slow")
    server.send_signal(signal.SIGUSR2)
    sent = {}
    for name in names:
        if taken(server):
            break
        slow.play(5)
        source = server.source("/" + name)
        sent[name] = source.play(30)
        time.sleep(0.05)    # each lives for a moment
        source.leave()
    faults.clear()
    wait_for(lambda: taken(server), "it is replaced: " + server.log()[-900:], 10)
    check("was not made" not in server.log(), server.log()[-900:])
    for name, data in sent.items():
        path = t.dir / ("dump-" + name)
        wait_for(lambda: path.exists() and path.stat().st_size >= len(data) - 2 * MP3_FRAME, "/%s is dumped" % name)
        equal(path.read_bytes() == data[:path.stat().st_size], True, "what was dumped")


@test
def listeners_do_not_wait_for_a_slow_disk_of_a_recording(t):
    backend, faults = t.owned(Backend()), Faults(t)
    give_away(t.dir)
    # The source is quiet, so those that have left are counted for seconds.
    server = t.unstarted_server(limits=PATIENT + "<clients>10000</clients>", body="<archive><dir>%s</dir></archive>" % (t.dir / "archive") + mount(
        "/a.mp3", "<archive>1</archive><authentication type='url'><option name='listener_add' value='%s'/></authentication>" % backend.url()))
    server.start(env=dict(os.environ, **faults.environment))
    source = server.source("/a.mp3")
    faults.put([Rule("write", path="archive/", seconds=3, times=1)])
    wait_for(lambda: source.play(1) and faults.hits() > 0, "the disk is slow")
    server.send_signal(signal.SIGUSR2)
    waits = []
    while not taken(server):
        begin = time.monotonic()
        server.listener("/a.mp3").close()
        waits.append(time.monotonic() - begin)
    check("was not made" not in server.log(), server.log()[-900:])
    check(max(waits) < 1.5, "they waited for %r s" % waits)
