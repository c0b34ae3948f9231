#include "cluster/polling/report_intake.h"

#include <string>
#include <vector>

#include "base/log_book.h"
#include "cluster/balance/eligibility.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(ReportIntake) {
  FakeClock clock;
  CapturedLog captured{clock};
  SteadyTime now = clock.steady();
  RedirectDecider decisions{NodeTable::Settings{}, BalanceSettings{}, Rng(1), now};
  NodeTable& table = *decisions.with_table([](NodeTable& inside) { return &inside; });
  ReportIntake intake{decisions, captured.log};
  Address peer = *Address::parse("192.0.2.50", 0);
  Address old_peer = *Address::parse("192.0.2.7", 0);

  void setup() override { intake.configure(known(), now); }
  static KnownNodes known() {
    KnownNodes out;
    KnownNode e1;
    e1.id = "e1";
    e1.secret = "s1";
    e1.allowed = *AllowedAddresses::parse("edge1.example.org:8000,8443");
    e1.limits = {.most = {.kbps = 1e6, .listeners = 500}, .weight = 2, .order = 1};
    out.nodes.push_back(e1);
    KnownNode e2;
    e2.id = "e2";
    e2.secret = "s2";
    e2.allow_peer_address = true;
    out.nodes.push_back(e2);
    KnownSlave slave;
    slave.address = *Address::parse("192.0.2.7", 0);
    slave.public_address = make_node_address(PublicScheme::kHttp, "old.example.org", 8000);
    slave.limits.most.listeners = 300;
    out.slaves.push_back(slave);
    KnownSlave other;
    other.address = *Address::parse("192.0.2.8", 0);
    out.slaves.push_back(other);
    return out;
  }
  // The status of a report of e1.
  int post(const std::string& more, const std::string& body = "") {
    return intake
        .take({peer, "e1", "e1; public=edge1.example.org:8000; interval=5; " + more, body}, now)
        .status;
  }
  const Node* node(std::string_view id) const {
    const NodeSlot slot = table.find(id);
    return slot == kNoNode ? nullptr : &table.node(slot);
  }
  void poll(const std::string& query, const std::vector<std::string>& listed) {
    intake.polled({old_peer, "", query, "", false, listed}, now);
  }
};

