"""Generated pictures of the smallest possible size, each with bytes of its own."""
import base64
import struct
import zlib

TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


def png(width=64, height=64, seed=0):
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    row = b"\0" + bytes([seed * 37 % 256, 80, 160]) * width
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b""))


def jpeg_head(width=64, height=64):
    """Only the headers of a JPEG; no decoder shows it."""
    return (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0" + b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) +
            b"\3\1\x22\0\2\x11\1\3\x11\1\xff\xd9")


def webp_head(width=64, height=64):
    body = b"VP8X\x0a\0\0\0\0\0\0\0" + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def comment(picture, kind=3):
    block = struct.pack(">II", kind, 9) + b"image/png" + struct.pack(">I", 0) + bytes(16) + struct.pack(">I", len(picture)) + picture
    return "METADATA_BLOCK_PICTURE=" + base64.b64encode(block).decode()


def id3(picture):
    body = b"\0image/png\0\3\0" + picture
    frame = b"APIC" + struct.pack(">I", len(body)) + b"\0\0" + body
    size = bytes(len(frame) >> (7 * i) & 0x7f for i in (3, 2, 1, 0))
    return b"ID3\3\0\0" + size + frame
