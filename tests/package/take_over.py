"""The commands of doc/migration.md on a booted Debian with icecast2: afterwards our server runs in its place."""
import pathlib
import re
import shutil
import time

from booted import Booted

TOP = pathlib.Path(__file__).resolve().parents[2]
CONFIG = "etc/icecast-lb/icecast-lb.xml"
MOUNT = "<mount><mount-name>/morning.mp3</mount-name><stream-name>Radio Before</stream-name><max-listeners>7</max-listeners></mount>"


def pasted(wanted):
    """The block of the page with these words, as a reader copies it."""
    text = (TOP / "doc/migration.md").read_text()
    found, = [block for block in re.findall(r"(?ms)^```sh\n(.*?)^```$", text) if wanted in block]
    return found


def holds(machine, question, patience=20.0):
    deadline = time.monotonic() + patience
    while True:
        status, said = machine.run(question)
        if status == 0 or time.monotonic() > deadline:
            return status == 0, said
        time.sleep(0.2)


def take_over(system, deb, log, check):
    """system: with icecast2, without ours; check(fact, what, detail)."""
    shutil.copy(deb, system.path("root/icecast-lb.deb"))
    system.path("root/morning.mp3").write_bytes(10 * (TOP / "demo/morning.mp3").read_bytes())
    system.path("etc/hostname").write_text("radio\n")
    system.path("etc/hosts").write_text("127.0.0.1 localhost radio\n")
    theirs = system.path("etc/icecast2/icecast.xml")
    text = theirs.read_text().replace("</icecast>", MOUNT + "\n</icecast>")
    theirs.write_text(re.sub(r"(<(source|relay|admin)-password>)hackme<", r"\1old-\2<", text))
    machine = Booted(system.root, log)
    try:
        status, said = machine.run("systemctl enable icecast2; systemctl restart icecast2 && ip link set lo up")
        check(status == 0, "icecast2 starts", said)
        check(*says(machine, "curl -sf http://localhost:8000/status.xsl | grep -q Icecast", "icecast2 has port 8000"))
        # Installed without a network, like a downloaded package.
        status, said = machine.run("apt-get -q -y --no-install-recommends install /root/icecast-lb.deb", patience=180)
        check(status == 0, "our package is installed beside it", said[-600:])
        check(*says(machine, "systemctl is-active icecast-lb && curl -sf http://localhost:8010/status.xsl", "ours has port 8010"))
        listening = machine.run("curl -s -m 1 -o /dev/null http://localhost:8000/status.xsl")
        check(listening[0] == 0, "icecast2 has not noticed", listening[1])

        status, said = machine.run("set -e\n" + pasted("--import /etc/icecast2/icecast.xml"), patience=120)
        check(status == 0, "the commands of migration.md, pasted", said[-1500:])
        status, said = machine.run("systemctl is-active icecast2; systemctl is-enabled icecast2; systemctl is-active icecast-lb; systemctl is-enabled icecast-lb")
        states = re.findall("(?m)^(active|inactive|enabled|disabled)$", said)
        check(states == ["inactive", "disabled", "active", "enabled"], "icecast2 is off, ours is on, after a reboot too", said)
        check(*says(machine, "curl -sf http://localhost:8000/status-json.xsl", "our server has the port of icecast2"))
        check(*says(machine, "curl -sf -u admin:old-admin http://localhost:8000/admin/stats | grep -q icestats", "and its passwords"))
        send = "curl -sS -m 15 --limit-rate 32k -T /root/morning.mp3 -u source:old-source -H 'Content-Type: audio/mpeg' http://localhost:8000/morning.mp3"
        machine.run("(%s >/root/sent 2>&1 &)" % send)
        check(*says(machine, "curl -sf http://localhost:8000/status-json.xsl | grep -q 'Radio Before'", "and its mounts, with their settings"))
        status, said = machine.run("curl -s -m 2 http://localhost:8000/morning.mp3 | wc -c")
        check(int(said) > 30000, "which are heard (%s bytes in 2 s)" % said.strip(), machine.run("cat /root/sent; tail -n 5 /var/log/icecast-lb/error.log")[1])
        status, said = machine.run("journalctl -u icecast-lb --no-pager; tail -n 50 /var/log/icecast-lb/error.log")
        check("denied" not in said.lower() and not re.search("cannot (?!be read; the built-in)", said), "nothing is refused to the service", said[-1500:])
    finally:
        machine.close()

    machine = Booted(system.root, log)
    try:
        check(*says(machine, "curl -sf http://localhost:8000/status-json.xsl", "after a reboot of the machine it is there again"))
        check(*says(machine, "systemctl reload icecast-lb", "systemctl reload works"))
        status, said = machine.run("set -e\n" + pasted("systemctl disable --now icecast-lb"), patience=120)
        check(status == 0, "back again, pasted", said[-800:])
        check(*says(machine, "curl -sf http://localhost:8000/status.xsl | grep -q Icecast && ! systemctl is-active -q icecast-lb", "icecast2 has its port again"))
    finally:
        machine.close()


def says(machine, question, what):
    held, said = holds(machine, question)
    return held, what, said[-600:]
