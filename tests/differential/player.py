"""Plays the steps of requests.json to one server and keeps every answer.

Each request comes from an address of its own (127.1.0.1, 127.1.0.2, ...), so that its line in the access log can be
found and a wrong password does not delay other requests.
"""
import concurrent.futures
import itertools
import pathlib
import re
import socket
import subprocess
import time

import media
from harness import Failed, Wire, request, wait_for

PATIENCE = 3.0
SLOW = 0.7  # seconds; slower requests are reported, because the whole run must be short
HOME = "127.0.0.1"  # sources log in from here
DEMO = pathlib.Path(__file__).resolve().parents[2] / "demo"

# The sources' data: files of the demo, and streams that ffmpeg makes once for both servers.
ENCODED = {
    "vorbis": ("application/ogg", ["-c:a", "libvorbis", "-b:a", "64k", "-f", "ogg"]),
    "opus": ("audio/ogg", ["-c:a", "libopus", "-b:a", "48k", "-page_duration", "60000", "-f", "ogg"]),
    "flac": ("application/ogg", ["-c:a", "flac", "-page_duration", "100000", "-f", "ogg"]),
    "speex": ("audio/ogg", ["-c:a", "libspeex", "-ar", "16000", "-f", "ogg"]),
    "theora": ("video/ogg", ["-c:v", "libtheora", "-b:v", "200k", "-c:a", "libvorbis", "-f", "ogg"]),
    "aac": ("audio/aac", ["-c:a", "aac", "-b:a", "64k", "-f", "adts"]),
    "webm": ("audio/webm", ["-c:a", "libopus", "-b:a", "48k", "-f", "webm", "-cluster_time_limit", "500"]),
}
STREAMS = {}  # kind -> (content type, bytes)


def make_streams():
    STREAMS["mp3"] = ("audio/mpeg", b"".join(media.mp3_frame("A", n) for n in range(1000)))
    STREAMS["demo-mp3"] = ("audio/mpeg", (DEMO / "evening.mp3").read_bytes())
    for kind, (content_type, arguments) in ENCODED.items():
        inputs = ["-f", "lavfi", "-i", "anoisesrc=color=pink:duration=20:sample_rate=48000:seed=1"]
        if "-c:v" in arguments:
            inputs = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10:duration=20", *inputs]
        done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *inputs, "-ac", "1", "-metadata", "title=Made Title",
                               "-metadata", "artist=Made Artist", *arguments, "-"], stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0 or not done.stdout:
            raise Failed("ffmpeg makes no %s: %s" % (kind, done.stderr.decode("utf-8", "replace")))
        STREAMS[kind] = (content_type, done.stdout)


class Answer:
    """The raw bytes of an answer, the end of its connection, the contents of a stream, the line in the access log."""

    def __init__(self, raw=b"", closed=True):
        self.raw, self.closed = raw, closed
        self.stream = None      # the summary of a stream's body
        self.log = []           # lines of the access log
        self.stream_mode = False
        self.any_order = False  # the lines of the body are a set
        self.without = None     # parts that are not compared, as a regular expression


class StreamSource:
    def __init__(self, server, step):
        self.content_type, self.data = STREAMS[step.get("kind", "mp3")]
        self.at, self.still = 0, step.get("still", False)
        self.wire = Wire((HOME, server.port), source_address=HOME)
        lines = ["Content-Type: " + step.get("type", self.content_type), "User-Agent: " + step.get("agent", "differ-source/1")]
        self.wire.send(request("SOURCE %s HTTP/1.0" % step["mount"], lines + step.get("headers", []), step.get("login", "source:src-secret")))
        head = self.wire.reply_head()
        if head.status != 200:
            raise Failed("%s: source %s refused: %s" % (server.name, step["mount"], head.line))
        self.feed(step.get("bytes", 42000))

    def feed(self, size):
        self.wire.send(self.data[self.at:self.at + size])
        self.at += size


