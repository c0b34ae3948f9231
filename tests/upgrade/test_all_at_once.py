"""All functions of one server in use, while it is replaced repeatedly: no byte is lost or doubled, and no client is
disconnected.

LB_FULL=1: 50 upgrades under 4,000 plain listeners, 500 with titles, 100 over TLS, 100 of the past, 100 HLS players, 20
mounts and 500 joins a second; without it a part of that.  The figures are written to the file that LB_FIGURES names.
"""
import json
import os
import pathlib
import re
import subprocess
import time

import harness
from everything import Everything, Player, Stream, Witness
from harness import check, equal, listen_socket, mount, test, wait_for
from link_bench import link_port
from media import adts_frame, mp3_frame, opus_headers, opus_page, webm_cluster, webm_head
from ports import free_port
from recorder import ranges, recorded_seconds
from replacing import serving, taken, upgrade
from tls_bench import certificate

FULL = os.environ.get("LB_FULL")
UPGRADES, PLAIN, TITLED, TLS, PAST, PLAYERS, FED, RATE = (50, 4000, 500, 100, 100, 100, 14, 500) if FULL else (4, 100, 30, 12, 6, 6, 4, 50)
BETWEEN = 1.0      # seconds between two upgrades
BASE = 15 if FULL else 4   # seconds without any, to compare with
RANKS = "".join('<encoder username="e%d" password="secret" priority="%d"/>' % (n, n) for n in (1, 2, 3))
MOUNTS = mount("/c.aac", "<hls>1</hls><archive>1</archive>") + mount("/s.mp3", RANKS + "<archive>1</archive>") + \
    mount("/*", "<archive>1</archive>")
LIMITS = "<clients>20000</clients><sources>100</sources><source-timeout>60</source-timeout>"


def tool(name):
    path = harness.Settings.build / "tools" / name
    if not path.is_file():
        raise harness.Skip("tools/%s is not built" % name)
    return str(path)


