#include "cluster/balance/redirect_decider.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "cluster/balance/redirect_token.h"
#include "cluster/some_cluster.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(RedirectDecider) {
  SteadyTime now{1h};
  RedirectDecider decider{NodeTable::Settings{.hold = 0ms}, BalanceSettings{}, Rng(7), now};

  NodeSlot add(NodeHello hello) {
    return decider.with_table([&](NodeTable& table) {
      const NodeSlot slot = *table.hello(hello, now);
      if (hello.kind == NodeKind::kLink) table.snapshot(slot, {}, now);
      return slot;
    });
  }
  static RedirectAsk ask(unsigned listener = 1) {
    RedirectAsk ask;
    ask.mount = "/a";
    ask.client = *Address::parse(
        "10.0." + std::to_string(listener / 250 % 250) + "." + std::to_string(listener % 250 + 1),
        0);
    ask.user_agent = "VLC/" + std::to_string(listener / 62'500);
    return ask;
  }
};

TEST(RedirectDecider, SaysAllThatAnAnswerNeeds) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.checks_tokens = true;
  const NodeSlot slot = add(hello);
  decider.configure({}, {"/a"});
  Decision decision = decider.decide(ask(), now);
  CHECK(decision.kind == Decision::Kind::kRedirect);
  STRCMP_EQUAL("edge1", decision.node.c_str());
  STRCMP_EQUAL("http://edge1.example.org:8000", decision.origin.c_str());
  CHECK(decision.checks_tokens);
  CHECK(!decision.is_master);
  decider.set_masters({"edge1"});
  decision = decider.decide(ask(2), now);
  CHECK(decision.is_master);
  UNSIGNED_LONGS_EQUAL(2, decider.with_table([&](NodeTable& t) { return t.node(slot).issued; }));
}

TEST(RedirectDecider, AnnouncesEventsOnceUntilTheyAreTaken) {
  unsigned announced = 0;
  RedirectDecider observed{NodeTable::Settings{.hold = 0ms}, BalanceSettings{}, Rng(7), now, [&] {
                             ++announced;
                             // The lock has been released.
                             static_cast<void>(observed.settings());
                           }};
  const auto come = [&](const char* id) {
    observed.with_table([&](NodeTable& table) {
      table.snapshot(*table.hello(SomeCluster::hello(id), now), {}, now);
    });
  };
  const auto taken = [&] {
    return observed.with_table([](NodeTable& table) { return table.take_events().size(); });
  };
  observed.configure({}, {"/a"});
  UNSIGNED_LONGS_EQUAL(0, announced);
  come("edge1");
  come("edge2");
  observed.decide(ask(), now);
  UNSIGNED_LONGS_EQUAL(1, announced);
  UNSIGNED_LONGS_EQUAL(2, taken());
  observed.decide(ask(), now);
  UNSIGNED_LONGS_EQUAL(1, announced);
  observed.expire(now + 1h);
  UNSIGNED_LONGS_EQUAL(2, announced);
  UNSIGNED_LONGS_EQUAL(2, taken());
}

TEST(RedirectDecider, AnnouncesWhatADecisionFinds) {
  unsigned announced = 0;
  RedirectDecider observed{NodeTable::Settings{.hold = 0ms}, BalanceSettings{}, Rng(7), now,
                           [&] { ++announced; }};
  NodeHello guess = SomeCluster::hello("edge1", 0, NodeKind::kLegacy);
  guess.proven = false;
  observed.with_table([&](NodeTable& table) {
    static_cast<void>(*table.hello(guess, now));
    static_cast<void>(table.take_events());
  });
  observed.configure({}, {"/a"});
  // It has been heard once, and is suspect after so many listeners.
  for (unsigned i = 1; announced == 0 && i < 100; ++i) observed.decide(ask(i), now);
  UNSIGNED_LONGS_EQUAL(1, announced);
}

TEST(RedirectDecider, DecidesNothingAboutAMountWhoseRulesAreNotKnown) {
  const NodeSlot slot = add(SomeCluster::hello("edge1"));
  CHECK(decider.decide(ask(), now).kind == Decision::Kind::kNewMount);
  UNSIGNED_LONGS_EQUAL(0, decider.with_table([&](NodeTable& t) { return t.node(slot).issued; }));
  CHECK(decider.decide(ask(), now, true).kind == Decision::Kind::kRedirect);
  BalanceSettings settings;
  settings.mounts["/a"].when = BalanceWhen::kNever;
  decider.configure(settings, {"/a"});
  CHECK(decider.decide(ask(), now).kind == Decision::Kind::kServe);
}

