"""keepalived with the configuration of deploy/: one address for two servers, in network namespaces."""
import pathlib
import signal
import subprocess
import sys

from harness import Settings, as_nobody, check, test, wait_for
from harness import Skip
from stand import from_deploy

HERE = pathlib.Path(__file__).resolve().parent
ADDRESS = "10.99.51.100"
SOCKET = "<listen-socket><port>8000</port><bind-address>0.0.0.0</bind-address></listen-socket>"


class Host:
    """A namespace with one network card at the common switch."""

    def __init__(self, t, switch, name, number):
        self.t, self.name = t, t.namespace(name)
        self.address = "10.99.51.%d" % number
        t.call("ip", "-n", switch, "link", "add", "p" + name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        t.call("ip", "-n", switch, "link", "set", "p" + name, "master", "bridge0", "up")
        t.call("ip", "-n", self.name, "addr", "add", self.address + "/24", "dev", "eth0")
        t.call("ip", "-n", self.name, "link", "set", "eth0", "up")

    def has_address(self):
        return ADDRESS + "/" in self.t.call("ip", "-n", self.name, "-4", "addr", "show", "dev", "eth0")

    def serve(self, server_id):
        server = self.t.unstarted_server(sockets=SOCKET, body="<server-id>%s</server-id>" % server_id)
        server.out = server.dir / "out"
        with open(server.out, "wb") as out:
            server.process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *as_nobody([Settings.binary, "-c", str(server.config)])],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        Settings.started += 1
        server.out_before = 0
        wait_for(server.ready_line, "the server is ready")
        self.server = server
        return server

    def admin(self, path):
        return self.t.call("curl", "-fsS", "-u", "admin:adm-secret", "http://127.0.0.1:8000" + path, inside=self.name)

    def keep(self, priority):
        text = from_deploy("keepalived/keepalived.conf", ("priority 150", "priority %d" % priority),
                           ("192.0.2.10/24", ADDRESS + "/24"), ("router_id icecast1", "router_id " + self.name))
        file = self.t.dir / (self.name + ".conf")
        file.write_text(text)
        pids = self.t.dir / self.name
        self.t.program("keepalived", "--dont-fork", "--log-console", "--vrrp", "-f", file, "-p", "%s.pid" % pids, "-r",
                       "%s-vrrp.pid" % pids, inside=self.name)


class Poll:
    """The server that answers at the common address, polled a hundred times a second."""

    def __init__(self, t, host):
        self.program = t.program(sys.executable, HERE / "poller.py", ADDRESS, 8000, inside=host.name)

    def lines(self):
        rows = [line.split(" ", 2) for line in self.program.said().splitlines() if line.count(" ") >= 2]
        return [(float(time), status, server) for time, status, server in rows]

    def last(self):
        return (self.lines() or [(0, "-", "-")])[-1]

    def gap(self, before, after):
        """The seconds between the last good answer of one server and the first of the other."""
        rows = [row for row in self.lines() if row[1] == "200"]
        begin = max(time for time, _, server in rows if server == before)
        return min(time for time, _, server in rows if server == after and time > begin) - begin


def two_hosts(t):
    switch = t.namespace("switch")
    said = t.call("ip", "-n", switch, "link", "add", "name", "bridge0", "type", "bridge", check=False)
    if said:
        raise Skip("this machine's kernel makes no bridge (%s)" % said.strip())
    t.call("ip", "-n", switch, "link", "set", "bridge0", "up")
    first, second, client = Host(t, switch, "a", 1), Host(t, switch, "b", 2), Host(t, switch, "c", 9)
    first.serve("first")
    second.serve("second")
    first.keep(150)
    second.keep(100)
    poll = Poll(t, client)
    wait_for(lambda: poll.last()[1:] == ("200", "first"), "the first one has the address: " + poll.program.said()[-200:], 15)
    check(first.has_address() and not second.has_address(), "one has it")
    return first, second, poll


@test
def the_address_leaves_a_server_that_drains_and_comes_back(t):
    first, second, poll = two_hosts(t)
    first.admin("/admin/drain?mode=soft")
    wait_for(lambda: poll.last()[1:] == ("200", "second"), "the second one has it", 10)
    gap = poll.gap("first", "second")
    first.admin("/admin/undrain")
    wait_for(lambda: poll.last()[1:] == ("200", "first"), "it comes back", 15)
    check(not second.has_address(), "one has it")
    check(gap < 3, "the gap after a drain was %.2f s" % gap)
    return "%.2f s without a healthy answer" % gap


@test
def the_address_leaves_a_server_that_is_killed(t):
    first, _, poll = two_hosts(t)
    first.server.process.send_signal(signal.SIGKILL)
    first.server.process.wait()
    t.servers.remove(first.server)
    wait_for(lambda: poll.last()[1:] == ("200", "second"), "the second one has it", 10)
    gap = poll.gap("first", "second")
    check(gap < 3, "the gap after kill -9 was %.2f s" % gap)
    return "%.2f s without an answer" % gap


@test
def the_address_leaves_a_host_that_is_silent(t):
    first, second, poll = two_hosts(t)
    t.call("ip", "-n", first.name, "link", "set", "eth0", "down")
    wait_for(lambda: poll.last()[1:] == ("200", "second"), "the second one has it", 10)
    gap = poll.gap("first", "second")
    # Three words missed and the skew: 0.2 s each; the client's own neighbour table is told at once.
    check(gap < 1.5, "the gap after silence was %.2f s" % gap)
    check(second.has_address(), "it has it")
    return "%.2f s without an answer" % gap
