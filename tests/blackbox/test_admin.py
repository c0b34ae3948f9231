"""The admin commands, each compared with the answer of Icecast 2.4.4."""
from harness import ADMIN, RELAY, SOURCE, check, equal, matches, mount, request, test, wait_for
from heard import read_until_heard
from media import MP3_FRAME

DECLARATION = '<?xml version="1.0"?>\n'


def shape(element):
    """Tags and texts, without those that time changes."""
    text = "" if element.tag in ("Connected", "connected", "ID", "lag", "bytes_sent") else element.text or ""
    return (element.tag, text, [shape(child) for child in element])


def with_users(t, lines="", **slots):
    server = t.unstarted_server(**slots)
    server.users = server.dir / "users"
    server.users.write_text(lines)
    server.write_config(body=mount("/p", '<authentication type="htpasswd"><option name="filename" value="%s"/></authentication>' % server.users))
    return server.start()


@test
def stats_xml_is_stats_under_another_name(t):
    server = t.server()
    server.source("/a", lines=["ice-name: A"])
    server.source("/b")
    for path in ("/admin/stats", "/admin/stats.xml"):
        reply = server.get(path, ADMIN)
        equal((reply.status, reply.get("Content-Type")), (200, "text/xml; charset=utf-8"))
        check(reply.text.startswith(DECLARATION + "<icestats>"), reply.text[:60])
        names = [child.tag for child in reply.xml() if child.tag != "source"]
        equal(names, sorted(names), "the order of " + path)
        equal([s.get("mount") for s in reply.xml().findall("source")], ["/a", "/b"])
        one = server.get(path + "?mount=/a", ADMIN).xml()
        equal([s.get("mount") for s in one.findall("source")], ["/a"])
        check(one.findtext("server_id"), "the globals stay")
        # A source sees its own mount only.
        equal(server.get(path + "?mount=/a", SOURCE).status, 200)
        equal(server.get(path, SOURCE).status, 401)
        check("400 - Source does not exist" in server.get(path + "?mount=/none", ADMIN).text, path)


@test
def streamlist_is_listmounts(t):
    server = t.server()
    server.source("/b")
    server.source("/a")
    server.listener("/a")
    for path in ("/admin/streamlist", "/admin/listmounts"):
        reply = server.get(path, ADMIN)
        equal(reply.get("Content-Type"), "text/xml; charset=utf-8")
        equal(shape(reply.xml()), ("icestats", "", [
            ("source", "", [("fallback", "", []), ("listeners", count, []), ("Connected", "", []), ("content-type", "audio/mpeg", []),
                            ("connected", "", [])]) for count in ("1", "0")]))
        check("400 - Mount request unknown" in server.get(path + "?mount=/a", ADMIN).text, path)
    equal(server.get("/admin/streamlist.xsl", ADMIN).status, 400)


@test
def the_list_for_relays_is_plain_text_to_the_end_of_the_connection(t):
    server = t.server(body=mount("/stopped", "<fallback-mount>/a</fallback-mount>") + mount("/hidden", "<hidden>1</hidden>"))
    for name in ("/hidden", "/b", "/a"):
        server.source(name)
    reply = server.get("/admin/streamlist.txt", RELAY)
    equal((reply.get("Content-Type"), reply.get("Content-Length")), ("text/plain; charset=utf-8", None))
    # A mount whose fallback plays is listed: a slave may serve it.
    equal(reply.text, "/a\r\n/b\r\n/stopped\r\n")
    # 2.4.4's and KH's slaves say more, and mean the same list.
    equal(server.get("/admin/streamlist.txt?rserver=x&rport=8000&interval=5", RELAY).text, reply.text)


@test
def names_in_the_list_for_relays_are_encoded_for_those_that_decode(t):
    server = t.server()
    for name in ("/a%20b.mp3", "/%C3%BC.mp3", "/100%25.mp3", "/plain+(1),x:y@z.mp3"):
        server.source(name)
    equal(server.get("/admin/streamlist.txt", RELAY).text,
          "/100%25.mp3\r\n/a%20b.mp3\r\n/plain+(1),x:y@z.mp3\r\n/%C3%BC.mp3\r\n")
    reply = server.ask("GET /admin/streamlist.txt HTTP/1.0", ["User-Agent: Icecast 2.4.0-kh22"], RELAY)
    equal(reply.body.decode(), "/100%.mp3\r\n/a b.mp3\r\n/plain+(1),x:y@z.mp3\r\n/ü.mp3\r\n")


