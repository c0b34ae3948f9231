"""Relays and slaves: the pulled streams, their upstreams, and that listeners stay (doc/decisions.md A12, C11)."""
from harness import ADMIN, RELAY, SOURCE, check, equal, free_port, listen_socket, request, test, wait_for
from heard import read_until_heard
from media import mp3_frame, mp3_numbers, ogg_pages, opus_headers, opus_page
from tls_bench import tls_server
from upstream import Upstream, stream


def relay(port, mount="/live", more="", local=None):
    return ("<relay><server>127.0.0.1</server><port>%d</port><mount>%s</mount><local-mount>%s</local-mount>"
            "%s</relay>" % (port, mount, local or mount, more))


def slave_of(port, more=""):
    return ("<master-server>127.0.0.1</master-server><master-server-port>%d</master-server-port>"
            "<master-password>rel-secret</master-password><master-update-interval>1</master-update-interval>%s" % (port, more))


def plays(server, mount):
    wait_for(lambda: server.stat(mount, "server_type"), mount + " plays")


def frames(tag, first, count):
    return b"".join(mp3_frame(tag, n) for n in range(first, first + count))


@test
def a_relay_plays_what_its_upstream_plays(t):
    master = t.server()
    source = master.source("/live", lines=["ice-name: The Name", "ice-genre: G", "ice-bitrate: 128"])
    edge = t.server(body=relay(master.port))
    plays(edge, "/live")
    listener = edge.listener("/live")
    equal([listener.head.get(name) for name in ("Content-Type", "icy-name", "icy-genre", "icy-br")],
          ["audio/mpeg", "The Name", "G", "128"])
    read_until_heard(listener, source, "A")
    numbers = [number for _, number in mp3_numbers(listener.audio)]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "frames")
    stats = edge.stats()
    equal((stats.findtext("source_relay_connections"), stats.findtext("sources")), ("1", "1"))
    found = stats.find("source[@mount='/live']")
    equal((found.findtext("source_ip"), found.findtext("user_agent")), ("127.0.0.1", None))


@test
def titles_of_the_upstream_reach_listeners_and_statistics(t):
    master = t.server()
    source = master.source("/live")
    edge = t.server(body=relay(master.port))
    plays(edge, "/live")
    listener = edge.listener("/live", icy=True)
    master.set_title("/live", song="Through+Relay")

    def told():
        source.play(50)
        listener.read(40 * 384)
        return b"StreamTitle='Through Relay';" in listener.titles
    wait_for(told, "the title is told")
    equal(edge.stat("/live", "title"), "Through Relay")


@test
def listeners_of_a_relay_stay_while_its_master_restarts(t):
    port = free_port()
    master = t.server(sockets=listen_socket(port))
    source = master.source("/live", tag="L")
    edge = t.server(body=relay(port))
    plays(edge, "/live")
    listener = edge.listener("/live", icy=True)
    read_until_heard(listener, source, "L")
    master.kill()
    wait_for(lambda: "listeners wait" in edge.log(), "the relay has lost its master")
    master.start()
    source = master.source("/live", tag="M")
    read_until_heard(listener, source, "LM")
    equal(edge.stat("/live", "listeners"), "1")


@test
def a_relay_that_comes_back_in_the_middle_of_a_frame_gives_whole_frames_only(t):
    up = Upstream(t, lambda _: stream())
    edge = t.server(body=relay(up.port))
    plays(edge, "/live")
    listener = edge.listener("/live")
    up.send(frames("L", 0, 20) + mp3_frame("L", 20)[:200])
    listener.read_until(mp3_frame("L", 19))
    up.hang_up()
    up.asked(2)
    up.send(mp3_frame("M", 0)[100:] + frames("M", 1, 20))
    listener.read_until(mp3_frame("M", 19))
    heard = mp3_numbers(listener.audio)
    equal([n for tag, n in heard if tag == "L"], list(range(20)))
    equal([n for tag, n in heard if tag == "M"], list(range(1, 20)))


