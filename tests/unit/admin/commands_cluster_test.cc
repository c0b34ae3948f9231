#include <string>

#include "admin/fake_station.h"
#include "base/json.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(NodePosts) {
  FakeStation station;
  static AdminRequest post(const std::string& body) {
    AdminRequest request = admin_request("/admin/sourcelist.txt", AdminRole::kRelay);
    request.is_post = true;
    request.body = body;
    request.node = "e1";
    request.peer = *Address::parse("192.0.2.50", 0);
    request.headers.add("content-length", std::to_string(body.size()));
    request.headers.add("x-lb-node", "e1; seq=1");
    return request;
  }
};

TEST(NodePosts, AreHandedOnWithTheirSender) {
  const AdminAnswer answer = ask(station, post("/a\t1\n"));
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL("OK\r\n", answer.body.c_str());
  STRCMP_EQUAL("X-LB-Master: m1\r\n", answer.extra.c_str());
  STRCMP_EQUAL("text/plain; charset=utf-8", answer.content_type.c_str());
  STRCMP_EQUAL("e1", station.post.node.c_str());
  STRCMP_EQUAL("e1; seq=1", station.post.header.c_str());
  STRCMP_EQUAL("/a\t1\n", station.post.body.c_str());
  STRCMP_EQUAL("192.0.2.50", station.post.peer.ip().c_str());
}
TEST(NodePosts, CarryTheDesksRefusal) {
  station.post_answer = {403, "node e1 speaks for e2", "m1"};
  const AdminAnswer answer = ask(station, post(""));
  LONGS_EQUAL(403, answer.status);
  STRCMP_EQUAL("node e1 speaks for e2\r\n", answer.body.c_str());
}
TEST(NodePosts, AreWholePostsOfRelays) {
  AdminRequest request = post("/a\n");
  request.is_post = false;
  LONGS_EQUAL(405, ask(station, request).status);
  request = post("");
  request.headers = Headers();
  LONGS_EQUAL(411, ask(station, request).status);
  request = post("");
  request.headers = Headers();
  request.headers.add("content-length", "900000000");
  LONGS_EQUAL(413, ask(station, request).status);
  request = post("/a\n");
  for (const AdminRole role : {AdminRole::kNone, AdminRole::kSource, AdminRole::kAdmin}) {
    request.role = role;
    LONGS_EQUAL(401, ask(station, request).status);
  }
  STRCMP_EQUAL("", station.post.header.c_str());
}
TEST(NodePosts, DoNotComeFromOtherSites) {
  AdminRequest request = post("/a\n");
  request.headers.add("origin", "https://evil.example");
  LONGS_EQUAL(403, ask(station, request).status);
}
TEST(NodePosts, OfKhAskForAListThatIsElsewhere) {
  LONGS_EQUAL(
      404, ask(station, "/admin/streams?rserver=a&rport=1&interval=5", AdminRole::kRelay).status);
  LONGS_EQUAL(401, ask(station, "/admin/streams", AdminRole::kAdmin).status);
}
TEST(NodePosts, ARequestForTheListIsTold) {
  for (const char* name : {"/b", "/a", "/hidden", "/off"}) station.rows.emplace_back().mount = name;
  station.rows[2].hidden = true;
  station.rows[3].state = MountState::kStopped;
  AdminRequest request =
      admin_request("/admin/streamlist.txt?rserver=a&rport=1", AdminRole::kRelay);
  request.peer = *Address::parse("192.0.2.50", 0);
  ask(station, request);
  STRCMP_EQUAL("192.0.2.50", station.poll.peer.ip().c_str());
  STRCMP_EQUAL("rserver=a&rport=1", station.poll.query.c_str());
  CHECK((station.poll.listed == std::vector<std::string>{"/a", "/b"}));
  CHECK(!station.poll.ours);
  request.headers.add("x-lb-relay", "e1.a");
  ask(station, request);
  CHECK(station.poll.ours);
}

