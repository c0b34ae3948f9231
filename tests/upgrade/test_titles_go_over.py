"""The played titles of a mount, and their pictures, when the server is replaced."""
import json
import time

from harness import ADMIN, check, equal, test, wait_for
from pictures import png
from replacing import upgrade

BODY = "<console>1</console><mount><mount-name>/live.mp3</mount-name><max-history>9</max-history></mount>"


def put(server, picture):
    lines = ["Content-Type: image/png", "Host: 127.0.0.1", "Connection: close"]
    given = server.ask("PUT /api/v1/mounts/%2Flive.mp3/art HTTP/1.1", lines, ADMIN, picture)
    equal(given.status, 200, given.text)
    return given.json()["art"]


def now(server):
    seen = server.get("/api/v1/now/live.mp3").json()
    return seen["title"], seen["history"]


def plays(server, source, song):
    equal(server.set_title("/live.mp3", song=song).status, 200)
    source.play(3)
    wait_for(lambda: (now(server)[0] or {}).get("text") == song, "the title is known")


@test
def past_titles_and_pictures_go_over(t):
    server = t.server(body=BODY)
    source = server.source()
    source.play(10)
    art = []
    for number in range(3):
        plays(server, source, "Song%d" % number)
        art.append(put(server, png(seed=number)))
    for round_ in range(3):
        # Pages may be half a second old.
        before = wait_for(lambda: [seen for seen in [now(server)] if seen[0]["art"] == art[-1]], "the picture is shown")[0]
        equal([song["text"] for song in before[1]][:2], ["Song1", "Song0"] if not round_ else ["Song%d" % (round_ + 1), "Song%d" % round_],
              "what was played")
        upgrade(server)
        equal(now(server), before, "what is played, and was")
        for number, path in enumerate(art):
            reply = server.get(path)
            equal((reply.status, reply.body), (200, png(seed=number)), "picture %d" % number)
        plays(server, source, "Song%d" % (round_ + 3))
        art.append(put(server, png(seed=round_ + 3)))
    check(len(set(art)) == 6, "each has its own picture")


@test
def titles_that_were_told_ahead_come_at_their_time(t):
    server = t.server(body=BODY)
    source = server.source()
    source.play(10)
    plays(server, source, "Now")
    begin_ms = int(time.time() * 1000)
    for number, ahead_ms in enumerate((1500, 3500)):
        told = server.ask("POST /api/v1/mounts/%2Flive.mp3/title HTTP/1.1", ["Content-Type: application/json", "Host: 127.0.0.1", "Connection: close"],
                          ADMIN, json.dumps({"title": "Ahead%d" % number, "album": "A", "at_ms": begin_ms + ahead_ms}).encode())
        equal(told.status, 204, told.text)
    upgrade(server)
    equal(now(server)[0]["text"], "Now", "what is played")
    for number, ahead_ms in enumerate((1500, 3500)):
        def heard():
            source.play(1)
            return now(server)[0]["text"] == "Ahead%d" % number
        wait_for(heard, "the title comes: " + server.log()[-600:], 10)
        check(time.time() * 1000 >= begin_ms + ahead_ms, "not before its time")
        if number == 0:
            upgrade(server)
    equal(now(server)[0]["album"], "A", "its album")
