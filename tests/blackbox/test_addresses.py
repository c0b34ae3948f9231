"""The address of the client: X-Forwarded-For, X-Forwarded-Proto and the PROXY protocol."""
import socket
import struct
import subprocess

from harness import ADMIN, Settings, check, equal, listen_socket, matches, test, wait_for
from tls_bench import certificate, tls

TRUSTED = "<x-forwarded-for>127.0.0.1</x-forwarded-for><x-forwarded-for>10.0.0.0/8 2001:db8:1::*</x-forwarded-for>"
PROXY_SOCKETS = listen_socket(0) + listen_socket(0, "<proxy-protocol>1</proxy-protocol>")
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(client="203.0.113.7"):
    kind = "TCP6" if ":" in client else "TCP4"
    return ("PROXY %s %s %s 4711 8000\r\n" % (kind, client, "::1" if kind == "TCP6" else "127.0.0.1")).encode()


def v2(client="203.0.113.7", command=1, additions=b""):
    if ":" in client:
        body = socket.inet_pton(socket.AF_INET6, client) + bytes(16) + struct.pack(">HH", 4711, 8000)
        family = 0x21
    else:
        body = socket.inet_aton(client) + socket.inet_aton("127.0.0.1") + struct.pack(">HH", 4711, 8000)
        family = 0x11
    return SIGNATURE + struct.pack(">BBH", 0x20 | command, family, len(body + additions)) + body + additions


