#include "auth/listener/event_sender.h"

#include <memory>
#include <string>
#include <vector>

#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(EventSender) {
  Loop loop{0, system_clock()};
  Log log{system_clock()};
  Fetcher fetcher{loop};
  int settled = 0;

  static EventSender::Limits quick() {
    EventSender::Limits limits;
    limits.first_pause = std::chrono::milliseconds(10);
    limits.longest_pause = std::chrono::milliseconds(20);
    return limits;
  }
  void send(EventSender & sender, const std::string& url, const std::string& form) {
    FetchRequest request;
    request.url = url;
    request.form = form;
    request.timeout = std::chrono::milliseconds(500);
    sender.send(std::move(request), [this] { ++settled; });
  }
  template <class Fact>
  void run_until(Fact fact) {
    Timer limit(loop, [] { FAIL("it did not happen within 120 s"); });
    limit.after(std::chrono::seconds(120));
    while (!fact()) loop.run_once(true);
  }
};

TEST(EventSender, SendsAndForgets) {
  StubHttp stub([](const std::string&) { return StubHttp::ok(); });
  EventSender sender(loop, fetcher, log, quick());
  CHECK(sender.idle());
  send(sender, stub.url("/"), "one");
  send(sender, stub.url("/"), "two");
  CHECK(!sender.idle());
  CHECK(sender.promising());
  LONGS_EQUAL(2, sender.unsent());
  run_until([&] { return settled == 2; });
  CHECK(sender.idle());
  LONGS_EQUAL(2, stub.forms().size());
}
TEST(EventSender, OneAtATimeKeepsTheOrder) {
  StubHttp stub([](const std::string&) { return StubHttp::ok(); });
  EventSender::Limits limits = quick();
  limits.in_flight = 1;
  EventSender sender(loop, fetcher, log, limits);
  for (const char* form : {"1", "2", "3", "4"}) send(sender, stub.url("/"), form);
  run_until([&] { return settled == 4; });
  CHECK((stub.forms() == std::vector<std::string>{"1", "2", "3", "4"}));
}
TEST(EventSender, RepeatsUntilTheGatewayReachesTheBackend) {
  int left = 3;
  StubHttp stub([&left](const std::string&) {
    return left-- > 0 ? std::string("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                      : StubHttp::ok();
  });
  EventSender sender(loop, fetcher, log, quick());
  send(sender, stub.url("/"), "one");
  run_until([&] { return settled == 1; });
  LONGS_EQUAL(4, stub.forms().size());
}
TEST(EventSender, AnyOtherStatusMeansThatItWasHeard) {
  StubHttp stub(
      [](const std::string&) { return "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"; });
  EventSender sender(loop, fetcher, log, quick());
  send(sender, stub.url("/"), "one");
  run_until([&] { return settled == 1; });
  LONGS_EQUAL(1, stub.forms().size());
}
TEST(EventSender, ADeadBackendDelaysNoOther) {
  std::string dead;
  {
    StubHttp gone([](const std::string&) { return StubHttp::ok(); });
    dead = gone.url("/");
  }
  StubHttp stub([](const std::string&) { return StubHttp::ok(); });
  EventSender sender(loop, fetcher, log, quick());
  for (int i = 0; i < 10; ++i) send(sender, dead, std::to_string(i));
  for (int i = 0; i < 10; ++i) send(sender, stub.url("/"), std::to_string(i));
  run_until([&] { return settled == 10; });
  LONGS_EQUAL(10, stub.forms().size());
  run_until([&] { return !sender.promising(); });
  LONGS_EQUAL(10, sender.unsent());
}
TEST(EventSender, TheOldestGoesWhenTooManyWait) {
  StubHttp silent([](const std::string&) { return std::string(); });
  EventSender::Limits limits = quick();
  limits.in_flight = 1;
  limits.waiting = 2;
  EventSender sender(loop, fetcher, log, limits);
  for (int i = 0; i < 4; ++i) send(sender, silent.url("/"), std::to_string(i));
  LONGS_EQUAL(1, settled);
  LONGS_EQUAL(3, sender.unsent());
}
TEST(EventSender, GivesUpAfterAsManyTriesAsAllowed) {
  StubHttp stub([](const std::string&) { return "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"; });
  EventSender::Limits limits = quick();
  limits.tries = 1;
  EventSender sender(loop, fetcher, log, limits);
  send(sender, stub.url("/"), "one");
  run_until([&] { return settled == 1; });
  CHECK(sender.idle());
  LONGS_EQUAL(1, stub.forms().size());
}
TEST(EventSender, WhatIsTooOldIsGivenUp) {
  StubHttp stub([](const std::string&) { return "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"; });
  EventSender::Limits limits = quick();
  limits.oldest = std::chrono::seconds(0);
  EventSender sender(loop, fetcher, log, limits);
  send(sender, stub.url("/"), "one");
  run_until([&] { return settled == 1; });
  CHECK(sender.idle());
}
TEST(EventSender, ItsDestructionCallsNoCallback) {
  StubHttp stub([](const std::string&) { return std::string(); });
  {
    EventSender sender(loop, fetcher, log, quick());
    send(sender, stub.url("/"), "one");
  }
  LONGS_EQUAL(0, settled);
}
