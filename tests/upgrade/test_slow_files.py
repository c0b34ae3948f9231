"""Slow disks and large files while the server is replaced: nothing waits for them while all stands still."""
import os

from encoders import Ear
from harness import check, give_away, test, wait_for
from recorder import Studio
from replacing import upgrade
from syscalls import Faults, Rule


def state_server(t, **config):
    """A server under rules, with a state directory."""
    faults, state = Faults(t), t.dir / "state"
    state.mkdir()
    give_away(t.dir)
    server = t.unstarted_server(paths="<state-dir>%s</state-dir>" % state, **config)
    server.start(env=dict(os.environ, **faults.environment))
    return server, faults


def heard_since(ear, count):
    """Waits for more sound than was under way; the longest silence since then, in seconds."""
    wait_for(lambda: len(ear.chunks) > count + 20, "it hears on", 20)
    times = [at for at, _ in ear.chunks[count - 1:]]
    return max(later - one for one, later in zip(times, times[1:]))


def listening(t, server):
    Studio(t, server)
    ear = Ear(t, server, "/live.mp3")
    wait_for(lambda: len(ear.chunks) > 10, "it hears")
    return ear


@test
def a_busy_disk_of_the_audience_is_waited_for_before_all_stands_still(t):
    server, faults = state_server(t, body="<console>1</console><audience/>")
    ear = listening(t, server)
    faults.put([Rule("fdatasync", seconds=4, path="audience.journal", times=1)])
    wait_for(lambda: faults.hits() > 0, "the journal's disk is busy", 20)
    heard = len(ear.chunks)
    pause = upgrade(server)[3]
    check(pause < 2000, "the pause was %d ms" % pause)
    silence = heard_since(ear, heard)
    check(silence < 2, "%.1f s of silence" % silence)
