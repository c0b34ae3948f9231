"""Recordings of other nodes: played as if they were here, fetched once, and from the next holder when one dies (doc/archive.md)."""
import json
import re
import threading
import time

from bench import ADMIN, check, equal, test, wait_for
from harness import Failed, mount
from link_bench import edge, kill9, linked_master
from media import MP3_FRAME, mp3_frame

FRAME_S = 1152 / 48000
MOUNT = "/live.mp3"


class Encoder:
    """Numbered frames in real time, and when each was sent."""

    def __init__(self, b, server):
        self.sent, self.number, self.going = {}, 0, True
        self.source = server.source(MOUNT)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        b.owned(self)

    def run(self):
        begin = time.monotonic()
        while self.going:
            while self.number < (time.monotonic() - begin) / FRAME_S and self.going:
                try:
                    self.source.send(mp3_frame("S", self.number))
                except OSError:
                    return
                self.sent[self.number] = time.time()
                self.number += 1
            time.sleep(0.02)

    def close(self):
        self.going = False
        self.thread.join(3)


def archive_of(directory, inside="", more=""):
    return "<archive><dir>%s</dir>%s</archive>" % (directory, more) + mount("/*", "<archive><enabled>1</enabled>%s</archive>" % inside)


def directory(b, number):
    made = b.dir / ("archive%d" % number)
    made.mkdir()
    made.chmod(0o777)
    return made


def recording_master(b, number=11, nodes=("edge12", "edge13", "edge14")):
    return linked_master(b, number, nodes, body_more=archive_of(directory(b, number)))


def settled(server, path=MOUNT):
    """What is announced at the server, here and elsewhere: pairs of Unix seconds, the oldest first."""
    reply = server.get(path + "?from=1&to=2")
    if reply.status != 404:
        raise Failed("a range that is not there was answered %d" % reply.status)
    text = reply.get("x-lb-archive") or ""
    return [tuple(map(int, one.split("-"))) for one in reversed(text.split(", "))] if text else []


def recorded_seconds(server):
    try:
        return sum(end - begin for begin, end in settled(server))
    except (OSError, Failed):
        return 0


def knows(server, seconds):
    wait_for(lambda: recorded_seconds(server) >= seconds, "%s knows %d recorded seconds" % (server.name, seconds), 30)


def first_number(listener):
    return int(re.search(rb"<S(\d{9})>", listener.read(2000)).group(1))


def frames(data):
    """Numbers of the whole frames from the first one on."""
    at = data.find(b"\xff\xfb\x94\x00")
    found = []
    while at >= 0 and at + MP3_FRAME <= len(data):
        number = int(data[at + 38:at + 47])
        check(data[at:at + MP3_FRAME] == mp3_frame("S", number), "a frame is damaged at byte %d" % at)
        found.append(number)
        at += MP3_FRAME
    return found


def consecutive(numbers, what):
    wrong = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
    check(numbers and not wrong, "%s: frames are lost or doubled: %r" % (what, wrong[:5]))


def metric(server, name):
    text = server.get("/metrics", ADMIN).text
    found = re.search(r"^%s (\S+)$" % re.escape(name), text, re.M)
    return float(found.group(1)) if found else 0.0


@test
def a_listener_at_another_node_hears_what_was_sent_so_long_ago(b):
    master = recording_master(b)
    there = edge(b, 12, master)
    encoder = Encoder(b, master)
    knows(there, 9)
    asked = time.time()
    listener = there.listener(MOUNT + "?timeshift=8")
    first = first_number(listener)
    late = asked - encoder.sent[first]
    check(7 <= late <= 9, "timeshift=8 began %.2f s ago" % late)
    place = re.fullmatch(r"([0-9a-f]{32}\.\d+)", listener.head.get("x-lb-stream") or "")
    check(place, "no place is told")
    # Over the end of what was recorded when it began, at the pace of the stream.
    consecutive(frames(listener.read(int(6 / FRAME_S) * MP3_FRAME)), "the shifted stream")
    listener.close()
    again = there.listener(MOUNT + "?at=" + place.group(1))
    equal(first_number(again), first)
    again.close()
    return "−8 s from another node is −%.2f s" % late


@test
def ranges_of_another_node_are_files_and_are_shown_with_their_places(b):
    master = recording_master(b)
    there = edge(b, 12, master)
    encoder = Encoder(b, master)
    knows(there, 6)
    begin = settled(there)[0][0] + 1
    path = MOUNT + "?from=%d&duration=3" % begin
    here, remote = master.get(path), there.get(path)
    equal((here.status, remote.status), (200, 200))
    equal(remote.body, here.body)
    part = there.get(path, headers=["Range: bytes=1000-4999"])
    equal((part.status, part.body), (206, here.body[1000:5000]))
    shown = json.loads(there.get("/admin/archive.json", ADMIN).text)["mounts"]
    equal([(each["mount"], each["ranges"][-1]["where"]) for each in shown], [(MOUNT, ["m11"])])
    equal(there.get(MOUNT + "?from=1&to=2").status, 404)
    encoder.close()
