"""The running servers by the API: nodes, drains, weights, listeners, titles and the audit log; the speed of changes."""
import concurrent.futures
import datetime
import select
import signal
import time

from api import STORE, Api, encoded, store_server, with_api
from bench import ADMIN, check, equal, test, wait_for
from crowd import Crowd, hearing, of_status
from link_bench import edge, feed, linked_master, node_at
from wire import request

STAY = "<max-redirect-slaves>0</max-redirect-slaves>"


def store_master(b, number, ids, **options):
    """A master with links, a console and a store in its own directory."""
    made = linked_master(b, number, ids, start=False, redirects=STAY, **options)
    made.write_config(body=STORE % {"dir": made.dir} + "<console/>" + made.slots["body"])
    return made.start()


def rows(api, path="/nodes"):
    return {row["id"]: row for row in api.want(200, "GET", path).json()["items"]}


def listeners_of(api, mount):
    return api.want(200, "GET", "/mounts/%s/listeners" % encoded(mount)).json()


def audit(api, query=""):
    api.server.log("audit")    # waits for the thread that writes it
    return api.want(200, "GET", "/audit" + query).json()["items"]


@test
def one_server_is_a_cluster_of_one(t):
    server, api = with_api(store_server(t))
    found = rows(api)
    equal(len(found), 1)
    only = next(iter(found.values()))
    equal((only["self"], only["state"], only["listeners"], only["reserved_kbps"]), (True, "up", 0, 0))
    check(only["version"] and only["max_sources"] and only["uptime_s"] is not None, "%r" % only)
    name = only["id"]
    login = api.mount("/a", limits={"bitrate": 96})
    equal(rows(api)[name]["reserved_kbps"], 96)
    feed(t, server, "/a", login=login)
    wait_for(lambda: rows(api)[name]["sources"] == 1, "its source is counted")
    equal(api.want(200, "GET", "/nodes/" + name).json()["id"], name)
    api.problem("not-found", "GET", "/nodes/none")
    api.want(204, "POST", "/nodes/%s/drain" % name, {"on": True, "mode": "soft", "time": 600})
    equal(rows(api)[name]["state"], "draining")
    api.want(204, "POST", "/nodes/%s/drain" % name, {"on": False})
    equal(rows(api)[name]["state"], "up")
    api.problem("refused", "POST", "/nodes/%s/drain" % name, {"on": False})
    said = [row for row in audit(api) if row["do"] == "drain"]
    equal([(row["result"], row["on"]) for row in said],
          [("refused", "nodes/" + name), ("204", "nodes/" + name), ("204", "nodes/" + name)])


@test
def a_node_is_drained_and_weighed_from_its_master(b):
    master = store_master(b, 11, ["edge12", "edge13"])
    api = Api(master)
    equal({name: row["state"] for name, row in rows(api).items()}, {"m11": "up", "edge12": "down", "edge13": "down"})
    health = api.want(200, "GET", "/health").json()
    equal((health["nodes"], health["not_up"], health["reasons"]),
          (3, [{"id": "edge12", "state": "down"}, {"id": "edge13", "state": "down"}], ["node edge12 is down", "node edge13 is down"]))
    one = edge(b, 12, master, more="<tags>eu fast</tags>")
    wait_for(lambda: rows(api)["edge12"]["state"] == "up", "edge12 is up", 10)
    row = rows(api)["edge12"]
    check(row["version"] and row["url"] == "http://127.0.0.12:%d" % one.port and row["uptime_s"] is not None, "%r" % row)
    wait_for(lambda: (rows(api)["edge12"]["rtt_ms"] or 0) > 0, "the round trip is known")
    equal(row["tags"], ["eu", "fast"])
    api.want(204, "POST", "/nodes/edge12/drain", {"on": True, "mode": "soft"})
    wait_for(lambda: rows(api)["edge12"]["state"] == "draining", "it drains")
    api.want(204, "POST", "/nodes/edge12/drain", {"on": False})
    wait_for(lambda: rows(api)["edge12"]["state"] == "up", "it serves again")
    api.problem("refused", "POST", "/nodes/edge12/drain", {"on": True, "time": 60})
    api.problem("refused", "POST", "/nodes/edge13/drain", {"on": True})
    # The weight is a record: it holds over a restart of the master, until it is taken away.
    equal(row["weight"], 1)
    api.want(204, "POST", "/nodes/edge12/weight", {"weight": 0})
    equal(node_at(master, "edge12")["capacity"]["weight"], 0)
    equal(rows(api)["edge12"]["weight"], 0)
    api.want(204, "POST", "/nodes/edge12/weight", {"weight": 7})
    master.kill()
    master.start()
    wait_for(lambda: rows(api)["edge12"]["state"] == "up", "edge12 is back", 10)
    equal((rows(api)["edge12"]["weight"], node_at(master, "edge12")["capacity"]["weight"]), (7, 7))
    api.want(204, "POST", "/nodes/edge12/weight", {"weight": None})
    equal(node_at(master, "edge12")["capacity"]["weight"], 1)
    told = [(row["do"], row["on"], row["change"]) for row in audit(api, "?on=nodes/edge12")][:2]
    equal(told, [("weight", "nodes/edge12", {"weight": ["7", "as configured"]}),
                 ("weight", "nodes/edge12", {"weight": ["0", "7"]})])


