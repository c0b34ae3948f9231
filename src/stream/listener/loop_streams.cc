#include "stream/listener/loop_streams.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "http/access_line.h"
#include "media/same_format.h"
#include "stream/listener/direct_streams.h"
#include "stream/listener/fallback_chain.h"
#include "stream/listener/listener_group.h"
#include "stream/listener/listener_record.h"
#include "stream/listener/server_counters.h"
#include "stream/listener/server_join.h"
#include "stream/log/join.h"
#include "stream/mount/mount_table.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// A pass is cut into slices, so that no loop stalls for more than 10 ms.
constexpr auto kSlice = 5ms;
constexpr auto kBetweenCounts = 100ms;
// Listeners of a stream that is over, or in an intro, wait for no events of a log, so those that
// are overdue are found by polling.
constexpr auto kOverPoll = 5s;

// Of a file that rested: listeners that are moved there together all hear its beginning.
bool has_just_begun(const Mount& mount) {
  const auto view = mount.channel().newest();
  return mount.facts()->from_file &&
         view->end - view->seam <= 2 * std::uint64_t{mount.settings()->burst_bytes};
}

}  // namespace

Mount& counted_at(const Listener& listener, Mount& mount) {
  return mount.facts()->from_file && listener.continuation ? *listener.continuation->next : mount;
}

// A player cannot change its decoder.  The format of a relay that waits for its first listener is
// not known yet.
bool may_move(const Mount& from, const Mount& to) {
  return to.phase() == MountPhase::kIdle ||
         same_format(from.facts()->content_type, to.facts()->content_type);
}

LoopStreams::LoopStreams(Loop& loop, Shared shared)
    : loop_(loop),
      shared_(std::move(shared)),
      timer_(loop, [this] { pass(); }),
      over_timer_(loop, [this] { end_overdue(); }),
      hung_up_timer_(loop, [this] { end_hung_up(); }),
      return_timer_(loop, [this] { bring_returned(); }),
      direct_(std::make_unique<DirectStreams>(*this)),
      groups_{direct_.get()} {}

LoopStreams::~LoopStreams() = default;

Fanout& LoopStreams::fanout_of(const std::shared_ptr<Mount>& mount) {
  auto& place = fanouts_[mount.get()];
  if (!place) place = std::make_unique<Fanout>(*this, mount);
  return *place;
}

// Scripts read this line.  It is limited to ten a second, so that a crowd does not flood the log.
void LoopStreams::log_count(Fanout& fanout) {
  if (!shared_.logs_counts || !shared_.log.enabled(LogLevel::kInfo)) return;
  fanout.count_unlogged = loop_.now() - fanout.count_logged < kBetweenCounts;
  if (!fanout.count_unlogged) log_count_now(fanout);
}

void LoopStreams::log_count_now(Fanout& fanout) {
  fanout.count_logged = loop_.now();
  fanout.count_unlogged = false;
  shared_.log.info("source/source_main", cat({"listener count on ", fanout.mount().name(), " now ",
                                              fanout.mount().listeners()}));
}

void LoopStreams::log_counts(const Mount& from, const Mount& to) {
  if (&from == &to) return;
  for (const Mount* changed : {&from, &to})
    if (const auto at = fanouts_.find(changed); at != fanouts_.end()) log_count(*at->second);
}

