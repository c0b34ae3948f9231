"""Requests of which a part has arrived when the server is replaced: the next process reads the rest, and answers."""
import json
import os
import socket
import urllib.parse

import api
from harness import ADMIN, check, equal, free_port, listen_socket, test, wait_for
from hls_check import Watch
from media import MP3_FRAME
from replacing import serving, taken, upgrade
from test_hls import Studio, poll
from tls_bench import certificate, tls
from wire import Wire, request

PROXY = b"PROXY TCP4 192.0.2.%d 127.0.0.1 4711 8000\r\n"
BLOCK = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2%c\x7f\0\0\1\x12\x67\x1f\x40"
GET = b"GET /live.mp3 HTTP/1.0\r\n\r\n"
HLS = "<hls><segment>10</segment></hls><mount><mount-name>/live.mp3</mount-name><hls>1</hls></mount>"
PAGE = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/"><html><body>%s</body></html></xsl:template></xsl:stylesheet>"""


@test
def requests_that_have_not_come_whole_are_answered(t):
    server = t.server()
    source = server.source()
    source.play(50)
    half = server.wire()
    half.send(b"GET /live.mp3 HTTP/1.0\r\nUser-Agent: slo")
    empty = server.wire()
    server.get("/status-json.xsl")
    upgrade(server)
    half.send(b"w\r\n\r\n")
    equal(half.reply_head().status, 200)
    empty.send(b"GET /live.mp3 HTTP/1.0\r\n\r\n")
    equal(empty.reply_head().status, 200)
    rows = server.get("/admin/listclients?mount=/live.mp3", ADMIN).body
    check(b"slow" in rows, "the head is read from its first byte")


@test
def requests_on_a_port_that_is_gone_are_answered(t):
    """As at a reload: a download ends at its last byte, and a request that is half there is read on."""
    stays, goes = free_port(), free_port()
    server = t.unstarted_server()
    server.write_config(sockets=listen_socket(stays) + listen_socket(goes))
    whole = os.urandom(8_000_000)
    (server.dir / "web" / "evening.bin").write_bytes(whole)
    server.start()
    download = server.wire(port=goes, receive_buffer=65536)
    download.send(b"GET /evening.bin HTTP/1.0\r\n\r\n")
    equal(download.reply_head().status, 200)
    half = server.wire(port=goes)
    half.send(b"GET /status-json.xsl HTTP/1.0\r\nUser-Agent: slo")
    server.write_config(sockets=listen_socket(stays))
    upgrade(server)
    half.send(b"w\r\n\r\n")
    equal(half.reply().status, 200)
    check(download.take(len(whole)) == whole, "the file arrives whole")


@test
def a_port_that_begins_to_demand_tls_keeps_what_came_without(t):
    port = free_port()
    server = t.unstarted_server(sockets=listen_socket(port))
    certificate(server.dir, "radio.test")
    paths = "<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir
    server.write_config(paths=paths)
    server.start()
    source = server.source()
    source.play(50)
    half, empty = server.wire(), server.wire()
    half.send(GET[:10])
    server.get("/status-json.xsl")
    server.write_config(paths=paths, sockets=listen_socket(port, "<ssl>1</ssl>"))
    upgrade(server)
    half.send(GET[10:])
    empty.send(GET)
    for wire in (half, empty):
        equal(wire.reply_head().status, 200)
    later = server.wire()
    later.send(GET)
    equal(later.reply_head().status, 400, "a plain request behind the upgrade")
    server.listener(port=port, wrap=tls()).close()


@test
def each_is_of_the_socket_that_it_came_to_where_two_have_one_port(t):
    port = free_port()
    secure = listen_socket(port, "<ssl>1</ssl>").replace("127.0.0.1", "127.0.0.2")
    server = t.unstarted_server(sockets=listen_socket(port) + secure)
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    server.source().play(50)
    plain, encrypted = server.wire(), t.owned(Wire(("127.0.0.2", port)))
    server.get("/status-json.xsl")
    upgrade(server)
    encrypted.socket = tls()(encrypted.socket)
    for wire in (plain, encrypted):
        wire.send(GET)
        equal(wire.reply_head().status, 200)


