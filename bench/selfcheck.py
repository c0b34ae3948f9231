"""make check: icelb-feed and icelb-listen against bench/sendfile-loop.

They must find a good stream good, and a mount without a source, a source that leaves and a server
that goes away not good: a measuring program that cannot fail measures nothing.
"""
import json, pathlib, sys, tempfile, time

import harness, report
from harness import Bench

FRAMES_PER_SECOND = 44100 / 1152


def check(fact, text):
    if not fact:
        sys.exit(f"selfcheck: {text}")


def check_report():
    """The page says what was measured, and what was not."""
    with tempfile.TemporaryDirectory(prefix="icelb-bench-") as place:
        place = pathlib.Path(place)
        found = {kind: {"steady_10": {"cpu_us": cpu, "rss_bytes_per_listener": 600}} for kind, cpu in (("ours", 10), ("kh", 40))}
        (place / "bench.json").write_text(json.dumps({"window_s": 1, "found": found, "machine": harness.machine()}))
        charts, absent = report.charts_of(place)
        page = report.page(charts, absent)
        bars = report.charts_of(place)[0][0][0].svg()
        check([chart.title for chart, _ in charts] == ["Processor time, 10 listeners", "Memory, 10 listeners"], f"charts: {charts}")
        widths = [float(part.split('"')[0]) for part in bars.split('width="')[1:] if 'height="24"' in part[:60]]
        check(len(widths) == 2 and abs(widths[1] / widths[0] - 4) < 0.01, f"bars of 10 and 40: {widths}")
        check("goal: 1,000" in page and "upgrades (upgrade.json)" in page, "a goal, and what was not measured, are not in the page")
        report.write_pictures(charts, place)
        check("prefers-color-scheme" in (place / "bench-memory.svg").read_text(), "a picture has no dark form")


def main():
    check_report()
    with Bench(sys.argv[1]) as bench:
        server = bench.start("loop", 100)
        silent = harness.result(bench.listen(server, "--listeners", 2, "--seconds", 0.3))
        check(silent["good"] == 0 and silent["silent"] == 2, f"silence taken for good: {silent}")

        feed = bench.feed(server, "--lead", 5)
        good = harness.result(bench.listen(
            server, "--listeners", 30, "--check", 20, "--seconds", 2, "--warm-up", 0.5, "--stall", 5,
            "--stall-after", 0.3, "--stall-for", 0.7, "--threads", 2, "--sources", 2))
        check(good["good"] == 1, f"a good stream taken for bad: {good}")
        # The burst holds four seconds.
        least = 0.9 * FRAMES_PER_SECOND * 6
        check(good["frames"] > 20 * least, f"too few frames checked: {good}")
        check(good["stalled_frames"] > 5 * least, f"too few frames after the stall: {good}")
        check(good["latency_samples"] > 20 * FRAMES_PER_SECOND, f"too few latencies: {good}")
        check(0 < good["latency_ms_p50"] <= good["latency_ms_p99"] < 5000, f"latency: {good}")
        check(90 < good["gap_ms_max"] < 5000, f"a gap of a 100 ms pulse: {good}")

        listen = bench.listen(server, "--listeners", 3, "--seconds", 2, "--warm-up", 0)
        harness.wait_for(listen, "joined")
        time.sleep(0.3)
        fed = harness.end(feed)
        check(fed["not_streaming"] == 0 and fed["frames"] > 5 * FRAMES_PER_SECOND, f"feed: {fed}")
        left = harness.result(listen)
        check(left["gap_ms_max"] > 1000, f"the gap to the end was not seen: {left}")

        listen = bench.listen(server, "--listeners", 3, "--seconds", 1, "--warm-up", 0)
        harness.wait_for(listen, "joined")
        server.stop()
        gone = harness.result(listen)
        check(gone["good"] == 0 and gone["disconnected"] == 3, f"a lost server: {gone}")
    print("selfcheck: ok")


if __name__ == "__main__":
    main()
