#include "api/api_bench.h"
#include "api/records/record_plans.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(MountPlans) {
  ApiBench api;
  void account(const std::string& quota = "{}") {
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts",
                             R"({"id":"acme","quota":)" + quota + "}"));
  }
  int create(const std::string& body) { return api.ask(api.owner, Method::kPost, "/mounts", body); }
};

TEST(MountPlans, ANewMountHasALoginThatIsShownOnce) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/acme-1","settings":{"stream-name":"Rock"}})"));
  const Json source = api.json().at("source");
  STRCMP_EQUAL("http://m1:8000/acme-1", std::string(*source.at("url").text()).c_str());
  STRCMP_EQUAL("source", std::string(*source.at("user").text()).c_str());
  const std::string password(*source.at("password").text());
  LONGS_EQUAL(24, password.size());
  STRCMP_EQUAL("m1", api.text("home").c_str());
  STRCMP_EQUAL("acme", api.text("account").c_str());
  CHECK(api.answer.body.find("$6$") == std::string::npos);
  STRCMP_EQUAL("/api/v1/mounts/%2Facme-1", api.answer.location.c_str());
  const auto* row = api.book->mount("/acme-1");
  STRCMP_EQUAL(("$6$salt$" + password).c_str(), row->value.sources.at(0).hash.c_str());
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/mounts/%2Facme-1"));
  CHECK(api.answer.body.find(password) == std::string::npos);
  STRCMP_EQUAL(std::to_string(row->revision).c_str(), api.text("revision").c_str());
}
TEST(MountPlans, ANameWithoutItsSlashMeansTheSame) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/acme-1"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/mounts/acme-1"));
  STRCMP_EQUAL("/acme-1", api.text("mount").c_str());
}
TEST(MountPlans, NamesThatAreTaken) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/acme-1"})"));
  LONGS_EQUAL(409, create(R"({"mount":"/acme-1"})"));
  STRCMP_EQUAL("mount-exists", api.name().c_str());
  LONGS_EQUAL(409, create(R"({"mount":"/file.mp3"})"));
  STRCMP_EQUAL("in-file", api.name().c_str());
  LONGS_EQUAL(409, api.ask(api.admin, Method::kDelete, "/mounts/file.mp3"));
  STRCMP_EQUAL("in-file", api.name().c_str());
  LONGS_EQUAL(422, create(R"({"mount":"/admin/x"})"));
  STRCMP_EQUAL("/mount", api.first_fault().c_str());
}
TEST(MountPlans, WhatAnOwnerMayNotSet) {
  account();
  LONGS_EQUAL(422, create(R"({"mount":"/a","settings":{"on-connect":"/bin/sh"}})"));
  STRCMP_EQUAL("/settings/on-connect", api.first_fault().c_str());
  LONGS_EQUAL(422, api.ask(api.admin, Method::kPost, "/mounts",
                           R"({"mount":"/a","settings":{"on-connect":"/bin/sh"}})"));
  LONGS_EQUAL(422, create(R"({"mount":"/a","settings":{"http-headers":[]},"place":{"node":"x"}})"));
  LONGS_EQUAL(403, create(R"({"mount":"/a","account":"other"})"));
  LONGS_EQUAL(422, create(R"({"mount":"/a","settings":{"burst-sise":1}})"));
  STRCMP_EQUAL("/settings/burst-sise", api.first_fault().c_str());
  CHECK(api.problem.errors[0].detail.find("burst-size") != std::string::npos);
}
TEST(MountPlans, FallbacksOfAnOwnerAreItsOwn) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/acme-1"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/acme-2","settings":{"fallback-mount":"/acme-1"}})"));
  LONGS_EQUAL(422, create(R"({"mount":"/acme-3","settings":{"fallback-mount":"/file.mp3"}})"));
  STRCMP_EQUAL("/settings/fallback-mount", api.first_fault().c_str());
}
TEST(MountPlans, AFallbackThatAnAdministratorSetStaysWithAnOwnersChanges) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/acme-1"})"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/mounts/acme-1",
                           R"({"settings":{"fallback-mount":"/file.mp3"}})"));
  const auto change = [this](Method method, const std::string& settings) {
    return api.ask(api.owner, method, "/mounts/acme-1", R"({"settings":)" + settings + "}");
  };
  LONGS_EQUAL(200, change(Method::kPatch, R"({"genre":"jazz"})"));
  LONGS_EQUAL(200, change(Method::kPut, R"({"fallback-mount":"/file.mp3","genre":"rock"})"));
  LONGS_EQUAL(422, change(Method::kPatch, R"({"fallback-mount":"/other.mp3"})"));
  LONGS_EQUAL(200, change(Method::kPut, "{}"));
  LONGS_EQUAL(422, change(Method::kPatch, R"({"fallback-mount":"/file.mp3"})"));
}
// The name may pass to another account, whose stream would play at mounts that it does not know.
TEST(MountPlans, AnAccountThatLosesAMountHasNoFallbackToIt) {
  account();
  const auto fallback = [this](const std::string& mount) {
    return fallback_of(api.book->mount(mount)->value);
  };
  const auto ask = [this](const ApiCaller& who, const std::string& mount, const std::string& body) {
    return api.ask(who, Method::kPatch, "/mounts" + mount, body);
  };
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":"bolt"})"));
  for (const char* lost : {"/vip", "/brand"}) {
    const std::string to =
        R"({"settings":{"genre":"jazz","fallback-mount":")" + std::string(lost) + R"("}})";
    LONGS_EQUAL(201, create(R"({"mount":")" + std::string(lost) + R"("})"));
    for (int i = 0; i < 60; ++i) {
      const std::string name = "/a" + std::to_string(i);
      if (api.book->mount(name) == nullptr)
        LONGS_EQUAL(201, create(R"({"mount":")" + name + R"("})"));
      LONGS_EQUAL(200, ask(api.owner, name, to));
    }
    api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/bolt","account":"bolt"})");
    LONGS_EQUAL(200, ask(api.admin, "/bolt", to));
    if (std::string(lost) == "/vip")
      LONGS_EQUAL(204, api.ask(api.owner, Method::kDelete, "/mounts/vip"));
    else
      LONGS_EQUAL(200, ask(api.admin, "/brand", R"({"account":"bolt"})"));
    for (int i = 0; i < 60; ++i) STRCMP_EQUAL("", fallback("/a" + std::to_string(i)).c_str());
    CHECK_EQUAL(1, api.book->mount("/a0")->value.settings.children.size());  // its genre stays
    STRCMP_EQUAL(lost, fallback("/bolt").c_str());                           // an administrator's
  }
  POINTERS_EQUAL(nullptr, api.book->mount("/vip"));
  STRCMP_EQUAL("bolt", api.book->mount("/brand")->value.account.c_str());
  LONGS_EQUAL(1, api.book->leading_to("/brand").size());
}
TEST(MountPlans, AMountThatLeavesAnAccountHasNoFallbackToItsMounts) {
  account();
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":"bolt"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/vip"})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/all"})"));
  const auto falls_back_to = [this](const std::string& mount, const std::string& to) {
    const std::string body = R"({"settings":{"genre":"jazz","fallback-mount":")" + to + R"("}})";
    LONGS_EQUAL(201, create(R"({"mount":")" + mount + R"("})"));
    LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/mounts" + mount, body));
    LONGS_EQUAL(200,
                api.ask(api.admin, Method::kPatch, "/mounts" + mount, R"({"account":"bolt"})"));
    return fallback_of(api.book->mount(mount)->value);
  };
  STRCMP_EQUAL("", falls_back_to("/brand", "/vip").c_str());
  CHECK_EQUAL(1, api.book->mount("/brand")->value.settings.children.size());
  STRCMP_EQUAL("/all", falls_back_to("/news", "/all").c_str());  // of no account
}
TEST(MountPlans, ADeletedMountAndItsFallbacksGoAtOnce) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/vip"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/a","settings":{"fallback-mount":"/vip"}})"));
  LONGS_EQUAL(204, api.ask(api.owner, Method::kDelete, "/mounts/vip"));
  CHECK_FALSE(api.last.again);
  LONGS_EQUAL(1, api.last.write.deletes.size());
  STRCMP_EQUAL("fallback-mount of /a", api.last.deed->changes.at(0).field.c_str());
}
TEST(MountPlans, BelowAMountOfAnotherAccountAnAdministratorMakesThem) {
  account();
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/bolt.mp3"})"));
  LONGS_EQUAL(403, create(R"({"mount":"/bolt.mp3/x"})"));
  LONGS_EQUAL(403, create(R"({"mount":"/bolt.mp3/x/y"})"));
  LONGS_EQUAL(403, create(R"({"mount":"/listen/bolt.mp3"})"));  // the page of that stream
  LONGS_EQUAL(403, create(R"({"mount":"/file.mp3/x"})"));
  LONGS_EQUAL(422, create(R"({"mount":"/bolt.mp3/live.m3u8"})"));
  LONGS_EQUAL(422,
              api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/bolt.mp3/live.m3u8"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/acme"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/acme/x"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/bolt.mp3x"})"));
  // /new.mp3/place would be an address of /new.mp3.
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/new.mp3/place"})"));
  LONGS_EQUAL(403, create(R"({"mount":"/new.mp3"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/new.mp"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/ours/place"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/ours"})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/new.mp3"})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/bolt.mp3/x"})"));
}
// A record of it would shut the operator's source out, and show its listeners to the account.
TEST(MountPlans, OnlyAnAdministratorMakesTheRecordOfAStreamThatPlaysWithoutOne) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/own"})"));
  api.now_of.on_air = true;
  LONGS_EQUAL(403, create(R"({"mount":"/loose"})"));
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPost, "/mounts?dry-run=1", R"({"mount":"/loose"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPut, "/mounts/own", R"({"settings":{}})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/loose"})"));
  api.now_of.on_air = false;
  LONGS_EQUAL(201, create(R"({"mount":"/silent"})"));
}
TEST(MountPlans, NamesThatTheFileUsesAreTheOperators) {
  account();
  api.file.relays.emplace_back().local_mount = "/news";
  api.file.stations.emplace_back().id = "rock";
  for (const char* name : {"/news", "/news/x", "/rock"}) {
    const std::string body = R"({"mount":")" + std::string(name) + R"("})";
    LONGS_EQUAL(403, create(body));
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", body));
  }
  LONGS_EQUAL(201, create(R"({"mount":"/own"})"));
  // Its own mount stays its own when the file begins to use the name.
  api.file.default_mount.fallback_mount = "/own";
  LONGS_EQUAL(201, create(R"({"mount":"/own/x"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPut, "/mounts/own", R"({"settings":{}})"));
}
// What was recorded under the name before is not of the account that has it now.
TEST(MountPlans, TheRecordSaysSinceWhenItsAccountHasIt) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/show"})"));
  CHECK_EQUAL(1'700'000'000, api.book->mount("/show")->value.made);
  api.now += std::chrono::seconds(60);
  LONGS_EQUAL(
      200, api.ask(api.owner, Method::kPatch, "/mounts/show", R"({"settings":{"genre":"jazz"}})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPut, "/mounts/show", R"({"settings":{}})"));
  CHECK_EQUAL(1'700'000'000, api.book->mount("/show")->value.made);
  for (const ApiCaller* who : {&api.owner, &api.admin})
    LONGS_EQUAL(422, api.ask(*who, Method::kPatch, "/mounts/show", R"({"made":1})"));
  LONGS_EQUAL(422, create(R"({"mount":"/other","made":1})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":"bolt"})"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/mounts/show", R"({"account":"bolt"})"));
  CHECK_EQUAL(1'700'000'060, api.book->mount("/show")->value.made);
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/mine"})"));
  CHECK_EQUAL(0, api.book->mount("/mine")->value.made);
}
TEST(MountPlans, QuotasOfMountsListenersAndBitrate) {
  account(R"({"mounts":2,"listeners":100,"bitrate":256})");
  LONGS_EQUAL(409, create(R"({"mount":"/a","limits":{"bitrate":128}})"));
  STRCMP_EQUAL("quota", api.name().c_str());
  LONGS_EQUAL(201, create(R"({"mount":"/a","limits":{"bitrate":128,"listeners":60}})"));
  LONGS_EQUAL(409, create(R"({"mount":"/b","limits":{"bitrate":128,"listeners":60}})"));
  LONGS_EQUAL(409, create(R"({"mount":"/b","limits":{"bitrate":129,"listeners":40}})"));
  LONGS_EQUAL(201, create(R"({"mount":"/b","limits":{"bitrate":128,"listeners":40}})"));
  LONGS_EQUAL(409, create(R"({"mount":"/c","limits":{"bitrate":0,"listeners":0}})"));
  LONGS_EQUAL(409,
              api.ask(api.owner, Method::kPatch, "/mounts/b", R"({"limits":{"listeners":41}})"));
  LONGS_EQUAL(200,
              api.ask(api.owner, Method::kPatch, "/mounts/b", R"({"limits":{"listeners":30}})"));
  LONGS_EQUAL(200,
              api.ask(api.owner, Method::kPatch, "/mounts/a", R"({"limits":{"listeners":70}})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/accounts/acme"));
  LONGS_EQUAL(100, *api.json().at("used").at("listeners").u64());
}
TEST(MountPlans, AnAccountAboveItsLoweredQuotaCanChangeItsMountsAndTakeLess) {
  account(R"({"mounts":2,"listeners":100,"bitrate":256})");
  LONGS_EQUAL(201, create(R"({"mount":"/a","limits":{"bitrate":128,"listeners":60}})"));
  LONGS_EQUAL(201, create(R"({"mount":"/b","limits":{"bitrate":128,"listeners":40}})"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/accounts/acme",
                           R"({"quota":{"mounts":1,"listeners":50,"bitrate":128}})"));
  const auto change = [this](const std::string& body) {
    return api.ask(api.owner, Method::kPatch, "/mounts/a", body);
  };
  LONGS_EQUAL(200, change(R"({"settings":{"genre":"rock"}})"));
  LONGS_EQUAL(200, change(R"({"limits":{"listeners":55}})"));
  LONGS_EQUAL(409, change(R"({"limits":{"listeners":56}})"));
  LONGS_EQUAL(409, change(R"({"limits":{"listeners":null}})"));
  LONGS_EQUAL(409, change(R"({"limits":{"bitrate":129}})"));
  LONGS_EQUAL(409, create(R"({"mount":"/c","limits":{"bitrate":1,"listeners":0}})"));
  // Into the account: all of the mount is new there.
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/mounts/a", R"({"account":null})"));
  LONGS_EQUAL(409, api.ask(api.admin, Method::kPatch, "/mounts/a", R"({"account":"acme"})"));
  STRCMP_EQUAL("quota", api.name().c_str());
}
TEST(MountPlans, ABitrateOfZeroWouldNotBeWatchedSoItIsNoLimitForAQuota) {
  account(R"({"bitrate":256})");
  LONGS_EQUAL(409, create(R"({"mount":"/a","limits":{"bitrate":0}})"));
  LONGS_EQUAL(201, create(R"({"mount":"/a","limits":{"bitrate":128}})"));
  LONGS_EQUAL(409, api.ask(api.owner, Method::kPatch, "/mounts/a", R"({"limits":{"bitrate":0}})"));
  STRCMP_EQUAL("quota", api.name().c_str());
}
TEST(MountPlans, MonthlyLimitsOfAMountAreWholeNumbers) {
  account();
  const auto fault = [&](const std::string& limits) {
    LONGS_EQUAL(422, create(R"({"mount":"/a","limits":)" + limits + "}"));
    return api.first_fault();
  };
  STRCMP_EQUAL("/limits/listening-hours", fault(R"({"listening-hours":1000000001})").c_str());
  STRCMP_EQUAL("/limits/listening-hours", fault(R"({"listening-hours":-2})").c_str());
  STRCMP_EQUAL("/limits/transfer", fault(R"({"transfer":"2x"})").c_str());
  STRCMP_EQUAL("/limits/on-quota", fault(R"({"on-quota":"stop"})").c_str());
  LONGS_EQUAL(201, create(R"({"mount":"/a","limits":{"listening-hours":5,"transfer":"2g"}})"));
  CHECK(api.json().at("used").at("transfer").is_null());  // nothing has counted it
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/mounts/a",
                           R"({"limits":{"listening-hours":null,"on-quota":"suspend"}})"));
}
// As other limits: an owner divides what the account has.
TEST(MountPlans, MonthlyLimitsStayWithinTheQuotaOfTheAccount) {
  account(R"({"hours":100,"transfer":1000})");
  LONGS_EQUAL(201, create(R"({"mount":"/a","limits":{"listening-hours":60,"transfer":1000}})"));
  LONGS_EQUAL(409, create(R"({"mount":"/b","limits":{"listening-hours":41}})"));
  STRCMP_EQUAL("quota", api.name().c_str());
  LONGS_EQUAL(409, create(R"({"mount":"/b","limits":{"transfer":1}})"));
  LONGS_EQUAL(201, create(R"({"mount":"/b","limits":{"listening-hours":40}})"));
  LONGS_EQUAL(
      409, api.ask(api.owner, Method::kPatch, "/mounts/a", R"({"limits":{"listening-hours":61}})"));
  // The account's own count bounds a mount without a limit.
  LONGS_EQUAL(201, create(R"({"mount":"/c"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/mounts/a",
                           R"({"limits":{"listening-hours":null}})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/mounts/b",
                           R"({"limits":{"listening-hours":100}})"));
}
TEST(MountPlans, TheQuotaOfStorageIsTheSumOfItsMountsLimits) {
  account(R"({"storage":20000000})");
  LONGS_EQUAL(409, create(R"({"mount":"/a"})"));
  LONGS_EQUAL(201, create(R"({"mount":"/a","limits":{"storage":"15m"}})"));
  LONGS_EQUAL(409, create(R"({"mount":"/b","limits":{"storage":"6m"}})"));
  STRCMP_EQUAL("quota", api.name().c_str());
  LONGS_EQUAL(201, create(R"({"mount":"/b","limits":{"storage":"5m"}})"));
  LONGS_EQUAL(409,
              api.ask(api.owner, Method::kPatch, "/mounts/b", R"({"limits":{"storage":null}})"));
  api.recorded = {{"/a", 700}, {"/b", 50}, {"/file.mp3", 1000}};
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/accounts/acme"));
  LONGS_EQUAL(20'000'000, *api.json().at("quota").at("storage").u64());
  LONGS_EQUAL(20'000'000, *api.json().at("used").at("storage").u64());
  LONGS_EQUAL(750, *api.json().at("recorded").u64());
  LONGS_EQUAL(
      200, api.ask(api.admin, Method::kPatch, "/accounts/acme", R"({"quota":{"storage":null}})"));
  LONGS_EQUAL(200,
              api.ask(api.owner, Method::kPatch, "/mounts/b", R"({"limits":{"storage":null}})"));
}
TEST(MountPlans, TheLastPlaceOfAQuotaIsGivenOnce) {
  account(R"({"mounts":1})");
  bool raced = false;
  api.before_commit = [this, &raced] {
    if (std::exchange(raced, true)) return;
    LONGS_EQUAL(201, create(R"({"mount":"/first"})"));
  };
  LONGS_EQUAL(409, create(R"({"mount":"/second"})"));
  STRCMP_EQUAL("quota", api.name().c_str());
  LONGS_EQUAL(1, api.book->mounts().size());
}
TEST(MountPlans, PatchKeepsWhatItDoesNotName) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a","settings":{"stream-name":"Rock","genre":"rock"}})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/mounts/a",
                           R"({"settings":{"genre":"metal","stream-name":null}})"));
  const Json settings = api.json().at("settings");
  STRCMP_EQUAL("metal", std::string(*settings.at("genre").text()).c_str());
  CHECK(settings.at("stream-name").missing());
  LONGS_EQUAL(1, api.book->mount("/a")->value.sources.size());
}
TEST(MountPlans, PutReplacesSettingsAndKeepsLogins) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a","settings":{"stream-name":"Rock"}})"));
  const std::string hash = api.book->mount("/a")->value.sources.at(0).hash;
  LONGS_EQUAL(200,
              api.ask(api.owner, Method::kPut, "/mounts/a", R"({"settings":{"genre":"pop"}})"));
  CHECK(api.json().at("settings").at("stream-name").missing());
  STRCMP_EQUAL(hash.c_str(), api.book->mount("/a")->value.sources.at(0).hash.c_str());
  STRCMP_EQUAL("acme", api.book->mount("/a")->value.account.c_str());
  STRCMP_EQUAL("m1", api.book->mount("/a")->value.home.c_str());
}
TEST(MountPlans, PresentersComeAndGoByThemselves) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a","sources":[{"user":"tom"},{"user":"eva"}]})"));
  LONGS_EQUAL(2, api.json().at("logins").size());
  const std::string tom = api.book->mount("/a")->value.sources.at(0).hash;
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/mounts/a",
                           R"({"sources":[{"user":"tom","until":1800000000},{"user":"ida"}]})"));
  const MountRecord& record = api.book->mount("/a")->value;
  LONGS_EQUAL(2, record.sources.size());
  STRCMP_EQUAL(tom.c_str(), record.sources.at(0).hash.c_str());
  LONGS_EQUAL(1'800'000'000, record.sources.at(0).until);
  STRCMP_EQUAL("ida", std::string(*api.json().at("source").at("user").text()).c_str());
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPost, "/mounts/a/password", R"({"user":"tom"})"));
  CHECK(api.book->mount("/a")->value.sources.at(0).hash != tom);
}
TEST(MountPlans, APasswordOfTheBodyIsHashedAndNotShown) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a","sources":[{"user":"tom","password":"hunter22"}]})"));
  CHECK(api.answer.body.find("hunter22") == std::string::npos);
  STRCMP_EQUAL("$y$j9T$salt$hunter22", api.book->mount("/a")->value.sources.at(0).hash.c_str());
}
TEST(MountPlans, AnEmptyPasswordOpensNoMount) {
  account();
  const std::string empty = R"("sources":[{"user":"tom","password":""}])";
  LONGS_EQUAL(422, create(R"({"mount":"/a",)" + empty + "}"));
  STRCMP_EQUAL("/sources/0/password", api.first_fault().c_str());
  LONGS_EQUAL(201, create(R"({"mount":"/a","sources":[{"user":"tom","password":"hunter22"}]})"));
  LONGS_EQUAL(422, api.ask(api.owner, Method::kPatch, "/mounts/a", "{" + empty + "}"));
  STRCMP_EQUAL("$y$j9T$salt$hunter22", api.book->mount("/a")->value.sources.at(0).hash.c_str());
}
TEST(MountPlans, SuspensionByAnAdministratorIsEndedByOne) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a"})"));
  LONGS_EQUAL(422, api.ask(api.owner, Method::kPatch, "/mounts/a", R"({"state":"suspended"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPost, "/mounts/a/suspend"));
  STRCMP_EQUAL("suspended", api.text("state").c_str());
  STRCMP_EQUAL("owner", api.text("suspended-by").c_str());
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPost, "/mounts/a/resume"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPost, "/mounts/a/suspend"));
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPost, "/mounts/a/resume"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPost, "/mounts/a/suspend"));
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPost, "/mounts/a/resume"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPost, "/mounts/a/resume"));
  STRCMP_EQUAL("active", api.text("state").c_str());
}
TEST(MountPlans, ASuspendedAccountSuspendsItsMounts) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a"})"));
  LONGS_EQUAL(200,
              api.ask(api.admin, Method::kPatch, "/accounts/acme", R"({"state":"suspended"})"));
  CHECK((*api.book->effective_mounts().look_up("/a"))->state == RecordState::kSuspended);
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/mounts/a"));
  STRCMP_EQUAL("account", api.text("suspended-by").c_str());
}
TEST(MountPlans, IfMatchOfAnOlderRevision) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a"})"));
  const std::string tag = "\"" + std::to_string(api.answer.revision) + "\"";
  api.if_match = tag;
  LONGS_EQUAL(200,
              api.ask(api.owner, Method::kPatch, "/mounts/a", R"({"limits":{"listeners":5}})"));
  LONGS_EQUAL(412,
              api.ask(api.owner, Method::kPatch, "/mounts/a", R"({"limits":{"listeners":6}})"));
  LONGS_EQUAL(412, api.ask(api.owner, Method::kDelete, "/mounts/a"));
}
TEST(MountPlans, DryRunsWriteNothing) {
  account();
  const auto before = api.revision;
  LONGS_EQUAL(201, api.ask(api.owner, Method::kPost, "/mounts?dry-run=1", R"({"mount":"/a"})"));
  STRCMP_EQUAL("m1", api.text("home").c_str());
  LONGS_EQUAL(before, api.revision);
}
TEST(MountPlans, OthersMountsAreNotThere) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/a"})"));
  ApiCaller other = api.owner;
  other.account = "other";
  LONGS_EQUAL(404, api.ask(other, Method::kGet, "/mounts/a"));
  LONGS_EQUAL(404, api.ask(other, Method::kDelete, "/mounts/a"));
  LONGS_EQUAL(200, api.ask(other, Method::kGet, "/mounts"));
  LONGS_EQUAL(0, api.json().at("items").size());
  LONGS_EQUAL(200, api.ask(api.viewer, Method::kGet, "/mounts/a"));
  LONGS_EQUAL(200, api.ask(api.viewer, Method::kGet, "/mounts"));
  LONGS_EQUAL(2, api.json().at("items").size());
}
TEST(MountPlans, AnOperatorEndsTheSourceOfItsMount) {
  account();
  LONGS_EQUAL(201, create(R"({"mount":"/acme-1"})"));
  LONGS_EQUAL(409, api.ask(api.operator_, Method::kPost, "/mounts/acme-1/kick-source"));
  STRCMP_EQUAL("no-source", api.name().c_str());
  api.now_of.on_air = true;
  LONGS_EQUAL(204, api.ask(api.operator_, Method::kPost, "/mounts/acme-1/kick-source"));
  STRCMP_EQUAL("/acme-1", api.order->mount.c_str());
  LONGS_EQUAL(403, api.ask(api.operator_, Method::kPatch, "/mounts/acme-1", "{}"));
  LONGS_EQUAL(403, api.ask(api.viewer, Method::kPost, "/mounts/acme-1/kick-source"));
}
TEST(MountPlans, TheSourceOfAMountThatOnlyPlaysIsEnded) {
  LONGS_EQUAL(404, api.ask(api.admin, Method::kPost, "/mounts/live/kick-source"));
  api.now_of.on_air = true;
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/mounts/live"));
  LONGS_EQUAL(204, api.ask(api.admin, Method::kPost, "/mounts/live/kick-source"));
  LONGS_EQUAL(404, api.ask(api.owner, Method::kPost, "/mounts/live/kick-source"));
}
TEST(MountPlans, PlacesOnOtherNodesAreNotPromised) {
  LONGS_EQUAL(409, api.ask(api.admin, Method::kPost, "/mounts",
                           R"({"mount":"/a","place":{"node":"edge2"}})"));
  STRCMP_EQUAL("no-room", api.name().c_str());
  LONGS_EQUAL(2, api.problem.lists.at(0).second.size());
  LONGS_EQUAL(
      201, api.ask(api.admin, Method::kPost, "/mounts", R"({"mount":"/a","place":{"node":"m1"}})"));
}
TEST(MountPlans, PagesOfAList) {
  account();
  for (const char* name : {"/a", "/b", "/c"})
    LONGS_EQUAL(201, create(R"({"mount":")" + std::string(name) + R"("})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/mounts?most=2"));
  LONGS_EQUAL(2, api.json().at("items").size());
  STRCMP_EQUAL("/b", api.text("next").c_str());
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/mounts?most=2&after=%2Fb"));
  LONGS_EQUAL(1, api.json().at("items").size());
  CHECK(api.json().at("next").missing());
  LONGS_EQUAL(400, api.ask(api.owner, Method::kGet, "/mounts?most=0"));
}
