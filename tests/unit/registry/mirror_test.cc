#include "registry/mirror.h"

#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Mirror) {
  Loop loop{0, system_clock()};
  Mirror mirror{loop};
  std::vector<RegistryChange> told;

  void watch(std::uint64_t from = 0) {
    mirror.watch(from, [this](RegistryChange change) { told.push_back(std::move(change)); });
  }
  static RegistryWrite put(const std::string& key, const std::string& value) {
    RegistryWrite write;
    write.puts.emplace_back(key, value);
    return write;
  }
  static RegistryWrite deletion(const std::string& key) {
    RegistryWrite write;
    write.deletes.push_back(key);
    return write;
  }
  std::string value(const std::string& key) {
    const RegistryRecord* found = mirror.find(key);
    return found == nullptr ? "-" : found->value;
  }
};

TEST(Mirror, ContentIsToldAsADifference) {
  watch();
  mirror.replace({{{"users/a", "1", 5}, {"users/b", "1", 6}}, 6});
  mirror.replace({{{"users/b", "1", 6}, {"users/c", "1", 8}}, 9});
  LONGS_EQUAL(2, told.size());
  LONGS_EQUAL(2, told[0].set.size());
  LONGS_EQUAL(1, told[1].set.size());
  STRCMP_EQUAL("users/c", told[1].set[0].key.c_str());
  LONGS_EQUAL(1, told[1].deleted.size());
  STRCMP_EQUAL("users/a", told[1].deleted[0].c_str());
  LONGS_EQUAL(9, told[1].revision);
  mirror.replace(mirror.content());
  LONGS_EQUAL(2, told.size());
}
TEST(Mirror, WhatHappenedBeforeTheWatchIsToldAfterIt) {
  mirror.replace({{{"users/a", "1", 5}}, 5});
  mirror.apply({{{"users/b", "1", 6}}, {}, 6});
  watch(5);
  LONGS_EQUAL(0, told.size());
  mirror.apply({{{"users/c", "1", 7}}, {}, 7});
  loop.run_once(true);
  LONGS_EQUAL(2, told.size());
  STRCMP_EQUAL("users/b", told[0].set[0].key.c_str());
  STRCMP_EQUAL("users/c", told[1].set[0].key.c_str());
}
TEST(Mirror, ACommitComesBeforeTheEventsThatWereBeforeIt) {
  watch();
  mirror.replace({{{"users/a", "old", 5}}, 5});
  told.clear();
  mirror.commit(put("users/a", "ours"), 8);
  mirror.commit(deletion("users/b"), 9);
  mirror.apply({{{"users/a", "theirs", 6}}, {}, 6});
  mirror.apply({{{"users/b", "theirs", 7}}, {}, 7});
  STRCMP_EQUAL("ours", value("users/a").c_str());
  STRCMP_EQUAL("-", value("users/b").c_str());
  mirror.apply({{{"users/a", "ours", 8}}, {}, 8});
  mirror.apply({{}, {"users/b"}, 9});
  LONGS_EQUAL(1, told.size());
  mirror.seen(9);
  mirror.apply({{{"users/b", "new", 10}}, {}, 10});
  STRCMP_EQUAL("new", value("users/b").c_str());
  LONGS_EQUAL(10, mirror.revision());
}
TEST(Mirror, AnOldDeletionDoesNotTakeANewRecord) {
  mirror.commit(put("users/a", "new"), 8);
  mirror.apply({{}, {"users/a"}, 7});
  STRCMP_EQUAL("new", value("users/a").c_str());
  mirror.apply({{}, {"users/a"}, 9});
  STRCMP_EQUAL("-", value("users/a").c_str());
}
TEST(Mirror, ContentThatIsOlderThanACommitLeavesIt) {
  mirror.replace({{{"users/a", "1", 5}}, 5});
  mirror.commit(put("users/b", "ours"), 8);
  mirror.commit(deletion("users/a"), 9);
  mirror.replace({{{"users/a", "1", 5}, {"users/c", "1", 6}}, 7});
  STRCMP_EQUAL("ours", value("users/b").c_str());
  STRCMP_EQUAL("-", value("users/a").c_str());
  STRCMP_EQUAL("1", value("users/c").c_str());
  // The store of a backup has lower revisions, and is believed.
  mirror.begin_replace();
  mirror.replace({{{"users/a", "1", 2}}, 3});
  STRCMP_EQUAL("-", value("users/b").c_str());
  STRCMP_EQUAL("1", value("users/a").c_str());
  LONGS_EQUAL(3, mirror.revision());
}
TEST(Mirror, ComparesAreByRevision) {
  mirror.replace({{{"users/a", "1", 5}, {"made/00", "x", 6}}, 6});
  RegistryWrite write;
  write.compares = {{"users/a", 5}, {"users/b", 0}};
  CHECK(mirror.holds(write));
  write.made.emplace("made/00", "y");
  CHECK(!mirror.holds(write));
  LONGS_EQUAL(2, mirror.current(write).size());
  write.made->first = "made/01";
  CHECK(mirror.holds(write));
  write.compares[0].revision = 4;
  CHECK(!mirror.holds(write));
  write.compares[0].revision = 0;
  CHECK(!mirror.holds(write));
}
TEST(Mirror, WritesThatNoRegistryTakes) {
  STRCMP_EQUAL("", registry_write_fault(put("users/a", "{}")).c_str());
  CHECK(registry_write_fault(put("../a", "{}")) != "");
  CHECK(registry_write_fault(put("format", "2")) != "");
  CHECK(registry_write_fault(put("users/a", std::string(Registry::kValueBytes + 1, 'x'))) != "");
  RegistryWrite twice = put("users/a", "1");
  twice.deletes.push_back("users/a");
  CHECK(registry_write_fault(twice) != "");
  RegistryWrite made;
  made.made.emplace("users/a", "{}");
  CHECK(registry_write_fault(made) != "");
  RegistryWrite many;
  for (std::size_t i = 0; i < Registry::kWriteOperations; ++i)
    many.puts.emplace_back("users/" + std::to_string(i), "{}");
  STRCMP_EQUAL("", registry_write_fault(many).c_str());
  many.deletes.push_back("users/last");
  CHECK(registry_write_fault(many) != "");
}
