#include <future>
#include <string>
#include <thread>

#include "app/manager_socket.h"
#include "app/process/service_manager.h"
#include "base/clock.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kLimit = 20ms;
constexpr auto kLong = 5s;

// A watchdog over two workers; each loop has a thread.
struct Watched {
  Watched() {
    watchdog.start();
    [[maybe_unused]] const auto started = loops.start();
    control = std::thread([this] { loops.run(); });
  }
  ~Watched() {
    loops.stop_control();
    control.join();
    loops.join();
  }
  ManagerSocket manager;
  Notifier notifier{manager.name()};
  LoopPool loops{2, system_clock()};
  Watchdog watchdog{loops, notifier, kLimit};
  std::thread control;
};

}  // namespace

TEST_GROUP(Watchdog){};

TEST(Watchdog, NotifiesTheManagerAgainAndAgain) {
  Watched server;
  for (int i = 0; i < 5; ++i) CHECK(server.manager.next(kLong) == "WATCHDOG=1\n");
}
TEST(Watchdog, IsSilentAsLongAsAWorkerHangs) {
  Watched server;
  CHECK(server.manager.next(kLong) == "WATCHDOG=1\n");
  std::promise<void> hanging, release;
  server.loops.worker(1).post([&] {
    hanging.set_value();
    release.get_future().wait();
  });
  hanging.get_future().wait();
  // A round may have been on its way; after it nothing comes.
  while (!server.manager.next(10 * kLimit).empty()) {
  }
  release.set_value();
  CHECK(server.manager.next(kLong) == "WATCHDOG=1\n");
  CHECK(server.manager.next(kLong) == "WATCHDOG=1\n");
}
TEST(Watchdog, SendsNothingWithoutAManager) {
  ManagerSocket manager;
  Notifier notifier(manager.name());
  LoopPool loops(0, system_clock());
  Watchdog watchdog(loops, notifier, 0us);
  watchdog.start();
  loops.control().run_once(false);
  CHECK(manager.next(0ms).empty());
}
