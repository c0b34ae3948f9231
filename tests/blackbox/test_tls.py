"""Listeners, sources and pages over TLS; the choice, the renewal and the lack of certificates."""
import os
import re
import socket
import ssl
import subprocess

from harness import ADMIN, SOURCE, Failed, Settings, as_nobody, check, equal, free_port, give_away, listen_socket, matches, test, wait_for
from tls_bench import TLS_SOCKETS, certificate, tls, tls_server

def names_of(wire):
    """The common name in the peer's certificate."""
    der = wire.socket.getpeercert(binary_form=True)
    text = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"], input=der, check=True,
                          capture_output=True).stdout.decode()
    return text.split("=")[-1].strip()


def served_name(server, port=None, name="radio.test"):
    wire = server.wire(port, wrap=tls(name))
    found = names_of(wire)
    wire.close()
    return found


@test
def a_listener_hears_every_byte_and_every_title(t):
    server = tls_server(t)
    source = server.source()
    plain = server.listener(port=server.ports[1], wrap=tls())
    icy = server.listener(port=server.ports[1], wrap=tls(), icy=True)
    sent = b""
    for number in range(20):
        server.set_title(song="Title+%d" % number)
        sent += source.play(50)
    for listener in (plain, icy):
        got = listener.read(998 * 384)
        check(sent.startswith(got), "what came differs from what was sent")
    check(len(icy.titles) > 3, "titles: %r" % icy.titles)
    source.leave()
    plain.expect_end()


@test
def a_source_streams_over_tls(t):
    server = tls_server(t)
    source = server.source(port=server.ports[1], wrap=tls())
    listener = server.listener()
    sent = source.play(500)
    check(sent.startswith(listener.read(498 * 384)), "what came differs from what was sent")
    server.wait_for_log("/live.mp3")


@test
def a_source_whose_records_are_of_all_sizes_loses_nothing(t):
    server = tls_server(t)
    source = server.source(port=server.ports[1], wrap=tls())
    listener = server.listener()
    data = b"".join(next(source.units) for _ in range(1200))
    at, size = 0, 1
    while at < len(data):
        source.send(data[at:at + size])
        at, size = at + size, size * 3 % 16384 + 1
    check(data.startswith(listener.read(len(data) - 384)), "what came differs from what was sent")


@test
def a_slow_listener_loses_no_byte_within_the_queue(t):
    server = tls_server(t, limits="<queue-size>6000000</queue-size><burst-size>65536</burst-size>")
    source = server.source()
    slow = server.listener(port=server.ports[1], wrap=tls(), receive_buffer=4096, icy=True)
    quick = server.listener()
    sent = b""
    for number in range(10):
        server.set_title(song="Title+%d" % number)
        sent += source.play(1000)
        quick.read(len(sent) - len(quick.audio) - 384)
    check(sent.startswith(slow.read(len(sent) - 384)), "what came differs from what was sent")


@test
def pages_and_playlists_say_https_to_who_asked_so(t):
    server = tls_server(t)
    server.source("/a b.mp3").play(10)
    host = "Host: radio.test:%d" % server.ports[1]
    reply = server.ask("GET /a%20b.mp3.m3u HTTP/1.0", [host], port=server.ports[1], wrap=tls())
    equal(reply.body, b"https://radio.test:%d/a%%20b.mp3\r\n" % server.ports[1])
    reply = server.ask("GET /a%20b.mp3.m3u HTTP/1.0", ["Host: radio.test"], port=server.ports[1], wrap=tls())
    equal(reply.body, b"https://radio.test/a%20b.mp3\r\n")
    asked = "GET /admin/buildm3u?mount=/a&username=u&password=p HTTP/1.0"
    equal(server.ask(asked, [host], port=server.ports[1], wrap=tls()).text, "https://u:p@%s/a\r\n" % host.split(" ")[1])
    check(server.ask(asked, [host]).text.startswith("http://u:p@127.0.0.1:"), "over plain http")
    equal(server.get("/a%20b.mp3.m3u", headers=["Host: radio.test:77"]).body, b"http://radio.test:77/a%20b.mp3\r\n")
    server.source("/live.mp3").play(10)
    reply = server.ask("GET /live.mp3.xspf HTTP/1.0", [host], port=server.ports[1], wrap=tls())
    check(b"https://radio.test:%d/live.mp3" % server.ports[1] in reply.body, "xspf: %r" % reply.body)
    equal(len(reply.body), int(reply.get("Content-Length")), "length of the xspf")
    check(b"http://127.0.0.1:" in server.get("/live.mp3.xspf").body, "plain xspf")
    for _ in range(2):                                                    # by turns, out of one rendering
        for wrap, asked_host, listenurl in ((tls(), "radio.test", "https://radio.test/live.mp3"),
                                            (tls(), "radio.test:8443", "https://radio.test:8443/live.mp3"),
                                            (None, "radio.test", None)):
            port = server.ports[1] if wrap else server.port
            for path in ("/status-json.xsl", "/status.xsl"):
                text = server.ask("GET %s HTTP/1.0" % path, ["Host: " + asked_host], port=port, wrap=wrap).text
                wanted = listenurl or "http://127.0.0.1:"
                check(wanted in text and ("https://radio.test" in text) == bool(listenurl), text)


