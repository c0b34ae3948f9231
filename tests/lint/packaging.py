#!/usr/bin/env python3
"""debian/ and packaging/ agree with the rest of the tree; no tool of Debian is needed for it.

- debian/changelog has the version of configure.ac
- every file there is in the tarball (packaging/packaging.mk)
- the template of the packaged configuration can still be made of conf/icecast-lb.xml
- the unit file starts the program with options that it has, in the places that the configuration names
- what tools/install-packages installs to build is what debian/control builds with
- the profile of AppArmor lets it write where the unit and the template do, and can be compiled (where there is apparmor_parser)
- the scripts are correct for their shells
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET

top = pathlib.Path(sys.argv[1]).resolve()
faults = []


def check(fact, text):
    if not fact:
        faults.append(text)


def text(name):
    return (top / name).read_text()


version = re.search(r"AC_INIT\(\[icecast-lb\], \[([^]]+)\]", text("configure.ac")).group(1)
packaged = re.match(r"icecast-lb \(([^)]+)\)", text("debian/changelog")).group(1)
check(version == packaged, "debian/changelog has version %s, configure.ac %s" % (packaged, version))

listed = set(re.findall(r"(?:packaging|debian)/[\w./-]+", text("packaging/packaging.mk")))
for path in sorted([*(top / "packaging").glob("*"), *(top / "debian").glob("*"), *(top / "debian/source").glob("*"),
              *(top / "debian/tests").glob("*")]):
    name = str(path.relative_to(top))
    made = re.match(r"debian/(\.debhelper|icecast-lb$|files$|tmp$|debhelper-build-stamp|autoreconf\.|.*\.(substvars|log|debhelper)$)", name)
    if path.is_file() and not made and name != "packaging/packaging.mk":
        check(name in listed, name + " is not in EXTRA_DIST of packaging/packaging.mk")

done = subprocess.run(["sh", top / "packaging/make-template", top / "conf/icecast-lb.xml"], capture_output=True, text=True)
check(done.returncode == 0, done.stderr)
if done.returncode == 0:
    made = ET.fromstring(done.stdout)
    check(made.findtext("paths/logdir") == "/var/log/icecast-lb", "the template has another logdir than logrotate")
    check(made.findtext("paths/pidfile") in text("debian/logrotate"), "the template has another pidfile than logrotate")
    check(not re.search(r"change-me|hackme", "".join(made.find("authentication").itertext())), "a password is in the template")

unit = text("packaging/icecast-lb.service")
usage = text("src/program/options.cc")
for option in re.findall(r"(?m)^Exec\w+=/usr/bin/icecast-lb (-\S+) /etc/icecast-lb/icecast-lb.xml$", unit):
    check(re.search(r"(?m)^  %s\b" % option, usage), "the unit starts the program with %s, which it does not have" % option)
check(unit.count("/usr/bin/icecast-lb -") == 2 and "Type=notify" in unit and "WatchdogSec=" in unit, "the unit has changed")
for name in ("postinst", "postrm"):
    for path in ("/var/log/icecast-lb", "/var/lib/icecast-lb"):
        check(path in text("debian/" + name), "debian/%s does not know %s" % (name, path))

profile = text("packaging/apparmor")
for kind in ("log", "lib", "cache"):
    check(re.search(r"(?m)^  /var/%s/icecast-lb/\*\* rwk" % kind, profile), "packaging/apparmor lets it not write to /var/%s/icecast-lb" % kind)
check("\nprofile icecast-lb flags" in profile and "\nAppArmorProfile=-icecast-lb\n" in unit, "packaging/apparmor is not of the unit alone")
check("usr.bin.icecast-lb" in text("debian/rules"), "debian/rules does not install the profile")
parser = shutil.which("apparmor_parser", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
if parser:
    done = subprocess.run([parser, "-Q", "-K", top / "packaging/apparmor"], capture_output=True, text=True)
    check(done.returncode == 0, "packaging/apparmor: " + done.stderr)

needed = set(re.search(r"(?m)^build=\(([^)]+)\)", text("tools/install-packages")).group(1).split())
control = re.search(r"(?ms)^Build-Depends:(.*?)^\S", text("debian/control")).group(1)
listed = {re.split(r"[\s:(<]", part.strip())[0] for part in control.split(",")}
brought = {"autoconf", "automake", "make", "g++"}  # by debhelper and build-essential
same = {"pkg-config": "pkgconf"}
for package in sorted(needed - brought):
    check(same.get(package, package) in listed, "debian/control does not build with " + package)

for shell, names in (("sh", ["packaging/make-template", "debian/postinst", "debian/postrm", "debian/tests/smoke"]), ("bash", ["deploy/container/container-start", "deploy/container/build", "tools/package", "tools/apt-repository", "tools/release"])):
    for name in names:
        done = subprocess.run([shell, "-n", top / name], capture_output=True, text=True)
        check(done.returncode == 0, name + ": " + done.stderr)

print("\n".join(faults) or "packaging: agrees with the tree")
sys.exit(bool(faults))
