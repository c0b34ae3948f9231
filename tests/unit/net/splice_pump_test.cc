#include "net/socket/splice_pump.h"

#include <signal.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/resource_limit.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using Stop = SplicePump::Stop;

TEST_GROUP(SplicePump) {
  int from[2], to[2];
  std::unique_ptr<SplicePump> pump;
  void setup() override {
    ::signal(SIGPIPE, SIG_IGN);
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, from) == 0);
    CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, to) == 0);
    pump = std::make_unique<SplicePump>(std::move(*SplicePump::open()));
  }
  void teardown() override {
    pump.reset();
    for (int* fd : {&from[0], &from[1], &to[0], &to[1]}) close_one(*fd);
  }
  static void close_one(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  SplicePump::Moved move(std::size_t budget = 1 << 20) {
    return pump->pump(from[1], to[0], budget);
  }
  std::size_t send(std::string_view text) {
    const auto n = ::send(from[0], text.data(), text.size(), MSG_NOSIGNAL);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  std::string received() {
    std::string all;
    char buffer[65536];
    for (ssize_t n; (n = ::recv(to[1], buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }
  static std::string numbered(std::size_t size) {
    std::string text;
    for (unsigned i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
    text.resize(size);
    return text;
  }
};

TEST(SplicePump, MovesWhatThereIsAndWaitsForMore) {
  send("some audio");
  const auto moved = move();
  CHECK(moved.stop == Stop::kSourceDry);
  LONGS_EQUAL(10, moved.in);
  LONGS_EQUAL(10, moved.out);
  STRCMP_EQUAL("some audio", received().c_str());
  CHECK(move().stop == Stop::kSourceDry);
}

TEST(SplicePump, GivesTheSinkEverythingBeforeItReportsTheEndOfTheSource) {
  send("the last words");
  ::shutdown(from[0], SHUT_WR);
  CHECK(move().stop == Stop::kSourceEnded);
  STRCMP_EQUAL("the last words", received().c_str());
  CHECK(move().stop == Stop::kSourceEnded);
}

TEST(SplicePump, StopsAtItsBudgetAndGoesOnFromThere) {
  const std::string all = numbered(100'000);
  LONGS_EQUAL(all.size(), send(all));
  const auto first = move(1);
  CHECK(first.stop == Stop::kBudget);
  CHECK(first.out > 0 && first.out < all.size());
  std::string got = received();
  while (move(1).stop == Stop::kBudget) got += received();
  got += received();
  CHECK(got == all);
}

TEST(SplicePump, HoldsBackWhatAFullSinkDoesNotTakeAndLosesNothing) {
  const std::string piece = numbered(30'000);
  std::string sent, got;
  SplicePump::Moved moved;
  // The reader takes nothing until both sockets and the pipe are full.
  for (int i = 0; i < 1000; ++i) {
    const std::size_t n = send(piece);
    sent.append(piece, 0, n);
    moved = move();
    if (moved.stop == Stop::kSinkFull && n == 0) break;
  }
  CHECK(moved.stop == Stop::kSinkFull);
  CHECK(pump->held() > 0);
  for (int i = 0; i < 1000 && got.size() < sent.size(); ++i) {
    got += received();
    move();
  }
  CHECK(got == sent);
  LONGS_EQUAL(0, pump->held());
}

TEST(SplicePump, ASourceThatEndsWhileTheSinkIsFullEndsWhenAllHasGone) {
  std::string sent;
  const std::string piece = numbered(30'000);
  for (std::size_t n = 1; n > 0; move()) {
    n = send(piece);
    sent.append(piece, 0, n);
  }
  ::shutdown(from[0], SHUT_WR);
  CHECK(move().stop == Stop::kSinkFull);
  std::string got;
  Stop last = Stop::kSinkFull;
  for (int i = 0; i < 1000 && last != Stop::kSourceEnded; ++i) {
    got += received();
    last = move().stop;
  }
  got += received();
  CHECK(last == Stop::kSourceEnded);
  CHECK(got == sent);
}

TEST(SplicePump, ManySmallPiecesFillThePipeBeforeTheirBytesDo) {
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const std::string piece = std::to_string(i) + ';';
    send(piece);
    sent += piece;
  }
  CHECK(move().stop == Stop::kSourceDry);
  CHECK(received() == sent);
}

TEST(SplicePump, ReportsWhichSideIsBroken) {
  send("x");
  close_one(to[1]);
  CHECK(move().stop == Stop::kSinkBroken);
}

TEST(SplicePump, ASourceThatWasResetIsBroken) {
  // What has not been read when a unix socket closes makes the other end's read fail.
  CHECK(::send(from[1], "unread", 6, 0) == 6);
  close_one(from[0]);
  CHECK(move().stop == Stop::kSourceBroken);
}

TEST(SplicePump, ReportsWhenThereAreNoDescriptors) {
  const lb::test::ResourceLimit none(RLIMIT_NOFILE, 0);
  const auto opened = SplicePump::open();
  CHECK(!opened.has_value());
  CHECK(opened.error().what.find("pipe") != std::string::npos);
}
