"""The limits of a login's own mounts: every address with every login and every mount, judged by the rule below.

The rule: an administrator has all mounts, and so has a viewer without account and mounts.  A login of an account has
the mounts of that account, or the ones of them that it names.  A login without an account has the mounts that it names.
"""
import fnmatch
import json
import re
import time

from api import Api, encoded, store_server, with_api
from harness import ADMIN, check, equal, mount, open_folder, test, wait_for
from media import mp3_frame
from recorded import Recording

FRAME_S = 1152 / 48000

ACCOUNT = {"/acme-1": "acme", "/acme-2": "acme", "/bolt-1": "bolt", "/file-1": "", "/loose-1": ""}
RANK = ["none", "viewer", "operator", "owner", "admin"]
# role, account, names of mounts
LOGINS = [
    ("none", "", []),
    ("viewer", "", []), ("viewer", "acme", []), ("viewer", "acme", ["/*"]), ("viewer", "acme", ["/acme-1", "/bolt-1", "/file-1"]),
    ("viewer", "", ["/file-1"]), ("viewer", "bolt", []),
    ("operator", "", []), ("operator", "", ["/bolt-1", "/loose-1"]), ("operator", "", ["/*"]), ("operator", "acme", []),
    ("operator", "acme", ["/bolt-1"]), ("operator", "acme", ["/*-2"]), ("operator", "bolt", []),
    ("owner", "acme", []), ("owner", "acme", ["/*"]), ("owner", "acme", ["/acme-2", "/file-1"]), ("owner", "bolt", []),
    ("admin", "", []), ("admin", "acme", ["/acme-1"]),
]
MANY = ["no", "own", "part", "all"]
# The commands and addresses of /admin/: the least role, and what a login of some mounts gets:
# own: with mount= one of its own; part: all of it, without what is not its own; no.
COMMANDS = {
    "stats": ("viewer", "own"), "stats.xml": ("viewer", "own"), "listclients": ("viewer", "own"), "listmounts": ("viewer", "part"),
    "streamlist": ("viewer", "part"), "cluster": ("viewer", "part"), "cluster.js": ("viewer", "part"), "cluster.json": ("viewer", "part"),
    "cluster/explain": ("viewer", "own"), "cluster/links.json": ("viewer", "part"), "cluster/ingest.json": ("viewer", "part"),
    "cluster/messages.json": ("viewer", "no"), "archive": ("viewer", "own"), "archive.json": ("viewer", "own"),
    "external.json": ("admin", "no"), "updatemetadata": ("operator", "own"),
    "metadata": ("operator", "own"), "killclient": ("operator", "own"), "killsource": ("operator", "own"),
    "moveclients": ("operator", "own"), "fallbacks": ("operator", "own"), "manageauth": ("operator", "own"),
    "cluster/command": ("operator", "own"), "archive/delete": ("owner", "own"),
    "streamlist.txt": ("relay", "no"), "streams": ("relay", "no"),
    "drain": ("admin", "no"), "undrain": ("admin", "no"), "cluster/message": ("admin", "no"), "external/confirm": ("admin", "no"),
}
# Nothing of these is carried out: only refusals are tried.
NOT_DONE = ("drain", "undrain", "cluster/message", "external/confirm")
LAST = ("killsource", "killclient")


def sees_all(role, account, names):
    return role == "admin" or (role == "viewer" and not account and not names)


def has(login, name):
    role, account, names = login
    if role == "none":
        return False
    if sees_all(*login):
        return True
    if account:
        return ACCOUNT.get(name) == account and (not names or any(fnmatch.fnmatchcase(name, one) for one in names))
    return any(fnmatch.fnmatchcase(name, one) for one in names)


