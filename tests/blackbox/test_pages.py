"""Pages in browsers: the protection of their readers, the authors of templates, and the requests of browsers that may
change something (doc/decisions.md B7, B10)."""
import re
import shutil
import urllib.parse

from harness import ADMIN, check, equal, listen_socket, matches, request, test, wait_for

STOCK = "/usr/share/icecast2"
PUBLIC = ("/status.xsl", "/server_version.xsl", "/auth.xsl")
ADMIN_PAGES = ("/admin/", "/admin/stats.xsl", "/admin/listmounts.xsl", "/admin/listclients.xsl?mount=/a", "/admin/moveclients.xsl?mount=/a",
               "/admin/updatemetadata.xsl?mount=/a", "/admin/metadata.xsl?mount=/a&mode=none")


# Pages of a station's folders may be frames of each other, as those of Icecast-KH are, and the public ones also of other
# sites, which show Icecast's status.xsl that way.
OWN_FRAMES = ("'self'", "SAMEORIGIN")
ALL_FRAMES = ("*", None)


def all_pages():
    return [(path, None) for path in PUBLIC] + [(path, ADMIN) for path in ADMIN_PAGES]


def check_protected(reply, what, policy="default-src 'self'", frames=("'none'", "DENY")):
    check(policy in (reply.get("Content-Security-Policy") or ""), "%s: policy %r" % (what, reply.get("Content-Security-Policy")))
    framing = re.search("frame-ancestors ([^;]*)", reply.get("Content-Security-Policy"))
    equal(framing.group(1), frames[0], what + ": who may frame it")
    for name, value in (("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", frames[1]), ("Referrer-Policy", "same-origin"),
                        ("Cache-Control", "no-cache, no-store")):
        equal(reply.all(name), [value] if value else [], "%s: %s" % (what, name))


@test
def every_page_carries_what_protects_its_reader(t):
    server = t.server()
    server.source("/a")
    for path, login in all_pages():
        reply = server.get(path, login)
        equal((path, reply.status, reply.get("Content-Type")), (path, 200, "text/html; charset=UTF-8"))
        check_protected(reply, path)
        for bad in ("<script", " style=", "<style", " onclick", "javascript:", "https://"):
            check(bad not in reply.text, "%s has %s" % (path, bad))


@test
def error_pages_and_plain_answers_carry_it_too(t):
    server = t.server()
    server.source("/a")
    server.source("/b")
    for line, status, login in (("GET /none HTTP/1.0", 404, None), ("GET /none.xsl HTTP/1.0", 404, None), ("POST /x HTTP/1.0", 400, None),
                                ("GET /admin/nonsense HTTP/1.0", 400, ADMIN), ("GET /admin/listclients?mount=/none HTTP/1.0", 400, ADMIN),
                                ("GET /admin/fallbacks?mount=/a&fallback=/b HTTP/1.0", 200, ADMIN)):
        reply = server.ask(line, (), login)
        equal((line, reply.status), (line, status))
        check_protected(reply, line)
    reply = server.ask("GET /admin/killsource?mount=/a HTTP/1.0", ["Sec-Fetch-Site: cross-site"], ADMIN)
    equal(reply.status, 403)
    check_protected(reply, "a refusal")


@test
def data_says_only_that_its_type_is_meant(t):
    server = t.server()
    server.source("/a").play(10)
    for path, login in (("/status-json.xsl", None), ("/admin/stats", ADMIN), ("/admin/listmounts", ADMIN)):
        reply = server.get(path, login)
        equal(reply.get("X-Content-Type-Options"), "nosniff", path)
        equal(reply.get("Content-Security-Policy"), None, path)
    # A stream is somebody else's: a browser may play it, and make nothing else of it.
    head = server.listener("/a").head
    equal(head.get("X-Content-Type-Options"), "nosniff")
    matches("default-src 'none'; media-src", head.get("Content-Security-Policy"))
    equal(head.get("X-Frame-Options"), None)


@test
def the_configuration_may_say_it_otherwise(t):
    server = t.server(body='<http-headers><header name="content-security-policy" value="default-src *"/>'
                           '<header name="X-Frame-Options" value="SAMEORIGIN"/></http-headers>')
    reply = server.get("/status.xsl")
    equal(reply.all("Content-Security-Policy"), ["default-src *"])
    equal(reply.all("X-Frame-Options"), ["SAMEORIGIN"])
    equal(reply.get("Referrer-Policy"), "same-origin")


# -- whose templates

