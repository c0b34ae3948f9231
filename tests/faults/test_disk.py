"""Files cannot be opened, written, synced, renamed or read, or take seconds: no stream waits for a disk."""
import errno
import signal
import subprocess
import time

from api import Api
from faulty import GAP, Witnesses
from harness import ADMIN, Settings, check, equal, test, wait_for
from syscalls import Rule


@test
def logs_that_cannot_be_opened_again_stay_open(t):
    w = Witnesses(t)
    for call, error in (("open", errno.EACCES), ("open", errno.EROFS), ("open", errno.EMFILE), ("open", errno.ENOSPC)):
        w.during(Rule(call, error=error, path=".log", times=3), act=lambda: w.server.send_signal(signal.SIGUSR1))
    w.server.send_signal(signal.SIGUSR1)
    w.knock()
    w.judge()


@test
def logs_on_a_disk_that_does_not_answer_hold_up_nobody(t):
    w = Witnesses(t)
    began = time.monotonic()
    # One write after the other is late; what many joins and titles write meanwhile waits for it.
    w.during(Rule("write", seconds=3, path="error.log", times=2), act=lambda: [w.join() for _ in range(5)])
    check(time.monotonic() - began < 20, "joins went on beside it")
    w.judge()


@test
def what_is_audited_on_a_disk_that_does_not_answer_holds_up_nobody(t):
    w = Witnesses(t, body="<console/>")

    def be_audited():
        for _ in range(5):
            begin = time.monotonic()
            equal(w.server.get("/admin/killsource?mount=/none", ADMIN).status, 400)
            check(time.monotonic() - begin < GAP, "an order waited for %.1f s" % (time.monotonic() - begin))

    w.during(Rule("write", seconds=5, path="audit.log", times=1), act=be_audited)
    wait_for(lambda: w.server.log("audit").count("killsource") == 5, "all are written", 20)
    w.judge()


@test
def audited_lines_of_a_reload_follow_each_other_on_a_slow_disk(t):
    w = Witnesses(t, body="<console/>")
    done = []

    def be_audited():
        equal(w.server.get("/admin/killsource?mount=/none", ADMIN).status, 400)
        done.append(1)
        return len(done) > 5 and w.faults.hits()

    be_audited()
    wait_for(lambda: "killsource" in w.server.log("audit"), "the log has a line")
    # Its end is read again when the logs are opened again, and more is written meanwhile.
    w.during(Rule("pread", seconds=3, path="audit.log", times=1),
             act=lambda: (w.server.send_signal(signal.SIGHUP), wait_for(be_audited, "orders are given while it is read")))
    be_audited()
    wait_for(lambda: w.server.log("audit").count("killsource") == len(done), "all are written", 20)
    told = subprocess.run([Settings.binary, "--check-audit", w.server.dir / "log" / "audit.log"], capture_output=True, text=True, timeout=60)
    check(told.returncode == 0 and "each follows" in told.stdout, "%r" % told)
    w.judge()


@test
def a_recording_on_a_bad_disk_costs_the_recording(t):
    w = Witnesses(t)
    for call, error in (("write", errno.EIO), ("write", errno.ENOSPC), ("fdatasync", errno.EIO), ("open", errno.EROFS), ("renameat", errno.EIO),
                        ("statvfs", errno.EIO), ("stat", errno.EIO), ("unlink", errno.EROFS)):
        w.during(Rule(call, error=error, path="/archive", times=2), hits=0)
    for call in ("write", "fdatasync", "open"):
        w.during(Rule(call, seconds=5, path="/archive/", times=1), hits=1 if call == "write" else 0)
    w.judge(recording=False)


@test
def a_dump_on_a_bad_disk_ends(t):
    w = Witnesses(t, live="<dump-file>%s/dump.mp3</dump-file>" % (t.dir / "server0"))
    w.during(Rule("write", short=100, path="dump.mp3", times=20))
    w.during(Rule("write", seconds=5, path="dump.mp3", times=1))
    w.during(Rule("write", error=errno.ENOSPC, path="dump.mp3", times=1), logged="dump")
    w.judge()


@test
def a_dump_on_a_disk_that_does_not_answer_holds_up_no_change_of_the_store(t):
    folder = t.dir / "server0"
    w = Witnesses(t, live="<dump-file>%s/dump.mp3</dump-file>" % folder, body='<store type="files" path="%s/records"/>' % folder)
    api = Api(w.server)

    def change():
        wait_for(w.faults.hits, "the dump waits for its disk")
        begin = time.monotonic()
        api.want(201, "POST", "/mounts", {"mount": "/other.mp3"})
        check(time.monotonic() - begin < GAP, "a change waited for %.1f s" % (time.monotonic() - begin))

    w.during(Rule("write", seconds=5, path="dump.mp3", times=1), act=change, counted=False)
    w.judge()


@test
def state_that_cannot_be_kept_is_said_once(t):
    w = Witnesses(t)
    for call in ("open", "write", "fsync", "rename", "stat", "openat", "flock"):
        for error in (errno.ENOSPC, errno.EROFS, errno.EIO):
            w.during(Rule(call, error=error, path="/state", times=6), act=lambda: w.server.send_signal(signal.SIGHUP), hits=0)
    w.judge()


@test
def pages_that_cannot_be_read_are_500_or_404_and_come_back(t):
    w = Witnesses(t)
    (w.server.dir / "web" / "page.txt").write_text("whole\n")
    for call, error in (("open", errno.EMFILE), ("openat", errno.EMFILE), ("openat", errno.EACCES), ("fstat", errno.EIO), ("statx", errno.EIO), ("stat", errno.EIO),
                        ("pread", errno.EIO), ("preadv2", errno.EIO), ("read", errno.EIO), ("sendfile", errno.EIO)):
        w.during(Rule(call, error=error, path="page.txt", times=3), act=lambda: w.ask("/page.txt"), hits=0)
        wait_for(lambda: w.ask("/page.txt") == 200, "the page is read again behind %s" % call)
    w.during(Rule("openat", seconds=5, path="page.txt", times=1), act=lambda: w.ask("/page.txt"), hits=0)
    w.judge()


@test
def directories_that_cannot_be_listed_change_nothing(t):
    w = Witnesses(t)
    for call, error in (("opendir", errno.EMFILE), ("readdir", errno.EIO), ("statx", errno.EACCES), ("lstat", errno.EIO), ("fstatat", errno.EIO)):
        w.during(Rule(call, error=error, times=10), act=lambda: (w.server.send_signal(signal.SIGHUP), w.knock()), hits=0)
    w.judge()
