#include "net/address/reach.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {
Reach reach(const char* text) { return reach_of(*Address::parse(text, 80)); }
}  // namespace

TEST_GROUP(Reach){};

TEST(Reach, KnowsTheNetworksThatAreNotRoutedPublicly) {
  for (const char* text : {"127.0.0.1", "127.255.1.2", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1",
                           "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1"})
    CHECK(reach(text) == Reach::kHost);
  for (const char* text : {"169.254.169.254", "fe80::1", "febf::1", "64:ff9b::a9fe:a9fe"})
    CHECK(reach(text) == Reach::kLink);
  for (const char* text : {"10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
                           "198.18.0.1", "fc00::1", "fdff::1", "fec0::1", "::ffff:10.0.0.1"})
    CHECK(reach(text) == Reach::kNetwork);
  for (const char* text : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "192.169.0.1",
                           "2001:db8::1", "64:ff9b::808:808", "2002:808:808::1"})
    CHECK(reach(text) == Reach::kPublic);
}
TEST(Reach, AServerNamesPublicAddressesAndThoseOfItsOwnKind) {
  CHECK(may_name(Reach::kPublic, Reach::kPublic));
  CHECK(may_name(Reach::kNetwork, Reach::kNetwork));
  CHECK(may_name(Reach::kHost, Reach::kPublic));
  CHECK_FALSE(may_name(Reach::kPublic, Reach::kNetwork));
  CHECK_FALSE(may_name(Reach::kPublic, Reach::kLink));
  CHECK_FALSE(may_name(Reach::kNetwork, Reach::kHost));
  CHECK_FALSE(may_name(Reach::kHost, Reach::kNetwork));  // what answers here may be a tunnel
}