@test
def the_templates_of_2_4_work_unchanged(t):
    server = t.unstarted_server()
    for folder in ("web", "admin"):
        shutil.copytree(STOCK + "/" + folder, server.dir / folder, dirs_exist_ok=True)
    server.write_config()
    server.start()
    server.source("/a", lines=["ice-name: A Name", "ice-url: http://a.example/"])
    server.listener("/a", lines=["User-Agent: <b>&"])
    for path, login in all_pages():
        reply = server.get(path, login)
        equal((path, reply.status, reply.get("Content-Type")), (path, 200, "text/xml; charset=UTF-8"))
        check_protected(reply, path, frames=OWN_FRAMES if login else ALL_FRAMES)
        check(reply.xml().tag.endswith("html"), path + " is not a page")
    for text in ("Mount Point /a", "A Name", 'href="http://a.example/"', 'href="/a.m3u"'):
        check(text in server.get("/status.xsl").text, text)
    check("&lt;b&gt;&amp;" in server.get("/admin/listclients.xsl?mount=/a", ADMIN).text, "the agent is not there, or not escaped")
    # Its links change things by GET; a browser names the page that they are on.
    link = matches(r'href="(killclient\.xsl\?[^"]*)"', server.get("/admin/listclients.xsl?mount=/a", ADMIN).text).group(1)
    referer = ["Host: radio.example:8000", "Referer: http://radio.example:8000/admin/listclients.xsl?mount=/a"]
    reply = server.ask("GET /admin/%s HTTP/1.0" % link.replace("&amp;", "&"), referer, ADMIN)
    equal(reply.status, 200)
    check("removed" in reply.text, reply.text)
    wait_for(lambda: server.stat("/a", "listeners") == "0", "the listener is gone")


SHEET = ('<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:output method="html"/>'
         '<xsl:template match="/icestats"><html><body>%s</body></html></xsl:template></xsl:stylesheet>')


@test
def a_station_may_design_its_own_page(t):
    server = t.server()
    (server.dir / "web" / "own.xsl").write_text(SHEET % "<script>x()</script>")
    (server.dir / "web" / "plain.xsl").write_text(SHEET % "<p>plain</p>")
    reply = server.get("/own.xsl")
    check_protected(reply, "own.xsl", "object-src 'none'", ALL_FRAMES)
    check("default-src" not in reply.get("Content-Security-Policy"), "its script is forbidden")
    check_protected(server.get("/plain.xsl"), "plain.xsl", frames=ALL_FRAMES)
    # And it may change while the server runs.
    (server.dir / "web" / "plain.xsl").write_text(SHEET % "<p>changed</p>")
    wait_for(lambda: "changed" in server.get("/plain.xsl").text, "the new template is used")


@test
def a_name_that_no_file_can_have_is_no_template(t):
    server = t.server()
    for number in range(3):
        equal(server.get("/%s%d.xsl" % ("a" * 300, number)).status, 404)
    equal(server.get("/status.xsl").status, 200)
    check("admin/render" not in server.log(), "nothing is logged")


@test
def a_template_that_cannot_be_read_has_one_line_in_the_log(t):
    server = t.server()
    (server.dir / "web" / "own.xsl").write_text(SHEET.replace("<xsl:output", '<xsl:include href="includes/missing.xsl"/><xsl:output') % "x")
    for _ in range(3):
        equal(server.get("/own.xsl").status, 404)
        wait_for(lambda: server.get("/status.xsl").status == 200, "another page is made")
    server.wait_for_log("EROR admin/render template .*own.xsl: is not a stylesheet: .*missing.xsl")
    equal(server.log().count("own.xsl: is not a stylesheet"), 1)


@test
def folders_that_are_not_shown_are_named_by_the_check(t):
    server = t.unstarted_server()
    (server.dir / "web" / "status-json.xsl").write_text(SHEET % "x")
    (server.dir / "web" / "status.xsl").write_text('<xsl:include href="includes/web-page.xsl"/>')
    (server.dir / "admin" / "stats.xsl").write_text('<xsl:include href="includes/mountnav.xsl"/>')
    server.write_config()
    status, out, err = t.run("--check-config", server.config)
    equal(status, 0, out + err)
    equal((out + err).count("has pages that only Icecast 2.5 can show"), 2, out + err)
    matches("<webroot>: .* has a status-json.xsl of its own, which is not used", out + err)
    for folder in ("web", "admin"):
        shutil.copytree(STOCK + "/" + folder, server.dir / folder, dirs_exist_ok=True)
    status, out, err = t.run("--check-config", server.config)
    check("status-json" not in out + err and "2.5" not in out + err, out + err)


