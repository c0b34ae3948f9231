"""A person at the console: headless Chromium that reaches only the server under test.

That is Chromium's headless shell, where it is installed.  LB_BROWSER in the environment chooses another: chromium or firefox.
"""
import os
import pathlib
import shutil
import sys
import tempfile

from firefox import Firefox
from harness import Skip, check, equal

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import accessibility  # noqa: E402
import webdriver  # noqa: E402
from webdriver import DriverError  # noqa: E402

WIDTHS = {"phone": 360, "desk": 1280}
PATIENCE = 15.0     # of pages, because a browser starts slowly beside other tests
# Elements beyond the right edge of the viewport, except a chart's figures and a phone's menu, which scroll by themselves.
WIDER = """
const edge = document.documentElement.clientWidth + 0.5;
const beyond = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && !e.closest('.sheet, #menu li') && e.getBoundingClientRect().right > edge);
return document.documentElement.scrollWidth > edge || beyond.length
    ? beyond.map(e => e.tagName + '.' + e.className + ': ' + e.textContent.trim().slice(0, 40)) : null;
"""
WANTED = """
const [selector, words, near] = arguments;
const plain = e => (e.textContent || '').replace(/\\s+/g, ' ').trim();
"""
# The visible element that begins with the words, within the first parent that contains the second words.
SEEN = """
const root = near ? [...document.querySelectorAll('tbody, section, form, details')].filter(e => e.checkVisibility() && plain(e).includes(near))
  .sort((a, b) => plain(a).length - plain(b).length).find(e => [...e.querySelectorAll(selector)].some(one => plain(one).startsWith(words))) : document;
const found = root && [...root.querySelectorAll(selector)].filter(e => e.checkVisibility() && plain(e).startsWith(words));
"""
# Opens the menu of the row that contains such an element.
MENUS = """
for (const menu of document.querySelectorAll('tr.acts[hidden]'))
  if ((!near || plain(menu.parentNode).includes(near)) && [...menu.querySelectorAll(selector)].some(e => plain(e).startsWith(words)))
    menu.parentNode.querySelector('.dots').click();
"""


