#!/usr/bin/env python3
"""Runs the tests of the one place: records and their stores, external configurations, limits of a whole cluster.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--list]      (see ../pool.py)

LB_FULL=1 in the environment: with the counts of the pages, which take minutes.
Needs Python's own library; what needs more (etcd, namespaces) is skipped by name where it is missing.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import suites  # noqa: E402

if __name__ == "__main__":
    sys.exit(suites.main("Runs the tests of the one place.", "oneplace"))
