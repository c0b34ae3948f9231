"""The console's pages by axe-core (WCAG 2.2 A and AA, and its best practices), light and dark, at both widths."""
import axe
from api import Api
from desk import WIDTHS, Desk
from harness import check, equal, test
from test_console_audience import audience_server, with_a_past
from test_console_pages import LONG, mount_url


@test
def axe_finds_no_fault_in_any_page(t):
    server = audience_server(t)
    api = Api(server)
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
    for page in ("", "/mounts", mount_url("/rock.mp3"), mount_url(LONG), "/nodes", "/archive", "/audience?span=7%20d", "/usage", "/reports", "/stations", "/accounts", "/users", "/tokens", "/bans", "/certificates", "/audit", "/server"):
        desk.page(page)
        axe.put_in(desk.browser, script)
        for opened in (False, True):
            if opened:
                desk.browser.script("for (const one of document.querySelectorAll('.dots')) one.click(); for (const one of document.querySelectorAll('main details:not(.confirm)')) one.open = true;")
            for size, dark in ((WIDTHS["desk"], False), (WIDTHS["phone"], True)):
                desk.browser.look(size, dark)
                faults = axe.faults(desk.browser)
                if faults:
                    found[(page, "opened" if opened else "", size)] = faults
        desk.browser.look(WIDTHS["desk"])
    equal(found, {}, "what axe finds")
    desk.browser.script("document.querySelector('main').append(document.createElement('img'))")
    check("image-alt" in str(axe.faults(desk.browser)), "axe finds a fault that is there")
