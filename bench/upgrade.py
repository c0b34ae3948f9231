#!/usr/bin/env python3
"""The program is replaced again and again under listeners that check every byte, while others join.

Prints pauses (as the server measures them), gaps, what was lost, and memory and descriptors of the first and the last process.
Ends with 1 where a byte, a listener, a source or a join was lost.
"""
import argparse
import json
import pathlib
import re
import signal
import sys
import time

import harness
from harness import Bench, Skip

TAKEN = re.compile(r"process (\d+) has taken over (\d+) listeners, (\d+) sources, (\d+) mounts; pause (\d+) ms")


class Serving:
    """The process that serves now; the first one stands in for it."""

    def __init__(self, server):
        self.server, self.log = server, server.home / "log" / "error.log"

    def rows(self):
        return TAKEN.findall(self.log.read_text(errors="replace"))

    def pid(self):
        rows = self.rows()
        return int(rows[-1][0]) if rows else self.server.pid

    def upgrade(self, patience=30):
        before, begin = len(self.rows()), time.monotonic()
        self.server.child.send_signal(signal.SIGUSR2)
        while len(self.rows()) == before:
            if "the upgrade was not made" in self.log.read_text(errors="replace"):
                raise Skip("the upgrade was not made: " + self.log.read_text(errors="replace")[-600:])
            if time.monotonic() - begin > patience:
                raise Skip("no upgrade within %d s" % patience)
            time.sleep(0.02)

    def figures(self):
        place = pathlib.Path("/proc/%d" % self.pid())
        status, maps = (place / "status").read_text(), (place / "maps").read_text().splitlines()
        logs = sum("/memfd:" in row for row in maps)  # of their segments: the more, the fuller their windows
        return {"RssAnon KiB": int(re.search(r"RssAnon:\s+(\d+)", status)[1]),
                "descriptors": len(list((place / "fd").iterdir())),
                "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]),
                "mappings": len(maps) - logs, "mappings of logs": logs}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".", help="build tree")
    parser.add_argument("--server", help="our program, if not src/icecast-lb of the build tree")
    parser.add_argument("--upgrades", type=int, default=50)
    parser.add_argument("--pause", type=float, default=2, help="seconds between two")
    parser.add_argument("--mounts", type=int, default=20)
    parser.add_argument("--listeners", type=int, default=4000)
    parser.add_argument("--icy", type=int, default=500, help="listeners that take titles")
    parser.add_argument("--joins", type=float, default=100, help="a second, meanwhile; each stays")
    parser.add_argument("--bitrate", type=int, default=32)
    parser.add_argument("--json", help="where to write the figures")
    options = parser.parse_args()
    seconds = options.upgrades * (options.pause + 0.5) + 15
    limits = "<limits><clients>20000</clients><sources>2000</sources><source-timeout>60</source-timeout></limits>"
    with Bench(options.build, options.server) as bench:
        server = bench.start("ours", body=limits)
        feed = bench.feed(server, "--mounts", options.mounts, "--mount", "/m%d", "--bitrate", options.bitrate,
                          "--lead", 10, seconds=int(seconds) + 120)
        common = ("--mount", "/m%d", "--mounts", options.mounts, "--warm-up", 1)
        plain = bench.listen(server, *common, "--listeners", options.listeners, "--check", options.listeners,
                             "--rate", 2000, "--seconds", seconds)
        joined = harness.wait_for(plain, "joined")
        icy = None
        if options.icy > 0:
            icy = bench.listen(server, *common, "--listeners", options.icy, "--check", options.icy, "--icy", 1,
                               "--rate", 1000, "--seconds", seconds)
            harness.wait_for(icy, "joined")
        serving = Serving(server)
        time.sleep(2)
        first = serving.figures()
        joiners = None
        if options.joins > 0:
            count = int(options.joins * options.upgrades * options.pause)
            joiners = bench.listen(server, *common, "--listeners", count, "--check", 0, "--rate", options.joins,
                                   "--seconds", 3, "--join-timeout", 15)
        for _ in range(options.upgrades):
            serving.upgrade()
            time.sleep(options.pause)
        second = serving.figures() if joiners is None else None
        found = {"joined": harness.result(joiners)} if joiners else {}
        if second is None:
            time.sleep(3)  # those who joined have gone
            second = serving.figures()
        found |= {"plain": harness.result(plain)} | ({"icy": harness.result(icy)} if icy else {})
        fed = harness.end(feed)
        pauses = sorted(int(row[4]) for row in serving.rows())
        server.stop()
    lost = sum(each["disconnected"] + each["refused"] + each["silent"] for each in found.values())
    print("%d upgrades, %s listeners, %d mounts; pause ms: median %d, p90 %d, most %d" % (
        len(pauses), joined[1], options.mounts, pauses[len(pauses) // 2], pauses[int(len(pauses) * 0.9)], pauses[-1]))
    for name, each in found.items():
        print("%-7s %s" % (name, json.dumps({key: value for key, value in each.items() if key in (
            "listeners", "joined", "refused", "silent", "disconnected", "gap_ms_max", "gap_ms_p50_listener", "frames", "frames_lost", "frames_repeated", "bytes_damaged",
            "first_audio_ms_max", "first_audio_ms_p99", "good")})))
    print("sources " + json.dumps(fed))
    print("first process %s\nlast process  %s" % (first, second))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"pauses": pauses, "listen": found, "feed": fed, "first": first, "last": second}))
    good = lost == 0 and all(each["good"] for name, each in found.items() if name != "joined")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Skip as e:
        print("not measured: %s" % e)
        sys.exit(1)
