"""The look of the console: every page in both colours and both widths, without a store, the links between pages, and no
trace of it where it is not configured."""
import re

from api import Api, with_api
from desk import WIDER, WIDTHS, Desk
from harness import ADMIN, check, equal, test
from test_console_pages import CONSOLE, LONG, console_server, mount_url
from webdriver import TAB


@test
def pages_link_to_each_other_and_to_the_old_ones(t):
    server = console_server(t, "<mount><mount-name>/fixed.mp3</mount-name></mount>")
    desk = Desk(t, server).log_in()
    desk.see("/fixed.mp3")
    desk.press("/fixed.mp3")
    desk.see("the configuration file, where it is changed")
    equal(desk.count("summary", "Delete"), 0)
    desk.looks_well("mount-of-the-file", dark_too=False)
    desk.press("Archive", selector="#menu a")
    desk.see("This server records nothing")
    desk.press("Mounts", selector="#menu a")
    desk.see("Search mounts")
    desk.quiet()


# The height of the menu in lines of its own, and whether what is chosen there is seen whole.
MENU = """
const menu = document.getElementById('menu'), edge = document.documentElement.clientWidth, box = arguments[0] ? document.activeElement.getBoundingClientRect() : menu.querySelector('[aria-current]').getBoundingClientRect();
return [Math.round(menu.getBoundingClientRect().height / box.height), box.left >= 0 && box.right <= edge, document.documentElement.scrollWidth <= edge];
"""


@test
def on_a_phone_the_menu_is_one_line(t):
    server = console_server(t)
    desk = Desk(t, server).log_in()
    desk.browser.look(WIDTHS["phone"])
    for language in ("de", "en", "es", "fr", "pt"):
        desk.browser.script("localStorage.setItem('lb-language', arguments[0])", language)
        for page in ("", "/audit", "/server"):
            desk.page(page)
            equal(desk.browser.script(MENU, False), [1, True, True], "%s in %s" % (page, language))
    # With the keyboard each place of it is reached, and seen.
    desk.browser.script("document.querySelector('#menu a').focus()")
    for _ in range(desk.count("#menu a") - 1):
        desk.wait(lambda: desk.browser.script(MENU, True) == [1, True, True], "what has the keyboard is seen")
        desk.browser.press(TAB)
    equal(desk.browser.script("return document.activeElement === [...document.querySelectorAll('#menu a')].at(-1)"), True)
    desk.quiet()


@test
def between_a_phone_and_a_desk_nothing_is_wider_than_the_page(t):
    server = console_server(t)
    for n in range(2):
        server.source("/a%d.mp3" % n, login=Api(server).mount("/a%d.mp3" % n)).play(5)
        for _ in range(1 + n):
            server.listener("/a%d.mp3" % n, lines=["User-Agent: VLC/3.0.20 LibVLC/3.0.20"])
    desk = Desk(t, server).log_in()
    desk.browser.script("localStorage.setItem('lb-language', 'de')")
    for page, seen in ((mount_url("/a1.mp3"), "LibVLC"), ("/mounts", "/a1.mp3"), ("", "/a1.mp3")):
        desk.page(page)
        desk.see(seen)
        for width in (480, 600, 640, 768, 900, 960, 1024):   # 640: a desk at 200 %
            desk.browser.look(width)
            equal(desk.browser.script(WIDER), None, "%s at %d" % (page, width))
    # Cards are sorted as tables are.
    desk.browser.look(WIDTHS["phone"])
    first = "return document.querySelector('td[data-label=Mount]').textContent"
    desk.press("Mount", selector="th button")
    desk.wait(lambda: desk.browser.script(first) == "/a0.mp3", "by name")
    desk.press("H\u00f6rer", selector="table:has(td[data-label=Mount]) th button")
    desk.wait(lambda: desk.browser.script(first) == "/a1.mp3", "the largest first")
    desk.looks_well("cards", dark_too=False)
    desk.quiet()


@test
def on_paper_are_tables_and_in_forced_colours_frames(t):
    server = console_server(t)
    server.source("/a.mp3", login=Api(server).mount("/a.mp3")).play(5)
    desk = Desk(t, server).log_in()
    desk.see("/a.mp3")
    desk.browser.look(700)   # of A4
    desk.browser.cdp("Emulation.setEmulatedMedia", media="print")
    shown = "return [...document.querySelectorAll('nav, button, select, search')].filter(e => e.checkVisibility()).map(e => e.textContent)"
    equal(sorted(set(desk.browser.script(shown))), sorted({"1 h", "Node", "State", "Listeners", "Load", "Sources", "Up", "Version", "Mount", "Title", "Home", "Account"}))
    equal(desk.browser.script("return [...document.querySelectorAll('.page td')].filter(e => getComputedStyle(e).display !== 'table-cell' && e.checkVisibility()).length"), 0, "cards")
    desk.browser.cdp("Emulation.setEmulatedMedia", media="", features=[{"name": "forced-colors", "value": "active"}])
    frame = "return [...document.querySelectorAll('#menu a, .session button')].filter(e => getComputedStyle(e).borderTopWidth === '1px').map(e => e.textContent.trim().split(' ')[0])"
    equal(desk.browser.script(frame), ["Log", "On"], "the place and the button")
    desk.quiet()


