"""Sessions of browsers that were ended before the server is replaced stay ended."""
from browser_login import Browser
from harness import ADMIN, equal, test
from replacing import upgrade


def page_of(browser, cookie):
    browser.cookie = cookie
    return browser.get("/admin/stats.xsl").status


@test
def what_was_ended_stays_ended(t):
    server = t.server(body="<console/>")
    browser = Browser(server, "127.0.0.5")
    browser.log_in()
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
