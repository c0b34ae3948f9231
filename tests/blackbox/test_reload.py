"""HUP: the new file is in force, and listeners are not affected."""
import re
import signal
import socket

from harness import ADMIN, DEFAULTS, Reply, SOURCE, check, equal, free_port, listen_socket, matches, test, wait_for
from media import mp3_numbers
from tls_bench import tls, tls_server

MP3 = "Content-Type: audio/mpeg"


@test
def sources_and_listeners_stay_through_many_reloads(t):
    server = t.server()
    source = server.source()
    listener = server.listener(icy=True)
    for clients in range(50, 60):
        source.play(10)
        server.reload(limits="<clients>%d</clients>" % clients)
    source.play(10)
    equal(mp3_numbers(listener.read(108 * 384)), [("A", n) for n in range(108)])


@test
def the_plan_is_printed(t):
    server = t.server(limits="<clients>100</clients>")
    server.reload(limits="<clients>200</clients>")
    matches(r"clients.*100.*200", server.log())
    before = len(server.log())
    server.reload()
    matches(r"configuration re-read from .*, 0 changes", server.log()[before:])


@test
def sockets_come_and_go_with_the_file(t):
    port, other = free_port(), free_port()
    server = t.server(sockets=listen_socket(port) + listen_socket(other))
    source = server.source(port=other)
    listener = server.listener(port=other)
    server.reload(sockets=listen_socket(port))
    server.wait_for_log("port %d is closed" % other)
    wait_for(lambda: refused(other), "port %d is closed" % other)
    source.play(5)
    equal(mp3_numbers(listener.read(3 * 384)), [("A", n) for n in range(3)])
    server.reload(sockets=listen_socket(port) + listen_socket(other))
    server.wait_for_log("port %d is open" % other)
    equal(server.listener(port=other).head.status, 200)


@test
def a_port_that_another_program_has_leaves_the_old_one_open_and_opens_when_it_is_free(t):
    port, other = free_port(), free_port()
    server = t.server(sockets=listen_socket(port))
    with socket.create_server(("127.0.0.1", other)):
        server.reload(sockets=listen_socket(other))
        server.wait_for_log("port %d stays open instead" % port)
        equal(server.ask("GET /status-json.xsl HTTP/1.0", port=port).status, 200)
        # Another reload says it again, and changes nothing.
        server.reload(sockets=listen_socket(other), limits="<clients>90</clients>")
        wait_for(lambda: server.log().count("cannot bind") == 2, "the reload has tried it")
        check(not refused(port), "the old port is open")
    wait_for(lambda: not refused(other), "the new port opens by itself", 25)
    wait_for(lambda: refused(port), "the old one is closed then")
    equal(server.log().count("cannot bind"), 2, "trying again is silent")
    equal(server.ask("GET /status-json.xsl HTTP/1.0", port=other).status, 200)


@test
def a_port_that_was_taken_at_the_start_opens_when_it_is_free(t):
    other = free_port()
    with socket.create_server(("127.0.0.1", other)):
        server = t.server(sockets=listen_socket(0) + listen_socket(other))
        server.wait_for_log("it is tried again")
    wait_for(lambda: not refused(other), "it opens by itself", 25)
    equal(server.ask("GET /status-json.xsl HTTP/1.0", port=other).status, 200)


@test
def a_port_keeps_its_number_at_another_address(t):
    """If one of the two addresses includes the other, the new one opens only when all workers have closed the old
    one."""
    port = free_port()
    one, all_ = listen_socket(port), listen_socket(port).replace("127.0.0.1", "0.0.0.0")
    server = t.server(sockets=one, limits="<threads>8</threads>")
    server.source().play(20)
    for number, sockets in enumerate((all_, one) * 5, 1):
        server.reload(sockets=sockets)
        wait_for(lambda: server.log().count("port %d is open" % port) == number, "it is open: " + server.log()[-600:])
        equal(server.listener(port=port).head.status, 200)
        equal(refused(port, "127.0.0.2"), sockets == one)


@test
def a_port_stays_open_if_another_program_has_it_at_the_new_address(t):
    it_stays_open_if_another_program_has_it(t, free_port(), "")


