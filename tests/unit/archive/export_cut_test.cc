#include "archive/read/export_cut.h"

#include <cstdlib>

#include "archive/fixture.h"
#include "archive/read/export_body.h"
#include "archive/read/stream_start.h"

using namespace lb;
using namespace lb::test;

namespace {

constexpr std::int64_t kCutBegin = 1'795'132'800'000;
constexpr unsigned kCutRate = 1000;

// What an exported Ogg file is made of.
class PacketCounter final : public OggPageSink {
 public:
  explicit PacketCounter(const std::string& text) {
    OggPageScanner scanner(0);
    scanner.feed(as_byte_span(text), *this);
  }
  void page(std::uint64_t, const OggPage& page) override {
    torn = torn || (!page.lacing().empty() && page.continued() != open_);
    for (const std::byte one : page.lacing()) packets += one < std::byte{255} ? 1 : 0;
    if (!page.lacing().empty()) open_ = page.lacing().back() == std::byte{255};
    numbers = numbers && page.sequence() == pages;
    ++pages;
    if (page.granule() != kOggNoGranule) granule = page.granule();
    ended = page.eos();
  }
  void between(ByteSpan) override { junk = true; }
  unsigned packets = 0, pages = 0;
  std::uint64_t granule = 0;
  bool torn = false, ended = false, junk = false, numbers = true;

 private:
  bool open_ = false;
};

}  // namespace

