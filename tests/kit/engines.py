"""Browsers beside Chromium: Firefox (firefox.py), WebKitGTK by WebKitWebDriver; and a sound server with a null sink,
without which Firefox's AudioContext stays suspended.
"""
import os
import pathlib
import shutil

from facts import wait_for
from firefox import Firefox
from harness import Skip
from programs import Program

MINI = "/usr/lib/%s-linux-gnu/webkit2gtk-4.1/MiniBrowser" % os.uname().machine


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
    wait_for(path.exists, "the sound server is there", 30)
    return {"PULSE_SERVER": "unix:%s" % path, "XDG_RUNTIME_DIR": str(place)}


def firefox(bench, sound, preferences=None):
    browser = Firefox(bench.dir, sound, preferences)
    bench.owned(browser)
    return browser


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
    wait_for(pathlib.Path("/tmp/.X11-unix/X%d" % display).exists, "there is a display", 30)
    env = dict(os.environ, HOME=str(place), DISPLAY=":%d" % display, LIBGL_ALWAYS_SOFTWARE="1", WEBKIT_DISABLE_COMPOSITING_MODE="1", **sound)
    browser = webdriver.Browser(place, driver=lambda port: ["WebKitWebDriver", "--port=%d" % port], env=env, wanted={
        "acceptInsecureCerts": True, "webkitgtk:browserOptions": {"binary": MINI, "args": ["--automation", "--autoplay-policy=allow"]}})
    browser.name = "WebKitGTK"
    bench.owned(browser)
    return browser
