#include "cluster/report_desk.h"

#include <string>
#include <vector>

#include "base/log_book.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(ReportDesk) {
  FakeClock clock;
  LogBook book{clock};
  SteadyTime now = clock.steady();
  NodeTable table{NodeTable::Settings{}, now};
  ReportDesk desk{table, book.log};
  Address peer = *Address::parse("192.0.2.50", 0);
  Address old_peer = *Address::parse("192.0.2.7", 0);

  void setup() override { desk.configure(known(), now); }
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
    return desk
        .take({peer, "e1", "e1; public=edge1.example.org:8000; interval=5; " + more, body}, now)
        .status;
  }
  const Node* node(std::string_view id) const {
    const NodeSlot slot = table.find(id);
    return slot == kNoNode ? nullptr : &table.node(slot);
  }
  void poll(const std::string& query, const std::vector<std::string>& listed) {
    desk.polled({old_peer, "", query, "", false}, listed, now);
  }
};

TEST(ReportDesk, PutsAnHonestReportIntoTheTable) {
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
TEST(ReportDesk, NeedsASecretOrAKnownAddress) {
  LONGS_EQUAL(403, desk.take({peer, "", "e1; seq=1", ""}, now).status);
  LONGS_EQUAL(403, desk.take({peer, "e9", "e9; seq=1", ""}, now).status);
  CHECK(book.says("a report from 192.0.2.50 was refused: it needs the secret of a <node>"));
  LONGS_EQUAL(0, table.nodes().size());
}
TEST(ReportDesk, NobodySpeaksForAnother) {
  LONGS_EQUAL(403, desk.take({peer, "e2", "e1; seq=1; epoch=a", ""}, now).status);
  CHECK(book.says("node e2 speaks for e1"));
}
TEST(ReportDesk, OnlyAllowedAddressesCount) {
  LONGS_EQUAL(
      403, desk.take({peer, "e1", "e1; public=evil.example:8000; seq=1; epoch=a", ""}, now).status);
  CHECK(node("e1") == nullptr);
  LONGS_EQUAL(
      200,
      desk.take({peer, "e1",
                 "e1; public=evil.example:8000; public=edge1.example.org:8443; seq=1; epoch=a", ""},
                now)
          .status);
  LONGS_EQUAL(1, node("e1")->addresses.size());
  LONGS_EQUAL(8443, node("e1")->addresses[0].port);
  // What it connects from is its own.
  LONGS_EQUAL(200,
              desk.take({peer, "e1", "e1; public=192.0.2.50:99; seq=2; epoch=a", ""}, now).status);
  STRCMP_EQUAL("192.0.2.50", node("e1")->addresses[0].host.c_str());
}
TEST(ReportDesk, ARefusedReportChangesNothing) {
  post("listeners=5; seq=1; epoch=a");
  LONGS_EQUAL(400, post("listeners=x; seq=2; epoch=a"));
  LONGS_EQUAL(413, post("seq=2; epoch=a", std::string((1 << 20) + 1, '\n')));
  LONGS_EQUAL(
      403,
      desk.take({peer, "e1", "e1; public=evil.example:1; listeners=9; seq=2; epoch=a", ""}, now)
          .status);
  DOUBLES_EQUAL(5, node("e1")->reported_listeners, 0);
  LONGS_EQUAL(200, post("listeners=6; seq=2; epoch=a"));
}
TEST(ReportDesk, AReplayedReportIsRefused) {
  LONGS_EQUAL(200, post("seq=5; epoch=a"));
  LONGS_EQUAL(409, post("seq=5; epoch=a"));
  LONGS_EQUAL(409, post("seq=4; epoch=a"));
  LONGS_EQUAL(200, post("seq=6; epoch=a"));
}
TEST(ReportDesk, OfTwoProcessesWithOneIdTheNewerOneCounts) {
  post("seq=5; epoch=a");
  LONGS_EQUAL(200, post("seq=1; epoch=b"));
  LONGS_EQUAL(409, post("seq=6; epoch=a"));
  CHECK(book.says("two processes report with this id"));
  // Once that one is silent for long, the other is the node.
  now += 30s;
  table.expire(now);
  LONGS_EQUAL(200, post("seq=7; epoch=a"));
}
TEST(ReportDesk, WithoutAnAddressANodeIsListedAndToldWhy) {
  LONGS_EQUAL(200, desk.take({peer, "e1", "e1; seq=1; epoch=a", ""}, now).status);
  CHECK(node("e1")->addresses.empty());
  CHECK(book.says("node e1 reports and gets no listeners: it announces no public address"));
  LONGS_EQUAL(200, desk.take({peer, "e2", "e2; port=8123; seq=1; epoch=a", ""}, now).status);
  STRCMP_EQUAL("192.0.2.50:8123", to_text(node("e2")->addresses[0]).c_str());
  desk.take({peer, "e2", "e2; seq=2; epoch=a", ""}, now);
  LONGS_EQUAL(8000, node("e2")->addresses[0].port);
}
TEST(ReportDesk, ALeavingOrDrainingNodeSaysSo) {
  post("seq=1; epoch=a");
  LONGS_EQUAL(200, post("seq=2; epoch=a; draining=1"));
  CHECK(node("e1")->state == NodeState::kDraining);
  post("seq=3; epoch=a");
  CHECK(node("e1")->state == NodeState::kUp);
  LONGS_EQUAL(200, post("seq=4; epoch=a; leaving=1"));
  CHECK(node("e1")->state == NodeState::kDead);
  LONGS_EQUAL(200, post("seq=1; epoch=b"));
  CHECK(node("e1")->state == NodeState::kUp);
  LONGS_EQUAL(200, desk.take({peer, "e2", "e2; leaving=1; seq=1; epoch=z", ""}, now).status);
  CHECK(node("e2") == nullptr);
}
TEST(ReportDesk, APlainListOfAKnownSlaveIsAReport) {
  LONGS_EQUAL(200, desk.take({old_peer, "", "", "/a\r\n/b\r\n"}, now).status);
  const Node* slave = node("legacy-192.0.2.7");
  CHECK(slave != nullptr && slave->scope == MountScope::kListed && !slave->counts_load);
  STRCMP_EQUAL("old.example.org:8000", to_text(slave->addresses[0]).c_str());
  CHECK(table.mount("/a") != nullptr);
}
TEST(ReportDesk, ASlaveCannotAnnounceAnotherAddressThanTheConfigurations) {
  desk.take({old_peer, "", "evil; public=evil.example:8000; seq=1; epoch=a", ""}, now);
  STRCMP_EQUAL("old.example.org:8000", to_text(node("legacy-192.0.2.7")->addresses[0]).c_str());
  desk.take({*Address::parse("192.0.2.8", 0), "",
             "x; public=evil.example:8000; port=8010; seq=1; epoch=a", ""},
            now);
  STRCMP_EQUAL("192.0.2.8:8010", to_text(node("legacy-192.0.2.8")->addresses[0]).c_str());
}
TEST(ReportDesk, AKhSlaveCarriesWhatWasInItsListBefore) {
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
TEST(ReportDesk, AKhRegistrationOfAStrangerOrOfNonsenseIsNone) {
  desk.polled({peer, "", "rserver=a&rport=1&interval=5", "", false}, {}, now);
  CHECK(book.says("it asks for listeners and is no <legacy-slave>"));
  clock.advance(2s);
  now += 2s;
  poll("rserver=a%0d%0aX:1&rport=1&interval=5", {});
  CHECK(book.says("rserver=a??X:1 cannot be"));
  LONGS_EQUAL(0, table.nodes().size());
}
TEST(ReportDesk, AKhSlaveMayHaveTheSecretOfANode) {
  desk.polled({peer, "e1", "rserver=edge1.example.org&rport=8000&interval=5", "", false}, {}, now);
  CHECK(node("e1") != nullptr && node("e1")->scope == MountScope::kListed);
  desk.polled({peer, "e2", "rserver=evil.example&rport=8000&interval=5", "", false}, {}, now);
  CHECK(node("e2") == nullptr);
}
TEST(ReportDesk, AStockSlaveLivesByItsRequests) {
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
TEST(ReportDesk, RemembersForeignServersForHalfAnHour) {
  CHECK(!desk.is_server(peer, "", true, now));
  desk.polled({peer, "", "", "", false}, {}, now);  // as 2.4.4 asks
  CHECK(desk.is_server(peer, "MyRadio/1", true, now));
  CHECK(!desk.is_server(peer, "Mozilla/5.0", false, now));
  desk.polled({peer, "", "", "Foo/1", false}, {}, now + 20min);  // as KH asks
  CHECK(desk.is_server(peer, "Foo/1", false, now + 20min));
  CHECK(desk.is_server(peer, "MyRadio/1", true, now + 30min));
  CHECK(!desk.is_server(peer, "MyRadio/1", true, now + 31min));
  CHECK(desk.is_server(peer, "Foo/1", true, now + 50min));
  CHECK(!desk.is_server(peer, "Foo/1", true, now + 51min));
  desk.polled({old_peer, "", "", "", true}, {}, now);  // ours
  CHECK(!desk.is_server(old_peer, "", true, now));
}
TEST(ReportDesk, RemembersNoMoreServersThanItCan) {
  const auto address = [](unsigned i) {
    return *Address::parse("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 0);
  };
  for (unsigned i = 0; i < 5000; ++i) desk.polled({address(i), "", "", "", false}, {}, now);
  CHECK(desk.is_server(address(4000), "", true, now));
  CHECK(!desk.is_server(address(4999), "", true, now));
  desk.polled({address(4999), "", "", "", false}, {}, now + 31min);
  CHECK(desk.is_server(address(4999), "", true, now + 31min));
  for (int i = 0; i < 20; ++i)
    desk.polled({peer, "", "", "A" + std::to_string(i), false}, {}, now + 31min);
  CHECK(desk.is_server(peer, "A7", false, now + 31min));
  CHECK(!desk.is_server(peer, "A8", false, now + 31min));
  desk.polled({peer, "", "", std::string(5000, 'x'), false}, {}, now + 63min);
  CHECK(desk.is_server(peer, std::string(6000, 'x'), false, now + 63min));
}
TEST(ReportDesk, KnowsWhoEnforcesWhatForWhichMount) {
  const auto kAuth = static_cast<ProtectionSet>(Protection::kListenerAuth);
  const auto kBoth =
      static_cast<ProtectionSet>(kAuth | static_cast<ProtectionSet>(Protection::kLimits));
  post("seq=1; epoch=a", "/a\t0\tidle,auth\n/b\t1\tauth,limits\n");
  LONGS_EQUAL(1, desk.enforcing("/a", kAuth).size());
  CHECK(desk.enforcing("/a", kAuth)[0] == node_key("e1"));
  LONGS_EQUAL(0, desk.enforcing("/a", kBoth).size());
  LONGS_EQUAL(1, desk.enforcing("/b", kBoth).size());
  LONGS_EQUAL(0, desk.enforcing("/c", kAuth).size());
  LONGS_EQUAL(0, desk.enforcing("/a", 0).size());
  post("seq=2; epoch=a");
  LONGS_EQUAL(0, desk.enforcing("/a", kAuth).size());
}
TEST(ReportDesk, KnowsWhoChecksTokens) {
  post("seq=1; epoch=a; tokens=1");
  CHECK(desk.checks_tokens("e1"));
  CHECK(!desk.checks_tokens("e2"));
  desk.take({old_peer, "", "x; tokens=1; seq=1; epoch=a", ""}, now);
  CHECK(!desk.checks_tokens("legacy-192.0.2.7"));  // it does not know that name
  desk.set_checks_tokens("link1", true);
  CHECK(desk.checks_tokens("link1"));
}
TEST(ReportDesk, AReloadSetsLimitsAndForgetsNodes) {
  post("max=9000; seq=1; epoch=a");
  desk.take({old_peer, "", "", "/a\n"}, now);
  KnownNodes next = known();
  next.nodes[0].limits.most.listeners = 40;
  next.slaves.clear();
  desk.configure(next, now);
  DOUBLES_EQUAL(40, node("e1")->hard_listeners, 0);
  CHECK(node("legacy-192.0.2.7") == nullptr);
  LONGS_EQUAL(403, desk.take({old_peer, "", "", "/a\n"}, now).status);
}
TEST(ReportDesk, SaysOnceASecondWhatItRefuses) {
  for (int i = 0; i < 100; ++i) desk.take({peer, "", "", ""}, now);
  now += 2s;
  desk.take({peer, "", "", ""}, now);
  CHECK(book.says("(and 99 others)"));
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
