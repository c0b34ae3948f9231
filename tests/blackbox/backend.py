"""A backend of URL authentication: keeps the forms that it is sent and answers as it is told."""
import http.server
import threading
import urllib.parse

from harness import wait_for

ACCEPT = {"icecast-auth-user": "1"}


class Backend:
    """answer: a function of the form (a dict) that returns header lines (a dict), or None for silence
    until `release` is set."""

    def __init__(self, answer=lambda form: ACCEPT, port=0):
        self.answer, self.forms, self.raw = answer, [], []
        self.release = threading.Event()
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode("latin-1")
                form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
                backend.raw.append(body)
                backend.forms.append(form)
                lines = backend.answer(form)
                if lines is None:
                    backend.release.wait(20)
                    lines = ACCEPT
                self.send_response(int(lines.get(":status", 200)))
                for name, value in lines.items():
                    if not name.startswith(":"):
                        self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Http(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Http(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def url(self, path="/auth"):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def of(self, action):
        return [form for form in list(self.forms) if form.get("action") == action]

    def wait_for(self, action, number, patience=None):
        wait_for(lambda: len(self.of(action)) >= number, "the backend hears of %d × %s, so far %d" % (
            number, action, len(self.of(action))), patience)
        return self.of(action)

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()
