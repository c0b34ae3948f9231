#include "cluster/node_session.h"

#include <algorithm>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr int kDuplicate = 409;
constexpr auto kLongestWay = 500ms;  // of a frame; a node cannot claim more

Link::Settings settings_of_hello() {
  Link::Settings settings;
  settings.dead = NodeSession::kForHello;
  settings.most_frames_a_second = 300;
  return settings;
}

}  // namespace

NodeSession::NodeSession(LinkHost& host, std::string id, std::unique_ptr<Transport> transport,
                         std::string leftover)
    : host_(host),
      id_(std::move(id)),
      peer_(transport->peer()),
      since_(host.loop().now()),
      link_(host.loop(), std::move(transport), std::move(leftover), settings_of_hello(),
            {[this](Frame frame) { return take(std::move(frame)); },
             {},
             [this](const std::string& reason) { on_end(reason); }}) {}

NodeSession::~NodeSession() = default;

void NodeSession::say(LogLevel level, const std::string& text) const {
  host_.log().write(level, "cluster/link", "node " + id_ + " (" + peer_.ip() + "): " + text);
}

void NodeSession::send_offers(const OfferBook::Change& change) {
  if (!joined_ || change.empty()) return;
  for (DeltaFrame& frame : delta_frames(change.added, change.removed)) link_.send(std::move(frame));
}

void NodeSession::say_goodbye(ByeFrame bye) {
  const std::string why = bye.why;
  said_bye_ = true;
  bye_ = why;
  link_.say_goodbye(std::move(bye), why);
}

void NodeSession::replaced() {
  joined_ = false;
  link_.end("another connection of the same process has taken its place");
}

void NodeSession::address_refused(const NodeAddress& address, const std::string& why) {
  if (slot() == kNoNode || std::erase(row_.addresses, address) == 0) return;
  say(LogLevel::kWarn, "no listener is sent to " + origin_of(address) + ": " + why);
  NodeHello row = row_;
  // The same run of the same process: its row is described anew.
  if (auto again = host_.nodes().hello(std::move(row), host_.loop().now()); !again)
    link_.end(again.error().what);
  host_.table_told();
}

NodeSlot NodeSession::slot() const {
  const NodeTable& table = host_.nodes();
  const NodeSlot found = table.find(id_);
  if (!joined_ || found == kNoNode) return kNoNode;
  const Node& node = table.node(found);
  return node.kind == NodeKind::kLink && node.epoch == epoch_ ? found : kNoNode;
}

void NodeSession::on_end(const std::string& reason) {
  if (const NodeSlot row = slot(); row != kNoNode) {
    host_.nodes().connection_lost(row, said_bye_ ? bye_ : reason, host_.loop().now());
    host_.table_told();
  }
  host_.node_left(*this, reason);  // destroys this
}

Result<void> NodeSession::take(Frame frame) {
  if (const auto* hello = std::get_if<HelloFrame>(&frame)) return take_hello(*hello);
  if (!joined_)
    return Error::denied("sent " + std::string(frame_name(frame)) + " before it said HELLO");
  if (slot() == kNoNode) return Error::denied("is not in the table any more");
  if (auto* load = std::get_if<LoadFrame>(&frame)) return take_load(*load);
  if (auto* snap = std::get_if<SnapFrame>(&frame)) return take_snapshot(*snap);
  if (auto* message = std::get_if<MessageFrame>(&frame)) return take_message(*message);
  if (const auto* who = std::get_if<WhoFrame>(&frame)) {
    if (!who->known) link_.send(WhoFrame{who->mount, host_.is_offered(who->mount)});
    return {};
  }
  if (const auto* drain = std::get_if<DrainFrame>(&frame)) {
    take_drain(*drain);
    return {};
  }
  if (const auto* result = std::get_if<ResultFrame>(&frame)) {
    host_.node_answered(id_, *result);
    return {};
  }
  if (const auto* bye = std::get_if<ByeFrame>(&frame)) {
    said_bye_ = true;
    bye_ = "says goodbye" + (bye->why.empty() ? "" : ": " + bye->why);
    host_.nodes().bye(slot(), bye_, host_.loop().now());
    host_.table_told();
    return Error::closed(bye_);
  }
  return Error::denied("sent " + std::string(frame_name(frame)) + ", which only a master may");
}

