"""The counts of listeners when the server is replaced: the same as without an upgrade."""
import json
import os
import pathlib
import re
import socket
import threading
import time

from api import Api
from browser_login import Browser
from events import Events
from harness import ADMIN, check, equal, give_away, mount, test, wait_for
from hls_check import Watch
from http_backend import HttpBackend, send
from media import MP3_FRAME
from recorder import Studio, recorded_seconds
from replacing import counters, none_went_back, serving, upgrade
from tls_bench import TLS_SOCKETS, certificate, tls
from wire import request


def audience_server(t):
    place = t.dir / "state"
    place.mkdir()
    give_away(place)
    return t.server(body="<console>1</console><audience/>", paths="<state-dir>%s</state-dir>" % place)


def left(server, source, count):
    """Waits until this many listeners are left; closed ones are detected when data is sent to them."""
    def so_many():
        source.play(10)
        return server.stat("/live.mp3", "listeners") == str(count)
    wait_for(so_many, "%d listeners are left" % count)


def sessions(server):
    return Api(server).want(200, "GET", "/audience/sessions?most=500&all=1").json()["items"]


def ended(server, count):
    def all_there():
        rows = sessions(server)
        return rows if len(rows) == count and not any(row["open"] for row in rows) else None
    return wait_for(all_there, "%d sessions have ended" % count, 20)


@test
def who_stays_while_the_audience_is_off_ends_no_other_listening(t):
    """The audience is off in one process of three, whose listeners would have the numbers of later ones."""
    server = audience_server(t)
    source = server.source()
    source.play(50)
    before = [server.listener(lines=["User-Agent: VLC/3.0.%d" % i]) for i in range(2)]
    for body in ("<console>1</console>", "<console>1</console><audience/>"):
        server.write_config(body=body)
        upgrade(server)
        source.play(20)
    behind = [server.listener(lines=["User-Agent: mpv 0.3%d" % i]) for i in range(2)]
    wait_for(lambda: len([row for row in sessions(server) if row["open"]]) == 2, "two listen that are known: %r" % sessions(server))
    for listener in before:
        listener.close()
    left(server, source, 2)
    behind[0].close()
    left(server, source, 1)
    wait_for(lambda: sorted(row["open"] for row in sessions(server) if row["player"] == "mpv") == [0, 1],
             "one has left, and one listens on: %r" % sessions(server))


@test
def each_listening_is_counted_once_and_to_the_second(t):
    server = audience_server(t)
    source = server.source()
    source.play(100)
    agents = ["VLC/3.0.20", "mpv 0.35", "foobar2000/1.6", "Icecast 2.4.4"]
    listeners = [server.listener(lines=["User-Agent: " + agent]) for agent in agents]
    for round_ in range(3):
        source.play(50)
        upgrade(server)
        source.play(50)
    # One that comes behind them has a number of its own.
    listeners.append(server.listener(lines=["User-Agent: ffplay"]))
    source.play(50)
    for listener in listeners[:2] + listeners[4:]:
        listener.close()
    # One of them is a server, which is no listener.
    left(server, source, 1)
    upgrade(server)
    for listener in listeners[2:4]:
        listener.close()
    left(server, source, 0)
    rows = ended(server, 5)
    equal([row["connections"] for row in rows], [1] * 5, "each was one connection")
    access = [line for line in server.log("access").splitlines() if "GET /live.mp3" in line]
    equal(len(access), 5, "lines in the access log")
    logged = sorted((int(line.split('" ')[1].split()[1]), int(line.rsplit(" ", 1)[1])) for line in access)
    told = sorted((row["bytes"], row["seconds"]) for row in rows)
    equal([bytes_ for bytes_, _ in told], [bytes_ for bytes_, _ in logged], "the bytes of each")
    check(all(abs(a - b) <= 1 for (_, a), (_, b) in zip(told, logged)), (told, logged))
    check("end where they were heard last" not in server.log(), "no listening was cut")
    equal(server.stop(), 0)


