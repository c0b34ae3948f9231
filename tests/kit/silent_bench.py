"""Three hosts in namespaces: a master, an edge, and a router between them that can drop all packets."""
import json
import os
import shutil
import subprocess
import sys

from bench import ADMIN, Skip, wait_for
from bench import Failed
import harness


class Network:
    """master 10.99.1.1 -- router -- edge 10.99.2.1"""

    def __init__(self, b):
        if os.getuid() != 0 or not shutil.which("ip"):
            raise Skip("needs root and ip(8)")
        self.names = ["lb%d%s" % (os.getpid(), letter) for letter in "mre"]
        if not ip("netns", "add", self.names[0], may_fail=True):
            raise Skip("no network namespaces here")
        b.owned(self)
        master, router, edge = self.names
        ip("netns", "add", router)
        ip("netns", "add", edge)
        for i, end in enumerate((master, edge)):
            inner, outer = "%s%d" % (end[-6:], i), "%sr%d" % (end[-6:], i)
            ip("link", "add", inner, "netns", end, "type", "veth", "peer", "name", outer, "netns", router)
            ip("-n", end, "address", "add", "10.99.%d.1/24" % (i + 1), "dev", inner)
            ip("-n", router, "address", "add", "10.99.%d.254/24" % (i + 1), "dev", outer)
            for space, link in ((end, inner), (router, outer), (end, "lo")):
                ip("-n", space, "link", "set", link, "up")
            ip("-n", end, "route", "add", "default", "via", "10.99.%d.254" % (i + 1))
        self.run(router, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    @staticmethod
    def run(space, *command):
        subprocess.run(["ip", "netns", "exec", space, *command], check=True, capture_output=True)

    def swallow(self):
        """Drops the packets in both directions without an error to either side."""
        for i in (1, 2):
            ip("-n", self.names[1], "route", "add", "blackhole", "10.99.%d.1" % i)

    def heal(self):
        for i in (1, 2):
            ip("-n", self.names[1], "route", "del", "blackhole", "10.99.%d.1" % i, may_fail=True)

    def close(self):
        for name in self.names:
            ip("netns", "del", name, may_fail=True)


def start_in(network, space, server):
    prefix = ["ip", "netns", "exec", network.names[space]]
    command = harness.as_nobody([harness.Settings.binary, "-c", str(server.config)])
    server.out = server.dir / "out"
    with open(server.out, "ab") as out:
        server.process = subprocess.Popen(prefix + command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=server.dir)
    harness.Settings.started += 1
    wait_for(server.ready_line, "the server is ready: " + server.out.read_text(), 10)

SOCKET = "<listen-socket><port>8000</port></listen-socket>"

MASTER = ('<max-redirect-slaves>-1</max-redirect-slaves><cluster><id>m1</id><cluster-port>8100</cluster-port>'
          '<balance hold="0"/><node id="e1" secret="s-e1"/></cluster>')

EDGE = ('<master><server>10.99.1.1</server><cluster-port>8100</cluster-port><username>e1</username>'
        '<password>s-e1</password></master><master-public-slave>1</master-public-slave>'
        '<cluster><id>e1</id><public-address>10.99.2.1:8000</public-address><capacity max-bandwidth="10M"/></cluster>')


class Watcher:
    def __init__(self, b, network):
        script = b.dir / "watcher.py"
        script.write_text(WATCHER)
        self.process = subprocess.Popen(["ip", "netns", "exec", network.names[0], sys.executable, str(script), "10.99.1.1",
                                         "8000", ADMIN, "e1"], stdout=subprocess.PIPE, text=True)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.seen, self.pending = [], ""
        b.owned(self)

    def read(self):
        try:
            data = os.read(self.process.stdout.fileno(), 65536).decode()
        except BlockingIOError:
            return self.seen
        lines = (self.pending + data).split("\n")
        self.pending = lines.pop()
        self.seen += [json.loads(line) for line in lines]
        return self.seen

    def when(self, state, after, patience=8):
        """The time at which that state was first seen, after that time."""
        wait_for(lambda: any(s == state and t >= after for t, s in self.read()), "it is %s: %r" % (state, self.seen), patience)
        return min(t for t, s in self.seen if s == state and t >= after)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

# Runs in the master's namespace: prints each change of a node's state with its time.
WATCHER = """
import base64, http.client, json, sys, time
address, port, login, name = sys.argv[1:]
headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
last = None
while True:
    try:
        link = http.client.HTTPConnection(address, int(port), timeout=2)
        link.request("GET", "/admin/cluster.json", headers=headers)
        rows = json.load(link.getresponse())["nodes"]
        state = ([row["state"] for row in rows if row["id"] == name] or ["-"])[0]
        link.close()
    except OSError:
        state = "unreachable"
    if state != last:
        print(json.dumps([time.monotonic(), state]), flush=True)
        last = state
    time.sleep(0.01)
"""


def ip(*arguments, may_fail=False):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode and not may_fail:
        raise Failed("ip %s: %s" % (" ".join(arguments), done.stderr))
    return done.returncode == 0
