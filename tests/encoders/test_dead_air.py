"""Dead air: a stream with silence in it. ffmpeg beside the server detects it."""
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import time

from encoders import FORMATS, PARSERS, Ear, full
from events import Events
from harness import alive, check, equal, test, wait_for
from replacing import upgrade
from test_encoders import BACKUP, MAIN, ROWS, mount, states, wait_for_states
from threads import Threaded

RATE = 44100
AFTER = 2       # seconds of silence
# What an encoder, ffmpeg and a pulse add to it.
LATE = 4


class Studio(Threaded):
    """A real encoder (ffmpeg) whose sound is made here, a tone or silence."""

    def __init__(self, bench, server, kind, login, tone, on_air=True, options=()):
        self.tone, self.on_air = tone, on_air
        content_type, codec = FORMATS[kind]
        self.process = subprocess.Popen(
            ["ffmpeg", "-v", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0", "-ac", "2", *options, *codec,
             "-flush_packets", "1", "-content_type", content_type, "icecast://%s@127.0.0.1:%d/live" % (login, server.port)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start(bench)

    def run(self):
        sent, began, step = 0, time.monotonic(), RATE // 20
        while self.going:
            if sent > (time.monotonic() - began + 0.5) * RATE:
                time.sleep(0.01)
                continue
            level = 8000 if self.on_air else 0
            block = struct.pack("<%dh" % step, *(int(level * math.sin(2 * math.pi * self.tone * (sent + i) / RATE)) for i in range(step)))
            try:
                self.process.stdin.write(block)
                self.process.stdin.flush()
            except OSError:
                return
            sent += step

    def close(self):
        super().close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def pitch(ear, kind, seconds=1.0):
    """The frequency in Hz of the listener's last sound, 0 for silence: by zero crossings, decoded by ffmpeg."""
    form = {"mp3": "mp3", "aac": "aac"}.get(kind, "ogg")
    raw = ear.raw()
    done = subprocess.run(["ffmpeg", "-v", "quiet", "-nostdin", "-f", form, "-i", "pipe:0", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "pipe:1"],
                          input=raw if form == "ogg" else raw[-60000:], capture_output=True)
    count = int(RATE * seconds)
    pcm = done.stdout[-2 * count:]
    values = struct.unpack("<%dh" % (len(pcm) // 2), pcm)
    if not values or max(map(abs, values)) < 500:
        return 0
    return sum(1 for a, b in zip(values, values[1:]) if a < 0 <= b) / (len(values) / RATE)


def hears(ear, kind, tone, what, patience=15):
    wait_for(lambda: abs(pitch(ear, kind) - tone) < 0.1 * tone + 1, "%s is heard, and not %r" % (what, pitch(ear, kind)), patience)


def dead_air(more=""):
    return "<dead-air><after>%d</after>%s</dead-air>" % (AFTER, more)


def listeners(server, name="ffmpeg"):
    """The listening programs of the server, by process."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = open("/proc/%s/stat" % pid).read()
        except OSError:
            continue
        state, parent = text.rsplit(")", 1)[1].split()[:2]
        if "(" + name in text and state != "Z" and int(parent) == server.process.pid:
            found.append(int(pid))
    return found


def event_within(events, kind, patience=AFTER + LATE):
    began = time.monotonic()
    event = events.next(kind)
    took = time.monotonic() - began
    check(took <= patience, "%s after %.1f s" % (kind, took))
    return event


@test
def events_tell_of_silence_and_of_its_end_and_the_program_goes_with_the_source(t):
    server = t.server(body=mount(ROWS + dead_air()))
    events = Events(server)
    studio = Studio(t, server, "mp3", MAIN, 440)
    events.next("source-connect")
    wait_for(lambda: len(listeners(server)) == 1, "a program listens", 10)
    ear = Ear(t, server)
    hears(ear, "mp3", 440, "the tone")
    studio.on_air = False
    event = event_within(events, "dead-air")
    equal((event["subject"], event["seconds"]), ("/live", str(AFTER)), "the event")
    equal(states(server), {"main": "writes"}, "nothing else happens")
    studio.on_air = True
    event = event_within(events, "dead-air-over")
    equal((event["subject"], event["why"]), ("/live", "its sound is back"), "the event")
    check(AFTER <= int(event["seconds"]) <= AFTER + 2 * LATE, "it lasted %s s" % event["seconds"])
    # Silent when it ends.
    studio.on_air = False
    event_within(events, "dead-air")
    studio.close()
    equal(event_within(events, "dead-air-over")["why"], "the source has ended", "why")
    wait_for(lambda: not listeners(server), "the program has gone", 5)
    # A reload takes it away, another one brings it; it ends with the server, however that ends.
    studio = Studio(t, server, "mp3", MAIN, 440)
    wait_for(lambda: listeners(server), "a program listens", 10)
    server.reload(body=mount(ROWS))
    wait_for(lambda: not listeners(server), "the program has gone with the reload", 5)
    server.reload(body=mount(ROWS + dead_air()))
    wait_for(lambda: listeners(server), "a program listens again", 10)
    pid = listeners(server)[0]
    equal(server.stop(), 0, "exit")
    wait_for(lambda: not alive(pid), "the program has gone with the server", 1)


def failover(t, kind):
    server = t.server(body=mount(ROWS + "<return-after>1</return-after>" + dead_air("<failover>1</failover>")))
    events = Events(server)
    same = ["-serial_offset", "7"] if kind in ("vorbis", "opus", "flac") else []
    main = Studio(t, server, kind, MAIN, 440, options=same)
    wait_for(lambda: states(server) == {"main": "writes"}, "the main encoder writes", 10)
    Studio(t, server, kind, BACKUP, 880, options=same)
    wait_for_states(server, {"main": "writes", "backup": "flows"})
    ear = Ear(t, server)
    hears(ear, kind, 440, "the main encoder")
    took = []
    for _ in range(10 if full() else 1):
        main.on_air, began = False, time.monotonic()
        event = event_within(events, "source-takeover")
        took.append(time.monotonic() - began)
        equal((event["subject"], event["why"]), ("/live", "dead air"), "the event")
        wait_for_states(server, {"backup": "writes", "main": "dead-air"})
        hears(ear, kind, 880, "the backup")
        # It sends, and longer than return-after: without sound it is not heard again.
        time_until = time.monotonic() + 3
        while time.monotonic() < time_until:
            equal(states(server), {"backup": "writes", "main": "dead-air"}, "encoders")
            time.sleep(0.2)
        main.on_air = True
        event_within(events, "source-return")
        wait_for_states(server, {"main": "writes", "backup": "flows"})
        hears(ear, kind, 440, "the main encoder")
    check(not ear.ended, "the listener stays connected")
    check(PARSERS[kind](ear.raw()) > 0, "nothing is torn")
    server.wait_for_log("takes over from .*127.0.0.1 \\(dead air\\)")
    return "another encoder %.1f to %.1f s after the first silent sample" % (min(took), max(took))


@test
def an_encoder_that_goes_silent_gives_way_until_its_sound_is_back(t):
    return failover(t, "mp3")


@test
def the_same_with_vorbis_whose_headers_a_program_needs_first(t):
    return failover(t, "vorbis")


@test
def where_all_are_silent_the_first_with_sound_is_heard(t):
    server = t.server(body=mount(ROWS + dead_air("<failover>1</failover>")))
    events = Events(server)
    main = Studio(t, server, "mp3", MAIN, 440, on_air=False)
    wait_for(lambda: states(server) == {"main": "writes"}, "the main encoder writes", 10)
    backup = Studio(t, server, "mp3", BACKUP, 880, on_air=False)
    wait_for(lambda: len(states(server)) == 2, "both are there", 10)
    events.next("dead-air")
    wait_for_states(server, {"backup": "writes", "main": "dead-air"})
    events.next("dead-air")     # of the backup; it stays, there is none with sound
    equal(states(server), {"backup": "writes", "main": "dead-air"}, "encoders")
    ear = Ear(t, server)
    main.on_air = True
    wait_for(lambda: states(server).get("main") == "writes", "the one with sound writes", 10)
    hears(ear, "mp3", 440, "the main encoder")
    check(backup.process.poll() is None, "the backup is still connected")


@test
def a_program_that_is_killed_is_started_again_and_hears_the_end_of_the_silence(t):
    server = t.server(body=mount(ROWS + dead_air()))
    events = Events(server)
    studio = Studio(t, server, "mp3", MAIN, 440, on_air=False)
    events.next("dead-air")
    os.kill(listeners(server)[0], signal.SIGKILL)
    server.wait_for_log("which listens to 127.0.0.1, was ended by signal 9 .*started again after 1000ms")
    wait_for(lambda: listeners(server), "another one listens", 10)
    studio.on_air = True
    equal(event_within(events, "dead-air-over", 2 * AFTER + LATE)["why"], "its sound is back", "why")


@test
def a_program_goes_on_when_the_server_is_replaced(t):
    server = t.server(body=mount(ROWS + dead_air()))
    studio = Studio(t, server, "mp3", MAIN, 440)
    wait_for(lambda: listeners(server), "a program listens", 10)
    pid = listeners(server)[0]
    for _ in range(2):
        upgrade(server)
    events = Events(server)
    studio.on_air = False
    event_within(events, "dead-air")
    # What is silent is known there, and said once.
    upgrade(server)
    events = Events(server)
    studio.on_air = True
    equal(event_within(events, "dead-air-over")["why"], "its sound is back", "why")
    check(alive(pid), "it is the same program")
    equal(server.log().count(": dead air, its sound has been below"), 1, "lines")
    equal(server.stop(), 0, "exit")
    wait_for(lambda: not alive(pid), "the program has gone with the server", 1)


@test
def a_program_that_listens_to_a_standby_goes_on_too(t):
    server = t.server(body=mount(ROWS + "<return-after>1</return-after>" + dead_air("<failover>1</failover>")))
    main = Studio(t, server, "mp3", MAIN, 440)
    wait_for(lambda: states(server) == {"main": "writes"}, "the main encoder writes", 10)
    Studio(t, server, "mp3", BACKUP, 880)
    wait_for_states(server, {"main": "writes", "backup": "flows"})
    wait_for(lambda: listeners(server), "a program listens", 10)
    before = listeners(server)
    main.on_air = False
    wait_for(lambda: states(server) == {"backup": "writes", "main": "dead-air"}, "the backup writes", 15)
    # The one that listened to the main encoder while that wrote ends with its turn.
    wait_for(lambda: len(listeners(server)) == 2 and not set(before) & set(listeners(server)), "a program listens to each", 10)
    pids = sorted(listeners(server))
    ear = Ear(t, server)
    for _ in range(2):
        upgrade(server)
    equal(states(server), {"backup": "writes", "main": "dead-air"}, "encoders")
    check(all(alive(pid) for pid in pids), "they are the same programs")
    hears(ear, "mp3", 880, "the backup")
    main.on_air = True
    wait_for(lambda: states(server) == {"main": "writes", "backup": "flows"}, "the main encoder returns: " + server.log()[-600:], 15)
    hears(ear, "mp3", 440, "the main encoder")
    equal(server.log().count("which listens to 127.0.0.1, ended"), 0, "programs that ended by themselves")
    equal(server.stop(), 0, "exit")
    wait_for(lambda: not any(alive(pid) for pid in pids), "the programs have gone with the server", 3)


@test
def without_ffmpeg_one_line_says_so_and_the_streams_go_on(t):
    path = t.dir / "path"
    path.mkdir()
    if shutil.which("setpriv"):     # what starts the server
        (path / "setpriv").symlink_to(shutil.which("setpriv"))
    server = t.unstarted_server(body=mount(dead_air("<failover>1</failover>"), "/*"))
    server.write_config()
    server.start(env=dict(os.environ, PATH=str(path)))
    for name in ("/a.mp3", "/b.mp3"):
        server.source(name).play(20)
        check(server.listener(name).take(4000), "it plays")
    server.wait_for_log("mount /a.mp3: program ffmpeg is nowhere in PATH; nothing listens for dead air, the streams go on")
    server.source("/c.mp3").play(20)
    equal(len(re.findall("nothing listens for dead air", server.log())), 1, "lines")
