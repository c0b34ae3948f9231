"""Encrypted connections of a server that is replaced: they continue in a process that carries their bytes."""
import pathlib
import socket
import ssl

from harness import Settings, check, equal, test, wait_for
from media import MP3_FRAME, mp3_numbers
from replacing import upgrade
from tls_bench import tls, tls_server


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
