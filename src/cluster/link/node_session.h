// NodeSession: one node that is linked to this master, from the proof of its id to the end of the
// link: HELLO → WELCOME and SNAP → its SNAP → LOADs.  Its reports go into the NodeTable, only under
// its own id.
//
// The link ends with a reason at a frame that a node may not send, a HELLO with another id than the
// login's, a report before the snapshot, or a clock that goes backward.  A node that exceeds a
// limit is sent the reason (BYE), so that both logs have it.
//
// A node's frames are read no faster than kBytesASecond, so they cost this server at most about 1 %
// of a processor.  Silence ends the link only after the first frame behind HELLO, because a whole
// round trip passes before.
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
#include <vector>

#include "cluster/link/conf_pieces.h"
#include "cluster/link/link.h"
#include "cluster/link/master_side.h"
#include "cluster/link/replica.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/nodes/known_nodes.h"

namespace lb {

class NodeSession {
 public:
  static constexpr std::chrono::milliseconds kForHello{5000};
  static constexpr std::size_t kMaxMounts = 20'000;  // that one node may carry
  static constexpr std::size_t kBytesASecond = 512 * 1024;
  static constexpr std::size_t kBytesAtOnce = 768 * 1024;  // a snapshot of kMaxMounts usual names
  static constexpr unsigned kMaxMessagesASecond = 100;
  static constexpr std::chrono::milliseconds kTryAgain{5000};  // a refused address

  // id: proved by its key or its password.
  // number: unique among the links of the host.
  NodeSession(MasterSide& host, std::string id, std::unique_ptr<Transport> transport,
              std::string leftover, std::uint64_t number = 0);
  ~NodeSession();

  // Sends the changes of MasterSide::offers().
  void send_offers();
  void send(Frame frame);
  void send_rows(const Frame& frame);  // see Link
  void send_conf(const ConfPieces::Piece& piece);
  // Ends the link with a BYE; the node may connect again after `back`.
  void send_bye(ByeFrame bye);
  // A newer connection of the same process owns the row in the table.
  void replaced();
  // The result of MasterSide::try_addresses(): the node itself, another server, or no answer.
  void address_tried(const NodeAddress& address, const Result<bool>& itself);
  void end(std::string reason) { link_.end(std::move(reason)); }

  const std::string& id() const noexcept { return id_; }
  std::uint64_t number() const noexcept { return number_; }
  const std::string& epoch() const noexcept { return epoch_; }
  bool joined() const noexcept { return joined_; }
  const WelcomeFrame& welcome() const noexcept { return welcome_; }  // once joined()
  bool was_accepted() const noexcept { return !epoch_.empty(); }     // its HELLO was valid
  // The node's wall clock less this one.
  std::chrono::milliseconds clock_offset() const noexcept { return clock_.offset(); }
  // Whether the node supports slots (frame.h, kLinkMinor).
  bool knows_slots() const noexcept { return minor_ >= 1; }
  bool knows_conf() const noexcept { return minor_ >= 2; }  // likewise
  // Whether the node has records of this master in force over this link.
  bool has_conf() const noexcept { return has_conf_; }
  bool moves_one() const noexcept { return minor_ >= 3; }       // likewise
  bool sets_fallbacks() const noexcept { return minor_ >= 4; }  // … and ends one encoder
  // For how long it has not enforced all CONF that it was sent; nullopt: it does not report this.
  std::optional<SteadyTime::duration> conf_lag(SteadyTime now) const;
  // Whether the link has ended by silence, detected at either end.
  bool was_silent() const noexcept { return link_.was_silent() || bye_silent_; }
  // A time at which the node was up, by this clock: if a frame was read late, the time of its
  // sending.
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
  void log_hello(const HelloFrame& hello, const BelievedAddresses& believed) const;
  Result<void> take_snapshot(SnapFrame& snap);
  Result<void> take_load(LoadFrame& load);
  Result<void> take_message(MessageFrame& message);
  void note_conf(std::uint64_t runs, SteadyTime now);
  void take_drain(const DrainFrame& drain);
  // now_ms: the node's wall clock when it sent the frame that has just arrived.
  void measure_clock(std::int64_t now_ms, std::chrono::microseconds way);
  void on_end(const std::string& reason);
  // The node's row in the table; kNoNode: the row was removed, or another process of the node has
  // it.
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
  bool drain_known_ = false;  // it has reported over this link whether it drains
  std::string version_;
  std::uint64_t round_trip_us_ = 0;
  bool has_conf_ = false;
  unsigned minor_ = 0;  // of its version of the link
  struct SentConf {
    std::uint64_t number = 0;
    SteadyTime at{};
  };
  static constexpr std::size_t kMaxSentConf = 1000;
  std::deque<SentConf> conf_sent_;  // runs that it has not reported in force
  std::uint64_t conf_runs_ = 0;     // that were sent
  bool sends_conf_ = false;
  bool has_bye_ = false, bye_silent_ = false;
  SteadyTime was_there_{};
  std::optional<std::chrono::milliseconds> clock_ahead_;  // this steady clock less its LOADs'
  std::string bye_;
  WelcomeFrame welcome_;
  NodeHello row_;                     // as it was put into the table
  std::vector<NodeAddress> refused_;  // where another server has answered
  SteadyTime try_again_{};
  std::vector<MountLoad> arriving_;  // of an incomplete SNAP
  std::uint64_t last_at_ms_ = 0;
  ClockOffset clock_;  // the node's wall clock
  SecondCount messages_;
  Link link_;
  LateReads late_reads_;
};

}  // namespace lb
