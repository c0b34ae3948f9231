// MasterWatch: asks one master again and again which streams it has, and remembers the answers.
//
// Source: what an Icecast 2.4.4 slave does (compat.md 6.1): GET /admin/streamlist.txt with the relay's
// credentials at the start, after SIGHUP, when a relay has ended, and every interval.
// A short answer never empties the cluster (decisions C11): a stream leaves the list only when two
// complete lists in a row lack it and no data flows, or when one lacks it and its stream has ended.
// A list that fails, or is cut off, takes nothing away.
//
// Thread: control.  Ownership: app/relay_service.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "cluster/settings.h"
#include "cluster/stream_list.h"
#include "http/body_client.h"

namespace lb {

class MasterWatch {
 public:
  enum class Flow : std::uint8_t {
    kNever,  // its relay has not had data yet
    kFlows,  // or its mount still waits for the stream to come back
    kEnded,
  };
  struct Doors {
    std::function<std::string()> user_agent;
    std::function<Flow(const std::string& mount)> flow_of;
    std::function<void()> changed;  // streams() is another one
    std::chrono::milliseconds least_pause{1000};  // between two requests; a test makes it quick
  };
  MasterWatch(Connector& connector, Log& log, Rng& rng, MasterPlan plan, Doors doors);

  // Now, but not more often than once a second.
  void ask_soon();
  // A stream has ended for good: it may leave the list.
  void stream_ended();
  bool asking() const noexcept { return client_ != nullptr; }
  const MasterPlan& plan() const noexcept { return plan_; }
  // Where each mount can be pulled from.
  std::vector<std::pair<std::string, Upstream>> streams() const;

 private:
  struct Known {
    ListedStream stream;
    unsigned missing = 0;  // complete lists without it, in a row
  };
  void ask();
  void on_answer(Result<FetchedBody> answer);
  void take(const StreamList& list, bool complete);
  bool forget_missing();
  void ask_later(bool worked);
  std::string name() const;

  Connector& connector_;
  Log& log_;
  Rng& rng_;
  const MasterPlan plan_;
  Doors doors_;
  std::map<std::string, Known> known_;
  std::unique_ptr<BodyClient> client_;
  SteadyTime asked_{};
  bool again_ = false;
  std::chrono::milliseconds delay_{0};  // after failures
  Timer timer_;
};

std::string stream_list_request(const MasterPlan& plan, std::string_view user_agent);

}  // namespace lb
