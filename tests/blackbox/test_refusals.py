"""The lines of the error log about encoders and administrators that are refused or let in (doc/operators.md)."""
import time

from harness import SOURCE, check, equal, request, test, wait_for

LINE = r'\] WARN source/admission source %s from 127\.0\.0\.1 refused on %s: %s'


def refused(server, line, headers=("Content-Type: audio/mpeg",), login=SOURCE):
    wire = server.wire()
    wire.send(request(line, headers, login))
    return wire.reply_head().status


@test
def every_refusal_of_a_source_has_a_line_with_its_name_its_address_and_its_reason(t):
    server = t.server(body="<mount><mount-name>/tom</mount-name><username>tom</username><password>tom-secret</password></mount>")
    equal(refused(server, "PUT /tom HTTP/1.1", login="tom:wrong-one"), 401)
    server.wait_for_log(LINE % ('"tom"', "/tom", "wrong password"))
    equal(refused(server, "PUT /x HTTP/1.1", headers=()), 403)
    server.wait_for_log(LINE % ('"source"', "/x", "No Content-type given"))
    server.source("/x").play(1)
    equal(refused(server, "PUT /x HTTP/1.1"), 403)
    server.wait_for_log(LINE % ('"source"', "/x", "Mountpoint in use"))
    server.wait_for_log(r'Source logging in at mountpoint "/x" from 127\.0\.0\.1 \(audio/mpeg\) as "source"')
    check("wrong-one" not in server.log() and "src-secret" not in server.log(), "a password is in the log")


@test
def a_flood_of_wrong_passwords_leaves_few_lines_and_their_number(t):
    server = t.server()
    for _ in range(30):
        refused(server, "PUT /x HTTP/1.1", login="source:wrong-one")
    lines = server.log().count("refused on /x")
    check(1 <= lines < 20, "%d lines of 30 refusals" % lines)

    def counted():
        time.sleep(0.3)
        refused(server, "PUT /x HTTP/1.1", login="source:wrong-one")
        return "refusals before it are not in this log" in server.log()
    wait_for(counted, "the number of those that were left out")


@test
def a_wrong_password_of_an_administrator_and_of_a_title_has_a_line(t):
    server = t.server()
    equal(server.get("/admin/stats", "admin:wrong-one").status, 401)
    server.wait_for_log(r'WARN login/login login of "admin" from 127\.0\.0\.1 refused on /admin/stats: wrong password')
    equal(server.get("/admin/metadata?mount=/x&mode=updinfo&song=a", "source:wrong-one").status, 401)
    server.wait_for_log(r'login of "source" from 127\.0\.0\.1 refused on /admin/metadata: wrong password')
    check("wrong-one" not in server.log(), "a password is in the log")
