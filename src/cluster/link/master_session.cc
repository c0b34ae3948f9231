#include "cluster/link/master_session.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr int kDuplicate = 409;
constexpr auto kAfterDuplicate = 2s;
// A LOAD may be sent early by this, so that a late timer does not cost a whole period.
constexpr auto kSlack = 25ms;
constexpr double kBigChange = 0.02;  // of this node's capacity
constexpr unsigned kNominalListeners = 500;

Link::Settings settings_of_welcome() {
  Link::Settings settings;
  settings.dead = MasterSession::kForWelcome;
  settings.max_frames_per_second = 20'000;  // all sources of a big station may begin at once
  return settings;
}

}  // namespace

MasterSession::MasterSession(NodeSide& host, Resolver& resolver, LinkPlan plan,
                             LinkClient::Callbacks callbacks)
    : host_(host),
      plan_(std::move(plan)),
      patience_until_(host.loop().now() + kLinkPatience),
      client_(host.loop(), resolver, host.log(), host.rng(), plan_.link,
              [this, &callbacks] {
                callbacks.connected = [this](std::unique_ptr<Transport> transport,
                                             std::string leftover) {
                  connected(std::move(transport), std::move(leftover));
                };
                callbacks.no_link = [this] {
                  if (link_) return;  // see describe_again()
                  delivery_ = Delivery::kNone;
                  offers_no_link_ = true;
                };
                return std::move(callbacks);
              }()),
      streams_(host.own_id(), [&host](const std::string& mount) { return host.flows(mount); }),
      announce_(host.loop(),
                [this] {
                  host_.path_overdue(*this);
                  announce();
                }),
      self_(std::make_shared<MasterSession*>(this)) {}

MasterSession::~MasterSession() { *self_ = nullptr; }

void MasterSession::log(LogLevel level, const std::string& text) const {
  const std::string who =
      master_id_.empty() ? client_.name() : cat({master_id_, " (", client_.name(), ")"});
  host_.log().write(level, "cluster/link", cat({"master ", who, ": ", text}));
}

// Streams continue until the new link replaces them; if it never comes up, to their end.
void MasterSession::continue_from(MasterSession& before) {
  streams_.take_over(before.streams_, host_.loop().awake());
  master_id_ = before.master_id_;
  http_port_ = before.http_port_;
  https_port_ = before.https_port_;
}

void MasterSession::retry_now() {
  if (!link_ && !client_.connecting()) client_.connect();
}

// An attempt under way sends what holds once it is connected; to end it would count as a failure.
void MasterSession::describe_again() {
  if (!link_ || client_.connecting()) return;
  const HelloFrame hello = host_.hello();
  if (hello.addresses != hello_.addresses || hello.capacity != hello_.capacity ||
      hello.tags != hello_.tags || hello.countries != hello_.countries)
    client_.connect();
}

// Frames of a link that has been replaced come again over the new one.
std::unique_ptr<Link> MasterSession::make_link(std::unique_ptr<Transport> transport,
                                               std::string leftover) {
  const auto is_present = [this, number = ++links_] { return number == links_; };
  return std::make_unique<Link>(
      host_.loop(), std::move(transport), std::move(leftover), settings_of_welcome(),
      Link::Callbacks{[this, is_present](Frame frame) {
                        return is_present() ? take(std::move(frame)) : Result<void>{};
                      },
                      [this, is_present] {
                        if (is_present() && std::exchange(load_due_, false)) send_load();
                      },
                      [this, is_present](const std::string& reason) {
                        if (is_present())
                          on_end(reason);
                        else
                          former_.reset();
                      }});
}

void MasterSession::connected(std::unique_ptr<Transport> transport, std::string leftover) {
  if (welcome_) former_ = std::move(link_);
  streams_.forget_arriving();
  load_due_ = announced_ = false;
  announce_.cancel();
  welcome_.reset();
  offers_no_link_ = acknowledged_ = false;
  conf_runs_ = 0;
  bye_code_ = 0;
  bye_back_ = 0ms;
  clock_.begin_again();
  pending_ = {};
  round_trip_ = 0us;
  linked_since_ = host_.loop().now();
  link_ = make_link(std::move(transport), std::move(leftover));
  HelloFrame hello = host_.hello();
  hello.id = plan_.link.id;
  hello.minor = kLinkMinor;
  hello.enforces =
      static_cast<ProtectionSet>(hello.enforces | static_cast<ProtectionSet>(Protection::kSlots));
  hello.wants_listeners = plan_.wants_listeners;
  sent_tokens_ = hello.tokens;
  max_listeners_ = hello.capacity.listeners > 0 ? hello.capacity.listeners : kNominalListeners;
  hello_ms_ = wall_ms_of(host_.loop().clock());
  hello_ = hello;
  link_->send(std::move(hello));
}

