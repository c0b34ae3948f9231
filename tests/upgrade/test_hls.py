"""HLS players when the program is replaced: the same segments continue, and each player is one listener."""
import time

from auth_bench import ACCEPT, backend_of
from harness import ADMIN, Failed, check, equal, give_away, test, wait_for
from hls_check import Fault, Kept, Watch
from media import MP3_FRAME
from replacing import upgrade
from threads import Threaded

SECOND = 42     # frames, about
CONFIG = ("<hls><segment>2</segment><window>12</window></hls>"
          "<mount><mount-name>/live.mp3</mount-name><hls>1</hls></mount>")


class Studio(Threaded):
    """Plays in real time, ten seconds ahead: segments need a clock."""

    def __init__(self, t, server):
        self.source, self.sent = server.source(), b""
        self.start(t)

    def run(self):
        begin, frames = time.monotonic(), 0
        while self.going:
            due = int((time.monotonic() - begin + 10) * SECOND)
            self.sent += self.source.play(due - frames)
            frames = due
            time.sleep(0.05)


def poll(*players):
    for player in players:
        try:
            player.poll()
        except Fault as fault:
            raise Failed("%s: %s" % (player.master_path, fault))


def players_of(t, server, count):
    """Players with a list that has segments; and the studio."""
    studio = Studio(t, server)
    players = [t.owned(Watch(*server.address, "/live.mp3/live.m3u8", agent="player/%d" % i)) for i in range(count)]
    poll(*players)
    return players, studio


def player_without_source(t):
    """The mount has ended; returns the server, and a player that has its list."""
    server = t.server(limits="<source-timeout>120</source-timeout>", body=CONFIG)
    (player,), studio = players_of(t, server, 1)
    studio.close()
    studio.source.close()
    wait_for(lambda: server.stat("/live.mp3", "listeners") is None, "the mount has ended", 10)
    return server, player


@test
def players_see_no_seam(t):
    server = t.server(limits="<source-timeout>120</source-timeout>", body=CONFIG)
    players, studio = players_of(t, server, 4)
    for round_ in range(4):
        before = max(players[0].seen)
        wait_for(lambda: poll(*players) or all(max(one.seen) > before for one in players), "another segment is listed", 10)
        names = [sorted((number, one.seen[number][0].uri) for number in one.seen) for one in players]
        upgrade(server)
        poll(*players)
        for one, had in zip(players, names):
            equal(sorted((number, one.seen[number][0].uri) for number in one.seen)[:len(had)], had, "the names stay")
    before = max(players[0].seen)
    wait_for(lambda: poll(*players) or all(max(one.seen) > before for one in players), "another segment is listed", 10)
    for one in players:
        equal(sorted(one.seen), list(range(min(one.seen), max(one.seen) + 1)), "no segment is missing")
        equal(len({segment.discontinuity for segment, *_ in one.seen.values()}), 1, "discontinuity numbers")
        check(one.sound() in studio.sent, "the segments are what was sent")
        check(len(one.sound()) > 300 * MP3_FRAME, "they are %d bytes" % len(one.sound()))


@test
def behind_a_seam_too_what_was_listed_can_be_fetched_for_the_length_of_its_list(t):
    """The list follows ten seconds behind the second source when the program is replaced."""
    server = t.server(limits="<source-timeout>120</source-timeout>", body=CONFIG.replace("<hls>1</hls>", "<hls>1</hls><linger-for>8</linger-for>"))
    (player,), studio = players_of(t, server, 1)
    kept = Kept(server.get, player.path)
    wait_for(lambda: kept.ask() and len(kept.listed) >= 6, "six segments", 20)
    studio.close()
    studio.source.close()
    Studio(t, server)
    wait_for(lambda: kept.poll() or len({name.split("-")[0] for name in kept.listed}) == 2, "a segment behind the seam", 20)
    known = set(kept.listed)
    upgrade(server)
    kept.poll()
    check(len(set(kept.listed) - known) <= 1, "the list goes on where it was")
    wait_for(lambda: kept.poll() or known <= kept.gone, "what was listed before is gone", 60)
    check(not kept.short, "segments that went too early: %s" % kept.short)


