"""Stands between the two programs of an upgrade, in the place of the new one, and adds fields and records of another
version to their messages.

    python3 future_writer.py PROGRAM WAY [arguments] --take-over=3

WAY: later (fields and records that may be ignored, in both directions), field or record (one that must be known).
The new program runs as this process; a child of it carries the messages until either side has ended.
"""
import array
import os
import select
import socket
import struct
import sys

MOST_BYTES, MOST_FDS = 60 * 1024, 250
OFFER, LISTENERS, LATER, NEEDED = 1, 13, 999, 998


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def take_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def record(key, body):
    return varint(key) + varint(len(body)) + body


def records(data):
    at, found = 0, []
    while at < len(data):
        key, at = take_varint(data, at)
        size, at = take_varint(data, at)
        found.append((key, data[at:at + size]))
        at += size
    return found


# Added after the fields of this version: a text, a number, and both once more.
FIELDS = b"".join(varint(number << 2 | 1) + varint(6) + b"future" + varint((number + 1) << 2) + varint(7) for number in (900, 900, 1000))


def written(data, way):
    """The same list of records as another version would write it."""
    found = records(data)
    later = record(LATER << 1, FIELDS)
    out = []
    for key, body in found:
        more = varint(950 << 2 | 2) + varint(1) if way == "field" and key >> 1 == LISTENERS else b""
        out.append(record(key, body + FIELDS + more))
    # A state must end with its last record, so its additions come first; other messages get theirs at the end.
    first = found[0][0] >> 1
    state = [record(NEEDED << 1 | 1, FIELDS)] if way == "record" and first >= 10 else []
    return b"".join(out + [later] if first < 10 else [later] + state + out)


class End:
    def __init__(self, sock):
        self.socket = sock

    def message(self):
        data, parts, _, _ = self.socket.recvmsg(MOST_BYTES + 1, 65536)
        fds = array.array("i")
        for _, kind, some in parts:
            if kind == socket.SCM_RIGHTS:
                fds.frombytes(some[:len(some) // 4 * 4])
        return data, list(fds)

    def parcel(self):
        """None: the other side has ended."""
        head, _ = self.message()
        if not head:
            return None
        size, count = struct.unpack("=QQ", head)
        data, fds = b"", []
        while len(data) < size or len(fds) < count:
            part, some = self.message()
            if not part:
                return None
            if len(data) < size:
                data += part
            fds += some
        return data, fds

    def send(self, data, fds):
        self.socket.sendmsg([struct.pack("=QQ", len(data), len(fds))])
        while data or fds:
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds[:MOST_FDS]))] if fds else []
            self.socket.sendmsg([data[:MOST_BYTES] or b"\0"], rights)
            for fd in fds[:MOST_FDS]:
                os.close(fd)
            data, fds = data[MOST_BYTES:], fds[MOST_FDS:]


def carry(ends, way):
    while True:
        for ready in select.select([end.socket for end in ends], [], [])[0]:
            here = ends[0] if ends[0].socket is ready else ends[1]
            there = ends[1] if here is ends[0] else ends[0]
            got = here.parcel()
            if got is None:
                return
            data, fds = got
            there.send(written(data, way) if data else data, fds)


def main():
    program, way, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
    old = socket.socket(fileno=3)
    old.setblocking(True)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        theirs.close()
        try:
            carry([End(old), End(ours)], way)
        finally:
            os._exit(0)
    os.dup2(theirs.fileno(), 3)
    os.closerange(4, 64)
    os.execv(program, [program] + arguments)


main()
