#include "auth/login/user_book.h"

#include <sys/resource.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "auth/login/audit_log.h"
#include "auth/login/login_scope.h"
#include "base/json.h"
#include "base/temporary_directory.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(UserBook){};

TEST(UserBook, ARecordComesBackAsItWas) {
  User user;
  user.name = "anna";
  user.hash = "$y$j9T$abc";
  user.role = Role::kOwner;
  user.account = "acme";
  user.mounts = {"/a", "/acme/*"};
  user.epoch = 7;
  user.disabled = true;
  user.addresses = true;
  const auto again = parse_user("anna", user_json(user));
  CHECK(again.has_value());
  CHECK(*again == user);
  ApiToken token;
  token.id = "t1";
  token.name = "panel";
  token.digest = token_digest("secret");
  token.role = Role::kOperator;
  token.mounts = {"/b"};
  token.expires = 1'900'000'000;
  const auto same = parse_token("t1", token_json(token));
  CHECK(same.has_value());
  CHECK(*same == token);
}
TEST(UserBook, ARecordThatIsNotUnderstoodGivesNoRights) {
  for (const char* text :
       {"", "[]", "{}", "{\"role\":\"root\"}", "{\"role\":\"none\"}", "{\"role\":1}",
        "{\"role\":\"admin\",\"epoch\":\"7\"}", "{\"role\":\"admin\",\"disabled\":\"no\"}",
        "{\"role\":\"admin\",\"mounts\":\"/a\"}", "{\"role\":\"admin\",\"mounts\":[\"a\"]}",
        "{\"role\":\"admin\",\"name\":\"bert\"}"})
    CHECK_TEXT(!parse_user("anna", text).has_value(), text);
  CHECK(parse_user("anna", "{\"role\":\"viewer\"}").has_value());
  CHECK(!parse_token("t", "{\"role\":\"viewer\"}").has_value());
}
TEST(UserBook, NamesOfUsers) {
  for (const char* name : {"anna", "Anna B.", "anna@example.org", "änna"})
    CHECK(is_login_name(name));
  for (const std::string& name : {std::string(), std::string("a:b"), std::string("a/b"),
                                  std::string(" a"), std::string("a\n"), std::string(65, 'a'),
                                  std::string("\xff"), std::string("."), std::string("..")})
    CHECK(!is_login_name(name));
}
TEST(UserBook, FindsUsersAndTokens) {
  User user;
  user.name = "anna";
  ApiToken token;
  token.digest = token_digest("secret");
  const UserBook book({user}, {token});
  CHECK(book.user("anna") != nullptr && book.user("bert") == nullptr);
  CHECK(book.token(token_digest("secret")) != nullptr && book.token("secret") == nullptr);
  CHECK(UserBook().empty());
}

TEST_GROUP(LoginScope){};

// What a login may give away: nothing that it has not.
TEST(LoginScope, CoversWhatItHas) {
  using Names = std::vector<std::string>;
  const Names none, one{"/a"}, two{"/a", "/b"}, all{"/*"}, some{"/acme/*"}, below{"/acme/x"};
  const auto scope = [](Role role, const char* account, const Names& mounts) {
    return LoginScope{role, account, mounts};
  };
  const auto owner = [&](const Names& mounts) { return scope(Role::kOwner, "acme", mounts); };
  CHECK(owner(none).covers(owner(none)) && owner(none).covers(owner(all)));
  CHECK(owner(none).covers(owner(two)) && owner(two).covers(owner(one)));
  CHECK(owner(some).covers(owner(below)) && owner(some).covers(owner(some)));
  CHECK(!owner(one).covers(owner(two)) && !owner(one).covers(owner(none)));
  CHECK(!owner(one).covers(owner(all)) && !owner(some).covers(owner(all)));
  CHECK(!owner(none).covers(scope(Role::kOwner, "bolt", one)));
  CHECK(!owner(none).covers(scope(Role::kViewer, "", one)));
  CHECK(!owner(none).covers(scope(Role::kAdmin, "acme", one)));
  CHECK(!scope(Role::kOwner, "", none).covers(scope(Role::kOwner, "", none)));
  CHECK(scope(Role::kAdmin, "", none).covers(scope(Role::kAdmin, "", none)));
}

TEST_GROUP(AuditLog) {
  TemporaryDirectory directory;
  FakeClock clock;
  AuditLog log;
  void write(const std::string& action) {
    AuditEntry entry;
    entry.user = "anna";
    entry.role = "owner";
    entry.via = "cookie";
    entry.ip = "192.0.2.1";
    entry.action = action;
    entry.on = "/a";
    entry.changes = {{"genre", "Rock", "Jazz"}, {"song", std::nullopt, "\"x\"\n"}};
    entry.result = "ok";
    CHECK(log.write(entry, clock.wall()).has_value());
  }
  std::string text() { return directory.text("audit.log"); }
  void open() { CHECK(log.open(directory.file("audit.log"), "m1").has_value()); }
  // Its number; 0: all hold.
  static unsigned first_broken(const std::string& all) {
    AuditChain chain;
    std::istringstream lines(all);
    unsigned number = 0;
    for (std::string line; std::getline(lines, line);)
      if (++number; !chain.follows(line)) return number;
    return 0;
  }
};

