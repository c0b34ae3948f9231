"""What is typed and pressed in the console: it is sent once, with the session of this moment."""
from api import Api
from desk import Desk
from harness import check, equal, test, wait_for
from test_console_pages import console_server, mount_url

TYPED = "return document.querySelector('form.fields input[name=mount]')?.value"
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
    server = console_server(t)
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    api.want(200, "PATCH", "/accounts/acme", {"state": "suspended"})
    desk = Desk(t, server)
    desk.log_in(page="/accounts")
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
    desk = Desk(t, console_server(t))
    desk.log_in(page="/mounts")
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
    server = console_server(t)
    api = Api(server)
    api.want(201, "POST", "/users", {"name": "vera", "role": "viewer", "password": "a-long-one"})
    desk = Desk(t, server)
    desk.log_in(page="/mounts")
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
