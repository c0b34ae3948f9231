"""The sources that a listener hears when they change: their tags, in order."""
import re

from harness import check, wait_for
from media import mp3_numbers


def read_until_heard(listener, source, order, *others):
    """Reads frame by frame until the listener has heard the sources in this order."""
    def heard():
        for each in (source, *others):
            each.play(5)
        listener.read(384)
        while len(listener.pending) >= 384:
            listener.read(384)
        return tags(listener) == order
    wait_for(heard, "the listener hears " + order)


def tags(listener):
    """The tags of the heard sources, in order; every frame must be whole."""
    heard = ""
    for tag, _ in mp3_numbers(listener.audio):
        if not heard.endswith(tag):
            heard += tag
    return heard


def wait_for_part(listener, kind, number, *sources):
    """Plays until the listener, who stays connected, has heard this many sources one after another, of any kind."""
    def heard():
        for source in sources:
            source.play(5)
        check(listener.is_open(), "the listener of %s was disconnected after %d sources" % (kind, parts_of(kind, listener.pending)))
        return parts_of(kind, listener.pending) == number
    wait_for(heard, "a listener of %s hears source %d" % (kind, number))


def parts_of(kind, data):
    """Ogg and WebM: by their heads; the others: by the tags in their frames."""
    head = {"opus": b"OpusHead", "webm": b"\x1a\x45\xdf\xa3"}.get(kind)
    if head:
        return data.count(head)
    return len(re.sub(rb"(.)\1+", rb"\1", b"".join(re.findall(rb"<([A-Z])[0-9]{9}>", data))))
