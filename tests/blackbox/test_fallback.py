"""Listeners of a mount without a source: fallback, return, move (doc/decisions.md A5)."""
from harness import ADMIN, check, equal, test, wait_for
from heard import read_until_heard, tags, wait_for_part
from media import mp3_numbers, opus_headers, opus_page
from web_files import mp3_file, started

WITH_RETURN = ("<mount><mount-name>/live</mount-name><fallback-mount>/spare</fallback-mount>"
               "<fallback-override>1</fallback-override></mount>")


@test
def listeners_go_to_the_fallback_and_come_back(t):
    server = t.server(body=WITH_RETURN)
    live, spare = server.source("/live", tag="L"), server.source("/spare", tag="S")
    listener = server.listener("/live")
    read_until_heard(listener, live, "L", spare)
    live.leave()
    read_until_heard(listener, spare, "LS")
    live = server.source("/live", tag="M")
    read_until_heard(listener, live, "LSM", spare)
    equal((server.stat("/live", "listeners"), server.stat("/spare", "listeners")), ("1", "0"))


@test
def without_override_they_stay_with_the_fallback(t):
    server = t.server(body=WITH_RETURN.replace("<fallback-override>1", "<fallback-override>0"))
    live, spare = server.source("/live", tag="L"), server.source("/spare", tag="S")
    listener = server.listener("/live")
    read_until_heard(listener, live, "L", spare)
    live.leave()
    read_until_heard(listener, spare, "LS")
    live = server.source("/live", tag="M")
    live.play(10)
    equal(server.stat("/spare", "listeners"), "1")
    read_until_heard(listener, spare, "LS", live)


@test
def who_asks_for_a_mount_without_a_source_hears_its_fallback(t):
    server = t.server(body=WITH_RETURN + "<mount><mount-name>/far</mount-name><fallback-mount>/live</fallback-mount></mount>")
    spare = server.source("/spare", tag="S")
    listeners = [server.listener(mount) for mount in ("/live", "/far")]
    for listener in listeners:
        read_until_heard(listener, spare, "S")
    live = server.source("/live", tag="L")
    read_until_heard(listeners[0], live, "SL", spare)


@test
def without_a_fallback_it_is_404_and_so_is_a_circle(t):
    circle = "".join("<mount><mount-name>/%s</mount-name><fallback-mount>/%s</fallback-mount></mount>" % (a, b) for a, b in ("ab", "ba"))
    server = t.server(body=circle + WITH_RETURN)
    for mount in ("/a", "/b", "/live", "/other"):
        equal(server.get(mount).status, 404, mount)


@test
def a_full_mount_sends_new_listeners_to_its_fallback(t):
    server = t.server(body="<mount><mount-name>/live</mount-name><max-listeners>1</max-listeners><fallback-mount>/spare</fallback-mount>"
                           "<fallback-when-full>1</fallback-when-full></mount>")
    live, spare = server.source("/live", tag="L"), server.source("/spare", tag="S")
    first, second = server.listener("/live"), server.listener("/live")
    read_until_heard(first, live, "L", spare)
    read_until_heard(second, spare, "S", live)


@test
def listeners_of_two_mounts_with_one_fallback_each_come_home(t):
    server = t.server(body=WITH_RETURN + WITH_RETURN.replace("/live", "/other"))
    spare = server.source("/spare", tag="S")
    live, other = server.source("/live", tag="L"), server.source("/other", tag="O")
    of_live, of_other, of_spare = server.listener("/live"), server.listener("/other"), server.listener("/spare")
    read_until_heard(of_live, live, "L", other, spare)
    read_until_heard(of_other, other, "O", live, spare)
    live.leave()
    other.leave()
    read_until_heard(of_live, spare, "LS")
    read_until_heard(of_other, spare, "OS")
    other = server.source("/other", tag="P")
    read_until_heard(of_other, other, "OSP", spare)
    equal(server.stat("/spare", "listeners"), "2", "listeners that stay")
    live = server.source("/live", tag="M")
    read_until_heard(of_live, live, "LSM", spare, other)
    read_until_heard(of_spare, spare, "S", live, other)


@test
def listeners_come_nearer_to_their_mount_along_its_fallbacks(t):
    server = t.server(body="".join(WITH_RETURN.replace("/live", a).replace("/spare", b) for a, b in (("/live", "/anna"), ("/anna", "/ben"), ("/ben", "/music"))))
    music = server.source("/music", tag="M")
    listener, of_music = server.listener("/live"), server.listener("/music")
    read_until_heard(listener, music, "M")
    ben = server.source("/ben", tag="B")
    read_until_heard(listener, ben, "MB", music)
    anna = server.source("/anna", tag="A")
    read_until_heard(listener, anna, "MBA", ben, music)
    anna.leave()
    read_until_heard(listener, ben, "MBAB", music)
    read_until_heard(of_music, music, "M", ben)


@test
def an_administrator_can_move_listeners(t):
    server = t.server()
    a, b = server.source("/a", tag="A"), server.source("/b", tag="B")
    listener = server.listener("/a", icy=True)
    server.set_title("/b", song="Of+B")
    read_until_heard(listener, a, "A", b)
    reply = server.get("/admin/moveclients?mount=/a&destination=/b", ADMIN).xml()
    equal((reply.findtext("message"), reply.findtext("return")), ("Clients moved from /a to /b", "1"))
    read_until_heard(listener, b, "AB", a)
    equal((server.stat("/a", "listeners"), server.stat("/b", "listeners")), ("0", "1"))

    def told():
        b.play(50)
        listener.read(40 * 384)
        return b"StreamTitle='Of B';" in listener.titles
    wait_for(told, "the title of the other mount is told")


