// NodeSession: one node that is linked to this master, from the proof of its id until the link
// ends: HELLO → WELCOME and SNAP → its SNAP → LOADs.  Its reports go into the NodeTable, under its
// own id and no other.
//
// A frame that a node may not send, a HELLO with another id than the one of the login, a report
// before the snapshot, a clock that goes backward: each ends the link with a reason.  A node that
// exceeds a limit is sent the reason (BYE), so that both logs name it.
//
// A node that sends more than kBytesASecond is read no faster than that: its reports cost this
// server about 1 % of a processor, whatever it does.  Silence ends the link only from the first
// frame after HELLO on: before, a whole round trip passes.
//
// Thread: control.
// Ownership: app/cluster/node_links, until MasterSide::node_left().
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/link/conf_pieces.h"
#include "cluster/link/link.h"
#include "cluster/link/replica.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/nodes/known_nodes.h"

namespace lb {

class NodeSession;
class RedirectDecider;

// MasterSide: what the sessions of nodes at this master need from the server around them, and
// report to it.
class MasterSide : public LinkHost {
 public:
  virtual RedirectDecider& decider() noexcept = 0;
  // Null: not in the configuration, or removed from it.
  virtual const KnownNode* known_node(std::string_view id) const = 0;
  // What this master offers, as its own rows.
  virtual Replica<StreamOffer>& offers() noexcept = 0;
  // As of this moment; the nodes may not have been sent the change yet.
  virtual bool is_offered(const std::string& mount) = 0;
  virtual WelcomeFrame welcome_for(const KnownNode& node) = 0;
  // A node has been accepted; an older connection of the same process ends here, without a BYE.
  virtual void node_joined(NodeSession& session) = 0;
  // Probes each address, all of them allowed to the node; address_tried() follows.
  virtual void try_addresses(NodeSession& session, const std::vector<NodeAddress>& addresses,
                             std::chrono::milliseconds round_trip) = 0;
  virtual void node_answered(const std::string& node, const ResultFrame& result) = 0;
  virtual void node_reported(const std::string& /*node*/, const TellFrame& /*told*/) {}
  // The last call: destroys the session.
  virtual void node_left(NodeSession& session, const std::string& why) = 0;
};

class NodeSession {
 public:
  static constexpr std::chrono::milliseconds kForHello{5000};
  static constexpr std::size_t kMaxMounts = 20'000;  // that one node may carry
  static constexpr std::size_t kBytesASecond = 512 * 1024;
  static constexpr std::size_t kBytesAtOnce = 768 * 1024;  // a snapshot of kMaxMounts usual names
  static constexpr unsigned kMaxMessagesASecond = 100;
  static constexpr std::chrono::milliseconds kTryAgain{5000};  // a refused address

  // id: proved by its key or its password.
  // number: of its host's links.
  NodeSession(MasterSide& host, std::string id, std::unique_ptr<Transport> transport,
              std::string leftover, std::uint64_t number = 0);
  ~NodeSession();

  // What has changed of MasterSide::offers().
  void send_offers();
  void send(Frame frame);
  void send_conf(const ConfPieces::Piece& piece);
  // Ends the link with a BYE; the node may connect again after `back`.
  void send_bye(ByeFrame bye);
  // A newer connection of the same process has the row in the table.
  void replaced();
  // What MasterSide::try_addresses() has found: itself there, another server, or no answer.
  void address_tried(const NodeAddress& address, const Result<bool>& itself);
  void end(std::string reason) { link_.end(std::move(reason)); }

