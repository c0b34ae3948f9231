"""A title that is made to break out of any output format, in every place where a title appears.

It has a quote, a backslash, the end of a script and of a CDATA section, an ampersand, a letter that Latin-1 and UTF-8
encode differently, and control characters: bell, escape, a line break, DEL, and in UTF-8 one beyond ASCII.  TEXT is the
part of it that may be shown; everything else must be removed.
"""
import html
import json
import pathlib
import re
import shutil
import xml.etree.ElementTree as ET

from harness import ADMIN, RELAY, Wire, check, equal, request, test, wait_for

TEXT = "\"\\</script> ]]>&\u00e9"
# The same with control characters, as a query carries it.
MARKS = "%07%22%5C%3C%1B%2Fscript%3E%0D%0A%5D%5D%3E%7F%26"
LATIN, UTF8 = MARKS + "%E9", MARKS + "%C3%A9%C2%85"
CHARSETS = {"latin": ("", LATIN), "utf8": ("&charset=UTF-8", UTF8), "utf8-unsaid": ("", MARKS + "%C3%A9")}
STOCK = pathlib.Path("/usr/share/icecast2")

# path -> whether the title is shown there
PUBLIC = {"/status.xsl": True, "/status.xsl?mount=/m": True, "/m.xspf": True, "/server_version.xsl": False, "/auth.xsl": False}
ADMIN_PAGES = {"": True, "stats.xsl": True, "stats.xsl?mount=/m": True, "stats": True, "stats.xml": True, "stats?mount=/m": True,
               "listmounts": False, "listmounts.xsl": False, "streamlist": False, "listclients?mount=/m": False,
               "listclients.xsl?mount=/m": False, "moveclients?mount=/m": False, "moveclients.xsl?mount=/m": False,
               "updatemetadata?mount=/m": False, "updatemetadata.xsl?mount=/m": False}


def no_controls(text, where, allowed="\t\n\r"):
    bad = [c for c in text if (ord(c) < 0x20 and c not in allowed) or 0x7f <= ord(c) < 0xa0]
    check(not bad, "%s has control characters %r" % (where, bad))


def holds_as_markup(reply, shown, where):
    """The XML parses, and has the title as text or not at all."""
    equal(reply.status, 200, where)
    body = reply.text
    no_controls(body, where)
    check("</script" not in body.lower(), "%s lets it end a script: %s" % (where, body))  # no page has scripts
    root = ET.fromstring(reply.body)
    texts = " ".join(root.itertext())
    for element in root.iter():
        texts += " " + " ".join(element.attrib.values())
    no_controls(texts, where)
    check(not shown or TEXT in texts, "%s does not show the title: %s" % (where, body))


def station(t, templates, mount_settings=""):
    server = t.unstarted_server(
        body="<mount><mount-name>/m</mount-name>%s</mount>" % mount_settings)
    if templates == "stock":
        for name in ("web", "admin"):
            shutil.rmtree(server.dir / name)
            shutil.copytree(STOCK / name, server.dir / name)
    return server.start()


def set_title(server, charset):
    parameter, song = CHARSETS[charset]
    reply = server.set_title("/m", song=song + parameter)
    check("Metadata update successful" in reply.text, reply.text)
    wait_for(lambda: server.stat("/m", "title"), "the title is known")


def check_all_pages(server):
    for path, shown in PUBLIC.items():
        holds_as_markup(server.get(path), shown, path)
    for name, shown in ADMIN_PAGES.items():
        holds_as_markup(server.get("/admin/" + name, ADMIN), shown, "/admin/" + name)
    for path in ("/status-json.xsl", "/status-json.xsl?mount=/m", "/status-json.xsl?array=1"):
        reply = server.get(path)
        no_controls(reply.text, path, "")
        check("<" not in reply.text, "%s has a <: %s" % (path, reply.text))
        source = json.loads(reply.text)["icestats"]["source"]
        equal((source[0] if isinstance(source, list) else source)["title"], TEXT, path)
    for path in ("/m.m3u", "/m.vclt"):
        reply = server.get(path)
        equal(reply.status, 200, path)
        no_controls(reply.text, path)
    vclt = server.get("/m.vclt")
    lines = [line for line in vclt.text.splitlines() if "</script" in line]
    check(lines == ["TITLE=" + TEXT] or lines == ["TITLE=" + html.escape(TEXT, False)], "the VCLT says %r" % vclt.text)
    equal(server.get("/admin/streamlist.txt", RELAY).text, "/m\r\n")
    answer = server.get("/admin/metadata.xsl?mount=/m&mode=updinfo&song=" + UTF8, ADMIN)
    holds_as_markup(answer, False, "metadata.xsl")


