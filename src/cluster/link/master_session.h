// MasterSession: this node's session with one master: keeps the link up, reports mounts and load,
// and holds the streams that the master offers.
//
// The node reports its mounts once it knows whether it can pull the master's streams, after half a
// second at the latest: until then the master sends no listener.
//
// A LOAD is sent at the master's interval (`every`).  It is sent earlier, but not within
// kLeastPause of the last one, if LoadChanges is urgent, if listeners have changed by more than 2 %
// of the capacity, or if they have changed at all and half of `every` has passed since the last
// such LOAD.  No LOAD is made before the socket has taken the last frames; the next one replaces
// it.
//
// Silence ends the link only after the first ACK, because a whole round trip passes before.
//
// Thread: control.
// Ownership: app/cluster/master_links.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/random.h"
#include "cluster/link/link.h"
#include "cluster/link/link_client.h"
#include "cluster/link/linked_streams.h"
#include "cluster/link/load_changes.h"
#include "cluster/link/node_side.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/nodes/public_address.h"

namespace lb {

struct MasterRecord;

// How to reach a master's link and its streams.
struct LinkPlan {
  LinkTarget link;
  // The server that streams are pulled from; port 0: as in its WELCOME.
  ConnectTarget streams;
  bool wants_listeners = true;

  bool operator==(const LinkPlan&) const = default;
  // False: another link is needed.
  bool same_link(LinkPlan other) const {
    other.link.retry_max = link.retry_max;
    return *this == other;
  }
};

class MasterSession {
 public:
  static constexpr std::chrono::milliseconds kLeastPause{50};
  static constexpr std::chrono::milliseconds kForWelcome{5000};
  static constexpr std::chrono::milliseconds kForPath{500};
  // A master whose link is not up after this time is polled.
  static constexpr std::chrono::seconds kLinkPatience{10};
  // A link that lasted so long has worked: the next retry is quick.
  static constexpr std::chrono::milliseconds kGood{3000};

  MasterSession(NodeSide& host, Resolver& resolver, LinkPlan plan, LinkClient::Callbacks callbacks);
  ~MasterSession();

  void start() { client_.connect(); }
  // Before start(): takes the streams of the session that it replaces.
  void continue_from(MasterSession& before);
  // For a hand-over. restore() takes the former process's state; the caller passes the streams on.
  MasterRecord save() const;
  Result<void> restore(const MasterRecord& saved);
  void set_retry_max(std::chrono::milliseconds most) noexcept {
    plan_.link.retry_max = most;
    client_.set_retry_max(most);
  }
  // Connects at once, if it is not linked.
  void retry_now();
  // The configuration has changed: if HELLO says something else now, another link of the same run
  // takes the place of the present one, as at an upgrade.
  void describe_again();
  // LoadChanges has changed; urgent: as LoadChanges::set() returns.
  void load_changed(bool urgent);
  void send(Frame frame);
  void send_rows(const Frame& frame);  // see Link
  // Reports the mounts, once this node has found out whether it can pull the master's streams.
  void announce();
  // Asks about a mount; false: not linked.
  bool lookup_mount(const std::string& mount);
  // Ends the link with a BYE, and makes no further one.
  void send_bye(ByeFrame bye);
  // Removes streams that may go now, and informs the host.
  void forget_streams();

