#include "base/snapshot.h"

#include <memory>

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Snapshot) {
  std::shared_ptr<const int> first = std::make_shared<const int>(1);
  Snapshot<int> snapshot{first};
  SnapshotReader<int> reader{snapshot};
};

TEST(Snapshot, AReaderSeesTheNewest) {
  LONGS_EQUAL(1, reader.read());
  snapshot.publish(std::make_shared<const int>(2));
  LONGS_EQUAL(2, reader.read());
  LONGS_EQUAL(2, reader.read());
  LONGS_EQUAL(2, *snapshot.read());
}
TEST(Snapshot, AReaderKeepsWhatItHasReadLast) {
  const int& read = reader.read();
  snapshot.publish(std::make_shared<const int>(2));
  LONGS_EQUAL(1, read);
  CHECK(first.use_count() > 1);
  reader.read();
  LONGS_EQUAL(1, first.use_count());
}