void LoopStreams::join(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
                       std::size_t burst_bytes, const std::optional<StreamAsk>& ask) {
  loop_.assert_here();
  Fanout& fanout = fanout_of(mount);
  fanout.refresh();
  const StreamView& view = fanout.view();
  if (ask && !ask->of_listener) {
    if (is_unborn(view))
      listener->unplaced = std::make_unique<Unplaced>(Unplaced{*ask, burst_bytes});
    else
      join_server(*listener, view, *mount, burst_bytes, *ask);
  } else {
    const auto resumed = ask && ask->at
                             ? plan_resume(view, *ask->at, bytes_ahead(*mount), ask->exact)
                             : std::nullopt;
    // The window has moved since the stages chose the byte.
    if (ask && ask->exact && !resumed)
      return ended(std::move(listener), *mount, EndReason::kLagged);
    JoinPlan plan = resumed ? *resumed : plan_join(view, burst_bytes);
    if (ask && listener->preamble)
      if (const auto at = address_of(view, plan))
        listener->preamble->add_line("X-LB-Stream: " + print_address(*at));
    listener->position = plan.position;
    listener->wait_for_mark = plan.wait_for_mark;
    if (listener->preamble) listener->preamble->headers = std::move(plan.headers);
  }
  count_joined(mount);
  log_count(fanout);
  watch_over(fanout);
  by_id_[listener->id] = listener.get();
  fanout.join(std::move(listener));
}

void LoopStreams::join(std::unique_ptr<Listener> listener, const std::shared_ptr<Mount>& mount,
                       const ListenerIntro& intro) {
  loop_.assert_here();
  Fanout& fanout = fanout_of(intro.file);
  listener->position = 0;
  listener->continuation = std::make_unique<Continuation>(
      Continuation{fanout.view().end, mount, EnterMode::kBurst, loop_.awake() + intro.time});
  count_joined(mount);
  if (const auto at = fanouts_.find(mount.get()); at != fanouts_.end()) log_count(*at->second);
  watch_over(fanout);
  by_id_[listener->id] = listener.get();
  fanout.join(std::move(listener));
}

void LoopStreams::join_direct(std::unique_ptr<Listener> listener,
                              const std::shared_ptr<Mount>& mount, DirectSource source) {
  count_joined(mount);
  direct_->join(std::move(listener), mount, std::move(source));
}

std::unique_ptr<Listener> LoopStreams::enter_at(std::unique_ptr<Listener> listener,
                                                const std::shared_ptr<Mount>& mount,
                                                std::uint64_t position) {
  Fanout& fanout = fanout_of(mount);
  fanout.refresh();
  if (position < fanout.view().begin || position > fanout.view().end) return listener;
  listener->position = position;
  by_id_[listener->id] = listener.get();
  fanout.join(std::move(listener));
  return nullptr;
}

void LoopStreams::count_joined(const std::shared_ptr<Mount>& mount) {
  mount->note_peak(mount->audience());
  mount->listener_connections.fetch_add(1, std::memory_order_relaxed);
  shared_.counters.listener_connections.fetch_add(1, std::memory_order_relaxed);
  if (mount->facts()->from_file && shared_.entered) shared_.entered(mount);
}

void LoopStreams::watch_over(const Fanout& fanout) {
  if (fanout.view().ended && !over_timer_.armed()) over_timer_.after(kOverPoll);
}

void LoopStreams::end_overdue() {
  std::vector<std::shared_ptr<Mount>> over;
  for (const auto& [at, fanout] : fanouts_) {
    if (!fanout->view().ended) continue;
    over.push_back(fanout->mount_ptr());
    fanout->end_stalled();
  }
  for (const auto& mount : over) wake(mount);
  if (!over.empty()) over_timer_.after(kOverPoll);
}

void LoopStreams::hung_up() {
  if (!hung_up_timer_.armed()) hung_up_timer_.after(Fanout::kHungUpStays);
}

void LoopStreams::end_hung_up() {
  bool some_left = false;
  for (auto& [at, fanout] : fanouts_) some_left |= fanout->end_hung_up();
  if (some_left) hung_up();
}

void LoopStreams::wake(const std::shared_ptr<Mount>& mount) {
  loop_.assert_here();
  const auto at = fanouts_.find(mount.get());
  if (at == fanouts_.end()) return;
  if (std::exchange(at->second->dirty, true)) return;
  dirty_.push_back(mount);
  schedule();
}

void LoopStreams::schedule() {
  if (scheduled_ || dirty_.empty() || !passing_.empty()) return;
  scheduled_ = true;
  const auto wait = pacer_.wait(loop_.now());
  if (wait.count() <= 0)
    loop_.post([this] { pass(); });
  else
    timer_.after(std::chrono::ceil<std::chrono::microseconds>(wait));
}

