"""No stored file has a listener's address: all are searched for it as text and as bytes, for each way to listen and to
connect."""
import ipaddress
import socket
import sqlite3
import struct
import time
import urllib.parse

from forms import forms_of
from harness import check, equal, listen_socket, mount, test, wait_for
from recorder import Studio
from replacing import upgrade
from test_audience import sessions
from tls_bench import certificate, tls

PROXY = "<proxy-protocol>1</proxy-protocol>"
SOCKETS = (listen_socket(0) + listen_socket(0, "<ssl>1</ssl>") + listen_socket(0, PROXY))
V6 = "2001:db8:77:1234:abcd:ef01:2345:%x"
BODY = ("<console>1</console><audience/><hls><segment>2</segment></hls><archive><dir>%s/archive</dir></archive>" +
        mount("/live.mp3", "<archive><enabled>1</enabled></archive><hls>1</hls>"))

def found(server, addresses):
    """(file, address, form) for each address that was found."""
    seen = []
    for path in sorted((server.dir / "state").rglob("*")) + sorted((server.dir / "log").glob("access*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        seen += [(path.name, address, name) for address in addresses for name, form in forms_of(address).items() if form.lower() in data.lower()]
    return seen

def v1(client):
    return ("PROXY %s %s %s 4711 8000\r\n" % (("TCP6", client, "::1") if ":" in client else ("TCP4", client, "127.0.0.1"))).encode()

def v2(client):
    family, pack = (0x21, socket.AF_INET6) if ":" in client else (0x11, socket.AF_INET)
    here = bytes(16) if pack == socket.AF_INET6 else bytes(4)
    body = socket.inet_pton(pack, client) + here + struct.pack(">HH", 4711, 8000)
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", 0x21, family, len(body)) + body

def first(data):
    def wrap(connected):
        connected.sendall(data)
        return connected
    return wrap

class Player:
    """An HLS player behind a proxy."""

    def __init__(self, server, address):
        self.server, self.lines = server, ["X-Forwarded-For: " + address, "User-Agent: AppleCoreMedia/1.0.0"]
        self.place, self.had = "/live.mp3/live.m3u8", set()

    def get(self, path):
        reply = self.server.get(path, headers=self.lines)
        equal(reply.status, 200, path)
        return reply

    def names(self, path):
        lines = [line for line in self.get(path).text.splitlines() if line and not line.startswith("#")]
        return [urllib.parse.urljoin(path, line) for line in lines]

    def poll(self):
        names = self.names(self.place)
        if "m3u8" in names[0]:
            self.place = names[0]
            names = self.names(self.place)
        for name in names:
            if name not in self.had:
                self.had.add(name)
                self.get(name)

@test
def no_form_of_an_address_is_in_what_is_kept(t):
    server = t.unstarted_server(sockets=SOCKETS)
    (server.dir / "state").mkdir()
    (server.dir / "archive").mkdir()
    certificate(server.dir, "radio.test")
    server.write_config(body=BODY % server.dir, limits="<source-timeout>120</source-timeout>", logging="<accesslog_ip>0</accesslog_ip>",
                        paths="<state-dir>%s/state</state-dir><ssl-certificate>%s/tls.pem</ssl-certificate>"
                              "<x-forwarded-for>127.0.0.1</x-forwarded-for>" % (server.dir, server.dir))
    server.start()
    secure, proxied = server.ports[1], server.ports[2]
    studio = Studio(t, server).until_recorded(6)
    forwarded = lambda address: ["X-Forwarded-For: " + address]
    ways = {
        "127.77.13.61": {"source_address": "127.77.13.61"},
        "127.77.13.62": {"source_address": "127.77.13.62", "icy": True},
        "127.77.13.63": {"source_address": "127.77.13.63", "port": secure, "wrap": tls()},
        "127.77.13.64": {"source_address": "127.77.13.64", "mount": "/live.mp3?timeshift=4"},
        "203.0.113.71": {"lines": forwarded("203.0.113.71")},
        V6 % 0x72: {"lines": forwarded(V6 % 0x72)},
        "::ffff:203.0.113.73": {"lines": forwarded("::ffff:203.0.113.73")},
        V6 % 0x74: {"lines": forwarded(V6 % 0x74), "mount": "/live.mp3?timeshift=4"},
        "203.0.113.75": {"lines": forwarded("203.0.113.75"), "port": secure, "wrap": tls()},
        "198.51.100.81": {"port": proxied, "wrap": first(v1("198.51.100.81"))},
        "198.51.100.82": {"port": proxied, "wrap": first(v2("198.51.100.82"))},
        V6 % 0x83: {"port": proxied, "wrap": first(v1(V6 % 0x83))},
        V6 % 0x84: {"port": proxied, "wrap": first(v2(V6 % 0x84))},
    }
    by_hls = ["203.0.113.91", V6 % 0x92]
    addresses = [*ways, *by_hls]
    began = time.monotonic()
    listeners = [server.listener(**dict(how, lines=["User-Agent: VLC/3.0.20", *how.get("lines", [])])) for how in ways.values()]
    players = [Player(server, address) for address in by_hls]

    def play(seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for listener in listeners:
                listener.read(20 * 384)
            for player in players:
                player.poll()
    play(3)
    upgrade(server)
    play(3)
    wait_for(lambda: [row["kind"] for row in sessions(server, "&all=1")] == ["listener"] * len(addresses), "each is a listening", 20)
    check(time.monotonic() - began > 5, "none is a quick look")
    equal(found(server, addresses), [], "while they listen")
    # What is open stays in the journal, whose rows the next process reads.
    server.kill()
    equal(found(server, addresses), [], "after a kill")
    for listener in listeners:
        listener.close()
    server.start()
    rows = wait_for(lambda: (lambda rows: rows if len(rows) == len(addresses) and not any(row["open"] for row in rows) else None)(sessions(server)),
                    "they are over", 60)
    equal(sorted(row["way"] for row in rows), sorted(["stream"] * (len(ways) - 2) + ["past"] * 2 + ["hls"] * 2))
    with sqlite3.connect(server.dir / "state" / "audience.db") as database:
        database.execute("VACUUM INTO ?", (str(server.dir / "state" / "copy.db"),))
    database.close()
    check((server.dir / "state" / "copy.db").stat().st_size > 10_000, "a backup")
    studio.close()
    equal(server.stop(), 0)
    equal(found(server, addresses), [], "at rest, and in a backup")
    # The search finds what is there.
    (server.dir / "state" / "probe").write_bytes(b"x" + ipaddress.ip_address(V6 % 0x92).packed + socket.inet_aton("203.0.113.73"))
    equal({address for _, address, _ in found(server, addresses)}, {V6 % 0x92, "::ffff:203.0.113.73"})
