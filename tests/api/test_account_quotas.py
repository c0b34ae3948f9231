"""Monthly quotas of an account's listeners: notices at 80 and at 100 percent, and the refusal where a quota is hard."""
import base64
import sqlite3

from api import STORE, Api, store_server, with_api
from crowd import Crowd, hearing
from events import Events
from external_bench import LOGIN, backend_of, element, in_force
from harness import ADMIN, check, equal, test, wait_for
from link_bench import edge, feed, linked_master
from replacing import upgrade
from test_audience import ENOUGH, heard_long_enough, leaves, listens

PATIENCE = 60  # of a hard quota that is used up


def quota_server(t):
    server = store_server(t, body="<console/><audience/>",
                          limits="<source-timeout>120</source-timeout><client-timeout>120</client-timeout>")
    server.stop()
    (server.dir / "state").mkdir()
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    return server, api, server.source("/acme-1", login=api.mount("/acme-1", account="acme", settings={"hls": True}))


def status_of(server, path="/acme-1", headers=()):
    """The head of the answer to a new listener."""
    wire = server.wire()
    wire.send(("GET %s HTTP/1.0\r\n%s\r\n" % (path, "".join(line + "\r\n" for line in headers))).encode())
    head = wire.reply_head()
    wire.close()
    return head


@test
def a_hard_quota_that_is_used_up_keeps_the_next_listener_out(t):
    server, api, source = quota_server(t)
    other = server.source("/live.mp3")
    for one in (source, other):
        one.play(ENOUGH)
    events = Events(server)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 100_000, "hours": 5}})
    first = listens(server, mount="/acme-1")
    stays = listens(server, "mpv 0.35", mount="/acme-1")
    heard_long_enough(server, 2)
    leaves(server, source, first)
    used = wait_for(lambda: api.want(200, "GET", "/accounts/acme").json()["used"].get("transfer"), "the account shows it", 30)
    told = events.next("account-quota")
    equal((told["subject"], told["what"], told["percent"], told["limit"], told["hard"]), ("acme", "transfer", "100", "100000", "0"), told)
    check(int(told["used"]) >= 100_000, told)
    equal(status_of(server).status, 200, "a soft one keeps nobody out")
    check(used >= 100_000, used)
    equal(api.want(200, "GET", "/accounts/acme").json()["used"]["hours"], 0)
    usage = api.want(200, "GET", "/audience/usage?account=acme").json()["items"]
    equal([(row["quota_hours"], row["quota_transfer"]) for row in usage], [(5, 100_000)], usage)
    page = server.get("/acme-1/live.m3u8")
    equal(page.status, 200, page.text)
    hls = "/acme-1/" + [line for line in page.text.splitlines() if line and line[0] != "#"][-1]
    source.play(5 * ENOUGH)    # segments
    equal(server.get(hls).status, 200, "one listens by HLS")
    # Hard: the next one is refused, whoever listens stays, and other accounts are not concerned.
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hard": True}})
    refused = wait_for(lambda: server.get(hls).status == 200 and (reply := status_of(server)).status == 403 and reply, "the next one is refused",
                       PATIENCE)
    equal(refused.get("X-Reason"), "account-quota")
    check("used up for this month" in server.get("/acme-1").text, "it is told why")
    equal(status_of(server, "/live.mp3").status, 200)
    equal(server.get("/acme-1/live.m3u8").status, 403, "by HLS too")
    equal(server.get(hls).status, 200, "the one by HLS goes on")
    # A name proves nothing; a relay has the password of one.
    relay = "Authorization: Basic " + base64.b64encode(b"relay:rel-secret").decode()
    for headers, status in ((["User-Agent: Icecast 2.4.4"], 403), (["User-Agent: Icecast 2.4.4", relay], 200),
                            (["User-Agent: Icecast 2.4.4", relay[:-4] + "AAAA"], 403), (["User-Agent: icecast-lb", "Via: 1.0 x"], 403)):
        equal(status_of(server, headers=headers).status, status, headers)
    source.play(ENOUGH)
    stays.read(100_000)
    metrics = server.get("/metrics", login="admin:hackme").text
    check('icecast_refusals_total{reason="quota"} 0' not in metrics, "it is counted")
    numbers = {name: float(value) for name, value in (line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))}
    ratio = "icecast_quota_used_ratio{account=\"acme\",what=\"%s\"}"
    check(numbers[ratio % "transfer"] >= 1 and 0 < numbers[ratio % "hours"] < 0.1, metrics)
    check(numbers["icecast_audience_merged_total"] >= 4 and numbers["icecast_audience_bytes"] >= 4096, metrics)
    wait_for(lambda: "\nicecast_audience_unsent_rows 0\n" in server.get("/metrics", login="admin:hackme").text, "the database has all rows", 20)
    # More of it, and one is let in again.
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 10 ** 12}})
    wait_for(lambda: status_of(server).status == 200, "one is let in again", PATIENCE)


