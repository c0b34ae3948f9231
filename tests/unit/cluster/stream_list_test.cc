#include "cluster/polling/stream_list.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// "/a /b http:h:1/c", then what else was found.
std::string read(std::string_view text) {
  const auto list = parse_stream_list(text);
  if (!list) return list.error().what;
  std::string out;
  for (const ListedStream& stream : list->streams) {
    if (!out.empty()) out += ' ';
    if (!stream.host.empty())
      out += (stream.tls ? "https:" : "http:") + stream.host + ":" + std::to_string(stream.port);
    out += stream.mount;
  }
  if (list->passed_over > 0) out += " passed over " + std::to_string(list->passed_over);
  if (list->cut_off) out += " cut off";
  if (list->too_many) out += " too many";
  return out;
}

}  // namespace

TEST_GROUP(StreamList){};

TEST(StreamList, IsOnePathALine) {
  STRCMP_EQUAL("/one.mp3 /two.ogg", read("/one.mp3\r\n/two.ogg\r\n").c_str());
  STRCMP_EQUAL("/one.mp3 /two.ogg", read("/one.mp3\n\n# a comment\n/two.ogg\n").c_str());
  STRCMP_EQUAL("", read("").c_str());
}
TEST(StreamList, NamesMayBeEncodedOrNot) {
  STRCMP_EQUAL("/my x.mp3", read("/my%20x.mp3\r\n").c_str());
  STRCMP_EQUAL("/my x.mp3", read("/my x.mp3\r\n").c_str());
  STRCMP_EQUAL("/100%.mp3", read("/100%.mp3\r\n").c_str());
  STRCMP_EQUAL("/h\xc3\xb6r", read("/h%C3%B6r\r\n").c_str());
}
TEST(StreamList, QueryAndFragmentAreLost) {
  STRCMP_EQUAL("/a", read("/a?x=1\r\n").c_str());
  STRCMP_EQUAL("/a", read("/a#b\r\n").c_str());
}
TEST(StreamList, ALineMayNameAnotherServer) {
  STRCMP_EQUAL("http:10.0.0.1:8000/a", read("http://10.0.0.1:8000/a\r\n").c_str());
  STRCMP_EQUAL("http:m:80/a b", read("http://u:p@m/a%20b\r\n").c_str());
  STRCMP_EQUAL("https:m:443/a", read("HTTPS://m/a?x\r\n").c_str());
  STRCMP_EQUAL("http:::1:8000/a", read("http://[::1]:8000/a\r\n").c_str());
  STRCMP_EQUAL(" passed over 4",
               read("http://m\r\nhttp:///a\r\nhttp://m:0/a\r\nftp://m/a\r\n").c_str());
}
TEST(StreamList, PassesOverWhatIsNoMount) {
  STRCMP_EQUAL(" passed over 7",
               read("x\r\n/\r\n//a\r\n/../etc\r\n/a%00b\r\n/a%0d%0ab\r\n/b\\c\r\n").c_str());
  STRCMP_EQUAL(" passed over 8", read("/admin\r\n/admin/x\r\n/admin.cgi\r\n/a.xsl\r\n/a.m3u\r\n/"
                                      "a.xspf\r\n/a.vclt\r\n/a.pls\r\n")
                                     .c_str());
  STRCMP_EQUAL("/adminton", read("/adminton\r\n").c_str());
}
TEST(StreamList, ANameHas255BytesAtMost) {
  const std::string name = "/" + std::string(254, 'a');
  STRCMP_EQUAL(name.c_str(), read(name + "\n").c_str());
  STRCMP_EQUAL(" passed over 1", read(name + "a\n").c_str());
}
TEST(StreamList, AMountIsListedOnce) {
  STRCMP_EQUAL("/a /b", read("/a\n/b\nhttp://m/a\n/%61\n").c_str());
}
TEST(StreamList, ALineWithoutItsEndIsLeftOut) {
  STRCMP_EQUAL("/a cut off", read("/a\r\n/live").c_str());
  STRCMP_EQUAL(" cut off", read("/").c_str());
}
TEST(StreamList, HasTenThousandMountsAtMost) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "/" + std::to_string(i) + "x\n";
  const auto whole = parse_stream_list(text);
  LONGS_EQUAL(10'000, whole->streams.size());
  CHECK(!whole->too_many);
  const auto more = parse_stream_list(text + "/one-more\n");
  LONGS_EQUAL(10'000, more->streams.size());
  CHECK(more->too_many);
}
TEST(StreamList, ALineHas64KibibytesAtMost) {
  STRCMP_EQUAL("/a passed over 1", read(std::string(65'536, 'x') + "\n/a\n").c_str());
  STRCMP_EQUAL("a line of more than 65536 bytes",
               read(std::string(65'537, 'x') + "\n/a\n").c_str());
  STRCMP_EQUAL("a line of more than 65536 bytes", read("/a\n" + std::string(65'537, 'x')).c_str());
  STRCMP_EQUAL(" cut off", read(std::string(65'536, 'x')).c_str());
}
