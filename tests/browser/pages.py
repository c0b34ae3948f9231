"""The pages of the server as a person at a browser uses them."""
import http.server
import pathlib
import re
import shutil
import threading

import accessibility
import axe
from stage import LONG_NAME, LONG_TITLE, harness
from harness import ADMIN, check, equal, test, wait_for
from webdriver import ENTER, TAB

WIDTHS = {"phone": 360, "desk": 1280}
STOCK = pathlib.Path("/usr/share/icecast2")


def busy_server(s, body="", **slots):
    """Mounts of every kind, with listeners, long names and odd texts."""
    server = s.start(limits="<source-timeout>120</source-timeout>", body=body + "<mount><mount-name>/off.mp3</mount-name><fallback-mount>/live.mp3</fallback-mount></mount>", **slots)
    s.feed("/live.mp3", "Radio Example", lines=["ice-description: Music for people who stay up late",
                                                "ice-url: http://radio.example/", "User-Agent: butt 0.1.37"])
    s.feed("/talk & more.mp3", "Talk & More <b>live</b>", file="morning.mp3")
    s.feed(LONG_NAME)
    s.feed("/locked.mp3", "Members only")
    server.source("/opus", "opus", lines=["ice-name: Opus in Ogg"]).play(50)
    for agent in ("VLC/3.0.18 LibVLC/3.0.18", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 "
                  "(KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1", "<script>alert(1)</script>"):
        server.listener("/live.mp3", lines=["User-Agent: " + agent])
    server.listener("/locked.mp3", login="alice:secret")
    equal(server.set_title("/live.mp3", song="Brian%20Eno%20-%20An%20Ending%20(Ascent)").status, 200)
    equal(server.set_title(LONG_NAME, song=LONG_TITLE.replace(" ", "+"), charset="UTF-8").status, 200)
    return server


PUBLIC = {"status": "/status.xsl", "version": "/server_version.xsl", "auth": "/auth.xsl", "played": "/played.xsl"}
ADMINS = {"stats": "/admin/", "listmounts": "/admin/listmounts.xsl", "listclients": "/admin/listclients.xsl?mount=/live.mp3",
          "nobody": "/admin/listclients.xsl?mount=/opus", "moveclients": "/admin/moveclients.xsl?mount=/live.mp3",
          "updatemetadata": "/admin/updatemetadata.xsl?mount=/live.mp3", "manageauth": "/admin/manageauth.xsl?mount=/locked.mp3",
          "archive": "/admin/archive.xsl", "cluster": "/admin/cluster.xsl", "response": "/admin/metadata.xsl?mount=/live.mp3&mode=nonsense"}


def open_page(s, path):
    s.browser.open(s.url(path, ADMIN if path.startswith("/admin/") else None))


def open_all_details(s):
    s.browser.script("for (const one of document.querySelectorAll('details')) one.open = true")


def quiet(s):
    equal(s.browser.complaints(), [], "the console")


# Elements beyond the right edge of the viewport; a phone's menu scrolls by itself.
WIDER = """
const edge = document.documentElement.clientWidth + 0.5;
const beyond = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('#menu li') && e.getBoundingClientRect().right > edge);
return document.documentElement.scrollWidth > edge || beyond.length
    ? beyond.map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 40)) : null;
"""
# A time that is broken over two lines.
BROKEN = """
return [...document.querySelectorAll('time, .played td:first-child')].filter(e => e.checkVisibility() && e.textContent).filter(e => {
    const text = document.createRange();
    text.selectNodeContents(e);
    return new Set([...text.getClientRects()].map(box => Math.round(box.top))).size > 1;
}).map(e => e.textContent);
"""


@test
def every_page_fits_a_phone_and_a_desk_in_light_and_dark(s):
    busy_server(s)
    for name, path in {**PUBLIC, **ADMINS}.items():
        open_page(s, path)
        for opened in ("", "-open"):
            if opened:
                open_all_details(s)
            for size, width in WIDTHS.items():
                for dark in (False, True):
                    s.browser.look(width, dark)
                    equal(s.browser.script(WIDER), None, "%s%s is wider than %d: " % (name, opened, width))
                    equal(s.browser.script(BROKEN), [], "%s in %d" % (name, width))
                    s.browser.screenshot(s.shots / ("%s-%s-%s%s.png" % (name, size, "dark" if dark else "light", opened)))
    quiet(s)


