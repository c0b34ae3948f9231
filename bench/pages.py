#!/usr/bin/env python3
"""Large pages and many who ask for them, beside a listener, an administrator and logins.

1. A crowd of readers asks for the largest page (status.xsl of all mounts) at once and reads it: how much
   the server's heap grows, the longest gap of an unrelated listener, the slowest answers to the administrator.
2. Floods of different pages that there are not, some a second, for some seconds: the slowest htpasswd
   login, the slowest answers to the administrator.

The crowd, the flood, the listener with its source, and the one who asks are processes of their own.  All
ends by itself: a crowd after --seconds-of-crowd, a flood after --seconds.
"""
import argparse
import contextlib
import hashlib
import json
import multiprocessing
import pathlib
import re
import selectors
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "kit"))
import harness  # noqa: E402
from harness import ADMIN, SOURCE, request  # noqa: E402

LIMITS = ("<clients>8000</clients><sources>4000</sources><client-timeout>30</client-timeout>"
          "<source-timeout>3600</source-timeout>")
QUESTIONS = {"/admin/stats?mount=": "/admin/stats?mount=/m0", "/admin/listclients?mount=": "/admin/listclients?mount=/m0",
             "/admin/stats.xsl?mount=": "/admin/stats.xsl?mount=/m0", "/admin/listmounts": "/admin/listmounts",
             "/admin/stats": "/admin/stats"}
BEGINS = "/admin/stats begins"  # its first bytes; the rest shares the way out with the readers
FLOODS = {"query": "/status-json.xsl?mount=/r%d", "page": "/none%d.xsl", "list": "/none%d.xspf"}


def connect(address, receive_buffer=None):
    wire = socket.socket()
    if receive_buffer:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    wire.settimeout(20)
    wire.connect(address)
    return wire


