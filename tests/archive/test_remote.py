"""Recordings of other nodes: played like own ones, fetched once, and taken from the next holder when one dies
(doc/archive.md)."""
import json
import os
import re
import signal
import time

from bench import ADMIN, check, equal, test, wait_for
from harness import Failed, mount
from link_bench import RawNode, edge, first_redirect, kill9, linked_master
from media import MP3_FRAME, mp3_frame
from recorded import Recording, directory, metric, places
from recorder import FRAME_S, Studio, check_consecutive, ranges, recorded_seconds

MOUNT = "/live.mp3"
FULL = os.environ.get("LB_FULL") == "1"


def archive_of(directory, inside="", more=""):
    return "<archive><dir>%s</dir>%s</archive>" % (directory, more) + mount("/*", "<archive><enabled>1</enabled>%s</archive>" % inside)


def recording_master(b, number=11, nodes=("edge12", "edge13", "edge14")):
    return linked_master(b, number, nodes, body_more=archive_of(directory(b, number)))


def knows(server, seconds):
    def known():
        try:
            return recorded_seconds(server)
        except (OSError, Failed):
            return 0
    wait_for(lambda: known() >= seconds, "%s knows %d recorded seconds" % (server.name, seconds), 30)


def first_number(listener):
    return int(re.search(rb"<S(\d{9})>", listener.read(2000)).group(1))


def frames(data):
    """The numbers of the whole frames, beginning with the first one."""
    at = data.find(b"\xff\xfb\x94\x00")
    found = []
    while at >= 0 and at + MP3_FRAME <= len(data):
        number = int(data[at + 38:at + 47])
        check(data[at:at + MP3_FRAME] == mp3_frame("S", number), "a frame is damaged at byte %d" % at)
        found.append(number)
        at += MP3_FRAME
    return found


@test
def a_listener_at_another_node_hears_what_was_sent_so_long_ago(b):
    master = recording_master(b)
    there = edge(b, 12, master)
    encoder = Studio(b, master)
    knows(there, 9)
    asked = time.time()
    listener = there.listener(MOUNT + "?timeshift=8")
    first = first_number(listener)
    late = asked - encoder.sent[first]
    check(7 <= late <= 9, "timeshift=8 began %.2f s ago" % late)
    place = re.fullmatch(r"([0-9a-f]{32}\.\d+)", listener.head.get("x-lb-stream") or "")
    check(place, "no place is told")
    # Over the end of what was recorded when it began, at the pace of the stream.
    check_consecutive(frames(listener.read(int(6 / FRAME_S) * MP3_FRAME)), "the shifted stream")
    listener.close()
    again = there.listener(MOUNT + "?at=" + place.group(1))
    equal(first_number(again), first)
    again.close()
    return "−8 s from another node is −%.2f s" % late


@test
def ranges_of_another_node_are_files_and_are_shown_with_their_places(b):
    master = recording_master(b)
    there = edge(b, 12, master)
    encoder = Studio(b, master)
    knows(there, 6)
    begin = ranges(there)[0][0] + 1
    path = MOUNT + "?from=%d&duration=3" % begin
    here, remote = master.get(path), there.get(path)
    equal((here.status, remote.status), (200, 200))
    equal(remote.body, here.body)
    part = there.get(path, headers=["Range: bytes=1000-4999"])
    equal((part.status, part.body), (206, here.body[1000:5000]))
    shown = json.loads(there.get("/admin/archive.json", ADMIN).text)["mounts"]
    equal([(each["mount"], each["ranges"][-1]["where"]) for each in shown], [(MOUNT, ["m11"])])
    equal(there.get(MOUNT + "?from=1&to=2").status, 404)
    encoder.close()


BLOCK = 256 * 1024
SENT = r"archive /live\.mp3: (\S+), bytes (\d+) to (\d+) to"


def holder(b, number, master, recording, skip=0):
    """A node that has a recording of the mount, but does not play it."""
    there = directory(b, number)
    recording.write(there, skip=skip)
    return edge(b, number, master, body=archive_of(there))


def plain_master(b, number=11, ids=("edge12", "edge13", "edge14")):
    return linked_master(b, number, ids)


def parts_sent(server):
    """(file, first, last) of each answer that the node has given to other nodes."""
    return [(name, int(first), int(last)) for name, first, last in re.findall(SENT, server.log())]