@test
def a_port_stays_open_beside_another_if_a_program_has_it_at_the_new_address(t):
    it_stays_open_if_another_program_has_it(t, free_port(), listen_socket(free_port()))


def it_stays_open_if_another_program_has_it(t, port, others):
    one = listen_socket(port)
    server = t.server(sockets=one + others)
    server.source().play(20)
    with socket.create_server(("127.0.0.2", port)):
        for address, end in (("127.0.0.2", "stays open instead"), ("0.0.0.0", "is open at 127.0.0.1 again instead")):
            server.reload(sockets=one.replace("127.0.0.1", address) + others)
            server.wait_for_log("listen-socket %s:%d: cannot bind" % (address, port))
            server.wait_for_log("port %d %s" % (port, end))
            equal(server.listener(port=port).head.status, 200)
    # It opens by itself, at the next attempt.
    server.reload(sockets=one.replace("127.0.0.1", "0.0.0.0") + others)
    wait_for(lambda: not refused(port, "127.0.0.2"), "the new address is open")
    equal(server.listener(port=port).head.status, 200)


@test
def a_port_stays_open_if_the_machine_does_not_have_its_new_address(t):
    port = free_port()
    one = listen_socket(port)
    server = t.server(sockets=one)
    server.source().play(20)
    # An address for documentation (RFC 5737).
    server.reload(sockets=one.replace("127.0.0.1", "192.0.2.77"))
    server.wait_for_log("listen-socket 192.0.2.77:%d: cannot bind" % port)
    server.wait_for_log("port %d stays open instead" % port)
    equal(server.listener(port=port).head.status, 200)
    # One that it has: the old one is closed once this one is open.
    server.reload(sockets=one.replace("127.0.0.1", "127.0.0.2"))
    wait_for(lambda: refused(port), "the old address is closed")
    check(not refused(port, "127.0.0.2"), "the new one is open")
    server.reload(sockets=one)
    wait_for(lambda: refused(port, "127.0.0.2"), "that one is closed")
    equal(server.listener(port=port).head.status, 200)


@test
def a_socket_takes_its_new_settings(t):
    port = free_port()
    server = t.server(sockets=listen_socket(port))
    server.reload(sockets=listen_socket(port).replace("</listen-socket>", "<proxy-protocol>1</proxy-protocol></listen-socket>"))
    wire = wait_for(lambda: behind_proxy(server), "the socket wants a PROXY header")
    equal(wire.status, 404)


@test
def a_port_that_waits_for_a_certificate_opens_when_it_needs_none(t):
    port, other = free_port(), free_port()

    def sockets(more):
        return listen_socket(other) + listen_socket(port, more)
    server = t.server(sockets=sockets("<ssl>1</ssl>"))
    check(refused(port), "there is no certificate")
    server.reload(sockets=sockets("<ssl>1</ssl><proxy-protocol>1</proxy-protocol>"))
    check(refused(port), "there still is none")
    server.reload(sockets=sockets(""))
    server.wait_for_log("port %d is open" % port)
    equal(server.ask("GET /status-json.xsl HTTP/1.0", port=port).status, 200)


