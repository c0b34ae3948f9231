"""<config-external> with a backend that fails in any way: no mount is removed, not even by a kill (doc/external.md)."""
from external_backend import ABSURD
from external_bench import LOGIN, SIX, backend_of, copied, element, in_force, is_refused, is_served, sight
from harness import ADMIN, check, equal, free_port, test, wait_for

FAILING = ("dead", "500", "truncated", "no JSON", "slow", *ABSURD)


def broken(t, mode, killed):
    """The backend fails; the mounts in force stay, also after a kill."""
    backend = backend_of(t)
    backend.by_name = {}  # the broken database knows nobody by name either
    server = t.server(body=element(backend.url(), wait="1s"))
    in_force(server, 6)
    copied(server, "/m5")
    source = t.owned(server.source("/m0", login=LOGIN))
    wait_for(lambda: server.stat("/m0", "server_name") == "M0", "the source plays")
    if mode == "dead":
        backend.close()
    else:
        asked = len(backend.lists)
        backend.mode = mode
        wait_for(lambda: len(backend.lists) >= asked + 3, "it is asked three times", 20)
    if mode in FAILING:
        wait_for(lambda: sight(server)["failures"] >= 2, "it has failed twice: %r" % sight(server), 15)
        equal(sight(server)["state"], "failing", "the state: %r" % sight(server))
    if killed:
        asked = len(backend.lists)
        server.kill()
        server.start()
        equal(sight(server)["mounts"], 6, "the mounts of a new start")
        if mode != "dead":
            wait_for(lambda: len(backend.lists) > asked, "it is asked again")
    else:
        equal(server.stat("/m0", "server_name"), "M0", "the source that plays")
    equal(sight(server)["mounts"], 6, "the mounts")
    is_served(server)
    is_refused(server, "/m2", "source:src-secret")
    if mode in ("half", "empty"):
        wait_for(lambda: sight(server)["pending"], "a removal waits")
        pending = sight(server)["pending"]
        equal(pending["count"], 4 if mode == "half" else 6, "the mounts that would go")
        equal(server.get("/admin/external/confirm?etag=wrong", ADMIN).status, 409, "a wrong ETag")
        reply = server.ask("POST /admin/external/confirm HTTP/1.0", ["Content-Type: application/x-www-form-urlencoded"],
                           ADMIN, b"etag=" + pending["etag"].replace('"', "%22").encode())
        equal(reply.status, 200, "the confirmation: " + reply.text)
        in_force(server, 2 if mode == "half" else 0)
    elif mode in ("wrong type", "huge numbers"):
        wait_for(lambda: sight(server)["faults"], "the bad mount is a fault")
        faults = sight(server)["faults"]
        equal([row["mount"] for row in faults], ["/m0"], "the faults")
        check("/mounts/0/settings/max-listeners" in [error["pointer"] for error in faults[0]["errors"]], "where it is: %r" % faults)
        check(faults[0]["in_force"], "its last good form is not in force: %r" % faults)
    elif mode == "twice":
        equal(sight(server)["faults"], [], "the faults")
    elif mode != "dead":
        backend.mode = "good"
        backend.change(dict(SIX, **{"/m6": {}}))
        wait_for(lambda: sight(server)["mounts"] == 7, "it is good again", 30)
    source.close()


def bad_from_the_start(t, mode):
    """No mount of the backend is known: the file's mounts are served as usual, the others as soon as the backend
    works."""
    backend = backend_of(t, mode=mode)
    server = t.server(body=element(backend.url(), wait="1s"))
    wait_for(lambda: sight(server)["failures"] >= 1, "it has failed")
    equal((sight(server)["mounts"], sight(server)["state"]), (0, "failing"), "what is in force")
    source = t.owned(server.source("/other"))
    source.play(100)
    check(server.listener("/other").read(400), "a mount of the file is not heard")
    backend.mode = "good"
    in_force(server, 6)
    is_served(server)
    source.close()


def make_matrix():
    for mode in (*FAILING, "half", "empty", "wrong type", "huge numbers", "twice", "304"):
        for killed in (False, True):
            def one(t, mode=mode, killed=killed):
                broken(t, mode, killed)
            one.__name__ = "a_backend_that_is_%s_takes_nothing_away%s" % (mode.replace(" ", "_"), "_over_a_kill" if killed else "")
            one.__module__ = __name__
            test(one)
    for mode in FAILING[1:]:
        def first(t, mode=mode):
            bad_from_the_start(t, mode)
        first.__name__ = "a_backend_that_is_%s_from_the_start_is_asked_until_it_is_good" % mode.replace(" ", "_")
        first.__module__ = __name__
        test(first)


@test
def a_backend_that_is_down_at_the_start_is_asked_until_it_is_there(t):
    port = free_port()
    server = t.server(body=element("http://127.0.0.1:%d/mounts" % port))
    wait_for(lambda: sight(server)["failures"] >= 2, "it has failed twice")
    equal(sight(server)["mounts"], 0, "the mounts")
    backend_of(t, port=port)
    in_force(server, 6)
    is_served(server)


@test
def a_backend_that_is_down_at_a_later_start_changes_nothing_over_a_kill(t):
    backend = backend_of(t)
    server = t.server(body=element(backend.url()))
    in_force(server, 6)
    copied(server, "/m5")
    backend.close()
    server.kill()
    server.start()
    equal(sight(server)["mounts"], 6, "the mounts of a new start")
    is_served(server)


make_matrix()
