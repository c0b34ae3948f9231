"""A copy of the audience's database that is in use: one file beside it, either the whole new copy or the previous
one."""
import contextlib
import os
import sqlite3
import subprocess

from api import Api, with_api
from harness import ADMIN, Skip, check, equal, give_away, test, wait_for
from syscalls import Faults, Rule
from wire import basic
from test_audience import audience_server, audience_with_store, ended, heard_long_enough, leaves, listens, on_air, sessions, summary
from threads import all_at_once


def files(server):
    return sorted(path.name for path in (server.dir / "state").iterdir() if path.name.startswith("audience.db.backup"))


def numbers(path):
    database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return (database.execute("PRAGMA integrity_check").fetchone()[0], database.execute("SELECT COUNT(*) FROM session").fetchone()[0],
                database.execute("PRAGMA user_version").fetchone())
    finally:
        database.close()


def grown(path, megabytes):
    database = sqlite3.connect(path, timeout=20)
    database.execute("CREATE TABLE ballast(x)")
    database.executemany("INSERT INTO ballast VALUES(zeroblob(1048000))", [()] * megabytes)
    database.commit()
    database.close()


@test
def a_copy_is_whole_and_takes_the_place_of_the_one_before(t):
    server = audience_server(t)
    source = on_air(server)
    leaves(server, source, listens(server))
    ended(server, 1, "&all=1")
    api = Api(server)
    would = api.want(200, "POST", "/audience/backup?dry-run=1").json()
    equal(files(server), [])
    first = api.want(200, "POST", "/audience/backup").json()
    path = server.dir / "state" / "audience.db.backup"
    equal((first["file"], first["bytes"], would["file"], files(server)), (str(path), path.stat().st_size, first["file"], [path.name]))
    # A copy packs its tables anew, which may take a page more.
    check(would["bytes"] + 8192 >= first["bytes"] > 10_000, (would, first))
    equal((path.stat().st_mode & 0o777, numbers(path)[:2]), (0o600, ("ok", 1)))
    # What a kill left of another one is in nobody's way.
    (path.parent / (path.name + ".part")).write_bytes(b"half of it")
    leaves(server, source, listens(server, "mpv 0.35"))
    ended(server, 2, "&all=1")
    api.want(200, "POST", "/audience/backup")
    equal((files(server), numbers(path)[:2]), ([path.name], ("ok", 2)))
    equal([row["do"] for row in api.want(200, "GET", "/audit").json()["items"] if row["on"] == "audience"], ["backup"] * 2)
    # It is put back as doc/audience.md has it.
    source.close()
    before = summary(server)["sessions"]
    server.stop()
    database = server.dir / "state" / "audience.db"
    for name in ("audience.db-wal", "audience.db-shm"):
        (server.dir / "state" / name).unlink(missing_ok=True)
    database.write_bytes(path.read_bytes())
    server.start()
    equal(summary(server)["sessions"], before)


@test
def only_an_administrator_copies_and_one_at_a_time(t):
    server, api = with_api(audience_with_store(t))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    for role, fields in (("owner", {"account": "acme"}), ("operator", {"account": "acme"}), ("viewer", {})):
        login = role + ":" + api.want(201, "POST", "/users", {"name": role, "role": role, **fields}).json()["password"]
        equal(Api(server, login).ask("POST", "/audience/backup").status, 403, role)
    equal(server.ask("POST /api/v1/audience/backup HTTP/1.0", []).status, 401)
    equal(api.ask("GET", "/audience/backup").status, 405)
    api.problem("invalid", "POST", "/audience/backup", {"file": "/tmp/x"})
    told = api.want(200, "POST", "/audience/backup?file=/tmp/x").json()
    equal(told["file"], str(server.dir / "state" / "audience.db.backup"), "where it goes is not for the request")
    grown(server.dir / "state" / "audience.db", 150)
    replies = all_at_once(lambda _: Api(server).ask("POST", "/audience/backup"), range(3))
    equal(sorted(reply.status for reply in replies), [200, 409, 409], [reply.text for reply in replies])
    check(all("busy" in reply.json()["type"] for reply in replies if reply.status == 409), [reply.text for reply in replies])
    equal(api.want(200, "POST", "/audience/backup").json()["bytes"], (server.dir / "state" / "audience.db.backup").stat().st_size)