TEST_GROUP(ClusterJson) {
  FakeStation station;
  NodeSlot e1 = kNoNode;
  void setup() override {
    NodeHello hello;
    hello.id = "e1";
    hello.enforces = static_cast<ProtectionSet>(Protection::kSlots);
    hello.kind = NodeKind::kLegacy;
    hello.addresses = {make_node_address(PublicScheme::kHttp, "2001:db8::2", 8000)};
    hello.capacity.listeners = 100;
    hello.tags = {"eu"};
    hello.every = 5s;
    e1 = *station.table.hello(hello, station.now);
    station.table.snapshot(e1, {{"/a", 3, true}}, station.now);
    LoadReport load;
    load.received = load.sampled = station.now;
    load.listeners = 3;
    station.table.report(e1, load);
  }
  static Json parsed(const AdminAnswer& answer) {
    LONGS_EQUAL(200, answer.status);
    STRCMP_EQUAL("application/json; charset=utf-8", answer.content_type.c_str());
    auto json = Json::parse(answer.body);
    if (!json.has_value()) FAIL(json.error().what.c_str());
    return *json;
  }
};

TEST(ClusterJson, HasAPageThatIsEmptyAndItsScript) {
  const AdminAnswer page = ask(station, "/admin/cluster.xsl");
  STRCMP_EQUAL("cluster.xsl", page.template_name.c_str());
  CHECK(page.body.find("<icestats") != std::string::npos);
  STRCMP_EQUAL("", ask(station, "/admin/cluster").template_name.c_str());
  const AdminAnswer script = ask(station, "/admin/cluster.js");
  STRCMP_EQUAL("text/javascript; charset=utf-8", script.content_type.c_str());
  CHECK(script.body.find("cluster.json") != std::string::npos);
  // Its texts never become markup.
  for (const char* way :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("})
    CHECK_TEXT(script.body.find(way) == std::string::npos, way);
  for (const AdminRole role : {AdminRole::kNone, AdminRole::kSource, AdminRole::kRelay})
    for (const char* path : {"/admin/cluster.xsl", "/admin/cluster.js"})
      LONGS_EQUAL(401, ask(station, path, role).status);
}
TEST(ClusterJson, ShowsNodesAndMounts) {
  station.now += 1500ms;
  const Json json = parsed(ask(station, "/admin/cluster.json"));
  STRCMP_EQUAL("m1", std::string(*json.at("id").text()).c_str());
  CHECK(*json.at("redirects").boolean());
  const Json node = json.at("nodes").at(std::size_t{0});
  STRCMP_EQUAL("e1", std::string(*node.at("id").text()).c_str());
  STRCMP_EQUAL("up", std::string(*node.at("state").text()).c_str());
  STRCMP_EQUAL("http://[2001:db8::2]:8000",
               std::string(*node.at("addresses").at(std::size_t{0}).text()).c_str());
  UNSIGNED_LONGS_EQUAL(100, *node.at("capacity").at("listeners").u64());
  CHECK(node.at("capacity").at("kbps").is_null());
  DOUBLES_EQUAL(1.5, *node.at("report_age_seconds").number(), 1e-9);
  DOUBLES_EQUAL(0.03, *node.at("utilisation").number(), 1e-9);
  const Json mount = json.at("mounts").at(std::size_t{0});
  STRCMP_EQUAL("/a", std::string(*mount.at("mount").text()).c_str());
  UNSIGNED_LONGS_EQUAL(3, *mount.at("listeners").u64());
  STRCMP_EQUAL("e1",
               std::string(*mount.at("carriers").at(std::size_t{0}).at("node").text()).c_str());
}
TEST(ClusterJson, ShowsTheSlotsOfALimitedMount) {
  CHECK(parsed(ask(station, "/admin/cluster.json"))
            .at("mounts")
            .at(std::size_t{0})
            .at("slots")
            .missing());
  SlotBook::Picture picture;
  picture.limit = 100;
  picture.used = 7;
  picture.given = 60;
  station.slots["/a"] = picture;
  Json slots =
      parsed(ask(station, "/admin/cluster.json")).at("mounts").at(std::size_t{0}).at("slots");
  UNSIGNED_LONGS_EQUAL(100, *slots.at("limit").u64());
  UNSIGNED_LONGS_EQUAL(7, *slots.at("used").u64());
  UNSIGNED_LONGS_EQUAL(60, *slots.at("given").u64());
  picture.limit = SlotBook::kNoLimit;
  picture.parent = "m2";
  station.slots["/a"] = picture;
  slots = parsed(ask(station, "/admin/cluster.json")).at("mounts").at(std::size_t{0}).at("slots");
  CHECK(slots.at("limit").is_null());
  STRCMP_EQUAL("m2", std::string(*slots.at("from").text()).c_str());
}
TEST(ClusterJson, ShowsTheRelaysBehindANode) {
  station.table.forget(e1);
  NodeHello hello;
  hello.id = "e2";
  e1 = *station.table.hello(hello, station.now);
  MountLoad load{.mount = "/a", .listeners = 3};
  load.below = 40;
  station.table.snapshot(e1, {load}, station.now);
  const Json json = parsed(ask(station, "/admin/cluster.json"));
  const Json mount = json.at("mounts").at(std::size_t{0});
  for (const Json& each :
       {json, json.at("nodes").at(std::size_t{0}), mount, mount.at("carriers").at(std::size_t{0})})
    UNSIGNED_LONGS_EQUAL(40, *each.at("below").u64());
  UNSIGNED_LONGS_EQUAL(3, *mount.at("listeners").u64());
}
TEST(ClusterJson, LeavesOutWhatIsGone) {
  station.table.forget(e1);
  const Json json = parsed(ask(station, "/admin/cluster.json"));
  LONGS_EQUAL(0, json.at("nodes").size());
  LONGS_EQUAL(0, json.at("mounts").size());
}
TEST(ClusterJson, ExplainsAChoice) {
  Explanation& e = station.explanation;
  e.choice.kind = Choice::Kind::kRedirect;
  e.choice.reason = PickReason::kDrawn;
  e.choice.node = e1;
  e.origin = "http://e:1";
  e.trace.policy = "p2c";
  e.trace.rows = {
      {.node = e1, .carries = true, .utilisation = 0.5, .room_kbps = 12, .chosen = true}};
  const Json json =
      parsed(ask(station, "/admin/cluster/explain?mount=/a&ip=192.0.2.9&ua=VLC%2f3&https=1"));
  STRCMP_EQUAL("/a", station.explained.mount.c_str());
  STRCMP_EQUAL("192.0.2.9", station.explained.client.ip().c_str());
  STRCMP_EQUAL("VLC/3", station.explained.user_agent.c_str());
  CHECK(station.explained.https);
  STRCMP_EQUAL("redirect", std::string(*json.at("answer").text()).c_str());
  STRCMP_EQUAL("drawn by the policy", std::string(*json.at("reason").text()).c_str());
  STRCMP_EQUAL("e1", std::string(*json.at("node").text()).c_str());
  const Json row = json.at("draw").at(std::size_t{0});
  CHECK(*row.at("candidate").boolean() && *row.at("chosen").boolean() &&
        *row.at("carries").boolean());
  STRCMP_EQUAL("slots",
               std::string(row.at("enforces").at(std::size_t{0}).text().value_or("")).c_str());
  for (const auto& [kind, word] : {std::pair{Choice::Kind::kServe, "serve"},
                                   {Choice::Kind::kHold, "hold"},
                                   {Choice::Kind::kRefuse, "refuse"}}) {
    e.choice = {.kind = kind};
    STRCMP_EQUAL(
        word,
        std::string(*parsed(ask(station, "/admin/cluster/explain?mount=/a")).at("answer").text())
            .c_str());
  }
}
TEST(ClusterJson, ReportsWhyANodeIsOut) {
  station.explanation.trace.rows = {{.node = e1, .out = OutReason::kScheme},
                                    {.node = 7, .out = OutReason::kFree}};
  const Json json = parsed(ask(station, "/admin/cluster/explain?mount=/a"));
  LONGS_EQUAL(1, json.at("draw").size());
  STRCMP_EQUAL("no public address for this scheme and address family",
               std::string(*json.at("draw").at(std::size_t{0}).at("out").text()).c_str());
}
TEST(ClusterJson, NeedsAMountAndAnAddressThatIsOne) {
  LONGS_EQUAL(400, ask(station, "/admin/cluster/explain").status);
  LONGS_EQUAL(400, ask(station, "/admin/cluster/explain?mount=/a&ip=x").status);
  for (const AdminRole role : {AdminRole::kNone, AdminRole::kSource, AdminRole::kRelay}) {
    LONGS_EQUAL(401, ask(station, "/admin/cluster.json", role).status);
    LONGS_EQUAL(401, ask(station, "/admin/cluster/explain?mount=/a", role).status);
  }
}
