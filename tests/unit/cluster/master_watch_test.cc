#include "cluster/polling/master_watch.h"

#include "http/loopback.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;
using Flow = MasterWatch::Flow;

TEST_GROUP(MasterWatch) {
  CapturedLog captured{system_clock()};
  Loop loop{0, system_clock()};
  Resolver resolver{loop};
  Connector connector{loop, resolver};
  Loopback server{loop};
  Rng rng{1};
  MasterPlan plan;
  std::map<std::string, Flow> flows;
  int changes = 0;
  std::set<std::string> changed;  // the last time
  std::unique_ptr<MasterWatch> watch;

  void setup() override {
    server.answers = {list("/a\r\n/b\r\n")};
    plan.target = {"127.0.0.1", server.port, false, ""};
    plan.username = "relay";
    plan.password = "relpass";
    plan.interval = 100s;
    plan.retry_max = 10s;
  }
  void begin() {
    watch = std::make_unique<MasterWatch>(
        connector, captured.log, rng, plan,
        MasterWatch::Callbacks{[] { return std::string("Test\r\n1"); },
                               [this](const std::string& mount) { return flows[mount]; },
                               [this](const std::set<std::string>& mounts) {
                                 ++changes;
                                 changed = mounts;
                               },
                               5ms});
  }
  // The n-th answer has been read.
  void after(std::size_t n) {
    while (server.requests.size() < n) loop.run_once(true);
    while (watch->asking()) loop.run_once(true);
  }
  void next(std::string answer) {
    server.answers.resize(server.requests.size());
    server.answers.push_back(std::move(answer));
    const std::size_t n = server.requests.size() + 1;
    watch->ask_soon();
    after(n);
  }
  static std::string list(const std::string& body, const std::string& head = "") {
    return "HTTP/1.0 200 OK\r\n" + head + "\r\n" + body;
  }
  std::set<std::string> mounts() const {
    std::set<std::string> out;
    watch->add_stream_mounts(out);
    return out;
  }
  std::string known() const {
    std::string out;
    for (const std::string& mount : mounts()) out += mount + " ";
    return out;
  }
};