@test
def a_large_file_arrives_whole(t):
    server = tls_server(t)
    data = os.urandom(3_000_000)
    (server.dir / "web" / "file.bin").write_bytes(data)
    give_away(server.dir / "web")
    check(server.ask("GET /file.bin HTTP/1.0", port=server.ports[1], wrap=tls()).body == data, "the file differs")


@test
def a_plain_port_finds_out_who_speaks_tls(t):
    server = tls_server(t, sockets=listen_socket(0) + listen_socket(0, "<shoutcast-compat>1</shoutcast-compat>"))
    source = server.source()
    sent = source.play(100)
    for options in ({}, {"wrap": tls()}):
        listener = server.listener(**options)
        check(listener.read(1000) in sent, "what came differs from what was sent")
    wire = server.wire(server.ports[1])
    wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    wire.expect_silence_and_close()


@test
def a_tls_socket_speaks_nothing_else(t):
    server = tls_server(t)
    source = server.source()
    source.play(100)
    # What a browser shows that was given an address with http://; with the login of a source, too.
    for line, login in (("GET /live.mp3 HTTP/1.1", None), ("GET /admin/stats HTTP/1.0", ADMIN), ("PUT /other.mp3 HTTP/1.1", SOURCE)):
        reply = server.ask(line, ["Host: radio.test"], login, port=server.ports[1])
        equal((line, reply.status), (line, 400))
        check(b"this port speaks https only" in reply.body, reply.body)
    check("/other.mp3" not in server.log(), "a source was looked at")
    server.wait_for_log("WARN .*an encoder asks without TLS at port %d, which is for TLS; it is refused$" % server.ports[1])
    for odd in (b"get / http/1.0\r\n\r\n", bytes(8), b"\r\n\r\n\r\n"):
        wire = server.wire(server.ports[1])
        wire.send(odd)
        check(b"HTTP" not in wire.take_all(), "it spoke HTTP")
    server.wait_for_log("DBUG connection/connection 127.0.0.1: TLS: ")


@test
def what_libshout_asks_first_is_closed_without_a_byte(t):
    """Only then does it try TLS: an answer of any kind is the end of its connection."""
    server = tls_server(t)
    for asked in (b"OPTIONS * HTTP/1.1\r\nHost: x\r\nUpgrade: TLS/1.0, HTTP/1.0\r\nConnection: Upgrade\r\n\r\n",
                  b"GET /admin/!POKE HTTP/1.1\r\nHost: x\r\n\r\n"):
        wire = server.wire(server.ports[1])
        wire.send(asked)
        wire.expect_silence_and_close()
    server.wait_for_log("port %d, which is for TLS; it is closed, so that the encoder tries TLS" % server.ports[1])


@test
def libshout_gets_onto_the_air_at_either_port(t):
    """Left to choose, as by ezstream and GStreamer; a certificate that it trusts."""
    server = tls_server(t, name="localhost")
    sound = server.dir / "sound.ogg"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=30", "-c:a", "libvorbis", str(sound)], check=True)
    for mount, port in (("/plain.ogg", server.port), ("/tls.ogg", server.ports[1])):
        with open(sound, "rb") as stdin, open(server.dir / "shout.out", "wb") as out:
            encoder = subprocess.Popen(["shout", "-H", "localhost", "-P", str(port), "--pass", SOURCE.split(":")[1], "--mount", mount,
                                        "--tls-mode", "auto", "--format", "ogg"], stdin=stdin, stdout=out, stderr=out,
                                       env=dict(os.environ, SSL_CERT_FILE=str(server.dir / "tls.pem")))
        try:
            wait_for(lambda: server.stat(mount, "listeners") == "0", "%s is on the air" % mount)
        finally:
            encoder.kill()
            encoder.wait()