@test
def listclients_has_the_names_of_both_families(t):
    server = t.server()
    server.source("/a").play(20)
    server.listener("/a", lines=["User-Agent: Foo/1", "Referer: http://x.example/"])
    server.listener("/a")
    source = server.get("/admin/listclients?mount=/a", ADMIN).xml().find("source")
    equal((source.get("mount"), source.findtext("Listeners")), ("/a", "2"))
    first, second = source.findall("listener")
    equal([child.tag for child in first][:4], ["IP", "UserAgent", "Connected", "ID"])
    equal((first.findtext("IP"), first.findtext("UserAgent"), first.findtext("Referer")), ("127.0.0.1", "Foo/1", "http://x.example/"))
    equal((second.findtext("UserAgent"), second.find("Referer")), ("Unknown", None))
    for row in (first, second):
        equal(row.get("id"), row.findtext("ID"), "Icecast-KH's attribute")
        check(row.findtext("Connected").isdigit() and row.findtext("lag").isdigit(), "numbers")
    check(int(first.get("id")) < int(second.get("id")), "ids rise")
    equal(server.get("/admin/listclients?mount=/a", SOURCE).status, 200)
    one = server.get("/admin/listclients?mount=/a&id=" + second.get("id"), ADMIN).xml().find("source")
    equal(one.findtext("Listeners"), "2", "listeners of all")
    equal([row.get("id") for row in one.findall("listener")], [second.get("id")], "id= as of Icecast-KH")


@test
def killclient_ends_that_listener_only(t):
    server = t.server()
    source = server.source("/a")
    source.play(5)
    one, two = server.listener("/a"), server.listener("/a")
    ids = [row.findtext("ID") for row in server.get("/admin/listclients?mount=/a", ADMIN).xml().iter("listener")]
    reply = server.get("/admin/killclient?mount=/a&id=" + ids[0], ADMIN)
    equal(reply.text, DECLARATION + "<iceresponse><message>Client %s removed</message><return>1</return></iceresponse>\n" % ids[0])
    one.expect_end()
    source.play(1)
    two.read(6 * MP3_FRAME)
    reply = server.get("/admin/killclient?mount=/a&id=" + ids[0], ADMIN)
    equal(reply.text, DECLARATION + "<iceresponse><message>Client %s not found</message><return>0</return></iceresponse>\n" % ids[0])
    for bad in ("", "&id=", "&id=x", "&id=-1", "&id=99999999999999999999999"):
        check("removed" not in server.get("/admin/killclient?mount=/a" + bad, ADMIN).text, bad)
    equal(server.stat("/a", "listeners"), "1")


@test
def fallbacks_takes_effect_at_once_and_says_so(t):
    server = t.server()
    source, other = server.source("/a", tag="A"), server.source("/b", tag="B")
    source.play(10)
    listener = server.listener("/a")
    listener.read(10 * MP3_FRAME)
    reply = server.get("/admin/fallbacks?mount=/a&fallback=/b", ADMIN)
    equal((reply.status, reply.get("Content-Type")), (200, "text/html; charset=utf-8"))
    equal(reply.text, "<html><head><title>Admin request successful</title></head><body><p>Fallback configured</p></body></html>")
    equal(server.get("/admin/listmounts", ADMIN).xml().findtext("source[@mount='/a']/fallback"), "/b")
    source.leave()
    read_until_heard(listener, other, "AB")
    for query, text in (("mount=/b", "Missing parameter"), ("fallback=/b", "Unknown admin request"), ("mount=/none&fallback=/b", "Source does not exist")):
        check("400 - " + text in server.get("/admin/fallbacks?" + query, ADMIN).text, query)
    equal(server.get("/admin/fallbacks?mount=/b&fallback=/a", SOURCE).status, 401)


