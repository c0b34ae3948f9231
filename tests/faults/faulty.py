"""System calls that fail, do less or take long in a running server (faults.c), and witnesses of the consequences.

Witnesses(t) is a server with a source in real time whose frames are numbered, and its receivers: a plain listener, one
with ICY blocks, one over TLS, a player of HLS, and a recording.  during(…) puts a fault into force, waits until it has
happened, ends it, and checks that everything is whole, the process lives, its counts are as before, and the log has few
lines.
"""
import http.client
import os
import pathlib
import re
import time

from encoders import Ear
from harness import ADMIN, SOURCE, Failed, check, equal, give_away, listen_socket, matches, mount, request, wait_for
from hls_check import Fault, Watch
from media import MP3_FRAME, mp3_numbers
from ports import free_port
from recorder import Studio, check_consecutive, newest, recorded_seconds
from syscalls import Faults
from tasks import children_of
from threads import Threaded
from tls_bench import certificate, tls

GAP = 2.0           # the longest allowed silence of a witness in seconds, also beside compilers
MAX_LINES = 12      # warnings and errors that one fault may cause, however often it occurs


class Player(Threaded):
    """A player of HLS that keeps its connection, and makes a new one when it ends."""

    def __init__(self, t, server):
        self.watch = Watch("127.0.0.1", server.port, "/live.mp3/live.m3u8")
        self.wrong = None
        self.start(t)

    def run(self):
        while self.going:
            try:
                self.watch.poll()
            except Fault as e:
                # A refusal with a reason loses no sound, because a player asks again.
                if not re.search(r"\b(404|500|503)\b", str(e)):
                    self.wrong = e
            except (OSError, http.client.HTTPException):
                self.watch.wire.close()
            time.sleep(0.2)

    def heard(self):
        return len(self.watch.seen)

    def close(self):
        super().close()
        self.watch.close()


