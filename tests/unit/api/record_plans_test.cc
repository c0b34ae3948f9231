// Accounts, users, tokens and bans.
#include "api/records/record_plans.h"

#include "api/api_bench.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(RecordPlans) {
  ApiBench api;
  void account(const std::string& id) {
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":")" + id + R"("})"));
  }
};

TEST(RecordPlans, AccountsOfAnOwnerAreItsOwn) {
  account("acme");
  account("other");
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPost, "/accounts", R"({"id":"mine"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kGet, "/accounts"));
  LONGS_EQUAL(1, api.json().at("items").size());
  LONGS_EQUAL(404, api.ask(api.owner, Method::kGet, "/accounts/other"));
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPatch, "/accounts/acme", "{}"));
  LONGS_EQUAL(409, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":"acme"})"));
  STRCMP_EQUAL("exists", api.name().c_str());
  LONGS_EQUAL(422, api.ask(api.admin, Method::kPost, "/accounts", R"({"id":"Ac me"})"));
}
TEST(RecordPlans, AnAccountTakesWhatBelongsToItAlong) {
  account("acme");
  for (int i = 0; i < 60; ++i)
    LONGS_EQUAL(201, api.ask(api.owner, Method::kPost, "/mounts",
                             R"({"mount":"/m)" + std::to_string(i) + R"("})"));
  LONGS_EQUAL(201,
              api.ask(api.owner, Method::kPost, "/users", R"({"name":"otto","role":"operator"})"));
  LONGS_EQUAL(409, api.ask(api.admin, Method::kDelete, "/accounts/acme"));
  STRCMP_EQUAL("not-empty", api.name().c_str());
  LONGS_EQUAL(204, api.ask(api.admin, Method::kDelete, "/accounts/acme?mounts=delete"));
  LONGS_EQUAL(0, api.book->mounts().size());
  LONGS_EQUAL(0, api.book->users().size());
  LONGS_EQUAL(0, api.book->accounts().size());
}
TEST(RecordPlans, WritesFitIntoOneTransaction) {
  account("acme");
  for (int i = 0; i < 40; ++i)
    LONGS_EQUAL(201, api.ask(api.owner, Method::kPost, "/mounts",
                             R"({"mount":"/m)" + std::to_string(i) + R"("})"));
  std::size_t most = 0;
  api.before_commit = [&] {
    const RegistryWrite& write = api.last.write;
    most = std::max(most, write.compares.size() + write.puts.size() + write.deletes.size() + 1);
  };
  LONGS_EQUAL(204, api.ask(api.admin, Method::kDelete, "/accounts/acme?mounts=delete"));
  CHECK(most <= Registry::kWriteOperations);
}
// Its sessions are of an epoch that comes never again.
TEST(RecordPlans, AUserThatIsMadeAgainIsAnotherOne) {
  const std::string body = R"({"name":"bob","role":"viewer"})";
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/users", body));
  LONGS_EQUAL(204, api.ask(api.admin, Method::kDelete, "/users/bob/sessions"));
  const std::uint64_t first = api.book->user("bob")->value.epoch;
  LONGS_EQUAL(204, api.ask(api.admin, Method::kDelete, "/users/bob"));
  api.now += std::chrono::seconds(1);
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/users", body));
  CHECK(api.book->user("bob")->value.epoch > first);
}
// A store that was restored from a backup has lower epochs than sessions of the time after it.
TEST(RecordPlans, EachChangeOfAUserRaisesItsEpochToTheTime) {
  LONGS_EQUAL(201,
              api.ask(api.admin, Method::kPost, "/users", R"({"name":"bob","role":"viewer"})"));
  const auto an_hour_later = [&](Method method, const char* path, const char* body) {
    api.now += std::chrono::hours(1);
    CHECK(api.ask(api.admin, method, path, body) < 300);
    CHECK_EQUAL(static_cast<std::uint64_t>(unix_ms(api.now)), api.book->user("bob")->value.epoch);
  };
  an_hour_later(Method::kPatch, "/users/bob", R"({"disabled":true})");
  an_hour_later(Method::kPost, "/users/bob/password", R"({"password":"another one"})");
  an_hour_later(Method::kDelete, "/users/bob/sessions", "");
}
TEST(RecordPlans, UsersOfAnOwnerHaveNoMoreRightsThanItself) {
  account("acme");
  account("other");
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPost, "/users", R"({"name":"x","role":"admin"})"));
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPost, "/users",
                           R"({"name":"x","role":"viewer","account":"other"})"));
  LONGS_EQUAL(201, api.ask(api.owner, Method::kPost, "/users", R"({"name":"x","role":"owner"})"));
  STRCMP_EQUAL("acme", api.text("account").c_str());
  LONGS_EQUAL(24, api.text("password").size());
  LONGS_EQUAL(403, api.ask(api.owner, Method::kPatch, "/users/x", R"({"role":"admin"})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/users", R"({"name":"y","role":"admin"})"));
  LONGS_EQUAL(404, api.ask(api.owner, Method::kDelete, "/users/y"));
  LONGS_EQUAL(409,
              api.ask(api.admin, Method::kPost, "/users", R"({"name":"root","role":"admin"})"));
  STRCMP_EQUAL("in-file", api.name().c_str());
}
TEST(RecordPlans, APasswordRaisesTheEpoch) {
  account("acme");
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/users",
                           R"({"name":"vera","role":"viewer","password":"long enough"})"));
  STRCMP_EQUAL("true", *api.json().at("password").boolean() ? "true" : "false");
  const std::uint64_t first = api.book->user("vera")->value.epoch;
  LONGS_EQUAL(403, api.ask(api.viewer, Method::kPost, "/users/vera/password",
                           R"({"old":"wrong","password":"another one"})"));
  LONGS_EQUAL(422, api.ask(api.viewer, Method::kPost, "/users/vera/password",
                           R"({"old":"long enough","password":"short"})"));
  LONGS_EQUAL(200, api.ask(api.viewer, Method::kPost, "/users/vera/password",
                           R"({"old":"long enough","password":"another one"})"));
  CHECK_EQUAL(first + 1, api.book->user("vera")->value.epoch);
  LONGS_EQUAL(204, api.ask(api.viewer, Method::kDelete, "/users/vera/sessions"));
  CHECK_EQUAL(first + 2, api.book->user("vera")->value.epoch);
  LONGS_EQUAL(404, api.ask(api.viewer, Method::kGet, "/users/root"));
}
TEST(RecordPlans, ATokenIsShownOnceAndKeptAsADigest) {
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/tokens",
                           R"({"name":"panel","role":"viewer","expires":1800000000})"));
  const std::string token = api.text("token"), id = api.text("id");
  CHECK(token.starts_with("lbt_"));
  LONGS_EQUAL(56, token.size());
  STRCMP_EQUAL(token_digest(token).c_str(), api.book->token(id)->value.digest.c_str());
  LONGS_EQUAL(200, api.ask(api.admin, Method::kGet, "/tokens"));
  CHECK(api.answer.body.find(token) == std::string::npos);
  LONGS_EQUAL(204, api.ask(api.admin, Method::kDelete, "/tokens/" + id));
  LONGS_EQUAL(422, api.ask(api.admin, Method::kPost, "/tokens",
                           R"({"role":"viewer","expires":1600000000})"));
}
TEST(RecordPlans, NamesThatTheServerGivesAreTheAdministrators) {
  account("acme");
  api.file.cluster.nodes.emplace_back().id = "edge1";
  for (const std::string& name : std::vector<std::string>{"source", "relay", "edge1"}) {
    const std::string body = R"({"role":"viewer","account":"acme","name":")" + name + R"("})";
    LONGS_EQUAL(422, api.ask(api.owner, Method::kPost, "/users", body));
    STRCMP_EQUAL("/name", api.first_fault().c_str());
    LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/users", body));
  }
}
TEST(RecordPlans, AnAccountHasABoundedNumberOfUsersAndTokens) {
  account("acme");
  account("other");
  int serial = 0;
  api.world.random = [&serial](std::size_t bytes) {
    std::string out = std::to_string(++serial);
    out.resize(bytes, 'x');
    return out;
  };
  const auto user = [&](int number, const std::string& of) {
    return api.ask(api.admin, Method::kPost, "/users",
                   R"({"role":"viewer","account":")" + of + R"(","name":"u)" + of +
                       std::to_string(number) + R"("})");
  };
  for (int i = 0; i < 1000; ++i) {
    LONGS_EQUAL(201, user(i, "acme"));
    LONGS_EQUAL(201, api.ask(api.owner, Method::kPost, "/tokens", R"({"role":"viewer"})"));
  }
  LONGS_EQUAL(409, user(1000, "acme"));
  STRCMP_EQUAL("quota", api.name().c_str());
  LONGS_EQUAL(409, api.ask(api.owner, Method::kPost, "/tokens", R"({"role":"viewer"})"));
  STRCMP_EQUAL("quota", api.name().c_str());
  LONGS_EQUAL(201, user(1, "other"));
  LONGS_EQUAL(409, api.ask(api.admin, Method::kPatch, "/users/uother1", R"({"account":"acme"})"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/users/uacme1", R"({"disabled":true})"));
  LONGS_EQUAL(204, api.ask(api.owner, Method::kDelete, "/users/uacme1"));
  LONGS_EQUAL(200, api.ask(api.admin, Method::kPatch, "/users/uother1", R"({"account":"acme"})"));
}
TEST(RecordPlans, NamesInTheLoginsOfAnAccountAreBounded) {
  account("acme");
  std::string names;
  for (int i = 0; i < 1000; ++i)
    names += (i == 0 ? "\"/" : ",\"/") + std::to_string(1000 + i) + std::string(245, 'm') + "\"";
  const auto user = [&](const std::string& name, const std::string& mounts) {
    return api.ask(api.owner, Method::kPost, "/users",
                   R"({"role":"viewer","name":")" + name + R"(","mounts":[)" + mounts + "]}");
  };
  for (int i = 0; i < 4; ++i) LONGS_EQUAL(201, user("u" + std::to_string(i), names));
  LONGS_EQUAL(409, user("more", names));
  STRCMP_EQUAL("quota", api.name().c_str());
  LONGS_EQUAL(201, user("few", R"("/a","/b")"));
  LONGS_EQUAL(409,
              api.ask(api.owner, Method::kPatch, "/users/few", R"({"mounts":[)" + names + "]}"));
  LONGS_EQUAL(200, api.ask(api.owner, Method::kPatch, "/users/u0", R"({"mounts":["/a"]})"));
  LONGS_EQUAL(200,
              api.ask(api.owner, Method::kPatch, "/users/few", R"({"mounts":[)" + names + "]}"));
}
TEST(RecordPlans, BansNeverShutOutTheirMaker) {
  LONGS_EQUAL(
      422, api.ask(api.admin, Method::kPost, "/bans", R"({"match":{"network":"192.0.2.0/24"}})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/bans",
                           R"({"match":{"network":"192.0.2.0/24"},"mounts":["/a"]})"));
  LONGS_EQUAL(201, api.ask(api.admin, Method::kPost, "/bans",
                           R"({"match":{"country":"DE"},"until":1700000100,"reason":"x"})"));
  LONGS_EQUAL(
      422, api.ask(api.admin, Method::kPost, "/bans", R"({"match":{"country":"DE","user":"x"}})"));
  LONGS_EQUAL(422,
              api.ask(api.admin, Method::kPost, "/bans", R"({"match":{"network":"10.0.0.1"}})"));
  // Of everybody: neither by the API nor in a record that came another way.
  for (const std::string all : {"0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"}) {
    const std::string match = R"({"match":{"network":")" + all + R"("})";
    LONGS_EQUAL(422, api.ask(api.admin, Method::kPost, "/bans", match + "}"));
    const std::string record = R"({"kind":"network","value":")" + all + "\"";
    CHECK(!parse_ban("b1", record + "}").has_value());
    CHECK(parse_ban("b1", record + R"(,"mounts":["/a"]})").has_value());
  }
  CHECK(parse_ban("b1", R"({"kind":"network","value":"128.0.0.0/1"})").has_value());
  LONGS_EQUAL(403, api.ask(api.owner, Method::kGet, "/bans"));
  const BanList list(api.book->all_bans());
  CHECK(!list.shuts_out(*Address::parse("192.0.2.7", 0), 1'700'000'000));
  CHECK(list.find({*Address::parse("192.0.2.7", 0), "", "", "/a"}, 1'700'000'000) != nullptr);
  CHECK(list.find({*Address::parse("198.51.100.7", 0), "", "DE", "/b"}, 1'700'000'000) != nullptr);
  CHECK(list.find({*Address::parse("198.51.100.7", 0), "", "DE", "/b"}, 1'700'000'100) == nullptr);
}
