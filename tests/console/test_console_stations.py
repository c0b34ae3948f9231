"""Stations in the console: made, shown, changed and deleted by an administrator and by an owner, with pictures that a
server accepts; a password can be shown while it is typed."""
from api import with_api
from desk import Desk
from harness import check, equal, test, wait_for
from pictures import png
from test_console_pages import console_server


def value_of(desk, label, name="value"):
    return desk.browser.call(desk.field(label).at + "/property/" + name)


def picture(desk, name, body):
    path = desk.place / name
    path.write_bytes(body)
    return str(path)


@test
def an_owner_makes_its_station_with_pictures_colours_and_links(t):
    server, api = with_api(console_server(t, '<player><link name="Of the house" url="https://house.example/"/></player>'))
    for account in ("acme", "other"):
        api.want(201, "POST", "/accounts", {"id": account})
        api.want(201, "POST", "/users", {"name": "o-" + account, "role": "owner", "account": account, "password": "password of " + account})
    login = api.mount("/rock.mp3", account="acme")
    api.mount("/theirs.mp3", account="other")
    server.source("/rock.mp3", login=login).play(5)
    desk = Desk(t, server).log_in("o-acme", "password of acme", page="/stations")
    desk.see("There are no stations")
    desk.looks_well("stations-none", dark_too=False)
    desk.press("Create a station")
    equal(value_of(desk, "Mounts"), "/rock.mp3", "the only one that is free")
    desk.write("Station", "antenna")
    desk.write("Name", "Rock <b>Antenna</b>")
    desk.write("Mounts", "/rock.mp3 /theirs.mp3")
    desk.field("Logo").write(picture(desk, "logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"))
    check("not a JPEG, PNG or WebP" in desk.fault_at("Logo"), "a picture that is none")
    desk.field("Logo").write(picture(desk, "small.png", png(8, 8)))
    desk.wait(lambda: "16" in desk.fault_at("Logo"), "one that is too small")
    desk.field("Logo").write(picture(desk, "logo.png", png(seed=3)))
    desk.wait(lambda: desk.browser.script("return document.querySelector('.picture img')?.naturalWidth") == 64, "the picture is shown")
    desk.write("Colour", "red")
    desk.write("Languages", "de it")
    desk.write("Web links", "Imprint http://rock.example/")
    desk.write("Time zone", "Nowhere/Else")
    desk.press("Create", selector="form button")
    check("#b3261e" in desk.fault_at("Colour"), "the colour")
    check("en, de, fr, es and pt" in desk.fault_at("Languages"), "the language")
    check("https://" in desk.fault_at("Web links"), "the link")
    check("no such time zone" in desk.fault_at("Time zone") or "zone" in desk.fault_at("Time zone"), "the zone")
    desk.looks_well("stations-faults")
    desk.write("Colour", "#b3261e")
    desk.write("Languages", "de")
    desk.write("Web links", "Imprint https://rock.example/imprint, Shop of fans https://shop.example/")
    desk.write("Time zone", "Europe/Berlin")
    desk.press("Create", selector="form button")
    check("not a mount of account acme" in desk.fault_at("Mounts"), "a mount of others")
    desk.write("Mounts", "/rock.mp3")
    desk.press("Create", selector="form button")
    desk.see("Rock <b>Antenna</b>", "shown")
    made = api.want(200, "GET", "/stations/antenna").json()
    equal((made["account"], made["colour"], made["languages"], made["links"], made["timezone"]), ("acme", "#b3261e", ["de"], [
        {"name": "Imprint", "url": "https://rock.example/imprint"}, {"name": "Shop of fans", "url": "https://shop.example/"}], "Europe/Berlin"))
    page = server.get("/listen/antenna", headers=["Accept-Language: fr"])
    for part in (made["logo"], 'href="https://shop.example/"', ">Shop of fans</a>", '<html lang="de"'):
        check(part in page.text, "%s in %s" % (part, page.text))
    check("Of the house" not in page.text, "its own links stand in place of those of all pages")
    desk.looks_well("stations")
    equal(desk.browser.script("return document.querySelectorAll('.opening form').length"), 0, "forms of what is closed: the next one would begin with them")
    desk.press("Create a station")
    desk.write("Station", "antenna")
    desk.write("Mounts", "/rock.mp3")
    desk.press("Create", selector="form button")
    check("There is a station" in desk.fault_at("Station"), "one that is there is not replaced")
    desk.press("Cancel", selector="form button")
    desk.press("Edit", near="antenna")
    desk.write("Name", "Renamed", near="Save")
    desk.press("Remove", near="Save", selector="button")
    desk.write("Web links", "", near="Save")
    desk.looks_well("stations-edit")
    desk.press("Save", selector="form button")
    desk.see("Renamed")
    changed = api.want(200, "GET", "/stations/antenna").json()
    equal((changed["name"], changed["logo"], changed["links"], changed["languages"]), ("Renamed", "", [], ["de"]))
    check("Of the house" in server.get("/listen/antenna").text, "those of all pages again")
    other = Desk(t, server).log_in("o-other", "password of other", page="/stations")
    other.see("There are no stations")
    other.quiet()
    other.close()
    desk.press("Delete", near="antenna", selector="summary")
    desk.press("Delete", near="Its mounts stay", selector="button")
    desk.see("There are no stations")
    equal(api.want(200, "GET", "/stations").json()["items"], [])
    desk.quiet(but=("415", "422", "404"))


