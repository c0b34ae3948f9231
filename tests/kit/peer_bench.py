"""Servers that are each master and node of all others."""
from bench import ADMIN, LISTENER, wait_for
from link_bench import link_port, node, up


def peers(b, numbers, more="", capacity="", only={}, root=lambda number: ""):
    """Each is master and node of all others; more, only[number]: lines of <cluster>; root(number): lines outside it."""
    names = {n: "p%d" % n for n in numbers}
    ports = {n: link_port() for n in numbers}
    listen = {n: link_port() for n in numbers}
    made = {}
    for n in numbers:
        others = [m for m in numbers if m != n]
        blocks = "".join(
            "<master><server>127.0.0.%d</server><cluster-port>%d</cluster-port><username>%s</username>"
            "<password>s-%s</password><bind>127.0.0.%d</bind></master>" % (m, ports[m], names[n], names[n], n)
            for m in others)
        rows = "".join('<node id="%s" secret="s-%s"/>' % (names[m], names[m]) for m in others)
        made[n] = node(b, n, "<max-redirect-slaves>-1</max-redirect-slaves><master-public-slave>1</master-public-slave>%s"
                             "<cluster><id>%s</id><cluster-port>%d</cluster-port><capacity max-bandwidth=\"100M\" %s/>"
                             "<balance hold=\"0\"/><public-address>127.0.0.%d:%d</public-address>%s%s</cluster>"
                       % (blocks + root(n), names[n], ports[n], capacity, n, listen[n], rows, only.get(n, more)), port=listen[n])
        made[n].name, made[n].link_port = names[n], ports[n]
    for n in numbers:
        up(made[n], *[names[m] for m in numbers if m != n])
    return [made[n] for n in numbers]

# Each server ranks itself last.
HUMBLE = 'self-weight="0"'


def head_for_player(wire, address, path, agent, patience):
    """Asks on the new socket, as the listener's address; returns the head of the answer, and the bytes after it."""
    wire.bind((LISTENER, 0))
    wire.settimeout(patience)
    wire.connect(address)
    wire.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: %s\r\n\r\n" % (path, agent)).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = wire.recv(4096)
        if not data:
            break
        head += data
    return head


def all_know(all_peers, mount="/live.mp3"):
    for peer in all_peers:
        wait_for(lambda: mount in peer.get("/admin/listmounts", ADMIN).text, "%s knows the stream" % peer.host)
