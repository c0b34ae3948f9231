"""SHOUTcast's addresses, and the recent titles."""
import re
import urllib.parse
import xml.etree.ElementTree as ET

from harness import ADMIN, SOURCE, check, equal, matches, test, wait_for


def titled(server, name, *titles):
    for title in titles:
        equal(server.set_title(name, song=title).status, 200)
        wait_for(lambda: server.stat(name, "title") == urllib.parse.unquote(title), "the title is " + title)


def page(server, path, fact):
    """A public page as soon as `fact` holds; the page may be half a second old."""
    found = []

    def holds():
        found[:] = [server.get(path)]
        return found[0].status == 200 and fact(found[0].text)
    wait_for(holds, "%s shows it" % path)
    return found[0]


@test
def shoutcast_s_addresses_answer_for_any_mount(t):
    server = t.server(body="<mount><mount-name>/b.mp3</mount-name><max-listeners>32</max-listeners></mount>")
    source = server.source("/b.mp3", lines=["ice-bitrate: 128", "ice-name: Radio <B>", "ice-genre: Jazz", "ice-url: http://b.example.org/"])
    source.play(5)
    server.listener("/b.mp3")
    titled(server, "/b.mp3", "One,%20Two")
    reply = page(server, "/7.html?sid=1", lambda text: "One" in text and "body>1," in text)
    equal(reply.get("Content-Type"), "text/html; charset=UTF-8")
    equal(reply.get("Access-Control-Allow-Origin"), "*")
    inside = matches("<body>(.*)</body>", reply.text).group(1)
    equal(inside, "1,1,1,32,1,128,One, Two")
    equal(server.get("/7.html").text, reply.text, "without a number: the first")
    reply = page(server, "/stats?sid=1", lambda text: "One" in text)
    equal(reply.get("Content-Type"), "text/xml; charset=UTF-8")
    root = ET.fromstring(reply.text)
    equal(root.tag, "SHOUTCASTSERVER")
    for name, value in (("CURRENTLISTENERS", "1"), ("STREAMSTATUS", "1"), ("MAXLISTENERS", "32"), ("SERVERTITLE", "Radio <B>"),
                        ("SERVERGENRE", "Jazz"), ("SONGTITLE", "One, Two"), ("STREAMPATH", "/b.mp3"), ("BITRATE", "128"),
                        ("CONTENT", "audio/mpeg"), ("SERVERURL", "http://b.example.org/"), ("STREAMHITS", "1")):
        equal(root.findtext(name), value, name)
    stats = page(server, "/stats?sid=1&json=1", lambda text: "One" in text).json()
    equal((stats["currentlisteners"], stats["streamstatus"], stats["songtitle"], stats["bitrate"], stats["servertitle"]),
          (1, 1, "One, Two", "128", "Radio <B>"))
    reply = page(server, "/currentsong?sid=1", lambda text: "One" in text)
    equal((reply.text, reply.get("Content-Type")), ("One, Two", "text/plain; charset=UTF-8"))
    source.leave()
    # It is configured, so that it keeps its number.
    page(server, "/7.html?sid=1", lambda text: "<body>0,0,0,32,0,0,</body>" in text)


@test
def streams_are_numbered_by_name_and_the_shoutcast_mount_is_the_first(t):
    server = t.server(body="<shoutcast-mount>/m</shoutcast-mount><mount><mount-name>/secret</mount-name><hidden>1</hidden></mount>")
    for name in ("/z", "/a", "/m", "/secret"):
        server.source(name)
        titled(server, name, "T-" + name[1:])
    for sid, title in (("1", "T-m"), ("2", "T-a"), ("3", "T-z")):
        page(server, "/currentsong?sid=" + sid, lambda text: text == title)
    page(server, "/currentsong?mount=/z", lambda text: text == "T-z")
    for query in ("sid=4", "sid=0", "sid=x", "sid=-1", "mount=/secret", "mount=/none"):
        for path in ("/7.html", "/stats", "/currentsong", "/played.html"):
            equal(server.get(path + "?" + query).status, 404, path + "?" + query)
    check("T-secret" not in server.get("/played.json").text + server.get("/played.xsl").text, "a hidden mount is shown")


