"""The package for arm64: compiled here; its unit tests and its server run under an emulator."""
import os
import shutil
import subprocess

from report import check, run
from system import CONFIG, TOP, System

EMULATOR = "qemu-aarch64-static"
UNITS = "unit_base unit_http unit_media"


def build(place, mirror):
    said = run([TOP / "tools/package", "--arch", "arm64", "--out", place, "--mirror", mirror, "--tests", UNITS], "tools/package",
               timeout=5400, env=dict(os.environ))
    check(said.count("OK (") == len(UNITS.split()), "the unit tests of %s pass on arm64" % UNITS, said[-500:])
    made = sorted(place.glob("icecast-lb_*_arm64.deb"))
    check(len(made) == 1, "tools/package makes the package for arm64", made)
    return made[0]


def foreign(place, mirror, deb=None):
    """deb: an existing package, whose unit tests are not run."""
    deb = deb or build(place, mirror)
    check(run(["dpkg-deb", "--field", deb, "Architecture"], "dpkg-deb").strip() == "arm64", "which says so")

    # Installed with what it depends on, and nothing else: a library that it does not name is missing here. The
    # scripts of the package are run by this machine's shell, its program by the emulator.
    system = System(place / "foreign", mirror)
    (place / "foreign").mkdir()
    system.make(foreign="arm64")
    root = system.root
    shutil.copy(deb, system.path("tmp/icecast-lb.deb"))
    system.apt("update")
    said = system.apt("install", "/tmp/icecast-lb.deb")
    check("wrote /" + CONFIG in said, "apt installs it, and its scripts write the configuration", said[-500:])
    check(system.owner(CONFIG) == "root:icecast-lb 640" and "icecast-lb:" in system.path("etc/passwd").read_text(), "and make its user")
    kind = run(["file", "-b", root / "usr/bin/icecast-lb"], "file")
    check("ARM aarch64" in kind and "pie" in kind, "its program is for arm64", kind)

    shutil.copy(shutil.which(EMULATOR), system.path("usr/bin"))
    said = system.run("setpriv", "--reuid=icecast-lb", "--regid=icecast-lb", "--init-groups", EMULATOR, "/usr/bin/icecast-lb",
                      "--check-config", "/" + CONFIG)
    check("valid" in said and "warning" not in said, "which is valid to it as its user", said)

    tools = place / "tools"
    tools.mkdir()
    start = tools / "icecast-lb"
    start.write_text('#!/bin/sh\nexec %s -L "%s" "%s/usr/bin/icecast-lb" "$@"\n' % (EMULATOR, root, root))
    start.chmod(0o755)
    place.chmod(0o755)
    done = subprocess.run(["sh", TOP / "debian/tests/smoke"], env=dict(os.environ, PATH="%s:%s" % (tools, os.environ["PATH"])),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180)
    check(done.returncode == 0, "it serves a stream that decodes", done.stdout.decode(errors="replace")[-1000:])
