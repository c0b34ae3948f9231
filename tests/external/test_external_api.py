"""/api/v1/external: the last answer of the backend of a <config-external>, and the confirmation of a removal."""
import json

from api import STORE, Api, encoded
from external_bench import LOGIN, SIX, backend_of, element, in_force
from harness import check, equal, free_port, test, wait_for


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


@test
def its_mounts_are_shown_and_their_sources_ended_like_others(t):
    backend = backend_of(t)
    server = t.unstarted_server(sockets="<listen-socket><port>%d</port><bind-address>127.0.0.1</bind-address></listen-socket>" % free_port())
    body = "<console/>" + STORE % {"dir": server.dir} + element(backend.url())
    server.write_config(body=body + "<mount><mount-name>/m1</mount-name></mount>")
    server.start()
    in_force(server, 6)
    api = Api(server)
    api.mount("/a")
    api.mount("/m9")
    rows = api.want(200, "GET", "/mounts").json()["items"]
    equal([(row["mount"], row["origin"]) for row in rows],
          [("/a", "store"), ("/m0", "external"), ("/m1", "file"), ("/m2", "external"), ("/m3", "external"), ("/m4", "external"),
           ("/m5", "external"), ("/m9", "store")], "all mounts")
    check("p%40ss" not in json.dumps(rows), "a password is shown")
    names, after = [], ""
    while after is not None:
        page = api.want(200, "GET", "/mounts?most=3" + after).json()
        names.append([row["mount"] for row in page["items"]])
        after = "&after=" + encoded(page["next"]) if "next" in page else None
    equal(names, [["/a", "/m0", "/m1"], ["/m2", "/m3", "/m4"], ["/m5", "/m9"]], "pages")
    source = server.source("/m2", login=LOGIN)
    source.play(5)
    one = wait_for(lambda: (now := api.want(200, "GET", "/mounts/m2").json())["on-air"] and now, "it is on the air")
    equal((one["origin"], one["settings"]["stream-name"]), ("external", "M2"))
    for method, path in ("POST", "/mounts/m2/suspend"), ("PATCH", "/mounts/m2"), ("DELETE", "/mounts/m2"), ("POST", "/mounts/m2/password"):
        check("<config-external>" in api.problem("external", method, path, {} if method != "DELETE" else None).json()["detail"], path)
    api.want(204, "POST", "/mounts/m2/kick-source")
    server.wait_until_gone("/m2")
    # A record of that name would shut the source out; one that was there before is in force, and said to be.
    api.problem("external", "POST", "/mounts", {"mount": "/m2"})
    equal(api.want(200, "GET", "/external").json()["hidden"], [{"mount": "/m1", "by": "file"}])
    backend.change(dict(SIX, **{"/m9": SIX["/m0"]}))
    wait_for(lambda: api.want(200, "GET", "/external").json()["hidden"] == [{"mount": "/m1", "by": "file"}, {"mount": "/m9", "by": "store"}],
             "the record hides the mount of the list")
    server.wait_for_log("mount /m9 .* is hidden by a record of the store")
    backend.by_name = {}
    backend.change({name: SIX[name] for name in SIX if name != "/m2"})
    in_force(server, 5)
    api.mount("/m2")
    equal(api.want(200, "GET", "/mounts/m2").json()["origin"], "store")


@test
def the_logins_of_its_account_act_on_a_mount_of_the_list(t):
    backend = backend_of(t, {"/ext": dict(SIX["/m0"], account="acme"), "/far": dict(SIX["/m0"], account="other"), "/off": dict(SIX["/m0"], account="acme")})
    server = t.unstarted_server()
    server.write_config(body="<console/>" + STORE % {"dir": server.dir} + element(backend.url()))
    server.start()
    in_force(server, 3)
    api = Api(server)
    logins = {}
    for name, rights in (("olga", {"role": "owner", "account": "acme"}), ("fred", {"role": "owner", "account": "other"}), ("otto", {"role": "operator", "mounts": ["/ext"]})):
        if "account" in rights:
            api.want(201, "POST", "/accounts", {"id": rights["account"]})
        logins[name] = api.as_user("%s:%s" % (name, api.want(201, "POST", "/users", {"name": name, **rights}).json()["password"]))
    server.source("/ext", login=LOGIN).play(50)
    for name in ("olga", "otto"):
        wait_for(lambda name=name: logins[name].want(200, "GET", "/mounts/ext").json()["on-air"], "it is on the air")
        equal(logins[name].want(200, "GET", "/mounts/ext/listeners").json()["items"], [])
        logins[name].want(204, "POST", "/mounts/ext/title", {"title": "of " + name})
        equal(server.ask("HEAD /api/v1/live?mount=ext HTTP/1.1", ["Host: x"], logins[name].login).status, 200, name)
    # Off the air it is there too.
    for who in (api, logins["olga"]):
        equal(who.want(200, "GET", "/mounts/off/listeners").json()["items"], [])
    for method, path, body in (("GET", "/mounts/ext/listeners", None), ("POST", "/mounts/ext/title", {"title": "x"}), ("GET", "/live?mount=ext", None)):
        equal(logins["fred"].ask(method, path, body).status, 404, path)
        equal(logins["olga"].ask(method, path.replace("ext", "far"), body).status, 404, path)
    station = logins["olga"].want(200, "PUT", "/stations/ours", {"mounts": ["/ext"]}).json()
    equal((station["account"], station["left-out"]), ("acme", []))
    wait_for(lambda: server.get("/api/v1/now/station:ours").status == 200, "it is shown")
    titles = [row for row in logins["olga"].want(200, "GET", "/audit").json()["items"] if row["do"] == "title"]
    equal([row["who"] for row in titles], ["otto", "olga"], "an owner sees what was done to its mount")
