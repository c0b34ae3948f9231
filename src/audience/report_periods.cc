// AudienceReport: the time heard by periods.

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "audience/day_sums.h"
#include "audience/report.h"

namespace lb {
namespace {

// Reads the periods of a mount: whole days, and quarters for the rest.  If a day lies in two
// periods, it counts for the larger part, and the quarters of the smaller one are moved to its own
// period.
class PeriodReader {
 public:
  PeriodReader(Sqlite& database, AudienceRange range, const AudienceReport::PeriodOf& period_of)
      : slots_(database), first_(range.from / kQuarterMs), last_(range.to / kQuarterMs) {
    for (std::int64_t quarter = first_; quarter < last_; ++quarter) {
      const std::int64_t period = period_of(quarter);
      if (periods_.empty() || periods_.back().period != period) periods_.push_back({period, 0, {}});
      ++periods_.back().quarters;
      of_quarter_.push_back(periods_.size() - 1);
    }
    divide();
    whole_.push_back({first_, last_, std::nullopt});
    by_days_ = stretches_.empty() && periods_.size() > days_.size() / kFortnightDays;
  }
  // In order of time; their sums are empty.
  const std::vector<AudiencePeriod>& periods() const noexcept { return periods_; }
  AudienceRange range() const noexcept { return {first_ * kQuarterMs, last_ * kQuarterMs}; }
  std::size_t period_at(std::int64_t quarter) const {
    return of_quarter_[static_cast<std::size_t>(quarter - first_)];
  }
  // Adds the mount's time in each period, times the sign; heard: also in each quarter.
  void add(std::int64_t mount, int sign, std::vector<AudiencePeriod>& sums,
           std::vector<std::int64_t>* heard = nullptr) {
    const auto by_days = [&](std::int64_t first, std::int64_t last) {
      add_between(mount, sign, first, last, sums);
      if (heard != nullptr) slots_.add_days_ms(mount, sign, first, last, first_, *heard);
    };
    if (by_days_ && slots_.has_days(mount)) return by_days(first_, last_);
    slots_.each_fortnight(
        mount, first_, last_,
        [&](std::int64_t first, const Statement& row) {
          const std::size_t period = period_at(first);
          if (period == period_at(first + kFortnightQuarters - 1))
            sums[period].sum.add(SlotReader::fortnight_sum(row), sign);
          else
            slots_.unpack_fortnight(first, row, [&](std::int64_t quarter, const AudienceSum& sum) {
              sums[period_at(quarter)].sum.add(sum, sign);
            });
          if (heard != nullptr)
            slots_.add_fortnight_ms(row, sign, &(*heard)[static_cast<std::size_t>(first - first_)]);
        },
        by_days);
  }

 private:
  struct Stretch {
    std::int64_t first = 0, last = 0;   // quarters
    std::optional<std::size_t> of_day;  // the period from which these quarters are subtracted
  };

  // Adds by days, or by quarters.
  void add_between(std::int64_t mount, int sign, std::int64_t first, std::int64_t last,
                   std::vector<AudiencePeriod>& sums) {
    const bool has_days = slots_.has_days(mount);
    if (has_days)
      slots_.each_day(mount, first / kQuartersOfDay, (last - 1) / kQuartersOfDay + 1,
                      [&](std::int64_t day, const AudienceSum& sum) {
                        const auto of_day = days_[static_cast<std::size_t>(day - first_day_)];
                        if (of_day) sums[*of_day].sum.add(sum, sign);
                      });
    slots_.each(mount, between(has_days ? stretches_ : whole_, first, last),
                [&](const Stretch& stretch, std::int64_t quarter, const AudienceSum& sum) {
                  sums[period_at(quarter)].sum.add(sum, sign);
                  if (stretch.of_day) sums[*stretch.of_day].sum.add(sum, -sign);
                });
  }
  static std::vector<Stretch> between(const std::vector<Stretch>& stretches, std::int64_t first,
                                      std::int64_t last) {
    std::vector<Stretch> parts;
    auto at = std::partition_point(stretches.begin(), stretches.end(),
                                   [first](const Stretch& one) { return one.last <= first; });
    for (; at != stretches.end() && at->first < last; ++at)
      parts.push_back({std::max(at->first, first), std::min(at->last, last), at->of_day});
    return parts;
  }
  void read(const Stretch& next) {
    if (!stretches_.empty() && stretches_.back().last == next.first &&
        stretches_.back().of_day == next.of_day)
      stretches_.back().last = next.last;
    else if (next.first < next.last)
      stretches_.push_back(next);
  }
  void divide() {
    first_day_ = first_ / kQuartersOfDay;
    for (std::int64_t at = first_, end = 0; at < last_; at = end) {
      end = (at / kQuartersOfDay + 1) * kQuartersOfDay;
      const bool is_whole = at % kQuartersOfDay == 0 && end <= last_;
      end = std::min(end, last_);
      std::int64_t middle = at, behind = end;
      while (middle < end && period_at(middle) == period_at(at)) ++middle;
      while (behind > middle && period_at(behind - 1) == period_at(end - 1)) --behind;
      auto& day = days_.emplace_back();
      if (!is_whole || middle != behind) {
        read({at, end, std::nullopt});
        continue;
      }
      const bool is_first = middle - at >= end - middle;
      day = period_at(is_first ? at : end - 1);
      read(is_first ? Stretch{middle, end, day} : Stretch{at, middle, day});
    }
  }

