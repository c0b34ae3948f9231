"""A hostile or broken authority: each of its faults causes a log line and a time for the next attempt; nothing hangs or
grows, and nothing invalid is used."""
import re
import shutil
import ssl

import hostile
from harness import Failed, check, equal, free_port, test, wait_for
from https_radio import NAME, comes, radio, verified
from own_authority import OwnAuthority
from witness import Witness

JSON, ORDER = r"the CA's answer about https://\S+ is not a JSON object", b"201 Created\r\nLocation: https://127.0.0.1:1/"
UNANSWERED = r"127\.0\.0\.1:\d+ has not answered since \d\d:\d\d "


def says(body, status=b"200 OK"):
    return lambda write: write(b"HTTP/1.1 %s\r\nReplay-Nonce: bm9uY2U\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


# What is asked for, what is answered, and the reason in the line.
ANSWERS = [
    ("dir", hostile.endless_body, JSON), ("dir", hostile.to_itself, JSON), ("dir", hostile.to_a_file, JSON), ("dir", hostile.deep, JSON),
    ("dir", hostile.endless_head, UNANSWERED), ("dir", hostile.endless_continue, UNANSWERED), ("dir", hostile.garbage, UNANSWERED),
    ("dir", says(b'{"newNonce":"file:///etc/passwd","newAccount":[],"newOrder":7,"meta":"x"}'), "is not an ACME directory"),
    ("account", hostile.endless_body, JSON),
    ("account", says(b"{}", b"201 Created\r\nLocation: http://127.0.0.1:1/"), "names no account"),
    ("account", says(b'{"type":"urn:ietf:params:acme:error:badNonce","detail":"again"}', b"400 Bad Request"), r"the CA refuses it \(again\)"),
    ("account", says(b'{"type":"urn:ietf:params:acme:error:unauthorized","detail":"the MAC is wrong"}', b"403 Forbidden"), r": the CA refuses it \(the MAC is wrong\); again"),
    ("new", says(b'{"type":"urn:ietf:params:acme:error:unauthorized","detail":"deactivated"}', b"403 Forbidden"), r": the CA refuses it \(deactivated\); again"),
    ("finalize", says(b'{"type":"urn:ietf:params:acme:error:dns","detail":"CAA: SERVFAIL"}', b"403 Forbidden"), r": the CA refuses it \(CAA: SERVFAIL\); again"),
    ("new", says(b'{"finalize":"https://127.0.0.1:1/","authorizations":["file:///etc/passwd"]}', ORDER), "names no https URL to go on with"),
    ("new", says(b'{"finalize":"https://127.0.0.1:1/","authorizations":["https://127.0.0.1:1/"]}', ORDER), UNANSWERED),
    ("new", says(b'{"authorizations":[%s"x"]}' % (b'"x",' * 12000), ORDER), "is not a readable order"),
    ("new", says(b'{"detail":"%s"}' % (b"\\u001b[2J\\n" * 4000), b"429 Too Many\r\nRetry-After: 99999999999999999999"), r"\(CA: (\[2J){40,99}[^\n]{0,3}\)"),
    ("new", says(b"", b"503 Down\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\nDate: Fri, 31 Dec 9999 23:59:59 GMT"), UNANSWERED + r"\(503\)"),
    ("authorization", says(b'{"status":"pending","identifier":{"value":"www.example.net"}}'), "is about a name that was not ordered"),
    ("finalize", says(b'{"status":"invalid"}', b"200 OK\r\nRetry-After: 86400"), r": the CA's answer about https://\S+ is invalid; again at"),
    ("chain", hostile.endless_body, "what the CA gave cannot be used: no certificate: no start line"),
]


@test
def what_an_authority_answers_ends_in_a_line(t):
    authority = OwnAuthority(t)
    authority.instead["new"] = [(503, "serverInternal", "at first", {})]
    server = radio(t, authority, free_port(), acme="<challenges>http-01</challenges>").start()
    wait_for(lambda: "no certificate for" in server.log(), "the first attempt fails: " + server.log()[-900:])
    witness = Witness(server)
    for number, (part, answer, reason) in enumerate(ANSWERS):
        authority.raw = {part: answer}
        shutil.rmtree(server.state / "acme/accounts", ignore_errors=True)
        name = "r%d.example.org" % number
        server.reload(body=re.sub("<acme>(<names>.*</names>)?", "<acme><names>%s</names>" % name, server.slots["body"]))
        line = server.wait_for_log(r"EROR tls/acme no certificate for %s: .*\n" % re.escape(name)).group(0)
        check(re.search(reason, line) and len(line) < 600, "%s: %r for %r" % (part, line, reason))
    witness.end()
    check("PRIVATE KEY" not in server.log(), "no key is in the log")


# Chain and key are one file: what is in it besides would be loaded in place of them, or keep it from being loaded.
@test
def a_chain_that_could_not_be_loaded_takes_no_place(t):
    authority = OwnAuthority(t)
    own = authority.certificate.read_bytes()
    key = (authority.dir / "key.pem").read_bytes()
    server = radio(t, authority, free_port()).start()
    comes(server)
    body, file = server.slots["body"], server.state / "acme/certificates" / (NAME + ".pem")
    good = file.read_text()
    for number, (sent, reason) in enumerate([(lambda chain: chain + 10000 * own, "the chain has more than 16 certificates"),
                                             (lambda chain: chain + own[:-60], "no certificate: bad end line"),
                                             (lambda chain: key + chain, "the chain has a block that is not a certificate"),
                                             (lambda chain: own, "the first certificate of the chain is of another key than the request")]):
        authority.sent = sent
        server.reload(body=body.replace("<acme>", "<acme><names>%s w%d.example.org</names>" % (NAME, number)))
        server.wait_for_log(r"no certificate for %s w%d\.example\.org: what the CA gave cannot be used: %s; the certificate in use is valid for 89 days" % (
            re.escape(NAME), number, reason))
        server.wire(server.tls, wrap=verified(authority)).close()
    equal(file.read_text(), good, "the one that is kept")
    authority.sent = lambda chain: (b"subject: radio\n" + chain).rstrip(b"\n")
    server.reload(body=body.replace("<acme>", "<acme><names>%s last.example.org</names>" % NAME))
    wait_for(lambda: "radio.example.org, last.example.org" in server.log(), "it is loaded: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority, "last.example.org")).close()


@test
def what_ends_in_9999_is_used_and_a_window_there_is_none(t):
    authority = OwnAuthority(t)
    authority.dates = ("20260101000000Z", "99991231235959Z")
    server = radio(t, authority, free_port()).start()
    authority.raw = {"renewal": says(b'{"suggestedWindow":{"start":"9999-01-01T00:00:00Z","end":"9999-12-31T00:00:00Z"}}')}
    comes(server)
    server.wire(server.tls, wrap=verified(authority)).close()
    wait_for(lambda: "renewal" in authority.asked, "the window is asked for")
    equal(server.get("/metrics").status, 200)
    equal(len(authority.orders), 1, "orders")
