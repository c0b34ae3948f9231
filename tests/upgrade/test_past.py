"""Listeners of the past, while the server is replaced: each continues at its byte, in the archive and on into the
present."""
import os
import re
import threading
import time

from encoders import Ear
from harness import ADMIN, SOURCE, check, equal, listen_socket, mount, open_folder, test, wait_for
from link_bench import edge, linked_master
from media import MP3_FRAME, mp3_numbers
from recorded import Recording
from recorder import Studio, ranges, recorded_seconds, recorder
from replacing import upgrade
from syscalls import Faults, Rule
from threads import Threaded
from tls_bench import certificate, tls
from wire import request

PATIENT = "<source-timeout>120</source-timeout>"


def whole(listener):
    """All its frames are consecutive."""
    size = len(listener.audio) // MP3_FRAME * MP3_FRAME
    numbers = [number for _, number in mp3_numbers(listener.audio[:size])]
    equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "every frame once")
    return numbers


@test
def one_in_the_past_hears_every_byte_once(t):
    server = recorder(t, limits=PATIENT)
    studio = Studio(t, server).until_recorded(6)
    listeners = [server.listener("/live.mp3?timeshift=%d" % n, icy=n == 5) for n in (3, 5, 6)]
    for round_ in range(4):
        for listener in listeners:
            listener.read(40 * MP3_FRAME + 100)
        upgrade(server)
        equal(server.stat("/live.mp3", "listeners"), "3", "they are listeners of the mount")
    for listener in listeners:
        listener.read(100 * MP3_FRAME)
        whole(listener)
    rows = server.get("/admin/listclients?mount=/live.mp3", "admin:adm-secret").xml().findall(".//listener")
    equal(len(rows), 3, "in the administrator's list")
    listeners[0].close()
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "2", "one has left")
    studio.close()
    equal(server.stop(), 0)


@test
def one_comes_into_the_present_behind_an_upgrade(t):
    server = recorder(t, limits=PATIENT + "<burst-size>64000</burst-size>")
    studio = Studio(t, server).until_recorded(5)
    listener = server.listener("/live.mp3?timeshift=5")
    listener.read(20 * MP3_FRAME)
    upgrade(server)

    def live():
        listener.read(20 * MP3_FRAME)
        return whole(listener)[-1] >= studio.number - 150
    wait_for(live, "it has come near to the present", 20)
    upgrade(server)
    listener.read(40 * MP3_FRAME)
    whole(listener)
    studio.close()
    equal(server.stop(), 0)


@test
def one_of_a_mount_that_is_off_the_air_goes_on(t):
    server = recorder(t, limits=PATIENT)
    studio = Studio(t, server).until_recorded(8)
    studio.close()
    studio.source.close()
    wait_for(lambda: server.get("/live.mp3").status == 404, "the mount is off the air", 20)
    begin = ranges(server)[0][0]
    listener = server.listener("/live.mp3?from=%d" % (begin + 1))
    for _ in range(3):
        listener.read(30 * MP3_FRAME)
        upgrade(server)
    listener.read(60 * MP3_FRAME)
    check(whole(listener)[-1] >= 140, "it goes on")
    equal(server.stop(), 0)


@test
def one_whose_recording_was_removed_hears_it_to_its_end(t):
    server = t.unstarted_server()
    folder, begin = open_folder(server.dir / "archive"), int(time.time() - 3600) // 300 * 300
    show = Recording(begin, 600)
    show.write(folder)
    server.write_config(body="<archive><dir>%s</dir></archive>" % folder + mount("/live.mp3", "<archive>1</archive>"))
    server.start()
    wait_for(lambda: ranges(server), "it is read")
    at_its_end, within = [server.listener("/live.mp3?from=%d" % (begin + at)) for at in (284, 100)]
    for listener in (at_its_end, within):
        listener.read(100 * MP3_FRAME)
    gone = server.ask("POST /admin/archive/delete?mount=/live.mp3&from=%d&to=%d HTTP/1.0" % (begin, begin + 300), login=ADMIN)
    equal(gone.status, 200)
    wait_for(lambda: len(list(folder.glob("*/*/*.data"))) == 1, "its file is gone")
    for _ in range(2):
        upgrade(server)
    while len(at_its_end.audio) // MP3_FRAME < 20 * show.frames_a_second:
        for listener in (at_its_end, within):
            listener.read(40 * MP3_FRAME)
    check(whole(at_its_end)[-1] >= show.number_at(begin + 303), "it goes on in the next file")
    whole(within)
    equal(server.stop(), 0)


