"""A server that records, an encoder of numbered frames in real time, and the announced recordings."""
import json
import re
import time

from harness import ADMIN, Failed, check, mount, wait_for
from media import mp3_frame
from threads import Threaded

FRAME_S = 1152 / 48000


def recorder(t, directory=None, inside="", more="", **slots):
    server = t.unstarted_server(**slots)
    server.write_config(body="<archive><dir>%s</dir>%s</archive>" % (directory or server.dir / "archive", more) +
                        mount("/*", "<archive><enabled>1</enabled>%s</archive>" % inside))
    return server.start()


class Studio(Threaded):
    """An encoder that sends numbered frames in real time, and starts over when its server is killed."""

    def __init__(self, t, server, mount="/live.mp3"):
        self.server, self.mount = server, mount
        self.sent, self.number = {}, 0
        self.source = server.source(mount)
        self.start(t)

    def run(self):
        begin, first = time.monotonic(), self.number
        while self.going:
            due = first + int((time.monotonic() - begin) / FRAME_S)
            while self.number < due and self.going:
                try:
                    self.source.send(mp3_frame("S", self.number))
                except OSError:
                    return
                self.sent[self.number] = time.time()
                self.number += 1
            time.sleep(0.02)

    def until_recorded(self, seconds):
        wait_for(lambda: recorded_seconds(self.server, self.mount) >= seconds, "%d s are recorded" % seconds, 30)
        return self

    def again(self):
        self.thread.join(3)
        self.source = self.server.source(self.mount)
        self.start()


def ranges(server, path="/live.mp3"):
    """The announced ranges: pairs of Unix seconds, the oldest first."""
    reply = server.get(path + "?from=1&to=2")
    if reply.status not in (404, 503):     # 503: the directory is still being read
        raise Failed("a range that is not there was answered %d" % reply.status)
    text = reply.get("x-lb-archive") or ""
    return [tuple(map(int, one.split("-"))) for one in reversed(text.split(", "))] if text else []


def recorded_seconds(server, path="/live.mp3"):
    return sum(end - begin for begin, end in ranges(server, path))


def number_of(frame):
    found = re.search(rb"<S(\d{9})>", frame)
    return int(found.group(1)) if found else -1


def check_consecutive(numbers, what):
    wrong = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
    check(numbers and not wrong, "%s: frames are lost or doubled: %r" % (what, wrong[:5]))


def newest(server, path="/live.mp3"):
    """The begin and the end of the last announced range: Unix seconds, to the millisecond."""
    mounts = json.loads(server.get("/admin/archive.json", ADMIN).text)["mounts"]
    found = [one["ranges"][-1] for one in mounts if one["mount"] == path and one["ranges"]]
    return (found[0]["from"], found[0]["to"]) if found else (0, 0)
