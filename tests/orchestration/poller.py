#!/usr/bin/env python3
"""Requests http://ADDRESS:PORT/_lb/health a hundred times a second, each on a new connection, and prints "SECONDS
STATUS SERVER", or "SECONDS - -" without an answer.  usage: poller.py ADDRESS PORT"""
import socket
import sys
import time

address = (sys.argv[1], int(sys.argv[2]))
while True:
    begin = time.monotonic()
    status, server = "-", "-"
    try:
        with socket.create_connection(address, 0.2) as wire:
            wire.settimeout(0.2)
            wire.sendall(b"GET /_lb/health HTTP/1.0\r\n\r\n")
            reply = b""
            while True:
                part = wire.recv(4096)
                if not part:
                    break
                reply += part
        head = reply.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        status = head[0].split(" ")[1]
        server = next(line[8:] for line in head if line.startswith("Server: "))
    except (OSError, IndexError, StopIteration):
        pass
    print("%.3f %s %s" % (time.monotonic(), status, server), flush=True)
    time.sleep(max(0, 0.01 - (time.monotonic() - begin)))