@test
def an_encoder_that_insists_on_an_upgrade_asks_twice_at_most(t):
    server = t.server()
    wire = server.wire()
    asked = b"OPTIONS * HTTP/1.1\r\nHost: x\r\nUpgrade: TLS/1.0, HTTP/1.0\r\nConnection: Upgrade\r\n\r\n"
    wire.send(asked)
    equal(wire.reply().status, 200)
    wire.send(asked)
    wire.expect_silence_and_close()


@test
def without_a_certificate_a_plain_port_speaks_no_tls(t):
    server = t.server()
    wire = server.wire()
    wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    wire.take_all()


@test
def the_name_chooses_the_certificate(t):
    server = t.unstarted_server(sockets=TLS_SOCKETS)
    certificate(server.dir, "first.test", "1.pem")
    certificate(server.dir, "second.test", "2.pem", separate_key="2.key")
    certificate(server.dir, "third.test", "3.pem")
    server.write_config(paths="".join("<ssl-certificate>%s/%d.pem</ssl-certificate>" % (server.dir, i) for i in (1, 2, 3))
                        + "<ssl-private-key>%s/2.key</ssl-private-key>" % server.dir)
    server.start()
    for asked, got in (("first.test", "first.test"), ("second.test", "second.test"), ("third.test", "third.test"),
                       ("other.test", "first.test"), (None, "first.test")):
        equal(served_name(server, server.ports[1], asked), got, "certificate for %s" % asked)
        equal(served_name(server, server.ports[0], asked), got, "certificate for %s on the plain port" % asked)


@test
def it_speaks_http11_and_tls_12_and_13(t):
    server = tls_server(t)
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        wire = server.wire(server.ports[1], wrap=tls(protocols=["h2", "http/1.1"], version=version))
        equal((wire.socket.version(), wire.socket.selected_alpn_protocol()), (name, "http/1.1"))


@test
def keys_are_agreed_by_curves_alone(t):
    """The largest finite field costs the server 120 ms for one packet of a client."""
    server = tls_server(t)

    def agreed(group):
        said = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % server.ports[1], "-tls1_3", "-groups", group],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20).stdout
        return "Server Temp Key" in said
    equal([group for group in ("X25519", "P-256", "X448", "P-384", "P-521", "ffdhe2048", "ffdhe8192") if agreed(group)],
          ["X25519", "P-256", "X448", "P-384", "P-521"], "groups")


@test
def names_of_icecast_25_and_kh_are_understood(t):
    server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<tls>rfc2818</tls>"))
    certificate(server.dir, "radio.test", separate_key="tls.key")
    server.write_config(body="<security><tls-context><tls-certificate>%s/tls.pem</tls-certificate>"
                             "<tls-key>%s/tls.key</tls-key></tls-context></security>" % (server.dir, server.dir))
    server.start()
    equal(served_name(server, server.ports[1]), "radio.test")


@test
def hup_takes_a_new_certificate_while_a_listener_plays_on(t):
    server = tls_server(t, name="old.test")
    source = server.source()
    listener = server.listener(port=server.ports[1], wrap=tls())
    sent = source.play(50)
    certificate(server.dir, "new.test")
    server.reload()
    wait_for(lambda: served_name(server, server.ports[1]) == "new.test", "the new certificate is served")
    sent += source.play(500)
    check(sent.startswith(listener.read(548 * 384)), "what came differs from what was sent")
    equal(names_of(listener), "old.test")


@test
def a_changed_file_is_taken_while_a_listener_plays_on(t):
    server = t.unstarted_server(sockets=TLS_SOCKETS)
    certificate(server.dir, "old.test", separate_key="tls.key")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate><ssl-private-key>%s/tls.key</ssl-private-key>" % (server.dir, server.dir))
    server.start()
    source = server.source()
    listener = server.listener(port=server.ports[1], wrap=tls())
    sent = source.play(50)
    certificate(server.dir, "new.test", separate_key="tls.key")
    wait_for(lambda: served_name(server, server.ports[1]) == "new.test", "the new certificate is served", Settings.patience + 5)
    sent += source.play(500)
    check(sent.startswith(listener.read(548 * 384)), "what came differs from what was sent")
    check("EROR connection/tls" not in server.log(), server.log())


@test
def a_broken_file_keeps_the_old_certificate_and_is_said(t):
    server = tls_server(t, name="old.test")
    (server.dir / "tls.pem").write_text("nonsense")
    server.reload()
    server.wait_for_log(r"EROR connection/tls .*tls\.pem: holds no certificate in PEM form; the certificate that was loaded before stays in use")
    equal(served_name(server, server.ports[1]), "old.test")


