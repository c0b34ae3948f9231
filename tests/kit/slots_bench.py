"""A cluster with a limit over all its nodes."""
from harness import mount
from link_bench import edge, feed, linked_master

MOUNT, LIMIT = "/live.mp3", 30
STAY = "<max-redirect-slaves>0</max-redirect-slaves>"


def cluster(b, limit=LIMIT, numbers=(12, 13, 14)):
    limited = mount(MOUNT, "<max-listeners-cluster>%d</max-listeners-cluster>" % limit)
    master = linked_master(b, 11, ["edge%d" % n for n in numbers], redirects=STAY, body_more=limited)
    feed(b, master, MOUNT)
    return master, [edge(b, n, master, body=limited) for n in numbers]


def listeners(servers):
    return sum(int(server.stat(MOUNT, "listeners_local") or server.stat(MOUNT, "listeners") or 0) for server in servers)
