// ClusterLinks: the links of this server to its masters (MasterLinks) and from its configured nodes
// (NodeLinks), with their shared parts: messages, repeated offers, and the poll of the mounts,
// every 50 ms where there is a master.
//
// Thread: control, except MasterLinks::any_linked().
// Ownership: Services.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "app/cluster/archive_links.h"
#include "app/cluster/audience_links.h"
#include "app/cluster/conf_source.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/linked_neighbours.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/seat_service.h"
#include "app/cluster/slot_service.h"
#include "app/cluster/title_links.h"
#include "app/topology/neighbours.h"
#include "cluster/link/message_log.h"
#include "cluster/nodes/second_count.h"

namespace lb {

struct ClusterRecord;
class FdsOut;
struct LinkRow;
struct MasterRecord;
struct Network;

class ClusterLinks {
 public:
  explicit ClusterLinks(Network& network);

  // REQUIRES: before privileges are dropped
  Result<void> bind(const Config& config) { return nodes_.bind(config); }
  // Takes the first or a new configuration.
  void configure(const Config& config);
  // Sends a BYE over every link.
  void stop(const std::string& why);

  // -- of a hand-over
  std::vector<MasterRecord> save(ClusterRecord& saved, FdsOut& fds) const;
  // REQUIRES: after configure().  links: those to masters, of the process before.
  void go_on(const ClusterRecord& saved, const std::vector<MasterRecord>& masters,
             std::vector<UniqueFd> links);
  // REQUIRES: after the relays of offered mounts are made, before the loops start
  void all_goes_on();
  // The next process has taken over: it makes its own links to masters, and nodes get a BYE.
  void hand_over();

  MasterLinks& masters() noexcept { return masters_; }
  NodeLinks& nodes() noexcept { return nodes_; }
  IngestService& ingest() noexcept { return ingest_; }
  SlotService& slots() noexcept { return slots_; }
  SeatService& seats() noexcept { return seats_; }
  ConfSource& conf() noexcept { return conf_; }
  TitleLinks& titles() noexcept { return titles_; }
  ArchiveLinks& archive() noexcept { return archive_; }
  // Receives the settings that masters send for this server to enforce.
  struct ConfTaker {
    std::function<void(const std::string& master, const ConfFrame&)> take;
    std::function<void()> masters_changed;  // the set of masters, or of linked ones
    std::function<bool(const std::string& master, const std::string& mount)> is_record_of;
  };
  void set_conf_taker(ConfTaker taker) { conf_taker_ = std::move(taker); }

  // Any offered or carried mount may have changed.
  void mounts_changed() {
    nodes_.offers_changed();
    ingest_.mounts_changed();
    slots_.mounts_changed();
  }
  // The same for one mount; called by admission and relays.
  void mount_changed(const std::string& mount) {
    nodes_.offer_changed(mount);
    ingest_.mount_changed(mount);
    slots_.mount_changed(mount);
    titles_.mount_changed(mount);
  }
  // The sections of these mounts have changed, and the configuration is otherwise the same.
  void records_changed(std::span<const std::string> mounts) {
    masters_.records_changed(mounts);
    for (const std::string& mount : mounts) mount_changed(mount);
    slots_.sections_changed(mounts);
  }
  // The servers that are linked now.
  const std::set<std::string>& linked() const noexcept { return neighbours_.linked(); }
  // The relays, and so the mounts, have changed.  touched: mounts that are pulled another way.
  void relays_chosen(const std::set<std::string>& touched);

  // -- for admin commands
  // Error: too many messages in this second.
  Result<void> publish(const std::string& topic, std::string bytes);
  const MessageLog& messages() const noexcept { return messages_; }
  std::vector<LinkRow> rows() const;
  // The path of a mount's stream, this server last; empty: the mount is not here.
  std::vector<std::string> way_here(const std::string& mount) const {
    const auto offer = offer_of(mount);
    return offer ? offer->path : std::vector<std::string>();
  }

 private:
  void poll();
  void poll_soon();
  void pass_on(const MessageFrame& message);
  // upward: for links to masters.
  NeighbourCallbacks neighbours(bool upward);
  std::optional<StreamOffer> offer_of(const std::string& mount) const;
  void note_mounts();
  void take(const std::string& sender, const Frame& frame);
  void joined(const std::string& id, const std::string& epoch, bool upward);
  void left(const std::string& id, bool silent);

  Network& network_;
  MasterLinks masters_;
  NodeLinks nodes_;
  LinkedNeighbours neighbours_;
  IngestService ingest_;
  ArchiveLinks archive_;
  SlotService slots_;
  SeatService seats_;
  ConfSource conf_;
  TitleLinks titles_;
  AudienceLinks audience_;
  ConfTaker conf_taker_;
  MessageLog messages_;
  std::uint64_t next_message_ = 1;
  SecondCount published_;
  MountTable::Rows seen_mounts_;
  SteadyTime polled_{};
  bool stopped_ = false;
  Timer poll_timer_;
};

}  // namespace lb
