#include "app/cluster/ingest_service.h"

#include <algorithm>

#include "admin/command/cluster_sight.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/linked_neighbours.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/mount_homes.h"
#include "app/topology/stream_offers.h"
#include "base/cat.h"
#include "base/strings.h"
#include "cluster/link/master_session.h"
#include "cluster/relay/relay.h"
#include "config/settings/config.h"
#include "stream/mount/mount.h"
#include "stream/source/off_air.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kEachTurn = 100ms;
// Changes are handled at once, but of many together only the first.  A turn over many mounts takes
// its time, and leaves the loop four times as much for other work.
constexpr SteadyTime::duration kBetweenTurns = 10ms;
constexpr int kShare = 4;
// A look at all own sources takes at most a twentieth of the loop; those of mounts that have
// changed are seen at once.
constexpr int kWholeShare = 20;
// The absence of a loop after which the others have given up this node's links; a loop counts as
// away after 250 ms.
constexpr auto kAsleep = 750ms;
constexpr std::size_t kMaxNamed = 1000;  // refused rows in the log
constexpr auto kBeforeNamed = 3s;
// A node may get another address without a new row.
constexpr auto kSeeAgain = 1s;
// The limit of mounts in one turn, as each may start a relay while other work of control waits.
constexpr std::size_t kSeenATurn = 256;

}  // namespace

IngestService::IngestService(Network& network, MasterLinks& masters, NodeLinks& nodes,
                             LinkedNeighbours& neighbours)
    : network_(network),
      masters_(masters),
      nodes_(nodes),
      neighbours_(neighbours),
      timer_(network.loops.control(), [this] { work(); }) {}

void IngestService::configure(const Config& config) {
  if (!ingest_) {
    ingest_ = std::make_unique<Ingest>(
        masters_.own_id(),
        [this](const std::string& sender, const IngestRow& row) { return believes(sender, row); },
        network_.loops.control().now());
  }
  plans_ = ingest_plans(config);
  planned_.clear();
  for (const IngestPlan& plan : plans_) planned_.insert(plan.mount);
  ingest_->configure(plans_, neighbours_.alone());
  refused_.clear();
  must_check_ = see_all_ = true;
  see_again_ = name_again_ = {};
  note_absence();
  see_sources(true);
  // Decides the captures before relays are chosen.
  act();
  if (!ingest_->idle() || !masters_.empty()) soon();
}

void IngestService::stop() {
  stopped_ = true;
  timer_.cancel();
}

bool IngestService::believes(const std::string& sender, const IngestRow& row) const {
  if (neighbours_.is_master(sender)) return true;
  const KnownNode* node = nodes_.known_node(sender);
  if (node == nullptr || row.at != sender) return false;
  if (is_home(mount_section(*network_.config.read(), row.mount), sender)) return true;
  return std::any_of(node->sources.begin(), node->sources.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, row.mount); });
}

void IngestService::joined(const std::string& id, bool upward) {
  if (stopped_ || !ingest_) return;
  ingest_->joined(id, upward, network_.loops.control().now());
  soon();
}

void IngestService::resend(const std::string& id) {
  if (stopped_ || !ingest_) return;
  ingest_->resend(id);
  soon();
}

void IngestService::left(const std::string& id) {
  if (stopped_ || !ingest_) return;
  note_absence();
  for (const Ingest::Elsewhere& source : ingest_->sources())
    if (source.node == id) note_end(source.mount, id, off_air::kNodeGone);
  ingest_->left(id, network_.loops.control().now());
  if (!ingest_->idle()) timer_.after(0us);
}

// A process that was stopped has lost its links although the other nodes are still up.
void IngestService::note_absence() {
  const auto away = network_.loops.control().away();
  if (away - std::exchange(away_, away) >= kAsleep) ingest_->woke(network_.loops.control().now());
}

void IngestService::take(const std::string& sender, const std::vector<IngestRow>& rows) {
  if (stopped_ || !ingest_) return;
  for (const IngestRow& row : rows)
    if (row.source && row.state == IngestState::kOff && row.at == sender)
      note_end(row.mount, sender, row.end);
  ingest_->take(sender, rows);
  soon();
}

// REQUIRES: its row still stands.
void IngestService::note_end(const std::string& mount, const std::string& node,
                             std::string_view why) {
  if (!ingest_->is_source_at(mount, node)) return;
  if (neighbours_.is_master(node) || why_not({mount, node}).empty())
    network_.off_air->note(mount, {unix_seconds(network_.clock.wall()), std::string(why), node});
}

void IngestService::soon() {
  timer_.after(
      std::min<SteadyTime::duration>(next_turn_ - network_.loops.control().now(), kEachTurn));
}