@test
def a_node_names_the_masters_that_have_users_tokens_and_accounts(b):
    master = store_master(b, 11, ["edge12"])
    Api(master).want(201, "POST", "/users", {"name": "vera", "role": "viewer"})
    one = edge(b, 12, master)
    away = Api(one)
    for path in ("/users", "/users/vera", "/tokens", "/accounts", "/accounts/acme"):
        told = away.problem("not-here", "GET", path).json()
        equal(told["masters"], ["%s:%d" % (master.host, master.given_port)], path)
    # The same page of a server with neither a store nor a master is empty.
    equal(Api(b.server()).want(200, "GET", "/users").json()["items"], [])


@test
def listeners_are_counted_listed_and_ended_over_two_servers(b):
    master = store_master(b, 11, ["edge12"])
    api = Api(master)
    login = api.mount("/live.mp3")
    feed(b, master, login=login)
    one = edge(b, 12, master)
    crowd = Crowd(b)
    here, there = hearing(crowd, master), hearing(crowd, one)

    def sees():
        mount = api.want(200, "GET", "/mounts/live.mp3").json()
        return mount["on-air"] and mount["listeners"] == 2
    wait_for(sees, "the mount has two listeners over the cluster")
    found = listeners_of(api, "/live.mp3")
    equal([row["node"] for row in found["items"]], ["edge12", "m11"])
    check("partial" not in found, "%r" % found)
    equal({row["address"] for row in found["items"]}, {"127.0.0.77"})
    first = api.want(200, "GET", "/mounts/live.mp3/listeners?most=1").json()
    equal((len(first["items"]), first["next"]), (1, "edge12/" + found["items"][0]["id"]))
    second = api.want(200, "GET", "/mounts/live.mp3/listeners?after=" + first["next"]).json()
    equal([row["node"] for row in second["items"]], ["m11"])
    own = [row for row in found["items"] if row["node"] == "m11"]
    equal(len(own), 1)
    equal((own[0]["address"], own[0]["country"]), ("127.0.0.77", None))
    viewer = api.want(201, "POST", "/users", {"name": "vera", "role": "viewer"}).json()
    hidden = listeners_of(api.as_user("vera:" + viewer["password"]), "/live.mp3")["items"]
    equal({row["address"] for row in hidden}, {None})
    # At the other server by an order over the link.
    number = found["items"][0]["id"]
    check("<ID>%s</ID>" % number in one.get("/admin/listclients?mount=/live.mp3", ADMIN).text, "its own number there")
    api.problem("refused", "DELETE", "/mounts/live.mp3/listeners/edge12/999999")
    api.want(204, "DELETE", "/mounts/live.mp3/listeners/edge12/" + number)
    wait_for(lambda: there.ended, "the listener of the edge has ended")
    check(not here.ended, "the other one goes on")
    api.problem("not-found", "DELETE", "/mounts/live.mp3/listeners/m11/999999")
    api.problem("not-found", "DELETE", "/mounts/live.mp3/listeners/none/1")
    for query in ("ban=1&until=7", "ban=1&until=soon", "until=4000000000"):
        wrong = api.problem("bad-request", "DELETE", "/mounts/live.mp3/listeners/m11/%s?%s" % (own[0]["id"], query))
        equal(wrong.json()["parameter"], "until", query)
    api.want(204, "DELETE", "/mounts/live.mp3/listeners/m11/%s?ban=1&until=4000000000" % own[0]["id"])
    wait_for(lambda: here.ended, "the listener of the master has ended")
    bans = api.want(200, "GET", "/bans").json()["items"]
    equal([(row["match"], row["mounts"], row["until"]) for row in bans], [({"address": "127.0.0.77"}, ["/live.mp3"], 4000000000)])
    again = crowd.join(master.address, "/live.mp3")
    wait_for(lambda: again.status != 0, "an answer")
    equal(again.status, 403, "status of the banned address")


