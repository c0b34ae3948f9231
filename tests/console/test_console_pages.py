"""The console in a real browser: a mount is made and goes on the air with exactly the settings that the page shows; all
other actions, by the keyboard too."""
import os
import pathlib
import signal
import subprocess
import time

from api import Api, refused, store_server, with_api
from desk import Desk
from harness import Failed, check, equal, test, wait_for
from webdriver import ENTER, TAB

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MUSIC = ROOT / "demo" / "evening.mp3"
CONSOLE = '<console/>'
SPACE, ESCAPE = " ", "\ue00c"
LONG = "/a-very-long-name-of-a-mount-that-has-no-place-to-break/" + "x" * 60 + ".mp3"
# A source is silent while a person looks at pages.
LIMITS = "<clients>5000</clients><source-timeout>120</source-timeout>"


def console_server(t, body="", **slots):
    slots.setdefault("limits", LIMITS)
    return store_server(t, CONSOLE + body, **slots)


class Shell:
    """A command of the page, as it is copied."""

    def __init__(self, bench, command):
        self.process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        bench.owned(self)

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def recipe(desk, title):
    """The text in the box of one encoder."""
    return desk.browser.script("return [...document.querySelectorAll('.recipes details')].find(d => d.dataset.title === arguments[0]).querySelector('pre').textContent", title)


def shown_password(desk):
    return desk.browser.script("return [...document.querySelectorAll('.secret dd code')].at(-1).textContent")


def make_mount(desk, name, **fields):
    desk.page("/mounts")
    desk.press("Create a mount")
    desk.write("Mount", name)
    for label, text in fields.items():
        desk.write(label, text)
    desk.press("Create", selector="form button")
    desk.see("The login of its source", name)
    return shown_password(desk)


def mount_url(name):
    return "/mounts?mount=" + name.replace("/", "%2F")


@test
def a_new_mount_is_on_the_air_with_exactly_what_the_page_shows(t):
    server = console_server(t)
    desk = Desk(t, server).log_in(page="/mounts")
    check(desk.browser.url.endswith("/admin/console/mounts"), "after the login: " + desk.browser.url)
    desk.see("There are no mounts")
    password = make_mount(desk, "/rock.mp3", **{"Name of the stream": "Tom's \"Rock\" & Roll"})
    desk.looks_well("mount-made")
    command = recipe(desk, "ffmpeg")
    check(password in command and "/rock.mp3" in command, command)
    encoder = Shell(t, command.replace("-re -i INPUT", "-v error -nostdin -re -i " + str(MUSIC)))
    desk.see("on air", patience=30)
    equal(server.stat("/rock.mp3", "server_name"), "Tom's \"Rock\" & Roll")
    server.listener("/rock.mp3").take(20000)
    encoder.close()
    server.wait_until_gone("/rock.mp3")
    desk.see("off air")
    # Seen once: after a new visit it is nowhere.
    desk.page(mount_url("/rock.mp3"))
    desk.see("Settings of its encoder", "PASSWORD stands for")
    check(password not in desk.browser.script("return document.documentElement.outerHTML"), "the password is shown again")
    desk.quiet()


@test
def libshout_is_on_the_air_with_the_command_of_the_page(t):
    server = console_server(t)
    desk = Desk(t, server).log_in()
    make_mount(desk, "/jazz.ogg", **{"Name of the stream": "Jazz #{1+1} `id`"})
    equal(desk.browser.script("return document.querySelector('.encoder select').value"), "vorbis")
    music = desk.place / "music.ogg"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(MUSIC), "-t", "60", "-c:a", "libvorbis", str(music)], check=True)
    Shell(t, recipe(desk, "libshout and others").replace("cat music.ogg", "cat " + str(music)))
    desk.see("on air", patience=30)
    equal(server.stat("/jazz.ogg", "server_name"), "Jazz #{1+1} `id`")
    server.listener("/jazz.ogg").take(20000)


