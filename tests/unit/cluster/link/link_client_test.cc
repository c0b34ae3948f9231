#include "cluster/link/link_client.h"

#include <string>
#include <vector>

#include "cluster/link/link_bench.h"
#include "http/loopback.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

// By certificate, where the TLS is left out: what counts here is what is asked, and when again.
TEST_GROUP(LinkClient) {
  LinkBench bench;
  Loopback server{bench.loop()};
  Resolver resolver{bench.loop()};
  int connected = 0;
  std::string leftover;
  LinkTarget target;
  std::unique_ptr<LinkClient> client;

  void setup() override {
    target.target = {"127.0.0.1", server.port, true, ""};
    target.by_secret = false;
    target.id = "edge1";
    target.secret = "s-edge1";
    server.answers = {
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: lbedge-cluster/1\r\nConnection: "
        "Upgrade\r\n\r\n{}"};
    server.close_after = false;
  }
  void begin() {
    LinkClient::Callbacks callbacks;
    callbacks.user_agent = [] { return std::string("Test"); };
    callbacks.connected = [this](std::unique_ptr<Transport>, std::string rest) {
      ++connected;
      leftover = std::move(rest);
    };
    callbacks.by_certificate = [](Loop& loop, std::unique_ptr<Transport> plain, const std::string&,
                                  Connector::Then then) -> std::unique_ptr<Underway> {
      struct Later final : Underway {
        Later(Loop& on, std::unique_ptr<Transport> transport, Connector::Then call)
            : kept(std::move(transport)), done(std::move(call)), timer(on, [this] {
                auto tell = std::move(done);
                tell(std::move(kept));
              }) {
          timer.after(0us);
        }
        std::unique_ptr<Transport> kept;
        Connector::Then done;
        Timer timer;
      };
      return std::make_unique<Later>(loop, std::move(plain), std::move(then));
    };
    client = std::make_unique<LinkClient>(bench.loop(), resolver, bench.log(), bench.rng, target,
                                          std::move(callbacks));
    client->connect();
  }
};

TEST(LinkClient, AsksForTheLinkAndHandsTheTransportOver) {
  begin();
  CHECK(bench.until([this] { return connected == 1; }));
  STRCMP_EQUAL("{}", leftover.c_str());
  STRCMP_EQUAL(link_request(target.target, "Test", "edge1:s-edge1").c_str(),
               server.requests[0].c_str());
}
TEST(LinkClient, AMasterWithoutLinkIsLeftInPeace) {
  for (const char* answer :
       {"HTTP/1.0 400 Bad Request\r\n\r\n", "HTTP/1.0 401 Authentication Required\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n"}) {
    server.answers = {answer};
    server.requests.clear();
    begin();
    CHECK(bench.until([this] { return server.requests.size() == 1; }));
    bench.turn(300ms);
    LONGS_EQUAL(1, server.requests.size());
    LONGS_EQUAL(0, connected);
  }
  CHECK(bench.captured.says("has no cluster link; asked again in "));
}
TEST(LinkClient, ASignalAsksAtOnce) {
  server.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", server.answers[0]};
  begin();
  CHECK(bench.until([this] { return server.requests.size() == 1; }));
  bench.turn(5ms);
  client->connect();
  CHECK(bench.until([this] { return connected == 1; }));
}
TEST(LinkClient, RetriesTwiceAsLateEachTime) {
  server.answers = {""};
  server.close_after = true;
  begin();
  std::vector<SteadyTime> tries;
  while (tries.size() < 4) {
    const std::size_t n = tries.size() + 1;
    CHECK(bench.until([&] { return server.requests.size() >= n; }));
    tries.push_back(bench.loop().now());
  }
  const auto gap = [&](std::size_t i) {
    return std::chrono::duration<double, std::milli>(tries[i] - tries[i - 1]).count();
  };
  CHECK(gap(1) >= 70 && gap(1) < 150);
  CHECK(gap(2) >= 145 && gap(2) < 270);
  CHECK(gap(3) >= 295 && gap(3) < 500);
  CHECK(bench.captured.says("retrying, the next time in 100ms"));
}
TEST(LinkClient, RetriesNeverComeLaterThanRetryMax) {
  server.answers = {""};
  server.close_after = true;
  target.retry_max = 120ms;
  begin();
  const SteadyTime start = bench.loop().now();
  CHECK(bench.until([this] { return server.requests.size() >= 6; }));
  CHECK(bench.loop().now() - start < 1s);
}
TEST(LinkClient, ALinkThatHasWorkedIsTriedQuickly) {
  begin();
  CHECK(bench.until([this] { return connected == 1; }));
  client->lost(true, 0ms);
  const SteadyTime lost = bench.loop().now();
  CHECK(bench.until([this] { return connected == 2; }));
  CHECK(bench.loop().now() - lost < 200ms);
}
TEST(LinkClient, AMasterMayAskForAPause) {
  begin();
  CHECK(bench.until([this] { return connected == 1; }));
  client->lost(true, 400ms);
  const SteadyTime lost = bench.loop().now();
  CHECK(bench.until([this] { return connected == 2; }));
  CHECK(bench.loop().now() - lost >= 290ms);
}
