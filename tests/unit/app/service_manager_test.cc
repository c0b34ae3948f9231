#include "app/process/service_manager.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

constexpr const char* kNames[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC",  "WATCHDOG_PID", "LISTEN_PID",
                                  "LISTEN_FDS",    "LISTEN_FDNAMES", "FDSTORE"};
void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }
std::string us() { return std::to_string(::getpid()); }

}  // namespace

TEST_GROUP(ServiceManager){void teardown() override{for (const char* name : kNames)::unsetenv(name);
}
}
;

TEST(ServiceManager, WithoutOneThereIsNothing) {
  const auto manager = ServiceManager::take_from_environment();
  CHECK(manager.notify_socket.empty());
  CHECK(manager.watchdog == 0us);
  CHECK(manager.sockets.empty());
}
TEST(ServiceManager, TakesWhatIsSaidAndRemovesIt) {
  set("NOTIFY_SOCKET", "/run/systemd/notify");
  set("WATCHDOG_USEC", "30000000");
  set("WATCHDOG_PID", us());
  set("LISTEN_FDNAMES", "icecast-lb.socket");
  const auto manager = ServiceManager::take_from_environment();
  CHECK(manager.notify_socket == "/run/systemd/notify");
  CHECK(manager.watchdog == 30s);
  for (const char* name : kNames) CHECK_TEXT(::getenv(name) == nullptr, name);
}
TEST(ServiceManager, AWatchWithoutAProcessNumberIsForEveryProcess) {
  set("WATCHDOG_USEC", "5000000");
  CHECK(ServiceManager::take_from_environment().watchdog == 5s);
}
TEST(ServiceManager, WhatIsForAnotherProcessIsNotForUs) {
  set("WATCHDOG_USEC", "30000000");
  set("WATCHDOG_PID", "1");
  set("LISTEN_FDS", "1");
  set("LISTEN_PID", "1");
  const auto manager = ServiceManager::take_from_environment();
  CHECK(manager.watchdog == 0us);
  CHECK(manager.sockets.empty());
  for (const char* name : kNames) CHECK_TEXT(::getenv(name) == nullptr, name);
}
TEST(ServiceManager, WhatTheManagerHasKeptIsToldFromWhatItHasOpened) {
  int ends[2];
  CHECK_EQUAL(0, ::pipe(ends));
  // The numbers of descriptors begin at 3, where these are in a test that stands alone.
  if (ends[0] != 3 || ends[1] != 4) {
    ::close(ends[0]);
    ::close(ends[1]);
    return;
  }
  set("LISTEN_FDS", "2");
  set("LISTEN_PID", us());
  set("LISTEN_FDNAMES", "icecast-lb.socket:" + store_name(8000, "::1"));
  set("FDSTORE", "256");
  const auto manager = ServiceManager::take_from_environment();
  CHECK_EQUAL(256u, manager.store);
  CHECK_EQUAL(1u, manager.sockets.size());
  CHECK_EQUAL(3, manager.sockets.front().get());
  CHECK_EQUAL(1u, manager.kept.size());
  CHECK_EQUAL(4, manager.kept.front().get());
  CHECK_EQUAL(1u, manager.kept_names.size());
  CHECK(manager.kept_names.front() == "icecast-lb-listen-8000-__1");
}
TEST(ServiceManager, NonsenseIsNothing) {
  for (const char* text : {"", "x", "-1", "18446744073709551615", "1e9", " 5"}) {
    set("WATCHDOG_USEC", text);
    set("LISTEN_FDS", text[0] == '1' ? "x" : text);
    set("LISTEN_PID", us());
    const auto manager = ServiceManager::take_from_environment();
    CHECK_TEXT(manager.watchdog == 0us, text);
    CHECK_TEXT(manager.sockets.empty(), text);
  }
}
TEST(ServiceManager, TakesItsSocketsAndHidesThemFromPrograms) {
  // Descriptor 3 is the first by the protocol; what stands there is kept for a moment.
  const UniqueFd kept(::fcntl(3, F_DUPFD_CLOEXEC, 10));
  const UniqueFd source(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (source.get() != 3) ::dup2(source.get(), 3);
  set("LISTEN_FDS", "1");
  set("LISTEN_PID", us());
  {
    const auto manager = ServiceManager::take_from_environment();
    LONGS_EQUAL(1, manager.sockets.size());
    LONGS_EQUAL(3, manager.sockets[0].get());
    LONGS_EQUAL(FD_CLOEXEC, ::fcntl(3, F_GETFD) & FD_CLOEXEC);
    if (source.get() == 3) const_cast<UniqueFd&>(manager.sockets[0]).release();
  }
  if (kept) ::dup2(kept.get(), 3);
}
TEST(ServiceManager, ADescriptorThatIsNotThereIsLeftOut) {
  const UniqueFd kept(::fcntl(3, F_DUPFD_CLOEXEC, 10));
  if (kept) ::close(3);
  set("LISTEN_FDS", "1");
  set("LISTEN_PID", us());
  LONGS_EQUAL(0, ServiceManager::take_from_environment().sockets.size());
  if (kept) ::dup2(kept.get(), 3);
}
