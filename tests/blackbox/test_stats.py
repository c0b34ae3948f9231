"""The statistics of the server: XML, JSON, lists."""
from harness import ADMIN, RELAY, SOURCE, check, equal, free_port, listen_socket, test, wait_for


@test
def the_json_has_no_object_and_then_a_list_of_sources(t):
    server = t.server()
    reply = server.get("/status-json.xsl")
    equal(reply.get("Content-Type").split(";")[0], "application/json")
    check("source" not in reply.json()["icestats"], "a source before there is one")
    server.source("/a")
    server.public_stats(lambda stats: isinstance(stats.get("source"), dict))
    server.source("/b")
    stats = server.public_stats(lambda stats: isinstance(stats["source"], list))
    equal([s["listenurl"].rsplit("/", 1)[1] for s in stats["source"]], ["a", "b"])
    one = server.get("/status-json.xsl?mount=/b").json()["icestats"]["source"]
    check(isinstance(one, dict) and one["listenurl"].endswith("/b"), "%r" % one)


@test
def the_json_has_the_keys_and_types_that_tools_read(t):
    server = t.server()
    server.source("/a", lines=["ice-bitrate: 128", "ice-audio-info: bitrate=128;samplerate=44100"])
    server.listener("/a")
    stats = server.public_stats()
    for key in ("admin", "host", "location", "server_id", "server_start", "server_start_iso8601"):
        check(isinstance(stats.get(key), str), "%s is %r" % (key, stats.get(key)))
    source = stats["source"]
    for key in ("genre", "server_name", "server_type", "listenurl", "stream_start", "stream_start_iso8601"):
        check(isinstance(source.get(key), str), "%s is %r" % (key, source.get(key)))
    for key in ("listeners", "listener_peak", "bitrate"):
        check(isinstance(source.get(key), int), "%s is %r" % (key, source.get(key)))
    for key in ("source_ip", "user_agent", "max_listeners", "total_bytes_sent"):
        check(key not in source, key + " is public")
    equal(source["listeners"], 1)


@test
def listenurl_names_the_configured_host_and_port(t):
    server = t.server(sockets=listen_socket(free_port()))
    server.source("/a")
    equal(server.public_stats()["source"]["listenurl"], "http://127.0.0.1:%d/a" % server.port)


@test
def a_mount_may_say_where_it_is_heard(t):
    server = t.server(body="<mount><mount-name>/a</mount-name><listenurl>https://x.example/a</listenurl></mount>")
    server.source("/a")
    equal(server.public_stats()["source"]["listenurl"], "https://x.example/a")
    equal(server.stat("/a", "listenurl"), "https://x.example/a")


@test
def the_xml_names_the_page_of_a_mount(t):
    server = t.server(sockets=listen_socket(free_port()), body="<mount><mount-name>/hidden</mount-name><hidden>1</hidden></mount>")
    for mount in ("/a b.mp3", "/hidden"):
        server.source(mount.replace(" ", "%20"))
    equal(server.stat("/a b.mp3", "player_url"), "http://127.0.0.1:%d/listen/a%%20b.mp3" % server.port)
    equal(server.stat("/hidden", "player_url"), None)
    check("player_url" not in server.get("/status-json.xsl").text, "Icecast's JSON has it")
    check('href="/listen/a%20b.mp3"' in server.get("/status.xsl").text, "the list does not link it")


@test
def the_xml_counts(t):
    server = t.server()
    source = server.source("/a")
    server.listener("/a")
    server.listener("/a")
    stats = server.stats()
    for key, value in (("sources", "1"), ("listeners", "2"), ("source_client_connections", "1")):
        equal(stats.findtext(key), value, key)
    check(int(stats.findtext("clients")) >= 3, "clients " + stats.findtext("clients"))
    source.play(100)
    wait_for(lambda: int(server.stat("/a", "total_bytes_read")) == 38400, "what was read is counted")
    wait_for(lambda: int(server.stat("/a", "total_bytes_sent")) >= 2 * 98 * 384, "what was sent is counted")


@test
def hidden_mounts_are_for_administrators_only(t):
    server = t.server(body="<mount><mount-name>/secret</mount-name><hidden>1</hidden></mount>")
    server.source("/secret")
    server.source("/a")
    equal(server.public_stats()["source"]["listenurl"].rsplit("/", 1)[1], "a")
    check("/secret" not in server.get("/status.xsl").text, "shown on the page")
    equal(server.get("/admin/streamlist.txt", RELAY).text, "/a\r\n")
    equal([s.get("mount") for s in server.stats().findall("source")], ["/a", "/secret"])
    server.listener("/secret")


@test
def the_streamlist_is_for_relays(t):
    server = t.server()
    server.source("/b")
    server.source("/a")
    equal(server.get("/admin/streamlist.txt", RELAY).text, "/a\r\n/b\r\n")
    for login in (ADMIN, SOURCE, None, "relay:wrong"):
        equal(server.get("/admin/streamlist.txt", login).status, 401, "status for %s" % login)


@test
def the_administration_needs_its_password(t):
    server = t.server()
    server.source("/a")
    for path in ("/admin/stats", "/admin/stats.xsl", "/admin/listmounts", "/admin/listclients?mount=/a", "/admin/killsource?mount=/a",
                 "/admin/metadata?mount=/a&mode=updinfo&song=x", "/admin/moveclients?mount=/a"):
        for login in (None, "admin:wrong", "adm-secret:admin", RELAY):
            equal(server.get(path, login).status, 401, "%s as %s" % (path, login))
    equal(server.stat("/a", "title") or "", "", "title")


@test
def without_an_admin_password_the_administration_is_off(t):
    server = t.server(authentication="<source-password>src-secret</source-password>")
    for login in (None, "admin:", "admin:hackme", ":"):
        equal(server.get("/admin/stats", login).status, 401)


@test
def unknown_mounts_leave_no_trace(t):
    server = t.server()
    for n in range(200):
        equal(server.get("/admin/listclients?mount=/m%d" % n, ADMIN).status, 400)
    equal(server.stats().findtext("sources"), "0")
    equal(server.stats().findall("source"), [])


@test
def listmounts_has_what_telegraf_reads(t):
    server = t.server()
    server.source("/a")
    source = server.get("/admin/listmounts", ADMIN).xml().find("source")
    equal((source.get("mount"), source.findtext("listeners"), source.findtext("content-type")), ("/a", "0", "audio/mpeg"))
    check(source.findtext("Connected").isdigit(), "Connected")


@test
def unknown_commands_and_missing_mounts_say_so(t):
    server = t.server()
    for path, text in (("/admin/nonsense", "Unrecognised command"), ("/admin/listclients", "Unknown admin request"),
                       ("/admin/killsource?mount=/none", "Source does not exist")):
        reply = server.get(path, ADMIN)
        equal(reply.status, 400, path)
        check(text in reply.text, reply.text)
