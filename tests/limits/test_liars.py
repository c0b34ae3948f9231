"""A node with a valid secret that takes what other nodes' listeners need: slots and seats."""
import hashlib
import hmac

from bench import equal, test, wait_for
from crowd import Crowd
from harness import mount
from link_bench import RawNode, edge, feed, linked_master, up
from seats_bench import listens, users, warm
from slots_bench import STAY

MOUNT = "/live.mp3"


def liar(b, master):
    node = RawNode(b, master, "edge66", source="127.0.0.66")
    equal(node.hello(proto=[1, 1], enforces=["slots"], cap={"lis": 5})["t"], "WELCOME", "the answer to its hello")
    node.load()
    node.keep_alive()
    return node


def takes_slots(b, **row):
    limited = mount(MOUNT, "<max-listeners-cluster>20</max-listeners-cluster>")
    master = linked_master(b, 11, {"edge12": "", "edge66": 'max-listeners="5"'}, redirects=STAY, body_more=limited)
    feed(b, master, MOUNT)
    honest = edge(b, 12, master, body=limited)
    up(master, "edge12")
    node = liar(b, master)
    node.say(t="SLOT", rows=[dict(m=MOUNT, life=7, back=0, **row)])
    wait_for(lambda: "edge66 wants" in master.log() and "max-listeners of its <node>" in master.log(), "it is logged")
    crowd = Crowd(b)
    for server in (honest, master):
        came = []

        def one_more():
            """A busy machine may need longer for a slot than a request waits for it."""
            one = crowd.join(server.address, MOUNT)
            wait_for(lambda: one.status, "an answer")
            if one.status == 200:
                came.append(one)
            return len(came) == 7
        wait_for(one_more, "seven of the other 15 slots are found at " + server.name, 15)


@test
def a_node_gets_no_more_slots_than_it_may_have_listeners(b):
    takes_slots(b, want=1000)


@test
def a_node_claims_no_more_slots_than_it_may_have_listeners(b):
    takes_slots(b, claim=20)


@test
def a_node_takes_no_more_seats_than_it_may_have_listeners(b):
    """The names of users are no secret between nodes."""
    names = ["u%d" % i for i in range(9)]
    inside = ('<sessions-per-user>1</sessions-per-user><authentication type="htpasswd"><option name="filename" value="%s"/>'
              '</authentication>' % users(b, "bob", *names))
    master = linked_master(b, 11, {"edge12": "", "edge66": 'max-listeners="5"'}, redirects=STAY, body_more=mount("/club.mp3", inside))
    feed(b, master, "/club.mp3")
    honest = edge(b, 12, master, body=mount("/club.mp3", inside))
    crowd = Crowd(b)
    warm(crowd, [honest])
    node = liar(b, master)
    hashed = [hmac.new(b"lbedge-cluster/1 user /club.mp3", name.encode(), hashlib.sha256).hexdigest()[:32] for name in names]
    node.say(t="SEAT", rows=[dict(m="/club.mp3", u=each, n=i + 1, do="ask", most=1) for i, each in enumerate(hashed)])
    wait_for(lambda: "edge66 asks for more than 5 sessions" in master.log(), "it is logged")
    answers = [listens(crowd, honest, name).status for name in names]
    equal(answers[5:], [200] * 4, "users beyond the five: %r" % answers)
