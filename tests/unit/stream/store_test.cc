#include "stream/log/store.h"

#include <sys/stat.h>

#include <cstring>

#include "base/resource_limit.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using lb::test::ResourceLimit;

TEST_GROUP(Store) {
  const std::size_t page = Store::page_bytes();
  std::shared_ptr<Store> store = *Store::memfd("test");

  struct stat info() const {
    struct stat result {};
    CHECK(::fstat(store->fd(), &result) == 0);
    return result;
  }
  std::size_t bytes_held() const { return static_cast<std::size_t>(info().st_blocks) * 512; }
};

TEST(Store, HoldsNoMemoryAtFirst) {
  LONGS_EQUAL(0, info().st_size);
  LONGS_EQUAL(0, bytes_held());
}
TEST(Store, MapsARangeWhoseFileOffsetIsItsPosition) {
  auto segment = *store->extend(page * 3, page * 2);
  LONGS_EQUAL(page * 3, segment->begin);
  LONGS_EQUAL(page * 5, segment->end());
  LONGS_EQUAL(page * 5, info().st_size);
  std::memset(segment->data, 'x', page * 2);
  char byte = 0;
  CHECK(::pread(store->fd(), &byte, 1, static_cast<off_t>(page * 5 - 1)) == 1);
  BYTES_EQUAL('x', byte);
  LONGS_EQUAL(page * 2, bytes_held());
}
TEST(Store, PunchingGivesMemoryBackAndKeepsTheSize) {
  auto segment = *store->extend(0, page * 4);
  std::memset(segment->data, 'x', page * 4);
  store->punch(0, page * 3);
  LONGS_EQUAL(page, bytes_held());
  LONGS_EQUAL(page * 4, info().st_size);
  store->punch(page * 3, page * 3);
  LONGS_EQUAL(page, bytes_held());
}
TEST(Store, ASegmentThatGoesOnlyUnmaps) {
  auto segment = *store->extend(0, page);
  std::memset(segment->data, 'x', page);
  segment.reset();
  LONGS_EQUAL(page, bytes_held());
  char byte = 0;
  CHECK(::pread(store->fd(), &byte, 1, 0) == 1);
  BYTES_EQUAL('x', byte);
}
TEST(Store, ASegmentOutlivesItsStore) {
  auto segment = *store->extend(0, page);
  std::memset(segment->data, 'x', page);
  store.reset();
  CHECK(segment->data[page - 1] == std::byte{'x'});
}
TEST(Store, ASegmentWithoutAMappingIsNothingToUnmap) {
  Segment nothing(page, 0, nullptr);
  LONGS_EQUAL(page, nothing.end());
}
TEST(Store, TakesNamesThatAreTooLongForAMemfd) {
  CHECK(Store::memfd(std::string(1000, 'n')).has_value());
}
TEST(Store, ReportsWhenThereIsNoDescriptorLeft) {
  const ResourceLimit limited(RLIMIT_NOFILE, 0);
  const auto none = Store::memfd("/a.mp3");
  CHECK(!none.has_value());
  CHECK(none.error().code == Error::Code::kIo);
  STRCMP_EQUAL("log of /a.mp3: memfd_create failed (Too many open files)",
               none.error().what.c_str());
}
TEST(Store, ReportsWhenItCannotGrow) {
  const ResourceLimit limited(RLIMIT_FSIZE, page);
  const auto none = store->extend(0, page * 2);
  CHECK(!none.has_value());
  STRCMP_EQUAL("stream log: cannot grow (File too large)", none.error().what.c_str());
}
TEST(Store, ReportsWhenItCannotMap) {
  const auto none = store->extend(0, 0);
  CHECK(!none.has_value());
  STRCMP_EQUAL("stream log: cannot map (Invalid argument)", none.error().what.c_str());
}
