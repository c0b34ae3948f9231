#!/usr/bin/env python3
"""Idle mounts: what 1,000 sources without listeners cost in memory, descriptors and mappings.

Two figures of memory, because a memfd's page counts for a process only while it is mapped:
VmRSS, and VmRSS plus the pages of memfds that are not mapped (st_blocks of every open memfd).
The machine's Shmem and the growth of MemAvailable are printed beside, as a check from outside.
"""
import argparse, json, sys, time

import harness
from harness import Bench, Skip

AUDIENCE = "<paths><state-dir>{home}/log</state-dir></paths><console>1</console><audience/>"


def snapshot(server):
    rollup = dict(line.split(":", 1) for line in server.read("smaps_rollup").splitlines()[1:])
    shared = server.kib("RssShmem")
    memfd = server.memfd_kib()
    return {
        "rss_kib": server.kib("VmRSS"), "rss_shmem_kib": shared,
        "pss_kib": int(rollup["Pss"].split()[0]),
        "anonymous_kib": int(rollup["Anonymous"].split()[0]),
        "memfd_kib": memfd, "total_kib": server.kib("VmRSS") - shared + max(shared, memfd),
        "machine_shmem_kib": harness.meminfo_kib("Shmem"),
        "machine_available_kib": harness.meminfo_kib("MemAvailable"),
        "descriptors": server.descriptors(), "mappings": server.mappings()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".", help="build tree")
    parser.add_argument("--server", help="our program, if not src/icecast-lb of the build tree")
    parser.add_argument("--kh", help="Icecast-KH's tar.gz")
    parser.add_argument("--kind", default="ours", choices=["ours", "icecast2", "kh"])
    parser.add_argument("--mounts", type=int, default=1000)
    parser.add_argument("--bitrate", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=20, help="how long the sources run")
    parser.add_argument("--json", help="where to write the figures")
    parser.add_argument("--audience", action="store_true", help="with the journal of listenings")
    options = parser.parse_args()
    with Bench(options.build, options.server, options.kh) as bench:
        server = bench.start(options.kind, body=AUDIENCE if options.audience else "")
        before = snapshot(server)
        # Twice the burst is sent at once, so that each mount holds what it will always hold.
        lead = 2 * 65536 / (options.bitrate * 125)
        feed = bench.feed(server, "--mount", "/m%d", "--mounts", options.mounts, "--bitrate",
                          options.bitrate, "--lead", f"{lead:.1f}")
        time.sleep(options.seconds / 2)
        middle = snapshot(server)
        window = harness.Window(server, feed)
        time.sleep(options.seconds / 2)
        window = window.end()
        after = snapshot(server)
        fed = harness.end(feed)
    grown = {name: after[name] - before[name] for name in before}
    grown["machine_available_kib"] *= -1
    per = {name: grown[name] / options.mounts for name in ("descriptors", "mappings")}

    def mib(name):
        return f"{grown[name] / 1024:.1f} MiB, {grown[name] / options.mounts:.1f} KiB a mount"

    print(f"{options.kind}: {options.mounts} idle mounts at {options.bitrate} kbit/s, "
          f"{options.seconds:.0f} s after the start")
    print(f"  memory with unmapped memfd pages  {mib('total_kib')}  (whole process: "
          f"{after['total_kib'] / 1024:.1f} MiB; goal 150)")
    print(f"  VmRSS                             {mib('rss_kib')}")
    print(f"    of it anonymous                 {mib('anonymous_kib')}")
    print(f"  pages of memfds                   {mib('memfd_kib')}")
    print(f"  machine: Shmem                    {mib('machine_shmem_kib')}")
    print(f"  machine: MemAvailable less by     {mib('machine_available_kib')}  (with sockets)")
    print(f"  in the second half: memory        "
          f"{(after['total_kib'] - middle['total_kib']) / 1024:+.1f} MiB (0: nothing piles up)")
    print(f"  descriptors a mount               {per['descriptors']:.2f}  (goal 3)")
    print(f"  mappings a mount                  {per['mappings']:.2f}  (goal 6)")
    print(f"  CPU                               {window['server_percent']:.1f} % of a processor "
          f"(sources {window['generators_percent']:.0f} %, other programs "
          f"{window['others_percent']:.0f} %)")
    if fed.get("not_streaming", 1) or fed.get("packets_skipped", 1):
        print(f"  FAULT: the sources were not all taken: {fed}")
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"machine": harness.machine(), "kind": options.kind, "before": before,
                       "middle": middle, "after": after, "window": window,
                       "feed": fed}, out, indent=1)


if __name__ == "__main__":
    try:
        main()
    except Skip as reason:
        sys.exit(f"not measured: {reason}")
