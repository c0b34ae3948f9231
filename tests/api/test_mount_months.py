"""Monthly limits of a single mount: counted, told, shown and enforced as an account's quotas are."""
from api import STORE, Api, refused
from crowd import Crowd, hearing
from events import Events
from external_bench import LOGIN, backend_of, element, in_force
from harness import check, equal, test, wait_for
from heard import read_until_heard
from link_bench import edge, feed, linked_master
from replacing import upgrade
from test_account_quotas import PATIENCE, quota_server, status_of
from test_audience import ENOUGH, heard_long_enough, leaves, listens


def is_refused(server, path="/acme-1"):
    head = status_of(server, path)
    return head.status == 403 and head.get("X-Reason") == "mount-quota"


def limits(api, mount="/acme-1", **values):
    return api.want(200, "PATCH", "/mounts" + mount, {"limits": {name.replace("_", "-"): value for name, value in values.items()}}).json()


@test
def a_hard_limit_of_a_mount_keeps_its_next_listener_out(t):
    server, api, source = quota_server(t)
    other = server.source("/acme-2", login=api.mount("/acme-2", account="acme"))
    for one in (source, other):
        one.play(ENOUGH)
    events = Events(server)
    shown = limits(api, transfer=100_000, listening_hours=5)
    equal((shown["used"], shown["limits"]["transfer"]), ({"listening-hours": None, "transfer": None}, 100_000), shown)
    first = listens(server, mount="/acme-1")
    stays = listens(server, "mpv 0.35", mount="/acme-1")
    heard_long_enough(server, 2)
    leaves(server, source, first)
    wait_for(lambda: api.want(200, "GET", "/mounts/acme-1").json()["used"]["transfer"], "the mount shows it", 30)
    told = events.next("quota")
    equal((told["subject"], told["what"], told["percent"], told["limit"], told["hard"], told["on-quota"]),
          ("/acme-1", "transfer", "100", "100000", "0", "tell"), told)
    check(int(told["used"]) >= 100_000, told)
    used = api.want(200, "GET", "/mounts/acme-1").json()["used"]
    check(used["listening-hours"] == 0 and used["transfer"] >= 100_000, used)
    check("used" not in api.want(200, "GET", "/mounts/acme-2").json(), "it has no limit")
    equal(status_of(server).status, 200, "a soft one keeps nobody out")
    metrics = server.get("/metrics", login="admin:hackme").text
    check('icecast_mount_month_used_ratio{mount="/acme-1",what="transfer"}' in metrics, metrics)
    page = server.get("/acme-1/live.m3u8")
    equal(page.status, 200, page.text)
    hls = "/acme-1/" + [line for line in page.text.splitlines() if line and line[0] != "#"][-1]
    source.play(5 * ENOUGH)    # segments
    equal(server.get(hls).status, 200, "one listens by HLS")
    limits(api, on_quota="refuse-new")
    wait_for(lambda: server.get(hls).status == 200 and is_refused(server), "the next one is refused", PATIENCE)
    for _ in range(5):
        equal(status_of(server, "/acme-2").status, 200, "the other mount of the account has no limit")
    equal(server.get("/acme-1/live.m3u8").status, 403, "by HLS too")
    equal(server.get("/api/v1/now/acme-1/place").get("X-Reason"), "mount-quota")
    equal(server.get(hls).status, 200, "the one by HLS goes on")
    source.play(ENOUGH)
    stays.read(100_000)
    kept = server.dir / "state" / "audience.quotas"
    wait_for(lambda: kept.exists() and "100 transfer /acme-1" in kept.read_text(), "it is written down", 30)
    upgrade(server)
    # Before the database has answered.
    for _ in range(20):
        check(is_refused(server), "after the hand-over")
    equal(status_of(server, "/acme-2").status, 200, "the other mount after the hand-over")
    limits(api, transfer=10 ** 12)
    wait_for(lambda: status_of(server).status == 200, "one is let in again", PATIENCE)


@test
def an_owner_divides_the_quota_of_the_account_among_mounts(t):
    server, api, _ = quota_server(t)
    olga = Api(server, "olga:" + api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme"}).json()["password"])
    for values, pointer in (({"listening-hours": -2}, "/limits/listening-hours"), ({"listening-hours": 10 ** 9 + 1}, "/limits/listening-hours"),
                            ({"listening-hours": 1.5}, "/limits/listening-hours"), ({"transfer": 10 ** 16}, "/limits/transfer"),
                            ({"on-quota": "stop"}, "/limits/on-quota"), ({"on-quota": True}, "/limits/on-quota")):
        problem = olga.problem("invalid", "PATCH", "/mounts/acme-1", {"limits": values})
        check(pointer in problem.text, (values, problem.text))
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"hours": 100}})
    limits(olga, listening_hours=100, on_quota="suspend")
    olga.problem("quota", "PATCH", "/mounts/acme-1", {"limits": {"listening-hours": 101}})
    olga.problem("quota", "POST", "/mounts", {"mount": "/acme-2", "limits": {"listening-hours": 1}})
    shown = limits(olga, listening_hours=None, on_quota=None)
    check("limits" not in shown and "used" not in shown, shown)


