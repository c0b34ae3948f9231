"""Orders that continue after a restart, several <acme>s, challenges that another server answers, and orders by hand."""
import json
import signal
import threading
import time

from authority import Authority
from events import Events
from harness import ADMIN, check, equal, free_port, listen_socket, matches, test, wait_for
from http_backend import HttpBackend, send
from https_radio import NAME, comes, radio, verified
from own_authority import OwnAuthority
from replacing import upgrade


def kept(server, name=NAME):
    return json.loads((server.state / "acme/certificates" / (name + ".json")).read_text())


@test
def an_order_goes_on_after_the_process_was_killed(t):
    authority = OwnAuthority(t)
    authority.held["finalize"] = threading.Event()
    server = radio(t, authority, free_port()).start()
    wait_for(lambda: "finalize" in authority.asked, "all names were shown: " + server.log()[-900:])
    server.kill()
    order = kept(server)
    equal(order["order"], authority.base + "/order/1", "the order that is kept")
    check("PRIVATE KEY" in order["key"], "its key is kept")
    authority.held["finalize"].set()
    authority.chain = b""
    server.start()
    comes(server)
    equal(len(authority.orders), 1, "orders")
    matches(r"INFO tls/acme the order of a certificate for radio\.example\.org at https://127\.0\.0\.1:\d+/dir goes on\n", server.log())
    equal((kept(server)["order"], kept(server)["key"]), ("", ""), "nothing is left to go on with")
    server.wire(server.tls, wrap=verified(authority)).close()


@test
def an_order_that_the_authority_has_forgotten_is_made_again(t):
    authority = OwnAuthority(t)
    authority.held["finalize"] = threading.Event()
    server = radio(t, authority, free_port()).start()
    wait_for(lambda: "finalize" in authority.asked, "all names were shown: " + server.log()[-900:])
    server.kill()
    authority.held["finalize"].set()
    authority.instead["order"] = [(404, "malformed", "no such order", {})]
    server.start()
    comes(server)
    equal(len(authority.orders), 2, "orders")
    check("no certificate for" not in server.log(), "it is one attempt")


