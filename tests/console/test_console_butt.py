"""butt as a user starts it, with the file from the console, whose values equal its table."""
import json
import os
import pathlib
import shutil
import subprocess

from desk import Desk
from harness import Skip, check, equal, test
from test_console_pages import console_server, make_mount, recipe

# A sound card that is not there.
NO_CARD = "pcm.!default { type null }\nctl.!default { type null }\n"


class Butt:
    """butt on a screen of its own, in a home of its own."""

    def __init__(self, bench, place, text):
        for program in ("butt", "Xvfb"):
            if not shutil.which(program):
                raise Skip(program + " is not installed")
        self.screen = self.process = None
        bench.owned(self)
        (place / ".asoundrc").write_text(NO_CARD)
        self.config = place / "radio.butt"
        self.config.write_text(text)
        reader, writer = os.pipe()
        self.screen = subprocess.Popen(["Xvfb", "-displayfd", str(writer), "-screen", "0", "800x600x24", "-nolisten", "tcp"],
                                       pass_fds=[writer], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        with os.fdopen(reader) as told:
            number = told.readline().strip()
        check(number, "a screen")
        self.log = open(place / "butt.out", "wb")
        self.process = subprocess.Popen(["butt", "-x", "-c", str(self.config)], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        env=dict(os.environ, HOME=str(place), DISPLAY=":" + number))

    def close(self):
        for process in (self.process, self.screen):
            if process and process.poll() is None:
                process.kill()
            if process:
                process.wait()
        if self.process:
            self.log.close()


def shown_rows(desk, title):
    """The rows of the table of one encoder, by label."""
    return desk.browser.script("""
        const box = [...document.querySelectorAll('.recipes details')].find(d => d.dataset.title === arguments[0]);
        return Object.fromEntries([...box.querySelectorAll('dt')].map(dt => [dt.textContent, dt.nextElementSibling.textContent]))""", title)


def values_of(text):
    return dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)


def decoded(server, mount):
    """The codec, and the number of seconds out of five that a player gets."""
    url = "http://127.0.0.1:%d%s" % (server.port, mount)
    told = subprocess.run(["ffprobe", "-v", "error", "-rw_timeout", "9000000", "-show_streams", "-of", "json", url], capture_output=True, timeout=60, check=True)
    done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-xerror", "-rw_timeout", "9000000", "-t", "5", "-i", url, "-f", "s16le", "-ac", "1", "-ar", "8000", "-"],
                          capture_output=True, timeout=60)
    check(done.returncode == 0 and not done.stderr, "ffmpeg: %d %r" % (done.returncode, done.stderr[-300:]))
    return json.loads(told.stdout)["streams"][0]["codec_name"], len(done.stdout) / 16000


def goes_on_the_air(t, mount, kind, codec):
    server = console_server(t)
    desk = Desk(t, server).log_in()
    password = make_mount(desk, mount)
    if kind:
        desk.choose("Format", kind)
    rows, text = shown_rows(desk, "butt"), recipe(desk, "butt")
    values = values_of(text)
    equal((rows["Address"], rows["Port"], rows["Password"], rows["Icecast mountpoint"], rows["Icecast user"]),
          (values["address"], values["port"], values["password"], values["mount"], values["usr"]))
    equal((rows["Type"], rows["SSL/TLS"], values["type"], values["tls"]), ("Icecast", "off", "1", "0"))
    equal((rows["Password"], rows["Port"]), (password, str(server.port)))
    Butt(t, pathlib.Path(desk.place), text)
    desk.see("on air", patience=30)
    name, seconds = decoded(server, mount)
    equal(name, codec)
    check(seconds > 4.5, "%.1f s were decoded" % seconds)
    desk.quiet()
    return "%s, %s" % (rows["Codec"], server.stat(mount, "server_type"))


@test
def butt_sends_mp3_with_what_the_page_shows(t):
    return goes_on_the_air(t, "/butt.mp3", "", "mp3")


@test
def butt_sends_opus_with_what_the_page_shows(t):
    return goes_on_the_air(t, "/butt.opus", "", "opus")


@test
def butt_sends_vorbis_with_what_the_page_shows(t):
    return goes_on_the_air(t, "/butt.ogg", "", "vorbis")


@test
def butt_sends_flac_to_a_mount_of_any_name(t):
    return goes_on_the_air(t, "/butt", "flac", "flac")
