"""Deadlines continue with the time that is left: an upgrade gives no new time to a client, a listener or a receiver of
events."""
import signal
import ssl
import time

from backend import ACCEPT, Backend
from facts import Settings
from harness import check, equal, listen_socket, mount, test, wait_for
from http_backend import HttpBackend, send
from replacing import serving, upgrade
from tasks import freeze
from tls_bench import certificate, tls

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
def the_time_of_a_listener_is_over_once(t):
    """By the mount, and by a backend, which is told once; plain and by TLS."""
    backend = t.owned(Backend(lambda form: dict(ACCEPT, **{"icecast-auth-timelimit": str(HEAD)})))
    server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<ssl>1</ssl>"), body=mount(
        "/a", "<max-listener-duration>%d</max-listener-duration>" % HEAD) + mount(
        "/b", "<authentication type='url'><option name='listener_add' value='{0}'/><option name='listener_remove' value='{0}'/></authentication>".format(
            backend.url())))
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    sources = [server.source(name) for name in ("/a", "/b")]
    for source in sources:
        source.play(20)
    begin = time.monotonic()
    listeners = [server.listener(name, port=server.ports[secure], wrap=tls() if secure else None) for name in ("/a", "/b") for secure in (0, 1)]
    ended = {}
    while len(ended) < len(listeners) and time.monotonic() - begin < 3 * HEAD:
        upgrade(server)
        until = time.monotonic() + EACH
        while time.monotonic() < until:
            for source in sources:
                source.play(2)
            for number, listener in enumerate(listeners):
                if number not in ended and not open_still(listener):
                    ended[number] = time.monotonic() - begin
            time.sleep(0.05)
    equal(len(ended), len(listeners), "listeners that were ended")
    for number, after in ended.items():
        check(HEAD - 0.2 <= after <= HEAD + 2 * Settings.patience / 10, "listener %d had %.1f s" % (number, after))
    wait_for(lambda: len(backend.of("listener_remove")) == 2, "each end is told once")


def open_still(listener):
    """Also for TLS."""
    try:
        return listener.is_open()
    except ssl.SSLWantReadError:
        return True


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


@test
def an_encoder_that_waited_for_a_suspended_server_is_not_silent_behind_its_upgrade(t):
    server = t.server(limits="<source-timeout>2</source-timeout>")
    source = server.source("/live.mp3")
    source.play(20)
    pid = server.process.pid
    freeze(pid)
    try:
        server.send_signal(signal.SIGUSR2)
        time.sleep(4)
    finally:
        server.send_signal(signal.SIGCONT)
    wait_for(lambda: serving(server) != pid, "another process serves")
    source.play(20)
    wait_for(lambda: server.stat("/live.mp3", "total_bytes_read") is not None, "the mount is there")
    check(source.is_open(), "the encoder is connected")
    check("silent" not in server.log(), "nothing was called silent")