TEST(MasterWatch, AsksAtOnceAsASlaveDoes) {
  begin();
  after(1);
  STRCMP_EQUAL(
      "GET /admin/streamlist.txt HTTP/1.0\r\nAuthorization: Basic cmVsYXk6cmVscGFzcw==\r\n"
      "Host: 127.0.0.1\r\nUser-Agent: Test1\r\n\r\n",
      server.requests[0].c_str());
  STRCMP_EQUAL("/a /b ", known().c_str());
  LONGS_EQUAL(1, changes);
  CHECK(captured.says("has 2 new streams"));
}
TEST(MasterWatch, ItsStreamsComeFromTheMasterOrWhereTheListSays) {
  server.answers = {list("/a\nhttps://other.example/b\n")};
  plan.relay_auth = true;
  begin();
  after(1);
  const auto a = watch->stream_of("/a"), b = watch->stream_of("/b");
  CHECK(a && b && !watch->stream_of("/c"));
  STRCMP_EQUAL("127.0.0.1", a->target.host.c_str());
  STRCMP_EQUAL("/a", a->mount.c_str());
  STRCMP_EQUAL("relpass", a->password.c_str());
  STRCMP_EQUAL("other.example", b->target.host.c_str());
  LONGS_EQUAL(443, b->target.port);
  CHECK(b->target.tls);
  STRCMP_EQUAL("", b->password.c_str());  // not for strangers
}
TEST(MasterWatch, WithoutRelayAuthItsRelaysDoNotLogIn) {
  begin();
  after(1);
  STRCMP_EQUAL("", watch->stream_of("/a")->username.c_str());
}
TEST(MasterWatch, AsksEveryInterval) {
  plan.interval = 0s;
  begin();
  after(3);
  LONGS_EQUAL(1, changes);
}
TEST(MasterWatch, AStreamLeavesWhenTwoListsLackIt) {
  begin();
  after(1);
  next(list("/a\r\n"));
  STRCMP_EQUAL("/a /b ", known().c_str());
  LONGS_EQUAL(1, changes);
  next(list("/a\r\n"));
  STRCMP_EQUAL("/a ", known().c_str());
  LONGS_EQUAL(2, changes);
  CHECK(captured.says("1 streams removed"));
}
TEST(MasterWatch, AStreamThatComesBackInBetweenStays) {
  begin();
  after(1);
  next(list("/a\r\n"));
  next(list("/a\r\n/b\r\n"));
  next(list("/a\r\n"));
  STRCMP_EQUAL("/a /b ", known().c_str());
}
TEST(MasterWatch, AStreamThatFlowsStaysWhateverTheListSays) {
  begin();
  after(1);
  flows["/b"] = Flow::kFlows;
  for (int i = 0; i < 3; ++i) next(list("/a\r\n"));
  STRCMP_EQUAL("/a /b ", known().c_str());
  flows["/b"] = Flow::kEnded;
  watch->stream_ended();
  STRCMP_EQUAL("/a ", known().c_str());
  LONGS_EQUAL(2, changes);
  watch->stream_ended();
  LONGS_EQUAL(2, changes);
}
TEST(MasterWatch, AStreamThatHasEndedLeavesWithTheFirstListThatLacksIt) {
  begin();
  after(1);
  flows["/b"] = Flow::kEnded;
  watch->stream_ended();
  STRCMP_EQUAL("/a /b ", known().c_str());  // it is in the newest list
  next(list("/a\r\n"));
  STRCMP_EQUAL("/a ", known().c_str());
}
TEST(MasterWatch, AListThatFailsTakesNothingAway) {
  plan.retry_max = 0s;
  begin();
  after(1);
  for (const std::string& answer :
       {std::string("HTTP/1.0 500 Oops\r\n\r\n"), std::string("HTTP/1.0 401 No\r\n\r\n"),
        std::string("garbage"), std::string(), list("", "Content-Length: 50\r\n"),
        list("/a\r\n", "Content-Length: 50\r\n"), list("/a\r\n/", ""),
        list("zz\r\n", "Transfer-Encoding: chunked\r\n"), list(std::string(70'000, 'x') + "\n"),
        list("2\r\n/a\r\n", "Transfer-Encoding: chunked\r\n")}) {
    next(answer);
    next(answer);
    STRCMP_EQUAL("/a /b ", known().c_str());
  }
  CHECK(captured.says("answered 500 Oops; its 2 streams stay"));
  CHECK(captured.says("answered 401 No"));
  CHECK(captured.says("did not answer in HTTP"));
  CHECK(
      captured.says("sent a list that is not complete with 1 streams and 0 lines that name none"));
  CHECK(captured.says("sent a line of more than 65536 bytes"));
}
TEST(MasterWatch, ACutListStillAdds) {
  begin();
  after(1);
  next(list("/c\r\n/d", ""));
  STRCMP_EQUAL("/a /b /c ", known().c_str());
}
TEST(MasterWatch, AnEmptyListIsAListAndNeedsASecondOne) {
  begin();
  after(1);
  next(list(""));
  STRCMP_EQUAL("/a /b ", known().c_str());
  next(list(""));
  STRCMP_EQUAL("", known().c_str());
}
TEST(MasterWatch, AStreamThatMovesIsPulledFromItsNewPlace) {
  begin();
  after(1);
  next(list("/a\nhttp://new.example:9/b\n"));
  STRCMP_EQUAL("new.example", watch->stream_of("/b")->target.host.c_str());
  LONGS_EQUAL(2, changes);
  CHECK(changed == std::set<std::string>{"/b"});  // and nothing is said of the others
}
TEST(MasterWatch, KeepsTenThousandStreamsAtMost) {
  std::string many, more;
  for (int i = 0; i < 9'999; ++i) many += "/" + std::to_string(i) + "x\n";
  for (int i = 0; i < 10; ++i) more += "/" + std::to_string(i) + "y\n";
  server.answers = {list(many)};
  begin();
  while (changes == 0) loop.run_once(true);
  next(list(more));
  LONGS_EQUAL(10'000, mounts().size());
}
TEST(MasterWatch, OneThatIsDownIsAskedAgainAndAgain) {
  server.answers = {""};
  plan.retry_max = 0s;
  begin();
  after(4);
  CHECK(captured.says("closed the connection without an answer; its 0 streams stay"));
}
TEST(MasterWatch, AskedAgainWhileItAsksItAsksOnceMore) {
  server.close_after = false;
  server.answers = {"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n",
                    list("", "Content-Length: 0\r\n")};
  begin();
  while (server.requests.empty()) loop.run_once(true);
  watch->ask_soon();
  watch->ask_soon();
  server.send("/a\r\n");
  after(2);
  LONGS_EQUAL(2, server.requests.size());
}

TEST_GROUP_BASE(MasterReports, TEST_GROUP_CppUTestGroupMasterWatch) {
  std::string master_id = "-";
  std::vector<std::string> named;
  std::vector<std::string> mounts;
  bool draining = false;
  std::uint64_t seq = 0;

  void setup() override {
    TEST_GROUP_CppUTestGroupMasterWatch::setup();
    plan.publish = true;
    plan.report_interval = 5s;
    plan.username = "e1";
  }
  void begin() {
    MasterWatch::Callbacks callbacks{[] { return std::string("Test"); },
                                     [this](const std::string& mount) { return flows[mount]; },
                                     [this](const std::set<std::string>&) { ++changes; }, 5ms};
    callbacks.report = [this](const std::vector<std::string>& asked, std::string_view id) {
      mounts = asked;
      master_id = id;
      NodeReport report;
      report.id = "own-name";
      report.epoch = "a";
      report.seq = ++seq;
      report.addresses = {make_node_address(PublicScheme::kHttp, "edge.example", 8000)};
      report.listeners = 3;
      report.draining = draining;
      for (const std::string& mount : asked) report.mounts.push_back({mount, 1, true, 0});
      return report;
    };
    callbacks.lines = [] { return std::string("X-LB-Relay: e1.a\r\n"); };
    callbacks.named = [this] { named.push_back(watch->master_id()); };
    watch = std::make_unique<MasterWatch>(connector, captured.log, rng, plan, std::move(callbacks));
  }
  static std::string taken(const std::string& head = "X-LB-Master: m1\r\n") {
    return "HTTP/1.0 200 OK\r\n" + head + "Content-Length: 4\r\n\r\nOK\r\n";
  }
};

TEST(MasterReports, GoRightBeforeTheRequestForTheList) {
  server.answers = {taken(), list("/a\r\n/b\r\n")};
  begin();
  after(2);
  const std::string head =
      "POST /admin/sourcelist.txt HTTP/1.0\r\nAuthorization: Basic ZTE6cmVscGFzcw==\r\n"
      "Host: 127.0.0.1\r\nUser-Agent: Test\r\n"
      "X-LB-Node: e1; public=edge.example:8000; listeners=3; interval=5; seq=1; epoch=a; now=";
  const std::string& asked = server.requests[0];
  STRCMP_EQUAL(head.c_str(), asked.substr(0, head.size()).c_str());
  STRCMP_EQUAL("\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n",
               asked.substr(asked.find("\r\nContent-Type")).c_str());
  CHECK(server.requests[1].starts_with("GET /admin/streamlist.txt HTTP/1.0\r\n"));
  CHECK(server.requests[1].find("\r\nX-LB-Relay: e1.a\r\n\r\n") != std::string::npos);
  STRCMP_EQUAL("", master_id.c_str());
  CHECK(captured.says("takes this node's reports"));
  CHECK(watch->well());
  server.answers.push_back(taken());
  server.answers.push_back(list("/a\r\n/b\r\n"));
  watch->ask_soon();
  after(4);
  STRCMP_EQUAL("m1", master_id.c_str());
  LONGS_EQUAL(2, mounts.size());
  CHECK(server.requests[2].find("seq=2;") != std::string::npos);
  CHECK(server.requests[2].ends_with("Content-Length: 10\r\n\r\n/a\t1\n/b\t1\n"));
}
// A link has replaced the first watch for a while.
TEST(MasterReports, GoOnCountingInTheNextWatch) {
  server.answers = {taken(), list("/a\r\n"), taken(), list("/a\r\n")};
  begin();
  after(2);
  begin();
  after(4);
  CHECK(server.requests[2].find("seq=2;") != std::string::npos);
}
// Its redirects are known for those of a peer from the first answer on, with or without its Date.
TEST(MasterReports, TheNameOfTheMasterIsToldAtOnceAndWhenItIsAnother) {
  server.answers = {
      taken(),       list("/a\r\n"), taken(), list("/a\r\n"), taken("X-LB-Master: m2\r\n"),
      list("/a\r\n")};
  begin();
  after(2);
  LONGS_EQUAL(1, named.size());
  STRCMP_EQUAL("m1", named[0].c_str());
  watch->ask_soon();
  after(4);
  LONGS_EQUAL(1, named.size());
  watch->ask_soon();
  after(6);
  LONGS_EQUAL(2, named.size());
  STRCMP_EQUAL("m2", named[1].c_str());
}
TEST(MasterReports, AStockMasterIsAskedForItsListOnlyAndAgainInAnHour) {
  for (const char* status : {"400 Bad Request", "401 x", "404 x", "405 x", "501 Not Implemented"}) {
    server.requests.clear();
    server.answers = {"HTTP/1.0 " + std::string(status) + "\r\n\r\n", list("/a\r\n"),
                      list("/a\r\n")};
    begin();
    after(2);
    watch->ask_soon();
    after(3);
    CHECK(server.requests[2].starts_with(
        "GET /admin/streamlist.txt?rserver=edge.example&rport=8000&interval=100 HTTP/1.0\r\n"));
  }
  CHECK(
      captured.says("takes no reports (answered 501 Not Implemented): it is asked for its streams "
                    "only, and again in 6"));
}
TEST(MasterReports, AMasterThatWasAwayIsTriedAnew) {
  server.answers = {"HTTP/1.0 400 x\r\n\r\n", "HTTP/1.0 500 x\r\n\r\n", taken(), list("/a\r\n")};
  begin();
  after(2);
  CHECK(!watch->well());
  watch->ask_soon();
  after(4);
  CHECK(server.requests[2].starts_with("POST"));
}
TEST(MasterReports, ARefusalIsNamedAndTheNextReportGoesOut) {
  server.answers = {"HTTP/1.0 403 Forbidden\r\n\r\n", list("/a\r\n"), taken(""), list("/a\r\n")};
  begin();
  after(2);
  CHECK(captured.says("refused this node's report: 403 Forbidden"));
  watch->ask_soon();
  after(4);
  CHECK(server.requests[2].starts_with("POST"));
}
TEST(MasterReports, AMasterThatBreaksEveryPostIsAStockOne) {
  server.answers = {"",
                    list("/a\r\n"),
                    "",
                    list("/a\r\n"),
                    "",
                    list("/a\r\n"),
                    "",
                    list("/a\r\n"),
                    list("/a\r\n")};
  begin();
  after(2);
  for (std::size_t n = 4; n <= 8; n += 2) {
    watch->ask_soon();
    after(n);
  }
  CHECK(captured.says("takes no reports"));
  watch->ask_soon();
  after(9);
  CHECK(server.requests[8].starts_with("GET"));
}
TEST(MasterReports, ANodeThatLeavesSaysSo) {
  server.answers = {taken(), list("/a\r\n"), taken()};
  begin();
  after(2);
  bool left = false;
  watch->leave([&left] { left = true; });
  while (!left) loop.run_once(true);
  CHECK(server.requests[2].find("; leaving=1\r\n") != std::string::npos);
  // Whoever was not told anything needs no farewell.
  left = false;
  watch->leave([&left] { left = true; });
  CHECK(left);
}
TEST(MasterReports, OneThatCannotWaitGoesOutAtOnce) {
  plan.report_interval = plan.interval = 3600s;
  server.answers = {taken(), list("/a\r\n"), taken(), list("/a\r\n")};
  begin();
  after(2);
  draining = true;
  watch->report_now();
  after(4);
  CHECK(server.requests[2].find("; draining=1\r\n") != std::string::npos);
  CHECK(server.requests[3].starts_with("GET"));
}
TEST(MasterReports, OneThatIsOutOfDateWhileItIsUnderWayIsFollowedByAnother) {
  server.answers = {"HTTP/1.0 200 OK\r\n", taken(), list("/a\r\n")};
  begin();
  while (server.requests.empty()) loop.run_once(true);
  draining = true;
  watch->report_now();
  server.send("\r\n");
  after(3);
  CHECK(server.requests[0].find("draining") == std::string::npos);
  CHECK(server.requests[1].find("; draining=1\r\n") != std::string::npos);
  CHECK(server.requests[2].starts_with("GET"));
}
TEST(MasterReports, ARequestForTheListIsGivenUpForOneThatCannotWait) {
  server.answers = {taken(), "HTTP/1.0 200 OK\r\nContent-Length: 400\r\n\r\n/a\r\n", taken(),
                    list("/b\r\n")};
  begin();
  while (server.requests.size() < 2) loop.run_once(true);
  draining = true;
  watch->report_now();
  after(4);
  CHECK(server.requests[2].find("; draining=1\r\n") != std::string::npos);
  STRCMP_EQUAL("/b ", known().c_str());
}
TEST(MasterReports, AKhMasterIsToldOfADrainByNotBeingAskedForListeners) {
  server.answers = {"HTTP/1.0 400 x\r\n\r\n", list("/a\r\n"), list("/a\r\n")};
  begin();
  after(2);
  CHECK(server.requests[1].find("?rserver=") != std::string::npos);
  draining = true;
  watch->report_now();
  after(3);
  CHECK(server.requests[2].starts_with("GET /admin/streamlist.txt HTTP/1.0\r\n"));
}
TEST(MasterReports, OfANodeThatTakesNoListenersAreNotSentAtAll) {
  plan.publish = false;
  server.answers = {list("/a\r\n")};
  begin();
  after(1);
  watch->report_now();
  CHECK(!watch->asking());
}
TEST(MasterReports, AreForMastersThatAreToSendListeners) {
  plan.publish = false;
  server.answers = {list("/a\r\n")};
  begin();
  after(1);
  CHECK(server.requests[0].starts_with("GET /admin/streamlist.txt HTTP"));
}
TEST(MasterReports, AnAddressWithIpv6IsEncodedForKh) {
  NodeReport report;
  STRCMP_EQUAL("", kh_registration_query(report).c_str());
  report.addresses = {make_node_address(PublicScheme::kHttps, "a.b", 443)};
  STRCMP_EQUAL("", kh_registration_query(report).c_str());
  report.addresses.push_back(make_node_address(PublicScheme::kHttp, "2001:db8::2", 8000));
  report.every = 2s;
  STRCMP_EQUAL("?rserver=%5b2001:db8::2%5d&rport=8000&interval=5",
               kh_registration_query(report).c_str());
}
