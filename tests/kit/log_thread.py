"""Logs are written by the server's thread for disks; a reader that asks too early misses the last lines."""

import time

from tasks import states_of

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
    """S where there is no such thread."""
    try:
        return dict(states_of(pid)).get("disk", "S")
    except OSError:
        return "S"    # it has ended
