#!/usr/bin/env python3
"""Runs the tests of the one place: records and their stores, external configurations, limits of a whole cluster.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--list]      (see ../blackbox/runner.py)

LB_FULL=1 in the environment: with the counts of the pages, which take minutes.
Needs Python's own library; what needs more (etcd, namespaces) is skipped by name where it is missing.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cluster"), str(HERE.parent / "blackbox")]
import runner  # noqa: E402

if __name__ == "__main__":
    sys.exit(runner.main(HERE, "Runs the tests of the one place."))
