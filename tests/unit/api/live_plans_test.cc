// What runs: nodes, listeners, titles, drains and weights; and the audit log.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "api/api_bench.h"
#include "api/request/node_weight.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(LivePlans) {
  ApiBench api;

  void setup() override {
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":"acme"})"));
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts",
                             R"({"mount":"/acme-1","account":"acme","limits":{"bitrate":320}})"));
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/other"})"));
    NodeNow self;
    self.id = "m1";
    self.self = true;
    self.state = "up";
    self.listeners = 4;
    NodeNow edge;
    edge.id = "edge1";
    edge.state = "draining";
    edge.url = "http://edge1:8000";
    api.live->nodes = {self, edge};
    api.live->listeners = {{{20, "192.0.2.9", "VLC", "", 60}, "DE"},
                           {{3, "192.0.2.8", "mpv", "kim", 5}},
                           {{7, "2001:db8::1", "", "", 1}}};
    for (ListenerNow& row : api.live->listeners) row.node = row.id == 7 ? "edge1" : "m1";
  }
  Json item(std::size_t index) const { return api.json().at("items").at(index); }
  std::string item_text(std::size_t index, std::string_view name) const {
    return std::string(item(index).at(name).text().value_or("?"));
  }
};

TEST(LivePlans, AnAdministratorSeesNodesAndWhatTheyReserve) {
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/nodes"));
  LONGS_EQUAL(2, api.json().at("items").size());
  STRCMP_EQUAL("edge1", item_text(0, "id").c_str());
  STRCMP_EQUAL("draining", item_text(0, "state").c_str());
  UNSIGNED_LONGS_EQUAL(0, *item(0).at("reserved_kbps").u64());
  UNSIGNED_LONGS_EQUAL(320 + kUsualKbps, *item(1).at("reserved_kbps").u64());
  CHECK(item(1).at("max_listeners").is_null());
  LONGS_EQUAL(200, api.ask(api.viewer, Method::kGet, "/nodes/m1"));
  UNSIGNED_LONGS_EQUAL(4, *api.json().at("listeners").u64());
  LONGS_EQUAL(404, api.ask(api.admin, Method::kGet, "/nodes/m9"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/nodes?most=1"));
  STRCMP_EQUAL("edge1", api.text("next").c_str());
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/nodes?after=edge1"));
  STRCMP_EQUAL("m1", item_text(0, "id").c_str());
}
TEST(LivePlans, ALoginOfSomeMountsSeesNoMoreOfANodeThanItsState) {
  for (const ApiCaller* who : {&api.owner, &api.operator_}) {
    LONGS_EQUAL(200, api.ask(*who, Method::kGet, "/nodes"));
    LONGS_EQUAL(2, item(0).size());
    LONGS_EQUAL(200, api.ask(*who, Method::kGet, "/nodes/edge1"));
    LONGS_EQUAL(2, api.json().size());
    LONGS_EQUAL(403, api.ask(*who, Method::kPost, "/nodes/edge1/drain", R"({"on":true})"));
    LONGS_EQUAL(403, api.ask(*who, Method::kPost, "/nodes/edge1/weight", R"({"weight":1})"));
  }
}
TEST(LivePlans, ADrainIsAnOrder) {
  LONGS_EQUAL(
      204, api.ask(api.admin, Method::kPost, "/nodes/edge1/drain", R"({"on":true,"mode":"move"})"));
  CHECK(api.order->kind == ApiOrder::Kind::kDrainNode && api.order->drain);
  STRCMP_EQUAL("edge1", api.order->node.c_str());
  STRCMP_EQUAL("move", api.order->drain_mode.c_str());
  STRCMP_EQUAL("nodes/edge1", api.last.deed->on.c_str());
  LONGS_EQUAL(204,
              api.ask(api.admin, Method::kPost, "/nodes/m1/drain", R"({"on":true,"time":60})"));
  STRCMP_EQUAL("", api.order->node.c_str());
  UNSIGNED_LONGS_EQUAL(60, *api.order->drain_seconds);
  LONGS_EQUAL(204, api.ask(api.admin, Method::kPost, "/nodes/m1/drain", R"({"on":false})"));
  CHECK(!api.order->drain);
  for (const char* body :
       {"{}", R"({"on":1})", R"({"on":true,"mode":"off"})", R"({"on":false,"mode":"soft"})",
        R"({"on":true,"time":0})", R"({"on":true,"then":"exit"})"})
    LONGS_EQUAL_TEXT(422, api.ask(api.admin, Method::kPost, "/nodes/m1/drain", body), body);
}
TEST(LivePlans, AWeightIsARecordWhereThereIsAStore) {
  LONGS_EQUAL(204, api.ask(api.admin, Method::kPost, "/nodes/edge1/weight", R"({"weight":3})"));
  CHECK(!api.order);
  UNSIGNED_LONGS_EQUAL(3, api.book->all_weights().at("edge1"));
  LONGS_EQUAL(204, api.ask(api.admin, Method::kPost, "/nodes/edge1/weight", R"({"weight":0})"));
  UNSIGNED_LONGS_EQUAL(0, api.book->all_weights().at("edge1"));
  LONGS_EQUAL(204, api.ask(api.admin, Method::kPost, "/nodes/edge1/weight", R"({"weight":null})"));
  CHECK(api.book->all_weights().empty());
  for (const char* body : {"{}", R"({"weight":1001})", R"({"weight":"1"})", R"({"weight":-1})"})
    LONGS_EQUAL_TEXT(422, api.ask(api.admin, Method::kPost, "/nodes/m1/weight", body), body);
  api.world.has_store = false;
  LONGS_EQUAL(204, api.ask(api.admin, Method::kPost, "/nodes/edge1/weight", R"({"weight":3})"));
  CHECK(api.order->kind == ApiOrder::Kind::kWeighNode);
  UNSIGNED_LONGS_EQUAL(3, *api.order->weight);
  CHECK(api.book->all_weights().empty());
}
TEST(LivePlans, ARecordOfAWeightThatCannotBeReadIsLeftOut) {
  for (const char* json : {"", "3", "{}", R"({"weight":-1})", R"({"weight":1001})"})
    CHECK_TEXT(!parse_node_weight(json).has_value(), json);
  UNSIGNED_LONGS_EQUAL(1000, *parse_node_weight(node_weight_json(1000)));
}
TEST(LivePlans, ListenersAreOfTheMountsThatALoginSees) {
  LONGS_EQUAL(200, api.ask(api.operator_, Method::kGet, "/mounts/acme-1/listeners"));
  LONGS_EQUAL(3, api.json().at("items").size());
  STRCMP_EQUAL("edge1", item_text(0, "node").c_str());
  STRCMP_EQUAL("3", item_text(1, "id").c_str());
  STRCMP_EQUAL("kim", item_text(1, "user").c_str());
  STRCMP_EQUAL("DE", item_text(2, "country").c_str());
  CHECK(item(1).at("address").is_null());  // it may not see them
  CHECK(api.json().at("partial").missing());
  LONGS_EQUAL(404, api.ask(api.operator_, Method::kGet, "/mounts/other/listeners"));
  LONGS_EQUAL(404, api.ask(api.owner, Method::kGet, "/mounts/other/listeners"));
  LONGS_EQUAL(200, api.ask(api.viewer, Method::kGet, "/mounts/other/listeners"));
  LONGS_EQUAL(404, api.ask(api.admin, Method::kGet, "/mounts/none/listeners"));
  api.admin.addresses = true;
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/mounts/acme-1/listeners"));
  STRCMP_EQUAL("2001:db8::1", item_text(0, "address").c_str());
  api.live->missing = {"edge2"};
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/mounts/acme-1/listeners?most=2"));
  CHECK(*api.json().at("partial").boolean());
  STRCMP_EQUAL("m1/3", api.text("next").c_str());
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/mounts/acme-1/listeners?after=m1/3"));
  LONGS_EQUAL(1, api.json().at("items").size());
  STRCMP_EQUAL("20", item_text(0, "id").c_str());
  LONGS_EQUAL(400, api.ask(api.admin, Method::kGet, "/mounts/acme-1/listeners?after=m1"));
}
TEST(LivePlans, AKickNamesTheNode) {
  LONGS_EQUAL(204, api.ask(api.operator_, Method::kDelete, "/mounts/acme-1/listeners/m1/20"));
  STRCMP_EQUAL("", api.order->node.c_str());
  UNSIGNED_LONGS_EQUAL(20, api.order->listener);
  STRCMP_EQUAL("kick", api.last.deed->what.c_str());
  LONGS_EQUAL(204, api.ask(api.owner, Method::kDelete, "/mounts/acme-1/listeners/edge1/8"));
  STRCMP_EQUAL("edge1", api.order->node.c_str());
  for (const char* path : {"m1/4", "m9/20", "m1/x", "m1/0"})
    LONGS_EQUAL_TEXT(
        404, api.ask(api.admin, Method::kDelete, std::string("/mounts/acme-1/listeners/") + path),
        path);
  LONGS_EQUAL(404, api.ask(api.owner, Method::kDelete, "/mounts/other/listeners/m1/20"));
  LONGS_EQUAL(403, api.ask(api.viewer, Method::kDelete, "/mounts/acme-1/listeners/m1/20"));
}
TEST(LivePlans, AListenerShowsItsConnectionAndTheWayOfItsStream) {
  ListenerNow& row = api.live->listeners.at(2);
  row.round_trip_us = 1500;
  row.retransmits = 0;
  row.queue_bytes = 3840;
  row.lag_ms = 20;
  row.path = {"m1", "edge1"};
  LONGS_EQUAL(200, api.ask(api.operator_, Method::kGet, "/mounts/acme-1/listeners"));
  DOUBLES_EQUAL(1.5, *item(0).at("rtt_ms").number(), 0.001);
  UNSIGNED_LONGS_EQUAL(0, *item(0).at("retransmits").u64());
  UNSIGNED_LONGS_EQUAL(3840, *item(0).at("queue_bytes").u64());
  UNSIGNED_LONGS_EQUAL(20, *item(0).at("lag_ms").u64());
  LONGS_EQUAL(2, item(0).at("path").size());
  for (const char* name : {"rtt_ms", "retransmits", "queue_bytes", "lag_ms"})
    CHECK_TEXT(item(1).at(name).is_null(), name);
}
TEST(LivePlans, AListenerIsMovedToAMountOfTheSameLogin) {
  const std::string path = "/mounts/acme-1/listeners/edge1/7/move";
  LONGS_EQUAL(
      201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/acme-2","account":"acme"})"));
  LONGS_EQUAL(204, api.ask(api.owner, Method::kPost, path, R"({"to":"acme-2"})"));
  CHECK(api.order->kind == ApiOrder::Kind::kMoveListener);
  STRCMP_EQUAL("edge1", api.order->node.c_str());
  STRCMP_EQUAL("/acme-2", api.order->to.c_str());
  UNSIGNED_LONGS_EQUAL(7, api.order->listener);
  STRCMP_EQUAL("move-listener", api.last.deed->what.c_str());
  for (const char* body : {"{}", R"({"to":1})", R"({"to":"/acme-1"})", R"({"to":"/none"})",
                           R"({"to":"/other"})", R"({"to":"/acme-2","x":1})"})
    LONGS_EQUAL_TEXT(422, api.ask(api.owner, Method::kPost, path, body), body);
  LONGS_EQUAL(404, api.ask(api.owner, Method::kPost, "/mounts/acme-1/listeners/m1/4/move",
                           R"({"to":"/acme-2"})"));
  LONGS_EQUAL(403, api.ask(api.viewer, Method::kPost, path, R"({"to":"/acme-2"})"));
}
TEST(LivePlans, ABanOfAListenerIsARecordOfItsAddress) {
  LONGS_EQUAL(403, api.ask(api.owner, Method::kDelete, "/mounts/acme-1/listeners/m1/20?ban=1"));
  LONGS_EQUAL(204, api.ask(api.admin, Method::kDelete, "/mounts/acme-1/listeners/m1/20?ban=1"));
  const auto bans = api.book->all_bans();
  LONGS_EQUAL(1, bans.size());
  STRCMP_EQUAL("192.0.2.9", bans[0].value.c_str());
  STRCMP_EQUAL("/acme-1", bans[0].mounts.at(0).c_str());
  UNSIGNED_LONGS_EQUAL(20, api.order->listener);
  // Where nothing is known of it, there is nothing to ban.
  LONGS_EQUAL(409, api.ask(api.admin, Method::kDelete, "/mounts/acme-1/listeners/edge1/9?ban=1"));
  api.world.has_store = false;
  LONGS_EQUAL(409, api.ask(api.admin, Method::kDelete, "/mounts/acme-1/listeners/m1/20?ban=1"));
  STRCMP_EQUAL("no-store", api.name().c_str());
}
TEST(LivePlans, ATitleOfAnEncoderIsItsOwn) {
  ApiCaller standby = api.operator_;
  standby.encoder = "backup";
  api.now_of.on_air = true;
  api.now_of.title = "of the writer";
  api.now_of.source.emplace().user = "main";
  LONGS_EQUAL(204, api.ask(standby, Method::kPost, "/mounts/acme-1/title", R"({"title":"B"})"));
  STRCMP_EQUAL("backup", api.order->title.encoder.c_str());
}
TEST(LivePlans, ATitleGoesToWhatIsOnAir) {
  const std::string body = R"({"title":"B","artist":"A"})";
  LONGS_EQUAL(409, api.ask(api.operator_, Method::kPost, "/mounts/acme-1/title", body));
  api.now_of.on_air = true;
  api.now_of.title = "before";
  LONGS_EQUAL(204, api.ask(api.operator_, Method::kPost, "/mounts/acme-1/title", body));
  CHECK(api.order->kind == ApiOrder::Kind::kSetTitle);
  STRCMP_EQUAL("A", api.order->title.artist->c_str());
  STRCMP_EQUAL("before", api.last.deed->changes.at(0).before.c_str());
  STRCMP_EQUAL("A - B", api.last.deed->changes.at(0).after.c_str());
  CHECK(!api.order->title.next);
  const auto announce = [this](const std::string& next) {
    return api.ask(api.operator_, Method::kPost, "/mounts/acme-1/title",
                   R"({"title":"B","next":)" + next + "}");
  };
  LONGS_EQUAL(204, announce(R"({"title":"D","artist":"C"})"));
  STRCMP_EQUAL("C - D", api.order->title.next->c_str());
  LONGS_EQUAL(204, announce("null"));
  STRCMP_EQUAL("", api.order->title.next->c_str());
  for (const char* wrong : {"1", "\"D\"", "[]", "{}", R"({"title":""})", R"({"artist":"C"})",
                            R"({"title":"D","at":1})", R"({"title":"a\nb"})"})
    LONGS_EQUAL(422, announce(wrong));
  LONGS_EQUAL(404, api.ask(api.operator_, Method::kPost, "/mounts/other/title", body));
  LONGS_EQUAL(403, api.ask(api.viewer, Method::kPost, "/mounts/other/title", body));
  LONGS_EQUAL(422, api.ask(api.operator_, Method::kPost, "/mounts/acme-1/title", "{}"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/mounts/acme-1"));
  STRCMP_EQUAL("before", api.text("title").c_str());
  CHECK(*api.json().at("on-air").boolean());
}

TEST_GROUP(AuditPlans) {
  ApiBench api;

  void setup() override {
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":"acme"})"));
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts",
                             R"({"mount":"/acme-1","account":"acme"})"));
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/users",
                             R"({"name":"otto","role":"operator","account":"acme"})"));
    api.audit_path = "/tmp/lb-audit-" + std::to_string(::getpid()) + ".log";
    std::ofstream out(api.audit_path, std::ios::binary);
    int n = 0;
    const auto line = [&](const char* at, const char* who, const char* what, const char* on) {
      out << R"({"at":"2026-11-)" << at << R"(","n":)" << ++n << R"(,"node":"m1","who":")" << who
          << R"(","role":"x","via":"basic","ip":"192.0.2.77","account":")"
          << (std::string(who) == "otto" ? "acme" : "") << R"(","of":")"
          << (std::string(on).find("acme") != std::string::npos ? "acme" : "") << R"(","do":")"
          << what << R"(","on":")" << on
          << R"(","change":{"genre":["\",\"ip\":\"",""]},"result":"200"})"
          << "\n";
    };
    line("20T00:00:00.000Z", "root", "create", "accounts/acme");
    line("20T00:00:01.000Z", "root", "create", "mounts/%2Facme-1");
    line("20T00:00:02.000Z", "root", "create", "mounts/%2Fother");
    line("21T00:00:00.000Z", "otto", "killsource", "/acme-1");
    out << "no line of the log\n";
    line("21T00:00:01.000Z", "root", "killsource", "/acme-1");
    line("22T00:00:00.000Z", "root", "changeMount", "/api/v1/mounts/acme-1");
    line("22T00:00:01.000Z", "root", "drain", "nodes/edge1");
  }
  void teardown() override { std::filesystem::remove(api.audit_path); }
  // The numbers of the lines.
  std::string seen(const ApiCaller& who, const std::string& query = "") {
    LONGS_EQUAL(200, api.ask(who, Method::kGet, "/audit" + query));
    const Json items = api.json().at("items");
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i)
      out += std::to_string(items.at(i).at("n").u64().value_or(0)) + " ";
    return out;
  }
};

