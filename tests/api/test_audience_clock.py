"""The clock of a server is set by hours while listeners are there: their listenings are as long as they were."""
import time

import preload
from harness import check, test, wait_for
from test_audience import AUDIENCE, ended, heard_long_enough, leaves, listens, on_air, sessions

HOUR = 3600
# The clock on the wall is ahead by the seconds that the file has.
CLOCK = r"""
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
static volatile long *ahead;
__attribute__((constructor)) static void begin(void) {
  int fd = open(getenv("LB_CLOCK"), O_RDONLY | O_CLOEXEC);
  void *page = fd < 0 ? MAP_FAILED : mmap(0, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) ahead = page;
  if (fd >= 0) close(fd);
}
int clock_gettime(clockid_t which, struct timespec *now) {
  int result = (int)syscall(SYS_clock_gettime, which, now);
  if (result == 0 && which == CLOCK_REALTIME && ahead) now->tv_sec += *ahead;
  return result;
}
"""


def a_clock_is_set(t, hours):
    clock = t.dir / "clock"
    clock.write_bytes(bytes(8))

    def set_to(seconds):
        with clock.open("r+b", buffering=0) as file:
            file.write(seconds.to_bytes(8, "little", signed=True))
    server = t.unstarted_server()
    (server.dir / "state").mkdir()
    server.write_config(body=AUDIENCE, paths="<state-dir>%s/state</state-dir>" % server.dir)
    env = preload.environment(t, "clock", CLOCK, LB_CLOCK=clock)
    server.start(env=env)
    source = on_air(server)
    stays = listens(server)
    began = time.monotonic()
    goes = listens(server, "mpv 0.35")
    heard_long_enough(server, 2)
    set_to(hours * HOUR)
    wait_for(lambda: time.monotonic() > began + 9, "it goes on", 20)
    leaves(server, source, goes)
    went = time.monotonic() - began
    wait_for(lambda: time.monotonic() > began + 12, "it goes on", 20)
    server.kill()
    heard = time.monotonic() - began
    for one in (stays, source):
        one.close()
    set_to(0)
    server.start(env=env)
    query = "&from=%d&to=%d" % (time.time() - 5 * HOUR, time.time() + 5 * HOUR)
    rows = ended(server, 2, query)
    for player, known in (("VLC", heard), ("mpv", went)):
        row = next(row for row in rows if row["player"] == player)
        check(abs(row["seconds"] - known) < 2, "%s heard %.1f s, and %.1f s are known" % (player, known, row["seconds"]))
    check(not [row for row in sessions(server, query) if row["open"]], "all have ended")


@test
def a_clock_set_forward_makes_no_listening_longer(t):
    a_clock_is_set(t, 3)


@test
def a_clock_set_back_makes_no_listening_shorter(t):
    a_clock_is_set(t, -3)
