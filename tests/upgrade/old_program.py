#!/usr/bin/env python3
"""An earlier program and this one by turns: upgrades from one to the other and back, under everything at once.

usage: old_program.py OLD NEW [ROUNDS]

OLD, NEW: two builds of icecast-lb. The server begins as OLD; each of ROUNDS (2) is an upgrade to NEW and one back, by
--upgrade of the program that comes. Encoders (plain, chunked, with titles inside, TLS, one that stands by), a program, a
relay, listeners (plain, with titles, TLS, of the past, HLS), a login and records of the API go on: each byte is heard once,
and what is counted is counted on. It ends with a sentence and status 1 where that is not so.
"""
import os
import pathlib
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "kit")]
import api  # noqa: E402
import harness  # noqa: E402
import replacing  # noqa: E402
from browser_login import Browser  # noqa: E402
from everything import Everything, Player, Stream, Witness  # noqa: E402
from harness import ADMIN, Failed, Settings, check, equal, listen_socket, mount, wait_for  # noqa: E402
from link_bench import link_port  # noqa: E402
from media import adts_frame, mp3_frame, opus_headers, opus_page, webm_cluster, webm_head  # noqa: E402
from ports import free_port  # noqa: E402
from recorder import ranges, recorded_seconds  # noqa: E402
from tls_bench import certificate  # noqa: E402

LIMITS = "<clients>500</clients><sources>50</sources><source-timeout>120</source-timeout>"
RANKS = "".join('<encoder username="e%d" password="secret" priority="%d"/>' % (n, n) for n in (1, 2))
LINES = "#!/bin/sh\ni=0\nwhile :; do i=$((i+1)); echo \"line $i of $$\"; sleep 0.01; done\n"
AT_THE_EDGE = "/e.webm"
COUNTED = tuple("icecast_" + name for name in ("connections", "client_requests", "file_requests", "server_", "source_", "refusals", "listener_", "bytes_"))


class Numbered:
    """A listener of the program: gets each line once."""

    def __init__(self, server):
        self.listener = server.listener("/made")

    def hear(self):
        last = self.numbers()[-1:] or [0]
        while len(self.numbers()) < 2 or self.numbers()[-1] < last[0] + 50:
            self.listener.read(100)

    def numbers(self):
        return [int(n) for n in re.findall(rb"line (\d+) of \d+\n", self.listener.audio)]

    def wrong(self):
        numbers = self.numbers()
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(set(re.findall(rb" of (\d+)\n", self.listener.audio))) == 1:
            return []
        return ["the program of /made was heard otherwise than line by line"]


class Titled:
    """A listener with titles, of the encoder that sends them inside its stream."""

    def __init__(self, server, stream):
        self.stream, self.listener = stream, server.listener(stream.mount, icy=True)

    def hear(self):
        self.listener.read(40_000)

    def wrong(self):
        got = self.listener.audio
        titles = [int(re.search(rb"'(\d+)'", title)[1]) for title in self.listener.titles if re.search(rb"'\d+'", title)]
        wrong = [] if self.stream.sent.find(got) >= 0 else ["with titles: other bytes than were sent"]
        return wrong + ([] if titles == list(range(titles[0], titles[0] + len(titles))) else ["titles: %r" % titles])


def main_server(b):
    script = b.dir / "lines.sh"
    script.write_text(LINES)
    script.chmod(0o755)
    server = b.unstarted_server()
    server.given_port, server.tls_port = free_port(), link_port()
    certificate(server.dir, "radio.test")
    for name in ("state", "archive"):
        (server.dir / name).mkdir()
    server.write_config(
        limits=LIMITS, sockets=listen_socket(server.given_port) + listen_socket(server.tls_port, "<ssl>1</ssl>"),
        paths="<pidfile>%s/pid</pidfile><state-dir>%s/state</state-dir><ssl-certificate>%s/tls.pem</ssl-certificate>" % ((server.dir,) * 3),
        body=api.STORE % {"dir": server.dir} + "<console>1</console><hls><segment>4</segment><window>60</window></hls>"
        "<archive><dir>%s/archive</dir></archive>" % server.dir + mount("/c.aac", "<hls>1</hls><archive>1</archive>") +
        mount("/s.mp3", RANKS + "<archive>1</archive>") +
        "<relay><local-mount>/made</local-mount><content-type>audio/x-test</content-type><exec>%s</exec></relay>" % script)
    return server.start()


def edge_server(b, upstream):
    server = b.unstarted_server()
    server.given_port = free_port()
    server.write_config(limits=LIMITS, sockets=listen_socket(server.given_port), paths="<pidfile>%s/pid</pidfile>" % server.dir,
                        body="<relay><server>127.0.0.1</server><port>%d</port><mount>/w.webm</mount><local-mount>%s</local-mount></relay>"
                        % (upstream.given_port, AT_THE_EDGE))
    return server.start()


