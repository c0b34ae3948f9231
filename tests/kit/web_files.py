"""Servers with audio files in their web root: intros and fallbacks."""
from media import mp3_frame, mp3_numbers


def mp3_file(tag, frames, before=b""):
    return before + b"".join(mp3_frame(tag, number) for number in range(frames))


def started(t, body, files=(), **slots):
    """A server with files in its web root; %(dir)s in the body is its directory."""
    server = t.unstarted_server(**slots)
    for name, content in dict(files).items():
        (server.dir / "web" / name).write_bytes(content)
    server.write_config(body=body % {"dir": server.dir})
    return server.start()


def order(listener):
    """The heard tags, in order; every frame must be whole."""
    heard = ""
    for tag, _ in mp3_numbers(listener.audio):
        if not heard.endswith(tag):
            heard += tag
    return heard
