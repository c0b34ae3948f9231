"""The cluster of ./run.sh --cluster (tools/demo-cluster.py)."""
import collections
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from bench import Failed, Skip, ask_and_close, check, equal, free_port, harness, target_of, test, wait_for

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
HOSTS = {"edge1": "127.0.0.2", "edge2": "127.0.0.3", "edge3": "127.0.0.4"}
PATIENCE = 30


class Demo:
    def __init__(self, bench, port):
        self.place = bench.dir / "var"
        bench.owned(self)
        self.out = bench.dir / ("out%d" % time.monotonic_ns())
        begun = time.monotonic()
        with self.out.open("w") as out:
            self.process = subprocess.Popen([sys.executable, "-B", TOP / "tools/demo-cluster.py", "--server", harness.Settings.binary,
                                             "--var", self.place, "--port", str(port)],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        wait_for(lambda: "listeners: " in self.said() or self.process.poll() is not None, "it runs", PATIENCE)
        self.seconds = time.monotonic() - begun
        if self.process.poll() is not None:
            raise Failed("it has ended: " + self.said())
        self.host, self.port = "127.0.0.1", port

    def said(self):
        return self.out.read_text()

    def processes(self):
        """All processes with its directory in their arguments, including itself."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if str(self.place).encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    pass    # it has just ended
        return found

    def wire(self, **options):
        return harness.Wire((self.host, self.port), **options)

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def close(self):
        if self.process.poll() is None:
            self.end(signal.SIGTERM)


def demo_port():
    return free_port("127.0.0.1", *HOSTS.values())


def secrets_of(demo):
    return re.findall(r'secret="([0-9a-f]{32})"', (demo.place / "cluster/m1.xml").read_text())


@test
def the_demo_cluster_shares_its_listeners_out_10_to_5_to_1(bench):
    demo = Demo(bench, demo_port())
    counts = collections.Counter(target_of(ask_and_close(demo, "/demo.mp3")) for _ in range(300))
    shares = {edge: counts.pop("%s:%d" % (host, demo.port), 0) for edge, host in HOSTS.items()}
    equal(dict(counts), {}, "redirects to somebody else")
    # 300 in 16 parts are 187.5, 93.75 and 18.75; five standard deviations of a fair draw to each side.
    for edge, parts in (("edge1", 10), ("edge2", 5), ("edge3", 1)):
        ideal = 300 * parts / 16
        check(abs(shares[edge] - ideal) <= 5 * (ideal * (1 - parts / 16)) ** 0.5, "shares of 300: %s" % shares)


@test
def whoever_follows_the_redirect_of_the_demo_hears_audio(bench):
    if not shutil.which("ffmpeg"):
        raise Skip("there is no ffmpeg")
    demo = Demo(bench, demo_port())
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-t", "3", "-i",
                           "http://%s:%d/demo.mp3" % (demo.host, demo.port), "-f", "null", "-"], capture_output=True, timeout=60)
    equal((done.returncode, done.stderr.decode()), (0, ""), "ffmpeg")
    logs = [demo.place / "cluster/log" / edge / "access.log" for edge in HOSTS]
    wait_for(lambda: "".join(log.read_text() for log in logs).count('"Lavf/') == 1, "one edge has served it: %s" % logs)
    wait_for(lambda: re.search(r"^listeners: .*edge\d 1\b", demo.said(), re.M), "the listener is shown", PATIENCE)


@test
def the_demo_cluster_ends_with_all_its_processes_and_starts_again_in_seconds(bench):
    port = demo_port()
    demo = Demo(bench, port)
    secrets = secrets_of(demo)
    equal((len(secrets), len(set(secrets))), (3, 3), "secrets")
    equal(len(demo.processes()), 6, "the program, four servers and the source")
    for path in (demo.place / "cluster").glob("*.xml"):
        equal(path.stat().st_mode & 0o077, 0, "others may read %s" % path.name)
    equal(demo.end(), 130, "status")
    equal(demo.processes(), [], "processes that are left")
    again = Demo(bench, port)
    equal(secrets_of(again), secrets, "secrets of the second start")
    check(again.seconds < 10, "the second start took %.1f s" % again.seconds)
    # Nobody else is ended: not even a server of the same kind beside it.
    other = bench.server()
    equal((again.end(signal.SIGTERM), other.get("/status.xsl").status, again.processes()), (143, 200, []), "status, another server")


@test
def a_server_of_the_demo_that_cannot_start_says_why_and_ends_the_others(bench):
    port = demo_port()
    with socket.socket() as taken:
        taken.bind((HOSTS["edge2"], port))
        taken.listen()
        try:
            Demo(bench, port)
            raise AssertionError("it runs")
        except Failed as e:
            check("edge2 did not start.  If another program has port %d" % port in str(e), str(e))
    demo = bench.owned_things[-1]
    equal((demo.process.returncode, demo.processes()), (1, []), "status, processes that are left")
