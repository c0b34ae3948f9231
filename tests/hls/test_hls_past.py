"""Lists of recordings: the segments that were live, with the same numbers, dates and bytes (doc/hls.md)."""
import fcntl
import http.client
import os
import re
import time
import urllib.parse

from harness import ADMIN, check, equal, matches, open_folder, test, wait_for
from hls_check import Fault
from recorded import Recording
from test_hls import Encoder, encoded, poll_for, watch
from wire import basic

SECONDS = 60 if os.environ.get("LB_FULL") == "1" else 14
ROOT = "<hls><segment>2</segment><window>12</window></hls><archive><dir>%s</dir></archive>"


def recorder(t, inside="", root="", window=12, segment=2, **slots):
    server = t.unstarted_server()
    server.write_config(body=root + ROOT.replace("<segment>2", "<segment>%d" % segment).replace("<window>12", "<window>%d" % window) % (server.dir / "archive") +
                        "<mount><mount-name>/m.mp3</mount-name><hls>1</hls><linger-for>5</linger-for><archive><enabled>1</enabled>%s</archive></mount>" % inside, **slots)
    return server.start()


def past(t, server, name):
    return watch(t, server, "/m.mp3", name="/" + name)


def seconds_of(segment):
    """Unix seconds of its date."""
    day, clock = segment.date[:-1].split("T")
    return time.mktime(time.strptime(day + " " + clock.split(".")[0], "%Y-%m-%d %H:%M:%S")) - time.timezone + float("0." + clock.split(".")[1])


def same_segments(one, other, least, what):
    both = sorted(set(one.seen) & set(other.seen))
    check(len(both) >= least, "%s: %d segments of both: %r and %r" % (what, len(both), sorted(one.seen), sorted(other.seen)))
    for number in both:
        a, b = one.seen[number], other.seen[number]
        equal((a[0].uri.split("?")[0], a[0].date, a[0].duration), (b[0].uri.split("?")[0], b[0].date, b[0].duration), "%s, segment %d" % (what, number))
        check(a[1] == b[1], "%s: segment %d has other bytes" % (what, number))
        equal(a[4], b[4], "%s: the timestamp of segment %d" % (what, number))
    return both