  const std::string& id() const noexcept { return id_; }
  std::uint64_t number() const noexcept { return number_; }
  const std::string& epoch() const noexcept { return epoch_; }
  bool joined() const noexcept { return joined_; }
  bool was_accepted() const noexcept { return !epoch_.empty(); }  // its HELLO was valid
  // The node's wall clock less this one.
  std::chrono::milliseconds clock_offset() const noexcept { return clock_.offset(); }
  // It knows slots (frame.h, kLinkMinor).
  bool knows_slots() const noexcept { return minor_ >= 1; }
  bool knows_conf() const noexcept { return minor_ >= 2; }      // likewise
  bool moves_one() const noexcept { return minor_ >= 3; }       // likewise
  bool sets_fallbacks() const noexcept { return minor_ >= 4; }  // and ends one encoder
  // For how long it has not enforced what CONF has told it; nullopt: it does not say.
  std::optional<SteadyTime::duration> conf_lag(SteadyTime now) const;
  // The link has ended because nothing came any more, here or there.
  bool was_silent() const noexcept { return link_.was_silent() || bye_silent_; }
  // A time at which it was certainly there, by this clock; of a frame that was read late, the time
  // at which it was sent.
  SteadyTime was_there() const noexcept { return was_there_; }
  const std::string& version() const noexcept { return version_; }         // of its program
  std::uint64_t round_trip_us() const noexcept { return round_trip_us_; }  // 0: not known
  const Address& peer() const noexcept { return peer_; }
  SteadyTime since() const noexcept { return since_; }
  const Link& link() const noexcept { return link_; }

 private:
  Result<void> take(Frame frame);
  Result<void> take_valid(Frame frame);
  void note_there(std::uint64_t at_ms);
  void first_frame();
  std::vector<StreamOffer> offer_news();
  Result<void> take_hello(const HelloFrame& hello);
  Result<void> take_snapshot(SnapFrame& snap);
  Result<void> take_load(LoadFrame& load);
  Result<void> take_message(MessageFrame& message);
  void note_conf(std::uint64_t runs, SteadyTime now);
  void take_drain(const DrainFrame& drain);
  // now_ms: its wall clock when it sent the frame that arrived just now.
  void measure_clock(std::int64_t now_ms, std::chrono::microseconds way);
  void on_end(const std::string& reason);
  // Its row in the table; kNoNode: it is gone, or belongs to another process.
  NodeSlot slot_in(const NodeTable& table) const;
  bool listed() const;
  // Calls what(table, slot, now) with its row; false: it has none.
  template <class F>
  bool update_row(F&& what);
  void log(LogLevel level, const std::string& text) const;

  MasterSide& host_;
  const std::string id_;
  const std::uint64_t number_;
  const Address peer_;
  const SteadyTime since_;
  std::string epoch_;
  bool joined_ = false, snapped_ = false;
  bool heard_after_hello_ = false;
  SteadyTime welcomed_{};
  std::chrono::milliseconds dead_{0};  // as WELCOME says
  bool snapshot_done_ = false;
  bool drain_known_ = false;  // whether it drains, over this link
  std::string version_;
  std::uint64_t round_trip_us_ = 0;
  unsigned minor_ = 0;  // of its version of the link
  struct SentConf {
    std::uint64_t number = 0;
    SteadyTime at{};
  };
  static constexpr std::size_t kMaxSentConf = 1000;
  std::deque<SentConf> conf_sent_;  // runs that it has not said to be in force
  std::uint64_t conf_runs_ = 0;     // that were sent
  bool sends_conf_ = false;
  bool has_bye_ = false, bye_silent_ = false;
  SteadyTime was_there_{};
  std::optional<std::chrono::milliseconds>
      clock_ahead_;  // this steady clock less that of its LOADs
  std::string bye_;
  NodeHello row_;                     // as it was put into the table
  std::vector<NodeAddress> refused_;  // another server has answered there
  SteadyTime try_again_{};
  std::vector<MountLoad> arriving_;  // of a SNAP that is not complete
  std::uint64_t last_at_ms_ = 0;
  ClockOffset clock_;  // the node's wall clock
  SteadyTime message_second_{};
  unsigned messages_ = 0;
  Link link_;
};

}  // namespace lb