// Packets of 100 samples and 300 bytes; pages of 1050 samples: each second one begins within a
// packet, as those of FLAC do.
TEST_GROUP(ExportCut) {
  TemporaryDirectory dir;
  FakeClock clock;
  Loop loop{0, clock};
  ReaderPool readers{{&loop}};
  std::vector<FileRow> rows;

  Bytes header_pages() const {
    Bytes out;
    append_ogg_page(out, {kOggBos, 0, 7, 0}, to_bytes("\x04"), to_bytes("head"));
    return out;
  }
  void record(unsigned pages, unsigned pages_a_mark) {
    FileHead head;
    head.span.id = {0x1122334455667788, 1};
    head.span.wall_ms = kCutBegin;
    head.span.media = {0, kCutRate};
    head.content_type = "application/ogg";
    auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head));
    file.note_headers(0, header_pages());
    const auto granule_of = [](unsigned page) { return page / 2 * 2100u + (page % 2) * 1000u; };
    for (unsigned i = 0; i < pages; ++i) {
      // Even pages: ten packets and half of one; odd ones: its rest and ten packets.
      Bytes lacing, packet(300, std::byte{'p'});
      for (int n = 0; n < 10; ++n)
        for (const unsigned value : {255u, 45u}) lacing.push_back(static_cast<std::byte>(value));
      Bytes body(3000, std::byte{'p'});
      const std::size_t part = i % 2 == 0 ? 255 : 45;
      if (i % 2 == 0)
        lacing.push_back(std::byte{255});
      else
        lacing.insert(lacing.begin(), std::byte{45});
      body.resize(body.size() + part, std::byte{'q'});
      Bytes page;
      append_ogg_page(page, {i % 2 == 0 ? 0u : kOggContinued, granule_of(i + 1), 7, 50 + i}, lacing,
                      body);
      CHECK(file.append(page).has_value());
      // A mark has the time at which its page, the next one, ends.
      if ((i + 1) % pages_a_mark == 0)
        CHECK(file.mark(granule_of(i + 2), kCutBegin + granule_of(i + 2) - 1000).has_value());
    }
    FileRow row;
    row.from_ms = head.span.wall_ms;
    row.to_ms = file.last().wall_ms;
    row.bytes = file.last().offset;
    row.id = short_id(head.span.id);
    file.close();
    rows.push_back(row);
  }
  void add_row(SegmentFile & file) {
    FileRow row;
    row.from_ms = file.head().span.wall_ms;
    row.to_ms = file.last().wall_ms;
    row.bytes = file.last().offset;
    row.origin = file.head().span.origin;
    row.id = short_id(file.head().span.id);
    file.close();
    rows.push_back(row);
  }
  SegmentFile begin_torn(std::uint64_t origin, std::uint64_t samples) {
    FileHead head;
    head.span.id = {0x1122334455667788, 1};
    head.span.origin = origin;
    head.span.wall_ms = kCutBegin + static_cast<std::int64_t>(samples);
    head.span.media = {samples, kCutRate};
    head.content_type = "application/ogg";
    auto file = std::move(*SegmentFile::create(dir.path() + "/%2Fm", head));
    file.note_headers(0, header_pages());
    return file;
  }
  // Pages [first, end) of a stream whose pages all begin within a packet and end within one: the
  // rest of it, four packets of 100 samples, and the beginning of another.  Media time is counted
  // from the first page's end.  A mark a page.
  void record_torn(unsigned first, unsigned end, unsigned origin_pages) {
    constexpr std::size_t kTornPage = 27 + 10 + 45 + 4 * 300 + 255;
    const auto samples_of = [](unsigned page) { return page * 500u; };
    SegmentFile file = begin_torn(origin_pages * kTornPage, samples_of(first));
    for (unsigned i = first; i < end; ++i) {
      Bytes lacing{std::byte{45}};
      for (int n = 0; n < 4; ++n)
        for (const unsigned value : {255u, 45u}) lacing.push_back(static_cast<std::byte>(value));
      lacing.push_back(std::byte{255});
      Bytes page;
      append_ogg_page(page, {kOggContinued, 50'000 + samples_of(i), 7, 50 + i}, lacing,
                      Bytes(45 + 4 * 300 + 255, std::byte{'p'}));
      CHECK(file.append(page).has_value());
      CHECK(file.mark(samples_of(i + 1), kCutBegin + samples_of(i + 1)).has_value());
    }
    add_row(file);
  }
  // Packets of 500 samples on two pages each; marks where they begin.
  void record_huge(unsigned packets) {
    SegmentFile file = begin_torn(0, 0);
    for (unsigned i = 0; i < packets; ++i) {
      Bytes page;
      append_ogg_page(page, {0, kOggNoGranule, 7, 50 + 2 * i}, Bytes(255, std::byte{255}),
                      Bytes(255 * 255, std::byte{'p'}));
      append_ogg_page(page, {kOggContinued, 90'000 + 500u * (i + 1), 7, 51 + 2 * i},
                      Bytes{std::byte{9}}, Bytes(9, std::byte{'q'}));
      CHECK(file.append(page).has_value());
      CHECK(file.mark(500u * (i + 1), kCutBegin + 500 * (i + 1)).has_value());
    }
    add_row(file);
  }
  std::string exported(std::int64_t from_ms, std::int64_t to_ms) {
    auto plan = plan_export(readers, dir.path(), rows, kCutBegin + from_ms, kCutBegin + to_ms);
    CHECK(plan.has_value());
    const std::uint64_t size = plan->size;
    ExportBody body(dir.path(), std::move(*plan), 0, size, readers, loop, [] {}, {});
    std::string out;
    using Kind = ReplySource::Piece::Kind;
    for (auto piece = body.next(); piece.kind != Kind::kEnd; piece = body.next()) {
      CHECK(piece.kind != Kind::kBroken && piece.kind != Kind::kFile);
      if (piece.kind == Kind::kWait) loop.run_once(false);
      out += piece.bytes;
    }
    CHECK_EQUAL(size, out.size());
    return out;
  }
};

TEST(ExportCut, RangesOfOggAreWholePackets) {
  record(40, 2);
  for (const std::int64_t from : {1'000, 2'150, 3'333, 7'950})
    for (const std::int64_t length : {300, 1'000, 1'170, 5'040, 20'000}) {
      const PacketCounter found(exported(from, from + length));
      CHECK(!found.torn && !found.junk && found.ended && found.numbers);
      CHECK_EQUAL(100u * (found.packets - 1), found.granule);
      CHECK(found.granule >= static_cast<std::uint64_t>(length));
      CHECK(found.granule <= static_cast<std::uint64_t>(length) + 310);
    }
}
TEST(ExportCut, MarksMayBeFarApart) {
  record(40, 14);
  const PacketCounter found(exported(5'040, 6'960));
  CHECK(!found.torn && !found.junk && found.ended && found.numbers);
  CHECK(found.granule >= 1'920 && found.granule <= 2'230);
}
TEST(ExportCut, PagesMayAllBeginWithinAPacket) {
  record_torn(0, 30, 0);
  for (const std::int64_t from : {0, 40, 1'030, 7'777})
    for (const std::int64_t length : {400, 1'000, 5'040}) {
      const PacketCounter found(exported(from, from + length));
      CHECK(!found.torn && !found.junk && found.ended && found.numbers);
      CHECK_EQUAL(100u * (found.packets - 1), found.granule);
      CHECK(found.granule >= static_cast<std::uint64_t>(length));
      CHECK(found.granule <= static_cast<std::uint64_t>(length) + 350);
    }
}
TEST(ExportCut, AMomentOnTheFirstPageOfAFileIsFoundThere) {
  // The time of a file begins where its first page ends.
  record_torn(0, 10, 0);
  record_torn(10, 20, 10);
  for (const std::int64_t from : {4'710, 4'950, 5'190})
    for (const std::int64_t length : {1'000, 2'000}) {
      const PacketCounter found(exported(from, from + length));
      CHECK(!found.torn && !found.junk && found.ended && found.numbers);
      CHECK(found.granule >= static_cast<std::uint64_t>(length));
      CHECK(found.granule <= static_cast<std::uint64_t>(length) + 210);
    }
  for (const std::int64_t to : {4'710, 4'950, 5'190}) {
    const PacketCounter found(exported(to - 2'000, to));
    CHECK(!found.torn && !found.junk && found.ended && found.numbers);
    CHECK(found.granule >= 2'000 && found.granule <= 2'210);
  }
}
TEST(ExportCut, APageOnWhichNoPacketEndsMayBeTheMark) {
  record_huge(20);
  for (const std::int64_t from : {0, 300, 3'050})
    for (const std::int64_t length : {100, 1'000, 4'040}) {
      const PacketCounter found(exported(from, from + length));
      CHECK(!found.torn && !found.junk && found.ended && found.numbers);
      CHECK_EQUAL(500u * found.packets - 500, found.granule);
      CHECK(found.granule >= static_cast<std::uint64_t>(length));
      CHECK(found.granule <= static_cast<std::uint64_t>(length) + 1'000);
    }
}
TEST(ExportCut, AStreamBeginsWithThePacketOfItsMoment) {
  record_torn(0, 10, 0);
  record_torn(10, 20, 10);
  PastReading reading(readers, dir.path(), "/m");
  const auto first = reading.open(rows[0]), second = reading.open(rows[1]);
  for (const std::int64_t ms : {700, 1'234, 4'550, 4'950}) {
    const StreamStart start = start_at(reading, first, second, kCutBegin + ms);
    POINTERS_EQUAL((ms < 4'600 ? first : second).get(), start.file.get());
    CHECK(start.wall_ms <= kCutBegin + ms && start.wall_ms > kCutBegin + ms - 210);
    const FirstPage page(start.lead);
    CHECK(!page.empty() && !page.get().continued());
    if (start.offset == start.file->end()) continue;
    // The next page goes on with the packet that does not end there.
    const FirstPage next(reading.read(*start.file, start.offset, start.offset + 70'000));
    CHECK_EQUAL(page.get().sequence() + 1, next.get().sequence());
    CHECK(next.get().continued());
  }
}
TEST(ExportCut, APageThatClaimsAnyTimeIsNotFarFromItsMark) {
  constexpr std::int64_t kDayMs = 86'400'000;
  for (const std::uint64_t claimed : {1ull << 55, (1ull << 63) + (1ull << 55), ~0ull - 1}) {
    SegmentFile file = begin_torn(0, 0);
    for (const std::uint64_t granule : {std::uint64_t{90'000}, claimed}) {
      Bytes page;
      append_ogg_page(page, {0, granule, 7, 50}, Bytes{std::byte{9}}, Bytes(9, std::byte{'p'}));
      CHECK(file.append(page).has_value());
      CHECK(file.mark(500, kCutBegin + 500).has_value());
    }
    rows.clear();
    add_row(file);
    PastReading reading(readers, dir.path(), "/m");
    for (const CutSide side : {CutSide::kBegin, CutSide::kEnd}) {
      const OggCut cut = cut_at_packet(reading, *reading.open(rows[0]), kCutBegin + 400, side);
      CHECK(!cut.found || std::abs(cut.wall_ms - kCutBegin) <= kDayMs);
    }
  }
}
TEST(ExportCut, FilesAreSharedWhileTheyAreRead) {
  record(10, 2);
  const auto first = readers.open(dir.path(), "/m", rows[0]);
  CHECK(first != nullptr);
  CHECK(readers.open(dir.path(), "/m", rows[0]) == first);
}
TEST(ExportCut, TheFilesThatWereReadLastStayOpenUntilTheyAreRemoved) {
  record(10, 2);
  const std::weak_ptr<const ArchiveFile> held = readers.open(dir.path(), "/m", rows[0]);
  CHECK(!held.expired());
  readers.let_go("/m", rows);
  CHECK(held.expired());
}
