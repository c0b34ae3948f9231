#include "net/socket/acceptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/log_book.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using lb::test::CapturedLog;

namespace {

struct Sink final : ConnectionSink {
  void accepted(std::unique_ptr<Transport> transport,
                const std::shared_ptr<const ListenSocket>&) override {
    got.push_back(std::move(transport));
  }
  bool make_room() override { return false; }
  std::vector<std::unique_ptr<Transport>> got;
};

ListenSettings loopback() {
  ListenSettings settings;
  settings.bind_address = "127.0.0.1";
  return settings;
}

UniqueFd connect_to(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

// The results of accept4 as long as there are some here; then the kernel's.
struct FakeKernel {
  std::vector<int> errors;
  int calls = 0;
};
FakeKernel kernel;
int fake_accept(int fd, sockaddr* address, socklen_t* size, int flags) {
  ++kernel.calls;
  if (kernel.errors.empty()) return ::accept4(fd, address, size, flags);
  errno = kernel.errors.front();
  kernel.errors.erase(kernel.errors.begin());
  return -1;
}
std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++n;
  return n;
}

}  // namespace

TEST_GROUP(Acceptor){};

// A server whose accept4 fails; one client waits.
TEST_GROUP(AcceptFails) {
  Loop loop{0, system_clock()};
  CapturedLog captured{system_clock()};
  Sink sink;
  std::shared_ptr<ListenSocket> socket;
  std::unique_ptr<Acceptor> acceptor;
  UniqueFd client;

  void setup() override {
    kernel = {};
    socket = *ListenSocket::open(loopback(), 0, false, 1);
    acceptor = std::make_unique<Acceptor>(loop, socket, sink, captured.log, &fake_accept);
    client = connect_to(socket->port);
  }
  void teardown() override { kernel = {}; }
  void turn_for(std::chrono::milliseconds time) {
    for (const SteadyTime end = loop.now() + time; loop.now() < end;) {
      loop.run_once(false);
      ::usleep(500);
    }
  }
  void turn_until_taken(std::size_t wanted) {
    for (const SteadyTime end = loop.now() + std::chrono::seconds(10);
         sink.got.size() < wanted && loop.now() < end;)
      loop.run_once(true);
    LONGS_EQUAL(wanted, sink.got.size());
  }
};

TEST(Acceptor, PortZeroIsChosenOnceForAllWorkers) {
  auto socket = ListenSocket::open(loopback(), 0, false, 3);
  CHECK(socket.has_value());
  LONGS_EQUAL(3, (*socket)->fds->size());
  CHECK((*socket)->port > 0);
}
TEST(Acceptor, APortInUseIsAnErrorThatNamesIt) {
  auto first = ListenSocket::open(loopback(), 0, false, 1);
  CHECK(first.has_value());
  auto second = ListenSocket::open(loopback(), (*first)->port, false, 1);
  CHECK(!second.has_value());
  CHECK(second.error().what.find(std::to_string((*first)->port)) != std::string::npos);
}
TEST(Acceptor, AnAddressThatIsNoneIsAnError) {
  ListenSettings settings;
  settings.bind_address = "no such address";
  CHECK(!ListenSocket::open(settings, 0, false, 1).has_value());
}
TEST(Acceptor, TakesAllThatWaitAtOnce) {
  Loop loop(0, system_clock());
  Log log(system_clock());
  Sink sink;
  auto socket = ListenSocket::open(loopback(), 0, false, 1);
  CHECK(socket.has_value());
  Acceptor acceptor(loop, *socket, sink, log);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(connect_to((*socket)->port));
  for (int i = 0; i < 20 && sink.got.size() < 20; ++i) loop.run_once(true);
  LONGS_EQUAL(20, sink.got.size());
  STRCMP_EQUAL("127.0.0.1", sink.got[0]->peer().ip().c_str());
}
TEST(AcceptFails, AnyShortageIsWaitedForRatherThanAskedAgainAndAgain) {
  for (const int error : {ENOBUFS, ENOMEM, EPERM, EINVAL}) {
    kernel.calls = 0;
    kernel.errors.assign(1000, error);
    turn_for(std::chrono::milliseconds(150));
    CHECK_TEXT(kernel.calls <= 3, std::to_string(kernel.calls).c_str());
    LONGS_EQUAL(0, sink.got.size());
  }
  kernel.errors.clear();
  turn_until_taken(1);
}
TEST(AcceptFails, ItIsSaidOnceWithItsNumberAndWhenItIsOver) {
  kernel.errors.assign(2, ENOBUFS);
  turn_until_taken(1);
  const std::string said = captured.errors();
  LONGS_EQUAL(1, count_of(said, "cannot accept connections (" +
                                    std::string(std::strerror(ENOBUFS)) + ", errno " +
                                    std::to_string(ENOBUFS) + "); they wait for 100 ms at a time"));
  LONGS_EQUAL(1, count_of(said, "accepts connections again after "));
  CHECK(said.find("and 2 failed attempts") != std::string::npos);
  const UniqueFd other = connect_to(socket->port);
  turn_until_taken(2);
  STRCMP_EQUAL(said.c_str(), captured.errors().c_str());
}
TEST(AcceptFails, OutOfDescriptorsIsSaidWithWhatIsToBeRaised) {
  kernel.errors = {EMFILE};
  turn_for(std::chrono::milliseconds(20));
  LONGS_EQUAL(
      1,
      count_of(captured.errors(),
               "one was refused with 503, the others wait for 100 ms at a time; raise the limit"));
  char reply[64]{};
  CHECK(::recv(client.get(), reply, sizeof reply - 1, 0) > 0);
  CHECK(std::string(reply).starts_with("HTTP/1.0 503 "));
}
TEST(AcceptFails, AConnectionThatIsGoneStopsNoOther) {
  kernel.errors = {ECONNABORTED, EPROTO, EINTR};
  turn_until_taken(1);
  STRCMP_EQUAL("", captured.errors().c_str());
}
TEST(AcceptFails, NetworkErrorsWithoutEndArePausedForToo) {
  kernel.errors.assign(100000, ENETDOWN);
  turn_for(std::chrono::milliseconds(50));
  CHECK_TEXT(kernel.calls <= 64, std::to_string(kernel.calls).c_str());
  acceptor->close();  // comes to an end
}
// Of a crowd a wake-up takes more and more, so that a storm costs few of them.
TEST(Acceptor, ACrowdIsTakenInFewTurns) {
  Loop loop(0, system_clock());
  Log log(system_clock());
  Sink sink;
  auto socket = ListenSocket::open(loopback(), 0, false, 1);
  CHECK(socket.has_value());
  Acceptor acceptor(loop, *socket, sink, log);
  constexpr unsigned kCrowd = 300;
  std::vector<UniqueFd> clients;
  for (unsigned i = 0; i < kCrowd; ++i) clients.push_back(connect_to((*socket)->port));
  unsigned turns = 0;
  for (; turns < kCrowd && sink.got.size() < kCrowd; ++turns) loop.run_once(true);
  LONGS_EQUAL(kCrowd, sink.got.size());
  CHECK(turns <= 45);  // 8 of 1, 8 of 2, … 32: 8 × 31 + 2 of 32
}
TEST(Acceptor, ClosingTakesAllThatWait) {
  Loop loop(0, system_clock());
  Log log(system_clock());
  Sink sink;
  auto socket = ListenSocket::open(loopback(), 0, false, 1);
  CHECK(socket.has_value());
  Acceptor acceptor(loop, *socket, sink, log);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(connect_to((*socket)->port));
  acceptor.close();
  LONGS_EQUAL(30, sink.got.size());
}