@test
def a_limit_that_suspends_ends_the_source_until_it_is_raised(t):
    server, api, source = quota_server(t)
    notice = server.source("/notice", tag="S", login=api.mount("/notice"))
    api.want(200, "PATCH", "/mounts/acme-1", {"settings": {"suspended-mount": "/notice", "fallback-override": True}})
    stays = server.listener("/acme-1")
    read_until_heard(stays, source, "A", notice)
    limits(api, listening_hours=0, on_quota="suspend")
    login = api.want(200, "POST", "/mounts/acme-1/password", {"user": "source"}).json()
    login = "source:" + login["source"]["password"]
    wait_for(lambda: api.want(200, "GET", "/mounts/acme-1").json()["suspended-by"] == "quota", "it is suspended", PATIENCE)
    wait_for(lambda: not api.want(200, "GET", "/mounts/acme-1").json()["on-air"], "its source is ended", PATIENCE)
    equal(api.want(200, "GET", "/mounts/acme-1").json()["state"], "active", "the record stays as it is")
    read_until_heard(stays, notice, "AS")
    check("403" in refused(server, "/acme-1", login), "it takes no source")
    check(is_refused(server), "a new listener is refused")
    upgrade(server)
    check("403" in refused(server, "/acme-1", login), "after the hand-over")
    check(is_refused(server), "a new listener after the hand-over")
    limits(api, listening_hours=10)
    wait_for(lambda: api.want(200, "GET", "/mounts/acme-1").json()["suspended-by"] is None, "it is not suspended", PATIENCE)
    source = server.source("/acme-1", tag="B", login=login)
    read_until_heard(stays, source, "ASB", notice)


@test
def a_mount_that_a_backend_names_has_its_own_limit(t):
    named = {"/ext": {"source": {"user": "dj", "password": "p%40ss w"}, "limits": {"listening-hours": 0, "on-quota": "refuse-new"}},
             "/free": {"source": {"user": "dj", "password": "p%40ss w"}}}
    server = t.unstarted_server(limits="<source-timeout>120</source-timeout><client-timeout>120</client-timeout>")
    (server.dir / "state").mkdir()
    server.write_config(body="<console/><audience/>" + element(backend_of(t, named).url()), paths="<state-dir>%s/state</state-dir>" % server.dir)
    server.start()
    in_force(server, 2)
    for mount in named:
        server.source(mount, login=LOGIN).play(ENOUGH)
    wait_for(lambda: is_refused(server, "/ext"), "the next one is refused", PATIENCE)
    equal(status_of(server, "/free").status, 200)
    server.stop()
    server.start()
    in_force(server, 2)
    check(is_refused(server, "/ext"), "the first listener after the start")


@test
def a_node_refuses_what_its_master_counts_of_a_mount(b):
    master = linked_master(b, 11, ["edge14"], start=False, redirects="<max-redirect-slaves>0</max-redirect-slaves>")
    (master.dir / "state").mkdir()
    master.write_config(body=STORE % {"dir": master.dir} + "<console/><audience/>" + master.slots["body"],
                        paths="<state-dir>%s/state</state-dir>" % master.dir)
    master.start()
    api = Api(master)
    for mount in ("/acme-1", "/acme-2"):
        feed(b, master, mount, login=api.mount(mount))
    one = edge(b, 14, master)
    crowd = Crowd(b)
    stays = hearing(crowd, one, "/acme-1")
    limits(api, listening_hours=0, on_quota="refuse-new")
    wait_for(lambda: is_refused(one), "the node refuses the next one", PATIENCE)
    check(not stays.ended, "who listens stays")
    other = hearing(crowd, one, "/acme-2")    # the node pulls it
    upgrade(one)
    for _ in range(10):
        check(is_refused(one), "the node after a hand-over")
    check(not stays.ended and not other.ended, "who listens stays")
    limits(api, on_quota="suspend")
    wait_for(lambda: stays.ended, "the mount ends at the node", PATIENCE)
    limits(api, listening_hours=10)
    wait_for(lambda: not is_refused(one), "the node lets the next one in", PATIENCE)
