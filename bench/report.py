#!/usr/bin/env python3
"""One page of numbers: what the programs of bench/ have measured, as pictures; each with its method and its machine.

Reads the JSON files that they write (--json) and writes one HTML file that needs nothing beside it, light and dark.  A part whose
file is not there is named.  --pictures DIR writes some of the charts as files of their own, for the README.
"""
import argparse
import html
import json
import pathlib
import sys

import run

STYLE = """
:root { color-scheme: light dark; --back: #ffffff; --text: #1b1f24; --quiet: #59636e; --own: #0b62b0; --other: #9aa5b1; --goal: #b42318 }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --text: #e6e9ed; --quiet: #9ba6b2; --own: #5aa9ee; --other: #6b7784; --goal: #f0857a }
}
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.6rem } h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem }
p { margin: .25rem 0 } .method, .machine { color: var(--quiet); font-size: .9rem }
svg { display: block; width: 100%; height: auto }
svg text { fill: var(--text); font: 13px system-ui, sans-serif; paint-order: stroke; stroke: var(--back); stroke-width: 4px }
svg .quiet { fill: var(--quiet) }
"""
WIDTH, BAR, GAP, LEFT, RIGHT = 760, 24, 12, 190, 110


class Chart:
    """Bars of one unit; less is better, unless `more`.  rows: (name, value or None).  goal: a value of the same unit, or None."""

    def __init__(self, title, unit, rows, method, goal=None, more=False, form="{:.3g}"):
        self.title, self.unit, self.method, self.goal, self.more, self.form = title, unit, method, goal, more, form
        self.rows = [(name, value) for name, value in rows if value is not None]

    def svg(self, style=""):
        height = len(self.rows) * (BAR + GAP) + GAP + (18 if self.goal else 0)
        most = max([value for _, value in self.rows] + [self.goal or 0]) or 1
        scale = (WIDTH - LEFT - RIGHT) / most
        words = "; ".join("%s %s" % (name, self.form.format(value)) for name, value in self.rows)
        out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">' % (
            WIDTH, height, html.escape("%s, %s: %s" % (self.title, self.unit, words), True))]
        if style:
            out.append("<style>%s</style>" % style)
        for number, (name, value) in enumerate(self.rows):
            own = "var(--own)" if name == "icecast-lb" else "var(--other)"
            out.append('<rect x="%d" y="%d" width="%.1f" height="%d" rx="3" fill="%s"/>' % (
                LEFT, GAP + number * (BAR + GAP), max(1.0, value * scale), BAR, own))
        if self.goal:
            x = LEFT + self.goal * scale
            out.append('<line x1="%.1f" y1="4" x2="%.1f" y2="%d" stroke="var(--goal)" stroke-dasharray="4 3"/>' % (x, x, height - 18))
            out.append('<text class="quiet" x="%.1f" y="%d" text-anchor="middle">goal: %s</text>' % (
                x, height - 4, html.escape(self.form.format(self.goal))))
        for number, (name, value) in enumerate(self.rows):
            y = GAP + number * (BAR + GAP) + 17
            out.append('<text x="%d" y="%d" text-anchor="end">%s</text>' % (LEFT - 10, y, html.escape(name)))
            out.append('<text x="%.1f" y="%d">%s</text>' % (LEFT + max(1.0, value * scale) + 8, y, html.escape(self.form.format(value))))
        return "".join(out) + "</svg>"

    def section(self, machine):
        return '<h2>%s</h2>\n<p>%s; %s is better</p>\n%s\n<p class="method">%s</p>\n<p class="machine">%s</p>\n' % (
            html.escape(self.title), html.escape(self.unit), "more" if self.more else "less", self.svg(), html.escape(self.method),
            html.escape(machine))


def machine_of(figures):
    machine = figures.get("machine")
    if not machine:
        return "The machine was not written down."
    return "%s × %s, Linux %s, load %.1f at the start%s." % (
        machine["processors"], machine["model"], machine["kernel"], machine["load_at_start"],
        " (busy with something else: noisy)" if machine["load_at_start"] > 0.5 else "")


def of_servers(figures):
    """bench/run.py: the same source and the same listeners at each server, one after the other, in one run."""
    found = figures["found"]
    kinds = [kind for kind in ("ours", "kh", "icecast2", "loop") if kind in found]
    counts = sorted({int(part.split("_")[1]) for kind in kinds for part in found[kind] if part.startswith("steady_")})

    def rows(*path):
        return [(run.NAMES[kind], run.find(found[kind], path)) for kind in kinds]
    for count in counts:
        at, crowd = "steady_%d" % count, format(count, ",")
        yield Chart("Processor time, %s listeners" % crowd, "µs for a listener and second", rows(at, "cpu_us"),
                    "One source of 128 kbit/s, all servers in turn on 127.0.0.1, time of the server's process over %.0f s. The sendfile loop "
                    "is the least that a server has to do." % figures["window_s"], form="{:.1f}")
        yield Chart("Memory, %s listeners" % crowd, "bytes of the process for each listener", rows(at, "rss_bytes_per_listener"),
                    "Growth of VmRSS from no listener to all of them.", 1000, form="{:,.0f}")
    if counts:
        yield Chart("%s listeners come at 4,000 a second" % format(counts[-1], ","), "ms until the last one hears the first sound",
                    rows("storm", "first_audio_ms_max"), "From the moment at which each was due to come; one that was refused, or heard "
                    "nothing within 8 s, is in no bar.", 1000, form="{:,.0f}")
        yield Chart("… of whom have come in", "listeners", rows("storm", "joined"), "The same run.", more=True, form="{:,.0f}")
    yield Chart("From the source to a listener", "ms, median of 20 listeners", rows("latency", "listen", "latency_ms_p50"),
                "From the source's send to the listener's recv.", 5, form="{:.2f}")
    cpu = found.get("redirects", {}).get("nginx_cpu")
    if cpu:
        yield Chart("A redirect (302)", "processor time, nginx = 1, 64 under way", [("icecast-lb", cpu), ("nginx", 1.0)],
                    "A master that chooses among nodes by load, beside nginx that answers a fixed 302; both write their log; round by round "
                    "in one run.", 1.0, form="{:.2f}")


