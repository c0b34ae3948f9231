// IngestService: carries out the decisions of Ingest: which relays this node captures (pulls from
// their own upstream for all nodes), and the rows for neighbours.
//
// A neighbour is a master of this node, one of its nodes, or both (a peer).  From a node that is
// not a peer only rows of its own are accepted, for the mounts in its <node sources>.
// Thread: control.
// Ownership: ClusterLinks.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cluster/link/ingest.h"
#include "cluster/relay/relay_plans.h"

namespace lb {

struct Config;
struct IngestSight;
struct HolderRecord;
class LinkedNeighbours;
class MasterLinks;
struct Network;
class Mount;
class NodeLinks;

class IngestService {
 public:
  IngestService(Network& network, MasterLinks& masters, NodeLinks& nodes,
                LinkedNeighbours& neighbours);

  void configure(const Config& config);
  void stop();
  // A link to this neighbour has begun, perhaps a further one.
  void joined(const std::string& id, bool upward);
  // The last link to it has ended.
  void left(const std::string& id);
  void resend(const std::string& id);  // one of two links to it has ended
  void take(const std::string& sender, const std::vector<IngestRow>& rows);
  // For a hand-over: the rows of nodes, so that their mounts are there before their links.
  // restore() comes after configure().
  std::vector<HolderRecord> save() const;
  void restore(const std::vector<HolderRecord>& saved);

  // Whether this node pulls the mount from its own upstream.
  bool captures(std::string_view mount) const { return ingest_ && ingest_->captures(mount); }
  std::size_t captured() const { return ingest_ ? ingest_->captured() : 0; }
  // The mounts of this server, or their configuration, may have changed.
  void mounts_changed();
  // The mount has begun, ended or changed here.
  void mount_changed(const std::string& mount);
  // Relays may have changed between upstreams.
  void flows_changed();
  // A source at a node that is pulled from there, with its address.
  struct NodeSource {
    std::string mount, node;
    Upstream upstream;
  };
  // By mount, the best first.
  using NodeSources = std::map<std::string, std::vector<NodeSource>, std::less<>>;
  const NodeSources& node_sources() const noexcept { return node_sources_; }
  std::span<const NodeSource> sources_of(std::string_view mount) const;
  // The source of a pulled mount, as its node reports it; nullopt: none, or unreported.
  struct FedBy {
    std::string node;
    ReportedSource source;
  };
  std::optional<FedBy> fed_by(std::string_view mount) const;
  // Whether the node reports the source, pulled or not.
  bool has_source_at(std::string_view mount, std::string_view node) const;
  // Whether a node has reported, since the last call, the end of a source of this mount in
  // node_sources(): the mount then does not wait for the source, unlike after a lost link.
  bool take_ended(const std::string& mount) { return ended_.erase(mount) > 0; }
  // The neighbour that this mount is pulled from, linked now or lately; "": no neighbour that knows
  // slots.
  std::string upstream_of(const std::string& mount) const;
  // The path of a mount's stream before this server; nullopt: unknown here.
  std::optional<std::vector<std::string>> way_of(const std::string& mount) const;
  // The rows of each mount, with the reason if one is refused; for operators.
  std::vector<IngestSight> rows() const;

  // Whether this neighbour's row about a source of the mount is accepted.
  bool believes(const std::string& sender, const IngestRow& row) const;

 private:
  void note_absence();
  void note_end(const std::string& mount, const std::string& node, std::string_view why);
  std::vector<IngestRow> news_for(const std::string& neighbour);
  void soon();
  void work();
  void act();
  void tell();
  void name_refused();
  void check_own(bool all);
  // The source that this node reports of one of its mounts; nullopt: none.
  std::optional<ReportedSource> own_source(const std::string& name, const Mount& mount) const;
  // all: without the limit of one turn.
  void see_sources(bool all);
  void note_places(SteadyTime now);
  // True: the mount is now pulled from elsewhere.
  bool see_mount(const std::string& mount);
  // The neighbour with this upstream of the mount; "": none.
  std::string neighbour_at(const std::string& mount, const Upstream& from) const;
  // The reason why the source's node may not bring the mount; "": it may.
  std::string why_not(const Ingest::Elsewhere& source) const;
  std::optional<Upstream> place_of(const std::string& node) const;

  Network& network_;
  MasterLinks& masters_;
  NodeLinks& nodes_;
  LinkedNeighbours& neighbours_;
  std::unique_ptr<Ingest> ingest_;  // null: not configured yet
  std::vector<IngestPlan> plans_;
  std::set<std::string, std::less<>> planned_;  // mounts of plans_
  NodeSources node_sources_;
  std::uint64_t next_offer_ = 1;
  bool must_check_ = true;  // check_own() is due for all mounts, not before whole_again_
  SteadyTime whole_again_{};
  std::set<std::string> own_due_;  // mounts for check_own()
  bool see_all_ = true;
  std::set<std::string> due_;                              // mounts for see_mount()
  std::set<std::pair<std::string, std::string>> ending_;   // ended sources, likewise
  std::map<std::string, std::optional<Upstream>> places_;  // of nodes with sources
  std::set<std::string> masters_seen_;
  std::set<std::string> ended_;
  SteadyTime see_again_{};
  SteadyTime name_again_{};
  // Refused rows, by sender and mount, with the time of the first; SteadyTime::max(): logged.
  std::map<std::pair<std::string, std::string>, SteadyTime> refused_;
  std::uint64_t told_ = ~std::uint64_t{0};  // version of Ingest last sent
  bool stopped_ = false;
  SteadyTime::duration away_{};  // of the loop, at the last check
  SteadyTime next_turn_{};
  Timer timer_;
};

}  // namespace lb
