#include "http/forwarded.h"

#include <string>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

Forwarded from(const char* peer, const Rows& rows,
               const std::vector<std::string>& trusted = {"127.0.0.1", "10.0.0.0/8",
                                                          "2001:db8:1::/48"}) {
  Headers headers;
  for (const auto& [name, value] : rows) headers.add(name, value);
  const auto list = AddressList::parse(trusted, [](std::size_t, const std::string&) {});
  return read_forwarded(list, *Address::parse(peer, 4711), headers);
}
std::string client(const char* peer, const std::string& value) {
  return from(peer, {{"x-forwarded-for", value}}).client.ip();
}

}  // namespace

TEST_GROUP(Forwarded){};

TEST(Forwarded, ATrustedProxySpeaksForItsClient) {
  STRCMP_EQUAL("203.0.113.7", client("127.0.0.1", "203.0.113.7").c_str());
  STRCMP_EQUAL("2001:db8::2", client("10.1.2.3", "2001:db8::2").c_str());
  STRCMP_EQUAL("203.0.113.7", client("2001:db8:1::5", "  203.0.113.7  ").c_str());
}
TEST(Forwarded, AnUntrustedPeerNamesNoClient) {
  STRCMP_EQUAL("198.51.100.1", client("198.51.100.1", "203.0.113.7").c_str());
  const auto stranger =
      from("198.51.100.1", {{"x-forwarded-for", "127.0.0.1"}, {"x-forwarded-proto", "https"}});
  STRCMP_EQUAL("198.51.100.1", stranger.client.ip().c_str());
  LONGS_EQUAL(4711, stranger.client.port());
  CHECK(!stranger.secure.has_value());
}
TEST(Forwarded, WithoutAListNoPeerIsTrusted) {
  STRCMP_EQUAL("127.0.0.1",
               from("127.0.0.1", {{"x-forwarded-for", "203.0.113.7"}}, {}).client.ip().c_str());
}
TEST(Forwarded, WithoutAHeaderTheProxyIsTheClient) {
  const auto own = from("127.0.0.1", {{"host", "radio.test"}});
  STRCMP_EQUAL("127.0.0.1", own.client.ip().c_str());
  LONGS_EQUAL(4711, own.client.port());
  CHECK(!own.secure.has_value());
}
TEST(Forwarded, TheRightMostUntrustedAddressIsTheClientWhateverStandsLeftOfIt) {
  STRCMP_EQUAL("203.0.113.7", client("127.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.9").c_str());
  STRCMP_EQUAL("203.0.113.7", client("127.0.0.1", "127.0.0.1, 203.0.113.7").c_str());
  STRCMP_EQUAL("203.0.113.7", client("127.0.0.1", "nonsense, 203.0.113.7").c_str());
}
TEST(Forwarded, WhereAllAreTrustedTheFirstOneAsked) {
  STRCMP_EQUAL("10.0.0.1", client("127.0.0.1", "10.0.0.1, 10.0.0.2").c_str());
}
TEST(Forwarded, WhatIsNoAddressEndsTheReading) {
  STRCMP_EQUAL("127.0.0.1", client("127.0.0.1", "unknown").c_str());
  STRCMP_EQUAL("10.0.0.2", client("127.0.0.1", "203.0.113.7, _hidden, 10.0.0.2").c_str());
  STRCMP_EQUAL("127.0.0.1", client("127.0.0.1", "").c_str());
  STRCMP_EQUAL("127.0.0.1", client("127.0.0.1", "203.0.113.7,").c_str());
  for (const char* bad : {":", "[", "]", "[]:1", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:x",
                          "[::1]:x", "[::1", "\"", "\"\"", "1.2.3"})
    STRCMP_EQUAL("127.0.0.1", client("127.0.0.1", bad).c_str());
}
TEST(Forwarded, TakesPortsBracketsAndQuotes) {
  const auto with_port = from("127.0.0.1", {{"x-forwarded-for", "203.0.113.7:4712"}});
  STRCMP_EQUAL("203.0.113.7", with_port.client.ip().c_str());
  LONGS_EQUAL(4712, with_port.client.port());
  STRCMP_EQUAL("2001:db8::2", client("127.0.0.1", "[2001:db8::2]").c_str());
  STRCMP_EQUAL("2001:db8::2", client("127.0.0.1", "[2001:db8::2]:80").c_str());
  STRCMP_EQUAL("2001:db8::2", client("127.0.0.1", "\"[2001:db8::2]:80\"").c_str());
}
TEST(Forwarded, SeveralHeaderLinesAreOneList) {
  STRCMP_EQUAL("203.0.113.7", from("127.0.0.1", {{"x-forwarded-for", "1.1.1.1, 203.0.113.7"},
                                                 {"via", "x"},
                                                 {"x-forwarded-for", "10.0.0.2"}})
                                  .client.ip()
                                  .c_str());
}
TEST(Forwarded, ReadsTheScheme) {
  const auto scheme = [](const char* value) {
    return from("127.0.0.1", {{"x-forwarded-proto", value}}).secure;
  };
  CHECK(scheme("https") == true);
  CHECK(scheme(" HTTPS ") == true);
  CHECK(scheme("http") == false);
  CHECK(scheme("https, http") == true);
  CHECK(!scheme("wss").has_value());
  CHECK(!scheme("").has_value());
}
