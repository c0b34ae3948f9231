"""Slow disks and large files while the server is replaced: nothing waits for them while all stands still."""
import os
import re

from encoders import Ear
from harness import check, give_away, mount, test, wait_for
from recorder import Studio
from replacing import upgrade
from syscalls import Faults, Rule
from web_files import mp3_file

LATE = 2            # seconds
SHORT = 1.5         # seconds: longer than any silence without a late call


def state_server(t, body, files=()):
    """A server under rules, with a state directory; files: of its web root, by name."""
    faults, state, web = Faults(t), t.dir / "state", t.dir / "web"
    for place in (state, web):
        place.mkdir()
    for name, data in dict(files).items():
        (web / name).write_bytes(data)
    give_away(t.dir)
    server = t.unstarted_server(body="<console>1</console><audience/>" + body,
                                paths="<state-dir>%s</state-dir><webroot>%s</webroot>" % (state, web))
    server.start(env=dict(os.environ, **faults.environment))
    return server, faults


def listening(t, server):
    Studio(t, server)
    ear = Ear(t, server, "/live.mp3")
    wait_for(lambda: len(ear.chunks) > 10, "it hears")
    return ear


def silence_of_upgrade(server, ear):
    """The longest silence of a listener, in seconds."""
    before = len(ear.chunks)
    upgrade(server)
    behind = len(ear.chunks)
    wait_for(lambda: len(ear.chunks) > behind + 20, "it hears on", 20)
    times = [at for at, _ in ear.chunks[before - 1:]]
    return max(later - one for one, later in zip(times, times[1:]))


def counted_silence(server):
    """What the server says of it, in seconds."""
    return int(re.findall(r"all goes on, (\d+) ms after the pause began", server.log())[-1]) / 1000


@test
def a_busy_disk_of_the_audience_is_waited_for_before_all_stands_still(t):
    server, faults = state_server(t, "")
    ear = listening(t, server)
    faults.put([Rule("fdatasync", seconds=2 * LATE, path="audience.journal", times=1)])
    wait_for(lambda: faults.hits() > 0, "the journal's disk is busy", 20)
    silence = silence_of_upgrade(server, ear)
    check(silence < SHORT, "%.1f s of silence" % silence)


def goes_on_without(t, paths):
    """Upgrades while the first open() of each of these files is late."""
    server, faults = state_server(t, mount("/other.mp3", "<intro>/intro.mp3</intro><fallback-mount>/fallback.mp3</fallback-mount>"),
                                  {"intro.mp3": mp3_file("I", 100), "fallback.mp3": mp3_file("F", 100)})
    ear = listening(t, server)
    wait_for(lambda: server.ask("HEAD /other.mp3 HTTP/1.0").status == 200, "the fallback plays")
    faults.put([Rule(call, seconds=LATE, path=path, times=1) for path in paths for call in ("open", "openat")])
    silence = silence_of_upgrade(server, ear)
    for number, path in enumerate(paths):
        wait_for(lambda number=number: faults.hits(2 * number) + faults.hits(2 * number + 1) > 0, path + " is read", 20)
    check(silence < SHORT, "%.1f s of silence" % silence)
    check(counted_silence(server) < SHORT, "%.1f s of silence, as counted" % counted_silence(server))
    faults.clear()
    wait_for(lambda: server.ask("HEAD /other.mp3 HTTP/1.0").status == 200, "the fallback plays on")


@test
def files_of_the_web_root_are_not_waited_for_while_all_stands_still(t):
    goes_on_without(t, ("web/intro.mp3", "web/fallback.mp3", "state/art"))


@test
def files_of_the_state_are_not_waited_for_while_all_stands_still(t):
    goes_on_without(t, ("audience.clock", "audience.keys", "audience.quotas", "session.keys"))
