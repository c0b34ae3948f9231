"""Mounts of the store: they are made, fed, heard, suspended and deleted, and survive every death of the server."""
import os
import time

from api import Api, encoded, occurs, refused, store_server, with_api
from encoders import Ear, Encoder
from harness import ADMIN, check, equal, test, wait_for
from heard import read_until_heard


@test
def a_new_mount_is_fed_with_the_answers_login_and_heard(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": "/rock.mp3", "settings": {"stream-name": "Rock"},
                                           "limits": {"listeners": 2}}).json()
    equal(made["source"]["url"], "http://127.0.0.1:%d/rock.mp3" % server.port)
    equal((made["state"], made["origin"]), ("active", "store"))
    login = "%s:%s" % (made["source"]["user"], made["source"]["password"])
    Encoder(t, server, "mp3", login, mount="/rock.mp3")
    wait_for(lambda: api.want(200, "GET", "/mounts/rock.mp3").json()["on-air"], "the mount is on air", 10)
    ear = Ear(t, server, "/rock.mp3")
    wait_for(lambda: len(ear.raw()) > 20000, "the listener hears it", 10)
    equal(server.stat("/rock.mp3", "server_name"), "Rock")
    # No other login feeds it, the server's own source password neither.
    check("401" in refused(server, "/rock.mp3", "source:src-secret"), "the global password is not one of its logins")
    equal(occurs(server.dir, made["source"]["password"]), [])


@test
def what_was_answered_is_there_after_kill_9_and_the_key_gives_the_same_bytes(t):
    server, api = with_api(store_server(t, limits="<sources>400</sources>"))
    count = 160 if os.environ.get("LB_FULL") else 24
    answers = {}
    for number in range(count):
        name, key = "/m%d" % number, "key-of-mount-%d" % number
        reply = api.want(201, "POST", "/mounts", {"mount": name}, ["Idempotency-Key: " + key])
        answers[name] = (key, reply.body, reply.get("ETag"))
        server.kill()
        server.start()
    listed = api.want(200, "GET", "/mounts?most=500").json()["items"]
    equal(sorted(row["mount"] for row in listed), sorted(answers))
    for name, (key, body, etag) in answers.items():
        again = api.want(201, "POST", "/mounts", {"mount": name}, ["Idempotency-Key: " + key])
        equal((again.body, again.get("ETag")), (body, etag), name)
    api.problem("key-reused", "POST", "/mounts", {"mount": "/other"}, ["Idempotency-Key: key-of-mount-0"])
    equal(len(api.want(200, "GET", "/mounts?most=500").json()["items"]), count)
    password = api.want(201, "POST", "/mounts", {"mount": "/m0"}, ["Idempotency-Key: key-of-mount-0"]).json()["source"]["password"]
    equal(occurs(server.dir, password), [])
    server.source("/m0", login="source:" + password).play(2)


@test
def one_key_at_once_makes_one_mount(t):
    server, api = with_api(store_server(t))
    body = b'{"mount":"/one"}'
    head = ("POST /api/v1/mounts HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWRtaW46YWRtLXNlY3JldA==\r\n"
            "Idempotency-Key: all-at-once\r\nContent-Length: %d\r\n\r\n" % len(body)).encode()
    wires = [server.wire() for _ in range(12)]
    for wire in wires:
        wire.send(head + body)
    replies = [wire.reply() for wire in wires]
    made = {reply.body for reply in replies if reply.status == 201}
    check(len(made) == 1, "answers: %r" % [(r.status, r.body[:200]) for r in replies])
    for reply in replies:
        check(reply.status == 201 or reply.json()["type"].endswith("#busy"), reply.text)
    equal(len(api.want(200, "GET", "/mounts").json()["items"]), 1)


@test
def a_suspended_mount_loses_its_source_and_takes_none(t):
    server, api = with_api(store_server(t))
    login = api.mount("/rock.mp3")
    source = server.source("/rock.mp3", login=login)
    source.play(10)
    listener = server.listener("/rock.mp3")
    begin = time.monotonic()
    equal(api.want(200, "POST", "/mounts/rock.mp3/suspend").json()["suspended-by"], "admin")
    wait_for(lambda: not api.want(200, "GET", "/mounts/rock.mp3").json()["on-air"], "the source has ended", 3)
    check(time.monotonic() - begin < 2, "it took %.1f s" % (time.monotonic() - begin))
    check("403" in refused(server, "/rock.mp3", login), "a suspended mount takes no source")
    listener.close()
    api.want(200, "POST", "/mounts/rock.mp3/resume")
    server.source("/rock.mp3", login=login).play(2)


