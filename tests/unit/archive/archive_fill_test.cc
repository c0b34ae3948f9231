#include "archive/record/archive_fill.h"

#include <thread>

#include "archive/files/file_list.h"
#include "archive/fixture.h"
#include "archive/record/archive_writer.h"
#include "base/log_book.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kFillBegin = 1'795'158'000'000;
constexpr std::uint64_t kFillSecond = 20'000;  // bytes
constexpr unsigned kFillSeconds = 40;

}  // namespace

// A node that has recorded 40 s, and this one, which has missed some of them.
TEST_GROUP(ArchiveFill) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog book{clock};
  TemporaryDirectory dir;
  Catalog catalog;
  MountArchive section;
  std::vector<std::string> events;
  std::string data, index;
  FileRow there;
  unsigned blocks = 0;
  std::size_t wrong = 0;  // a byte that is sent wrong; 0: none
  std::unique_ptr<RemoteArchive> remote;
  std::unique_ptr<ArchiveWriter> writer;

  void setup() override {
    clock.set_wall(WallTime(std::chrono::milliseconds(kFillBegin + 100'000)));
    section.enabled = section.fill = true;
    make_recording();
    remote = std::make_unique<RemoteArchive>(
        [this]() -> Loop& { return loop; }, book.log, catalog,
        [this](FetchRequest request, Fetcher::Done done) {
          loop.post([this, request = std::move(request), done = std::move(done)]() mutable {
            answer(request, std::move(done));
          });
        });
    auto made = std::make_shared<HolderView>();
    HolderRow row;
    row.mount = "/m";
    row.node = "a";
    row.places = {"http://a"};
    row.ranges = {{kFillBegin, kFillBegin + 1000 * kFillSeconds}};
    made->add(row);
    remote->set_holders(made);
  }
  void teardown() override {
    writer.reset();
    remote.reset();
  }
  void make_recording() {
    FileHead head = head_at(0);
    append_head(index, head);
    append_mark(index, {0, 0, kFillBegin, 0});
    for (unsigned i = 1; i <= kFillSeconds; ++i) {
      const std::string part(kFillSecond, static_cast<char>('a' + i % 26));
      const FileMark mark{i * kFillSecond, i * 1000u, kFillBegin + i * 1000,
                          crc32c(std::as_bytes(std::span(part)))};
      if (i == 10) append_title(index, 10 * kFillSecond, make_icy_metadata("ten", "", "", ""));
      append_mark(index, mark);
      if (i == kFillSeconds) append_end(index, mark);
      data += part;
    }
    there.from_ms = kFillBegin;
    there.to_ms = kFillBegin + 1000 * kFillSeconds;
    there.bytes = data.size();
    there.id = short_id(head.span.id);
    there.remote = true;
  }
  FileHead head_at(unsigned second) {
    FileHead head;
    head.span.id = {0x1122334455667788, 1};
    head.span.origin = second * kFillSecond;
    head.span.wall_ms = kFillBegin + second * 1000;
    head.span.anchored = true;
    head.span.media = {second * 1000u, 1000};
    head.content_type = "audio/mpeg";
    return head;
  }
  // Seconds [first, end) are on this node's disk before it starts.
  void own(unsigned first, unsigned end) {
    auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head_at(first)));
    for (unsigned i = first; i < end; ++i) {
      CHECK(file.append(as_byte_span(data.substr(i * kFillSecond, kFillSecond))).has_value());
      CHECK(file.mark((i + 1) * 1000u, kFillBegin + (i + 1) * 1000).has_value());
    }
    file.close();
  }
  void answer(const FetchRequest& request, Fetcher::Done done) {
    FetchAnswer out;
    out.status = 200;
    const std::string& url = request.url;
    if (url.ends_with(".idx")) {
      out.body = index;
    } else if (url.ends_with(".data")) {
      ++blocks;
      std::string range;
      for (const std::string& line : request.headers)
        if (line.starts_with("Range: bytes=")) range = line.substr(13);
      const auto first = std::stoull(range);
      const auto last = std::stoull(range.substr(range.find('-') + 1));
      out.status = 206;
      std::string sent = data;
      if (wrong > 0) sent[wrong] = '!';
      out.body = sent.substr(first, last - first + 1);
    } else {
      const RecordedFiles files(
          std::make_shared<const std::vector<FileRow>>(std::vector<FileRow>{there}), std::nullopt);
      out.body = print_file_list(files, 0, kFillBegin * 2);
    }
    done(std::move(out));
  }
  void start(ArchiveSettings settings = {}) {
    writer = std::make_unique<ArchiveWriter>(
        loop, book.log, catalog,
        ArchiveWriter::Callbacks{
            [this](const std::string&) { return section; },
            [this](const char* event, const std::string& of, std::int64_t seconds) {
              events.push_back(event + (" " + of + " " + std::to_string(seconds)));
            }},
        remote.get());
    settings.dir = dir.path();
    settings.min_free_parts = 0;
    settings.fills = true;
    writer->configure(settings);
    loop.run_once(false);
  }
  // Its blocks have a timer of 125 ms, which is real; what it waits for by the clock comes by
  // steps.
  void fill(std::chrono::milliseconds step = 0ms) {
    writer->fill()->round();
    for (int i = 0; i < 400 && !writer->fill()->idle(); ++i) {
      loop.run_once(false);
      clock.advance(step);
      std::this_thread::sleep_for(5ms);
    }
    CHECK(writer->fill()->idle());
  }
  std::string everything() {
    std::string all;
    std::uint64_t at = 0;
    const auto files = catalog.files("/m");
    for (const FileRow& row : files->closed()) {
      const std::string text =
          file_text(dir.path() + "/%2Fm/" + archive_path(row.name()) + ".data");
      CHECK_EQUAL(row.bytes, text.size());
      if (row.origin > at) return all;
      all += text.substr(at - row.origin);
      at = row.origin_end();
    }
    return all;
  }
};

