"""An etcd of some members (Debian's etcd-server) on free ports, and the registry's tool that reads and writes it.

Members are killed, frozen and restarted; their contents are read through their own JSON gateway.
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

from harness import Failed, Settings, Skip, check, free_port, wait_for
from tasks import freeze

PREFIX = "/radio/"


def b64(text):
    return base64.b64encode(text.encode()).decode()


def needs_etcd(program="etcd", package="etcd-server"):
    if not shutil.which(program):
        raise Skip("%s (Debian's %s) is not installed" % (program, package))


class Member:
    def __init__(self, cluster, number):
        self.cluster, self.number, self.name = cluster, number, "e%d" % number
        self.client, self.peer = free_port(), free_port()
        self.url = "%s://127.0.0.1:%d" % (cluster.scheme, self.client)
        self.peer_url = "http://127.0.0.1:%d" % self.peer
        self.dir = cluster.bench.dir / self.name
        self.process = None

    def start(self, alone=False):
        """alone: as a new cluster of its own."""
        members = [self] if alone else self.cluster.members
        with open(str(self.dir) + ".log", "ab") as log:
            self.process = subprocess.Popen(
                ["etcd", "--name", self.name, "--data-dir", str(self.dir), "--logger", "zap", "--log-level", "error",
                 "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                 "--listen-peer-urls", self.peer_url, "--initial-advertise-peer-urls", self.peer_url,
                 "--initial-cluster", ",".join("%s=%s" % (m.name, m.peer_url) for m in members),
                 "--initial-cluster-state", "new", *self.cluster.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, GOMAXPROCS="1"))

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    def freeze(self):
        freeze(self.process.pid)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def ask(self, path, question, token=None, timeout=3):
        request = urllib.request.Request(self.url + path, json.dumps(question).encode(),
                                         {"Authorization": token} if token else {})
        with urllib.request.urlopen(request, timeout=timeout, context=self.cluster.context) as answer:
            return json.load(answer)

    def leads(self):
        try:
            status = self.ask("/v3/maintenance/status", {}, timeout=1)
        except OSError:
            return False
        return status.get("leader", "0") == status["header"]["member_id"]

    def answers(self):
        try:
            self.ask("/v3/kv/range", {"key": b64("ready")}, timeout=1)
            return True
        except urllib.error.HTTPError as e:
            return e.code in (400, 401)  # it requires a login
        except OSError:
            return False


class Cluster:
    def __init__(self, bench, members=3, scheme="http", options=(), context=None):
        needs_etcd()
        self.bench, self.scheme, self.options, self.context = bench, scheme, list(options), context
        self.members = [Member(self, i) for i in range(members)]
        bench.owned(self)
        for member in self.members:
            member.start()
        self.wait()

    def close(self):
        for member in self.members:
            member.kill()

    def wait(self):
        for member in self.members:
            wait_for(member.answers, "member %s of etcd answers" % member.name, 30)

    @property
    def urls(self):
        return [member.url for member in self.members]

    def leader(self):
        def find():
            for member in self.members:
                if member.leads():
                    return member
            return None
        return wait_for(find, "etcd has a leader", 15)

    def records(self, token=None):
        """{key: (value, revision of its creation, how often written)} below the prefix, without the format"""
        def ask():
            for member in self.members:
                try:
                    return member.ask("/v3/kv/range", {"key": b64(PREFIX), "range_end": b64(PREFIX[:-1] + "0")}, token)
                except OSError:
                    continue
            return None
        found = {}
        for row in wait_for(ask, "etcd answers", 15).get("kvs", []):
            key = base64.b64decode(row["key"]).decode()[len(PREFIX):]
            if key != "format":
                found[key] = (base64.b64decode(row.get("value", "")).decode(), row["create_revision"], int(row["version"]))
        return found

    def put(self, key, value, member=None):
        return (member or self.members[0]).ask("/v3/kv/put", {"key": b64(PREFIX + key), "value": b64(value)})

    def settings(self, path="", **more):
        return dict({"type": "etcd", "prefix": PREFIX, "members": self.urls, "path": path}, **more)


class Tool:
    """tests/store/registry_tool: a Registry, its watched records, and the answers to its commits."""

    def __init__(self, bench, settings):
        program = Settings.build / "tests" / "store" / "registry_tool"
        if not program.exists():
            raise Skip("%s is not built (make)" % program)
        self.lock = threading.Lock()
        self.records, self.loaded, self.error, self.states, self.answers, self.number = {}, None, None, [], {}, 0
        self.log = open(bench.dir / ("tool-%d.log" % time.monotonic_ns()), "ab+")
        self.process = subprocess.Popen([str(program), json.dumps(settings)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        bench.owned(self)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        self.reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.log):
            try:
                pipe.close()
            except OSError:
                pass

    def read(self):
        for line in self.process.stdout:
            self.take(json.loads(line))

    def take(self, row):
        with self.lock:
            if "load" in row:
                self.loaded = row
                self.records = {key: (value, revision) for key, value, revision in row["load"]}
            elif "error" in row:
                self.error = row["error"]
            elif "set" in row:
                for key, value, revision in row["set"]:
                    self.records[key] = (value, revision)
                for key in row["deleted"]:
                    self.records.pop(key, None)
            elif "id" in row:
                self.answers[row["id"]] = row
            else:
                self.states.append(row)

    def order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def load(self, patience=15):
        self.order(do="load")
        wait_for(lambda: self.loaded or self.error, "the registry is loaded", patience)
        check(self.loaded, "it was not loaded: %s" % self.error)
        return self

    def refusal(self):
        """The error of a load that was just asked for."""
        self.error = None
        self.order(do="load")
        return wait_for(lambda: self.error, "the load is refused", 15)

    def state(self):
        known = len(self.states)
        self.order(do="state")
        wait_for(lambda: len(self.states) > known, "the registry says its state")
        return self.states[-1]

    def begin(self, puts, compares=None, deletes=(), made=None):
        """Begins a commit; without compares the puts must create their records."""
        self.number += 1
        if compares is None:
            compares = [[key, 0] for key in puts]
        self.order(do="commit", id=str(self.number), compares=compares, puts=list(puts.items()), deletes=list(deletes),
                   made=made)
        return str(self.number)

    def commit(self, puts, patience=15, **more):
        number = self.begin(puts, **more)
        return wait_for(lambda: self.answers.get(number), "the commit is answered", patience)

    def wait_for_value(self, key, value, patience):
        begin = time.monotonic()
        wait_for(lambda: self.records.get(key, ("",))[0] == value, "%s is told" % key, patience)
        return time.monotonic() - begin

    def says(self):
        self.log.seek(0)
        return self.log.read().decode()

    def freeze(self):
        freeze(self.process.pid)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


def until(fact, what, patience):
    """Waits for the fact; returns the seconds until it was true."""
    begin = time.monotonic()
    wait_for(fact, what, patience)
    return time.monotonic() - begin


def openssl(place, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=place, capture_output=True, text=True)
    if done.returncode:
        raise Failed("openssl %s: %s" % (arguments[0], done.stderr))


def make_certificates(place):
    """Makes ca.pem, member.pem/.key for 127.0.0.1 (server and client, as the gateway requires) and client.pem/.key
    without a CN."""
    (place / "member.ext").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    (place / "client.ext").write_text("extendedKeyUsage=clientAuth\n")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(place, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test-ca")
    for name, subject in (("member", "/CN=etcd"), ("client", "/O=lb")):
        openssl(place, "req", "-new", *key, "-keyout", name + ".key", "-out", name + ".csr", "-subj", subject)
        openssl(place, "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", name + ".ext", "-out", name + ".pem")