@test
def an_administrator_sees_all_and_what_is_not_shown(t):
    server, api = with_api(console_server(t, '<station id="old" name="Of the file"><mount>/old.mp3</mount></station>'))
    for account in ("acme", "other"):
        api.want(201, "POST", "/accounts", {"id": account})
    for name in ("/rock.mp3", "/pop.mp3"):
        api.mount(name, account="acme")
    api.want(200, "PUT", "/stations/rock", {"name": "Rock", "account": "acme", "mounts": ["/rock.mp3", "/pop.mp3"]})
    api.want(200, "PATCH", "/mounts/pop.mp3", {"account": "other"})
    desk = Desk(t, server).log_in(page="/stations")
    desk.see("Rock", "acme", "not shown: /pop.mp3", "Of the file", "the configuration file, where it is changed")
    equal(desk.browser.script("return [...document.querySelectorAll('summary')].map(one => one.textContent).filter(text => /^(Edit|Delete) /.test(text))"), ["Edit rock", "Delete rock"])
    desk.press("Edit", near="rock")
    desk.wait(lambda: desk.browser.script("const path = document.querySelector('.picture input[type=text]'); path?.focus(); return !!path"), "a field for a path")
    desk.browser.press(*"/rock.png")
    desk.press("Save", selector="form button")
    check("not a mount of account acme" in desk.fault_at("Mounts"), "what is left out is said")
    desk.write("Mounts", "/rock.mp3", near="Save")
    desk.press("Save", selector="form button")
    wait_for(lambda: api.want(200, "GET", "/stations/rock").json()["logo"] == "/rock.png", "a picture of the web root")
    api.want(201, "POST", "/users", {"name": "vera", "role": "viewer", "password": "password of vera"})
    desk.quiet(but=("404", "422"))
    viewer = Desk(t, server).log_in("vera", "password of vera", page="/stations")
    viewer.see("Rock", "shown")
    equal(viewer.count("summary", "Edit") + viewer.count("summary", "Create"), 0)
    viewer.close()


@test
def a_password_is_shown_while_the_button_is_pressed_in(t):
    server = console_server(t)
    desk = Desk(t, server)
    desk.browser.open(desk.url("/admin/login"))
    kind = "return document.querySelector('input[name=password]').type"
    desk.press("Show the password")
    equal(desk.browser.script(kind), "text")
    equal(desk.browser.script("return document.activeElement.name"), "password")
    desk.looks_well("login-shown", dark_too=False)
    desk.press("Show the password")
    equal(desk.browser.script(kind), "password")
    desk.log_in()
    desk.page("/users")
    desk.press("Create a user")
    desk.write("Password", "a secret of 8")
    desk.press("Show the password")
    equal((value_of(desk, "Password", "type"), value_of(desk, "Password")), ("text", "a secret of 8"))
    desk.quiet()
