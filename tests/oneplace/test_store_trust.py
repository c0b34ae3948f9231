"""What two masters believe of an etcd that was emptied by one command, restored, filled or wiped: no listener is lost, no
change that was answered, and the log says it in one line."""
import base64
import os
import shutil
import subprocess

from etcd import PREFIX, Cluster, b64, needs_etcd
from harness import check, equal, test, wait_for
from test_etcd_masters import has, masters, shows, status_of_create

ROUNDS = 100 if os.environ.get("LB_FULL") else 1
PATIENCE = 20
END = b64(PREFIX[:-1] + "0")


def rows(cluster):
    """[(key, value)] below the prefix, as they are."""
    found = cluster.members[0].ask("/v3/kv/range", {"key": b64(PREFIX), "range_end": END}).get("kvs", [])
    return [(base64.b64decode(row["key"]).decode(), row.get("value", "")) for row in found]


def delete(member, key, end=None):
    member.ask("/v3/kv/deleterange", dict({"key": b64(key)}, **({"range_end": end} if end else {})))


def whole_prefix(cluster, keys):
    delete(cluster.members[0], PREFIX, END)


def key_by_key(cluster, keys):
    for key in keys:
        delete(cluster.members[0], key)


def format_last(cluster, keys):
    key_by_key(cluster, sorted(keys, key=lambda key: key.endswith("/format")))


def from_the_end(cluster, keys):
    key_by_key(cluster, sorted(keys, reverse=True))


def all_mounts(cluster, keys):
    delete(cluster.members[0], PREFIX + "mounts/", b64(PREFIX + "mounts0"))


def in_force(servers, names):
    return all(has(server, name) for server in servers for name in names)


def said(server, words):
    return server.log().count(words)


def doubts(server):
    return said(server, "held here stay in force, and nothing is written")


def ups(server):
    return said(server, "records are read and written")


@test
def records_that_one_command_deletes_stay_in_force_and_in_the_copies(b):
    cluster = Cluster(b)
    servers = masters(b, cluster)
    running = shows(b, servers)
    names = ["/show0", "/show1"] + ["/m%d" % i for i in range(4)]
    for i, name in enumerate(names[2:]):
        equal(status_of_create(servers[i % 2], name), 201)
    wait_for(lambda: in_force(servers, names), "both masters have all", PATIENCE)
    copies = [server.dir / "store.copy" for server in servers]
    wait_for(lambda: all(copy.exists() and copy.read_text().count("put mounts/") == 6 for copy in copies), "the copies have all", PATIENCE)
    ways = [whole_prefix, key_by_key, format_last, from_the_end, all_mounts]
    for number in range(ROUNDS * len(ways)):
        way, frozen = ways[number % len(ways)], number % 2
        before, lines = rows(cluster), [doubts(server) for server in servers]
        if frozen:
            for server in servers:
                server.send_signal(19)
        way(cluster, [key for key, _ in before])
        if frozen:
            for server in servers:
                server.send_signal(18)
        for server in servers:
            # A write that comes before the news is refused by the store itself.
            equal(status_of_create(server, "/late"), 503, way.__name__)
        for show in running:
            show.goes_on(way.__name__)
        for server, known in zip(servers, lines):
            wait_for(lambda: doubts(server) > known, "the log says it after " + way.__name__, PATIENCE)
        check(in_force(servers, names), "after %s every mount is in force" % way.__name__)
        if way is not all_mounts:
            equal([key for key, _ in rows(cluster)], [], "what the masters wrote after " + way.__name__)
        for copy in copies:
            equal(copy.read_text().count("put mounts/"), 6, "mounts in the copy after " + way.__name__)
        if number == ROUNDS * len(ways) - 1:
            break
        lines = [ups(server) for server in servers]
        for key, value in before:
            cluster.members[0].ask("/v3/kv/put", {"key": b64(key), "value": value})
        for server, known in zip(servers, lines):
            wait_for(lambda: ups(server) > known, "it can be written again", PATIENCE)
    # As the page says: the masters are stopped, and one brings its copy back.
    delete(cluster.members[0], PREFIX, END)
    for show in running:
        show.source.close()
    for server in servers:
        server.stop()
    status, out, err = b.run("-c", servers[0].config, "--store-rebuild")
    equal((status, err), (0, ""), out)
    for server in servers:
        server.start()
    wait_for(lambda: in_force(servers, names), "every mount is back", PATIENCE)
    wait_for(lambda: status_of_create(servers[1], "/new") == 201, "it can be written", PATIENCE)
