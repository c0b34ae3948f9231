"""Primary and backup encoders on one mount: no listener gets a torn unit, whatever the encoders do."""
import time

from encoders import PARSERS, PULSE, Ear, Encoder, full
from harness import ADMIN, SOURCE, Failed, check, equal, test, wait_for
from heard import read_until_heard
from pictures import png

MAIN, BACKUP = "main:main-secret", "backup:backup-secret"
ROWS = ('<encoder username="main" password="main-secret" priority="1"/>'
        '<encoder username="backup" password="backup-secret" priority="2"/>')
TAKEOVER_MS = 400


def mount(more, name="/live"):
    return "<mount><mount-name>%s</mount-name>%s</mount>" % (name, more)


def states(server, name="/live"):
    """{user: state} of the encoders of a mount"""
    listed = server.get("/admin/listmounts", ADMIN).xml().findall("source[@mount='%s']/encoder" % name)
    return {node.find("username").text: node.find("state").text for node in listed}


def ids(server, name="/live"):
    listed = server.get("/admin/listmounts", ADMIN).xml().findall("source[@mount='%s']/encoder" % name)
    return {node.find("username").text: node.get("id") for node in listed}


def wait_for_states(server, wanted):
    wait_for(lambda: states(server) == wanted, "encoders are %r: %r, %s" % (wanted, states(server), server.log()[-900:]), 10)


def toggles(bench, kind):
    """Silence, return, kill, return, repeatedly."""
    server = bench.server(body=mount(ROWS + "<takeover-after>%d</takeover-after><return-after>1</return-after>" % TAKEOVER_MS))
    # Numbers that repeat: the worst that encoders do.
    same = ["-serial_offset", "7"] if kind in ("vorbis", "opus", "flac") else []
    main = Encoder(bench, server, kind, MAIN, 440, options=same)
    wait_for(lambda: states(server) == {"main": "writes"}, "the main encoder writes", 10)
    backup = Encoder(bench, server, kind, BACKUP, 880, options=same)
    wait_for_states(server, {"main": "writes", "backup": "flows"})
    ear = Ear(bench, server, icy=kind in ("mp3", "aac"))
    changes = 0
    limit = TAKEOVER_MS / 1000 + 0.3 + PULSE
    for _ in range(25 if full() else 1):
        begin = time.monotonic()
        main.stop()
        wait_for_states(server, {"backup": "writes", "main": "silent"})
        main.go_on()
        wait_for_states(server, {"main": "writes", "backup": "flows"})
        check(ear.longest_pause(begin) <= limit, "silent for %.3f s" % ear.longest_pause(begin))
        begin = time.monotonic()
        main.close()
        wait_for_states(server, {"backup": "writes"})
        main = Encoder(bench, server, kind, MAIN, 440, options=same)
        wait_for_states(server, {"main": "writes", "backup": "flows"})
        check(ear.longest_pause(begin) <= 0.3 + PULSE, "silent for %.3f s after a kill" % ear.longest_pause(begin))
        changes += 4
    before = len(ear.raw())
    wait_for(lambda: len(ear.raw()) > before + 4000, "the stream goes on")
    check(not ear.ended, "the listener stays connected")
    metrics = server.get("/metrics", ADMIN).body.decode()
    check("lb_source_takeovers_total %d\n" % changes in metrics, "counted as %d changes" % changes)
    audio, _ = ear.audio()
    parsed = PARSERS[kind](audio)
    if kind in ("vorbis", "opus", "flac"):
        equal(parsed, changes + 1, "chains")
    check(parsed > 0, "something was parsed")
    server.wait_for_log("is back, and takes over from")


@test
def mp3_of_two_encoders_has_no_broken_frame(t):
    toggles(t, "mp3")


@test
def aac_of_two_encoders_has_no_broken_frame(t):
    toggles(t, "aac")


@test
def vorbis_of_two_encoders_has_no_broken_page_or_chain(t):
    toggles(t, "vorbis")


@test
def opus_of_two_encoders_has_no_broken_page_or_chain(t):
    toggles(t, "opus")


@test
def flac_of_two_encoders_has_no_broken_page_or_chain(t):
    toggles(t, "flac")


@test
def without_standbys_a_second_encoder_is_refused_as_ever(t):
    server = t.server()
    server.source("/live")
    try:
        server.source("/live")
    except Failed as refused:
        check("403" in str(refused), str(refused))
    else:
        raise Failed("it was let in")


