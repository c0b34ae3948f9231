#include "app/past/past_file_stage.h"
#include "app/past/past_stream_stage.h"
#include "app/past/stages.h"
#include "app/services/archive_service.h"
#include "app/test_server.h"
#include "archive/record/segment_file.h"

// Last, because it redefines `new`.
#include "archive/read/shifted_streams.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kPastBegin = 1'795'158'000;  // Unix seconds
constexpr unsigned kPastSeconds = 60, kPastFrames = 38;

}  // namespace

// A minute of /live is recorded; the mount is off the air.
TEST_GROUP(PastStages) {
  TestServer server;
  std::string sound;

  void begin(const std::string& of_archive = {}, const std::string& of_mount = {}) {
    server.clock.set_wall(WallTime(std::chrono::seconds(kPastBegin + 100)));
    FileHead head;
    head.span.id = {0x1122334455667788, 1};
    head.span.wall_ms = kPastBegin * 1000;
    head.span.media = {0, 44'100};
    head.span.anchored = true;
    head.content_type = "audio/mpeg";
    const std::string dir = server.directory.file("archive");
    std::filesystem::create_directories(dir);
    auto file = std::move(*SegmentFile::create(dir + "/" + archive_directory("/live"), head));
    for (unsigned i = 1; i <= kPastSeconds; ++i) {
      const std::string second = mp3_frames(kPastFrames, static_cast<char>('a' + i % 26));
      sound += second;
      CHECK(file.append(as_byte_span(second)).has_value());
      CHECK(file.mark(i * kPastFrames * 1152ull, (kPastBegin + i) * 1000).has_value());
    }
    file.close();
    server.start("<archive><dir>" + dir + "</dir></archive><mount><mount-name>/live</mount-name>" +
                 "<archive><enabled>1</enabled>" + of_archive + "</archive>" + of_mount +
                 "</mount>");
    CHECK(server.until([&] { return !server.services().archive->catalog().is_reading(); }));
  }
  std::string range(int from, int to) {
    return "/live?from=" + std::to_string(kPastBegin + from) +
           "&to=" + std::to_string(kPastBegin + to);
  }
  Reply get(const std::string& target, const std::string& lines = {}) {
    auto client = server.open(target, lines);
    CHECK(server.until([&] { return client.got().find("\r\n\r\n") != std::string::npos; }));
    server.until([&] { return client.finished(); });
    return client.reply();
  }
};

TEST(PastStages, ARangeIsAFile) {
  begin();
  const Reply reply = get(range(10, 20), "Connection: close\r\n");
  LONGS_EQUAL(200, reply.status);
  STRCMP_EQUAL("audio/mpeg", reply.header("Content-Type").c_str());
  const std::string wanted = sound.substr(10 * kPastFrames * 417, 10 * kPastFrames * 417);
  // In front of it is the frame that tells its length.
  CHECK(reply.body.size() > wanted.size());
  CHECK(reply.body.substr(reply.body.size() - wanted.size()) == wanted);
  const Reply part = get(range(10, 20), "Range: bytes=0-9\r\nConnection: close\r\n");
  LONGS_EQUAL(206, part.status);
  LONGS_EQUAL(10, part.body.size());
}
TEST(PastStages, TheDownloadsOfAMountAreForgottenWithTheLastOfThem) {
  begin();
  ArchiveService& archive = *server.services().archive;
  const auto held = archive.downloads("/live");
  const std::weak_ptr<DownloadPlaces> former = archive.downloads("/former");
  CHECK(former.expired());
  CHECK(archive.downloads("/live") == held);
}
TEST(PastStages, FewListsOfTitlesAreMadeAtATime) {
  begin();
  const std::string titles = "/api/v1/now/live?from=0";
  DownloadPlaces& places = server.services().archive->title_searches();
  std::vector<DownloadPlaces::Place> taken;
  for (unsigned i = 0; i < ArchiveService::kTitleSearches; ++i)
    taken.push_back(*places.try_enter(Address(), ArchiveService::kTitleSearches, true));
  const Reply reply = get(titles, "Connection: close\r\n");
  LONGS_EQUAL(503, reply.status);
  STRCMP_EQUAL("1", reply.header("Retry-After").c_str());
  taken.clear();
  LONGS_EQUAL(200, get(titles, "Connection: close\r\n").status);
  CHECK(server.until([&] { return places.taken() == 0; }));
}
TEST(PastStages, OfATimeThatIsNotRecordedTheRangesAreTold) {
  begin();
  for (const std::string& target :
       {range(70, 80), "/live?from=" + std::to_string(kPastBegin + 70)}) {
    const Reply reply = get(target, "Connection: close\r\n");
    LONGS_EQUAL(404, reply.status);
    CHECK_EQUAL(std::to_string(kPastBegin) + "-" + std::to_string(kPastBegin + 60),
                reply.header("X-LB-Archive"));
  }
}
TEST(PastStages, AFileIsOfWhatIsRecordedOfALongTime) {
  begin();
  LONGS_EQUAL(200, get(range(-90'000, 30), "Connection: close\r\n").status);
  LONGS_EQUAL(404, get("/other" + range(0, 10).substr(5), "Connection: close\r\n").status);
}
TEST(PastStages, AStreamBeginsAtItsMoment) {
  begin();
  auto listener = server.open("/live?from=" + std::to_string(kPastBegin + 12));
  CHECK(server.until([&] { return listener.reply().body.size() >= 1000; }));
  const Reply reply = listener.reply();
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.body.substr(0, 1000) == sound.substr(12 * kPastFrames * 417, 1000));
  CHECK(reply.header("X-LB-Stream").ends_with(std::to_string(12 * kPastFrames * 417)));
  LONGS_EQUAL(1, server.worker().shifted->count());
}
// Marks are a second apart; a frame of 1,152 samples at 44,100 Hz lasts 26 ms.
TEST(PastStages, AStreamBeginsAtTheFrameThatIsHeardThen) {
  begin("<window>60s</window>");
  const auto frame_at = [this](const std::string& time) {
    auto listener = server.open("/live?from=" + time);
    CHECK(server.until([&] { return listener.reply().body.size() >= 1000; }));
    const std::string at = listener.reply().header("X-LB-Stream");
    return std::stod(at.substr(at.find('.') + 1)) / 417;
  };
  DOUBLES_EQUAL(50 * kPastFrames + 26, frame_at(std::to_string(kPastBegin + 50) + ".700"), 0);
  // Now is second 100, and the frame that is heard at the begin of the window has begun before it.
  server.clock.set_wall(WallTime(std::chrono::milliseconds((kPastBegin + 100) * 1000 + 10)));
  DOUBLES_EQUAL(40 * kPastFrames + 1, frame_at(std::to_string(kPastBegin + 40) + ".010"), 0);
}
// The node that wrote the time into a page has a clock of its own.
TEST(PastStages, ATimeOfAClockThatIsAFewSecondsAheadIsNow) {
  begin();
  server.clock.set_wall(WallTime(std::chrono::seconds(kPastBegin + 20)));
  auto listener = server.open("/live?from=" + std::to_string(kPastBegin + 24));
  CHECK(server.until([&] { return listener.reply().body.size() >= 1000; }));
  const Reply reply = listener.reply();
  LONGS_EQUAL(200, reply.status);
  CHECK(reply.header("X-LB-Stream").ends_with(std::to_string(20 * kPastFrames * 417)));
  const Reply later = get("/live?from=" + std::to_string(kPastBegin + 26), "Connection: close\r\n");
  LONGS_EQUAL(400, later.status);
  STRCMP_EQUAL("from is in the future\r\n", later.body.c_str());
}
TEST(PastStages, TheWindowHoldsForListenersAndNotForAdministrators) {
  begin("<window>60s</window>");
  // Now is second 100: what is older than second 40 is not for listeners.
  LONGS_EQUAL(404, get(range(10, 20), "Connection: close\r\n").status);
  LONGS_EQUAL(200, get(range(45, 55), "Connection: close\r\n").status);
  LONGS_EQUAL(200, get(range(10, 20), kAdminLogin + "Connection: close\r\n").status);
}
TEST(PastStages, ThePastMayBeForAdministratorsAlone) {
  begin("<listeners>none</listeners>");
  LONGS_EQUAL(401, get(range(10, 20), "Connection: close\r\n").status);
  LONGS_EQUAL(401, get(range(10, 20), basic("admin:wrong") + "Connection: close\r\n").status);
  LONGS_EQUAL(200, get(range(10, 20), kAdminLogin + "Connection: close\r\n").status);
}
TEST(PastStages, AMountThatIsNotRecordedHasNoPast) {
  begin({}, "</mount><mount><mount-name>/bare</mount-name>");
  LONGS_EQUAL(404, get("/bare?timeshift=10", "Connection: close\r\n").status);
}
