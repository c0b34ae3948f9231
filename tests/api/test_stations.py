"""Stations made by the API: the roles that may make them, their mounts, and the immediate effect on listeners'
pages."""
import os
import time

from api import encoded, store_server, with_api
from harness import check, equal, give_away, test, wait_for
from pictures import png


def bench(t, body="", **slots):
    """A server, its administrator, and an owner of each of two accounts with one mount each."""
    server, api = with_api(store_server(t, body="<console/>" + body, **slots))
    owners = []
    for account in ("acme", "other"):
        api.want(201, "POST", "/accounts", {"id": account})
        made = api.want(201, "POST", "/users", {"name": "o-" + account, "role": "owner", "account": account}).json()
        owners.append(api.as_user("o-%s:%s" % (account, made["password"])))
    return server, api, owners[0], owners[1]


def now_of(server, station):
    reply = server.get("/api/v1/now/station:" + station)
    return reply.json() if reply.status == 200 else None


def page(server, name):
    return server.get("/listen/" + name)


@test
def a_station_of_the_api_is_seen_as_one_of_the_file(t):
    server, api, owner, _ = bench(t)
    for mount in ("/rock.mp3", "/rock-64.mp3"):
        server.source(mount, login=owner.mount(mount)).play(5)
    made = owner.want(200, "PUT", "/stations/antenna", {
        "name": "Rock Antenna <b>", "description": "Guitars", "url": "https://rock.example.org/", "genre": "Rock",
        "timezone": "Europe/Berlin", "colour": "#b3261e", "mounts": ["/rock.mp3", "/rock-64.mp3"]})
    equal((made.json()["account"], made.json()["left-out"], made.json()["hidden-by-file"]), ("acme", [], False))
    equal(made.get("Location"), "/api/v1/stations/antenna")
    seen = wait_for(lambda: now_of(server, "antenna"), "it is told")
    equal((seen["station"], seen["name"], seen["genre"], seen["url"], seen["mount"]),
          ("antenna", "Rock Antenna <b>", "Rock", "https://rock.example.org/", "/rock.mp3"))
    for name in ("antenna", "rock.mp3"):
        reply = page(server, name)
        equal(reply.status, 200)
        check("Rock Antenna &lt;b&gt;" in reply.text and "Antenna <b>" not in reply.text, reply.text[:2000])
        check("/_lb/player/antenna.css" in reply.text, "its colour")
    check("#b3261e" in server.get("/_lb/player/antenna.css").text, "the sheet")
    station = wait_for(lambda: (reply := server.get("/api/nowplaying/antenna")).status == 200 and reply.json()["station"], "AzuraCast's address")
    equal((station["shortcode"], station["timezone"], [m["path"] for m in station["mounts"]]),
          ("antenna", "Europe/Berlin", ["/rock.mp3", "/rock-64.mp3"]))
    check("antenna" in [each["shortcode"] for each in server.get("/api/stations").json()], "it is listed")
    equal([each["id"] for each in server.get("/api/v1/now").json()["stations"]], ["antenna"])
    oembed = server.get("/oembed?url=http://%s:%d/listen/antenna" % server.address)
    equal((oembed.status, oembed.json()["title"]), (200, "Rock Antenna <b>"))
    owner.want(200, "PATCH", "/stations/antenna", {"name": "Other", "mounts": ["/rock-64.mp3"]}, ['If-Match: "%s"' % made.json()["revision"]])
    check("Other" in page(server, "antenna").text, "at once")
    owner.problem("changed", "DELETE", "/stations/antenna", headers=['If-Match: "%s"' % made.json()["revision"]])
    owner.want(204, "DELETE", "/stations/antenna")
    equal(page(server, "antenna").status, 404)
    equal(page(server, "rock.mp3").status, 200, "its mounts stay")
    wait_for(lambda: now_of(server, "antenna") is None, "it is told no more")
    lines = [line for line in api.want(200, "GET", "/audit?on=stations/antenna").json()["items"] if line["result"] in ("200", "204")]
    equal([line["do"] for line in lines], ["delete", "change", "create"])
    equal(lines[1]["change"]["name"], ["Rock Antenna <b>", "Other"])
    equal((lines[1]["of"], lines[1]["who"]), ("acme", "o-acme"))