TEST(ArchiveFill, AHoleIsFilledBetweenWhatIsHere) {
  own(0, 12);
  own(30, 40);
  start();
  fill();
  CHECK_EQUAL(3u, catalog.files("/m")->size());
  CHECK(everything() == data);
  const FileRow row = catalog.files("/m")->closed()[1];
  CHECK_EQUAL(kFillBegin + 12'000, row.from_ms);
  CHECK_EQUAL(kFillBegin + 30'000, row.to_ms);
  CHECK(!row.remote && !row.open);
  // As it would have been recorded: the title that holds there, and an end.
  const FileIndex made =
      read_index(file_text(dir.path() + "/%2Fm/" + archive_path(row.name()) + ".idx"));
  CHECK(made.ended && made.facts.size() == 1 && made.facts[0].offset == 0);
  STRCMP_EQUAL("ten", made.facts[0].metadata->title.c_str());
  CHECK_EQUAL(12'000u, made.head.span.media.samples);
  CHECK_EQUAL(18 * kFillSecond, writer->filled_bytes());
  CHECK_EQUAL(1u, events.size());
  CHECK_EQUAL(std::string("archive-filled /m 18"), events[0]);
  // Nothing is missing any more.
  const unsigned before = blocks;
  fill();
  CHECK_EQUAL(before, blocks);
}

TEST(ArchiveFill, AFileOfWhichNothingIsHereHasItsNameAndItsBytes) {
  start();
  fill();
  CHECK_EQUAL(1u, catalog.files("/m")->size());
  CHECK(catalog.files("/m")->closed()[0].name() == there.name());
  CHECK(everything() == data);
  CHECK_EQUAL(index, file_text(dir.path() + "/%2Fm/" + archive_path(there.name()) + ".idx"));
}

TEST(ArchiveFill, WrongBytesAreNotTaken) {
  own(0, 12);
  own(38, 40);
  wrong = 25 * kFillSecond + 7;
  start();
  fill(200ms);
  const auto files = catalog.files("/m");
  for (const FileRow& row : files->closed()) {
    const std::string text = file_text(dir.path() + "/%2Fm/" + archive_path(row.name()) + ".data");
    CHECK(text == data.substr(row.origin, row.bytes));
  }
  CHECK(everything().size() <= 25 * kFillSecond);
}

TEST(ArchiveFill, OnlyWhatASectionWantsIsFilled) {
  section.fill = false;
  start();
  fill();
  CHECK_EQUAL(0u, catalog.files("/m")->size());
  CHECK_EQUAL(0u, blocks);
}

TEST(ArchiveFill, WhatRetentionWouldTakeIsNotFetched) {
  own(20, 40);
  section.max_bytes = 21 * kFillSecond;
  start();
  fill();
  CHECK_EQUAL(1u, catalog.files("/m")->size());
  CHECK_EQUAL(0u, blocks);
  section.max_bytes = 0;
  section.retention = 90s;
  clock.advance(30s);
  fill();
  CHECK_EQUAL(0u, blocks);
}

TEST(ArchiveFill, WhatWasDeletedStaysDeleted) {
  own(0, 20);
  own(20, 40);
  start();
  std::size_t gone = 0;
  writer->remove("/m", kFillBegin + 20'000, kFillBegin + 40'000,
                 [&gone](std::size_t n) { gone = n; });
  loop.run_once(false);
  CHECK_EQUAL(1u, gone);
  fill();
  CHECK_EQUAL(1u, catalog.files("/m")->size());
  CHECK_EQUAL(0u, blocks);
}

TEST(ArchiveFill, WhatIsUnderWayAtTheEndIsAFileOfItsOwn) {
  own(38, 40);
  start();
  writer->fill()->round();
  for (int i = 0; i < 100 && blocks == 0; ++i) loop.run_once(false);
  for (int i = 0; i < 5; ++i) loop.run_once(false);
  writer->finish_all();
  loop.run_once(false);
  CHECK(catalog.files("/m")->size() >= 1);
  const auto files = catalog.files("/m");
  for (const FileRow& row : files->closed()) {
    const std::string path = dir.path() + "/%2Fm/" + archive_path(row.name());
    CHECK(read_index(file_text(path + ".idx")).ended);
    CHECK(file_text(path + ".data") == data.substr(row.origin, row.bytes));
  }
}
