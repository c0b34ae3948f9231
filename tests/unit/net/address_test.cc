#include "net/address/address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Address){};

TEST(Address, PrintsIpv4AsIcecastLogsIt) {
  const auto a = Address::parse("192.0.2.7", 8000);
  CHECK(a.has_value());
  STRCMP_EQUAL("192.0.2.7", a->ip().c_str());
  LONGS_EQUAL(8000, a->port());
  CHECK(a->is_v4());
}
TEST(Address, TakesIpv6WithAndWithoutBrackets) {
  const auto bare = Address::parse("2001:db8::2", 1);
  const auto bracketed = Address::parse("[2001:db8::2]", 1);
  CHECK(bare.has_value() && bracketed.has_value());
  CHECK(*bare == *bracketed);
  STRCMP_EQUAL("2001:db8::2", bare->ip().c_str());
  CHECK(!bare->is_v4());
}
TEST(Address, RefusesNamesAndNonsense) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "[::1", "::g"})
    CHECK(!Address::parse(text, 1).has_value());
}
TEST(Address, AMappedIpv4PeerIsAPlainIpv4) {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(77);
  in.sin6_addr.s6_addr[10] = in.sin6_addr.s6_addr[11] = 0xff;
  in.sin6_addr.s6_addr[12] = 127;
  in.sin6_addr.s6_addr[15] = 1;
  const Address a = Address::from_sockaddr(reinterpret_cast<const sockaddr&>(in));
  STRCMP_EQUAL("127.0.0.1", a.ip().c_str());
  LONGS_EQUAL(77, a.port());
  CHECK(a == *Address::parse("127.0.0.1", 77));
}
