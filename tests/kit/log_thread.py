"""Logs are written by the server's thread for disks; a reader that asks too early misses the last lines."""

import pathlib
import time

PACE = 0.006      # a busy server writes its lines together each 5 ms, and sleeps between
PATIENCE = 1.0    # of a disk that does not answer, which some tests make


def wait_for_lines(pid):
    """Until the thread has nothing to write: it sleeps, and does so yet when a pace is over."""
    deadline, slept = time.monotonic() + PATIENCE, 0
    while slept < 2 and time.monotonic() < deadline:
        slept = slept + 1 if state_of_disk(pid) in "STZX" else 0
        if slept < 2:
            time.sleep(PACE)


def state_of_disk(pid):
    """As /proc has it: R runs or waits for a processor, D waits for the disk; S where there is no such thread."""
    try:
        for task in pathlib.Path("/proc/%d/task" % pid).iterdir():
            name, rest = (task / "stat").read_text().rsplit(")", 1)
            if name.endswith("(disk"):
                return rest.split()[0]
    except OSError:
        pass    # it has ended
    return "S"
