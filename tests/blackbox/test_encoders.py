"""The exact bytes of libshout, butt and liquidsoap, and the answers that they need."""
import os
import pathlib
import subprocess

from harness import ADMIN, SOURCE, Settings, check, equal, request, test, wait_for
from media import mp3_frame, mp3_numbers

TOP = pathlib.Path(__file__).resolve().parent.parent.parent


@test
def libshouts_four_steps_over_one_connection(t):
    server = t.server()
    wire = server.wire()
    # 1: may it be TLS?
    wire.send("OPTIONS * HTTP/1.1\r\nHost: localhost:8000\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0, HTTP/1.1\r\n\r\n")
    reply = wire.reply()
    check(reply.status in (200, 204), reply.line)
    equal(reply.get("Content-Length"), "0")
    equal(reply.get("Upgrade"), None, "Upgrade")
    # 2: the question without a password; it must not take the mount
    wire.send("SOURCE /shout HTTP/1.0\r\nHost: localhost:8000\r\nUser-Agent: libshout/2.4.6\r\nContent-Type: audio/mpeg\r\n"
              "Content-Length: 0\r\nConnection: Keep-Alive\r\nPrefer: return=minimal\r\n\r\n")
    reply = wire.reply()
    equal(reply.status, 401)
    check("PUT" not in (reply.get("Allow") or ""), "Allow names PUT")
    check((reply.get("Connection") or "").lower() != "close", "the connection is to be kept")
    equal(server.stats().findtext("sources"), "0", "sources after the question")
    # 3: the real one
    wire.send(request("SOURCE /shout HTTP/1.0", ["Content-Type: audio/mpeg", "ice-public: 0", "ice-name: Shout"], SOURCE))
    equal(wire.reply_head().status, 200)
    wire.send(b"".join(mp3_frame("A", n) for n in range(20)))
    # 4: a title, over another connection
    reply = server.ask("GET /admin/metadata?mode=updinfo&mount=/shout&song=Libshout HTTP/1.0",
                       ["Host: localhost:8000", "User-Agent: libshout/2.4.6"], SOURCE)
    equal(reply.status, 200)
    equal(mp3_numbers(server.listener("/shout").read(18 * 384)), [("A", n) for n in range(18)])


@test
def libshouts_poke_gets_400(t):
    equal(t.server().get("/admin/!POKE").status, 400)


@test
def the_question_of_libshout_does_not_open_the_door_for_more(t):
    server = t.server()
    wire = server.wire()
    for _ in range(2):
        wire.send("SOURCE /shout HTTP/1.0\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n")
        equal(wire.reply().status, 401)
    wire.send(request("SOURCE /shout HTTP/1.0", ["Content-Type: audio/mpeg"], "source:wrong"))
    equal(wire.reply_head().status, 401)
    wire.take_all()


def first_packet(server, data):
    """The bytes of the first recv() of at most 1000: butt and liquidsoap read only once."""
    wire = server.wire()
    wire.send(data)
    return wire.socket.recv(1000)


BUTT = ["Host: localhost:8000", "User-Agent: butt 0.1.37", "Expect: 100-continue", "Content-Type: audio/mpeg",
        "ice-audio-info: ice-bitrate=128;ice-channels=2;ice-samplerate=44100", "ice-public: 0"]


@test
def butt_with_a_wrong_password_reads_401_in_the_first_packet(t):
    packet = first_packet(t.server(), request("PUT /butt.mp3 HTTP/1.1", BUTT, "source:wrong"))
    check(b" 401 " in packet and b"100" not in packet.split(b"\r\n")[0], "%r" % packet)
    check(packet.endswith(b"You need to authenticate\r\n"), "not all in one packet: %r" % packet)


@test
def butt_at_a_mount_in_use_reads_403_in_the_first_packet(t):
    server = t.server()
    server.source("/butt.mp3")
    packet = first_packet(server, request("PUT /butt.mp3 HTTP/1.1", BUTT, SOURCE))
    check(packet.startswith(b"HTTP/1.0 403 Forbidden\r\n"), "%r" % packet)
    check(packet.endswith(b"Mountpoint in use"), "not all in one packet: %r" % packet)


@test
def liquidsoap_reads_a_whole_status_line_in_the_first_packet(t):
    server = t.server()
    login = ["Content-Type: audio/mpeg", "Expect: 100-continue", "ice-name: \xc3\xa9", "User-Agent: Liquidsoap/2.1.3"]
    packet = first_packet(server, request("PUT /lq.mp3 HTTP/1.1", login, SOURCE))
    check(packet.startswith(b"HTTP/1.1 100 Continue\r\n"), "%r" % packet)
    packet = first_packet(server, request("SOURCE /lq2.mp3 HTTP/1.0", login[:1], SOURCE))
    check(packet.startswith(b"HTTP/1.0 200 OK\r\n\r\n"), "%r" % packet)


