"""The <archive> of a mount: which mounts are recorded, and from when to when (doc/archive.md)."""
import json
import pathlib
import shutil
import time

from harness import ADMIN, check, equal, matches, mount, test, wait_for
from media import mp3_frame
from recorded import Recording
from recorder import FRAME_S, Studio, recorded_seconds, recorder
from test_archive import FULL


def data_bytes(directory):
    return sum(path.stat().st_size for path in pathlib.Path(directory).glob("*/*/*.data"))


def exact_seconds(server, path):
    mounts = json.loads(server.get("/admin/archive.json?mount=" + path, ADMIN).body)["mounts"]
    return sum(one["to"] - one["from"] for found in mounts for one in found["ranges"])


@test
def recording_needs_no_directory_and_is_switched_off_and_on_at_once(t):
    server = t.unstarted_server()
    state = server.dir / "state"
    on = mount("/live.mp3", "<archive>1</archive>")
    server.write_config(paths="<state-dir>%s</state-dir>" % state, body=on)
    server.start()
    studio = Studio(t, server).until_recorded(2)
    check(data_bytes(state / "archive") > 0, "it is not in the state directory")
    server.reload(body=mount("/live.mp3", "<archive>0</archive>"))
    server.wait_for_log("because it was switched off")
    size, number = data_bytes(state / "archive"), studio.number
    wait_for(lambda: studio.number > number + 80, "two seconds more are sent", 20)
    equal(data_bytes(state / "archive"), size)
    server.reload(body=on)
    wait_for(lambda: len(list(state.glob("archive/*/*/*.data"))) == 2, "the running source is recorded again", 20)
    studio.close()


@test
def a_time_of_a_mount_that_is_not_recorded_is_404(t):
    server = t.unstarted_server()
    server.write_config(body=mount("/live.mp3", "<archive>1</archive>"))
    server.start()
    matches(r"nothing is recorded, because no directory is known", server.log())
    studio = Studio(t, server)
    for query in ("from=-1h&to=now&download=1", "from=-60", "timeshift=60", "at=0123456789abcdef0123456789abcdef.5"):
        answer = server.get("/live.mp3?" + query)
        equal((query, answer.status), (query, 404))
        matches("not recorded", answer.body.decode())
    # What is no time may be an authenticator's.
    listener = server.listener("/live.mp3?from=newsletter")
    check(listener.read(1000), "a parameter that is not a time ends the stream")
    listener.close()
    studio.close()


@test
def a_range_that_ends_a_moment_ahead_of_now_may_be_asked_for(t):
    # What is sent at once is recorded when its source has ended.
    server = recorder(t, limits="<source-timeout>5</source-timeout>")
    source = server.source()
    for number in range(100):
        source.send(mp3_frame("S", number))  # two seconds and more at once
    wait_for(lambda: recorded_seconds(server) > 0, "it is recorded", 20)

    def told():
        return json.loads(server.get("/admin/archive.json?mount=/live.mp3", ADMIN).body)["mounts"][0]["ranges"][-1]
    row = told()
    for end in (row["to"], time.time() + 3):
        answer = server.get("/live.mp3?from=%.3f&to=%.3f" % (row["from"], end))
        equal(answer.status, 200, answer.body[:100])
        check(answer.body.count(b"<S") >= 29, "sound")
    equal(server.get("/live.mp3?from=%.3f&to=%.3f" % (row["from"], time.time() + 60)).status, 400, "the future")
    source.leave()


LENGTHS = (0.5, 1, 1.5, 2, 2.9, 3.1, 3.5, 4, 5, 7, 10) if FULL else (0.5, 1, 2, 3.5, 5, 10)
AGES = [0.5 + 0.25 * i for i in range(30)] if FULL else [0.6, 1.5, 2.4, 3.2, 4.3, 5.5, 10]


@test
def sources_of_half_a_second_and_more_are_recorded(t):
    server = recorder(t)
    paths = {seconds: "/short%d.mp3" % int(seconds * 10) for seconds in LENGTHS}
    sources = {seconds: server.source(path) for seconds, path in paths.items()}
    begin, number = time.monotonic(), 0
    while sources:
        time.sleep(max(0, begin + number * FRAME_S - time.monotonic()))
        for seconds, source in list(sources.items()):
            if number < round(seconds / FRAME_S):
                source.send(mp3_frame("S", number))
            else:
                sources.pop(seconds).close()
        number += 1
    # A frame has 24 ms.
    for seconds, path in paths.items():
        wait_for(lambda: exact_seconds(server, path) >= seconds - 0.2, "%s s are recorded" % seconds, 15)
        check(exact_seconds(server, path) <= seconds + 0.2, "%s s are %.2f" % (seconds, exact_seconds(server, path)))


