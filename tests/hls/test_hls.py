"""HLS from the live log, with a strict reader, ffmpeg and fifty players (doc/hls.md)."""
import os
import re
import signal
import socket
import subprocess
import time

from harness import ADMIN, SOURCE, Failed, Skip, check, equal, mount, test, wait_for
from hls_check import Fault, Kept, Watch
from threads import Threaded
from wire import basic, request

FULL = os.environ.get("LB_FULL") == "1"
PLAYERS = 200 if FULL else 50
EIGHT = 8 + (os.cpu_count() or 1)   # two that ask two workers at the same moment may both have the last of eight places
HLS = "<hls><segment>2</segment><window>12</window></hls>"
SECONDS = 120 if FULL else 12
FORMATS = {"mp3": ("audio/mpeg", ["-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0", "-id3v2_version", "0"], 16000),
           "aac": ("audio/aac", ["-c:a", "aac", "-b:a", "96k", "-f", "adts"], 12000)}


def run_ffmpeg(*arguments):
    try:
        done = subprocess.run(["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", *arguments], capture_output=True, timeout=60)
    except FileNotFoundError:
        raise Skip("no ffmpeg")
    check(done.returncode == 0, "ffmpeg %r: %s" % (arguments, done.stderr.decode()))
    return done.stdout, done.stderr.decode()


def encoded(kind, seconds, tone=440):
    """Sound as an encoder makes it: LAME's frames refer back to earlier ones."""
    container = [] if kind == "aac" else ["-f", "mp3"]
    return run_ffmpeg("-f", "lavfi", "-i", "sine=frequency=%d:beep_factor=3:duration=%d" % (tone, seconds),
                      "-ac", "2", *FORMATS[kind][1], *container, "-")[0]


def decoded(data, kind):
    with subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-f", kind, "-i", "-", "-f", "s16le", "-"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as player:
        return player.communicate(data, timeout=60)[0]


class Encoder(Threaded):
    """Sends its lead at once, and the rest in real time."""

    def __init__(self, t, server, mount, kind, data, lead=10):
        self.wire = socket.create_connection(server.address, 10)
        lines = ["SOURCE %s HTTP/1.0" % mount, "Content-Type: " + FORMATS[kind][0], "Authorization: " + basic(SOURCE), "ice-public: 0", "", ""]
        self.wire.sendall("\r\n".join(lines).encode())
        reply = self.wire.recv(4096)
        check(b" 200 " in reply, "the source is refused: %r" % reply)
        self.data, self.rate, self.lead = data, FORMATS[kind][2], lead
        self.start(t)

    def run(self):
        begin, sent = time.monotonic(), 0
        while self.going and sent < len(self.data):
            due = int((time.monotonic() - begin + self.lead) * self.rate)
            try:
                self.wire.sendall(self.data[sent:due])
            except OSError:
                return
            sent = max(sent, due)
            time.sleep(0.05)

    def close(self):
        super().close()
        self.wire.close()


def watch(t, server, mount, name="/live.m3u8", **options):
    return t.owned(Watch(*server.address, mount + name, **options))


def poll_for(seconds, *watches):
    """Plays these lists; a fault of one of them is a failure."""
    until = time.monotonic() + seconds
    while True:
        for one in watches:
            try:
                one.poll()
            except Fault as fault:
                raise Failed("%s: %s" % (one.master_path, fault))
        if time.monotonic() >= until:
            return
        time.sleep(0.7)


def hls_mount(name, more=""):
    return "<mount><mount-name>%s</mount-name><hls>1</hls>%s</mount>" % (name, more)


