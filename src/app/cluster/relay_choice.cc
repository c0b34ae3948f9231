// Chooses the relays, mount by mount, from the configuration, the offers of masters and the sources
// at nodes (relay_service.h).
#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "app/topology/mount_lookup.h"
#include "app/topology/stream_offers.h"
#include "cluster/nodes/names.h"
#include "cluster/polling/master_watch.h"
#include "cluster/relay/relay.h"
#include "http/parser.h"
#include "http/static_files.h"
#include "http/stream_type.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// How long a relay goes on after its master was removed, until another master may bring it.
constexpr auto kFormerKept = 10s;
// As long as for a stream that a master offers.
constexpr auto kNodeSourceRunOn = 30s;
// Many changed mounts are judged over several turns, each of which leaves the loop four times as
// much for other work.
constexpr auto kJudgedATurn = 3ms;
constexpr std::size_t kLeastATurn = 32;
constexpr int kChoiceShare = 4;

// A server may name an upstream by link and by list; the link's, added first, stays.
void add_upstream(RelayPlan& plan, Upstream upstream) {
  for (const Upstream& known : plan.upstreams)
    if (known.target == upstream.target && known.mount == upstream.mount) return;
  plan.upstreams.push_back(std::move(upstream));
}

}  // namespace

void RelayService::streams_changed(const std::set<std::string>& mounts) {
  if (stopped_ || mounts.empty()) return;
  to_judge_.insert(mounts.begin(), mounts.end());
  if (choose_.armed()) return;
  choose_.after(next_choice_ - network_.loops.control().now());
}

void RelayService::settle(const std::string& mount) {
  if (to_judge_.erase(mount) > 0) {
    judge(mount);
    chosen({mount});
  }
  relays_.begin(mount);
}

bool RelayService::may_be(const StaticFiles& files, const std::string& mount) const {
  if (!may_be_relayed_as(mount) || is_well_known(mount)) return false;
  // A stream may hide a file of the web root only if that is audio (doc/decisions.md B5).
  if (!files.has_file(mount)) return true;
  return is_stream_type(files.types().type_of(mount));
}

// A mount of several masters is one relay with several upstreams, before sources at nodes.
std::optional<RelayPlan> RelayService::offered_plan(const std::string& mount) const {
  std::optional<RelayPlan> plan;
  const auto add = [&](Upstream upstream, bool on_demand, std::chrono::seconds run_on,
                       std::chrono::seconds retry_delay) {
    if (plan) return add_upstream(*plan, std::move(upstream));
    plan.emplace();
    plan->local_mount = mount;
    plan->upstreams.push_back(std::move(upstream));
    plan->on_demand = on_demand;
    plan->from_master = true;
    plan->run_on = run_on;
    plan->retry_delay = retry_delay;
  };
  for (LinkedStream& stream : network_.links->masters().streams_of(mount))
    add(std::move(stream.upstream), true, stream.run_on, stream.retry_delay);
  for (const auto& master : masters_) {
    const MasterPlan& from = master->plan();
    if (auto upstream = master->stream_of(mount))
      add(std::move(*upstream), from.on_demand, from.run_on, from.retry_delay);
  }
  if (plan) return plan;
  const auto sources = network_.links->ingest().sources_of(mount);
  if (!sources.empty())
    add(sources.front().upstream, true, kNodeSourceRunOn, RelayPlan().retry_delay);
  return plan;
}

// The configuration wins over offers.
std::optional<RelayPlan> RelayService::plan_of(const std::string& mount) {
  const bool captures = network_.links->ingest().captures(mount);
  std::optional<RelayPlan> plan;
  const auto [first, last] = configured_at_.equal_range(mount);
  const auto own = std::find_if(
      first, last, [&](const auto& row) { return captures || !configured_[row.second].once; });
  if (own != last)
    plan = configured_[own->second];
  else if (plan = offered_plan(mount); plan && !may_be(*network_.files.read(), mount))
    plan.reset();
  if (!captures) hold_capture(mount, plan);
  keep_former(mount, plan);
  return plan;
}

