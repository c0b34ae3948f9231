"""Encrypted connections of a server that is replaced: they go on in a process that carries their bytes."""
import pathlib

from harness import check, equal, test, wait_for
from media import MP3_FRAME, mp3_numbers
from replacing import upgrade
from tls_bench import tls, tls_server


def pumps(server):
    """The processes that carry encrypted connections for this server: they are in its session."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            same = process.joinpath("cmdline").read_bytes().split(b"\0")
            if process.joinpath("comm").read_text().strip() == "tls-pump" and str(server.config).encode() in same:
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


@test
def listeners_and_sources_over_tls_lose_no_byte_through_five_upgrades(t):
    server = tls_server(t, limits="<source-timeout>120</source-timeout>")
    port = server.ports[1]
    source = server.source(port=port, wrap=tls())
    sent = source.play(50)
    listeners = [server.listener(port=port, wrap=tls()) for _ in range(10)] + [server.listener()]
    icy = server.listener(port=port, wrap=tls(), icy=True)
    for round_ in range(5):
        server.set_title(song="Title+%d" % round_)
        sent += source.play(30)
        counts = upgrade(server)
        equal(counts[:3], (12, 1, 1), "what was handed over")
        sent += source.play(30)
        # Who comes meanwhile speaks to the new process itself.
        listeners.append(server.listener(port=port, wrap=tls()))
        sent += source.play(10)
        listeners.pop().close()
        got = listeners[0].read(len(sent) - MP3_FRAME - len(listeners[0].audio))
    for listener in [*listeners, icy]:
        got = listener.audio + listener.read(len(sent) - MP3_FRAME - len(listener.audio))
        equal(got == sent[:len(got)], True, "every byte once")
    check(len(icy.titles) >= 3, "titles: %r" % icy.titles)
    check(pumps(server), "a process carries them")
    # The end of each is told, and the last of them is the end of those that carry them.
    source.leave()
    for listener in [*listeners, icy]:
        listener.expect_end()
    wait_for(lambda: not pumps(server), "those that carried them have ended")
    equal(server.stop(), 0)


@test
def a_server_that_ends_ends_its_encrypted_connections_with_their_last_byte(t):
    server = tls_server(t)
    port = server.ports[1]
    source = server.source()
    sent = source.play(50)
    listener = server.listener(port=port, wrap=tls())
    upgrade(server)
    sent += source.play(50)
    equal(server.stop(), 0)
    got = listener.take_all()
    check(mp3_numbers(listener.audio + got), "it has got sound")
    wait_for(lambda: not pumps(server), "nothing of it is left")


@test
def a_listener_that_goes_is_counted_no_longer(t):
    server = tls_server(t)
    source = server.source()
    source.play(50)
    listener = server.listener(port=server.ports[1], wrap=tls())
    upgrade(server)
    equal(server.stat("/live.mp3", "listeners"), "1")
    row = server.get("/admin/listclients?mount=/live.mp3", b"admin:adm-secret").text
    check("127.0.0.1" in row, "its address is its own: " + row)
    listener.close()

    def gone():
        source.play(10)
        return server.stat("/live.mp3", "listeners") == "0"
    wait_for(gone, "it has gone")
    wait_for(lambda: not pumps(server), "nothing of it is left")
