"""Deadlines continue with the time that is left: an upgrade gives no new time to a client or a receiver of events."""
import time

from facts import Settings
from harness import check, equal, listen_socket, test, wait_for
from http_backend import HttpBackend, send
from replacing import upgrade
from tls_bench import certificate

HEAD = 4            # seconds: <header-timeout>
EACH = 1.2          # between two upgrades


@test
def a_head_that_does_not_come_has_its_time_once(t):
    server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<ssl>1</ssl>"), limits="<header-timeout>%d</header-timeout>" % HEAD)
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    begin = time.monotonic()
    slow, silent, kept = server.wire(), server.wire(), server.wire()
    kept.send("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    kept.reply()
    slow.send("GET /live.mp3 HTTP/1.0\r\nX-")
    ended = {}
    rounds = 0
    while len(ended) < 3 and time.monotonic() - begin < 3 * HEAD:
        upgrade(server)
        rounds += 1
        until = time.monotonic() + EACH
        while time.monotonic() < until:
            for name, wire in (("slow", slow), ("silent", silent), ("kept", kept)):
                if name not in ended and not wire.is_open():
                    ended[name] = time.monotonic() - begin
            if "slow" not in ended:
                try:
                    slow.send("a")
                except OSError:
                    pass
            time.sleep(0.1)
    equal(sorted(ended), ["kept", "silent", "slow"], "those that were ended, of %d upgrades: %s" % (rounds, ended))
    for name, after in ended.items():
        check(HEAD - 0.2 <= after <= HEAD + 2 * Settings.patience / 10, "%s had %.1f s" % (name, after))


@test
def an_event_that_is_not_taken_waits_and_is_given_up_as_ever(t):
    tried = []

    def refuse(handler):
        handler.rfile.read(int(handler.headers["Content-Length"]))
        tried.append(time.monotonic())
        send(handler, 500)
    hook = t.owned(HttpBackend({"POST": refuse}))
    server = t.server(body='<webhook url="%s" events="source-connect"/>' % hook.address("/hook"))
    server.source("/live").play(1)
    wait_for(lambda: len(tried) == 2, "it is sent again after 1 s")
    again = tried[1] + 10
    while time.monotonic() < again - 2:
        upgrade(server)
        time.sleep(1)
    equal(len(tried), 2, "times that it was sent before its 10 s are over")
    wait_for(lambda: len(tried) == 3, "it is sent again", 10)
    check(tried[2] >= again - 0.1, "it waits for %.1f s" % (tried[2] - tried[1]))
    equal(server.log().count("it is sent again 3 times"), 1, "lines")
