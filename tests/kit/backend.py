"""A backend of URL authentication: keeps the forms that it receives and answers as the test wants."""
import threading
import urllib.parse

from harness import wait_for
from http_backend import HttpBackend, send

ACCEPT = {"icecast-auth-user": "1"}


class Backend(HttpBackend):
    """answer: a function of the form (a dict) that returns header lines (a dict), or None: no answer until `release`
    is set."""

    def __init__(self, answer=lambda form: ACCEPT, port=0):
        self.answer, self.forms, self.raw = answer, [], []
        self.release = threading.Event()
        super().__init__({"POST": self.take}, port)

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode("latin-1")
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        self.raw.append(body)
        self.forms.append(form)
        lines = self.answer(form)
        if lines is None:
            self.release.wait(20)
            lines = ACCEPT
        send(handler, int(lines.get(":status", 200)), lines={name: value for name, value in lines.items() if name[0] != ":"})

    def url(self, path="/auth"):
        return self.address(path)

    def of(self, action):
        return [form for form in list(self.forms) if form.get("action") == action]

    def wait_for(self, action, number, patience=None):
        wait_for(lambda: len(self.of(action)) >= number, "the backend hears of %d × %s, so far %d" % (
            number, action, len(self.of(action))), patience)
        return self.of(action)

    def close(self):
        self.release.set()
        super().close()
