#include "stream/log/wall_place.h"

#include <algorithm>
#include <limits>

#include "stream/log/join.h"

namespace lb {
namespace {

bool has_both(const StreamSpan& span) { return span.anchored && span.has_address(); }

std::int64_t media_ms_of(const StreamSpan& span, const SyncMark& mark) {
  return static_cast<std::int64_t>(MediaTime{mark.time.begin(), span.media.rate_hz}.milliseconds());
}

WallPlace place_of(const StreamSpan& span, const SyncMark& mark) {
  return {
      {span.id, span.origin_of(mark.position)}, span.begin_of(mark.time), media_ms_of(span, mark)};
}

struct Joined {
  const StreamSpan& span;
  const SyncMark& mark;
};
std::optional<Joined> find_joined(const StreamView& view, std::size_t burst_bytes) {
  const JoinPlan plan = plan_join(view, burst_bytes);
  const StreamSpan* const span = plan.wait_for_mark ? nullptr : view.span_at(plan.position);
  if (span == nullptr) return std::nullopt;
  const auto at = view.sync.last_where(
      [&plan](const SyncMark& mark) { return mark.position <= plan.position; });
  if (at == view.sync.end() || view.sync[at].position != plan.position) return std::nullopt;
  return Joined{*span, view.sync[at]};
}

}  // namespace

std::optional<WallPlace> place_at_wall(const StreamView& view, std::int64_t wall_ms) {
  std::uint64_t limit = view.end;
  for (std::uint64_t i = view.spans.end(); i-- > view.spans.begin();) {
    const StreamSpan& span = view.spans[i];
    const std::uint64_t from = std::max(span.begin, view.begin), to = limit;
    limit = std::min(limit, span.begin);
    if (!has_both(span)) continue;
    // Media time grows within a span, so a binary search finds the mark.
    const auto at = view.sync.last_where([&](const SyncMark& mark) {
      return mark.position < from || (mark.position < to && span.begin_of(mark.time) <= wall_ms);
    });
    if (at != view.sync.end() && view.sync[at].position >= from)
      return place_of(span, view.sync[at]);
  }
  return std::nullopt;
}

std::optional<WallPlace> place_of_join(const StreamView& view, std::size_t burst_bytes) {
  const auto joined = find_joined(view, burst_bytes);
  if (!joined || !has_both(joined->span)) return std::nullopt;
  return place_of(joined->span, joined->mark);
}

std::optional<YoungPlace> young_place_of_join(const StreamView& view, std::size_t burst_bytes) {
  const auto joined = find_joined(view, burst_bytes);
  if (!joined || !joined->span.has_address() || joined->span.media.rate_hz == 0)
    return std::nullopt;
  return YoungPlace{{joined->span.id, joined->span.origin_of(joined->mark.position)},
                    media_ms_of(joined->span, joined->mark)};
}

std::optional<WallPlace> oldest_place(const StreamView& view) {
  for (std::uint64_t i = view.spans.begin(); i < view.spans.end(); ++i) {
    const StreamSpan& span = view.spans[i];
    if (!has_both(span)) continue;
    const std::uint64_t from = std::max(span.begin, view.begin);
    const std::uint64_t to = i + 1 < view.spans.end() ? view.spans[i + 1].begin : view.end;
    const auto before =
        view.sync.last_where([from](const SyncMark& mark) { return mark.position < from; });
    const std::uint64_t at = before == view.sync.end() ? view.sync.begin() : before + 1;
    if (at < view.sync.end() && view.sync[at].position < to) return place_of(span, view.sync[at]);
  }
  return std::nullopt;
}

std::optional<WallPlace> newest_place(const StreamView& view) {
  return place_at_wall(view, std::numeric_limits<std::int64_t>::max());
}

}  // namespace lb
