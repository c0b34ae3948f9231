"""A stream is no page of the server: HTML, SVG or XML from a source runs no script and reads no session; audio still
plays in a tab of its own."""
import threading

import stage  # noqa: F401  (where harness is)
from harness import SOURCE, check, equal, mount, request, test, wait_for
from login import log_in
from pages import AUDIO

HTML, XHTML = "text/html", "application/xhtml+xml"
SCRIPT = "new Image().src='/ran-%(name)s'; fetch('/api/v1/session').then(r =&gt; r.json()).then(j =&gt; new Image().src='/read-%(name)s-' + j.csrf)"
PAGES = {
    "html": (HTML, "<!doctype html><title>x</title><script>%s</script><h1>Shown</h1><img src=x onerror=\"%s\">"),
    "svg": ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'><script>%s</script><text y='20'>Shown</text></svg>"),
    "xml": (XHTML, "<html xmlns='http://www.w3.org/1999/xhtml'><script>%s</script><body><h1>Shown</h1></body></html>"),
}


def page_of(name):
    kind, text = PAGES[name]
    script = SCRIPT % {"name": name}
    if name == "html":
        script = script.replace("&gt;", ">")
        return kind, (text % (script, script.replace('"', "&quot;"))).encode()
    return kind, (text % script).encode()


def send(server, path, kind):
    """The source, once it is on the air."""
    wire = server.wire()
    wire.send(request("SOURCE %s HTTP/1.0" % path, ["Content-Type: " + kind, "ice-public: 0"], SOURCE))
    return wire


def start(s, types, sections=""):
    server = s.start(body="<console/><archive><dir>ARCHIVE</dir></archive>" + sections)
    server.write_config(body=server.slots["body"].replace("ARCHIVE", str(server.dir / "archive")) + mount(
        "/raw/*", "<source-types>%s</source-types><archive>1</archive><burst-size>100000</burst-size>" % types))
    server.kill()
    server.start()
    return server


def asked(server):
    server.get("/the-last-one")
    server.wait_for_log("/the-last-one", "access")
    return [line for line in server.log("access").splitlines() if "/ran-" in line or "/read-" in line]


@test
def pages_that_sources_send_run_no_script_and_read_no_session(s):
    server = start(s, " ".join(kind for kind, _ in PAGES.values()))
    s.feed("/live.mp3", "Live")
    log_in(s)
    for name in PAGES:
        kind, body = page_of(name)
        path = "/raw/" + name
        wire = send(server, path, kind)
        check(wire.take(15).startswith(b"HTTP/1.0 200"), "the file allows " + kind)
        wire.send(body)
        # The page is complete only when the stream ends, after the browser has received it.
        ended = threading.Timer(1.5, wire.close)
        ended.start()
        s.browser.open(s.url(path))
        ended.join()
        if name == "html":
            s.see("Shown")
        equal(s.browser.script("try { return document.cookie } catch (e) { return '' }"), "", name)
    s.browser.open(s.url("/admin/stats.xsl"))
    s.see("Log out admin")
    equal(asked(server), [], "what the scripts of streams have asked for")


@test
def a_recording_of_a_page_is_a_download(s):
    """A recording from before such types were refused is kept, but is not a document of this server."""
    server = start(s, HTML)
    log_in(s)
    kind, body = page_of("html")
    wire = send(server, "/raw/html", kind)
    check(wire.take(15).startswith(b"HTTP/1.0 200"), "the file allows " + kind)
    wire.send(body)

    def recorded():
        wire.send(b"<p>padding" * 400)
        threading.Event().wait(0.25)        # the pace of a stream
        reply = server.get("/raw/html?from=-1h&to=now")
        return reply.status == 200 and reply
    reply = wait_for(recorded, "it is recorded", 40)
    equal((reply.get("Content-Type"), reply.get("Content-Security-Policy")), (kind, "sandbox; default-src 'none'"))
    check(reply.get("Content-Disposition").startswith("attachment"), reply.get("Content-Disposition"))
    for query in ("?from=-1h&to=now", "?from=-1h&to=now&download=1"):
        # A download leaves the page where it is.
        s.browser.script("location.assign(arguments[0])", s.url("/raw/html" + query))
        server.wait_for_log(r"GET /raw/html.* HTTP/1.1\" 200", "access")
    s.browser.open(s.url("/admin/stats.xsl"))
    s.see("Log out admin")
    equal(asked(server), [], "what the scripts of recordings have asked for")


@test
def pages_are_refused_from_sources_and_sound_that_is_a_page_is_none(s):
    server = start(s, "text/plain")
    log_in(s)
    for name in PAGES:
        kind, body = page_of(name)
        for one in (kind, kind.upper(), "audio/mpeg, " + kind, kind + "; charset=utf-8", "audio/" + kind.split("/")[1] if "xml" in kind else kind):
            wire = send(server, "/raw/" + name, one)
            check(b" 403 " in wire.take(30), "%s is refused" % one)
            wire.close()
    kind, body = page_of("html")
    wire = send(server, "/page.mp3", "audio/mpeg")
    check(wire.take(15).startswith(b"HTTP/1.0 200"), "sound")
    wire.send(body * 20)
    ended = threading.Timer(1.5, wire.close)
    ended.start()
    s.browser.open(s.url("/page.mp3"))
    ended.join()
    for path in ("/page.mp3/live.m3u8", "/page.mp3"):
        s.browser.open(s.url(path))
    s.browser.open(s.url("/admin/stats.xsl"))
    s.see("Log out admin")
    equal(asked(server), [], "what the scripts of streams have asked for")


@test
def a_stream_plays_in_a_tab_of_its_own(s):
    server = start(s, "text/plain")
    s.feed("/live.mp3", "Live")
    equal(server.listener("/live.mp3").head.get("X-Content-Type-Options"), "nosniff")
    s.browser.open(s.url("/status.xsl"))
    s.browser.open(s.url("/live.mp3"))
    s.browser.script("document.querySelector('video,audio').play()")
    s.browser.wait(lambda: (s.browser.script(AUDIO % "video,audio") or {}).get("currentTime", 0) > 0.7, "it plays")
    wait_for(lambda: server.stat("/live.mp3", "listeners") != "0", "a listener")
