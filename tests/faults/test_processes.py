"""Programs, clocks and the hand-over: a failed start is reported, and all other parts continue."""
import errno

from faulty import Witnesses
from harness import Failed, check, equal, matches, mount, test, wait_for
from replacing import refused_upgrade
from syscalls import Faults, Rule


@test
def a_program_that_cannot_be_started_is_named(t):
    script = t.dir / "on"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    w = Witnesses(t, body=mount("/other.mp3", "<on-connect>%s</on-connect>" % script))
    for call, error in (("posix_spawn", errno.EAGAIN), ("posix_spawn", errno.ENOMEM), ("syscall 434", errno.EMFILE), ("syscall 434", errno.ENOSYS)):
        w.during(Rule(call, error=error, times=1), act=w.offer)
        equal(w.offer(), 200, "the next source behind " + call)
    w.during(Rule("waitpid", error=errno.EINTR, times=2), act=w.offer, hits=0)
    wait_for(lambda: not w.children(), "programs that have ended are gone")
    w.judge()


@test
def clocks_and_watches_that_fail_are_made_up_for(t):
    w = Witnesses(t)
    w.during(Rule("timerfd_settime", error=errno.EINVAL, times=10))
    w.during(Rule("epoll_ctl", error=errno.ENOMEM, path="socket:", times=2), act=lambda: [w.knock() for _ in range(3)])
    w.during(Rule("eventfd", error=errno.EMFILE, times=2), act=w.knock, hits=0)
    w.join()
    w.judge()


@test
def an_upgrade_that_cannot_begin_changes_nothing(t):
    w = Witnesses(t)
    for rule, why in ((Rule("posix_spawn", error=errno.EAGAIN, times=1), "could not be started"),
                      (Rule("posix_spawn", error=errno.ENOMEM, times=1), "could not be started"),
                      (Rule("socketpair", error=errno.EMFILE, times=1), "socketpair"),
                      (Rule("sendmsg", error=errno.ETOOMANYREFS, thread="icecast-lb", times=1), "could not be sent"),
                      # Two messages each: the offer, what the new program says, and what is handed over.
                      (Rule("sendmsg", error=errno.ETOOMANYREFS, thread="icecast-lb", every=5, times=1), "could not be sent"),
                      (Rule("sendmsg", error=errno.EMFILE, thread="icecast-lb", every=6, times=1), "could not be sent"),
                      (Rule("recvmsg", short=1, thread="icecast-lb", every=2, times=1), "ended|refuses"),
                      (Rule("recvmsg", error=errno.ENOMEM, thread="icecast-lb", every=3, times=1), "no message came"),
                      # The copy of this process that carries what is encrypted, and its pairs of sockets.
                      (Rule("fork", error=errno.EAGAIN, times=1), "a process for encrypted connections"),
                      (Rule("socketpair", error=errno.EMFILE, every=2, times=1), "socketpair: Too many open files"),
                      # Of the new process: before the pause, so that nothing waits for it.
                      (Rule("pthread_create", error=errno.EAGAIN, times=1), "the system makes no more threads")):
        w.during(rule, act=lambda why=why: refused_upgrade(w.server, why))
    w.judge()


def fails_to_start(t, faults, rule):
    """The output of a server that ends with status 1; None: it runs."""
    server = t.unstarted_server()
    faults.clear()
    faults.put([rule])
    try:
        server.start(env=faults.environment)
    except Failed as e:
        check("ended with 1 " in str(e), "%s: status 1 and a sentence: %s" % (rule, str(e)[-600:]))
        text = server.out.read_text() + server.log()
        server.process = None
        return text
    faults.clear()
    return None if server.stop() == 0 else ""


@test
def a_server_that_cannot_start_says_why(t):
    faults = Faults(t)
    for rule, why in ((Rule("eventfd", error=errno.EMFILE, times=9), "event loop"), (Rule("timerfd_create", error=errno.EMFILE), "event loop"),
                      (Rule("pthread_create", error=errno.EAGAIN, every=2), "the system makes no more threads"),
                      (Rule("pthread_create", error=errno.EAGAIN, times=1), "the system makes no more threads"),
                      (Rule("socket", error=errno.EMFILE), "cannot bind"), (Rule("bind", error=errno.EADDRINUSE), "cannot bind"),
                      (Rule("listen", error=errno.EADDRINUSE), "cannot listen"), (Rule("open", error=errno.ENOSPC, path=".log"), "No space left"),
                      (Rule("open", error=errno.EACCES, path="server.xml"), "Permission denied")):
        matches(why, fails_to_start(t, faults, rule), "what it says where %s" % rule)
    # What the kernel takes a little later holds nobody up.
    equal(fails_to_start(t, faults, Rule("epoll_ctl", error=errno.ENOMEM, path="socket:", times=5)), None)
