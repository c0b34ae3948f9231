// MountLookup: asks the masters whether they have a mount that is unknown here, while requests for
// it wait: its source may have connected there just now, and a master's next list may be seconds
// away.
//
// Linked masters are asked by a frame (doc/link.md), and each answers.  Polled masters are asked
// for their list; only the deadline shows that it lacks the mount.
// Bounds: mounts, requests and frames a second; requests beyond that do not wait.
// Source: doc/link.md.
// Thread: control.
// Ownership: Services.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include "app/services/parked_requests.h"
#include "base/clock.h"
#include "base/rate_limit.h"

namespace lb {

class MountLookup {
 public:
  static constexpr std::chrono::milliseconds kLinkPatience{300};
  // A list is fetched at most once a second.
  static constexpr std::chrono::milliseconds kListPatience{2500};
  static constexpr std::size_t kMaxMounts = 256;
  static constexpr std::size_t kMaxRequests = 4096;  // of one mount
  static constexpr std::size_t kMaxParked = 65'536;
  static constexpr unsigned kMaxQuestions = 50;  // a second
  static constexpr std::chrono::seconds kAnswerLasts{2};

  // The masters that a request may make us ask.
  struct Masters {
    bool linked = false, polled = false;
  };
  struct Callbacks {
    std::function<unsigned(const std::string& mount)> ask_linked;  // returns how many were asked
    std::function<void()> ask_polled;
    std::function<bool(const std::string& mount)> is_here;  // now
    // kReady: the mount is here.  kElsewhere: a master has a mount that this node may not have, or
    // has not answered.  kNever: no master has it.
    std::function<void(const ParkedRequest&, WaitOutcome)> wake;
  };
  MountLookup(Loop& loop, Callbacks callbacks);

  // Wakes the request once, now or later.
  void lookup_mount(const std::string& mount, const ParkedRequest& request, Masters masters);
  // Takes one linked master's answer.
  void mount_looked_up(const std::string& master, const std::string& mount, bool known);
  // The linked master that lately had this mount, which was not offered to this node: it plays only
  // a fallback, or needs what this node lacks.  Null: none.
  const std::string* at_master(const std::string& mount) const;
  // Mounts may have come.
  void mounts_changed();
  bool empty() const noexcept { return asked_.empty(); }
  // The last linked master is lost.
  void links_lost();
  // Drops all requests without waking them: the server stops.
  void stop();

 private:
  struct Asked {
    bool linked = false, polled = false;  // these masters were asked
    unsigned unanswered = 0;              // linked masters
    std::string known_to;                 // one of them
  };
  struct AtMaster {
    std::string master;
    SteadyTime until;
  };
  void note_at_master(const std::string& mount, const std::string& master);
  void end(const std::string& mount, WaitOutcome outcome);

  Loop& loop_;
  Callbacks callbacks_;
  std::map<std::string, Asked, std::less<>> asked_;
  std::map<std::string, AtMaster> at_master_;  // at most kMaxMounts
  ParkedRequests parked_;                      // for the same mounts
  SecondCount questions_;
};

}  // namespace lb
