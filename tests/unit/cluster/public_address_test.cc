#include "cluster/nodes/public_address.h"

#include <string>

#include "net/socket/connector.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string parsed(std::string_view text, PublicScheme scheme = PublicScheme::kHttp) {
  const auto address = parse_public_address(scheme, text, 8000);
  return address.has_value() ? to_text(*address) : "(" + address.error().what + ")";
}
NodeAddress http(std::string_view text) {
  return *parse_public_address(PublicScheme::kHttp, text, 8000);
}
bool allows(std::string_view list, std::string_view address) {
  const auto allowed = AllowedAddresses::parse(list);
  return allowed.has_value() && allowed->contains(http(address));
}

}  // namespace

TEST_GROUP(PublicAddress){};

TEST(PublicAddress, IsAHostAndAPort) {
  STRCMP_EQUAL("edge1.example.org:8000", parsed("edge1.example.org:8000").c_str());
  STRCMP_EQUAL("edge1.example.org:8000", parsed("Edge1.Example.ORG").c_str());
  STRCMP_EQUAL("192.0.2.7:1", parsed("192.0.2.7:1").c_str());
  STRCMP_EQUAL("[2001:db8::2]:8443", parsed("[2001:db8::2]:8443").c_str());
  STRCMP_EQUAL("[2001:db8::2]:8000", parsed("[2001:db8::2]").c_str());
  STRCMP_EQUAL("[2001:db8::2]:8000", parsed("2001:db8::2").c_str());
  STRCMP_EQUAL("a_b-c.d:65535", parsed("a_b-c.d:65535").c_str());
}
TEST(PublicAddress, IsNothingElse) {
  for (const char* text : {"",           ":80",          "x:0",       "x:65536",       "x:",
                           "x:8o",       "x:-1",         "joe@x:80",  "joe:pw@x:80",   "x/y:80",
                           "x?y:80",     "x y:80",       "x\r\ny:80", "x\":80",        "<x>:80",
                           "[::1:80",    "[::1]80",      "[zz]:80",   "2130706433:80", "127.1:80",
                           "0x7f.1:80",  "300.1.1.1:80", "-x:80",     ".x:80",         "x.:80:90",
                           "\xc3\xa9:80"})
    CHECK_TEXT(parsed(text).front() == '(', text);
  CHECK(parsed(std::string(254, 'a') + ":80").front() == '(');
  CHECK(parsed("x\ny:80").find('\n') == std::string::npos);  // a message is one line
}
TEST(PublicAddress, BecomesTheBeginningOfALocation) {
  STRCMP_EQUAL("http://a.b:8000", origin_of(http("a.b:8000")).c_str());
  STRCMP_EQUAL("http://a.b", origin_of(http("a.b:80")).c_str());
  STRCMP_EQUAL("http://[::2]:8000", origin_of(http("[::2]:8000")).c_str());
  const auto https = parse_public_address(PublicScheme::kHttps, "a.b:443", 443);
  STRCMP_EQUAL("https://a.b", origin_of(*https).c_str());
  STRCMP_EQUAL("http://a.b:443", origin_of(http("a.b:443")).c_str());
}
TEST_GROUP(AllowedAddresses){};

TEST(AllowedAddresses, AreHostsWithTheirPorts) {
  const char* list = "edge1.example.org:8000,8443 [2001:db8::2]:8000  192.0.2.7:80";
  for (const char* in :
       {"edge1.example.org:8000", "EDGE1.example.org:8443", "[2001:db8::2]:8000", "192.0.2.7:80"})
    CHECK_TEXT(allows(list, in), in);
  for (const char* out : {"edge1.example.org:80", "edge2.example.org:8000", "[2001:db8::3]:8000",
                          "192.0.2.7:8000", "example.org:8000", "xedge1.example.org:8000"})
    CHECK_TEXT(!allows(list, out), out);
}
TEST(AllowedAddresses, AStarStandsForNamesBelow) {
  CHECK(allows("*.example.org:80", "a.example.org:80"));
  CHECK(allows("*.example.org:80", "a.b.Example.org:80"));
  CHECK(!allows("*.example.org:80", "example.org:80"));
  CHECK(!allows("*.example.org:80", "aexample.org:80"));
  CHECK(!allows("*.example.org:80", "a.example.org:81"));
}
TEST(AllowedAddresses, WithoutAnyAllowNothing) {
  CHECK(!allows("", "a.b:80"));
  CHECK(AllowedAddresses::parse("  ")->empty());
}
TEST(AllowedAddresses, ThatCannotBeReadAreAnError) {
  for (const char* text : {"edge1", "edge1:0", "edge1:80,x", "edge1:80,0", "*:80", "a/b:80"})
    CHECK_TEXT(!AllowedAddresses::parse(text).has_value(), text);
}

TEST_GROUP(ClientFamily){};

TEST(ClientFamily, IsThatOfTheAddress) {
  CHECK(family_of(*Address::parse("192.0.2.1", 0)) == ClientFamily::kIpv4);
  CHECK(family_of(*Address::parse("::ffff:192.0.2.1", 0)) == ClientFamily::kIpv4);
  CHECK(family_of(*Address::parse("2001:db8::1", 0)) == ClientFamily::kIpv6);
}

TEST(PublicAddress, AServerThatWeConnectToHasAnOriginInItsOwnScheme) {
  ConnectTarget target{"m.example.org", 8000, false, ""};
  STRCMP_EQUAL("http://m.example.org:8000", origin_of(target, PublicScheme::kHttp).value().c_str());
  CHECK_FALSE(origin_of(target, PublicScheme::kHttps).has_value());
  target = {"[2001:db8::2]", 443, true, "192.0.2.1"};
  STRCMP_EQUAL("https://[2001:db8::2]", origin_of(target, PublicScheme::kHttps).value().c_str());
  target.port = 0;
  CHECK_FALSE(origin_of(target, PublicScheme::kHttps).has_value());
  CHECK_FALSE(origin_of(ConnectTarget{"a b", 8000, false, ""}, PublicScheme::kHttp).has_value());
}
