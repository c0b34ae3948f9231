"""Certificates with two kinds of keys, and other ACME clients beside <acme>."""
import os
import pathlib
import re
import shutil
import socket
import subprocess

from authority import Authority
from harness import ADMIN, Settings, Skip, check, equal, free_port, matches, test, wait_for
from https_radio import NAME, comes, radio, verified
from own_authority import KEYS, OwnAuthority
from tls_bench import certificate

TOP = pathlib.Path(__file__).resolve().parents[2]


def kinds_of(server, tls, algorithms):
    """The kind of the key that a client with these signature algorithms gets."""
    shown = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % tls, "-servername", NAME, "-tls1_2", "-sigalgs", algorithms],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    return shown.stdout


@test
def old_players_get_a_certificate_of_rsa(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port, acme="<keys>ecdsa rsa</keys>", more="<console/>").start()
    comes(server, 2)
    files = sorted(file.name for file in (server.state / "acme/certificates").iterdir())
    equal(files,
          [NAME + ".json", NAME + ".pem", NAME + ".rsa.json", NAME + ".rsa.pem"], "what is kept")
    equal(len(list((server.state / "acme/accounts").iterdir())), 1, "accounts")
    matches(r"Peer signature type: ECDSA", kinds_of(server, server.tls, "ECDSA+SHA256:RSA-PSS+SHA256"))
    matches(r"Peer signature type: RSA", kinds_of(server, server.tls, "RSA-PSS+SHA256"))
    rows = server.get("/api/v1/certificates", ADMIN).json()["items"]
    equal(sorted(row["kind"] for row in rows), ["EC 256", "RSA 2048"])
    check(all(row["ordered"] and row["names"] == [NAME] for row in rows), str(rows))
    metrics = server.get("/metrics", ADMIN).text
    for names in (NAME, NAME + " (RSA)"):
        check('icecast_acme_failures{names="%s"} 0\n' % names in metrics, names)
    matches(r'icecast_acme_orders_total\{directory="%s",result="ok"\} 2\n' % authority.url, metrics)
    before = [(server.state / "acme/certificates" / name).read_text() for name in (NAME + ".pem", NAME + ".rsa.pem")]
    # By hand both of them, each with a new key.
    equal(server.ask("POST /api/v1/certificates/%s/order HTTP/1.0" % NAME, login=ADMIN).status, 204)
    comes(server, 4)
    after = [(server.state / "acme/certificates" / name).read_text() for name in (NAME + ".pem", NAME + ".rsa.pem")]
    key = lambda text: text[text.index("PRIVATE KEY"):]
    check(all(key(a) != key(b) for a, b in zip(before, after)), "the keys are new ones")
    server.stop()
    server.start()
    wait_for(lambda: server.log()[server.log().rindex("server started"):].count("it is renewed") == 2, "both are planned")
    equal(authority.issued(), 4, "certificates")


@test
def a_name_of_ssl_certificate_is_not_ordered(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port, acme="<names>%s www.example.org</names>" % NAME)
    certificate(server.dir, NAME)
    server.write_config(paths=server.slots["paths"] + "<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    said = subprocess.run([Settings.binary, "--check-config", server.config], capture_output=True, text=True, timeout=60)
    matches(r"<acme>: radio\.example\.org is in <ssl-certificate>; it is not ordered\n", said.stdout + said.stderr)
    server.start()
    wait_for(lambda: "a new certificate for www.example.org from" in server.log(), "the other one comes: " + server.log()[-900:], 20)
    matches(r"INFO tls/acme <acme>: radio\.example\.org is in <ssl-certificate>; it is not ordered\n", server.log())
    wait_for(lambda: "certificate for www.example.org (EC 256) is in use" in server.log(), "it is loaded")
    server.wire(server.tls, wrap=verified(authority, "www.example.org")).close()
    equal(authority.issued(), 1, "certificates")


@test
def each_of_a_hundred_names_of_ssl_certificate_is_not_ordered(t):
    authority = OwnAuthority(t)
    names = ["a-station-of-a-hundred-%d.example.org" % number for number in range(100)]
    file = t.dir / "many.pem"
    subprocess.run(["openssl", "req", "-x509", *KEYS, "-keyout", t.dir / "key", "-out", t.dir / "cert", "-days", "9", "-subj", "/CN=x",
                    "-addext", "subjectAltName=" + ",".join("DNS:" + name for name in names)], check=True, capture_output=True)
    file.write_text((t.dir / "cert").read_text() + (t.dir / "key").read_text())
    server = radio(t, authority, free_port(), acme="<names>%s %s</names>" % (names[-1], NAME))
    server.write_config(paths=server.slots["paths"] + "<ssl-certificate>%s</ssl-certificate>" % file)
    server.start()
    comes(server)
    equal([order["identifiers"] for order in authority.orders], [[{"type": "dns", "value": NAME}]], "what is ordered")


@test
def one_of_ssl_certificate_that_has_expired_gives_way(t):
    authority = OwnAuthority(t)
    authority.dates = ("20250101000000Z", "20260101000000Z")
    authority.run("req", "-new", *KEYS, "-keyout", "old.key", "-out", "old.csr", "-outform", "DER", "-subj", "/CN=x", "-addext", "subjectAltName=DNS:" + NAME)
    old = t.dir / "old.pem"
    old.write_bytes(authority.issue((authority.dir / "old.csr").read_bytes()) + (authority.dir / "old.key").read_bytes())
    authority.dates = None
    server = radio(t, authority, free_port())
    server.write_config(paths=server.slots["paths"] + "<ssl-certificate>%s</ssl-certificate>" % old)
    server.start()
    comes(server)
    matches(r"WARN connection/tls the certificate for radio\.example\.org in \S+old\.pem has expired on 2026-01-01; players refuse it", server.log())
    server.wire(server.tls, wrap=verified(authority)).close()


def beside(t, client):
    """Another client gets a certificate by the web root, while this server has its own."""
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port).start()
    comes(server)
    root = server.dir / "web"
    (root / ".well-known/acme-challenge").mkdir(parents=True)
    chain = client(t, authority, root)
    names = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-ext", "subjectAltName"], capture_output=True, text=True).stdout
    check("DNS:other.example.org" in names, names)
    server.wire(server.tls, wrap=verified(authority)).close()
    equal(server.log().count("a new certificate for"), 1, "orders of our own")


