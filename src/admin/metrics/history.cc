#include "admin/metrics/history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace lb {
namespace {

constexpr std::uint32_t kGapValue = 0xFFFF;
constexpr unsigned kMantissaBits = 11, kExponents = 31;
constexpr double kUnit = 1.0 / 16;
constexpr double kUnknownValue = std::numeric_limits<double>::quiet_NaN();

std::uint32_t packed(double value) {
  if (!(value >= 0)) return std::isnan(value) ? kGapValue : 0;
  double left = value / kUnit;
  unsigned exponent = 0;
  while (std::round(left) >= (1U << kMantissaBits)) {
    left /= 2;
    if (++exponent == kExponents) return ((kExponents - 1) << kMantissaBits) | 2047;
  }
  return (exponent << kMantissaBits) | static_cast<std::uint32_t>(std::round(left));
}

double unpacked(std::uint32_t value) {
  if (value == kGapValue) return kUnknownValue;
  const std::uint32_t mantissa = value & ((1U << kMantissaBits) - 1);
  return static_cast<double>(std::uint64_t{mantissa} << (value >> kMantissaBits)) * kUnit;
}

std::uint32_t point_of(double mean, double max) { return packed(mean) << 16 | packed(max); }

std::size_t place(std::size_t tier, std::int64_t slot) {
  return static_cast<std::size_t>(slot) % History::kTiers[tier].points;
}

// Collects the mean and the maximum of several points.
struct Gathered {
  double sum = 0, max = 0;
  unsigned count = 0;

  void add(std::uint32_t point) {
    if (point == History::kGap) return;
    sum += unpacked(point >> 16);
    max = std::max(max, unpacked(point & 0xFFFF));
    ++count;
  }
  double mean() const { return count == 0 ? kUnknownValue : sum / count; }
  double most() const { return count == 0 ? kUnknownValue : max; }
};

void add_to(double& sum, double more) {
  if (std::isnan(more)) return;
  sum = std::isnan(sum) ? more : sum + more;
}
void add_to(HistoryRow& sum, const HistoryRow& more) {
  for (std::size_t i = 0; i < sum.mean.size(); ++i) {
    add_to(sum.mean[i], more.mean[i]);
    add_to(sum.max[i], more.max[i]);
  }
}

double weight_of(const HistoryRow& row) {
  double sum = 0;
  for (const double value : row.mean) add_to(sum, value);
  return sum;
}

// At most question.points of them, each of a multiple of `least` seconds.
HistoryAnswer points_for(const HistoryQuestion& question, std::int64_t least) {
  const auto most =
      static_cast<std::int64_t>(std::clamp<std::size_t>(question.points, 1, History::kMaxPoints));
  HistoryAnswer answer;
  std::int64_t& step = answer.step;
  step = std::max(least, (question.to - question.from) / most / least * least);
  const auto counted = [&] { return (question.to - 1) / step - question.from / step + 1; };
  while (counted() > most) step += least;
  const std::int64_t first = question.from / step, count = counted();
  for (std::int64_t i = 0; i < count; ++i) answer.times.push_back((first + i) * step);
  return answer;
}

HistoryRow sum_of_rows(std::span<const HistoryRow> rows, std::size_t points) {
  const std::vector<double> gaps(points, kUnknownValue);
  HistoryRow sum{"", false, gaps, gaps};
  for (const HistoryRow& row : rows) add_to(sum, row);
  return sum;
}

// The largest first, and one row for the rest.
std::vector<HistoryRow> largest_of(std::vector<HistoryRow> rows, std::size_t points) {
  std::stable_sort(rows.begin(), rows.end(), [](const HistoryRow& a, const HistoryRow& b) {
    return weight_of(a) > weight_of(b);
  });
  if (rows.size() <= History::kShownRows) return rows;
  HistoryRow others = sum_of_rows(std::span(rows).subspan(History::kShownRows - 1), points);
  others.others = true;
  rows.resize(History::kShownRows - 1);
  rows.push_back(std::move(others));
  return rows;
}

}  // namespace

