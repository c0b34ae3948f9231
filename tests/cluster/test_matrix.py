"""Every master with every slave: icecast2 2.4.4, Icecast-KH and ours."""
import re

import foreign
from bench import LISTENER, Failed, Site, ask, ask_and_close, check, equal, master_body, node_at, slave_body, start, target_of, test, wait_for

OUR_SLAVE = ("<relays-on-demand>%d</relays-on-demand><master><server>%s</server><port>%d</port><username>relay</username>"
             "<password>rel-secret</password><interval>1</interval></master><master-public-slave>1</master-public-slave>"
             "<cluster><public-address>%s</public-address></cluster>")
# All servers of a test connect from 127.0.0.1.
OUR_MASTER = ("<max-redirect-slaves>-1</max-redirect-slaves><cluster><id>m1</id><balance hold='0' affinity='0'/>"
              "<capacity self-weight='0'/><legacy-slave address='127.0.0.1' public='%s'/></cluster>")

MASTERS = {
    "stock": lambda bench, site, edge: foreign.stock(bench, site).start(),
    "kh": lambda bench, site, edge: foreign.kh(bench, site, "<max-redirect-slaves>5</max-redirect-slaves>").start(),
    "ours": lambda bench, site, edge: start(bench, site, OUR_MASTER % edge.address),
}
SLAVES = {
    "stock": lambda bench, site, master: foreign.stock(bench, site, foreign.stock_slave_body(master)).start(),
    "kh": lambda bench, site, master: foreign.kh(bench, site, foreign.kh_slave_body(master)).start(),
    "ours": lambda bench, site, master: start(bench, site, OUR_SLAVE % (1, master.host, master.port, site.address)),
}


class Feeder:
    """A source whose stream continues while the test waits."""

    def __init__(self, source):
        self.source = source

    def until(self, fact, what, patience=20):
        def step():
            self.source.play(3)
            return fact()
        return wait_for(step, what, patience)


def first_source(server):
    if isinstance(server, foreign.Foreign):
        return server.source(lines=["User-Agent: feeder"])
    return server.source()


def plays(server, mount="/live.mp3"):
    """A listener of it gets audio."""
    def fact():
        try:
            reply, wire = ask(server, mount)
        except (OSError, Failed):
            return False
        wire.close()
        return reply.status == 200
    return fact


def relay_statuses(master, agent):
    """The statuses of the relay's requests for the mount, in the access log."""
    return re.findall(r'"GET /live\.mp3 HTTP/1\.[01]" (\d+) .* "%s' % agent, master.log("access"))


def couple(master_kind, slave_kind):
    def function(bench):
        site, edge = Site(11), Site(12)
        master = MASTERS[master_kind](bench, site, edge)
        feeder = Feeder(first_source(master))
        feeder.source.play(400)
        slave = SLAVES[slave_kind](bench, edge, site)
        feeder.until(plays(slave), "the stream plays on the slave: %s" % slave.log()[-800:])
        if master_kind != "ours":
            return
        # The slave's relay itself was served, and listeners go to the slave.
        feeder.until(lambda: ask_and_close(master).status == 302, "listeners are redirected: %s" % master.log()[-600:], 15)
        equal(target_of(ask_and_close(master)), edge.address, "target")
        feeder.until(plays(slave), "it plays still")
        check(not re.search(r'^127\.0\.0\.1 .* 302 ', master.log("access"), re.M), "a server was redirected")
    function.__name__ = "%s_master_with_%s_slave" % (master_kind, slave_kind)
    function.__module__ = __name__
    return test(function)


for one in MASTERS:
    for other in SLAVES:
        couple(one, other)


@test
def names_that_have_to_be_encoded_are_mirrored(bench):
    # KH's slaves do not decode: they get the names as they are.
    site, names = Site(11), ("/a%20b.mp3", "/%C3%BC.mp3")
    master = start(bench, site, OUR_MASTER % "127.0.0.1:1")
    feeders = [Feeder(master.source(name)) for name in names]
    for number, kind in enumerate(("stock", "ours")):
        edge = Site(12 + number)
        slave = SLAVES[kind](bench, edge, site)
        for name, feeder in zip(names, feeders):
            feeder.until(plays(slave, name), "%s plays on %s: %s" % (name, kind, slave.log()[-800:]))


@test
def a_kh_slave_with_another_name_is_a_slave_all_the_same(bench):
    # Somebody else is there to be redirected to.
    site, kh_site, edge = Site(11), Site(12), Site(13)
    master = start(bench, site, master_body({"e1": (edge, "")}, more="<legacy-slave address='127.0.0.1' public='%s'/>" % kh_site.address))
    feeder = Feeder(master.source())
    feeder.source.play(400)
    start(bench, edge, slave_body(site, "e1", edge))
    wait_for(lambda: node_at(master, "e1"), "our node is here")
    slave = foreign.kh(bench, kh_site, foreign.kh_slave_body(site, "<server-id>Foo/1</server-id>")).start()
    feeder.until(plays(slave), "the stream plays on it: %s" % slave.log()[-800:])
    feeder.until(lambda: len({target_of(ask_and_close(master)) for _ in range(10)}) == 2, "both get listeners", 15)
    check(not re.search(r'^127\.0\.0\.1 .* 302 ', master.log("access"), re.M), "a server was redirected")
    check(re.search(r'"Foo/1"', master.log("access")), "it calls itself Foo/1")


@test
def our_slave_gets_listeners_from_a_full_kh_master(bench):
    site, edge = Site(11), Site(12)
    master = foreign.kh(bench, site, "<max-redirect-slaves>5</max-redirect-slaves>"
                                     "<mount><mount-name>/live.mp3</mount-name><max-listeners>1</max-listeners></mount>").start()
    feeder = Feeder(first_source(master))
    feeder.source.play(400)
    slave = start(bench, edge, OUR_SLAVE % (0, site.host, site.port, edge.address))
    slave.wait_for_log("takes no reports")
    feeder.until(plays(slave), "the stream plays on the slave")

    def redirected():
        reply = ask_and_close(master)
        return reply.status == 302 and reply.get("Location").lower().endswith("%s/live.mp3" % edge.address)
    feeder.until(redirected, "KH sends listeners that it has no room for: %s" % master.log()[-500:], 20)


@test
def a_stock_server_that_is_master_and_slave_of_ours_keeps_no_echo(bench):
    for on_demand in (0, 1):
        site, middle = Site(11), Site(12)
        body = (OUR_SLAVE % (on_demand, middle.host, middle.port, site.address))
        master = start(bench, site, body)
        feeder = Feeder(master.source())
        feeder.source.play(400)
        stock = foreign.stock(bench, middle, foreign.stock_slave_body(site)).start()
        feeder.until(plays(stock), "the stream plays in the middle")
        wait_for(lambda: "has 1 new streams" in master.log(), "ours knows that the middle has it", 10)
        listener = master.listener(source_address=LISTENER)
        feeder.source.leave()
        listener.take_all(20)  # nothing feeds it
        # Ours may have caught the end of the middle's queue, and waits for more for ten seconds.
        wait_for(lambda: not plays(stock)() and not plays(master)(), "nobody plays an echo", 20)
        wait_for(lambda: not plays(stock)() and not plays(master)(), "nor a moment later")
        stock.stop()
        bench.servers.remove(stock)
        stock.dir.rename(bench.dir / ("over%d" % on_demand))