@test
def those_of_the_file_are_listed_and_changed_there(t):
    server, api, owner, _ = bench(t, '<station id="mine" name="Of the file" colour="#b3261e"><mount>/mine.mp3</mount></station><station id="zoo"><mount>/zoo.mp3</mount></station>')
    owner.mount("/ours.mp3")
    owner.want(200, "PUT", "/stations/ours", {"mounts": ["/ours.mp3"]})
    listed = api.want(200, "GET", "/stations").json()["items"]
    equal([(one["id"], one["origin"], one["mounts"]) for one in listed],
          [("mine", "file", ["/mine.mp3"]), ("ours", "store", ["/ours.mp3"]), ("zoo", "file", ["/zoo.mp3"])])
    equal((listed[0]["name"], listed[0]["colour"], listed[0]["account"], "revision" in listed[0], "revision" in listed[1]), ("Of the file", "#b3261e", None, False, True))
    equal(api.want(200, "GET", "/stations/mine").json(), listed[0])
    pages, after = [], ""
    for _ in listed:
        answer = api.want(200, "GET", "/stations?most=1" + after).json()
        pages += [one["id"] for one in answer["items"]]
        after = "&after=" + answer.get("next", "")
    equal((pages, "next" in answer), (["mine", "ours", "zoo"], False))
    for method, body in (("PUT", {"mounts": ["/mine.mp3"]}), ("PATCH", {}), ("DELETE", None)):
        api.problem("in-file", method, "/stations/mine", body)
    # An owner sees its own.
    equal([one["id"] for one in owner.want(200, "GET", "/stations").json()["items"]], ["ours"])
    owner.problem("not-found", "GET", "/stations/mine")


@test
def it_never_shows_a_mount_of_another_account(t):
    server, api, owner, other = bench(t)
    server.source("/ours.mp3", login=owner.mount("/ours.mp3")).play(5)
    server.source("/theirs.mp3", login=other.mount("/theirs.mp3")).play(5)
    for mount in ("/theirs.mp3", "/nobodys.mp3"):
        reply = owner.problem("invalid", "PUT", "/stations/rock", {"mounts": ["/ours.mp3", mount]})
        equal(reply.json()["errors"][0]["pointer"], "/mounts/1")
    owner.problem("forbidden", "PUT", "/stations/rock", {"mounts": ["/theirs.mp3"], "account": "other"})
    owner.problem("forbidden", "PUT", "/stations/rock", {"mounts": ["/theirs.mp3"], "account": None})
    owner.want(200, "PUT", "/stations/rock", {"name": "Ours", "mounts": ["/ours.mp3"]})
    other.problem("exists", "PUT", "/stations/rock", {"mounts": ["/theirs.mp3"]})
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        other.problem("not-found", method, "/stations/rock", body)
    equal(other.want(200, "GET", "/stations").json()["items"], [])
    check("Ours" in page(server, "rock").text, "it is shown")
    # Its mount is another account's from now on, and deleted and made again by it.
    api.want(200, "PATCH", "/mounts/ours.mp3", {"account": "other"})
    equal(page(server, "rock").status, 404, "nothing is left of it")
    check("Ours" not in page(server, "ours.mp3").text, "nor on the page of the mount")
    wait_for(lambda: now_of(server, "rock") is None, "nor in what is told")
    equal(owner.want(200, "GET", "/stations/rock").json()["left-out"], ["/ours.mp3"])
    other.want(204, "DELETE", "/mounts/ours.mp3")
    server.wait_until_gone("/ours.mp3")
    other.mount("/ours.mp3")
    check("Ours" not in page(server, "ours.mp3").text, "the mount that was made again is the other one's")
    other.want(204, "DELETE", "/mounts/ours.mp3")
    owner.mount("/ours.mp3")
    check("Ours" in page(server, "rock").text, "its own again")
    api.want(204, "DELETE", "/accounts/acme?mounts=delete")
    equal(api.want(200, "GET", "/stations").json()["items"], [])
    equal(page(server, "rock").status, 404)


