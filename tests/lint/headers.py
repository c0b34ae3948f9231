#!/usr/bin/env python3
"""Every header includes what it needs.

X.cc includes X.h before anything else, so its compilation shows that X.h stands alone; headers that
no .cc begins with are compiled here.  With UNITY=yes they are not: where the files of a floor compile together,
none of them is shown to stand alone.  No header includes more than MAX_PULLED of ours, directly or by others:
a header that knows a type by reference or pointer declares it.

Each header is compiled from a file in the working directory with the name it has everywhere, so ccache
knows it in the tarball's check, too.
"""
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

src = pathlib.Path(sys.argv[1])
compiler = shlex.split(os.environ.get("CXX", "g++")) + shlex.split(os.environ.get("LINT_CPPFLAGS", ""))
MAX_PULLED = 40
first = set()
faults = []
for path in sorted(src.rglob("*.cc")):
    own = path.with_suffix(".h")
    found = re.search(r'^#include (.*)$', path.read_text(), re.M)
    name = found.group(1).strip('"') if found else ""
    first.add(name)
    if own.exists() and name != str(own.relative_to(src)):
        faults.append("%s: its first include is %s, not its own header" % (path, name))


def pulled(header, seen):
    for name in re.findall(r'^#include "(.*)"', (src / header).read_text(), re.M):
        if name not in seen:
            seen.add(name)
            pulled(name, seen)
    return seen


for path in sorted(src.rglob("*.h")):
    header = str(path.relative_to(src))
    if len(pulled(header, set())) > MAX_PULLED:
        faults.append("%s: it pulls %d of our headers, more than %d" % (header, len(pulled(header, set())), MAX_PULLED))


def compiles(header):
    source = pathlib.Path("headers_alone") / (header.replace("/", "_") + ".cc")
    source.parent.mkdir(exist_ok=True)
    source.write_text('#include "%s"\n' % header)
    done = subprocess.run(compiler + ["-std=c++20", "-I", str(src), "-c", str(source), "-o", str(source.with_suffix(".o"))],
                          capture_output=True, text=True)
    return "" if done.returncode == 0 else "%s does not compile alone:\n%s" % (header, done.stderr[:1500])


alone = sorted(str(p.relative_to(src)) for p in src.rglob("*.h") if str(p.relative_to(src)) not in first)
if os.environ.get("UNITY") == "yes":
    alone = []
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    faults += filter(None, pool.map(compiles, alone))
shutil.rmtree("headers_alone", ignore_errors=True)
print("\n".join(faults) or "headers: %d come first in a .cc, %d compiled alone" % (len(first), len(alone)))
sys.exit(bool(faults))
