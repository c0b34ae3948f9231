#include "cluster/relay/pull_verifier.h"

#include <algorithm>

#include "base/log_book.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;
using Verdict = PullVerifier::Verdict;

TEST_GROUP(PullVerifier) {
  FakeClock clock;
  CapturedLog captured{clock};
  PullVerifier verifier{captured.log};
  KnownNodes known;
  std::vector<KnownNodes> as_node;  // this server at its masters

  void setup() override {
    KnownNode node;
    node.id = "e1";
    node.secret = "s-e1";
    known.nodes.push_back(node);
    node.id = "e2";
    node.secret = "s-e2";
    known.nodes.push_back(node);
    node.id = "mute";
    node.secret.clear();
    known.nodes.push_back(node);
  }
  std::int64_t now() const {
    return std::chrono::floor<std::chrono::seconds>(clock.wall().time_since_epoch()).count();
  }
  PullMark mark(std::uint64_t number, std::int64_t late = 0, std::string epoch = "a") const {
    return {"e1", std::move(epoch), "m1.77", number, now() - late};
  }
  static PullMark sign(PullMark made, std::string_view secret = "s-e1") {
    made.mac = made.mac_for(secret, "/a");
    return made;
  }
  Verdict judge(const PullMark& given, std::string_view mount = "/a") {
    return verifier.judge(given, known, as_node, "m1.77", mount, clock);
  }
  void is(Verdict wanted, const PullMark& given, std::string_view mount = "/a") {
    LONGS_EQUAL(static_cast<int>(wanted), static_cast<int>(judge(given, mount)));
  }
};