@test
def its_id_takes_no_page_of_others(t):
    server, api, owner, other = bench(t, '<station id="mine" name="Of the file"><mount>/mine.mp3</mount></station>')
    owner.mount("/ours.mp3")
    server.source("/talk", login=other.mount("/talk")).play(5)
    other.mount("/jazz.mp3")
    server.source("/free.mp3").play(5)    # of the default mount
    for taken in ("talk", "jazz", "free"):
        owner.problem("exists", "PUT", "/stations/" + taken, {"mounts": ["/ours.mp3"]})
    for who in (owner, api):
        who.problem("in-file", "PUT", "/stations/mine", {"mounts": ["/ours.mp3"]})
    equal(owner.problem("invalid", "PUT", "/stations/1", {"mounts": ["/ours.mp3"]}).json()["errors"][0]["pointer"], "/id")
    # A mount that comes later has its own page, and another id.
    owner.want(200, "PUT", "/stations/later", {"name": "First", "mounts": ["/ours.mp3"]})
    server.source("/later.mp3").play(5)
    wait_for(lambda: server.get("/api/nowplaying/later_2").status == 200, "the mount has another id")
    equal(server.get("/api/nowplaying/later").json()["station"]["name"], "First")
    check("First" in page(server, "later").text, "the page is the station's")
    server.source("/later", lines=["ice-name: Whole name"]).play(5)
    wait_for(lambda: "Whole name" in page(server, "later").text, "a mount of the whole name wins")
    # A station of the file that comes later hides the record.
    server.write_config(body='<console/><store type="files" path="%s/records"/><station id="later" name="Of the file"><mount>/mine.mp3</mount></station>' % server.dir)
    server.reload()
    wait_for(lambda: owner.want(200, "GET", "/stations/later").json()["hidden-by-file"], "it is hidden")
    check("Of the file" in page(server, "later").text, "that of the file is shown")


@test
def a_newer_mount_takes_no_id_of_another_account(t):
    server, _, acme, other = bench(t)

    def on_air(name, owner, says):
        server.source(name, login=owner.mount(name), lines=["ice-name: " + says]).play(20)
        wait_for(lambda: says in [one["station"]["name"] for one in server.get("/api/nowplaying").json()], "it is shown")
    on_air("/hit.webm", acme, "First")
    time.sleep(1.1)  # a second later, as records count it
    on_air("/hit.mp3", other, "Second")
    equal([server.get("/api/nowplaying/" + one).json()["station"]["name"] for one in ("hit", "hit_2")], ["First", "Second"])
    check("First" in page(server, "hit").text, "the page is of the older one too")


@test
def what_an_owner_may_not_say(t):
    server, api, owner, _ = bench(t)
    owner.mount("/ours.mp3")
    cases = {"url": ["javascript:alert(1)", "ftp://x/", "//x", 'https://x/"><script>', 7], "colour": ["red", "#12345", "#b3261e;}"],
             "logo": ["/rock.png", "https://evil.example/x.png", "//evil.example/x.png", "/admin/killsource?mount=/x&a=.png", "/_lb/art/../x.png"],
             "default-art": ["/rock.png", "data:image/png;base64,x"], "timezone": ["../../etc/passwd", "Nowhere/Else"],
             "name": ["x" * 201, "a\nb", ["x"]], "description": ["x" * 501], "genre": ["x" * 101],
             "mounts": [[], "/ours.mp3", ["/ours.mp3"] * 33, None], "id": ["other"], "hue": ["x"]}
    for member, values in cases.items():
        for value in values:
            reply = owner.problem("invalid", "PUT", "/stations/rock", {"mounts": ["/ours.mp3"], member: value})
            check(reply.json()["errors"][0]["pointer"].startswith("/" + member), reply.text)
    for mounts in (["/ours.mp3", "/ours.mp3"], ["/*"], ["ours.mp3"], ["/"]):
        check(owner.problem("invalid", "PUT", "/stations/rock", {"mounts": mounts}).json()["errors"][0]["pointer"].startswith("/mounts/"), mounts)
    for name in ("Rock", "a-b", "..", "a/b", "x" * 65, "%00", "\u00e4"):
        reply = owner.ask("PUT", "/stations/" + encoded(name), {"mounts": ["/ours.mp3"]})
        check(reply.status in (400, 404, 422), "%r: %d" % (name, reply.status))
    owner.ask("PUT", "/stations/rock", b"{")
    equal(api.want(200, "GET", "/stations").json()["items"], [])
    # As many as mounts, and each mount in one.
    owner.want(200, "PUT", "/stations/rock", {"mounts": ["/ours.mp3"]})
    equal(owner.problem("invalid", "PUT", "/stations/pop", {"mounts": ["/ours.mp3"]}).json()["errors"][0]["detail"], "it belongs to station rock")
    owner.mount("/more.mp3")
    owner.want(204, "DELETE", "/mounts/ours.mp3")
    owner.problem("quota", "PUT", "/stations/pop", {"mounts": ["/more.mp3"]})
    # An administrator names pictures of the web root, and what it gave stays.
    api.want(200, "PATCH", "/stations/rock", {"logo": "/rock.png", "mounts": ["/more.mp3"]})
    owner.want(200, "PATCH", "/stations/rock", {"name": "Rock"})
    owner.problem("invalid", "PATCH", "/stations/rock", {"logo": "/other.png"})
    equal(owner.want(200, "GET", "/stations/rock").json()["logo"], "/rock.png")


