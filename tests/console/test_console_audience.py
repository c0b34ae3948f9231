"""The audience in the console: the pages for real rows, by role and by period; the CSV files; and the pages where
nothing is recorded."""
import csv
import io
import random
import sqlite3
import time
import urllib.request

from api import Api, with_api
from desk import WIDER, Desk
from harness import ADMIN, check, equal, test, wait_for
from test_console_pages import console_server

QUARTER, HOUR, DAY = 900, 3600, 86400
ENOUGH = 400  # frames: more than a quick look gets
COUNTRIES = {"DE": 9, "AT": 3, "US": 2, "FR": 1, "": 1}
SONGS = ["Band %d - Song %d" % (n % 7, n) for n in range(30)] + ['"=1+1" - <b>x</b>; =2']


def audience_server(t, body="<audience/>"):
    server = console_server(t, body)
    server.stop()
    (server.dir / "state").mkdir()
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    return server.start()


def listened(server, mount, login):
    """A real listening, which adds the mount and the player to the database."""
    source = server.source(mount, login=login)
    source.play(ENOUGH)
    listener = server.listener(mount, lines=["User-Agent: VLC/3.0.20 LibVLC/3.0.20"])
    listener.read(3000)
    wait_for(lambda: Api(server).want(200, "GET", "/audience/summary?mount=" + mount).json()["listeners"] == 1, "one listens", 20)
    source.play(ENOUGH)
    listener.read(100_000)
    return source, listener