@test
def empty_pages_say_that_they_are_empty(s):
    s.start()
    for path, text in (("/status.xsl", "No stream is on the air"), ("/auth.xsl", "No stream asks for a password"),
                       ("/admin/", "No source is connected"), ("/admin/listmounts.xsl", "No source is connected")):
        open_page(s, path)
        s.see(text)
        s.browser.look(WIDTHS["phone"])
        s.browser.screenshot(s.shots / ("empty-%s.png" % re.sub(r"\W+", "", path)))
    quiet(s)


@test
def every_page_is_accessible(s):
    busy_server(s)
    titles = set()
    for path in (*PUBLIC.values(), *ADMINS.values()):
        open_page(s, path)
        titles.add(s.browser.title)
        open_all_details(s)
        for size, width in WIDTHS.items():
            for dark in (False, True):
                s.browser.look(width, dark)
                equal(s.browser.script(accessibility.FAULTS), [], "faults of %s (%s, %s)" % (path, size, "dark" if dark else "light"))
    equal(len(titles), len(PUBLIC) + len(ADMINS), "different titles: %r" % titles)


@test
def axe_finds_no_fault_in_any_page(s):
    busy_server(s)
    place = s.bench.dir / "axe"
    place.mkdir()
    script = axe.source(place)
    found = {}
    for path in (*PUBLIC.values(), *ADMINS.values(), "/listen/live.mp3", "/listen/live.mp3?embed=1", "/listen/locked.mp3", "/played.xsl", "/nothing"):
        open_page(s, path)
        axe.put_in(s.browser, script)
        open_all_details(s)
        for size, dark in ((WIDTHS["desk"], False), (WIDTHS["phone"], True)):
            s.browser.look(size, dark)
            if faults := axe.faults(s.browser):
                found[(path, size)] = faults
    equal(found, {}, "what axe finds")


@test
def the_keyboard_is_enough(s):
    server = busy_server(s)
    open_page(s, "/admin/listclients.xsl?mount=/live.mp3")
    seen = []
    for _ in range(60):
        s.browser.press(TAB)
        what = s.browser.script("const e = document.activeElement, r = getComputedStyle(e);"
                                " return [e.tagName, e.getAttribute('aria-label') || e.innerText, r.outlineStyle !== 'none' && parseFloat(r.outlineWidth) >= 2]")
        if what[0] == "BODY":
            break
        check(what[2], "no sign that %s has the focus" % what[:2])
        seen.append(what[1])
        if what[1].startswith("Kick listener"):
            s.browser.press(ENTER, TAB, ENTER)      # it opens, its button, pressed
            break
    check(seen[:5] == ["On air", "Mounts", "Nodes", "Archive", "Public page"] and "Kill Source" in seen, "the order %r" % seen)
    s.see("Client", "removed")
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "2", "one listener less")


# -- listening

AUDIO = "return (({currentTime, error, paused}) => ({currentTime, error: error && error.message, paused}))(document.querySelector('%s'))"


@test
def a_mount_is_fetched_when_it_is_played_and_not_before(s):
    server = s.start()
    s.feed("/live.mp3", "Radio Example")
    wait_for(lambda: server.stat("/live.mp3", "total_bytes_read") not in (None, "0"), "audio has come")
    open_page(s, "/status.xsl")
    equal(s.browser.script("return document.querySelector('audio').networkState"), 1, "idle")
    equal(server.stats().findtext("listener_connections"), "0", "fetched before it is asked for")
    s.browser.script("document.querySelector('audio').play()")
    s.browser.wait(lambda: s.browser.script(AUDIO % "audio")["currentTime"] > 2, "it plays")
    equal(s.browser.script(AUDIO % "audio")["error"], None)
    equal(server.stat("/live.mp3", "listeners"), "1")
    open_page(s, "/admin/listclients.xsl?mount=/live.mp3")
    s.see("Chrome", "1 listener")
    s.browser.open("about:blank")
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "0", "it has gone with its page")
    quiet(s)


