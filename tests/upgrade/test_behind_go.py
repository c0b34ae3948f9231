"""One of both processes is killed, or stopped, about the moment of GO: the other one serves on, also what came over
TLS."""
import os
import re
import signal

from encoders import Ear
from harness import Failed, check, equal, listen_socket, test, wait_for
from media import mp3_numbers
from recorder import Studio, check_consecutive
from replacing import own_program, put_program, serving, upgrade
from syscalls import Faults, Rule
from tasks import children_of, states_of
from tls_bench import certificate, tls


class Scene:
    """A server that has been replaced once, by a process under rules; the next program has none."""

    def __init__(self, t):
        place, self.faults, second, whole = own_program(t), Faults(t), t.dir / "second", t.dir / "whole"
        os.link(place, second)
        os.link(place, whole)
        server = self.server = t.unstarted_server(sockets=listen_socket(0) + listen_socket(0, "<ssl>1</ssl>"))
        certificate(server.dir, "radio.test")
        server.write_config(paths="<ssl-certificate>%s/tls.pem</ssl-certificate>" % server.dir)
        server.start()
        self.studio = Studio(t, server)
        self.ears = {"TLS of the first": Ear(t, server, "/live.mp3", port=server.ports[1], wrap=tls())}
        put_program(place, "#!/bin/sh\nexec %s %s \"$@\"\n" % (self.faults.words(), second))
        upgrade(server)
        put_program(second, "#!/bin/sh\nexec env -u LD_PRELOAD -u LB_FAULTS %s \"$@\"\n" % whole)
        self.ears.update({"plain": Ear(t, server, "/live.mp3"), "ICY": Ear(t, server, "/live.mp3", icy=True),
                          "TLS": Ear(t, server, "/live.mp3", port=server.ports[1], wrap=tls())})
        self.hear("before")
        self.old = serving(server)

    def end_behind_go(self, how):
        """The old process's next call is that to the copy which carries its TLS connections."""
        self.faults.put([Rule("send", path="socket", thread="second", times=1, end=how)])
        self.server.send_signal(signal.SIGUSR2)
        wait_for(lambda: self.faults.hits() > 0, "GO is given", 10)

    def hear(self, when):
        number = self.studio.number
        for what, ear in self.ears.items():
            wait_for(lambda ear=ear: b"<S%09d>" % (number + 5) in ear.raw()[-40000:] or ear.ended, "%s, %s: it hears on" % (when, what), 10)
            data = ear.audio()[0]
            check_consecutive([n for _, n in mp3_numbers(data[data.index(b"\xff\xfb\x94\x00"):])], "%s, %s" % (when, what))
            check(not ear.ended, "%s, %s: it is connected" % (when, what))
        if self.server.process.poll() is not None:
            raise Failed("%s: the first process has ended with %d" % (when, self.server.process.returncode))


@test
def one_that_is_killed_takes_nothing_along(t):
    scene = Scene(t)
    scene.end_behind_go(signal.SIGKILL)
    scene.hear("killed")
    upgrade(scene.server)
    scene.hear("the next upgrade")


@test
def one_that_is_stopped_holds_nothing_up_and_says_nothing_late(t):
    scene = Scene(t)
    scene.end_behind_go(signal.SIGSTOP)
    try:
        scene.hear("stopped")
        upgrade(scene.server)
        scene.hear("the next upgrade")
    finally:
        os.kill(scene.old, signal.SIGCONT)
    scene.server.wait_for_log("this process has ended its part")
    wait_for(lambda: not os.path.exists("/proc/%d" % scene.old), "the old process is gone", 10)
    upgrade(scene.server)
    scene.hear("the one behind that")


@test
def one_that_is_killed_before_go_ends_the_server_with_its_signal(t):
    scene = Scene(t)
    scene.faults.put([Rule("recvmsg", every=3, times=1, end=signal.SIGKILL)])
    scene.server.send_signal(signal.SIGUSR2)
    process, scene.server.process = scene.server.process, None
    equal(process.wait(5), -signal.SIGKILL)
    wait_for(lambda: all(ear.ended for ear in scene.ears.values()), "no process holds a connection", 10)


@test
def where_the_next_one_is_killed_just_before_go_nothing_is_left_of_it(t):
    scene = Scene(t)
    scene.faults.put([Rule("fork", times=1, end=signal.SIGSTOP)])
    scene.server.send_signal(signal.SIGUSR2)
    wait_for(lambda: scene.faults.hits() > 0, "the next process has taken all", 10)
    try:
        following = int(re.findall(r"begins: process (\d+)", scene.server.log())[-1])
        os.kill(following, signal.SIGKILL)
        # Its end of the channel is open until its last thread has ended, and a busy machine lets that wait.
        wait_for(lambda: [state for _, state in states_of(following)] == ["Z"], "it is dead", 10)
    finally:
        os.kill(scene.old, signal.SIGCONT)
    scene.server.wait_for_log("upgrade was not made.* the other process has ended")
    wait_for(lambda: children_of(scene.old) == [], "it has no child any more", 10)
    scene.hear("not made")
    upgrade(scene.server)
    scene.hear("the next upgrade")
