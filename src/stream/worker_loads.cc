#include "stream/worker_loads.h"

#include <algorithm>

namespace lb {
namespace {

// Loads of one step are alike: what is measured swings.
constexpr unsigned kStepPercent = 10;

}  // namespace

void WorkerLoads::note(unsigned worker, const Clock& clock, SteadyTime now) noexcept {
  Row& row = rows_[worker];
  const std::chrono::nanoseconds passed = now - row.measured.load(std::memory_order_relaxed);
  if (passed < kWindow) return;
  const auto worked = clock.thread_work();
  const auto used = worked - row.worked;
  row.worked = worked;
  const auto percent =
      static_cast<unsigned>(std::clamp<std::int64_t>(100 * used.count() / passed.count(), 0, 100));
  row.percent.store(percent, std::memory_order_relaxed);
  row.full.store(
      percent >= (row.full.load(std::memory_order_relaxed) ? kRoomPercent : kFullPercent),
      std::memory_order_relaxed);
  row.measured.store(now, std::memory_order_relaxed);
}

unsigned WorkerLoads::percent(unsigned worker, SteadyTime now) const noexcept {
  const Row& row = rows_[worker];
  const bool stale = now - row.measured.load(std::memory_order_relaxed) > kStale;
  return stale ? 0 : row.percent.load(std::memory_order_relaxed);
}

bool WorkerLoads::has_room(unsigned worker, SteadyTime now) const noexcept {
  const Row& row = rows_[worker];
  return !row.full.load(std::memory_order_relaxed) ||
         now - row.measured.load(std::memory_order_relaxed) > kStale;
}

unsigned WorkerLoads::least(const Carriers& mount, unsigned here, SteadyTime now) const noexcept {
  const auto count = static_cast<unsigned>(rows_.size());
  const auto step = [&](unsigned worker) { return percent(worker, now) / kStepPercent; };
  const auto mounts = [&](unsigned worker) {
    return rows_[worker].mounts.load(std::memory_order_relaxed);
  };
  unsigned best = Carriers::kNone;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned worker = (here + i) % count;
    if (!has_room(worker, now)) continue;
    if (best == Carriers::kNone || step(worker) < step(best) ||
        (step(worker) == step(best) && mounts(worker) < mounts(best)))
      best = worker;
  }
  const unsigned source = mount.source();
  if (best != Carriers::kNone && source < count && has_room(source, now) &&
      step(source) == step(best) && mounts(source) <= mounts(best) + 1 + mounts(best) / 4)
    return source;
  return best;
}

unsigned WorkerLoads::choose(Carriers& mount, unsigned here, SteadyTime now) const noexcept {
  const auto count = static_cast<unsigned>(rows_.size());
  if (count < 2) return here;
  unsigned first = mount.first();
  if (first >= count) {
    first = least(mount, here, now);
    first = mount.settle(first == Carriers::kNone ? here : first);
  }
  if (has_room(first, now)) return first;
  for (unsigned i = 1; i < count; ++i) {
    const unsigned worker = (first + i) % count;
    if (mount.are_at(worker) && has_room(worker, now)) return worker;
  }
  const unsigned next = least(mount, here, now);
  return next == Carriers::kNone ? here : next;
}

}  // namespace lb
