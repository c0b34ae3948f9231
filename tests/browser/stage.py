"""The stage of the browser tests: a server with a few mounts, and sources that keep their rate."""
import hashlib
import pathlib
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "kit"))
import harness  # noqa: E402
from webdriver import DriverError  # noqa: E402

LONG_NAME = "/a-very-long-name-of-a-mount-that-has-no-place-to-break/" + "x" * 90 + ".mp3"
LONG_TITLE = "Hildegard von Bingen, Ensemble für frühe Musik - O vis aeternitatis (Responsorium), " + "Aufnahme" * 12
KILOBIT = 125  # bytes a second


def mp3_frames(path):
    """The frames of a file without its tags, so that they can be looped."""
    data = path.read_bytes()
    if data[:3] == b"ID3":
        size = data[6] << 21 | data[7] << 14 | data[8] << 7 | data[9]
        data = data[10 + size:]
    return data


class Feeder:
    """A source that sends at the stream's rate, in a thread of its own, until it is closed."""

    def __init__(self, server, mount, name="", seconds_ahead=2.0, file="evening.mp3", lines=()):
        lines = ["ice-bitrate: 128", "ice-genre: Ambient", *(["ice-name: " + name] if name else []), *lines]
        self.source = server.source(mount, lines=lines)
        self.data = mp3_frames(ROOT / "demo" / file)
        self.ended, self.ahead = threading.Event(), seconds_ahead
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        piece, at = 4 * KILOBIT * 128 // 10, 0      # 0.4 s
        left = self.ahead
        try:
            while not self.ended.wait(0 if left > 0 else 0.4):
                left -= 0.4
                self.source.send((self.data + self.data)[at:at + piece])
                at = (at + piece) % len(self.data)
        except OSError:
            pass                                     # the server has ended it

    def close(self):
        self.ended.set()
        self.thread.join()


class Stage:
    """A server with its sources; ends with the test."""

    def __init__(self, browser, shots):
        self.browser, self.shots = browser, shots
        self.bench = harness.Bench()
        self.feeders = []
        self.server = None
        browser.open("about:blank")
        browser.look(1280)
        browser.complaints()

    def start(self, **slots):
        slots.setdefault("sockets", harness.listen_socket(harness.free_port()))
        self.server = self.bench.unstarted_server(**slots)
        users = self.server.dir / "users"
        users.write_text("alice:%s\n" % hashlib.md5(b"secret").hexdigest())
        locked = ("<mount><mount-name>/locked.mp3</mount-name><authentication type=\"htpasswd\">"
                  "<option name=\"filename\" value=\"%s\"/></authentication></mount>" % users)
        self.server.write_config(body=slots.get("body", "") + locked)
        self.server.start()
        return self.server

    def feed(self, mount, name="", **options):
        self.feeders.append(Feeder(self.server, mount, name, **options))
        return self.feeders[-1]

    @property
    def host(self):
        return "127.0.0.1:%d" % self.server.port

    def url(self, path, login=None, host=None):
        return "http://%s%s%s" % (login + "@" if login else "", host or self.host, path)

    def see(self, *texts):
        """Waits until the page shows all of them, because a click returns before its answer arrives."""
        shown = []

        def all_there():
            shown[:] = [self.browser.text]
            return all(text in shown[0] for text in texts)
        try:
            self.browser.wait(all_there, "", harness.Settings.patience)
        except DriverError:
            raise harness.Failed("the page does not show %r, but %s" % (texts, shown)) from None

    def close(self, keep_alive_check):
        for feeder in self.feeders:
            feeder.close()
        self.bench.close(keep_alive_check)
