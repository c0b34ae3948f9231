"""The server's thread for disks writes the logs, so an early reader misses the last lines."""

import time

from tasks import tasks_of

PACE = 0.006      # a busy server writes its lines together every 5 ms
PATIENCE = 1.0    # for a disk that does not answer, as some tests make it


def wait_for_lines(pid):
    """Waits until the thread has nothing to write: it sleeps, and still does a pace later."""
    deadline, slept = time.monotonic() + PATIENCE, 0
    while slept < 2 and time.monotonic() < deadline:
        slept = slept + 1 if state_of_disk(pid) in "STZX" else 0
        if slept < 2:
            time.sleep(PACE)


def state_of_disk(pid):
    """The thread's state in /proc; S without such a thread."""
    try:
        with open(disk_of(pid), "rb", 0) as stat:
            return stat.read().rsplit(b")", 1)[1].split(None, 1)[0].decode()
    except (OSError, LookupError):
        KNOWN.pop(pid, None)
        return "S"    # it has ended, or has not begun


KNOWN = {}    # by process: a look at every thread, for each reading of a log, was a fifth of the processor time of the tests


def disk_of(pid):
    if pid not in KNOWN:
        KNOWN[pid] = {name: task / "stat" for name, task in tasks_of(pid)}["disk"]
    return KNOWN[pid]
