"""The console in Firefox: each page without a complaint, live in many tabs, and what is left as it loads."""
import pathlib
import sys
import time

from api import Api
from desk import WIDER, WIDTHS, Desk
from firefox import Firefox
from harness import check, equal, test, wait_for
from replacing import own_program, upgrade
from road import Road

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "console"))
from test_console_audience import two_accounts  # noqa: E402
from test_console_pages import CONSOLE, LIMITS, console_server, make_mount, mount_url  # noqa: E402

PAGES = ("", "/mounts", "/stations", "/nodes", "/archive", "/audience", "/usage", "/reports", "/accounts", "/users", "/tokens", "/bans", "/certificates", "/audit", "/server")
LISTENERS = "return document.querySelector('.tiles strong').textContent"


class SlowRoad(Road):
    """Each answer comes so many seconds late."""
    late = 0

    def passes(self, data, of_client):
        if not of_client and data.startswith(b"HTTP/"):
            time.sleep(self.late)


@test
def a_mount_is_made_and_each_page_has_nothing_to_complain_of(t):
    server = console_server(t)
    desk = Desk(t, server, Firefox).log_in()
    password = make_mount(desk, "/made.mp3", Genre="Rock")
    server.source("/made.mp3", login=b"source:%s" % password.encode()).play(5)
    desk.see("on air")
    for width, dark in ((WIDTHS["desk"], False), (WIDTHS["phone"], True)):
        desk.browser.look(width, dark)
        for page in (*PAGES, mount_url("/made.mp3")):
            desk.page(page)
            equal(desk.count("main [role=alert]"), 0, "problems at " + page)
            equal(desk.browser.script(WIDER), None, "%s is wider than %d" % (page, width))
    desk.quiet()


@test
def a_chart_is_read_with_the_pointer_and_taken_as_a_file(t):
    server = two_accounts(t)[0]
    desk = Desk(t, server, Firefox).log_in(page="/audience")
    desk.press("7 d", selector="button")
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('.chart path.line').length"), "a line")
    left, top, wide = desk.browser.script("const box = document.querySelector('.chart svg').getBoundingClientRect(); return [box.left, box.top, box.width]")
    # On the line, which is an element of its own, and above it.
    for place in (0.3, 0.8):
        for high in (12, 140):
            at = int(left + 52 + (wide - 52) * place)
            desk.browser.call("/actions", {"actions": [{"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": [
                {"type": "pointerMove", "x": at, "y": int(top) + high}]}]})
            hand = desk.browser.script("return Number(document.querySelector('.chart .hand').getAttribute('x1'))")
            check(abs(left + hand - at) < 6, "at %d the cursor is at %d" % (at, left + hand))
    # Reports of the server, and rows of the page.
    for name in ("Listeners", "By country"):
        link = "return [...document.querySelectorAll('a.button')].find(one => one.textContent === 'CSV: ' + arguments[0])"
        desk.wait(lambda: desk.browser.script(link + ".href", name), "a file of " + name)
        desk.browser.script(link + ".click()", name)
    desk.wait(lambda: desk.browser.downloads.exists() and len([one for one in desk.browser.downloads.glob("*.csv") if one.stat().st_size]) == 2, "both files")
    desk.quiet()


@test
def many_tabs_are_live_also_behind_an_upgrade(t):
    """A browser has six connections to a server."""
    own_program(t)
    server = console_server(t)
    server.source("/a.mp3", login=Api(server).mount("/a.mp3")).play(5)
    desk = Desk(t, server, Firefox).log_in()
    first = desk.browser.call("/window")
    for _ in range(7):
        desk.browser.call("/window", {"handle": desk.browser.call("/window/new", {"type": "tab"})["handle"]})
        desk.page(mount_url("/a.mp3"))
    server.listener("/a.mp3")
    desk.wait(lambda: desk.browser.script(LISTENERS) == "1", "the last tab follows")
    desk.browser.call("/window", {"handle": first})
    desk.wait(lambda: desk.browser.script(LISTENERS) == "1", "the first tab follows")
    upgrade(server)
    server.listener("/a.mp3")
    desk.wait(lambda: desk.browser.script(LISTENERS) == "2", "it follows the next process")
    check("No news" not in desk.browser.text, "a warning stays")
    desk.quiet()


@test
def a_page_that_is_left_as_it_loads_does_not_come_back(t):
    """Firefox ends what a page loads when another one is asked for, so modules fail that the server has."""
    server = t.server(body=CONSOLE, limits=LIMITS)
    desk, road = Desk(t, server, Firefox), SlowRoad(t, (server.host, server.port))
    page = "http://%s:%d/admin/console" % (road.host, road.port)
    desk.browser.open(page)
    desk.fill_login("admin", "adm-secret")
    desk.see("There are no mounts.")
    road.late = 1
    desk.browser.open(page + "/audit")
    desk.see("Log out admin", patience=60)
    check("Result" not in desk.browser.text, "the page is there already")
    desk.browser.script("setTimeout(() => { window.location.href = '/admin/stats.xsl?plain=1'; })")
    wait_for(lambda: desk.browser.url.endswith("/admin/stats.xsl?plain=1"), "the other page comes", 20)
