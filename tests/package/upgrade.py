"""A new version of the package on a booted Debian: the service continues for its listeners, after an upgrade by
systemd and after a crash."""
import pathlib
import re
import shutil
import subprocess
import time

from booted import Booted
from take_over import holds, says

# A separate program that only needs the clean Debian's interpreter.
CROWD = pathlib.Path(__file__).resolve().parent / "crowd_inside.py"
LISTENERS = 100
UNIT = "icecast-lb.service"
# A new program that works but does not take over from the old one.
REFUSING = r"""
mv usr/bin/icecast-lb usr/bin/icecast-lb-real
printf '#!/bin/sh\ncase "$*" in *--take-over*) exit 1 ;; esac\nexec /usr/bin/icecast-lb-real "$@"\n' >usr/bin/icecast-lb
chmod 755 usr/bin/icecast-lb
"""


def main_pid(machine):
    return int(machine.run("systemctl show -P MainPID %s" % UNIT)[1].strip() or 0)


def repacked(deb, root, version, change=""):
    """The same package as another version; change: shell commands that change its files, in their directory."""
    place = root / "root/repacked"
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["dpkg-deb", "-R", str(deb), str(place)], check=True)
    control = place / "DEBIAN/control"
    control.write_text(re.sub("(?m)^Version: .*$", "Version: " + version, control.read_text()))
    if change:
        subprocess.run(["sh", "-ec", change], check=True, cwd=place)
    made = root / ("root/icecast-lb_%s.deb" % version)
    subprocess.run(["dpkg-deb", "-Zgzip", "-z1", "-b", str(place), str(made)], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(place)
    return "/root/" + made.name


def as_it_is(deb, root, name):
    made = root / ("root/%s.deb" % name)
    shutil.copy(deb, made)
    return "/root/" + made.name


class Crowd:
    """crowd_inside.py: an encoder, listeners, and connects at a rate; what it counts."""

    def __init__(self, machine, system, name, arguments):
        shutil.copy(CROWD, system.path("root/crowd_inside.py"))
        self.machine, self.name = machine, name
        machine.run("rm -f /root/%s.*; (python3 -B /root/crowd_inside.py %s --to /root/%s >/root/%s.out 2>&1 &)" % (
            name, arguments, name, name))

    def counted(self):
        """{name: number}"""
        text = self.machine.run("cat /root/%s.count 2>/dev/null || cat /root/%s.out" % (self.name, self.name))[1]
        return {key: float(value) for key, value in re.findall(r"(\w+)=([\d.]+)", text)}

    def wait(self, fact, patience=30.0):
        deadline = time.monotonic() + patience
        while True:
            counted = self.counted()
            if fact(counted) or time.monotonic() > deadline:
                return counted
            time.sleep(0.1)

    def end(self):
        self.machine.run("touch /root/%s.end" % self.name)
        return self.wait(lambda counted: counted.get("ended"))


def upgrade(system, deb, log, check, older=None):
    """system: a Debian with systemd and our package's dependencies; older: the package of another build, which is
    upgraded to this one; without it, this package is upgraded to itself as another version; check(fact, what,
    detail)."""
    first = as_it_is(older, system.root, "older") if older else repacked(deb, system.root, "0.0.1")
    second = as_it_is(deb, system.root, "newer") if older else repacked(deb, system.root, "0.0.2", "printf x >>usr/bin/icecast-lb")
    third = repacked(deb, system.root, "0.0.3", REFUSING)
    machine = Booted(system.root, log)
    try:
        machine.run("ip link set lo up; dpkg --purge icecast-lb")
        status, said = machine.run("DEBIAN_FRONTEND=noninteractive dpkg -i %s" % first, patience=180)
        check(status == 0, "the package is installed", said[-600:])
        check(*says(machine, "systemctl is-active icecast-lb", "and its service runs"))
        port = re.search("<port>([0-9]+)</port>", system.path("etc/icecast-lb/icecast-lb.xml").read_text()).group(1)
        password = re.search("<source-password>(.*?)<", system.path("etc/icecast-lb/icecast-lb.xml").read_text()).group(1)
        before = main_pid(machine)
        crowd = Crowd(machine, system, "heard", "--port %s --password %s --listeners %d" % (port, password, LISTENERS))
        counted = crowd.wait(lambda c: c.get("hearing") == LISTENERS)
        check(counted.get("hearing") == LISTENERS, "%d listeners hear a stream" % LISTENERS, counted)

        status, said = machine.run("DEBIAN_FRONTEND=noninteractive dpkg -i %s" % second, patience=180)
        check(status == 0 and re.search(r"process \d+ has taken over %d listeners, 1 sources" % LISTENERS, said),
              "a new version takes over from the running one", said[-800:])
        after = main_pid(machine)
        check(after not in (0, before), "systemd knows the new process", (before, after))
        check(*says(machine, "[ /proc/%d/exe -ef /usr/bin/icecast-lb ]" % after, "which runs the new program"))
        still = crowd.counted()
        counted = crowd.wait(lambda c: c.get("least", 0) > still.get("most", 0))
        check(counted.get("hearing") == LISTENERS and not counted.get("lost") and not counted.get("wrong"),
              "none of them is disconnected, and each hears every byte once", counted)

        check(*says(machine, "systemctl status --no-pager %s | grep -q 'Main PID: %d '" % (UNIT, after), "systemctl status shows it"))
        check(*says(machine, "systemctl is-active -q icecast-lb && systemctl reload icecast-lb", "systemctl reload works behind it"))
        check(main_pid(machine) == after, "and is not an upgrade", machine.run("systemctl status --no-pager icecast-lb")[1])
        fed = machine.run("systemctl show -P WatchdogTimestampMonotonic icecast-lb")[1].strip()
        check(*says(machine, "test \"$(systemctl show -P WatchdogTimestampMonotonic icecast-lb)\" != %s" % fed, "the watchdog is fed"))
        status, said = machine.run("DEBIAN_FRONTEND=noninteractive dpkg -i %s" % second, patience=180)
        check(status == 0 and "has taken over %d listeners" % LISTENERS in said and main_pid(machine) != after,
              "a package after that is taken over by as well", said[-400:])
        counted = crowd.end()
        check(counted.get("hearing") == LISTENERS and not counted.get("lost"), "all hear to the end", counted)

        crash(machine, system, port, password, check)

        status, said = machine.run("DEBIAN_FRONTEND=noninteractive dpkg -i %s; journalctl -u icecast-lb -n 30 --no-pager" % third, patience=180)
        check("restarted instead" in said and "not replaced" in said, "one that does not go on for it is restarted instead, and the installation says so", said[-800:])
        check(*says(machine, "systemctl is-active -q icecast-lb", "then it serves"))
        status, said = machine.run("DEBIAN_FRONTEND=noninteractive dpkg -i %s" % first, patience=180)
        check(*says(machine, "systemctl is-active -q icecast-lb", "the old package again, and it serves"))
        check(*says(machine, "systemctl stop icecast-lb && ! systemctl is-active -q icecast-lb && ! pgrep -x icecast-lb", "systemctl stop ends it"))
        check(*says(machine, "! ss -Hltn 'sport = :%s' | grep -q ." % port, "and its port"))
        status, said = machine.run("apt-get -q -y purge icecast-lb", patience=180)
        check(status == 0, "it is purged", said[-400:])
    finally:
        machine.close()


def crash(machine, system, port, password, check):
    """Takes the best time of three, because a busy machine makes the others longer."""
    check(*says(machine, "test \"$(systemctl show -P NFileDescriptorStore icecast-lb)\" -gt 0", "systemd keeps its listen sockets"))
    times = []
    while len(times) < 3 and not any(0 < seconds <= 0.5 for seconds in times):
        times.append(one_crash(machine, system, port, password, check))
    check(0 < min(times) <= 0.5, "listeners hear again after %s s" % ", ".join("%.3f" % seconds for seconds in times), times)


def one_crash(machine, system, port, password, check):
    crowd = Crowd(machine, system, "crash", "--port %s --password %s --listeners 20 --rate 4000" % (port, password))
    counted = crowd.wait(lambda c: c.get("hearing") == 20 and c.get("connects", 0) > 4000)
    check(counted.get("connects", 0) > 4000, "connects at a rate of %.0f a second" % counted.get("rate", 0), counted)
    victim = main_pid(machine)
    machine.run("kill -9 %d" % victim)
    counted = crowd.wait(lambda c: c.get("away") and c.get("hearing") == 20)
    check(main_pid(machine) not in (0, victim), "killed, it is started again", machine.run("systemctl status --no-pager icecast-lb")[1])
    check(counted.get("connects") and counted.get("refused") == 0, "no connect of %d is refused meanwhile" % counted.get("connects", 0), counted)
    crowd.end()
    return counted.get("away") or 9.0
