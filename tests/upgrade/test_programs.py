"""Programs that write a mount (<exec>): they continue when the server is replaced, and its listeners hear every byte
once."""
import itertools
import os
import re
import signal
import time

from events import Events
from harness import alive, check, equal, give_away, test, wait_for
from media import mp3_frame, opus_units
from replacing import own_program, put_program, refused_upgrade, serving, upgrade

# Numbered lines, as fast as they are asked for by a file of that number.
LINES = """#!/bin/sh
i=0
while [ ! -e $1/stop ]; do
  i=$((i+1))
  echo "line $i of $$"
  echo "says $i" >&2
  sleep 0.01
done
exit 3
"""
# A file in pieces that end anywhere.
PIECES = """#!/usr/bin/env python3
import sys, time
data = open(sys.argv[1], "rb").read()
at = 0
while at < len(data):
    sys.stdout.buffer.write(data[at:at + 777])
    sys.stdout.buffer.flush()
    at += 777
    time.sleep(0.01)
time.sleep(1000)
"""


def script(t, name, text):
    path = t.dir / name
    path.write_text(text)
    path.chmod(0o755)
    give_away(t.dir)
    return str(path)


def relay(command, kind="audio/x-test", more=""):
    return ("<relay><local-mount>/made</local-mount><content-type>%s</content-type><exec>%s</exec>%s</relay>" % (kind, command, more))


def lines_server(t, more=""):
    command = "%s %s" % (script(t, "lines.sh", LINES), t.dir)
    server = t.server(body=relay(command, more=more))
    wait_for(lambda: b"/made" in server.get("/status-json.xsl").body, "the program is on the air")
    return server


def processes(server):
    return [int(pid) for pid in re.findall(r"(?:runs|goes on) as process (\d+)", server.log())]


def numbers_heard(listener, until):
    """The numbers of all received lines, up to one that is at least `until`."""
    def heard():
        return [int(n) for n in re.findall(rb"line (\d+) of \d+\n", listener.audio)]
    while not heard() or heard()[-1] < until:
        listener.read(30)
    return heard()


def newest(server):
    return int(re.findall(r"says: says (\d+)", server.log())[-1])


@test
def listeners_hear_each_line_once_through_five_upgrades(t):
    server = lines_server(t)
    listeners = [server.listener("/made") for _ in range(3)]
    for round_ in range(5):
        numbers_heard(listeners[0], newest(server) + 20)
        equal(upgrade(server)[:3], (3, 1, 1), "what was handed over")
    server.wait_for_log("relay /made: program .*lines.sh goes on as process")
    equal(len(set(processes(server))), 1, "processes")
    last = newest(server) + 20
    for listener in listeners:
        heard = numbers_heard(listener, last)
        equal(heard, list(range(heard[0], heard[-1] + 1)), "each line once")
    equal(server.log().count(" runs as process "), 1, "programs that were started")
    pid = processes(server)[0]
    equal(server.stop(), 0, "exit")
    wait_for(lambda: not alive(pid), "the program has ended with the server", 1)