@test
def moved_listeners_return_from_the_fallback_but_not_from_elsewhere(t):
    server = t.server(body=WITH_RETURN)
    live, spare, other = (server.source("/" + name, tag=name[0].upper()) for name in ("live", "spare", "other"))
    moved = server.listener("/live")
    read_until_heard(moved, live, "L", spare, other)

    def move(here, there):
        equal(server.get("/admin/moveclients?mount=/%s&destination=/%s" % (here, there), ADMIN).xml().findtext("return"), "1")
    move("live", "other")
    read_until_heard(moved, other, "LO", live, spare)
    falls_back = server.listener("/live")
    read_until_heard(falls_back, live, "L", spare, other)
    live.leave()
    read_until_heard(falls_back, spare, "LS", other)
    live = server.source("/live", tag="M")
    read_until_heard(falls_back, live, "LSM", spare, other)
    for _ in range(40):
        for source in (live, spare, other):
            source.play(5)
        moved.read(384)
    equal((tags(moved), server.stat("/other", "listeners")), ("LO", "1"))
    move("other", "spare")
    read_until_heard(moved, spare, "LOS", live, other)
    live.leave()
    read_until_heard(falls_back, spare, "LSMS", other)
    live = server.source("/live", tag="N")
    read_until_heard(moved, live, "LOSN", spare, other)


@test
def a_fallback_of_another_format_is_not_for_these_listeners(t):
    server = t.server(body=WITH_RETURN)
    live = server.source("/live", tag="L")
    server.source("/spare", kind="opus").play(10)
    listener = server.listener("/live")
    live.play(10)
    live.leave()
    data = listener.take_all()
    check(b"OggS" not in data, "an MP3 player was given Ogg")
    server.wait_for_log("WARN source/source_move_clients stream /live and /spare are of different types, ignored .*disconnected")
    away = server.listener("/live")
    server.source("/live", tag="M").play(10)
    server.wait_for_log("WARN source/source_move_clients stream /spare and /live are of different types, ignored .*stay")
    check(away.is_open(), "a listener of the fallback was disconnected")
    equal(server.log().count("of different types"), 2)


@test
def the_names_of_one_format_are_one_format(t):
    names = (("mp3", "audio/mpeg", "audio/mp3"), ("mp3", "audio/x-mpeg", "audio/mpeg"), ("aac", "audio/aacp", "audio/aac"),
             ("opus", "application/ogg", "audio/ogg"), ("webm", "video/webm", "audio/webm"))
    server = t.server(body="".join(WITH_RETURN.replace("/live", "/live%d" % i).replace("/spare", "/spare%d" % i) for i in range(len(names))))
    for i, (kind, one, other) in enumerate(names):
        at, beside = "/live%d" % i, "/spare%d" % i
        live = server.source(at, kind, "L", content_type=one)
        spare = server.source(beside, kind, "S", content_type=other)
        listener = server.listener(at)
        wait_for_part(listener, kind, 1, live, spare)
        live.leave()
        wait_for_part(listener, kind, 2, spare)
        live = server.source(at, kind, "M", content_type=one)
        wait_for_part(listener, kind, 3, live, spare)
        reply = server.get("/admin/moveclients?mount=%s&destination=%s" % (at, beside), ADMIN).xml()
        equal(reply.findtext("message"), "Clients moved from %s to %s" % (at, beside), one)
        wait_for_part(listener, kind, 4, live, spare)
    check("different types" not in server.log(), server.log())


@test
def listeners_return_from_a_file_whose_name_gives_another_type(t):
    ogg = opus_headers(1) + b"".join(opus_page(1, n) for n in range(20000))
    kinds = {"mp3": ("audio/mp3", mp3_file("F", 5000)), "ogg": ("application/ogg", ogg)}
    body = "".join(WITH_RETURN.replace("/live", "/live." + ending).replace("/spare", "/loop." + ending) for ending in kinds)
    server = started(t, body, {"loop." + ending: content for ending, (_, content) in kinds.items()})
    for ending, (content_type, _) in kinds.items():
        kind = "opus" if ending == "ogg" else ending
        listener = server.listener("/live." + ending)
        wait_for_part(listener, kind, 1)
        source = server.source("/live." + ending, kind, "S", content_type=content_type)
        wait_for_part(listener, kind, 2, source)


@test
def the_phase_of_title_blocks_goes_on_across_the_switch(t):
    server = t.server(body=WITH_RETURN)
    live, spare = server.source("/live", tag="L"), server.source("/spare", tag="S")
    listener = server.listener("/live", icy=True)
    server.set_title("/spare", song="Spare")
    read_until_heard(listener, live, "L", spare)
    live.leave()
    read_until_heard(listener, spare, "LS")

    def told():
        spare.play(50)
        listener.read(40 * 384)
        return b"StreamTitle='Spare';" in listener.titles
    wait_for(told, "the title of the fallback is told")
    mp3_numbers(listener.audio)
