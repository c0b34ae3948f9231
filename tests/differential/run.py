#!/usr/bin/env python3
"""The differential test: every request of requests.json goes to Icecast 2.4.4 and to the server under test.

usage: run.py --server BINARY [--icecast /usr/bin/icecast2] [--only REGEX] [--show] [--keep DIRECTORY]

Both servers get the same configuration, files, sources and requests, at the same time and on ports of
their own.  Their answers and their lines in the access log are compared after dates, versions, ids,
ports and durations have been taken out (normal.py).  A difference must be an entry of
doc/differences.md; an entry that no difference needs fails too.

--only  requests whose name matches; the steps between them are all done, stale entries do not count
--show  prints every difference with the entry that explains it
--keep  leaves the servers' directories there

Prints "N passed, N failed" at the end.  Needs ffmpeg, and Python's own library.
"""
import argparse
import json
import pathlib
import re
import shutil
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
TRIES = 3
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(TOP / "tests" / "kit"))
import ledger  # noqa: E402
import player  # noqa: E402
import servers  # noqa: E402
from differences import differ, differences  # noqa: E402
from harness import Failed  # noqa: E402
from normal import normal  # noqa: E402
from threads import all_at_once  # noqa: E402


class IcecastStumbled(Exception):
    """Icecast 2.4.4 sometimes crashes when many sources log in at once, and sometimes loses an event for the
    statistics.  That is no difference; the run is repeated."""


def read_groups(path, only):
    groups = json.loads(path.read_text())
    names = [step["name"] for group in groups for step in group["steps"] if "name" in step]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise Failed("two requests have the name " + ", ".join(sorted(twice)))
    for group in groups:
        group["steps"] = [s for s in group["steps"] if "name" not in s or "keep" in s or "kept" in s or "save" in s
                          or re.search(only, s["name"])]
    return groups


def play_both(groups, pair):
    """Both players, with complete answers; stops the servers."""
    players, faults = [player.Player(server, groups) for server in pair], []

    def run(one):
        try:
            one.server.wait_until_open()
            one.play()
        except Exception as e:
            faults.append((one.server.name, str(e) if isinstance(e, Failed) else traceback.format_exc()))

    all_at_once(run, players)
    for one in players:
        one.close()
        print("".join("slow: %s: %s\n" % (one.server.name, line) for line in one.slow), end="")
    for server in pair:
        status = server.stop()
        if status != 0:
            said = server.out.read_text("latin-1")[-2000:]
            faults.append((server.name, "%s ended with %d: %s" % (server.name, status, said)))
    if faults:
        theirs = all(name == "icecast" for name, _ in faults)
        raise (IcecastStumbled if theirs else Failed)("\n".join(text for _, text in faults))
    for one in players:
        for line in one.server.lines("access.log"):
            agent = re.search(r'"(differ/[^"]*)" \d+$', line)
            name = one.addresses.get(line.split(" ")[0]) or (agent and one.addresses.get(agent.group(1)))
            if name in one.answers:
                one.answers[name].log.append(line)
    return players


def playlist_lines(server):
    """By mount, without time and number of listeners."""
    lines = {}
    for line in server.lines("playlist.log"):
        parts = normal(line, server).split("|", 3)
        mount = parts[1] if len(parts) == 4 else "?"
        lines.setdefault(mount, []).append("|".join(parts[:2] + parts[3:]) if len(parts) == 4 else line)
    return lines


def compare_all(players):
    """name -> differences, in the order of the requests."""
    theirs, ours = players
    found = {name: differences(theirs.answers[name], answer, theirs.server, ours.server) for name, answer in ours.answers.items()}
    his, mine = playlist_lines(theirs.server), playlist_lines(ours.server)
    for mount in sorted(set(his) | set(mine)):
        a, b = his.get(mount, []), mine.get(mount, [])
        found["playlist.log of " + mount] = [
            line for i in range(max(len(a), len(b)))
            for line in differ("playlist", a[i] if i < len(a) else "none", b[i] if i < len(b) else "none")]
    return found


def judge(found, entries, show):
    """(passed, failed) of the requests."""
    failed = 0
    for name, lines in found.items():
        unexplained = []
        for line in lines:
            by = [e for e in entries if e.explains(name, line)]
            if not by:
                unexplained.append(line)
            elif show:
                print("  meant (%s)  %s  %s" % (", ".join(str(e.number) for e in by), name, line))
        if unexplained:
            failed += 1
            print("FAIL %s" % name)
            for line in unexplained:
                print("       " + (line if show or len(line) < 600 else line[:600] + "..."))
    return len(found) - failed, failed


def run_once(groups, options):
    place = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="icecast-lb-differential-"))
    place.mkdir(exist_ok=True)
    place.chmod(0o755)
    pair = []
    try:
        binary = shutil.copy(options.server, place)
        port = servers.free_ports()
        for name, path, at in (("icecast", options.icecast, port), ("ours", binary, port + 3)):
            directory = place / name
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            pair.append(servers.Server(name, path, directory, at))
        return compare_all(play_both(groups, pair))
    finally:
        for server in pair:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait()
        if not options.keep:
            shutil.rmtree(place, ignore_errors=True)


def run_repeatedly(groups, options):
    for left in reversed(range(TRIES)):
        try:
            return run_once(groups, options)
        except IcecastStumbled as e:
            print("%s; %d more tries" % (e, left))
            if left == 0:
                raise


def main():
    parser = argparse.ArgumentParser(description="Compares this server with Icecast 2.4.4.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--icecast", default="/usr/bin/icecast2")
    parser.add_argument("--only", default="")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--keep")
    options = parser.parse_args()

    entries, faults = ledger.read(TOP / "doc" / "differences.md", HERE / "patterns.md")
    try:
        groups = read_groups(HERE / "requests.json", options.only)
        player.make_streams()
        found = run_repeatedly(groups, options)
    except (Failed, IcecastStumbled) as e:
        print("FAIL the run broke off: %s\n0 passed, 1 failed" % e)
        return 1

    passed, failed = judge(found, entries, options.show)
    for fault in faults:
        failed += 1
        print("FAIL doc/differences.md: " + fault)
    for entry in entries if not options.only else []:
        if entry.unused():
            failed += 1
            print("FAIL doc/differences.md: entry %d is stale, nothing differs so: %s" % (entry.number, " ".join("`%s`" % p for p in entry.unused())))
        else:
            passed += 1
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