@test
def those_who_stay_use_up_a_hard_quota(t):
    server, api, source = quota_server(t)
    source.play(ENOUGH)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 500_000, "hard": True}})
    stays = listens(server, mount="/acme-1")
    got = 0

    def is_refused():
        nonlocal got
        source.play(8)
        stays.read(8 * 384)
        got += 8 * 384
        # As a bot: what it gets is in no sum.
        return status_of(server, headers=["User-Agent: Googlebot/2.1"]).status == 403
    wait_for(is_refused, "the next one is refused", PATIENCE)
    estimate = api.want(200, "GET", "/audience/summary?mount=/acme-1").json()
    check(estimate["listeners"] == 1 and estimate["bytes"] >= 500_000, estimate)
    for path in ("players", "countries", "hours", "usage"):
        rows = api.want(200, "GET", "/audience/%s?zone=UTC%s" % (path, "" if path == "usage" else "&mount=/acme-1")).json()["items"]
        check(sum(row["bytes"] for row in rows) >= estimate["bytes"], (path, rows))
    stays.close()
    row = wait_for(lambda: (rows := [row for row in api.want(200, "GET", "/audience/sessions?mount=/acme-1").json()["items"] if not row["open"]])
                   and rows[0], "it has ended", 30)
    check(row["bytes"] >= got, row)
    equal(api.want(200, "GET", "/audience/summary?mount=/acme-1").json()["bytes"], row["bytes"])


@test
def a_mount_that_a_backend_names_has_the_quota_of_its_account(t):
    named = {"/ext": {"account": "acme", "source": {"user": "dj", "password": "p%40ss w"}}}
    server = t.unstarted_server(limits="<source-timeout>120</source-timeout><client-timeout>120</client-timeout>")
    (server.dir / "state").mkdir()
    server.write_config(body=STORE % {"dir": server.dir} + "<console/><audience/>" + element(backend_of(t, named).url()),
                        paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    in_force(server, 1)
    source = server.source("/ext", login=LOGIN)
    source.play(ENOUGH)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 100_000, "hard": True}})
    listener = listens(server, mount="/ext")
    heard_long_enough(server, 1)
    leaves(server, source, listener)
    wait_for(lambda: (api.want(200, "GET", "/accounts/acme").json()["used"].get("transfer") or 0) >= 100_000, "the account has used it", 30)
    wait_for(lambda: status_of(server, "/ext").status == 403, "the next one is refused", PATIENCE)


@test
def quotas_of_a_month_are_whole_numbers(t):
    server, api, _ = quota_server(t)
    for quota, pointer in (({"hours": -1}, "/quota/hours"), ({"hours": 1.5}, "/quota/hours"), ({"hours": "many"}, "/quota/hours"),
                           ({"transfer": 10 ** 16}, "/quota/transfer"), ({"hard": "yes"}, "/quota/hard"), ({"hard": 1}, "/quota/hard"),
                           ({"hour": 1}, "/quota/hour")):
        problem = api.problem("invalid", "PATCH", "/accounts/acme", {"quota": quota})
        check(pointer in problem.text, (quota, problem.text))
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hours": 7, "transfer": 8, "hard": True}})
    account = api.want(200, "PATCH", "/accounts/acme", {"quota": {"hours": None}}).json()
    equal((account["quota"]["hours"], account["quota"]["transfer"], account["quota"]["hard"]), (None, 8, True), account)
    olga = "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme"}).json()["password"]
    equal(Api(server, olga).want(200, "GET", "/accounts/acme").json()["quota"]["transfer"], 8, "an owner sees it")
    equal(Api(server, olga).ask("PATCH", "/accounts/acme", {"quota": {"hours": 9}}).status, 403, "and does not set it")


