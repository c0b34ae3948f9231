// IngestService: acts on what Ingest decides: which relays this node pulls from their own upstream
// for all nodes, and what the neighbours are told.
//
// A neighbour is a master of this node, a node of its, or both (a peer).  Of a node that is no peer
// only rows of its own are believed, for the mounts that its <node sources> names.
//
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
class LinkedNeighbours;
class MasterLinks;
struct Network;
class NodeLinks;

class IngestService {
 public:
  IngestService(Network& network, MasterLinks& masters, NodeLinks& nodes,
                LinkedNeighbours& neighbours);

  void configure(const Config& config);
  void stop();
  // A link to this neighbour stands, perhaps one more.
  void joined(const std::string& id, bool upward);
  // The last link to it has ended.
  void left(const std::string& id);
  void take(const std::string& sender, const std::vector<IngestRow>& rows);

  // This node pulls the mount from its own upstream.
  bool captures(std::string_view mount) const { return ingest_ && ingest_->captures(mount); }
  std::size_t captured() const { return ingest_ ? ingest_->captured() : 0; }
  // The mounts of this server may be other ones, and what the configuration says of them.
  void mounts_changed();
  // This one has begun, ended or changed here.
  void mount_changed(const std::string& mount);
  // Relays may feed others of them.
  void flows_changed();
  // Sources of nodes that are pulled from there, with the way to the node.
  struct NodeSource {
    std::string mount, node;
    Upstream upstream;
  };
  // By mount; of one mount the best first.
  using NodeSources = std::map<std::string, std::vector<NodeSource>, std::less<>>;
  const NodeSources& node_sources() const noexcept { return node_sources_; }
  std::span<const NodeSource> sources_of(std::string_view mount) const;
  // The source that is pulled, as its node tells of it; nullopt: none, or nothing is told.
  struct FedBy {
    std::string node;
    ReportedSource source;
  };
  std::optional<FedBy> fed_by(std::string_view mount) const;
  // The node says that it has the source, whether that is pulled or not.
  bool has_source_at(std::string_view mount, std::string_view node) const;
  // Whether, since the last call, the node itself has ended a source of this mount that was in
  // node_sources(): there is nothing to wait for, as there is where a link is lost.
  bool take_ended(const std::string& mount) { return ended_.erase(mount) > 0; }
  // The neighbour that this mount is pulled from, linked now or lately; "": none that knows slots.
  std::string upstream_of(const std::string& mount) const;
  // The way that the stream of a mount has come before this server, where that is known here;
  // nullopt: it is not.
  std::optional<std::vector<std::string>> way_of(const std::string& mount) const;
  // What is known of each mount, and why a row is not believed; for people.
  std::vector<IngestSight> rows() const;

  // Whether what this neighbour says of a source of the mount counts here.
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
  void check_own();
  // all: not only as many as are looked at in one turn.
  void see_sources(bool all);
  void note_places(SteadyTime now);
  // True: it is pulled from elsewhere now.
  bool see_mount(const std::string& mount);
  // The neighbour that is this upstream of the mount; "": none.
  std::string neighbour_at(const std::string& mount, const Upstream& from) const;
  // "": this node may bring the mount.
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
  bool must_check_ = true;  // at the mounts
  bool see_all_ = true;
  std::set<std::string> due_;                              // mounts, to be seen
  std::set<std::pair<std::string, std::string>> ending_;   // mounts and nodes, to be seen
  std::map<std::string, std::optional<Upstream>> places_;  // of nodes with sources
  std::set<std::string> masters_seen_;
  std::set<std::string> ended_;
  SteadyTime see_again_{};
  SteadyTime name_again_{};
  // Refused rows, by teller and mount: since when; SteadyTime::max(): the log has them.
  std::map<std::pair<std::string, std::string>, SteadyTime> refused_;
  std::uint64_t told_ = ~std::uint64_t{0};  // version of Ingest
  bool stopped_ = false;
  SteadyTime::duration away_{};  // of the loop, so far
  SteadyTime next_turn_{};
  Timer timer_;
};

}  // namespace lb
