"""The common part of the tests of pulled streams: marks as in doc/protocol.md, and a recorder of loopback packets."""
import base64
import ctypes
import hashlib
import hmac
import socket
import ssl
import struct
import threading
import time

from bench import ADMIN, wait_for
from bench import LISTENER, Failed, Skip, check
from harness import give_away
from harness import request
from link_bench import edge, link_port, linked_master, master_block, node
from link_bench import readable, up
from threads import Threaded

ETH_P_ALL = 3
SOL_PACKET, PACKET_STATISTICS = 263, 6
USERS = "joe:5f4dcc3b5aa765d61d8327deb882cf99\n"  # MD5 of "password", as Icecast writes it
JOE = "Authorization: Basic " + base64.b64encode(b"joe:password").decode()


def digest(key, text):
    return hmac.new(key, text.encode("latin-1"), hashlib.sha256)


def mark(node, secret, to, number, at, mount, epoch="9f3c21aa"):
    """The value of X-LB-Pull, computed from the page, not by the program."""
    who = "%s.%s" % (node, epoch)
    key = digest(secret.encode(), "lbedge-cluster/1 pull " + node).digest()
    text = "\n".join(["lbedge-pull/1", who, to, str(number), str(at), mount])
    return "%s; to=%s; n=%d; t=%d; mac=%s" % (who, to, number, at, digest(key, text).hexdigest())


def shapes_of(text):
    """The text itself, and the parts of it that appear in any base64 of it, wherever it begins there."""
    data = text.encode()
    shapes = [data]
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data)
        # Characters that depend on their neighbours are left out.
        shapes.append(encoded[(0, 2, 3)[before]:len(encoded) // 4 * 4 - 4])
    return shapes


def filter_of(hosts):
    """A classic BPF program that accepts only packets from or to these IPv4 addresses (after an Ethernet head)."""
    words = [int.from_bytes(socket.inet_aton(host), "big") for host in hosts]
    steps = []
    for place in (26, 30):  # source and destination
        steps.append((0x20, 0, 0, place))  # load a word
        for word in words:
            steps.append((0x15, 2 * len(words) + 2 - len(steps), 0, word))  # equal: to the last step
    steps += [(0x06, 0, 0, 0), (0x06, 0, 0, 0xffffffff)]  # drop; take whole
    return b"".join(struct.pack("HBBI", *step) for step in steps)


class Sniffer(Threaded):
    """Every packet of these hosts on the loopback until close(): the number of packets with each of the texts."""

    def __init__(self, b, texts, hosts):
        self.counts, self.packets = dict.fromkeys(texts, 0), 0
        try:
            self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        except PermissionError as e:
            raise Skip("only root sees packets") from e
        self.wire.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        # Other tests use the loopback too, and their packets would displace those of this one.
        program = ctypes.create_string_buffer(filter_of(hosts))
        steps = len(program.raw) // 8
        self.wire.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", steps, ctypes.addressof(program)))  # SO_ATTACH_FILTER
        self.wire.bind(("lo", 0))
        self.wire.settimeout(0.2)
        self.start(b)

    def run(self):
        while self.going:
            if not readable(self.wire, 0.2):
                continue
            packet = self.wire.recv(1 << 17)
            self.packets += 1
            for text in self.counts:
                if text in packet:
                    self.counts[text] += 1

    def lost(self):
        return struct.unpack("II", self.wire.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]

    def close(self):
        if self.going:
            self.going = False
            self.thread.join(3)
            self.wire.close()


class Player:
    """A player that follows redirects, sends its password everywhere, and stays."""

    def __init__(self, address, mount, number, lines=(JOE,)):
        path, self.hops, self.audio = mount, 0, b""
        while True:
            self.wire = socket.socket()
            self.wire.bind((LISTENER, 0))
            self.wire.settimeout(10)
            self.wire.connect(address)
            self.wire.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: Pull%d/1\r\n%s\r\n" % (
                path, number, "".join(line + "\r\n" for line in lines))).encode())
            data = b""
            while b"\r\n\r\n" not in data:
                more = self.wire.recv(65536)
                if not more:
                    break
                data += more
            head, _, self.audio = data.partition(b"\r\n\r\n")
            self.status = int((head.split(b" ", 2) + [b"0", b"0"])[1])
            if self.status != 302 or self.hops == 3:
                break
            self.hops += 1
            self.wire.close()
            where = head.split(b"\r\nLocation: http://", 1)[1].split(b"\r\n", 1)[0].decode()
            authority, _, rest = where.partition("/")
            host, _, port = authority.rpartition(":")
            address, path = (host, int(port)), "/" + rest
        self.address = address

    def hears(self, size):
        try:
            while len(self.audio) < size:
                data = self.wire.recv(65536)
                if not data:
                    return False
                self.audio += data
        except socket.timeout:
            return False
        return True

    def close(self):
        self.wire.close()


