"""Other servers of the family, as masters and slaves: Debian's icecast2 and Icecast-KH."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from bench import Skip, wait_for
from harness import Failed, Server, as_nobody, give_away
from tasks import states_of

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tools"))
import build_kh  # noqa: E402

KH_TARBALL = pathlib.Path(os.environ.get("SHARED", TOP.parent / "shared")) / "peers/icecast-kh.tar.gz"
building = threading.Lock()
STOCK = shutil.which("icecast2")

CONFIG = """<icecast>
  <hostname>%(host)s</hostname>
  <limits><clients>100</clients><sources>20</sources></limits>
  <authentication><source-password>src-secret</source-password><relay-password>rel-secret</relay-password>
    <admin-user>admin</admin-user><admin-password>adm-secret</admin-password></authentication>
  <port>%(port)d</port>
  <listen-socket><port>%(port)d</port><bind-address>%(host)s</bind-address></listen-socket>
  %(body)s
  <fileserve>1</fileserve>
  <paths><basedir>%(dir)s</basedir><logdir>%(dir)s/log</logdir><webroot>%(share)s/web</webroot>
    <adminroot>%(share)s/admin</adminroot></paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>4</loglevel></logging>
  <security><chroot>0</chroot></security>
</icecast>
"""


class Foreign(Server):
    """Another program with the interface of the bench's servers."""

    def __init__(self, bench, site, binary, share, body):
        directory = bench.dir / ("foreign-" + site.host)
        directory.mkdir()
        self.site, self.binary, self.share, self.body = site, str(binary), share, body
        super().__init__(bench, directory, site.host)
        self.ports = [site.port]
        bench.servers.append(self)

    def write_config(self, **slots):
        self.config.write_text(CONFIG % {"host": self.site.host, "port": self.site.port, "dir": self.dir,
                                         "share": self.share, "body": self.body})
        give_away(self.dir)

    def start(self, arguments=None):
        self.out = self.dir / "out"
        # Icecast 2.4.4 sometimes crashes at its start on a text that it has not set yet, so it is started again.
        for attempt in range(5):
            self.launch()
            try:
                wait_for(self.answers, "%s answers: %s" % (self.binary, self.out.read_text()), 10)
                return self
            except Failed:
                if attempt == 4 or self.process.poll() != -signal.SIGSEGV:
                    raise

    def has_begun(self):
        """Waits until its four threads sleep: Icecast 2.4.4 may crash, or ignore its master, if it is asked earlier."""
        try:
            states = [state for _, state in states_of(self.process.pid)]
            return len(states) >= 4 and set(states) == {"S"}
        except (FileNotFoundError, ProcessLookupError):  # a thread has just ended
            return False

    def launch(self):
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(as_nobody([self.binary, "-c", str(self.config)]), stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out, cwd=self.dir)

    def answers(self):
        if self.process.poll() is not None:
            raise Failed("%s ended with %d: %s" % (self.binary, self.process.returncode, self.out.read_text()))
        if self.binary == STOCK and not self.has_begun():
            return None
        try:
            return self.get("/").status
        except (OSError, Failed):
            return None


def stock(bench, site, body=""):
    if not STOCK:
        raise Skip("icecast2 is not installed")
    return Foreign(bench, site, STOCK, "/usr/share/icecast2", body)


def kh(bench, site, body=""):
    try:
        with building:
            program = build_kh.build_kh(KH_TARBALL)
    except build_kh.BuildFailed as e:
        raise Skip(str(e)) from e
    # The build directory may not be readable for other users.
    home = pathlib.Path(tempfile.mkdtemp(prefix="kh-", dir=bench.dir))
    home.chmod(0o755)
    shutil.copy(program, home)
    shutil.copytree(program.parent / "share", home / "share")
    return Foreign(bench, site, home / "icecast", home / "share", body)


def stock_slave_body(master):
    return ("<master-server>%s</master-server><master-server-port>%d</master-server-port>"
            "<master-update-interval>2</master-update-interval><master-password>rel-secret</master-password>"
            % (master.host, master.port))


def kh_slave_body(master, more=""):
    return ("<master><server>%s</server><port>%d</port><username>relay</username><password>rel-secret</password>"
            "<interval>5</interval></master><master-redirect>1</master-redirect><master-update-interval>5</master-update-interval>%s"
            % (master.host, master.port, more))
