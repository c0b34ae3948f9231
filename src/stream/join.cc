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

namespace {

// What is told of the byte at `position`, which is the first one of a unit or the one asked for.
StreamPlace place_at(const StreamSpan& span, std::uint64_t position, std::uint64_t samples,
                     const JoinPlan& plan) {
  StreamPlace place;
  place.at = {span.id, span.origin_of(position)};
  place.media = {samples, span.media.rate_hz};
  place.anchored = span.anchored;
  place.wall_ms = span.wall_of(samples);
  place.segments = span.segments;
  place.header_bytes = plan.headers ? plan.headers->size() : 0;
  return place;
}

bool has_address(const StreamSpan& span) { return (span.id[0] | span.id[1]) != 0; }

// The media time of the newest mark at or before `position` within the span.
std::uint64_t samples_at(const StreamView& view, const StreamSpan& span, std::uint64_t position) {
  const auto i = view.sync.last_where([&](const SyncMark& m) { return m.position <= position; });
  if (i == view.sync.end() || view.sync[i].position < span.begin) return span.media.samples;
  return view.sync[i].time.samples;
}

// The byte `wanted`, where one of the spans has it.
std::optional<PlacedJoin> join_exactly(const StreamView& view, const StreamAddress& wanted,
                                       std::uint64_t ahead_bytes) {
  for (std::uint64_t i = view.spans.end(); i > view.spans.begin();) {
    const StreamSpan& span = view.spans[--i];
    if (span.id != wanted.id || wanted.position < span.origin) continue;
    const std::uint64_t position = span.begin + (wanted.position - span.origin);
    const bool last = i + 1 == view.spans.end();
    const std::uint64_t end = last ? view.end : view.spans[i + 1].begin;
    PlacedJoin joined;
    if (position < view.begin) return std::nullopt;
    if (position < end || (last && !view.ended && position - end <= ahead_bytes)) {
      joined.plan.position = position;
      joined.place = place_at(span, position, samples_at(view, span, position), joined.plan);
      return joined;
    }
    if (last || position > end) return std::nullopt;
    // Headers and the end of a chain have no address: what is told begins behind them.
    std::uint64_t after = i + 1;
    while (after < view.spans.end() && !has_address(view.spans[after])) ++after;
    if (after == view.spans.end()) return std::nullopt;
    const StreamSpan& next = view.spans[after];
    joined.plan.position = next.begin;
    if (after > i + 1) joined.plan.headers = view.headers_at(next.begin);
    joined.place = place_at(next, next.begin, next.media.samples, joined.plan);
    if (next.id != span.id) joined.place->after = wanted;
    return joined;
  }
  return std::nullopt;
}

}  // namespace

PlacedJoin plan_placed_join(const StreamView& view, std::size_t burst_bytes, const StreamAsk& ask,
                            std::uint64_t ahead_bytes) {
  if (ask.at) {
    if (auto exact = join_exactly(view, *ask.at, ahead_bytes)) return *exact;
  }
  PlacedJoin joined{plan_join(view, burst_bytes), std::nullopt};
  if (joined.plan.wait_for_mark) return joined;
  const std::uint64_t target = joined.plan.position;
  const auto& sync = view.sync;
  const StreamSpan* span = view.span_at(target);
  if (span == nullptr || !has_address(*span)) return joined;
  const auto i = sync.last_where([&](const SyncMark& m) { return m.position <= target; });
  if (i == sync.end()) {
    // Of a stream that begins in this moment, and of formats without marks.
    joined.place = place_at(*span, target, span->media.samples, joined.plan);
    return joined;
  }
  // The second-mark at or before it, if it is within the window and of the same span.
  for (auto at = i;; --at) {
    const SyncMark& mark = sync[at];
    if (mark.position < std::max(view.begin, span->begin)) break;
    if (mark.time.second && !mark.standalone) {
      joined.plan = at_mark(view, mark);
      joined.place = place_at(*span, mark.position, mark.time.samples, joined.plan);
      return joined;
    }
    if (at == sync.begin()) break;
  }
  if (sync[i].position == target && (!sync[i].standalone || target == span->begin))
    joined.place = place_at(*span, target, sync[i].time.samples, joined.plan);
  return joined;
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