// The row with the point at its end, or without one at its end; false: it is no row any more.
bool History::Ring::Piece::extend(std::size_t place, Point point) noexcept {
  if (from_ == until_) {
    from_ = until_ = static_cast<std::uint8_t>(place);
    value_ = point;
  }
  const bool fits = point == value_;
  if (fits && place == until_)
    ++until_;
  else if (fits && place + 1 == from_)
    --from_;
  else if (point == kGap && place == from_)
    ++from_;
  else if (point == kGap && place + 1 == until_)
    --until_;
  else
    return false;
  return true;
}

void History::Ring::Piece::put(std::size_t place, Point point) {
  if (!points_) {
    if (extend(place, point)) return;
    auto points = std::make_unique<std::array<Point, kPiece>>();
    for (std::size_t i = 0; i < kPiece; ++i) (*points)[i] = at(i);
    points_ = std::move(points);
  }
  (*points_)[place] = point;
  const auto is_other = [point](Point one) { return one != point; };
  if (std::any_of(points_->begin(), points_->end(), is_other)) return;
  points_.reset();
  value_ = point;
  from_ = 0;
  until_ = point == kGap ? 0 : kPiece;
}

void History::Ring::put(std::size_t place, Point point) {
  if (at(place) == point) return;
  if (place / kPiece >= pieces_.size()) pieces_.resize(place / kPiece + 1);
  pieces_[place / kPiece].put(place % kPiece, point);
}

template <class F>
void History::each_series(F act) {
  for (Series& series : all_.series) act(series);
  for (Rows* rows : {&mounts_, &nodes_})
    for (auto& [name, row] : *rows)
      for (Series& series : row.series) act(series);
}

void History::clear_slots(std::size_t tier, std::int64_t from, std::int64_t until) {
  const auto points = static_cast<std::int64_t>(kTiers[tier].points);
  from = std::max(from, until - points);
  each_series([&](Series& series) {
    for (std::int64_t slot = from; slot < until; ++slot)
      series.rings[tier].put(place(tier, slot), kGap);
  });
}

// The unfinished point of a coarser tier is computed from the points of the finer tier; until it is
// finished, its place holds the point of the turn before.
std::uint32_t History::point(const Series& series, std::size_t tier, std::int64_t slot) const {
  if (tier == 0 || slot < last_[tier]) return series.rings[tier].at(place(tier, slot));
  const std::int64_t parts = kTiers[tier].step / kTiers[tier - 1].step;
  Gathered all;
  for (std::int64_t fine = slot * parts; fine < (slot + 1) * parts && fine <= last_[tier - 1];
       ++fine)
    all.add(point(series, tier - 1, fine));
  return point_of(all.mean(), all.most());
}

void History::advance(std::int64_t slot) {
  if (last_[0] == 0) {
    for (std::size_t tier = 0; tier < kTiers.size(); ++tier)
      last_[tier] = slot * kTiers[0].step / kTiers[tier].step;
    return;
  }
  const bool back = slot < last_[0];
  const auto quarter = last_[2];
  for (std::size_t tier = 1; tier < kTiers.size(); ++tier)
    if (const std::int64_t over = last_[tier]; slot * kTiers[0].step / kTiers[tier].step != over)
      each_series([&](Series& series) {
        series.rings[tier].put(place(tier, over), point(series, tier, over));
      });
  for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
    const std::int64_t now = slot * kTiers[0].step / kTiers[tier].step;
    if (back)
      clear_slots(tier, now, last_[tier] + 1);
    else
      clear_slots(tier, last_[tier] + 1, now);
    last_[tier] = now;
  }
  if (last_[2] != quarter) forget_silent();
}

void History::forget_silent() {
  const std::int64_t oldest = last_[0] - kLongest / kTiers[0].step;
  for (Rows* rows : {&mounts_, &nodes_})
    std::erase_if(*rows, [oldest](const auto& row) { return row.second.heard < oldest; });
}

History::Row* History::row_for(Rows& rows, const std::string& name, std::int64_t slot) {
  if (const auto at = rows.find(name); at != rows.end()) return &at->second;
  if (rows.size() >= kMaxRows) {
    const auto silent = std::min_element(
        rows.begin(), rows.end(),
        [](const auto& a, const auto& b) { return a.second.heard < b.second.heard; });
    if (silent->second.heard + 1 >= slot) return nullptr;
    rows.erase(silent);
  }
  return &rows[name];
}

