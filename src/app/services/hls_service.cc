#include "app/services/hls_service.h"

#include <algorithm>
#include <set>
#include <utility>

#include "app/services/runtime.h"
#include "base/cat.h"
#include "hls/list_table.h"
#include "hls/past_lookups.h"
#include "http/access_line.h"
#include "net/loop/loop.h"
#include "stream/source/source_admission.h"

namespace lb {
namespace {

constexpr std::chrono::seconds kSilenceCheck{1};
// A shorter pause costs a player little of its patience, and a busy server has many.
constexpr std::chrono::milliseconds kLongPause{750};
// The rest of a mount without its encoder lasts at least this long, and this many segments.
constexpr std::chrono::milliseconds kShortestRest{10'000};
constexpr int kRestSegments = 3;

}  // namespace

HlsService::HlsService(Runtime& runtime)
    : runtime_(runtime),
      lookups_(std::make_unique<PastLookups>()),
      lists_(std::make_unique<HlsListTable>()),
      timer_(runtime.loops.control(), [this] { tick(); }) {}

HlsService::~HlsService() = default;

void HlsService::start() {
  runtime_.loops.control().count_beats();
  timer_.after(kSilenceCheck);
}

void HlsService::tick() {
  Loop& control = runtime_.loops.control();
  const SteadyTime now = control.now();
  const auto away = control.away(now);
  if (away - std::exchange(away_, away) >= kLongPause) woke_ = now;
  finish(sessions_.take_silent(now, woke_));
  timer_.after(coalesced(control, kSilenceCheck));
}

void HlsService::mount_ended(const Mount& mount) { finish(sessions_.take_all_of(mount)); }

std::chrono::milliseconds HlsService::rest_after(const Mount& mount, WriterKind kind,
                                                 EndReason reason) const {
  const auto settings = mount.settings();
  const auto facts = mount.facts();
  const bool is_final = reason == EndReason::kKilled || reason == EndReason::kShutdown ||
                        reason == EndReason::kRemoved;
  if (is_final || kind != WriterKind::kSource || settings->linger_seconds >= 0 || !settings->hls ||
      facts->plugin == nullptr || facts->plugin->name != "mpeg")
    return std::chrono::milliseconds(0);
  return std::max(kShortestRest, kRestSegments * std::chrono::milliseconds(settings->segment_ms));
}

void HlsService::mount_rests(const std::shared_ptr<Mount>& mount) {
  const std::lock_guard<std::mutex> guard(resting_mutex_);
  resting_[mount->name()] = mount;
}

void HlsService::rest_over(const std::shared_ptr<Mount>& mount,
                           const std::shared_ptr<Mount>& next) {
  // First, so that begin_session() adds none behind the walk.
  forget_rest(*mount);
  if (next)
    sessions_.move_all(mount, next);
  else
    mount_ended(*mount);
}

void HlsService::forget_rest(const Mount& mount) {
  const std::lock_guard<std::mutex> guard(resting_mutex_);
  const auto at = resting_.find(mount.name());
  if (at != resting_.end() && at->second.get() == &mount) resting_.erase(at);
}

std::shared_ptr<Mount> HlsService::resting(std::string_view mount) const {
  const std::lock_guard<std::mutex> guard(resting_mutex_);
  const auto at = resting_.find(mount);
  return at == resting_.end() ? nullptr : at->second;
}

std::string HlsService::cannot_move() const {
  std::set<const Mount*> resting;
  {
    const std::lock_guard<std::mutex> guard(resting_mutex_);
    for (const auto& [name, mount] : resting_) resting.insert(mount.get());
  }
  return sessions_.cannot_move(resting);
}

void HlsService::end_oldest(std::size_t most) { finish(sessions_.take_oldest(most)); }

bool HlsService::end(const Mount* mount, std::uint64_t id) {
  auto session = sessions_.take(mount, id);
  if (session == nullptr) return false;
  std::vector<HlsSessionPtr> ended;
  ended.push_back(std::move(session));
  finish(std::move(ended));
  return true;
}

void HlsService::end_holders(const SlotGate& gate, const std::vector<std::uint64_t>& ids) {
  finish(sessions_.take_holders(gate, ids));
}

void HlsService::end_others(const std::string& name, const Mount& mount, SteadyTime before) {
  finish(sessions_.take_others(name, mount.name(), before));
}

bool HlsService::begin_session(HlsSessionPtr session) {
  const std::shared_ptr<Mount> mount = session->mount;
  const std::uint64_t id = session->id;
  // The player has begun another session meanwhile: this one is dropped with its places.
  if (sessions_.add(std::move(session), runtime_.clock.steady()) != nullptr) return true;
  // The mount may have ended with the sessions that it had until then; nothing would end this one.
  const bool has_ended = mount->phase() == MountPhase::kEnded && !is_off_air(*mount) &&
                         resting(mount->name()) != mount;
  if (has_ended && sessions_.take(mount.get(), id) != nullptr) return false;
  mount->note_peak(mount->audience());
  mount->listener_connections.fetch_add(1, std::memory_order_relaxed);
  runtime_.counters.listener_connections.fetch_add(1, std::memory_order_relaxed);
  log_count(*mount);
  return true;
}

void HlsService::finish(std::vector<HlsSessionPtr> ended) {
  for (HlsSessionPtr& session : ended) {
    const auto listened = session->listened(runtime_.clock.steady());
    AccessFacts facts = session->facts.access(session->ip, session->bytes, listened);
    facts.shows_user = true;
    log_access(runtime_.log, facts, runtime_.clock.wall());
    if (session->notice) {
      session->notice->set_bytes_sent(session->bytes);
      session->notice->set_listened(listened);
    }
    const std::shared_ptr<Mount> mount = session->mount;
    session.reset();
    log_count(*mount);
  }
}

void HlsService::log_count(const Mount& mount) {
  runtime_.log.info("source/source_main",
                    cat({"listener count on ", mount.name(), " now ", mount.listeners()}));
}

}  // namespace lb
