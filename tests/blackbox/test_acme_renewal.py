"""The time of renewals, their authority, and the messages of failures, with an authority for tests."""
import json
import os
import re
import time

from authority import Authority
from events import Events
from harness import ADMIN, Skip, check, equal, free_port, listen_socket, matches, test, wait_for
from https_radio import NAME, comes, radio, verified
from own_authority import OwnAuthority


def own_radio(t, authority, **more):
    return radio(t, authority, free_port(), **more)


def kept(server, **changes):
    """The stored state of the order; with changes, as if time had passed."""
    file = server.state / "acme/certificates" / (NAME + ".json")
    text = json.loads(file.read_text())
    if changes:
        file.write_text(json.dumps({**text, **changes}))
    return text


def keep_beforehand(server, **what):
    there = server.state / "acme/certificates"
    there.mkdir(parents=True, exist_ok=True)
    there.parent.chmod(0o777)
    there.chmod(0o777)
    (there / (NAME + ".json")).write_text(json.dumps({"names": [NAME], **what}))
    (there / (NAME + ".json")).chmod(0o666)


@test
def a_window_that_is_now_replaces_the_certificate(t):
    authority = OwnAuthority(t)
    authority.window = (86400, 2 * 86400)
    server = own_radio(t, authority).start()
    comes(server)
    wait_for(lambda: "wants the certificate" in server.log(), "the window is asked for: " + server.log()[-900:])
    matches(r"INFO tls/acme 127\.0\.0\.1:\d+ wants the certificate for radio\.example\.org to be renewed between \d{4}-\d\d-\d\d at \d\d:\d\d and "
            r"\d{4}-\d\d-\d\d at \d\d:\d\d, see https://127\.0\.0\.1:\d+/why; it is renewed on \d{4}-\d\d-\d\d at \d\d:\d\d", server.log())
    server.stop()
    equal(len(authority.orders), 1, "orders")
    check("replaces" not in authority.orders[0], "the first replaces none")
    kept(server, next=0)  # it came more than an hour ago
    authority.window = (-7200, -3600)
    server.start()
    wait_for(lambda: len(authority.orders) == 2, "it is ordered: " + server.log()[-900:])
    equal(authority.orders[1]["replaces"], authority.windows[0], "the certificate that is replaced")
    comes(server, 2)
    # A window that is over when its certificate comes does not go round.
    wait_for(lambda: len(authority.windows) >= 3, "the window of the new one is asked for")
    server.get("/status-json.xsl")
    equal(len(authority.orders), 2, "orders")
    check(authority.windows[2] != authority.windows[0], "it is another certificate")


@test
def a_window_that_moves_to_now_replaces_it_within_a_minute(t):
    if not os.environ.get("LB_FULL"):
        raise Skip("LB_FULL=1: the authority is asked once a minute")
    authority = OwnAuthority(t)
    authority.window = (86400, 2 * 86400)
    server = own_radio(t, authority).start()
    comes(server)
    wait_for(lambda: authority.windows, "the window is asked for")
    authority.window = (-7200, -3600)
    moved = time.monotonic()
    wait_for(lambda: server.log().count("a new certificate for") == 2, "it is replaced: " + server.log()[-900:], 70)
    check(time.monotonic() - moved <= 61, "after %.1f s" % (time.monotonic() - moved))
    equal(authority.orders[1]["replaces"], authority.windows[0], "the certificate that is replaced")


@test
def an_order_that_was_replaced_already_is_ordered_once_more_without(t):
    authority = OwnAuthority(t)
    server = own_radio(t, authority).start()
    comes(server)
    server.stop()
    kept(server, next=0)
    authority.window = (-7200, -3600)
    authority.instead["new"] = [(409, "alreadyReplaced", "by another", {})]
    server.start()
    comes(server, 2)
    check("replaces" not in authority.orders[-1], "the second one names none: %s" % authority.orders[-1])


@test
def a_limit_is_obeyed_to_the_second(t):
    authority = OwnAuthority(t)
    authority.instead["new"] = [(429, "rateLimited", 'too many certificates (50) already issued for "example.org"', {"Retry-After": "7200"})]
    server = own_radio(t, authority).start()
    wait_for(lambda: "no certificate for" in server.log(), "it fails: " + server.log()[-900:])
    matches(r"EROR tls/acme no certificate for radio\.example\.org: too many certificates for example\.org "
            r"\(CA: retry after \d{4}-\d\d-\d\dT\d\d:\d\dZ\); nothing is asked before that\n", server.log())
    wait_for((server.state / "acme/certificates" / (NAME + ".json")).exists, "it is kept")
    check(abs(kept(server)["next"] - time.time() - 7200) < 30, "the moment: %s" % kept(server))
    # Nor is it by a reload that changes only how listeners are led to https.
    asked = len(authority.asked)
    server.reload(body=server.slots["body"].replace("<acme>", "<acme><hsts>1h</hsts><redirect>all</redirect>"))
    server.reload()
    equal((len(authority.asked), server.log().count("no certificate for")), (asked, 1), "questions to the authority, and failures")


