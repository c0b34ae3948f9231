"""/api/v1/external: what the backend of a <config-external> has said, and the confirmation of a removal."""
import json

from api import Api
from external_bench import SIX, backend_of, element, in_force
from harness import check, equal, test, wait_for


@test
def the_api_shows_the_list_and_confirms_a_removal_by_its_etag(t):
    backend = backend_of(t)
    backend.by_name = {}
    server = t.server(body="<console/>" + element(backend.url()))
    api = Api(server)
    in_force(server, 6)
    now = api.want(200, "GET", "/external").json()
    equal((now["state"], now["mounts"], now["pending"], now["faults"], now["failures"]), ("good", 6, None, [], 0), "what it is: %r" % now)
    equal(now["etag"], backend.etag(), "the list")
    check(0 <= now["age"] < 5, "the age")
    check("p%40ss" not in json.dumps(now), "a password is shown")
    api.problem("changed", "POST", "/external/confirm", {"etag": now["etag"]})
    api.problem("invalid", "POST", "/external/confirm", {})
    api.problem("invalid", "POST", "/external/confirm", {"etag": 5})

    backend.mode = "half"
    pending = wait_for(lambda: api.want(200, "GET", "/external").json()["pending"], "a removal waits")
    equal((pending["count"], pending["by_hand"], pending["mounts"]), (4, True, ["/m2", "/m3", "/m4", "/m5"]), "what waits")
    api.problem("changed", "POST", "/external/confirm", {"etag": "\"another\""})
    api.want(200, "POST", "/external/confirm?dry-run=1", {"etag": pending["etag"]})
    equal(api.want(200, "GET", "/external").json()["mounts"], 6, "after a dry run")
    after = api.want(200, "POST", "/external/confirm", {"etag": pending["etag"]}).json()
    equal((after["mounts"], after["pending"]), (2, None), "after the confirmation")
    in_force(server, 2)
    lines = [json.loads(line) for line in server.log("audit").splitlines()]
    done = [(line["who"], line["role"], line["result"]) for line in lines if (line["do"], line["on"]) == ("confirm", "external")]
    equal(done, [("admin", "admin", "changed"), ("admin", "admin", "changed"), ("admin", "admin", "200")], "the audit log")


@test
def bad_mounts_have_pointers_into_the_list(t):
    rows = dict(SIX, **{"/m1": {"settings": {"burst-size": "64x", "genre": ["a"]}}, "/m3": {"sources": [{"user": "dj"}]}, "no-slash": {}})
    backend = backend_of(t, rows)
    server = t.server(body="<console/>" + element(backend.url()))
    in_force(server, 4)
    now = Api(server).want(200, "GET", "/external").json()
    equal({bad["mount"]: [error["pointer"] for error in bad["errors"]] for bad in now["faults"]},
          {"/m1": ["/mounts/1/settings/burst-size", "/mounts/1/settings/genre"], "/m3": ["/mounts/3/sources/0"], "no-slash": ["/mounts/6/mount"]},
          "the faults")
    equal((now["bad_mounts"], [bad["in_force"] for bad in now["faults"]]), (3, [False] * 3), "what is in force")


@test
def without_the_element_there_is_nothing_to_see(t):
    api = Api(t.server(body="<console/>"))
    api.problem("not-found", "GET", "/external")
    api.problem("not-found", "POST", "/external/confirm", {"etag": "x"})


@test
def the_state_says_whether_the_backend_answers(t):
    backend = backend_of(t)
    server = t.server(body="<console/>" + element(backend.url()))
    api = Api(server)
    in_force(server, 6)
    backend.mode = "500"
    now = wait_for(lambda: api.want(200, "GET", "/external").json()["state"] == "failing" and api.want(200, "GET", "/external").json(), "it fails")
    check("500" in now["trouble"], "why: %r" % now)
    backend.mode = "good"
    wait_for(lambda: api.want(200, "GET", "/external").json()["state"] == "good", "it is good again", 15)
