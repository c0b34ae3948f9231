"""The common part of the upgrade tests: a server whose program is replaced, and listeners that count every byte."""
import os
import re
import shutil
import signal

from facts import Settings, check, equal, wait_for
from harness import ADMIN, give_away
from syscalls import Faults, Rule

TAKEN = r"process (\d+) has taken over (\d+) listeners, (\d+) sources, (\d+) mounts; pause (\d+) ms"


def own_program(t):
    """A copy of the program that this test may replace."""
    place = t.dir / "program"
    shutil.copy(Settings.binary, place)
    Settings.binary = str(place)
    give_away(t.dir)
    return place


def put_program(place, text=None, like=None, mode=0o755):
    """Puts another file at the program's path as a package does it: first under a name of its own."""
    new = place.with_suffix(".new")
    if like:
        shutil.copy(like, new)
    else:
        new.write_text(text)
    new.chmod(mode)
    give_away(place.parent)
    os.replace(new, place)


def taken(server):
    return re.findall(TAKEN, server.log())


def upgrade(server):
    """Sends USR2; returns the figures of the line about the hand-over: (listeners, sources, mounts, ms of pause)."""
    before, refused = len(taken(server)), server.log().count("the upgrade was not made")
    server.send_signal(signal.SIGUSR2)

    def over():
        check(server.log().count("the upgrade was not made") == refused, "the upgrade was made: " + server.log()[-1500:])
        return len(taken(server)) > before
    wait_for(over, "the server is replaced: " + server.log()[-800:], 10 * Settings.patience)
    return tuple(int(n) for n in taken(server)[-1][1:])


def refused_upgrade(server, why):
    before = server.log().count("the upgrade was not made")
    server.send_signal(signal.SIGUSR2)
    wait_for(lambda: server.log().count("the upgrade was not made") > before, "the upgrade is refused: " + server.log()[-800:],
             10 * Settings.patience)
    line = [line for line in server.log().splitlines() if "the upgrade was not made" in line][-1]
    check(re.search(why, line), "%r says %r" % (line, why))


def serving(server):
    """The process that serves: the server's own, or one for which that stands in."""
    rows = taken(server)
    return int(rows[-1][0]) if rows else server.process.pid


def same_everywhere(listeners, sent, kept=0):
    """Checks that all listeners got all sent bytes once; `kept`: bytes of the last unit, which may wait for the
    next."""
    for listener in listeners:
        got = listener.audio + listener.read(len(sent) - kept - len(listener.audio))
        equal(got == sent[:len(got)], True, "every byte once")


def counters(server):
    """The counters of /metrics, except those of the process itself."""
    text, found = server.get("/metrics", ADMIN).text, {}
    names = re.findall(r"(?m)^# TYPE (\S+) counter$", text)
    for name, labels, value in re.findall(r"(?m)^([a-z_0-9]+)(\{.*\})? ([0-9.e+]+)$", text):
        if name in names and not name.startswith(("process_", "icecast_loop_")):
            found[name + labels] = float(value)
    return found


def none_went_back(before, now):
    equal(["%s is %s, was %s" % (name, now.get(name), value) for name, value in before.items() if value > 0 and now.get(name, 0) < value], [], "numbers")


class LongPause:
    """Upgrades with a long pause: the new program sleeps before it confirms the state."""

    def __init__(self, t):
        self.t, self.path, self.faults, self.before = t, own_program(t), None, 0

    def begin(self, server, seconds=0.6):
        """Returns within the pause."""
        (self.t.dir / "rules").unlink(missing_ok=True)   # those of the running program
        self.faults = Faults(self.t)
        whole = self.t.dir / ("whole%d" % len(taken(server)))
        os.link(self.path, whole)
        put_program(self.path, "#!/bin/sh\nexec %s %s \"$@\"\n" % (self.faults.words(), whole))
        self.path, self.before = whole, len(taken(server))
        self.faults.put([Rule("sendmsg", seconds=seconds, every=3, times=1)])
        server.send_signal(signal.SIGUSR2)
        wait_for(lambda: self.faults.hits() > 0, "all stands still: " + server.log()[-800:], 10)

    def end(self, server):
        wait_for(lambda: len(taken(server)) > self.before, "the server is replaced: " + server.log()[-800:], 10)
        check(int(taken(server)[-1][4]) >= 500, "the pause is long: %r" % taken(server))
