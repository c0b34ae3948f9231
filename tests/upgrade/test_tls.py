"""Encrypted connections of a server that is replaced: they continue in a process that carries their bytes."""
import pathlib
import re
import socket
import ssl

from api import Api
from harness import ADMIN, Settings, check, equal, free_port, listen_socket, test, wait_for
from media import MP3_FRAME, mp3_numbers
from replacing import upgrade
from tls_bench import certificate, tls, tls_server


def pumps(server):
    """The processes that carry encrypted connections for this server: they are in its session."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            same = process.joinpath("cmdline").read_bytes().split(b"\0")
            if process.joinpath("comm").read_text().strip() == "tls-pump" and str(server.config).encode() in same:
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@test
def listeners_and_sources_over_tls_lose_no_byte_through_five_upgrades(t):
    server = tls_server(t, limits="<source-timeout>120</source-timeout>")
    port = server.ports[1]
    source = server.source(port=port, wrap=tls())
    sent = source.play(50)
    listeners = [server.listener(port=port, wrap=tls()) for _ in range(10)] + [server.listener()]
    icy = server.listener(port=port, wrap=tls(), icy=True)
    for round_ in range(5):
        server.set_title(song="Title+%d" % round_)
        sent += source.play(30)
        counts = upgrade(server)
        equal(counts[:3], (12, 1, 1), "what was handed over")
        sent += source.play(30)
        # Who comes meanwhile speaks to the new process itself.
        listeners.append(server.listener(port=port, wrap=tls()))
        sent += source.play(10)
        listeners.pop().close()
        got = listeners[0].read(len(sent) - MP3_FRAME - len(listeners[0].audio))
    for listener in [*listeners, icy]:
        got = listener.audio + listener.read(len(sent) - MP3_FRAME - len(listener.audio))
        equal(got == sent[:len(got)], True, "every byte once")
    check(len(icy.titles) >= 3, "titles: %r" % icy.titles)
    check(pumps(server), "a process carries them")
    # The end of each is told, and the last of them is the end of those that carry them.
    source.leave()
    for listener in [*listeners, icy]:
        listener.expect_end()
    wait_for(lambda: not pumps(server), "those that carried them have ended")
    equal(server.stop(), 0)


@test
def a_server_that_ends_ends_its_encrypted_connections_with_their_last_byte(t):
    server = tls_server(t)
    port = server.ports[1]
    source = server.source()
    sent = source.play(50)
    listener = server.listener(port=port, wrap=tls())
    upgrade(server)
    sent += source.play(50)
    equal(server.stop(), 0)
    got = listener.take_all()
    check(mp3_numbers(listener.audio + got), "it has got sound")
    wait_for(lambda: not pumps(server), "nothing of it is left")


@test
def a_listener_that_goes_is_counted_no_longer(t):
    server = tls_server(t)
    source = server.source()
    source.play(50)
    listener = server.listener(port=server.ports[1], wrap=tls())
    upgrade(server)
    equal(server.stat("/live.mp3", "listeners"), "1")
    row = server.get("/admin/listclients?mount=/live.mp3", b"admin:adm-secret").text
    check("127.0.0.1" in row, "its address is its own: " + row)
    listener.close()

    def gone():
        source.play(10)
        return server.stat("/live.mp3", "listeners") == "0"
    wait_for(gone, "it has gone")
    wait_for(lambda: not pumps(server), "nothing of it is left")


def old_processes(server):
    """As /metrics and the API show them: processes, their connections, seconds since the oldest was replaced."""
    text = server.get("/metrics", ADMIN).text
    rows = [float(re.search(r"(?m)^lb_old_%s (\S+)$" % name, text)[1]) for name in ("processes", "connections", "processes_age_seconds")]
    row = next(row for row in Api(server).want(200, "GET", "/nodes").json()["items"] if row["self"])
    return (row["old_processes"], row["old_connections"]), tuple(rows)


def shows(server, processes, connections):
    def shown():
        row, metrics = old_processes(server)
        return row == (processes, connections) and metrics[:2] == row
    wait_for(shown, "%d old processes carry %d connections: %r" % (processes, connections, old_processes(server)), 15)


@test
def old_processes_are_shown_and_go_on_being_shown(t):
    server = tls_server(t)
    source = server.source()
    source.play(50)
    shows(server, 0, 0)
    listeners = [server.listener(port=server.ports[1], wrap=tls()) for _ in range(3)]
    upgrade(server)
    shows(server, 1, 3)
    listeners.append(server.listener(port=server.ports[1], wrap=tls()))
    for _ in range(2):
        upgrade(server)
        shows(server, 2, 4)
    check(old_processes(server)[1][2] > 0, "the age of the oldest")
    listeners.pop().close()

    def fewer():
        source.play(10)
        return old_processes(server)[0] == (1, 3)
    wait_for(fewer, "one has ended", 15)
    server.wait_for_log(r"app/handover old process \d+ has ended its TLS connections")


def all_that_was_sent(sent, listener):
    """It is ended with whole records, and has every byte until its end once."""
    got = listener.audio + listener.take_all(30)
    check(sent.startswith(got[:len(got)]) and len(got) > 40 * MP3_FRAME, "%d bytes of it, each once" % len(got))


@test
def connections_older_than_hand_over_time_end_in_order_and_others_stay(t):
    server = tls_server(t, limits="<hand-over-time>1h</hand-over-time>")
    source = server.source()
    sent = source.play(50)
    old = [server.listener(port=server.ports[1], wrap=tls()) for _ in range(3)]
    upgrade(server)
    new, plain = server.listener(port=server.ports[1], wrap=tls()), server.listener()
    sent += source.play(50)
    shows(server, 1, 3)
    server.write_config(limits="<hand-over-time>1</hand-over-time>")
    server.reload()
    server.wait_for_log(r"WARN app/handover old process \d+ ends its 3 TLS connections within a minute: hand-over-time is over")

    def all_gone():
        nonlocal sent
        sent += source.play(1)
        return new.is_open() and plain.is_open() and server.stat("/live.mp3", "listeners") == "2"
    wait_for(all_gone, "they have ended, and are counted no longer", 90)
    for listener in old:
        all_that_was_sent(sent, listener)
    wait_for(lambda: not pumps(server), "nothing of it is left")
    shows(server, 0, 0)
    check(new.is_open() and plain.is_open(), "the others stay")


@test
def of_nine_old_processes_the_oldest_ends_its_connections(t):
    server = tls_server(t)
    source = server.source()
    sent, listeners = source.play(50), []
    for n in range(9):
        listeners.append(server.listener(port=server.ports[1], wrap=tls()))
        upgrade(server)
        if n == 7:
            shows(server, 8, 8)
            check("within a minute" not in server.log(), "eight may be there")
    server.wait_for_log(r"old process \d+ ends its 1 TLS connections within a minute: more than 8 old processes have some")

    def first_ends():
        nonlocal sent
        sent += source.play(1)
        return not [one.is_open() for one in listeners][0]   # all of them are read
    wait_for(first_ends, "the oldest one ends", 90)
    all_that_was_sent(sent, listeners[0])
    check(all(listener.is_open() for listener in listeners[1:]), "the others stay")
    equal(server.log().count("within a minute"), 1, "processes that end")


class SlowClient:
    """A client that speaks TLS, and sends its bytes in pieces."""

    def __init__(self, bench, server, port, secure=True):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=Settings.patience)
        bench.owned(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.arrived, self.to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.arrived, self.to_send, server_hostname="radio.test") if secure else None

    def first_words(self):
        """The first bytes of the handshake, at most one flight of each side."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.to_send.read()

    def until(self, act):
        while True:
            try:
                done = act()
                self.socket.sendall(self.to_send.read())
                return done
            except ssl.SSLWantReadError:
                self.socket.sendall(self.to_send.read())
                got = self.socket.recv(65536)
                check(got, "the server does not end it")
                self.arrived.write(got)

    def shake_hands(self):
        self.until(self.tls.do_handshake)

    def send(self, data):
        self.until(lambda: self.tls.write(data)) if self.tls else self.socket.sendall(data)

    def read(self, size):
        got = b""
        while len(got) < size:
            more = self.until(lambda: self.tls.read(65536)) if self.tls else self.socket.recv(65536)
            check(more, "the stream goes on, behind %d bytes" % len(got))
            got += more
        return got

    def close(self):
        self.socket.close()


