#!/usr/bin/env python3
"""Builds Icecast-KH, the peer of benchmarks and mixed clusters, outside the tree, once for each tarball.

usage: build_kh.py TARBALL      prints the program's path; its pages are in share/ beside it
"""
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time


class BuildFailed(Exception):
    """Says what failed, and where its log is."""


def cache_directory():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(tempfile.gettempdir(), "icelb-cache")
    path = pathlib.Path(base) / "icecast-lb-bench"
    path.mkdir(parents=True, exist_ok=True)
    return path


def unpack(tarball, into):
    with tarfile.open(tarball) as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(into, filter="data")
        else:
            archive.extractall(into)
    source = next(into.iterdir())
    # The archive does not keep the order of times; make would want the autotools of its author.
    for pattern in ("aclocal.m4", "config.h.in", "configure", "**/Makefile.in"):
        for path in source.glob(pattern):
            path.touch()
            time.sleep(0.01)
    return source


def build_kh(tarball):
    """The program."""
    if not tarball.is_file():
        raise BuildFailed("%s is not there" % tarball)
    home = cache_directory() / ("kh-" + hashlib.sha256(tarball.read_bytes()).hexdigest()[:12])
    program = home / "icecast"
    # Two tests at once build it once.
    home.parent.mkdir(parents=True, exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return program if program.is_file() else build(tarball, home, program)


def build(tarball, home, program):
    shutil.rmtree(home, ignore_errors=True)
    (home / "build").mkdir(parents=True)
    source = unpack(tarball, home / "src")
    print("building Icecast-KH in %s …" % home, file=sys.stderr)
    with open(home / "build.log", "w") as log:
        for step in ([str(source / "configure")], ["make", "-j2"]):
            if subprocess.run(step, cwd=home / "build", stdout=log, stderr=log).returncode != 0:
                raise BuildFailed("%s failed, see %s/build.log" % (step[0], home))
    for name in ("admin", "web"):
        shutil.copytree(source / name, home / "share" / name)
    shutil.copy(home / "build/src/icecast", program)  # the last step: it shows that the rest is there
    return program


if __name__ == "__main__":
    try:
        print(build_kh(pathlib.Path(sys.argv[1])))
    except BuildFailed as e:
        sys.exit("Icecast-KH: %s" % e)
