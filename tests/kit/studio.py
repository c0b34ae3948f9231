"""A studio that streams any mount to any connection, and records who was connected when."""
import socket
import threading
import time


class Studio:
    """Each connection gets numbered lines at a steady rate; peers are told apart by the address that they bind."""

    def __init__(self, bench, pause=0.05, listening=None):
        self.pause, self.lock = pause, threading.Lock()
        self.open = []      # (mount, peer, socket)
        self.history = []   # (time, +1 or -1, mount, peer)
        self.going = True
        self.listening = listening or socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listening.getsockname()[1]
        for work in (self.accept, self.pump):
            threading.Thread(target=work, daemon=True).start()
        bench.owned(self)

    def accept(self):
        while self.going:
            try:
                peer, address = self.listening.accept()
            except OSError:
                return
            peer.settimeout(2)
            head = b""
            try:
                while b"\r\n\r\n" not in head:
                    data = peer.recv(4096)
                    if not data:
                        break
                    head += data
                mount = head.split(b" ")[1].decode()
                peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\n\r\n")
            except (OSError, IndexError):
                peer.close()
                continue
            peer.setblocking(False)
            with self.lock:
                self.drop_closed()      # drops earlier closed connections, so that they do not count beside this one
                self.open.append((mount, address[0], peer))
                self.history.append((time.monotonic(), 1, mount, address[0]))

    def drop_closed(self):
        for entry in list(self.open):
            mount, peer, connection = entry
            try:
                gone = connection.recv(1) == b""
            except BlockingIOError:
                gone = False
            except OSError:
                gone = True
            if gone:
                connection.close()
                self.open.remove(entry)
                self.history.append((time.monotonic(), -1, mount, peer))

    def pump(self):
        number = 0
        while self.going:
            number += 1
            with self.lock:
                self.drop_closed()
                for mount, _, connection in self.open:
                    try:
                        connection.send(b"%s %d ................................\n" % (mount.encode(), number))
                    except OSError:     # full or closed; the next turn finds out
                        pass
            time.sleep(self.pause)

    def owners(self, mount):
        with self.lock:
            return [peer for name, peer, _ in self.open if name == mount]

    def owned_by(self, peer):
        with self.lock:
            return {name for name, each, _ in self.open if each == peer}

    def connections(self):
        """{mount: the socket of its only connection}"""
        with self.lock:
            return {name: connection for name, _, connection in self.open}

    def most_at_once(self, since=0.0):
        """{mount: the greatest number of simultaneous connections}, for those above 1."""
        now, most = {}, {}
        with self.lock:
            for when, step, mount, _ in self.history:
                now[mount] = now.get(mount, 0) + step
                if when >= since:
                    most[mount] = max(most.get(mount, 0), now[mount])
        return {mount: count for mount, count in most.items() if count > 1}

    def close(self):
        self.going = False
        try:
            self.listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listening.close()
        with self.lock:
            for _, _, connection in self.open:
                connection.close()
