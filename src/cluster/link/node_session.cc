#include "cluster/link/node_session.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "cluster/balance/redirect_decider.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr int kDuplicateId = 409, kTooMuch = 429;
constexpr auto kBackAfterTooMuch = 10s;
constexpr auto kLongestWay = 500ms;  // of a frame, one way; a node cannot claim more

// A node without slots does not get such a mount.
bool needs_slots(const StreamOffer& offer) noexcept {
  return (offer.needs & static_cast<ProtectionSet>(Protection::kSlots)) != 0;
}

Error too_many_mounts() {
  return Error::limit(cat({"has named more than ", NodeSession::kMaxMounts, " mounts"}));
}

Link::Settings settings_of_hello() {
  Link::Settings settings;
  settings.dead = NodeSession::kForHello;
  settings.max_frames_per_second = 300;
  settings.max_bytes_per_second = NodeSession::kBytesASecond;
  settings.burst_bytes = NodeSession::kBytesAtOnce;
  settings.rows = Rate::of_bytes(4 << 20, 4 << 20);
  return settings;
}

NodeHello row_of(const HelloFrame& hello, const KnownNode& known,
                 const BelievedAddresses& believed) {
  NodeHello row;
  static_cast<NodeFacts&>(row) = hello;
  row.addresses = believed.addresses;
  row.masters = std::max(hello.masters, 1U);
  row.limits = known.limits;
  row.checks_tokens = hello.tokens;
  row.keyed = hello.keyed;
  return row;
}

}  // namespace

NodeSession::NodeSession(MasterSide& host, std::string id, std::unique_ptr<Transport> transport,
                         std::string leftover, std::uint64_t number)
    : host_(host),
      id_(std::move(id)),
      number_(number),
      peer_(transport->peer()),
      since_(host.loop().now()),
      link_(host.loop(), std::move(transport), std::move(leftover), settings_of_hello(),
            {[this](Frame frame) { return take(std::move(frame)); },
             {},
             [this](const std::string& reason) { on_end(reason); }}) {}

NodeSession::~NodeSession() = default;

void NodeSession::log(LogLevel level, const std::string& text) const {
  host_.log().write(level, "cluster/link", cat({"node ", id_, " (", peer_.ip(), "): ", text}));
}

// A withdrawn offer has no path.
std::vector<StreamOffer> NodeSession::offer_news() {
  const auto show = [this](const RowKey&, const auto& entry) {
    const bool hidden = !knows_slots() && needs_slots(*entry.row);
    return hidden ? std::nullopt : std::optional(*entry.row);
  };
  const auto gone = [](const RowKey& key) {
    StreamOffer offer;
    offer.mount = key.mount;
    return offer;
  };
  return host_.offers().news_for(id_, show, gone);
}

// Not before the SNAP, which has all offers.
void NodeSession::send_offers() {
  if (!joined_ || !snapped_) return;
  std::vector<StreamOffer> added = offer_news();
  if (added.empty()) return;
  std::vector<std::string> removed;
  std::erase_if(added, [&removed](const StreamOffer& offer) {
    if (offer.path.empty()) removed.push_back(offer.mount);
    return offer.path.empty();
  });
  for (DeltaFrame& frame : delta_frames(std::move(added), std::move(removed)))
    link_.send(std::move(frame));
}

void NodeSession::send(Frame frame) { link_.send(std::move(frame)); }
void NodeSession::send_rows(const Frame& frame) { link_.send_rows(frame); }

void NodeSession::send_conf(const ConfPieces::Piece& piece) {
  if (!piece.more) {
    ++conf_runs_;
    if (conf_sent_.size() < kMaxSentConf) conf_sent_.push_back({conf_runs_, host_.loop().now()});
  }
  link_.send_lines(piece.lines);
}

void NodeSession::note_conf(std::uint64_t runs, SteadyTime now) {
  sends_conf_ = true;
  has_conf_ = has_conf_ || runs > 0;
  while (!conf_sent_.empty() && conf_sent_.front().number <= runs) conf_sent_.pop_front();
  if (conf_sent_.empty() && runs < conf_runs_) conf_sent_.push_back({conf_runs_, now});
}

std::optional<SteadyTime::duration> NodeSession::conf_lag(SteadyTime now) const {
  if (!sends_conf_) return std::nullopt;
  return conf_sent_.empty() ? SteadyTime::duration(0)
                            : std::max(SteadyTime::duration(0), now - conf_sent_.front().at);
}

