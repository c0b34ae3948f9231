#include "base/persistent_map.h"

#include <map>
#include <string>
#include <vector>

#include "base/random.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

using Map = PersistentMap<int>;

std::string key_of(std::uint64_t number) { return "/mount" + std::to_string(number % 2000); }

std::string text_of(const Map& map) {
  std::string text;
  for (const auto& [key, value] : map) text += key + '=' + std::to_string(value) + ' ';
  return text;
}

std::string changes(const Map& before, const Map& now, unsigned* seen = nullptr) {
  std::string text;
  Map::for_each_change(before, now, [&](const auto* was, const auto* is) {
    if (seen != nullptr) ++*seen;
    text += (was != nullptr ? was->first + ':' + std::to_string(was->second) : "-") + ">" +
            (is != nullptr ? is->first + ':' + std::to_string(is->second) : "-") + ' ';
  });
  return text;
}

}  // namespace

TEST_GROUP(PersistentMap){};

TEST(PersistentMap, FindsWhatWasSet) {
  Map map;
  CHECK(map.empty());
  CHECK(map.begin() == map.end());
  map.set("b", 2);
  map.set("a", 1);
  map.set("c", 3);
  map.set("b", 4);
  STRCMP_EQUAL("a=1 b=4 c=3 ", text_of(map).c_str());
  LONGS_EQUAL(3, map.size());
  CHECK(map.find(std::string_view("b")) != map.end());
  CHECK(map.find(std::string_view("bb")) == map.end());
  STRCMP_EQUAL("c", map.lower_bound(std::string_view("bb"))->first.c_str());
  CHECK(map.erase("b"));
  CHECK_FALSE(map.erase("b"));
  STRCMP_EQUAL("a=1 c=3 ", text_of(map).c_str());
}

TEST(PersistentMap, ACopyStaysAsItWas) {
  Map map;
  for (int i = 0; i < 100; ++i) map.set(key_of(static_cast<std::uint64_t>(i)), i);
  const Map before = map;
  CHECK(before.is_same(map));
  const std::string text = text_of(before);
  for (int i = 0; i < 100; i += 3) map.erase(key_of(static_cast<std::uint64_t>(i)));
  for (int i = 1; i < 100; i += 3) map.set(key_of(static_cast<std::uint64_t>(i)), -i);
  STRCMP_EQUAL(text.c_str(), text_of(before).c_str());
  CHECK_FALSE(before.is_same(map));
}

TEST(PersistentMap, IsAMapThroughManyChanges) {
  Rng rng(17);
  Map map, before;
  std::map<std::string, int> model, model_before;
  for (int round = 0; round < 20'000; ++round) {
    const std::string key = key_of(rng.next());
    if (rng.next() % 3 == 0) {
      CHECK_EQUAL(model.erase(key) == 1, map.erase(key));
    } else {
      map.set(key, round);
      model[key] = round;
    }
    if (round % 1000 != 0) continue;
    LONGS_EQUAL(model.size(), map.size());
    CHECK(std::equal(map.begin(), map.end(), model.begin(), model.end()));
    std::map<std::string, int> rebuilt = model_before;
    Map::for_each_change(before, map, [&](const auto* was, const auto* is) {
      if (is == nullptr)
        CHECK_EQUAL(1, rebuilt.erase(was->first));
      else
        rebuilt[is->first] = is->second;
      CHECK_EQUAL(was != nullptr, model_before.contains(was != nullptr ? was->first : is->first));
    });
    CHECK(rebuilt == model);
    before = map;
    model_before = model;
  }
}

TEST(PersistentMap, TellsWhatHasChanged) {
  Map before;
  for (int i = 0; i < 10; ++i) before.set("k" + std::to_string(i), i);
  Map now = before;
  STRCMP_EQUAL("", changes(before, now).c_str());
  now.set("k3", 33);
  now.set("k4", 4);  // as it was
  now.erase("k7");
  now.set("k55", 5);
  STRCMP_EQUAL("k3:3>k3:33 ->k55:5 k7:7>- ", changes(before, now).c_str());
  STRCMP_EQUAL("->a:1 ",
               [] {
                 Map one;
                 one.set("a", 1);
                 return changes({}, one);
               }()
                   .c_str());
}

// What two maps share is not looked at: values that would say that they differ are not asked.
TEST(PersistentMap, AChangeCostsItsPathOnly) {
  struct Counted {
    unsigned* asked;
    bool operator==(const Counted&) const {
      ++*asked;
      return true;
    }
  };
  unsigned asked = 0;
  PersistentMap<Counted> map;
  for (int i = 0; i < 2000; ++i) map.set(key_of(static_cast<std::uint64_t>(i)), {&asked});
  auto now = map;
  now.set("/mount1000x", {&asked});
  unsigned seen = 0;
  PersistentMap<Counted>::for_each_change(map, now, [&](const auto*, const auto*) { ++seen; });
  LONGS_EQUAL(1, seen);
  CHECK(asked < 30);
}
