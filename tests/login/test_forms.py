"""Forms of logins with few rights: they name another mount than the query, and they are long."""
import time

from api import store_server, with_api
from harness import ADMIN, check, equal, open_folder, test, wait_for
from recorded import Recording

FORM = "Content-Type: application/x-www-form-urlencoded"


def asks(server, secret, target, form):
    return server.ask("POST %s HTTP/1.1" % target, ["Host: x", "Connection: close", FORM, "Content-Length: %d" % len(form),
                                                    "Authorization: Bearer " + secret], None, form.encode())


def token(api, role, account):
    return api.want(201, "POST", "/tokens", {"name": "x", "role": role, "account": account}).json()["token"]


@test
def the_mount_that_is_judged_is_the_one_that_is_taken(t):
    place = open_folder(t.dir / "archive")
    begun = int(time.time()) // 300 * 300 - 3600
    for name in ("acme", "bolt"):
        Recording(begun, 60, frames_a_second=6).write(place, "%2F" + name)
    server, api = with_api(store_server(t, body="<console/><archive><dir>%s</dir></archive><mount type='default'><archive>1</archive></mount>" % place))
    for account in ("acme", "bolt"):
        api.want(201, "POST", "/accounts", {"id": account})
        # The past of a mount of a record begins with it, so these are the administrator's.
        api.mount("/" + account, account=account)
    owner, viewer = token(api, "owner", "acme"), token(api, "viewer", "acme")

    def seen():
        return {one["mount"] for one in server.get("/admin/archive.json", ADMIN).json()["mounts"] if one["ranges"]}
    wait_for(lambda: seen() == {"/acme", "/bolt"}, "the directory is read", 20)
    own, others = "mount=/acme", "mount=/bolt"
    time_of_all = "&from=0&to=%d" % (begun + 3600)
    for command in ("archive/delete", "archive.json", "killsource", "metadata", "fallbacks", "listclients"):
        for target, form in (("?" + own, others + time_of_all), ("?" + own + time_of_all, others), ("", others + time_of_all),
                             ("?" + own + "&" + others, time_of_all), ("?" + others, time_of_all)):
            reply = asks(server, owner, "/admin/" + command + target, form)
            check(reply.status in (401, 403), "%s%s with %s: %d %s" % (command, target, form, reply.status, reply.text[:200]))
    equal(seen(), {"/acme", "/bolt"})
    for form in (own, "x=1&" + own):
        for target in ("", "?" + others):
            reply = asks(server, viewer, "/admin/archive.json" + target, form)
            equal({one["mount"] for one in reply.json()["mounts"]} - {"/acme"}, set(), target + " with " + form)
    equal(asks(server, owner, "/admin/archive/delete?" + others, own + time_of_all).status, 400, "nothing of its own")
    equal(seen(), {"/acme", "/bolt"})


@test
def a_form_of_many_pairs_is_answered_at_once_and_its_entry_has_the_last_values(t):
    server, api = with_api(store_server(t, body="<console/>"))
    api.want(201, "POST", "/accounts", {"id": "acme"})
    viewer = token(api, "viewer", "acme")
    for form in ("a=&" * 16000, "&".join("%x=%x" % (number, number) for number in range(6800))):
        begin = time.monotonic()
        equal(asks(server, viewer, "/admin/killsource?mount=/live.mp3", form).status, 401)
        took = time.monotonic() - begin
        check(took < 1, "it took %.1f s" % took)

    # What an administrator has changed is written as it was before: each name once, with the value that counts.
    form = "a=1&mount=/live.mp3&a=2&b&c=%41+b&pass=x&csrf=y&%61=3"
    server.ask("POST /admin/killsource HTTP/1.1", ["Host: x", "Connection: close", FORM, "Content-Length: %d" % len(form)], ADMIN, form.encode())

    def entry():
        return [one for one in api.want(200, "GET", "/audit").json()["items"] if one["do"] == "killsource" and one["role"] == "admin"]
    wait_for(entry, "it is in the audit log")
    equal((entry()[0]["on"], entry()[0]["change"]), ("/live.mp3", {"a": [None, "3"], "b": [None, ""], "c": [None, "A b"], "pass": [None, "***"]}))
    of_viewer = [one for one in api.want(200, "GET", "/audit").json()["items"] if one["do"] == "killsource" and one["role"] == "viewer"]
    check(of_viewer and all(len(one["change"]) <= 32 for one in of_viewer), "%d entries" % len(of_viewer))
