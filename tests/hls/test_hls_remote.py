"""HLS of other nodes' recordings: any node serves the lists and segments of the holder (doc/hls.md)."""
import json
import re
import shutil
import signal
import threading
import time

from bench import ADMIN, check, equal, matches, test, wait_for
from hls_check import MediaList
from link_bench import edge, kill9, linked_master
from recorded import Recording, directory, metric, places
from test_hls import FORMATS, Encoder, decoded, encoded, poll_for, watch
from test_hls_past import past, recorder, same_segments, seconds_of
from wire import basic

HLS = "<hls><segment>2</segment><window>12</window></hls>"
MOUNT = "<mount><mount-name>/m.mp3</mount-name><hls>1</hls>%s</mount>"
FORMATS["mp3-320"] = ("audio/mpeg", [*FORMATS["mp3"][1][:2], "-b:a", "320k", *FORMATS["mp3"][1][4:]], 40000)


def recording_body(directory, inside=""):
    return HLS + "<archive><dir>%s</dir></archive>" % directory + MOUNT % ("<archive><enabled>1</enabled></archive>" + inside)


def parts_sent(server):
    """(file, first, last) of each block that the node has given to other nodes."""
    return re.findall(r"archive /m\.mp3: (\S+), bytes (\d+) to (\d+) to", server.log())


def without_names(text):
    return re.sub(r"\?s=[0-9a-f]{24}", "", text)


def begin_of(server, mount="/m.mp3"):
    """The first whole recorded second."""
    shown = json.loads(server.get("/admin/archive.json?mount=" + mount, ADMIN).text)["mounts"]
    return int(shown[0]["ranges"][0]["from"]) + 1


def knows(asker, *holders):
    wait_for(lambda: set(holders) <= set(places(asker)), "%s knows who has recorded it" % asker.name, 30)


