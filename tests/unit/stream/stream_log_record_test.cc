#include <fcntl.h>

#include "base/random.h"
#include "stream/log/stream_log.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

std::string saved(const StreamLog& log) {
  RecordOut out;
  log.save(out);
  return out.bytes();
}

Result<std::unique_ptr<StreamLog>> restored(std::string_view record, int file) {
  RecordIn in("log", record);
  return StreamLog::restore(in, UniqueFd(::fcntl(file, F_DUPFD_CLOEXEC, 3)));
}

// All that readers see.
std::string picture(const StreamView& view) {
  std::string text = std::to_string(view.begin) + "-" + std::to_string(view.end) + " " +
                     std::to_string(view.seam) + "\n" + read_view(view, view.begin);
  RecordOut out;
  for (auto i = view.sync.begin(); i < view.sync.end(); ++i) out(1, view.sync[i]);
  for (auto i = view.events.begin(); i < view.events.end(); ++i) out(2, view.events[i]);
  for (auto i = view.spans.begin(); i < view.spans.end(); ++i) out(3, view.spans[i]);
  for (auto i = view.inner.begin(); i < view.inner.end(); ++i) out(4, view.inner[i]);
  out(5, view.base_headers);
  out(6, view.base_metadata);
  out(7, view.late_metadata, view.late_at);
  return text + out.bytes();
}

// One step of a stream's life, the same for the same numbers.
void step(Writer& writer, std::uint64_t what, std::uint64_t size) {
  switch (what) {
    case 0:
      writer.title("title " + std::to_string(size));
      break;
    case 1:
      writer.headers("headers " + std::to_string(size)).sync();
      break;
    case 2:
      writer.now += std::chrono::milliseconds(size % 900);
      break;
    case 3:
      writer.log->clock(writer.log->head(), size % 2 == 0 ? 44100 : 48000);
      break;
    case 4:
      if (size % 16 == 0) writer.log->begin_source(writer.log->head());
      break;
    case 5:
      writer.log->keep_wall(writer.now, static_cast<std::int64_t>(size));
      break;
    default:
      writer.log->sync(writer.log->head(), {size * 100, size % 5 == 0});
      writer.bytes(1 + size);
  }
}

}  // namespace

TEST_GROUP(StreamLogRecord){};

TEST(StreamLogRecord, ARestoredLogGoesOnAsIfItHadNeverMoved) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed);
    Writer stays, moves;
    for (Writer* const writer : {&stays, &moves}) {
      writer->log->begin_source(0);
      writer->window.queue_bytes = 200'000;
      writer->window.media = seed % 2 == 0 ? 3000ms : 0ms;
    }
    for (int i = 0; i < 1500; ++i) {
      const std::uint64_t what = rng.below(12), size = rng.below(3000);
      step(stays, what, size);
      step(moves, what, size);
      if (rng.below(8) != 0) continue;
      const std::string seen = picture(*stays.view());
      CHECK(seen == picture(*moves.view()));
      if (rng.below(2) != 0) continue;
      const std::string record = saved(*moves.log);
      auto next = restored(record, moves.log->file());
      CHECK_TEXT(next.has_value(), next ? "" : next.error().what.c_str());
      CHECK(record == saved(**next));
      moves.log = std::move(*next);
    }
  }
}

