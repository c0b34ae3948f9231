// A request that goes on at another worker.
#include <algorithm>
#include <memory>
#include <string>

#include "http/connection_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(ConnectionMoves, ConnectionFixture) {
  Loop other_loop{1, clock};
  std::unique_ptr<Connections> others =
      std::make_unique<Connections>(other_loop, captured.log, settings, next_id);
  TestStage other_first, other_last;
  Connection* moved = nullptr;

  void setup() override {
    ConnectionFixture::setup();
    first.act = [this](Connection& connection) {
      moved = &connection;
      connection.user = "anna";
      connection.context().noted = 7;
      connection.hand_over(*others);
      return Verdict::kPending;
    };
    last.act = [](Connection&) {
      FAIL("it is asked at the worker that it has left");
      return Verdict::kAnswered;
    };
    other_first.act = last.act;
    other_last.act = [this](Connection& connection) {
      seen.push_back(connection.request().path);
      connection.reply_text(200, connection.user + " " + connection.ip() + " " +
                                     std::to_string(connection.context().noted));
      return Verdict::kAnswered;
    };
    Connections::Plan plan;
    plan.stages = {&other_first, &other_last};
    plan.accepted = [] {};
    plan.welcome = [](const Address&) { return true; };
    others->set_plan(std::move(plan));
  }
  void turn_other() {
    for (int i = 0; i < 6; ++i) other_loop.run_once(false);
  }
};

TEST(ConnectionMoves, TheNextStageIsAskedAtTheOtherWorker) {
  CHECK(ask(kGet).empty());
  CHECK(connections->find(10) == nullptr);
  LONGS_EQUAL(1, others->arriving());
  turn_other();
  LONGS_EQUAL(0, others->arriving());
  CHECK(body_of(peer.received()) == "anna 192.0.2.9 7");
  CHECK(seen == std::vector<std::string>{"/a.html"});
  LONGS_EQUAL(1, freed);
  turn_other();
  CHECK(peer.finished());
  CHECK(captured.accesses().find("\"GET /a.html HTTP/1.0\" 200 ") != std::string::npos);
}
TEST(ConnectionMoves, ItWaitsThereAsAnywhere) {
  other_last.act = [](Connection&) { return Verdict::kPending; };
  ask(kGet);
  turn_other();
  Connection* const waiting = others->find(10);
  POINTERS_EQUAL(moved, waiting);
  other_last.act = [](Connection& connection) {
    connection.reply_text(200, "late");
    return Verdict::kAnswered;
  };
  waiting->ask_again();
  turn_other();
  CHECK(body_of(peer.received()) == "late");
}
TEST(ConnectionMoves, ItsDeadlinesAreThoseOfTheOtherLoop) {
  change([](HttpSettings& s) { s.client_timeout = 0s; });
  other_last.act = [](Connection& connection) {
    connection.reply(ResponseHead(), std::string(8 << 20, 'x'));  // more than the socket takes
    return Verdict::kAnswered;
  };
  ask(kGet);
  turn_other();
  turn();
  CHECK(others->find(10) == nullptr);
}
TEST(ConnectionMoves, AClientThatLeavesOnTheWayLeavesNothingBehind) {
  other_last.act = [](Connection&) { return Verdict::kPending; };
  ask(kGet);
  peer = SocketPair();
  turn_other();
  CHECK(others->find(10) != nullptr);
  other_last.act = [](Connection& connection) {
    connection.reply_text(200, "nobody hears it");
    return Verdict::kAnswered;
  };
  others->find(10)->ask_again();
  turn_other();
  CHECK(others->find(10) == nullptr);
  LONGS_EQUAL(0, others->arriving());
}
TEST(ConnectionMoves, OneThatArrivesAtTheEndIsClosed) {
  ask(kGet);
  others->end_all();
  turn_other();
  CHECK(peer.finished());
  LONGS_EQUAL(1, freed);
  CHECK(others->find(10) == nullptr);
}
TEST(ConnectionMoves, OneOnTheWayMayOutliveBothLoops) {
  ask(kGet);
  others.reset();
  connections.reset();
  LONGS_EQUAL(0, freed);  // the loops take it along
}
TEST(ConnectionMoves, BytesBehindTheRequestComeAlong) {
  other_last.act = [](Connection& connection) {
    connection.reply_text(200, connection.take_leftover());
    return Verdict::kAnswered;
  };
  ask(kGet + "behind");
  turn_other();
  CHECK(body_of(peer.received()) == "behind");
}
