"""A server with answers that no server should give: a behaviour is a function that writes bytes to the client."""
import socket
import time

from upstream import Upstream


def endless_body(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n")
    while True:
        write(b"x" * 65536)


def endless_lines(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        write(b"{}\n" * 5000)


def slow_body(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100000\r\n\r\n")
    while True:
        write(b"x")
        time.sleep(1)


def slow_head(write):
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"y" * 10000:
        write(bytes([byte]))
        time.sleep(1)


def endless_head(write):
    write(b"HTTP/1.1 200 OK\r\n")
    while True:
        write(b"X-More: " + b"y" * 8000 + b"\r\n")


def endless_line(write):
    write(b"HTTP/1.1 200 ")
    while True:
        write(b"y" * 65536)


def endless_continue(write):
    while True:
        write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def to_itself(write):
    write(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")


def to_a_file(write):
    write(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")


def hang_up(write):
    pass


def empty(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 0\r\n\r\n")


def stream_that_ends(write):
    write(b"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n" + b"\xff\xfb\x94\x00" + bytes(380))


def too_short(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc")


def negative(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc")


def bad_chunks(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc")


def garbage(write):
    write(bytes(range(256)) * 50)


def nuls(write):
    write(b"HTTP/1.1 200 OK\r\nContent-Type: a\0b\r\nicecast-auth-user: 1\0\r\n\r\n\0\0")


def deep(write):
    body = b"[" * 60000
    write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def silence(write):
    time.sleep(3600)


BEHAVIOURS = [endless_body, endless_lines, slow_body, slow_head, endless_head, endless_line, endless_continue, to_itself, to_a_file, hang_up, empty,
              stream_that_ends, too_short, negative, bad_chunks, garbage, nuls, deep, silence]


class Hostile(Upstream):
    """Answers every request with one behaviour."""

    def serve(self, peer):
        self.connections.append(peer)
        try:
            if self.head_of_request(peer) is not None:
                self.answer(peer.sendall)
        except OSError:
            pass
        finally:
            peer.close()
            self.connections.remove(peer)

    def url(self, path="/"):
        return "http://127.0.0.1:%d%s" % (self.port, path)

    def hang_up(self):
        for peer in list(self.connections):
            try:
                peer.shutdown(socket.SHUT_RDWR)
            except OSError:     # the client is gone
                pass