def refused(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def behind_proxy(server):
    wire = server.wire()
    wire.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /none HTTP/1.0\r\n\r\n")
    # The PROXY line is a method that does not exist until then: the connection ends without an answer.
    answer = wire.take_all()
    return Reply(answer.split(b"\r\n\r\n")[0]) if b" 404 " in answer[:16] else None


@test
def new_limits_passwords_and_names_are_in_force(t):
    server = t.server()
    server.reload(authentication=DEFAULTS["authentication"].replace("src-secret", "new-secret"),
                  body='<http-headers><header name="X-New" value="1"/></http-headers>')
    equal(server.ask("SOURCE /m HTTP/1.0", [MP3], SOURCE).status, 401)
    server.source("/m", login="source:new-secret")
    equal(server.get("/none").get("X-New"), "1")


@test
def a_running_mount_gets_its_new_settings(t):
    server = t.server()
    server.source("/m")
    server.listener("/m")
    server.reload(body="<mount><mount-name>/m</mount-name><max-listeners>1</max-listeners></mount>")
    equal(server.get("/m").status, 403)
    server.reload(body="")
    server.listener("/m")


@test
def a_shorter_source_timeout_ends_a_source_that_is_silent_already(t):
    def body(seconds):
        return "<mount><mount-name>/own</mount-name><source-timeout>%d</source-timeout></mount>" % seconds
    server = t.server(limits="<source-timeout>600</source-timeout>", body=body(600))
    for mount in ("/own", "/general"):
        server.source(mount)
    server.reload(limits="<source-timeout>1</source-timeout>", body=body(1))
    for mount in ("/own", "/general"):
        server.wait_until_gone(mount)


@test
def the_next_listener_of_a_running_source_gets_the_new_name_and_interval(t):
    def head(setting):
        server.reload(body="<mount><mount-name>/m</mount-name>%s</mount>" % setting)
        answers = [server.listener("/m", icy=True).head, server.ask("HEAD /m HTTP/1.0", ["Icy-MetaData: 1"])]
        equal(answers[0].all("icy-name"), answers[1].all("icy-name"))
        equal(answers[0].get("icy-metaint"), answers[1].get("icy-metaint"))
        return answers[0].get("icy-name"), answers[0].get("icy-metaint")
    server = t.server()
    source = server.source("/m", lines=["ice-name: The source's"])
    equal(head(""), ("The source's", "16000"))
    equal(head("<stream-name>The mount's</stream-name><mp3-metadata-interval>4000</mp3-metadata-interval>"), ("The mount's", "4000"))
    heard = server.listener("/m", icy=True)
    server.set_title("/m", song="Of today")
    source.play(40)
    heard.read_title(b"StreamTitle='Of today';")
    equal(head("<mp3-metadata-interval>0</mp3-metadata-interval>"), ("The source's", None))
    equal(head(""), ("The source's", "16000"))


@test
def a_broken_file_leaves_the_old_one_in_force(t):
    server = t.server(body='<http-headers><header name="X-Old" value="1"/></http-headers>')
    source = server.source("/m")
    listener = server.listener("/m")
    for broken in ("<icecast>", "", "<icecast><listen-socket><port>many</port></listen-socket></icecast>"):
        before = server.log().count("old configuration stays")
        server.config.write_text(broken)
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: server.log().count("old configuration stays") > before, "it is said that the old one stays")
        equal(server.get("/none").get("X-Old"), "1")
    source.play(20)
    listener.read(18 * 384)
    server.reload(body="")
    equal(server.get("/none").get("X-Old"), None)


@test
def a_file_that_is_missing_leaves_the_old_one_in_force(t):
    server = t.server()
    server.config.rename(server.dir / "away.xml")
    server.send_signal(signal.SIGHUP)
    server.wait_for_log("old configuration stays")
    equal(server.get("/admin/stats", ADMIN).status, 200)


@test
def a_hundred_reloads_at_once_end_with_the_last_file(t):
    server = t.server()
    for _ in range(100):
        server.send_signal(signal.SIGHUP)
    server.write_config(body='<http-headers><header name="X-Last" value="1"/></http-headers>')
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: server.get("/none").get("X-Last") == "1", "the last file is in force")
    check(not re.search("EROR", server.log()), server.log()[-500:])


@test
def sockets_on_ports_of_the_system_stay_what_they_are(t):
    server = tls_server(t)
    for round_ in range(3):
        equal(server.get("/status.xsl").status, 200, "without TLS")
        equal(server.ask("GET /status.xsl HTTP/1.0", port=server.ports[1], wrap=tls()).status, 200, "with TLS")
        server.reload(sockets=listen_socket(0, "<so-sndbuf>%d</so-sndbuf>" % (20000 + round_)) + listen_socket(0, "<ssl>1</ssl>"))
    server.reload(sockets=listen_socket(0, "<ssl>1</ssl>"))
    equal(server.ask("GET /status.xsl HTTP/1.0", port=server.ports[1], wrap=tls()).status, 200, "with TLS, alone")
    wait_for(lambda: refused(server.ports[0]), "the other one is closed")
