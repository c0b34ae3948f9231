"""Two masters with one etcd of three members, through the API: members die, freeze and lose their quorum, and no
listener is affected."""
import http.client
import json
import os
import signal
import ssl
import subprocess
import threading
import time

from api import Api
from etcd import PREFIX, Cluster, b64, make_certificates, needs_etcd, openssl, until
from harness import ADMIN, check, equal, free_port, test, wait_for

EACH = 125 if os.environ.get("LB_FULL") else 25  # of 4 writers
WITHIN = 4.0
CONVERGED = 5.0
PATIENCE = 15


def master(b, cluster, name, more="", members=None):
    port = free_port()
    server = b.unstarted_server(
        limits="<sources>5000</sources>",
        sockets="<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address></listen-socket>" % port)
    urls = "".join("<member>%s</member>" % url for url in members or cluster.urls)
    server.write_config(body='<cluster><id>%s</id></cluster><store type="etcd" prefix="%s" path="%s/store.copy">%s%s</store>' % (
        name, PREFIX, server.dir, urls, more))
    return server.start()


def masters(b, cluster, **more):
    return [master(b, cluster, "m1", **more), master(b, cluster, "m2", **more)]


def create(server, name, key):
    """One request on its own connection, not checked against the description: (status, seconds, body)."""
    begin = time.monotonic()
    # A store without a quorum says so after some seconds.
    connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
    try:
        connection.request("POST", "/api/v1/mounts", '{"mount":"%s"}' % name,
                           {"Authorization": "Basic " + b64(ADMIN), "Idempotency-Key": key})
        reply = connection.getresponse()
        text = reply.read().decode()
    finally:
        connection.close()
    return reply.status, time.monotonic() - begin, text


def written(server, name, key):
    """(status, seconds, body); None: etcd does not accept the master's token."""
    answer = status, _, text = create(server, name, key)
    return None if status == 503 and "invalid auth token" in text else answer


def key_of(name):
    return "0123456789-" + name


def status_of_create(server, name):
    return create(server, name, key_of(name))[0]


def has(server, name):
    return server.ask("GET /api/v1/mounts/%s HTTP/1.1" % name.strip("/"), ["Host: x"], ADMIN).status == 200


class Show:
    """A source and a listener of one mount; frames are sent all the time, and each is heard once."""

    def __init__(self, b, server, mount, login):
        self.server, self.mount, self.login = server, mount, login
        self.source = server.source(mount, login=login)
        self.source.play(20)
        self.listener = server.listener(mount)
        self.listener.read(384)

    def goes_on(self, why):
        heard = self.source.play(10)
        self.listener.read_until(heard[-384:])
        check(True, why)


def login_of(server, name):
    """Creates the mount; the login of its source.  A busy etcd may be waited for until the store's own deadline."""
    status, _, text = wait_for(lambda: written(server, name, key_of(name)), "the store takes " + name, 3 * WITHIN)
    equal(status, 201, text)
    source = json.loads(text)["source"]
    return "%s:%s" % (source["user"], source["password"])


def shows(b, servers):
    names = ["/show%d" % i for i in range(len(servers))]
    all_of_them = [Show(b, server, name, login_of(server, name)) for server, name in zip(servers, names)]
    # A watch that was just opened is up to 100 ms late (etcd's syncWatchers).
    wait_for(lambda: all(has(server, name) for server in servers for name in names), "each master has all shows")
    return all_of_them


@test
def creations_through_two_masters_are_done_once_while_the_leader_is_killed(b):
    cluster = Cluster(b)
    servers = masters(b, cluster)
    running = shows(b, servers)
    answers, lock = [], threading.Lock()

    def write(number):
        for i in range(EACH):
            name = "/w%d-%d" % (number, i)
            answer = create(servers[number % 2], name, "key-of-writer-%d-%d" % (number, i))
            with lock:
                answers.append((name, *answer))
    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(answers) > EACH, "a quarter is written", 60)
    cluster.leader().kill()
    for show in running:
        show.goes_on("while the leader is dead")
    for thread in threads:
        while thread.is_alive():
            thread.join(2)
            for show in running:
                show.goes_on("while others write")
    equal([row[:2] + row[3:] for row in answers if row[1] != 201], [], "answers that are not 201")
    longest = max(row[2] for row in answers)
    check(longest <= WITHIN, "the longest of %d creations took %.1f s" % (len(answers), longest))
    records = cluster.records()
    equal(len([key for key in records if key.startswith("mounts/%2Fw")]), 4 * EACH, "mounts")
    equal([key for key, row in records.items() if key.startswith("mounts/%2Fw") and row[2] != 1], [], "written more than once")
    for server in servers:
        wait_for(lambda: all(has(server, row[0]) for row in answers[-4:]), "each master has the last of both", CONVERGED)
        names, after = set(), ""
        while after is not None:
            page = server.ask("GET /api/v1/mounts?most=500%s HTTP/1.1" % after, ["Host: x"], ADMIN).json()
            names |= {row["mount"] for row in page["items"]}
            after = "&after=" + page["next"] if "next" in page else None
        equal(len(names), 4 * EACH + 2, "mounts that a master lists")
    # The same keys give the same bytes at the other master.
    for name, _, _, text in answers[::EACH]:
        number = int(name[2])
        again = create(servers[1 - number % 2], name, "key-of-writer-%s" % name[2:])
        equal((again[0], again[2]), (201, text), "the answer of the other master")
    for show in running:
        show.goes_on("at the end")
    return "%d creations, longest answer %.2f s" % (len(answers), longest)


