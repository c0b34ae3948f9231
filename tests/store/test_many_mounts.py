"""A store of 10,000 mounts (LB_FULL=1; else 1,000): the start, the memory, and the cost of one change for control."""
import http.client
import os
import pathlib
import re
import threading
import time

from api import STORE, Api, encoded, store_server
from etcd import PREFIX, Cluster, Tool, b64
from harness import ADMIN, check, equal, free_port, test, wait_for
from tasks import schedule_of, tasks_of
from threads import all_at_once

COUNT = 10000 if os.environ.get("LB_FULL") else 1000
START, RSS, CHANGE = 3.0, 100 * 1024, 0.010  # seconds, KiB, seconds of the control thread
WRITERS, CHANGES = 8, 400
LEAST_RATE = 300  # changes a second of all writers, where nothing else runs (LB_FULL=1)
IDLE, IDLE_COST = 4, 0.005  # seconds, and what all threads may use of each; the goal is 0.001
AT_ONCE = 50  # records of one transaction
ON_THE_WAY = 8  # transactions: more of them on a busy machine and the last ones wait past their 2 s in etcd


def template(b):
    """The record of a typical mount as the API writes it, with this name."""
    server = store_server(b)
    Api(server).mount("/NAME", settings={
        "stream-name": "The stream of NAME", "stream-description": "Music all day", "genre": "various", "max-listeners": 100,
        "fallback-mount": "/silence.mp3"}, limits={"listeners": 100, "bitrate": 128})
    face = server.dir / "records" / "mounts.d" / "NAME.xml"
    text = wait_for(lambda: face.exists() and face.read_text(), "the record is written")
    server.stop()
    return lambda name: text.replace("NAME", name)


