"""Two masters of an etcd that one command has emptied, restored, filled or wiped: no listener and no acknowledged
change is lost, and one log line reports it."""
import base64
import http.server
import os
import shutil
import signal
import subprocess
import threading
import time

from api import STORE, store_server
from etcd import PREFIX, Cluster, b64, needs_etcd
from harness import ADMIN, check, equal, test, wait_for
from test_etcd_masters import has, masters, shows, status_of_create

ROUNDS = 100 if os.environ.get("LB_FULL") else 1
PATIENCE = 20
END = b64(PREFIX[:-1] + "0")


def rows(cluster):
    """[(key, value)] below the prefix, unchanged."""
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


def mounts_in(copy):
    """0 while the file is being replaced: the older one beside it then has all."""
    try:
        return copy.read_text().count("put mounts/")
    except FileNotFoundError:
        return 0


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
    wait_for(lambda: [mounts_in(copy) for copy in copies] == [6, 6], "the copies have all", PATIENCE)
    ways = [whole_prefix, key_by_key, format_last, from_the_end, all_mounts]
    for number in range(ROUNDS * len(ways)):
        way, frozen = ways[number % len(ways)], number % 2
        before, lines = rows(cluster), [doubts(server) for server in servers]
        if frozen:
            for server in servers:
                server.send_signal(signal.SIGSTOP)
        way(cluster, [key for key, _ in before])
        if frozen:
            for server in servers:
                server.send_signal(signal.SIGCONT)
        for show in running:
            show.goes_on("at once after " + way.__name__)
        for server, known in zip(servers, lines):
            # A write that comes before the news is refused by the store itself, unless it has its format still.
            if way is all_mounts:
                wait_for(lambda: doubts(server) > known, "the log says it after " + way.__name__, PATIENCE)
            equal(status_of_create(server, "/late"), 503, way.__name__)
        for show in running:
            show.goes_on(way.__name__)
        for server, known in zip(servers, lines):
            wait_for(lambda: doubts(server) > known, "the log says it after " + way.__name__, PATIENCE)
        check(in_force(servers, names), "after %s every mount is in force" % way.__name__)
        if way is not all_mounts:
            equal([key for key, _ in rows(cluster)], [], "what the masters wrote after " + way.__name__)
        for copy in copies:
            wait_for(lambda: mounts_in(copy) == 6, "mounts in the copy after " + way.__name__, PATIENCE)
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


def deletes(server, name):
    reply = server.ask("DELETE /api/v1/mounts%s HTTP/1.1" % name, ["Host: x", "If-Match: *"], ADMIN)
    equal(reply.status, 204, reply.text)


@test
def a_start_believes_what_masters_deleted_meanwhile_and_no_more(b):
    cluster = Cluster(b, members=1)
    stopped, other = masters(b, cluster)
    names = ["/m%d" % i for i in range(12)]
    for name in names:
        equal(status_of_create(other, name), 201)
    copy = stopped.dir / "store.copy"
    wait_for(lambda: mounts_in(copy) == 12, "the copy has all", PATIENCE)
    stopped.stop()
    for name in names[:5]:
        deletes(other, name)
    stopped.start()
    wait_for(lambda: [name for name in names if has(stopped, name)] == names[5:], "five were deleted", PATIENCE)
    equal(said(stopped, "by no master"), 0, "doubts of what a master deleted")
    stopped.stop()
    # One more, and then all but one are wiped.
    deletes(other, names[5])
    other.stop()
    wiped = [(key, value) for key, value in rows(cluster)
             if key.startswith(PREFIX + "mounts/") and not key.endswith("m11")]
    equal(len(wiped), 5)
    key_by_key(cluster, [key for key, _ in wiped])
    stopped.start()
    words = "5 of 6 mounts below %s were deleted, and by no master; the records held here stay in force" % PREFIX
    wait_for(lambda: said(stopped, words), "the log says it", PATIENCE)
    check(in_force([stopped], names[6:]), "every mount is in force")
    equal(status_of_create(stopped, "/late"), 503)
    known = ups(stopped)
    for key, value in wiped:
        cluster.members[0].ask("/v3/kv/put", {"key": b64(key), "value": value})
    wait_for(lambda: ups(stopped) > known, "it can be written again", PATIENCE)
    equal([name for name in names if has(stopped, name)], names[6:])


def snapshot(cluster, path):
    subprocess.run(["etcdctl", "--endpoints", cluster.members[0].url, "snapshot", "save", path], check=True,
                   env=dict(os.environ, ETCDCTL_API="3"), capture_output=True)


def restore(cluster, path):
    """All members get the content of the snapshot."""
    everyone = ",".join("%s=%s" % (m.name, m.peer_url) for m in cluster.members)
    for member in cluster.members:
        member.kill()
    for member in cluster.members:
        shutil.rmtree(member.dir)
        subprocess.run(["etcdctl", "snapshot", "restore", path, "--name", member.name, "--data-dir", str(member.dir),
                        "--initial-cluster", everyone, "--initial-advertise-peer-urls", member.peer_url], check=True,
                       env=dict(os.environ, ETCDCTL_API="3"), capture_output=True)
        member.start()
    cluster.wait()


