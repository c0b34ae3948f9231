// DatagramPort and LinePort over real sockets of this machine.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "net/address/bind_address.h"
#include "net/socket/datagram_port.h"
#include "net/socket/line_port.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

UniqueFd connected(int type, int port) {
  UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fd.reset();
  return fd;
}

}  // namespace

TEST_GROUP(DatagramPort) {
  Loop loop{0, system_clock()};
  std::unique_ptr<DatagramPort> port;
  std::size_t asked = 0;
  void setup() override { open("127.0.0.1"); }
  void open(const std::string& address) {
    port.reset();
    // A port that the system chooses is lost when the socket is opened again.
    const int free = bound_port(bind_socket(SOCK_DGRAM, "::", 0)->get());
    auto made = DatagramPort::open(address, free);
    CHECK(made.has_value());
    port = std::move(*made);
    port->start(loop, [this](std::size_t n) {
      asked = n;
      return std::string("edge1 up 37%\n");
    });
  }
  std::string ask(const UniqueFd& fd, const std::string& question) {
    CHECK(::send(fd.get(), question.data(), question.size(), 0) ==
          static_cast<ssize_t>(question.size()));
    loop.run_once(true);
    char answer[256];
    const ssize_t n = ::recv(fd.get(), answer, sizeof answer, MSG_DONTWAIT);
    return n < 0 ? "nothing" : std::string(answer, static_cast<std::size_t>(n));
  }
  // What a connected socket hears when it sends.
  int refusal(const UniqueFd& fd) {
    if (::send(fd.get(), "x", 1, 0) < 0) return errno;
    pollfd ready{fd.get(), POLLIN, 0};
    ::poll(&ready, 1, 2000);
    char byte;
    return ::recv(fd.get(), &byte, 1, MSG_DONTWAIT) < 0 ? errno : 0;
  }
};

TEST(DatagramPort, AnswersWithNoMoreThanItWasAsked) {
  const UniqueFd fd = connected(SOCK_DGRAM, port->port());
  STRCMP_EQUAL("edge1 up 37%\n", ask(fd, std::string(64, '?')).c_str());
  CHECK_EQUAL(64u, asked);
  STRCMP_EQUAL("edge1", ask(fd, "?????").c_str());
  STRCMP_EQUAL("", ask(fd, "").c_str());
}
TEST(DatagramPort, ALongQuestionGetsTheSameAnswer) {
  const UniqueFd fd = connected(SOCK_DGRAM, port->port());
  STRCMP_EQUAL("edge1 up 37%\n", ask(fd, std::string(4000, '?')).c_str());
}
TEST(DatagramPort, WhenItIsShutTheSenderGetsPortUnreachable) {
  const UniqueFd fd = connected(SOCK_DGRAM, port->port());
  CHECK(port->set_shut(true));
  CHECK(port->is_shut());
  LONGS_EQUAL(ECONNREFUSED, refusal(fd));
  CHECK(port->set_shut(true));
}
TEST(DatagramPort, AnswersAgainWhenItIsOpenedOnTheSamePort) {
  const int number = port->port();
  CHECK(port->set_shut(true));
  CHECK(port->set_shut(false));
  LONGS_EQUAL(number, port->port());
  const UniqueFd fd = connected(SOCK_DGRAM, number);
  STRCMP_EQUAL("edge1 up 37%\n", ask(fd, std::string(20, '?')).c_str());
}
TEST(DatagramPort, ThatListensToAllAddressesIsShutToAll) {
  for (const char* address : {"", "::"}) {
    open(address);
    const UniqueFd fd = connected(SOCK_DGRAM, port->port());
    STRCMP_EQUAL("edge1 up 37%\n", ask(fd, std::string(20, '?')).c_str());
    CHECK(port->set_shut(true));
    LONGS_EQUAL(ECONNREFUSED, refusal(fd));
    CHECK(port->set_shut(false));
    STRCMP_EQUAL("edge1 up 37%\n", ask(fd, std::string(20, '?')).c_str());
  }
}
TEST(DatagramPort, WhatHadComeBeforeItWasShutIsNotAnswered) {
  const UniqueFd fd = connected(SOCK_DGRAM, port->port());
  CHECK(::send(fd.get(), "0123456789abc", 13, 0) == 13);
  CHECK(port->set_shut(true));
  loop.run_once(false);
  char byte;
  CHECK(::recv(fd.get(), &byte, 1, MSG_DONTWAIT) < 0);
}

