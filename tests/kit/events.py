"""A reader of /admin/events (doc/orchestration.md)."""
import json

from harness import ADMIN, equal, request


class Events:
    """A reader of /admin/events."""

    def __init__(self, server, last_id=None, login=ADMIN):
        self.wire = server.wire()
        self.wire.send(request("GET /admin/events HTTP/1.0", ["Last-Event-ID: " + last_id] if last_id else [], login))
        self.head = self.wire.reply_head()

    def next(self, kind=None):
        """The next event (of that kind): its fields, and its id in the stream."""
        while True:
            lines = self.wire.take_until(b"\n\n").decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":") and line)
            if "event" not in fields or kind not in (None, fields["event"]):
                continue
            event = json.loads(fields["data"])
            equal((event["id"], event["event"]), (fields["id"], fields["event"]), "id and kind")
            return event
