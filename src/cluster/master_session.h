// MasterSession: this node at one of its masters: keeps the link up, says what it carries and how
// loaded it is, and knows which streams the master offers.
//
// A LOAD goes out every `every` of the master; earlier, but not within kLeastPause of the last one,
// when LoadBook says that somebody should hear it, or when listeners have changed by more than 2 %
// of the capacity.  While the socket has not taken the last frames no LOAD is made: the next one
// says it all.
//
// Thread: control.  Ownership: app/cluster_links.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cluster/link.h"
#include "cluster/link_client.h"
#include "cluster/link_host.h"
#include "cluster/linked_streams.h"

namespace lb {

// How to reach a master's link and its streams.
struct LinkPlan {
  LinkTarget link;
  // Where its streams are pulled from; port 0: as its WELCOME says.
  ConnectTarget streams;
  bool wants_listeners = true;

  bool operator==(const LinkPlan&) const = default;
};

class MasterSession {
 public:
  static constexpr std::chrono::milliseconds kLeastPause{50};
  static constexpr std::chrono::milliseconds kForWelcome{5000};
  // How long the link is waited for before the streams are asked for in another way.
  static constexpr std::chrono::seconds kHope{10};
  // A link that has lived so long has worked: the next retry is a quick one.
  static constexpr std::chrono::milliseconds kGood{3000};

  MasterSession(LinkHost& host, Resolver& resolver, LinkPlan plan, LinkClient::Doors doors);
  ~MasterSession();

  void start() { client_.connect(); }
  // After SIGHUP: at once, if it is not linked.
  void retry_now();
  // The load has been looked at; urgent: as LoadBook::update() says.
  void load_changed(bool urgent);
  void send(Frame frame);
  // Asks about a mount; false: not linked.
  bool ask_who(const std::string& mount);
  // And does not come back.
  void say_goodbye(ByeFrame bye);
  // Streams that may go now, go.
  bool forget_streams() { return streams_.forget(host_.loop().now()); }

  const LinkPlan& plan() const noexcept { return plan_; }
  // The streams are known by the link, or there is hope.
  bool covers() const noexcept { return coverage_ != Coverage::kNone; }
  bool coverage_changed();  // since it was asked the last time
  bool linked() const noexcept { return link_ != nullptr && !link_->ended() && welcome_; }
  const std::string& master_id() const noexcept { return master_id_; }  // "": never linked
  const WelcomeFrame* welcome() const noexcept { return welcome_ ? &*welcome_ : nullptr; }
  const LinkedStreams& streams() const noexcept { return streams_; }
  // Where they are pulled from; nullopt: not known.
  std::optional<ConnectTarget> streams_target() const;
  // Where listeners find it; nullopt: not linked, or not known.
  std::optional<std::string> origin(PublicScheme scheme) const;
  std::chrono::microseconds round_trip() const noexcept { return round_trip_; }
  // Master's wall clock less ours.
  std::chrono::milliseconds clock_offset() const noexcept { return offset_; }
  std::uint64_t issued() const noexcept { return issued_; }  // redirects to us, as it says
  std::string name() const { return client_.name(); }
  const Link* link() const noexcept { return link_.get(); }  // null: not connected
  SteadyTime::duration linked_for() const { return host_.loop().now() - linked_since_; }

 private:
  void connected(std::unique_ptr<Transport> transport, std::string leftover);
  Result<void> take(Frame frame);
  Result<void> take_welcome(WelcomeFrame welcome);
  void take_ack(const AckFrame& ack);
  void take_command(CommandFrame command);
  void send_load();
  void on_end(const std::string& reason);
  void say(LogLevel level, const std::string& text) const;

  enum class Coverage : std::uint8_t { kHoped, kThere, kNone };

  LinkHost& host_;
  const LinkPlan plan_;
  Coverage coverage_ = Coverage::kHoped;
  bool covered_ = true;  // as last told
  SteadyTime hope_until_;
  LinkClient client_;
  LinkedStreams streams_;
  std::unique_ptr<Link> link_;  // null: not connected
  std::optional<WelcomeFrame> welcome_;
  std::string master_id_;
  std::uint16_t http_port_ = 0, https_port_ = 0;
  std::uint64_t reported_ = 0;  // of LoadBook
  unsigned last_listeners_ = 0, most_listeners_ = 1;
  SteadyTime linked_since_{}, last_load_{};
  bool load_due_ = false;
  bool left_ = false;  // for good
  // Round trips and offsets: LOADs that wait for their ACK, and the last results.
  struct Pending {
    std::uint64_t seq = 0;
    SteadyTime sent{};
    std::int64_t wall_ms = 0;
  };
  std::array<Pending, 8> pending_{};
  std::array<std::int64_t, 8> offsets_{};
  std::size_t acks_ = 0;
  std::chrono::microseconds round_trip_{0};
  std::chrono::milliseconds offset_{0};
  std::uint64_t issued_ = 0;
  int bye_code_ = 0;
  std::chrono::milliseconds bye_back_{0};
  // A command may be answered when this session, or its link, has gone.
  std::shared_ptr<MasterSession*> self_;
};

}  // namespace lb