class Player:
    def __init__(self, server, groups):
        self.server, self.groups = server, groups
        self.answers = {}           # name of a request -> Answer
        self.addresses = {}         # address or User-Agent -> name
        self.sources, self.kept, self.saved = {}, {}, {}
        self.slow = []
        self.counter = itertools.count()

    def play(self):
        for group in self.groups:
            # At Icecast a new listener of a silent source waits for a second, so many are started together.
            with concurrent.futures.ThreadPoolExecutor(20 if group.get("together") else 1) as pool:
                list(pool.map(self.do, group["steps"]))
        for wire in self.kept.values():
            wire.close()

    def do(self, step):
        if "step" in step:
            getattr(self, "step_" + step["step"])(step)
            return
        begin = time.monotonic()
        answer = self.ask(step)
        answer.without = step.get("without")
        self.answers[step["name"]] = answer
        if time.monotonic() - begin > SLOW:
            self.slow.append("%.1f s %s" % (time.monotonic() - begin, step["name"]))

    def close(self):
        for wire in [*self.kept.values(), *(s.wire for s in self.sources.values())]:
            wire.close()

    # -- steps that are no requests
    def step_source(self, step):
        self.sources[step["mount"]] = StreamSource(self.server, step)

    def step_feed(self, step):
        self.feed(step["mount"], step["bytes"])

    def feed(self, mount, size):
        """Sends more of a stream, because a title, or a listener's end, is noticed only then.

        "*" is all streams except those that must stay unchanged, "all" includes these.
        """
        for name, source in self.sources.items():
            if name == mount or mount == "all" or (mount == "*" and not source.still):
                source.feed(size)

    def step_pause(self, step):
        time.sleep(step["seconds"])

    def step_send(self, step):
        self.kept[step["kept"]].send(self.filled(step["text"]).encode("latin-1"))

    def step_leave(self, step):
        self.sources.pop(step["mount"]).wire.close()

    def step_close(self, step):
        self.kept.pop(step["kept"]).close()

    def step_wait(self, step):
        """Repeats a GET from HOME until its answer matches; these answers are not compared."""
        def holds():
            wire = Wire((HOME, self.server.port))
            wire.send(request("GET %s HTTP/1.0" % step["path"], ["User-Agent: differ-wait"], step.get("login", "admin:adm-secret")))
            if "feed" in step:
                self.feed(step["feed"], 700)
                time.sleep(0.02)  # the sent bytes must arrive; the wait is limited
            last[:] = [wire.take_all()]
            wire.close()
            return bool(re.search(step["matches"].encode("latin-1"), last[0], re.S)) != step.get("not", False)
        last = []
        try:
            wait_for(holds, "it matches %r" % step["matches"], 8)
        except Failed as e:
            raise Failed("%s: %s: %s; the last answer: %r" % (self.server.name, step["path"], e, last[0][-4000:] if last else None)) from None

    def step_ends(self, step):
        """Whether the server ends a kept connection."""
        wire = self.kept.pop(step["kept"])
        answer = Answer(closed=False)
        for _ in range(30):
            if "feed" in step:
                self.feed(step["feed"], 700)
            try:
                wire.take_all(0.1)
                answer.closed = True
                break
            except Failed:
                pass
        wire.close()
        self.answers[step["name"]] = answer

    # -- requests
    def bytes_of(self, step):
        if "raw" in step:
            return self.filled(step["raw"]).encode("latin-1")
        lines = [self.filled(line) for line in step.get("headers", [])]
        if step.get("agent", True):
            lines.insert(0, "User-Agent: differ/" + step["name"])
        body = self.filled(step.get("body", "")).encode("latin-1")
        return request(self.filled(step["line"]), lines, step.get("login"), body, step.get("eol", "\r\n"))

    def filled(self, text):
        """Fills in {port}, {NAME} of a saved value, and {x*5000} for that many letters."""
        for name, value in [*self.saved.items(), ("port", str(self.server.port))]:
            text = text.replace("{%s}" % name, value)
        return re.sub(r"\{(.)\*(\d+)\}", lambda found: found.group(1) * int(found.group(2)), text)

    def ask(self, step):
        name = step["name"]
        address = HOME
        if step.get("from") != "home":
            count = next(self.counter)
            address = "127.1.%d.%d" % (count // 250, count % 250 + 1)
            self.addresses[address] = name
        else:
            self.addresses["differ/" + name] = name
        wire = Wire((HOME, self.server.port + step.get("port", 0)), source_address=address)
        try:
            wire.send(self.bytes_of(step))
            answer = getattr(self, "read_" + step.get("read", "reply"))(wire, step)
        except (Failed, OSError) as e:
            raise Failed("%s: %s: %s" % (self.server.name, name, e)) from None
        for key, pattern in step.get("save", {}).items():
            found = re.search(pattern.encode(), answer.raw)
            if not found:
                raise Failed("%s: %s: no %r in %r" % (self.server.name, name, pattern, answer.raw))
            self.saved[key] = found.group(1).decode()
        if "keep" in step:
            self.kept[step["keep"]] = wire
        else:
            wire.close()
        return answer

    def read_some(self, wire, enough, patience):
        """Reads until enough(bytes so far), the end of the connection, or a timeout; returns True at its end."""
        deadline = time.monotonic() + patience
        while not enough(wire.pending):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            wire.socket.settimeout(left)
            try:
                data = wire.socket.recv(1 << 16)
            except socket.timeout:
                return False
            except ConnectionError:
                data = b""
            if not data:
                return True
            wire.pending += data
        return False

    def read_reply(self, wire, step):
        def enough(raw):
            head, end, body = raw.partition(b"\r\n\r\n")
            alive = re.search(rb"(?i)\r\nconnection: *keep-alive", head)
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            return bool(end and alive and length and len(body) >= int(length.group(1)))
        closed = self.read_some(wire, enough, step.get("seconds", PATIENCE))
        return Answer(wire.pending, closed)

    def read_login(self, wire, step):
        """A source's login; its answer ends with a 200 (or OK2), or with the connection."""
        def enough(raw):
            return bool(re.search(rb"(HTTP/1\.. 200 .*|OK2.*)\r\n\r\n$", raw, re.S))
        closed = self.read_some(wire, enough, step.get("seconds", PATIENCE))
        answer = Answer(wire.pending, closed)
        if not closed and "then" in step:
            wire.send(self.filled(step["then"]).encode("latin-1"))
        if "more" in step:
            answer.closed = self.read_some(wire, lambda raw: False, step["more"])
            answer.raw = wire.pending
        return answer

    def read_events(self, wire, step):
        """The first second of the STATS method; Icecast prints the values in an arbitrary order."""
        self.read_some(wire, lambda raw: False, 1)
        answer = Answer(wire.pending, False)
        answer.any_order = answer.stream_mode = True
        return answer

    def read_stream(self, wire, step):
        take = step["take"]
        closed = self.read_some(wire, lambda raw: len(raw.partition(b"\r\n\r\n")[2]) >= take, PATIENCE)
        head, end, body = wire.pending.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            if not closed:
                closed = self.read_some(wire, lambda raw: False, 1)
            return Answer(wire.pending, closed)
        answer = Answer(head + end, closed)
        answer.stream_mode = True
        metaint = re.search(rb"(?i)\r\nicy-metaint: *(\d+)", head)
        answer.stream = describe_stream(body[:take], int(metaint.group(1)) if metaint else 0,
                                        self.sources.get(step.get("of")), step.get("where", False))
        wire.pending = b""
        return answer


def split_icy(data, metaint):
    audio, titles, at = b"", [], 0
    while metaint and at + metaint < len(data):
        audio += data[at:at + metaint]
        at += metaint
        size = data[at] * 16
        if size:
            titles.append((len(audio), data[at + 1:at + 1 + size].rstrip(b"\0")))
        at += 1 + size
    return audio + data[at:], titles


def describe_stream(data, metaint, source, where):
    """A list of facts about the begin of a stream.  where: also the first byte."""
    facts = []
    audio, titles = split_icy(data, metaint)
    for position, title in titles:
        facts.append("title at %d: %s" % (position, title.decode("latin-1")))
    if not audio:
        return facts + ["nothing comes"]
    if audio[:4] == b"OggS":
        return facts + describe_ogg(audio)
    if source:
        at = source.data.find(audio[:3000])
        facts.append("goes on as the source does: %s" % (at >= 0 and source.data[at:at + len(audio)] == audio))
        if where:
            facts.append("begins at byte %d of the source" % at)
    return facts


SIGNATURES = {b"\x01vorbis": "Vorbis", b"OpusHead": "Opus", b"\x7fFLAC": "FLAC", b"\x80theora": "Theora", b"Speex  ": "Speex"}


def describe_ogg(audio):
    pages = media.ogg_pages(audio)
    facts, codecs = [], {}
    for serial, sequence, flags, granule, body in pages:
        if flags & 2:
            codecs[serial] = next((name for begin, name in SIGNATURES.items() if body.startswith(begin)), "unknown")
    facts.append("Ogg begins with " + " ".join(codecs[p[0]] for p in pages if p[2] & 2))
    first_media = next((i for i, p in enumerate(pages) if p[3] > 0), len(pages))
    facts.append("every stream's headers before its media: %s" % all(
        any(p[0] == serial and p[2] & 2 for p in pages[:first_media]) for serial in codecs))
    text = b"".join(p[4] for p in pages[:first_media])
    facts += ["comment " + comment.decode("latin-1") for comment in re.findall(rb"(?i)(?:title|artist)=[ -~]*?(?=[^ -~]|$)", text)]
    return facts