@test
def ogg_begins_with_its_headers_when_a_relay_comes_back(t):
    up = Upstream(t, lambda _: stream(content_type="application/ogg") + opus_headers(77, "One"))
    edge = t.server(body=relay(up.port))
    up.asked()
    up.send(b"".join(opus_page(77, n) for n in range(10)))
    plays(edge, "/live")
    listener = edge.listener("/live")
    listener.read_until(opus_page(77, 8))
    up.hang_up()
    up.asked(2)
    up.send(b"".join(opus_page(77, n) for n in range(20, 30)))
    listener.read_until(opus_page(77, 28))
    pages = ogg_pages(listener.audio)
    begins = [n for n, page in enumerate(pages) if page[2] & 2]
    check(len(begins) == 2 and begins[0] == 0, "the chains begin at pages %r of %d" % (begins, len(pages)))
    equal(pages[begins[1] + 2][1], 22, "the first page of music after the headers")


@test
def what_only_this_host_can_reach_is_not_published_for_an_upstream(t):
    """A hostile upstream redirects to another network, or to a service that sends no audio."""
    up = Upstream(t, lambda _: b"HTTP/1.0 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\n\r\n")
    edge = t.server(body=relay(up.port))
    edge.wait_for_log(r"169.254.169.254 is a link-local address, to which a server with a loopback address may not lead; "
                  "not asked")
    inside = Upstream(t, lambda _: b"HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\nINTERNAL-SECRET")
    other = Upstream(t, lambda _: b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:%d/x\r\n\r\n" % inside.port)
    edge = t.server(body=relay(other.port))
    edge.wait_for_log("answered with application/octet-stream, which is not a stream")
    equal(edge.get("/live").status, 404)


@test
def bytes_of_no_kind_that_a_source_may_send_are_relayed_too(t):
    master = t.server()
    source = master.wire()
    source.send(request("SOURCE /live HTTP/1.0", ["Content-Type: application/octet-stream"], SOURCE))
    source.take(15)
    edge = t.server(body=slave_of(master.port))
    plays(edge, "/live")
    listener = edge.listener("/live")
    equal(listener.head.get("Content-Type"), "application/octet-stream")
    noise = bytes(range(256)) * 400
    source.send(noise)
    equal(listener.read(80000), noise[:80000])


@test
def a_relay_takes_what_its_mounts_sources_may_send(t):
    allowed = "<mount><mount-name>/live</mount-name><source-types>application/x-nsv</source-types></mount>"
    master = t.server(body=allowed)
    source = master.wire()
    source.send(request("SOURCE /live HTTP/1.0", ["Content-Type: application/x-nsv"], SOURCE))
    source.take(15)
    plays(t.server(body=slave_of(master.port, allowed)), "/live")
    t.server(body=slave_of(master.port)).wait_for_log("answered with application/x-nsv, which is not a stream")


@test
def a_chunked_upstream_with_titles_is_understood(t):
    def chunk(data):
        return b"%x\r\n%s\r\n" % (len(data), data)
    up = Upstream(t, lambda _: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nicy-metaint: 384\r\n"
                               b"Content-Type: audio/mpeg\r\n\r\n")
    edge = t.server(body=relay(up.port))
    up.asked()
    block = b"StreamTitle='Chunk';"
    block = bytes([2]) + block.ljust(32, b"\0")
    data = mp3_frame("L", 0) + block + b"".join(mp3_frame("L", n) + b"\0" for n in range(1, 40))
    for at in range(0, len(data), 1000):
        up.send(chunk(data[at:at + 1000]))
    plays(edge, "/live")
    listener = edge.listener("/live")
    listener.read_until(mp3_frame("L", 38))
    mp3_numbers(listener.audio)
    equal(edge.stat("/live", "title"), "Chunk")


@test
def when_one_host_is_lost_the_next_takes_over_and_the_first_gets_it_back(t):
    port = free_port()
    first, second = t.server(sockets=listen_socket(port)), t.server()
    a, b = first.source("/live", tag="A"), second.source("/live", tag="B")
    hosts = "".join("<host><server>127.0.0.1</server><port>%d</port><mount>/live</mount></host>" % s.port for s in (first, second))
    edge = t.server(body="<relay><local-mount>/live</local-mount><retry-delay>1</retry-delay>%s</relay>" % hosts)
    plays(edge, "/live")
    listener = edge.listener("/live")
    read_until_heard(listener, a, "A", b)
    first.kill()
    read_until_heard(listener, b, "AB")
    first.start()
    a = first.source("/live", tag="C")
    read_until_heard(listener, a, "ABC", b)


@test
def a_slave_has_every_stream_of_its_master_and_loses_it_with_the_master(t):
    master = t.server(body="<mount><mount-name>/hidden</mount-name><hidden>1</hidden></mount>")
    one, two = master.source("/one", tag="1"), master.source("/two%20words", tag="2")
    master.source("/hidden")
    slave = t.server(body=slave_of(master.port, "<mount><mount-name>/one</mount-name><linger-for>0</linger-for></mount>"))
    plays(slave, "/one")
    plays(slave, "/two words")
    read_until_heard(slave.listener("/two%20words"), two, "2")
    check(slave.stats().find("source[@mount='/hidden']") is None, "a hidden mount is relayed")
    one.leave()
    slave.wait_until_gone("/one")
    master.source("/one", tag="1")
    plays(slave, "/one")


@test
def a_short_or_empty_list_does_not_end_a_stream_that_flows(t):
    lists = ["/a\r\n/b\r\n"]
    up = Upstream(t, lambda r: b"HTTP/1.0 200 OK\r\n\r\n" + lists[0].encode() if "streamlist" in r else stream())
    slave = t.server(body=slave_of(up.port))
    plays(slave, "/a")
    plays(slave, "/b")
    listener = slave.listener("/b")

    def asked_again(times):
        before = sum("streamlist" in r for r in up.requests)
        wait_for(lambda: sum("streamlist" in r for r in up.requests) >= before + times, "the list is asked for", 10)
    for text in ("/a\r\n", "", "/a\r\n/"):
        lists[0] = text
        asked_again(2)
        for peer in up.connections:
            try:
                peer.sendall(frames("L", 0, 5))
            except OSError:
                pass
    listener.read(1000)
    check(listener.is_open(), "the listener was dropped")
    check(slave.stat("/a", "server_type"), "/a is gone")
    equal(sum(r.startswith("GET /b ") for r in up.requests), 1, "requests for /b")


@test
def a_source_of_its_own_wins_over_a_relay(t):
    master = t.server()
    master.source("/live", tag="M")
    port = free_port()
    slave = t.unstarted_server(sockets=listen_socket(port), body="")
    slave.start()
    own = slave.source("/live", tag="S")
    slave.reload(body=slave_of(master.port))
    slave.wait_for_log("relay /live: new relay but source already exists")
    read_until_heard(slave.listener("/live"), own, "S")


@test
def a_source_is_refused_where_a_relay_runs(t):
    master = t.server()
    master.source("/live")
    edge = t.server(body=relay(master.port) + relay(master.port, more="<on-demand>1</on-demand>", local="/idle"))
    plays(edge, "/live")
    for mount in ("/live", "/idle"):
        reply = edge.ask("SOURCE %s HTTP/1.0" % mount, ["Content-Type: audio/mpeg"], "source:src-secret")
        equal((reply.status, reply.text), (403, "Mountpoint in use"))


@test
def a_relay_on_demand_runs_while_somebody_listens(t):
    master = t.server()
    source = master.source("/live")
    edge = t.server(body=relay(master.port, more="<on-demand>1</on-demand><run-on>1</run-on>"))
    equal(edge.stat("/live", "on_demand"), "1")
    equal(edge.get("/admin/streamlist.txt", RELAY).text, "/live\r\n")
    node = edge.get("/admin/listmounts", ADMIN).xml().find("source[@mount='/live']")
    equal((node.findtext("listeners"), node.findtext("Connected"), node.findtext("content-type")), ("0", None, None))
    def pulled():
        return len(master.get("/admin/listclients?mount=/live", ADMIN).xml().findall(".//listener"))
    equal(pulled(), 0)
    refused = edge.set_title("/live", song="X")
    equal((refused.status, refused.xml().findtext("message")), (200, "Mountpoint will not accept URL updates"))
    listener = edge.listener("/live")
    equal(listener.head.get("Content-Type"), "audio/mpeg")
    read_until_heard(listener, source, "A")
    equal((pulled(), edge.stat("/live", "on_demand")), (1, "1"))
    equal(master.stat("/live", "listeners"), "0", "people at the master")
    listener.close()
    wait_for(lambda: source.play(1) and pulled() == 0, "the stream is closed")
    equal(edge.stat("/live", "on_demand"), "1")
    read_until_heard(edge.listener("/live"), source, "A")


@test
def a_crowd_that_comes_to_an_idle_relay_is_one_listener_of_its_upstream(t):
    up = Upstream(t, lambda _: stream())
    edge = t.server(body=relay(up.port, more="<on-demand>1</on-demand>"))
    wires = [edge.wire() for _ in range(50)]
    for wire in wires:
        wire.send("GET /live HTTP/1.0\r\n\r\n")
    for wire in wires:
        equal(wire.reply_head().status, 200)
    equal(len(up.requests), 1, "requests of the edge")


@test
def an_idle_relay_that_cannot_start_is_404_or_its_fallback(t):
    up = Upstream(t, lambda _: b"HTTP/1.0 404 Not Found\r\n\r\n")
    demand = "<on-demand>1</on-demand>"
    edge = t.server(body=relay(up.port, more=demand) + relay(up.port, "/other", more=demand) +
                    "<mount><mount-name>/other</mount-name><fallback-mount>/spare</fallback-mount></mount>")
    spare = edge.source("/spare", tag="S")
    reply = edge.get("/live")
    equal(reply.status, 404)
    check("Mount unavailable" in reply.text, reply.text)
    read_until_heard(edge.listener("/other"), spare, "S")


@test
def an_upstream_that_says_nothing_keeps_a_listener_waiting_no_longer_than_header_timeout(t):
    up = Upstream(t, lambda _: b"")
    edge = t.server(body=relay(up.port, more="<on-demand>1</on-demand>"), limits="<header-timeout>1</header-timeout>")
    equal(edge.get("/live").status, 404)


@test
def a_head_request_does_not_start_an_idle_relay(t):
    up = Upstream(t, lambda _: stream())
    edge = t.server(body=relay(up.port, more="<on-demand>1</on-demand>"))
    equal(edge.ask("HEAD /live HTTP/1.0").status, 200)
    equal(up.requests, [])


@test
def listeners_whose_source_leaves_may_start_a_relay_that_is_their_fallback(t):
    master = t.server()
    far = master.source("/far", tag="F")
    edge = t.server(body=relay(master.port, "/far", more="<on-demand>1</on-demand>") +
                    "<mount><mount-name>/live</mount-name><fallback-mount>/far</fallback-mount></mount>")
    live = edge.source("/live", tag="L")
    listener = edge.listener("/live")
    read_until_heard(listener, live, "L")
    live.leave()
    read_until_heard(listener, far, "LF")


@test
def a_reload_touches_only_the_relays_that_change(t):
    up, other = Upstream(t, lambda _: stream()), Upstream(t, lambda _: stream())
    edge = t.server(body=relay(up.port, "/stays") + relay(up.port, "/moves") + relay(up.port, "/goes"))
    up.asked(3)
    for mount in ("/stays", "/moves", "/goes"):
        plays(edge, mount)
    stays, moves = edge.listener("/stays"), edge.listener("/moves")
    goes = edge.listener("/goes")
    edge.reload(body=relay(up.port, "/stays") + relay(other.port, "/moves") + relay(other.port, "/new"))
    plays(edge, "/new")
    goes.expect_end()
    other.asked(2)
    wait_for(lambda: edge.stat("/moves", "listeners") == "1", "/moves has its listener")
    check(stays.is_open() and moves.is_open(), "a listener was dropped")
    equal(len(up.requests), 3, "requests of the old upstream")
    check(edge.stats().find("source[@mount='/goes']") is None, "/goes is still there")


@test
def a_relay_that_is_killed_comes_back(t):
    up = Upstream(t, lambda _: stream())
    edge = t.server(body=relay(up.port, more="<retry-delay>1</retry-delay>"))
    plays(edge, "/live")
    edge.get("/admin/killsource?mount=/live", ADMIN)
    up.asked(2)
    plays(edge, "/live")


@test
def a_relay_asks_as_a_slave_of_icecast_does(t):
    up = Upstream(t, lambda _: b"HTTP/1.0 404 Not Found\r\n\r\n")
    t.server(body="<server-id>Icecast 2.4.4</server-id>" + relay(up.port, "/up"))
    up.asked()
    equal(up.requests[0], "GET /up HTTP/1.0\r\nUser-Agent: Icecast 2.4.4\r\nHost: 127.0.0.1\r\nIcy-MetaData: 1\r\n\r\n")


@test
def the_mount_of_a_relay_is_asked_for_as_it_is_written(t):
    """The addresses of other servers: Shoutcast's "/;", a key in the query, an encoded path."""
    up = Upstream(t, lambda _: b"HTTP/1.0 404 Not Found\r\n\r\n")
    paths = ["/;stream.mp3", "/live?key=1&amp;x=%2Fy", "/a%20b", "/a b/c(1),d@e~f:g=h!i", "/caf\u00e9"]
    t.server(body="".join(relay(up.port, path, local="/%d" % n) for n, path in enumerate(paths)))
    up.asked(len(paths))
    equal({request.split()[1] for request in up.requests},
          {"/;stream.mp3", "/live?key=1&x=%2Fy", "/a%20b", "/a%20b/c(1),d@e~f:g=h!i", "/caf%C3%A9"})


@test
def an_upstream_on_tls_is_trusted_only_with_a_good_certificate(t):
    up = Upstream(t, lambda _: stream())
    edge = t.server(body=relay(up.port, more="<ssl>1</ssl>"))
    edge.wait_for_log("relay /live: https://127.0.0.1:%d/live cannot be reached" % up.port)


@test
def an_upstream_is_trusted_by_the_roots_of_ssl_cafile(t):
    master = tls_server(t, name="localhost")
    source = master.source("/live", tag="L")
    edge = t.unstarted_server(body=relay(master.ports[1], more="<ssl>1</ssl>").replace("127.0.0.1", "localhost"))
    edge.start()
    edge.wait_for_log("relay /live: https://localhost:%d/live cannot be reached" % master.ports[1])
    edge.reload(paths="<ssl-cafile>%s/tls.pem</ssl-cafile>" % master.dir)
    wait_for(lambda: edge.stat("/live", "server_type"), "the relay plays", 15)
    read_until_heard(edge.listener("/live"), source, "L")


@test
def a_lost_relay_gives_its_listeners_to_the_fallback(t):
    up = Upstream(t, lambda r: stream() if not up.requests[1:] else b"HTTP/1.0 404 Not Found\r\n\r\n")
    edge = t.server(body=relay(up.port) + "<mount><mount-name>/live</mount-name><fallback-mount>/spare</fallback-mount>"
                                          "<fallback-override>1</fallback-override></mount>")
    spare = edge.source("/spare", tag="S")
    plays(edge, "/live")
    listener = edge.listener("/live")
    up.send(frames("L", 0, 20))
    listener.read(10 * 384)
    up.hang_up()
    read_until_heard(listener, spare, "LS")



@test
def who_waits_at_the_fallback_of_a_relay_on_demand_comes_back_when_it_can_start(t):
    works = []
    up = Upstream(t, lambda r: stream() if works else b"HTTP/1.0 404 Not Found\r\n\r\n")
    edge = t.server(body=relay(up.port, more="<on-demand>1</on-demand>") +
                    "<mount><mount-name>/live</mount-name><fallback-mount>/spare</fallback-mount>"
                    "<fallback-override>1</fallback-override></mount>")
    spare = edge.source("/spare", tag="S")
    listener = edge.listener("/live")
    read_until_heard(listener, spare, "S")
    works.append(True)
    wait_for(lambda: up.connections, "the relay is started for him", 15)
    number = [0]

    class Far:
        def play(self, count):
            up.send(frames("L", number[0], count))
            number[0] += count
    read_until_heard(listener, spare, "SL", Far())