@test
def what_one_master_makes_the_other_has_while_its_member_is_frozen(b):
    cluster = Cluster(b)
    first, second = masters(b, cluster)
    running = shows(b, [first, second])
    equal(status_of_create(first, "/a"), 201)
    wait_for(lambda: has(second, "/a"), "the other master has it", CONVERGED)
    frozen = cluster.leader()
    frozen.freeze()
    begin = time.monotonic()
    status, seconds, text = create(first, "/b", "0123456789-b")
    equal(status, 201, text)
    check(seconds <= WITHIN, "the creation took %.1f s" % seconds)
    wait_for(lambda: has(second, "/b"), "the other master has it", CONVERGED)
    converged = time.monotonic() - begin
    frozen.thaw()
    for show in running:
        show.goes_on("with a frozen member")
    return "answered after %.1f s, at the other master after %.1f s" % (seconds, converged)


@test
def after_a_compaction_a_master_that_slept_has_everything(b):
    cluster = Cluster(b)
    first, second = masters(b, cluster)
    equal(status_of_create(first, "/gone"), 201)
    wait_for(lambda: has(second, "/gone"), "the other master has it", CONVERGED)
    second.send_signal(signal.SIGSTOP)
    # Its watch breaks with the members, one after the other, so that it has to begin at what is compacted.
    for i in range(10):
        equal(status_of_create(first, "/c%d" % i), 201)
    equal(first.ask("DELETE /api/v1/mounts/gone HTTP/1.1", ["Host: x"], ADMIN).status, 204)
    revision = cluster.members[0].ask("/v3/kv/range", {"key": b64(PREFIX + "format")})["header"]["revision"]
    for member in cluster.members:
        member.kill()
        member.start()
        wait_for(member.answers, "the member is back", 15)
    wait_for(lambda: compact(cluster, revision), "the revisions are compacted", 15)
    second.send_signal(signal.SIGCONT)
    seconds = until(lambda: has(second, "/c9") and not has(second, "/gone"), "the master that slept has it all", 10)
    check(seconds <= CONVERGED, "it had it all after %.1f s" % seconds)
    wait_for(lambda: status_of_create(second, "/after") == 201, "it can write", CONVERGED)
    return "%.1f s after it woke up" % seconds


def compact(cluster, revision):
    try:
        cluster.members[0].ask("/v3/kv/compaction", {"revision": revision, "physical": True}, timeout=5)
        return True
    except OSError:
        return False


@test
def without_a_quorum_listeners_hear_on_and_changes_wait_for_it(b):
    cluster = Cluster(b)
    servers = masters(b, cluster)
    running = shows(b, servers)
    lost = cluster.members[:2]
    for member in lost:
        member.freeze()
    status, seconds, text = create(servers[0], "/a", key_of("/a"))
    equal(status, 503, text)
    check("read-only" in text and seconds <= 7, "after %.1f s: %s" % (seconds, text))
    for show in running:
        show.goes_on("without a quorum")
    wait_for(lambda: status_of_create(servers[1], "/b") == 503, "the other one says it too", 10)
    for server, show in zip(servers, running):
        show.goes_on("without a quorum")
        equal(Api(server).want(200, "GET", "/mounts/show0").json()["mount"], "/show0")
        check("\nicecast_store_up 0\n" in server.get("/metrics", ADMIN).text, "the metric says it")
    for member in lost:
        member.thaw()
    # Its members elect a leader first, which is etcd's own time.
    wait_for(lambda: any(member.answers() for member in cluster.members), "etcd has a quorum", 30)
    # Whether the first one was done is not known until now: the same key finds it out.
    seconds = until(lambda: status_of_create(servers[0], "/a") == 201, "it can be written", 15)
    check(seconds <= CONVERGED, "it was writable after %.1f s" % seconds)
    other = until(lambda: has(servers[1], "/a"), "the other master has it", CONVERGED)
    for show in running:
        show.goes_on("with a quorum")
    return "writable after %.1f s, at the other master %.1f s later" % (seconds, other)


