"""A listener of a stamped stream and requests to control, during a test of a server: neither may wait, and memory
must not grow."""
import threading
import time

from harness import ADMIN, check
from media import MP3_FRAME, mp3_numbers


class Witness:
    def __init__(self, server, mount="/witness.mp3"):
        self.server, self.source = server, server.source(mount)
        self.source.play(60)
        self.listener = server.listener(mount)
        self.sent, self.lag, self.wait, self.fault, self.ends = {}, 0.0, 0.0, None, False
        self.before = self.memory()
        self.threads = [threading.Thread(target=self.guarded, args=(work,), daemon=True) for work in (self.play, self.hear, self.ask)]
        for thread in self.threads:
            thread.start()

    def guarded(self, work):
        try:
            work()
        except Exception as fault:  # end() reports it
            if not self.ends:
                self.fault = fault

    def memory(self):
        """In kB, without stream logs."""
        return int(next(line for line in open("/proc/%d/status" % self.server.process.pid) if line.startswith("RssAnon")).split()[1])

    def play(self):
        number = 60
        while not self.ends:
            self.sent[number + 3] = time.monotonic()
            self.source.play(4)
            number += 4
            time.sleep(0.1)  # at the pace of the sound

    def hear(self):
        while not self.ends:
            (_, number), = mp3_numbers(self.listener.read(MP3_FRAME))
            if number in self.sent:
                self.lag = max(self.lag, time.monotonic() - self.sent.pop(number))

    def ask(self):
        while not self.ends:
            before = time.monotonic()
            check(self.server.get("/admin/listclients?mount=/witness.mp3", ADMIN).status == 200, "control answers")
            self.wait = max(self.wait, time.monotonic() - before)
            time.sleep(0.05)

    def end(self, lag=1.0, wait=1.0, grown=16_000):
        """Checks that everything continued: within so many seconds, with at most so many kB more."""
        after = self.memory()
        self.ends = True
        check(self.fault is None, "the witness failed: %r" % self.fault)
        check(self.lag < lag and self.wait < wait, "a frame came after %.2f s, an answer after %.2f s" % (self.lag, self.wait))
        check(after - self.before < grown, "memory grew by %d kB" % (after - self.before))
        return "lag %.3f s, control %.3f s, %+d kB" % (self.lag, self.wait, after - self.before)
