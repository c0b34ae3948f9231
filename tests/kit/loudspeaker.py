"""The output of a sound server: which tone of tones.py is heard at which time.

No page can show this in all browsers: samples that WebKitGTK gives to an AudioContext wait in a queue, which grows with
each late turn of the machine, before the loudspeaker gets them.  So the page is not changed for the measurement.
"""
import math
import operator
import os
import shutil
import struct
import subprocess
import threading
import time

from harness import Skip
from tones import TONES, tone

# A window of 10 ms has whole waves of each tone.
RATE, WINDOW, STEP = 8000, 80, 20
QUIET, CLEAR = 300, 0.7


class Loudspeaker:
    """Records at the sink until the test is over."""

    def __init__(self, bench, sound):
        if not shutil.which("parec"):
            raise Skip("parec is not installed")
        waves = [[2 * math.pi * tone(one) * at / RATE for at in range(WINDOW)] for one in range(TONES)]
        self.waves = [([math.sin(at) for at in wave], [math.cos(at) for at in wave]) for wave in waves]
        self.began, self.samples, self.last, self.changes = None, 0, None, []
        # The short latency also applies to the sink, which plays no further ahead.
        self.program = subprocess.Popen(["parec", "--raw", "--format=s16le", "--rate=%d" % RATE, "--channels=1", "--latency-msec=10"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ, **sound))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        bench.owned(self)

    def run(self):
        kept = b""
        while data := os.read(self.program.stdout.fileno(), 4096):
            now = time.monotonic()
            kept += data
            # Samples arrive at the sink's pace, and late rather than early.
            began = now - (self.samples + len(kept) / 2) / RATE
            self.began = min(began, self.began or began)
            at = 0
            while len(kept) - at >= 2 * WINDOW:
                self.hear(struct.unpack_from("<%dh" % WINDOW, kept, at))
                at += 2 * STEP
                self.samples += STEP
            kept = kept[at:]

    def hear(self, window):
        if max(window) < QUIET:
            return
        power = sum(map(operator.mul, window, window))
        for one, waves in enumerate(self.waves):
            parts = [sum(map(operator.mul, window, wave)) for wave in waves]
            if sum(part * part for part in parts) * 2 / WINDOW > CLEAR * power:
                if one != self.last:
                    self.changes.append((one, self.samples + WINDOW // 2))
                self.last = one
                return

    def heard(self):
        """[which tone, since when by time.monotonic()]"""
        return [(one, self.began + at / RATE) for one, at in list(self.changes)]

    def forget(self):
        del self.changes[:]

    def close(self):
        self.program.terminate()
        self.program.wait()
        self.thread.join()