@test
def liquidsoap_is_on_the_air_with_the_script_of_the_page(t):
    server = console_server(t)
    desk = Desk(t, server).log_in()
    make_mount(desk, "/soap.mp3", **{"Name of the stream": "Soap #{1+1} \"it\""})
    script = pathlib.Path(desk.place) / "radio.liq"
    desk.place.chmod(0o755)
    script.write_text("settings.init.allow_root.set(true)\n" + recipe(desk, "Liquidsoap").replace('mksafe(playlist("/srv/music"))', "mksafe(sine())"))
    Shell(t, "liquidsoap " + str(script))
    desk.see("on air", patience=30)
    equal(server.stat("/soap.mp3", "server_name"), "Soap #{1+1} \"it\"")
    server.listener("/soap.mp3").take(20000)


@test
def a_mount_is_edited_suspended_and_gets_a_new_password_and_presenters(t):
    server, api = with_api(console_server(t))
    login = api.mount("/talk.mp3", settings={"stream-name": "Talk", "genre": "talk"})
    desk = Desk(t, server).log_in(page=mount_url("/talk.mp3"))
    desk.see("Talk", "off air")
    desk.press("Edit")
    desk.write("Genre", "")
    desk.write("Description", "Two people speak")
    desk.write("Listeners at once", "12")
    desk.write("Recordings, GB", "1.5")
    desk.choose("Listeners above the limit", "kick")
    desk.press("More settings")
    desk.write("max-listener-duration", "2h")
    desk.looks_well("mount-edit", dark_too=False)
    desk.press("Save")
    desk.see("Two people speak", "12\nlisteners allowed")
    now = api.want(200, "GET", "/mounts/talk.mp3").json()
    equal(now["settings"], {"stream-name": "Talk", "stream-description": "Two people speak", "max-listener-duration": 7200})
    equal({name: now["limits"].get(name) for name in ("listeners", "storage", "over")}, {"listeners": 12, "storage": 1500000000, "over": "kick"})
    # A source on air ends with the suspension, which says so first.
    source = server.source("/talk.mp3", login=login)
    source.play(5)
    server.listener("/talk.mp3")
    desk.see("1\nlisteners")
    desk.press("Suspend")
    desk.see("its source ends, and 1 listener loses it")
    check(api.want(200, "GET", "/mounts/talk.mp3").json()["on-air"], "nothing has happened yet")
    desk.press("Suspend", selector=".sure button")
    desk.see("suspended by an admin")
    server.wait_until_gone("/talk.mp3")
    desk.press("Resume")
    desk.see("off air")
    # A new password.
    desk.press("New password", selector=".page > section summary")
    desk.press("New password", selector=".sure button")
    desk.see("The login of its source")
    new = shown_password(desk)
    check("401" in refused(server, "/talk.mp3", login), "the old password is refused")
    source = server.source("/talk.mp3", login="source:" + new)
    source.play(3)
    desk.see("on air")
    desk.press("End source")
    desk.press("End source", selector=".sure button")
    server.wait_until_gone("/talk.mp3")
    # A presenter, and away again.
    desk.press("Add a login")
    desk.write("User", "eva")
    desk.press("Add", selector="form button")
    desk.see("Valid", "eva")
    eva = shown_password(desk)
    server.source("/talk.mp3", login="eva:" + eva).play(2)
    # Her hours, and what is wrong with them.
    desk.press("Hours", near="eva")
    desk.write("Hours of each week", "mon someday 20:00-22:00")
    desk.press("Save", selector="form button")
    check("someday" in desk.fault_at("Hours of each week"), "a day that is none")
    desk.write("Hours of each week", "mon tue 20:00 - 22:00, 00:00-24:00")
    desk.write("Time zone", "UTC")
    desk.press("Save", selector="form button")
    desk.see("mon tue 20:00-22:00, 00:00-24:00 (UTC)", "eva")
    equal([row.get("hours") for row in api.want(200, "GET", "/mounts/talk.mp3").json()["sources"] if row["user"] == "eva"],
          [[{"days": ["mon", "tue"], "from": "20:00", "until": "22:00"}, {"from": "00:00", "until": "24:00"}]])
    desk.press("Remove", near="eva")
    desk.see("The login eva ends")
    desk.press("Remove", selector=".sure button")
    wait_for(lambda: [row["user"] for row in api.want(200, "GET", "/mounts/talk.mp3").json()["sources"]] == ["source"], "the login goes")
    desk.press("Delete")
    desk.see("Delete /talk.mp3?")
    desk.press("Delete", selector=".sure button")
    desk.see("There are no mounts")
    api.problem("not-found", "GET", "/mounts/talk.mp3")
    desk.quiet(but=("422",))


