#!/usr/bin/env python3
"""Black-box checks of the configuration: corpus, shipped files, documentation.

usage: check.py BINARY [SRCDIR] [--update]

BINARY understands --check-config, --dump-config, --dump-reference and --import (the server, or
config_tool).

tests/config/NAME.xml       a configuration; its first comment says what it is about
tests/config/NAME.expected  what --check-config prints about it, then "status N"; of files-NAME.xml also the
                            files that it names, of the others --elsewhere
tests/config/NAME.dump      optional: lines that --dump-config has to print
tests/config/NAME.import    what --import prints about it, then "status N"; the file that it makes has
                            to be valid, to mean the same (--dump-config), and to be imported as it is

conf/*.xml has to be valid, without a warning but for the placeholder passwords, and has to be refused
because of them.  conf/icecast-lb.xml has to show every element there is, and has to be valid with
everything switched on.  doc/config.md, doc/icecast-lb.xml.5, doc/metrics.md and doc/api.md have to be what the program prints.
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
    check(len(names) >= 80, f"only {len(names)} configurations in {folder}")
    for name in names:
        # The files that a configuration names are checked only if they are the same on every machine.
        here = [] if name.startswith("files-") else ["--elsewhere"]
        status, out = run("--check-config", name + ".xml", *here, cwd=folder)
        same_as_file(folder / (name + ".expected"), f"{out}status {status}\n", f"{name}.xml: --check-config")
        dump = folder / (name + ".dump")
        if dump.exists():
            _, out = run("--dump-config", name + ".xml", "--allow-default-passwords", cwd=folder)
            have = set(out.splitlines())
            missing = [line for line in dump.read_text().splitlines() if line and line not in have]
            check(not missing, f"{name}.xml: --dump-config lacks", "\n".join(missing))
            leaked = [s for s in passwords_of(folder / (name + ".xml")) if s in out]
            check(not leaked, f"{name}.xml: --dump-config shows passwords", " ".join(leaked))


def passwords_of(path):
    return re.findall(r"(?:password|secret|keys)[^>\"]*[>\"](sekret-[\w-]+)", path.read_text(errors="replace"))


def meaning(path, cwd=src):
    """The lines of --dump-config without those that the file contained itself."""
    _, out = run("--dump-config", str(path), "--allow-default-passwords", cwd=cwd)
    lines = {re.sub(r" \((?:default|inherited)\)$", "", line) for line in out.splitlines()}
    return {line for line in lines if not line.startswith("#")}


def imported():
    folder = src / "tests/config"
    with tempfile.TemporaryDirectory() as temporary:
        for path in sorted(folder.glob("*.xml")):
            new = pathlib.Path(temporary) / path.name
            status, out = run("--import", path.name, "-o", str(new), "--allow-default-passwords", cwd=folder)
            out_of_import = out
            same_as_file(path.with_suffix(".import"), f"{out}status {status}\n", f"{path.name}: --import")
            leaked = [s for s in passwords_of(path) if s in out]
            check(not leaked, f"{path.name}: --import shows passwords", " ".join(leaked))
            check(new.exists() == (status in (0, 2)), f"{path.name}: --import ends with {status}", out)
            if not new.exists():
                continue
            check(new.stat().st_mode & 0o777 == 0o600, f"{path.name}: others may read the new file")
            status, out = run("--check-config", str(new), "--elsewhere", "--allow-default-passwords")
            wrong = [line for line in out.splitlines() if ": error: " in line and "every listener is refused" not in line]
            check(not wrong and status == (1 if ": error: " in out else 0), f"{path.name}: the new file is not valid",
                  out)
            # The defaults of Icecast-KH, which the new file contains.
            kept = set(re.findall(r"note +(\S+/fallback-override = 1): was not written", out_of_import))
            was = {re.sub(r"fallback-override = 0$", "fallback-override = 1", line)
                   if line.replace(" = 0", " = 1") in kept else line for line in meaning(path.name, folder)}
            lost = was ^ meaning(new)
            if "cannot connect" in (folder / (path.stem + ".expected")).read_text():
                lost = {line for line in lost if not line.startswith("relay[")}  # such relays are left out
            check(not lost, f"{path.name}: the new file means something else", "\n".join(sorted(lost)))
            again = run("--import", str(new), "--allow-default-passwords")[1]
            check(new.read_text().split("\n", 2)[2] in again, f"{path.name}: the new file is imported as another one")

        # Without the flag, an example's passwords are replaced, so the file can be used.
        example = folder / "icecast24-hackme.xml"
        new = pathlib.Path(temporary) / "new.xml"
        status, out = run("--import", str(example), "-o", str(new))
        text = new.read_text()
        check(status == 0 and "replaced" in out and ">hackme" not in text,
              "the example's passwords are not replaced", out + text)
        check(run("--check-config", str(new), "--elsewhere")[0] == 0, "the file with new passwords is not valid")
        words = re.findall(r"password>(\w+)<", text)
        check(len(set(words)) == len(words) and min(map(len, words)) == 24, "the new passwords are not good", text)
        check(not any(word in out for word in words), "--import shows the new passwords", out)

        # A password for another server cannot be replaced: the new file is made, but is not usable yet.
        status, out = run("--import", str(folder / "bad-other-password.xml"))
        check(status == 1 and "the new file cannot be used as it is: <password>" in out and "<relay>" in out,
              "another server's password was not told", out)

        status, out = run("--import", str(example), "-o", str(new))
        check(status == 1 and "File exists; nothing was written" in out and new.read_text() == text,
              "--import has written over a file", out)
        done = subprocess.run([binary, "--import", str(folder / "libretime.xml")], capture_output=True, timeout=60)
        check(done.stdout.startswith(b"<?xml") and done.stdout.endswith(b"</icecast>\n") and
              b"taken" in done.stderr, "--import without -o has to print the file, and its report elsewhere")
        status, out = run("--import", str(folder / "nothing.xml"), "-o", str(new))
        check(status == 1 and "cannot be read" in out, "--import of a file that is not there", out)


def shipped():
    for path in sorted((src / "conf").glob("*.xml")):
        status, out = run("--check-config", str(path), "--elsewhere")
        check(status == 1 and "password from a published example" in out and "error:" not in out,
              f"{path.name}: has to be refused for its placeholder passwords, and for nothing else", out)
        status, out = run("--check-config", str(path), "--elsewhere", "--allow-default-passwords")
        odd = [line for line in out.splitlines() if ": warning: " in line and "from a published example" not in line]
        check(status == 0 and not odd, f"{path.name}: has to be valid", out)
    lines = len((src / "conf/minimal.xml").read_text().splitlines())
    check(lines == 10, f"minimal.xml has {lines} lines, and is said to have ten")


def switched_on():
    """conf/icecast-lb.xml with all its commented lines switched on."""
    text = (src / "conf/icecast-lb.xml").read_text()
    text = re.sub(r"<!-- ( *</?[\w-]+[^\n]*?) -->", r"\1", text)
    return re.sub(r"<!--( {8,}[\w-]+=[^\n]*>) -->", r"\1", text)  # second lines of an element


def complete():
    text = switched_on()
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write(text)
        file.flush()
        status, out = run("--check-config", file.name, "--elsewhere", "--allow-default-passwords")
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
            if element.get("from") == "2.5":  # another way to write a shown element
                continue
            elements += 1
            check((block.get("path"), element.get("name")) in shown,
                  f"conf/icecast-lb.xml does not show <{block.get('path')}> <{element.get('name')}>")
    check(elements > 150, f"the reference has only {elements} elements")


def documents():
    for name, form in (("doc/config.md", "md"), ("doc/icecast-lb.xml.5", "man"),
                       ("doc/metrics.md", "metrics"), ("doc/api.md", "api")):
        status, out = run("--dump-reference", form)
        check(status == 0, f"--dump-reference {form} ends with status {status}")
        same_as_file(src / name, out, f"{name} is out of date; make update-docs")


corpus()
imported()
shipped()
complete()
documents()
print("\n".join(faults) or f"config: {checks} checks, all good")
sys.exit(bool(faults))
