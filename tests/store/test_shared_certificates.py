"""One certificate for a name that several masters of one store have: one of them orders it, all answer the authority,
and the next master continues where the first one has ended."""
import json
import threading

from authority import Authority
from etcd import PREFIX, Cluster
from harness import ADMIN, check, equal, free_port, listen_socket, matches, open_folder, test, wait_for
from https_radio import NAME, verified
from own_authority import OwnAuthority

TAKEN_WITHIN = 150


def master(b, etcd, name, authority, number, plain, tls, key="ab" * 32, more=""):
    state = open_folder(b.dir / name)
    host = "127.0.0.%d" % number
    server = b.unstarted_server(
        host=host,
        sockets="".join("<listen-socket><port>%d</port><bind-address>%s</bind-address>%s</listen-socket>" % (port, host, ssl)
                        for port, ssl in ((plain, ""), (tls, "<ssl>1</ssl>"))),
        paths="<state-dir>%s</state-dir>" % state)
    members = "".join("<member>%s</member>" % url for url in etcd.urls)
    server.write_config(body='<hostname>%s</hostname><acme ports="off" %s>%s</acme><console/><cluster><id>%s</id></cluster>'
                        '<store type="etcd" prefix="%s" path="%s/store.copy"%s>%s</store>' % (
                            NAME, more, authority.element(), name, PREFIX, state, ' key="%s"' % key if key else "", members))
    server.tls, server.state = tls, state
    return server


def serves(server, authority):
    def has():
        try:
            server.wire(server.tls, wrap=verified(authority)).close()
            return True
        except OSError:
            return False
    wait_for(has, "%s serves the name: %s" % (server.host, server.log()[-1500:]), 20)


def ordered_by_one(b, challenge):
    etcd = Cluster(b, 1)
    plain, tls = free_port(), free_port()
    authority = Authority(b, plain, tls_port=tls)
    first, second = (master(b, etcd, "m%d" % n, authority, 10 + n, plain, tls, more='challenges="%s"' % challenge) for n in (1, 2))
    authority.lead(NAME, "127.0.0.11")
    first.start()
    wait_for(lambda: "this server orders the certificates" in first.log(), "the first has the lease: " + first.log()[-900:])
    second.start()
    for one in (first, second):
        serves(one, authority)
    authority.lead(NAME, "127.0.0.12")  # the one that does not order is asked
    equal(first.ask("POST /api/v1/certificates/%s/order HTTP/1.0" % NAME, login=ADMIN).status, 204)
    shown = lambda one: (one.state / "acme/certificates" / (NAME + ".pem")).read_text()
    before = shown(first)
    wait_for(lambda: shown(first) != before and shown(second) == shown(first), "both have the new one: " + first.log()[-900:], 20)
    check("is not known yet" not in first.log(), "the other one was told in time: " + first.log()[-900:])
    return etcd, authority, first, second


@test
def one_master_orders_and_both_answer_and_serve(b):
    etcd, authority, first, second = ordered_by_one(b, "http-01")
    equal(authority.issued(), 2, "certificates")
    records = etcd.records()
    equal(json.loads(records["acme/lease"][0])["node"], "m1", "who orders")
    check("sealed:v1:" in records["acme/certificates/" + NAME][0], "it is sealed: " + str(records)[:300])
    wait_for(lambda: not any(key.startswith("acme/challenges/") for key in etcd.records()), "nothing is left to be asked for")
    check("PRIVATE" not in str(records), "no key is in the clear")
    check("is ordered from" not in second.log(), "the second orders none: " + second.log()[-900:])
    # It serves without the store and the other one, after a restart too.
    first.stop()
    for member in etcd.members:
        member.kill()
    second.stop()
    second.start()
    serves(second, authority)


@test
def the_other_master_is_asked_in_a_handshake(b):
    ordered_by_one(b, "tls-alpn-01")


@test
def the_next_master_goes_on_with_the_order_of_one_that_was_killed(b):
    etcd = Cluster(b, 1)
    authority = OwnAuthority(b)
    authority.held["finalize"] = threading.Event()
    first, second = (master(b, etcd, "m%d" % n, authority, 10 + n, free_port(), free_port()) for n in (1, 2))
    first.start()
    wait_for(lambda: "finalize" in authority.asked, "all names were shown: " + first.log()[-900:], 20)
    second.start()
    first.kill()
    authority.chain = b""
    authority.held["finalize"].set()
    wait_for(lambda: "a new certificate for" in second.log(), "the next one finishes it: " + second.log()[-1500:], TAKEN_WITHIN)
    equal(len(authority.orders), 1, "orders")
    equal(authority.accounts, 1, "accounts: the order is that of the first")
    matches(r"INFO tls/acme the order of a certificate for radio\.example\.org at \S+ goes on\n", second.log())
    serves(second, authority)
    # The first comes back: it gets what the other has ordered.
    first.start()
    serves(first, authority)
    equal(len(authority.orders), 1, "orders")


@test
def without_a_key_of_the_store_nothing_is_shared(b):
    etcd = Cluster(b, 1)
    authority = OwnAuthority(b)
    alone = master(b, etcd, "m1", authority, 11, free_port(), free_port(), key="")
    alone.start()
    serves(alone, authority)
    check(not any(key.startswith("acme/") for key in etcd.records()), "nothing of it is in the store")
    alone.reload(body=alone.slots["body"].replace("<id>m1</id>", '<id>m1</id><node id="e1" secret="s" certificates="%s"/>' % NAME))
    wait_for(lambda: "and <store> has no <key>; it is not ordered" in alone.log(), "it is refused: " + alone.log()[-900:])
    serves(alone, authority)
