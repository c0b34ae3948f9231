#!/usr/bin/env python3
"""make bench: ours beside Debian's icecast2, Icecast-KH and a bare sendfile loop, in one run.

Prints one table and writes a JSON file.  Nothing here fails the build: a row that cannot be measured
says why.  Method and meaning of every row: doc/performance.md.
"""
import argparse, json, math, pathlib, subprocess, sys, tempfile, time

import harness
from harness import Bench, Skip

NAMES = {"ours": "icecast-lb", "icecast2": "icecast2", "kh": "Icecast-KH", "loop": "sendfile loop"}
# Icecast 2.4.4 listens with a backlog of 5: faster joins lose SYNs, which come back a second later.
JOINS_PER_SECOND = {"ours": 4000, "kh": 4000, "loop": 4000, "icecast2": 200}
STORM_SECONDS = 8  # after the last join was due
WARM_UP = 3


def whole_pulses(seconds, pulse_ms):
    """The least whole number of pulses that lasts so long: a pass more or less in a window of a few is a tenth of the cost."""
    return math.ceil(seconds * 1000 / pulse_ms - 0.001) * pulse_ms / 1000


def steady(bench, kind, listeners, seconds, pulse_ms):
    """CPU, memory and gaps with this many listeners on one mount."""
    seconds = whole_pulses(seconds, pulse_ms)
    server = bench.start(kind, pulse_ms)
    feed = bench.feed(server, "--lead", 40)  # the queue is full before anyone joins
    time.sleep(1.5)
    rss = server.kib("VmRSS")
    anonymous = server.kib("RssAnon")
    listen = bench.listen(server, "--listeners", listeners, "--rate", JOINS_PER_SECOND[kind],
                          "--seconds", seconds + WARM_UP + 1, "--warm-up", WARM_UP)
    join_cpu = server.cpu_seconds()
    harness.wait_for(listen, "joined")
    join_cpu = server.cpu_seconds() - join_cpu
    time.sleep(WARM_UP)
    window = harness.Window(server, listen, feed)
    time.sleep(seconds)
    window = window.end()
    rss_after, anonymous_after = server.kib("VmRSS"), server.kib("RssAnon")
    heard = harness.result(listen)
    fed = harness.end(feed)
    server.stop()
    joined = max(1, heard["joined"])
    listener_seconds = joined * window["window_s"]
    return window | {
        "cpu_us": window["cpu_s"] * 1e6 / listener_seconds, "join_cpu_us": join_cpu * 1e6 / joined,
        "rss_kib": rss, "rss_bytes_per_listener": (rss_after - rss) * 1024 / joined,
        "anon_bytes_per_listener": (anonymous_after - anonymous) * 1024 / joined,
        "listen": heard, "feed": fed}


def storm(bench, kind, listeners):
    """All join at 4,000 a second; who has no audio STORM_SECONDS after the last was due, is late."""
    server = bench.start(kind)
    feed = bench.feed(server, "--lead", 40)
    time.sleep(1)
    listen = bench.listen(server, "--listeners", listeners, "--rate", 4000, "--seconds", 1,
                          "--warm-up", 0, "--join-timeout", STORM_SECONDS)
    heard = harness.result(listen)
    harness.end(feed)
    server.stop()
    return heard


def latency(bench, kind, seconds):
    server = bench.start(kind)
    feed = bench.feed(server, "--lead", 40)
    time.sleep(1)
    heard = harness.result(bench.listen(server, "--listeners", 20, "--rate", 20, "--warm-up", 2,
                                        "--seconds", seconds + 2))
    fed = harness.end(feed)
    server.stop()
    return {"listen": heard, "feed": fed}


def redirects(build):
    """A cluster's master beside nginx: goals G14 of tests/cluster/goals, in one run, round by round."""
    program = harness.HERE.parent / "tests/cluster/goals/run.py"
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([sys.executable, "-B", str(program), "--build", str(build), "--only", "^G14(core|six|one)?$", "--json",
                        out.name], stdout=subprocess.DEVNULL, check=False)
        text = pathlib.Path(out.name).read_text()
    if not text:
        return {"skipped": ["redirects: %s has not ended well" % program]}
    rows = {row["number"]: row for row in json.loads(text)}
    found = {number: row["measured"] for number, row in rows.items() if row["measured"] is not None}
    if len(found) < len(rows):
        return {"skipped": ["redirects: " + next(iter(rows.values()))["how"].strip().split("\n")[-1]]}
    print("redirects: " + rows["G14"]["how"], file=sys.stderr)
    return {"nginx_rate": 1 / found["G14"], "nginx_cpu": 1 / found["G14core"],
            "nginx_cpu_six": 1 / found["G14six"], "nginx_rate_one": 1 / found["G14one"], "how": rows["G14"]["how"]}


