"""Ports for servers that must know them before they start."""
import random
import socket

# Below the kernel's range for connections, so that no connection takes the port before its use.
RANGE = range(12000, 32000)
given = set()


def free_port(*hosts):
    """A port free at all of these addresses, given only once.  It is random, because other tests search too."""
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
