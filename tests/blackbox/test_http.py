"""Requests of players and browsers: methods, ranges, CORS, unusual heads, files, playlists, aliases."""
import html
import re
import urllib.parse

from harness import ADMIN, SOURCE, check, equal, free_port, listen_socket, matches, request, test

MP3 = "Content-Type: audio/mpeg"


@test
def every_reply_is_http_1_0_and_closes(t):
    server = t.server()
    server.source("/m")
    for line in ("GET /nothing HTTP/1.1", "GET /status-json.xsl HTTP/1.1", "HEAD /m HTTP/1.1", "BREW / HTTP/1.1"):
        wire = server.wire()
        wire.send(request(line, ["Host: h", "Connection: keep-alive"]))
        data = wire.take_all()
        if data:
            matches(rb"\AHTTP/1\.0 \d{3} ".decode(), data.decode("latin-1"))
            matches(r"^Connection: Close\r$", data.decode("latin-1"))


@test
def head_of_a_mount_has_the_listeners_headers_and_no_body(t):
    server = t.server()
    server.source("/m", lines=["ice-name: N"]).play(10)
    reply = server.ask("HEAD /m HTTP/1.0", ["Icy-MetaData: 1"])
    equal((reply.status, reply.get("Content-Type"), reply.get("icy-name"), reply.get("icy-metaint"), reply.body),
          (200, "audio/mpeg", "N", "16000", b""))
    equal(server.stat("/m", "listeners"), "0", "listeners after HEAD")


@test
def head_of_a_file_and_of_nothing(t):
    server = t.server()
    (server.dir / "web" / "f.txt").write_text("12345")
    wire = server.wire()
    wire.send("HEAD /f.txt HTTP/1.0\r\n\r\n")
    head, body = wire.take_all().split(b"\r\n\r\n")
    check(b" 200 " in head and b"Content-Length: 5" in head and body == b"", "%r" % head)
    wire = server.wire()
    wire.send("HEAD /none HTTP/1.0\r\n\r\n")
    head, body = wire.take_all().split(b"\r\n\r\n")
    check(b" 404 " in head and body == b"", "%r %r" % (head, body))


ELSEWHERE = ["Host: h", "Origin: https://player.example"]
EXPOSED = "Access-Control-Expose-Headers"


@test
def pages_of_other_sites_may_read_streams_and_public_pages_by_default(t):
    server = t.server()
    source = server.source("/m")
    source.play(10)
    replies = {line: server.ask(line, ELSEWHERE) for line in
               ("HEAD /m HTTP/1.1", "OPTIONS /m HTTP/1.1", "GET /nothing.mp3 HTTP/1.1", "GET /status-json.xsl HTTP/1.1",
                "GET / HTTP/1.1", "GET /m.m3u HTTP/1.1", "GET /m.xspf HTTP/1.1", "GET /style.css HTTP/1.1")}
    replies["stream"] = server.listener("/m", lines=["Origin: https://player.example"], icy=True).head
    for name, reply in replies.items():
        equal((name, reply.all("Access-Control-Allow-Origin")), (name, ["*"]))
        check("icy-metaint" in reply.get(EXPOSED).lower(), name)
    asked = server.ask("OPTIONS /m HTTP/1.1", ELSEWHERE + ["Access-Control-Request-Private-Network: true"])
    equal(asked.get("Access-Control-Allow-Private-Network"), "true")
    for path in ("/admin/stats", "/admin", "/metrics", "/_lb/health"):
        for login in (None, ADMIN):
            equal((path, server.get(path, login, ELSEWHERE).all("Access-Control-Allow-Origin")), (path, []))
    equal(server.ask("OPTIONS /admin/stats HTTP/1.1", ELSEWHERE).all("Access-Control-Allow-Methods"), [])


