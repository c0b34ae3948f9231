#include "archive/record/archive_writer.h"

#include "archive/fixture.h"
#include "base/cat.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

// 2026-11-20 00:00:00 UTC, the begin of a cell of 300 s.
constexpr std::int64_t kDay = 1'795'132'800'000;
constexpr std::int64_t kDayMs = 86'400'000;

// Whatever is between two looks at it takes a second.
class SlowClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return SteadyTime(now_ += 1s); }
  WallTime wall() const noexcept override { return WallTime(std::chrono::milliseconds(kDay)); }
  std::chrono::nanoseconds thread_work() const noexcept override { return 0s; }

 private:
  mutable std::chrono::seconds now_{1000};
};

}  // namespace

TEST_GROUP(ArchiveWriter) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock, LogLevel::kInfo};
  TemporaryDirectory dir;
  Catalog catalog;
  MountArchive settings;
  bool has_section = true, section_known = true;
  std::vector<std::string> events;
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/a.mp3", lb::test::mount_settings(), 1);
  std::unique_ptr<ArchiveWriter> writer;

  void setup() override {
    settings.enabled = true;
    clock.set_wall(WallTime(std::chrono::milliseconds(kDay)));
    mount->set_facts(facts_of("audio/mpeg"));
    writer = make_writer();
    configure();
  }
  std::unique_ptr<ArchiveWriter> make_writer() {
    return std::make_unique<ArchiveWriter>(
        loop, captured.log, catalog,
        ArchiveWriter::Callbacks{[this](const std::string&) { return settings; },
                                 [this](const char* event, const std::string& of, std::int64_t) {
                                   events.push_back(event + (" " + of));
                                 },
                                 {},
                                 [this](const std::string&) { return has_section; },
                                 {},
                                 [this](const std::string&) { return section_known; }});
  }
  void configure() {
    ArchiveSettings all;
    all.dir = dir.path();
    all.clock_file = dir.path() + "/.clock";
    all.min_free_parts = 0;
    writer->configure(all);
    loop.run_once(false);
  }
  void begin() {
    writer->begin(mount);
    loop.run_once(false);
  }
  void record_a_while() {
    clock.set_wall(WallTime(std::chrono::milliseconds(kDay + 10'000)));
    TimedSource source(*mount, kDay);
    begin();
    source.seconds(5).publish();
    finish();
  }
  // After 10 s the clock is set forward, and the source goes on for 10 s.
  void record_with_a_leap(std::int64_t ahead_ms) {
    TimedSource source(*mount, kDay);
    begin();
    source.seconds(10);
    StreamSpan span;
    span.id = {0x1122334455667788, 1};
    span.media = {0, TimedSource::kRate};
    span.wall_ms = kDay + ahead_ms;
    span.anchored = true;
    source.log->resume_source(span);
    source.seconds(10).publish();
    finish();
  }
  // Reads the directory again, and removes what is over.
  void restart() {
    writer.reset();
    catalog.remove("/a.mp3", catalog.files("/a.mp3")->closed());
    catalog.set_owner("/a.mp3", {});
    writer = make_writer();
    configure();
  }
  // Advances without the timer.
  void finish() {
    writer->finish_all();
    loop.run_once(false);
  }
  std::string data_of(std::size_t i) {
    return file_text(dir.path() + "/%2Fa%2Emp3/" +
                     archive_path((*catalog.files("/a.mp3"))[i].name()) + ".data");
  }
};

TEST(ArchiveWriter, RecordsWhatTheSourceSends) {
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(10).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(1u, files->size());
  CHECK_EQUAL(kDay, (*files)[0].from_ms);
  // The last unit's end is not known: there is no mark.
  CHECK_EQUAL(kDay + 9750, (*files)[0].to_ms);
  CHECK(data_of(0) == pattern_text(0, 3900));
}

TEST(ArchiveWriter, CutsAtEach300SecondsOfWallTime) {
  TimedSource source(*mount, kDay + 290'500);
  begin();
  source.seconds(30).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(2u, files->size());
  // The first second-mark at or after the cell's begin is that of media second 10.
  CHECK_EQUAL(kDay + 300'500, (*files)[1].from_ms);
  CHECK_EQUAL(4000u, (*files)[1].origin);
  CHECK((*files)[0].goes_on_in((*files)[1]));
  CHECK(data_of(0) + data_of(1) == pattern_text(0, 11'900));
}

TEST(ArchiveWriter, AFileEndsAtHalfOfWhatItsMountMayHave) {
  MountSettings of_mount;
  of_mount.archive.storage_bytes = 3 << 20;
  mount->set_settings(lb::test::mount_settings(of_mount));
  TimedSource source(*mount, kDay);
  source.unit_bytes = 100'000;
  source.window.queue_bytes = 10'000'000;
  begin();
  source.seconds(13).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  // Each ends at the first second beyond the half.
  CHECK_EQUAL(4u, files->size());
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK_EQUAL(1'600'000u, (*files)[i].bytes);
    CHECK((*files)[i].goes_on_in((*files)[i + 1]));
  }
}

TEST(ArchiveWriter, InnerMarksAreMarksToo) {
  TimedSource source(*mount, kDay + 290'500);
  source.inner = true;
  begin();
  source.seconds(12);
  source.inner = false;
  source.units(2).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(2u, files->size());
  CHECK_EQUAL(kDay + 290'500, (*files)[0].from_ms);
  CHECK_EQUAL(kDay + 300'500, (*files)[1].from_ms);
  CHECK_EQUAL(kDay + 302'750, (*files)[1].to_ms);
  CHECK(data_of(0) + data_of(1) == pattern_text(0, 4'900));
}

TEST(ArchiveWriter, AClockThatIsDueBeginsAtAnInnerMarkToo) {
  TimedSource source(*mount, kDay);
  StreamSpan span;
  span.media = {0, TimedSource::kRate};
  span.wall_ms = kDay;
  source.log->begin_source(0, span);
  source.inner = true;
  begin();
  source.log->keep_wall(source.now, kDay);
  source.units(14);
  source.now += 3500ms;
  source.log->keep_wall(source.now, kDay + 3500);
  source.units(14).publish();
  finish();
  CHECK_EQUAL(1u, catalog.files("/a.mp3")->size());
}

TEST(ArchiveWriter, ASourceThatEndsBeforeItsTimeIsSettledIsRecorded) {
  TimedSource source(*mount, kDay);
  source.begin_unsettled(kDay);
  begin();
  source.units(14).publish(true);
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(1u, files->size());
  CHECK(data_of(0) == pattern_text(0, 1300));
  // What came last was sent now.
  CHECK_EQUAL(kDay, (*files)[0].to_ms);
  CHECK_EQUAL(kDay - 3250, (*files)[0].from_ms);
}

TEST(ArchiveWriter, ASourceThatHasEndedBeforeItIsHeardOfIsRecorded) {
  TimedSource source(*mount, kDay);
  source.begin_unsettled(kDay);
  source.units(3).publish(true);
  begin();
  finish();
  CHECK_EQUAL(1u, catalog.files("/a.mp3")->size());
}

TEST(ArchiveWriter, WhatIsNotSettledIsOnTheDiskAndNotAnnounced) {
  TimedSource source(*mount, kDay);
  source.begin_unsettled(kDay);
  begin();
  source.units(9).publish();
  const auto on_disk = [this] {
    std::size_t bytes = 0;
    for (const auto& one : std::filesystem::recursive_directory_iterator(dir.path()))
      if (one.path().extension() == ".data") bytes += one.file_size();
    return bytes;
  };
  while (on_disk() == 0) loop.run_once(true);
  CHECK_EQUAL(800u, on_disk());
  CHECK_EQUAL(0u, catalog.files("/a.mp3")->size());
  // What a kill would leave.
  TemporaryDirectory killed;
  std::filesystem::copy(dir.path(), killed.path() + "/a", std::filesystem::copy_options::recursive);
  CHECK_EQUAL(800u, scan_mount(killed.path() + "/a", "/a.mp3").rows[0].bytes);
  // Its time is known: it begins 1000 s earlier, and there is one file.
  source.log->keep_wall(source.now, kDay - 1'000'000);
  source.now += 3500ms;
  source.log->keep_wall(source.now, kDay - 1'000'000 + 2000);
  source.units(12).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(1u, files->size());
  CHECK_EQUAL(kDay - 1'000'000, (*files)[0].from_ms);
  CHECK_EQUAL(kDay - 1'000'000 + 5000, (*files)[0].to_ms);
  CHECK(data_of(0) == pattern_text(0, 2000));
  CHECK(scan_mount(dir.path(), "/a.mp3").rows == files->closed());
  CHECK_EQUAL(2000u, on_disk());
}

TEST(ArchiveWriter, AClockThatIsSetBackBeginsAFile) {
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(10);
  StreamSpan span;
  span.id = {0x1122334455667788, 1};
  span.media = {0, TimedSource::kRate};
  span.wall_ms = kDay - 5000;
  span.anchored = true;
  source.log->resume_source(span);
  source.seconds(10).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(2u, files->size());
  std::string all;
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK((*files)[i].to_ms > (*files)[i].from_ms);
    all += data_of(i);
  }
  CHECK_EQUAL(pattern_text(0, 7900), all);
  CHECK_EQUAL(kDay + 14'750, (*files)[1].to_ms);
  CHECK_EQUAL(1u, files->find(kDay + 12'000));
}

// Nothing was recorded in the time that the clock has left out.
TEST(ArchiveWriter, AClockThatIsSetFarForwardBeginsAFile) {
  record_with_a_leap(100'000);
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(2u, files->size());
  CHECK_EQUAL(kDay + 10'000, (*files)[0].to_ms);
  CHECK_EQUAL(kDay + 110'000, (*files)[1].from_ms);
  CHECK_EQUAL(pattern_text(0, 7900), data_of(0) + data_of(1));
}

TEST(ArchiveWriter, AClockThatIsCorrectedForwardBeginsNone) {
  record_with_a_leap(30'000);
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(1u, files->size());
  CHECK_EQUAL(kDay + 49'750, (*files)[0].to_ms);
}

TEST(ArchiveWriter, WhatHasNoMediaTimeIsRecordedFromItsBeginAlsoWhenTheClockIsSetBack) {
  mount->set_facts(facts_of("application/octet-stream"));
  TimedSource source(*mount, kDay);
  StreamSpan span;
  span.id = {0x1122334455667788, 1};
  source.log->begin_source(0, span);
  begin();
  const auto send = [&] {
    const std::string text = pattern_text(source.log->head(), source.log->head() + 100);
    CHECK(source.log->append(std::as_bytes(std::span(text)), source.now).has_value());
    source.publish();
  };
  send();
  while (catalog.files("/a.mp3")->size() == 0) {
    clock.advance(500ms);
    send();
    loop.run_once(true);
  }
  clock.set_wall(WallTime(std::chrono::milliseconds(kDay - 600'000)));
  while (catalog.files("/a.mp3")->size() == 1) {
    clock.advance(500ms);
    send();
    loop.run_once(true);
  }
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK(files->size() == 2);
  for (std::size_t i = 0; i < 2; ++i) CHECK((*files)[i].to_ms >= (*files)[i].from_ms);
}

TEST(ArchiveWriter, SwitchedOffIsOffAtOnceAndOnAgainFromThenOn) {
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(10).publish();
  while (catalog.files("/a.mp3")->size() == 0) loop.run_once(true);
  settings.enabled = false;
  while (writer->running() > 0) loop.run_once(true);
  CHECK(!catalog.files("/a.mp3")->open());
  source.seconds(10).publish();
  settings.enabled = true;
  writer->begin(mount, ArchiveWriter::From::kNow);
  source.seconds(10).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(2u, files->size());
  CHECK(data_of(0) == pattern_text(0, 3900));
  CHECK(data_of(1) == pattern_text(8000, 11'900));
}

TEST(ArchiveWriter, AnotherSourceHasAFileOfItsOwn) {
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(5);
  source.begin(kDay + 20'000, 0xaaaaaaaa00000000);
  source.seconds(5).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(2u, files->size());
  CHECK_EQUAL(0xaaaaaaaau, (*files)[1].id);
  CHECK_EQUAL(kDay + 20'000, (*files)[1].from_ms);
  CHECK(data_of(0) == pattern_text(0, 1900));
  CHECK(data_of(1) == pattern_text(2000, 3900));
}

TEST(ArchiveWriter, AnotherSourceHasAFileOfItsOwnWhenAllOfTheFirstIsWritten) {
  TimedSource source(*mount, kDay + 7000);
  writer->begin(mount);
  source.seconds(5);
  source.log->sync(source.log->head(), source.clock.unit());  // where the next unit would begin
  source.publish();
  while (catalog.files("/a.mp3")->size() == 0) loop.run_once(true);
  source.begin(kDay + 2000, 0xaaaaaaaa00000000);  // its lead lies before the end of the first
  source.seconds(5).publish();
  finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(2u, files->size());
  CHECK_EQUAL(kDay + 2000, (*files)[0].from_ms);  // the earlier one of the two is the second stream
  CHECK(data_of(0).size() + data_of(1).size() == 3900);
}

TEST(ArchiveWriter, WritesTitles) {
  TimedSource source(*mount, kDay);
  source.title("before");
  begin();
  source.seconds(2).title("within").seconds(3).publish();
  finish();
  const FileIndex index = read_index(file_text(
      dir.path() + "/%2Fa%2Emp3/" + archive_path((*catalog.files("/a.mp3"))[0].name()) + ".idx"));
  CHECK_EQUAL(2u, index.facts.size());
  CHECK(index.facts[0].metadata->title == "before");
  CHECK(index.facts[1].metadata->title == "within");
  CHECK_EQUAL(800u, index.facts[1].offset);
}
TEST(ArchiveWriter, WritesTheNewestTitleOfAFlood) {
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(2);
  for (int i = 0; i < 300; ++i) source.title(std::to_string(i));
  source.seconds(3).publish();
  finish();
  const FileIndex index = read_index(file_text(
      dir.path() + "/%2Fa%2Emp3/" + archive_path((*catalog.files("/a.mp3"))[0].name()) + ".idx"));
  CHECK(index.facts.back().metadata->title == "299");
  CHECK_EQUAL(800u, index.facts.back().offset);
}

TEST(ArchiveWriter, WhatAKilledServerLeftIsThereAgain) {
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(5).publish();
  finish();
  const auto before = catalog.files("/a.mp3")->closed();
  writer.reset();
  catalog.remove("/a.mp3", {before[0]});
  writer = make_writer();
  configure();
  CHECK(catalog.files("/a.mp3")->closed() == before);
}

TEST(ArchiveWriter, NothingGoesByASectionThatIsNotFinal) {
  settings.of_record = true;
  settings.since = kDay / 1000;
  record_a_while();
  const PastOwner owner = catalog.owner("/a.mp3");
  clock.set_wall(WallTime(std::chrono::milliseconds(kDay + 600'000)));
  settings.of_record = false;
  settings.retention = 60s;
  settings.max_bytes = 1;
  section_known = false;
  restart();
  CHECK_EQUAL(1u, catalog.files("/a.mp3")->size());
  CHECK(catalog.owner("/a.mp3") == owner && !owner.is_over());
  section_known = true;
  restart();
  CHECK_EQUAL(0u, catalog.files("/a.mp3")->size());
  CHECK(catalog.owner("/a.mp3").is_over());
}

TEST(ArchiveWriter, NothingGoesByAClockThatIsFarAheadAtTheStart) {
  record_a_while();
  settings.retention = 3600s;
  const auto files_at = [this](std::chrono::milliseconds wall) {
    clock.set_wall(WallTime(wall));
    restart();
    return catalog.files("/a.mp3")->size();
  };
  const std::chrono::milliseconds day(kDay);
  CHECK_EQUAL(1u, files_at(day + 24h * 365));
  CHECK_EQUAL(1u, files_at(day + 1min));
  CHECK_EQUAL(0u, files_at(day + 2h));
}

TEST(ArchiveWriter, ARestartIsNoReasonToBelieveADoubtedClock) {
  settings.retention = 24h;
  record_a_while();
  // The clock is set, and a source records by it.
  const std::int64_t year = 365 * kDayMs;
  clock.set_wall(WallTime(std::chrono::milliseconds(kDay + year)));
  TimedSource source(*mount, kDay + year, 0xaaaaaaaa00000000);
  begin();
  source.seconds(5).publish();
  finish();
  CHECK_EQUAL(2u, catalog.files("/a.mp3")->size());
  for (int i = 0; i < 2; ++i) {
    restart();
    CHECK_EQUAL(2u, catalog.files("/a.mp3")->size());
  }
}

TEST(ArchiveWriter, AClockThatIsBehindAtTheStartRemovesNotTheNewest) {
  record_a_while();
  for (int i = 0; i < 3; ++i) {
    clock.advance(23h);
    restart();
  }
  const std::int64_t from_ms = kDay + 3 * kDayMs;
  TimedSource source(*mount, from_ms, 0xaaaaaaaa00000000);
  begin();
  source.seconds(5).publish();
  finish();
  CHECK_EQUAL(2u, catalog.files("/a.mp3")->size());
  clock.set_wall(WallTime(std::chrono::milliseconds(kDay + 60'000)));
  settings.max_bytes = catalog.bytes() - 1;
  restart();
  CHECK_EQUAL(1u, catalog.files("/a.mp3")->size());
  CHECK_EQUAL(from_ms, catalog.files("/a.mp3")->closed()[0].from_ms);
}

TEST(ArchiveWriter, OnASlowDiskAPartOfTheMountsIsCheckedAtOnce) {
  finish();
  writer.reset();
  const SlowClock slow;
  Loop other{1, slow};
  FileRow row;
  row.from_ms = kDay;
  row.to_ms = kDay + 1000;
  row.bytes = 1;
  for (const char* name : {"/a.mp3", "/b.mp3", "/c.mp3"}) catalog.add(name, {row});
  ArchiveWriter checks(other, captured.log, catalog,
                       {[this](const std::string&) { return settings; }, {}});
  ArchiveSettings all;
  all.dir = dir.path();
  all.min_free_parts = 0;
  checks.configure(all);
  other.run_once(false);
  CHECK_EQUAL(2u, catalog.bytes());
  checks.check_soon("/c.mp3");
  while (catalog.bytes() == 2) other.run_once(true);
  // The one that was asked for, and the next one of the round.
  CHECK_EQUAL(0u, catalog.bytes());
}

// All in one turn would take minutes where there are hundreds of thousands.
TEST(ArchiveWriter, RetentionRemovesAPartOfTheFilesATurn) {
  std::vector<FileRow> rows(3 * ArchiveWriter::kRemovedATurn);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].from_ms = kDay - 3 * kDayMs + static_cast<std::int64_t>(i) * 1000;
    rows[i].to_ms = rows[i].from_ms + 1000;
    rows[i].bytes = 1;
    const std::string path =
        cat({dir.path(), "/", archive_directory("/a.mp3"), "/", archive_path(rows[i].name())});
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    for (const char* part : {".data", ".idx"}) std::ofstream(path + part) << "x";
  }
  settings.retention = 24h;
  catalog.add("/a.mp3", rows);
  writer->sections_changed({"/a.mp3"});
  while (catalog.bytes() == rows.size()) loop.run_once(true);
  CHECK_EQUAL(2 * ArchiveWriter::kRemovedATurn, catalog.files("/a.mp3")->size());
  CHECK_EQUAL(rows[ArchiveWriter::kRemovedATurn].from_ms,
              catalog.files("/a.mp3")->closed()[0].from_ms);
  while (catalog.bytes() > 0) loop.run_once(true);
  CHECK(captured.says("archive: 768 files removed"));
}

TEST(ArchiveWriter, NothingIsKnownUntilTheDirectoryHasBeenRead) {
  Catalog other;
  ArchiveWriter waits(loop, captured.log, other,
                      {[this](const std::string&) { return settings; }, {}});
  CHECK(other.is_reading("/a.mp3"));
  finish();
  writer.reset();
  ArchiveSettings all;
  all.dir = dir.path();
  waits.configure(all);
  CHECK(other.is_reading("/a.mp3"));
  loop.run_once(false);
  CHECK(!other.is_reading("/a.mp3"));
}

TEST(ArchiveWriter, ASecondWriterIsRefused) {
  ArchiveWriter second(loop, captured.log, catalog,
                       {[this](const std::string&) { return settings; }, {}});
  ArchiveSettings all;
  all.dir = dir.path();
  second.configure(all);
  loop.run_once(false);
  CHECK(captured.says("another server writes there"));
  CHECK(!catalog.is_reading("/a.mp3"));
}

TEST(ArchiveWriter, ADirectoryThatCannotBeWrittenPausesAndGoesOn) {
  std::ofstream(dir.path() + "/%2Fa%2Emp3") << "in the way";
  TimedSource source(*mount, kDay);
  RecordingHost host{clock, captured.log, catalog, dir.path(),
                     [this](const char* event, const std::string& of, std::int64_t) {
                       events.push_back(event + (" " + of));
                     }};
  Recording one(host, mount, 0);
  source.seconds(5).publish();
  one.advance(1 << 20);
  CHECK(one.paused());
  CHECK(captured.says("recording paused; the live stream goes on"));
  CHECK_EQUAL(Channel::kNoReader, mount->channel().low_water());
  one.advance(1 << 20);
  CHECK_EQUAL(1u, events.size());
  ::unlink((dir.path() + "/%2Fa%2Emp3").c_str());
  clock.advance(7s);
  source.seconds(7).publish();
  one.advance(1 << 20);
  source.seconds(3).publish();
  one.advance(1 << 20);
  CHECK(!one.paused());
  CHECK(events.back() == "archive-resumed /a.mp3");
  CHECK(captured.says("s missing"));
  CHECK_EQUAL(1u, catalog.files("/a.mp3")->size());
}

TEST(ArchiveWriter, ASlowDiskLosesTheOldestAndSaysSo) {
  TimedSource source(*mount, kDay);
  source.window = {1000, 5000};
  begin();
  source.publish();
  source.seconds(4).publish();
  for (int i = 0; i < 40; ++i) source.seconds(1).publish();
  finish();
  CHECK(captured.says("they came faster than they could be written"));
  CHECK(writer->skipped_bytes() > 0);
  CHECK_EQUAL(1u, catalog.files("/a.mp3")->size());
}

TEST(ArchiveWriter, FormatsWithoutMediaTimeAreMarkedByTheClock) {
  auto opaque = std::make_shared<Mount>("/o", lb::test::mount_settings(), 1);
  opaque->set_facts(facts_of("application/x-thing"));
  Writer raw;
  raw.log->begin_source(0, {});
  RecordingHost host{clock, captured.log, catalog, dir.path(),
                     [](const char*, const std::string&, std::int64_t) {}};
  Recording one(host, opaque, 0);
  for (int i = 0; i < 12; ++i) {
    raw.bytes(50).publish(*opaque);
    one.advance(1 << 20);
    clock.advance(1s);
  }
  one.finish();
  const auto files = catalog.files("/o");
  CHECK_EQUAL(1u, files->size());
  CHECK_EQUAL(600u, (*files)[0].bytes);
}

TEST(ArchiveWriter, AFileThatAnotherProgramRemovesWhileItIsWrittenIsFollowedByAnother) {
  TimedSource source(*mount, kDay);
  RecordingHost host{clock, captured.log, catalog, dir.path(), {}};
  Recording one(host, mount, 0);
  source.seconds(10).publish();
  one.advance(1 << 20);
  CHECK_EQUAL(1u, catalog.files("/a.mp3")->size());
  std::filesystem::remove_all(dir.path() + "/%2Fa%2Emp3");
  source.seconds(10).publish();
  one.advance(1 << 20);
  one.finish();
  const auto files = catalog.files("/a.mp3");
  CHECK_EQUAL(1u, files->size());
  CHECK((*files)[0].from_ms >= kDay + 9000);
  CHECK_EQUAL(19'750u, static_cast<unsigned>((*files)[0].to_ms - kDay));
  const auto from = static_cast<std::size_t>((*files)[0].origin);
  CHECK(data_of(0) == pattern_text(from, 7900));
  CHECK(captured.says("was removed by another program: "));
  CHECK(captured.says("another file begins"));
}

TEST(ArchiveWriter, RemovesWhatIsAskedFor) {
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(5).publish();
  finish();
  std::size_t removed = 0;
  writer->remove("/a.mp3", kDay - 1000, kDay + 60'000, [&](std::size_t n) { removed = n; });
  loop.run_once(false);
  CHECK_EQUAL(1u, removed);
  CHECK(!std::filesystem::exists(dir.path() + "/%2Fa%2Emp3/2026-11-20"));
}

// What strangers may hear of it by the default mount begins there.
TEST(ArchiveWriter, NotesUntilWhenRecordingsAreThoseOfARecord) {
  settings.since = kDay / 1000;
  settings.of_record = true;
  TimedSource source(*mount, kDay);
  begin();
  source.seconds(10).publish();
  finish();
  CHECK(catalog.owner("/a.mp3") == (PastOwner{kDay / 1000, 0, 0}));

  settings.since = 0;
  settings.of_record = false;
  clock.set_wall(WallTime(std::chrono::milliseconds(kDay + 20'000)));
  writer->sections_changed({"/a.mp3", "/another.mp3"});
  loop.run_once(false);
  CHECK(catalog.owner("/a.mp3") == (PastOwner{kDay / 1000, kDay + 20'000, 0}));
  CHECK(catalog.owner("/another.mp3") == PastOwner{});
  CHECK(files_from(catalog.files("/a.mp3"), kDay + 20'000)->size() == 0);

  // … and after a restart.
  writer.reset();
  catalog.remove("/a.mp3", catalog.files("/a.mp3")->closed());
  catalog.set_owner("/a.mp3", {});
  clock.set_wall(WallTime(std::chrono::milliseconds(kDay + 30'000)));
  writer = make_writer();
  configure();
  CHECK(catalog.owner("/a.mp3") == (PastOwner{kDay / 1000, kDay + 20'000, 0}));

  // Its record comes back: the deletion was none.
  settings.since = kDay / 1000;
  settings.of_record = true;
  writer->sections_changed({"/a.mp3"});
  loop.run_once(false);
  CHECK(catalog.owner("/a.mp3") == (PastOwner{kDay / 1000, 0, 0}));
  finish();
}

TEST(ArchiveWriter, NamesThatSourcesMakeUpAreRecordedSoManyAnHour) {
  has_section = false;
  const auto begin_new = [this](const std::string& name) {
    auto made = std::make_shared<Mount>(name, lb::test::mount_settings(), 1);
    made->set_facts(facts_of("audio/mpeg"));
    TimedSource source(*made, kDay);
    source.seconds(2).publish(true);
    writer->begin(made);
    loop.run_once(false);
    return made;
  };
  for (unsigned i = 0; i < ArchiveWriter::kNewOfSources; ++i) begin_new(cat({"/", i}));
  CHECK_EQUAL(std::size_t{ArchiveWriter::kNewOfSources}, writer->running());
  const auto refused = begin_new("/refused");
  CHECK_EQUAL(std::size_t{ArchiveWriter::kNewOfSources}, writer->running());
  // Its window is not held for a recording that there is not.
  const Channel& channel = refused->channel();
  CHECK_EQUAL(Channel::kNoReader, channel.low_water_of(channel.recording_slot()));
  CHECK(captured.says("are not recorded yet"));
  has_section = true;
  begin_new("/configured");
  has_section = false;
  begin_new("/refused-too");
  CHECK_EQUAL(std::size_t{ArchiveWriter::kNewOfSources} + 1, writer->running());
  // One that has been recorded before is no new one.
  while (writer->running() > 0) loop.run_once(true);
  begin_new("/7");
  CHECK_EQUAL(1u, writer->running());
  // In time they find a place.
  clock.advance(60s);
  writer->begin(refused);
  loop.run_once(false);
  CHECK_EQUAL(2u, writer->running());
}

TEST(ArchiveWriter, WhatSourcesHaveLeftIsWrittenBeforeTheNextOneIsRecorded) {
  for (std::uint64_t i = 1; i <= 50; ++i) {
    auto made = std::make_shared<Mount>("/a.mp3", lb::test::mount_settings(), 1);
    made->set_facts(facts_of("audio/mpeg"));
    TimedSource source(*made, kDay, i << 32);
    source.seconds(2).publish(true);
    writer->begin(made);
    loop.run_once(false);
    CHECK_EQUAL(1u, writer->running());
  }
  CHECK_EQUAL(49u, catalog.files("/a.mp3")->size());
  begin();  // it has no source yet
  CHECK_EQUAL(50u, catalog.files("/a.mp3")->size());
}

// Each login of a source walked through all recordings.
TEST(ArchiveWriter, ALoginCostsNoMoreWhereThousandsAreRecorded) {
  auto over = std::make_shared<StreamView>();
  over->ended = true;
  std::shared_ptr<Mount> last;
  const auto work_of_logins = [&] {
    const std::chrono::nanoseconds before = system_clock().thread_work();
    for (int i = 0; i < 1000; ++i) {
      if (last) last->channel().publish(over);
      last = std::make_shared<Mount>("/a.mp3", lb::test::mount_settings(), 1);
      last->set_facts(facts_of("audio/mpeg"));
      writer->begin(last);
      writer->begin(last);  // its next source
      loop.run_once(false);
    }
    return system_clock().thread_work() - before;
  };
  const auto alone = work_of_logins();
  CHECK_EQUAL(1u, writer->running());
  std::vector<std::shared_ptr<Mount>> others;
  for (int i = 0; i < 8000; ++i) {
    others.push_back(std::make_shared<Mount>(cat({"/", i}), lb::test::mount_settings(), 1));
    others.back()->set_facts(facts_of("audio/mpeg"));
    writer->begin(others.back());
  }
  loop.run_once(false);
  CHECK_EQUAL(8001u, writer->running());
  const auto among_others = work_of_logins();
  CHECK_EQUAL(8001u, writer->running());
  CHECK(among_others < 5 * alone + 50ms);
}

TEST(ArchiveWriter, OfASourceThatBeginsAgainAndAgainTheLogHasALineASecond) {
  const auto log_in = [&](const char* name) {
    auto made = std::make_shared<Mount>(name, lb::test::mount_settings(), 1);
    made->set_facts(facts_of("audio/mpeg"));
    TimedSource source(*made, kDay);
    source.publish(true);
    writer->begin(made);
    loop.run_once(false);
  };
  const auto lines = [&](std::string_view text) {
    std::size_t n = 0;
    const std::string all = captured.errors();
    for (std::size_t at = 0; (at = all.find(text, at)) != all.npos; ++at) ++n;
    return n;
  };
  for (int i = 0; i < 100; ++i) log_in("/a.mp3");
  log_in("/b.mp3");
  LONGS_EQUAL(20, lines("archive /a.mp3: recording to "));
  LONGS_EQUAL(20, lines("archive /a.mp3: recording ended"));
  LONGS_EQUAL(1, lines("archive /b.mp3: recording to "));
  clock.advance(1s);
  log_in("/a.mp3");
  CHECK(captured.says("(80 recordings before it are not in this log)"));
  LONGS_EQUAL(20, lines("archive /a.mp3: recording ended"));
  log_in("/a.mp3");
  LONGS_EQUAL(21, lines("archive /a.mp3: recording to "));
  LONGS_EQUAL(21, lines("archive /a.mp3: recording ended"));
}

TEST(ArchiveWriter, FilesOfASourceThatBeginsAgainAndAgainAreBounded) {
  std::uint64_t logins = 0;
  const auto log_in = [&](const char* name) {
    auto made = std::make_shared<Mount>(name, lb::test::mount_settings(), 1);
    made->set_facts(facts_of("audio/mpeg"));
    TimedSource source(*made, kDay, ++logins << 32);
    source.seconds(2).publish(true);
    writer->begin(made);
    finish();
    // Its window is not held for what is not recorded.
    const Channel& channel = made->channel();
    CHECK_EQUAL(Channel::kNoReader, channel.low_water_of(channel.recording_slot()));
  };
  for (unsigned i = 0; i < Recording::kMaxFilesAnHour + 20; ++i) log_in("/a.mp3");
  CHECK_EQUAL(std::size_t{Recording::kMaxFilesAnHour}, catalog.files("/a.mp3")->size());
  CHECK(captured.says("files were begun within an hour"));
  log_in("/b.mp3");
  CHECK_EQUAL(1u, catalog.files("/b.mp3")->size());
  clock.advance(60s);
  log_in("/a.mp3");
  CHECK_EQUAL(std::size_t{Recording::kMaxFilesAnHour} + 1, catalog.files("/a.mp3")->size());
}
