#include "app/cluster/master_links.h"

#include <algorithm>
#include <utility>

#include "admin/command/station.h"
#include "app/cluster/carried_load.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/services/worker.h"
#include "app/topology/cluster_facts.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/link_orders.h"
#include "app/topology/mount_lookup.h"
#include "app/topology/pull_paths.h"
#include "app/topology/stream_offers.h"
#include "cluster/link/address_trial.h"
#include "cluster/link/link_client.h"
#include "cluster/link/load_changes.h"
#include "cluster/link/master_session.h"
#include "cluster/nodes/clock_offset.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_path.h"
#include "cluster/relay/relay.h"
#include "config/settings/config.h"
#include "net/loop/loop_beats.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

}  // namespace

MasterLinks::MasterLinks(Network& network, NeighbourCallbacks neighbours, Callbacks callbacks)
    : NeighbourSide(std::move(neighbours)),
      network_(network),
      callbacks_(std::move(callbacks)),
      rng_(Rng::from_entropy()),
      resolver_(network.loops.control()),
      facts_(network.cluster->facts()),
      paths_(
          std::make_unique<PullPaths>(network.relays->connector(), rng_,
                                      [this](const MasterSession& session, const PullPath& path) {
                                        path_changed(session, path);
                                      })),
      load_(std::make_unique<CarriedLoad>(
          network,
          [this](const std::string& name, const Mount& mount) -> const auto& {
            return way_of(name, mount);
          })),
      proofs_(std::make_unique<ProofList>()),
      drop_old_links_(network.loops.control(), [this] { old_links_.clear(); }) {}

MasterLinks::~MasterLinks() = default;

bool MasterLinks::empty() const noexcept { return masters_.empty(); }
void MasterLinks::records_changed(std::span<const std::string> mounts) {
  load_->records_changed(mounts);
}
PullFault MasterLinks::path_fault(const ConnectTarget& from) const {
  return paths_->fault_to(from);
}
const std::string& MasterLinks::own_id() const noexcept { return facts_->id; }
const LoadChanges& MasterLinks::load() const noexcept { return load_->changes(); }
bool MasterLinks::checks_tokens() const { return !facts_->keys.empty(); }
bool MasterLinks::knows_path(MasterSession& session) { return paths_->probe(session); }
void MasterLinks::path_overdue(MasterSession& session) { paths_->give_up_waiting(session); }

void MasterLinks::configure(const Config& config) {
  facts_ = network_.cluster->facts();
  load_->configured();
  std::vector<MasterLink> masters;
  std::vector<MasterSession*> fresh;
  std::set<std::string> offered;  // also by sessions that end here
  add_stream_mounts(offered);
  for (const MasterSettings& settings : config.masters) {
    const auto plan = link_plan(config, settings);
    if (!plan) continue;
    const auto same = std::find_if(masters_.begin(), masters_.end(), [&](const MasterLink& link) {
      return link.session && link.session->plan().same_link(*plan);
    });
    if (same != masters_.end()) {
      masters.push_back({settings, std::move(same->session)});
      masters.back().session->set_retry_max(plan->link.retry_max);
      masters.back().session->retry_now();
      masters.back().session->describe_again();
      continue;
    }
    masters.push_back({settings, make_session(*plan)});
    fresh.push_back(masters.back().session.get());
  }
  replace_sessions(fresh);
  const bool fewer = std::any_of(masters_.begin(), masters_.end(),
                                 [](const MasterLink& link) { return link.session != nullptr; });
  masters_ = std::move(masters);
  paths_->keep_if([this](const MasterSession* session) {
    return std::any_of(masters_.begin(), masters_.end(),
                       [session](const MasterLink& link) { return link.session.get() == session; });
  });
  count_linked();
  std::set<std::string, std::less<>> ids;
  add_master_ids(ids);
  network_.cluster->by_link().keep(ids);
  if (fewer) streams_changed(offered);
}

std::unique_ptr<MasterSession> MasterLinks::make_session(const LinkPlan& plan) {
  LinkClient::Callbacks callbacks;
  callbacks.user_agent = [this] { return network_.config.read()->server_id; };
  callbacks.by_certificate = [this](Loop& on, std::unique_ptr<Transport> plain,
                                    const std::string& host, Connector::Then then) {
    return network_.relays->make_tls(on, std::move(plain), host, std::move(then), true);
  };
  return std::make_unique<MasterSession>(*this, resolver_, plan, std::move(callbacks));
}

