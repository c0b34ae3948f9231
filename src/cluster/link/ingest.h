// Ingest: which of several nodes captures a mount that all of them are configured to capture once
// (<relay><ingest>once): what the others say, which is next, when this node takes over and when
// it hands back.  No socket, no timer, no configuration file.
//
// Rows: each node says of each such mount whether it captures it (on), would (ready), or cannot
// (off).  A row goes from a node to its masters, and on from there, with the nodes that have
// repeated it (via): at most kMaxVia, never back, only the shortest way of each.  Nodes below a
// master are sent rows once they have sent any.
// Order: capture_at, then rendezvous_score(node, mount, 1): every node comes to the same one.  The
// first of those that are on or ready captures; a node whose relay is fed by another node captures
// nothing, whatever the rows say.
// Death: the rows of a node go with its last link.  What a lost node has told of others stands for
// kept, because a master that restarts is back soon; but not what it has told of a node whose own
// link here is lost too.
// Sleep: a node that was stopped itself captures nothing before it has heard the others again.
// Handing back: a better node that has been ready for hand_back is let in: this node ends its
// capture first, and says so when that has happened.
// Partition: both sides capture.  Once they meet, the worse one in order ends its capture at once.
// Encoders: a node tells its masters of its own sources; a master that believes it pulls them and
// offers them to all, so these rows are not repeated.  What a node says that it captures itself is
// as well a source of it.
// Failure: a node that asks in vain for give_up says off where another one is ready, and tries
// again after a rest that doubles; the last one goes on.
//
// Thread: control.
// Ownership: app/cluster/ingest_service.
// Bounds: kMaxRows rows of one neighbour; further ones are passed over.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cluster/link/frame.h"
#include "cluster/link/replica.h"

namespace lb {

struct IngestPlan {
  std::string mount;
  std::string capture_at;  // the preferred node; "": none
  bool hand_back = true;

