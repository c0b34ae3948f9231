"""System calls fail under a server with listeners and recordings: the losses, the log lines, and the remains."""
import errno

from faulty import Witnesses
from harness import check, equal, test
from replacing import upgrade
from syscalls import Rule


@test
def what_is_sent_in_the_least_parts_is_whole(t):
    w = Witnesses(t)
    w.during(Rule("sendmsg", short=1, path="socket:", every=2, times=4000), hits=50)
    w.during(Rule("sendmsg", error=errno.EAGAIN, path="socket:", every=-20, times=2000), hits=50)
    w.during(Rule("sendmsg", error=errno.EINTR, path="socket:", every=2, times=200), hits=20)
    # The kernel has no memory for it: at the next turn it may have.
    for error in (errno.ENOMEM, errno.ENOBUFS):
        w.during(Rule("sendmsg", error=error, path="socket:", every=3, times=200), hits=20)
        w.during(Rule("sendfile", error=error, path="socket:", times=20), act=w.join)
    w.during(Rule("sendfile", short=1, path="socket:", every=2, times=500), act=w.join)
    w.during(Rule("sendfile", error=errno.EAGAIN, path="socket:", every=-20, times=500), act=w.join)
    w.during(Rule("sendfile", error=errno.EINTR, path="socket:", times=20), act=w.join)
    w.during(Rule("sendfile", error=errno.EINVAL, path="socket:", times=20), act=w.join)
    w.judge()


@test
def what_is_received_in_the_least_parts_is_whole(t):
    w = Witnesses(t)
    w.during(Rule("recv", short=1, path="socket:", times=3000), hits=100)
    w.during(Rule("recv", error=errno.EAGAIN, path="socket:", every=-20, times=2000), hits=20)
    for error in (errno.EINTR, errno.ENOMEM, errno.ENOBUFS):
        w.during(Rule("recv", error=error, path="socket:", every=2, times=50), hits=10)
    w.judge()


@test
def a_shortage_of_memory_that_lasts_costs_no_processor(t):
    """Each connection is tried again ten times a second, as is an accepting socket."""
    w = Witnesses(t)
    for call in ("recv", "sendmsg", "sendfile"):
        for error in (errno.ENOMEM, errno.ENOBUFS):
            begin = w.studio.number
            w.during(Rule(call, error=error, path="socket:"), act=w.knock, wait=lambda: w.studio.number > begin + 40)
            check(w.faults.hits() < 400, "%s was called %d times in 1 s" % (call, w.faults.hits()))
    w.judge()


@test
def what_the_process_before_carries_for_tls_is_whole(t):
    w = Witnesses(t)
    upgrade(w.server)
    for call in ("recv", "sendmsg"):
        w.during(Rule(call, short=1, path="socket:", thread="tls-pump", times=500), hits=20, counted=False)
        for error in (errno.EAGAIN, errno.EINTR, errno.ENOMEM, errno.ENOBUFS):
            w.during(Rule(call, error=error, path="socket:", thread="tls-pump", every=2, times=50), hits=10, counted=False)
    w.judge()


@test
def memory_that_cannot_be_given_back_is_given_back_later(t):
    w = Witnesses(t, limits="<queue-size>65536</queue-size>")
    w.during(Rule("fallocate", error=errno.ENOMEM, path="/memfd:", times=8), Rule("madvise", error=errno.EINVAL, times=8), hits=0)
    w.judge()


@test
def a_source_for_which_there_is_no_memory_is_told_to_come_again(t):
    w = Witnesses(t)
    answers = []
    w.during(Rule("memfd_create", error=errno.ENOMEM, times=1), act=lambda: answers.append(w.offer()), logged="other.mp3.*memfd_create failed")
    equal(answers[0], 503, "the answer to the source")
    other = w.server.source("/other.mp3")
    other.close()
    w.judge()


@test
def a_full_disk_costs_lines_of_the_log_that_are_counted(t):
    w = Witnesses(t)
    for call in (dict(error=errno.ENOSPC), dict(error=errno.EIO), dict(short=7)):
        before = w.metric("icecast_log_lines_lost_total")
        w.during(Rule("write", path=".log", times=200, **call), act=lambda: [w.knock() for _ in range(4)],
                 wait=lambda before=before: w.metric("icecast_log_lines_lost_total") > before)
    w.judge()


@test
def a_disk_that_takes_seconds_delays_the_recording_alone(t):
    w = Witnesses(t)
    w.during(Rule("write", seconds=3, path="/archive/", times=1))
    w.during(Rule("write", short=100, path="/archive/", times=20))
    w.judge()


@test
def a_configuration_that_cannot_be_read_leaves_the_old_one_in_force(t):
    w = Witnesses(t)
    for call, error in (("open", errno.EACCES), ("open", errno.EMFILE), ("read", errno.EIO)):
        w.during(Rule(call, error=error, path="server.xml", times=2), act=lambda: w.server.send_signal(1),
                 logged=r"(EROR|WARN) .*server\.xml.*")
    w.judge()
