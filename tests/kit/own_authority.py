"""A certificate authority for tests, with features that pebble lacks: renewal windows, profiles, limits, staging, a
wrong clock.  It accepts every request and every name."""
import base64
import contextlib
import email.utils
import http.server
import json
import ssl
import subprocess
import threading
import time

KEYS = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

CA = """[ca]
default_ca = own
[own]
certificate = cert.pem
private_key = key.pem
database = issued
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = optional
"""


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class OwnAuthority:
    def __init__(self, bench, name="own"):
        self.dir = bench.dir / name
        self.dir.mkdir()
        self.run("req", "-x509", *KEYS, "-keyout", "key.pem", "-out", "cert.pem", "-days", "3", "-subj", "/CN=" + name,
                 "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        (self.dir / "issued.cnf").write_text("authorityKeyIdentifier=keyid\n")
        self.certificate = self.dir / "cert.pem"
        self.instead = {}       # by the first part of the path: answers (status, type of the problem, detail, headers), each given once
        self.window = None      # (begin, end) from now, in seconds
        self.meta = {}  # further members of the directory's meta
        self.profiles = {"classic": "of 90 days", "shortlived": "of 6 days"}
        self.ahead = 0          # offset of its clock, in seconds
        self.dates = None       # begin and end of certificates, as "20261127120000Z"; None: 90 days from now
        self.invalid = None     # (type of the problem, detail, reached address): for every name, until it is None again
        self.tried = False      # … after the challenge of the present order was tried
        self.is_slow = False    # until then authorizations are pending, and a finalized order is processed for a while
        self.raw = {}           # by the first part of the path: a function that writes the answer itself
        self.sent = None        # a function of the chain: its result is sent instead of the chain
        self.held = {}          # by the first part of the path: an event that its answer waits for
        self.asked = []         # first parts of paths
        self.orders, self.windows, self.accounts, self.chain = [], [], 0, b""
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                authority.answer(self, None)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                authority.answer(self, decoded(body["payload"]))

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(time.time() + authority.ahead, usegmt=True)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # a server that ends disconnects
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.dir / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.base = "https://127.0.0.1:%d" % self.server.server_address[1]
        self.url = self.base + "/dir"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        bench.owned(self)

    def run(self, *words, **options):
        return subprocess.run(["openssl", *words], cwd=self.dir, check=True, capture_output=True, **options).stdout

    def root(self):
        return self.certificate

    def element(self, more=""):
        return '<authority url="%s" ca-file="%s"%s/>' % (self.url, self.certificate, more)

    def answer(self, request, payload):
        part = request.path.split("/")[1]
        self.asked.append(part)
        if part in self.raw:
            request.close_connection = True
            with contextlib.suppress(OSError):
                self.raw[part](request.wfile.write)
            return
        if part in self.held and not self.held[part].wait(120):
            return
        status, headers, body = self.reply(part, request.path, payload)
        request.send_response(status)
        for name, value in {"Replay-Nonce": "bm9uY2U", **headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def reply(self, part, path, payload):
        if self.instead.get(part):
            status, kind, detail, headers = self.instead[part].pop(0)
            return status, headers, json.dumps({"type": "urn:ietf:params:acme:error:" + kind, "detail": detail}).encode()
        at = lambda where: "%s/%s" % (self.base, where)
        if part == "dir":
            return 200, {}, json.dumps({"newNonce": at("nonce"), "newAccount": at("account"), "newOrder": at("new"), "renewalInfo": at("renewal"),
                                        "meta": {"profiles": self.profiles, **self.meta}}).encode()
        if part == "nonce":
            return 204, {}, b""
        if part == "renewal":
            self.windows.append(path.split("/")[2])
            if self.window is None:
                return 404, {}, b"{}"
            begin, end = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + offset)) for offset in self.window)
            return 200, {"Retry-After": "60"}, json.dumps({"suggestedWindow": {"start": begin, "end": end}, "explanationURL": at("why")}).encode()
        if part == "account":
            self.accounts += 1
            return 201, {"Location": at("account/%d" % self.accounts)}, b"{}"
        if part == "new":
            self.orders.append(json.loads(payload))
            self.chain, self.tried = b"", False
            return 201, {"Location": at("order/1")}, json.dumps({"finalize": at("finalize"), "authorizations": [
                at("authorization/%d" % i) for i in range(len(self.orders[-1]["identifiers"]))]}).encode()
        if part == "challenge":
            self.tried = True
            return 200, {}, b"{}"
        if part == "authorization" and (self.invalid or (self.is_slow and not self.tried)):
            return 200, {}, json.dumps(self.open_or_refused(self.orders[-1]["identifiers"][int(path.split("/")[2])], at)).encode()
        if part == "authorization":
            return 200, {}, json.dumps({"status": "valid", "identifier": self.orders[-1]["identifiers"][int(path.split("/")[2])]}).encode()
        if part == "finalize":
            self.chain = self.issue(decoded(json.loads(payload)["csr"]))
        if part == "order" and not self.chain:
            return 200, {}, json.dumps({"status": "ready", "finalize": at("finalize")}).encode()
        if part == "finalize" and self.is_slow:
            return 200, {}, json.dumps({"status": "processing", "finalize": at("finalize")}).encode()
        if part in ("finalize", "order"):
            return 200, {}, json.dumps({"status": "valid", "certificate": at("chain")}).encode()
        return 200, {}, self.sent(self.chain) if self.sent else self.chain

    def issue(self, request):
        if not self.dates:
            return self.run("x509", "-req", "-inform", "DER", "-CA", "cert.pem", "-CAkey", "key.pem", "-CAcreateserial", "-copy_extensions", "copy",
                            "-extfile", "issued.cnf", "-days", "90", input=request)
        (self.dir / "request.pem").write_bytes(self.run("req", "-inform", "DER", input=request))
        (self.dir / "issued").touch()
        (self.dir / "ca.cnf").write_text(CA)
        return self.run("ca", "-batch", "-notext", "-config", "ca.cnf", "-in", "request.pem", "-subj", "/CN=x", "-startdate", self.dates[0], "-enddate", self.dates[1])

    def open_or_refused(self, identifier, at):
        """An authorization that waits for its challenges, and later one whose challenges have failed."""
        kind, detail, address = self.invalid or ("", "", "")
        failed = {"status": "invalid", "error": {"type": "urn:ietf:params:acme:error:" + kind, "detail": detail},
                  "validationRecord": [{"addressUsed": address}] if address else []}
        challenges = [dict({"type": way, "url": at("challenge/" + way), "token": "t" * 43}, **(failed if self.tried else {"status": "pending"}))
                      for way in ("http-01", "tls-alpn-01")]
        return {"status": "invalid" if self.tried else "pending", "identifier": identifier, "challenges": challenges}

    def close(self):
        self.server.shutdown()
        self.server.server_close()