@test
def lists_and_segments_are_as_the_rfc_has_them_and_sound_as_they_were_sent(t):
    server = t.server(body=HLS + hls_mount("/m.mp3") + hls_mount("/a.aac") + "<mount><mount-name>/plain</mount-name></mount>")
    sent = {kind: encoded(kind, SECONDS + 30) for kind in FORMATS}
    watches = {}
    for kind, name in (("mp3", "/m.mp3"), ("aac", "/a.aac")):
        Encoder(t, server, name, kind, sent[kind])
        watches[kind] = watch(t, server, name)
    check('CODECS="mp4a.40.34"' in watches["mp3"].master()[0][0], "the codec of MP3")
    check('CODECS="mp4a.40.2"' in watches["aac"].master()[0][0], "the codec of AAC")
    poll_for(SECONDS, *watches.values())
    for kind, one in watches.items():
        equal(one.connects, 1, "connections for all of it")
        check(len(one.seen) >= SECONDS // 2, "%d segments" % len(one.seen))
        check(one.sound() in sent[kind], "the segments are not what was sent")
        url = "http://%s:%d%s" % (*server.address, one.path)
        wanted = decoded(one.sound(), kind)
        pcm, said = run_ffmpeg("-live_start_index", "0", "-i", url, "-t", "6", "-f", "s16le", "-")
        said = "\n".join(line for line in said.split("\n") if "non monoton" not in line.lower())
        equal(said.strip(), "", "what ffmpeg says of it")
        check(len(pcm) > 5 * 4 * 44100, "ffmpeg heard %d bytes" % len(pcm))
        # AAC's noise substitution depends on where its decoder began, so some pieces may differ.
        places = [wanted.find(pcm[at:at + 4000]) - at for at in range(40000, 900000, 40000) if pcm[at:at + 4000] in wanted]
        check(len(places) >= 14 and len(set(places)) == 1, "ffmpeg hears other sound of %s: %r" % (kind, places))
    equal(server.get("/plain/live.m3u8").status, 404, "HLS where it is off")
    equal(server.get("/m.mp3/0badcafe-1.mp3").status, 404, "a segment that is none")


def heard_over_two_sources(t, lead):
    """The bytes of both sources; and a player that listens while the second source, with that lead, follows the
    first."""
    server = t.server(body=HLS + hls_mount("/m.mp3", "<linger-for>10</linger-for>"))
    sent = [encoded("mp3", 40, tone) for tone in (440, 660)]
    first = Encoder(t, server, "/m.mp3", "mp3", sent[0], lead=5)
    one = watch(t, server, "/m.mp3")
    poll_for(3, one)
    first.close()
    poll_for(0.5, one)
    Encoder(t, server, "/m.mp3", "mp3", sent[1], lead=lead)
    wait_for(lambda: poll_for(0, one) or len({s[0].discontinuity for s in one.seen.values()}) == 2, "a discontinuity", 15)
    return sent, one


@test
def behind_a_seam_a_segment_can_be_fetched_for_the_length_of_its_list(t):
    """RFC 8216, 6.2.2, where a source sends as far ahead as the list is long."""
    server = t.unstarted_server(body=HLS + mount("/m.mp3", "<hls>1</hls><linger-for>8</linger-for>"))
    server.start()
    sent = [encoded("mp3", 90, tone) for tone in (440, 880)]
    first = Encoder(t, server, "/m.mp3", "mp3", sent[0], lead=12)
    address = wait_for(lambda: re.findall(r"^[^#].*$", server.get("/m.mp3/live.m3u8").text, re.M), "the list of variants")[0]
    kept = Kept(server.get, "/m.mp3/" + address)
    wait_for(lambda: kept.ask() and len(kept.listed) >= 6, "six segments")
    first.close()
    Encoder(t, server, "/m.mp3", "mp3", sent[1], lead=12)
    wait_for(lambda: kept.poll() or len(kept.gone) >= 8, "eight segments are gone", 60)
    check(not kept.short, "segments that went too early: %s" % kept.short)


@test
def another_source_goes_on_numbering_behind_a_discontinuity(t):
    sent, one = heard_over_two_sources(t, lead=5)
    poll_for(2, one)
    numbers = sorted({s[0].discontinuity for s in one.seen.values()})
    equal(numbers[1], numbers[0] + 1, "the discontinuity's number")
    one.sound()
    for data, number in zip(sent, numbers):
        part = b"".join(s[1] for n, s in sorted(one.seen.items()) if s[0].discontinuity == number)
        check(part in data, "the segments of source %d are not what it sent" % number)


@test
def what_a_source_sends_farther_ahead_than_a_list_is_long_is_listed_all_the_same(t):
    """A list has 12 s; a source begins with 16 s at once, and the list follows it at the rate of its sound."""
    sent, one = heard_over_two_sources(t, lead=16)
    poll_for(8, one)
    equal(sorted(one.seen), list(range(min(one.seen), max(one.seen) + 1)), "numbers of segments")
    behind = max(s[0].discontinuity for s in one.seen.values())
    part = b"".join(s[1] for n, s in sorted(one.seen.items()) if s[0].discontinuity == behind)
    check(sent[1].find(part) in range(2000), "the second source was heard from byte %d on" % sent[1].find(part))


@test
def an_encoder_that_is_away_for_a_while_costs_players_nothing(t):
    """With the default configuration: plain listeners end with their source, players keep the list until the next
    source begins."""
    server = t.server(body=HLS.replace("12", "24") + hls_mount("/m.mp3"))
    sent = [encoded("mp3", 40, tone) for tone in (440, 660)]
    first = Encoder(t, server, "/m.mp3", "mp3", sent[0], lead=7)
    one = watch(t, server, "/m.mp3")
    poll_for(3, one)
    plain = server.listener("/m.mp3")
    first.close()
    plain.take_all()
    equal(server.get("/m.mp3").status, 404, "the mount without a source")
    last = one.last.segments[-1].uri
    poll_for(5 if FULL else 2, one)
    check(last in [segment.uri for segment in one.last.segments], "the last list is not repeated")
    equal(server.get("/m.mp3/live.m3u8").status, 404, "the list of a player that comes meanwhile")
    Encoder(t, server, "/m.mp3", "mp3", sent[1], lead=7)
    wait_for(lambda: poll_for(0, one) or len({s[0].discontinuity for s in one.seen.values()}) == 2, "a discontinuity", 15)
    check(last in [segment.uri for segment in one.last.segments], "the old segments have left the list")
    equal(server.stat("/m.mp3", "listeners"), "1", "listeners")
    numbers = sorted({s[0].discontinuity for s in one.seen.values()})
    equal(sorted(one.seen), list(range(min(one.seen), max(one.seen) + 1)), "numbers of segments")
    for data, number in zip(sent, numbers):
        part = b"".join(s[1] for n, s in sorted(one.seen.items()) if s[0].discontinuity == number)
        check(part in data, "the segments of source %d are not what it sent" % number)
    # All of the first source, its last segment included: seven seconds, and three.
    heard = sum(len(s[1]) for s in one.seen.values() if s[0].discontinuity == numbers[0])
    check(heard >= 16000 * 9, "only %d bytes of the first source were heard" % heard)


@test
def each_player_is_one_listener_until_it_is_silent(t):
    server = t.server(body=HLS + hls_mount("/m.mp3"), limits="<clients>2000</clients>")
    source = Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 60))
    players = [watch(t, server, "/m.mp3", agent="player/%d" % i) for i in range(PLAYERS)]
    for player in players:
        player.list()
        player.fetch(player.list().segments[-1])

    def listeners():
        return int(server.stat("/m.mp3", "listeners") or -1)
    equal(listeners(), PLAYERS, "listeners")
    equal(server.stats().find("listener_connections").text, str(PLAYERS), "joins")
    check("lb_hls_sessions %d" % PLAYERS in server.get("/metrics").text, "the metric")

    def told():
        azuracast = server.get("/api/nowplaying/m").json()
        return azuracast["station"]["hls_listeners"], azuracast["listeners"]["total"]
    wait_for(lambda: told() == (PLAYERS, PLAYERS), "AzuraCast's programs are told: %r" % (told(),))
    stay, go = players[::2], players[1::2]
    for player in go:
        player.close()
    rows = server.get("/admin/listclients?mount=/m.mp3", ADMIN).xml().findall("source/listener")
    equal(len(rows), PLAYERS, "rows of listclients")
    check(all(row.findtext("hls") == "1" and int(row.findtext("bytes_sent")) > 20000 for row in rows), "each is said to be HLS, with its segments")

    def only_those_that_stay():
        for player in stay:
            player.list()
        return listeners() == len(stay)
    wait_for(only_those_that_stay, "the silent ones end: %d" % listeners(), 30)
    lines = [line for line in server.log("access").split("\n") if "live.m3u8" in line]
    equal(len(lines), len(go), "access lines")
    check(all(int(line.split('" ')[1].split()[1]) > 20000 for line in lines), "their bytes: %r" % lines[:2])
    check(all(int(line.split()[-1]) >= 2 for line in lines), "their times have the last segment: %r" % lines[:2])
    ident = next(row.find("ID").text if row.find("ID") is not None else row.get("id") for row in rows
                 if row.find("UserAgent").text == "player/0")
    server.get("/admin/killclient?mount=/m.mp3&id=" + ident, ADMIN)
    wait_for(lambda: listeners() == len(stay) - 1, "a listener that is killed is gone")
    source.close()
    wait_for(lambda: server.log("access").count("live.m3u8") == PLAYERS, "all end some segments after their source", 30)