@test
def a_file_of_the_web_root_goes_on_at_its_byte(t):
    """Also if another file has taken its name; plain and TLS."""
    server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<ssl>1</ssl>"))
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    file = server.dir / "web" / "talk.mp3"
    body = os.urandom(9_000_000)
    file.write_bytes(body)
    server.write_config()
    server.start()
    asked = ([], body), (["Range: bytes=1000-8000000"], body[1000:8_000_001])
    downloads = []
    for lines, wanted in asked:
        for port, wrap in ((server.port, None), (server.ports[1], tls())):
            wire = server.wire(port, receive_buffer=65536, wrap=wrap)
            wire.send(request("GET /talk.mp3 HTTP/1.1", ["Host: x", *lines]))
            wire.reply_head()
            downloads.append((wire, wanted, [wire.take(100_000)]))
    for _ in range(3):
        upgrade(server)
        file.with_suffix(".new").write_bytes(b"another")
        file.with_suffix(".new").replace(file)
        for wire, _, parts in downloads:
            parts.append(wire.take(500_000))
    for wire, wanted, parts in downloads:
        parts.append(wire.take_all(30))
        equal(b"".join(parts) == wanted, True, "all of it, once: %d bytes" % sum(map(len, parts)))
    wait_for(lambda: server.log("access").count("talk.mp3") == 4, "they are logged")
    sizes = sorted(int(row.split('"')[2].split()[1]) for row in server.log("access").splitlines() if "talk.mp3" in row)
    check(len(sizes) == 4 and sizes[0] > 7_999_001 and sizes[3] < 9_001_000, "each once, with all bytes: %r" % sizes)


@test
def a_shoutcast_login_is_welcomed_once(t):
    server = t.server(sockets=listen_socket(0) + listen_socket(0, "<shoutcast-compat>1</shoutcast-compat><shoutcast-mount>/sc</shoutcast-mount>"))
    wire = server.wire(server.ports[1])
    wire.send(b"src-secret\r\n")
    equal(wire.take_until(b"\r\n\r\n"), b"OK2\r\nicy-caps:11\r\n\r\n")
    for part in (b"icy-name:half a he", b"ad\r\ncontent-type:audio/mpeg\r\n"):
        upgrade(server)
        wire.send(part)
    upgrade(server)
    wire.send(b"\r\n" + MP3_FRAME * b"x")
    wait_for(lambda: server.stat("/sc", "server_name") == "half a head", "the source is there")
    wire.socket.shutdown(socket.SHUT_WR)
    equal(wire.take_all(), b"", "nothing more is said to it")


@test
def behind_a_balancer_that_names_its_client(t):
    """No byte has come, or a part of the header, all of it, or a part of the request; plain and TLS."""
    server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<proxy-protocol>1</proxy-protocol>"))
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    source = server.source()
    sent = source.play(50)
    wires = []
    # Bytes behind the header's end.
    for number, (header, behind) in enumerate(((PROXY, -45), (PROXY, -40), (PROXY, -1), (PROXY, 0), (PROXY, 9), (BLOCK, -20), (BLOCK, -5),
                                               (BLOCK, 9), (PROXY, 0))):
        header %= number + 100
        part = max(0, len(header) + behind)
        wires.append((server.wire(server.ports[1]), (header + GET)[part:]))
        wires[-1][0].send((header + GET)[:part])
    server.get("/status-json.xsl")
    upgrade(server)
    for wire, rest in wires[:-1]:
        wire.send(rest)
    wire = wires[-1][0]
    wire.socket = tls()(wire.socket)
    wire.send(GET)
    for wire, _ in wires:
        equal(wire.reply_head().status, 200)
    rows = server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().iter("listener")
    equal(sorted(row.find("IP").text for row in rows), ["192.0.2.%d" % (n + 100) for n in range(len(wires))], "their clients")
    sent += source.play(50)
    for wire, _ in wires:
        check(wire.take(90 * MP3_FRAME) in sent, "it hears on behind the upgrade")