TEST(ReportIntake, PutsAnHonestReportIntoTheTable) {
  LONGS_EQUAL(200, post("max=9000; listeners=12; kbps=1500; seq=1; epoch=a; tags=eu",
                        "/a\t7\n/b\t0\tidle\n"));
  const Node* e1 = node("e1");
  CHECK(e1 != nullptr && e1->kind == NodeKind::kLegacy && e1->state == NodeState::kUp);
  CHECK(e1->scope == MountScope::kAll);
  DOUBLES_EQUAL(500, e1->hard_listeners, 0);  // clamped
  DOUBLES_EQUAL(12, e1->reported_listeners, 0);
  DOUBLES_EQUAL(1500, e1->reported_kbps, 0);
  CHECK(e1->every == 5s);
  UNSIGNED_LONGS_EQUAL(7, table.mount_listeners("/a"));
  CHECK(table.mount("/b") == nullptr);  // idle: not carried
}
// What it knows and does not name it is not sent listeners for; what it calls idle, or cannot know
// yet, it is.
TEST(ReportIntake, APostOfOursSaysForWhatItMayBeUsed) {
  const auto out_for = [&](const std::string& mount) {
    const MountNodes* row = table.mount(mount);
    const Carrier* at = row == nullptr || row->carriers.empty() ? nullptr : &row->carriers[0];
    const Applicant applicant{*node("e1"), node("e1")->state_at(now),
                              at != nullptr && table.carries(*at, now), 0,
                              at != nullptr && at->declined};
    return why_out(applicant, Wanted{.reach = node("e1")->reach});
  };
  const auto list = [&](const std::vector<std::string>& mounts) {
    intake.polled({peer, "e1", "", "", true, mounts}, now);
  };
  post("seq=1; epoch=a");  // before it has asked for the list
  CHECK(out_for("/a") == OutReason::kIn);
  list({"/a", "/b", "/c"});
  CHECK(out_for("/a") == OutReason::kIn);
  post("seq=2; epoch=a", "/a\t7\n/b\t0\tidle\n");
  CHECK(out_for("/a") == OutReason::kIn);
  CHECK(out_for("/b") == OutReason::kIn);
  CHECK(out_for("/c") == OutReason::kNotListed);
  CHECK(out_for("/new") == OutReason::kIn);
  post("seq=3; epoch=a", "/b\t0\tidle\n");  // /a no more, and /c still not
  CHECK(out_for("/a") == OutReason::kNotListed);
  CHECK(out_for("/b") == OutReason::kIn);
  CHECK(out_for("/c") == OutReason::kNotListed);
  list({"/a", "/b"});  // /c has ended here, and may begin again
  CHECK(out_for("/a") == OutReason::kNotListed);
  CHECK(out_for("/c") == OutReason::kIn);
  post("seq=4; epoch=a", "/a\t1\n");
  CHECK(out_for("/a") == OutReason::kIn);
  CHECK(out_for("/b") == OutReason::kNotListed);
  post("seq=1; epoch=b");  // another run, which knows nothing yet
  CHECK(out_for("/a") == OutReason::kIn);
  CHECK(out_for("/b") == OutReason::kIn);
}
TEST(ReportIntake, NeedsASecretOrAKnownAddress) {
  LONGS_EQUAL(403, intake.take({peer, "", "e1; seq=1", ""}, now).status);
  LONGS_EQUAL(403, intake.take({peer, "e9", "e9; seq=1", ""}, now).status);
  CHECK(captured.says("a report from 192.0.2.50 was refused: it needs the secret of a <node>"));
  LONGS_EQUAL(0, table.nodes().size());
}
TEST(ReportIntake, NobodySpeaksForAnother) {
  LONGS_EQUAL(403, intake.take({peer, "e2", "e1; seq=1; epoch=a", ""}, now).status);
  CHECK(captured.says("node e2 speaks for e1"));
}
TEST(ReportIntake, OnlyAllowedAddressesCount) {
  LONGS_EQUAL(
      403,
      intake.take({peer, "e1", "e1; public=evil.example:8000; seq=1; epoch=a", ""}, now).status);
  CHECK(node("e1") == nullptr);
  LONGS_EQUAL(
      200,
      intake
          .take({peer, "e1",
                 "e1; public=evil.example:8000; public=edge1.example.org:8443; seq=1; epoch=a", ""},
                now)
          .status);
  LONGS_EQUAL(1, node("e1")->addresses.size());
  LONGS_EQUAL(8443, node("e1")->addresses[0].port);
  // What it connects from is its own.
  LONGS_EQUAL(
      200, intake.take({peer, "e1", "e1; public=192.0.2.50:99; seq=2; epoch=a", ""}, now).status);
  STRCMP_EQUAL("192.0.2.50", node("e1")->addresses[0].host.c_str());
}
TEST(ReportIntake, ARefusedReportChangesNothing) {
  post("listeners=5; seq=1; epoch=a");
  LONGS_EQUAL(400, post("listeners=x; seq=2; epoch=a"));
  LONGS_EQUAL(413, post("seq=2; epoch=a", std::string((1 << 20) + 1, '\n')));
  LONGS_EQUAL(
      403,
      intake.take({peer, "e1", "e1; public=evil.example:1; listeners=9; seq=2; epoch=a", ""}, now)
          .status);
  DOUBLES_EQUAL(5, node("e1")->reported_listeners, 0);
  LONGS_EQUAL(200, post("listeners=6; seq=2; epoch=a"));
}
TEST(ReportIntake, AReplayedReportIsRefused) {
  LONGS_EQUAL(200, post("seq=5; epoch=a"));
  LONGS_EQUAL(409, post("seq=5; epoch=a"));
  LONGS_EQUAL(409, post("seq=4; epoch=a"));
  LONGS_EQUAL(200, post("seq=6; epoch=a"));
}
TEST(ReportIntake, ASilentNodeMayCountFromOneAgain) {
  LONGS_EQUAL(200, post("seq=5; epoch=a"));
  now += 30s;
  table.expire(now);
  CHECK(node("e1")->state == NodeState::kDead);
  LONGS_EQUAL(200, post("seq=1; epoch=a"));
  CHECK(node("e1")->state == NodeState::kUp);
  LONGS_EQUAL(409, post("seq=1; epoch=a"));
  // A report that is late does not bring back a node that has left.
  LONGS_EQUAL(200, post("seq=3; epoch=a; leaving=1"));
  LONGS_EQUAL(409, post("seq=2; epoch=a"));
  CHECK(node("e1")->state == NodeState::kDead);
}
TEST(ReportIntake, OfTwoProcessesWithOneIdTheNewerOneCounts) {
  post("seq=5; epoch=a");
  LONGS_EQUAL(200, post("seq=1; epoch=b"));
  LONGS_EQUAL(409, post("seq=6; epoch=a"));
  CHECK(captured.says("two processes report with this id"));
  // Once that one is silent for long, the other is the node.
  now += 30s;
  table.expire(now);
  LONGS_EQUAL(200, post("seq=7; epoch=a"));
}
TEST(ReportIntake, WithoutAnAddressANodeIsListedAndToldWhy) {
  LONGS_EQUAL(200, intake.take({peer, "e1", "e1; seq=1; epoch=a", ""}, now).status);
  CHECK(node("e1")->addresses.empty());
  CHECK(captured.says("node e1 reports and gets no listeners: it announces no public address"));
  LONGS_EQUAL(200, intake.take({peer, "e2", "e2; port=8123; seq=1; epoch=a", ""}, now).status);
  STRCMP_EQUAL("192.0.2.50:8123", to_text(node("e2")->addresses[0]).c_str());
  intake.take({peer, "e2", "e2; seq=2; epoch=a", ""}, now);
  LONGS_EQUAL(8000, node("e2")->addresses[0].port);
}
TEST(ReportIntake, ALeavingOrDrainingNodeSaysSo) {
  post("seq=1; epoch=a");
  LONGS_EQUAL(200, post("seq=2; epoch=a; draining=1"));
  CHECK(node("e1")->state == NodeState::kDraining);
  post("seq=3; epoch=a");
  CHECK(node("e1")->state == NodeState::kUp);
  LONGS_EQUAL(200, post("seq=4; epoch=a; leaving=1"));
  CHECK(node("e1")->state == NodeState::kDead);
  LONGS_EQUAL(200, post("seq=1; epoch=b"));
  CHECK(node("e1")->state == NodeState::kUp);
  LONGS_EQUAL(200, intake.take({peer, "e2", "e2; leaving=1; seq=1; epoch=z", ""}, now).status);
  CHECK(node("e2") == nullptr);
}
TEST(ReportIntake, APlainListOfAKnownSlaveIsAReport) {
  LONGS_EQUAL(200, intake.take({old_peer, "", "", "/a\r\n/b\r\n"}, now).status);
  const Node* slave = node("legacy-192.0.2.7");
  CHECK(slave != nullptr && slave->scope == MountScope::kListed && !slave->counts_load);
  STRCMP_EQUAL("old.example.org:8000", to_text(slave->addresses[0]).c_str());
  CHECK(table.mount("/a") != nullptr);
}
TEST(ReportIntake, ASlaveCannotAnnounceAnotherAddressThanTheConfigurations) {
  intake.take({old_peer, "", "evil; public=evil.example:8000; seq=1; epoch=a", ""}, now);
  STRCMP_EQUAL("old.example.org:8000", to_text(node("legacy-192.0.2.7")->addresses[0]).c_str());
  intake.take({*Address::parse("192.0.2.8", 0), "",
               "x; public=evil.example:8000; port=8010; seq=1; epoch=a", ""},
              now);
  STRCMP_EQUAL("192.0.2.8:8010", to_text(node("legacy-192.0.2.8")->addresses[0]).c_str());
}
TEST(ReportIntake, AKhSlaveCarriesWhatWasInItsListBefore) {
  const std::string query = "rserver=edge1.example.org&rport=8010&interval=5";
  poll(query, {"/a", "/b"});
  const Node* slave = node("legacy-192.0.2.7");
  CHECK(slave != nullptr && slave->every == 5s && !slave->counts_load);
  STRCMP_EQUAL("old.example.org:8000", to_text(slave->addresses[0]).c_str());
  CHECK(table.mount("/a") == nullptr);
  now += 5s;
  poll(query, {"/b", "/c"});
  CHECK(table.mount("/b") != nullptr && table.carries(table.mount("/b")->carriers[0], now));
  CHECK(table.mount("/c") == nullptr);
  // It asked twice for one list: first in its own form, which is not there.
  now += 5s;
  poll(query, {"/b", "/c"});
  CHECK(table.mount("/c") != nullptr);
}
TEST(ReportIntake, AKhRegistrationOfAStrangerOrOfNonsenseIsNone) {
  intake.polled({peer, "", "rserver=a&rport=1&interval=5", "", false, {}}, now);
  CHECK(captured.says("it asks for listeners and is not a <legacy-slave>"));
  clock.advance(2s);
  now += 2s;
  poll("rserver=a%0d%0aX:1&rport=1&interval=5", {});
  CHECK(captured.says("rserver=a??X:1 cannot be"));
  LONGS_EQUAL(0, table.nodes().size());
}
TEST(ReportIntake, AKhSlaveMayHaveTheSecretOfANode) {
  intake.polled({peer, "e1", "rserver=edge1.example.org&rport=8000&interval=5", "", false, {}},
                now);
  CHECK(node("e1") != nullptr && node("e1")->scope == MountScope::kListed);
  intake.polled({peer, "e2", "rserver=evil.example&rport=8000&interval=5", "", false, {}}, now);
  CHECK(node("e2") == nullptr);
}
TEST(ReportIntake, AStockSlaveLivesByItsRequests) {
  poll("", {"/a"});
  const Node* slave = node("legacy-192.0.2.7");
  CHECK(slave != nullptr && slave->every == 120s);
  for (int i = 0; i < 12; ++i) {
    now += 2s;
    poll("", {"/a"});
  }
  CHECK(slave->every < 3s && slave->every >= 1s);
  CHECK(table.mount("/a") != nullptr);
  now += 14s;
  table.expire(now);
  CHECK(slave->state == NodeState::kDead);
  poll("", {"/a"});
  CHECK(node("legacy-192.0.2.7")->state == NodeState::kUp);
}
// 2 s, as a slave may have it that says nothing of it: known after the first pause, out after
// three.
TEST(ReportIntake, ASlaveThatOnlyPostsIsOutAfterThreePauses) {
  const auto plain = [&] { intake.take({old_peer, "", "", "/a\n"}, now); };
  plain();
  now += 2s;
  plain();
  const Node* slave = node("legacy-192.0.2.7");
  CHECK(slave->every == 2s);
  CHECK(slave->state_at(now + 5900ms) != NodeState::kDead);
  CHECK(slave->state_at(now + 6s) == NodeState::kDead);
  now += 1min;
  table.expire(now);
  plain();  // it is back, and nobody knows how often it will come now
  CHECK(slave->state_at(now) == NodeState::kUp);
  CHECK(slave->every == 120s);
}
TEST(ReportIntake, ASlaveThatOnlyPollsIsOutAfterThreePauses) {
  poll("", {"/a"});
  now += 2s;
  poll("", {"/a"});
  const Node* slave = node("legacy-192.0.2.7");
  CHECK(slave->state_at(now + 5900ms) != NodeState::kDead);
  CHECK(slave->state_at(now + 6s) == NodeState::kDead);
}
TEST(ReportIntake, ARecentPostOutranksThePollsOfASlave) {
  for (int i = 0; i < 3; ++i) {
    intake.take({old_peer, "", "", "/a\n"}, now);
    now += 1ms;
    poll("", {"/a", "/b"});
    now += 1999ms;
  }
  CHECK(table.mount("/a") != nullptr && table.mount("/b") == nullptr);
  CHECK(decisions.is_server(old_peer, "", true, now));
  const Node* slave = node("legacy-192.0.2.7");
  // Its polls do not keep it alive either: what it carries is not known any more.
  for (int i = 0; i < 2; ++i) {
    now += 2s;
    poll("", {"/a", "/b"});
  }
  CHECK(slave->state_at(now) == NodeState::kDead);
  // 12 s after its last post it is a slave that only polls.
  for (int i = 0; i < 6; ++i) {
    now += 2s;
    poll("", {"/a", "/b"});
  }
  CHECK(slave->state_at(now) == NodeState::kUp);
  CHECK(table.mount("/b") != nullptr);
}
TEST(ReportIntake, ASlaveThatHasToldItsIntervalHasTenSecondsMore) {
  post("seq=1; epoch=a");
  now += 5s;
  post("seq=2; epoch=a");
  CHECK(node("e1")->state_at(now + 14900ms) != NodeState::kDead);
  CHECK(node("e1")->state_at(now + 15s) == NodeState::kDead);
  now += 8s;
  post("seq=3; epoch=a");  // says 5 s, and takes 6.5 on average
  CHECK(node("e1")->state_at(now + 19s) != NodeState::kDead);
}
TEST(ReportIntake, WhoHasPostedOnceIsTrustedWithTwentyListeners) {
  intake.take({old_peer, "", "", "/a\n"}, now);
  const NodeSlot slot = table.find("legacy-192.0.2.7");
  for (int i = 0; i < 19; ++i) table.issued(slot, "/a", 128, now);
  CHECK(table.node(slot).state_at(now) == NodeState::kUp);
  table.issued(slot, "/a", 128, now);
  CHECK(table.node(slot).state_at(now) == NodeState::kSuspect);
  STRCMP_EQUAL("heard of once, and sent 20 listeners since", table.node(slot).why.c_str());
  now += 2s;
  intake.take({old_peer, "", "", "/a\n"}, now);
  CHECK(table.node(slot).state_at(now) == NodeState::kUp);
  for (int i = 0; i < 50; ++i) table.issued(slot, "/a", 128, now);
  CHECK(table.node(slot).state_at(now) == NodeState::kUp);
}
TEST(ReportIntake, RemembersForeignServersForHalfAnHour) {
  CHECK(!decisions.is_server(peer, "", true, now));
  intake.polled({peer, "", "", "", false, {}}, now);  // as 2.4.4 asks
  CHECK(decisions.is_server(peer, "MyRadio/1", true, now));
  CHECK(!decisions.is_server(peer, "Mozilla/5.0", false, now));
  intake.polled({peer, "", "", "Foo/1", false, {}}, now + 20min);  // as KH asks
  CHECK(decisions.is_server(peer, "Foo/1", false, now + 20min));
  CHECK(decisions.is_server(peer, "MyRadio/1", true, now + 30min));
  CHECK(decisions.is_server(peer, "MyRadio/1", true, now + 31min));  // bare: any name will do
  CHECK(!decisions.is_server(peer, "MyRadio/1", false, now + 31min));
  CHECK(decisions.is_server(peer, "Foo/1", true, now + 50min));
  CHECK(!decisions.is_server(peer, "Foo/1", true, now + 51min));
  CHECK(!decisions.is_server(peer, "", true, now + 51min));
  intake.polled({old_peer, "", "", "", true, {}}, now);  // ours
  CHECK(!decisions.is_server(old_peer, "", true, now));
}
TEST(ReportIntake, RemembersNoMoreServersThanItCan) {
  const auto address = [](unsigned i) {
    return *Address::parse("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 0);
  };
  for (unsigned i = 0; i < 5000; ++i) intake.polled({address(i), "", "", "", false, {}}, now);
  CHECK(decisions.is_server(address(4000), "", true, now));
  CHECK(!decisions.is_server(address(4999), "", true, now));
  intake.polled({address(4999), "", "", "", false, {}}, now + 31min);
  CHECK(decisions.is_server(address(4999), "", true, now + 31min));
  for (int i = 0; i < 20; ++i)
    intake.polled({peer, "", "", "A" + std::to_string(i), false, {}}, now + 31min);
  CHECK(decisions.is_server(peer, "A7", false, now + 31min));
  CHECK(!decisions.is_server(peer, "A8", false, now + 31min));
  intake.polled({peer, "", "", std::string(5000, 'x'), false, {}}, now + 63min);
  CHECK(decisions.is_server(peer, std::string(6000, 'x'), false, now + 63min));
}
TEST(ReportIntake, KnowsWhoEnforcesWhatForWhichMount) {
  const auto kAuth = static_cast<ProtectionSet>(Protection::kListenerAuth);
  const auto kBoth =
      static_cast<ProtectionSet>(kAuth | static_cast<ProtectionSet>(Protection::kLimits));
  post("seq=1; epoch=a", "/a\t0\tidle,auth\n/b\t1\tauth,limits\n");
  const auto enforced = [this](const char* mount) -> int {
    const MountNodes* row = table.mount(mount);
    return row == nullptr || row->carriers.empty() ? 0 : row->carriers.front().enforces;
  };
  LONGS_EQUAL(kAuth, enforced("/a"));
  LONGS_EQUAL(kBoth, enforced("/b"));
  LONGS_EQUAL(0, enforced("/c"));
  CHECK(!table.carries(table.mount("/a")->carriers.front(), now));
  post("seq=2; epoch=a");
  LONGS_EQUAL(0, enforced("/a"));
}
TEST(ReportIntake, KnowsWhoChecksTokens) {
  post("seq=1; epoch=a; tokens=1");
  CHECK(node("e1")->checks_tokens);
  intake.take({old_peer, "", "x; tokens=1; seq=1; epoch=a", ""}, now);
  CHECK(!node("legacy-192.0.2.7")->checks_tokens);  // it does not know that name
  post("seq=2; epoch=a");
  CHECK(!node("e1")->checks_tokens);
}
TEST(ReportIntake, AReloadSetsLimitsAndForgetsNodes) {
  post("max=9000; seq=1; epoch=a");
  intake.take({old_peer, "", "", "/a\n"}, now);
  KnownNodes next = known();
  next.nodes[0].limits.most.listeners = 40;
  next.slaves.clear();
  intake.configure(next, now);
  DOUBLES_EQUAL(40, node("e1")->hard_listeners, 0);
  CHECK(node("legacy-192.0.2.7") == nullptr);
  LONGS_EQUAL(403, intake.take({old_peer, "", "", "/a\n"}, now).status);
}
TEST(ReportIntake, AReloadSetsLimitsAndForgetsNodesThatHaveALink) {
  CHECK(
      table.hello({{.id = "e1", .epoch = "a", .capacity = {.listeners = 9000}}}, now).has_value());
  CHECK(table.hello({{.id = "e2", .epoch = "a"}}, now).has_value());
  CHECK(table.hello({{.id = "fixed"}, NodeKind::kStatic}, now).has_value());
  KnownNodes next = known();
  next.nodes[0].limits.most.listeners = 40;
  next.nodes.erase(next.nodes.begin() + 1);
  intake.configure(next, now);
  DOUBLES_EQUAL(40, node("e1")->hard_listeners, 0);
  CHECK(node("e2") == nullptr);
  CHECK(node("fixed") != nullptr);  // its place is not here
}
TEST(ReportIntake, SaysOnceASecondWhatItRefuses) {
  for (int i = 0; i < 100; ++i) intake.take({peer, "", "", ""}, now);
  now += 2s;
  intake.take({peer, "", "", ""}, now);
  CHECK(captured.says("(and 99 others)"));
}

TEST_GROUP(KnownNodes){};

TEST(KnownNodes, LogInWithTheirOwnSecret) {
  KnownNodes known;
  for (const char* id : {"a", "b", "c"}) {
    KnownNode node;
    node.id = id;
    node.secret = std::string("s-") + id;
    known.nodes.push_back(node);
  }
  known.nodes[2].secret = "";
  STRCMP_EQUAL("b", known.login(Credentials{"b", "s-b"})->id.c_str());
  POINTERS_EQUAL(nullptr, known.login(Credentials{"a", "s-b"}));
  POINTERS_EQUAL(nullptr, known.login(Credentials{"c", ""}));
  POINTERS_EQUAL(nullptr, known.login(Credentials{"x", "s-a"}));
  POINTERS_EQUAL(nullptr, known.login(std::nullopt));
}