@test
def each_way_of_listening_is_counted_once(t):
    """Plain, with ICY titles, over TLS, in the past and by HLS: the same numbers as without an upgrade."""
    server = t.unstarted_server(sockets=TLS_SOCKETS)
    (server.dir / "state").mkdir()
    certificate(server.dir, "radio.test")
    server.write_config(body="<console>1</console><audience/><hls><segment>2</segment></hls><archive><dir>%s/archive</dir></archive>" % server.dir +
                        mount("/live.mp3", "<archive><enabled>1</enabled></archive><hls>1</hls>"),
                        paths="<state-dir>%s/state</state-dir><ssl-certificate>%s/tls.pem</ssl-certificate>" % (server.dir, server.dir),
                        limits="<source-timeout>120</source-timeout>")
    server.start()
    studio = Studio(t, server).until_recorded(6)
    ways = {"VLC/3.0.20": {}, "mpv 0.35": {"icy": True}, "foobar2000/1.6": {"port": server.ports[1], "wrap": tls()},
            "Winamp 5": {"mount": "/live.mp3?timeshift=4"}}
    began = time.monotonic()
    listeners = [server.listener(lines=["User-Agent: " + agent], **how) for agent, how in ways.items()]
    player = Watch(*server.address, "/live.mp3/live.m3u8", agent="AppleCoreMedia/1.0.0")
    t.owned(player)
    for _ in range(3):
        for listener in listeners:
            listener.read(70 * MP3_FRAME)
        player.poll()
        upgrade(server)
    while time.monotonic() < began + 9:
        for listener in listeners:
            listener.read(20 * MP3_FRAME)
        player.poll()
    heard = time.monotonic() - began
    for listener in listeners:
        listener.close()
    rows = wait_for(lambda: (lambda found: found if len(found) == 5 and not any(row["open"] for row in found) else None)(sessions(server)),
                    "five sessions have ended", 60)
    equal([(row["kind"], row["connections"]) for row in rows], [("listener", 1)] * 5, rows)
    equal(sorted(row["way"] for row in rows), ["hls", "past", "stream", "stream", "stream"])
    logged = {agent: line for line in server.log("access").splitlines() for agent in ways if agent in line}
    equal(len([line for line in server.log("access").splitlines() if any(agent in line for agent in ways)]), 4, "lines in the access log")
    equal(sorted(row["bytes"] for row in rows if row["way"] != "hls"), sorted(int(line.split('" ')[1].split()[1]) for line in logged.values()), "the bytes of each")
    check(all(abs(row["seconds"] - heard) <= 1 for row in rows if row["way"] != "hls"), (heard, rows))
    by_hls = next(row for row in rows if row["way"] == "hls")
    check(by_hls["bytes"] >= sum(len(seen[1]) for seen in player.seen.values()), (by_hls, len(player.seen)))
    check(heard - 3 <= by_hls["seconds"] <= heard + 7, (heard, by_hls))
    told = Api(server).want(200, "GET", "/audience/summary").json()
    equal((told["sessions"], told["bytes"], round(told["seconds"], 3)),
          (5, sum(row["bytes"] for row in rows), round(sum(row["seconds"] for row in rows), 3)))
    studio.close()
    equal(server.stop(), 0)


@test
def places_of_an_address_go_over(t):
    server = t.server(limits="<max-listeners-per-address>2</max-listeners-per-address>")
    source = server.source()
    source.play(50)
    first, second = server.listener(), server.listener()
    for round_ in range(2):
        upgrade(server)
        equal(server.get("/live.mp3").status, 403, "a third one")
    first.close()
    left(server, source, 1)
    third = server.listener()
    equal(server.get("/live.mp3").status, 403, "a third one")
    source.play(20)
    check(third.is_open() and second.is_open(), "both listen")


