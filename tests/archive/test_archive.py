"""The recordings of a node: they survive a kill and a full disk, and play and export exactly the sent bytes
(doc/archive.md)."""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import time

import preload
from encoders import Ear, parse_ogg
from harness import ADMIN, SOURCE, Skip, check, equal, matches, mount, open_folder, test, wait_for
from media import mp3_frame, mp3_numbers
from recorded import Recording
from recorder import FRAME_S, Studio, check_consecutive, newest, number_of, ranges, recorded_seconds, recorder
from syscalls import Faults, Rule

FULL = os.environ.get("LB_FULL") == "1"
MEDIA_FORMATS = {
    "mp3": ["-c:a", "libmp3lame", "-q:a", "4", "-f", "mp3"],
    "aac": ["-c:a", "aac", "-f", "adts"],
    "ogg": ["-c:a", "libvorbis", "-f", "ogg"],
    "opus": ["-c:a", "libopus", "-f", "ogg"],
    "flac": ["-c:a", "flac", "-f", "ogg"],
}
TYPES = {"mp3": "audio/mpeg", "aac": "audio/aac", "ogg": "application/ogg", "opus": "application/ogg", "flac": "application/ogg"}


def sound_of(body):
    """The bytes of an export after its Info frame."""
    at = body.find(b"\xff\xfb\x94\x00")
    while at >= 0 and body[at + 36:at + 37] != b"<":
        at = body.find(b"\xff\xfb\x94\x00", at + 1)
    return body[at:]


def numbers_of(body):
    return [number for _, number in mp3_numbers(sound_of(body))]


def frames_of(body):
    """The frames of an export, whether or not it has an Info frame."""
    sound, size = sound_of(body), len(mp3_frame("S", 0))
    return [sound[at:at + size] for at in range(0, len(sound) - size + 1, size)]


def whole_frame(frame):
    return mp3_frame("S", max(0, number_of(frame)))


@test
def every_announced_range_survives_kills_and_decodes(t):
    server = recorder(t)
    studio = Studio(t, server)
    for turn in range(50 if FULL else 2):
        before = recorded_seconds(server)
        wait_for(lambda: recorded_seconds(server) >= before + 2, "two more seconds are recorded", 15)
        last = studio.number
        server.kill()
        server.start()
        wait_for(lambda: newest(server)[1] > 0, "something is announced after a kill", 10)
        begin, end = newest(server)
        body = server.get("/live.mp3?from=%.3f&to=%.3f" % (begin, end)).body
        numbers = numbers_of(body)
        # A recording begins with its source's first frame, so ranges go on over a kill, but for what it has lost.
        gaps = [(a, b) for a, b in zip(numbers, numbers[1:]) if b != a + 1]
        check(numbers and len(gaps) <= turn and all(0 < b - a <= 1 / FRAME_S for a, b in gaps), "range %d: %r" % (turn, gaps))
        told = end - begin
        check(gaps or abs(len(numbers) * FRAME_S - told) <= 0.05, "%.2f s are announced, %d frames are there" % (told, len(numbers)))
        lost = (last - numbers[-1]) * FRAME_S
        check(lost <= 1.05, "%.2f s are lost by a kill" % lost)
        if shutil.which("ffmpeg"):
            path = t.dir / "range.mp3"
            path.write_bytes(body)
            decoded(path)
        studio.again()
    studio.close()