@test
def lists_of_the_past_have_the_segments_that_were_live(t):
    server = recorder(t)
    sent = encoded("mp3", SECONDS + 60)
    source = Encoder(t, server, "/m.mp3", "mp3", sent, lead=4)
    live = watch(t, server, "/m.mp3")
    poll_for(SECONDS, live)
    # The log holds three segments; the others of the list, and their bytes, are read from the archive.
    check(len(live.last.segments) >= 6, "a live list of %d segments" % len(live.last.segments))
    fresh = watch(t, server, "/m.mp3")
    fresh.poll()
    same_segments(live, fresh, 5, "a player that comes")
    first = min(live.seen)
    begin = int(seconds_of(live.seen[first][0])) + 1

    event = past(t, server, "archive-%d-now.m3u8" % begin)
    equal(event.poll().kind, "EVENT")
    rewind = past(t, server, "rewind-%d.m3u8" % SECONDS)
    equal(rewind.poll().kind, None)
    same_segments(live, rewind, SECONDS // 2 - 4, "rewind")
    behind = past(t, server, "timeshift_rel-4.m3u8")
    newest = behind.poll().segments[-1]
    late = time.time() - seconds_of(newest)
    check(6 <= late <= 10.5, "the newest of timeshift_rel-4 began %.1f s ago" % late)
    to = past(t, server, "timeshift_abs-%d.m3u8" % (time.time() - 5))
    check(re.search(r"/timeshift_rel-[56]\.m3u8\?s=", to.master()[0][1]), "where timeshift_abs leads: %r" % to.path)
    to.poll()
    same_segments(live, to, 2, "timeshift_abs")
    equal(server.stat("/m.mp3", "listeners"), "6")

    whole = past(t, server, "archive-%d-%d.m3u8" % (begin, SECONDS - 6))
    listed = whole.poll()
    equal(listed.kind, "VOD")
    check(all("?s=" in segment.uri for segment in listed.segments), "what is fetched once tells who listens by its segments")
    same_segments(live, whole, len(whole.seen), "archive")
    check(whole.sound() in sent, "the segments are not what was sent")
    check(abs(sum(s.duration for s in listed.segments) - (SECONDS - 6)) <= 4, "its length")
    grown = event.last.segments[0].sequence
    wait_for(lambda: len(event.poll().segments) >= SECONDS // 2 - 2, "the event goes on", 20)
    equal(event.last.segments[0].sequence, grown, "an event begins where it began")

    source.close()
    wait_for(lambda: server.get("/m.mp3/live.m3u8").status == 404, "the stream is over", 20)
    after = past(t, server, "archive-%d-%d.m3u8" % (begin, SECONDS - 6))
    equal([s.sequence for s in after.poll().segments], [s.sequence for s in listed.segments], "the same list without a source")
    same_segments(live, after, len(whole.seen), "off the air")
    equal(server.get("/m.mp3/archive-%d-60.m3u8" % time.time()).status, 400, "the future")
    equal(server.get("/m.mp3/archive-%d-now.m3u8" % (time.time() + 3)).status, 404, "a clock that is a little ahead")
    none = server.get("/m.mp3/archive-1000-60.m3u8")
    equal(none.status, 404, "before all")
    matches(r"^\d+-\d+$", none.get("x-lb-archive"))


@test
def a_seam_is_recorded_as_it_was_live(t):
    server = recorder(t)
    sent = [encoded("mp3", 40, tone) for tone in (440, 660)]
    first = Encoder(t, server, "/m.mp3", "mp3", sent[0], lead=5)
    live = watch(t, server, "/m.mp3")
    poll_for(5, live)
    first.close()
    Encoder(t, server, "/m.mp3", "mp3", sent[1], lead=5)
    wait_for(lambda: poll_for(0, live) or len({s[0].discontinuity for s in live.seen.values()}) == 2, "a discontinuity", 15)
    poll_for(6, live)
    whole = past(t, server, "rewind-60.m3u8")
    wait_for(lambda: len(whole.poll().segments) >= len(live.seen) - 1, "all of it is recorded", 10)
    both = same_segments(live, whole, len(live.seen) - 1, "rewind")
    for number in both:
        equal(whole.seen[number][0].discontinuity, live.seen[number][0].discontinuity, "the discontinuity of %d" % number)
    whole.sound()


@test
def lists_go_on_over_a_pause_and_a_kill_of_the_server(t):
    server = recorder(t)
    numbers = []

    def broadcast():
        source = Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 20), lead=4)
        live = watch(t, server, "/m.mp3")
        wait_for(lambda: len(live.poll().segments) >= 4, "four segments", 20)
        wait_for(lambda: numbers == [] or live.poll().segments[-1].sequence >= numbers[-1][0] + 3, "three of its own", 20)
        numbers.append((live.last.segments[-1].sequence, live.last.segments[-1].discontinuity))
        return source

    broadcast().close()
    wait_for(lambda: "recording ended" in server.log(), "the mount does not linger any more", 20)
    source = broadcast()
    server.kill()
    source.close()
    server.start()
    source = broadcast()
    rewind = past(t, server, "rewind-600.m3u8")
    wait_for(lambda: rewind.poll().segments[-1].discontinuity == numbers[2][1], "the third source is listed", 20)
    listed = rewind.last.segments
    check(listed[0].sequence < numbers[0][0], "the list begins with segment %d, the first source ended with %d" % (listed[0].sequence, numbers[0][0]))
    check(numbers[2][0] < numbers[0][0] + 30, "the numbers have a gap: %r" % numbers)
    equal(sorted({segment.discontinuity for segment in listed}), [number for _, number in numbers], "the discontinuities")
    equal(numbers[2][1], numbers[0][1] + 2, "the discontinuity number")
    source.close()


@test
def a_seam_is_listed_whole_where_the_next_source_sends_far_ahead(t):
    """The dates of the first source's last bytes lie after the second one's start, and the log does not hold them any
    more."""
    server = recorder(t, window=24)
    sent = [encoded("mp3", 60, tone) for tone in (440, 660)]
    first = Encoder(t, server, "/m.mp3", "mp3", sent[0], lead=12)
    live = watch(t, server, "/m.mp3")
    event = past(t, server, "archive-%d-now.m3u8" % (time.time() - 5))
    rewind = past(t, server, "rewind-40.m3u8")
    poll_for(5, live)
    first.close()
    Encoder(t, server, "/m.mp3", "mp3", sent[1], lead=12)
    last = live.last.segments[-1].sequence
    # Players of all three lists hear each segment once, in order (hls_check.py).
    wait_for(lambda: poll_for(0, live, event, rewind) or live.last.segments[0].sequence > last + 3, "the seam is heard", 40)
    for one in (live, event, rewind):
        one.sound()
    for number in same_segments(live, event, 8, "the event"):
        equal(event.seen[number][0].discontinuity, live.seen[number][0].discontinuity, "the discontinuity of %d" % number)
    same_segments(live, rewind, 8, "rewind")