class Desk:
    def __init__(self, bench, server, engine=None, whole=False):
        """engine: a browser in the given directory, instead of Chromium; whole: with what a browser has around its engine,
        such as a clipboard and tabs that are hidden."""
        self.server, self.whole = server, whole
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="icecast-lb-desk-"))
        self.browser = engine(self.place) if engine else self.usual_browser()
        self.browser.look(WIDTHS["desk"])
        self.shots = pathlib.Path(os.environ["LB_SHOTS"]) if os.environ.get("LB_SHOTS") else None
        bench.owned(self)

    def usual_browser(self):
        if os.environ.get("LB_BROWSER") == "firefox":
            return Firefox(self.place)
        shell = None if self.whole or os.environ.get("LB_BROWSER") == "chromium" else shutil.which("chromium-headless-shell")
        if not (shell or shutil.which("chromium")) or not shutil.which("chromedriver"):
            raise Skip("chromium and chromedriver are not installed")
        return webdriver.Browser(self.place, ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE " + self.server.host], shell=shell)

    def close(self):
        if self.browser is None:
            return
        self.browser.close()
        self.browser = None
        shutil.rmtree(self.place, ignore_errors=True)

    def url(self, path):
        return "http://%s:%d%s" % (self.server.host, self.server.port, path)

    def log_in(self, user="admin", password="adm-secret", page=""):
        self.browser.open(self.url("/admin/console" + page))
        check("/admin/login?back=" in self.browser.url, "a browser without a session is at " + self.browser.url)
        self.fill_login(user, password)
        self.see("Log out " + user)
        return self

    def fill_login(self, user, password):
        # A page gives the focus when it is first drawn; a field that has it by then makes Chromium complain.
        self.wait(lambda: self.browser.script("return document.activeElement.matches('[autofocus]')"), "a field has the focus")
        self.browser.find("input[name=user]").fill(user)
        self.browser.find("input[name=password]").fill(password)
        self.browser.press(webdriver.ENTER)

    def page(self, path):
        self.browser.open(self.url("/admin/console" + path))
        self.ready()

    def ready(self):
        self.wait(lambda: self.browser.script("return !!document.querySelector('main .page h2, main [role=alert]')"), "the page is there")

    def wait(self, fact, what):
        return self.browser.wait(fact, what, PATIENCE)

    def see(self, *texts, patience=None):
        shown = [""]

        def all_there():
            shown[0] = self.browser.text
            return all(text in shown[0] for text in texts)
        try:
            self.browser.wait(all_there, "", patience or PATIENCE)
        except DriverError:
            raise DriverError("the page does not show %r, but %s" % (texts, shown[0])) from None

    def gone(self, text):
        self.wait(lambda: text not in self.browser.text, "%r goes" % text)

    def one(self, selector, words="", near=""):
        """The element that a person would press, also in the menu of its row."""
        # Rows arrive with answers of the server, each with a menu of its own.
        row = self.wait(lambda: self.browser.script(WANTED + MENUS + SEEN + "return found && found[0]", selector, words, near), "there is a %s %r%s" % (selector, words, " by " + near if near else ""))
        return webdriver.Element(self.browser, row[webdriver.ELEMENT])

    def count(self, selector, words=""):
        return self.browser.script(WANTED + SEEN + "return found.length", selector, words, "")

    def press(self, words, near="", selector="button, summary, a"):
        self.one(selector, words, near).click()

    def field(self, label, near=""):
        number = self.wait(lambda: self.browser.script(WANTED + SEEN + "return found && found[0] && found[0].htmlFor", "label", label, near), "there is a field " + label)
        return self.browser.find("#" + number)

    def write(self, label, text, near=""):
        self.field(label, near).fill(text)

    def choose(self, label, value, near=""):
        for option in self.field(label, near).find_all("option"):
            if self.browser.call(option.at + "/property/value") == value:
                option.click()
                return
        raise DriverError("%s has no choice %r" % (label, value))

    def fault_at(self, label):
        """The error shown at the field with this label."""
        return self.wait(lambda: self.browser.script("""
            const label = [...document.querySelectorAll('label')].find(l => l.checkVisibility() && l.textContent.trim().startsWith(arguments[0]));
            const input = label && document.getElementById(label.htmlFor);
            if (!input || input.getAttribute('aria-invalid') !== 'true') return null;
            const fault = input.closest('.field').querySelector('.fault:not([hidden])');
            return fault && input.getAttribute('aria-describedby').split(' ').includes(fault.id) && fault.textContent""", label), "a fault stands at " + label)

    def quiet(self, but=()):
        """Checks that the browser's console is empty and that no request went elsewhere."""
        equal([row for row in self.browser.complaints() if not any(word in row for word in but)], [], "the browser's console")
        asked = self.browser.script("return performance.getEntriesByType('resource').map(e => e.name)")
        equal([name for name in asked if not name.startswith(self.url("/"))], [], "requests elsewhere")

    def looks_well(self, name, dark_too=True):
        """Checks that the page fits and is accessible, at the width of a phone and of a desktop, light and dark."""
        for size, width in WIDTHS.items():
            for dark in (False, True) if dark_too else (False,):
                self.browser.look(width, dark)
                self.browser.script("for (const one of document.getAnimations()) one.finish()")
                if self.shots:
                    self.shots.mkdir(parents=True, exist_ok=True)
                    self.browser.screenshot(self.shots / ("%s-%s%s.png" % (name, size, "-dark" if dark else "")))
                where = "%s, %s%s" % (name, size, ", dark" if dark else "")
                equal(self.browser.script(WIDER), None, where + " is wider than it")
                equal(self.browser.script(accessibility.FAULTS), [], where)
        self.browser.look(WIDTHS["desk"])