def fill(b, tool, record):
    for begun, at in enumerate(range(0, COUNT, AT_ONCE)):
        wait_for(lambda: len(tool.answers) > begun - ON_THE_WAY, "a transaction before it is answered", 120)
        tool.begin({"mounts/%%2Fm%05d" % i: record("m%05d" % i) for i in range(at, min(at + AT_ONCE, COUNT))})
    wait_for(lambda: len(tool.answers) == (COUNT + AT_ONCE - 1) // AT_ONCE, "all records are written", 120)
    equal({answer["result"] for answer in tool.answers.values()}, {"done"}, "answers")


def rss(server, name="VmRSS"):
    with open("/proc/%d/status" % server.process.pid) as status:
        return int(re.search(name + r":\s+(\d+)", status.read()).group(1))


def control_seconds(server):
    return schedule_of(pathlib.Path("/proc/%d/task/%d" % (server.process.pid, server.process.pid)))[0] / 1e9


def all_seconds(server):
    """The processor time of all threads, and how often one of them has begun to run."""
    rows = [schedule_of(task) for _, task in tasks_of(server.process.pid)]
    return sum(used for used, _ in rows) / 1e9, sum(turns for _, turns in rows)


def many_changes(server):
    """Writers that each wait for their answers: changes a second, and the cost of one for control."""
    left, lock = list(range(CHANGES)), threading.Lock()

    def write(number):
        connection = http.client.HTTPConnection(*server.address, timeout=60)
        headers = {"Authorization": "Basic " + b64(ADMIN), "Content-Type": "application/json"}
        while True:
            with lock:
                if not left:
                    break
                n = left.pop()
            connection.request("PATCH", "/api/v1/mounts/m%05d" % ((n * 397) % COUNT), '{"settings":{"genre":"w%d-%d"}}' % (number, n), headers)
            reply = connection.getresponse()
            text = reply.read().decode()
            equal(reply.status, 200, text[:300])
        connection.close()
    before, begin = control_seconds(server), time.monotonic()
    all_at_once(write, range(WRITERS))
    took = time.monotonic() - begin
    return CHANGES / took, (control_seconds(server) - before) / CHANGES


def idle(server):
    """For a second without requests: processor time, and wake-ups."""
    def quiet():
        before = all_seconds(server)
        time.sleep(IDLE)  # what is measured is time
        used, turns = all_seconds(server)
        costs.append(((used - before[0]) / IDLE, (turns - before[1]) / IDLE))
        return costs[-1][0] <= IDLE_COST
    costs = []
    wait_for(quiet, "it uses nothing while nothing happens: %r" % costs, 60)
    return costs[-1]


def change(server, i, n):
    reply = server.ask("PATCH /api/v1/mounts/m%05d HTTP/1.1" % i, ["Host: x"], ADMIN, b'{"settings":{"genre":"g%d"}}' % n)
    equal(reply.status, 200, reply.text[:300])


def measured(b, server):
    begin = time.monotonic()
    server.start()  # it listens; the first answer comes when the records are in force
    equal(server.ask("GET /api/v1/mounts/m%05d HTTP/1.1" % (COUNT - 1), ["Host: x"], ADMIN).status, 200, "the last mount")
    started = time.monotonic() - begin
    memory = rss(server)

    # One after the other; the answer comes when it is in force.
    costs, answers = [], []
    for n in range(20):
        before, begin = control_seconds(server), time.monotonic()
        change(server, (n * 397) % COUNT, n)
        answers.append(time.monotonic() - begin)
        costs.append(control_seconds(server) - before)
    check(server.get("/admin/listmounts", ADMIN).status == 200, "listmounts")
    pages, after, names = [], "", 0
    while after is not None:
        begin = time.monotonic()
        page = server.ask("GET /api/v1/mounts?most=500%s HTTP/1.1" % after, ["Host: x"], ADMIN).json()
        pages.append(time.monotonic() - begin)
        names += len(page["items"])
        after = "&after=" + encoded(page["next"]) if "next" in page else None
    equal(names, COUNT, "mounts in the pages")
    rate, each = many_changes(server)
    cost, turns = idle(server)
    # A mount of the store is fed and heard while others are changed.
    api = Api(server)
    login = "source:" + api.want(200, "POST", "/mounts/m%05d/password" % 7).json()["source"]["password"]
    source = server.source("/m00007", login=login)
    source.play(20)
    listener = server.listener("/m00007")
    change(server, 8, 99)
    heard = source.play(10)
    listener.read_until(heard[-384:])
    words = "start %.2f s, %d MiB (most %d MiB); a change: control %.1f ms (most %.1f ms), answered after %.0f ms; a page of 500: %.0f ms; %d writers: %.0f changes a second, control %.1f ms each; idle %.2f ms and %.1f wake-ups a second" % (
        started, memory // 1024, rss(server, "VmHWM") // 1024, sum(costs) / len(costs) * 1000, max(costs) * 1000,
        sorted(answers)[len(answers) // 2] * 1000, max(pages) * 1000, WRITERS, rate, each * 1000, cost * 1000, turns)
    check(started <= START, words)
    check(memory <= RSS, words)
    check(sum(costs) / len(costs) <= CHANGE, words)
    check(each <= CHANGE, words)
    check(rate >= LEAST_RATE or not os.environ.get("LB_FULL"), words)
    return words


@test
def ten_thousand_mounts_in_files(b):
    record = template(b)
    port = free_port()
    server = b.unstarted_server(sockets="<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address></listen-socket>" % port,
                                limits="<sources>20000</sources>")
    server.write_config(body=STORE % {"dir": server.dir})
    tool = Tool(b, {"type": "files", "path": str(server.dir / "records")}).load()
    fill(b, tool, record)
    last = server.dir / "records" / "mounts.d" / ("m%05d.xml" % (COUNT - 1))
    wait_for(lambda: last.exists() and not (server.dir / "records" / "pending").exists(), "the files are written", 120)
    tool.close()
    server.write_config()  # its user has them
    return measured(b, server)


@test
def ten_thousand_mounts_in_etcd(b):
    record = template(b)
    cluster = Cluster(b, 1)
    port = free_port()
    server = b.unstarted_server(sockets="<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address></listen-socket>" % port,
                                limits="<sources>20000</sources>")
    server.write_config(body='<store type="etcd" prefix="%s" path="%s/store.copy"><member>%s</member></store>' % (
        PREFIX, server.dir, cluster.urls[0]))
    tool = Tool(b, cluster.settings()).load()
    fill(b, tool, record)
    tool.close()
    return measured(b, server)
