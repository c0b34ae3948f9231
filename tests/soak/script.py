"""The actions on the world, by a seed: equal seeds give equal scripts.  An action is a row of text, so that a run
can be replayed."""
import errno
import os
import random
import signal
import threading
import time

from harness import Failed
from tls_bench import certificate
from world import STREAMS
from syscalls import Rule

# action: (frequency, objects)
WEIGHTS = {
    "reload": (3, "server"), "reopen": (3, "server"), "certificate": (2, "server"), "upgrade": (6, "server"),
    "kill-node": (1, "node"), "kill-source": (2, "mount"), "drain": (1, "node"), "move": (2, "node"), "kick": (2, "node"),
    "titles": (2, "mount"), "full-disk": (2, "server"), "no-descriptors": (2, "server"), "stop": (2, "server"),
    "short": (2, "server"), "late": (1, "server"), "kill-backend": (2, "backend"),
}
CUT = ("/a.mp3", "/b.aac", "/d.bin", "/e.mp3")      # sources that are killed
NUMBERS = {"server": range(5), "node": range(2, 5), "mount": range(len(STREAMS)), "backend": range(1)}


def draw(seed, seconds):
    """Rows "seconds action number": the time, the action, and its object."""
    dice, at, rows = random.Random(seed), 5.0, []
    names = list(WEIGHTS)
    while at < seconds:
        name = dice.choices(names, [WEIGHTS[n][0] for n in names])[0]
        rows.append("%.1f %s %d" % (at, name, dice.choice(NUMBERS[WEIGHTS[name][1]])))
        at += dice.uniform(1, 5)
    return rows


class Actions:
    def __init__(self, world, crowd):
        self.world, self.crowd, self.threads = world, crowd, []

    def run(self, name, number):
        whom = list(STREAMS)[number] if WEIGHTS[name][1] == "mount" else self.world.servers[number]
        getattr(self, name.replace("-", "_"))(whom)

    def later(self, seconds, what):
        def run():
            time.sleep(seconds)
            try:
                what()
            except (Failed, OSError) as e:
                self.world.note("later: %r" % e)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.threads.append(thread)

    def settle(self):
        """Waits until all actions have ended."""
        for thread in self.threads:
            thread.join(30)
        self.threads = []

    def signal(self, server, number):
        try:
            os.kill(server.process.pid, number)
        except ProcessLookupError:
            pass

    # -- the actions
    def reload(self, server):
        self.signal(server, signal.SIGHUP)

    def reopen(self, server):
        self.signal(server, signal.SIGUSR1)

    def certificate(self, server):
        certificate(server.dir, "radio.test")
        self.signal(server, signal.SIGHUP)

    def upgrade(self, server):
        self.signal(server, signal.SIGUSR2)

    def kill_node(self, node):
        self.settle()
        self.world.disturb(node, 20)
        self.world.kill(node)
        self.world.faults[node].clear()
        time.sleep(0.3)
        self.world.start(node)

    def kill_source(self, mount):
        mount = mount if mount in CUT else CUT[0]
        self.world.encoders[mount].kill(1.0)

    def kill_backend(self, _):
        self.settle()
        self.world.backend_away()
        self.later(3, self.world.backend_back)

    def drain(self, node):
        self.world.disturb(node, 15)
        self.world.admin(node, "/admin/drain?mode=move&time=10&rate=2")

        def cancel():
            for _ in range(20):
                if self.world.admin(node, "/admin/undrain").status == 200:
                    return
        self.later(3, cancel)

    def move(self, node):
        there, back = "/f.mp3", "/g.mp3"
        self.world.moves.append(time.monotonic())
        self.world.admin(node, "/admin/moveclients?mount=%s&destination=%s" % (there, back))
        self.later(2, lambda: self.world.admin(node, "/admin/moveclients?mount=%s&destination=%s" % (back, there)))

    def kick(self, node):
        rows = self.world.admin(node, "/admin/listclients?mount=/a.mp3").xml().findall("source/listener")
        crowd = [row for row in rows if (row.findtext("UserAgent") or row.findtext("useragent") or "").startswith("Player")]
        if crowd:
            one = crowd[0].findtext("ID") or crowd[0].findtext("id") or crowd[0].get("id")
            self.world.admin(node, "/admin/killclient?mount=/a.mp3&id=" + one)

    def titles(self, mount):
        master = self.world.masters[STREAMS[mount][4]]
        for number in range(30):
            self.world.admin(master, "/admin/metadata?mount=%s&mode=updinfo&song=Title+%d" % (mount, number))

    def fault(self, server, seconds, *rules):
        self.world.faults[server].put(rules)
        self.later(seconds, self.world.faults[server].clear)

    def full_disk(self, server):
        self.fault(server, 2, Rule("write", error=errno.ENOSPC, path=".log"), Rule("open", error=errno.ENOSPC, path="/state"))

    def no_descriptors(self, server):
        self.fault(server, 1, Rule("accept4", error=errno.EMFILE))

    def short(self, server):
        self.fault(server, 2, Rule("sendmsg", short=7, path="socket:", every=3), Rule("recv", short=5, path="socket:", every=3))

    def late(self, server):
        self.fault(server, 3, Rule("write", seconds=0.3, path="error.log", every=10))

    def stop(self, server):
        pid = self.world.serving(server)
        os.kill(pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(pid, signal.SIGCONT)
