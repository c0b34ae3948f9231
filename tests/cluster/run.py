#!/usr/bin/env python3
"""Runs the cluster tests: several real servers, on 127.0.0.11, .12 …, and real listeners.

usage: run.py --server BINARY [--only REGEX] [--jobs N] [--list]      (see ../pool.py)

Other servers take part: icecast2 (Debian's), and Icecast-KH, which is built from its tarball (tools/build_kh.py)
in $SHARED/peers, else in ../shared/peers; without them their tests are skipped.
Needs Python's own library only.  As root the servers run as nobody.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import suites  # noqa: E402

if __name__ == "__main__":
    sys.exit(suites.main("Runs the cluster tests.", "cluster"))
