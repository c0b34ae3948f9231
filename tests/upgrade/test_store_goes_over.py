"""A server with a <store> is replaced during changes: each acknowledged change is kept, and sources and listeners
continue."""

from api import Api, encoded, refused, store_server, with_api
from browser_login import Browser
from harness import check, equal, test, wait_for
from replacing import own_program, put_program, refused_upgrade, upgrade
from threads import Threaded

PASSWORD = "a-long-password"
PATIENT = "<source-timeout>120</source-timeout>"


# What a writer of a family asks for, and how the record is named in a list.
FAMILIES = {"mounts": ("mount", lambda n: {"mount": "/%d.mp3" % n}), "accounts": ("id", lambda n: {"id": "a%d" % n}),
            "users": ("name", lambda n: {"name": "u%d" % n, "role": "viewer", "password": PASSWORD}),
            "tokens": ("id", lambda n: {"name": "t%d" % n, "role": "viewer"})}


class Writer(Threaded):
    """Makes records of one family, one after the other; `made`: the answers."""

    def __init__(self, t, server, family):
        self.server, self.family, self.made, self.wrong = server, family, [], []
        self.start(t)

    def run(self):
        api, (_, body) = Api(self.server), FAMILIES[self.family]
        while self.going:
            try:
                reply = api.ask("POST", "/" + self.family, body(len(self.made)))
            except Exception as e:  # noqa: BLE001: any is a failure
                self.wrong.append(repr(e))
                return
            if reply.status != 201:
                self.wrong.append(reply.text)
                return
            self.made.append(reply.json())

    def names(self):
        return [made[FAMILIES[self.family][0]] for made in self.made]


def listed(api, family):
    found, after = [], ""
    while after is not None:
        page = api.want(200, "GET", "/%s?most=500%s" % (family, after)).json()
        found += [row[FAMILIES[family][0]] for row in page["items"]]
        after = "&after=" + encoded(page["next"]) if page.get("next") else None
    return found


@test
def acknowledged_changes_are_there_and_streams_go_on(t):
    """None is refused or asked for twice meanwhile; a session and a key go on."""
    server = store_server(t, "<console>1</console>", limits=PATIENT + "<sources>2000</sources>")
    api, owner = Api(server), Browser(server)
    login = api.mount("/live.mp3")
    api.want(201, "POST", "/users", {"name": "anna", "role": "operator", "mounts": ["/live.mp3"], "password": PASSWORD})
    key = api.as_user(token=api.want(201, "POST", "/tokens", {"name": "mine", "role": "admin"}).json()["token"])
    owner.log_in()
    source = server.source("/live.mp3", login=login)
    sent = source.play(20)
    listeners = [server.listener("/live.mp3") for _ in range(4)]
    writers = [Writer(t, server, family) for family in FAMILIES]
    for _ in range(10):
        before = [len(writer.made) for writer in writers]
        upgrade(server)
        sent += source.play(40)
        wait_for(lambda: all(len(writer.made) > count or writer.wrong for writer, count in zip(writers, before)), "changes are made", 20)
        equal(server.get("/api/v1/mounts/live.mp3", "anna:" + PASSWORD).status, 200, "the operator's login")
        equal((key.ask("GET", "/mounts").status, owner.get("/admin/stats.xsl").status), (200, 200), "the key and the session")
        check("401" in refused(server, "/live.mp3", "source:hackme"), "only the record's password lets sources in")
    for writer in writers:
        writer.close()
        equal(writer.wrong, [], "answers of another kind to the writer of " + writer.family)
    revisions = [made["revision"] for writer in writers for made in writer.made]
    equal(len(revisions), len(set(revisions)), "revisions")
    for listener in listeners:
        got = listener.read(len(sent))
        equal(got == sent, True, "every byte once")
    # What is changed behind the last upgrade is in force at once, and is on the disk.
    mounts, _, users, tokens = writers
    made = mounts.made[-1]["source"]
    server.source(mounts.names()[-1], login="%s:%s" % (made["user"], made["password"])).close()
    equal(server.get("/api/v1/mounts", users.names()[-1] + ":" + PASSWORD).status, 200, "the last user")
    equal(api.as_user(token=tokens.made[-1]["token"]).ask("GET", "/mounts").status, 200, "the last token")
    api.want(204, "DELETE", "/mounts/live.mp3")
    wait_for(lambda: server.get("/live.mp3").status == 404, "its source has ended with its record")
    equal(server.stop(), 0)
    server.start()
    for writer in writers:
        equal(set(writer.names()) - set(listed(api, writer.family)), set(), "acknowledged and not on the disk")
    equal(len(api.mounts()), len(mounts.made), "mounts on the disk")
    equal(server.stop(), 0)


@test
def a_program_that_fails_leaves_the_store_as_it_was(t):
    place = own_program(t)
    server, api = with_api(store_server(t))
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
    server, api = with_api(store_server(t, limits=PATIENT))
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
