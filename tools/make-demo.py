#!/usr/bin/env python3
"""Makes the pieces in demo/: two short loops, each as MP3 and as Ogg Vorbis, with titles.

usage: make-demo.py DIRECTORY        needs lame and oggenc

Every piece lasts 8 beats at 125 a minute: 3.84 s, that is exactly 160 MP3 frames at 48 kHz.  The
tails of the last notes sound on under the first ones, and the MP3 is cut out of the middle of three
rounds, without a bit reservoir: put end to end the loops have no seam.
"""
import array
import math
import pathlib
import subprocess
import sys
import tempfile
import wave

RATE = 48000
BEAT = 23040                       # samples
SAMPLES = 8 * BEAT
MP3_FRAME_BYTES, MP3_FRAME_SAMPLES = 384, 1152   # 128 kbit/s at 48 kHz: no padding
MP3_FRAMES = SAMPLES // MP3_FRAME_SAMPLES
ARTIST = "icecast-lb"

# (beat, midi note, loudness, place from 0 left to 1 right)
def arpeggio(beat, notes, loudness=0.5):
    return [(beat + i / 2, note, loudness, 0.25 + 0.5 * (i % 3) / 2) for i, note in enumerate(notes)]


PIECES = {
    "morning": ("Morning", [
        (0, 36, 0.9, 0.5), (4, 41, 0.9, 0.5),
        *arpeggio(0, [60, 64, 67, 71, 74, 71, 67, 64]), *arpeggio(4, [57, 60, 65, 69, 72, 69, 65, 67]),
        (0, 79, 0.7, 0.7), (1.5, 76, 0.6, 0.7), (2, 83, 0.7, 0.7), (4, 81, 0.7, 0.7), (5.5, 77, 0.6, 0.7), (6, 76, 0.6, 0.7),
        (7, 74, 0.6, 0.7)]),
    "evening": ("Evening", [
        (0, 33, 0.9, 0.5), (4, 38, 0.9, 0.5), (6, 40, 0.8, 0.5),
        *arpeggio(0, [57, 64, 67, 71, 72, 71, 67, 64]), *arpeggio(4, [57, 62, 65, 69]), *arpeggio(6, [56, 62, 64, 68]),
        (0, 76, 0.7, 0.3), (1, 79, 0.6, 0.3), (2.5, 83, 0.7, 0.3), (4, 81, 0.7, 0.3), (5, 77, 0.6, 0.3), (6, 76, 0.7, 0.3),
        (7, 74, 0.5, 0.3)]),
}


def tone(note):
    """One struck, decaying note, until it is too soft to hear."""
    frequency = 440 * 2 ** ((note - 69) / 12)
    length = int(RATE * (2.6 if note < 50 else 1.9))
    out = [0.0] * length
    for partial, level, decay in ((1, 1.0, 2.2), (2, 0.35, 3.5), (3, 0.12, 5.0), (4, 0.05, 7.0)):
        if frequency * partial > 14000:
            break
        step = 2 * math.pi * frequency * partial / RATE
        for i in range(length):
            out[i] += level * math.exp(-decay * i / RATE) * math.sin(step * i)
    attack, release = 240, 9600
    for i in range(attack):
        out[i] *= i / attack
    for i in range(release):
        out[-1 - i] *= i / release
    return out


def render(notes):
    sides = [[0.0] * SAMPLES, [0.0] * SAMPLES]
    tones = {}
    for beat, note, loudness, place in notes:
        sound = tones.get(note) or tones.setdefault(note, tone(note))
        start = int(beat * BEAT)
        for side, share in ((sides[0], math.cos(place * math.pi / 2)), (sides[1], math.sin(place * math.pi / 2))):
            gain = loudness * share
            for i, value in enumerate(sound):
                side[(start + i) % SAMPLES] += gain * value
    peak = max(max(map(abs, side)) for side in sides)
    pcm = array.array("h")
    for left, right in zip(*sides):
        pcm.append(int(20000 * left / peak))
        pcm.append(int(20000 * right / peak))
    return pcm


def write_wave(path, pcm, rounds):
    with wave.open(str(path), "wb") as out:
        out.setparams((2, 2, RATE, 0, "NONE", ""))
        for _ in range(rounds):
            out.writeframes(pcm.tobytes())


def id3(title):
    """An ID3v2.3 tag with title and artist."""
    frames = b""
    for name, text in ((b"TIT2", title), (b"TPE1", ARTIST)):
        body = b"\0" + text.encode("latin-1")
        frames += name + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = len(frames)
    return b"ID3\3\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + frames


def main():
    out = pathlib.Path(sys.argv[1])
    for name, (title, notes) in PIECES.items():
        pcm = render(notes)
        with tempfile.TemporaryDirectory() as scratch:
            once, thrice, mp3 = (pathlib.Path(scratch) / n for n in ("1.wav", "3.wav", "a.mp3"))
            write_wave(once, pcm, 1)
            write_wave(thrice, pcm, 3)
            subprocess.run(["lame", "--quiet", "-t", "--cbr", "-b", "128", "--nores", thrice, mp3], check=True)
            frames = mp3.read_bytes()[MP3_FRAMES * MP3_FRAME_BYTES:2 * MP3_FRAMES * MP3_FRAME_BYTES]
            assert all(frames[i:i + 2] == b"\xff\xfb" for i in range(0, len(frames), MP3_FRAME_BYTES))
            (out / (name + ".mp3")).write_bytes(id3(title) + frames)
            subprocess.run(["oggenc", "-Q", "-q", "0", "-s", "1", "-t", title, "-a", ARTIST, "-o", out / (name + ".ogg"), once],
                           check=True)


main()
