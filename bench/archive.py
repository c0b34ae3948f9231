#!/usr/bin/env python3
"""Listeners of the past beside live ones, and what a large archive costs to open.

1. CPU: twice --listeners live ones; then half of them in the past, at different places; then the same while
   what is recorded is dropped from the page cache again and again.  The longest turn of a worker in each
   case, and how many bytes left by which call (strace, if it is here).
2. An archive of --hours of --mounts mounts at 128 kbit/s is opened, and one of a single hour.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time
import urllib.request

import harness
from harness import PASSWORD, Bench, Skip

BODY = "<archive><dir>{home}/log/archive</dir></archive><mount><mount-name>/m0</mount-name><archive>1</archive></mount>"
RECORDED = 30   # seconds before anybody listens to the past
PLACES = 20     # … at so many places of it


class Dropper(threading.Thread):
    """Takes what is recorded out of the page cache, five times a second."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.directory, self.ended, self.rounds = directory, threading.Event(), 0

    def run(self):
        while not self.ended.wait(0.2):
            for path in self.directory.glob("*/*/*.data"):
                with contextlib.suppress(OSError):
                    fd = os.open(path, os.O_RDONLY)
                    os.fdatasync(fd)
                    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
                    os.close(fd)
            self.rounds += 1

    def end(self):
        self.ended.set()
        self.join()


def metric(server, name):
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % server.port, timeout=20) as reply:
        text = reply.read().decode()
    return sum(float(value) for value in re.findall(r"^%s(?:\{[^}]*\})? (\S+)$" % name, text, re.M))


def calls(server, seconds):
    """Bytes that left by each system call; None: strace is not here."""
    if not shutil.which("strace"):
        return None
    child = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=sendfile,write,writev,sendto,sendmsg", "-p", str(server.pid)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    child.terminate()
    _, text = child.communicate()
    out = {}
    for call, size in re.findall(r"(\w+)\([^\n]*= (\d+)\n", text):
        one = out.setdefault(call, [0, 0])
        one[0] += 1
        one[1] += int(size)
    return {call: {"calls": count, "bytes": size} for call, (count, size) in out.items()}


def measure(bench, live, past, seconds, cold=False, trace=0):
    server = bench.start("ours", body=BODY)
    feed = bench.feed(server, "--mount", "/m%d", "--mounts", 1, "--bitrate", 128)
    time.sleep(RECORDED if past else 8)
    children = []
    if live:
        children.append(bench.listen(server, "--mount", "/m0", "--listeners", live, "--seconds", seconds + 15, "--warm-up", 3))
    if past:
        children.append(bench.listen(server, "--mount", "/m0?timeshift=1%d", "--mounts", PLACES, "--listeners", past,
                                     "--seconds", seconds + 15, "--warm-up", 3))
    for child in children:
        harness.wait_for(child, "joined")
    directory = next(bench.home.glob("ours-*"), bench.home) / "log" / "archive"
    dropper = Dropper(server_directory(server)) if cold else None
    if dropper:
        dropper.start()
    time.sleep(3)
    disk = metric(server, "lb_archive_reads_total")
    window = harness.Window(server, feed, *children)
    time.sleep(seconds)
    out = window.end()
    out["shifted"] = metric(server, "lb_shifted_listeners")
    out["reads"] = metric(server, "lb_archive_reads_total") - disk
    out["longest_turn_s"] = metric(server, TURN) if TURN else None
    if trace:
        out["calls"] = calls(server, trace)
    if dropper:
        dropper.end()
    out["bytes"] = sum(harness.end(child).get("bytes", 0) for child in children)
    harness.end(feed)
    server.stop()
    return out
