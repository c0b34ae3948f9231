#include "cluster/master_session.h"

#include <algorithm>
#include <utility>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr int kDuplicate = 409;
constexpr auto kAfterDuplicate = 2s;
// A LOAD may come so much before its time, so that a timer that is late does not make it two.
constexpr auto kSlack = 25ms;
constexpr double kBigChange = 0.02;  // of the listeners that we can take
constexpr unsigned kNominalListeners = 500;

std::int64_t wall_ms(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.wall().time_since_epoch())
      .count();
}

Link::Settings settings_of_welcome() {
  Link::Settings settings;
  settings.dead = MasterSession::kForWelcome;
  settings.most_frames_a_second = 20'000;  // every source of a big station may begin at once
  return settings;
}

}  // namespace

MasterSession::MasterSession(LinkHost& host, Resolver& resolver, LinkPlan plan,
                             LinkClient::Doors doors)
    : host_(host),
      plan_(std::move(plan)),
      hope_until_(host.loop().now() + kHope),
      client_(host.loop(), resolver, host.log(), host.rng(), plan_.link,
              [this, &doors] {
                doors.connected = [this](std::unique_ptr<Transport> transport,
                                         std::string leftover) {
                  connected(std::move(transport), std::move(leftover));
                };
                doors.no_link = [this] { coverage_ = Coverage::kNone; };
                return std::move(doors);
              }()),
      streams_(host.own_id(), [&host](const std::string& mount) { return host.flows(mount); }),
      self_(std::make_shared<MasterSession*>(this)) {}

MasterSession::~MasterSession() { *self_ = nullptr; }

void MasterSession::say(LogLevel level, const std::string& text) const {
  const std::string who =
      master_id_.empty() ? client_.name() : master_id_ + " (" + client_.name() + ")";
  host_.log().write(level, "cluster/link", "master " + who + ": " + text);
}

void MasterSession::retry_now() {
  if (!link_) client_.connect();
}

void MasterSession::connected(std::unique_ptr<Transport> transport, std::string leftover) {
  welcome_.reset();
  bye_code_ = 0;
  bye_back_ = 0ms;
  acks_ = 0;
  pending_ = {};
  round_trip_ = 0us;
  linked_since_ = host_.loop().now();
  link_ = std::make_unique<Link>(
      host_.loop(), std::move(transport), std::move(leftover), settings_of_welcome(),
      Link::Doors{[this](Frame frame) { return take(std::move(frame)); },
                  [this] {
                    if (std::exchange(load_due_, false)) send_load();
                  },
                  [this](const std::string& reason) { on_end(reason); }});
  HelloFrame hello = host_.hello();
  hello.id = plan_.link.id;
  hello.wants_listeners = plan_.wants_listeners;
  most_listeners_ = hello.capacity.listeners > 0 ? hello.capacity.listeners : kNominalListeners;
  link_->send(std::move(hello));
}

void MasterSession::on_end(const std::string& reason) {
  const bool was_linked = welcome_.has_value();
  const bool good = was_linked && host_.loop().now() - linked_since_ >= kGood;
  say(was_linked ? LogLevel::kWarn : LogLevel::kError, "the link has ended: " + reason);
  welcome_.reset();
  link_.reset();
  load_due_ = false;
  const bool changed = streams_.connection_lost(host_.loop().now());
  if (coverage_ == Coverage::kThere) {
    coverage_ = Coverage::kHoped;
    hope_until_ = host_.loop().now() + kHope;
  }
  if (!left_)
    client_.lost(good,
                 bye_code_ == kDuplicate ? std::chrono::milliseconds(kAfterDuplicate) : bye_back_);
  if (was_linked) host_.master_left(*this, reason);
  if (changed) host_.streams_changed();
}

bool MasterSession::coverage_changed() {
  if (coverage_ == Coverage::kHoped && host_.loop().now() >= hope_until_)
    coverage_ = Coverage::kNone;
  return std::exchange(covered_, covers()) != covers();
}

void MasterSession::send(Frame frame) {
  if (linked()) link_->send(std::move(frame));
}

void MasterSession::say_goodbye(ByeFrame bye) {
  left_ = true;
  client_.stop();
  if (!link_) return;
  const std::string why = bye.why;
  link_->say_goodbye(std::move(bye), why);
}

bool MasterSession::ask_who(const std::string& mount) {
  if (!linked()) return false;
  link_->send(WhoFrame{mount, std::nullopt});
  return true;
}

Result<void> MasterSession::take(Frame frame) {
  if (auto* welcome = std::get_if<WelcomeFrame>(&frame)) return take_welcome(std::move(*welcome));
  if (const auto* bye = std::get_if<ByeFrame>(&frame)) {
    bye_code_ = bye->code;
    bye_back_ = bye->back;
    return Error::closed("it says goodbye" + (bye->why.empty() ? "" : ": " + bye->why));
  }
  if (!welcome_)
    return Error::denied("it sent " + std::string(frame_name(frame)) + " before WELCOME");
  if (auto* snap = std::get_if<SnapFrame>(&frame)) {
    if (!snap->carried.empty()) return Error::denied("it sent a load, which only a node may");
    const bool changed = streams_.snapshot(std::move(snap->offers), snap->more, host_.loop().now());
    if (!snap->more) coverage_ = Coverage::kThere;
    if (changed) host_.streams_changed();
    return {};
  }
  if (auto* delta = std::get_if<DeltaFrame>(&frame)) {
    if (streams_.delta(std::move(delta->added), delta->removed, host_.loop().now()))
      host_.streams_changed();
    return {};
  }
  if (const auto* ack = std::get_if<AckFrame>(&frame)) {
    take_ack(*ack);
    return {};
  }
  if (const auto* who = std::get_if<WhoFrame>(&frame)) {
    if (who->known) host_.who_answered(who->mount, *who->known);
    return {};
  }
  if (const auto* proof = std::get_if<ProveFrame>(&frame)) {
    host_.remember_proof(*proof);
    return {};
  }
  if (auto* message = std::get_if<MessageFrame>(&frame)) {
    host_.message(std::move(*message), false);
    return {};
  }
  if (auto* command = std::get_if<CommandFrame>(&frame)) {
    take_command(std::move(*command));
    return {};
  }
  return Error::denied("it sent " + std::string(frame_name(frame)) + ", which only a node may");
}