class Tool:
    """icelb-feed or icelb-listen."""

    def __init__(self, t, server, name, **options):
        words = [str(word) for key, value in options.items() for word in ("--" + key.replace("_", "-"), value)]
        self.process = subprocess.Popen([tool(name), "--to", "%s:%d" % (server.host, server.given_port), *words],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        t.owned(self)

    def until(self, word):
        for line in self.process.stderr:
            if line.startswith(word):
                return self
        raise harness.Failed("%s ended before %r" % (self.process.args[0], word))

    def result(self):
        text = self.process.communicate(timeout=120)[0]
        return json.loads(text.splitlines()[-1])

    def close(self):
        self.process.kill()
        self.process.wait()


def held(server):
    place = pathlib.Path("/proc/%d" % serving(server))
    return {"KiB": int(re.search(r"RssAnon:\s+(\d+)", (place / "status").read_text())[1]), "descriptors": len(list((place / "fd").iterdir())),
            "cpu_s": sum(map(int, (place / "stat").read_text().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")}


def started(t):
    server = t.unstarted_server()
    server.given_port, server.tls_port = free_port(server.host), link_port()
    certificate(server.dir, "radio.test")
    server.write_config(limits=LIMITS, logging="<loglevel>3</loglevel>",
                        sockets=listen_socket(server.given_port) + listen_socket(server.tls_port, "<ssl>1</ssl>"),
                        paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir,
                        body="<hls><segment>4</segment><window>60</window></hls><archive><dir>%s/archive</dir></archive>%s" % (server.dir, MOUNTS))
    return server.start()


def encoders(server, crowd):
    def mp3(tag):
        return lambda number: mp3_frame(tag, number)
    crowd.streams += [
        Stream(server, "/c.aac", "aac", 1024 / 44100, lambda number: adts_frame("C", number), form="chunked"),
        Stream(server, "/i.mp3", "mp3", 0.024, mp3("I"), form="titled"),
        Stream(server, "/t.opus", "opus", 0.02, lambda number: opus_page(4711, number), opus_headers(4711, "First Title", "Some Artist"), secure=True),
        Stream(server, "/w.webm", "webm", 0.02, webm_cluster, webm_head()),
        Stream(server, "/o.bin", "opaque", 0.024, mp3("O"), secure=True),
        *(Stream(server, "/s.mp3", "mp3", 0.024, mp3("ABD"[n]), login="e%d:secret" % (n + 1)) for n in range(3))]
    crowd.run(crowd.play)


def crowds(t, server, seconds):
    return {name: Tool(t, server, "icelb-listen", mount="/m%d", mounts=FED, listeners=count, check=count, icy=icy, rate=1000, seconds=seconds, warm_up=1,
                       sources=2).until("joined")
            for name, count, icy in (("plain", PLAIN, 0), ("titles", TITLED, 1))}


def joining(t, server):
    """RATE joins a second for 3 s; each listens until all of them have come, and a second more."""
    return Tool(t, server, "icelb-listen", mount="/m%d", mounts=FED, listeners=3 * RATE, check=0, rate=RATE, seconds=1, join_timeout=15, sources=8)


def look_at_joins(joined):
    done = [one.result() for one in joined]
    lost = [one for one in done if one["refused"] + one["silent"] + one["disconnected"]]
    equal(lost, [], "joins that were refused, silent or disconnected")
    return sum(one["joined"] for one in done)


def recordings(t, server, crowd):
    for name in ["/m%d" % n for n in range(FED)] + [stream.mount for stream in crowd.streams[:4] + crowd.streams[5:6]]:
        equal(len(ranges(server, name)), 1, "ranges of " + name)
    whole = set()
    for path in sorted((server.dir / "archive").glob("**/*.data")):
        data = path.read_bytes()
        for stream in crowd.streams[:4] + crowd.streams[5:6]:
            for sent in (stream.sent, stream.head + stream.sent):   # headers of Ogg are in the index
                if sent[:500] == data[:500]:
                    equal(data == sent[:len(data)], True, "the recording of " + stream.mount)
                    whole.add(stream.mount)
    equal(len(whole), 5, "recordings that were compared: %s" % sorted(whole))


@test
def nobody_notices(t):
    server, crowd = started(t), t.owned(Everything())
    encoders(server, crowd)
    Tool(t, server, "icelb-feed", password="src-secret", mount="/m%d", mounts=FED, bitrate=32, lead=10, seconds=600).until("ready")
    main = crowd.streams[:6]
    wait_for(lambda: all(server.stat(s.mount, "total_bytes_sent") is not None for s in main), "all streams are there", 20)
    for n in range(TLS):
        crowd.add(Witness(server, main[n % 6], secure=True))
    for n in range(12):
        crowd.add(Witness(server, main[n % 6]))
    crowd.run(crowd.hear)
    wait_for(lambda: recorded_seconds(server, "/s.mp3") >= 6, "it is recorded", 40)
    for n in range(PAST):
        crowd.add(Witness(server, main[5], "/s.mp3?timeshift=%d" % (3 + n % 4)))
    crowd.players += [Player(server, main[0], "/c.aac/live.m3u8", n) for n in range(PLAYERS)]
    crowd.run(crowd.watch)
    base = crowds(t, server, BASE)
    joins = [joining(t, server)]
    crowd.gaps()
    base = {name: one.result() for name, one in base.items()}
    look_at_joins(joins)
    quiet = crowd.gaps()
    loud = crowds(t, server, UPGRADES * (BETWEEN + 0.7) + 8)
    crowd.gaps()
    first, joins = held(server), []
    for round_ in range(UPGRADES):
        # The last process is compared with the first, which had no joins yet.
        if round_ % 3 == 0 and round_ <= UPGRADES - 4:
            joins.append(joining(t, server))
        upgrade(server)
        deadline = time.monotonic() + BETWEEN
        wait_for(lambda: time.monotonic() > deadline, "a second", 5)
    joined = look_at_joins(joins)
    upgrade(server)
    last, disturbed = held(server), crowd.gaps()
    loud = {name: one.result() for name, one in loud.items()}
    pauses = sorted(int(row[4]) for row in taken(server))
    figures = {"upgrades": len(pauses), "pause_ms": {"median": pauses[len(pauses) // 2], "p90": pauses[len(pauses) * 9 // 10], "most": pauses[-1]},
               "joined": joined, "first": first, "last": last, "gap_s": {"without": quiet, "with": disturbed},
               "segments": sum(p.segments for p in crowd.players), "bytes": sum(w.bytes for w in crowd.witnesses)}
    for name in loud:
        figures[name] = {key: (base[name][key], loud[name][key]) for key in ("listeners", "frames", "frames_lost", "frames_repeated", "bytes_damaged",
                                                                           "disconnected", "refused", "silent", "gap_ms_max")}
    if os.environ.get("LB_FIGURES"):
        pathlib.Path(os.environ["LB_FIGURES"]).write_text(json.dumps(figures, indent=1))
    wrong = crowd.wrong()
    equal((len(wrong), wrong[:5]), (0, []), "what was heard")
    check(all(one["good"] for one in loud.values()), "icelb-listen: %r" % loud)
    recordings(t, server, crowd)
    check(min(p.segments for p in crowd.players) > 1, "players have had segments")
    return json.dumps(figures)
