#include <map>
#include <random>
#include <set>

#include "base/persistent_map.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(PersistentMapChanges) {
  using Map = PersistentMap<int>;
  using Plain = std::map<std::string, int>;

  static unsigned below(std::mt19937 & random, unsigned bound) {
    return static_cast<unsigned>(random() % bound);
  }
  static std::string name(unsigned number) { return "/m" + std::to_string(number); }
  static void same(const Plain& plain, const Map& map) {
    LONGS_EQUAL(plain.size(), map.size());
    auto at = map.begin();
    for (const auto& [key, value] : plain) {
      STRCMP_EQUAL(key.c_str(), at->first.c_str());
      LONGS_EQUAL(value, at->second);
      ++at;
    }
    CHECK(at == map.end());
  }
  static std::set<std::string> changes(const Map& before, const Map& now) {
    std::set<std::string> names;
    for_each_change(before, now, [&names](const std::string& key, const int* was, const int* is) {
      CHECK(was != nullptr || is != nullptr);
      CHECK(names.insert(key).second);
    });
    return names;
  }
};

TEST(PersistentMapChanges, IsWhatAMapIs) {
  std::mt19937 random(1);  // NOLINT: the same each time
  Plain plain;
  Map map;
  for (int round = 0; round < 20'000; ++round) {
    const std::string key = name(below(random, 3000));
    if (below(random, 5) < (round < 10'000 ? 4U : 1U)) {
      plain[key] = round;
      map.set(key, round);
    } else {
      plain.erase(key);
      map.erase(key);
    }
    if (round % 1000 != 0) continue;
    same(plain, map);
    for (unsigned i = 0; i < 3000; i += 7) {
      const auto wanted = plain.upper_bound(name(i));
      const auto found = map.upper_bound(name(i));
      CHECK((wanted == plain.end()) == (found == map.end()));
      if (wanted != plain.end()) STRCMP_EQUAL(wanted->first.c_str(), found->first.c_str());
      CHECK(plain.contains(name(i)) == map.contains(name(i)));
    }
  }
}
TEST(PersistentMapChanges, ACopyStaysAsItWas) {
  Map map;
  Plain plain;
  for (unsigned i = 0; i < 1000; ++i) {
    map.set(name(i), static_cast<int>(i));
    plain[name(i)] = static_cast<int>(i);
  }
  const Map before = map;
  for (unsigned i = 0; i < 1000; i += 3) map.erase(name(i));
  map.set("/new", 1);
  same(plain, before);
  CHECK(!(map == before));
}
TEST(PersistentMapChanges, WhatDiffersIsFound) {
  std::mt19937 random(2);  // NOLINT: the same each time
  Map map;
  for (unsigned i = 0; i < 5000; ++i) map.set(name(i), 0);
  for (int round = 1; round < 200; ++round) {
    const Map before = map;
    std::set<std::string> wanted;
    for (unsigned i = 0; i < below(random, 5); ++i) {
      const std::string key = name(below(random, 6000));
      wanted.insert(key);
      if (before.contains(key) && below(random, 2) == 0)
        map.erase(key);
      else
        map.set(key, round);
    }
    for (auto at = wanted.begin(); at != wanted.end();)  // made and gone again
      at = before.contains(*at) || map.contains(*at) ? std::next(at) : wanted.erase(at);
    CHECK(wanted == changes(before, map));
    CHECK((map == before) == wanted.empty());
  }
  CHECK(changes(map, map).empty());
  LONGS_EQUAL(map.size(), changes(Map(), map).size());
}
TEST(PersistentMapChanges, TheSameValueIsNoChange) {
  Map map;
  map.set("/a", 1);
  const Map before = map;
  map.set("/a", 1);
  CHECK(map == before);
}
