"""An upgrade keeps the counts of wrong guesses, and the time that a source has to wait."""
import time

from browser_login import ADMIN_FORM, Browser
from harness import ADMIN, SOURCE, Failed, check, equal, give_away, test, wait_for
from replacing import upgrade

CONSOLE = "<console/>"


@test
def an_upgrade_gives_no_new_guesses_to_an_address(t):
    server = t.server()
    began = time.monotonic()
    judged = 0
    for _ in range(3):
        judged += [server.get("/admin/stats", "admin:guess%d" % i).status for i in range(30)].count(401)
        upgrade(server)
    judged += [server.get("/admin/stats", "admin:guess%d" % i).status for i in range(30)].count(401)
    most = 20 + 2 * (time.monotonic() - began) + 1
    check(judged <= most, "%d guesses were judged, %d may be" % (judged, most))
    # Another address, and another name, are not slowed down.
    equal(server.ask("GET /admin/stats HTTP/1.0", (), ADMIN, source_address="127.0.0.9").status, 200)
    server.source("/m")


@test
def nor_for_a_user_of_pages_and_a_session_without_a_directory_goes_on(t):
    server = t.server(body=CONSOLE)
    owner = Browser(server, "127.0.0.5").logged_in()
    for i in range(12):
        Browser(server, "127.0.2.%d" % (1 + i)).post("/admin/login", {"user": "admin", "password": "no%d" % i})
    for _ in range(2):
        upgrade(server)
    equal(Browser(server, "127.0.0.6").post("/admin/login", ADMIN_FORM).status, 429, "from an address that is not known")
    equal(owner.get("/admin/stats.xsl").status, 200, "the session goes on")
    Browser(server, "127.0.0.5").log_in()


@test
def addresses_are_known_behind_it_whose_file_cannot_be_written(t):
    server = t.unstarted_server(body=CONSOLE)
    state = server.dir / "state"
    state.mkdir()
    give_away(server.dir)
    server.write_config(body=CONSOLE, paths="<state-dir>%s</state-dir>" % state)
    server.start()
    wait_for((state / "session.keys").exists, "the keys are kept", 10)
    state.chmod(0o555)
    Browser(server, "127.0.0.5").log_in()
    server.wait_for_log("after a restart the addresses of users are not known")
    for i in range(12):
        Browser(server, "127.0.2.%d" % (1 + i)).post("/admin/login", {"user": "admin", "password": "no%d" % i})
    for _ in range(2):
        upgrade(server)
    equal(Browser(server, "127.0.0.6").post("/admin/login", ADMIN_FORM).status, 429, "from an address that is not known")
    Browser(server, "127.0.0.5").log_in()


@test
def a_mount_stays_closed_for_its_wait_time(t):
    server = t.server(body="<mount><mount-name>/live</mount-name><wait-time>4</wait-time></mount>")
    source = server.source("/live")
    equal(server.get("/admin/killsource?mount=/live", ADMIN).status, 200)
    server.wait_for_log(r"mount /live: its source has ended, closed to sources for 4s")
    closed = time.monotonic()
    upgrade(server)
    reply = server.ask("SOURCE /live HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE)
    if time.monotonic() - closed < 3.9:
        equal((reply.status, "Mountpoint in use" in reply.text), (403, True), reply.text)
    server.source("/other")

    def taken():
        try:
            return server.source("/live")
        except Failed:
            return False
    wait_for(taken, "the mount is open again", 8)
    check(time.monotonic() - closed >= 3.9, "it opens when it would have")
    source.close()