void NodeSession::send_bye(ByeFrame bye) {
  const std::string why = bye.why;
  has_bye_ = true;
  bye_ = why;
  link_.send_bye(std::move(bye), why);
}

void NodeSession::replaced() {
  joined_ = false;
  link_.end("another connection of the same process has taken its place");
}

void NodeSession::address_tried(const NodeAddress& address, const Result<bool>& itself) {
  const std::string origin = origin_of(address);
  if (!itself) {
    if (std::find(refused_.begin(), refused_.end(), address) == refused_.end())
      log(LogLevel::kInfo,
          cat({origin, " cannot be tried from here (", itself.error().what, "); it is used"}));
    return;
  }
  if (*itself)
    update_row(
        [&](NodeTable& table, NodeSlot slot, SteadyTime) { table.answers_at(slot, address); });
  auto& from = *itself ? refused_ : row_.addresses;
  if (!listed() || std::erase(from, address) == 0) return;
  (*itself ? row_.addresses : refused_).push_back(address);
  if (*itself)
    log(LogLevel::kInfo, cat({"listeners are sent to ", origin, " again: it answers there"}));
  else
    log(LogLevel::kWarn,
        cat({"no listener is sent to ", origin, ": another server answers there"}));
  NodeHello row = row_;
  // The same run of the process: the row only gets the new description.  Its weight and limits may
  // have changed since the HELLO.
  const SteadyTime now = host_.loop().now();
  try_again_ = now + kTryAgain;
  const auto again = host_.decider().with_table([&](NodeTable& table) {
    if (const NodeSlot slot = slot_in(table); slot != kNoNode) row.limits = table.node(slot).limits;
    return table.hello(std::move(row), now);
  });
  if (!again) link_.end(again.error().what);
}

NodeSlot NodeSession::slot_in(const NodeTable& table) const {
  const NodeSlot found = table.find(id_);
  if (!joined_ || found == kNoNode) return kNoNode;
  const Node& node = table.node(found);
  return node.kind == NodeKind::kLink && node.epoch == epoch_ ? found : kNoNode;
}

bool NodeSession::listed() const {
  return host_.decider().with_table(
      [this](const NodeTable& table) { return slot_in(table) != kNoNode; });
}

template <class F>
bool NodeSession::update_row(F&& what) {
  const SteadyTime now = host_.loop().now();
  return host_.decider().with_table([&](NodeTable& table) {
    const NodeSlot slot = slot_in(table);
    if (slot != kNoNode) what(table, slot, now);
    return slot != kNoNode;
  });
}

void NodeSession::on_end(const std::string& reason) {
  update_row([&](NodeTable& table, NodeSlot slot, SteadyTime now) {
    table.connection_lost(slot, has_bye_ ? bye_ : reason, now);
  });
  host_.node_left(*this, reason);  // destroys this
}

Result<void> NodeSession::take(Frame frame) {
  auto taken = take_valid(std::move(frame));
  if (taken || taken.error().code != Error::Code::kLimit || !joined_) return taken;
  link_.send_bye(ByeFrame{taken.error().what, kTooMuch, kBackAfterTooMuch}, taken.error().what);
  return taken;
}

// The round trip is now known.
void NodeSession::first_frame() {
  if (std::exchange(heard_after_hello_, true)) return;
  link_.set_dead(dead_);
  if (row_.addresses.empty()) return;
  const auto way = host_.loop().now() - welcomed_;
  host_.try_addresses(*this, row_.addresses,
                      std::chrono::duration_cast<std::chrono::milliseconds>(way));
}

