"""The history: listeners and kbit/s over time by /api/v1, over a restart, and as charts in the console."""
import time

from api import Api
from desk import Desk
from harness import ADMIN, check, equal, test, wait_for
from replacing import upgrade
from test_console_audience import audience_server, with_a_past
from test_console_pages import LIMITS, console_server, mount_url

HISTORY = "/api/v1/history"


def last_of(server, query="", login=ADMIN):
    """The newest known value; None: no value is known."""
    reply = server.get(HISTORY + query, login)
    equal(reply.status, 200, reply.text)
    rows = reply.json()["rows"]
    known = [value for value in rows[0]["mean"] if value is not None] if rows else []
    return known[-1] if known else None


def listened(t, listeners=3, server=None, managed=False):
    server = server or console_server(t)
    login = Api(server).mount("/a.mp3") if managed else None
    server.source("/a.mp3", **({"login": login} if managed else {})).play(5)
    for _ in range(listeners):
        server.listener("/a.mp3")
    wait_for(lambda: last_of(server) == listeners, "the listeners are remembered", 25)
    return server


@test
def listeners_are_remembered(t):
    server = listened(t)
    api = Api(server)
    for query in ("", "?of=kbps", "?by=mount", "?by=node", "?mount=/a.mp3", "?by=mount&mount=a.mp3"):
        api.want(200, "GET", "/history" + query)
    api.want(200, "GET", "/mounts/a.mp3/history")
    equal(last_of(server, "?by=mount&mount=/a.mp3"), 3)
    check(last_of(server, "?of=kbps") > 0, "kbit/s")
    api.want(404, "GET", "/mounts/nothing.mp3/history")
    for query, field in (("of=x", "of"), ("by=city", "by"), ("points=601", "points"), ("points=0", "points"), ("from=x", "from"), ("to=x", "to"),
                         ("from=%d&to=%d" % (time.time(), time.time() - 9), "from")):
        reply = server.get(HISTORY + "?" + query, ADMIN)
        equal((reply.status, reply.get("Content-Type"), reply.json()["parameter"]), (400, "application/problem+json", field), query)
    for one in ("all", "mount", "node", "country"):
        check(one in server.get(HISTORY + "?by=city", ADMIN).json()["detail"], "by=%s is not named" % one)
    equal(server.get(HISTORY).status, 401)


def remembering(t):
    """A server with a state directory, and listeners that its charts show."""
    server = t.unstarted_server(limits=LIMITS)
    state = server.dir / "state"
    state.mkdir()
    server.write_config(body="<console/>", paths="<state-dir>%s</state-dir>" % state)
    return listened(t, server=server.start())


@test
def it_goes_on_after_a_restart(t):
    server = remembering(t)
    state = server.dir / "state"
    server.stop()
    check((state / "history").stat().st_size > 100, "the file")
    server.start()
    equal(last_of(server), 3, "what was before")
    # A file that is damaged is left out.
    server.stop()
    (state / "history").write_bytes(b"lbhist1\n" + b"x" * 100)
    server.start()
    equal(last_of(server), None)
    server.wait_for_log("the charts begin empty")


@test
def it_goes_on_in_an_upgrade(t):
    server = remembering(t)
    for _ in range(2):
        upgrade(server)
        wait_for(lambda: last_of(server) == 3, "what was before")


@test
def without_a_history_there_is_none(t):
    server = t.server(body="<console><history>0</history></console>")
    reply = server.get(HISTORY, ADMIN)
    equal((reply.status, reply.get("Content-Type")), (404, "application/problem+json"))


@test
def charts_are_drawn_and_read_by_keys(t):
    server = listened(t, managed=True)
    desk = Desk(t, server).log_in()
    desk.see("Listeners by mount", "Bandwidth")
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('.chart path.line').length") >= 2, "lines")
    live = "return document.querySelector('.chart output').getAttribute('aria-live')"
    equal(desk.browser.script(live), "off", "numbers that come by themselves are not read out")
    desk.browser.script("document.querySelector('.chart svg').focus()")
    equal(desk.browser.script(live), "polite")
    desk.browser.find(".chart svg").write("\ue012")    # an arrow
    desk.see("/a.mp3 3")
    desk.press("As a table")
    desk.see("Time")
    desk.wait(lambda: desk.browser.script("return document.querySelector('.chart tbody tr td')?.textContent") == "3", "the newest row")
    times = desk.browser.script("return [...document.querySelectorAll('.chart tbody')].find(all => all.rows.length).innerText.match(/^.*?(?=\\t)/gm)")
    equal(len(set(times)), len(times), "rows with one time, of %r" % times[:4])
    desk.looks_well("overview-charts")
    desk.press("24 h")
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('.chart .spans [aria-pressed=true]')[0].textContent") == "24 h", "another span")
    desk.page(mount_url("/a.mp3"))
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('.chart path.line').length") >= 1, "the line of a mount")
    desk.looks_well("mount-chart")
    desk.page("/nodes")
    desk.see("Listeners by node", "Where would a listener be sent?")
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('.chart path.line').length") >= 2, "the lines of nodes")
    desk.looks_well("nodes")
    desk.quiet()


