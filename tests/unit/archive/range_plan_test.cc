#include "archive/read/range_plan.h"

#include "archive/fixture.h"
#include "archive/read/export_body.h"
#include "archive/read/warmth.h"
#include "base/cat.h"
#include "media/ogg_page.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kBegin = 1'795'132'800'000;

// The pages of an exported Ogg file: "B" begins a logical stream, "E" ends one.
class PageList final : public OggPageSink {
 public:
  explicit PageList(const std::string& pages) {
    OggPageScanner scanner(0);
    scanner.feed(as_byte_span(pages), *this);
  }
  void page(std::uint64_t, const OggPage& page) override {
    if (page.bos()) serials.push_back(page.serial());
    right = right && !serials.empty() && page.serial() == serials.back();
    text +=
        cat({page.bos() ? "B" : "", page.sequence(), ":", page.granule(), page.eos() ? "E " : " "});
  }
  std::string text;
  std::vector<std::uint32_t> serials;
  bool right = true;  // all pages have the number of the newest logical stream
};

}  // namespace

TEST_GROUP(RangePlan) {
  FakeClock clock;
  Loop loop{0, clock};
  TemporaryDirectory dir;
  std::vector<FileRow> rows;
  ReaderPool readers{{&loop}};

  // Seconds of 100 bytes each.
  void record(std::int64_t from_s, unsigned seconds, std::uint64_t origin, const char* type,
              unsigned rate = 1000, std::uint64_t id = 0x1122334455667788) {
    FileHead head;
    head.span.id = {id, 1};
    head.span.origin = origin;
    head.span.wall_ms = kBegin + from_s * 1000;
    head.span.media = {origin * 10, rate};
    head.content_type = type;
    auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head));
    for (unsigned i = 0; i < seconds; ++i) {
      const std::string text = pattern_text(origin + i * 100, origin + i * 100 + 100);
      CHECK(file.append(std::as_bytes(std::span(text))).has_value());
      CHECK(
          file.mark(origin * 10 + (i + 1) * 1000, head.span.wall_ms + (i + 1) * 1000).has_value());
    }
    FileRow row;
    row.from_ms = head.span.wall_ms;
    row.to_ms = file.last().wall_ms;
    row.bytes = file.last().offset;
    row.origin = origin;
    row.id = short_id(head.span.id);
    file.close();
    rows.push_back(row);
  }
  // A chain of Speex at 1000 Hz, whose pages have a second.
  struct Chain {
    std::uint32_t serial = 0;
    std::uint64_t granule = 0;  // at its start
    unsigned seconds = 0;
    bool headers = true;  // they are among the bytes
    std::uint32_t sequence = 1;
  };
  void record_ogg(std::int64_t from_s, std::uint64_t origin, const std::vector<Chain>& chains) {
    FileHead head;
    head.span.id = {0x1122334455667788, 1};
    head.span.origin = origin;
    head.span.wall_ms = kBegin + from_s * 1000;
    head.span.media = {0, 1000};
    head.content_type = "application/ogg";
    auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head));
    unsigned seconds = 0;
    std::uint64_t at = 0;
    for (const Chain& chain : chains) {
      Bytes first = to_bytes("Speex   "), headers;
      first.resize(80);
      first[36] = std::byte{0xe8};
      first[37] = std::byte{3};
      append_ogg_page(headers, {kOggBos, 0, chain.serial, 0}, to_bytes("\x50"), first);
      if (chain.headers) CHECK(file.append(headers).has_value());
      if (chain.headers) at += headers.size();
      file.note_headers(at, headers);
      if (chain.seconds == 0)
        CHECK(file.mark(seconds * 1000, head.span.wall_ms + seconds * 1000).has_value());
      for (unsigned i = 0; i < chain.seconds; ++i) {
        Bytes page;
        append_ogg_page(page, {0, chain.granule + (i + 1) * 1000, chain.serial, chain.sequence + i},
                        to_bytes("\x0a"), to_bytes("0123456789"));
        at += page.size();
        CHECK(file.append(page).has_value());
        if (++seconds; !file.mark(seconds * 1000, head.span.wall_ms + seconds * 1000)) FAIL("mark");
      }
    }
    FileRow row;
    row.from_ms = head.span.wall_ms;
    row.to_ms = file.last().wall_ms;
    row.bytes = file.last().offset;
    row.origin = origin;
    row.id = short_id(head.span.id);
    file.close();
    rows.push_back(row);
  }
  PageList exported(std::int64_t from_s, std::int64_t to_s) {
    const auto planned = plan(from_s, to_s);
    CHECK(planned.has_value());
    const std::string whole = read(*planned, 0, planned->size);
    for (std::uint64_t at = 0; at < planned->size; at += 41)
      CHECK(read(*planned, at, std::min<std::uint64_t>(60, planned->size - at)) ==
            whole.substr(at, 60));
    return PageList(whole);
  }
  Result<ExportPlan> plan(std::int64_t from_s, std::int64_t to_s, std::int64_t more_ms = 0) {
    return plan_export(readers, dir.path(), rows, kBegin + from_s * 1000 + more_ms,
                       kBegin + to_s * 1000 + more_ms);
  }
  std::string read(const ExportPlan& planned, std::uint64_t first, std::uint64_t length) {
    ExportBody body(dir.path(), planned, first, length, readers, loop, [] {}, {});
    std::string out;
    for (int i = 0; i < 10'000; ++i) {
      auto piece = body.next();
      using Kind = ReplySource::Piece::Kind;
      if (piece.kind == Kind::kEnd) return out;
      if (piece.kind == Kind::kBroken) return out + "(broken)";
      if (piece.kind == Kind::kWait) loop.run_once(false);
      out += piece.bytes;
      if (piece.kind == Kind::kFile) {
        std::string part(piece.length, '\0');
        CHECK(::pread(piece.fd, part.data(), part.size(), static_cast<off_t>(piece.offset)) ==
              static_cast<ssize_t>(part.size()));
        out += part;
      }
    }
    return out + "(endless)";
  }
};

