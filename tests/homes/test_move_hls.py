"""A mount moves while HLS players play it: no segment is missing or different, and one discontinuity marks the change
of its source, at the same place in all lists."""
import time

from harness import Failed, check, equal, test, wait_for
from moves import MOUNT, PATIENCE, Scene

from hls_check import Fault, Watch
from threads import Threaded

HLS = "<hls><segment>2</segment><window>16</window></hls>"


class Player(Threaded):
    """Plays a list on a thread, strictly; a fault of the list ends it."""

    def __init__(self, b, server):
        self.name, self.wrong = server.name, None
        self.watch = Watch(*server.address, MOUNT + "/live.m3u8", agent="player at " + server.name)
        wait_for(self.first_list, "a list at " + server.name, PATIENCE)
        self.start(b)

    def first_list(self):
        if self.watch.path is None:
            if self.watch.ask(self.watch.master_path)[0].status != 200:
                return False
            self.watch.master()
        return self.watch.ask(self.watch.path)[0].status == 200

    def run(self):
        while self.going and self.wrong is None:
            try:
                self.watch.poll()
            except (Fault, OSError) as wrong:
                self.wrong = "%s: %s; the list before: %s" % (self.name, wrong, self.watch.last and self.watch.last.text)
            time.sleep(0.7)

    def seen(self):
        """{number: the fetched segment}"""
        if self.wrong:
            raise Failed(self.wrong)
        return dict(self.watch.seen)

    def jumps(self):
        return sorted({row[0].discontinuity for row in self.seen().values()})

    def newest(self):
        return max(self.seen(), default=-1)

    def close(self):
        super().close()
        self.watch.close()


def players_of(b, **options):
    scene = Scene(b, edges=(14,), each=1, ears=False, body=HLS, settings={"hls": {"enabled": True}}, **options)
    players = [Player(b, server) for server in scene.nodes.values()]
    wait_for(lambda: all(len(one.seen()) >= 3 for one in players), "all play", PATIENCE)
    return scene, players


def all_play_on(players, moves=1):
    """All have some segments of the last source; segments that two of them have are equal, under equal names."""
    wait_for(lambda: all(len(one.jumps()) > moves for one in players),
             "a discontinuity for each: %r" % [one.jumps() for one in players], 30)
    beyond = max(one.newest() for one in players) + 3
    wait_for(lambda: all(one.newest() >= beyond for one in players), "all play on", 30)
    for one in players:
        one.close()
        equal(len(one.jumps()), moves + 1, "discontinuities at " + one.name)
        one.watch.sound()
    first = players[0].seen()
    for one in players[1:]:
        seen = one.seen()
        both = sorted(set(first) & set(seen))
        check(len(both) >= 6, "%d segments of %s and %s" % (len(both), players[0].name, one.name))
        # Where a source was taken over it had sent more at its home than had come elsewhere.
        at_seams = {max(n for n, row in them.items() if row[0].discontinuity == jump) for them in (first, seen)
                    for jump in {row[0].discontinuity for row in them.values()}}
        for number in both:
            equal(seen[number][0].uri, first[number][0].uri, "segment %d at %s and %s" % (number, one.name, players[0].name))
            if number in at_seams:
                continue
            equal(vars(seen[number][0]), vars(first[number][0]), "segment %d at %s and %s" % (number, one.name, players[0].name))
            check(seen[number][1] == first[number][1], "segment %d has other bytes at %s" % (number, one.name))
            equal(seen[number][4], first[number][4], "the timestamp of segment %d at %s" % (number, one.name))
    return "%d players, %s segments, none missing" % (len(players), ", ".join(str(len(one.seen())) for one in players))


@test
def an_encoder_goes_over(b):
    scene, players = players_of(b)
    scene.move()
    scene.old.close()
    scene.encoder(scene.second, 880)
    scene.arrived()
    return all_play_on(players)


@test
def a_second_encoder_takes_over_while_the_first_one_sends(b):
    scene, players = players_of(b)
    scene.move()
    scene.encoder(scene.second, 880)
    scene.arrived()
    return all_play_on(players)


@test
def from_the_master_to_a_node_and_back(b):
    scene, players = players_of(b, at="m11")
    encoder = scene.old
    for tone in (880, 660):
        scene.move()
        encoder.close()
        encoder = scene.encoder(scene.second, tone)
        scene.arrived()
        wait_for(lambda: all(len(one.jumps()) > (tone == 660) + 1 for one in players), "a discontinuity for each", 30)
        scene.first, scene.second, scene.to = scene.second, scene.first, scene.first.name
    return all_play_on(players, moves=2)
