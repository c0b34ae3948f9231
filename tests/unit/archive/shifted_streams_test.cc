#include "archive/read/shifted_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "archive/asked_nodes.h"
#include "archive/files/archive_file.h"
#include "archive/files/file_list.h"
#include "archive/files/past_record.h"
#include "archive/fixture.h"
#include "base/file.h"
#include "stream/streams_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kHour = 1'795'158'000'000;
constexpr std::uint64_t kSecondBytes = 1000;
constexpr StreamIdentity kStream{0x1122334455667788, 1};

}  // namespace

// Listeners that another process has handed over.
TEST_GROUP_BASE(ShiftedStreams, StreamsFixture) {
  TemporaryDirectory dir;
  const std::string path = dir.path();
  Catalog catalog;
  ReaderPool readers{std::vector<Loop*>{&loop}};
  std::deque<AskedNode> asked;
  std::unique_ptr<RemoteArchive> remote = make_remote(loop, captured.log, catalog, asked);
  bool plays = false;
  std::unique_ptr<OnAir> live = on_air("/m");
  std::unique_ptr<ShiftedStreams> shifted = make_shifted();

  void teardown() override {
    asked.clear();
    shifted.reset();
    remote.reset();
  }
  std::unique_ptr<ShiftedStreams> make_shifted() {
    return std::make_unique<ShiftedStreams>(
        streams, ShiftedStreams::Shared{
                     &catalog, remote.get(), &readers, &path,
                     [this](const std::string&) { return plays ? live->mount : nullptr; },
                     [this](const std::string&, const ArchiveFile&) { return live->mount; }});
  }
  static std::string file_path(const std::string& dir, const FileRow& row) {
    return dir + "/" + archive_directory("/m") + "/" + archive_path(row.name());
  }
  // Its byte at `origin` is heard at kHour and as many seconds as there are bytes before.
  FileRow record(unsigned from_s, unsigned seconds, const StreamIdentity& id = kStream) {
    FileHead head;
    head.span.id = id;
    head.span.origin = from_s * kSecondBytes;
    head.span.wall_ms = kHour + from_s * 1000;
    head.span.anchored = true;
    head.span.media = {0, 1000};
    head.content_type = "audio/mpeg";
    std::string index;
    append_head(index, head);
    FileMark mark{0, 0, head.span.wall_ms, 0};
    append_mark(index, mark);
    for (unsigned i = 1; i <= seconds; ++i) {
      mark = {i * kSecondBytes, i * 1000u, head.span.wall_ms + i * 1000, 0};
      i == seconds ? append_end(index, mark) : append_mark(index, mark);
    }
    const FileRow row = recorded_row(head, mark);
    const std::string file = file_path(path, row);
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file + ".idx", std::ios::binary) << index;
    std::ofstream(file + ".data", std::ios::binary) << sound(from_s, from_s + seconds);
    return row;
  }
  static std::string sound(unsigned from_s, unsigned to_s) {
    return pattern_text(from_s * kSecondBytes, to_s * kSecondBytes);
  }
  PastRecord heard_until(unsigned second, bool own = true) {
    PastRecord saved;
    saved.recorded = "/m";
    saved.content_type = "audio/mpeg";
    saved.next = {kStream, second * kSecondBytes};
    saved.wall_ms = saved.next_ms = kHour + second * 1000;
    saved.since = clock.steady();
    saved.own = own;
    return saved;
  }
  std::shared_ptr<Wire> adopt(const PastRecord& saved,
                              std::shared_ptr<const ArchiveFile> file = nullptr) {
    auto wire = std::make_shared<Wire>();
    auto listener = make(1, std::make_unique<FakeTransport>(wire, always_writable.get()), *live);
    listener->preamble.reset();
    shifted->adopt(std::move(listener), live->mount, saved, std::move(file));
    settle();
    settle();
    return wire;
  }
  // The next tick, which is of real time.
  void tick() {
    bool over = false;
    Timer timer(loop, [&over] { over = true; });
    timer.after(1100ms);
    while (!over) loop.run_once(true);
    for (int i = 0; i < 4; ++i) settle();
  }
  // Its window has 20 s from this second on; a burst is one second.
  void plays_from(unsigned second) {
    MountSettings settings;
    settings.burst_bytes = kSecondBytes;
    live = on_air("/m", settings);
    StreamSpan span;
    span.id = kStream;
    span.origin = second * kSecondBytes;
    span.wall_ms = kHour + second * 1000;
    span.anchored = true;
    span.media = {0, 1000};
    live->writer.log->begin_source(0, span);
    for (std::uint64_t i = 0; i < 20; ++i) {
      live->writer.log->sync(live->writer.log->head(), {i * 1000});
      live->writer.bytes(kSecondBytes);
    }
    publish(*live);
    plays = true;
  }
  std::string live_bytes(unsigned from, unsigned to) const {
    return pattern_text(from * kSecondBytes, to * kSecondBytes, live->writer.seed);
  }
  void hear_to_the_end() {
    clock.advance(10s);
    tick();
  }
  void hold(const std::string& node) {
    auto holders = std::make_shared<HolderView>();
    HolderRow row;
    row.mount = "/m";
    row.node = node;
    row.places = {"http://" + node};
    row.ranges = {{kHour, kHour + 3'600'000}};
    holders->add(row);
    remote->set_holders(holders);
    settle();
  }
  void answer(unsigned times, int status = 200) {
    for (; times > 0; --times) {
      CHECK(!asked.empty());
      AskedNode one = std::move(asked.front());
      asked.pop_front();
      FetchAnswer none;
      none.status = status;
      none.body = print_file_list({}, 0, kHour * 2);
      one.done(std::move(none));
      settle();
    }
    settle();
  }
};

