"""Quotas of hours and transfer with several masters of one etcd: each counts, all know the sum, and one reports it."""
from api import Api
from crowd import Crowd, hearing
from etcd import PREFIX, Cluster
from harness import check, equal, give_away, test, wait_for
from link_bench import edge, feed, kill9, linked_master, up

PATIENCE = 60  # of a hard quota that is used up


def with_state(server, body=""):
    (server.dir / "state").mkdir()
    give_away(server.dir)
    server.write_config(paths="<state-dir>%s/state</state-dir>" % server.dir)
    return server.start()


def master(b, cluster, number):
    urls = "".join("<member>%s</member>" % url for url in cluster.urls)
    store = '<store type="etcd" prefix="%s">%s</store><console/><audience/>' % (PREFIX, urls)
    return with_state(linked_master(b, number, ["edge13"], start=False, body_more=store, redirects="<max-redirect-slaves>0</max-redirect-slaves>"))


def status_of(server, path):
    wire = server.wire()
    wire.send(("GET %s HTTP/1.0\r\nUser-Agent: VLC/3.0.20\r\n\r\n" % path).encode())
    status = wire.reply_head().status
    wire.close()
    return status


@test
def a_quota_is_the_sum_of_what_masters_count(b):
    cluster = Cluster(b, members=1)
    first, second = master(b, cluster, 11), master(b, cluster, 12)
    api, other = Api(first), Api(second)
    api.want(201, "POST", "/accounts", {"id": "acme"})
    logins = [api.mount("/acme-%d" % n, account="acme") for n in (1, 2)]
    wait_for(lambda: other.ask("GET", "/mounts/acme-2").status == 200, "the second master knows the mounts", 10)
    feed(b, first, "/acme-1", login=logins[0])
    feed(b, second, "/acme-2", login=logins[1])
    node = with_state(edge(b, 13, [first, second], start=False, body="<console/><audience/>"))
    up(first, "edge13")
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 10 ** 7, "hours": 5}})
    # One at the node, whose rows go to the first master, and one at the second master itself: half of it each.
    crowd = Crowd(b)
    places = (node, "/acme-1"), (second, "/acme-2")
    heard = [hearing(crowd, *place) for place in places]
    wait_for(lambda: all(one.audio > 65_000 for one in heard), "each has more than a quick look", 60)
    wait_for(lambda: all(Api(server).want(200, "GET", "/audience/summary").json()["listeners"] >= 1 for server in (first, second)),
             "each is counted", 30)
    for one in heard:
        crowd.leave(one)

    def both_know():
        used = [one.want(200, "GET", "/accounts/acme").json()["used"].get("transfer") or 0 for one in (api, other)]
        return used if used[0] == used[1] and used[0] >= 130_000 else None
    used = wait_for(both_know, "both masters know the sum", PATIENCE)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": used[0]}})
    kept = [server.dir / "state" / "audience.quotas" for server in (first, second)]
    wait_for(lambda: all(path.exists() and "100 transfer acme" in path.read_text() for path in kept), "both know the level", 30)
    equal(status_of(second, "/acme-2"), 200, "a soft one keeps nobody out")
    # Hard, by the one that has counted less.
    other.want(200, "PATCH", "/accounts/acme", {"quota": {"hard": True}})
    for server, path in (*places, (first, "/acme-1")):
        wait_for(lambda server=server, path=path: status_of(server, path) == 403, "%s refuses the next one" % server.host, PATIENCE)
    told = [server.log().count("account acme has used") for server in (first, second)]
    check(min(told) == 0 and max(told) == 1, "one of them tells of it, once: %r" % told)
    api.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 10 ** 12}})
    for server, path in places:
        wait_for(lambda server=server, path=path: status_of(server, path) == 200, "%s lets the next one in" % server.host, PATIENCE)
    # What a master has said before it died keeps no listener out for longer than the others say so.
    other.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": used[0]}})
    wait_for(lambda: status_of(node, "/acme-2") == 403, "the node refuses the next one again", PATIENCE)
    cache = node.dir / "state" / "conf.cache"
    wait_for(lambda: cache.read_bytes().count(b"\nclosed/acme ") == 2, "both masters have said so", PATIENCE)
    kill9(first)
    other.want(200, "PATCH", "/accounts/acme", {"quota": {"transfer": 10 ** 12}})
    wait_for(lambda: status_of(node, "/acme-2") == 200, "the node lets the next one in", PATIENCE)
