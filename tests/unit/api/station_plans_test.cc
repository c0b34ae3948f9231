#include "api/api_bench.h"
#include "api/records/record_plans.h"
#include "api/request/station.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(StationPlans) {
  ApiBench api;
  ApiCaller other;
  void setup() override {
    other = api.owner;
    other.name = "olga";
    other.account = "other";
    for (const char* id : {"acme", "other"})
      LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts",
                               std::string(R"({"id":")") + id + R"("})"));
    mount(api.owner, "/a.mp3");
    mount(api.owner, "/b.mp3");
    mount(other, "/theirs.mp3");
  }
  void mount(const ApiCaller& who, const std::string& name) {
    LONGS_EQUAL(201, api.ask(who, Method::kPost, "/mounts", R"({"mount":")" + name + R"("})"));
  }
  int put(const ApiCaller& who, const std::string& id, const std::string& body) {
    return api.ask(who, Method::kPut, "/stations/" + id, body);
  }
  // The pointer of what is wrong with it.
  std::string fault(const ApiCaller& who, const std::string& members) {
    const int status = put(who, "rock", R"({"mounts":["/a.mp3"],)" + members + "}");
    return status == 422 ? api.first_fault() : std::to_string(status);
  }
};

TEST(StationPlans, AnOwnerMakesOneOfItsMounts) {
  LONGS_EQUAL(200, put(api.owner, "rock", R"({"mounts":["/a.mp3","/b.mp3"],"name":"Rock"})"));
  STRCMP_EQUAL("/api/v1/stations/rock", api.answer.location.c_str());
  STRCMP_EQUAL("acme", api.text("account").c_str());
  LONGS_EQUAL(0, api.json().at("left-out").size());
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/stations/rock", R"({"genre":"Hard"})"));
  STRCMP_EQUAL("Rock", api.text("name").c_str());
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/stations/rock", R"({"name":null})"));
  STRCMP_EQUAL("", api.text("name").c_str());
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/stations"));
  LONGS_EQUAL(1, api.json().at("items").size());
  LONGS_EQUAL(204, api.ask(api.owner, Method::kDelete, "/stations/rock"));
  LONGS_EQUAL(404, api.ask(api.owner, Method::kGet, "/stations/rock"));
  LONGS_EQUAL(2, api.book->quota_use("acme").mounts);
}
TEST(StationPlans, AnOwnerNamesNoMountOfOthers) {
  for (const char* mounts :
       {R"(["/theirs.mp3"])", R"(["/a.mp3","/file.mp3"])", R"(["/nobodys"])"}) {
    LONGS_EQUAL(422, put(api.owner, "rock", std::string(R"({"mounts":)") + mounts + "}"));
    STRCMP_EQUAL(std::string(mounts).find(',') == std::string::npos ? "/mounts/0" : "/mounts/1",
                 api.first_fault().c_str());
  }
  LONGS_EQUAL(403, put(api.owner, "rock", R"({"mounts":["/theirs.mp3"],"account":"other"})"));
  LONGS_EQUAL(403, put(api.owner, "rock", R"({"mounts":["/theirs.mp3"],"account":null})"));
  api.owner.mounts = {"/b.mp3"};
  LONGS_EQUAL(403, put(api.owner, "rock", R"({"mounts":["/a.mp3"]})"));
  LONGS_EQUAL(200, put(api.owner, "rock", R"({"mounts":["/b.mp3"]})"));
}
TEST(StationPlans, WhatIsAnothersIsNotSeenAndNotTaken) {
  LONGS_EQUAL(200, put(other, "pop", R"({"mounts":["/theirs.mp3"]})"));
  LONGS_EQUAL(409, put(api.owner, "pop", R"({"mounts":["/a.mp3"]})"));
  STRCMP_EQUAL("exists", api.name().c_str());
  for (const Method method : {Method::kGet, Method::kPatch, Method::kDelete})
    LONGS_EQUAL(404, api.ask(api.owner, method, "/stations/pop"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/stations"));
  LONGS_EQUAL(0, api.json().at("items").size());
  LONGS_EQUAL(200, api.ask(api.viewer, Method::kGet, "/stations/pop"));
}
TEST(StationPlans, AnIdByWhichAMountOfOthersIsFoundIsTaken) {
  mount(other, "/talk");
  for (const char* id : {"theirs", "talk", "file"}) {
    LONGS_EQUAL(409, put(api.owner, id, R"({"mounts":["/a.mp3"]})"));
    STRCMP_EQUAL("exists", api.name().c_str());
  }
  LONGS_EQUAL(200, put(api.owner, "a", R"({"mounts":["/a.mp3"]})"));
  api.file.stations.emplace_back().id = "mine";
  LONGS_EQUAL(409, put(api.admin, "mine", R"({"mounts":["/b.mp3"]})"));
  STRCMP_EQUAL("in-file", api.name().c_str());
}
TEST(StationPlans, AMountIsOfOneStation) {
  LONGS_EQUAL(200, put(api.owner, "rock", R"({"mounts":["/a.mp3"]})"));
  LONGS_EQUAL(422, put(api.owner, "metal", R"({"mounts":["/b.mp3","/a.mp3"]})"));
  STRCMP_EQUAL("/mounts/1", api.first_fault().c_str());
  LONGS_EQUAL(200, put(api.owner, "metal", R"({"mounts":["/b.mp3"]})"));
}
TEST(StationPlans, AnAccountHasAsManyAsMounts) {
  LONGS_EQUAL(200, put(api.owner, "rock", R"({"mounts":["/a.mp3"]})"));
  LONGS_EQUAL(200, put(api.owner, "metal", R"({"mounts":["/b.mp3"]})"));
  LONGS_EQUAL(204, api.ask(api.owner, Method::kDelete, "/mounts/b.mp3"));
  mount(api.owner, "/c.mp3");
  LONGS_EQUAL(409, put(api.owner, "third", R"({"mounts":["/c.mp3"]})"));
  STRCMP_EQUAL("quota", api.name().c_str());
}
TEST(StationPlans, AMountThatGoesOrIsAnothersIsLeftOut) {
  LONGS_EQUAL(200, put(api.owner, "rock", R"({"mounts":["/a.mp3","/b.mp3"]})"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/mounts/b.mp3", R"({"account":"other"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/stations/rock"));
  STRCMP_EQUAL("/b.mp3", std::string(*api.json().at("left-out").at(0).text()).c_str());
  LONGS_EQUAL(200, put(other, "pop", R"({"mounts":["/b.mp3"]})"));
}
TEST(StationPlans, ItGoesWithItsAccount) {
  LONGS_EQUAL(200, put(api.owner, "rock", R"({"mounts":["/a.mp3"]})"));
  LONGS_EQUAL(204, api.ask(api.admin, Method::kDelete, "/accounts/acme?mounts=delete"));
  LONGS_EQUAL(0, api.book->stations().size());
  LONGS_EQUAL(0, api.book->station_records().size());
}
TEST(StationPlans, EachMemberHasItsBounds) {
  STRCMP_EQUAL("/url", fault(api.admin, R"("url":"javascript:alert")").c_str());
  STRCMP_EQUAL("/url", fault(api.admin, R"("url":"https://x/\"onclick=")").c_str());
  STRCMP_EQUAL("/colour", fault(api.admin, R"("colour":"red}")").c_str());
  STRCMP_EQUAL("/timezone", fault(api.admin, R"("timezone":"../../etc/passwd")").c_str());
  STRCMP_EQUAL("/name", fault(api.admin, R"("name":"a\u0000b")").c_str());
  STRCMP_EQUAL("/name", fault(api.admin, R"("name":")" + std::string(201, 'x') + '"').c_str());
  STRCMP_EQUAL("/account", fault(api.admin, R"("account":"nobody")").c_str());
  STRCMP_EQUAL("/id", fault(api.admin, R"("id":"pop")").c_str());
  STRCMP_EQUAL("/hue", fault(api.admin, R"("hue":1)").c_str());
  for (const char* id : {"17", "Rock", "a-b", "..", "%2Fa"}) {
    LONGS_EQUAL(422, put(api.admin, id, R"({"mounts":["/a.mp3"]})"));
    STRCMP_EQUAL("/id", api.first_fault().c_str());
  }
  for (const char* mounts : {"[]", "\"/a.mp3\"", "null"}) {
    LONGS_EQUAL(422, put(api.admin, "rock", std::string(R"({"mounts":)") + mounts + "}"));
    STRCMP_EQUAL("/mounts", api.first_fault().c_str());
  }
  for (const char* mount : {"/a*", "a.mp3", "/"}) {
    LONGS_EQUAL(422, put(api.admin, "rock", std::string(R"({"mounts":[")") + mount + "\"]}"));
    STRCMP_EQUAL("/mounts/0", api.first_fault().c_str());
  }
  LONGS_EQUAL(422, put(api.admin, "rock", "{}"));
  LONGS_EQUAL(0, api.book->stations().size());
}
TEST(StationPlans, PicturesOfAnOwnerAreThoseThatTheApiTook) {
  const std::string taken = R"("logo":"/_lb/art/9f86d081884c7d659a2feaa0c55ad015.jpg")";
  STRCMP_EQUAL("/logo", fault(api.owner, R"("logo":"/other-logo.png")").c_str());
  STRCMP_EQUAL("/default-art", fault(api.owner, R"("default-art":"/cover.png")").c_str());
  STRCMP_EQUAL("200", fault(api.owner, taken).c_str());
  // What an administrator has given it stays.
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/stations/rock", R"({"logo":"/rock.png"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/stations/rock", R"({"name":"R"})"));
  STRCMP_EQUAL("/rock.png", api.text("logo").c_str());
}
TEST(StationPlans, APictureIsAPathThatDoesNothingElse) {
  for (const char* path :
       {"/rock.png", "/logos/rock-2.svg", "/_lb/art/9f86d081884c7d659a2feaa0c55ad015.png"})
    CHECK_TEXT(is_station_picture(path), path);
  for (const char* path :
       {"rock.png", "//evil.example/rock.png", "https://evil.example/rock.png", "/../rock.png",
        "/.rock.png", "/admin/killsource.png", "/api/v1/x.png", "/_lb/x.png", "/_lb/art/../x.png",
        "/rock.png?x=1.png", "/rock.html", "/rock\".png", "/ro%2e.png", ""})
    CHECK_TEXT(!is_station_picture(path), path);
}
TEST(StationPlans, IfMatchNamesWhatIsChanged) {
  api.if_match = "\"7\"";
  LONGS_EQUAL(412, put(api.owner, "rock", R"({"mounts":["/a.mp3"]})"));
  api.if_match.clear();
  LONGS_EQUAL(200, put(api.owner, "rock", R"({"mounts":["/a.mp3"]})"));
  const std::uint64_t revision = api.book->station("rock")->revision;
  for (const Method method : {Method::kPut, Method::kPatch, Method::kDelete}) {
    api.if_match = "\"1\"";
    LONGS_EQUAL(412, api.ask(api.owner, method, "/stations/rock", R"({"mounts":["/a.mp3"]})"));
  }
  api.if_match = "\"" + std::to_string(revision) + "\"";
  LONGS_EQUAL(204, api.ask(api.owner, Method::kDelete, "/stations/rock"));
}
TEST(StationPlans, ARecordIsReadAsItWasWritten) {
  StationRecord record;
  record.id = "rock";
  record.account = "acme";
  record.name = "Rock";
  record.timezone = "Europe/Berlin";
  record.mounts = {"/b", "/a"};
  const auto read = parse_station("rock", station_json(record));
  CHECK(read.has_value() && *read == record);
  CHECK(!parse_station("17", station_json(record)).has_value());
  CHECK(!parse_station("rock", R"({"mounts":["/a"],"url":"javascript:x"})").has_value());
}