@test
def odd_names_are_played_and_linked(s):
    server = s.start()
    address = "/talk & more \"<ü>?#%.mp3".replace("?", "%3F").replace("#", "%23").replace("%.", "%25.").replace(" ", "%20").replace("ü", "%C3%BC")
    s.feed(address, "Odd")
    open_page(s, "/status.xsl")
    s.browser.script("document.querySelector('audio').play()")
    s.browser.wait(lambda: s.browser.script(AUDIO % "audio")["currentTime"] > 0.5, "it plays")
    answer = s.browser.call("/execute/async", {"script": "const done = arguments[0]; fetch(document.querySelector('.mountlist a[href$=m3u]').href)"
                                               ".then(r => r.text()).then(done)", "args": []})
    check(answer.startswith(s.url("/talk")), answer)
    server.listener(address)
    open_page(s, "/admin/listmounts.xsl")
    # The player of the last page disconnects when the page is left.
    wait_for(lambda: server.stats().findtext("listeners") == "1", "the other listener is left")
    s.browser.find("a", "List Clients").click()
    s.see("/talk & more \"<ü>?#%.mp3", "1 listener")
    equal(server.stats().findtext("listeners"), "1")
    quiet(s)


# -- administration

@test
def a_title_is_changed_and_shown(s):
    s.start()
    s.feed("/live.mp3", "Radio Example")
    open_page(s, "/admin/")
    s.browser.find("a", "Update Metadata").click()
    s.browser.find("input[name=song]").write("Sigur Rós - Svefn-g-englar & \"more\"")
    s.browser.find("form.alignedform button").click()
    s.see("Metadata update successful")

    def shown():
        open_page(s, "/status.xsl")
        return "Sigur Rós - Svefn-g-englar & \"more\"" in s.browser.text
    s.browser.wait(shown, "the title is on the status page", 5)
    quiet(s)


@test
def a_listener_is_kicked_after_a_question(s):
    server = s.start()
    s.feed("/live.mp3")
    listener = server.listener("/live.mp3", lines=["User-Agent: Foo/1"])
    other = server.listener("/live.mp3", lines=["User-Agent: Bar/2"])
    open_page(s, "/admin/listclients.xsl?mount=/live.mp3")
    row = s.browser.find("tbody tr", "Foo/1")
    row.find("summary").click()
    equal(server.stat("/live.mp3", "listeners"), "2", "nothing has happened yet")
    row.find("button").click()
    s.see("removed")
    listener.expect_end()
    other.take(20000)
    s.browser.find("a", "Back to").click()
    s.browser.wait(lambda: s.browser.url.endswith(s.host + "/admin/listmounts.xsl"), "the way back")
    quiet(s)


@test
def listeners_are_moved(s):
    server = s.start()
    s.feed("/live.mp3")
    s.feed("/other.mp3", file="morning.mp3")
    listener = server.listener("/live.mp3")
    open_page(s, "/admin/moveclients.xsl?mount=/live.mp3")
    row = s.browser.find("tbody tr", "/other.mp3")
    row.find("summary").click()
    row.find("button").click()
    s.see("Clients moved from /live.mp3 to /other.mp3")
    wait_for(lambda: server.stat("/other.mp3", "listeners") == "1", "it is counted there")
    listener.take(100000)
    quiet(s)


@test
def a_source_is_killed_after_a_question(s):
    server = s.start()
    s.feed("/live.mp3")
    open_page(s, "/admin/")
    s.browser.find("summary", "Kill Source").click()
    equal(server.stats().findtext("sources"), "1", "nothing has happened yet")
    s.browser.find(".sure button").click()
    s.see("Source Removed")
    wait_for(lambda: server.stats().findtext("sources") == "0", "it is gone")
    quiet(s)


@test
def accounts_are_made_and_deleted_and_log_in(s):
    server = s.start()
    s.feed("/locked.mp3", "Members only")
    open_page(s, "/admin/")
    s.browser.find("a", "Manage Authentication").click()
    s.browser.find("form.alignedform input[name=username]").write("bob")
    s.browser.find("form.alignedform input[name=password]").write("pass word")
    s.browser.find("form.alignedform button").click()
    s.see("User added", "bob")
    server.listener("/locked.mp3", login="bob:pass word")
    # The login page makes a playlist of it.
    open_page(s, "/auth.xsl")
    answer = s.browser.call("/execute/async", {"script": """
        const done = arguments[0], form = document.querySelector('form');
        form.username.value = 'bob'; form.password.value = 'pass word';
        fetch(form.action, {method: form.method, body: new URLSearchParams(new FormData(form))}).then(r => r.text()).then(done)""", "args": []})
    equal(answer, "http://bob:pass%%20word@%s/locked.mp3\r\n" % s.host)
    open_page(s, "/admin/manageauth.xsl?mount=/locked.mp3")
    row = s.browser.find("tbody tr", "bob")
    row.find("summary").click()
    row.find("button").click()
    s.see("User deleted")
    check("bob" not in s.browser.text, s.browser.text)
    quiet(s)


