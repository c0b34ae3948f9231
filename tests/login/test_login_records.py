"""The records of logins and changes: audit.log and the metrics (doc/operators.md)."""
import hashlib
import json
import re
import subprocess

from browser_login import Browser
from harness import ADMIN, SOURCE, Settings, check, equal, test, wait_for
from test_login import audit_of, server_with


@test
def what_is_changed_is_written_down_in_a_chain(t):
    server = server_with(t)
    server.source("/live.mp3").play(4)
    person = Browser(server).logged_in()
    person.post("/admin/metadata.xsl", {"mount": "/live.mp3", "mode": "updinfo", "song": "A & B", "csrf": person.csrf()})
    server.get("/admin/metadata?mount=/live.mp3&mode=updinfo&song=C", ADMIN)
    server.get("/admin/metadata?mount=/live.mp3&mode=updinfo&song=D", SOURCE)
    server.get("/admin/killsource?mount=/none", ADMIN)
    server.get("/admin/manageauth?mount=/live.mp3&action=add&username=u&password=geheim", ADMIN)
    server.get("/admin/stats", ADMIN)
    rows = audit_of(server)
    equal([(row["do"], row["via"], row["on"], row["result"]) for row in rows], [
        ("login", "cookie", "admin", "ok"), ("metadata", "cookie", "/live.mp3", "ok"), ("metadata", "file", "/live.mp3", "ok"),
        ("killsource", "file", "/none", "400"), ("manageauth", "file", "/live.mp3", "400")])
    equal(rows[1]["change"]["song"], [None, "A & B"])
    equal(rows[4]["change"]["password"], [None, "***"])
    check("geheim" not in server.log("audit"), "secrets are stars")
    equal([(row["n"], row["who"], row["role"], row["ip"]) for row in rows],
          [(n, "admin", "admin", "127.0.0.1") for n in range(1, 6)])

    def holds():
        lines, before = server.log("audit").splitlines(), "0" * 16
        for line in lines:
            equal(json.loads(line)["prev"], before)
            before = hashlib.sha256(line.encode()).hexdigest()[:16]
        told = subprocess.run([Settings.binary, "--check-audit", server.dir / "log" / "audit.log"], capture_output=True, text=True, timeout=60)
        check(told.returncode == 0 and "%d lines, each follows" % len(lines) in told.stdout, "%r" % told)
    holds()
    # The chain goes on after a restart.
    server.stop()
    server.start()
    Browser(server).log_in()
    equal(audit_of(server)[-1]["n"], 6)
    holds()


@test
def numbers_of_logins(t):
    server = server_with(t)
    person = Browser(server).logged_in()
    person.post("/admin/login", {"user": "admin", "password": "no"})

    def numbers():
        return dict(re.findall(r'^(icecast_(?:logins_total\{result="\w+"\}|sessions)) (\d+)$', server.get("/metrics").text, re.M))
    wait_for(lambda: numbers() == {'icecast_logins_total{result="right"}': "1", 'icecast_logins_total{result="wrong"}': "1",
                                   'icecast_logins_total{result="slowed"}': "0", 'icecast_logins_total{result="busy"}': "0",
                                   "icecast_sessions": "1"}, "the numbers: %r" % numbers())
