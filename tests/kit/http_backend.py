"""A web server inside a test: a thread for each request, without logs, ended with its test."""
import contextlib
import http.server
import threading


class HttpBackend:
    """answers: method → a function of the request's BaseHTTPRequestHandler.  A client that disconnects is not an error."""

    def __init__(self, answers, port=0):
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

        def quietly(answer):
            def run(handler):
                with contextlib.suppress(OSError):
                    answer(handler)
            return run

        for method, answer in answers.items():
            setattr(Handler, "do_" + method, quietly(answer))

        class Http(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass

        self.server = Http(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def address(self, path):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def send(handler, status, body=b"", lines=(), length=None):
    """length: sent instead of the true Content-Length."""
    handler.send_response(status)
    for name, value in dict(lines).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)