@test
def a_put_whose_length_is_0_is_a_source_until_it_closes(t):
    # As Go's net/http writes it; the audio follows on the connection.
    server = t.server()
    for mount, expect in (("/go.mp3", []), ("/expect.mp3", ["Expect: 100-continue"])):
        wire = server.wire()
        head = ["Host: localhost:8000", "User-Agent: Go-http-client/1.1", "Content-Length: 0", "Content-Type: audio/mpeg"]
        wire.send(request("PUT %s HTTP/1.1" % mount, head + expect, SOURCE))
        if expect:
            wire.take_until(b"\r\n\r\n")
        equal(wire.reply_head().status, 200)
        wire.send(b"".join(mp3_frame("A", n) for n in range(20)))
        equal(mp3_numbers(server.listener(mount).read(18 * 384)), [("A", n) for n in range(18)])


@test
def behind_azuracasts_nginx_the_last_of_two_hosts_counts(t):
    server = t.server()
    server.source("/live.mp3")
    hosts = ["Host: radio.example:27080", "Host: radio.example:9"]
    equal(server.ask("GET /live.mp3.m3u HTTP/1.1", hosts).body, b"http://radio.example:9/live.mp3\r\n")
    hosts[1] += "//listen/s"
    equal(server.ask("HEAD /live.mp3 HTTP/1.1", hosts).status, 200)


@test
def liquidsoap_sends_its_source_headers_with_a_title(t):
    server = t.server()
    server.source("/lq.mp3")
    reply = server.ask("GET /admin/metadata?mode=updinfo&mount=/lq.mp3&charset=UTF-8&title=T&song=S HTTP/1.0",
                       ["ice-name: Other", "ice-public: 1", "Content-Type: audio/mpeg", "ice-audio-info: bitrate=1"], SOURCE)
    equal(reply.status, 200)
    equal(server.stat("/lq.mp3", "title"), "S")
    equal(server.stat("/lq.mp3", "server_name"), "Unspecified name")


@test
def a_title_counts_though_its_sender_does_not_wait_for_the_answer(t):
    # butt closes without reading
    server = t.server()
    server.source("/e")
    wire = server.wire()
    wire.send(request("GET /admin/metadata?mode=updinfo&mount=/e&song=Gone HTTP/1.0", login=SOURCE))
    wire.close()
    wait_for(lambda: server.stat("/e", "title") == "Gone", "the title is set")


@test
def butt_finds_its_listeners_in_the_json(t):
    server = t.server()
    server.source("/butt.mp3")
    server.listener("/butt.mp3")

    def listeners():
        source = server.ask("GET /status-json.xsl HTTP/1.1", ["Host: localhost:8000", "User-Agent: Mozilla"]).json()["icestats"]["source"]
        check(source["listenurl"].rsplit("/", 1)[1] == "butt.mp3", source["listenurl"])
        check(isinstance(source["listeners"], int), "listeners is not a number")
        return source["listeners"] == 1
    wait_for(listeners, "one listener is shown")


@test
def mixxx_sends_artist_and_title(t):
    server = t.server()
    server.source("/e")
    equal(server.set_title("/e", SOURCE, artist="An+Artist", title="A+Title").status, 200)
    equal(server.stat("/e", "title"), "An Artist - A Title")


@test
def a_title_may_be_posted_as_a_form(t):
    server = t.server()
    server.source("/e")
    reply = server.ask("POST /admin/metadata HTTP/1.1", ["Host: h", "Content-Type: application/x-www-form-urlencoded"], ADMIN,
                       b"mode=updinfo&mount=%2Fe&song=Posted")
    equal(reply.status, 200)
    equal(server.stat("/e", "title"), "Posted")


@test
def a_source_may_change_its_own_title_and_no_other(t):
    server = t.server(body="<mount><mount-name>/own</mount-name><password>own-secret</password></mount>")
    server.source("/own", login="source:own-secret")
    server.source("/e")
    equal(server.set_title("/own", "source:own-secret", song="x").status, 200)
    equal(server.set_title("/e", "source:own-secret", song="x").status, 401)
    equal(server.set_title("/own", SOURCE, song="y").status, 401)
    equal(server.get("/admin/killsource?mount=/e", SOURCE).status in (401, 403), True, "a source may kill")
    equal(server.stat("/own", "title"), "x")


@test
def the_packages_own_test_passes(t):
    """debian/tests/smoke, which autopkgtest runs, with the program under test."""
    place = t.dir / "bin"
    place.mkdir()
    (place / "icecast-lb").symlink_to(pathlib.Path(Settings.binary).resolve())
    done = subprocess.run([TOP / "debian/tests/smoke"], env={**os.environ, "PATH": "%s:%s" % (place, os.environ["PATH"])},
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    check(done.returncode == 0 and "bytes heard" in done.stdout, "it ended with %d: %s%s" % (done.returncode, done.stdout, done.stderr))
