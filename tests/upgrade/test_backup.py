"""A copy of the audience's database that is under way when the server is replaced: it is abandoned, with an answer."""
import os
import sqlite3

from api import Api
from harness import ADMIN, check, equal, test, wait_for
from replacing import upgrade
from syscalls import Faults, Rule
from wire import basic


@test
def it_is_given_up_and_can_be_asked_for_again(t):
    faults = Faults(t)
    server = t.unstarted_server()
    state = server.dir / "state"
    state.mkdir()
    server.write_config(body="<console>1</console><audience/>", paths="<state-dir>%s</state-dir>" % state)
    server.start(env=dict(os.environ, **faults.environment))
    wait_for(lambda: server.get("/api/v1/audience/summary", login=ADMIN).status == 200, "the database is there")
    database = sqlite3.connect(state / "audience.db", timeout=20)
    database.execute("CREATE TABLE ballast(x)")
    database.executemany("INSERT INTO ballast VALUES(zeroblob(1000))", [()] * 30_000)
    database.commit()
    database.close()
    faults.put([Rule("pwrite64", path=".backup", seconds=0.002)])
    wire = server.wire()
    wire.send(("POST /api/v1/audience/backup HTTP/1.0\r\nAuthorization: %s\r\n\r\n" % basic(ADMIN)).encode())
    wait_for(lambda: faults.hits() > 3, "the copy has begun")
    upgrade(server)
    answer = wire.reply()
    equal(answer.status, 503, answer.text)
    check("nothing is copied" in answer.text, answer.text)
    wait_for(lambda: not list(state.glob("audience.db.backup*")), "nothing of it is left")
    faults.clear()
    equal(Api(server).ask("POST", "/audience/backup").status, 200)