@test
def seven_xsl_answers_where_no_other_pages_are(t):
    server = t.server()
    server.source("/a", lines=["ice-bitrate: 128"])
    server.listener("/a")
    server.set_title("/a", song="One,+two")
    wait_for(lambda: server.get("/7.xsl").text.startswith("<pre>1,1,1,0,1,128,One  two</pre>"), "the line is right: " + server.get("/7.xsl").text)
    check("<pre>1,1," in server.get("/7.xsl?mount=/a").text, "with mount=")
    equal(server.get("/7.xsl?mount=/none").text.strip(), "<pre>0,0,0,0,0,,</pre>")
    # Icecast's own folder has none.
    shutil.copy(STOCK + "/web/status.xsl", server.dir / "web" / "status.xsl")
    wait_for(lambda: server.get("/7.xsl").status == 404, "it is not there")
    check("Could not parse XSLT file" in server.get("/7.xsl").text, "the words of the refusal")
    equal(server.get("/compat/7.xsl").status, 200)


@test
def seven_xsl_may_be_had_by_an_alias(t):
    server = t.unstarted_server(paths='<alias source="/7.xsl" destination="/compat/7.xsl"/>')
    shutil.copy(STOCK + "/web/status.xsl", server.dir / "web" / "status.xsl")
    server.start()
    equal(server.get("/7.xsl").text.strip(), "<pre>0,0,0,0,0,,</pre>")


# -- which requests may change something

HOST = "Host: radio.example:8000"
CHROME = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36"
MAY = {
    "a script": [],
    "curl": [HOST, "User-Agent: curl/7.88.1", "Accept: */*"],
    "our page": [HOST, CHROME, "Sec-Fetch-Site: same-origin"],
    "the address bar": [HOST, CHROME, "Sec-Fetch-Site: none"],
    "our page over http": [HOST, CHROME, "Accept-Language: en", "Origin: http://radio.example:8000"],
    "a link of our page over http": [HOST, CHROME, "Accept-Language: en", "Referer: http://radio.example:8000/admin/listmounts.xsl"],
    "our page behind a proxy": ["Host: 127.0.0.1:8000", "X-Forwarded-Host: radio.example", "Origin: https://radio.example"],
}
MAY_NOT = {
    "another site": [HOST, CHROME, "Sec-Fetch-Site: cross-site"],
    "a neighbour": [HOST, CHROME, "Sec-Fetch-Site: same-site"],
    "another site that claims to be us": [HOST, CHROME, "Sec-Fetch-Site: cross-site", "Origin: http://radio.example:8000"],
    "another site over http": [HOST, CHROME, "Origin: http://evil.example"],
    "a sandbox": [HOST, CHROME, "Origin: null"],
    "a link of another site": [HOST, CHROME, "Referer: http://evil.example/radio.example"],
    "a site whose name begins like ours": [HOST, "Origin: http://radio.example.evil.example"],
    "a browser that says nothing": [HOST, CHROME, "Accept-Language: de-DE,de;q=0.9"],
    "fetched ahead": [HOST, CHROME, "Sec-Fetch-Site: none", "Sec-Purpose: prefetch;prerender"],
}
CHANGES = {
    "killsource": {},
    "killclient": {"id": "1"},
    "moveclients": {"destination": "/b"},
    "fallbacks": {"fallback": "/b"},
    "metadata": {"mode": "updinfo", "song": "changed"},
    "manageauth": {"action": "add", "username": "eve", "password": "x"},
}


def change(server, method, name, headers, login=ADMIN, in_body=False):
    form = urllib.parse.urlencode(dict({"mount": "/a"}, **CHANGES[name.split(".")[0]]))
    if not in_body:
        return server.ask("%s /admin/%s?%s HTTP/1.0" % (method, name, form), headers, login)
    headers = [*headers, "Content-Type: application/x-www-form-urlencoded"]
    return server.ask("%s /admin/%s HTTP/1.0" % (method, name), headers, login, form.encode())


WAYS = (("GET", False), ("POST", True), ("POST", False))


@test
def no_page_of_another_site_changes_anything(t):
    server = t.server()
    server.source("/a")
    server.source("/b")
    for who, headers in MAY_NOT.items():
        for name in CHANGES:
            for page in ("", ".xsl"):
                for method, in_body in WAYS:
                    # Also with no password at all: nobody is asked for one on behalf of that page.
                    for login in (ADMIN, None):
                        status = change(server, method, name + page, headers, login, in_body).status
                        equal((who, name + page, method, status), (who, name + page, method, 403))
    stats = server.stats()
    equal([s.get("mount") for s in stats.findall("source")], ["/a", "/b"])
    equal(server.stat("/a", "title"), None)
    check("changed" not in server.log(), "a title in the log")


