#!/usr/bin/env python3
"""Everything at once, for minutes or hours, by a seed; every byte is checked, and processes must not grow.

usage: run.py --server BINARY [--minutes N | --hours N] [--seed N] [--replay FILE] [--keep DIR]

Two masters, three nodes, eight streams; witnesses that check every byte, a changing crowd, stuck and slow readers; and
a script of reloads, upgrades, kills, faults and pauses.  At each quiet point the counts and the resources of each
process are compared.  A failure is printed with its seed and the last 200 actions, which --replay runs again.
"""
import argparse
import pathlib
import random
import re
import shutil
import socket
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "kit")]
import facts  # noqa: E402
import harness  # noqa: E402
from crowd import Crowd, hears  # noqa: E402
from script import Actions, draw  # noqa: E402
from threads import Threaded  # noqa: E402
from witness import Witness  # noqa: E402
from world import LOOSE, STREAMS, World  # noqa: E402

QUIET = 45          # seconds between two quiet points
GROWS = 4096 + 5200  # KiB that a process may have grown at the end; its first redirect makes a table of 5.1 MiB
# Lines of level error that the script causes.
CAUSED = re.compile("the upgrade was not made|accept|No space|could not be written|link|master|node|upstream|relay|source|state")


class Stuck(Threaded):
    """Readers that do not read, and one that reads slowly."""

    def __init__(self, world, addresses):
        self.world, self.addresses, self.sockets = world, addresses, {}
        self.start()

    def run(self):
        number = 0
        while self.going:
            for number, address in enumerate(self.addresses):
                try:
                    self.serve(number, address)
                except OSError:
                    self.sockets.pop(number, None)
            time.sleep(0.5)

    def serve(self, number, address):
        held = self.sockets.get(number)
        if held is None:
            held = self.sockets[number] = socket.socket()
            held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            held.bind(("127.0.0.77", 0))
            held.settimeout(5)
            held.connect(address)
            held.sendall(b"GET /a.mp3 HTTP/1.0\r\nUser-Agent: stuck\r\n\r\n")
        elif number % 2 and not held.recv(200):
            held.close()
            del self.sockets[number]

    def close(self):
        super().close()
        for held in self.sockets.values():
            held.close()


