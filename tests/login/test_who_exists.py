"""The names of logins stay secret: an unknown name gets the same answer as a known one, by status and by time; guesses
count alike for Basic and for the page, and do not shut out known users."""
import base64
import json
import statistics
import threading
import time

from api import store_server, with_api
from browser_login import JSON
from harness import ADMIN, Failed, check, equal, test, wait_for
from threads import all_at_once
from wire import request

ASKED = [0]


def fresh_address():
    ASKED[0] += 1
    return "127.%d.%d.%d" % (10 + ASKED[0] // 62500, ASKED[0] // 250 % 250, 1 + ASKED[0] % 250)


def ask(server, line, headers=(), body=b"", address=None):
    """The status, and the time of the answer without the connection."""
    wire = server.wire(source_address=address or fresh_address())
    begin = time.monotonic()
    wire.send(request(line + " HTTP/1.1", ["Host: x", *headers], None, body))
    status = wire.reply().status
    took = time.monotonic() - begin
    wire.close()
    return status, took


def by_basic(server, name, password, address=None):
    line = base64.b64encode(("%s:%s" % (name, password)).encode()).decode()
    return ask(server, "GET /admin/stats", ["Authorization: Basic " + line], address=address)


def by_page(server, name, password, address=None):
    return ask(server, "POST /api/v1/session", JSON, json.dumps({"user": name, "password": password}).encode(), address)


def by_source(server, name, password, address=None):
    line = base64.b64encode(("%s:%s" % (name, password)).encode()).decode()
    return ask(server, "SOURCE /live", ["Content-Type: audio/mpeg", "Authorization: Basic " + line], address=address)


WAYS = {"Basic": by_basic, "the page": by_page}
DOORS = {**WAYS, "a source": by_source}


def house(t, users=6):
    """Users with passwords of their own choice, so with the slow method."""
    server, api = with_api(store_server(t, body="<console/>"))
    names = ["user%d" % i for i in range(users)]
    for name in names:
        api.want(201, "POST", "/users", {"name": name, "role": "viewer", "password": "pw-of-" + name})
    return server, api, names


def compare(server, way, users, nobodies, each, what):
    """Wrong passwords of known and unknown names in turn; medians of the times within a factor of two, in the best of
    some rounds."""
    seen = []
    for round in range(each):
        known, unknown = [], []
        for user, nobody in zip(users, nobodies):
            for name, times in ((user, known), (nobody, unknown)):
                status, took = DOORS[way](server, name, "wrong%d" % round)
                equal(status, 401, "%s, %s, by %s" % (what, name, way))
                times.append(took)
        ratio = statistics.median(known) / statistics.median(unknown)
        seen.append("%.1f ms and %.1f ms" % (1000 * statistics.median(known), 1000 * statistics.median(unknown)))
        if 0.5 < ratio < 2:
            return
    raise Failed("%s, by %s: wrong passwords of users and of names that are none took (medians): %s" % (what, way, "; ".join(seen)))


@test
def a_wrong_password_takes_as_long_for_a_name_that_is_none(t):
    server, _, users = house(t)
    for way in WAYS:
        compare(server, way, users, ["none-%s-%d" % (way[-4:], i) for i in range(len(users))], 4, "alone")
    server, _, users = house(t)
    compare(server, "Basic", ["admin"] + users[:2], ["other%d" % i for i in range(3)], 4, "with the administrator of the file")


@test
def a_name_that_may_send_no_stream_takes_as_long_as_one_that_may(t):
    server, api, _ = house(t, 0)
    api.want(201, "POST", "/mounts", {"mount": "/live", "sources": [{"user": "dj%d" % i, "password": "a long password %d" % i} for i in range(6)]})
    compare(server, "a source", ["dj%d" % i for i in range(6)], ["none%d" % i for i in range(6)], 4, "alone")
    # What is compared instead lets nothing in.
    equal(by_source(server, "none0", "a long password 0")[0], 401)
    server.source("/live", login="dj0:a long password 0")


@test
def beside_questions_about_nobody_too(t):
    server, _, users = house(t)
    going = threading.Event()

    def wonder(number):
        guesses = 0
        while not going.is_set():
            by_page(server, "nobody%d-%d" % (number, guesses), "x")
            guesses += 1
    threads = [threading.Thread(target=wonder, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    try:
        compare(server, "the page", users, ["none%d" % i for i in range(len(users))], 4, "beside eight questions")
    finally:
        going.set()
        for thread in threads:
            thread.join()


@test
def guesses_are_counted_alike(t):
    server, _, users = house(t)
    names = {"a user": users, "the administrator": ["admin"], "nobody": ["nobody%d" % i for i in range(6)]}
    for way in WAYS:
        for who, some in names.items():
            name = some.pop(0)
            if who == "the administrator":
                server = house(t, 1)[0]
                some.append(name)
            answers = [WAYS[way](server, name, "wrong%d" % i)[0] for i in range(40)]
            equal(answers[:10], [401] * 10, "%s by %s" % (who, way))
            check(answers[10] == 429 and answers.count(401) <= 14 and set(answers) == {401, 429}, "%s by %s: %r" % (who, way, answers))


@test
def the_password_of_the_administrator_is_guessed_by_no_other_door(t):
    server = store_server(t, body="<console/><shoutcast-mount>/sc</shoutcast-mount>")
    known = fresh_address()
    equal(by_basic(server, "admin", "adm-secret", known)[0], 200)
    for i in range(14):
        by_basic(server, "admin", "wrong%d" % i)
    login = base64.b64encode(ADMIN.encode()).decode()
    doors = {"Basic": "GET /admin/stats", "STATS": "STATS /", "the API": "GET /api/v1/users"}
    for door, line in doors.items():
        equal(ask(server, line, ["Authorization: Basic " + login])[0], 429, "right, from an address that is not known, by " + door)
    for password in ("adm-secret", "wrong"):
        equal(ask(server, "GET /admin.cgi?mode=viewxml&pass=" + password)[0], 429, "by admin.cgi")
    equal(by_page(server, "admin", "adm-secret")[0], 429, "by the page")
    for _ in range(30):
        equal(by_basic(server, "admin", "adm-secret", known)[0], 200, "from where it has logged in before")


@test
def twenty_right_logins_at_once_are_let_in(t):
    server, _, users = house(t)
    for way in WAYS:
        address, user = fresh_address(), users.pop()
        answers = all_at_once(lambda _: WAYS[way](server, user, "pw-of-" + user, address)[0], range(20))
        equal(answers, [200] * 20, way)


@test
def a_flood_of_made_up_names_keeps_nobody_out_that_is_known(t):
    server, api, users = house(t)
    login = api.mount("/rock.mp3")
    home, going, flood = fresh_address(), threading.Event(), []
    equal(by_basic(server, users[0], "pw-of-" + users[0], home)[0], 200)

    def guess(number):
        while not going.is_set():
            try:
                flood.append(by_page(server, "none%d-%d" % (number, len(flood)), "x")[0])
                flood.append(by_basic(server, users[0], "wrong%d-%d" % (number, len(flood)))[0])
            except Failed:
                pass  # a busy machine: how long strangers wait is not the question
    threads = [threading.Thread(target=guess, args=(i,)) for i in range(48)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: len(flood) > 200, "the flood")
        for i in range(6):
            equal(by_basic(server, users[0], "pw-of-" + users[0], home)[0], 200, "Basic")
            equal(by_page(server, users[0], "pw-of-" + users[0], home)[0], 200, "the page")
            equal(by_basic(server, users[0], "typo%d" % i, home)[0], 401, "a typing error is judged, and keeps it out of nothing")
            equal(server.get("/admin/metadata?mount=/rock.mp3&mode=updinfo&song=x", login).status, 400, "a source that is not on the air, let in")
        source = server.source("/rock.mp3", login=login)
        source.play(1)
    finally:
        going.set()
        for thread in threads:
            thread.join()
    check(set(flood) <= {401, 429, 503}, str(set(flood)))


@test
def titles_of_encoders_are_no_guesses(t):
    server, api, _ = house(t)
    login = api.mount("/rock.mp3")
    server.source("/rock.mp3", login=login).play(1)
    for i in range(15):
        by_basic(server, "source", "wrong%d" % i)
    line = base64.b64encode(login.encode()).decode()
    for i in range(30):
        status, _ = ask(server, "GET /admin/metadata?mount=/rock.mp3&mode=updinfo&song=x%d" % i, ["Authorization: Basic " + line])
        equal(status, 200, "a title, the %dth" % i)
    wrong = base64.b64encode(b"source:no").decode()
    equal(ask(server, "GET /admin/metadata?mount=/rock.mp3&mode=updinfo&song=x", ["Authorization: Basic " + wrong])[0], 429, "a wrong one")