@test
def a_live_list_begins_at_the_same_segment_on_all_workers(t):
    """Of a source that sends far ahead the log has lost the first segments before the archive has them.  Many sources,
    as the archive writes twice a second."""
    names = ["/s%d.mp3" % i for i in range(24)]
    mount = "<mount><mount-name>%s</mount-name><hls>1</hls><archive><enabled>1</enabled></archive></mount>"
    server = recorder(t, root="".join(mount % name for name in names), window=60, segment=6,
                      limits="<sources>40</sources>")
    sent = encoded("mp3", 80)
    paths = []
    for name in names:
        Encoder(t, server, name, "mp3", sent, lead=31)
        session = watch(t, server, name)
        session.master()
        paths.append(session.path)
        time.sleep(0.03)
    numbers = [set() for _ in names]
    until = time.monotonic() + 9
    while time.monotonic() < until:
        wires = [http.client.HTTPConnection(*server.address, timeout=15) for _ in names]  # each to any worker
        for wire, path in zip(wires, paths):
            wire.request("GET", path)
        for wire, of_mount in zip(wires, numbers):
            of_mount.add(re.search(r"MEDIA-SEQUENCE:(\d+)", wire.getresponse().read().decode()).group(1))
            wire.close()
        time.sleep(0.1)
    equal([len(each) for each in numbers], [1] * 24, "the first segments of the lists, which never go back (RFC 8216, 6.2.2): %r" % numbers)


@test
def the_past_is_for_those_who_may_listen_and_as_far_as_the_window_goes(t):
    users = t.dir / "users"
    users.write_text("ann:5f4dcc3b5aa765d61d8327deb882cf99\n")  # md5 of "password"
    users.chmod(0o644)
    auth = '<authentication type="htpasswd"><option name="filename" value="%s"/><option name="allow_duplicate_users" value="1"/></authentication>' % users
    server = t.unstarted_server()
    one = "<mount><mount-name>%s</mount-name><hls>1</hls><archive><enabled>1</enabled>%s</archive>%s</mount>"
    server.write_config(body=ROOT % (server.dir / "archive") + one % ("/m.mp3", "", auth) + one % ("/none.mp3", "<listeners>none</listeners>", "") +
                        one % ("/short.mp3", "<window>6</window>", ""))
    server.start()
    sound = encoded("mp3", 60)
    for name in ("/m.mp3", "/none.mp3", "/short.mp3"):
        Encoder(t, server, name, "mp3", sound, lead=4)
    live = watch(t, server, "/short.mp3")
    poll_for(14, live)
    begin = int(seconds_of(live.seen[min(live.seen)][0])) + 1
    name = "/archive-%d-8.m3u8" % begin
    player = watch(t, server, "/m.mp3", name=name)
    player.master()
    equal(player.ask(player.path)[0].status, 401, "a list without a password")
    reply, body = player.ask(player.path, Authorization=basic("ann:password"))
    equal(reply.status, 200, "the list")
    player.poll()
    uri = player.last.segments[0].uri
    equal(server.get("/m.mp3/" + uri.split("?")[0]).status, 403, "a segment without a name")
    # As after a pause, or at another node: a session that is not known is let in anew.
    fresh = watch(t, server, "/m.mp3", name=name)
    session = re.search(r"s=([0-9a-f]{24})", fresh.master()[0][1])[1]
    segment = "/m.mp3/%s?s=%s" % (uri.split("?")[0], session)
    equal(fresh.ask(segment)[0].status, 401, "a segment for a session that is not known")
    reply, body = fresh.ask(segment, Authorization=basic("ann:password"))
    equal((reply.status, body[:3]), (200, b"ID3"), "… with a password: %r" % body[:80])
    equal(fresh.ask(segment)[0].status, 200, "… and from then on")

    def told_of(path, method, login=None):
        asked = http.client.HTTPConnection(server.host, server.port, timeout=10)
        asked.request(method, path, headers={"Authorization": login} if login else {})
        answer = asked.getresponse()
        asked.close()
        return answer.status, answer.headers.get("x-lb-archive")

    # When it was on the air is for those who may listen, by whatever is asked.
    for path in ("/archive-1000000000-5.m3u8", "/timeshift_abs-1000000000.m3u8", "/timeshift_rel-99999999999.m3u8", "?from=1000000000&to=1000000005"):
        for method in ("GET", "HEAD"):
            equal((method, path, told_of("/m.mp3" + path, method)[1]), (method, path, None))
            if path.startswith("?"):
                status, told = told_of("/m.mp3" + path, method, basic("ann:password"))
                equal((method, status), (method, 404))
                matches(r"^\d+-\d+$", told)
        told = server.get("/short.mp3" + path).get("x-lb-archive")
        check(told is None or int(told.split("-")[0]) >= time.time() - 9, "%s tells of what is before the window: %s" % (path, told))
    equal(server.get("/none.mp3" + name).status, 401, "for administrators only")
    equal(server.get("/none.mp3" + name, ADMIN).status, 200, "an administrator's list")
    equal(server.get("/short.mp3" + name).status, 404, "before its window")
    short = watch(t, server, "/short.mp3", name="/rewind-60.m3u8")
    check(time.time() - seconds_of(short.poll().segments[0]) <= 9, "a list within the window")
    try:
        live.poll()
    except Fault as fault:
        check(False, str(fault))


