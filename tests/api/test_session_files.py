"""Session files: listeners' addresses are kept in a spool of their own, only if configured, and only for the configured
time."""
import datetime
import re
import sqlite3
import time

from api import Api, with_api
from harness import ADMIN, check, equal, give_away, test, wait_for
from replacing import upgrade
from test_audience import ENOUGH, VLC, audience_server, audience_with_store, ended, forget, heard_long_enough, leaves, listens, on_air, sessions

KEPT = "<console>1</console><audience><keep-addresses>48h</keep-addresses></audience>"
FIELDS = ["date", "time", "c-ip", "cs-uri-stem", "sc-status", "sc-bytes", "x-duration", "cs(User-Agent)", "cs(Referer)"]


def npr(server, query="", login=ADMIN):
    """A reader of tab-delimited lines: address, date, time, stream, seconds, status, player."""
    reply = server.get("/api/v1/audience/reports/npr?format=csv&mount=/live.mp3" + query, login=login)
    if reply.status == 404 and reply.json().get("parameter") == "mount":
        return []    # the database does not know it yet
    equal(reply.status, 200, reply.text)
    check(reply.text.endswith("\r\n") or not reply.text, reply.text)
    rows = [line.split("\t") for line in reply.text.split("\r\n")[:-1]]
    check(all(len(row) == 7 for row in rows), rows)
    return rows


def triton(text):
    """A reader of extended logs, by the W3C's working draft."""
    lines = text.split("\r\n")[:-1]
    names = next(line[9:].split("\t") for line in lines if line.startswith("#Fields: "))
    equal(names, FIELDS)
    check("#Version: 1.0" in lines, lines)
    strings = {name for name in names if "(" in name}
    rows = []
    for line in lines:
        if line.startswith("#"):
            continue
        row = dict(zip(names, line.split("\t"), strict=True))
        for name in strings & {one for one, value in row.items() if value != "-"}:
            check(re.fullmatch(r'"([^"]|"")*"', row[name]), line)
            row[name] = row[name][1:-1].replace('""', '"')
        rows.append(row)
    return rows


def bytes_of(server, name):
    return b"".join(path.read_bytes() for path in (server.dir / "state").glob(name) if path.is_file())


@test
def listenings_have_lines_with_addresses_in_the_published_forms(t):
    server = audience_server(t, KEPT)
    source = on_air(server)
    first, quick, relay = listens(server, 'VLC "x"'), listens(server, "=cmd|' /C calc'!A1"), listens(server, "Icecast 2.4.4")
    quick.close()
    # Its end is noticed by what is sent to it.
    wait_for(lambda: source.play(5) and "cmd|" in server.log("access"), "it is gone")
    heard_long_enough(server, 1)
    equal(npr(server)[1:], [], "what goes on has no line yet")
    for one in (first, relay):
        leaves(server, source, one)
    row = ended(server, 1)[0]
    rows = wait_for(lambda: npr(server) if len(npr(server)) == 2 else None, "both lines")
    equal([line[6] for line in rows], ["'=cmd|' /C calc'!A1", 'VLC "x"'], "the relay has none")
    address, day, clock, stream, seconds, status, _ = rows[1]
    equal((address, stream, status), ("127.0.0.1", "/live.mp3", "200"))
    began = datetime.datetime.fromisoformat(day + "T" + clock + "+00:00").timestamp()
    check(abs(began - datetime.datetime.fromisoformat(row["began"]).timestamp()) <= 1, (day, clock, row))
    check(abs(int(seconds) - row["seconds"]) <= 1, (seconds, row))
    reply = server.get("/api/v1/audience/reports/triton?format=csv", ADMIN)
    equal((reply.status, reply.get("Content-Type")), (200, "text/tab-separated-values; charset=utf-8"))
    line = next(one for one in triton(reply.text) if one["cs(User-Agent)"] == 'VLC "x"')
    equal((line["c-ip"], line["cs-uri-stem"], line["sc-bytes"], line["x-duration"]), ("127.0.0.1", "/live.mp3", str(row["bytes"]), seconds))
    items = Api(server).want(200, "GET", "/audience/reports/triton?most=1").json()
    equal(len(items["items"]), 1)
    rest = Api(server).want(200, "GET", "/audience/reports/triton?after=" + items["next"]).json()
    equal(Api(server).want(400, "GET", "/audience/reports/triton?after=1").json()["parameter"], "after")
    equal([one["agent"] for one in items["items"] + rest["items"]], ["=cmd|' /C calc'!A1", 'VLC "x"'])
    status, out, err = t.run("-c", server.config, "--report", "npr", "--mount", "/live.mp3", "--from", "%d" % (time.time() - 3600), "--to", "%d" % (time.time() + 900))
    equal((status, err, out), (0, "", "".join("\t".join(line) + "\r\n" for line in rows)))
    # The spool alone has addresses.
    server.stop()
    check(b"127.0.0.1" in bytes_of(server, "audience.addresses/*"), "the spool has them")
    for name in ("audience.db*", "audience.journal*", "audience.keys"):
        check(not re.search(rb"\b127\.0\.0\.1\t|\b127\.0\.0\.1$", bytes_of(server, name)), name)
        check(b"=cmd" not in bytes_of(server, name), name)
    equal((server.dir / "state" / "audience.addresses").stat().st_mode & 0o777, 0o700)


