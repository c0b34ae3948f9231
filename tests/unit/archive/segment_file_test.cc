#include "archive/record/segment_file.h"

#include "archive/fixture.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(SegmentFile) {
  TemporaryDirectory dir;
  FileHead head;
  std::string path;

  void setup() override {
    head.span.id = {0x1122334455667788, 1};
    head.span.origin = 500;
    head.span.wall_ms = 1'795'158'000'250;
    head.span.media = {0, 1000};
    head.content_type = "audio/mpeg";
    path = dir.path() + "/m/2026-11-20/1795158000-11223344-1f4";
  }
  SegmentFile make() { return std::move(*SegmentFile::create(dir.path() + "/m", head)); }
  // Three seconds, of which the last has no mark.
  void write_three(bool closed) {
    SegmentFile file = make();
    for (unsigned i = 0; i < 3; ++i) {
      const std::string text = pattern_text(i * 100, i * 100 + 100);
      CHECK(file.append(std::as_bytes(std::span(text))).has_value());
      if (i < 2) CHECK(file.mark((i + 1) * 1000, head.span.wall_ms + (i + 1) * 1000).has_value());
    }
    if (closed) file.close();
  }
};

TEST(SegmentFile, EndsAtItsLastMark) {
  write_three(true);
  CHECK(file_text(path + ".data") == pattern_text(0, 200));
  const FileIndex index = read_index(file_text(path + ".idx"));
  CHECK(index.ended);
  CHECK_EQUAL(3u, index.marks.size());
  CHECK_EQUAL(200u, index.end());
  FileMark end;
  CHECK(read_end(file_text(path + ".idx"), end));
}

TEST(SegmentFile, WithoutAMarkItIsGone) {
  SegmentFile file = make();
  file.close();
  CHECK(!std::filesystem::exists(path + ".data"));
  CHECK(!std::filesystem::exists(path + ".idx"));
}

// The limits of an account count the sound: titles must not fill the disk beside it.
TEST(SegmentFile, TitlesAreKeptAsFarAsTheyAreSmallBesideTheSound) {
  SegmentFile file = make();
  const auto title = make_icy_metadata(std::string(1000, 't'), "", "", "");
  const auto kept = [&] {
    int count = 0;
    while (file.note_title(0, title)) ++count;
    return count;
  };
  CHECK(kept() >= 30);  // of 2 KB each
  const std::string sound(100'000, 's');
  CHECK(file.append(std::as_bytes(std::span(sound))).has_value());
  CHECK(file.mark(1000, head.span.wall_ms + 1000).has_value());
  const int more = kept();
  CHECK(more >= 23 && more < 27);
  file.close();
  CHECK(file_text(path + ".idx").size() < 67'000 + sound.size() / 2);
}

TEST(SegmentFile, ScanReadsTheEndsOfAnIndexOfAnyLength) {
  const std::string mount = archive_directory("/m.mp3");
  auto file = std::move(*SegmentFile::create(dir.path() + "/" + mount, head));
  // Titles of 40 kB.
  for (unsigned i = 1; i <= 40; ++i) {
    file.note_title(i, make_icy_metadata(std::string(1000, 't'), "", "", ""));
    CHECK(file.append(std::as_bytes(std::span(std::string_view("abc")))).has_value());
    CHECK(file.mark(i * 1000, head.span.wall_ms + i * 1000).has_value());
  }
  const std::string data = file.path() + ".data";
  file.close();
  const ScannedFiles found = scan_mount(dir.path(), "/m.mp3");
  CHECK_EQUAL(1u, found.rows.size());
  CHECK(found.mended.empty() && found.broken.empty());
  CHECK_EQUAL(120u, found.rows[0].bytes);
  CHECK_EQUAL(head.span.wall_ms + 40'000, found.rows[0].to_ms);
  // Of a file that has lost some of its data the rest is found.
  std::filesystem::resize_file(data, 100);
  const ScannedFiles cut = scan_mount(dir.path(), "/m.mp3");
  CHECK_EQUAL(1u, cut.mended.size());
  CHECK_EQUAL(99u, cut.rows[0].bytes);
  CHECK_EQUAL(100u, std::filesystem::file_size(data));
}

TEST(SegmentFile, ScanFindsClosedOnesAndMendsOthers) {
  const std::string mount = archive_directory("/m.mp3");
  auto file = std::move(*SegmentFile::create(dir.path() + "/" + mount, head));
  CHECK(file.append(std::as_bytes(std::span(std::string_view("abc")))).has_value());
  CHECK(file.mark(1000, head.span.wall_ms + 1000).has_value());
  // A stranger's files stay.
  std::ofstream(dir.path() + "/" + mount + "/notes.txt") << "x";
  std::ofstream(dir.path() + "/" + mount + "/2026-11-20/other.data") << "x";
  std::filesystem::create_directory(dir.path() + "/lost+found");
  CHECK(archived_mounts(dir.path()) == std::vector<std::string>{"/m.mp3"});
  const ScannedFiles first = scan_mount(dir.path(), "/m.mp3");
  CHECK_EQUAL(1u, first.rows.size());
  CHECK_EQUAL(1u, first.mended.size());
  const ScannedFiles second = scan_mount(dir.path(), "/m.mp3");
  CHECK(second.rows == first.rows);
  CHECK(second.mended.empty());
  CHECK_EQUAL(3u, second.rows[0].bytes);
  CHECK_EQUAL(head.span.wall_ms, second.rows[0].from_ms);
  CHECK(std::filesystem::exists(dir.path() + "/" + mount + "/2026-11-20/other.data"));
}

TEST(SegmentFile, AFileOfItsNameIsKept) {
  write_three(true);
  { const SegmentFile next = make(); }
  CHECK(file_text(path + ".data.bad") == pattern_text(0, 200));
  CHECK(read_index(file_text(path + ".idx.bad")).ended);
  CHECK(file_text(path + ".data").empty());
}

TEST(SegmentFile, TheEndOfWhatAMachineLostIsNotKnown) {
  const std::string mount = archive_directory("/m.mp3");
  head.span.wall_ms = 1'000'000'000'250;  // 2001
  head.span.segments.first = 5;
  auto file = std::move(*SegmentFile::create(dir.path() + "/" + mount, head));
  CHECK(file.append(std::as_bytes(std::span(std::string_view("abc")))).has_value());
  CHECK(file.mark(1000, head.span.wall_ms + 1000).has_value());
  CHECK_EQUAL(0u, scan_mount(dir.path(), "/m.mp3").end.next.first);
  // Once it is closed, nothing is missing behind it.
  CHECK_EQUAL(6u, scan_mount(dir.path(), "/m.mp3").end.next.first);
}