@test
def moveclients_lists_or_moves(t):
    server = t.server()
    a, b = server.source("/a", tag="A"), server.source("/b", tag="B")
    server.source("/c")
    server.source("/d", "opus")
    document = server.get("/admin/moveclients?mount=/a", ADMIN).xml()
    equal(document.findtext("current_source"), "/a")
    equal([s.get("mount") for s in document.findall("source")], ["/b", "/c"])
    a.play(10)
    listener = server.listener("/a")
    listener.read(10 * MP3_FRAME)
    reply = server.get("/admin/moveclients?mount=/a&destination=/d", ADMIN).xml()
    matches("No listener was moved from /a to /d: .*audio/mpeg.*format", reply.findtext("message"))
    equal((reply.findtext("return"), reply.findtext("moved"), server.stat("/a", "listeners")), ("0", "0", "1"))
    reply = server.get("/admin/moveclients?mount=/a&destination=/b", ADMIN)
    equal(reply.text, DECLARATION + "<iceresponse><message>Clients moved from /a to /b</message><return>1</return>"
          "<moved>1</moved></iceresponse>\n")
    read_until_heard(listener, b, "AB", a)
    wait_for(lambda: server.stat("/b", "listeners") == "1", "it is counted there")
    for to, text in (("/a", "supplied mountpoints are identical"), ("/none", "No such destination")):
        check("400 - " + text in server.get("/admin/moveclients?mount=/a&destination=" + to, ADMIN).text, to)


@test
def moveclients_to_a_mount_without_a_source_moves_to_what_plays_there(t):
    server = t.server(body="<mount><mount-name>/gone</mount-name><fallback-mount>/between</fallback-mount></mount>"
                           "<mount><mount-name>/between</mount-name><fallback-mount>/b</fallback-mount></mount>"
                           "<mount><mount-name>/silent</mount-name><fallback-mount>/none</fallback-mount></mount>")
    a, b = server.source("/a", tag="A"), server.source("/b", tag="B")
    listener = server.listener("/a")
    read_until_heard(listener, a, "A", b)
    move = "/admin/moveclients?mount=%s&destination=%s"
    equal(server.get(move % ("/a", "/gone"), ADMIN).xml().findtext("message"), "Clients moved from /a to /gone")
    read_until_heard(listener, b, "AB", a)
    wait_for(lambda: server.stat("/b", "listeners") == "1", "it is counted where it listens")
    for at, to, text in (("/b", "/gone", "supplied mountpoints are identical"), ("/b", "/silent", "No such destination")):
        check("400 - " + text in server.get(move % (at, to), ADMIN).text, to)


@test
def buildm3u_asks_nobody_and_keeps_a_password_whole(t):
    server = with_users(t)
    server.source("/p")
    reply = server.get("/admin/buildm3u?mount=/p&username=alice&password=secret")
    equal((reply.status, reply.get("Content-Type")), (200, "audio/x-mpegurl"))
    equal(reply.get("Content-Disposition"), "attachment; filename=listen.m3u")
    matches(r"^http://alice:secret@127\.0\.0\.1:\d+/p\r\n$", reply.text)
    # 2.4.4 puts these characters in as they are; then the address is another one.
    reply = server.get("/admin/buildm3u?mount=/p%20x&username=a%40b&password=c%3Ad%2Fe%0D%0AX")
    matches(r"^http://a%40b:c%3Ad%2Fe%0D%0AX@127\.0\.0\.1:\d+/p%20x\r\n$", reply.text)
    reply = server.ask("POST /admin/buildm3u HTTP/1.0", ["Content-Type: application/x-www-form-urlencoded"],
                       body=b"mount=/p&username=alice&password=secret")
    check("alice:secret@" in reply.text, reply.text)
    for query in ("mount=/p", "mount=/p&username=a", "mount=/p&password=b"):
        check("400 - Missing parameter" in server.get("/admin/buildm3u?" + query).text, query)
    equal(server.get("/admin/buildm3u").status, 400)
    for i in range(30):
        server.get("/admin/stats", "alice:guess%d" % i)
    equal(server.get("/admin/buildm3u?mount=/p&username=alice&password=secret", "alice:guess").status, 200)


