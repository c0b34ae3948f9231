"""The sources that a listener hears when they change: their tags, in order."""
from harness import wait_for
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