@test
def an_older_snapshot_takes_no_listener_and_what_it_lost_is_in_the_older_copy(b):
    needs_etcd("etcdctl", "etcd-client")
    cluster = Cluster(b)
    servers = masters(b, cluster)
    running = shows(b, servers)
    backup = str(b.dir / "backup.db")
    for number in range(ROUNDS):
        snapshot(cluster, backup)
        kept = sum(key.startswith(PREFIX + "mounts/") for key, _ in rows(cluster))
        newer = ["/r%d-%d" % (number, i) for i in range(4)]
        for i, name in enumerate(newer):
            equal(status_of_create(servers[i % 2], name), 201)
        copies = [server.dir / "store.copy" for server in servers]
        wait_for(lambda: all(mounts_in(copy) == kept + 4 for copy in copies),
                 "the copies have all", PATIENCE)
        restore(cluster, backup)
        for server, copy in zip(servers, copies):
            wait_for(lambda: not has(server, newer[0]), "the older store is read", PATIENCE)
            older = copy.with_name("store.copy.older")
            wait_for(lambda: mounts_in(older) == kept + 4, "the newer copy is kept", PATIENCE)
        wait_for(lambda: any("it was restored, and gets its next life" in server.log() for server in servers), "the log says it", PATIENCE)
        for show in running:
            show.goes_on("with an older store")
        for i, server in enumerate(servers):
            wait_for(lambda: status_of_create(server, "/after%d-%d" % (number, i)) == 201, "it can be written", PATIENCE)


def alarm(cluster, action):
    """All of etcd refuses writes that need room, as with a full database; or accepts them again."""
    member = cluster.members[0]
    number = member.ask("/v3/maintenance/status", {})["header"]["member_id"]
    member.ask("/v3/maintenance/alarm", {"action": action, "memberID": number, "alarm": "NOSPACE"})


@test
def an_etcd_without_space_is_named_and_is_written_again_by_itself(b):
    cluster = Cluster(b)
    servers = masters(b, cluster)
    running = shows(b, servers)
    made, longest = ["/show0", "/show1"], 0.0
    for number in range(ROUNDS):
        alarm(cluster, "ACTIVATE")
        for i, server in enumerate(servers):
            reply = server.ask("POST /api/v1/mounts HTTP/1.1", ["Host: x"], ADMIN, b'{"mount":"/never"}')
            equal(reply.status, 503, reply.text)
            check("database space exceeded" in reply.text, reply.text)
            wait_for(lambda: said(server, "space exceeded; records are read from memory and cannot be changed") == number + 1, "a line of the log", PATIENCE)
            wait_for(lambda: "\nicecast_store_up 0\n" in server.get("/metrics", ADMIN).text, "the metric says it", PATIENCE)
        for show in running:
            show.goes_on("with a full etcd")
        alarm(cluster, "DEACTIVATE")
        begin = time.monotonic()
        for i, server in enumerate(servers):
            made.append("/n%d-%d" % (number, i))
            wait_for(lambda: status_of_create(server, made[-1]) == 201, "it is written again", PATIENCE)
        longest = max(longest, time.monotonic() - begin)
    check(longest <= 5, "it was written again after %.1f s" % longest)
    wait_for(lambda: in_force(servers, made), "what was answered is there", PATIENCE)
    return "written again after %.1f s at most" % longest


@test
def a_member_that_was_wiped_is_passed_over_and_writes_go_on(b):
    cluster = Cluster(b)
    servers = masters(b, cluster)
    running = shows(b, servers)
    made, member = ["/show0", "/show1"], cluster.members[0]
    for number in range(ROUNDS):
        member.kill()
        shutil.rmtree(member.dir)
        member.start(alone=True)
        wait_for(member.answers, "the wiped member answers", PATIENCE)
        for i, server in enumerate(servers):
            made.append("/n%d-%d" % (number, i))
            wait_for(lambda: status_of_create(server, made[-1]) == 201, "a master writes", PATIENCE)
        for show in running:
            show.goes_on("with a wiped member")
        equal(member.ask("/v3/kv/range", {"key": b64(PREFIX), "range_end": END}).get("kvs", []), [], "records in the wiped one")
    for server in servers:
        wait_for(lambda: member.url + " belongs to etcd " in server.log(), "the log names it", 30)
    wait_for(lambda: in_force(servers, made), "what was answered is there", PATIENCE)