void IngestService::work() {
  if (stopped_) return;
  const SteadyTime began = network_.clock.steady();
  note_absence();
  if (ingest_)
    for (const std::string& node : ingest_->overdue(began)) left(node);
  see_sources(false);
  act();
  tell();
  name_refused();
  const SteadyTime ended = network_.clock.steady();
  next_turn_ = ended + std::max(kBetweenTurns, kShare * (ended - began));
  if (!due_.empty())
    soon();
  else if (must_check_ || !ingest_->idle())
    timer_.after(kEachTurn);
}

void IngestService::act() {
  const RelayService& relays = *network_.relays;
  ingest_->set_willing(network_.drain.picture()->mode == DrainMode::kOff);
  for (const IngestPlan& plan : plans_) {
    const Relay* relay = relays.relay_of(plan.mount);
    Ingest::Flow flow;
    flow.captures = relays.captures_own(plan.mount);
    flow.follows = relay != nullptr && relay->flows() && !flow.captures;
    if (flow.follows) flow.feeder = neighbour_at(plan.mount, relay->last_upstream());
    flow.fails = relay != nullptr && ingest_->captures(plan.mount) && relay->rests();
    ingest_->set_flow(plan.mount, std::move(flow));
  }
  const auto changes = ingest_->decide(network_.loops.control().now());
  std::set<std::string> changed;
  for (const Ingest::Change& change : changes) {
    changed.insert(change.mount);
    nodes_.offer_changed(change.mount);
    network_.log.info("cluster/ingest", cat({"mount ", change.mount,
                                             change.captures ? ": this node captures it, because "
                                                             : ": this node captures it no "
                                                               "longer, because ",
                                             change.why}));
    network_.events->publish(change.captures ? "ingest-taken" : "ingest-released", change.mount,
                             {{"why", change.why}});
  }
  network_.relays->streams_changed(changed);
}

void IngestService::tell() {
  if (std::exchange(told_, ingest_->version()) == ingest_->version()) return;
  for (const std::string& id : neighbours_.linked()) neighbours_.send_news(id, news_for(id));
}

std::vector<IngestRow> IngestService::news_for(const std::string& neighbour) {
  auto rows = ingest_->news_for(neighbour);
  for (IngestRow& row : rows)
    if (row.source && row.state == IngestState::kOff)
      if (const auto end = network_.off_air->of(row.mount); end && end->node.empty())
        row.end = end->why;
  return rows;
}

// A peer's rows may arrive as a node's before it is known as a master.
void IngestService::name_refused() {
  const SteadyTime now = network_.loops.control().now();
  if (now < name_again_) return;
  name_again_ = now + kBeforeNamed;
  for (const auto& [sender, row] : ingest_->refused()) {
    if (refused_.size() >= kMaxNamed) return;
    SteadyTime& since = refused_.try_emplace({sender, row.mount}, now).first->second;
    if (since == SteadyTime::max() || now - since < kBeforeNamed) continue;
    since = SteadyTime::max();
    network_.log.warn("cluster/ingest", cat({"mount ", row.mount, ": what node ", sender,
                                             " says of it is passed over, its <node> has no ",
                                             "sources that name the mount"}));
  }
}

// -- sources of nodes -----------------------------------------------------------------------------

void IngestService::mounts_changed() {
  see_all_ = true;
  flows_changed();
}

void IngestService::mount_changed(const std::string& mount) {
  if (node_sources_.contains(mount) || (ingest_ && !ingest_->nodes_with_source(mount).empty()))
    due_.insert(mount);
  own_due_.insert(mount);
  if (!stopped_ && ingest_) soon();
}

void IngestService::flows_changed() {
  must_check_ = true;
  if (!stopped_ && ingest_) soon();
}

std::string IngestService::why_not(const Ingest::Elsewhere& source) const {
  if (neighbours_.is_master(source.node)) return "it is a master, and its offers count";
  const KnownNode* node = nodes_.known_node(source.node);
  if (node == nullptr) return "it is not a <node> of the configuration";
  if (!is_home(mount_section(*network_.config.read(), source.mount), source.node) &&
      !std::any_of(node->sources.begin(), node->sources.end(),
                   [&](const std::string& pattern) { return glob_match(pattern, source.mount); }))
    return "its <node> has no sources that name the mount";
  const auto mount = network_.mounts.find(source.mount);
  if (mount && mount->phase() == MountPhase::kRunning && !mount->facts()->relayed)
    return "the mount has a source of this server";
  const bool once = planned_.contains(source.mount);
  if (once ? !ingest_->is_captured_at(source.mount, source.node)
           : network_.relays->is_configured(source.mount))
    return "the mount is a relay of this server";
  return {};
}

