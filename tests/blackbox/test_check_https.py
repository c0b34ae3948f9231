"""--check-https: checks whether a certificate can be ordered, before the first order."""
import http.server
import socket
import ssl
import subprocess
import threading

from harness import Settings, Skip, check, equal, free_port, matches, test
from https_radio import comes, radio
from own_authority import OwnAuthority


class Answers(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Others(Answers):
    server_version, sys_version = "nginx", ""

    def do_GET(self):
        self.send_error(404)


def on_port_80(t, host, handler):
    on_port(t, host, 80, handler)


def on_port(t, host, port, handler, context=None):
    try:
        server = http.server.ThreadingHTTPServer((host, port), handler)
    except PermissionError as error:
        raise Skip("port %d: %s" % (port, error))
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Closing:
        def close(self):
            server.shutdown()
            server.server_close()
    t.owned(Closing())


PATH = "/.well-known/acme-challenge/"


def served_from(state):
    """A server that answers with the files of a state directory, as ours does."""
    class Own(Answers):
        def translate_path(self, path):
            return str(state / "acme/challenges" / path.removeprefix(PATH))
    return Own


def asked(t, authority, names="localhost", more="", of_authority=""):
    server = t.unstarted_server(body='<acme names="%s"%s>%s</acme>' % (names, more, authority.element(of_authority)), paths="<state-dir>%s</state-dir>" % t.dir)
    server.write_config()
    made = subprocess.run([Settings.binary, "--check-https", server.config], capture_output=True, text=True, timeout=60)
    check(not (t.dir / "acme").exists() and not (server.dir / "web/.well-known").exists(), "nothing is left behind")
    return made.returncode, made.stdout + made.stderr


@test
def what_speaks_against_a_certificate_is_said_beforehand(t):
    authority = OwnAuthority(t)
    status, said = asked(t, authority, "localhost nowhere.invalid")
    equal(status, 1, said)
    matches(r"ok: 127\.0\.0\.1:\d+ answers; its profiles are classic shortlived; it says when to renew \(ARI\)\n", said)
    matches(r"ok: the clock of this machine is that of 127\.0\.0\.1:\d+\n", said)
    matches(r"ok: localhost leads to 127\.0\.0\.1, which is this machine\n", said)
    matches(r"wrong: nowhere\.invalid has no address \(.+\)\n", said)
    matches(r"(ok|wrong): port 443 of localhost: .+\n", said)
    equal(authority.orders, [], "orders")


@test
def a_clock_and_another_program_on_the_port_are_said_beforehand(t):
    authority = OwnAuthority(t)
    authority.ahead = -3 * 86400 - 100
    on_port_80(t, "127.0.80.1", Others)
    status, said = asked(t, authority, "127.0.80.1")
    equal(status, 1, said)
    matches(r"wrong: the clock of this machine is 3 d 0 h ahead of the CA's; players judge by their own clocks\n", said)
    matches(r"wrong: port 80 of 127\.0\.80\.1: answers, but not with this server: nginx", said)


@test
def one_port_that_leads_here_is_enough(t):
    authority = OwnAuthority(t)
    on_port_80(t, "127.0.80.2", served_from(t.dir))
    status, said = asked(t, authority, "127.0.80.2")
    matches(r"ok: port 80 of 127\.0\.80\.2: (this server answers|it leads here .+)\n", said)
    equal(status, 0, said)


@test
def only_the_ports_of_its_challenges_are_judged(t):
    authority = OwnAuthority(t)
    hook = ' dns-hook="/bin/true"'
    status, said = asked(t, authority, "localhost", hook + ' challenges="dns-01"')
    equal(status, 0, said)
    matches(r"ok: localhost: the CA asks for it by dns-01, which needs no port\n", said)
    check(": port " not in said, said)
    status, said = asked(t, authority, "localhost", hook + ' challenges="dns-01 http-01" ports="off"')
    equal(status, 0, said)
    check("port 80 of localhost" in said and "port 443" not in said, said)
    on_port_80(t, "127.0.0.1", served_from(t.dir))
    status, said = asked(t, authority, "localhost", ' challenges="tls-alpn-01" ports="off"')
    equal(status, 1, said)
    check("port 443 of localhost" in said and "port 80" not in said, said)
    equal(asked(t, authority, "off"), (1, "wrong: no certificate is ordered: there is no <acme> with names\n"))


@test
def what_a_directory_says_that_an_order_would_fail_with_is_said(t):
    authority = OwnAuthority(t)
    authority.meta["externalAccountRequired"] = True
    status, said = asked(t, authority, of_authority=' profile="nope"')
    equal(status, 1, said)
    matches(r'wrong: 127\.0\.0\.1:\d+ has no profile "nope"\n', said)
    matches(r"wrong: 127\.0\.0\.1:\d+ wants an external account \(eab-kid, eab-key\)\n", said)


@test
def a_running_server_answers_with_the_token_of_its_state_directory(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port())
    server.start()
    comes(server)
    there = server.state / "acme/challenges"
    there.mkdir()
    there.chmod(0o755)
    token = "K" * 43
    (there / token).write_text(token + "." + "x" * 43)
    for ask in ("", "?lb=1"):
        answer = server.get(PATH + token + ask)
        equal((answer.status, answer.text), (200, token + "." + "x" * 43), ask)
    # Only what has the form of an answer is given.
    for name, text in (("L" * 43, "root:x:0:0"), ("M" * 43, "M" * 43 + "." + "x" * 42 + "\n")):
        (there / name).write_text(text)
        equal(server.get(PATH + name).status, 404, text)


def free_here(t, host):
    for port in (80, 443):
        try:
            with socket.socket() as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((host, port))
        except OSError as error:
            raise Skip("port %d: %s" % (port, error))


def without_ports(t, host):
    """A server that is not started, with a name whose address has ports 80 and 443 free."""
    free_here(t, host)
    server = t.unstarted_server(
        sockets="<listen-socket><port>8000</port><bind-address>%s</bind-address></listen-socket>" % host,
        body='<acme names="%s">%s</acme>' % (host, OwnAuthority(t).element()), paths="<state-dir>%s</state-dir>" % t.dir)
    server.write_config()
    return server


@test
def where_no_server_runs_it_opens_the_ports_itself(t):
    server = without_ports(t, "127.0.80.3")
    made = subprocess.run([Settings.binary, "--check-https", server.config], capture_output=True, text=True, timeout=60)
    said = made.stdout + made.stderr
    for port in (80, 443):
        matches(r"ok: port %d of 127\.0\.80\.3: it leads here \(no server has it now, and this command answered\)\n" % port, said)
    equal(made.returncode, 0, said)
    check(not (t.dir / "acme").exists(), "no file is left")


@test
def a_certificate_that_nothing_trusts_does_not_matter(t):
    server = without_ports(t, "127.0.80.6")
    key, own = t.dir / "own.key", t.dir / "own.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", own,
                    "-days", "1", "-subj", "/CN=other.example"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, key)
    on_port(t, "127.0.80.6", 443, served_from(t.dir), context)
    made = subprocess.run([Settings.binary, "--check-https", server.config], capture_output=True, text=True, timeout=60)
    matches(r"ok: port 443 of 127\.0\.80\.6: this server answers\n", made.stdout + made.stderr)


