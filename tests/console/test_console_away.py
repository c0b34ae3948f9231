"""The console while its server is unreachable, and when the session ends under an open page."""
from desk import Desk, DriverError
from harness import check, equal, free_port, listen_socket, test
from test_console_pages import console_server
from test_console_parts import Browser

END = "return fetch('/admin/logout', {method: 'POST', body: new URLSearchParams({csrf: document.querySelector('.session input').value}), redirect: 'manual'}).then(() => true)"


@test
def a_page_that_is_opened_while_the_server_is_away_comes_when_it_is_back(t):
    server = t.unstarted_server(sockets=listen_socket(free_port()))
    state = server.dir / "state"
    state.mkdir()
    server.write_config(body="<console/><mount><mount-name>/fixed.mp3</mount-name></mount>", paths="<state-dir>%s</state-dir>" % state)
    server.start()
    desk = Desk(t, server).log_in()
    desk.see("/fixed.mp3")
    server.stop()
    desk.see("No news: The server does not answer.")
    # Its file is not there yet, that of the other one is, and what it asks for is not.
    for place in ("Audit", "Mounts"):
        desk.press(place, selector="#menu a")
        desk.wait(lambda: desk.browser.script("return document.querySelector('main [role=alert]')?.textContent.includes('The server does not answer.')"), place + " says it")
    check("Overview" not in desk.browser.text, "the page of before stands there")
    server.start()
    desk.see("Search mounts", "/fixed.mp3")
    equal(desk.count("main [role=alert]"), 0)
    desk.press("Audit", selector="#menu a")
    desk.see("Result")
    desk.browser.complaints()   # the refused connections


@test
def what_is_typed_outlives_the_session(t):
    server = console_server(t)
    desk = Desk(t, server, whole=True).log_in(page="/mounts")
    desk.press("Create a mount")
    desk.write("Mount", "/typed.mp3")
    one = desk.browser.call("/window")
    desk.browser.script(END)
    desk.press("Create", selector="form button")
    desk.see("Your login is over.", "Log in in another window")
    equal(desk.browser.script("return [...document.querySelectorAll('form.fields input')].find(one => one.name === 'mount').value"), "/typed.mp3")
    desk.looks_well("session-over", dark_too=False)
    desk.press("Log in in another window")
    desk.wait(lambda: len(desk.browser.call("/window/handles")) == 2, "the other window")
    other = next(one_of for one_of in desk.browser.call("/window/handles") if one_of != one)
    desk.browser.call("/window", {"handle": other})
    desk.fill_login("admin", "adm-secret")
    desk.see("Log out admin")
    desk.browser.call("/window", {"handle": one})
    desk.press("Create", selector="form button")
    desk.see("The login of its source", "/typed.mp3")
    # Where nothing is typed or shown once, it is the page for logging in.
    desk.page("/mounts")
    desk.browser.script(END)
    desk.wait(lambda: "/admin/login?back=" in desk.browser.url, "the login page")
    equal(Browser(server).get("/admin/console/mounts").status, 302)


@test
def what_is_shown_once_outlives_the_session(t):
    desk = Desk(t, console_server(t), whole=True).log_in(page="/users")
    desk.press("Create a user")
    desk.write("User", "kim")
    desk.choose("Role", "viewer")
    desk.press("Create", selector="form button")
    desk.see("The login of kim")
    secret = "return [...document.querySelectorAll('.secret code')].map(one => one.textContent)"
    shown, one = desk.browser.script(secret), desk.browser.call("/window")
    desk.browser.script(END)
    other = desk.browser.call("/window/new", {"type": "tab"})["handle"]
    desk.browser.call("/window", {"handle": one})   # it is shown again, and asks
    desk.see("Your login is over.", "Log in in another window", "The login of kim")
    desk.browser.call("/window", {"handle": other})
    desk.browser.open(desk.url("/admin/console/audit"))
    desk.fill_login("admin", "adm-secret")
    desk.see("Log out admin")
    desk.browser.call("/window", {"handle": one})
    desk.gone("Your login is over.")
    equal((desk.browser.script(secret), shown[0]), (shown, "kim"))
    # What is left for another page is so without a session, too.
    desk.browser.script(END)
    desk.browser.call("/window", {"handle": other})
    desk.browser.call("/window", {"handle": one})
    desk.see("Your login is over.", "The login of kim")
    desk.press("Audit", selector="#menu a")
    desk.wait(lambda: "/admin/login?back=" in desk.browser.url and "audit" in desk.browser.url, "the login page")


@test
def a_page_with_typed_words_is_left_after_a_question(t):
    server = console_server(t)
    desk = Desk(t, server).log_in(page="/nodes")
    desk.press("Mounts", selector="#menu a")
    desk.press("Create a mount")
    desk.write("Mount", "/typed.mp3")
    typed = "return [...document.querySelectorAll('form.fields input')].find(one => one.name === 'mount')?.value || ''"

    def question():
        try:
            return desk.browser.call("/alert/text")
        except DriverError:
            return None

    def asked(leave):
        check("not sent" in desk.wait(question, "a question"), "another question")
        desk.browser.call("/alert/accept" if leave else "/alert/dismiss", {})
    desk.press("Accounts", selector="#menu a")
    asked(leave=False)
    equal(desk.browser.script(typed), "/typed.mp3")
    desk.browser.script("setTimeout(() => history.back())")
    asked(leave=False)
    equal((desk.browser.script(typed), desk.browser.url), ("/typed.mp3", desk.url("/admin/console/mounts")))
    desk.press("Accounts", selector="#menu a")
    asked(leave=True)
    desk.see("There are no accounts.")
    # What is sent or given up asks for nothing.
    desk.press("Create an account")
    desk.write("Account", "acme")
    desk.press("Cancel")
    desk.press("Mounts", selector="#menu a")
    desk.see("There are no mounts.")
