#include "audience/report_month.h"

#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

std::string month_text(std::chrono::year_month month) {
  return day_text(std::chrono::sys_days(month / 1)).substr(0, 7);
}

ReportMonth named_month(std::chrono::year_month month) {
  const std::string name = month_text(month);
  return {name, name + "-01", month_text(month + std::chrono::months(1)) + "-01"};
}

}  // namespace

std::string day_text(std::chrono::sys_days day) {
  return utc_text(std::chrono::milliseconds(day.time_since_epoch()).count(), UtcForm::kDay);
}

ReportMonth report_month(std::int64_t unix_seconds, const TimeZone& zone, int months_ago,
                         int days_ago) {
  const std::chrono::sys_seconds shown(
      std::chrono::seconds(unix_seconds + zone.offset_at(unix_seconds)));
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(shown) -
                                        std::chrono::days(days_ago));
  return named_month(day.year() / day.month() - std::chrono::months(months_ago));
}

ReportMonth report_day(std::int64_t unix_seconds, const TimeZone& zone, int days_ago) {
  const auto next = std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(
                        std::chrono::seconds(unix_seconds + zone.offset_at(unix_seconds)))) -
                    std::chrono::days(days_ago);
  const std::string day = day_text(next - std::chrono::days(1));
  return {day, day, day_text(next)};
}

Result<ReportMonth> parse_report_month(std::string_view text) {
  const auto year = text.size() == 7 && text[4] == '-' ? parse_u64(text.substr(0, 4))
                                                       : std::optional<std::uint64_t>();
  const auto month = year ? parse_u64(text.substr(5)) : std::nullopt;
  if (!month || *year < 1970 || *month < 1 || *month > 12)
    return Error::invalid(cat({text.substr(0, 80), " is not a month such as 2026-10"}));
  return named_month(std::chrono::year(static_cast<int>(*year)) /
                     std::chrono::month(static_cast<unsigned>(*month)));
}

}  // namespace lb
