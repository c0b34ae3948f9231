#!/usr/bin/env python3
"""HLS beside nginx that serves the same files: processor time of a request, round by round.

A stream at its real pace, and --players sessions, each with a connection that it keeps.  A round is what all of
them ask for in one segment's time: the list, and the newest segment.  nginx gets the same list and segment as
files, on the disk and in tmpfs: the memory that a live stream is in has pages of 4 kB as tmpfs has them, where
the files of newer kernels have larger ones.  Both write their access log.  The rounds follow each other in turns, so that the rest of the
machine troubles all alike.

Where BBR is the machine's congestion control, root measures in a network namespace without it: BBR sends by
timers at the rate that it has seen, each costs an interrupt, and on loopback what it has seen is chance.
"""
import argparse
import json
import os
import pathlib
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "kit"))
import harness  # noqa: E402
from harness import SOURCE, request  # noqa: E402

GOAL = 1.3
LIMITS = "<clients>8000</clients><source-timeout>60</source-timeout><header-timeout>60</header-timeout><threads>1</threads>"
BODY = "<hls><segment>%d</segment><window>%d</window></hls><mount><mount-name>/m.mp3</mount-name><hls>1</hls></mount>"
FRAME = b"\xff\xfb\x90\x00" + bytes(413)    # 128 kbit/s at 44.1 kHz, silence
FRAMES_A_SECOND = 44100 / 1152
NGINX = """daemon off; master_process off; worker_processes 1; pid %(place)s/pid; error_log %(place)s/error.log;
events { worker_connections 8192; }
http { access_log %(place)s/access.log; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 600; types { application/vnd.apple.mpegurl m3u8; audio/mpeg mp3; }
  server { listen 127.0.0.1:%(port)d backlog=4096; root %(place)s/root;
    location /memory/ { alias %(memory)s/; } } }
"""


