"""Every endpoint in the description of the API, present or future: logins of one account get no data of another
account."""
import json

from api import Api, store_server
from harness import check, equal, give_away, test, wait_for
from link_bench import Feeder
from test_rights import Asker
from threads import all_at_once

OURS, THEIRS = "acme", "bolt"
# role, account and mounts of the logins that ask
LOGINS = [("viewer", OURS, []), ("operator", OURS, []), ("owner", OURS, []), ("viewer", OURS, ["/*"]), ("viewer", "", ["/acme"]), ("operator", "", ["/acme"])]
# What a question may name beside its path.
QUERIES = ["", "?mount=/bolt", "?account=bolt", "?mount=/acme&mount=/bolt", "?mount=/bolt&mount=/acme", "?account=acme&mount=/bolt",
           "?by=mount", "?by=month,mount", "?all=1", "?format=csv", "?format=csv&mount=/bolt", "?find=bolt&most=500"]


class House:
    """For each account a mount that plays and had listeners, a user, a token, a station."""

    def __init__(self, t):
        state = t.dir / "state"
        state.mkdir()
        give_away(t.dir)
        self.server = store_server(t, body="<console/><audience/>", paths="<state-dir>%s</state-dir>" % state)
        self.api, self.tokens = Api(self.server), {}
        for account in (OURS, THEIRS):
            self.furnish(account)
        self.node = self.api.want(200, "GET", "/nodes").json()["items"][0]["id"]
        for path in ("/audience/sessions?all=1", "/audience/usage", "/history?by=mount"):
            wait_for(lambda: all(one in self.text(path) for one in (OURS, THEIRS)), "both were heard: " + self.text(path)[:300], 25)

    def furnish(self, account):
        api, server, name = self.api, self.server, "/" + account
        api.want(201, "POST", "/accounts", {"id": account})
        api.want(201, "POST", "/users", {"name": account + "-user", "role": "owner", "account": account})
        self.tokens[account] = api.want(201, "POST", "/tokens", {"name": account + "-token", "role": "viewer", "account": account}).json()["id"]
        source = server.source(name, login=api.mount(name, account=account), lines=["ice-name: Radio " + account, "User-Agent: %s-encoder" % account])
        source.play(200)
        api.want(200, "PUT", "/stations/%s_station" % account, {"name": "Station of " + account, "mounts": [name], "account": account})
        api.want(204, "POST", "/mounts/%s/title" % account, {"title": "Title of " + account})
        source.play(50)
        server.bench.owned(Feeder(source))  # a source that is silent ends after ten seconds
        server.listener(name, lines=["User-Agent: %s-player" % account])
        gone = server.listener(name, lines=["User-Agent: %s-former" % account])
        gone.read(4000)
        gone.close()

    def text(self, path):
        return self.api.want(200, "GET", path).text

    def path(self, template, account):
        for name, value in (("mount", account), ("account", account), ("user", account + "-user"), ("token", self.tokens[account]),
                            ("station", account + "_station"), ("node", self.node), ("listener", "1"), ("ban", "1"), ("certificate", "x")):
            template = template.replace("{%s}" % name, value)
        return "/api/v1" + template

    def login(self, role, account, mounts):
        made = self.api.want(201, "POST", "/tokens", {"name": "asks", "role": role, "account": account, "mounts": mounts})
        return Asker(self.server, (role, account, mounts), made.json()["token"])


@test
def no_endpoint_tells_or_changes_what_is_of_another_account(t):
    house = House(t)
    admin, askers = house.login("admin", "", []), [house.login(*one) for one in LOGINS]
    telling, asked = set(), 0
    for template, methods in house.api.describe()["paths"].items():
        if template in ("/live", "/openapi.json"):
            continue  # a stream of events: tests/api/test_live.py; the description itself
        for method, operation in methods.items():
            path = house.path(template, THEIRS)
            if method == "get":
                for query in QUERIES:
                    if THEIRS in admin.ask("GET", path + query).text:
                        telling.add(template)
                    for asker in askers:
                        for target in {path, house.path(template, OURS)}:
                            reply = asker.ask("GET", target + query)
                            check(reply.status != 200 or THEIRS not in reply.text, "GET %s%s as %s: %s" % (target, query, asker, reply.text[:600]))
                            asked += 1
            elif path != "/api/v1" + template and "{node}" not in template.replace("{mount}/listeners/{node}", ""):
                body = {"name": "x"} if template == "/stations/{station}" else {} if "requestBody" in operation else None
                for asker in askers:
                    reply = asker.ask(method.upper(), path + "?dry-run=1", body)
                    # 409: the name of a station is taken.
                    check(reply.status in (403, 404) or (template, method, reply.status) == ("/stations/{station}", "put", 409), "%s %s as %s: %d %s" % (method, path, asker, reply.status, reply.text[:300]))
                    asked += 1
    check(len(telling) >= 15 and asked > 3000, "%d questions; an administrator is told of it by %s" % (asked, sorted(telling)))
    for asker in askers:
        equal([one for one in json.loads(asker.ask("GET", "/api/v1/mounts").text)["items"] if one["mount"] != "/acme"], [], str(asker))


