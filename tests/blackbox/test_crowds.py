"""Pages that strangers can request without limit: their memory, processor time and effect on other clients.  The sizes
are small enough for every machine."""
import hashlib
import json
import pathlib
import re
import resource
import select
import subprocess
import sys

from harness import ADMIN, Failed, Settings, check, equal, listen_socket, request, test, wait_for
from media import short_adts
from tasks import schedule_of, tasks_of
from tls_bench import tls_server
from witness import Witness

MEASURE = pathlib.Path(__file__).resolve().parent.parent.parent / "bench" / "pages.py"

MANY = "<clients>2000</clients><sources>400</sources><client-timeout>20</client-timeout>"


def heap(server):
    """The bytes of memory that are neither of a file nor shared."""
    status = pathlib.Path("/proc/%d/status" % server.process.pid).read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status).group(1)) * 1024


def ask_and_wait(server, path, count, receive_buffer=4096):
    """Connections that have requested a page, and have not read any byte of it."""
    wires = []
    for _ in range(count):
        wire = server.wire(receive_buffer=receive_buffer)
        wire.send(request("GET %s HTTP/1.0" % path))
        wires.append(wire)
    return wires


def has_begun(wire):
    """Whether bytes of the reply have arrived; they are not read."""
    return bool(select.select([wire.socket], [], [], 0)[0])


def large_page(t, mounts=120):
    """A server whose status.xsl has some hundred KB."""
    # What the kernel holds for a reader is little, so that the rest is seen with the server.
    server = t.server(limits=MANY, sockets=listen_socket(0, "<so-sndbuf>16384</so-sndbuf>"))
    for i in range(mounts):
        server.source("/m%d" % i, lines=["Ice-Name: %s" % ("n" * 200), "Ice-Description: %s" % ("d" * 800)])
    reply = server.get("/status.xsl")
    check(len(reply.body) > 200_000, "status.xsl has %d bytes" % len(reply.body))
    return server, reply


@test
def a_crowd_that_reads_a_page_slowly_shares_the_one_copy(t):
    server, page = large_page(t)
    server.get("/status.xsl")
    before = heap(server)
    wires = ask_and_wait(server, "/status.xsl", 300)
    wait_for(lambda: all(has_begun(wire) for wire in wires), "everybody is being answered")
    grown = heap(server) - before
    # 300 copies were more than 60 MB.
    check(grown < 16 << 20, "%.1f MB for 300 readers of %.0f KB" % (grown / 1e6, len(page.body) / 1e3))
    equal(server.get("/admin/stats", ADMIN).status, 200)
    for wire in wires[:20]:
        reply = wire.reply()
        equal((reply.status, len(reply.body)), (200, int(reply.get("Content-Length"))))
    for wire in wires:
        wire.close()


def worked(server, threads=("clerk", "pages", "stats")):
    """The processor time, in nanoseconds, of the threads that may be slow."""
    return sum(schedule_of(task)[0] for name, task in tasks_of(server.process.pid) if name in threads)


def control_worked(server):
    return schedule_of(pathlib.Path("/proc/%d" % server.process.pid))[0]


def cost(server, paths):
    before = worked(server)
    statuses = {server.get(path).status for path in paths}
    return worked(server) - before, statuses


@test
def what_there_is_not_costs_nothing_to_ask_for(t):
    server, _ = large_page(t)
    one, _ = cost(server, ["/status-json.xsl?mount=/none"])
    for path, status in (("/none%d.xsl", 404), ("/none%d.xspf", 200), ("/none%d.vclt", 200), ("/status-json.xsl?mount=/none%d", 200)):
        all_of_them, statuses = cost(server, [path % i for i in range(200)])
        equal(statuses, {status}, path)
        check(all_of_them < 60 * one, "200 x %s: %.1f ms, one page is %.1f ms" % (path, all_of_them / 1e6, one / 1e6))


