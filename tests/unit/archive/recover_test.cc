// Damage done to a small archive in every way: no byte of sound is lost by a start, and all that is
// whole can be played.  With LB_FULL=1 every bit of every file is turned, else some of them.
#include "archive/files/recover.h"

#include <cstdlib>
#include <functional>
#include <map>

#include "archive/files/archive_file.h"
#include "archive/fixture.h"
#include "media/builders.h"
#include "media/ogg_page.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kBegin = 1'795'158'000'250;
constexpr unsigned kRate = 44'100, kFrameSamples = 1152;

using Texts = std::map<std::string, std::string>;  // by path

}  // namespace

TEST_GROUP(Recover) {
  TemporaryDirectory dir = TemporaryDirectory::quick();
  std::string day = dir.path() + "/%2Fm/2026-11-20/";
  std::vector<std::string> stems;
  std::size_t frame_bytes = 0;
  Texts texts;
  bool full = std::getenv("LB_FULL") != nullptr;

  // Frames of MP3; a mark a second.  closed: all of them are marked.
  void record(unsigned first, unsigned frames, bool closed, std::uint64_t id = 0x1122334455667788) {
    FileHead head;
    frame_bytes = mp3_frame(false, 'm', 1).size();
    head.span.id = {id, 1};
    head.span.origin = first * frame_bytes;
    head.span.media = {std::uint64_t{first} * kFrameSamples, kRate};
    head.span.wall_ms = kBegin + static_cast<std::int64_t>(head.span.media.milliseconds());
    head.span.anchored = true;
    head.content_type = "audio/mpeg";
    auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head));
    std::string unmarked;
    const auto mark = [&](unsigned i) {
      const std::uint64_t samples = std::uint64_t{i} * kFrameSamples;
      const auto ms = static_cast<std::int64_t>(MediaTime{samples, kRate}.milliseconds());
      CHECK(file.mark(samples, kBegin + ms).has_value());
    };
    for (unsigned i = first; i < first + frames; ++i) {
      if (i > first && i * kFrameSamples / kRate > (i - 1) * kFrameSamples / kRate) mark(i);
      const std::string text = mp3_frame(false, static_cast<char>('a' + i % 26), 1);
      CHECK(file.append(std::as_bytes(std::span(text))).has_value());
    }
    if (closed) mark(first + frames);
    if (closed) file.close();
    stems.push_back(file.path().substr(day.size()));
    keep(file.path());
  }
  void keep(const std::string& path) {
    for (const char* part : {".data", ".idx"})
      if (std::filesystem::exists(path + part)) texts[path + part] = file_text(path + part);
  }
  void record_some() {
    record(0, 115, true);
    record(115, 80, true);
    record(195, 90, false);
  }
  void restore() {
    std::filesystem::remove_all(day);
    std::filesystem::create_directories(day);
    for (const auto& [path, text] : texts) write(path, text);
  }
  static void write(const std::string& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  // What all of a file's sound is, wherever it is kept.
  void check_is_there(const std::string& path, const std::string& text) {
    CHECK(file_text(path) == text || file_text(path + ".bad") == text);
  }
  // By name; 0: it is not played.
  std::uint64_t played(const ScannedFiles& found, const std::string& stem) {
    for (const FileRow& row : found.rows) {
      if (to_string(row.name()) != stem) continue;
      const auto file = load_archive_file(dir.path(), "/m", row);
      if (!file) return 0;
      CHECK((*file)->index.head.content_type == "audio/mpeg");
      CHECK_EQUAL(kRate, (*file)->index.head.span.media.rate_hz);
      std::int64_t before = row.from_ms;
      for (const FileMark& mark : (*file)->index.marks) {
        CHECK(mark.wall_ms >= before);
        before = mark.wall_ms;
      }
      CHECK(before <= row.to_ms);
      return (*file)->end();
    }
    return 0;
  }
  ScannedFiles scan() {
    const ScannedFiles found = scan_mount(dir.path(), "/m");
    // What was made once stays.
    CHECK(scan_mount(dir.path(), "/m").rows == found.rows);
    return found;
  }
  // In every way; `check` is given the damaged text.
  void damage(
      const std::string& path, unsigned step,
      const std::function<void(const std::string& text, const ScannedFiles& found)>& check) {
    const std::string whole = texts[path];
    const auto one = [&](const std::string& text) {
      restore();
      write(path, text);
      check(text, scan());
    };
    for (std::size_t bit = 0; bit < whole.size() * 8; bit += full ? 1 : step) {
      std::string text = whole;
      text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << (bit % 8)));
      one(text);
    }
    for (std::size_t cut = 0; cut < whole.size(); cut += full ? 1 : (step + 7) / 8)
      one(whole.substr(0, cut));
  }
};

TEST(Recover, NoDamageOfAnIndexLosesSound) {
  record_some();
  for (const std::string& of : stems) {
    damage(day + of + ".idx", 5, [&](const std::string&, const ScannedFiles& found) {
      CHECK_EQUAL(3u, found.rows.size());
      for (const std::string& stem : stems) {
        const std::string& data = texts[day + stem + ".data"];
        CHECK(file_text(day + stem + ".data") == data);
        CHECK_EQUAL(data.size(), played(found, stem));
      }
    });
  }
}

TEST(Recover, NoDamageOfDataLosesTheRest) {
  record_some();
  for (const std::string& of : stems) {
    const std::string path = day + of + ".data";
    damage(path, 397, [&](const std::string& text, const ScannedFiles& found) {
      check_is_there(path, text);
      const std::uint64_t end = played(found, of);
      CHECK(end <= text.size());
      // A frame is known by the next one; damage costs those around it.
      if (text.size() > 4 * frame_bytes) CHECK(end + 3 * frame_bytes >= text.size());
      for (const std::string& stem : stems)
        if (stem != of) CHECK_EQUAL(texts[day + stem + ".data"].size(), played(found, stem));
    });
  }
}

