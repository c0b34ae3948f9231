"""https without manual work: the server orders certificates, uses them without a restart, keeps and renews them."""
import json
import re
import socket
import ssl
import stat
import subprocess
import time

from authority import Authority
from events import Events
from harness import ADMIN, check, equal, free_port, listen_socket, matches, test, wait_for
from https_radio import NAME, comes, radio, verified
from own_authority import OwnAuthority


@test
def a_listener_hears_over_https_without_a_restart(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port).start()
    plain = server.source()
    comes(server)
    listener = server.listener(port=server.tls, wrap=verified(authority))
    sent = plain.play(200)
    check(listener.read(100 * 384) in sent, "what came differs from what was sent")
    matches(r"an account was made at https://\S+, whose terms are data:text/plain", server.log())
    # Key and account are the server's alone.
    for file in (server.state / "acme").rglob("*.*"):
        equal(file.stat().st_mode & 0o777, 0o600, file.name)
    equal((server.state / "acme").stat().st_mode & 0o777, 0o700)
    check("PRIVATE KEY" not in server.log() + server.out.read_text(), "no key is in a log")


@test
def acme_alone_opens_the_ports_that_it_needs(t):
    http, https, plain = free_port(), free_port(), free_port()
    authority = Authority(t, http, tls_port=https)
    server = radio(t, authority, plain, acme="<ports>%d %d</ports>" % (http, https))
    server.write_config(sockets=listen_socket(plain))
    server.tls = https
    server.start()
    equal(sorted(server.ports), sorted((plain, http, https)), "ports")
    source = server.source()
    comes(server)
    listener = server.listener(port=https, wrap=verified(authority))
    sent = source.play(200)
    check(listener.read(100 * 384) in sent, "what came differs from what was sent")
    # A router passes 443 on, too, where it passes 80 on.
    for asked, to in ((":%d" % http, ":%d" % https), ("", "")):
        page = server.ask("GET /status.xsl HTTP/1.0", headers=["Host: " + NAME + asked, "Accept: text/html"], port=http)
        equal((page.status, page.get("Location")), (308, "https://%s%s/status.xsl" % (NAME, to)), asked)
    # By a reload they come and go, too.
    server.reload(body=server.slots["body"].replace("<ports>%d %d</ports>" % (http, https), "<ports>off</ports>"))
    wait_for(lambda: server.log().count("is closed") == 2, "both are closed: " + server.log()[-900:])
    server.reload(body=server.slots["body"].replace("<ports>off</ports>", "<ports>%d %d</ports>" % (http, https)))
    wait_for(lambda: "port %d is open" % https in server.log(), "both are open again: " + server.log()[-900:])
    server.wire(https, wrap=verified(authority)).close()


@test
def a_port_of_another_program_is_said_once_and_no_browser_is_sent_there(t):
    http, plain = free_port(), free_port()
    authority = Authority(t, http)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        https = other.getsockname()[1]
        server = radio(t, authority, plain, acme="<ports>%d %d</ports>" % (http, https))
        server.write_config(sockets=listen_socket(plain))
        server.start()
        comes(server)
        server.wait_for_log(r"EROR \S+ listen-socket 127\.0\.0\.1:%d: cannot bind \(Address already in use\)" % https)
        equal(server.log().count("cannot bind"), 1, server.log())
        equal(server.get("/status.xsl", headers=["Host: " + NAME, "Accept: text/html"]).status, 200)


@test
def a_file_that_is_broken_is_ordered_anew(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port).start()
    comes(server)
    file = server.state / "acme/certificates" / (NAME + ".pem")
    good = file.read_text()
    other = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], check=True, capture_output=True, text=True).stdout
    chain = good[:good.index("-----BEGIN PRIVATE KEY")]
    for number, broken in enumerate((good[:700], "", chain, chain + other), 2):
        server.stop()
        file.write_text(broken)
        server.start()
        wait_for(lambda: server.log().count("a new certificate for") >= number, "it is ordered anew: " + server.log()[-900:])
        wait_for(lambda: server.log().count("is in use, from") >= number, "it is loaded: " + server.log()[-900:])
        server.wire(server.tls, wrap=verified(authority)).close()


