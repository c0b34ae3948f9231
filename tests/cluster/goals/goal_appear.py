"""How fast what is new is found: a node that starts (G1, G2), a source that begins (G3)."""
import socket
import time

from bench import LISTENER, Failed, Site, master_body, slave_body, start, wait_for, wait_until_up
from link_bench import Crowd, Feeder, edge, linked_master
from table import goal, quantile

RESTARTS, POST_RESTARTS = 100, 20
MOUNTS, EVERY, LONGEST = 500, 0.2, 60  # s


def spread(values, unit="ms"):
    return "n %d, p50 %.0f, p90 %.0f, p99 %.0f, max %.0f %s" % (
        len(values), quantile(values, 0.5), quantile(values, 0.9), quantile(values, 0.99), max(values), unit)


def first_redirects(b, master, node, address, times, away):
    """Seconds from the start of the node's process to the answer that first sends a listener there, each time."""
    took = []
    for i in range(times):
        if i:
            node.stop()
            (node.dir / "out").unlink()
            wait_for(away, "the master knows that it has gone")
        asking = b.owned(Crowd(master.address, "/live.mp3", threads=1, pause=0.005))
        begin = time.monotonic()
        node.start()
        wait_for(lambda: any(where == address for _, _, _, where in asking.answers), "it gets a listener", 30)
        asking.close()
        took.append(min(answered for _, answered, _, where in asking.answers if where == address) - begin)
    return took


def state_of(master, name):
    from bench import node_at
    return (node_at(master, name) or {}).get("state")


@goal("G1", "a linked node starts -> the first listener is sent to it (p99)", at_most=300, unit="ms")
def g1(b):
    """100 times: from the fork of the node's process (its configuration is read, its link made) to the first answer of
    the master with its address; one listener after the other asks the master, 5 ms apart."""
    master = linked_master(b, 11, {"edge12": ""})
    source = master.source()
    source.play(20)
    b.owned(Feeder(source))
    node = edge(b, 12, master, start=False)
    took = first_redirects(b, master, node, "%s:%d" % (node.host, node.given_port), RESTARTS,
                           lambda: state_of(master, "edge12") == "dead")
    took = [seconds * 1000 for seconds in took]
    return quantile(took, 0.99), "restarts: " + spread(took)


@goal("G2", "the same for a node that only posts, every 5 s (worst)", at_most=5.1, unit="s")
def g2(b):
    """20 times, as G1, without a link: the report goes out right after the start, so that the interval is not waited for.
    Then the other way round: the master is killed and starts again, and the node has to find that out by its next post."""
    site, place = Site(11), Site(12)
    master = start(b, site, master_body({"e1": (place, "")}))
    source = master.source()
    source.play(20)
    feeder = b.owned(Feeder(source))
    node = b.unstarted_server(body=slave_body(site, "e1", place, interval=5), sockets=place.socket,
                              limits="<clients>5000</clients>")
    node.host = place.host
    took = first_redirects(b, master, node, place.address, POST_RESTARTS, lambda: state_of(master, "e1") == "dead")
    feeder.close()
    again = []
    for _ in range(3):
        wait_until_up(master, "e1")
        master.kill()
        (master.dir / "out").unlink()
        begin = time.monotonic()
        master.start()
        source = master.source()
        source.play(20)
        asking = b.owned(Crowd(master.address, "/live.mp3", threads=1, pause=0.005))
        wait_for(lambda: any(where == place.address for _, _, _, where in asking.answers), "it gets a listener again", 30)
        asking.close()
        again.append(time.monotonic() - begin)
    return max(took), "%s; after a restart of the master %s s" % (
        spread([s * 1000 for s in took]), ", ".join("%.1f" % s for s in again))


def plays(address, mount):
    """A listener gets a head with 200 and a byte of audio."""
    with socket.socket() as wire:
        wire.bind((LISTENER, 0))
        wire.settimeout(2)
        try:
            wire.connect(address)
            wire.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: Player/1\r\n\r\n" % mount.encode())
            data = b""
            while b"\r\n\r\n" not in data or data.endswith(b"\r\n\r\n"):
                part = wire.recv(4096)
                if not part:
                    return False
                data += part
        except OSError:
            return False
        return data.startswith(b"HTTP/1.") and b" 200 " in data[:20]


@goal("G3", "a source connects at the master -> its first byte of audio at a node that never saw the mount (p99)",
      at_most=100, unit="ms")
def g3(b):
    """A new mount every 200 ms for a minute at most: from before the source's connect() until a listener of one of two
    edges has audio.  The edge is asked again every 10 ms; it pulls the mount on demand."""
    master = linked_master(b, 11, {"edge12": "", "edge13": ""}, limits="<clients>5000</clients><sources>2000</sources>")
    nodes = [edge(b, 12, master), edge(b, 13, master)]
    wait_until_up(master, "edge12", "edge13")
    took, began = [], time.monotonic()
    for i in range(MOUNTS):
        if time.monotonic() - began > LONGEST:
            break
        mount, node = "/new%d.mp3" % i, nodes[i % 2]
        begin = time.monotonic()
        source = master.source(mount)
        source.play(40)
        while not plays(node.address, mount):
            if time.monotonic() - begin > 5:
                raise Failed("%s does not play" % mount)
            time.sleep(0.01)
        took.append((time.monotonic() - begin) * 1000)
        source.leave()
        time.sleep(max(0.0, EVERY - (time.monotonic() - begin)))
    return quantile(took, 0.99), spread(took)
