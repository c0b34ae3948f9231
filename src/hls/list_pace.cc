#include "hls/list_pace.h"

#include <algorithm>

#include "hls/cut.h"

namespace lb {

void ListPace::pass(SteadyTime now) {
  if (due_ == ~std::uint64_t{0}) return;
  // No player has asked for as long as the list lasts, so none follows it.
  if (now - noted_ > length_) {
    due_ = ~std::uint64_t{0};
    return;
  }
  const auto passed = (now - since_) / cut_;
  due_ += static_cast<std::uint64_t>(passed);
  since_ += passed * cut_;
}

bool ListPace::shows_due(std::span<const HlsSegment> newest, SteadyTime now) {
  pass(now);
  return newest.empty() || newest.front().sequence <= due_;
}

std::vector<HlsSegment> ListPace::window(std::vector<HlsSegment> held, std::size_t length,
                                         SteadyTime now) {
  std::size_t begin = held.size() - std::min(held.size(), length);
  pass(now);
  while (begin > 0 && held[begin].sequence > due_) --begin;
  held.resize(std::min(held.size(), begin + length));
  held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(begin));
  return held;
}

void ListPace::note(std::span<const HlsSegment> listed, SteadyTime now) {
  if (listed.empty()) return;
  noted_ = now;
  cut_ = std::chrono::milliseconds(listed.back().cut_ms);
  length_ = cut_ * static_cast<int>(listed.size());
  const std::uint64_t start = listed[listed.size() - std::min(listed.size(), kFromEnd)].sequence;
  if (due_ < start && due_ >= listed.front().sequence) return;
  due_ = start;
  since_ = now;
}

}  // namespace lb
