"""A validator of live HLS of packed audio, written from RFC 8216 and the MPEG headers, independent of the product.

Watch(host, port, path) plays a list like a player: poll() fetches it and checks it against everything seen before.
A violation is a Fault.
"""
import http.client
import re
import time
import urllib.parse

OWNER = b"com.apple.streaming.transportStreamTimestamp\0"
MP3_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG2_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
ADTS_HERTZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


class Fault(AssertionError):
    pass


def must(fact, text):
    if not fact:
        raise Fault(text)


def frame_at(data, at):
    """(bytes, samples, rate) of the frame there, or None."""
    if at + 7 > len(data) or data[at] != 0xff or data[at + 1] & 0xe0 != 0xe0:
        return None
    if data[at + 1] & 0xf6 == 0xf0:  # ADTS
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        return size, 1024 * ((data[at + 6] & 3) + 1), ADTS_HERTZ[data[at + 2] >> 2 & 15]
    mpeg1 = data[at + 1] >> 3 & 3 == 3
    kbits = (MP3_KBITS if mpeg1 else MPEG2_KBITS)[data[at + 2] >> 4]
    rate = (44100, 48000, 32000)[data[at + 2] >> 2 & 3] // (1 if mpeg1 else 2)
    samples = 1152 if mpeg1 else 576
    return samples // 8 * kbits * 1000 // rate + (data[at + 2] >> 1 & 1), samples, rate


def frames_of(data):
    """Whole frames from the first byte to the last: (samples, rate)."""
    at = samples = rate = 0
    while at < len(data):
        frame = frame_at(data, at)
        must(frame and frame[0] > 0, "no frame at %d of %d: %r" % (at, len(data), data[at:at + 8]))
        at, samples, rate = at + frame[0], samples + frame[1], frame[2]
    must(at == len(data), "the last frame is cut")
    return samples, rate


def id3_of(data):
    """(its bytes, timestamp, title)"""
    must(data[:6] == b"ID3\x04\0\0", "no ID3v2.4 tag: %r" % data[:10])

    def syncsafe(four):
        must(all(b < 0x80 for b in four), "a size is not syncsafe: %r" % four)
        return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]
    end = 10 + syncsafe(data[6:10])
    at, stamp, title = 10, None, None
    while at < end:
        name, size = data[at:at + 4], syncsafe(data[at + 4:at + 8])
        content = data[at + 10:at + 10 + size]
        if name == b"PRIV" and content.startswith(OWNER):
            must(len(content) == len(OWNER) + 8, "the timestamp has not 8 bytes")
            stamp = int.from_bytes(content[len(OWNER):], "big")
        if name == b"TIT2":
            must(content[:1] == b"\3", "the title is not UTF-8")
            title = content[1:].decode()
        at += 10 + size
    must(at == end, "the tag's frames do not fill it")
    must(stamp is not None and stamp < 1 << 33, "no timestamp of 33 bits: %r" % stamp)
    return end, stamp, title


class Segment:
    def __init__(self, uri, sequence, discontinuity, duration, date):
        self.uri, self.sequence, self.discontinuity = uri, sequence, discontinuity
        self.duration, self.date = duration, date


