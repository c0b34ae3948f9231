"""The rights of each role: every endpoint of the description with every role, and the bodies that are not read."""
import json

from api import Api, encoded, store_server, with_api
from harness import ADMIN, check, equal, test, wait_for

RANK = ["none", "viewer", "operator", "owner", "admin"]


def staff(t):
    server, api = with_api(store_server(t, body="<console/>"))
    api.want(201, "POST", "/accounts", {"id": "acme", "quota": {"mounts": 5}})
    api.want(201, "POST", "/accounts", {"id": "other"})
    logins = {"admin": api}
    for role in RANK[1:4]:
        made = api.want(201, "POST", "/users", {"name": role, "role": role, "account": "acme" if role != "viewer" else ""}).json()
        logins[role] = api.as_user("%s:%s" % (role, made["password"]))
    return server, api, logins


@test
def every_endpoint_asks_for_its_least_role(t):
    server, api, logins = staff(t)
    api.mount("/acme-1", account="acme")
    asked = 0
    for path, methods in api.describe()["paths"].items():
        if path.startswith("/session"):
            continue  # not about records: see the_session_by_the_api and test_handover.py
        for method, operation in methods.items():
            least = operation["x-least-role"]
            real = path.replace("{mount}", "acme-1").replace("{account}", "acme").replace("{user}", "nobody-there") \
                       .replace("{token}", "none").replace("{ban}", "none").replace("{station}", "none").replace("{node}", "none").replace("{listener}", "1")
            body = {} if "requestBody" in operation else None
            # A dry run changes nothing, whatever the role; an order is refused by its mount.
            target = real + ("?dry-run=1" if method != "get" else "?mount=none" if path == "/live" else "")
            nobody = server.ask("%s /api/v1%s HTTP/1.1" % (method.upper(), target), ["Host: x"])
            equal(nobody.status, 200 if least == "none" else 401, "%s %s without a login" % (method, path))
            wrong = server.ask("%s /api/v1%s HTTP/1.1" % (method.upper(), target), ["Host: x"], "admin:wrong-%d" % asked)
            check(wrong.status in ((200,) if least == "none" else (401, 429)), "%s %s with a wrong password: %d" % (method, path, wrong.status))
            for role, user in logins.items():
                reply = user.ask(method.upper(), target, body)
                may = RANK.index(role) >= RANK.index(least)
                if not may:
                    equal(reply.status, 403, "%s %s as %s" % (method, path, role))
                elif role == "admin":
                    check(reply.status not in (401, 403, 405), "%s %s as admin: %s" % (method, path, reply.text))
                asked += 1
    check(asked > 100, "%d questions" % asked)


@test
def a_source_password_is_no_login_of_the_api(t):
    server, api, _ = staff(t)
    for login in ("source:src-secret", "relay:rel-secret"):
        reply = server.get("/api/v1/mounts", login)
        equal((login, reply.status, reply.json()["type"]), (login, 403, "/api/problems#forbidden"))
    equal(server.get("/api/v1/mounts", "source:another").status, 401)


@test
def accounts_do_not_see_each_other(t):
    server, api, logins = staff(t)
    api.mount("/theirs", account="other")
    owner = logins["owner"]
    owner.mount("/ours")
    equal([row["mount"] for row in owner.want(200, "GET", "/mounts").json()["items"]], ["/ours"])
    for method in ("GET", "DELETE"):
        owner.problem("not-found", method, "/mounts/theirs")
    owner.problem("not-found", "PATCH", "/mounts/theirs", {})
    owner.problem("forbidden", "POST", "/mounts", {"mount": "/x", "account": "other"})
    owner.problem("not-found", "GET", "/accounts/other")
    equal(owner.want(200, "GET", "/accounts/acme").json()["used"]["mounts"], 1)
    for number in range(4):
        owner.mount("/more%d" % number)
    owner.problem("quota", "POST", "/mounts", {"mount": "/one-too-many"})
    equal(logins["viewer"].want(200, "GET", "/mounts/theirs").json()["account"], "other")


