#!/usr/bin/env python3
"""Black-box checks of the configuration: corpus, shipped files, documentation.

usage: check.py BINARY [SRCDIR] [--update]

BINARY understands --check-config, --dump-config and --dump-reference (the server, or config_tool).

tests/config/NAME.xml       a configuration; its first comment says what it is about
tests/config/NAME.expected  what --check-config prints about it, then "status N"
tests/config/NAME.dump      optional: lines that --dump-config has to print

conf/*.xml has to be valid, without a warning but for the placeholder passwords, and has to be refused
because of them.  conf/icecast-lb.xml has to show every element there is, and has to be valid with
everything switched on.  doc/config.md and doc/icecast-lb.xml.5 have to be what the program prints.
--update writes the expected outputs and the documentation instead; read the diff.
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

args = [a for a in sys.argv[1:] if a != "--update"]
update = "--update" in sys.argv
binary = str(pathlib.Path(args[0]).resolve())
src = pathlib.Path(args[1] if len(args) > 1 else ".").resolve()
faults = []
checks = 0


def run(*arguments, cwd=src):
    done = subprocess.run([binary, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8")


def check(good, what, detail=""):
    global checks
    checks += 1
    if not good:
        faults.append(f"{what}\n{detail}".rstrip())


def same_as_file(path, text, what):
    if update:
        path.write_text(text)
        return
    old = path.read_text() if path.exists() else ""
    if old != text:
        import difflib
        diff = "\n".join(difflib.unified_diff(old.splitlines(), text.splitlines(), "expected", "printed",
                                              lineterm="", n=1))
        check(False, what, diff[:4000])
    else:
        check(True, what)


def corpus():
    folder = src / "tests/config"
    names = sorted(p.stem for p in folder.glob("*.xml"))
    check(len(names) >= 30, f"only {len(names)} configurations in {folder}")
    for name in names:
        status, out = run("--check-config", name + ".xml", cwd=folder)
        same_as_file(folder / (name + ".expected"), f"{out}status {status}\n", f"{name}.xml: --check-config")
        dump = folder / (name + ".dump")
        if dump.exists():
            _, out = run("--dump-config", name + ".xml", "--allow-default-passwords", cwd=folder)
            have = set(out.splitlines())
            missing = [line for line in dump.read_text().splitlines() if line and line not in have]
            check(not missing, f"{name}.xml: --dump-config lacks", "\n".join(missing))
            secrets = re.findall(r"(?:password|secret|keys)[^>\"]*[>\"](sekret-[\w-]+)", (folder / (name + ".xml")).read_text(errors="replace"))
            leaked = [s for s in secrets if s in out]
            check(not leaked, f"{name}.xml: --dump-config shows passwords", " ".join(leaked))


def shipped():
    for path in sorted((src / "conf").glob("*.xml")):
        status, out = run("--check-config", str(path))
        check(status == 1 and "password from an example" in out and "error:" not in out,
              f"{path.name}: has to be refused for its placeholder passwords, and for nothing else", out)
        status, out = run("--check-config", str(path), "--allow-default-passwords")
        odd = [line for line in out.splitlines() if ": warning: " in line and "from an example" not in line]
        check(status == 0 and not odd, f"{path.name}: has to be valid", out)
    lines = len((src / "conf/minimal.xml").read_text().splitlines())
    check(lines == 10, f"minimal.xml has {lines} lines, and is said to have ten")


def switched_on():
    """conf/icecast-lb.xml with all its switched-off lines switched on."""
    text = (src / "conf/icecast-lb.xml").read_text()
    text = re.sub(r"<!-- ( *</?[\w-]+[^\n]*?) -->", r"\1", text)
    return re.sub(r"<!--( {8,}[\w-]+=[^\n]*>) -->", r"\1", text)  # second lines of an element


def complete():
    text = switched_on()
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(text)
        file.flush()
        status, out = run("--check-config", file.name, "--allow-default-passwords")
    check(status == 0 and "not known" not in out and "has no effect inside" not in out,
          "conf/icecast-lb.xml with everything switched on has to be valid", out)

    shown = set()

    def walk(node, path):
        for name in node.attrib:
            shown.add((path, name))
        for child in node:
            inner = child.tag if path == "icecast" else path + "/" + child.tag
            shown.add((path, child.tag))
            walk(child, re.sub(r"^mount/http-headers", "http-headers", inner))
    walk(ET.fromstring(text), "icecast")

    _, reference = run("--dump-reference", "xml")
    elements = 0
    for block in ET.fromstring(reference):
        for element in block:
            if element.get("support") == "unsupported" or not element.get("name"):
                continue
            elements += 1
            check((block.get("path"), element.get("name")) in shown,
                  f"conf/icecast-lb.xml does not show <{block.get('path')}> <{element.get('name')}>")
    check(elements > 150, f"the reference has only {elements} elements")


def documents():
    for name, form in (("doc/config.md", "md"), ("doc/icecast-lb.xml.5", "man")):
        status, out = run("--dump-reference", form)
        check(status == 0, f"--dump-reference {form} ends with status {status}")
        same_as_file(src / name, out, f"{name} is out of date; make update-docs")


corpus()
shipped()
complete()
documents()
print("\n".join(faults) or f"config: {checks} checks, all good")
sys.exit(bool(faults))
