"""The threads of a process, and its children, from /proc."""

import os
import pathlib
import signal

from facts import wait_for


def tasks_of(pid):
    """(name, directory in /proc) of each thread."""
    return [((task / "comm").read_text().strip(), task) for task in pathlib.Path("/proc/%d/task" % pid).iterdir()]


def states_of(pid):
    """(name, state) of each thread: R runs or waits for a processor, D waits for the disk, S sleeps."""
    rows = []
    for stat in pathlib.Path("/proc/%d/task" % pid).glob("*/stat"):
        try:
            name, rest = stat.read_text().rsplit(")", 1)
        except OSError:
            continue  # it has ended
        rows.append((name.split("(", 1)[1], rest.split()[0]))
    return rows


def freeze(pid):
    """Stops the process.  SIGSTOP wakes one of its threads, which stops the others; where processors are busy, they run on
    until then, for up to a second."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: all(state in "TtZX" for _, state in states_of(pid)), "process %d has stopped" % pid)


def schedule_of(task):
    """From a directory in /proc: nanoseconds of processor time, and the number of times it began to run."""
    row = (task / "schedstat").read_text().split()
    return int(row[0]), int(row[2])


def children_of(pid):
    """The children of the process's first thread."""
    return [int(word) for word in pathlib.Path("/proc/%d/task/%d/children" % (pid, pid)).read_text().split()]
