"""One encoder sends to two servers: a relay of both hears one stream (doc/failover.md)."""
import threading
import time

from harness import check, free_port, listen_socket, test, wait_for
from media import mp3_frame
from recorder import FRAME_S
from test_relay import Ear, hosts, upstream_of, whole


class TwinStudio:
    """An encoder that sends the same frames to several servers, each over its own connection."""

    def __init__(self, t):
        self.begin, self.going, self.threads = time.monotonic(), True, []
        t.owned(self)

    def add(self, server):
        """A server that returns begins with the present frame."""
        thread = threading.Thread(target=self.run, args=(server.source("/live"),), daemon=True)
        self.threads.append(thread)
        thread.start()

    def run(self, source):
        sent = int((time.monotonic() - self.begin) / FRAME_S)
        while self.going:
            due = int((time.monotonic() - self.begin) / FRAME_S)
            try:
                if due > sent:
                    source.send(b"".join(mp3_frame("S", i) for i in range(sent, due)))
            except OSError:
                return
            sent = due
            time.sleep(0.02)

    def close(self):
        self.going = False
        for thread in self.threads:
            thread.join(3)


@test
def one_encoder_at_two_servers_is_one_stream(t):
    studio = TwinStudio(t)
    origins = [t.server(sockets=listen_socket(free_port())) for _ in range(2)]
    for origin in origins:
        studio.add(origin)
    edge = t.server(body=hosts(origins))
    wait_for(lambda: edge.stat("/live", "server_type"), "the edge plays")
    ear = Ear(t, edge)
    ear.hears_more(100)
    for _ in range(4):
        victim = upstream_of(edge, origins)
        victim.kill()
        ear.hears_more(50)
        victim.start()
        studio.add(victim)
        wait_for(lambda: victim.stat("/live", "server_type"), "the server is back")
        ear.hears_more(100)
    whole(ear)
    # Where its address changes within a second, the bytes go on behind it as behind any other part.
    joins = edge.log().count("where the same bytes were found")
    check(4 <= joins < 12, "joined by content %d times" % joins)
