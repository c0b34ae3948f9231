"""Relays of servers without addresses of bytes: their connections are handed over, and listeners hear every frame
once."""
import itertools
import socket
import ssl
import threading
import time

import foreign
from bench import Site
from harness import check, equal, test, wait_for
from media import MP3_FRAME, mp3_frame, mp3_numbers
from replacing import upgrade
from tls_bench import certificate
from upstream import Upstream, stream

METAINT = 1000
# What comes ends anywhere: in a frame, in a block of titles, in the line of a chunk.
PIECE = 777
# Nothing is read until all upgrades are made.
QUEUE = "<queue-size>50000000</queue-size><source-timeout>120</source-timeout>"
UPGRADES = 20


class Pouring(Upstream):
    """Sends numbered frames by itself, with a title every 8 frames."""

    def __init__(self, bench, chunked=False, icy=False, kind="audio/mpeg", wrap=None):
        self.chunked, self.icy, self.wrap = chunked, icy, wrap
        self.frames, self.titles, self.stopped = 0, 0, False
        head = ("Transfer-Encoding: chunked\r\n" if chunked else "") + ("icy-metaint: %d\r\n" % METAINT if icy else "")
        super().__init__(bench, lambda text: stream(head, kind))
        self.thread = threading.Thread(target=self.pour, daemon=True)

    def begin(self):
        self.asked()
        wait_for(lambda: self.connections, "the relay is connected")
        self.thread.start()
        return self

    def serve(self, peer):
        super().serve(self.wrap(peer) if self.wrap else peer)

    def made(self):
        audio, until = b"", METAINT
        for number in itertools.count():
            frame = mp3_frame("R", number)
            self.frames = number + 1
            if not self.icy:
                yield frame
                continue
            audio += frame
            while len(audio) >= until:
                block = b""
                if self.frames >= 8 * self.titles:
                    block = b"StreamTitle='Title %d';" % self.titles
                    self.titles += 1
                yield audio[:until] + bytes([(len(block) + 15) // 16]) + block.ljust((len(block) + 15) // 16 * 16, b"\0")
                audio = audio[until:]

    def pour(self):
        waiting, made, peer = b"", self.made(), self.connections[0]
        while not self.stopped:
            while len(waiting) < PIECE:
                bytes_ = next(made)
                waiting += b"%x;x=y\r\n%s\r\n" % (len(bytes_), bytes_) if self.chunked else bytes_
            try:
                peer.sendall(waiting[:PIECE])
            except OSError:
                return
            waiting = waiting[PIECE:]
            time.sleep(0.004)

    def stop(self):
        self.stopped = True
        self.thread.join()


def relay(port, mount, more="", server="127.0.0.1", remote="/x"):
    return ("<relay><server>%s</server><port>%d</port><mount>%s</mount><local-mount>%s</local-mount>%s</relay>"
            % (server, port, remote, mount, more))


def plays(server, mount):
    wait_for(lambda: mount.encode() in server.get("/status-json.xsl").body, "%s is on the air: %s" % (mount, server.log()[-600:]))


def heard_each_once(listener, at_least):
    """The received frames are consecutive, up to this one."""
    frames = mp3_numbers(listener.audio)
    while not frames or frames[-1][1] < at_least:
        listener.read(20 * MP3_FRAME - len(listener.audio) % MP3_FRAME if frames and frames[-1][1] < at_least - 40 else MP3_FRAME - len(listener.audio) % MP3_FRAME)
        # What was looked at is not looked at again: there are thousands, and the upstream is silent meanwhile.
        frames += mp3_numbers(listener.audio[len(frames) * MP3_FRAME:])
    first = frames[0][1]
    equal([number for _, number in frames] == list(range(first, first + len(frames))), True, "each frame once")


def go_on(server, upstreams, listeners, times):
    """Each upgrade takes the connections of all relays along."""
    for _ in range(times):
        before = [upstream.frames for upstream in upstreams]
        equal(upgrade(server)[:3], (len(listeners), len(upstreams), len(upstreams)), "what was handed over")
        wait_for(lambda: all(up.frames > was + 10 for up, was in zip(upstreams, before)), "it is sent on")


@test
def foreign_servers_keep_their_one_connection_and_listeners_hear_each_frame_once(t):
    upstreams = [Pouring(t), Pouring(t, chunked=True), Pouring(t, icy=True), Pouring(t, chunked=True, icy=True)]
    server = t.server(body="".join(relay(up.port, "/r%d" % i, "<relay-shoutcast-metadata>1</relay-shoutcast-metadata>") for i, up in enumerate(upstreams)), limits=QUEUE)
    for i, upstream in enumerate(upstreams):
        upstream.begin()
        plays(server, "/r%d" % i)
    listeners = [server.listener("/r%d" % i, icy=icy) for i in range(4) for icy in (False, True)]
    go_on(server, upstreams, listeners, UPGRADES)
    for i, upstream in enumerate(upstreams):
        upstream.stop()
        for listener in listeners[2 * i:2 * i + 2]:
            heard_each_once(listener, upstream.frames - 6)
        told = [title for title in listeners[2 * i + 1].titles if title]
        if upstream.icy:
            numbers = [int(title.split(b"Title ")[1].split(b"'")[0]) for title in told]
            equal(numbers == list(range(numbers[0], numbers[0] + len(numbers))) and len(numbers) > UPGRADES, True, "each title once: %r" % told)
        equal(len(upstream.requests), 1, "connections of the upstream")
    equal(server.stop(), 0)


@test
def so_do_relays_over_tls_and_on_demand(t):
    certificate(t.dir, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(t.dir / "tls.pem")
    secure = Pouring(t, icy=True, wrap=lambda peer: context.wrap_socket(peer, server_side=True))
    wanted = Pouring(t)
    server = t.server(body=relay(secure.port, "/secure", "<tls>1</tls>", server="localhost") + relay(wanted.port, "/wanted", "<on-demand>1</on-demand><run-on>1</run-on>"),
                      paths="<ssl-cafile>%s/tls.pem</ssl-cafile>" % t.dir, limits=QUEUE)
    secure.begin()
    plays(server, "/secure")
    threading.Thread(target=wanted.begin, daemon=True).start()
    listeners = [server.listener("/secure"), server.listener("/wanted")]
    go_on(server, [secure, wanted], listeners, 5)
    for listener, upstream in zip(listeners, (secure, wanted)):
        heard_each_once(listener, upstream.frames)
        equal(len(upstream.requests), 1, "connections of the upstream")
    # The relay that has gone on is one like before: without a listener it is closed.
    listeners[1].close()
    server.wait_for_log(r"relay /wanted: no listener for \d+s; the stream is closed")
    equal(server.stop(), 0)


@test
def the_second_of_a_queue_goes_on_and_gives_way_to_the_first_as_before(t):
    answers = [None]
    first = Upstream(t, lambda text: answers[0])
    second = Pouring(t)
    hosts = "".join("<host><server>127.0.0.1</server><port>%d</port><mount>/x</mount></host>" % port for port in (first.port, second.port))
    server = t.server(body="<relay>%s<local-mount>/r</local-mount><retry-delay>1</retry-delay></relay>" % hosts, limits=QUEUE)
    second.begin()
    plays(server, "/r")
    listener = server.listener("/r")
    for _ in range(3):
        asked = len(first.requests)
        equal(upgrade(server)[:3], (1, 1, 1), "what was handed over")
        wait_for(lambda: len(first.requests) > asked, "the first is asked again")
    equal(len(second.requests), 1, "connections of the second")
    heard_each_once(listener, second.frames)
    answers[0] = stream()
    wait_for(lambda: first.connections, "the first is connected")
    second.stop()
    numbers = len(mp3_numbers(listener.audio))
    for number in range(100):
        first.send(mp3_frame("F", number))
    while b"<F" not in listener.audio[numbers * MP3_FRAME:]:
        listener.read(MP3_FRAME)
    equal(server.stop(), 0)


@test
def a_relay_that_is_being_connected_begins_behind_the_upgrade(t):
    silent = socket.create_server(("127.0.0.1", 0), backlog=8)
    t.owned(silent)
    server = t.server(body=relay(silent.getsockname()[1], "/r"))
    waiting, _ = silent.accept()
    waiting.recv(4096)
    equal(upgrade(server)[:3], (0, 0, 0), "what was handed over")
    again, _ = silent.accept()
    again.recv(4096)
    again.sendall(stream() + b"".join(mp3_frame("R", number) for number in range(50)))
    plays(server, "/r")
    listener = server.listener("/r")
    heard_each_once(listener, 40)
    equal(server.stop(), 0)


@test
def icecast_2_4_4_keeps_its_one_listener(t):
    upstream = foreign.stock(t, Site(41)).start()
    source, stopped = upstream.source("/live"), []

    def play():
        while not stopped:
            source.play(1)
            time.sleep(0.004)
    playing = threading.Thread(target=play, daemon=True)
    playing.start()
    wait_for(lambda: upstream.stat("/live", "server_type"), "the upstream plays")
    server = t.server(body=relay(upstream.port, "/r", server=upstream.host, remote="/live"))
    plays(server, "/r")
    listener = server.listener("/r")
    for _ in range(UPGRADES):
        equal(upgrade(server)[:3], (1, 1, 1), "what was handed over")
        listener.read(4 * MP3_FRAME)
    stopped.append(True)
    playing.join()
    frames = mp3_numbers(listener.audio)
    equal([number for _, number in frames] == list(range(frames[0][1], frames[0][1] + len(frames))), True, "each frame once")
    check(upstream.stat("/live", "listener_peak") in ("1", 1), "the upstream has had one listener: %r" % upstream.stat("/live", "listener_peak"))
    equal(server.stop(), 0)


class ListingMaster(Pouring):
    """A master with one stream, whose list can be had only while `lists`."""

    def __init__(self, bench):
        super().__init__(bench)
        self.lists, self.refused = True, 0
        streams, self.answer = self.answer, self.answer_of
        self.stream = streams

    def answer_of(self, text):
        if "streamlist.txt" not in text:
            return self.stream(text)
        if self.lists:
            return b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\n\r\n/live\n"
        self.refused += 1
        return b"HTTP/1.0 503 Busy\r\nContent-Length: 0\r\n\r\n"


@test
def streams_of_a_master_whose_list_cannot_be_had_stay_behind_an_upgrade(t):
    master = ListingMaster(t)
    server = t.server(body="<master-server>127.0.0.1</master-server><master-server-port>%d</master-server-port><master-password>x</master-password>"
                      "<master-update-interval>1</master-update-interval><relays-on-demand>0</relays-on-demand>" % master.port, limits=QUEUE)
    master.begin()
    plays(server, "/live")
    listener = server.listener("/live")
    master.lists = False
    wait_for(lambda: master.refused, "the master refuses its list")
    go_on(server, [master], [listener], 1)
    # A connection that no relay takes is closed after 5 s, and each refused list is a second or more.
    before = master.refused
    wait_for(lambda: master.refused >= before + 8, "it is asked again and again", 60)
    go_on(server, [master], [listener], 1)
    master.stop()
    heard_each_once(listener, master.frames - 6)
    equal(server.stop(), 0)
