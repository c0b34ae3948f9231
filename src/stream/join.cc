#include "stream/join.h"

#include <algorithm>

namespace lb {
namespace {

JoinPlan at_mark(const StreamView& view, const SyncMark& mark) {
  JoinPlan plan;
  plan.position = mark.position;
  if (!mark.standalone) plan.headers = view.headers_at(mark.position);
  return plan;
}

// The last mark at or before `target`, else the first after it; REQUIRES: there are marks ≤ end.
JoinPlan nearest_mark(const StreamView& view, std::uint64_t target) {
  const auto& sync = view.sync;
  std::uint64_t i = sync.last_where([&](const SyncMark& m) { return m.position <= target; });
  if (i == sync.end()) i = sync.begin();
  return at_mark(view, sync[i]);
}

bool has_mark(const StreamView& view) {
  return !view.sync.empty() && view.sync[view.sync.begin()].position <= view.end;
}

}  // namespace

JoinPlan plan_join(const StreamView& view, std::size_t burst_bytes) {
  const std::uint64_t held = view.end - view.begin;
  const std::uint64_t target = view.end - std::min<std::uint64_t>(held, burst_bytes);
  if (!has_mark(view)) {
    if (auto headers = view.headers_at(view.end)) return {view.end, std::move(headers), true};
    return {target, nullptr, false};
  }
  // Marks run ahead of `end` by the unit that is still coming in; with no burst wanted that
  // boundary, exactly the end, is the place.
  return nearest_mark(view, target);
}

JoinPlan plan_enter_live(const StreamView& view) {
  if (!has_mark(view)) {
    auto headers = view.headers_at(view.end);
    const bool wait = headers != nullptr;
    return {view.end, std::move(headers), wait};
  }
  return nearest_mark(view, view.end);
}

JoinPlan plan_enter_seam(const StreamView& view) {
  if (view.seam < view.begin) return plan_enter_live(view);
  if (!has_mark(view)) return {view.seam, nullptr, false};
  const auto& sync = view.sync;
  for (std::uint64_t i = sync.begin(); i < sync.end(); ++i)
    if (sync[i].position >= view.seam && sync[i].position <= view.end)
      return at_mark(view, sync[i]);
  return {view.seam, nullptr, false};
}

}  // namespace lb
