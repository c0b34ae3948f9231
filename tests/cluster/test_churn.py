"""A thousand nodes that join and leave while listeners arrive: the targets of redirects (G18, with a real server).

bench/cluster-crowd simulates the nodes and the listeners; the master is real.  The property test with a fake clock
(10^6 requests) is tests/unit/cluster/balance_property_test.cc.
"""
import pathlib
import random
import sys

from bench import Failed, ask_and_close, check, cluster_json, equal, test, wait_for

sys.path.append(str(pathlib.Path(__file__).resolve().parent / "goals"))

NODES, EVENTS, ROOM = 8, 1000, 60
IN = ("up", "suspect")  # a listener who comes back at once may have said so; nobody is there to be asked whether it is true


class Churn:
    """Lets nodes leave and join, and sends "out" to the crowd once the master knows."""

    def __init__(self, master, crowd, seed):
        self.master, self.crowd, self.random = master, crowd, random.Random(seed)
        self.is_in = {"n%d" % i: True for i in range(NODES)}
        self.events, self.kinds = 0, dict.fromkeys(("kill", "bye", "drain", "silence"), 0)

    def states(self):
        return {row["id"]: row["state"] for row in cluster_json(self.master)["nodes"]}

    def wait_for_states(self, wanted):
        def so():
            seen = self.states()
            return all(seen.get(name) in states for name, states in wanted.items())
        try:
            wait_for(so, "the nodes' states", 20)
        except Failed:
            raise Failed("wanted %s, after %d events %s: %s; %s" % (wanted, self.events, self.kinds, self.states(), self.master.log()[-900:]))

    def step(self):
        """One to three nodes change; a drained or silent node ends afterwards, as an operator would end it."""
        wanted, drained = {}, []
        for name in self.random.sample(sorted(self.is_in), self.random.randint(1, 3)):
            self.events += 1
            if not self.is_in[name]:
                self.is_in[name] = True
                self.crowd.say("join " + name)
                wanted[name] = IN
            elif sum(self.is_in.values()) > 2:
                kind = self.random.choices(("kill", "bye", "drain", "silence"), (50, 30, 30, 2))[0]
                self.kinds[kind] += 1
                self.is_in[name] = False
                self.crowd.say("%s %s" % (kind, name))
                wanted[name] = ("draining", "dead") if kind == "drain" else ("dead",)
                drained += [name] if kind in ("drain", "silence") else []
        self.crowd.say("more %d" % self.random.randint(2, 8))
        self.wait_for_states(wanted)
        self.crowd.say(*["out " + name for name in wanted if not self.is_in[name]])
        self.crowd.say(*["kill " + name for name in drained])
        self.crowd.take()

    def join_all(self):
        missing = [name for name in self.is_in if not self.is_in[name]]
        self.crowd.say(*["join " + name for name in missing])
        self.wait_for_states({name: IN for name in self.is_in})


def crowd_of(bench, master, nodes, **options):
    """The program of bench/ that belongs to the tested server."""
    from crowd_bench import Crowd
    return Crowd(bench, master, nodes, **options)


@test
def a_thousand_joins_and_leaves_in_a_crowd(bench):
    from link_bench import Feeder, linked_master
    rows = {"n%d" % i: 'allow-public="127.0.5.%d:8000"' % (i + 1) for i in range(NODES)}
    master = linked_master(bench, 11, rows, name="m1", more='<token keys="churn"/>', logging="<loglevel>3</loglevel>")
    source = master.source("/b0")
    source.play(20)
    bench.owned(Feeder(source, units=2, pause=0.05))
    nodes = [("n%d" % i, "127.0.5.%d:8000" % (i + 1), ROOM, ROOM * 1000, 0) for i in range(NODES)]
    crowd = crowd_of(bench, master, nodes, requests=100, over=0.5, settle=0, stay=1.0, tokens=1, way="5,50", back=100)
    crowd.event("begin")
    churn = Churn(master, crowd, seed=4)
    while churn.events < EVENTS:
        churn.step()
        if churn.events % 50 < 2:
            reply = ask_and_close(master, "/b0", headers=["Host: m1", "User-Agent: Icecast 2.4.4"])
            equal(reply.status, 200, "a relay is never redirected")
    churn.join_all()
    wait_for(lambda: crowd.count()["unserved"] == 0, "everybody is served: %s" % str(crowd.events[-1:])[:600], 30)
    end = crowd.end()
    told = "%s after %s" % ({key: end[key] for key in ("wrong", "over", "most_tries", "statuses", "first_wrong", "wasted")},
                            churn.kinds)
    check(end["redirected"] > 2000, "listeners came: " + told)
    equal(end["wrong"], 0, "nobody is sent to a node that is known to be dead or drained: " + told)
    equal(end["over"], 0, "no node is above its cap: " + told)
    # A node may die each time while a listener is on his way to it, but not for ever.
    check(end["most_tries"] <= 6, "nobody is sent around in circles: " + told)
    check(set(end["statuses"]) <= {"302", "200", "503"}, "no other answers: " + told)