def has_program(name):
    if not shutil.which(name):
        raise Skip("%s is not installed: tools/install-packages test" % name)


class Ending:
    """A program that ends with the test, before another one takes its port."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        self.process.terminate()
        self.process.wait()


@test
def nginx_on_port_80_passes_the_question_on(t):
    """With the line of doc/https.md; without it the log says that another server was reached."""
    has_program("nginx")
    place, asked, plain = t.dir / "nginx", free_port(), free_port()
    place.mkdir()
    line, = re.findall(r"`(location /\.well-known/acme-challenge/ \{ [^`]*\})`", (TOP / "doc/https.md").read_text())

    def serve(location):
        (place / "nginx.conf").write_text(
            "daemon off; master_process off; pid %s/pid; error_log %s/error; events {}\nhttp { access_log off; %s\nserver { listen 127.0.0.1:%d; %s } }\n" % (
                place, place, " ".join("%s_temp_path %s/%s;" % (what, place, what) for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")), asked, location))
        nginx = t.owned(Ending(["nginx", "-e", place / "error", "-c", place / "nginx.conf"]))
        wait_for(lambda: socket.socket().connect_ex(("127.0.0.1", asked)) == 0, "nginx listens")
        return nginx
    other = serve("return 404;")
    authority = Authority(t, asked)
    server = radio(t, authority, plain, acme="<challenges>http-01</challenges>").start()
    server.wait_for_log(r"no certificate for radio\.example\.org: the CA reached another server for it than this one \(404\); does the name lead here\?; again at")
    other.close()
    serve(line.replace("8000", str(plain)))
    server.reload(body=server.slots["body"].replace("<acme>", "<acme><email>radio@example.org</email>"))
    comes(server)


@test
def certbot_goes_on_working_beside_it(t):
    has_program("certbot")

    def certbot(t, authority, root):
        place = t.dir / "certbot"
        made = subprocess.run(["certbot", "certonly", "--non-interactive", "--agree-tos", "--register-unsafely-without-email", "--webroot", "-w", root,
                               "-d", "other.example.org", "--server", authority.url, "--config-dir", place / "c", "--work-dir", place / "w",
                               "--logs-dir", place / "l"], env=dict(os.environ, REQUESTS_CA_BUNDLE=str(authority.certificate)),
                              capture_output=True, text=True, timeout=120)
        equal(made.returncode, 0, made.stdout[-900:] + made.stderr[-900:])
        return place / "c/live/other.example.org/cert.pem"
    beside(t, certbot)


@test
def uacme_goes_on_working_beside_it(t):
    has_program("uacme")

    def uacme(t, authority, root):
        place, hook = t.dir / "uacme", t.dir / "hook"
        hook.write_text('#!/bin/sh\n[ "$2" = http-01 ] || exit 1\n'
                        'case $1 in begin) printf %%s "$5" >"%s/.well-known/acme-challenge/$4" ;; *) rm -f "%s/.well-known/acme-challenge/$4" ;; esac\n'
                        % (root, root))
        hook.chmod(0o755)
        # It verifies by the system's list alone: ours is laid over it in a space of mounts of its own.
        trusted = "mount --bind '%s' /etc/ssl/certs/ca-certificates.crt && exec " % authority.certificate
        for words in (["new"], ["-h", hook, "issue", "other.example.org"]):
            command = ["uacme", "-y", "-v", "-c", str(place), "-a", authority.url, *map(str, words)]
            made = subprocess.run(["unshare", "--mount", "sh", "-c", trusted + " ".join(command)], capture_output=True, text=True, timeout=120)
            if "unshare" in made.stderr or "mount:" in made.stderr:
                raise Skip("no space of mounts of its own: " + made.stderr[:200])
            equal(made.returncode, 0, made.stdout[-900:] + made.stderr[-900:])
        return place / "other.example.org/cert.pem"
    beside(t, uacme)
