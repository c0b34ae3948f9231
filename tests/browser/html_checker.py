"""The Nu HTML checker on the pages: as the server sends them, and as scripts have changed them.

The checker comes from npm, once, and needs Java; without Java the test is skipped.
"""
import json
import shutil
import subprocess

import stage  # noqa: F401  (where harness is)
from harness import ADMIN, Skip, check, equal, give_away, test
from npm import packed
from pages import ADMINS, PUBLIC, busy_server

CHECKER = "vnu-jar@26.9.27"
CONSOLE = ("", "/mounts", "/mounts?mount=%2Flive.mp3", "/stations", "/nodes", "/archive", "/accounts", "/users", "/tokens", "/bans", "/certificates", "/audit", "/server")
OPENED = """
for (const one of document.querySelectorAll('.dots')) one.click();
for (const one of document.querySelectorAll('main details:not(.confirm)')) one.open = true;
"""
STANDS = "return '<!DOCTYPE html>\\n' + document.documentElement.outerHTML"


class Checker:
    def __init__(self, directory):
        if not shutil.which("java"):
            raise Skip("java is not installed")
        self.jar = directory / "vnu.jar"
        self.jar.write_bytes(packed(CHECKER, "build/dist/vnu.jar", directory))
        self.pages = directory / "pages"
        self.pages.mkdir()

    def add(self, name, text):
        (self.pages / (name + ".html")).write_text(text)

    def errors(self):
        """Checks all pages at once, because the checker starts slowly."""
        done = subprocess.run(["java", "-Xmx512m", "-jar", str(self.jar), "--errors-only", "--format", "json", "--exit-zero-always", *map(str, sorted(self.pages.iterdir()))],
                              capture_output=True, text=True, timeout=240)
        return ["%s: %s: %s" % (row["url"].rsplit("/", 1)[-1], row["message"], row.get("extract", "")) for row in json.loads(done.stderr)["messages"]]


@test
def pages_have_no_error(s):
    checker = Checker(s.bench.dir)
    records = s.bench.dir / "records"
    records.mkdir()
    give_away(records)
    server = busy_server(s, body='<console/><store type="files" path="%s"/><station id="rock" name="Rock &lt;b&gt;" colour="#b3261e"><mount>/live.mp3</mount></station>' % records)
    for name, body in (("plain", b'{"mounts": ["/off.mp3"]}'), ("full", b'{"mounts": ["/opus"], "logo": "/icecast.png", "colour": "#b3261e", "links": [{"name": "<b>", "url": "https://x.example/"}]}')):
        equal(server.ask("PUT /api/v1/stations/%s HTTP/1.1" % name, ["Host: x", "Connection: close", "Content-Type: application/json"], ADMIN, body).status, 200, name)
    for name, path in {**PUBLIC, "player": "/listen/live.mp3", "embed": "/listen/live.mp3?embed=1", "station": "/listen/rock", "record": "/listen/full", "off": "/listen/off.mp3", "login": "/admin/login"}.items():
        reply = server.get(path)
        equal(reply.status, 200, path)
        checker.add(name, reply.text)
    for name, path in ADMINS.items():
        if name != "response":
            checker.add("admin-" + name, server.get(path, ADMIN).text)
    s.browser.open(s.url("/listen/live.mp3"))
    s.browser.wait(lambda: s.browser.find("#title").text, "its title")
    checker.add("player-drawn", s.browser.script(STANDS))
    s.browser.open(s.url("/admin/console"))
    s.browser.find("input[name=user]").write("admin")
    s.browser.find("input[name=password]").write("adm-secret")
    checker.add("login-drawn", s.browser.script(STANDS))
    s.browser.find("button[type=submit]").click()
    s.see("Log out admin")
    for number, page in enumerate(CONSOLE):
        s.browser.open(s.url("/admin/console" + page))
        s.browser.wait(lambda: s.browser.script("return !!document.querySelector('main .page h2')"), "the page is there")
        s.browser.script(OPENED)
        checker.add("console-%d" % number, s.browser.script(STANDS))
    checker.add("wrong", "<!DOCTYPE html><title>x</title><p><div></p>")
    found = checker.errors()
    check(any(row.startswith("wrong.html") for row in found), "it finds what is wrong: %r" % found)
    equal([row for row in found if not row.startswith("wrong.html")], [], "errors")
