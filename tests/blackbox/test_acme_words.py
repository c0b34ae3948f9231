"""Problems of certificates: the log, the list and the event use the same words; one row for each case of
doc/https.md."""
import re
import subprocess
import time

from events import Events
from harness import ADMIN, Settings, check, equal, free_port, matches, test, wait_for
from https_radio import NAME, comes, radio
from own_authority import OwnAuthority

HTML = 'Invalid response from http://%s/.well-known/acme-challenge/t: "<html>404 Not Found</title><center>nginx</center>"' % NAME
AGAIN = r"; again (at \d\d:\d\d|on \d{4}-\d\d-\d\d at \d\d:\d\d)"
# kind of the event; what the authority does: (attribute, value); the reason; what follows it in the line, and for how long it is quiet at least.
ROWS = [
    ("dns", ("invalid", ("dns", "DNS problem: NXDOMAIN looking up A for %s" % NAME, "")),
     r"the CA found no address for it \(DNS: NXDOMAIN\)", AGAIN, None),
    ("unauthorized", ("invalid", ("unauthorized", "203.0.113.9: " + HTML, "203.0.113.9")),
     r"the CA reached 203\.0\.113\.9, which is not this server \(404 from nginx\); does the name lead here\?", AGAIN, None),
    ("connection", ("invalid", ("connection", "Timeout during connect", "198.51.100.4")),
     r"the CA could not connect to port 80 of 198\.51\.100\.4; is it open in the firewall\?", AGAIN, None),
    ("unavailable", ("instead", {"new": [(503, "serverInternal", "down", {})]}),
     r"127\.0\.0\.1:\d+ has not answered since \d\d:\d\d \(503: down\)", r"; there is no certificate" + AGAIN, None),
    ("limit", ("instead", {"new": [(429, "rateLimited", 'too many certificates (50) already issued for "example.org"', {"Retry-After": "90000"})]}),
     r"too many certificates for example\.org \(CA: retry after \d{4}-\d\d-\d\dT\d\d:\d\dZ\)", "; nothing is asked before that", 90000),
    ("refused", ("instead", {"new": [(403, "caa", "CAA forbids it", {})]}), r"the CA refuses it \(CAA forbids it\)", AGAIN, 86400),
]


def fails(server, events, number):
    server.reload(body=re.sub("<acme>(<email>.*</email>)?", "<acme><email>a%d@example.org</email>" % number, server.slots["body"]))
    return events.next("certificate-failed")


@test
def line_list_and_event_say_the_same(t):
    authority = OwnAuthority(t)
    authority.instead["new"] = [(503, "serverInternal", "at first", {})]
    server = radio(t, authority, free_port(), acme="<challenges>http-01</challenges>", more="<console/>").start()
    wait_for(lambda: "no certificate for" in server.log(), "the first attempt fails: " + server.log()[-900:])
    events = Events(server)
    for number, (kind, (attribute, value), reason, rest, quiet) in enumerate(ROWS):
        authority.invalid, authority.instead = None, {}
        setattr(authority, attribute, value)
        failed = fails(server, events, number)
        equal((failed["subject"], failed["names"], failed["directory"], failed["kind"]), (NAME, NAME, authority.url, kind), "the event")
        matches("^" + reason + "$", failed["why"])
        server.wait_for_log(r"EROR tls/acme no certificate for radio\.example\.org: %s%s\n" % (re.escape(failed["why"]), rest))
        shown, = server.get("/api/v1/certificates", ADMIN).json()["items"]
        equal((shown["failure"], shown["next"]), (failed["why"], int(failed["next"])), "the list")
        left = int(failed["next"]) - time.time()
        # Or by the back-off, which is a day and a tenth at most.
        check((quiet or 30) - 30 < left <= max(quiet or 0, 1.1 * 86400) + 1, "%s: again in %d s" % (kind, left))
    # The account is lost twice: the first time another one is made at once.
    authority.invalid, authority.instead = None, {"new": [(400, "accountDoesNotExist", "who?", {})] * 2}
    failed = fails(server, events, len(ROWS))
    equal((failed["kind"], failed["why"]), ("account", "the CA does not know the account (who?)"))
    equal(server.log().count("any more; a new one is made"), 1, "accounts that are made again in a day")
    # What is mended has no words any more.
    server.reload(body=server.slots["body"].replace("<email>a", "<email>b"))
    comes(server)
    shown, = server.get("/api/v1/certificates", ADMIN).json()["items"]
    equal((shown["failure"], shown["failures"]), (None, 0), "the list")
    equal(Events(server, last_id="0").next("certificate")["why"], "first")


@test
def what_cannot_be_kept_is_an_event_too(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    (server.state / "acme/certificates").chmod(0o500)
    events = Events(server)
    server.reload(body=server.slots["body"].replace("<acme>", "<acme><names>%s www.example.org</names>" % NAME))
    failed = events.next("certificate-failed")
    equal((failed["kind"], failed["why"]), ("own", "the new certificate is in use but could not be kept (Permission denied): after a restart it is ordered again"))
    check(abs(int(failed["next"]) - time.time() - 600) < 30, "it is tried again in ten minutes: %s" % failed)
    matches(r"EROR tls/acme %s\n" % re.escape(failed["why"]), server.log())
    shown, = server.get("/api/v1/certificates", ADMIN).json()["items"]
    equal(shown["failure"], failed["why"], "the list")
    (server.state / "acme/certificates").chmod(0o700)


@test
def what_cannot_be_kept_from_the_first_order_on_says_what_it_costs(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port())
    server.state.chmod(0o555)
    comes(server.start())
    refused = r" could not be kept \(%s/acme: Permission denied\): " % re.escape(str(server.state))
    for level, said in (("EROR", "the key of the account" + refused + "after a restart another account is made"),
                        ("WARN", "the address of the account" + refused + "the CA finds it again by its key"),
                        ("WARN", r"the order of a certificate for radio\.example\.org" + refused + "after a restart before its end another one is made"),
                        ("EROR", r"the new certificate is in use but could not be kept \(Permission denied\): after a restart it is ordered again")):
        matches("%s tls/acme %s\n" % (level, said), server.log())
    authority.instead["new"] = [(503, "serverInternal", "down", {})]
    server.reload(body=server.slots["body"].replace("<acme>", "<acme><names>%s www.example.org</names>" % NAME))
    server.wait_for_log(r"WARN tls/acme the next attempt for radio\.example\.org www\.example\.org" + refused + "after a restart it is made at once\n")


@test
def a_hook_that_cannot_be_run_is_said_by_the_check(t):
    state, hook = t.dir / "state", t.dir / "hook"
    state.mkdir()
    server = t.unstarted_server(body="<hostname>%s</hostname><acme><dns-hook>%s</dns-hook><challenges>dns-01</challenges></acme>" % (NAME, hook),
                                paths="<state-dir>%s</state-dir>" % state)
    for mode, fault in ((None, "No such file or directory"), (0o644, "Permission denied")):
        if mode:
            hook.write_text("#!/bin/sh\n")
            hook.chmod(mode)
        said = subprocess.run([Settings.binary, "--check-config", server.config], capture_output=True, text=True, timeout=60)
        equal(said.returncode, 1, said.stdout + said.stderr)
        matches(r'error: <dns-hook>: "%s": %s(?: for \S+)?; dns-01 will fail\n' % (re.escape(str(hook)), fault), said.stdout + said.stderr)
