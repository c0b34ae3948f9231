"""A server to pull from, in a thread: answers by a function and keeps the requests."""
import socket
import threading

from harness import wait_for


class Upstream:
    """answer(request_text) → bytes to send; a stream's connection stays open for send() and close()."""

    def __init__(self, bench, answer):
        self.answer, self.requests, self.connections = answer, [], []
        self.listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        bench.owned(self)

    def accept(self):
        while True:
            try:
                peer, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def head_of_request(self, peer):
        """None: the client disconnected before the request was whole."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = peer.recv(4096)
            if not data:
                return None
            head += data
        self.requests.append(head.decode("latin-1"))
        return self.requests[-1]

    def serve(self, peer):
        try:
            text = self.head_of_request(peer)
            if text is None:
                return
            reply = self.answer(text)
            if reply is None:       # disconnect
                peer.close()
                return
            peer.sendall(reply)
            if b"Content-Type: " in reply:
                self.connections.append(peer)
            else:
                peer.close()
        except OSError:
            pass

    def asked(self, count=1):
        """Waits until this number of requests has come."""
        wait_for(lambda: len(self.requests) >= count, "the upstream is asked %d times: %r" % (count, self.requests))

    def send(self, data):
        """Sends to the newest connection."""
        wait_for(lambda: self.connections, "somebody is connected to the upstream")
        self.connections[-1].sendall(data)

    def hang_up(self):
        while self.connections:
            peer = self.connections.pop()
            peer.shutdown(socket.SHUT_RDWR)
            peer.close()

    def close(self):
        # Wakes the accepting thread, which close() alone does not wake.
        try:
            self.listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listening.close()
        try:
            self.hang_up()
        except OSError:
            pass


def stream(more="", content_type="audio/mpeg"):
    """The head of an answer with a stream."""
    return ("HTTP/1.0 200 OK\r\nContent-Type: %s\r\n%s\r\n" % (content_type, more)).encode()
