// Ingest: decides which of several nodes captures a mount that all are configured to capture once
// (<relay><ingest>once), by the rows of the other nodes and their order: when this node takes over,
// and when it hands back.  No socket, no timer, no configuration file.
//
// Rows: each node reports for each such mount whether it captures it (on), would (ready), or cannot
// (off).  A row goes from a node to its masters and on from there, with the nodes that have
// repeated it (via): at most kMaxVia, never back, each by its shortest way only.  Nodes below a
// master get rows once they have sent one.
// Order: capture_at, then rendezvous_score(node, mount, 1), which is the same at every node.  The
// first node that is on or ready captures; a node whose relay is fed by another node does not
// capture.
// Death: rows of a node are dropped with its last link.  Rows that a lost node has repeated are
// held for `kept`, because a restarted master is back soon, except rows about a node whose own link
// here is lost too.
// Sleep: after this process was stopped, it captures nothing until it has heard the others again.
// Handing back: a better node that has been ready for hand_back takes over: this node ends its
// capture first, and then reports the end.
// Partition: both sides capture.  Once they meet, the later one in order ends its capture.
// Encoders: a node reports its own sources to its masters; a master that believes a row pulls that
// source and offers it to all, so these rows are not repeated.  A node's capture counts as a source
// of the node too.
// Failure: a node whose upstream has failed for give_up reports off if another node is ready, and
// tries again after a rest that doubles; the last node goes on trying.
//
// Thread: control.
// Ownership: app/cluster/ingest_service.
// Bounds: kMaxRows rows of one neighbour; further ones are ignored.
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
  std::chrono::milliseconds return_to_next{2500};  // of a neighbour, to the next process
  std::chrono::milliseconds hand_back{10'000};
  std::chrono::milliseconds give_up{3000};
  std::chrono::milliseconds first_rest{10'000}, longest_rest{3'600'000};
  std::chrono::milliseconds good{30'000};  // after which a capture counts as working
  std::size_t hand_backs_a_second = 5;
};

class Ingest {
 public:
  static constexpr std::size_t kMaxVia = 3;
  static constexpr std::size_t kMaxRows = 40'000;  // with those of sources

  // Whether a row of this neighbour is believed.
  using Believes = std::function<bool(const std::string& sender, const IngestRow& row)>;
  Ingest(std::string own_id, Believes believes, SteadyTime now, IngestTiming timing = {});

  // alone: no other node has to be heard first.
  void configure(std::vector<IngestPlan> plans, bool alone);
  // A link is up; upward: to a master of this node.  There may be several to one neighbour.
  void joined(const std::string& neighbour, bool upward, SteadyTime now);
  // The last link to it has ended.
  void left(const std::string& neighbour, SteadyTime now);
  // Rows that were sent to it may be lost.
  void resend(const std::string& neighbour) { table_.resend(neighbour); }
  void take(const std::string& sender, const std::vector<IngestRow>& rows);
  // The rows of linked neighbours about themselves, by neighbour, for the next process.
  using OwnRows = std::map<std::string, std::vector<IngestRow>>;
  OwnRows rows_of_neighbours() const;
  // They count until the neighbour is linked, or is overdue().
  void restore(const std::string& neighbour, const std::vector<IngestRow>& rows, SteadyTime now);
  // The rows of this node's own sources.
  std::vector<IngestRow> own_sources() const;
  // Such rows that the former process has sent the neighbour.  It is told the end of those that are
  // not in the next set_sources().
  void restore_sent(const std::string& neighbour, const std::vector<IngestRow>& rows,
                    SteadyTime now);
  // Neighbours that should have been linked again by now; left() must follow.
  std::vector<std::string> overdue(SteadyTime now) const;
  // Reports that this process did not run for a while, so ended links do not mean that nodes are
  // gone.
  void woke(SteadyTime now) noexcept {
    hold_until_ = std::max(hold_until_, now + timing_.start_hold);
  }

  // The present state of a mount at this node.
  struct Flow {
    bool captures = false;  // its own upstream is connected
    bool follows = false;   // another node feeds it
    std::string feeder;     // … and this neighbour does; "": not known
    bool fails = false;     // its own upstream has failed
  };
  void set_flow(const std::string& mount, Flow flow);
  // Whether this node may capture: false while it drains.
  void set_willing(bool willing) noexcept {
    if (std::exchange(willing_, willing) != willing) own_changes();
  }

  // This node's own sources, by mount.
  using Sources = std::map<std::string, ReportedSource, std::less<>>;
  void set_sources(Sources sources);
  void set_source(const std::string& mount, std::optional<ReportedSource> source);
  // Sources (believed or not) and believed captures that the linked neighbours report.
  struct Elsewhere {
    std::string mount, node;

    bool operator==(const Elsewhere&) const = default;
  };
  std::vector<Elsewhere> sources() const;
  // Whether the node has the mount's encoder.
  bool is_source_at(const std::string& mount, const std::string& node) const;
  bool is_captured_at(const std::string& mount, const std::string& node) const;
  // The source as the node reports it; nullopt: none, or its version does not report it.
  std::optional<ReportedSource> source_at(const std::string& mount, const std::string& node) const;
  // The nodes that have a source of this mount or capture it, each once.
  std::vector<std::string> nodes_with_source(const std::string& mount) const;
  // Mounts for which another node's source has begun or ended since the last call.
  std::set<std::string> take_changed_sources() { return std::exchange(changed_sources_, {}); }
  // Sources whose end their nodes have reported since the last call; not those of a lost link.
  std::vector<Elsewhere> take_ended_sources() { return std::exchange(ended_sources_, {}); }

  struct Change {
    std::string mount;
    bool captures = false;  // from now on
    std::string why;
  };
  // The captures that begin or end now.  Must be called often.
  std::vector<Change> decide(SteadyTime now);
  // Whether this node is the one to capture the mount.
  bool captures(std::string_view mount) const;
  bool has(std::string_view mount) const { return own_.find(mount) != own_.end(); }
  std::size_t captured() const;

  // Changes when there may be news for a neighbour.
  std::uint64_t version() const noexcept { return version_ + table_.version(); }
  // Whether it has neither rows nor work.
  bool idle() const noexcept {
    return own_.empty() && table_.entries().empty() && changed_sources_.empty() && awaited_.empty();
  }
  // The rows that a neighbour has not been sent yet.
  std::vector<IngestRow> news_for(const std::string& neighbour);
  // The known rows of a mount, this node first; for status pages.
  std::vector<IngestRow> known(const std::string& mount) const;
  // The rows that are not believed.
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
    bool ending = false;  // its upstream is not closed yet
    Flow flow;
    SteadyTime captured_since{}, failing_since{}, rests_until{};
    bool failing = false;
    std::chrono::milliseconds rest{0};
    std::string captor;  // feeds this node, or did last
    std::string better;  // has been ready since better_since
    SteadyTime better_since{};
  };
  // Believed rows of a mount by other nodes that are not off.
  using Others = std::vector<const Table::Entry*>;
  Others others_of(const std::string& mount) const;
  // Whether the row is a node's own report about itself.
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
  std::map<std::string, SteadyTime> awaited_;    // restored ones, and when they are overdue
  Table table_;
  std::deque<SteadyTime> handed_back_;
};

}  // namespace lb
