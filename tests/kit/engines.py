"""Browsers beside Chromium: Firefox by its own Marionette, WebKitGTK by WebKitWebDriver; and a sound server with a
null sink, without which Firefox's AudioContext stays suspended.

They have the methods of webdriver.Browser that the tests of engines use: open(), script(), wait(), close().
"""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from facts import Failed
from harness import Skip
from ports import free_port

MINI = "/usr/lib/%s-linux-gnu/webkit2gtk-4.1/MiniBrowser" % os.uname().machine
PREFERENCES = {
    "media.autoplay.default": 0, "media.autoplay.blocking_policy": 0, "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore", "datareporting.policy.dataSubmissionEnabled": False, "app.update.enabled": False,
    "toolkit.telemetry.enabled": False, "network.captive-portal-service.enabled": False, "network.connectivity-service.enabled": False,
    "browser.safebrowsing.malware.enabled": False, "browser.safebrowsing.phishing.enabled": False, "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "data:,", "privacy.reduceTimerPrecision": False, "media.gmp-manager.url": "data:,"}


class Program:
    """A program that ends together with all programs that it starts."""

    def __init__(self, *command, env=None):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True, env=env)

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(5)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def until(fact, what, patience=30.0):
    deadline = time.monotonic() + patience
    while True:
        value = fact()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed("it did not happen that " + what)
        time.sleep(0.02)


def null_sink(bench):
    """A sound server with a null sink; returns the environment in which programs find it."""
    if not shutil.which("pulseaudio"):
        raise Skip("pulseaudio is not installed")
    place = bench.dir / "pulse"
    place.mkdir()
    path = place / "native"
    env = dict(os.environ, HOME=str(place), XDG_RUNTIME_DIR=str(place), PULSE_RUNTIME_PATH=str(place), PULSE_STATE_PATH=str(place))
    bench.owned(Program("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disallow-exit",
                        "--load=module-null-sink", "--load=module-native-protocol-unix auth-anonymous=1 socket=%s" % path, env=env))
    until(path.exists, "the sound server is there")
    return {"PULSE_SERVER": "unix:%s" % path, "XDG_RUNTIME_DIR": str(place)}


class Firefox:
    name = "Firefox"

    def __init__(self, bench, sound):
        if not shutil.which("firefox-esr"):
            raise Skip("firefox-esr is not installed")
        place = pathlib.Path(bench.dir) / "firefox"
        place.mkdir()
        port = free_port()
        (place / "user.js").write_text("".join("user_pref(%s, %s);\n" % (json.dumps(name), json.dumps(value)) for name, value in {**PREFERENCES, "marionette.port": port}.items()))
        bench.owned(self)
        self.socket, self.number = None, 0
        self.program = Program("firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", str(place),
                               env=dict(os.environ, HOME=str(place), MOZ_DISABLE_CONTENT_SANDBOX="1", **sound))

        def connected():
            try:
                self.socket = socket.create_connection(("127.0.0.1", port))
                return True
            except OSError:
                return False
        until(connected, "Firefox answers", 60)
        self.read()
        self.call("WebDriver:NewSession", acceptInsecureCerts=True)

    def read(self):
        size = b""
        while not size.endswith(b":"):
            size += self.socket.recv(1)
        data = b""
        while len(data) < int(size[:-1]):
            data += self.socket.recv(65536)
        return json.loads(data)

    def call(self, command, **parameters):
        self.number += 1
        text = json.dumps([0, self.number, command, parameters]).encode()
        self.socket.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self.read()
        if error:
            raise Failed("%s: %s" % (command, error["message"]))
        return result

    def open(self, url):
        self.call("WebDriver:Navigate", url=url)

    def script(self, text, *arguments):
        return self.call("WebDriver:ExecuteScript", script=text, args=list(arguments))["value"]

    def wait(self, fact, what, patience=30.0):
        return until(fact, what, patience)

    def close(self):
        if self.socket:
            self.socket.close()
        self.program.close()


def webkit(bench, sound):
    """WebKitGTK's MiniBrowser, on a display of its own."""
    import webdriver  # of ../browser
    for program in ("WebKitWebDriver", "Xvfb"):
        if not shutil.which(program):
            raise Skip(program + " is not installed")
    place = pathlib.Path(bench.dir) / "webkit"
    place.mkdir()
    display = 90 + os.getpid() % 900
    bench.owned(Program("Xvfb", ":%d" % display, "-screen", "0", "1280x800x24", "-nolisten", "tcp"))
    until(pathlib.Path("/tmp/.X11-unix/X%d" % display).exists, "there is a display")
    env = dict(os.environ, HOME=str(place), DISPLAY=":%d" % display, LIBGL_ALWAYS_SOFTWARE="1", WEBKIT_DISABLE_COMPOSITING_MODE="1", **sound)
    browser = webdriver.Browser(place, driver=lambda port: ["WebKitWebDriver", "--port=%d" % port], env=env, wanted={
        "acceptInsecureCerts": True, "webkitgtk:browserOptions": {"binary": MINI, "args": ["--automation", "--autoplay-policy=allow"]}})
    browser.name = "WebKitGTK"
    bench.owned(browser)
    return browser