@test
def lists_alone_take_few_places_and_for_seconds_only(t):
    server = t.server(body=HLS + hls_mount("/m.mp3", "<max-listeners>40</max-listeners>"))
    Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 60))
    wait_for(lambda: server.get("/m.mp3/live.m3u8?s=-").status != 503, "it has a segment", 20)

    def inside():
        return int(server.stat("/m.mp3", "listeners") or 0)

    def answers():
        """The statuses of the lists, from the access log at the end of the listening."""
        return re.findall(r'live\.m3u8 HTTP/1.1" (\d+)', server.log("access"))
    names = []
    for _ in range(30):
        master = server.get("/m.mp3/live.m3u8").text
        names.append([line for line in master.split("\n") if line and line[0] != "#"][0])
    wires = []
    for name in names:
        wire = server.wire()
        wire.send(b"GET /m.mp3/%s HTTP/1.1\r\nHost: x\r\n\r\n" % name.encode())
        wires.append(wire)
    wait_for(lambda: 8 <= inside(), "eight of them have a place")
    check(inside() <= EIGHT, "%d lists have a place" % inside())
    # Others come in beside them, and stay.
    listeners = [server.listener("/m.mp3") for _ in range(12)]
    for wire in wires:
        wire.close()
    wait_for(lambda: len(answers()) == 30 and inside() == 12, "lists alone lose their places", 30)
    check(answers().count("200") <= EIGHT, "clients that had left while they waited had a place: %r" % answers())
    del listeners


