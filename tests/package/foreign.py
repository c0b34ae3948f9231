"""The package for arm64: compiled here, its unit tests and its server run under an emulator."""
import os
import pathlib
import subprocess

from report import check, run
from system import TOP

EMULATOR = "qemu-aarch64-static"
UNITS = "unit_base unit_http unit_media"


def foreign(place, mirror):
    said = run([TOP / "tools/package", "--arch", "arm64", "--out", place, "--mirror", mirror, "--tests", UNITS], "tools/package",
               timeout=5400, env=dict(os.environ))
    check(said.count("OK (") == len(UNITS.split()), "the unit tests of %s pass on arm64" % UNITS, said[-500:])
    made = sorted(place.glob("icecast-lb_*_arm64.deb"))
    check(len(made) == 1, "tools/package makes the package for arm64", made)
    deb = made[0]
    check(run(["dpkg-deb", "--field", deb, "Architecture"], "dpkg-deb").strip() == "arm64", "which says so")

    # What it depends on, and nothing else: a library that it does not name is missing here.
    root = place / "arm64"
    depends = run(["dpkg-deb", "--field", deb, "Depends"], "dpkg-deb")
    names = [part.split("(")[0].split("|")[0].strip() for part in depends.split(",")]
    run(["mmdebstrap", "--quiet", "--variant=extract", "--architectures=arm64", "--include=" + ",".join(names), "bookworm", root, mirror],
        "mmdebstrap", timeout=1200)
    run(["dpkg-deb", "--extract", deb, root], "dpkg-deb")
    kind = run(["file", "-b", root / "usr/bin/icecast-lb"], "file")
    check("ARM aarch64" in kind and "pie" in kind, "its program is for arm64", kind)

    tools = place / "tools"
    tools.mkdir()
    start = tools / "icecast-lb"
    start.write_text('#!/bin/sh\nexec %s -L "%s" "%s/usr/bin/icecast-lb" "$@"\n' % (EMULATOR, root, root))
    start.chmod(0o755)
    place.chmod(0o755)
    done = subprocess.run(["sh", TOP / "debian/tests/smoke"], env=dict(os.environ, PATH="%s:%s" % (tools, os.environ["PATH"])),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
    check(done.returncode == 0, "it serves a stream that decodes", done.stdout.decode(errors="replace")[-1000:])