@test
def manageauth_adds_lists_and_deletes(t):
    server = with_users(t, "alice:5ebe2294ecd0e0f08eab7690d2a6ee69\n")
    server.source("/p")
    server.source("/open")

    def ask(query="", login=ADMIN):
        return server.get("/admin/manageauth?mount=/p" + query, login)

    def users(reply):
        return [user.text for user in reply.xml().iter("username")]
    equal(shape(ask().xml()), ("icestats", "", [("source", "", [("User", "", [("username", "alice", [])])])]))
    equal(ask().xml().find("source").get("mount"), "/p")
    steps = (("&action=add&username=bob&password=pw", "User added", ["alice", "bob"]),
             ("&action=add&username=bob&password=other", "User already exists - not added", ["alice", "bob"]),
             ("&action=delete&username=alice", "User deleted", ["bob"]),
             ("&action=list", None, ["bob"]), ("&action=nonsense", None, ["bob"]))
    for query, message, left in steps:
        reply = ask(query)
        equal((query, reply.xml().findtext("iceresponse/message"), users(reply)), (query, message, left))
    server.listener("/p", login="bob:pw")
    equal(server.get("/p", "bob:other").status, 401)
    equal(server.get("/p", "alice:secret").status, 401)
    for query in ("&action=add", "&action=add&username=x", "&action=delete", "&action=add&username=&password=x"):
        check("400 - missing parameter" in ask(query).text, query)
    check("400 - This mount has no list of users" in server.get("/admin/manageauth?mount=/open", ADMIN).text, "a mount without accounts")
    equal(ask(login=SOURCE).status, 401)
    # What a name could do to the file.
    for name in ("a%3Ab", "a%0Ab%3Ac", "%23c"):
        check(users(ask("&action=add&username=%s&password=x" % name)) == ["bob"], name + " is in the file: " + server.users.read_text())
    equal([line.split(":")[0] for line in server.users.read_text().splitlines()], ["bob"])


@test
def the_json_is_an_array_for_who_asks_for_one(t):
    server = t.server()
    equal(server.get("/status-json.xsl?array=1").json()["icestats"]["source"], [])
    server.source("/a")
    wait_for(lambda: server.get("/status-json.xsl?array=1").json()["icestats"]["source"], "it is there")
    source = server.get("/status-json.xsl?array=1").json()["icestats"]["source"]
    equal((type(source), len(source)), (list, 1))
    equal(type(server.public_stats(lambda stats: "source" in stats)["source"]), dict)
    equal(type(server.get("/status-json.xsl?array=0").json()["icestats"]["source"]), dict)
    server.source("/b")
    one = server.get("/status-json.xsl?mount=/b&array=1").json()["icestats"]["source"]
    equal([s["listenurl"].rsplit("/", 1)[1] for s in one], ["b"])
    equal(server.get("/status-json.xsl?mount=/none&array=1").json()["icestats"]["source"], [])
    check("source" not in server.get("/status-json.xsl?mount=/none").json()["icestats"], "a source that is not there")


@test
def forms_and_links_get_the_same_answer(t):
    server = t.server()
    server.source("/a")
    for path, form in (("/admin/listclients", "mount=/a"), ("/admin/stats", "mount=/a"), ("/admin/updatemetadata", "mount=/a"),
                       ("/admin/metadata", "mount=/a&mode=updinfo&song=x"), ("/admin/nonsense", "mount=/a"), ("/admin/killclient", "mount=/a&id=0")):
        by_get = server.get(path + "?" + form, ADMIN)
        by_post = server.ask("POST %s HTTP/1.0" % path, ["Content-Type: application/x-www-form-urlencoded"], ADMIN, form.encode())
        equal((path, by_post.status, by_post.get("Content-Type")), (path, by_get.status, by_get.get("Content-Type")))
        if path != "/admin/stats":
            equal(by_post.text, by_get.text, path)


@test
def a_form_in_chunks_is_asked_for_its_length(t):
    server = t.server()
    server.source("/a")
    lines = ["Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked"]
    wire = server.wire()
    wire.send(request("POST /admin/metadata HTTP/1.1", lines, ADMIN) + b"1e\r\nmount=/a&mode=updinfo&song=new\r\n0\r\n\r\n")
    reply = wire.reply()
    equal(reply.status, 411)
    matches("a form needs a Content-Length", reply.text)
