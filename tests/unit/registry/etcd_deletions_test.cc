// What a master believes that was deleted while it was stopped.
#include <string>
#include <utility>
#include <vector>

#include "registry/etcd_fixture.h"
#include "registry/etcd_registry.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP_BASE(EtcdDeletions, EtcdFixture){
    // This master has a copy of `mounts` mounts and is stopped; registry is another one.
    void one_stops_with(unsigned mounts){for (unsigned i = 0; i < mounts; ++i)
                                             etcd->put("/t/mounts/%2F" + std::to_string(i), "<a/>");
loaded();
copied();
registry.reset();
settings.path = folder.file("other.copy");
make();
CHECK(load().has_value());
}
void the_other_deletes(const std::vector<std::string>& keys) {
  for (std::size_t at = 0; at < keys.size();) {
    RegistryWrite write;
    for (; at < keys.size() && write.deletes.size() < 60; ++at)
      for (const RegistryRecord& record : registry->content().records)
        if (record.key == keys[at]) write.remove(record.key, record.revision);
    CHECK(commit(std::move(write)).result == CommitResult::kDone);
  }
}
std::size_t mounts_after_its_start() {
  registry.reset();
  settings.path = folder.file("store.copy");
  told.clear();
  std::size_t mounts = 0;
  for (const RegistryRecord& record : loaded().records) mounts += record.key.starts_with("mounts");
  return mounts;
}
static std::vector<std::string> mounts(unsigned from, unsigned to, const std::string& prefix = {}) {
  std::vector<std::string> keys;
  for (; from < to; ++from) keys.push_back(prefix + "mounts/%2F" + std::to_string(from));
  return keys;
}
}
;

TEST(EtcdDeletions, OneDeletionOfAMasterExcusesOneRecordThatIsMissing) {
  one_stops_with(100);
  the_other_deletes(mounts(0, 1));
  etcd->remove(mounts(1, 99, "/t/"));
  LONGS_EQUAL(100, mounts_after_its_start());
  CHECK(!registry->state().up);
  STRCMP_CONTAINS("98 of 99 mounts below /t/ were deleted, and by no master",
                  registry->state().words.c_str());
  // They are put back; the one that was deleted by a master stays deleted.
  for (const std::string& mount : mounts(1, 99, "/t/")) etcd->put(mount, "<a/>");
  run_until([this] { return registry->state().up; });
  LONGS_EQUAL(100, registry->content().records.size() - 1);  // 99 mounts and a user, with a sum
}
TEST(EtcdDeletions, DeletionsOfOtherKindsExcuseNoMount) {
  for (int i = 0; i < 100; ++i) etcd->put("/t/ended/s" + std::to_string(i), "{}");
  for (int i = 0; i < 30; ++i) etcd->put("/t/users/u" + std::to_string(i), "{}");
  one_stops_with(20);
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.push_back("ended/s" + std::to_string(i));
  for (int i = 0; i < 30; ++i) keys.push_back("users/u" + std::to_string(i));
  the_other_deletes(keys);
  etcd->remove(mounts(0, 19, "/t/"));
  LONGS_EQUAL(20, mounts_after_its_start());
  STRCMP_CONTAINS("19 of 20 mounts", registry->state().words.c_str());
}
TEST(EtcdDeletions, AllThatMastersDeletedMeanwhileIsBelieved) {
  for (int i = 0; i < 100; ++i) etcd->put("/t/ended/s" + std::to_string(i), "{}");
  one_stops_with(302);
  std::vector<std::string> keys = mounts(0, 300);
  for (int i = 0; i < 100; ++i) keys.push_back("ended/s" + std::to_string(i));
  the_other_deletes(keys);
  LONGS_EQUAL(2, mounts_after_its_start());
  CHECK(registry->state().up);
  LONGS_EQUAL(4, registry->content().records.size());
  CHECK(!log.says("by no master"));
}
TEST(EtcdDeletions, DeletionsAtTheSameTimeAreAllCounted) {
  one_stops_with(40);
  unsigned done = 0;
  for (const RegistryRecord& record : registry->content().records) {
    if (!record.key.starts_with("mounts/") || record.key == "mounts/%2F0") continue;
    RegistryWrite write;
    write.remove(record.key, record.revision);
    registry->commit(std::move(write), [&done](const CommitAnswer& answer) {
      CHECK(answer.result == CommitResult::kDone);
      ++done;
    });
  }
  run_until([&done] { return done == 39; });
  STRCMP_EQUAL("39", etcd->value("/t/store/deleted/mounts").c_str());
  LONGS_EQUAL(1, mounts_after_its_start());
  CHECK(registry->state().up);
}
TEST(EtcdDeletions, ADeletionWhoseAnswerWasLostIsCountedOnce) {
  one_stops_with(10);
  etcd->fail("/v3/kv/txn", 1, 503, "{}", true);
  the_other_deletes(mounts(0, 1));
  STRCMP_EQUAL("1", etcd->value("/t/store/deleted/mounts").c_str());
}
TEST(EtcdDeletions, ADeletionConflictsAsBeforeAndItsSumIsNotInTheAnswer) {
  one_stops_with(10);
  the_other_deletes(mounts(0, 1));
  etcd->put("/t/store/deleted/mounts", "7");
  etcd->put("/t/mounts/%2F1", "<b/>");
  RegistryWrite write;
  write.remove("mounts/%2F1", 6);
  const CommitAnswer answer = commit(std::move(write));
  CHECK(answer.result == CommitResult::kConflict);
  LONGS_EQUAL(1, answer.current.size());
  STRCMP_EQUAL("<b/>", answer.current[0].value.c_str());
  STRCMP_EQUAL("7", etcd->value("/t/store/deleted/mounts").c_str());
  // Another master has deleted six since: this one did not see it yet.
  the_other_deletes(mounts(2, 3));
  STRCMP_EQUAL("8", etcd->value("/t/store/deleted/mounts").c_str());
}
// They count nothing, and each of their writes may have deleted 64 records.
TEST(EtcdDeletions, MastersOfAnEarlierVersionAreBelievedAsFarAsTheirWritesReach) {
  one_stops_with(150);
  etcd->remove_uncounted("/t/", mounts(0, 60));
  etcd->remove_uncounted("/t/", mounts(60, 120));
  // Another one of this version, which saw it, deletes later.
  run_until([this] { return registry->content().records.size() < 40; });
  the_other_deletes(mounts(120, 121));
  LONGS_EQUAL(29, mounts_after_its_start());
  CHECK(registry->state().up);
}
TEST(EtcdDeletions, OneWriteOfAnEarlierVersionExcusesWhatItDeleted) {
  one_stops_with(100);
  etcd->remove_uncounted("/t/", mounts(0, 1));
  etcd->remove(mounts(1, 99, "/t/"));
  LONGS_EQUAL(100, mounts_after_its_start());
  STRCMP_CONTAINS("99 of 100 mounts", registry->state().words.c_str());
}
