"""A server with a <store> is replaced during changes: each acknowledged change is kept, and sources and listeners
continue."""
import threading

from api import Api, refused, store_server
from harness import check, equal, test, wait_for
from replacing import own_program, put_program, refused_upgrade, upgrade

PATIENT = "<source-timeout>120</source-timeout>"


class Writer:
    """Makes mounts one after the other; a mount that is refused for a moment is tried again with the same name."""

    def __init__(self, t, server, name):
        self.server, self.name, self.going, self.count = server, name, True, 0
        self.made, self.put_off, self.wrong = [], 0, []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        t.owned(self)

    def run(self):
        api = Api(self.server)
        while self.going:
            mount = "/%s%d.mp3" % (self.name, self.count)
            try:
                reply = api.ask("POST", "/mounts", {"mount": mount})
            except Exception as e:
                self.wrong.append(repr(e))
                return
            if reply.status == 503:
                self.put_off += 1
            elif reply.status == 201:
                self.made.append((mount, reply.json()["source"]))
                self.count += 1
            else:
                self.wrong.append(reply.text)
                return

    def close(self):
        self.going = False
        self.thread.join(10)


@test
def acknowledged_changes_are_there_and_streams_go_on(t):
    server = store_server(t, limits=PATIENT + "<sources>500</sources>")
    api = Api(server)
    login = api.mount("/live.mp3")
    api.want(201, "POST", "/users", {"name": "anna", "role": "operator", "mounts": ["/live.mp3"], "password": "a-long-password"})
    source = server.source("/live.mp3", login=login)
    sent = source.play(20)
    listeners = [server.listener("/live.mp3") for _ in range(4)]
    writers = [Writer(t, server, name) for name in ("a", "b")]
    for _ in range(5):
        before = sum(len(writer.made) for writer in writers)
        wait_for(lambda: sum(len(writer.made) for writer in writers) > before + 5, "changes are made: %r" % [w.wrong for w in writers], 20)
        upgrade(server)
        sent += source.play(40)
        equal(server.get("/api/v1/mounts/live.mp3", "anna:a-long-password").status, 200, "the operator's login")
        check("401" in refused(server, "/live.mp3", "source:hackme"), "only the record's password lets sources in")
    for writer in writers:
        writer.close()
        equal(writer.wrong, [], "answers of another kind")
        for mount, login in writer.made:
            equal(api.ask("GET", "/mounts" + mount).status, 200, mount + " was acknowledged")
    for listener in listeners:
        got = listener.read(len(sent))
        equal(got == sent, True, "every byte once")
    # What is changed behind the last upgrade is in force at once, and is on the disk.
    mount, made = writers[0].made[-1]
    server.source(mount, login="%s:%s" % (made["user"], made["password"])).close()
    api.want(204, "DELETE", "/mounts/live.mp3")
    wait_for(lambda: server.get("/live.mp3").status == 404, "its source has ended with its record")
    equal(server.stop(), 0)
    server.start()
    equal(len(api.mounts()), sum(len(writer.made) for writer in writers), "mounts on the disk")
    equal(server.stop(), 0)


@test
def a_program_that_fails_leaves_the_store_as_it_was(t):
    place = own_program(t)
    server = store_server(t)
    api = Api(server)
    api.mount("/one.mp3")
    good = t.dir / "good"
    good.write_bytes(place.read_bytes())
    put_program(place, "#!/bin/sh\nexit 3\n")
    refused_upgrade(server, "has ended")
    api.mount("/two.mp3")
    put_program(place, like=good)
    upgrade(server)
    api.mount("/three.mp3")
    equal([row["mount"] for row in api.ask("GET", "/mounts").json()["items"]], ["/one.mp3", "/three.mp3", "/two.mp3"])
    equal(server.stop(), 0)


@test
def a_limit_of_a_record_holds_before_its_mount_has_a_listener(t):
    server = store_server(t, limits=PATIENT)
    api = Api(server)
    login = api.mount("/small.mp3", settings={"max-listeners": 2})
    source = server.source("/small.mp3", login=login)
    source.play(20)
    listeners = [server.listener("/small.mp3") for _ in range(2)]
    for _ in range(3):
        upgrade(server)
        check(server.get("/small.mp3").status in (403, 503), "the limit holds")
    source.play(20)
    for listener in listeners:
        listener.read(3000)
    equal(server.stop(), 0)
