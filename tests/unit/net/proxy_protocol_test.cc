#include "net/address/proxy_protocol.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::literals;

namespace {

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;

std::string block(int command, int family, std::string_view body, int size = -1) {
  const auto length = size < 0 ? body.size() : static_cast<std::size_t>(size);
  std::string out(kSignature);
  out += static_cast<char>(command);
  out += static_cast<char>(family);
  out += static_cast<char>(length >> 8);
  out += static_cast<char>(length & 0xff);
  return out + std::string(body);
}

const std::string kFour =
    "\xcb\x00\x71\x07\x7f\x00\x00\x01\x12\x34\x1f\x40"s;  // 203.0.113.7:4660 → 127.0.0.1:8000
const std::string kSix =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"s + std::string(16, '\x01') + "\x12\x34\x1f\x40"s;

std::string addition(int type, std::string_view value) {
  std::string out;
  out += static_cast<char>(type);
  out += static_cast<char>(value.size() >> 8);
  out += static_cast<char>(value.size() & 0xff);
  return out + std::string(value);
}

struct Read {
  ProxyHeader header;
  std::size_t used;
};
Read read(std::string_view bytes) {
  Read result{};
  result.used = result.header.feed(bytes);
  return result;
}
ProxyHeader::Status status_of(std::string_view bytes) { return read(bytes).header.status(); }
constexpr auto kMore = ProxyHeader::Status::kMore;
constexpr auto kDone = ProxyHeader::Status::kDone;
constexpr auto kBad = ProxyHeader::Status::kBad;

}  // namespace

TEST_GROUP(ProxyHeader){};