def encoders(server, crowd):
    def mp3(tag):
        return lambda number: mp3_frame(tag, number)
    crowd.streams += [
        Stream(server, "/c.aac", "aac", 1024 / 44100, lambda number: adts_frame("C", number), form="chunked"),
        Stream(server, "/i.mp3", "mp3", 0.024, mp3("I"), form="titled"),
        Stream(server, "/t.opus", "opus", 0.02, lambda number: opus_page(4711, number), opus_headers(4711, "First Title", "Some Artist"), secure=True),
        Stream(server, "/w.webm", "webm", 0.02, webm_cluster, webm_head()),
        *(Stream(server, "/s.mp3", "mp3", 0.024, mp3("AB"[n]), login="e%d:secret" % (n + 1)) for n in range(2))]
    crowd.run(crowd.play)


class Turns:
    """All connections and data that must survive, and their check after each upgrade."""

    def __init__(self, b):
        self.b, self.place = b, replacing.own_program(b)
        self.server = main_server(b)
        self.crowd = b.owned(Everything())
        encoders(self.server, self.crowd)
        streams = self.crowd.streams
        wait_for(lambda: all(self.server.stat(s.mount, "total_bytes_sent") is not None for s in streams), "all streams are there", 20)
        self.edge = edge_server(b, self.server)
        wait_for(lambda: self.edge.stat(AT_THE_EDGE, "total_bytes_read"), "the relay has begun", 20)
        for stream in streams[:5]:
            self.crowd.add(Witness(self.server, stream))
            self.crowd.add(Witness(self.server, stream, secure=True))
        self.crowd.add(Witness(self.edge, streams[3], AT_THE_EDGE))
        self.crowd.run(self.crowd.hear)
        wait_for(lambda: recorded_seconds(self.server, "/s.mp3") >= 6, "it is recorded", 40)
        for seconds in (4, 5, 6):
            self.crowd.add(Witness(self.server, streams[4], "/s.mp3?timeshift=%d" % seconds))
        self.crowd.players += [Player(self.server, streams[0], "/c.aac/live.m3u8", n) for n in range(3)]
        self.crowd.run(self.crowd.watch)
        wait_for(lambda: self.listeners()["/c.aac"] == str(2 + len(self.crowd.players)), "the players of HLS are counted", 20)
        self.others = [Numbered(self.server), Titled(self.server, streams[1])]
        self.browser = Browser(self.server).logged_in()
        self.api = api.Api(self.server)
        self.logins = []
        self.counts = self.counters()

    def listeners(self):
        return {name: self.server.stat(name, "listeners") for name in ("/c.aac", "/i.mp3", "/t.opus", "/w.webm", "/s.mp3", "/made")}

    def counters(self):
        """The counters that the first versions already have."""
        return {name: value for name, value in replacing.counters(self.server).items() if name.startswith(COUNTED)}

    def turn(self, program, number):
        name = "/made%d.mp3" % number
        self.logins.append((name, self.api.mount(name)))
        before = self.listeners()
        replacing.put_program(self.place, like=program)
        said = []
        for server in (self.server, self.edge):
            status, _, err = self.b.run("-c", server.config, "--upgrade")
            equal(status, 0, "--upgrade: " + err)
            said.append(err.strip())
        for other in self.others:
            other.hear()
        equal(self.listeners(), before, "listeners")
        now = self.counters()
        replacing.none_went_back(self.counts, now)
        self.counts = now
        equal(self.browser.get("/admin/stats.xsl").status, 200, "the session")
        for name, login in self.logins:
            self.server.source(name, login=login).close()
        self.wrong()
        print("%s: %s" % (program, "; ".join(said)), flush=True)

    def wrong(self):
        found = self.crowd.wrong()
        for other in self.others:
            found += other.wrong()
        equal(found, [], "what was heard")

    def end(self):
        check(min(player.segments for player in self.crowd.players) > 1, "players have had segments")
        for name in ("/c.aac", "/s.mp3"):
            equal(len(ranges(self.server, name)), 1, "ranges of " + name)
        self.crowd.close()
        heard = sum(witness.bytes for witness in self.crowd.witnesses)
        equal([server.stop() for server in (self.edge, self.server)], [0, 0], "how they ended")
        return heard


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    old, new = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    rounds = int(sys.argv[3]) if len(sys.argv) == 4 else 2
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        Settings.binary, Settings.patience = harness.copy_program(old, place), 10.0
        b = harness.Bench()
        try:
            turns = Turns(b)
            for number in range(2 * rounds):
                turns.turn((new, old)[number % 2], number)
            turns.turn(new, 2 * rounds)
            heard = turns.end()
        except Failed as e:
            for server in b.servers:
                if (server.dir / "log" / "error.log").exists():
                    shutil.copy(server.dir / "log" / "error.log", "/tmp/old_program.%s.log" % server.dir.name)
            sys.exit("old_program: %s (error logs: /tmp/old_program.*.log)" % e)
        finally:
            b.close(False)
    print("%d upgrades: %d bytes compared, each was heard once" % (2 * rounds + 1, heard))


if __name__ == "__main__":
    main()
