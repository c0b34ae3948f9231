"""A headless Chromium, driven by chromedriver.  W3C WebDriver is JSON over HTTP, so Python's own library and
facts.py of ../blackbox are enough.

Each wait has a deadline; no code sleeps to let time pass.
"""
import base64
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request

from facts import Failed
from ports import free_port

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name of an element's id, fixed by the standard
ENTER, TAB = "\ue007", "\ue004"
# Where a person would press the element, once it is in the viewport; or what prevents it.
POINT = """
const [element] = arguments, place = () => [...element.getClientRects()].find(box => box.width && box.height);
if (element.matches('option')) return null;
let box = place();
if (!box) return 'has no place on the page';
if (box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight) {
  element.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
  box = place();
}
const middle = (from, to, most) => Math.floor((Math.max(from, 0) + Math.min(to, most)) / 2);
const x = middle(box.left, box.right, innerWidth), y = middle(box.top, box.bottom, innerHeight), top = document.elementFromPoint(x, y);
return element.contains(top) ? [x, y] : 'is below ' + (top ? top.outerHTML.slice(0, 120) : 'nothing: it is outside the page');
"""
# Whether the element is a field of plain text; its text is then selected.
SELECTED = """
const [field] = arguments;
if (!field.matches('textarea, input:not([type]), :is([type=text], [type=search], [type=password], [type=url], [type=email])') || field.disabled || field.readOnly) return false;
field.focus();
field.select();
return document.activeElement === field;
"""


class DriverError(Failed):
    """The browser could not carry out a command."""


class Browser:
    name = "Chromium"

    def __init__(self, directory, arguments=(), patience=60.0, driver=lambda port: ["chromedriver", "--port=%d" % port], env=None, wanted=None, shell=None):
        """driver, env, wanted: for another browser, with its capabilities. shell: the path of Chromium's headless shell, which
        is the same engine without a browser around it: it starts with a fifth of the work, shows all its tabs at once and has no clipboard."""
        self.patience = patience
        port = free_port()
        self.at = "http://127.0.0.1:%d" % port
        self.driver = subprocess.Popen(driver(port), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, start_new_session=True, env=env or dict(os.environ, HOME=str(directory)))
        try:
            self.wait(self.is_up, "its driver answers")
            flags = ["--disable-gpu", "--disable-dev-shm-usage", "--mute-audio", "--no-first-run", "--hide-scrollbars",
                     "--user-data-dir=%s/profile" % directory, *arguments]
            if os.getuid() == 0:
                flags.append("--no-sandbox")
            if not shell:
                flags.append("--headless=new")
            wanted = wanted or {"browserName": "chrome-headless-shell" if shell else "chrome", "acceptInsecureCerts": True,
                      "goog:chromeOptions": {"args": flags, "binary": shell or shutil.which("chromium")}, "goog:loggingPrefs": {"browser": "ALL"}}
            session = self.call("/session", {"capabilities": {"alwaysMatch": wanted}})
            self.at += "/session/" + session["sessionId"]
        except BaseException:
            self.close()
            raise

    def close(self):
        """Ends the session first: after its answer the browser no longer writes to its profile."""
        try:
            if "/session/" in self.at:
                self.call("", method="DELETE")
        except (OSError, DriverError):
            pass
        os.killpg(self.driver.pid, signal.SIGTERM)
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.driver.pid, signal.SIGKILL)
            self.driver.wait()

    # -- the protocol
    def call(self, path, body=None, method=None):
        request = urllib.request.Request(self.at + path, None if body is None else json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.patience) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as e:
            raise DriverError("%s: %s" % (path, json.load(e)["value"]["message"].split("\n")[0])) from None

    def cdp(self, command, **parameters):
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def is_up(self):
        try:
            return self.call("/status")["ready"]
        except OSError:
            return False

    def wait(self, fact, what, patience=None):
        begin = time.monotonic()
        while True:
            value = fact()
            if value:
                return value
            if time.monotonic() > begin + (patience or self.patience):
                raise DriverError("it did not happen that " + what)
            time.sleep(min(max((time.monotonic() - begin) / 10, 0.02), 0.1))    # a look takes four processes

    # -- actions of a person
    def open(self, url):
        self.call("/url", {"url": url})

    @property
    def url(self):
        return self.call("/url")

    @property
    def title(self):
        return self.call("/title")

    @property
    def text(self):
        return self.script("return document.body.innerText")

    def find_all(self, selector):
        return [Element(self, row[ELEMENT]) for row in self.call("/elements", {"using": "css selector", "value": selector})]

    def find(self, selector, text=None):
        """The one element that matches; with `text`, the first that contains it."""
        for element in self.find_all(selector):
            if text is None or text in element.text:
                return element
        raise DriverError("%s has no %s%s" % (self.url, selector, " with the text " + repr(text) if text else ""))

    def press(self, *keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def script(self, text, *arguments):
        return self.call("/execute/sync", {"script": text, "args": list(arguments)})

    # -- appearance
    def look(self, width, dark=False, height=800):
        """Sets the viewport, and the person's preferences."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        # An element drawn by its width is notified at the next frame, and draws in it.
        self.script("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))")

    def screenshot(self, path):
        """The whole page, also below the viewport."""
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """The messages of the console since the last call."""
        return ["%(level)s %(message)s" % row for row in self.call("/se/log", {"type": "browser"})]


class Element:
    def __init__(self, browser, number):
        self.browser, self.at = browser, "/element/" + number

    @property
    def text(self):
        return self.browser.call(self.at + "/text")

    @property
    def argument(self):
        """To a script."""
        return {ELEMENT: self.at.removeprefix("/element/")}

    def click(self):
        """As chromedriver does it, which takes three times as long: it asks the page for each step by itself."""
        point = self.browser.script(POINT, self.argument) if self.browser.name == "Chromium" else None
        if point is None:
            self.browser.call(self.at + "/click", {})
        elif isinstance(point, str):
            raise DriverError("the element that is to be pressed " + point)
        else:
            moves = [{"type": "pointerMove", "x": point[0], "y": point[1], "duration": 0},
                     {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
            self.browser.call("/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": moves}]})

    def write(self, text):
        self.browser.call(self.at + "/value", {"text": text})

    def fill(self, text):
        """Writes the text in place of the present one.  In a field of text the last character is typed and the others are
        pasted: keys take an eighth of a second of a processor for 20 characters."""
        if text and self.browser.name == "Chromium" and self.browser.script(SELECTED, self.argument):
            self.browser.cdp("Input.insertText", text=text[:-1])
            self.browser.press(text[-1])
            return
        self.browser.call(self.at + "/clear", {})
        self.write(text)

    def find_all(self, selector):
        rows = self.browser.call(self.at + "/elements", {"using": "css selector", "value": selector})
        return [Element(self.browser, row[ELEMENT]) for row in rows]

    def find(self, selector):
        found = self.find_all(selector)
        if not found:
            raise DriverError("%s: there is no %s" % (self.browser.url, selector))
        return found[0]