@test
def what_was_played_is_remembered(t):
    server = t.server(body="<mount><mount-name>/m</mount-name><max-history>3</max-history></mount>"
                           "<mount><mount-name>/none</mount-name><max-history>0</max-history></mount>")
    source = server.source("/m")
    server.source("/none")
    titled(server, "/none", "Never")
    titled(server, "/m", "One", "Two", "Three", "Four%20%3Cb%3E")
    source.leave()
    server.wait_until_gone("/m")
    source = server.source("/m")  # another mount of that name
    titled(server, "/m", "Four%20%3Cb%3E", "Five")
    history = page(server, "/played.json?mount=/m", lambda text: "Five" in text).json()["history"]
    equal([(row["mount"], [one["title"] for one in row["played"]]) for row in history], [("/m", ["Five", "Four <b>", "Three"])])
    times = [one["unix"] for one in history[0]["played"]]
    equal(times, sorted(times, reverse=True))
    matches(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", history[0]["played"][0]["at"])
    equal([row["mount"] for row in server.get("/played.json").json()["history"]], ["/m"])
    equal(server.get("/played.json?mount=/other").json(), {"history": []})
    for path in ("/played.xsl?mount=/m", "/played.html?mount=/m"):
        reply = page(server, path, lambda text: "Five" in text)
        matches(r"<td>\d\d:\d\d:\d\d</td>\s*<td dir=\"auto\">Four &lt;b&gt;</td>", reply.text)
        check("Two" not in reply.text, "more than it should remember")
    equal([one["title"] for one in server.get("/played?mount=/m&type=json").json()], ["Five", "Four <b>", "Three"])
    songs = server.get("/played?mount=/m&type=xml").xml()
    equal([song.findtext("TITLE") for song in songs.find("SONGHISTORY")], ["Five", "Four <b>", "Three"])
    source.leave()
    server.wait_until_gone("/m")
    page(server, "/played.json?mount=/m", lambda text: "Five" in text)


@test
def a_relay_remembers_titles_too(t):
    master = t.server()
    source = master.source("/m")
    source.play(20)
    edge = t.server(body="<relay><server>127.0.0.1</server><port>%d</port><mount>/m</mount></relay>" % master.port)
    wait_for(lambda: edge.stat("/m", "listeners") is not None, "the relay runs")

    def relayed(title):
        def holds():
            source.play(50)
            return edge.stat("/m", "title") == title
        equal(master.set_title("/m", song=title).status, 200)
        wait_for(holds, "the relay has the title " + title)
    relayed("First")
    relayed("Second")
    history = page(edge, "/played.json?mount=/m", lambda text: "Second" in text).json()["history"]
    equal([one["title"] for one in history[0]["played"]], ["Second", "First"])


@test
def a_mount_or_a_file_with_such_a_name_goes_first(t):
    server = t.server()
    server.source("/stats").play(5)
    reply = server.listener("/stats").head
    equal(reply.get("Content-Type"), "audio/mpeg")
    (server.dir / "web").mkdir(exist_ok=True)
    (server.dir / "web" / "7.html").write_text("mine")
    wait_for(lambda: server.get("/7.html").text == "mine", "the file is delivered")


def head_of(server, path, *lines):
    wire = server.wire()
    wire.send("\r\n".join(["GET %s HTTP/1.0" % path, *lines, "", ""]))
    return wire.reply_head()


@test
def the_links_that_shoutcast_stations_have_printed_play_the_shoutcast_mount(t):
    server = t.server(body="<shoutcast-mount>/sc.mp3</shoutcast-mount>")
    server.source("/sc.mp3").play(50)
    for path in ("/;", "/;stream.mp3", "/;?type=.mp3", "/;listen.nsv"):
        head = head_of(server, path)
        equal((path, head.status, head.get("content-type")), (path, 200, "audio/mpeg"))
    player = head_of(server, "/", "User-Agent: WinampMPEG/5.8", "Icy-MetaData: 1")
    equal((player.status, player.get("content-type")), (200, "audio/mpeg"))
    browser = server.get("/")
    equal(browser.status, 200)
    check("text/html" in browser.get("content-type"), "what a browser gets: %s" % browser.get("content-type"))


@test
def an_own_mount_of_such_a_name_and_an_alias_win(t):
    server = t.server(body="<shoutcast-mount>/sc.mp3</shoutcast-mount>",
                      paths="<alias source=\"/;a\" destination=\"/other.ogg\"/>")
    server.source("/sc.mp3").play(50)
    equal(head_of(server, "/;a").status, 404, "the alias")
    equal(head_of(server, "/;b").status, 200)


@test
def a_panel_reads_the_statistics_by_admin_cgi(t):
    server = t.server(body="<shoutcast-mount>/b.mp3</shoutcast-mount><mount><mount-name>/b.mp3</mount-name><max-listeners>32</max-listeners><hidden>1</hidden></mount>")
    address = "/admin.cgi?mode=viewxml&page=1&pass="
    password = ADMIN.split(":")[1]
    equal(ET.fromstring(server.get(address + password).text).findtext("STREAMSTATUS"), "0", "off the air")
    source = server.source("/b.mp3", lines=["ice-bitrate: 128", "ice-name: Radio <B>"])
    source.play(5)
    server.listener("/b.mp3", lines=["User-Agent: winamp & co"])
    titled(server, "/b.mp3", "One,%20Two")
    reply = server.get(address + password)
    equal((reply.status, reply.get("Content-Type")), (200, "text/xml; charset=UTF-8"))
    root = ET.fromstring(reply.text)
    equal(root.tag, "SHOUTCASTSERVER")
    for name, value in (("CURRENTLISTENERS", "1"), ("STREAMSTATUS", "1"), ("MAXLISTENERS", "32"), ("SERVERTITLE", "Radio <B>"),
                        ("SONGTITLE", "One, Two"), ("BITRATE", "128"), ("CONTENT", "audio/mpeg"), ("LISTENERS/LISTENER/HOSTNAME", "127.0.0.1"),
                        ("LISTENERS/LISTENER/USERAGENT", "winamp & co"), ("SONGHISTORY/SONG/TITLE", "One, Two")):
        equal(root.findtext(name), value, name)
    root = ET.fromstring(server.get(address + SOURCE.split(":")[1]).text)
    equal((root.findtext("CURRENTLISTENERS"), root.find("LISTENERS/LISTENER")), ("1", None), "its encoder sees no addresses")
    equal(server.get(address + "wrong").status, 401)
    # Programs use HTTP's login, as SHOUTcast takes it.
    for login, status in ((ADMIN, 200), ("admin:wrong", 401)):
        equal((login, server.get("/admin.cgi?sid=1&mode=viewxml", login).status), (login, status))
    equal(ET.fromstring(server.get("/admin.cgi?sid=1&mode=viewxml", ADMIN).text).findtext("CURRENTLISTENERS"), "1")
    equal(server.get("/admin.cgi?mode=updinfo&song=x", ADMIN).status, 400)
    equal(server.get("/admin.cgi?mode=viewxml").status, 400)


@test
def numbered_streams_have_their_statistics_and_their_lists(t):
    server = t.server(body="<shoutcast-mount>/b.mp3</shoutcast-mount><mount><mount-name>/c.mp3</mount-name>"
                           "<listenurl>https://radio.example/listen/c.mp3</listenurl></mount>")
    for name in ("a", "b", "c"):
        server.source("/%s.mp3" % name, lines=["ice-name: Radio " + name]).play(5)
    for sid, name in (("1", "b"), ("2", "a"), ("3", "c"), ("4", "b")):
        root = ET.fromstring(server.get("/admin.cgi?mode=viewxml&sid=" + sid, ADMIN).text)
        equal((sid, root.findtext("SERVERTITLE")), (sid, "Radio " + name))
    own = "http://127.0.0.1:%d/" % server.port
    for ending, form in ((".pls", "\r\nFile1=%s\r\n"), (".m3u", "%s\r\n")):
        for name, address in (("listen%s?sid=1", own + "b.mp3"), ("listen%s?sid=2", own + "a.mp3"), ("listen%s", own + "listen"),
                              ("listen%s?sid=3", "https://radio.example/listen/c.mp3"), ("c.mp3%s", "https://radio.example/listen/c.mp3")):
            reply = server.get("/" + name % ending, headers=["Host: 127.0.0.1:%d" % server.port])
            check(reply.status == 200 and form % address in reply.text, "%s: %r" % (name, reply.text))
        equal(server.get("/listen%s?sid=4" % ending).status, 404)


@test
def scrapers_of_the_status_page_read_what_they_read_at_icecast(t):
    server = t.server()
    server.source("/a.mp3", lines=["ice-name: Radio", "ice-description: D", "ice-genre: Pop", "ice-url: http://u.example.org/", "ice-bitrate: 128"]).play(5)
    titled(server, "/a.mp3", "A%20-%20B")
    text = page(server, "/status.xsl?mount=/a.mp3", lambda text: "A - B" in text).text
    # By position, as scripts in PHP.
    cells = [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r'<td\s[^>]*class="streamstats">(.*)</td>', text.replace("</tr>", "</tr>\n"))]
    equal((cells[1:4], cells[4:]), (["128", "0", "0"], ["Pop", "http://u.example.org/", "A - B"]))
    # By words that stand together, as scripts in Perl; grep reads one line.
    for words in (r'Mount Point /a\.mp3<', r'<tr><td>Bitrate:</td><td class="streamstats">128</td></tr><tr>', r'<tr><td>Listeners \(current\):</td><td class="streamstats">0</td></tr>'):
        check(re.search(words, text), words)
