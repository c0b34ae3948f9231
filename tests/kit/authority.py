"""A certificate authority for tests: Debian's pebble, with its name server, which resolves every name to 127.0.0.1."""
import json
import os
import shutil
import ssl
import subprocess
import urllib.request

from harness import Failed, Settings, Skip, free_port, wait_for


class Authority:
    def __init__(self, bench, port, validity=90 * 86400, bad_nonces=0, external=None, tls_port=None):
        """port: for validation by http-01; tls_port: for tls-alpn-01, by default one where no server listens;
        external: {kid: key}, if the authority requires an external account."""
        if not shutil.which("pebble"):
            raise Skip("pebble is not installed: tools/install-packages test")
        self.dir = bench.dir / "authority"
        self.dir.mkdir()
        self.port, management, names, control = (free_port() for _ in range(4))
        self.url = "https://127.0.0.1:%d/dir" % self.port
        self.control, self.management = "http://127.0.0.1:%d" % control, "https://127.0.0.1:%d" % management
        self.certificate = self.dir / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        self.dir / "key.pem", "-out", self.certificate, "-days", "3", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
        settings = {"listenAddress": "127.0.0.1:%d" % self.port, "managementListenAddress": "127.0.0.1:%d" % management,
                    "certificate": "cert.pem", "privateKey": "key.pem", "httpPort": port, "tlsPort": tls_port or free_port(),
                    "externalAccountBindingRequired": bool(external), "certificateValidityPeriod": validity}
        if external:
            settings["externalAccountMACKeys"] = external
        (self.dir / "pebble.json").write_text(json.dumps({"pebble": settings}))
        self.processes = []
        bench.owned(self)
        self.begin("names", ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", "127.0.0.1:%d" % names,
                             "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", "127.0.0.1:%d" % control])
        self.begin("pebble", ["pebble", "-config", "pebble.json", "-dnsserver", "127.0.0.1:%d" % names],
                   PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT=str(bad_nonces), PEBBLE_AUTHZREUSE="0")
        wait_for(self.is_up, "the authority answers: " + self.said(), Settings.patience * 6)  # it makes RSA keys

    def begin(self, name, command, **environment):
        with open(self.dir / (name + ".log"), "wb") as log:
            self.processes.append(subprocess.Popen(command, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                   env=dict(os.environ, **environment)))

    def said(self):
        return "".join((self.dir / (name + ".log")).read_text(errors="replace")[-500:] for name in ("names", "pebble")
                       if (self.dir / (name + ".log")).exists())

    def ask(self, url):
        return urllib.request.urlopen(url, timeout=5, context=ssl.create_default_context(cafile=str(self.certificate))).read()

    def is_up(self):
        if any(process.poll() is not None for process in self.processes):
            raise Failed("the authority has ended: " + self.said())
        try:
            return b"newOrder" in self.ask(self.url)
        except OSError:
            return False

    def root(self):
        """The root certificate for clients that verify."""
        path = self.dir / "root.pem"
        path.write_bytes(self.ask(self.management + "/roots/0"))
        return path

    def lead(self, name, address):
        """Sets the address of a name, instead of earlier ones; "": the name has no address."""
        for what, body in (("clear-a", {"host": name}), ("add-a", {"host": name, "addresses": [address] if address else []})):
            urllib.request.urlopen("%s/%s" % (self.control, what), json.dumps(body).encode(), timeout=5).read()

    def issued(self):
        return (self.dir / "pebble.log").read_text(errors="replace").count("Issued certificate serial")

    def element(self, more=""):
        return '<authority url="%s" ca-file="%s"%s/>' % (self.url, self.certificate, more)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