def owner_of(server, mount):
    database = sqlite3.connect("file:%s/state/audience.db?mode=ro" % server.dir, uri=True)
    try:
        row = database.execute("SELECT account FROM mount_account JOIN mount ON id=mount WHERE name=?", (mount,)).fetchone()
        return row and row[0]
    finally:
        database.close()


@test
def a_name_that_another_account_had_shows_none_of_its_listeners(t):
    server, api = with_api(audience_with_store(t, KEPT))
    for account in ("acme", "bolt"):
        api.want(201, "POST", "/accounts", {"id": account})
    olga = "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme"}).json()["password"]

    def lines(login):
        reply = server.get("/api/v1/audience/reports/npr?format=csv&mount=/show", login)
        equal(reply.status, 200, reply.text)
        return reply.text.split("\r\n")[:-1]

    def ids(query=""):
        return {row["id"] for row in sessions(server, "&all=1" + query, olga)}

    def one_listens(account, agent):
        source = server.source("/show", login=api.mount("/show", account=account))
        source.play(ENOUGH)
        leaves(server, source, listens(server, agent, mount="/show"))
    one_listens("bolt", "of bolt")
    theirs = ended(server, 1, "&all=1")[0]["id"]
    wait_for(lambda: lines(ADMIN), "its line")
    wait_for(lambda: owner_of(server, "/show") == "bolt", "the database knows whose it was", 20)
    api.want(204, "DELETE", "/mounts/show")
    server.wait_until_gone("/show")
    left = time.time()
    wait_for(lambda: time.time() > left + 1.1, "a later second")
    one_listens("acme", "of acme")
    mine = wait_for(lambda: lines(olga), "the line of its own listener")
    equal([line for line in mine if "of acme" not in line], [], "lines of others")
    check(all(any(agent in line for line in lines(ADMIN)) for agent in ("of acme", "of bolt")), "an administrator has both")
    for query in ("", "&mount=/show"):
        check(theirs not in ids(query), "sessions" + query)
    seen = Api(server, olga).want(200, "GET", "/audience/summary?mount=/show").json()
    check(seen["sessions"] < 2, seen)
    # Nor once it has deleted the mount, whose audience stays its account's.
    Api(server, olga).want(204, "DELETE", "/mounts/show")
    check(theirs not in ids(), "after the deletion")


@test
def a_kill_and_an_upgrade_lose_no_line(t):
    server = audience_server(t, KEPT)
    source = on_air(server)
    first = listens(server)
    wait_for(lambda: Api(server).want(200, "GET", "/audience/summary").json()["seconds"] > 6, "it has listened for a while", 20)
    server.kill()
    first.close()
    source.close()
    server.start()
    row = ended(server, 1)[0]
    rows = wait_for(lambda: npr(server), "its line")
    equal(len(rows), 1)
    check(abs(int(rows[0][4]) - row["seconds"]) <= 1, (rows, row))
    server.kill()
    server.start()
    equal(npr(server), rows, "after one more kill")
    source = on_air(server)
    second = listens(server, "mpv 0.35")
    heard_long_enough(server, 1)
    upgrade(server)
    leaves(server, source, second)
    rows = wait_for(lambda: npr(server) if len(npr(server)) == 2 else None, "the line of the one that went over")
    equal(rows[1][6], "mpv 0.35")
    check(int(rows[1][4]) >= 5, rows)


@test
def what_is_switched_off_goes_and_who_asks_is_forgotten(t):
    server = audience_server(t, KEPT)
    source = on_air(server)
    leaves(server, source, listens(server, VLC))
    wait_for(lambda: npr(server), "its line")
    would = forget(server, address="127.0.0.1", agent=VLC, **{"dry-run": 1})
    equal(would.json(), {"sessions": 1, "addresses": 1}, would.text)
    equal(forget(server, address="127.0.0.1", agent=VLC).json(), {"sessions": 1, "addresses": 1})
    equal(npr(server), [])
    check(b"127.0.0.1" not in bytes_of(server, "audience.addresses/*"), "overwritten")
    equal(forget(server, address="127.0.0.1", agent=VLC).status, 404)
    leaves(server, source, listens(server, VLC))
    wait_for(lambda: npr(server), "another line")
    # Files of days that are over for long enough go at the next look.
    folder = server.dir / "state" / "audience.addresses"
    today = datetime.datetime.now(datetime.timezone.utc).date()
    server.stop()
    for days in (2, 3, 400):
        (folder / ("%s.sessions" % (today - datetime.timedelta(days=days)))).write_text("J\tx\n")
    (folder / "notes.txt").write_text("of somebody")
    server.start()
    wait_for(lambda: sorted(path.name for path in folder.iterdir()) == sorted([
        "%s.sessions" % today, "%s.sessions" % (today - datetime.timedelta(days=2)), "notes.txt"]), "old days are gone", 20)
    server.stop()
    server.write_config(body="<console>1</console><audience/>")
    server.start()
    server.wait_for_log(r"audience.addresses: the addresses of 2 days have been deleted")
    equal([path.name for path in folder.iterdir()], ["notes.txt"])
    refused = Api(server).ask("GET", "/audience/reports/npr?mount=/live.mp3")
    equal(refused.status, 404, refused.text)
    check("there is no <audience><keep-addresses>" in refused.json()["detail"], refused.text)