class Witnesses:
    def __init__(self, t, body="", live="", limits="", paths=""):
        self.faults = Faults(t)
        server = self.server = t.unstarted_server(sockets=listen_socket(free_port()) + listen_socket(free_port(), "<ssl>1</ssl>"), limits=limits)
        certificate(server.dir, "radio.test")
        server.write_config(
            paths="<ssl-certificate>%s/tls.pem</ssl-certificate><state-dir>%s/state</state-dir>%s" % (server.dir, server.dir, paths),
            body="<hls><segment>2</segment><window>12</window></hls><archive><dir>%s/archive</dir></archive>%s%s" % (
                server.dir, body, mount("/live.mp3", "<hls>1</hls><archive><enabled>1</enabled></archive>" + live)))
        give_away(server.dir)
        server.start(env=self.faults.environment)
        self.t, self.studio = t, Studio(t, server)
        wait_for(lambda: recorded_seconds(server) >= 2, "it is recorded", 20)
        self.plain, self.icy = Ear(t, server, "/live.mp3"), Ear(t, server, "/live.mp3", icy=True)
        self.secure = Ear(t, server, "/live.mp3", port=server.ports[1], wrap=tls())
        self.player = Player(t, server)
        self.recorded = newest(server)[0]
        wait_for(lambda: self.player.heard() and all(ear.chunks for ear in (self.plain, self.icy, self.secure)), "all witnesses hear", 20)
        self.counts = self.settled()

    # -- counts
    def count(self):
        process = pathlib.Path("/proc/%d" % self.server.process.pid)
        descriptors = [name for name in map(readlink, (process / "fd").iterdir()) if name]
        return {"threads": len(list((process / "task").iterdir())),
                "sockets": sum(name.startswith("socket:") for name in descriptors), "descriptors": len(descriptors),
                "listeners": int(self.server.stat("/live.mp3", "listeners") or 0)}

    def log_bytes(self):
        """The memory of the stream's log."""
        process = pathlib.Path("/proc/%d" % self.server.process.pid)
        return sum(512 * os.stat(name).st_blocks for name in (process / "fd").iterdir()
                   if (readlink(name) or "").startswith("/memfd:/live.mp3"))

    def children(self):
        return children_of(self.server.process.pid)

    def settled(self):
        """The least value within half a second, because a log's ranges and the connection of a request vary."""
        least, end = self.count(), time.monotonic() + 0.5
        while time.monotonic() < end:
            least = {name: min(value, least[name]) for name, value in self.count().items()}
        return least

    # -- faults
    def during(self, *rules, act=None, hits=1, logged=None, wait=None, patience=10, counted=True):
        """act: an action during the fault; wait: a fact before its end; logged: the log line about it."""
        begin, since, name = len(self.server.log()), time.monotonic(), " and ".join(map(str, rules))
        self.faults.put(rules)
        try:
            if act:
                act()
            wait_for(lambda: all(self.faults.hits(n) >= hits for n in range(len(rules))), "it happens that " + name, patience)
            if logged:
                wait_for(lambda: re.search(logged, self.server.log()[begin:]), "%s: a line matches %r: %s" % (
                    name, logged, self.warnings(begin)[-5:]), patience)
            if wait:
                wait_for(wait, name + ": what it leads to", patience)
        finally:
            self.faults.clear()
        self.check_alive(name)
        self.go_on(name)
        for ear in (self.plain, self.icy, self.secure):
            check(ear.longest_pause(since) <= GAP, "%s: a listener heard nothing for %.1f s" % (name, ear.longest_pause(since)))
        counts = self.counts

        def as_before():
            now = self.count()
            return now if all(now[n] <= counts[n] for n in ("threads", "sockets", "descriptors")) and \
                now["listeners"] == counts["listeners"] else None
        try:
            wait_for(lambda: not counted or as_before(), "", 10)
        except Failed:
            raise Failed("%s: the counts were %r and are %r" % (name, counts, self.count())) from None
        lines = self.warnings(begin)
        check(len(lines) <= MAX_LINES, "%s: %d lines in the log: %r" % (name, len(lines), lines[:20]))
        return lines

    def warnings(self, begin=0):
        return re.findall(r"^\[.*\] (?:EROR|WARN) .*", self.server.log()[begin:], re.M)

    def check_alive(self, name):
        equal(self.server.process.poll(), None, name + ": the server's status")

    def go_on(self, name):
        """Checks that every witness receives bytes sent from now on."""
        number = self.studio.number
        wait_for(lambda: self.studio.number > number + 20, name + ": the source goes on")
        for ear in (self.plain, self.icy, self.secure):
            sent = b"<S%09d>" % (number + 1)
            wait_for(lambda ear=ear, sent=sent: sent in ear.raw()[-60000:] or ear.ended, name + ": a listener hears on", 8)
            check(not ear.ended, "%s: a listener was disconnected" % name)

    def judge(self, recording=True):
        """Checks that all witnesses got every byte once; returns the seconds of the recording's ranges."""
        heard = self.player.heard()
        wait_for(lambda: self.player.heard() > heard or self.player.wrong, "HLS goes on", 10)
        self.player.close()
        check(not self.player.wrong, "HLS: %s" % self.player.wrong)
        for name, data in (("plain", self.plain.raw()), ("ICY", self.icy.audio()[0]), ("TLS", self.secure.raw())):
            check_consecutive([n for _, n in mp3_numbers(data[data.index(b"\xff\xfb\x94\x00"):])], name)
        check_consecutive([n for _, n in mp3_numbers(self.player.watch.sound())], "HLS")
        if recording:
            first, last = newest(self.server)
            equal(first, self.recorded, "the begin of the recording")
            check_consecutive([int(n) for n in re.findall(rb"\xff\xfb\x94\x00\0{32}<S(\d{9})>", self.server.get(
                "/live.mp3?from=%.3f&to=%.3f" % (first, last)).body)], "the recording")
        check("queue-size holds no more" not in self.server.log(), "bytes were lost that the queue had")
        self.studio.close()

    # -- other clients meanwhile
    def join(self):
        """Checks that a new listener gets its whole burst."""
        one = self.server.listener()
        check_consecutive([n for _, n in mp3_numbers(one.read(60 * MP3_FRAME))], "a burst")
        one.close()

    def knock(self):
        """A listener that may be accepted, refused or cut off; returns its status, 0: none."""
        wire = self.server.wire()
        try:
            wire.send(request("GET /live.mp3 HTTP/1.0"))
            wire.socket.settimeout(1)
            head = wire.socket.recv(64)
            found = re.match(rb"HTTP/1.\d (\d+)", head)
            return int(found[1]) if found else 0
        except OSError:
            return 0
        finally:
            wire.close()

    def ask(self, path):
        """The status of an answer that may be cut off; 0: none."""
        try:
            return self.server.get(path).status
        except (Failed, OSError, IndexError):
            return 0

    def offer(self, mount="/other.mp3"):
        """A source that may be refused; returns the status of the answer."""
        wire = self.server.wire()
        try:
            wire.send(request("PUT %s HTTP/1.1" % mount, ["Content-Type: audio/mpeg", "Expect: 100-continue"], SOURCE))
            status = wire.reply_head().status
            return wire.reply_head().status if status == 100 else status
        finally:
            wire.close()

    def metric(self, name):
        return float(matches(r"^%s(?:\{[^}]*\})? ([0-9.e+]+)$" % name, self.server.get("/metrics", ADMIN).text)[1])


def readlink(path):
    try:
        return os.readlink(path)
    except OSError:
        return None