Result<void> NodeSession::take_valid(Frame frame) {
  if (const auto* hello = std::get_if<HelloFrame>(&frame)) return take_hello(*hello);
  if (!joined_) return Error::denied(cat({"sent ", frame_name(frame), " before it said HELLO"}));
  if (!listed()) return Error::denied("is not in the table any more");
  first_frame();
  if (auto* load = std::get_if<LoadFrame>(&frame)) return take_load(*load);
  if (auto* snap = std::get_if<SnapFrame>(&frame)) return take_snapshot(*snap);
  if (auto* message = std::get_if<MessageFrame>(&frame)) return take_message(*message);
  if (has_rows(frame)) {
    host_.rows(id_, frame);
    return {};
  }
  if (const auto* who = std::get_if<WhoFrame>(&frame)) {
    if (!who->known) link_.send(WhoFrame{who->mount, host_.is_heard(who->mount)});
    return {};
  }
  if (const auto* drain = std::get_if<DrainFrame>(&frame)) {
    take_drain(*drain);
    return {};
  }
  if (const auto* result = std::get_if<ResultFrame>(&frame)) {
    if (host_.node_answered(id_, *result)) link_.was_asked_for();
    return {};
  }
  if (const auto* told = std::get_if<TellFrame>(&frame)) {
    if (host_.node_reported(id_, *told)) link_.was_asked_for();
    return {};
  }
  if (const auto* bye = std::get_if<ByeFrame>(&frame)) {
    has_bye_ = true;
    bye_silent_ = bye->code == kByeSilent;
    bye_ = "says goodbye" + (bye->why.empty() ? "" : ": " + bye->why);
    update_row(
        [&](NodeTable& table, NodeSlot slot, SteadyTime now) { table.bye(slot, bye_, now); });
    return Error::closed(bye_);
  }
  return Error::denied(cat({"sent ", frame_name(frame), ", which only a master may"}));
}

void NodeSession::log_hello(const HelloFrame& hello, const BelievedAddresses& believed) const {
  log(LogLevel::kInfo, cat({"is linked, version ", hello.version.empty() ? "?" : hello.version,
                            ", epoch ", epoch_}));
  if (!believed.refused.empty())
    log(LogLevel::kWarn, cat({"announces ", believed.refused,
                              ", which its allow-public does not name; that address is not used"}));
  if (!hello.wants_listeners)
    log(LogLevel::kInfo, "wants no listeners; none is sent there");
  else if (!believed.missing.empty())
    log(LogLevel::kWarn, "no listener is sent there: " + believed.missing);
}

Result<void> NodeSession::take_hello(const HelloFrame& hello) {
  if (joined_) return Error::denied("said HELLO twice");
  if (hello.id != id_)
    return Error::denied(cat({"says that it is ", hello.id, ", but has logged in as ", id_}));
  if (hello.major != 1)
    return Error::unsupported(cat({"speaks version ", hello.major, " of the link"}));
  const KnownNode* known = host_.known_node(id_);
  if (known == nullptr) return Error::denied("is not a <node> of the configuration");

  BelievedAddresses believed;
  if (hello.wants_listeners) believed = believed_addresses(*known, {hello.addresses}, peer_);
  NodeHello row = row_of(hello, *known, believed);
  WelcomeFrame welcome = host_.welcome_for(*known);
  row.every = welcome.every;
  if (!hello.keyed || welcome.keys.empty()) {
    row.keyed = false;
    welcome.keys.clear();
  }
  row_ = row;
  const SteadyTime now = host_.loop().now();
  const auto taken = host_.decider().with_table(
      [&](NodeTable& table) { return table.hello(std::move(row), now); });
  if (!taken) {
    send_bye({"duplicate id: another process is connected as " + id_, kDuplicateId, 0ms});
    return taken.error();
  }
  joined_ = true;
  epoch_ = hello.epoch;
  minor_ = hello.minor;
  version_ = hello.version;
  was_there_ = now;
  if (knows_slots()) link_.reports_silence();
  host_.node_joined(*this);
  log_hello(hello, believed);
  measure_clock(hello.now_ms, 0us);
  welcomed_ = host_.loop().now();
  dead_ = welcome.dead;
  welcome.minor = std::min(kLinkMinor, minor_);
  welcome_ = welcome;
  link_.send(std::move(welcome));
  host_.offers().forget_sent(id_);
  auto offers = offer_news();
  std::sort(offers.begin(), offers.end(),
            [](const auto& a, const auto& b) { return a.mount < b.mount; });
  snapped_ = true;
  for (SnapFrame& frame : snap_frames(std::move(offers), {})) link_.send(std::move(frame));
  return {};
}

Result<void> NodeSession::take_snapshot(SnapFrame& snap) {
  if (!snap.offers.empty()) return Error::denied("sent offers, which only a master may");
  if (snapshot_done_) return Error::denied("sent a second SNAP");
  if (arriving_.size() + snap.carried.size() > kMaxMounts) return too_many_mounts();
  std::move(snap.carried.begin(), snap.carried.end(), std::back_inserter(arriving_));
  if (snap.more) return {};
  snapshot_done_ = true;
  bool all = true;
  update_row(
      [&, mounts = std::exchange(arriving_, {})](NodeTable& table, NodeSlot slot, SteadyTime now) {
        all = table.snapshot(slot, mounts, now);
      });
  if (!all) return too_many_mounts();
  return {};
}

