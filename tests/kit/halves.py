"""A cluster whose halves have a switch each (bridges in network namespaces), with a studio that both reach."""
import ctypes
import os
import shutil
import socket
import threading

from bench import Failed, Skip
from silent_bench import ip, start_in

CLONE_NEWNET = 0x40000000
STUDIO = "10.98.0.254"


def address(number):
    return "10.99.0.%d" % number


def seen_as(number):
    """The address at which the studio sees the node."""
    return "10.98.0.%d" % number


class Halves:
    """Nodes 10.99.0.N, each in a namespace of its own; the first half is on one switch, the others on another."""

    def __init__(self, b, numbers):
        if os.getuid() != 0 or not shutil.which("ip"):
            raise Skip("needs root and ip(8)")
        self.numbers, half = numbers, len(numbers) // 2
        self.sides = (numbers[:half], numbers[half:])
        self.switch = "lbh%ds" % os.getpid()
        self.names = {n: "lbh%dn%d" % (os.getpid(), n) for n in numbers}
        if not ip("netns", "add", self.switch, may_fail=True):
            raise Skip("no network namespaces here")
        b.owned(self)
        for name in self.names.values():
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        for bridge in ("half1", "half2", "studio"):
            self.on_switch("link", "add", "name", bridge, "type", "bridge")
            self.on_switch("link", "set", bridge, "up")
        self.on_switch("link", "add", "ta", "type", "veth", "peer", "name", "tb")
        self.plug("ta", "half1")
        self.plug("tb", "half2")
        self.on_switch("address", "add", STUDIO + "/24", "dev", "studio")
        for side, bridge in zip(self.sides, ("half1", "half2")):
            for n in side:
                self.wire(n, "cluster", "c%d" % n, bridge, address(n))
                self.wire(n, "line", "s%d" % n, "studio", seen_as(n))

    def on_switch(self, *arguments):
        ip("-n", self.switch, *arguments)

    def plug(self, port, bridge):
        self.on_switch("link", "set", port, "master", bridge)
        self.on_switch("link", "set", port, "up")

    def wire(self, number, inner, outer, bridge, own):
        space = self.names[number]
        ip("link", "add", inner, "netns", space, "type", "veth", "peer", "name", outer, "netns", self.switch)
        ip("-n", space, "address", "add", own + "/24", "dev", inner)
        ip("-n", space, "link", "set", inner, "up")
        self.plug(outer, bridge)

    def cut(self):
        """Drops all packets between the halves without an error to either side."""
        self.on_switch("link", "set", "ta", "down")

    def heal(self):
        self.on_switch("link", "set", "ta", "up")

    def listening_socket(self):
        """A listening socket of the studio; a socket belongs to the namespace of the thread that makes it."""
        made = []

        def make():
            with open("/run/netns/" + self.switch) as space:
                if ctypes.CDLL(None, use_errno=True).setns(space.fileno(), CLONE_NEWNET) == 0:
                    made.append(socket.create_server((STUDIO, 0), backlog=1024))
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if not made:
            raise Failed("no socket in the namespace")
        return made[0]

    def start(self, number, server):
        start_in(self, number, server)

    def close(self):
        for name in (*self.names.values(), self.switch):
            ip("netns", "del", name, may_fail=True)