// The node's address for listeners, which is the one that the configuration allows it to announce.
// Without the mount.
std::optional<Upstream> IngestService::place_of(const std::string& node) const {
  const auto addresses =
      nodes_.decider().with_table([&](const NodeTable& table) { return table.addresses_of(node); });
  if (addresses.empty()) return std::nullopt;
  const auto plain = std::find_if(addresses.begin(), addresses.end(), [](const NodeAddress& each) {
    return each.scheme == PublicScheme::kHttp;
  });
  const NodeAddress& address = plain != addresses.end() ? *plain : addresses.front();
  Upstream upstream;
  upstream.target.host = address.host;
  upstream.target.port = address.port;
  upstream.target.tls = address.scheme == PublicScheme::kHttps;
  upstream.word = StreamWord::kOffered;
  return upstream;
}

// A mount that waits for its source's return counts as having one, since its listeners wait
// everywhere; but not if the source may return at another node.
std::optional<ReportedSource> IngestService::own_source(const std::string& name,
                                                        const Mount& mount) const {
  const auto config = network_.config.read();
  const auto facts = mount.facts();
  const MountPhase phase = mount.phase();
  const MountSettings& section = mount_section(*config, name);
  const bool fed = phase == MountPhase::kRunning ||
                   (phase == MountPhase::kLingering && !section.has_two_homes());
  if (!fed || facts->from_file) return std::nullopt;
  // A record's relay counts as its source at the mount's home, which pulls it.
  if (facts->relayed && (!is_own_id(*config, section.home) || !network_.relays->captures_own(name)))
    return std::nullopt;
  return ReportedSource{facts->login, facts->source_ip, facts->user_agent,
                        unix_seconds(facts->started_wall)};
}

void IngestService::check_own(bool all) {
  const bool reports = !masters_.empty();
  const auto used = network_.mounts.in_use();
  if (must_check_ && (all || network_.clock.steady() >= whole_again_)) {
    const auto began = network_.clock.thread_work();
    must_check_ = false;
    own_due_.clear();
    Ingest::Sources own;
    if (reports)
      for (const auto& [name, mount] : used)
        if (auto source = own_source(name, *mount)) own.emplace(name, *std::move(source));
    ingest_->set_sources(std::move(own));
    whole_again_ = network_.clock.steady() + kWholeShare * (network_.clock.thread_work() - began);
    return;
  }
  for (const std::string& name : std::exchange(own_due_, {})) {
    const auto* const mount = used.look_up(name);
    ingest_->set_source(name,
                        reports && mount != nullptr ? own_source(name, **mount) : std::nullopt);
  }
}

// Only changed mounts are judged, many of them over several turns.
void IngestService::see_sources(bool all) {
  check_own(all);
  const SteadyTime at = network_.loops.control().now();
  due_.merge(ingest_->take_changed_sources());
  for (Ingest::Elsewhere& each : ingest_->take_ended_sources())
    ending_.emplace(std::move(each.mount), std::move(each.node));
  std::set<std::string> masters;
  for (const MasterLink& link : masters_.links())
    if (link.session) masters.insert(link.session->master_id());
  if (std::exchange(masters_seen_, masters) != masters) see_all_ = true;
  if (at >= see_again_) note_places(at);
  if (std::exchange(see_all_, false)) {
    for (const auto& [mount, sources] : node_sources_) due_.insert(mount);
    for (Ingest::Elsewhere& each : ingest_->sources()) due_.insert(std::move(each.mount));
  }
  std::set<std::string> changed;
  for (std::size_t seen = 0; !due_.empty() && (all || seen < kSeenATurn); ++seen) {
    std::string mount = std::move(due_.extract(due_.begin()).value());
    if (!see_mount(mount)) continue;
    nodes_.offer_changed(mount);
    changed.insert(std::move(mount));
  }
  network_.relays->streams_changed(changed);
}

void IngestService::note_places(SteadyTime now) {
  see_again_ = now + kSeeAgain;
  std::erase_if(places_, [this](const auto& row) { return !neighbours_.is_linked(row.first); });
  for (auto& [node, known] : places_) {
    auto place = place_of(node);
    if (place.has_value() != known.has_value() || (place && !same_place(*place, *known)))
      see_all_ = true;
    known = std::move(place);
  }
}

