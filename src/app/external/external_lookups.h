// ExternalLookups: names that a source or a listener has come with, and that are not known here,
// are asked for at the backend of the external configuration; the requests wait meanwhile.
//
// Names that come within kGather are one question.  A name is asked for once at a time; that the
// backend does not know it is remembered for kUnknownFor, that it has not answered for kFailedFor.
// A mount that it knows is ready when the configuration has it.
// Thread: control.
// Ownership: ExternalService.
// Bounds: kMaxNames asked for at once; a request for one more does not wait.
// Source: doc/external.md.
#pragma once

#include <chrono>
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
  static constexpr std::size_t kMaxNames = 64;
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::size_t kMaxRequests = 1024;  // of one name
  static constexpr std::size_t kMaxParked = 16'384;

  struct Callbacks {
    std::function<void(std::vector<std::string> names)> ask;
    std::function<bool(const std::string& mount)> is_here;  // by now
    std::function<void(const ParkedRequest&, WaitOutcome)> wake;
  };
  ExternalLookups(Loop& loop, Callbacks callbacks);

  // The request is woken now or later, once: kReady, or kNever.
  void look_up(const std::string& mount, const ParkedRequest& request);
  // The answer about these names.
  void answered(const std::vector<std::string>& names, const std::set<std::string>& found);
  void failed(const std::vector<std::string>& names);
  // No answer comes any more: all requests go on without one.
  void abandon();
  // The configuration may have some now.
  void configured();
  // No request is woken: the server stops.
  void stop();

  std::size_t under_way() const noexcept { return asked_.size(); }

 private:
  void settle(const std::string& mount, std::chrono::seconds remembered);
  void remember(const std::string& mount, std::chrono::seconds time);

  Loop& loop_;
  Callbacks callbacks_;
  ParkedRequests parked_;
  Timer gather_;
  std::vector<std::string> next_;                           // to be asked for
  std::set<std::string, std::less<>> asked_;                // those, and those that are
  std::map<std::string, SteadyTime, std::less<>> unknown_;  // until when
};

}  // namespace lb
