#include "archive/files/record.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

FileHead some_head() {
  FileHead head;
  head.span.id = {0x0102030405060708, 0x090a0b0c0d0e0f10};
  head.span.origin = 77;
  head.span.media = {44'100, 44'100};
  head.span.wall_ms = 1'795'158'000'123;
  head.span.anchored = true;
  head.span.segments = {9, 8, 7, 6000};
  head.content_type = "audio/mpeg";
  return head;
}

std::string whole_index() {
  std::string text;
  append_head(text, some_head());
  append_mark(text, {0, 44'100, 1'795'158'000'123, 0});
  Metadata title;
  title.artist = "A";
  title.title = "T";
  title.icy_block = std::string("\1x\0", 3);
  append_title(text, 5, title);
  append_mark(text, {100, 88'200, 1'795'158'001'123, 0xdeadbeef});
  append_end(text, {100, 88'200, 1'795'158'001'123, 0xdeadbeef});
  return text;
}

}  // namespace

TEST_GROUP(ArchiveRecord){};

TEST(ArchiveRecord, ChecksumIsCrc32C) {
  const std::string_view text = "123456789";
  CHECK_EQUAL(0xe3069283u, crc32c(std::as_bytes(std::span(text))));
  const auto bytes = std::as_bytes(std::span(text));
  CHECK_EQUAL(0xe3069283u, crc32c(bytes.subspan(4), crc32c(bytes.first(4))));
}

TEST(ArchiveRecord, ReadsWhatWasWritten) {
  const FileIndex index = read_index(whole_index());
  CHECK(index.bytes == whole_index().size());
  CHECK(index.ended);
  CHECK(index.head.content_type == "audio/mpeg");
  CHECK(index.head.span.id == some_head().span.id);
  CHECK(index.head.span.media == some_head().span.media);
  CHECK(index.head.span.segments == some_head().span.segments);
  CHECK_EQUAL(77u, index.head.origin());
  CHECK(index.head.span.anchored && !index.head.span.seam);
  CHECK_EQUAL(2u, index.marks.size());
  CHECK_EQUAL(100u, index.end());
  CHECK_EQUAL(1'795'158'001'123, index.to_ms());
  CHECK_EQUAL(1u, index.facts.size());
  CHECK(index.facts[0].metadata->title == "T");
  CHECK_EQUAL(3u, index.facts[0].metadata->icy_block.size());
}

TEST(ArchiveRecord, StopsAtTheFirstWrongRecordAtEveryCutAndEveryFlip) {
  const std::string text = whole_index();
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const FileIndex index = read_index(std::string_view(text).substr(0, cut));
    CHECK(index.bytes <= cut);
    CHECK(!index.ended);
  }
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string flipped = text;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    CHECK(read_index(flipped).bytes <= at);
  }
}

TEST(ArchiveRecord, KeepsCodecHeadersOfAnyLength) {
  std::string text;
  append_head(text, some_head());
  const Bytes large(200'000, std::byte{7});
  append_headers(text, 0, large);
  append_headers(text, 10, ByteSpan(large).first(3));
  const FileIndex index = read_index(text);
  CHECK_EQUAL(2u, index.facts.size());
  CHECK(*index.facts[0].headers == large);
  CHECK(index.headers_at(9)->size() == 200'000);
  CHECK(index.headers_at(10)->size() == 3);
}

TEST(ArchiveRecord, FindsMarksByTimeAndByPlace) {
  FileIndex index;
  for (unsigned i = 0; i < 5; ++i) index.marks.push_back({i * 100u, i * 10u, 1000 * i, 0});
  CHECK_EQUAL(0u, index.mark_at(-5));
  CHECK_EQUAL(2u, index.mark_at(2000));
  CHECK_EQUAL(2u, index.mark_at(2999));
  CHECK_EQUAL(4u, index.mark_at(99'999));
  CHECK_EQUAL(3u, index.mark_before(399));
}

TEST(ArchiveRecord, ReadsTheHeadAlone) {
  const std::string text = whole_index();
  const FileHead whole = read_index(text).head;
  FileHead head;
  CHECK(read_first(text, head));
  CHECK_EQUAL(whole.span.wall_ms, head.span.wall_ms);
  CHECK_EQUAL(whole.span.origin, head.span.origin);
  CHECK_EQUAL(whole.content_type, head.content_type);
  std::string front;
  append_head(front, whole);
  for (std::size_t n = 0; n < front.size(); ++n) {
    CHECK(!read_first(std::string_view(text).substr(0, n), head));
    std::string flipped = text;
    flipped[n] = static_cast<char>(flipped[n] ^ 0x10);
    CHECK(!read_first(flipped, head));
  }
}

TEST(ArchiveRecord, ReadsTheEndAlone) {
  const std::string text = whole_index();
  FileMark end;
  CHECK(read_end(text, end));
  CHECK_EQUAL(100u, end.offset);
  CHECK(!read_end(std::string_view(text).substr(0, text.size() - 1), end));
  CHECK(!read_end("", end));
}