class MediaList:
    """One media playlist, read strictly."""

    def __init__(self, text):
        self.text = text
        lines = text.split("\n")
        must(lines[0] == "#EXTM3U" and lines[-1] == "", "does not begin with #EXTM3U or end with a line end")
        values, self.segments = {}, []
        self.kind, self.ended = None, False
        duration = date = None
        jump = 0
        for line in lines[1:-1]:
            if m := re.fullmatch(r"#EXT-X-(VERSION|TARGETDURATION|MEDIA-SEQUENCE|DISCONTINUITY-SEQUENCE):(\d+)", line):
                must(m[1] not in values and not self.segments, "%s again, or late" % m[1])
                values[m[1]] = int(m[2])
            elif m := re.fullmatch(r"#EXTINF:(\d+\.\d{5}),", line):
                duration = float(m[1])
            elif m := re.fullmatch(r"#EXT-X-PROGRAM-DATE-TIME:(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)", line):
                date = m[1]
            elif m := re.fullmatch(r"#EXT-X-PLAYLIST-TYPE:(VOD|EVENT)", line):
                must(self.kind is None and not self.segments, "a type again, or late")
                self.kind = m[1]
            elif line == "#EXT-X-ENDLIST":
                self.ended = True
            elif line.startswith("#EXT-X-DATERANGE:"):
                must(re.fullmatch(r'#EXT-X-DATERANGE:ID="[^"]+",CLASS="org.icecast.title",START-DATE="[^"]+"(,X-ARTIST="[^"]*")?,X-TITLE="[^"]*"(,X-ART="[^"]*")?,END-ON-NEXT=YES', line)
                     and not self.segments, "a title that is none, or late: %r" % line)
            elif line == "#EXT-X-DISCONTINUITY":
                jump = 1
            else:
                must(not line.startswith("#"), "a line that is not known: %r" % line)
                must(re.fullmatch(r"[0-9a-f]{8}-\d+\.(mp3|aac)(\?s=[0-9a-f]{24})?", line), "an odd name: %r" % line)
                must(duration is not None and date is not None, "no EXTINF or date before %r" % line)
                number = values["MEDIA-SEQUENCE"] + len(self.segments)
                must(line.split("-")[1].startswith("%d." % number), "%r is not number %d" % (line, number))
                before = self.segments[-1].discontinuity if self.segments else values["DISCONTINUITY-SEQUENCE"]
                must(not (jump and not self.segments), "a discontinuity before the first segment")
                self.segments.append(Segment(line, number, before + jump, duration, date))
                duration, date, jump = None, None, 0
        must(values.get("VERSION") == 3, "not of version 3")
        # An EVENT list ends when it reaches its greatest length.
        must(self.ended == (self.kind == "VOD") or self.kind == "EVENT", "a list of type %r that has %s end" % (self.kind, "an" if self.ended else "no"))
        self.target, self.sequence = values["TARGETDURATION"], values["MEDIA-SEQUENCE"]
        must(self.segments, "an empty list")
        for segment in self.segments:
            must(round(segment.duration) <= self.target, "%f s is above the target %d" % (segment.duration, self.target))


