"""Ports for servers that have to know theirs before they start."""
import random
import socket

# Below those that the kernel gives to connections: nothing takes one between its being found and its being used.
RANGE = range(12000, 32000)
given = set()


def free_port(*hosts):
    """Free at all of these addresses, and given once.  At random: other tests look for theirs at the same time."""
    while True:
        port = random.choice(RANGE)
        try:
            for host in hosts or ("127.0.0.1",):
                with socket.socket() as probe:
                    probe.bind((host, port))
        except OSError:
            continue
        if port not in given:
            given.add(port)
            return port