@test
def what_the_api_finds_wrong_stands_at_its_field(t):
    server = console_server(t)
    Api(server).mount("/rock.mp3")
    desk = Desk(t, server).log_in(page="/mounts")
    desk.press("Create a mount")
    desk.write("Mount", "/rock.mp3")
    desk.press("Create", selector="form button")
    check("exists already" in desk.fault_at("Mount"), "a name that is taken")
    desk.write("Mount", "no-slash*")
    desk.write("Fallback mount", "nowhere")
    desk.press("Create", selector="form button")
    check(desk.fault_at("Mount"), "a name that cannot be")
    desk.looks_well("faults")
    desk.page("/bans")
    desk.press("Create a ban")
    desk.write("Which", "300.1.2.3")
    desk.press("Ban", selector="form button")
    check(desk.fault_at("Which"), "an address that is none")
    desk.quiet(but=("409", "422"))


@test
def accounts_users_tokens_and_bans_are_made_and_ended(t):
    server, api = with_api(console_server(t))
    desk = Desk(t, server).log_in(page="/accounts")
    desk.see("There are no accounts")
    desk.press("Create an account")
    desk.write("Account", "acme")
    desk.write("Mounts", "3")
    desk.write("Recordings of its mounts together, GB", "2.5")
    desk.press("Create", selector="form button")
    desk.see("acme", "0 of 3", "0 of 2.5")
    equal(api.want(200, "GET", "/accounts/acme").json()["quota"]["storage"], 2500000000)
    desk.page("/users")
    desk.press("Create a user")
    desk.write("User", "anna")
    desk.choose("Account", "acme")
    desk.press("Create", selector="form button")
    desk.see("The login of anna")
    password = shown_password(desk)
    equal(api.as_user("anna:" + password).want(200, "GET", "/users/anna").json()["role"], "owner")
    desk.looks_well("users")
    desk.press("Disable", near="anna")
    desk.press("Disable", selector=".sure button")
    desk.see("disabled")
    equal(api.as_user("anna:" + password).ask("GET", "/users/anna").status, 401)
    desk.press("Enable")
    desk.gone("disabled")
    desk.press("New password", near="anna")
    desk.write("Password", "correct horse battery")
    desk.press("New password", selector="form button")
    wait_for(lambda: api.as_user("anna:correct horse battery").ask("GET", "/users/anna").status == 200, "the new password works")
    desk.page("/tokens")
    desk.press("Create a token")
    desk.write("What it is for", "billing")
    desk.press("Create", selector="form button")
    desk.see("The token for billing")
    token = shown_password(desk)
    equal(api.as_user(token=token).want(200, "GET", "/mounts").status, 200)
    desk.looks_well("tokens", dark_too=False)
    desk.press("Delete", near="billing")
    desk.see("Delete the token billing?")
    desk.press("Delete", selector=".sure button")
    desk.see("There are no tokens")
    equal(api.as_user(token=token).ask("GET", "/mounts").status, 401)
    desk.page("/bans")
    desk.press("Create a ban")
    desk.choose("By", "network")
    desk.write("Which", "192.0.2.0/24")
    desk.write("Reason", "stream ripper")
    desk.press("Ban", selector="form button")
    desk.see("192.0.2.0/24", "stream ripper")
    until = api.want(200, "GET", "/bans").json()["items"][0]["until"]
    check(86000 - 120 < until - time.time() < 86400 + 120, "a day: until %r" % until)
    desk.looks_well("bans", dark_too=False)
    desk.press("End", near="192.0.2.0/24")
    desk.press("End the ban", selector=".sure button")
    desk.see("There are no bans")
    desk.page("/users")
    desk.press("Delete", near="anna")
    desk.press("Delete", selector=".sure button")
    desk.see("There are no users")
    desk.page("/accounts")
    desk.press("Delete", near="acme")
    desk.see("Delete acme with its 0 mounts")
    desk.press("Delete", selector=".sure button")
    desk.see("There are no accounts")
    desk.quiet()


