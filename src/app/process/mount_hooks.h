// MountHooks: runs <on-connect>, <on-disconnect> and <on-node-event>: a program, without a shell,
// with one argument: the mount, or the kind of event.
//
// Thread: run() from any thread; programs are started and reaped on the clerk.
// A program gets /dev/null three times, no other descriptor, default signals, a session of its own,
// of our environment PATH, HOME, the language and the like (no passwords of a container), and what
// Icecast 2.5 adds to it.  It is never waited for: its end is read from a pidfd.
// Bounds: so many at once, and of one mount; a further one is not run, which is logged.
// Source: Icecast 2.4.4.
#pragma once

#include <list>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"

namespace lb {

struct HookEvent {
  std::string program;
  std::string argument;  // its only one: the mount, or the kind of event
  std::string about;     // for the log: "mount /live.mp3"
  std::vector<std::pair<std::string, std::string>> environment;
};

class MountHooks {
 public:
  // Before a chroot hides /dev/null.
  MountHooks(Loop& clerk, Log& log);
  void run(HookEvent event);

 private:
  struct Child {
    MountHooks* owner = nullptr;
    int pid = 0;
    std::string what;
    UniqueFd pidfd;
    Watch watch;
    void on_end(short) { owner->reap_all(); }
  };
  void start(const HookEvent& event);
  void reap_all();
  bool reap(const Child& child);

  Loop& clerk_;
  Log& log_;
  const UniqueFd null_device_;
  std::list<Child> children_;
  Timer again_;  // where a pidfd could not be had
};

}  // namespace lb
