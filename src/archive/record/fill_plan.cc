#include "archive/record/fill_plan.h"

#include <algorithm>

namespace lb {
namespace {

constexpr std::int64_t kShortestHoleMs = 2000, kShortestPartMs = 1000;
// Limits the time between two marks, because the clock of a stream may be corrected between them.
constexpr std::int64_t kLongestFileMs = 24 * 3'600'000, kClockStepMs = 60'000;

bool begins_earlier(const MissingTime& a, const MissingTime& b) noexcept {
  return a.from_ms < b.from_ms;
}

// Removes [from_ms, to_ms) from each time.
void take_away(std::vector<MissingTime>& times, std::int64_t from_ms, std::int64_t to_ms) {
  std::vector<MissingTime> left;
  for (const MissingTime& time : times) {
    if (from_ms >= time.to_ms || to_ms <= time.from_ms) {
      left.push_back(time);
      continue;
    }
    if (time.from_ms < from_ms) left.push_back({time.from_ms, from_ms});
    if (to_ms < time.to_ms) left.push_back({to_ms, time.to_ms});
  }
  times = std::move(left);
}

// How much of the bytes [from, to) of a stream is recorded here.
std::int64_t time_here(const RecordedFiles& own, std::uint32_t id, std::uint64_t from,
                       std::uint64_t to) {
  double ms = 0;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const FileRow& row = own[i];
    const std::uint64_t begin = std::max(row.origin, from), end = std::min(row.origin_end(), to);
    if (row.id == id && begin < end)
      ms += static_cast<double>(row.to_ms - row.from_ms) * static_cast<double>(end - begin) /
            static_cast<double>(row.bytes);
  }
  return static_cast<std::int64_t>(ms);
}

}  // namespace

std::vector<MissingTime> missing_times(const RecordedFiles& own,
                                       const std::vector<HolderRow>& others,
                                       const std::vector<MissingTime>& not_wanted,
                                       std::int64_t from_ms, std::int64_t to_ms) {
  std::vector<MissingTime> held;
  for (const HolderRow& row : others)
    for (const HeldRange& range : row.ranges) {
      const std::int64_t end = range.to_ms == 0 ? to_ms : std::min(range.to_ms, to_ms);
      const std::int64_t begin = std::max(range.from_ms, from_ms);
      if (begin < end) held.push_back({begin, end});
    }
  std::sort(held.begin(), held.end(), begins_earlier);
  std::vector<MissingTime> times;
  for (const MissingTime& one : held) {
    if (!times.empty() && one.from_ms <= times.back().to_ms)
      times.back().to_ms = std::max(times.back().to_ms, one.to_ms);
    else
      times.push_back(one);
  }
  for (const ArchiveRange& range : own.ranges()) take_away(times, range.from_ms, range.to_ms);
  for (const MissingTime& one : not_wanted) take_away(times, one.from_ms, one.to_ms);
  std::erase_if(
      times, [](const MissingTime& time) { return time.to_ms - time.from_ms < kShortestHoleMs; });
  std::reverse(times.begin(), times.end());
  return times;
}

FileRow MissingPart::as_row() const noexcept {
  FileRow out = row;
  const double ms = static_cast<double>(row.to_ms - row.from_ms);
  const double all = static_cast<double>(std::max<std::uint64_t>(1, row.bytes));
  out.from_ms = row.from_ms + static_cast<std::int64_t>(ms * static_cast<double>(begin) / all);
  out.to_ms = row.from_ms + static_cast<std::int64_t>(ms * static_cast<double>(end) / all);
  out.origin = row.origin + begin;
  out.bytes = end - begin;
  out.open = out.remote = false;
  return out;
}

std::vector<MissingPart> missing_parts(const RecordedFiles& own, const RecordedFiles& all,
                                       const MissingTime& time) {
  std::vector<MissingPart> out;
  const auto add = [&](const FileRow& row, std::uint64_t from, std::uint64_t to) {
    const MissingPart part{row, from - row.origin, to - row.origin};
    const FileRow made = part.as_row();
    if (made.to_ms - made.from_ms < kShortestPartMs) return;
    if (made.from_ms < time.to_ms && made.to_ms > time.from_ms) out.push_back(part);
  };
  for (std::size_t i = all.size(); i-- > 0;) {
    const FileRow& row = all[i];
    if (!row.remote || row.bytes == 0 || row.from_ms >= time.to_ms || row.to_ms <= time.from_ms)
      continue;
    std::vector<const FileRow*> here;
    for (std::size_t k = 0; k < own.size(); ++k)
      if (own[k].id == row.id && own[k].bytes > 0) here.push_back(&own[k]);
    std::sort(here.begin(), here.end(),
              [](const FileRow* a, const FileRow* b) { return a->origin < b->origin; });
    std::uint64_t at = row.origin;
    for (const FileRow* one : here) {
      if (one->origin_end() <= at) continue;
      if (one->origin >= row.origin_end()) break;
      if (one->origin > at) add(row, at, one->origin);
      at = one->origin_end();
    }
    if (at < row.origin_end() && !row.open) add(row, at, row.origin_end());
  }
  return out;
}

MarkRange marks_around(const FileIndex& index, std::uint64_t begin, std::uint64_t end,
                       std::uint64_t most) {
  const auto& marks = index.marks;
  MarkRange out;
  if (marks.empty()) return out;
  out.first = index.mark_before(begin);
  out.last = index.mark_before(std::min(end, index.end()));
  if (marks[out.last].offset < end && out.last + 1 < marks.size()) ++out.last;
  while (out.last > out.first + 1 && marks[out.last].offset - marks[out.first].offset > most)
    --out.last;
  return out;
}

MarkRange marks_of_part(const FileIndex& index, const MissingPart& part, const RecordedFiles& own,
                        std::uint64_t most) {
  MarkRange out = marks_around(index, part.begin, part.end, most);
  if (out.first >= out.last) return out;
  const auto has_much = [&](std::uint64_t from, std::uint64_t to) {
    return from < to && time_here(own, part.row.id, part.row.origin + from, part.row.origin + to) >
                            kLongestSeamMs;
  };
  if (has_much(index.marks[out.first].offset, part.begin)) ++out.first;
  if (has_much(part.end, index.marks[out.last].offset)) --out.last;
  return out;
}

bool is_plausible(const FileIndex& index, const FileRow& row, std::int64_t now_ms) {
  if (index.marks.size() < 2 || index.head.span.wall_ms / 1000 != row.from_ms / 1000) return false;
  std::int64_t before = row.from_ms;
  for (const FileMark& mark : index.marks) {
    if (mark.wall_ms < before - kClockStepMs || mark.wall_ms > now_ms + kClockStepMs ||
        mark.wall_ms > row.from_ms + kLongestFileMs)
      return false;
    before = std::max(before, mark.wall_ms);
  }
  return true;
}

}  // namespace lb
