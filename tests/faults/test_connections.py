"""Calls for connections fail: accepting, listening, connecting.  Connected listeners hear on."""
import errno
import time

from faulty import GAP, Witnesses
from harness import check, equal, listen_socket, test, wait_for
from media import mp3_frame
from ports import free_port
from syscalls import Rule
from upstream import Upstream, stream


@test
def who_comes_waits_and_who_is_in_hears_on(t):
    w = Witnesses(t)
    for error in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ECONNABORTED, errno.EPERM, errno.EINTR):
        w.during(Rule("accept4", error=error, times=3), act=lambda: [w.knock() for _ in range(3)])
        w.join()
    # A shortage that lasts costs no processor: the server looks ten times a second, on each of its workers.
    for error in (errno.ENOMEM, errno.ENOBUFS, errno.EMFILE):
        begin = w.studio.number
        w.during(Rule("accept4", error=error), act=w.knock, wait=lambda: w.studio.number > begin + 80)
        check(w.faults.hits() < 200, "accept4 was called %d times in 2 s" % w.faults.hits())
        w.join()
    w.judge()


@test
def options_of_a_socket_that_cannot_be_set_cost_that_connection_at_most(t):
    w = Witnesses(t)
    for call in ("setsockopt", "getsockopt"):
        for error in (errno.ENOBUFS, errno.EINVAL):
            w.during(Rule(call, error=error, times=20), act=lambda: [w.knock() for _ in range(3)], hits=0)
            w.join()
    w.during(Rule("epoll_ctl", error=errno.ENOMEM, path="socket:", times=3), act=lambda: [w.knock() for _ in range(4)])
    w.join()
    w.judge()


@test
def a_port_that_cannot_be_opened_is_named_and_the_others_stay(t):
    w = Witnesses(t)
    sockets = w.server.slots["sockets"]
    for call, error in (("socket", errno.EMFILE), ("bind", errno.EADDRNOTAVAIL), ("listen", errno.EADDRINUSE)):
        port = free_port()
        w.server.write_config(sockets=sockets + listen_socket(port))
        w.during(Rule(call, error=error, times=9), act=lambda: w.server.send_signal(1), logged="(EROR|WARN) .*%d" % port)
        w.server.reload(sockets=sockets)
    w.judge()


@test
def a_relay_that_cannot_connect_tries_again(t):
    up = Upstream(t, lambda text: stream())
    frames = b"".join(mp3_frame("U", n) for n in range(100))
    w = Witnesses(t)
    body = w.server.slots["body"]
    relay = "<relay><server>127.0.0.1</server><port>%d</port><mount>/far.mp3</mount><local-mount>/far.mp3</local-mount></relay>" % up.port
    for n, rule in enumerate((Rule("socket", error=errno.EMFILE, times=2), Rule("socket", error=errno.ENOBUFS, times=2),
                              Rule("connect", error=errno.EADDRNOTAVAIL, times=2), Rule("connect", error=errno.ECONNREFUSED, times=2),
                              Rule("getsockopt", error=errno.ENOBUFS, path="socket:", times=2))):
        w.server.write_config(body=body + relay)
        w.during(rule, act=lambda: w.server.send_signal(1), hits=0 if rule.call == "getsockopt" else 1,
                 logged=None if rule.call == "getsockopt" else "(EROR|WARN) .*far.mp3", counted=False)
        up.asked(n + 1)
        up.send(frames)
        wait_for(lambda: w.server.stat("/far.mp3", "listeners") is not None, "the relay runs behind %s" % rule, 20)
        up.hang_up()
        w.server.reload(body=body)
    w.during(Rule("none"), hits=0)
    w.judge()


@test
def a_name_that_is_not_answered_is_asked_again_and_holds_up_nothing(t):
    up = Upstream(t, lambda text: stream())
    w = Witnesses(t)
    body = w.server.slots["body"]
    relay = "<relay><server>localhost</server><port>%d</port><mount>/far.mp3</mount><local-mount>/far.mp3</local-mount></relay>" % up.port
    w.server.write_config(body=body + relay)
    w.during(Rule("getaddrinfo", error=-3, path="localhost", times=2), act=lambda: w.server.send_signal(1), logged="(EROR|WARN) .*localhost",
             counted=False)
    up.asked(1)
    up.hang_up()
    w.server.reload(body=body)
    w.server.write_config(body=body + relay.replace("localhost", "LOCALHOST"))
    w.during(Rule("getaddrinfo", seconds=5, path="LOCALHOST", times=1), act=lambda: w.server.send_signal(1), counted=False)
    w.join()
    up.asked(2)
    up.hang_up()
    w.server.reload(body=body)
    w.counts["threads"] += 1    # the resolver's, which stays
    w.during(Rule("none"), hits=0)
    w.judge()


@test
def a_webhook_whose_name_is_not_answered_holds_up_no_login(t):
    w = Witnesses(t, body='<webhook url="http://hook.test:9/" events="source-disconnect"/>')

    def log_in():
        begin = time.monotonic()
        equal(w.offer(), 200, "the status of a source")
        check(time.monotonic() - begin < GAP, "a source waited for %.1f s" % (time.monotonic() - begin))
        return "hook.test" in w.server.log()    # a call has timed out

    w.during(Rule("getaddrinfo", seconds=9, path="hook.test"), act=log_in, wait=log_in, counted=False)
    w.join()
    w.judge()


@test
def a_port_of_nodes_or_a_balancer_that_cannot_accept_costs_no_processor(t):
    links, agent = free_port(), free_port()
    w = Witnesses(t, body='<cluster><id>m</id><cluster-port>%d</cluster-port><agent port="%d" bind-address="127.0.0.1"/>'
                          '<node id="c" secret="s-c"/></cluster>' % (links, agent))
    for port, error in ((agent, errno.ENOBUFS), (links, errno.EMFILE), (links, errno.ENOMEM), (agent, errno.EMFILE)):
        begin = w.studio.number
        w.during(Rule("accept4", error=error, thread="icecast-lb"), act=lambda port=port: w.server.wire(port=port),
                 wait=lambda begin=begin: w.studio.number > begin + 40, counted=False)
        check(w.faults.hits() < 40, "accept4 was called %d times in 1 s" % w.faults.hits())
    w.judge()