@test
def configured_cors_headers_replace_the_default_and_none_comes_twice(t):
    own = ('<http-headers><header name="%s" value="%s"/></http-headers>')
    server = t.server(body=own % ("access-control-allow-origin", "https://a.example") + "<mount><mount-name>/m</mount-name>" +
                      own % (EXPOSED, "icy-name") + "</mount>")
    server.source("/m").play(10)
    for reply in (server.listener("/m").head, server.ask("HEAD /m HTTP/1.1", ELSEWHERE), server.get("/nothing"),
                  server.ask("OPTIONS /m HTTP/1.1", ELSEWHERE)):
        equal(reply.all("Access-Control-Allow-Origin"), ["https://a.example"])
    equal(server.listener("/m").head.all(EXPOSED), ["icy-name"])


@test
def a_mounts_own_headers_are_in_each_answer_that_tells_of_its_stream(t):
    server = t.server(body="<mount><mount-name>/m</mount-name><http-headers>"
                      '<header name="Access-Control-Allow-Origin" value="https://a.example"/><header name="X-Own" value="m"/>'
                      "</http-headers></mount>")
    server.source("/m").play(10)
    for reply in (server.listener("/m").head, server.ask("HEAD /m HTTP/1.1", ELSEWHERE),
                  server.ask("GET /m HTTP/1.1", ["Range: bytes=0-1", SAFARI])):
        equal((reply.all("Access-Control-Allow-Origin"), reply.all("X-Own")), (["https://a.example"], ["m"]))


@test
def a_slash_is_the_status_page_unless_there_is_something_else(t):
    server = t.server()
    reply = server.get("/")
    equal((reply.status, reply.get("Content-Type")), (200, "text/html; charset=UTF-8"))
    check("icecast-lb" in reply.text, reply.text)
    (server.dir / "web" / "index.html").write_text("a front page")
    equal(server.get("/").text, "a front page")
    server = t.server(paths='<alias source="/" destination="/hello.txt"/>')
    (server.dir / "web" / "hello.txt").write_text("hello")
    equal(server.get("/").text, "hello")


@test
def the_administration_is_found_without_its_last_slash(t):
    server = t.server()
    reply = server.get("/admin")
    equal((reply.status, reply.get("Location")), (302, "/admin/"))
    equal(server.get("/administration").status, 404)


