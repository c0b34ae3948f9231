#!/usr/bin/env python3
"""What many mounts cost the thread that decides (control): nothing there may grow with everything.

sources: a node announces N sources to a master at once, then one more.  edge: a node is linked to
that master, and none of its streams has a listener.  copies: a master with N records in its store
is killed, and M nodes come back for all of them.  store: N records, and nothing happens.  archive:
N mounts have recordings of H hours, a node is linked, and nothing happens.
Prints for each the longest turn of control, its steady cost, and its wake-ups, beside the goals.
"""
import argparse, base64, json, os, pathlib, re, select, shutil, subprocess, time, urllib.request

import harness
from harness import PASSWORD, Bench, Skip

GOALS = {"longest_turn_ms": 20.0, "steady_ms_per_s": 20.0, "idle_ms_per_s": 1.0, "idle_wakeups_per_s": 5.0}
STEADY, QUIET = 5.0, 2.0  # seconds


def get(server, path):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}")
    token = base64.b64encode(f"admin:{PASSWORD}-admin".encode()).decode()
    request.add_header("Authorization", "Basic " + token)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.read().decode()


class Control:
    """The main thread of a server."""

    def __init__(self, server):
        self.server, self.pid = server, server.pid

    def seconds(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/schedstat") as stat:
            return int(stat.read().split()[0]) / 1e9

    def process_seconds(self):
        """Of all threads."""
        return sum(int((task / "schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir()) / 1e9

    def wakeups(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/status") as status:
            return int(re.search(r"voluntary_ctxt_switches:\s+(\d+)", status.read())[1])

    def lag_ms(self):
        """The longest time that something on control had to wait, of the last 10 to 20 s."""
        found = re.search(r'icecast_loop_lag_seconds\{loop="control"\} (\S+)', get(self.server, "/metrics"))
        return 1000 * float(found[1]) if found else float("nan")

    def steady(self, seconds=STEADY):
        """(ms of processor a second, wake-ups a second)"""
        before, woken, begin = self.seconds(), self.wakeups(), time.monotonic()
        time.sleep(seconds)
        wall = time.monotonic() - begin
        return {"ms_per_s": 1000 * (self.seconds() - before) / wall, "wakeups_per_s": (self.wakeups() - woken) / wall}


def quiet(controls, least, patience=60.0):
    """Waits until all have done what they were given: for each the seconds on the clock that it took."""
    begin = time.monotonic()
    last_busy = [begin for _ in controls]
    while time.monotonic() - begin < patience and time.monotonic() - max(last_busy) < QUIET:
        before = [each.seconds() for each in controls]
        time.sleep(0.25)
        for i, each in enumerate(controls):
            if each.seconds() - before[i] >= least * 0.25:
                last_busy[i] = time.monotonic()
    return [busy - begin for busy in last_busy]


def said(child, begins, control, patience=120.0):
    """Waits for a line of a generator: the longest turn of control meanwhile, which the server keeps for 10 to 20 s only."""
    begin, longest = time.monotonic(), 0.0
    while True:
        left = begin + patience - time.monotonic()
        if left <= 0:
            raise Skip(f"{child.args[0]} did not say '{begins}' within {patience:g} s")
        # Lines are told apart here: what a buffer of Python's holds, select() does not see.
        if select.select([child.stdout], [], [], min(left, 5))[0]:
            bytes_read = os.read(child.stdout.fileno(), 4096)
            if not bytes_read:
                raise Skip(f"{child.args[0]} ended before '{begins}'")
            if any(line.startswith(begins) for line in bytes_read.decode().splitlines()):
                return max(longest, control.lag_ms())
        longest = max(longest, control.lag_ms())


def master(bench, nodes, more=""):
    port = harness.free_port()
    rows = "".join(f'<node id="n{i}" secret="s-n{i}" sources="/*/*" allow-public="127.0.0.1:{9000 + i}"/>' for i in range(nodes))
    server = bench.start("ours", body=f"<max-redirect-slaves>-1</max-redirect-slaves>{more}<cluster><id>m1</id>"
                                      f'<cluster-port>{port}</cluster-port><balance hold="0"/>{rows}'
                                      '<node id="e1" secret="s-e1" allow-public="127.0.0.1:8999"/></cluster>')
    server.link_port = port
    return server


def swarm(bench, name, server, *words):
    command = [str(bench.build / "bench" / name), "127.0.0.1", str(server.link_port), *map(str, words)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    bench.children.append(child)
    return child


def sources(bench, count, with_edge):
    server = master(bench, 1)
    edge = None
    if with_edge:
        edge = bench.start("ours", body=f"<master><server>127.0.0.1</server><port>{server.port}</port><cluster-port>{server.link_port}"
                                        "</cluster-port><username>e1</username><password>s-e1</password></master>"
                                        "<master-public-slave>1</master-public-slave><cluster><id>e1</id>"
                                        "<public-address>127.0.0.1:8999</public-address></cluster>")
        time.sleep(1)
    watched = [("master", Control(server))] + ([("edge", Control(edge))] if edge else [])
    rest = {who: control.seconds() for who, control in watched}
    child = swarm(bench, "source-swarm", server, 1, count, 120)
    if not child.stdout.readline():
        raise Skip("source-swarm has ended")
    out = {}
    for (who, control), wall in zip(watched, quiet([control for _, control in watched], 0.05)):
        out[who] = {"until_known_s": wall, "until_known_cpu_s": control.seconds() - rest[who]}
    for who, control in watched:
        out[who]["longest_turn_ms"] = control.lag_ms()
        out[who].update(control.steady())
    costs = {who: [] for who, _ in watched}
    for _ in range(5):
        before = {who: control.seconds() for who, control in watched}
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(0.5)
        for who, control in watched:
            costs[who].append(1000 * (control.seconds() - before[who]) - out[who]["ms_per_s"] / 2)
    for who, _ in watched:
        out[who]["one_more_ms"] = sorted(costs[who])[2]
    return out


def fill(server, count):
    """As the API writes them: a first one is made there, and the others are its copies."""
    body = json.dumps({"mount": "/NAME"}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/api/v1/mounts", body, {"Content-Type": "application/json"})
    token = base64.b64encode(f"admin:{PASSWORD}-admin".encode()).decode()
    request.add_header("Authorization", "Basic " + token)
    urllib.request.urlopen(request, timeout=10).read()
    folder = server.home / "log" / "records" / "mounts.d"
    deadline = time.monotonic() + 10
    while not (folder / "NAME.xml").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    text = (folder / "NAME.xml").read_text()
    server.stop()
    for i in range(count):
        path = folder / f"m{i:05d}.xml"
        path.write_text(text.replace("NAME", f"m{i:05d}"))
        if os.geteuid() == 0:
            shutil.chown(path, "nobody")


def again(bench, server):
    """The same server once more, from its directory."""
    command = [str(server.home / "server"), "-c", str(server.home / "icecast.xml")]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *command]
    output = open(server.home / "log" / "output", "a")
    next_one = harness.Process(command, server.port, stdout=output, stderr=output)
    next_one.home, next_one.link_port = server.home, server.link_port
    bench.children.append(next_one)
    return next_one


def wait_for_log(server, text, patience=120):
    begin = time.monotonic()
    while text not in (server.home / "log" / "error.log").read_text():
        if time.monotonic() - begin > patience:
            raise Skip(f"the log did not say '{text}' within {patience} s")
        time.sleep(0.05)


def copies(bench, count, nodes):
    server = master(bench, nodes, '<store type="files" path="{home}/log/records"/>')
    fill(server, count)
    server = again(bench, server)
    control = Control(server)
    wait_for_log(server, f"the store has {count + 1} mounts")
    quiet([control], 0.05)
    out = {"store": {"idle_" + key: value for key, value in control.steady().items()}}
    begin = time.monotonic()
    child = swarm(bench, "link-swarm", server, nodes, 1, 300, 0, count)
    longest, first = said(child, "told all", control), time.monotonic() - begin
    time.sleep(QUIET)
    out["links"] = {"until_told_s": first, "longest_turn_ms": longest, **control.steady()}
    server.child.kill()
    server.child.wait()
    begin = time.monotonic()
    server = again(bench, server)
    control = Control(server)
    longest, wall = said(child, "told all", control), time.monotonic() - begin
    cpu = control.seconds()
    time.sleep(QUIET)
    out["copies"] = {"until_told_s": wall, "until_told_cpu_s": cpu, "longest_turn_ms": longest, **control.steady()}
    return out


def archive(bench, mounts, hours):
    server = master(bench, 1, '<archive><dir>{home}/log/archive</dir></archive><mount type="default"><archive>1</archive></mount>')
    server.stop()
    place = server.home / "log" / "archive"
    made = subprocess.run([str(bench.build / "bench" / "archive-size"), str(place), str(mounts), str(hours)],
                          stdout=subprocess.PIPE, text=True, check=True)
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "nobody", str(place)], check=True)
    begin = time.monotonic()
    server = again(bench, server)
    files = json.loads(made.stdout)["files"]
    wait_for_log(server, f" {files} files, ")
    read = time.monotonic() - begin
    child = swarm(bench, "link-swarm", server, 1, 1, 300, 0)
    if not child.stdout.readline().startswith("all"):
        raise Skip("link-swarm has ended")
    control = Control(server)
    quiet([control], 0.05)
    lag, before, begin = control.lag_ms(), control.process_seconds(), time.monotonic()
    out = control.steady(65)  # with one look at what is to go
    all_threads = 1000 * (control.process_seconds() - before) / (time.monotonic() - begin)
    return {"files": files, "read_s": read, "longest_turn_ms": max(lag, control.lag_ms()), "all_threads_ms_per_s": all_threads, **out}


def shown(rows):
    missed = 0
    for name, figures in rows.items():
        words = []
        for key, value in figures.items():
            goal = GOALS.get(key, GOALS["steady_ms_per_s"] if key == "ms_per_s" else None)
            over = goal is not None and value > goal
            missed += over
            words.append("%s %.3g%s" % (key, value, " (goal %g)%s" % (goal, " MISSED" if over else "") if goal is not None else ""))
        print("%-14s %s" % (name, "; ".join(words)), flush=True)
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default=".", help="build tree")
    parser.add_argument("--server", help="our program, if not src/icecast-lb of the build tree")
    parser.add_argument("--sources", type=int, default=10000)
    parser.add_argument("--streams", type=int, default=10000, help="at an edge")
    parser.add_argument("--records", type=int, default=10000)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--archive-mounts", type=int, default=200)
    parser.add_argument("--archive-hours", type=int, default=24)
    parser.add_argument("--only", choices=["sources", "edge", "copies", "archive"])
    parser.add_argument("--json")
    options = parser.parse_args()
    rows = {}
    parts = {"sources": lambda bench: {"sources": sources(bench, options.sources, False)["master"]},
             "edge": lambda bench: {"edge": sources(bench, options.streams, True)["edge"]},
             "copies": lambda bench: copies(bench, options.records, options.nodes),
             "archive": lambda bench: {"archive": archive(bench, options.archive_mounts, options.archive_hours)}}
    for name, part in parts.items():
        if options.only not in (None, name):
            continue
        with Bench(options.build, options.server) as bench:
            try:
                found = part(bench)
            except (Skip, OSError) as reason:
                print(f"{name}: not measured: {reason}")
                continue
        rows.update(found)
        shown(found)
    if options.json:
        with open(options.json, "w") as out:
            json.dump({"machine": harness.machine(), "goals": GOALS, **rows}, out, indent=1)


if __name__ == "__main__":
    main()