TEST(AuditPlans, AnAdministratorSeesAllTheNewestFirst) {
  STRCMP_EQUAL("7 6 5 4 3 2 1 ", seen(api.admin).c_str());
  STRCMP_EQUAL("4 ", seen(api.admin, "?who=otto").c_str());
  STRCMP_EQUAL("7 ", seen(api.admin, "?on=nodes/edge1").c_str());
  STRCMP_EQUAL("5 4 2 ", seen(api.admin, "?on=/acme-1").c_str());
  STRCMP_EQUAL("7 6 ", seen(api.admin, "?from=2026-11-22").c_str());
  STRCMP_EQUAL("7 6 5 4 ", seen(api.admin, "?from=1795219200").c_str());
  STRCMP_EQUAL("7 6 5 ", seen(api.admin, "?most=3").c_str());
  STRCMP_EQUAL("4 3 2 1 ", seen(api.admin, "?after=" + api.text("next")).c_str());
  LONGS_EQUAL(400, api.ask(api.admin, Method::kGet, "/audit?from=yesterday"));
  LONGS_EQUAL(400, api.ask(api.admin, Method::kGet, "/audit?after=x"));
  LONGS_EQUAL(403, api.ask(api.operator_, Method::kGet, "/audit"));
}
// Names that bolt had are acme's by now: what was done to them then is not acme's to read.
TEST(AuditPlans, WhatWasDoneBeforeToAnothersNameIsNotShown) {
  std::ofstream out(api.audit_path);
  const auto line = [&out](int n, const char* who, const char* accounts, const char* on) {
    out << R"({"at":"2026-11-22T00:00:00.000Z","n":)" << n << R"(,"who":")" << who
        << R"(","role":"owner","via":"basic","ip":"192.0.2.7",)" << accounts << R"("do":"x","on":")"
        << on << R"(","change":{},"result":"ok"})"
        << "\n";
  };
  line(1, "anna", R"("account":"bolt","of":"bolt",)", "/acme-1");
  line(2, "root", R"("account":"","of":"bolt",)", "mounts/%2Facme-1");
  line(3, "otto", R"("account":"bolt","of":"acme",)", "/acme-1");
  line(4, "bert", R"("account":"acme","of":"bolt",)", "/bolt");
  line(5, "anna", "", "/acme-1");
  out.close();
  STRCMP_EQUAL("4 3 ", seen(api.owner).c_str());
  STRCMP_EQUAL("5 4 3 2 1 ", seen(api.admin).c_str());
}
TEST(AuditPlans, AnOwnerSeesWhatConcernsItsAccount) {
  STRCMP_EQUAL("6 5 4 2 1 ", seen(api.owner).c_str());
  const Json items = api.json().at("items");
  STRCMP_EQUAL("", std::string(*items.at(std::size_t{0}).at("ip").text()).c_str());
  // Of a login of its own account, all; what looks like an address within a text stays.
  STRCMP_EQUAL("192.0.2.77", std::string(*items.at(2).at("ip").text()).c_str());
  STRCMP_EQUAL(
      "\",\"ip\":\"",
      std::string(*items.at(std::size_t{0}).at("change").at("genre").at(std::size_t{0}).text())
          .c_str());
  STRCMP_EQUAL("", seen(api.owner, "?on=nodes/edge1").c_str());
}