@test
def a_cut_and_a_flipped_byte_leave_what_is_whole(t):
    server = recorder(t)
    studio = Studio(t, server).until_recorded(4)
    server.kill()
    studio.close()
    data = max((server.dir / "archive").glob("*/*/*.data"), key=lambda path: path.stat().st_mtime)
    index = data.with_suffix(".idx")
    index.write_bytes(index.read_bytes()[:-20])
    damaged = bytearray(data.read_bytes())
    damaged[-1000] ^= 0x55   # behind the last mark that the index has left: no checksum tells of it
    data.write_bytes(damaged)
    stranger = server.dir / "archive" / "notes.txt"
    stranger.write_text("mine")
    server.start()
    server.wait_for_log("made whole after a crash")
    wait_for(lambda: newest(server)[1] > 0, "what is left is announced")
    body = server.get("/live.mp3?from=%.3f&to=%.3f" % newest(server)).body
    frames = frames_of(body)
    flipped = [i for i, frame in enumerate(frames) if frame != whole_frame(frame)]
    equal(len(flipped), 1, "frames that are not as they were sent")
    numbers = [number_of(frame) for frame in frames]
    numbers[flipped[0]] = numbers[flipped[0] - 1] + 1
    check_consecutive(numbers, "what is left")
    equal(len(numbers), len(damaged) // len(mp3_frame("S", 0)), "frames of all that was written")
    equal(stranger.read_text(), "mine")


@test
def a_listener_hears_what_was_sent_so_long_ago(t):
    server = recorder(t)
    studio = Studio(t, server).until_recorded(7)
    # A small burst would not reach so far back.
    asked = time.time()
    listener = server.listener("/live.mp3?timeshift=6")
    first = int(re.search(rb"<S(\d{9})>", listener.read(2000)).group(1))
    late = asked - studio.sent[first]
    check(4.5 <= late <= 7.5, "timeshift=6 began %.1f s ago" % late)
    place = matches(r"([0-9a-f]{32}\.\d+)", listener.head.get("x-lb-stream") or "").group(1)
    listener.close()
    again = server.listener("/live.mp3?at=" + place)
    equal(int(re.search(rb"<S(\d{9})>", again.read(2000)).group(1)), first)
    again.close()
    studio.close()


@test
def ranges_are_files_that_can_be_fetched_in_parts(t):
    server = recorder(t, inside="<downloads>4</downloads>")
    studio = Studio(t, server).until_recorded(4)
    begin = ranges(server)[0][0]
    path = "/live.mp3?from=%d&duration=3&download=1" % (begin + 1)
    whole = server.get(path)
    equal(whole.status, 200)
    equal(int(whole.get("content-length")), len(whole.body))
    check("attachment" in whole.get("content-disposition"), "it is not an attachment")
    check_consecutive(numbers_of(whole.body), "the export")
    tag = whole.get("etag")
    cut = len(whole.body) // 3
    front = server.get(path, headers=["Range: bytes=0-%d" % (cut - 1), "If-Range: " + tag])
    back = server.get(path, headers=["Range: bytes=%d-" % cut])
    equal((front.status, back.status), (206, 206))
    equal(front.body + back.body, whole.body)
    equal(server.get(path, headers=["Range: bytes=0-1", 'If-Range: "other"']).status, 200)
    equal(server.get(path, headers=["Range: bytes=%d-" % len(whole.body)]).status, 416)
    equal(server.get("/live.mp3/archive-%d-3.mp3" % (begin + 1)).body, whole.body)
    for wrong in ("from=x", "from=%d" % (time.time() + 900), "from=%d&to=%d" % (begin + 2, begin + 1),
                  "from=%d&to=%d" % (begin, time.time() + 900), "timeshift=ten", "at=1.2"):
        equal((wrong, server.get("/live.mp3?" + wrong).status), (wrong, 400))
    # Nothing of it is a mount, and nothing leaves its directory.
    for path in ("/../../etc/passwd?from=1&to=2", "/%2e%2e/live.mp3?from=1&to=2", "/live.mp3/../archive-1-2.mp3", "/none?from=1&to=2"):
        wire = server.wire()
        wire.send(b"GET %s HTTP/1.0\r\n\r\n" % path.encode())
        answer = wire.take_all()
        check(not answer or answer.split(b" ")[1] in (b"400", b"404"), path + " was answered")
    for entry in (server.dir / "archive").iterdir():
        check(re.fullmatch(r"[A-Za-z0-9_%-]+|\.lock", entry.name), "a name is not of the grammar: " + entry.name)
    studio.close()


@test
def a_full_disk_pauses_the_archive_and_not_the_stream(t):
    disk = t.dir / "disk"
    disk.mkdir()
    if os.getuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", str(disk)], capture_output=True).returncode != 0:
        raise Skip("nothing can be mounted here")
    try:
        server = recorder(t, directory=str(disk), more="<min-free>0</min-free>")
        studio = Studio(t, server).until_recorded(1)
        listener = server.listener("/live.mp3")
        filler = disk / "filler"
        try:
            filler.write_bytes(bytes(16 << 20))
        except OSError:
            pass
        server.wait_for_log("archive /live.mp3: no space left, recording paused; the live stream goes on")
        wait_for(lambda: server.get("/_lb/health").json().get("warnings") == ["archive"], "its health has a warning")
        filler.unlink()
        wait_for(lambda: "warnings" not in server.get("/_lb/health").json(), "the warning is over", 20)
        wait_for(lambda: re.search(r"archive /live.mp3: recording resumed, \d+ s missing", server.log()), "it is recorded again", 20)
        wait_for(lambda: len(ranges(server)) == 2, "the hole is shown", 10)
        heard = [int(n) for n in re.findall(rb"\x00<S(\d{9})>", listener.read(200_000))]
        check_consecutive(heard, "the live stream")
        studio.close()
        server.stop()
    finally:
        subprocess.run(["umount", "-l", str(disk)], capture_output=True)


def probed(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(path)], capture_output=True, text=True)
    return float(done.stdout.strip().splitlines()[0])