TEST(AuditLog, ALineSaysAll) {
  open();
  write("metadata");
  const std::string line = text();
  CHECK(line.back() == '\n');
  const auto json = Json::parse(line);
  CHECK(json.has_value());
  CHECK(json->at("at").text() == "2023-11-14T22:13:20.000Z");
  CHECK(json->at("n").u64() == 1U);
  CHECK(json->at("prev").text() == "0000000000000000");
  CHECK(json->at("node").text() == "m1");
  CHECK(json->at("do").text() == "metadata");
  CHECK(json->at("change").at("genre").at(std::size_t{0}).text() == "Rock");
  CHECK(json->at("change").at("song").at(std::size_t{0}).is_null());
  CHECK(json->at("change").at("song").at(1).text() == "\"x\"\n");
}
TEST(AuditLog, ALineThatWasCutOutOrChangedShows) {
  open();
  for (const char* action : {"a", "b", "c", "d"}) write(action);
  const std::string good = text();
  LONGS_EQUAL(0, first_broken(good));
  std::string other = good;
  other.replace(other.find("\"do\":\"b\""), 8, "\"do\":\"x\"");
  LONGS_EQUAL(3, first_broken(other));
  const std::size_t first = good.find('\n') + 1, second = good.find('\n', first) + 1;
  LONGS_EQUAL(2, first_broken(good.substr(0, first) + good.substr(second)));
}
TEST(AuditLog, TheChainGoesOnAfterARestartAndARotation) {
  open();
  write("a");
  log.close();
  AuditLog next;
  CHECK(next.open(directory.file("audit.log"), "m1").has_value());
  AuditEntry entry;
  entry.action = "b";
  CHECK(next.write(entry, clock.wall()).has_value());
  const std::string before = text();
  LONGS_EQUAL(0, first_broken(before));
  CHECK(before.find("\"n\":2") != std::string::npos);
  std::filesystem::rename(directory.file("audit.log"), directory.file("audit.log.1"));
  CHECK(next.open(directory.file("audit.log"), "m1").has_value());
  CHECK(next.write(entry, clock.wall()).has_value());
  LONGS_EQUAL(0, first_broken(before + text()));
}
TEST(AuditLog, GoesOnBehindALineThatWasCutOff) {
  open();
  write("a");
  log.close();
  directory.put("audit.log", text() + "{\"at\":\"20");
  open();
  write("b");
  CHECK(text().find("\n{\"at\":\"2023") != std::string::npos);
}
TEST(AuditLog, ALineBehindOneThatAFullDiskHasCutIsALineOfItsOwn) {
  open();
  write("a");
  rlimit before{};
  CHECK_EQUAL(0, ::getrlimit(RLIMIT_FSIZE, &before));
  const auto was = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{text().size() + 100, before.rlim_max};
  CHECK_EQUAL(0, ::setrlimit(RLIMIT_FSIZE, &full));
  const bool written = log.write(AuditEntry(), clock.wall()).has_value();
  CHECK_EQUAL(0, ::setrlimit(RLIMIT_FSIZE, &before));
  std::signal(SIGXFSZ, was);
  CHECK(!written);
  write("c");
  const std::string all = text();
  LONGS_EQUAL(3, std::ranges::count(all, '\n'));
  LONGS_EQUAL(2, first_broken(all));
  // The whole lines are a chain.
  const std::size_t first = all.find('\n') + 1;
  LONGS_EQUAL(0, first_broken(all.substr(0, first) + all.substr(all.find('\n', first) + 1)));
}
TEST(AuditLog, LinesWaitForTheThreadThatWritesThem) {
  open();
  std::vector<UniqueFunction<void()>> asked;
  unsigned lost = 0;
  log.write_by([&asked](UniqueFunction<void()> work) { asked.push_back(std::move(work)); },
               [&lost](const Error&) { ++lost; });
  for (const char* action : {"a", "b"}) write(action);
  LONGS_EQUAL(1, asked.size());
  STRCMP_EQUAL("", text().c_str());
  asked[0]();
  LONGS_EQUAL(2, std::ranges::count(text(), '\n'));
  // So many bytes wait; a line that is lost is a gap in the numbers.
  AuditEntry entry;
  unsigned taken = 0;
  while (log.write(entry, clock.wall())) ++taken;
  CHECK(taken > 1000);
  LONGS_EQUAL(2, asked.size());
  asked[1]();
  write("c");
  asked[2]();
  LONGS_EQUAL(0, first_broken(text()));
  CHECK(text().find("\"n\":" + std::to_string(taken + 4) + ",") != std::string::npos);
  LONGS_EQUAL(0, lost);
}
TEST(AuditLog, SecretsAreStars) {
  for (const char* name : {"password", "pass", "sso-secret", "token", "api_key", "Hash"})
    CHECK(audited_value(name, "geheim") == "***");
  CHECK(audited_value("song", "A") == "A");
  LONGS_EQUAL(512, audited_value("song", std::string(9999, 'x')).size());
}
TEST(UserBook, GivesAHashOfEachKindAsOftenAsThereAreUsersWithIt) {
  CHECK(UserBook().some_hash(7).empty());
  const std::string slow = "$6$abcdefgh$abcdefghijklmnopqrstuvwxyz", fast(32, 'a');
  std::vector<User> users;
  const auto add = [&users](const std::string& hash) {
    users.emplace_back().name = "user" + std::to_string(users.size());
    users.back().hash = hash;
  };
  for (int i = 0; i < 3; ++i) add(slow);
  add(fast);
  add("");
  add("!");
  const auto share = [&users, &slow](std::uint32_t step) {
    const UserBook book(users, {});
    int of_slow = 0;
    for (std::uint32_t i = 0; i < 1000; ++i) of_slow += book.some_hash(i * step) == slow ? 1 : 0;
    return of_slow;
  };
  const std::uint32_t step = UINT32_MAX / 1000;
  const int before = share(step);
  CHECK(before == 750 || before == 751 || before == 749);
  // Another hundred as they are change next to nothing for a draw.
  for (int i = 0; i < 75; ++i) add(slow);
  for (int i = 0; i < 25; ++i) add(fast);
  CHECK(std::abs(share(step) - before) <= 1);
}
