"""Sessions of browsers that were ended before the server is replaced stay ended."""
import time

from browser_login import Browser
from harness import ADMIN, equal, give_away, test, wait_for
from link_bench import kill9
from replacing import upgrade


def page_of(browser, cookie):
    browser.cookie = cookie
    return browser.get("/admin/stats.xsl").status


@test
def what_was_ended_stays_ended(t):
    server = t.server(body="<console/>")
    browser = Browser(server, "127.0.0.5").logged_in()
    left = browser.cookie
    equal(browser.post("/admin/logout", {"csrf": browser.csrf()}).status, 303, "log out")
    browser.log_in()
    ended = browser.cookie
    equal(server.ask("DELETE /api/v1/users/admin/sessions HTTP/1.0", (), ADMIN).status, 204, "end all")
    browser.log_in()
    lives = browser.cookie
    for upgrades in range(3):
        equal([page_of(browser, one) for one in (left, ended, lives)], [302, 302, 200], "behind %d upgrades" % upgrades)
        upgrade(server)


@test
def what_was_ended_stays_ended_while_there_is_no_console(t):
    """The keys are in the directory, so a session would live as soon as a later process has a console again."""
    state = t.dir / "state"
    state.mkdir()
    give_away(state)
    server = t.server(body="<console/>", paths="<state-dir>%s</state-dir>" % state)
    browser = Browser(server, "127.0.0.5").logged_in()
    left = browser.cookie
    equal(browser.post("/admin/logout", {"csrf": browser.csrf()}).status, 303, "log out")
    browser.log_in()
    lives = browser.cookie
    for body in ("", "", "<console/>"):
        server.write_config(body=body)
        upgrade(server)
    equal([page_of(browser, one) for one in (left, lives)], [302, 200], "sessions behind it")


@test
def what_was_ended_stays_ended_over_a_restart(t):
    """The keys are in the directory, without a store."""
    state = t.dir / "state"
    state.mkdir()
    give_away(state)
    server = t.server(body="<console/>", paths="<state-dir>%s</state-dir>" % state)
    browser = Browser(server, "127.0.0.5").logged_in()
    left = browser.cookie
    equal(browser.post("/admin/logout", {"csrf": browser.csrf()}).status, 303, "log out")
    browser.log_in()
    ended = browser.cookie
    equal(server.ask("DELETE /api/v1/users/admin/sessions HTTP/1.0", (), ADMIN).status, 204, "end all")
    browser.log_in()
    lives = browser.cookie
    server.stop()
    server.start()
    equal([page_of(browser, one) for one in (left, ended, lives)], [302, 302, 200], "behind a restart")
    equal(browser.post("/admin/logout", {"csrf": browser.csrf()}).status, 303, "log out")
    kept = state / "ended-sessions"
    before = kept.read_text()
    wait_for(lambda: kept.read_text() != before, "it is written down within two seconds", 10)
    kill9(server)
    server.start()
    equal([page_of(browser, one) for one in (left, ended, lives)], [302, 302, 302], "behind a crash")


@test
def a_directory_that_is_new_gets_the_keys_of_the_sessions(t):
    server = t.server(body="<console/>")
    browser = Browser(server, "127.0.0.5").logged_in()
    state = server.dir / "state"
    state.mkdir()
    give_away(server.dir)
    server.write_config(paths="<state-dir>%s</state-dir>" % state)
    upgrade(server)
    wait_for(lambda: (state / "session.keys").exists(), "the keys are kept", 10)
    server.stop()
    server.start()
    equal(browser.get("/admin/stats.xsl").status, 200, "the session goes on after a restart")


@test
def more_known_addresses_than_fit_into_a_record_hold_up_no_upgrade(t):
    server = t.unstarted_server(body="<console/>")
    state = server.dir / "state"
    state.mkdir()
    until = int(time.time()) + 20 * 86400
    rows = ["user%012d address%09d %d\n" % (user, address, until) for user in range(20000) for address in range(10)]
    (state / "known-addresses").write_text("".join(rows))
    give_away(server.dir)
    server.write_config(body="<console/>", paths="<state-dir>%s</state-dir>" % state)
    server.start()
    for _ in range(2):
        upgrade(server)
