"""The position at which a new listener starts, in every format (doc/decisions.md A3)."""
import pathlib

from harness import check, equal, test, wait_for
from media import adts_numbers, mp3_numbers, ogg_pages, ogg_with_serial, webm_cluster, webm_head

DEMO = pathlib.Path(__file__).resolve().parent.parent.parent / "demo"
BURST = "<burst-size>20000</burst-size>"   # no multiple of any frame


def late(t, kind, units, numbers, size):
    """A listener that joins a running stream gets whole units from the first byte, about a burst, and then the
    stream."""
    server = t.server(limits=BURST)
    source = server.source("/m", kind=kind)
    first = server.listener("/m")
    source.play(units)
    first.read((units - 2) * size)
    listener = server.listener("/m")
    got = numbers(listener.read(10 * size))
    start = got[0][1]
    check(units - 20000 // size - 6 <= start <= units - 20000 // size + 1, "it starts at unit %d of %d" % (start, units))
    source.play(50)
    more = numbers(listener.read((units - start + 30) * size))
    equal(more, [("A", start + 10 + i) for i in range(units - start + 30)])


@test
def a_late_listener_of_mp3_starts_with_a_frame(t):
    late(t, "mp3", 200, mp3_numbers, 384)


@test
def a_late_listener_of_aac_starts_with_a_frame(t):
    late(t, "aac", 250, adts_numbers, 300)


@test
def the_first_listener_gets_everything_from_the_first_byte(t):
    server = t.server(limits=BURST)
    source = server.source("/m")
    listener = server.listener("/m")
    source.play(150)
    equal(mp3_numbers(listener.read(148 * 384)), [("A", n) for n in range(148)])


@test
def no_burst_starts_at_the_present(t):
    server = t.server(limits="<burst-size>0</burst-size>")
    source = server.source("/m")
    first = server.listener("/m")
    source.play(100)
    first.read(98 * 384)
    listener = server.listener("/m")
    source.play(10)
    start = mp3_numbers(listener.read(384))[0][1]
    check(start >= 96, "it starts at frame %d of 110" % start)


@test
def a_late_listener_of_ogg_gets_the_headers_and_then_whole_pages(t):
    server = t.server(limits=BURST)
    source = server.source("/o", kind="opus")
    first = server.listener("/o")
    sent = source.play(300)
    first.read(len(sent) - 600)
    listener = server.listener("/o")
    source.play(20)
    pages = ogg_pages(listener.read(20000))
    equal([(flags, sequence) for _, sequence, flags, _, _ in pages[:2]], [(2, 0), (0, 1)], "the header pages")
    check(pages[0][4].startswith(b"OpusHead") and pages[1][4].startswith(b"OpusTags"), "the headers are others")
    numbers = [sequence for _, sequence, _, _, _ in pages[2:]]
    check(numbers[0] > 100, "no late join: it starts at page %d" % numbers[0])
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "page numbers")


@test
def a_late_listener_of_webm_gets_the_head_and_then_whole_clusters(t):
    server = t.server(limits=BURST)
    source = server.source("/w", kind="webm")
    first = server.listener("/w")
    sent = source.play(200)
    first.read(len(sent) - 700)
    listener = server.listener("/w")
    source.play(20)
    head = webm_head()
    equal(listener.read(len(head)), head)
    size = len(webm_cluster(0))
    data = listener.read(20 * size)
    start = next(n for n in range(220) if webm_cluster(n) == data[:size])
    check(start > 100, "no late join: it starts at cluster %d" % start)
    equal(data, b"".join(webm_cluster(n) for n in range(start, start + 20)))


@test
def a_chained_ogg_stream_gives_late_listeners_the_headers_of_its_last_link(t):
    server = t.server(limits=BURST)
    source = server.source("/o.ogg", kind="opus")
    first = server.listener("/o.ogg")
    data = b""
    for serial in range(1, 12):     # the same piece, link after link
        data += ogg_with_serial((DEMO / "morning.ogg").read_bytes(), serial)
    source.send(data)
    first.read(len(data) - 20000)
    pages = ogg_pages(first.audio)
    equal(sum(1 for page in pages if page[2] & 2) >= 10, True, "every link has its beginning")
    listener = server.listener("/o.ogg")
    pages = ogg_pages(listener.read(12000))
    check(pages[0][2] & 2, "it does not start with a beginning")
    check(pages[0][0] >= 10, "the headers are those of link %d" % pages[0][0])
    check(all(page[0] == pages[0][0] for page in pages[:3]), "pages of two links are mixed")
    wait_for(lambda: server.stat("/o.ogg", "title") == "Morning", "the title of the last link is shown")
    equal(server.stat("/o.ogg", "artist"), "icecast-lb")


@test
def a_listener_gets_its_head_before_the_source_has_sent_anything(t):
    server = t.server()
    source = server.source("/m")
    listener = server.listener("/m")
    equal(listener.head.get("Content-Type"), "audio/mpeg")
    source.play(5)
    equal(mp3_numbers(listener.read(3 * 384)), [("A", 0), ("A", 1), ("A", 2)])


@test
def a_relay_of_icecast_gets_a_head_of_which_it_reads_every_line(t):
    server = t.server()
    server.source("/many", lines=["ice-x%02d: %s" % (i, "v" * 20) for i in range(40)]).play(5)
    server.source("/long", lines=["ice-x%d: %s" % (i, "v" * 900) for i in range(8)]).play(5)
    for mount, sent in (("/many", 40), ("/long", 8)):
        player, relay = [server.listener(mount, ["User-Agent: " + agent], icy=True).head for agent in ("VLC/3", "Icecast 2.4.4")]
        equal(len([name for name, _ in player.headers if name.startswith("icy-x")]), sent, "lines of a player")
        check(len(relay.head) + 4 <= 4095 and relay.head.count(b"\r\n") < 32, "a head of %d lines, %d bytes" % (relay.head.count(b"\r\n") + 1, len(relay.head)))
        equal(relay.headers[-1], ("icy-metaint", "16000"), "the last line of " + mount)
        check(relay.get("icy-x0" if mount == "/long" else "icy-x00"), "the first of the source's lines is there")