@test
def what_was_told_of_a_month_is_not_told_again(t):
    server, api, source = quota_server(t)
    source.play(ENOUGH)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 100_000}})
    events = Events(server)
    one = listens(server, mount="/acme-1")
    heard_long_enough(server, 1)
    leaves(server, source, one)
    kept = server.dir / "state" / "audience.quotas"
    wait_for(lambda: kept.exists() and "100 transfer acme" in kept.read_text(), "it is written down", 30)
    equal(events.next("account-quota")["percent"], "100")
    server.stop()
    server.start()
    events = Events(server)
    # The next thing that is told is the other limit.
    wait_for(lambda: api.want(200, "GET", "/accounts/acme").json()["used"].get("transfer"), "it is known again", 30)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hours": 0}})
    wait_for(lambda: "100 hours acme" in kept.read_text(), "it is told", 30)
    told = events.next("account-quota")
    equal((told["what"], told["percent"]), ("hours", "100"), told)


@test
def a_node_refuses_what_its_master_knows(b):
    master = linked_master(b, 11, ["edge12"], start=False, redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    (master.dir / "state").mkdir()
    master.write_config(body=STORE % {"dir": master.dir} + "<console/><audience/>" + master.slots["body"],
                        paths="<state-dir>%s/state</state-dir>" % master.dir)
    master.start()
    api = Api(master)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    login = api.mount("/acme-1", account="acme")
    feed(b, master, "/acme-1", login=login)
    one = edge(b, 12, master)
    crowd = Crowd(b)
    stays = hearing(crowd, one, "/acme-1")
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hours": 0, "hard": True}})

    def refused():
        head = status_of(one)
        return head.status == 403 and head.get("X-Reason") == "account-quota"
    wait_for(refused, "the node refuses the next one", PATIENCE)
    check(not stays.ended, "who listens stays")
    equal(status_of(one, headers=["User-Agent: Icecast 2.4.4"]).status, 403, "a name proves nothing there")
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hours": 10}})
    wait_for(lambda: status_of(one).status == 200, "the node lets the next one in", PATIENCE)


@test
def rows_go_to_the_master_that_has_the_accounts(b):
    """The first configured master of the node has an audience, the second one has the store with the quotas."""
    servers = [linked_master(b, number, ["edge13"], start=False, redirects="<max-redirect-slaves>0</max-redirect-slaves>") for number in (11, 12)]
    for server, store in zip(servers, ("", STORE % {"dir": servers[1].dir})):
        (server.dir / "state").mkdir()
        server.write_config(body=store + "<console/><audience/>" + server.slots["body"], paths="<state-dir>%s/state</state-dir>" % server.dir)
        server.start()
    api = Api(servers[1])
    api.want(201, "POST", "/accounts", {"id": "acme"})
    feed(b, servers[1], "/acme-1", login=api.mount("/acme-1", account="acme"))
    one = edge(b, 13, servers, start=False, body="<console/><audience/>")
    (one.dir / "state").mkdir()
    one.write_config(paths="<state-dir>%s/state</state-dir>" % one.dir)
    one.start()
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hours": 0}})
    crowd = Crowd(b)
    stays = hearing(crowd, one, "/acme-1")
    wait_for(lambda: api.want(200, "GET", "/audience/summary").json()["listeners"] == 1, "it is counted there", 30)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hard": True}})
    wait_for(lambda: status_of(one).status == 403, "the node refuses the next one", PATIENCE)
    check(not stays.ended, "who listens stays")


@test
def where_nothing_counts_the_log_tells_it(t):
    server, api = with_api(store_server(t, body="<console/>"))
    api.want(201, "POST", "/accounts", {"id": "acme", "quota": {"hours": 1, "hard": True}})
    server.wait_for_log(r"this server has no database of an <audience/>: nothing is counted")


@test
def a_mount_that_is_closed_stays_closed_over_a_hand_over(t):
    server, api, source = quota_server(t)
    source.play(ENOUGH)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 100_000, "hard": True}})
    one = listens(server, mount="/acme-1")
    heard_long_enough(server, 1)
    leaves(server, source, one)
    wait_for(lambda: status_of(server).status == 403, "it is closed", PATIENCE)
    kept = server.dir / "state" / "audience.quotas"
    wait_for(lambda: kept.exists() and "100 transfer acme" in kept.read_text(), "it is written down", 30)
    upgrade(server)
    # Before the database has answered.
    for _ in range(20):
        equal(status_of(server).status, 403, "after the hand-over")
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 10 ** 12}})
    wait_for(lambda: status_of(server).status != 403, "it is open again", PATIENCE)


