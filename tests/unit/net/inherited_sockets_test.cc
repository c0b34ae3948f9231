#include "net/socket/inherited_sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// As a service manager opens it; port 0 is chosen by the system and written back.
UniqueFd opened(const char* ip, int& port, bool listening = true) {
  sockaddr_storage address{};
  socklen_t size = Address::parse(ip, static_cast<std::uint16_t>(port))->to_sockaddr(address);
  UniqueFd fd(::socket(address.ss_family, SOCK_STREAM, 0));
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  LONGS_EQUAL(0, ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size));
  if (listening) LONGS_EQUAL(0, ::listen(fd.get(), 16));
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port = Address::from_sockaddr(reinterpret_cast<const sockaddr&>(address)).port();
  return fd;
}

ListenSettings settings_for(const std::string& bind_address) {
  ListenSettings settings;
  settings.bind_address = bind_address;
  return settings;
}

bool can_connect(int port) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

TEST_GROUP(InheritedSockets) {
  std::vector<std::string> strange;
  std::vector<UniqueFd> fds;
  InheritedSockets take() { return InheritedSockets(std::move(fds), strange); }
  static bool adopts(InheritedSockets & sockets, const char* bind, int port) {
    auto made = sockets.adopt(settings_for(bind), port, false, 1);
    CHECK(made.has_value());
    return *made != nullptr;
  }
};

TEST(InheritedSockets, AreTakenOverWhereAddressAndPortMatch) {
  int port = 0;
  fds.push_back(opened("127.0.0.1", port));
  InheritedSockets sockets = take();
  CHECK(strange.empty());
  CHECK(!adopts(sockets, "127.0.0.1", port + 1));
  CHECK(!adopts(sockets, "127.0.0.2", port));
  CHECK(!adopts(sockets, "", port));
  CHECK(!adopts(sockets, "127.0.0.1", 0));  // the system is to choose another
  LONGS_EQUAL(1, sockets.unused().size());
  CHECK(sockets.unused()[0] == "127.0.0.1:" + std::to_string(port));
  ListenSettings settings = settings_for("127.0.0.1");
  settings.proxy_protocol = true;
  auto made = sockets.adopt(settings, port, true, 3);
  CHECK(made.has_value());
  CHECK((*made)->settings == settings);
  CHECK((*made)->shoutcast);
  CHECK((*made)->inherited);
  LONGS_EQUAL(port, (*made)->port);
  std::set<int> numbers;  // one a worker
  for (const UniqueFd& fd : *(*made)->fds) numbers.insert(fd.get());
  LONGS_EQUAL(3, numbers.size());
  CHECK(sockets.unused().empty());
}
TEST(InheritedSockets, AllAddressesMayBeThoseOfBothFamilies) {
  int port = 0, port6 = 0;
  fds.push_back(opened("0.0.0.0", port));
  fds.push_back(opened("::", port6));
  InheritedSockets sockets = take();
  CHECK(!adopts(sockets, "::", port));
  CHECK(!adopts(sockets, "0.0.0.0", port6));
  CHECK(adopts(sockets, "", port));
  CHECK(adopts(sockets, "", port6));
  CHECK(adopts(sockets, "::", port6));
  CHECK(adopts(sockets, "0.0.0.0", port));
}
TEST(InheritedSockets, ABindAddressMayBeAName) {
  int port = 0;
  fds.push_back(opened("127.0.0.1", port));
  InheritedSockets sockets = take();
  CHECK(!adopts(sockets, "no such host", port));
  CHECK(adopts(sockets, "127.0.0.1", port));
}
TEST(InheritedSockets, SeveralOfOnePortAreSharedOut) {
  int port = 0;
  for (int i = 0; i < 3; ++i) fds.push_back(opened("127.0.0.1", port));
  InheritedSockets sockets = take();
  auto made = sockets.adopt(settings_for("127.0.0.1"), port, false, 2);
  CHECK(made.has_value());
  LONGS_EQUAL(2, (*made)->fds->size());
  CHECK(sockets.unused().empty());
  // The third is shut, or its connections would wait for ever: both of the others get them all.
  for (int i = 0; i < 30; ++i) CHECK(can_connect(port));
  int taken = 0;
  for (const UniqueFd& fd : *(*made)->fds)
    while (UniqueFd(::accept4(fd.get(), nullptr, nullptr, SOCK_NONBLOCK))) ++taken;
  LONGS_EQUAL(30, taken);
}
TEST(InheritedSockets, WhatIsNoListeningTcpSocketIsTurnedAway) {
  int port = 0, bound = 0;
  fds.push_back(opened("127.0.0.1", port));
  fds.push_back(opened("127.0.0.1", bound, false));
  fds.emplace_back(::socket(AF_INET, SOCK_DGRAM, 0));
  fds.emplace_back(::dup(STDIN_FILENO));
  int pair[2] = {-1, -1};
  ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  fds.emplace_back(pair[0]);
  fds.emplace_back(pair[1]);
  InheritedSockets sockets = take();
  LONGS_EQUAL(5, strange.size());
  STRCMP_CONTAINS("is not a listening TCP socket", strange[0].c_str());
  LONGS_EQUAL(1, sockets.unused().size());
  CHECK(adopts(sockets, "127.0.0.1", port));
}
TEST(InheritedSockets, WithoutAnyNothingFits) {
  InheritedSockets sockets;
  CHECK(!adopts(sockets, "", 8000));
  CHECK(sockets.unused().empty());
}
