"""Players of a recorded mount that stop and return: at the byte where they were, on a kept connection, from another
site."""
import http.client
import re
import time

from harness import check, equal, give_away, mount, test, wait_for
from media import MP3_FRAME, mp3_frame, mp3_numbers
from recorded import Recording
from recorder import Studio, newest, ranges, recorded_seconds, recorder
from test_archive import numbers_of


def address_of(head):
    found = re.fullmatch(r"([0-9a-f]{32})\.(\d+)", head.get("x-lb-stream") or "")
    check(found, "X-LB-Stream: %r" % head.get("x-lb-stream"))
    return found.group(1), int(found.group(2))


def heard(listener, size):
    """The numbers of the whole frames of a stream that may begin within a frame."""
    data = listener.read(size)
    at = data.find(b"\xff\xfb\x94\x00" + bytes(32) + b"<S")
    check(0 <= at < MP3_FRAME, "no frame: %r" % data[:60])
    return data, [number for _, number in mp3_numbers(data[at:at + (size - at) // MP3_FRAME * MP3_FRAME])]


def status_of_head(server, path):
    wire = server.wire()
    wire.send("HEAD %s HTTP/1.0\r\n\r\n" % path)
    status = wire.reply_head().status
    wire.close()
    return status


@test
def a_player_that_comes_back_at_once_misses_nothing(t):
    server = recorder(t)
    studio = Studio(t, server).until_recorded(2)
    sound = b""
    player = server.listener("/live.mp3")
    identity, position = address_of(player.head)
    for turn in range(6):
        # To the very end of what there is, in the midst of a frame: some of it is not on the disk yet.
        size = (1 if turn else 170) * MP3_FRAME + 100
        sound += player.read(size)
        position += size
        player.close()
        player = server.listener("/live.mp3?at=%s.%d" % (identity, position))
        equal(address_of(player.head), (identity, position))
    sound += player.read(MP3_FRAME * 3)
    numbers = [number for _, number in mp3_numbers(sound[:len(sound) // MP3_FRAME * MP3_FRAME])]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
    equal(server.get("/live.mp3?at=%s.%d" % (identity, position + 100_000_000)).status, 404)
    equal(server.get("/live.mp3?at=%s.%d" % (identity[::-1], position)).status, 404)
    studio.close()


@test
def a_player_goes_on_where_the_next_source_has_begun(t):
    server = recorder(t)
    studio = Studio(t, server)
    player = server.listener("/live.mp3")
    identity, position = address_of(player.head)
    wait_for(lambda: recorded_seconds(server) >= 1, "it is recorded", 20)
    studio.close()
    studio.source.close()
    body = player.take_all()
    position += len(body)
    wait_for(lambda: server.get("/live.mp3").status == 404, "the mount is off the air", 20)
    second = Studio(t, server)
    wait_for(lambda: len(list((server.dir / "archive").glob("*/*/*.data"))) == 2, "the next source is recorded", 20)
    again = server.listener("/live.mp3?at=%s.%d" % (identity, position))
    _, numbers = heard(again, 20 * MP3_FRAME)
    check(numbers[0] <= 3, "it went on with %r" % numbers[:3])
    second.close()


@test
def the_address_is_told_from_the_first_second_on_and_by_head(t):
    server = recorder(t)
    source = server.source("/live.mp3")
    source.send(b"".join(mp3_frame("S", n) for n in range(200)))
    wait_for(lambda: int(server.stat("/live.mp3", "total_bytes_read") or 0) >= 199 * MP3_FRAME, "it was read")
    player = server.listener("/live.mp3")
    identity, position = address_of(player.head)
    _, numbers = heard(player, 5 * MP3_FRAME)
    equal(numbers[0] * MP3_FRAME, position, "the place of the first byte")
    head = server.ask("HEAD /live.mp3 HTTP/1.0")
    equal(address_of(head)[0], identity)
    exposed = head.get("access-control-expose-headers")
    check("X-LB-Stream" in exposed, "a page of another site may not read it: %r" % exposed)
    check("X-LB-Stream" in player.head.get("access-control-expose-headers"), "… of the stream itself")
    plain = server.ask("HEAD /none HTTP/1.0")
    check("X-LB-Stream" not in (plain.get("access-control-expose-headers") or ""), "what has no such header names it")


@test
def a_time_beyond_the_window_begins_where_the_window_does(t):
    server = recorder(t, inside="<window>4</window>")
    studio = Studio(t, server)
    wait_for(lambda: newest(server)[1] - newest(server)[0] >= 8, "it is recorded", 25)
    begin, end = ranges(server)[-1]
    check(3 <= end - begin <= 5, "what is told goes back by %d s" % (end - begin))
    for ask in ("timeshift=3600", "from=-3600", "from=1000"):
        asked = time.time()
        listener = server.listener("/live.mp3?" + ask)
        first = heard(listener, 10 * MP3_FRAME)[1][0]
        late = asked - studio.sent[first]
        check(2 <= late <= 5.5, "%s began %.1f s ago" % (ask, late))
        listener.close()
    equal(server.get("/live.mp3?from=-9&to=-6").status, 404)
    studio.close()


@test
def files_come_over_one_connection_and_may_be_kept(t):
    server = recorder(t)
    studio = Studio(t, server).until_recorded(5)
    begin = ranges(server)[-1][0]
    wire = http.client.HTTPConnection(*server.address, timeout=20)
    wire.connect()
    first = wire.sock
    whole = b""
    for headers in ({}, {"Range": "bytes=0-999"}, {"Range": "bytes=1000-"}):
        wire.request("GET", "/live.mp3?from=%d&duration=2" % (begin + 1), headers=headers)
        reply = wire.getresponse()
        equal(reply.status, 206 if headers else 200)
        equal(reply.headers.get_all("Cache-Control"), ["private, max-age=3600"])
        equal(reply.getheader("Pragma"), None)
        body = reply.read()
        whole = whole or body
        check(not headers or body in (whole[:1000], whole[1000:]), "a part is not of the whole")
        check(wire.sock is first, "the connection was not kept")
    check(len(numbers_of(whole)) > 80, "it has no sound")
    wire.request("GET", "/live.mp3?from=%d&duration=2" % (begin + 1), headers={"If-None-Match": reply.getheader("ETag")})
    reply = wire.getresponse()
    equal((reply.status, reply.read()), (304, b""))
    wire.request("HEAD", "/live.mp3?from=%d&duration=2" % (begin + 1))
    reply = wire.getresponse()
    equal((reply.status, reply.getheader("Content-Length"), reply.read()), (200, str(len(whole)), b""))
    wire.close()
    studio.close()


@test
def as_many_files_at_once_as_are_allowed_for_a_proxy_on_this_machine(t):
    server = t.unstarted_server()
    server.write_config(body="<archive><dir>%s</dir></archive>" % (server.dir / "archive") +
                        mount("/*", "<archive><enabled>1</enabled><downloads>3</downloads></archive>"))
    begin = int(time.time()) - 700
    Recording(begin, 60, frames_a_second=341).write(server.dir / "archive")
    give_away(server.dir)
    server.start()
    path = "/live.mp3?from=%d&duration=55" % begin
    # A client that does not read keeps its place: its file is larger than what sockets take.
    wires = []
    for _ in range(3):
        wire = server.wire(receive_buffer=4096)
        wire.send("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        equal(wire.reply_head().status, 200)
        wires.append(wire)
    refused = server.get(path)
    equal((refused.status, refused.get("retry-after")), (503, "10"))
    wires[0].close()
    wait_for(lambda: status_of_head(server, path) == 200, "a place is free again")
    equal(status_of_head(server, "/live.mp3?from=0&to=%d" % (begin + 9)), 200, "from before the oldest")
    equal(status_of_head(server, "/live.mp3?from=0&to=-1"), 200, "all of it")


@test
def a_title_is_told_once_to_a_player_of_the_past(t):
    server = recorder(t, inside="</archive><burst-size>16000</burst-size><archive>")
    studio = Studio(t, server).until_recorded(1)
    for song in ("one", "two"):
        server.set_title("/live.mp3", song=song)
        end = newest(server)[1]
        wait_for(lambda: newest(server)[1] >= end + 3, "it is recorded", 20)
    # Over files that grow while they are played, and into the live stream.
    player = server.listener("/live.mp3?timeshift=8", icy=True)
    while len(player.audio) < 16_000 * 9:
        player.read(4000)
    numbers = [number for _, number in mp3_numbers(player.audio[:len(player.audio) // MP3_FRAME * MP3_FRAME])]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
    equal([title for title in player.titles if b"''" not in title], [b"StreamTitle='one';", b"StreamTitle='two';"])
    studio.close()


@test
def the_place_of_a_moment_may_be_recorded(t):
    server = recorder(t, limits="<queue-size>65536</queue-size>")
    studio = Studio(t, server)
    path = "/api/v1/now/live.mp3/place"
    wait_for(lambda: server.get(path).status == 200 and server.get(path).json()["recorded"], "it is recorded", 20)
    begin = server.get(path).json()["oldest_ms"]
    # The live window moves on, and what was at its begin has been recorded.
    wall = begin + 1500
    wait_for(lambda: server.get("%s?wall=%d" % (path, wall)).json().get("at", "") is None, "the moment is out of the live window", 20)
    place = server.get("%s?wall=%d" % (path, wall)).json()
    equal((place["wall_ms"], place["url"], place["recorded"]), (wall, "/live.mp3?from=%.3f" % (wall / 1000), True))
    check(abs(place["oldest_ms"] - begin) < 1000, "%d began at %d" % (place["oldest_ms"], begin))
    frame = mp3_numbers(server.listener(place["url"]).read(MP3_FRAME))[0][1]
    check(abs(studio.sent[frame] * 1000 - wall) < 500, "the frame was sent %d ms beside it" % (studio.sent[frame] * 1000 - wall))
    equal(server.get("%s?wall=%d" % (path, begin - 60000)).status, 416)
    # What is for administrators is not told.
    server.reload(body=server.slots["body"].replace("<enabled>1</enabled>", "<enabled>1</enabled><listeners>none</listeners>"))
    check("<listeners>none" in server.slots["body"], "the mount's section was changed")
    closed = server.get(path).json()
    check(not closed["recorded"] and closed["oldest_ms"] > wall, closed)
    equal(server.get("%s?wall=%d" % (path, wall)).status, 416)
    studio.close()


@test
def a_recorded_moment_has_its_place_while_the_encoder_is_away(t):
    server = t.unstarted_server()
    server.write_config(body="<archive><dir>%s</dir></archive>%s" % (server.dir / "archive", mount("/live.mp3", "<archive>1</archive>")))
    server.start()
    studio = Studio(t, server)
    path = "/api/v1/now/live.mp3/place"
    wait_for(lambda: server.get(path).status == 200 and server.get(path).json()["recorded"], "it is recorded", 20)
    begin = server.get(path).json()["oldest_ms"]
    wait_for(lambda: server.get(path).json()["live_ms"] > begin + 6000, "six seconds are recorded", 30)
    studio.close()
    studio.source.close()
    wait_for(lambda: server.get(path).status == 404, "it is off the air")
    wall = begin + 2000

    def is_there(what):
        place = server.get("%s?wall=%d" % (path, wall)).json()
        equal((place.get("wall_ms"), place.get("url"), place.get("recorded")), (wall, "/live.mp3?from=%.3f" % (wall / 1000), True), "%s: %s" % (what, place))
        check(abs(place["oldest_ms"] - begin) < 1000 and place["live_ms"] > begin + 4000, place)
    is_there("away")
    equal(server.get("%s?wall=%d" % (path, begin + 3600000)).status, 404, "behind the recording")
    server.stop()
    server.start()
    is_there("after a restart")
    again = Studio(t, server)
    wait_for(lambda: server.get(path).get("X-Reason") == "no-times" or server.get(path).status == 200, "it is back")
    wait_for(lambda: is_there("back") or server.get(path).status == 200, "it has times", 20)
    again.close()


@test
def a_clock_that_was_set_between_two_files_holds_up_no_listener(t):
    """The bytes of the files are consecutive; by the clock an hour lies between them."""
    server = recorder(t)
    server.stop()
    begin = int(time.time()) - 86_400
    place = server.dir / "archive" / "%2Flive%2Emp3"
    Recording(begin, 20).write_file(place, 0, 8)
    Recording(begin + 3600, 20).write_file(place, 8, 20)
    server.start()
    listener = server.listener("/live.mp3?from=%d" % (begin + 2))
    wanted = b"".join(mp3_frame("S", number) for number in range(15 * 42, 16 * 42))
    wait_for(lambda: wanted in listener.audio or listener.read(MP3_FRAME) == b"never", "it hears on behind it", 20)
    numbers = numbers_of(listener.audio[listener.audio.find(b"\xff\xfb\x94"):])
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "frames")