@test
def a_mount_that_is_closed_stays_closed_over_a_cold_start(t):
    server, api, source = quota_server(t)
    source.play(ENOUGH)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 100_000, "hard": True}})
    one = listens(server, mount="/acme-1")
    heard_long_enough(server, 1)
    leaves(server, source, one)
    kept = server.dir / "state" / "audience.quotas"
    wait_for(lambda: kept.exists() and "100 transfer acme" in kept.read_text(), "it is written down", 30)
    server.stop()
    # The database answers nothing while another program holds it.
    held = sqlite3.connect(server.dir / "state" / "audience.db", isolation_level=None)
    held.execute("PRAGMA locking_mode=EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    server.start()
    equal(status_of(server).status, 403, "the first listener after the start")
    server.wait_for_log(r"another program holds it.*; quotas of hours and transfer wait for it")
    equal(status_of(server).status, 403, "and while the database does not answer")
    check("100 transfer acme" in kept.read_text(), "nothing is told again")
    held.execute("ROLLBACK")
    held.close()
    wait_for(lambda: api.want(200, "GET", "/accounts/acme").json()["used"].get("transfer"), "the database has answered", PATIENCE)
    equal(status_of(server).status, 403, "by the database's answer")
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 10 ** 12}})
    wait_for(lambda: status_of(server).status != 403, "it is open again", PATIENCE)


@test
def a_mount_that_is_deleted_stays_in_the_usage_of_its_account(t):
    server, api, source = quota_server(t)
    olga = "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme"}).json()["password"]
    source.play(ENOUGH)
    one = listens(server, mount="/acme-1")
    heard_long_enough(server, 1)
    leaves(server, source, one)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 100_000, "hard": True}})
    wait_for(lambda: status_of(server).status == 403, "it is closed", PATIENCE)

    def usage(login):
        return [(row["account"], row["bytes"]) for row in Api(server, login).want(200, "GET", "/audience/usage?zone=UTC&account=acme").json()["items"]]
    before = usage(olga)
    check(before and before[0][1] >= 100_000, before)
    api.want(204, "DELETE", "/mounts/acme-1")
    api.mount("/acme-2", account="acme")
    # Counted anew: the other mount is closed as well.
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 10 ** 12}})
    wait_for(lambda: status_of(server, "/acme-2").status != 403, "it is open", PATIENCE)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 100_000}})
    wait_for(lambda: status_of(server, "/acme-2").status == 403, "it is closed again", PATIENCE)
    equal((usage(olga), usage(ADMIN)), (before, before))


@test
def an_account_with_the_name_of_the_last_one_has_nothing_of_it(t):
    server, api, source = quota_server(t)
    source.play(ENOUGH)
    one = listens(server, mount="/acme-1")
    heard_long_enough(server, 1)
    leaves(server, source, one)

    def kept():
        database = sqlite3.connect("file:%s/state/audience.db?mode=ro" % server.dir, uri=True)
        try:
            return [account for account, in database.execute("SELECT account FROM mount_account")]
        finally:
            database.close()
    wait_for(lambda: kept() == ["acme"], "the account of the mount is kept", PATIENCE)
    api.want(204, "DELETE", "/accounts/acme?mounts=delete")
    wait_for(lambda: not kept(), "no mount is of the account that is gone", PATIENCE)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    olga = "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme"}).json()["password"]
    for path in ("sessions", "usage"):
        equal(Api(server, olga).want(200, "GET", "/audience/" + path).json()["items"], [], path)
