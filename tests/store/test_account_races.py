"""Many requests at once for one account: no quota is exceeded, and no record that names an account outlives it, at one
master and at two.  LB_FULL=1: 100 rounds each."""
import http.client
import json
import os
import signal
import threading

from api import Api, store_server
from etcd import Cluster, b64
from harness import ADMIN, check, equal, test, wait_for
from test_etcd_masters import masters
from threads import all_at_once

ROUNDS = 100 if os.environ.get("LB_FULL") else 4
PATIENCE = 60


def send(server, method, path, body=None):
    """One request on its own connection: (status, body)."""
    connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
    try:
        connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body),
                           {"Authorization": "Basic " + b64(ADMIN), "Content-Type": "application/json"})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def at_once(requests):
    """[(server, method, path, body)] → [(status, body)], all of them begun together."""
    gate = threading.Barrier(len(requests))

    def ask(one):
        gate.wait()
        return send(*one)
    return all_at_once(ask, requests)


def statuses(answers):
    found = {}
    for status, _ in answers:
        found[status] = found.get(status, 0) + 1
    return found


def made(server, *rest):
    status, text = send(server, *rest)
    check(status < 300, "%s: %d %s" % (rest, status, text))


def account_of(server, name):
    status, text = send(server, "GET", "/accounts/" + name)
    return json.loads(text) if status == 200 else None


def used_by(server, name):
    account = account_of(server, name)
    return {} if account is None else account["used"]


def settled(servers, name, used):
    """Waits until both masters give the same numbers of an account."""
    wait_for(lambda: all(used_by(s, name).items() >= used.items() for s in servers),
             "both masters see %s used by %s" % (used, name), 20)


def used_by(server, name):
    return account_of(server, name)["used"]


def deletions_beside(servers, rounds):
    """Each way to name an account, at the same time as its deletion: one of the two is refused."""
    both = []
    for n in range(rounds):
        ways = {
            "user": ("POST", "/users", {"name": "user-%d" % n, "role": "owner", "account": "user-of-%d" % n}),
            "token": ("POST", "/tokens", {"name": "t", "role": "owner", "account": "token-of-%d" % n}),
            "change": ("PATCH", "/users/changed-%d" % n, {"account": "change-of-%d" % n}),
            "mount": ("POST", "/mounts", {"mount": "/mount-%d" % n, "account": "mount-of-%d" % n}),
            "given": ("PATCH", "/mounts/given-%d" % n, {"account": "given-of-%d" % n}),
        }
        made(servers[0], "POST", "/users", {"name": "changed-%d" % n, "role": "viewer"})
        made(servers[0], "POST", "/mounts", {"mount": "/given-%d" % n})
        for way, request in ways.items():
            account = "%s-of-%d" % (way, n)
            made(servers[0], "POST", "/accounts", {"id": account})
            wait_for(lambda: account_of(servers[-1], account), "the other master has the account", 20)
            if way in ("change", "given"):
                wait_for(lambda: send(servers[-1], "GET", request[1])[0] == 200, "the other master has what is changed", 20)
            answers = at_once([(servers[n % 2 and -1], *request), (servers[n % 2 - 1], "DELETE", "/accounts/" + account)])
            first, last = answers[0][0] < 300, answers[1][0] < 300
            check(first != last, "%s, round %d: %s" % (way, n, answers))
            if last:
                both.append(way)
    return "%d deletions were first of %d" % (len(both), rounds * 5)


@test
def nothing_that_names_an_account_outlives_it_in_files(b):
    server = store_server(b, limits="<sources>5000</sources>")
    words = deletions_beside([server], ROUNDS)
    # What an earlier version has left behind gets no new rights.
    api = Api(server)
    api.want(201, "POST", "/accounts", {"id": "old"})
    api.want(201, "POST", "/users", {"name": "left", "role": "owner", "account": "old"})
    face = server.dir / "records" / "accounts.d" / "old.json"
    # The user's commit names the account again: until it is in its files too, the face would be written again.
    pending = server.dir / "records" / "pending"
    wait_for(lambda: face.exists() and not pending.exists(), "all records have their files")
    face.unlink()
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: account_of(server, "old") is None, "the account is gone by hand")
    problem = api.problem("not-empty", "POST", "/accounts", {"id": "old"}).json()
    check("1 users and tokens" in problem["detail"], problem["detail"])
    api.want(204, "DELETE", "/users/left")
    api.want(201, "POST", "/accounts", {"id": "old"})
    return words


