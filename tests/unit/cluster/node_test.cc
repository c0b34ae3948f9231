#include "cluster/nodes/node.h"

#include <chrono>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {
constexpr SteadyTime kNow{1h};
}

TEST_GROUP(UnackedRedirects) { UnackedRedirects redirects; };

TEST(UnackedRedirects, AreCountedWithTheirBitrates) {
  redirects.push(kNow, 128);
  redirects.push(kNow + 1ms, 128);
  redirects.push(kNow + 2ms, 320);
  CHECK_EQUAL(3u, redirects.count());
  DOUBLES_EQUAL(576, redirects.kbps(), 1e-9);
}

TEST(UnackedRedirects, AreTakenOffOldestFirst) {
  redirects.push(kNow, 64);
  redirects.push(kNow, 320);
  redirects.pop(1);
  DOUBLES_EQUAL(320, redirects.kbps(), 1e-9);
}

TEST(UnackedRedirects, BearMoreArrivalsThanWereGiven) {
  redirects.push(kNow, 128);
  redirects.pop(7);
  CHECK_EQUAL(0u, redirects.count());
  DOUBLES_EQUAL(0, redirects.kbps(), 0);
  redirects.pop(1);
  CHECK_EQUAL(0u, redirects.count());
}

TEST(UnackedRedirects, OfOneMomentShareARun) {
  for (int i = 0; i < 5; ++i) redirects.push(kNow + i * 5ms, 128);
  redirects.pop(2);
  CHECK_EQUAL(3u, redirects.count());
  CHECK(redirects.oldest() == kNow);
  DOUBLES_EQUAL(384, redirects.kbps(), 1e-9);
}

TEST(UnackedRedirects, OlderThanASampleAreGivenUp) {
  redirects.push(kNow, 128);
  redirects.push(kNow + 1s, 128);
  redirects.push(kNow + 2s, 128);
  CHECK_EQUAL(2u, redirects.pop_before(kNow + 2s));
  CHECK_EQUAL(1u, redirects.count());
  CHECK(redirects.oldest() == kNow + 2s);
  CHECK_EQUAL(0u, redirects.pop_before(kNow));
}

TEST(UnackedRedirects, LeaveNothingOfRoundingBehind) {
  for (int i = 0; i < 1000; ++i) redirects.push(kNow + i * 60ms, 0.1 * i);
  redirects.pop(1000);
  DOUBLES_EQUAL(0, redirects.kbps(), 0);
  CHECK(redirects.oldest() == SteadyTime::max());
}

TEST_GROUP(AcceptRate) { AcceptRate rate; };

TEST(AcceptRate, IsNotLimitedUntilItIsSet) {
  for (int i = 0; i < 10'000; ++i) rate.take(kNow);
  CHECK_TRUE(rate.allows(kNow));
}

TEST(AcceptRate, AllowsAQuarterOfASecondAtOnce) {
  rate.set(100);
  int taken = 0;
  for (; rate.allows(kNow); ++taken) rate.take(kNow);
  CHECK_EQUAL(25, taken);
}

TEST(AcceptRate, NeverGivesMoreThanTheRateAndItsDepth) {
  rate.set(80);
  int taken = 0;
  for (int ms = 0; ms < 10'000; ++ms) {
    const SteadyTime now = kNow + std::chrono::milliseconds(ms);
    while (rate.allows(now)) {
      rate.take(now);
      ++taken;
    }
  }
  CHECK(taken >= 799);
  CHECK(taken <= 800 + 20);
}

TEST(AcceptRate, LetsAtLeastOneThrough) {
  rate.set(0.5);
  CHECK_TRUE(rate.allows(kNow));
  rate.take(kNow);
  CHECK_FALSE(rate.allows(kNow + 1900ms));
  CHECK_TRUE(rate.allows(kNow + 2s));
}

TEST(AcceptRate, KeepsItsLevelWhenTheSameRateIsSetAgain) {
  rate.set(4);
  rate.take(kNow);
  rate.set(4);
  CHECK_FALSE(rate.allows(kNow));
}

TEST_GROUP(NodeAddress){};

TEST(NodeAddress, KnowsLiteralsFromNames) {
  CHECK(make_node_address(PublicScheme::kHttp, "edge1.example.org", 80).kind ==
        NodeAddress::Host::kName);
  CHECK(make_node_address(PublicScheme::kHttp, "192.0.2.1", 80).kind == NodeAddress::Host::kIpv4);
  CHECK(make_node_address(PublicScheme::kHttp, "2001:db8::1", 80).kind == NodeAddress::Host::kIpv6);
}

TEST(NodeAddress, IsForClientsOfItsSchemeAndFamily) {
  using enum ClientFamily;
  const auto name = make_node_address(PublicScheme::kHttp, "edge1", 80);
  const auto v4 = make_node_address(PublicScheme::kHttp, "192.0.2.1", 80);
  const auto v6 = make_node_address(PublicScheme::kHttp, "2001:db8::1", 80);
  for (const auto family : {kUnknown, kIpv4, kIpv6}) {
    CHECK_TRUE(reaches(name, PublicScheme::kHttp, family));
    CHECK_FALSE(reaches(name, PublicScheme::kHttps, family));
    CHECK_EQUAL(family != kIpv6, reaches(v4, PublicScheme::kHttp, family));
    CHECK_EQUAL(family == kIpv6, reaches(v6, PublicScheme::kHttp, family));
  }
}

TEST(NodeAddress, ThatIsANameIsPreferred) {
  Node node;
  node.addresses.push_back(make_node_address(PublicScheme::kHttp, "192.0.2.1", 80));
  node.addresses.push_back(make_node_address(PublicScheme::kHttp, "edge1", 81));
  node.addresses.push_back(make_node_address(PublicScheme::kHttps, "2001:db8::1", 443));
  CHECK_EQUAL(81, node.address_for(PublicScheme::kHttp, ClientFamily::kIpv4)->port);
  CHECK_EQUAL(443, node.address_for(PublicScheme::kHttps, ClientFamily::kIpv6)->port);
  POINTERS_EQUAL(nullptr, node.address_for(PublicScheme::kHttps, ClientFamily::kIpv4));
}

TEST_GROUP(NodeKey){};

TEST(NodeKey, IsTheSameEverywhereAndNeverZero) {
  // Written down: masters of two versions must put a mount on the same nodes.
  CHECK(node_key("edge1") == 0x938cdb3f54b9151bULL);
  CHECK(node_key("edge1") != node_key("edge2"));
  CHECK(node_key("") != 0);
}

TEST(NodeKey, HasWordsForKindsAndStates) {
  STRCMP_EQUAL("self", std::string(to_text(NodeKind::kSelf)).c_str());
  STRCMP_EQUAL("link", std::string(to_text(NodeKind::kLink)).c_str());
  STRCMP_EQUAL("legacy", std::string(to_text(NodeKind::kLegacy)).c_str());
  STRCMP_EQUAL("static", std::string(to_text(NodeKind::kStatic)).c_str());
  STRCMP_EQUAL("joining", std::string(to_text(NodeState::kJoining)).c_str());
  STRCMP_EQUAL("up", std::string(to_text(NodeState::kUp)).c_str());
  STRCMP_EQUAL("suspect", std::string(to_text(NodeState::kSuspect)).c_str());
  STRCMP_EQUAL("draining", std::string(to_text(NodeState::kDraining)).c_str());
  STRCMP_EQUAL("dead", std::string(to_text(NodeState::kDead)).c_str());
}