def with_a_past(server, mounts=(), days=35):
    """Inserts the sums of some weeks of listenings, as merged rows."""
    dice, now = random.Random(7), int(time.time())
    with sqlite3.connect(server.dir / "state" / "audience.db", timeout=20) as database:
        for name in mounts:
            database.execute("INSERT OR IGNORE INTO mount(name) VALUES(?)", (name,))
        for name in ("Firefox", "iTunes", "Chrome"):
            database.execute("INSERT OR IGNORE INTO player(name) VALUES(?)", (name,))
        players = [row[0] for row in database.execute("SELECT id FROM player")]
        for mount, name in database.execute("SELECT id, name FROM mount").fetchall():
            for quarter in range((now - days * DAY) // QUARTER, now // QUARTER - 1):
                hour = time.localtime(quarter * QUARTER).tm_hour
                many = max(0.2, 14 - abs(hour - 18)) * dice.uniform(0.8, 1.2) / (1 if name == "/rock.mp3" else 3)
                ms, new = int(many * QUARTER * 1000), int(many / 3) + 1
                database.execute("INSERT OR REPLACE INTO slot VALUES(?,?,?,?,?)", (mount, quarter, ms, ms * 16, new))
                if quarter % 4 == 0:
                    for country, share in COUNTRIES.items():
                        database.execute("INSERT OR REPLACE INTO split VALUES(?,?,?,?,?,?,?)", (mount, quarter // 4, country, dice.choice(players), ms * share // 4, ms * share * 4, new))
            for n in range(400):
                began, heard = (now - 600 - n * 210) * 1000, dice.randrange(1, 40)
                play = database.execute("INSERT INTO play(mount, began, title, ended, performances) VALUES(?,?,?,?,?)", (mount, began, SONGS[n % len(SONGS)], began + 210_000, heard)).lastrowid
                database.execute("INSERT INTO play_country VALUES(?,?,?)", (play, "DE", heard))
                database.execute("INSERT INTO play_listeners VALUES(?,?,?)", (play, 20, 20 + n % len(SONGS) - 15))
        database.execute("INSERT OR REPLACE INTO slot SELECT 0, at, SUM(ms), SUM(bytes), SUM(sessions) FROM slot WHERE mount>0 GROUP BY at")
        database.execute("INSERT OR REPLACE INTO split SELECT 0, hour, country, player, SUM(ms), SUM(bytes), SUM(sessions) FROM split WHERE mount>0 GROUP BY 2, 3, 4")
        database.execute("INSERT OR REPLACE INTO split_day SELECT mount, hour/24, country, player, SUM(ms), SUM(bytes), SUM(sessions) FROM split GROUP BY 1, 2, 3, 4")
        # Of weeks there are no sums of titles yet.
        database.execute("UPDATE song_since SET at=(SELECT MAX(began)+1 FROM play)")
    database.close()


def two_accounts(t):
    server, api = with_api(audience_server(t))
    api.want(201, "POST", "/accounts", {"id": "acme", "name": "Acme Radio", "quota": {"mounts": 2, "listeners": 100, "storage": 5_000_000_000, "hours": 8000, "transfer": 900_000_000_000}})
    api.want(201, "POST", "/accounts", {"id": "other", "quota": {"mounts": 1}})
    api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme", "password": "password of olga"})
    kept = [listened(server, mount, api.mount(mount, account=account, limits={"listeners": 60, "storage": 1_000_000_000})) for mount, account in (("/rock.mp3", "acme"), ("/jazz.mp3", "other"))]
    with_a_past(server)
    return server, kept


def links(desk):
    """The addresses of the CSV files."""
    return desk.browser.script("return [...document.querySelectorAll('a[download]')].filter(e => e.checkVisibility()).map(e => e.href)")


def taken(server, link):
    if link.startswith("data:"):
        with urllib.request.urlopen(link) as reply:
            text = reply.read().decode()
    else:
        reply = server.get(link[link.index("/api/"):], ADMIN)
        equal(reply.status, 200, reply.text)
        text = reply.text
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))


def figures(desk):
    return desk.browser.script("return [...document.querySelectorAll('.tiles li')].map(e => e.textContent)")


def rows(desk, column):
    return desk.browser.script("return [...document.querySelectorAll('td[data-label=\"' + arguments[0] + '\"]')].filter(e => e.checkVisibility()).map(e => e.textContent)", column)


def drawn(desk, span=None):
    if span:
        desk.press(span, selector=".choices button")
    desk.wait(lambda: desk.browser.script("return [...document.querySelectorAll('.choices [aria-pressed=true]')].map(e => e.textContent)[0] === (arguments[0] || '24 h') && document.querySelectorAll('.chart path.line').length > 0", span), "the chart")


@test
def the_audience_is_shown_as_the_api_has_it(t):
    server, _ = two_accounts(t)
    desk = Desk(t, server).log_in()
    desk.press("Audience", selector="#menu a")
    drawn(desk)
    desk.wait(lambda: len(rows(desk, "Mount")) == 2 and len(rows(desk, "Country")) == 5, "the tables")
    now = time.time()
    told = Api(server).want(200, "GET", "/audience/summary?from=%d&to=%d" % (now - DAY, now)).json()
    shown = figures(desk)
    equal(shown[0], "2 listeners now")
    equal(shown[1], "{:,} listenings".format(told["sessions"]))
    check(abs(float(shown[2].split()[0].replace(",", "")) - told["seconds"] / HOUR) < 3, (shown, told))
    equal(rows(desk, "Mount"), ["/rock.mp3", "/jazz.mp3"])
    equal(sorted(rows(desk, "Country")), ["Austria", "France", "Germany", "United States", "unknown"])
    check("VLC" in rows(desk, "Player"), rows(desk, "Player"))
    titles = rows(desk, "Title")
    equal(len(titles), 40, "best and worst songs, by gain and by listenings")
    equal(titles[:2], [SONGS[30], SONGS[29]], "those that gained most")
    equal(titles[10:12], [SONGS[0], SONGS[1]], "those that lost most")
    gains = rows(desk, "Gain")
    equal([gains[0], gains[10]], ["15", "-15"])
    every = [taken(server, link) for link in links(desk)]
    heads = [one[0][0] for one in every]
    equal(heads, ["listeners", "time", "mount", "country", "player", "title", "artist"])
    equal([row[0] for row in every[2][1:]], ["/rock.mp3", "/jazz.mp3"])
    equal([every[5][1][:2], every[5][11][:2]], [["'" + SONGS[30].replace("; =", ";' ="), "15"], [SONGS[0], "-15"]], "a title is not a formula, in any cell, and a loss is a number")
    check(len(every[1]) in (25, 26), every[1])
    desk.looks_well("audience")
    # The week: by keys, and as a table.
    drawn(desk, "7 d")
    desk.wait(lambda: desk.browser.script("return document.querySelectorAll('.heat rect.held').length") == 168, "the week")
    desk.browser.find(".heat svg").write("\ue014\ue014")    # arrows
    check(" listeners" in desk.browser.script("return document.querySelector('.heat output').textContent"), "the cursor of the week")
    for span in ("30 d", "A year", "Now"):
        drawn(desk, span)
        desk.wait(lambda: rows(desk, "Country"), "the tables")
        desk.looks_well("audience-" + span.replace(" ", "-"), dark_too=span == "30 d")
        desk.browser.look(320)
        equal(desk.browser.script(WIDER), None, "at 320 pixels")
        desk.browser.look(1280)
    # A mount is chosen, and stays so at its address.
    desk.choose("Mount", "/jazz.mp3")
    drawn(desk, "24 h")
    desk.wait(lambda: figures(desk)[0] == "1 listeners now", "the figures of one mount")
    desk.page(desk.browser.url.split("/admin/console")[1])
    drawn(desk)
    equal(figures(desk)[0], "1 listeners now")
    check("By mount" not in desk.browser.text, "a table of one mount")
    desk.quiet()


@test
def the_mounts_of_the_period_are_told(t):
    """More than thirty, one deleted mount with the most listeners, and none without listeners."""
    server, _ = two_accounts(t)
    server.source("/new.mp3").play(5)
    with sqlite3.connect(server.dir / "state" / "audience.db", timeout=20) as database:
        for n in range(40):
            mount = database.execute("INSERT INTO mount(name) VALUES(?)", ("/gone-%02d.mp3" % n,)).lastrowid
            database.execute("INSERT INTO slot VALUES(?,?,?,?,?)", (mount, int(time.time()) // QUARTER - 5, (1000 if n == 7 else 1) * HOUR * 1000, 5, 1))
    database.close()
    desk = Desk(t, server).log_in()
    desk.page("/audience")
    desk.wait(lambda: len(rows(desk, "Mount")) == 42, "all that were heard")
    equal(rows(desk, "Mount")[0], "/gone-07.mp3")
    equal(desk.browser.script("return [...document.querySelectorAll('td[data-label=Mount] a')].map(e => e.textContent)"), ["/rock.mp3", "/jazz.mp3"])
    take = next(link for link in links(desk) if link.startswith("data:") and "gone-07" in link)
    equal(taken(server, take)[1], ["/gone-07.mp3", "3600000", "1", "5"])
    desk.choose("Mount", "/new.mp3")
    desk.wait(lambda: figures(desk)[:2] == ["0 listeners now", "0 listenings"], "nothing yet")
    check("no mount" not in desk.browser.text, desk.browser.text)
    desk.quiet()


@test
def an_owner_sees_the_audience_of_its_account(t):
    server, _ = two_accounts(t)
    desk = Desk(t, server).log_in("olga", "password of olga")
    desk.page("/audience")
    drawn(desk)
    equal(figures(desk)[0], "1 listeners now")
    check("/jazz.mp3" not in desk.browser.script("return document.body.textContent"), "a mount of another account")
    desk.quiet()


@test
def usage_is_told_by_account_and_month_beside_the_quotas(t):
    server, _ = two_accounts(t)
    desk = Desk(t, server)
    # Quotas count months in UTC, whatever day the viewer has.
    desk.browser.cdp("Emulation.setTimezoneOverride", timezoneId="Pacific/Kiritimati")
    desk.log_in()
    desk.press("Usage", selector="#menu a")
    desk.wait(lambda: len(rows(desk, "Transfer")) == 2, "the accounts")
    month = time.strftime("%Y-%m", time.gmtime())
    year, nth = int(month[:4]), int(month[5:])
    fields = "from=%s-01&to=%04d-%02d-01&zone=UTC" % (month, year + nth // 12, nth % 12 + 1)
    told = {row["account"]: row for row in Api(server).want(200, "GET", "/audience/usage?" + fields).json()["items"]}
    equal(rows(desk, "Account"), ["acme", "other", "acme", "other"])
    equal(rows(desk, "Listenings"), ["{:,}".format(told[account]["sessions"]) for account in ("acme", "other")])
    # Of quotas a bar, and in words.
    equal(rows(desk, "Recordings, GB"), ["1 of 5", "1"])
    equal(desk.browser.script("return [...document.querySelectorAll('td[data-label=Listeners] meter')].map(e => [e.value, e.getAttribute('aria-label')])"), [[0.6, "Listeners: acme"]])
    desk.wait(lambda: rows(desk, "GB this month")[0].endswith(" of 900"), "the quota of transfer")
    check(rows(desk, "Hours this month")[0].endswith(" of 8,000"), rows(desk, "Hours this month"))
    # 4,254.5 hours are no more than the 4,254 that the quota counts.
    told_hours = desk.browser.script("return import('/admin/console/figures.js').then(all => [15316200, 35999, 36000].map(all.hours))")
    equal(told_hours, ["4,254", "9.9", "10"])
    check("zone=UTC" in links(desk)[0], links(desk)[0])
    lines = taken(server, links(desk)[0])
    equal((lines[0][:2], sorted(line[1] for line in lines[1:])), (["from", "account"], ["acme", "other"]))
    desk.looks_well("usage")
    before = (year * 12 + nth - 2) // 12, (nth - 2) % 12 + 1
    desk.choose("Month", "%04d-%02d" % before)
    desk.wait(lambda: rows(desk, "Listenings") != ["{:,}".format(told[account]["sessions"]) for account in ("acme", "other")], "another month")
    desk.choose("Month", "%04d-%02d" % (year - 1, nth))
    desk.see("Nothing was listened to then.")
    desk.quiet()
    desk.close()
    owner = Desk(t, server).log_in("olga", "password of olga")
    owner.page("/usage")
    owner.wait(lambda: rows(owner, "Account") == ["acme", "acme"], "an owner sees its account")
    owner.quiet()


@test
def reports_are_looked_at_and_taken(t):
    server, kept = two_accounts(t)
    for _, listener in kept:
        listener.close()
    wait_for(lambda: len(Api(server).want(200, "GET", "/audience/sessions").json()["items"]) == 2, "both have ended", 20)
    desk = Desk(t, server).log_in()
    desk.press("Reports", selector="#menu a")
    # The month that is over is asked for.
    now = time.gmtime()
    last = "%04d-%02d" % ((now.tm_year * 12 + now.tm_mon - 2) // 12, (now.tm_mon - 2) % 12 + 1)
    desk.wait(lambda: desk.browser.script("return document.querySelector('input[name=from]')?.value") == last + "-01", "the first day")
    check(desk.browser.script("return document.querySelector('input[name=to]').value").startswith(last), "the last day")
    day = time.strftime("%Y-%m-%d", now)

    def period(begin, end):
        for name, value in (("from", begin), ("to", end)):
            desk.browser.script("document.querySelector('input[name=' + arguments[0] + ']').value = arguments[1]", name, value)

    def shown(column, selector=".page > div td"):
        desk.press("Show", selector="form button")
        desk.wait(lambda: desk.browser.script("return [...document.querySelectorAll(arguments[0])].length > 0", selector), "rows with " + column)
        return rows(desk, column), taken(server, links(desk)[0].replace(desk.url(""), ""))
    period(time.strftime("%Y-%m-%d", time.gmtime(time.time() - DAY)), day)
    played, file = shown("title")
    equal((len(played), file[0][0].split(";")[:3]), (25, ["station", "date", "begin"]))
    check(len(file) > 400, "all of them")
    desk.looks_well("reports")
    desk.choose("Report", "reports/songs")
    songs, file = shown("performances")
    equal((len(songs), file[0]), (25, ["artist", "title", "country", "performances"]))
    # Columns sort.
    desk.press("performances", selector="th button")
    desk.wait(lambda: [int(one) for one in rows(desk, "performances")] == sorted(int(line[3]) for line in file[1:])[:25], "the smallest first")
    # What SoundExchange wants is asked for, and what is missing is told at its field.
    with sqlite3.connect(server.dir / "state" / "audience.db", timeout=20) as database:
        database.execute("INSERT OR REPLACE INTO song_described(mount, title, at, isrc, album, label, label_code, composer) "
                         "SELECT id, ?, 1, 'DEA123456789', '', '', '', '' FROM mount", (SONGS[-1],))
    database.close()
    desk.choose("Report", "reports/soundexchange")
    desk.press("Show", selector="form button")
    check("name of the service" in desk.fault_at("Name of the service"), "at the field")
    desk.write("Name of the service", "Acme Radio")
    desk.choose("Country", "all")
    shows, file = shown("title")
    equal(shows, ["<b>x</b>; =2"], "titles as they are")
    equal((file[0][0].split("|")[:1], len(file)), (["NAME_OF_SERVICE"], 2))
    desk.see("Left out, for want of an ISRC, or of album and label: %d" % (len(SONGS) - 1))
    equal(len(taken(server, links(desk)[1].replace(desk.url(""), ""))), len(SONGS))
    desk.looks_well("reports-soundexchange", dark_too=False)
    desk.choose("Report", "reports/soundexchange-incomplete")
    reasons, file = shown("reason")
    equal((reasons, file[0][-1]), (["no ISRC, no album and no label"] * 25, "reason"))
    # The columns of the playlist by other names, and what is wrong with them at its field.
    desk.choose("Report", "reports/playlist")
    desk.write("Other names of columns", "titel:x")
    desk.press("Show", selector="form button")
    check("there is no column" in desk.fault_at("Other names of columns"), "at the field")
    desk.write("Other names of columns", "title:Titre")
    played, file = shown("Titre")
    equal((len(played), file[0][0].split(";")[3:6]), (25, ["duration_s", "Titre", "artist"]))
    desk.choose("Report", "sessions")
    desk.choose("Mount", "/rock.mp3")
    sessions, file = shown("player")
    equal((sessions, file[0][:2]), (["VLC"], ["id", "began"]))
    desk.write("Time zone", "Mars/Olympus")
    desk.press("Show", selector="form button")
    check("Mars/Olympus" in desk.fault_at("Time zone"), "a zone that is none")
    desk.write("Time zone", "America/St_Johns")
    check(shown("began")[0][0].endswith(("-03:30", "-02:30")), "times of the zone")
    period(day, "2020-01-01")
    desk.press("Show", selector="form button")
    check("before" in desk.fault_at("From"), "days in the wrong order")
    desk.quiet(but=("400",))
    desk.close()
    owner = Desk(t, server).log_in("olga", "password of olga")
    owner.page("/reports")
    owner.choose("Report", "usage")
    owner.press("Show", selector="form button")
    owner.wait(lambda: rows(owner, "account"), "its months")
    equal(set(rows(owner, "account")), {"acme"})
    owner.quiet()


@test
def times_are_those_of_the_viewer_as_far_as_the_server_knows_its_zone(t):
    server, _ = two_accounts(t)
    desk = Desk(t, server)
    desk.browser.cdp("Emulation.setTimezoneOverride", timezoneId="America/St_Johns")
    desk.log_in()
    desk.page("/audience?span=7%20d")
    drawn(desk, "7 d")
    desk.see("Times are those of America/St_Johns.")
    link = next(link for link in links(desk) if "/hours?" in link)
    check("zone=America%2FSt_Johns" in link and taken(server, link)[1][0].endswith(("-03:30", "-02:30")), link)
    # Most of them listen at 18:00 here, which in winter is 14:30 there where this is UTC.
    busiest = time.strftime("%H", time.gmtime(time.mktime((2026, 1, 1, 18, 0, 0, 0, 0, 0)) - 3.5 * HOUR))
    hours = desk.browser.script("return document.querySelector('.heat output').textContent")
    check(any(" %02d:00: " % ((int(busiest) + by) % 24) in hours for by in (-1, 0, 1, 2)), (busiest, hours))
    # A zone that the server does not know.
    desk.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
        const own = Intl.DateTimeFormat.prototype.resolvedOptions;
        Intl.DateTimeFormat.prototype.resolvedOptions = function () { return {...own.call(this), timeZone: 'Mars/Olympus'}; };""")
    desk.page("/audience")
    drawn(desk)
    desk.see("Times are those of UTC.")
    desk.quiet(but=("400",))


@test
def where_nothing_is_written_down_the_page_tells_what_switches_it_on(t):
    server = console_server(t)
    desk = Desk(t, server).log_in()
    desk.page("/audience")
    desk.see("<audience/> in the configuration file switches it on")
    desk.looks_well("audience-off", dark_too=False)
    for page in ("/usage", "/reports"):
        desk.page(page)
        desk.see("<audience/> in the configuration file switches it on")
    desk.quiet(but=("404",))


@test
def it_speaks_of_the_audience_in_other_languages(t):
    server, _ = two_accounts(t)
    desk = Desk(t, server).log_in()
    for language, words in (("de", ("Publikum", "Nach Land", "Österreich")), ("fr", ("Par pays", "Allemagne")), ("es", ("Por país", "Alemania")), ("pt", ("Por país", "Alemanha"))):
        desk.browser.script("localStorage.setItem('lb-language', arguments[0])", language)
        desk.page("/audience?span=7%20d")
        desk.see(*words)
        desk.looks_well("audience-" + language, dark_too=False)
    desk.quiet()


@test
def a_mount_has_limits_for_a_month(t):
    server, api = with_api(audience_server(t))
    source, _ = listened(server, "/rock.mp3", api.mount("/rock.mp3"))
    desk = Desk(t, server).log_in(page="/mounts?mount=/rock.mp3")
    check("This month" not in desk.browser.text, "a mount without a limit")
    desk.press("Edit")
    desk.write("Listening hours in a month", "500")
    desk.write("Sent in a month, GB", "0.5")
    desk.choose("When a limit for a month is used up", "suspend")
    desk.press("Save", selector="form button")
    desk.see("of 500 hours · 0 of 0.5 GB", patience=60)
    limits = api.want(200, "GET", "/mounts/rock.mp3").json()["limits"]
    equal([limits[name] for name in ("listening-hours", "transfer", "on-quota")], [500, 500_000_000, "suspend"])
    desk.looks_well("month-limits", dark_too=False)
    api.want(200, "PATCH", "/mounts/rock.mp3", {"limits": {"listening-hours": 0}})
    desk.see("suspended with its limit for a month", patience=60)
    source.close()
    desk.press("Edit")
    desk.write("Listening hours in a month", "")
    desk.choose("When a limit for a month is used up", "")
    desk.press("Save", selector="form button")
    desk.browser.wait(lambda: "suspended with its limit" not in desk.browser.text, "it goes on", 60)
    limits = api.want(200, "GET", "/mounts/rock.mp3").json()["limits"]
    equal([limits.get(name) for name in ("listening-hours", "transfer", "on-quota")], [None, 500_000_000, None])
    desk.quiet()