@test
def a_byte_of_a_segment_is_no_listening(t):
    server = t.server(body=HLS + hls_mount("/m.mp3"))
    Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 60))
    wait_for(lambda: server.get("/m.mp3/live.m3u8?s=-").status != 503, "it has a segment", 20)
    for _ in range(4):
        player = watch(t, server, "/m.mp3")
        segment = player.list().segments[-1]
        equal(server.get("/m.mp3/" + segment.uri, headers=["Range: bytes=0-0"]).status, 206)
    equal(server.stat("/m.mp3", "listeners"), "4")
    # Six seconds and a segment.
    wait_for(lambda: server.stat("/m.mp3", "listeners") == "0", "they lose their places like lists alone", 14)


@test
def a_player_that_changes_to_another_variant_stays_one_listener(t):
    variant = "<mount><mount-name>/hi.mp3</mount-name><hls><enabled>1</enabled><variant><mount>/lo.mp3</mount></variant></hls></mount>"
    server = t.server(limits="<max-listeners-per-address>1</max-listeners-per-address>", body=HLS + variant + hls_mount("/lo.mp3"))
    for mount in ("/hi.mp3", "/lo.mp3"):
        Encoder(t, server, mount, "mp3", encoded("mp3", 60))
    wait_for(lambda: server.get("/lo.mp3/live.m3u8?s=-").status != 503, "it has a segment", 20)
    player = watch(t, server, "/hi.mp3")
    high, low = [address for _, address in player.master()]
    poll_for(4, player)
    reply, _ = player.ask(low)
    equal(reply.status, 200, "the other list")
    equal((server.stat("/hi.mp3", "listeners"), server.stat("/lo.mp3", "listeners")), ("0", "1"))
    # Who plays both lists at once has a place in both, or none.
    equal(player.ask(high)[0].status, 403, "both lists at once")


@test
def a_pause_of_the_server_ends_no_player(t):
    server = t.server(body=HLS + hls_mount("/m.mp3"))
    Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 60))
    wait_for(lambda: server.get("/m.mp3/live.m3u8?s=-").status != 503, "it has a segment", 20)
    master = server.get("/m.mp3/live.m3u8").text
    equal(server.get("/m.mp3/" + next(line for line in master.split("\n") if line and line[0] != "#")).status, 200)
    players = server.stat("/m.mp3", "listeners")
    check(players != "0", "the list makes no listener")
    server.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    wait_for(lambda: time.monotonic() > stopped + 7, "a player that has fetched nothing has its place for six seconds", 10)
    server.send_signal(signal.SIGCONT)
    wait_for(lambda: time.monotonic() > stopped + 10, "silent players are looked for each second", 10)
    equal(server.stat("/m.mp3", "listeners"), players, "listeners after a pause")
    wait_for(lambda: server.stat("/m.mp3", "listeners") == "0", "they stay silent", 10)


