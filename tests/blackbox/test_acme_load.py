"""Renewals under load: listeners are not affected, and the cost is small.  LB_FULL=1: a hundred renewals."""
import os
import re
import sys
import time

from authority import Authority
from harness import check, equal, free_port, test, wait_for
from https_radio import NAME, comes, radio, verified

FULL = bool(os.environ.get("LB_FULL"))
RENEWALS = 100 if FULL else 6
BESIDE = 20 if FULL else 4      # encoders; ten listeners each
# Of processor time, with what a reload costs taken off. A sanitizer takes many times as long.
RENEWAL_MS = 20 if FULL else 200


def processor_ms(pid):
    """The processor time of all threads, including ended ones: clock_getcpuclockid(3)."""
    return time.clock_gettime((~pid << 3) | 2) * 1e3


def body(server, number, names):
    """Each number makes another configuration: if the names are the same, it is read and nothing is ordered."""
    return re.sub("<acme>(<email>.*</names>)?", "<acme><email>a%d@example.org</email><names>%s</names>" % (number, names), server.slots["body"])


def names(number):
    return NAME if number % 2 else NAME + " www.example.org"


def renew(server, number, meanwhile=lambda: None):
    server.reload(body=body(server, number, names(number)))

    def came():
        meanwhile()
        return server.log().count("a new certificate for") == number + 2
    wait_for(came, "certificate %d comes: %s" % (number, server.log()[-1500:]), 60)


@test
def nobody_is_cut_by_renewals(t):
    port = free_port()
    authority = Authority(t, port, bad_nonces=50)
    server = radio(t, authority, port, limits="<sources>50</sources><clients>1000</clients>").start()
    comes(server)
    sources = [server.source("/m%d.mp3" % i, port=server.tls, wrap=verified(authority)) for i in range(BESIDE)]
    listeners = [[server.listener(source.mount, port=server.tls, wrap=verified(authority)) for _ in range(10)] for source in sources]
    played = 0

    def play():
        nonlocal played
        played += 1
        for source, its in zip(sources, listeners):
            sent = source.play(2)
            for listener in its:
                equal(listener.read(len(sent)), sent, "what %s got" % source.mount)
                listener.audio = b""
    for number in range(RENEWALS):
        renew(server, number, play)
        play()
    equal(authority.issued(), RENEWALS + 1, "certificates")
    check("no certificate for" not in server.log(), "none has failed")
    sys.stderr.write("%d renewals, %d listeners, %d encoders: each listener got %d frames\n" % (RENEWALS, 10 * BESIDE, BESIDE, 2 * played))


@test
def a_renewal_costs_little(t):
    port = free_port()
    authority = Authority(t, port)
    server = radio(t, authority, port).start()
    comes(server)

    def cost(run):
        before = processor_ms(server.process.pid)
        for number in range(RENEWALS):
            run(number)
        return (processor_ms(server.process.pid) - before) / RENEWALS

    def read(number):
        seen = server.log().count("it is renewed ")
        server.reload(body=body(server, 1000 + number, NAME))
        wait_for(lambda: server.log().count("it is renewed ") > seen, "it is read")
    server.reload(body=body(server, 999, NAME))
    reload = cost(read)
    renewal = cost(lambda number: renew(server, number))
    sys.stderr.write("a reload %.1f ms, with a renewal %.1f ms of processor time\n" % (reload, renewal))
    check(renewal - reload <= RENEWAL_MS, "a renewal costs %.1f ms of processor time, a reload %.1f" % (renewal - reload, reload))
