#!/usr/bin/env python3
"""Measures the goals of a cluster (doc/cluster.md has the figures), one after the other, and prints goal beside measured.

usage: run.py --build DIR [--only REGEX] [--json FILE] [--list]

--build   a build directory: src/icecast-lb and the programs of tools/ and bench/
--only    regular expression over numbers: '^G(1|12)$'
Some goals are times: on a busy machine they are missed without any fault.  Nothing else should run.
Ends with 1 if a goal was missed.  Namespaces need root.
"""
import argparse
import importlib
import json
import pathlib
import re
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent / "kit")]
import bench  # noqa: E402, F401
import harness  # noqa: E402
import table  # noqa: E402


def measure(goal):
    """{"number", "what", "goal", "measured", "unit", "how", "word"}"""
    row = {"number": goal.number, "what": goal.what, "goal": goal.bar, "unit": goal.unit, "measured": None, "how": ""}
    place, begin = harness.Bench(), time.monotonic()
    try:
        found = goal.measure(place)
        row["measured"], row["how"] = found if isinstance(found, tuple) else (found, "")
        row["word"] = "reached" if goal.reached(row["measured"]) else "MISSED"
    except harness.Skip as e:
        row["word"], row["how"] = "unmeasured", str(e)
    except Exception:
        row["word"], row["how"] = "FAILED", traceback.format_exc(limit=-3)
    try:
        place.close(row["word"] == "reached")
    except harness.Failed as e:
        row["word"], row["how"] = "FAILED", str(e)
    row["seconds"] = time.monotonic() - begin
    return row


def main():
    parser = argparse.ArgumentParser(description="Measures the goals of a cluster.")
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    for path in sorted(HERE.glob("goal_*.py")):
        importlib.import_module(path.stem)
    goals = sorted((g for g in table.GOALS if re.search(options.only, g.number)),
                   key=lambda g: (int(re.search(r"\d+", g.number).group()), g.number))
    if options.list:
        print("\n".join("%-5s %s: %s" % (g.number, g.what, g.bar) for g in goals))
        return 0
    place = tempfile.TemporaryDirectory(prefix="icecast-lb-goals-")
    pathlib.Path(place.name).chmod(0o755)
    harness.Settings.build = options.build.resolve()
    harness.Settings.binary = harness.copy_program(options.build / "src/icecast-lb", place.name)
    rows = []
    with place:
        for goal in goals:
            row = measure(goal)
            rows.append(row)
            value = "" if row["measured"] is None else "%.4g %s" % (row["measured"], row["unit"])
            print("%-10s %-5s %s: goal %s, measured %s  (%s; %.0f s)" % (
                row["word"], row["number"], row["what"], row["goal"], value or "nothing", row["how"], row["seconds"]),
                flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    reached = sum(row["word"] == "reached" for row in rows)
    print("%d of %d goals reached" % (reached, len(rows)))
    return 0 if rows and reached == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