@test
def a_node_that_tells_nothing_is_named(b):
    master = store_master(b, 11, ["edge12", "edge13"])
    api = Api(master)
    login = api.mount("/live.mp3")
    feed(b, master, login=login)
    silent = edge(b, 12, master, start=False)
    silent.write_config(body=silent.slots["body"].replace("</master>", "<orders>none</orders></master>"))
    silent.start()
    frozen = edge(b, 13, master)
    crowd = Crowd(b)
    ones = [hearing(crowd, server) for server in (silent, frozen, frozen)]
    wait_for(lambda: api.want(200, "GET", "/mounts/live.mp3").json()["listeners"] == 3, "three are counted")
    found = listeners_of(api, "/live.mp3")
    equal((found["partial"], found["missing"], [row["node"] for row in found["items"]]), (True, ["edge12"], ["edge13"] * 2))
    api.problem("refused", "DELETE", "/mounts/live.mp3/listeners/edge12/1?ban=1")
    # A node that is stopped is waited for one second, and named.
    frozen.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    stopped = listeners_of(api, "/live.mp3")
    took = time.monotonic() - began
    frozen.send_signal(signal.SIGCONT)
    equal((stopped["partial"], stopped["missing"], stopped["items"]), (True, ["edge12", "edge13"], []))
    check(took < 2, "it took %.1f s" % took)
    wait_for(lambda: len(listeners_of(api, "/live.mp3")["items"]) == 2, "the node that was stopped tells again")
    # One address at the other node is banned from here; all of its listeners end, everywhere, and nobody is missing.
    api.want(204, "DELETE", "/mounts/live.mp3/listeners/edge13/%s?ban=1" % found["items"][0]["id"])
    equal([row["match"] for row in api.want(200, "GET", "/bans").json()["items"]], [{"address": "127.0.0.77"}])
    wait_for(lambda: all(one.ended is not None for one in ones), "all three listeners have ended")
    wait_for(lambda: "missing" not in listeners_of(api, "/live.mp3"), "no node has listeners")


@test
def who_asks_often_for_a_node_that_is_stopped_leaves_room_to_others(b):
    master = store_master(b, 11, ["edge12"])
    api = Api(master)
    tokens = {}
    for account in ("acme", "bolt"):
        api.want(201, "POST", "/accounts", {"id": account})
        tokens[account] = api.want(201, "POST", "/tokens", {"role": "owner", "account": account}).json()["token"]
    login = api.mount("/acme.mp3", account="acme")
    api.mount("/bolt.mp3", account="bolt")
    feed(b, master, "/acme.mp3", login=login)
    node = edge(b, 12, master)
    crowd = Crowd(b)
    one = hearing(crowd, node, "/acme.mp3")
    wait_for(lambda: api.want(200, "GET", "/mounts/acme.mp3").json()["listeners"] == 1, "the listener is counted")
    node.send_signal(signal.SIGSTOP)
    asked = []
    for _ in range(20):
        wire = master.wire()
        wire.send(request("GET /api/v1/mounts/acme.mp3/listeners HTTP/1.1",
                          ["Host: x", "Connection: close", "Authorization: Bearer " + tokens["acme"]], None, b""))
        asked.append(wire)
    # Those for which there is no room are answered first.
    select.select([wire.socket for wire in asked], [], [], 5)
    listed = api.as_user(token=tokens["bolt"]).want(200, "GET", "/mounts/bolt.mp3/listeners").json()
    equal(listed["items"], [])
    equal({wire.reply_head().status for wire in asked}, {200, 503}, "part of the room is for others")
    node.send_signal(signal.SIGCONT)
    check(one.ended is None, "the listener has heard nothing of it")