@test
def one_goes_on_where_its_next_process_records_into_another_directory(t):
    server = recorder(t, limits=PATIENT)
    studio = Studio(t, server).until_recorded(12)
    listener = server.listener("/live.mp3?timeshift=12")
    listener.read(20 * MP3_FRAME)
    other = open_folder(server.dir / "other")
    server.write_config(body=server.slots["body"].replace("/archive</dir>", "/other</dir>"))
    upgrade(server)
    wait_for(lambda: list(other.glob("*/*/*.data")), "the other directory is in use", 20)
    listener.read(400 * MP3_FRAME)
    # The frame in which the upgrade came is not whole.
    numbers = list(dict.fromkeys(int(number) for number in re.findall(rb"<S(\d{9})>", listener.audio)))
    check(numbers == sorted(numbers) and len(numbers) < 1 + numbers[-1] - numbers[0], "it has passed over what is not there: %r" % numbers)
    studio.close()
    equal(server.stop(), 0)


class Flood(Threaded):
    """A stream with more bytes a second than sockets hold; every byte is known."""

    def __init__(self, t, server):
        self.wire, self.sent = server.wire(), bytearray()
        self.wire.send(request("SOURCE /big HTTP/1.0", ["Content-Type: audio/x-unknown"], SOURCE))
        self.wire.reply_head()
        self.start(t)

    def run(self):
        number = 0
        while self.going:
            data = b"".join(b"<%014d>" % n for n in range(number, number + 8192))
            number += 8192
            self.sent += data
            self.wire.send(data)
            time.sleep(0.05)


def file_server(t):
    server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<ssl>1</ssl>"), limits="<queue-size>4000000</queue-size>")
    certificate(server.dir, "radio.test")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir,
                        body="<archive><dir>%s/archive</dir></archive>" % server.dir + mount("/big", "<archive>1</archive>"))
    return server.start()


@test
def files_that_are_being_fetched_go_on_at_their_byte(t):
    server = file_server(t)
    flood = Flood(t, server)
    begin = wait_for(lambda: recorded_seconds(server, "/big") >= 5 and ranges(server, "/big")[0][0], "it is recorded", 20) + 1
    flood.close()
    line = "GET /big?from=%s&duration=3 HTTP/1.%d"
    asked = [(begin, 1, [], 0, server.port), (begin, 0, [], 0, server.port), (begin, 1, ["Range: bytes=1000-"], 1000, server.port),
             ("-4.5", 1, [], 0, server.ports[1])]
    wires = []
    for since, minor, lines, first, port in asked:
        wires.append(server.wire(port, receive_buffer=16384, wrap=tls() if port == server.ports[1] else None))
        wires[-1].send(request(line % (since, minor), ["Host: x", *lines]))
    heads, then = [wire.reply_head() for wire in wires], time.monotonic()
    equal([head.status for head in heads], [200, 200, 206, 200])
    wait_for(lambda: time.monotonic() > then + 1.5, "4.5 s ago are another second")
    bodies = [b""] * len(wires)
    for _ in range(3):
        bodies = [body + wire.take(200_000) for body, wire in zip(bodies, wires)]
        upgrade(server)
    for (_, minor, lines, first, port), wire, head, body in zip(asked, wires, heads, bodies):
        left = int(head.get("Content-Length")) - len(body)
        while left > 0:
            body += wire.take(min(left, 1_000_000))
            left = int(head.get("Content-Length")) - len(body)
        whole = flood.sent.find(body[:1000]) - first
        equal(body == flood.sent[whole + first:whole + first + len(body)], True, "the file")
        equal(wire.pending, b"")
    wires[0].send(request("OPTIONS * HTTP/1.1", ["Host: x"]))
    equal(wires[0].reply_head().status, 200, "the next request of its connection")
    for head, minor in zip(heads[:2], (1, 0)):
        size = len(head.head) + 4 + int(head.get("Content-Length"))
        server.wait_for_log(r'"GET /big HTTP/1.%d" 200 %d ' % (minor, size), "access")


@test
def files_that_are_being_fetched_go_on_where_fewer_may_be(t):
    server = file_server(t)
    flood = Flood(t, server)
    begin = wait_for(lambda: recorded_seconds(server, "/big") >= 4 and ranges(server, "/big")[0][0], "it is recorded", 20) + 1
    flood.close()
    ask = request("GET /big?from=%d&duration=2 HTTP/1.1" % begin, ["Host: x"])
    wires = [server.wire(receive_buffer=16384) for _ in range(3)]
    heads = []
    for wire in wires:
        wire.send(ask)
        heads.append(wire.reply_head())
    equal([head.status for head in heads], [200] * 3)
    server.write_config(body=server.slots["body"].replace("<archive>1<", "<archive><enabled>1</enabled><downloads>2</downloads><"))
    for _ in range(2):
        upgrade(server)
        # The rests come to the next process in any order with new requests.
        wait_for(lambda: server.get("/big?from=%d&duration=1" % begin).status == 503, "another one is refused", 10)
    for wire, head in zip(wires, heads):
        body = wire.take(int(head.get("Content-Length")))
        equal(flood.sent.find(body) >= 0, True, "the file")


