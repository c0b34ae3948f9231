"""Answers that come late, or not: what was chosen last stays shown, a page that was refused comes, and what is typed or shown once
outlives its row and its session."""
import threading

from console_stub import Stub, made_listeners
from desk import Desk
from harness import equal, test, wait_for
from test_console_audience import two_accounts
from test_console_pages import console_server, mount_url

# Holds the first answer whose address matches until window.release() is called; `held` is whether it is held.
HELD = """
window.held = false;
const real = window.fetch, match = new RegExp(arguments[0]);
let first = true;
window.fetch = async (to, how) => {
  const answer = await real(to, how);
  if (first && (how?.method || 'GET') === 'GET' && match.test(String(to))) {
    first = false;
    await new Promise(done => { window.release = done; window.held = true; });
  }
  return answer;
};
"""
# Behind all that is done once an answer is there.
SETTLED = "release(); return new Promise(done => setTimeout(() => requestAnimationFrame(() => done(true)), 200))"
PRESSED = "return [...document.querySelectorAll('%s .spans button')].find(one => one.getAttribute('aria-pressed') === 'true')?.textContent"


class Radio(Stub):
    """The data that an administrator sees."""

    def __init__(self, **made):
        super().__init__(mounts=3, nodes=1)
        self.listeners, self.refusing = made_listeners(250), threading.Event()
        self.__dict__.update(made)

    def api(self, path, query):
        if path == "/openapi.json":
            roles = {one: {"get": {"x-least-role": "viewer"}} for one in ("/session", "/openapi.json", "/mounts", "/mounts/{mount}", "/nodes", "/history", "/mounts/{mount}/listeners", "/audit")}
            return {"paths": {**roles, **{one: {"post": {"x-least-role": "viewer"}} for one in ("/bans", "/nodes/{node}/drain")}}, "components": {"schemas": {}}}
        if path == "/audit":
            who = query.get("who", [""])[0]
            return {"items": [{"n": len(who), "at": 1, "who": who or "all of them", "do": "create"}]}
        if path.endswith("/listeners"):
            begin, most = int(query.get("after", ["0"])[0]), int(query.get("most", ["100"])[0])
            rest = self.listeners[begin:]
            return {"items": rest[:most], **({"next": str(begin + most)} if len(rest) > most else {})}
        return super().api(path, query)


def radio(t, page="", **made):
    stub = Radio(**made)
    t.owned(stub)
    desk = Desk(t, stub)
    desk.page(page)
    return desk


def holds(desk, address):
    desk.browser.script(HELD, address)


def is_held(desk):
    desk.wait(lambda: desk.browser.script("return held"), "the answer is on its way")


@test
def a_chart_shows_the_span_that_was_chosen_last(t):
    desk = radio(t, mount_url("/station-0000.mp3"))
    desk.wait(lambda: desk.browser.script("return !!document.querySelector('.chart path.line')"), "the line")
    labels = "return [...document.querySelectorAll('.chart svg text')].map(one => one.textContent).join()"
    hour = desk.browser.script(labels)
    desk.press("7 d")
    week = desk.wait(lambda: desk.browser.script(labels) != hour and desk.browser.script(labels), "a week")
    holds(desk, "/history")
    desk.press("30 d")
    is_held(desk)
    desk.press("7 d")
    desk.wait(lambda: desk.browser.script(PRESSED % ".chart") == "7 d", "it is pressed")
    desk.browser.script(SETTLED)
    equal(desk.browser.script(labels), week)
    desk.quiet()


@test
def the_audience_is_that_of_the_period_that_was_chosen_last(t):
    server, _ = two_accounts(t)
    desk = Desk(t, server).log_in(page="/audience")
    desk.see("Best and worst songs")
    taken = "return [document.querySelector('.headed a').href, [...document.querySelectorAll('.page h2')].filter(one => one.checkVisibility()).map(one => one.textContent)]"
    holds(desk, "/audience/summary")
    desk.press("A year")
    is_held(desk)
    desk.press("7 d")
    desk.wait(lambda: desk.browser.script(PRESSED % "") == "7 d", "it is pressed")
    before = desk.wait(lambda: "Best and worst songs" in desk.browser.text and desk.browser.script(taken), "its parts")
    desk.browser.script(SETTLED)
    equal(desk.browser.script(taken), before)
    desk.quiet()


@test
def the_audit_is_that_of_the_filter(t):
    desk = radio(t, "/audit")
    desk.see("all of them")
    holds(desk, "/audit")
    is_held(desk)           # the question of the next turn
    desk.write("Who", "anna")
    desk.press("Show", selector="form button")
    desk.see("anna")
    desk.browser.script(SETTLED)
    equal(desk.browser.script("return document.querySelector('td[data-label=Who]').innerText.trim()"), "anna")
    # A filter is no text that is missed.
    equal(desk.count("form.typed"), 0)
    desk.quiet()


