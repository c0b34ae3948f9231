#!/usr/bin/env python3
"""Runs the failover tests: sources, upstreams and nodes die, and listeners hear nothing of it.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--list]      (see ../blackbox/runner.py)

LB_FULL=1 in the environment: with the counts of doc/failover.md, which take minutes.
Needs Python's own library and ffmpeg; icecast2 (Debian's) where stock servers take part.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cluster"), str(HERE.parent / "blackbox")]
import runner  # noqa: E402

if __name__ == "__main__":
    sys.exit(runner.main(HERE, "Runs the failover tests."))
