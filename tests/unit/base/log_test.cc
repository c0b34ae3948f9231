#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/rate_limit.h"
#include "base/resource_limit.h"
#include "base/temporary_directory.h"
#include "base/unique_fd.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using lb::test::ResourceLimit;
using namespace std::literals;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    lines.push_back(text.substr(at, end - at));
  }
  if (at < text.size()) lines.push_back(text.substr(at));
  return lines;
}

}  // namespace

TEST_GROUP(Log) {
  FakeClock clock;  // 1700000000 = 2023-11-14 22:13:20 UTC
  TemporaryDirectory place;
  std::string dir = place.path();
  LogSettings settings;

  void setup() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    settings.error_path = dir + "/error.log";
    settings.access_path = dir + "/access.log";
    settings.playlist_path = dir + "/playlist.log";
  }
  void teardown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir))
      names.insert(entry.path().filename());
    return names;
  }
};

TEST(Log, WritesTheLinesOfIcecast) {
  Log log(clock);
  settings.level = LogLevel::kDebug;
  CHECK(log.open(settings).has_value());
  log.info("main/main", "Icecast 2.4.4 server started");
  log.error("a/b", "e");
  log.warn("a/b", "w");
  log.debug("a/b", "d");
  log.access("1.2.3.4 - - the line as given \x1b");
  log.playlist("20/Nov/2026:06:52:24 +0000|/m|1|Artist\nTitle");
  CHECK(read_file(settings.error_path) ==
        "[2023-11-14  22:13:20] INFO main/main Icecast 2.4.4 server started\n"
        "[2023-11-14  22:13:20] EROR a/b e\n"
        "[2023-11-14  22:13:20] WARN a/b w\n"
        "[2023-11-14  22:13:20] DBUG a/b d\n");
  CHECK(read_file(settings.access_path) == "1.2.3.4 - - the line as given \x1b\n");
  CHECK(read_file(settings.playlist_path) == "20/Nov/2026:06:52:24 +0000|/m|1|Artist\\x0aTitle\n");
}
TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  Log log(clock);
  settings.level = LogLevel::kWarn;
  CHECK(log.open(settings).has_value());
  CHECK(log.enabled(LogLevel::kError));
  CHECK(log.enabled(LogLevel::kWarn));
  CHECK(!log.enabled(LogLevel::kInfo));
  log.info("a/b", "no");
  log.warn("a/b", "yes");
  CHECK(read_file(settings.error_path) == "[2023-11-14  22:13:20] WARN a/b yes\n");
}
TEST(Log, NoBytesFromOutsideCanForgeALineOrMoveACursor) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  log.info("a\n/b", "x\n[2026-01-01  00:00:00] EROR y\r\x1b[2J\x7f\0 \xc3\xa9 \xc2\x9b \x9b\xff"s);
  CHECK(read_file(settings.error_path) ==
        "[2023-11-14  22:13:20] INFO a\\x0a/b x\\x0a[2026-01-01  00:00:00] EROR "
        "y\\x0d\\x1b[2J\\x7f\\x00 "
        "\xc3\xa9 \\xc2\\x9b \\x9b\\xff\n");
}
TEST(Log, CutsALineThatIsTooLongForAPipe) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  log.info("a/b", std::string(100000, '\x01'));
  log.info("a/b", std::string(100000, 'x'));
  log.access(std::string(100000, 'y'));
  log.playlist(std::string(100000, 'z'));
  for (const std::string& path :
       {settings.error_path, settings.access_path, settings.playlist_path}) {
    for (const std::string& line : lines_of(read_file(path))) LONGS_EQUAL(4095, line.size());
  }
  LONGS_EQUAL(2, lines_of(read_file(settings.error_path)).size());
}
TEST(Log, AnEmptyNameIsNoLogExceptForErrors) {
  Log log(clock);
  settings.access_path.clear();
  settings.playlist_path.clear();
  CHECK(log.open(settings).has_value());
  log.access("x");
  log.playlist("x");
  CHECK(files() == std::set<std::string>{"error.log"});
}
TEST(Log, AppendsToWhatIsThere) {
  std::ofstream(settings.access_path) << "old\n";
  Log log(clock);
  CHECK(log.open(settings).has_value());
  log.access("new");
  CHECK(read_file(settings.access_path) == "old\nnew\n");
}
TEST(Log, OpensTheNameAnewAfterARename) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  log.access("one");
  std::filesystem::rename(settings.access_path, dir + "/moved");
  log.access("two");
  CHECK(log.open(settings).has_value());
  log.access("three");
  CHECK(read_file(dir + "/moved") == "one\ntwo\n");
  CHECK(read_file(settings.access_path) == "three\n");
}
TEST(Log, OnAnErrorTheOldFilesStayInUse) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  LogSettings bad = settings;
  bad.access_path = dir + "/none/access.log";
  bad.level = LogLevel::kError;
  const auto result = log.open(bad);
  CHECK(!result.has_value());
  CHECK(result.error().code == Error::Code::kIo);
  STRCMP_CONTAINS("/none/access.log", result.error().what.c_str());
  log.access("still");
  log.info("a/b", "still");
  CHECK(read_file(settings.access_path) == "still\n");
  LONGS_EQUAL(1, lines_of(read_file(settings.error_path)).size());
}
TEST(Log, RotatesBeforeTheWriteOnceAboveTheSize) {
  Log log(clock);
  settings.max_bytes = 10;
  CHECK(log.open(settings).has_value());
  log.access("123456789");  // 10 bytes: not above
  log.access("b");
  CHECK(files().count("access.log.old") == 0);
  log.access("c");
  CHECK(read_file(settings.access_path + ".old") == "123456789\nb\n");
  CHECK(read_file(settings.access_path) == "c\n");
  log.access("0123456789");
  log.access("d");
  CHECK(read_file(settings.access_path + ".old") == "c\n0123456789\n");
  CHECK(read_file(settings.access_path) == "d\n");
  CHECK(files().count("error.log.old") == 0);
}
TEST(Log, RotationCountsWhatWasThereBefore) {
  std::ofstream(settings.access_path) << "a long line from the last run\n";
  Log log(clock);
  settings.max_bytes = 10;
  CHECK(log.open(settings).has_value());
  log.access("new");
  CHECK(read_file(settings.access_path) == "new\n");
}
TEST(Log, ArchivesUnderTheTimeAndNeverOverwritesAnArchive) {
  Log log(clock);
  settings.max_bytes = 1;
  settings.archive = true;
  CHECK(log.open(settings).has_value());
  for (const char* line : {"one", "two", "three"}) log.access(line);
  clock.advance(std::chrono::seconds(1));
  log.access("four");
  CHECK(read_file(settings.access_path + ".20231114_221320") == "one\n");
  CHECK(read_file(settings.access_path + ".20231114_221320.1") == "two\n");
  CHECK(read_file(settings.access_path + ".20231114_221321") == "three\n");
  CHECK(read_file(settings.access_path) == "four\n");
}
TEST(Log, RotatesWhatIsOldBeforeTheNextLine) {
  Log log(clock);
  settings.max_age = 1h;
  CHECK(log.open(settings).has_value());
  clock.advance(2h);
  log.access("one");  // nothing was in it, so there was nothing to keep
  CHECK(files().count("access.log.old") == 0);
  clock.advance(30min);
  log.access("two");
  CHECK(read_file(settings.access_path + ".old") == "one\n");
  CHECK(read_file(settings.access_path) == "two\n");
  clock.advance(59min);
  log.access("three");
  CHECK(read_file(settings.access_path) == "two\nthree\n");
  clock.advance(1min);
  log.access("four");
  CHECK(read_file(settings.access_path + ".old") == "two\nthree\n");
  CHECK(read_file(settings.access_path) == "four\n");
}
TEST(Log, AFileIsAsOldAsItsBirthNotAsItsOpening) {
  Log log(clock);
  settings.max_age = 1h;
  clock.set_wall(std::chrono::system_clock::now());
  CHECK(log.open(settings).has_value());
  log.access("one");
  clock.advance(59min);
  CHECK(log.open(settings).has_value());  // HUP, or another start
  clock.advance(2min);
  log.access("two");
  CHECK(read_file(settings.access_path + ".old") == "one\n");
}
TEST(Log, AClockThatIsBeforeTheBirthOfAFileCountsFromItsOpening) {
  std::ofstream(settings.access_path) << "from the future\n";
  Log log(clock);  // 2023
  settings.max_age = 1h;
  CHECK(log.open(settings).has_value());
  log.access("one");
  CHECK(files().count("access.log.old") == 0);
  clock.advance(1h);
  log.access("two");
  CHECK(read_file(settings.access_path + ".old") == "from the future\none\n");
}
TEST(Log, AnOldFileThatCannotBeRenamedIsWrittenOn) {
  Log log(clock);
  settings.max_age = 1h;
  std::filesystem::create_directory(settings.access_path + ".old");
  CHECK(log.open(settings).has_value());
  for (int i = 0; i < 3; ++i) {
    log.access("line");
    clock.advance(1h);
  }
  LONGS_EQUAL(3, lines_of(read_file(settings.access_path)).size());
}
TEST(Log, OneLogMayHaveOtherRulesThanAll) {
  Log log(clock);
  settings.max_bytes = 1;
  settings.archive = true;
  settings.access_rules = {.max_bytes = 1000, .max_age = 1h, .archive = 0};
  settings.playlist_rules = {.max_bytes = 0, .max_age = 0s, .archive = -1};
  CHECK(log.open(settings).has_value());
  for (int i = 0; i < 2; ++i) {
    log.access("a");
    log.playlist("p");
  }
  CHECK(files() == (std::set<std::string>{"access.log", "error.log", "playlist.log",
                                          "playlist.log.20231114_221320"}));
  clock.advance(1h);
  log.access("b");
  CHECK(read_file(settings.access_path + ".old") == "a\na\n");
}
TEST(Log, GivesItsWritersTheConfiguredFormat) {
  Log log(clock);
  CHECK(log.access_format() == LogFormat::kText);
  CHECK(log.playlist_format() == LogFormat::kText);
  CHECK(log.access_ip());
  settings.access_format = settings.playlist_format = LogFormat::kJson;
  settings.access_ip = false;
  CHECK(log.open(settings).has_value());
  CHECK(log.access_format() == LogFormat::kJson);
  CHECK(log.playlist_format() == LogFormat::kJson);
  CHECK(!log.access_ip());
  LogSettings bad = settings;
  bad.access_format = LogFormat::kText;
  bad.access_path = dir + "/none/access.log";
  CHECK(!log.open(bad).has_value());
  CHECK(log.access_format() == LogFormat::kJson);  // as long as the old file is written
}
TEST(Log, AJsonLineIsNotEscapedOnceMore) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  log.playlist("{\"title\":\"\\u009b\xc3\xa9\xc2\x9b\"}", LogFormat::kJson);
  CHECK(read_file(settings.playlist_path) == "{\"title\":\"\\u009b\xc3\xa9\xc2\x9b\"}\n");
}
TEST(Log, RotationAfterAnExternalRenameMakesANewFile) {
  Log log(clock);
  settings.max_bytes = 1;
  CHECK(log.open(settings).has_value());
  log.access("one");
  std::filesystem::rename(settings.access_path, dir + "/moved");
  log.access("two");
  CHECK(read_file(dir + "/moved") == "one\n");
  CHECK(read_file(settings.access_path) == "two\n");
}
TEST(Log, KeepsWritingWhereItCannotRotate) {
  Log log(clock);
  settings.max_bytes = 4;
  std::filesystem::create_directory(settings.access_path + ".old");  // rename onto it fails
  CHECK(log.open(settings).has_value());
  for (int i = 0; i < 10; ++i) log.access("line");
  LONGS_EQUAL(10, lines_of(read_file(settings.access_path)).size());
}
TEST(Log, KeepsTheFileWhereANewOneCannotBeOpened) {
  Log log(clock);
  settings.max_bytes = 4;
  const std::string sub = dir + "/sub";
  std::filesystem::create_directory(sub);
  settings.access_path = sub + "/access.log";
  CHECK(log.open(settings).has_value());
  log.access("first");
  const UniqueFd kept(::open(settings.access_path.c_str(), O_RDONLY | O_CLOEXEC));
  std::filesystem::remove_all(sub);
  log.access("second");
  std::string text(100, '\0');
  text.resize(static_cast<std::size_t>(::read(kept.get(), text.data(), text.size())));
  CHECK(text == "first\nsecond\n");
}
TEST(Log, AFullDiskLosesLinesInSilence) {
  Log log(clock);
  settings.access_path = "/dev/full";
  CHECK(log.open(settings).has_value());
  log.access("lost");
  log.info("a/b", "kept");
  LONGS_EQUAL(1, log.lost_lines());
  CHECK(log.is_losing());  // though the other log has room
  LONGS_EQUAL(1, lines_of(read_file(settings.error_path)).size());
}
TEST(Log, ATornLineDoesNotSwallowTheNext) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  std::optional<ResourceLimit> small(std::in_place, RLIMIT_FSIZE, 20);
  log.access("0123456789");
  log.access("0123456789");  // 9 bytes of it fit
  log.access("lost");        // nothing fits
  small.reset();
  log.access("whole");
  LONGS_EQUAL(2, log.lost_lines());
  CHECK(!log.is_losing());
  CHECK(read_file(settings.access_path) == "0123456789\n012345678\nwhole\n");
}
TEST(Log, LinesThatAFullDiskHasSwallowedAreToldWhenItTakesLinesAgain) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  std::optional<ResourceLimit> small(std::in_place, RLIMIT_FSIZE, 1);
  log.access("lost");
  log.access("lost");
  log.error("a/b", "lost");
  small.reset();
  log.access("whole");
  log.access("whole");
  log.error("a/b", "whole");
  const std::string told = read_file(settings.error_path);
  STRCMP_CONTAINS(("lost lines of " + settings.access_path + ": 2;").c_str(), told.c_str());
  STRCMP_CONTAINS(("lost lines of " + settings.error_path + ": 1;").c_str(), told.c_str());
}
TEST(Log, LinesWaitForTheThreadThatWritesThem) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  std::vector<UniqueFunction<void()>> asked;
  log.write_by([&asked](UniqueFunction<void()> work) { asked.push_back(std::move(work)); });
  log.info("a/b", "first");
  log.access("access");
  log.info("a/b", "second");
  LONGS_EQUAL(1, asked.size());
  CHECK(read_file(settings.error_path).empty());
  asked[0]();
  LONGS_EQUAL(2, lines_of(read_file(settings.error_path)).size());
  CHECK(read_file(settings.access_path) == "access\n");
  log.info("a/b", "third");
  LONGS_EQUAL(2, asked.size());
  // Its thread may never come to it.
  log.write_here();
  log.info("a/b", "fourth");
  LONGS_EQUAL(4, lines_of(read_file(settings.error_path)).size());
  asked[1]();
  LONGS_EQUAL(4, lines_of(read_file(settings.error_path)).size());
}
TEST(Log, SoManyBytesWaitAndWhatIsLostIsCountedAndSaid) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  std::vector<UniqueFunction<void()>> asked;
  log.write_by([&asked](UniqueFunction<void()> work) { asked.push_back(std::move(work)); });
  const std::string long_line(4000, 'x');
  const std::size_t fit = Log::kMaxWaiting / (long_line.size() + 1);
  for (std::size_t i = 0; i < fit + 3; ++i) log.access(long_line);
  LONGS_EQUAL(3, log.lost_lines());
  CHECK(log.is_losing());
  asked[0]();
  CHECK(!log.is_losing());
  LONGS_EQUAL(fit, lines_of(read_file(settings.access_path)).size());
  const auto said = lines_of(read_file(settings.error_path));
  LONGS_EQUAL(1, said.size());
  CHECK(said[0].find("WARN log 3 lines were lost") != std::string::npos);
  log.access("again");
  asked[1]();
  LONGS_EQUAL(fit + 1, lines_of(read_file(settings.access_path)).size());
}
TEST(Log, LinesOfOneWriteAreLostOneByOne) {
  Log log(clock);
  CHECK(log.open(settings).has_value());
  std::optional<ResourceLimit> small(std::in_place, RLIMIT_FSIZE, 26);
  log.access_lines("0123456789\n0123456789\n0123456789\n0123456789\n");  // two and a bit fit
  log.access_lines("lost\n");
  small.reset();
  log.access_lines("one\ntwo\n");
  LONGS_EQUAL(3, log.lost_lines());
  CHECK(read_file(settings.access_path) == "0123456789\n0123456789\n0123\none\ntwo\n");
}
TEST(Log, OfLinesOfOneWriteAPipeGetsWholeOnes) {
  const std::string fifo = dir + "/fifo";
  LONGS_EQUAL(0, ::mkfifo(fifo.c_str(), 0600));
  settings.access_path = fifo;
  const UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  Log log(clock);
  CHECK(log.open(settings).has_value());
  std::string lines;
  for (int i = 0; i < 5000; ++i) lines += std::string(99, 'x') + "\n";
  log.access_lines(lines);
  std::string text(1 << 20, '\0');
  const ssize_t got = ::read(reader.get(), text.data(), text.size());
  CHECK(got > 0);
  LONGS_EQUAL(0, got % 100);
  LONGS_EQUAL(5000, got / 100 + static_cast<ssize_t>(log.lost_lines()));
}
TEST(Log, AReaderThatStandsStillNeverBlocksUs) {
  const std::string fifo = dir + "/fifo";
  LONGS_EQUAL(0, ::mkfifo(fifo.c_str(), 0600));
  settings.access_path = fifo;
  Log log(clock);
  CHECK(!log.open(settings).has_value());  // no reader: an error, not a hang
  const UniqueFd reader(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  CHECK(log.open(settings).has_value());
  for (int i = 0; i < 5000; ++i) log.access(std::string(99, 'x'));
  std::string text(1 << 20, '\0');
  const ssize_t got = ::read(reader.get(), text.data(), text.size());
  CHECK(got > 0);
  LONGS_EQUAL(0, got % 100);  // whole lines only
  log.access("after");        // there is room again
  LONGS_EQUAL(6, ::read(reader.get(), text.data(), text.size()));
}
TEST(Log, WarningsGoToStandardErrorUntilItIsOpen) {
  const int had_old = ::access("/dev/stderr.old", F_OK);
  const UniqueFd saved(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  const UniqueFd file(
      ::open(settings.error_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ::dup2(file.get(), STDERR_FILENO);
  {
    Log log(clock);
    log.info("a/b", "not yet");
    log.warn("a/b", "early");
    log.access("nowhere");
    LogSettings to_stderr;
    to_stderr.error_path = "-";
    to_stderr.access_path = "/dev/stderr";
    to_stderr.max_bytes = 1;  // another program's file is not ours to rename
    to_stderr.max_age = 1s;
    CHECK(log.open(to_stderr).has_value());
    log.info("a/b", "open");
    log.access("line");
  }
  ::dup2(saved.get(), STDERR_FILENO);
  CHECK(::access("/dev/stderr.old", F_OK) == had_old);
  CHECK(read_file(settings.error_path) ==
        "[2023-11-14  22:13:20] WARN a/b early\n[2023-11-14  22:13:20] INFO a/b open\nline\n");
  CHECK(files() == std::set<std::string>{"error.log"});
}
TEST(Log, WhatStandardErrorGotBeforeItWasOpenIsInTheFileToo) {
  const UniqueFd saved(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3));
  const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  ::dup2(nowhere.get(), STDERR_FILENO);
  Log log(clock);
  log.warn("a/b", "early");
  for (int i = 0; i < 2000; ++i) log.error("a/b", std::string(1000, 'x'));
  CHECK(log.open(settings).has_value());
  ::dup2(saved.get(), STDERR_FILENO);
  log.info("a/b", "open");
  const std::string text = read_file(settings.error_path);
  CHECK(text.starts_with("[2023-11-14  22:13:20] WARN a/b early\n"));
  CHECK(text.ends_with("x\n[2023-11-14  22:13:20] INFO a/b open\n"));
  CHECK(text.size() < 70'000);
  CHECK(log.open(settings).has_value());
  CHECK(read_file(settings.error_path) == text);
}
TEST(Log, StandardOutputMayBeNamed) {
  const UniqueFd saved(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  const UniqueFd file(
      ::open(settings.error_path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  ::dup2(file.get(), STDOUT_FILENO);
  {
    Log log(clock);
    LogSettings to_stdout;
    to_stdout.error_path = "/dev/stdout";
    CHECK(log.open(to_stdout).has_value());
    log.info("a/b", "x");
  }
  ::dup2(saved.get(), STDOUT_FILENO);
  CHECK(read_file(settings.error_path) == "[2023-11-14  22:13:20] INFO a/b x\n");
}
TEST(Log, ManyThreadsWriteWholeLinesAcrossRotations) {
  Log log(clock);
  settings.max_bytes = 4000;
  settings.archive = true;
  CHECK(log.open(settings).has_value());
  constexpr int kThreads = 4, kLines = 300;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < kLines; ++i)
        log.access("thread " + std::to_string(t) + " line " + std::to_string(i) + " end");
    });
  }
  for (int i = 0; i < 5; ++i) CHECK(log.open(settings).has_value());
  for (std::thread& thread : threads) thread.join();
  std::multiset<std::string> lines;
  for (const std::string& name : files()) {
    if (name.rfind("access.log", 0) != 0) continue;
    for (const std::string& line : lines_of(read_file(dir + "/" + name))) lines.insert(line);
  }
  LONGS_EQUAL(kThreads * kLines, lines.size());
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < kLines; ++i) {
      LONGS_EQUAL(
          1, lines.count("thread " + std::to_string(t) + " line " + std::to_string(i) + " end"));
    }
  }
}

TEST_GROUP(RepeatGuard){};
TEST(RepeatGuard, LetsOneMessageASecondPassAndCountsTheRest) {
  FakeClock clock;
  RepeatGuard guard;
  unsigned held = 99;
  CHECK(guard.pass(clock.steady(), held));
  LONGS_EQUAL(0, held);
  for (int i = 0; i < 3; ++i) CHECK(!guard.pass(clock.steady(), held));
  clock.advance(std::chrono::milliseconds(999));
  CHECK(!guard.pass(clock.steady(), held));
  clock.advance(std::chrono::milliseconds(1));
  CHECK(guard.pass(clock.steady(), held));
  LONGS_EQUAL(4, held);
  clock.advance(std::chrono::seconds(5));
  CHECK(guard.pass(clock.steady(), held));
  LONGS_EQUAL(0, held);
}
TEST(RepeatGuard, LetsSeveralPassAtOnceAndOneEachSecondAfterThem) {
  FakeClock clock;
  RepeatGuard guard(3);
  unsigned held = 99;
  for (int i = 0; i < 3; ++i) CHECK(guard.pass(clock.steady(), held));
  CHECK(!guard.pass(clock.steady(), held));
  clock.advance(std::chrono::seconds(1));
  CHECK(guard.pass(clock.steady(), held));
  LONGS_EQUAL(1, held);
  CHECK(!guard.pass(clock.steady(), held));
  clock.advance(std::chrono::seconds(9));
  for (int i = 0; i < 3; ++i) CHECK(guard.pass(clock.steady(), held));
  CHECK(!guard.pass(clock.steady(), held));
}
