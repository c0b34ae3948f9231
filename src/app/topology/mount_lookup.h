// MountLookup: does a master know this mount?  Requests for a mount that is not known here wait for
// a moment while the masters are asked: a source may have connected there an instant ago, and the
// next list of a master may be seconds away.
//
// Linked masters are asked by a frame (doc/link.md) and answer for themselves.  Polled masters are
// asked for their list: that the mount is not in it shows only by the deadline.
// Bounds: so many mounts, requests and frames a second; what is above does not wait.
// Source: doc/link.md.
// Thread: control.
// Ownership: Services.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "app/services/parked_requests.h"
#include "cluster/nodes/second_count.h"

namespace lb {

class MountLookup {
 public:
  static constexpr std::chrono::milliseconds kLinkPatience{300};
  // A list is asked for once a second at most.
  static constexpr std::chrono::milliseconds kListPatience{2500};
  static constexpr std::size_t kMaxMounts = 256;
  static constexpr std::size_t kMaxRequests = 4096;  // of one mount
  static constexpr std::size_t kMaxParked = 65'536;
  static constexpr unsigned kMaxQuestions = 50;  // a second

  // Which masters a request may make us ask.
  struct Masters {
    bool linked = false, polled = false;
  };
  struct Callbacks {
    std::function<unsigned(const std::string& mount)> ask_linked;  // how many were asked
    std::function<void()> ask_polled;
    std::function<bool(const std::string& mount)> is_here;  // by now
    // kReady: the mount is here.  kElsewhere: a master has it and this node may not, or one has not
    // answered.  kNever: no master knows it.
    std::function<void(const ParkedRequest&, WaitOutcome)> wake;
  };
  MountLookup(Loop& loop, Callbacks callbacks);

  // The request is woken now or later, once.
  void lookup_mount(const std::string& mount, const ParkedRequest& request, Masters masters);
  // One linked master's answer.
  void mount_looked_up(const std::string& mount, bool known);
  // Some may be here now.
  void mounts_changed();
  bool empty() const noexcept { return asked_.empty(); }
  // No master is linked any more.
  void links_lost();
  // No request is woken: the server stops.
  void stop();

 private:
  struct Asked {
    bool linked = false, polled = false;  // these masters were asked
    unsigned unanswered = 0;              // linked masters
    bool known = false;                   // to one of them
  };
  void end(const std::string& mount, WaitOutcome outcome);

  Loop& loop_;
  Callbacks callbacks_;
  std::map<std::string, Asked, std::less<>> asked_;
  ParkedRequests parked_;  // the same mounts
  SecondCount questions_;
};

}  // namespace lb
