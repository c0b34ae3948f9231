"""Runs tests and says how each went; the run.py of every folder of tests is made of this.

PASS, FAIL or SKIP with its reason, seconds, and group/name of every test; "N passed, N failed[, N skipped]"
at the end.  What fails beside others is run once more, alone: on two busy processors some tests see a late
scheduler.  Then the line says so (AGAIN).  Of one test at a time (--jobs 1) the first try counts, so that what
wavers is found.
"""
import argparse
import concurrent.futures
import importlib
import pathlib
import re
import shutil
import tempfile
import threading
import time
import traceback

import harness


def name_of(function):
    return "%s/%s" % (function.group.removeprefix("test_"), function.__name__)


def run_one(function, make_place):
    """(word, seconds, why)"""
    begin, place, word, why = time.monotonic(), None, "PASS", ""
    try:
        place = make_place()
        why = function(place) or ""
    except harness.Skip as e:
        word, why = "SKIP", str(e)
    except harness.Failed as e:
        frames = [f for f in traceback.extract_tb(e.__traceback__) if pathlib.Path(f.filename).stem == function.group]
        word, why = "FAIL", "line %d: %s" % (frames[-1].lineno if frames else 0, e)
    except Exception:
        word, why = "FAIL", traceback.format_exc(limit=-4)
    try:
        if place:
            place.close(word == "PASS")
    except harness.Failed as e:
        word, why = "FAIL", str(e)
    return word, time.monotonic() - begin, why


def run_all(tests, make_place, jobs, again=None):
    """0: every test passed or had a reason not to run.  again: what fails has a second try; as jobs > 1 if not given"""
    again = jobs > 1 if again is None else again
    counts, failed, lock = {"PASS": 0, "FAIL": 0, "SKIP": 0}, {}, threading.Lock()

    def run_and_say(function):
        word, seconds, why = run_one(function, make_place)
        with lock:
            if word == "FAIL" and again:
                failed[function] = why
                word = "AGAIN"
            else:
                counts[word] += 1
            print("%s %5.2f  %s%s" % (word, seconds, name_of(function), why and ": " + why), flush=True)

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        list(pool.map(run_and_say, tests))
    again = False
    for function in failed:
        run_and_say(function)
    print("%d passed, %d failed%s" % (counts["PASS"], counts["FAIL"],
                                      ", %d skipped" % counts["SKIP"] if counts["SKIP"] else ""))
    return 1 if counts["FAIL"] or not counts["PASS"] else 0


def main(here, about, make_place=harness.Bench, jobs=4, patience=None):
    """here: the folder of test_*.py; make_place() gives what a test function is called with"""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--server", required=True, help="the program")
    parser.add_argument("--only", default="", help='regular expression over "group/name"')
    parser.add_argument("--jobs", type=int, default=jobs, help="tests at the same time (%d)" % jobs)
    parser.add_argument("--slow-server", action="store_true",
                        help="the program is a build with sanitizers: five times more patience")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    groups = [path.stem for path in sorted(here.glob("test_*.py"))]
    for group in groups:
        importlib.import_module(group)
    # A test file of another folder may be there for what it has beside its tests.
    tests = [t for t in harness.TESTS if t.__module__ in groups and re.search(options.only, name_of(t))]
    if options.list:
        print("\n".join(map(name_of, tests)))
        return 0
    harness.Settings.patience = (patience or harness.Settings.patience) * (5 if options.slow_server else 1)
    harness.Settings.build = pathlib.Path(options.server).resolve().parent.parent
    # A copy that everybody may read: as root, the server runs as nobody.
    with tempfile.TemporaryDirectory(prefix="icecast-lb-%s-" % here.name) as place:
        pathlib.Path(place).chmod(0o755)
        harness.Settings.binary = shutil.copy(options.server, place)
        return run_all(tests, make_place, options.jobs)