@test
def files_of_another_node_that_are_being_fetched_go_on_at_their_byte(t):
    body = "<archive><dir>%s/archive</dir></archive>" + mount("/big", "<archive>1</archive>")
    master = linked_master(t, 25, {"n": ""}, start=False)
    master.write_config(body=master.slots["body"] + body % master.dir, limits="<queue-size>4000000</queue-size>")
    node = edge(t, 26, master.start(), name="n")
    flood = Flood(t, master)
    begin = wait_for(lambda: recorded_seconds(master, "/big") >= 5 and ranges(master, "/big")[0][0], "it is recorded", 20) + 1
    flood.close()
    wait_for(lambda: node.get("/big?from=%d&duration=1" % begin).status == 200, "the node has the master's past", 20)
    wire = node.wire(receive_buffer=16384)
    wire.send(request("GET /big?from=%d&duration=3 HTTP/1.1" % begin, ["Host: x"]))
    head = wire.reply_head()
    body = b""
    for server in (node, master, node):
        body += wire.take(200_000)
        upgrade(server)
    while len(body) < int(head.get("Content-Length")):
        body += wire.take(min(int(head.get("Content-Length")) - len(body), 1_000_000))
    equal(flood.sent.find(body) >= 0, True, "the file")


@test
def one_of_another_nodes_past_is_not_refused_by_its_next_process(t):
    master = linked_master(t, 21, {"n": ""}, start=False)
    master.write_config(body=master.slots["body"] + "<archive><dir>%s/archive</dir></archive>" % master.dir + mount("/live.mp3", "<archive>1</archive>"))
    node = edge(t, 22, master.start(), name="n")
    studio = Studio(t, master).until_recorded(9)
    wait_for(lambda: node.get("/live.mp3?from=-5&duration=1").status == 200, "the node has the master's past", 20)
    ears = [Ear(t, node, "/live.mp3?timeshift=8"), Ear(t, node, "/live.mp3?from=%d" % ranges(master)[0][0])]
    for _ in range(4):
        for server in (node, master):
            number = studio.number
            upgrade(server)
            wait_for(lambda: studio.number > number + 25, "a while")
    wait_for(lambda: all(len(ear.raw()) > 450 * MP3_FRAME for ear in ears), "they hear on", 20)
    for ear in ears:
        numbers = [number for _, number in mp3_numbers(ear.raw())]
        equal(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "every frame once")
    check("its pass is wrong" not in master.log(), "the master knows the passes that it has given: " + master.log()[-900:])


@test
def what_another_node_has_recorded_is_there_at_once(t):
    master = linked_master(t, 23, {"n": ""}, start=False)
    master.write_config(body=master.slots["body"] + "<archive><dir>%s/archive</dir></archive>" % master.dir + mount("/live.mp3", "<archive>1</archive>"))
    node = edge(t, 24, master.start(), name="n")
    Studio(t, master)
    begin = wait_for(lambda: recorded_seconds(master) >= 5 and ranges(master)[0][0], "it is recorded", 30) + 1
    file = "/live.mp3?from=%d&duration=1" % begin
    wait_for(lambda: node.get(file).status == 200, "the node has the master's past", 20)
    for _ in range(4):
        upgrading, answers = threading.Thread(target=upgrade, args=(node,)), []
        upgrading.start()
        while upgrading.is_alive():
            answers.append(node.get(file).status)
        answers += [node.get(file).status for _ in range(20)]
        upgrading.join()
        equal(set(answers), {200}, "of %d requests" % len(answers))


@test
def what_is_asked_for_while_the_next_process_reads_its_directory_waits(t):
    faults = Faults(t)
    server = t.unstarted_server()
    server.write_config(body="<archive><dir>%s/archive</dir></archive>" % server.dir + mount("/*", "<archive>1</archive>"))
    server.start(env=dict(os.environ, **faults.environment))
    Studio(t, server)
    begin = wait_for(lambda: recorded_seconds(server) >= 4 and ranges(server)[0][0], "it is recorded", 20)
    faults.put([Rule("opendir", path="live", seconds=0.7)])
    upgrade(server)
    equal(server.get("/live.mp3?from=%d&duration=2" % begin).status, 200, "a file")
    check(faults.hits() > 0, "it took its time")
    upgrade(server)
    server.listener("/live.mp3?timeshift=3").read(20 * MP3_FRAME)