@test
def an_event_list_of_a_day_has_all_its_segments(t):
    day, server = 24 * 3600, t.unstarted_server()
    place = open_folder(server.dir / "archive")
    begin = int(time.time()) - day - 900
    Recording(begin, day + 600, frames_a_second=1).write(place, "%2Fm%2Emp3")
    server.write_config(body=ROOT.replace("<segment>2", "<segment>6") % place +
                        "<mount><mount-name>/m.mp3</mount-name><hls>1</hls><archive><enabled>1</enabled></archive></mount>")
    server.start()
    wait_for(lambda: server.get("/m.mp3/archive-%d-60.m3u8" % (begin + day)).status == 200, "the directory has been read")
    first = None
    for late, least in ((day // 2, 7200), (1200, 14250)):
        # What begins later is a part of what begins earlier.
        event = past(t, server, "archive-%d-now.m3u8" % (begin + late))
        listed = event.list()
        equal((listed.kind, listed.text.endswith("#EXT-X-ENDLIST\n")), ("EVENT", False))
        check(len(listed.segments) >= least, "%d segments" % len(listed.segments))
        if first:
            check(listed.text.endswith(first), "the shorter list is not the end of the longer one")
        first = listed.text.split("\n", 6)[6]
    over = past(t, server, "archive-%d-now.m3u8" % begin).list()
    equal((over.kind, over.text.endswith("#EXT-X-ENDLIST\n")), ("EVENT", True))
    check(14390 <= len(over.segments) <= 14400, "%d segments" % len(over.segments))
    # With a parameter in each address it is made in pieces.
    whole = past(t, server, "archive-%d-%d.m3u8" % (begin, day))
    asked = time.monotonic()
    listed = whole.list()
    took = time.monotonic() - asked
    equal({segment.uri.count("?s=") for segment in listed.segments}, {1}, "names in addresses")
    equal([segment.uri.split("?")[0] for segment in listed.segments], [segment.uri for segment in over.segments])
    equal(server.get("/m.mp3/archive-%d-%d.m3u8" % (begin, day + 1)).status, 400, "more than a day")
    return "%d segments, %d bytes, twice in %.2f s" % (len(listed.segments), len(listed.text), took)


@test
def what_nothing_records_stays_in_the_log(t):
    server = t.unstarted_server()
    place = open_folder(server.dir / "archive")
    # As by another server that writes there.
    lock = t.owned((place / ".lock").open("w"))
    (place / ".lock").chmod(0o666)
    fcntl.flock(lock, fcntl.LOCK_EX)
    server.write_config(body=ROOT % place + "<mount><mount-name>/m.mp3</mount-name><hls>1</hls><archive>1</archive></mount>")
    server.start()
    server.wait_for_log("nothing is recorded")
    Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 60), lead=4)
    live = watch(t, server, "/m.mp3")
    wait_for(lambda: poll_for(0.7, live) or len(live.seen) >= 10, "ten segments", 30)
    listed = live.list().segments
    equal([server.get("/m.mp3/" + segment.uri).status for segment in listed], [200] * 6, "the segments of a list")


