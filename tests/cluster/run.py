#!/usr/bin/env python3
"""Runs the cluster tests: several real servers, on 127.0.0.11, .12 …, and real listeners.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--list]

Prints PASS, FAIL or SKIP, seconds, and group/name of every test, and "N passed, N failed" at the end.
--only     regular expression over "group/name"
--jobs     tests at the same time (4)
Other servers take part where they are installed: icecast2 (Debian's), and Icecast-KH, whose binary is
looked for in $ICECAST_KH, then in /tmp/kh/icecast; without them their tests are skipped.
Needs Python's own library only.  As root the servers run as nobody.
"""
import argparse
import concurrent.futures
import importlib
import pathlib
import re
import shutil
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import bench  # noqa: E402
import harness  # noqa: E402


def run_one(function):
    """(seconds, "PASS", "FAIL" or "SKIP", why)"""
    begin = time.monotonic()
    place, word, why = harness.Bench(), "PASS", ""
    try:
        function(place)
    except bench.Skipped as e:
        word, why = "SKIP", str(e)
    except harness.Failed as e:
        frames = [f for f in traceback.extract_tb(sys.exc_info()[2])
                  if pathlib.Path(f.filename).name not in ("harness.py", "bench.py")]
        word, why = "FAIL", "line %d: %s" % (frames[-1].lineno, e)
    except Exception:
        word, why = "FAIL", traceback.format_exc(limit=-3)
    try:
        place.close(word == "PASS")
    except harness.Failed as e:
        word, why = "FAIL", str(e)
    return time.monotonic() - begin, word, why


def main():
    parser = argparse.ArgumentParser(description="Runs the cluster tests.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(path.stem)
    tests = [t for t in harness.TESTS if re.search(options.only, "%s/%s" % (t.group[5:], t.__name__))]
    if options.list:
        print("\n".join("%s/%s" % (t.group[5:], t.__name__) for t in tests))
        return 0
    # A copy that everybody may read: the server does not run as root.
    place = tempfile.TemporaryDirectory(prefix="icecast-lb-cluster-")
    pathlib.Path(place.name).chmod(0o755)
    harness.Settings.binary = shutil.copy(options.server, place.name)
    counts, lock = {"PASS": 0, "FAIL": 0, "SKIP": 0}, threading.Lock()

    def run_and_say(function):
        seconds, word, why = run_one(function)
        with lock:
            counts[word] += 1
            print("%s %5.2f  %s/%s%s" % (word, seconds, function.group[5:], function.__name__, ": " + why if why else ""),
                  flush=True)

    with place, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(run_and_say, tests))
    skipped = ", %d skipped" % counts["SKIP"] if counts["SKIP"] else ""
    print("%d passed, %d failed%s" % (counts["PASS"], counts["FAIL"], skipped))
    return 1 if counts["FAIL"] or not counts["PASS"] else 0


if __name__ == "__main__":
    sys.exit(main())