// Another node is to capture the mount: its upstream is closed here, and the listeners wait until
// that node offers the stream.
void RelayService::hold_capture(const std::string& mount, std::optional<RelayPlan>& plan) const {
  const auto [first, last] = configured_at_.equal_range(mount);
  for (auto row = first; row != last; ++row) {
    const RelayPlan& configured = configured_[row->second];
    if (!configured.once) continue;
    if (plan) {
      const bool offered =
          std::any_of(plan->upstreams.begin(), plan->upstreams.end(),
                      [](const Upstream& each) { return each.word == StreamWord::kOffered; });
      if (offered || !captures_own(mount)) continue;
    } else if (!flows(mount)) {
      continue;
    }
    plan = configured;
    plan->held = true;
  }
}

// Keeps a relay that flows, but has no master any more.
void RelayService::keep_former(const std::string& mount, std::optional<RelayPlan>& plan) {
  const bool over = network_.links->ingest().take_ended(mount);
  if (plan) {
    former_.erase(mount);
    return;
  }
  const SteadyTime now = network_.loops.control().awake();
  const Relay* relay = relays_.of_mount(mount);
  if (relay != nullptr && (!over || has_two_homes(mount)) && relay->plan().from_master &&
      flows(mount) && former_.try_emplace(mount, now + kFormerKept).first->second > now) {
    plan = relay->plan();
    for (Upstream& upstream : plan->upstreams) upstream.word = StreamWord::kGone;
    // The node may keep its connection for listeners waiting there; here they wait for any home.
    if (over) plan->held = true;
  }
  const auto at = former_.find(mount);
  if (at != former_.end() && at->second <= now) former_.erase(at);
}

void RelayService::judge(const std::string& mount) {
  if (auto plan = plan_of(mount))
    relays_.want_too(std::move(*plan));
  else
    relays_.want_no(mount);
}

void RelayService::choose_all() {
  std::set<std::string> touched;
  for (const auto& [mount, until] : former_) touched.insert(mount);
  std::set<std::string> mounts = std::exchange(to_judge_, {});
  choose_.cancel();
  for (const RelayPlan& plan : configured_) mounts.insert(plan.local_mount);
  network_.links->masters().add_stream_mounts(mounts);
  for (const auto& master : masters_) master->add_stream_mounts(mounts);
  for (const auto& [mount, sources] : network_.links->ingest().node_sources()) mounts.insert(mount);
  relays_.for_each([&](const std::string& mount, const Relay&) { mounts.insert(mount); });
  std::vector<RelayPlan> plans;
  for (const std::string& mount : mounts)
    if (auto plan = plan_of(mount)) plans.push_back(std::move(*plan));
  for (const auto& [mount, until] : former_) touched.insert(mount);
  relays_.want(std::move(plans));
  unable_known_ = false;
  chosen(touched);
}

// Applies changes to the present relays.
void RelayService::choose_some() {
  const SteadyTime began = network_.clock.steady();
  std::set<std::string> touched;
  while (!to_judge_.empty() &&
         (touched.size() < kLeastATurn || network_.clock.steady() - began < kJudgedATurn)) {
    auto next = to_judge_.extract(to_judge_.begin());
    judge(next.value());
    touched.insert(std::move(next));
  }
  chosen(touched);
  const SteadyTime ended = network_.clock.steady();
  next_choice_ = ended + kChoiceShare * (ended - began);
  if (!to_judge_.empty() && !choose_.armed()) choose_.after(next_choice_ - ended);
}

void RelayService::chosen(const std::set<std::string>& touched) {
  for (const std::string& mount : touched) note_unable(mount);
  network_.links->relays_chosen(touched);
  network_.lookup->mounts_changed();
}

}  // namespace lb
