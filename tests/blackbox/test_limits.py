"""Limits of listeners and clients, and the end of listeners that fall behind."""
from auth_bench import SECRET, file_mount
from harness import ADMIN, Settings, check, equal, matches, test, wait_for
from media import mp3_numbers


@test
def a_mount_takes_no_more_listeners_than_allowed(t):
    server = t.server(body="<mount><mount-name>/m</mount-name><max-listeners>2</max-listeners></mount>")
    source = server.source("/m")
    first = server.listener("/m")
    server.listener("/m")
    reply = server.get("/m")
    equal((reply.status, reply.text), (403, "max listeners reached"))
    first.close()
    wait_for(lambda: source.play(1) and server.stat("/m", "listeners") == "1", "the place is free again")
    server.listener("/m")
    equal(server.stat("/m", "max_listeners"), "2")


@test
def a_full_mount_with_an_authenticator_asks_for_a_password_as_icecast_does(t):
    users = t.dir / "users"
    users.write_text("ann:%s\n" % SECRET)
    server = t.server(body=file_mount("/m", users).replace("</mount>", "<max-listeners>1</max-listeners></mount>"))
    server.source("/m")
    server.listener("/m", login="ann:secret")
    reply = server.get("/m", "ann:secret")
    equal((reply.status, reply.text), (401, "You need to authenticate\r\n"))


@test
def all_mounts_together_take_no_more_listeners_than_allowed(t):
    server = t.server(limits="<max-listeners>2</max-listeners>")
    server.source("/a")
    source = server.source("/b")
    server.listener("/a")
    gone = server.listener("/b")
    for mount in ("/a", "/b"):
        equal(server.get(mount).status, 403)
    gone.close()
    wait_for(lambda: source.play(1) and server.stats().findtext("listeners") == "1", "the place is free again")
    server.listener("/b")


@test
def a_full_server_still_lets_administrators_and_sources_in(t):
    server = t.server(limits="<clients>3</clients>")
    server.source("/a")
    for _ in range(2):
        server.listener("/a")
    reply = server.get("/a")
    equal((reply.status, reply.text), (403, "Icecast connection limit reached"))
    equal(server.get("/admin/stats", ADMIN).status, 200)
    server.source("/b")


@test
def administrators_and_sources_get_in_when_listeners_have_used_up_the_file_descriptors(t):
    server = t.unstarted_server(limits="<clients>1000</clients>")
    server.start(through=["prlimit", "--nofile=200:200"])
    server.source("/a")
    refused = None
    for _ in range(200):
        wire = server.wire()
        wire.send("GET /a HTTP/1.0\r\n\r\n")
        head = wire.reply_head()
        if head.status != 200:
            refused = head
            break
    equal((refused.status, refused.get("Content-Type")), (403, "text/plain; charset=utf-8"))
    matches(r"client limit reached: 200 file descriptors \(ulimit -n\), of which 14 are kept for administrators and sources; ",
            server.wait_for_log(r"client limit reached: .*").group(0))
    equal(server.get("/admin/stats", ADMIN).status, 200)
    for mount in ("/b", "/c"):
        server.source(mount)
    equal(server.set_title("/b", song="x").status, 200)


@test
def a_listener_is_sent_away_after_its_time(t):
    server = t.server(body="<mount><mount-name>/m</mount-name><max-listener-duration>1</max-listener-duration></mount>")
    source = server.source("/m")
    listener = server.listener("/m")
    source.play(5)

    def ended():
        source.play(1)
        return not listener.is_open()
    wait_for(ended, "the listener is sent away")


@test
def the_time_is_that_of_the_mount_that_was_asked_for(t):
    """A listener of a limited mount that hears its fallback is ended; a listener of the fallback itself stays."""
    server = t.server(body="<mount><mount-name>/m</mount-name><max-listener-duration>1</max-listener-duration>"
                           "<fallback-mount>/spare</fallback-mount></mount>")
    source = server.source("/spare")
    stays, limited = server.listener("/spare"), server.listener("/m")

    def ended():
        source.play(1)
        return not limited.is_open()
    wait_for(ended, "the listener of the limited mount is sent away")
    check(stays.is_open(), "the listener of the fallback stays")


LAG = "<burst-size>8192</burst-size><queue-size>65536</queue-size>"


