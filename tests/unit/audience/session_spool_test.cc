// The spool of addresses: each listening once, with its end, for as long as it is kept.
#include "audience/session_spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/file.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kSpooledDay = 86'400'000,
                       kSpooledFirst = 20'783 * kSpooledDay;  // 2026-11-26
constexpr std::size_t kSpooledMany = 1000;

}  // namespace

TEST_GROUP(SessionSpool) {
  std::string folder, directory;
  void setup() override {
    char name[] = "/tmp/sessions-XXXXXX";
    folder = ::mkdtemp(name);
    directory = session_directory(folder);
  }
  void teardown() override {
    delete_sessions_before(directory, 100'000, 100'000);
    ::rmdir(directory.c_str());
    CHECK(::rmdir(folder.c_str()) == 0);  // nothing else was left
  }
  SessionSpool open(const std::string& epoch = "e1") { return SessionSpool(directory, epoch); }
  std::vector<SpooledListening> read(std::int64_t from, std::int64_t to,
                                     const std::string& mount = "") {
    auto rows = read_sessions(
        directory, from, to,
        [&mount](const std::string& name, std::int64_t) { return mount.empty() || name == mount; },
        kSpooledMany);
    if (!rows) FAIL(rows.error().what.c_str());
    return *rows;
  }
  static SpooledListening listening(std::int64_t began, const std::string& address,
                                    const std::string& mount = "/a") {
    return {began, 0, 0, address, mount, "VLC\t\xff\n", "http://example.org/ \""};
  }
  std::string file(const char* day) { return directory + "/" + day + ".sessions"; }
};

