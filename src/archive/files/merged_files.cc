#include "archive/files/merged_files.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace lb {
namespace {

// What two nodes record of one stream begins and ends within this.
constexpr std::int64_t kOverlapMs = 1500;

bool holds(const FileRow& outer, const FileRow& inner) noexcept {
  return outer.id == inner.id && outer.origin <= inner.origin &&
         outer.origin_end() >= inner.origin_end();
}

bool meets_other_stream(const FileRow& a, const FileRow& b) noexcept {
  return a.id != b.id && a.from_ms + kOverlapMs < b.to_ms && b.from_ms + kOverlapMs < a.to_ms;
}

bool is_within(const FileRow& inner, const FileRow& outer) noexcept {
  return outer.from_ms <= inner.from_ms + kOverlapMs && inner.to_ms <= outer.to_ms + kOverlapMs;
}

// Of two streams, and nothing is lost with the inner one's file.
bool hides(const FileRow& outer, const FileRow& inner) noexcept {
  return meets_other_stream(outer, inner) && is_within(inner, outer);
}

bool by_time(const FileRow& a, const FileRow& b) noexcept {
  return a.from_ms != b.from_ms ? a.from_ms < b.from_ms : a.origin < b.origin;
}

// Rows in order of time, of which none holds another one.
class Rows {
 public:
  void add(const FileRow& row) {
    if (row.bytes == 0) return;
    // The files around it: none is longer than kReach.
    auto at = std::lower_bound(rows_.begin(), rows_.end(), row.from_ms - kReach,
                               [](const FileRow& a, std::int64_t t) { return a.from_ms < t; });
    if (is_here(row, at)) return;
    for (auto each = at; each != rows_.end() && each->from_ms < row.to_ms + kReach; ++each) {
      const bool written_here = each->open && !each->remote && each->name() == row.name();
      if (written_here || holds(*each, row)) return;
      if (hides(*each, row)) return;
    }
    rows_.erase(std::remove_if(at, rows_.end(),
                               [&](const FileRow& each) {
                                 return holds(row, each) || (!each.open && hides(row, each));
                               }),
                rows_.end());
    rows_.insert(std::upper_bound(rows_.begin(), rows_.end(), row, by_time), row);
  }
  std::vector<FileRow> take() { return std::move(rows_); }

  explicit Rows(std::vector<FileRow> own) : rows_(std::move(own)) {}

 private:
  static constexpr std::int64_t kReach = 600'000;

  // Files of this node have all of it, one behind the other; the one that is being written has what
  // comes.
  bool is_here(const FileRow& row, std::vector<FileRow>::const_iterator from) const {
    std::uint64_t at = row.origin;
    for (; from != rows_.end() && from->from_ms < row.to_ms + kReach; ++from) {
      if (from->remote || from->id != row.id || from->origin > at || from->origin_end() <= at)
        continue;
      at = from->origin_end();
      if (at >= row.origin_end() || (from->open && row.open)) return true;
    }
    return false;
  }

  std::vector<FileRow> rows_;
};

}  // namespace

RecordedFiles merged_files(const RecordedFiles& own,
                           const std::vector<const std::vector<FileRow>*>& others) {
  std::vector<FileRow> first = own.closed();
  if (own.open() && own.open()->bytes > 0) first.push_back(*own.open());
  Rows rows(std::move(first));
  for (const auto* node : others)
    for (const FileRow& row : *node) rows.add(row);
  return {std::make_shared<const std::vector<FileRow>>(rows.take()), std::nullopt};
}

}  // namespace lb