@test
def the_audit_log_does_not_tell_whose_a_hidden_record_is(t):
    api = Api(store_server(t, body="<console/>"))
    for account in (OURS, THEIRS):
        api.want(201, "POST", "/accounts", {"id": account})
        api.want(201, "POST", "/users", {"name": account + "-user", "role": "owner", "account": account})
        api.mount("/" + account, account=account)
    ours = api.as_user(token=api.want(201, "POST", "/tokens", {"name": "x", "role": "owner", "account": OURS}).json()["token"])
    tried = ["/users/bolt-user", "/users/none-user", "/mounts/bolt", "/mounts/none", "/users/acme-user"]
    for path in tried[:4]:
        ours.problem("not-found", "DELETE", path)
    ours.want(204, "DELETE", tried[4])

    def lines(login):
        return [one for one in login.want(200, "GET", "/audit").json()["items"] if one["result"] != "201"]
    wait_for(lambda: len(lines(ours)) >= 5, "the lines are there: %s" % lines(ours))
    equal([one["of"] for one in lines(ours)], [OURS, "", "", "", ""], str(lines(ours)))
    equal({one["of"] for one in lines(api)}, {OURS, THEIRS, ""}, "what an administrator reads")


@test
def many_refusals_of_one_account_keep_no_line_of_another_out_of_the_audit_log(t):
    api = Api(store_server(t, body="<console/>"))
    ours, theirs = (api.as_user(token=api.want(201, "POST", "/tokens", {"name": "x", "role": "owner", "account": account}).json()["token"])
                    for account in (OURS, THEIRS) if api.want(201, "POST", "/accounts", {"id": account}))
    all_at_once(lambda _: [ours.problem("not-found", "DELETE", "/mounts/none") for _ in range(160)], range(4))
    theirs.problem("not-found", "DELETE", "/mounts/evidence")
    wait_for(lambda: any(one["on"].endswith("evidence") for one in theirs.want(200, "GET", "/audit").json()["items"]), "its own line is there", 10)


@test
def a_login_of_some_mounts_reads_no_lines_about_the_others(t):
    api = Api(store_server(t, body="<console/>"))
    api.want(201, "POST", "/accounts", {"id": OURS})
    logins = [api.as_user(token=api.want(201, "POST", "/tokens", {"name": "x", "role": "owner", "account": OURS, "mounts": mounts}).json()["token"])
              for mounts in ([], ["/mine"])]
    for name in ("mine", "other"):
        api.mount("/" + name, account=OURS)
        logins[0].want(200, "PATCH", "/mounts/" + name, {"settings": {"stream-name": "it is " + name}})

    def lines(login):
        return {(one["do"], one["on"]) for one in login.want(200, "GET", "/audit").json()["items"] if one["on"].startswith("mounts/")}
    wait_for(lambda: len(lines(logins[0])) == 4, "its lines are there", 10)
    equal({on for _, on in lines(logins[1])}, {"mounts/%2Fmine"})


@test
def patterns_that_an_owner_gives_are_few(t):
    api = Api(store_server(t, body="<console/>"))
    api.want(201, "POST", "/accounts", {"id": OURS})
    ours = api.as_user(token=api.want(201, "POST", "/tokens", {"name": "x", "role": "owner", "account": OURS}).json()["token"])
    costly = ["/" + ("*[[:alpha:]]" * 30)[:230] + "x%d" % number for number in range(240)]
    names = ["/" + "a" * 200 + str(number) for number in range(200)]
    for patterns, name in ((costly, "invalid"), (costly[:5] + names, "invalid")):
        ours.problem(name, "POST", "/tokens", {"role": "viewer", "mounts": patterns})
        ours.problem(name, "POST", "/users", {"name": "x", "role": "viewer", "mounts": patterns})
    ours.want(201, "POST", "/tokens", {"role": "viewer", "mounts": names + costly[:4]})
    ours.want(201, "POST", "/users", {"name": "x", "role": "viewer", "mounts": names + ["/*"]})
    ours.problem("invalid", "PATCH", "/users/x", {"mounts": costly})
    # What an administrator has given remains, and may be changed.
    api.want(200, "PATCH", "/users/x", {"mounts": costly})
    ours.want(200, "PATCH", "/users/x", {"disabled": True})