def addition(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


def first(data, then=None):
    """For Wire: sends `data` before everything else, then speaks TLS if requested."""
    def wrap(connected):
        connected.sendall(data)
        return then(connected) if then else connected
    return wrap


def logged(server, path, address):
    server.wait_for_log(r'^%s - - .*"GET %s ' % (address.replace(".", r"\."), path), "access")


def ask_as(server, path, forwarded, source_address=None, **more):
    lines = ["X-Forwarded-For: " + value for value in ([forwarded] if isinstance(forwarded, str) else forwarded)]
    return server.ask("GET %s HTTP/1.0" % path, lines, source_address=source_address, **more)


@test
def a_trusted_proxy_names_the_client(t):
    server = t.server(paths=TRUSTED)
    ask_as(server, "/one", "203.0.113.7")
    logged(server, "/one", "203.0.113.7")
    ask_as(server, "/two", "2001:db8::2")
    logged(server, "/two", "2001:db8::2")
    ask_as(server, "/three", "198.51.100.1, 203.0.113.8, 10.1.2.3")
    logged(server, "/three", "203.0.113.8")
    ask_as(server, "/four", ["198.51.100.1", "203.0.113.9", "2001:db8:1::77"])
    logged(server, "/four", "203.0.113.9")


@test
def a_stranger_names_nobody(t):
    server = t.server(paths=TRUSTED)
    ask_as(server, "/spoofed", "203.0.113.7", source_address="127.0.0.2")
    logged(server, "/spoofed", "127.0.0.2")
    plain = t.server()
    ask_as(plain, "/untrusted", "203.0.113.7")
    logged(plain, "/untrusted", "127.0.0.1")


@test
def listeners_and_sources_are_counted_under_their_own_addresses(t):
    server = t.server(paths=TRUSTED)
    source = server.source(lines=["X-Forwarded-For: 203.0.113.50"])
    equal(server.stat("/live.mp3", "source_ip"), "203.0.113.50")
    listener = server.listener(lines=["X-Forwarded-For: 203.0.113.7"])
    rows = wait_for(lambda: server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().findall("source/listener"), "the listener is listed")
    equal([row.find("IP").text for row in rows], ["203.0.113.7"])
    source.play(10)
    listener.read(1000)
    listener.close()
    source.play(1000)
    source.leave()
    logged(server, "/live.mp3", "203.0.113.7")
    server.wait_for_log(r'^203\.0\.113\.50 - - .*"SOURCE /live\.mp3 ', "access")


@test
def the_list_is_read_again_and_bad_entries_are_named(t):
    server = t.unstarted_server(paths="<x-forwarded-for>proxy.example.org</x-forwarded-for>")
    done = subprocess.run([Settings.binary, "--check-config", str(server.config)], capture_output=True, stdin=subprocess.DEVNULL, timeout=20)
    matches("x-forwarded-for.*proxy.example.org.* is not an IP address .*can never match", (done.stdout + done.stderr).decode())
    server.start()
    ask_as(server, "/before", "203.0.113.7")
    logged(server, "/before", "127.0.0.1")
    server.reload(paths="<x-forwarded-for>127.0.0.*</x-forwarded-for>")
    ask_as(server, "/after", "203.0.113.7")
    logged(server, "/after", "203.0.113.7")


@test
def every_request_of_a_connection_has_its_own_client(t):
    server = t.server(paths=TRUSTED)
    wire = server.wire()
    wire.send("OPTIONS * HTTP/1.1\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: Keep-Alive\r\n\r\n")
    wire.reply()
    wire.send("GET /second HTTP/1.0\r\n\r\n")
    wire.reply()
    logged(server, "/second", "127.0.0.1")
    server.wait_for_log(r'^203\.0\.113\.7 - - .*"OPTIONS \* ', "access")


@test
def a_trusted_proxy_tells_the_scheme(t):
    server = t.server(paths=TRUSTED)
    server.source().play(10)

    def playlist(*lines, source_address=None):
        return server.ask("GET /live.mp3.m3u HTTP/1.0", ["Host: radio.test", *lines], source_address=source_address).body
    equal(playlist("X-Forwarded-Proto: https"), b"https://radio.test/live.mp3\r\n")
    equal(playlist("X-Forwarded-Proto: http")[:7], b"http://")
    equal(playlist("X-Forwarded-Proto: https", source_address="127.0.0.2")[:7], b"http://")
    equal(playlist()[:7], b"http://")


@test
def a_proxy_header_of_either_version_names_the_client(t):
    server = t.server(sockets=PROXY_SOCKETS)
    for number, (header, address) in enumerate(((v1(), "203.0.113.7"), (v1("2001:db8::2"), "2001:db8::2"),
                                                (v2(), "203.0.113.7"), (v2("2001:db8::9"), "2001:db8::9"),
                                                (v2(additions=addition(2, b"radio.test")), "203.0.113.7"),
                                                (b"PROXY UNKNOWN\r\n", "127.0.0.1"), (v2(command=0), "127.0.0.1"))):
        equal(server.ask("GET /p%d HTTP/1.0" % number, port=server.ports[1], wrap=first(header)).status, 404)
        logged(server, "/p%d" % number, address)


@test
def a_proxy_header_may_come_byte_by_byte(t):
    server = t.server(sockets=PROXY_SOCKETS)
    for number, header in enumerate((v1(), v2(additions=addition(4, bytes(20))))):
        wire = server.wire(server.ports[1])
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in header + b"GET /bytes%d HTTP/1.0\r\n\r\n" % number:
            wire.send(bytes([byte]))
        equal(wire.reply().status, 404)
        logged(server, "/bytes%d" % number, "203.0.113.7")


@test
def without_a_good_proxy_header_nobody_is_served(t):
    server = t.server(sockets=PROXY_SOCKETS)
    for bad in (b"GET /direct HTTP/1.0\r\n\r\n", b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", b"PROXY TCP4 nobody 1.2.3.4 1 2\r\n",
                SIGNATURE + b"\x21\x11\0\0", SIGNATURE + b"\x31\x11\0\x0c" + bytes(12), b"\x16\x03\x01"):
        wire = server.wire(server.ports[1])
        wire.send(bad + b"GET /bad HTTP/1.0\r\n\r\n")
        wire.expect_silence_and_close()
    server.wait_for_log("WARN connection/connection 127.0.0.1: no PROXY header, or a broken one; dropped on port %d" % server.ports[1])
    check("GET /" not in server.log("access"), "it was served: " + server.log("access"))


@test
def only_trusted_addresses_may_send_proxy_headers_where_a_list_is_given(t):
    server = t.server(sockets=PROXY_SOCKETS, paths=TRUSTED)
    equal(server.ask("GET /good HTTP/1.0", port=server.ports[1], wrap=first(v1())).status, 404)
    logged(server, "/good", "203.0.113.7")
    wire = server.wire(server.ports[1], source_address="127.0.0.2", wrap=first(v1()))
    wire.expect_silence_and_close()
    server.wait_for_log("127.0.0.2: is not one of the x-forwarded-for; dropped on port %d" % server.ports[1])


@test
def a_proxy_header_means_nothing_on_other_sockets(t):
    server = t.server(sockets=PROXY_SOCKETS)
    wire = server.wire(server.ports[0])
    wire.send(v1() + b"GET /plain HTTP/1.0\r\n\r\n")
    wire.take_all()
    check("203.0.113.7" not in server.log("access"), server.log("access"))


@test
def tls_may_follow_a_proxy_header(t):
    server = t.unstarted_server(sockets=PROXY_SOCKETS + listen_socket(0, "<proxy-protocol>1</proxy-protocol><ssl>1</ssl>"))
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    server.source().play(20)
    for port in server.ports[1:]:
        listener = server.listener(port=port, wrap=first(v2(), tls()), lines=["Host: x:1"])
        listener.read(1000)
        listener.close()
        reply = server.ask("GET /live.mp3.m3u HTTP/1.0", ["Host: radio.test"], port=port, wrap=first(v2(), tls()))
        equal(reply.body, b"https://radio.test/live.mp3\r\n")
    logged(server, "/live.mp3.m3u", "203.0.113.7")


@test
def the_balancer_tells_that_the_client_speaks_tls_with_it(t):
    server = t.server(sockets=PROXY_SOCKETS)
    server.source().play(10)
    for flags, scheme in ((1, b"https"), (0, b"http")):
        header = v2(additions=addition(0x20, struct.pack(">BI", flags, 0)))
        reply = server.ask("GET /live.mp3.m3u HTTP/1.0", ["Host: radio.test:9"], port=server.ports[1], wrap=first(header))
        equal(reply.body, scheme + b"://radio.test:9/live.mp3\r\n")


@test
def a_proxy_behind_a_proxy_is_seen_through(t):
    server = t.server(sockets=PROXY_SOCKETS, paths=TRUSTED)
    lines = ["X-Forwarded-For: 203.0.113.77"]
    server.ask("GET /chain HTTP/1.0", lines, port=server.ports[1], wrap=first(v1("10.1.1.1")))
    logged(server, "/chain", "203.0.113.77")
    server.ask("GET /spoof HTTP/1.0", lines, port=server.ports[1], wrap=first(v1("198.51.100.9")))
    logged(server, "/spoof", "198.51.100.9")


@test
def an_announced_address_of_this_machine_has_no_rights(t):
    server = t.server(sockets=PROXY_SOCKETS)
    equal(server.get("/metrics").status, 200, "of this machine itself")
    for header in (v1("127.0.0.1"), v1("::1"), v2("127.0.0.1")):
        equal(server.ask("GET /metrics HTTP/1.0", port=server.ports[1], wrap=first(header)).status, 401, header)
