#!/usr/bin/env python3
"""Runs the black-box tests: the real server, real sockets, fake sources and listeners.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--slow-server] [--list]      (see runner.py)

Needs Python's own library only.  As root the server runs as nobody.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
import runner  # noqa: E402

if __name__ == "__main__":
    sys.exit(runner.main(HERE, "Runs the black-box tests."))
