#!/usr/bin/env python3
"""The server beside the programs that watch and direct it: Prometheus, HAProxy, keepalived, a name server.

usage: run.py --server BINARY [--only REGEX] [--list]      (see ../pool.py)

The programs are Debian's, started by the tests on free ports (keepalived and the name server's clients in
namespaces of the network, which needs root).  What is tried is what lies in deploy/.  A program that is
missing is a failure: tools/install-packages test brings it.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import suites  # noqa: E402

if __name__ == "__main__":
    sys.exit(suites.main("Tests the server beside Prometheus, HAProxy, keepalived and DNS.", "orchestration"))