def decoded(path):
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", "8000", "-"], capture_output=True)
    check(not done.stderr.strip(), "ffmpeg says of %s: %s" % (path.name, done.stderr.decode()[:300]))
    return len(done.stdout) / 2 / 8000


@test
def random_ranges_of_every_format_have_the_length_that_they_tell(t):
    if not shutil.which("ffmpeg"):
        raise Skip("ffmpeg is not here")
    server = recorder(t)
    encoders = []
    for name, options in MEDIA_FORMATS.items():
        url = "icecast://%s@127.0.0.1:%d/%s" % (SOURCE, server.port, name)
        encoders.append(subprocess.Popen(
            ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "anoisesrc=r=44100:a=0.003", "-t", "40", *options, "-content_type", TYPES[name], url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    try:
        for name in MEDIA_FORMATS:
            wait_for(lambda: recorded_seconds(server, "/" + name) >= 7, name + " is recorded", 30)
        for name in MEDIA_FORMATS:
            begin, end = ranges(server, "/" + name)[-1]
            for turn in range(100 if FULL else 3):
                start = begin + random.random() * (end - begin - 3.6)
                # The newest mark is of a page that is not recorded yet.
                length = 1 + random.random() * (end - start - 2.5)
                reply = server.get("/%s?from=%.3f&duration=%.3f" % (name, start, length))
                equal(reply.status, 200)
                path = pathlib.Path(t.dir) / ("part.%s" % ("ogg" if name in ("opus", "flac") else name))
                path.write_bytes(reply.body)
                sound = decoded(path)
                # Cut at a frame or a packet; but the time of day of a stream may be set right within it, where the encoder was late.
                check(abs(sound - length) <= 1.1, "%s: %.2f s were asked for, %.2f came" % (name, length, sound))
                if name != "aac":
                    told = probed(path)
                    check(abs(told - sound) <= 0.05, "%s: %.3f s are told, %.3f came" % (name, told, sound))
                if TYPES[name] == "application/ogg":
                    equal(parse_ogg(reply.body), 1)
                cut = random.randrange(1, len(reply.body))
                ask = "/%s?from=%.3f&duration=%.3f" % (name, start, length)
                parts = [server.get(ask, headers=["Range: bytes=" + part]).body for part in ("0-%d" % (cut - 1), "%d-" % cut)]
                check(parts[0] + parts[1] == reply.body, "%s: the parts are not the whole, cut at %d" % (ask, cut))
    finally:
        for encoder in encoders:
            encoder.kill()
            encoder.wait()


@test
def administrators_see_and_delete_what_is_recorded(t):
    server = recorder(t)
    studio = Studio(t, server).until_recorded(2)
    equal(server.get("/admin/archive.json").status, 401)
    found = json.loads(server.get("/admin/archive.json", ADMIN).text)
    equal([one["mount"] for one in found["mounts"]], ["/live.mp3"])
    one = found["mounts"][0]
    check(one["bytes"] > 0 and one["newest"] > one["oldest"] and one["ranges"][0]["where"] == ["here"], "the document is wrong: %r" % one)
    studio.close()
    server.kill()
    server.start()
    server.wait_for_log("archive .*: 1 files")
    equal(server.ask("POST /admin/archive/delete?mount=/live.mp3&from=1&to=now HTTP/1.0", login=ADMIN).status, 200)
    wait_for(lambda: not ranges(server), "it is gone")
    check(not list((server.dir / "archive").glob("*/*/*")), "files are left")


def silent_mount(t, inside="", seconds=7):
    """A server that has recorded /live.mp3, whose source has ended."""
    server = recorder(t, inside=inside)
    studio = Studio(t, server).until_recorded(seconds)
    studio.close()
    studio.source.close()
    wait_for(lambda: server.get("/live.mp3").status == 404, "the mount is off the air", 20)
    return server


@test
def listeners_of_a_mount_that_is_off_the_air_are_limited_listed_and_killed(t):
    server = silent_mount(t, inside="</archive><max-listeners>2</max-listeners><archive>")
    first = server.listener("/live.mp3?timeshift=600")
    second = server.listener("/live.mp3?timeshift=600")
    equal(server.get("/live.mp3?timeshift=600").status, 403)
    found = server.get("/admin/listclients?mount=/live.mp3", ADMIN).text
    ids = re.findall(r"<ID>(\d+)</ID>", found)
    equal(len(ids), 2)
    equal(server.get("/admin/killclient?mount=/live.mp3&id=" + ids[0], ADMIN).status, 200)
    wait_for(lambda: len(re.findall(r"<ID>", server.get("/admin/listclients?mount=/live.mp3", ADMIN).text)) == 1, "one is left")
    # The mount plays again: its gate has them, too.
    studio = Studio(t, server)
    wait_for(lambda: "<listeners>1</listeners>" in server.get("/admin/stats?mount=/live.mp3", ADMIN).text, "it is counted where the mount plays", 10)
    first.close()
    second.close()
    studio.close()


@test
def listeners_of_the_past_move_to_another_mount(t):
    server = silent_mount(t)
    listener = server.listener("/live.mp3?timeshift=600")
    other = Studio(t, server, "/other.mp3")
    wait_for(lambda: "Clients moved from" in server.get("/admin/moveclients?mount=/live.mp3&destination=/other.mp3", ADMIN).text, "it is moved")
    wait_for(lambda: "<listeners>1</listeners>" in server.get("/admin/stats?mount=/other.mp3", ADMIN).text, "it has come there", 10)
    # More than the mount of the past has left: 7 s of 16 kB, a burst in front.
    for _ in range(18):
        listener.read(10_000)
    listener.close()
    other.close()


@test
def pages_of_the_webroot_keep_their_parameters(t):
    server = recorder(t)
    studio = Studio(t, server).until_recorded(1)
    for path in ("/status.xsl?from=x", "/style.css?from=x&to=y", "/status-json.xsl?at=1"):
        equal((path, server.get(path).status), (path, 200))
    equal(server.get("/none.html?from=x").status, 404)
    equal(server.get("/live.mp3?from=x").status, 400)
    studio.close()


# A disk whose write takes five seconds, once, while a file of this name is there.
SLOW_DISK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
ssize_t write(int fd, const void* bytes, size_t size) {
  static ssize_t (*real)(int, const void*, size_t);
  if (!real) real = (ssize_t (*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  const char* flag = getenv("LB_SLOW_DISK");
  if (flag && access(flag, F_OK) == 0) {
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    if (length > 5) {
      path[length] = 0;
      if (strcmp(path + length - 5, ".data") == 0) {
        rename(flag, getenv("LB_SLOW_DISK_WAS"));
        sleep(5);
      }
    }
  }
  return real(fd, bytes, size);
}
"""


@test
def a_write_that_takes_five_seconds_is_not_heard(t):
    server = t.unstarted_server()
    server.write_config(body="<archive><dir>%s</dir></archive>" % (server.dir / "archive") + mount("/*", "<archive><enabled>1</enabled></archive>"))
    flag, was = server.dir / "slow", server.dir / "slow.was"
    server.start(env=preload.environment(t, "slow", SLOW_DISK, LB_SLOW_DISK=flag, LB_SLOW_DISK_WAS=was))
    studio = Studio(t, server).until_recorded(2)
    ear = Ear(t, server, "/live.mp3")
    wait_for(lambda: ear.chunks, "it is heard")
    begin = time.monotonic()
    flag.write_text("")
    wait_for(was.exists, "a write is slow", 10)
    stopped = newest(server)[1]
    wait_for(lambda: newest(server)[1] >= stopped + 8, "it is recorded again", 25)
    pause = ear.longest_pause(begin)
    check(pause <= 0.6, "the live stream paused for %.2f s" % pause)
    check_consecutive([number for _, number in mp3_numbers(ear.raw()[ear.raw().index(b"\xff\xfb\x94\x00"):])], "the live stream")
    first, last = newest(server)
    check_consecutive(numbers_of(server.get("/live.mp3?from=%.3f&to=%.3f" % (first, last)).body), "the recording")
    equal(len(ranges(server)), 1)
    check("queue-size holds no more" not in server.log(), "bytes were lost that the queue had")
    studio.close()


@test
def an_encoder_that_comes_and_goes_without_end_holds_up_no_other_recording(t):
    """Each login begins a file, and the disk takes 0.3 s to sync one."""
    faults = Faults(t)
    server = t.unstarted_server()
    server.write_config(body="<archive><dir>%s</dir></archive>" % (server.dir / "archive") + mount("/*", "<archive><enabled>1</enabled></archive>"))
    server.start(env=faults.environment)
    studio = Studio(t, server).until_recorded(2)
    faults.put([Rule("fdatasync", seconds=0.3, path="/archive/")])
    for i in range(60):
        source = server.source("/again%d.mp3" % (i % 6))
        source.play(40)
        source.leave()
        server.wait_until_gone("/again%d.mp3" % (i % 6))
    before = newest(server)[1]
    wait_for(lambda: newest(server)[1] >= before + 4, "the other one is recorded", 8)
    faults.clear()
    studio.close()
    begin = time.monotonic()
    equal(server.stop(), 0)
    check(time.monotonic() - begin < 5, "it stopped after %.1f s" % (time.monotonic() - begin))


@test
def an_archive_that_is_switched_on_by_a_reload_is_played_over_its_files(t):
    server = t.unstarted_server()
    server.start()
    equal(server.get("/live.mp3?timeshift=9").status, 404)
    server.reload(body="<archive><dir>%s</dir></archive>" % (server.dir / "archive") +
                  mount("/*", "<source-timeout>2</source-timeout><archive><enabled>1</enabled></archive>"))
    studio = Studio(t, server).until_recorded(3)
    studio.source.close()
    studio.thread.join(3)
    wait_for(lambda: server.get("/live.mp3").status == 404, "the mount is off the air", 20)
    resumed = studio.number
    studio.again()
    wait_for(lambda: len(list((server.dir / "archive").glob("*/*/*.data"))) == 2, "another file is written", 20)
    listener = server.listener("/live.mp3?timeshift=3600")
    wait_for(lambda: any(int(n) >= resumed for n in re.findall(rb"<S(\d{9})>", listener.read(4000))), "it goes on in the next file", 40)
    listener.close()
    studio.close()


def threads_of(server):
    """The number of the server's threads by name.  A thread sets its own name: until then it has the name of the
    program, which the main thread keeps."""
    place, found = pathlib.Path("/proc/%d" % server.process.pid), {}
    program = (place / "comm").read_text().strip()

    def all_named():
        found.clear()
        for path in place.glob("task/*/comm"):
            name = path.read_text().strip()
            found[name] = found.get(name, 0) + 1
        return found[program] == 1
    wait_for(all_named, "each thread has its name")
    return found


@test
def threads_of_the_archive_begin_with_the_first_need(t):
    server = t.unstarted_server()
    server.start()
    before = threads_of(server)
    source = server.source("/live.mp3")
    source.play(20)
    equal(server.get("/live.mp3?timeshift=9").status, 404)   # there is no archive
    for path in ("/admin/archive.json", "/admin/archive.json?mount=/live.mp3", "/metrics"):
        equal((path, server.get(path, ADMIN).status), (path, 200))
    server.reload()
    names = ("archive", "fetch", "shelf")
    equal([before.get(name, 0) for name in names], [0] * 3)
    equal(threads_of(server), before)
    source.close()
    wait_for(lambda: server.get("/live.mp3").status == 404, "the mount is off the air", 20)
    server.reload(body="<archive><dir>%s</dir><readers>3</readers></archive>" % (server.dir / "archive") +
                  mount("/*", "<archive><enabled>1</enabled></archive>"))
    studio = Studio(t, server)
    wait_for(lambda: newest(server)[1] - newest(server)[0] >= 2, "it is recorded", 20)
    equal([threads_of(server).get(name, 0) for name in names], [1, 0, 0])
    begin, end = newest(server)
    # What a source sends ahead is dated a moment later than now, until when it is not given.
    wait_for(lambda: server.get("/live.mp3?from=%.3f&to=%.3f" % (begin, end)).status == 200, "it is given")
    equal([threads_of(server).get(name, 0) for name in names], [1, 0, 3])
    studio.close()
    server.stop()


@test
def a_day_of_twenty_five_hours_has_all_its_recordings(t):
    server = t.unstarted_server()
    place = open_folder(server.dir / "archive")
    ends = 1730070000  # the midnight after 2024-10-27, on which the summer ends
    Recording(ends - 7200, 7200, frames_a_second=1).write(place, "%2Fm%2Emp3")
    server.write_config(body="<archive><dir>%s</dir></archive><mount><mount-name>/m.mp3</mount-name><archive><enabled>1</enabled>"
                             "<retention>0</retention></archive></mount>" % place)
    server.start(env=dict(os.environ, TZ="CET-1CEST,M3.5.0,M10.5.0/3"))

    def page(day):
        return server.get("/admin/archive.xsl?mount=/m.mp3&day=" + day, ADMIN).text
    # A file has at most 24 hours, so the day has two parts.
    parts = wait_for(lambda: re.findall(r"(\d\d:\d\d:\d\d)</time> to (\d\d:\d\d:\d\d)", page("2024-10-27")), "the directory is read")
    equal(parts, [("22:00:00", "23:00:00"), ("23:00:00", "00:00:00")])
    equal([int(x) for x in re.findall(r'class="held" x="(\d+)"', page("2024-10-27"))], [920, 960])
    check("Nothing is recorded" in page("2024-10-28"), "the day after it has what is this day's")


def two_hours_ago(t):
    server = t.unstarted_server()
    place = open_folder(server.dir / "archive")
    begin = int(time.time()) - 7200
    Recording(begin, 900).write(place, "%2Fm%2Emp3")
    server.write_config(body="<archive><dir>%s</dir></archive><mount><mount-name>/m.mp3</mount-name><archive>1</archive></mount>" % place)
    server.start()
    wait_for(lambda: server.get("/m.mp3?from=%d&duration=20" % (begin + 60)).status == 200, "the directory is read")
    return server, begin


@test
def no_browser_keeps_a_file_of_relative_times(t):
    server, begin = two_hours_ago(t)
    for query, kept in (("from=%d&duration=20" % (begin + 60), True), ("from=-115m&duration=20", False),
                        ("from=%d&to=-115m" % (begin + 60), False)):
        reply = server.get("/m.mp3?" + query)
        equal((reply.status, "max-age=3600" in (reply.get("cache-control") or "")), (200, kept), query)


@test
def parts_of_relative_times_are_of_one_file(t):
    server, begin = two_hours_ago(t)
    for query in ("from=-115m&duration=20&x=1", "from=%d&to=-115m&x=1" % (begin + 60)):
        sent = server.get("/m.mp3?" + query, headers=["Range: bytes=0-1"])
        equal(sent.status, 302, query)
        there = sent.get("location")
        matches(r"^/m\.mp3\?.*x=1&from=\d+\.\d{3}&to=\d+\.\d{3}$", there)
        whole = server.get(there)
        parts = [server.get(there, headers=["Range: bytes=" + part]) for part in ("0-999", "1000-")]
        equal([(whole.status, len(whole.body) > 1000)] + [part.status for part in parts], [(200, True), 206, 206], query)
        equal(parts[0].body + parts[1].body, whole.body, query)
        # The rest of a download, whose first part is another file's.
        rest = server.get("/m.mp3?" + query, headers=["Range: bytes=1000-"])
        equal((rest.status, rest.get("content-range")), (200, None), query)


@test
def a_file_is_called_by_the_second_that_was_asked_for(t):
    server, begin = two_hours_ago(t)
    wanted = time.strftime("m-%Y%m%d-%H%M%S.mp3", time.gmtime(begin + 61))
    told = server.get("/m.mp3?from=%d&duration=20" % (begin + 61)).get("content-disposition")
    check(wanted in told, told + " is not " + wanted)


@test
def times_that_contradict_each_other_are_refused(t):
    server, begin = two_hours_ago(t)
    for query in ("form=%d&to=%d" % (begin, begin + 9), "duration=9", "from=%d&timeshift=60" % begin, "timeshift=60&at=%032x.5" % 1):
        equal((query, server.get("/m.mp3?" + query).status), (query, 400))


@test
def nodes_with_other_marks_give_the_same_bytes(t):
    server = t.unstarted_server()
    place = open_folder(server.dir / "archive")
    begin = int(time.time()) - 7200
    recording = Recording(begin, 320)
    recording.write(place, "%2Fa%2Emp3")
    recording.write(place, "%2Fb%2Emp3", inner=True)
    server.write_config(body="<archive><dir>%s</dir></archive>" % place + "".join("<mount><mount-name>/%s.mp3</mount-name><archive>1</archive></mount>" % name for name in "ab"))
    server.start()
    wait_for(lambda: server.get("/b.mp3?from=%d&duration=2" % begin).status == 200, "the directory is read")
    for first, length in ((5, 20), (5.3, 3), (0, 310), (200, 100)):
        a, b = [server.get("/%s.mp3?from=%.3f&duration=%.3f" % (name, begin + first, length)) for name in "ab"]
        equal((a.status, b.status, a.get("etag")), (200, 200, b.get("etag")))
        check(a.body == b.body, "%s s from %s on: the files differ" % (length, first))
