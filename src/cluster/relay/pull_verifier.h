// PullVerifier: the PullMarks that a master accepts: signed with the secret of a <node>, for this
// run of this server, recent, and each only once.
//
// Once: for each of the last processes of a node it keeps the highest number, and which of the
// kBehind numbers before it were used.  A node has at most some 200 requests under way, so a
// request is never overtaken by kBehind others.  For forgotten processes only a time is kept: marks
// not younger than it are refused.  Only correctly signed marks are kept, so a stranger cannot fill
// the memory.
// Recent: within kWindow.  A node signs with the master's clock as the link has measured it, so the
// two clocks may differ; the window covers a link that was down for a while.
//
// Bounds: about 200 bytes for a process, kMaxRuns of them for a node.
// Thread: any; a mutex.
// Ownership: app/cluster/cluster_service.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/rate_limit.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/relay/pull_history.h"
#include "cluster/relay/pull_mark.h"

namespace lb {

class PullVerifier {
 public:
  static constexpr std::chrono::seconds kWindow{60};
  static constexpr std::uint64_t kBehind = PullRun::kBehind;
  static constexpr std::size_t kMaxRuns = 4;

  explicit PullVerifier(Log& log) : log_(log) {}

  enum class Verdict : std::uint8_t {
    kOurs,
    kElsewhere,  // for another server, or an earlier run of this one
    kForged,     // of an unknown id, or with a wrong secret: a guess
    kStale,      // correctly signed, but too old or in the future
    kSeen,       // correctly signed, but used before
  };
  // as_node: this server at each of its masters, which signs with the same secret; own_mark: of
  // this server; mount: as requested, decoded.  Refusals that matter to operators are logged, at
  // most once a second.
  Verdict judge(const PullMark& mark, const KnownNodes& known, std::span<const KnownNodes> as_node,
                std::string_view own_mark, std::string_view mount, const Clock& clock);

  // -- of a hand-over
  // Those whose marks may still be valid.
  PullHistories save(const Clock& clock);
  void restore(const PullHistories& saved);

 private:
  bool take(const PullMark& mark);
  PullRun* run_of(PullHistory& history, const PullMark& mark);
  void log(const PullMark& mark, std::string_view mount, const std::string& what, SteadyTime now);

  Log& log_;
  std::mutex mutex_;  // guards all members below
  PullHistories nodes_;
  std::uint64_t takes_ = 0;
  RepeatGuard guard_;
};

}  // namespace lb