class Watch:
    def __init__(self, host, port, path, agent="check/1", keep=True):
        self.host, self.port, self.agent = host, port, agent
        self.wire = http.client.HTTPConnection(host, port, timeout=20)
        self.connects, self.keep = 0, keep
        self.seen = {}      # sequence → Segment, body, samples, rate, timestamp
        self.target = None
        self.last = None
        self.lists = {}     # (first, last sequence) → the list
        self.master_path = path
        self.path = None

    def close(self):
        self.wire.close()

    def ask(self, path, method="GET", **headers):
        if self.wire.sock is None:
            self.connects += 1
        names = {"User-Agent": self.agent, **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.wire.request(method, path, headers=names)
        reply = self.wire.getresponse()
        body = reply.read()
        must(reply.version == 11 or reply.status not in (200, 206, 304), "not HTTP/1.1")
        return reply, body

    def master(self):
        """The addresses of the master playlist."""
        reply, body = self.ask(self.master_path)
        must(reply.status == 200, "master: %d %r" % (reply.status, body))
        must(reply.getheader("Content-Type") == "application/vnd.apple.mpegurl", "its type")
        lines = body.decode().split("\n")
        must(lines[:2] == ["#EXTM3U", "#EXT-X-VERSION:3"], "a master playlist: %r" % lines)
        found = []
        for line, uri in zip(lines[2::2], lines[3::2]):
            must(re.fullmatch(r'#EXT-X-STREAM-INF:BANDWIDTH=\d+(,CODECS="mp4a\.40\.\d+")?', line), "%r" % line)
            found.append((line, urllib.parse.urljoin(self.master_path, uri)))
        must(found, "no stream in it")
        self.path = found[0][1]
        return found

    def list(self):
        if self.path is None:
            self.master()
        reply, body = self.ask(self.path)
        must(reply.status == 200, "list: %d %r" % (reply.status, body))
        must(reply.getheader("Content-Type") == "application/vnd.apple.mpegurl", "its type")
        must(reply.getheader("Cache-Control") == "max-age=1", "its Cache-Control")
        must(reply.getheader("Access-Control-Allow-Origin") == "*", "pages may not read it")
        again, nothing = self.ask(self.path, If_None_Match=reply.getheader("ETag"))
        must(again.status == 304 and nothing == b"" or again.getheader("ETag") != reply.getheader("ETag"),
             "the same list again: %d" % again.status)
        return MediaList(body.decode())

    def poll(self):
        """The list and its new segments, all checked."""
        now = self.list()
        if self.last:
            must(now.target == self.target, "the target changes")
            must(now.sequence >= self.last.sequence, "the list goes back")
            must(now.sequence <= self.last.segments[-1].sequence + 1, "segments were never listed")
        self.target, self.last = now.target, now
        self.lists[now.sequence, now.segments[-1].sequence] = now.text
        for segment in now.segments:
            if segment.sequence in self.seen:
                old = self.seen[segment.sequence][0]
                must((old.uri, old.date, old.duration, old.discontinuity) ==
                     (segment.uri, segment.date, segment.duration, segment.discontinuity), "%s changes" % segment.uri)
            else:
                self.fetch(segment)
        return now

    def fetch(self, segment):
        path = urllib.parse.urljoin(self.path, segment.uri)
        reply, body = self.ask(path)
        must(reply.status == 200, "%s: %d %r" % (segment.uri, reply.status, body[:80]))
        kind = "audio/aac" if ".aac" in segment.uri else "audio/mpeg"
        must(reply.getheader("Content-Type") == kind, "its type %r" % reply.getheader("Content-Type"))
        must("max-age=86400, immutable" in reply.getheader("Cache-Control"), "its Cache-Control")
        tag = reply.getheader("ETag")
        must(re.fullmatch(r'"[^"]+"', tag or ""), "no strong ETag")
        end, stamp, title = id3_of(body)
        samples, rate = frames_of(body[end:])
        must(abs(samples / rate - segment.duration) < 0.00001, "%s: %f s of frames, EXTINF %f" % (segment.uri, samples / rate, segment.duration))
        before = self.seen.get(segment.sequence - 1)
        if before and before[0].discontinuity == segment.discontinuity:
            step = (stamp - before[4]) % (1 << 33)
            must(abs(step - before[2] * 90000 / before[3]) <= 1, "%s: the timestamp steps by %d" % (segment.uri, step))
        self.seen[segment.sequence] = (segment, body[end:], samples, rate, stamp, title)
        if len(self.seen) % 4 == 1:
            self.check_parts(path, body, tag)

    def check_parts(self, path, body, tag):
        reply, nothing = self.ask(path, "HEAD")
        must(reply.status == 200 and nothing == b"" and reply.getheader("Content-Length") == str(len(body)), "HEAD")
        for first, last in ((0, 1), (5, 200), (len(body) - 7, len(body) - 1)):
            reply, part = self.ask(path, Range="bytes=%d-%d" % (first, last))
            must(reply.status == 206 and part == body[first:last + 1], "bytes %d-%d: %d" % (first, last, reply.status))
            must(reply.getheader("Content-Range") == "bytes %d-%d/%d" % (first, last, len(body)), "Content-Range")
        must(self.ask(path, Range="bytes=%d-" % len(body))[0].status == 416, "a range behind the end")
        must(self.ask(path, If_None_Match=tag)[0].status == 304, "an ETag that is known")

    def sound(self):
        """All fetched sound, without a gap."""
        numbers = sorted(self.seen)
        must(numbers == list(range(numbers[0], numbers[-1] + 1)), "numbers are missing: %r" % numbers)
        return b"".join(self.seen[n][1] for n in numbers)


class Kept:
    """How long segments that have left the list can be fetched: `gone` has those that cannot any more, `short` those of
    them that left too early (RFC 8216, 6.2.2: its own length and that of its longest list)."""

    def __init__(self, get, path):
        self.get, self.path, self.folder = get, path, path.rpartition("/")[0]
        self.listed, self.needed, self.gone, self.short = {}, {}, set(), []

    def ask(self):
        now, text = time.monotonic(), self.get(self.path).text
        segments = re.findall(r"#EXTINF:([\d.]+),\n(?:#.*\n)*([^#\n]+)", text)
        whole = sum(float(length) for length, _ in segments)
        for length, name in segments:
            self.listed[name] = now
            self.needed[name] = max(self.needed.get(name, 0), whole + float(length))
        return now

    def poll(self):
        now = self.ask()
        for name in [name for name, last in self.listed.items() if last < now and name not in self.gone]:
            if self.get("%s/%s" % (self.folder, name)).status != 200:
                self.gone.add(name)
                kept = time.monotonic() - self.listed[name]
                if kept < self.needed[name]:
                    self.short.append("%s: %.1f s of %.1f" % (name, kept, self.needed[name]))
