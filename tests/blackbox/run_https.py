#!/usr/bin/env python3
"""Checks that a station started by ./run.sh --hostname, with an authority for tests, is heard over https.

Prints the time from the server's start to https, and from ./run.sh to a frame; with Chromium, to a page that plays.
Status 0 or 1.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests/kit"), str(TOP / "tests/blackbox"), str(TOP / "tests/browser")]
from authority import Authority  # noqa: E402
from harness import Failed, check, free_port, wait_for  # noqa: E402

import webdriver  # noqa: E402

NAME = "radio.example.org"


class Place:
    """The part of a test's bench that Authority uses."""

    def __init__(self, directory):
        self.dir, self.things = pathlib.Path(directory), []

    def owned(self, thing):
        self.things.append(thing)
        return thing

    def close(self):
        for thing in self.things:
            thing.close()
        shutil.rmtree(self.dir, ignore_errors=True)


def play_in_browser(place, address):
    browser = webdriver.Browser(place.dir, ["--host-resolver-rules=MAP %s 127.0.0.1" % NAME])
    try:
        browser.open(address)
        browser.find("#play").click()
        browser.wait(lambda: browser.script("return document.querySelector('audio').currentTime") > 1, "the page plays")
    finally:
        browser.close()


def main():
    place = Place(tempfile.mkdtemp(prefix="icecast-lb-run-"))
    place.dir.chmod(0o755)
    port, http, https = free_port(), free_port(), free_port()
    out = place.dir / "out"
    process = None
    try:
        authority = Authority(place, http)
        typed = time.monotonic()
        with open(out, "wb") as log:
            process = subprocess.Popen(
                ["./run.sh", "--demo", "--hostname", NAME, "--var", place.dir / "var", "--port", str(port), "--ports",
                 "%d,%d" % (http, https), "--authority", authority.url, "--authority-ca", authority.certificate],
                cwd=TOP, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

        def said(text):
            check(process.poll() is None, "run.sh has ended: " + out.read_text()[-2000:])
            return text in out.read_text()
        wait_for(lambda: said("icecast-lb runs."), "it runs", 250)
        begin = time.monotonic()
        wait_for(lambda: said("https://%s:%d/ is ready" % (NAME, https)), "https is ready: " + out.read_text()[-2000:], 30)
        print("https was ready %.1f s after the server" % (time.monotonic() - begin))
        curl = ["curl", "-sS", "--cacert", authority.root(), "--resolve", "%s:%d:127.0.0.1" % (NAME, https)]

        def frames():
            return len(subprocess.run([*curl, "--max-time", "1", "https://%s:%d/demo.mp3" % (NAME, https)], capture_output=True, timeout=20).stdout) > 1000
        wait_for(frames, "the demo plays by https", 20)
        print("the first second of it by https %.1f s after ./run.sh, its build within" % (time.monotonic() - typed))
        if shutil.which("chromium") and shutil.which("chromedriver"):
            play_in_browser(place, "https://%s:%d/listen/demo.mp3" % (NAME, https))
            print("a browser plays it %.1f s after the server, and %.1f s after ./run.sh" % (time.monotonic() - begin, time.monotonic() - typed))
        page = subprocess.run([*curl, "https://%s:%d/" % (NAME, https)], capture_output=True, timeout=20)
        check(page.returncode == 0 and b"demo.mp3" in page.stdout, "the page over https: %r" % page.stderr)
        heard = subprocess.run([*curl, "--max-time", "4", "https://%s:%d/demo.mp3" % (NAME, https)], capture_output=True, timeout=20)
        (place.dir / "heard.mp3").write_bytes(heard.stdout)
        check(len(heard.stdout) > 40000, "heard %d bytes: %r" % (len(heard.stdout), heard.stderr))
        decoded = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-f", "mp3", "-i", place.dir / "heard.mp3", "-f", "null", "-"],
                                 capture_output=True, timeout=60)
        check(decoded.returncode == 0, "it does not decode: %r" % decoded.stderr)
        again = subprocess.run(["./run.sh", "--hostname", "other.example.org", "--var", place.dir / "var"], cwd=TOP, stdin=subprocess.DEVNULL,
                               capture_output=True, text=True, timeout=250)
        check(again.returncode == 1 and "is there already, for " + NAME in again.stderr, "another name: " + again.stderr)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        with open(out, "wb") as log:
            process = subprocess.Popen(["./run.sh", "--var", place.dir / "var"], cwd=TOP, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
        wait_for(lambda: said("https://%s:%d/ is ready" % (NAME, https)), "https is ready on another day: " + out.read_text()[-2000:], 60)
    except Failed as failed:
        print(failed, *((place.dir / "var/log/error.log").read_text().splitlines()[-20:]), sep="\n", file=sys.stderr)
        return 1
    finally:
        if process:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        place.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
