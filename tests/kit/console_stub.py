"""The console without a server behind it: its files, and answers of /api/v1 made of generated mounts and nodes; for what would
need a cluster of fifty to be seen."""
import http.server
import json
import math
import pathlib
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8", ".png": "image/png"}
PATHS = ("/session", "/openapi.json", "/mounts", "/mounts/{mount}", "/nodes", "/history", "/mounts/{mount}/history", "/mounts/{mount}/listeners", "/accounts", "/users")


def made_mounts(count, nodes):
    return [{"mount": "/station-%04d.mp3" % n, "settings": {"stream-name": "Station %d" % n, "genre": "Pop"}, "state": "active", "origin": "store", "home": "edge%02d" % (n % nodes),
             "home-state": "up", "account": "acct%d" % (n % 40), "limits": {"listeners": 500, "bitrate": 128}, "on-air": n % 10 != 9, "listeners": (n * 37) % 480,
             "title": "Artist %d - Song %d" % (n, n * 7), "source": {"url": "http://edge/x"}, "listen": {}} for n in range(count)]


def made_nodes(count):
    return [{"id": "edge%02d" % n, "self": n == 0, "state": "down" if n == 7 else "up", "url": "https://edge%02d.example.org" % n, "listeners": 4000 + n, "max_listeners": 10000, "kbps": 512000, "max_kbps": 1000000,
             "sources": 20, "max_sources": 100, "uptime_s": 86400 * n, "version": "0.1.0", "rtt_ms": 3.5, "tags": ["eu"], "country": "DE", "weight": 1} for n in range(count)]


def made_history(query):
    to, begin, points = int(query.get("to", [time.time()])[0]), int(query.get("from", [0])[0]), int(query.get("points", [240])[0])
    step = max(10, (to - begin) // points)
    times = [begin + i * step for i in range(points)]
    by = query.get("by", ["all"])[0]

    def row(name, n):
        mean = [None if 60 <= i < 70 and n == 1 else round(200 + 150 * math.sin(i / 30 + n) + 20 * n, 1) for i in range(points)]
        return {"name": name, "mean": mean, "max": [None if one is None else one + 25 for one in mean]}
    rows = [row(None, 0)] if by == "all" else [row(by[0] + "%d" % n, n) for n in range(7)] + [dict(row(None, 7), others=True)]
    return {"of": query.get("of", ["listeners"])[0], "by": by, "step": step, "t": times, "rows": rows}


class Stub:
    def __init__(self, mounts=1000, nodes=50):
        self.mounts, self.nodes = made_mounts(mounts, nodes), made_nodes(nodes)
        self.host = "127.0.0.1"
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                body, kind = outer.answer(url.path, urllib.parse.parse_qs(url.query))
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")
        self.server = http.server.ThreadingHTTPServer((self.host, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, query):
        if path.startswith("/api/v1"):
            told = self.api(path[len("/api/v1"):], query)
            return (None if told is None else json.dumps(told).encode()), "application/json"
        name = path[len("/admin/console"):].lstrip("/") if path.startswith("/admin/console") else path.lstrip("/")
        if "." not in name:
            page = (ROOT / "admin/console/shell.html").read_text().replace('name="lb-store" content="', 'name="lb-store" content="files')
            return page.encode(), TYPES[".html"]
        file = ROOT / "web" / name if name in ("style.css", "icecast.png", "favicon.ico") else ROOT / "admin/console" / name
        return (file.read_bytes() if file.exists() else None), TYPES.get(file.suffix, "image/png")

    def api(self, path, query):
        def page(rows, key):
            after, most = query.get("after", [""])[0], int(query.get("most", ["100"])[0])
            left = [row for row in rows if row[key] > after]
            return {"items": left[:most], **({"next": left[most - 1][key]} if len(left) > most else {})}
        if path == "/openapi.json":
            return {"paths": {one: {"get": {"x-least-role": "viewer"}} for one in PATHS}, "components": {"schemas": {}}}
        if path == "/session":
            return {"user": "vera", "role": "viewer", "account": None, "csrf": "x", "expires": 2e9}
        if path == "/mounts":
            return page(self.mounts, "mount")
        if path == "/nodes":
            return page(self.nodes, "id")
        if path in ("/accounts", "/users"):
            return {"items": []}
        if path == "/history":
            return made_history(query)
        return None
