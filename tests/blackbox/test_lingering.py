"""A mount without a source that keeps its listeners, and a source that takes over from a silent one."""
import os

from harness import ADMIN, SOURCE, Failed, check, equal, test, wait_for
from heard import read_until_heard, wait_for_part
from media import mp3_frame, ogg_pages


def mount(more, name="/live"):
    return "<mount><mount-name>%s</mount-name>%s</mount>" % (name, more)


@test
def listeners_of_a_mount_that_lingers_hear_the_next_source(t):
    server = t.server(body=mount("<linger-for>60</linger-for>"))
    source = server.source("/live", tag="L")
    listener = server.listener("/live", icy=True)
    server.set_title("/live", song="Old")
    read_until_heard(listener, source, "L")
    source.send(mp3_frame("L", 999)[:100])  # is not finished
    source.leave()
    server.wait_for_log("mount /live: no source, 1 listeners wait up to 60000ms")
    late = server.listener("/live")
    source = server.source("/live", tag="M")
    read_until_heard(listener, source, "LM")
    read_until_heard(late, source, "LM")  # he was given the burst of what was there
    equal(server.stat("/live", "listeners"), "2")
    equal(server.stat("/live", "title"), None)


@test
def ogg_listeners_of_a_mount_that_lingers_get_a_new_chain(t):
    server = t.server(body=mount("<linger-for>60</linger-for>"))
    source = server.source("/live", "opus")
    source.play(20)
    listener = server.listener("/live")
    listener.read(2000)
    source.leave()
    server.wait_for_log("listeners wait")
    source = server.source("/live", "opus")

    def chained():
        source.play(5)
        listener.read(500)
        return sum(1 for page in ogg_pages(listener.audio) if page[2] & 2) == 2
    wait_for(chained, "a second chain begins")


@test
def a_mount_lingers_no_longer_than_it_should(t):
    server = t.server(body=mount("<linger-for>1</linger-for>"))
    source = server.source("/live")
    listener = server.listener("/live")
    source.play(10)
    source.leave()
    listener.expect_end()
    server.wait_until_gone("/live")


@test
def a_mount_with_a_wait_time_is_closed_to_sources_for_a_while(t):
    server = t.server(body=mount("<wait-time>2</wait-time>"))
    source = server.source("/live")
    equal(server.get("/admin/killsource?mount=/live", ADMIN).status, 200)
    server.wait_for_log(r"mount /live: its source has ended, closed to sources for 2s \(wait-time\)")
    reply = server.ask("SOURCE /live HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE)
    equal(reply.status, 403)
    check("Mountpoint in use" in reply.text, reply.text)
    server.source("/other")

    def taken():
        try:
            return server.source("/live")
        except Failed:
            return False
    wait_for(taken, "the mount is open again")
    source.close()


@test
def without_linger_for_listeners_leave_with_their_source(t):
    server = t.server()
    source = server.source("/live")
    listener = server.listener("/live")
    source.leave()
    listener.expect_end()


@test
def a_source_that_is_killed_leaves_nothing_that_lingers(t):
    server = t.server(body=mount("<linger-for>60</linger-for>"))
    server.source("/live")
    listener = server.listener("/live")
    server.get("/admin/killsource?mount=/live", ADMIN)
    listener.expect_end()


@test
def a_source_of_another_format_is_not_for_the_listeners_that_wait(t):
    server = t.server(body=mount("<linger-for>60</linger-for>"))
    source = server.source("/live", "mp3")
    listener = server.listener("/live")
    source.leave()
    server.wait_for_log("listeners wait")
    server.source("/live", "opus").play(10)
    check(b"OggS" not in listener.take_all(), "an MP3 player was given Ogg")


@test
def the_listeners_that_wait_hear_a_source_that_names_the_format_otherwise(t):
    server = t.server(body=mount("<linger-for>60</linger-for>"))
    source = server.source("/live", "aac", "L", content_type="audio/aac")
    listener = server.listener("/live")
    wait_for_part(listener, "aac", 1, source)
    source.leave()
    server.wait_for_log("listeners wait")
    source = server.source("/live", "aac", "M", content_type="audio/aacp")
    wait_for_part(listener, "aac", 2, source)


@test
def a_silent_source_is_replaced_by_its_own_user_and_the_listeners_stay(t):
    server = t.server(body=mount("<hijack>1</hijack>"))
    silent = server.source("/live", tag="L")
    listener = server.listener("/live")
    read_until_heard(listener, silent, "L")

    def taken_over():
        try:
            return server.source("/live", tag="M")
        except Failed as refused:
            check("403" in str(refused), str(refused))
    source = wait_for(taken_over, "the silent source is replaced")
    silent.take_all()
    read_until_heard(listener, source, "LM")
    equal(server.stats().findtext("sources"), "1")


@test
def a_source_that_sends_is_not_replaced(t):
    server = t.server(body=mount("<hijack>1</hijack>"))
    source = server.source("/live", tag="L")
    listener = server.listener("/live")
    read_until_heard(listener, source, "L")
    reply = server.ask("SOURCE /live HTTP/1.0", ["Content-Type: audio/mpeg"], "source:src-secret")
    equal((reply.status, reply.text), (403, "Mountpoint in use"))
    read_until_heard(listener, source, "L")


@test
def without_hijack_a_silent_source_stays(t):
    server = t.server()
    server.source("/live")
    reply = server.ask("SOURCE /live HTTP/1.0", ["Content-Type: audio/mpeg"], "source:src-secret")
    equal((reply.status, reply.text), (403, "Mountpoint in use"))


@test
def mounts_that_nothing_hears_wait_for_sources_in_the_number_of_sources_alone(t):
    """Otherwise one login for any name could fill memory and descriptors with the mounts that it leaves behind."""
    for body in ('<mount type="default"><linger-for>60</linger-for></mount>', "<hls><enabled>1</enabled></hls>"):
        server = t.server(limits="<sources>4</sources>", body=body)

        def logs():
            folder = "/proc/%d/fd/" % server.process.pid
            return sum(os.readlink(folder + name).startswith("/memfd:icecast-lb:/") for name in os.listdir(folder) if os.path.lexists(folder + name))
        for n in range(12):
            source = server.source("/name%d" % n)
            source.play(200)
            listener = server.listener("/name%d" % n) if n == 11 else None
            source.leave()
            server.wait_for_log(r"at \"/name%d\" exiting" % n)
        wait_for(lambda: logs() == 4, "three are kept, and the one that is heard: %d" % logs())
        # Nor does it help to hear each of them for a moment.
        for n in range(12, 24):
            source = server.source("/name%d" % n)
            source.play(200)
            passing = server.listener("/name%d" % n)
            source.leave()
            server.wait_for_log(r"at \"/name%d\" exiting" % n)
            passing.close()
            wait_for(lambda: server.get("/admin/listclients?mount=/name%d" % n, ADMIN).text.count("<listener ") == 0, "it is heard no more")
        wait_for(lambda: logs() == 4, "three are kept, and the one that is heard: %d" % logs())
        check(listener.is_open() or "hls" in body, "its listener waits on")
        listener.close()


@test
def a_listener_that_left_before_the_last_bytes_waits_for_no_source(t):
    server = t.server(body=mount("<linger-for>60</linger-for>"))
    source = server.source("/live")
    source.play(10)
    listener = server.listener("/live")
    listener.read(3840)
    listener.close()
    source.play(1)
    source.leave()
    server.wait_for_log("no source, 1 listeners wait")
    wait_for(lambda: server.stat("/live", "listeners") == "0", "it is gone")
