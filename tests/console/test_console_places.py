"""Old addresses of the administration: a browser with a session is redirected to their place in the console, programs
get the same answers as before."""
import re

from browser_login import PAGE, Browser
from harness import ADMIN, check, equal, test
from test_console_pages import console_server

NAVIGATES = [*PAGE, "Sec-Fetch-Mode: navigate"]
PLACES = {"/admin/": "", "/admin/stats.xsl": "", "/admin/listmounts.xsl": "/mounts",
          "/admin/stats.xsl?mount=/a.mp3": "/mounts?mount=%2Fa.mp3",
          "/admin/listclients.xsl?mount=/a.mp3": "/mounts?mount=%2Fa.mp3#listeners",
          "/admin/updatemetadata.xsl?mount=/a.mp3": "/mounts?mount=%2Fa.mp3#title",
          "/admin/moveclients.xsl?mount=/a.mp3": "/mounts?mount=%2Fa.mp3#move",
          "/admin/manageauth.xsl?mount=/a.mp3": "/mounts?mount=%2Fa.mp3#logins",
          "/admin/archive.xsl": "/archive", "/admin/archive.xsl?mount=/a.mp3": "/archive?mount=%2Fa.mp3",
          "/admin/cluster.xsl": "/nodes"}


def plain(path):
    return path + ("&" if "?" in path else "?") + "plain=1"


@test
def pages_of_a_session_are_in_the_console(t):
    server = console_server(t)
    server.source("/a.mp3").play(5)
    person = Browser(server).logged_in()
    for path, place in PLACES.items():
        reply = person.get(path, NAVIGATES)
        equal((reply.status, reply.get("Location")), (303, "/admin/console" + place), path)
        # The logins of a mount that asks for none are 400, for programs too.
        wanted = 400 if "manageauth" in path else 200
        equal(person.get(plain(path), NAVIGATES).status, wanted, "the page as it was: " + path)
        equal(person.get(path, [*PAGE, "Sec-Fetch-Mode: cors"]).status, wanted, "a script: " + path)
        equal(server.get(path, ADMIN, headers=NAVIGATES).status, wanted, "a password: " + path)
        if path != "/admin/":
            equal(person.get(path).status, wanted, "no word of a browser: " + path)
    equal(person.get("/admin/").status, 303, "where a browser begins")
    for path in ("/admin/stats", "/admin/listmounts", "/admin/listclients?mount=/a.mp3"):
        equal(person.get(path, NAVIGATES).status, 200, path)


@test
def templates_of_the_station_and_servers_without_a_console_stay(t):
    server = t.unstarted_server()
    root = server.dir / "admin"
    root.mkdir(exist_ok=True)
    (root / "stats.xsl").write_text('<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
                                    '<xsl:output method="html"/><xsl:template match="/"><html><p>my own</p></html></xsl:template></xsl:stylesheet>')
    server.write_config(body="<console/>")
    server.start()
    person = Browser(server).logged_in()
    for path in ("/admin/", "/admin/stats.xsl"):
        check("my own" in person.get(path, NAVIGATES).text, "the template: " + path)
    equal(person.get("/admin/listmounts.xsl", NAVIGATES).status, 303)
    other = t.server()
    equal(other.get("/admin/", ADMIN, headers=NAVIGATES).status, 200)


@test
def the_menu_is_the_same_everywhere_and_shows_what_the_login_may(t):
    server = console_server(t)
    server.source("/a.mp3").play(5)
    person = Browser(server).logged_in()

    def menu(path):
        text = re.search(r'<ul class="navigation">(.*?)</ul>', person.get(path).text, re.S).group(1)
        return re.findall(r">([^<>\n]+)</a>", text)
    wanted = menu("/admin/console")
    equal(wanted[:5], ["On air", "Mounts", "Stations", "Nodes", "Archive"])
    check("Bans" in wanted, repr(wanted))
    for path in (*PLACES, "/admin/moveclients.xsl?mount=/a.mp3", "/admin/archive.xsl", "/admin/cluster.xsl", "/admin/console/mounts"):
        if "manageauth" in path:    # 400: the mount asks for no logins
            continue
        equal(menu(plain(path)), wanted, path)
    alone = t.server().get("/admin/stats.xsl", ADMIN).text
    check("/admin/console" not in alone and "Audit" not in alone, "a console that is not there")
