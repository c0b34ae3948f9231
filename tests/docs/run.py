#!/usr/bin/env python3
"""Runs the commands of README.md and doc/ as they are written, and checks the configurations there.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--list]      (see ../pool.py)

Each page has a machine of its own (machine.py): this system with a layer over it that is thrown away, its own
network and its own processes.  There every command is run by root under its real names, ports and hosts.
What cannot be run is listed with its reason in test_pages.py; a command that is neither run nor listed fails, and
so does a reason that no command needs.  Needs root, and for the migration Debian's icecast2.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import suites  # noqa: E402

if __name__ == "__main__":
    sys.exit(suites.main("Runs the commands of the documents.", "docs"))