@test
def addresses_are_for_those_that_may_see_them(t):
    server = audience_server(t, KEPT)
    for parameter, query in (("mount", "format=csv"), ("mount", "mount=/none.mp3"), ("zone", "mount=/live.mp3&zone=Mars"),
                             ("from", "mount=/live.mp3&from=2026-02-30"), ("account", "mount=/live.mp3&account=none"), ("format", "format=txt")):
        reply = Api(server).ask("GET", "/audience/reports/npr?" + query)
        check(reply.status in (400, 404), "%s: %d %s" % (query, reply.status, reply.text))
        equal(reply.json().get("parameter"), parameter, reply.text)
    equal(server.get("/api/v1/audience/reports/triton").status, 401)
    source = on_air(server)
    equal(server.get("/api/v1/audience/reports/triton", login="viewer:x").status, 401)
    source.close()


@test
def what_is_kept_is_told_as_it_is_until_a_restart(t):
    server = audience_server(t, KEPT)
    source = on_air(server)
    for body in ("<console>1</console><audience/>", KEPT):
        server.write_config(body=body)
        server.reload()
        leaves(server, source, listens(server))
    wait_for(lambda: len(npr(server)) == 2, "both lines, also that of the time without the option", 20)
    server.stop()
    server.write_config(body="<console>1</console><audience/>")
    server.start()
    server.write_config(body=KEPT)
    server.reload()
    refused = Api(server).ask("GET", "/audience/reports/npr?mount=/live.mp3")
    equal((refused.status, "there was none when this server started" in refused.json()["detail"]), (404, True), refused.text)


@test
def a_full_spool_stops_no_listener(t):
    """A file has the place of the directory: rows wait, and the log reports it."""
    server = audience_server(t, "<console>1</console><audience/>")
    server.stop()
    (server.dir / "state" / "audience.addresses").write_text("in the way")
    server.write_config(body=KEPT)
    server.start()
    source = on_air(server)
    leaves(server, source, listens(server))
    server.wait_for_log(r"audience.addresses.*: cannot be opened: Not a directory")
    (server.dir / "state" / "audience.addresses").unlink()
    leaves(server, source, listens(server))
    wait_for(lambda: len(npr(server)) == 2, "both lines, those that waited too", 20)


@test
def a_daily_file_is_written_of_the_day_before(t):
    place = t.dir / "reports"
    place.mkdir()
    server = t.unstarted_server()
    state = server.dir / "state"
    (state / "audience.addresses").mkdir(parents=True)
    yesterday = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    if datetime.datetime.now(datetime.timezone.utc).hour < 1:
        yesterday -= datetime.timedelta(days=1)
    began = int(datetime.datetime.combine(yesterday, datetime.time(12), datetime.timezone.utc).timestamp() * 1000)
    (state / "audience.addresses" / ("%s.sessions" % yesterday)).write_text(
        "\nJ\te\nB\t1\t%d\t192.0.2.7\t/live.mp3\tVLC\t\nE\t1\t%d\t%d\t1000000\n" % (began, began, began + 60_000))
    give_away(t.dir)
    server.write_config(body="<console>1</console><audience><keep-addresses>240h</keep-addresses>"
                             '<report name="triton" directory="%s" daily="1"/><report name="npr" mount="/live.mp3" directory="%s" daily="1"/>'
                             "</audience><mount><mount-name>/live.mp3</mount-name></mount>" % (place, place),
                        paths="<state-dir>%s</state-dir>" % state)
    server.start()
    server.wait_for_log(r"the report triton of %s has been written to " % yesterday)
    server.wait_for_log(r"the report npr of %s has been written to " % yesterday)
    names = sorted(path.name for path in place.iterdir())
    after = yesterday + datetime.timedelta(days=1)
    equal(names, ["npr-live.mp3-%s_%s.txt" % (yesterday, after), "triton-%s_%s.log" % (yesterday, after)])
    equal([(row["c-ip"], row["x-duration"]) for row in triton((place / names[1]).read_bytes().decode())], [("192.0.2.7", "60")])
    status, out, _ = t.run("--check-config", server.config)
    equal(status, 0, out)
    server.write_config(body='<audience><report name="npr" directory="/tmp"/></audience>')
    _, out, _ = t.run("--check-config", server.config)
    for words in ("npr reports one mount, and <mount> is missing", "npr needs addresses, and there is no <keep-addresses>"):
        check(words in out, out)