def twice(parts):
    """The parts that were sent more than once."""
    taken, again = {}, []
    for name, first, last in sorted(parts):
        if first <= taken.get(name, -1):
            again.append((name, first, last))
        taken[name] = max(taken.get(name, -1), last)
    return again


@test
def ten_minutes_back_is_ten_minutes_back_at_a_node_that_has_nothing(b):
    recording = Recording(int(time.time()) - 700, 300)
    master = plain_master(b)
    holder(b, 13, master, recording)
    there = edge(b, 12, master)
    knows(there, 290)
    asked = time.time()
    listener = there.listener(MOUNT + "?timeshift=600")
    late = asked - recording.wall_of(first_number(listener))
    listener.close()
    check(abs(late - 600) <= 1, "timeshift=600 began %.2f s ago" % late)
    return "−600 s from another node is −%.2f s" % late


@test
def a_player_goes_on_at_its_byte_at_another_node(b):
    master = recording_master(b)
    encoder = Studio(b, master)
    here, there = edge(b, 12, master), edge(b, 13, master)
    knows(here, 2)
    knows(there, 2)
    here.listener(MOUNT).read(2000)   # the first one of a relay on demand is not told where it begins
    player = here.listener(MOUNT)
    identity, position = player.head.get("x-lb-stream").split(".")
    sound = b""
    for turn in range(4):
        # The end of what has been sent: no node has it on its disk.
        sound += player.read((1 if turn else 180) * MP3_FRAME + 100)
        player.close()
        player = (here if turn % 2 else there).listener(MOUNT + "?at=%s.%d" % (identity, int(position) + len(sound)))
        equal(player.head.get("x-lb-stream"), "%s.%d" % (identity, int(position) + len(sound)))
    sound += player.read(MP3_FRAME)
    numbers = [int(sound[at + 38:at + 47]) for at in range(0, len(sound) - MP3_FRAME, MP3_FRAME)]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
    encoder.close()


