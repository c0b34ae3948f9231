// RelayService as the host of a Relay.
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/mount_files.h"
#include "app/services/worker.h"
#include "app/topology/mount_homes.h"
#include "cluster/polling/master_watch.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/relay.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"
#include "stream/listener/fallback_chain.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_record.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// How long listeners of a relay stay without data, also if a fallback could play for them.
constexpr auto kRelayLinger = 10s;
constexpr auto kLingerAtSeam = 2000ms;
constexpr auto kLingerBeforeFallback = 1s;
constexpr std::uint64_t kMostBytesAMs = 40;  // of MP3
constexpr auto kLookForFilled = 20ms;
// Longer than the news of a deleted record and the end of its stream take to reach all nodes.
constexpr auto kClosedKept = 10s;

}  // namespace

std::chrono::milliseconds RelayService::linger(const Mount& mount, WriterKind kind,
                                               EndReason reason) const {
  if (stopped_ || reason == EndReason::kKilled || reason == EndReason::kShutdown ||
      reason == EndReason::kRemoved || is_closed(mount.name()))
    return 0ms;
  const auto settings = mount.settings();
  const auto usual = usual_linger(mount, kind);
  if (settings->moves_to.empty() && reason != EndReason::kMoved) {
    // The relay may have been removed just as its connection ended by itself.
    const bool removed = kind == WriterKind::kRelay && !relays_.has(mount.name());
    return removed ? 0ms : usual;
  }
  return std::max<std::chrono::milliseconds>(
      usual, fallback_plays(mount) ? kMoveLingerBeforeFallback : kMoveLinger);
}

void RelayService::closed(const std::string& mount) {
  closed_[mount] = network_.loops.control().now() + kClosedKept;
  network_.admission->stop_waiting(mount);
}

// A deleted record may have been made again.
bool RelayService::is_closed(const std::string& mount) const {
  const MountSettings* section = named_section(*network_.config.read(), mount);
  return section != nullptr ? section->suspended : closed_.contains(mount);
}

std::chrono::milliseconds RelayService::usual_linger(const Mount& mount, WriterKind kind) const {
  const auto settings = mount.settings();
  const Relay* relay = relays_.of_mount(mount.name());
  if (settings->linger_seconds >= 0) {
    // The connection also ends at each seam of the stream, and the next one follows at once.
    const bool seam = kind == WriterKind::kRelay && relay != nullptr && relay->is_placed();
    return std::max<std::chrono::milliseconds>(std::chrono::seconds(settings->linger_seconds),
                                               seam ? kLingerAtSeam : 0ms);
  }
  // After a source the mount waits only for an offered relay, or a return at its other home.
  if (kind == WriterKind::kSource && (relay == nullptr || !relay->is_offered()) &&
      !has_two_homes(mount.name()))
    return 0ms;
  return fallback_plays(mount) ? kLingerBeforeFallback : kRelayLinger;
}

bool RelayService::fallback_plays(const Mount& mount) const {
  return find_in_fallbacks(
      mount.settings()->fallback_mount,
      [&](const std::string& name) {
        if (name == mount.name()) return false;
        const auto next = network_.mounts.find(name);
        return next ? next->phase() == MountPhase::kRunning
                    : network_.mount_files->fallback(name) != nullptr;
      },
      [this](const std::string& name) { return settings_of(name)->fallback_mount; });
}

std::string RelayService::user_agent() const { return network_.config.read()->server_id; }

std::string RelayService::node_mark() const { return network_.cluster->facts()->mark; }

std::string RelayService::request_lines(const std::string& mount) const {
  const auto facts = network_.cluster->facts();
  if (!facts->member) return {};
  const auto found = awaited_.find(mount);
  const Awaited awaited = found == awaited_.end() ? Awaited() : found->second;
  std::string lines = relay_mark_lines(facts->mark, awaited.via);
  if (awaited.window)
    lines += relay_burst_line(static_cast<std::uint64_t>(settings_of(mount)->hls_kept.count()) *
                              kMostBytesAMs);
  return lines;
}

void RelayService::past_comes(const std::string& mount, std::uint64_t bytes) {
  const auto found = network_.mounts.find(mount);
  if (!found || !awaited_.contains(mount)) return;
  filling_[mount] = {found->bytes_read.load(std::memory_order_relaxed) + bytes,
                     network_.loops.control().now() + kLongestFill};
  if (!fill_timer_.armed()) fill_timer_.after(kLookForFilled);
}

