"""The storage of an account's recordings: limits of its mounts within its quota; the oldest files are removed."""
import os
import time

from api import Api, store_server, with_api
from harness import ADMIN, check, equal, open_folder, test, wait_for
from recorded import Recording
from wire import request

MB = 1_000_000


@test
def the_oldest_recordings_go_beyond_the_storage_of_a_mount(t):
    place = open_folder(t.dir / "archive")
    begin = int(time.time()) // 300 * 300 - 3600
    recording = Recording(begin, 3000, frames_a_second=6)
    recording.write(place, "%2Fnews%2Emp3")
    recording.write(place, "%2Ftalk%2Emp3")
    all_bytes = 3000 * recording.bytes_a_second
    server, api = with_api(store_server(t, "<archive><dir>%s</dir></archive><mount type='default'><archive>1</archive></mount>" % place))

    def on_disk(mount):
        total = 0
        for folder, _, names in os.walk(place / mount):
            for name in names:
                try:
                    total += os.stat(os.path.join(folder, name)).st_size if name.endswith(".data") else 0
                except FileNotFoundError:
                    pass  # it goes at this moment
        return total

    def account():
        return api.want(200, "GET", "/accounts/acme").json()

    api.want(201, "POST", "/accounts", {"id": "acme", "quota": {"storage": 12 * MB}})
    api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme", "password": "anna-secret"})
    owner = api.as_user("anna:anna-secret")
    api.problem("quota", "POST", "/mounts", {"mount": "/news.mp3", "account": "acme"})
    owner.problem("quota", "POST", "/mounts", {"mount": "/news.mp3", "limits": {"storage": "13m"}})
    owner.mount("/news.mp3", limits={"storage": "10m"})
    owner.mount("/talk.mp3", limits={"storage": "2m"})
    owner.problem("quota", "PATCH", "/mounts/news.mp3", {"limits": {"storage": 10 * MB + 1}})
    equal((account()["quota"]["storage"], account()["used"]["storage"]), (12 * MB, 12 * MB))
    check(6 * MB < all_bytes < 10 * MB, "%d bytes fit into one, and not into the other" % all_bytes)

    wait_for(lambda: on_disk("%2Ftalk%2Emp3") <= 2 * MB, "the oldest files of /talk.mp3 go", 20)
    equal(on_disk("%2Fnews%2Emp3"), all_bytes, "what fits stays")
    file_bytes = 300 * recording.bytes_a_second
    equal(on_disk("%2Ftalk%2Emp3"), 2 * MB // file_bytes * file_bytes, "whole files of the newest")
    equal(account()["recorded"], all_bytes + on_disk("%2Ftalk%2Emp3"))
    # It was recorded before the mount was made: an administrator has it.
    equal(server.get("/talk.mp3?from=%d&to=%d" % (begin, begin + 60), ADMIN).status, 404, "the oldest minute")
    equal(server.get("/talk.mp3?from=%d&to=%d" % (begin + 2900, begin + 2960), ADMIN).status, 200, "a late one")
    equal(server.get("/talk.mp3?from=%d&to=%d" % (begin + 2900, begin + 2960)).status, 404, "to others it is another one's")

    # The same in the state after a restart, with a limit that becomes smaller.
    server.stop()
    server.start()
    owner.want(200, "PATCH", "/mounts/news.mp3", {"limits": {"storage": "3m"}})
    wait_for(lambda: on_disk("%2Fnews%2Emp3") <= 3 * MB, "the oldest files of /news.mp3 go", 20)
    check(on_disk("%2Ftalk%2Emp3") > 0, "files of another mount went")
    owner.want(200, "PATCH", "/mounts/talk.mp3", {"limits": {"storage": 0}})
    wait_for(lambda: on_disk("%2Ftalk%2Emp3") == 0, "a mount without storage has no recordings", 20)
    wait_for(lambda: account()["recorded"] == on_disk("%2Fnews%2Emp3"), "what is recorded", 10)


@test
def what_sources_have_recorded_is_cut(t):
    place = open_folder(t.dir / "archive")
    server, api = with_api(store_server(t, "<archive><dir>%s</dir></archive><mount type='default'><archive>1</archive></mount>" % place))
    login = api.mount("/live.mp3")

    def files():
        # A file may get another name while it is looked for: when it began is known better when it is closed.
        found = []
        for file in place.rglob("*.data"):
            try:
                found.append(file.stat())
            except FileNotFoundError:
                continue
        return found
    # Each source leaves a file. Names do not tell the newest one: several begin within one second here.
    for number in range(3):
        older = {file.st_ino for file in files()}
        source = server.source("/live.mp3", login=login)

        least = 60000 if number == 2 else 300000

        def is_recorded():
            source.play(40)
            return any(file.st_ino not in older and file.st_size > least for file in files())
        wait_for(is_recorded, "source %d is recorded" % number, 30)
        source.close()
        wait_for(lambda: server.stat("/live.mp3", "server_type") is None, "source %d has ended" % number, 10)
        # What was sent last is written then: on a busy machine that is more than another file.
        wait_for(lambda: server.log().count("archive /live.mp3: recording ended") > number, "file %d is closed" % number, 10)
    # What sends faster than it sounds begins, by its times, before it came: which one is the oldest is not known here.
    sizes = sorted(file.st_size for file in files())
    check(len(sizes) >= 3 and sizes[0] > 10000, "each source has left a file: %r" % sizes)
    api.want(200, "PATCH", "/mounts/live.mp3", {"limits": {"storage": sizes[-1] + 10000}})
    wait_for(lambda: sum(file.st_size for file in files()) <= sizes[-1] + 10000, "what stays of %r fits" % sizes, 20)
    check(files(), "not all of it goes: %r" % sizes)


@test
def a_full_mount_takes_no_recordings_of_others(t):
    place = open_folder(t.dir / "archive")
    recording = Recording(int(time.time()) // 300 * 300 - 3600, 3000, frames_a_second=10)
    recording.write(place, "%2Fother%2Emp3")
    before = 3000 * recording.bytes_a_second
    server = store_server(t, "<archive><dir>%s</dir><total-size>%d</total-size></archive><mount type='default'>"
                          "<queue-size>16000000</queue-size><archive>1</archive></mount>" % (place, before + 5 * MB))
    api = Api(server)
    api.want(201, "POST", "/mounts", {"mount": "/other.mp3", "limits": {"storage": 100 * MB}})
    login = api.mount("/full", limits={"storage": 3 * MB})

    def on_disk(mount):
        total = 0
        for file in (place / mount).rglob("*.data"):
            try:
                total += file.stat().st_size
            except FileNotFoundError:
                pass  # it goes at this moment
        return total

    source = server.wire()
    source.send(request("SOURCE /full HTTP/1.0", ["Content-Type: audio/x-unknown"], login))
    equal(source.reply_head().status, 200)
    source.send(bytes(10 * MB))
    wait_for(lambda: on_disk("%2Ffull") > 8 * MB, "what was sent is recorded", 30)
    # Retention is due within seconds.
    api.want(200, "PATCH", "/mounts/full", {"limits": {"storage": 2 * MB}})
    wait_for(lambda: on_disk("%2Ffull") <= 2 * MB, "what is beyond its limit goes while its source is there", 30)
    equal(on_disk("%2Fother%2Emp3"), before, "the recordings of the other mount")
    check(source.is_open(), "its source has gone")