  SlotReader slots_;
  const std::int64_t first_, last_;
  std::vector<AudiencePeriod> periods_;
  std::vector<std::size_t> of_quarter_;
  std::int64_t first_day_ = 0;
  std::vector<std::optional<std::size_t>> days_;  // the period of each day that is read whole
  std::vector<Stretch> stretches_, whole_;
  bool by_days_ = false;  // the sums of days are fewer numbers than the quarters of fortnights
};

std::size_t quarters_in(AudienceRange range) {
  const std::int64_t first = range.from / kQuarterMs;
  return static_cast<std::size_t>(std::max(range.to / kQuarterMs, first) - first);
}

}  // namespace

void AudienceReport::add_open(
    const Mounts& of, AudienceRange range,
    const std::function<AudienceSum&(std::int64_t mount, std::int64_t quarter)>& sum) {
  for (const OpenRow& row : open_now(of)) {
    row.each_part(range, kQuarterMs,
                  [&](std::int64_t quarter, std::int64_t ms, std::int64_t bytes) {
                    sum(row.mount, quarter) += AudienceSum{ms, bytes};
                  });
    if (row.began_in(range)) {
      AudienceSum& of_begin = sum(row.mount, row.session_began / kQuarterMs);
      if (!row.counted) ++of_begin.sessions;
      of_begin.shorts += row.shorts();
    }
    if (!row.next_in(range)) continue;
    AudienceSum& of_next = sum(row.mount, row.next_began / kQuarterMs);
    --of_next.sessions;
    of_next.shorts -= row.next_heard < kLongSessionMs;
  }
}

Result<std::vector<AudiencePeriod>> AudienceReport::hours(const Mounts& of, AudienceRange range,
                                                          const PeriodOf& period_of) {
  begin();
  PeriodReader reader(database_, range, period_of);
  auto sums = reader.periods();
  for (const auto& [mount, sign] : summed(of)) reader.add(mount, sign, sums);
  add_open(of, reader.range(), [&](std::int64_t, std::int64_t quarter) -> AudienceSum& {
    return sums[reader.period_at(quarter)].sum;
  });
  return given(std::move(sums));
}

Result<void> AudienceReport::periods(const Mounts& of, AudienceRange range,
                                     const PeriodOf& period_of, const TakePeriod& take) {
  begin();
  PeriodReader reader(database_, range, period_of);
  std::map<std::int64_t, std::map<std::size_t, AudienceSum>> open;
  add_open(of, reader.range(), [&](std::int64_t mount, std::int64_t quarter) -> AudienceSum& {
    return open[mount][reader.period_at(quarter)];
  });
  for (const auto& [mount, name] : of) {
    auto sums = reader.periods();
    for (const auto& [period, sum] : open[mount]) sums[period].sum += sum;
    reader.add(mount, 1, sums);
    for (const auto& [period, quarters, sum] : sums)
      if (!sum.is_none() && !take(mount, period, sum)) return given();
  }
  return given();
}

Result<std::vector<std::int64_t>> AudienceReport::quarters(const Mounts& of, AudienceRange range) {
  begin();
  const std::int64_t first = range.from / kQuarterMs;
  std::vector<std::int64_t> heard(quarters_in(range));
  SlotReader slots(database_);
  for (const auto& [mount, sign] : summed(of)) slots.add_ms(mount, sign, first, heard);
  for (const OpenRow& row : open_now(of)) add_quarters(row, range, heard);
  return given(std::move(heard));
}

Result<void> AudienceReport::mount_quarters(const Mounts& of, AudienceRange range,
                                            const TakeQuarters& take) {
  begin();
  const std::vector<OpenRow> open = open_now(of);
  SlotReader slots(database_);
  std::vector<std::int64_t> heard;
  for (const auto& [mount, name] : of) {
    heard.assign(quarters_in(range), 0);
    slots.add_ms(mount, 1, range.from / kQuarterMs, heard);
    for (const OpenRow& row : open)
      if (row.mount == mount) add_quarters(row, range, heard);
    take(mount, heard);
  }
  return given();
}

void AudienceReport::add_quarters(const OpenRow& row, AudienceRange range,
                                  std::vector<std::int64_t>& heard) {
  const std::int64_t first = range.from / kQuarterMs;
  const auto count = static_cast<std::int64_t>(heard.size());
  row.each_part({first * kQuarterMs, (first + count) * kQuarterMs}, kQuarterMs,
                [&](std::int64_t quarter, std::int64_t ms, std::int64_t) {
                  heard[static_cast<std::size_t>(quarter - first)] += ms;
                });
}

std::int64_t AudienceReport::not_summed_yet(const std::vector<OpenRow>& rows, AudienceRange range) {
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>> people;
  const std::int64_t first = range.from / kDayMs, last = (range.to - 1) / kDayMs;
  Statement known = database_.prepare("SELECT 1 FROM seen WHERE day=? AND mount=? AND who=?");
  for (const OpenRow& row : rows) {
    const auto add = [&](std::int64_t day) {
      if (day >= first && day <= last && known.first_number(day, row.mount, row.who) == 0)
        people.emplace(day, row.mount, row.who);
    };
    // As they will be counted by the row of its end, whose times are by the clock of its start.
    const std::int64_t of_session = row.session_began / kDayMs;
    if (!row.counted) add(of_session);
    const std::int64_t until = (row.until - row.shift - 1) / kDayMs;
    for (std::int64_t day = std::max((row.began - row.shift) / kDayMs, first);
         day <= std::min(until, last); ++day)
      if (day != of_session) add(day);
  }
  return static_cast<std::int64_t>(people.size());
}

Result<AudienceSummary> AudienceReport::summary(const Mounts& of, AudienceRange range) {
  begin();
  PeriodReader reader(database_, range, [](std::int64_t) { return std::int64_t{0}; });
  auto sums = reader.periods();
  std::vector<std::int64_t> heard(quarters_in(range));
  for (const auto& [mount, sign] : summed(of)) reader.add(mount, sign, sums, &heard);
  AudienceSummary summary;
  add_open(of, reader.range(),
           [&](std::int64_t, std::int64_t) -> AudienceSum& { return sums[0].sum; });
  if (!sums.empty()) summary.sum = sums.front().sum;
  const std::vector<OpenRow> open = open_now(of);
  for (const OpenRow& row : open) add_quarters(row, range, heard);
  summary.now = std::count_if(open.begin(), open.end(),
                              [this](const OpenRow& row) { return row.until == now_; });
  summary.people = not_summed_yet(open, range);
  for (std::int64_t quarter = range.from / kQuarterMs; const std::int64_t ms : heard) {
    if (ms > summary.busiest_ms) {
      summary.busiest_ms = ms;
      summary.busiest_at = quarter * kQuarterMs;
    }
    ++quarter;
  }
  Statement people =
      database_.prepare("SELECT SUM(n) FROM people WHERE mount=? AND day>=? AND day<?");
  for (const auto& [mount, name] : of)
    summary.people +=
        people.first_number(mount, range.from / kDayMs, (range.to + kDayMs - 1) / kDayMs);
  return given(summary);
}

}  // namespace lb
