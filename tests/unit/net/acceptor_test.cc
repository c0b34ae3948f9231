#include "net/acceptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

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

}  // namespace

TEST_GROUP(Acceptor){};

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
  for (int i = 0; i < 10 && sink.got.size() < 20; ++i) loop.run_once(true);
  LONGS_EQUAL(20, sink.got.size());
  STRCMP_EQUAL("127.0.0.1", sink.got[0]->peer().ip().c_str());
}
