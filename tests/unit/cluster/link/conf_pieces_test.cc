// What many nodes are told of the same changes.
#include "cluster/link/conf_pieces.h"

#include <map>
#include <string>

#include "cluster/link/frame.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(ConfPieces) {
  std::map<std::string, std::string> values;
  std::map<std::string, std::string> homes;  // of keys
  ConfPieces::Changes changes;
  unsigned made = 0;
  ConfPieces pieces{{[this](const std::string& key, const std::string& node) {
                       ++made;
                       const auto at = values.find(key);
                       if (at == values.end()) return std::optional<std::string>();
                       return std::optional(homes[key] == node ? "home of " + at->second
                                                               : at->second);
                     },
                     [this](const std::string& key, std::set<std::string>& nodes) {
                       if (homes.contains(key)) nodes.insert(homes[key]);
                     }}};

  void set(const std::string& key, const std::string& value) {
    values[key] = value;
    changes.emplace(changes.size() + 1, key);
  }
  // As a node has it when it was told all: how many pieces it took comes back too.
  std::map<std::string, std::string> told(const std::string& node, unsigned* count = nullptr) {
    std::map<std::string, std::string> out;
    ConfFrame head;
    head.store = "4f1c.2";
    head.all = true;
    bool more = true;
    for (std::uint64_t from = 0; more; head.all = false) {
      const auto piece = pieces.next(changes, from, head, node);
      more = piece->more;
      from = piece->to;
      if (count != nullptr) ++*count;
      std::string_view lines = piece->lines;
      for (std::size_t i = 0; i < piece->frames; ++i) {
        const std::size_t end = lines.find('\n');
        auto frame = parse_frame(lines.substr(0, end));
        lines.remove_prefix(end + 1);
        const auto& conf = std::get<ConfFrame>(**frame);
        CHECK(conf.more == (more || i + 1 < piece->frames));
        for (const ConfItem& item : conf.set) out[item.key] += item.value;
        for (const std::string& key : conf.removed) out[key] = "(gone)";
      }
      STRCMP_EQUAL("", std::string(lines).c_str());
    }
    return out;
  }
};

TEST(ConfPieces, WhatAllAreToldIsMadeOnce) {
  for (int i = 0; i < 1000; ++i)
    set("mounts/m" + std::to_string(i), "<mount>" + std::to_string(i) + std::string(500, '.'));
  unsigned count = 0;
  CHECK(told("n1", &count) == values);
  CHECK(count > 5 && count < 15);  // each fills a frame
  const unsigned of_one = made;
  for (int i = 2; i < 100; ++i) CHECK(told("n" + std::to_string(i)) == values);
  LONGS_EQUAL(of_one, made);
}
TEST(ConfPieces, AHomeIsToldItsOwn) {
  set("mounts/a", "A");
  set("mounts/b", "B");
  homes["mounts/b"] = "n2";
  STRCMP_EQUAL("home of B", told("n2")["mounts/b"].c_str());
  STRCMP_EQUAL("B", told("n1")["mounts/b"].c_str());
  const unsigned before = made;
  STRCMP_EQUAL("B", told("n3")["mounts/b"].c_str());
  LONGS_EQUAL(before, made);
  STRCMP_EQUAL("home of B", told("n2")["mounts/b"].c_str());
}
TEST(ConfPieces, WhatHasChangedIsMadeAgain) {
  set("mounts/a", "A");
  told("n1");
  values.clear();
  pieces.clear();
  STRCMP_EQUAL("(gone)", told("n1")["mounts/a"].c_str());
}
TEST(ConfPieces, AValueOfSeveralFramesIsOnePiece) {
  set("mounts/a", std::string(200'000, 'x'));
  set("mounts/b", "B");
  unsigned count = 0;
  CHECK(told("n1", &count) == values);
  LONGS_EQUAL(1, count);
}
TEST(ConfPieces, ANodeIsToldThatThereIsNothing) {
  unsigned count = 0;
  CHECK(told("n1", &count).empty());
  LONGS_EQUAL(1, count);
}