def witness(address, out, ready, stop):
    """A mount with data every 10 ms, and its listener: the longest time without a byte."""
    source = connect(address)
    source.sendall(request("SOURCE /witness HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE))
    source.recv(4096)
    data = (b"\xff\xfb\x90\x00" + bytes(413))
    for _ in range(20):
        source.sendall(data)
    listener = connect(address)
    listener.sendall(request("GET /witness HTTP/1.0"))
    listener.recv(1 << 16)
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    last, due, longest, own = time.monotonic(), 0.0, 0.0, 0.0
    before = last
    ready.set()
    while not stop.is_set():
        now = time.monotonic()
        own = max(own, now - before)  # what this process itself had to wait for a processor
        before = now
        if now >= due:
            source.sendall(data)
            due = now + 0.01
        if selector.select(0.005):
            if not listener.recv(1 << 16):
                break
            last = time.monotonic()
        longest = max(longest, time.monotonic() - last)
    out.put(("witness", longest, own))


def crowd(address, path, count, seconds, out, stop):
    """All ask within a moment, and read to the end."""
    selector = selectors.DefaultSelector()
    text = request("GET %s HTTP/1.0" % path)
    began = time.monotonic()
    for _ in range(count):
        wire = connect(address)
        wire.sendall(text)
        wire.setblocking(False)
        selector.register(wire, selectors.EVENT_READ, [0])
    asked = time.monotonic() - began
    buffer, total, whole = bytearray(1 << 18), 0, 0
    while selector.get_map() and time.monotonic() < began + seconds and not stop.is_set():
        for key, _ in selector.select(0.1):
            try:
                size = key.fileobj.recv_into(buffer)
            except OSError:
                size = 0
            total += size
            key.data[0] += size
            if size == 0:
                whole += key.data[0] > 1 << 16
                selector.unregister(key.fileobj)
                key.fileobj.close()
    out.put(("crowd", whole, total, asked, time.monotonic() - began))


def flood(address, path, rate, seconds, out):
    """`rate` requests a second; answers are read and thrown away."""
    selector = selectors.DefaultSelector()
    began, sent, answered = time.monotonic(), 0, 0
    statuses = {}
    while True:
        now = time.monotonic() - began
        if now > seconds:
            break
        while sent < rate * now:
            wire = connect(address)
            wire.sendall(request("GET %s HTTP/1.0" % (path % sent)))
            wire.setblocking(False)
            selector.register(wire, selectors.EVENT_READ, [None])
            sent += 1
        for key, _ in selector.select(0.002):
            try:
                data = key.fileobj.recv(1 << 16)
            except OSError:
                data = b""
            if key.data[0] is None and data:
                key.data[0] = data[9:12].decode()
                statuses[key.data[0]] = statuses.get(key.data[0], 0) + 1
                answered += 1
            if not data:
                selector.unregister(key.fileobj)
                key.fileobj.close()
    out.put(("flood", sent, answered, statuses))


def timed(address, path, login, whole=True):
    """Milliseconds to the end of the answer, its status, and those to its first bytes."""
    began = time.monotonic()
    wire = connect(address)
    wire.sendall(request("GET %s HTTP/1.0" % path, [], login))
    first = wire.recv(1 << 16)
    status, begun = int(first[9:12] or b"0"), (time.monotonic() - began) * 1000
    while whole and wire.recv(1 << 18):
        pass
    wire.close()
    return (time.monotonic() - began) * 1000, status, begun


def logins(address, out, stop):
    """Different users of a file, one after the other."""
    slowest, count, wrong = 0.0, 0, 0
    while not stop.is_set():
        took, status, _ = timed(address, "/locked", "u%d:secret" % (count % 200), whole=False)
        slowest, count, wrong = max(slowest, took), count + 1, wrong + (status != 200)
        time.sleep(0.02)
    out.put(("logins", slowest, count, wrong))


def administrator(address, out, stop):
    slowest, count, wrong = dict.fromkeys([*QUESTIONS, BEGINS], 0.0), 0, 0
    while not stop.is_set():
        for name, path in QUESTIONS.items():
            took, status, begun = timed(address, path, ADMIN)
            slowest[name], count, wrong = max(slowest[name], took), count + 1, wrong + (status != 200)
            if name == "/admin/stats":
                slowest[BEGINS] = max(slowest[BEGINS], begun)
        time.sleep(0.02)
    out.put(("admin", slowest, count, wrong))


class Watchers:
    """Processes that look on while something happens."""

    def __init__(self, *functions):
        self.out, self.stop, self.all = multiprocessing.Queue(), multiprocessing.Event(), []
        self.functions = functions

    def start(self, function, *arguments):
        self.all.append(multiprocessing.Process(target=function, args=arguments, daemon=True))
        self.all[-1].start()

    def end(self):
        self.stop.set()
        found = {}
        for _ in self.all:
            name, *figures = self.out.get(timeout=60)
            found[name] = figures
        for process in self.all:
            process.join(10)
        return found


def heap(server):
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) * 1024


def start(bench, mounts):
    server = bench.unstarted_server()
    users = server.dir / "users"
    users.write_text("".join("u%d:%s\n" % (i, hashlib.md5(b"secret").hexdigest()) for i in range(200)))
    server.write_config(limits=LIMITS, logging="", body='<mount><mount-name>/locked</mount-name><authentication type="htpasswd">'
                        '<option name="filename" value="%s"/><option name="allow_duplicate_users" value="1"/></authentication></mount>' % users)
    server.start()
    lines = ["Ice-Name: %s" % ("n" * 100), "Ice-Description: %s" % ("d" * 300), "Ice-Genre: various", "Ice-Bitrate: 128"]
    for i in range(mounts - 2):
        server.source("/m%d" % i, lines=lines)
    server.source("/locked").play(200)
    return server


def with_crowd(server, options):
    page = server.get("/status.xsl")
    time.sleep(1)
    before = heap(server)
    watchers, ready = Watchers(), multiprocessing.Event()
    watchers.start(witness, server.address, watchers.out, ready, watchers.stop)
    ready.wait(20)
    watchers.start(administrator, server.address, watchers.out, watchers.stop)
    time.sleep(1)
    over = multiprocessing.Event()
    watchers.start(crowd, server.address, "/status.xsl", options.readers, options.seconds_of_crowd, watchers.out, over)
    most = 0
    reader = watchers.all[-1]
    end = time.monotonic() + options.seconds_of_crowd + 20
    found = None
    while found is None and time.monotonic() < end:
        most = max(most, heap(server))
        with contextlib.suppress(Exception):
            found = watchers.out.get(timeout=0.05)
    watchers.all.remove(reader)
    figures = watchers.end()
    figures["crowd"] = found[1:]
    return {"page_bytes": len(page.body), "grown_bytes": most - before, "gap_ms": figures["witness"][0] * 1000,
            "witness_itself_ms": figures["witness"][1] * 1000,
            "admin_ms": figures["admin"][0], "admin_answers": figures["admin"][1], "admin_wrong": figures["admin"][2],
            "whole_pages": figures["crowd"][0], "seconds": figures["crowd"][3]}


def with_flood(server, options, path):
    watchers, ready = Watchers(), multiprocessing.Event()
    watchers.start(witness, server.address, watchers.out, ready, watchers.stop)
    ready.wait(20)
    watchers.start(logins, server.address, watchers.out, watchers.stop)
    watchers.start(administrator, server.address, watchers.out, watchers.stop)
    watchers.start(flood, server.address, path, options.rate, options.seconds, watchers.out)
    time.sleep(options.seconds)
    figures = watchers.end()
    return {"login_ms": figures["logins"][0], "logins": figures["logins"][1], "logins_wrong": figures["logins"][2],
            "admin_ms": figures["admin"][0], "admin_wrong": figures["admin"][2], "gap_ms": figures["witness"][0] * 1000,
            "sent": figures["flood"][0], "statuses": figures["flood"][2]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True)
    parser.add_argument("--mounts", type=int, default=1500)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--seconds-of-crowd", type=float, default=30)
    parser.add_argument("--rate", type=float, default=300, help="of a flood, requests a second")
    parser.add_argument("--seconds", type=float, default=8, help="of each flood")
    parser.add_argument("--json", help="where to write the figures")
    options = parser.parse_args()
    harness.Settings.binary = str(pathlib.Path(options.server).resolve())
    harness.Settings.patience = 20
    bench = harness.Bench()
    try:
        server = start(bench, options.mounts)
        found = {"idle": {name: timed(server.address, path, ADMIN)[0] for name, path in QUESTIONS.items()},
                 "crowd": with_crowd(server, options),
                 "floods": {name: with_flood(server, options, path) for name, path in FLOODS.items()}}
    finally:
        bench.close()
    one, floods = found["crowd"], found["floods"].values()
    print("%d mounts; %d readers of %.1f MB, %d of them read all of it in %.1f s" % (
        options.mounts, options.readers, one["page_bytes"] / 1e6, one["whole_pages"], one["seconds"]))
    print("  memory                   +%.1f MB (goal 64)" % (one["grown_bytes"] / 1e6))
    print("  a listener's gap         %.0f ms (goal 1000; its process itself stood still for up to %.0f ms)" % (
        one["gap_ms"], one["witness_itself_ms"]))
    print("  slowest admin answer     %.0f ms (goal 500), but for the length of /admin/stats" % max(
        took for name, took in one["admin_ms"].items() if name != "/admin/stats"))
    for name, took in one["admin_ms"].items():
        print("    %-26s %.0f ms%s" % (name, took, " (idle %.0f ms)" % found["idle"][name] if name in found["idle"] else ""))
    print("floods of unknown pages, %.0f a second for %.0f s" % (options.rate, options.seconds))
    print("  slowest htpasswd login   %.0f ms (goal 300)" % max(row["login_ms"] for row in floods))
    print("  slowest admin answer     %.0f ms" % max(max(row["admin_ms"].values()) for row in floods))
    for name, row in found["floods"].items():
        print("    %-6s login %.0f ms of %d (%d failed), gap %.0f ms, admin %s, %d sent: %s" % (
            name, row["login_ms"], row["logins"], row["logins_wrong"], row["gap_ms"],
            " ".join("%.0f" % value for value in row["admin_ms"].values()), row["sent"], row["statuses"]))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    sys.exit(main())
