#include "archive/files/where.h"

#include <algorithm>
#include <utility>

namespace lb {
namespace {

// Nodes report the limits of one recording with differences up to this.
constexpr std::int64_t kSameTimeMs = 10'000;
constexpr std::int64_t kJoinedMs = 5000;

struct Held {
  ArchiveRange range;
  std::string where;
};

std::vector<Held> all_held(const RecordedFiles& own, const std::vector<HolderRow>& others,
                           std::int64_t now_ms) {
  std::vector<Held> out;
  for (const ArchiveRange& range : own.ranges()) out.push_back({range, "here"});
  for (const HolderRow& row : others)
    for (const HeldRange& range : row.ranges)
      out.push_back(
          {{range.from_ms, range.to_ms == 0 ? std::max(now_ms, range.from_ms) : range.to_ms, 0},
           row.node});
  return out;
}

// Replaces times that lie close together by the first of them.
void snap(std::vector<std::int64_t>& times) {
  std::sort(times.begin(), times.end());
  std::vector<std::int64_t> out;
  for (const std::int64_t time : times)
    if (out.empty() || time - out.back() > kSameTimeMs) out.push_back(time);
  times = std::move(out);
}

}  // namespace

std::vector<PlacedRange> ranges_and_places(const RecordedFiles& own,
                                           const std::vector<HolderRow>& others,
                                           std::int64_t now_ms) {
  std::vector<PlacedRange> out;
  if (others.empty()) {
    for (const ArchiveRange& range : own.ranges()) out.push_back({range, {"here"}});
    return out;
  }
  const std::vector<Held> held = all_held(own, others, now_ms);
  std::vector<std::int64_t> times;
  for (const Held& each : held) {
    times.push_back(each.range.from_ms);
    times.push_back(each.range.to_ms);
  }
  snap(times);
  for (std::size_t i = 0; i < times.size(); ++i) {
    const bool last = i + 1 == times.size();
    std::int64_t end = last ? 0 : times[i + 1];
    PlacedRange made;
    made.from_ms = times[i];
    for (const Held& each : held) {
      // A range shorter than a step is shown at the step where it begins.
      const bool begins =
          each.range.from_ms >= times[i] && each.range.from_ms - times[i] <= kSameTimeMs;
      const bool covers = !last && each.range.from_ms <= times[i] + kSameTimeMs &&
                          each.range.to_ms + kSameTimeMs >= end &&
                          each.range.to_ms > times[i] + kSameTimeMs;
      const bool brief = begins && each.range.to_ms <= times[i] + kSameTimeMs;
      if (!covers && !brief) continue;
      if (last || brief) end = std::max(end, each.range.to_ms);
      if (std::find(made.where.begin(), made.where.end(), each.where) == made.where.end())
        made.where.push_back(each.where);
    }
    if (made.where.empty()) continue;
    made.to_ms = end;
    if (made.where.front() == "here")
      for (std::size_t f = 0; f < own.size(); ++f)
        if (own[f].from_ms + kSameTimeMs >= made.from_ms && own[f].from_ms < end)
          made.bytes += own[f].bytes;
    const bool goes_on = !out.empty() && out.back().where == made.where &&
                         made.from_ms - out.back().to_ms <= kJoinedMs;
    if (goes_on) {
      out.back().to_ms = end;
      out.back().bytes += made.bytes;
    } else {
      out.push_back(std::move(made));
    }
  }
  return out;
}

std::vector<ArchiveRange> ranges_anywhere(const RecordedFiles& own,
                                          const std::vector<HolderRow>& others,
                                          std::int64_t now_ms) {
  if (others.empty()) return own.ranges();
  std::vector<ArchiveRange> all;
  for (const Held& each : all_held(own, others, now_ms)) all.push_back(each.range);
  std::sort(all.begin(), all.end(),
            [](const ArchiveRange& a, const ArchiveRange& b) { return a.from_ms < b.from_ms; });
  std::vector<ArchiveRange> out;
  for (const ArchiveRange& range : all) {
    if (out.empty() || range.from_ms - out.back().to_ms > kJoinedMs) {
      out.push_back(range);
      continue;
    }
    out.back().to_ms = std::max(out.back().to_ms, range.to_ms);
    out.back().bytes += range.bytes;
  }
  return out;
}

}  // namespace lb
