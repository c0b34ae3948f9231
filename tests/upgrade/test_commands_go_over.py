"""Orders of operators while the program is replaced: each is answered once, and its answer is true."""
import re
import signal
import threading
import urllib.parse

from api import store_server, with_api
from bench import ADMIN, check, equal, test, wait_for
from link_bench import edge, feed, linked_master, plays, public, up
from replacing import taken, upgrade

FORM = ["Host: x", "Content-Type: application/x-www-form-urlencoded"]
JSON = ["Host: x", "Content-Type: application/json"]
PASSWORD = "a-long-password"
PATIENT = "<clients>500</clients><source-timeout>120</source-timeout>"
# Takes the better part of a second.
SLOW_PAGE = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template name="slow"><xsl:param name="n"/><xsl:if test="$n &gt; 0">
<xsl:call-template name="slow"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>
<xsl:call-template name="slow"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template></xsl:if></xsl:template>
<xsl:template match="/iceresponse"><html><body><xsl:call-template name="slow"><xsl:with-param name="n" select="19"/></xsl:call-template>
<p><xsl:value-of select="message"/></p></body></html></xsl:template></xsl:stylesheet>"""


def listener_ids(server):
    return [row.findtext("ID") for row in server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().iter("listener")]


class Order:
    """A request that a thread sends, and its reply."""

    def __init__(self, ask):
        self.reply, self.failed = None, None
        self.thread = threading.Thread(target=self.run, args=(ask,), daemon=True)
        self.thread.start()

    def run(self, ask):
        try:
            self.reply = ask()
        except Exception as e:  # noqa: BLE001: any is a failure
            self.failed = e

    def answer(self):
        self.thread.join(20)
        check(self.reply is not None, "it is answered: %r" % self.failed)
        return self.reply


def killclient(server, number, login=ADMIN, page="killclient", **options):
    form = urllib.parse.urlencode({"mount": "/live.mp3", "id": number}).encode()
    return server.ask("POST /admin/%s HTTP/1.1" % page, FORM, login, form, **options)


@test
def orders_whose_logins_are_being_judged_are_carried_out(t):
    """A process hashes a right password once, so the first order of each user waits."""
    server, api = with_api(store_server(t, "<console>1</console>", limits=PATIENT))
    source = server.source(login=api.mount("/live.mp3"))
    users = []
    for n in range(9):
        api.want(201, "POST", "/users", {"name": "op%d" % n, "role": "admin", "password": PASSWORD})
        users.append("op%d:%s" % (n, PASSWORD))
    for round_ in range(2):
        source.play(20)
        listeners = [server.listener() for _ in range(6)]
        ids = listener_ids(server)
        node = api.want(200, "GET", "/mounts/live.mp3/listeners").json()["items"][0]["node"]

        def give(n):
            kind, place = n % 3, {"source_address": "127.0.%d.%d" % (round_ + 1, n + 1)}
            if kind == 0:
                return server.ask("POST /api/v1/bans HTTP/1.1", JSON, users[n], b'{"match":{"address":"192.0.2.%d"}}' % (9 * round_ + n), **place)
            if kind == 1:
                return killclient(server, ids[n // 3], users[n], **place)
            return server.ask("DELETE /api/v1/mounts/live.mp3/listeners/%s/%s HTTP/1.1" % (node, ids[3 + n // 3]), JSON, users[n], **place)
        orders = [Order(lambda n=n: give(n)) for n in range(9)]
        upgrade(server)
        for n, order in enumerate(orders):
            reply = order.answer()
            equal(reply.status, (201, 200, 204)[n % 3], reply.text)
            check(n % 3 != 1 or "removed" in reply.text, reply.text)

        def left():
            source.play(1)
            return listener_ids(server) == [] and not any(one.is_open() for one in listeners)
        wait_for(left, "they have left")
    equal(len(api.want(200, "GET", "/bans").json()["items"]), 6, "bans")


@test
def an_order_whose_answer_is_being_made_is_not_carried_out_twice(t):
    server = t.unstarted_server(limits=PATIENT)
    (server.dir / "admin" / "response.xsl").write_text(SLOW_PAGE)
    server.start()
    source = server.source()
    source.play(20)
    for ask in (lambda number: server.get("/admin/killclient.xsl?mount=/live.mp3&id=" + number, ADMIN),
                lambda number: killclient(server, number, page="killclient.xsl")):
        listener = server.listener()
        number = listener_ids(server)[0]
        order = Order(lambda: ask(number))

        wait_for(lambda: source.play(1) and not listener.is_open(), "it has left")
        check(order.reply is None, "its answer is being made")
        upgrade(server)
        check("Client %s removed" % number in order.answer().text, order.reply.text)
        listener.close()


@test
def an_order_that_a_node_has_is_answered_by_it_or_as_failed(b):
    """The node stands still: for a moment, then until its link ends."""
    master = linked_master(b, 11, public(12), limits=PATIENT)
    node = edge(b, 12, master, limits=PATIENT)
    up(master, "edge12")
    feed(b, master)
    for moment in (True, False):
        plays(node)
        number = wait_for(lambda: [row.findtext("ID") for row in master.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().iter("listener")
                                   if row.findtext("node")], "it is listed", 10)[0]
        sent = master.log().count("the upgrade was not made"), len(taken(master))
        node.send_signal(signal.SIGSTOP)
        try:
            order = Order(lambda: killclient(master, number))
            begun = len(re.findall("an upgrade begins", master.log()))
            master.send_signal(signal.SIGUSR2)
            wait_for(lambda: len(re.findall("an upgrade begins", master.log())) > begun, "it begins")
            if moment:
                node.send_signal(signal.SIGCONT)
            text = order.answer().text
        finally:
            node.send_signal(signal.SIGCONT)
        check("Client %s %s" % (number, "removed" if moment else "not removed") in text, text)
        wait_for(lambda: len(taken(master)) > sent[1], "the master is replaced: " + master.log()[-600:], 10)
        up(master, "edge12")


@test
def a_fallback_set_by_command_is_still_the_fallback(t):
    server = t.server(limits=PATIENT)
    source, other = server.source("/live.mp3"), server.source("/other.mp3")
    source.play(20), other.play(20)
    equal(server.get("/admin/fallbacks?mount=/live.mp3&fallback=/other.mp3", ADMIN).status, 200)
    listener = server.listener("/live.mp3")
    for _ in range(2):
        upgrade(server)
        source.play(10)
    source.leave()
    wait_for(lambda: server.stat("/other.mp3", "listeners") == "1", "the listener is at the fallback")
    mark = other.play(20)[-1000:]
    while mark not in listener.audio:
        listener.read(400)
