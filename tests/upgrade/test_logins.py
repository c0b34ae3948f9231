"""Listeners that a login or a backend has let in: their tickets are handed over, and each end is reported once."""
import os
import signal
import time

from auth_bench import SECRET, backend_of, url_mount
from backend import ACCEPT
from harness import check, equal, give_away, test, wait_for
from replacing import serving, upgrade


def body_of(backend):
    return url_mount("/m", listener_add=backend.url("/add"), listener_remove=backend.url("/remove"), mount_add=backend.url("/mount"))


def all_left(source, backend, count):
    def heard():
        source.play(1)
        return len(backend.of("listener_remove")) >= count
    wait_for(heard, "the backend hears of %d ends, so far %d" % (count, len(backend.of("listener_remove"))), 20)


@test
def who_was_let_in_by_a_backend_stays_and_is_told_once(t):
    backend = backend_of(t)
    server = t.server(limits="<clients>500</clients>", body=body_of(backend))
    source = server.source("/m")
    begin = time.monotonic()
    listeners = [server.listener("/m", login="user%d:pw" % i) for i in range(40)]
    sent = source.play(20)
    for _ in range(3):
        upgrade(server)
        sent += source.play(20)
    equal(len(backend.of("listener_add")), 40, "who was asked for")
    equal(len(backend.of("listener_remove")), 0, "who was told to have left")
    equal(len(backend.of("mount_add")), 1, "mounts that were told to have begun")
    for listener in listeners:
        got = listener.read(len(sent) - 384)
        equal(got == sent[:len(got)], True, "every byte once")
    for listener in listeners[:20]:
        listener.close()
    all_left(source, backend, 20)
    upgrade(server)
    for listener in listeners[20:]:
        listener.close()
    all_left(source, backend, 40)
    removed = backend.of("listener_remove")
    equal(sorted(form["client"] for form in removed), sorted(form["client"] for form in backend.of("listener_add")))
    for form in removed:
        check(0 <= int(form["duration"]) <= time.monotonic() - begin + 1, "the time listened is that of all processes: " + form["duration"])


@test
def who_is_being_asked_for_is_asked_for_again_by_the_same_number(t):
    backend = backend_of(t)
    backend.answer = lambda form: None if form["action"] == "listener_add" else ACCEPT
    server = t.server(body=body_of(backend))
    source = server.source("/m")
    source.play(20)
    wire = server.wire()
    wire.send("GET /m HTTP/1.0\r\n\r\n")
    for asked in (1, 2):
        backend.wait_for("listener_add", asked)
        upgrade(server)
    backend.wait_for("listener_add", 3)
    backend.release.set()
    wire.reply_head()
    wire.close()
    all_left(source, backend, 1)
    numbers = {form["client"] for form in backend.forms if form["action"] in ("listener_add", "listener_remove")}
    equal(len(numbers), 1, "numbers of one listener: %s" % numbers)


@test
def after_a_kill_behind_it_each_is_told_once(t):
    backend = backend_of(t)
    server = t.server(limits="<clients>500</clients>", body=body_of(backend))
    source = server.source("/m")
    listeners = [server.listener("/m", login="user%d:pw" % i) for i in range(20)]
    upgrade(server)
    source.play(5)
    listeners.pop().close()
    all_left(source, backend, 1)
    wait_for(lambda: sum(line.startswith("D ") for line in (server.dir / "log" / "auth.spool").read_text().splitlines()) >= 1,
             "the end is noted")
    os.kill(serving(server), signal.SIGKILL)
    server.process.wait()
    server.out.unlink()
    server.start()
    backend.wait_for("listener_remove", 20, patience=20)
    check("in use by another server" not in server.log(), "the spool is free")
    equal(sorted(form["client"] for form in backend.of("listener_remove")), sorted(form["client"] for form in backend.of("listener_add")))