def of_hls(figures):
    def middle(rounds):
        rest = sorted(rounds[1:])  # the first one warms up
        return rest[len(rest) // 2] * 1e6 if rest else None
    yield Chart("A player of HLS: one list and one segment", "µs of processor time",
                [("icecast-lb" if kind == "ours" else kind, middle(rounds)) for kind, rounds in figures["costs"].items()],
                "1,000 players ask for the live list and its newest segment; nginx serves the same bytes from files.", form="{:.1f}")


def of_archive(figures):
    names = {"off": "nothing is recorded", "live": "recorded, all are live", "past": "half are in the past", "cold": "… from a cold disk"}
    cpu = {name: figures[name]["cpu_s"] for name in names if name in figures}
    if cpu.get("live"):
        yield Chart("Recording, and going back in time", "processor time; recorded and all live = 1",
                    [(names[name], value / cpu["live"]) for name, value in cpu.items()],
                    "2,000 listeners of one mount; those in the past each at a place of its own.", form="{:.2f}")


def of_upgrade(figures):
    pauses, listen = sorted(figures["pauses"]), figures["listen"]
    if not pauses:
        return
    crowd = sum(each["listeners"] for name, each in listen.items() if name != "joined")
    lost = sum(each.get("disconnected", 0) for each in listen.values())
    frames = sum(each.get("frames_lost", 0) + each.get("frames_repeated", 0) for each in listen.values())
    yield Chart("The program is replaced under %s listeners" % format(crowd, ","), "ms in which nothing is sent",
                [("median", pauses[len(pauses) // 2]), ("nine of ten", pauses[int(len(pauses) * 0.9)]), ("longest", pauses[-1])],
                "%d upgrades, one after the other; each listener checks every byte: %d frames lost or heard twice, %d disconnected." % (
                    len(pauses), frames, lost), 100, form="{:.0f}")


def of_control(figures):
    turns = [(name, row.get("longest_turn_ms")) for name, row in figures.items() if isinstance(row, dict)]
    yield Chart("The longest turn of the thread that decides", "ms", turns, "10,000 sources that nodes announce, 10,000 streams at an edge, "
                "10,000 records told to 100 nodes, an archive of a day.", figures["goals"]["longest_turn_ms"], form="{:.1f}")


PARTS = (("bench.json", "servers beside each other", of_servers), ("hls.json", "HLS", of_hls), ("archive.json", "recordings", of_archive),
         ("upgrade.json", "upgrades", of_upgrade), ("control.json", "control", of_control))
# Of the README: a file, and how the title of its chart begins.
PICTURES = (("bench-processor.svg", "Processor time, "), ("bench-memory.svg", "Memory, "), ("bench-joins.svg", "… of whom have come in"))


def charts_of(folder):
    """(charts with their machine, the parts that are not there)"""
    charts, absent = [], []
    for name, what, of in PARTS:
        path = folder / name
        if not path.is_file():
            absent.append("%s (%s)" % (what, name))
            continue
        figures = json.loads(path.read_text())
        charts += [(chart, machine_of(figures)) for chart in of(figures) if chart.rows]
    return charts, absent


def page(charts, absent):
    sections = "".join(chart.section(machine) for chart, machine in charts)
    missing = "<p>Not measured here: %s.</p>\n" % html.escape(", ".join(absent)) if absent else ""
    return ('<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">\n'
            "<title>icecast-lb, measured</title><style>%s</style></head>\n<body>\n<h1>icecast-lb, measured</h1>\n"
            "<p>By <code>make bench</code>: each figure beside what others cost for the same. Ratios are worth more than microseconds; "
            "methods and goals: doc/performance.md.</p>\n%s%s</body>\n</html>\n" % (STYLE, missing, sections))


def write_pictures(charts, folder):
    style = STYLE[STYLE.index(":root"):STYLE.index("body {")] + STYLE[STYLE.index("svg text"):]
    for name, begin in PICTURES:
        found = [chart for chart, _ in charts if chart.title.startswith(begin)]
        if found:
            (folder / name).write_text(found[-1].svg(style) + "\n")  # of the largest crowd


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = ", ".join(part[0] for part in PARTS)
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("."), help="the folder with " + names)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("report.html"))
    parser.add_argument("--pictures", type=pathlib.Path, help="a folder for the charts of the README")
    options = parser.parse_args()
    charts, absent = charts_of(options.json)
    if not charts:
        sys.exit("%s: there is none of %s" % (options.json, names))
    options.out.write_text(page(charts, absent))
    if options.pictures:
        write_pictures(charts, options.pictures)
    print("%s: %d charts%s" % (options.out, len(charts), "; not measured: " + ", ".join(absent) if absent else ""))


if __name__ == "__main__":
    main()
