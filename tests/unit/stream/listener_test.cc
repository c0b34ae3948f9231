#include "stream/listener/listener.h"

#include "stream/support.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(RequestFacts){};

TEST(RequestFacts, KeepsFourTexts) {
  const RequestFacts facts("GET /a HTTP/1.0", "http://r/", "Player/1", "anna");
  CHECK(facts.request() == "GET /a HTTP/1.0");
  CHECK(facts.referer() == "http://r/");
  CHECK(facts.user_agent() == "Player/1");
  CHECK(facts.user() == "anna");
}
TEST(RequestFacts, AnyOfThemMayBeEmpty) {
  for (int mask = 0; mask < 16; ++mask) {
    const auto text = [mask](int bit, std::string_view value) {
      return mask & 1 << bit ? value : std::string_view();
    };
    const RequestFacts facts(text(0, "re"), text(1, "fer"), text(2, "agent"), text(3, "u"));
    CHECK(facts.request() == text(0, "re"));
    CHECK(facts.referer() == text(1, "fer"));
    CHECK(facts.user_agent() == text(2, "agent"));
    CHECK(facts.user() == text(3, "u"));
  }
  CHECK(RequestFacts().request().empty());
  CHECK(RequestFacts().user().empty());
}
TEST(RequestFacts, CutsTextsThatNoLogLineCouldHold) {
  const std::string lengthy(100'000, 'x');
  const RequestFacts facts(lengthy, lengthy, lengthy, "anna");
  LONGS_EQUAL(1023, facts.request().size());
  LONGS_EQUAL(1023, facts.referer().size());
  LONGS_EQUAL(1023, facts.user_agent().size());
  CHECK(facts.user() == "anna");
}
TEST(RequestFacts, IsMovedWhole) {
  RequestFacts facts("GET /a HTTP/1.0", "", "a player with quite a long name", "anna");
  const RequestFacts moved(std::move(facts));
  CHECK(moved.user_agent() == "a player with quite a long name");
  CHECK(moved.user() == "anna");
}

TEST_GROUP(Listener){};

TEST(Listener, WithoutAContinuationItNeverLeaves) {
  Listener listener(7, std::make_unique<FakeTransport>(std::make_shared<Wire>()), RequestFacts());
  LONGS_EQUAL(7, listener.id);
  CHECK(listener.leave_at() == std::numeric_limits<std::uint64_t>::max());
  listener.continuation =
      std::make_unique<Continuation>(Continuation{5, nullptr, EnterMode::kLive});
  LONGS_EQUAL(5, listener.leave_at());
}
TEST(Listener, OneThatHungUpLeftThenUnlessItTookMoreLater) {
  using namespace std::chrono_literals;
  const SteadyTime hung_up{100s}, found{103s};
  Listener listener(7, std::make_unique<FakeTransport>(std::make_shared<Wire>()), RequestFacts());
  CHECK(listener.left_at(found) == found);
  listener.hung_up = hung_up;
  CHECK(listener.left_at(found) == hung_up);
  listener.sent_since_hang_up = 1;  // into its socket, which answered that it is closed
  CHECK(listener.left_at(found) == hung_up);
  listener.sent_since_hang_up = 2;  // into the process that has its TLS
  CHECK(listener.left_at(found) == hung_up);
  CHECK(listener.left_at(hung_up + 6s) == hung_up + 6s);  // half of it was closed
}
TEST(Listener, APreambleIsAsLongAsItsParts) {
  Preamble preamble;
  LONGS_EQUAL(0, preamble.size());
  preamble.head = "head";
  LONGS_EQUAL(4, preamble.size());
  preamble.headers = std::make_shared<const Bytes>(to_bytes("headers"));
  LONGS_EQUAL(11, preamble.size());
}
