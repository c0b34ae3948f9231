"""The console's pages by axe-core (WCAG 2.2 A and AA, and its best practices), light and dark, at both widths."""
import axe
from api import with_api
from desk import WIDTHS, Desk
from harness import check, equal, test
from test_console_audience import audience_server, with_a_past
from test_console_pages import LONG, mount_url


OPEN = """
for (const one of document.querySelectorAll('.dots')) one.click();
for (const one of document.querySelectorAll('main details:not(.confirm)')) one.open = true;
"""
# A chart's table has a row an hour, and the titles of a mount are 100: more of the same are no news to axe, and scroll with 20 as well.
SHORTER = """
for (const one of document.querySelectorAll('.sheet table, .long table')) for (const row of [...one.rows].slice(21)) row.remove();
"""


def judged(t, *pages):
    server, api = with_api(audience_server(t))
    logins = [api.mount(name, settings={"stream-name": "A name"}) for name in ("/rock.mp3", LONG)]
    source = server.source("/rock.mp3", login=logins[0])
    source.play(5)
    server.listener("/rock.mp3")
    with_a_past(server, mounts=("/rock.mp3",), days=8)
    api.want(201, "POST", "/accounts", {"id": "acme", "quota": {"mounts": 2}})
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme"})
    api.want(201, "POST", "/tokens", {"name": "a program", "role": "viewer"})
    api.want(200, "PUT", "/stations/rock", {"name": "Rock", "mounts": ["/rock.mp3"], "colour": "#b3261e"})
    api.want(201, "POST", "/bans", {"match": {"network": "192.0.2.0/24"}, "until": 1999999999})
    desk = Desk(t, server)
    script = axe.source(desk.place)
    desk.log_in()
    found = {}
    for page in pages:
        desk.page(page)
        axe.put_in(desk.browser, script)
        for opened in (False, True):
            if opened:
                desk.browser.script(OPEN)
            for size, dark in ((WIDTHS["desk"], False), (WIDTHS["phone"], True)):
                desk.browser.look(size, dark)
                desk.browser.script(SHORTER)    # only now: an opened table is drawn in the next frame
                faults = axe.faults(desk.browser)
                if faults:
                    found[(page, "opened" if opened else "", size)] = faults
        desk.browser.look(WIDTHS["desk"])
    equal(found, {}, "what axe finds")
    desk.browser.script("document.querySelector('main').append(document.createElement('img'))")
    check("image-alt" in str(axe.faults(desk.browser)), "axe finds a fault that is there")


@test
def axe_finds_no_fault_in_the_overview_and_lists(t):
    judged(t, "", "/mounts", "/nodes", "/archive", "/stations")


@test
def axe_finds_no_fault_in_the_page_of_a_mount(t):
    judged(t, mount_url("/rock.mp3"), mount_url(LONG))


@test
def axe_finds_no_fault_in_reports(t):
    judged(t, "/audience?span=7%20d", "/usage", "/reports", "/audit")


@test
def axe_finds_no_fault_in_the_pages_of_logins_and_of_the_server(t):
    judged(t, "/accounts", "/users", "/tokens", "/bans", "/certificates", "/server")