@test
def stations_outlast_a_restart_and_a_wrong_edit(t):
    server, api, owner, _ = bench(t)
    owner.mount("/ours.mp3")
    owner.want(200, "PUT", "/stations/rock", {"name": "Kept", "mounts": ["/ours.mp3"]})
    file = server.dir / "records" / "stations.d" / "rock.json"
    wait_for(file.exists, "its file")
    server.stop()
    server.start()
    check("Kept" in page(server, "rock").text, "after a restart")
    good = file.read_text()
    file.write_text(good.replace('"/ours.mp3"', '"no mount"'))
    server.reload()
    wait_for(lambda: "record stations/rock" in server.log(), "it is reported")
    check("Kept" in page(server, "rock").text, "its last good form stays")
    file.write_text(good.replace("Kept", "Edited"))
    server.reload()
    wait_for(lambda: "Edited" in page(server, "rock").text, "what was edited is shown")


@test
def its_picture_stays_while_those_of_titles_come_and_go(t):
    state = t.dir / "state"
    state.mkdir()
    give_away(t.dir)
    server, _, owner, _ = bench(t, paths="<state-dir>%s</state-dir>" % state)
    owner.mount("/ours.mp3")
    picture = png(seed=1)
    art = owner.want(200, "PUT", "/mounts/%2Fours.mp3/art?keep=1", picture).json()["art"]
    owner.want(200, "PUT", "/stations/rock", {"mounts": ["/ours.mp3"], "logo": art, "languages": ["de", "en"], "links": [{"name": "Imprint <b>", "url": "https://rock.example/"}]})
    reply = server.get("/listen/rock")
    check('href="https://rock.example/"' in reply.text and "Imprint &lt;b&gt;" in reply.text, reply.text)
    folder = state / "art"
    name = art.rsplit("/", 1)[1]
    wait_for((folder / name).exists, "its file")
    server.stop()
    # As many as are kept: that of the station is the one that was used longest ago.
    for at in range(20000):
        one = folder / ("%032x.png" % at)
        one.write_bytes(b"")
        os.utime(one, (1700000000 + at, 1700000000 + at))
    os.utime(folder / name, (1600000000, 1600000000))
    give_away(t.dir)
    server.start()
    owner.want(200, "PUT", "/mounts/%2Fours.mp3/art?keep=1", png(seed=2))
    wait_for(lambda: len(list(folder.iterdir())) <= 20001, "the oldest go")     # and titles.json
    check(not (folder / ("%032x.png" % 0)).exists(), "the oldest one of a title")
    equal(server.get(art).body, picture, "the station's is there after all")
    # A link or a language that no page could have.
    for member, values in {"links": [[{"name": "x", "url": "http://rock.example/"}], [{"name": "x", "url": "javascript:alert(1)"}], [{"url": "https://rock.example/"}],
                                     [{"name": "", "url": "https://rock.example/"}], [{"name": "x", "url": "https://rock.example/", "more": 1}],
                                     [{"name": "x", "url": "https://rock.example/"}] * 6, "https://rock.example/"],
                           "languages": [["it"], ["deutsch"], "de", ["de"] * 6]}.items():
        for value in values:
            reply = owner.problem("invalid", "PATCH", "/stations/rock", {member: value})
            check(reply.json()["errors"][0]["pointer"].startswith("/" + member), reply.text)


@test
def the_pictures_of_an_account_push_out_only_its_own(t):
    server, _, owner, other = bench(t)
    owner.mount("/ours.mp3")
    other.mount("/theirs.mp3")
    kept = other.want(200, "PUT", "/mounts/%2Ftheirs.mp3/art?keep=1", png(seed=1)).json()["art"]
    # More than the 32 MiB of the memory.
    arts = [owner.want(200, "PUT", "/mounts/%2Fours.mp3/art?keep=1", png(seed=2) + b"%d" % at + bytes(510_000)).json()["art"] for at in range(70)]
    equal([server.get(art).status for art in (arts[0], arts[-1], kept)], [404, 200, 200], "its first, its last, the other's")
