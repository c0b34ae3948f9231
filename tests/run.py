#!/usr/bin/env python3
"""Runs the tests of the running server, all suites beside each other.

usage: run.py --server BINARY [SUITE...] [--only REGEX] [--jobs N] [--list]      (see pool.py and suites.py)
"""
import sys

import suites

if __name__ == "__main__":
    sys.exit(suites.main("Runs the tests of the running server.", *suites.SUITES))
