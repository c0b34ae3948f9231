"""A TCP proxy between a client and a server, in threads."""
import socket
import threading


class Road:
    """`source`: the address of its connections to the target."""

    def __init__(self, bench, target, host="127.0.0.1", source=None):
        self.target, self.source, self.there, self.wires = target, source, True, set()
        self.door = socket.create_server((host, 0))
        self.host, self.port = self.door.getsockname()
        self.given_port = self.link_port = self.port
        threading.Thread(target=self.accept, daemon=True).start()
        bench.owned(self)

    def accept(self):
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            try:
                far = self.there and socket.create_connection(self.target, source_address=self.source and (self.source, 0))
            except OSError:
                far = None
            if not far:
                near.close()
                continue
            self.wires |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self.carry, args=(one, other, one is near), daemon=True).start()

    def carry(self, one, other, of_client):
        try:
            while data := one.recv(65536):
                self.passes(data, of_client)
                other.sendall(data)
        except OSError:
            pass
        shut(one, other)

    def passes(self, data, of_client):
        pass

    def cut(self):
        self.there = False
        shut(*self.wires)
        self.wires.clear()

    def close(self):
        self.cut()
        self.door.close()


def shut(*wires):
    for wire in wires:
        try:
            wire.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