@test
def ends_that_wait_are_told_whatever_has_become_of_the_spool(t):
    """First it cannot be opened; then it is at another place, where each listener is noted before a kill."""
    backend = backend_of(t)
    server = t.unstarted_server(body=body_of(backend))
    spool = server.dir / "log" / "auth.spool"
    spool.mkdir()
    give_away(t.dir)
    server.start()
    source = server.source("/m")
    listeners = [server.listener("/m?%d" % i) for i in range(5)]
    upgrade(server)
    backend.answer = lambda form: {":status": 503}
    listeners[0].close()
    all_left(source, backend, 1)
    upgrade(server)
    backend.answer = lambda form: ACCEPT
    wait_for(lambda: len(backend.of("listener_remove")) > 1, "it is told once more")
    server.write_config(paths="<auth-spool>%s/spool</auth-spool>" % server.dir)
    upgrade(server)
    listeners[1].close()
    all_left(source, backend, 3)
    wait_for(lambda: "D " in (server.dir / "spool").read_text(), "the end is noted")
    os.kill(serving(server), signal.SIGKILL)
    server.process.wait()
    server.out.unlink()
    server.start()
    # One that was refused may be told more than once more.
    told = lambda action: {form["client"] for form in backend.of(action)}
    wait_for(lambda: told("listener_remove") == told("listener_add"), "each end is told", 20)


@test
def users_of_a_file_stay_and_count_as_on_air(t):
    users = t.dir / "users"
    users.write_text("ann:%s\nben:%s\n" % (SECRET, SECRET))
    give_away(t.dir)
    server = t.server(body="<mount><mount-name>/m</mount-name><authentication type=\"htpasswd\"><option name=\"filename\" value=\"%s\"/>"
                      "<option name=\"allow_duplicate_users\" value=\"0\"/></authentication></mount>" % users)
    source = server.source("/m")
    listener = server.listener("/m", login="ann:secret")
    sent = source.play(20)
    twice = server.get("/m", "ann:secret").status
    check(twice in (401, 403), "she listens already: %d" % twice)
    for _ in range(2):
        upgrade(server)
        sent += source.play(20)
    got = listener.read(len(sent) - 384)
    equal(got == sent[:len(got)], True, "every byte once")
    equal(server.get("/m", "ann:secret").status, twice, "she listens already")
    server.listener("/m", login="ben:secret")
    listener.close()

    def she_has_left():
        source.play(1)
        return server.stat("/m", "listeners") == "1"
    wait_for(she_has_left, "she has left")
    server.listener("/m", login="ann:secret")


@test
def who_is_being_asked_for_is_asked_for_once_where_the_backend_answers(t):
    backend = backend_of(t)

    def slowly(form):
        if form["action"] in ("listener_add", "listener_remove"):
            time.sleep(0.4)
        return ACCEPT
    backend.answer = slowly
    server = t.server(limits="<clients>500</clients>", body=body_of(backend))
    source = server.source("/m")
    source.play(20)
    waiting = []
    for i in range(5):
        for j in range(4):
            wire = server.wire()
            wire.send("GET /m?%d HTTP/1.0\r\n\r\n" % (i * 4 + j))
            waiting.append(wire)
        backend.wait_for("listener_add", 4 * i + 1)
        upgrade(server)
    for wire in waiting:
        equal(wire.reply_head().status, 200)
    for wire in waiting[:10]:
        wire.close()
    backend.wait_for("listener_remove", 1)
    upgrade(server)
    for wire in waiting[10:]:
        wire.close()
    all_left(source, backend, 20)
    for action in ("listener_add", "listener_remove"):
        forms = backend.of(action)
        equal((len(forms), len({form["client"] for form in forms})), (20, 20), action)


@test
def a_spool_that_moves_away_and_back_reports_no_end_twice(t):
    backend = backend_of(t)
    server = t.unstarted_server(body=body_of(backend))
    give_away(t.dir)
    server.start()
    source = server.source("/m")
    listeners = [server.listener("/m?%d" % i) for i in range(3)]
    server.write_config(paths="<auth-spool>%s/spool</auth-spool>" % server.dir)
    upgrade(server)
    for listener in listeners[:2]:
        listener.close()
    all_left(source, backend, 2)
    server.write_config(paths="")
    upgrade(server)
    # What is left in a file is reported before this.
    listeners[2].close()
    all_left(source, backend, 3)
    equal(server.stop(), 0)
    told = [form["client"] for form in backend.of("listener_remove")]
    equal(sorted(told), sorted(form["client"] for form in backend.of("listener_add")), "each end is told once")
