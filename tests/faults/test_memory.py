"""Memory and descriptors for a stream's log are missing: its source is refused or ended, and other listeners hear
on."""
import errno

from faulty import Witnesses
from harness import check, mount, test, wait_for
from media import MP3_FRAME
from syscalls import Rule


@test
def a_source_that_cannot_begin_is_told_so(t):
    w = Witnesses(t)
    for call, error in (("memfd_create", errno.EMFILE), ("memfd_create", errno.ENOMEM), ("ftruncate", errno.ENOSPC),
                        ("ftruncate", errno.EINVAL), ("mmap", errno.ENOMEM)):
        answers = []
        w.during(Rule(call, error=error, path="other.mp3", times=1), act=lambda: answers.append(w.offer()), logged="(EROR|WARN) .*other.mp3", hits=1)
        check(answers[0] in (200, 503), "the answer to a source where %s fails: %d" % (call, answers[0]))
        wait_for(lambda: w.server.stat("/other.mp3", "listeners") is None, "it has ended")
    other = w.server.source("/other.mp3")
    other.close()
    w.judge()


@test
def a_source_whose_log_cannot_grow_ends_and_its_listeners_go_to_the_fallback(t):
    w = Witnesses(t, body=mount("/other.mp3", "<fallback-mount>/live.mp3</fallback-mount><fallback-override>1</fallback-override>"))
    for call, error in (("ftruncate", errno.ENOSPC), ("mmap", errno.ENOMEM)):
        other = w.server.source("/other.mp3", tag="O")
        other.play(20)
        one = w.server.listener("/other.mp3")
        one.read(10 * MP3_FRAME)

        def push():
            try:
                for _ in range(600):
                    other.play(10)
            except OSError:
                pass
        w.during(Rule(call, error=error, path="other.mp3", times=1), act=push, logged="(EROR|WARN) .*other.mp3", counted=False)
        wait_for(lambda: w.server.stat("/other.mp3", "source_ip") is None, "the source has ended")
        one.take_until(b"<S%09d>" % (w.studio.number + 5))
        one.close()
        other.close()
    w.during(Rule("madvise", error=errno.EINVAL, times=50), act=lambda: w.offer(), hits=1)
    w.judge()


@test
def memory_that_is_not_given_back_is_given_back_with_the_next(t):
    w = Witnesses(t, limits="<queue-size>65536</queue-size>")
    for error in (errno.ENOMEM, errno.ENOSPC, errno.EINTR):
        w.during(Rule("fallocate", error=error, path="/memfd:", times=1), patience=30)
    blocks = w.log_bytes()
    number = w.studio.number
    wait_for(lambda: w.studio.number > number + 400, "the log moves on", 20)
    # The window, its segments, and nothing of what was kept.
    wait_for(lambda: w.log_bytes() <= blocks + 65536 and w.log_bytes() < 500000, "the pages come back: %d bytes" % w.log_bytes(), 15)
    w.judge()