def measure(bench, kind, counts, seconds, pulses):
    """Everything of one kind of server; the part that fails leaves its reason."""
    found = {}

    def part(name, act):
        begin = time.monotonic()
        try:
            found[name] = act()
        except Skip as reason:
            found.setdefault("skipped", []).append(f"{name}: {reason}")
            print(f"{NAMES[kind]}: {name}: {reason}", file=sys.stderr)
            return
        print(f"{NAMES[kind]}: {name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)

    if kind != "loop":
        try:
            bench.program(kind)
        except Skip as reason:
            print(f"{NAMES[kind]}: skipped: {reason}", file=sys.stderr)
            return {"skipped": [str(reason)]}
        part("latency", lambda: latency(bench, kind, seconds))
    for count in counts:
        part(f"steady_{count}",
             lambda: steady(bench, kind, count, seconds, pulses.get(count, 750)))
    if kind == "icecast2":
        part("storm", lambda: storm(bench, kind, counts[-1]))
    elif f"steady_{counts[-1]}" in found:  # its joins came at 4,000 a second anyway
        found["storm"] = found[f"steady_{counts[-1]}"]["listen"]
    return found


def rows(counts):
    """(title, where to find it, format)"""
    for count in counts:
        at = f"steady_{count}"
        yield f"CPU, {count} listeners, µs per listener-second", (at, "cpu_us"), "{:.2f}"
        yield "  largest gap, ms", (at, "listen", "gap_ms_max"), "{:.0f}"
        yield "  mean time between deliveries, ms", (at, "listen", "interval_ms_mean"), "{:.0f}"
        yield "  CPU of a join with its burst, µs", (at, "join_cpu_us"), "{:.0f}"
        yield "  RSS per listener, bytes", (at, "rss_bytes_per_listener"), "{:.0f}"
        yield "  load generator, % of a processor", (at, "generators_percent"), "{:.0f}"
        yield "  other programs, % of a processor (noise)", (at, "others_percent"), "{:.0f}"
        yield "  frames lost, repeated; bytes damaged", (at, "listen", "faults"), "{}"
    yield f"{counts[-1]} joins at 4,000/s: joined", ("storm", "joined"), "{}"
    yield "  joins per second reached", ("storm", "joins_per_s"), "{:.0f}"
    yield "  first audio p50, ms", ("storm", "first_audio_ms_p50"), "{:.0f}"
    yield "  first audio p99, ms", ("storm", "first_audio_ms_p99"), "{:.0f}"
    yield "  first audio, the last one, ms", ("storm", "first_audio_ms_max"), "{:.0f}"
    yield "latency, 20 listeners, p50, ms", ("latency", "listen", "latency_ms_p50"), "{:.2f}"
    yield "  p99, ms", ("latency", "listen", "latency_ms_p99"), "{:.2f}"


def find(tree, path):
    for name in path:
        if not isinstance(tree, dict) or name not in tree:
            return None
        tree = tree[name]
    return tree


def table(found, counts):
    kinds = [kind for kind in found if set(found[kind]) - {"skipped"}]
    lines = [["", *(NAMES[kind] for kind in kinds)]]
    for title, path, form in rows(counts):
        cells = [find(found[kind], path) for kind in kinds]
        if any(cell is not None for cell in cells):
            lines.append([title, *("–" if cell is None else form.format(cell) for cell in cells)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = []
    for line in lines:
        text.append(line[0].ljust(widths[0]) + "".join(
            "  " + cell.rjust(width) for cell, width in zip(line[1:], widths[1:])))
    return "\n".join(text)


def goals(found, counts):
    """The figures of the goals: (text, reached or None, goal)"""
    ours = found.get("ours", {})

    def ratio(other, count):
        path = (f"steady_{count}", "cpu_us")
        mine, theirs = find(ours, path), find(found.get(other, {}), path)
        return None if mine is None or not theirs else mine / theirs

    for count in counts:
        for other, bar in (("kh", 0.6), ("icecast2", 0.25), ("loop", 1.2)):
            yield f"CPU, {count} listeners, of {NAMES[other]}'s", ratio(other, count), bar
        yield (f"largest gap, {count} listeners, s",
               in_seconds(ours, (f"steady_{count}", "listen", "gap_ms_max")), 0.8)
        yield (f"RSS per listener, {count} listeners, bytes",
               find(ours, (f"steady_{count}", "rss_bytes_per_listener")), 1000)
    storm = ours.get("storm")
    yield "listeners of the storm that did not join", storm and storm["refused"] + storm["silent"], 0
    yield ("first audio of the last in the storm, s",
           in_seconds(ours, ("storm", "first_audio_ms_max")), 1.0)
    yield "302 answers a second: nginx's, of ours", find(found, ("redirects", "nginx_rate")), 1.25
    yield "CPU of a 302, of nginx's", find(found, ("redirects", "nginx_cpu")), 1.0
    yield "CPU of a 302, six at once, of nginx's", find(found, ("redirects", "nginx_cpu_six")), 1.1
    yield "302 answers, one at a time: nginx's, of ours", find(found, ("redirects", "nginx_rate_one")), 1.25
    yield "latency p50, ms", find(ours, ("latency", "listen", "latency_ms_p50")), 5
    yield "latency p99, ms", find(ours, ("latency", "listen", "latency_ms_p99")), 25


def in_seconds(tree, path):
    value = find(tree, path)
    return None if value is None else value / 1000


def add_faults(found, counts):
    for kind in found.values():
        for count in counts:
            heard = find(kind, (f"steady_{count}", "listen"))
            if heard:
                heard["faults"] = (f"{heard['frames_lost']}, {heard['frames_repeated']}; "
                                   f"{heard['bytes_damaged']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".", help="build tree (bench/, tools/, src/icecast-lb)")
    parser.add_argument("--server", help="our program, if not src/icecast-lb of the build tree")
    parser.add_argument("--kh", help="Icecast-KH's tar.gz; default ../shared/peers/icecast-kh.tar.gz")
    parser.add_argument("--only", help="of ours,icecast2,kh,loop", default="ours,kh,icecast2,loop")
    parser.add_argument("--quick", action="store_true", help="500 listeners, windows of 5 s")
    parser.add_argument("--seconds", type=float, help="length of a window", default=0)
    parser.add_argument("--pulse", type=float, default=750, help="the loop's, when ours is not run")
    parser.add_argument("--json", default="bench.json", help="where to write all figures")
    options = parser.parse_args()
    counts = [500] if options.quick else [1000, 4000]
    seconds = options.seconds or (5 if options.quick else 18)
    kinds = [kind for kind in options.only.split(",") if kind in NAMES]

    machine = harness.machine()
    print(f"{machine['processors']} × {machine['model']}, Linux {machine['kernel']}, "
          f"load {machine['load_at_start']:.1f}, windows of {seconds:.0f} s in whole pulses", file=sys.stderr)
    if machine["load_at_start"] > 0.5:
        print("this machine is busy with something else: the figures are noisy", file=sys.stderr)
    begin = time.monotonic()
    found = {}
    with Bench(options.build, options.server, options.kh) as bench:
        pulses = {count: options.pulse for count in counts}
        for kind in sorted(kinds, key=lambda kind: kind == "loop"):  # the loop takes our pulse
            found[kind] = measure(bench, kind, counts, seconds, pulses)
            for count in counts if kind == "ours" else []:
                interval = find(found, (kind, f"steady_{count}", "listen", "interval_ms_mean"))
                pulses[count] = interval or options.pulse
    add_faults(found, counts)
    print(table(found, counts))
    if "ours" in kinds:
        found["redirects"] = redirects(pathlib.Path(options.build).resolve())
    for kind, parts in found.items():
        for reason in parts.get("skipped", []):
            print(f"not measured: {NAMES.get(kind, kind)}: {reason}")
    if "ours" in found:
        print("\ngoal" + " " * 50 + "at most    reached")
        for title, value, bar in goals(found, counts):
            shown = "not measured" if value is None else f"{value:.2f}{'' if value <= bar else '  MISSED'}"
            print(f"{title.ljust(54)}{bar:>7}    {shown}")
    print(f"{time.monotonic() - begin:.0f} s in all", file=sys.stderr)
    pathlib.Path(options.json).write_text(json.dumps(
        {"machine": machine, "window_s": seconds, "found": found}, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
