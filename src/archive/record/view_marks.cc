#include "archive/record/view_marks.h"

#include "stream/log/channel.h"

namespace lb {

const SyncMark* first_mark(const Marks& marks, std::uint64_t position) {
  const auto before =
      marks.last_where([&](const SyncMark& mark) { return mark.position < position; });
  const auto i = before == marks.end() ? marks.begin() : before + 1;
  return i < marks.end() ? &marks[i] : nullptr;
}

const SyncMark* mark_from(const StreamView& view, std::uint64_t position) {
  const SyncMark* const sync = first_mark(view.sync, position);
  const SyncMark* const inner = first_mark(view.inner, position);
  if (sync == nullptr || inner == nullptr) return sync == nullptr ? inner : sync;
  return inner->position < sync->position ? inner : sync;
}

const SyncMark* mark_before(const StreamView& view, std::uint64_t position) {
  const SyncMark* found = nullptr;
  for (const Marks* const marks : {&view.sync, &view.inner}) {
    const auto i = marks->last_where([&](const SyncMark& m) { return m.position < position; });
    if (i == marks->end()) continue;
    if (found == nullptr || (*marks)[i].position > found->position) found = &(*marks)[i];
  }
  return found;
}

const StreamSpan* clock_of(const StreamView& view, std::uint64_t position) {
  const StreamSpan* span = view.span_at(position);
  while (span != nullptr && !span->anchored) {
    const auto end = view.span_end(span->begin);
    const StreamSpan* const next = end ? view.span_at(*end) : nullptr;
    if (next == nullptr || next->seam || next->id != span->id) return nullptr;
    span = next;
  }
  return span;
}

std::uint64_t seam_of(const StreamView& view, std::uint64_t position) {
  const StreamSpan* span = view.span_at(position);
  while (span != nullptr) {
    const auto end = view.span_end(position);
    const StreamSpan* const next = end ? view.span_at(*end) : nullptr;
    if (!end) break;
    if (next == nullptr || next->seam || next->id != span->id) return *end;
    position = *end;
    span = next;
  }
  return Channel::kNoReader;
}

}  // namespace lb