# -- limits of other sites

class EvilSite:
    """Pages of another site that knows our address."""

    def __init__(self, pages):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = pages.get(self.path, "").encode()
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@test
def another_site_kills_nothing_with_the_administrators_browser(s):
    server = s.start()
    s.feed("/live.mp3")
    for host in (s.host, s.host.replace("127.0.0.1", "radio.test")):     # with Sec-Fetch-Site, and without
        kill = "http://%s/admin/killsource?mount=/live.mp3" % host
        form = "<form method=post action='http://%s/admin/killsource.xsl'><input name=mount value=/live.mp3></form><script>document.forms[0].submit()</script>" % host
        evil = s.bench.owned(EvilSite({
            "/image": "<img src='%s'>" % kill, "/quiet": "<img referrerpolicy=no-referrer src='%s'>" % kill,
            "/link": "<a href='%s'>a kitten</a>" % kill, "/quietlink": "<a rel=noreferrer href='%s'>a kitten</a>" % kill,
            "/form": form, "/quietform": "<meta name=referrer content=no-referrer>" + form,
            "/frame": "<iframe src='http://%s/status.xsl'></iframe>" % host}))
        s.browser.open(s.url("/admin/stats.xsl", ADMIN, host))                # the browser knows the password now
        s.see("Global Server Stats")
        for number, page in enumerate(("/image", "/quiet", "/link", "/quietlink", "/form", "/quietform"), 1):
            tried = server.log("access").count("/admin/killsource")
            s.browser.open("http://evil.test:%d%s" % (evil.port, page))
            for link in s.browser.find_all("a"):
                link.click()
            wait_for(lambda: server.log("access").count("/admin/killsource") > tried, "the attempt %s comes" % page)
        s.browser.open("http://evil.test:%d/frame" % evil.port)
        s.browser.call("/frame", {"id": 0})
        s.browser.wait(lambda: s.browser.script("return document.documentURI").startswith("chrome-error:"), "the frame is refused")
        s.browser.call("/frame", {"id": None})
    statuses = re.findall(r"/admin/killsource\S* HTTP/1.1\" (\d+)", server.log("access"))
    equal((len(statuses), set(statuses)), (12, {"403"}), "the answers")
    equal(server.stats().findtext("sources"), "1")
    s.browser.complaints()


@test
def icecasts_own_pages_work_in_a_browser(s):
    server = s.start()
    for folder in ("web", "admin"):
        shutil.copytree(STOCK / folder, server.dir / folder, dirs_exist_ok=True)
    s.feed("/live.mp3", "Radio Example")
    listener = server.listener("/live.mp3", lines=["User-Agent: Foo/1"])
    for host in (s.host, s.host.replace("127.0.0.1", "radio.test")):
        for path in ("/status.xsl", "/server_version.xsl", "/admin/stats.xsl", "/admin/listmounts.xsl", "/admin/listclients.xsl?mount=/live.mp3",
                     "/admin/updatemetadata.xsl?mount=/live.mp3"):
            s.browser.open(s.url(path, ADMIN if "admin" in path else None, host))
            equal(s.browser.script("return getComputedStyle(document.body).backgroundColor"), "rgb(0, 0, 0)", "the style of " + path)
            s.browser.screenshot(s.shots / ("stock-%s.png" % re.sub(r"\W+", "-", path)[1:]))
    # Its links change state by GET, without a question.
    s.browser.open(s.url("/admin/updatemetadata.xsl?mount=/live.mp3", ADMIN, host))
    s.browser.find("input[name=song]").write("By stock form")
    s.browser.find("input[type=submit], button").click()
    s.see("Metadata update successful")
    equal(server.stat("/live.mp3", "title"), "By stock form")
    s.browser.open(s.url("/admin/listclients.xsl?mount=/live.mp3", ADMIN, host))
    s.browser.find("td a", "Kick").click()
    s.see("removed")
    listener.expect_end()
    quiet(s)


@test
def a_page_designed_by_a_station_runs_its_own_scripts(s):
    server = s.start()
    (server.dir / "web" / "status.xsl").write_text(
        '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:output method="html"/>'
        '<xsl:template match="/icestats"><html><head><title>Own</title><link rel="icon" href="data:,"/><style>p { color: rgb(1, 2, 3) }</style></head>'
        '<body><p>before</p><script>document.querySelector("p").textContent = "after"</script></body></html></xsl:template></xsl:stylesheet>')
    open_page(s, "/status.xsl")
    equal(s.browser.text, "after")
    equal(s.browser.script("return getComputedStyle(document.querySelector('p')).color"), "rgb(1, 2, 3)")
    quiet(s)


