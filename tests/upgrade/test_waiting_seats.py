"""A user with <sessions-per-user> whose request waits for a relay while the server is replaced."""
import hashlib
import itertools
import socket
import threading

from harness import equal, mount, test, wait_for
from media import mp3_frame
from replacing import upgrade
from upstream import Upstream, stream
from wire import request


def pour(upstream, done):
    for n in itertools.count():
        if done.wait(0.01):
            return
        for peer in list(upstream.connections):
            try:
                peer.sendall(mp3_frame("R", n))
            except OSError:
                pass


def asked(server, player):
    wire = server.wire()
    wire.send(request("GET /club.mp3 HTTP/1.0", ["User-Agent: " + player], "ann:ann"))
    return wire


def status_of(server, player):
    wire = asked(server, player)
    status = wire.reply_head().status
    wire.close()
    return status


@test
def one_that_has_ended_its_side_is_answered_and_its_seat_is_given_back(t):
    begins, done = threading.Event(), threading.Event()

    def answer(text):
        begins.wait(30)
        return stream("", "audio/mpeg")
    upstream = Upstream(t, answer)
    users = t.dir / "users"
    users.write_text("ann:%s\n" % hashlib.md5(b"ann").hexdigest())
    users.chmod(0o644)
    relay = ("<relay><server>127.0.0.1</server><port>%d</port><mount>/x</mount><local-mount>/club.mp3</local-mount>"
             "<on-demand>1</on-demand></relay>" % upstream.port)
    server = t.server(body=relay + mount(
        "/club.mp3", '<sessions-per-user>1</sessions-per-user><authentication type="htpasswd">'
        '<option name="filename" value="%s"/></authentication>' % users))
    first = asked(server, "first")
    upstream.asked()
    first.socket.shutdown(socket.SHUT_WR)
    upgrade(server)
    begins.set()
    threading.Thread(target=pour, args=(upstream, done), daemon=True).start()
    equal(first.reply_head().status, 200, "the first one's answer")
    first.close()
    wait_for(lambda: status_of(server, "another") == 200, "the seat is free again")
    done.set()