@test
def a_player_resumes_its_session_after_a_restart_and_a_renewal(t):
    """By the key file; the second server has another certificate, as after a renewal."""
    key = t.dir / "ticket.key"
    key.write_text("k" * 48)
    give_away(t.dir)
    session = t.dir / "session"

    def join(server, *more):
        done = subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % server.ports[1], "-tls1_3", "-ign_eof",
                               "-servername", "radio.test", *map(str, more)], capture_output=True, text=True,
                              input="GET /status-json.xsl HTTP/1.0\r\n\r\n", timeout=Settings.patience)
        check("HTTP/1.0 200" in done.stdout, done.stdout + done.stderr)
        return re.search(r"^(New|Reused), ", done.stdout, re.M).group(1)
    paths = "<ssl-certificate>%s/tls.pem</ssl-certificate><ssl-ticket-key>" + str(key) + "</ssl-ticket-key>"
    server = tls_server(t, paths=paths)
    equal(join(server, "-sess_out", session), "New")
    server.stop()
    other = tls_server(t, paths=paths)
    equal(join(other, "-sess_in", session), "Reused")
    stranger = tls_server(t)
    equal(join(stranger, "-sess_in", session), "New")


def resumed(server, context, sessions, name="radio.test"):
    """The number of sessions that resume, each on its own connection; the newest sessions replace the old ones in the
    list."""
    again = 0
    for number, session in enumerate(sessions):
        with socket.create_connection(("127.0.0.1", server.ports[1]), Settings.patience) as plain:
            with context.wrap_socket(plain, server_hostname=name, session=session) as wire:
                wire.sendall(b"GET /status-json.xsl HTTP/1.0\r\n\r\n")
                while wire.recv(65536):
                    pass
                again += wire.session_reused
                sessions[number] = wire.session
    return again


@test
def players_resume_after_a_restart_and_at_another_node_without_configuration(t):
    """TLS 1.3 by the certificate's key, TLS 1.2 by the file in the state directory."""
    count = 100
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = context.maximum_version = version
        server = tls_server(t, paths="<ssl-certificate>%s/tls.pem</ssl-certificate><state-dir>%s</state-dir>")
        sessions = [None] * count
        equal(resumed(server, context, sessions), 0)
        server.kill()
        server.start()
        many = resumed(server, context, sessions)
        check(many >= 95, "%d of %d players resumed after the restart" % (many, count))
        secrets = server.dir / "ticket.secrets"
        equal(secrets.stat().st_mode & 0o777, 0o600)
        node = t.unstarted_server(sockets=TLS_SOCKETS)
        (node.dir / "tls.pem").write_bytes((server.dir / "tls.pem").read_bytes())
        node.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % node.dir)
        node.start()
        many = resumed(node, context, list(sessions))
        equal(many, count if version == ssl.TLSVersion.TLSv1_3 else 0, "at another node with the same certificate")
        server.kill()
        secrets.write_bytes(secrets.read_bytes()[:40])
        give_away(server.dir)
        server.start()
        check(re.search(r"WARN connection/tls .*/ticket\.secrets: is not a complete file of ticket secrets; the ticket secrets are new",
                        server.out.read_text()), server.out.read_text())
        many = resumed(server, context, sessions)
        equal(many, count if version == ssl.TLSVersion.TLSv1_3 else 0, "with a broken file")
        stranger = tls_server(t)
        equal(resumed(stranger, context, sessions), 0, "at a server with another certificate")