TICKS = "return (document.querySelector('.chart .ticks')?.getAttribute('d').match(/M/g) || []).length"
TITLES = "return [...document.querySelectorAll('#titles ~ section td[data-label=Title]')].map(e => e.textContent)"


@test
def the_chart_of_a_mount_has_its_titles_and_countries(t):
    server = audience_server(t)
    listened(t, 1, server, managed=True)
    with_a_past(server, mounts=("/a.mp3",), days=3)
    desk = Desk(t, server).log_in(page=mount_url("/a.mp3"))
    desk.see("Listeners by country", "Germany", "unknown")
    # One each three and a half minutes.
    desk.wait(lambda: 14 <= desk.browser.script(TICKS) <= 18, "the titles of the last hour")
    equal(len(desk.browser.script(TITLES)), 100)
    equal(desk.browser.script("return [...document.querySelector('#titles ~ section td[data-label=Gain]').textContent]")[0], "-")
    desk.browser.script("document.querySelector('.chart svg').focus()")
    desk.browser.press("\ue011")   # Home
    desk.see("\u2013 (at most \u2013) \u00b7 Band")
    desk.press("As a table")
    desk.see("Title")
    rows = desk.browser.script("return [...document.querySelectorAll('.chart .sheet')[0].querySelectorAll('tbody tr')].map(e => e.lastChild.textContent)")
    check(not rows[0] and rows[-1].startswith("Band"), "rows %r to %r" % (rows[0], rows[-1]))
    equal(desk.browser.script("return [...document.querySelectorAll('.charts figure')].map(e => e.querySelectorAll('.spans button').length)"), [4, 3], "an hour has no countries")
    desk.looks_well("mount-titles")
    desk.press("24 h")
    desk.wait(lambda: desk.browser.script(TICKS) == 0, "no marks on a day")
    desk.quiet()


@test
def without_an_audience_titles_are_those_of_the_stream(t):
    server = console_server(t)
    login = Api(server).mount("/a.mp3")
    source = server.source("/a.mp3", login=login)
    for title in ("First", "Second", '"=<b>x</b>'):
        source.play(20)
        server.set_title("/a.mp3", song=title.replace('"', "%22").replace("<", "%3C").replace(">", "%3E").replace("=", "%3D"))
    source.play(20)
    desk = Desk(t, server).log_in(page=mount_url("/a.mp3"))
    desk.wait(lambda: desk.browser.script(TITLES) == ['"=<b>x</b>', "Second", "First"], "the titles, the newest first")
    check("by country" not in desk.browser.text, "countries of no audience")
    # What a mount off the air would show are its fallback's, to which the stream's address leads.
    Api(server).want(201, "POST", "/mounts", {"mount": "/off.mp3", "settings": {"fallback-mount": "/a.mp3"}})
    wait_for(lambda: server.get("/api/v1/now/off.mp3").json()["title"]["text"] == '"=<b>x</b>', "the fallback plays")
    desk.page(mount_url("/off.mp3"))
    desk.see("off air")
    desk.see("/listen/off.mp3")
    equal(desk.browser.script("return [...document.querySelectorAll('tr')].filter(row => row.textContent.startsWith('Fallback mount')).map(row => row.textContent)"), ["Fallback mount/a.mp3"])
    equal(desk.browser.script(TITLES), [])
    desk.quiet()


# A browser whose clock is an hour fast.
FAST = "{ const now = Date.now.bind(Date); Date = class extends Date { constructor(...of) { of.length ? super(...of) : super(now() + 3600000); } static now() { return now() + 3600000; } }; }"


@test
def a_browser_with_a_wrong_clock_has_the_times_of_the_server(t):
    server = listened(t, managed=True)
    desk = Desk(t, server)
    desk.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=FAST)
    desk.log_in()
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('.chart path.line').length") >= 2, "the lines")
    behind = "return (Date.now() - 3600000 - new Date(arguments[0])) / 1000"
    desk.press("As a table")
    newest = desk.wait(lambda: desk.browser.script("return document.querySelector('.chart tbody th')?.textContent"), "the newest row")
    year = desk.browser.script("return new Date().getFullYear()")
    check(-5 <= desk.browser.script(behind, "%d %s" % (year, newest)) < 60, "the newest row is of " + newest)
    desk.page("/bans")
    desk.press("Create a ban")
    until = desk.wait(lambda: desk.browser.script("return document.querySelector('main input[type=datetime-local]')?.value"), "the field for its end")
    check(-86460 < desk.browser.script(behind, until) < -86300, "a ban of a day ends at " + until)
    desk.quiet()
