"""Starts the programs of an orchestration test; all of them end with it."""
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

import harness

TOP = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = TOP / "deploy"


class Program:
    """A program that was started, with its output in a file."""

    def __init__(self, command, log, **options):
        self.command, self.log = command, log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)

    def said(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def stop(self):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Stand(harness.Bench):
    """The bench of the black-box tests, with programs of others."""

    def __init__(self):
        super().__init__()
        self.programs, self.namespaces = [], []

    def program(self, name, *arguments, inside=None, **options):
        """Starts a Debian program; inside: a network namespace."""
        path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if not path:
            raise harness.Failed("%s is not installed; tools/install-packages test" % name)
        command = [path, *map(str, arguments)]
        if inside:
            command = ["ip", "netns", "exec", inside, *command]
        self.programs.append(Program(command, self.dir / ("%s-%d.out" % (pathlib.Path(path).name, len(self.programs))), **options))
        return self.programs[-1]

    def call(self, *command, given=None, inside=None, check=True):
        """Runs a program to its end; its output."""
        command = list(map(str, command))
        if inside:
            command = ["ip", "netns", "exec", inside, *command]
        done = subprocess.run(command, input=given, capture_output=True, timeout=60)
        if check and done.returncode != 0:
            raise harness.Failed("%s: status %d: %s" % (" ".join(command), done.returncode,
                                                        (done.stdout + done.stderr).decode(errors="replace")))
        return (done.stdout + done.stderr).decode(errors="replace")

    def namespace(self, name):
        name = "lbo%d%s" % (os.getpid(), name)
        if os.getuid() != 0:
            raise harness.Skip("namespaces of the network need root")
        done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
        if done.returncode != 0:
            raise harness.Skip("this machine makes no namespaces of the network (%s)" % done.stderr.strip())
        self.namespaces.append(name)
        self.call("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def close(self, keep_alive_check=True):
        for program in reversed(self.programs):
            program.stop()
        for name in self.namespaces:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        super().close(keep_alive_check)


def from_deploy(path, *changes):
    """A file of deploy/ with changes (old, new), each of which must match."""
    text = (DEPLOY / path).read_text()
    for old, new in changes:
        if old not in text:
            raise harness.Failed("deploy/%s does not say %r" % (path, old))
        text = text.replace(old, new)
    return text


def name_server(t, address, port, nodes):
    """dnsmasq with the records of deploy/dns."""
    records = "".join("srv-host=_icecast._tcp.example.org,%s.example.org,%d,10,100\nhost-record=%s.example.org,127.0.0.1\n"
                      % (name, number, name) for name, number in nodes)
    text = from_deploy("dns/dnsmasq.conf", ("port=53", "port=%d" % port),
                       ("srv-host=_icecast._tcp.example.org,edge1.example.org,8000,10,100\n", records),
                       ("srv-host=_icecast._tcp.example.org,edge2.example.org,8000,10,100\n", ""),
                       ("host-record=edge1.example.org,192.0.2.11\n", ""), ("host-record=edge2.example.org,192.0.2.12\n", ""))
    file = t.dir / ("dnsmasq-%d.conf" % len(t.programs))
    file.write_text(text + "listen-address=%s\nbind-interfaces\n" % address)
    program = t.program("dnsmasq", "--keep-in-foreground", "--log-facility=-", "-C", file, "-u", "nobody", "--pid-file")
    harness.wait_for(lambda: "started, version" in program.said() or not program.alive(), "the name server starts")
    harness.check(program.alive(), "the name server lives: " + program.said())
    return program


def name_server_port():
    """A port for a name server, by UDP and by TCP, below the kernel's range for connections."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise OSError("no port of a hundred is free by UDP and TCP")


def seconds(fact, what, patience=10.0):
    """The time until fact() was true."""
    begin = time.monotonic()
    harness.wait_for(fact, what, patience)
    return time.monotonic() - begin
