"""The page of the archive: recordings are found by day and title, played, fetched and deleted."""
import re
import time

import accessibility
import stage  # noqa: F401  (where harness is)
from harness import ADMIN, check, equal, mount, test, wait_for
from pages import AUDIO, WIDER, WIDTHS, open_all_details, open_page, quiet
from webdriver import ENTER, TAB

NAME = "/talk & more.mp3"


def start(s):
    """A mount with two programmes; its source still sends."""
    server = s.start()
    server.write_config(body=server.slots["body"] + "<archive><dir>%s</dir></archive>%s" % (
        server.dir / "archive", mount("/*", "<archive><enabled>1</enabled></archive>")))
    server.kill()
    server.start()
    feeder = s.feed(NAME.replace("&", "%26").replace(" ", "%20"), "Talk")
    path = NAME.replace("&", "%26").replace(" ", "%20")

    def title(text):
        return wait_for(lambda: server.get("/admin/metadata?mode=updinfo&mount=%s&song=%s" % (path, text), ADMIN).status == 200, "a title")

    def has(text):
        return lambda: text in server.get("/admin/archive?mount=" + path, ADMIN).text
    title("The%20News%20at%20%3Cb%3Eeight%3C/b%3E")
    wait_for(has("<title>The News"), "the first programme is recorded", 25)
    title("Evening%20Concert")
    wait_for(has("<title>Evening Concert"), "the second one is recorded", 25)
    return server, feeder, path


@test
def the_archive_is_listened_to_by_title(s):
    server, feeder, path = start(s)
    open_page(s, "/admin/archive.xsl")
    s.see("Archive", "Mountpoint " + NAME, " kbit/s")
    s.browser.find("a", "Listen and download").click()
    s.see("Programmes", "The News at <b>eight</b>", "Evening Concert")
    s.browser.find("tr a[aria-label^='Play The News']").click()
    s.browser.wait(lambda: s.browser.find_all("audio"), "a player")
    s.browser.script("document.querySelector('audio').play()")
    s.browser.wait(lambda: s.browser.script(AUDIO % "audio")["currentTime"] > 0.7, "it plays")
    equal(s.browser.script(AUDIO % "audio")["error"], None)
    length = s.browser.script("return document.querySelector('audio').duration")
    source = s.browser.script("return document.querySelector('audio').src")
    begin, end = (float(text) for text in re.search(r"from=([\d.]+)&to=([\d.]+)", source).groups())
    check(abs(length - (end - begin)) <= 0.15, "the player says %.2f s of %.2f" % (length, end - begin))
    fetched = s.browser.script("return document.querySelector(\"a[aria-label^='Download The News']\").href")
    reply = server.get(fetched[fetched.index("/", 9):])
    equal(reply.status, 200)
    check("attachment" in reply.get("content-disposition") and len(reply.body) > 10_000, "it is not a download")
    for size, width in WIDTHS.items():
        for dark in (False, True):
            s.browser.look(width, dark)
            equal(s.browser.script(WIDER), None, "wider than %d: " % width)
            equal(s.browser.script(accessibility.FAULTS), [], "faults (%s, %s)" % (size, "dark" if dark else "light"))
            s.browser.screenshot(s.shots / ("archive-%s-%s.png" % (size, "dark" if dark else "light")))
    open_all_details(s)
    for size, width in WIDTHS.items():
        s.browser.look(width)
        equal(s.browser.script(WIDER), None, "wider than %d, opened: " % width)
        s.browser.screenshot(s.shots / ("archive-open-%s.png" % size))
    open_page(s, "/admin/archive.xsl?mount=" + path + "&day=1999-01-01")
    s.see("Nothing is recorded of this day")
    quiet(s)


@test
def a_recording_is_deleted_by_keyboard(s):
    server, feeder, path = start(s)
    feeder.close()
    feeder.source.close()
    wait_for(lambda: "recording ended" in server.log(), "the file is closed", 20)
    open_page(s, "/admin/archive.xsl?mount=" + path)
    for _ in range(40):
        s.browser.press(TAB)
        what = s.browser.script("const e = document.activeElement; return [e.tagName, e.getAttribute('aria-label') || e.innerText]")
        check(what[0] != "BODY", "the button is not reached")
        if what[0] == "SUMMARY" and what[1].startswith("Delete "):
            break
    s.browser.press(ENTER, TAB)
    s.browser.screenshot(s.shots / "archive-delete.png")
    s.browser.press(ENTER)
    s.see("deleted")  # of one file, or of two around the turn of 300 s
    wait_for(lambda: not list((server.dir / "archive").glob("*/*/*.data")), "the file is gone")
    equal(server.get("/admin/archive?action=delete&mount=%s&from=1&to=%d" % (path, time.time()), ADMIN,
                     headers=["Origin: http://evil.test", "User-Agent: Mozilla/5.0", "Accept-Language: en"]).status, 403)
    quiet(s)