@test
def a_standby_counts_as_a_source_and_is_killed_by_its_id(t):
    server = t.server(body=mount("<standby-sources>1</standby-sources>"))
    first = server.source("/live")
    first.play(10)
    second = server.source("/live", tag="B")
    wait_for(lambda: server.stats().find("sources").text == "2", "two sources")
    equal(server.stat("/live", "standby_sources"), "1")
    rows = server.get("/admin/listmounts", ADMIN).xml().findall("source[@mount='/live']/encoder")
    equal([row.find("state").text for row in rows], ["writes", "silent"])
    reply = server.get("/admin/killsource?mount=/live&id=999999", ADMIN)
    check(b"Source 999999 not found" in reply.body, reply.body)
    reply = server.get("/admin/killsource?mount=/live&id=" + rows[1].get("id"), ADMIN)
    check(b"removed" in reply.body, reply.body)
    wait_for(lambda: server.stats().find("sources").text == "1", "one source")
    second.take_all()  # until the server closes
    first.play(10)
    equal(server.stat("/live", "standby_sources"), None)


@test
def an_encoder_of_another_content_type_is_refused_and_the_log_says_why(t):
    server = t.server(body=mount("<standby-sources>1</standby-sources>"))
    server.source("/live").play(10)
    try:
        server.source("/live", "opus")
    except Failed as refused:
        check("403" in str(refused), str(refused))
    server.wait_for_log("sends application/ogg, and the mount has audio/mpeg; it cannot stand by|"
                        "sends audio/ogg, and the mount has audio/mpeg; it cannot stand by")


@test
def titles_belong_to_the_encoder_whose_login_tells_them(t):
    server = t.server(body=mount(ROWS))
    main = server.source("/live", login=MAIN, tag="M")
    main.play(20)
    backup = server.source("/live", login=BACKUP, tag="B")
    backup.play(20)
    wait_for_states(server, {"main": "writes", "backup": "flows"})
    listener = server.listener("/live", icy=True)
    equal(server.set_title("/live", login=MAIN, song="Main").status, 200)
    equal(server.set_title("/live", login=BACKUP, song="Backup").status, 200)
    wait_for(lambda: server.stat("/live", "title") == "Main", "the writer's title is shown")
    read_until_heard(listener, main, "M")
    backup.play(10)
    main.leave()
    wait_for_states(server, {"backup": "writes"})
    wait_for(lambda: server.stat("/live", "title") == "Backup", "the other one's title is shown")
    read_until_heard(listener, backup, "MB")
    check(b"StreamTitle='Backup';" in listener.titles, "titles %r" % listener.titles)
    # By the administrator: the mount's.
    server.set_title("/live", song="All")
    wait_for(lambda: server.stat("/live", "title") == "All", "the mount's title")


@test
def titles_by_the_api_belong_to_the_encoder_too(t):
    server = t.server(body=mount(ROWS))
    main = server.source("/live", login=MAIN, tag="M")
    main.play(20)
    backup = server.source("/live", login=BACKUP, tag="B")
    backup.play(20)
    wait_for_states(server, {"main": "writes", "backup": "flows"})

    def by_api(line, login, body, status):
        reply = server.ask(line + " HTTP/1.1", ["Host: x", "Connection: close", "Content-Type: application/json"], login, body)
        equal(reply.status, status, reply.text)
    by_api("POST /api/v1/mounts/live/title", MAIN, b'{"title": "Main"}', 204)
    by_api("POST /api/v1/mounts/live/title", BACKUP, b'{"title": "Backup"}', 204)
    wait_for(lambda: server.stat("/live", "title") == "Main", "the writer's title is shown")
    by_api("PUT /api/v1/mounts/live/art", BACKUP, png(), 409)   # the title that plays is not its own
    by_api("PUT /api/v1/mounts/live/art", MAIN, png(), 200)
    backup.play(10)
    main.leave()
    wait_for_states(server, {"backup": "writes"})
    wait_for(lambda: server.stat("/live", "title") == "Backup", "the other one's title is shown")


@test
def rows_replace_the_password_of_the_mount(t):
    server = t.server(body=mount(ROWS))
    try:
        server.source("/live", login=SOURCE)
    except Failed as refused:
        check("401" in str(refused), str(refused))
    else:
        raise Failed("it was let in")
    server.source("/other", login=SOURCE).play(5)
    server.reload(body=mount(ROWS + '<encoder priority="3"/>'))
    server.source("/live", login=SOURCE).play(5)