@test
def the_last_process_holds_what_the_first_held(t):
    """Descriptors, threads, and memory within 5 %, with a crowd that changes between upgrades, HLS and a recording."""
    server = t.unstarted_server(limits="<clients>500</clients>", sockets=TLS_SOCKETS)
    certificate(server.dir, "radio.test")
    server.write_config(body="<hls><segment>2</segment><window>12</window></hls><archive><dir>%s/archive</dir></archive>" % server.dir +
                        mount("/live.mp3", "<hls>1</hls><archive>1</archive>"), logging="<loglevel>3</loglevel>",
                        paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
    server.start()
    studio = Studio(t, server)
    # Its log and the window of HLS have their size then.
    wait_for(lambda: recorded_seconds(server) >= 14, "it is recorded", 30)
    crowd = [server.listener(icy=n % 2 == 0) for n in range(100)]

    def held():
        wait_for(lambda: server.stat("/live.mp3", "listeners") == str(len(crowd)), "all listen")
        place = pathlib.Path("/proc/%d" % serving(server))
        return {"KiB": int(re.search(r"RssAnon:\s+(\d+)", (place / "status").read_text())[1]), "descriptors": len(list((place / "fd").iterdir())),
                "threads": len(list((place / "task").iterdir())), "mappings": len((place / "maps").read_text().splitlines())}
    first = held()
    for round_ in range(50):
        upgrade(server)
        for one in crowd[:10]:
            one.close()
        crowd = crowd[10:] + [server.listener(icy=n % 2 == 0) for n in range(10)]
        server.listener(port=server.ports[1], wrap=tls()).close()
    last = held()
    check(abs(last["KiB"] - first["KiB"]) <= first["KiB"] // 20, "memory of the first and the last: %r, %r" % (first, last))
    # The channel to the process before is closed a moment later.
    check(last["descriptors"] <= first["descriptors"] + 2 and last["threads"] <= first["threads"], "of the first and the last: %r, %r" % (first, last))
    # vm.max_map_count ends a process that has too many.  A log has one for each segment, some more or less than a moment before.
    check(last["mappings"] <= first["mappings"] + 25, "mappings of the first and the last: %r, %r" % (first, last))
    left = [os.readlink(path) for path in pathlib.Path("/proc/%d/fd" % server.process.pid).iterdir()]
    check(sum("socket" in name for name in left) == 1, "the stand-in has its channel alone: %r" % left)
    studio.close()
    return "%r, then %r" % (first, last)


@test
def numbers_that_only_grow_go_on(t):
    server = audience_server(t)
    server.write_config(body=server.slots["body"] + "<hls><segment>2</segment><window>12</window></hls>" + mount("/live.mp3", "<hls>1</hls>"))
    server.reload()
    source = server.source()
    source.play(50)
    server.get("/live.mp3/live.m3u8")
    Browser(server).log_in()
    Browser(server).post("/admin/login", {"user": "admin", "password": "wrong"})
    server.get("/api/v1/mounts", ADMIN)
    server.get("/api/v1/nothing", ADMIN)
    before = counters(server)
    for name in ('lb_hls_requests_total{kind="master"}', 'icecast_logins_total{result="right"}', 'icecast_api_requests_total{status="200"}'):
        check(before[name] > 0, name)
    for round_ in range(2):
        upgrade(server)
        now = counters(server)
        none_went_back(before, now)
        before = now


@test
def events_that_wait_for_a_receiver_come_behind_an_upgrade(t):
    takes, got = [], []

    def answer(handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        if takes:
            got.append(body)
        send(handler, 200 if takes else 503)
    receiver = t.owned(HttpBackend({"POST": answer}))
    server = t.server(body='<webhook url="%s" events="source-connect"/>' % receiver.address("/"))
    for number in range(3):
        server.source("/%d.mp3" % number).play(10)
    server.wait_for_log("did not take the event source-connect of /0.mp3")
    takes.append(True)
    upgrade(server)
    # The first one may come twice: it was under way.
    wait_for(lambda: len({event["id"] for event in got}) >= 3, "the events come: %r" % got, 10)
    equal([event["subject"] for event in got if event["subject"] != "/0.mp3"], ["/1.mp3", "/2.mp3"])


@test
def a_reader_of_events_gets_what_it_has_missed_through_upgrades(t):
    server = t.server()
    reader = Events(server)
    server.source("/0.mp3").play(10)
    last = reader.next("source-connect")["id"]
    reader.wire.close()
    for number in range(1, 4):
        server.source("/%d.mp3" % number).play(10)
        upgrade(server)
    again, got = Events(server, last), []
    while "/3.mp3" not in [event["subject"] for event in got[-2:]] or got[-1]["event"] != "start":
        got.append(again.next())
    equal([event["subject"] for event in got if event["event"] == "source-connect"], ["/1.mp3", "/2.mp3", "/3.mp3"])
    run, number = last.split("-")
    equal([event["id"] for event in got], ["%s-%d" % (run, int(number) + n + 1) for n in range(len(got))], "ids")


@test
def readers_of_events_are_back_within_three_seconds(t):
    """Each stream tells its readers how long to wait."""
    server = t.server()
    server.source().play(10)
    readers = {}
    for path in ("/admin/events", "/api/v1/live", "/api/v1/now/live.mp3/events"):
        readers[path] = server.wire()
        readers[path].send(request("GET %s HTTP/1.1" % path, ["Host: x"], ADMIN))
        equal(readers[path].reply_head().status, 200, path)
    begin = time.monotonic()
    upgrade(server)
    for path, reader in readers.items():
        said = re.search(rb"(?m)^retry: (\d+)$", reader.take_all())
        after = time.monotonic() - begin + int(said[1]) / 1000
        check(after < 3, "a reader of %s comes again after %.2f s" % (path, after))


@test
def players_at_a_full_mount_do_not_keep_the_server_from_being_replaced(t):
    """Each of them waits for a moment whether a place of the cluster's limit becomes free."""
    server = t.server(limits="<clients>500</clients>", body=mount("/live.mp3", "<max-listeners-cluster>1</max-listeners-cluster>"))
    source = server.source("/live.mp3")
    first = server.listener("/live.mp3")
    source.play(20)
    over, statuses = threading.Event(), []

    def try_again():
        while not over.is_set():
            with socket.create_connection(("127.0.0.1", server.port), 5) as player:
                player.sendall(request("GET /live.mp3 HTTP/1.0"))
                statuses.append(player.recv(64)[9:12])
    players = [threading.Thread(target=try_again) for _ in range(30)]
    for player in players:
        player.start()
    try:
        wait_for(lambda: len(statuses) > 100, "they try again and again")
        equal(upgrade(server)[:3], (1, 1, 1), "went over")
        before = len(statuses)
        wait_for(lambda: len(statuses) > before + 100, "they still try")
    finally:
        over.set()
        for player in players:
            player.join()
    equal(set(statuses), {b"403"}, "each is answered")
    equal(server.stat("/live.mp3", "listeners"), "1", "listeners")
    first.close()
