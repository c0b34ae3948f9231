"""Failures of a new program before it has taken over: witnesses lose no byte, and the next upgrade works.

Each failure is tried on a server with real-time listeners, plain, with titles and over TLS, with a mount that a program
writes, and with so many listeners that the hand-over takes several messages.  A whole program takes over afterwards.
"""
import errno
import os
import re
import signal
import time

from encoders import Ear
from harness import Failed, check, give_away, listen_socket, test, wait_for
from media import mp3_numbers
from recorder import Studio, check_consecutive
from replacing import own_program, put_program, refused_upgrade, taken, upgrade
from syscalls import Faults, Rule
from tls_bench import certificate, tls

GAP = 2.3           # seconds: a program that falls silent while all stands still is waited for for 2
CROWD = 45          # listeners whose requests are long: several messages

# Where the new program ends: its n-th call of what it speaks to the old one with, and what the old one says.  Behind
# PREPARED all loops stand still.
STEPS = {
    "HELLO": ("recvmsg", 1, "has ended"),
    "half of HELLO": ("recvmsg", 2, "has ended"),
    "PREPARED": ("sendmsg", 1, "has ended"),
    "half of PREPARED": ("sendmsg", 2, "has ended"),
    "the freeze": ("recvmsg", 3, "has ended"),
    "the first records": ("recvmsg", 4, "has ended"),
    "half of the records": ("recvmsg", 5, "has ended"),
    "before TAKEN": ("sendmsg", 3, "has ended"),
    "half of TAKEN": ("sendmsg", 4, "has ended"),
}
SILENT = r"did not answer within (1000|2000) ms"


class Way:
    """rule: a fault of the new program; script: replaces it, with %s for the program; act: an action on the server."""

    def __init__(self, name, why, rule=None, script=None, act=None):
        self.name, self.why, self.rule, self.script, self.act = name, why, rule, script, act


def at(step, name, **how):
    call, number, why = STEPS[step]
    why = how.pop("why", why)
    return Way("%s at %s" % (name, step), why, Rule(call, every=number, times=1, **how))


DEATHS = [at(step, name, end=end) for step in STEPS
          for name, end in (("SIGKILL", signal.SIGKILL), ("a crash", signal.SIGSEGV), ("an exit", 0))]
HANGS = [at(step, "silence", end=signal.SIGSTOP, why=SILENT)
         for step in ("half of PREPARED", "the freeze", "half of the records", "before TAKEN", "half of TAKEN")]
