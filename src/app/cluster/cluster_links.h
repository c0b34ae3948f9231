// ClusterLinks: the links of this server to its masters (MasterLinks) and from its configured nodes
// (NodeLinks), with their shared parts: messages, repeated offers, and the poll of the mounts,
// every 50 ms where there is a master.
//
// Thread: control, except MasterLinks::any_linked().
// Ownership: Services.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/rate_limit.h"
#include "base/result.h"
#include "net/loop/loop.h"
#include "stream/mount/mount_table.h"

namespace lb {

class ArchiveLinks;
class AudienceLinks;
struct ConfFrame;
class ConfSource;
struct Config;
struct HolderRecord;
class IngestService;
class LinkedNeighbours;
struct LinkRow;
class MasterLinks;
struct MessageFrame;
class MessageLog;
struct NeighbourCallbacks;
struct Network;
class NodeLinks;
class SeatService;
class SlotService;
struct StreamOffer;
class TitleLinks;

class ClusterLinks {
 public:
  explicit ClusterLinks(Network& network);
  ~ClusterLinks();

  // REQUIRES: before privileges are dropped
  Result<void> bind(const Config& config);
  // Takes the first or a new configuration.
  void configure(const Config& config);
  // Sends a BYE over every link.
  void stop(const std::string& why);

  // -- of a hand-over
  // Rows of other nodes, as frames of the link; restore_rows() comes after MasterLinks::go_on().
  std::vector<HolderRecord> save_rows() const;
  void restore_rows(const std::vector<HolderRecord>& saved);
  // REQUIRES: after the relays of offered mounts are made, before the loops start
  void all_goes_on();
  // The next process has taken over: it makes its own links to masters, and nodes get a BYE.
  void hand_over();

  MasterLinks& masters() noexcept { return *masters_; }
  NodeLinks& nodes() noexcept { return *nodes_; }
  IngestService& ingest() noexcept { return *ingest_; }
  SlotService& slots() noexcept { return *slots_; }
  SeatService& seats() noexcept { return *seats_; }
  ConfSource& conf() noexcept { return *conf_; }
  TitleLinks& titles() noexcept { return *titles_; }
  ArchiveLinks& archive() noexcept { return *archive_; }
  // Receives the settings that masters send for this server to enforce.
  struct ConfTaker {
    std::function<void(const std::string& master, const ConfFrame&)> take;
    std::function<void()> masters_changed;  // the set of masters, or of linked ones
    std::function<bool(const std::string& master, const std::string& mount)> is_record_of;
  };
  void set_conf_taker(ConfTaker taker) { conf_taker_ = std::move(taker); }

  // Any offered or carried mount may have changed.
  void mounts_changed();
  // One offered or carried mount may have changed; called by admission and relays.
  void mount_changed(const std::string& mount);
  // The sections of these mounts have changed, and the configuration is otherwise the same.
  void records_changed(std::span<const std::string> mounts);
  // The servers that are linked now.
  const std::set<std::string>& linked() const noexcept;
  // The relays, and so the mounts, have changed.  touched: mounts that are pulled another way.
  void relays_chosen(const std::set<std::string>& touched);

  // -- for admin commands
  // Error: too many messages in this second.
  Result<void> publish(const std::string& topic, std::string bytes);
  const MessageLog& messages() const noexcept { return *messages_; }
  std::vector<LinkRow> rows() const;
  // The path of a mount's stream, this server last; empty: the mount is not here.
  std::vector<std::string> way_here(const std::string& mount) const;

 private:
  void poll();
  void poll_soon();
  void pass_on(const MessageFrame& message);
  // upward: for links to masters.
  NeighbourCallbacks neighbours(bool upward);
  std::optional<StreamOffer> offer_of(const std::string& mount) const;
  void note_mounts();
  void joined(const std::string& id, const std::string& epoch, bool upward);
  void left(const std::string& id, bool silent);
  void resend(const std::string& id);

  Network& network_;
  const std::unique_ptr<MasterLinks> masters_;
  const std::unique_ptr<NodeLinks> nodes_;
  const std::unique_ptr<LinkedNeighbours> neighbours_;
  const std::unique_ptr<IngestService> ingest_;
  const std::unique_ptr<ArchiveLinks> archive_;
  const std::unique_ptr<SlotService> slots_;
  const std::unique_ptr<SeatService> seats_;
  const std::unique_ptr<ConfSource> conf_;
  const std::unique_ptr<TitleLinks> titles_;
  const std::unique_ptr<AudienceLinks> audience_;
  ConfTaker conf_taker_;
  const std::unique_ptr<MessageLog> messages_;
  SecondCount published_;
  MountTable::Rows seen_mounts_;
  SteadyTime polled_{};
  bool stopped_ = false;
  Timer poll_timer_;
};

}  // namespace lb