@test
def what_was_changed_is_in_the_audit(t):
    server = console_server(t)
    desk = Desk(t, server).log_in(page="/audit")
    if "/audit" not in Api(server).describe()["paths"]:
        desk.see("audit.log in the log directory")
        desk.quiet()
        return "GET /api/v1/audit is not there: the page says so"
    desk.see("login", "admin")
    make_mount(desk, "/rock.mp3")
    Api(server).want(200, "PUT", "/stations/rock", {"mounts": ["/rock.mp3"]})
    desk.page("/audit")
    desk.see("create", "mount /rock.mp3", "station rock")
    desk.write("Who", "nothing-of-this-name")
    desk.press("Show")
    desk.see("Nothing matches")
    desk.looks_well("audit-empty", dark_too=False)
    desk.write("Who", "admin")
    desk.press("Show")
    desk.see("create")
    desk.looks_well("audit")
    desk.quiet()
    return None


@test
def the_keyboard_stays_beside_a_row_that_goes_and_with_one_that_moves(t):
    server, api = with_api(console_server(t))
    for n in range(3):
        api.want(201, "POST", "/bans", {"match": {"network": "198.51.%d.0/24" % n}})
    desk = Desk(t, server).log_in()
    desk.page("/bans")
    focus = "const e = document.activeElement; return [e.tagName, e.textContent.trim()]"
    for n, beside in ((1, ["BUTTON", "⋯Actions: 198.51."]), (0, ["BUTTON", "⋯Actions: 198.51.2"]), (2, ["H2", "Bans"])):
        desk.one("summary", "End", near="198.51.%d.0" % n).write(ENTER)
        desk.one("button", "End the ban").write(ENTER)
        desk.gone("198.51.%d.0" % n)
        desk.wait(lambda: [a.startswith(b) for a, b in zip(desk.browser.script(focus), beside)] == [True, True], "the keyboard is beside it: %r" % desk.browser.script(focus))
    # Of what takes turns it goes to the other one.
    api.want(201, "POST", "/users", {"name": "vera", "role": "viewer"})
    desk.page("/users")
    for pressed, then in (("Disable", "Enable"), ("Enable", "Disable vera")):
        desk.one("summary, button", pressed, near="vera").write(ENTER)
        if pressed == "Disable":
            desk.one(".sure button", "Disable").write(ENTER)
        desk.wait(lambda: desk.browser.script(focus)[1] == then, "the keyboard is at " + then)
    # The busiest mount comes first, with what has the keyboard there.
    for name in ("/a.mp3", "/b.mp3"):
        server.source(name, login=api.mount(name)).play(5)
    desk.page("")
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('td[data-label=Mount] a').length") == 2, "both")
    desk.browser.script("document.querySelectorAll('td[data-label=Mount] a')[1].focus()")
    order = "return [...document.querySelectorAll('td[data-label=Mount]')].map(e => e.textContent)"
    name = desk.browser.script(order)[1]
    server.listener(name)
    desk.wait(lambda: desk.browser.script(order)[0] == name, "it is the first one")
    equal(desk.browser.script(focus), ["A", name])
    desk.quiet()