# 2^16 calls of a template.
SLOW = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:output method="text"/>
<xsl:template match="/"><xsl:call-template name="again"><xsl:with-param name="n" select="16"/></xsl:call-template>done</xsl:template>
<xsl:template name="again"><xsl:param name="n"/><xsl:if test="$n &gt; 0">
<xsl:call-template name="again"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>
<xsl:call-template name="again"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template></xsl:if></xsl:template>
</xsl:stylesheet>"""


@test
def a_flood_of_different_pages_is_refused_and_those_with_passwords_get_in(t):
    server = t.unstarted_server()
    users = server.dir / "users"
    users.write_text("ann:%s\n" % hashlib.md5(b"secret").hexdigest())
    (server.dir / "web" / "slow.xsl").write_text(SLOW)
    server.write_config(limits=MANY, body='<mount><mount-name>/locked</mount-name><authentication type="htpasswd">'
                        '<option name="filename" value="%s"/></authentication></mount>' % users)
    server.start()
    server.source("/locked")
    for i in range(40):
        server.source("/m%d" % i)
    crowd = []
    for i in range(40):
        crowd += ask_and_wait(server, "/slow.xsl?mount=/m%d" % i, 1)
    wait_for(lambda: any(has_begun(wire) for wire in crowd), "the first is answered")

    def still_waiting():
        return sum(not has_begun(wire) for wire in crowd)
    # Those who may come in wait for none of the pages; the administrator's page for one.
    wire = server.wire()
    wire.send(request("GET /locked HTTP/1.0", login="ann:secret"))
    equal(wire.reply_head().status, 200)
    check(still_waiting() > 3, "the listener waited for the pages")
    equal(server.get("/admin/listmounts.xsl", ADMIN).status, 200)
    check(still_waiting() > 1, "the administrator waited for the pages")
    replies = [wire.reply() for wire in crowd]
    kinds = {(reply.status, reply.get("Retry-After")) for reply in replies}
    equal(kinds, {(200, None), (503, "1")})
    check(all("done" in reply.text for reply in replies if reply.status == 200), "the pages")
    # A user who is new in the file is known at once.
    users.write_text("bob:%s\n" % hashlib.md5(b"other").hexdigest())
    wire = server.wire()
    wire.send(request("GET /locked HTTP/1.0", login="bob:other"))
    equal(wire.reply_head().status, 200)


def slow_page(t, mounts=0):
    """A server with a public page that takes a second or more to render."""
    server = t.unstarted_server()
    (server.dir / "web" / "slow.xsl").write_text(SLOW.replace('select="16"', 'select="19"'))
    server.write_config(limits=MANY)
    server.start()
    for i in range(mounts):
        server.source("/m%d" % i)
    return server


@test
def the_administrator_waits_for_no_page_of_strangers(t):
    server = slow_page(t, 3)
    before = worked(server, ("pages",))
    crowd, = ask_and_wait(server, "/slow.xsl", 1)
    wait_for(lambda: worked(server, ("pages",)) > before + 20_000_000, "the page is being made")
    for path in ("/admin/stats.xsl?mount=/m1", "/admin/listmounts.xsl", "/admin/stats", "/admin/stats?mount=/m1"):
        equal(server.get(path, ADMIN).status, 200)
    check(not has_begun(crowd), "the administrator's pages came after the stranger's")


@test
def statistics_of_one_mount_cost_no_more_than_one_and_those_of_all_are_not_made_on_control(t):
    server, _ = large_page(t)

    def work_of(path, count=20):
        all_before, control_before = worked(server), control_worked(server)
        for _ in range(count):
            equal(server.get(path, ADMIN).status, 200)
        control = control_worked(server) - control_before
        return control, control + worked(server) - all_before
    control, of_all = work_of("/admin/stats")
    check(control < of_all / 3, "control worked for %.1f of %.1f ms on the statistics of all mounts" % (control / 1e6, of_all / 1e6))
    _, of_one = work_of("/admin/stats?mount=/m7")
    check(of_one < of_all / 4, "%.1f ms for one mount, %.1f ms for all" % (of_one / 1e6, of_all / 1e6))
    server.get("/status-json.xsl?mount=/m7")
    of_public, _ = cost(server, ["/status-json.xsl?mount=/m%d" % i for i in range(20)])
    check(of_public < of_all / 4, "%.1f ms for public pages of one mount, %.1f ms for all" % (of_public / 1e6, of_all / 1e6))


@test
def what_handshakes_took_that_went_no_further_is_given_back(t):
    """Each handshake has the memory of a TLS connection, which later lies between blocks that are still in use."""
    server = tls_server(t, limits=MANY + "<header-timeout>1</header-timeout>")
    witness, before = Witness(server), heap(server)
    wires = []
    for _ in range(600):
        wire = server.wire(server.ports[1])
        wire.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20))
        wires.append(wire)
    wait_for(lambda: heap(server) > before + (20 << 20), "they take memory")
    wait_for(lambda: heap(server) < before + (12 << 20), "it is given back", 20)
    witness.end()


@test
def a_request_without_its_form_is_as_unfinished_as_one_without_its_head(t):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 1500)), hard))
    server = t.server(limits=MANY + "<workers>1</workers><header-timeout>120</header-timeout>")
    head = request("POST /admin/login HTTP/1.1", ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 65536"])

    def begin_one():
        wire = server.wire()
        wire.send(head + b"a" * 1000)
        return wire
    wires = [begin_one() for _ in range(1100)]  # more than may be unfinished at once

    def has_ended():
        wires.append(begin_one())
        return has_begun(wires[0])
    wait_for(has_ended, "the oldest one is ended")
    equal(wires[0].socket.recv(1), b"", "its answer")
    equal(server.get("/status-json.xsl").status, 200)
    for wire in wires:
        wire.close()


@test
def beside_a_crowd_and_floods_the_bounds_hold(t):
    """With fewer mounts and readers than doc/performance.md, whose figures are of an optimised build."""
    out = t.dir / "figures.json"
    done = subprocess.run([sys.executable, "-B", str(MEASURE), "--server", str(Settings.binary), "--mounts", "300", "--readers", "300",
                           "--seconds", "2", "--json", str(out)], capture_output=True, timeout=120)
    if done.returncode != 0:
        raise Failed(done.stderr.decode()[-2000:])
    Settings.started += 1
    found, slow = json.loads(out.read_text()), Settings.patience / 5
    crowd = found["crowd"]
    equal((crowd["whole_pages"], crowd["admin_wrong"]), (300, 0), "pages that were read, and refused administrators")
    check(crowd["grown_bytes"] < 64 << 20, "memory grew by %.1f MB" % (crowd["grown_bytes"] / 1e6))
    gap = crowd["gap_ms"] - crowd["witness_itself_ms"]
    check(gap < 1000 * slow, "an unrelated listener's gap was %.0f ms" % gap)
    for path, took in crowd["admin_ms"].items():
        # All of a long answer shares the way out with the readers.
        check(took < 500 * slow or path == "/admin/stats", "%s took %.0f ms beside the crowd" % (path, took))
    for name, flood in found["floods"].items():
        equal((flood["logins_wrong"], flood["admin_wrong"]), (0, 0), name)
        check(flood["login_ms"] < 300 * slow, "an htpasswd login took %.0f ms beside the flood %s" % (flood["login_ms"], name))


@test
def a_static_file_is_read_by_a_crowd_from_the_disk_alone(t):
    server = t.unstarted_server()
    server.write_config(limits=MANY)
    (server.dir / "web" / "big.html").write_bytes(b"x" * (2 << 20))
    server.start()
    server.get("/big.html")
    before = heap(server)
    wires = ask_and_wait(server, "/big.html", 200)
    wait_for(lambda: all(has_begun(wire) for wire in wires), "everybody is being answered")
    grown = heap(server) - before
    check(grown < 12 << 20, "%.1f MB for 200 readers" % (grown / 1e6))
    equal(len(wires[0].reply().body), 2 << 20)


@test
def a_stream_with_a_mark_in_each_few_bytes_costs_as_its_bytes_do(t):
    """Each 16 bytes have another sample rate, and a second of their own; a reader that stands still keeps all of them."""
    server = t.server(limits="<queue-size>2000000</queue-size><source-timeout>60</source-timeout>")
    hostile = server.source("/rates.aac", kind="aac")
    reader = server.listener("/rates.aac", receive_buffer=2048)
    witness = Witness(server)
    rates = b"".join(short_adts(rate) * 2 for rate in (12, 11, 4, 3)) * 200
    before = worked(server, ("worker",))
    for _ in range(120):
        hostile.send(rates)
    # The marks alone could cost 10 s and more.
    wait_for(lambda: int(server.stat("/rates.aac", "total_bytes_read")) == 120 * len(rates), "all is read", 60)
    took = (worked(server, ("worker",)) - before) / 1e9
    check(took < 4, "%.1f s of processor time for %.1f MB" % (took, 120 * len(rates) / 1e6))
    witness.end(lag=3, wait=3)
    reader.close()