TEST(StreamLogRecord, AStreamThatHasEnteredHereDoesSoInTheNextProcess) {
  Writer writer;
  StreamSpan span;
  span.id = {1, 2};
  writer.log->begin_source(0, span);
  writer.bytes(100).view();
  for (const bool here : {false, true}) {
    if (here) writer.log->note_entry();
    auto next = restored(saved(*writer.log), writer.log->file());
    CHECK(next.has_value());
    CHECK((*next)->enters_here() == here);
  }
}
TEST(StreamLogRecord, TheUnfinishedUnitAtTheEndGoesOn) {
  Writer writer;
  writer.log->begin_source(0);
  writer.bytes(40'000).view();
  writer.bytes(123);
  const auto next = restored(saved(*writer.log), writer.log->file());
  CHECK(next.has_value());
  writer.log.reset();
  LONGS_EQUAL(40'123, (*next)->head());
  const auto view = (*next)->publish(40'123, {}, 0, false);
  CHECK(read_view(*view, 0) == pattern_text(0, 40'123));
}

// What was retired and not yet given back to the system is, by the process that goes on.
TEST(StreamLogRecord, AFloodOfTitlesAndHeadersGoesOver) {
  Writer writer;
  writer.window = {1000, 5000};
  writer.bytes(2000);
  const auto newest = [&writer] {
    auto log = restored(saved(*writer.log), writer.log->file());
    CHECK(log.has_value());
    const auto view = (*log)->publish((*log)->head(), writer.window, Channel::kNoReader, false);
    return title_of(view->metadata_at(view->end)) + " " + to_text(view->headers_at(view->end));
  };
  for (int i = 0; i < 300; ++i)
    writer.title("t" + std::to_string(i)).headers("h" + std::to_string(i)).view();
  STRCMP_EQUAL("t299 h127", newest().c_str());
  writer.bytes(2000).settled();  // the flood has left the window
  writer.bytes(1).view();
  STRCMP_EQUAL("t299 h299", newest().c_str());
}
TEST(StreamLogRecord, MemoryThatTheFirstProcessHasNotGivenBackIsGivenBack) {
  Writer writer;
  writer.log->begin_source(0);
  writer.window = {1000, 20'000, 0ms, 0ms};
  writer.bytes(400'000);
  const auto reader = writer.view();  // keeps every segment
  writer.bytes(400'000).view();
  const auto next = restored(saved(*writer.log), writer.log->file());
  CHECK(next.has_value());
  struct stat before {
  }, after{};
  CHECK(::fstat((*next)->file(), &before) == 0);
  (void)(*next)->publish((*next)->head(), writer.window, Channel::kNoReader, false);
  CHECK(::fstat((*next)->file(), &after) == 0);
  CHECK(after.st_blocks < before.st_blocks);
}
TEST(StreamLogRecord, ARestoredLogFreesNoBytesOfItsFirstView) {
  Writer writer;
  writer.window = {1000, 400'000};
  writer.bytes(20'000).view();
  auto next = restored(saved(*writer.log), writer.log->file());
  CHECK(next.has_value());
  writer.log = std::move(*next);
  const auto first = writer.log->last_view();
  for (int i = 0; i < 10; ++i) writer.bytes(10'000).view();
  CHECK(read_view(*first, first->begin) == pattern_text(first->begin, 20'000));
}

// Otherwise one hostile source would prevent every upgrade of the server.
TEST(StreamLogRecord, AHostileStreamIsNotTooLargeForARecord) {
  Writer writer;
  writer.log->begin_source(0);
  writer.window = {65536, 20'000'000, 3600s, 0ms};
  const std::string headers(60'000, 'h');
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    // Units of 16 bytes, each with a second-mark, and most with another rate; then, large headers.
    if (i < 150'000) writer.log->clock(writer.log->head(), i % 2 == 0 ? 44100 : 48000);
    if (i % 1000 == 0 && i > 50'000) writer.headers(headers);
    writer.log->sync(writer.log->head(), {i * 48'000, true});
    writer.log->inner(writer.log->head(), {i * 48'000, true});
    writer.bytes(16);
    if (i % 500 == 0) writer.view(0);
    if (i % 50'000 == 49'999) CHECK(saved(*writer.log).size() < kMaxRecordBytes / 2);
  }
  const auto view = writer.view(0);
  CHECK(view->begin < view->end);
  CHECK(read_view(*view, view->begin) == pattern_text(view->begin, view->end));
  // Of an ordinary stream all that the window may have is kept.
  Writer usual;
  usual.window = {65536, 20'000'000, 0ms, 0ms};
  usual.units(20'000, 512).view(0);
  LONGS_EQUAL(0, usual.view(0)->begin);
}

TEST(StreamLogRecord, WhatDoesNotFitToItsFileIsAnError) {
  Writer writer;
  writer.log->begin_source(0);
  writer.units(50, 3000).view();
  const std::string record = saved(*writer.log);
  CHECK(restored(record, writer.log->file()).has_value());
  const UniqueFd small(::memfd_create("small", MFD_CLOEXEC));
  CHECK(!restored(record, small.get()).has_value());
  const UniqueFd no_file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK(!restored(record, no_file.get()).has_value());
  Rng rng(3);
  for (int i = 0; i < 3000; ++i) {
    std::string changed = record;
    changed[rng.next() % changed.size()] = static_cast<char>(rng.next());
    const auto next = restored(changed, writer.log->file());
    if (next) (void)(*next)->bytes_before_head(70'000);
  }
}