TEST_GROUP(LinePort) {
  Loop loop{0, system_clock()};
  std::unique_ptr<LinePort> port;
  int told = 0;
  void setup() override {
    auto made = LinePort::open("127.0.0.1", 0);
    CHECK(made.has_value());
    port = std::move(*made);
    port->start(loop, [this] {
      ++told;
      return std::string("up ready 63%\n");
    });
  }
  static std::string all(const UniqueFd& fd) {
    std::string text;
    char buffer[256];
    for (ssize_t n = 0; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
      text.append(buffer, static_cast<std::size_t>(n));
    return text;
  }
};

TEST(LinePort, SendsItsLineAndCloses) {
  UniqueFd fd = connected(SOCK_STREAM, port->port());
  loop.run_once(true);
  STRCMP_EQUAL("up ready 63%\n", all(fd).c_str());
  CHECK_EQUAL(1u, port->guests());
  fd.reset();
  loop.run_once(true);
  CHECK_EQUAL(0u, port->guests());
}
TEST(LinePort, BytesThatTheOtherSideSendsFirstDoNotCostItTheLine) {
  UniqueFd fd = connected(SOCK_STREAM, port->port());
  CHECK(::send(fd.get(), "hello\n", 6, 0) == 6);
  loop.run_once(true);
  loop.run_once(false);
  STRCMP_EQUAL("up ready 63%\n", all(fd).c_str());
}
TEST(LinePort, AClientThatStaysIsDisconnected) {
  const UniqueFd fd = connected(SOCK_STREAM, port->port());
  loop.run_once(true);
  CHECK_EQUAL(1u, port->guests());
  while (port->guests() > 0) loop.run_once(true);
}
TEST(LinePort, ACrowdDoesNotFillTheDescriptors) {
  std::vector<UniqueFd> crowd;
  for (int i = 0; i < 100; ++i) crowd.push_back(connected(SOCK_STREAM, port->port()));
  for (int i = 0; i < 20; ++i) loop.run_once(false);
  CHECK(port->guests() <= LinePort::kMaxGuests);
  CHECK_EQUAL(static_cast<int>(LinePort::kMaxGuests), told);
}

TEST_GROUP(BindSocket){};

TEST(BindSocket, ReportsWhatCannotBeBound) {
  const auto taken = bind_socket(SOCK_STREAM, "127.0.0.1", 0);
  CHECK(taken.has_value());
  const int port = bound_port(taken->get());
  CHECK(port > 0);
  const auto again = bind_socket(SOCK_STREAM, "127.0.0.1", port);
  CHECK(again.has_value() == false || ::listen(again->get(), 1) == 0);
  const auto nowhere = bind_socket(SOCK_STREAM, "192.0.2.77", 0);
  CHECK(!nowhere.has_value());
  CHECK(nowhere.error().what.find("192.0.2.77:0: cannot bind") != std::string::npos);
  CHECK(!bind_socket(SOCK_DGRAM, "not an address", 0).has_value());
  CHECK_EQUAL(0, bound_port(-1));
}
TEST(BindSocket, APortIsTakenAtAddressesThatIncludeEachOther) {
  const auto one = bind_socket(SOCK_STREAM, "127.0.0.1", 0);
  const int port = bound_port(one->get());
  CHECK_EQUAL(0, ::listen(one->get(), 1));
  CHECK(is_port_taken(SOCK_STREAM, "127.0.0.1", port));
  CHECK(is_port_taken(SOCK_STREAM, "", port));
  CHECK(!is_port_taken(SOCK_STREAM, "127.0.0.2", port));
  // With these another thing is wrong.
  CHECK(!is_port_taken(SOCK_STREAM, "192.0.2.77", port));
  CHECK(!is_port_taken(SOCK_STREAM, "not an address", port));
}