@test
def a_body_that_has_come_in_part_is_read_to_its_end(t):
    server = api.store_server(t, "<console>1</console>")
    source = server.source()
    source.play(20)
    listener = server.listener()
    client = server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().find(".//listener/ID").text
    form = ["Content-Type: application/x-www-form-urlencoded"]
    made = json.dumps({"mount": "/new.mp3"}).encode() + b" " * 20_000
    posts = [("/api/v1/mounts", ["Content-Type: application/json"], made, 201),
             ("/api/v1/mounts", ["Content-Type: application/json", "Expect: 100-continue"], made.replace(b"new", b"old"), 201),
             ("/admin/killclient", form, b"mount=/live.mp3&id=%s" % client.encode(), 200),
             ("/admin/metadata", form, b"mount=/live.mp3&mode=updinfo&song=Half+a+body", 200)]
    wires = []
    for path, lines, body, status in posts:
        text = request("POST %s HTTP/1.1" % path, ["Host: x", *lines], ADMIN, body)
        half = len(text) - len(body) // 2
        wires.append((server.wire(), text[half:], status))
        wires[-1][0].send(text[:half])
    equal(wires[1][0].reply_head().status, 100)
    server.get("/status-json.xsl")
    upgrade(server)
    for wire, rest, status in wires:
        wire.send(rest[:len(rest) // 2])
    upgrade(server)
    for wire, rest, status in wires:
        wire.send(rest[len(rest) // 2:])
        reply = wire.reply()
        equal(reply.status, status, reply.text)
    listener.take_all()
    equal(server.stat("/live.mp3", "title"), "Half a body")
    equal({"/new.mp3", "/old.mp3"} - set(api.Api(server).mounts()), set(), "mounts that are not there")


@test
def a_long_answer_goes_on_at_its_byte(t):
    """A page that many share, one of an administrator, an HLS segment; plain and TLS, to clients that read nothing
    meanwhile.  The next request, which is there already, is answered where the answer has promised that."""
    small = "<so-sndbuf>16384</so-sndbuf>"
    server = t.unstarted_server(sockets=listen_socket(0, small) + listen_socket(0, small + "<ssl>1</ssl>"), body=HLS)
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    for place in ("web/long.xsl", "admin/stats.xsl"):
        (server.dir / place).write_text(PAGE % "".join("<p>%09d</p>" % n for n in range(30_000)))
    server.start()
    Studio(t, server)
    player = t.owned(Watch(*server.address, "/live.mp3/live.m3u8"))
    wait_for(lambda: poll(player) or len(player.seen) > 1, "a segment that was heard from its begin", 20)
    segment = urllib.parse.urljoin(player.path, player.seen[max(player.seen)][0].uri)
    answers = []
    for path, login in (("/long.xsl", None), ("/admin/stats.xsl", ADMIN), (segment, None)):
        whole = server.get(path, login).body
        for port, wrap in ((server.port, None), (server.ports[1], tls())):
            wire = server.wire(port, receive_buffer=4096, wrap=wrap)
            wire.send(request("GET %s HTTP/1.1" % path, ["Host: x", "Connection: keep-alive"], login) + request("GET /status-json.xsl HTTP/1.1", ["Host: x"]))
            keeps = (wire.reply_head().get("Connection") or "").lower() == "keep-alive"
            answers.append((path, wire, whole, keeps))
    for _ in range(2):
        upgrade(server)
        wait_for(lambda: server.log().count("this process has ended its part") == len(taken(server)), "the old process is gone", 10)
    for path, wire, whole, keeps in answers:
        equal(wire.take(len(whole)) == whole, True, "all of %s, once" % path)
        check(not keeps or wire.reply().status == 200, "the request behind %s is answered" % path)
    check(any(keeps for *_, keeps in answers), "no connection stays")
    # The whole answers before, too; segments are not.
    for path, count in (("/long.xsl", 3), ("/admin/stats.xsl", 3), (segment, 0)):
        wait_for(lambda: server.log("access").count("GET %s " % path) == count, "%s is logged: %s" % (path, server.log("access")))


@test
def a_page_that_many_read_goes_on_for_all(t):
    """The answers together exceed the limit for rests of answers; the clients read nothing meanwhile."""
    server = t.unstarted_server(sockets=listen_socket(0, "<so-sndbuf>16384</so-sndbuf>"), limits="<threads>2</threads>")
    (server.dir / "web/long.xsl").write_text(PAGE % "".join("<p>%09d</p>" % n for n in range(50_000)))
    server.write_config()
    server.start()
    whole = server.get("/long.xsl").body
    clients = [server.wire(receive_buffer=4096) for _ in range(2 * (70 << 20) // len(whole))]
    for wire in clients:
        wire.send(request("GET /long.xsl HTTP/1.1", ["Host: x"]))
        wire.reply_head()
    held = []
    for _ in range(2):
        upgrade(server)
        wait_for(lambda: server.log().count("this process has ended its part") == len(taken(server)), "the old process is gone", 10)
        held.append(len(os.listdir("/proc/%d/fd" % serving(server))))
    for wire in clients:
        equal(wire.take(len(whole)) == whole, True, "all of it, once")
    check(max(held) < len(clients) + 100, "its copies have a descriptor each worker: %r, %d clients" % (held, len(clients)))


@test
def readers_of_events_are_not_left_with_the_old_process(t):
    """It goes on as long as a refused encoder is sending; they would hear nothing for so long."""
    server = t.server()
    server.source().play(50)
    readers = []
    for path in ("/api/v1/now/live.mp3/events", "/api/v1/live", "/admin/events"):
        wire = server.wire()
        wire.send(request("GET %s HTTP/1.1" % path, ["Host: x"], ADMIN))
        equal(wire.reply_head().status, 200, path)
        readers.append((path, wire))
    encoder = server.wire()
    encoder.send(request("PUT /live.mp3 HTTP/1.1", ["Host: x", "Content-Type: audio/mpeg", "Content-Length: 900000"], "source:wrong"))
    equal(encoder.reply_head().status, 401)
    upgrade(server)
    for path, wire in readers:
        wire.take_all()
        equal(server.log().count("this process has ended its part"), 0, "the old process has ended before it let readers of %s go" % path)
