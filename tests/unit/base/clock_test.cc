#include "base/clock.h"

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(Clock){void setup() override{::setenv("TZ", "UTC", 1);
::tzset();
}
}
;

TEST(Clock, WritesTimesInUtc) {
  constexpr std::int64_t kMs = 1'795'201'200'999;
  CHECK(utc_text(kMs, UtcForm::kDay) == "2026-11-20");
  CHECK(utc_text(kMs, UtcForm::kMinute) == "2026-11-20T19:00Z");
  CHECK(utc_text(kMs, UtcForm::kSecond) == "2026-11-20T19:00:00Z");
  CHECK(utc_text(kMs, UtcForm::kMs) == "2026-11-20T19:00:00.999Z");
  CHECK(utc_text(-1, UtcForm::kMs) == "1969-12-31T23:59:59.999Z");
  CHECK(utc_text(253'402'300'799'000, UtcForm::kSecond) == "9999-12-31T23:59:59Z");
}

TEST(Clock, PutsTheLocalTimeIntoAText) {
  const WallTime when{std::chrono::seconds(1'700'000'000)};
  STRCMP_EQUAL("/d/2023-11-14_22.mp3", local_text(when, "/d/%Y-%m-%d_%H.mp3").c_str());
  STRCMP_EQUAL("/plain.mp3", local_text(when, "/plain.mp3").c_str());
  STRCMP_EQUAL("", local_text(when, "").c_str());
  STRCMP_EQUAL("", local_text(when, std::string(5000, 'x').c_str()).c_str());
}

TEST(Clock, KnowsDays) {
  CHECK(parse_day("2026-11-20")->time_since_epoch().count() == 20'777);
  for (const char* wrong : {"2026-11-2", "2026/11/20", "..........", "2026-02-29", "2026-13-01",
                            "2026-11-20T", "", "+026-11-20"})
    CHECK_TEXT(!parse_day(wrong), wrong);
}

TEST_GROUP(ClockTrust) {
  FakeClock clock;
  void set(std::chrono::seconds by) { clock.set_wall(clock.wall() + by); }
};

TEST(ClockTrust, AClockThatRunsIsTrusted) {
  ClockTrust trust(clock);
  CHECK(trust.trusts());
  clock.advance(24h * 400);
  CHECK(trust.trusts());
  // It drifts, and is set by a bit.
  for (int i = 0; i < 10; ++i) {
    set(30min);
    CHECK(trust.trusts());
  }
}

TEST(ClockTrust, AYearAheadForAMinuteRemovesNothing) {
  ClockTrust trust(clock);
  set(24h * 365);
  CHECK_FALSE(trust.trusts());
  clock.advance(59min);
  CHECK_FALSE(trust.trusts());
  set(-24h * 365);
  CHECK(trust.trusts());
  // The next time counts anew.
  clock.advance(2min);
  set(24h * 365);
  CHECK_FALSE(trust.trusts());
  clock.advance(2min);
  CHECK_FALSE(trust.trusts());
}

TEST(ClockTrust, AClockThatStaysWhereItWasSetIsTrusted) {
  ClockTrust trust(clock);
  set(24h * 30);
  CHECK_FALSE(trust.trusts());
  clock.advance(30min);
  set(2h);
  CHECK_FALSE(trust.trusts());
  clock.advance(59min);
  CHECK_FALSE(trust.trusts());
  clock.advance(1min);
  CHECK(trust.trusts());
  // Then the former time is the strange one.
  set(-24h * 30);
  CHECK_FALSE(trust.trusts());
}

TEST(ClockTrust, AStartIsTrustedIfItIsSoonAfterWhatWasWritten) {
  ClockTrust trust(clock);
  trust.begin(clock.wall() - 23h);
  CHECK(trust.trusts());
  trust.begin(clock.wall() + 24h * 365);
  CHECK(trust.trusts());
  ClockTrust late(clock);
  late.begin(clock.wall() - 25h);
  CHECK_FALSE(late.trusts());
  clock.advance(1h);
  CHECK(late.trusts());
}

TEST(ClockTrust, ADoubtedClockIsDoubtedByTheNextProcessToo) {
  for (const std::chrono::hours by : {24h * 365, 20h}) {
    ClockTrust before(clock);
    CHECK(before.trusts());
    const WallTime right = clock.wall();
    set(by);
    CHECK_FALSE(before.trusts());
    clock.advance(10min);
    ClockTrust trust(clock);
    trust.go_on(before.note());
    CHECK_FALSE(trust.trusts());
    clock.advance(59min);
    CHECK_FALSE(trust.trusts());
    // One that goes on with that too, after the clock was put right.
    ClockTrust after(clock);
    after.go_on(trust.note());
    clock.set_wall(right + 69min);
    CHECK(after.trusts());
    CHECK(after.note() == (ClockTrust::Note{clock.wall()}));
  }
}

TEST(ClockTrust, AClockThatIsBehindAtTheStartIsDoubted) {
  ClockTrust trust(clock);
  trust.go_on({clock.wall() + 25h});
  CHECK_FALSE(trust.trusts());
  // It is put right before the hour is over.
  clock.advance(1min);
  set(26h);
  CHECK(trust.trusts());
  trust.go_on({clock.wall() + 23h});
  CHECK(trust.trusts());
}

TEST_GROUP(KeptClockTrust) {
  FakeClock clock;
  TemporaryDirectory dir;
  std::string path = dir.file("clock");
  bool asked = false;

  std::string text() { return read_file(FileAt(path))->text; }
  // Another process, whose other files were written this long ago.
  bool restarted_trusts(std::chrono::hours written) {
    KeptClockTrust trust(clock);
    trust.begin(path, [&] {
      asked = true;
      return std::optional(clock.wall() - written);
    });
    return trust.trusts();
  }
};

TEST(KeptClockTrust, OtherFilesCountUntilThereIsANote) {
  CHECK_FALSE(restarted_trusts(25h));
  CHECK(asked);
  asked = false;
  CHECK_FALSE(restarted_trusts(0h));
  CHECK_FALSE(asked);
}

TEST(KeptClockTrust, ARestartIsNoReasonToTrustAClock) {
  CHECK(restarted_trusts(0h));
  clock.advance(9min);
  CHECK(restarted_trusts(0h));
  clock.set_wall(clock.wall() + 24h * 365);
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(restarted_trusts(0h));
    clock.advance(59min);
  }
  clock.set_wall(clock.wall() - 24h * 365);
  CHECK(restarted_trusts(0h));
}

TEST(KeptClockTrust, ANoteIsWrittenEachTenMinutes) {
  KeptClockTrust trust(clock);
  trust.begin(path, [] { return std::optional<WallTime>(); });
  CHECK(trust.trusts());
  const std::string first = text();
  clock.advance(9min);
  CHECK(trust.trusts());
  CHECK(text() == first);
  clock.advance(1min);
  CHECK(trust.trusts());
  const auto note = parse_clock_note(text());
  CHECK(note && note->trusted == clock.wall() && !note->doubted);
}

TEST(KeptClockTrust, ReadsOnlyWhatItWrites) {
  const ClockTrust::Note note{wall_time(1'795'132'800), wall_time(1'895'132'800)};
  CHECK(parse_clock_note(print_clock_note(note)) == note);
  for (const char* text : {"", "1", "1 2 3", "a 2", "-1 2", "1 99999999999999999999"})
    CHECK(!parse_clock_note(text));
}
