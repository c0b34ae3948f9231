// ReportIntake: takes reports of nodes that poll (ours without a link, patched ones, Icecast-KH,
// stock slaves) and puts the believed ones into the NodeTable.
//
// A report is refused, and logged at most once a second, if it has a wrong password, is about
// another node, has an address that its node may not announce, is of a replaced run, is older than
// the last one, or has impossible numbers.  It changes nothing: the last good report counts until
// it expires.
//
// The mounts of a slave: our slaves and patched ones report them.  Ours also report what they would
// pull (`idle`); a mount that such a slave knows, from our list or an earlier report, and does not
// name, is declined and gets no listeners.  It is expected to pull mounts that it cannot know yet.
// A KH or stock slave reports no mounts, but pulls everything on its list, so it counts as carrying
// the mounts of the list that it got before its newest one.  If a slave does both, the post has
// priority: while its last post is younger than its interval and 10 s, its requests for the list
// only show that it is alive.
//
// Thread: control.
// Ownership: app/cluster/cluster_service; the decider outlives it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/rate_limit.h"
#include "cluster/balance/redirect_decider.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/polling/node_report.h"

namespace lb {

// Rhythm: the interval of a server that does not report its interval, and when it counts as silent.
//
// The interval is 120 s until two signs of life give the first pause, then the mean of the last
// eight.  Pauses below a second are ignored: a slave asks twice for one list, or again when a relay
// has ended.  A server that had been given up begins again, so that neither its absence nor its old
// interval counts.
class Rhythm {
 public:
  static constexpr std::chrono::milliseconds kDefault{120'000};  // Icecast's interval
  static constexpr std::chrono::milliseconds kLeast{1000}, kMax{3'600'000};
  static constexpr std::chrono::seconds kGrace{10};  // Icecast-KH's time
  static constexpr int kSilentGaps = 3;

  // was_out: it counted as silent.
  void heard(SteadyTime now, bool was_out);
  bool known() const noexcept { return count_ > 0; }
  // The usual pause; kDefault while unknown.
  std::chrono::milliseconds every() const noexcept;
  // The silence after which a node is out; told: the interval that the node has announced.
  std::chrono::milliseconds out_after(std::optional<std::chrono::milliseconds> told) const noexcept;

 private:
  std::array<std::chrono::milliseconds, 8> gaps_{};
  std::size_t count_ = 0;  // ever
  std::optional<SteadyTime> last_;
};

// The report that a node has posted.
struct NodePost {
  Address peer;
  std::string node;  // the node whose secret was given; "": the relay password
  std::string header, body;
  std::int64_t wall_ms = 0;  // our wall clock; 0: clocks are not compared
};

// A request for the list of streams, and the answer.
struct ListPoll {
  Address peer;
  std::string node;                 // as in NodePost
  std::string query;                // perhaps KH's registration
  std::string agent;                // User-Agent; 2.4.4 sends none with this request
  bool ours = false;                // our product: it reports by posts
  std::vector<std::string> listed;  // mounts
};

class ReportIntake {
 public:
  ReportIntake(RedirectDecider& intake, Log& log) : decider_(intake), log_(log) {}

  // Unknown nodes are removed from the table, also those with a link; the others get their new
  // limits.
  void configure(KnownNodes known, SteadyTime now);
  const KnownNodes& known() const noexcept { return known_; }

  struct Answer {
    int status = 200;
    std::string text;
  };
  Answer take(const NodePost& post, SteadyTime now);

  void polled(const ListPoll& poll, SteadyTime now);

 private:
  struct Reporter {  // by its id in the table
    std::uint64_t seq = 0;
    std::string epoch;
    std::deque<std::string> old_epochs;  // of runs that have been replaced
    std::string missing;                 // why it gets no listeners, as last logged
    ClockOffset clock;
    Rhythm posts, polls;
    SteadyTime outranks_until{};      // until then its last post has priority
    std::vector<std::string> listed;  // the last list it got; ordered
    // For ours: the mounts that it must know, and those of them that it does not name; ordered.
    std::set<std::string> knows, declines;
  };
  struct Accepted {  // the sender of a report
    std::string id;
    NodeLimits limits;
    BelievedAddresses believed;
  };
  Answer refuse(int status, const Address& peer, std::string why, SteadyTime now);
  Answer put(const NodeReport& report, Accepted from, Reporter& reporter, SteadyTime now);
  std::string outdated(const NodeReport& report, const Reporter& reporter, std::string_view id,
                       SteadyTime now) const;
  std::vector<MountLoad> loads_of(const NodeReport& report, Reporter& reporter) const;
  void given(Reporter& reporter, const std::string& id, std::span<const std::string> listed);
  void registered(const NodeReport& report, Accepted from, std::span<const std::string> listed,
                  SteadyTime now);
  // Sets the rhythm after a sign of life; announced: the interval that it states.
  void set_rhythm(NodeHello& hello, Rhythm& rhythm,
                  std::optional<std::chrono::milliseconds> announced, SteadyTime now) const;
  void log_missing(const std::string& id, const std::string& missing, Reporter& reporter);

  RedirectDecider& decider_;
  Log& log_;
  KnownNodes known_;
  std::map<std::string, Reporter, std::less<>> reporters_;
  RepeatGuard refusals_;
};

}  // namespace lb
