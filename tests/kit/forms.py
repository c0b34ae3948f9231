"""The forms that an address may have in a file."""
import ipaddress
import urllib.parse


def forms_of(text):
    """By name."""
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped:
        return dict(forms_of(str(mapped)), as_written=text.encode())
    packed = address.packed
    forms = {"text": text.encode(), "bytes": packed, "backwards": packed[::-1], "hex": packed.hex().encode(), "HEX": packed.hex().upper().encode(),
             "UTF-16": text.encode("utf-16-le")}
    if address.version == 4:
        forms["mapped"] = b"::ffff:" + text.encode()
        forms["mapped bytes"] = bytes(10) + b"\xff\xff" + packed
        forms["number"] = str(int(address)).encode()
    else:
        forms["exploded"] = address.exploded.encode()
        forms["in words of four"] = b"".join(packed[at:at + 4][::-1] for at in (0, 4, 8, 12))
        forms["encoded"] = urllib.parse.quote(text).encode()
    return forms
