#include "stream/listener/fallback_chain.h"

#include <map>
#include <optional>
#include <string>

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(FallbackChain) {
  std::map<std::string, std::string> fallback;
  std::string looked_at;

  // The first name from /1 on that is `wanted`.
  std::string find(const std::string& wanted) {
    looked_at.clear();
    const auto found = find_in_fallbacks(
        "/1",
        [&](const std::string& name) {
          looked_at += name;
          return name == wanted ? std::optional(name) : std::nullopt;
        },
        [this](const std::string& name) { return fallback[name]; });
    return found.value_or("none");
  }
  void chain(int length) {
    for (int i = 1; i < length; ++i)
      fallback["/" + std::to_string(i)] = "/" + std::to_string(i + 1);
  }
};

TEST(FallbackChain, StopsAtTheFirstThatServes) {
  chain(4);
  STRCMP_EQUAL("/3", find("/3").c_str());
  STRCMP_EQUAL("/1/2/3", looked_at.c_str());
}
TEST(FallbackChain, OfAMountWithoutFallbackIsEmpty) {
  const auto never = [](const std::string&) { return true; };
  const auto none = [](const std::string&) { return std::string(); };
  CHECK(!find_in_fallbacks("", never, none));
}
TEST(FallbackChain, EndsWhereNoneServes) {
  chain(3);
  STRCMP_EQUAL("none", find("/9").c_str());
  STRCMP_EQUAL("/1/2/3", looked_at.c_str());
}
TEST(FallbackChain, IsTenNamesLong) {
  chain(12);
  STRCMP_EQUAL("/10", find("/10").c_str());
  STRCMP_EQUAL("none", find("/11").c_str());
  STRCMP_EQUAL("/1/2/3/4/5/6/7/8/9/10", looked_at.c_str());
}
TEST(FallbackChain, ACircleEnds) {
  fallback = {{"/1", "/2"}, {"/2", "/1"}};
  STRCMP_EQUAL("none", find("/3").c_str());
  STRCMP_EQUAL("/1/2/1/2/1/2/1/2/1/2", looked_at.c_str());
}