LONG_HANGS = [at(step, "silence", end=signal.SIGSTOP, why="was not ready in time") for step in ("HELLO", "PREPARED")]
ERRORS = [
    at("half of HELLO", "no room for descriptors", short=1, why="has ended"),
    at("half of HELLO", "another version", wrong=4, why="has ended|refuses"),
    at("half of HELLO", "damage", wrong=7, why="has ended|refuses"),
    at("PREPARED", "an error", error=errno.EIO),
    at("the freeze", "wrong sizes", wrong=3, why="has ended|refuses"),
    at("the first records", "no room for descriptors", short=1, why="refuses|has ended|did not answer"),
    at("the first records", "an error", error=errno.ENOMEM, why="refuses: no message came|has ended"),
    at("the first records", "damage", wrong=1001, why="refuses|has ended"),
    at("half of the records", "damage", wrong=3, why="refuses|has ended"),
    at("before TAKEN", "an error", error=errno.EPIPE),
    Way("no memory for a log", "refuses: .*cannot map", Rule("mmap", path="/memfd:", error=errno.ENOMEM, times=1)),
    Way("a full disk", "refuses: .*log", Rule("open", path=".log", error=errno.ENOSPC)),
    Way("a configuration that it cannot read", "refuses", Rule("open", path="server.xml", error=errno.EACCES)),
]
PROGRAMS = [
    Way("no program", "could not be started", act=lambda place, server: place.unlink()),
    Way("no right to run it", "could not be started", act=lambda place, server: put_program(place, "nonsense", mode=0o644)),
    Way("no program but text", "could not be started", act=lambda place, server: put_program(place, "nonsense")),
    Way("a directory", "could not be started", act=lambda place, server: (place.unlink(), place.mkdir())),
    Way("a configuration that is wrong", "refuses", act=lambda place, server: server.write_config(limits="<nonsense")),
    Way("another configuration", "has ended|refuses", script="exec %s -c /nonexistent.xml --take-over=3"),
    Way("an option that is not known", "has ended|refuses", script="exec %s \"$@\" --no-such-option"),
    Way("another channel", "has ended|refuses", script="exec %s \"$@\" --take-over=9"),
    Way("no interpreter", "has ended", script="exec /nonexistent"),
    Way("an exit at once", "has ended", script="exit 0"),
    Way("a closed channel", "has ended", script="exec 3>&-; exec sleep 1"),
    Way("nonsense", "sizes|ended|known", script="head -c 100000 /dev/zero >&3; exec sleep 1"),
    Way("half a word", "sizes|ended|known", script="printf '\\001\\000\\000\\000' >&3"),
    Way("files that may not grow", "refuses: its files may have 0 bytes", script="ulimit -f 0; exec %s \"$@\""),
    Way("few descriptors", "has ended|refuses", script="ulimit -n 10; exec %s \"$@\""),
    Way("little memory", "has ended|refuses", script="ulimit -v 60000; exec %s \"$@\""),
    Way("an empty file", "could not be started", act=lambda place, server: put_program(place, "")),
    Way("another architecture", "could not be started", act=lambda place, server: put_start_of_program(place, 4096, 0xf3)),
    Way("half a program", "could not be started|has ended", act=lambda place, server: put_start_of_program(place, 1_000_000)),
    Way("a link to itself", "could not be started", act=lambda place, server: (place.unlink(), place.symlink_to(place))),
    Way("no configuration", "refuses: .*server.xml", act=lambda place, server: server.config.unlink()),
    Way("a directory as configuration", "refuses: .*server.xml", act=lambda place, server: (server.config.unlink(), server.config.mkdir())),
    Way("too few descriptors for all that is heard", "refuses|has ended", script="ulimit -n 70; exec %s \"$@\""),
    Way("much text", "has ended", script="head -c 20000000 /dev/zero; exit 3"),
    Way("an end after a while", "has ended", script="sleep 1; exit 3"),
]
check(len(DEATHS + HANGS + LONG_HANGS + ERRORS + PROGRAMS) >= 40, "forty ways")


def put_start_of_program(place, size, machine=None):
    """machine: the machine in its ELF head."""
    start = bytearray(place.read_bytes()[:size])
    if machine is not None:
        start[18:20] = machine.to_bytes(2, "little")
    place.unlink()
    place.write_bytes(start)
    place.chmod(0o755)
    give_away(place.parent)