def first_order(t, host, handler, names):
    """The log of a server that orders a certificate for these names for the first time, once it has the certificate."""
    on_port_80(t, host, handler)
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port(), acme="<names>%s</names><challenges>http-01</challenges>" % names)
    authority.held["new"] = threading.Event()
    server.start()
    return authority, server


@test
def before_the_first_order_the_names_are_asked_from_here(t):
    authority, server = first_order(t, "127.0.80.4", Others, "127.0.80.4 nowhere.invalid")
    server.wait_for_log(r"WARN tls/acme 127\.0\.80\.4 does not lead to this server as seen from here \(port 80: answers, but not with this server: nginx\); "
                        r"its certificate is ordered all the same, as a router may not lead back into its own network$")
    server.wait_for_log(r"WARN tls/acme nowhere\.invalid does not lead to this server as seen from here \(port 80: Could not resolve host: .*\); its certificate")
    authority.held["new"].set()
    comes(server)
    # A renewal does not ask.
    server.reload(body=server.slots["body"].replace("127.0.80.4 nowhere", "127.0.80.4 www.example.org nowhere"))
    comes(server, 2)
    equal(server.log().count("as seen from here"), 2, "lines")


@test
def a_name_that_leads_here_is_not_spoken_of(t):
    asked, started, servers = threading.Event(), threading.Event(), []

    class Passes(Answers):
        """A proxy on port 80.  It waits for the test, because a server may ask before the test knows that it has
        started."""
        def do_GET(self):
            started.wait(20)
            reply = servers[0].get(self.path)
            self.send_response(reply.status)
            self.end_headers()
            self.wfile.write(reply.body)
            asked.set()
    authority, server = first_order(t, "127.0.80.5", Passes, "127.0.80.5")
    servers.append(server)
    started.set()
    check(asked.wait(20), "it is asked")
    authority.held["new"].set()
    comes(server)
    check("as seen from here" not in server.log(), server.log()[-900:])
