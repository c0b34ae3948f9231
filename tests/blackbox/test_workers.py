"""The worker that a listener comes to: those of a mount are at one, mounts are spread over all."""
import re
import threading

from harness import ADMIN, check, equal, mount, test, wait_for
from heard import read_until_heard
from tls_bench import TLS_SOCKETS, tls, tls_server

THREADS = 4
LIMITS = "<threads>%d</threads><clients>500</clients><sources>100</sources>" % THREADS


def at_workers(server):
    """The listeners of each worker."""
    return [int(n) for n in re.findall(r'^icecast_worker_listeners\{loop="worker\d+"\} (\d+)$', server.get("/metrics").text, re.M)]


def wait_for_listeners(server, count):
    found = []

    def all_here():
        found[:] = at_workers(server)
        return sum(found) == count
    wait_for(all_here, "%d listeners are at the workers" % count)
    return found


@test
def listeners_of_a_mount_are_at_one_worker(t):
    server = t.server(limits=LIMITS)
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener() for _ in range(32)]
    equal(sorted(wait_for_listeners(server, 32)), [0] * (THREADS - 1) + [32])
    sent += source.play(200)
    for listener in listeners:
        check(sent.startswith(listener.read(len(sent) - 384)), "what came differs from what was sent")
    equal(server.stat("/live.mp3", "listeners"), "32")
    for listener in listeners:
        listener.close()
    source.play(200)
    wait_for_listeners(server, 0)
    equal(server.stat("/live.mp3", "listeners"), "0")


@test
def mounts_are_spread_over_the_workers(t):
    server = t.server(limits=LIMITS)
    mounts = ["/m%d" % i for i in range(16)]
    sources = [server.source(each) for each in mounts]
    for source in sources:
        source.play(20)
    for each in mounts:
        server.listener(each)
        server.listener(each)
    # The worker of its source may have a mount more than the others, and a quarter of theirs.
    found = wait_for_listeners(server, 32)
    check(all(n % 2 == 0 and 2 <= n <= 16 for n in found), "listeners at the workers: %r" % found)


@test
def listeners_by_tls_are_with_the_others(t):
    server = tls_server(t, limits=LIMITS)
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener(), *(server.listener(port=server.ports[1], wrap=tls()) for _ in range(12)), server.listener()]
    equal(sorted(wait_for_listeners(server, 14)), [0] * (THREADS - 1) + [14])
    sent += source.play(200)
    for listener in listeners:
        check(sent.startswith(listener.read(len(sent) - 384)), "what came differs from what was sent")


@test
def listeners_that_are_handed_over_go_to_the_fallback_and_come_back(t):
    server = t.server(limits=LIMITS, body=mount("/live", "<fallback-mount>/spare</fallback-mount><fallback-override>1</fallback-override>"))
    spare, live = server.source("/spare", tag="S"), server.source("/live", tag="L")
    early = [server.listener("/live") for _ in range(6)]
    for listener in early:
        read_until_heard(listener, live, "L", spare)
    live.leave()
    for listener in early:
        read_until_heard(listener, spare, "LS")
    late = [server.listener("/live") for _ in range(6)]
    for listener in late:
        read_until_heard(listener, spare, "S")
    equal(server.stat("/spare", "listeners"), "12")
    live = server.source("/live", tag="M")
    for listener in early:
        read_until_heard(listener, live, "LSM", spare)
    for listener in late:
        read_until_heard(listener, live, "SM", spare)
    equal((server.stat("/live", "listeners"), server.stat("/spare", "listeners")), ("12", "0"))


@test
def a_source_that_comes_and_goes_meets_every_listener_that_is_on_its_way(t):
    """Whoever asks for it in whatever moment ends where they belong: they hear the mount when it is there."""
    server = t.server(limits=LIMITS, body=mount("/live", "<fallback-mount>/spare</fallback-mount><fallback-override>1</fallback-override>"))
    spare = server.source("/spare", tag="S")
    spare.play(50)
    listeners = []

    def join():
        for _ in range(40):
            listeners.append(server.listener("/live"))
    for _ in range(3):
        joins = threading.Thread(target=join)
        joins.start()
        live = server.source("/live", tag="L")
        live.play(20)
        joins.join()
        wait_for(lambda: spare.play(5) and live.play(5) and server.stat("/live", "listeners") == str(len(listeners)),
                 "all %d listeners are at the mount" % len(listeners))
        live.leave()
        wait_for(lambda: spare.play(5) and server.stat("/spare", "listeners") == str(len(listeners)),
                 "all %d listeners are at the fallback" % len(listeners))


@test
def limits_are_exact_wherever_a_listener_is(t):
    server = t.server(limits=LIMITS, body=mount("/live", "<max-listeners>10</max-listeners>"))
    source = server.source("/live")
    source.play(50)
    heads = []

    def ask():
        for _ in range(10):
            heads.append(server.wire())
            heads[-1].send(b"GET /live HTTP/1.0\r\n\r\n")
    crowds = [threading.Thread(target=ask) for _ in range(4)]
    for crowd in crowds:
        crowd.start()
    for crowd in crowds:
        crowd.join()
    answers = sorted(wire.reply_head().status for wire in heads)
    equal(answers, [200] * 10 + [403] * 30)
    equal(server.stat("/live", "listeners"), "10")
    rows = re.findall(r"<ID>(\d+)</ID>|<id>(\d+)</id>", server.get("/admin/listclients?mount=/live", ADMIN).text)
    equal(len(rows), 10, "rows of listclients")
    for row in rows:
        check("Client" in server.get("/admin/killclient?mount=/live&id=%s" % (row[0] or row[1]), ADMIN).text, "killclient")
    wait_for(lambda: source.play(5) and server.stat("/live", "listeners") == "0", "all are gone")
    wait_for_listeners(server, 0)
