"""Which mounts are recorded, from when to when: what <archive> of a mount switches (doc/archive.md)."""
import json
import pathlib
import shutil
import time

from harness import ADMIN, check, equal, matches, mount, test, wait_for
from media import mp3_frame
from recorded import Recording
from test_archive import FRAME_S, FULL, Studio, recorded_seconds, recorder


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
    studio = Studio(t, server)
    wait_for(lambda: recorded_seconds(server) >= 2, "it is recorded where no directory is named", 20)
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
    check(listener.read(1000), "a parameter that is no time ends the stream")
    listener.close()
    studio.close()


@test
def sources_of_half_a_second_and_more_are_recorded(t):
    server = recorder(t)
    for seconds in (0.5, 1, 2, 3.5) if not FULL else (0.5, 1, 1.5, 2, 2.9, 3.1, 3.5, 4, 5, 7, 10):
        path = "/short%d.mp3" % int(seconds * 10)
        source, frames = server.source(path), round(seconds / FRAME_S)
        begin = time.monotonic()
        for number in range(frames):
            time.sleep(max(0, begin + number * FRAME_S - time.monotonic()))
            source.send(mp3_frame("S", number))
        source.close()
        # A frame has 24 ms.
        wait_for(lambda: exact_seconds(server, path) >= seconds - 0.2, "%s s are recorded" % seconds, 15)
        check(exact_seconds(server, path) <= seconds + 0.2, "%s s are %.2f" % (seconds, exact_seconds(server, path)))
    for seconds in (1.5, 3.2) if not FULL else [0.5 + 0.25 * i for i in range(30)]:
        studio = Studio(t, server)
        first = studio.number
        wait_for(lambda: studio.number - first >= seconds / FRAME_S, "it has sent for %s s" % seconds, 15)
        sent = studio.number - first
        server.kill()
        studio.close()
        bytes_of = sum(path.stat().st_size for path in (server.dir / "archive").glob("%2Flive%2Emp3/*/*.data"))
        lost = sent - bytes_of / len(mp3_frame("S", 0))
        check(lost * FRAME_S <= 1, "%.2f s of %.2f s are lost" % (lost * FRAME_S, seconds))
        shutil.rmtree(server.dir / "archive" / "%2Flive%2Emp3")
        server.start()


@test
def what_another_program_removes_is_not_announced_and_the_recording_goes_on(t):
    server = recorder(t)
    directory = server.dir / "archive" / "%2Flive%2Emp3"
    begin = int(time.time()) - 86_400
    server.stop()
    Recording(begin, 20).write(server.dir / "archive")
    server.start()
    studio = Studio(t, server)
    wait_for(lambda: recorded_seconds(server) >= 22, "both are announced", 20)
    old = "/live.mp3?from=%d&to=%d" % (begin + 2, begin + 12)
    for name in directory.iterdir():
        shutil.rmtree(name)
    server.wait_for_log("the file that was being written, .* was removed by another program")
    # The first miss has the directory looked at.
    wait_for(lambda: server.get(old).status == 404, "what is gone is 404", 30)
    wait_for(lambda: exact_seconds(server, "/live.mp3") < 20, "what is gone is not announced", 30)
    server.wait_for_log("1 file with (19|20) s of sound was removed by another program")
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
