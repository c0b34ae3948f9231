"""What is typed and pressed in the console: it is sent once, with the session of this moment, and refusals stand at their
fields in the language of the viewer."""
import pathlib
import re

from api import Api, with_api
from console_stub import Stub
from desk import Desk
from harness import Failed, check, equal, test, wait_for
from test_console_pages import ESCAPE, console_server, mount_url

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TYPED = "return document.querySelector('form.fields input[name=mount]')?.value"
FAULTS = "return [...document.querySelectorAll('form.fields .fault:not([hidden])')].map(fault => fault.textContent)"
# Counts the changes that the page sends.
COUNTED = "window.sent = []; const real = fetch; window.fetch = (to, how, ...more) => { if (how?.method !== 'GET') sent.push(how.method); return real(to, how, ...more); }"


class Tabs:
    """Two tabs of one browser."""

    def __init__(self, desk):
        self.desk, self.first = desk, desk.browser.call("/window")
        self.second = desk.browser.call("/window/new", {"type": "tab"})["handle"]

    def show(self, one):
        self.desk.browser.call("/window", {"handle": one})

    def log_in_again(self, user, password):
        """In the second one."""
        self.show(self.second)
        self.desk.browser.open(self.desk.url("/admin/console/server"))
        self.desk.see("Log out")
        self.desk.browser.script("document.querySelector('.session').submit()")
        self.desk.wait(lambda: "/admin/login" in self.desk.browser.url, "the login page")
        self.desk.browser.open(self.desk.url("/admin/console/audit"))
        self.desk.fill_login(user, password)
        self.desk.see("Log out " + user)
        self.show(self.first)


@test
def a_button_that_is_pressed_twice_sends_once(t):
    server, api = with_api(console_server(t))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(200, "PATCH", "/accounts/acme", {"state": "suspended"})
    desk = Desk(t, server).log_in(page="/accounts")
    desk.one("button", "Resume", "acme")
    desk.browser.script(COUNTED)
    desk.browser.script("const one = [...document.querySelectorAll('li button')].find(e => e.textContent === 'Resume'); one.click(); one.click()")
    desk.see("active")
    equal(desk.browser.script("return sent"), ["PATCH"])
    equal(desk.browser.script("return [...document.querySelectorAll('.fault')].map(e => e.textContent).filter(Boolean)"), [])
    # The second press is a press of its own once the first is done.
    desk.press("Suspend", near="acme", selector="summary")
    desk.press("Suspend", near="acme", selector=".sure button")
    desk.see("suspended")
    desk.press("Resume", near="acme", selector="button")
    wait_for(lambda: api.want(200, "GET", "/accounts/acme").json()["state"] == "active", "it is resumed again")
    desk.quiet()


@test
def the_way_to_the_content_keeps_what_is_typed(t):
    desk = Desk(t, console_server(t)).log_in(page="/mounts")
    desk.press("Create a mount")
    desk.write("Mount", "/typed.mp3")
    desk.browser.script("window.kept = document.querySelector('form.fields'); document.querySelector('.skip').focus()")
    desk.browser.press("\ue007")
    desk.wait(lambda: desk.browser.script("return document.activeElement.matches('main h2')"), "the keyboard is in the content")
    # A page that is built again would come with the answers to its requests.
    desk.browser.script("return fetch('/api/v1/mounts').then(() => new Promise(done => requestAnimationFrame(done)))")
    equal(desk.browser.script("return kept.isConnected && document.querySelectorAll('form.fields').length"), 1)
    equal(desk.browser.script(TYPED), "/typed.mp3")
    equal(desk.browser.url, desk.url("/admin/console/mounts"))
    desk.quiet()


@test
def a_form_is_sent_with_the_session_of_another_tab(t):
    server, api = with_api(console_server(t))
    api.want(201, "POST", "/users", {"name": "vera", "role": "viewer", "password": "a-long-one"})
    desk = Desk(t, server, whole=True).log_in(page="/mounts")
    desk.press("Create a mount")
    desk.write("Mount", "/typed.mp3")
    tabs = Tabs(desk)
    tabs.log_in_again("admin", "adm-secret")
    equal(desk.browser.script(TYPED), "/typed.mp3")
    desk.press("Create", selector="form button")
    desk.see("The login of its source", "/typed.mp3")
    # The commands of /admin/ have it too, and a page of another user becomes theirs.
    desk.page(mount_url("/typed.mp3"))
    tabs.log_in_again("admin", "adm-secret")
    desk.press("Set the fallback", selector="summary")
    desk.write("Fallback mount", "/typed.mp3")
    desk.press("Set", selector="form button")
    desk.wait(lambda: desk.browser.script("return !document.querySelector('.opening[open]') || document.querySelector('.opening[open] .fault:not([hidden])')?.textContent"), "there is an answer")
    check("csrf" not in desk.browser.text, desk.browser.text)
    desk.page("/mounts")
    desk.press("Create a mount")
    desk.write("Mount", "/other.mp3")
    tabs.log_in_again("vera", "a-long-one")
    desk.browser.script("document.querySelector('form.typed')?.requestSubmit()")   # a browser that shows the tab asks by itself
    desk.see("Log out vera")
    equal(desk.count("summary", "Create a mount"), 0)
    desk.browser.complaints()   # the refused requests