class Tried:
    def __init__(self, t):
        self.place, self.faults = own_program(t), Faults(t)
        self.whole = t.dir / "whole"
        os.link(self.place, self.whole)
        server = self.server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<ssl>1</ssl>"))
        certificate(server.dir, "radio.test")
        lines = t.dir / "lines.sh"
        lines.write_text("#!/bin/sh\ni=0\nwhile :; do i=$((i+1)); echo line $i; sleep 0.02; done\n")
        lines.chmod(0o755)
        give_away(t.dir)
        server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir, body="<relay><local-mount>/made</local-mount>"
                            "<content-type>audio/x-test</content-type><exec>%s</exec></relay>" % lines)
        self.config = server.config.read_text()
        server.start()
        self.studio = Studio(t, server)
        wait_for(lambda: self.studio.number > 20, "the encoder sends")
        self.ears = {"plain": Ear(t, server, "/live.mp3"), "ICY": Ear(t, server, "/live.mp3", icy=True),
                     "TLS": Ear(t, server, "/live.mp3", port=server.ports[1], wrap=tls())}
        self.crowd = [server.listener(lines=[name + "x" * 1000 for name in ("User-Agent: ", "Referer: ")]) for _ in range(CROWD)]
        wait_for(lambda: b"/made" in server.get("/status-json.xsl").body, "the program is on the air")
        self.program = server.listener("/made")
        wait_for(lambda: all(ear.chunks for ear in self.ears.values()), "all hear")

    def all_try(self, ways):
        for way in ways:
            self.try_one(way)
        self.judge()

    def try_one(self, way):
        begin, before = time.monotonic(), len(taken(self.server))
        if way.act:
            way.act(self.place, self.server)
        else:
            self.faults.put([way.rule] if way.rule else [])
            put_program(self.place, "#!/bin/sh\n%s\n" % (way.script or "exec %s %%s \"$@\"" % self.faults.words()).replace(
                "%s", str(self.whole)))
        try:
            refused_upgrade(self.server, way.why)
        except Failed as e:
            raise Failed("%s: %s" % (way.name, e)) from None
        check(not way.rule or self.faults.hits() > 0, way.name + ": it did not happen")
        self.faults.clear()
        self.hear(way.name, begin)
        if self.server.config.is_dir():
            self.server.config.rmdir()
        check(len(taken(self.server)) == before, way.name + ": no program has taken over")
        self.server.write_config(limits="")
        if self.place.is_dir():
            self.place.rmdir()
        self.place.unlink(missing_ok=True)
        os.link(self.whole, self.place)
        upgrade(self.server)

    def hear(self, name, begin):
        number = self.studio.number
        for what, ear in self.ears.items():
            wait_for(lambda ear=ear: b"<S%09d>" % (number + 5) in ear.raw()[-40000:] or ear.ended, "%s: %s hears on" % (name, what))
            gap = ear.longest_pause(begin)
            check(gap <= GAP, "%s: %s heard nothing for %.2f s" % (name, what, gap))

    def judge(self):
        for what, ear in self.ears.items():
            data = ear.audio()[0]
            check_consecutive([n for _, n in mp3_numbers(data[data.index(b"\xff\xfb\x94\x00"):])], what)
            check(not ear.ended, what + " is connected")
        lines = [int(n) for n in re.findall(rb"line (\d+)\n", self.program.read(2000))]
        check(lines == list(range(lines[0], lines[0] + len(lines))), "each line of the program is heard once")
        check(self.server.log().count(" runs as process ") == 1, "the program is the same")
        check(all(one.is_open() for one in self.crowd), "the crowd is connected")
        check(int(self.server.stat("/live.mp3", "listeners")) == len(self.crowd) + len(self.ears), "listeners are as before")


@test
def it_dies_at_each_step(t):
    Tried(t).all_try(DEATHS)


@test
def it_is_silent_at_each_step_while_all_stands_still(t):
    Tried(t).all_try(HANGS)


@test
def it_is_silent_before_it_is_ready(t):
    Tried(t).all_try(LONG_HANGS[:1])


@test
def it_is_silent_instead_of_being_ready(t):
    Tried(t).all_try(LONG_HANGS[1:])


@test
def its_calls_fail_and_what_it_reads_is_damaged(t):
    Tried(t).all_try(ERRORS)


@test
def it_is_no_program_or_another_one(t):
    Tried(t).all_try(PROGRAMS)


@test
def one_that_does_not_die_holds_nothing_up(t):
    place, faults, whole = own_program(t), Faults(t), t.dir / "whole"
    os.link(place, whole)
    server = t.unstarted_server()
    server.start(env=dict(os.environ, **faults.environment))
    faults.put([Rule("kill", error=errno.EPERM, times=1)])
    put_program(place, "#!/bin/sh\nexec 3>&-; exec sleep 300\n")
    refused_upgrade(server, "has ended")
    check(faults.hits() > 0, "it lives on")
    put_program(place, like=whole)
    try:
        upgrade(server)
    finally:
        os.kill(int(re.findall(r"begins: process (\d+)", server.log())[0]), signal.SIGKILL)
