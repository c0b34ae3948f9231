"""System calls that fail, do less, take long or end the process, in a running server (tests/faults/faults.c)."""
import mmap
import os
import pathlib
import struct

import preload

FAIL, SHORT, LATE, END, WRONG = 1, 2, 3, 4, 5
ROW = struct.Struct("16s48s16siiiiii")
RULES = 8
ENDLESS = 1 << 30
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "faults" / "faults.c"


class Rule:
    """One call that fails (error), does less (short), is late (seconds), is the process's last one (end: a signal,
    or minus a status), or changes every n-th byte (wrong); see struct rule in faults.c."""

    def __init__(self, call, error=0, short=0, seconds=0.0, end=None, wrong=0, path="", thread="", every=1, times=ENDLESS):
        self.call, self.path, self.thread, self.every, self.times = call, path, thread, every, times
        self.kind = END if end is not None else WRONG if wrong else FAIL if error else SHORT if short else LATE
        self.value = end if end is not None else error or short or wrong or int(seconds * 1000)

    def __str__(self):
        done = {FAIL: "fails with %d" % self.value, SHORT: "takes %d bytes" % self.value, LATE: "takes %d ms" % self.value,
                END: "is the last one (%d)" % self.value, WRONG: "brings something else"}[self.kind]
        return "%s %s %s" % (self.call, self.path, done)

    def row(self):
        return ROW.pack(self.call.encode(), self.path.encode(), self.thread.encode(), self.kind, self.value,
                        self.every, self.times, 0, 0)


class Faults:
    def __init__(self, t):
        self.file = t.dir / "rules"
        self.file.write_bytes(bytes(ROW.size * RULES))
        self.file.chmod(0o666)
        with open(self.file, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), ROW.size * RULES)
        self.environment = preload.environment(t, "faults", SOURCE.read_text(), LB_FAULTS=self.file)
        t.owned(self)

    def put(self, rules):
        for number, rule in enumerate(rules):
            row, at = rule.row(), number * ROW.size
            # `kind` comes last, because it puts the rule into force.
            self.map[at:at + 80] = row[:80]
            self.map[at + 84:at + ROW.size] = row[84:]
            self.map[at + 80:at + 84] = row[80:84]

    def clear(self):
        for number in range(RULES):
            self.map[number * ROW.size + 80:number * ROW.size + 84] = bytes(4)

    def hits(self, number=0):
        return ROW.unpack_from(self.map, number * ROW.size)[8]

    def words(self):
        """As words of a shell, in front of a program."""
        return "env " + " ".join("%s=%s" % (name, self.environment[name]) for name in ("LD_PRELOAD", "LB_FAULTS"))

    def close(self):
        self.map.close()
