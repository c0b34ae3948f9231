#include "net/socket/fd_parcel.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(FdParcel) {
  std::pair<FdChannel, FdChannel> ends = *FdChannel::make();
  FdChannel &ours = ends.first, &theirs = ends.second;
};

TEST(FdParcel, TextAndDescriptorsOfAnyNumberComeWhole) {
  const std::string text(200'000, 'x');
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<int> fds(600, null.get());
  bool sent = false;
  std::thread sender([&] { sent = send_parcel(ours, text + "end", fds, 5s).has_value(); });
  const auto got = receive_parcel(theirs, 5s);
  sender.join();
  CHECK(sent);
  CHECK(got.has_value());
  CHECK(got->bytes == text + "end");
  UNSIGNED_LONGS_EQUAL(600, got->fds.size());
  struct stat one {
  }, other{};
  CHECK(::fstat(got->fds.back().get(), &one) == 0);
  CHECK(::fstat(null.get(), &other) == 0);
  CHECK(one.st_rdev == other.st_rdev);
}

TEST(FdParcel, WhatDoesNotBeginWithSizesIsRefused) {
  CHECK(ours.send("nonsense", {}, 1s).has_value());
  CHECK(!receive_parcel(theirs, 1s).has_value());
  CHECK(ours.send(std::string(16, '\xff'), {}, 1s).has_value());
  const auto got = receive_parcel(theirs, 1s);
  CHECK(!got.has_value());
  CHECK(got.error().code == Error::Code::kLimit);
}

TEST(FdParcel, OneThatIsNotWholeIsAnError) {
  std::string sizes(16, '\0');
  sizes[0] = 5;
  CHECK(ours.send(sizes, {}, 1s).has_value());
  ours.close();
  CHECK(!receive_parcel(theirs, 1s).has_value());
}
