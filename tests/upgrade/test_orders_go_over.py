"""A process that ends in the middle of an order, killed or replaced: the next one gets the certificate, and no order is
wasted."""
import threading

from harness import equal, free_port, test, wait_for
from https_radio import comes, radio, verified
from own_authority import OwnAuthority
from replacing import upgrade

# What the authority is asked for when it happens, and orders in all: it goes on where all names were shown.
STATES = [("dir", 1), ("account", 1), ("new", 2), ("authorization", 2), ("challenge", 2), ("finalize", 1), ("order", 1), ("chain", 1)]


def ordering(t, state):
    """A server whose order waits in this state."""
    authority = OwnAuthority(t)
    authority.is_slow = True
    authority.held[state] = threading.Event()
    server = radio(t, authority, free_port()).start()
    wait_for(lambda: state in authority.asked, "it is asked: " + server.log()[-900:])
    return authority, server


def goes_on(authority, server, orders):
    comes(server)
    server.wire(server.tls, wrap=verified(authority)).close()
    equal(len(authority.orders), orders, "orders")


def killed(state, orders):
    def run(t):
        authority, server = ordering(t, state)
        server.kill()
        authority.held[state].set()
        server.start()
        goes_on(authority, server, orders)
    run.__name__ = "an_order_goes_on_behind_a_kill_at_" + state
    test(run)


def replaced(state, orders):
    def run(t):
        authority, server = ordering(t, state)
        sent = server.source().play(50)
        listener = server.listener()
        upgrade(server)
        authority.held[state].set()
        goes_on(authority, server, orders)
        equal(listener.read(20 * 384) in sent, True, "a listener heard on")
    run.__name__ = "an_order_goes_on_behind_an_upgrade_at_" + state
    test(run)


for each in STATES:
    killed(*each)
    replaced(*each)
