"""ICY metadata: the positions of the blocks, their content and its character encoding."""
import urllib.parse

from harness import check, equal, matches, test, wait_for
from media import mp3_frame, mp3_numbers


@test
def blocks_come_every_metaint_bytes_and_say_a_title_once(t):
    server = t.server()
    source = server.source()
    listener = server.listener(icy=True)
    equal(listener.metaint, 16000)
    server.set_title(song="One")
    source.play(300)
    equal(mp3_numbers(listener.read(298 * 384)), [("A", n) for n in range(298)])
    equal(listener.titles.count(b"StreamTitle='One';"), 1)
    check(listener.blocks == 7, "%d blocks in %d bytes" % (listener.blocks, len(listener.audio)))


@test
def the_first_block_tells_the_title_that_is_playing(t):
    server = t.server()
    source = server.source()
    server.set_title(song="Playing")
    source.play(100)
    listener = server.listener(icy=True)
    listener.read(16001)
    equal(listener.titles, [b"StreamTitle='Playing';"])


@test
def a_title_that_its_source_sends_in_every_block_is_told_once(t):
    """Servers of advertisements send titles this way."""
    server = t.server()
    source = server.source(lines=["icy-metaint: 3840"])
    listener = server.listener(icy=True)
    one, two = (bytes([2]) + text.ljust(32, b"\0") for text in (b"StreamTitle='One';", b"StreamTitle='Two';"))
    data = b"".join(mp3_frame("A", n) for n in range(200))
    for n in range(20):
        source.send(data[n * 3840:(n + 1) * 3840] + (two if n == 12 else one))
    listener.read(190 * 384)
    told = [title for title in listener.titles if title != b"StreamTitle='';"]
    equal(told, [b"StreamTitle='One';", b"StreamTitle='Two';", b"StreamTitle='One';"])


@test
def without_a_title_the_first_block_is_an_empty_title(t):
    server = t.server()
    server.source().play(100)
    listener = server.listener(icy=True)
    listener.read(16001)
    equal((listener.blocks, listener.titles), (1, [b"StreamTitle='';"]))


@test
def players_that_do_not_ask_get_no_blocks(t):
    server = t.server()
    source = server.source()
    server.set_title(song="Unseen")
    for lines in ((), ("Icy-MetaData: 0",)):
        listener = server.listener(lines=lines)
        equal(listener.metaint, 0)
    source.play(100)
    equal(len(mp3_numbers(listener.read(98 * 384))), 98)


@test
def a_mount_may_set_another_interval_or_none(t):
    server = t.server(body="<mount><mount-name>/small</mount-name><mp3-metadata-interval>500</mp3-metadata-interval></mount>"
                           "<mount><mount-name>/none</mount-name><mp3-metadata-interval>0</mp3-metadata-interval></mount>")
    for mount, metaint in (("/small", 500), ("/none", 0)):
        source = server.source(mount)
        listener = server.listener(mount, icy=True)
        equal(listener.metaint, metaint)
        server.set_title(mount, song="X")
        source.play(100)
        equal(mp3_numbers(listener.read(98 * 384)), [("A", n) for n in range(98)])


@test
def formats_that_carry_their_own_titles_get_no_blocks(t):
    server = t.server()
    for kind in ("opus", "webm"):
        server.source("/" + kind, kind=kind).play(10)
        equal(server.listener("/" + kind, icy=True).metaint, 0)


@test
def half_a_title_tells_too_whether_the_format_takes_titles(t):
    server = t.server()
    for kind in ("mp3", "opus"):
        server.source("/" + kind, kind=kind).play(10)
        wait_for(lambda: kind == "mp3" or server.stat("/" + kind, "subtype"), "the codec is known")
        said = "Metadata update successful" if kind != "opus" else "Mountpoint will not accept URL updates"
        for values in ({"title": "X"}, {"artist": "X"}, {}):
            equal(server.set_title("/" + kind, **values).xml().findtext("message"), said, "%s, %r" % (kind, values))


def block_after(t, charset_of_mount="", **title):
    server = t.server(body=charset_of_mount and
                      "<mount><mount-name>/live.mp3</mount-name><charset>%s</charset></mount>" % charset_of_mount)
    source = server.source()
    reply = server.set_title(**title)
    equal(reply.status, 200)
    source.play(100)
    listener = server.listener(icy=True)
    listener.read(16001)
    title = server.stat("/live.mp3", "title")
    equal(server.public_source("/live.mp3")["title"], title, "title in the JSON")
    return listener.titles[0], title


@test
def utf_8_stays_utf_8(t):
    block, title = block_after(t, song="K%C3%A4se%20%E2%82%AC%20%E6%97%A5")
    equal((block, title), ("StreamTitle='Käse € 日';".encode(), "Käse € 日"))