@test
def authentication_is_asked_for_the_list_and_segments_are_for_listeners(t):
    users = t.dir / "users"
    users.write_text("ann:5f4dcc3b5aa765d61d8327deb882cf99\n")  # md5 of "password"
    users.chmod(0o644)
    auth = '<authentication type="htpasswd"><option name="filename" value="%s"/></authentication>' % users
    server = t.server(body=HLS + hls_mount("/m.mp3", auth) + hls_mount("/o.ogg"))
    Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 30))
    stranger = watch(t, server, "/m.mp3")
    stranger.master()
    equal(stranger.ask(stranger.path)[0].status, 401, "a list without a password")
    player = watch(t, server, "/m.mp3")
    player.master()
    wait_for(lambda: player.ask(player.path, Authorization=basic("ann:password"))[0].status == 200, "the list, once")
    player.poll()  # who listens is not asked again
    uri = player.last.segments[0].uri
    check("?s=" in uri, "a segment without a name: " + uri)
    server.get("/admin/metadata?mount=/m.mp3&mode=updinfo&song=One", ADMIN)
    wait_for(lambda: b'X-TITLE="One"' in player.ask(player.path)[1], "the list has the title", 20)
    base = "/m.mp3/" + uri.split("?")[0]
    equal(server.get(base).status, 403, "a segment without a name")
    given = re.search("s=([0-9a-f]{24})", server.get("/m.mp3/live.m3u8").text)[1]
    equal(server.get(base + "?s=" + given).status, 401, "a segment for a session that is not known: a listener that comes")
    for invented in ("0", "0" * 24, given[::-1]):
        equal(server.get(base + "?s=" + invented).status, 403, "a segment with an invented name")
        again = server.get("/m.mp3/live.m3u8?s=" + invented).text
        check("#EXT-X-STREAM-INF" in again and "s=%s\n" % invented not in again, "an invented name is a listener's: " + again)
    server.source("/o.ogg", kind="opus").play(20)
    reply = server.get("/o.ogg/live.m3u8")
    equal(reply.status, 404, "HLS of Ogg")
    check(b"application/ogg" in reply.body or b"audio/ogg" in reply.body, "it says why: %r" % reply.body)


@test
def a_list_that_has_waited_is_answered_by_the_newest_configuration(t):
    server = t.server(body=HLS + hls_mount("/m.mp3"))
    server.source("/m.mp3").play(2)  # too little for a segment
    address = re.search("^[^#].*[?]s=.*$", server.get("/m.mp3/live.m3u8").text, re.M)[0]
    wire = server.wire()
    wire.send(request("GET /m.mp3/%s HTTP/1.0" % address.split("/")[-1]))
    server.reload(body=HLS + hls_mount("/m.mp3", "<no-mount>1</no-mount>"))
    equal(wire.reply().status, 403, "the list of a mount that is not an address any more")


@test
def an_edge_prints_the_lists_of_its_origin(t):
    origin = t.server(body=HLS + hls_mount("/m.mp3"))
    Encoder(t, origin, "/m.mp3", "mp3", encoded("mp3", 60))
    relay = "<relay><local-mount>/m.mp3</local-mount><host><server>127.0.0.1</server><port>%d</port><mount>/m.mp3</mount></host></relay>"
    edge = t.server(body=HLS + hls_mount("/m.mp3") + relay % origin.port)
    there, here = watch(t, origin, "/m.mp3"), watch(t, edge, "/m.mp3")
    wait_for(lambda: edge.stat("/m.mp3", "server_type"), "the edge plays")

    def share_segments():
        poll_for(0, there, here)
        return len(set(there.seen) & set(here.seen)) >= 4
    wait_for(share_segments, "segments of both", 20)
    for number in set(there.seen) & set(here.seen):
        ours, theirs = there.seen[number], here.seen[number]
        equal(vars(theirs[0]), vars(ours[0]), "what the lists say of segment %d" % number)
        check(ours[1] == theirs[1], "segment %d has other bytes" % number)
        equal(theirs[4], ours[4], "the timestamp of segment %d" % number)


@test
def no_list_is_older_than_one_before_whichever_worker_answers(t):
    server = t.server(body=HLS.replace("<segment>2", "<segment>1") + hls_mount("/m.mp3"))
    Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 60))
    wait_for(lambda: server.get("/m.mp3/live.m3u8").status == 200, "it plays", 20)
    path = "/m.mp3/" + next(line for line in server.get("/m.mp3/live.m3u8").text.split("\n") if line and line[0] != "#")
    wait_for(lambda: server.get(path).status == 200, "it has a list", 20)
    last = newest = 0
    rises = 0
    while rises < 4:
        reply = server.get(path)    # by a connection of its own
        equal(reply.status, 200, "the list, which has changed %d times" % rises)
        text = reply.text
        first = int(re.search(r"MEDIA-SEQUENCE:(\d+)", text)[1])
        end = first + text.count("#EXTINF")
        check(first >= last and end >= newest, "%d to %d behind %d to %d" % (first, end, last, newest))
        rises += end > newest > 0
        last, newest = first, end