@test
def what_has_begun_and_not_asked_is_answered_by_the_next_process(t):
    server = tls_server(t, limits="<source-timeout>120</source-timeout>")
    secure = server.ports[1]
    source = server.source()
    source.play(50)
    # Half of a handshake, half of a request behind a handshake, and nothing at all yet.
    shaking, asking, silent, plain = (SlowClient(t, server, port, port == secure) for port in (secure, secure, secure, server.ports[0]))
    hello = shaking.first_words()
    shaking.socket.sendall(hello[:100])
    asking.shake_hands()
    asking.send(b"GET /live.mp3 HT")
    # What is known to have come: the server has taken what it was sent.
    server.listener(port=secure, wrap=tls()).close()
    for round_ in range(2):
        upgrade(server)
    shaking.socket.sendall(hello[100:])
    for client in (shaking, silent):
        client.shake_hands()
    asking.send(b"TP/1.0\r\n\r\n")
    for client in (shaking, silent, plain):
        client.send(b"GET /live.mp3 HTTP/1.0\r\n\r\n")
    source.play(50)
    for client in (shaking, asking, silent, plain):
        check(client.read(300).startswith(b"HTTP/1.0 200 OK"), "it is answered")
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "4", "all listen")
    upgrade(server)
    equal(server.stat("/live.mp3", "listeners"), "4")
    sent = source.play(100)
    for client in (shaking, asking, silent, plain):
        got = b""
        while sent[20000:24000] not in got:
            got += client.read(1)
        client.close()


