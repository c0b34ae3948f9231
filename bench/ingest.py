#!/usr/bin/env python3
"""Many sources: what 1,000 mounts with five listeners each cost, ours beside Icecast-KH, in one run.

The price is CPU time of the server a megabyte that it sends; the kinds take turns, and the ratio is that
of the medians.  Goal: at most Icecast-KH's.
"""
import argparse, json, statistics, sys, time

import harness
from harness import Bench, Skip


def turn(bench, kind, options):
    """CPU in us a MB of one server's window, and what was sent of what there was to send."""
    server = bench.start(kind)
    feed = bench.feed(server, "--mount", "/m%d", "--mounts", options.mounts, "--bitrate", options.bitrate, "--lead", 5)
    listeners = options.mounts * options.listeners
    listen = bench.listen(server, "--mount", "/m%d", "--mounts", options.mounts, "--listeners", listeners, "--rate", 1000,
                          "--seconds", options.seconds + 4, "--warm-up", 2)
    harness.wait_for(listen, "joined")
    time.sleep(2)
    window = harness.Window(server, listen, feed)
    time.sleep(options.seconds)
    window = window.end()
    heard = harness.result(listen)
    fed = harness.end(feed)
    server.stop()
    sent = heard["joined"] * options.bitrate * 125 * window["window_s"] / 1e6
    return {"us_per_mb": window["cpu_s"] * 1e6 / sent, "joined": heard["joined"], "of": listeners,
            "server_percent": window["server_percent"], "others_percent": window["others_percent"], "gap_ms": heard.get("gap_ms_max"),
            "skipped": fed.get("packets_skipped"), "listen": heard}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".", help="build tree")
    parser.add_argument("--server", help="our program, if not src/icecast-lb of the build tree")
    parser.add_argument("--kh", help="Icecast-KH's tar.gz")
    parser.add_argument("--mounts", type=int, default=1000)
    parser.add_argument("--listeners", type=int, default=5, help="of each mount")
    parser.add_argument("--bitrate", type=int, default=32, help="kbit/s")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--json", help="where to write the figures")
    options = parser.parse_args()
    found = {"ours": [], "kh": []}
    with Bench(options.build, options.server, options.kh) as bench:
        for _ in range(options.turns):
            for kind, rows in found.items():
                rows.append(turn(bench, kind, options))
                row = rows[-1]
                print("%-5s %7.0f us a MB, %.0f %% of a processor (other programs %.0f %%), %d of %d joined, packets skipped: %s"
                      % (kind, row["us_per_mb"], row["server_percent"], row["others_percent"], row["joined"], row["of"], row["skipped"]),
                      flush=True)
    ratio = statistics.median(row["us_per_mb"] for row in found["ours"]) / statistics.median(row["us_per_mb"] for row in found["kh"])
    print("ours of Icecast-KH's: %.2f (goal 1.0)%s" % (ratio, "" if ratio <= 1 else "  MISSED"))
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"machine": harness.machine(), "ratio": ratio, **found}, out, indent=1)


if __name__ == "__main__":
    try:
        main()
    except Skip as reason:
        sys.exit(f"not measured: {reason}")