// A changed <master> ends one session and begins another, which takes over its streams: by the same
// host, else by order.
void MasterLinks::replace_sessions(const std::vector<MasterSession*>& fresh) {
  std::vector<std::unique_ptr<MasterSession>> left;
  const auto leaves =
      [&](const std::function<bool(const MasterSession&)>& which) -> MasterSession* {
    for (MasterLink& link : masters_) {
      if (!link.session || !which(*link.session)) continue;
      link.session->send_bye({"its <master> has other settings now", 0, 0ms});
      left.push_back(std::move(link.session));
      return left.back().get();
    }
    return nullptr;
  };
  std::vector<MasterSession*> unknown;
  for (MasterSession* session : fresh) {
    const std::string& host = session->plan().link.target.host;
    const auto before =
        leaves([&](const MasterSession& each) { return each.plan().link.target.host == host; });
    if (before != nullptr)
      session->continue_from(*before);
    else
      unknown.push_back(session);
  }
  for (MasterSession* session : unknown)
    if (const auto before = leaves([](const MasterSession&) { return true; }))
      session->continue_from(*before);
  for (MasterLink& link : masters_)
    if (link.session)
      link.session->send_bye({"it is not a <master> of this node any more", 0, 0ms});
  for (MasterSession* session : fresh) session->start();
}

void MasterLinks::stop(const std::string& why) {
  stopped_ = true;
  for (const auto& [settings, session] : masters_) session->send_bye({why, 0, 0ms});
  paths_->clear();
}

void MasterLinks::send(const MessageFrame& message) {
  for (const auto& [settings, session] : masters_) session->send(message);
}

const MasterSession* MasterLinks::session_of(std::string_view master) const {
  for (const auto& [settings, session] : masters_)
    if (session && session->master_id() == master) return session.get();
  return nullptr;
}

MasterSession* MasterLinks::linked_session(std::string_view master) const {
  for (const auto& [settings, session] : masters_)
    if (session && session->linked() && session->master_id() == master) return session.get();
  return nullptr;
}

void MasterLinks::drain_changed() {
  if (stopped_) return;
  for (const auto& [settings, session] : masters_) session->send(DrainFrame{draining(), ""});
}

void MasterLinks::add_rows(std::vector<LinkRow>& rows) const {
  for (const auto& [settings, session] : masters_) {
    LinkRow row;
    row.id = session->master_id();
    row.peer = session->name();
    row.master = true;
    row.up = session->linked();
    if (const Link* link = session->link()) {
      row.seconds = static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::seconds>(session->linked_for()).count());
      row.bytes_in = link->bytes_in();
      row.bytes_out = link->bytes_out();
    }
    row.round_trip_us = static_cast<std::uint64_t>(session->round_trip().count());
    row.clock_offset_ms = session->clock_offset().count();
    row.issued = session->issued();
    row.streams = session->streams().streams().size();
    rows.push_back(std::move(row));
  }
}

// -- reports to masters ---------------------------------------------------------------------------

void MasterLinks::poll() {
  if (masters_.empty()) return;
  std::vector<std::string> ids;
  for (const MasterLink& master : masters_) ids.push_back(master.session->master_id());
  LoadChanges::Arrivals arrivals;
  for (const std::string& id : ids) arrivals[id] = network_.cluster->arrivals(id);
  const bool urgent = load_->update(*network_.mounts.all(), ids, std::move(arrivals));
  for (const auto& [settings, session] : masters_) {
    session->load_changed(urgent);
    session->forget_streams();
  }
  refresh_polling();
}

HelloFrame MasterLinks::hello() {
  const auto config = network_.config.read();
  HelloFrame hello;
  static_cast<NodeFacts&>(hello) = own_facts(*config, facts_->epoch, facts_->places);
  hello.version = LB_VERSION;
  hello.tokens = checks_tokens();
  hello.keyed = true;
  hello.masters = std::max(1U, static_cast<unsigned>(masters_.size()));
  hello.now_ms = wall_ms_of(network_.clock);
  return hello;
}

// Includes the present turn, so that a stuck loop shows at once.
unsigned MasterLinks::loop_ms() const noexcept {
  std::chrono::nanoseconds longest{0};
  for (const LoopBeat& beat : network_.beats->read())
    if (beat.vital) longest = std::max(longest, beat.late_now);
  return static_cast<unsigned>(
      std::chrono::duration_cast<std::chrono::milliseconds>(longest).count());
}

std::optional<std::uint64_t> MasterLinks::arrivals_from(std::string_view master) const {
  if (facts_->keys.empty() && !network_.cluster->by_link().has_key(master)) return std::nullopt;
  return network_.cluster->arrivals(master);
}

std::vector<std::uint32_t> MasterLinks::arrived_clients(std::string_view master, std::size_t most) {
  return network_.cluster->by_link().take(master, most);
}

bool MasterLinks::all_keyed(std::size_t masters) const {
  return masters_.size() == masters &&
         std::all_of(masters_.begin(), masters_.end(), [](const MasterLink& link) {
           return link.session->linked() && !link.session->welcome()->keys.empty();
         });
}