void History::put(Row& row, std::int64_t slot, const HistoryNow& now) {
  row.heard = slot;
  row.series[0].rings[0].put(place(0, slot), point_of(now.listeners, now.listeners));
  row.series[1].rings[0].put(place(0, slot), point_of(now.kbps, now.kbps));
}

std::int64_t History::newest() const {
  const std::lock_guard lock(mutex_);
  return last_[0] * kTiers[0].step;
}

void History::take(std::int64_t now, const HistorySample& sample, bool trusts_clock) {
  if (now <= 0) return;
  const std::int64_t slot = now / kTiers[0].step;
  const std::lock_guard lock(mutex_);
  if (!trusts_clock && last_[0] != 0 && std::abs(slot - last_[0]) * kTiers[0].step >= kFar) return;
  advance(slot);
  put(all_, slot, sample.all);
  for (const auto& [name, value] : sample.mounts)
    if (Row* row = row_for(mounts_, name, slot)) put(*row, slot, value);
  for (const auto& [name, value] : sample.nodes)
    if (Row* row = row_for(nodes_, name, slot)) put(*row, slot, value);
  for (Rows* rows : {&mounts_, &nodes_})
    for (auto& [name, row] : *rows)
      if (row.heard != slot)
        for (Series& series : row.series) series.rings[0].put(place(0, slot), kGap);
}

void History::clear() {
  const std::lock_guard lock(mutex_);
  all_ = Row();
  mounts_.clear();
  nodes_.clear();
  last_ = {};
}

std::vector<std::string> History::names(HistoryBy by) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, row] : by == HistoryBy::kNode ? nodes_ : mounts_) out.push_back(name);
  return out;
}

// The finest tier that reaches back so far, or the last one.
std::size_t History::tier_from(std::int64_t from) const {
  const std::int64_t now = (last_[0] + 1) * kTiers[0].step;
  // The tolerance covers a newest point that ends after the question, and a clock that is behind.
  const auto reaches = [&](std::size_t t) {
    const std::int64_t held = static_cast<std::int64_t>(kTiers[t].points) * kTiers[t].step;
    return from >= now - held - held / 60;
  };
  std::size_t tier = 0;
  while (tier + 1 < kTiers.size() && !reaches(tier)) ++tier;
  return tier;
}

HistoryRow History::row_at(const HistoryAnswer& times, std::size_t tier, std::string name,
                           const Series& series) const {
  HistoryRow out{std::move(name), false, {}, {}};
  const std::int64_t slot_time = kTiers[tier].step, newest = last_[tier],
                     oldest = newest - static_cast<std::int64_t>(kTiers[tier].points) + 1;
  for (const std::int64_t time : times.times) {
    Gathered all;
    for (std::int64_t slot = std::max(time / slot_time, oldest);
         slot < (time + times.step) / slot_time && slot <= newest; ++slot)
      all.add(point(series, tier, slot));
    out.mean.push_back(all.mean());
    out.max.push_back(all.most());
  }
  return out;
}

HistoryAnswer History::read(const HistoryQuestion& question) const {
  const std::lock_guard lock(mutex_);
  const std::size_t tier = tier_from(question.from);
  HistoryAnswer answer = points_for(question, kTiers[tier].step);
  const auto shown = [&](const std::string& name, const Row& row) {
    return row_at(answer, tier, name, row.series[static_cast<std::size_t>(question.of)]);
  };
  if (question.by == HistoryBy::kAll && !question.only) {
    answer.rows.push_back(shown("", all_));
    return answer;
  }
  std::vector<HistoryRow> rows;
  const Rows& from = question.by == HistoryBy::kNode ? nodes_ : mounts_;
  if (question.only) {
    for (const std::string& name : *question.only)
      if (const auto at = from.find(name); at != from.end())
        rows.push_back(shown(name, at->second));
  } else {
    for (const auto& [name, row] : from) rows.push_back(shown(name, row));
  }
  if (question.by == HistoryBy::kAll)
    answer.rows.push_back(sum_of_rows(rows, answer.times.size()));
  else
    answer.rows = largest_of(std::move(rows), answer.times.size());
  return answer;
}

}  // namespace lb