@test
def an_authority_that_fails_makes_way_for_the_next(t):
    first, second = OwnAuthority(t, "first"), OwnAuthority(t, "second")
    first.instead["new"] = [(503, "serverInternal", "down for maintenance", {})] * 9
    server = own_radio(t, first).start()
    wait_for(lambda: "no certificate for" in server.log(), "it fails: " + server.log()[-900:])
    matches(r"no certificate for radio\.example\.org: 127\.0\.0\.1:\d+ has not answered since \d\d:\d\d \(503: down for maintenance\); there is no certificate; again at", server.log())
    server.stop()
    server.write_config(body="<hostname>%s</hostname><acme><ports>off</ports>%s%s</acme>" % (NAME, first.element(), second.element()))
    kept(server, since=int(time.time()) - 700, next=0)
    server.start()
    comes(server)
    matches(r"no certificate for radio\.example\.org: 127\.0\.0\.1:\d+ has not answered since \S+ \(503: down for maintenance\); "
            r"127\.0\.0\.1:%s is asked instead\n" % second.base.rsplit(":", 1)[1], server.log())
    server.wire(server.tls, wrap=verified(second)).close()
    equal((len(first.orders), len(second.orders)), (0, 1), "orders")
    equal(kept(server)["directory"], first.url, "a renewal begins with the first")
    equal(kept(server)["issuer"], second.url, "who has given it")


@test
def staging_is_asked_until_it_is_shown_the_names(t):
    authority, staging = OwnAuthority(t), OwnAuthority(t, "staging")
    server = own_radio(t, authority)
    server.write_config(body="<hostname>%s</hostname><acme><ports>off</ports>%s</acme>" % (NAME, authority.element(' staging="%s"' % staging.url)))
    # Both are trusted by one file.
    authority.certificate.write_text(authority.certificate.read_text() + staging.certificate.read_text())
    keep_beforehand(server, directory=authority.url, failures=2, tries=2, unshown=2)
    server.start()
    comes(server)
    matches(r"tls/acme 127\.0\.0\.1:\d+ was shown radio\.example\.org; 127\.0\.0\.1:\d+ is asked again\n", server.log())
    equal((len(staging.orders), len(authority.orders)), (1, 1), "orders")
    server.wire(server.tls, wrap=verified(authority)).close()
    equal(len(list((server.state / "acme/accounts").iterdir())), 2, "accounts")


@test
def an_account_that_is_lost_is_made_again(t):
    authority = OwnAuthority(t)
    server = own_radio(t, authority).start()
    comes(server)
    server.stop()
    kept(server, next=0)
    authority.window = (-7200, -3600)
    authority.instead["new"] = [(400, "accountDoesNotExist", "who?", {})]
    server.start()
    comes(server, 2)
    matches(r"WARN tls/acme the CA does not know the account in accounts/127\.0\.0\.1-[0-9a-f]{8}\.json any more; a new one is made\n", server.log())
    equal(authority.accounts, 2, "accounts")
    check("no certificate for" not in server.log(), "it is one attempt")


@test
def a_clock_that_is_wrong_is_said(t):
    authority = OwnAuthority(t)
    authority.ahead = 3 * 3600 + 12 * 60 + 20
    server = own_radio(t, authority).start()
    comes(server)
    matches(r"WARN tls/acme the clock of this machine is 3 h 12 min behind the CA's; players judge by their own clocks\n", server.log())


@test
def a_chain_is_judged_by_the_clock_of_its_authority(t):
    for days, said in ((2, "1 d 23 h behind|2 d 0 h behind"), (-100, "100 d 0 h ahead of")):
        authority = OwnAuthority(t, "own%d" % days)
        authority.ahead = days * 86400
        authority.dates = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + (days + d) * 86400)) for d in (-1 / 24, 90)]
        server = own_radio(t, authority, acme="<names>d%d.example.org</names>" % abs(days)).start()
        comes(server)
        matches("WARN tls/acme the clock of this machine is (%s) the CA's" % said, server.log())
        equal(len(authority.orders), 1, "orders")


@test
def an_attempt_that_a_clock_ahead_has_planned_is_made_now(t):
    authority = OwnAuthority(t)
    server = own_radio(t, authority)
    then = int(time.time()) + 1000 * 86400
    keep_beforehand(server, directory=authority.url, failures=1, tries=1, next=then, since=then - 60, began=then - 60)
    comes(server.start())