void MasterSession::on_end(const std::string& reason) {
  const bool was_linked = welcome_ || former_;
  const bool good = was_linked && host_.loop().now() - linked_since_ >= kGood;
  log(was_linked ? LogLevel::kWarn : LogLevel::kError, "the link has ended: " + reason);
  was_silent_ = (link_ && link_->was_silent()) || bye_code_ == kByeSilent;
  welcome_.reset();
  former_.reset();
  link_.reset();
  load_due_ = announced_ = false;
  announce_.cancel();
  const bool changed = streams_.connection_lost(host_.loop().awake());
  if (delivery_ == Delivery::kThere) {
    delivery_ = Delivery::kHoped;
    patience_until_ = host_.loop().now() + kLinkPatience;
  }
  if (!left_)
    client_.lost(good,
                 bye_code_ == kDuplicate ? std::chrono::milliseconds(kAfterDuplicate) : bye_back_);
  if (was_linked) host_.master_left(*this, reason);
  if (changed) host_.streams_changed(streams_.take_changed());
}

void MasterSession::forget_streams() {
  if (streams_.forget(host_.loop().awake())) host_.streams_changed(streams_.take_changed());
}

bool MasterSession::replaces_polling_changed() {
  if (delivery_ == Delivery::kHoped && host_.loop().now() >= patience_until_)
    delivery_ = Delivery::kNone;
  return std::exchange(replaced_polling_, replaces_polling()) != replaces_polling();
}

void MasterSession::send(Frame frame) {
  if (linked()) link_->send(std::move(frame));
}

void MasterSession::send_rows(const Frame& frame) {
  if (linked()) link_->send_rows(frame);
}

void MasterSession::send_bye(ByeFrame bye) {
  left_ = true;
  client_.stop();
  if (!link_) return;
  const std::string why = bye.why;
  link_->send_bye(std::move(bye), why);
}

bool MasterSession::lookup_mount(const std::string& mount) {
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
  if (!welcome_) return Error::denied(cat({"it sent ", frame_name(frame), " before WELCOME"}));
  if (auto* snap = std::get_if<SnapFrame>(&frame)) {
    if (!snap->carried.empty()) return Error::denied("it sent a load, which only a node may");
    const bool changed =
        streams_.snapshot(std::move(snap->offers), snap->more, host_.loop().awake());
    if (!snap->more) delivery_ = Delivery::kThere;
    if (changed) host_.streams_changed(streams_.take_changed());
    return {};
  }
  if (auto* delta = std::get_if<DeltaFrame>(&frame)) {
    if (streams_.delta(std::move(delta->added), delta->removed, host_.loop().awake()))
      host_.streams_changed(streams_.take_changed());
    return {};
  }
  if (const auto* ack = std::get_if<AckFrame>(&frame)) {
    take_ack(*ack);
    return {};
  }
  if (const auto* who = std::get_if<WhoFrame>(&frame)) {
    if (who->known) host_.mount_looked_up(master_id(), who->mount, *who->known);
    return {};
  }
  if (const auto* proof = std::get_if<ProveFrame>(&frame)) {
    host_.remember_proof(*proof);
    return {};
  }
  if (auto* message = std::get_if<MessageFrame>(&frame)) {
    host_.message(std::move(*message));
    return {};
  }
  if (has_rows(frame)) {
    host_.rows(master_id_, frame);
    return {};
  }
  if (const auto* conf = std::get_if<ConfFrame>(&frame)) {
    host_.conf(master_id_, *conf);
    if (!conf->more) ++conf_runs_;
    return {};
  }
  if (auto* command = std::get_if<CommandFrame>(&frame)) {
    take_command(std::move(*command));
    return {};
  }
  if (const auto* ask = std::get_if<AskFrame>(&frame)) {
    host_.answer(*this, *ask, [self = self_](TellFrame told) {
      if (*self != nullptr) (*self)->send(std::move(told));
    });
    return {};
  }
  return Error::denied(cat({"it sent ", frame_name(frame), ", which only a node may"}));
}

Result<void> MasterSession::take_welcome(WelcomeFrame welcome) {
  if (welcome_) return Error::denied("it said WELCOME twice");
  if (welcome.id == plan_.link.id || welcome.id == host_.own_id())
    return Error::denied(
        cat({"it is called ", welcome.id, " as we are: two nodes with one id, or a ",
             "<master> that is this server itself"}));
  master_id_ = welcome.id;
  master_mark_ = cat({welcome.id, ".", welcome.epoch});
  http_port_ = welcome.http_port;
  https_port_ = welcome.https_port;
  welcome_ = std::move(welcome);
  former_.reset();
  // HELLO was sent when the link began, and this answers it.
  was_there_ = linked_since_;
  if (knows_slots()) link_->reports_silence();
  host_.link_keys(master_id_, welcome_->keys);
  measure_clock(welcome_->now_ms, hello_ms_, host_.loop().now() - linked_since_);
  log(LogLevel::kInfo,
      cat({"is linked, version ", welcome_->version.empty() ? "?" : welcome_->version, ", epoch ",
           welcome_->epoch}));
  host_.master_joined(*this);
  if (host_.knows_path(*this)) {
    announce();
  } else if (!announced_) {
    // A node that is silent for 4 × every counts as dead at the master.
    announce_.after(std::min<std::chrono::microseconds>(kForPath, 2 * welcome_->every));
  }
  return {};
}

