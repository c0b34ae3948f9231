#!/usr/bin/env python3
"""Listeners that stop reading: what they cost in memory, what others notice, what they read later.

500 listeners stop while at least 256 kB each comes to wait; then they read on, and every byte is
checked.  20 witnesses read all the time.  Memory is taken just after the stop and just before the
end of it: the process (VmRSS), and the machine (MemAvailable, Slab, TCP's own account, Shmem).
TCP's account is not memory: pages of a memfd that wait in a socket are charged, but not copied.
"""
import argparse, json, sys, time

import harness
from harness import Bench, Skip

WITNESSES = 20


def snapshot(server):
    return {"process VmRSS": server.kib("VmRSS"), "process RssAnon": server.kib("RssAnon"),
            "memfd pages": server.memfd_kib(),
            "machine in use (MemTotal - MemAvailable)":
                harness.meminfo_kib("MemTotal") - harness.meminfo_kib("MemAvailable"),
            "machine Slab": harness.meminfo_kib("Slab"),
            "machine Shmem": harness.meminfo_kib("Shmem"),
            "TCP's account (sockstat)": harness.sockstat_kib()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".", help="build tree")
    parser.add_argument("--server", help="our program, if not src/icecast-lb of the build tree")
    parser.add_argument("--kh", help="Icecast-KH's tar.gz")
    parser.add_argument("--kind", default="ours", choices=["ours", "icecast2", "kh"])
    parser.add_argument("--listeners", type=int, default=500, help="how many stop reading")
    parser.add_argument("--kilobytes", type=float, default=256, help="that wait for each of them")
    parser.add_argument("--bitrate", type=int, default=320)
    parser.add_argument("--rcvbuf", type=int, default=16384,
                        help="SO_RCVBUF: small, so that the bytes wait at the server; 0: default")
    parser.add_argument("--json", help="where to write the figures")
    options = parser.parse_args()
    stall = options.kilobytes * 8 / options.bitrate + 1.5
    with Bench(options.build, options.server, options.kh) as bench:
        server = bench.start(options.kind)
        feed = bench.feed(server, "--bitrate", options.bitrate, "--lead", 15)
        time.sleep(1)
        listen = bench.listen(
            server, "--listeners", options.listeners + WITNESSES, "--check", WITNESSES, "--stall",
            options.listeners, "--stall-after", 3, "--stall-for", f"{stall:.2f}", "--seconds",
            f"{3 + stall + 6:.2f}", "--warm-up", 2, "--rate", 200, "--rcvbuf", options.rcvbuf)
        harness.wait_for(listen, "stalled")
        time.sleep(0.3)
        before = snapshot(server)
        window = harness.Window(server, listen, feed)
        time.sleep(stall - 0.8)
        window = window.end()
        after = snapshot(server)
        harness.wait_for(listen, "resumed")
        heard = harness.result(listen)
        harness.end(feed)
    print(f"{options.kind}: {options.listeners} listeners stop reading for {stall:.1f} s at "
          f"{options.bitrate} kbit/s: {stall * options.bitrate / 8:.0f} kB each come to wait")
    for name, first in before.items():
        print(f"  {name:42} {(after[name] - first) * 1.024 / 1000:+8.1f} MB")
    print(f"  other programs meanwhile: {window['others_percent']:.0f} % of a processor (their memory is "
          "in the machine's figures)")
    print(f"  witnesses: largest gap {heard['gap_ms_max']:.0f} ms (warm-up and stall included), "
          f"disconnected {heard['disconnected']}, frames lost {heard['frames_lost']}, "
          f"damaged bytes {heard['bytes_damaged']}")
    print(f"  the stalled, later: {heard['stalled_frames']} frames right, lost "
          f"{heard['stalled_frames_lost']}, repeated {heard['stalled_frames_repeated']}, damaged "
          f"bytes {heard['stalled_bytes_damaged']}, disconnected {heard['stalled_disconnected']}")
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"machine": harness.machine(), "kind": options.kind, "stall_s": stall,
                       "before": before, "after": after, "window": window, "listen": heard}, out, indent=1)


if __name__ == "__main__":
    try:
        main()
    except Skip as reason:
        sys.exit(f"not measured: {reason}")
