// ReportIntake: takes the reports of nodes that poll (ours without a link, patched ones,
// Icecast-KH, stock slaves) and puts what is believed of them into the NodeTable.
//
// What is refused is named in the log, at most once a second for all together: a report with a
// stranger's password, about another node, for an address that this node may not announce, of a
// run that has been replaced, older than the last one, or with numbers that cannot be.  A refused
// report changes nothing: what an honest one said before stays until it expires.
//
// What a slave carries: ours and patched ones say it.  One of ours also says what it would pull
// (`idle`); what it knows, from our list or because it has named it before, and names no more, it
// declines: it gets no listeners for it.  What it cannot know yet it will pull.  A KH or stock
// slave says nothing, but pulls what the list names that it was given; so it is taken to carry what
// was already in the list before its newest one.  Of a slave that does both, the post outranks the
// list: while its last post is younger than its interval and 10 s, its requests for the list say
// only that a server is there.
//
// Thread: control.
// Ownership: app/cluster/cluster_service; the intake outlives it.
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
#include "cluster/balance/redirect_decider.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/nodes/known_nodes.h"
#include "cluster/polling/node_report.h"

namespace lb {

// Rhythm: how often a server is heard of that does not say so, and when it has fallen silent.
//
// The first pause between two signs of life takes the place of the 120 s that are assumed before;
// then the mean of the last eight.  Pauses below a second are ignored: a slave asks twice for one
// list, or again because a relay of it has ended.  A server that had been given up begins again, so
// that neither its absence nor an old habit counts.
class Rhythm {
 public:
  static constexpr std::chrono::milliseconds kDefault{120'000};  // Icecast's interval
  static constexpr std::chrono::milliseconds kLeast{1000}, kMax{3'600'000};
  static constexpr std::chrono::seconds kGrace{10};  // Icecast-KH's time
  static constexpr int kSilentGaps = 3;

  // was_out: it had been given up.
  void heard(SteadyTime now, bool was_out);
  bool known() const noexcept { return count_ > 0; }
  // The usual pause; kDefault while it is not known.
  std::chrono::milliseconds every() const noexcept;
  // It is out after so much silence; told: the interval that it has announced.
  std::chrono::milliseconds out_after(std::optional<std::chrono::milliseconds> told) const noexcept;

 private:
  std::array<std::chrono::milliseconds, 8> gaps_{};
  std::size_t count_ = 0;  // ever
  std::optional<SteadyTime> last_;
};

// The report that a node has posted.
struct NodePost {
  Address peer;
  std::string node;  // whose secret was given; "": the relay password
  std::string header, body;
  std::int64_t wall_ms = 0;  // what our wall clock shows; 0: clocks are not compared
};

// A request for the list of streams, and the answer.
struct ListPoll {
  Address peer;
  std::string node;                 // as in NodePost
  std::string query;                // perhaps KH's registration
  std::string agent;                // User-Agent; 2.4.4 sends none with this request
  bool ours = false;                // one of our product: it reports by posts
  std::vector<std::string> listed;  // mounts
};

class ReportIntake {
 public:
  ReportIntake(RedirectDecider& intake, Log& log) : decider_(intake), log_(log) {}

  // Nodes that are no longer known leave the table, those with a link as well; the others get the
  // limits that they have now.
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
    std::string missing;                 // why it gets no listeners, as logged
    ClockOffset clock;
    Rhythm posts, polls;
    SteadyTime outranks_until{};      // its last post, and then its requests for the list count
    std::vector<std::string> listed;  // what it was given last; ordered
    // Of ours: what it must have heard of, and of that, what it does not name; ordered.
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
  // What is known of its rhythm after a sign of life; announced: the interval that it states.
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