class Pulled:
    """A TCP server in the place of a master's streams: it keeps the heads of requests and answers 404."""

    def __init__(self, b, host, tls=None):
        self.heads, self.tls = [], None
        if tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(tls)
        self.server = socket.create_server((host, 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()
        b.owned(self)

    def run(self):
        while True:
            try:
                wire, _ = self.server.accept()
            except OSError:
                return
            wire.settimeout(5)
            with wire:
                try:
                    if self.tls:
                        wire = self.tls.wrap_socket(wire, server_side=True)
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += wire.recv(4096) or b"\r\n\r\n"
                    self.heads.append(head.decode("latin-1"))
                    wire.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
                except OSError:
                    pass

    def close(self):
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()


def locked(b, *mounts):
    """<mount>s with a password file."""
    path = b.dir / "users"
    path.write_text(USERS)
    give_away(b.dir)
    return "".join('<mount><mount-name>%s</mount-name><authentication type="htpasswd"><option name="filename" value="%s"/>'
                   '<option name="allow_duplicate_users" value="1"/></authentication></mount>' % (mount, path)
                   for mount in mounts)


def now():
    return int(time.time())


def mark_of_master(master, mount="/live.mp3"):
    """This run of the server, as every stream to a relay names it."""
    wire = master.wire()
    wire.send("GET %s HTTP/1.0\r\nX-LB-Relay: x.1\r\n\r\n" % mount)
    reply = wire.reply_head()
    wire.close()
    check(reply.status == 200, "a relay of %s is answered %d" % (mount, reply.status))
    found = reply.get("X-LB-Path")
    if not found:
        raise Failed("no X-LB-Path in %r" % reply.head)
    return found.split()[-1]


def pair(b, balance="", body="", far_body="", block=""):
    """A master at .11 without streams of its own, and the node at .12 with the sources."""
    far = linked_master(b, 12, {"m11": ""}, name="far", body_more=far_body,
                        limits="<clients>5000</clients><sources>50</sources>")
    port = link_port()
    near = node(b, 11, "<max-redirect-slaves>-1</max-redirect-slaves>%s%s<cluster><id>m11</id><cluster-port>%d"
                       "</cluster-port><capacity max-bandwidth=\"100M\" self-weight=\"0\"/><balance hold=\"0\" %s/>"
                       "<node id=\"edge13\" secret=\"s-edge13\"/></cluster>"
                % (master_block(far, "m11", 11).replace("</master>", block + "</master>"), body, port, balance))
    near.link_port, near.name = port, "m11"
    third = edge(b, 13, near)
    up(near, "edge13"), up(far, "m11")
    return near, far, third


def known(server, mount="/live.mp3"):
    wait_for(lambda: mount in server.get("/admin/listmounts", ADMIN).text, "%s knows %s" % (server.host, mount))


def stuck(server, mount="/live.mp3", headers=(), version="HTTP/1.0"):
    """A player that cannot follow redirects: the head of its answer, and its wire."""
    wire = server.wire(source_address=LISTENER)
    wire.send(request("GET %s %s" % (mount, version), ["Host: x", STUCK, *headers]))
    return wire.reply_head(), wire


def relays(server):
    """The streams that this server holds in logs of its own."""
    return server.log().count("relay /live.mp3: streams")

STUCK = "User-Agent: WinampMPEG/2.8"
