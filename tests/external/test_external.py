"""<config-external>: another program provides the mounts (doc/external.md)."""
import contextlib
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

from external_bench import (LOGIN, SIX, TOP, accepts, backend_of, element, in_force, is_refused, is_served, sight)
from harness import ADMIN, SOURCE, check, equal, free_port, request, test, wait_for
from heard import read_until_heard


@test
def mounts_of_a_backend_are_in_force_with_their_own_logins(t):
    backend = backend_of(t)
    server = t.server(body=element(backend.url(), username="icecast", password="s3cret"))
    in_force(server, 6)
    is_served(server)
    is_refused(server, "/m2", "dj:wrong")
    is_refused(server, "/m2", "source:src-secret")
    check(backend.logins[0].startswith("Basic "), "the login at the backend")
    check("s3cret" not in server.log() and "p%40ss w" not in server.log(), "a password is in the log")
    check("p%40ss w" not in server.get("/admin/external.json", ADMIN).text, "a password is shown")
    equal(server.get("/admin/external.json").status, 401, "external.json without a login")
    metrics = server.get("/metrics", ADMIN).text
    check(re.search(r"^icecast_external_mounts 6$", metrics, re.M), "the metrics have no 6 mounts: " + metrics[-900:])


@test
def a_polled_change_arrives_in_five_and_a_half_seconds(t):
    backend = backend_of(t)
    server = t.server(body=element(backend.url(), poll="5s"))
    in_force(server, 6)
    wait_for(lambda: len(backend.lists) >= 2, "it is asked again")
    source = t.owned(server.source("/m1", login=LOGIN))
    wait_for(lambda: server.stat("/m1", "server_name") == "M1", "the name of the record")
    backend.change(dict(SIX, **{"/m1": {"settings": {"stream-name": "New"}, "source": SIX["/m1"]["source"]}}))
    wait_for(lambda: server.stat("/m1", "server_name") == "New", "the new name", 8)
    took = time.monotonic() - backend.changed_at
    source.close()
    check(took <= 5.5, "it took %.2f s" % took)
    return "%.2f s" % took


@test
def a_backend_that_waits_is_heard_within_200_ms(t):
    backend = backend_of(t, waits=True)
    server = t.server(body=element(backend.url(), poll="5s"))
    in_force(server, 6)
    source = t.owned(server.source("/m1", login=LOGIN))
    wait_for(lambda: server.stat("/m1", "server_name") == "M1", "the name of the record")
    took = []
    for i in range(5):
        asked = len(backend.lists)
        wait_for(lambda: len(backend.lists) > (1 if i == 0 else asked - 1), "it is asked to wait")
        time.sleep(0.4)  # the pause between two overlays; not what is measured
        name = "N%d" % i
        backend.change(dict(SIX, **{"/m1": {"settings": {"stream-name": name}, "source": SIX["/m1"]["source"]}}))
        wait_for(lambda: server.stat("/m1", "server_name") == name, "the new name")
        took.append(time.monotonic() - backend.changed_at)
    source.close()
    took.sort()
    check(took[2] <= 0.2 and took[-1] <= 0.5, "it took %r" % took)
    asks = len(backend.lists)
    check(asks <= 14, "it was asked %d times" % asks)
    return "median %.0f ms, most %.0f ms" % (took[2] * 1000, took[-1] * 1000)


@test
def a_mount_that_is_gone_is_removed_and_its_source_goes_on_for_a_while(t):
    backend = backend_of(t)
    server = t.server(body=element(backend.url(), grace="3s"))
    in_force(server, 6)
    source = t.owned(server.source("/m0", login=LOGIN))
    wait_for(lambda: server.stat("/m0", "server_name") == "M0", "the source plays")
    backend.change({name: row for name, row in SIX.items() if name != "/m0"})
    in_force(server, 5)
    equal(backend.names, ["/m0"], "the names that were asked for")
    wait_for(lambda: server.stat("/m0", "server_name") != "M0", "the settings are those of the default mount")
    check(server.stat("/m0", "server_type"), "the source has ended at once")
    begin = time.monotonic()

    def ended():
        with contextlib.suppress(OSError):
            source.play(1)
        return server.stat("/m0", "server_type") is None
    wait_for(ended, "the source is ended", 15)
    took = time.monotonic() - begin
    check(took > 1.5, "it was ended after %.2f s" % took)
    check("is gone for 3 s; its source is ended" in server.log(), "the log does not say so")