@test
def utf_8_that_is_said_to_be_utf_8_stays_so_too(t):
    # liquidsoap says charset=UTF-8 with every title.
    horse = "Žluťoučký kůň № 1"
    for text in (horse, "Björk"):
        block, title = block_after(t, song=urllib.parse.quote(text), charset="UTF-8")
        equal((block, title), (("StreamTitle='%s';" % text).encode(), text))


@test
def latin_1_bytes_without_a_word_about_it_are_understood(t):
    block, title = block_after(t, song="K%E4se")
    equal(title, "Käse")
    check(block in ("StreamTitle='Käse';".encode(), "StreamTitle='Käse';".encode("latin-1")), "%r" % block)


@test
def what_the_encoder_says_about_its_letters_is_believed(t):
    block, title = block_after(t, song="K%E4se%20%F1", charset="ISO-8859-1")
    equal((block, title), ("StreamTitle='Käse ñ';".encode(), "Käse ñ"))
    block, title = block_after(t, song="%EE%E1", charset="KOI8-R")
    equal((block, title), ("StreamTitle='НА';".encode(), "НА"))


@test
def a_mount_for_old_players_gets_its_own_letters_and_stats_keep_all(t):
    block, title = block_after(t, "ISO8859-1", song="K%C3%A4se%20%E6%97%A5", charset="UTF-8")
    equal((block, title), (b"StreamTitle='K\xe4se ?';", "Käse 日"))


@test
def quotes_are_left_as_they_are(t):
    block, _ = block_after(t, song="It's%20me")
    equal(block, b"StreamTitle='It's me';")


@test
def artist_and_title_are_joined(t):
    block, title = block_after(t, artist="A%20B", title="C%26D")
    equal((block, title), (b"StreamTitle='A B - C&D';", "A B - C&D"))


@test
def a_title_of_hostile_bytes_harms_nobody(t):
    server = t.server()
    for n, song in enumerate(("%00%01%0d%0aX: y", "%3Cscript%3Ealert(1)%3C/script%3E%22%27%5C", "%C3%28%FF%FE", "%E2%80%A8]]%3E", "9" * 5000, "%7B%7D")):
        mount = "/m%d" % n    # each is a page of its own, that is not kept from before
        server.source(mount)
        reply = server.set_title(mount, song=song.replace(" ", "+"))
        check(reply.status in (200, 400, 414), "%s for %r" % (reply.line, song[:30]))
        title = server.public_source(mount).get("title", "")   # JSON that parses
        check(isinstance(title, str), "title %r is not text" % title)
        check(not any(ord(c) < 32 for c in title), "control characters in %r" % title)
        server.stats()                                                # XML that parses
        page = server.get("/status.xsl?mount=" + mount).text
        check("<script>alert" not in page, "the page runs the title")
    check(not any(len(line) == 0 for line in server.log("playlist").splitlines()), "a title broke a log line")


@test
def a_line_break_or_tab_in_a_title_keeps_its_words_apart(t):
    server = t.server()
    server.source(lines=["ice-name: One\ttwo"])
    for song in ("Artist%0ATitle", "Artist%09Title%0D%0A", "%0AArtist%20%0D%0ATitle"):
        server.set_title(song=song)
        wait_for(lambda: server.stat("/live.mp3", "title") == "Artist Title", "%s is there" % song)
        server.set_title(song="Other")
        wait_for(lambda: server.stat("/live.mp3", "title") == "Other", "the other one is there")
    equal(server.stat("/live.mp3", "server_name"), "One two")
    wait_for(lambda: server.log("playlist").count("|Artist Title\n") == 3, "the playlist log has it each time")


@test
def numbers_and_true_are_titles_too(t):
    server = t.server()
    for n, song in enumerate(("1999", "true", "-", "007", "null")):
        server.source("/m%d" % n)
        server.set_title("/m%d" % n, song=song)
        equal(server.public_source("/m%d" % n)["title"], song)


@test
def a_new_title_reaches_listeners_and_the_playlist_log(t):
    server = t.server()
    source = server.source()
    listener = server.listener(icy=True)
    server.set_title(song="First")
    source.play(60)
    listener.read_title(b"StreamTitle='First';")
    server.set_title(song="Second")
    source.play(60)
    listener.read_title(b"StreamTitle='Second';")
    matches(r"^\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\|/live\.mp3\|1\|First$", server.log("playlist"))


@test
def a_title_for_a_mount_without_a_source_says_so(t):
    server = t.server()
    reply = server.set_title(song="x")
    equal(reply.status, 400)
    matches("Source does not exist", reply.text)


@test
def ogg_names_its_own_title(t):
    server = t.server()
    server.source("/o", kind="opus").play(3)
    wait_for(lambda: server.stat("/o", "title") == "First Title", "the title of the stream is shown")
    equal(server.stat("/o", "artist"), "Some Artist")