@test
def the_overview_finds_mounts_nodes_accounts_and_users(t):
    server, api = with_api(console_server(t))
    logins = {name: api.mount(name, settings={"stream-name": name[1:5].title()}) for name in ("/rock.mp3", "/jazz.opus", LONG)}
    api.want(201, "POST", "/accounts", {"id": "acme", "name": "Acme & Sons <b>"})
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme"})
    api.want(200, "POST", "/mounts/jazz.opus/suspend")
    source = server.source("/rock.mp3", login=logins["/rock.mp3"])
    source.play(5)
    for _ in range(3):
        server.listener("/rock.mp3")
    desk = Desk(t, server).log_in()
    desk.see("1 of 3\nmounts on air", "/rock.mp3", "/jazz.opus", "suspended")
    wait_for(lambda: "3\nlisteners" in desk.browser.text, "the listeners are counted")
    desk.looks_well("overview")
    desk.see("up")
    desk.browser.press("/")
    equal(desk.browser.script("return document.activeElement.id"), "search")
    desk.browser.press(*"jazz")
    desk.wait(lambda: desk.browser.script("return [...document.querySelectorAll('td[data-label=Mount]')].map(e => e.textContent)") == ["/jazz.opus"], "one mount is left")
    desk.browser.press(*["\ue003"] * 4, *"acme")
    desk.see("No mount matches", "Accounts and users", "Acme & Sons <b>", "owner of acme")
    desk.looks_well("overview-search", dark_too=False)
    check(desk.browser.url.endswith("?q=acme"), desk.browser.url)
    desk.press("anna")
    desk.see("Users", "anna")
    check("/users?q=anna" in desk.browser.url, desk.browser.url)
    desk.browser.call("/back", {})
    desk.see("Accounts and users")
    desk.quiet()


@test
def listeners_are_kicked_titles_set_and_nodes_drained(t):
    server, api = with_api(console_server(t))
    login = api.mount("/rock.mp3")
    desk = Desk(t, server)
    source = server.source("/rock.mp3", login=login)
    source.play(20)
    foo, bar = (server.listener("/rock.mp3", lines=["User-Agent: " + name]) for name in ("Foo/1", "Bar/2 <script>alert(1)</script>"))
    desk.log_in(page=mount_url("/rock.mp3"))
    desk.see("Foo/1", "Bar/2 <script>alert(1)</script>")
    desk.looks_well("listeners")
    desk.press("Kick", near="Foo/1")
    desk.see("End 1 listener, 127.0.0.1 with Foo/1?")
    equal(server.stat("/rock.mp3", "listeners"), "2", "nothing has happened yet")
    desk.press("Kick", selector=".sure button")
    foo.expect_end()
    desk.gone("Foo/1")
    equal(server.stat("/rock.mp3", "listeners"), "1")
    desk.press("Set the title")
    desk.write("Title", "Brian Eno - An Ending")
    desk.press("Set", selector="form button")
    # The title may come by the live stream before the answer that closes the form.
    desk.wait(lambda: not desk.count("#title input"), "the form closes")
    desk.see("Brian Eno - An Ending")
    equal(server.stat("/rock.mp3", "title"), "Brian Eno - An Ending")
    # The present title in its parts, and what the stream cannot tell.
    desk.press("Set the title")
    desk.wait(lambda: desk.browser.script("return [...document.querySelectorAll('#title input')].map(one => one.value)") == ["Brian Eno", "An Ending", "", "", ""],
              "the form has the present title")
    desk.write("Title", "Deep Blue Day")
    desk.write("Album", "Apollo")
    desk.write("Length", "3:58")
    desk.browser.script("document.querySelector('#title input[type=datetime-local]').value = '2001-01-01T00:00:00'")
    desk.looks_well("title-form")
    desk.press("Set", selector="form button")
    check("ten minutes" in desk.fault_at("Begins"), "a moment that is too far away")
    desk.browser.script("document.querySelector('#title input[type=datetime-local]').value = ''")
    desk.press("Set", selector="form button")
    desk.see("Brian Eno - Deep Blue Day")
    now = server.get("/api/v1/now/rock.mp3").json()["title"]
    equal([now[name] for name in ("artist", "title", "album", "duration_ms")], ["Brian Eno", "Deep Blue Day", "Apollo", 238000])
    desk.write("Your password", "se \"cret")
    desk.see('password = se "cret')
    # A ban has an end and a reason; it shuts nobody out that asks for it.
    baz = server.listener("/rock.mp3", lines=["User-Agent: Baz/3"], source_address="127.0.0.9")
    desk.press("Ban", near="Bar/2", selector="summary")
    desk.press("Ban", selector="form button")
    desk.see("it would shut out 127.0.0.1, the address of this request")
    desk.press("Cancel")
    desk.press("Ban", near="Baz/3", selector="summary")
    desk.write("Reason", "it records")
    desk.press("Ban", selector="form button")
    baz.expect_end()
    ban = wait_for(lambda: api.want(200, "GET", "/bans").json()["items"], "the ban")[0]
    equal((ban["match"], ban["reason"], 86000 < ban["until"] - time.time() < 86400), ({"address": "127.0.0.9"}, "it records", True), ban)
    desk.page("")
    desk.see("1 of 1\nnodes up", "Brian Eno - Deep Blue Day")
    desk.press("Drain")
    desk.see("takes no new listeners; 1 listener")
    desk.press("Drain", selector=".sure button")
    desk.see("draining", "0 of 1\nnodes up")
    desk.looks_well("node-drains")
    desk.press("Serve again")
    desk.see("1 of 1\nnodes up")
    desk.press("Weight")
    desk.write("Weight", "2000")
    desk.press("Set", selector="form button")
    check(desk.fault_at("Weight"), "a weight that is too large")
    desk.write("Weight", "50")
    desk.press("Set", selector="form button")
    wait_for(lambda: api.want(200, "GET", "/nodes").json()["items"][0].get("weight") == 50, "the weight is set")
    desk.quiet(but=("422",))
    bar.close()


