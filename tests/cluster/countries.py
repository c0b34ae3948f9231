"""Writes a database of countries in MaxMind's format (version 2.0, 24-bit records, IPv6 tree)."""
import ipaddress
import struct


def encoded(value):
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(encoded(k) + encoded(v) for k, v in value.items())
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(encoded, value))
    if isinstance(value, str):
        data = value.encode()
        assert len(data) < 29
        return bytes([2 << 5 | len(data)]) + data
    number, kind = value
    size = {5: 2, 6: 4, 9: 8}[kind]
    control = bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
    return control + number.to_bytes(size, "big")


def short(number):
    return number, 5


def whole(number):
    return number, 6


def long(number):
    return number, 9


def write(path, networks, key="country"):
    """networks: {"127.0.0.77/32": "DE", "2001:db8::/32": "AT"}"""
    nodes, data, places = [[None, None]], b"", {}
    for text, country in networks.items():
        network = ipaddress.ip_network(text)
        bits, length = int(network.network_address), network.prefixlen
        if network.version == 4:
            length += 96  # ::a.b.c.d
        if country not in places:
            places[country] = len(data)
            data += encoded({key: {"iso_code": country}})
        at = 0
        for depth in range(length):
            side = bits >> (127 - depth) & 1
            if depth == length - 1:
                nodes[at][side] = ("data", country)
            else:
                if nodes[at][side] is None:
                    nodes[at][side] = len(nodes)
                    nodes.append([None, None])
                at = nodes[at][side]
    tree = b""
    for node in nodes:
        for record in node:
            if record is None:
                record = len(nodes)
            elif isinstance(record, tuple):
                record = len(nodes) + 16 + places[record[1]]
            tree += struct.pack(">I", record)[1:]
    meta = encoded({"binary_format_major_version": short(2), "binary_format_minor_version": short(0),
                    "build_epoch": long(1795158000), "database_type": "Test-Country", "description": {},
                    "ip_version": short(6), "languages": [], "node_count": whole(len(nodes)),
                    "record_size": short(24)})
    new = path.with_suffix(".new")
    new.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + meta)
    new.chmod(0o644)
    new.replace(path)  # in one step, because a server may read it at this moment
