#!/usr/bin/env python3
"""Listeners of the past beside live ones, and what a large archive costs to open.

1. CPU: twice --listeners live ones, without an archive and with one, twice by turns; then half of them in the past, at different places; then the same while
   what is recorded is dropped from the page cache again and again.  The longest turn of a worker in each
   case, and how many bytes left by which call (strace, if it is here).
2. An archive of --hours of --mounts mounts at 128 kbit/s is opened, and one of a single hour.
"""
import argparse
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

import harness
from harness import PASSWORD, Bench, Skip

BODY = "<archive><dir>{home}/log/archive</dir></archive><mount><mount-name>/m0</mount-name><archive>1</archive></mount>"
NO_ARCHIVE = "<mount><mount-name>/m0</mount-name></mount>"
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


def metrics(server, pattern):
    """The values of all lines of /metrics that begin so."""
    ask = urllib.request.Request("http://127.0.0.1:%d/metrics" % server.port)
    ask.add_header("Authorization", "Basic " + base64.b64encode(("admin:%s-admin" % PASSWORD).encode()).decode())
    with urllib.request.urlopen(ask, timeout=20) as reply:
        text = reply.read().decode()
    return [float(value) for value in re.findall(r"^%s[^ ]* (\S+)$" % pattern, text, re.M)]


def calls(server, seconds):
    """Bytes that left by each system call; None: strace is not here."""
    if not shutil.which("strace"):
        return None
    child = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=sendfile,write,writev,sendto,sendmsg", "-e", "signal=none", "-p", str(server.pid)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    child.terminate()
    _, text = child.communicate()
    out = {}
    for call, size in re.findall(r"(\w+)(?:\(| resumed>)[^\n]*= (\d+)\n", text):
        one = out.setdefault(call, [0, 0])
        one[0] += 1
        one[1] += int(size)
    return {call: {"calls": count, "bytes": size} for call, (count, size) in out.items()}


def measure(bench, live, past, seconds, cold=False, trace=0, body=BODY):
    server = bench.start("ours", body=body)
    feed = bench.feed(server, "--mount", "/m0", "--mounts", 1, "--bitrate", 128)
    time.sleep(RECORDED if past else 8)
    children = []
    if live:
        children.append(bench.listen(server, "--mount", "/m0", "--listeners", live, "--seconds", seconds + 15, "--warm-up", 3))
    if past:
        children.append(bench.listen(server, "--mount", "/m0?timeshift=1%d", "--mounts", PLACES, "--listeners", past,
                                     "--seconds", seconds + 15, "--warm-up", 3))
    for child in children:
        harness.wait_for(child, "joined")
    dropper = Dropper(server.home / "log" / "archive") if cold else None
    if dropper:
        dropper.start()
    time.sleep(3)
    read = metrics(server, 'lb_archive_reads_total{from="disk"')
    window = harness.Window(server, feed, *children)
    time.sleep(seconds)
    out = window.end()
    out["shifted"] = sum(metrics(server, "lb_shifted_listeners"))
    out["disk_reads"] = sum(metrics(server, 'lb_archive_reads_total{from="disk"')) - sum(read)
    out["longest_turn_s"] = max(metrics(server, 'icecast_loop_lag_seconds{loop="worker'), default=None)
    if trace:
        out["calls"] = calls(server, trace)
    if dropper:
        dropper.end()
    for child in children:
        harness.end(child)
    harness.end(feed)
    server.stop()
    return out


def opened(bench, mounts, hours):
    place = bench.home / ("archive-%d" % hours)
    done = subprocess.run([str(bench.build / "bench" / "archive-size"), str(place), str(mounts), str(hours)],
                          stdout=subprocess.PIPE, text=True, check=True)
    shutil.rmtree(place)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".", help="build tree")
    parser.add_argument("--server", help="our program, if not src/icecast-lb of the build tree")
    parser.add_argument("--listeners", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=15, help="of each measurement")
    parser.add_argument("--mounts", type=int, default=100)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--json", help="where to write the figures")
    options = parser.parse_args()
    figures = {"machine": harness.machine()}
    with Bench(options.build, options.server) as bench:
        try:
            for hours in (1, options.hours):
                figures["open_%d_h" % hours] = found = opened(bench, options.mounts, hours)
                print("%d mounts, %d h: %d files opened in %.2f s (%.2f s of CPU), memory grew by %d KiB" % (
                    options.mounts, hours, found["files"], found["open_s"], found["cpu_s"], found["grown_kib"]), flush=True)
        except (OSError, subprocess.CalledProcessError) as e:
            print("archive-size: %s (make bench-programs)" % e)
        n = options.listeners
        for name, live, past, cold in (("off", 2 * n, 0, False), ("live", 2 * n, 0, False), ("off again", 2 * n, 0, False),
                                       ("live again", 2 * n, 0, False), ("past", n, n, False), ("cold", n, n, True)):
            try:
                figures[name] = found = measure(bench, live, past, options.seconds, cold, trace=4 if past else 0,
                                                body=NO_ARCHIVE if name.startswith("off") else BODY)
            except Skip as e:
                print("%s: %s" % (name, e))
                continue
            print("%-10s %d live, %d past: %.1f %% CPU, longest turn %.1f ms, %d parts read from disk, %s" % (
                name, live, found["shifted"], found["server_percent"], 1000 * (found["longest_turn_s"] or 0),
                found["disk_reads"], found.get("calls")), flush=True)
        if "live" in figures and "past" in figures:
            print("past / live: %.2f" % (figures["past"]["cpu_s"] / figures["live"]["cpu_s"]))
        both = [sum(figures[name + again]["cpu_s"] for again in ("", " again") if name + again in figures) for name in ("live", "off")]
        if all(both):
            print("live with an archive / without: %.3f" % (both[0] / both[1]))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