Result<void> MasterSession::take_welcome(WelcomeFrame welcome) {
  if (welcome_) return Error::denied("it said WELCOME twice");
  if (welcome.id == plan_.link.id || welcome.id == host_.own_id())
    return Error::denied("it is called " + welcome.id + " as we are: two nodes with one id, or a " +
                         "<master> that is this server itself");
  master_id_ = welcome.id;
  http_port_ = welcome.http_port;
  https_port_ = welcome.https_port;
  welcome_ = std::move(welcome);
  link_->set_dead(welcome_->dead);
  say(LogLevel::kInfo, "is linked, version " +
                           (welcome_->version.empty() ? "?" : welcome_->version) + ", epoch " +
                           welcome_->epoch);
  host_.master_joined(*this);
  for (SnapFrame& frame : snap_frames({}, host_.load().all())) link_->send(std::move(frame));
  reported_ = host_.load().version();
  if (host_.draining() != DrainMode::kOff) link_->send(DrainFrame{host_.draining(), ""});
  send_load();
  return {};
}

void MasterSession::take_ack(const AckFrame& ack) {
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& each) { return each.seq == ack.seq; });
  issued_ = ack.issued;
  if (found == pending_.end()) return;
  const auto took = host_.loop().now() - found->sent;
  round_trip_ = std::chrono::duration_cast<std::chrono::microseconds>(took);
  // What its clock showed half-way.
  const std::int64_t half = std::chrono::duration_cast<std::chrono::milliseconds>(took).count() / 2;
  offsets_[acks_ % offsets_.size()] = ack.now_ms - (found->wall_ms + half);
  ++acks_;
  found->seq = 0;
  auto known = offsets_;
  const std::size_t count = std::min(acks_, known.size());
  std::nth_element(known.begin(), known.begin() + static_cast<std::ptrdiff_t>(count / 2),
                   known.begin() + static_cast<std::ptrdiff_t>(count));
  offset_ = std::chrono::milliseconds(known[count / 2]);
}

void MasterSession::take_command(CommandFrame command) {
  const std::uint64_t number = command.number;
  say(LogLevel::kInfo, "orders " + std::string(to_text(command.verb)) +
                           (command.mount.empty() ? "" : " of " + command.mount));
  host_.execute(std::move(command), [self = self_, number](ResultFrame result) {
    if (*self == nullptr) return;
    result.number = number;
    (*self)->send(std::move(result));
  });
}

void MasterSession::load_changed(bool urgent) {
  if (!linked()) return;
  const SteadyTime now = host_.loop().now();
  const unsigned listeners = host_.load().listeners();
  const unsigned change =
      listeners > last_listeners_ ? listeners - last_listeners_ : last_listeners_ - listeners;
  load_due_ = load_due_ || urgent || change > kBigChange * most_listeners_ ||
              now - last_load_ >= welcome_->every - kSlack;
  if (!load_due_ || now - last_load_ < kLeastPause - kSlack || !link_->idle()) return;
  load_due_ = false;
  send_load();
}

void MasterSession::send_load() {
  const SteadyTime now = host_.loop().now();
  const LoadBook& book = host_.load();
  auto changes = book.since(reported_);
  LoadFrame load;
  load.at_ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
  load.listeners = book.listeners();
  load.kbps = book.kbps();
  load.loop_ms = host_.loop_ms();
  load.relays = book.relays();
  load.masters = std::max(host_.masters(), 1U);
  load.round_trip_us =
      static_cast<unsigned>(std::min<std::int64_t>(round_trip_.count(), 60'000'000));
  load.arrivals = host_.arrivals_from(master_id_);
  load.changed = std::move(changes.loads);
  reported_ = changes.up_to;
  last_load_ = now;
  last_listeners_ = book.listeners();
  link_->send(std::move(load));
  const std::uint64_t seq = link_->last_sent();
  pending_[seq % pending_.size()] = {seq, now, wall_ms(host_.loop().clock())};
}

std::optional<std::string> MasterSession::origin(PublicScheme scheme) const {
  if (!linked()) return std::nullopt;
  ConnectTarget target = plan_.streams;
  if (target.port == 0) {
    target.tls = scheme == PublicScheme::kHttps;
    target.port = target.tls ? https_port_ : http_port_;
  }
  return origin_of(target, scheme);
}

std::optional<ConnectTarget> MasterSession::streams_target() const {
  ConnectTarget target = plan_.streams;
  if (target.port != 0) return target;
  if (http_port_ != 0) {
    target.port = http_port_;
    target.tls = false;
  } else if (https_port_ != 0) {
    target.port = https_port_;
    target.tls = true;
  } else {
    return std::nullopt;
  }
  return target;
}

}  // namespace lb