@test
def a_title_by_the_api_is_heard_and_shown(t):
    server, api = with_api(store_server(t, body="<console/>"))
    login = api.mount("/live.mp3")
    api.problem("no-source", "POST", "/mounts/live.mp3/title", {"title": "x"})
    feed(t, server, login=login)
    wait_for(lambda: api.want(200, "GET", "/mounts/live.mp3").json()["on-air"], "it is on air")
    api.want(204, "POST", "/mounts/live.mp3/title", {"artist": "Änna", "title": "Lied"})
    wait_for(lambda: api.want(200, "GET", "/mounts/live.mp3").json()["title"] == "Änna - Lied", "the title is shown")
    equal(server.stat("/live.mp3", "title"), "Änna - Lied")
    api.problem("invalid", "POST", "/mounts/live.mp3/title", {"title": "a\nb"})
    first = audit(api)[1]
    # What plays next, until it does.
    api.problem("invalid", "POST", "/mounts/live.mp3/title", {"title": "x", "next": {"artist": "only"}})
    api.want(204, "POST", "/mounts/live.mp3/title", {"title": "Now", "next": {"artist": "N", "title": "Next"}})
    wait_for(lambda: server.get("/api/v1/now/live.mp3").json()["next"] == {"text": "N - Next", "artist": "N", "title": "Next", "album": None, "duration_ms": None, "isrc": None}, "it is announced")
    wait_for(lambda: (server.get("/api/nowplaying/live").json()["playing_next"] or {}).get("song", {}).get("text") == "N - Next", "AzuraCast's programs get it")
    api.want(204, "POST", "/mounts/live.mp3/title", {"artist": "N", "title": "Next"})
    wait_for(lambda: server.get("/api/v1/now/live.mp3").json()["next"] is None, "it plays")
    equal((first["do"], first["change"]), ("title", {"title": ["", "Änna - Lied"]}))


@test
def the_audit_log_is_read_backwards_by_pages_and_by_account(t):
    api = Api(store_server(t, body="<console/>"))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    made = api.want(201, "POST", "/users", {"name": "anna", "role": "owner", "account": "acme"}).json()
    owner = api.as_user("anna:" + made["password"])
    owner.mount("/ours")
    api.mount("/theirs")
    api.want(200, "POST", "/mounts/ours/suspend", {})
    owner.problem("forbidden", "POST", "/mounts/ours/resume", {})
    everything = audit(api)
    equal([row["n"] for row in everything], sorted((row["n"] for row in everything), reverse=True))
    equal(everything[0]["result"], "forbidden")
    pages, after = [], ""
    while True:
        page = api.want(200, "GET", "/audit?most=2" + after).json()
        pages += page["items"]
        if "next" not in page:
            break
        after = "&after=" + page["next"]
    equal(pages, everything)
    seen = audit(owner)
    check(all("theirs" not in row["on"] for row in seen), "%r" % seen)
    check(any(row["do"] == "suspend" for row in seen), "what the administrator did to its mount")
    equal({row["ip"] for row in seen if row["who"] == "admin"}, {""})
    equal([row["do"] for row in audit(api, "?who=anna&on=%s" % encoded("mounts/%2Fours"))], ["create"])
    equal(len(audit(api, "?from=2100-01-01")), 0)
    newest = everything[0]["at"]
    ahead = datetime.datetime.fromisoformat(newest[:23] + "+00:00").astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=30)))
    for moment in (newest, ahead.isoformat(timespec="milliseconds")):
        later = audit(api, "?from=" + moment)
        check(later and all(row["at"] >= newest for row in later), "%s: %r" % (moment, later))
    for wrong in ("yesterday", "-1", "2026-13-01", "2026-02-30", "2026-11-22Tnoon", "2026-11-22T25:00", "2026-11-22T08:00+99:00", ""):
        reply = api.problem("bad-request", "GET", "/audit?from=" + wrong)
        equal(reply.json()["parameter"], "from", wrong)
    operator = api.want(201, "POST", "/users", {"name": "otto", "role": "operator", "account": "acme"}).json()
    api.as_user("otto:" + operator["password"]).problem("forbidden", "GET", "/audit")
    # What only reads is not written down.
    equal([row for row in audit(api) if row["do"].startswith("list")], [])


@test
def a_new_customer_does_not_read_the_audit_log_of_an_earlier_one(t):
    server = store_server(t, body="<console/>")
    api = Api(server)

    def owner(name):
        made = api.want(201, "POST", "/users", {"name": name, "role": "owner", "account": "acme"}).json()
        return api.as_user("%s:%s" % (name, made["password"]))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    first = owner("anna")
    first.mount("/theirs")
    check(any(row["on"].endswith("theirs") for row in audit(first)), "their own")
    api.want(204, "DELETE", "/accounts/acme?mounts=delete")
    api.want(201, "POST", "/accounts", {"id": "acme", "name": "Other firm"})
    second = owner("berta")
    second.mount("/ours")
    api.want(200, "PATCH", "/accounts/acme", {"name": "Third firm"})
    for query in ("", "?from=2020-01-01", "?most=500"):
        seen = [(row["do"], row["on"]) for row in audit(second, query)]
        equal(seen, [("change", "accounts/acme"), ("create", "mounts/%2Fours"), ("create", "users/berta"), ("create", "accounts/acme")], query)
    check(any(row["on"].endswith("theirs") for row in audit(api)), "an administrator reads all")