@test
def a_certificate_may_come_with_a_reload_and_go_again(t):
    server = t.server()
    certificate(server.dir, "radio.test")
    server.reload(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    wait_for(lambda: "is in use" in server.log(), "the certificate is loaded")
    equal(served_name(server, server.port), "radio.test")
    server.reload(paths="")

    def gone():
        try:
            return not served_name(server, server.port)
        except Failed:
            return True
    wait_for(gone, "the certificate is no longer used")
    equal(server.get("/status-json.xsl").status, 200)


@test
def a_tls_socket_without_a_certificate_stays_closed_until_there_is_one(t):
    server = t.unstarted_server(sockets=TLS_SOCKETS)
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    port = free_port()
    server.write_config(sockets=listen_socket(0) + listen_socket(port, "<ssl>1</ssl>"))
    server.start()
    equal(len(server.ports), 1, "open ports")
    matches(r"tls\.pem: cannot be read: No such file or directory", server.out.read_text() + server.log())
    matches(r"port %d is for TLS, but there is no usable certificate; it stays closed" % port, server.out.read_text() + server.log())
    refused = False
    try:
        server.wire(port)
    except ConnectionRefusedError:
        refused = True
    check(refused, "the port is open")
    certificate(server.dir, "late.test")
    wait_for(lambda: "port %d is open" % port in server.log(), "the port opens", Settings.patience + 5)
    equal(served_name(server, port), "late.test")
    equal(server.ask("GET /status-json.xsl HTTP/1.0", port=port, wrap=tls()).status, 200)


@test
def a_server_that_could_serve_nothing_but_tls_without_a_certificate_does_not_start(t):
    server = t.unstarted_server(sockets=listen_socket(0, "<ssl>1</ssl>"))
    with open(server.dir / "out", "wb") as out:
        done = subprocess.run(as_nobody([Settings.binary, "-c", str(server.config)]), stdin=subprocess.DEVNULL,
                              stdout=out, stderr=out, timeout=Settings.patience * 2)
    equal(done.returncode, 1, "exit status")
    matches("there is no usable certificate\nServer startup failed. Exiting", (server.dir / "out").read_text())


@test
def a_handshake_that_never_goes_on_ends_with_the_header_timeout_or_before(t):
    server = tls_server(t, limits="<header-timeout>1</header-timeout>")
    silent, begun = server.wire(server.ports[1]), server.wire(server.ports[1])
    begun.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    for wire in (silent, begun):
        wire.expect_silence_and_close()


@test
def a_certificate_that_expires_soon_is_warned_of(t):
    server = t.unstarted_server(sockets=TLS_SOCKETS)
    certificate(server.dir, "radio.test", days=5)
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    matches(r"WARN connection/tls the certificate for radio\.test in .*tls\.pem expires in [45] days", server.log() + server.out.read_text())


@test
def many_handshakes_at_once_are_all_served(t):
    server = tls_server(t)
    server.source().play(20)
    wires = [server.wire(server.ports[1], wrap=tls()) for _ in range(100)]
    for wire in wires:
        wire.send("GET /status-json.xsl HTTP/1.0\r\n\r\n")
    for wire in wires:
        equal(wire.reply().status, 200)
    equal(server.get("/admin/stats", ADMIN).status, 200)


@test
def what_is_wrong_with_certificates_is_said_by_the_check(t):
    server = t.unstarted_server(sockets=TLS_SOCKETS)
    file, key = server.dir / "tls.pem", server.dir / "tls.key"

    def checked(ciphers="", user=""):
        server.write_config(paths="<ssl-certificate>%s</ssl-certificate><ssl-private-key>%s</ssl-private-key>%s" % (
            file, key, ciphers and "<ssl-allowed-ciphers>%s</ssl-allowed-ciphers>" % ciphers), body=user)
        if user:
            os.chown(key, 0, 0)
        said = subprocess.run([Settings.binary, "--check-config", server.config], capture_output=True, text=True, timeout=60)
        equal(said.returncode, 0, said.stdout + said.stderr)
        return "".join(line + "\n" for line in (said.stdout + said.stderr).splitlines() if "tls." in line or "cipher" in line)
    certificate(server.dir, "radio.test", separate_key="tls.key")
    equal(checked(), "", "a good one")
    matches(r'warning: ssl-allowed-ciphers "NOPE": names no cipher that this OpenSSL has; the default list is used\n$', checked("NOPE"))
    matches(r'warning: ssl-allowed-ciphers "AES128-SHA": names no cipher for the certificate for radio\.test \(EC 256\); clients of TLS 1\.2 are refused\n$',
            checked("AES128-SHA"))
    if os.getuid() == 0:
        key.chmod(0o600)
        user = "<security><changeowner><user>nobody</user><group>nogroup</group></changeowner></security>"
        matches(r'^[^\n]*warning: <ssl-private-key>: "\S+tls\.key": Permission denied for the user "nobody"; '
                r"it is read at a start alone, so a renewed one needs a restart\n$", checked(user=user))
    good = file.read_text()
    certificate(server.dir, "other.test", separate_key="tls.key")
    file.write_text(good)
    matches(r"warning: no key for the certificate in \S+tls\.pem \(\S+tls\.key: its key is not the one of the certificate\); sockets for TLS stay closed\n$", checked())
    file.write_text(good[:300])
    matches(r"warning: \S+tls\.pem: holds a certificate that is not whole \(bad end line\); sockets for TLS stay closed\n$", checked())