class Soak:
    def __init__(self, bench, options, rows):
        self.begin, self.notes, self.rows, self.done, self.problems, self.table = time.monotonic(), [], rows, [], [], []
        self.world = World(bench, self.note)
        self.crowd, self.dice, self.ones = Crowd(bench), random.Random(options.seed), []
        self.actions = Actions(self.world, self.crowd)
        nodes, masters = self.world.nodes, self.world.masters
        self.witnesses = []
        for number, mount in enumerate(STREAMS):
            for way in range(5):
                node, loose = nodes[(number + way) % 3], mount in LOOSE
                master = masters[STREAMS[mount][4]]
                address = (master.host, master.given_port) if way == 0 else (
                    (node.host, node.tls_port) if way == 2 else (node.host, node.given_port))
                icy = way == 1 and mount not in ("/c.opus", "/d.bin")
                self.witnesses.append(Witness(self.world, "%s/%s" % (mount, ("302", "icy", "tls", "plain", "plain")[way]), mount,
                                              address, icy, way == 2, loose))
        self.stuck = Stuck(self.world, [(node.host, node.given_port) for node in nodes for _ in range(2)])

    def note(self, text):
        self.notes.append("%6.1f %s" % (time.monotonic() - self.begin, text))
        print(self.notes[-1], file=sys.stderr)

    def churn(self):
        """Two listeners a second join or leave."""
        while self.churning:
            if len(self.ones) < 100 and self.dice.random() < 0.6:
                server = self.dice.choice(self.world.servers)
                self.ones.append(self.crowd.join((server.host, server.given_port), self.dice.choice(list(STREAMS))))
            elif self.ones:
                self.crowd.leave(self.ones.pop(self.dice.randrange(len(self.ones))))
            time.sleep(0.5)

    def run(self):
        facts.wait_for(lambda: all(w.joins for w in self.witnesses), "all witnesses hear: %r" % [
            (w.name, getattr(w, "why", "")) for w in self.witnesses if not w.joins], 40)
        self.churning = True
        churner = threading.Thread(target=self.churn, daemon=True)
        churner.start()
        start, quiet = time.monotonic(), time.monotonic() + QUIET
        try:
            for row in self.rows:
                when, name, number = row.split()
                if time.monotonic() > quiet:
                    self.quiet_point()
                    start, quiet = start + time.monotonic() - quiet, time.monotonic() + QUIET
                time.sleep(max(0.0, start + float(when) - time.monotonic()))
                self.done.append(row)
                try:
                    self.actions.run(name, int(number))
                except (facts.Failed, OSError, ValueError) as e:
                    self.note("%s: %r" % (row, e))
                self.judge()
                if self.problems:
                    break
            self.quiet_point()
        finally:
            self.churning = False
            churner.join(5)
        self.end()

    def judge(self):
        for witness in self.witnesses:
            self.problems += witness.problems()
        self.problems += self.world.unexplained
        self.world.unexplained = []
        for server in self.world.servers:
            status = server.process.poll()
            if status is not None:
                self.problems.append("%s ended with %d: %s" % (server.host, status, server.log()[-600:]))

    def quiet_point(self):
        """Waits until all actions are over, and compares the counts."""
        self.actions.settle()
        self.churning = False
        for faults in self.world.faults.values():
            faults.clear()

        def right(name, fact, patience=15):
            try:
                facts.wait_for(fact, "", patience)
            except facts.Failed:
                self.problems.append("at a quiet point: %s" % name())
        silent = []

        def all_hear():
            silent[:] = [w.name for w in self.witnesses if not w.at or time.monotonic() - w.last > 1]
            return not silent
        right(lambda: "witnesses hear nothing: %r" % silent, all_hear, 25)
        for node in self.world.nodes:
            counted = []

            def agree(node=node, counted=counted):
                ours = sum(1 for w in self.witnesses if w.at and w.at[0] == node.host) + sum(
                    1 for one in self.ones if one.address[0] == node.host and hears(one))
                stuck = len([a for n, a in enumerate(self.stuck.addresses) if a[0] == node.host and n in self.stuck.sockets])
                counted[:] = [self.world.listeners(node), ours, stuck]
                return counted[1] <= counted[0] <= counted[1] + 2 * stuck
            right(lambda node=node, counted=counted: "%s counts %r listeners (theirs, ours, stuck)" % (node.host, counted), agree)
        for master in self.world.masters:
            found = []

            def nodes_are_up(master=master, found=found):
                rows = self.world.admin(master, "/admin/cluster.json").json()["nodes"]
                found[:] = [(row["id"], row["state"]) for row in rows]
                return all(state == "up" for _, state in found)
            right(lambda master=master, found=found: "%s has nodes %r" % (master.host, found), nodes_are_up)
        self.table.append((time.monotonic() - self.begin, {s.host: self.world.held(s) for s in self.world.servers}))
        self.churning = True
        self.judge()

    def end(self):
        """Checks the growth of all processes, and that they end when asked to."""
        if len(self.table) > 2:
            first, last = self.table[1][1], self.table[-1][1]
            for host, now in last.items():
                before = first[host]
                for what, room in (("threads", 2), ("memfds", 2), ("files", 6), ("mappings", 60), ("KiB", GROWS)):
                    if now[what] > before[what] + room:
                        self.problems.append("%s: %s were %d and are %d" % (host, what, before[what], now[what]))
        for server in self.world.servers:
            wrong = [line for line in re.findall(r"^\[.*\] EROR .*", server.log(), re.M) if not CAUSED.search(line)]
            if wrong:
                self.problems.append("%s: %d lines of errors: %r" % (server.host, len(wrong), wrong[:3]))
        self.stuck.close()
        for witness in self.witnesses:
            witness.going = False
        for witness in self.witnesses:
            witness.close()
        for one in self.ones:
            self.crowd.leave(one)
        # A notice that is on its way when a node is killed may be sent twice.
        try:
            facts.wait_for(lambda: self.world.told("listener_remove") >= self.world.told("listener_add"), "", 20)
        except facts.Failed:
            self.problems.append("backends were told of %d listeners, and of the end of %d" % (
                self.world.told("listener_add"), self.world.told("listener_remove")))
        self.world.close()
        for server in self.world.servers:
            if server.process.poll() is None:
                try:
                    status = server.stop()
                    if status != 0:
                        self.problems.append("%s ends with %d" % (server.host, status))
                except facts.Failed as e:
                    self.problems.append("%s: %s" % (server.host, e))

    def report(self, seed):
        for at, held in self.table:
            for host, row in held.items():
                print("%5.0f s %s %s" % (at, host, " ".join("%s %d" % item for item in row.items())))
        upgrades = sum(len(re.findall("has taken over", s.log())) for s in self.world.servers)
        units = sum(judge.units for w in self.witnesses for judge in w.judges)
        print("backends were told of %d listeners, and of the end of %d" % (self.world.told("listener_add"), self.world.told("listener_remove")))
        print("seed %d: %d actions, %d upgrades, %d units heard last, %d joins of %d witnesses, longest silence %.1f s" % (
            seed, len(self.done), upgrades, units, sum(w.joins for w in self.witnesses), len(self.witnesses), max(w.longest for w in self.witnesses)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--hours", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", type=pathlib.Path, help="the actions of a file, which a run that failed has written")
    parser.add_argument("--keep", type=pathlib.Path, help="where logs and actions go of a run that fails")
    options = parser.parse_args()
    seconds = (options.hours * 60 if options.hours else options.minutes) * 60
    rows = options.replay.read_text().splitlines() if options.replay else draw(options.seed, seconds)
    with tempfile.TemporaryDirectory(prefix="icecast-lb-soak-", ignore_cleanup_errors=True) as place:
        pathlib.Path(place).chmod(0o755)
        facts.Settings.binary, facts.Settings.patience = harness.copy_program(options.server, place), 10.0
        bench = harness.Bench()
        soak = None
        try:
            soak = Soak(bench, options, rows)
            soak.run()
            problems = soak.problems
        except facts.Failed as e:
            problems = (soak.problems if soak else []) + [str(e)]
        if soak:
            soak.report(options.seed)
        if problems:
            print("\n".join(problems[:40]))
            print("--- notes")
            print("\n".join(soak.notes[-40:] if soak else []))
            print("--- the last actions of seed %d" % options.seed)
            print("\n".join(soak.done[-200:] if soak else []))
            if options.keep and soak:
                shutil.copytree(bench.dir, options.keep, dirs_exist_ok=True)
                (options.keep / "actions").write_text("\n".join(soak.done) + "\n")
        bench.close(False)
    print("%d passed, %d failed" % (0 if problems else 1, 1 if problems else 0))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