def recorded_before(t, server, *mounts):
    """A list of a minute, two hours ago."""
    place = open_folder(server.dir / "archive")
    begin = int(time.time()) - 7200
    for mount in mounts:
        Recording(begin, 300).write(place, "%2F" + mount + "%2Emp3")
    return place, "/archive-%d-60.m3u8" % (begin + 60)


def by_login(player, path):
    reply, body = player.ask(path, Authorization=basic(ADMIN))
    equal(reply.status, 200, path)
    return reply, [urllib.parse.urljoin(path, line) for line in body.decode("latin-1").split("\n") if line and not line.startswith("#")]


@test
def an_administrator_hears_all_of_it_and_no_cache_keeps_it(t):
    server = t.unstarted_server()
    place, name = recorded_before(t, server, "none", "short")
    one = "<mount><mount-name>/%s.mp3</mount-name><hls>1</hls><archive><enabled>1</enabled>%s</archive></mount>"
    server.write_config(body=ROOT % place + one % ("none", "<listeners>none</listeners>") + one % ("short", "<window>1h</window>"))
    server.start()
    wait_for(lambda: server.get("/none.mp3" + name, ADMIN).status == 200, "the directory is read")
    equal((server.get("/none.mp3" + name).status, server.get("/short.mp3" + name).status), (401, 404), "for others")
    for mount in ("/none.mp3", "/short.mp3"):
        player = watch(t, server, mount, name=name)
        variants = by_login(player, player.master_path)[1]
        reply, segments = by_login(player, variants[0])
        equal(reply.getheader("Cache-Control"), "private, max-age=1", "a list of " + mount)
        reply = player.ask(segments[0], Authorization=basic(ADMIN))[0]
        equal((reply.status, reply.getheader("Cache-Control")), (200, "private, max-age=86400, immutable"), "a segment of " + mount)
    equal(server.get("/short.mp3" + name).status, 404, "the list of an administrator is not for others")


@test
def by_address_the_segments_of_a_list_that_is_fetched_once_show_who_listens(t):
    server = t.unstarted_server()
    place, name = recorded_before(t, server, "m")
    server.write_config(body=ROOT.replace("</hls>", "<sessions>address</sessions></hls>") % place +
                        "<mount><mount-name>/m.mp3</mount-name><hls>1</hls><archive>1</archive></mount>")
    server.start()
    wait_for(lambda: server.get("/m.mp3" + name).status == 200, "the directory is read")
    player = watch(t, server, "/m.mp3", name=name)
    listed = player.list().segments
    uris = [urllib.parse.urljoin(player.path, segment.uri) for segment in listed]
    heard = []

    def count():
        return int(server.stats().find("listeners").text)

    def plays():
        equal(player.ask(uris[len(heard) // 3 % len(uris)])[0].status, 200)
        heard.append(count())
        time.sleep(0.7)
        return time.monotonic() - began > 24
    began = time.monotonic()
    wait_for(plays, "it is played", 40)
    equal(set(heard), {1}, "listeners")
    player.close()
    wait_for(lambda: count() == 0, "the player pauses", 40)
    equal(player.ask(uris[0])[0].status, 200)
    equal(count(), 1, "listeners after a pause")


@test
def a_listener_of_what_was_recorded_is_the_mounts_when_a_source_comes(t):
    server = t.unstarted_server()
    place, name = recorded_before(t, server, "m")
    server.write_config(body=ROOT % place + "<mount><mount-name>/m.mp3</mount-name><hls>1</hls><archive>1</archive></mount>")
    server.start()
    wait_for(lambda: server.get("/m.mp3" + name).status == 200, "the directory is read")
    player = watch(t, server, "/m.mp3", name=name)
    listed = player.list().segments
    equal(player.ask(urllib.parse.urljoin(player.path, listed[0].uri))[0].status, 200)
    server.source("/m.mp3").play(10)
    wait_for(lambda: server.stat("/m.mp3", "listeners") == "1", "the mount has its listener", 10)
