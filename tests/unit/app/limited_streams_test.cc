#include "app/topology/limited_streams.h"

#include "stream/mount/mount.h"
#include "stream/mount/mount_table.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(LimitedStreams) {
  MountTable table;
  LimitedStreams streams;
  std::set<std::string> limited;  // as their sections say
  int judged = 0;

  void put(const std::string& name) {
    table.put(std::make_shared<Mount>(name, std::make_shared<const MountSettings>(), 1));
  }
  std::string judge() {
    judged = 0;
    std::string out;
    for (const std::string& name : streams.judge(*table.all(), [&](const auto&each, const Mount&) {
           ++judged;
           return limited.contains(each);
         }))
      out += name + (streams.has(name) ? "+ " : "- ");
    return out;
  }
};

TEST(LimitedStreams, AtFirstAllAreJudged) {
  put("/a");
  put("/b");
  limited = {"/b"};
  STRCMP_EQUAL("/b+ ", judge().c_str());
  CHECK_EQUAL(2, judged);
  CHECK(!streams.has("/a"));
}

TEST(LimitedStreams, OfManyOnlyThoseThatHaveChangedAreJudged) {
  for (int i = 0; i < 1000; ++i) {
    put("/m" + std::to_string(i));
    limited.insert("/m" + std::to_string(i));
  }
  judge();
  STRCMP_EQUAL("", judge().c_str());
  CHECK_EQUAL(0, judged);
  put("/new");
  limited.insert("/new");
  streams.note("/m7");
  STRCMP_EQUAL("/m7+ /new+ ", judge().c_str());
  CHECK_EQUAL(2, judged);
  streams.note_all();
  judge();
  CHECK_EQUAL(1001, judged);
}

TEST(LimitedStreams, WhatIsLimitedNoMoreOrHasGoneIsNamedOnce) {
  put("/a");
  put("/b");
  limited = {"/a", "/b"};
  judge();
  limited = {"/b"};
  streams.note("/a");
  table.erase("/b");
  STRCMP_EQUAL("/a- /b- ", judge().c_str());
  streams.note("/a");
  streams.note("/b");
  STRCMP_EQUAL("", judge().c_str());
  limited = {"/a"};
  put("/a");
  streams.note_all();
  STRCMP_EQUAL("/a+ ", judge().c_str());
}