@test
def frames_and_pages_stay_whole(t):
    for kind, data in (("audio/mpeg", b"".join(mp3_frame("A", n) for n in range(3000))),
                       ("application/ogg", b"".join(itertools.islice(opus_units("C"), 1500)))):
        (t.dir / "data").write_bytes(data)
        command = "%s %s" % (script(t, "pieces.py", PIECES), t.dir / "data")
        server = t.server(body=relay(command, kind))
        wait_for(lambda: b"/made" in server.get("/status-json.xsl").body, "the program is on the air")
        listener = server.listener("/made")
        for round_ in range(4):
            listener.read(20000)
            upgrade(server)
        listener.read(40000)
        tail = listener.audio[len(listener.audio) // 8:]
        check(tail in data, "what came of %s is a piece of what the program wrote" % kind)
        server.stop()


@test
def one_that_ends_is_noticed_and_started_again(t):
    server = lines_server(t)
    listener = server.listener("/made")
    upgrade(server)
    events = Events(server)
    pid = processes(server)[-1]
    (t.dir / "stop").touch()
    wait_for(lambda: not alive(pid), "it has ended", 5)
    server.wait_for_log(r"program .*lines.sh ended \(its status is not known: it was started before an upgrade\) after \d+ms")
    event = events.next("exec-ended")
    equal((event["subject"], event["status"]), ("/made", "unknown"), "the event")
    (t.dir / "stop").unlink()
    wait_for(lambda: len(processes(server)) > 2, "it is started again")
    check(listener.is_open(), "its listener waits for it")


@test
def a_server_that_is_killed_behind_upgrades_takes_its_program_with_it(t):
    server = lines_server(t)
    upgrade(server)
    upgrade(server)
    pid = processes(server)[0]
    check(alive(pid), "it runs")
    os.kill(serving(server), signal.SIGKILL)
    wait_for(lambda: not alive(pid), "the program has gone", 1)
    server.process.wait()
    server.out.unlink()
    server.start()
    wait_for(lambda: b"/made" in server.get("/status-json.xsl").body, "another one is on the air")


@test
def an_upgrade_that_is_not_made_leaves_the_program_as_it_is(t):
    place = own_program(t)
    server = lines_server(t)
    listener = server.listener("/made")
    whole = place.with_suffix(".whole")
    whole.write_bytes(place.read_bytes())
    put_program(place, "#!/bin/sh\nexit 1\n")
    refused_upgrade(server, "has ended")
    put_program(place, like=whole)
    numbers_heard(listener, newest(server) + 20)
    upgrade(server)
    heard = numbers_heard(listener, newest(server) + 20)
    equal(heard, list(range(heard[0], heard[-1] + 1)), "each line once")
    equal(len(set(processes(server))), 1, "processes")


@test
def what_the_next_configuration_says_is_done(t):
    server = lines_server(t)
    listener = server.listener("/made")
    numbers_heard(listener, 20)
    first = processes(server)[0]
    other = script(t, "other.sh", LINES)
    server.write_config(body=relay("%s %s" % (other, t.dir)))
    upgrade(server)
    wait_for(lambda: not alive(first), "the first program has ended", 10)
    second = int(server.wait_for_log(r"program .*other.sh runs as process (\d+)").group(1))
    listener.read_until(b"of %d\n" % second)
    server.write_config(body="")
    upgrade(server)
    wait_for(lambda: not alive(second), "a program that is not configured any more is ended", 10)
    server.wait_until_gone("/made")


@test
def one_that_does_not_obey_is_killed(t):
    stubborn = script(t, "stubborn.sh", "#!/bin/sh\ntrap '' TERM PIPE\nwhile :; do echo line; sleep 0.02; done 2>/dev/null\n")
    server = t.server(body=relay(stubborn))
    wait_for(lambda: b"/made" in server.get("/status-json.xsl").body, "the program is on the air")
    upgrade(server)
    pid = processes(server)[-1]
    began = time.monotonic()
    server.reload(body="")
    wait_for(lambda: not alive(pid), "it has ended", 10)
    check(time.monotonic() - began >= 1.5, "TERM does not end it, KILL does")
    server.wait_for_log("ended .its status is not known.*as it was asked to")


@test
def one_that_has_written_nothing_yet_is_started_again(t):
    silent = script(t, "silent.sh", "#!/bin/sh\nwhile [ ! -e $1/begin ]; do sleep 0.02; done\nwhile :; do echo line; sleep 0.02; done\n")
    server = t.server(body=relay("%s %s" % (silent, t.dir)))
    server.wait_for_log("runs as process")
    first = processes(server)[0]
    upgrade(server)
    wait_for(lambda: not alive(first), "the first one has gone", 5)
    wait_for(lambda: len(processes(server)) == 2, "another one is started")
    (t.dir / "begin").touch()
    wait_for(lambda: b"/made" in server.get("/status-json.xsl").body, "it is on the air")


@test
def on_demand_it_runs_on_and_ends_with_the_last_listener(t):
    command = "%s %s" % (script(t, "lines.sh", LINES), t.dir)
    server = t.server(body=relay(command, more="<on-demand>1</on-demand><run-on>0</run-on>"))
    listener = server.listener("/made")
    numbers_heard(listener, 20)
    upgrade(server)
    heard = numbers_heard(listener, newest(server) + 20)
    equal(heard, list(range(heard[0], heard[-1] + 1)), "each line once")
    pid = processes(server)[-1]
    check(alive(pid), "it runs")
    listener.close()
    wait_for(lambda: not alive(pid), "it ends without listeners", 10)
    late = server.listener("/made")
    numbers_heard(late, 5)
