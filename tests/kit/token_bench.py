"""Tokens of redirects, computed from doc/protocol.md."""
import base64
import hashlib
import hmac
import time


def token(node, mount, key=b"second", lifetime=60, hops=1, master=7):
    """A token as doc/protocol.md defines it."""
    facts = bytes([1, mac(key, b"icecast-lb key")[0], hops]) + int(time.time() + lifetime).to_bytes(4, "big") + bytes([master])
    node_secret = mac(key, b"icecast-lb node " + node.encode())
    return base64.urlsafe_b64encode(facts + mac(node_secret, facts + mount.encode())[:12]).decode().rstrip("=")


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()
