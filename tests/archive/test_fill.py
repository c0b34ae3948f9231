"""Recordings that a node has missed: it fetches them from other nodes, slowly, and keeps them (doc/archive.md,
<fill>)."""
import json
import re
import struct
import time

from bench import ADMIN, check, equal, test, wait_for
from link_bench import edge, kill9, plays
from media import MP3_FRAME
from recorded import Recording, crc32c, directory, mark, metric
from recorder import Studio, check_consecutive
from test_remote import MOUNT, archive_of, first_number, frames, holder, parts_sent, plain_master, recording_master

AWAY_S = 20


def own_ranges(server):
    """[(from, to)] of the node's own recordings, by its own document."""
    document = json.loads(server.get("/admin/archive.json", ADMIN).text)
    return [(part["from"], part["to"]) for each in document["mounts"] for part in each["ranges"] if "here" in part["where"]]


def own_seconds(server):
    return sum(end - begin for begin, end in own_ranges(server))


def newest_of(server):
    return max((end for _, end in own_ranges(server)), default=0)


def files_of(place):
    return sorted(place.glob("*/*/*.data"))


@test
def what_a_node_missed_while_it_was_away_it_has_when_the_other_one_is_gone(b):
    master = recording_master(b, nodes=("edge12",))
    place = directory(b, 12)
    there = edge(b, 12, master, body=archive_of(place, inside="<fill>1</fill>"))
    encoder = Studio(b, master)
    plays(there)
    listener = there.listener(MOUNT)        # an edge has a stream while it is listened to
    wait_for(lambda: own_seconds(there) >= 4, "the node records", 30)
    kill9(there)
    listener.close()
    began = time.time()
    wait_for(lambda: newest_of(master) >= began + AWAY_S, "%d s pass" % AWAY_S, AWAY_S + 20)
    ended = newest_of(master)
    there.start()
    plays(there, patience=20)
    listener = there.listener(MOUNT)
    wait_for(lambda: re.search(r"archive /live\.mp3: \d+ s that were missing here are fetched", there.log()), "the hole is filled", 40)
    wait_for(lambda: newest_of(there) >= ended + 5, "it records on", 30)
    filled = metric(there, "lb_archive_filled_bytes_total")
    # The burst with which the node comes back has some seconds of it.
    check(filled >= (AWAY_S - 8) * 42 * MP3_FRAME, "%d bytes were filled" % filled)
    check(filled <= (AWAY_S + 15) * 42 * MP3_FRAME, "%d bytes were filled, more than were missing" % filled)
    wait_for(lambda: len(own_ranges(there)) == 1, "its own recording has no hole: %r" % own_ranges(there))
    fetched = metric(there, "lb_archive_fetched_bytes_total")
    begin = own_ranges(there)[0][0]
    encoder.close()
    kill9(master)
    listener.close()
    wait_for(lambda: all(part["where"] == ["here"] for each in json.loads(there.get("/admin/archive.json", ADMIN).text)["mounts"]
                         for part in each["ranges"]), "nothing is known of the other one", 30)
    whole = there.get(MOUNT + "?from=%.3f&to=%.3f" % (began, ended))
    equal(whole.status, 200)
    numbers = frames(whole.body[MP3_FRAME:])
    check_consecutive(numbers, "the time that the node was away")
    check(abs(len(numbers) - (ended - began) * 1000 / 24) <= 50, "%d frames of %.1f s" % (len(numbers), ended - began))
    late = first_number(there.listener(MOUNT + "?from=%.3f" % (began + AWAY_S / 2)))
    off = encoder.sent[late] - (began + AWAY_S / 2)
    check(abs(off) <= 1.5, "a listener of that time began %.1f s beside it" % off)
    equal(metric(there, "lb_archive_fetched_bytes_total"), fetched)
    # What it has filled survives a kill as what it has recorded.
    kill9(there)
    there.start()
    wait_for(lambda: own_ranges(there) and own_ranges(there)[0][0] == begin, "it is there again", 20)
    equal(len(own_ranges(there)), 1)
    return "%.0f s missing, %d kB filled" % (ended - began, filled // 1000)


@test
def a_node_that_has_nothing_gets_the_files_of_the_others_by_name_and_byte(b):
    begin = int(time.time()) - 900
    recording = Recording(begin, 400)
    master = plain_master(b)
    source = holder(b, 13, master, recording)
    place = directory(b, 12)
    there = edge(b, 12, master, body=archive_of(place, inside="<fill>1</fill>"))
    wait_for(lambda: own_seconds(there) >= 399, "all of it is here: %r" % own_ranges(there), 60)
    sent = files_of(b.dir / "archive13")
    got = files_of(place)
    equal([path.name for path in got], [path.name for path in sent])
    for one, other in zip(got, sent):
        check(one.read_bytes() == other.read_bytes(), one.name + " has other bytes")
    # Slowly: no more than a block each 125 ms.
    equal(metric(there, "lb_archive_filled_bytes_total"), sum(path.stat().st_size for path in sent))
    check(parts_sent(source), "nothing was sent")
    wait_for(lambda: '"here", "edge13"' in there.get("/admin/archive.json", ADMIN).text or
             {"here", "edge13"} == {name for each in json.loads(there.get("/admin/archive.json", ADMIN).text)["mounts"]
                                    for part in each["ranges"] for name in part["where"]}, "both are shown")


@test
def wrong_bytes_are_not_filled_and_the_second_holder_gives_the_right_ones(b):
    begin = int(time.time()) - 900
    recording = Recording(begin, 60, frames_a_second=341)
    master = plain_master(b)
    liar = directory(b, 13)
    recording.write(liar)
    data = files_of(liar)[0]
    wrong = bytearray(data.read_bytes())
    for at in range(100_000, len(wrong), 100_000):
        wrong[at] ^= 0x40
    data.write_bytes(wrong)
    edge(b, 13, master, body=archive_of(liar))
    place = directory(b, 12)
    there = edge(b, 12, master, body=archive_of(place, inside="<fill>1</fill>"))
    wait_for(lambda: "do not have the checksum of their index" in there.log(), "wrong bytes are noticed", 40)
    right = b"".join(recording.seconds)

    def is_right():
        """Every byte that this node has equals the recorded one."""
        for path in files_of(place):
            origin = int(path.stem.split("-")[2], 16)
            text = path.read_bytes()
            if text != right[origin:origin + len(text)]:
                return False
        return True
    check(is_right(), "wrong bytes are here")
    holder(b, 14, master, recording)
    wait_for(lambda: own_seconds(there) >= 59, "all of it is here: %r" % own_ranges(there), 90)
    check(is_right(), "wrong bytes are here")
    whole = there.get(MOUNT + "?from=%d&to=%d" % (begin + 1, begin + 59))
    check_consecutive(frames(whole.body[MP3_FRAME:]), "the export")


class Liar(Recording):
    """Its index has the first and the last mark alone, with right checksums of wrong bytes."""

    def write(self, directory, mount="%2Flive%2Emp3", skip=0):
        super().write(directory, mount, skip)
        data = b"".join(self.seconds)
        [index] = directory.glob(mount + "/*/*.idx")
        head = index.read_bytes()
        size = struct.unpack("<BH", head[:3])[1] + 7
        index.write_bytes(head[:size] + mark(0, 0, self.begin_s * 1000, 0) +
                          mark(len(data), len(self.seconds) * self.RATE, (self.begin_s + len(self.seconds)) * 1000, crc32c(data), kind=5))


@test
def a_false_index_replaces_nothing_that_is_here(b):
    begin = int(time.time()) // 300 * 300 - 880  # in one file
    right = Recording(begin, 60)
    master = plain_master(b)
    place, false = directory(b, 12), directory(b, 13)
    right.write(place)
    forged = Liar(begin, 120)
    forged.seconds = [data.replace(b"<S", b"<L") for data in forged.seconds]
    forged.sums = [crc32c(data) for data in forged.seconds]
    forged.write(false)
    # Of the other mount it has the whole truth, and its turn comes behind the first one's.
    Recording(begin - 600, 30).write(false, mount="%2Fother%2Emp3")
    there = edge(b, 12, master, body=archive_of(place, inside="<fill>1</fill>"))
    wait_for(lambda: own_seconds(there) >= 59, "its own is read: %r" % own_ranges(there), 20)
    edge(b, 13, master, body=archive_of(false))
    wait_for(lambda: list(place.glob("%2Fother%2Emp3/*/*.idx")), "what is true is filled", 60)
    [data] = place.glob("%2Flive%2Emp3/*/*.data")
    check(data.read_bytes() == b"".join(right.seconds), "its own recording was replaced")


@test
def what_would_not_fit_is_not_fetched(b):
    begin = int(time.time()) - 900
    recording = Recording(begin, 240)
    master = plain_master(b)
    source_place = directory(b, 13)
    recording.write(source_place)
    # Older, so that its turn comes behind the other one's.
    Recording(begin - 300, 30).write(source_place, mount="%2Fother%2Emp3")
    source = edge(b, 13, master, body=archive_of(source_place))
    size = 100 * recording.bytes_a_second
    place = directory(b, 12)
    there = edge(b, 12, master, body=archive_of(place, inside="<fill>1</fill><max-size>%d</max-size>" % size))
    # The rounds look what there is, and leave the files that are larger than all that may be kept.
    whole = [path for path in files_of(source_place) if path.stat().st_size > size]
    check(whole, "all files are small")
    wait_for(lambda: list(place.glob("%2Fother%2Emp3/*/*.idx")), "what fits is filled", 40)
    kept = sum(path.stat().st_size for path in place.glob("%2Flive%2Emp3/*/*.data"))
    check(kept <= size, "more is kept than max-size: %d bytes" % kept)
    check(not {path.stem for path in whole} & {name for name, _, _ in parts_sent(source)}, "what does not fit was fetched")
