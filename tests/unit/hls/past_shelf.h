// A node's recorded files for the tests of what HLS shows of the past: MP3 with a mark at the first
// frame of each second, as Recording makes them.
#pragma once

#include <filesystem>
#include <string>

#include "archive/fixture.h"
#include "archive/read/reader_pool.h"
#include "archive/record/archive_writer.h"
#include "hls/past_lists.h"
#include "media/builders.h"
#include "stream/support.h"

namespace lb::test {

struct PastShelf {
  static constexpr std::int64_t kBegin = 1'795'158'000'000;  // where the first file begins
  static constexpr std::uint32_t kCutMs = 2000;
  static constexpr unsigned kHertz = 44'100, kSamples = 1152;

  TemporaryDirectory place;
  Catalog catalog;
  ReaderPool readers{std::vector<Loop*>()};  // files are opened, and nothing runs
  std::string frame = mp3_frame();
  FileHead head;
  std::uint64_t frames = 0;  // of the epoch
  std::uint64_t origin = 0;
  std::uint64_t thin_seconds = 0;  // of the epoch, in files of one frame a second
  std::int64_t epoch_ms = kBegin;
  std::int64_t clock_off_ms = 0;

  PastShelf() { source(0x1122334455667788, 100, 7); }
  void source(std::uint64_t id, std::uint64_t number, std::uint64_t generation) {
    head = {};
    head.content_type = "audio/mpeg";
    head.span.id = {id, 1};
    head.span.media.rate_hz = kHertz;
    head.span.segments = {number, generation, epoch_ms, kCutMs};
    head.span.anchored = true;
    frames = origin = 0;
  }
  std::uint64_t samples() const { return frames * kSamples; }
  std::int64_t now_ms() const {
    return epoch_ms + clock_off_ms + static_cast<std::int64_t>(samples() * 1000 / kHertz);
  }
  // Frames that this node has not recorded.
  void miss(double seconds) {
    const auto missing = static_cast<std::uint64_t>(seconds * kHertz / kSamples);
    frames += missing;
    origin += missing * frame.size();
  }
  // A file of at least so long, that ends at a frame.
  void file(double seconds) {
    head.span.origin = origin;
    head.span.media.samples = samples();
    head.span.wall_ms = now_ms();
    auto made = SegmentFile::create(place.path() + "/" + archive_directory("/m"), head);
    if (!made) std::abort();
    const std::uint64_t until = frames + static_cast<std::uint64_t>(seconds * kHertz / kSamples);
    std::uint64_t second = samples() / kHertz;
    while (frames < until) {
      if (!made->append(std::as_bytes(std::span(frame)))) std::abort();
      ++frames;
      if (samples() / kHertz > second || frames == until) {
        second = samples() / kHertz;
        if (!made->mark(samples(), now_ms())) std::abort();
      }
    }
    close(*made);
  }
  // A file of so long with one frame a second: a day of them is 36 MB.
  void thin_file(unsigned seconds) {
    head.span.origin = origin;
    head.span.media.samples = thin_seconds * kHertz;
    head.span.wall_ms = epoch_ms + static_cast<std::int64_t>(thin_seconds) * 1000;
    auto made = SegmentFile::create(place.path() + "/" + archive_directory("/m"), head);
    if (!made) std::abort();
    for (unsigned i = 0; i < seconds; ++i) {
      if (!made->append(std::as_bytes(std::span(frame)))) std::abort();
      ++thin_seconds;
      const std::int64_t ms = epoch_ms + static_cast<std::int64_t>(thin_seconds) * 1000;
      if (!made->mark(thin_seconds * kHertz, ms)) std::abort();
    }
    close(*made);
  }
  void close(SegmentFile& file) {
    const FileRow row = file.close();
    catalog.close("/m", row);
    origin += row.bytes;
  }
  std::shared_ptr<const ArchiveFile> open(const FileRow& row) {
    return readers.open(place.path(), "/m", row);
  }
  std::string path_of(const ArchiveFileName& name) const {
    return place.path() + "/" + archive_directory("/m") + "/" + archive_path(name);
  }
};

}  // namespace lb::test