@test
def scripts_and_our_own_pages_change_things(t):
    server = t.server()
    server.source("/b")
    for who, headers in MAY.items():
        for name in CHANGES:
            for page in ("", ".xsl"):
                for method, in_body in WAYS:
                    source = server.source("/a")
                    reply = change(server, method, name + page, headers, ADMIN, in_body)
                    # No accounts on this mount: "missing parameter" is the answer of the command.
                    wanted = 400 if name == "manageauth" else 200
                    equal((who, name + page, method, reply.status), (who, name + page, method, wanted))
                    if name == "killsource":
                        source.expect_silence_and_close()
                    else:
                        source.leave()
                    wait_for(lambda: server.stats().find("source[@mount='/a']") is None, "/a is gone")


@test
def a_request_for_the_head_changes_nothing(t):
    server = t.server()
    server.source("/a")
    server.source("/b")
    for name in CHANGES:
        for page in ("", ".xsl"):
            equal((name, change(server, "HEAD", name + page, []).status), (name, 400))
    equal(server.ask("HEAD /admin.cgi?pass=adm-secret&mode=updinfo&song=x HTTP/1.0").status, 400)
    equal([s.get("mount") for s in server.stats().findall("source")], ["/a", "/b"])
    wire = server.wire()
    wire.send(request("HEAD /admin/stats.xsl HTTP/1.0", (), ADMIN))
    head = wire.reply_head()
    equal((head.status, int(head.get("Content-Length")) > 100, wire.take_all()), (200, True, b""))


@test
def a_form_is_asked_for_where_its_client_waits_for_that(t):
    server = t.server()
    server.source("/a")
    form = b"mount=/a&mode=updinfo&song=Waited"
    lines = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: %d" % len(form), "Expect: 100-continue"]
    wire = server.wire()
    wire.send(request("POST /admin/metadata HTTP/1.1", lines, ADMIN))
    equal(wire.take(25), b"HTTP/1.1 100 Continue\r\n\r\n")
    wire.send(form)
    equal(wire.reply_head().status, 200)
    equal(server.stat("/a", "title"), "Waited")
    for version, early in (("1.0", b""), ("1.1", form)):  # has no 100; does not wait
        wire = server.wire()
        wire.send(request("POST /admin/metadata HTTP/" + version, lines, ADMIN) + early)
        wire.send(form[len(early):])
        equal(wire.reply_head().status, 200)


@test
def links_of_other_sites_may_show_pages(t):
    server = t.server()
    server.source("/a")
    for headers in MAY_NOT.values():
        for path in ADMIN_PAGES[:-1]:
            equal(server.ask("GET %s HTTP/1.0" % path, headers, ADMIN).status, 200)


@test
def our_forms_are_posts_and_ask_first(t):
    server = t.unstarted_server(sockets=listen_socket(0))
    (server.dir / "users").write_text("")
    server.write_config(body='<mount><mount-name>/a</mount-name><authentication type="htpasswd"><option name="filename" value="%s/users"/>'
                             '</authentication></mount>' % server.dir)
    server.start()
    server.source("/a")
    server.source("/b")
    equal(server.get("/admin/manageauth?mount=/a&action=add&username=alice&password=pw", ADMIN).status, 200)
    server.listener("/a", login="alice:pw")
    for path in (*ADMIN_PAGES, "/admin/manageauth.xsl?mount=/a"):
        page = server.get(path, ADMIN)
        root = page.xml()
        names = {name: "{http://www.w3.org/1999/xhtml}" + name for name in ("form", "details", "a", "button")}
        asked_first = {form for details in root.iter(names["details"]) for form in details.iter(names["form"])}
        for form in root.iter(names["form"]):
            equal(form.get("method"), "post", path)
            ends_something = form.get("action") in ("killsource.xsl", "killclient.xsl", "moveclients.xsl") or "value=\"delete\"" in "".join(
                'value="%s"' % field.get("value") for field in form.iter() if field.get("name") == "action")
            equal(form in asked_first, ends_something, "%s: %s asks first" % (path, form.get("action")))
        for link in root.iter(names["a"]):
            for name in CHANGES:
                check(not link.get("href").startswith((name + "?", name + ".xsl?")) or name in ("moveclients", "manageauth"),
                      "%s changes something by the link %s" % (path, link.get("href")))
            check("destination=" not in link.get("href") and "action=" not in link.get("href"), link.get("href"))