bool IngestService::see_mount(const std::string& mount) {
  const auto at = node_sources_.find(mount);
  const std::vector<NodeSource> before =
      at == node_sources_.end() ? std::vector<NodeSource>{} : std::move(at->second);
  const MountSettings& section = mount_section(*network_.config.read(), mount);
  // While a mount moves, both homes may have a source; the first in its record is pulled.  Of two
  // permanent homes the one already pulled stays, as a lost link may have let in a source at each.
  const auto is_pulled = [&before](const std::string& node) {
    return !before.empty() && before.front().node == node;
  };
  auto nodes = ingest_->nodes_with_source(mount);
  std::stable_sort(nodes.begin(), nodes.end(), [&](const std::string& a, const std::string& b) {
    const unsigned of_a = home_rank(section, a), of_b = home_rank(section, b);
    if (of_a != of_b || section.backup.empty()) return of_a < of_b;
    return is_pulled(a) && !is_pulled(b);
  });
  bool changed = false;
  std::vector<NodeSource> now;
  for (const std::string& node : nodes) {
    if (!why_not({mount, node}).empty()) continue;
    const auto [place, fresh] = places_.try_emplace(node);
    if (fresh) place->second = place_of(node);
    if (!place->second) continue;
    Upstream upstream = *place->second;
    upstream.mount = mount;
    const auto known = std::find_if(before.begin(), before.end(), [&](const NodeSource& each) {
      return each.node == node && same_place(each.upstream, upstream);
    });
    upstream.offer_number = known == before.end() ? next_offer_++ : known->upstream.offer_number;
    changed = changed || known == before.end();
    now.push_back({mount, node, std::move(upstream)});
  }
  for (const NodeSource& each : before)
    if (ending_.contains({mount, each.node})) ended_.insert(mount);
  ending_.erase(ending_.lower_bound({mount, ""}), ending_.lower_bound({mount + '\0', ""}));
  changed = changed ||
            !std::equal(now.begin(), now.end(), before.begin(), before.end(),
                        [](const NodeSource& a, const NodeSource& b) { return a.node == b.node; });
  if (now.empty())
    node_sources_.erase(mount);
  else
    node_sources_.insert_or_assign(mount, std::move(now));
  return changed;
}

std::span<const IngestService::NodeSource> IngestService::sources_of(std::string_view mount) const {
  const auto at = node_sources_.find(mount);
  return at == node_sources_.end() ? std::span<const NodeSource>{} : at->second;
}

bool IngestService::has_source_at(std::string_view mount, std::string_view node) const {
  return ingest_ && ingest_->is_source_at(std::string(mount), std::string(node));
}

std::optional<IngestService::FedBy> IngestService::fed_by(std::string_view mount) const {
  const auto sources = sources_of(mount);
  if (sources.empty()) return std::nullopt;
  const std::string& node = sources.front().node;
  auto by = ingest_->source_at(std::string(mount), node);
  return by ? std::optional(FedBy{node, *std::move(by)}) : std::nullopt;
}

std::string IngestService::upstream_of(const std::string& mount) const {
  const Relay* relay = network_.relays->relay_of(mount);
  if (relay == nullptr) return {};
  std::string id = neighbour_at(mount, relay->last_upstream());
  return neighbours_.knew_slots(id) ? std::move(id) : std::string();
}

std::string IngestService::neighbour_at(const std::string& mount, const Upstream& from) const {
  for (const MasterLink& link : masters_.links())
    if (link.session && link.session->streams_target() == from.target)
      return link.session->master_id();
  for (const NodeSource& source : sources_of(mount))
    if (same_place(source.upstream, from)) return source.node;
  return {};
}

std::optional<std::vector<std::string>> IngestService::way_of(const std::string& mount) const {
  if (captures(mount)) return std::vector<std::string>{};
  const auto sources = sources_of(mount);
  if (sources.empty()) return std::nullopt;
  return std::vector<std::string>{sources.front().node};
}

std::vector<IngestSight> IngestService::rows() const {
  std::vector<IngestSight> out;
  if (!ingest_) return out;
  for (const IngestPlan& plan : plans_)
    for (IngestRow& row : ingest_->known(plan.mount)) out.push_back({std::move(row), ""});
  for (auto& [sender, row] : ingest_->refused())
    out.push_back(
        {std::move(row), cat({"the <node> ", sender, " has no sources that name the mount"})});
  for (const Ingest::Elsewhere& source : ingest_->sources()) {
    const bool encoder = ingest_->is_source_at(source.mount, source.node);
    if (neighbours_.is_master(source.node) || (!encoder && planned_.contains(source.mount)))
      continue;
    out.push_back({{source.mount, source.node, IngestState::kOn, {}, encoder}, why_not(source)});
  }
  return out;
}

}  // namespace lb