@test
def one_that_cannot_be_kept_is_in_use_all_the_same(t):
    authority = OwnAuthority(t)
    server = own_radio(t, authority).start()
    comes(server)
    (server.state / "acme/certificates").chmod(0o500)
    body = server.slots["body"]
    server.reload(body=body.replace("<acme>", "<acme><names>%s www.example.org</names>" % NAME))
    comes(server, 2)
    matches(r"EROR tls/acme the new certificate is in use but could not be kept \(Permission denied\): after a restart it is ordered again\n", server.log())
    wait_for(lambda: "certificate for radio.example.org, www.example.org" in server.log(), "it is loaded: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority, "www.example.org")).close()
    (server.state / "acme/certificates").chmod(0o700)
    server.stop()
    server.start()
    comes(server, 3)
    equal(len(authority.orders), 3, "orders")


@test
def one_that_has_expired_is_said_and_the_node_stays_up(t):
    port = free_port()
    authority = Authority(t, port, validity=4)
    server = radio(t, authority, port).start()
    comes(server)
    authority.close()
    wait_for(lambda: "players refuse it" in server.log(), "it is said: " + server.log()[-900:], 20)
    matches(r"EROR tls/acme the certificate for radio\.example\.org expired on \d{4}-\d\d-\d\d at \d\d:\d\d; players refuse it\n", server.log())
    events = Events(server, last_id="0")
    while (failed := events.next("certificate-failed"))["kind"] != "expired":
        equal(failed["kind"], "unavailable", "what comes before it")
    matches(r"^the certificate for radio\.example\.org expired on \d{4}-\d\d-\d\d at \d\d:\d\d; players refuse it$", failed["why"])
    health = server.get("/_lb/health")
    equal((health.status, health.json()["certificate"]), (200, "expired"))


@test
def a_profile_is_one_of_the_directorys(t):
    authority = OwnAuthority(t)
    server = own_radio(t, authority)
    server.write_config(body="<hostname>%s</hostname><acme><ports>off</ports>%s</acme>" % (NAME, authority.element(' profile="tlsserver"')))
    server.start()
    wait_for(lambda: 'the CA has no profile "tlsserver"' in server.log(), "it is said: " + server.log()[-900:])
    server.reload(body="<hostname>%s</hostname><acme><ports>off</ports>%s</acme>" % (NAME, authority.element(' profile="shortlived"')))
    comes(server)
    equal(authority.orders[-1]["profile"], "shortlived")


@test
def a_port_that_may_not_be_opened_is_said_with_what_to_do(t):
    authority = OwnAuthority(t)
    server = own_radio(t, authority).start()
    comes(server)
    server.reload(sockets=server.slots["sockets"] + listen_socket(443, "<ssl>1</ssl>"))
    wait_for(lambda: "cannot bind" in server.log(), "it is said: " + server.log()[-900:])
    matches(r"listen-socket 127\.0\.0\.1:443: cannot bind \(Permission denied\); ports below 1024 are opened at a start as root with <changeowner>, or with "
            r"CAP_NET_BIND_SERVICE; it is skipped, a restart opens it\n", server.log())
    equal(server.get("/status-json.xsl", ADMIN).status, 200, "the other ports are served")


@test
def what_is_in_use_is_said_where_it_is_of_other_names(t):
    authority = OwnAuthority(t)
    server = own_radio(t, authority, acme="<names>a.example.org %s x.example.org</names>" % NAME).start()
    comes(server)
    for names, said in (("%s a.example.org" % NAME, "the certificate in use is valid for 89 days"), (NAME, "the certificate in use is valid for 89 days"),
                        ("b.example.org %s" % NAME, r"there is no certificate for b\.example\.org"), ("b.example.org c.example.org", "there is no certificate")):
        authority.instead["new"] = [(503, "serverInternal", "down", {})]
        server.reload(body=re.sub("<names>.*</names>", "<names>%s</names>" % names, server.slots["body"]))
        server.wait_for_log(r"no certificate for %s: 127\.0\.0\.1:\d+ has not answered since \S+ \(503: down\); %s; again at" % (re.escape(names), said))
        if NAME in names:
            server.wire(server.tls, wrap=verified(authority)).close()
    # One that has expired is not none.
    file = server.state / "acme/certificates" / ("b.example.org.pem")
    authority.dates = ("20250101000000Z", "20260101000000Z")
    key = authority.run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    (authority.dir / "its.pem").write_bytes(key)
    request = authority.run("req", "-new", "-outform", "DER", "-key", "its.pem", "-subj", "/CN=x", "-addext", "subjectAltName=DNS:b.example.org,DNS:c.example.org")
    server.stop()
    file.write_bytes(authority.issue(request) + key)
    authority.instead["new"] = [(503, "serverInternal", "down", {})]
    file.with_suffix(".json").unlink()
    server.start()
    server.wait_for_log(r"no certificate for b\.example\.org c\.example\.org: .* \(503: down\); the certificate in use has expired; again at")


@test
def no_line_asks_to_renew_what_is_renewed_by_itself(t):
    authority = OwnAuthority(t)
    authority.dates = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400)) for days in (0, 6)]
    server = own_radio(t, authority).start()
    comes(server)
    server.reload(body=server.slots["body"] + "<location>here</location>")
    check("renew it" not in server.log(), "it is not asked for: " + server.log()[-900:])
