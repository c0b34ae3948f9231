// NodeSession: one node that is linked to this master, from the moment when it has proved who it is
// until the link ends: HELLO → WELCOME and SNAP → its SNAP → LOADs; what it says goes into the
// NodeTable, under its own name and no other.
//
// A frame that a node may not send, a HELLO with another name than the one it logged in with, a
// report before the snapshot, a clock that goes backward: each ends the link with a reason.
//
// Thread: control.  Ownership: app/cluster_links, until LinkHost::node_left().
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/link.h"
#include "cluster/link_host.h"

namespace lb {

class NodeSession {
 public:
  static constexpr std::chrono::milliseconds kForHello{5000};
  static constexpr std::size_t kMostMounts = 20'000;  // that one node may carry
  static constexpr unsigned kMostMessagesASecond = 100;

  // id: who it has proved to be.
  NodeSession(LinkHost& host, std::string id, std::unique_ptr<Transport> transport,
              std::string leftover);
  ~NodeSession();

  void send_offers(const OfferBook::Change& change);
  void send(Frame frame) { link_.send(std::move(frame)); }
  // Says so to the node: it may come again after `back`.
  void say_goodbye(ByeFrame bye);
  // Another connection of the same process has taken its place in the table.
  void replaced();
  // Somebody else answers there.
  void address_refused(const NodeAddress& address, const std::string& why);
  void end(std::string reason) { link_.end(std::move(reason)); }

  const std::string& id() const noexcept { return id_; }
  const std::string& epoch() const noexcept { return epoch_; }
  bool joined() const noexcept { return joined_; }
  bool was_taken_in() const noexcept { return !epoch_.empty(); }  // its HELLO was good
  const Address& peer() const noexcept { return peer_; }
  SteadyTime since() const noexcept { return since_; }
  const Link& link() const noexcept { return link_; }

 private:
  Result<void> take(Frame frame);
  Result<void> take_hello(const HelloFrame& hello);
  Result<void> take_snapshot(SnapFrame& snap);
  Result<void> take_load(LoadFrame& load);
  Result<void> take_message(MessageFrame& message);
  void take_drain(const DrainFrame& drain);
  void on_end(const std::string& reason);
  // Its row in the table; kNoNode: that is gone, or another process has taken it.
  NodeSlot slot() const;
  void say(LogLevel level, const std::string& text) const;

  LinkHost& host_;
  const std::string id_;
  const Address peer_;
  const SteadyTime since_;
  std::string epoch_;
  bool joined_ = false;
  bool snapshot_done_ = false;
  bool said_bye_ = false;
  std::string bye_;
  NodeHello row_;                    // as it was put into the table
  std::vector<MountLoad> arriving_;  // of a SNAP that is not complete
  std::uint64_t last_at_ms_ = 0;
  SteadyTime message_second_{};
  unsigned messages_ = 0;
  Link link_;
};

}  // namespace lb
