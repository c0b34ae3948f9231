#!/usr/bin/env python3
"""Runs the tests of the running server, all suites at the same time.

usage: run.py --server BINARY [SUITE...] [--only REGEX] [--jobs N] [--list]      (see pool.py and suites.py)

LB_FULL=1 in the environment: with the counts of the pages in doc/, which take minutes.
Python's own library is enough to begin with; a test that needs more (etcd, ffmpeg, icecast2, namespaces) is skipped by
name if that is missing.
"""
import sys

import suites

if __name__ == "__main__":
    sys.exit(suites.main("Runs the tests of the running server.", *suites.SUITES))
