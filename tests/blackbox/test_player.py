"""The page of a stream, /listen/MOUNT, in a client without scripts."""
import html.parser
import re
import urllib.parse

from harness import check, equal, test, wait_for

EVIL = "\"><img src=x onerror=alert(1)><script>alert('2')</script>"
MOST_BYTES = 60_000


class Page(html.parser.HTMLParser):
    """The page as a browser parses it: its elements, and its text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]

    def streams(self):
        return [attrs for attrs in self.all("option") if "data-type" in attrs]

    def one(self, tag):
        found = self.all(tag)
        equal(len(found), 1, "elements <%s>" % tag)
        return found[0]


def page_of(server, path, *lines):
    reply = server.get(path, headers=list(lines))
    equal((reply.status, reply.get("Content-Type")), (200, "text/html; charset=utf-8"), path)
    return Page(reply.text)


def oembed(server, path, more=""):
    name = "%s:%d" % (server.host, server.port)
    return server.get("/oembed?url=%s%s" % (urllib.parse.quote("http://%s%s" % (name, path), safe=""), more), headers=["Host: " + name])


@test
def a_stream_has_a_page_that_plays_it_without_scripts(t):
    server = t.server()
    server.source("/live.mp3", lines=["ice-name: Radio Example", "ice-description: Late music", "ice-genre: Ambient", "ice-bitrate: 128"]).play(50)
    equal(server.set_title("/live.mp3", song="Someone%20-%20Something").status, 200)
    wait_for(lambda: "Someone - Something" in server.get("/listen/live.mp3").text, "the title")
    page = page_of(server, "/listen/live.mp3")
    equal((page.one("audio")["src"], "controls" in page.one("audio")), ("/live.mp3", True))
    for text in ("Radio Example", "Late music", "Ambient", "Someone - Something"):
        check(text in page.text, "no %r on %r" % (text, page.text))
    check({"target": "_blank", "href": "/live.mp3.m3u"} in page.all("a"), "no playlist: %r" % page.all("a"))
    equal(server.get("/live.mp3.m3u").status, 200)
    equal([one["data-type"] for one in page.streams()], ["audio/mpeg"])


@test
def it_may_load_its_two_files_and_nothing_else(t):
    server = t.server()
    server.source("/live.mp3").play(50)
    reply = server.get("/listen/live.mp3")
    policy = reply.get("Content-Security-Policy")
    equal(policy, "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
          "media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    equal((reply.get("X-Frame-Options"), reply.get("X-Content-Type-Options"), reply.get("Set-Cookie")), ("DENY", "nosniff", None))
    page = Page(reply.text)
    equal(page.one("script")["src"], "/_lb/player.js")
    equal([name for _, attrs in page.elements for name in attrs if name == "style" or name.startswith("on")], [])
    equal(page.all("style"), [])
    size = len(reply.body)
    for path, kind in (("/_lb/player.js", "text/javascript; charset=utf-8"), ("/_lb/player.css", "text/css; charset=utf-8")):
        file = server.get(path)
        equal((file.status, file.get("Content-Type"), file.get("X-Content-Type-Options")), (200, kind, "nosniff"), path)
        check(not re.search(r"https?://", file.text), "%s names another site" % path)
        size += len(file.body)
    check(0 < size <= MOST_BYTES, "the page has %d bytes" % size)
    framed = server.get("/listen/live.mp3?embed=1")
    check(framed.get("Content-Security-Policy").endswith("frame-ancestors *"), framed.get("Content-Security-Policy"))
    equal(framed.get("X-Frame-Options"), None)


@test
def what_an_encoder_says_is_text_and_nothing_else(t):
    server = t.server()
    server.source("/live.mp3", lines=["ice-name: " + EVIL, "ice-description: " + EVIL, "ice-genre: " + EVIL + "\x01\x7f", "ice-bitrate: " + EVIL]).play(50)
    equal(server.set_title("/live.mp3", song="%22%3E%3Cscript%3Ealert(3)%3C/script%3E%07%1b").status, 200)
    wait_for(lambda: "alert(3)" in server.get("/listen/live.mp3").text, "the title")
    for query in ("", "?embed=1", "?" + "%22%3E%3Cscript%3E"):
        page = page_of(server, "/listen/live.mp3" + query)
        equal((len(page.all("script")), page.all("img")), (1, []), query)
        equal([attrs for _, attrs in page.elements if "onerror" in attrs], [])
        check(not re.search("[\x00-\x08\x0b-\x1f\x7f]", page.text), "control characters: %r" % page.text)
    check(EVIL in page_of(server, "/listen/live.mp3").text, "the name is shown as it is")


@test
def a_name_of_a_mount_is_text_and_an_address(t):
    server = t.server()
    server.source("/a%22%3Cb%3E%20%26c.mp3").play(50)
    page = page_of(server, "/listen/a%22%3Cb%3E%20%26c.mp3")
    equal(page.all("b"), [])
    check("/a\"<b> &c.mp3" in page.text, page.text)
    equal(server.get(page.one("a")["href"]).status, 200, page.one("a")["href"])


@test
def hidden_and_unknown_mounts_have_no_page_and_a_login_is_named(t):
    server = t.server(body="<mount><mount-name>/hidden.mp3</mount-name><hidden>1</hidden></mount>"
                      "<mount><mount-name>/locked.mp3</mount-name><authentication type=\"htpasswd\"><option name=\"filename\" value=\"/nonexistent\"/></authentication></mount>")
    for name in ("/hidden.mp3", "/hidden.ogg", "/locked.mp3", "/open.mp3"):
        server.source(name, *(["opus"] if name.endswith("ogg") else [])).play(50)
    hidden, unknown = (server.get("/listen" + name) for name in ("/hidden.mp3", "/unknown.mp3"))
    equal((hidden.status, hidden.body), (404, unknown.body))
    equal(server.get("/listen/").status, 404)
    equal([one["value"] for one in page_of(server, "/listen/hidden.ogg").streams()], ["/hidden.ogg"], "of a hidden mount nothing is said")
    check("This stream needs a login." in page_of(server, "/listen/locked.mp3").text, "no word of the login")
    check("login" not in page_of(server, "/listen/open.mp3").text, "a login that nobody asks for")


@test
def a_mount_of_the_whole_name_wins(t):
    server = t.server()
    for name in ("/rock.mp3", "/listen/rock.mp3"):
        server.source(name).play(50)
    listener = server.listener("/listen/rock.mp3")
    equal(listener.head.get("content-type"), "audio/mpeg")


@test
def a_file_of_the_web_root_wins(t):
    server = t.unstarted_server(body='<station id="rock" colour="#b3261e"><mount>/rock.mp3</mount></station>')
    names = ("/_lb/player.css", "/_lb/player.js", "/_lb/player/rock.css", "/listen/rock", "/oembed")
    for name in names:
        file = server.dir / "web" / name[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("ours: " + name)
    server.write_config()
    server.start()
    server.source("/rock.mp3").play(50)
    for name in names:
        reply = server.get(name)
        equal((reply.status, reply.text), (200, "ours: " + name))


@test
def formats_of_one_stream_are_a_choice(t):
    server = t.server()
    server.source("/live.mp3", lines=["ice-bitrate: 128"]).play(50)
    server.source("/live.ogg", "opus").play(50)
    server.source("/other.mp3").play(50)
    for asked, other in (("/live.mp3", "/live.ogg"), ("/live.ogg", "/live.mp3")):
        equal([one["value"] for one in page_of(server, "/listen" + asked).streams()], [asked, other])


@test
def a_stream_that_is_a_station_of_its_own_has_a_page_by_its_id(t):
    server = t.server(body="<mount><mount-name>/secret.mp3</mount-name><hidden>1</hidden></mount>")
    for name in ("/live.mp3", "/secret.mp3"):
        server.source(name).play(50)
    equal(server.get("/api/v1/now/station:live").json()["mount"], "/live.mp3")
    page = page_of(server, "/listen/live")
    equal((page.one("audio")["src"], page.one("main")["data-now"]), ("/live.mp3", "/api/v1/now/live.mp3"))
    check("/listen/live?embed=1" in oembed(server, "/listen/live").json()["html"], "oEmbed")
    for name in ("Live", "liv", "live.", "live/", "secret", ".", "*"):
        equal(server.get("/listen/" + name).status, 404, name)


@test
def the_page_speaks_the_language_of_its_reader(t):
    server = t.server()
    server.source("/live.mp3").play(50)
    for accepted, language, word in (("de-AT,de;q=0.9", "de", "Abspielen"), ("fr", "fr", "Lecture"), ("xx, es;q=0.5, pt;q=0.7", "pt", "Reproduzir"),
                                     ("es-MX", "es", "Reproducir"), ("tlh;q=1, *;q=0.1", "en", "Play"), ("de;q=0", "en", "Play")):
        page = page_of(server, "/listen/live.mp3", "Accept-Language: " + accepted)
        equal(page.one("html")["lang"], language, accepted)
        check(word in page.text, "no %r for %r" % (word, accepted))
    equal(page_of(server, "/listen/live.mp3").one("html")["lang"], "en")
    check("Accept-Language" in server.get("/listen/live.mp3").get("Vary"), "no Vary")


@test
def other_sites_learn_how_to_show_a_page(t):
    server = t.server()
    server.source("/a%20b.mp3", lines=["ice-name: " + EVIL]).play(50)
    own = "http://%s:%d/listen/a%%20b.mp3" % (server.host, server.port)

    def ask(url, more=""):
        return server.get("/oembed?url=%s%s" % (urllib.parse.quote(url, safe=""), more), headers=["Host: %s:%d" % (server.host, server.port)])

    answer = ask(own)
    equal((answer.status, answer.get("Content-Type")), (200, "application/json; charset=utf-8"))
    said = answer.json()
    equal((said["version"], said["type"], said["title"], said["width"]), ("1.0", "rich", EVIL, 640))
    frame = Page(said["html"])
    equal(len(frame.elements), 1, "what is put into another page: %r" % frame.elements)
    equal((frame.one("iframe")["src"], frame.one("iframe")["title"]), (own + "?embed=1", EVIL))
    equal(server.get(frame.one("iframe")["src"].partition(str(server.port))[2]).status, 200)
    smaller = ask(own + "?x=y#z", "&maxwidth=300&maxheight=100")
    equal((smaller.status, smaller.json()["width"], smaller.json()["height"]), (200, 300, 100))
    answer = ask(own, "&format=xml")
    equal((answer.xml().findtext("title"), answer.xml().findtext("html"), answer.xml().findtext("height")), (EVIL, said["html"], "180"))
    equal(ask(own, "&format=yaml").status, 501)
    equal(ask(own, "&maxwidth=&maxheight=").text, ask(own).text, "nothing asked")
    for field in ("maxwidth", "maxheight"):
        for bad in ("wide", "-1", "0", "1.5", "9" * 30, "%00", "%zz"):
            answer = ask(own, "&%s=%s" % (field, bad))
            equal((answer.status, answer.text), (400, field + " is not a number of pixels\r\n"), bad)
    for foreign in ("http://other.example/listen/a%20b.mp3", own.replace("a%20b", "unknown"), own.replace("/listen", ""), "javascript:alert(1)", "",
                    own.replace("http://", "http://x@"), "ftp" + own[4:], own.replace("/listen/", "\"><script>/listen/")):
        equal(ask(foreign).status, 404, foreign)
    page = Page(server.get("/listen/a%20b.mp3", headers=["Host: %s:%d" % (server.host, server.port)]).text)
    link = [one for one in page.all("link") if one["rel"] == "alternate"]
    equal([one["type"] for one in link], ["application/json+oembed"])
    again = server.get(link[0]["href"], headers=["Host: %s:%d" % (server.host, server.port)])
    equal((again.status, again.text), (200, ask(own).text), link[0]["href"])


@test
def the_list_of_streams_leads_to_their_pages(t):
    server = t.server()
    server.source("/a%20b.mp3").play(50)
    links = [one["href"] for one in wait_for(lambda: Page(server.get("/status.xsl").text).all("a"), "links") if one["href"].startswith("/listen")]
    equal(links, ["/listen/a%20b.mp3"])
    equal(server.get(links[0]).status, 200)


PLAYER = ('<station id="rock" name="Rock &lt;Antenna&gt;" logo="/rock.png" colour="#ffcc00"><mount>/rock.mp3</mount><mount>/rock-64.mp3</mount>'
          '<mount>/secret.mp3</mount></station><mount><mount-name>/secret.mp3</mount-name><hidden>1</hidden></mount>')


@test
def a_station_has_a_page_of_its_own_look(t):
    server = t.server(body=PLAYER)
    # It has one before it plays.
    page = page_of(server, "/listen/rock")
    check("Rock <Antenna>" in page.text and "not on the air" in page.text, page.text)
    equal((page.one("audio")["src"], page.one("main")["data-now"]), ("/rock.mp3", "/api/v1/now/station:rock"))
    server.source("/rock-64.mp3", lines=["ice-name: The encoder"]).play(20)
    wait_for(lambda: page_of(server, "/listen/rock").one("audio")["src"] == "/rock-64.mp3", "what plays goes first")
    server.source("/other.mp3").play(20)
    for path, mounts in (("/listen/rock", ["/rock-64.mp3", "/rock.mp3"]), ("/listen/rock-64.mp3", ["/rock-64.mp3", "/rock.mp3"])):
        page = page_of(server, path)
        check("Rock <Antenna>" in page.text and "The encoder" not in page.text, page.text)
        equal([one["value"] for one in page.streams()], mounts, path)
        equal([(img["src"], img["alt"]) for img in page.all("img") if img["id"] == "logo"], [("/rock.png", "")])
        sheets = [one["href"] for one in page.all("link") if one["rel"] == "stylesheet"]
        equal(sheets, ["/_lb/player.css", "/_lb/player/rock.css"])
    sheet = server.get("/_lb/player/rock.css")
    equal((sheet.status, sheet.get("Content-Type"), sheet.get("X-Content-Type-Options")), (200, "text/css; charset=utf-8", "nosniff"))
    check("--brand: #ffcc00" in sheet.text and "--on-brand: #000000" in sheet.text, sheet.text)
    for path in ("/_lb/player/none.css", "/_lb/player/rock", "/_lb/player/", "/listen/none", "/listen/", "/listen/secret.mp3"):
        equal(server.get(path).status, 404, path)
    equal(page_of(server, "/listen/other.mp3").all("img"), [])
    equal(oembed(server, "/listen/rock").json()["title"], "Rock <Antenna>")


@test
def a_mount_of_the_file_keeps_its_page_while_it_is_off_the_air(t):
    server = t.server(body="<mount><mount-name>/late.mp3</mount-name><stream-name>Late</stream-name></mount><mount><mount-name>/few*</mount-name></mount>"
                      "<mount><mount-name>/shy.mp3</mount-name><hidden>1</hidden></mount>")
    # The lists lead to it.
    stations = server.get("/api/v1/now").json()["stations"]
    equal([(station["name"], station["page"]) for station in stations], [("Late", "/listen/late.mp3")])
    page = page_of(server, "/listen/late.mp3")
    check("Late" in page.text, page.text)
    equal(oembed(server, "/listen/late.mp3").json()["title"], "Late")
    server.source("/late.mp3", lines=["ice-name: By the encoder"]).play(20)
    check("Late" in page_of(server, "/listen/late.mp3").text, "on the air")
    for name in ("/shy.mp3", "/few*", "/few.mp3"):
        equal(server.get("/listen" + name).status, 404, name)


@test
def a_link_can_name_the_language(t):
    server = t.server(body='<player languages="de en es"/>')
    server.source("/live.mp3").play(20)
    for query, header, language in (("?lang=es", "de", "es"), ("?embed=1&lang=en-GB", "de;q=1, es", "en"), ("?lang=fr", "es", "es"), ("?lang=", "es", "es"),
                                    ("?lang=%22%3E%3Cb%3E", "en", "en"), ("", "en", "en")):
        equal(page_of(server, "/listen/live.mp3" + query, "Accept-Language: " + header).one("html")["lang"], language, query)


@test
def a_mount_of_the_whole_name_goes_before_a_station(t):
    server = t.server(body=PLAYER)
    server.source("/listen/rock").play(20)
    equal(server.listener("/listen/rock").head.get("content-type"), "audio/mpeg")


@test
def the_configuration_says_what_pages_offer(t):
    server = t.server(body='<player past="0" embed="https://www.example.org https://bad;script-src" languages="fr de">'
                      '<link name="Impressum" url="https://example.org/imprint?a=1&amp;b=2"/><link name="Script" url="javascript:alert(1)"/>'
                      + "".join('<link name="L%d" url="https://example.org/%d"/>' % (i, i) for i in range(8)) + "</player>")
    server.source("/live.mp3").play(20)
    reply = server.get("/listen/live.mp3", headers=["Accept-Language: en, de"])
    page = Page(reply.text)
    equal((page.one("html")["lang"], page.one("main")["data-past"]), ("de", "0"))
    equal(page_of(server, "/listen/live.mp3", "Accept-Language: en").one("html")["lang"], "fr")
    links = [(one["href"], one["rel"]) for one in page.all("a") if "rel" in one]
    equal(links, [("https://example.org/imprint?a=1&b=2", "noopener")] + [("https://example.org/%d" % i, "noopener") for i in range(4)])
    check("javascript" not in reply.text, "a script is linked to")
    check(reply.get("Content-Security-Policy").endswith("frame-ancestors 'none'"), reply.get("Content-Security-Policy"))
    framed = server.get("/listen/live.mp3?embed=1")
    check(framed.get("Content-Security-Policy").endswith("frame-ancestors https://www.example.org"), framed.get("Content-Security-Policy"))
    equal(framed.get("X-Frame-Options"), None)


@test
def pages_are_off_where_the_configuration_says_it(t):
    server = t.server(body='<player enabled="0"/>')
    server.source("/live.mp3").play(20)
    for path in ("/listen/live.mp3", "/_lb/player.js"):
        equal(server.get(path).status, 404, path)
    equal(oembed(server, "/listen/live.mp3").status, 404)
    equal(server.get("/api/v1/now").json()["stations"][0]["page"], None)
    check("/listen" not in server.get("/status.xsl").text, "the list leads to pages that there are not")
    server = t.server(body='<player embed="off"/>')
    server.source("/live.mp3").play(20)
    framed = server.get("/listen/live.mp3?embed=1")
    check(framed.get("Content-Security-Policy").endswith("frame-ancestors 'none'"), framed.get("Content-Security-Policy"))
    equal(framed.get("X-Frame-Options"), "DENY")
    equal(oembed(server, "/listen/live.mp3").status, 404)
    check("oembed" not in server.get("/listen/live.mp3").text, "the page names an address that is not there")
