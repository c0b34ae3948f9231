#!/usr/bin/env python3
"""Runs the black-box tests: the real server, real sockets, fake sources and listeners.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--slow-server] [--list]      (see ../pool.py)

Needs Python's own library only.  As root the server runs as nobody.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import suites  # noqa: E402

if __name__ == "__main__":
    sys.exit(suites.main("Runs the black-box tests.", "blackbox"))
