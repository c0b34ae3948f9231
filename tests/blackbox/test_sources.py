"""The logins of encoders, and their refusals."""
import time

from harness import ADMIN, Failed, RELAY, SOURCE, basic, check, equal, listen_socket, matches, mount, request, test, wait_for
from media import KINDS, mp3_frame, mp3_numbers

MP3 = "Content-Type: audio/mpeg"


def frames(count, tag="A"):
    return b"".join(mp3_frame(tag, n) for n in range(count))


def plays(server, wire, mount="/e", tag="A"):
    """Checks that the connection is a source now: its bytes reach a listener."""
    wire.send(frames(30, tag))
    listener = server.listener(mount)
    equal(mp3_numbers(listener.read(28 * 384)), [(tag, n) for n in range(28)])


def logs_in(t, line, headers=(MP3,), end="\r\n", welcome=b"HTTP/1.0 200 OK\r\n\r\n"):
    server = t.server()
    wire = server.wire()
    wire.send(request(line, headers, SOURCE, end=end))
    equal(wire.take(len(welcome)), welcome)
    plays(server, wire)
    return server


@test
def source_http_1_0(t):
    logs_in(t, "SOURCE /e HTTP/1.0")


@test
def source_with_the_protocol_of_icecast_1(t):
    logs_in(t, "SOURCE /e ICE/1.0")


@test
def source_with_a_length_of_none(t):
    logs_in(t, "SOURCE /e HTTP/1.0", [MP3, "Content-Length: 0"])


@test
def source_that_names_no_coding(t):
    logs_in(t, "PUT /e HTTP/1.1", [MP3, "Transfer-Encoding: identity"])


@test
def source_goes_on_behind_a_length_that_it_had_to_send(t):
    server = t.server()
    for length in ("-1", "384", "99999999999999999999"):
        wire = server.wire()
        wire.send(request("SOURCE /e HTTP/1.0", [MP3, "Content-Length: " + length], SOURCE))
        equal(wire.reply_head().status, 200, "status of a source with the length " + length)
        listener = server.listener("/e")
        wire.send(frames(40))
        equal(mp3_numbers(listener.read(40 * 384)), [("A", n) for n in range(40)], "frames")
        wire.close()
        server.wait_until_gone("/e")


@test
def source_with_bare_line_feeds_as_darkice_sends_them(t):
    logs_in(t, "SOURCE /e HTTP/1.0", ["Content-type: audio/mpeg", "ice-bitrate: 128"], end="\n")


@test
def source_without_a_content_type_is_mp3_with_a_warning(t):
    server = logs_in(t, "SOURCE /e HTTP/1.0", [])
    equal(server.listener("/e").head.get("Content-Type"), "audio/mpeg")
    server.wait_for_log(r"\] WARN .*/e.*audio/mpeg")


@test
def put(t):
    logs_in(t, "PUT /e HTTP/1.1")


