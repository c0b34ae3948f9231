"""The pages and buttons of the console for each role."""
import re

from api import Api, with_api
from desk import Desk
from harness import ADMIN, check, equal, test, wait_for
from test_console_pages import console_server, make_mount, mount_url

# What may be pressed, without what only reads: columns that sort, spans and tables of charts, the menu of a row and the
# chart in it.  What stands in a menu is there before it opens.
CHANGES = """
const reads = 'th > button, .chart .spans button, .chart summary, .dots';
return [...document.querySelectorAll('main button:not([hidden]), main summary')].filter(e => !e.matches(reads) && !/^Chart\\b/.test(e.textContent)).map(e => e.textContent);
"""


@test
def each_role_sees_what_it_may(t):
    server, api = with_api(console_server(t))
    api.want(201, "POST", "/accounts", {"id": "acme", "quota": {"mounts": 2}})
    api.mount("/rock.mp3", account="acme")
    api.mount("/other.mp3")
    for name, role, more in (("vera", "viewer", {}), ("otto", "operator", {"mounts": ["/rock.mp3"]}), ("anna", "owner", {"account": "acme"})):
        api.want(201, "POST", "/users", {"name": name, "role": role, "password": "password of " + name, **more})

    def visit(name):
        desk = Desk(t, server).log_in(name, "password of " + name)
        desk.ready()
        return desk
    viewer = visit("vera")
    viewer.see("/rock.mp3", "/other.mp3", "Your login")
    for page in ("", "/mounts", mount_url("/rock.mp3")):
        viewer.page(page)
        viewer.see("/rock.mp3")
        equal(viewer.browser.script(CHANGES), [], "what a viewer may press at " + page)
    viewer.page("/users")
    viewer.see("vera", "viewer")
    viewer.press("Change your password")
    viewer.write("The password so far", "password of vera")
    viewer.write("The new password", "another one for vera")
    viewer.press("Change", selector="form button")
    viewer.see("You are logged out.")
    equal(api.as_user("vera:another one for vera").ask("GET", "/users/vera").status, 200)
    viewer.quiet()
    viewer.close()
    operator = visit("otto")
    operator.see("/rock.mp3")
    check("/other.mp3" not in operator.browser.text, "an operator sees its own mounts")
    operator.page(mount_url("/rock.mp3"))
    equal(operator.count("summary", "Delete") + operator.count("summary", "Suspend") + operator.count("summary", "Edit"), 0)
    # The nodes have names and states, and no numbers; nothing is offered that is refused.
    operator.page("/nodes")
    operator.see("Who feeds whom")
    equal(operator.browser.script("return [...document.querySelectorAll('td')].map(e => e.textContent.trim()).filter(Boolean)[1]"), "up")
    check(not re.search(r"\d", operator.browser.script("return [...document.querySelectorAll('td:not(:first-child)')].map(e => e.textContent).join()")), "numbers that are not told")
    equal(operator.count(".dots"), 0)
    operator.quiet()
    operator.close()
    owner = visit("anna")
    owner.page("/accounts")
    owner.see("acme", "1 of 2")
    equal(owner.count("summary", "Create"), 0)
    owner.page("/mounts")
    check("/other.mp3" not in owner.browser.text, "an owner sees its own mounts")
    make_mount(owner, "/mine.mp3")
    equal(api.want(200, "GET", "/mounts/mine.mp3").json()["account"], "acme")
    owner.page(mount_url("/mine.mp3"))   # without what is shown once
    owner.quiet()
    # The session ends elsewhere: the page leads to the login, and back to itself.
    api.want(204, "DELETE", "/users/anna/sessions")
    owner.see("Log in", "Your session is over")
    owner.fill_login("anna", "password of anna")
    owner.see("/mine.mp3")


@test
def logins_of_some_mounts_have_their_archive_and_their_reports(t):
    server = console_server(t, "<audience/>")
    server.stop()
    (server.dir / "state").mkdir()
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir,
                        body=server.slots["body"] + '<archive><dir>%s</dir></archive><mount type="default"><archive>1</archive></mount>' % (server.dir / "archive"))
    server.start()
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    sources = [server.source(name, login=api.mount(name, **more)) for name, more in (("/mine.mp3", {"account": "acme"}), ("/other.mp3", {}))]
    for source in sources:
        source.play(200)
        source.leave()
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme", "password": "password of anna"})
    api.want(201, "POST", "/users", {"name": "otto", "role": "operator", "mounts": ["/mine.mp3"], "password": "password of otto"})
    api.want(201, "POST", "/users", {"name": "vera", "role": "viewer", "mounts": ["/mine.mp3"], "password": "password of vera"})
    wait_for(lambda: len(server.get("/admin/archive.json", ADMIN).json()["mounts"]) == 2, "two recordings", 30)
    for name, sessions in (("anna", True), ("otto", False), ("vera", False)):
        desk = Desk(t, server).log_in(name, "password of " + name)
        desk.press("Archive", selector="#menu a")
        desk.see("/mine.mp3", "this server")
        check("/other.mp3" not in desk.browser.text, "a recording of another account")
        desk.press("/mine.mp3")
        desk.see("Archive of /mine.mp3", "Recorded parts")
        desk.page("/reports")
        offered = desk.browser.script("return [...document.querySelectorAll('select[name=report] option')].map(e => e.value)")
        equal(("reports/npr" in offered, "reports/songs" in offered), (sessions, True), name)
        # A viewer with names of mounts asks for all first.
        desk.quiet(but=("401",) if name == "vera" else ())
        # A session that is over leads to the login from here, too.
        desk.page("/archive?mount=%2Fmine.mp3")
        desk.see("Recorded parts")
        api.want(204, "DELETE", "/users/%s/sessions" % name)
        desk.press("The day before")
        desk.see("Your session is over")
        desk.close()
