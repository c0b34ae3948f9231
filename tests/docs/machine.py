"""The machine of one test: this system under a temporary layer, with its own network and processes.

The layer (overlayfs over /) is in memory, so a command's changes in /etc, /var or /usr/local disappear with it.
systemctl and sudo are replaced by programs of this folder, because neither works there.  The source tree is at
/usr/src/icecast-lb, read-only; the program is where "make install" puts it.
"""
import os
import pathlib
import re
import subprocess
import tempfile

from harness import Failed, Settings, Skip, check, wait_for
from tasks import children_of

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
SETUP = r"""
set -e
mount -t tmpfs none "$0"
mkdir "$0/up" "$0/work" "$0/root"
mount -t overlay none -o "lowerdir=/,upperdir=$0/up,workdir=$0/work" "$0/root"
cd "$0/root"
mkdir -p usr/src/icecast-lb
mount --bind "$1" usr/src/icecast-lb
mount -o remount,ro,bind usr/src/icecast-lb
install -m 755 "$2" usr/local/bin/icecast-lb
install -m 755 "$(dirname "$2")/icelb" usr/local/bin/icelb
install -m 755 "$3/systemctl" usr/local/sbin/systemctl
install -m 755 "$3/sudo" usr/local/bin/sudo
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs none run
mount -t tmpfs none tmp
chmod 1777 tmp
printf '127.0.0.1 radio.example.org m1.example.org\n127.0.0.2 edge1.example.org\n' >>etc/hosts
ip link set lo up
exec chroot . sh -c 'echo up >/run/up; exec sleep infinity'
"""
ENVIRONMENT = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
               "SDL_AUDIODRIVER=dummy"]


class Machine:
    def __init__(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="icecast-lb-docs-"))
        self.init, self.inside = None, None

    def start(self):
        if os.getuid() != 0:
            raise Skip("only root can make a machine of namespaces")
        self.errors = open(self.place / "errors", "w+b")
        self.init = subprocess.Popen(
            # If the tests themselves are killed, the machine ends too.
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child",
             "--propagation", "private", "sh", "-c", SETUP,
             str(self.place / "."), str(TOP), Settings.binary, str(HERE)],
            stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors)
        self.inside = wait_for(self.first_process, "unshare has a child")
        wait_for(self.is_up, "the machine is up")
        Settings.started += 1
        return self

    def first_process(self):
        return "".join(str(pid) for pid in children_of(self.init.pid))

    def is_up(self):
        if self.init.poll() is not None:
            self.errors.seek(0)
            raise Skip("no machine can be made of namespaces here: " + self.errors.read().decode(errors="replace").strip()[-300:])
        return pathlib.Path("/proc/%s/root/run/up" % self.inside).exists()

    def path(self, name):
        return pathlib.Path("/proc/%s/root%s" % (self.inside, name))

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def command(self, script):
        return ["nsenter", "--target", self.inside, "--mount", "--net", "--pid", "--root", "--wd", *ENVIRONMENT, "bash", "-c", script]

    def shell(self, script, status=0, patience=60, cwd="/usr/src/icecast-lb"):
        """Runs a script; its output, errors included."""
        try:
            done = subprocess.run(self.command("cd %s\n%s" % (cwd, script)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=patience)
        except subprocess.TimeoutExpired as e:
            raise Failed("does not end: %s\n%s" % (script, (e.stdout or b"").decode(errors="replace")[-1500:])) from None
        text = done.stdout.decode(errors="replace")
        check(status is None or done.returncode == status,
              "status %d, expected %s, of\n%s\n%s" % (done.returncode, status, script, text[-2500:]))
        return text

    def says(self, script, wanted, patience=None):
        """Waits until the script's output matches."""
        last = [""]

        def matches():
            last[0] = self.shell(script, None)
            return re.search(wanted, last[0], re.M)
        try:
            return wait_for(matches, "")
        except Failed:
            raise Failed("%s never says %r, but %r" % (script, wanted, last[0][-800:])) from None

    def close(self, passed=True):
        if self.init and self.init.poll() is None:
            # --kill-child: the machine's first process ends with unshare, and all others with it.
            self.init.kill()
        if self.init:
            self.init.wait()
            self.errors.close()
            (self.place / "errors").unlink(missing_ok=True)
        self.place.rmdir()
