#include "http/response.h"

#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

struct Parsed {
  ResponseParser parser;
  std::size_t used = 0;
  std::string fault() const { return parser.fault() ? parser.fault()->what : "(none)"; }
};

Parsed parse(std::string_view wire) {
  Parsed out;
  out.used = out.parser.feed(wire);
  return out;
}
std::string fault_of(std::string_view wire) { return parse(wire).fault(); }

}  // namespace

TEST_GROUP(ResponseParser){};

TEST(ResponseParser, ReadsAnIcecastAnswer) {
  Parsed p = parse("HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name:My Name\r\n\r\nAUDIO");
  CHECK(p.parser.done());
  const Response& r = p.parser.response();
  LONGS_EQUAL(200, r.status);
  LONGS_EQUAL(0, r.version_minor);
  CHECK(!r.icy);
  STRCMP_EQUAL("OK", r.reason.c_str());
  STRCMP_EQUAL("audio/mpeg", std::string(r.headers.get("content-type")).c_str());
  STRCMP_EQUAL("My Name", std::string(r.headers.get("icy-name")).c_str());
  LONGS_EQUAL(63, p.used);
}
TEST(ResponseParser, ReadsShoutcastsFirstLine) {
  Parsed p = parse("ICY 200 OK\nicy-br:128\n\n");
  CHECK(p.parser.done());
  CHECK(p.parser.response().icy);
  LONGS_EQUAL(200, p.parser.response().status);
  STRCMP_EQUAL("128", std::string(p.parser.response().headers.get("icy-br")).c_str());
}
TEST(ResponseParser, NeedsNoReason) {
  Parsed p = parse("HTTP/1.1 404\r\n\r\n");
  CHECK(p.parser.done());
  LONGS_EQUAL(404, p.parser.response().status);
  LONGS_EQUAL(1, p.parser.response().version_minor);
  STRCMP_EQUAL("", p.parser.response().reason.c_str());
}
TEST(ResponseParser, AnySplitGivesTheSame) {
  const std::string wire = "HTTP/1.1 302 Found\r\nLocation: http://a/b\r\nX:\r\n\r\nrest";
  for (std::size_t split = 0; split < wire.size(); ++split) {
    ResponseParser parser;
    std::size_t used = parser.feed(std::string_view(wire).substr(0, split));
    used += parser.feed(std::string_view(wire).substr(used));
    CHECK(parser.done());
    LONGS_EQUAL(wire.size() - 4, used);
    STRCMP_EQUAL("http://a/b", std::string(parser.response().headers.get("location")).c_str());
    LONGS_EQUAL(1, parser.response().headers.all().size());
  }
}
TEST(ResponseParser, PassesOverLinesThatAreNoHeader) {
  Parsed p = parse(
      "ICY 200 OK\r\nno colon\r\n folded: x\r\nbad name: y\r\n: z\r\nempty:\r\ngood: "
      "\x01yes\x7f\r\n\r\n");
  CHECK(p.parser.done());
  LONGS_EQUAL(1, p.parser.response().headers.all().size());
  STRCMP_EQUAL("yes", std::string(p.parser.response().headers.get("good")).c_str());
}
TEST(ResponseParser, RefusesWhatIsNoAnswer) {
  for (const char* wire :
       {"GET / HTTP/1.0\r\n", "HTTP/2 200 OK\r\n", "HTTP/1.0\r\n", "HTTP/1.0 20 OK\r\n",
        "HTTP/1.0 2000 OK\r\n", "HTTP/1.0 abc\r\n", "HTTP/1.0 099 x\r\n", "HTTP/1.x 200 OK\r\n",
        "ICY\r\n", "ICY -12 OK\r\n", "\r\n", "x", "HTTP:", "ICE"})
    STRCMP_EQUAL("did not answer in HTTP", fault_of(wire).c_str());
  CHECK(!parse("HTT").parser.fault().has_value());
  CHECK(!parse("icy").parser.fault().has_value());
}
TEST(ResponseParser, LimitsTheHead) {
  const std::string line = "X: " + std::string(ResponseParser::kHeadBytes, 'a');
  STRCMP_EQUAL("answered with a head of more than 16384 bytes",
               fault_of("HTTP/1.0 200 OK\r\n" + line).c_str());
  std::string fits = "HTTP/1.0 200 OK\r\nX: ";
  fits += std::string(ResponseParser::kHeadBytes - fits.size() - 4, 'a') + "\r\n\r\n";
  LONGS_EQUAL(ResponseParser::kHeadBytes, fits.size());
  CHECK(parse(fits).parser.done());
  STRCMP_EQUAL("answered with a head of more than 16384 bytes",
               fault_of("HTTP/1.0 200 OK\r\nY: 1\r\n" + fits.substr(17)).c_str());
}
TEST(ResponseParser, LimitsTheHeaderLines) {
  std::string wire = "HTTP/1.0 200 OK\r\n";
  for (std::size_t i = 0; i < ResponseParser::kHeaders; ++i) wire += "a:b\n";
  CHECK(parse(wire + "\n").parser.done());
  STRCMP_EQUAL("answered with more than 128 header lines", fault_of(wire + "a:b\n").c_str());
}
TEST(ResponseParser, TakesNothingAfterAFault) {
  ResponseParser parser;
  parser.feed("nonsense");
  LONGS_EQUAL(0, parser.feed("HTTP/1.0 200 OK\r\n\r\n"));
}