@test
def a_long_name_stays_in_its_table(t):
    server = console_server(t)
    Api(server).mount("/" + "m" * 55 + ".mp3", settings={"stream-name": "N" * 60})
    desk = Desk(t, server).log_in()
    desk.page("/mounts")
    desk.see("N" * 60)
    desk.looks_well("mounts-60", dark_too=False)


@test
def without_a_store_it_shows_and_changes_nothing(t):
    server = t.server(body=CONSOLE + "<mount><mount-name>/fixed.mp3</mount-name></mount>")
    desk = Desk(t, server).log_in()
    desk.see("This server has no store", "/fixed.mp3")
    for page in ("", "/mounts", "/users", "/tokens", "/bans", "/accounts"):
        desk.page(page)
        equal(desk.browser.script("return [...document.querySelectorAll('main summary')].map(e => e.textContent).filter(text => /Create|Edit|Delete/.test(text))"), [], "at " + page)
    desk.looks_well("no-store", dark_too=False)
    desk.quiet()


@test
def all_pages_fit_and_are_accessible(t):
    server, api = with_api(console_server(t))
    logins = [api.mount(name, settings={"stream-name": "A <b>name</b> & more", "genre": "Rock"}) for name in ("/rock.mp3", LONG)]
    server.source("/rock.mp3", login=logins[0]).play(5)
    server.listener("/rock.mp3", lines=["User-Agent: Mozilla/5.0 <script>alert(1)</script> " + "x" * 90])
    api.want(201, "POST", "/accounts", {"id": "acme", "name": "A name with many words that goes on for a while", "quota": {"mounts": 2, "listeners": 100}})
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme"})
    api.want(201, "POST", "/users", {"name": "u" * 64, "role": "operator", "mounts": ["/rock.mp3", "/" + "y" * 80]})
    api.want(201, "POST", "/tokens", {"name": "a program", "role": "viewer", "expires": 1999999999})
    api.want(201, "POST", "/bans", {"match": {"address": "2001:db8:1234:5678:9abc:def0:1234:5678"}, "reason": "r" * 80, "until": 1999999999})
    desk = Desk(t, server).log_in()
    titles = set()
    for name, page in (("overview-long", ""), ("mounts", "/mounts"), ("mount", mount_url("/rock.mp3")), ("mount-long", mount_url(LONG)), ("accounts", "/accounts"),
                       ("users-long", "/users"), ("tokens-long", "/tokens"), ("bans-long", "/bans"), ("audit-long", "/audit"), ("nothing", mount_url("/nothing"))):
        desk.page(page)
        titles.add(desk.browser.title)
        desk.looks_well(name)
        if name not in ("overview-long", "nothing"):
            desk.browser.script("for (const one of document.querySelectorAll('.page > details, .page > div > details, .recipes details, .acts details')) one.open = true")
            desk.wait(lambda: desk.browser.script("return [...document.querySelectorAll('details.opening[open]')].every(one => one.childElementCount > 1)"), "what opens is there")
            desk.looks_well(name + "-open", dark_too=name in ("mount", "users-long"))
    equal(len(titles), 10, "titles: %r" % titles)
    # 400: a mount without logins of listeners, or without a source to move from.
    desk.quiet(but=("404", "400"))


@test
def without_a_console_nothing_is_there_and_files_of_the_user_stay(t):
    def as_before(server):
        reply = server.get("/admin/console", ADMIN)
        other = server.get("/admin/nothing-of-this-name", ADMIN)
        equal((reply.status, re.sub("console", "nothing-of-this-name", reply.text)), (other.status, other.text))
        equal(server.get("/admin/console/main.js", ADMIN).status, other.status)
        check("Console" not in server.get("/admin/stats.xsl", ADMIN).text, "a link to a console that is not there")
    as_before(t.server())
    as_before(t.server(body="<console/><api>0</api>"))
    server = t.server(body=CONSOLE)
    page = server.get("/admin/console", ADMIN)
    equal(page.status, 200)
    policy = page.get("Content-Security-Policy")
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
        check(part in policy, policy)
    equal((page.get("X-Frame-Options"), page.get("Cross-Origin-Opener-Policy")), ("DENY", "same-origin"))
    equal(server.get("/admin/console").status, 401)
    equal(server.get("/admin/console/main.js").get("WWW-Authenticate"), 'Basic realm="Icecast2 Server"')
    # Of what belongs to a page no browser asks for a password: no box stands over one that logs in.
    part = server.get("/admin/console/main.js", headers=["Sec-Fetch-Mode: cors"])
    equal((part.status, part.get("WWW-Authenticate")), (401, 'Session realm="icecast-lb"'))
    equal(server.get("/admin/console/nothing.js", ADMIN).status, server.get("/admin/nothing.js", ADMIN).status)
    equal(server.ask("POST /admin/console HTTP/1.1", ["Host: x"], ADMIN).status, 405)
    total = len(page.body) + sum(len(server.get("/admin/console/" + name, ADMIN).body) for name in (
        "main.js", "kit.js", "forms.js", "overview.js", "mounts.js", "mount.js", "encoders.js", "records.js", "audit.js", "console.css", "style.css"))
    check(total <= 130000, "the console weighs %d bytes" % total)
