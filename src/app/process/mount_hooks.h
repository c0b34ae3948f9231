// MountHooks: runs the programs of <on-connect>, <on-disconnect> and <on-node-event>, without a
// shell, with one argument: the mount, or the kind of event.  A mount's may be written with its own
// (hook_words()); ${mount} in them is replaced.
//
// A program gets /dev/null three times, no other descriptor, default signals, its own session, a
// few variables of our environment (PATH, HOME, language; no passwords of a container), and those
// that Icecast 2.5 adds.  No thread waits for it: a pidfd reports its end.
// Thread: run() from any thread; programs are started and reaped on the clerk.
// Ownership: Services.
// Bounds: kMaxChildren at once, and one more of each mount without any up to kMaxOfAll;
// kMaxOfMount of a mount and of events of nodes; a further one is not run, which is logged.
// Source: Icecast 2.4.4; Icecast-KH for arguments.
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
  // REQUIRES: before a chroot, which hides /dev/null
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
  Timer again_;  // polls where there is no pidfd
};

}  // namespace lb
