"""The whole way of a stream once, in a few seconds; also run under ThreadSanitizer."""
from harness import ADMIN, check, equal, test, wait_for
from media import mp3_numbers


@test
def a_stream_reaches_ten_listeners_byte_for_byte(t):
    server = t.server()
    source = server.source()
    sent = source.play(50)
    listeners = [server.listener() for _ in range(10)]
    for _ in range(20):
        sent += source.play(20)
    for listener in listeners:
        got = listener.read(len(sent) - 384)
        check(sent.startswith(got), "what came differs from what was sent")
    equal(wait_for(lambda: server.stat("/live.mp3", "listeners") == "10", "ten listeners are counted"), True)


@test
def sources_and_listeners_come_and_go_while_titles_change(t):
    server = t.server()
    for round_ in range(5):
        sources = [server.source("/m%d" % i, tag="ABCD"[i]) for i in range(4)]
        listeners = [server.listener("/m%d" % i, icy=True) for i in range(4)]
        for i, source in enumerate(sources):
            equal(server.set_title("/m%d" % i, song="Title+%d" % round_).status, 200)
            source.play(100)
        for listener, tag in zip(listeners, "ABCD"):
            numbers = mp3_numbers(listener.read(90 * 384))
            equal(numbers, [(tag, n) for n in range(90)])
        listeners[0].close()
        for i, source in enumerate(sources):
            source.leave()
        for listener in listeners[1:]:
            listener.expect_end()
        for i in range(4):
            server.wait_until_gone("/m%d" % i)


@test
def it_reloads_and_stops_with_listeners_on(t):
    server = t.server()
    source = server.source()
    listener = server.listener()
    source.play(20)
    server.reload(limits="<clients>50</clients>")
    source.play(20)
    equal(mp3_numbers(listener.read(39 * 384)), [("A", n) for n in range(39)])
    server.get("/admin/stats", ADMIN)
    equal(server.stop(), 0, "exit status")
