#!/usr/bin/env python3
"""The server beside the programs that watch and direct it: Prometheus, HAProxy, keepalived, a name server.

usage: run.py --server BINARY [--only REGEX] [--list]

The programs are Debian's, started by the tests on free ports (keepalived and the name server's clients in
namespaces of the network, which needs root).  What is tried is what lies in deploy/.  Prints PASS, FAIL or
SKIP with its reason, and "N passed, N failed[, N skipped]" at the end.  A program that is missing is a
failure: tools/install-packages test brings it.
"""
import argparse
import pathlib
import re
import shutil
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "blackbox")]
import harness  # noqa: E402
import stand  # noqa: E402


def run_one(function):
    """("PASS", "FAIL" or "SKIP", seconds, why)"""
    begin, place = time.monotonic(), stand.Stand()
    word, why = "PASS", ""
    try:
        why = function(place) or ""
    except stand.Skip as e:
        word, why = "SKIP", str(e)
    except harness.Failed as e:
        frames = [f for f in traceback.extract_tb(sys.exc_info()[2]) if f.filename.startswith(str(HERE / "test_"))]
        word, why = "FAIL", "%s: %s" % ("line %d" % frames[-1].lineno if frames else "", e)
    except Exception:
        word, why = "FAIL", traceback.format_exc(limit=-4)
    try:
        place.close(word == "PASS")
    except harness.Failed as e:
        word, why = "FAIL", str(e)
    return word, time.monotonic() - begin, why


def main():
    parser = argparse.ArgumentParser(description="Tests the server beside Prometheus, HAProxy, keepalived and DNS.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    for path in sorted(HERE.glob("test_*.py")):
        __import__(path.stem)
    tests = [t for t in harness.TESTS if re.search(options.only, "%s/%s" % (t.group[5:], t.__name__))]
    if options.list:
        print("\n".join("%s/%s" % (t.group[5:], t.__name__) for t in tests))
        return 0
    counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}
    with tempfile.TemporaryDirectory(prefix="icecast-lb-orchestration-") as place:
        pathlib.Path(place).chmod(0o755)
        harness.Settings.binary = shutil.copy(options.server, place)
        harness.Settings.patience = 10.0
        for function in tests:
            word, seconds, why = run_one(function)
            counts[word] += 1
            print("%s %5.2f  %s/%s%s" % (word, seconds, function.group[5:], function.__name__, why and ": " + why),
                  flush=True)
    print("%d passed, %d failed%s" % (counts["PASS"], counts["FAIL"],
                                      ", %d skipped" % counts["SKIP"] if counts["SKIP"] else ""))
    return 1 if counts["FAIL"] or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