@test
def a_token_is_a_login_until_it_is_deleted(t):
    server, api, _ = staff(t)
    made = api.want(201, "POST", "/tokens", {"name": "panel", "role": "owner", "account": "acme", "expires": None}).json()
    program = api.as_user(token=made["token"])
    program.mount("/by-token")
    api.want(204, "DELETE", "/tokens/" + made["id"])
    equal(program.ask("GET", "/mounts").status, 401)


@test
def a_changed_password_counts_at_once(t):
    server, api, logins = staff(t)
    owner = logins["owner"]
    owner.problem("forbidden", "POST", "/users/owner/password", {"old": "wrong one", "password": "quite another"})
    old = owner.login.split(":")[1]
    owner.want(200, "POST", "/users/owner/password", {"old": old, "password": "quite another"})
    api.as_user("owner:quite another").want(200, "GET", "/mounts")
    api.want(200, "PATCH", "/users/owner", {"disabled": True})
    equal(api.as_user("owner:quite another").ask("GET", "/mounts").status, 401)


@test
def bodies_are_read_after_the_login_and_not_above_their_limit(t):
    server, api, _ = staff(t)
    # The answer comes though not a byte of the body was sent.
    wire = server.wire()
    wire.send("POST /api/v1/mounts HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
    equal(wire.reply().status, 401)
    wire = server.wire()
    wire.send("POST /api/v1/mounts HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWRtaW46YWRtLXNlY3JldA==\r\nContent-Length: 65537\r\n\r\n")
    equal(wire.reply().status, 413)
    wire = server.wire()
    wire.send("POST /api/v1/mounts HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YWRtaW46YWRtLXNlY3JldA==\r\nTransfer-Encoding: chunked\r\n\r\n")
    equal(wire.reply().status, 411)
    api.problem("bad-request", "POST", "/mounts", b'{"mount":')
    api.problem("bad-request", "POST", "/mounts", b"[" * 5000)
    api.problem("bad-request", "POST", "/mounts", {"mount": "/x"}, ["Idempotency-Key: short"])
    # In pieces, and behind "Expect".
    body = json.dumps({"mount": "/slow"}).encode()
    wire = server.wire()
    wire.send("POST /api/v1/mounts HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
              "Authorization: Basic YWRtaW46YWRtLXNlY3JldA==\r\nContent-Length: %d\r\n\r\n" % len(body))
    equal(wire.reply_head().status, 100)
    for byte in body:
        wire.send(bytes([byte]))
    equal(wire.reply().status, 201)
    # HTTP/1.0 has no 100.
    body = json.dumps({"mount": "/old"}).encode()
    wire = server.wire()
    wire.send(b"POST /api/v1/mounts HTTP/1.0\r\nExpect: 100-continue\r\nAuthorization: Basic YWRtaW46YWRtLXNlY3JldA==\r\n"
              b"Content-Length: %d\r\n\r\n" % len(body) + body)
    equal(wire.reply_head().status, 201)


@test
def the_audit_log_has_who_and_what_and_no_secret(t):
    server, api, logins = staff(t)
    made = logins["owner"].want(201, "POST", "/mounts", {"mount": "/audited", "settings": {"genre": "jazz"}}).json()
    text = wait_for(lambda: "%2Faudited" in server.log("audit") and server.log("audit"), "the line is there")
    line = next(json.loads(one) for one in text.splitlines() if "audited" in one)
    equal((line["who"], line["role"], line["do"], line["result"]), ("owner", "owner", "create", "201"))
    equal(line["change"]["settings/genre"], ["", "jazz"])
    check(made["source"]["password"] not in text, "no password in the audit log")


@test
def titles_of_encoders_are_not_in_the_audit_log(t):
    server, api = with_api(store_server(t, body="<console/>"))
    login = api.mount("/own")
    server.source("/own", login=login).play(4)
    Api(server, login).want(204, "POST", "/mounts/own/title", {"title": "by the encoder"})
    api.want(204, "POST", "/mounts/own/title", {"title": "by the administrator"})
    wait_for(lambda: "by the administrator" in server.log("audit"), "the line is there")
    titles = [json.loads(line) for line in server.log("audit").splitlines() if '"do":"title"' in line]
    equal([line["who"] for line in titles], ["admin"])
