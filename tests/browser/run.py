#!/usr/bin/env python3
"""Our pages in a real browser: headless Chromium, driven by chromedriver.

usage: run.py --server BINARY [--only REGEX] [--screenshots DIRECTORY] [--list]

Prints PASS or FAIL, seconds and the name of every test, and "N passed, N failed" at the end.
--only         regular expression over the names
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
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import archive  # noqa: E402
import cluster  # noqa: E402
import hls  # noqa: E402
import login  # noqa: E402
import origin  # noqa: E402
import pages  # noqa: E402
import stage  # noqa: E402
import titles  # noqa: E402
import webdriver  # noqa: E402
from stage import harness  # noqa: E402

# Names that are no localhost: to these a browser speaks as to any other plain http server, without
# Sec-Fetch-Site (which it keeps for https and localhost).
NAMES = "MAP radio.test 127.0.0.1, MAP evil.test 127.0.0.1"
MODULES = (pages, archive, cluster, hls, login, origin, titles)


def run_one(function, browser, shots):
    """(seconds, None or why it failed)"""
    begin = time.monotonic()
    set_up, why = stage.Stage(browser, shots), None
    try:
        browser.open("about:blank")
        browser.look(1280)
        browser.complaints()
        function(set_up)
    except (harness.Failed, webdriver.DriverError) as e:
        frames = [f for f in traceback.extract_tb(sys.exc_info()[2]) if f.filename in [module.__file__ for module in MODULES]]
        why = "line %d: %s" % (frames[-1].lineno if frames else 0, e)
    except Exception:
        why = traceback.format_exc(limit=-3)
    finally:
        set_up.close()
    return time.monotonic() - begin, why


def main():
    parser = argparse.ArgumentParser(description="Our pages in a real browser.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    tests = [t for module in MODULES for t in module.TESTS if re.search(options.only, t.__name__)]
    if options.list:
        print("\n".join(t.__name__ for t in tests))
        return 0
    failed = 0
    with tempfile.TemporaryDirectory(prefix="icecast-lb-browser-", ignore_cleanup_errors=True) as place:
        place = pathlib.Path(place)
        place.chmod(0o755)
        harness.Settings.binary = shutil.copy(options.server, place)
        harness.Settings.patience = 15.0
        shots = options.screenshots or place / "shots"
        shots.mkdir(parents=True, exist_ok=True)
        browser = webdriver.Browser(place, ["--host-resolver-rules=" + NAMES, "--autoplay-policy=no-user-gesture-required"])
        try:
            for function in tests:
                seconds, why = run_one(function, browser, shots)
                failed += why is not None
                print("%s %5.2f  %s%s" % ("FAIL" if why else "PASS", seconds, function.__name__, ": " + why if why else ""),
                      flush=True)
        finally:
            browser.close()
    print("%d passed, %d failed" % (len(tests) - failed, failed))
    return 1 if failed or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
