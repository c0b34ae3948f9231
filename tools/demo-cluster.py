#!/usr/bin/env python3
"""A cluster to look at: a master and three edges of capacity 10 : 5 : 1 on loopback addresses.

usage: demo-cluster.py --server BINARY --var DIRECTORY [--port N]

Used by ./run.sh --cluster.  The master is 127.0.0.1, the edges are 127.0.0.2 to .4, all on port N; the
configurations, with secrets made at random, are written once into DIRECTORY/cluster.  What
demo-source.py plays goes to the master.  Each line that follows the first ones says how many listen where.
INT or TERM ends all that was started here, and nothing else.  Needs Python's own library only.
"""
import argparse
import base64
import json
import os
import pathlib
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

TOOLS = pathlib.Path(__file__).resolve().parent
EDGES = {"edge1": 1000, "edge2": 500, "edge3": 100}     # listeners that they can take
HOSTS = {"m1": "127.0.0.1", "edge1": "127.0.0.2", "edge2": "127.0.0.3", "edge3": "127.0.0.4"}
PATIENCE = 20       # seconds that a server may take to start

FILE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Written once by tools/demo-cluster.py; from now on it is yours.  Remove the directory to begin anew. -->
<icecast>
  <hostname>%(host)s</hostname>
  <location>Earth</location>
  <admin>icemaster@localhost</admin>
  <authentication>
    <source-password>%(source)s</source-password>
    <relay-password>%(relay)s</relay-password>
    <admin-user>admin</admin-user>
    <admin-password>%(admin)s</admin-password>
  </authentication>
  <listen-socket>
    <port>%(port)d</port>
    <bind-address>%(host)s</bind-address>
  </listen-socket>
  <limits><clients>2000</clients></limits>
%(cluster)s
  <paths>
    <logdir>%(logs)s</logdir>
    <webroot>%(web)s</webroot>
    <alias source="/" destination="/status.xsl"/>
  </paths>
  <logging><errorlog>error.log</errorlog><accesslog>access.log</accesslog><loglevel>3</loglevel></logging>
  <console/>
%(owner)s</icecast>
"""
OWNER = "  <security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>\n"
# self-weight 0: the master only redirects, so that the edges' shares are seen.
MASTER = """  <cluster>
    <id>m1</id>
    <cluster-port>%(cluster_port)d</cluster-port>
    <public-address>%(host)s:%(port)d</public-address>
    <capacity self-weight="0"/>
%(nodes)s
  </cluster>"""
NODE = '    <node id="%s" secret="%s" allow-public="%s:%d"/>'
EDGE = """  <master>
    <server>127.0.0.1</server><port>%(port)d</port><cluster-port>%(cluster_port)d</cluster-port>
    <username>%(id)s</username><password>%(secret)s</password><bind>%(host)s</bind>
  </master>
  <master-public-slave>1</master-public-slave>
  <relays-on-demand>1</relays-on-demand>
  <cluster>
    <id>%(id)s</id>
    <public-address>%(host)s:%(port)d</public-address>
    <capacity max-listeners="%(capacity)d"/>
  </cluster>"""


def write_private(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def free_port(avoid):
    """For links: the master listens there on all of its addresses."""
    with socket.socket() as probe:
        for port in range(avoid + 100, avoid + 200):
            try:
                probe.bind(("", port))
                return port
            except OSError:
                pass
    sys.exit("run.sh: no port from %d to %d is free for the links of a cluster" % (avoid + 100, avoid + 199))


def write_configurations(place, port):
    facts = {"port": port, "cluster_port": free_port(port), "web": escape(str(place / "web")), "owner": OWNER if os.getuid() == 0 else ""}
    words = {key: secrets.token_hex(10) for key in ("source", "relay", "admin")}
    own = {edge: secrets.token_hex(16) for edge in EDGES}
    for node in reversed(HOSTS):    # the master last: its file shows that all are there
        here = {**facts, **words, "host": HOSTS[node], "id": node, "logs": escape(str(place / "log" / node)),
                "secret": own.get(node), "capacity": EDGES.get(node)}
        here["nodes"] = "\n".join(NODE % (edge, own[edge], HOSTS[edge], port) for edge in EDGES)
        here["cluster"] = (MASTER if node == "m1" else EDGE) % here
        path = place / (node + ".xml")
        path.unlink(missing_ok=True)
        write_private(path, FILE % here)


class Cluster:
    def __init__(self, server, place):
        self.server, self.place, self.children = server, place, []
        root = ET.parse(place / "m1.xml").getroot()
        self.port = int(root.findtext("listen-socket/port"))
        self.password = root.findtext("authentication/admin-password")
        self.url = "http://127.0.0.1:%d" % self.port

    def start(self):
        waiting = {}
        for node in HOSTS:
            out = self.place / (node + ".out")
            with out.open("w") as file:
                child = subprocess.Popen([self.server, "-c", self.place / (node + ".xml")], stdin=subprocess.DEVNULL,
                                         stdout=file, stderr=file)
            self.children.append(child)
            waiting[node] = (child, out)
        self.until(lambda: all(self.is_ready(*one) for one in waiting.values()), "the servers did not start")
        self.children.append(subprocess.Popen([sys.executable, "-B", TOOLS / "demo-source.py", "--config", self.place / "m1.xml"],
                                              stdin=subprocess.DEVNULL))
        self.until(self.is_whole, "the edges did not find their master; see %s" % (self.place / "log"))

    def until(self, done, otherwise):
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline:
                sys.exit("run.sh: " + otherwise)
            time.sleep(0.05)

    def is_ready(self, child, out):
        said = out.read_text(errors="replace")
        if child.poll() is not None:
            sys.exit("%s\nrun.sh: %s did not start.  If another program has port %d:  ./run.sh --cluster --var var2 --port 8010"
                     % (said, out.stem, self.port))
        return "icecast-lb ready: port " in said

    def state(self):
        """What the master knows, or None while it does not answer."""
        login = base64.b64encode(("admin:" + self.password).encode()).decode()
        request = urllib.request.Request(self.url + "/admin/cluster.json", headers={"Authorization": "Basic " + login})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)
        except (OSError, ValueError):
            return None

    def is_whole(self):
        state = self.state()
        up = {node["id"] for node in state["nodes"] if node["state"] == "up"} if state else set()
        return up >= EDGES.keys() and self.answers("/demo.mp3")

    def answers(self, path):
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url + path, method="HEAD"), timeout=5):
                return True
        except OSError:
            return False

    def tell(self):
        login = "admin:" + self.password
        print("""