@test
def a_source_whose_mount_comes_back_in_time_goes_on(t):
    backend = backend_of(t)
    server = t.server(body=element(backend.url(), grace="3s"))
    in_force(server, 6)
    source = t.owned(server.source("/m0", login=LOGIN))
    wait_for(lambda: server.stat("/m0", "server_name") == "M0", "the source plays")
    since = server.stat("/m0", "stream_start_iso8601")
    backend.change({name: row for name, row in SIX.items() if name != "/m0"})
    in_force(server, 5)
    backend.change(SIX)
    in_force(server, 6)
    begin = time.monotonic()

    def is_over():  # more than the grace since it was gone
        source.play(1)
        return time.monotonic() - begin > 4
    wait_for(is_over, "the time is over", 10)
    equal(server.stat("/m0", "stream_start_iso8601"), since, "the source that plays")


@test
def listeners_who_wait_for_a_source_hear_it_again_if_its_mount_was_gone_meanwhile(t):
    rows = dict(SIX, **{"/m0": {"settings": {"stream-name": "M0", "linger-for": 20}, "source": SIX["/m0"]["source"]}})
    backend = backend_of(t, rows)
    server = t.server(body=element(backend.url(), grace="30s"))
    in_force(server, 6)
    source = server.source("/m0", login=LOGIN, tag="L")
    listener = server.listener("/m0")
    read_until_heard(listener, source, "L")
    source.leave()
    server.wait_for_log("mount /m0: no source, 1 listeners wait")
    backend.change({name: row for name, row in rows.items() if name != "/m0"})
    in_force(server, 5)
    backend.change(rows)
    in_force(server, 6)
    read_until_heard(listener, server.source("/m0", login=LOGIN, tag="M"), "LM")


@test
def what_is_missing_in_a_list_and_known_by_name_stays(t):
    backend = backend_of(t)
    server = t.server(body=element(backend.url(), confirm="2"))
    in_force(server, 6)
    backend.by_name = dict(SIX)
    backend.mode = "half"
    wait_for(lambda: len(sight(server)["faults"]) == 4, "they are named as faults")
    equal(sight(server)["mounts"], 6, "the mounts")
    backend.mode = "good"
    wait_for(lambda: not sight(server)["faults"], "no faults any more")


@test
def half_a_list_is_believed_when_two_in_a_row_say_so(t):
    backend = backend_of(t)
    server = t.server(body=element(backend.url(), confirm="2"))
    in_force(server, 6)
    backend.by_name = {}
    backend.mode = "half"
    in_force(server, 2)
    check("in a row say so" in server.log(), "the log says nothing of waiting")


@test
def unknown_names_are_asked_for_when_a_source_or_a_listener_comes(t):
    backend = backend_of(t, {"/m0": SIX["/m0"]})
    server = t.server(body=element(backend.url(), on_demand="1"))
    in_force(server, 1)
    backend.by_name = {"/new": dict(SIX["/m1"], settings={"stream-name": "New"}),
                       "/silent": {"settings": {"fallback-mount": "/new"}}}
    begin = time.monotonic()
    source = t.owned(server.source("/new", login=LOGIN))
    source.play(100)
    wait_for(lambda: server.stat("/new", "server_name") == "New", "the source is in")
    took = time.monotonic() - begin
    check(took < 2, "it took %.2f s" % took)
    server.listener("/silent").read(400)
    equal(server.get("/nobody").status, 404, "a name that nobody knows")
    asked = len(backend.names)
    equal(server.get("/nobody").status, 404, "the same name again")
    equal(len(backend.names), asked, "names that were asked for")
    check("/admin/x" not in backend.names and server.get("/admin/x", ADMIN).status == 400, "reserved names")
    is_refused(server, "/new", "source:src-secret")
    source.close()
    return "%.0f ms" % (took * 1000)


@test
def an_unknown_name_waits_two_seconds_at_most(t):
    backend = backend_of(t, {"/m0": {}})
    server = t.server(body=element(backend.url(), on_demand="1", timeout="10s"))
    in_force(server, 1)
    backend.delay = 15
    wires = [server.wire() for _ in range(2)]
    begin = time.monotonic()
    wires[0].send(b"GET /late HTTP/1.0\r\n\r\n")
    wires[1].send(request("SOURCE /late HTTP/1.0", ["Content-Type: audio/mpeg"], SOURCE))
    equal(wires[0].reply().status, 404, "a listener")
    equal(wires[1].reply_head().status, 200, "a source of a name that the backend does not tell")
    took = time.monotonic() - begin
    check(1 < took < 2.5, "they waited %.2f s" % took)
    return "%.2f s" % took