Result<void> NodeSession::take_hello(const HelloFrame& hello) {
  if (joined_) return Error::denied("said HELLO twice");
  if (hello.id != id_)
    return Error::denied("says that it is " + hello.id + ", but has logged in as " + id_);
  if (hello.major != 1)
    return Error::unsupported("speaks version " + std::to_string(hello.major) + " of the link");
  const KnownNode* known = host_.known_node(id_);
  if (known == nullptr) return Error::denied("is no <node> of the configuration");

  NodeReport announced;
  announced.addresses = hello.addresses;
  BelievedAddresses believed;
  if (hello.wants_listeners) believed = believed_addresses(*known, announced, peer_);
  NodeHello row;
  row.id = id_;
  row.epoch = hello.epoch;
  row.kind = NodeKind::kLink;
  row.scope = MountScope::kAll;
  row.addresses = believed.addresses;
  row.capacity = hello.capacity;
  row.tags = hello.tags;
  row.countries = hello.countries;
  row.enforces = hello.enforces;
  row.masters = std::max(hello.masters, 1U);
  row.limits = known->limits;
  WelcomeFrame welcome = host_.welcome_for(*known);
  row.every = welcome.every;
  row_ = row;
  auto taken = host_.nodes().hello(std::move(row), host_.loop().now());
  host_.table_told();
  if (!taken) {
    say_goodbye({"duplicate id: another process is connected as " + id_, kDuplicate, 0ms});
    return taken.error();
  }
  joined_ = true;
  epoch_ = hello.epoch;
  host_.checks_tokens(id_, hello.tokens);
  host_.node_joined(*this);
  say(LogLevel::kInfo,
      "is linked, version " + (hello.version.empty() ? "?" : hello.version) + ", epoch " + epoch_);
  if (!believed.refused.empty())
    say(LogLevel::kWarn, "announces " + believed.refused +
                             ", which its allow-public does not name; that address is not used");
  if (!hello.wants_listeners)
    say(LogLevel::kInfo, "wants no listeners; none is sent there");
  else if (!believed.missing.empty())
    say(LogLevel::kWarn, "no listener is sent there: " + believed.missing);
  link_.set_dead(welcome.dead);
  link_.send(std::move(welcome));
  for (SnapFrame& frame : snap_frames(host_.offers().all(), {})) link_.send(std::move(frame));
  if (!row_.addresses.empty()) host_.try_addresses(*this, row_.addresses);
  return {};
}

Result<void> NodeSession::take_snapshot(SnapFrame& snap) {
  if (!snap.offers.empty()) return Error::denied("sent offers, which only a master may");
  if (snapshot_done_) return Error::denied("sent a second SNAP");
  if (arriving_.size() + snap.carried.size() > kMostMounts)
    return Error::limit("says that it carries more than " + std::to_string(kMostMounts) +
                        " mounts");
  std::move(snap.carried.begin(), snap.carried.end(), std::back_inserter(arriving_));
  if (snap.more) return {};
  snapshot_done_ = true;
  host_.nodes().snapshot(slot(), std::exchange(arriving_, {}), host_.loop().now());
  host_.table_told();
  return {};
}

Result<void> NodeSession::take_load(LoadFrame& load) {
  if (!snapshot_done_) return Error::denied("sent LOAD before its SNAP was complete");
  if (load.at_ms < last_at_ms_)
    return Error::invalid("sent a LOAD of " + std::to_string(load.at_ms) + " after one of " +
                          std::to_string(last_at_ms_) + ": its clock goes backward");
  last_at_ms_ = load.at_ms;
  const SteadyTime now = host_.loop().now();
  const auto way = std::min<std::chrono::microseconds>(
      std::chrono::microseconds(load.round_trip_us / 2), kLongestWay);
  LoadReport report;
  report.received = now;
  report.sampled = now - way;
  report.kbps = load.kbps;
  report.listeners = load.listeners;
  report.arrivals = load.arrivals;
  report.changed = std::move(load.changed);
  report.masters = std::max(load.masters, 1U);
  report.loop_ms = load.loop_ms;
  report.relays = load.relays;
  host_.nodes().report(slot(), report);
  host_.table_told();
  const auto wall = host_.loop().clock().wall().time_since_epoch();
  link_.send(AckFrame{load.seq, std::chrono::duration_cast<std::chrono::milliseconds>(wall).count(),
                      host_.nodes().node(slot()).issued});
  return {};
}

Result<void> NodeSession::take_message(MessageFrame& message) {
  if (message.from != id_) return Error::denied("sent a MSG in the name of " + message.from);
  const SteadyTime now = host_.loop().now();
  if (now - message_second_ >= 1s) {
    message_second_ = now;
    messages_ = 0;
  }
  if (++messages_ > kMostMessagesASecond)
    return Error::limit("sent more than " + std::to_string(kMostMessagesASecond) +
                        " MSG in a second");
  host_.message(std::move(message), true);
  return {};
}

void NodeSession::take_drain(const DrainFrame& drain) {
  const SteadyTime now = host_.loop().now();
  if (drain.kind == DrainMode::kOff)
    host_.nodes().undrain(slot(), now);
  else
    host_.nodes().drain(slot(), drain.why.empty() ? "it says so" : drain.why, now);
  host_.table_told();
}

}  // namespace lb