def holder(b, number, master, recorded):
    """A node with a copy of another server's recordings, as if it had recorded them."""
    made = directory(b, number)
    shutil.copytree(recorded, made, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".lock"))
    for path in (made, *made.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return edge(b, number, master, streams=False, body=recording_body(made))


def live_ms(server):
    """The time of the newest byte; 0: the stream has no times."""
    reply = server.get("/api/v1/now/m.mp3/place")
    return reply.json()["live_ms"] if reply.status == 200 else 0


def recorded_by_one(b, kind="mp3", seconds=16, titles=()):
    """(directory, begin, sound) of a recording of LAME's frames; its server has ended."""
    server = recorder(b)
    sent = encoded(kind, seconds + 20)
    source = Encoder(b, server, "/m.mp3", kind, sent, lead=4)
    wait_for(lambda: server.stat("/m.mp3", "server_type"), "the stream begins", 20)
    for title in titles:
        # A programme of less than a second is not listed, and a stream has no times for three seconds.
        begun = wait_for(lambda: live_ms(server), "the stream has times", 20)
        equal(server.get("/admin/metadata?mount=/m.mp3&mode=updinfo&song=" + title, ADMIN).status, 200)
        wait_for(lambda: live_ms(server) >= begun + 2000, "two seconds of the title")
    live = watch(b, server, "/m.mp3")
    poll_for(seconds, live)
    source.close()
    wait_for(lambda: server.get("/m.mp3/live.m3u8").status == 404, "the stream is over", 20)
    begin = int(seconds_of(live.seen[min(live.seen)][0])) + 1
    server.stop()
    return server.dir / "archive", begin, sent


@test
def lists_at_another_node_are_those_of_the_holder(b):
    master = linked_master(b, 11, ("edge12",), body_more=recording_body(directory(b, 11)))
    there = edge(b, 12, master, streams=False, body=HLS + MOUNT % "")
    sent = encoded("mp3", 60)
    source = Encoder(b, master, "/m.mp3", "mp3", sent, lead=4)
    knows(there, "m11")
    wait_for(lambda: metric(master, "lb_archive_bytes") > 16000 * 14, "fourteen seconds are recorded", 40)
    begin = begin_of(master)

    # While it is recorded: lists that grow and slide.
    for name in ("rewind-20.m3u8", "timeshift_rel-3.m3u8", "archive-%d-now.m3u8" % begin):
        here, far = past(b, master, name), past(b, there, name)
        here.poll()
        far.poll()
        equal(far.last.kind, here.last.kind, name)
        same_segments(here, far, min(len(here.seen), len(far.seen)) - 1, name)
    far.poll()
    grown = len(far.last.segments)
    wait_for(lambda: len(far.poll().segments) > grown + 1, "the event grows there", 15)
    led = past(b, there, "timeshift_abs-%d.m3u8" % (time.time() - 4))
    matches(r"/timeshift_rel-[45]\.m3u8\?s=", led.master()[0][1])
    led.poll()

    name = "archive-%d-10.m3u8" % begin
    here, far = past(b, master, name), past(b, there, name)
    equal(far.master()[0][0], here.master()[0][0], "the master playlist")
    equal(without_names(far.poll().text), without_names(here.poll().text), "the list")
    same_segments(here, far, len(here.seen), name)
    check(far.sound() in sent, "the segments are not what was sent")
    check(len(decoded(far.sound(), "mp3")) > 8 * 44100 * 4, "the sound does not decode")
    source.close()
    wait_for(lambda: master.get("/m.mp3/live.m3u8").status == 404, "the stream is over", 20)
    after = past(b, there, name)
    equal(without_names(after.poll().text), without_names(far.last.text), "the list when nothing plays")
    same_segments(far, after, len(far.seen), "off the air")

    none = there.get("/m.mp3/archive-1000-60.m3u8")
    equal(none.status, 404, "before all")
    matches(r"^\d+-\d+$", none.get("x-lb-archive"))
    equal(there.get("/m.mp3/00000000-5.mp3").status, 404, "a segment that never was")


@test
def its_holder_dies_and_the_segments_go_on_from_the_other(b):
    recorded, begin, sent = recorded_by_one(b, "mp3-320", 22)
    master = linked_master(b, 11, ("edge12", "edge13", "edge14"))
    holders = [holder(b, number, master, recorded) for number in (13, 14)]
    there = edge(b, 12, master, streams=False, body=HLS + MOUNT % "")
    knows(there, "edge13", "edge14")
    player = past(b, there, "archive-%d-20.m3u8" % begin)
    listed = player.list()
    check(len(listed.segments) >= 9, "%d segments of 20 s" % len(listed.segments))
    player.target, player.last = listed.target, listed
    for segment in listed.segments[:2]:
        player.fetch(segment)
    used = max(holders, key=lambda node: len(parts_sent(node)))
    other = holders[1 - holders.index(used)]
    check(parts_sent(used), "no block was fetched")
    before = len(parts_sent(other))
    kill9(used)
    began = time.monotonic()
    for segment in listed.segments[2:]:
        player.fetch(segment)
    took = time.monotonic() - began
    check(player.sound() in sent, "the segments are not what was sent")
    check(len(decoded(player.sound(), "mp3")) > 17 * 44100 * 4, "the sound does not decode")
    check(len(parts_sent(other)) > before, "the other holder was not asked")
    again = past(b, there, "archive-%d-20.m3u8" % begin)
    equal(without_names(again.list().text), without_names(listed.text), "the list after the death of a holder")

    # Without any holder it is said that it may come back; then, that nothing is there.
    kill9(other)
    later = there.get("/m.mp3/archive-%d-19.m3u8" % begin)
    check(later.status in (503, 404, 200), "%d" % later.status)
    wait_for(lambda: there.get("/m.mp3/archive-%d-18.m3u8" % begin).status == 404, "nothing is recorded any more", 30)
    return "%d segments over the death of their holder within %.1f s" % (len(listed.segments) - 2, took)


@test
def two_hundred_players_of_one_list_cost_one_look(b):
    recorded, begin, _ = recorded_by_one(b)
    master = linked_master(b, 11, ("edge12", "edge13"))
    there_is = holder(b, 13, master, recorded)
    there = edge(b, 12, master, streams=False, body=HLS + MOUNT % "")
    knows(there, "edge13")
    path = "/m.mp3/archive-%d-12.m3u8" % begin
    wires = []
    for _ in range(200):
        wire = there.wire()
        wire.send("GET %s HTTP/1.0\r\n\r\n" % path)
        wires.append(wire)
    began = time.monotonic()
    equal({wire.reply_head().status for wire in wires}, {200}, "the players")
    took = time.monotonic() - began
    sent = parts_sent(there_is)
    check(1 <= len(sent) <= 2, "%d blocks were fetched for lists" % len(sent))
    # The segments of one list, by twenty players at once: each block once.
    player = past(b, there, "archive-%d-12.m3u8" % begin)
    names = [segment.uri.split("?")[0] for segment in player.list().segments]
    failed = []

    def play():
        for name in names:
            if there.get("/m.mp3/" + name).status != 200:
                failed.append(name)
    threads = [threading.Thread(target=play) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    equal(failed, [], "segments that were not given")
    sent = parts_sent(there_is)
    equal(len(sent), len(set(sent)), "a block was fetched twice: %r" % sent)
    return "200 players of one list: %.2f s" % took


@test
def the_section_of_the_node_that_serves_says_who_may_listen(b):
    users = b.dir / "users"
    users.write_text("ann:5f4dcc3b5aa765d61d8327deb882cf99\n")  # md5 of "password"
    users.chmod(0o644)
    auth = '<authentication type="htpasswd"><option name="filename" value="%s"/><option name="allow_duplicate_users" value="1"/></authentication>' % users
    recorded, begin, _ = recorded_by_one(b)
    master = linked_master(b, 11, ("edge12", "edge13", "edge14", "edge15"))
    holder(b, 13, master, recorded)
    sections = {12: auth, 14: "<archive><listeners>none</listeners></archive>", 15: "<archive><window>5</window></archive>"}
    nodes = {number: edge(b, number, master, streams=False, body=HLS + MOUNT % inside) for number, inside in sections.items()}
    for node in nodes.values():
        knows(node, "edge13")
    name = "archive-%d-8.m3u8" % begin
    asks = past(b, nodes[12], name)
    asks.master()
    equal(asks.ask(asks.path)[0].status, 401, "a list without a password")
    reply, body = asks.ask(asks.path, Authorization=basic("ann:password"))
    equal(reply.status, 200, "a list with one")
    uri = MediaList(body.decode()).segments[0].uri
    equal(nodes[12].get("/m.mp3/" + uri.split("?")[0]).status, 403, "a segment without a name")
    equal(asks.ask("/m.mp3/" + uri)[0].status, 200, "a segment with the name of its listener")
    equal(nodes[14].get("/m.mp3/" + name).status, 401, "for administrators only")
    equal(nodes[14].get("/m.mp3/" + name, ADMIN).status, 200, "an administrator's list")
    equal(nodes[15].get("/m.mp3/" + name).status, 404, "before its window")


@test
def a_redirecting_master_names_the_holders_and_itself(b):
    recorded, begin, _ = recorded_by_one(b)
    master = linked_master(b, 11, ("edge12", "edge13"), body_more=HLS + MOUNT % "")
    there = holder(b, 13, master, recorded)
    edge(b, 12, master, streams=False, body=HLS + MOUNT % "")
    knows(master, "edge13")
    name = "/m.mp3/archive-%d-8.m3u8" % begin
    wait_for(lambda: "http://%s:%d" % (there.host, there.port) in master.get(name).text, "the holder is named", 20)
    places_named = [line for line in master.get(name).text.split("\n") if line and not line.startswith("#")]
    equal(len(places_named), 2, "places: %r" % places_named)
    matches(r"^http://127\.0\.0\.13:%d/m\.mp3/archive-%d-8\.m3u8\?s=[0-9a-f]{24}" % (there.port, begin), places_named[0])
    matches(r"^archive-%d-8\.m3u8\?s=[0-9a-f]{24}$" % begin, places_named[1])
    lists = [server.get("/m.mp3/" + place.split("/m.mp3/")[-1]) for server, place in ((there, places_named[0]), (master, places_named[1]))]
    equal([reply.status for reply in lists], [200, 200])
    equal(without_names(lists[0].text), without_names(lists[1].text), "the lists of both")


@test
def the_page_shows_where_it_is_recorded_and_its_titles(b):
    recorded, begin, _ = recorded_by_one(b, titles=("Morning", "News"))
    master = linked_master(b, 11, ("edge12", "edge13"))
    holder(b, 13, master, recorded)
    there = edge(b, 12, master, streams=False, body=HLS + MOUNT % "")
    knows(there, "edge13")
    equal(metric(there, "lb_archive_fetched_bytes_total"), 0)
    shown = json.loads(there.get("/admin/archive.json?mount=/m.mp3", ADMIN).text)["mounts"]
    equal([part["where"] for part in shown[0]["ranges"]], [["edge13"]])
    equal([each["title"] for each in shown[0]["titles"] if each["title"]], ["Morning", "News"])
    page = there.get("/admin/archive.xsl", ADMIN).text
    check("/m.mp3" in page and "edge13" in page, "the page of all mounts: %s" % page[-1500:])
    page = there.get("/admin/archive.xsl?mount=/m.mp3", ADMIN).text
    for words in ("edge13", "Morning", "News"):
        check(words in page, "%s is not on the page of the mount" % words)
    check("Delete" not in page, "what another node has is offered to be deleted")
    # An index has the titles: none of the sound was fetched for that.
    equal(metric(there, "lb_archive_fetched_bytes_total"), 0)


@test
def six_hours_of_two_holders_are_one_list(b):
    begin = int(time.time()) - 7 * 3600
    six = HLS.replace("<segment>2", "<segment>6")
    recording = Recording(begin, 6 * 3600, frames_a_second=2)
    master = linked_master(b, 11, ("edge12", "edge13", "edge14", "edge15"))
    holders = []
    # The second one came later; the first one has died at half of the time.
    for number, first, end in ((13, 0, 3 * 3600 + 70), (14, 3600, 6 * 3600), (15, 0, 6 * 3600)):
        made = directory(b, number)
        part = Recording(begin, 0, frames_a_second=2)
        part.seconds, part.sums = recording.seconds[:end], recording.sums[:end]
        part.write(made, "%2Fm%2Emp3", skip=first)
        if number < 15:
            holders.append(edge(b, number, master, streams=False, body=recording_body(made).replace(HLS, six)))
        else:
            # This one has all of it, and nobody is told.
            whole = edge(b, number, master, streams=False, body=recording_body(made).replace(HLS, six).replace("<archive><dir>", "<archive><share>0</share><dir>"))
    there = edge(b, 12, master, streams=False, body=six + MOUNT % "")
    knows(there, "edge13", "edge14")
    name = "archive-%d-%d.m3u8" % (begin + 60, 6 * 3600 - 120)
    player = past(b, there, name)
    began = time.monotonic()
    player.master()
    took = time.monotonic() - began
    text = without_names(player.list().text)
    equal(text, without_names(past(b, whole, name).list().text), "the list")
    check(text.count("#EXTINF") >= 3575, "%d segments" % text.count("#EXTINF"))
    began = time.monotonic()
    equal(there.get("/m.mp3/rewind-21600.m3u8").status, 200)
    again = time.monotonic() - began
    wires = []
    for _ in range(300):
        wire = there.wire()
        wire.send("GET /m.mp3/archive-%d-%d.m3u8 HTTP/1.0\r\n\r\n" % (begin + 60, 5 * 3600))
        wires.append(wire)
    began = time.monotonic()
    equal({wire.reply_head().status for wire in wires}, {200}, "the players")
    return "cold %.2f s, another list of the same files %.2f s, 300 players of one %.2f s" % (took, again, time.monotonic() - began)


@test
def a_holder_that_is_silent_holds_up_nothing_else(b):
    recorded, begin, _ = recorded_by_one(b)
    master = linked_master(b, 11, ("edge12", "edge13"))
    silent = holder(b, 13, master, recorded)
    there = edge(b, 12, master, streams=False, body=HLS + MOUNT % "")
    knows(there, "edge13")
    silent.send_signal(signal.SIGSTOP)
    try:
        wires = []
        for second in range(60):
            wire = there.wire()
            wire.send("GET /m.mp3/archive-%d-%d.m3u8 HTTP/1.0\r\n\r\n" % (begin, 8 + second % 4))
            wires.append(wire)
        longest = 0.0
        for _ in range(20):
            began = time.monotonic()
            equal(there.get("/status-json.xsl").status, 200)
            longest = max(longest, time.monotonic() - began)
        check(longest < 1, "another request took %.2f s" % longest)
        began = time.monotonic()
        replies = [wire.reply_head() for wire in wires]
        took = time.monotonic() - began
        equal({(reply.status, reply.get("retry-after")) for reply in replies}, {(503, "1")}, "the lists")
        check(took < 12, "the lists were refused after %.1f s" % took)
    finally:
        silent.send_signal(signal.SIGCONT)
    wait_for(lambda: there.get("/m.mp3/archive-%d-8.m3u8" % begin).status == 200, "the holder is back", 30)
    return "60 lists of 4 kinds were refused after %.1f s; other requests took %.2f s" % (took, longest)