std::chrono::milliseconds LoopStreams::cap_of(Mount& mount) {
  const auto settings = mount.settings();
  const std::uint64_t rate = mount.bytes_per_second.load(std::memory_order_relaxed);
  auto cap = settings->max_pulse;
  // The burst feeds a player between two pulses, so these are at most a quarter of it.
  if (rate > 0) cap = std::min(cap, std::chrono::milliseconds(settings->burst_bytes * 250 / rate));
  return std::max(cap, std::chrono::milliseconds(PulsePacer::kShortest));
}

void LoopStreams::pass() {
  scheduled_ = false;
  const SteadyTime slice_began = loop_.now();
  const auto worked_before = loop_.clock().thread_work();
  if (passing_.empty()) {
    passing_.swap(dirty_);
    passing_at_ = 0;
    pass_began_ = slice_began;
    pass_cost_ = 0ns;
    pass_cap_ = 1h;
    for (const auto& mount : passing_) {
      const auto at = fanouts_.find(mount.get());
      if (at == fanouts_.end()) continue;
      at->second->dirty = false;
      at->second->in_pass = true;
      at->second->begin_pass();
      pass_cap_ = std::min(pass_cap_, cap_of(*mount));
    }
  }
  const SteadyTime deadline = slice_began + kSlice;
  for (; passing_at_ < passing_.size(); ++passing_at_) {
    const auto at = fanouts_.find(passing_[passing_at_].get());
    if (at == fanouts_.end()) continue;
    Fanout& fanout = *at->second;  // an iterator would become invalid when a listener moves
    if (!fanout.pump(deadline)) {
      pass_cost_ += loop_.clock().thread_work() - worked_before;
      scheduled_ = true;
      loop_.post([this] { pass(); });
      return;
    }
    fanout.in_pass = false;
    fanout.end_pass();
    if (fanout.count_unlogged) log_count(fanout);
  }
  pass_cost_ += loop_.clock().thread_work() - worked_before;
  end_of_pass();
}

void LoopStreams::end_of_pass() {
  for (const auto& mount : passing_) {
    const auto at = fanouts_.find(mount.get());
    if (at == fanouts_.end()) continue;
    if (at->second->listeners() > 0) watch_over(*at->second);
    if (at->second->listeners() > 0 || at->second->dirty) continue;
    if (at->second->count_unlogged)
      log_count_now(*at->second);  // the last line must have the final number
    fanouts_.erase(at);
  }
  passing_.clear();
  pacer_.passed(pass_began_, pass_cost_, pass_cap_);
  schedule();
}

void LoopStreams::left(const Mount& mount) {
  const auto at = fanouts_.find(&mount);
  // The end of a source wakes no loop: without this pass the fan-out would keep the mount and its
  // window for ever.
  if (at != fanouts_.end() && at->second->listeners() == 0 && !at->second->in_pass)
    wake(at->second->mount_ptr());
}

void LoopStreams::ended(std::unique_ptr<Listener> listener, Mount& mount, EndReason reason) {
  left(mount);
  by_id_.erase(listener->id);
  const std::string ip = listener->transport->peer().ip();
  if (reason == EndReason::kLagged) {
    shared_.counters.lagged.fetch_add(1, std::memory_order_relaxed);
    shared_.log.info("source/source", cat({"Client ", listener->id, " (", ip,
                                           ") has fallen too far behind, removing"}));
  }
  const SteadyTime now = loop_.now();
  AccessFacts facts = listener->facts.access(ip, listener->bytes_sent, now - listener->joined);
  facts.shows_user = shared_.logs_counts;
  log_access(shared_.log, facts, loop_.clock().wall());
  if (listener->notice) {
    listener->notice->set_bytes_sent(listener->bytes_sent);
    // Also one that a drain or a kick ends before a failed write has shown that it is gone.
    if (const SteadyTime left = listener->left_at(now); left < now)
      listener->notice->set_listened(
          std::chrono::duration_cast<std::chrono::milliseconds>(left - listener->joined));
  }
  listener->mount_pass.leave();
  listener->relay_pass.leave();
  if (const auto at = fanouts_.find(&counted_at(*listener, mount)); at != fanouts_.end())
    log_count(*at->second);
}

