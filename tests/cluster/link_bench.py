"""Nodes with links, for the tests of test_link*.py; built on bench.py.

Every node listens for listeners on an address of its own, and for nodes on a cluster-port of its own.
"""
import threading
import time

import bench as cluster
from bench import ADMIN, Failed, free_port, wait_for  # noqa: F401


def link_port():
    return free_port("127.0.0.1")


def linked_master(b, number, ids, start=True, name=None, masters="", more="", redirects=None, **slots):
    """A master on 127.0.0.NUMBER that takes in the nodes `ids`; ids may be {id: attributes}."""
    rows = ids if isinstance(ids, dict) else {each: "" for each in ids}
    port = link_port()
    nodes = "".join('<node id="%s" secret="s-%s" %s/>' % (each, each, attributes or 'allow-public="127.0.0.0:1"')
                    for each, attributes in rows.items())
    body = ("%s%s<cluster><id>%s</id><cluster-port>%d</cluster-port><capacity self-weight=\"0\"/>"
            "<balance hold=\"0\"/>%s%s</cluster>" % (
                "<max-redirect-slaves>-1</max-redirect-slaves>" if redirects is None else redirects, masters,
                name or "m%d" % number, port, nodes, more))
    made = cluster.node(b, number, body, start=start, **slots)
    made.link_port = port
    made.name = name or "m%d" % number
    return made


def master_block(master, name, streams=True, secret=None, port=None):
    return ("<master><server>%s</server>%s<cluster-port>%d</cluster-port><username>%s</username>"
            "<password>%s</password></master>" % (
                master.host, "<port>%d</port>" % master.given_port if streams else "", port or master.link_port, name,
                secret or "s-" + name))


def edge(b, number, masters, name=None, start=True, secret=None, capacity='max-bandwidth="100M"', more="", body="",
         streams=True, ports=None, public=True, **slots):
    """A node with links to these masters, named in no other way."""
    masters = masters if isinstance(masters, (list, tuple)) else [masters]
    name = name or "edge%d" % number
    blocks = "".join(master_block(m, name, streams, secret, ports[i] if ports else None) for i, m in enumerate(masters))
    host = "127.0.0.%d" % number
    address = "<public-address>%s:%%PORT%%</public-address>" % host if public else ""
    made = cluster.node(b, number, "%s<master-public-slave>1</master-public-slave>%s<cluster><id>%s</id>%s<capacity %s/>%s"
                                   "</cluster>" % (blocks, body, name, address, capacity, more), start=start, **slots)
    made.name = name
    return made


class Feeder:
    """A source that sends units at about its real pace until it is closed."""

    def __init__(self, source, units=10, pause=0.05):
        self.source, self.units, self.pause = source, units, pause
        self.going = True
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while self.going:
            try:
                self.source.play(self.units)
            except (Failed, OSError):
                return
            time.sleep(self.pause)

    def close(self):
        self.going = False
        self.thread.join(2)


def feed(b, server, mount="/live.mp3", **options):
    source = server.source(mount, **options)
    source.play(20)
    b.owned(Feeder(source))
    return source


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
