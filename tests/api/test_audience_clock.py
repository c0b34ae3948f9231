"""The clock of a server is set by hours while listeners are connected: the length of their listenings stays right."""
import sqlite3
import time

from api import Api
from clock import Clock
from harness import ADMIN, check, equal, test, wait_for
from test_audience import AUDIENCE, audience_server, ended, heard_long_enough, leaves, listens, on_air, sessions

HOUR = 3600


def a_clock_is_set(t, hours):
    clock = Clock(t)
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    server.write_config(body=AUDIENCE, paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start(env=clock.environment)
    source = on_air(server)
    stays = listens(server)
    began = time.monotonic()
    goes = listens(server, "mpv 0.35")
    heard_long_enough(server, 2)
    clock.set_ahead(hours * HOUR)
    wait_for(lambda: time.monotonic() > began + 9, "it goes on", 20)
    api, query = Api(server), "from=%d&to=%d" % (time.time() - 5 * HOUR, time.time() + 5 * HOUR)

    def listened(listeners):
        """By a summary they have heard so long as they were there."""
        told = api.want(200, "GET", "/audience/summary?" + query).json()
        known = listeners * (time.monotonic() - began)
        return told["listeners"] == listeners and abs(told["seconds"] - known) < 3 and (told["seconds"], known)

    check(listened(2), "the summary while both listen: %s" % api.want(200, "GET", "/audience/summary?" + query).json())
    leaves(server, source, goes)
    went = time.monotonic() - began
    wait_for(lambda: time.monotonic() > began + 12, "it goes on", 20)
    server.kill()
    heard = time.monotonic() - began
    for one in (stays, source):
        one.close()
    clock.set_ahead(0)
    server.start(env=clock.environment)
    rows = ended(server, 2, "&" + query)
    for player, known in (("VLC", heard), ("mpv", went)):
        row = next(row for row in rows if row["player"] == player)
        check(abs(row["seconds"] - known) < 2, "%s heard %.1f s, and %.1f s are known" % (player, known, row["seconds"]))
    check(not [row for row in sessions(server, "&" + query) if row["open"]], "all have ended")


@test
def a_clock_set_forward_makes_no_listening_longer(t):
    a_clock_is_set(t, 3)


@test
def a_clock_set_back_makes_no_listening_shorter(t):
    a_clock_is_set(t, -3)


@test
def the_history_by_country_is_that_of_the_audience(t):
    server = audience_server(t)
    source = on_air(server)
    leaves(server, source, listens(server))
    ended(server, 1, "&all=1")
    hour = int(time.time()) // 3600
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        mount, = database.execute("SELECT id FROM mount WHERE name='/live.mp3'").fetchone()
        for i in range(10):  # ten countries, of which the last has most: i + 1 listeners, two hours ago twice as many as three hours ago
            for at, listeners in ((hour - 3, i + 1), (hour - 2, 2 * i + 2)):
                for of in (0, mount):
                    database.execute("INSERT INTO split VALUES(?,?,?,1,?,0,1)", (of, at, "A" + chr(65 + i), listeners * 3_600_000))
    database.close()
    api = Api(server)
    asked = "/history?by=country&from=%d&to=%d" % ((hour - 4) * 3600, hour * 3600)
    told = api.want(200, "GET", asked).json()
    equal((told["of"], told["by"], told["step"], told["t"]), ("listeners", "country", 3600, [at * 3600 for at in range(hour - 4, hour)]))
    rows = [(row["name"], row.get("others", False), row["mean"], row["max"]) for row in told["rows"]]
    equal([row[0] for row in rows], ["AJ", "AI", "AH", "AG", "AF", "AE", "AD", None])
    equal((rows[0], rows[-1]), (("AJ", False, [0, 10, 20, 0], [0, 10, 20, 0]), (None, True, [0, 6, 12, 0], [0, 6, 12, 0])))
    half = api.want(200, "GET", asked + "&points=2&mount=/live.mp3").json()
    equal((half["step"], half["rows"][0]["mean"], half["rows"][0]["max"]), (7200, [5, 10], [10, 20]))
    # The present hour so far, and none that is to come.
    last = api.want(200, "GET", "/history?by=country&from=%d&to=%d" % (hour * 3600, (hour + 2) * 3600)).json()
    check(all(row["mean"][0] is not None and row["mean"][1] is None for row in last["rows"]), str(last))
    for query, field in (("of=kbps", "of"), ("points=0", "points"), ("points=601", "points"), ("node=a", "node")):
        equal(api.want(400, "GET", "/history?by=country&" + query).json()["parameter"], field)
    api.want(400, "GET", "/history?by=country&from=tomorrow")
    api.want(404, "GET", "/history?by=country&mount=/none")
    equal(Api(t.server(body="<console>1</console>")).want(404, "GET", "/history?by=country").json()["status"], 404)


@test
def what_lies_before_the_history_is_that_of_the_audience(t):
    server = audience_server(t)
    source = on_air(server)
    leaves(server, source, listens(server))
    ended(server, 1, "&all=1")
    first = (int(time.time()) - 40 * 86400) // 900
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        mount, = database.execute("SELECT id FROM mount WHERE name='/live.mp3'").fetchone()
        for at, listeners in ((first, 4), (first + 1, 8)):  # of 128 kbit/s
            for of in (0, mount):
                database.execute("INSERT INTO slot VALUES(?,?,?,?,1)", (of, at, listeners * 900_000, listeners * 900 * 16_000))
    database.close()
    api = Api(server)
    period = "from=%d&to=%d" % (first * 900, (first + 4) * 900)
    told = api.want(200, "GET", "/history?" + period).json()
    equal((told["of"], told["by"], told["step"], told["t"]), ("listeners", "all", 900, [(first + i) * 900 for i in range(4)]))
    equal(told["rows"], [{"name": None, "mean": [4, 8, 0, 0], "max": [4, 8, 0, 0]}])
    half = api.want(200, "GET", "/history?by=mount&points=2&" + period).json()
    equal((half["step"], half["rows"]), (1800, [{"name": "/live.mp3", "mean": [6, 0], "max": [8, 0]}]))
    for path in ("/history?of=kbps&mount=/live.mp3&", "/mounts/live.mp3/history?of=kbps&"):
        equal(api.want(200, "GET", path + period).json()["rows"][0]["mean"], [512, 1024, 0, 0], path)
    # Up to now it is the audience's too; of nodes there is nothing that old.
    long = api.want(200, "GET", "/history?from=%d" % (first * 900)).json()
    check(len(long["t"]) <= 300 and long["rows"][0]["max"][0] == 8, str(long)[:300])
    equal(api.want(400, "GET", "/history?by=node&" + period).json()["parameter"], "to")
    equal(api.want(404, "GET", "/history?mount=/none&" + period).json()["parameter"], "mount")
    api.want(404, "GET", "/mounts/none/history?" + period)


@test
def a_report_that_is_due_waits_for_a_clock_that_is_trusted_and_the_log_says_so(t):
    clock = Clock(t)
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    slots = {"paths": "<state-dir>%s/state</state-dir>" % server.dir}
    server.write_config(body=AUDIENCE, **slots)
    server.start(env=clock.environment)
    equal(server.get("/api/v1/audience/summary", login=ADMIN).status, 200, "the database is made")
    place = server.dir / "reports"
    place.mkdir()
    clock.set_ahead(3 * HOUR)
    server.reload(body='<console>1</console><audience><report name="songs" directory="%s" day="1"/></audience>' % place, **slots)
    server.wait_for_log(r"the report songs waits: the clock was set by more than 60 minutes")
    equal(list(place.iterdir()), [], "no month is over by a clock that may be wrong")