class Asker:
    """One kept connection of one login."""

    def __init__(self, server, login, secret):
        self.server, self.login, self.secret, self.wire, self.asked = server, login, secret, None, 0

    def ask(self, method, path, body=None, again=True):
        if self.wire is None or self.wire.ended:
            self.wire = self.server.wire()
        data = b"" if body is None else json.dumps(body).encode()
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: x", "Content-Length: %d" % len(data)]
        if data:
            lines.append("Content-Type: application/json")
        if self.secret:
            lines.append("Authorization: Bearer " + self.secret)
        try:
            self.wire.send("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
            head = self.wire.reply_head()
        except Exception:
            if not again:
                raise
            self.wire = None  # it was closed behind the answer before
            return self.ask(method, path, body, False)
        self.asked += 1
        length = head.get("Content-Length")
        if head.status == 204:
            pass
        elif length is not None:
            head.body = self.wire.take(int(length))
        else:
            head.body, self.wire = self.wire.take_all(), None
        if (head.get("Connection") or "").lower() == "close":
            self.wire = None
        return head

    def __str__(self):
        return "%s of \"%s\" %s" % self.login


class House:
    def __init__(self, t, sources=True):
        self.server = store_server(t, body="<console/><metrics><allow>none</allow></metrics><archive><dir>%s</dir></archive>"
                                   % (t.dir / "archive") + mount("/file-1", "") +
                                   "<mount type='default'><archive><enabled>1</enabled><listeners>none</listeners></archive></mount>")
        self.api = Api(self.server)
        for account in ("acme", "bolt"):
            self.api.want(201, "POST", "/accounts", {"id": account})
        logins = {"/file-1": "source:src-secret"}
        for name, account in ACCOUNT.items():
            if name != "/file-1":
                logins[name] = self.api.mount(name, account=account)
        self.askers = [Asker(self.server, login, self.token(*login) if login[0] != "none" else None) for login in LOGINS]
        if sources:
            for name, login in logins.items():
                self.server.source(name, login=login).play(4)
                wait_for(lambda: self.server.stat(name, "listeners") is not None, name + " is on air")

    def token(self, role, account, names):
        return self.api.want(201, "POST", "/tokens", {"name": "x", "role": role, "account": account, "mounts": names}).json()["token"]


def expect_command(name, login, given):
    """Whether this login may use the command with this mount; "": without a mount."""
    role = login[0]
    least, part = COMMANDS[name]
    if least == "relay" or role == "none" or RANK.index(role) < RANK.index(least):
        return False
    return sees_all(*login) or part == "part" or (part == "own" and given != "" and has(login, given))


@test
def commands_are_open_with_own_mounts_only(t):
    house = House(t)
    cells = 0
    names = [name for name in COMMANDS if name not in LAST] + list(LAST)
    for name in names:
        for asker in house.askers:
            for given in ["", "/gone-1", *ACCOUNT]:
                may = expect_command(name, asker.login, given)
                if may and name in NOT_DONE:
                    continue
                target = "/admin/" + name + ("?mount=" + given if given else "")
                method = "POST" if name == "archive/delete" else "GET"
                reply = asker.ask(method, target)
                check((reply.status not in (401, 403)) == may, "%s as %s: %d, and it %s" % (target, asker, reply.status, "may" if may else "may not"))
                cells += 1
    check(cells >= 3000, "%d cells" % cells)


@test
def the_past_is_open_with_own_mounts_only(t):
    house = House(t)
    for asker in house.askers:
        for name in ACCOUNT:
            may = RANK.index(asker.login[0]) >= RANK.index("operator") and has(asker.login, name)
            for query in ("from=-1", "from=1&to=2", "timeshift=1"):
                reply = asker.ask("GET", "%s?%s" % (name, query)) if not may else None
                if reply is not None:
                    equal(reply.status, 401, "%s?%s as %s" % (name, query, asker))
        # What may be heard is asked for where nothing of it is there: an answer that ends.
        for name in ACCOUNT:
            if RANK.index(asker.login[0]) >= RANK.index("operator") and has(asker.login, name):
                reply = asker.ask("GET", name + "?from=1&to=2")
                check(reply.status not in (200, 401, 403), "%s as %s: %d" % (name, asker, reply.status))


@test
def pages_of_all_mounts_have_the_own_ones_only(t):
    house = House(t)
    for asker in house.askers:
        if asker.login[0] == "none":
            for path in ("/admin/listmounts", "/metrics", "/admin/events", "/admin/cluster.json"):
                equal(asker.ask("GET", path).status, 401, path)
            continue
        own = {name for name in ACCOUNT if has(asker.login, name)}
        for path in ("/admin/listmounts", "/metrics", "/api/v1/mounts"):
            reply = asker.ask("GET", path)
            equal(reply.status, 200, "%s as %s" % (path, asker))
            equal({name for name in ACCOUNT if name in reply.text}, own, "%s as %s" % (path, asker))
        numbers = asker.ask("GET", "/metrics").text
        equal("icecast_server_" in numbers, sees_all(*asker.login), "the server's numbers as %s" % asker)
        nodes = asker.ask("GET", "/api/v1/nodes").json()["items"]
        equal(all("listeners" in node for node in nodes), sees_all(*asker.login), "the nodes as %s" % asker)
    # Events: one of each mount, and one of the node as the last.
    wires = []
    for asker in house.askers[1:]:
        wire = house.server.wire()
        wire.send("GET /admin/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: x-0\r\nAuthorization: Bearer %s\r\n\r\n" % asker.secret)
        equal(wire.reply_head().status, 200, str(asker))
        wires.append((asker, wire))
    equal(house.server.get("/admin/drain?mode=soft", ADMIN).status, 200)
    for asker, wire in wires:
        heard = wire.take_until(b"event: drained\n").decode()
        equal({name for name in ACCOUNT if '"subject":"%s"' % name in heard}, {name for name in ACCOUNT if has(asker.login, name)}, "events as %s" % asker)


# method, path behind the mount, body, least role, and what an order answers where it is refused for other reasons
OF_MOUNT = [
    ("GET", "", None, "viewer"), ("GET", "/listeners", None, "viewer"), ("PATCH", "?dry-run=1", {}, "owner"), ("PUT", "?dry-run=1", {}, "owner"),
    ("DELETE", "?dry-run=1", None, "owner"), ("POST", "/suspend?dry-run=1", {}, "owner"), ("POST", "/resume?dry-run=1", {}, "owner"),
    ("POST", "/move?dry-run=1", {}, "admin"), ("POST", "/password?dry-run=1", {}, "owner"), ("POST", "/kick-source?dry-run=1", {}, "operator"),
    ("POST", "/title?dry-run=1", {"title": "x"}, "operator"), ("DELETE", "/listeners/n/1?dry-run=1", None, "operator"),
]


@test
def mounts_of_the_api_are_open_to_their_logins_only(t):
    house = House(t, sources=False)
    cells = 0
    for asker in house.askers:
        role = asker.login[0]
        for method, behind, body, least in OF_MOUNT:
            for name in ["/gone-1", *ACCOUNT]:
                path = "/api/v1/mounts/" + encoded(name) + behind
                reply = asker.ask(method, path, body)
                where = "%s %s as %s: %s" % (method, path, asker, reply.text[:200])
                if role == "none":
                    equal(reply.status, 401, where)
                elif RANK.index(role) < RANK.index(least):
                    equal(reply.status, 403, where)
                elif name == "/gone-1" or not has(asker.login, name):
                    equal(reply.status, 404, where)
                elif role == "operator" and name in ("/file-1", "/loose-1", "/bolt-1", "/acme-1", "/acme-2") and least == "owner":
                    equal(reply.status, 403, where)
                elif "/listeners/" in behind:
                    equal(reply.json()["detail"].split(" ")[:3], "there is no".split(" "), where)
                    check("mount" not in reply.json()["detail"], where)
                else:
                    check(reply.status not in (401, 403, 404, 405), where)
                cells += 1
    check(cells >= 1400, "%d cells" % cells)


@test
def logins_and_accounts_are_open_to_their_owners_only(t):
    house = House(t, sources=False)
    users = {"u-" + account: account for account in ("acme", "bolt")}
    for name, account in users.items():
        house.api.want(201, "POST", "/users", {"name": name, "role": "viewer", "account": account, "password": "password of it"})
    house.api.want(201, "POST", "/users", {"name": "u-none", "role": "viewer", "password": "password of it"})
    users["u-none"] = ""
    tokens = {account: house.api.want(201, "POST", "/tokens", {"name": "y", "role": "viewer", "account": account}).json()["id"] for account in ("acme", "bolt", "")}
    for asker in house.askers:
        role, account, names = asker.login
        owner, admin = role == "owner", role == "admin"

        def status(method, path, body, may_see, may_do, least):
            reply = asker.ask(method, "/api/v1" + path, body)
            where = "%s %s as %s: %s" % (method, path, asker, reply.text[:200])
            if role == "none":
                equal(reply.status, 401, where)
            elif RANK.index(role) < RANK.index(least):
                equal(reply.status, 403, where)
            elif not may_see:
                equal(reply.status, 404, where)
            elif not may_do:
                equal(reply.status, 403, where)
            else:
                check(reply.status < 300, where)

        for of in ("acme", "bolt"):
            mine = admin or (owner and of == account)
            status("GET", "/accounts/" + of, None, mine, True, "owner")
            status("PATCH", "/accounts/%s?dry-run=1" % of, {}, True, admin, "admin")
            status("DELETE", "/accounts/%s?dry-run=1&mounts=delete" % of, None, True, admin, "admin")
        for name, of in users.items():
            mine = admin or (owner and of == account != "")
            # A login of some mounts changes none of all mounts.
            may = admin or (mine and not names)
            status("GET", "/users/" + name, None, mine, True, "viewer")
            status("PATCH", "/users/%s?dry-run=1" % name, {}, mine, may, "owner")
            status("DELETE", "/users/%s?dry-run=1" % name, None, mine, may, "owner")
            status("DELETE", "/users/%s/sessions?dry-run=1" % name, None, mine, may, "viewer")
            status("POST", "/users/%s/password?dry-run=1" % name, {}, mine, may, "viewer")
        if not admin:  # an administrator may know who is there, and ends what has no record as well
            status("DELETE", "/users/nobody/sessions?dry-run=1", None, False, False, "viewer")
        for of, token in tokens.items():
            mine = admin or (owner and of == account != "")
            status("DELETE", "/tokens/%s?dry-run=1" % token, None, mine, admin or (mine and not names), "owner")
        for path in ("/bans", "/external"):
            if role != "none" and not admin:
                equal(asker.ask("GET", "/api/v1" + path).status, 403, path)
        for given in LOGINS[1:]:
            made = asker.ask("POST", "/api/v1/tokens?dry-run=1", {"name": "z", "role": given[0], "account": given[1], "mounts": given[2]})
            where = "a token %s by %s: %s" % (given, asker, made.text[:200])
            if role == "none":
                equal(made.status, 401, where)
                continue
            # Whatever it gives, the new login has no mount that it has not itself.
            if role not in ("owner", "admin"):
                equal(made.status, 403, where)
            elif admin:
                equal(made.status, 201, where)
            elif made.status == 201:
                check(RANK.index(given[0]) <= RANK.index(role) and not sees_all(given[0], given[1] or account, given[2]), where)
                for name in ACCOUNT:
                    check(has(asker.login, name) or not has((given[0], given[1] or account, given[2]), name), where + " at " + name)


@test
def what_is_deleted_does_not_come_back_with_its_name(t):
    place = open_folder(t.dir / "archive")
    begun = int(time.time()) // 300 * 300 - 3600
    Recording(begun, 600, frames_a_second=6).write(place, "%2Fshow")
    server, api = with_api(store_server(t, body="<console allow-plain='1'/><archive><dir>%s</dir></archive><mount type='default'><archive>1</archive></mount>" % place))
    for account in ("acme", "bolt"):
        api.want(201, "POST", "/accounts", {"id": account})
        api.want(201, "POST", "/users", {"name": account, "role": "owner", "account": account, "password": account + "-secret"})
    acme, bolt = api.as_user("acme:acme-secret"), api.as_user("bolt:bolt-secret")

    def log_in(password):
        reply = server.ask("POST /api/v1/session HTTP/1.1", ["Host: x", "Content-Type: application/json"], None,
                           json.dumps({"user": "bob", "password": password}).encode())
        equal(reply.status, 200, reply.text)
        return ["Host: x", "Cookie: " + reply.get("Set-Cookie").split(";")[0]]

    def session(cookie):
        return server.ask("GET /api/v1/session HTTP/1.1", cookie).status
    bolt.want(201, "POST", "/users", {"name": "bob", "role": "owner", "password": "first password"})
    old = log_in("first password")
    bolt.want(201, "POST", "/mounts", {"mount": "/show", "settings": {"stream-name": "of bolt"}})

    def ranges(login):
        return [one for mount in server.get("/admin/archive.json?mount=/show", login).json()["mounts"] for one in mount["ranges"]]
    wait_for(lambda: ranges(ADMIN), "the directory is read", 20)
    equal(session(old), 200)
    bolt.want(204, "DELETE", "/mounts/show")
    bolt.want(204, "DELETE", "/users/bob")
    equal(session(old), 401)
    # A second later the names are acme's.
    time.sleep(1.1)
    acme.want(201, "POST", "/users", {"name": "bob", "role": "owner", "password": "second password"})
    new = log_in("second password")
    acme.want(201, "POST", "/mounts", {"mount": "/show"})
    equal((session(old), session(new)), (401, 200), "the session of the first bob, and of the second")
    equal(ranges("acme:acme-secret"), [], "what acme sees of the past of bolt")
    check(len(ranges(ADMIN)) > 0, "an administrator sees it")
    for query in ("from=%d&to=%d" % (begun, begun + 1), "from=%d" % begun):
        for login in (None, "acme:acme-secret"):
            reply = server.get("/show?" + query, login)
            check(reply.status in (404, 410, 416), "%s as %s: %d" % (query, login, reply.status))
    gone = server.ask("POST /admin/archive/delete?mount=/show&from=0&to=%d HTTP/1.1" % (begun + 3600), ["Host: x"], "acme:acme-secret")
    check(gone.status in (200, 400), gone.text)
    check(len(ranges(ADMIN)) > 0, "it is there still")
    wait_for(lambda: len(acme.want(200, "GET", "/audit").json()["items"]) >= 2, "its own lines")
    for line in acme.want(200, "GET", "/audit").json()["items"]:
        check("bolt" not in (line["account"], line["of"]), str(line))
    check(any(line["on"] == "mounts/%2Fshow" and line["do"] == "delete" and line["of"] == "bolt" for line in bolt.want(200, "GET", "/audit").json()["items"]), "the deletion is of bolt")


@test
def recordings_of_a_deleted_mount_are_for_administrators(t):
    place = open_folder(t.dir / "archive")
    server, api = with_api(store_server(t, body="<console allow-plain='1'/><archive><dir>%s</dir></archive><mount type='default'><archive>1</archive></mount>" % place))
    login = api.mount("/private.mp3", settings={"archive": {"enabled": True, "listeners": "none"}})
    begun = int(time.time()) - 2

    def status(name, who=None):
        return server.get("%s?from=%d&to=%d" % (name, begun, int(time.time())), who).status

    def record(logins):
        sources = [server.source(name, login=login) for name, login in logins.items()]
        begin = time.monotonic()
        for number in range(80):
            time.sleep(max(0, begin + number * FRAME_S - time.monotonic()))
            for source in sources:
                source.send(mp3_frame("S", number))
        for source in sources:
            source.leave()
    record({"/private.mp3": login, "/open.mp3": "source:src-secret"})
    wait_for(lambda: status("/private.mp3", ADMIN) == 200 and status("/open.mp3") == 200, "they are recorded", 20)
    equal((status("/private.mp3"), status("/open.mp3")), (401, 200), "for a stranger")
    api.want(204, "DELETE", "/mounts/private.mp3")
    refused = wait_for(lambda: status("/private.mp3") not in (401,) and [status("/private.mp3")], "the default mount decides")
    check(refused[0] in (404, 410, 416), "%d for a stranger, after the deletion" % refused[0])
    listed = server.get("/private.mp3/archive-%d-60.m3u8" % begun)
    check(listed.status != 200, "HLS: %d, %s" % (listed.status, listed.text))
    equal((status("/private.mp3", ADMIN), status("/open.mp3")), (200, 200), "an administrator has it, and others are as they were")
    server.stop()
    server.start()
    wait_for(lambda: status("/open.mp3") == 200, "the directory is read", 20)
    check(status("/private.mp3") in (404, 410, 416), "after a restart")
    equal(status("/private.mp3", ADMIN), 200)
    # What is recorded under the name from now on is the default mount's.
    record({"/private.mp3": "source:src-secret"})
    wait_for(lambda: status("/private.mp3") == 200, "a stranger has what is new", 20)
    mine, theirs = (server.get("/private.mp3?from=%d&to=%d" % (begun, int(time.time())), who).body for who in (ADMIN, None))
    check(len(theirs) < len(mine), "%d of %d bytes" % (len(theirs), len(mine)))


@test
def a_name_that_is_anothers_address_is_refused(t):
    api = Api(store_server(t, body="<console/>" + mount("/file", "")))
    for account in ("acme", "bolt"):
        api.want(201, "POST", "/accounts", {"id": account})
    api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme", "password": "olga-secret"})
    olga = api.as_user("olga:olga-secret")
    api.mount("/bolt.mp3", account="bolt")
    for name in ("/bolt.mp3/live.m3u8", "/bolt.mp3/archive-1-60.mp3", "/bolt.mp3/0123abcd-1.mp3", "/metrics", "/../x", "/a/../b", "/.", "//x", "/a#b", "/%2e%2e", "/;", "/;stream.mp3"):
        for who in (olga, api):
            who.problem("invalid", "POST", "/mounts", {"mount": name})
    for name in ("/bolt.mp3/x", "/file/x"):
        olga.problem("forbidden", "POST", "/mounts", {"mount": name})
        api.mount(name)
    # What listeners of others may come to hear: an administrator has said so, or it is a file of the web root.
    api.want(200, "PATCH", "/mounts/bolt.mp3", {"settings": {"fallback-mount": "/fall.mp3", "suspended-mount": "/gone.mp3",
                                                             "hls": {"enabled": True, "variant": [{"mount": "/low.mp3"}]}}})
    (api.server.dir / "web" / "jingle.mp3").write_bytes(b"jingle")
    for name in ("/fall.mp3", "/gone.mp3", "/low.mp3", "/jingle.mp3"):
        olga.problem("forbidden", "POST", "/mounts", {"mount": name})
    api.want(200, "PATCH", "/mounts/bolt.mp3", {"settings": {"suspended-mount": None}})
    olga.mount("/gone.mp3")
    olga.mount("/mine")
    olga.mount("/mine/x")
    # A mount of its own where the pages of all mounts begin gives it none of them.
    olga.mount("/listen")
    olga.problem("forbidden", "POST", "/mounts", {"mount": "/listen/bolt.mp3"})
    # Nor one of the name of a station, whose page would be that of the mount.
    for number, who in ((1, "bolt"), (2, "")):
        api.mount("/radio%d" % number, account=who or None)
        api.want(200, "PUT", "/stations/rock%d" % number, {"mounts": ["/radio%d" % number], **({"account": who} if who else {})})
        olga.problem("forbidden", "POST", "/mounts", {"mount": "/rock%d" % number})
    olga.want(200, "PUT", "/stations/own", {"mounts": ["/mine"]})
    olga.mount("/own")


@test
def the_page_of_a_stream_offers_none_of_another_account(t):
    server, api = with_api(store_server(t))
    for account in ("acme", "bolt"):
        api.want(201, "POST", "/accounts", {"id": account})
    for name, account in (("/bolt.mp3", "bolt"), ("/bolt.aac", "acme"), ("/bolt.webm", "bolt")):
        server.source(name, login=api.mount(name, account=account)).play(50)
    server.source("/bolt.flac").play(50)
    for name, others in (("/bolt.mp3", ["/bolt.webm"]), ("/bolt.aac", []), ("/bolt.flac", [])):
        offered = re.findall('<option value="(/[^"]*)"', server.get("/listen" + name).text)
        equal([one for one in offered if one != name], others, "beside " + name)


@test
def an_owner_takes_nothing_by_naming_it(t):
    house = House(t)
    api = house.api
    api.want(201, "POST", "/users", {"name": "olga", "role": "owner", "account": "acme", "password": "olga-secret"})
    olga = api.as_user("olga:olga-secret")
    olga.want(200, "PATCH", "/users/olga", {"mounts": ["/*", "/bolt-1", "/file-1"]})
    olga.want(201, "POST", "/users", {"name": "otto", "role": "operator", "mounts": ["/*", "/bolt-1"], "password": "otto-secret"})
    olga.want(201, "POST", "/users", {"name": "vera", "role": "viewer", "addresses": True, "mounts": ["/*"], "password": "vera-secret"})
    token = olga.want(201, "POST", "/tokens", {"name": "x", "role": "owner", "mounts": ["/bolt-1"]}).json()["token"]
    by_token = api.as_user(token=token)
    server = house.server
    for name in ("/bolt-1", "/file-1", "/loose-1"):
        for login in ("olga:olga-secret", "otto:otto-secret", "vera:vera-secret"):
            user = api.as_user(login)
            equal(user.ask("GET", "/mounts/" + encoded(name)).status, 404, login)
            equal(user.ask("GET", "/mounts/%s/listeners" % encoded(name)).status, 404, login)
            for path in ("listclients", "stats", "metadata", "killsource", "archive.json", "cluster/explain"):
                equal(server.get("/admin/%s?mount=%s" % (path, name), login).status, 401, path + " as " + login)
            equal(server.get(name + "?from=1&to=2", login).status, 401, login)
        equal(by_token.ask("POST", "/mounts/%s/kick-source" % encoded(name), {}).status, 404)
        equal(server.ask("POST /admin/archive/delete?mount=%s&from=0&to=1 HTTP/1.1" % name, ["Host: x"], "olga:olga-secret").status, 401)
        check(server.stat(name, "listeners") is not None, "its source is on air")
    # Nor a stream that plays without a record, by making one.
    server.source("/free-1").play(4)
    wait_for(lambda: server.stat("/free-1", "listeners") is not None, "it is on air")
    olga.problem("forbidden", "POST", "/mounts", {"mount": "/free-1"})
    check(server.stat("/free-1", "listeners") is not None, "the operator's source stays")
    for login in ("olga:olga-secret", "otto:otto-secret", "vera:vera-secret"):
        equal(server.get("/admin/stats?mount=/acme-1", login).status, 200, login)
        check("/bolt-1" not in server.get("/admin/listmounts", login).text, login)
    equal(server.get("/admin/stats", "vera:vera-secret").status, 401)
    equal(server.ask("STATS / HTTP/1.0", [], "vera:vera-secret").status, 403)
    # An owner of some mounts makes, and becomes, no owner of more.
    api.want(200, "PATCH", "/users/olga", {"mounts": ["/acme-1"]})
    olga = api.as_user("olga:olga-secret")
    for body in ({"mounts": []}, {"mounts": ["/acme-2"]}, {"mounts": ["/*"]}):
        olga.problem("forbidden", "PATCH", "/users/olga", body)
        olga.problem("forbidden", "POST", "/tokens", {"name": "x", "role": "viewer", **body})
    olga.problem("forbidden", "POST", "/mounts", {"mount": "/acme-3"})
    olga.problem("forbidden", "POST", "/users/otto/password", {})
    equal(olga.ask("GET", "/mounts/acme-2").status, 404)
