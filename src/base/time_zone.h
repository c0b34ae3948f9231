// TimeZone: the local time of a place, from the system's zone database.
//
// A local time that a change of clocks skips means the moment of the change; a repeated one has a
// first and a last moment.
// Thread: immutable; find_time_zone() reads a small file: not on a worker.
// Errors: kInvalid: not a zone file, or not a rule; kNotFound: no file of this name.
// Source: RFC 8536 (TZif, versions 1 to 4), POSIX.1-2017 8.3 (TZ).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

class TimeZone {
 public:
  TimeZone() = default;  // UTC

  static Result<TimeZone> parse(std::string_view file);
  // "CET-1CEST,M3.5.0,M10.5.0/3"
  static Result<TimeZone> of_rule(std::string_view rule);

  // Seconds by which local clocks are ahead of UTC at this moment, in Unix seconds.
  std::int64_t offset_at(std::int64_t moment) const;
  // The moment at which local clocks show this: seconds since 1970 as if it were UTC.
  std::int64_t first_at(std::int64_t shown) const;
  std::int64_t last_at(std::int64_t shown) const;

 private:
  // A day of each year, and its second, at which clocks change.
  struct Change {
    enum class Kind : std::uint8_t { kMonth, kJulian, kDay } kind = Kind::kMonth;
    int month = 1, week = 1, day = 0;
    std::int64_t second = 7200;

    std::int64_t in_year(int year) const;  // as shown, seconds since 1970
  };
  struct Rule {
    std::int64_t standard = 0, summer = 0;
    std::optional<Change> begins, ends;  // of summer time

    std::int64_t offset_at(std::int64_t moment) const;
  };
  struct Step {
    std::int64_t from;
    std::int64_t offset;
  };
  class RuleReader;
  std::int64_t moment_of(std::int64_t shown, bool last) const;

  std::vector<Step> steps_;
  std::int64_t before_ = 0;   // before the first step
  std::optional<Rule> rule_;  // after the last step
};

// "Europe/Berlin"; "": this machine's (TZ, /etc/localtime).
Result<std::shared_ptr<const TimeZone>> find_time_zone(const std::string& name);

}  // namespace lb