@test
def more_listeners_go_on_and_are_searched(t):
    desk = radio(t, mount_url("/station-0000.mp3"))
    rows = "return [...document.querySelectorAll('td[data-label=Address]')].map(one => one.innerText.trim())"
    desk.wait(lambda: len(desk.browser.script(rows)) == 100, "the first page")
    desk.press("More")
    desk.wait(lambda: len(desk.browser.script(rows)) == 250, "all of them")
    gone = desk.server.listeners.pop(0)
    desk.wait(lambda: gone["address"] not in desk.browser.script(rows), "one that has gone goes")
    # What is on another page is found, too.
    desk.page(mount_url("/station-0000.mp3"))
    desk.wait(lambda: len(desk.browser.script(rows)) == 100, "the first page")
    desk.write("Search these listeners", "192.0.2.249")
    desk.wait(lambda: desk.browser.script(rows) == ["192.0.2.249"], "that of another page")
    desk.quiet()


@test
def a_ban_that_is_typed_outlives_its_listener(t):
    desk = radio(t, mount_url("/station-0000.mp3"), listeners=made_listeners(1))
    desk.see("192.0.2.0")
    desk.press("Ban", selector="tr.acts summary")
    desk.write("Reason", "a long reason")
    desk.server.listeners = made_listeners(3)[2:]
    desk.see("192.0.2.2")
    reason = "return document.querySelector('form.typed input[name=reason]')?.value"
    equal(desk.browser.script(reason), "a long reason")
    desk.server.listeners = []
    desk.gone("192.0.2.2")
    equal(desk.browser.script(reason), "a long reason")
    desk.press("Cancel")
    desk.see("No listeners.")
    desk.quiet()


@test
def a_page_that_is_refused_once_comes_by_itself(t):
    desk = radio(t, "/audit")
    desk.browser.script("""
const real = window.fetch;
let left = 1;
window.fetch = (to, how) => left && String(to).endsWith('/listeners') && left-- ? Promise.resolve(new Response('{"detail": "the store has not been read yet"}', {status: 503, headers: {Date: new Date().toUTCString()}})) : real(to, how);
""")
    desk.browser.script("const link = document.createElement('a'); link.href = arguments[0]; document.querySelector('main').append(link); link.click()",
                                           "/admin/console" + mount_url("/station-0000.mp3"))
    desk.see("the store has not been read yet")
    desk.see("192.0.2.9", patience=30)
    equal(desk.count("main [role=alert]"), 0)
    desk.quiet()


@test
def a_page_of_a_later_version_is_fetched_again_however_this_one_was_loaded(t):
    desk = radio(t)
    desk.browser.script("location.reload()")
    desk.ready()
    desk.browser.cdp("Network.enable")
    desk.browser.cdp("Network.setBlockedURLs", urls=["*/audit.js"])
    desk.browser.script("window.before = true; const now = performance.now.bind(performance); performance.now = () => now() + 120000; "
                        "const link = document.createElement('a'); link.href = '/admin/console/audit'; document.querySelector('main').append(link); link.click()")
    desk.wait(lambda: desk.browser.script("return window.before === undefined"), "it is loaded again")
    desk.browser.cdp("Network.setBlockedURLs", urls=[])
    desk.see("all of them")
    desk.browser.complaints()   # the blocked file


@test
def an_open_question_follows_its_numbers(t):
    desk = radio(t, "/nodes")
    desk.press("Drain", selector="tr.acts summary")
    desk.see("4,000 listeners on it now")
    desk.server.nodes[0]["listeners"] = 5000
    desk.see("5,000 listeners on it now")
    desk.quiet()


@test
def states_and_numbers_are_those_of_the_language(t):
    desk = radio(t)
    desk.server.nodes[0]["state"] = "suspect"
    desk.browser.script("localStorage.setItem('lb-language', 'de')")
    desk.page("/nodes")
    desk.see("verdächtig")
    desk.page(mount_url("/station-0000.mp3"))
    desk.see("13,1 k")
    desk.quiet()


@test
def the_notice_goes_once_the_login_is_back(t):
    desk = Desk(t, console_server(t)).log_in(page="/mounts")
    desk.press("Create a mount")
    desk.write("Mount", "/typed.mp3")
    cookies = desk.browser.call("/cookie")
    desk.browser.call("/cookie", method="DELETE")
    desk.see("Your login is over.")
    # The login is back, and the first question about it has no answer.
    for one in cookies:
        desk.browser.call("/cookie", {"cookie": {key: one[key] for key in ("name", "value", "path", "domain", "httpOnly", "sameSite") if key in one}})
    desk.browser.script("window.asked = 0; const real = fetch; window.fetch = (to, how) => String(to).endsWith('/session') && !asked++ ? Promise.reject(new TypeError('away')) : real(to, how)")
    desk.wait(lambda: desk.browser.script("document.dispatchEvent(new Event('visibilitychange')); return asked"), "it is asked for")
    desk.browser.script("document.dispatchEvent(new Event('visibilitychange'))")
    wait_for(lambda: desk.count(".over") == 0, "the notice goes", 30)
    equal(desk.browser.script("return [...document.querySelectorAll('form.fields input')].find(one => one.name === 'mount').value"), "/typed.mp3")
    desk.browser.complaints()   # the refusals
