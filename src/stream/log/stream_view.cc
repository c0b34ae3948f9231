#include "stream/log/stream_view.h"

#include <algorithm>

namespace lb {
namespace {

template <class Pick>
auto newest_at(const StreamView& view, std::uint64_t position, Pick pick)
    -> decltype(pick(view.events[0])) {
  const auto& events = view.events;
  std::uint64_t i = events.last_where([&](const StreamEvent& e) { return e.position <= position; });
  if (i == events.end()) return nullptr;
  for (;; --i) {
    if (auto found = pick(events[i])) return found;
    if (i == events.begin()) return nullptr;
  }
}

}  // namespace

std::span<const std::byte> StreamView::bytes_at(std::uint64_t position) const noexcept {
  // Searches from the newest, because nearly every reader is near the head.
  for (auto it = segments->rbegin(); it != segments->rend(); ++it) {
    const Segment& segment = **it;
    if (position < segment.begin) continue;
    if (position >= segment.end()) break;
    const std::uint64_t last = std::min(end, segment.end());
    return {segment.data + (position - segment.begin), static_cast<std::size_t>(last - position)};
  }
  return {};
}

Bytes StreamView::bytes_between(std::uint64_t from, std::uint64_t to) const {
  Bytes bytes;
  to = std::min(to, end);
  while (from < to) {
    auto piece = bytes_at(from);
    if (piece.empty()) break;
    piece = piece.first(std::min<std::uint64_t>(piece.size(), to - from));
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    from += piece.size();
  }
  return bytes;
}

std::shared_ptr<const Bytes> StreamView::headers_at(std::uint64_t position) const {
  auto found = newest_at(*this, position, [](const StreamEvent& e) { return e.headers; });
  return found ? found : base_headers;
}

const StreamSpan* StreamView::span_at(std::uint64_t position) const noexcept {
  const auto i = spans.last_where([&](const StreamSpan& s) { return s.begin <= position; });
  return i == spans.end() ? nullptr : &spans[i];
}

std::optional<std::uint64_t> StreamView::span_end(std::uint64_t position) const noexcept {
  const auto i = spans.last_where([&](const StreamSpan& s) { return s.begin <= position; });
  const auto next = i == spans.end() ? spans.begin() : i + 1;
  if (next >= spans.end()) return std::nullopt;
  return spans[next].begin;
}

std::shared_ptr<const Metadata> StreamView::metadata_at(std::uint64_t position) const {
  if (late_metadata && late_at <= position) return late_metadata;
  auto found = newest_at(*this, position, [](const StreamEvent& e) { return e.metadata; });
  return found ? found : base_metadata;
}

}  // namespace lb
