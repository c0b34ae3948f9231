// ExternalLookups: asks the backend of the external configuration about unknown names of sources
// and listeners, while the requests wait.
//
// Names that come within kGather are one question, and a name is in one question at a time.  An
// unknown name is remembered for kUnknownFor, a failure for kFailedFor.  A mount is ready when the
// configuration has it.
// Thread: control.
// Ownership: ExternalService.
// Bounds: kMaxNames names in questions, and kMaxOfSources more that only sources with a login may
// have, because listeners may invent names; a request for a further one does not wait.  A network
// that has kFewOfOne names of its sources, or of its listeners, gets another only while fewer than
// half of the places are taken.
// Source: doc/external.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/services/parked_requests.h"

namespace lb {

class ExternalLookups {
 public:
  static constexpr std::chrono::milliseconds kGather{5};
  static constexpr std::chrono::milliseconds kPatience{2000};
  static constexpr std::chrono::seconds kUnknownFor{10}, kFailedFor{2};
  static constexpr std::size_t kMaxNames = 64, kMaxOfSources = 16;
  static constexpr std::ptrdiff_t kFewOfOne = 8;
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::size_t kMaxRequests = 1024;  // of one name
  static constexpr std::size_t kMaxParked = 16'384;

  struct Callbacks {
    std::function<void(std::vector<std::string> names)> ask;
    std::function<bool(const std::string& mount)> is_here;  // now
    std::function<void(const ParkedRequest&, WaitOutcome)> wake;
  };
  ExternalLookups(Loop& loop, Callbacks callbacks);

  struct Asker {
    std::string network;  // Address::network()
    bool feeds = false;   // a source that gives a login
  };
  // Wakes the request once, now or later, with kReady, kNever or kFull.
  void look_up(const std::string& mount, const ParkedRequest& request, Asker asker);
  // Takes the answer about these names.
  void answered(const std::vector<std::string>& names, const std::set<std::string>& found);
  void failed(const std::vector<std::string>& names);
  // No answers come any more: all requests go on without one.
  void abandon();
  // Wakes requests whose mount the configuration has now.
  void configured();
  // Drops all requests without waking them: the server stops.
  void stop();

  std::size_t under_way() const noexcept { return asked_.size(); }

 private:
  bool has_room(const Asker& asker) const;
  void settle(const std::string& mount, std::chrono::seconds remembered);
  void remember(const std::string& mount, std::chrono::seconds time);

  Loop& loop_;
  Callbacks callbacks_;
  ParkedRequests parked_;
  Timer gather_;
  std::vector<std::string> next_;                           // for the next question
  std::map<std::string, Asker, std::less<>> asked_;         // those, and those under way
  std::map<std::string, SteadyTime, std::less<>> unknown_;  // not asked until then
};

}  // namespace lb
