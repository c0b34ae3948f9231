"""Reports of the audience without a request: by the command line, and on a day of the month."""
import csv
import datetime
import io
import json
import sqlite3
import time

from api import Api
from events import Events
from harness import ADMIN, check, equal, give_away, test, wait_for

HOUR = 3_600_000


def month_before(filed=False):
    """The first day of the last month and the first day of this one, as dates.  filed: of a file that is written on
    the first day, an hour after the end of the month."""
    now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=filed)
    to = now.date().replace(day=1)
    return (to - datetime.timedelta(days=1)).replace(day=1), to


def played(server, day, songs, mount="/live.mp3"):
    """Inserts titles of an hour each that began on this day; songs: (title, performances by country)."""
    at = int(datetime.datetime.combine(day, datetime.time(12), datetime.timezone.utc).timestamp() * 1000)
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        database.execute("INSERT OR IGNORE INTO mount(name) VALUES(?)", (mount,))
        (number,), = database.execute("SELECT id FROM mount WHERE name=?", (mount,))
        for title, by_country in songs:
            play = database.execute("INSERT INTO play(mount, began, title, ended, performances) VALUES(?,?,?,?,?)",
                                    (number, at, title, at + HOUR, sum(by_country.values()))).lastrowid
            for country, count in by_country.items():
                database.execute("INSERT INTO play_country VALUES(?,?,?)", (play, country, count))
            at += HOUR
        not_summed(database)
    database.close()


def not_summed(database):
    """Makes the database one of an older version: the weekly sums do not include its titles."""
    for sql in ("DELETE FROM song_heard", "DELETE FROM song_gain", "UPDATE song_since SET at=(SELECT MAX(began)+1 FROM play)"):
        database.execute(sql)


