#include "net/socket/fd_channel.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(FdChannel) {
  std::pair<FdChannel, FdChannel> ends = *FdChannel::make();
  FdChannel &ours = ends.first, &theirs = ends.second;
};

TEST(FdChannel, AMessageComesWholeWithItsDescriptors) {
  std::array<int, 2> pipe{};
  CHECK(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  UniqueFd out(pipe[0]), in(pipe[1]);
  CHECK(ours.send("first", std::array{out.get(), in.get()}, 1s).has_value());
  CHECK(ours.send("second", {}, 1s).has_value());
  in.reset();
  auto first = theirs.receive(1s);
  CHECK(first.has_value());
  STRCMP_EQUAL("first", first->bytes.c_str());
  LONGS_EQUAL(2, first->fds.size());
  CHECK((::fcntl(first->fds[1].get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(::write(first->fds[1].get(), "x", 1) == 1);
  char got = 0;
  CHECK(::read(out.get(), &got, 1) == 1);
  CHECK(got == 'x');
  auto second = theirs.receive(1s);
  STRCMP_EQUAL("second", second->bytes.c_str());
  CHECK(second->fds.empty());
}

TEST(FdChannel, TheMostThatAMessageTakesArrives) {
  const UniqueFd one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<int> many(FdChannel::kMaxFds, one.get());
  CHECK(ours.send(std::string(FdChannel::kMaxBytes, 'b'), many, 1s).has_value());
  auto got = theirs.receive(1s);
  CHECK(got.has_value());
  LONGS_EQUAL(FdChannel::kMaxFds, got->fds.size());
  LONGS_EQUAL(FdChannel::kMaxBytes, got->bytes.size());
}

TEST(FdChannel, WhatIsTooLargeIsAnErrorOfTheSender) {
  const std::vector<int> many(FdChannel::kMaxFds + 1, 0);
  CHECK(!ours.send("", many, 1s).has_value());
  CHECK(!ours.send(std::string(FdChannel::kMaxBytes + 1, 'b'), {}, 1s).has_value());
}

// Otherwise a GO that comes too late would leave no process that serves.
TEST(FdChannel, WhatIsSentAfterTheOtherSideHasGivenUpIsAnErrorOfTheSender) {
  CHECK(theirs.receive(1ms).error().code == Error::Code::kTimeout);
  CHECK(ours.send("GO", {}, 1s).error().code == Error::Code::kClosed);
  CHECK(theirs.send("its reason", {}, 1s).has_value());
}

TEST(FdChannel, AnEndedProcessIsToldFromOneThatIsSlow) {
  auto slow = theirs.receive(1ms);
  CHECK(!slow.has_value());
  CHECK(slow.error().code == Error::Code::kTimeout);
  ours.close();
  auto ended = theirs.receive(1s);
  CHECK(!ended.has_value());
  CHECK(ended.error().code == Error::Code::kClosed);
  CHECK(theirs.send("x", {}, 1s).error().code == Error::Code::kClosed);
}

TEST(FdChannel, AnEmptyMessageIsNoEnd) {
  CHECK(ours.send("", {}, 1s).has_value());
  CHECK(theirs.receive(1s).has_value());
}

TEST(FdChannel, ASenderWhoseMessagesAreNotReadGivesUp) {
  const std::string message(FdChannel::kMaxBytes, 'b');
  Result<void> sent;
  for (int i = 0; i < 1000 && sent; ++i) sent = ours.send(message, {}, 1ms);
  CHECK(!sent.has_value());
  CHECK(sent.error().code == Error::Code::kTimeout);
}