def logged_titles(server):
    """The titles in playlist.log; every line must have its four fields."""
    titles = []
    for line in server.log("playlist").split("\n")[:-1]:
        no_controls(line, "playlist.log", "")
        check(re.match(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\|/m\|\d+\|", line), "playlist.log has the line %r" % line)
        titles.append(line.split("|", 3)[3])
    return titles


def check_logs(server):
    wait_for(lambda: TEXT in logged_titles(server), "the title is in playlist.log: " + server.log("playlist"))
    equal(set(logged_titles(server)), {TEXT}, "titles in playlist.log")
    for line in server.log("error").split("\n")[:-1]:
        no_controls(line, "error.log", "")
        check(re.match(r"\[\d{4}-\d\d-\d\d  \d\d:\d\d:\d\d\] [A-Z]{4} ", line), "error.log has the line %r" % line)


@test
def it_is_harmless_on_our_own_pages_in_every_charset(t):
    for charset in CHARSETS:
        server = station(t, "own")
        server.source("/m")
        set_title(server, charset)
        check_all_pages(server)
        check_logs(server)


@test
def it_is_harmless_on_the_stock_pages_in_every_charset(t):
    for charset in CHARSETS:
        server = station(t, "stock")
        server.source("/m")
        set_title(server, charset)
        check_all_pages(server)


@test
def it_is_harmless_in_the_list_of_users_and_of_listeners(t):
    server = t.unstarted_server(body="<mount><mount-name>/m</mount-name><authentication type='htpasswd'>"
                                     "<option name='filename' value='%s'/></authentication></mount>" % (t.dir / "users"))
    (t.dir / "users").write_text("alice:0cc175b9c0f1b6a831c399e269772661\n")
    (t.dir / "users").chmod(0o666)
    server.start()
    server.source("/m").play(20)
    server.listener("/m", lines=["User-Agent: " + TEXT.encode().decode("latin-1")], login="alice:a")
    set_title(server, "utf8")
    for name in ("listclients", "listclients.xsl", "manageauth", "manageauth.xsl"):
        path = "/admin/%s?mount=/m" % name
        holds_as_markup(server.get(path, ADMIN), name.startswith("listclients"), path)


@test
def the_icy_block_has_it_in_the_letters_of_the_mount(t):
    for settings, sent, wanted in (("", "latin", "latin-1"), ("", "utf8", "utf-8"), ("<charset>UTF-8</charset>", "utf8", "utf-8"),
                                   ("<charset>ISO8859-1</charset>", "utf8", "latin-1")):
            server = station(t, "own", settings)
            source = server.source("/m")
            set_title(server, sent)
            source.play(100)
            listener = server.listener("/m", icy=True)
            listener.read(16001)
            equal(listener.titles, [b"StreamTitle='" + TEXT.encode(wanted) + b"';"], "%r, sent as %s" % (settings, sent))


@test
def a_title_inside_the_stream_is_cleaned_as_well(t):
    server = station(t, "own")
    text = b"StreamTitle='\x07\"\\<\x1b/script>\n]]>\x7f&\xc3\xa9\xc2\x85';StreamUrl='javascript:alert(1)';"
    block = bytes([(len(text) + 15) // 16]) + text.ljust((len(text) + 15) // 16 * 16, b"\0")
    source = server.source("/m", lines=["icy-metaint: 1000"])
    source.send((bytes(1000) + block) * 20)
    wait_for(lambda: server.stat("/m", "title"), "the title is known")
    check_all_pages(server)
    check_logs(server)


@test
def the_comments_of_an_ogg_stream_are_cleaned_as_well(t):
    import media
    server = station(t, "own")
    wire = t.owned(Wire(server.address))
    wire.send(request("SOURCE /m HTTP/1.0", ["Content-Type: audio/ogg"], "source:src-secret"))
    equal(wire.reply_head().status, 200)
    wire.send(media.opus_headers(1, "\x07\"\\<\x1b/script>\r\n]]>\x7f&\u00e9\u0085"))
    for number in range(20):
        wire.send(media.opus_page(1, number))
    wait_for(lambda: server.stat("/m", "title"), "the title is known")
    check_all_pages(server)
    check_logs(server)


@test
def the_stats_feed_keeps_it_on_its_line(t):
    server = station(t, "own")
    server.source("/m")
    set_title(server, "utf8")
    feed = server.wire()
    feed.send(request("STATS / HTTP/1.0", login=ADMIN))
    feed.take_until(b"\r\n\r\n")
    line = (feed.take_until(b" title ") + feed.take_until(b"\n")).decode().split("\n")[-2]
    equal(line, "EVENT /m title " + TEXT)
    no_controls(line, "STATS", "")


@test
def as_the_name_of_a_station_it_is_harmless_too(t):
    for templates in ("own", "stock"):
        server = station(t, templates)
        name = ("\x07\"\\<\x1b/script>\t]]>\x7f&".encode() + b"\xe9").decode("latin-1")
        server.source("/m", lines=["ice-name: " + name, "ice-description: " + name, "ice-genre: " + name, "ice-url: " + name])
        for path in PUBLIC:
            holds_as_markup(server.get(path), path.startswith(("/status", "/m.")), path)
        for page, shown in ADMIN_PAGES.items():
            holds_as_markup(server.get("/admin/" + page, ADMIN), shown, "/admin/" + page)
        source = server.get("/status-json.xsl").json()["icestats"]["source"]
        equal((source["server_name"], source["server_description"], source["genre"]), (TEXT, TEXT, TEXT))
        head = server.listener("/m").head.head
        check(not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", head), "control characters in the head of a listener: %r" % head)


@test
def in_a_request_it_cannot_break_the_access_log(t):
    server = t.server()
    sent = "\x07\"\\<\x1b/script>]]>\x7f&\xc3\xa9"
    server.ask("GET /%s HTTP/1.0" % "%22%3C%2Fscript%3E%5D%5D%3E%26%C3%A9", ["User-Agent: " + sent, "Referer: " + sent], "\"\\<x>\n\u00e9:pw")
    line = server.wait_for_log(r"^.* 404 .*$", "access").group(0)
    no_controls(line, "access.log", "")
    check(re.fullmatch(r'127\.0\.0\.1 - \S+ \[[^\]]+\] "GET /\S+ HTTP/1\.0" 404 \d+ "[^"\\]*" "[^"\\]*" \d+', line), line)
    equal(line.count('"'), 6, "quotes")