@test
def a_form_that_is_not_read_is_refused(t):
    server = t.server()
    server.source("/a")
    for path in ("/admin/metadata", "/admin/stats"):
        reply = server.ask("POST %s HTTP/1.0" % path, ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 70000"], ADMIN)
        equal((path, reply.status), (path, 413))


@test
def a_mount_has_a_pls(t):
    server = t.server(body="<mount><mount-name>/a b.mp3</mount-name></mount>")
    reply = server.ask("GET /a%20b.mp3.pls HTTP/1.0", ["Host: radio.example:9"])
    equal((reply.status, reply.get("Content-Type")), (200, "audio/x-scpls"))
    equal(reply.text, "[playlist]\r\nNumberOfEntries=1\r\nFile1=http://radio.example:9/a%20b.mp3\r\nLength1=-1\r\nVersion=2\r\n")
    (server.dir / "web" / "own.pls").write_text("mine")
    equal(server.get("/own.pls").text, "mine")


@test
def a_playlist_is_of_any_name_as_its_encoder_may_come_later(t):
    server = t.server(body="<mount><mount-name>/shut/*</mount-name><no-mount>1</no-mount></mount>")
    for ending in (".m3u", ".pls"):
        check(b"/not/yet.mp3\r\n" in server.get("/not/yet.mp3" + ending).body, ending)
        equal(server.get("/shut/live.mp3" + ending).status, 403, ending)
        equal(server.get("/" + ending).status, 404, ending)


BROWSER = ["Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]


@test
def a_browser_gets_refusals_as_pages_and_programs_as_ever(t):
    server = t.server(body="<mount><mount-name>/full</mount-name><max-listeners>0</max-listeners></mount>")
    server.source("/full")
    server.source("/m")
    for status, words, path, login in ((404, "404 - The file you requested could not be found", "/nothing", None),
                                       (403, "403 - max listeners reached", "/full", None),
                                       (401, "401 - You need to authenticate", "/admin/", None),
                                       (400, "400 - Unrecognised command", "/admin/nonsense", ADMIN),
                                       (400, "400 - This mount has no list of users", "/admin/manageauth.xsl?mount=/m", ADMIN)):
        page = server.get(path, login, BROWSER)
        equal((path, page.status, page.get("Content-Type")), (path, status, "text/html; charset=utf-8"))
        for wanted in ("<b>" + words, 'name="viewport"', "icecast-lb", "/style.css"):
            check(wanted in page.text, "%s: %s" % (path, page.text))
        for name in ("Content-Security-Policy", "X-Content-Type-Options"):
            equal((path, name, len(page.all(name))), (path, name, 1))
        plain = server.get(path, login)
        equal(plain.status, status)
        check("viewport" not in plain.text, plain.text)
    equal(server.get("/nothing").text, "<html><head><title>Error 404</title></head><body>"
          "<b>404 - The file you requested could not be found</b></body></html>\r\n")


@test
def the_default_mounts_headers_come_behind_a_mounts_own(t):
    headers = '<http-headers><header name="%s" value="%s"/></http-headers>'
    server = t.server(body='<mount type="default">' + headers % ("X-Theirs", "1") + "</mount><mount><mount-name>/m</mount-name>" + headers % ("X-Own", "2") + "</mount>")
    for mount, names in (("/m", ["X-Own", "X-Theirs"]), ("/n", ["X-Theirs"])):
        server.source(mount)
        equal([name for name, _ in server.listener(mount).head.headers if name in ("X-Own", "X-Theirs")], names, mount)


CORS = '<http-headers><header name="Access-Control-Allow-Origin" value="*"/></http-headers>'


@test
def a_browser_is_told_what_it_may_do_with_a_stream(t):
    server = t.server(body=CORS)
    server.source("/m")
    reply = server.ask("OPTIONS /m HTTP/1.1", ["Origin: https://player.example", "Access-Control-Request-Method: GET",
                                               "Access-Control-Request-Headers: icy-metadata, range"])
    check(reply.status in (200, 204), reply.line)
    equal(reply.get("Access-Control-Allow-Origin"), "*")
    for wanted in ("GET", "HEAD", "OPTIONS"):
        check(wanted in reply.get("Access-Control-Allow-Methods"), "methods")
    for wanted in ("icy-metadata", "range"):
        check(wanted in reply.get("Access-Control-Allow-Headers").lower(), "headers")
    head = server.listener("/m", lines=["Origin: https://player.example"]).head
    equal(head.get("Access-Control-Allow-Origin"), "*")
    equal(head.get("Access-Control-Allow-Credentials"), None)


@test
def configured_headers_come_with_their_status_and_their_mount(t):
    server = t.server(body='<http-headers><header name="X-All" value="1"/><header name="X-Lost" value="2" status="404"/></http-headers>'
                           '<mount><mount-name>/m</mount-name><http-headers><header name="X-M" value="3"/></http-headers></mount>')
    server.source("/m")
    server.source("/n")
    lost = server.get("/lost")
    equal((lost.get("X-All"), lost.get("X-Lost"), lost.get("X-M")), ("1", "2", None))
    head = server.listener("/m").head
    equal((head.get("X-All"), head.get("X-Lost"), head.get("X-M")), ("1", None, "3"))
    equal(server.listener("/n").head.get("X-M"), None)
    wire = server.wire()
    wire.send(request("SOURCE /x HTTP/1.0", [MP3], SOURCE))
    equal(wire.reply_head().head, b"HTTP/1.0 200 OK")


@test
def a_range_on_a_stream_is_the_stream(t):
    server = t.server()
    source = server.source("/m")
    for lines in (["Range: bytes=0-"], ["Range: bytes=100-200"], ["Range: bytes=0-1", "User-Agent: AppleCoreMedia/1.0.0"],
                  ["Range: bytes=-5"], ["Range: nonsense"]):
        listener = server.listener("/m", lines=lines, version="HTTP/1.1")
        check(listener.head.get("Content-Range") is None, "%s: Content-Range" % lines)
    source.play(5)
    listener.read(3 * 384)


SAFARI = ("User-Agent: Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/17.0 Safari/605.1.15")


@test
def safaris_two_bytes_are_a_part_and_no_listener(t):
    server = t.server()
    server.source("/m").play(5)
    reply = server.ask("GET /m HTTP/1.1", ["Range: bytes=0-1", SAFARI])
    equal((reply.status, len(reply.body)), (206, 2))
    matches(r"bytes 0-1/\d+", reply.get("Content-Range"))
    matches(r"\AHTTP/1\.1 206 ", reply.line)
    equal(server.stat("/m", "listeners"), "0")


@test
def http_1_1_without_a_host_is_served(t):
    server = t.server()
    server.source("/m")
    equal(server.listener("/m", version="HTTP/1.1").head.status, 200)


@test
def a_query_does_not_hide_a_mount(t):
    server = t.server()
    server.source("/m")
    for path in ("/m?", "/m?token=1&x=/y", "/%6d"):
        wire = server.wire()
        wire.send("GET %s HTTP/1.0\r\n\r\n" % path)
        equal(wire.reply_head().status, 200, path)


@test
def unknown_methods_and_broken_lines_are_met_with_silence(t):
    server = t.server()
    for line in ("BREW /pot HTTP/1.0", "DELETE /m HTTP/1.1", "GET /../etc/passwd HTTP/1.0", "GET /m", "GET http://x/m HTTP/1.0"):
        wire = server.wire()
        wire.send(line + "\r\n\r\n")
        data = wire.take_all()
        check(data == b"" or data.startswith(b"HTTP/1.0 400 "), "%r got %r" % (line, data[:60]))
    for line in ("BREW /pot HTTP/1.0", "GET /../etc/passwd HTTP/1.0"):
        wire = server.wire()
        wire.send(line + "\r\n\r\n")
        wire.expect_silence_and_close()


@test
def a_head_that_does_not_end_is_dropped_after_its_time(t):
    server = t.server(limits="<header-timeout>1</header-timeout>")
    wire = server.wire()
    wire.send("GET / HTTP/1.0\r\nX: ")
    wire.expect_silence_and_close()
    silent = server.wire()
    silent.expect_silence_and_close()


@test
def a_head_of_eight_kilobytes_is_fine(t):
    server = t.server()
    server.source("/m")
    listener = server.listener("/m", lines=["Cookie: " + "c" * 4000, "X-Other: " + "d" * 3000])
    equal(listener.head.status, 200)


@test
def a_head_without_end_is_refused_in_bounds(t):
    server = t.server()
    wire = server.wire()
    try:
        for _ in range(300):
            wire.send("X-Header: " + "x" * 1000 + "\r\n")
    except OSError:
        pass
    data = wire.take_all()
    check(data == b"" or b" 400 " in data or b" 431 " in data or b" 414 " in data, "%r" % data[:80])


@test
def files_of_the_webroot(t):
    server = t.server()
    web = server.dir / "web"
    (web / "a.html").write_text("<p>hello</p>")
    (web / "sub").mkdir()
    (web / "sub" / "b.css").write_text("p{}")
    (web / "my file.txt").write_text("spaces")
    (web / ".hidden").write_text("h")
    for path, kind, text in (("/a.html", "text/html", "<p>hello</p>"), ("/sub/b.css", "text/css", "p{}"),
                             ("/my%20file.txt", "text/plain", "spaces")):
        reply = server.get(path)
        equal((reply.status, reply.get("Content-Type").split(";")[0], reply.text), (200, kind, text), path)
        equal(int(reply.get("Content-Length")), len(text))
    for path in ("/sub", "/sub/", "/none.html"):
        equal(server.get(path).status, 404, path)
    for path in ("/../server.xml", "/sub/../../server.xml", "/%2e%2e/server.xml", "/sub/%2e%2e/%2e%2e/server.xml"):
        wire = server.wire()
        wire.send("GET %s HTTP/1.0\r\n\r\n" % path)
        check(b"secret" not in wire.take_all(), path)


@test
def a_path_that_ends_in_dots_is_not_found(t):
    server = t.server()
    for path in ("/..", "/.", "/sub/..", "/sub/%2e%2e", "/...", "/admin/.."):
        equal(server.get(path).status, 404, path)


@test
def a_closed_name_is_closed_for_files_and_pages_too(t):
    server = t.unstarted_server()
    (server.dir / "web" / "a.txt").write_text("hello")
    login = '<authentication type="htpasswd"><option name="filename" value="%s"/></authentication>' % (server.dir / "users")
    server.write_config(body="".join("<mount><mount-name>%s</mount-name><no-mount>1</no-mount>%s</mount>" % (name, more)
                                     for name, more in (("/a.txt", ""), ("/status-json.xsl", ""), ("/none.mp3", ""),
                                                        ("/shut/*", ""), ("/with-login", login))))
    server.start()
    server.source("/with-login")
    for path in ("/a.txt", "/status-json.xsl", "/none.mp3", "/shut/x", "/with-login"):
        reply = server.get(path)
        equal((reply.status, reply.text), (403, "mountpoint unavailable"), path)


@test
def parts_of_files(t):
    server = t.server()
    (server.dir / "web" / "f.bin").write_bytes(bytes(range(200)))
    data = bytes(range(200))
    for wanted, first, last in (("bytes=0-", 0, 199), ("bytes=10-19", 10, 19), ("bytes=190-500", 190, 199), ("bytes=-5", 195, 199)):
        reply = server.get("/f.bin", headers=["Range: " + wanted])
        equal((reply.status, reply.body, reply.get("Content-Range")),
              (206, data[first:last + 1], "bytes %d-%d/200" % (first, last)), wanted)
    for wanted in ("bytes=200-", "bytes=500-600"):
        equal(server.get("/f.bin", headers=["Range: " + wanted]).status, 416, wanted)


@test
def without_fileserve_there_are_no_files_but_playlists_and_pages(t):
    server = t.server(body="<fileserve>0</fileserve><mount><mount-name>/m</mount-name></mount>")
    (server.dir / "web" / "a.html").write_text("x")
    equal(server.get("/a.html").status, 404)
    equal(server.get("/m.m3u").status, 200)
    equal(server.get("/status-json.xsl").status, 200)


@test
def playlists_name_the_host_that_was_asked(t):
    server = t.server(sockets=listen_socket(free_port()))
    server.source("/m.mp3")
    reply = server.get("/m.mp3.m3u", headers=["Host: radio.example.org:9000"])
    equal((reply.status, reply.get("Content-Type"), reply.text), (200, "audio/x-mpegurl", "http://radio.example.org:9000/m.mp3\r\n"))
    reply = server.get("/m.mp3.m3u")
    equal(reply.text, "http://127.0.0.1:%d/m.mp3\r\n" % server.port)
    reply = server.get("/m.mp3.xspf")
    equal((reply.status, reply.get("Content-Type").split(";")[0]), (200, "application/xspf+xml"))
    check("/m.mp3</location>" in reply.text, reply.text)
    equal(server.get("/m.mp3.vclt").status, 200)


@test
def playlists_name_addresses_that_are_the_stream_as_they_are_written(t):
    written = "http://radio.example.org/a b?c"
    server = t.server(limits="<sources>20</sources>", sockets=listen_socket(free_port()),
                      body="<mount><mount-name>/own name</mount-name><listenurl>%s</listenurl></mount>" % written)
    for name in ("/a b.mp3", "/100%.mp3", "/a%20b.mp3", "/a#b.mp3", "/q?x.mp3", '/a"b.mp3', "/<a&b>.mp3", "/é+(;=).mp3"):
        encoded = urllib.parse.quote(name)
        server.source(encoded).play(3)
        for ending in (".m3u", ".pls", ".xspf", ".vclt"):
            reply = server.get(encoded + ending, headers=["Host: 127.0.0.1:%d" % server.port])
            text = html.unescape(reply.text) if ending == ".xspf" else reply.text
            address = re.search(r"http://127\.0\.0\.1:%d(/[^\s<]*)" % server.port, text)
            check(address, "%s%s: %s" % (name, ending, text))
            equal(urllib.parse.unquote(address[1]), name, ending)
            check("#" not in address[1] and "?" not in address[1], address[1])
            equal(server.ask("HEAD %s HTTP/1.0" % address[1]).get("Content-Type"), "audio/mpeg", name + ending)
        equal(server.stat(name, "listenurl"), "http://127.0.0.1:%d%s" % (server.port, name), "statistics have it as Icecast's")
    server.source("/own%20name").play(3)
    for ending in (".xspf", ".vclt"):
        check(written in html.unescape(server.get("/own%20name" + ending).text), "the address that the station has written stays")


@test
def own_templates_of_playlists_get_addresses_that_are_the_stream(t):
    server = t.unstarted_server()
    (server.dir / "admin" / "vclt.xsl").write_text(
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="text"/>'
        '<xsl:template match="/icestats">own <xsl:value-of select="source/listenurl"/></xsl:template></xsl:stylesheet>')
    server.start()
    server.source("/a%20b.mp3").play(3)
    text = server.get("/a%20b.mp3.vclt").text
    check(text.startswith("own http://") and text.endswith("/a%20b.mp3"), text)


@test
def a_host_header_cannot_add_lines_to_a_playlist(t):
    server = t.server(body="<mount><mount-name>/m</mount-name></mount>")
    reply = server.get("/m.m3u", headers=["Host: a:1/%0d%0ahttp://evil:2"])
    equal(reply.text.count("\n"), 1)


@test
def aliases_are_exact_and_one_level(t):
    server = t.server(paths='<alias source="/" destination="/a.html"/><alias source="/old" destination="/m"/>'
                            '<alias source="/x" destination="/y"/><alias source="/y" destination="/a.html"/>')
    (server.dir / "web" / "a.html").write_text("A")
    server.source("/m").play(5)
    equal(server.get("/").text, "A")
    equal(server.listener("/old").head.get("Content-Type"), "audio/mpeg")
    equal(server.get("/x").status, 404)
    equal(server.get("/old/").status, 404)


@test
def an_alias_leads_to_pages_of_the_server(t):
    server = t.server(paths='<alias source="/" destination="/listen/m"/><alias source="/numbers" destination="/admin/stats"/>'
                            '<alias source="/now" destination="/api/v1/now"/>')
    server.source("/m", lines=["ice-name: Shown Name"]).play(5)
    check("Shown Name" in server.get("/").text, "no player's page at /")
    equal(server.get("/now").json()["mounts"][0]["mount"], "/m")
    equal(server.get("/numbers").status, 401)
    check('<source mount="/m">' in server.get("/numbers", ADMIN).text, "no statistics")


@test
def built_in_pages_stand_in_for_missing_ones(t):
    server = t.server()
    server.source("/m", lines=["ice-name: Shown Name"])
    for path in ("/status.xsl", "/server_version.xsl"):
        equal(server.get(path).status, 200, path)
    check("Shown Name" in server.get("/status.xsl").text, "the page does not show the mount")
    for path in ("/admin/stats.xsl", "/admin/listmounts.xsl", "/admin/"):
        equal(server.get(path, ADMIN).status, 200, path)
        equal(server.get(path).status, 401, path + " without a password")


@test
def a_stylesheet_in_the_webroot_wins_and_a_missing_one_is_404(t):
    server = t.server()
    (server.dir / "web" / "own.xsl").write_text(
        '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:output method="text"/>'
        '<xsl:template match="/icestats"><xsl:for-each select="source">[<xsl:value-of select="@mount"/>]</xsl:for-each>'
        "</xsl:template></xsl:stylesheet>")
    server.source("/m")
    equal(server.get("/own.xsl").text, "[/m]")
    equal(server.get("/none.xsl").status, 404)


@test
def a_listener_that_talks_is_ignored(t):
    server = t.server()
    source = server.source("/m")
    listener = server.listener("/m")
    listener.send("GET /other HTTP/1.0\r\n\r\n" * 100)
    sent = source.play(50)
    equal(listener.read(48 * 384), sent[:48 * 384])
