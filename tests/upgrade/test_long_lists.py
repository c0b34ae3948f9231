"""HLS players of recordings of a mount that is off the air: each continues, and a long list at its byte."""
import time

from harness import ADMIN, check, equal, listen_socket, open_folder, test, wait_for
from recorded import Recording
from replacing import taken, upgrade
from tls_bench import certificate, tls
from wire import request

RECORDED = 600
BODY = "<hls><segment>6</segment></hls><archive><dir>%s</dir></archive>" \
    "<mount><mount-name>/m.mp3</mount-name><hls>1</hls><archive><enabled>1</enabled></archive></mount>"


def recorded(t, query=""):
    """A server with a recording of /m.mp3, and the path of a list of the whole recording, with a session."""
    small = "<so-sndbuf>16384</so-sndbuf>"
    server = t.unstarted_server(sockets=listen_socket(0, small) + listen_socket(0, small + "<ssl>1</ssl>"))
    certificate(server.dir, "radio.test")
    place = open_folder(server.dir / "archive")
    begin = int(time.time()) - RECORDED - 100
    Recording(begin, RECORDED, frames_a_second=4).write(place, "%2Fm%2Emp3")
    server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir, body=BODY % place)
    server.start()
    path = "/m.mp3/archive-%d-%d.m3u8%s" % (begin, RECORDED, query)
    wait_for(lambda: server.get(path).status == 200, "the directory is read")
    return server, "/m.mp3/" + server.get(path).text.split()[-1]


@test
def a_player_of_a_mount_that_is_off_the_air_stays_one(t):
    server, path = recorded(t)
    whole = server.get(path).body

    def players():
        return [row.find("ID").text for row in server.get("/admin/listclients?mount=/m.mp3", ADMIN).xml().iter("listener")]
    before = players()
    check(before, "it is a listener")
    for _ in range(2):
        upgrade(server)
        equal(players(), before, "the listeners")
        reply = server.get(path)
        equal((reply.status, reply.body == whole), (200, True), "the list: " + reply.text[:200])
    segment = whole.decode().split()[-2]
    equal(server.get("/m.mp3/" + segment).status, 200, segment)


@test
def a_long_list_goes_on_at_its_byte(t):
    """A list of 100 lines with a parameter of 3,000 bytes, to clients that read nothing meanwhile, plain and TLS."""
    server, path = recorded(t, "?a=" + "b" * 3000)
    whole = server.get(path).body
    check(len(whole) > 250_000, "it is long: %d bytes" % len(whole))
    players = []
    for port, wrap in ((server.port, None), (server.ports[1], tls())):
        for start in (0, 70_000):
            wire = server.wire(port, receive_buffer=4096, wrap=wrap)
            wire.send(request("GET %s HTTP/1.1" % path, ["Host: x"]))
            wire.reply_head()
            players.append((wire, [wire.take(start)]))
    for _ in range(2):
        upgrade(server)
        wait_for(lambda: server.log().count("this process has ended its part") == len(taken(server)), "the old process is gone", 10)
        for wire, parts in players:
            parts.append(wire.take(1000))
    for wire, parts in players:
        parts.append(wire.take(len(whole) - sum(map(len, parts))))
        equal(b"".join(parts) == whole, True, "all of it, once")