TEST(PullVerifier, BelievesANodeOnce) {
  is(Verdict::kOurs, sign(mark(1)));
  is(Verdict::kSeen, sign(mark(1)));
  CHECK(captured.says("node e1 may not pull /a: its mark number 1 has been used before"));
  is(Verdict::kOurs, sign(mark(2)));
  clock.advance(30s);
  is(Verdict::kSeen, sign(mark(2, 30)));
  is(Verdict::kSeen, sign(mark(2)));  // nor with another time
}
TEST(PullVerifier, WhatIsNotSignedForItIsForged) {
  is(Verdict::kForged, sign(mark(1)), "/b");
  is(Verdict::kForged, sign(mark(1), "s-e2"));
  PullMark other = sign(mark(1));
  other.id = "e2";
  is(Verdict::kForged, other);
  other.id = "stranger";
  is(Verdict::kForged, other);
  for (std::size_t i = 0; i < 64; ++i) {
    PullMark flipped = sign(mark(1));
    flipped.mac[i] = flipped.mac[i] == '0' ? '1' : '0';
    is(Verdict::kForged, flipped);
  }
  PullMark later = sign(mark(1));
  later.at += 1;
  is(Verdict::kForged, later);
  CHECK(captured.says(
      "node e1 may not pull /b: its mark is not signed with its secret for this mount"));
  is(Verdict::kOurs, sign(mark(1)));  // nothing of all that has used it up
}
TEST(PullVerifier, ANodeWithoutASecretCanProveNothing) {
  PullMark made = mark(1);
  made.id = "mute";
  is(Verdict::kForged, sign(made, ""));
  is(Verdict::kForged, sign(made, "s-e1"));
  made.mac = std::string(64, '0');
  is(Verdict::kForged, made);
}
TEST(PullVerifier, AMasterSignsAsThisServerIsKnownToIt) {
  PullMark made = mark(1);
  made.id = "self";
  is(Verdict::kForged, sign(made, "s-self"));
  as_node.resize(2);
  as_node[1].nodes.emplace_back();
  as_node[1].nodes[0].id = "self";
  as_node[1].nodes[0].secret = "s-self";
  is(Verdict::kForged, sign(made, "s-e1"));
  is(Verdict::kOurs, sign(made, "s-self"));
  is(Verdict::kSeen, sign(made, "s-self"));
  is(Verdict::kOurs, sign(mark(1)));  // its own nodes still count
}
TEST(PullVerifier, AMarkForAnotherServerIsNotLookedAt) {
  PullMark made = mark(1);
  made.to = "m2.77";
  is(Verdict::kElsewhere, sign(made));
  made.to = "m1.78";  // the same, before or after a restart
  is(Verdict::kElsewhere, sign(made));
  CHECK(captured.says("its mark is for m2.77, and this is m1.77"));
}
TEST(PullVerifier, IsOfNowOrOfNoUse) {
  is(Verdict::kOurs, sign(mark(1, 60)));
  is(Verdict::kOurs, sign(mark(2, -60)));
  is(Verdict::kStale, sign(mark(3, 61)));
  CHECK(captured.says("its mark was made 61s ago (60s are allowed)"));
  clock.advance(2s);
  is(Verdict::kStale, sign(mark(3, -61)));
  CHECK(captured.says("its mark was made 61s in the future"));
  is(Verdict::kStale, sign(mark(3, 1'000'000'000)));
  is(Verdict::kOurs, sign(mark(3)));
}
TEST(PullVerifier, RequestsMayOvertakeEachOther) {
  is(Verdict::kOurs, sign(mark(10)));
  for (std::uint64_t n = 9; n >= 1; --n) is(Verdict::kOurs, sign(mark(n)));
  for (std::uint64_t n = 1; n <= 10; ++n) is(Verdict::kSeen, sign(mark(n)));
  is(Verdict::kOurs, sign(mark(5000)));
  is(Verdict::kOurs, sign(mark(5000 - PullVerifier::kBehind + 1)));
  is(Verdict::kSeen, sign(mark(5000 - PullVerifier::kBehind)));  // too old to be known
  is(Verdict::kOurs, sign(mark(5001)));
  is(Verdict::kSeen, sign(mark(5000 - PullVerifier::kBehind + 1)));
  is(Verdict::kOurs, sign(mark(5500)));
  for (std::uint64_t n = 5002; n < 5500; ++n) is(Verdict::kOurs, sign(mark(n)));
  for (std::uint64_t n = 4999; n <= 5500; ++n) {
    const Verdict wanted = n == 4999 ? Verdict::kOurs : Verdict::kSeen;
    is(wanted, sign(mark(n)));
  }
}
TEST(PullVerifier, EveryProcessOfANodeCountsForItself) {
  is(Verdict::kOurs, sign(mark(7, 0, "a")));
  is(Verdict::kOurs, sign(mark(7, 0, "b")));
  is(Verdict::kSeen, sign(mark(7, 0, "a")));
  PullMark other = mark(7);
  other.id = "e2";
  is(Verdict::kOurs, sign(other, "s-e2"));
}
TEST(PullVerifier, WhatAForgottenProcessHasUsedStaysUsed) {
  is(Verdict::kOurs, sign(mark(1, 0, "first")));
  for (const char* epoch : {"b", "c", "d", "e", "f"}) {
    clock.advance(1s);
    is(Verdict::kOurs, sign(mark(1, 0, epoch)));
  }
  is(Verdict::kSeen, sign(mark(1, 5, "first")));
  is(Verdict::kSeen, sign(mark(2, 5, "first")));  // and what it has not used, too
  is(Verdict::kOurs, sign(mark(3, 0, "first")));  // it may live
  is(Verdict::kSeen, sign(mark(1, 0, "f")));
}
TEST(PullVerifier, WhatWasUsedBeforeAHandOverStaysUsed) {
  for (std::uint64_t number = 1; number <= 70; ++number) is(Verdict::kOurs, sign(mark(number)));
  is(Verdict::kOurs, sign(mark(5, 0, "b")));
  const std::string bytes = record_bytes(verifier.save(clock).at("e1"));
  const auto read = read_record<PullHistory>("pulls", bytes);
  CHECK(read.has_value());
  PullVerifier next{captured.log};
  next.restore({{"e1", *read}});
  const auto again = [&](const PullMark& given) {
    return next.judge(given, known, as_node, "m1.77", "/a", clock);
  };
  CHECK(again(sign(mark(1))) == Verdict::kSeen);
  CHECK(again(sign(mark(70))) == Verdict::kSeen);
  CHECK(again(sign(mark(5, 0, "b"))) == Verdict::kSeen);
  CHECK(again(sign(mark(71))) == Verdict::kOurs);
  CHECK(again(sign(mark(4, 0, "b"))) == Verdict::kOurs);
  // What is too old to be judged again is not handed over.
  clock.advance(61s);
  LONGS_EQUAL(0, verifier.save(clock).size());
}
TEST(PullVerifier, AFloodIsLoggedOnceASecond) {
  for (int i = 0; i < 1000; ++i) is(Verdict::kForged, sign(mark(1), "wrong"));
  const std::string said = captured.errors();
  LONGS_EQUAL(1, std::count(said.begin(), said.end(), '\n'));
  clock.advance(2s);
  is(Verdict::kForged, sign(mark(1), "wrong"));
  CHECK(captured.says("(and 999 more)"));
}
