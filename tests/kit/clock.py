"""A clock on the wall that a test sets, for all servers that it starts with `environment`."""
import datetime
import os
import time

import preload

# The clock is ahead by the seconds that the file has.
SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
static volatile long *ahead;
static int (*real)(clockid_t, struct timespec *);
__attribute__((constructor)) static void begin(void) {
  int fd = open(getenv("LB_CLOCK"), O_RDONLY | O_CLOEXEC);
  void *page = fd < 0 ? MAP_FAILED : mmap(0, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) ahead = page;
  if (fd >= 0) close(fd);
}
int clock_gettime(clockid_t which, struct timespec *now) {
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(which, now);
  if (result == 0 && which == CLOCK_REALTIME && ahead) now->tv_sec += *ahead;
  return result;
}
"""


class Clock:
    """also: the environment of another library in front of the server, which is kept."""

    def __init__(self, t, also=None):
        self.file, self.ahead = t.dir / "clock", 0
        self.file.write_bytes(bytes(8))
        self.environment = preload.environment(t, "clock", SOURCE, LB_CLOCK=self.file)
        if also:
            libraries = "%s:%s" % (also["LD_PRELOAD"], self.environment["LD_PRELOAD"])
            self.environment = dict(also, LB_CLOCK=str(self.file), LD_PRELOAD=libraries)

    def set_ahead(self, seconds):
        with self.file.open("r+b", buffering=0) as file:
            file.write(seconds.to_bytes(8, "little", signed=True))
        self.ahead = seconds

    def set_to(self, text):
        """The time as ISO 8601, of UTC."""
        wanted = datetime.datetime.fromisoformat(text + "+00:00").timestamp()
        self.set_ahead(round(wanted - time.time()))

    def now(self):
        return time.time() + self.ahead
