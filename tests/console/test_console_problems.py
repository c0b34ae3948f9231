"""The problems that the console shows: full disks, certificates, a crowd from one address."""
import json
import time

from console_stub import PATHS, Stub, made_listeners
from desk import Desk
from harness import check, equal, test
from test_console_pages import mount_url

DAY = 86400
CERTIFICATE = {"issuer": "An authority", "kind": "EC 256", "ordered": True, "next": None, "failures": 0, "failure": None, "under_way": False, "wait_s": 0, "staging": False}


class BadDay(Stub):
    """The data that every login may see."""

    def __init__(self, **made):
        super().__init__(mounts=3, nodes=1)
        self.health, self.certificates, self.listeners = {"state": "up"}, [], made_listeners(30)
        self.__dict__.update(made)

    def answer(self, path, query):
        if path == "/_lb/health":
            return json.dumps(self.health).encode(), "application/json"
        return super().answer(path, query)

    def api(self, path, query):
        if path == "/openapi.json":
            return {"paths": {one: {"get": {"x-least-role": "viewer"}} for one in (*PATHS, "/certificates", "/log")}, "components": {"schemas": {}}}
        if path == "/certificates":
            return {"items": [{**CERTIFICATE, **one} for one in self.certificates]}
        return {"items": self.listeners} if path.endswith("/listeners") else super().api(path, query)


def desk_of(t, page="", **made):
    stub = BadDay(**made)
    t.owned(stub)
    desk = Desk(t, stub)
    desk.page(page)
    return desk


@test
def disks_that_are_full_stand_on_top(t):
    desk = desk_of(t, health={"state": "up", "warnings": ["certificate", "archive", "log"]})
    desk.see("Recordings pause: the disk of the archive is full, or fails.", "Lines of the logs are lost: their disk is full, or fails.")
    desk.looks_well("full-disk")
    desk.browser.script("localStorage.setItem('lb-language', 'de')")
    desk.page("")
    desk.see("Die Aufzeichnung ruht: Der Datenträger des Archivs ist voll")


@test
def a_certificate_that_is_ordered_in_time_is_no_problem_however_short_it_lives(t):
    """A certificate for an address is valid for six days, and is ordered again after three."""
    soon = int(time.time()) + 4 * DAY + 3600
    desk = desk_of(t, certificates=[{"names": ["192.0.2.7"], "until": soon}, {"names": ["late.example"], "until": soon, "failures": 2, "failure": "limit"},
                                    {"names": ["own.example"], "until": soon, "ordered": False}])
    desk.see("The certificate for own.example ends in 4 days.", "The certificate for late.example ends in 4 days.")
    check("192.0.2.7" not in desk.browser.find(".troubles").text, desk.browser.find(".troubles").text)


@test
def a_picture_that_is_not_shown_is_a_problem_of_its_mount(t):
    desk = desk_of(t)
    desk.server.mounts[1]["picture-refused"] = "it has 8 x 64 pixels; 16 to 4096 each are shown"
    desk.page("")
    desk.see(desk.server.mounts[1]["mount"] + ": the picture of its title is not shown: it has 8 x 64 pixels; 16 to 4096 each are shown.")
    desk.quiet()


@test
def an_address_that_most_listeners_have_is_named_with_what_can_be_done(t):
    crowd = [{**one, "address": "192.0.2.7" if number < 20 else one["address"]} for number, one in enumerate(made_listeners(30))]
    desk = desk_of(t, mount_url("/station-0000.mp3"), listeners=crowd)
    desk.see("20 of these 30 listeners have the address 192.0.2.7: a proxy that <x-forwarded-for> does not name")
    desk.looks_well("crowd")
    desk.quiet()
    desk = desk_of(t, mount_url("/station-0000.mp3"))
    desk.see("192.0.2.20")
    check("have the address" not in desk.browser.text, desk.browser.text)


@test
def the_bar_of_a_certificate_is_of_its_own_lifetime(t):
    now = int(time.time())
    desk = desk_of(t, "/certificates", certificates=[
        {"names": [name], "from": now + (left - days) * DAY, "until": now + left * DAY + 60} for name, days, left in (("fresh.example", 6, 6), ("late.example", 6, 1), ("long.example", 90, 13))])
    desk.see("fresh.example", "late.example", "long.example")
    bars = desk.browser.script("return [...document.querySelectorAll('meter')].map(one => [Math.round(100 * one.value / one.max), one.value < one.low])")
    equal(bars, [[100, False], [17, True], [14, True]])
    desk.looks_well("certificates")
    desk.quiet()


@test
def what_could_not_be_kept_is_shown_without_a_failed_order(t):
    why = "the new certificate is in use but could not be kept (No space left on device): after a restart it is ordered again"
    soon = int(time.time()) + 60 * DAY
    desk = desk_of(t, "/certificates", certificates=[{"names": ["full.example"], "until": soon, "failure": why}, {"names": ["fails.example"], "until": soon, "failures": 1},
                                                     {"names": ["fine.example"], "until": soon}])
    desk.see("full.example", "fails.example", "fine.example")
    rows = desk.browser.script("return [...document.querySelectorAll('tr')].map(one => [...one.cells].map(cell => cell.innerText.trim())).filter(one => one.length > 4 && one[0].includes('example'))")
    equal([[each[0], each[4]] for each in rows], [["full.example", why], ["fails.example", "unknown"], ["fine.example", ""]])
    desk.looks_well("certificates")
    desk.quiet()


@test
def a_mount_off_the_air_shows_since_when_and_why(t):
    desk = desk_of(t)
    off = {"since": int(time.time()) - 3600, "why": "node-gone", "node": "edge01"}
    for one in desk.server.mounts:
        one.update({"on-air": False, "off-air": off, "title": None})
    desk.server.mounts[0].update({"off-air": {**off, "why": "from a later version", "node": None}})
    desk.page("/mounts")
    desk.see("the node of its source is gone · at edge01")
    first = desk.browser.script("return document.querySelector('td[data-label=State]').innerText").split("\n")
    equal(len(first), 2)
    check(first[1].startswith("since 20") and "·" not in first[1], first)
    desk.looks_well("mounts-off")
    desk.page(mount_url(desk.server.mounts[1]["mount"]))
    desk.see("Off the air", "the node of its source is gone · at edge01")
    desk.looks_well("mount-off")
    desk.browser.script("localStorage.setItem('lb-language', 'de')")
    desk.page("/mounts")
    desk.see("der Server seiner Quelle ist weg · bei edge01")