TEST(RedirectDecider, TakesTheRulesOfOneMount) {
  add(SomeCluster::hello("edge1"));
  decider.configure({}, {"/b"});
  BalanceRules never;
  never.when = BalanceWhen::kNever;
  decider.set_rules("/a", never);
  CHECK(decider.decide(ask(), now).kind == Decision::Kind::kServe);
  decider.set_rules("/a", std::nullopt);
  CHECK(decider.decide(ask(), now).kind == Decision::Kind::kRedirect);
  LONGS_EQUAL(0, decider.settings().mounts.size());
  RedirectAsk other = ask(2);
  other.mount = "/b";
  CHECK(decider.decide(other, now).kind == Decision::Kind::kRedirect);
}

TEST(RedirectDecider, ServesTheRelayOfAServerThatAskedForTheList) {
  add(SomeCluster::hello("edge1"));
  const RedirectAsk relay = ask();
  decider.remember_server(relay.client, relay.user_agent, now);
  CHECK(decider.decide(relay, now).kind == Decision::Kind::kServeRelay);
}

TEST(RedirectDecider, HoldsInTheFirstSecond) {
  RedirectDecider young{NodeTable::Settings{.hold = 1s, .expected = 1}, BalanceSettings{}, Rng(7),
                        now};
  const Decision decision = young.decide(ask(), now, true);
  CHECK(decision.kind == Decision::Kind::kHold);
  CHECK(decision.hold_until == now + 1s);
}

// Time that a worker has read before another one was let in must not go backward in the table.
TEST(RedirectDecider, TimeGoesForwardOnly) {
  NodeHello hello = SomeCluster::hello("edge1");
  hello.capacity.accepts = 4;
  const NodeSlot slot = add(hello);
  decider.configure({}, {"/a"});
  CHECK(decider.decide(ask(1), now + 10ms).kind == Decision::Kind::kRedirect);
  CHECK(decider.decide(ask(2), now).kind != Decision::Kind::kRedirect);  // one at once, 4 a second
  CHECK(decider.decide(ask(3), now + 300ms).kind == Decision::Kind::kRedirect);
  CHECK(decider.with_table([&](NodeTable& t) { return t.node(slot).unacked.oldest(); }) ==
        now + 10ms);
}