@test
def a_form_whose_page_is_not_left_for_another_user_is_sent_when_its_own_is_back(t):
    server, api = with_api(console_server(t))
    api.want(201, "POST", "/users", {"name": "vera", "role": "viewer", "password": "a-long-one"})
    desk = Desk(t, server, whole=True).log_in(page="/mounts")
    desk.press("Create a mount")
    desk.write("Mount", "/typed.mp3")
    # As "Cancel" at the browser's question, which a driver answers before it could be read.
    desk.browser.script("navigation.addEventListener('navigate', event => { if (event.navigationType === 'reload') event.preventDefault(); })")
    tabs = Tabs(desk)
    tabs.log_in_again("vera", "a-long-one")
    desk.see("Your login is over.", "What was typed stays.")
    desk.press("Create", selector="form button")
    desk.wait(lambda: desk.browser.script(FAULTS) == ["Your login is over."], "the form says it")
    equal(desk.browser.script(TYPED), "/typed.mp3")
    tabs.log_in_again("admin", "adm-secret")
    desk.gone("What was typed stays.")
    desk.press("Create", selector="form button")
    desk.see("The login of its source", "/typed.mp3")
    desk.browser.complaints()   # the refused requests


@test
def a_form_that_is_closed_keeps_what_is_typed(t):
    desk = Desk(t, console_server(t)).log_in(page="/accounts")
    is_open = "return !!document.querySelector('.opening[open] form.fields')"
    typed = "return document.querySelector('form.fields input[name=id]').value"

    def see_open(opens):
        desk.wait(lambda: desk.browser.script(is_open) == opens, "it is open: %s" % opens)

    def press_summary(opens):
        desk.press("Create an account", selector="summary")
        see_open(opens)
    press_summary(True)
    desk.write("Account", "acme")
    desk.browser.press(ESCAPE)   # perhaps for the browser's suggestions
    see_open(False)
    press_summary(True)
    equal(desk.browser.script(typed), "acme")
    press_summary(False)
    press_summary(True)
    equal(desk.browser.script(typed), "acme")
    # What is given up or sent is gone.
    desk.press("Cancel")
    see_open(False)
    press_summary(True)
    equal(desk.browser.script(typed), "")
    desk.write("Account", "acme")
    desk.press("Create", selector="form button")
    see_open(False)
    press_summary(True)
    equal(desk.browser.script(typed), "")
    desk.quiet()


# What forms send that the API refuses: method, path, body.
WRONG = [("POST", "/mounts", {"mount": name}) for name in ("/a.mp3", "x", "/a/../b", "/a?b", "/x.xsl", "/" + "n" * 300, "/a#", "/a\u0007")] + [
    ("POST", "/mounts", {"mount": "/b.mp3", **more}) for more in (
        {"account": "nothing"}, {"limits": {"listeners": -5, "bitrate": 1.5, "storage": "x", "over": "no"}}, {"place": {"node": "nowhere"}}, {"place": {"country": "xx"}},
        {"settings": {"genre": "x" * 5000, "max-listener-duration": "soon", "fallback-mount": "/b.mp3"}})] + [
    ("PATCH", "/mounts/a.mp3", {"sources": [{"user": "dj", **more}]}) for more in (
        {"hours": [{"from": "25:00", "until": "3"}]}, {"hours": [{"from": "20:00", "until": "20:00"}]}, {"zone": "Mars/X"}, {"grace": 1000000}, {"from": 2000000000, "until": 1900000000})] + [
    ("PATCH", "/mounts/a.mp3", {"sources": [{"user": ""}]}), ("PATCH", "/mounts/a.mp3", {"sources": [{"user": "dj"}, {"user": "dj"}]}),
    ("POST", "/mounts/a.mp3/title", {"title": "x"}), ("POST", "/mounts/a.mp3/title", {"title": "x", "at_ms": 5}), ("POST", "/mounts/a.mp3/kick-source", {}),
    ("DELETE", "/mounts/a.mp3/listeners/127.0.0.1/77", None), ("POST", "/mounts/a.mp3/move", {"to": "x"}),
    ("POST", "/accounts", {"id": "acme"}), ("POST", "/accounts", {"id": "A B"}), ("POST", "/accounts", {"id": "b", "name": "x" * 300}), ("POST", "/accounts", {"id": "b", "quota": {"mounts": -1}}),
    ("POST", "/users", {"name": "anna", "role": "admin"}), ("POST", "/users", {"name": "admin", "role": "admin"}), ("POST", "/users", {"name": "a:b", "role": "owner"}),
    ("POST", "/users", {"name": "b", "role": "viewer", "mounts": ["x"]}), ("POST", "/users", {"name": "b", "role": "admin", "password": "short"}),
    ("DELETE", "/users/nobody", None), ("POST", "/tokens", {"role": "viewer", "expires": 5}),
    *[("POST", "/bans", {"match": match}) for match in ({"address": "300.1.2.3"}, {"network": "1.2.3.4"}, {"country": "Germany"}, {"address": "127.0.0.1"})],
    ("PUT", "/stations/Rock", {"mounts": ["/a.mp3"]}), ("PUT", "/stations/rock", {}), ("PUT", "/stations/two", {"mounts": ["/c.mp3"]}), ("PUT", "/stations/rock", {"mounts": ["x"]}),
    ("PUT", "/stations/rock", {"mounts": []}), *[("PUT", "/stations/rock", {"mounts": ["/a.mp3"], **more}) for more in (
        {"colour": "red"}, {"timezone": "Mars"}, {"url": "x"}, {"links": [{"name": "x", "url": "http://x"}]})]]