@test
def nothing_that_names_an_account_outlives_it_over_two_masters(b):
    return deletions_beside(masters(b, Cluster(b, 1)), ROUNDS)


def quotas(servers, n):
    first, last = servers[0], servers[-1]

    def account(name, **quota):
        made(first, "POST", "/accounts", {"id": name, "quota": quota})
        wait_for(lambda: account_of(last, name), "the other master has the account", 20)
        return name

    # 16 writers, 5 mounts of 10 listeners.
    name = account("many-%d" % n, mounts=5, listeners=50)
    answers = at_once([(servers[i % len(servers)], "POST", "/mounts",
                        {"mount": "/many-%d-%d" % (n, i), "account": name, "limits": {"listeners": 10}}) for i in range(16)])
    equal(statuses(answers), {201: 5, 409: 11}, "of 16 creations, round %d: %s" % (n, [text[:200] for _, text in answers]))
    settled(servers, name, {"listeners": 50, "bitrate": 0, "mounts": 5, "storage": 0})

    # Two changes, of listeners and of bitrate, each right without the other.
    for kind in ("listeners", "bitrate"):
        name = account("%s-%d" % (kind, n), **{kind: 50})
        mounts = ["/%s-%d-%d" % (kind, n, i) for i in range(2)]
        for mount in mounts:
            made(first, "POST", "/mounts", {"mount": mount, "account": name, "limits": {kind: 10}})
        wait_for(lambda: used_by(last, name)[kind] == 20, "the other master has both mounts", 20)
        answers = at_once([(servers[i % len(servers)], "PATCH", "/mounts" + mounts[i], {"limits": {kind: 40}}) for i in range(2)])
        equal(statuses(answers), {200: 1, 409: 1}, "two changes of %s, round %d: %s" % (kind, n, answers))
        wait_for(lambda: [used_by(s, name)[kind] for s in servers] == [50] * len(servers), "50 are used", 20)

    # A creation beside a change.
    name = account("beside-%d" % n, listeners=50)
    made(first, "POST", "/mounts", {"mount": "/beside-%d" % n, "account": name, "limits": {"listeners": 10}})
    wait_for(lambda: used_by(last, name)["mounts"] == 1, "the other master has the mount", 20)
    answers = at_once([(first, "PATCH", "/mounts/beside-%d" % n, {"limits": {"listeners": 30}}),
                       (last, "POST", "/mounts", {"mount": "/new-%d" % n, "account": name, "limits": {"listeners": 30}})])
    check({answers[0][0], answers[1][0]} in ({200, 409}, {409, 201}), "a creation beside a change, round %d: %s" % (n, answers))
    check(used_by(first, name)["listeners"] <= 50 and used_by(last, name)["listeners"] <= 50, "more than 50 are used")

    # Two mounts are given to one account.
    name = account("given-%d" % n, mounts=1)
    for i in range(2):
        made(first, "POST", "/mounts", {"mount": "/given-%d-%d" % (n, i)})
        wait_for(lambda: send(last, "GET", "/mounts/given-%d-%d" % (n, i))[0] == 200, "the other master has the mount", 20)
    answers = at_once([(servers[i % len(servers)], "PATCH", "/mounts/given-%d-%d" % (n, i), {"account": name}) for i in range(2)])
    equal(statuses(answers), {200: 1, 409: 1}, "two mounts given to one account, round %d: %s" % (n, answers))


@test
def quotas_hold_in_files(b):
    server = store_server(b, limits="<sources>5000</sources>")
    for n in range(ROUNDS):
        quotas([server], n)


@test
def quotas_hold_over_two_masters(b):
    servers = masters(b, Cluster(b, 1))
    for n in range(ROUNDS):
        quotas(servers, n)