TEST(SessionSpool, AListeningIsThereOnceItHasEnded) {
  auto spool = open();
  spool.begun(1, listening(kSpooledFirst + 1000, "192.0.2.7"));
  spool.begun(2, listening(kSpooledFirst + 2000, "2001:db8::7", "/b c"));
  CHECK(spool.flush(kSpooledFirst + 2000).has_value());
  LONGS_EQUAL(0, read(kSpooledFirst, kSpooledFirst + kSpooledDay).size());
  spool.ended({1, kSpooledFirst + 1000}, kSpooledFirst + 61'000, 12'345);
  spool.ended({2, kSpooledFirst + 2000}, kSpooledFirst + 32'000, 7);
  spool.ended({3, kSpooledFirst + 2000}, kSpooledFirst + 32'000, 7);  // of one that is none of its
  CHECK(spool.flush(kSpooledFirst + 61'000).has_value());
  const auto rows = read(kSpooledFirst, kSpooledFirst + kSpooledDay);
  LONGS_EQUAL(2, rows.size());
  STRCMP_EQUAL("2001:db8::7", rows[0].address.c_str());
  STRCMP_EQUAL("/b c", rows[0].mount.c_str());
  LONGS_EQUAL(60'000, rows[1].ended_ms - rows[1].began_ms);
  LONGS_EQUAL(12'345, rows[1].bytes);
  STRCMP_EQUAL("VLC \xef\xbf\xbd ", rows[1].agent.c_str());
  LONGS_EQUAL(1, read(kSpooledFirst, kSpooledFirst + kSpooledDay, "/a").size());
  LONGS_EQUAL(0, read(kSpooledFirst + 61'001, kSpooledFirst + kSpooledDay).size());
  struct stat facts {};
  LONGS_EQUAL(0, ::stat(file("2026-11-26").c_str(), &facts));
  LONGS_EQUAL(0600, facts.st_mode & 0777);
  LONGS_EQUAL(0, ::stat(directory.c_str(), &facts));
  LONGS_EQUAL(0700, facts.st_mode & 0777);
}

TEST(SessionSpool, OneOfDaysAgoEndsInAnotherFileAndCountsOnce) {
  {
    auto before = open();
    before.begun(1, listening(kSpooledFirst + 1000, "192.0.2.7"));
    before.begun(2, listening(kSpooledFirst + 1500, "192.0.2.8"));
    CHECK(before.flush(kSpooledFirst + 1000).has_value());
  }
  // Half a row, as a power failure leaves one.
  auto text = read_file(file("2026-11-26"));
  CHECK(replace_file(file("2026-11-26"), text->text + "E\t1\t9").has_value());
  auto after = open();
  const std::int64_t end = kSpooledFirst + 2 * kSpooledDay + 500;
  for (int twice = 0; twice < 2; ++twice) after.ended({1, kSpooledFirst + 1000}, end, 9);
  CHECK(after.flush(end).has_value());
  const auto rows = read(kSpooledFirst + 2 * kSpooledDay, kSpooledFirst + 3 * kSpooledDay);
  LONGS_EQUAL(1, rows.size());
  LONGS_EQUAL(kSpooledFirst + 1000, rows[0].began_ms);
  LONGS_EQUAL(0, read(kSpooledFirst, kSpooledFirst + kSpooledDay).size());
  // The same number of another journal is another listening.
  auto other = open("e2");
  other.ended({2, kSpooledFirst + 1500}, end, 9);
  CHECK(other.flush(end).has_value());
  LONGS_EQUAL(1, read(kSpooledFirst, kSpooledFirst + 3 * kSpooledDay).size());
}

TEST(SessionSpool, FilesGoByTheirDays) {
  auto spool = open();
  for (int day = 0; day < 4; ++day) {
    const std::int64_t at = kSpooledFirst + day * kSpooledDay;
    spool.begun(static_cast<std::uint64_t>(day + 1), listening(at, "192.0.2.7"));
    spool.ended({static_cast<std::uint64_t>(day + 1), at}, at + 1000, 9);
    CHECK(spool.flush(at + 1000).has_value());
  }
  LONGS_EQUAL(4, read(kSpooledFirst, kSpooledFirst + 9 * kSpooledDay).size());
  LONGS_EQUAL(2, delete_sessions_before(directory, kSpooledFirst / kSpooledDay + 2,
                                        kSpooledFirst / kSpooledDay + 9));
  LONGS_EQUAL(2, read(kSpooledFirst, kSpooledFirst + 9 * kSpooledDay).size());
  LONGS_EQUAL(0, delete_sessions_before(directory, kSpooledFirst / kSpooledDay + 2,
                                        kSpooledFirst / kSpooledDay + 9));
}

TEST(SessionSpool, AClockThatWasAheadLeavesNoFileForGood) {
  const std::int64_t today = kSpooledFirst / kSpooledDay;
  auto spool = open();
  spool.begun(1, listening(kSpooledFirst, "192.0.2.7"));
  CHECK(spool.flush(kSpooledFirst + 365 * kSpooledDay).has_value());
  const std::string ahead = file("2027-11-26"), now = file("2026-11-26");
  struct stat facts {};
  LONGS_EQUAL(0, ::stat(ahead.c_str(), &facts));
  // Set right, it writes to the file of the day.
  spool.begun(2, listening(kSpooledFirst, "192.0.2.8"));
  CHECK(spool.flush(kSpooledFirst).has_value());
  LONGS_EQUAL(0, ::stat(now.c_str(), &facts));
  // Its last change counts.
  const auto change = [&ahead](std::int64_t day) {
    const timespec at{day * 86'400, 0}, both[] = {at, at};
    LONGS_EQUAL(0, ::utimensat(AT_FDCWD, ahead.c_str(), both, 0));
  };
  change(today);
  LONGS_EQUAL(0, delete_sessions_before(directory, today, today));
  change(today - 1);
  LONGS_EQUAL(1, delete_sessions_before(directory, today, today));
  // One whose change lies ahead too is changed now.
  CHECK(open().flush(kSpooledFirst + 365 * kSpooledDay).has_value());
  change(today + 365);
  LONGS_EQUAL(0, delete_sessions_before(directory, today, today));
  LONGS_EQUAL(0, ::stat(ahead.c_str(), &facts));
  CHECK(facts.st_mtime < (today + 365) * 86'400);
}

TEST(SessionSpool, AnAddressThatIsForgottenIsInNoFile) {
  auto spool = open();
  for (std::uint64_t n = 1; n <= 3; ++n) {
    const std::int64_t at = kSpooledFirst + static_cast<std::int64_t>(n) * kSpooledDay / 2;
    spool.begun(n, listening(at, n == 2 ? "192.0.2.70" : "192.0.2.7"));
    spool.ended({n, at}, at + 1000, 9);
    CHECK(spool.flush(at + 1000).has_value());
  }
  LONGS_EQUAL(2, *forget_address(directory, "192.0.2.7", true));
  LONGS_EQUAL(3, read(kSpooledFirst, kSpooledFirst + 9 * kSpooledDay).size());
  LONGS_EQUAL(2, *forget_address(directory, "192.0.2.7", false));
  LONGS_EQUAL(0, *forget_address(directory, "192.0.2.7", false));
  const auto rows = read(kSpooledFirst, kSpooledFirst + 9 * kSpooledDay);
  LONGS_EQUAL(1, rows.size());
  STRCMP_EQUAL("192.0.2.70", rows[0].address.c_str());
  for (const char* const day : {"2026-11-26", "2026-11-27"})
    CHECK(read_file(file(day))->text.find("192.0.2.7\t") == std::string::npos);
}

TEST(SessionSpool, MoreThanAreWantedAreRefused) {
  auto spool = open();
  for (std::uint64_t n = 1; n <= kSpooledMany + 1; ++n) {
    spool.begun(n, listening(kSpooledFirst, "192.0.2.7"));
    spool.ended({n, kSpooledFirst}, kSpooledFirst + 1000, 9);
  }
  CHECK(spool.flush(kSpooledFirst).has_value());
  const auto rows = read_sessions(
      directory, kSpooledFirst, kSpooledFirst + kSpooledDay,
      [](const std::string&, std::int64_t) { return true; }, kSpooledMany);
  CHECK(!rows);
  CHECK(rows.error().code == Error::Code::kLimit);
  LONGS_EQUAL(0, spool.lost());
}

TEST(SessionSpool, WithoutADirectoryRowsWaitAndWhatIsBeyondIsCounted) {
  CHECK(::rmdir(folder.c_str()) == 0);
  auto spool = open();
  while (spool.lost() == 0) spool.begun(1, listening(kSpooledFirst, "192.0.2.7"));
  CHECK(!spool.flush(kSpooledFirst));
  CHECK(::mkdir(folder.c_str(), 0700) == 0);
  CHECK(spool.flush(kSpooledFirst).has_value());
}