TEST(ShiftedStreams, OneHearsOnInItsFile) {
  catalog.add("/m", {record(0, 10), record(10, 10)});
  const auto wire = adopt(heard_until(4));
  CHECK(wire->sent == sound(4, 20));
}
TEST(ShiftedStreams, AHoleWhereItsFileWasIsPassedOverAtOnce) {
  record(0, 10);
  catalog.add("/m", {record(63, 200)});
  const auto wire = adopt(heard_until(4));
  // It has come nearer to the present by the hole: the pace of the new file begins with its start.
  const std::uint64_t burst = live->mount->settings()->burst_bytes;
  UNSIGNED_LONGS_EQUAL(2 * kSecondBytes + burst, wire->sent.size());
  CHECK(wire->sent == sound(63, 263).substr(0, wire->sent.size()));
}
TEST(ShiftedStreams, ALongHoleWhereItsFileWasEndsItAtOnce) {
  catalog.add("/m", {record(65, 10)});
  CHECK(adopt(heard_until(4))->closed);
  UNSIGNED_LONGS_EQUAL(0, shifted->count());
}
TEST(ShiftedStreams, WithoutAnyFileOneEndsUnlessTheMountPlays) {
  CHECK(adopt(heard_until(4))->closed);
  plays = true;
  live->writer.publish(*live->mount);
  const auto wire = adopt(heard_until(4));
  CHECK(!wire->closed);
  catalog.add("/m", {record(20, 10)});
  tick();
  CHECK(wire->sent == sound(20, 30));
}
TEST(ShiftedStreams, AFileIsNotMissedBeforeTheArchiveIsRead) {
  catalog.begin_reading();
  const auto wire = adopt(heard_until(4));
  CHECK(!wire->closed);
  catalog.add("/m", {record(0, 10)});
  catalog.end_reading();
  tick();
  CHECK(wire->sent == sound(4, 10));
}
TEST(ShiftedStreams, OneOfAnotherNodesPastWaitsForThatNode) {
  catalog.add("/m", {record(20, 10)});
  const auto wire = adopt(heard_until(4, false));
  CHECK(!wire->closed);
  STRCMP_EQUAL("", wire->sent.c_str());
  hold("n");
  tick();
  answer(2, 503);
  STRCMP_EQUAL("", wire->sent.c_str());
  clock.advance(RemoteArchive::kRest);
  tick();
  answer(2);
  CHECK(wire->sent == sound(20, 30));
}
TEST(ShiftedStreams, OneOfAProgramThatDidNotNoteItsTimeWaits) {
  catalog.add("/m", {record(20, 10)});
  PastRecord saved = heard_until(4);
  saved.next_ms = 0;
  const auto wire = adopt(saved);
  CHECK(!wire->closed);
  clock.advance(61s);
  tick();
  CHECK(wire->closed);
}
TEST(ShiftedStreams, AFileThatWasRemovedGoesOverItself) {
  const FileRow row = record(0, 200), next = record(200, 10);
  catalog.add("/m", {row, next});
  std::string heard = adopt(heard_until(4))->sent;
  for (const char* part : {".data", ".idx"}) std::filesystem::remove(file_path(path, row) + part);
  catalog.remove("/m", {row});
  FdsOut fds;
  std::optional<PastRecord> saved;
  shifted->each_past([&](PastRecord past) { saved = std::move(past); }, fds);
  CHECK(saved && saved->own);
  LONGS_EQUAL(kHour + (4000 + static_cast<std::int64_t>(heard.size())) / 1000 * 1000,
              saved->next_ms);
  CHECK_TRUE(saved->unnamed.has_value());
  UniqueFd data(::dup(fds.all()[saved->unnamed->data]));
  shifted = make_shifted();
  auto file = restore_unnamed(saved->unnamed->index, std::move(data));
  CHECK_TRUE(file.has_value());
  const auto wire = adopt(*saved, *file);
  clock.advance(200s);
  tick();
  heard += wire->sent;
  CHECK(heard == sound(4, 210));
}
TEST(ShiftedStreams, AFileWithANameIsFoundByItsName) {
  catalog.add("/m", {record(0, 200)});
  adopt(heard_until(4));
  FdsOut fds;
  shifted->each_past([&](const PastRecord& past) { CHECK(!past.unnamed); }, fds);
}
// Recording is switched off while the mount plays on: a listener some seconds behind it.
TEST(ShiftedStreams, BehindTheEndOfTheRecordingTheLiveStreamGoesOnAtItsNextByte) {
  catalog.add("/m", {record(0, 10)});
  plays_from(5);
  const auto wire = adopt(heard_until(4));
  hear_to_the_end();
  CHECK(wire->sent == sound(4, 10) + live_bytes(5, 20));
  CHECK(!wire->closed);
}
TEST(ShiftedStreams, BehindTheEndOfTheRecordingItIsLiveAfterAGap) {
  catalog.add("/m", {record(0, 10)});
  plays_from(40);
  const auto wire = adopt(heard_until(4));
  hear_to_the_end();
  CHECK(wire->sent == sound(4, 10) + live_bytes(19, 20));
  CHECK(!wire->closed);
}
TEST(ShiftedStreams, BehindTheEndOfTheRecordingALongGapEndsItAtOnce) {
  catalog.add("/m", {record(0, 10)});
  plays_from(60);
  const auto wire = adopt(heard_until(4));
  hear_to_the_end();
  CHECK(wire->sent == sound(4, 10));
  CHECK(wire->closed);
}
TEST(ShiftedStreams, ALongGapDoesNotEndItWhileAnotherNodeMayHaveWhatFollows) {
  catalog.add("/m", {record(0, 10)});
  hold("n");
  plays_from(60);
  const auto wire = adopt(heard_until(4));
  hear_to_the_end();
  answer(1, 503);
  tick();
  CHECK(wire->sent == sound(4, 10));
  CHECK(!wire->closed);
}
TEST(ShiftedStreams, ALongGapDoesNotEndItBeforeTheArchiveIsRead) {
  const std::string file = file_path(path, record(0, 10));
  const auto handed_over = restore_unnamed(read_file(file + ".idx")->text,
                                           UniqueFd(::open((file + ".data").c_str(), O_RDONLY)));
  catalog.begin_reading();
  plays_from(60);
  const auto wire = adopt(heard_until(4), *handed_over);
  hear_to_the_end();
  CHECK(wire->sent == sound(4, 10));
  CHECK(!wire->closed);
  catalog.end_reading();
}