@test
def twenty_viewers_fetch_each_block_once(b):
    begin = int(time.time()) - 400
    recording = Recording(begin, 60, frames_a_second=341)
    master = plain_master(b)
    there, asker = holder(b, 13, master, recording), edge(b, 12, master)
    knows(asker, 55)
    viewers = [asker.listener(MOUNT + "?from=%d" % (begin + 5 + i % 5)) for i in range(20)]
    heard = [b""] * len(viewers)
    for _ in range(16):
        heard = [so_far + viewer.read(BLOCK // 4) for so_far, viewer in zip(heard, viewers)]
    for data in heard:
        check_consecutive(frames(data), "a viewer")
    for viewer in viewers:
        viewer.close()
    wait_for(lambda: metric(asker, "lb_shifted_listeners") == 0, "the viewers have left")
    parts = parts_sent(there)
    check(parts and not twice(parts), "bytes were fetched twice: %r" % twice(parts)[:3])
    check(max(last for _, _, last in parts) >= 4 * BLOCK, "too little was fetched: %r" % parts)
    check(all(last - first < BLOCK for _, first, last in parts), "a block is too large: %r" % parts)
    fetched = sum(last - first + 1 for _, first, last in parts)
    wait_for(lambda: metric(asker, "lb_archive_fetched_bytes_total") == fetched, "%d fetched bytes are counted" % fetched)
    check(metric(asker, 'lb_archive_reads_total{from="remote"}') > 0, "no read is counted as remote")
    return "20 viewers of %d kB each: %d kB in %d requests" % (4 * BLOCK // 1000, fetched // 1000, len(parts))


@test
def its_holder_dies_and_the_second_goes_on_at_the_same_frame(b):
    begin = int(time.time()) - 400
    recording = Recording(begin, 60, frames_a_second=341)
    master = plain_master(b)
    holders = [holder(b, 13, master, recording), holder(b, 14, master, recording)]
    asker = edge(b, 12, master)
    wait_for(lambda: {"edge13", "edge14"} <= set(places(asker)), "it knows both holders", 20)
    listener = asker.listener(MOUNT + "?from=%d" % (begin + 5))
    data = b"".join(listener.read(BLOCK // 4) for _ in range(12))
    used = max(holders, key=lambda node: len(parts_sent(node)))
    other = holders[1 - holders.index(used)]
    before = len(parts_sent(other))
    kill9(used)
    longest = 0.0
    for _ in range(24):
        began = time.monotonic()
        data += listener.read(BLOCK // 4)
        longest = max(longest, time.monotonic() - began)
    check_consecutive(frames(data), "the stream over the death of its holder")
    check(len(parts_sent(other)) > before, "the second holder was not asked")
    check(longest < 3, "a pause of %.1f s" % longest)
    return "longest pause of 64 kB: %.2f s, at a pace of 0.5 s" % longest


@test
def a_hole_of_this_node_is_filled_from_another_one(b):
    begin = int(time.time()) - 400
    recording = Recording(begin, 60)
    master = plain_master(b)
    holder(b, 13, master, recording)
    partly = holder(b, 12, master, recording, skip=30)
    wait_for(lambda: {"edge13", "here"} <= set(places(partly)), "it knows both", 20)
    whole = partly.get(MOUNT + "?from=%d&to=%d" % (begin + 10, begin + 50))
    equal(whole.status, 200)
    numbers = frames(whole.body[MP3_FRAME:])
    check_consecutive(numbers, "the export")
    check(abs(len(numbers) - 40 * 42) <= 2 * 42, "%d frames of 40 s" % len(numbers))
    # What is here is not fetched.
    fetched = metric(partly, "lb_archive_fetched_bytes_total")
    local = partly.get(MOUNT + "?from=%d&to=%d" % (begin + 40, begin + 50))
    equal((local.status, metric(partly, "lb_archive_fetched_bytes_total")), (200, fetched))


@test
def forged_passes_and_strange_names_are_refused(b):
    recording = Recording(int(time.time()) - 400, 20, frames_a_second=341)
    there = directory(b, 11)
    recording.write(there)
    recording.write(there, mount="%2Fother%2Emp3")
    master = linked_master(b, 11, ("raw",), body_more=archive_of(there))
    raw = RawNode(b, master, "raw")
    raw.hello()
    raw.keep_alive()
    rows = {}
    while len(rows) < 2:
        rows.update({row["m"]: row for row in raw.frame("ARCH")["rows"]})
    secret = rows[MOUNT]["pass"]
    check(re.fullmatch("[0-9a-f]{32}", secret), "the pass is %r" % secret)
    check(rows["/other.mp3"]["pass"] != secret, "one pass opens all mounts")

    def ask(path, token=secret, lines=()):
        return master.get("/_lb/archive" + path, headers=["Authorization: Bearer " + token, *lines])
    listed = json.loads(ask(MOUNT + "/?from=0&to=9999999999999").text)["files"]
    name = listed[0]["n"]
    data = MOUNT + "/" + name + ".data"
    equal((ask(data, lines=["Range: bytes=0-999"]).status, ask(MOUNT + "/" + name + ".idx").status), (206, 200))
    equal(len(ask(data, lines=["Range: bytes=0-999"]).body), 1000)
    for token in ("", "0" * 32, secret[:-1], secret + "0", rows["/other.mp3"]["pass"]):
        equal((token, ask(data, token, ["Range: bytes=0-999"]).status), (token, 403))
    equal(master.get("/_lb/archive" + data).status, 403)
    for lines in ([], ["Range: bytes=0-%d" % BLOCK], ["Range: bytes=999999999-"]):
        equal((lines, ask(data, lines=lines).status), (lines, 416))
    for path in ("/../../etc/passwd", MOUNT + "/../" + name + ".data", MOUNT + "/..%2f..%2fetc%2fpasswd", MOUNT + "/" + name + ".xml",
                 MOUNT + "/" + "9" * 3000 + "-00000000-0.data", MOUNT + "/1-00000000-0.data", "/" + "x" * 3000 + "/", "", "/",
                 MOUNT + "/.lock", MOUNT + "/%00" + name + ".data"):
        wire = master.wire()
        wire.send("GET /_lb/archive%s HTTP/1.0\r\nAuthorization: Bearer %s\r\nRange: bytes=0-999\r\n\r\n" % (path, secret))
        answer = wire.take_all()        # nothing: it was no request
        status = int(answer.split(b" ")[1]) if answer else 400
        check(status in (400, 403, 404), "%s was answered %d" % (path[:60], status))
    for _ in range(40):
        ask(data, "f" * 32)
    refused = re.findall("of those that were refused", master.log())
    check(5 <= len(refused) <= 12, "%d lines of refusals" % len(refused))


@test
def a_master_sends_requests_for_the_past_where_it_was_recorded(b):
    recording = Recording(int(time.time()) - 400, 60)
    master = plain_master(b)
    there, other = holder(b, 13, master, recording), edge(b, 12, master)
    for node in (master, other):
        wait_for(lambda: "edge13" in places(node), "%s knows who has recorded it" % node.name, 20)
    time_of = "from=%d" % (recording.begin_s + 10)
    for path in (MOUNT + "?" + time_of, MOUNT + "?" + time_of + "&duration=5", MOUNT + "/archive-%d-5.mp3" % (recording.begin_s + 10)):
        for turn in range(6):
            status, node, asked = first_redirect((master.host, master.port), path)
            equal((status, node), (302, "127.0.0.13:%d" % there.port))
            check(asked.startswith(path), "it is sent to %s instead of %s" % (asked, path))
    listener = there.listener(asked)
    check(len(listener.read(50_000)) == 50_000, "it does not play there")
    listener.close()
    kill9(there)
    wait_for(lambda: first_redirect((master.host, master.port), MOUNT + "?" + time_of)[0] != 302, "nothing is sent to a dead node")


@test
def a_holder_that_is_silent_or_gives_wrong_bytes_is_passed_over(b):
    begin = int(time.time()) - 400
    recording = Recording(begin, 60, frames_a_second=341)
    master = plain_master(b)
    holders = [holder(b, 13, master, recording), holder(b, 14, master, recording)]
    data = next((b.dir / "archive13").glob("*/*/*.data"))
    wrong = bytearray(data.read_bytes())
    for at in range(100_000, len(wrong), 100_000):
        wrong[at] ^= 0x40
    data.write_bytes(wrong)
    cache = directory(b, 12)
    asker = edge(b, 12, master, body="<archive><cache-dir>%s</cache-dir></archive>" % cache)
    wait_for(lambda: {"edge13", "edge14"} <= set(places(asker)), "it knows both holders", 20)
    listener = asker.listener(MOUNT + "?from=%d" % (begin + 5))
    heard = b"".join(listener.read(BLOCK // 4) for _ in range(16))
    # Now the only right one does not answer for a while.
    holders[1].send_signal(signal.SIGSTOP)
    try:
        time.sleep(2.5)
    finally:
        holders[1].send_signal(signal.SIGCONT)
    for _ in range(16):
        heard += listener.read(BLOCK // 4)
    check_consecutive(frames(heard), "the stream")
    listener.close()
    whole = asker.get(MOUNT + "?from=%d&to=%d" % (begin + 1, begin + 50))
    equal(whole.status, 200)
    check_consecutive(frames(whole.body[MP3_FRAME:]), "the export")
    check("do not have the checksum of their index" in asker.log(), "the wrong bytes were not noticed")
    equal(list(cache.iterdir()), [], "names in the cache")


@test
def many_viewers_of_different_times_are_played_or_refused_and_the_live_stream_goes_on(b):
    begin = int(time.time()) - 700
    recording = Recording(begin, 300)
    master = plain_master(b)
    holder(b, 13, master, recording)
    asker = edge(b, 12, master)
    knows(asker, 290)
    live = asker.source("/other.mp3")
    live.play(40)
    heard = asker.listener("/other.mp3")
    count = 300 if FULL else 60
    viewers = []
    for i in range(count):
        wire = asker.wire()
        wire.send("GET %s?from=%d HTTP/1.0\r\n\r\n" % (MOUNT, begin + 5 + i * 280 // count))
        viewers.append(wire)
    began = time.monotonic()
    for wire in viewers:
        equal(wire.reply_head().status, 200)
    took = time.monotonic() - began
    live.play(10)
    check(len(heard.read(15_000)) == 15_000, "the live stream stands still")
    # All of it has been fetched, and nothing twice.
    fetched = metric(asker, "lb_archive_fetched_bytes_total")
    check(fetched <= 300 * recording.bytes_a_second + BLOCK, "%d bytes were fetched" % fetched)
    return "%d listeners at as many places began within %.1f s" % (count, took)