TEST(Recover, AnIndexOfAnotherVersionIsLeftAlone) {
  record_some();
  const std::string path = day + stems[1] + ".idx";
  for (const char version : {'\0', '\2'}) {
    restore();
    // Type, length and checksum of HEAD are right.
    std::string text = texts[path];
    text[kRecordHead] = version;
    const auto size = static_cast<std::size_t>(static_cast<unsigned char>(text[1])) +
                      256 * static_cast<std::size_t>(static_cast<unsigned char>(text[2]));
    const auto bytes = std::as_bytes(std::span(text));
    const std::uint32_t crc = crc32c(bytes.subspan(kRecordHead, size), crc32c(bytes.first(3)));
    for (unsigned i = 0; i < 4; ++i) text[3 + i] = static_cast<char>(crc >> (8 * i));
    write(path, text);
    const ScannedFiles found = scan();
    CHECK_EQUAL(2u, found.rows.size());
    CHECK_EQUAL(1u, found.other_versions.size());
    CHECK(file_text(path) == text);
    check_is_there(day + stems[1] + ".data", texts[day + stems[1] + ".data"]);
  }
}

TEST(Recover, WithoutIndexesAllIsPlayed) {
  record_some();
  restore();
  for (const std::string& stem : stems) std::filesystem::remove(day + stem + ".idx");
  const ScannedFiles found = scan();
  CHECK_EQUAL(3u, found.rows.size());
  for (const std::string& stem : stems)
    CHECK_EQUAL(texts[day + stem + ".data"].size(), played(found, stem));
  // Within the second that the names tell.
  CHECK(found.rows[0].to_ms > kBegin + 2500 && found.rows[0].to_ms < kBegin + 3100);
}

TEST(Recover, OneIndexOfAStreamTellsWhatAnotherHasLost) {
  record_some();
  restore();
  std::filesystem::remove(day + stems[1] + ".idx");
  const ScannedFiles found = scan();
  const auto file = load_archive_file(dir.path(), "/m", found.rows[1]);
  CHECK((*file)->index.head.span.id == (StreamIdentity{0x1122334455667788, 1}));
}

TEST(Recover, AnIndexWithoutDataIsLeftAlone) {
  record_some();
  restore();
  std::filesystem::remove(day + stems[0] + ".data");
  write(day + stems[1] + ".data", "");
  const ScannedFiles found = scan();
  CHECK_EQUAL(1u, found.rows.size());
  CHECK_EQUAL(2u, found.broken.size());
  for (const std::string& stem : {stems[0], stems[1]})
    CHECK(file_text(day + stem + ".idx") == texts[day + stem + ".idx"]);
}

TEST(Recover, OnlyAFileWithoutAByteIsRemoved) {
  record(0, 10, true);
  const std::string empty = day + "1795158100-aabbccdd-0", junk = day + "1795158200-aabbccdd-0";
  const std::string wrong = day + "1795158300-aabbccdd-0";
  write(empty + ".data", "");
  write(empty + ".idx", "");
  write(junk + ".data", "\xff");
  write(junk + ".idx", std::string(100, '\0'));
  write(wrong + ".data", texts[day + stems[0] + ".data"]);
  write(wrong + ".idx", texts[day + stems[0] + ".idx"]);
  write(day + "notes.data", "mine");
  const ScannedFiles found = scan();
  CHECK_EQUAL(1u, found.rows.size());
  CHECK(!std::filesystem::exists(empty + ".data") && !std::filesystem::exists(empty + ".idx"));
  CHECK(file_text(junk + ".data.bad") == "\xff" || file_text(junk + ".data") == "\xff");
  CHECK(file_text(wrong + ".data") == texts[day + stems[0] + ".data"]);
  CHECK(file_text(day + "notes.data") == "mine");
}

TEST(Recover, OggIsFramedWithTheHeadersOfItsIndex) {
  const auto page = [](std::uint64_t granule, std::uint32_t sequence, unsigned flags,
                       std::string_view packet) {
    Bytes out;
    const std::byte lacing[] = {static_cast<std::byte>(packet.size())};
    append_ogg_page(out, {flags, granule, 7, sequence}, lacing, std::as_bytes(std::span(packet)));
    return out;
  };
  std::string head_packet("OpusHead\1\2\0\0\x80\xbb\0\0\0\0\0", 19);
  std::string tags_packet("OpusTags\0\0\0\0\0\0\0\0", 16);
  Bytes headers = page(0, 0, 2, head_packet);
  const Bytes tags = page(0, 1, 0, tags_packet);
  headers.insert(headers.end(), tags.begin(), tags.end());
  FileHead head;
  head.span.id = {0x1122334455667788, 1};
  head.span.wall_ms = kBegin;
  head.span.media = {24'000, 48'000};
  head.content_type = "application/ogg";
  auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head));
  file.note_headers(0, headers);
  for (unsigned i = 1; i <= 10; ++i) {
    const Bytes sound = page(i * 24'000, 1 + i, 0, std::string(200, 's'));
    CHECK(file.append(sound).has_value());
    if (i == 3) CHECK(file.mark(24'000 * 4, kBegin + 2000).has_value());
  }
  const std::string data = file_text(file.path() + ".data");
  const ScannedFiles found = scan();
  CHECK_EQUAL(1u, found.rows.size());
  CHECK_EQUAL(data.size(), found.rows[0].bytes);
  CHECK(file_text(file.path() + ".data") == data);
  CHECK_EQUAL(kBegin + 5000, found.rows[0].to_ms);
}
