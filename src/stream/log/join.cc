#include "stream/log/join.h"

#include <algorithm>

namespace lb {
namespace {

JoinPlan at_mark(const StreamView& view, const SyncMark& mark) {
  JoinPlan plan;
  plan.position = mark.position;
  if (!mark.standalone) plan.headers = view.headers_at(mark.position);
  return plan;
}

// The last mark at or before `target`, or the first after it; REQUIRES: there are marks ≤ end.
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
  // Marks may be ahead of `end` by the incomplete unit, whose begin is then exactly the end: the
  // right place without a burst.
  return nearest_mark(view, target);
}

namespace {

// The last of a stream's spans with the same first byte: earlier ones were made before its media
// clock was known.
std::uint64_t begun_at(const StreamView& view, std::uint64_t i) {
  const auto& spans = view.spans;
  while (i + 1 < spans.end() && spans[i + 1].begin == spans[i].begin &&
         spans[i + 1].id == spans[i].id)
    ++i;
  return i;
}

// The span that is sent for the bytes of span i.  The wall time of a stream's first moments becomes
// known later, but they must go in one connection, in which a seam can be searched.
std::uint64_t told_by(const StreamView& view, std::uint64_t i) {
  const auto& spans = view.spans;
  i = begun_at(view, i);
  while (i + 1 < spans.end() && !spans[i].anchored && spans[i + 1].id == spans[i].id &&
         !spans[i + 1].seam && spans[i + 1].segments.first == spans[i].segments.first &&
         spans[i + 1].segments.generation == spans[i].segments.generation &&
         spans[i + 1].media.rate_hz == spans[i].media.rate_hz)
    ++i;
  return i;
}

// Sets the place of the first byte, which is in span i and begins a unit or is the requested byte.
void tell_place(PlacedJoin& joined, const StreamView& view, std::uint64_t i,
                std::uint64_t samples) {
  const StreamSpan& span = view.spans[told_by(view, i)];
  StreamPlace place;
  place.at = {span.id, span.origin_of(joined.plan.position)};
  place.media = {samples, span.media.rate_hz};
  place.anchored = span.anchored;
  place.wall_ms = span.wall_of(samples);
  place.segments = span.segments;
  place.header_bytes = joined.plan.headers ? joined.plan.headers->size() : 0;
  joined.place = place;
  joined.span_begin = span.begin;
}

// The media time of the newest mark at or before `position` within the span.
std::uint64_t samples_at(const StreamView& view, const StreamSpan& span, std::uint64_t position) {
  const auto i = view.sync.last_where([&](const SyncMark& m) { return m.position <= position; });
  if (i == view.sync.end() || view.sync[i].position < span.begin) return span.media.samples;
  return view.sync[i].time.samples;
}

// Headers that a relay has put in front lie between the end of the earlier bytes, `from`, and the
// stream's begin.  Headers of an earlier chain do not count, because the stream has its own.
std::shared_ptr<const Bytes> headers_in_front(const StreamView& view, std::uint64_t from,
                                              std::uint64_t begin) {
  auto headers = view.headers_at(begin);
  return headers == view.headers_at(from) ? nullptr : headers;
}

// The requested byte, if a span contains it.
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
      tell_place(joined, view, i, samples_at(view, span, position));
      return joined;
    }
    if (last || position > end) return std::nullopt;
    // Headers and the end of a chain have no address, so the place begins after them.
    std::uint64_t after = i + 1;
    while (after < view.spans.end() && !view.spans[after].has_address()) ++after;
    if (after == view.spans.end()) return std::nullopt;
    after = begun_at(view, after);
    const StreamSpan& next = view.spans[after];
    joined.plan.position = next.begin;
    if (after > i + 1) joined.plan.headers = headers_in_front(view, end, next.begin);
    tell_place(joined, view, after, next.media.samples);
    if (next.id != span.id) joined.place->after = wanted;
    return joined;
  }
  return std::nullopt;
}

// The first span of the newest stream that has an address; nullopt: none.
std::optional<std::uint64_t> present_stream(const StreamView& view) {
  std::uint64_t i = view.spans.end();
  while (i > view.spans.begin() && !view.spans[i - 1].has_address()) --i;
  if (i == view.spans.begin()) return std::nullopt;
  const StreamIdentity id = view.spans[i - 1].id;
  std::uint64_t first = i - 1;
  for (std::uint64_t at = i; at > view.spans.begin(); --at)
    if (view.spans[at - 1].id == id) first = at - 1;
  return first;
}

// For a server whose requested stream is gone here while the present one has just begun: it
// continues at the first byte of the present stream, with the encoder's lead.
std::optional<PlacedJoin> join_next(const StreamView& view, const StreamAddress& wanted,
                                    std::uint64_t most) {
  for (std::uint64_t i = view.spans.begin(); i < view.spans.end(); ++i)
    if (view.spans[i].id == wanted.id) return std::nullopt;
  const auto first = present_stream(view);
  if (!first) return std::nullopt;
  const std::uint64_t begun = begun_at(view, *first);
  const StreamSpan& present = view.spans[begun];
  const bool is_here = present.origin == 0 && present.begin >= view.begin;
  if (!is_here || view.ended || view.end - std::min(view.end, present.begin) > most)
    return std::nullopt;
  PlacedJoin joined;
  joined.plan.position = present.begin;
  tell_place(joined, view, begun, present.media.samples);
  return joined;
}