class Disk:
    """A file system of 4 MiB with few inodes, enough for 100 rounds, each of which leaves a record of a request that
    made a mount."""

    def __init__(self, b):
        self.path = b.dir / "disk"
        self.path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=1500,mode=0777", "none", str(self.path)], check=True)
        b.owned(self)

    def close(self):
        subprocess.run(["umount", "-l", str(self.path)], check=True)

    def fill(self):
        with open(self.path / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                pass

    def use_inodes(self):
        (self.path / "many").mkdir()
        try:
            for i in range(1500):
                (self.path / "many" / str(i)).touch()
        except OSError:
            pass

    def refuse(self):
        (self.path / "records").chmod(0o500)

    def clear(self):
        (self.path / "filler").unlink(missing_ok=True)
        shutil.rmtree(self.path / "many", ignore_errors=True)
        (self.path / "records").chmod(0o700)


@test
def a_store_of_files_on_a_full_disk_is_written_again_when_there_is_room(b):
    disk = Disk(b)
    server = b.unstarted_server()
    server.write_config(body=STORE % {"dir": disk.path})
    server.start()
    equal(status_of_create(server, "/show0"), 201)
    made, longest = ["/show0"], 0.0
    ways = [disk.fill, disk.use_inodes, disk.refuse]
    for number in range(ROUNDS * len(ways)):
        ways[number % len(ways)]()
        # What fits is taken; then it is refused.
        wait_for(lambda: refuses(server, made, number), "a change is refused", PATIENCE)
        wait_for(lambda: "\nicecast_store_up 0\n" in server.get("/metrics", ADMIN).text, "the metric says it", PATIENCE)
        equal(said(server, "; records cannot be changed"), number + 1, "lines of the log")
        disk.clear()
        begin = time.monotonic()
        made.append("/n%d" % number)
        wait_for(lambda: status_of_create(server, made[-1]) == 201, "it is written again", PATIENCE)
        longest = max(longest, time.monotonic() - begin)
        if len(made) > 6:  # the server has room for 16 sources
            gone = "/api/v1/mounts" + made.pop(1)
            equal(server.ask("DELETE %s HTTP/1.1" % gone, ["Host: x", "If-Match: *"], ADMIN).status, 204, gone)
    check(longest <= 5, "it was written again after %.1f s" % longest)
    server.kill()
    server.start()
    check(in_force([server], made), "what was answered is there after a kill -9")
    return "written again after %.1f s at most" % longest


def refuses(server, made, number):
    name = "/f%d-%d" % (number, len(made))
    status = status_of_create(server, name)
    if status == 201:
        made.append(name)
    return status == 503


def answers_unread(server, words):
    """Every endpoint about records reports the fault; nodes are shown, and the console opens."""
    equal(server.ask("GET /api/v1/nodes HTTP/1.1", ["Host: x"], ADMIN).status, 200, "nodes")
    for address in ("mounts", "mounts/x", "users", "accounts", "bans", "tokens"):
        reply = server.ask("GET /api/v1/%s HTTP/1.1" % address, ["Host: x"], ADMIN)
        equal(reply.status, 503, address + ": " + reply.text)
        check("cannot be read" in reply.text and words in reply.text, address + ": " + reply.text)
    equal(server.ask("GET /api/v1/mounts HTTP/1.1", ["Host: x"], "anna:her-password").status, 503, "a login of the store")
    equal(server.ask("GET /api/v1/mounts HTTP/1.1", ["Host: x"]).status, 401, "no login")
    equal(server.ask("GET /admin/console HTTP/1.1", ["Host: x"], ADMIN).status, 200, "the console")
    equal(server.ask("POST /api/v1/mounts HTTP/1.1", ["Host: x"], ADMIN, b'{"mount":"/never"}').status, 503, "a change")


@test
def a_store_of_files_that_cannot_be_read_is_no_empty_one(b):
    server = store_server(b)
    equal(status_of_create(server, "/show0"), 201)
    server.stop()
    known = server.dir / "records" / "format"
    known.write_text("2\n")
    begin = time.monotonic()
    server.start()
    answers_unread(server, "newer version")
    seconds = time.monotonic() - begin
    check(seconds < 8, "it had answered all after %.1f s" % seconds)
    known.write_text("1\n")
    wait_for(lambda: has(server, "/show0"), "it is read as soon as it can be", PATIENCE)
    return "all answered %.1f s after the start" % seconds


@test
def an_etcd_that_cannot_be_read_is_no_empty_one(b):
    class Nonsense(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, *_):
            pass
    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Nonsense)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        for member, words in (("http://127.0.0.1:%d" % web.server_address[1], ""), ("http://127.0.0.1:9", "")):
            server = b.unstarted_server()
            server.write_config(body='<store type="etcd" prefix="%s" path="%s/store.copy"><member>%s</member></store>' % (
                PREFIX, server.dir, member))
            begin = time.monotonic()
            server.start()
            answers_unread(server, words)
            seconds = time.monotonic() - begin
            check(seconds < 8, "it had answered all after %.1f s" % seconds)
    finally:
        web.shutdown()
        web.server_close()
    return "all answered %.1f s after the start" % seconds
