"""Another encoder continues in a mount: /api/v1/now and its events show the jump in the time of day."""
import array
import math
import subprocess
import time

from api import Api
from encoders import Ear, Encoder
from harness import SOURCE, check, equal, give_away, request, test, wait_for
from test_encoders import BACKUP, MAIN, ROWS, mount, wait_for_states

FILE = "/live"
WRONG_MS = 100


def now(server):
    reply = server.get("/api/v1/now" + FILE)
    return reply.json() if reply.status == 200 else {}


def seams(server):
    return now(server).get("seams", [])


def relay(port):
    return "<relay><server>127.0.0.1</server><port>%d</port><mount>%s</mount><local-mount>%s</local-mount></relay>" % (port, FILE, FILE)


def tone_begins(audio, wanted, other):
    """The ms from the first byte until one tone is louder than the other."""
    pcm = subprocess.run(["ffmpeg", "-v", "error", "-f", "mp3", "-i", "-", "-ac", "1", "-ar", "44100", "-f", "s16le", "-"], input=audio, stdout=subprocess.PIPE, check=True).stdout
    samples, window = array.array("h", pcm[:len(pcm) // 2 * 2]), 882

    def power(at, hz):
        turn, a, b = 2 * math.cos(2 * math.pi * hz / 44100), 0.0, 0.0
        for sample in samples[at:at + window]:
            a, b = sample + turn * a - b, a
        return a * a + b * b - turn * a * b
    for at in range(0, len(samples) - window, window // 4):
        if power(at, wanted) > 10 * power(at, other) + 1e6:
            return (at + window / 2) * 1000 / 44100
    return None


def has_times(server):
    return (now(server).get("live") or {}).get("wall_ms")


@test
def a_seam_is_told_where_another_encoder_goes_on(t):
    server = t.server(body=mount("<linger-for>20</linger-for>"))
    first = Encoder(t, server, "mp3", SOURCE, 440)
    wait_for(lambda: has_times(server), "the stream has times", 20)
    edge = t.server(body=relay(server.port))
    wait_for(lambda: has_times(edge), "the relay has times", 20)
    place = server.get("/api/v1/now%s/place" % FILE).json()
    ear = Ear(t, server, place["url"])
    equal(seams(server), [], "before")
    wire = server.wire()
    wire.send(request("GET /api/v1/now%s/events HTTP/1.1" % FILE, ["Host: localhost"]))
    equal(wire.reply_head().status, 200)
    wire.take_until(b"event: state\n")
    first.close()
    wait_for(lambda: not now(server)["on_air"], "it is off the air")
    left = time.time() * 1000
    time.sleep(2)
    second = Encoder(t, server, "mp3", SOURCE, 880)
    wait_for(lambda: seams(server), "the seam is known", 20)
    came = time.time() * 1000
    told = seams(server)
    equal(len(told), 1, told)
    seam = told[0]
    equal(set(seam), {"wall_ms", "after_wall_ms"})
    check(left - 3000 < seam["after_wall_ms"] < left + 500, "%s: it left at %d" % (seam, left))
    check(left + 1000 < seam["wall_ms"] < came, "%s: it left at %d, and was known at %d" % (seam, left, came))
    wire.take_until(b"event: seam\n")
    line = wire.take_until(b"\n\n").decode()
    for key, value in seam.items():
        check('"%s":%d' % (key, value) in line, line)
    check(not ear.ended, "the listener has stayed, and heard one behind the other")
    # The tone of the second encoder is heard when what the first one sent is over; its own time of day is later.
    heard = place["wall_ms"] + tone_begins(ear.raw(), 880, 440)
    print("the other tone is heard %.0f ms after the end of the first" % (heard - seam["after_wall_ms"]))
    check(abs(heard - seam["after_wall_ms"]) <= WRONG_MS, "heard at %d: %s" % (heard, seam))
    # The relay may have logged in again, into another log: then there is no seam, as it has no listeners.
    print("seam: %s; at the relay: %s" % (seam, seams(edge)))
    second.close()


@test
def a_standby_that_sends_the_same_sound_leaves_no_great_seam(t):
    server = t.server(body=mount(ROWS + "<takeover-after>400</takeover-after><return-after>-1</return-after>"))
    main = Encoder(t, server, "mp3", MAIN, 440)
    wait_for(lambda: has_times(server), "the stream has times", 20)
    backup = Encoder(t, server, "mp3", BACKUP, 880)
    wait_for_states(server, {"main": "writes", "backup": "flows"})
    main.stop()
    wait_for_states(server, {"backup": "writes", "main": "silent"})
    wait_for(lambda: not has_times(server), "another one writes", 20)
    wait_for(lambda: has_times(server), "its times are known", 20)
    jumps = [seam["wall_ms"] - seam["after_wall_ms"] for seam in seams(server)]
    print("a takeover jumps by %s ms" % jumps)
    check(len(jumps) <= 1 and all(abs(jump) < 2500 for jump in jumps), jumps)
    backup.close()


@test
def a_title_goes_on_in_the_audience_when_a_standby_takes_over(t):
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    give_away(server.dir)
    server.write_config(body="<console>1</console><audience/>" + mount(ROWS + "<takeover-after>400</takeover-after>"),
                        paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    main = Encoder(t, server, "mp3", MAIN, 440)
    wait_for_states(server, {"main": "writes"})
    Encoder(t, server, "mp3", BACKUP, 880)
    wait_for_states(server, {"main": "writes", "backup": "flows"})

    def plays():
        rows = Api(server).want(200, "GET", "/audience/titles").json()["items"]
        return [(row["title"], row["ended"]) for row in rows]
    server.set_title(FILE, song="Long")
    wait_for(lambda: plays() == [("Long", None)], "it plays", 20)
    main.close()
    wait_for_states(server, {"backup": "writes"})
    # What came before this title is in the database with it.
    other = server.source("/other")
    other.play(10)
    server.set_title("/other", song="Mark")
    wait_for(lambda: ("Mark", None) in plays(), "the other mount's title", 20)
    equal(sorted(plays()), [("Long", None), ("Mark", None)])