@test
def with_all_members_dead_nobody_loses_a_stream_and_restarts_serve_all(b):
    cluster = Cluster(b)
    servers = masters(b, cluster)
    running = shows(b, servers)
    for i in range(20):
        equal(status_of_create(servers[i % 2], "/m%d" % i), 201)
    for server in servers:
        copy = server.dir / "store.copy"
        wait_for(lambda: copy.exists() and copy.read_text().count("put mounts/") == 22, "the copy has all", 10)
    for member in cluster.members:
        member.kill()
    wait_for(lambda: status_of_create(servers[0], "/late") == 503, "nothing can be changed", 10)
    for show in running:
        show.goes_on("with all members dead")
    times = []
    for server, show in zip(servers, running):
        server.kill()
        begin = time.monotonic()
        server.start()
        check(has(server, "/m0"), "the copy is in force")
        times.append(time.monotonic() - begin)
        again = Show(b, server, show.mount, show.login)
        again.goes_on("after a start without etcd")
        equal(len(server.ask("GET /api/v1/mounts?most=500 HTTP/1.1", ["Host: x"], ADMIN).json()["items"]), 22)
        running[servers.index(server)] = again
    for member in cluster.members:
        member.start()
    back = until(lambda: all(status_of_create(server, "/late%d" % i) == 201 for i, server in enumerate(servers)), "etcd is back", 20)
    for show in running:
        show.goes_on("with etcd back")
    return "start without etcd %.1f s; writable %.1f s after the members started" % (max(times), back)


@test
def over_tls_with_a_login_whose_tokens_expire_all_the_time(b):
    needs_etcd()
    make_certificates(b.dir)
    openssl(b.dir, "genrsa", "-out", "jwt.key", "2048")
    openssl(b.dir, "rsa", "-in", "jwt.key", "-pubout", "-out", "jwt.pub")
    place = str(b.dir)
    context = ssl.create_default_context(cafile=place + "/ca.pem")
    context.load_cert_chain(place + "/client.pem", place + "/client.key")
    cluster = Cluster(b, 3, "https", [
        "--cert-file", place + "/member.pem", "--key-file", place + "/member.key", "--trusted-ca-file", place + "/ca.pem",
        "--client-cert-auth",
        "--auth-token", "jwt,pub-key=%s/jwt.pub,priv-key=%s/jwt.key,sign-method=RS256,ttl=2s" % (place, place)], context)
    for path, question in (
            ("user/add", {"name": "root", "password": "r"}), ("role/add", {"name": "root"}),
            ("user/grant", {"user": "root", "role": "root"}),
            ("user/add", {"name": "m", "password": "secret"}), ("role/add", {"name": "radio"}),
            ("role/grant", {"name": "radio", "perm": {"permType": "READWRITE", "key": b64(PREFIX),
                                                      "range_end": b64(PREFIX[:-1] + "0")}}),
            ("user/grant", {"user": "m", "role": "radio"}), ("enable", {})):
        cluster.members[0].ask("/v3/auth/" + path, question)
    subprocess.run(["chmod", "a+r", *(place + "/" + name for name in ("client.key", "client.pem", "ca.pem"))], check=True)
    more = ("<username>m</username><password>secret</password><ca-file>%s/ca.pem</ca-file>"
            "<certificate>%s/client.pem</certificate><key-file>%s/client.key</key-file>" % (place, place, place))
    servers = masters(b, cluster, more=more)
    running = shows(b, servers)
    # Three lives of a token: each write after one has to log in again, and no watch may miss anything.
    slowest = told = 0.0
    for i in range(4):
        name = "/t%d" % i
        begin = time.monotonic()
        # On a busy machine the new token has expired, too, before it is used; that is said, and ends.
        status, seconds, text = wait_for(lambda: written(servers[i % 2], name, "0123456789-%d" % i), "the store takes the change", 3 * WITHIN)
        equal(status, 201, text)
        slowest = max(slowest, seconds)
        for show in running:
            show.goes_on("with expired tokens")
        told = max(told, until(lambda: has(servers[1 - i % 2], name), "the other master has it", CONVERGED))
        wait_for(lambda: time.monotonic() - begin > 2.5, "the tokens have expired", 5)
    check(slowest <= WITHIN, "the longest creation took %.1f s" % slowest)
    for server in servers:
        check("secret" not in server.log().replace("secret is", ""), "the log has no password")
    for show in running:
        show.goes_on("with expired tokens")
    return "longest creation %.1f s, told after %.1f s" % (slowest, told)