// The process was stopped for thirty seconds: what the node said meanwhile lies in a socket.
TEST(RedirectDecider, TimeInWhichControlDidNotTurnIsNoSilenceOfANode) {
  add(SomeCluster::hello("edge1"));
  decider.configure({}, {"/a"});
  decider.expire(now);
  CHECK(decider.decide(ask(1), now + 30s).kind == Decision::Kind::kRedirect);
  decider.expire(now + 30s);
  CHECK(decider.decide(ask(2), now + 30s).kind == Decision::Kind::kRedirect);
  // From then on it counts.
  for (auto ahead = 30'000ms; ahead <= 80s; ahead += 250ms) decider.expire(now + ahead);
  CHECK(decider.decide(ask(3), now + 80s).kind != Decision::Kind::kRedirect);
}
TEST(RedirectDecider, WhoWasHeardOfAfterThePauseGetsNoMoreTime) {
  const NodeSlot slot = add(SomeCluster::hello("edge1"));
  decider.expire(now);
  const SteadyTime before = now;
  now += 10s;
  const NodeSlot later = add(SomeCluster::hello("edge2"));
  decider.expire(now);
  const auto dead_at = [&](NodeSlot of) {
    return decider.with_table([of](NodeTable& t) { return t.node(of).dead_at; });
  };
  CHECK(dead_at(later) - now == dead_at(slot) - now + RedirectDecider::kLate);
  CHECK(dead_at(slot) > before + 10s);
}

// The node is named by one byte of its id, which is what a token has room for.
TEST(RedirectDecider, SendsWhoIsSentBackToAnotherNode) {
  const NodeSlot first = add(SomeCluster::hello("edge1"));
  add(SomeCluster::hello("edge2"));
  decider.configure({}, {"/a"});
  for (unsigned listener = 1; listener <= 20; ++listener) {
    RedirectAsk back = ask(listener);
    back.arrival.way = Arrival::Way::kSentBack;
    back.arrival.sent_back_by = token_tag("edge1");
    PickTrace trace;
    static_cast<void>(decider.explain(back, now, trace));
    for (const PickTrace::Row& row : trace.rows)
      CHECK((row.out == OutReason::kSentBack) == (row.node == first));
    const Decision decision = decider.decide(back, now);
    STRCMP_EQUAL("edge2", decision.node.c_str());
    CHECK(decision.ours);
  }
}

TEST(RedirectDecider, KnowsWhichNodesReadWhatATokenSays) {
  NodeHello hello = SomeCluster::hello("edge1", 0, NodeKind::kLegacy);
  hello.scope = MountScope::kListed;
  const NodeSlot slot = add(hello);
  CHECK(!decider.with_table([&](NodeTable& table) { return is_ours(table.node(slot)); }));
  hello.scope = MountScope::kAll;
  add(hello);
  CHECK(decider.with_table([&](NodeTable& table) { return is_ours(table.node(slot)); }));
}

// What a lock in a lock does: the process ends rather than stands still.
TEST(RedirectDecider, IsNotAskedFromWithin) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);
    ::alarm(10);
    static_cast<void>(!::freopen("/dev/null", "w", stderr));
    decider.with_table([this](NodeTable&) { return decider.decide(ask(), now).kind; });
    ::_exit(0);
  }
  int status = 0;
  LONGS_EQUAL(child, ::waitpid(child, &status, 0));
  CHECK(WIFSIGNALED(status));
  LONGS_EQUAL(SIGABRT, WTERMSIG(status));
}

// Workers decide while control takes reports, loses nodes and looks at all of it: every redirect is
// counted, no node gets more than it may, and what a decision says is of one node.
TEST(RedirectDecider, IsAskedByManyThreads) {
  constexpr unsigned kThreads = 4, kEach = 3000, kNodes = 6;
  std::array<NodeSlot, kNodes> slots{};
  for (unsigned n = 0; n < kNodes; ++n) {
    NodeHello hello = SomeCluster::hello("edge" + std::to_string(n));
    hello.capacity.listeners = n == 0 ? 100 : 1'000'000;
    hello.checks_tokens = n % 2 == 1;
    slots[n] = add(hello);
  }
  decider.configure({}, {"/a"});
  std::atomic<unsigned> redirects{0}, wrong{0}, running{kThreads};
  std::vector<std::thread> workers;
  for (unsigned t = 0; t < kThreads; ++t) {
    workers.emplace_back([&, t] {
      for (unsigned i = 0; i < kEach; ++i) {
        const Decision decision = decider.decide(ask(t * kEach + i), now + i * 1us);
        if (decision.kind != Decision::Kind::kRedirect) continue;
        ++redirects;
        const bool odd = (decision.node.back() - '0') % 2 == 1;
        if (decision.origin != "http://" + decision.node + ".example.org:8000" ||
            decision.checks_tokens != odd)
          ++wrong;
      }
      --running;
    });
  }
  std::uint64_t counted = 0;  // of the node that comes and goes
  while (running > 0) {
    decider.with_table([&](NodeTable& table) {
      table.report(slots[1], {.received = now, .sampled = now, .kbps = 1000, .listeners = 10});
      counted += table.node(slots[2]).issued;
      table.forget(slots[2]);
      slots[2] = *table.hello(SomeCluster::hello("edge2"), now);
      table.snapshot(slots[2], {{"/a", 3}}, now);
      static_cast<void>(table.take_events());
    });
    const NodeTable picture =
        decider.with_table([](const NodeTable& table) { return table.copy(); });
    if (picture.node(slots[0]).listeners() > 100) ++wrong;
    std::this_thread::yield();
  }
  for (std::thread& worker : workers) worker.join();
  for (const NodeSlot slot : slots)
    counted += decider.with_table([&](NodeTable& table) { return table.node(slot).issued; });
  UNSIGNED_LONGS_EQUAL(kThreads * kEach, redirects);
  UNSIGNED_LONGS_EQUAL(redirects, counted);
  UNSIGNED_LONGS_EQUAL(0, wrong);
}