Result<void> NodeSession::take_load(LoadFrame& load) {
  if (!snapshot_done_) return Error::denied("sent LOAD before its SNAP was complete");
  if (load.at_ms < last_at_ms_)
    return Error::invalid(cat({"sent a LOAD of ", load.at_ms, " after one of ", last_at_ms_,
                               ": its clock goes backward"}));
  last_at_ms_ = load.at_ms;
  note_there(load.at_ms);
  const SteadyTime now = host_.loop().now();
  const auto way = std::min<std::chrono::microseconds>(
      std::chrono::microseconds(load.round_trip_us / 2), kLongestWay);
  measure_clock(load.now_ms, way);
  round_trip_us_ = load.round_trip_us;
  if (load.conf_runs) note_conf(*load.conf_runs, now);
  if (!refused_.empty() && now >= try_again_) {
    try_again_ = now + kTryAgain;
    host_.try_addresses(*this, refused_,
                        std::chrono::duration_cast<std::chrono::milliseconds>(
                            std::chrono::microseconds(load.round_trip_us)));
  }
  LoadReport report;
  report.received = now;
  report.sampled = now - way;
  report.kbps = load.kbps;
  report.listeners = load.listeners;
  report.arrivals = load.arrivals;
  report.checks_tokens = load.tokens;
  if (load.tokens) row_.checks_tokens = *load.tokens;
  report.changed = std::move(load.changed);
  report.masters = std::max(load.masters, 1U);
  report.loop_ms = load.loop_ms;
  report.relays = load.relays;
  report.cannot = load.cannot;
  bool all = true, dead = false;
  std::uint64_t issued = 0;
  update_row([&](NodeTable& table, NodeSlot slot, SteadyTime) {
    dead = table.node(slot).state == NodeState::kDead;
    if (dead) return;
    // A draining node has sent DRAIN before, also over a link that replaces another one.
    if (!std::exchange(drain_known_, true)) table.undrain(slot, now);
    all = table.report(slot, report);
    issued = table.node(slot).issued;
  });
  // Other frames have kept the link meanwhile, but the node's mounts were dropped.
  if (dead) return Error::timeout("reported too late, when it was taken for dead");
  if (!all) return too_many_mounts();
  if (!load.clients.empty()) host_.decider().arrived(load.clients);
  link_.send(AckFrame{load.seq, wall_ms_of(host_.loop().clock()), issued});
  return {};
}

// Both clocks run at the same rate; the LOAD with the shortest transit time was read at once.
void NodeSession::note_there(std::uint64_t at_ms) {
  using std::chrono::milliseconds;
  const SteadyTime now = host_.loop().clock().steady();
  const auto here = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
  const auto ahead = here - milliseconds(static_cast<std::int64_t>(at_ms));
  if (!clock_ahead_ || ahead < *clock_ahead_) clock_ahead_ = ahead;
  was_there_ = std::max(was_there_, now - (ahead - *clock_ahead_));
}

Result<void> NodeSession::take_message(MessageFrame& message) {
  if (message.from != id_) return Error::denied("sent a MSG in the name of " + message.from);
  if (!messages_.allows(host_.loop().now(), kMaxMessagesASecond))
    return Error::limit(cat({"sent more than ", kMaxMessagesASecond, " MSG in a second"}));
  host_.message(std::move(message));
  return {};
}

void NodeSession::measure_clock(std::int64_t now_ms, std::chrono::microseconds way) {
  if (now_ms <= 0 || late_reads_.possible(host_.loop())) return;
  const auto half = std::chrono::duration_cast<std::chrono::milliseconds>(way);
  clock_.measured(now_ms, wall_ms_of(host_.loop().clock()) - half.count());
  if (const auto news = clock_.news())
    log(LogLevel::kWarn, cat({"its clock ", *news, "; it checks our redirects by our clock"}));
  host_.decider().with_table([this, skew = clock_.offset()](NodeTable& table) {
    table.set_clock_skew(slot_in(table), skew);
  });
}

void NodeSession::take_drain(const DrainFrame& drain) {
  drain_known_ = true;
  update_row([&](NodeTable& table, NodeSlot slot, SteadyTime now) {
    if (drain.kind == DrainMode::kOff)
      table.undrain(slot, now);
    else
      table.drain(slot, drain.why.empty() ? "it says so" : drain.why, now);
  });
}

}  // namespace lb
