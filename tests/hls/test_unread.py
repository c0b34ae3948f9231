"""Requests for the past before the archive's directory has been read: 503, and players retry (doc/archive.md)."""
import json
import time

import preload
from harness import ADMIN, check, equal, test, wait_for
from recorded import Recording
from test_hls import Encoder, encoded, poll_for, watch
from test_hls_past import ROOT

# The directory of a mount opens once a file of this name has gone.
SLOW_DIRECTORY = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
DIR* opendir(const char* name) {
  DIR* (*real)(const char*) = (DIR * (*)(const char*)) dlsym(RTLD_NEXT, "opendir");
  const char* flag = getenv("LB_SLOW_DIRECTORY");
  while (flag && strstr(name, "/%2F") && access(flag, F_OK) == 0) usleep(10000);
  return real(name);
}
"""
RECORDED = 600


def statuses(server, paths):
    return {path: server.get(path).status for path in paths}


@test
def what_is_asked_before_the_directory_is_read_is_for_later(t):
    server = t.unstarted_server()
    place, flag = server.dir / "archive", server.dir / "unread"
    place.mkdir()
    place.chmod(0o777)
    begin = int(time.time()) - RECORDED - 100
    Recording(begin, RECORDED).write(place, "%2Fm%2Emp3")
    server.write_config(body=ROOT % place + "<mount><mount-name>/m.mp3</mount-name><hls>1</hls><archive><enabled>1</enabled></archive></mount>")
    server.start(env=preload.environment(t, "slow-directory", SLOW_DIRECTORY, LB_SLOW_DIRECTORY=flag))
    whole = "/m.mp3/archive-%d-60.m3u8" % (begin + 60)
    wait_for(lambda: server.get(whole).status == 200, "the directory is read")
    player = watch(t, server, "/m.mp3", name="/" + whole.rsplit("/", 1)[1])
    recorded = [one.uri.split("?")[0] for one in player.list().segments]
    segment = "/m.mp3/" + recorded[0]
    server.kill()

    flag.write_text("")
    server.start(env=preload.environment(t, "slow-directory", SLOW_DIRECTORY, LB_SLOW_DIRECTORY=flag))
    equal(json.loads(server.get("/admin/archive.json", ADMIN).body)["reading"], True)
    lists = [whole, "/m.mp3/archive-%d-now.m3u8" % (begin + 60), "/m.mp3/rewind-650.m3u8",
             "/m.mp3/timeshift_rel-400.m3u8", "/m.mp3/timeshift_abs-%d.m3u8" % (begin + 60), segment]
    files = ["/m.mp3/archive-%d-60.mp3" % (begin + 60), "/m.mp3?from=%d&duration=60" % (begin + 60)]
    streams = ["/m.mp3?from=%d" % (begin + 60), "/m.mp3?timeshift=400", "/m.mp3?at=11223344556677880000000000000001.5000"]
    for path in lists + files + streams:
        reply = server.get(path)
        equal((reply.status, reply.get("retry-after")), (503, "1"), path)
    equal(server.get("/status-json.xsl?from=1").status, 200, "a page has parameters of its own")
    equal(server.get("/other.mp3/archive-%d-60.m3u8" % begin).status, 404, "a mount that is not recorded")
    equal(server.get("/other.mp3?timeshift=60").status, 404, "a mount that is not recorded")
    # What plays now waits for no disk.
    Encoder(t, server, "/m.mp3", "mp3", encoded("mp3", 60), lead=8)
    live = watch(t, server, "/m.mp3")
    poll_for(4, live)
    equal(server.get("/m.mp3?timeshift=400").status, 503, "the past of a mount that plays")

    flag.unlink()
    wait_for(lambda: set(statuses(server, lists + files).values()) == {200}, "the past is there: %r" % statuses(server, lists + files), 10)
    for path in streams:
        check(server.listener(path).read(20000), path)
    again = watch(t, server, "/m.mp3", name="/" + whole.rsplit("/", 1)[1])
    equal([one.uri.split("?")[0] for one in again.list().segments], recorded)
    equal(server.get("/m.mp3/archive-1000-60.m3u8").status, 404, "what was never recorded")
    poll_for(3, live)
    live.sound()