@test
def a_handshake_that_does_not_end_has_the_time_of_a_request(t):
    server = tls_server(t, limits="<header-timeout>2</header-timeout>")
    client = SlowClient(t, server, server.ports[1])
    client.socket.sendall(client.first_words()[:100])
    server.get("/status-json.xsl")
    upgrade(server)
    wait_for(lambda: not client.socket.recv(100), "the server ends it")
    wait_for(lambda: not pumps(server), "nothing of it is left", 10)


@test
def a_port_that_waited_for_a_certificate_is_open_when_the_next_process_has_one(t):
    plain, port = free_port(), free_port()
    server = t.unstarted_server(sockets=listen_socket(plain) + listen_socket(port, "<ssl>1</ssl>"))
    server.start()
    source = server.source(port=plain)
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    upgrade(server)
    listener = server.listener(port=port, wrap=tls())
    sent = source.play(20)
    check(listener.read(10 * MP3_FRAME) in sent, "what it hears over TLS was sent")


@test
def a_port_that_becomes_encrypted_without_a_certificate_refuses_connections(t):
    plain, port = free_port(), free_port()
    server = t.unstarted_server(sockets=listen_socket(plain) + listen_socket(port))
    server.start()
    source = server.source(port=port)
    source.play(20)
    server.write_config(sockets=listen_socket(plain) + listen_socket(port, "<ssl>1</ssl>"))
    upgrade(server)
    equal(server.stat("/live.mp3", "listeners"), "0", "the source goes on")

    def refused():
        try:
            socket.create_connection(("127.0.0.1", port), Settings.patience).close()
        except ConnectionRefusedError:
            return True
    wait_for(refused, "it is closed: " + server.log()[-600:])


@test
def a_client_that_does_not_read_keeps_no_process_behind_the_end_of_the_server(t):
    server = tls_server(t)
    source = server.source("/m")
    source.play(20)
    listener = server.listener("/m", port=server.ports[1], wrap=tls())
    listener.read(2000)
    upgrade(server)
    check(pumps(server), "a process carries it")
    for _ in range(300):
        source.play(50)
    equal(server.stop(), 0)
    wait_for(lambda: not pumps(server), "nothing of it is left", 30)