TEST(RangePlan, RangesAreWholeSecondsOverFiles) {
  record(0, 10, 0, "audio/aac");
  record(10, 10, 1000, "audio/aac");
  const auto planned = plan(5, 15, 500);
  CHECK(planned.has_value());
  CHECK_EQUAL(2u, planned->pieces.size());
  CHECK_EQUAL(1100u, planned->size);
  CHECK_EQUAL(kBegin + 5000, planned->from_ms);
  CHECK_EQUAL(kBegin + 16'000, planned->to_ms);
  CHECK(planned->settled);
  CHECK(read(*planned, 0, planned->size) == pattern_text(500, 1600));
}

TEST(RangePlan, PartsTogetherAreTheWhole) {
  record(0, 10, 0, "audio/aac");
  record(10, 10, 1000, "audio/aac");
  const auto planned = plan(2, 18);
  const std::string whole = read(*planned, 0, planned->size);
  for (std::uint64_t at = 0; at < planned->size; at += 137)
    CHECK(read(*planned, at, std::min<std::uint64_t>(200, planned->size - at)) ==
          whole.substr(at, 200));
}

TEST(RangePlan, AFileThatBeginsEarlierThanItsPredecessorEndsIsNotRepeated) {
  record(0, 10, 0, "audio/aac");
  record(8, 10, 800, "audio/aac");
  const auto planned = plan(0, 18);
  CHECK(read(*planned, 0, planned->size) == pattern_text(0, 1800));
}

TEST(RangePlan, AHoleIsPassedOverAndAnotherKindIsTheEnd) {
  record(0, 10, 0, "audio/aac");
  record(100, 10, 0, "audio/aac", 1000, 0x9900000000000000);
  record(200, 10, 0, "audio/aac", 2000, 0x8800000000000000);
  const auto planned = plan(5, 205);
  CHECK_EQUAL(2u, planned->pieces.size());
  CHECK_EQUAL(1500u, planned->size);
}

TEST(RangePlan, AnotherNameOfTheFormatGoesOnAndAnotherFormatIsTheEnd) {
  record(0, 10, 0, "audio/aac");
  record(10, 10, 1000, "audio/aacp");
  record(20, 10, 2000, "audio/mpeg");
  const auto planned = plan(5, 25);
  CHECK_EQUAL(2u, planned->pieces.size());
  CHECK_EQUAL(1500u, planned->size);
}

TEST(RangePlan, NothingIsNotFound) {
  CHECK(!plan(0, 10).has_value());
  record(0, 10, 0, "audio/aac");
  CHECK(!plan(100, 110).has_value());
  CHECK(!plan(-100, -50).has_value());
}

TEST(RangePlan, AFileThatIsGoneBreaksTheBody) {
  record(0, 10, 0, "audio/aac");
  const auto planned = plan(0, 10);
  std::filesystem::remove_all(dir.path() + "/%2Fm");
  readers.let_go("/m", rows);
  CHECK(read(*planned, 0, planned->size) == "(broken)");
}

TEST(RangePlan, WhatWasJustWrittenIsWarm) {
  record(0, 10, 0, "audio/aac");
  const auto file = load_archive_file(dir.path(), "/m", rows[0]);
  CHECK(file.has_value());
  CHECK(is_warm((*file)->fd(), 0, 1000));
  CHECK(read_view(*(*file)->view, 0) == pattern_text(0, 1000));
}

TEST(RangePlan, AnInfoFrameTellsFramesAndBytes) {
  // MPEG 1 layer III, 128 kbit/s, 44.1 kHz, stereo.
  const Bytes head = to_bytes(std::string_view("\xff\xfb\x90\x00", 4));
  const std::string frame = make_info_frame(head, 41'700, 115'200, {{0, 0}, {20'850, 57'600}});
  CHECK(frame.substr(0, 2) == "\xff\xfb");
  CHECK(frame.substr(36, 8) == std::string("Xing\0\0\0\7", 8));
  CHECK(frame.substr(44, 4) == std::string("\0\0\0\x64", 4));
  // The table of contents, also between the points.
  const auto toc = [&](std::size_t i) { return static_cast<unsigned char>(frame[52 + i]); };
  CHECK_EQUAL(64, static_cast<int>(toc(25)));
  CHECK_EQUAL(128, static_cast<int>(toc(50)));
  CHECK_EQUAL(192, static_cast<int>(toc(75)));
  CHECK_EQUAL(0, static_cast<int>(make_info_frame(to_bytes("\xff\xf1\x50\x80"), 1, 1, {}).size()));
}

TEST(RangePlan, OggPagesBeginAtZeroAndEnd) {
  std::vector<std::byte> pages;
  const Bytes lacing = to_bytes("\x0a"), body = to_bytes("0123456789");
  for (std::uint32_t i = 0; i < 3; ++i)
    append_ogg_page(pages, {0, 5000 + i * 100u, 7, 40 + i}, lacing, body);
  const OggRun run = ogg_run_at(pages);
  CHECK_EQUAL(7u, run.serial);
  CHECK_EQUAL(5100u, run.second_granule);
  const std::size_t size = pages.size() / 3;
  const OggPatch patch{0, {{7, 8, 4900, 40, 3}}};
  std::string out;
  CHECK_EQUAL(pages.size(), patch_ogg(pages, 0, {&patch, 1}, 2 * size, out));
  const OggTail tail = ogg_tail(to_bytes(out), 0, 8);
  CHECK_EQUAL(300u, tail.granule);
  CHECK_EQUAL(2 * size, tail.page);
  CHECK_EQUAL(3u, ogg_run_at(to_bytes(out)).first_sequence);
  CHECK_EQUAL(4, static_cast<int>(out[2 * size + 5]));
}

TEST(RangePlan, EachChainOfOggHasItsOwnTime) {
  // The second one goes on with the time of the first, as after a title of this server.
  record_ogg(0, 0, {{7, 90'000, 4}, {8, 94'000, 4}, {9, 0, 4}});
  const PageList pages = exported(1, 12);
  CHECK(pages.right);
  STRCMP_EQUAL(
      "B0:0 1:1000 2:2000 B0:0 1:1000 2:2000 3:3000 4:4000 "
      "B0:0 1:1000 2:2000 3:3000 4:4000E ",
      pages.text.c_str());
}

TEST(RangePlan, ChainsOfOggWithOneSerialNumberGetTwo) {
  record_ogg(0, 0, {{7, 50'000, 4, true, 60}, {7, 0, 4}});
  const PageList pages = exported(1, 8);
  CHECK(pages.right);
  STRCMP_EQUAL("B0:0 1:1000 2:2000 B0:0 1:1000 2:2000 3:3000 4:4000E ", pages.text.c_str());
  CHECK(pages.serials[0] != pages.serials[1]);
}

TEST(RangePlan, AChainOfOggMayBeginWhereAFileEnds) {
  record_ogg(0, 0, {{7, 50'000, 4, true, 60}, {7, 54'000, 0}});
  record_ogg(4, rows[0].bytes, {{7, 54'000, 4, false}});
  const PageList pages = exported(1, 8);
  CHECK(pages.right);
  STRCMP_EQUAL("B0:0 1:1000 2:2000 B0:0 1:1000 2:2000 3:3000 4:4000E ", pages.text.c_str());
}

TEST(RangePlan, AHoleInAStreamOfOggIsTheEndOfItsSerialNumber) {
  record_ogg(0, 0, {{7, 50'000, 4}});
  record_ogg(20, 10'000, {{7, 70'000, 4, false, 21}});
  const PageList pages = exported(0, 24);
  CHECK(pages.right);
  STRCMP_EQUAL("B0:0 1:1000 2:2000 3:3000 4:4000E B0:0 1:1000 2:2000 3:3000 4:4000E ",
               pages.text.c_str());
  CHECK(pages.serials[0] != pages.serials[1]);
}

TEST(RangePlan, PicturesAndSoundOfOggBeginAtOneMoment) {
  Bytes theora = to_bytes("\x80theora"), speex = to_bytes("Speex   "), headers, media;
  theora.resize(42);
  theora[25] = std::byte{25};  // frames …
  theora[29] = std::byte{1};   // … a second
  theora[41] = std::byte{6 << 5};
  speex.resize(80);
  speex[37] = std::byte{0x40};  // 16,384 Hz
  append_ogg_page(headers, {kOggBos, 0, 1, 0}, to_bytes("\x2a"), theora);
  append_ogg_page(headers, {kOggBos, 0, 2, 0}, to_bytes("\x50"), speex);
  // The key frame of 100.00 s, and the sound from 100.5 s.
  append_ogg_page(media, {0, 2501 << 6, 1, 9}, to_bytes("\x01"), to_bytes("k"));
  append_ogg_page(media, {0, 16'384 * 101, 2, 5}, to_bytes("\x01"), to_bytes("s"));
  append_ogg_page(media, {0, 16'384 * 203 / 2, 2, 6}, to_bytes("\x01"), to_bytes("s"));
  const auto granules = OggChain(headers).granules_at(media);
  CHECK_EQUAL(2500u << 6, granules[0]);
  CHECK_EQUAL(16'384u * 100, granules[1]);
}
