"""A title belongs to the same byte and the same moment at every relay."""
from harness import check, equal, test, wait_for

FILE = "/live.mp3"


def relay(port):
    return ("<relay><server>127.0.0.1</server><port>%d</port><mount>%s</mount><local-mount>%s</local-mount></relay>" % (port, FILE, FILE))


def title(server):
    reply = server.get("/api/v1/now" + FILE)
    return (reply.json().get("title") if reply.status == 200 else None) or {}


def live_ms(server):
    reply = server.get("/api/v1/now" + FILE)
    return reply.status == 200 and (reply.json()["live"] or {}).get("wall_ms")


def set_title(server, text):
    equal(server.set_title(FILE, song=text.replace(" ", "%20")).status, 200)


@test
def relays_of_relays_tell_the_same_title(t):
    first = t.server()
    source = first.source(FILE)
    second = t.server(body=relay(first.port))
    third = t.server(body=relay(second.port))
    fourth = t.server(body=relay(third.port))
    wait_for(lambda: source.play(10) and live_ms(first) and live_ms(fourth), "the stream has times at all four", 20)
    for text in ("One - Two", "It's 'here' - there"):
        set_title(first, text)
        # An answer may be half a second old.
        wait_for(lambda: source.play(10) and all(title(server).get("text") == text for server in (first, second, third, fourth)), "the title has come through", 20)
        told = [title(server) for server in (first, second, third, fourth)]
        check(told[0]["id"] and told[0]["wall_ms"], "no place: %s" % told[0])
        equal(told[1], told[0], "at the relay")
        equal(told[2], told[0], "at the relay of the relay")
        equal(told[3], told[0], "at the relay of that one")
    # One that begins now is told of the title that plays.
    late = t.server(body=relay(second.port))
    wait_for(lambda: source.play(10) and title(late).get("text") == text, "the title has come", 20)
    equal(title(late), told[0], "at the fifth, a relay that begins later")


@test
def a_stream_that_is_pulled_on_demand_is_on_the_air_without_a_title(t):
    first = t.server()
    source = first.source(FILE)
    source.play(10)
    second = t.server(body="<relays-on-demand>1</relays-on-demand>" + relay(first.port).replace("</relay>", "<on-demand>1</on-demand></relay>"))
    seen = lambda: second.get("/api/v1/now" + FILE).json()
    wait_for(lambda: second.get("/api/v1/now" + FILE).status == 200, "it is shown")
    equal((seen()["on_air"], seen()["title"], seen()["live"]), (True, None, None))
    equal([one["on_air"] for one in second.get("/api/v1/now").json()["stations"]], [True])
    equal(second.get("/api/nowplaying/live").json()["is_online"], True)
    equal(source.play(10) and second.listener(FILE).head.status, 200)


@test
def players_get_no_place(t):
    server = t.server()
    source = server.source(FILE)
    wait_for(lambda: source.play(10) and live_ms(server), "the stream has times", 20)
    set_title(server, "One - Two")
    listener = server.listener(FILE, icy=True)
    wait_for(lambda: source.play(50) and listener.read(16000) and any(b"One" in text for text in listener.titles), "the title has come", 20)
    for text in listener.titles:
        check(b"LB=" not in text, text)


@test
def an_encoder_that_names_a_place_is_not_believed(t):
    server = t.server()
    source = server.source(FILE, lines=["Icy-MetaInt: 384"])
    text = b"StreamTitle='One';LB='958679c6b55de1d185a13542bffbb8d9.5 1000';"
    block = bytes([(len(text) + 15) // 16]) + text.ljust((len(text) + 15) // 16 * 16, b"\0")
    unit = next(source.units)
    equal(len(unit), 384)
    source.send(unit + block)
    wait_for(lambda: title(server).get("text") == "One", "the title has come")
    told = title(server)
    check(not told["id"].startswith("958679c6") and told["wall_ms"] > 1000, "believed: %s" % told)
