"""A backend of <config-external>, correct or broken in one of many ways."""
import hashlib
import json
import re
import threading
import time
import urllib.parse

from http_backend import HttpBackend, send

MANY = 10001           # one mount more than a list may have
LARGE = (16 << 20) + 1  # one byte too many


def version_1(mounts):
    return '{"version": 1, "mounts": [%s]}' % mounts


# Bodies that no program should send, by description; the good rows are in the list as text.
ABSURD = {
    "too large": lambda rows: version_1(rows).ljust(LARGE),
    "too many": lambda rows: version_1(rows + ", " + ", ".join('{"mount": "/x%d"}' % i for i in range(MANY))),
    "deep": lambda rows: '{"version": 1, "mounts": %s%s}' % ("[" * 200000, "]" * 200000),
    "deep in one": lambda rows: version_1('{"mount": "/deep", "settings": %s1%s}' % ('{"a": ' * 500, "}" * 500)),
    "huge version": lambda rows: version_1(rows).replace("1,", "1" + "0" * 400 + ",", 1),
    "binary": lambda rows: version_1(rows).replace("version", "ver\0sion"),
}


class ExternalBackend(HttpBackend):
    """mounts: name → record without its name.  mode: the kind of answer to a list; by_name: the names that it knows
    when it is asked for one, None: those of `mounts`."""

    def __init__(self, mounts, port=0, waits=False, mode="good"):
        self.mounts, self.mode, self.waits, self.by_name = dict(mounts), mode, waits, None
        self.delay = 0.0
        self.lists, self.names, self.logins, self.paths = [], [], [], []  # when lists were asked for; names asked for
        self.under_way, self.most_under_way = 0, 0
        self.lock, self.closing = threading.Lock(), threading.Event()
        self.changed_at = 0.0
        super().__init__({"GET": self.answer}, port)

    def url(self):
        return self.address("/mounts")

    def close(self):
        self.closing.set()
        super().close()

    def change(self, mounts):
        self.mounts, self.changed_at = dict(mounts), time.monotonic()

    def rows(self):
        rows = [dict(row, mount=name) for name, row in sorted(self.mounts.items())]
        if self.mode == "half":
            rows = rows[:len(rows) // 3]
        elif self.mode == "empty":
            rows = []
        elif self.mode == "wrong type":
            rows[0]["settings"] = {"max-listeners": {"a": 1}}
        elif self.mode == "twice":  # the first one counts
            rows += [{"mount": rows[2]["mount"], "settings": {"stream-name": "second"}}] * 3
        elif self.mode == "huge numbers":
            rows[0]["settings"] = {"max-listeners": 10 ** 300, "burst-size": -(10 ** 30)}
        return rows

    def etag(self):
        return '"%s"' % hashlib.sha256((self.mode + json.dumps(self.rows())).encode()).hexdigest()[:12]

    def answer(self, handler):
        query = urllib.parse.urlsplit(handler.path).query
        self.logins.append(handler.headers.get("Authorization"))
        self.paths.append(handler.path)
        names = re.search(r"(?:^|&)mount=([^&]*)", query)
        if names:
            return self.answer_names(handler, [urllib.parse.unquote(name) for name in names[1].split(",")])
        self.lists.append(time.monotonic())
        if self.mode == "slow":
            self.closing.wait(20)
            return None
        known, prefer = handler.headers.get("If-None-Match", ""), handler.headers.get("Prefer", "")
        wait = re.match(r"wait=(\d+)", prefer)
        end = time.monotonic() + (float(wait[1]) if wait and self.waits else 0)
        while known and self.etag() == known and time.monotonic() < end and not self.closing.is_set():
            time.sleep(0.005)
        if self.mode == "500":
            return send(handler, 500, b"broken")
        if self.mode == "304" or known == self.etag():
            return send(handler, 304)
        body = json.dumps({"version": 1, "mounts": self.rows()}).encode()
        if self.mode == "no JSON":
            body = b"<html>maintenance</html>"
        if self.mode in ABSURD:
            body = ABSURD[self.mode](json.dumps(self.rows())[1:-1]).encode()
        lines = {"ETag": self.etag()}
        if wait and self.waits:
            lines["Preference-Applied"] = "wait=" + wait[1]
        if self.mode == "truncated":
            return send(handler, 200, body[:len(body) // 2], lines, length=len(body))
        return send(handler, 200, body, lines)

    def answer_names(self, handler, names):
        with self.lock:
            self.names += names
            self.under_way += len(names)
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            self.closing.wait(self.delay)
            known = self.mounts if self.by_name is None else self.by_name
            rows = [dict(known[name], mount=name) for name in names if name in known]
            send(handler, 200 if rows else 404, json.dumps({"version": 1, "mounts": rows}).encode())
        finally:
            with self.lock:
                self.under_way -= len(names)
