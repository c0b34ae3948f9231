#!/usr/bin/env python3
"""Runs the failover tests: sources, upstreams and nodes die, and listeners hear nothing of it.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--list]      (see ../pool.py)

LB_FULL=1 in the environment: with the counts of doc/failover.md, which take minutes.
Needs Python's own library and ffmpeg; icecast2 (Debian's) where stock servers take part.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import suites  # noqa: E402

if __name__ == "__main__":
    sys.exit(suites.main("Runs the failover tests.", "failover"))