TEST(ProxyHeader, ReadsALineOfVersion1AndNothingBehindIt) {
  const auto [header, used] =
      read("PROXY TCP4 203.0.113.7 192.0.2.1 4660 8000\r\nGET / HTTP/1.0\r\n");
  CHECK(header.status() == kDone);
  LONGS_EQUAL(44, used);
  STRCMP_EQUAL("203.0.113.7", header.client()->ip().c_str());
  LONGS_EQUAL(4660, header.client()->port());
  CHECK(!header.secure());
}
TEST(ProxyHeader, ReadsIpv6InVersion1) {
  const auto [header, used] = read("PROXY TCP6 2001:db8::2 ::1 1 2\r\n");
  CHECK(header.status() == kDone);
  STRCMP_EQUAL("2001:db8::2", header.client()->ip().c_str());
}
TEST(ProxyHeader, UnknownIsTheBalancerItself) {
  for (const char* line :
       {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff:f...f:ffff ffff 65535 65535\r\n"}) {
    const auto [header, used] = read(line);
    CHECK(header.status() == kDone);
    CHECK(!header.client().has_value());
    LONGS_EQUAL(std::string_view(line).size(), used);
  }
}
TEST(ProxyHeader, RefusesBrokenLines) {
  for (const char* line :
       {"PROXY TCP4 203.0.113.7 192.0.2.1 4660\r\n",
        "PROXY TCP4 203.0.113.7 192.0.2.1 4660 8000 9\r\n",
        "PROXY TCP4 203.0.113.7 192.0.2.1 4660 65536\r\n",
        "PROXY TCP4 203.0.113.7 192.0.2.1 -1 1\r\n", "PROXY TCP4 203.0.113.300 192.0.2.1 1 1\r\n",
        "PROXY TCP4 203.0.113.7 nobody 1 1\r\n", "PROXY TCP4 2001:db8::2 ::1 1 1\r\n",
        "PROXY TCP6 203.0.113.7 192.0.2.1 1 1\r\n", "PROXY TCP4 203.0.113.7 ::1 1 1\r\n",
        "PROXY TCP5 203.0.113.7 192.0.2.1 1 1\r\n", "PROXY \r\n",
        "PROXY  TCP4 203.0.113.7 192.0.2.1 1 1\r\n", "proxy TCP4 203.0.113.7 192.0.2.1 1 1\r\n",
        "GET / HTTP/1.0\r\n", "\x16\x03\x01", "X"})
    CHECK_TEXT(status_of(line) == kBad, line);
}
TEST(ProxyHeader, ALineIsAtMost107BytesLong) {
  const std::string start = "PROXY UNKNOWN ";
  CHECK(status_of(start + std::string(107 - 2 - start.size(), 'x') + "\r\n") == kDone);
  CHECK(status_of(start + std::string(108 - 2 - start.size(), 'x') + "\r\n") == kBad);
  CHECK(status_of(start + std::string(200, 'x')) == kBad);
}
TEST(ProxyHeader, ReadsABlockOfVersion2AndNothingBehindIt) {
  const auto [header, used] = read(block(0x21, 0x11, kFour) + "\x16\x03\x01");
  CHECK(header.status() == kDone);
  LONGS_EQUAL(28, used);
  STRCMP_EQUAL("203.0.113.7", header.client()->ip().c_str());
  LONGS_EQUAL(0x1234, header.client()->port());
  CHECK(header.client()->is_v4());
}
TEST(ProxyHeader, ReadsIpv6InVersion2) {
  const auto [header, used] = read(block(0x21, 0x21, kSix));
  CHECK(header.status() == kDone);
  STRCMP_EQUAL("2001:db8::2", header.client()->ip().c_str());
  LONGS_EQUAL(0x1234, header.client()->port());
}
TEST(ProxyHeader, AHealthCheckNamesNoClient) {
  for (const std::string& bytes :
       {block(0x20, 0x00, ""), block(0x20, 0x11, kFour), block(0x21, 0x00, ""),
        block(0x21, 0x31, std::string(216, 'u'))}) {
    const auto [header, used] = read(bytes);
    CHECK(header.status() == kDone);
    CHECK(!header.client().has_value());
    LONGS_EQUAL(bytes.size(), used);
  }
}
TEST(ProxyHeader, ReadsThatTheClientSpeaksTls) {
  const std::string tls = addition(0x20, "\x01\0\0\0\0"sv);
  CHECK(read(block(0x21, 0x11, kFour + tls)).header.secure());
  CHECK(read(block(0x21, 0x21, kSix + addition(0x02, "radio.test") + tls)).header.secure());
  CHECK(!read(block(0x21, 0x11, kFour + addition(0x20, "\0\0\0\0\0"sv))).header.secure());
  CHECK(!read(block(0x21, 0x11, kFour + addition(0x20, ""))).header.secure());
  CHECK(!read(block(0x21, 0x11, kFour + addition(0x01, "\x01"))).header.secure());
  CHECK(read(block(0x21, 0x11, kFour + tls)).header.client().has_value());
}
TEST(ProxyHeader, RefusesBrokenBlocks) {
  CHECK(status_of(block(0x11, 0x11, kFour)) == kBad);                // version 1
  CHECK(status_of(block(0x22, 0x11, kFour)) == kBad);                // no such command
  CHECK(status_of(block(0x21, 0x11, kFour.substr(0, 11))) == kBad);  // too short for IPv4
  CHECK(status_of(block(0x21, 0x21, kSix.substr(0, 35))) == kBad);   // … and for IPv6
  CHECK(status_of(block(0x21, 0x11, kFour + "\x20\x00"s)) == kBad);  // half an addition
  CHECK(status_of(block(0x21, 0x11, kFour + "\x20\x00\x05\x01"s)) == kBad);
  CHECK(status_of("\r\n\r\n\0\r\nQUIX\n\x21\x11\0\0"sv) == kBad);
  CHECK(status_of("\r\nGET / HTTP/1.0\r\n\r\n"sv) == kBad);
  CHECK(status_of(block(0x21, 0x11, "", 4081)) == kBad);  // above the limit of 4 KiB
  CHECK(status_of(block(0x21, 0x11, "", 4080)) == kMore);
  const auto broken = read(block(0x21, 0x11, kFour + addition(0x20, "\x01\0\0\0\0"sv) + "x"));
  CHECK(broken.header.status() == kBad);
  CHECK(!broken.header.client().has_value());
  CHECK(!broken.header.secure());
}
TEST(ProxyHeader, ComesInPiecesOfAnySize) {
  for (const std::string& whole : {"PROXY TCP4 203.0.113.7 192.0.2.1 4660 8000\r\n"s,
                                   block(0x21, 0x11, kFour + addition(4, "xyz"))}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      ProxyHeader header;
      std::size_t used = 0;
      for (std::size_t at = 0; at < whole.size(); at += size) {
        CHECK(header.status() == kMore);
        used += header.feed(std::string_view(whole).substr(at, size));
      }
      CHECK(header.status() == kDone);
      LONGS_EQUAL(whole.size(), used);
      LONGS_EQUAL(0, header.feed("more"));
      STRCMP_EQUAL("203.0.113.7", header.client()->ip().c_str());
    }
  }
}
TEST(ProxyHeader, NothingIsNotAHeader) { CHECK(status_of("") == kMore); }