@test
def without_a_store_there_is_still_what_runs(t):
    server = t.server(body="<console/>")
    api = Api(server)
    feed(t, server)
    listener = server.listener()
    wait_for(lambda: len(listeners_of(api, "/live.mp3")["items"]) == 1, "the listener is listed")
    row = listeners_of(api, "/live.mp3")["items"][0]
    api.problem("no-store", "DELETE", "/mounts/live.mp3/listeners/%s/%s?ban=1" % (row["node"], row["id"]))
    api.want(204, "DELETE", "/mounts/live.mp3/listeners/%s/%s" % (row["node"], row["id"]))
    wait_for(lambda: listeners_of(api, "/live.mp3")["items"] == [], "it has ended")
    api.want(204, "POST", "/nodes/%s/weight" % row["node"], {"weight": 3})
    equal(rows(api)[row["node"]]["weight"], 3)
    api.problem("no-store", "POST", "/mounts", {"mount": "/a"})


@test
def a_records_limit_of_listeners_holds_over_three_servers(b):
    master = store_master(b, 11, ["edge12", "edge13"])
    api = Api(master)
    login = api.mount("/live.mp3", limits={"listeners": 20})
    feed(b, master, login=login)
    servers = [master, edge(b, 12, master), edge(b, 13, master)]
    crowd = Crowd(b)
    for server in servers:
        def let_in():
            one = crowd.join(server.address, "/live.mp3")
            wait_for(lambda: one.status != 0 or one.ended, "an answer")
            crowd.leave(one)
            return one.status == 200
        wait_for(let_in, "%s lets listeners in" % server.host, 15)
    wait_for(lambda: api.want(200, "GET", "/mounts/live.mp3").json()["listeners"] == 0, "all have left")
    ones = []
    for number in range(60):
        ones.append(crowd.join(servers[number % 3].address, "/live.mp3"))
        check(crowd.inside <= 20, "%d hear" % crowd.inside)
        time.sleep(0.01)
    wait_for(lambda: all(one.status != 0 or one.ended for one in ones), "all are answered")
    wait_for(lambda: crowd.inside == 20, "20 hear, not %d: %r" % (crowd.inside, of_status(ones)))
    equal(max(crowd.peak, 20), 20, "the most at once")
    mount = [row for row in master.get("/admin/cluster.json", ADMIN).json()["mounts"] if row["mount"] == "/live.mp3"][0]
    slots = mount["slots"]
    equal(slots["limit"], 20, "the limit on the cluster page")
    equal(slots["used"], len(crowd.at(master.address)), "used at the master")
    check(slots["given"] >= len(crowd.at(servers[1].address)) + len(crowd.at(servers[2].address)), "%r" % slots)
    # More by the API, and they are let in.
    api.want(200, "PATCH", "/mounts/live.mp3", {"limits": {"listeners": 22}})
    more = []

    def two_more():
        more.append(crowd.join(servers[1].address, "/live.mp3"))
        wait_for(lambda: more[-1].status != 0 or more[-1].ended, "an answer")
        return crowd.inside == 22
    wait_for(two_more, "22 hear", 10)
    check(crowd.peak <= 22, "%d at once" % crowd.peak)


@test
def changes_one_after_another_do_not_wait_for_each_other(t):
    server, api = with_api(store_server(t, limits="<sources>400</sources>"))
    began = time.monotonic()
    for number in range(50):
        server_reply = api.want(201, "POST", "/mounts", {"mount": "/m%d" % number})
    alone = time.monotonic() - began
    check(server_reply.json()["state"] == "active", server_reply.text)
    laid = server.log().count("records of")
    check(alone < 10, "50 changes took %.1f s" % alone)
    # What several writers change at once is laid over together.
    before, began = server.log().count("records of"), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: server.ask(
            "PATCH /api/v1/mounts/m%d HTTP/1.1" % (number % 50), ["Host: x"], ADMIN, b'{"settings":{"genre":"%d"}}' % number).status, range(160)))
    crowded = time.monotonic() - began
    times = server.log().count("records of") - before
    check(times <= 160 // 3, "160 changes by eight were laid over %d times in %.1f s" % (times, crowded))
    equal(set(answers), {200})
    equal(len(api.want(200, "GET", "/mounts?most=500").json()["items"]), 50)
    return "%.0f changes a second by one writer, laid over %d times; %.0f by eight, laid over %d times in %.1f s" % (
        50 / alone, laid, 160 / crowded, times, crowded)
