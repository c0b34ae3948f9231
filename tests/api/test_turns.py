"""Many changes of one customer at once: they wait behind each other, not before those of others."""
import json

from api import store_server, with_api
from harness import equal, test
from wire import request

BURST = 270


@test
def burst_of_one_customer(t):
    server, api = with_api(store_server(t, body="<console/>", limits="<clients>1000</clients>"))
    tokens = {}
    for account in ("acme", "bolt"):
        api.want(201, "POST", "/accounts", {"id": account})
        tokens[account] = api.want(201, "POST", "/tokens", {"role": "owner", "account": account}).json()["token"]
    asked = []
    for number in range(BURST):
        body = json.dumps({"name": "u%d" % number, "role": "viewer", "password": "pass word %d xx" % number}).encode()
        wire = server.wire()
        wire.send(request("POST /api/v1/users HTTP/1.1",
                          ["Host: x", "Connection: close", "Content-Type: application/json",
                           "Authorization: Bearer " + tokens["acme"]], None, body))
        asked.append(wire)
    api.want(201, "POST", "/users", {"name": "bob", "role": "viewer", "account": "bolt"})
    api.as_user(token=tokens["bolt"]).want(201, "POST", "/users", {"name": "ben", "role": "viewer"})
    api.want(200, "PATCH", "/accounts/acme", {"state": "suspended"})
    statuses = {wire.reply_head().status for wire in asked}
    equal(statuses, {201, 503}, "the rest is told to come later")
    equal(api.want(200, "GET", "/accounts/acme").json()["state"], "suspended")
