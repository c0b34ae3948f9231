"""What the goals that need crowds share: a real master, simulated nodes and listeners (bench/crowd.cc)."""
import json
import os
import select
import subprocess
import time

import harness
from link_bench import linked_master
from bench import Failed

MANY = "<clients>20000</clients><sources>2000</sources><threads>1</threads>"
MOUNT = "/b0"  # bench/crowd.cc names them


def program(name, place="bench"):
    path = harness.Settings.build / place / name
    if not path.is_file():
        raise harness.Skip("%s is not built (make %s/%s)" % (path, place, name))
    return path


def nodes_of(sizes, kbps=128, posts=0, prefix="n"):
    """[(id, address, listeners, kbit/s, ms between posts)]; nobody listens at the addresses of simulated nodes."""
    return [("%s%d" % (prefix, i), "127.0.5.%d:8000" % (i + 1), size, int(size * kbps), posts)
            for i, size in enumerate(sizes)]


def crowd_master(bench, nodes, balance="", tokens=False, more_nodes={}, more="", mounts=1, mixed=False, source=True,
                 number=11, root="", hold="0", limits=MANY):
    """A real master with these nodes in its configuration, and a paced source for each mount."""
    rows = {row[0]: 'allow-public="%s"' % row[1] for row in nodes}
    rows.update(more_nodes)
    more = ("<token keys=\"goals\"/>" if tokens else "") + more
    master = linked_master(bench, number, rows, start=False, name="m1", more=more, limits=limits, body_more=root,
                           logging="<loglevel>3</loglevel>")
    balance = '<balance hold="%s" %s/>' % (hold, balance)
    body = master.slots["body"].replace('<balance hold="0"/>', balance)
    master.write_config(body=body)
    master.start()
    if source:
        feed(bench, master, mounts, mixed)
    return master


def end_server(server):
    """On purpose, and for good."""
    server.kill()
    server.process = None


class Feed:
    """icelb-feed: sources at their real pace, because the master measures bitrates."""

    def __init__(self, server, mount, count, kbps, lead=3):
        self.process = subprocess.Popen(
            [str(program("icelb-feed", "tools")), "--to", "%s:%d" % (server.host, server.given_port), "--password", "src-secret",
             "--seconds", "600", "--mount", mount, "--mounts", str(count), "--bitrate", str(kbps), "--lead", str(lead)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        if not line.startswith("ready"):
            raise Failed("icelb-feed: " + line)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def feed(bench, server, mounts=1, mixed=False):
    kinds = [("/b%d", mounts, 128)]
    if mixed:
        kinds = [("/a%d", mounts // 20 * 10, 64), ("/b%d", mounts // 20 * 7, 128), ("/c%d", mounts // 20 * 3, 320)]
    for kind in kinds:
        bench.owned(Feed(server, *kind))


class Crowd:
    """The program cluster-crowd, told what to do and read line by line."""

    def __init__(self, bench, master, nodes, **options):
        command = [str(program("cluster-crowd")), "master=%s:%d" % (master.host, master.given_port),
                   "link=%s:%d" % (master.host, master.link_port)]
        command += ["node=%s,%s,%d,%d%s" % (n[0], n[1], n[2], n[3], ",%d" % n[4] if n[4] else "") for n in nodes]
        command += ["%s=%s" % item for item in options.items()]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                        stderr=subprocess.DEVNULL)
        self.pending, self.events = b"", []
        bench.owned(self)

    def say(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines).encode())

    def take(self):
        """What it has said so far, unread, so that it need not wait for its reader."""
        while select.select([self.process.stdout], [], [], 0)[0]:
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return
            self.pending += data

    def event(self, kind, patience=60.0, **wanted):
        """The next event of that kind; what comes before it stays in events."""
        deadline = time.monotonic() + patience
        while True:
            while b"\n" in self.pending:
                line, self.pending = self.pending.split(b"\n", 1)
                found = json.loads(line)
                self.events.append(found)
                if found["event"] == kind and all(found.get(key) == value for key, value in wanted.items()):
                    return found
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise Failed("no %s %s of the crowd; the last: %s" % (kind, wanted, str(self.events[-1:])[:500]))
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                raise Failed("the crowd has ended: %s" % str(self.events[-1:])[:500])
            self.pending += data

    def wait_for(self, holds, patience=30):
        deadline = time.monotonic() + patience
        while not holds():
            if time.monotonic() > deadline:
                raise Failed("the crowd: %s" % str(self.events[-1:])[:700])

    def count(self):
        self.say("count")
        return self.event("count")

    def end(self):
        self.say("end")
        return self.event("end")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def peak(end):
    """The highest utilisation that a node has had, against that of all together at its highest: 1 is ideal."""
    return max(row["most_kbps"] / row["max_kbps"] for row in end["nodes"].values()) / end["most_mean"]


def all_served(end):
    if end["unserved"] or end["other"] or end["unanswered"] or end["over"] or end["wrong"] or end["refused"]:
        raise Failed("unserved %d, other answers %s, unanswered %d, above a cap %d, wrong %d" % (
            end["unserved"], end["statuses"], end["unanswered"], end["over"], end["wrong"]))