PullFault MasterLinks::cannot_pull(const MasterSession& session) const {
  return paths_->fault_of_most(session, load_->unable(), load_->unable_revision());
}

bool MasterLinks::flows(const std::string& mount) const { return network_.relays->flows(mount); }

// -- frames of masters ----------------------------------------------------------------------------

void MasterLinks::count_linked() {
  master_count_ = static_cast<unsigned>(
      std::count_if(masters_.begin(), masters_.end(),
                    [](const MasterLink& link) { return link.session->linked(); }));
}

void MasterLinks::master_joined(MasterSession& session) {
  count_linked();
  network_.cluster->masters_changed();
  neighbours_.joined(session.master_id(), session.master_mark());
}

void MasterLinks::master_left(MasterSession& session, const std::string&) {
  count_linked();
  if (master_count_ == 0) network_.lookup->links_lost();
  neighbours_.left(session.master_id(), session.was_silent());
}

void MasterLinks::link_keys(const std::string& master, const std::vector<TokenKey>& keys) {
  if (!keys.empty())
    network_.cluster->by_link().set_key(master, static_cast<std::uint8_t>(keys.front().number),
                                        keys.front().key);
}

void MasterLinks::master_clock(const std::string& master, std::chrono::milliseconds ahead) {
  network_.cluster->set_master_clock(master, ahead);
}

void MasterLinks::streams_changed(const std::set<std::string>& mounts) {
  // First, so that a limit is known before a listener finds the mount.
  callbacks_.offers_changed(mounts);
  network_.relays->streams_changed(mounts);
}

void MasterLinks::refresh_polling() {
  bool changed = false;
  for (const auto& [settings, session] : masters_)
    changed = session->replaces_polling_changed() || changed;
  if (changed) network_.relays->configure(*network_.config.read());
}

void MasterLinks::remember_proof(const ProveFrame& proof) {
  proofs_->remember(proof, loop().now());
}

std::string MasterLinks::proof_for(std::string_view ask) {
  return proofs_->answer(ask, network_.loops.control().now());
}

// Peers may order each other as masters do, but a compromised peer must not end the others.
bool MasterLinks::may_order_all(const MasterLink& link) const {
  const MasterOrders set = link.settings.orders;
  return set == MasterOrders::kAll || (set == MasterOrders::kAuto && facts_->known.nodes.empty());
}

bool MasterLinks::sends_logins(const MasterLink& link) const {
  const MasterSessions set = link.settings.sessions;
  return set == MasterSessions::kAll || (set == MasterSessions::kAuto && may_order_all(link));
}

OrderRights MasterLinks::rights_of(const MasterSession& from) const {
  const auto link = std::find_if(masters_.begin(), masters_.end(), [&](const MasterLink& each) {
    return each.session.get() == &from;
  });
  if (link == masters_.end()) return {};
  OrderRights rights;
  rights.streams = link->settings.orders != MasterOrders::kNone;
  rights.drain = may_order_all(*link);
  rights.is_its = [this, target = from.streams_target(),
                   id = from.master_id()](const std::string& mount) {
    if (callbacks_.is_record_of(id, mount)) return true;
    // Includes idle on-demand relays, since listeners may be moved there.
    const Relay* relay = network_.relays->relay_of(mount);
    return relay != nullptr && target && relay->last_upstream().target == *target;
  };
  return rights;
}

void MasterLinks::execute(const MasterSession& from, CommandFrame command,
                          std::function<void(ResultFrame)> then) {
  carry_out_order(*network_.station, command, rights_of(from), std::move(then));
}

// The limit applies to all masters together.
void MasterLinks::answer(const MasterSession& from, const AskFrame& ask,
                         std::function<void(TellFrame)> then) {
  constexpr unsigned kToldASecond = 20;
  if (!told_.allows(loop().now(), kToldASecond))
    return then({ask.number, {}, false, "more than 20 questions in a second"});
  send_listeners(*network_.station, ask, rights_of(from), std::move(then));
}

// -- listeners of a mount that is not known here --------------------------------------------------

unsigned MasterLinks::lookup_mount(const std::string& mount) {
  unsigned asked = 0;
  for (const auto& [settings, session] : masters_)
    if (!stopped_ && session->lookup_mount(mount)) ++asked;
  return asked;
}

void MasterLinks::mount_looked_up(const std::string& master, const std::string& mount, bool known) {
  if (known) network_.relays->settle(mount);
  network_.lookup->mount_looked_up(master, mount, known);
}

Loop& MasterLinks::loop() noexcept { return network_.loops.control(); }
Log& MasterLinks::log() noexcept { return network_.log; }
DrainMode MasterLinks::draining() const noexcept { return network_.drain.picture()->mode; }

}  // namespace lb
