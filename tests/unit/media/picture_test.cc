#include "media/picture.h"

#include <string>

#include "base/encoding.h"
#include "base/random.h"
#include "media/builders.h"
#include "media/framer.h"
#include "media/picture_tags.h"
#include "media/recorder.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::string_literals;

namespace {

std::string big(std::uint64_t value, std::size_t size) {
  std::string out;
  for (std::size_t i = size; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}
std::string png(unsigned width, unsigned height) {
  return "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"s + big(width, 4) + big(height, 4) + "\x08\2\0\0\0"s;
}
std::string jpeg(unsigned width, unsigned height, const std::string& before = {}) {
  return "\xff\xd8"s + before + "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"s + "\xff\xc0\0\x11\x08"s +
         big(height, 2) + big(width, 2) + "\3\1\x22\0\2\x11\1\3\x11\1"s;
}
std::string webp(const std::string& chunk) {
  return "RIFF\x40\0\0\0WEBP"s + chunk + std::string(20, 'x');
}

std::string judged(const std::string& bytes) {
  const auto type = judge_picture(as_byte_span(bytes));
  return type ? std::string(media_type(*type)) : type.error().what;
}
std::string size_of(const std::string& bytes) {
  const auto type = picture_type(as_byte_span(bytes));
  const auto size = type ? picture_size(*type, as_byte_span(bytes)) : std::nullopt;
  return size ? std::to_string(size->width) + "x" + std::to_string(size->height) : "none";
}

std::string block(unsigned type, const std::string& bytes, const std::string& mime = "image/png") {
  return big(type, 4) + big(mime.size(), 4) + mime + big(5, 4) + "cover" + std::string(16, '\0') +
         big(bytes.size(), 4) + bytes;
}
std::string comment_of(const std::string& block) {
  return "metadata_block_picture=" + base64_encode(block);
}
std::string id3(const std::string& frames, char version = 3, char flags = 0) {
  std::string size;
  for (int i = 3; i >= 0; --i) size += static_cast<char>(frames.size() >> (7 * i) & 0x7f);
  return "ID3"s + version + '\0' + flags + size + frames;
}
std::string frame(const std::string& name, const std::string& body) {
  return name + big(body.size(), 4) + "\0\0"s + body;
}
std::string apic(const std::string& bytes, char type = 3) {
  return frame("APIC", "\0image/png\0"s + type + "cover\0"s + bytes);
}

struct PictureSink final : MarkSink {
  void sync(std::uint64_t, UnitTime) override {}
  void clock(std::uint64_t, unsigned) override {}
  void start(std::uint64_t) override {}
  void headers(std::uint64_t, Bytes) override {}
  void metadata(std::uint64_t, Metadata) override {}
  void codec(const CodecFacts&) override {}
  void picture(StreamPicture picture) override { pictures.push_back(std::move(picture)); }
  std::vector<StreamPicture> pictures;
};
std::vector<StreamPicture> pictures_in(const FramerPlugin& plugin, const std::string& bytes,
                                       std::size_t piece) {
  PictureSink sink;
  const auto framer = plugin.make(0, {});
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    framer->consume(as_byte_span(std::string_view(bytes).substr(at, piece)), sink);
  return sink.pictures;
}

}  // namespace

TEST_GROUP(Picture){};

TEST(Picture, IsKnownByItsFirstBytes) {
  STRCMP_EQUAL("image/png", judged(png(300, 200)).c_str());
  STRCMP_EQUAL("image/jpeg", judged(jpeg(300, 200)).c_str());
  STRCMP_EQUAL("image/webp", judged(webp("VP8X\x0a\0\0\0\0\0\0\0"s + "\x2b\1\0\xc7\0\0"s)).c_str());
  for (const std::string& other : {"<svg xmlns='http://www.w3.org/2000/svg'/>"s, "GIF89a\1\1"s,
                                   "<html>"s, ""s, "\xff\xd8"s, "RIFF"s})
    STRCMP_EQUAL("it is not a JPEG, PNG or WebP by its first bytes", judged(other).c_str());
}
TEST(Picture, ItsHeadersSayHowLargeItIs) {
  STRCMP_EQUAL("300x200", size_of(png(300, 200)).c_str());
  STRCMP_EQUAL("300x200", size_of(jpeg(300, 200)).c_str());
  STRCMP_EQUAL("300x200", size_of(jpeg(300, 200, "\xff\xe1\0\5abc\xff"s)).c_str());
  STRCMP_EQUAL("300x200", size_of(webp("VP8X\x0a\0\0\0\0\0\0\0"s + "\x2b\1\0\xc7\0\0"s)).c_str());
  STRCMP_EQUAL("300x200", size_of(webp("VP8L\x0a\0\0\0\x2f\x2b\xc1\x31\0"s)).c_str());
  STRCMP_EQUAL("300x200", size_of(webp("VP8 \x0a\0\0\0abc\x9d\1\x2a\x2c\1\xc8\0"s)).c_str());
}
TEST(Picture, OneThatIsTooLargeOrTooSmallIsRefusedWithTheNumber) {
  STRCMP_EQUAL("it has 15 x 200 pixels; 16 to 4096 each are shown", judged(png(15, 200)).c_str());
  STRCMP_EQUAL("it has 200 x 4097 pixels; 16 to 4096 each are shown",
               judged(jpeg(200, 4097)).c_str());
  STRCMP_EQUAL("it has 4294967295 x 16 pixels; 16 to 4096 each are shown",
               judged(png(0xffffffff, 16)).c_str());
  STRCMP_EQUAL("it has 524289 bytes, the most are 524288",
               judged(png(16, 16) + std::string(524289 - png(16, 16).size(), 'x')).c_str());
}
TEST(Picture, BytesThatBreakOffOrLieAreNone) {
  for (const std::string& whole :
       {png(300, 200), jpeg(300, 200), webp("VP8X\x0a\0\0\0\0\0\0\0"s + "\x2b\1\0\xc7\0\0"s)})
    for (std::size_t n = 0; n < whole.size(); ++n) judged(whole.substr(0, n));
  STRCMP_EQUAL("none", size_of("\xff\xd8\xff\xda\0\2"s).c_str());
  STRCMP_EQUAL("none", size_of("\xff\xd8\xff\xe0\0\1\xff\xc0"s).c_str());
  STRCMP_EQUAL("none", size_of("\xff\xd8\xff\xe0\xff\xff"s).c_str());
  Rng rng(7);
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = i % 2 == 0 ? jpeg(300, 200) : png(300, 200);
    for (int j = 0; j < 4; ++j) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    judged(bytes);
  }
}