@test
def the_keyboard_is_enough(t):
    server = console_server(t)
    desk = Desk(t, server, whole=True)
    browser = desk.browser
    browser.open(desk.url("/admin/console"))
    browser.press(*"admin", TAB, *"adm-secret", ENTER)
    desk.see("Log out admin")
    desk.ready()

    def focus():
        what = browser.script("const e = document.activeElement, r = getComputedStyle(e);"
                              "return [e.tagName, e.textContent.trim() || e.name || e.id, r.outlineStyle !== 'none' && parseFloat(r.outlineWidth) >= 2]")
        check(what[2] or what[0] == "BODY", "no sign that %s has the focus" % what[:2])
        return what[1]

    def tab_to(words, most=60):
        seen = []
        for _ in range(most):
            browser.press(TAB)
            seen.append(focus())
            if seen[-1].startswith(words):
                return
        raise Failed("Tab does not lead to %r, but to %r" % (words, seen))
    browser.press(TAB)
    equal(focus(), "To the content")
    tab_to("Mounts")
    browser.press(ENTER)
    desk.see("There are no mounts")
    tab_to("Create a mount")
    browser.press(ENTER)
    desk.wait(lambda: browser.script("return document.activeElement.name") == "mount", "the cursor is in the first field")
    browser.press(*"/keys.mp3", ENTER)
    desk.see("The login of its source")
    check(browser.script("return document.activeElement.closest('main') !== null"), "the cursor stays in the page")
    tab_to("Copy")
    browser.press(ENTER)
    desk.see("Copied")
    tab_to("Suspend")
    browser.press(ENTER)
    desk.see("takes no source until it is resumed")
    browser.press(ESCAPE)
    desk.gone("takes no source until it is resumed")
    equal(focus(), "Suspend")
    browser.press(ENTER, TAB, SPACE)
    desk.see("suspended by an admin")
    browser.press("/")
    desk.see("Overview")
    desk.wait(lambda: browser.script("return document.activeElement.id") == "search", "the cursor is in the search")
    desk.quiet()
