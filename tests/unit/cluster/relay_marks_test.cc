#include "cluster/relay/relay_marks.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Headers with(std::string name, std::string value) {
  Headers headers;
  headers.add(std::move(name), std::move(value));
  return headers;
}

}  // namespace

TEST_GROUP(RelayMarks){};

TEST(RelayMarks, AreANameThatServersHaveOrAHeaderOfOurs) {
  CHECK(is_relay_request(with("user-agent", "Icecast 2.4.4"), ""));
  CHECK(is_relay_request(with("user-agent", "MyRadio/1"), "MyRadio/1"));
  CHECK(is_relay_request(with("x-lb-relay", "e1.1"), ""));
  CHECK(is_relay_request(with("x-lb-pull", "anything"), ""));
  CHECK(!is_relay_request(with("user-agent", "MyRadio/1"), ""));
  CHECK(!is_relay_request(with("user-agent", "VLC Icecast"), "x"));
  CHECK(!is_relay_request(Headers(), ""));
  CHECK(is_own_product(with("x-lb-relay", "")));
  CHECK(!is_own_product(with("user-agent", "Icecast 2.4.4")));
}
TEST(RelayMarks, NameTheNodesBehindARequest) {
  STRCMP_EQUAL("X-LB-Relay: e1.a\r\nVia: 1.1 e1.a\r\n", relay_mark_lines("e1.a", "").c_str());
  STRCMP_EQUAL("X-LB-Relay: e1.a\r\nVia: 1.1 e2.b, 1.1 e1.a\r\n",
               relay_mark_lines("e1.a", " 1.1 e2.b ").c_str());
  // What cannot be passed on is left out.
  for (const std::string& via :
       {std::string("x\r\nY: 1"), std::string(2000, 'x'), std::string("\xff")})
    STRCMP_EQUAL("X-LB-Relay: e1.a\r\nVia: 1.1 e1.a\r\n", relay_mark_lines("e1.a", via).c_str());
}
TEST(RelayMarks, ShowARequestThatRunsInACircle) {
  const auto circle = [](const char* via) { return circle_in_request(with("via", via), "m.1"); };
  STRCMP_EQUAL("", circle("").c_str());
  STRCMP_EQUAL("", circle("1.1 a.1, HTTP/1.1 b.1 (proxy), nonsense").c_str());
  STRCMP_EQUAL("", circle("1.1 m.2").c_str());  // another run of this node
  CHECK(!circle("1.1 a.1, 1.1 m.1").empty());
  CHECK(!circle("1.0 m.1 (x)").empty());
  STRCMP_EQUAL("", circle("1.1 a, 1.1 b, 1.1 c, 1.1 d").c_str());
  CHECK(!circle("1.1 a, 1.1 b, 1.1 c, 1.1 d, 1.1 e").empty());
}
TEST(RelayMarks, SayHowMuchOfTheBurstIsWanted) {
  STRCMP_EQUAL("X-LB-Burst: 8000\r\n", relay_burst_line(8000).c_str());
  Headers request;
  request.add("x-lb-burst", "8000");
  CHECK_FALSE(burst_wanted(request).has_value());  // of nobody in particular
  request.add("x-lb-relay", "e1.a");
  CHECK(burst_wanted(request) == 8000U);
  Headers wrong;
  wrong.add("x-lb-relay", "e1.a");
  CHECK_FALSE(burst_wanted(wrong).has_value());
  wrong.add("x-lb-burst", "-1");
  CHECK_FALSE(burst_wanted(wrong).has_value());
}
TEST(RelayMarks, ShowThePathOfAStream) {
  STRCMP_EQUAL("", path_line("").c_str());
  STRCMP_EQUAL("X-LB-Path: a.1 b.2\r\n", path_line("a.1 b.2").c_str());
  STRCMP_EQUAL("a.1 b.2", path_of(with("x-lb-path", " a.1  b.2 ")).c_str());
  STRCMP_EQUAL("", path_of(Headers()).c_str());
  STRCMP_EQUAL("a.1", path_of(with("x-lb-path", "a.1 \"x\" b/c.2 nodot .1 a.")).c_str());
  STRCMP_EQUAL("a.1 a.2 a.3 a.4 a.5",
               path_of(with("x-lb-path", "a.1 a.2 a.3 a.4 a.5 a.6 a.7")).c_str());
  UNSIGNED_LONGS_EQUAL(0, path_hops(""));
  UNSIGNED_LONGS_EQUAL(1, path_hops("a.1"));
  UNSIGNED_LONGS_EQUAL(3, path_hops("a.1 b.2 c.3"));
  CHECK(path_contains("a.1 b.2", "b.2") && path_contains("a.1 b.2", "a.1"));
  CHECK(!path_contains("a.1 b.2", "b") && !path_contains("a.1 b.22", "b.2") &&
        !path_contains("", "a.1"));
}