@test
def a_listener_that_falls_behind_is_dropped(t):
    server = t.server(limits=LAG)
    source = server.source("/m")
    server.listener("/m", receive_buffer=4096)
    healthy = server.listener("/m")

    def dropped():
        sent = source.play(50)
        healthy.read(len(sent))
        return server.stat("/m", "slow_listeners") == "1"
    source.play(5)
    wait_for(dropped, "the slow listener is dropped")
    equal(server.stat("/m", "listeners"), "1")
    server.wait_for_log(r"Client \d+ \(127\.0\.0\.1\) has fallen too far behind, removing")
    numbers = mp3_numbers(healthy.audio)
    equal(numbers, [("A", n) for n in range(len(numbers))], "what the other listener got")


@test
def with_lag_policy_skip_it_goes_on_at_the_present_with_whole_frames(t):
    server = t.server(body="<mount><mount-name>/m</mount-name><lag-policy>skip</lag-policy></mount>")
    source = server.source("/m")
    slow = server.listener("/m", receive_buffer=4096)
    healthy = server.listener("/m")
    source.play(5)

    def play_and_read_half():
        healthy.read(len(source.play(50)))
        slow.read(25 * 384)
        return int(server.stat("/m", "slow_listeners")) >= 3
    wait_for(play_and_read_half, "it was moved on three times", Settings.patience * 2)
    equal(server.stat("/m", "listeners"), "2")
    numbers = [n for _, n in mp3_numbers(slow.audio)]
    check(numbers == sorted(set(numbers)), "frames are repeated or out of order")
    gaps = sum(1 for a, b in zip(numbers, numbers[1:]) if b != a + 1)
    check(gaps >= 1, "it has skipped nothing")


@test
def a_slow_listener_within_the_queue_loses_nothing(t):
    server = t.server()
    source = server.source("/m")
    slow = server.listener("/m", receive_buffer=4096)
    healthy = server.listener("/m")
    source.play(1000)   # 384 kB; the queue holds 512 kB
    healthy.read(998 * 384)
    equal(mp3_numbers(slow.read(998 * 384)), [("A", n) for n in range(998)])


@test
def listeners_are_counted_where_they_are(t):
    server = t.server()
    source = server.source("/m")
    listeners = [server.listener("/m") for _ in range(5)]
    equal(server.stat("/m", "listeners"), "5")
    for listener in listeners[:3]:
        listener.close()
    wait_for(lambda: source.play(1) and server.stat("/m", "listeners") == "2", "those who left are not counted")
    equal(server.stat("/m", "listener_peak"), "5")
    source.leave()
    server.wait_until_gone("/m")
    wait_for(lambda: server.stats().findtext("listeners") == "0", "nobody is left")


@test
def an_administrator_can_send_a_listener_away(t):
    server = t.server()
    server.source("/m")
    listener = server.listener("/m", lines=["User-Agent: Player/1 <x>"])
    entry = server.get("/admin/listclients?mount=/m", ADMIN).xml().find("source/listener")
    equal((entry.findtext("IP"), entry.findtext("UserAgent")), ("127.0.0.1", "Player/1 <x>"))
    reply = server.get("/admin/killclient?mount=/m&id=" + entry.findtext("ID"), ADMIN).xml()
    equal(reply.findtext("return"), "1")
    listener.expect_end()


@test
def an_administrator_can_end_a_source(t):
    server = t.server()
    source = server.source("/m")
    listener = server.listener("/m")
    equal(server.get("/admin/killsource?mount=/m", ADMIN).xml().findtext("message"), "Source Removed")
    source.take_all()
    listener.expect_end()
    server.wait_until_gone("/m")


def mount(more, name="/m"):
    return "<mount><mount-name>%s</mount-name>%s</mount>" % (name, more)


@test
def a_mount_is_full_when_its_bandwidth_is(t):
    # Each listener counts with 128 kbit/s, also before the rate has been measured.
    server = t.server(body=mount("<max-bandwidth>300k</max-bandwidth>"))
    source = server.source("/m", lines=["ice-bitrate: 128"])
    first = server.listener("/m")
    server.listener("/m")
    reply = server.get("/m")
    equal((reply.status, reply.text), (403, "max listeners reached"))
    first.close()
    wait_for(lambda: source.play(1) and server.stat("/m", "listeners") == "1", "the place is free again")
    server.listener("/m")


@test
def the_server_refuses_listeners_beyond_its_bandwidth(t):
    server = t.server(limits="<max-bandwidth>300k</max-bandwidth>")
    server.source("/a", lines=["ice-bitrate: 128"])
    server.source("/b", lines=["ice-bitrate: 128"])
    server.listener("/a")
    server.listener("/b")
    for name in ("/a", "/b"):
        reply = server.get(name)
        equal((reply.status, reply.text), (403, "server bandwidth reached"))
    server.wait_for_log(r"mount /a: 127\.0\.0\.1 was refused: all listeners together would get more than 300000 bit/s")
    equal(server.stat("/a", "listeners"), "1")


