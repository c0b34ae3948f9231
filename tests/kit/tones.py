"""Songs with a different tone each, sent at an encoder's pace, with a title at each begin."""
import math
import subprocess
import threading
import time

from harness import equal

TONES = 8       # the number of songs before a tone repeats
RATE, FRAME = 44100, 1152


def tone(song):
    return 500 + 300 * (song % TONES)


def frames(directory, seconds, songs):
    """An MP3 of all songs, frame by frame."""
    path = directory / "songs.mp3"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*(%d+%d*mod(floor(t/%g),%d))*t)':s=%d:d=%g" % (tone(0), tone(1) - tone(0), seconds, TONES, RATE, seconds * songs),
                    "-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0", str(path)], check=True)
    data, at, out = path.read_bytes(), 0, []
    while at + 4 <= len(data):
        equal(data[at], 0xff, "a frame at %d" % at)
        size = 144 * 128000 // RATE + (data[at + 2] >> 1 & 1)
        out.append(data[at:at + size])
        at += size
    return out


def power(samples, frequency):
    turn = 2 * math.cos(2 * math.pi * frequency / RATE)
    a = b = 0.0
    for sample in samples:
        a, b = sample + turn * a - b, a
    return a * a + b * b - turn * a * b


class Songs:
    """An encoder of TONES songs, on a thread: from the song `first` on, repeated until it is closed."""

    def __init__(self, bench, server, mount, data, seconds, first=0, each=lambda song: None):
        self.bench, self.server, self.mount, self.data, self.seconds, self.each = bench, server, mount, data, seconds, each
        self.source = server.source(mount, lines=["ice-bitrate: 128"])
        self.song, self.ended, self.fault = first - 1, threading.Event(), None
        # Each round of the data is some frames longer than its songs.
        self.at = first // TONES * len(data) + math.ceil(first % TONES * seconds * RATE / FRAME)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        bench.owned(self)

    def run(self):
        began, first = time.monotonic(), self.at
        try:
            while not self.ended.wait(max(0, began + (self.at - first) * FRAME / RATE - time.monotonic())):
                rounds, frame = divmod(self.at, len(self.data))
                if rounds * TONES + min(int(frame * FRAME / RATE / self.seconds), TONES - 1) > self.song:
                    self.song += 1
                    told = self.server.set_title(self.mount, song="Song%%20%d" % self.song)
                    equal(told.status, 200, "song %d: %s" % (self.song, told.text))
                    self.each(self.song)
                self.source.send(self.data[frame])
                self.at += 1
        except OSError:
            pass        # the server has ended it
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault

    def close(self):
        self.ended.set()
        self.thread.join()
        self.source.close()