@test
def put_that_expects_100_gets_100_and_200(t):
    logs_in(t, "PUT /e HTTP/1.1", [MP3, "Expect: 100-continue"],
            welcome=b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\nHTTP/1.0 200 OK\r\n\r\n")


@test
def put_http_1_0_that_expects_100_gets_100_first(t):
    # liquidsoap, method="put": its first read accepts nothing but 100
    logs_in(t, "PUT /e HTTP/1.0", [MP3, "Expect: 100-continue"], welcome=b"HTTP/1.1 100 Continue\r\n")


@test
def put_with_a_length_is_a_source_until_it_is_over(t):
    server = t.server()
    wire = server.wire()
    wire.send(request("PUT /e HTTP/1.1", [MP3, "Content-Length: %d" % (40 * 384)], SOURCE))
    equal(wire.reply_head().status, 200)
    listener = server.listener("/e")
    wire.send(frames(40))
    equal(mp3_numbers(listener.read(40 * 384)), [("A", n) for n in range(40)])
    server.wait_until_gone("/e")


@test
def put_without_a_content_type_is_refused(t):
    reply = t.server().ask("PUT /e HTTP/1.1", [], SOURCE)
    equal((reply.status, reply.text), (403, "No Content-type given"))


@test
def post_of_audio_is_a_source(t):
    # liquidsoap, method="post"
    logs_in(t, "POST /e HTTP/1.1")


def chunked_source(t, line):
    server = t.server()
    wire = server.wire()
    wire.send(request(line, [MP3, "Transfer-Encoding: chunked"], SOURCE))
    equal(wire.reply_head().status, 200)
    listener = server.listener("/e")
    data = frames(40)
    for size in (1, 7, 383, 384, 5000):
        part, data = data[:size], data[size:]
        wire.send(b"%x\r\n%s\r\n" % (len(part), part))
    while data:
        part, data = data[:1999], data[1999:]
        wire.send(b"%X;name=value\r\n%s\r\n" % (len(part), part))
    equal(mp3_numbers(listener.read(40 * 384)), [("A", n) for n in range(40)])
    wire.send(b"0\r\n\r\n")
    server.wait_until_gone("/e")


@test
def a_chunked_source_is_unwrapped(t):
    chunked_source(t, "SOURCE /e HTTP/1.1")


@test
def a_chunked_put_is_unwrapped(t):
    chunked_source(t, "PUT /e HTTP/1.1")


@test
def the_framing_of_chunks_keeps_no_source_alive(t):
    """Neither a chunk's extension nor what follows the last chunk is sound."""
    for begin, more in (b"180;", b"x"), (b"0\r\n", b"X: y\r\n"):
        server = t.server(limits="<source-timeout>2</source-timeout>")
        wire = server.wire()
        wire.send(request("PUT /e HTTP/1.1", [MP3, "Transfer-Encoding: chunked"], SOURCE))
        equal(wire.reply_head().status, 200)
        wire.send(b"%x\r\n%s\r\n" % (len(frames(40)), frames(40)) + begin)
        began = time.monotonic()

        def is_gone():
            try:
                wire.send(more)
            except OSError:
                pass
            time.sleep(0.2)
            return server.stats().find("source[@mount='/e']") is None
        wait_for(is_gone, "the source has ended", 10)
        check(time.monotonic() - began > 1.5, "it has ended early")
        server.wait_for_log("/e: source silent 2s")


@test
def audio_in_the_same_packet_as_the_head_is_not_lost(t):
    server = t.server()
    wire = server.wire()
    wire.send(request("SOURCE /e HTTP/1.0", [MP3], SOURCE) + frames(10))
    equal(wire.reply_head().status, 200)
    listener = server.listener("/e")
    wire.send(b"".join(mp3_frame("A", n) for n in range(10, 20)))
    equal(mp3_numbers(listener.read(18 * 384)), [("A", n) for n in range(18)])


@test
def every_byte_of_a_head_may_come_alone(t):
    server = t.server()
    wire = server.wire()
    wire.socket.setsockopt(6, 1, 1)  # TCP_NODELAY
    for byte in request("SOURCE /e HTTP/1.0", [MP3], SOURCE):
        wire.send(bytes([byte]))
    equal(wire.reply_head().status, 200)
    plays(server, wire)


@test
def wrong_or_missing_passwords_get_401(t):
    server = t.server()
    for login in ("source:wrong", "other:src-secret", ADMIN, RELAY, "source:", ":src-secret", None):
        reply = server.ask("SOURCE /e HTTP/1.0", [MP3], login)
        equal((reply.status, reply.text), (401, "You need to authenticate\r\n"), "reply to %s" % login)
        equal(reply.get("WWW-Authenticate"), 'Basic realm="Icecast2 Server"')
    equal(server.get("/e").status, 404, "status of the mount")


@test
def the_authorization_scheme_may_be_written_in_any_case(t):
    server = t.server()
    wire = server.wire()
    wire.send("SOURCE /e HTTP/1.0\r\nauthorization: %s\r\ncontent-type: audio/mpeg\r\n\r\n" % basic(SOURCE).replace("Basic", "basic"))
    equal(wire.reply_head().status, 200)


@test
def a_mount_may_have_a_login_of_its_own(t):
    server = t.server(body="<mount><mount-name>/own</mount-name><username>dj</username><password>p:w</password></mount>")
    equal(server.ask("SOURCE /own HTTP/1.0", [MP3], SOURCE).status, 401)
    server.source("/own", login="dj:p:w")


@test
def a_second_source_is_refused_and_the_first_goes_on(t):
    server = t.server()
    first = server.source("/e")
    listener = server.listener("/e")
    reply = server.ask("SOURCE /e HTTP/1.0", [MP3], SOURCE)
    equal((reply.status, reply.text), (403, "Mountpoint in use"))
    first.play(20)
    equal(mp3_numbers(listener.read(18 * 384)), [("A", n) for n in range(18)])


@test
def the_mount_is_free_again_when_its_source_has_left(t):
    server = t.server()
    server.source("/e", tag="A").leave()
    server.wait_until_gone("/e")
    plays(server, server.source("/e", tag="B"), tag="B")


@test
def more_sources_than_allowed_are_refused_until_one_leaves(t):
    server = t.server(limits="<sources>2</sources>")
    first = server.source("/a")
    server.source("/b")
    reply = server.ask("SOURCE /c HTTP/1.0", [MP3], SOURCE)
    equal((reply.status, reply.text), (403, "too many sources connected"))
    first.leave()
    server.wait_until_gone("/a")
    server.source("/c")


@test
def where_no_more_sources_are_allowed_a_mount_in_use_is_said_to_be_and_its_user_may_replace_it(t):
    server = t.server(limits="<sources>1</sources>", body="<mount><mount-name>/a</mount-name><hijack>1</hijack></mount>")
    server.source("/a", tag="A").play(5)
    equal(server.ask("SOURCE /a HTTP/1.0", [MP3], SOURCE).text, "Mountpoint in use", "while it sends")

    def replaced():
        try:
            return server.source("/a", tag="B")
        except Failed:
            return None
    wait_for(replaced, "a silent source is replaced")
    equal(server.ask("SOURCE /b HTTP/1.0", [MP3], SOURCE).text, "too many sources connected")


@test
def a_refused_source_does_not_use_up_a_place(t):
    server = t.server(limits="<sources>1</sources>")
    for _ in range(5):
        equal(server.ask("SOURCE /a HTTP/1.0", [MP3], "source:wrong").status, 401)
    server.source("/a")
    for _ in range(5):
        equal(server.ask("SOURCE /a HTTP/1.0", [MP3], SOURCE).status, 403)


@test
def names_that_are_pages_or_the_administration_are_refused(t):
    server = t.server()
    (server.dir / "web" / "page.html").write_text("<html/>")
    for mount in ("/admin", "/admin/x", "/admin.cgi", "/status.xsl", "/new.xsl", "/page.html", "/", "/.well-known/acme-challenge/LoqXcYV8q5ONbJQx",
                  "/other.mp3/live.m3u8", "/other.mp3/9a0b1c2d-7.mp3", "/other.mp3/archive-1795158000-60.mp3", "/other.mp3/rewind-60.m3u8"):
        reply = server.ask("SOURCE %s HTTP/1.0" % mount, [MP3], SOURCE)
        check(reply.status in (400, 403), "%s: %s" % (mount, reply.line))
    # One of the file is what its operator wants.
    server = t.server(body="<mount><mount-name>/other.mp3/live.m3u8</mount-name></mount>")
    plays(server, server.source("/other.mp3/live.m3u8"), "/other.mp3/live.m3u8")


@test
def a_mount_may_hide_a_file_of_music(t):
    server = t.server()
    (server.dir / "web" / "song.mp3").write_bytes(b"file")
    plays(server, server.source("/song.mp3"), "/song.mp3")


@test
def paths_that_leave_the_root_are_met_with_silence(t):
    server = t.server()
    for path in ("/../e", "/a/../e", "/%2e%2e/e", "/a//e", "e"):
        wire = server.wire()
        wire.send(request("SOURCE %s HTTP/1.0" % path, [MP3], SOURCE))
        wire.expect_silence_and_close()


@test
def a_mount_name_is_decoded_once_and_ends_at_its_query(t):
    server = t.server()
    wire = server.wire()
    wire.send(request("SOURCE /a%20b%2541?x=1 HTTP/1.0", [MP3], SOURCE))
    equal(wire.reply_head().status, 200)
    equal([s.get("mount") for s in server.stats().findall("source")], ["/a b%41"])


@test
def listeners_end_when_the_source_leaves(t):
    server = t.server()
    source = server.source("/e")
    listener = server.listener("/e")
    sent = source.play(10)
    source.leave()
    # a unit that was whole when the source left is not lost
    equal(mp3_numbers(listener.take_all()), [("A", n) for n in range(len(sent) // 384)])
    server.wait_until_gone("/e")


@test
def a_silent_source_is_ended_after_its_timeout(t):
    server = t.server(body="<mount><mount-name>/e</mount-name><source-timeout>1</source-timeout></mount>")
    source = server.source("/e")
    source.take_all()
    server.wait_until_gone("/e")


@test
def a_client_that_leaves_within_its_login_leaves_the_mount_free(t):
    server = t.server(limits="<sources>3</sources>")
    for _ in range(20):
        wire = server.wire()
        wire.send(request("SOURCE /e HTTP/1.0", [MP3], SOURCE))
        wire.close()
    wait_for(lambda: server.stats().findtext("sources") == "0", "no source is left")
    server.source("/e")


@test
def what_the_source_says_about_itself_reaches_stats_and_listeners(t):
    server = t.server()
    server.source("/e", lines=["ice-name: My Näme".encode().decode("latin-1"), "ice-genre: Rock", "ice-description: D",
                               "ice-url: http://u/", "ice-bitrate: 96", "ice-audio-info: ice-samplerate=44100;ice-channels=2",
                               "User-Agent: Enc/1", "icy-logo: http://logo/"])
    head = server.listener("/e").head
    for line in ("icy-genre:Rock", "icy-description:D", "icy-url:http://u/", "icy-br:96", "icy-pub:0", "icy-logo:http://logo/",
                 "ice-audio-info: ice-samplerate=44100;ice-channels=2"):
        check(line in head.head.decode("latin-1").split("\r\n"), "no line %r in %r" % (line, head.head))
    source = server.stats().find("source")
    for name, value in (("genre", "Rock"), ("server_description", "D"), ("server_url", "http://u/"), ("bitrate", "96"),
                        ("ice-channels", "2"), ("ice-samplerate", "44100"), ("user_agent", "Enc/1"), ("source_ip", "127.0.0.1"),
                        ("server_type", "audio/mpeg")):
        equal(source.findtext(name), value, name)


@test
def a_line_break_in_a_header_does_not_become_a_header_of_listeners(t):
    server = t.server()
    server.source("/e", lines=["ice-name: a%0d%0aX-Evil: 1", "ice-audio-info: a=%0d%0aX-Worse: 2"])
    head = server.listener("/e").head
    equal((head.get("X-Evil"), head.get("X-Worse")), (None, None))


@test
def a_stream_that_is_not_what_it_says_is_passed_on_unchanged(t):
    server = t.server()
    source = server.source("/e")
    listener = server.listener("/e")
    noise = bytes(range(256)) * 700
    source.send(noise)
    equal(listener.read(len(noise) - 80000), noise[:len(noise) - 80000])


@test
def a_content_type_that_a_browser_could_take_for_a_page_is_refused_unless_the_file_allows_it(t):
    server = t.server(body=mount("/e", "<source-types>application/x-unknown text/plain</source-types>"))
    for refused in ("text/html", "image/svg+xml", "Application/XHTML+xml", "text/plain", "audio/svg+xml", "audio/mpeg, text/html", "application/x-unknown", "nonsense"):
        reply = server.ask("SOURCE /f HTTP/1.0", ["Content-Type: " + refused], SOURCE)
        equal((reply.status, reply.text, refused), (403, "Content-type not supported", refused))
    server.wait_for_log(r"mount /f: a source from 127.0.0.1 was refused, its content type text/html is neither audio nor video")
    for taken in ("audio/x-scpls2", "video/MP2T", "application/ogg", "application/octet-stream", 'video/webm; codecs="vp8, vorbis"', "audio/ogg; codecs=opus"):
        source = server.wire()
        source.send(request("SOURCE /f HTTP/1.0", ["Content-Type: " + taken], SOURCE))
        check(source.take(15).startswith(b"HTTP/1.0 200 OK"), taken)
        source.close()
        wait_for(lambda: server.get("/f").status == 404, "the source is gone")
    source = server.source("/e", kind="opaque")
    listener = server.listener("/e", icy=True)
    equal(listener.head.get("Content-Type"), KINDS["opaque"].content_type)
    equal(listener.head.get("X-Content-Type-Options"), "nosniff")
    equal(listener.head.get("Content-Security-Policy"), "sandbox; default-src 'none'")
    equal(listener.metaint, 16000)
    sent = source.play(30)
    equal(listener.read(len(sent)), sent)


@test
def every_answer_with_sound_says_that_it_is_no_page(t):
    server = t.server(body=mount("/live", "<hls>1</hls>"))
    server.source("/live").play(400)
    for line, lines in (("GET /live/live.m3u8 HTTP/1.0", ()), ("HEAD /live HTTP/1.0", ()),
                        ("GET /live HTTP/1.0", ("Range: bytes=0-1", "User-Agent: Version/17.0 Safari/604.1"))):
        reply = server.ask(line, lines)
        equal((line, reply.get("X-Content-Type-Options"), (reply.get("Content-Security-Policy") or "")[:18]), (line, "nosniff", "default-src 'none'"))


SHOUTCAST = listen_socket(0) + listen_socket(0, "<shoutcast-compat>1</shoutcast-compat><shoutcast-mount>/sc</shoutcast-mount>")


@test
def a_shoutcast_source_logs_in_with_its_password_alone(t):
    server = t.server(sockets=SHOUTCAST, body="<shoutcast-mount>/sc</shoutcast-mount>")
    wire = server.wire(server.ports[1])
    wire.send(b"src-secret\r\n")
    equal(wire.take(20), b"OK2\r\nicy-caps:11\r\n\r\n")
    wire.send(b"icy-name:Shout\r\nicy-genre:g\r\nicy-br:96\r\ncontent-type:audio/mpeg\r\n\r\n")
    wait_for(lambda: server.get("/admin/stats?mount=/sc", ADMIN).status == 200, "the mount is there")
    plays(server, wire, "/sc")
    equal(server.stat("/sc", "server_name"), "Shout")
    reply = server.get("/admin.cgi?pass=src-secret&mode=updinfo&song=Shouted")
    equal(reply.status, 200)
    equal(server.stat("/sc", "title"), "Shouted")


@test
def a_shoutcast_password_may_name_another_mount(t):
    """As with Icecast-KH, for several encoders on one port."""
    server = t.server(sockets=SHOUTCAST, body="<shoutcast-mount>/sc</shoutcast-mount><mount><mount-name>/own</mount-name>"
                      "<password>own:secret</password></mount><mount><mount-name>/sc</mount-name><password>/a:b</password></mount>")
    for password, mount in ((b"/two:src-secret", "/two"), (b"/three:source:src-secret", "/three"), (b"/own:own:secret", "/own"), (b"/a:b", "/sc")):
        wire = server.wire(server.ports[1])
        wire.send(password + b"\r\n")
        equal(wire.take(20), b"OK2\r\nicy-caps:11\r\n\r\n")
        wire.send(b"icy-name:Shout\r\ncontent-type:audio/mpeg\r\n\r\n")
        wait_for(lambda: server.get("/admin/stats?mount=" + mount, ADMIN).status == 200, mount + " is there")
        plays(server, wire, mount)
        equal(server.get("/admin.cgi?pass=%s&mode=updinfo&song=To" % password.decode()).status, 200)
        equal(server.stat(mount, "title"), "To")
        equal(server.get("/admin.cgi?pass=/two:wrong&mode=updinfo&song=x").status, 401)
    for password in (b"/two:wrong", b"/own:src-secret", b"two:src-secret", b"/../two:src-secret", b"/two"):
        wire = server.wire(server.ports[1])
        wire.send(password + b"\r\n")
        wire.expect_silence_and_close()


@test
def a_wrong_shoutcast_password_is_met_with_silence(t):
    server = t.server(sockets=SHOUTCAST)
    for first in (b"wrong\r\n", b"\r\n", b"GET / HTTP/1.0\r\n\r\n"):
        wire = server.wire(server.ports[1])
        wire.send(first)
        wire.expect_silence_and_close()
    server.wait_for_log("refused on /sc: wrong password")


@test
def a_shoutcast_source_may_send_everything_at_once(t):
    server = t.server(sockets=SHOUTCAST)
    wire = server.wire(server.ports[1])
    wire.send(b"src-secret\nicy-name:Shout\ncontent-type:audio/mpeg\n\n" + frames(5))
    wire.take_until(b"icy-caps:11\r\n\r\n")
    wait_for(lambda: server.get("/admin/stats?mount=/sc", ADMIN).status == 200, "the mount is there")
    listener = server.listener("/sc")
    wire.send(b"".join(mp3_frame("A", n) for n in range(5, 15)))
    equal(mp3_numbers(listener.read(13 * 384)), [("A", n) for n in range(13)])


@test
def titles_inside_the_sources_own_stream_are_taken_out_and_shown(t):
    server = t.server()
    source = server.source("/e", lines=["icy-metaint: 3840"])
    listener = server.listener("/e", icy=True)
    equal(listener.metaint, 3840)
    block = b"StreamTitle='Inner';"
    block = bytes([2]) + block.ljust(32, b"\0")
    data = frames(40)
    parts = [data[i:i + 3840] for i in range(0, len(data), 3840)]
    source.send(parts[0] + b"\0" + parts[1] + block + parts[2] + b"\0" + parts[3] + b"\0")
    equal(mp3_numbers(listener.read(38 * 384)), [("A", n) for n in range(38)])
    check(b"StreamTitle='Inner';" in listener.titles, "titles %r" % listener.titles)
    equal(server.stat("/e", "title"), "Inner")
    matches(r"\|/e\|1\|Inner$", server.log("playlist"))


@test
def fields_of_titles_that_only_players_know_reach_them_through_a_relay_too(t):
    """Fields that AdsWizz and Triton put around advertisements."""
    server = t.server()
    source = server.source("/e", lines=["icy-metaint: 3840"])
    edge = t.server(body="<relay><server>127.0.0.1</server><port>%d</port><mount>/e</mount></relay>" % server.port)
    text = b"StreamTitle='Now';StreamUrl='http://u.example/';adw_ad='true';adId='7';durationMilliseconds='30000';"
    data = frames(10)
    source.send(data + bytes([len(text) // 16 + 1]) + text.ljust((len(text) // 16 + 1) * 16, b"\0"))
    listeners = [server.listener("/e", icy=True)]
    wait_for(lambda: edge.get("/admin/stats?mount=/e", ADMIN).status == 200, "the relay is there")
    listeners.append(edge.listener("/e", icy=True))
    source.send((data + b"\0") * 5)
    for one, listener in zip((server, edge), listeners):
        listener.read_title(text)
        equal(one.stat("/e", "title"), "Now")


@test
def a_source_may_come_back_at_once(t):
    """The end of its last connection may still be unread at the server, behind other bytes."""
    server = t.server(limits="<threads>2</threads>")
    source = server.source("/m")
    for _ in range(100):
        source.play(40)
        source.leave()
        source = server.source("/m")
    check(source.is_open(), "the last one was ended")