def feed(address, ended):
    wire = socket.create_connection(address, 20)
    wire.sendall(request("SOURCE /m.mp3 HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE))
    wire.recv(4096)
    begin, sent = time.monotonic(), 0
    while not ended.is_set():
        due = int((time.monotonic() - begin + 8) * FRAMES_A_SECOND)
        wire.sendall(FRAME * (due - sent))
        sent = due
        ended.wait(0.1)
    wire.close()


def cpu_of(pid):
    """Seconds on a processor, of all its threads, to the nanosecond."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path("/proc/%d/task" % pid).glob("*/schedstat")) / 1e9


class Players:
    """Connections that stay; ask() sends one request on each, and reads all answers."""

    def __init__(self, address, count):
        self.wires = []
        for _ in range(count):
            self.wires.append(socket.create_connection(address, 20))
            self.wires[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, paths):
        selector, got = selectors.DefaultSelector(), 0
        for wire, path in zip(self.wires, paths):
            wire.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\n\r\n" % path).encode())
            selector.register(wire, selectors.EVENT_READ, [b"", None])
        left, bodies = len(self.wires), {}
        while left:
            ready = selector.select(20)
            if not ready:
                raise SystemExit("%d answers have not come" % left)
            for key, _ in ready:
                piece = key.fileobj.recv(1 << 18)
                if not piece:
                    raise SystemExit("a connection was closed")
                state = key.data
                state[0] += piece
                if state[1] is None and b"\r\n\r\n" in state[0]:
                    head = state[0].split(b"\r\n\r\n")[0]
                    if not head.startswith(b"HTTP/1.1 200 "):
                        raise SystemExit("refused: %r" % head[:200])
                    state[1] = len(head) + 4 + int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                if state[1] is not None and len(state[0]) >= state[1]:
                    selector.unregister(key.fileobj)
                    bodies[key.fileobj] = state[0].split(b"\r\n\r\n", 1)[1]
                    got += state[1]
                    left -= 1
        selector.close()
        return [bodies[wire] for wire in self.wires], got

    def close(self):
        for wire in self.wires:
            wire.close()


CONGESTION = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")


def leave_bbr():
    """In a namespace of its own: cubic, Debian's default, or reno where a namespace may not have that."""
    if CONGESTION.read_text().strip() != "bbr" or os.geteuid() != 0:
        return
    if os.environ.get("LB_BENCH_NAMESPACE") != "1":
        os.execvpe("unshare", ["unshare", "--net", sys.executable, "-B", *sys.argv], dict(os.environ, LB_BENCH_NAMESPACE="1"))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for name in ("cubic", "reno"):
        try:
            CONGESTION.write_text(name)
            return
        except OSError:
            continue


def lines_of(body):
    return [line for line in body.decode().split("\n") if line and line[0] != "#"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--players", type=int, default=1000)
    parser.add_argument("--segment", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--json", help="where to write the figures")
    options = parser.parse_args()
    leave_bbr()
    if not shutil.which("nginx"):
        raise SystemExit("there is no nginx to compare with")
    harness.Settings.binary = str(pathlib.Path(options.server).resolve())
    harness.Settings.patience = 20
    bench, ended, nginx = harness.Bench(), threading.Event(), None
    costs = {"ours": [], "nginx": [], "nginx, tmpfs": []}
    memory = pathlib.Path(tempfile.mkdtemp(prefix="icecast-lb-bench-", dir="/dev/shm"))
    memory.chmod(0o755)
    try:
        server = bench.server(limits=LIMITS, logging="<loglevel>3</loglevel>", body=BODY % (options.segment, 8 * options.segment))
        threading.Thread(target=feed, args=(server.address, ended), daemon=True).start()
        harness.wait_for(lambda: server.get("/m.mp3/live.m3u8").status == 200, "the stream begins", 20)
        ours = Players(server.address, options.players)
        masters, _ = ours.ask(["/m.mp3/live.m3u8"] * options.players)
        lists = ["/m.mp3/" + lines_of(body)[0] for body in masters]

        def newest():
            bodies, _ = ours.ask(lists)
            return bodies[0]
        harness.wait_for(lambda: newest().count(b"#EXTINF") >= 6, "six segments", 90)
        listeners = int(server.stat("/m.mp3", "listeners"))
        place = bench.dir / "nginx"
        (place / "root" / "m.mp3").mkdir(parents=True)
        place.chmod(0o755)
        port = harness.free_port()
        (place / "nginx.conf").write_text(NGINX % {"place": place, "port": port, "memory": memory})
        nginx = subprocess.Popen(["nginx", "-p", str(place), "-e", str(place / "error.log"), "-c", str(place / "nginx.conf")],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs = harness.wait_for(lambda: nginx_players(port, options.players), "nginx answers", 10)
        for _ in range(options.rounds + 1):  # the first one warms up
            body = newest()
            name = lines_of(body)[-1]
            segment, _ = ours.ask(["/m.mp3/" + name] * options.players)
            for root in (place / "root" / "m.mp3", memory):
                (root / "live.m3u8").write_bytes(body)
                (root / name).write_bytes(segment[0])
            for kind, players, pid, first, root in (("ours", ours, server.process.pid, lists, "/m.mp3/"),
                                                    ("nginx", theirs, nginx.pid, None, "/m.mp3/"),
                                                    ("nginx, tmpfs", theirs, nginx.pid, None, "/memory/")):
                before = cpu_of(pid)
                players.ask(first or [root + "live.m3u8"] * options.players)
                _, got = players.ask([root + name] * options.players)
                costs[kind].append((cpu_of(pid) - before) / options.players)
    finally:
        ended.set()
        if nginx:
            nginx.terminate()
            nginx.wait(10)
        shutil.rmtree(memory)
        bench.close(False)
    middle = {kind: sorted(each[1:])[len(each[1:]) // 2] for kind, each in costs.items()}
    ratio = middle["ours"] / middle["nginx"]
    print("%d players (%d listeners), list and segment of %d kB: ours %.1f µs, nginx %.1f µs a round; %.2f times nginx (goal %.1f)" %
          (options.players, listeners, got // options.players // 1000, middle["ours"] * 1e6, middle["nginx"] * 1e6, ratio, GOAL))
    print("  congestion control: %s" % CONGESTION.read_text().strip())
    print("  nginx with the files in tmpfs: %.1f µs; ours %.2f times that" % (middle["nginx, tmpfs"] * 1e6, middle["ours"] / middle["nginx, tmpfs"]))
    print("  of a processor at one round in %d s: ours %.2f %%, nginx %.2f %%" % (
        options.segment, *(middle[kind] * options.players / options.segment * 100 for kind in ("ours", "nginx"))))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"costs": costs, "ratio": ratio}, indent=1))
    return 0


def nginx_players(port, count):
    try:
        return Players(("127.0.0.1", port), count)
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main())
