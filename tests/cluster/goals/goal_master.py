"""G14, G15, G16: what a master does in a second, and what it costs."""
import pathlib
import re
import subprocess
import time

from bench import Failed, free_port
from crowd_bench import MOUNT, Crowd, crowd_master, end_server, nodes_of, program
from rate import Nginx, compare, cpu_seconds, nginx_program
from harness import Skip
from table import goal

NODES, MOUNTS = 500, 1000
HEADS = 52  # bytes of an IPv4 and a TCP head with time stamps


MEASURED = {}  # by how many ask at once: G14 and G14core are two readings of one run


def rate_of(bench, threads=1, connections=64):
    if (threads, connections) in MEASURED:
        return MEASURED[threads, connections]
    nginx = nginx_program()
    if not nginx:
        raise Skip("nginx is not installed")
    nodes = nodes_of([10**6] * 12)
    master = crowd_master(bench, nodes)
    crowd = Crowd(bench, master, nodes, settle=0)
    crowd.event("begin")
    theirs = bench.owned(Nginx(nginx, bench.dir / "nginx", "127.0.0.10", free_port("127.0.0.10")))
    found = compare(program("redirect-rate"), MOUNT,
                    (master.host, master.given_port, lambda: cpu_seconds(master.process.pid)),
                    (theirs.host, theirs.port, theirs.cpu), threads=threads, connections=connections)
    MEASURED[threads, connections] = (found, "ours %(ours).0f/s, nginx %(theirs).0f/s; CPU of an answer %(ours_us).1f µs, nginx "
                            "%(theirs_us).1f µs; medians of rounds %(median_ratio).2f and %(median_us).2f; "
                            "other answers %(others)d" % found)
    return MEASURED[threads, connections]


@goal("G14", "302 answers a second, of nginx's", at_least=0.8)
def g14_rate(bench):
    """redirect-rate (one thread, 64 connections, no keep-alive) asks nginx (`return 302`, one worker, access log) and a
    master with one worker, access log and 12 simulated nodes, in turn, five rounds of 3 s each; best against best."""
    found, how = rate_of(bench)
    return found["ratio"], how


@goal("G14core", "302 answers a second of a core's time, of nginx's", at_least=1.0)
def g14_core(bench):
    """As G14, but by the CPU time of the processes (user and system, all threads) for an answer, the least of five
    rounds: nginx's by ours.  What other threads than the worker do, G14 alone would not see."""
    found, how = rate_of(bench)
    return found["theirs_us"] / found["ours_us"], how


@goal("G14six", "302 answers a second of a core's time, six at once, of nginx's", at_least=0.9)
def g14_six(bench):
    """As G14core, with six threads that each wait for their answer before they ask again: a worker has one or two
    requests a turn, so nothing is shared among many."""
    found, how = rate_of(bench, threads=6, connections=1)
    return found["theirs_us"] / found["ours_us"], how


@goal("G14one", "302 answers a second, one at a time, of nginx's", at_least=0.8)
def g14_one(bench):
    """As G14, with one request under way: nothing may wait for company."""
    found, how = rate_of(bench, threads=1, connections=1)
    return found["ratio"], how


@goal("G14pick", "a decision at 500 nodes x 1000 mounts, p99, worst policy", at_most=20, unit="µs")
def g14_pick(bench):
    """bench/pick-rate: 20,000 decisions for each policy, with and without affinity; CPU time of the thread, the best of
    its rounds.  40 and 1000 mounts carried by each node."""
    out = subprocess.run([str(program("pick-rate"))], capture_output=True, text=True).stdout
    return max(float(value) for value in re.findall(r"p99 +([0-9.]+) us", out)), "default: p99 %s µs" % re.search(
        r"affinity weighted-random .*p99 +([0-9.]+) us", out).group(1)


def swarm(bench, seconds, changes):
    """(master, output of link-swarm, CPU seconds a second while all are linked): 500 nodes with 1000 mounts each."""
    nodes = [("n%d" % i, "n%d.example.org:8000" % i, 0, 0, 0) for i in range(NODES)]
    master = crowd_master(bench, nodes, source=False)
    process = subprocess.Popen([str(program("link-swarm")), master.host, str(master.link_port), str(NODES), str(MOUNTS),
                                str(seconds + 20), str(changes)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        linked = process.stdout.readline()
        if not linked.startswith("all"):
            raise Failed("link-swarm: " + linked)
        time.sleep(8)  # the snapshots are in, the trials of addresses have ended
        before, begin = cpu_seconds(master.process.pid), time.monotonic()
        time.sleep(seconds)
        used = (cpu_seconds(master.process.pid) - before) / (time.monotonic() - begin)
        memory = re.search(r"VmRSS:\s+(\d+)", pathlib.Path("/proc/%d/status" % master.process.pid).read_text())
        return linked.strip(), used, int(memory.group(1)) / 1024
    finally:
        process.kill()
        process.wait()


@goal("G14idle", "CPU of a master with 500 nodes x 1000 mounts, nobody comes", at_most=10, unit="% of a core")
def g14_idle(bench):
    """bench/link-swarm: 500 links that report every 250 ms, 1000 mounts each, nothing changes; all threads of the master
    over 10 s.  how: the same with changes of 10 mounts at each node and second (5,000 in all)."""
    linked, idle, _ = swarm(bench, 10, 0)
    end_server(bench.servers[-1])
    _, changing, _ = swarm(bench, 10, 10)
    return idle * 100, "%s; with 5,000 changes a second %.1f %%" % (linked, changing * 100)


@goal("G15", "memory of a master with 500 nodes x 1000 mounts", at_most=64, unit="MiB")
def g15(bench):
    """As G14idle; resident size of the whole process after 18 s."""
    linked, used, memory = swarm(bench, 10, 10)
    return memory, linked


def wire_bytes(port):
    """Bytes on the wire in both directions of all connections of the master's cluster-port, with IP and TCP heads."""
    out = subprocess.run(["ss", "-tin", "state", "established", "sport = :%d" % port], capture_output=True, text=True).stdout
    total = 0
    for text in out.split("\n"):
        got = dict(re.findall(r"(bytes_sent|bytes_received|segs_out|segs_in):(\d+)", text))
        if got:
            total += sum(int(value) * (HEADS if name.startswith("segs") else 1) for name, value in got.items())
    return total


@goal("G16", "control traffic of a node and master, both ways, with IP and TCP", at_most=2000, unit="bytes/s")
def g16(bench):
    """12 linked nodes, 100 mounts (Zipf), 2,000 listeners who stay 60 s on average and are followed by others; after 10 s,
    over 15 s.  Bytes and segments as the kernel counts them at the master's sockets (ss -ti), TLS included, 52 bytes for
    each segment's heads."""
    nodes = nodes_of([400] * 12)
    master = crowd_master(bench, nodes, tokens=True, mounts=100)
    crowd = Crowd(bench, master, nodes, requests=2000, over=4, settle=0, mounts=100, tokens=1, stay=60, renew=1)
    crowd.event("begin", 30)
    time.sleep(10)
    before, begin = wire_bytes(master.link_port), time.monotonic()
    time.sleep(15)
    found = (wire_bytes(master.link_port) - before) / (time.monotonic() - begin) / len(nodes)
    if before == 0:
        raise Skip("ss does not show the connections")
    return found, "%d listeners" % sum(row["listeners"] for row in crowd.end()["nodes"].values())