@test
def listeners_of_a_suspended_mount_hear_the_mount_that_is_for_it(t):
    server, api = with_api(store_server(t, '<mount type="default"><suspended-mount>/off.mp3</suspended-mount></mount>'))
    login = api.mount("/rock.mp3", settings={"fallback-mount": "/own.mp3", "fallback-override": True})
    source, own, off = server.source("/rock.mp3", tag="R", login=login), server.source("/own.mp3", tag="F"), server.source("/off.mp3", tag="S")
    listener = server.listener("/rock.mp3")
    read_until_heard(listener, source, "R", own, off)
    api.want(200, "POST", "/mounts/rock.mp3/suspend")
    read_until_heard(listener, off, "RS", own)
    late = server.listener("/rock.mp3")
    read_until_heard(late, off, "S", own)
    api.want(200, "POST", "/mounts/rock.mp3/resume")
    source = server.source("/rock.mp3", tag="T", login=login)
    read_until_heard(listener, source, "RST", own, off)
    read_until_heard(late, source, "ST", own, off)
    # Without a source it is the mount's own again.
    source.leave()
    read_until_heard(late, own, "STF", off)


@test
def a_deleted_mount_ends_its_source(t):
    server, api = with_api(store_server(t))
    login = api.mount("/rock.mp3")
    server.source("/rock.mp3", login=login).play(10)
    api.want(204, "DELETE", "/mounts/" + encoded("/rock.mp3"))
    server.wait_until_gone("/rock.mp3")
    api.problem("not-found", "GET", "/mounts/rock.mp3")
    check("401" in refused(server, "/rock.mp3", login), "its login is gone")