A cluster runs: a master and three edges of capacity 10 : 5 : 1.  Ctrl-C ends it.

  the nodes    %(url)s/admin/cluster.xsl      user admin   password %(password)s
  the tone     %(url)s/demo.mp3               the master answers 302 to an edge
  as JSON      curl -u %(login)s %(url)s/admin/cluster.json
  who goes     curl -u %(login)s '%(url)s/admin/cluster/explain?mount=/demo.mp3&ua=me'
  where, why

Bring 32 listeners for a minute, of whom about 20, 10 and 2 are sent to the edges:

for i in $(seq 32); do curl -sL -A "player$i" -m 60 -o /dev/null %(url)s/demo.mp3 & done

Configurations and logs: %(place)s/
""" % {"url": self.url, "password": self.password, "login": login, "place": self.place}, flush=True)

    def watch(self):
        """Says who listens where, whenever that changes, until a server ends."""
        said = None
        while True:
            for node, child in zip(HOSTS, self.children):
                if child.poll() is not None:
                    return "run.sh: %s has ended; see %s" % (node, self.place / "log" / node / "error.log")
            state = self.state()
            if state:
                line = "   ".join("%s %s" % (node["id"], node["listeners"] if node["state"] == "up" else node["state"])
                                  for node in sorted(state["nodes"], key=lambda one: one["id"]) if node["id"] in EDGES)
                if line != said:
                    print("listeners: " + line, flush=True)
                    said = line
            time.sleep(1)

    def end(self):
        for child in self.children:
            child.send_signal(signal.SIGINT if child is not self.children[-1] else signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def main():
    parser = argparse.ArgumentParser(description="A cluster to look at.")
    parser.add_argument("--server", required=True)
    parser.add_argument("--var", type=pathlib.Path, required=True)
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    place = options.var / "cluster"
    for directory in ("web", *("log/" + node for node in HOSTS)):
        (place / directory).mkdir(parents=True, exist_ok=True)
    if not (place / "m1.xml").exists():
        write_configurations(place, options.port)
    if os.getuid() == 0:    # the servers become nobody; what they write and read again is theirs
        nobody = pwd.getpwnam("nobody")
        for path in (*(place / "log" / node for node in HOSTS), *(place / (node + ".xml") for node in HOSTS)):
            os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    cluster = Cluster(options.server, place)
    try:
        cluster.start()
        cluster.tell()
        return cluster.watch()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        cluster.end()


if __name__ == "__main__":
    sys.exit(main())
