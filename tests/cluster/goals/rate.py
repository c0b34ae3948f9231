"""302 answers a second: nginx's `return 302` and ours beside each other, one worker each, no keep-alive.

Used by goal_master.py (G14) and by bench/run.py; needs the program redirect-rate of bench/.
"""
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

NGINX = """worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
%(user)s
pid %(home)s/nginx.pid;
error_log %(home)s/error.log;
events { worker_connections 8192; }
http {
  access_log %(home)s/access.log;
  keepalive_timeout 0;
  server_tokens off;
  client_body_temp_path %(home)s/body; proxy_temp_path %(home)s/proxy; fastcgi_temp_path %(home)s/fastcgi;
  uwsgi_temp_path %(home)s/uwsgi; scgi_temp_path %(home)s/scgi;
  server { listen %(address)s backlog=1024; location / { return 302 http://127.0.0.12:8000$request_uri; } }
}
"""


def cpu_seconds(pid):
    """utime + stime of all threads, in nanosecond steps (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


def nginx_program():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


class Nginx:
    """One worker that answers everything with 302 and writes an access log, as it does by default."""

    def __init__(self, program, home, host, port):
        self.host, self.port = host, port
        home = pathlib.Path(home)
        home.mkdir(parents=True)
        home.chmod(0o777)
        user = "user nobody nogroup;" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(NGINX % {"home": home, "address": "%s:%d" % (host, port), "user": user})
        self.process = subprocess.Popen([program, "-p", str(home), "-c", str(home / "nginx.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not self.children():
            time.sleep(0.02)

    def children(self):
        path = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        return [int(word) for word in pathlib.Path(path).read_text().split()]

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.children())

    def close(self):
        self.process.terminate()
        self.process.wait()


def answers(program, host, port, path, seconds, threads=1, connections=64):
    done = subprocess.run([str(program), host, str(port), path, str(threads), str(connections), str(seconds)],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def compare(program, path, ours, theirs, rounds=5, seconds=3.0, threads=1, connections=64):
    """ours, theirs: (host, port, cpu()) of servers that run.  Rounds alternate, so that what else the machine does
    meets both.  {"ratio", "ours", "theirs", "ours_us", "theirs_us", "rounds"}: the rates are the best of a round (what
    disturbs can only lower them), the ratio is that of the best; µs are CPU time for an answer, the least of a round;
    median_us is the median of what the rounds have as ours by theirs."""
    found = {"ours": [], "theirs": []}
    for turn in range(rounds + 1):
        for name, (host, port, cpu) in (("ours", ours), ("theirs", theirs)):
            before = cpu()
            heard = answers(program, host, port, path, 1.0 if turn == 0 else seconds, threads, connections)
            heard["us"] = (cpu() - before) * 1e6 / max(1, heard["redirects"])
            if turn > 0:  # the first is to warm up
                found[name].append(heard)
    best = {name: max(row["per_second"] for row in rows) for name, rows in found.items()}
    least = {name: min(row["us"] for row in rows) for name, rows in found.items()}
    each = [a["per_second"] / b["per_second"] for a, b in zip(found["ours"], found["theirs"])]
    costs = [a["us"] / b["us"] for a, b in zip(found["ours"], found["theirs"])]
    return {"ratio": best["ours"] / best["theirs"], "median_ratio": statistics.median(each),
            "median_us": statistics.median(costs), "ours": best["ours"],
            "theirs": best["theirs"], "ours_us": least["ours"], "theirs_us": least["theirs"],
            "others": sum(row["others"] + row["failed"] for row in found["ours"]),
            "ms_p99": min(row["ms_p99"] for row in found["ours"]), "rounds": found}