  const LinkPlan& plan() const noexcept { return plan_; }
  // Whether the link delivers the streams, or soon will.
  bool replaces_polling() const noexcept { return delivery_ != Delivery::kNone; }
  bool replaces_polling_changed();  // since the last call
  // Whether the master supports slots (frame.h, kLinkMinor).
  bool knows_slots() const noexcept { return welcome_ && welcome_->minor >= 1; }
  bool knows_conf() const noexcept { return welcome_ && welcome_->minor >= 2; }
  // Whether the last link ended by silence, detected at either end.
  bool was_silent() const noexcept { return was_silent_; }
  // A time at which the master was up, because it has answered a frame that was sent then.
  SteadyTime was_there() const noexcept { return was_there_; }
  bool linked() const noexcept { return link_ != nullptr && !link_->ended() && welcome_; }
  // Whether the last answer of the master was one of a server without links.
  bool offers_no_link() const noexcept { return offers_no_link_; }
  const std::string& master_id() const noexcept { return master_id_; }  // "": never linked
  // The master's run, as it last named itself: "m1.77e0aa01"; "": never linked.
  const std::string& master_mark() const noexcept { return master_mark_; }
  const WelcomeFrame* welcome() const noexcept { return welcome_ ? &*welcome_ : nullptr; }
  const LinkedStreams& streams() const noexcept { return streams_; }
  std::set<std::string> take_changed_streams() { return streams_.take_changed(); }
  // The server that they are pulled from; nullopt: not known.
  std::optional<ConnectTarget> streams_target() const;
  // Where listeners reach the master; nullopt: not linked, or not known.
  std::optional<std::string> origin(PublicScheme scheme) const;
  std::chrono::microseconds round_trip() const noexcept { return round_trip_; }
  // The master's wall clock less this one.
  std::chrono::milliseconds clock_offset() const noexcept { return clock_.offset(); }
  // Redirects to this node, by the master's count.
  std::uint64_t issued() const noexcept { return issued_; }
  std::string name() const { return client_.name(); }
  const Link* link() const noexcept { return link_.get(); }  // null: not connected
  SteadyTime::duration linked_for() const { return host_.loop().now() - linked_since_; }

 private:
  void connected(std::unique_ptr<Transport> transport, std::string leftover);
  std::unique_ptr<Link> make_link(std::unique_ptr<Transport> transport, std::string leftover);
  Result<void> take(Frame frame);
  Result<void> take_welcome(WelcomeFrame welcome);
  void take_ack(const AckFrame& ack);
  void measure_clock(std::int64_t master_ms, std::int64_t sent_ms, SteadyTime::duration round_trip);
  void take_command(CommandFrame command);
  void send_load();
  void on_end(const std::string& reason);
  void log(LogLevel level, const std::string& text) const;

  enum class Delivery : std::uint8_t { kHoped, kThere, kNone };

  NodeSide& host_;
  LinkPlan plan_;
  Delivery delivery_ = Delivery::kHoped;
  bool replaced_polling_ = true;  // at the last call
  bool offers_no_link_ = false;
  SteadyTime patience_until_;
  LinkClient client_;
  LinkedStreams streams_;
  std::unique_ptr<Link> link_;  // null: not connected
  // What link_ replaces, until its WELCOME: then the master has let go of it.
  std::unique_ptr<Link> former_;
  std::uint64_t links_ = 0;  // connected so far
  HelloFrame hello_;         // over link_
  std::optional<WelcomeFrame> welcome_;
  std::string master_id_, master_mark_;
  bool acknowledged_ = false;    // a LOAD was acknowledged, so silence counts from now on
  std::uint64_t conf_runs_ = 0;  // that came over this link
  std::uint16_t http_port_ = 0, https_port_ = 0;
  std::uint64_t reported_ = 0;  // of LoadChanges
  unsigned last_listeners_ = 0, max_listeners_ = 1;
  SteadyTime last_change_{};  // the last LOAD with a changed number of listeners
  SteadyTime linked_since_{}, last_load_{};
  std::int64_t hello_ms_ = 0;  // this wall clock when HELLO was sent
  bool load_due_ = false;
  bool sent_tokens_ = false;  // as last reported to the master
  bool announced_ = false;
  Timer announce_;
  bool left_ = false;  // no further link is made
  // Round trips: LOADs that wait for their ACK, and the last result.
  struct Pending {
    std::uint64_t seq = 0;
    SteadyTime sent{};
    std::int64_t wall_ms = 0;
  };
  std::array<Pending, 8> pending_{};
  std::chrono::microseconds round_trip_{0};
  ClockOffset clock_;  // the master's
  std::uint64_t issued_ = 0;
  bool was_silent_ = false;
  SteadyTime was_there_{};
  int bye_code_ = 0;
  std::chrono::milliseconds bye_back_{0};
  // A command may be answered after this session, or its link, is gone.
  std::shared_ptr<MasterSession*> self_;
};

}  // namespace lb