@test
def raw_documents_are_shown(s):
    s.start()
    s.feed("/live.mp3")
    for path in ("/admin/stats", "/admin/listmounts", "/admin/listclients?mount=/live.mp3"):
        open_page(s, path)
        check("/live.mp3" in s.browser.script("return document.documentElement.outerHTML"), path)
    quiet(s)


# The requests of a player on another site: the headers of the stream, its titles, and the JSON.
ANOTHER_SITE = """
const done = arguments[arguments.length - 1];
(async () => {
    const stop = new AbortController(), out = {};
    const stream = await fetch(arguments[0] + '/live.mp3', {headers: {'Icy-MetaData': '1'}, signal: stop.signal});
    out.metaint = stream.headers.get('icy-metaint');
    out.name = stream.headers.get('icy-name');
    out.bytes = (await stream.body.getReader().read()).value.length > 0;
    stop.abort();
    const head = await fetch(arguments[0] + '/live.mp3', {method: 'HEAD', headers: {'Icy-MetaData': '1'}});
    out.head = head.headers.get('icy-metaint');
    out.title = (await (await fetch(arguments[0] + '/status-json.xsl')).json()).icestats.source.server_name;
    out.missing = (await fetch(arguments[0] + '/nothing.mp3')).status;
    out.admin = await fetch(arguments[0] + '/admin/stats').then(() => 'read', () => 'refused');
    done(out);
})().catch(error => done({error: String(error)}));
"""


@test
def a_player_on_another_site_reads_a_stream_of_the_ten_line_configuration(s):
    port = harness.free_port()
    server = s.server = s.bench.unstarted_server(sockets=harness.listen_socket(port))
    text = (pathlib.Path(__file__).parents[2] / "conf" / "minimal.xml").read_text()
    for before, after in (("change-me-source", "src-secret"), ("change-me-admin", "adm-secret"), ("<port>8000<", "<port>%d<" % port)):
        check(before in text, "conf/minimal.xml has %s" % before)
        text = text.replace(before, after)
    server.config.write_text(text)
    server.start()
    s.feed("/live.mp3", "Radio Example")
    elsewhere = s.bench.owned(EvilSite({"/": "<p>a player</p>"}))
    s.browser.open("http://evil.test:%d/" % elsewhere.port)
    equal(s.browser.call("/execute/async", {"script": ANOTHER_SITE, "args": ["http://127.0.0.1:%d" % port]}),
          {"metaint": "16000", "name": "Radio Example", "bytes": True, "head": "16000", "title": "Radio Example", "missing": 404,
           "admin": "refused"})
    s.browser.complaints()                                # the 404 and the refusal, which are intended


@test
def refusals_are_pages_like_the_others(s):
    server = busy_server(s)
    for name, path, words in (("missing", "/no/such/page", "404 - The file you requested could not be found"),
                              ("nolist", "/admin/manageauth.xsl?mount=/live.mp3", "400 - This mount has no list of users")):
        for size, width in WIDTHS.items():
            for dark in (False, True):
                s.browser.look(width, dark)
                open_page(s, path)
                s.see("icecast-lb", words)
                equal(s.browser.script(WIDER), None, "%s is wider than %d: " % (name, width))
                s.browser.screenshot(s.shots / ("refusal-%s-%s%s" % (name, size, "-dark" if dark else "") + ".png"))
    s.browser.open(s.url("/no/such/page"))
    s.browser.find("a.back").click()
    s.see("On the air")
    s.browser.complaints()
    del server


@test
def relays_are_shown_apart_and_cannot_be_kicked_by_the_way(s):
    server = busy_server(s)
    server.listener("/live.mp3", lines=["User-Agent: Icecast 2.4.4"])
    for size, width in WIDTHS.items():
        for dark in (False, True):
            s.browser.look(width, dark)
            open_page(s, "/admin/listclients.xsl?mount=/live.mp3")
            s.see("3 listeners", "Servers that relay it", "Icecast 2.4.4")
            equal(s.browser.script(WIDER), None, "wider than %d: " % width)
            s.browser.screenshot(s.shots / ("relays-%s%s" % (size, "-dark" if dark else "") + ".png"))
    equal(len([one for one in s.browser.find_all("summary") if one.text == "Kick"]), 3, "people to kick")
    quiet(s)
