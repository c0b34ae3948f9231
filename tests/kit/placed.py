"""A master with a store, and nodes for mounts that the API places."""

from api import Api
from bench import node_at, wait_for
from link_bench import edge, link_port, node

FILES = '<store type="files" path="%(dir)s/records"/>'
NO_HOME = 'self-weight="0" max-sources="0"'


def etcd_store(cluster):
    return '<store type="etcd" path="%%(dir)s/store.copy" prefix="/radio/">%s</store>' % "".join(
        "<member>%s</member>" % url for url in cluster.urls)


def store_master(b, number, edges, store=FILES, capacity=NO_HOME, redirects=0, name=None, more="", body="", **slots):
    """A master on 127.0.0.NUMBER with a store; edges: {number: attributes of its <node>}."""
    port = link_port()
    rows = edges if isinstance(edges, dict) else dict.fromkeys(edges, "")
    nodes = "".join('<node id="edge%d" secret="s-edge%d" %s/>' % (n, n, attributes) for n, attributes in rows.items())
    made = node(b, number, "", start=False, **slots)
    made.write_config(body=(store % {"dir": made.dir} + "<max-redirect-slaves>%d</max-redirect-slaves>" % redirects + body +
                            "<cluster><id>%s</id><cluster-port>%d</cluster-port><public-address>%s:%d</public-address>"
                            '<capacity %s/><balance hold="0"/>%s%s</cluster>' % (
                                name or "m%d" % number, port, made.host, made.given_port, capacity, nodes, more)))
    made.link_port, made.name = port, name or "m%d" % number
    return made.start()


def home(b, number, masters, capacity, more="", **slots):
    """A node on 127.0.0.NUMBER that may be the home of mounts."""
    return edge(b, number, masters, capacity=capacity, more=more, **slots)


def up(masters, nodes):
    for master in masters if isinstance(masters, (list, tuple)) else [masters]:
        for each in nodes:
            wait_for(lambda: (node_at(master, each.name) or {}).get("state") == "up", "%s is up at %s" % (each.name, master.name), 10)


def homes(api):
    count = {}
    for row in api.want(200, "GET", "/mounts?most=500").json()["items"]:
        count[row["home"]] = count.get(row["home"], 0) + 1
    return count


def login_of(made):
    return "%s:%s" % (made["source"]["user"], made["source"]["password"])


__all__ = ["Api", "etcd_store", "home", "homes", "login_of", "store_master", "up"]