def report_server(t, audience="<audience/>", body="<console>1</console>"):
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    server.write_config(body=body + audience, paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    equal(server.get("/api/v1/audience/summary", login=ADMIN).status, 200, "the database is made")
    return server


def songs(text):
    return [(row["artist"], row["title"], row["country"], row["performances"]) for row in csv.DictReader(io.StringIO(text))]


SONGS = [("Band - Song", {"US": 7, "DE": 5}), ("Other - Tune", {"DE": 3})]
AS_ROWS = [("Band", "Song", "US", "7"), ("Band", "Song", "DE", "5"), ("Other", "Tune", "DE", "3")]


@test
def the_command_line_writes_what_the_api_answers(t):
    server = report_server(t)
    first, next_month = month_before()
    played(server, first + datetime.timedelta(days=9), SONGS)
    played(server, next_month - datetime.timedelta(days=60), [("Old - Song", {"DE": 1})], mount="/old.mp3")
    period = "from=%s&to=%s" % (first, next_month)
    for name, query in (("songs", ""), ("playlist", "&zone=Europe/Berlin&columns=artist:Act"), ("soundexchange-incomplete", ""), ("soundexchange", "&service=Acme%20Radio&category=B"),
                        ("titles", "&zone=Asia/Kathmandu"), ("hours", "&by=day"), ("usage", "")):
        answer = server.get("/api/v1/audience/%s%s?format=csv&%s%s" % ("" if name in ("titles", "hours", "usage") else "reports/", name, period, query),
                            login=ADMIN)
        equal(answer.status, 200, answer.text)
        options = [word.replace("%20", " ") for part in query.split("&")[1:] for word in ("--" + part.split("=")[0], part.split("=")[1])]
        if "zone=" in query:  # there, the last month may be another one
            options += ["--month", str(first)[:7]]
        status, out, err = t.run("-c", server.config, "--report", name, *options)
        equal((status, err), (0, "" if name != "soundexchange" else
                              "icecast-lb: recordings are left out; --report soundexchange-incomplete has them, and why\n"), name)
        equal(out.encode(), answer.body, name)
    # While it runs, and when it does not.
    status, out, _ = t.run("-c", server.config, "--report", "songs")
    equal((status, songs(out)), (0, AS_ROWS))
    server.stop()
    equal(t.run("-c", server.config, "--report=songs", "--month", "%s" % str(first)[:7]), (0, out, ""))
    equal(t.run("-c", server.config, "--report", "songs", "--from", str(first), "--to", str(next_month), "--mount", "/live.mp3"), (0, out, ""))
    empty = t.run("-c", server.config, "--report", "songs", "--month", "1999-02")
    equal((empty[0], songs(empty[1])), (0, []))
    target = t.dir / "report.csv"
    equal(t.run("-c", server.config, "--report", "songs", "-o", target), (0, "", ""))
    equal(target.read_bytes().decode(), out)


@test
def what_makes_no_sense_is_answered_with_a_sentence_and_status_1(t):
    server = report_server(t)
    for arguments, words in (
            (["--report", "charts"], '"charts" is not a report; there are: songs, playlist, soundexchange, soundexchange-incomplete, npr, triton, summary, hours'),
            (["--report"], '"" is not a report'), (["--report", "songs", "--month", "2026-13"], "2026-13 is not a month such as 2026-10"),
            (["--report", "songs", "--month", "x" * 5000], "is not a month"),
            (["--report", "songs", "--month", "2026-10", "--to", "2026-11-01"], "--month is a period by itself"),
            (["--report", "songs", "--from", "2026-11-01", "--to", "2026-10-01"], "which is not before to"),
            (["--report", "songs", "--from", "yesterday"], "from=yesterday is neither"), (["--report", "songs", "--zone", "Mars"], "Mars"),
            (["--report", "songs", "--mount", "/none.mp3"], "/none.mp3"), (["--report", "soundexchange"], "service="),
            (["--report", "playlist", "--columns", "titel:x"], 'there is no column "titel", but: station, date,'),
            (["--report", "songs", "--zone"], "--zone needs a value"), (["--dump-config", server.config, "--zone", "UTC"], "--zone needs --report"),
            (["--report", "songs", "-o", "/nowhere/report.csv"], "/nowhere")):
        status, out, err = t.run("-c", server.config, *arguments)
        equal(status, 1, arguments)
        check(words in err and err.startswith("icecast-lb: ") and err.count("\n") == 1 and len(err) < 1000, (arguments, err))
    database = server.dir / "state" / "audience.db"
    server.stop()
    database.write_bytes(b"a letter of many words" * 400)
    status, _, err = t.run("-c", server.config, "--report", "songs")
    check(status == 1 and "file is not a database" in err, err)
    database.unlink()
    status, _, err = t.run("-c", server.config, "--report", "songs")
    check(status == 1 and "audience.db: No such file or directory; a server with <audience> makes it" in err, err)
    check(not database.exists(), "what is only read is not made")
    server.write_config(paths="")
    status, _, err = t.run("-c", server.config, "--report", "songs")
    check(status == 1 and "has neither a state directory nor" in err, err)


@test
def a_report_is_written_on_its_day_and_never_over_a_file_that_is_there(t):
    """The report's day may lie in this month or in the last one."""
    server = report_server(t, audience="<audience/>", body="<console>1</console>")
    first, next_month = month_before(filed=True)
    played(server, first + datetime.timedelta(days=9), SONGS)
    server.stop()
    place = server.dir / "reports"
    row = '<report name="%s" directory="' + str(place) + '" day="1" %s/>'
    server.write_config(body="<console>1</console><audience>" + row % ("songs", "") + row % ("playlist", 'mount="/live.mp3" zone="UTC"') +
                        row % ("soundexchange", 'service="Acme Radio"') + row % ("charts", "") + "</audience>")
    server.start()
    # There is no directory yet: the log says so once, and it is tried again.
    server.wait_for_log(r"the report songs was not written: .*reports.*No such file")
    server.wait_for_log(r'the report charts was not written: "charts" is not a report; there are: songs')
    place.mkdir()
    name = "songs-%s_%s.csv" % (first, next_month)
    (place / ("playlist-live.mp3-%s_%s.csv" % (first, next_month))).write_text("filled in by hand")
    give_away(place)
    with_events = Events(server)
    server.reload()
    server.wait_for_log(r"the report songs of %s has been written to " % str(first)[:7])
    server.wait_for_log(r"the report soundexchange of ")
    told = with_events.next("report")
    equal((told["subject"], told["month"]), ("songs", str(first)[:7]), told)
    equal(songs((place / name).read_bytes().decode()), AS_ROWS)
    equal((place / ("playlist-live.mp3-%s_%s.csv" % (first, next_month))).read_text(), "filled in by hand")
    written = sorted(file.name for file in place.iterdir())
    check(len(written) == 4 and written[1] == written[0].replace("-incomplete.csv", ".txt") and written[1].startswith("ACMERADIO01") and
          written[3] == name, written)
    stamps = [file.stat().st_mtime_ns for file in sorted(place.iterdir())]
    server.stop()
    server.start()
    server.reload()
    equal(server.get("/api/v1/audience/summary", login=ADMIN).status, 200)
    equal([file.stat().st_mtime_ns for file in sorted(place.iterdir())], stamps, "nothing is written twice")
    status, out, _ = t.run("--check-config", server.config)
    check(status == 1 and out.count(" error: ") == 1 and 'there is no report "charts"' in out, out)
    server.write_config(body="<console>1</console><audience>" + row % ("songs", "") + row % ("songs", 'zone="Europe/Berlin"') +
                        '<report name="soundexchange" directory="reports" zone="Mars/Olympus"/></audience>')
    _, out, _ = t.run("--check-config", server.config)
    for words in ("it has the file of number 1; it needs another directory", "its directory is not an absolute path",
                  "soundexchange needs the name of the service", 'there is no time zone "Mars/Olympus"'):
        check(words in out, out)


@test
def reports_with_one_file_are_told_by_its_name(t):
    def checked(*rows):
        server = t.unstarted_server()
        server.write_config(body="<console>1</console><audience>" + "".join('<report directory="/tmp" %s/>' % row for row in rows) + "</audience>")
        return t.run("--check-config", server.config)
    exchange = 'name="soundexchange" country="all" service="%s" category="%s"'
    fine = checked(exchange % ("Acme", "A"), exchange % ("Acme", "B"))
    check(fine[0] == 0 and "error" not in fine[1] and "no country is known" not in fine[1], fine)
    for first, second in ((exchange % ("Acme Radio", "A"), exchange % ("acme-radio", "A")), (exchange % ("Acme", "A"), 'name="soundexchange" service="Acme"'),
                          ('name="songs" mount="/a/b.mp3"', 'name="songs" mount="/a-b.mp3"')):
        status, out, _ = checked(first, second)
        check(status == 1 and "it has the file of number 1" in out, (first, second, out))
    status, out, _ = checked('name="soundexchange" service="Acme"')
    check(status == 0 and "warning" in out and "no country is known" in out, out)


def two_accounts(t, more="", accounts=("acme", "other")):
    server = t.unstarted_server()
    for name in ("state", "records", "reports"):
        (server.dir / name).mkdir()
    give_away(server.dir)
    server.write_config(body='<console>1</console><store type="files" path="%s/records"/><audience>%s</audience>' % (
        server.dir, more.replace("%s", str(server.dir / "reports"))), paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    api = Api(server)
    # The answer comes when the thread of the database has made it.
    api.want(200, "GET", "/audience/summary")
    first, next_month = month_before(filed="<report" in more)
    for account, count in zip(accounts, (5, 7)):
        api.want(201, "POST", "/accounts", {"id": account})
        api.mount("/%s-1" % account, account=account)
        played(server, first + datetime.timedelta(days=9), [("Band - " + account, {"DE": count})], mount="/%s-1" % account)
    return server, "%s_%s" % (first, next_month)


@test
def all_accounts_have_a_file_each_in_one_run(t):
    server, period = two_accounts(t)
    place = t.dir / "each"
    place.mkdir()
    give_away(place)
    arguments = ["-c", server.config, "--report", "songs", "--all-accounts", "-o", place]
    status, _, err = t.run(*arguments)
    check(status == 1 and "in use by another server" in err and 'writes <report account="*"> by itself' in err, err)
    server.stop()
    status, out, err = t.run(*arguments)
    equal((status, err), (0, ""))
    names = ["songs-%s-%s.csv" % (account, period) for account in ("acme", "other")]
    equal(out.splitlines(), ["%s/%s" % (place, name) for name in names])
    equal([songs((place / name).read_bytes().decode()) for name in names], [[("Band", "acme", "DE", "5")], [("Band", "other", "DE", "7")]])
    status, out, err = t.run("-c", server.config, "--report", "songs", "--account", "other", "--format", "json")
    equal((status, err), (0, ""))
    equal([row["performances"] for row in json.loads(out)["items"]], [7])
    status, out, err = t.run(*arguments, "--format", "json")
    equal((status, sorted(path.name for path in place.iterdir() if path.suffix == ".json")), (0, [name[:-3] + "json" for name in names]), err)
    for wrong, words in ((["--report", "songs", "--all-accounts"], "--all-accounts needs --report, and -o with a directory"),
                         (["--report", "songs", "--account", "none"], "there is no account none"),
                         (["--report", "songs", "--format", "xls"], "format=xls is neither json nor csv"),
                         (["--report", "songs", "--all-accounts", "-o", "/nowhere"], "/nowhere/")):
        status, _, err = t.run("-c", server.config, *wrong)
        check(status == 1 and words in err, (wrong, err))


@test
def each_account_has_a_file_for_soundexchange_whatever_its_number(t):
    server, _ = two_accounts(t, accounts=("10", "20"))
    place = t.dir / "each"
    place.mkdir()
    server.stop()
    for account in ("10", "20"):
        described(server, "Band - " + account, isrc="DEA123456789", mount="/%s-1" % account)
    arguments = ["-c", server.config, "--report", "soundexchange", "--service", "Acme", "--country", "all", "--all-accounts", "-o", place]
    status, out, err = t.run(*arguments)
    equal((status, err), (0, ""))
    lines = out.splitlines()
    equal([path.split("/")[-1][:7] for path in lines], ["10-ACME", "20-ACME"])
    equal(["^%d^" % number in open(path).read() for path, number in zip(lines, (10, 20))], [True, True])


@test
def a_mount_that_came_within_a_reports_time_is_named(t):
    """In the month of its move it is in no monthly file of an account, which both files would hide."""
    server, _ = two_accounts(t, accounts=("acme", "other"))
    api = Api(server)
    wait_for(lambda: kept_accounts(server) == {"/acme-1": "acme", "/other-1": "other"}, "the accounts are kept", 30)
    api.want(200, "PATCH", "/mounts/acme-1", {"account": "other"})
    first, _ = month_before()
    query = "?from=%s&to=%d" % (first, time.time())
    for account, left_out in (("other", ["/acme-1"]), ("acme", None)):
        for path in ("reports/songs", "summary"):
            equal(api.want(200, "GET", "/audience/%s%s&account=%s" % (path, query, account)).json().get("left_out"), left_out, account)
    equal(api.want(200, "GET", "/audience/summary" + query).json().get("left_out"), None, "an administrator sees all")


def kept_accounts(server):
    database = sqlite3.connect("file:%s/state/audience.db?mode=ro" % server.dir, uri=True)
    try:
        return dict(database.execute("SELECT name, account FROM mount_account JOIN mount ON id=mount"))
    finally:
        database.close()


@test
def hours_come_of_each_mount_and_the_mean_is_of_sessions_of_a_minute(t):
    server = report_server(t)
    october = int(datetime.datetime(2026, 9, 30, 22, tzinfo=datetime.timezone.utc).timestamp()) // 900    # 00:00 in Berlin
    # Quarters of October, mount, hours, sessions, of these short; October has 31 days and an hour.
    rows = ((-1, "/b", 1, 1, 0), (0, "/a", 10, 8, 3), (31 * 96 + 3, "/a", 2, 2, 2), (5, "/b", 3, 1, 1), (31 * 96 + 4, "/b", 4, 2, 1))
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        for number, name in enumerate(("/a", "/b"), 1):
            database.execute("INSERT INTO mount VALUES(?,?)", (number, name))
        for quarter, name, hours, sessions, short in rows:
            for mount in (0, ("", "/a", "/b").index(name)):
                database.execute("INSERT INTO slot VALUES(?,?,?,?,?)", (mount, october + quarter, hours * HOUR, 7, sessions))
                database.execute("INSERT INTO slot_short VALUES(?,?,?)", (mount, october + quarter, short))
    database.close()
    query = "/audience/hours?zone=Europe/Berlin&from=2026-09-01&to=2026-12-01&by="
    items = Api(server).want(200, "GET", query + "month,mount").json()["items"]
    equal([(row["from"][:10], row["mount"], row["length_s"] / 3600, row["seconds"] / 3600, row["sessions"], row["long_sessions"], row["average_seconds"] / 3600) for row in items],
          [("2026-09-01", "/b", 720, 1, 1, 1, 1), ("2026-10-01", "/a", 745, 12, 10, 5, 2.4), ("2026-10-01", "/b", 745, 3, 1, 0, 0),
           ("2026-11-01", "/b", 720, 4, 2, 1, 4)])
    lines = list(csv.DictReader(io.StringIO(server.get("/api/v1" + query + "month,mount&format=csv", login=ADMIN).text)))
    equal([(row["from"], row["mount"], float(row["seconds"]), row["long_sessions"]) for row in lines],
          [(row["from"], row["mount"], row["seconds"], str(row["long_sessions"])) for row in items])
    months = Api(server).want(200, "GET", query + "month").json()["items"]
    equal([(row["seconds"] / 3600, row["average_seconds"] / 3600) for row in months], [(1, 1), (15, 3), (4, 4)])
    summed = Api(server).want(200, "GET", "/audience/summary?from=2026-09-01&to=2026-12-01").json()
    equal((summed["sessions"], summed["long_sessions"], summed["average_seconds"] * 7), (14, 7, 20 * 3600))
    status, out, err = t.run("-c", server.config, "--report", "hours", "--by", "month,mount", "--zone", "Europe/Berlin", "--month", "2026-10")
    equal((status, err, [row["mount"] for row in csv.DictReader(io.StringIO(out))]), (0, "", ["/a", "/b"]))
    for path in (query + "week,mount", query + ",mount", query + "month,mount,mount", "/audience/usage?by=month,mount"):
        reply = Api(server).ask("GET", path)
        equal((reply.status, reply.json().get("parameter")), (400, "by"), path)


@test
def a_json_report_has_all_rows(t):
    server = report_server(t)
    first, next_month = month_before()
    played(server, first + datetime.timedelta(days=3), [("Band - %d" % n, {"DE": 1}) for n in range(600)])
    status, out, err = t.run("-c", server.config, "--report", "titles", "--format", "json")
    equal((status, len(json.loads(out)["items"]), "next" in json.loads(out)), (0, 600, False), err)


@test
def each_account_has_a_file_by_a_day_of_the_month(t):
    server, period = two_accounts(t, '<report name="songs" directory="%s" day="1" account="*"/>')
    names = sorted("songs-%s-%s.csv" % (account, period) for account in ("acme", "other"))
    place = server.dir / "reports"
    for path in place.iterdir():    # of the first look, before there were titles
        path.unlink()
    server.stop()
    server.start()
    wait_for(lambda: sorted(path.name for path in place.iterdir() if not path.name.startswith(".")) == names, "a file each", 20)
    equal(songs((place / names[0]).read_bytes().decode()), [("Band", "acme", "DE", "5")])


@test
def what_lacks_isrc_and_label_is_in_a_file_beside_that_of_soundexchange(t):
    """By the command line and on a day of the month; a file that an older, deleted report has left beside it is
    replaced."""
    server = report_server(t)
    first, next_month = month_before(filed=True)
    played(server, first + datetime.timedelta(days=9), [("Band - Song", {"US": 7}), ("Band - Tune", {"US": 2}), ("Other - Air", {"US": 1})])
    described(server, "Band - Song", isrc="DEA123456789")
    described(server, "Band - Tune", album="Album")
    target = t.dir / "acme.txt"
    beside = t.dir / "acme-incomplete.csv"
    order = ["-c", server.config, "--report", "soundexchange", "--service", "Acme", "--month", str(first)[:7], "-o", target]
    equal(t.run(*order), (0, "", "icecast-lb: recordings are left out; %s has them, and why\n" % beside))
    lacking = [("Band", "Tune", "no ISRC, and no label of the album"), ("Other", "Air", "no ISRC, no album and no label")]
    equal([line.split("|")[3] for line in target.read_text().splitlines()[1:]], ["^SONG^"])
    equal([(row["artist"], row["title"], row["reason"]) for row in csv.DictReader(io.StringIO(beside.read_text()))], lacking)
    place = server.dir / "reports"
    place.mkdir()
    give_away(place)
    server.stop()
    server.write_config(body='<console>1</console><audience><report name="soundexchange" service="Acme" day="1" directory="%s"/></audience>' % place)
    server.start()
    server.wait_for_log(r"the report soundexchange of .* has been written to .*_A\.txt; .*_A-incomplete\.csv has what it leaves out, and why")
    names = sorted(path.name for path in place.iterdir())
    equal(names, [names[1][:-4] + "-incomplete.csv", names[1]])
    equal([row["title"] for row in csv.DictReader(io.StringIO((place / names[0]).read_text()))], ["Tune", "Air"])
    described(server, "Band - Tune", label="Label", album="Album")
    described(server, "Other - Air", isrc="DEA123456780")
    server.stop()
    (place / names[1]).unlink()
    server.start()
    wait_for(lambda: [path.name for path in place.iterdir()] == [names[1]], "one file, with all of them", 20)
    equal(len((place / names[1]).read_text().splitlines()), 4)


def described(server, title, isrc="", album="", label="", mount="/live.mp3"):
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        database.execute("INSERT OR REPLACE INTO song_described(mount, title, at, isrc, album, label, label_code, composer) "
                         "SELECT id, ?, 1, ?, ?, ?, '', '' FROM mount WHERE name=?", (title, isrc, album, label, mount))
    database.close()