def told():
    """The texts of the API that are translated, as regular expressions."""
    text = (ROOT / "admin/console/texts_de.js").read_text().split("export const told", 1)[1]
    keys = [key.replace("\\'", "'") for key in re.findall(r"^  '((?:[^'\\]|\\.)+)': '", text, re.M)]
    return [re.compile(re.sub(r"\\\{\d\\\}", "(.*)", re.escape(key)), re.S) for key in keys]


@test
def what_forms_are_refused_for_is_known_in_all_languages(t):
    api = Api(console_server(t))
    api.mount("/a.mp3")
    api.mount("/c.mp3")
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(201, "POST", "/users", {"name": "anna", "role": "admin", "password": "a-long-one"})
    api.want(201, "POST", "/users", {"name": "vera", "role": "viewer", "password": "a-long-one"})
    api.want(200, "PUT", "/stations/first", {"mounts": ["/c.mp3"]})
    known, missing = told(), set()
    asked = [(api, *one) for one in WRONG] + [(api.as_user("anna:a-long-one"), "POST", "/users/anna/password", {"old": "wrong", "password": "12345678"}),
                                                  (api.as_user("vera:a-long-one"), "GET", "/tokens", None)]
    for who, method, path, body in asked:
        reply = who.ask(method, path, body)
        check(400 <= reply.status < 500, "%s %s %s: %d" % (method, path, body, reply.status))
        problem = reply.json()
        missing |= {one for one in [error["detail"] for error in problem.get("errors", [])] or [problem["detail"]] if not any(form.fullmatch(one) for form in known)}
    equal(missing, set())


@test
def refusals_stand_at_their_fields_in_the_language_of_the_viewer(t):
    server, api = with_api(console_server(t))
    api.mount("/rock.mp3")
    desk = Desk(t, server).log_in()
    desk.browser.script("localStorage.setItem('lb-language', 'de')")
    desk.page("/mounts")
    desk.see("/rock.mp3")   # the list would move the button when it comes
    desk.press("Mount anlegen", selector="summary")
    for typed, words in (("/rock.mp3", "Der Mount /rock.mp3 besteht schon."), ("/a<b>?", '"/a<b>?" ist ein Muster; hier steht ein einzelner Mount'),
                         ("/x\u05d0.xsl", '"/x\u05d0.xsl" ist vergeben: den Namen hat der Server selbst')):
        def is_refused():
            # On a busy machine the driver's keys are lost while the form opens.
            desk.write("Mount", typed)
            desk.press("Anlegen", selector="form button")
            try:
                return desk.browser.wait(lambda: words in desk.browser.script(FAULTS), words, 4)
            except Failed:
                return False
        desk.wait(is_refused, "it says " + words)
        equal((desk.fault_at("Mount"), desk.browser.script(TYPED)), (words, typed))
    desk.browser.script("localStorage.setItem('lb-language', 'fr')")
    desk.page("/bans")
    desk.browser.find(".opening summary").click()
    desk.wait(lambda: desk.browser.find_all("input[name=match]"), "it is open")
    desk.browser.find("input[name=match]").write("300.1.2.3")
    desk.browser.find("form.fields button.main").click()
    desk.see("Ce n\u2019est pas une adresse")
    desk.quiet(but=("409", "422"))


@test
def processes_from_before_an_upgrade_stand_at_their_node(t):
    stub = Stub(mounts=3, nodes=3)
    for node, processes, connections in zip(stub.nodes, (2, 0), (1234, 0)):
        node.update(old_processes=processes, old_connections=connections)
    t.owned(stub)
    desk = Desk(t, stub)
    lines = "return [...document.querySelectorAll('td[data-label=Node] small')].map(e => e.textContent)"
    for page in ("/nodes", ""):
        desk.page(page)
        desk.see("edge02")
        equal([line.split("; ", 2)[2:] for line in desk.browser.script(lines)], [["old processes: 2, connections: 1,234"], [], []])
    desk.looks_well("old-processes", dark_too=False)
    desk.quiet()
