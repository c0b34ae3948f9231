#!/usr/bin/env python3
"""A backend for <config-external>: says in JSON which mounts there are, and waits for changes.

usage: external.py [--port 8080] [--user NAME:PASSWORD] FILE

FILE is JSON: {"/rock.mp3": {"settings": {"stream-name": "Rock"}, "source": {"user": "dj", "password": "secret"}}, …}
It is read again when it has changed.  <config-external url="http://127.0.0.1:8080/mounts" on-demand="1"/>
"""
import argparse
import base64
import hashlib
import json
import os
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class Mounts:
    def __init__(self, path):
        self.path = path

    def read(self):
        with open(self.path, encoding="utf-8") as file:
            mounts = json.load(file)
        rows = [dict(row, mount=name) for name, row in sorted(mounts.items())]
        digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]
        return rows, '"%s"' % digest

    def newer_than(self, etag, seconds):
        """The list, as soon as it is another one than `etag` names; at the latest after `seconds`."""
        end, before = time.monotonic() + seconds, None
        while True:
            facts = os.stat(self.path)
            stamp = (facts.st_mtime_ns, facts.st_ino, facts.st_size)
            if stamp != before:
                rows, now = self.read()
            before = stamp
            if now != etag or time.monotonic() >= end:
                return rows, now
            time.sleep(0.05)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        login = "Basic " + base64.b64encode(self.server.user.encode()).decode()
        if self.server.user and self.headers.get("Authorization") != login:
            return self.answer(401)
        known = self.headers.get("If-None-Match", "")
        wait = re.match(r"wait=(\d+)$", self.headers.get("Prefer", ""))
        names = re.search(r"(?:^|&)mount=([^&]*)", urlsplit(self.path).query)
        rows, etag = self.server.mounts.newer_than(known, int(wait[1]) if wait and known else 0)
        if names:  # one or more by name: /a,/b
            wanted = [unquote(name) for name in names[1].split(",")]
            rows = [row for row in rows if row["mount"] in wanted]
            return self.answer(200 if rows else 404, rows)
        self.answer(304 if known == etag else 200, rows, etag, wait)

    def answer(self, status, rows=(), etag=None, waited=None):
        body = json.dumps({"version": 1, "mounts": list(rows)}).encode() if status == 200 else b""
        self.send_response(status)
        for name, value in (("ETag", etag), ("Preference-Applied", waited and "wait=" + waited[1]),
                            ("Content-Type", "application/json"), ("Content-Length", str(len(body)))):
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=8080)
    options.add_argument("--user", default="")
    options.add_argument("file")
    given = options.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Handler)
    server.user, server.mounts = given.user, Mounts(given.file)
    server.serve_forever()
