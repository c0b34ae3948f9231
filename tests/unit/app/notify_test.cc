#include "app/process/notify.h"

#include <memory>
#include <string>

#include "app/manager_socket.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(Notifier){};

TEST(Notifier, SendsEachMessageInOneDatagram) {
  ManagerSocket manager;
  Notifier notifier(manager.name());
  CHECK(notifier.has_listener());
  notifier.ready("serving on port 8000");
  CHECK(manager.next(1s) == "READY=1\nSTATUS=serving on port 8000\n");
  notifier.reloading(SteadyTime(12345678us));
  CHECK(manager.next(1s) == "RELOADING=1\nMONOTONIC_USEC=12345678\n");
  notifier.alive();
  CHECK(manager.next(1s) == "WATCHDOG=1\n");
  notifier.stopping();
  CHECK(manager.next(1s) == "STOPPING=1\nSTATUS=stopping\n");
  CHECK(manager.next(0s).empty());
}
TEST(Notifier, FindsASocketInTheAbstractNameSpace) {
  ManagerSocket manager(true);
  Notifier notifier(manager.name());
  notifier.alive();
  CHECK(manager.next(1s) == "WATCHDOG=1\n");
}
TEST(Notifier, IsSilentWithoutAManager) {
  const std::string too_long = "/" + std::string(200, 'x');
  for (const std::string& name :
       {std::string(), std::string("relative"), std::string("/tmp/nobody/there"),
        std::string("vsock:2:1234"), too_long}) {
    Notifier notifier(name);
    CHECK_TEXT(!notifier.has_listener(), name.c_str());
    notifier.ready("x");
    notifier.alive();
  }
}
TEST(Notifier, SurvivesAManagerThatGoesAway) {
  auto manager = std::make_unique<ManagerSocket>();
  Notifier notifier(manager->name());
  manager.reset();
  notifier.alive();
  notifier.stopping();
}
