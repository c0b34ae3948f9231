"""A client of /api/v1 that checks each answer against the server's own openapi.json."""
import json
import os
import re
import urllib.parse
import weakref

import jsonschema
from harness import ADMIN, Failed, check, equal, free_port, wait_for

STORE = '<store type="files" path="%(dir)s/records"/>'


def store_server(bench, body="", **slots):
    """A server with a store in its own directory, on a port that its answers name."""
    port = free_port()
    slots.setdefault("sockets", "<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address></listen-socket>" % port)
    server = bench.unstarted_server(**slots)
    server.write_config(body=STORE % {"dir": server.dir} + body)
    return server.start()


def encoded(name):
    return urllib.parse.quote(name, safe="")


def refused(server, mount, login):
    """The reply to a source that the server must refuse."""
    try:
        server.source(mount, login=login)
    except Failed as e:
        return str(e)
    raise Failed("the source was let in")


class Description:
    """A server's openapi.json."""
    KNOWN = weakref.WeakKeyDictionary()     # server → (its process, description): the text is constant in a program

    def __init__(self, server):
        reply = server.get("/api/v1/openapi.json")
        equal(reply.status, 200, "the status of the description")
        self.text = reply.json()
        self.paths = [(re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template))), methods) for template, methods in self.text["paths"].items()]

    @classmethod
    def of(cls, server):
        process, known = cls.KNOWN.get(server, (None, None))
        if known is None or process is not server.process:
            known = cls(server)
            cls.KNOWN[server] = (server.process, known)
        return known

    def operation(self, method, path):
        """The operation, or None."""
        return next((methods[method.lower()] for pattern, methods in self.paths if method.lower() in methods and pattern.fullmatch(path)), None)


class Api:
    def __init__(self, server, login=ADMIN, token=None):
        self.server, self.login, self.token = server, login, token
        self.seen = set()

    def as_user(self, login=None, token=None):
        other = Api(self.server, login, token)
        other.seen = self.seen
        return other

    def describe(self):
        return Description.of(self.server).text

    def validate(self, method, path, reply):
        description = Description.of(self.server)
        operation = description.operation(method, path.split("?")[0])
        if operation is None:
            check(reply.status in (401, 403, 404, 405, 421), "%s %s is not described, and answered %d" % (method, path, reply.status))
            content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        else:
            self.seen.add(operation["operationId"])
            known = operation["responses"]
            content = known.get(str(reply.status), known["default"]).get("content", {})
        if not content:
            equal(reply.body, b"", "%s %s: the body of %d" % (method, path, reply.status))
            return
        kind = next(iter(content))
        equal((reply.get("Content-Type") or "").split(";")[0], kind, "%s %s: the type of %d: %r" % (method, path, reply.status, reply.body[:300]))
        schema = {"$ref": content[kind]["schema"]["$ref"], "components": description.text["components"]}
        try:
            jsonschema.Draft202012Validator(schema).validate(reply.json())
        except jsonschema.ValidationError as e:
            raise Failed("%s %s: %s at %s in %s" % (method, path, e.message, list(e.absolute_path), reply.text[:600])) from None
        if kind == "application/problem+json":
            equal(reply.json()["status"], reply.status)

    def ask(self, method, path, body=None, headers=()):
        headers = list(headers)
        if self.token:
            headers.append("Authorization: Bearer " + self.token)
        data = b"" if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        if data:
            headers.append("Content-Type: application/json")
        reply = self.server.ask("%s /api/v1%s HTTP/1.1" % (method, path), ["Host: x", *headers],
                                None if self.token else self.login, data)
        self.validate(method, path, reply)
        return reply

    def want(self, status, method, path, body=None, headers=()):
        """The reply, of this status.  On a busy machine a node is suspect for a moment and refused as a home, which changes
        nothing: the request is then repeated."""
        replies = []

        def answered():
            replies[:] = [self.ask(method, path, body, headers)]
            return status >= 300 or replies[0].status != 409 or "it is not up" not in replies[0].text
        wait_for(answered, "the nodes are up", 10)
        reply = replies[0]
        equal(reply.status, status, "%s %s: %s" % (method, path, reply.text))
        return reply

    def problem(self, name, method, path, body=None, headers=()):
        reply = self.ask(method, path, body, headers)
        check(reply.get("Content-Type") == "application/problem+json", reply.text)
        equal(reply.json()["type"], "/api/problems#" + name, reply.text)
        return reply

    def mount(self, name, **more):
        """Creates a mount; returns the login of its source as user:password."""
        made = self.want(201, "POST", "/mounts", {"mount": name, **more}).json()
        return "%s:%s" % (made["source"]["user"], made["source"]["password"])

    def mounts(self):
        """The names of all mounts, over all pages of the list."""
        names, after = [], ""
        while after is not None:
            page = self.want(200, "GET", "/mounts?most=500" + after).json()
            names += [row["mount"] for row in page["items"]]
            after = "&after=" + encoded(page["next"]) if page.get("next") else None
        return names


def files_below(directory):
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            try:
                with open(path, "rb") as file:
                    yield path, file.read()
            except OSError:
                pass


def occurs(directory, secret):
    """The files that contain these bytes."""
    return [path for path, content in files_below(directory) if secret.encode() in content]


def with_api(server):
    return server, Api(server)
