"""What a customer could make of another one's names, or of what an administrator has set."""
import time

from harness import check, equal, test, wait_for
from test_stations import bench, now_of, page


@test
def a_mount_that_was_suspended_is_not_made_again_by_its_owner(t):
    _, api, owner, _ = bench(t)
    owner.mount("/ours.mp3")
    api.want(200, "POST", "/mounts/ours.mp3/suspend")
    check("only an administrator may delete it" in owner.problem("forbidden", "DELETE", "/mounts/ours.mp3").text, "its owner may not")
    owner.problem("forbidden", "POST", "/mounts/ours.mp3/resume")
    equal(owner.want(200, "GET", "/mounts/ours.mp3").json()["state"], "suspended")
    api.want(204, "DELETE", "/mounts/ours.mp3")


@test
def titles_stay_with_the_account_that_played_them(t):
    server, _, owner, other = bench(t)

    def played(mount, login, title):
        source = server.source(mount, login=login)
        source.play(20)
        server.set_title(mount=mount, song=title, login=login)
        wait_for(lambda: title in server.get("/played.json?mount=" + mount).text, "it is played")
        return source
    for mount in ("/moves.mp3", "/stays.mp3"):
        login = owner.mount(mount)
        source = played(mount, login, "Theirs")
        owner.want(204, "POST", "/mounts%s/title" % mount, {"title": "Waits", "at_ms": int(time.time() * 1000) + 60_000})
        source.close()
        wait_for(lambda: server.get(mount).status == 404, "it is off the air", 20)
        owner.want(204, "DELETE", "/mounts" + mount)
    moves = wait_for(lambda: (reply := other.ask("POST", "/mounts", {"mount": "/moves.mp3"})).status == 201 and reply.json(), "the name is free", 60)
    owner.mount("/stays.mp3")
    equal(other.want(200, "GET", "/mounts/moves.mp3/titles").json()["items"], [])
    equal([row["title"] for row in owner.want(200, "GET", "/mounts/stays.mp3/titles").json()["items"]], ["Theirs"])
    played("/moves.mp3", "%s:%s" % (moves["source"]["user"], moves["source"]["password"]), "Ours")
    check("Theirs" not in server.get("/played.json?mount=/moves.mp3").text, "only its own")


@test
def a_mount_takes_no_page_of_another_account(t):
    server, api, owner, other = bench(t)
    server.source("/hit.mp3", login=owner.mount("/hit.mp3"), lines=["ice-name: First"]).play(20)
    check("First" in page(server, "hit").text, "it has the page")
    other.problem("forbidden", "POST", "/mounts", {"mount": "/hit"})
    check("First" in page(server, "hit").text, "as before")
    owner.mount("/hit")
    api.want(204, "DELETE", "/mounts/hit")


@test
def which_accounts_exist_is_for_administrators(t):
    _, api, owner, _ = bench(t)
    for method, path, body in (("POST", "/users?dry-run=1", {"name": "q", "role": "viewer"}), ("POST", "/tokens?dry-run=1", {"name": "q", "role": "viewer"})):
        answers = [owner.problem("forbidden", method, path, {**body, "account": account}).json()["detail"] for account in ("other", "nonesuch")]
        equal(answers[0], answers[1])
    api.problem("invalid", "POST", "/users?dry-run=1", {"name": "q", "role": "viewer", "account": "nonesuch"})


@test
def what_is_not_understood_changes_nothing(t):
    _, api, owner, _ = bench(t)
    owner.mount("/ours.mp3")
    for switch in ("dry-run", "dry-run=", "dry-run=true"):
        api.problem("bad-request", "DELETE", "/mounts/ours.mp3?" + switch)
        api.problem("bad-request", "POST", "/accounts?" + switch, {"id": "new"})
    api.problem("bad-request", "POST", "/accounts", b'{"id":"new"}\0{"id":"newer"}')
    equal([row["id"] for row in api.want(200, "GET", "/accounts").json()["items"]], ["acme", "other"])
    owner.want(200, "GET", "/mounts/ours.mp3")


@test
def a_station_is_made_only_if_there_is_none_where_that_was_asked(t):
    server, _, owner, _ = bench(t)
    owner.mount("/ours.mp3")
    only_new, body = ["If-None-Match: *"], {"mounts": ["/ours.mp3"], "languages": ["de"]}
    owner.want(200, "PUT", "/stations/rock", {**body, "name": "First"}, only_new)
    owner.problem("changed", "PUT", "/stations/rock", {**body, "name": "Second"}, only_new)
    equal(owner.want(200, "GET", "/stations/rock").json()["name"], "First")
    changed = owner.want(200, "PATCH", "/stations/rock", {"languages": None, "links": None}).json()
    equal((changed["languages"], changed["links"]), ([], []))
    check(now_of(server, "rock") is not None, "it is there")


@test
def the_sound_of_a_deleted_mount_is_no_part_of_the_next_one_of_its_name(t):
    server, _, owner, other = bench(t, body='<mount type="default"><hls>1</hls></mount>')
    source = server.source("/p.mp3", login=owner.mount("/p.mp3"))
    theirs = source.play(400)    # ten seconds
    wait_for(lambda: server.get("/p.mp3/live.m3u8").status == 200, "its HLS is there")
    source.leave()
    wait_for(lambda: server.get("/p.mp3").status == 404, "it is off the air", 20)
    owner.want(204, "DELETE", "/mounts/p.mp3")
    made = wait_for(lambda: (reply := other.ask("POST", "/mounts", {"mount": "/p.mp3"})).status == 201 and reply.json(), "the name is free", 60)
    source = server.source("/p.mp3", tag="B", login="%s:%s" % (made["source"]["user"], made["source"]["password"]))
    ours = source.play(40)    # less than a burst
    heard = server.listener("/p.mp3").read(10_000)
    check(heard in ours and heard not in theirs, "a new listener hears the new stream alone: %r" % heard[:80])