@test
def a_kill_costs_a_second_at_most_however_long_a_source_has_sent(t):
    server = recorder(t, limits="<sources>%d</sources>" % len(AGES))
    studios = {}
    begin = time.monotonic()
    for age in sorted(AGES, reverse=True):
        wait_for(lambda: time.monotonic() - begin >= max(AGES) - age, "the turn of %s s" % age, 30)
        studios[age] = Studio(t, server, "/old%d.mp3" % int(age * 100))
    wait_for(lambda: all(one.number >= age / FRAME_S for age, one in studios.items()), "all have sent", 15)
    sent = {age: one.number for age, one in studios.items()}
    server.kill()
    for age, one in studios.items():
        one.close()
        bytes_of = sum(path.stat().st_size for path in (server.dir / "archive").glob("%%2Fold%d%%2Emp3/*/*.data" % int(age * 100)))
        lost = sent[age] * FRAME_S - bytes_of / len(mp3_frame("S", 0)) * FRAME_S
        check(lost <= 1, "%.2f s of %.2f s are lost" % (lost, sent[age] * FRAME_S))
    # What is there is announced as well, but for the last frame.
    server.start()
    for age in studios:
        path = "/old%d.mp3" % int(age * 100)
        wait_for(lambda: exact_seconds(server, path) >= sent[age] * FRAME_S - 1.05, "%s s are announced" % age, 10)


@test
def what_another_program_removes_is_not_announced_and_the_recording_goes_on(t):
    server = recorder(t)
    directory = server.dir / "archive" / "%2Flive%2Emp3"
    begin = int(time.time()) - 86_400
    server.stop()
    Recording(begin, 20).write(server.dir / "archive")
    server.start()
    studio = Studio(t, server).until_recorded(22)
    old = "/live.mp3?from=%d&to=%d" % (begin + 2, begin + 12)
    # Each five minutes a file ends: not while this one is removed; before, there is one more.
    wait_for(lambda: time.time() % 300 < 285, "the file that is being written does not end now", 20)
    finished = len(list(directory.glob("*/*.data"))) - 1
    for name in directory.iterdir():
        shutil.rmtree(name)
    server.wait_for_log("the file that was being written, .* was removed by another program")
    # The first miss has the directory looked at.
    wait_for(lambda: server.get(old).status == 404, "what is gone is 404", 30)
    wait_for(lambda: exact_seconds(server, "/live.mp3") < 20, "what is gone is not announced", 30)
    server.wait_for_log("1 file with (19|20) s of sound was removed by another program" if finished == 1 else
                        "%d files with [0-9]+ s of sound were removed by another program" % finished)
    before = exact_seconds(server, "/live.mp3")
    wait_for(lambda: exact_seconds(server, "/live.mp3") >= before + 2, "the recording goes on", 20)
    check(data_bytes(server.dir / "archive") > 0, "there is no file")
    studio.close()


@test
def a_file_has_the_name_of_its_mount_in_any_script(t):
    server = recorder(t)
    server.stop()
    begin = int(time.time()) - 3600
    Recording(begin, 20).write(server.dir / "archive", "%2F%D1%80%D0%B0%D0%B4%D0%B8%D0%BE%2Emp3")
    server.start()
    path = "/%%D1%%80%%D0%%B0%%D0%%B4%%D0%%B8%%D0%%BE.mp3?from=%d&to=%d&download=1" % (begin + 2, begin + 12)
    wait_for(lambda: server.get(path).status == 200, "it is read", 20)
    told = server.get(path).get("content-disposition")
    matches(r"^attachment; filename=\"[ -~]+\"; filename\*=UTF-8''%D1%80%D0%B0%D0%B4%D0%B8%D0%BE[-.%0-9A-Za-z_]+$", told)


@test
def names_that_a_source_makes_up_are_recorded_so_many_an_hour(t):
    server = t.unstarted_server()
    directory, on = server.dir / "archive", "<archive>1</archive>"
    server.write_config(body="<archive><dir>%s</dir></archive>" % directory + mount("/own.mp3", on) + mount("/*", on))
    server.start()
    for number in range(110):
        source = server.source("/made-up-%d.mp3" % number)
        source.play(200)
        source.close()
        server.wait_until_gone("/made-up-%d.mp3" % number)
    server.wait_for_log("WARN archive/writer archive /made-up-10.*: 100 mounts with new names, .* are not recorded yet")
    # A mount of the configuration, and one that has been recorded before, are no new names.
    sources = {path: server.source(path) for path in ("/own.mp3", "/made-up-7.mp3")}
    for path, source in sources.items():
        source.play(200)
        # The files of a hundred recordings are closed first.
        wait_for(lambda: "archive %s: recording to " % path in server.log(), "it is recorded", 30)
    wait_for(lambda: list(directory.glob("%2Fown%2Emp3/*/*.data")), "the mount of the configuration is recorded")
    check(len(list(directory.glob("%2Fmade*"))) in (100, 101, 102), "other names are recorded")