TEST_GROUP(HttpUrl) {
  const HttpUrl base{true, "base.example", 8443, "/old"};

  std::string read(std::string_view text) const {
    const auto url = parse_http_url(text, base);
    if (!url) return url.error().what;
    return std::string(url->tls ? "https " : "http ") + url->host + " " +
           std::to_string(url->port) + " " + url->target;
  }
};

TEST(HttpUrl, ReadsAbsoluteAddresses) {
  STRCMP_EQUAL("http a.example 80 /", read("http://a.example").c_str());
  STRCMP_EQUAL("http a.example 8000 /x?y=1", read("HTTP://a.example:8000/x?y=1#part").c_str());
  STRCMP_EQUAL("https a 443 /x", read("https://a/x").c_str());
  STRCMP_EQUAL("https ::1 9 /", read("https://[::1]:9").c_str());
  STRCMP_EQUAL("http a 80 /?q", read("http://a?q").c_str());
  STRCMP_EQUAL("http a 80 /", read(" http://a:/ ").c_str());
}
TEST(HttpUrl, LeavesNamesAndPasswordsOut) {
  STRCMP_EQUAL("http a.example 80 /x", read("http://joe:se@kret@a.example/x").c_str());
}
TEST(HttpUrl, APathIsSeenFromTheBase) {
  STRCMP_EQUAL("https base.example 8443 /new", read("/new").c_str());
  const auto alone = parse_http_url("/new", HttpUrl{});
  CHECK(!alone.has_value());
  STRCMP_EQUAL("the address has no host", alone.error().what.c_str());
}
TEST(HttpUrl, EncodesWhatWouldSplitTheRequest) {
  STRCMP_EQUAL("http a 80 /x%20y%0D%0AHost:%20z%C3%A9%7F",
               read("http://a/x y\r\nHost: z\xc3\xa9\x7f").c_str());
  STRCMP_EQUAL("http a 80 /%20x", read("http://a/%20x").c_str());
}
TEST(HttpUrl, RefusesWhatItCannotFollow) {
  for (const char* text : {"file:///etc/passwd", "ftp://a/", "x", "//a/b", "javascript:1"})
    STRCMP_EQUAL("the address is neither http nor https", read(text).c_str());
  for (const char* text :
       {"http://", "http:///x", "http://a b/", "http://[::1", "http://a\r\nb/", "http://<a>/"})
    STRCMP_EQUAL("the host of the address is broken", read(text).c_str());
  for (const char* text : {"http://a:0/", "http://a:65536/", "http://a:99999999999/x",
                           "http://a:x/", "http://[::1]9/"})
    STRCMP_EQUAL("the port of the address is not between 1 and 65535", read(text).c_str());
  STRCMP_EQUAL("the address is empty", read("  ").c_str());
  STRCMP_EQUAL("the address is longer than 4096 bytes",
               read("http://" + std::string(4090, 'a')).c_str());
  STRCMP_EQUAL("the host of the address is broken",
               read("http://" + std::string(300, 'a')).c_str());
}