@test
def what_a_list_names_from_before_a_recording_stays_in_the_log(t):
    give_away(t.dir)
    body = CONFIG + "<archive><dir>%s</dir></archive>" % (t.dir / "archive")
    server = t.server(limits="<source-timeout>120</source-timeout>", body=body)
    (player,), _ = players_of(t, server, 1)
    wait_for(lambda: poll(player) or len(player.seen) >= 6, "a whole list", 20)
    server.reload(limits="<source-timeout>120</source-timeout>", body=body.replace("</hls></mount>", "</hls><archive>1</archive></mount>"))
    wait_for(lambda: list((t.dir / "archive").glob("**/*.data")), "it records")
    upgrade(server)
    before = max(player.seen)
    wait_for(lambda: poll(player) or max(player.seen) > before, "another segment is listed", 10)
    listed = player.list().segments
    equal([server.get("/live.mp3/" + segment.uri).status for segment in listed], [200] * len(listed), "the segments of a list")


@test
def each_player_is_counted_once(t):
    server = t.server(limits="<source-timeout>120</source-timeout>", body=CONFIG)
    players, _ = players_of(t, server, 5)
    count = int(server.stat("/live.mp3", "listeners"))
    check(count >= 5, "%d listeners" % count)
    connections = server.stat("/live.mp3", "listener_connections")

    def rows():
        listed = server.get("/admin/listclients?mount=/live.mp3", ADMIN).xml().iter("listener")
        return sorted((row.find("ID").text, row.find("UserAgent").text) for row in listed if row.find("UserAgent").text.startswith("player/"))
    before = rows()
    equal(len(before), 5)
    for round_ in range(3):
        upgrade(server)
        equal(rows(), before, "the same listeners, with their numbers")
        poll(*players)
        equal(rows(), before, "its player goes on as the same listener")
    equal(server.stat("/live.mp3", "listener_connections"), connections, "nobody has come again")


@test
def a_player_that_has_gone_is_not_counted_longer_for_upgrades(t):
    server = t.server(limits="<source-timeout>120</source-timeout>", body=CONFIG)
    _, studio = players_of(t, server, 1)
    gone, sent = time.monotonic(), len(studio.sent)
    for seconds in (5, 10, 15):
        wait_for(lambda: len(studio.sent) - sent > seconds * SECOND * MP3_FRAME, "the stream goes on", 10)
        upgrade(server)
    wait_for(lambda: server.stat("/live.mp3", "listeners") == "0", "it is counted no more", 12)
    check(18 < time.monotonic() - gone < 27, "its patience of 20 s took %.1f s" % (time.monotonic() - gone))


@test
def a_list_that_is_asked_for_meanwhile_is_that_of_its_session(t):
    """Its player waits for a backend: the next process asks the backend again, about the player's own request."""
    backend = backend_of(t, lambda form: None if form["action"] == "listener_add" and not let_in else ACCEPT)
    let_in = []
    option = '<authentication type="url"><option name="listener_add" value="%s"/></authentication></mount>' % backend.url("/add")
    server = t.server(limits="<source-timeout>120</source-timeout>", body=CONFIG.replace("</mount>", option))
    Studio(t, server)
    player = t.owned(Watch(*server.address, "/live.mp3/live.m3u8"))
    wire = server.wire()
    # The name of a session lets nobody in.
    wire.send("GET %s HTTP/1.0\r\n\r\n" % player.master()[0][1])
    backend.wait_for("listener_add", 1)
    upgrade(server)
    let_in.append(True)
    backend.release.set()
    reply = wire.reply()
    equal(reply.status, 200, reply.text)
    check("#EXT-X-MEDIA-SEQUENCE:" in reply.text, "the list of segments: %r" % reply.text)


@test
def players_whose_source_is_away_have_its_list_and_go_on_behind_it(t):
    """With the default configuration: the mount has ended for other clients, and its log is kept for the players."""
    server, player = player_without_source(t)
    poll(player)
    names = [segment.uri for segment in player.last.segments]
    began = time.monotonic()
    upgrade(server)
    check(time.monotonic() - began < 4, "the upgrade waited for the player")
    poll(player)
    equal([segment.uri for segment in player.last.segments], names, "the list stays")
    equal(server.get("/live.mp3").status, 404, "for all others it has ended")
    Studio(t, server)
    wait_for(lambda: poll(player) or len({segment.discontinuity for segment, *_ in player.seen.values()}) == 2, "the next source", 15)
    equal(sorted(player.seen), list(range(min(player.seen), max(player.seen) + 1)), "no segment is missing")
    equal(server.stat("/live.mp3", "listeners"), "1", "it is one listener still")


@test
def a_source_that_stays_away_ends_its_players_behind_an_upgrade(t):
    server, player = player_without_source(t)
    upgrade(server)
    poll(player)
    wait_for(lambda: server.get(player.path).status == 404, "its list goes", 20)
    wait_for(lambda: "lb_hls_sessions 0" in server.get("/metrics").text, "it is not a listener any more", 10)