@test
def an_address_takes_no_more_places_than_allowed(t):
    server = t.server(limits="<max-listeners-per-address>3</max-listeners-per-address>",
                      body=mount("<max-listeners-per-address>2</max-listeners-per-address>"))
    source = server.source("/m")
    server.source("/n")
    first = server.listener("/m")
    server.listener("/m")
    reply = server.get("/m")
    equal((reply.status, reply.text), (403, "too many listeners from this address"))
    server.wait_for_log(r"mount /m: 127\.0\.0\.1 was refused: 2 listeners have its address \(mount/max-listeners-per")
    server.listener("/m", source_address="127.0.0.9")  # another address
    server.listener("/n")
    equal(server.get("/n").status, 403, "the fourth of the server")
    first.close()
    wait_for(lambda: source.play(1) and server.stat("/m", "listeners") == "2", "the listener has gone")
    server.listener("/n")
    equal(server.get("/n").status, 403)


@test
def a_trusted_proxy_is_not_counted_but_those_behind_it_are(t):
    server = t.server(limits="<max-listeners-per-address>1</max-listeners-per-address>",
                      paths="<x-forwarded-for>127.0.0.1</x-forwarded-for>")
    server.source("/m")
    for _ in range(3):
        server.listener("/m")
    server.listener("/m", lines=["X-Forwarded-For: 203.0.113.7"])
    equal(server.ask("GET /m HTTP/1.0", ["X-Forwarded-For: 203.0.113.7"]).status, 403)
    server.listener("/m", lines=["X-Forwarded-For: 203.0.113.8"])
    # A household has a /64.
    server.listener("/m", lines=["X-Forwarded-For: 2001:db8:1:2::1"])
    equal(server.ask("GET /m HTTP/1.0", ["X-Forwarded-For: 2001:db8:1:2:3::9"]).status, 403)
    server.listener("/m", lines=["X-Forwarded-For: 2001:db8:1:3::1"])


@test
def a_source_is_ended_after_its_time(t):
    server = t.server(body=mount("<max-stream-duration>1</max-stream-duration>"))
    source = server.source("/m")
    listener = server.listener("/m")
    source.play(5)

    def ended():
        if source.is_open():
            source.play(1)
        return not source.is_open()
    wait_for(ended, "the source is ended")
    listener.expect_end()
    server.wait_for_log(r"mount /m: its source has sent for 1s \(max-stream-duration\), ended")
    server.source("/m")  # it may come back


@test
def a_source_that_sends_too_much_is_held_up(t):
    # 16 kB/s; a lead of ten seconds is allowed, then the source is read no faster.
    server = t.server(limits="<source-timeout>2</source-timeout>", body=mount("<limit-rate>128k</limit-rate>"))
    source = server.source("/m")
    listener = server.listener("/m")
    source.play(500)  # 192 kB, 160 kB of it at once
    server.wait_for_log(r"mount /m: its source sends more than 128000 bit/s \(limit-rate\)")
    sent = int(server.stat("/m", "total_bytes_read"))
    check(150_000 < sent < 192_000, "%d bytes were read at once" % sent)
    # It is slow, not over: everything comes in the end, and no silence is seen in that.
    wait_for(lambda: server.stat("/m", "total_bytes_read") == "192000", "all was read", 20)
    data = listener.read(192_000)
    equal(mp3_numbers(data), [("A", n) for n in range(500)])
    check(source.is_open(), "the source was ended")


@test
def a_mount_that_is_somewhere_else_sends_its_listeners_there(t):
    server = t.server(body=mount("<redirect>http://cdn.example.org:8000</redirect>") +
                      mount("<redirect-to>https://cdn.example.org/x/${mount}?from=here</redirect-to>", "/*"))
    source = server.source("/m")
    source.play(5)
    for path, where in (("/m", "http://cdn.example.org:8000/m"), ("/a%20b.mp3", "https://cdn.example.org/x/a%20b.mp3?from=here")):
        reply = server.get(path)
        equal((reply.status, reply.get("Location")), (302, where))
        equal(reply.get("Access-Control-Allow-Origin"), "*")
    server.wait_for_log(r"mount /m: 127\.0\.0\.1 is sent to http://cdn\.example\.org:8000/m")
    for page in ("/status-json.xsl", "/played.json", "/style.css"):
        equal(server.get(page).status, 200)
    # Who administers it, or relays it with a password, gets it here.
    listener = server.listener("/m", login=ADMIN)
    listener.read(384)
    equal(server.get("/m", "admin:wrong").status, 302)