@test
def a_thousand_unknown_names_ask_for_64_at_once(t):
    backend = backend_of(t, {"/m0": {}})
    server = t.server(body=element(backend.url(), on_demand="1"), limits="<clients>2000</clients>")
    in_force(server, 1)
    backend.delay = 0.5
    wires = [server.wire() for _ in range(1000)]
    begin = time.monotonic()
    for i, wire in enumerate(wires):
        wire.send(b"GET /u%d HTTP/1.0\r\n\r\n" % i)
    equal({wire.reply().status for wire in wires}, {404}, "the answers")
    took = time.monotonic() - begin
    for wire in wires:
        wire.close()
    check(backend.most_under_way <= 64, "%d names were under way" % backend.most_under_way)
    check(backend.most_under_way >= 32, "only %d names were under way" % backend.most_under_way)
    check(took <= 2.5, "they took %.2f s" % took)
    return "%d names under way, 1000 answers in %.2f s" % (backend.most_under_way, took)


@test
def invented_names_exclude_no_encoder_of_another_network(t):
    backend = backend_of(t, {"/m0": {}})
    server = t.server(body=element(backend.url(), on_demand="1", timeout="10s"), limits="<clients>2000</clients>")
    in_force(server, 1)
    backend.by_name = {"/new%d" % i: SIX["/m1"] for i in range(16)}
    backend.delay = 1.2
    flood = [server.wire(source_address="127.0.0.2") for _ in range(400)]
    for i, wire in enumerate(flood):
        line, login = ("GET /u%d HTTP/1.0", None) if i % 2 else ("SOURCE /u%d HTTP/1.0", LOGIN)
        wire.send(request(line % i, ["Content-Type: audio/mpeg"], login))
    wait_for(lambda: backend.under_way >= 32, "invented names are asked for")
    wires = [server.wire() for _ in range(16)]
    for i, wire in enumerate(wires):
        wire.send(request("SOURCE /new%d HTTP/1.0" % i, ["Content-Type: audio/mpeg"], LOGIN))
    answers = [wire.reply_head().status for wire in wires]
    for wire in flood + wires:
        wire.close()
    check(set(answers) <= {200, 503} and answers.count(200) >= 8, "what the encoders of one network got: %s" % answers)


@test
def a_backend_may_not_set_what_only_the_file_may(t):
    rows = {"/good": {}}
    for i, settings in enumerate(({"on-connect": "/bin/true"}, {"dump-file": "/tmp/x"}, {"intro": "/x"}, {"password": "x"},
                                  {"authentication": {"type": "htpasswd", "option": [{"name": "filename", "value": "/etc/passwd"}]}})):
        rows["/bad%d" % i] = {"settings": settings}
    backend = backend_of(t, rows)
    server = t.server(body=element(backend.url()))
    in_force(server, 1)
    equal(len(sight(server)["faults"]), 5, "the faults")


@test
def the_file_counts_before_the_backend_and_the_backend_before_patterns(t):
    backend = backend_of(t)
    file = "<mount><mount-name>/m1</mount-name><password>file</password></mount><mount><mount-name>/m*</mount-name><hidden>1</hidden></mount>"
    server = t.server(body=element(backend.url()) + file)
    in_force(server, 6)
    is_refused(server, "/m1", LOGIN)
    is_served(server)
    server.reload(body=file)
    wait_for(lambda: server.get("/admin/external.json", ADMIN).status == 404, "the element is gone")
    wait_for(lambda: "and so are its 6 mounts" in server.log(), "its mounts are gone")
    wait_for(lambda: accepts(server, "/m2"), "the mount is as any other")


@test
def the_example_works_as_it_is(t):
    path = pathlib.Path(t.server().dir) / "mounts.json"
    path.write_text(json.dumps(SIX))
    port = free_port()
    process = subprocess.Popen([sys.executable, str(TOP / "doc/examples/external.py"), "--port", str(port), "--user", "lb:x", str(path)],
                               stderr=subprocess.DEVNULL)
    try:
        server = t.server(body=element("http://127.0.0.1:%d/mounts" % port, poll="5s", username="lb", password="x", on_demand="1"))
        in_force(server, 6)
        is_served(server)
        time.sleep(0.3)  # it waits by now
        path.with_suffix(".new").write_text(json.dumps(dict(SIX, **{"/m9": {}})))
        begin = time.monotonic()
        path.with_suffix(".new").replace(path)
        in_force(server, 7)
        took = time.monotonic() - begin
        check(took < 1, "a change took %.2f s" % took)
        equal(server.get("/nobody").status, 404, "a name that nobody knows")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    return "a change took %.0f ms" % (took * 1000)
