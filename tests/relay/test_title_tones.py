"""Each song has its own tone, and its title is set when the encoder begins to send it: the tone changes at the title's
time, at the server of the source, two relays further, and in HLS; for an ICY player at the next block of titles.

LB_FULL=1 in the environment: 60 songs of 10 s."""
import array
import datetime
import os
import re
import subprocess
import time

from encoders import Ear
from harness import check, equal, test, wait_for
from tones import FRAME, RATE, TONES, frames, power, tone

MOUNT = "/live.mp3"
SONG, SONGS = (10.0, 60) if os.environ.get("LB_FULL") == "1" else (3.0, 8)  # seconds
FIRST = 2  # that is judged: the stream has times by then
WRONG_MS = 100
BYTES_MS = 16   # of the stream
BODY = "<hls><segment>2</segment><window>30</window></hls><mount><mount-name>%s</mount-name><hls>1</hls><max-history>%d</max-history></mount>" % (MOUNT, SONGS + 2)


def relay(port):
    return "<relay><server>127.0.0.1</server><port>%d</port><mount>%s</mount><local-mount>%s</local-mount></relay>" % (port, MOUNT, MOUNT)


def now(server):
    reply = server.get("/api/v1/now%s?history=%d" % (MOUNT, SONGS))
    return reply.json() if reply.status == 200 else {}