@test
def what_is_written_empty_is_off(t):
    server = t.server()
    for element in ('<acme names="" ports=""/>', "<acme><names></names><ports> </ports></acme>", '<acme names="off" ports="off"/>'):
        server.write_config(body="<hostname>%s</hostname>%s" % (NAME, element))
        status, out, errors = t.run("--dump-config", server.config)
        equal((status, re.findall(r"acme\[1\]/(names|ports) = (\S+)", out), "443" in out), (0, [("names", "off"), ("ports", "off")], False), element + errors)


@test
def a_name_beyond_ascii_is_ordered_as_dns_has_it(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port, acme="<names>München.example.org. %s</names>" % NAME).start()
    comes(server)
    for name in ("xn--mnchen-3ya.example.org", NAME):
        server.wire(server.tls, wrap=verified(authority, name)).close()


@test
def an_address_is_ordered_as_certificates_have_it(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port, acme="<names>127.0.0.1</names><challenges>http-01</challenges>").start()
    comes(server)
    server.wire(server.tls, wrap=verified(authority, "127.0.0.1")).close()
    own = OwnAuthority(t)
    server.reload(body=server.slots["body"].replace("127.0.0.1</names>", "[2001:DB8:0:0:0::7]</names>").replace(authority.element(), own.element()))
    comes(server, 2)
    equal(own.orders[0]["identifiers"], [{"type": "ip", "value": "2001:db8::7"}])
    reply = server.get("/status.xsl?a", headers=["Accept: text/html", "Host: [2001:db8:0::7]:%d" % port])
    equal((reply.status, reply.get("Location")), (308, "https://[2001:db8::7]:%d/status.xsl?a" % server.tls))


@test
def a_restart_goes_on_with_the_certificate_that_there_is(t):
    port = free_port()
    authority = Authority(t, port, bad_nonces=50)
    server = radio(t, authority, port).start()
    comes(server)
    server.stop()
    server.start()
    check(server.tls in server.ports, "the port of https is open from the start: %s" % server.ports)
    wait_for(lambda: "it is renewed" in server.log()[server.log().rindex("server started"):], "it is planned")
    equal(authority.issued(), 1, "certificates of this name")


@test
def another_one_takes_its_place_under_a_listener(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port).start()
    source = server.source()
    comes(server)
    listener = server.listener(port=server.tls, wrap=verified(authority))
    body = server.slots["body"]
    server.reload(body=body.replace("<acme>", "<acme><names>%s www.example.org</names>" % NAME))

    def replaced():
        source.play(20)
        listener.read(20 * 384)  # as much as is played: a listener who is too slow is ended
        return server.log().count("a new certificate for") == 2
    wait_for(replaced, "another one comes: " + server.log()[-1500:], 20)

    def has_both():
        source.play(20)
        listener.read(20 * 384)
        try:
            server.wire(server.tls, wrap=verified(authority, "www.example.org")).close()
            return True
        except ssl.SSLError:
            return False
    wait_for(has_both, "new connections get it", 10)
    server.wire(server.tls, wrap=verified(authority)).close()
    files = sorted(file.name for file in (server.state / "acme/certificates").iterdir())
    equal(files, [NAME + ".json", NAME + ".pem"], "what is kept")
    equal(authority.issued(), 2, "certificates")


@test
def one_that_is_due_when_it_comes_is_not_ordered_again_and_again(t):
    authority = OwnAuthority(t)
    # As by a clock that is wrong.
    authority.dates = [time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400)) for days in (-89, 1)]
    server = radio(t, authority, free_port()).start()
    comes(server)
    for _ in range(2):
        server.stop()
        server.start()
        wait_for(lambda: "it is renewed" in server.log()[server.log().rindex("server started"):], "it is planned")
    equal(len(authority.orders), 1, "orders after two restarts, all of which have found it due")


