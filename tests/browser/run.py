#!/usr/bin/env python3
"""Our pages in a real browser: headless Chromium, driven by chromedriver.

usage: run.py --server BINARY [--only REGEX] [--screenshots DIRECTORY] [--list]

Prints PASS or FAIL, seconds and group/name of every test, and "N passed, N failed" at the end.  What fails is run
once more (AGAIN): see ../blackbox/runner.py.
--only         regular expression over "group/name"
--screenshots  every page at the width of a phone and of a desk, light and dark, as PNG files
Needs chromium, chromedriver, liquidsoap, ffmpeg, VLC, mpv, npm (for hls.js) and Python's own library only.
LB_FULL=1 in the environment: hls.js plays for a minute, not for 15 seconds.
"""
import argparse
import pathlib
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "blackbox")]
sys.dont_write_bytecode = True
# In this order they run.
import pages  # noqa: E402,F401
import archive  # noqa: E402,F401
import cluster  # noqa: E402,F401
import hls  # noqa: E402,F401
import login  # noqa: E402,F401
import origin  # noqa: E402,F401
import titles  # noqa: E402,F401
import runner  # noqa: E402
import stage  # noqa: E402
import webdriver  # noqa: E402
from stage import harness  # noqa: E402

# Names that are no localhost: to these a browser speaks as to any other plain http server, without
# Sec-Fetch-Site (which it keeps for https and localhost).
NAMES = "MAP radio.test 127.0.0.1, MAP evil.test 127.0.0.1"


def main():
    parser = argparse.ArgumentParser(description="Our pages in a real browser.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    tests = [t for t in harness.TESTS if re.search(options.only, runner.name_of(t))]
    if options.list:
        print("\n".join(map(runner.name_of, tests)))
        return 0
    with tempfile.TemporaryDirectory(prefix="icecast-lb-browser-", ignore_cleanup_errors=True) as place:
        place = pathlib.Path(place)
        place.chmod(0o755)
        harness.Settings.binary = shutil.copy(options.server, place)
        harness.Settings.patience = 15.0
        shots = options.screenshots or place / "shots"
        shots.mkdir(parents=True, exist_ok=True)
        browser = webdriver.Browser(place, ["--host-resolver-rules=" + NAMES, "--autoplay-policy=no-user-gesture-required"])
        try:
            # One browser, so one after the other; other work of the machine may be beside them.
            return runner.run_all(tests, lambda: stage.Stage(browser, shots), 1, again=True)
        finally:
            browser.close()


if __name__ == "__main__":
    sys.exit(main())