  bool operator==(const IngestPlan&) const = default;
};

struct IngestTiming {
  std::chrono::milliseconds start_hold{1500};  // after the first link
  std::chrono::milliseconds longest_start{3000};
  std::chrono::milliseconds kept{10'000};
  std::chrono::milliseconds hand_back{10'000};
  std::chrono::milliseconds give_up{3000};
  std::chrono::milliseconds first_rest{10'000}, longest_rest{3'600'000};
  std::chrono::milliseconds good{30'000};  // a capture that has lasted so long has worked
  std::size_t hand_backs_a_second = 5;
};

class Ingest {
 public:
  static constexpr std::size_t kMaxVia = 3;
  static constexpr std::size_t kMaxRows = 40'000;  // with those of sources

  // Whether this neighbour is believed this row.
  using Believes = std::function<bool(const std::string& sender, const IngestRow& row)>;
  Ingest(std::string own_id, Believes believes, SteadyTime now, IngestTiming timing = {});

  // alone: there is no other node to be heard first.
  void configure(std::vector<IngestPlan> plans, bool alone);
  // A link stands; upward: to a master of this node.  It may be one more to the same neighbour.
  void joined(const std::string& neighbour, bool upward, SteadyTime now);
  // No link to it stands any more.
  void left(const std::string& neighbour, SteadyTime now);
  void take(const std::string& sender, const std::vector<IngestRow>& rows);
  // This process was away: links that have ended say nothing of the other nodes.
  void woke(SteadyTime now) noexcept {
    hold_until_ = std::max(hold_until_, now + timing_.start_hold);
  }

  // What this node does with a mount, as it is.
  struct Flow {
    bool captures = false;  // its own upstream is connected
    bool follows = false;   // another node feeds it
    std::string feeder;     // … which is this neighbour; "": not known
    bool fails = false;     // its own upstream has been asked in vain
  };
  void set_flow(const std::string& mount, Flow flow);
  // Whether it may capture at all: false while it drains.
  void set_willing(bool willing) noexcept {
    if (std::exchange(willing_, willing) != willing) own_changes();
  }

  // By mount: those of this node's own.
  using Sources = std::map<std::string, ReportedSource, std::less<>>;
  void set_sources(Sources sources);
  // Of the linked neighbours, as they say: sources, believed or not, and captures, if believed.
  struct Elsewhere {
    std::string mount, node;

    bool operator==(const Elsewhere&) const = default;
  };
  std::vector<Elsewhere> sources() const;
  // It has the mount's encoder.
  bool is_source_at(const std::string& mount, const std::string& node) const;
  bool is_captured_at(const std::string& mount, const std::string& node) const;
  // What the node tells of it; nullopt: it has none, or its version tells nothing.
  std::optional<ReportedSource> source_at(const std::string& mount, const std::string& node) const;
  // The nodes that have a source of this mount or capture it, each once.
  std::vector<std::string> nodes_with_source(const std::string& mount) const;
  // Mounts of which another node has a source now, or no longer has, since the last call.
  std::set<std::string> take_changed_sources() { return std::exchange(changed_sources_, {}); }
  // Those that their nodes have said to have ended, since the last call; not those of a lost link.
  std::vector<Elsewhere> take_ended_sources() { return std::exchange(ended_sources_, {}); }

  struct Change {
    std::string mount;
    bool captures = false;  // from now on
    std::string why;
  };
  // To be called often.
  std::vector<Change> decide(SteadyTime now);
  // This node is to capture the mount.
  bool captures(std::string_view mount) const;
  bool has(std::string_view mount) const { return own_.find(mount) != own_.end(); }
  std::size_t captured() const;

  // Changes when a neighbour may have to be told something.
  std::uint64_t version() const noexcept { return version_ + table_.version(); }
  // Nothing is known and nothing is to be done.
  bool idle() const noexcept { return own_.empty() && table_.entries().empty(); }
  // What has to be told to a neighbour and has not been; empty: nothing.
  std::vector<IngestRow> news_for(const std::string& neighbour);
  // What is known of a mount, this node first; for people.
  std::vector<IngestRow> known(const std::string& mount) const;
  // Rows that are not believed.
  std::vector<std::pair<std::string, IngestRow>> refused() const;

 private:
  // Rows of sources are the second kind.
  using Table = Replica<IngestRow>;
  struct Neighbour {
    bool upward = false, spoke = false;
  };
  struct Own {
    IngestPlan plan;
    bool captures = false;
    bool ending = false;  // its upstream is still to be closed
    Flow flow;
    SteadyTime captured_since{}, failing_since{}, rests_until{};
    bool failing = false;
    std::chrono::milliseconds rest{0};
    std::string captor;  // that feeds this node, or did last
    std::string better;  // is ready since better_since
    SteadyTime better_since{};
  };
  // Rows of a mount by others: not off, and believed.
  using Others = std::vector<const Table::Entry*>;
  Others others_of(const std::string& mount) const;
  // That node itself says so of itself.
  static bool is_capture(const RowKey& key, const Table::Entry& entry) {
    return !key.second_kind && entry.row && !entry.is_own() && entry.sender == key.node &&
           entry.row->state == IngestState::kOn;
  }
  bool feeder_has_ended(const Own& own) const;
  void note_own();
  void own_changes() noexcept {
    ++version_;
    own_changed_ = true;
  }
  IngestState own_state(const Own& own) const;
  bool before(const IngestPlan& plan, std::string_view a, std::string_view b) const;
  void note_failure(Own& own, SteadyTime now);
  std::string decide_capture(Own& own, const Others& others, SteadyTime now);
  std::string decide_release(Own& own, const Others& others, SteadyTime now);
  bool may_hand_back(SteadyTime now);

  const std::string own_id_;
  const Believes believes_;
  const IngestTiming timing_;
  bool alone_ = true, willing_ = true, heard_any_ = false;
  bool own_changed_ = false;  // since note_own()
  SteadyTime hold_until_;
  std::uint64_t version_ = 0;
  std::map<std::string, Own, std::less<>> own_;
  Sources sources_;
  std::vector<Elsewhere> ended_sources_;
  std::set<std::string> changed_sources_;
  std::map<std::string, Neighbour> neighbours_;  // that are linked
  Table table_;
  std::deque<SteadyTime> handed_back_;
};

}  // namespace lb
