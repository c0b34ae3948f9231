"""The hours of a login: at their end the source ends, with a reason, and the next presenter follows."""
import signal
import time

from api import Api, encoded, refused, store_server, with_api
from harness import check, equal, test, wait_for
from media import mp3_numbers


def login_of(made, user):
    return "%s:%s" % (user, next(row["password"] for row in made.get("logins", [made["source"]]) if row["user"] == user))


def week_around(seconds, start=3600, zone="UTC"):
    """Weekly hours that began an hour ago, in whole minutes, and end in the minute in which `seconds` are over."""
    clock = lambda moment: time.strftime("%H:%M", time.gmtime(moment))  # noqa: E731
    return [{"from": clock(time.time() - start), "until": clock(time.time() + seconds)}]


def hours_end(api, mount, user, *others):
    """The hours of the login end in two seconds, whenever its source has come; returns when.  others: its other logins."""
    end = int(time.time()) + 3
    api.want(200, "PATCH", "/mounts/" + encoded(mount[1:]), {"sources": [{"user": user, "until": end}, *({"user": other} for other in others)]})
    return end


@test
def a_source_ends_with_the_hours_of_its_login(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": "/talk.mp3", "sources": [{"user": "tom", "until": int(time.time()) + 3600}, {"user": "eva"}]}).json()
    server.source("/talk.mp3", login=login_of(made, "tom")).play(2)
    end = hours_end(api, "/talk.mp3", "tom", "eva")
    server.wait_for_log(r'source/hours mount /talk\.mp3: the hours of "tom" are over, its source from 127\.0\.0\.1 is ended')
    check(end <= time.time() < end + 3, "it ended %.1f s behind its time" % (time.time() - end))
    server.wait_for_log(r'exiting \(the hours of its login are over')
    server.wait_for_log(r'127\.0\.0\.1 - tom \[.*"SOURCE /talk\.mp3', "access")
    server.wait_until_gone("/talk.mp3")
    check("401" in refused(server, "/talk.mp3", login_of(made, "tom")), "his login is over")
    server.wait_for_log(r'source "tom" from 127\.0\.0\.1 refused on /talk\.mp3: outside the time of its login')
    server.source("/talk.mp3", login=login_of(made, "eva")).play(2)


@test
def while_a_grace_lasts_the_next_presenter_takes_over(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": "/talk.mp3", "sources": [{"user": "tom", "until": int(time.time()) + 3600, "grace": 600}, {"user": "eva"}]}).json()
    eva = login_of(made, "eva")
    tom = server.source("/talk.mp3", login=login_of(made, "tom"))
    tom.play(2)
    ear = server.listener("/talk.mp3")
    check("403" in refused(server, "/talk.mp3", eva), "he has his hours")
    end = hours_end(api, "/talk.mp3", "tom", "eva")
    wait_for(lambda: time.time() > end + 0.1, "they are over", 5)
    tom.play(1)
    equal(api.want(200, "GET", "/mounts/talk.mp3").json()["on-air"], True)
    server.source("/talk.mp3", login=eva, tag="B").play(6)
    server.wait_for_log(r'mount /talk\.mp3: the hours of "tom" are over, the source from 127\.0\.0\.1 as "eva" takes over')
    equal([tag for tag, _ in mp3_numbers(ear.read(384 * 8))][-1], "B", "what the listener hears")
    equal(server.stat("/talk.mp3", "listeners"), "1")


@test
def a_stop_over_the_end_and_a_change_of_the_hours_are_noticed(t):
    server, api = with_api(store_server(t))
    made = api.want(201, "POST", "/mounts", {"mount": "/a.mp3", "sources": [{"user": "tom"}]}).json()
    other = api.want(201, "POST", "/mounts", {"mount": "/b.mp3", "sources": [{"user": "eva", "zone": "UTC", "hours": week_around(1800)}]}).json()
    server.source("/a.mp3", login=login_of(made, "tom")).play(2)
    server.source("/b.mp3", login=login_of(other, "eva")).play(2)
    end = hours_end(api, "/a.mp3", "tom")
    server.send_signal(signal.SIGSTOP)
    wait_for(lambda: time.time() > end + 1, "the end is over", 6)
    server.send_signal(signal.SIGCONT)
    server.wait_until_gone("/a.mp3")
    equal(server.stat("/b.mp3", "listeners"), "0", "its hours go on")
    week = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], **week_around(-1800, 7200)[0]}]
    one = api.want(200, "PATCH", "/mounts/b.mp3", {"sources": [{"user": "eva", "zone": "UTC", "hours": week}]}).json()
    equal((one["sources"][0]["hours"], one["sources"][0]["zone"]), (week, "UTC"))
    server.wait_until_gone("/b.mp3")
    check("401" in refused(server, "/b.mp3", login_of(other, "eva")), "outside of her hours")
    # What a change does not say stays; null takes the hours away.
    equal(api.want(200, "PATCH", "/mounts/b.mp3", {"sources": [{"user": "eva"}]}).json()["sources"][0]["hours"], week)
    check("hours" not in api.want(200, "PATCH", "/mounts/b.mp3", {"sources": [{"user": "eva", "hours": None}]}).json()["sources"][0], "no hours")
    server.source("/b.mp3", login=login_of(other, "eva")).play(2)


@test
def hours_that_cannot_be_are_refused_at_their_place(t):
    api = Api(store_server(t))
    for login, place in (({"until": 100, "from": 200}, "/until"), ({"zone": "Mars/Phobos"}, "/zone"), ({"grace": -1}, "/grace"),
                         ({"hours": [{"days": ["mon", "someday"], "from": "20:00", "until": "22:00"}]}, "/hours/0/days/1"),
                         ({"hours": [{"days": ["mon"] * 8, "from": "20:00", "until": "22:00"}]}, "/hours/0/days"),
                         ({"hours": [{"from": "20:00", "until": "25:00"}]}, "/hours/0/until"), ({"hours": [{"from": "20:00", "until": "20:00"}]}, "/hours/0/until"),
                         ({"hours": [{"until": "20:00"}]}, "/hours/0/from"), ({"hours": [{"from": "1:00", "until": "20:00", "day": "mon"}]}, "/hours/0/day")):
        faults = api.problem("invalid", "POST", "/mounts", {"mount": "/a.mp3", "sources": [{"user": "t", **login}]}).json()["errors"]
        equal([fault["pointer"] for fault in faults], ["/sources/0" + place], repr((login, faults)))