@contextlib.contextmanager
def copying(t):
    """A server whose copy is under way and goes on for minutes, unless the faults are cleared; and the way to its answer."""
    faults = Faults(t)
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    server.write_config(body="<console>1</console><audience/>", paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start(env=dict(os.environ, **faults.environment))
    source = on_air(server)
    leaves(server, source, listens(server))
    ended(server, 1, "&all=1")
    grown(server.dir / "state" / "audience.db", 30)
    faults.put([Rule("pwrite64", path=".backup", seconds=0.02)])
    wire = server.wire()
    wire.send(("POST /api/v1/audience/backup HTTP/1.0\r\nAuthorization: %s\r\n\r\n" % basic(ADMIN)).encode())
    wait_for(lambda: faults.hits() > 3, "the copy has begun")
    yield server, source
    check((server.dir / "state" / "audience.db.backup.part").exists(), "the copy is still under way")
    faults.clear()
    answer = wire.reply()
    equal(answer.status, 200, answer.text)


@test
def while_a_copy_is_made_rows_are_merged_and_reports_answered(t):
    with copying(t) as (server, source):
        leaves(server, source, listens(server, "mpv 0.35"))
        ended(server, 2, "&all=1")
        equal(summary(server)["listeners"], 0)
        equal(Api(server).ask("POST", "/audience/backup").status, 409)
        check(Api(server).want(200, "POST", "/audience/backup?dry-run=1").json()["bytes"] > 30_000_000, "it is still weighed")
    state = server.dir / "state"
    equal(numbers(state / "audience.db.backup")[:2], ("ok", 1), "the copy has the state of its start")
    equal(numbers(state / "audience.db")[:2], ("ok", 2))


@test
def a_session_deleted_during_a_copy_leaves_the_log_of_the_database_too(t):
    with copying(t) as (server, source):
        state = server.dir / "state"
        leaves(server, source, listens(server, "mpv 0.35"))
        session = max(int(row["id"]) for row in ended(server, 2, "&all=1"))
        database = sqlite3.connect("file:%s?mode=ro" % (state / "audience.db"), uri=True)
        person = database.execute("SELECT who FROM session WHERE id=?", (session,)).fetchone()[0].to_bytes(8, "big", signed=True)
        database.close()

        def has_person():
            return any(person in (state / name).read_bytes() for name in ("audience.db", "audience.db-wal"))
        check(has_person(), "its rows are in the file or its log")
        equal(Api(server).want(200, "DELETE", "/audience/sessions?session=%d" % session).json()["sessions"], 1)
    wait_for(lambda: not has_person(), "its rows are overwritten")


@test
def without_an_audience_there_is_nothing_to_copy(t):
    server = t.server(body="<console>1</console>")
    equal(Api(server).ask("POST", "/audience/backup").status, 404)


@test
def a_server_that_ends_gives_the_copy_up(t):
    server = audience_server(t)
    wait_for(lambda: server.get("/api/v1/audience/summary", login=ADMIN).status == 200, "the database is there")
    grown(server.dir / "state" / "audience.db", 200)
    wire = server.wire()
    wire.send(("POST /api/v1/audience/backup HTTP/1.0\r\nAuthorization: %s\r\n\r\n" % basic(ADMIN)).encode())
    wait_for(lambda: files(server), "the copy has begun")
    equal(server.stop(), 0)
    check(files(server) in ([], ["audience.db.backup"]), files(server))


@test
def a_full_disk_leaves_the_copy_before_and_listening_goes_on(t):
    server = t.unstarted_server()
    disk = server.dir / "state"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m,mode=0777", "tmpfs", disk], check=False, capture_output=True)
    if mounted.returncode != 0:
        raise Skip("no tmpfs can be mounted here")
    try:
        server.write_config(body="<console>1</console><audience/>", paths="<state-dir>%s</state-dir>" % disk)
        server.start()
        source = on_air(server)
        leaves(server, source, listens(server))
        ended(server, 1, "&all=1")
        api = Api(server)
        api.want(200, "POST", "/audience/backup")
        grown(disk / "audience.db", 40)
        # SQLite's log would be emptied by the server at any time, and is as large as the database.
        with contextlib.closing(sqlite3.connect(disk / "audience.db")) as database:
            wait_for(lambda: database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0, "the log is empty")
        space = os.statvfs(disk)
        with open(disk / "ballast", "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, space.f_bavail * space.f_frsize - (20 << 20))
        refused = api.ask("POST", "/audience/backup")
        equal((refused.status, refused.get("Content-Type")), (503, "application/problem+json"), refused.text)
        check("bytes free, and the copy needs" in refused.json()["detail"], refused.text)
        equal((files(server), numbers(disk / "audience.db.backup")[:2]), (["audience.db.backup"], ("ok", 1)))
        leaves(server, source, listens(server, "mpv 0.35"))
        ended(server, 2, "&all=1")
        equal(server.stop(), 0)
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


@test
def an_audience_that_has_not_started_is_not_said_to_be_absent(t):
    server = t.unstarted_server()
    (server.dir / "state" / "audience.journal").mkdir(parents=True)
    give_away(server.dir / "state")
    server.write_config(body="<console>1</console><audience/>", paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    server.wait_for_log("audience.journal: .*nothing of the audience is written down")
    refused = Api(server).ask("GET", "/audience/summary")
    equal(refused.status, 503, refused.text)
    check("the error log says why" in refused.json()["detail"], refused.text)


@test
def a_copy_that_is_put_back_under_a_server_is_what_it_goes_on_with(t):
    server = audience_server(t)
    source = on_air(server)
    leaves(server, source, listens(server))
    wait_for(lambda: summary(server)["listeners"] == 0 and Api(server).want(200, "GET", "/audience/sessions?all=1").json()["items"], "a session", 20)
    Api(server).want(200, "POST", "/audience/backup")
    state = server.dir / "state"
    counted = numbers(state / "audience.db.backup")[1]
    for agent in ("mpv 0.35", "foobar2000/1.6"):
        leaves(server, source, listens(server, agent))
    wait_for(lambda: len(Api(server).want(200, "GET", "/audience/sessions?all=1").json()["items"]) == counted + 2, "more of them", 20)
    (state / "audience.db.backup").rename(state / "audience.db")   # its -wal file is forgotten
    equal(len(Api(server).want(200, "GET", "/audience/sessions?all=1").json()["items"]), counted, "as they were")
    server.wait_for_log("audience.db: has been moved or replaced")
    leaves(server, source, listens(server, "Winamp 5"))
    wait_for(lambda: len(Api(server).want(200, "GET", "/audience/sessions?all=1").json()["items"]) == counted + 1, "the next one is there", 20)
    (state / "audience.db").rename(state / "away.db")
    leaves(server, source, listens(server, "Winamp 5"))
    wait_for(lambda: len(Api(server).want(200, "GET", "/audience/sessions?all=1").json()["items"]) == 1, "another one is made", 20)
    server.stop()
    for name in ("audience.db", "away.db"):
        equal(numbers(state / name)[0], "ok", name)
    equal(numbers(state / "away.db")[1], counted + 1, "the one that was moved is whole")


@test
def who_has_left_behind_the_copy_listens_no_more_when_it_is_put_back(t):
    server = audience_server(t)
    source = on_air(server)
    stays, goes = listens(server), listens(server, "mpv 0.35")
    heard_long_enough(server, 2)
    Api(server).want(200, "POST", "/audience/backup")
    leaves(server, source, goes)
    wait_for(lambda: summary(server)["listeners"] == 1, "one has left", 20)
    state = server.dir / "state"
    (state / "audience.db.backup").rename(state / "audience.db")
    leaves(server, source, listens(server, "Winamp 5"))    # a row shows what has been lost
    server.wait_for_log("never came")
    wait_for(lambda: summary(server)["listeners"] == 0, "what the copy has as open may have ended", 45)    # behind kUnseenMs
    leaves(server, source, stays)
    rows = {row["player"]: row for row in wait_for(lambda: ended(server, 2, "&all=1"), "the one that was there")}
    check(rows["VLC"]["seconds"] > 5, rows)


@test
def listeners_behind_a_copy_of_the_journal_that_was_put_back_are_counted_once(t):
    server = audience_server(t)
    state = server.dir / "state"
    journal = state / "audience.journal"

    def leave(*agents):
        source = on_air(server)
        for agent in agents:
            leaves(server, source, listens(server, agent))
        source.close()

    leave("VLC/3.0")
    ended(server, 1, "&all=1")
    server.stop()
    copy = journal.read_bytes()
    server.start()
    leave("mpv 0.35", "foobar2000/1.6", "Winamp 5")
    before = ended(server, 4, "&all=1")
    server.stop()
    journal.write_bytes(copy)
    held = sqlite3.connect(state / "audience.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    server.start()
    # More of them than the database knows behind the copy, which has not been asked yet.
    leave("iTunes/1", "iTunes/2", "mpv 0.36", "iTunes/3", "iTunes/4")
    server.wait_for_log("rows? wait in the journal")
    held.execute("ROLLBACK")
    held.close()
    wait_for(lambda: Api(server).ask("GET", "/audience/sessions").status == 200, "the database is used again", 20)
    after = ended(server, 9, "&all=1")
    equal([row for row in after if row["id"] in {row["id"] for row in before}], before, "what was known")
    server.wait_for_log("WARN .*the journal is an older copy of itself, .* new rows have got numbers behind those")
    for _ in range(2):
        server.stop()
        server.start()
        equal(sessions(server, "&all=1"), after, "after another start")
    leave("Winamp 6")
    ended(server, 10, "&all=1")
    equal(server.log().count("an older copy"), 1)
    check("never came" not in server.log(), server.log()[-800:])
