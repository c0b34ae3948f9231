"""Every backend gives invalid answers: listeners hear on, nothing grows, no password is in a log, and each fault has
its log line and its pause."""
import re
import time

from auth_bench import backend_of, url_mount
from harness import check, equal, mount, request, test, wait_for
from hostile import BEHAVIOURS, Hostile, silence, slow_body, slow_head, stream_that_ends
from recorded import metric
from threads import all_at_once
from witness import Witness

SECRET = "c0ffee-s3cret"
SLOW = (slow_body, slow_head, silence)


@test
def no_backend_holds_up_what_is_not_its(t):
    backends = [Hostile(t, behaviour) for behaviour in BEHAVIOURS]
    parts = []
    for i, one in enumerate(backends):
        where = "http://bob:%s@127.0.0.1:%d/x?key=%s" % (SECRET, one.port, SECRET)
        parts += ["<relay><server>127.0.0.1</server><port>%d</port><mount>/up</mount><local-mount>/relay%d</local-mount><username>bob</username>"
                  "<password>%s</password></relay>" % (one.port, i, SECRET), '<webhook url="%s" secret="%s"/>' % (where, SECRET),
                  mount("/auth%d" % i, '<authentication type="url"><option name="listener_add" value="%s"/></authentication>' % where)]
    server = t.server(limits="<sources>100</sources>", body="".join(parts))
    witness = Witness(server)
    for i in range(len(backends)):
        server.source("/auth%d" % i).play(20)
    statuses = {}

    def come(i):
        wire = server.wire()
        wire.send(request("GET /auth%d HTTP/1.0" % i, [], "anna:" + SECRET))
        statuses[BEHAVIOURS[i].__name__] = wire.reply_head().status
    all_at_once(come, [i for i, behaviour in enumerate(BEHAVIOURS) if behaviour not in SLOW])
    equal({name: status for name, status in statuses.items() if status not in (302, 401, 403)}, {}, "listeners that were let in")
    # A stream that ends at once is asked for a sixteenth of the time later: 16 times in 4 s, 8 in the next 4 s …
    ends = backends[BEHAVIOURS.index(stream_that_ends)]
    wait_for(lambda: len(re.findall(r"relay /relay\d+: .*; asked again in 500ms", server.log())) >= 2, "it is asked more seldom", 15)
    check(len(ends.requests) < 60, "it was asked %d times" % len(ends.requests))
    witness.end(grown=64_000)
    check(SECRET not in server.log() + server.log("access") + server.out.read_text(), "no password is in a log")


@test
def a_silent_backend_of_40_mounts_leaves_places_for_other_backends(t):
    silent, quick = Hostile(t, silence), backend_of(t)
    server = t.server(limits="<sources>100</sources><clients>1000</clients>",
                      body="".join(url_mount("/silent%d" % i, listener_add="http://127.0.0.1:%d/" % silent.port) for i in range(40)) +
                      url_mount("/quick", listener_add=quick.url()))
    for name in ["/silent%d" % i for i in range(40)] + ["/quick"]:
        server.source(name)
    wires = []
    for i in range(400):
        wires.append(server.wire())
        wires[-1].send("GET /silent%d HTTP/1.0\r\n\r\n" % (i % 40))
    wait_for(lambda: sum(metric(server, "icecast_auth_backend_requests_" + state) for state in ("in_flight", "waiting")) == 400,
             "ten requests of each mount are under way or wait")
    for _ in range(5):
        begin = time.monotonic()
        listener = server.wire()
        listener.send("GET /quick HTTP/1.0\r\n\r\n")
        equal(listener.reply_head().status, 200)
        check(time.monotonic() - begin < 2, "a listener of another backend waited for %.1f s" % (time.monotonic() - begin))