void MasterSession::announce() {
  if (!linked() || std::exchange(announced_, true)) return;
  announce_.cancel();
  for (SnapFrame& frame : snap_frames({}, host_.load().all(master_id_)))
    link_->send(std::move(frame));
  reported_ = host_.load().version();
  if (host_.draining() != DrainMode::kOff) link_->send(DrainFrame{host_.draining(), ""});
  send_load();
}

void MasterSession::take_ack(const AckFrame& ack) {
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& each) { return each.seq == ack.seq; });
  issued_ = ack.issued;
  if (!std::exchange(acknowledged_, true)) link_->set_dead(welcome_->dead);
  if (found == pending_.end()) return;
  was_there_ = std::max(was_there_, found->sent);
  const auto took = host_.loop().now() - found->sent;
  round_trip_ = std::chrono::duration_cast<std::chrono::microseconds>(took);
  measure_clock(ack.now_ms, found->wall_ms, took);
  found->seq = 0;
}

// The master's clock at half the round trip; tokens are checked by it (redirect_token.h).
void MasterSession::measure_clock(std::int64_t master_ms, std::int64_t sent_ms,
                                  SteadyTime::duration round_trip) {
  if (master_ms <= 0) return;
  const auto way = std::chrono::duration_cast<std::chrono::milliseconds>(round_trip) / 2;
  clock_.measured(master_ms, sent_ms + way.count());
  if (const auto news = clock_.news())
    log(LogLevel::kWarn, cat({"its clock ", *news, "; its redirects are checked by its clock"}));
  host_.master_clock(master_id_, clock_.offset());
}

void MasterSession::take_command(CommandFrame command) {
  const std::uint64_t number = command.number;
  const std::string what =
      cat({to_text(command.verb), command.mount.empty() ? "" : " of " + command.mount});
  log(LogLevel::kInfo, "orders " + what);
  host_.execute(*this, std::move(command), [self = self_, number, what](ResultFrame result) {
    if (*self == nullptr) return;
    if (!result.done)
      (*self)->log(LogLevel::kWarn, cat({"its order ", what, " is not carried out: ", result.why}));
    result.number = number;
    (*self)->send(std::move(result));
  });
}

void MasterSession::load_changed(bool urgent) {
  if (!linked() || !announced_) return;
  const SteadyTime now = host_.loop().now();
  const unsigned listeners = host_.load().listeners();
  const unsigned change =
      listeners > last_listeners_ ? listeners - last_listeners_ : last_listeners_ - listeners;
  load_due_ = load_due_ || urgent || change > kBigChange * max_listeners_ ||
              (change > 0 && now - last_change_ >= welcome_->every / 2 - kSlack) ||
              now - last_load_ >= welcome_->every - kSlack;
  if (!load_due_ || now - last_load_ < kLeastPause - kSlack || !link_->idle()) return;
  load_due_ = false;
  send_load();
}

void MasterSession::send_load() {
  const SteadyTime now = host_.loop().now();
  const LoadChanges& book = host_.load();
  auto changes = book.since(reported_, master_id_);
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
  load.cannot = host_.cannot_pull(*this);
  if (const auto arrivals = host_.arrivals_from(master_id_))
    load.arrivals = book.arrivals(master_id_, *arrivals);
  if (!welcome_->keys.empty()) load.clients = host_.arrived_clients(master_id_, kMaxClients);
  if (const bool checks = host_.checks_tokens(); checks != std::exchange(sent_tokens_, checks))
    load.tokens = checks;
  if (knows_conf()) load.conf_runs = conf_runs_;
  load.now_ms = wall_ms_of(host_.loop().clock());
  load.changed = std::move(changes.loads);
  reported_ = changes.up_to;
  last_load_ = now;
  if (std::exchange(last_listeners_, book.listeners()) != last_listeners_) last_change_ = now;
  link_->send(std::move(load));
  const std::uint64_t seq = link_->last_sent();
  pending_[seq % pending_.size()] = {seq, now, wall_ms_of(host_.loop().clock())};
}

// As the master announces it, because the configuration here has the address for relays, which may
// differ.
std::optional<std::string> MasterSession::origin(PublicScheme scheme) const {
  if (!linked()) return std::nullopt;
  for (const NodeAddress& address : welcome_->addresses)
    if (address.scheme == scheme) return origin_of(address);
  ConnectTarget target = plan_.streams;
  target.tls = scheme == PublicScheme::kHttps;
  const std::uint16_t said = target.tls ? https_port_ : http_port_;
  if (said == 0) return origin_of(plan_.streams, scheme);
  target.port = said;
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