def changes(audio):
    """The time at which each song begins to sound, in ms from the first byte; by song."""
    pcm = subprocess.run(["ffmpeg", "-v", "error", "-f", "mp3", "-i", "-", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"], input=audio, stdout=subprocess.PIPE, check=True).stdout
    samples = array.array("h", pcm[:len(pcm) // 2 * 2])
    step, window, found = RATE // 200, RATE // 100, {}
    loudest = lambda part: max(range(TONES), key=lambda one: power(part, tone(one)))
    song = loudest(samples[RATE // 10:RATE // 5])  # one of the first; a decoder begins with noise
    for at in range(RATE // 10, len(samples) - window, step):
        part = samples[at:at + window]
        if song + 1 < SONGS and power(part, tone(song + 1)) > power(part, tone(song)) and loudest(part) == (song + 1) % TONES:
            song += 1
            found[song] = (at + window / 2) * 1000 / RATE
    return found


def titles(server):
    told = now(server)
    return {int(one["text"].split()[1]): one for one in [*told["history"], told["title"]]}


def judge(where, heard, told):
    """heard, told: Unix ms by song."""
    judged = [song for song in range(FIRST, SONGS) if song in heard]
    check(len(judged) >= SONGS - FIRST - 1, "%s: only songs %s were heard" % (where, judged))
    off = [heard[song] - told[song] for song in judged]
    print("%s: the tone comes %.0f to %.0f ms after its title's time, %d songs" % (where, min(off), max(off), len(off)))
    check(max(map(abs, off)) <= WRONG_MS, "%s: the tone comes so many ms after its title's time: %s" % (where, off))


def judge_icy(ear):
    """ICY titles come between the bytes, so a program shows a title when it has read up to it: at the block behind its
    tone, at most a second later."""
    raw, shown, at, blocks = ear.raw(), {}, ear.metaint, 1
    while at < len(raw):
        size = 16 * raw[at]
        title = re.match(rb"StreamTitle='Song (\d+)'", raw[at + 1:at + 1 + size])
        if title:
            shown.setdefault(int(title.group(1)), blocks * ear.metaint / BYTES_MS)
        at += 1 + size + ear.metaint
        blocks += 1
    heard = changes(ear.audio()[0])
    off = [shown[song] - heard[song] for song in range(FIRST, SONGS) if song in heard and song in shown]
    print("ICY: a title comes %.0f to %.0f ms after its tone, %d songs; a block each %.0f ms" % (min(off), max(off), len(off), ear.metaint / BYTES_MS))
    check(len(off) >= SONGS - FIRST - 2, "only so many: %s" % off)
    check(min(off) >= -WRONG_MS and max(off) <= ear.metaint / BYTES_MS + WRONG_MS, "a title comes so many ms after its tone: %s" % off)


class Segments:
    """The HLS list, requested repeatedly."""

    def __init__(self, server):
        self.server, self.parts, self.begins, self.titles, self.ids = server, [], None, {}, set()
        self.seen = set()

    def look(self):
        master = self.server.get(MOUNT + "/live.m3u8")
        if master.status != 200:
            return
        address = master.text.splitlines()[-1]
        text = self.server.get(address if address.startswith("/") else MOUNT + "/" + address).text
        for ident, date, name in re.findall(r'#EXT-X-DATERANGE:ID="([^"]*)".*?START-DATE="([^"]*)".*X-TITLE="Song (\d+)"', text):
            self.titles[int(name)] = unix_ms(date)
            self.ids.add(ident)
        for date, name in re.findall(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)\n#EXTINF:[^\n]*\n(\S+)", text):
            if name in self.seen:
                continue
            reply = self.server.get(name if name.startswith("/") else MOUNT + "/" + name)
            equal(reply.status, 200, "segment " + name)
            self.seen.add(name)
            self.begins = self.begins or unix_ms(date)
            self.parts.append(without_id3(reply.body))


def without_id3(data):
    if data[:3] != b"ID3":
        return data
    return data[10 + sum((byte & 127) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0))):]


def unix_ms(date):
    return round(datetime.datetime.strptime(date, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)


@test
def a_tone_is_heard_when_its_title_says(t):
    first = t.server(body=BODY)
    all_frames = frames(first.dir, SONG, SONGS)
    source = first.source(MOUNT, lines=["ice-bitrate: 128"])
    second = t.server(body=BODY + relay(first.port))
    third = t.server(body=BODY + relay(second.port))
    ears, segments, icy = {}, Segments(third), None
    began, song = time.monotonic(), -1
    for i, frame in enumerate(all_frames):
        time.sleep(max(0, began + i * FRAME / RATE - time.monotonic()))  # an encoder's pace
        if min(int(i * FRAME / RATE / SONG), SONGS - 1) > song:   # the last frame is beyond the last song
            song += 1
            told = first.set_title(MOUNT, song="Song%%20%d" % song)
            equal(told.status, 200, "song %d: %s" % (song, told.text))
        source.send(frame)
        if song == FIRST - 1 and not ears:
            for server in (first, third):
                place = server.get("/api/v1/now%s/place" % MOUNT)
                if place.status == 200:
                    ears[server] = (place.json()["wall_ms"], Ear(t, server, place.json()["url"]))
            if len(ears) < 2:
                ears = {}
            else:
                icy = Ear(t, first, MOUNT, icy=True)
        if ears and i % 40 == 0:
            segments.look()
    equal(len(ears), 2, "both have times")
    # What was sent last is heard too.
    size = len(b"".join(all_frames[int((FIRST + 1) * SONG * RATE / FRAME):]))
    wait_for(lambda: all(len(ear.raw()) >= size for _, ear in ears.values()), "they have heard it")
    wait_for(lambda: (now(third).get("title") or {}).get("text") == "Song %d" % (SONGS - 1), "the last title has come through")
    told = {server: titles(server) for server in (first, second, third)}
    for song in range(FIRST, SONGS):
        equal(told[second][song], told[first][song], "song %d at the relay" % song)
        equal(told[third][song], told[first][song], "song %d at the relay of the relay" % song)
    for where, server in (("at the source", first), ("two relays further", third)):
        wall, ear = ears[server]
        heard = {song: wall + ms for song, ms in changes(ear.raw()).items()}
        judge(where, heard, {song: one["wall_ms"] for song, one in told[server].items()})
    judge_icy(icy)
    segments.look()
    heard = {song: segments.begins + ms for song, ms in changes(b"".join(segments.parts)).items()}
    judge("in HLS two relays further", {song: ms for song, ms in heard.items() if song in segments.titles}, segments.titles)
    check({told[first][song]["id"] for song in segments.titles if song >= FIRST} <= segments.ids, "ids of the list: %s" % segments.ids)