@test
def one_that_lives_for_seconds_is_renewed_at_half_of_them(t):
    port = free_port()
    authority = Authority(t, port, validity=12)
    server = radio(t, authority, port).start()
    comes(server)
    source, sent = server.source(), b""
    listener = server.listener(port=server.tls, wrap=verified(authority))

    def thrice():
        nonlocal sent
        sent += source.play(20)
        check(listener.read(20 * 384) in sent, "what came differs from what was sent")
        return server.log().count("is in use, from") >= 3
    wait_for(thrice, "it is renewed twice: " + server.log()[-900:], 25)
    check(" expired " not in server.log(), "it is in time: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority)).close()


@test
def what_is_wrong_is_said_and_tried_again(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, free_port()).start()
    wait_for(lambda: "no certificate for" in server.log(), "it fails", 20)
    failed = Events(server, last_id="0").next("certificate-failed")
    line, = re.findall(r"no certificate for radio\.example\.org: (.*); again ", server.log())
    equal((failed["subject"], failed["names"], failed["directory"], failed["kind"], failed["why"]), (NAME, NAME, authority.url, "connection", line))
    check(abs(int(failed["next"]) - time.time() - 60) < 40, "the next attempt: %s" % failed)
    matches(r"EROR tls/acme no certificate for radio\.example\.org: the CA could not connect to port 80 of "
            r"radio\.example\.org \(.*\); is it open in the firewall\?; again (at \d\d:\d\d|on \d{4}-\d\d-\d\d at \d\d:\d\d)", server.log())
    file = server.state / "acme/certificates" / (NAME + ".json")
    wait_for(file.exists, "the next attempt is kept")
    kept = json.loads(file.read_text())
    equal(kept["failures"], 1, "failures that are kept")
    check('icecast_acme_failures{names="%s"} 1\n' % NAME in server.get("/metrics", ADMIN).text, "the metric of it")
    server.stop()
    server.start()
    # A restart does not ask again at once: authorities count.
    wait_for(lambda: "server started" in server.log()[-4000:], "it has started")
    equal(server.log().count("is ordered from"), 1, "orders")


@test
def an_authority_may_want_an_account_that_one_has(t):
    port = free_port()
    authority = Authority(t, port, external={"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"})
    server = radio(t, authority, port)
    server.write_config(body="<hostname>%s</hostname><acme><ports>off</ports>%s</acme>" % (NAME, authority.element()))
    server.start()
    wait_for(lambda: "the CA wants an external account (eab-kid, eab-key)" in server.log(), "it is said: " + server.log()[-800:], 20)
    bound = authority.element(' eab-kid="kid-1" eab-key="zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"')
    server.stop()
    (server.state / "acme/certificates" / (NAME + ".json")).unlink()
    server.write_config(body="<hostname>%s</hostname><acme><ports>off</ports>%s</acme>" % (NAME, bound))
    server.start()
    comes(server)
    check("zWNDZM6e" not in server.log(), "the key is in no log")


@test
def a_token_that_is_not_ours_is_a_file_or_nothing(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port).start()
    comes(server)
    there = server.dir / "web/.well-known/acme-challenge"
    there.mkdir(parents=True)
    (there / "theirs").write_text("theirs.print")
    for path, status in (("theirs", 200), ("none", 404), ("a/b", 404), ("", 404), ("a" * 500, 404)):
        answer = server.get("/.well-known/acme-challenge/" + path)
        equal(answer.status, status, path[:40])
    equal(server.get("/.well-known/acme-challenge/theirs").body, b"theirs.print")


def refused_by_tls(server, name=NAME, protocols=None):
    """The reason of a refused handshake; "": it succeeds."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(protocols)
    try:
        server.wire(server.tls, wrap=lambda connected: context.wrap_socket(connected, server_hostname=name)).close()
        return ""
    except OSError as error:
        return str(error)


@test
def an_authority_asks_in_a_handshake_before_there_is_a_certificate(t):
    tls = free_port()
    authority = Authority(t, free_port(), tls_port=tls)
    server = radio(t, authority, free_port(), acme="<challenges>tls-alpn-01</challenges>", tls=tls).start()
    source = server.source()
    comes(server)
    listener = server.listener(port=tls, wrap=verified(authority))
    sent = source.play(200)
    check(listener.read(100 * 384) in sent, "what came differs from what was sent")
    # The order is over: there is nothing to show any more.
    matches("(?i)no.application.protocol", refused_by_tls(server, protocols=["acme-tls/1"]))
    equal(refused_by_tls(server, protocols=["http/1.1", "acme-tls/1"]), "", "an ordinary client that knows it")
    equal(server.log().count("a new certificate for"), 1, "certificates")


@test
def a_port_of_tls_is_open_before_its_certificate_and_serves_no_one_else(t):
    authority = Authority(t, free_port())
    server = radio(t, authority, free_port(), acme="<challenges>tls-alpn-01</challenges>").start()
    check(server.tls in server.ports, "the port is open: %s" % server.ports)
    matches("(?i)unrecognized.name", refused_by_tls(server))
    matches("(?i)no.application.protocol", refused_by_tls(server, "other.example.org", ["acme-tls/1"]))


@test
def what_fails_by_tls_is_tried_by_http(t):
    port = free_port()
    authority = Authority(t, port)  # nothing answers where it asks by TLS
    server = radio(t, authority, port, acme="<challenges>tls-alpn-01 http-01</challenges>").start()
    comes(server)
    matches(r"WARN tls/acme no certificate for radio\.example\.org: the CA could not connect to port 443 of radio\.example\.org \(.*\); "
            r"is it open in the firewall\? http-01 is tried next", server.log())
    check("again at" not in server.log(), "it is one attempt")


def hook(t, control, fails=False):
    """A program for dns-hook that sets records at pebble's name server, and the file in which it notes its
    arguments."""
    asked, program = t.dir / "asked", t.dir / "dns-hook"
    asked.write_text("")
    asked.chmod(0o666)
    program.write_text("""#!/usr/bin/python3
import json, sys, urllib.request
verb, name, value = sys.argv[1:]
open(%r, "a").write(" ".join(sys.argv[1:]) + "\\n")
if %r:
    sys.exit("the zone is locked")
asked = {"host": name + ".", "value": value} if verb == "add" else {"host": name + "."}
urllib.request.urlopen(%r + ("/set-txt" if verb == "add" else "/clear-txt"), json.dumps(asked).encode(), timeout=5).read()
""" % (str(asked), fails, control))
    program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return program, asked


@test
def a_wildcard_comes_by_a_record_that_a_program_sets(t):
    port = free_port()
    authority = Authority(t, port)
    program, asked = hook(t, authority.control)
    t.dir.chmod(0o755)
    server = radio(t, authority, port, acme="<names>*.example.org example.org</names><dns-hook>%s</dns-hook><dns-wait>0</dns-wait>"
                   "<challenges>dns-01</challenges>" % program).start()
    comes(server)
    server.wire(server.tls, wrap=verified(authority, "radio.example.org")).close()
    server.wire(server.tls, wrap=verified(authority, "example.org")).close()
    wait_for(lambda: asked.read_text().count("remove ") == 2, "both records are removed: " + asked.read_text())
    lines = [line.split() for line in asked.read_text().splitlines()]
    equal([(verb, name) for verb, name, _ in lines], [("add", "_acme-challenge.example.org")] * 2 + [("remove", "_acme-challenge.example.org")] * 2)
    equal(len({value for _, _, value in lines}), 2, "values, of which each is added and removed")
    check((server.state / "acme/certificates" / "_wildcard.example.org.pem").exists(), "it is kept")


@test
def a_program_that_fails_is_the_reason(t):
    authority = Authority(t, free_port())
    program, _ = hook(t, authority.control, fails=True)
    t.dir.chmod(0o755)
    server = radio(t, authority, free_port(), acme="<dns-hook>%s</dns-hook><challenges>dns-01</challenges>" % program).start()
    wait_for(lambda: "the record of dns-01 was not set" in server.log(), "it is said: " + server.log()[-1500:], 20)
    matches(r"no certificate for radio\.example\.org: the record of dns-01 was not set: \S+/dns-hook add ended with status 1 "
            r"\(the zone is locked\); again ", server.log())


@test
def what_a_program_could_not_set_is_tried_by_http(t):
    port = free_port()
    authority = Authority(t, port)
    program, _ = hook(t, authority.control, fails=True)
    t.dir.chmod(0o755)
    server = radio(t, authority, port, acme="<dns-hook>%s</dns-hook><challenges>dns-01 http-01</challenges>" % program).start()
    comes(server)
    matches(r"WARN tls/acme no certificate for radio\.example\.org: the record of dns-01 was not set: \S+/dns-hook add ended with status 1 "
            r"\(the zone is locked\); http-01 is tried next", server.log())


@test
def names_that_no_authority_signs_are_said_at_once(t):
    state = t.dir / "state"
    state.mkdir()
    state.chmod(0o777)
    server = t.unstarted_server(body="<hostname>localhost</hostname><acme/>", paths="<state-dir>%s</state-dir>" % state)
    server.start()
    wait_for(lambda: "no public CA gives a certificate for localhost" in server.log(), "it is said: " + server.log())
    equal(list(state.glob("acme/*")), [], "nothing was asked or kept")


@test
def an_operator_sees_the_certificate_and_orders_it_anew(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port, more="<console/>").start()
    certificates = lambda: server.get("/api/v1/certificates", ADMIN).json()["items"]
    comes(server)
    one, = certificates()
    equal((one["names"], one["ordered"], one["failures"], one["failure"], one["wait_s"]), ([NAME], True, 0, None, 0))
    check(one["until"] > one["next"] and one["issuer"].startswith("Pebble") and one["kind"].startswith("EC"), str(one))

    def order(name=NAME, login=ADMIN):
        return server.ask("POST /api/v1/certificates/%s/order HTTP/1.0" % name, login=login)
    equal(order("other.example.org").status, 404)
    equal(server.get("/api/v1/certificates").status, 401)
    equal(order(login=None).status, 401)
    equal(order().status, 204)
    comes(server, 2)
    wait_for(lambda: certificates()[0]["wait_s"] > 3500, "it was ordered by hand")
    again = order()
    equal((again.status, again.get("Content-Type")), (429, "application/problem+json"))
    check(3500 < int(again.get("Retry-After")) <= 3600, again.get("Retry-After"))
    equal(authority.issued(), 2, "certificates of this name")


@test
def what_is_wrong_stands_in_the_list(t):
    port = free_port()
    authority = Authority(t, port + 1 if port < 65000 else port - 1)  # it asks another port
    server = radio(t, authority, port, more="<console/>").start()
    wait_for(lambda: "no certificate for" in server.log(), "it fails: " + server.log()[-900:], 20)
    one, = server.get("/api/v1/certificates", ADMIN).json()["items"]
    equal((one["names"], one["until"], one["issuer"], one["ordered"], one["failures"]), ([NAME], None, None, True, 1))
    check("could not connect" in one["failure"], one["failure"])
    # The words are there after a restart, too.
    server.stop()
    server.start()
    wait_for(lambda: server.get("/api/v1/certificates", ADMIN).json()["items"][0]["failure"] == one["failure"], "the failure is kept")


@test
def browsers_are_sent_to_https_and_streams_are_not(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port, acme="<hsts>600</hsts>").start()
    source = server.source("/live.mp3")
    page = ["Accept: text/html,application/xhtml+xml", "Host: %s:%d" % (NAME.upper(), port)]
    to = "https://%s:%d" % (NAME, server.tls)
    comes(server)
    reply = server.get("/status.xsl?a=%22b&c", headers=page)
    equal((reply.status, reply.get("Location")), (308, to + "/status.xsl?a=%22b&c"))
    fetched = ["Host: " + NAME, "Accept: */*"]
    equal(server.get("/", headers=[*fetched, "Sec-Fetch-Mode: navigate"]).status, 308)
    for headers in (page, fetched):  # whatever a browser says of itself, a password is typed there
        equal(server.get("/admin/login", headers=headers).status, 308)

    def plain(path, headers, status=200, **more):
        reply = server.get(path, headers=headers, **more)
        equal((reply.status, reply.get("Location"), reply.get("Strict-Transport-Security")), (status, None, None), "%s %s" % (path, headers))
    plain("/status-json.xsl", fetched)
    plain("/status.xsl", [*page, "Sec-Fetch-Mode: no-cors"])
    plain("/admin/stats", fetched, login=ADMIN)
    # Java's programs, old and new.
    for accept in ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "text/html, image/gif, image/jpeg, */*; q=0.2"):
        plain("/status-json.xsl", ["Host: " + NAME, "Accept: " + accept])
        plain("/admin/metadata?mount=/live.mp3&mode=updinfo&song=java", ["Host: " + NAME, "Accept: " + accept], login=ADMIN)
    plain("/metrics", page)
    plain("/_lb/health", page)
    plain("/.well-known/acme-challenge/none", page, 404)
    # A proxy may have spoken https.
    plain("/status.xsl", [*page, "X-Forwarded-For: 192.0.2.1"])
    # No certificate has these names.
    for host in ("other.example.org", "127.0.0.1", "", "x/../" + NAME, NAME + "@evil.example", "[::1]:80"):
        plain("/status.xsl", ["Accept: text/html", "Host: " + host])
    listener = server.listener("/live.mp3", lines=page)
    sent = source.play(100)
    check(listener.read(20 * 384) in sent, "a stream is heard by http")
    secure = server.ask("GET /status.xsl HTTP/1.0", headers=["Host: " + NAME], port=server.tls, wrap=verified(authority))
    equal((secure.status, secure.get("Strict-Transport-Security")), (200, "max-age=600"))
    # All: streams too, but no source, nor what programs ask that follow no redirect.
    server.reload(body=server.slots["body"].replace("<hsts>600</hsts>", "<redirect>all</redirect>"))
    wait_for(lambda: server.get("/live.mp3?x=1", headers=["Host: " + NAME]).get("Location") == to + "/live.mp3?x=1", "a stream is redirected")
    server.source("/second.mp3")
    for path in ("/admin/metadata?mount=/live.mp3&mode=updinfo&song=plain", "/admin/listclients?mount=/live.mp3", "/api/v1/certificates"):
        plain(path, fetched, login=ADMIN)
    plain("/admin/streamlist.txt", fetched, 401)  # before a login, too
    source.play(10)
    wait_for(lambda: '"title":"plain"' in server.get("/status-json.xsl").text, "the title arrives")
    equal(server.get("/admin/stats.xsl", headers=page).status, 308)
    secure = server.ask("GET /status.xsl HTTP/1.0", headers=["Host: " + NAME], port=server.tls, wrap=verified(authority))
    equal((secure.status, secure.get("Strict-Transport-Security")), (200, None))
    server.reload(body=server.slots["body"].replace("<redirect>all</redirect>", "<redirect>off</redirect>"))
    wait_for(lambda: server.get("/status.xsl", headers=page).status == 200, "nothing is redirected")
