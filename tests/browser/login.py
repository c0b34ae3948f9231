"""The login page in all sizes and from the keyboard; the pages of a session; the limits of other sites."""
import http.server
import threading

import accessibility
import stage  # noqa: F401  (where harness is)
from harness import check, equal, test, wait_for
from pages import WIDER, WIDTHS, open_all_details, quiet
from webdriver import ENTER, TAB


def start(s):
    return s.start(body="<console/>")


def log_in(s):
    s.browser.open(s.url("/admin/listmounts.xsl?plain=1"))
    check(s.browser.url.endswith("/admin/login?back=%2Fadmin%2Flistmounts.xsl%3Fplain%3D1"), s.browser.url)
    # The cursor is in the first field.
    s.browser.press(*"admin", TAB, *"adm-secret", ENTER)
    s.see("Log out admin")
    check(s.browser.url.endswith("/admin/listmounts.xsl?plain=1"), s.browser.url)


@test
def the_login_page_fits_a_phone_and_a_desk_in_light_and_dark_and_is_accessible(s):
    start(s)
    s.feed("/live.mp3", "Live")
    for name, path in (("login", "/admin/login"), ("login-out", "/admin/login?out=1")):
        for size, width in WIDTHS.items():
            for dark in (False, True):
                s.browser.look(width, dark)
                s.browser.open(s.url(path))
                s.see("Log in")
                equal(s.browser.script(WIDER), None, name)
                equal(s.browser.script(accessibility.FAULTS), [], "%s, %s" % (name, size))
                if s.shots:
                    s.browser.screenshot(s.shots / ("%s-%s%s.png" % (name, size, "-dark" if dark else "")))
    s.browser.find("input[name=user]").write("admin")
    s.browser.find("input[name=password]").write("wrong")
    s.browser.find("button[type=submit]").click()
    s.see("Wrong user name or password")
    if s.shots:
        s.browser.screenshot(s.shots / "login-wrong.png")
    s.browser.press(*"adm-secret", ENTER)       # the name is kept, the cursor is in the password
    s.see("Log out admin")
    for size, width in WIDTHS.items():
        s.browser.look(width)
        for page in ("stats", "listmounts", "listclients", "cluster"):
            s.browser.open(s.url("/admin/%s.xsl?plain=1%s" % (page, "&mount=/live.mp3" if page == "listclients" else "")))
            s.see("Log out admin")
            open_all_details(s)
            equal(s.browser.script(WIDER), None, page)
            if s.shots:
                s.browser.screenshot(s.shots / ("session-%s-%s.png" % (page, size)))


@test
def a_source_is_killed_by_the_form_of_a_page_and_the_logout_ends_it(s):
    server = start(s)
    s.feed("/live.mp3", "Live")
    log_in(s)
    s.browser.find("summary", "Kill Source").click()
    s.browser.find("form.sure button").click()
    s.see("Source Removed")
    wait_for(lambda: server.get("/live.mp3").status == 404, "the source ends")
    s.browser.find("form.session button").click()
    s.see("You are logged out.")
    s.browser.open(s.url("/admin/stats.xsl"))
    s.see("Log in")
    quiet(s)


@test
def another_site_can_neither_use_nor_frame_a_session(s):
    server = start(s)
    s.feed("/live.mp3", "Live")
    log_in(s)
    page = ("<title>evil</title><iframe src='http://%(host)s/admin/stats.xsl'></iframe>"
            "<img src='http://%(host)s/admin/killsource?mount=/live.mp3'>"
            "<form method='post' action='http://%(host)s/admin/killsource?mount=/live.mp3'><button>go</button></form>"
            % {"host": s.host.replace("127.0.0.1", "localhost")}).encode()

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass
    evil = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=evil.serve_forever, daemon=True).start()
    try:
        s.browser.open("http://127.0.0.1:%d/" % evil.server_port)
        s.browser.find("button").click()
        s.browser.wait(lambda: "evil" not in s.browser.title, "the form has been sent")
        server.listener("/live.mp3").read(2000)
    finally:
        evil.shutdown()
        evil.server_close()
    s.browser.open(s.url("/admin/stats.xsl"))
    s.see("Log out admin")


@test
def a_button_of_the_cluster_page_leads_to_a_node_without_a_password(s):
    """The whole way in a browser, with its Origin and the new cookie."""
    from handover_bench import Pair
    pair = Pair(s.bench)
    s.browser.open(pair.origin() + "/admin/cluster.xsl")
    s.browser.press(*"admin", TAB, *"adm-secret", ENTER)
    s.see("Actions: c")
    s.browser.script("""document.querySelector('form[action$="/session/handover"] input[value="c"]').closest('tbody')
                        .querySelector('.dots').click()""")
    s.browser.find('tr.acts:not([hidden]) form[action$="/session/handover"] button').click()
    s.see("Go on to " + pair.origin(pair.c))
    quiet(s)
    s.browser.press(ENTER)                      # the button has the cursor
    s.see("Log out admin")
    wait_for(lambda: s.browser.url == pair.origin(pair.c) + "/admin/console", "the node's pages: " + s.browser.url)
    check(pair.c.wait_for_log(r'"admin" \(admin\) has come from ' + pair.origin()), "the node has taken the session over")
    s.browser.open(pair.origin(pair.c) + "/admin/listmounts.xsl")
    s.see("Log out admin")
    quiet(s)
