"""What each role sees of the console, and may press there."""
from api import Api
from desk import Desk
from harness import check, equal, test
from test_console_pages import console_server, make_mount, mount_url
from webdriver import ENTER

# What may be pressed, without what only reads: columns that sort, spans and tables of charts, the menu of a row and the
# chart in it.  What stands in a menu is there before it opens.
CHANGES = """
const reads = 'th > button, .chart .spans button, .chart summary, .dots';
return [...document.querySelectorAll('main button:not([hidden]), main summary')].filter(e => !e.matches(reads) && !/^Chart\\b/.test(e.textContent)).map(e => e.textContent);
"""


@test
def each_role_sees_what_it_may(t):
    server = console_server(t)
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "acme", "quota": {"mounts": 2}})
    api.mount("/rock.mp3", account="acme")
    api.mount("/other.mp3")
    for name, role, more in (("vera", "viewer", {}), ("otto", "operator", {"mounts": ["/rock.mp3"]}), ("anna", "owner", {"account": "acme"})):
        api.want(201, "POST", "/users", {"name": name, "role": role, "password": "password of " + name, **more})

    def visit(name):
        desk = Desk(t, server)
        desk.log_in(name, "password of " + name)
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
    owner.quiet()
    # The session ends elsewhere: the page leads to the login, and back to itself.
    api.want(204, "DELETE", "/users/anna/sessions")
    owner.see("Log in", "Your session is over")
    owner.browser.find("input[name=user]").write("anna")
    owner.browser.find("input[name=password]").write("password of anna" + ENTER)
    owner.see("/mine.mp3")
