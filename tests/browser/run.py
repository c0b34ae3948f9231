#!/usr/bin/env python3
"""Our pages in a real browser: headless Chromium, driven by chromedriver.

usage: run.py --server BINARY [--only REGEX] [--screenshots DIRECTORY] [--list]

Prints PASS or FAIL, seconds and group/name of every test, and "N passed, N failed" at the end.  What fails is run
once more (AGAIN): see ../pool.py.
--only         regular expression over "group/name"
--screenshots  every page at the width of a phone and of a desk, light and dark, as PNG files
Needs chromium, chromedriver, liquidsoap, ffmpeg, VLC, mpv, npm (for hls.js) and Python's own library only.
LB_FULL=1 in the environment: hls.js plays for a minute, not for 15 seconds.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import suites  # noqa: E402

if __name__ == "__main__":
    sys.exit(suites.main("Our pages in a real browser.", "browser"))