void RelayService::find_filled() {
  std::vector<std::string> filled;
  const SteadyTime now = network_.loops.control().now();
  for (const auto& [mount, filling] : filling_) {
    const auto found = network_.mounts.find(mount);
    if (!found || now >= filling.deadline ||
        found->bytes_read.load(std::memory_order_relaxed) >= filling.until)
      filled.push_back(mount);
  }
  for (const std::string& mount : filled) release(mount, WaitOutcome::kReady);
  if (!filling_.empty()) fill_timer_.after(kLookForFilled);
}

std::vector<std::string> RelayService::source_types(const std::string& mount) const {
  return mount_section(*network_.config.read(), mount).source_types;
}

std::string RelayService::pull_line(const Upstream& upstream) {
  std::string line = network_.links->masters().pull_line(upstream);
  // The upstream may be a source at a node.
  for (const auto& source : network_.links->ingest().sources_of(upstream.mount))
    if (line.empty() && same_place(source.upstream, upstream))
      line = network_.links->nodes().pull_line(source.node, upstream.mount);
  return line;
}

std::optional<std::string> RelayService::master_origin(PublicScheme scheme) const {
  for (const auto& master : masters_) {
    if (!master->well()) continue;
    if (auto origin = origin_of(master->plan().target, scheme)) return origin;
  }
  return std::nullopt;
}

void RelayService::drain_changed() {
  const bool draining = network_.drain.draining();
  if (stopped_ || std::exchange(reported_draining_, draining) == draining) return;
  for (const auto& master : masters_) master->report_now();
}

void RelayService::add_master_ids(std::set<std::string, std::less<>>& ids) const {
  for (const auto& master : masters_)
    if (!master->master_id().empty()) ids.insert(master->master_id());
}

void RelayService::leave(UniqueFunction<void()> done) {
  // One more than the masters, so that `done` is called after all have been asked.
  leaving_ = static_cast<unsigned>(masters_.size()) + 1;
  auto shared = std::make_shared<UniqueFunction<void()>>(std::move(done));
  const auto one = [this, shared] {
    // Posted, because `done` ends the watches that call this.
    if (--leaving_ == 0) network_.loops.control().post([shared] { (*shared)(); });
  };
  for (const auto& master : masters_) master->leave(one);
  one();
}

std::chrono::milliseconds RelayService::head_deadline() const {
  return network_.config.read()->limits.header_timeout;
}

std::shared_ptr<const MountSettings> RelayService::settings_of(const std::string& mount) const {
  return std::make_shared<const MountSettings>(mount_settings(*network_.config.read(), mount));
}

unsigned RelayService::quiet_worker() { return network_.admission->quietest_home(); }

void RelayService::add_source(unsigned worker, SourceOffer offer, WriterLease lease,
                              std::shared_ptr<const SourceFacts> facts) {
  ServerCounters& counters = network_.counters;
  counters.source_relay_connections.fetch_add(1, std::memory_order_relaxed);
  counters.source_total_connections.fetch_add(1, std::memory_order_relaxed);
  // Relays may exceed <sources> (doc/decisions.md B9).
  offer.source_pass = GatePass::enter(counters.sources);
  Worker& home = *network_.workers[worker];
  home.loop.post([&home, offer = std::make_shared<SourceOffer>(std::move(offer)),
                  lease = std::make_shared<WriterLease>(std::move(lease)),
                  facts = std::move(facts)] {
    home.sources->add(std::move(*offer), std::move(*lease), facts);
  });
}

std::optional<RelayRecord> RelayService::save(const std::string& mount, std::uint64_t lease) const {
  const Relay* const relay = relays_.of_mount(mount);
  if (relay != nullptr && relay->lease() == lease) return relay->save();
  const RelayRecord* const unclaimed = handed_.of(mount, lease);
  return unclaimed == nullptr ? std::nullopt : std::optional(*unclaimed);
}

std::vector<StreamListRecord> RelayService::save_lists() const {
  std::vector<StreamListRecord> all;
  for (const auto& watch : masters_) all.push_back(watch->save());
  return all;
}

void RelayService::restore(StreamListRecord saved) { handed_lists_.push_back(std::move(saved)); }

std::unique_ptr<Transport> RelayService::reading(const SourceRecord& saved, FdsIn& fds) {
  const RelayRecord* const relay = handed_.of(saved.mount, saved.lease);
  if (relay == nullptr) return nullptr;
  if (!relay->from.program.empty())
    return programs_.reading(saved.mount, saved.lease, fds.take(saved.encoder.fd));
  return restore_transport(saved.encoder, fds);
}

void RelayService::end_source(unsigned worker, std::uint64_t lease, EndReason reason) {
  Worker::end_source(network_, worker, lease, reason);
}

}  // namespace lb