@test
def what_could_not_be_kept_is_not_ordered_again_by_a_reload(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    (server.state / "acme/certificates").chmod(0o500)
    body = server.slots["body"]
    server.reload(body=body.replace("<acme>", "<acme><names>%s www.example.org</names>" % NAME))
    comes(server, 2)
    server.reload(body=body.replace("<acme>", "<acme><names>%s www.example.org</names><email>radio@example.org</email>" % NAME))
    wait_for(lambda: server.log().count("it is renewed on") >= 3, "it is planned: " + server.log()[-900:])
    equal(len(authority.orders), 2, "orders")
    server.wire(server.tls, wrap=verified(authority, "www.example.org")).close()
    (server.state / "acme/certificates").chmod(0o700)


@test
def other_names_keep_the_old_certificate_over_a_restart(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    authority.held["finalize"] = threading.Event()
    server.reload(body=server.slots["body"].replace("<acme>", "<acme><names>www.example.net</names>"))
    wait_for(lambda: len(authority.orders) == 2, "it is ordered")
    upgrade(server)
    server.wire(server.tls, wrap=verified(authority)).close()
    server.stop()
    server.start()
    server.wire(server.tls, wrap=verified(authority)).close()
    authority.held["finalize"].set()
    comes(server, 2)
    server.wire(server.tls, wrap=verified(authority, "www.example.net")).close()


@test
def a_file_that_is_gone_takes_no_certificate_with_it(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    file = server.state / "acme/certificates" / (NAME + ".pem")
    chain = file.read_bytes()
    folder = server.state / "acme"
    for take in (lambda: file.unlink(), lambda: folder.rename(server.state / "before")):
        loads = server.log().count("is in use, from")
        take()
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: file.exists() and file.read_bytes() == chain, "it is kept again: " + server.log()[-900:])
        wait_for(lambda: server.log().count("is in use, from") > loads + 1, "it is loaded again: " + server.log()[-900:])
        server.wire(server.tls, wrap=verified(authority)).close()
    matches(r"WARN tls/acme \S+\.pem is gone; the certificate in use is kept again\n", server.log())
    # A disk that is not there any more: it is in use from memory.
    folder.rename(server.state / "other")
    folder.write_text("")
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: "is in use but could not be kept (" in server.log(), "it is said: " + server.log()[-900:])
    wait_for(lambda: "is in use, from /proc/self/fd/" in server.log(), "it is in use: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority)).close()
    folder.unlink()
    (server.state / "other").rename(folder)
    server.stop()
    server.start()
    server.wire(server.tls, wrap=verified(authority)).close()
    equal(len(authority.orders), 1, "orders")


@test
def an_upgrade_takes_the_certificate_without_its_file(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    folder = server.state / "acme"
    file = folder / "certificates" / (NAME + ".pem")
    chain = file.read_bytes()
    file.unlink()
    upgrade(server)
    server.wire(server.tls, wrap=verified(authority)).close()
    wait_for(lambda: file.exists() and file.read_bytes() == chain, "it is kept again: " + server.log()[-900:])
    # The whole directory is gone, and cannot be made.
    folder.rename(server.state / "other")
    folder.write_text("")
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: "is in use, from /proc/self/fd/" in server.log(), "it is in use: " + server.log()[-900:])
    upgrade(server)
    server.wire(server.tls, wrap=verified(authority)).close()
    folder.unlink()
    server.send_signal(signal.SIGHUP)
    upgrade(server)
    wait_for(lambda: file.exists() and file.read_bytes() == chain, "it is kept again: " + server.log()[-900:])
    server.stop()
    server.start()
    server.wire(server.tls, wrap=verified(authority)).close()
    equal(len(authority.orders), 1, "orders")


@test
def another_first_name_of_the_same_names_is_not_ordered_again(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port(), acme="<names>%s b.example.org</names>" % NAME).start()
    comes(server)
    planned = server.log().count("it is renewed on")
    server.reload(body=server.slots["body"].replace("%s b.example.org" % NAME, "b.example.org %s" % NAME))
    wait_for(lambda: server.log().count("it is renewed on") > planned, "it is planned: " + server.log()[-900:])
    equal(kept(server, "b.example.org")["names"], [NAME, "b.example.org"])
    equal(len(authority.orders), 1, "orders")
    server.wire(server.tls, wrap=verified(authority, "b.example.org")).close()


@test
def what_could_not_be_kept_stays_until_the_one_of_other_names_comes(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    (server.state / "acme/certificates").chmod(0o500)
    body = server.slots["body"]
    server.reload(body=body.replace("<acme>", "<acme><names>%s www.example.org</names>" % NAME))
    comes(server, 2)
    authority.held["finalize"] = threading.Event()
    for port in (free_port(), free_port()):
        server.reload(body=body.replace("<acme>", "<acme><names>www.example.net</names>"),
                      sockets=server.slots["sockets"] + listen_socket(port))
        server.wait_for_log("port %d is open" % port)
        server.wire(server.tls, wrap=verified(authority, "www.example.org")).close()
    (server.state / "acme/certificates").chmod(0o700)
    authority.held["finalize"].set()
    comes(server, 3)
    server.wire(server.tls, wrap=verified(authority, "www.example.net")).close()


def serial_of(server, authority):
    wire = server.wire(server.tls, wrap=verified(authority))
    try:
        return wire.socket.getpeercert()["serialNumber"]
    finally:
        wire.close()


@test
def a_file_that_is_lost_after_an_upgrade_without_it_brings_no_older_certificate_back(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    file = server.state / "acme/certificates" / (NAME + ".pem")
    file.unlink()
    upgrade(server)
    wait_for(file.exists, "it is kept again: " + server.log()[-900:])
    equal(order(server).status, 204)
    comes(server, 2)
    newest = serial_of(server, authority)
    file.unlink()
    wait_for(lambda: "; the certificate that was loaded before stays in use" in server.log() or "as it was at the start" in server.log(), "the loss is known", 10)
    equal(serial_of(server, authority), newest, "the certificate that is in use")


@test
def names_in_their_former_order_keep_the_newest_certificate(t):
    """The one that was kept under the former first name may be revoked by now."""
    authority = OwnAuthority(t)
    other = "b.example.org"
    server = radio(t, authority, free_port(), acme="<names>%s %s</names>" % (NAME, other)).start()
    comes(server)
    body = server.slots["body"]
    planned = server.log().count("it is renewed on")
    server.reload(body=body.replace("%s %s" % (NAME, other), "%s %s" % (other, NAME)))
    wait_for(lambda: server.log().count("it is renewed on") > planned, "the names are taken")
    first, last = (server.state / "acme/certificates" / (name + ".pem") for name in (NAME, other))
    wait_for(lambda: time.time() > first.stat().st_mtime + 1.5, "another second, in which the next certificate is made")
    wait_for(lambda: server.ask("POST /api/v1/certificates/%s/order HTTP/1.0" % other, login=ADMIN).status == 204, "it is ordered")
    comes(server, 2)
    newest = serial_of(server, authority)
    server.reload(body=body)
    wait_for(lambda: first.read_bytes() == last.read_bytes(), "it is kept under its first name again")
    wait_for(lambda: serial_of(server, authority) == newest, "it is in use again", 10)
    server.stop()
    server.start()
    comes(server)
    equal(serial_of(server, authority), newest, "the certificate after a restart")
    equal(len(authority.orders), 2, "orders")


@test
def another_state_directory_leaves_the_certificate_until_the_restart(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    other = t.dir / "other"
    other.mkdir()
    other.chmod(0o777)
    server.reload(paths="<state-dir>%s</state-dir>" % other)
    wait_for(lambda: "paths/state-dir %s→%s needs restart" % (server.state, other) in server.log(), "it is said: " + server.log()[-900:])
    wait_for(lambda: server.log().count("is in use, from") == 2, "the certificate is loaded again: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority)).close()
    equal((len(authority.orders), list(other.iterdir())), (1, []), "orders, and what is in the other one")


@test
def the_same_names_in_another_order_are_not_ordered_again(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port(), acme="<names>%s b.example.org c.example.org</names>" % NAME).start()
    comes(server)
    server.reload(body=server.slots["body"].replace("b.example.org c.example.org", "c.example.org b.example.org"))
    wait_for(lambda: server.log().count("it is renewed on") == 2, "it is planned: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority, "c.example.org")).close()
    equal(len(authority.orders), 1, "orders")


@test
def each_acme_has_its_names_and_its_authority(t):
    first, second = OwnAuthority(t, "first"), OwnAuthority(t, "second")
    server = radio(t, first, free_port())
    server.write_config(body='<hostname>%s</hostname><acme ports="off">%s</acme><acme names="www.example.net" ports="off" hsts="77">'
                             '<directory url="%s" ca-file="%s"/></acme>' % (NAME, first.element(), second.url, second.certificate))
    server.start()
    comes(server, 2)
    equal([[one["value"] for one in order["identifiers"]] for order in first.orders + second.orders], [[NAME], ["www.example.net"]])
    server.wire(server.tls, wrap=verified(first)).close()
    secure = lambda name, authority: server.ask("GET /status.xsl HTTP/1.0", headers=["Host: " + name], port=server.tls, wrap=verified(authority, name))
    equal(secure("www.example.net", second).get("Strict-Transport-Security"), "max-age=77")
    equal(secure(NAME, first).get("Strict-Transport-Security"), None)
    rows = server.get("/metrics", ADMIN).text
    for name in (NAME, "www.example.net"):
        matches(r'icecast_acme_renewal_timestamp_seconds\{names="%s"\} \d+' % name.replace(".", r"\."), rows)


@test
def a_name_that_is_put_before_another_leaves_it_its_certificate(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    authority.held["finalize"] = threading.Event()
    first = "www.example.org"
    server.reload(body=server.slots["body"].replace("<acme>", "<acme><names>%s %s</names>" % (first, NAME)))
    wait_for(lambda: len(authority.orders) == 2, "another one is ordered: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority)).close()
    server.stop()
    server.start()
    server.wire(server.tls, wrap=verified(authority)).close()
    authority.held["finalize"].set()
    comes(server, 2)
    for name in (NAME, first):
        server.wire(server.tls, wrap=verified(authority, name)).close()


@test
def another_name_leaves_the_old_one_its_certificate_until_its_own_comes(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port()).start()
    comes(server)
    authority.held["finalize"] = threading.Event()
    other = "www.example.net"
    server.reload(body=server.slots["body"].replace("<acme>", "<acme><names>%s</names>" % other))
    wait_for(lambda: len(authority.orders) == 2, "another one is ordered: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority)).close()
    server.reload(body=server.slots["body"] + "<location>here</location>")
    wait_for(lambda: server.log().count("configuration re-read") == 2, "it is read again: " + server.log()[-900:])
    server.wire(server.tls, wrap=verified(authority)).close()
    authority.held["finalize"].set()
    comes(server, 2)
    server.wire(server.tls, wrap=verified(authority, other)).close()
    in_use = server.log().rsplit("a new certificate for", 1)[1]
    check("certificate for %s (" % NAME not in in_use, "the old one has ended: " + in_use)


TOKEN = "A" * 20 + "_-" + "b" * 21
PATH = "/.well-known/acme-challenge/"


def asking(t, answers, masters=""):
    """A server that orders nothing, and asks other servers for unknown challenges."""
    port = free_port()
    body = '<acme names="off" answer-from="%s"/>' % " ".join(answers) if answers else ""
    return t.server(sockets=listen_socket(port), body=body + masters)


def challenge_counts(server):
    return {(kind, known): int(line.rsplit(" ", 1)[1]) for line in server.get("/metrics", ADMIN).text.splitlines()
            for kind in ("http-01", "tls-alpn-01") for known in ("yes", "no")
            if line.startswith('icecast_acme_challenges_answered_total{type="%s",known="%s"}' % (kind, known))}


@test
def an_authority_that_is_slow_holds_up_no_order_of_another(t):
    slow, quick = OwnAuthority(t, "slow"), OwnAuthority(t, "quick")
    slow.held["new"] = threading.Event()
    server = radio(t, slow, free_port(), more='<acme names="other.example.org">%s</acme><acme names="third.example.org">%s</acme>' % (quick.element(), slow.element()))
    server.start()
    wait_for(lambda: "new" in slow.asked, "the slow one is asked: " + server.log()[-900:])
    comes(server)
    server.wire(server.tls, wrap=verified(quick, "other.example.org")).close()
    equal((slow.asked.count("new"), len(slow.orders), len(quick.orders)), (1, 0, 1), "asked the slow one at a time; orders")
    slow.held["new"].set()
    comes(server, 3)


@test
def a_node_without_a_link_answers_with_what_it_asked_for(t):
    plain, asked = free_port(), free_port()
    authority = Authority(t, asked)  # it looks at the other node
    master = radio(t, authority, plain, acme="<challenges>http-01</challenges>")
    other = t.server(sockets=listen_socket(asked), body='<acme names="off" answer-from="http://127.0.0.1:%d"/>' % plain)
    master.start()
    comes(master)
    matches("another server has the answer for the CA, which asked here", other.log())
    check(challenge_counts(other)["http-01", "yes"] >= 1, "answered: %s" % challenge_counts(other))


@test
def a_slave_asks_its_master_for_a_token(t):
    plain, asked = free_port(), free_port()
    authority = Authority(t, asked)
    master = radio(t, authority, plain, acme="<challenges>http-01</challenges>")
    t.server(sockets=listen_socket(asked), body="<master-server>127.0.0.1</master-server><master-server-port>%d</master-server-port>"
             "<master-password>relay</master-password>" % plain)
    master.start()
    comes(master)


@test
def only_an_answer_to_the_question_is_passed_on(t):
    good = TOKEN + "." + "c" * 43
    said = {"text": good, "status": 200}
    asked = []

    def answer(handler):
        asked.append(handler.path)
        send(handler, said["status"], said["text"].encode(), {"Location": "http://127.0.0.1:1/"} if said["status"] == 302 else {})
    backend = HttpBackend({"GET": answer})
    t.owned(backend)
    server = asking(t, ["http://127.0.0.1:%d" % backend.port])
    for number, (text, code) in enumerate(((good + "\n", 200), (good[:-1], 200), (good.replace(".", "!"), 200), ("x" + good, 200), (good, 302), (good, 404))):
        token = TOKEN[:-1] + str(number)
        said.update(text=text.replace(TOKEN, token), status=code)
        equal(server.get(PATH + token).status, 404, text)
    equal(len(asked), 6, "questions")
    check(all(path.endswith("?lb=1") for path in asked), "marked: %s" % asked)
    # What is unknown is not asked for again at once, nor what another server asks.
    equal(server.get(PATH + TOKEN[:-1] + "0").status, 404)
    equal(server.get(PATH + TOKEN + "?lb=1").status, 404)
    equal(server.get(PATH + "short").status, 404)
    equal(len(asked), 6, "questions")
    said.update(text=good, status=200)
    reply = server.get(PATH + TOKEN)
    equal((reply.status, reply.text), (200, good))
    equal(server.get(PATH + TOKEN).status, 200)
    equal(len(asked), 7, "it is known now")
    equal((challenge_counts(server)["http-01", "yes"], challenge_counts(server)["http-01", "no"]), (2, 8))


@test
def more_than_ten_questions_a_second_are_not_asked(t):
    asked = []

    def answer(handler):
        asked.append(handler.path)
        send(handler, 404)
    backend = HttpBackend({"GET": answer})
    t.owned(backend)
    server = asking(t, ["http://127.0.0.1:%d" % backend.port])
    begin = time.monotonic()
    for number in range(40):
        equal(server.get(PATH + "%s%02d" % (TOKEN[:30], number)).status, 404)
    most = 10 * (int(time.monotonic() - begin) + 2)
    check(0 < len(asked) <= most, "%d questions of 40" % len(asked))


@test
def a_flood_of_one_address_leaves_room_for_the_questions_of_others(t):
    def answer(handler):
        token = handler.path.split("/")[-1].split("?")[0]
        send(handler, 200, (token + "." + "c" * 43).encode()) if token.startswith("right") else send(handler, 404)
    backend = HttpBackend({"GET": answer})
    t.owned(backend)
    server = asking(t, ["http://127.0.0.1:%d" % backend.port])
    ended = threading.Event()

    def flood(part):
        number = 0
        while not ended.is_set():
            number += 1
            server.ask("GET %sflood%d%030d HTTP/1.0" % (PATH, part, number), source_address="127.0.0.2")
    floods = [threading.Thread(target=flood, args=(part,), daemon=True) for part in range(2)]
    for each in floods:
        each.start()
    try:
        wait_for(lambda: challenge_counts(server)["http-01", "no"] > 50, "it floods")
        begin, right = time.monotonic(), 0
        while time.monotonic() < begin + 5:
            equal(server.get(PATH + "right%030d" % right).status, 200, "the answer %d beside the flood" % right)
            right += 1
            time.sleep(0.5)
    finally:
        ended.set()
        for each in floods:
            each.join()


def order(server, how=""):
    return server.ask("POST /api/v1/certificates/%s/order%s HTTP/1.0" % (NAME, how), login=ADMIN)


@test
def staging_is_tried_by_hand_and_nothing_is_used_of_it(t):
    authority, staging = OwnAuthority(t), OwnAuthority(t, "staging")
    server = radio(t, authority, free_port(), more="<console/>")
    server.write_config(body='<hostname>%s</hostname><console/><acme ports="off">%s</acme>' % (NAME, authority.element(' staging="%s"' % staging.url)))
    authority.certificate.write_text(authority.certificate.read_text() + staging.certificate.read_text())
    server.start()
    comes(server)
    before = (server.state / "acme/certificates" / (NAME + ".pem")).read_text()
    equal(order(server, "?staging=1").status, 204)
    wait_for(lambda: "it was a trial" in server.log(), "it is tried: " + server.log()[-900:])
    matches(r"INFO tls/acme 127\.0\.0\.1:\d+ was shown radio\.example\.org and gave a certificate, which is not used: it was a trial\n", server.log())
    equal((len(staging.orders), len(authority.orders)), (1, 1), "orders")
    equal((server.state / "acme/certificates" / (NAME + ".pem")).read_text(), before, "the one in use")
    # It fails, and nothing is counted.
    staging.instead["new"] = [(403, "caa", "not by us", {})]
    equal(order(server, "?staging=1").status, 204)
    wait_for(lambda: "and nothing else changes" in server.log(), "it fails: " + server.log()[-900:])
    equal(server.get("/api/v1/certificates", ADMIN).json()["items"][0]["failures"], 0)
    equal(Events(server, last_id="0").next("certificate-failed")["directory"], staging.url)
    both = order(server, "?staging=1&revoke=1")
    equal((both.status, both.json().get("parameter")), (400, "revoke"))
    equal(order(server).status, 204)


@test
def an_authority_without_staging_has_no_trial(t):
    authority = OwnAuthority(t)
    server = radio(t, authority, free_port(), more="<console/>").start()
    comes(server)
    refused = order(server, "?staging=1")
    equal(refused.status, 409)
    check("has no staging directory" in refused.text, refused.text)


@test
def the_old_certificate_is_revoked_once_the_new_one_is_in_use(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port, more="<console/>").start()
    comes(server)
    equal(order(server, "?revoke=1").status, 204)
    comes(server, 2)
    wait_for(lambda: "is revoked" in server.log(), "it is revoked: " + server.log()[-900:])
    log = server.log()
    check(log.index("the old certificate for radio.example.org is revoked") > log.rindex("a new certificate for"), "the new one was in use before")
    check("evok" in (authority.dir / "pebble.log").read_text(), "pebble was told: " + (authority.dir / "pebble.log").read_text()[-600:])


def an_order_outlives_the_process(t, replace):
    port = free_port()
    server = radio(t, Authority(t, port), port, more="<console/>").start()
    comes(server)
    equal(order(server, "?revoke=1").status, 204)
    replace(server)
    comes(server, 2)
    wait_for(lambda: "the old certificate for radio.example.org is revoked" in server.log(), "it is revoked: " + server.log()[-900:], 20)


@test
def an_order_and_its_revocation_go_on_behind_an_upgrade(t):
    an_order_outlives_the_process(t, upgrade)


@test
def an_order_and_its_revocation_go_on_after_a_kill(t):
    def killed(server):
        wait_for(lambda: kept(server).get("ordered"), "the order is kept")
        server.kill()
        server.start()
    an_order_outlives_the_process(t, killed)
