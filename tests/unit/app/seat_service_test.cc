#include "app/cluster/seat_service.h"

#include <algorithm>

#include "app/cluster/cluster_links.h"
#include "app/test_server.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(SeatService) {
  TestServer server;
  SeatService& seats() { return server.services().links->seats(); }
  // A listener of this node; they leave at once.
  void ask(const std::string& user) {
    SeatService::Ask ask;
    ask.mount = "/live";
    ask.user = user;
    seats().ask(ask, [](bool, SeatPass) {});
  }
  bool has_seat_of(const std::string& node) {
    const SeatBookRecord saved = seats().save();
    return std::any_of(saved.seats.begin(), saved.seats.end(),
                       [&](const SeatRecord& seat) { return seat.via == node; });
  }
};

TEST(SeatService, QuestionsDoNotPostponeTheEndOfSeatsOfALostNode) {
  server.start();
  SeatBookRecord saved;
  SeatRecord& seat = saved.seats.emplace_back();
  seat.number = seat.row.number = 1;
  seat.row.mount = "/live";
  seat.row.user = "ann";
  seat.via = "e1";
  seat.on = true;
  seat.hold_until = server.clock.steady() + 1s;
  seats().restore(saved);
  CHECK(has_seat_of("e1"));
  server.clock.advance(1s);
  int asked = 0;
  CHECK(server.until([&] {
    ask("user" + std::to_string(++asked));
    return !has_seat_of("e1");
  }));
}
TEST(SeatService, AListenerThatStillWaitsIsToldThatANewerOneHasItsSeat) {
  server.start();
  SeatService::Ask ask;
  ask.mount = "/live";
  ask.user = "ann";
  ask.drop = true;
  std::vector<SeatPass> passes;
  const auto then = [&](bool seated, SeatPass pass) {
    CHECK(seated);
    passes.push_back(std::move(pass));
  };
  for (std::uint64_t listener = 1; listener <= 2; ++listener) {
    ask.listener = listener;
    seats().ask(ask, then);
  }
  CHECK(server.until([&] { return passes.size() == 2; }));
  CHECK(passes[0].dropped()->load());
  CHECK(!passes[1].dropped()->load());
}