@test
def a_new_password_replaces_the_old_one_and_no_other(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": "/talk", "sources": [{"user": "tom"}, {"user": "eva"}]}).json()
    old = {row["user"]: row["password"] for row in made["logins"]}
    new = api.want(200, "POST", "/mounts/talk/password", {"user": "tom"}).json()["source"]["password"]
    check("401" in refused(server, "/talk", "tom:" + old["tom"]), "the old password is refused")
    server.source("/talk", login="eva:" + old["eva"]).close()
    server.wait_until_gone("/talk")
    server.source("/talk", login="tom:" + new).play(2)
    api.want(204, "POST", "/mounts/talk/kick-source")
    server.wait_until_gone("/talk")
    api.problem("no-source", "POST", "/mounts/talk/kick-source")


@test
def changes_are_by_revision(t):
    api = Api(store_server(t))
    api.mount("/rock.mp3")
    first = api.want(200, "GET", "/mounts/rock.mp3").get("ETag")
    second = api.want(200, "PATCH", "/mounts/rock.mp3", {"settings": {"genre": "rock"}}, ["If-Match: " + first]).get("ETag")
    check(first != second, "the revision moves")
    api.problem("changed", "PATCH", "/mounts/rock.mp3", {"settings": {"genre": "pop"}}, ["If-Match: " + first])
    reply = api.want(200, "PUT", "/mounts/rock.mp3", {"settings": {"stream-name": "R"}}, ["If-Match: " + second])
    equal(reply.json()["settings"], {"stream-name": "R"})
    # A wrong value says where it is; nothing of the request is done.
    wrong = api.problem("invalid", "PATCH", "/mounts/rock.mp3", {"settings": {"genre": "x", "burst-size": "64x"}})
    equal([fault["pointer"] for fault in wrong.json()["errors"]], ["/settings/burst-size"])
    equal(api.want(200, "GET", "/mounts/rock.mp3").get("ETag"), reply.get("ETag"))


@test
def a_replaced_mount_keeps_its_account_and_relay_unless_they_are_given_up(t):
    api = Api(store_server(t))
    api.want(201, "POST", "/accounts", {"id": "anna"})
    api.want(201, "POST", "/mounts", {"mount": "/rock.mp3", "account": "anna"})
    api.want(201, "POST", "/mounts", {"mount": "/pulled.mp3", "account": "anna", "relay": {"server": "127.0.0.1", "port": 1}})
    before = api.want(200, "GET", "/mounts/pulled.mp3").json()
    for mount in ("rock", "pulled"):
        one = api.want(200, "PUT", "/mounts/%s.mp3" % mount, {"settings": {"stream-name": "R"}}).json()
        equal((one["account"], one["settings"]), ("anna", {"stream-name": "R"}))
    equal((one["relay"], one["made"]), (before["relay"], before["made"]))
    equal(api.want(200, "GET", "/accounts/anna").json()["used"]["mounts"], 2)
    one = api.want(200, "PUT", "/mounts/pulled.mp3", {"settings": {}, "account": None, "relay": None}).json()
    check("account" not in one and "relay" not in one, one)
    equal(api.want(200, "GET", "/accounts/anna").json()["used"]["mounts"], 1)


@test
def a_password_is_changed_by_revision_too(t):
    api = Api(store_server(t, body="<console/>"))
    first = api.want(201, "POST", "/users", {"name": "anna", "role": "viewer", "password": "the-first-one"}).get("ETag")
    second = api.want(200, "PATCH", "/users/anna", {"mounts": ["/rock.mp3"]}).get("ETag")
    for method, path, body in (("POST", "/users/anna/password", {"password": "the-second-one"}), ("DELETE", "/users/anna/sessions", None)):
        api.problem("changed", method, path, body, ["If-Match: " + first])
    equal(api.want(200, "GET", "/users/anna").get("ETag"), second, "nothing was done")
    third = api.want(200, "POST", "/users/anna/password", {"password": "the-second-one"}, ["If-Match: " + second]).json()["revision"]
    api.want(204, "DELETE", "/users/anna/sessions", None, ['If-Match: "%s"' % third])


@test
def the_files_mounts_are_shown_and_stay(t):
    server, api = with_api(store_server(t, body="<mount><mount-name>/fixed.mp3</mount-name></mount>"))
    api.mount("/rock.mp3")
    listed = {row["mount"]: row["origin"] for row in api.want(200, "GET", "/mounts").json()["items"]}
    equal(listed, {"/fixed.mp3": "file", "/rock.mp3": "store"})
    # One that plays with the password of all mounts, for as long as it does.
    source = server.source("/played.mp3")
    source.play(4)
    listed = {row["mount"]: row["origin"] for row in api.want(200, "GET", "/mounts").json()["items"]}
    equal(listed, {"/fixed.mp3": "file", "/played.mp3": "default", "/rock.mp3": "store"})
    page = api.want(200, "GET", "/mounts?most=1&after=/fixed.mp3").json()
    equal(([row["mount"] for row in page["items"]], page["next"]), (["/played.mp3"], "/played.mp3"))
    one = api.want(200, "GET", "/mounts/played.mp3").json()
    equal((one["origin"], one["on-air"], one["fed-by"]["user"]), ("default", True, "source"))
    source.close()
    wait_for(lambda: api.ask("GET", "/mounts/played.mp3").status == 404, "it has ended")
    api.problem("in-file", "POST", "/mounts", {"mount": "/fixed.mp3"})
    api.problem("in-file", "DELETE", "/mounts/fixed.mp3")


@test
def a_reload_keeps_the_records(t):
    server, api = with_api(store_server(t))
    login = api.mount("/rock.mp3", settings={"stream-name": "Rock"})
    source = server.source("/rock.mp3", login=login)
    source.play(5)
    server.reload(limits="<clients>300</clients>")
    source.play(5)
    equal(server.stat("/rock.mp3", "server_name"), "Rock")


@test
def without_a_store_nothing_can_be_changed_and_without_both_nothing_is_there(t):
    plain = t.server(authentication="<source-password>src-secret</source-password>")
    equal(plain.get("/api/v1/mounts", ADMIN).status, 404)
    for line in ("PATCH /api/v1/mounts/x", "GET /api/v1/mounts/%2Fx"):
        wire = plain.wire()
        wire.send(line + " HTTP/1.1\r\nHost: x\r\n\r\n")
        head = wire.reply_head()
        equal((line, head.status, head.get("Content-Type")), (line, 404, "application/problem+json"))
    console = t.server(body="<console/>")
    api = Api(console)
    equal(api.want(200, "GET", "/mounts").json()["items"], [])
    api.problem("no-store", "POST", "/mounts", {"mount": "/x"})


@test
def a_store_that_cannot_be_written_says_since_when(t):
    server, api = with_api(store_server(t))
    login = api.mount("/rock.mp3")
    records = server.dir / "records"
    # As nobody, the server cannot make files where it may not write.
    for folder, _, _ in list(os.walk(records)):
        os.chmod(folder, 0o500)
    if os.geteuid() == 0:
        for folder, _, _ in list(os.walk(records)):
            os.chown(folder, 0, 0)
            os.chmod(folder, 0o555)
    api.problem("read-only", "POST", "/mounts", {"mount": "/other"})
    server.source("/rock.mp3", login=login).play(3)
    equal(len(api.want(200, "GET", "/mounts").json()["items"]), 1)


@test
def what_the_check_of_a_file_names_a_record_is_refused(t):
    api = Api(store_server(t))
    faults = api.problem("invalid", "POST", "/mounts", {"mount": "/a.mp3", "sources": [{"user": "t", "from": 200, "until": 100}]}).json()["errors"]
    equal([fault["pointer"] for fault in faults], ["/sources/0/until"], "hours that end before they begin: %r" % faults)
    faults = api.problem("invalid", "POST", "/mounts", {"mount": "/x.ogg", "settings": {"hls": True}}).json()["errors"]
    equal([fault["pointer"] for fault in faults], ["/settings/hls"], "HLS of Ogg: %r" % faults)
    api.mount("/p.mp3", settings={"fallback-mount": "/q.mp3"})
    api.mount("/r.mp3", settings={"fallback-mount": "/p.mp3"})
    faults = api.problem("invalid", "POST", "/mounts", {"mount": "/q.mp3", "settings": {"fallback-mount": "/r.mp3"}}).json()["errors"]
    equal([fault["pointer"] for fault in faults], ["/settings/fallback-mount"], "a circle: %r" % faults)
    check("/q.mp3" in faults[0]["detail"] and "/p.mp3" in faults[0]["detail"], faults[0]["detail"])
    api.mount("/q.mp3")
    api.problem("invalid", "PATCH", "/mounts/q.mp3", {"settings": {"fallback-mount": "/p.mp3"}})
    api.want(200, "PATCH", "/mounts/q.mp3", {"settings": {"fallback-mount": "/file.mp3"}})


@test
def a_mount_says_who_is_on_the_air(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": "/talk.mp3", "sources": [{"user": "tom"}]}).json()
    equal(made["fed-by"], None)
    began = time.time()
    Encoder(t, server, "mp3", "tom:" + made["source"]["password"], mount="/talk.mp3")
    by = wait_for(lambda: (now := api.want(200, "GET", "/mounts/talk.mp3").json()["fed-by"]) and now["kbps"] == 128 and now, "it is measured", 30)
    equal((by["user"], by["address"], by["kbps"], by["agent"].startswith("Lavf")), ("tom", "127.0.0.1", 128, True))
    check(began - 1 <= by["since"] <= time.time(), repr(by))
    server.wait_for_log(r'Source logging in at mountpoint "/talk\.mp3" from 127\.0\.0\.1 \(audio/mpeg\) as "tom" with "Lavf')
    equal(server.stat("/talk.mp3", "bitrate"), "128", "ffmpeg says no bitrate by itself")
    viewer = api.want(201, "POST", "/users", {"name": "vic", "role": "viewer", "password": "long-enough"})
    equal(viewer.status, 201)
    by = api.as_user("vic:long-enough").want(200, "GET", "/mounts/talk.mp3").json()["fed-by"]
    equal((by["user"], by["address"]), ("tom", None), "without the right to see addresses")


@test
def a_mount_says_since_when_it_is_off_the_air_and_why(t):
    server, api = with_api(store_server(t, limits="<source-timeout>2</source-timeout>"))
    made = api.want(201, "POST", "/mounts", {"mount": "/talk", "sources": [{"user": "tom"}]}).json()
    equal(made["off-air"], None)
    now = lambda: api.want(200, "GET", "/mounts/talk").json()
    for why, end in (("ended", lambda source: source.leave()), ("kicked", lambda source: api.want(204, "POST", "/mounts/talk/kick-source")), ("timed-out", lambda source: None)):
        source = server.source("/talk", login="tom:" + made["source"]["password"])
        source.play(2)
        wait_for(lambda: now()["on-air"], "it is on the air")
        equal(now()["off-air"], None)
        began = int(time.time())
        end(source)
        off = wait_for(lambda: not now()["on-air"] and (off := now()["off-air"]) and off["since"] >= began and off, "it is off the air: " + why, 20)
        equal((off["why"], off["node"]), (why, None))
        check(off["since"] <= time.time(), repr(off))
    equal([one["off-air"] and one["off-air"]["why"] for one in api.want(200, "GET", "/mounts").json()["items"] if one["mount"] == "/talk"], ["timed-out"])
