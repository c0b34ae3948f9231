#include "stream/mount/login_hours.h"

#include <chrono>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kHour = 3600, kDay = 86'400;

// As if clocks were in UTC.
std::int64_t at(unsigned month, unsigned day, int hour, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(2027), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay + hour * kHour + minute * 60;
}

RecordLogin weekly(std::vector<WeeklyHours> hours, std::string_view rule = "UTC0") {
  RecordLogin login;
  login.user = "tom";
  login.hours = std::move(hours);
  const auto zone = TimeZone::of_rule(rule);
  CHECK(zone.has_value());
  if (zone) login.clock = std::make_shared<const TimeZone>(*zone);
  return login;
}

void ends(std::int64_t expected, const RecordLogin& login, std::int64_t now) {
  const auto end = on_air_until(login, now);
  CHECK(end.has_value());
  LONGS_EQUAL(expected, end.value_or(-1));
}

}  // namespace

TEST_GROUP(LoginHours){};
TEST(LoginHours, ALoginWithoutHoursIsValidAlways) {
  const RecordLogin login;
  CHECK(is_in_hours(login, at(1, 1, 0)));
  CHECK(!on_air_until(login, at(1, 1, 0)).has_value());
}
TEST(LoginHours, FromAndUntilAreMoments) {
  RecordLogin login;
  login.from = 1000;
  login.until = 2000;
  login.grace = std::chrono::seconds(30);
  CHECK(!is_in_hours(login, 999));
  CHECK(is_in_hours(login, 1000));
  CHECK(is_in_hours(login, 1999));
  CHECK(!is_in_hours(login, 2000));
  ends(999, login, 999);  // it was changed under a source that is on the air
  ends(2030, login, 1000);
  ends(2030, login, 2010);
  ends(2030, login, 5000);
}
// 1 November 2027 is a Monday.
TEST(LoginHours, EachWeekOnTheseDays) {
  const RecordLogin login = weekly({{{"mon", "tue"}, "20:00", "22:00"}});
  CHECK(!is_in_hours(login, at(11, 1, 19, 59)));
  CHECK(is_in_hours(login, at(11, 1, 20)));
  CHECK(is_in_hours(login, at(11, 2, 21, 59)));
  CHECK(!is_in_hours(login, at(11, 2, 22)));
  CHECK(!is_in_hours(login, at(11, 3, 21)));
  CHECK(is_in_hours(login, at(11, 8, 21)));
  ends(at(11, 1, 22), login, at(11, 1, 21));
}
TEST(LoginHours, OverMidnightTheyBelongToTheDayOnWhichTheyBegin) {
  const RecordLogin login = weekly({{{"sun"}, "22:00", "02:00"}});
  CHECK(is_in_hours(login, at(10, 31, 23)));
  CHECK(is_in_hours(login, at(11, 1, 1)));
  CHECK(!is_in_hours(login, at(11, 1, 2)));
  CHECK(!is_in_hours(login, at(10, 31, 1)));
  ends(at(11, 1, 2), login, at(10, 31, 23));
}
TEST(LoginHours, RowsThatTouchAreOneTime) {
  const RecordLogin login = weekly({{{}, "20:00", "24:00"}, {{}, "00:00", "01:30"}});
  CHECK(is_in_hours(login, at(11, 2, 0)));
  ends(at(11, 2, 1, 30), login, at(11, 1, 21));
}
TEST(LoginHours, OnTheAirAllWeekTheEndIsNeverNear) {
  const RecordLogin login = weekly({{{}, "00:00", "24:00"}});
  const auto end = on_air_until(login, at(11, 1, 12));
  CHECK(end.has_value() && *end > at(11, 8, 0));
}
TEST(LoginHours, AWeekIsWithinFromAndUntil) {
  RecordLogin login = weekly({{{}, "20:00", "22:00"}});
  login.until = at(11, 1, 21);
  ends(at(11, 1, 21), login, at(11, 1, 20, 30));
  CHECK(!is_in_hours(login, at(11, 2, 21)));
}
TEST(LoginHours, GraceLetsASourceStayAndNoOtherCome) {
  RecordLogin login = weekly({{{"mon"}, "20:00", "22:00"}});
  login.grace = std::chrono::seconds(600);
  CHECK(!is_in_hours(login, at(11, 1, 22, 5)));
  ends(at(11, 1, 22, 10), login, at(11, 1, 22, 5));
  login.grace = kLongestGrace;
  ends(at(11, 2, 22), login, at(11, 2, 21));
}
TEST(LoginHours, AnUnknownZoneIsNoTimeAtAll) {
  RecordLogin login = weekly({{{}, "00:00", "24:00"}});
  login.clock = nullptr;
  CHECK(!is_in_hours(login, at(11, 1, 12)));
  ends(at(11, 1, 12), login, at(11, 1, 12));
}
// Berlin: on 28 March clocks go from 2:00 to 3:00, at 1:00 UTC; on 31 October from 3:00 to 2:00.
TEST(LoginHours, HoursFollowTheClocksOfTheirZone) {
  constexpr std::string_view kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";
  const RecordLogin evening = weekly({{{}, "20:00", "22:00"}}, kBerlin);
  ends(at(3, 27, 21), evening, at(3, 27, 20));
  ends(at(3, 28, 20), evening, at(3, 28, 19));
  const RecordLogin night = weekly({{{}, "02:30", "03:30"}}, kBerlin);
  CHECK(!is_in_hours(night, at(3, 28, 0, 59)));
  CHECK(is_in_hours(night, at(3, 28, 1)));
  ends(at(3, 28, 1, 30), night, at(3, 28, 1));
  CHECK(is_in_hours(night, at(10, 31, 0, 30)));
  ends(at(10, 31, 2, 30), night, at(10, 31, 0, 30));
  const RecordLogin before = weekly({{{"sat"}, "23:00", "02:30"}}, kBerlin);
  ends(at(3, 28, 1), before, at(3, 27, 23));
  ends(at(10, 31, 1, 30), before, at(10, 30, 23));
}
TEST(LoginHours, TimesOfDayAndDays) {
  LONGS_EQUAL(0, minute_of_day("00:00").value_or(-1));
  LONGS_EQUAL(510, minute_of_day("8:30").value_or(-1));
  LONGS_EQUAL(1440, minute_of_day("24:00").value_or(-1));
  for (const char* bad :
       {"", "8", "8:3", "24:01", "25:00", "12:60", ":30", "012:00", "1a:00", "-1:00"})
    CHECK_TEXT(!minute_of_day(bad).has_value(), bad);
  LONGS_EQUAL(0, weekday_of("mon").value_or(9));
  LONGS_EQUAL(6, weekday_of("sun").value_or(9));
  for (const char* bad : {"", "Mon", "monday", "8"}) CHECK_TEXT(!weekday_of(bad), bad);
}
