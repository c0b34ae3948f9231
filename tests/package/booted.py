"""A Debian in a directory, booted with its own systemd and network, until it is closed."""
import pathlib
import subprocess
import time

PATIENCE = 60.0


class CannotBoot(Exception):
    """This machine cannot boot a system inside it."""


class Booted:
    """Needs root and systemd-nspawn (systemd-container)."""

    def __init__(self, root, log):
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--boot", "--directory", str(root), "--private-network", "--register=no", "--keep-unit"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.log, deadline = pathlib.Path(log), time.monotonic() + PATIENCE
        while "Reached target" not in self.text or "multi-user.target" not in self.text:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise CannotBoot("systemd-nspawn: " + self.text[-800:])
            time.sleep(0.1)

    @property
    def text(self):
        return self.log.read_text(errors="replace")

    @property
    def init(self):
        """Its first process, by the numbers of this machine."""
        children = pathlib.Path("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)).read_text().split()
        return int(children[0])

    def run(self, script, patience=PATIENCE, user="root"):
        """(status, output) of a shell script inside."""
        inside = ["nsenter", "--target", str(self.init), "--all", "--root", "env", "--chdir=/root", "-i", "LC_ALL=C.UTF-8", "HOME=/root",
                  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_PAGER=cat", "setpriv", "--reuid", user,
                  "--regid", user, "--init-groups", "sh", "-c", script]
        done = subprocess.run(inside, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=patience)
        return done.returncode, done.stdout.decode(errors="replace")

    def close(self):
        """Powers it off; systemd-nspawn shuts it down in order."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
