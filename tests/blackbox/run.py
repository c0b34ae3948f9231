#!/usr/bin/env python3
"""Runs the black-box tests: the real server, real sockets, fake sources and listeners.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--slow-server] [--list]

Prints PASS or FAIL, seconds, and group/name of every test, and "N passed, N failed" at the end.
--only     regular expression over "group/name"
--jobs     tests at the same time (4)
--slow-server  the server is a build with sanitizers: five times more patience
Needs Python's own library only.  As root the server runs as nobody.
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
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import harness  # noqa: E402


def run_one(function):
    """(seconds, None or why it failed)"""
    begin = time.monotonic()
    bench, why = harness.Bench(), None
    try:
        function(bench)
    except harness.Failed as e:
        frames = [f for f in traceback.extract_tb(sys.exc_info()[2]) if f.filename != str(HERE / "harness.py")]
        why = "line %d: %s" % (frames[-1].lineno, e)
    except Exception:
        why = traceback.format_exc(limit=-3)
    try:
        bench.close(why is None)
    except harness.Failed as e:
        why = str(e)
    return time.monotonic() - begin, why


def main():
    parser = argparse.ArgumentParser(description="Runs the black-box tests.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--slow-server", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(path.stem)
    tests = [t for t in harness.TESTS if re.search(options.only, "%s/%s" % (t.group[5:], t.__name__))]
    if options.list:
        print("\n".join("%s/%s" % (t.group[5:], t.__name__) for t in tests))
        return 0
    if options.slow_server:
        harness.Settings.patience *= 5
    # A copy that everybody may read: the server does not run as root.
    place = tempfile.TemporaryDirectory(prefix="icecast-lb-blackbox-")
    pathlib.Path(place.name).chmod(0o755)
    harness.Settings.binary = shutil.copy(options.server, place.name)
    failed, lock = 0, threading.Lock()

    def run_and_say(function):
        seconds, why = run_one(function)
        with lock:
            print("%s %5.2f  %s/%s%s" % ("FAIL" if why else "PASS", seconds, function.group[5:], function.__name__,
                                        ": " + why if why else ""), flush=True)
        return why is not None

    with place, concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        failed = sum(pool.map(run_and_say, tests))
    print("%d passed, %d failed" % (len(tests) - failed, failed))
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
