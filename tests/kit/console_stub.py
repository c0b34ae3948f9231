"""The console without a server: its files, and answers of /api/v1 from generated mounts and nodes, for views that
would need a cluster of fifty nodes."""
import http.server
import json
import math
import pathlib
import queue
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8", ".png": "image/png"}
PATHS = ("/session", "/openapi.json", "/mounts", "/mounts/{mount}", "/nodes", "/history", "/mounts/{mount}/history", "/mounts/{mount}/listeners", "/accounts", "/users", "/live")


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


def made_listeners(count):
    return [{"node": "edge%02d" % (n % 20), "id": str(n), "address": "192.0.2.%d" % n, "agent": "VLC/3.0.20 LibVLC/3.0.20", "player": "VLC", "user": None, "seconds": 61 * n, "country": "DE", "hls": n == 3,
             "rtt_ms": None if n == 3 else 20.5 + n, "retransmits": None if n == 3 else n, "queue_bytes": None if n == 3 else 1460 * n, "lag_ms": None if n == 3 else 40 * n,
             "path": ["edge01", "master-a", "edge%02d" % (n % 20)]} for n in range(count)]


def made_carriers(nodes):
    """The source is at edge01; two masters relay it from there, and the other nodes from these."""
    return [{"node": "edge01", "listeners": 120, "from": []}] + [
        {"node": "edge%02d" % n, "listeners": (n * 37) % 400, "from": ["edge01", "master-a" if n % 3 else "master-b"], **({"free": 12} if n == 9 else {})} for n in range(nodes) if n != 1]


class Stub:
    def __init__(self, mounts=1000, nodes=50):
        self.mounts, self.nodes = made_mounts(mounts, nodes), made_nodes(nodes)
        self.readers, self.refuses, self.asked = [], False, 0
        self.host = "127.0.0.1"
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                if url.path == "/api/v1/live":
                    return outer.live(self)
                outer.asked += url.path == "/api/v1/mounts"
                body, kind = outer.answer(url.path, urllib.parse.parse_qs(url.query))
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")
        self.server = http.server.ThreadingHTTPServer((self.host, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def live(self, request):
        if self.refuses:
            return request.send_error(503)
        mine = queue.Queue()
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.end_headers()
        mine.put(("state", self.change(self.mounts, self.nodes, first=True)))
        self.readers.append(mine)
        while True:
            told = mine.get()
            if told is None:
                return
            try:
                request.wfile.write(b"event: %s\ndata: %s\n\n" % (told[0].encode(), json.dumps(told[1]).encode()))
            except OSError:
                return self.readers.remove(mine)

    def totals(self):
        return {"listeners": sum(one["listeners"] for one in self.nodes), "kbps": 25600000, "on_air": sum(one["on-air"] for one in self.mounts)}

    def change(self, mounts, nodes=(), first=False):
        return {"time": "2026-11-20T06:52:17Z", "first": first, "more": False, "totals": self.totals(), "gone": {"mounts": [], "nodes": []},
                "mounts": [{key: one[key] for key in ("mount", "listeners", "title")} for one in mounts if one["on-air"]],
                "nodes": [{key: one[key] for key in ("id", "state", "listeners", "kbps")} for one in nodes]}

    def tell(self, kind, data):
        for reader in list(self.readers):
            reader.put((kind, data))

    def close(self):
        for reader in self.readers:
            reader.put(None)
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, query):
        if path == "/admin/cluster/links.json":
            return b'{"links": []}', "application/json"
        if path == "/admin/cluster.json":
            states = [{"id": one["id"], "state": one["state"]} for one in self.nodes]
            row = {"mount": query["mount"][0], "carriers": made_carriers(len(self.nodes)), "cannot_pull": []}
            return json.dumps({"nodes": states, "mounts": [row]}).encode(), "application/json"
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
        if path.startswith("/mounts/"):
            name = urllib.parse.unquote(path.split("/")[2])
            one = next((one for one in self.mounts if one["mount"] == name), None)
            return {"items": made_listeners(30)} if path.endswith("/listeners") else made_history(query) if path.endswith("/history") else one
        if path == "/nodes":
            return page(self.nodes, "id")
        if path in ("/accounts", "/users"):
            return {"items": []}
        if path == "/history":
            return made_history(query)
        if path.startswith("/now/"):
            return {"on_air": True, "title": None, "history": []}
        return None
