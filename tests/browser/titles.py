"""A title from liquidsoap, from its tag to the display of listeners' players."""
import os
import pwd
import re
import subprocess

from pages import EvilSite, open_page, quiet
from stage import harness
from harness import Failed, check, equal, test

HORSE = "Žluťoučký kůň № 1"
# The title as a page of another site reads it from the stream, like a player in a browser.
READ_TITLE = """
const done = arguments[arguments.length - 1];
(async () => {
    const stop = new AbortController();
    const stream = await fetch(arguments[0] + '/live.mp3', {headers: {'Icy-MetaData': '1'}, signal: stop.signal});
    const step = Number(stream.headers.get('icy-metaint')), reader = stream.body.getReader();
    let bytes = new Uint8Array(0), end = step + 1;
    while (bytes.length < end) {
        const {value} = await reader.read(), more = new Uint8Array(bytes.length + value.length);
        more.set(bytes); more.set(value, bytes.length); bytes = more;
        if (bytes.length > step) end = step + 1 + bytes[step] * 16;
    }
    stop.abort();
    done(new TextDecoder().decode(bytes.slice(step + 1, end)));
})().catch(error => done('error: ' + error));
"""


def wait_for(fact, program, what):
    try:
        return harness.wait_for(fact, what, 20)
    except Failed as failed:
        raise Failed("%s; it printed: %s" % (failed, program.text[-1500:])) from None


class Program:
    """A program that runs until the test is over; its output is in a file."""

    def __init__(self, s, name, *command, **options):
        directory = s.server.dir / name
        directory.mkdir()
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        self.out = directory / "out"
        with open(self.out, "wb") as out:
            self.process = subprocess.Popen(
                harness.as_nobody(list(command)), cwd=directory, stdout=out, stderr=out,
                env={**os.environ, "HOME": str(directory), "XDG_RUNTIME_DIR": str(directory), "LC_ALL": "C.UTF-8"},
                **{"stdin": subprocess.DEVNULL, **options})
        s.bench.owned(self)

    @property
    def text(self):
        return self.out.read_bytes().decode("utf-8", "replace")

    def close(self):
        if self.process.stdin:
            self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@test
def a_title_of_liquidsoap_arrives_in_vlc_mpv_and_a_browser(s):
    server = s.start()
    song = server.dir / "song.mp3"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=440:duration=60", "-b:a", "128k",
                    "-metadata", "title=" + HORSE, str(song)], check=True)
    song.chmod(0o644)
    liquidsoap = Program(s, "liquidsoap", "liquidsoap",
                         'output.icecast(%%mp3(bitrate=128), host="127.0.0.1", port=%d, password="src-secret", mount="live.mp3", '
                         'mksafe(single("%s")))' % (server.port, song))
    wait_for(lambda: HORSE in server.get("/status-json.xsl").text, liquidsoap, "the title is in the JSON")
    url = "http://127.0.0.1:%d/live.mp3" % server.port

    mpv = Program(s, "mpv", "mpv", "--no-config", "--no-video", "--ao=null", url)
    wait_for(lambda: re.search("icy-title: " + HORSE + "$", mpv.text, re.M), mpv, "mpv shows it")

    vlc = Program(s, "vlc", "vlc", "--intf", "rc", "--rc-fake-tty", "--no-color", "--aout", "dummy", url, stdin=subprocess.PIPE)

    def vlc_shows_it():
        vlc.process.stdin.write(b"info\n")
        vlc.process.stdin.flush()
        return re.search("now_playing: " + HORSE + r"\s*$", vlc.text, re.M)
    wait_for(vlc_shows_it, vlc, "VLC shows it")

    elsewhere = s.bench.owned(EvilSite({"/": '<link rel="icon" href="data:,"><p>a player</p>'}))
    s.browser.open("http://evil.test:%d/" % elsewhere.port)
    read = s.browser.call("/execute/async", {"script": READ_TITLE, "args": ["http://127.0.0.1:%d" % server.port]})
    equal(read.rstrip("\0"), "StreamTitle='%s';" % HORSE)
    open_page(s, "/status.xsl")
    check(HORSE in s.browser.text, "the title is on the status page: " + s.browser.text[:600])
    quiet(s)
