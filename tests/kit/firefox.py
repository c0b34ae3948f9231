"""A headless Firefox by its own Marionette: the methods of webdriver.Browser, so that what a page does is asked of both.

Messages are LENGTH:JSON.  What WebDriver has no command for (the viewport, preferences of the person, the console) is
asked of the browser's own parts, in Marionette's context "chrome".
"""
import base64
import json
import os
import pathlib
import re
import shutil
import socket
import sys

from facts import wait_for
from harness import Skip
from ports import free_port
from programs import Program

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
import webdriver  # noqa: E402

PREFERENCES = {
    "media.autoplay.default": 0, "media.autoplay.blocking_policy": 0, "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore", "datareporting.policy.dataSubmissionEnabled": False, "app.update.enabled": False,
    "toolkit.telemetry.enabled": False, "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
    "browser.safebrowsing.malware.enabled": False, "browser.safebrowsing.phishing.enabled": False, "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "data:,", "privacy.reduceTimerPrecision": False, "media.gmp-manager.url": "data:,",
    "intl.accept_languages": "en-US, en", "browser.download.useDownloadDir": True, "browser.download.folderList": 2}
# A path of WebDriver, and the command of Marionette that is the same.
COMMANDS = (
    (r"/element/(?P<element>[^/]+)/(?P<verb>text|click|clear|value|elements)", {
        "text": "GetElementText", "click": "ElementClick", "clear": "ElementClear", "value": "ElementSendKeys", "elements": "FindElements"}),
    (r"/element/(?P<id>[^/]+)/property/(?P<name>.+)", "GetElementProperty"),
    (r"/execute/sync", "ExecuteScript"), (r"/execute/async", "ExecuteAsyncScript"), (r"/elements", "FindElements"), (r"/actions", "PerformActions"),
    (r"/title", "GetTitle"), (r"/back", "Back"), (r"/refresh", "Refresh"), (r"/window/new", "NewWindow"), (r"/window/handles", "GetWindowHandles"),
    (r"/frame", "SwitchToFrame"))
COMPLAINTS = """
const [since] = arguments, heard = [], now = gBrowser.selectedBrowser.browsingContext.currentWindowGlobal.innerWindowId;
for (const one of Services.console.getMessageArray()) {
  if (!(one instanceof Ci.nsIScriptError) || one.isFromPrivateWindow || one.timeStamp < since) continue;
  // Whatever a page that was left has not loaded.
  if (/Loading failed/.test(one.errorMessage) && one.innerWindowID !== now) continue;
  if (/^(https?|data|blob):/.test(one.sourceName) || /Content Security Policy|CSP/.test(one.category))
    heard.push([one.timeStamp, one.category + ': ' + one.errorMessage + ' (' + one.sourceName + ':' + one.lineNumber + ')']);
}
const calls = Cc['@mozilla.org/consoleAPI-storage;1'].getService(Ci.nsIConsoleAPIStorage).getEvents();
for (const one of calls)
  if (/^https?:/.test(one.filename) && one.timeStamp >= since && /warn|error|assert|exception/.test(one.level)) heard.push([one.timeStamp, one.level + ': ' + one.arguments.join(' ')]);
return [Date.now(), heard.sort((a, b) => a[0] - b[0]).map(one => one[1])];
"""
LOOK = """
const [width, height, scheme] = arguments, view = gBrowser.selectedBrowser;
view.style.cssText = 'min-width:' + width + 'px;max-width:' + width + 'px;min-height:' + height + 'px;max-height:' + height + 'px';
view.browsingContext.prefersColorSchemeOverride = scheme;
"""
SETTLED = "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(innerWidth))))"


class Firefox(webdriver.Browser):
    name = "Firefox"

    def __init__(self, directory, sound=None, preferences=None):
        # pylint: disable=super-init-not-called
        if not shutil.which("firefox-esr"):
            raise Skip("firefox-esr is not installed")
        place = pathlib.Path(directory) / "firefox"
        place.mkdir()
        self.downloads = place / "downloads"
        port = free_port()
        wanted = {**PREFERENCES, "marionette.port": port, "browser.download.dir": str(self.downloads), **(preferences or {})}
        (place / "user.js").write_text("".join("user_pref(%s, %s);\n" % (json.dumps(name), json.dumps(value)) for name, value in wanted.items()))
        self.patience, self.since = 60.0, 0
        self.socket, self.number = None, 0
        self.program = Program("firefox-esr", "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", str(place),
                               env=dict(os.environ, HOME=str(place), MOZ_DISABLE_CONTENT_SANDBOX="1", **(sound or {})))

        def connected():
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                return True
            except OSError:
                return False
        try:
            wait_for(connected, "Firefox answers", 60)
            self.read()
            self.ask("WebDriver:NewSession", acceptInsecureCerts=True)
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.socket:
            self.socket.close()
        self.program.close()

    # -- the protocol
    def read(self):
        size = b""
        while not size.endswith(b":"):
            size += self.socket.recv(1)
        data = b""
        while len(data) < int(size[:-1]):
            data += self.socket.recv(65536)
        return json.loads(data)

    def ask(self, command, **parameters):
        self.number += 1
        text = json.dumps([0, self.number, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self.read()
        if error:
            raise webdriver.DriverError("%s: %s" % (command, error["message"].split("\n")[0]))
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def call(self, path, body=None, method=None):
        body = dict(body or {})
        if path == "/url":
            return self.ask("WebDriver:Navigate", **body) if body else self.ask("WebDriver:GetCurrentURL")
        if path == "/window":
            return self.ask("WebDriver:SwitchToWindow", **body) if body else self.ask("WebDriver:GetWindowHandle")
        for form, command in COMMANDS:
            found = re.fullmatch(form, path)
            if not found:
                continue
            of = found.groupdict()
            verb = of.pop("verb", None)
            if verb and verb != "elements":
                of["id"] = of.pop("element")
            return self.ask("WebDriver:" + (command[verb] if verb else command), **body, **of)
        raise webdriver.DriverError("Marionette has no " + path)

    def cdp(self, command, **parameters):
        """The few commands of Chromium that this browser has by another name."""
        media = {one["name"]: one["value"] for one in parameters.get("features", ())}
        wanted = {"timezoneOverride": parameters["timezoneId"]} if command == "Emulation.setTimezoneOverride" else command == "Emulation.setEmulatedMedia" and {
            "mediumOverride": parameters.get("media", ""), "prefersColorSchemeOverride": media.get("prefers-color-scheme", "none"), "forcedColorsOverride": media.get("forced-colors", "none")}
        if not wanted:
            raise Skip("%s is of Chromium alone" % command)
        self.own("Object.assign(gBrowser.selectedBrowser.browsingContext, arguments[0])", wanted)

    def own(self, text, *arguments):
        """A script of the browser itself."""
        self.ask("Marionette:SetContext", value="chrome")
        try:
            return self.ask("WebDriver:ExecuteScript", script=text, args=list(arguments))
        finally:
            self.ask("Marionette:SetContext", value="content")

    @property
    def text(self):
        """Marionette does not wait for the page behind a click, as chromedriver does."""
        try:
            return self.script("return document.body ? document.body.innerText : ''") or ""
        except webdriver.DriverError:
            return ""

    # -- appearance
    def look(self, width, dark=False, height=800):
        self.own(LOOK, width, height, "dark" if dark else "light")
        self.wait(lambda: self.script(SETTLED) == width, "the page is %d wide" % width)

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.ask("WebDriver:TakeScreenshot", full=True)))

    def complaints(self):
        self.since, heard = self.own(COMPLAINTS, self.since)
        return heard