void LoopStreams::departed(std::unique_ptr<Listener> listener, Mount& mount) {
  left(mount);
  if (listener->span_begin != Listener::kAnySpan) {
    // Its bytes have addresses of this log, so its server must ask again for the next stream.
    ended(std::move(listener), mount, EndReason::kDone);
    return;
  }
  if (listener->continuation) {
    const Continuation next = std::move(*std::exchange(listener->continuation, nullptr));
    if (next.mode == EnterMode::kBurst)
      next.next->bytes_sent.fetch_add(next.leave_at, std::memory_order_relaxed);
    enter(std::move(listener), mount, next.next, next.mode);
    return;
  }
  const auto next = find_in_fallbacks(
      mount.settings()->fallback_mount,
      [this](const std::string& name) {
        auto found = shared_.mounts.find(name);
        if (!found && shared_.file_of) found = shared_.file_of(name);
        return found && !found->channel().newest()->ended ? found : nullptr;
      },
      shared_.fallback_of);
  if (next && may_move(mount, *next))
    enter(std::move(listener), mount, next,
          has_just_begun(*next) ? EnterMode::kSeam : EnterMode::kLive);
  else
    ended(std::move(listener), mount, EndReason::kSourceEnded);
}

void LoopStreams::enter(std::unique_ptr<Listener> listener, const Mount& from,
                        const std::shared_ptr<Mount>& next, EnterMode mode) {
  Fanout& fanout = fanout_of(next);
  fanout.refresh();
  const StreamView& view = fanout.view();
  const JoinPlan plan = mode == EnterMode::kSeam    ? plan_enter_seam(view)
                        : mode == EnterMode::kBurst ? plan_join(view, next->settings()->burst_bytes)
                                                    : plan_enter_live(view);
  listener->position = plan.position;
  listener->wait_for_mark = plan.wait_for_mark;
  if (plan.headers) listener->preamble = std::make_unique<Preamble>(Preamble{{}, plan.headers, 0});
  listener->icy.title_sent = false;  // the title is sent again
  count_at(*listener, *next);
  fanout.join(std::move(listener));
  if (next->facts()->from_file && shared_.entered) shared_.entered(next);
  // A new fan-out takes part from the next pass on.
  wake(next);
  // A listener of an intro counts at the next mount already.
  if (mode != EnterMode::kBurst) log_counts(from, *next);
}

void LoopStreams::count_at(Listener& listener, Mount& mount) {
  listener.mount_pass.leave();
  listener.mount_pass = GatePass::enter(mount.gate());
  if (listener.relay_pass) listener.relay_pass = GatePass::enter(mount.relay_gate());
  mount.note_peak(mount.audience());
}

void LoopStreams::continue_later(Listener& listener, const std::shared_ptr<Mount>& next,
                                 EnterMode mode) {
  listener.fanout->refresh();
  const StreamView& view = listener.fanout->view();
  // The present unit ends at the next mark, or at the end of complete units.  A stream that has
  // ended is sent completely, except to slow listeners.
  const std::uint64_t before =
      view.sync.last_where([&](const SyncMark& m) { return m.position < listener.position; });
  const std::uint64_t mark = before == view.sync.end() ? view.sync.begin() : before + 1;
  std::uint64_t leave_at = view.end;
  if (mark < view.sync.end() && (!view.ended || listener.blocked))
    leave_at = std::min(leave_at, view.sync[mark].position);
  leave_at = std::max(leave_at, listener.position);
  listener.continuation = std::make_unique<Continuation>(Continuation{leave_at, next, mode});
}

}  // namespace lb