TEST_GROUP(PictureTags){};

TEST(PictureTags, TheFrontCoverOfCommentsCountsElseTheFirst) {
  const auto in = [](std::initializer_list<std::string> list) {
    return picture_in_comments(as_byte_span(comments(list)));
  };
  STRCMP_EQUAL("B", in({"TITLE=x", comment_of(block(0, "A")), comment_of(block(3, "B"))}).c_str());
  STRCMP_EQUAL("A", in({comment_of(block(0, "A")), comment_of(block(4, "B"))}).c_str());
  STRCMP_EQUAL("", in({"TITLE=x", "METADATA_BLOCK_PICTURE=!", "METADATA_BLOCK_PICTURE"}).c_str());
  STRCMP_EQUAL("", in({comment_of(block(3, "A").substr(0, 20))}).c_str());
  const std::string liar = big(3, 4) + big(0xffffffff, 4) + "image/png";
  STRCMP_EQUAL("", in({comment_of(liar)}).c_str());
}
TEST(PictureTags, Id3HasItsPictureAndItsSong) {
  const auto in = [](const std::string& tag) { return picture_in_id3(as_byte_span(tag)); };
  const std::string texts = frame("TIT2", "\3Tune") + frame("TPE1",
                                                            "\1\xff\xfe"
                                                            "B\0\0\0"s);
  const StreamPicture found = in(id3(texts + apic("A", 0) + apic("P") + std::string(30, '\0')));
  STRCMP_EQUAL("P", found.bytes.c_str());
  STRCMP_EQUAL("B - Tune", found.song.c_str());
  STRCMP_EQUAL("", in(id3(apic("P"))).song.c_str());
  STRCMP_EQUAL("P", in(id3("PIC\0\0\7\0PNG\3\0P"s, 2)).bytes.c_str());
  // A zero was put in behind 0xff, which sizes do not count.
  std::string spread = frame("APIC", "\0i\0\3\0\xff\xd8"s);
  spread.insert(spread.size() - 1, 1, '\0');
  STRCMP_EQUAL("\xff\xd8", in(id3(spread, 3, '\x80')).bytes.c_str());
}
TEST(PictureTags, ATagThatLiesHasNone) {
  Rng rng(9);
  const std::string whole = id3(frame("TIT2", "\3Tune") + apic("P"));
  for (std::size_t n = 0; n < whole.size(); ++n) picture_in_id3(as_byte_span(whole.substr(0, n)));
  for (int i = 0; i < 3000; ++i) {
    std::string bytes = whole;
    for (int j = 0; j < 4; ++j) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
    picture_in_id3(as_byte_span(bytes));
    read_picture_block(as_byte_span(bytes));
    picture_in_comments(as_byte_span(bytes));
  }
  STRCMP_EQUAL("", picture_in_id3(as_byte_span(id3("APIC\xff\xff\xff\xff\0\0"s))).bytes.c_str());
}
TEST(PictureTags, FramersReportThemInAnyPieces) {
  OggWriter w(1);
  const std::string ogg =
      opus_headers(w, {"TITLE=Tune", comment_of(block(3, "P"))}) + w.page({"\x04xy"}, 960);
  const std::string frame_bytes = "\xff\xfb\x90\0"s + std::string(413, '\0');
  const std::string mpeg = frame_bytes + frame_bytes + id3(apic("P")) + frame_bytes + frame_bytes;
  for (const std::size_t piece : {1U, 7U, 400U, 100'000U}) {
    auto found = pictures_in(framer_for("audio/ogg"), ogg, piece);
    LONGS_EQUAL(1, found.size());
    STRCMP_EQUAL("Tune", found[0].song.c_str());
    STRCMP_EQUAL("P", found[0].bytes.c_str());
    found = pictures_in(framer_for("audio/mpeg"), mpeg, piece);
    LONGS_EQUAL(1, found.size());
    STRCMP_EQUAL("P", found[0].bytes.c_str());
  }
}