// A server's connection ends with each stream.  So it begins with the present one: otherwise it
// would get only bytes of an earlier source.
std::optional<PlacedJoin> join_present(const StreamView& view, std::uint64_t planned) {
  const auto found = present_stream(view);
  if (!found) return std::nullopt;
  const std::uint64_t first = *found;
  const std::uint64_t begun = begun_at(view, first);
  const StreamSpan& present = view.spans[begun];
  bool others = false;
  for (std::uint64_t i = view.spans.begin(); i < view.spans.end(); ++i)
    others = others || (view.spans[i].has_address() && view.spans[i].id != present.id);
  if (!others || planned >= present.begin || present.begin < view.begin) return std::nullopt;
  PlacedJoin joined;
  joined.plan.position = present.begin;
  std::uint64_t gap = first;
  while (gap > view.spans.begin() && !view.spans[gap - 1].has_address()) --gap;
  joined.plan.headers = headers_in_front(view, view.spans[gap].begin, present.begin);
  tell_place(joined, view, begun, present.media.samples);
  return joined;
}

// A stream that has just begun has only headers, which a server gets as its first bytes.  At the
// first mark it would get no address and give the stream another one.
std::optional<PlacedJoin> join_begun(const StreamView& view) {
  const auto i = view.spans.last_where([&](const StreamSpan& s) { return s.begin <= view.end; });
  if (i == view.spans.end()) return std::nullopt;
  const StreamSpan& span = view.spans[i];
  if (!span.has_address() || span.begin < view.begin) return std::nullopt;
  PlacedJoin joined;
  joined.plan.position = span.begin;
  tell_place(joined, view, i, span.media.samples);
  return joined;
}

}  // namespace

PlacedJoin plan_placed_join(const StreamView& view, std::size_t burst_bytes, const StreamAsk& ask,
                            std::uint64_t ahead_bytes) {
  if (ask.at) {
    if (auto exact = join_exactly(view, *ask.at, ahead_bytes)) return *exact;
    if (auto next = join_next(view, *ask.at, ahead_bytes)) return *next;
  }
  PlacedJoin joined;
  joined.plan = plan_join(view, burst_bytes);
  if (!joined.plan.wait_for_mark)
    if (auto present = join_present(view, joined.plan.position)) return *present;
  if (joined.plan.wait_for_mark) {
    if (auto begun = join_begun(view)) return *begun;
    return joined;
  }
  const std::uint64_t target = joined.plan.position;
  const auto& sync = view.sync;
  const auto here = view.spans.last_where([&](const StreamSpan& s) { return s.begin <= target; });
  if (here == view.spans.end() || !view.spans[here].has_address()) return joined;
  const StreamSpan& span = view.spans[here];
  const auto i = sync.last_where([&](const SyncMark& m) { return m.position <= target; });
  if (i == sync.end()) {
    // The stream has just begun, or its format has no marks.
    tell_place(joined, view, here, span.media.samples);
    return joined;
  }
  // The nearest earlier second-mark within the window and the span.
  for (auto at = i;; --at) {
    const SyncMark& mark = sync[at];
    if (mark.position < std::max(view.begin, span.begin)) break;
    if (mark.time.second && !mark.standalone) {
      joined.plan = at_mark(view, mark);
      tell_place(joined, view, here, mark.time.samples);
      return joined;
    }
    if (at == sync.begin()) break;
  }
  if (sync[i].position == target && (!sync[i].standalone || target == span.begin))
    tell_place(joined, view, here, sync[i].time.samples);
  return joined;
}

std::optional<StreamAddress> address_of(const StreamView& view, const JoinPlan& plan) {
  const StreamSpan* const span = plan.wait_for_mark ? nullptr : view.span_at(plan.position);
  if (span == nullptr || !span->has_address()) return std::nullopt;
  return StreamAddress{span->id, span->origin_of(plan.position)};
}

std::optional<JoinPlan> plan_resume(const StreamView& view, const StreamAddress& at,
                                    std::uint64_t ahead_bytes, bool exact) {
  auto joined = join_exactly(view, at, ahead_bytes);
  if (!joined || (exact && joined->place->at != at)) return std::nullopt;
  JoinPlan plan = std::move(joined->plan);
  const auto& sync = view.sync;
  const auto i = sync.last_where([&](const SyncMark& m) { return m.position <= plan.position; });
  const bool standalone =
      i != sync.end() && sync[i].position == plan.position && sync[i].standalone;
  if (!plan.headers && !standalone) plan.headers = view.headers_at(plan.position);
  return plan;
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
